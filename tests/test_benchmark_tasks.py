"""The benchmark of the tasks: what it reports follows from its timings."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from bridges.tasks import PVT, SART
from studies.benchmark import tasks
from studies.benchmark.base import BenchmarkSetting


@pytest.fixture
def two_tasks(monkeypatch):
    monkeypatch.setattr(tasks, "TASKS", {"sart": SART, "pvt": PVT})
    for name in ("QUICK_TRIALS", "QUICK_DENSE_TRIALS"):
        monkeypatch.setattr(tasks, name, 500)


def test_readings_follow_from_the_timings(two_tasks):
    outcome = tasks.BENCHMARK.run(BenchmarkSetting(quick=True))
    timings = outcome.tables["tasks"]
    readings = {one.name: one for one in outcome.readings}
    assert set(readings) == {"tasks.trials_per_s.sart", "tasks.trials_per_s.pvt", "tasks.arrays_per_s.sart"}
    assert "tasks.ratio_neurogym" in outcome.skipped
    assert (timings["per_s"] > 0).all() and (timings["trials"] > 100).all()
    sart = timings[(timings["task"] == "sart") & (timings["kind"] == "tables")]["per_s"]
    assert readings["tasks.trials_per_s.sart"].value == pytest.approx(sart.median())
    assert readings["tasks.trials_per_s.sart"].spread == (sart.min(), sart.max())
    assert readings["tasks.trials_per_s.sart"].low == 1e6
    assert readings["tasks.trials_per_s.pvt"].low is None
    slowest = timings[timings["kind"] == "tables"].groupby("task")["per_s"].median().idxmin()
    assert f"slowest task is {slowest}" in outcome.notes[0]
    (drawn,) = outcome.figures(outcome.tables)
    assert set(drawn.data["task"]) == {"sart", "pvt"}
    plt.close(drawn.figure)


def test_ratio_is_taken_turn_by_turn():
    rows = [
        {"kind": kind, "task": task, "turn": turn, "trials": 1, "per_s": rate, "version": "2.3.1"}
        for kind, task, rates in (
            ("tables", "sart", (4e6, 1e6, 3e6)),
            ("arrays", "sart", (2e5, 2e5, 1e5)),
            ("neurogym", "gonogo", (1e5, 5e4, 5e4)),
        )
        for turn, rate in enumerate(rates)
    ]
    readings = {one.name: one for one in tasks._against_neurogym(pd.DataFrame(rows))}
    assert readings["tasks.neurogym_per_s"].value == 5e4
    assert readings["tasks.ratio_neurogym"].value == 40.0
    assert readings["tasks.ratio_neurogym"].spread == (20.0, 60.0)
    assert readings["tasks.ratio_neurogym_arrays"].value == 2.0


def test_script_of_the_other_environment_needs_nothing_of_ours():
    text = (tasks.Path(tasks.__file__).with_name("tasks_neurogym.py")).read_text()
    assert not {"bridges", "studies", "neurosim", "ann"} & {
        line.split()[1].split(".")[0]
        for line in text.splitlines()
        if line.strip().startswith(("import ", "from "))
    }
