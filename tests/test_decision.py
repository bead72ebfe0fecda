"""The decision circuit and its reduction: against closed forms, fixed points and re-simulated behaviour."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurosim.circuits.decision import SIDES, DecisionParameters, decision_circuit, motion_drive
from neurosim.circuits.parameter_table import parameter_table
from neurosim.circuits.protocols.decision_protocol import (
    accuracy_of,
    decision_times_of,
    decision_trials,
    error_time_difference_of,
    fit_weibull,
    psychometric_of,
    time_slope_of,
    weibull,
)
from neurosim.circuits.reduced_decision import (
    ReducedDecisionParameters,
    fixed_points,
    nullcline,
    reduced_decision_trials,
    velocity,
)
from neurosim.engine import standalone

needs_compiler = pytest.mark.skipif(standalone.compiler() is None, reason="no C++ compiler")

P = ReducedDecisionParameters()


def test_totals_and_weights_are_those_of_the_paper():
    """Wang 2002: totals of 80, 264 and 520 nS onto excitatory cells, w- = 0.8765."""
    circuit = decision_circuit()
    size = {x.name: x.size for x in circuit.populations}
    assert size == {"left": 240, "right": 240, "rest": 1120, "inhibition": 400}
    for receptor, total in (("ampa", 80.0), ("nmda", 264.0), ("gaba", 520.0)):
        into = [x for x in circuit.projections if x.target == "left" and x.receptor == receptor]
        assert sum(size[x.source] * x.g_ns * x.weight for x in into) == pytest.approx(total)
    weight = {(x.source, x.target): x.weight for x in circuit.projections if x.receptor == "nmda"}
    assert weight["left", "left"] == 1.7 and weight["right", "left"] == pytest.approx(0.8765, abs=1e-4)
    assert circuit.receptors.tau_gaba_ms == 5.0
    half = decision_circuit(DecisionParameters(excitatory_size=800, inhibitory_size=200))
    assert sum(x.size for x in half.populations) == 1000


@pytest.mark.parametrize("parameters", [DecisionParameters(), P])
def test_every_parameter_has_unit_and_source(parameters):
    rows = parameter_table(parameters)
    assert len(rows) > 10 and all(row["unit"] and row["source"] for row in rows)


def test_stimulus_rates_are_drawn_anew_every_50_ms_around_their_means():
    drive = motion_drive(0.256, 0.5, 200.5, 201.0, np.random.default_rng(1))
    rates = DecisionParameters().mu_0_hz * drive.levels
    assert drive.times_s[0] == 0.0 and drive.times_s[1] == 0.5
    np.testing.assert_allclose(np.diff(drive.times_s[1:-1]), 0.05)
    np.testing.assert_array_equal(rates[[0, -1]], 0.0)
    shown = rates[1:-1]
    np.testing.assert_allclose(shown.mean(axis=0), [40 * 1.256, 40 * 0.744], atol=4 * 4 / np.sqrt(len(shown)))
    np.testing.assert_allclose(shown.std(axis=0), 4.0, rtol=0.05)
    assert abs(np.corrcoef(shown.T)[0, 1]) < 4 / np.sqrt(len(shown))
    assert drive.channels == SIDES


def test_rates_of_the_stimulus_are_never_negative():
    drive = motion_drive(1.0, 0.1, 5.0, 5.0, np.random.default_rng(0))
    assert drive.levels.min() == 0.0 and drive.times_s[-1] < 5.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: motion_drive(1.2, 0.1, 1.0, 1.0, np.random.default_rng(0)), "coherence = 1.2"),
        (lambda: motion_drive(0.1, 1.0, 0.5, 2.0, np.random.default_rng(0)), "must rise"),
        (lambda: decision_circuit(DecisionParameters(fraction=0.5)), "some must be left over"),
    ],
)
def test_faults_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_weibull_fit_finds_the_curve_that_made_the_trials():
    rng = np.random.default_rng(2)
    c = np.repeat([0.032, 0.064, 0.128, 0.256, 0.512], 2000)
    correct = rng.random(c.size) < weibull(c, 0.08, 1.4)
    alpha, beta = fit_weibull(c, correct)
    assert alpha == pytest.approx(0.08, rel=0.05) and beta == pytest.approx(1.4, rel=0.08)
    assert weibull(np.array([0.08]), 0.08, 3.0)[0] == pytest.approx(1 - 0.5 / np.e)


def test_trials_that_determine_no_curve_give_none():
    assert np.isnan(fit_weibull(np.array([0.1, 0.5]), np.array([True, True]))).all()
    assert np.isnan(fit_weibull(np.array([0.1, 0.1]), np.array([True, False]))).all()


def test_summaries_of_trials_by_hand():
    trials = pd.DataFrame(
        {
            "coherence": [0.1, 0.1, 0.1, 1.0, 1.0, 0.0],
            "correct": [True, True, False, True, True, True],
            "decided": [True] * 6,
            "time_s": [0.6, 0.8, 0.9, 0.3, 0.5, 2.0],
        }
    )
    rng = np.random.default_rng(0)
    assert accuracy_of(trials)[0.1].value == pytest.approx(2 / 3)
    # correct choices: mean 700 ms at 0.1, 400 ms at 1.0, one decade apart
    assert time_slope_of(trials, rng).value == pytest.approx(-300.0)
    assert error_time_difference_of(trials, rng).value == pytest.approx(200.0)
    times = decision_times_of(trials).set_index(["coherence", "correct"])["value"]
    assert times[0.1, True] == pytest.approx(700.0) and times[0.1, False] == pytest.approx(900.0)


def test_rate_function_is_exact_at_its_removable_pole_and_far_from_it():
    pole = P.b_hz / P.a_hz_per_na
    # de l'Hopital: 1 / d
    np.testing.assert_allclose(P.rate([pole, pole + 1e-12, pole - 1e-9]), 1 / 0.154, rtol=1e-6)
    np.testing.assert_allclose(P.rate([0.3, 0.3255, 0.35, 0.5]), [0.429, 0.951, 1.93, 27.43], atol=0.005)
    assert 0.0 <= P.rate(-1e6) < 1e-200
    assert P.rate(10.0) == pytest.approx(2700.0 - 108.0)
    x = np.linspace(pole - 1e-3, pole + 1e-3, 2001)
    assert np.all(np.diff(P.rate(x)) > 0)


def test_fixed_points_without_a_stimulus():
    """Acceptance test T9."""
    points = fixed_points(np.zeros(2), P)
    stable = [x for x in points if x.stable]
    saddles = [x for x in points if not x.stable]
    assert len(stable) == 3 and len(saddles) == 2
    rest = min(stable, key=lambda x: max(x.rates_hz))
    assert rest.rates_hz == pytest.approx((1.79, 1.79), abs=0.02)
    assert rest.eigenvalues_per_s == pytest.approx((-2.26, -5.11), abs=0.01)
    assert max(max(x.rates_hz) for x in stable) == pytest.approx(20.43, abs=0.02)
    assert sorted(saddles[0].rates_hz) == pytest.approx([0.92, 7.13], abs=0.02)
    for x in points:
        np.testing.assert_allclose(velocity(np.array(x.s), np.zeros(2), P), 0.0, atol=1e-8)


def test_a_stimulus_leaves_only_the_choices():
    points = fixed_points(P.stimulus(0.0), P)
    assert [x.stable for x in points] == [True, False, True]
    assert points[1].rates_hz == pytest.approx((11.51, 11.51), abs=0.02)
    assert points[1].eigenvalues_per_s[0] == pytest.approx(4.35, abs=0.01)


def test_nullclines_cross_at_the_fixed_points():
    for point in fixed_points(np.zeros(2), P):
        line = nullcline(0, np.array([point.s[1]]), np.zeros(2), P)
        assert np.abs(line[:, 0] - point.s[0]).min() < 1e-4


def test_the_reduction_decides_like_its_resimulation():
    trials = reduced_decision_trials([0.032, 0.128, 0.512], 600, seed=4)
    accuracy = accuracy_of(trials)
    for c, value in ((0.032, 0.679), (0.128, 0.960), (0.512, 1.0)):
        assert accuracy[c].value == pytest.approx(value, abs=0.06)
    times = decision_times_of(trials).set_index(["coherence", "correct"])["value"]
    for c, value in ((0.032, 576.0), (0.128, 460.0), (0.512, 244.0)):
        assert times[c, True] == pytest.approx(value, rel=0.06)
    assert error_time_difference_of(trials, np.random.default_rng(0)).low > 0
    again = reduced_decision_trials([0.032, 0.128, 0.512], 600, seed=4)
    pd.testing.assert_frame_equal(trials, again)


@needs_compiler
@pytest.mark.slow
def test_accuracy_and_decision_times_against_coherence():
    """Acceptance tests T7 and T8 with 60 trials a point: bands are widened by the sampling error."""
    trials = decision_trials([0.032, 0.064, 0.128, 0.256, 0.512], 60, seed=5)
    accuracy = accuracy_of(trials)
    for c, value in ((0.032, 0.62), (0.064, 0.78), (0.128, 0.92), (0.256, 1.0)):
        error = 2 * np.sqrt(value * (1 - value) / 60)
        assert accuracy[c].value == pytest.approx(value, abs=0.08 + error)
    curve = psychometric_of(trials, np.random.default_rng(0))
    assert curve["alpha"].low < 9.5 and curve["alpha"].high > 6.5
    # some 40 of 60 weak trials are right, too few for their mean time
    weak = decision_times_of(decision_trials([0.032], 120, seed=5)).set_index("correct")["value"]
    assert weak[True] == pytest.approx(872, rel=0.15)
    times = decision_times_of(trials).set_index(["coherence", "correct"])["value"]
    assert times[0.512, True] == pytest.approx(384, rel=0.15)
    assert error_time_difference_of(trials, np.random.default_rng(0)).value > 0
    assert 2.0 < trials["rest_e_hz"].mean() < 2.7 and 6.8 < trials["rest_i_hz"].mean() < 9.2


@needs_compiler
def test_strong_motion_is_decided_fast_and_right():
    trials = decision_trials([0.512], 4, seed=6)
    assert trials["correct"].all() and trials["decided"].all()
    assert 0.25 < trials["time_s"].mean() < 0.55
    assert (trials["winner_hz"] > 20).all() and (trials["loser_hz"] < 4).all()
    # a trial does not depend on what else is simulated
    pd.testing.assert_frame_equal(decision_trials([0.512], 2, seed=6, first=2).reset_index(drop=True),
                                  trials.iloc[2:].reset_index(drop=True))  # fmt: skip
