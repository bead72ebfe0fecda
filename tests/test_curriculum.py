"""Staircases, QUEST+ and simulated observers against closed forms; practice by several kinds of learner."""

from __future__ import annotations

import numpy as np
import pytest

from bridges.curriculum import (
    Adaptive,
    NDownOneUp,
    PsychometricObserver,
    QuestPlus,
    WeightedStaircase,
    psychometric,
)
from bridges.maps.practice import ObserverLearner, Practice, practise


def accuracy(make, threshold: float, trials: int, runs: int, skip: int) -> float:
    """Mean share of correct answers of an observer under a staircase, after the first trials."""
    rng = np.random.default_rng(5)
    observer = PsychometricObserver(threshold, slope=5.0)
    shares = []
    for _ in range(runs):
        stairs = make()
        for trial in range(1, trials + 1):
            stairs.update(observer.answers(stairs.level, trial, rng))
        shares.append(np.mean(stairs.correct[skip:]))
    return float(np.mean(shares))


@pytest.mark.parametrize("target", [0.75, 0.85])
def test_weighted_staircase_settles_at_its_target(target):
    found = accuracy(lambda: WeightedStaircase(-0.4, target), -0.8, 300, 60, 100)
    assert found == pytest.approx(target, abs=0.02)


@pytest.mark.parametrize(("n", "target"), [(1, 0.5), (2, 0.7071), (3, 0.7937), (4, 0.8409), (5, 0.8706)])
def test_n_down_one_up_has_levitts_target(n, target):
    assert NDownOneUp(0.0, n).target == pytest.approx(target, abs=5e-5)


def test_three_down_one_up_settles_at_its_target():
    found = accuracy(lambda: NDownOneUp(-0.4, 3, step=0.1), -0.8, 600, 40, 200)
    # a little above, for steps of finite size overshoot more upwards than downwards
    assert found == pytest.approx(0.7937, abs=0.025)


def test_steps_are_halved_at_the_second_and_fourth_reversal():
    stairs = WeightedStaircase(0.0, 0.8, step=0.4, low=-9.0, high=9.0)
    answers = [True, False, True, False, True]
    ups = []
    for right in answers:
        before = stairs.level
        stairs.update(right)
        ups.append(abs(stairs.level - before) * (4.0 if right else 1.0))
    # reversals: after the 2nd answer 1, after the 3rd 2, after the 5th 4
    assert ups == pytest.approx([0.4, 0.4, 0.2, 0.2, 0.1])


def test_levels_stay_within_their_bounds():
    stairs = WeightedStaircase(-0.05, low=-0.2, high=0.0)
    for _ in range(60):
        stairs.update(True)
    assert stairs.level == -0.2
    stairs.update(False)
    assert stairs.level == 0.0


def test_every_rule_is_adaptive():
    for one in (WeightedStaircase(0.0), NDownOneUp(0.0), QuestPlus(np.linspace(-2, 0, 21))):
        assert isinstance(one, Adaptive)
        first = one.level
        one.update(True)
        assert one.levels == [first]
        assert one.correct == [True]


def test_psychometric_function_meets_its_definition():
    assert psychometric(-0.7, -0.7, 6.0, lapse=0.02, at=0.85) == pytest.approx(0.85)
    assert psychometric(9.0, -0.7, 6.0, lapse=0.02) == pytest.approx(0.98)
    assert psychometric(-9.0, -0.7, 6.0, lapse=0.02) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="at = 0.99"):
        psychometric(0.0, 0.0, 1.0, lapse=0.02, at=0.99)


def test_quest_plus_finds_the_threshold_and_its_posterior_is_bayes():
    rng = np.random.default_rng(0)
    estimates = []
    for _ in range(12):
        observer = PsychometricObserver(-0.9, slope=5.0)
        test = QuestPlus(np.linspace(-2.0, 0.0, 41))
        for trial in range(1, 81):
            test.update(observer.answers(test.level, trial, rng))
        estimates.append(test.estimate()[0])
    assert np.mean(estimates) == pytest.approx(-0.9, abs=0.05)
    assert np.std(estimates) < 0.12
    # by hand: one slope, two thresholds, one answer
    two = QuestPlus(np.array([-1.0, 0.0]), np.array([-1.0, 0.0]), slopes=(4.0,))
    level = two.level
    p = np.array([psychometric(level, t, 4.0, lapse=0.02, at=0.85) for t in (-1.0, 0.0)])
    two.update(True)
    assert two.estimate()[0] == pytest.approx(float(p @ [-1.0, 0.0] / p.sum()))


@pytest.mark.parametrize(
    ("arguments", "name"),
    [({"target": 0.4}, "target"), ({"step": 0.0}, "step"), ({"low": 1.0, "high": 0.0}, "low")],
)
def test_bad_staircases_are_refused(arguments, name):
    with pytest.raises(ValueError, match=name):
        WeightedStaircase(0.0, **arguments)


def test_observers_practise_under_the_staircase_and_come_back_alike():
    n = 24
    sensitivity = 10.0 ** (0.2 * np.random.default_rng(3).normal(size=n))
    table = practise(ObserverLearner(sensitivity, 1), n, Practice(), seed=5)
    late = table[(table["block"] == "training") & (table["trial"] > 100)]
    assert late["correct"].mean() == pytest.approx(0.85, abs=0.02)
    last = table[table["threshold"].notna()].pivot(index="individual", columns="block", values="threshold")
    assert np.corrcoef(last["test"], last["retest"])[0, 1] >= 0.8
    # true thresholds are those of the observer less the log of the sensitivity
    truth = -0.9 + 0.6 * 300**-0.5 - np.log10(sensitivity)
    assert np.abs(last["test"].to_numpy() - truth).mean() < 0.12


def test_everyone_gets_the_same_sides():
    plan = Practice(training=20, test=0)
    one, two = (practise(ObserverLearner(np.ones(3), seed), 3, plan, seed=8) for seed in (1, 2))
    assert one["side"].tolist() == two["side"].tolist()
    assert one["response"].tolist() != two["response"].tolist()
