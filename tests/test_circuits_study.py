"""The study of published circuits: the contract of its plug-ins, what it makes of findings, a quick run."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from exhibit_contract import SETTINGS, assert_declares_targets, assert_parts_are_plain

from neurosim.circuits.protocols.measurement import Measurement
from studies.checks import CALIBRATED
from studies.exhibits.base import Findings, Part, Row, Setting, Target, rows_of
from studies.exhibits.conclusion import check_of, table_text
from studies.exhibits.run import _interleaved, _Job
from studies.published import NAMES, published_circuit, working_memory


@pytest.mark.parametrize("name", NAMES)
def test_every_circuit_declares_what_must_come_out_and_where_that_is_from(name):
    circuit = published_circuit(name)
    assert_declares_targets(circuit, name)
    for target in circuit.targets:
        # a published number is from a work, from a computation of our own reference, or marked
        assert re.search(r"doi:|re-simulation|computation|closed form|recursion", target.source) or (
            target.source.startswith(CALIBRATED)
        )


@pytest.mark.parametrize("setting", SETTINGS, ids=["quick", "full"])
@pytest.mark.parametrize("name", NAMES)
def test_parts_have_distinct_names_and_plain_arguments(name, setting):
    assert_parts_are_plain(published_circuit(name), setting)


def test_an_unknown_circuit_is_named_with_the_known():
    with pytest.raises(ValueError, match=r"unknown circuit 'ringg'.*working_memory"):
        published_circuit("ringg")


RATE = Target("rate", "a rate", 3.0, 2.0, 4.0, "Hz", "Somebody (2001), doi:10.1000/1")
SIGN = Target("sign", "a sign", None, 0.0, None, "Hz", "Somebody (2001), doi:10.1000/1", False, True)


def circuit_of(*targets):
    return replace(published_circuit("reduced_decision"), name="made_up", targets=targets)


def measured(value, half=0.5):
    return Measurement(value, value - half, value + half, 12, "Hz")


def test_rows_say_whether_value_and_tolerance_agree():
    found = Findings({"rate": measured(5.0)}, {"rate": "more neurons"})
    (row,) = rows_of(circuit_of(RATE), Setting(), found)
    assert not row.agrees and row.explanation == "more neurons" and not row.unexplained
    check = check_of(row)
    assert (check.name, check.value, check.low, check.high) == ("made_up.rate", 5.0, 2.0, 4.0)
    assert not check.passed and check.source.endswith("disagrees: more neurons")
    # an explanation that is not needed is not shown
    (row,) = rows_of(circuit_of(RATE), Setting(), Findings({"rate": measured(3.5)}, {"rate": "more neurons"}))
    assert row.agrees and row.explanation == "" and check_of(row).passed


def test_a_disagreement_without_a_reason_is_seen():
    (row,) = rows_of(circuit_of(RATE), Setting(), Findings({"rate": measured(math.nan)}))
    assert row.unexplained and "not explained" in check_of(row).source
    assert "DISAGREES" in table_text([row]) and "not explained" in table_text([row])


@pytest.mark.parametrize(
    ("value", "half", "agrees"),
    [
        (1.0, 0.5, True),
        (1.0, 1.5, False),
        (-1.0, 0.5, False),
        # no effect whatever, an interval that ends at the limit, and a single trial
        (0.0, 0.0, False),
        (1.0, 1.0, False),
        (1.0, math.nan, False),
    ],
)
def test_a_claim_about_a_sign_needs_the_whole_interval(value, half, agrees):
    row = Row("made_up", SIGN, measured(value, half))
    assert row.agrees is agrees and check_of(row).passed is agrees


@pytest.mark.parametrize(
    ("rates", "rises", "falls"),
    [
        ((5.0, 30.0, 20.0, 4.0), True, True),
        ((5.0, 20.0, 30.0, 40.0), True, False),
        ((9.0,) * 4, False, False),
    ],
    ids=["inverted U", "rises only", "flat"],
)
def test_an_inverted_u_must_rise_and_fall(rates, rises, falls):
    trials = pd.DataFrame(
        [
            {"change_hz": change, "end_hz": rate + (0.1 * k if falls or rises else 0.0)}
            for change, rate in zip((-400.0, 0.0, 200.0, 800.0), rates, strict=True)
            for k in range(5)
        ]
    )
    found = working_memory._inverted_u(trials)
    targets = {target.quantity: target for target in working_memory.TARGETS}
    agrees = {name: Row("made_up", targets[name], m).agrees for name, m in found.items()}
    assert agrees == {"drive_rise": rises, "drive_fall": falls}


def test_quick_runs_leave_out_what_they_cannot_tell():
    rows = rows_of(circuit_of(RATE, SIGN), Setting(quick=True), Findings({"rate": measured(3.0)}))
    assert [row.name for row in rows] == ["made_up.rate"]
    with pytest.raises(ValueError, match=r"not measured: \['sign'\]"):
        rows_of(circuit_of(RATE, SIGN), Setting(), Findings({"rate": measured(3.0)}))
    with pytest.raises(ValueError, match=r"no target: \['speed'\]"):
        rows_of(circuit_of(RATE), Setting(), Findings({"rate": measured(3.0)}, {"speed": "?"}))


@pytest.mark.parametrize(
    "wrong", [{"quantity": "a rate"}, {"low": None, "high": None}, {"unit": ""}, {"source": ""}]
)
def test_incomplete_targets_are_refused(wrong):
    with pytest.raises(ValueError):
        replace(RATE, **wrong)


def test_a_circuit_is_compiled_by_one_process_before_others_need_it():
    jobs = [_Job("a", Part(f"p{k}", table, weight=w)) for k, w in enumerate((1.0, 9.0, 5.0))]
    jobs += [_Job("b", Part("q", table, weight=2.0))]
    assert [job.label for job in _interleaved(jobs)] == ["a, p1", "b, q", "a, p2", "a, p0"]


def table() -> pd.DataFrame:
    return pd.DataFrame({"x": [1.0]})


def run(out, *more):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "100"}
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "studies.circuits", "--quick", "--out", str(out), *more],
        capture_output=True,
        text=True,
        timeout=600,
        env=environment,
        cwd=Path(__file__).parents[1],
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    result = run(tmp_path_factory.mktemp("out"), "--circuit", "reduced_decision", "--workers", "0")
    assert result.returncode == 0, result.stderr
    return result


@pytest.mark.study
def test_the_run_folder_has_everything(done):
    folder = Path(done.stdout.splitlines()[-1])
    checks = json.loads((folder / "checks.json").read_text())
    rows = pd.read_csv(folder / "rows.csv")
    assert [c["name"] for c in checks] == list("reduced_decision." + rows["quantity"])
    assert all(c["passed"] for c in checks)
    assert (rows["ci_low"] <= rows["measured"]).all() and (rows["measured"] <= rows["ci_high"]).all()
    provenance = json.loads((folder / "provenance.json").read_text())
    assert provenance["cpu_model"] and provenance["failures"] == []
    for ending in ("pdf", "svg", "png"):
        assert (folder / "figures" / f"figure1_reduced_decision.{ending}").stat().st_size > 10_000
    assert (folder / "methods" / "reduced_decision.txt").read_text().count("Wong & Wang 2006") > 5
    text = (folder / "report.html").read_text()
    assert "Published circuits" in text and 'id="agents"' not in text


@pytest.mark.study
def test_the_table_shows_reference_measured_tolerance_and_source(done):
    for words in ("saddle between them", "7.13", "agrees", "doi:10.1523/JNEUROSCI.3733-05.2006", "tolerance"):
        assert words in done.stdout
    assert "DISAGREES" not in done.stdout


@pytest.mark.study
def test_the_same_command_resumes_to_the_same_numbers(done):
    folder = Path(done.stdout.splitlines()[-1])
    before = {name: (folder / name).read_bytes() for name in ("checks.json", "rows.csv")}
    again = run(folder.parents[1], "--circuit", "reduced_decision", "--workers", "0", "--quiet")
    assert again.returncode == 0 and again.stdout == f"{folder}\n" and again.stderr == ""
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert json.loads((folder / "provenance.json").read_text())["parts_resumed"] == 1


@pytest.mark.study
def test_faults_of_the_command_are_named(tmp_path):
    result = run(tmp_path, "--circuit", "decison", "--seed", "-1")
    assert result.returncode == 2
    assert "unknown 'decison'; known are ['working_memory'" in result.stderr
    assert "seed = -1, must be 0 or more" in result.stderr
