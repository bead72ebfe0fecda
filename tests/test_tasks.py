"""Tasks: published counts, proportions and timings; same seed, same bytes; faults before anything runs."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import fields, replace
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare, kstest

from bridges.session import Session
from bridges.tasks import CPTX, PVT, SART

quick = settings(max_examples=40, deadline=None)
seeds = st.integers(0, 2**64)


def spread(counts) -> int:
    return max(counts) - min(counts)


def assert_common_layout(session: Session, goal: str, lead_in_s: float) -> None:
    events, trials = session.events, session.trials
    assert events.iloc[0].to_dict() == {
        "onset_s": 0.5,
        "duration_s": 0.5,
        "channel": goal,
        "level": 1.0,
        "trial": -1,
    }
    assert len(events) == len(trials) + 1
    stimuli = events.iloc[1:].reset_index(drop=True)
    assert list(stimuli["trial"]) == list(trials["trial"]) == list(range(len(trials)))
    assert (stimuli["channel"] == trials["trial_type"]).all()
    assert (stimuli["onset_s"] == trials["onset_s"]).all()
    assert (stimuli["level"] == 1.0).all()
    assert trials["onset_s"].iloc[0] >= lead_in_s
    assert (trials["window_start_s"] == trials["onset_s"]).all()
    assert (trials["window_stop_s"].to_numpy()[:-1] == trials["onset_s"].to_numpy()[1:]).all()
    assert trials["window_stop_s"].iloc[-1] <= session.duration_s
    no_go = trials["trial_type"] == "no_go"
    assert (trials["correct_response"] == np.where(no_go, "none", "press")).all()
    assert (trials["block"].diff().dropna() >= 0).all()


# --- the published forms --------------------------------------------------------------------------


def test_sart_standard_form():
    session = SART().session(7)
    trials = session.trials
    assert len(trials) == 225
    assert (trials["trial_type"] == "no_go").sum() == 25
    assert (trials["stimulus"].value_counts() == 25).all()
    assert set(trials["stimulus"]) == set(range(1, 10))
    assert (trials["font_size_pt"].value_counts() == 45).all()
    assert (trials.groupby(["stimulus", "font_size_pt"]).size() == 5).all()
    assert (trials["block"].value_counts() == 45).all()
    assert np.allclose(np.diff(trials["onset_s"]), 1.150, atol=1e-9)
    assert session.channels == ("go", "no_go", "attend_no_go")
    # 225 trials of 1.15 s are 4.3 minutes
    assert session.duration_s == pytest.approx(2.0 + 258.75 + 0.5)


def test_cpt_x_standard_form():
    session = CPTX().session(7)
    trials = session.trials
    assert len(trials) == 360
    assert (trials["trial_type"] == "no_go").sum() == 36
    assert (trials["stimulus"].value_counts() == 36).all()
    assert set(trials["stimulus"]) == set("ABCDFILOTX")
    assert (trials.groupby("block").size() == 20).all()
    assert trials["block"].nunique() == 18
    # 120 letters at each of 1, 2 and 4 s are 14 minutes
    assert trials["window_stop_s"].iloc[-1] - trials["onset_s"].iloc[0] == pytest.approx(840.0)


def test_cpt_x_uses_every_order_of_intervals_once():
    trials = CPTX().session(3).trials
    orders = trials.groupby("block")["isi_s"].first().to_numpy().reshape(6, 3)
    assert sorted(map(tuple, orders)) == sorted(permutations((1.0, 2.0, 4.0)))


def test_pvt_standard_form():
    lengths = [PVT().session(seed).n_trials for seed in range(100)]
    # renewal theory: duration / mean interval - 1/2 + var / (2 mean^2), for one trial less its foreperiod
    mean, variance = 7.0, 64.0 / 12.0
    expected = 600.0 / mean - 0.5 + variance / (2 * mean**2)
    standard_error = np.sqrt(600.0 * variance / mean**3 / len(lengths))
    assert abs(np.mean(lengths) - expected) < 4 * standard_error
    assert 70 <= min(lengths) and max(lengths) <= 100


def test_pvt_brief_form():
    task = PVT.brief()
    trials = task.session(0).trials
    assert task.duration_s == 180.0
    assert trials["foreperiod_s"].between(1.0, 4.0).all()
    assert trials["block"].max() == 2


# --- any parameters -------------------------------------------------------------------------------


@quick
@given(seed=seeds, per_digit=st.integers(1, 30), no_go=st.integers(1, 9), blocks=st.integers(1, 9))
def test_sart_properties(seed, per_digit, no_go, blocks):
    task = SART(trials_per_digit=per_digit, no_go_digit=no_go, n_blocks=blocks)
    session = task.session(seed)
    trials = session.trials
    assert_common_layout(session, "attend_no_go", task.lead_in_s)
    assert len(trials) == 9 * per_digit
    assert (trials["stimulus"].value_counts() == per_digit).all()
    assert ((trials["stimulus"] == no_go) == (trials["trial_type"] == "no_go")).all()
    assert (trials["trial_type"].iloc[:2] == "go").all()
    assert spread(trials["font_size_pt"].value_counts().reindex(task.font_sizes_pt, fill_value=0)) <= 1
    cells = pd.crosstab(trials["stimulus"], trials["font_size_pt"])
    cells = cells.reindex(columns=list(task.font_sizes_pt), fill_value=0)
    assert all(spread(row) <= 1 for row in cells.to_numpy())
    assert spread(trials["block"].value_counts().reindex(range(blocks), fill_value=0)) <= 1


@quick
@given(
    seed=seeds,
    sets=st.integers(1, 8),
    trials_per_block=st.integers(3, 25),
    no_go=st.integers(0, 5),
    isi=st.sampled_from([(1.0,), (1.0, 2.0), (1.0, 2.0, 4.0), (0.9, 0.5, 0.7, 1.1)]),
)
def test_cpt_x_properties(seed, sets, trials_per_block, no_go, isi):
    no_go = min(no_go, trials_per_block - 2)
    task = CPTX(n_blocks=sets * len(isi), trials_per_block=trials_per_block, no_go_per_block=no_go, isi_s=isi)
    session = task.session(seed)
    trials = session.trials
    assert_common_layout(session, "attend_no_go", task.lead_in_s)
    is_x = trials["stimulus"] == "X"
    assert (is_x == (trials["trial_type"] == "no_go")).all()
    assert (is_x.groupby(trials["block"]).sum() == no_go).all()
    assert not is_x[trials.groupby("block").cumcount() < 2].any()
    assert (trials.groupby("block")["isi_s"].nunique() == 1).all()
    firsts = trials.groupby("block").first()
    assert all(sorted(part) == sorted(isi) for _, part in firsts.groupby("isi_set")["isi_s"])
    windows = trials["window_stop_s"] - trials["window_start_s"]
    assert np.allclose(windows, trials["isi_s"], atol=1e-8)
    letters = trials.loc[~is_x, "stimulus"].value_counts().reindex(task.go_letters, fill_value=0)
    assert spread(letters) <= 1


@quick
@given(
    seed=seeds,
    duration=st.floats(30, 700),
    low=st.floats(0.5, 5),
    width=st.floats(0, 10),
    stimulus=st.floats(0.05, 2),
)
def test_pvt_properties(seed, duration, low, width, stimulus):
    task = PVT(duration_s=duration, foreperiod_min_s=low, foreperiod_max_s=low + width, stimulus_s=stimulus)
    session = task.session(seed)
    trials = session.trials
    assert_common_layout(session, "attend_go", task.lead_in_s)
    assert session.channels == ("go", "attend_go")
    assert (trials["trial_type"] == "go").all()
    foreperiod = trials["foreperiod_s"].to_numpy()
    assert (foreperiod >= low - 1e-9).all() and (foreperiod <= low + width + 1e-9).all()
    assert np.allclose(np.diff(trials["onset_s"]), foreperiod[1:] + stimulus, atol=1e-8)
    assert trials["onset_s"].iloc[0] == pytest.approx(task.lead_in_s + foreperiod[0], abs=1e-8)
    ends = trials["onset_s"] + stimulus - task.lead_in_s
    assert ends.iloc[-1] <= duration + 1e-8
    # no further trial of the longest kind would have fitted
    assert ends.iloc[-1] + low + width + stimulus > duration - 1e-8
    assert (trials["block"] == ((trials["onset_s"] - task.lead_in_s) // 60)).mean() > 0.99


# --- randomness -----------------------------------------------------------------------------------


def test_pvt_foreperiods_are_uniform():
    first = np.concatenate([PVT().session(seed).trials["foreperiod_s"].to_numpy()[:40] for seed in range(50)])
    assert kstest(first, "uniform", args=(2.0, 8.0)).pvalue > 1e-3


def test_sart_no_go_falls_evenly_on_all_allowed_positions():
    task = SART(trials_per_digit=2, n_blocks=1)
    counts = np.zeros(18)
    for seed in range(600):
        counts += (task.session(seed).trials["trial_type"] == "no_go").to_numpy()
    assert (counts[:2] == 0).all()
    assert chisquare(counts[2:]).pvalue > 1e-3


def test_cpt_x_no_go_falls_evenly_on_all_allowed_positions():
    counts = np.zeros(20)
    for seed in range(60):
        trials = CPTX().session(seed).trials
        counts += (trials["trial_type"] == "no_go").to_numpy().reshape(18, 20).sum(axis=0)
    assert (counts[:2] == 0).all()
    assert chisquare(counts[2:]).pvalue > 1e-3


def test_cpt_x_draws_every_order_of_intervals_equally_often():
    seen = Counter()
    for seed in range(200):
        first = CPTX(n_blocks=3).session(seed).trials.groupby("block")["isi_s"].first()
        seen[tuple(first)] += 1
    assert len(seen) == 6
    assert chisquare(list(seen.values())).pvalue > 1e-3


def test_equal_parameters_of_different_type_make_equal_sessions():
    assert PVT(duration_s=120).session(1).content_hash == PVT(duration_s=120.0).session(1).content_hash


def test_parameters_are_part_of_the_session():
    session = SART(trials_per_digit=8).session(4)
    assert session.parameters["seed"] == 4
    assert session.parameters["trials_per_digit"] == 8
    assert set(session.parameters) == {f.name for f in fields(SART)} | {"seed"}


def test_tasks_with_equal_seeds_draw_independently():
    sart = SART().session(9).trials["trial_type"].to_numpy()[:225] == "no_go"
    cpt = CPTX().session(9).trials["trial_type"].to_numpy()[:225] == "no_go"
    assert not (sart == cpt).all()


# --- faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: SART(trials_per_digit=0), ["trials_per_digit = 0", ">= 1"]),
        (lambda: SART(trials_per_digit=2.5), ["trials_per_digit = 2.5", "whole number"]),
        (lambda: SART(no_go_digit=12), ["no_go_digit = 12", "1 to 9"]),
        (lambda: SART(trials_per_digit=1, n_blocks=10), ["n_blocks = 10", "trials_per_digit = 1"]),
        (lambda: SART(font_sizes_pt=()), ["font_sizes_pt = ()"]),
        (lambda: SART(font_sizes_pt=(48, 48)), ["font_sizes_pt = (48, 48)", "different"]),
        (lambda: SART(lead_in_s=0.4), ["lead_in_s = 0.4", "instruction cue"]),
        (lambda: SART(digit_s=float("nan")), ["digit_s = nan"]),
        (lambda: CPTX(no_go_per_block=21), ["no_go_per_block = 21", "trials_per_block = 20"]),
        (lambda: CPTX(no_go_per_block=19), ["no_go_per_block = 19", "trials_per_block = 20"]),
        (lambda: CPTX(n_blocks=4), ["n_blocks = 4", "isi_s = (1.0, 2.0, 4.0)", "multiple"]),
        (lambda: CPTX(letter_s=1.5), ["letter_s = 1.5", "isi_s = (1.0, 2.0, 4.0)"]),
        (lambda: CPTX(no_go_letter="A"), ["no_go_letter = 'A'", "go_letters"]),
        (lambda: CPTX(isi_s=(1.0, -2.0, 4.0)), ["isi_s = (1.0, -2.0, 4.0)", "> 0 s"]),
        (lambda: CPTX(isi_s=tuple(np.arange(1.0, 8.0)), n_blocks=7), ["isi_s", "6 intervals at most"]),
        (lambda: PVT(foreperiod_min_s=11), ["foreperiod_min_s = 11", "foreperiod_max_s = 10.0"]),
        (lambda: PVT(duration_s=5), ["duration_s = 5", "foreperiod_max_s = 10.0", "stimulus_s = 1.0"]),
        (lambda: PVT(stimulus_s=0), ["stimulus_s = 0", "> 0 s"]),
        (lambda: PVT(duration_s="600"), ["duration_s = '600'"]),
    ],
)
def test_parameters_that_cannot_be_met_are_named(make, said):
    with pytest.raises(ValueError) as fault:
        make()
    assert all(text in str(fault.value) for text in said)


def test_every_fault_is_listed_at_once():
    with pytest.raises(ValueError) as fault:
        CPTX(n_blocks=4, no_go_per_block=25, letter_s=-1, lead_in_s=0.1, no_go_letter="B")
    lines = str(fault.value).splitlines()
    assert len(lines) == 6
    assert "CPTX" in lines[0]


# --- forms and what they cost ---------------------------------------------------------------


def test_summaries_say_what_the_session_holds():
    for task in (SART(), SART(trials_per_digit=8), CPTX(), CPTX(n_blocks=3)):
        session = task.session(0)
        counts = session.trials["trial_type"].value_counts()
        assert f"({counts['go']} go, {counts['no_go']} no-go" in task.summary()
        assert f"{session.duration_s:.1f} s" in task.summary()
    assert "about 86 go trials" in PVT().summary()


def test_tasks_can_be_shortened():
    assert SART(trials_per_digit=8).session(0).n_trials == 72
    assert CPTX(n_blocks=3).session(0).n_trials == 60
    assert replace(PVT(), duration_s=120).session(0).duration_s < 140


def test_importing_tasks_loads_no_simulator():
    code = (
        "import sys, bridges.tasks, bridges.measures;"
        "heavy = {'torch', 'brian2', 'matplotlib', 'xarray'} & set(sys.modules);"
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
