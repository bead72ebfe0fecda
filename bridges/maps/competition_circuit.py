r"""Spiking populations that compete under shared inhibition: the circuit of the attention map.

K excitatory LIF populations, driven by mu_0 + k s_i and white noise, all excite one inhibitory population,
which inhibits all of them alike:

    mu_i = mu_0 + k s_i - b r_I,      mu_I = mu_I0 + a mean_i r_i         (mV; rates in Hz)

The set point is designed with Siegert's formula: at equal scores every population fires at `mean_rate_hz` and
inhibition at `inhibitory_hz`, and the loop mean rate -> inhibition -> mean rate has the gain `loop_gain`.
So a stronger inhibitory set point means a lower mean rate, and the loop gain is how strictly inhibition
holds it.

Everything else is left to the spikes: the rates, the weights, and how well they match a normaliser.

Assumptions: neurons of a population have independent noise; all-to-all synapses between populations. With
small populations the shared inhibitory noise adds to sigma; with high loop gains (above about 8) the loop
oscillates, which shows in rates that differ from the mean field.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import brentq

from bridges.maps.siegert import LIFCell, siegert_rate, siegert_slope
from bridges.maps.transfer import CAPACITANCE_PF, current_neuron
from neurosim.drive import Drive
from neurosim.sparse import Background, RandomProjection, SparseCircuit, SparseInput, SparsePopulation

__all__ = ["CompetitionCircuit", "drive_for_rate"]

INHIBITION = "inhibition"
SETTLE_S = 0.3
"""Left out after every change of the scores: several times each time constant of the loop."""


@dataclass(frozen=True)
class CompetitionCircuit:
    """Parameters of the circuit.

    Parameters
    ----------
    mean_rate_hz
        Rate of every population at equal scores (Hz).
    gain_mv
        k: drive per unit of score (mV).
    sigma_mv
        White noise of every neuron (mV).
    items
        K, excitatory populations.
    population_size, inhibitory_size
        Neurons of an excitatory population; of the inhibitory one.
    inhibitory_hz
        Rate of inhibition at the set point (Hz).
    inhibition_mv
        How much it takes from every drive there (mV).
    loop_gain
        Gain of the loop at the set point.
    cell, inhibitory_cell
        The neurons.
    tau_gaba_ms, tau_ampa_ms, delay_ms
        Decay of inhibition, of excitation, and synaptic delay (ms).
    step_ms
        Time step (ms).

    Raises
    ------
    ValueError
        If a number that must be above 0 is not.
    """

    mean_rate_hz: float = 3.0
    gain_mv: float = 2.0
    sigma_mv: float = 4.0
    items: int = 6
    population_size: int = 100
    inhibitory_size: int = 200
    inhibitory_hz: float = 20.0
    inhibition_mv: float = 10.0
    loop_gain: float = 5.0
    cell: LIFCell = field(default_factory=LIFCell)
    inhibitory_cell: LIFCell = field(default_factory=lambda: LIFCell(tau_m_ms=10.0, tau_ref_ms=1.0))
    tau_gaba_ms: float = 5.0
    tau_ampa_ms: float = 2.0
    delay_ms: float = 0.5
    step_ms: float = 0.1

    def __post_init__(self) -> None:
        names = (
            "mean_rate_hz", "gain_mv", "sigma_mv", "items", "population_size", "inhibitory_size",
            "inhibitory_hz", "inhibition_mv", "loop_gain", "tau_gaba_ms", "tau_ampa_ms", "step_ms",
        )  # fmt: skip
        for name in names:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} = {getattr(self, name)}; must be above 0")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the competing populations, which are those of their input channels."""
        return tuple(f"item {k}" for k in range(1, self.items + 1))

    def rate(self, mu_mv: np.ndarray) -> np.ndarray:
        """Open-loop f-I curve of an excitatory neuron by theory (Hz)."""
        return siegert_rate(mu_mv, self.sigma_mv, self.cell, step_ms=self.step_ms)

    def circuit(self) -> SparseCircuit:
        """The circuit; level 1 on a population's channel drives it by 1 mV."""
        excited = drive_for_rate(self.mean_rate_hz, self.sigma_mv, self.cell, self.step_ms)
        inhibited = drive_for_rate(self.inhibitory_hz, self.sigma_mv, self.inhibitory_cell, self.step_ms)
        slopes = siegert_slope(excited, self.sigma_mv, self.cell, step_ms=self.step_ms) * siegert_slope(
            inhibited, self.sigma_mv, self.inhibitory_cell, step_ms=self.step_ms
        )
        b = self.inhibition_mv / self.inhibitory_hz
        a = self.loop_gain / (b * float(slopes))
        # a synapse of weight w (pA) and decay tau_s adds w tau_s r / C to the drive in mV per tau_m
        to_e = -b * CAPACITANCE_PF / (self.tau_gaba_ms * self.inhibitory_size * self.cell.tau_m_ms * 1e-3)
        to_i = a * CAPACITANCE_PF / (
            self.tau_ampa_ms * self.items * self.population_size * self.inhibitory_cell.tau_m_ms * 1e-3
        )  # fmt: skip
        e, i = current_neuron(self.cell, self.tau_gaba_ms), current_neuron(
            self.inhibitory_cell, self.tau_ampa_ms
        )  # fmt: skip
        per_mv = CAPACITANCE_PF / self.cell.tau_m_ms
        drive_i = (inhibited - a * self.mean_rate_hz) * CAPACITANCE_PF / self.inhibitory_cell.tau_m_ms
        drive_e = (excited + self.inhibition_mv) * per_mv
        backgrounds = [Background(mean=d, noise_sd_mv=self.sigma_mv) for d in (drive_e, drive_i)]
        populations = [SparsePopulation(name, self.population_size, e, backgrounds[0]) for name in self.names]
        populations.append(SparsePopulation(INHIBITION, self.inhibitory_size, i, backgrounds[1]))
        links = [
            link
            for name in self.names
            for link in (
                RandomProjection(name, INHIBITION, to_i, probability=1.0, delay_ms=self.delay_ms),
                RandomProjection(INHIBITION, name, to_e, probability=1.0, delay_ms=self.delay_ms),
            )
        ]
        inputs = tuple(SparseInput(name, name, mean=per_mv) for name in self.names)
        return SparseCircuit("competition", tuple(populations), tuple(links), inputs)

    def rates(
        self, drives_mv: np.ndarray, count_s: float, seed: int, target: str = "auto"
    ) -> tuple[np.ndarray, np.ndarray]:
        """Simulate the circuit on one vector of drives after another.

        Parameters
        ----------
        drives_mv
            Drives beside the common one, such as gain * scores + cue (mV), shape (vector, item).
        count_s
            Time in which spikes are counted (s), after 0.3 s to settle.
        seed
            Of all noise.
        target
            As for `neurosim.engine.simulate`.

        Returns
        -------
        rates : ndarray
            Rates (Hz), shape (vector, item).
        inhibition : ndarray
            Rate of the inhibitory population (Hz), shape (vector,).

        Raises
        ------
        ValueError
            If the drives are not finite or not one a population.
        """
        from neurosim.engine.sparse import simulate_sparse

        d = np.asarray(drives_mv, dtype=float)
        if d.ndim != 2 or d.shape[1] != self.items or not np.isfinite(d).all():
            raise ValueError(f"drives_mv has shape {d.shape}; must be (vector, {self.items}) and finite")
        each_s = SETTLE_S + count_s
        onsets = np.round(each_s * np.arange(len(d)), 6)
        drive = Drive(onsets, d, self.names, np.ones(len(d)), each_s * len(d))
        out = simulate_sparse(
            self.circuit(), drive, seed, dt_ms=self.step_ms, record_dt_ms=50.0, target=target
        )
        table = out.rates["rate"].values.astype(float)
        per_vector, settle = round(each_s / 0.05), round(SETTLE_S / 0.05)
        mean = table[: per_vector * len(d)].reshape(len(d), per_vector, -1)[:, settle:].mean(axis=1)
        return mean[:, :-1], mean[:, -1]


def drive_for_rate(rate_hz: float, sigma_mv: float, cell: LIFCell, step_ms: float = 0.0) -> float:
    """Mean drive (mV) at which a neuron fires at a rate: the inverse of Siegert's formula.

    Raises
    ------
    ValueError
        If the rate is not above 0 and below 1 / t_ref.

    Examples
    --------
    >>> cell = LIFCell()
    >>> round(float(siegert_rate(drive_for_rate(7.0, 4.0, cell), 4.0, cell)), 6)
    7.0
    """
    limit = np.inf if cell.tau_ref_ms == 0 else 1e3 / cell.tau_ref_ms
    if not 0.0 < rate_hz < 0.9 * limit:
        raise ValueError(f"rate_hz = {rate_hz}; must be above 0 and below 90 % of 1 / t_ref = {limit:g} Hz")
    if not sigma_mv > 0:
        raise ValueError(f"sigma_mv = {sigma_mv}; must be above 0")

    def excess(mu: float) -> float:
        return float(np.log(np.maximum(siegert_rate(mu, sigma_mv, cell, step_ms=step_ms), 1e-300) / rate_hz))

    low, high = cell.v_th_mv - 8.0 * sigma_mv, cell.v_th_mv + 8.0 * sigma_mv
    while excess(low) > 0:
        low -= 4.0 * sigma_mv
    while excess(high) < 0:
        high += high - low
    return float(brentq(excess, low, high, xtol=1e-10))
