"""What goes into a run: values by name and drives as a file. Needs no Brian2, so a warm start is quick."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurosim.circuit import RECEPTORS, Circuit, Projection
from neurosim.drive import Drive
from neurosim.parameters import NeuronParameters, mean_over_step
from neurosim.ring import directions_deg

__all__ = [
    "OWN",
    "Course",
    "Link",
    "by_neuron",
    "courses",
    "links",
    "projections",
    "rate_columns",
    "values",
    "write_drives",
]

OWN = {"current": ("current",), "rate": ("mean_own", "p_own")}
"""Variables of a neuron that carry an input of its own."""


def by_neuron(circuit: Circuit) -> dict[tuple[NeuronParameters, float], list[int]]:
    """Numbers of the populations that share a kind of neuron and of external synapse (nS), by kind."""
    kinds: dict[tuple[NeuronParameters, float], list[int]] = {}
    for index, population in enumerate(circuit.populations):
        kinds.setdefault((population.neuron, population.g_ext_ns), []).append(index)
    return kinds


def projections(circuit: Circuit, receptor: str) -> list[Projection]:
    """Flat projections of one receptor, in the order in which they are wired."""
    return [p for p in circuit.projections if p.receptor == receptor and p.kernel is None]


@dataclass(frozen=True, eq=False)
class Link:
    """A ring projection of one participant: where its neurons lie, and what a spike adds to whom.

    A spike of source neuron s adds `weight` rows[r, u : u + size] to the targets, with r and u from
    `row`: a row is one turn of the circle written twice, so that every rotation of it is one stretch.
    """

    source_group: int
    source_start: int
    source_size: int
    target_group: int
    target_start: int
    target_size: int
    receptor: int
    weight: float
    follows: float
    rows: np.ndarray

    def row(self, neuron: int) -> tuple[int, int]:
        """Row and first column for a source neuron, counted from the start of its population."""
        turn, phase = divmod(neuron * self.target_size, self.source_size)
        step = math.gcd(self.target_size, self.source_size)
        return phase // step, (self.target_size - turn) % self.target_size


@dataclass(frozen=True, eq=False)
class Course:
    """An input that differs between the neurons of a population: rows[which[c]] from times_s[c] on."""

    group: int
    start: int
    variable: str
    times_s: np.ndarray
    which: np.ndarray
    rows: np.ndarray


def _places(circuit: Circuit) -> dict[str, tuple[int, int, int]]:
    """Population name -> its group (from 1), its place there, and the neurons of one participant there."""
    places = {}
    for k, members in enumerate(by_neuron(circuit).values(), start=1):
        sizes = [circuit.populations[m].size for m in members]
        for member, start in zip(members, np.concatenate([[0], np.cumsum(sizes)]), strict=False):
            places[circuit.names[member]] = (k, int(start), sum(sizes))
    return places


def links(circuits: Sequence[Circuit], dt_ms: float) -> list[Link]:
    """Every ring projection of every participant, with weights as `values` gives them."""
    places = _places(circuits[0])
    size = {p.name: p.size for p in circuits[0].populations}
    out = []
    for number, circuit in enumerate(circuits):
        for p in circuit.projections:
            if p.kernel is None:
                continue
            ns, nt = size[p.source], size[p.target]
            phases = ns // math.gcd(ns, nt)
            lags = (np.arange(2 * nt) % nt)[None, :] - np.arange(phases)[:, None] / phases
            (k, start, own), (kt, start_t, own_t) = places[p.source], places[p.target]
            rows = p.kernel.weight(lags * 360.0 / nt)
            out.append(
                Link(
                    k, start + number * own, ns, kt, start_t + number * own_t, nt,
                    RECEPTORS.index(p.receptor), _weight(circuit, p, dt_ms), p.arousal, rows,
                )
            )  # fmt: skip
    return out


def courses(circuits: Sequence[Circuit], drives: Sequence[Drive], dt_ms: float) -> list[Course]:
    """What the drives inject into, or add to the external rate of, single neurons."""
    places = _places(circuits[0])
    out = []
    for number, (circuit, drive) in enumerate(zip(circuits, drives, strict=True)):
        for population in circuit.populations:
            mine = [i for i in circuit.inputs if i.target == population.name]
            kinds = {kind for i in mine for kind in i.per_neuron}
            k, start, own = places[population.name]
            for kind in sorted(kinds):
                parts = [i for i in mine if kind in i.per_neuron]
                which, rows = _rows(parts, kind, drive, population.size)
                if kind == "current":
                    tables = {"current": rows * 1e-9}
                else:
                    mean = rows * dt_ms * 1e-3
                    tables = {"mean_own": mean, "p_own": np.exp(-mean)}
                for variable, table in tables.items():
                    out.append(Course(k, start + number * own, variable, drive.times_s, which, table))
    return out


def _rows(parts, kind: str, drive: Drive, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Number of the row (change,) and the rows (row, neuron): rate in Hz or current in nA."""
    n = drive.times_s.size
    amounts, angles = np.zeros((n, len(parts))), np.zeros((n, len(parts)))
    for j, part in enumerate(parts):
        if part.channel in drive.channels:
            column = drive.channels.index(part.channel)
            amount = part.current_na if kind == "current" else part.rate_hz
            amounts[:, j] = amount * drive.levels[:, column] * (1.0 + part.arousal * (drive.arousal - 1.0))
            if drive.angles_deg is not None:
                angles[:, j] = drive.angles_deg[:, column]
    # a session repeats few states many times
    states, which = np.unique(np.hstack([amounts, angles]), axis=0, return_inverse=True)
    rows = np.zeros((len(states), size))
    preferred = directions_deg(size)
    for row, state in zip(rows, states, strict=True):
        for part, amount, angle in zip(parts, state[: len(parts)], state[len(parts) :], strict=True):
            row += amount * (1.0 if part.profile is None else part.profile.shape(preferred - angle))
    return which.ravel(), rows


def _weight(circuit: Circuit, projection: Projection, dt_ms: float) -> float:
    """Conductance (siemens) that, held over each step, carries the charge of the equations within it."""
    return projection.g_ns * 1e-9 * projection.weight * circuit.receptors.held(projection.receptor, dt_ms)


def values(circuits: Sequence[Circuit], seeds: Sequence[int], dt_ms: float) -> dict[str, np.ndarray]:
    """Values that differ between runs of one compiled network, named ``group.variable``, in SI units.

    A step reads conductances at its start; they are scaled to their mean over it (`Receptors.held`).
    """
    first = circuits[0]
    sizes = np.array([p.size for p in first.populations])
    out: dict[str, list] = {"pools.background": [], "pools.kick": [], "pools.theta": [], "pools.g_reset": []}
    out["pools.dead_time"] = []
    for circuit in circuits:
        r = circuit.readout
        out["pools.background"] += [p.background_hz for p in circuit.populations]
        out["pools.kick"] += list(1.0 / (sizes * r.tau_ms * 1e-3))
        out["pools.theta"] += [r.threshold_hz if n in r.populations else 1e9 for n in circuit.names]
        reset = r.reset_ns * 1e-9 * mean_over_step(r.tau_reset_ms, dt_ms)
        out["pools.g_reset"] += [reset if n in r.resets else 0.0 for n in circuit.names]
        out["pools.dead_time"] += [r.dead_time_ms * 1e-3] * len(circuit.names)
        for receptor in ("ampa", "nmda", "gaba"):
            mine = projections(circuit, receptor)
            if mine:
                out.setdefault(f"wiring_{receptor}.w", []).extend(_weight(circuit, p, dt_ms) for p in mine)
                out.setdefault(f"wiring_{receptor}.follows", []).extend(p.arousal for p in mine)
    for k, ((kind, _), members) in enumerate(by_neuron(first).items(), start=1):
        start = np.concatenate([[0], np.cumsum(sizes)])
        own = np.concatenate([np.arange(start[m], start[m + 1]) for m in members])
        streams, potentials = [], []
        for seed in seeds:
            sequence = np.random.SeedSequence(seed)
            everyone = sequence.generate_state(int(sizes.sum()), np.uint32).view(np.int32)
            v0 = np.random.default_rng(sequence.spawn(1)[0]).uniform(
                kind.v_reset_mv, kind.v_th_mv, sizes.sum()
            )
            streams.append(everyone[own])
            potentials.append(v0[own] * 1e-3)
        out[f"neurons_{k}.stream"] = list(np.concatenate(streams))
        out[f"neurons_{k}.v"] = list(np.concatenate(potentials))
    return {
        name: np.array(v, dtype=np.int32 if name.endswith("stream") else float) for name, v in out.items()
    }


def write_drives(
    path: Path,
    tables: list[tuple[np.ndarray, np.ndarray]],
    stop_s: float,
    ring_links: Sequence[Link] = (),
    inputs: Sequence[Course] = (),
) -> None:
    """Write for the C++ side: rate tables (times (change,), values (change, column)), links, inputs."""
    if sys.byteorder != "little":
        raise RuntimeError("compiled simulations need a little-endian machine; use target='numpy'")
    with open(path, "wb") as file:

        def whole(*numbers: int) -> None:
            np.array(numbers, dtype="<i8").tofile(file)

        def real(array) -> None:
            np.asarray(array, dtype="<f8").tofile(file)

        whole(len(tables), tables[0][1].shape[1])
        real([stop_s])
        for times, values in tables:
            whole(times.size)
            real(times)
            real(values)
        whole(len(ring_links))
        for x in ring_links:
            whole(x.source_group, x.source_start, x.source_size, x.target_group, x.target_start)
            whole(x.target_size, x.receptor, len(x.rows))
            real([x.weight, x.follows])
            real(x.rows)
        whole(len(inputs))
        variables = [name for names in OWN.values() for name in names]
        for c in inputs:
            whole(c.group, c.start, variables.index(c.variable), c.times_s.size, *c.rows.shape)
            real(c.times_s)
            c.which.astype("<i8").tofile(file)
            real(c.rows)


def rate_columns(circuit: Circuit, drive: Drive) -> tuple[np.ndarray, np.ndarray]:
    """Change points (change,) and their values (change, population + 1): added rates (Hz), then arousal."""
    values = np.zeros((drive.times_s.size, len(circuit.names) + 1))
    for source in circuit.inputs:
        if source.channel in drive.channels and "rate" not in source.per_neuron:
            level = drive.levels[:, drive.channels.index(source.channel)]
            follow = 1.0 + source.arousal * (drive.arousal - 1.0)
            values[:, circuit.names.index(source.target)] += level * source.rate_hz * follow
    values[:, -1] = drive.arousal
    return drive.times_s, values
