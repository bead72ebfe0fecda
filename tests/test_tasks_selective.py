"""Posner, flanker, visual search and ANT: published counts and timings exactly, over seeds and parameters."""

from __future__ import annotations

import doctest
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare, kstest, norm, poisson

from bridges.session import Session
from bridges.tasks import ant, flanker, place_observers, posner, visual_search
from bridges.tasks.ant import ANT
from bridges.tasks.base import parameter_table
from bridges.tasks.flanker import Flanker
from bridges.tasks.place_observers import TwoPlaces, max_rule_accuracy
from bridges.tasks.posner import Posner
from bridges.tasks.visual_search import VisualSearch

quick = settings(max_examples=20, deadline=None)
seeds = st.integers(0, 2**64)

FORMS = (
    Posner(),
    Posner.classic(),
    Posner.classic("peripheral"),
    Posner(response="discrimination", catch=1),
    Flanker(),
    Flanker.letters(),
    Flanker.until_response(),
    Flanker.slow(),
    VisualSearch(),
    VisualSearch.feature(),
    VisualSearch.conjunction(),
    ANT(),
)


def label(task) -> str:
    return task.summary().split(":")[0] + f" {task.n_trials}"


def of_trial(session: Session, prefix: str) -> pd.DataFrame:
    """Events on channels with this prefix, with the row of their trial beside them."""
    events = session.events[session.events["channel"].str.startswith(prefix)]
    return events.merge(session.trials, on="trial", suffixes=("", "_trial"))


# --- what holds for every form --------------------------------------------------------------------


@pytest.mark.parametrize("task", FORMS, ids=label)
def test_every_form_is_a_task(task):
    session = task.session(5)
    trials = session.trials
    assert session.n_trials == task.n_trials
    assert (trials.groupby("block").size() == task.trials_per_block).all()
    assert trials["block"].nunique() == task.n_blocks
    assert (trials["window_start_s"] == trials["onset_s"]).all()
    assert (trials["window_stop_s"].to_numpy()[:-1] <= trials["onset_s"].to_numpy()[1:] + 1e-9).all()
    assert all(row["source"] for row in parameter_table(task))
    assert f"{task.n_trials} trials" in task.summary()
    length_s = float(task.summary().rsplit(" ", 2)[-2])
    assert length_s == pytest.approx(session.duration_s, rel=0.03)
    ruled = {rule.stimulus for rule in task.rules} | {rule.goal for rule in task.rules}
    assert ruled - {None} == set(session.channels)
    assert {rule.response for rule in task.rules} >= set(session.responses)


@pytest.mark.parametrize("task", FORMS, ids=label)
def test_batches_hold_the_same_sessions(task):
    small = task.practice()
    batch = small.sessions(3, seed=8)
    for k in range(3):
        assert batch[k].content_hash == small.session(batch.seeds[k]).content_hash
    assert len({session.content_hash for session in batch}) == 3


@pytest.mark.parametrize("task", FORMS, ids=label)
def test_practice_is_short_and_has_every_condition(task):
    small, whole = task.practice().session(1), task.session(1)
    assert small.n_trials <= whole.n_trials / 2 or task == Flanker.slow()
    assert set(small.trials["trial_type"]) == set(whole.trials["trial_type"])
    assert small.channels == whole.channels


# --- Posner ---------------------------------------------------------------------------------------


def test_posner_standard_form():
    trials = Posner().session(3).trials
    assert len(trials) == 640
    cells = trials.groupby(["block", "soa_s", "cue", "trial_type"]).size().unstack()
    assert (cells["valid"] == 8).all() and (cells["invalid"] == 2).all() and len(cells) == 64
    assert set(trials["soa_s"]) == {0.3, 0.4, 0.5, 0.6}
    assert set(trials["correct_response"]) == {"press"}


@quick
@given(
    seed=seeds,
    valid=st.integers(1, 6),
    invalid=st.integers(0, 4),
    neutral=st.integers(0, 2),
    catch=st.integers(0, 2),
    soa_s=st.sampled_from([(0.3,), (0.05, 1.0), (0.3, 0.4, 0.5, 0.6)]),
    cue=st.sampled_from(["central", "peripheral"]),
    response=st.sampled_from(["detection", "discrimination"]),
    n_blocks=st.integers(1, 3),
    low=st.floats(0.0, 1.0),
    width=st.floats(0.0, 1.0),
)
def test_posner_properties(seed, valid, invalid, neutral, catch, soa_s, cue, response, n_blocks, low, width):
    pairs = 2 if response == "discrimination" else 1
    counts = {"valid": pairs * valid, "invalid": pairs * invalid, "neutral": pairs * neutral}
    task = Posner(
        **counts, catch=catch, soa_s=soa_s, cue=cue, response=response, n_blocks=n_blocks,
        fixation_min_s=low, fixation_max_s=low + width,
    )  # fmt: skip
    session = task.session(seed)
    trials = session.trials
    for kind, n in {**counts, "catch": catch}.items():
        side = "cue" if kind == "catch" else "target_side"
        if kind == "neutral":
            assert (trials.loc[trials["trial_type"] == kind, "cue"] == "neutral").all()
        per_cell = trials[trials["trial_type"] == kind].groupby(["block", "soa_s", side]).size()
        assert len(per_cell) == (2 * len(soa_s) * n_blocks if n else 0)
        assert (per_cell == n).all()
    # validity is exact wherever one looks
    pointing = trials[trials["trial_type"].isin(["valid", "invalid"])]
    for _, part in pointing.groupby(["block", "soa_s", "cue"]):
        assert (part["trial_type"] == "valid").mean() == pytest.approx(task.validity)
    targets = trials[trials["trial_type"] != "catch"]
    assert ((targets["cue"] == targets["target_side"]) == (targets["trial_type"] == "valid")).all()
    assert (trials["correct_response"] == "none").equals(trials["trial_type"] == "catch")
    # timing
    assert np.allclose(trials["onset_s"] - trials["cue_onset_s"], trials["soa_s"], atol=1e-8)
    before = np.append(task.lead_in_s, trials["window_stop_s"].to_numpy()[:-1])
    fixation_s = trials["cue_onset_s"].to_numpy() - before
    assert (fixation_s >= low - 1e-8).all() and (fixation_s <= low + width + 1e-8).all()
    cues = of_trial(session, "cue_")
    assert np.allclose(cues["onset_s"], cues["cue_onset_s"]) and len(cues) == len(trials)
    assert ("cue_" + cues["cue"] == cues["channel"]).all()
    shown = of_trial(session, "target_") if response == "detection" else of_trial(session, ("x_", "o_"))
    targets_shown = shown[shown["onset_s"] == shown["onset_s_trial"]]
    assert len(targets_shown) == len(targets)
    assert (targets_shown["channel"].str.endswith(targets_shown["target_side"].iloc[0])).any()
    assert all(row.channel.endswith(row.target_side) for row in targets_shown.itertuples())
    brightened = shown[shown["onset_s"] < shown["onset_s_trial"]]
    assert (brightened["level"] == task.brightening).all()
    assert brightened.empty == (cue == "central")


def test_posner_discrimination_balances_letters_and_counterbalances_keys():
    task = Posner(response="discrimination")
    trials = task.session(2).trials
    cells = trials.groupby(["block", "soa_s", "target_side", "trial_type", "letter"]).size().unstack()
    assert (cells["x"] == cells["o"]).all()
    assert (trials["correct_response"] == np.where(trials["letter"] == "x", "left", "right")).all()
    swapped = task.counterbalanced(1)
    assert swapped.letter_left == "o" and task.counterbalanced(2) == task
    other = swapped.session(2).trials
    assert (other["correct_response"] == np.where(other["letter"] == "o", "left", "right")).all()
    assert Posner().counterbalanced(1) == Posner()


def test_posner_fixations_are_uniform():
    session = Posner().session(11)
    before = np.append(2.0, session.trials["window_stop_s"].to_numpy()[:-1])
    fixation_s = session.trials["cue_onset_s"].to_numpy() - before
    assert kstest(fixation_s, "uniform", args=(0.9, 0.5)).pvalue > 1e-3


# --- flanker --------------------------------------------------------------------------------------


def test_flanker_standard_form():
    session = Flanker().session(4)
    trials = session.trials
    assert len(trials) == 400
    cells = trials.groupby(["block", "target", "trial_type"]).size()
    assert (cells == 10).all() and len(cells) == 40
    assert set(trials["stimulus"]) == {"<<<<<", "<<><<", ">>>>>", ">><>>"}
    assert (trials["correct_response"] == trials["target"]).all()
    # onset asynchrony of 1.4 to 1.6 s within blocks, as measured in the data of people
    asynchrony_s = np.diff(trials["onset_s"])[np.diff(trials["block"]) == 0]
    assert asynchrony_s.min() >= 1.4 - 1e-9 and asynchrony_s.max() <= 1.6 + 1e-9
    assert kstest(asynchrony_s, "uniform", args=(1.4, 0.2)).pvalue > 1e-3
    assert Flanker().practice().n_trials == 12


def test_flanker_slow_form():
    task = Flanker.slow()
    trials = task.session(1).trials
    assert (trials.groupby(["block", "trial_type"]).size() == 12).all()
    asynchrony_s = np.diff(trials["onset_s"])[np.diff(trials["block"]) == 0]
    assert asynchrony_s.min() >= 10.0 and asynchrony_s.max() <= 14.0


@quick
@given(
    seed=seeds,
    letters=st.booleans(),
    congruent=st.integers(1, 4),
    incongruent=st.integers(1, 4),
    neutral=st.integers(0, 3),
    spacing=st.sampled_from([(0.5,), (0.06, 0.5, 1.0)]),
    n_blocks=st.integers(1, 3),
    n_flankers=st.sampled_from([2, 4, 6]),
    low=st.floats(1.0, 2.0),
    width=st.floats(0.0, 1.0),
)
def test_flanker_properties(
    seed, letters, congruent, incongruent, neutral, spacing, n_blocks, n_flankers, low, width
):
    even = 2 if letters else 1
    counts = {"congruent": even * congruent, "incongruent": even * incongruent, "neutral": neutral}
    task = Flanker(
        items="letters" if letters else "arrows", **counts, spacing_deg=spacing, n_blocks=n_blocks,
        n_flankers=n_flankers, interval_min_s=low, interval_max_s=low + width,
    )  # fmt: skip
    session = task.session(seed)
    trials = session.trials
    for kind, n in counts.items():
        cells = trials[trials["trial_type"] == kind].groupby(["block", "target", "spacing_deg"]).size()
        assert (cells == n).all() and len(cells) == (n_blocks * len(spacing) * (4 if letters else 2)) * (
            n > 0
        )
    key = {"h": "left", "k": "left", "s": "right", "c": "right", "left": "left", "right": "right"}
    assert (trials["correct_response"] == trials["target"].map(key)).all()
    agree = trials["flanker"].map(key) == trials["correct_response"]
    assert (agree == (trials["trial_type"] == "congruent")).all()
    assert trials["flanker"].isna().equals(trials["trial_type"] == "neutral")
    assert (trials["stimulus"].str.len() == n_flankers + 1).all()
    half = n_flankers // 2
    assert (trials["stimulus"].str[:half] == trials["stimulus"].str[half + 1 :]).all()
    if letters:
        assert (trials["stimulus"].str[half].str.lower() == trials["target"]).all()
        flanked = trials.groupby(["block", "target", "trial_type", "spacing_deg"])["flanker"]
        for (_, _, kind, _), part in flanked:
            assert kind == "neutral" or (part.value_counts() == len(part) / 2).all()
    asynchrony_s = np.diff(trials["onset_s"])[np.diff(trials["block"]) == 0]
    assert (asynchrony_s >= task.stimulus_s + low - 1e-8).all()
    assert (asynchrony_s <= task.stimulus_s + low + width + 1e-8).all()
    rests_s = np.diff(trials["onset_s"])[np.diff(trials["block"]) == 1]
    assert (rests_s >= task.stimulus_s + low + task.block_rest_s - 1e-8).all()
    middle, beside = of_trial(session, "target_"), of_trial(session, "flanker_")
    assert ("target_" + middle["target"] == middle["channel"]).all() and len(middle) == len(trials)
    assert ("flanker_" + beside["flanker"] == beside["channel"]).all()
    assert np.allclose(beside["level"], np.exp(-beside["spacing_deg"] / task.falloff_deg))
    assert len(beside) == trials["flanker"].notna().sum()


def test_flanker_letters_change_keys_with_the_participant():
    task = Flanker.letters()
    assert task.n_trials == 480 and set(task.session(1).trials["spacing_deg"]) == {0.06, 0.5, 1.0}
    swapped = task.counterbalanced(3).session(1).trials
    assert (
        swapped["correct_response"] == np.where(swapped["target"].isin(["s", "c"]), "left", "right")
    ).all()
    rules = {rule.stimulus: rule.response for rule in task.counterbalanced(3).rules}
    assert rules["target_s"] == rules["flanker_c"] == "left"
    assert Flanker().counterbalanced(3) == Flanker()


# --- visual search --------------------------------------------------------------------------------


@quick
@given(
    seed=seeds,
    sizes=st.sampled_from([(1,), (4, 8), (2, 5, 16), (4, 8, 12, 16)]),
    per_cell=st.integers(1, 5),
    n_blocks=st.integers(1, 3),
    level=st.floats(0.0, 0.99),
    low=st.floats(0.0, 1.0),
    width=st.floats(0.0, 1.0),
)
def test_visual_search_properties(seed, sizes, per_cell, n_blocks, level, low, width):
    task = VisualSearch(
        set_sizes=sizes, trials_per_cell=per_cell, n_blocks=n_blocks, distractor_level=level,
        fixation_min_s=low, fixation_max_s=low + width,
    )  # fmt: skip
    session = task.session(seed)
    trials = session.trials
    cells = trials.groupby(["block", "set_size", "trial_type"]).size()
    assert (cells == per_cell).all() and len(cells) == 2 * len(sizes) * n_blocks
    assert (trials["trial_type"] == trials["correct_response"]).all()
    items = of_trial(session, "item_")
    assert (items.groupby("trial").size() == trials["set_size"]).all()
    assert not items.duplicated(["trial", "channel"]).any()
    is_target = items["channel"] == items["target_location"]
    assert np.allclose(items["level"], np.where(is_target, 1.0, level))
    assert is_target.groupby(items["trial"]).sum().equals((trials["trial_type"] == "present").astype(int))
    assert trials["target_location"].isna().equals(trials["trial_type"] == "absent")
    display = of_trial(session, "display")
    assert len(display) == len(trials) and (display["duration_s"] == task.window_s).all()
    before = np.append(task.lead_in_s, trials["window_stop_s"].to_numpy()[:-1])
    fixation_s = trials["onset_s"].to_numpy() - before
    assert (fixation_s >= low - 1e-8).all() and (fixation_s <= low + width + 1e-8).all()


def test_visual_search_uses_every_place_equally_often():
    trials = VisualSearch(trials_per_cell=200, n_blocks=1).session(1).trials
    counts = trials["target_location"].value_counts()
    assert len(counts) == 16 and chisquare(counts).pvalue > 1e-3


def test_visual_search_is_harder_with_more_and_more_similar_items():
    feature, conjunction, inefficient = (
        task.ideal_accuracy(viewing_s=0.004)
        for task in (VisualSearch.feature(), VisualSearch.conjunction(), VisualSearch())
    )
    for accuracy in (feature, conjunction, inefficient):
        assert all(a > b for a, b in zip(list(accuracy.values()), list(accuracy.values())[1:], strict=False))
    assert all(feature[n] > conjunction[n] > inefficient[n] > 0.5 for n in feature)
    assert feature[16] > 0.99
    assert VisualSearch().counterbalanced(1).target == "second"


# --- ANT ------------------------------------------------------------------------------------------


def test_ant_standard_form():
    session = ANT().session(6)
    trials = session.trials
    assert len(trials) == 288
    cells = trials.groupby(["block", "cue", "trial_type", "target", "place"]).size()
    assert (cells == 2).all() and len(cells) == 3 * 48
    assert session.duration_s == pytest.approx(2.0 + 288 * 4.0 + 0.5)
    start_s = 2.0 + 4.0 * np.arange(288)
    fixation_s = trials["fixation_s"].to_numpy()
    assert np.allclose(trials["onset_s"] - start_s, fixation_s + 0.1 + 0.4, atol=1e-8)
    assert fixation_s.min() >= 0.4 and fixation_s.max() <= 1.6
    assert kstest(fixation_s, "uniform", args=(0.4, 1.2)).pvalue > 1e-3
    assert np.allclose(trials["window_stop_s"] - trials["onset_s"], 1.7)
    practice = ANT().practice().session(6).trials
    assert len(practice) == 24
    assert (practice.groupby(["cue", "trial_type"]).size() == 2).all()
    for column in ("target", "place"):
        assert (practice.groupby(["cue", "trial_type", column]).size() == 1).all()


@quick
@given(
    seed=seeds,
    per_cell=st.integers(1, 9),
    n_blocks=st.integers(1, 3),
    low=st.floats(0.0, 1.0),
    width=st.floats(0.0, 0.8),
)
def test_ant_properties(seed, per_cell, n_blocks, low, width):
    task = ANT(trials_per_cell=per_cell, n_blocks=n_blocks, fixation_min_s=low, fixation_max_s=low + width)
    session = task.session(seed)
    trials = session.trials
    cells = trials.groupby(["block", "cue", "trial_type"]).size()
    assert (cells == per_cell).all() and len(cells) == 12 * n_blocks
    for column in ("target", "place"):
        counts = trials.groupby(["block", "cue", "trial_type"])[column].value_counts().unstack(fill_value=0)
        assert (counts.max(axis=1) - counts.min(axis=1) <= 1 + per_cell % 2).all()
    assert (trials["correct_response"] == trials["target"]).all()
    fixation_s = trials["onset_s"] - 0.5 - task.lead_in_s - task.trial_s * trials["trial"]
    assert fixation_s.between(low - 1e-8, low + width + 1e-8).all()
    middle, beside = of_trial(session, "target_"), of_trial(session, "flanker_")
    assert ("target_" + middle["target"] + "_" + middle["place"] == middle["channel"]).all()
    assert len(middle) == len(trials)
    assert all(row.channel.endswith(row.place) for row in beside.itertuples())
    same = [f"_{row.target}_" in row.channel for row in beside.itertuples()]
    assert (np.array(same) == (beside["trial_type"] == "congruent")).all()
    assert set(beside["trial"]) == set(trials.loc[trials["trial_type"] != "neutral", "trial"])
    cues = of_trial(session, "cue_").groupby("trial")["channel"].agg(set)
    for row in trials.itertuples():
        expected = {
            "none": set(),
            "center": {"cue_center"},
            "double": {"cue_above", "cue_below"},
            "spatial": {f"cue_{row.place}"},
        }[row.cue]
        assert cues.get(row.trial, set()) == expected
    shown = of_trial(session, "cue_")
    assert np.allclose(shown["onset_s_trial"] - shown["onset_s"], 0.5) and (shown["duration_s"] == 0.1).all()


# --- ideal observers ------------------------------------------------------------------------------


def simulated_two_places(on, off, prior, rng, n=400_000):
    """Evidence with the signal at the first place, at the second, and nowhere, from drawn counts."""
    step = np.log(on / off)

    def evidence(first, second):
        a, b = rng.poisson(first, n), rng.poisson(second, n)
        return np.logaddexp(np.log(prior) + step * a, np.log(1 - prior) + step * b)

    return evidence(on, off), evidence(off, on), evidence(off, off)


@pytest.mark.parametrize(("on", "off", "prior"), [(9.0, 4.0, 0.8), (6.0, 5.0, 0.6), (12.0, 8.0, 0.5)])
def test_two_places_agree_with_simulation(on, off, prior):
    rng = np.random.default_rng(3)
    observer = TwoPlaces(on, off, prior)
    first, second, none = simulated_two_places(on, off, prior, rng)
    for accuracy, drawn in zip(observer.choice(), (first, second), strict=True):
        tie = np.abs(drawn - none) < 1e-9
        assert accuracy == pytest.approx(np.mean(np.where(tie, 0.5, drawn > none)), abs=0.004)
    present = 0.7
    criterion = np.log((1 - present) / present) + on - off
    hit_1, hit_2, rejection = observer.detection(present)
    assert hit_1 == pytest.approx(np.mean(first > criterion), abs=0.004)
    assert hit_2 == pytest.approx(np.mean(second > criterion), abs=0.004)
    assert rejection == pytest.approx(np.mean(none <= criterion), abs=0.004)


def test_two_places_know_their_limits():
    assert TwoPlaces(5.0, 5.0, 0.8).choice() == pytest.approx((0.5, 0.5))
    valid, invalid = TwoPlaces(9.0, 4.0, 0.8).choice()
    neutral = TwoPlaces(9.0, 4.0, 0.5).choice()
    assert neutral[0] == pytest.approx(neutral[1])
    assert valid > neutral[0] > invalid
    # a cue that is always right leaves two counts to compare
    on, off = poisson(9.0), poisson(4.0)
    k = np.arange(80)
    known = np.sum(on.pmf(k) * (off.cdf(k - 1) + 0.5 * off.pmf(k)))
    assert TwoPlaces(9.0, 4.0, 1.0).choice()[0] == pytest.approx(known, abs=1e-9)


@pytest.mark.parametrize("n", [1, 4, 16])
def test_max_rule_agrees_with_the_gaussian_limit_and_with_counting(n):
    # so large counts are Gaussian to the tails that matter
    target, distractor = 40_600.0, 40_000.0
    grid = np.linspace(38_000, 43_000, 20_001)
    f_t, f_d = norm.cdf(grid, target, np.sqrt(target)), norm.cdf(grid, distractor, np.sqrt(distractor))
    gaussian = np.max(1 - f_t * f_d ** (n - 1) + f_d**n) / 2
    assert max_rule_accuracy(target, distractor, n) == pytest.approx(gaussian, abs=0.005)
    rng = np.random.default_rng(n)
    counts = rng.poisson(4.0, (100_000, n))
    absent = counts.max(axis=1)
    counts[:, 0] = rng.poisson(9.0, 100_000)
    present = counts.max(axis=1)
    best = max(np.mean(present > c) / 2 + np.mean(absent <= c) / 2 for c in range(25))
    assert max_rule_accuracy(9.0, 4.0, n) == pytest.approx(best, abs=0.004)


def test_cues_help_an_ideal_observer_of_weak_targets():
    task = Posner(response="discrimination", contrast=0.1)
    accuracy = task.ideal_accuracy(viewing_s=0.02)
    assert accuracy["valid"] > accuracy["invalid"] > 0.5
    assert Posner().ideal_accuracy() == {"valid": 1.0, "invalid": 1.0}
    catch = Posner(catch=2, contrast=0.05).ideal_accuracy(viewing_s=0.02)
    assert catch["valid"] > catch["invalid"] and 0 < catch["catch"] < 1
    spatial = ANT(contrast=0.1).ideal_accuracy(viewing_s=0.02)
    assert spatial["spatial"] > spatial["center"] == spatial["none"] > 0.5
    assert Flanker(contrast=0.1).ideal_accuracy(0.02) == pytest.approx(spatial["spatial"])
    assert Flanker.letters().ideal_accuracy() == 1.0


# --- faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Posner(valid=0), ["valid = 0", ">= 1"]),
        (lambda: Posner(cue="auditory"), ["cue = 'auditory'", "central"]),
        (lambda: Posner(soa_s=(0.3, -0.1)), ["soa_s = (0.3, -0.1)", "> 0 s"]),
        (lambda: Posner(valid=3, response="discrimination"), ["valid = 3", "even"]),
        (lambda: Posner(target_s=2.0), ["target_s = 2.0", "window_s = 1.0"]),
        (lambda: Posner(cue_s=2.0), ["cue_s = 2.0", "soa_s"]),
        (lambda: Posner(fixation_min_s=2.0), ["fixation_min_s = 2.0", "fixation_max_s = 1.4"]),
        (lambda: Posner(contrast=0.0), ["contrast = 0.0"]),
        (lambda: Flanker(items="faces"), ["items = 'faces'", "arrows"]),
        (lambda: Flanker(n_flankers=3), ["n_flankers = 3", "as many"]),
        (lambda: Flanker(items="letters", congruent=3), ["congruent = 3", "even"]),
        (lambda: Flanker(window_s=3.0), ["window_s = 3.0", "interval_min_s = 1.2"]),
        (lambda: Flanker(spacing_deg=(-1.0,)), ["spacing_deg = (-1.0,)"]),
        (lambda: Flanker(lead_in_s=0.2), ["lead_in_s = 0.2", "instruction cue"]),
        (lambda: VisualSearch(set_sizes=(4, 12), n_locations=8), ["set_sizes = (4, 12)", "n_locations = 8"]),
        (lambda: VisualSearch(n_locations=20), ["n_locations = 20", "16"]),
        (lambda: VisualSearch(set_sizes=()), ["set_sizes = ()"]),
        (lambda: VisualSearch(distractor_level=1.5), ["distractor_level = 1.5"]),
        (lambda: ANT(fixation_max_s=3.0), ["fixation_max_s = 3.0", "trial_s = 4.0"]),
        (lambda: ANT(practice_trials=20), ["practice_trials = 20", "12"]),
        (lambda: ANT(trials_per_cell=0), ["trials_per_cell = 0"]),
    ],
)
def test_parameters_that_cannot_be_met_are_named(make, said):
    with pytest.raises(ValueError) as fault:
        make()
    assert all(text in str(fault.value) for text in said)


@pytest.mark.parametrize(
    "task", [Posner(response="discrimination"), Flanker.letters(), VisualSearch(), ANT()]
)
def test_participant_numbers_are_checked(task):
    with pytest.raises(ValueError, match="participant"):
        task.counterbalanced(-1)


@pytest.mark.parametrize("module", [ant, flanker, place_observers, posner, visual_search])
def test_examples_run(module):
    assert doctest.testmod(module).failed == 0


def test_difficulty_knobs_reach_the_events():
    faint = replace(Flanker(), contrast=0.3).session(1).events
    assert faint.loc[faint["channel"].str.startswith("target_"), "level"].eq(0.3).all()
    row = ANT(contrast=0.5, flanker_level=0.4).session(1).events
    assert row.loc[row["channel"].str.startswith("flanker_"), "level"].eq(0.2).all()
