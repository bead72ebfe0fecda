"""PRP, blink, tracking, detection, monitoring: published counts and timings, ideal observers, faults."""

from __future__ import annotations

import doctest
import importlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare, poisson
from task_checks import assert_batch_holds_sessions, assert_is_task, assert_share, choose, counts, spread

from bridges.encoding import RateCode
from bridges.session import Responses
from bridges.tasks import observers, tracking
from bridges.tasks.attentional_blink import AttentionalBlink
from bridges.tasks.change_detection import ChangeDetection
from bridges.tasks.draws import paired_order
from bridges.tasks.dual_detection import DualDetection
from bridges.tasks.monitoring import Monitoring, patterns
from bridges.tasks.mot import MOT
from bridges.tasks.motion import Field, Rings
from bridges.tasks.observers import mean_count
from bridges.tasks.prp import PRP

quick = settings(max_examples=8, deadline=None)
seeds = st.integers(0, 2**64)

FORMS = {
    "prp": PRP(),
    "prp_pashler": PRP.pashler(),
    "prp_with_single_tasks": PRP.with_single_tasks(),
    "blink_raymond": AttentionalBlink.raymond(),
    "blink_digits": AttentionalBlink.digits(),
    "blink_reteig": AttentionalBlink.reteig(),
    "change_rouder": ChangeDetection.rouder(),
    "change_luck_vogel": ChangeDetection.luck_vogel(),
    "dual_detection": DualDetection(),
    "monitoring_dual": Monitoring.dual(),
    "monitoring_visual": Monitoring.visual(),
    "monitoring_auditory": Monitoring.auditory(),
    "mot_standard": MOT.standard(),
    "mot_rings": MOT.roudaia(),
}


def human_trials(name: str) -> pd.DataFrame:
    root = os.environ.get("NEUROSIM_HUMAN_DATA")
    folder = Path(root) if root else Path(__file__).resolve().parents[2] / "shared" / "human_data"
    if not (folder / name).is_dir():
        pytest.skip(f"no human data at {folder / name}; set NEUROSIM_HUMAN_DATA")
    return pd.read_csv(folder / name / "trials.csv.gz")


# --- what holds for every form --------------------------------------------------------------------


@pytest.mark.parametrize("task", FORMS.values(), ids=FORMS)
def test_every_form_is_a_task(task):
    session = assert_is_task(task)
    assert task.counterbalanced(1).practice().n_trials < task.n_trials / 2
    # who gives every right answer in time is right everywhere, in both components
    trials, times, answers = session.trials, [], []
    for onset, correct in (("onset_s", "correct_response"), ("onset_t2_s", "correct_response_t2")):
        if correct in trials:
            asked = trials[trials[correct].notna() & (trials[correct] != "none")]
            times += list(asked[onset] + 0.45)
            answers += list(asked[correct])
    scored = Responses.from_presses(session, times, answers).scored(session)
    assert scored["correct"].all()
    assert set(scored["component"]) == set(session.components)


@pytest.mark.parametrize("task", FORMS.values(), ids=FORMS)
def test_batches_hold_the_same_sessions(task):
    assert_batch_holds_sessions(task.practice())


@pytest.mark.parametrize(
    "name",
    ["prp", "attentional_blink", "change_detection", "dual_detection", "monitoring", "mot", "observers"],
)
def test_examples_run(name):
    assert doctest.testmod(importlib.import_module(f"bridges.tasks.{name}")).failed == 0


# --- PRP ------------------------------------------------------------------------------------------


def test_prp_published_form():
    trials = PRP().session(1).trials
    assert len(trials) == 200
    assert trials["soa_s"].value_counts().to_dict() == {0.05: 50, 0.15: 50, 0.3: 50, 0.8: 50}
    assert (trials.groupby(["block", "soa_s"]).size() == 10).all()
    assert np.allclose(trials["onset_t2_s"] - trials["onset_s"], trials["soa_s"])
    assert np.allclose(trials["window_stop_s"] - trials["onset_s"], 2.0)
    assert (trials["window_stop_t2_s"] == trials["window_stop_s"]).all()
    assert PRP().practice().n_trials == 20


@quick
@given(
    seed=seeds,
    soa=st.sampled_from([(0.1,), (0.05, 0.8), (0.05, 0.15, 0.3, 0.8)]),
    per_soa=st.integers(1, 12),
    blocks=st.lists(st.sampled_from(["dual", "single_1", "single_2"]), min_size=1, max_size=5),
    n_second=st.integers(2, 3),
)
def test_prp_properties(seed, soa, per_soa, blocks, n_second):
    task = PRP(
        soa_s=soa, trials_per_soa=per_soa, blocks=tuple(blocks), s2=tuple("ABC"[:n_second]),
        keys_2=tuple(range(n_second)),
    )  # fmt: skip
    session = task.session(seed)
    trials = session.trials
    assert trials.groupby("block")["trial_type"].first().tolist() == blocks
    has_1, has_2 = trials["trial_type"] != "single_2", trials["trial_type"] != "single_1"
    assert (trials["window_start_s"].notna() == has_1).all() and (trials["s1"].notna() == has_1).all()
    assert (trials["window_start_t2_s"].notna() == has_2).all() and (trials["s2"].notna() == has_2).all()
    dual = trials[trials["trial_type"] == "dual"]
    if len(dual):
        assert (dual.groupby(["block", "soa_s"]).size() == per_soa).all()
        cells = dual.groupby(["block", "soa_s", "s1", "s2"]).size().unstack(["s1", "s2"], fill_value=0)
        cells = cells.reindex(columns=pd.MultiIndex.from_product([task.s1, task.s2]), fill_value=0)
        assert all(spread(row) <= 1 for row in cells.to_numpy())
        over_run = cells.groupby(level="soa_s").sum().to_numpy()
        assert all(spread(row) <= 1 for row in over_run)
    # the instruction comes ahead of each block and says what it asks for
    cues = session.events[session.events["trial"] < 0]
    first = trials.groupby("block")["onset_s"].first()
    for block, kind in enumerate(blocks):
        start_s = first[block] - task.fixation_s - task.lead_in_s
        here = cues[np.isclose(cues["onset_s"], start_s + 0.5)].set_index("channel")["level"].to_dict()
        asked = {"dual": {"attend_s1": 1.0, "attend_s2": 0.5}, "single_1": {"attend_s1": 1.0}}
        assert here == asked.get(kind, {"attend_s2": 1.0})


def test_prp_counterbalances_all_pairs_of_mappings():
    mappings = {(PRP().counterbalanced(k).keys_1, PRP().counterbalanced(k).keys_2) for k in range(4)}
    assert len(mappings) == 4
    task = PRP().counterbalanced(3)
    session = task.session(0)
    answer = {rule.stimulus: rule.response for rule in session.rules}
    assert (session.trials["correct_response"] == [answer[f"s1_{s}"] for s in session.trials["s1"]]).all()
    assert (session.trials["correct_response_t2"] == [answer[f"s2_{s}"] for s in session.trials["s2"]]).all()


@quick
@given(first=st.integers(1, 4), second=st.integers(1, 4), seed=seeds)
def test_paired_order_is_balanced_wherever_it_stops(first, second, seed):
    order = paired_order(np.random.default_rng(seed), first, second)
    assert len(set(map(tuple, order))) == len(order) == first * second
    for stop in range(1, len(order) + 1):
        larger = order[:stop, 0 if first >= second else 1]
        assert spread(np.bincount(larger, minlength=max(first, second))) <= 1


def test_prp_ideal_observer():
    task = replace(PRP.pashler(), contrast=0.03, trials_per_soa=60, s1_s=0.15)
    session = task.session(0)
    trials = session.trials
    rng = np.random.default_rng(1)
    at_1 = counts(session, trials["onset_s"], trials["onset_s"] + 0.15, 0.05, rng)[:, :2]
    right = np.array(task.s1)[choose(at_1, rng)] == trials["s1"]
    assert 0.7 < task.ideal_accuracy()["T1"] < 0.99
    assert_share(right.to_numpy(), task.ideal_accuracy()["T1"])


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


# --- dual detection -------------------------------------------------------------------------------


@quick
@given(
    seed=seeds,
    blocks=st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]), min_size=1, max_size=4),
    per_block=st.integers(1, 20),
    before=st.tuples(st.integers(0, 5), st.integers(0, 5)).map(sorted),
)
def test_dual_detection_properties(seed, blocks, per_block, before):
    task = DualDetection(
        blocks=tuple(blocks), trials_per_block=per_block, before_min=before[0], before_max=before[1]
    )
    session = task.session(seed)
    trials, events = session.trials, session.events
    assert trials.groupby("block")["outer_priority"].first().tolist() == blocks
    assert (trials["window_start_s"].notna() == (trials["outer_priority"] > 0)).all()
    assert (trials["window_start_t2_s"].notna() == (trials["outer_priority"] < 1)).all()
    pairs = trials.groupby(["block", "outer", "inner"]).size().unstack(["outer", "inner"], fill_value=0)
    pairs = pairs.reindex(
        columns=pd.MultiIndex.from_product([task.outer_digits, task.inner_digits]), fill_value=0
    )
    assert all(spread(row) <= 1 for row in pairs.to_numpy())
    arrays = events[events["channel"] == "outer_letters"].groupby("trial")
    assert (arrays.size().to_numpy() == trials["array"] + task.after).all()
    assert trials["array"].between(before[0] + 1, before[1] + 1).all()
    assert np.allclose(arrays["onset_s"].diff().dropna(), 0.24)
    # the digits come with the array that the table names, in either area
    nth = arrays["onset_s"].apply(lambda t: np.sort(t.to_numpy()))
    expected = [nth[row.trial][row.array - 1] for row in trials.itertuples()]
    assert np.allclose(trials["onset_s"], expected)
    for area in ("outer", "inner"):
        digits = events[events["channel"].str.match(rf"{area}_\d")].set_index("trial")
        assert (digits["channel"] == f"{area}_" + trials[area]).all()
        assert np.allclose(digits["onset_s"], trials["onset_s"])
    # instructed shares add up to one
    cues = events[events["trial"] < 0]
    level = cues.groupby("onset_s")["level"].sum()
    assert len(level) == len(blocks) and np.allclose(level, 1.0)


def test_dual_detection_rotates_blocks():
    orders = [DualDetection().counterbalanced(k).blocks for k in range(5)]
    for place in range(5):
        assert sorted(order[place] for order in orders) == [0.0, 0.1, 0.5, 0.9, 1.0]


def test_dual_detection_ideal_observer():
    task = DualDetection(blocks=(0.5,), trials_per_block=600, contrast=0.03)
    session = task.session(0)
    trials = session.trials
    rng = np.random.default_rng(0)
    spikes = counts(session, trials["onset_s"], trials["onset_s"] + 0.24, 0.02, rng)
    ideal = task.ideal_accuracy()
    for component, area, first in (("T1", "outer", 0), ("T2", "inner", 3)):
        digits = np.array(getattr(task, f"{area}_digits"))
        right = digits[choose(spikes[:, first : first + 3], rng)] == trials[area]
        assert 0.6 < ideal[component] < 0.99
        assert_share(right.to_numpy(), ideal[component])


# --- monitoring -----------------------------------------------------------------------------------


def test_monitoring_published_form():
    session = Monitoring().session(3)
    trials = session.trials
    assert trials["modality"].value_counts().to_dict() == {"visual": 17, "auditory": 16}
    events = session.events
    displays = events[events["channel"].isin(["square", "pattern"])]
    tones = events[events["channel"].isin(["repeat", "alternation"])]
    assert np.allclose(np.diff(displays["onset_s"]), 2.0)
    assert np.allclose(np.diff(tones["onset_s"]), 1.0)
    assert len(displays) * 2.0 == pytest.approx(205, abs=2)
    assert len(Monitoring.visual().session(0).trials) * 2.0 == 150


@quick
@given(
    seed=seeds,
    n=st.integers(10, 60),
    visual=st.integers(0, 4),
    auditory=st.integers(0, 4),
    crosses=st.tuples(st.integers(4, 8), st.integers(4, 8)).map(sorted),
)
def test_monitoring_properties(seed, n, visual, auditory, crosses):
    task = Monitoring(
        n_displays=n, visual_targets=visual, auditory_targets=auditory,
        min_crosses=crosses[0], max_crosses=crosses[1],
    )  # fmt: skip
    session = task.session(seed)
    trials, events = session.trials, session.events
    assert (trials["modality"] == "visual").sum() == visual
    assert (trials["modality"] == "auditory").sum() == auditory
    assert (trials["trial_type"].iloc[:2] == "no_go").all()
    grid = (trials["crosses"].to_numpy()[:, None] >> np.arange(16) & 1).reshape(-1, 4, 4)
    corners = np.stack([grid[:, i : i + 3, j : j + 3] for i in (0, 1) for j in (0, 1)]).all(axis=0)
    assert (corners.any(axis=(1, 2)) == (trials["modality"] == "visual")).all()
    assert grid.sum(axis=(1, 2)).min() >= crosses[0] and grid.sum(axis=(1, 2)).max() <= crosses[1]
    assert (np.diff(trials["crosses"]) != 0).all()
    pitches = np.array([pitch for pair in trials["tones"] for pitch in pair.split()])
    repeats = np.append(False, pitches[1:] == pitches[:-1])
    assert repeats.sum() == auditory
    tones = events[events["channel"].isin(["repeat", "alternation"])]
    assert ((tones["channel"] == "repeat").to_numpy() == repeats).all()
    heard = trials[trials["modality"] == "auditory"]
    assert np.allclose(tones.loc[repeats, "onset_s"], heard["onset_s"])
    targets = trials[trials["trial_type"] == "go"]
    assert np.allclose(targets["window_stop_s"] - targets["onset_s"], task.window_s)


def test_monitoring_uses_both_tones_of_a_display():
    trials = pd.concat([Monitoring().session(seed).trials for seed in range(10)])
    heard = trials[trials["modality"] == "auditory"]
    later = (heard["onset_s"] % 2.0 > 1.0).mean()
    # the second tone cannot be a target if the next display holds one: a third of them
    assert 0.2 < later < 0.5


def test_patterns_are_all_there_are():
    plain, square = patterns(4, 4)
    assert square.size == 9
    assert plain.size + square.size == 1820  # 16 choose 4


def test_monitoring_ideal_observer():
    task = Monitoring(n_displays=2000, visual_targets=400, auditory_targets=400, contrast=0.01)
    session = task.session(0)
    rng = np.random.default_rng(0)
    column = {name: k for k, name in enumerate(session.channels)}
    display_s = task.lead_in_s + 2.0 * np.arange(2000)
    tasks = (
        ("visual", "square", "pattern", display_s, 2.0, 400 / 2000),
        ("auditory", "repeat", "alternation", display_s + 0.5, 0.25, 400 / 4000),
    )
    for modality, target, other, start_s, shown_s, share in tasks:
        spikes = counts(session, start_s, start_s + shown_s, 0.25, rng)
        ratio = np.log(mean_count(task.contrast, shown_s) / mean_count(0.0, shown_s))
        difference = spikes[:, column[target]] - spikes[:, column[other]]
        says = difference * ratio + np.log(share / (1 - share)) > 0
        shown = session.events[session.events["channel"].isin([target, other])]
        shown = shown[np.isin(shown["onset_s"].round(6), np.round(start_s, 6))]
        expected = task.ideal_accuracy()[modality]
        assert 0.85 < expected < 0.999
        assert_share(says == (shown["channel"] == target).to_numpy(), expected)


# --- multiple object tracking ---------------------------------------------------------------------


@quick
@given(
    seed=seeds,
    n=st.integers(2, 9),
    speed=st.floats(0.5, 15),
    spacing=st.floats(0.5, 2.5),
    turn=st.sampled_from([0.0, 40.0]),
)
def test_objects_stay_inside_and_apart(seed, n, speed, spacing, turn):
    field = Field(n, 20.0, spacing, turn)
    paths = field.paths(np.random.default_rng(seed), np.full(4, speed), 120, 1 / 30)
    assert np.abs(paths).max() <= 10.0 + 1e-9
    apart = paths[:, :, :, None] - paths[:, :, None]
    distance = np.sqrt((apart**2).sum(axis=-1))
    distance[..., np.arange(n), np.arange(n)] = np.inf
    assert distance.min() >= spacing - 1e-9
    step = np.sqrt((np.diff(paths, axis=1) ** 2).sum(axis=-1)) * 30
    assert step.max() <= speed + 1e-6
    inside = (np.abs(paths[:, 1:]) < 10.0 - speed / 30).all(axis=-1)
    moving = step > 1e-9
    assert np.allclose(
        step[inside & moving & (np.abs(paths[:, :-1]) < 10.0 - speed / 30).all(axis=-1)], speed
    )
    # a pause after a near collision is short
    assert moving.mean() > 0.8


def test_objects_bounce_off_the_wall_at_the_angle_at_which_they_came():
    paths = Field(1, 4.0, 0.1).paths(np.random.default_rng(1), np.full(50, 6.0), 300, 1 / 60)[:, :, 0]
    velocity = np.diff(paths, axis=1)
    # each coordinate keeps its speed and only ever changes sign, but for the frame that is folded
    size = np.abs(velocity)
    typical = np.median(size, axis=1, keepdims=True)
    folded = ~np.isclose(size, typical, atol=1e-9)
    assert folded.mean() < 0.05
    assert np.allclose(np.sqrt((typical[:, 0] ** 2).sum(axis=1)), 6.0 / 60)


def test_objects_are_everywhere_and_go_in_all_directions():
    paths = Field(4, 20.0, 1.0, 30.0).paths(np.random.default_rng(0), np.full(200, 8.0), 200, 1 / 30)
    last = paths[:, -1]
    assert chisquare(np.histogram(last[..., 0], bins=5, range=(-10, 10))[0]).pvalue > 1e-3
    first = np.diff(paths[:, :2], axis=1)[:, 0].reshape(-1, 2)
    angle = np.arctan2(first[:, 1], first[:, 0])
    assert chisquare(np.histogram(angle, bins=8, range=(-np.pi, np.pi))[0]).pvalue > 1e-3


def test_a_field_without_room_says_so():
    with pytest.raises(ValueError, match="no room"):
        Field(8, 2.0, 2.0).paths(np.random.default_rng(0), np.ones(1), 2, 0.1)


def test_rings_turn_rigidly_at_their_speed():
    rings = Rings(5, (3.0, 5.0), 1.0)
    speed = np.array([0.5, 1.0])
    paths = rings.paths(np.random.default_rng(0), speed, 91, 1 / 30)
    assert paths.shape == (2, 91, 10, 2)
    radius = np.sqrt((paths**2).sum(axis=-1))
    assert np.allclose(radius, np.repeat([3.0, 5.0], 5), atol=1e-5)
    angle = np.unwrap(np.arctan2(paths[..., 1], paths[..., 0]), axis=1) / (2 * np.pi)
    turn = np.diff(angle, axis=1) * 30
    assert np.allclose(np.abs(turn), speed[:, None, None], atol=1e-3)
    # equally spaced, together, with reversals
    assert np.allclose(turn[:, :, :5], turn[:, :, :1], atol=1e-3)
    assert np.allclose(turn[:, :, 5:], turn[:, :, 5:6], atol=1e-3)
    assert (np.diff(np.sign(turn), axis=1) != 0).any()
    turn = np.diff(rings.turns(np.random.default_rng(1), np.ones(300), 91, 1 / 30), axis=1)
    reversals = np.diff(np.sign(turn), axis=1) != 0
    assert reversals.mean() == pytest.approx(1 / 30, rel=0.1)


@pytest.mark.parametrize("task", [MOT(), MOT.roudaia()], ids=["field", "rings"])
def test_mot_conditions_are_exact(task):
    session = task.session(4)
    trials = session.trials
    cells = trials.groupby(["block", "n_targets", "speed"])["trial_type"].agg(
        ["size", lambda t: (t == "target").mean()]
    )
    assert (cells["size"] == task.trials_per_cell).all() and (cells.iloc[:, 1] == 0.5).all()
    bits = trials["targets"].to_numpy()[:, None] >> np.arange(task.n_shown) & 1
    assert (bits.sum(axis=1) == trials["n_targets"]).all()
    probed = bits[np.arange(len(trials)), trials["probe"] - 1] == 1
    assert (probed == (trials["correct_response"] == "target")).all()
    cues = session.events[np.isclose(session.events["duration_s"], task.cue_s)]
    shown = cues.groupby("trial")["channel"].agg(set)
    for row, targets in zip(shown, bits, strict=True):
        assert row == {f"cue_{k + 1}" for k in np.flatnonzero(targets)}
    if task.arrangement == "rings":
        on_ring = bits.reshape(-1, 3, 5).sum(axis=2)
        assert on_ring.max() == 1
        # a distractor is probed on a ring with a target
        assert (on_ring[np.arange(len(trials)), (trials["probe"] - 1) // 5] == 1).all()


def test_mot_spill_is_what_the_trajectories_say():
    task = MOT(n_blocks=1)
    session = task.session(9)
    trials = session.trials
    paths = task.trajectories(9)
    assert paths.shape == (48, 241, 8, 2)
    bits = trials["targets"].to_numpy()[:, None] >> np.arange(8) & 1
    spill = session.events[np.isclose(session.events["duration_s"], 0.1)]
    assert len(spill) > 100
    checked = spill.sample(200, random_state=0)
    for row in checked.itertuples():
        trial = trials.iloc[row.trial]
        look = round((row.onset_s - trial["motion_onset_s"]) / 0.1)
        place = paths[row.trial, 1 + 3 * look]
        other = int(row.channel.split("_")[1]) - 1
        width = np.sqrt(1.0 + (0.1 * trial["speed"]) ** 2)
        near = [
            np.exp(-np.sum((place[k] - place[other]) ** 2) / (2 * width**2))
            for k in np.flatnonzero(bits[row.trial])
            if k != other
        ]
        assert row.level == pytest.approx(max(near), abs=6e-4)


def test_mot_trajectories_differ_between_seeds_only():
    task = MOT(n_blocks=1, trials_per_cell=2)
    assert np.array_equal(task.trajectories(1), task.trajectories(1))
    assert not np.array_equal(task.trajectories(1), task.trajectories(2))


def test_tracking_gets_harder_with_speed_and_noise_but_not_with_targets():
    rings = MOT.roudaia().ideal_accuracy()
    for m in (1, 2, 3):
        by_speed = [rings[m, v] for v in MOT.roudaia().speed]
        assert by_speed[0] > 0.99 and by_speed[-1] < 0.8
        assert all(a >= b - 0.02 for a, b in zip(by_speed, by_speed[1:], strict=False))
    task = MOT(n_targets=(4,), speed=(2.0, 12.0), trials_per_cell=40, n_blocks=1)
    sharp, blurred = task.ideal_accuracy(0.4), task.ideal_accuracy(0.9)
    assert sharp[4, 2.0] > sharp[4, 12.0] > 0.5
    assert all(blurred[cell] < sharp[cell] for cell in sharp)
    assert abs(rings[1, 1.0] - rings[3, 1.0]) < 0.06


def test_pointers_on_a_ring_follow_the_closed_form():
    n, looks = 7, 40
    angle = 2 * np.pi * np.arange(n) / n
    place = np.stack([np.cos(angle), np.sin(angle)], axis=1) * 5.0
    paths = np.broadcast_to(place, (1, looks + 1, n, 2))
    width = np.full((1, n), 1.0)
    target = np.zeros((1, n), dtype=bool)
    target[0, 2] = True
    swap = tracking.confusion(paths, width)[0, 0]
    # only neighbours are near enough to matter
    assert np.sort(swap[2])[-3] < 1e-4 < swap[2, 3]
    near = np.where(swap >= 1e-4, swap, 0.0)
    transition = np.eye(n) + near - np.diag(near.sum(axis=1))
    expected = np.linalg.matrix_power(transition, looks)[2, 2]
    assert tracking.ring_accuracy(n, swap[2, 3], looks) == pytest.approx(expected, abs=1e-9)
    accuracy = tracking.pointer_accuracy(paths, width, target, np.array([2]))[0]
    assert accuracy == pytest.approx(expected, abs=2e-3)


def test_confusion_is_that_of_two_noisy_places():
    rng = np.random.default_rng(0)
    places = np.array([[[[0.0, 0.0], [1.5, 0.0]]]])
    seen = places + 0.8 * rng.standard_normal((200000, 1, 2, 2))
    reversed_order = seen[:, 0, 0, 0] > seen[:, 0, 1, 0]
    swap = tracking.confusion(places, np.full((1, 2), 0.8))[0, 0, 0, 1]
    assert_share(reversed_order, swap)


# --- observers ------------------------------------------------------------------------------------


@quick
@given(on=st.floats(1.0, 80.0), ratio=st.floats(0.1, 0.95), m=st.integers(2, 6))
def test_identification_by_brute_force(on, ratio, m):
    off = on * ratio
    k = np.arange(400)
    p_on = poisson.pmf(k, on)
    below, at = poisson.cdf(k - 1, off), poisson.pmf(k, off)
    brute = 0.0
    for ties in range(m):
        ways = poisson.pmf(0, 0) * np.prod([(m - 1 - i) / (i + 1) for i in range(ties)])
        brute += np.sum(p_on * ways * at**ties * below ** (m - 1 - ties) / (ties + 1))
    assert observers.identification(on, off, m) == pytest.approx(brute, abs=1e-9)


@quick
@given(on=st.floats(1.0, 60.0), ratio=st.floats(0.1, 0.95), prior=st.floats(0.05, 0.95))
def test_two_way_choices_by_brute_force(on, ratio, prior):
    off = on * ratio
    k = np.arange(250)
    p_on, p_off = poisson.pmf(k, on), poisson.pmf(k, off)
    first, second = np.outer(p_on, p_off), np.outer(p_off, p_on)
    brute = np.sum(np.maximum(prior * first, (1 - prior) * second))
    assert observers.binary_choice(on, off, prior) == pytest.approx(brute, abs=1e-9)
    detected = np.sum(np.maximum(prior * p_on, (1 - prior) * p_off))
    assert observers.detection(on, off, prior) == pytest.approx(detected, abs=1e-9)
    odds, p_first, p_second = observers.two_way_evidence(on, off)
    assert np.allclose(p_first, odds * p_second, rtol=1e-6)
    assert p_first.sum() == pytest.approx(1.0, abs=1e-6)


def test_observers_at_the_limits():
    assert observers.identification(10.0, 10.0, 4) == pytest.approx(0.25)
    assert observers.binary_choice(10.0, 10.0, 0.7) == pytest.approx(0.7)
    assert observers.identification(2000.0, 100.0, 4) == 1.0
    assert observers.mean_count(1.0, 0.5) == pytest.approx(40 * 100 * 0.5)
    assert observers.mean_count(0.0, 0.5, RateCode(2.0, 50.0, 10)) == pytest.approx(10.0)


# --- faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: PRP(soa_s=(0.1, 2.5)), ["soa_s = (0.1, 2.5)", "window_s = 2.0"]),
        (lambda: PRP(blocks=("both",)), ["blocks = ('both',)", "dual"]),
        (lambda: PRP(keys_1=(0, 2)), ["keys_1 = (0, 2)", "own"]),
        (lambda: PRP(s2=("3",), keys_2=(0,)), ["s2 = ('3',)", "two stimuli"]),
        (lambda: PRP(s2_s=3.5), ["s2_s = 3.5", "end before"]),
        (lambda: PRP(second_task_level=2), ["second_task_level = 2", "from 0 to 1"]),
        (lambda: AttentionalBlink(lags=(9,), trials_per_lag=(1,)), ["lags = (9,)", "after = 8"]),
        (lambda: AttentionalBlink(trials_per_lag=(1, 2)), ["trials_per_lag = (1, 2)", "each lag"]),
        (lambda: AttentionalBlink(before_min=9, before_max=3), ["before_min = 9", "before_max = 3"]),
        (lambda: AttentionalBlink(t1_targets=("X", "A")), ["t1_targets", "two of these sets"]),
        (lambda: AttentionalBlink(second_task="identification"), ["t2_targets = ('X',)", "more than one"]),
        (lambda: AttentionalBlink(prompt_s=3.0), ["prompt_s = 3.0", "report_s = 2.0"]),
        (lambda: ChangeDetection(set_sizes=(9,)), ["set_sizes = (9,)", "more colours"]),
        (lambda: ChangeDetection(trials_per_size=3), ["trials_per_size = 3", "whole"]),
        (lambda: ChangeDetection(n_blocks=4), ["n_blocks = 4", "multiple"]),
        (lambda: ChangeDetection(n_places=4), ["n_places = 4", "place of its own"]),
        (lambda: ChangeDetection(test="half"), ["test = 'half'", "single"]),
        (lambda: DualDetection(blocks=(0.5, 1.2)), ["blocks = (0.5, 1.2)", "shares"]),
        (lambda: DualDetection(after=20), ["after = 20", "window_s = 3.0"]),
        (lambda: DualDetection(outer_digits=("2",)), ["outer_digits = ('2',)", "two digits"]),
        (lambda: Monitoring(n_displays=20), ["n_displays = 20", "visual_targets = 17"]),
        (lambda: Monitoring(window_s=1.8), ["window_s = 1.8", "tone_offset_s = 0.5"]),
        (lambda: Monitoring(condition="visual"), ["condition = 'visual'", "auditory_targets = 16"]),
        (lambda: Monitoring(min_crosses=3), ["min_crosses = 3", "4 <= min"]),
        (lambda: MOT(n_targets=(8,)), ["n_targets = (8,)", "n_objects = 8"]),
        (lambda: MOT(trials_per_cell=3), ["trials_per_cell = 3", "even"]),
        (lambda: MOT(n_objects=200), ["n_objects = 200", "cannot be placed"]),
        (lambda: replace(MOT.roudaia(), n_targets=(4,)), ["n_targets = (4,)", "ring of its own"]),
        (lambda: MOT(speed=(-1.0,)), ["speed = (-1.0,)", ">= 0"]),
    ],
)
def test_parameters_that_cannot_be_met_are_named(make, said):
    with pytest.raises(ValueError) as fault:
        make()
    assert all(text in str(fault.value) for text in said)
