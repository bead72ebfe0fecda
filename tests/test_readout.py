from __future__ import annotations

import time

import numpy as np
import pytest

from bridges.readout import AccumulateToBound, ddm_accuracy, ddm_first_passage, ddm_mean_time, effective_bound

N_TRIALS = 20_000


@pytest.mark.parametrize("dt_s", [0.001, 0.005, 0.02])
@pytest.mark.parametrize("drift", [0.5, 1.0, 2.0])
def test_two_bounds_meet_the_closed_form(drift, dt_s):
    rng = np.random.default_rng(int(1000 * drift + 1e5 * dt_s))
    times, upper = ddm_first_passage(drift, 0.6, 1.0, dt_s, N_TRIALS, rng)
    assert not np.isnan(times).any()
    assert times.mean() == pytest.approx(ddm_mean_time(drift, 0.6, 1.0), rel=0.03)
    assert upper.mean() == pytest.approx(ddm_accuracy(drift, 0.6, 1.0), abs=0.01)


def test_closed_forms_without_drift():
    assert ddm_accuracy(0.0, 1.0, 1.0) == 0.5
    assert ddm_mean_time(0.0, 0.5, 2.0) == pytest.approx(ddm_mean_time(1e-6, 0.5, 2.0), rel=1e-6)


def test_the_bound_is_lowered_and_an_impossible_one_refused():
    assert effective_bound(1.0, 1.0, 0.01) == pytest.approx(1.0 - 0.05826)
    with pytest.raises(ValueError, match="cannot be met"):
        effective_bound(0.05, 1.0, 0.02)


@pytest.mark.parametrize("dt_s", [0.001, 0.005, 0.02])
def test_mean_time_between_presses_is_that_of_the_reflected_process(dt_s):
    # drift v, noise s, floor at 0, bound a: E[T] = a/v - s^2/(2 v^2) (1 - exp(-2 v a / s^2))
    drift, bound, noise = 1.5, 1.0, 1.0
    readout = AccumulateToBound(bound, 1.0, noise, non_decision_s=0.0, refractory_s=0.0)
    evidence = [np.full((round(40 / dt_s), 1), drift)] * 200
    found = readout.presses_of_many(evidence, dt_s, [np.random.default_rng(i) for i in range(200)])
    theory = bound / drift - noise**2 / (2 * drift**2) * (1 - np.exp(-2 * drift * bound / noise**2))
    assert np.mean(np.concatenate([np.diff(times) for times, _ in found])) == pytest.approx(theory, rel=0.03)


def test_presses_follow_the_evidence_after_the_non_decision_time():
    dt_s = 0.01
    evidence = np.zeros((600, 2))
    evidence[:, 1] = 10.0
    evidence[200:230] = (10.0, 0.0)
    readout = AccumulateToBound(bound=1.0, noise_sd=0.05, non_decision_s=0.15, refractory_s=0.5)
    times, response = readout.presses(evidence, dt_s, np.random.default_rng(0), n_responses=1)
    assert times.size == 1 and response.tolist() == [0]
    assert times[0] == pytest.approx(2.0 + 0.1 + 0.15, abs=0.025)


def test_the_strongest_alternative_is_given_and_the_refractory_time_kept():
    evidence = np.tile([0.0, 6.0, 1.0], (5000, 1))
    readout = AccumulateToBound(bound=0.8, noise_sd=0.3, non_decision_s=0.0, refractory_s=0.4)
    times, response = readout.presses(evidence, 0.01, np.random.default_rng(1))
    assert (response == 1).mean() > 0.99
    assert np.diff(times).min() > 0.4


def test_gain_scales_the_evidence_and_not_the_noise():
    readout = AccumulateToBound(bound=1.0, noise_sd=0.5, non_decision_s=0.0, refractory_s=0.0)
    evidence = np.full((40_000, 1), 5.0)
    full, _ = readout.presses(evidence, 0.01, np.random.default_rng(2), gain_t=np.ones(40_000))
    half, _ = readout.presses(evidence, 0.01, np.random.default_rng(2), gain_t=np.full(40_000, 0.5))
    same, _ = readout.presses(0.5 * evidence, 0.01, np.random.default_rng(2))
    assert half.size < 0.6 * full.size
    np.testing.assert_array_equal(half, same)


def test_leak_holds_weak_evidence_below_the_bound():
    evidence = np.full((5000, 1), 3.0)
    quiet = {"bound": 1.0, "noise_sd": 0.05, "non_decision_s": 0.0}
    rng = np.random.default_rng
    assert AccumulateToBound(**quiet).presses(evidence, 0.01, rng(3))[0].size > 50
    assert AccumulateToBound(**quiet, leak_per_s=4.0).presses(evidence, 0.01, rng(3))[0].size == 0


def test_a_participant_answers_the_same_alone_and_among_others():
    sizes = (3000, 5000, 4000)
    streams = [np.random.default_rng(i).normal(1.0, 3.0, (n, 2)) for i, n in enumerate(sizes)]
    readout = AccumulateToBound(bound=1.0, noise_sd=0.8, non_decision_s=0.1)
    together = readout.presses_of_many(streams, 0.02, [np.random.default_rng(10 + i) for i in range(3)])
    for i, stream in enumerate(streams):
        times, response = readout.presses(stream, 0.02, np.random.default_rng(10 + i))
        assert times.size > 10
        np.testing.assert_array_equal(times, together[i][0])
        np.testing.assert_array_equal(response, together[i][1])


def test_a_session_of_twenty_participants_is_quick():
    streams = [np.random.default_rng(i).normal(-2.0, 2.0, (30_000, 2)) for i in range(20)]
    rngs = [np.random.default_rng(i) for i in range(20)]
    start = time.process_time()
    AccumulateToBound().presses_of_many(streams, 0.02, rngs, n_responses=1)
    assert time.process_time() - start < 3.0


def test_bad_input_is_refused_by_name():
    with pytest.raises(ValueError, match="bound = 0"):
        AccumulateToBound(bound=0.0)
    with pytest.raises(ValueError, match="refractory_s"):
        AccumulateToBound(refractory_s=-1.0)
    bad = np.zeros((10, 2))
    bad[4] = np.nan
    with pytest.raises(ValueError, match="first at 0.080 s"):
        AccumulateToBound().presses(bad, 0.02, np.random.default_rng(0))
    with pytest.raises(ValueError, match="2 arrays of evidence, 1 generators"):
        AccumulateToBound().presses_of_many([bad, bad], 0.02, [np.random.default_rng(0)])


def test_odds_are_the_mean_of_one_and_the_log_odds_of_many():
    two = np.random.default_rng(2).normal(size=(400, 2))
    mean, odds = (AccumulateToBound(bound=1.0, against=against) for against in ("mean", "odds"))
    for one, other in zip(
        mean.presses(two, 0.01, np.random.default_rng(4)),
        odds.presses(two, 0.01, np.random.default_rng(4)),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)
    # nine weak alternatives and a strong "none": against their mean any of them would look possible
    waiting = np.tile([*np.full(9, -3.0), 3.0], (4000, 1))
    assert mean.presses(waiting, 0.01, np.random.default_rng(5), n_responses=9)[0].size > 0
    assert odds.presses(waiting, 0.01, np.random.default_rng(5), n_responses=9)[0].size == 0
    sure = np.tile([3.0, *np.full(9, -3.0)], (200, 1))
    quiet = AccumulateToBound(bound=1.0, noise_sd=1e-3, non_decision_s=0.0, refractory_s=10.0, against="odds")
    (first_s,), (which,) = quiet.presses(sure, 0.01, np.random.default_rng(6), n_responses=9)
    assert which == 0 and first_s == pytest.approx(1.0 / (6.0 - np.log(9.0)), abs=0.02)
    with pytest.raises(ValueError, match="against = 'all'"):
        AccumulateToBound(against="all")
