from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr

from studies.__main__ import find_studies
from studies.people import read_people

pytestmark = pytest.mark.study

HERE = Path(__file__).parent
AGENTS = ["human", "fake_agents:scripted", "fake_agents:steady", "fake_agents:calibrated"]


def command(*arguments, module="studies.sustained_attention"):
    paths = os.pathsep.join([str(HERE), str(HERE.parent)])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "COLUMNS": "100"}
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", module, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        env=environment,
        cwd=HERE,
    )


def quick(out, *more):
    return command("--quick", "--out", out, "--workers", 2, "--agents", *AGENTS, *more)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    done = quick(tmp_path_factory.mktemp("out"))
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def folder(run):
    return Path(run.stdout.splitlines()[-1])


def test_last_line_is_the_run_folder_and_nothing_else_is_on_standard_output(run, folder):
    assert run.stdout.splitlines() == [str(folder)]
    assert folder.is_dir() and folder.parent.name == "sustained_attention"


def test_every_artefact_is_there(folder):
    for name in ("config", "provenance", "calibration", "checks"):
        json.loads((folder / f"{name}.json").read_text())
    assert (folder / "report.html").stat().st_size > 100_000
    assert len(pd.read_csv(folder / "scores.csv")) == 2 * 3 * 4
    for name in ("figure1_sustained", "figure2_response_times", "figure4_scorecard"):
        for ending in (".pdf", ".svg", ".png", "_data.csv", ".caption.txt"):
            assert (folder / "figures" / f"{name}{ending}").stat().st_size > 0
    assert not list(folder.rglob("*.tmp"))


def test_trials_are_bids_tables_with_sidecars_and_read_back(folder):
    from bridges.human.readers import read_trials

    events = sorted((folder / "trials").rglob("*_events.tsv"))
    assert len(events) == 2 * 3 * 4
    assert all(path.with_suffix(".json").is_file() for path in events)
    records = read_trials(folder / "trials", "pvt")
    assert len(records) == 3 * 4
    assert {record.groups["agent"] for record in records} == {"scripted", "steady", "calibrated"}


def test_every_agent_performed_the_same_trials(folder):
    onsets = {}
    for path in sorted((folder / "trials").rglob("*task-pvt*_events.tsv")):
        number = path.name.split("_")[0][-3:]
        onsets.setdefault(number, set()).add(tuple(pd.read_csv(path, sep="\t")["onset"]))
    assert len(onsets) == 4
    assert all(len(different) == 1 for different in onsets.values())


def test_results_have_units(folder):
    with xr.open_datatree(folder / "results.nc", engine="h5netcdf") as tree:
        assert list(tree["pvt"]["agent"].values) == ["scripted", "steady", "calibrated"]
        assert tree["pvt"]["rt_slope_ms_per_min"].attrs["units"] == "ms/min"
        assert "units" in tree["sart"]["block_d_prime"].attrs


def test_checks_are_complete_and_consistent(folder):
    checks = json.loads((folder / "checks.json").read_text())
    assert all(set(c) == {"name", "value", "low", "high", "unit", "source", "passed"} for c in checks)
    names = [c["name"] for c in checks]
    assert len(set(names)) == len(names)
    for agent in ("scripted", "steady", "calibrated"):
        assert {f"sart.commissions_minus_omissions.{agent}", f"pvt.rt_skew.{agent}"} <= set(names)
        assert {f"sart.commission_rate.{agent}", f"pvt.rt_mean_ms.{agent}"} <= set(names)
    by_name = {c["name"]: c for c in checks}
    # calibration that sets the mean response time makes it no prediction
    fitted = {c["name"] for c in checks if c["source"].startswith("calibrated, no prediction: ")}
    assert fitted == {"pvt.rt_mean_ms.calibrated"}
    # the generating model: median 250 ms, commissions .25 against omissions .01
    assert by_name["sart.commissions_minus_omissions.scripted"]["passed"]
    assert by_name["pvt.rt_mean_ms.scripted"]["passed"]


def test_calibrated_agent_is_calibrated_and_the_report_says_so(folder):
    record = json.loads((folder / "calibration.json").read_text())["calibrated"]
    assert record["median_ms"] == 244.0
    assert "median_ms = 244" in (folder / "report.html").read_text()


def test_report_says_what_was_set_by_hand(folder):
    text = (folder / "report.html").read_text()
    for words in ("Chosen by hand", "label smoothing", "(Arousal)", "are no predictions", "Predicted: "):
        assert words in text
    assert "everything shown is predicted" not in text
    checks = json.loads((folder / "checks.json").read_text())
    claims = [c for c in checks if not c["source"].startswith("calibrated")]
    assert f"{sum(c['passed'] for c in claims)} of {len(claims)}</dd>" in text
    card = pd.read_csv(folder / "figures" / "figure4_scorecard_data.csv")
    cells = card[card["reached"] == "calibrated"]
    assert cells[["task", "measure", "agent"]].values.tolist() == [["pvt", "rt_mean_ms", "calibrated"]]


def test_log_has_no_control_characters(run):
    assert "\x1b" not in run.stderr and "\r" not in run.stderr
    assert "scripted, sart, participant" in run.stderr


def test_same_command_resumes_to_the_same_results(folder):
    before = {name: (folder / name).read_bytes() for name in ("checks.json", "scores.csv")}
    pictures = {p.name: p.read_bytes() for p in (folder / "figures").iterdir()}
    again = quick(folder.parent.parent, "--quiet")
    assert again.returncode == 0 and again.stderr == ""
    assert again.stdout == f"{folder}\n"
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert {p.name: p.read_bytes() for p in (folder / "figures").iterdir()} == pictures
    provenance = json.loads((folder / "provenance.json").read_text())
    assert provenance["performances_resumed"] == 24 and len(provenance["earlier"]) == 1
    assert (
        provenance["command"].startswith("python") and "studies.sustained_attention" in provenance["command"]
    )


def test_peoples_trials_are_scored_like_the_agents(folder, tmp_path):
    """Virtual participants written as BIDS and read back as people get the scores that they had."""
    done = command(
        "--quick", "--tasks", "pvt", "--agents", "human", "fake_agents:steady", "--out", tmp_path,
        "--workers", 0, "--human", people(folder, tmp_path),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    scores = pd.read_csv(Path(done.stdout.strip()) / "scores.csv").set_index(["agent", "participant"])
    for number in range(4):
        human, agent = scores.loc[("human", number)], scores.loc[("steady", number)]
        assert human["rt_mean_ms"] == pytest.approx(agent["rt_mean_ms"], abs=1e-3)
    text = (Path(done.stdout.strip()) / "figures" / "figure1_sustained.caption.txt").read_text()
    assert "human 4" in text and "cited" not in text


def test_folder_of_two_tasks_is_read_for_both(folder):
    both = read_people(folder / "trials", ["sart", "pvt"])
    assert {cell: len(pairs) for cell, pairs in both.performed.items()} == {
        ("sart", "human"): 12,
        ("pvt", "human"): 12,
    }
    assert set(read_people(folder / "trials", ["pvt"]).performed) == {("pvt", "human")}
    with pytest.raises(ValueError, match="--tasks"):
        read_people(folder / "trials", ["cpt_x"])


def people(folder, tmp_path):
    """One table of trials of people, made of those of an agent."""
    tables = []
    for path in sorted((folder / "trials").rglob("sub-steady*task-pvt*_events.tsv")):
        table = pd.read_csv(path, sep="\t", na_values="n/a")
        tables.append(table.assign(participant_id=path.name.split("_")[0], task="pvt"))
    table = pd.concat(tables)[["participant_id", "task", "onset", "duration", "trial_type", "response_time"]]
    table.to_csv(tmp_path / "pvt_trials.csv", index=False, na_rep="n/a")
    return tmp_path / "pvt_trials.csv"


def test_help_teaches():
    done = command("--help")
    assert done.returncode == 0
    for word in (
        "--quick",
        "--participants",
        "--tasks",
        "--agents",
        "--human",
        "--seed",
        "--out",
        "--workers",
    ):
        assert word in done.stdout
    assert "python -m studies.sustained_attention --quick" in done.stdout
    assert "cited reference table" in done.stdout


def test_list_of_studies_has_question_and_run_time_and_loads_nothing_heavy():
    done = command(module="studies")
    assert done.returncode == 0
    for study in find_studies():
        assert study["name"] in done.stdout and study["question"] in done.stdout
        assert study["run_time"] in done.stdout
    assert "sustained_attention" in done.stdout
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, studies.__main__; print(sorted(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert not {"torch", "brian2", "matplotlib", "pandas", "numpy"} & set(ast.literal_eval(loaded))
