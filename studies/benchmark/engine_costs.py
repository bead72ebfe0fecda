"""What the engine costs besides simulating: starting a known circuit, and memory over many sessions.

Run as a module, it is the process that is measured.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

import numpy as np

from studies.benchmark.base import Reading, child_cpu_s

__all__ = ["memory_growth", "warm_start"]

GOAL_START_S = 1.0
GOAL_GROWTH_MB = 5.0
SHORT_S = 0.2


def warm_start(repeats: int) -> Reading:
    """CPU time of a call of the engine in a fresh process, on a known circuit with a new w+.

    Its 0.2 s of model time cost 0.02 s of CPU time; the rest is the start.
    """
    costs = [_said("start", 1.7 - 0.01 * turn)["cpu_s"] for turn in range(repeats + 1)]
    # the first one may have compiled the program
    later = np.array(costs[1:])
    return Reading(
        "engine.warm_start_s",
        float(np.median(later)),
        None,
        GOAL_START_S,
        "s",
        "fresh process, circuit compiled before, new parameters, 0.2 s of model time; CPU time of the call, "
        "Python's own start and imports apart",
        (float(later.min()), float(later.max())),
        repeats,
    )


def memory_growth(sessions: int) -> Reading:
    """Growth of the resident memory of one process over many sessions, per 1,000."""
    said = _said("sessions", sessions)
    growth = 1000.0 * (said["end_mb"] - said["start_mb"]) / sessions
    return Reading(
        "engine.memory_growth_mb_per_1000",
        growth,
        None,
        GOAL_GROWTH_MB,
        "MB",
        f"resident memory of a process over {sessions} sessions of the decision circuit with changing "
        "weights, after a tenth as many to warm up",
    )


def _said(what: str, value: float) -> dict[str, float]:
    said = child_cpu_s([sys.executable, "-m", "studies.benchmark.engine_costs", what, str(value)])[2]
    return json.loads(said.strip().splitlines()[-1])


def _simulate(w_plus: float, seed: int) -> None:
    from neurosim.circuits.decision import DecisionParameters, decision_circuit
    from neurosim.drive import Drive
    from neurosim.engine import simulate

    circuit = decision_circuit(DecisionParameters(w_plus=w_plus))
    simulate([circuit], [Drive.constant({}, SHORT_S)], [seed], width=1)


def _start(w_plus: float) -> dict[str, float]:
    # imported before the clock starts
    import neurosim.circuits.decision
    import neurosim.engine  # noqa: F401

    before = _cpu_s()
    _simulate(w_plus, 1)
    return {"cpu_s": _cpu_s() - before}


def _sessions(number: float) -> dict[str, float]:
    warm_up = round(number) // 10
    start = 0.0
    for seed in range(round(number) + warm_up):
        if seed == warm_up:
            start = _resident_mb()
        _simulate(1.7 - 1e-4 * (seed % 10), seed)
    return {"start_mb": start, "end_mb": _resident_mb()}


def _cpu_s() -> float:
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        used = resource.getrusage(who)
        total += used.ru_utime + used.ru_stime
    return total


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


if __name__ == "__main__":
    print(json.dumps({"start": _start, "sessions": _sessions}[sys.argv[1]](float(sys.argv[2]))))
