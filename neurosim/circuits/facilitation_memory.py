"""Facilitation-based memory: an item is held in synapses, not in spikes.

Excitatory cells form item populations whose mutual synapses are strong; all excitatory synapses among
them facilitate (Tsodyks & Markram), so that a population which was active stays easier to reactivate for
about tau_F. Leaky integrate-and-fire cells, by default with instantaneous synapses,

    tau_m dV/dt = -V + mu + sigma sqrt(tau_m) xi(t) + tau_m sum J (u x) delta(t - t_spike - delay)
    du/dt = (U - u) / tau_F + U (1 - u) delta;    dx/dt = (1 - x) / tau_D - u x delta

With a low drive mu_E an item that was loaded is silent, and a weak non-specific read-out brings it back as a
population spike; with more drive, population spikes come by themselves and refresh it; with still
more, its rate stays raised asynchronously.

All values are those of the published re-implementation of the paper. That one has synaptic currents of 2 ms
(`tau_syn_ms`), whose weights give the peak of the potential; they carry 1.36 times the charge of an
instantaneous synapse of the same peak.

References
----------
Mongillo, G., Barak, O. & Tsodyks, M. (2008). Synaptic theory of working memory. Science, 319, 1543-1546.
doi:10.1126/science.1150769
Tiddia, G., Golosio, B., Fanti, V. & Paolucci, P. S. (2022). Simulations of working memory spiking networks
driven by short-term plasticity. Front Integr Neurosci, 16, 972055. doi:10.3389/fnint.2022.972055
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from neurosim.circuits.parameter_table import parameter
from neurosim.sparse import (
    Background,
    CurrentNeuron,
    Plasticity,
    RandomProjection,
    SparseCircuit,
    SparseInput,
    SparsePopulation,
)

__all__ = ["MemoryParameters", "facilitation_memory_circuit"]

T22 = "Mongillo et al. 2008, as Tiddia et al. 2022 implement it"
OWN = "own choice"


@dataclass(frozen=True)
class MemoryParameters:
    """Values of the circuit, each with unit and source."""

    n_e: int = parameter(8000, "neurons", T22)
    n_i: int = parameter(2000, "neurons", T22)
    items: int = parameter(5, "1", T22)
    item_fraction: float = parameter(0.1, "1", T22 + ": f")
    probability: float = parameter(0.2, "1", T22 + ": c")
    potentiated: float = parameter(0.1, "1", T22 + ": gamma_0")
    j_base_mv: float = parameter(0.10, "mV", T22)
    j_potentiated_mv: float = parameter(0.45, "mV", T22)
    j_e_to_i_mv: float = parameter(0.135, "mV", T22)
    j_i_to_e_mv: float = parameter(-0.25, "mV", T22)
    j_i_to_i_mv: float = parameter(-0.20, "mV", T22)
    delay_range_ms: tuple[float, float] = parameter((0.1, 1.0), "ms", T22)
    utilisation: float = parameter(0.19, "1", T22 + ": U; 0.20 in the paper, UNVERIFIED")
    tau_facilitation_ms: float = parameter(1500.0, "ms", T22)
    tau_depression_ms: float = parameter(200.0, "ms", T22)
    tau_m_e_ms: float = parameter(15.0, "ms", T22)
    tau_m_i_ms: float = parameter(10.0, "ms", T22)
    v_th_mv: float = parameter(20.0, "mV", T22)
    v_reset_e_mv: float = parameter(16.0, "mV", T22)
    v_reset_i_mv: float = parameter(13.0, "mV", T22)
    tau_ref_ms: float = parameter(2.0, "ms", T22)
    drive_e_mv: float = parameter(23.7, "mV", T22)
    drive_i_mv: float = parameter(20.5, "mV", T22)
    tau_syn_ms: float = parameter(0.0, "ms", "Mongillo et al. 2008; 2 ms in Tiddia et al. 2022")
    c_m_pf: float = parameter(250.0, "pF", "Tiddia et al. 2022; sets only the unit of currents")
    noise_sd_mv: float = parameter(1.0, "mV", T22 + ": SD of the potential without spikes")
    load: float = parameter(0.15, "1", T22 + ": relative rise of the drive of one item")
    readout: float = parameter(0.05, "1", T22 + ": relative rise of the drive of all excitatory cells")
    refresh: float = parameter(0.075, "1", T22 + ": relative rise, all excitatory cells")


def facilitation_memory_circuit(
    parameters: MemoryParameters | None = None, scale: float = 1.0, wiring_seed: int | None = None
) -> SparseCircuit:
    """Build the circuit.

    Populations: ``item_0`` ..., ``other`` (excitatory cells of no item), ``inhibition``. Channels: ``load_0``
    ..., ``readout`` and ``refresh``.

    Parameters
    ----------
    parameters
        Values to use.
    scale
        Share of the neurons, above 0 and at most 1. Weights are divided by it, so that the mean input stays;
        its variance grows by 1 / scale.
    wiring_seed
        As in `SparseCircuit`.

    Raises
    ------
    ValueError
        If the scale is not in its range or the items are more than all excitatory cells.
    """
    p = parameters or MemoryParameters()
    if not 0 < scale <= 1:
        raise ValueError(f"scale = {scale}, must be above 0 and at most 1")
    if not 0 < p.items * p.item_fraction < 1:
        raise ValueError(f"{p.items} items of item_fraction = {p.item_fraction} leave no cells of no item")
    item = round(p.n_e * p.item_fraction * scale)
    others, inhibitory = round(p.n_e * scale) - p.items * item, round(p.n_i * scale)
    e, i = _neurons(p)
    sd = p.noise_sd_mv * math.sqrt(2.0)
    mean_e = _drive(p, p.drive_e_mv, p.tau_m_e_ms)
    drive_e = Background(mean=mean_e, noise_sd_mv=sd)
    drive_i = Background(mean=_drive(p, p.drive_i_mv, p.tau_m_i_ms), noise_sd_mv=sd)
    items = [f"item_{k}" for k in range(p.items)]
    populations = [SparsePopulation(name, item, e, drive_e) for name in items]
    populations.append(SparsePopulation("other", others, e, drive_e))
    populations.append(SparsePopulation("inhibition", inhibitory, i, drive_i))
    inputs = [SparseInput(f"load_{k}", name, mean=p.load * mean_e) for k, name in enumerate(items)]
    for channel, share in (("readout", p.readout), ("refresh", p.refresh)):
        inputs += [SparseInput(channel, name, mean=share * mean_e) for name in (*items, "other")]
    return SparseCircuit(
        "facilitation memory", tuple(populations), _projections(p, items, scale), tuple(inputs), wiring_seed
    )


def _neurons(p: MemoryParameters) -> tuple[CurrentNeuron, ...]:
    # potentials are counted from rest; initial ones are spread a little about the reset
    return tuple(
        CurrentNeuron(tau, p.c_m_pf, p.tau_ref_ms, p.tau_syn_ms, 0.0, p.v_th_mv, reset, reset, 2.0)
        for tau, reset in ((p.tau_m_e_ms, p.v_reset_e_mv), (p.tau_m_i_ms, p.v_reset_i_mv))
    )


def _drive(p: MemoryParameters, mu_mv: float, tau_m_ms: float) -> float:
    """Constant drive that depolarises by `mu_mv`: in mV, or in pA if synapses are currents."""
    return mu_mv * p.c_m_pf / tau_m_ms if p.tau_syn_ms else mu_mv


def _weight(p: MemoryParameters, j_mv: float, tau_m_ms: float) -> float:
    """Weight whose potential peaks at `j_mv`: in mV, or in pA if synapses are currents."""
    s = p.tau_syn_ms
    if not s:
        return j_mv
    ratio = tau_m_ms / s
    power = 1.0 / (tau_m_ms - s)
    peak = tau_m_ms * s / p.c_m_pf * power * (ratio ** (-s * power) - ratio ** (-tau_m_ms * power))
    return j_mv / peak


def _projections(p: MemoryParameters, items: list[str], scale: float) -> tuple[RandomProjection, ...]:
    plasticity = Plasticity(p.utilisation, p.tau_facilitation_ms, p.tau_depression_ms)

    def link(source: str, target: str, j_mv: float, share: float = 1.0, plastic: bool = False):
        tau_m_ms = p.tau_m_i_ms if target == "inhibition" else p.tau_m_e_ms
        return RandomProjection(
            source,
            target,
            _weight(p, j_mv, tau_m_ms) / scale,
            probability=p.probability * share,
            delay_range_ms=p.delay_range_ms,
            plasticity=plasticity if plastic else None,
        )

    excitatory = [*items, "other"]
    links = []
    for source in excitatory:
        for target in excitatory:
            if source == target and source in items:
                links.append(link(source, target, p.j_potentiated_mv, plastic=True))
            elif source in items and target in items:
                # between items: unpotentiated
                links.append(link(source, target, p.j_base_mv, plastic=True))
            else:
                links.append(link(source, target, p.j_base_mv, 1.0 - p.potentiated, plastic=True))
                links.append(link(source, target, p.j_potentiated_mv, p.potentiated, plastic=True))
        links.append(link(source, "inhibition", p.j_e_to_i_mv))
        links.append(link("inhibition", source, p.j_i_to_e_mv))
    links.append(link("inhibition", "inhibition", p.j_i_to_i_mv))
    return tuple(links)
