r"""Self-excitation is a forget gate: recurrent excitation through slow synapses slows forgetting down.

    circuit   tau_s ds/dt = -s + phi(mu_ext + w s)      near its fixed point   tau_eff = tau_s / (1 - w phi')
    network   c_t = f c_{t-1} + ...                                            tau     = -dt / ln f

    f = exp(-dt / tau_eff),        w phi' = 1 + tau_s ln f / dt                (loop gain, both directions)

s is the low-passed rate (Hz), w in mV per Hz, phi' the slope of the f-I curve at the fixed point. A loop
gain of 0 forgets as fast as the synapse does, one of .8 five times more slowly.

Assumptions: small fluctuations about one fixed point (many neurons); synapses slower than the membrane;
little input after the event, or the gate is not constant. Valid range: loop gains from 0 to 0.8. Nearer to
1 the curvature of phi, and not its slope, sets the timescale, and measured values run away: refused. A
forget gate that forgets faster than the synapse would need a negative loop gain (take a faster synapse);
one slower than five times the synapse a loop gain above .8 (take a slower synapse): both refused, naming
the limits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bridges.maps.competition_circuit import drive_for_rate
from bridges.maps.siegert import LIFCell, siegert_slope
from bridges.maps.transfer import CAPACITANCE_PF, current_neuron
from neurosim.drive import Drive
from neurosim.sparse import Background, RandomProjection, SparseCircuit, SparsePopulation
from neurosim.timescales import multistep_regression

__all__ = [
    "LARGEST_LOOP_GAIN",
    "SelfExcitingPopulation",
    "measured_timescale_s",
    "simulate_populations",
    "effective_timescale_s",
    "forget_of_loop_gain",
    "loop_gain_of_forget",
    "lstm_timescale_s",
]

LARGEST_LOOP_GAIN = 0.8
"""Above it the linear reading of the loop does not hold."""


def effective_timescale_s(loop_gain: float, tau_s_ms: float = 100.0) -> float:
    """tau_eff = tau_s / (1 - loop gain), in s.

    Raises
    ------
    ValueError
        If the loop gain is not from 0 to 0.8, or tau_s not above 0.

    Examples
    --------
    >>> effective_timescale_s(0.5)
    0.2
    """
    _check_gain(loop_gain)
    _positive(tau_s_ms=tau_s_ms)
    return 1e-3 * tau_s_ms / (1.0 - loop_gain)


def forget_of_loop_gain(loop_gain: float, tau_s_ms: float = 100.0, dt_s: float = 0.02) -> float:
    """Forget gate of a network with step `dt_s` that forgets as the population does: exp(-dt / tau_eff).

    Examples
    --------
    >>> round(forget_of_loop_gain(0.5), 3)
    0.905
    """
    _positive(dt_s=dt_s)
    return math.exp(-dt_s / effective_timescale_s(loop_gain, tau_s_ms))


def loop_gain_of_forget(forget: float, tau_s_ms: float = 100.0, dt_s: float = 0.02) -> float:
    """Loop gain of a population that forgets as a forget gate does: 1 + tau_s ln f / dt.

    Raises
    ------
    ValueError
        If no loop gain from 0 to 0.8 does it with this synapse; names the synapses that would.

    Examples
    --------
    >>> round(loop_gain_of_forget(0.905), 2)
    0.5
    """
    _positive(dt_s=dt_s, tau_s_ms=tau_s_ms)
    if not 0.0 < forget < 1.0:
        raise ValueError(f"forget = {forget}; must be above 0 and below 1")
    tau_ms = -1e3 * dt_s / math.log(forget)
    gain = 1.0 - tau_s_ms / tau_ms
    if not -1e-12 <= gain <= LARGEST_LOOP_GAIN + 1e-12:
        slowest = tau_ms
        raise ValueError(
            f"forget = {forget} is a time constant of {tau_ms:.3g} ms, which needs a loop gain of "
            f"{gain:.3g} with tau_s = {tau_s_ms:g} ms; from 0 to {LARGEST_LOOP_GAIN} is allowed: take "
            f"a synapse of {(1 - LARGEST_LOOP_GAIN) * tau_ms:.3g} to {slowest:.3g} ms"
        )
    return min(max(gain, 0.0), LARGEST_LOOP_GAIN)


@dataclass(frozen=True)
class SelfExcitingPopulation:
    """A spiking population with slow self-excitation, built for a loop gain.

    The weight is w = loop gain / phi', and the outside drive what the fixed point needs beside w r.
    Populations of different loop gains so differ in their timescale and in nothing else: same rate, same
    slope.

    Parameters
    ----------
    loop_gain
        w phi', 0 to 0.8.
    rate_hz
        Rate at the fixed point (Hz).
    sigma_mv
        White noise of each neuron (mV).
    size
        Neurons.
    tau_s_ms
        Decay of the slow synapse (ms).
    cell
        The neuron.
    step_ms
        Time step (ms).
    slope_hz_per_mv
        phi' at the fixed point, where it was measured; None: by Siegert's formula.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> population = SelfExcitingPopulation(0.5)
    >>> round(population.timescale_s, 3), round(population.weight_mv_per_hz * population.slope, 3)
    (0.2, 0.5)
    """

    loop_gain: float
    rate_hz: float = 10.0
    sigma_mv: float = 6.0
    size: int = 200
    tau_s_ms: float = 100.0
    cell: LIFCell = field(default_factory=LIFCell)
    step_ms: float = 0.1
    slope_hz_per_mv: float | None = None

    def __post_init__(self) -> None:
        _check_gain(self.loop_gain)
        _positive(sigma_mv=self.sigma_mv, size=self.size, tau_s_ms=self.tau_s_ms, step_ms=self.step_ms)

    @classmethod
    def for_forget(cls, forget: float, dt_s: float = 0.02, **parameters) -> SelfExcitingPopulation:
        """The population that forgets as a forget gate of a network with step `dt_s` does."""
        gain = loop_gain_of_forget(forget, parameters.get("tau_s_ms", 100.0), dt_s)
        return cls(gain, **parameters)

    @property
    def timescale_s(self) -> float:
        """Predicted tau_eff (s)."""
        return effective_timescale_s(self.loop_gain, self.tau_s_ms)

    @property
    def drive_mv(self) -> float:
        """Total drive at the fixed point (mV)."""
        return drive_for_rate(self.rate_hz, self.sigma_mv, self.cell, self.step_ms)

    @property
    def slope(self) -> float:
        """Phi' at the fixed point (Hz/mV)."""
        if self.slope_hz_per_mv is not None:
            return self.slope_hz_per_mv
        return float(siegert_slope(self.drive_mv, self.sigma_mv, self.cell, step_ms=self.step_ms))

    @property
    def weight_mv_per_hz(self) -> float:
        """w: drive by the population per Hz of its own rate (mV/Hz)."""
        return self.loop_gain / self.slope


def simulate_populations(
    populations: Sequence[SelfExcitingPopulation],
    copies: int,
    duration_s: float,
    seed: int,
    bin_ms: float = 10.0,
    warm_up_s: float = 3.0,
    target: str = "auto",
) -> np.ndarray:
    """Simulate several populations, each in several independent copies.

    Parameters
    ----------
    populations
        They must share neuron, synapse, size and step, so that one program runs them all.
    copies
        Copies of each.
    duration_s
        Time kept (s).
    seed
        Of all noise.
    bin_ms
        Width of the bins (ms).
    warm_up_s
        Time left out at the start (s).
    target
        As for `neurosim.engine.simulate`.

    Returns
    -------
    ndarray
        Population rates (Hz), shape (population, copy, bin).
    """
    from neurosim.engine.sparse import simulate_sparse

    kinds = {(p.cell, p.tau_s_ms, p.size, p.step_ms) for p in populations}
    if len(kinds) != 1 or copies < 1:
        raise ValueError(
            f"{len(kinds)} kinds of population and {copies} copies; give one kind (neuron, synapse, "
            "size, step) and at least one copy"
        )
    cells, links = [], []
    for k, p in enumerate(populations):
        per_mv = CAPACITANCE_PF / p.cell.tau_m_ms
        outside = (p.drive_mv - p.weight_mv_per_hz * p.rate_hz) * per_mv
        # w r = tau_m tau_s weight N r / C, with times in s where they meet rates
        weight = p.weight_mv_per_hz * per_mv / (p.tau_s_ms * 1e-3 * p.size)
        for copy in range(copies):
            name = f"{k}.{copy}"
            background = Background(mean=outside, noise_sd_mv=p.sigma_mv)
            cells.append(SparsePopulation(name, p.size, current_neuron(p.cell, p.tau_s_ms), background))
            links.append(RandomProjection(name, name, weight, probability=1.0, delay_ms=p.step_ms))
    circuit = SparseCircuit("self-excitation", tuple(cells), tuple(links))
    drive = Drive.constant({}, warm_up_s + duration_s)
    step_ms = populations[0].step_ms
    out = simulate_sparse(circuit, drive, seed, dt_ms=step_ms, record_dt_ms=bin_ms, target=target)
    rates = out.rates["rate"].values.astype(float)[round(1e3 * warm_up_s / bin_ms) :]
    return np.moveaxis(rates.reshape(len(rates), len(populations), copies), 0, -1)


def measured_timescale_s(
    rates: np.ndarray, bin_s: float, tau_s_ms: float, longest_lag_s: float = 1.0
) -> float:
    """Timescale of the autocorrelation of s, the rate low-passed by the slow synapse.

    Parameters
    ----------
    rates
        Population rates, shape (copy, bin).
    bin_s
        Width of a bin (s).
    tau_s_ms
        Decay of the synapse (ms).
    longest_lag_s
        Largest lag that is used (s): twice the longest timescale that is looked for.

    Returns
    -------
    float
        Timescale (s): slopes of s on its own past, fitted by A m^k (`neurosim.timescales`).
    """
    from scipy.signal import lfilter

    keep = math.exp(-1e3 * bin_s / tau_s_ms)
    deviation = rates - rates.mean()
    s = lfilter([1.0 - keep], [1.0, -keep], deviation, axis=-1)
    # the filter starts at the mean; ten time constants later nothing is left of that
    s = s[:, round(10 * tau_s_ms * 1e-3 / bin_s) :]
    return multistep_regression(s, bin_s, round(longest_lag_s / bin_s)).tau_s


def lstm_timescale_s(forget_bias: float, dt_s: float = 0.02, steps: int = 400) -> float:
    """Timescale that an LSTM shows: its cell is charged by a pulse and then watched (imports PyTorch).

    Parameters
    ----------
    forget_bias
        b_f, the bias of the forget gate.
    dt_s
        Step (s).
    steps
        Steps after the pulse.

    Returns
    -------
    float
        -dt / slope of ln c after the pulse (s). The input gate opens for the pulse alone.
    """
    import torch

    from ann.recurrent import LSTMNetwork

    network = LSTMNetwork(1, 1, 1, forget_bias).double()
    weight_ih, weight_hh, bias_ih, bias_hh = network.core.all_weights[0]
    with torch.no_grad():
        for weight in (weight_ih, weight_hh, bias_ih, bias_hh):
            weight.zero_()
        bias_ih[1] = forget_bias
        # input gate: shut without the pulse; candidate: follows the pulse
        bias_ih[0], weight_ih[0, 0], weight_ih[2, 0] = -60.0, 120.0, 1.0
        pulse = torch.zeros(1, steps + 1, 1, dtype=torch.float64)
        pulse[0, 0, 0] = 1.0
        traces, _ = network.traces(pulse)
    cell = traces.cell[0, :, 0].numpy()
    kept = cell > 1e-6 * cell[0]
    time_s = dt_s * np.arange(cell.size)
    slope = np.polyfit(time_s[kept], np.log(cell[kept]), 1)[0]
    return float(-1.0 / slope)


def _check_gain(loop_gain: float) -> None:
    if not 0.0 <= loop_gain <= LARGEST_LOOP_GAIN:
        raise ValueError(
            f"loop_gain = {loop_gain}; must be from 0 to {LARGEST_LOOP_GAIN}, beyond which the slope "
            "of the f-I curve does not tell the timescale"
        )


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f"{name} = {value}; must be above 0")
