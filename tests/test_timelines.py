"""Timelines: what is drawn is what the session holds."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from bridges.tasks import SART, TASKS, Flanker
from studies.timeline.drawing import draw_timeline
from studies.timeline.panels import MOST_PANELS, chosen_trials, panel
from studies.timelines import Timelines, main


@pytest.mark.parametrize("name", TASKS)
def test_panels_show_every_type_of_trial_with_its_own_events(name):
    session = TASKS[name]().practice().session(2)
    rows = chosen_trials(session)
    assert 1 <= len(rows) <= MOST_PANELS and len(set(rows)) == len(rows)
    kinds = session.trials["trial_type"]
    assert len(set(kinds.iloc[rows])) == min(kinds.nunique(), MOST_PANELS)
    for row in rows:
        trial = session.trials.iloc[row]
        one = panel(session, row)
        drawn = one.events[one.events["own"]]
        held = session.events[(session.events["trial"] == trial["trial"]) & (session.events["level"] > 0)]
        zero_s = trial["onset_s"] if np.isfinite(trial["onset_s"]) else trial["onset_t2_s"]
        assert np.allclose(drawn["start_s"], held["onset_s"] - zero_s, atol=1e-9)
        assert np.allclose(drawn["stop_s"] - drawn["start_s"], held["duration_s"], atol=1e-9)
        assert list(drawn["channel"]) == list(held["channel"])
        assert set(one.channels) == set(one.events["channel"])
        assert list(one.channels) == [c for c in session.channels if c in one.channels]
        first = one.windows.iloc[0]
        expected = trial["correct_response"] if first["component"] == "T1" else trial["correct_response_t2"]
        assert first["answer"] == expected


def test_trials_that_look_the_same_are_shown_once():
    # four more font sizes would look the same
    assert len(chosen_trials(SART(trials_per_digit=5).session(1))) == 2


def test_a_timeline_is_saved_with_its_numbers_and_caption(tmp_path):
    saved = draw_timeline(Flanker().practice(), tmp_path)
    for ending in ("pdf", "svg", "png", "csv", "txt"):
        assert saved.path(ending).stat().st_size > 0
    assert "Instruction ahead of the trials: attend_target" in saved.caption
    text = saved.path("svg").read_text()
    assert "target left" in text and "incongruent" in text


def test_the_command_draws_what_it_is_asked_for(tmp_path, capsys):
    assert main(Timelines(("pvt",), tmp_path)) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path)
    assert [path.name for path in tmp_path.glob("*.png")] == ["timeline_pvt.png"]
    assert main(Timelines(("juggling",), tmp_path)) == 2
    assert "juggling" in capsys.readouterr().err


def test_the_list_of_tasks_is_printed_with_parameters_and_sources():
    done = subprocess.run(
        [sys.executable, "-m", "bridges.tasks", "flanker", "ant"], capture_output=True, text=True, check=True
    )
    assert "Flanker (arrows): 400 trials" in done.stdout
    assert "stimulus_s" in done.stdout and "0.2 s" in done.stdout
    assert "doi:10.1162/089892902317361886" in done.stdout
    whole = subprocess.run(
        [sys.executable, "-m", "bridges.tasks"], capture_output=True, text=True, check=True
    ).stdout
    assert all(f"\n{name}\n" in f"\n{whole}" for name in TASKS)
    wrong = subprocess.run(
        [sys.executable, "-m", "bridges.tasks", "juggling"], capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 2 and "juggling" in wrong.stderr
    usage = subprocess.run(
        [sys.executable, "-m", "bridges.tasks", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert "usage: python -m bridges.tasks [NAME ...]" in usage and all(name in usage for name in TASKS)
