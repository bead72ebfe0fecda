"""Training rules: the bounded synapse, three factors, and two rules of a network, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bridges.maps.camp_agents import learner, sensitivities
from bridges.maps.learning_network import NetworkLearner
from bridges.maps.practice import Practice, practise
from bridges.maps.training_rules import (
    asymptote,
    bounded_synapse,
    fit_learning_curve,
    three_factor_step,
)


@pytest.mark.parametrize("p", [0.2, 0.5, 0.8])
def test_bounded_synapse_settles_where_the_closed_form_says(p):
    found = [bounded_synapse(p, 4000, np.random.default_rng(seed))[2000:].mean() for seed in range(3)]
    assert asymptote(p, 0.02, 0.02) == pytest.approx(p)
    assert np.abs(np.array(found) - p).max() <= 0.03


def test_unequal_chances_shift_the_asymptote():
    course = bounded_synapse(0.5, 6000, np.random.default_rng(1), q_plus=0.03, q_minus=0.01)
    assert course[3000:].mean() == pytest.approx(0.5 * 0.03 / (0.5 * 0.03 + 0.5 * 0.01), abs=0.03)
    with pytest.raises(ValueError, match=r"p = 1\.2"):
        asymptote(1.2, 0.1, 0.1)


def test_reward_strengthens_what_was_active_and_its_absence_weakens_it():
    c = np.full((2, 2, 2), 0.5)
    pre = np.array([[30.0, 10.0], [30.0, 10.0]])
    post = np.array([[1.0, 0.0], [1.0, 0.0]])
    new = three_factor_step(c, pre, post, np.array([0.5, -0.5]), rate=1.0)
    # contrasts: pre (20, -20) / 40 / ... = +-.25, post +-.5; change .5 x .125 x (1 - c)
    assert new[0, 0, 0] == pytest.approx(0.5 + 0.5 * 0.25 * 0.5 * 0.5)
    assert new[0, 0, 1] < 0.5 < new[0, 1, 1]
    assert new[1] == pytest.approx(1.0 - new[0])
    nothing = three_factor_step(c, pre, post, np.zeros(2), rate=1.0)
    assert nothing == pytest.approx(c)


def test_weights_stay_within_their_bounds():
    c = np.array([[[1.0, 0.0], [0.0, 1.0]]])
    new = three_factor_step(c, np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]]), np.array([1.0]), rate=50.0)
    assert new.min() >= 0.0
    assert new.max() <= 1.0
    with pytest.raises(ValueError, match="between 0 and 1"):
        three_factor_step(c + 1.0, np.ones((1, 2)), np.ones((1, 2)), np.ones(1), rate=1.0)


def test_reinforce_is_the_slope_of_the_log_probability():
    """Against finite differences of log pi(chosen) on the same trial."""
    network = NetworkLearner(np.ones(3), 2, "reinforce", n_hidden=6)
    network.weights = {name: value.double() for name, value in network.weights.items()}
    x = network._stimuli(np.full(3, 0.5), np.array([0, 1, 0])).double()
    choice = torch.tensor([0, 1, 1])
    for value in network.weights.values():
        value.requires_grad_(True)
    found = network._reinforce(network._forward(x)[0], choice)

    def chance(change: float) -> float:
        weights = {name: value.clone() for name, value in network.weights.items()}
        network.weights["recurrent"][1, 2, 3] += change
        with torch.no_grad():
            p = network._forward(x)[0]
        network.weights = weights
        return float(torch.log(p[1, choice[1]]))

    slope = (chance(1e-5) - chance(-1e-5)) / 2e-5
    assert float(found["recurrent"][1, 2, 3]) == pytest.approx(slope, rel=1e-4)


def test_eligibility_is_exact_without_recurrence():
    """With no recurrent weights nothing goes through other units, so the local rule is the gradient "
    "itself."""
    network = NetworkLearner(np.ones(4), 5, "eligibility", n_hidden=8)
    network.weights["recurrent"] = torch.zeros_like(network.weights["recurrent"])
    found = network.gradients(np.full(4, 0.6), np.array([0, 1, 0, 1]))
    for name in ("input", "recurrent", "readout"):
        assert torch.allclose(found["eligibility"][name], found["reinforce"][name], atol=1e-6)


@pytest.mark.parametrize("kind", ["network-reinforce", "network-eligibility"])
def test_networks_learn_from_reward_and_hold_the_target(kind):
    n = 12
    table = practise(learner(kind, n, 1), n, Practice(test=0), seed=5)
    late = table[table["trial"] > 100]
    assert late["correct"].mean() == pytest.approx(0.85, abs=0.02)
    assert table[table["trial"] > 250]["level"].mean() < table[table["trial"] < 20]["level"].mean() - 0.2


def test_learning_curve_finds_its_own_parameters():
    n = np.arange(10.5, 300, 20)
    truth = -0.8 + 1.5 * n**-0.6
    curve = fit_learning_curve(n, truth + 0.02 * np.random.default_rng(0).normal(size=(20, n.size)),
                               np.random.default_rng(1))  # fmt: skip
    assert curve.rate_low < 0.6 < curve.rate_high
    assert curve.at(n) == pytest.approx(truth, abs=0.02)
    with pytest.raises(ValueError, match="4 points"):
        fit_learning_curve(n[:3], truth[None, :3], np.random.default_rng(0))


def test_first_individuals_stay_the_same_when_there_are_more():
    assert sensitivities(3, 1).tolist() == sensitivities(5, 1)[:3].tolist()
    with pytest.raises(ValueError, match="known are"):
        learner("crow", 2, 1)


@pytest.mark.slow
def test_circuits_learn_the_task_from_reward_alone():
    """Half a minute for the first compile; then four circuits meet 60 trials each."""
    circuits = learner("circuit", 4, 1)
    table = practise(circuits, 4, Practice(training=60, test=0), seed=5)
    assert table[table["trial"] > 20]["correct"].mean() > 0.75
    # each stimulus now calls for its own answer
    assert (circuits.weights[:, 0, 0] > 0.7).all()
    assert (circuits.weights[:, 0, 1] < 0.3).all()
