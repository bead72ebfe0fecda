"""Attentional blink and change detection: published counts and timings, ideal observers."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare, poisson
from task_checks import assert_share, choose, counts, spread

from bridges.tasks.attentional_blink import AttentionalBlink
from bridges.tasks.change_detection import ChangeDetection
from bridges.tasks.observers import mean_count

quick = settings(max_examples=8, deadline=None)
seeds = st.integers(0, 2**64)


def human_trials(name: str) -> pd.DataFrame:
    root = os.environ.get("NEUROSIM_HUMAN_DATA")
    folder = Path(root) if root else Path(__file__).resolve().parents[2] / "shared" / "human_data"
    if not (folder / name).is_dir():
        pytest.skip(f"no human data at {folder / name}; set NEUROSIM_HUMAN_DATA")
    return pd.read_csv(folder / name / "trials.csv.gz")


# --- attentional blink ----------------------------------------------------------------------------


def test_blink_raymond_form():
    task = AttentionalBlink.raymond()
    session = task.session(1)
    trials = session.trials
    assert (trials.groupby(["block", "lag", "t2_present"]).size() == 10).all()
    assert trials["lag"].unique().size == 8
    # 7 to 15 letters before T1, 8 after it, one every 90 ms
    assert trials["t1_position"].between(8, 16).all()
    assert set(trials["t1_position"]) == set(range(8, 17))
    assert (trials["stream"].str.len() == trials["t1_position"] + 8).all()
    items = session.events[~session.events["channel"].str.contains("report|attend")]
    assert np.allclose(items["duration_s"], 0.015)
    assert np.allclose(items.groupby("trial")["onset_s"].diff().dropna(), 0.090)
    assert (items.groupby("trial").size() == trials["stream"].str.len()).all()
    present = trials["t2_onset_s"].notna()
    assert (present == trials["t2_present"]).all()
    assert np.allclose((trials["t2_onset_s"] - trials["t1_onset_s"])[present], 0.09 * trials["lag"][present])


def test_blink_reteig_form_is_that_of_the_data():
    data = human_trials("ds001810_attentional_blink")
    trials = AttentionalBlink.reteig().session(3).trials
    assert trials["lag"].value_counts().to_dict() == {3: 128, 8: 64}
    theirs = data.groupby("lag")["soa_ms"].median()
    soa_ms = 1000 * (trials["t2_onset_s"] - trials["t1_onset_s"])
    for lag in (3, 8):
        assert soa_ms[trials["lag"] == lag].unique().size == 1 or np.ptp(soa_ms[trials["lag"] == lag]) < 1e-6
        assert soa_ms[trials["lag"] == lag].iloc[0] == pytest.approx(theirs[lag], abs=2.0)
    per_session = data.groupby(["participant_id", "session", "lag"]).size().unstack()
    assert (per_session[3] / per_session[8]).mean() == pytest.approx(2.0, abs=0.01)
    assert per_session[3].mean() == pytest.approx(128, abs=1)


@quick
@given(
    seed=seeds,
    lags=st.lists(st.integers(1, 8), min_size=1, max_size=4, unique=True),
    per_lag=st.integers(1, 4),
    before=st.tuples(st.integers(0, 6), st.integers(0, 6)).map(sorted),
    detection=st.booleans(),
    blocks=st.lists(st.sampled_from(["dual", "control"]), min_size=1, max_size=3),
)
def test_blink_properties(seed, lags, per_lag, before, detection, blocks):
    task = replace(
        AttentionalBlink() if detection else AttentionalBlink.digits(),
        lags=tuple(lags), trials_per_lag=(per_lag,) * len(lags), blocks=tuple(blocks),
        before_min=before[0], before_max=before[1],
    )  # fmt: skip
    session = task.session(seed)
    trials = session.trials
    cells = trials.groupby(["block", "lag", "t2_present"]).size()
    assert (cells == per_lag).all() and len(cells) == len(blocks) * len(lags) * (1 + detection)
    assert trials["t1_position"].between(before[0] + 1, before[1] + 1).all()
    assert spread(trials["t1"].value_counts().reindex(task.t1_targets, fill_value=0)) <= 1
    for row in trials.itertuples():
        stream = row.stream
        assert stream[row.t1_position - 1] == row.t1
        if row.t2_present:
            assert stream[row.t1_position - 1 + row.lag] == row.t2
        others = [x for x in stream if x in task.distractors]
        assert len(others) == len(stream) - 1 - row.t2_present
        assert all(a != b for a, b in zip(others, others[1:], strict=False))
    control = trials["trial_type"] == "control"
    assert (trials["window_start_s"].isna() == control).all()
    # reports come after the stream, in order, and do not overlap
    assert np.allclose(trials["window_stop_t2_s"] - trials["window_start_t2_s"], task.report_s)
    assert np.allclose((trials["window_stop_s"] - trials["window_start_s"])[~control], task.report_s)
    assert (trials["onset_t2_s"] >= trials["onset_s"] + task.report_s - 1e-9).all()
    ends = session.events[session.events["channel"] == "distractor"].groupby("trial")["onset_s"].max()
    assert (trials["onset_s"].to_numpy() > ends.to_numpy()).all()


def test_blink_events_show_the_targets_of_the_table():
    session = AttentionalBlink.digits().session(2)
    events = session.events.merge(session.trials, on="trial", suffixes=("", "_trial"))
    for name in ("t1", "t2"):
        own = events[events["channel"].str.match(f"{name}_")]
        assert len(own) == session.n_trials
        assert (own["channel"] == f"{name}_" + own[name]).all()
        assert np.allclose(own["onset_s"], own[f"{name}_onset_s"])


def test_blink_counterbalances_the_order_of_blocks():
    assert AttentionalBlink().counterbalanced(0).blocks == ("dual", "control")
    assert AttentionalBlink().counterbalanced(1).blocks == ("control", "dual")


@pytest.mark.parametrize("task", [AttentionalBlink.raymond(), AttentionalBlink.digits()])
def test_blink_ideal_observer(task):
    task = replace(
        task, contrast=0.1, item_s=0.015, blank_s=0.085, trials_per_lag=(40,) * 8, blocks=("dual",)
    )
    session = task.session(0)
    trials = session.trials
    rng = np.random.default_rng(1)
    at_1 = counts(session, trials["t1_onset_s"], trials["t1_onset_s"] + 0.015, 0.005, rng)
    n_first = len(task.t1_targets)
    right = np.array(task.t1_targets)[choose(at_1[:, 1 : 1 + n_first], rng)] == trials["t1"]
    ideal = task.ideal_accuracy()
    assert 0.5 < ideal["T1"] < 0.99
    assert_share(right.to_numpy(), ideal["T1"])
    when = trials["t1_onset_s"] + 0.1 * trials["lag"]
    at_2 = counts(session, when, when + 0.015, 0.005, rng)[
        :, 1 + n_first : 1 + n_first + len(task.t2_targets)
    ]
    if task.second_task == "detection":
        on, off = mean_count(0.1, 0.015), mean_count(0.0, 0.015)
        right = (poisson.pmf(at_2[:, 0], on) > poisson.pmf(at_2[:, 0], off)) == trials["t2_present"]
    else:
        right = np.array(task.t2_targets)[choose(at_2, rng)] == trials["t2"]
    assert_share(right.to_numpy(), ideal["T2"])


# --- change detection -----------------------------------------------------------------------------


def test_change_detection_rouder_form():
    trials = ChangeDetection.rouder().session(2).trials
    assert len(trials) == 540
    changes = trials.groupby(["block", "set_size"])["trial_type"].agg(lambda t: (t == "change").mean())
    shares = trials.groupby("block")["change_probability"].first()
    assert np.allclose(changes.unstack().sub(shares, axis=0), 0.0)
    assert sorted(shares) == [0.3] * 3 + [0.5] * 3 + [0.7] * 3
    assert all(sorted(shares[k : k + 3]) == [0.3, 0.5, 0.7] for k in (0, 3, 6))


def test_change_detection_luck_vogel_form():
    task = ChangeDetection.luck_vogel()
    trials = task.session(0).trials
    assert sorted(trials["set_size"].unique()) == [1, 2, 3, 4, 8, 12]
    assert (trials["trial_type"] == "change").mean() == 0.5
    assert np.allclose(trials["onset_s"] - trials["sample_onset_s"], 1.0)
    assert (task.sample_s, task.retention_s, task.test_s) == (0.1, 0.9, 2.0)


@quick
@given(
    seed=seeds,
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=3, unique=True),
    per_size=st.sampled_from([2, 4, 10]),
    test=st.sampled_from(["single", "whole"]),
)
def test_change_detection_properties(seed, sizes, per_size, test):
    task = ChangeDetection(
        set_sizes=tuple(sizes), trials_per_size=per_size, change_probability=(0.5, 1.0), n_blocks=4, test=test
    )
    session = task.session(seed)
    trials = session.trials
    cells = trials.groupby(["block", "set_size", "trial_type"]).size().unstack(fill_value=0)
    share = trials.groupby("block")["change_probability"].first()
    for (block, _), row in cells.iterrows():
        assert row["change"] == per_size * share[block]
    letter = {chr(ord("a") + k): colour for k, colour in enumerate(task.colours)}
    events = session.events.assign(phase=session.events["channel"].str.split("_").str[0])
    seen = {
        key: set(part["channel"].str.partition("_")[2]) for key, part in events.groupby(["trial", "phase"])
    }
    for row in trials.itertuples():
        sample = [x for x in row.sample if x != "-"]
        tested = [x for x in row.test if x != "-"]
        assert len(set(sample)) == len(sample) == row.set_size
        assert len(tested) == (row.set_size if test == "whole" else 1)
        differs = [(a, b) for a, b in zip(row.sample, row.test, strict=True) if b not in ("-", a)]
        assert len(differs) == (row.trial_type == "change")
        # the square changes where it is, to a colour that was nowhere
        assert all(a != "-" and b not in sample for a, b in differs)
        assert seen[row.trial, "sample"] == {letter[x] for x in sample}
        assert seen[row.trial, "probe"] == {letter[x] for x in tested}


def test_change_detection_probes_every_place_and_colour():
    trials = ChangeDetection().session(0).trials
    tested = trials["test"].map(lambda text: next(k for k, x in enumerate(text) if x != "-"))
    assert chisquare(tested.value_counts()).pvalue > 1e-3
    colours = trials["test"].map(lambda text: next(x for x in text if x != "-"))
    assert chisquare(colours.value_counts()).pvalue > 1e-3


@pytest.mark.parametrize("test", ["single", "whole"])
def test_change_detection_ideal_observer(test):
    task = ChangeDetection(
        set_sizes=(2, 6), trials_per_size=400, change_probability=(0.5,), n_blocks=2, test=test,
        contrast=0.06, sample_s=0.1, fixation_s=0.2, window_s=1.0, test_s=1.0,
    )  # fmt: skip
    session = task.session(0)
    trials = session.trials
    rng = np.random.default_rng(0)
    spikes = counts(session, trials["sample_onset_s"], trials["sample_onset_s"] + 0.1, 0.1, rng)
    on, off = mean_count(0.06, 0.1), mean_count(0.0, 0.1)
    shown = np.array([[colour in text for colour in "abcdefghi"] for text in trials["test"]])
    least = np.where(shown, spikes[:, :9], 10**9).min(axis=1)
    ideal = task.ideal_accuracy()
    for size in (2, 6):
        here = (trials["set_size"] == size).to_numpy()
        changed = (trials["trial_type"] == "change").to_numpy()[here]
        n = size if test == "whole" else 1
        criteria = np.arange(0, 100)
        s_on, s_off = poisson.sf(criteria - 1, on), poisson.sf(criteria - 1, off)
        best = criteria[np.argmax(s_on**n + 1 - s_off * s_on ** (n - 1))]
        right = (least[here] < best) == changed
        assert 0.6 < ideal[size] < 0.99
        assert_share(right, ideal[size])
    assert ideal[6] < ideal[2] if test == "whole" else ideal[6] == ideal[2]


def test_change_detection_slots_by_simulation():
    rng = np.random.default_rng(0)
    task = ChangeDetection(change_probability=(0.3,), n_blocks=3)
    for size, expected in task.slot_accuracy(3.0).items():
        changed = rng.random(40000) < 0.3
        held = rng.random(40000) < 3.0 / size
        answer = np.where(held, changed, False)
        assert_share(answer == changed, expected)
    whole = replace(task, test="whole")
    assert whole.slot_accuracy(3.0)[2] == 1.0
    # Pashler's K is recovered: H = d, F = 0
    assert whole.slot_accuracy(3.0)[5] == pytest.approx(0.7 + 0.3 * 0.6)
