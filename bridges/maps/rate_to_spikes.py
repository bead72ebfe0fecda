r"""A trained rate network becomes a network of LIF neurons, one neuron a unit.

    rate   tau_i dx_i/dt = -x_i + sum_j W_ij r_j + (W_in u)_i,            r_j = F(x_j)
           tau_out dh/dt = -h + r,                                        out = W_out h + b
    LIF    tau_i dx_i/dt = -x_i + lambda sum_j W_ij (spikes of j) + (W_in u)_i
           tau_m dv_i/dt = -(v_i - v_bias) + k x_i + sigma sqrt(tau_m) xi_i,    v >= -40 mV: v = -65 mV, 2 ms
           tau_out dh/dt = -h + lambda (spikes),                          out = W_out h + b

Synaptic decay tau_i, input and output weights stay as they are; r = 1 stands for 1 / lambda spikes a second.
There are two ways to F:

- Training on the neuron's own curve, F(x) = lambda phi(v_bias + k x, sigma), phi by Siegert's formula.
  Nothing is left to fit: lambda and k follow from asking for F(0) = 1/2 and F'(0) = 1/4, as the sigmoid has
  them. What differs is only that spikes come one by one; training with noise of the size of theirs,
  r + sqrt(lambda r / dt) z, z standard normal, finds weights that stand it.
- The published one (Kim 2019): F is the sigmoid, sigma = 0, k = 1 mV, and lambda, the single free number, is
  searched over 1 / lambda = 20, 25, ..., 75 Hz on trials of its own.

Assumptions: at least some 200 neurons, and synapses slower than 20 ms, so that many spikes are averaged. The
published way also takes a network that works with units which are silent at x = 0: a LIF neuron held at
threshold without noise gives no spike there, while the sigmoid gives 1/2. It fails, visibly as accuracy near
chance and rates far below 1 / (2 lambda), where training left x around 0, as plain backpropagation on the
exclusive-or does.

References
----------
Kim, R., Li, Y. & Sejnowski, T. J. (2019). Simple framework for constructing functional spiking recurrent
neural networks. PNAS, 116, 22811-22820. doi:10.1073/pnas.1905926116
Siegert, A. J. F. (1951). Phys Rev, 81, 617-623. doi:10.1103/PhysRev.81.617
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy.special import expit

from bridges.maps.siegert import LIFCell, siegert_rate, siegert_slope

__all__ = ["INVERSE_LAMBDAS_HZ", "LIFUnit", "RateRNN", "SpikingRNN", "search_lambda"]

INVERSE_LAMBDAS_HZ = tuple(float(x) for x in range(20, 80, 5))
"""Rates (Hz) that full activity may stand for."""

TABLE_X = np.linspace(-20.0, 60.0, 8001)
"""Inputs at which curves are tabulated; outside, they stay as at the ends."""


@dataclass(frozen=True)
class LIFUnit:
    """A LIF neuron as the unit of a rate network.

    Parameters
    ----------
    full_hz
        Rate that activity 1 stands for, 1 / lambda (Hz).
    gain_mv
        Depolarisation by an input of 1, k (mV).
    noise_mv
        Background noise sigma (mV); the free potential has the SD sigma / sqrt(2).
    tau_m_ms, v_th_mv, v_reset_mv, v_bias_mv, tau_ref_ms
        The neuron; `v_bias_mv` is where its potential goes without input.
    step_ms
        Time step (ms).

    Raises
    ------
    ValueError
        If a rate or gain is not above 0, or the noise below.
    """

    full_hz: float
    gain_mv: float = 1.0
    noise_mv: float = 0.0
    tau_m_ms: float = 10.0
    v_th_mv: float = -40.0
    v_reset_mv: float = -65.0
    v_bias_mv: float = -40.0
    tau_ref_ms: float = 2.0
    step_ms: float = 0.1

    def __post_init__(self) -> None:
        for name in ("full_hz", "gain_mv"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} = {getattr(self, name)}; must be above 0")
        if not self.noise_mv >= 0:
            raise ValueError(f"noise_mv = {self.noise_mv}; must not be below 0")

    @classmethod
    def like_sigmoid(cls, noise_mv: float) -> LIFUnit:
        """The unit with this noise (mV) whose activity has value 1/2 and slope 1/4 at x = 0."""
        if not noise_mv > 0:
            raise ValueError(f"noise_mv = {noise_mv}; must be above 0: without noise, x = 0 is silent")
        plain = cls(1.0, noise_mv=noise_mv)
        at = (plain.v_bias_mv, noise_mv, plain.cell)
        full = 2.0 * float(siegert_rate(*at, step_ms=plain.step_ms))
        gain = 0.25 * full / float(siegert_slope(*at, step_ms=plain.step_ms))
        return replace(plain, full_hz=full, gain_mv=gain)

    @property
    def cell(self) -> LIFCell:
        """The neuron of Siegert's formula."""
        return LIFCell(self.tau_m_ms, self.v_th_mv, self.v_reset_mv, self.tau_ref_ms)

    def activity(self, x: np.ndarray) -> np.ndarray:
        """F(x) = phi(v_bias + k x, sigma) / full_hz, any shape."""
        return np.interp(x, TABLE_X, activity_table(self))


@lru_cache(maxsize=8)
def activity_table(unit: LIFUnit) -> np.ndarray:
    """F at `TABLE_X`."""
    rate = siegert_rate(
        unit.v_bias_mv + unit.gain_mv * TABLE_X, unit.noise_mv, unit.cell, step_ms=unit.step_ms
    )
    return rate / unit.full_hz


@dataclass(frozen=True, eq=False)
class RateRNN:
    """A trained rate network.

    Parameters
    ----------
    w_in, w_rec, w_out
        Input (unit, channel), recurrent (unit, unit) and output weights (output, unit).
    b_out
        Output bias, shape (output,).
    tau_ms
        Time constant of each unit (ms), shape (unit,).
    dt_ms
        Step of inputs (ms).
    unit
        Neuron whose curve the activities follow; None: the sigmoid.
    tau_out_ms
        Low pass through which the output sees the activities (ms).

    Raises
    ------
    ValueError
        If shapes disagree or a time constant is not above the step.
    """

    w_in: np.ndarray
    w_rec: np.ndarray
    w_out: np.ndarray
    b_out: np.ndarray
    tau_ms: np.ndarray
    dt_ms: float = 5.0
    unit: LIFUnit | None = None
    tau_out_ms: float = 35.0

    def __post_init__(self) -> None:
        n = len(self.tau_ms)
        shapes = (self.w_in.shape[0], *self.w_rec.shape, self.w_out.shape[1])
        if set(shapes) != {n} or self.b_out.shape != (self.w_out.shape[0],):
            raise ValueError(
                f"weights of shape {self.w_in.shape}, {self.w_rec.shape}, {self.w_out.shape} and bias "
                f"{self.b_out.shape} do not fit {n} time constants"
            )
        if not ((self.tau_ms > self.dt_ms).all() and self.tau_out_ms > self.dt_ms):
            raise ValueError(
                f"tau_ms and tau_out_ms must be above dt_ms = {self.dt_ms}; the smallest are "
                f"{self.tau_ms.min()} and {self.tau_out_ms}"
            )

    def activity(self, x: np.ndarray) -> np.ndarray:
        """F(x), any shape."""
        return expit(x) if self.unit is None else self.unit.activity(x)

    def run(self, inputs: np.ndarray) -> np.ndarray:
        """Outputs, shape (trial, time, output), for inputs of shape (trial, time, channel); Euler steps."""
        drive = inputs @ self.w_in.T
        alpha = self.dt_ms / self.tau_ms
        x, heard = (np.zeros((len(inputs), len(self.tau_ms))) for _ in range(2))
        out = np.empty((*inputs.shape[:2], len(self.w_out)))
        for k in range(inputs.shape[1]):
            r = self.activity(x)
            heard = heard + self.dt_ms / self.tau_out_ms * (r - heard)
            out[:, k] = heard @ self.w_out.T + self.b_out
            x = x + alpha * (-x + r @ self.w_rec.T + drive[:, k])
        return out


@dataclass(frozen=True, eq=False)
class SpikingRNN:
    """The LIF network of a rate network.

    Parameters
    ----------
    rate_network
        Where weights and time constants are from.
    unit
        The neurons.
    """

    rate_network: RateRNN
    unit: LIFUnit

    def run(self, inputs: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
        """Simulate all trials side by side in Brian2, each in its own copy of the network.

        Parameters
        ----------
        inputs
            Shape (trial, time, channel), in steps of the rate network.
        seed
            Of the initial potentials and the background noise.

        Returns
        -------
        outputs : ndarray
            Shape (trial, time, output).
        rate_hz : float
            Mean rate of all neurons (Hz).
        """
        from neurosim.engine.brian import b2

        rnn, unit = self.rate_network, self.unit
        trials, steps, _ = inputs.shape
        n = len(rnn.tau_ms)
        b2.set_device("runtime")
        before, b2.prefs.codegen.target = b2.prefs.codegen.target, "numpy"
        try:
            b2.defaultclock.dt = unit.step_ms * b2.ms
            drive = (inputs @ rnn.w_in.T).transpose(1, 0, 2).reshape(steps, trials * n)
            group = b2.NeuronGroup(
                trials * n,
                """
                dv/dt = (v_bias - v + gain * current + rough) / tau_m : 1 (unless refractory)
                dcurrent/dt = (course(t, i) - current) / tau_s : 1
                dheard/dt = -heard / tau_out : 1
                tau_s : second (constant)
                rough : 1
                """,
                threshold="v >= v_th",
                reset="v = v_reset; heard += per_spike",
                refractory=unit.tau_ref_ms * b2.ms,
                method="euler",
                namespace={
                    "course": b2.TimedArray(drive, dt=rnn.dt_ms * b2.ms),
                    "v_bias": unit.v_bias_mv,
                    "v_th": unit.v_th_mv,
                    "v_reset": unit.v_reset_mv,
                    "gain": unit.gain_mv,
                    "tau_m": unit.tau_m_ms * b2.ms,
                    "tau_out": rnn.tau_out_ms * b2.ms,
                    "per_spike": 1e3 / (rnn.tau_out_ms * unit.full_hz),
                },
            )
            group.tau_s = np.tile(rnn.tau_ms, trials) * b2.ms
            rng = np.random.default_rng(seed)
            group.v = rng.uniform(unit.v_reset_mv, unit.v_th_mv, trials * n)
            # what a spike of j adds to the current of i: lambda W_ij / tau_i
            jump = 1e3 * rnn.w_rec / (unit.full_hz * rnn.tau_ms[:, None])
            current = group.variables["current"].get_value()
            spikes = group.variables["_spikespace"]

            # a dense matrix for every trial: one product of the spiking columns instead of 62,500 synapse
            # objects a trial
            @b2.network_operation(when="synapses")
            def send():
                space = spikes.get_value()
                fired = space[: space[-1]]
                if fired.size:
                    active = np.zeros((trials, n))
                    active.flat[fired] = 1.0
                    busy = np.flatnonzero(active.any(axis=0))
                    current[:] += (active[:, busy] @ jump[:, busy].T).ravel()

            rough = group.variables["rough"].get_value()
            # a step of white noise: sigma sqrt(dt / tau_m) on the potential
            size = unit.noise_mv * np.sqrt(unit.tau_m_ms / unit.step_ms)

            def shake():
                rough[:] = size * rng.standard_normal(trials * n)

            heard = np.empty((steps, trials * n))
            cursor = [0]

            @b2.network_operation(when="end", dt=rnn.dt_ms * b2.ms)
            def listen():
                if cursor[0] < steps:
                    heard[cursor[0]] = group.variables["heard"].get_value()
                    cursor[0] += 1

            counter = b2.SpikeMonitor(group, record=False)
            network = b2.Network(group, send, listen, counter)
            if unit.noise_mv:
                network.add(b2.NetworkOperation(shake, when="start"))
            network.run(steps * rnn.dt_ms * b2.ms, namespace={})
        finally:
            b2.prefs.codegen.target = before
        rate = float(counter.num_spikes / (trials * n * steps * rnn.dt_ms * 1e-3))
        states = heard.reshape(steps, trials, n).transpose(1, 0, 2)
        return states @ rnn.w_out.T + rnn.b_out, rate


def search_lambda(
    network: RateRNN,
    inputs: np.ndarray,
    correct: Sequence[int] | np.ndarray,
    decide,
    seed: int,
    candidates_hz: Sequence[float] = INVERSE_LAMBDAS_HZ,
) -> tuple[SpikingRNN, dict[float, float]]:
    """The LIF network without noise whose scale decides best, the published way.

    Parameters
    ----------
    network
        The rate network.
    inputs
        Trials for the search, shape (trial, time, channel); test on others.
    correct
        Correct decision of each, shape (trial,).
    decide
        From outputs (trial, time, output) to decisions (trial,).
    seed
        Of the initial potentials.
    candidates_hz
        Values of 1 / lambda (Hz).

    Returns
    -------
    best : SpikingRNN
        The first of the best.
    accuracy : dict
        Accuracy of every candidate.

    Raises
    ------
    ValueError
        If there is no candidate or trial.
    """
    if not len(candidates_hz) or not len(inputs):
        raise ValueError("give at least one candidate and one trial")
    accuracy = {}
    for candidate in candidates_hz:
        outputs, _ = SpikingRNN(network, LIFUnit(candidate)).run(inputs, seed)
        accuracy[float(candidate)] = float(np.mean(decide(outputs) == np.asarray(correct)))
    best = max(accuracy, key=lambda candidate: accuracy[candidate])
    return SpikingRNN(network, LIFUnit(best)), accuracy
