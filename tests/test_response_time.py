"""Response times, what surrounds errors, and time on task, against known generating models."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import exponnorm, linregress
from sessions_by_hand import answers, is_go, run_of

from bridges.measures import block_curve, measure
from bridges.measures.response_time import (
    count_false_starts,
    count_lapses,
    describe_times,
    post_error_slowing,
    pre_error_speeding,
)
from bridges.measures.time_on_task import slope_per_min
from bridges.session import Responses
from bridges.tasks import PVT, SART

# --- response times -------------------------------------------------------------------------------


def test_ex_gaussian_moments_and_quantiles():
    mu, sigma, tau = 0.300, 0.040, 0.090
    n = 200_000
    model = exponnorm(tau / sigma, loc=mu, scale=sigma)
    times = model.rvs(n, random_state=np.random.default_rng(3))
    described = describe_times(times)
    sd = math.hypot(sigma, tau)
    assert described["rt_mean_ms"] == pytest.approx(1e3 * (mu + tau), abs=4e3 * sd / math.sqrt(n))
    kurtosis = 6 * tau**4 / sd**4
    assert described["rt_sd_ms"] == pytest.approx(1e3 * sd, rel=4 * math.sqrt((kurtosis + 2) / (4 * n)))
    assert described["rt_cv"] == pytest.approx(described["rt_sd_ms"] / described["rt_mean_ms"])
    # skewness of batches gives its own standard error
    batches = np.array([describe_times(batch)["rt_skew"] for batch in times.reshape(200, 1000)])
    error = batches.std(ddof=1) / math.sqrt(200)
    assert abs(described["rt_skew"] - 2 * tau**3 / sd**3) < 5 * error
    for p in (0.1, 0.3, 0.5, 0.7, 0.9):
        error = math.sqrt(p * (1 - p) / n) / model.pdf(model.ppf(p))
        assert described[f"rt_q{100 * p:.0f}_ms"] == pytest.approx(1e3 * model.ppf(p), abs=4e3 * error)
    assert described["rt_median_ms"] == described["rt_q50_ms"]


def test_speed_is_the_mean_reciprocal():
    assert describe_times(np.array([0.2, 0.25, 0.5]))["speed_per_s"] == pytest.approx((5 + 4 + 2) / 3)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_times_leave_measures_missing(n):
    described = describe_times(np.full(n, 0.3))
    assert np.isnan(described["rt_skew"])
    assert np.isnan(described["rt_sd_ms"]) == (n < 2)
    assert np.isnan(described["rt_mean_ms"]) == (n < 1)


def test_equal_times_have_no_skewness():
    described = describe_times(0.3 + np.array([0.0, 1e-17, 3e-17, 0.0]))
    assert np.isnan(described["rt_skew"])
    assert described["rt_sd_ms"] == pytest.approx(0.0, abs=1e-9)


def test_anticipations_and_errors_are_no_response_times():
    session = run_of("gggn")
    scores = measure(session, answers(session, True, [0.05, 0.3, 0.5, 0.2]))
    assert scores["rt_mean_ms"] == pytest.approx(400.0)
    assert scores["false_starts"] == 1
    assert scores["hits"] == 3


def test_lapses_are_late_or_missing():
    session = run_of("ggggn")
    scored = answers(session, [1, 1, 1, 0, 1], [0.499, 0.5, 0.9, np.nan, 0.8]).scored(session)
    assert count_lapses(scored) == 3
    assert count_lapses(scored, lapse_s=0.355) == 4


def test_false_starts():
    session = run_of("gggg", spacing_s=5.0)  # onsets 1, 6, 11, 16
    presses = [
        0.4,  # before any stimulus: stray, a false start
        1.3,  # response
        1.8,  # 0.5 s after the response: a double press
        4.0,  # 2.7 s after it: a false start
        6.05,  # 50 ms after onset: a false start
        11.4,  # response
    ]
    responses = Responses.from_presses(session, presses, ["press"] * len(presses))
    assert count_false_starts(session, responses) == 3
    assert measure(session, responses)["false_starts"] == 3


# --- around errors --------------------------------------------------------------------------------


def test_speeding_before_and_slowing_after_errors_by_hand():
    #         trial  0   1   2   3   4   5  6   7  8   9
    session = run_of("ggggg" + "n" + "gg" + "n" + "g")
    rt_s = [0.9, 0.30, 0.32, 0.34, 0.36, 0.2, 0.50, 0.40, 0.2, 0.42]
    pressed = [1, 1, 1, 1, 1, 1, 1, 1, 0, 1]
    scored = answers(session, pressed, rt_s).scored(session)
    # before the error: trials 1 to 4; before the correct rejection: 6 and 7, not across the error
    assert pre_error_speeding(scored) == pytest.approx(450.0 - 330.0)
    assert post_error_slowing(scored) == pytest.approx(500.0 - 420.0)


def test_omissions_before_an_error_are_left_out():
    session = run_of("gggngggn")
    scored = answers(session, [1, 0, 1, 1, 1, 1, 1, 0], [0.2, 0, 0.4, 0.3, 0.5, 0.5, 0.5, 0]).scored(session)
    assert pre_error_speeding(scored) == pytest.approx(500.0 - 300.0)


@pytest.mark.parametrize("pressed", [True, False])
def test_no_speeding_without_both_kinds_of_no_go_trial(pressed):
    session = run_of("gggngggn")
    scored = answers(session, is_go(session) | pressed, 0.3).scored(session)
    assert np.isnan(pre_error_speeding(scored))
    assert np.isnan(post_error_slowing(scored))


def test_planted_speeding_and_slowing_are_recovered():
    session = SART(trials_per_digit=20_000).session(8)
    rng = np.random.default_rng(4)
    go = is_go(session)
    failed = ~go & (rng.random(session.n_trials) < 0.4)
    rt_s = rng.normal(0.4, 0.05, session.n_trials)
    # after a no-go trial and before an error, where those are go trials
    after_error = np.append(False, failed[:-1]) & go
    after_rejection = np.append(False, (~go & ~failed)[:-1]) & go
    before_error = np.append(failed[1:], False) & go
    rt_s += 0.060 * after_error - 0.040 * before_error
    scores = measure(session, answers(session, go | failed, rt_s))

    # a go trial between two no-go trials belongs to both
    slowing = 60.0 - 40.0 * (before_error[after_error].mean() - before_error[after_rejection].mean())
    error = 60.0 * math.sqrt(1 / after_error.sum() + 1 / after_rejection.sum())
    assert abs(scores["post_error_slowing_ms"] - slowing) < 4 * error

    # one faster trial among the n that are averaged shows by its share
    rows = np.flatnonzero(~go)
    run = np.minimum(np.diff(rows, prepend=-1) - 1, 4)
    expected = (40.0 / run[failed[rows] & (run > 0)]).mean()
    error = 60.0 * math.sqrt(1 / failed.sum() + 1 / (~go & ~failed).sum())
    assert abs(scores["pre_error_speeding_ms"] - expected) < 4 * error


# --- time on task ---------------------------------------------------------------------------------


def test_slope_is_that_of_ordinary_least_squares():
    rng = np.random.default_rng(5)
    time_s, values = np.sort(rng.uniform(0, 600, 80)), rng.normal(size=80)
    assert slope_per_min(time_s, values) == pytest.approx(linregress(time_s / 60, values).slope, rel=1e-10)


def test_slope_leaves_out_missing_values():
    time_s = np.arange(6) * 60.0
    values = np.array([1.0, np.nan, 5.0, 7.0, np.nan, 11.0])
    assert slope_per_min(time_s, values) == pytest.approx(2.0)


@pytest.mark.parametrize("values", [[], [1.0], [np.nan, 2.0], [np.nan, np.nan]])
def test_no_slope_without_two_points(values):
    assert np.isnan(slope_per_min(np.arange(len(values)) * 60.0, np.array(values)))


def test_planted_slope_without_noise_is_exact():
    session = PVT().session(2)
    minutes = session.trials["onset_s"].to_numpy() / 60
    scores = measure(session, answers(session, True, 0.25 + 0.004 * minutes))
    assert scores["rt_slope_ms_per_min"] == pytest.approx(4.0, rel=1e-9)
    third = np.arange(session.n_trials) * 3 // session.n_trials
    expected = 4.0 * (minutes[third == 2].mean() - minutes[third == 0].mean())
    assert scores["rt_change_ms"] == pytest.approx(expected, rel=1e-9)
    curve = block_curve(session, answers(session, True, 0.25 + 0.004 * minutes))
    assert slope_per_min(60 * curve["time_min"], curve["rt_mean_ms"]) == pytest.approx(4.0, rel=1e-9)


def test_planted_drift_of_errors_is_recovered():
    session = SART(trials_per_digit=3000).session(3)
    rng = np.random.default_rng(6)
    go = is_go(session)
    minutes = session.trials["onset_s"].to_numpy() / 60
    length = session.duration_s / 60
    p_commission, p_omission = 0.2 + 0.3 * minutes / length, 0.10 - 0.05 * minutes / length
    draw = rng.random(session.n_trials)
    scores = measure(session, answers(session, np.where(go, draw > p_omission, draw < p_commission), 0.3))
    for name, slope, kind, p in (
        ("commission_slope_pp_per_min", 30 / length, ~go, p_commission),
        ("omission_slope_pp_per_min", -5 / length, go, p_omission),
    ):
        centred = minutes[kind] - minutes[kind].mean()
        spread = centred @ centred
        error = 100 * math.sqrt(centred**2 @ (p * (1 - p))[kind]) / spread
        assert abs(scores[name] - slope) < 4 * error
    error = 100 * math.sqrt(2 * 0.25 / 1000)
    assert scores["commission_change_pp"] == pytest.approx(20.0, abs=4 * error)


def test_change_is_missing_where_a_third_has_no_trial_of_the_kind():
    session = run_of("ggngggggg")
    scores = measure(session, answers(session, True, 0.3))
    assert np.isnan(scores["commission_change_pp"]) and np.isnan(scores["d_prime_change"])
    assert scores["omission_change_pp"] == 0.0
