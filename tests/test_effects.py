"""Effects of attention tasks against closed forms: bottleneck, known curves, ideal mixtures, hand counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bridges.measures.effects import EFFECT_LABELS, EFFECT_UNITS, FAMILIES, curves, effects
from bridges.measures.effects.base import line, mean, slope
from bridges.measures.effects.blink import blink_effects, t2_given_t1
from bridges.measures.effects.capacity import capacity_effects, cowan_k, pashler_k
from bridges.measures.effects.conflict import conditional_accuracy, conflict_effects, delta_plot, gratton_ms
from bridges.measures.effects.context import context_effects
from bridges.measures.effects.dual_task import aoc_area, dual_task_effects, sharing
from bridges.measures.effects.networks import network_effects
from bridges.measures.effects.orienting import orienting_effects
from bridges.measures.effects.prp import prp_curves, prp_effects
from bridges.measures.effects.search import search_effects
from bridges.measures.effects.tracking import objects_tracked, speed_threshold, tracking_effects
from bridges.session import NO_RESPONSE, Responses
from bridges.tasks import PRP, TASKS

# --- hand-made tables -----------------------------------------------------------------------------


def trials(**columns):
    """Scored trials, all right and answered after 0.4 s unless said otherwise."""
    n = max(np.size(values) for values in columns.values())
    table = pd.DataFrame({name: np.broadcast_to(np.asarray(v), n) for name, v in columns.items()})
    table.insert(0, "trial", np.arange(n))
    for name, value in (("component", "T1"), ("block", 0), ("correct", True), ("response_time_s", 0.4)):
        if name not in table:
            table[name] = value
    table["correct_response"] = table.get("correct_response", pd.Series(["left"] * n))
    table["response"] = table.get("response", pd.Series(np.where(table["correct"], "left", "right")))
    return table


def two(first, second, **conditions):
    """Scored components: `first` and `second` are (correct, response time) of every trial."""
    parts = []
    for name, (correct, time_s) in (("T1", first), ("T2", second)):
        part = trials(correct=np.asarray(correct, dtype=bool), response_time_s=time_s, **conditions)
        parts.append(part.assign(component=name))
    return pd.concat(parts, ignore_index=True)


# --- every family ---------------------------------------------------------------------------------


def perfect(session, delay_s=0.35):
    times, names = [], []
    for _, row in session.trials.iterrows():
        for onset, correct in (("onset_s", "correct_response"), ("onset_t2_s", "correct_response_t2")):
            if correct in row and isinstance(row[correct], str) and row[correct] != NO_RESPONSE:
                times.append(row[onset] + delay_s + 0.2 * (correct != "correct_response"))
                names.append(row[correct])
    return Responses.from_presses(session, times, names)


@pytest.mark.parametrize("task", FAMILIES)
def test_every_measure_has_label_and_unit_and_nothing_else_is_measured(task):
    session = TASKS[task]().session(1)
    responses = perfect(session)
    found, points = effects(session, responses), curves(session, responses)
    named = {one.name for one in FAMILIES[task].catalogue}
    assert set(found) | set(points["measure"]) == named
    assert all(EFFECT_LABELS[name] and EFFECT_UNITS[name] for name in named)
    assert list(points.columns) == ["measure", "series", "x", "value"]
    assert not points.duplicated(["measure", "series", "x"]).any()


def test_tasks_without_effects_have_none():
    session = TASKS["pvt"](duration_s=20.0).session(1)
    assert effects(session, perfect(session)) == {}
    assert curves(session, perfect(session)).empty


def test_one_name_is_one_unit_and_label():
    seen = {}
    for family in FAMILIES.values():
        for one in family.catalogue:
            assert seen.setdefault(one.name, one) == one


def test_line_and_mean_leave_out_what_is_missing():
    assert line([0, 1, 2, 3], [1, 3, np.nan, 7]) == pytest.approx((2.0, 1.0))
    assert np.isnan(slope([1, 1], [2, 3]))
    assert mean([1.0, np.nan, 3.0]) == 2.0
    assert np.isnan(mean([]))


# --- PRP ------------------------------------------------------------------------------------------

A, B, C = (0.1, 0.12), (0.25, 0.2), (0.1, 0.1)
"""Sensing, choosing and moving of the first and the second task (s)."""


def bottleneck(soa_s):
    """RT1 and RT2 (s) with one central stage."""
    return sum(part[0] for part in (A, B, C)), max(A[0] + B[0], soa_s + A[1]) + B[1] + C[1] - soa_s


def test_central_bottleneck_is_measured_exactly():
    soas = np.repeat([0.05, 0.1, 0.2, 0.4, 0.8], 4)
    rt = np.array([bottleneck(soa) for soa in soas])
    ones = np.ones(soas.size)
    scored = two((ones, rt[:, 0]), (ones, rt[:, 1]), trial_type="dual", soa_s=soas)
    found = prp_effects(scored)
    # the second task waits up to SOA = A1 + B1 - A2 = 230 ms
    assert found["prp_effect_ms"] == pytest.approx(1e3 * (0.35 + 0.3 - 0.05) - 1e3 * (0.12 + 0.3))
    assert found["rt2_soa_slope"] == pytest.approx(-1.0)
    assert found["rt2_soa_slope_long"] == pytest.approx(0.0)
    assert found["rt1_soa_effect_ms"] == pytest.approx(0.0)
    # while it waits, answers come B2 + C2 - C1 apart
    assert found["iri_shortest_ms"] == pytest.approx(200.0)
    rise = prp_curves(scored).query("measure == 'rt2_rise_ms'").set_index("x")["value"]
    assert rise[800.0] == 0.0 and rise[50.0] == pytest.approx(180.0)


def test_wrong_trials_do_not_count_and_grouped_and_reversed_ones_are_told():
    soas = [0.1] * 5 + [0.8] * 5
    first = ([1, 1, 1, 1, 0, 1, 1, 1, 1, 1], [0.4, 0.4, 0.4, 0.4, 0.4] + [0.4] * 5)
    second = ([1, 1, 1, 0, 1, 1, 1, 1, 1, 1], [0.6, 0.35, 0.2, 9.0, 9.0] + [0.3] * 5)
    found = prp_effects(two(first, second, trial_type="dual", soa_s=soas))
    assert found["prp_effect_ms"] == pytest.approx(1e3 * (0.6 + 0.35 + 0.2) / 3 - 300.0)
    assert (found["grouped_share"], found["reversal_share"]) == (0.1, 0.1)
    assert found["accuracy_t1"] == found["accuracy_t2"] == 0.9


def test_two_tasks_that_know_nothing_of_each_other_have_no_refractory_period():
    rng = np.random.default_rng(2)
    n = 4000
    soas = np.tile([0.05, 0.15, 0.3, 0.8], n // 4)
    times = 0.4 * np.exp(0.15 * rng.normal(size=(2, n)))
    ones = np.ones(n)
    found = prp_effects(two((ones, times[0]), (ones, times[1]), trial_type="dual", soa_s=soas))
    assert found["grouped_share"] > 0.1
    assert found["prp_effect_ms"] == pytest.approx(0.0, abs=8.0)
    assert found["rt2_soa_slope"] == pytest.approx(0.0, abs=0.03)


def test_single_blocks_give_the_cost_of_a_second_task():
    dual = two(([1, 1], [0.5, 0.45]), ([1, 1], [0.6, 0.55]), trial_type="dual", soa_s=[0.1, 0.8])
    single_1 = trials(trial_type=["single_1"] * 2, soa_s=0.1, response_time_s=0.4).assign(trial=[2, 3])
    single_2 = trials(trial_type=["single_2"] * 2, soa_s=0.1, response_time_s=0.5).assign(
        trial=[4, 5], component="T2"
    )
    found = prp_effects(pd.concat([dual, single_1, single_2], ignore_index=True))
    assert found["rt1_dual_cost_ms"] == pytest.approx(50.0)
    assert found["rt2_dual_cost_ms"] == pytest.approx(50.0)


def test_prp_session_scored_by_component():
    session = PRP(soa_s=(0.1, 0.6), trials_per_soa=4, blocks=("dual",)).session(2)
    found = effects(session, perfect(session))
    assert found["accuracy_t1"] == found["accuracy_t2"] == 1.0
    assert (found["rt1_ms"], found["rt2_ms"]) == pytest.approx((350.0, 550.0))
    assert found["prp_effect_ms"] == pytest.approx(0.0, abs=1e-6)


# --- blink ----------------------------------------------------------------------------------------

BY_LAG = {1: 0.8, 2: 0.5, 3: 0.4, 4: 0.6, 5: 0.7, 6: 0.8, 7: 0.9, 8: 0.9}


def blinking(by_lag=BY_LAG, n=10, t1_right=True):
    lags = np.repeat(list(by_lag), n)
    right = np.concatenate([np.arange(n) < round(n * p) for p in by_lag.values()])
    return two(
        (np.full(lags.size, t1_right), 0.4), (right, 0.4), trial_type="dual", lag=lags, t2_present=True
    )


def test_blink_of_a_known_curve():
    found = blink_effects(blinking())
    assert found["blink_magnitude_pp"] == pytest.approx(50.0)
    assert found["blink_depth_pp"] == pytest.approx(100 * (2.6 / 3 - 0.5))
    assert found["lag1_sparing_pp"] == pytest.approx(30.0)
    assert found["blink_minimum_lag"] == 3.0
    # half of the way from .4 to .9 is .65, between lags 4 and 5
    assert found["blink_half_recovery_lag"] == pytest.approx(4.5)
    assert found["t1_accuracy"] == 1.0


def test_t2_counts_only_after_a_right_t1_and_where_it_was_shown():
    missed = blinking({lag: 0.0 for lag in BY_LAG}, t1_right=False)
    missed["trial"] += 1000
    absent = blinking({lag: 0.5 for lag in BY_LAG})
    absent["trial"] += 2000
    scored = pd.concat([blinking(), missed, absent.assign(t2_present=False)], ignore_index=True)
    assert t2_given_t1(scored).to_dict() == pytest.approx(BY_LAG)
    found = blink_effects(scored)
    assert found["t1_accuracy"] == pytest.approx(2 / 3)
    assert found["t2_false_alarm_rate"] == pytest.approx(0.5)


# --- dual task ------------------------------------------------------------------------------------


def test_mutual_exclusion_and_independence_are_the_ends_of_sharing():
    alone, chance = (0.9, 0.8), (1 / 3, 1 / 2)
    assert sharing(alone, alone, chance) == pytest.approx(1.0)
    for share in (0.1, 0.5, 0.9):
        switching = tuple(c + w * (s - c) for s, c, w in zip(alone, chance, (share, 1 - share), strict=True))
        assert sharing(switching, alone, chance) == pytest.approx(0.0)
    assert np.isnan(sharing((0.3, 0.5), (1 / 3, 0.8), chance))
    shares = np.array([0.1, 0.5, 0.9])
    line_points = np.array(
        [c + w * (s - c) for s, c, w in zip(alone, chance, (shares, 1 - shares), strict=True)]
    )
    assert aoc_area(line_points, alone, chance) == pytest.approx(0.5)
    assert aoc_area(np.array([[0.9], [0.8]]), alone, chance) == pytest.approx(1.0)


def test_dual_costs_by_hand():
    priority = np.repeat([1.0, 0.9, 0.5, 0.1, 0.0], 10)
    right_1 = np.concatenate([np.arange(10) < k for k in (10, 9, 8, 5, 0)])
    right_2 = np.concatenate([np.arange(10) < k for k in (0, 5, 6, 7, 8)])
    scored = two((right_1, 0.4), (right_2, 0.4), outer_priority=priority)
    single = ((scored["component"] == "T1") & (scored["outer_priority"] == 0)) | (
        (scored["component"] == "T2") & (scored["outer_priority"] == 1)
    )
    found = dual_task_effects(scored[~single], (1 / 3, 1 / 3))
    assert found["dual_cost_t1"] == pytest.approx(0.2)
    assert found["dual_cost_t2"] == pytest.approx(0.25)
    assert found["dual_cost"] == pytest.approx(0.225)
    # .9 - .5 for the first, .7 - .5 for the second
    assert found["aoc_tradeoff_pp"] == pytest.approx(30.0)
    a = (0.8 - 1 / 3) / (1 - 1 / 3), (0.6 - 1 / 3) / (0.8 - 1 / 3)
    assert found["aoc_sharing"] == pytest.approx(sum(a) - 1)


# --- capacity and tracking ------------------------------------------------------------------------


def test_a_store_of_three_and_a_half_items_is_recovered_by_its_formula():
    n, k, guess = np.array([2.0, 5.0, 8.0]), 3.5, 0.3
    known = np.minimum(k / n, 1.0)
    # single probe: known or guessed, whether it changed or not
    hits, false_alarms = known + (1 - known) * guess, (1 - known) * guess
    assert cowan_k(n, hits, false_alarms) == pytest.approx([2.0, 3.5, 3.5])
    # whole display: without a known change one guesses
    assert pashler_k(n, known + (1 - known) * guess, np.full(3, guess)) == pytest.approx([2.0, 3.5, 3.5])


def test_capacity_of_counted_answers():
    size = np.repeat([2, 5, 8], 20)
    asked = np.tile(["change"] * 10 + ["same"] * 10, 3)
    said = np.concatenate(
        [
            np.where(np.r_[np.arange(10) < h, np.arange(10) < f], "change", "same")
            for h, f in ((10, 0), (9, 2), (7, 3))
        ]
    )
    found = capacity_effects(
        trials(set_size=size, correct_response=asked, response=said, correct=asked == said)
    )
    assert found["cowan_k"] == pytest.approx((5 * 0.7 + 8 * 0.4) / 2)
    assert found["pashler_k"] == pytest.approx((5 * 0.7 / 0.8 + 8 * 0.4 / 0.7) / 2)
    assert found["k_rise_small"] == pytest.approx((3.5 - 2.0) / 3)
    assert found["k_rise_large"] == pytest.approx((3.2 - 3.5) / 3)
    assert found["set_size_cost_pp"] == pytest.approx(100 * (1.0 - 0.7))


def test_speed_threshold_recovers_the_observer():
    rng = np.random.default_rng(4)
    speed = np.tile([2.0, 4.0, 6.0, 8.0, 10.0], 400)
    p = 0.5 + 0.5 / (1 + np.exp((speed - 6.5) / 1.2))
    assert speed_threshold(speed, rng.random(speed.size) < p) == pytest.approx(6.5, abs=0.4)
    assert np.isnan(speed_threshold(np.full(50, 4.0), np.ones(50)))
    # who is always right has no threshold among the speeds shown
    assert np.isnan(speed_threshold(speed, np.ones(speed.size)))


def test_objects_tracked_of_a_mixture_of_knowing_and_guessing():
    for m, n in ((2, 4), (3, 4), (4, 4)):
        assert objects_tracked(m / n + (1 - m / n) / 2, n) == pytest.approx(m)
    found = tracking_effects(
        trials(
            n_targets=np.repeat([1, 4], 40), speed=np.tile([2.0, 8.0], 40), correct=np.arange(80) % 40 < 40
        )
    )
    assert found["target_cost_pp"] == 0.0 and found["objects_tracked"] == pytest.approx(4.0)


# --- selection ------------------------------------------------------------------------------------


def test_validity_counts_each_delay_alike():
    kind = ["valid"] * 8 + ["invalid"] * 2 + ["valid", "invalid", "neutral"]
    soa = [0.3] * 10 + [0.6] * 3
    time = [0.30] * 8 + [0.36] * 2 + [0.32, 0.34, 0.325]
    found = orienting_effects(trials(trial_type=kind, soa_s=soa, response_time_s=time))
    assert found["validity_ms"] == pytest.approx((60 + 20) / 2)
    assert found["validity_slope"] == pytest.approx(-40 / 3)
    assert found["validity_benefit_ms"] == pytest.approx(5.0)
    assert found["validity_cost_ms"] == pytest.approx(15.0)


def test_delta_plot_and_accuracy_functions_of_shifted_and_stretched_times():
    q = np.linspace(0.3, 0.5, 101)
    table = pd.concat(
        [
            trials(trial_type="congruent", response_time_s=q),
            trials(trial_type="incongruent", response_time_s=0.05 + 1.2 * (q - 0.3) + 0.3),
        ],
        ignore_index=True,
    )
    middle, delta = delta_plot(table)
    assert delta == pytest.approx(1e3 * (0.05 + 0.2 * 0.2 * np.array([0.1, 0.3, 0.5, 0.7, 0.9])))
    # a delay of 50 ms and a stretch by 1.2 rise by .2 over a mean that rises by 1.1
    assert conflict_effects(table)["delta_slope"] == pytest.approx(0.2 / 1.1)
    assert middle[2] == pytest.approx(1e3 * (0.4 + 0.47) / 2)
    right = np.arange(101) >= 20
    at, accuracy = conditional_accuracy(trials(correct=right, response_time_s=q))
    assert accuracy == pytest.approx([1 / 21, 1, 1, 1, 1])
    assert (np.diff(at) > 0).all()
    assert np.isnan(conditional_accuracy(trials(response_time_s=q[:9]))[1]).all()


def test_sequence_effect_by_hand():
    kind = ["congruent", "incongruent", "incongruent", "congruent", "congruent", "incongruent"]
    time = [0.4, 0.50, 0.46, 0.42, 0.40, 0.50]
    # after congruent: 500 - 400; after incongruent: 460 - 420
    assert gratton_ms(trials(trial_type=kind, response_time_s=time)) == pytest.approx(60.0)
    # the first trial of a block follows on none, and a wrong trial does not count as one before
    blocks = gratton_ms(trials(trial_type=kind * 2, response_time_s=time * 2, block=np.repeat([0, 1], 6)))
    assert blocks == pytest.approx(60.0)


def test_serial_self_terminating_search_has_a_ratio_of_two():
    size = np.tile(np.repeat([4, 8, 12], 2), 2)
    kind = np.repeat(["present", "absent"], 6)
    per_item = np.where(kind == "present", 0.020, 0.040)
    found = search_effects(trials(trial_type=kind, set_size=size, response_time_s=0.45 + per_item * size))
    assert found["slope_present_ms_per_item"] == pytest.approx(20.0)
    assert found["slope_ratio_absent_present"] == pytest.approx(2.0)
    assert found["slope_difference_ms_per_item"] == pytest.approx(20.0)
    assert found["intercept_absent_ms"] == pytest.approx(450.0)
    flat = search_effects(trials(trial_type=kind, set_size=size, response_time_s=0.45))
    assert flat["slope_present_ms_per_item"] == pytest.approx(0.0, abs=1e-9)
    assert np.isnan(flat["slope_ratio_absent_present"])


def test_networks_are_differences_of_cue_means():
    cue = np.repeat(["none", "center", "double", "spatial"], 2)
    time = 0.5 + np.repeat([0.04, 0.01, 0.0, -0.04], 2) + np.tile([0.0, 0.08], 4)
    found = network_effects(
        trials(cue=cue, trial_type=np.tile(["congruent", "incongruent"], 4), response_time_s=time)
    )
    assert found["alerting_ms"] == pytest.approx(40.0)
    assert found["orienting_ms"] == pytest.approx(50.0)
    assert found["conflict_ms"] == pytest.approx(80.0)


def test_context_scores_by_hand():
    from scipy.stats import norm

    kind = np.repeat(["AX", "AY", "BX", "BY"], [20, 10, 10, 10])
    wrong = np.concatenate([np.arange(20) < 1, np.arange(10) < 3, np.arange(10) < 2, np.arange(10) < 0])
    should = np.where(kind == "AX", "target", "nontarget")
    other = np.where(kind == "AX", "nontarget", "target")
    said = np.where(wrong, other, should)
    found = context_effects(trials(trial_type=kind, correct_response=should, response=said, correct=~wrong))
    assert found["d_prime_context"] == pytest.approx(norm.ppf(19.5 / 21) - norm.ppf(2.5 / 11))
    assert found["pbi_error"] == pytest.approx((3.5 - 2.5) / (3.5 + 2.5))
    assert found["context_cost_pp"] == pytest.approx(50 * (0.3 + 0.2 - 0.05))
