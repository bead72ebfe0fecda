"""Sessions of every task, trials a second, against the go/no-go task of neurogym."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bridges.exports.arrays import session_arrays
from bridges.tasks import TASKS
from studies.benchmark.base import (
    Benchmark,
    BenchmarkFigure,
    BenchmarkSetting,
    Outcome,
    Reading,
    child_cpu_s,
    cpu_seconds,
)

__all__ = ["BENCHMARK"]

GO_NO_GO = ("sart", "cpt_x", "grad_cpt")
GOAL_PER_S = 1e6
NEUROGYM_PER_S = 45_600.0
"""Trials a second of neurogym 2.3.1 GoNogo where the goal was set; measured anew when its Python is given."""

TRIALS, QUICK_TRIALS = 200_000, 20_000
DENSE_TRIALS, QUICK_DENSE_TRIALS = 20_000, 4_000
NEUROGYM_TRIALS, QUICK_NEUROGYM_TRIALS = 40_000, 8_000
LONGEST_S, QUICK_LONGEST_S = 1.0, 0.2
REPEATS, QUICK_REPEATS = 5, 3
DENSE_DT_S = 0.1
COLOURS = {"tables": "#D55E00", "arrays": "#E69F00", "neurogym": "#0072B2"}
WHAT = "whole sessions with events and full trial table, validated; one thread, CPU time"


def run(setting: BenchmarkSetting) -> Outcome:
    """Time all tasks, and neurogym by turns with the first of them."""
    repeats = QUICK_REPEATS if setting.quick else REPEATS
    rows: list[dict[str, object]] = []
    skipped: dict[str, str] = {}
    for turn in range(repeats):
        setting.tell(f"repetition {turn + 1} of {repeats}: {len(TASKS)} tasks")
        for name in TASKS:
            rows.append({"kind": "tables", **_tables(name, setting, turn)})
        rows.append({"kind": "arrays", **_arrays(setting, turn)})
        if setting.neurogym_python is not None:
            rows.append({"kind": "neurogym", **_neurogym(setting.neurogym_python, setting, turn)})
    timings = pd.DataFrame(rows)
    readings = [_task_reading(timings, name) for name in TASKS]
    readings.append(_reading(timings, "tasks.arrays_per_s.sart", "arrays", "sart", None, _ARRAYS))
    if setting.neurogym_python is None:
        skipped["tasks.ratio_neurogym"] = "needs --neurogym-python, a Python with neurogym"
    else:
        readings += _against_neurogym(timings)
    return Outcome(readings, {"tasks": timings}, skipped, draw_tasks, _notes(timings))


_ARRAYS = f"SART with levels, targets and mask of every {DENSE_DT_S:g} s as dense arrays besides; CPU time"


def _tables(name: str, setting: BenchmarkSetting, turn: int) -> dict[str, object]:
    """Trials a second of one task, in sessions of the standard length."""
    task = TASKS[name]()
    per_session = task.session(setting.seed).n_trials
    alone_s = cpu_seconds(lambda: task.session(setting.seed))
    # where a session costs long, as moving displays do, fewer of them tell its cost as well
    at_most = (QUICK_LONGEST_S if setting.quick else LONGEST_S) / max(alone_s, 1e-4)
    n = max(2, round(min((QUICK_TRIALS if setting.quick else TRIALS) / per_session, at_most)))
    made: list[int] = []
    cost_s = cpu_seconds(lambda: made.append(len(task.sessions(n, setting.seed + turn).trials)))
    return {"task": name, "turn": turn, "trials": made[0], "per_s": made[0] / cost_s}


def _arrays(setting: BenchmarkSetting, turn: int) -> dict[str, object]:
    """Trials a second where each becomes dense arrays as well, as neurogym's do."""
    task = TASKS["sart"]()
    n = max(1, (QUICK_DENSE_TRIALS if setting.quick else DENSE_TRIALS) // task.n_trials)
    made: list[int] = []

    def make() -> None:
        made.append(len(session_arrays(task.sessions(n, setting.seed + turn), DENSE_DT_S).trials))

    cost_s = cpu_seconds(make)
    return {"task": "sart", "turn": turn, "trials": made[0], "per_s": made[0] / cost_s}


def _neurogym(python: Path, setting: BenchmarkSetting, turn: int) -> dict[str, object]:
    """Trials a second of neurogym's GoNogo, timed by a script in its own environment."""
    n = QUICK_NEUROGYM_TRIALS if setting.quick else NEUROGYM_TRIALS
    script = Path(__file__).with_name("tasks_neurogym.py")
    said = child_cpu_s([str(python), str(script), str(n), str(setting.seed + turn)])[2]
    found = json.loads(said.strip().splitlines()[-1])
    return {
        "task": "gonogo",
        "turn": turn,
        "trials": n,
        "per_s": n / found["cpu_s"],
        "version": found["version"],
    }


def _task_reading(timings: pd.DataFrame, name: str) -> Reading:
    low = GOAL_PER_S if name in GO_NO_GO else None
    return _reading(timings, f"tasks.trials_per_s.{name}", "tables", name, low, f"{name}: {WHAT}")


def _reading(timings: pd.DataFrame, name: str, kind: str, task: str, low: float | None, what: str) -> Reading:
    values = _values(timings, kind, task)
    spread = (float(values.min()), float(values.max()))
    return Reading(name, float(np.median(values)), low, None, "1/s", what, spread, len(values))


def _against_neurogym(timings: pd.DataFrame) -> list[Reading]:
    """Their own number, and ours over it, repetition by repetition."""
    theirs = _values(timings, "neurogym", "gonogo")
    version = timings.loc[timings["kind"] == "neurogym", "version"].iloc[0]
    job = f"neurogym {version} GoNogo: new_trial(), dense observations and ground truth of 15 steps; CPU time"
    readings = [_reading(timings, "tasks.neurogym_per_s", "neurogym", "gonogo", None, job)]
    for name, kind, low in (
        ("tasks.ratio_neurogym", "tables", GOAL_PER_S / NEUROGYM_PER_S),
        ("tasks.ratio_neurogym_arrays", "arrays", None),
    ):
        ratio = _values(timings, kind, "sart") / theirs
        what = f"trials a second of SART ({kind}) over neurogym's, by turns in one run"
        spread = (float(ratio.min()), float(ratio.max()))
        readings.append(Reading(name, float(np.median(ratio)), low, None, "1", what, spread, len(ratio)))
    return readings


def _values(timings: pd.DataFrame, kind: str, task: str) -> np.ndarray:
    chosen = (timings["kind"] == kind) & (timings["task"] == task)
    return timings.loc[chosen].sort_values("turn")["per_s"].to_numpy(dtype=float)


def _notes(timings: pd.DataFrame) -> list[str]:
    medians = timings[timings["kind"] == "tables"].groupby("task")["per_s"].median()
    slowest = str(medians.idxmin())
    return [
        f"The slowest task is {slowest} with {medians.min():,.0f} trials a second.",
        "A session here is a table of events and a table of labelled trials; neurogym makes the dense "
        "observations of a trial at once. The reading of arrays makes both.",
    ]


def draw_tasks(tables: Mapping[str, pd.DataFrame]) -> Sequence[BenchmarkFigure]:
    """Bars of trials a second, fastest on top, with the range of the repetitions."""
    import matplotlib.pyplot as plt

    grouped = tables["tasks"].groupby(["kind", "task"])["per_s"]
    data = pd.DataFrame(
        {"value": grouped.median(), "low": grouped.min(), "high": grouped.max(), "n": grouped.size()}
    ).reset_index()
    data = data.sort_values("value", ascending=False, ignore_index=True)
    names = {"tables": "{}", "arrays": "{} with arrays", "neurogym": "neurogym {}"}
    figure, axes = plt.subplots(figsize=(5.2, 0.8 + 0.2 * len(data)))
    for y, row in enumerate(data.to_dict("records")):
        axes.barh(y, row["value"], color=COLOURS[row["kind"]], height=0.65)
        axes.plot([row["low"], row["high"]], [y, y], color="black", lw=1)
        # the goal line may run behind a number
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        axes.text(1.25 * row["high"], y, _short(row["value"]), va="center", bbox=paper)
    axes.axvline(GOAL_PER_S, color="black", ls=":", lw=1)
    axes.set_yticks(
        range(len(data)), [names[k].format(t) for k, t in zip(data["kind"], data["task"], strict=True)]
    )
    axes.invert_yaxis()
    axes.set(
        xscale="log",
        xlabel="trials per second of CPU time",
        xlim=(data["low"].min() / 3, 6 * data["high"].max()),
    )
    caption = (
        f"Trials that are made in a second of CPU time, one thread: {WHAT}. Blue: neurogym, where it was run "
        "by turns in its own environment. Dotted: the goal for go/no-go tasks. "
        f"Median of {int(data['n'].max())} repetitions; lines: their range."
    )
    return [BenchmarkFigure("figure1_tasks", figure, data, caption)]


def _short(value: float) -> str:
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {letter}"
    return f"{value:.3g}"


BENCHMARK = Benchmark(
    "tasks", "How many seeded, labelled trials of each task are made in a second, against neurogym.", run
)
