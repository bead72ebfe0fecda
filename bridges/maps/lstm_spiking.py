"""A trained LSTM as a Brian2 network of integrate-and-fire populations that performs its task.

One step of the network lasts two counting windows W (20 to 50 ms together), as gates must be known before the
cell, and the cell before the output:

    first window    populations i, f, o (sigmoid) and g+, g- (rectified tanh, ON/OFF) of every unit fire at
                    rates r_0 + (r_1 - r_0) a(W x_k + U h_{k-1} + b)
    its end         f_hat, i_hat, g_hat from their counts; c <- f_hat c + i_hat (g+_hat - g-_hat)
    second window   populations t+, t- fire with rates of rectified +-tanh(c), and o as before
    its end         h_k = o_hat (t+_hat - t-_hat), sent through U to the gates and through the head

| LSTM | here |
|---|---|
| cell c | slow variable of the unit's ON/OFF pair (t+, t-), which excites itself from step to step |
| forget gate f | gain of that self-excitation: what is left of c is f_hat c |
| input gate i, output gate o | gain on what enters and what leaves: a product of two population rates |
| weights | synapses, unchanged, on the decoded rates |

The neurons are those of `bridges.maps.spiking_populations`; currents come from their measured f-I curve.
Everything, sums and products included, is an object of the Brian2 network, evaluated at window boundaries.
Assumes the slow variable keeps its value within a step without noise of its own; held as spike counts instead
it would need the spikes that `bridges.maps.count_coding` counts. Many streams, each with weights of its own
if wanted, are side by side in one network and do not touch, so that no result depends on the others.
Fails where gates must be more exact than about 1/(N W r_1): cells that hold with f > 1 - 1e-3 for many steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from bridges.maps.lstm_weights import LSTMTraces, LSTMWeights, check_input
from bridges.maps.side_by_side import SideBySide, wire
from bridges.maps.spiking_populations import (
    PopulationCode,
    PopulationLayer,
    connect,
    drive_of,
    interpreted,
    order_sums,
    population_layer,
)

__all__ = ["SpikingLSTMRun", "run_spiking"]

# order of what happens at a window boundary; counts are read at 0 and 1
CELL, HIDDEN, SENSES, SUMS, DRIVES, WATCH = 2, 3, 4, 5, 6, 7

SATURATED = 8.0
"""Beyond this a sigmoid is 0 or 1 to within what populations can tell."""


@dataclass(frozen=True, eq=False)
class SpikingLSTMRun:
    """What a run gives.

    Parameters
    ----------
    traces
        Hidden units, cells and logits, as of the LSTM itself.
    rates
        Number decoded from every population when it is read, shape (batch, time, population): blocks
        i, f, o, g+, g-, t+, t- of all units.
    mean_rate_hz
        Mean rate of all neurons.
    """

    traces: LSTMTraces
    rates: np.ndarray
    mean_rate_hz: float


def run_spiking(
    weights: LSTMWeights | Sequence[LSTMWeights],
    x: np.ndarray,
    code: PopulationCode | None = None,
    step_s: float = 0.05,
    seeds: Sequence[int] | None = None,
    progress: Any = None,
    rates: bool = True,
) -> SpikingLSTMRun:
    """Run streams through the spiking form of an LSTM, from the zero state.

    Parameters
    ----------
    weights
        The network, or one for each stream (all of one size).
    x
        Input, shape (batch, time, channel).
    code
        The neurons; defaults if None.
    step_s
        Length of a step of the network (s), a multiple of two ticks.
    seeds
        One for each stream, of the voltages to start from; 0, 1, ... if None.
    progress
        Called with the fraction done, or None.
    rates
        Whether to return the population rates; long runs need much memory for them.

    Returns
    -------
    SpikingLSTMRun
        Traces and population rates.

    Raises
    ------
    ValueError
        If shapes, numbers or the step do not fit.
    """
    code = code or PopulationCode()
    each = [weights] * len(x) if isinstance(weights, LSTMWeights) else list(weights)
    seeds = range(len(x)) if seeds is None else seeds
    if len(each) != len(x) or len(seeds) != len(x) or not each:
        raise ValueError(f"{len(x)} streams, {len(each)} networks, {len(seeds)} seeds; give one of each")
    for one in each:
        check_input(one, x)
    if len({(one.n_units, one.head.shape) for one in each}) > 1:
        raise ValueError("networks in one run must all have the same numbers of units and outputs")
    window_s = half_step(step_s, code)
    with interpreted() as b2:
        built = _build(b2, each, x, code, window_s, seeds, rates)
        # one tick more: the last window is read at its end
        total_s = 2 * window_s * x.shape[1] + code.tick_s
        report = None if progress is None else (lambda _e, done, _s, _d: progress(float(done)))
        built.network.run(total_s * b2.second, namespace={}, report=report, report_period=1 * b2.second)
        return _read(built, each, x, total_s)


def half_step(step_s: float, code: PopulationCode) -> float:
    """The counting window: half a step, in whole ticks.

    Raises
    ------
    ValueError
        If the step is not a multiple of two ticks, or shorter.
    """
    ticks = step_s / (2 * code.tick_s)
    if not (np.isfinite(ticks) and ticks >= 1 and abs(ticks - round(ticks)) < 1e-6):
        raise ValueError(f"step_s = {step_s}; must be a multiple of two ticks of {code.tick_s} s")
    return round(ticks) * code.tick_s


@dataclass(frozen=True, eq=False)
class _Built:
    network: Any
    gates: PopulationLayer
    outputs: PopulationLayer
    watch: tuple[Any, ...]


def _build(b2, each, x, code, window_s, seeds, rates) -> _Built:
    n, steps, channels = x.shape
    units = each[0].n_units
    window, step = window_s * b2.second, 2 * window_s * b2.second
    padded = np.concatenate([x, x[:, -1:]], axis=1)
    namespace = {
        # 1 in windows of gates, at whose start a new step begins
        "first": b2.TimedArray(np.tile([1.0, 0.0], steps + 1), dt=window),
        "samples": b2.TimedArray(padded.transpose(1, 0, 2).reshape(steps + 1, -1), dt=step),
        "sigmoid_drive": _tabulated(b2, code, expit),
        "tanh_drive": _tabulated(b2, code, np.tanh),
    }  # fmt: skip
    rngs = [np.random.default_rng(np.random.SeedSequence([int(seed), 11])) for seed in seeds]
    rng = SideBySide(rngs)
    gates = population_layer(
        "gates",
        5 * units * n,
        code,
        window_s,
        "from_senses : 1\nfrom_hidden : 1\nbias : 1 (constant)\nsigmoid : 1 (constant)",
        rng,
    )
    outputs = population_layer(
        "outputs",
        2 * units * n,
        code,
        window_s,
        "cell : 1 (linked)\nside : 1 (constant)",
        rng,
    )
    for layer in (gates, outputs):
        layer.units.namespace.update(namespace)
    senses = b2.NeuronGroup(n * channels, "x : 1", dt=window, name="senses", namespace=namespace)
    senses.run_regularly("x = samples(t, i)", dt=window, when="start", order=SENSES)
    cells = b2.NeuronGroup(
        n * units,
        "\n".join(f"{name} : 1 (linked)" for name in ("i_", "f_", "o_", "gp", "gm", "tp", "tm"))
        + "\nc : 1\nh : 1\nmost : 1 (constant)",
        dt=window,
        name="cells",
        namespace=namespace,
    )
    block = np.arange(units)
    at = np.arange(n)[:, None]
    for k, name in enumerate(("i_", "f_", "o_", "gp", "gm")):
        where = (at * 5 * units + k * units + block).ravel()
        setattr(cells, name, b2.linked_var(gates.units, "activity", index=where))
    for k, name in enumerate(("tp", "tm")):
        where = (at * 2 * units + k * units + block).ravel()
        setattr(cells, name, b2.linked_var(outputs.units, "activity", index=where))
    outputs.units.cell = b2.linked_var(
        cells, "c", index=np.tile(np.arange(n * units).reshape(n, 1, units), (1, 2, 1)).ravel()
    )
    outputs.units.side = np.tile(np.repeat([1.0, -1.0], units), n)
    cells.most = np.repeat([one.forget_cap for one in each], units)
    started = "int(t > 0*second)"
    cells.run_regularly(
        f"now = (1 - first(t)) * {started}\n"
        "c = now * (clip(f_, 0, most) * c + i_ * (gp - gm)) + (1 - now) * c",
        dt=window, when="start", order=CELL,
    )  # fmt: skip
    cells.run_regularly(
        f"now = first(t) * {started}\nh = now * o_ * (tp - tm) + (1 - now) * h",
        dt=window, when="start", order=HIDDEN,
    )  # fmt: skip
    gates.units.sigmoid = np.tile(np.repeat([1.0, 0.0], [3 * units, 2 * units]), n)
    gates.units.bias = np.concatenate([_five(one.bias, units) for one in each])
    gates.units.run_regularly(
        "z = from_senses + from_hidden + bias\n"
        "next_drive = sigmoid * sigmoid_drive(z) + (1 - sigmoid) * tanh_drive(z)\n"
        "drive = first(t) * next_drive + (1 - first(t)) * drive",
        dt=window, when="start", order=DRIVES,
    )  # fmt: skip
    outputs.units.run_regularly("drive = tanh_drive(side * cell)", dt=window, when="start", order=DRIVES)
    links = []
    for name, source, variable in (("from_senses", senses, "x"), ("from_hidden", cells, "h")):
        link = connect(
            name, source, gates.units, f"w : 1 (constant)\n{name}_post = w * {variable}_pre : 1 (summed)"
        )
        matrices = [
            _five(one.from_input if name == "from_senses" else one.from_hidden, units) for one in each
        ]
        wire(link, matrices)
        order_sums(link, SUMS)
        links.append(link)
    watch = [b2.StateMonitor(cells, ["c", "h"], record=True, dt=step, when="start", order=WATCH)]
    if rates:
        for layer in (gates, outputs):
            watch.append(
                b2.StateMonitor(layer.units, "activity", record=True, dt=window, when="start", order=WATCH)
            )
    network = b2.Network(*gates.objects, *outputs.objects, senses, cells, *links, *watch)
    return _Built(network, gates, outputs, tuple(watch))


def _read(built: _Built, each, x, total_s) -> SpikingLSTMRun:
    n, steps, _ = x.shape
    layers = (built.gates, built.outputs)

    def by_stream(values) -> np.ndarray:
        return np.asarray(values).reshape(n, -1, values.shape[1]).transpose(0, 2, 1)

    # at the start of step k + 1 stand the results of step k; gates are read in the middle of it
    cells = built.watch[0]
    hidden, cell = by_stream(cells.h)[:, 1 : steps + 1], by_stream(cells.c)[:, 1 : steps + 1]
    rates = np.zeros((n, steps, 0))
    if len(built.watch) > 1:
        gate, output = (by_stream(one.activity) for one in built.watch[1:])
        gated, output = gate[:, 1::2][:, :steps].copy(), output[:, 2::2][:, :steps]
        # output gates are read with what they gate, at the end of the second window
        o = slice(2 * each[0].n_units, 3 * each[0].n_units)
        gated[..., o] = gate[:, 2::2][:, :steps, o]
        rates = np.concatenate([gated, output], axis=2)
    logits = np.stack([h @ one.head.T + one.head_bias for h, one in zip(hidden, each, strict=True)])
    neurons = sum(len(layer.neurons) for layer in layers)
    mean_hz = sum(layer.spikes for layer in layers) / neurons / total_s
    return SpikingLSTMRun(LSTMTraces(hidden, cell, logits), rates, mean_hz)


def _tabulated(b2, code: PopulationCode, activation) -> Any:
    """Current of a population that carries activation(z), as a Brian2 function of z."""
    z = np.linspace(-SATURATED, SATURATED, 4001)
    drive = drive_of(activation(z), code)
    return b2.Function(lambda value: np.interp(value, z, drive), arg_units=[1], return_unit=1)


def _five(matrix: np.ndarray, units: int) -> np.ndarray:
    """Rows i, f, g, o as rows of the populations i, f, o, g+, g-."""
    i, f, g, o = (matrix[k * units : (k + 1) * units] for k in range(4))
    return np.concatenate([i, f, o, g, -g])
