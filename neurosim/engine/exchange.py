"""What goes into a run: values by name and drives as a file. Needs no Brian2, so a warm start is quick."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from neurosim.circuit import Circuit, Projection
from neurosim.drive import Drive
from neurosim.parameters import NeuronParameters

__all__ = ["by_neuron", "projections", "rate_columns", "values", "write_drives"]


def by_neuron(circuit: Circuit) -> dict[NeuronParameters, list[int]]:
    """Numbers of the populations that share a kind of neuron, by kind."""
    kinds: dict[NeuronParameters, list[int]] = {}
    for index, population in enumerate(circuit.populations):
        kinds.setdefault(population.neuron, []).append(index)
    return kinds


def projections(circuit: Circuit, receptor: str) -> list[Projection]:
    """Projections of one receptor, in the order in which they are wired."""
    return [p for p in circuit.projections if p.receptor == receptor]


def values(circuits: Sequence[Circuit], seeds: Sequence[int]) -> dict[str, np.ndarray]:
    """Values that differ between runs of one compiled network, named ``group.variable``, in SI units."""
    first = circuits[0]
    sizes = np.array([p.size for p in first.populations])
    out: dict[str, list] = {"pools.background": [], "pools.kick": [], "pools.theta": [], "pools.g_reset": []}
    out["pools.dead_time"] = []
    for circuit in circuits:
        r = circuit.readout
        out["pools.background"] += [p.background_hz for p in circuit.populations]
        out["pools.kick"] += list(1.0 / (sizes * r.tau_ms * 1e-3))
        out["pools.theta"] += [r.threshold_hz if n in r.populations else 1e9 for n in circuit.names]
        out["pools.g_reset"] += [r.reset_ns * 1e-9 if n in r.resets else 0.0 for n in circuit.names]
        out["pools.dead_time"] += [r.dead_time_ms * 1e-3] * len(circuit.names)
        for receptor in ("ampa", "nmda", "gaba"):
            mine = projections(circuit, receptor)
            if mine:
                out.setdefault(f"wiring_{receptor}.w", []).extend(p.g_ns * 1e-9 * p.weight for p in mine)
                out.setdefault(f"wiring_{receptor}.follows", []).extend(p.arousal for p in mine)
    for k, (kind, members) in enumerate(by_neuron(first).items(), start=1):
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


def write_drives(path: Path, tables: list[tuple[np.ndarray, np.ndarray]], stop_s: float) -> None:
    """Write rate tables (change points (change,), values (change, column)) for the C++ side."""
    if sys.byteorder != "little":
        raise RuntimeError("compiled simulations need a little-endian machine; use target='numpy'")
    with open(path, "wb") as file:
        np.array([len(tables), tables[0][1].shape[1]], dtype="<i8").tofile(file)
        np.array([stop_s], dtype="<f8").tofile(file)
        for times, values in tables:
            np.array([times.size], dtype="<i8").tofile(file)
            times.astype("<f8").tofile(file)
            values.astype("<f8").tofile(file)


def rate_columns(circuit: Circuit, drive: Drive) -> tuple[np.ndarray, np.ndarray]:
    """Change points (change,) and their values (change, population + 1): added rates (Hz), then arousal."""
    values = np.zeros((drive.times_s.size, len(circuit.names) + 1))
    for source in circuit.inputs:
        if source.channel in drive.channels:
            level = drive.levels[:, drive.channels.index(source.channel)]
            follow = 1.0 + source.arousal * (drive.arousal - 1.0)
            values[:, circuit.names.index(source.target)] += level * source.rate_hz * follow
    values[:, -1] = drive.arousal
    return drive.times_s, values
