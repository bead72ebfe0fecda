"""How an engine wears: memory over many sessions in one process, and the time to start a known circuit."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from neurosim.circuit import Circuit
from neurosim.drive import Drive
from neurosim.engine import simulate

__all__ = ["memory_growth_mb", "resident_mb", "warm_start_s"]

_START = """
import json, pickle, sys
from neurosim.engine import simulate
circuit, drive = pickle.load(sys.stdin.buffer)
simulate([circuit], [drive], [1], target="cpp")
"""


def resident_mb() -> float:
    """Memory that this process holds now (MB).

    Raises
    ------
    RuntimeError
        If the system does not tell (no /proc).
    """
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
    except OSError:
        raise RuntimeError("resident memory is read from /proc, which this system does not have") from None
    import resource

    return int(pages) * resource.getpagesize() / 1e6


def memory_growth_mb(
    sessions: int,
    circuit: Circuit,
    duration_s: float = 0.02,
    settle: int = 20,
    progress: Callable[[float], None] = lambda fraction: None,
) -> float:
    """Growth of this process's memory over many short sessions of one circuit, one call each (MB).

    Parameters
    ----------
    sessions
        How many are counted.
    circuit
        Simulated with no input.
    duration_s
        Length of each (s).
    settle
        Sessions before the first reading, in which imports and caches fill.
    progress
        Called with the fraction done.

    Raises
    ------
    ValueError
        If no session is counted.
    """
    if sessions < 1:
        raise ValueError(f"sessions = {sessions}, must be at least 1")
    drive = Drive.constant(dict.fromkeys(circuit.channels, 0.0), duration_s)
    for seed in range(settle):
        simulate([circuit], [drive], [seed])
    before = resident_mb()
    for seed in range(sessions):
        simulate([circuit], [drive], [seed])
        progress((seed + 1) / sessions)
    return resident_mb() - before


def warm_start_s(circuit: Circuit) -> tuple[float, float]:
    """Time from a call with new weights to the first step of a circuit that was compiled before (s).

    Returns
    -------
    tuple
        In this process, and in a fresh Python process with its imports.
    """
    drive = Drive.constant(dict.fromkeys(circuit.channels, 0.0), 1e-4)
    simulate([circuit], [drive], [0], target="cpp")
    start = time.perf_counter()
    simulate([circuit], [drive], [1], target="cpp")
    here = time.perf_counter() - start

    import pickle

    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", _START], input=pickle.dumps((circuit, drive)), check=True)
    return here, time.perf_counter() - start
