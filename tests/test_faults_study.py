from __future__ import annotations

import fnmatch
import importlib
import json
import os
import sys
from pathlib import Path

import pandas as pd
import pytest

from studies.sustained_attention import SustainedAttention, main

STEADY = "fake_agents:steady"


def study(tmp_path, *agents, **more):
    chosen = {"tasks": ("pvt",), "participants": 2, "workers": 0, "quiet": True, **more}
    return SustainedAttention(quick=True, agents=("human", *agents), out=tmp_path / "out", **chosen)


def test_all_unknown_names_and_numbers_are_listed_at_once_before_anything_is_written(tmp_path, capsys):
    code = main(study(tmp_path, "lsmt", tasks=("prp",), participants=0, seed=-1, workers=-2))
    error = capsys.readouterr().err
    assert code == 2
    for text in ("'lsmt'", "known are human, spiking, lstm", "'prp'", "known are sart, pvt, cpt_x"):
        assert text in error
    for text in ("participants = 0", "seed = -1", "workers = -2"):
        assert text in error
    assert not (tmp_path / "out").exists()


def own_module(folder, monkeypatch, name, text):
    (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(str(folder))
    return name


def test_agents_that_share_a_name_are_refused(tmp_path, monkeypatch, capsys):
    other = own_module(tmp_path, monkeypatch, "other_lab", "from fake_agents import steady\n")
    mine = own_module(tmp_path, monkeypatch, "my_lab", "from fake_agents import steady as lstm\n")
    assert main(study(tmp_path, STEADY, f"{other}:steady")) == 2
    assert "fake_agents:steady and other_lab:steady are both called 'steady'" in capsys.readouterr().err
    assert main(study(tmp_path, f"{mine}:lstm")) == 2
    assert "like an agent of this package" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_own_agent_is_not_resumed_after_its_code_changed(tmp_path, monkeypatch, capsys):
    text = "from fake_agents import Scripted\n\ndef own(quick=False, calibration=None):\n    return Scripted"
    name = own_module(tmp_path, monkeypatch, "changing_lab", f"{text}(median_ms=250.0)\n")
    folders = []
    for median in (250.0, 250.0, 400.0):
        (tmp_path / f"{name}.py").write_text(f"{text}(median_ms={median})  # {median}\n")
        monkeypatch.delitem(sys.modules, name, raising=False)
        importlib.invalidate_caches()
        assert main(study(tmp_path, f"{name}:own")) == 0
        folders.append(Path(capsys.readouterr().out.splitlines()[-1]))
    assert folders[0] == folders[1] != folders[2]
    first, last = (pd.read_csv(folders[k] / "scores.csv")["rt_mean_ms"].mean() for k in (0, 2))
    assert last > first + 100


def test_people_alone_are_no_study(tmp_path, capsys):
    assert main(study(tmp_path)) == 2
    assert "nothing to run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "words"), [(None, "no file or folder"), ("a,b\n1,2\n", "onset"), ("", "is empty")]
)
def test_human_data_that_cannot_be_read_stop_the_study_before_anything_is_written(
    tmp_path, capsys, content, words
):
    path = tmp_path / "pvt_trials.csv"
    if content is not None:
        path.write_text(content)
    assert main(study(tmp_path, STEADY, human=(path,))) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_out_that_cannot_be_a_folder_is_a_clear_error(tmp_path, capsys):
    (tmp_path / "out").write_text("in the way")
    assert main(study(tmp_path, STEADY)) == 1
    error = capsys.readouterr().err
    assert "cannot write" in error and "--out" in error
    assert (tmp_path / "out").read_text() == "in the way"


@pytest.mark.parametrize("victim", ["events.tsv", "results.nc"])
def test_disk_that_fills_up_at_the_end_is_a_clear_error_and_leaves_no_half_files(
    tmp_path, monkeypatch, capsys, victim
):
    real = os.replace

    def replace(source, target):
        if str(target).endswith(victim):
            assert fnmatch.fnmatch(Path(source).name, ".*.tmp")
            raise OSError(28, "No space left on device", str(target))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    assert main(study(tmp_path, STEADY)) == 1
    error = capsys.readouterr().err
    assert "No space left on device" in error and "--out" in error and victim in error
    assert not list(tmp_path.rglob(".*.tmp"))
    monkeypatch.setattr(os, "replace", real)
    assert main(study(tmp_path, STEADY)) == 0


def test_failing_agent_is_named_in_report_and_provenance_and_the_rest_is_there(tmp_path, capsys):
    code = main(study(tmp_path, STEADY, "fake_agents:failing"))
    output = capsys.readouterr()
    folder = Path(output.out.splitlines()[-1])
    assert code == 1
    assert "failing" in output.err and "diverged at 3.2 s" in output.err
    report = (folder / "report.html").read_text()
    assert "Missing from this report" in report and "diverged at 3.2 s in population control" in report
    assert any("steady" in check["name"] for check in json.loads((folder / "checks.json").read_text()))
    assert "diverged" in json.loads((folder / "provenance.json").read_text())["failures"][0]


def test_dying_worker_is_named_and_the_rest_is_there(tmp_path, capsys):
    code = main(study(tmp_path, STEADY, "fake_agents:dying", workers=2))
    output = capsys.readouterr()
    folder = Path(output.out.splitlines()[-1])
    assert code == 1
    assert "dying" in output.err and "process died" in output.err
    assert "process died" in (folder / "report.html").read_text()
    assert (folder / "figures" / "figure1_sustained.png").is_file()


def test_nobody_finishing_is_an_error_that_says_so(tmp_path, capsys):
    assert main(study(tmp_path, "fake_agents:failing")) != 0
    assert "no agent finished" in capsys.readouterr().err


def test_agent_that_never_answers_is_shown_with_failed_checks(tmp_path, capsys):
    assert main(study(tmp_path, "fake_agents:silent")) == 0
    folder = Path(capsys.readouterr().out.splitlines()[-1])
    checks = {check["name"]: check for check in json.loads((folder / "checks.json").read_text())}
    assert checks["pvt.rt_mean_ms.silent"]["value"] is None
    assert not any(check["passed"] for check in checks.values())
