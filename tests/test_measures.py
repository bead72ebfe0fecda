"""Measures against closed forms and against generating models whose parameters are known."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, exponnorm, linregress, norm, t

from bridges.measures import (
    CATALOGUE,
    LABELS,
    UNITS,
    block_curve,
    bootstrap_band,
    bootstrap_ci,
    effect_size_dz,
    measure,
    paired_difference,
)
from bridges.measures.behaviour import count_outcomes, criterion, d_prime
from bridges.measures.response_time import (
    count_false_starts,
    count_lapses,
    describe_times,
    post_error_slowing,
    pre_error_speeding,
)
from bridges.measures.time_on_task import slope_per_min
from bridges.session import Responses, Session
from bridges.tasks import CPTX, PVT, SART, TASKS


def answers(session: Session, pressed, rt_s) -> Responses:
    """Responses of a participant that presses on the given trials after the given times."""
    pressed = np.broadcast_to(np.asarray(pressed, dtype=bool), session.n_trials)
    rt_s = np.broadcast_to(np.asarray(rt_s, dtype=float), session.n_trials)
    table = pd.DataFrame(
        {
            "trial": session.trials["trial"],
            "component": "T1",
            "response": np.where(pressed, "press", None),
            "response_time_s": np.where(pressed, rt_s, np.nan),
        }
    )
    return Responses(table)


def run_of(kinds: str, spacing_s: float = 1.0) -> Session:
    """Session from a text of trials: g for go, n for no-go."""
    n = len(kinds)
    onset_s = 1.0 + spacing_s * np.arange(n)
    trials = pd.DataFrame(
        {
            "trial": np.arange(n),
            "onset_s": onset_s,
            "block": np.arange(n) * 2 // n,
            "correct_response": ["press" if kind == "g" else "none" for kind in kinds],
            "window_start_s": onset_s,
            "window_stop_s": onset_s + spacing_s,
        }
    )
    events = pd.DataFrame(
        {"onset_s": [], "duration_s": [], "channel": [], "level": [], "trial": []}, dtype=float
    )
    return Session("demo", events, trials, ("go",), ("press",), float(onset_s[-1] + spacing_s))


def is_go(session: Session) -> np.ndarray:
    return (session.trials["correct_response"] == "press").to_numpy()


# --- outcomes and signal detection ----------------------------------------------------------------


def test_d_prime_and_criterion_by_hand():
    z_hit, z_false = norm.ppf(20.5 / 26), norm.ppf(5.5 / 26)
    assert d_prime(20, 25, 5, 25) == pytest.approx(z_hit - z_false, abs=1e-12)
    assert criterion(20, 25, 5, 25) == pytest.approx(-(z_hit + z_false) / 2, abs=1e-12)


def test_perfect_performance_has_a_finite_d_prime():
    assert d_prime(200, 200, 0, 25) == pytest.approx(norm.ppf(200.5 / 201) - norm.ppf(0.5 / 26), abs=1e-12)


def test_guessing_is_no_sensitivity_and_no_bias():
    assert d_prime(50, 100, 50, 100) == pytest.approx(0.0, abs=1e-12)
    assert criterion(50, 100, 50, 100) == pytest.approx(0.0, abs=1e-12)


def test_d_prime_is_missing_without_one_kind_of_trial():
    assert np.isnan(d_prime([5, 0], [10, 0], [0, 3], [0, 10])).all()
    assert np.isnan(criterion([5, 0], [10, 0], [0, 3], [0, 10])).all()


@pytest.mark.parametrize(("sensitivity", "bias"), [(1.0, 0.0), (2.5, -0.8), (3.0, 0.5)])
def test_gaussian_observer_is_recovered(sensitivity, bias):
    """Evidence N(+-d'/2, 1), press above c: the expectation of the estimates is known exactly."""
    n_go = n_no_go = 400
    p_hit, p_false = norm.cdf(sensitivity / 2 - bias), norm.cdf(-sensitivity / 2 - bias)
    k = np.arange(n_go + 1)
    z = norm.ppf((k + 0.5) / (n_go + 1))
    mean_hit, mean_false = binom.pmf(k, n_go, p_hit) @ z, binom.pmf(k, n_no_go, p_false) @ z
    rng = np.random.default_rng(1)
    observers = 4000
    evidence_go = rng.normal(sensitivity / 2, 1.0, size=(observers, n_go))
    evidence_no_go = rng.normal(-sensitivity / 2, 1.0, size=(observers, n_no_go))
    hits, commissions = (evidence_go > bias).sum(axis=1), (evidence_no_go > bias).sum(axis=1)
    for estimate, expected, truth in (
        (d_prime(hits, n_go, commissions, n_no_go), mean_hit - mean_false, sensitivity),
        (criterion(hits, n_go, commissions, n_no_go), -(mean_hit + mean_false) / 2, bias),
    ):
        standard_error = estimate.std(ddof=1) / np.sqrt(observers)
        assert abs(estimate.mean() - expected) < 4 * standard_error
        # with 400 trials of each kind the correction itself costs little
        assert abs(expected - truth) < 0.03


def test_measure_of_a_gaussian_observer_that_performs_the_task():
    session = SART(trials_per_digit=4000, n_blocks=1).session(5)
    sensitivity, bias = 2.2, -0.9
    rng = np.random.default_rng(2)
    go = is_go(session)
    evidence = rng.normal(np.where(go, sensitivity / 2, -sensitivity / 2), 1.0)
    scores = measure(session, answers(session, evidence > bias, 0.35))
    p_hit, p_false = norm.cdf(sensitivity / 2 - bias), norm.cdf(-sensitivity / 2 - bias)

    def variance_of_z(p, n):
        return p * (1 - p) / n / norm.pdf(norm.ppf(p)) ** 2

    error = np.sqrt(variance_of_z(p_hit, 32_000) + variance_of_z(p_false, 4_000))
    assert abs(scores["d_prime"] - sensitivity) < 4 * error
    assert abs(scores["criterion"] - bias) < 4 * error / 2
    assert abs(scores["hit_rate"] - p_hit) < 4 * np.sqrt(p_hit * (1 - p_hit) / 32_000)
    assert abs(scores["commission_rate"] - p_false) < 4 * np.sqrt(p_false * (1 - p_false) / 4_000)


def test_counts_by_hand():
    session = run_of("ggggnngg")
    #                g: hit hit miss hit | n: press, none | hit miss
    scores = measure(session, answers(session, [1, 1, 0, 1, 1, 0, 1, 0], 0.3))
    assert (scores["n_go"], scores["n_no_go"]) == (6, 2)
    assert (scores["hits"], scores["misses"], scores["omissions"]) == (4, 2, 2)
    assert (scores["commissions"], scores["correct_rejections"]) == (1, 1)
    assert scores["accuracy"] == 5 / 8
    assert scores["hit_rate"] == 4 / 6
    assert scores["omission_rate"] == 2 / 6
    assert scores["commission_rate"] == 1 / 2


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_outcomes_add_up(data):
    kinds = data.draw(st.text("gn", min_size=1, max_size=40))
    pressed = data.draw(st.lists(st.booleans(), min_size=len(kinds), max_size=len(kinds)))
    session = run_of(kinds)
    outcomes = count_outcomes(answers(session, pressed, 0.3).scored(session))
    assert outcomes.n_go == kinds.count("g") and outcomes.n_no_go == kinds.count("n")
    assert outcomes.hits + outcomes.commissions == sum(pressed)
    assert outcomes.hits + outcomes.misses == outcomes.n_go
    assert outcomes.commissions + outcomes.correct_rejections == outcomes.n_no_go
    assert outcomes.omissions == outcomes.misses


def test_a_wrong_response_is_a_miss_but_no_omission():
    plain = run_of("ggg")
    session = Session(
        "choice", plain.events, plain.trials, plain.channels, ("press", "other"), plain.duration_s
    )
    presses = Responses.from_presses(session, [1.3, 2.3], ["press", "other"])
    scores = measure(session, presses)
    assert (scores["hits"], scores["misses"], scores["omissions"]) == (1, 2, 1)
    assert scores["rt_mean_ms"] == pytest.approx(300.0)


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


# --- the front door -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_every_measure(name):
    session = TASKS[name]().session(1)
    scores = measure(session, answers(session, is_go(session), 0.3))
    assert list(scores) == list(UNITS) == list(LABELS) == [row.name for row in CATALOGUE]
    assert all(type(value) is float for value in scores.values())
    assert scores["hit_rate"] == 1.0
    assert scores["rt_mean_ms"] == pytest.approx(300.0)


def test_units_agree_with_names():
    endings = {"_ms": "ms", "_pp": "pp", "_per_min": "/min", "_per_s": "1/s", "_rate": "1"}
    for name, unit in UNITS.items():
        for ending, expected in endings.items():
            if name.endswith(ending):
                assert unit.endswith(expected)


def test_no_go_measures_are_missing_in_a_pvt():
    session = PVT(duration_s=120).session(1)
    scores = measure(session, answers(session, True, 0.3))
    missing = {name for name, value in scores.items() if math.isnan(value)}
    assert {"commissions", "commission_rate", "d_prime", "criterion", "pre_error_speeding_ms"} <= missing
    assert {"hits", "lapses", "rt_slope_ms_per_min", "false_starts", "accuracy"}.isdisjoint(missing)


@pytest.mark.parametrize("name", TASKS)
def test_a_participant_that_does_nothing_is_scored(name):
    session = TASKS[name]().session(1)
    scores = measure(session, Responses.from_presses(session, [], []))
    assert scores["omission_rate"] == 1.0 and scores["lapse_rate"] == 1.0
    assert np.isnan(scores["rt_mean_ms"])
    assert len(block_curve(session, Responses.from_presses(session, [], []))) > 1


def test_trials_that_were_not_performed_count_as_nothing():
    session = run_of("gggggg")
    whole = answers(session, True, 0.3)
    scores = measure(session, Responses(whole.table.iloc[:4]))
    assert scores["n_go"] == 4 and scores["omissions"] == 0


def test_the_first_component_counts():
    session = run_of("gg")
    first = answers(session, True, 0.3).table
    second = answers(session, True, 0.8).table.assign(component="T2")
    scores = measure(session, Responses(pd.concat([first, second], ignore_index=True)))
    assert scores["n_go"] == 2
    assert scores["rt_mean_ms"] == pytest.approx(300.0)


def test_blocks_add_up_to_the_session():
    session = SART().session(6)
    rng = np.random.default_rng(7)
    pressed = rng.random(session.n_trials) < np.where(is_go(session), 0.95, 0.4)
    responses = answers(session, pressed, rng.normal(0.35, 0.05, session.n_trials))
    curve, scores = block_curve(session, responses), measure(session, responses)
    assert list(curve["block"]) == [0, 1, 2, 3, 4]
    assert curve["n_go"].sum() == 200 and curve["n_no_go"].sum() == 25
    assert (curve["hit_rate"] * curve["n_go"]).sum() == pytest.approx(scores["hits"])
    assert (curve["commission_rate"] * curve["n_no_go"]).sum() == pytest.approx(scores["commissions"])
    assert (curve["lapse_rate"] * curve["n_go"]).sum() == pytest.approx(scores["lapses"])
    assert (curve["rt_mean_ms"] * curve["hit_rate"] * curve["n_go"]).sum() == pytest.approx(
        scores["rt_mean_ms"] * scores["hits"]
    )
    assert (np.diff(curve["time_min"]) > 0).all()


def test_curve_by_a_condition():
    session = CPTX().session(1)
    rt_s = 0.32 + 0.02 * session.trials["isi_s"].to_numpy()
    curve = block_curve(session, answers(session, is_go(session), rt_s), by="isi_s")
    assert list(curve["isi_s"]) == [1.0, 2.0, 4.0]
    assert np.allclose(curve["rt_mean_ms"], [340.0, 360.0, 400.0])
    with pytest.raises(ValueError, match="'lag'"):
        block_curve(session, answers(session, True, 0.3), by="lag")


# --- bootstrap over participants ------------------------------------------------------------------


def test_bootstrap_coverage_of_a_mean():
    """Percentile bootstrap of a normal mean: half-width z sqrt((n-1)/n) SE, so its coverage is known."""
    n, samples = 20, 1500
    rng = np.random.default_rng(8)
    covered, ratio = 0, []
    for k in range(samples):
        values = rng.normal(1.0, 2.0, n)
        interval = bootstrap_ci(values, n=1000, seed=k)
        covered += interval.low <= 1.0 <= interval.high
        by_t = t.ppf(0.975, n - 1) * values.std(ddof=1) / math.sqrt(n)
        ratio.append((interval.high - interval.low) / (2 * by_t))
    narrower = norm.ppf(0.975) * math.sqrt((n - 1) / n) / t.ppf(0.975, n - 1)
    expected = 1 - 2 * t.sf(t.ppf(0.975, n - 1) * narrower, n - 1)
    assert np.mean(ratio) == pytest.approx(narrower, rel=0.01)
    assert covered / samples == pytest.approx(
        expected, abs=4 * math.sqrt(expected * (1 - expected) / samples)
    )


def test_bootstrap_drops_and_counts_missing_participants():
    interval = bootstrap_ci([1.0, np.nan, 3.0, 5.0, np.nan])
    assert (interval.estimate, interval.n, interval.n_missing) == (3.0, 3, 2)
    assert interval.low < 3.0 < interval.high
    assert (interval.low, interval.high) == tuple(
        vars(bootstrap_ci([1.0, 3.0, 5.0]))[x] for x in ("low", "high")
    )


def test_bootstrap_of_too_few():
    nobody, one = bootstrap_ci([np.nan]), bootstrap_ci([2.0])
    assert np.isnan(nobody.estimate) and nobody.n == 0 and nobody.n_missing == 1
    assert one.estimate == 2.0 and np.isnan(one.low) and np.isnan(one.high)


def test_bootstrap_is_reproducible_and_takes_other_statistics():
    values = np.random.default_rng(9).normal(size=31)
    assert bootstrap_ci(values, np.median, seed=4) == bootstrap_ci(values, np.median, seed=4)
    assert bootstrap_ci(values, np.median).estimate == np.median(values)
    assert bootstrap_ci(values, level=0.99).low < bootstrap_ci(values, level=0.8).low


def test_bootstrap_in_chunks_is_whole():
    values = np.random.default_rng(10).normal(5.0, 1.0, 3000)
    interval = bootstrap_ci(values, n=2000)
    assert interval.high - interval.low == pytest.approx(2 * 1.96 / math.sqrt(3000), rel=0.1)


def test_paired_difference_uses_complete_pairs():
    first = np.array([1.0, 2.0, np.nan, 4.0])
    second = np.array([2.0, 4.0, 9.0, np.nan])
    interval = paired_difference(first, second)
    assert (interval.estimate, interval.n, interval.n_missing) == (1.5, 2, 2)
    with pytest.raises(ValueError, match=r"\(4,\).*\(3,\)"):
        paired_difference(first, second[:3])


def test_pairing_removes_differences_between_people():
    rng = np.random.default_rng(11)
    person = rng.normal(0.0, 10.0, 200)
    interval = paired_difference(person, person + rng.normal(1.0, 0.5, 200))
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * 0.5 / math.sqrt(200), rel=0.2)


def test_effect_size_by_hand():
    assert effect_size_dz([0.0, 0.0, 0.0], [1.0, 2.0, 3.0]) == pytest.approx(2.0)
    assert np.isnan(effect_size_dz([0.0, 0.0], [1.0, 1.0]))


def test_band_is_an_interval_at_each_point():
    curves = np.random.default_rng(12).normal(size=(15, 4))
    curves[3, 2] = np.nan
    band = bootstrap_band(curves)
    assert list(band["n"]) == [15, 15, 14, 15]
    assert band.loc[1, "low"] == bootstrap_ci(curves[:, 1]).low
    with pytest.raises(ValueError, match="participant, point"):
        bootstrap_band(curves[0])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"values": [[1.0, 2.0]]}, "shape"),
        ({"values": [1.0, 2.0], "n": 0}, "n = 0"),
        ({"values": [1.0, 2.0], "level": 95}, "level = 95"),
    ],
)
def test_bootstrap_refuses_what_it_cannot_do(arguments, said):
    with pytest.raises(ValueError, match=said):
        bootstrap_ci(**arguments)
