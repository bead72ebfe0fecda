"""Engine: circuits and drives in, recordings out; compiled where a compiler is found.

Participants are simulated side by side in one network. The result for a participant depends on its
circuit, drive and seed alone, not on who is beside it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from neurosim.circuit import Circuit
from neurosim.drive import Drive
from neurosim.recording import Recording, rates_dataset

__all__ = ["TOLD", "DivergedError", "announce", "simulate"]

log = logging.getLogger(__name__)

Target = Literal["auto", "cpp", "numpy"]

TOLD = "NEUROSIM_TOLD_NO_COMPILER"
"""Set in the environment once the missing compiler has been reported."""


class DivergedError(RuntimeError):
    """A simulation left the finite range; names population, participant and time."""


def simulate(
    circuits: Sequence[Circuit],
    drives: Sequence[Drive],
    seeds: Sequence[int],
    *,
    dt_ms: float = 0.1,
    record_dt_ms: float = 20.0,
    record_spikes: bool = False,
    width: int = 4,
    target: Target = "auto",
    progress: Callable[[float], None] = lambda fraction: None,
) -> list[Recording]:
    """Simulate one participant for each circuit, drive and seed.

    Parameters
    ----------
    circuits
        One circuit a participant, all of the same structure; weights, conductances and rates may differ.
    drives
        Input to each; may differ in length.
    seeds
        Seed of each: its background noise and initial state.
    dt_ms
        Time step (ms).
    record_dt_ms
        Step of the recorded population rates (ms).
    record_spikes
        Keep every spike (memory grows with neurons and time).
    width
        Largest number of participants in one network.
    target
        ``"cpp"`` compiles, ``"numpy"`` runs Brian2's own loop (slow), ``"auto"`` compiles if it can.
    progress
        Called with the fraction done.

    Raises
    ------
    ValueError
        If the lists differ in length, or the circuits in structure.
    DivergedError
        If a membrane potential leaves the finite range.
    """
    if not len(circuits) == len(drives) == len(seeds):
        raise ValueError(
            f"one circuit, drive and seed a participant; got {len(circuits)}, {len(drives)}, {len(seeds)}"
        )
    if len({c.structure_digest for c in circuits}) > 1:
        raise ValueError(
            "circuits of one call must share their structure: populations, pairs, receptors, kernels, readout"
        )
    for drive in drives:
        unknown = sorted(set(drive.channels) - set(circuits[0].channels))
        if unknown:
            raise ValueError(
                f"unknown input channels {unknown}; the circuit has {list(circuits[0].channels)}"
            )
    run = _compiled if _compiles(target) else _interpreted
    recordings: list[Recording] = []
    for start in range(0, len(circuits), width):
        batch = slice(start, min(start + width, len(circuits)))

        def tell(fraction: float, done: int = start, size: int = batch.stop - start) -> None:
            progress((done + fraction * size) / len(circuits))

        try:
            recordings += run(
                circuits[batch], drives[batch], seeds[batch], dt_ms, record_dt_ms, record_spikes, tell
            )
        except RuntimeError as error:
            raise _named(error, circuits[0], start) from None
    progress(1.0)
    return recordings


def announce() -> None:
    """Say if simulations will not be compiled: one line, for this process and all that it starts after."""
    from neurosim.engine import standalone

    if standalone.compiler() is None and TOLD not in os.environ:
        os.environ[TOLD] = "1"
        log.warning(
            "no C++ compiler with make was found: falling back to Brian2's NumPy target, which is much slower"
        )


def _compiles(target: Target) -> bool:
    from neurosim.engine import standalone

    if target not in ("auto", "cpp", "numpy"):
        raise ValueError(f"unknown target {target!r}; known are 'auto', 'cpp', 'numpy'")
    if target == "numpy":
        return False
    if standalone.compiler():
        return True
    if target == "cpp":
        raise RuntimeError("no C++ compiler with make was found; install g++ and make, or use target='numpy'")
    announce()
    return False


def _compiled(circuits, drives, seeds, dt_ms, record_dt_ms, record_spikes, progress) -> list[Recording]:
    from neurosim.engine import exchange, standalone

    stop_s = max(d.duration_s for d in drives)
    program = standalone.program(circuits[0], len(circuits), dt_ms, record_dt_ms, record_spikes)
    tables = [exchange.rate_columns(c, d) for c, d in zip(circuits, drives, strict=True)]

    def write(path: Path) -> None:
        rings, inputs = exchange.links(circuits, dt_ms), exchange.courses(circuits, drives, dt_ms)
        exchange.write_drives(path, tables, stop_s, rings, inputs)

    values = exchange.values(circuits, seeds, dt_ms)
    out = program.run(values, write, lambda t: progress(min(t / stop_s, 1.0)))
    return _recordings(out, circuits[0], drives, record_spikes)


def _interpreted(circuits, drives, seeds, dt_ms, record_dt_ms, record_spikes, progress) -> list[Recording]:
    from neurosim.engine import interpreted

    stop_s = max(d.duration_s for d in drives)
    out = interpreted.run(
        circuits, drives, seeds, stop_s, dt_ms, record_dt_ms, record_spikes,
        lambda t: progress(min(t / stop_s, 1.0)),
    )  # fmt: skip
    return _recordings(out, circuits[0], drives, record_spikes)


def _named(error: RuntimeError, circuit: Circuit, start: int) -> RuntimeError:
    words = str(error).rsplit("diverged ", 1)
    if len(words) < 2:
        return error
    pool, time_s = words[1].split()[:2]
    participant, population = divmod(int(pool), len(circuit.names))
    return DivergedError(
        f"simulation of {circuit.name!r} diverged at {float(time_s):.3f} s in population "
        f"{circuit.names[population]!r} (participant {start + participant}): "
        "a conductance or rate is too large for the time step"
    )


def _recordings(out, circuit: Circuit, drives: Sequence[Drive], record_spikes: bool) -> list[Recording]:
    n = len(circuit.names)
    names = np.array(circuit.names, dtype=object)
    recordings = []
    for p, drive in enumerate(drives):
        inside = out["rate_t"] < drive.duration_s - 1e-9
        rates = rates_dataset(out["rate_t"][inside], out["rate"][inside, p * n : (p + 1) * n], circuit.names)
        mine = (out["response_i"] // n == p) & (out["response_t"] < drive.duration_s)
        spikes = _spikes(out, circuit, p, drive) if record_spikes else {}
        recordings.append(
            Recording(rates, out["response_t"][mine], names[out["response_i"][mine] % n], spikes)
        )
    return recordings


def _spikes(out, circuit: Circuit, participant: int, drive: Drive):
    from neurosim.engine import exchange

    spikes = {}
    for k, members in enumerate(exchange.by_neuron(circuit).values(), start=1):
        sizes = [circuit.populations[m].size for m in members]
        start = participant * sum(sizes)
        for member, size in zip(members, sizes, strict=True):
            own = (out[f"spike_i_{k}"] >= start) & (out[f"spike_i_{k}"] < start + size)
            own &= out[f"spike_t_{k}"] < drive.duration_s
            spikes[circuit.names[member]] = (out[f"spike_t_{k}"][own], out[f"spike_i_{k}"][own] - start)
            start += size
    return spikes
