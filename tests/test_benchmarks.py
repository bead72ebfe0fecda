"""The benchmarks: what they declare, how they take time, and what they make of readings; nothing is timed."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neurosim.circuits.decision import decision_circuit
from studies.benchmark import NAMES, benchmark
from studies.benchmark.base import (
    BenchmarkFigure,
    BenchmarkSetting,
    Outcome,
    Reading,
    child_cpu_s,
    cpu_seconds,
    one_thread,
)
from studies.benchmark.conclusion import conclude
from studies.benchmark.spiking import _compared, _rate_notes
from studies.benchmark.spiking_figure import draw_spiking
from studies.benchmark.wang_job import ONSET_S, WARM_S, drive, job
from studies.benchmarks import Benchmarks
from studies.figures import house_style
from studies.progress import Display
from studies.provenance import Stopwatch, cpu_model
from studies.run_folder import RunFolder


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_is_found_under_its_name(name):
    one = benchmark(name)
    assert one.name == name and one.about and callable(one.run)


def test_an_unknown_benchmark_is_named_with_the_known():
    with pytest.raises(ValueError, match="unknown benchmark 'spikes'.*spiking"):
        benchmark("spikes")


def test_every_fault_of_the_command_is_named(tmp_path):
    wrong = Benchmarks(only=("spikes",), nest_python=tmp_path / "python", seed=-1)
    with pytest.raises(ValueError) as error:
        wrong.checked()
    for words in ("unknown 'spikes'", "nest_python = ", "there is no such file", "seed = -1"):
        assert words in str(error.value)
    python = Path(sys.executable)
    assert Benchmarks(nest_python=python).checked().nest_python == python


def test_cpu_time_is_counted_and_not_waiting():
    busy = cpu_seconds(lambda: sum(np.sin(np.arange(2_000_000)).tolist()))
    assert busy > 0.02
    cpu, wall, said = child_cpu_s([sys.executable, "-c", "import time; time.sleep(0.5); print('done')"])
    assert said.strip() == "done" and wall > 0.5 and cpu < 0.45


def test_a_command_that_fails_says_what_it_said():
    with pytest.raises(RuntimeError, match="no such thing"):
        child_cpu_s([sys.executable, "-c", "raise SystemExit('no such thing')"])


def test_children_are_given_one_thread():
    assert {one_thread()[name] for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")} == {"1"}


def test_the_simulators_get_the_same_trial():
    """Everything that the scripts for Brian2 and NEST read is the circuit and the drive of our own run."""
    given, ours, circuit = job(1.0, 7), drive(1.0, 7), decision_circuit()
    json.dumps(given, allow_nan=False)
    assert sum(given["sizes"].values()) == circuit.size == 2000
    assert given["stimulus_s"][0] == ONSET_S < given["warm_s"] == WARM_S
    assert (
        len(given["stimulus_s"]) == round((WARM_S + 1.0 - ONSET_S) / 0.05) and ours.duration_s == WARM_S + 1.0
    )
    np.testing.assert_allclose(given["stimulus_hz"]["left"], 40.0 * ours.levels[1:, 0])
    total = {
        receptor: sum(
            given["sizes"][p["source"]] * p["weight_ns"]
            for p in given["projections"]
            if p["target"] == "left" and p["receptor"] == receptor
        )
        for receptor in ("ampa", "nmda", "gaba")
    }
    assert total == pytest.approx({"ampa": 80.0, "nmda": 264.0, "gaba": 520.0})


class Runner:
    def __init__(self, name, e_hz, i_hz):
        self.name = name
        self.rates = {"left": e_hz, "right": e_hz, "rest": e_hz, "inhibition": i_hz}


def timings(**costs):
    rows = [(name, k, x / 50, x, x / 50) for name, values in costs.items() for k, x in enumerate(values)]
    names = ["simulator", "repetition", "cpu_s", "ns_per_neuron_step", "cpu_s_per_model_s"]
    return pd.DataFrame(rows, columns=names)


def test_ratios_are_of_runs_that_met_the_same_machine():
    table = timings(neurosim=[4.0, 8.0, 4.0], Brian2=[20.0, 44.0, 24.0], NEST=[300.0])
    runners = [Runner("neurosim", 5.0, 12.0), Runner("Brian2", 5.0, 12.0), Runner("NEST", 5.0, 12.0)]
    readings = {r.name: r for r in _compared(runners, table)}
    assert readings["spiking.ns_per_neuron_step"].value == 4.0
    assert readings["spiking.ns_per_neuron_step"].spread == (4.0, 8.0)
    # 4 ns x 2,000 neurons x 10,000 steps
    assert readings["spiking.real_time_factor"].value == pytest.approx(0.08)
    assert readings["spiking.ratio_brian2"].value == 5.5
    assert readings["spiking.ratio_nest"].value == 75.0 and readings["spiking.ratio_nest"].n == 1


def test_rates_that_do_not_match_are_said():
    notes = _rate_notes(
        [Runner("neurosim", 5.0, 12.0), Runner("Brian2", 5.2, 12.0), Runner("NEST", 5.0, 13.0)]
    )
    assert "matched within 5%" in notes[0] and "NOT" not in notes[0] and "+4.0%" in notes[0]
    assert "NOT matched within 5%" in notes[1]


def made_up(tables):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    axes.plot(tables["t"]["x"])
    return [BenchmarkFigure("figure1_made_up", figure, tables["t"], "One line, n = 2.")]


def test_what_is_made_of_readings(tmp_path):
    readings = [
        Reading("a.fast", 3.0, None, 4.0, "ns", "a job", (2.5, 3.5), 5),
        Reading("a.slow", 2.0, 5.0, None, "1", "a job", explanation="memory bounds it"),
        Reading("a.shown", 7.0, None, None, "MB", "a job"),
    ]
    table = pd.DataFrame({"x": [1.0, 2.0]})
    outcome = Outcome(readings, {"t": table}, {"a.skipped": "nothing there"}, made_up, ["A note."])
    folder = RunFolder.open(tmp_path, "benchmarks", {"x": 1}, "1")
    text = conclude(
        {"a": outcome},
        {"b": "ValueError: no"},
        folder,
        Stopwatch(folder, 1),
        Display(quiet=True),
        "How fast?",
    )
    checks = {c["name"]: c for c in json.loads((folder.path / "checks.json").read_text())}
    assert set(checks) == {"a.fast", "a.slow"}
    assert checks["a.fast"]["passed"] and not checks["a.slow"]["passed"]
    assert "memory bounds it" in checks["a.slow"]["source"]
    for words in (
        "NOT REACHED",
        "memory bounds it",
        "Skipped a.skipped: nothing there",
        "A note.",
        cpu_model(),
    ):
        assert words in text
    provenance = json.loads((folder.path / "provenance.json").read_text())
    assert provenance["cpu_model"] == cpu_model() and provenance["failures"] == {"b": "ValueError: no"}
    assert pd.read_csv(folder.path / "tables" / "a" / "t.csv")["x"].tolist() == [1.0, 2.0]
    assert (folder.figures / "figure1_made_up.png").exists()
    assert "b failed: ValueError: no" in (folder.path / "report.html").read_text()


def test_the_figure_of_the_spiking_benchmark_shows_every_number():
    costs = pd.DataFrame(
        {
            "neurons": [500, 2000, 2000, 2000],
            "participants": [1, 1, 1, 4],
            "cpu_s_per_model_s": [0.02, 0.08, 0.09, 0.32],
        }
    )
    tables = {"simulators": timings(neurosim=[4.0, 5.0], Brian2=[20.0], NEST=[300.0]), "costs": costs}
    with house_style():
        (figure,) = draw_spiking(tables)
        labels = [text.get_text() for text in figure.figure.axes[0].texts]
    assert labels == ["4.5", "20", "300"]
    assert set(figure.data["panel"]) == {"A", "B", "C"} and "median" in figure.caption
    assert not figure.data["value"].isna().any()


def test_a_reading_has_no_spread_without_repetition():
    assert all(math.isnan(x) for x in Reading("a", 1.0, None, None, "1", "job").spread)
    assert replace(BenchmarkSetting(), quick=True).tell("x") is None


@pytest.mark.slow
def test_plain_brian2_and_ours_have_the_same_rates(tmp_path):
    """The circuit that is timed in plain Brian2 is the circuit that is timed here.

    At a fine step: at 0.1 ms each of the two has an error of forward Euler of its own, of some percent.
    """
    from neurosim.engine import standalone
    from studies.benchmark.spiking import FINE_DT_MS, _Brian2, _Ours, _rates

    if standalone.compiler() is None:
        pytest.skip("no C++ compiler")
    ours, plain = _Ours(4.0, 3, FINE_DT_MS), _Brian2(4.0, 3, tmp_path, FINE_DT_MS)
    assert ours.cost_s() > 0 and plain.cost_s() > 0
    rates = _rates([ours, plain]).set_index("simulator")[["e_hz", "i_hz"]]
    assert "NOT" not in _rate_notes([ours, plain])[0], rates


@pytest.mark.study
def test_help_teaches():
    done = subprocess.run(
        [sys.executable, "-m", "studies.benchmarks", "--help"],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "COLUMNS": "100"},
        cwd=Path(__file__).parents[1],
    )
    assert done.returncode == 0
    for words in ("--nest-python", "--neurogym-python", "--only", "--quick", "CPU times of one thread"):
        assert words in done.stdout
