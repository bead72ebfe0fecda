"""A cortical column: eight populations in layers 2/3 to 6, wired as anatomy and physiology found them.

Excitatory and inhibitory leaky integrate-and-fire cells with exponential synaptic currents. A projection
has K = ln(1 - C) / ln(1 - 1 / (N_pre N_post)) synapses, sources and targets drawn at random; C is the
measured probability that a pair is connected. The cell-type specific rates emerge from the wiring.

Smaller columns keep the mean and the variance of every neuron's input: with in-degrees times f, weights are
divided by sqrt(f), which restores the variance, and the mean that is then missing, (1 - sqrt(f)) times
that of the full column at its published rates, is added as constant current. What cannot be
kept are correlations and the grain of the input: at a tenth of the size all populations fire less, by
about 10 % in most and by 45 % in layer 2/3.

The full column takes 1.2 GB and, on one thread of a server processor, about 70 s of CPU time for 10.5 s
of model time, compiling and wiring included (`protocols.column_protocol.spontaneous_trials`, scale 1).

Attention (Wagatsuma et al. 2011) adds excitatory drive to layers 2/3 and 5; a stimulus drives layers 4 and
6 through the thalamus. Two columns are coupled by lateral inhibition: layer 2/3 excitatory cells of
one excite layer 2/3 inhibitory cells of the other. The strengths of these three inputs are this
package's own: only signs and layers could be read in that work.

References
----------
Potjans, T. C. & Diesmann, M. (2014). The cell-type specific cortical microcircuit: relating structure and
activity in a full-scale spiking network model. Cereb Cortex, 24, 785-806. doi:10.1093/cercor/bhs358
Wagatsuma, N., Potjans, T. C., Diesmann, M. & Fukai, T. (2011). Layer-dependent attentional processing by
top-down signals in a visual cortical microcircuit model. Front Comput Neurosci, 5, 31.
doi:10.3389/fncom.2011.00031
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from neurosim.circuits.parameter_table import parameter
from neurosim.sparse import (
    Background,
    CurrentNeuron,
    PoissonSource,
    RandomProjection,
    SparseCircuit,
    SparseInput,
    SparsePopulation,
)

__all__ = [
    "CONNECTION_PROBABILITY",
    "FULL_RATES_HZ",
    "POPULATIONS",
    "ColumnParameters",
    "column_circuit",
    "in_degrees",
    "smallest_scale",
    "synapse_numbers",
    "two_columns",
]

POPULATIONS = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")

PD14 = "Potjans & Diesmann 2014"
OWN = "own choice"

CONNECTION_PROBABILITY = np.array(
    [
        [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0],
        [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0],
        [0.0077, 0.0059, 0.0497, 0.1350, 0.0067, 0.0003, 0.0453, 0.0],
        [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0],
        [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0],
        [0.0548, 0.0269, 0.0257, 0.0022, 0.0600, 0.3158, 0.0086, 0.0],
        [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
        [0.0364, 0.0010, 0.0034, 0.0005, 0.0277, 0.0080, 0.0658, 0.1443],
    ]
)
"""C of target (row) and source (column), in the order of `POPULATIONS`; Potjans & Diesmann 2014."""

FULL_RATES_HZ = (0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829)
"""Mean rates of the full column, constant background: NEST reference data of the published implementation."""


@dataclass(frozen=True)
class ColumnParameters:
    """Values of the column, each with unit and source."""

    sizes: tuple[int, ...] = parameter((20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948), "neurons", PD14)
    external_in_degrees: tuple[int, ...] = parameter(
        (1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100), "synapses", PD14
    )
    external_hz: float = parameter(8.0, "Hz", PD14)
    psp_mv: float = parameter(0.15, "mV", PD14)
    relative_weight_sd: float = parameter(0.1, "1", PD14)
    inhibition: float = parameter(-4.0, "1", PD14 + ": g")
    l4e_to_l23e: float = parameter(2.0, "1", PD14 + ": weight of L4E to L23E")
    delay_e_ms: float = parameter(1.5, "ms", PD14)
    delay_i_ms: float = parameter(0.75, "ms", "published implementation; the paper has 0.8")
    relative_delay_sd: float = parameter(0.5, "1", PD14)
    tau_m_ms: float = parameter(10.0, "ms", PD14)
    c_m_pf: float = parameter(250.0, "pF", PD14)
    tau_ref_ms: float = parameter(2.0, "ms", PD14)
    tau_syn_ms: float = parameter(0.5, "ms", PD14)
    e_l_mv: float = parameter(-65.0, "mV", PD14 + ": also the reset")
    v_th_mv: float = parameter(-50.0, "mV", PD14)
    v0_mean_mv: tuple[float, ...] = parameter(
        (-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43), "mV", "published implementation"
    )
    v0_sd_mv: tuple[float, ...] = parameter(
        (5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48), "mV", "published implementation"
    )
    thalamic_size: int = parameter(902, "neurons", PD14)
    thalamic_probability: tuple[float, ...] = parameter(
        (0.0, 0.0, 0.0983, 0.0619, 0.0, 0.0, 0.0512, 0.0196), "1", PD14
    )
    thalamic_hz: float = parameter(120.0, "Hz", "published implementation; the paper's text has 15")
    attention_in_degree: tuple[float, ...] = parameter(
        (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0),
        "relative synapses",
        OWN + "; layers: Wagatsuma et al. 2011",
    )
    attention_hz: float = parameter(400.0, "Hz", OWN + ": summed rate of a neuron's attentional synapses")
    lateral_probability: float = parameter(
        0.05, "1", OWN + "; L23E to L23I of the other column: Wagatsuma et al. 2011"
    )

    @property
    def weight_pa(self) -> float:
        """Current of an excitatory synapse (pA) whose potential peaks at `psp_mv`."""
        m, s = self.tau_m_ms, self.tau_syn_ms
        ratio = m / s
        peak = m * s / (self.c_m_pf * (m - s)) * (ratio ** (-s / (m - s)) - ratio ** (-m / (m - s)))
        return self.psp_mv / peak


def synapse_numbers(probability: np.ndarray, targets: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """Synapses of projections in which a pair is connected, at least once, with `probability`.

    K = ln(1 - C) / ln(1 - 1 / (N_pre N_post))

    Parameters
    ----------
    probability
        Shape (target, source).
    targets, sources
        Sizes, shapes (target,) and (source,).
    """
    pairs = np.outer(targets, sources).astype(float)
    return np.log1p(-np.asarray(probability)) / np.log1p(-1.0 / pairs)


def in_degrees(parameters: ColumnParameters | None = None) -> np.ndarray:
    """Synapses that a neuron of the full column gets, shape (target, source)."""
    p = parameters or ColumnParameters()
    sizes = np.array(p.sizes)
    return synapse_numbers(CONNECTION_PROBABILITY, sizes, sizes) / sizes[:, None]


def _weights_pa(p: ColumnParameters) -> np.ndarray:
    weights = np.full((8, 8), p.weight_pa)
    weights[:, 1::2] *= p.inhibition
    weights[0, 2] *= p.l4e_to_l23e
    return weights


def _recurrent_mean_pa(p: ColumnParameters) -> np.ndarray:
    """Mean recurrent current of the full column at its published rates (pA), shape (population,)."""
    return (in_degrees(p) * _weights_pa(p)) @ np.array(FULL_RATES_HZ) * p.tau_syn_ms * 1e-3


def _external_mean_pa(p: ColumnParameters) -> np.ndarray:
    return np.array(p.external_in_degrees) * p.external_hz * p.weight_pa * p.tau_syn_ms * 1e-3


def smallest_scale(parameters: ColumnParameters | None = None) -> float:
    """Scale up to which a column with constant background falls silent.

    The compensation (1 - sqrt(f)) mu of the missing recurrent input, which is inhibitory, then takes the
    constant current of some population below the rheobase, and nothing else starts it. It needs

        f > (1 - (I_rheobase - I_ext) / mu)^2

    Poisson background has no such limit: its variance is kept.
    """
    p = parameters or ColumnParameters()
    rheobase = (p.v_th_mv - p.e_l_mv) * p.c_m_pf / p.tau_m_ms
    root = 1.0 - (rheobase - _external_mean_pa(p)) / _recurrent_mean_pa(p)
    return float(np.max(np.maximum(root, 0.0)) ** 2)


def column_circuit(
    scale: float = 0.1,
    background: Literal["constant", "poisson"] = "poisson",
    parameters: ColumnParameters | None = None,
    wiring_seed: int | None = None,
) -> SparseCircuit:
    """Build the column.

    Channels: ``thalamus`` (level 1: the thalamic cells fire at `thalamic_hz`) and ``attention``.

    Parameters
    ----------
    scale
        Share of neurons and of synapses per neuron, above 0 and at most 1; both by the same factor.
    background
        External input as Poisson spikes, or as constant current, which only columns larger than
        `smallest_scale` can do with.
    parameters
        Values to use.
    wiring_seed
        As in `SparseCircuit`.

    Raises
    ------
    ValueError
        If the scale or the background is not one of these.

    Examples
    --------
    >>> circuit = column_circuit(scale=0.1)
    >>> circuit.size
    7717
    """
    p = parameters or ColumnParameters()
    populations, projections, inputs = _column("", scale, background, p)
    return SparseCircuit("cortical column", populations, projections, inputs, wiring_seed)


def two_columns(
    scale: float = 0.1,
    background: Literal["constant", "poisson"] = "poisson",
    parameters: ColumnParameters | None = None,
    wiring_seed: int | None = None,
) -> SparseCircuit:
    """Two columns, ``a.`` and ``b.``, for two stimuli that compete through lateral inhibition.

    Channels: ``a.thalamus``, ``a.attention`` and the same of b. Parameters as in `column_circuit`.
    """
    p = parameters or ColumnParameters()
    parts = [_column(prefix, scale, background, p) for prefix in ("a.", "b.")]
    sizes = _sizes(p, scale)
    between = synapse_numbers(
        np.array([[p.lateral_probability]]), np.array([p.sizes[1]]), np.array([p.sizes[0]])
    )
    lateral = []
    for source, target in (("a.", "b."), ("b.", "a.")):
        number = float(between[0, 0]) / p.sizes[1] * scale * sizes[1]
        lateral.append(_projection(p, scale, f"{source}L23E", f"{target}L23I", p.weight_pa, number))
    populations, projections, inputs = (tuple(x for part in parts for x in part[k]) for k in range(3))
    return SparseCircuit("two columns", populations, (*projections, *lateral), inputs, wiring_seed)


def _sizes(p: ColumnParameters, scale: float) -> np.ndarray:
    return np.rint(np.array(p.sizes) * scale).astype(int)


def _projection(p: ColumnParameters, scale: float, source, target, weight_pa: float, synapses: float):
    delay = p.delay_e_ms if weight_pa > 0 else p.delay_i_ms
    weight = weight_pa / math.sqrt(scale)
    return RandomProjection(
        source,
        target,
        weight,
        synapses=round(synapses),
        weight_sd=abs(weight) * p.relative_weight_sd,
        delay_ms=delay,
        delay_sd_ms=delay * p.relative_delay_sd,
    )


def _column(prefix: str, scale: float, background: str, p: ColumnParameters):
    if not 0 < scale <= 1:
        raise ValueError(f"scale = {scale}, must be above 0 and at most 1")
    if background not in ("constant", "poisson"):
        raise ValueError(f"background = {background!r}; known are 'constant' and 'poisson'")
    if background == "constant" and scale <= smallest_scale(p):
        raise ValueError(
            f"scale = {scale} with background 'constant': such a column falls silent; take 'poisson', or a "
            f"scale above {smallest_scale(p):.2f}"
        )
    sizes, degrees, weights = _sizes(p, scale), in_degrees(p), _weights_pa(p)
    missing = (1.0 - math.sqrt(scale)) * _recurrent_mean_pa(p)
    external = _external_mean_pa(p)
    weight = p.weight_pa / math.sqrt(scale)
    populations, projections, inputs = [], [], []
    for k, name in enumerate(POPULATIONS):
        if background == "constant":
            mean, rate = external[k] + missing[k], 0.0
        else:
            mean = missing[k] + (1.0 - math.sqrt(scale)) * external[k]
            rate = p.external_in_degrees[k] * p.external_hz * scale
        neuron = CurrentNeuron(
            p.tau_m_ms, p.c_m_pf, p.tau_ref_ms, p.tau_syn_ms, p.e_l_mv, p.v_th_mv, p.e_l_mv,
            p.v0_mean_mv[k], p.v0_sd_mv[k],
        )  # fmt: skip
        own = Background(poisson_hz=rate, weight=weight, mean=mean)
        populations.append(SparsePopulation(prefix + name, int(sizes[k]), neuron, own))
        if p.attention_in_degree[k]:
            # as constant current: its variance is small beside that of the background
            current = p.attention_in_degree[k] * p.attention_hz * p.weight_pa * p.tau_syn_ms * 1e-3
            inputs.append(SparseInput(f"{prefix}attention", prefix + name, mean=current))
        for j, source in enumerate(POPULATIONS):
            number = degrees[k, j] * scale * sizes[k]
            if number >= 0.5:
                projections.append(
                    _projection(p, scale, prefix + source, prefix + name, weights[k, j], number)
                )
    thalamus = prefix + "thalamus"
    thalamic = synapse_numbers(
        np.array(p.thalamic_probability)[:, None], np.array(p.sizes), np.array([p.thalamic_size])
    )[:, 0]
    populations.append(SparsePopulation(thalamus, max(round(p.thalamic_size * scale), 1), PoissonSource()))
    for k, name in enumerate(POPULATIONS):
        if thalamic[k]:
            number = thalamic[k] / p.sizes[k] * scale * sizes[k]
            projections.append(_projection(p, scale, thalamus, prefix + name, p.weight_pa, number))
    inputs.append(SparseInput(thalamus, thalamus, poisson_hz=p.thalamic_hz))
    return tuple(populations), tuple(projections), tuple(inputs)
