"""Sparse circuit -> Brian2 network: membrane equations here, synapses in `sparse_synapses.h`.

Between spikes the linear equations are solved exactly over a step (Rotter & Diesmann 1999). What arrives
in a step acts on the current after the potential has moved, or on the potential itself if synapses are
instantaneous; a spike of one step arrives at the earliest in the next.

References
----------
Rotter, S. & Diesmann, M. (1999). Biol Cybern, 81, 381-402. doi:10.1007/s004220050570
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurosim.engine import functions, sparse_functions
from neurosim.engine.brian import b2
from neurosim.engine.sparse_wiring import numbering, poisson_draws
from neurosim.sparse import CurrentNeuron, SparseCircuit

__all__ = ["RATES", "Sparse", "build"]

DIMENSIONS = {"1": 1, "volt": b2.volt, "second": b2.second, "ohm": b2.ohm}

RATES = ("rate", "release", "u_mean", "x_mean")

POOL_EQUATIONS = """
background : Hz
mean : 1
weight : 1
noise : 1
mean_count : 1
p_none : 1
p_silent : 1
steady : 1
per_bin : Hz
rate : Hz
release : 1
u_mean : 1
x_mean : 1
share : 1
column : integer (constant)
"""

# 'unit' is ampere for exponential, volt for instantaneous synapses
EXPONENTIAL_STEP = """
moved = v_l + keep_v * (v - v_l) + per_current * arriving{noise} + steady * per_mean
v = moved * int(refractory_left <= 0) + v_reset * int(refractory_left > 0)
refractory_left = refractory_left - 1
arriving = keep_current * arriving{poisson}
"""

INSTANTANEOUS_STEP = """
moved = v_l + keep_v * (v - v_l) + steady * per_mean + arriving{noise}{poisson}
v = moved * int(refractory_left <= 0) + v_reset * int(refractory_left > 0)
refractory_left = refractory_left - 1
arriving = 0*volt
"""

RELEASE = """
u = utilisation + (u - utilisation) * exp(-(t - last_spike) / tau_facilitation)
x = 1 + (x - 1) * exp(-(t - last_spike) / tau_depression)
u = u + utilisation * (1 - u)
sent = emit(number, t_in_timesteps, u * x)
x = x - u * x
last_spike = t
"""

TALLY = """
sent = tally(pool, utilisation + (u - utilisation) * exp(-(t - last_spike) / tau_facilitation), \
1 + (x - 1) * exp(-(t - last_spike) / tau_depression))
"""


@dataclass
class Sparse:
    """A built network and the objects whose values are set or read."""

    network: b2.Network
    groups: dict[str, b2.NeuronGroup]
    rates: b2.StateMonitor
    recorded: tuple[str, ...]
    spikes: dict[str, b2.SpikeMonitor]


def build(circuit: SparseCircuit, dt_ms: float, record_dt_ms: float, record_spikes: bool) -> Sparse:
    """Build the network; values that may be swapped are left at zero.

    Must be called with the wanted Brian2 device active.
    """
    dt = dt_ms * b2.ms
    b2.defaultclock.dt = dt
    draws = poisson_draws(circuit, dt_ms)
    plastic = any(p.plasticity for p in circuit.projections)
    pools = _pools(circuit, dt, record_dt_ms, max(draws, 1), plastic)
    order, first = numbering(circuit)
    cells = [k for k in order if isinstance(circuit.populations[k].neuron, CurrentNeuron)]
    trains = [k for k in order if k not in cells]
    groups = {"pools": pools, "neurons_1": _neurons(circuit, dt_ms, pools, cells, draws)}
    if trains:
        groups["sources"] = _sources(circuit, pools, trains, int(first[trains[0]]))
    spikes = {}
    for name in list(groups)[1:]:
        if plastic:
            groups[name].run_regularly(TALLY, dt=record_dt_ms * b2.ms, when="start", order=-2)
        if record_spikes:
            spikes[name] = b2.SpikeMonitor(groups[name], name=f"spikes_{name}")
    recorded = RATES if plastic else RATES[:1]
    rates = b2.StateMonitor(
        pools, recorded, record=True, dt=record_dt_ms * b2.ms, when="start", order=3, name="rates"
    )
    clerk = b2.NeuronGroup(1, "now : 1", name="clerk")
    clerk.run_regularly("now = report_progress(t/second)", dt=20 * b2.ms, when="before_start")
    # exponential: after the step of the neurons, as an addition to their current
    when = "start" if circuit.instantaneous else "synapses"
    clerk.run_regularly("now = deliver(t_in_timesteps)", when=when, order=4)
    clerk.namespace.update(
        report_progress=functions.report_progress,
        drive_value=functions.drive_value,
        deliver=sparse_functions.deliver_into("_array_neurons_1_arriving"),
    )
    objects = [*groups.values(), rates, *spikes.values()]
    return Sparse(b2.Network(objects, clerk), groups, rates, recorded, spikes)


def _pools(circuit: SparseCircuit, dt, record_dt_ms: float, draws: int, plastic: bool) -> b2.NeuronGroup:
    n = len(circuit.populations)
    taken = sparse_functions.taken
    pools = b2.NeuronGroup(
        n,
        POOL_EQUATIONS,
        name="pools",
        namespace={
            "step": dt / draws,
            "draws": draws,
            "columns": n,
            "drive_value": functions.drive_value,
            **{f"take_{name}": function for name, function in taken.items()},
        },
    )
    pools.column = np.arange(n)
    pools.per_bin = 1e3 / (record_dt_ms * np.array([p.size for p in circuit.populations])) * b2.Hz
    pools.share = 1.0 / np.array([p.size for p in circuit.populations])
    pools.run_regularly(
        """
        mean_count = (background + drive_value(0, column, t/second) * Hz) * step
        p_none = exp(-mean_count)
        p_silent = exp(-draws * mean_count)
        steady = mean + drive_value(0, column + columns, t/second)
        """,
        dt=1 * b2.ms,
        when="start",
    )
    take = "rate = take_count(column) * per_bin"
    if plastic:
        take += """
        release = take_release(column) * share
        u_mean = take_u(column) * share
        x_mean = take_x(column) * share
        """
    pools.run_regularly(take, dt=record_dt_ms * b2.ms, when="start", order=2)
    return pools


def _neurons(circuit: SparseCircuit, dt_ms: float, pools, members: list[int], draws: int):
    populations = [circuit.populations[m] for m in members]
    sizes = [p.size for p in populations]
    pool = np.repeat(members, sizes)
    noisy = any(p.background.noise_sd_mv for p in populations)
    given = _Values()
    unit = b2.volt if circuit.instantaneous else b2.amp
    for name, values, of in _propagators(circuit, populations, dt_ms):
        given.add(name, values, of)
    plastic = _plasticity(circuit, populations, given)
    linked = ["steady", *(["noise"] if noisy else []), *(["mean_count", "p_none", "weight"] if draws else [])]
    equations = [
        "v : volt",
        f"arriving : {'volt' if circuit.instantaneous else 'amp'}",
        "refractory_left : 1",
        "stream : integer",
        "pool : integer (constant)",
        "number : integer (constant)",
        *(f"{name} : 1 (linked)" for name in linked),
        *given.equations,
        *(["u : 1", "x : 1", "last_spike : second"] if plastic else []),
    ]
    release = RELEASE if plastic else "sent = emit(number, t_in_timesteps, 1.0)"
    group = b2.NeuronGroup(
        int(pool.size),
        "\n".join(equations),
        threshold="v >= v_th",
        reset=f"v = v_reset\nrefractory_left = steps_refractory\n{release}",
        name="neurons_1",
        namespace={
            **given.shared,
            "unit": unit,
            "poisson_count": functions.poisson_count,
            "normal_draw": sparse_functions.normal_draw,
            "emit": sparse_functions.emit,
            "tally": sparse_functions.tally,
            "watch": functions.watch,
        },
    )
    group.pool, group.number = pool, np.arange(pool.size)
    given.set(group, sizes, plastic)
    for name in linked:
        setattr(group, name, b2.linked_var(pools, name, index=pool))
    counts = " + ".join(
        f"poisson_count(stream, {draws} * t_in_timesteps + {draw}, mean_count, p_none)"
        for draw in range(draws)
    )
    step = INSTANTANEOUS_STEP if circuit.instantaneous else EXPONENTIAL_STEP
    group.run_regularly(
        step.format(
            noise=" + noise * per_noise * normal_draw(stream, t_in_timesteps)" if noisy else "",
            poisson=f" + weight * unit * ({counts})" if draws else "",
        ),
        when="groups",
        order=1,
    )
    group.run_regularly("v = v * watch(v/volt, pool, t/second)", dt=20 * b2.ms, when="end")
    return group


def _sources(circuit: SparseCircuit, pools, members: list[int], first: int):
    populations = [circuit.populations[m] for m in members]
    sizes = [p.size for p in populations]
    pool = np.repeat(members, sizes)
    given = _Values()
    plastic = _plasticity(circuit, populations, given)
    group = b2.NeuronGroup(
        int(pool.size),
        "\n".join(
            [
                "stream : integer\npool : integer (constant)\nnumber : integer (constant)",
                "p_silent : 1 (linked)",
                *given.equations,
                *(["u : 1", "x : 1", "last_spike : second"] if plastic else []),
            ]
        ),
        threshold="poisson_count(stream, t_in_timesteps, 0.0, p_silent) > 0",
        reset=RELEASE if plastic else "sent = emit(number, t_in_timesteps, 1.0)",
        name="sources",
        namespace={
            **given.shared,
            "poisson_count": functions.poisson_count,
            "emit": sparse_functions.emit,
            "tally": sparse_functions.tally,
        },
    )
    group.pool, group.number = pool, first + np.arange(pool.size)
    group.p_silent = b2.linked_var(pools, "p_silent", index=pool)
    given.set(group, sizes, plastic)
    return group


class _Values:
    """Values of populations: a constant of the group where all agree, a variable of the neurons else."""

    def __init__(self) -> None:
        self.shared: dict[str, Any] = {}
        self.each: dict[str, np.ndarray] = {}
        self.units: dict[str, Any] = {}
        self.equations: list[str] = []

    def add(self, name: str, values, unit) -> None:
        """Give one value a population, in `unit`."""
        if len(set(values)) == 1:
            self.shared[name] = float(values[0]) * unit
            return
        self.each[name], self.units[name] = np.array(values, dtype=float), unit
        dimension = next(x for x in DIMENSIONS if b2.have_same_dimensions(unit, DIMENSIONS[x]))
        self.equations.append(f"{name} : {dimension} (constant)")

    def set(self, group, sizes: list[int], plastic: bool) -> None:
        """Hand the values to the neurons of a group."""
        for name, values in self.each.items():
            setattr(group, name, np.repeat(values, sizes) * self.units[name])
        if plastic:
            group.u, group.x, group.last_spike = "utilisation", 1, -1e3 * b2.second


def _propagators(circuit: SparseCircuit, populations, dt_ms: float):
    """(name, value of each population, unit) of the exact solution over a step."""
    cells = [p.neuron for p in populations]
    keep = [math.exp(-dt_ms / n.tau_m_ms) for n in cells]
    yield "keep_v", keep, 1
    yield "v_l", [n.e_l_mv for n in cells], b2.mV
    yield "v_th", [n.v_th_mv for n in cells], b2.mV
    yield "v_reset", [n.v_reset_mv for n in cells], b2.mV
    yield "steps_refractory", [round(n.tau_ref_ms / dt_ms) for n in cells], 1
    yield "per_noise", [math.sqrt((1 - k * k) / 2) for k in keep], b2.volt
    if circuit.instantaneous:
        yield "per_mean", [1 - k for k in keep], b2.volt
        return
    yield (
        "per_mean",
        [(1 - k) * 1e9 * n.tau_m_ms / n.c_m_pf for k, n in zip(keep, cells, strict=True)],
        b2.volt,
    )
    synaptic = [math.exp(-dt_ms / n.tau_syn_ms) for n in cells]
    yield "keep_current", synaptic, 1
    per_current = [
        1e9 * n.tau_syn_ms * n.tau_m_ms / (n.c_m_pf * (n.tau_m_ms - n.tau_syn_ms)) * (k - s)
        for n, k, s in zip(cells, keep, synaptic, strict=True)
    ]
    yield "per_current", per_current, b2.ohm


def _plasticity(circuit: SparseCircuit, populations, given: _Values) -> bool:
    """Add the values of plasticity, neutral where a population has none; say whether the circuit has any."""
    sets = {p.source: p.plasticity for p in circuit.projections if p.plasticity}
    if not sets:
        return False
    own = [sets.get(p.name) for p in populations]
    given.add("utilisation", [q.utilisation if q else 0.0 for q in own], 1)
    given.add("tau_facilitation", [q.tau_facilitation_ms if q else 1.0 for q in own], b2.ms)
    given.add("tau_depression", [q.tau_depression_ms if q else 1.0 for q in own], b2.ms)
    return True
