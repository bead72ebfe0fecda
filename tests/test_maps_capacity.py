"""Capacity: information with its bias taken off, costs of a channel, and d' against the closed form."""

from __future__ import annotations

import numpy as np
import pytest

from ann.limits import power_for_bits
from bridges.maps.capacity import DEMAND_BITS, DualTask, decision_information, fitted_bits, train_dual_task
from bridges.maps.capacity_circuit import DualCircuit
from bridges.maps.decrement import DetectionConfig, expected_d_prime, recovered_share, vigil
from neurosim.neuromodulation import Arousal


def channel(n: int, right: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A symmetric channel of four classes."""
    shown = rng.integers(4, size=n)
    wrong = (shown + rng.integers(1, 4, size=n)) % 4
    return shown, np.where(rng.random(n) < right, shown, wrong)


def test_information_of_a_symmetric_channel_is_its_closed_form():
    right = 0.8
    wrong = (1 - right) / 3
    truth = 2 + right * np.log2(right) + 3 * wrong * np.log2(wrong)
    rng = np.random.default_rng(0)
    found = [decision_information(*channel(600, right, rng)) for _ in range(300)]
    assert np.mean(found) == pytest.approx(truth, abs=0.01)


def test_bias_of_few_trials_is_taken_off():
    rng = np.random.default_rng(1)
    found = [decision_information(rng.integers(4, size=80), rng.integers(4, size=80)) for _ in range(400)]
    # plain estimates of independent series average (4 - 1)^2 / (2 N ln 2) = .08 bits
    assert abs(np.mean(found)) < 0.01
    assert min(found) < 0


def test_information_of_perfect_decisions_is_the_demand():
    shown = np.tile(np.arange(4), 500)
    assert 2 * decision_information(shown, shown) == pytest.approx(DEMAND_BITS, abs=0.01)
    with pytest.raises(ValueError, match="must be alike"):
        decision_information(shown, shown[:-1])


def test_fitted_bits_interpolates_a_falling_curve_and_refuses_what_is_outside():
    assert fitted_bits([2.0, 4.0, 8.0], [0.12, 0.08, 0.0], 0.04) == pytest.approx(6.0)
    # a rise by noise is pooled: 2 and 4 bits both cost .1
    assert fitted_bits([2.0, 4.0, 8.0], [0.09, 0.11, 0.0], 0.05) == pytest.approx(6.0)
    with pytest.raises(ValueError, match="cost = 0.3"):
        fitted_bits([2.0, 4.0], [0.1, 0.0], 0.3)


def test_less_capacity_costs_more_and_ample_capacity_costs_nothing():
    task = DualTask(train_steps=150, batch_size=128, n_hidden=16, steps=4)
    short, ample = (train_dual_task(bits, 3, task, exam=6000) for bits in (2.4, 14.0))
    assert short.single < ample.single
    assert short.cost > 0.05
    assert abs(ample.cost) < 0.02


def test_capacity_must_not_be_negative():
    with pytest.raises(ValueError, match="bits = -1"):
        power_for_bits(-1.0, 8)


def test_streams_of_the_circuit_share_inhibition_but_no_pool_and_reset_their_own():
    circuit = DualCircuit().circuit()
    assert len([n for n in circuit.names if n.startswith("decision.") and n[-1].isdigit()]) == 8
    assert all(a[-2] == b[-2] for a, b in circuit.readout.reset_pairs)
    drive = DualCircuit().drive((2, None))
    assert set(drive.channels) == {"a0", "a1", "a2", "a3"}
    assert drive.levels.max(axis=0)[drive.channels.index("a2")] == 1.0


def test_closed_form_of_d_prime_has_its_two_limits():
    g = np.array([0.5, 1.0])
    assert expected_d_prime(g, 2.0, 0.0, 1.0) == pytest.approx([1.0, 2.0])
    assert expected_d_prime(g, 2.0, 1.0, 0.0) == pytest.approx([2.0, 2.0])
    with pytest.raises(ValueError, match="s_int = -1"):
        expected_d_prime(g, 1.0, 1.0, -1.0)


def test_d_prime_sinks_with_the_gain_as_the_closed_form_says():
    """A gain that falls to .6: with so strong a fall few individuals suffice."""
    config = DetectionConfig(train_steps=120, trials=3000)
    deep = Arousal(tau_depletion_s=900.0, individual_sd=0.0, noise_sd=0.0)
    tables = [vigil(config, deep, seed) for seed in range(4)]
    slope = np.mean([np.polyfit(t["time_s"], t["d_prime"], 1)[0] for t in tables])
    form = np.mean([np.polyfit(t["time_s"], t["expected"], 1)[0] for t in tables])
    assert slope < 0
    assert slope / form == pytest.approx(1.0, abs=0.25)
    still = vigil(config, Arousal.off(), 9)
    assert still["gain"].eq(1.0).all()
    assert still["expected"].nunique() == 1


def test_rest_restores_the_gain_exponentially():
    arousal = Arousal()
    assert recovered_share(arousal, 2400.0, 3 * arousal.tau_recovery_s) == pytest.approx(
        1 - np.exp(-3), abs=2e-3
    )
    assert recovered_share(arousal, 2400.0, 0.0) == pytest.approx(0.0, abs=2e-3)
