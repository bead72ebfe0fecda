"""Neurons, receptors, arousal: against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from neurosim.neuromodulation import Arousal
from neurosim.parameters import INTERNEURON, PYRAMIDAL, Receptors, magnesium_block, mean_over_step


@pytest.mark.parametrize(("v_mv", "open_fraction"), [(-70, 0.0445), (-55, 0.1055), (-50, 0.1385)])
def test_magnesium_block_takes_millivolts(v_mv, open_fraction):
    assert magnesium_block(v_mv) == pytest.approx(open_fraction, abs=1e-4)


def test_membrane_time_constants():
    assert PYRAMIDAL.tau_m_ms == pytest.approx(20.0)
    assert INTERNEURON.tau_m_ms == pytest.approx(10.0)


@pytest.mark.parametrize("s0", [0.0, 0.3, 0.8])
def test_nmda_jump_solves_the_two_variable_equation(s0):
    r = Receptors()

    def gating(t, y):
        x, s = y
        return [-x / r.tau_nmda_rise_ms, -s / r.tau_nmda_ms + r.alpha_per_ms * x * (1 - s)]

    late = 60.0
    exact = solve_ivp(gating, (0, late), [1.0, s0], rtol=1e-10, atol=1e-12).y[1, -1]
    k0, k1 = r.nmda_jump
    jumped = (s0 + k0 + k1 * s0) * np.exp(-late / r.tau_nmda_ms)
    assert jumped == pytest.approx(exact, rel=1e-4)


def test_nmda_jump_values():
    assert Receptors().nmda_jump == pytest.approx((0.64842, -0.63212), abs=1e-5)


@pytest.mark.parametrize("tau_ms", [2.0, 5.0, 100.0])
@pytest.mark.parametrize("dt_ms", [0.02, 0.1, 0.5])
def test_steps_held_at_their_mean_carry_the_charge_of_the_decay(tau_ms, dt_ms):
    starts = np.exp(-np.arange(0, 40 * tau_ms, dt_ms) / tau_ms)
    assert dt_ms * mean_over_step(tau_ms, dt_ms) * starts.sum() == pytest.approx(tau_ms, rel=1e-9)


def test_every_receptor_is_held_at_its_own_mean():
    r = Receptors()
    assert r.held("ampa", 0.1) == pytest.approx(r.tau_ampa_ms * (1 - np.exp(-0.05)) / 0.1, rel=1e-12)
    assert r.held("gaba", 0.1) == pytest.approx(r.tau_gaba_ms * (1 - np.exp(-0.02)) / 0.1, rel=1e-12)
    assert r.held("nmda", 1e-6) == pytest.approx(r.nmda_charge, rel=1e-7)


@pytest.mark.parametrize(
    ("receptors", "s0", "within"),
    [
        (Receptors(), 0.0, 1e-6),
        (Receptors(tau_nmda_rise_ms=5.0, alpha_per_ms=0.3), 0.0, 1e-6),
        # the factor is that of a spike from rest: .07 % of k1 s off elsewhere
        (Receptors(), 0.3, 3e-4),
        (Receptors(), 0.8, 4e-4),
    ],
)
def test_the_charge_of_a_jump_is_that_of_the_two_variable_equation(receptors, s0, within):
    r = receptors

    def gating(t, y):
        x, s, _ = y
        return [-x / r.tau_nmda_rise_ms, -s / r.tau_nmda_ms + r.alpha_per_ms * x * (1 - s), s]

    opened = solve_ivp(gating, (0, 3000.0), [1.0, s0, 0.0], rtol=1e-10, atol=1e-12).y[2, -1]
    exact = opened / r.tau_nmda_ms - s0
    k0, k1 = r.nmda_jump
    assert r.nmda_charge * (k0 + k1 * s0) == pytest.approx(exact, abs=within)


def generators(individual, noise=10):
    return np.random.default_rng(individual), np.random.default_rng(noise)


def test_arousal_follows_its_equation():
    quiet = Arousal(individual_sd=0.0, noise_sd=0.0)
    g = quiet.gain(np.ones(4000), 0.5, *generators(0))
    rate = 1 / quiet.tau_depletion_s + 1 / quiet.tau_recovery_s
    rest = 1 / (quiet.tau_recovery_s * rate)
    t = np.arange(4000) * 0.5
    np.testing.assert_allclose(g, rest + (1 - rest) * np.exp(-t * rate), rtol=1e-9)


def test_arousal_recovers_at_rest():
    quiet = Arousal(individual_sd=0.0, noise_sd=0.0)
    load = np.concatenate([np.ones(600), np.zeros(int(3 * quiet.tau_recovery_s))])
    g = quiet.gain(load, 1.0, *generators(0))
    assert (g[-1] - g[600]) / (1 - g[600]) >= 0.9


def test_arousal_fluctuates_as_stated():
    noisy = Arousal(tau_depletion_s=np.inf, individual_sd=0.0, noise_sd=0.05, tau_noise_s=5.0)
    g = noisy.gain(np.ones(200_000), 1.0, *generators(1))
    assert g.mean() == pytest.approx(1.0, abs=0.002)
    assert g.std() == pytest.approx(0.05, rel=0.05)
    lag = np.corrcoef(g[:-5], g[5:])[0, 1]
    assert lag == pytest.approx(np.exp(-1.0), abs=0.03)


def test_arousal_off_is_one():
    assert np.all(Arousal.off().gain(np.ones(1000), 1.0, *generators(2)) == 1.0)


def test_depletion_belongs_to_the_individual_and_fluctuation_to_the_occasion():
    load = np.ones(2000)
    still, restless = Arousal(noise_sd=0.0), Arousal(individual_sd=0.0)
    np.testing.assert_array_equal(
        still.gain(load, 1.0, *generators(1, 10)), still.gain(load, 1.0, *generators(1, 11))
    )
    assert still.gain(load, 1.0, *generators(1))[-1] != still.gain(load, 1.0, *generators(2))[-1]
    np.testing.assert_array_equal(
        restless.gain(load, 1.0, *generators(1, 10)), restless.gain(load, 1.0, *generators(2, 10))
    )
    one, two = (restless.gain(load, 1.0, *generators(1, noise)) for noise in (10, 11))
    assert not np.array_equal(one, two)
