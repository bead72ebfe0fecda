r"""A trained rate network becomes a network of LIF neurons by one scale factor, found by search (Kim 2019).

    rate   tau_i dx_i/dt = -x_i + sum_j W_ij r_j + (W_in u)_i,       r = 1 / (1 + exp(-x)),  out = W_out r + b
    LIF    tau_i dI_i/dt = -I_i + lambda sum_j W_ij (spikes of j) + (W_in u)_i
           tau_m dv_i/dt = -(v_i - v_bias) + I_i,       v >= -40 mV: v = -65 mV, 2 ms refractory
           out = lambda W_out (spikes, low-passed with tau_out) + b

Synaptic decay tau_i and input weights stay as they are; r = 1 stands for 1 / lambda spikes a second. lambda
is the single free number, searched over 1 / lambda = 20, 25, ..., 75 Hz on trials of its own.

Assumptions: at least some 200 neurons; units that saturate (sigmoid); synapses slower than 20 ms; and a
network that works with units which are silent at x = 0: a LIF neuron held at threshold without noise gives
no spike there, while the sigmoid gives 1/2. Fails, visibly as accuracy near chance and rates far below 1 /
(2 lambda), where training left x around 0, as plain backpropagation on the exclusive-or does.

References
----------
Kim, R., Li, Y. & Sejnowski, T. J. (2019). Simple framework for constructing functional spiking recurrent
neural networks. PNAS, 116, 22811-22820. doi:10.1073/pnas.1905926116
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

__all__ = ["INVERSE_LAMBDAS_HZ", "RateRNN", "SpikingRNN", "search_lambda"]

INVERSE_LAMBDAS_HZ = tuple(float(x) for x in range(20, 80, 5))
"""Rates (Hz) that full activity may stand for."""


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

    def __post_init__(self) -> None:
        n = len(self.tau_ms)
        shapes = (self.w_in.shape[0], *self.w_rec.shape, self.w_out.shape[1])
        if set(shapes) != {n} or self.b_out.shape != (self.w_out.shape[0],):
            raise ValueError(
                f"weights of shape {self.w_in.shape}, {self.w_rec.shape}, {self.w_out.shape} and bias "
                f"{self.b_out.shape} do not fit {n} time constants"
            )
        if not (self.tau_ms > self.dt_ms).all():
            raise ValueError(
                f"tau_ms must be above dt_ms = {self.dt_ms}; the smallest is {self.tau_ms.min()}"
            )

    def run(self, inputs: np.ndarray) -> np.ndarray:
        """Outputs, shape (trial, time, output), for inputs of shape (trial, time, channel); Euler steps."""
        drive = inputs @ self.w_in.T
        alpha = self.dt_ms / self.tau_ms
        x = np.zeros((len(inputs), len(self.tau_ms)))
        out = np.empty((*inputs.shape[:2], len(self.w_out)))
        for k in range(inputs.shape[1]):
            x = x + alpha * (-x + expit(x) @ self.w_rec.T + drive[:, k])
            out[:, k] = expit(x) @ self.w_out.T + self.b_out
        return out


@dataclass(frozen=True, eq=False)
class SpikingRNN:
    """The LIF network of a rate network.

    Parameters
    ----------
    rate_network
        Where weights and time constants are from.
    inverse_lambda_hz
        Rate that full activity stands for (Hz).
    tau_m_ms, v_th_mv, v_reset_mv, v_bias_mv, tau_ref_ms
        The neurons.
    tau_out_ms
        Low pass of the spikes that the output reads (ms).
    step_ms
        Time step (ms).
    """

    rate_network: RateRNN
    inverse_lambda_hz: float
    tau_m_ms: float = 10.0
    v_th_mv: float = -40.0
    v_reset_mv: float = -65.0
    v_bias_mv: float = -40.0
    tau_ref_ms: float = 2.0
    tau_out_ms: float = 35.0
    step_ms: float = 0.1

    def __post_init__(self) -> None:
        if not self.inverse_lambda_hz > 0:
            raise ValueError(f"inverse_lambda_hz = {self.inverse_lambda_hz}; must be above 0")

    def run(self, inputs: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
        """Simulate all trials side by side in Brian2, each in its own copy of the network.

        Parameters
        ----------
        inputs
            Shape (trial, time, channel), in steps of the rate network.
        seed
            Of the initial potentials; there is no other noise.

        Returns
        -------
        outputs : ndarray
            Shape (trial, time, output).
        rate_hz : float
            Mean rate of all neurons (Hz).
        """
        from neurosim.engine.brian import b2

        rnn = self.rate_network
        trials, steps, _ = inputs.shape
        n = len(rnn.tau_ms)
        b2.set_device("runtime")
        before, b2.prefs.codegen.target = b2.prefs.codegen.target, "numpy"
        try:
            b2.defaultclock.dt = self.step_ms * b2.ms
            drive = (inputs @ rnn.w_in.T).transpose(1, 0, 2).reshape(steps, trials * n)
            group = b2.NeuronGroup(
                trials * n,
                """
                dv/dt = (v_bias - v + current) / tau_m : 1 (unless refractory)
                dcurrent/dt = (course(t, i) - current) / tau_s : 1
                dheard/dt = -heard / tau_out : 1
                tau_s : second (constant)
                """,
                threshold="v >= v_th",
                reset="v = v_reset; heard += per_spike",
                refractory=self.tau_ref_ms * b2.ms,
                method="euler",
                namespace={
                    "course": b2.TimedArray(drive, dt=rnn.dt_ms * b2.ms),
                    "v_bias": self.v_bias_mv,
                    "v_th": self.v_th_mv,
                    "v_reset": self.v_reset_mv,
                    "tau_m": self.tau_m_ms * b2.ms,
                    "tau_out": self.tau_out_ms * b2.ms,
                    "per_spike": 1e3 / (self.tau_out_ms * self.inverse_lambda_hz),
                },
            )
            group.tau_s = np.tile(rnn.tau_ms, trials) * b2.ms
            rng = np.random.default_rng(seed)
            group.v = rng.uniform(self.v_reset_mv, self.v_th_mv, trials * n)
            # what a spike of j adds to the current of i: lambda W_ij / tau_i
            jump = 1e3 * rnn.w_rec / (self.inverse_lambda_hz * rnn.tau_ms[:, None])
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

            heard = np.empty((steps, trials * n))
            cursor = [0]

            @b2.network_operation(when="end", dt=rnn.dt_ms * b2.ms)
            def listen():
                if cursor[0] < steps:
                    heard[cursor[0]] = group.variables["heard"].get_value()
                    cursor[0] += 1

            counter = b2.SpikeMonitor(group, record=False)
            network = b2.Network(group, send, listen, counter)
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
    """The LIF network with the scale that decides best.

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
        outputs, _ = SpikingRNN(network, candidate).run(inputs, seed)
        accuracy[float(candidate)] = float(np.mean(decide(outputs) == np.asarray(correct)))
    best = max(accuracy, key=lambda candidate: accuracy[candidate])
    return SpikingRNN(network, best), accuracy
