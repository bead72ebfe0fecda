"""PRP, blink, tracking, detection, monitoring: published counts and timings, ideal observers, faults."""

from __future__ import annotations

import doctest
import importlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from task_checks import (
    assert_batch_holds_sessions,
    assert_is_task,
    assert_rules_suffice,
    assert_share,
    choose,
    counts,
    spread,
)

from bridges.session import Responses
from bridges.tasks.attentional_blink import AttentionalBlink
from bridges.tasks.change_detection import ChangeDetection
from bridges.tasks.draws import paired_order
from bridges.tasks.dual_detection import DualDetection
from bridges.tasks.monitoring import Monitoring, patterns
from bridges.tasks.mot import MOT
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
def test_rules_and_events_suffice_to_be_right(task):
    assert_rules_suffice(task.practice().session(6))


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
    # one square in a target, none elsewhere
    assert (corners.sum(axis=(1, 2)) == (trials["modality"] == "visual")).all()
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
