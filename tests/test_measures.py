"""Outcomes, signal detection and the front door, against closed forms and known observers."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm
from sessions_by_hand import answers, is_go, run_of

import bridges.measures.scoring
import bridges.measures.statistics
from bridges.measures import CATALOGUE, LABELS, UNITS, block_curve, measure
from bridges.measures.behaviour import count_outcomes, criterion, d_prime
from bridges.session import Responses, Session
from bridges.tasks import CPTX, PVT, SART, TASKS, Mackworth

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


# --- the front door -------------------------------------------------------------------------------

ONE_KEY = ("sart", "cpt_x", "pvt", "grad_cpt", "mackworth")


@pytest.mark.parametrize("name", ONE_KEY)
def test_every_task_of_one_key_has_every_measure(name):
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


@pytest.mark.parametrize("name", ONE_KEY)
def test_a_participant_that_does_nothing_is_scored(name):
    session = TASKS[name]().session(1)
    scores = measure(session, Responses.from_presses(session, [], []))
    assert scores["omission_rate"] == 1.0 and scores["lapse_rate"] == 1.0
    assert np.isnan(scores["rt_mean_ms"])
    assert len(block_curve(session, Responses.from_presses(session, [], []))) > 1


def test_who_never_responds_has_no_sensitivity_even_where_signals_are_rare():
    session = Mackworth(n_periods=2, period_s=120.0, gaps_s=(20.0, 30.0)).session(1)
    silent = measure(session, Responses.from_presses(session, np.array([]), []))
    assert silent["hit_rate"] == 0.0 and silent["commission_rate"] == 0.0
    # .5 of 7 against .5 of hundreds would be a d' of more than 1
    assert all(math.isnan(silent[name]) for name in ("d_prime", "criterion", "d_prime_change"))
    assert block_curve(session, Responses.from_presses(session, np.array([]), []))["d_prime"].isna().all()
    once = Responses.from_presses(session, session.trials["onset_s"].to_numpy()[:1] + 0.3, ["press"])
    assert math.isfinite(measure(session, once)["d_prime"])


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


@pytest.mark.parametrize("module", [bridges.measures.scoring, bridges.measures.statistics])
def test_examples_run(module):
    results = doctest.testmod(module)
    assert results.attempted > 0 and results.failed == 0
