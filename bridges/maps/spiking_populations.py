"""Populations of leaky integrate-and-fire neurons that carry the numbers of a network, in Brian2.

A number a in [0, 1] is the rate of N neurons, counted in a window W:

    tau dv/dt = g_j I - v;    v >= 1: spike, v <- v - 1 (soft reset);    g_j = 1 + spread (2 j / N - 1)
    I(a) = Phi^-1(r_0 + (r_1 - r_0) a),        a_hat = (n / (N W) - r_0) / (r_1 - r_0)

Phi, the f-I curve of the population, is measured by running it at a grid of currents, tabulated and inverted;
what the current has to be is then read from the table. Signed numbers take an ON and an OFF population.

Assumptions: neurons differ in gain (and start at different voltages), so that they do not fire together;
there is no noise, so that a run can be repeated to the bit. What is left of the charge after a spike stays
in the membrane: the error of a count is made good by the counts after it, and the mean of M windows is off
by about 1/M, not 1/sqrt(M). The rate r_0 of a = 0 keeps neurons where a change of current acts at once: with
r_0 = 0 it takes them tau to charge. Valid for windows of 10 ms or more and rates up to half of 1 / tick;
outside 0 to 1 a number is clipped. Rates up to 220 Hz are higher than those of most cortical neurons;
halving them doubles the neurons for the same error.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from bridges.maps.side_by_side import SideBySide

__all__ = [
    "PopulationCode",
    "PopulationLayer",
    "connect",
    "drive_curve",
    "drive_of",
    "interpreted",
    "order_sums",
    "population_layer",
]

CURVE_POINTS = 160
CURVE_SETTLE_S, CURVE_COUNT_S = 0.2, 1.0
"""Time before counting, and of counting, when the f-I curve is measured (s)."""


@dataclass(frozen=True)
class PopulationCode:
    """How populations carry numbers.

    Parameters
    ----------
    n_neurons
        Neurons in a population, N.
    tau_m_s
        Membrane time constant (s).
    low_hz, high_hz
        Rates of the numbers 0 and 1 (Hz).
    spread
        Largest relative difference of a neuron's gain from the mean.
    tick_s
        Step of the simulation (s).

    Raises
    ------
    ValueError
        If a number is out of range, or a neuron could not fire as often as asked.
    """

    n_neurons: int = 100
    tau_m_s: float = 0.02
    low_hz: float = 20.0
    high_hz: float = 220.0
    spread: float = 0.3
    tick_s: float = 0.001

    def __post_init__(self) -> None:
        if self.n_neurons < 1:
            raise ValueError(f"n_neurons = {self.n_neurons}; a population needs at least 1 neuron")
        for name in ("tau_m_s", "tick_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} = {getattr(self, name)}; must be above 0 s")
        if not 0.0 <= self.low_hz < self.high_hz:
            raise ValueError(
                f"low_hz = {self.low_hz}, high_hz = {self.high_hz}; must be 0 <= low_hz < high_hz"
            )
        if not 0.0 <= self.spread < 1.0:
            raise ValueError(f"spread = {self.spread}; must be at least 0 and below 1")
        if self.high_hz * self.tick_s > 0.5:
            raise ValueError(
                f"high_hz = {self.high_hz} with tick_s = {self.tick_s}; a rate must not exceed half of "
                f"1 / tick_s = {1 / self.tick_s:g} Hz"
            )

    @property
    def gains(self) -> np.ndarray:
        """Gain of each neuron, evenly spread, shape (neuron,)."""
        middle = (np.arange(self.n_neurons) + 0.5) / self.n_neurons
        return 1.0 + self.spread * (2.0 * middle - 1.0)

    def decode(self, count: np.ndarray, window_s: float) -> np.ndarray:
        """Numbers from the spike counts of whole populations in a window."""
        rate = np.asarray(count, dtype=float) / (self.n_neurons * window_s)
        return (rate - self.low_hz) / (self.high_hz - self.low_hz)

    def voltages(self, n_populations: int, rng: np.random.Generator | SideBySide) -> np.ndarray:
        """Voltages to start from: spread evenly over 0 to 1, each population in an order of its own."""
        even = (np.arange(self.n_neurons) + 0.5) / self.n_neurons
        return rng.permuted(np.tile(even, (n_populations, 1)), axis=1).ravel()


@contextmanager
def interpreted() -> Iterator[Any]:
    """Brian2 with its run-time NumPy target, and what was set before put back after."""
    from neurosim.engine.brian import b2

    b2.set_device("runtime")
    before = b2.prefs.codegen.target
    b2.prefs.codegen.target = "numpy"
    try:
        yield b2
    finally:
        b2.prefs.codegen.target = before


@lru_cache(maxsize=16)
def drive_curve(code: PopulationCode) -> tuple[np.ndarray, np.ndarray]:
    """The measured f-I curve of a population, without its flat start.

    Parameters
    ----------
    code
        The neurons.

    Returns
    -------
    rate_hz, drive : ndarray
        Rates, rising, and the currents that cause them (in units of threshold).

    Raises
    ------
    ValueError
        If the highest rate asked for is not reached.
    """
    from neurosim.engine.brian import b2

    highest = 1.5 * code.tau_m_s * code.high_hz + 3.0
    # close together where the curve bends
    drive = np.concatenate([[0.0], 0.6 + (highest - 0.6) * np.linspace(0.0, 1.0, CURVE_POINTS) ** 2])
    with interpreted():
        whole_s = CURVE_SETTLE_S + CURVE_COUNT_S
        layer = population_layer("curve", len(drive), code, 2 * whole_s, "", np.random.default_rng(0))
        layer.units.drive = drive
        network = b2.Network(*layer.objects)
        network.run(CURVE_SETTLE_S * b2.second, namespace={})
        layer.neurons.n = 0
        network.run(CURVE_COUNT_S * b2.second, namespace={})
        counts = np.asarray(layer.neurons.n).reshape(len(drive), -1).sum(axis=1)
    rate = np.maximum.accumulate(counts / (code.n_neurons * CURVE_COUNT_S))
    rising = np.concatenate([np.diff(rate) > 0, [True]])
    rate, drive = rate[rising], drive[rising]
    if rate[-1] < code.high_hz:
        raise ValueError(f"high_hz = {code.high_hz}; the neurons reach {rate[-1]:.0f} Hz at most")
    return rate, drive


def drive_of(activity: np.ndarray, code: PopulationCode) -> np.ndarray:
    """Currents of numbers between 0 and 1 (what is outside is clipped)."""
    rate, drive = drive_curve(code)
    return np.interp(code.low_hz + (code.high_hz - code.low_hz) * np.clip(activity, 0.0, 1.0), rate, drive)


@dataclass(frozen=True, eq=False)
class PopulationLayer:
    """Brian2 objects of some populations.

    ``units`` has one entry a population: ``count`` (spikes in the window that just ended), ``total`` (spikes
    so far), ``activity`` (the number decoded from the count) and ``drive`` (the current of its neurons),
    besides variables of one's own.
    ``neurons`` are the cells, ``pool`` the synapses that sum their spikes.
    """

    units: Any
    neurons: Any
    pool: Any

    @property
    def objects(self) -> tuple[Any, ...]:
        """All of them, for a Brian2 network."""
        return (self.units, self.neurons, self.pool)

    @property
    def spikes(self) -> float:
        """Spikes of all populations in the windows that have ended."""
        return float(np.sum(self.units.total))


def population_layer(
    name: str,
    n_units: int,
    code: PopulationCode,
    window_s: float,
    model: str,
    rng: np.random.Generator | SideBySide,
) -> PopulationLayer:
    """Build populations; call with the run-time device active.

    At every window boundary the counts are read (order 0) and set to zero (order 1), so that code of the
    units, to be run at orders above 1, finds ``activity`` of the window that just ended.

    Parameters
    ----------
    name
        Prefix of the names of the Brian2 objects.
    n_units
        Number of populations.
    code
        The neurons.
    window_s
        Counting window (s).
    model
        Further variables of the units, as Brian2 equations.
    rng
        Order of the voltages to start from.
    """
    from neurosim.engine.brian import b2

    size = code.n_neurons
    namespace = {
        "per_window": 1.0 / (size * window_s),
        "least_hz": code.low_hz,
        "span_hz": code.high_hz - code.low_hz,
        "tau_m": code.tau_m_s * b2.second,
    }
    units = b2.NeuronGroup(
        n_units,
        "count : 1\ntotal : 1\ndrive : 1\nactivity : 1\n" + model,
        dt=window_s * b2.second,
        namespace=namespace,
        name=f"{name}_units",
    )
    units.run_regularly(
        "activity = (count * per_window - least_hz) / span_hz\ntotal += count",
        dt=window_s * b2.second,
        when="start",
        order=1,
    )
    neurons = b2.NeuronGroup(
        n_units * size,
        "dv/dt = (gain * drive - v) / tau_m : 1\ngain : 1 (constant)\ndrive : 1 (linked)\nn : 1",
        threshold="v >= 1",
        reset="v -= 1\nn += 1",
        method="exponential_euler",
        dt=code.tick_s * b2.second,
        namespace=namespace,
        name=f"{name}_neurons",
    )
    neurons.drive = b2.linked_var(units, "drive", index=np.repeat(np.arange(n_units), size))
    neurons.gain = np.tile(code.gains, n_units)
    neurons.v = code.voltages(n_units, rng)
    pool = connect(f"{name}_pool", neurons, units, "count_post = n_pre : 1 (summed)")
    pool.connect(i=np.arange(n_units * size), j=np.repeat(np.arange(n_units), size))
    order_sums(pool, 0)
    neurons.run_regularly("n = 0", dt=window_s * b2.second, when="start", order=1)
    return PopulationLayer(units, neurons, pool)


def connect(name: str, source: Any, target: Any, model: str) -> Any:
    """Synapses whose summed variables are computed at the window boundaries; to be wired by the caller."""
    from neurosim.engine.brian import b2

    return b2.Synapses(source, target, model, name=name, dt=target.clock.dt, namespace=target.namespace)


def order_sums(synapses: Any, order: int) -> None:
    """Compute the sums of these synapses at the start of a window, at a place in the order."""
    for updater in synapses.summed_updaters.values():
        updater.when, updater.order = "start", order
