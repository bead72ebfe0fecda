"""Cues and gains as logits: closed forms, and a known bias recovered from weights."""

from __future__ import annotations

import numpy as np
import pytest

from bridges.maps.attention import compete, divisive_normalisation
from bridges.maps.gain import (
    cue_current_mv,
    cue_logit,
    gain_logit,
    odds_logit,
    recovered_logit,
    scaled_by_arousal,
)
from bridges.maps.normalisers import softmax
from bridges.maps.siegert import siegert_rate

RNG = np.random.default_rng(5)
Z, ITEM = RNG.normal(size=(200, 6)), RNG.integers(0, 6, 200)
MARK = np.eye(6)[ITEM]


def test_current_and_logit_are_each_others_inverse():
    assert cue_current_mv(cue_logit(np.array([0.5, 2.0]), 0.55), 0.55) == pytest.approx([0.5, 2.0])
    with pytest.raises(ValueError, match="beta_per_mv = 0"):
        cue_logit(1.0, 0.0)


@pytest.mark.parametrize("exponent", [0.5, 2.0, 4.0])
def test_a_gain_in_normalisation_form_is_an_additive_logit(exponent):
    d, gain = np.exp(Z), np.exp(0.3 * Z[::-1])
    network = softmax(exponent * np.log(d) + gain_logit(gain, exponent))
    np.testing.assert_allclose(divisive_normalisation(gain * d, exponent, 0.0), network, atol=1e-13)
    with pytest.raises(ValueError, match="above 0"):
        gain_logit(0.0, exponent)


def test_a_known_bias_is_recovered():
    shift, fit = recovered_logit(Z, softmax(1.3 * Z), softmax(1.3 * Z + 0.7 * MARK), ITEM)
    assert shift == pytest.approx(0.7, abs=1e-4) and fit.beta == pytest.approx(1.3, rel=1e-4)
    assert odds_logit(softmax(1.3 * Z), softmax(1.3 * Z + 0.7 * MARK), ITEM) == pytest.approx(0.7, abs=1e-4)
    with pytest.raises(ValueError, match="must agree"):
        recovered_logit(Z, softmax(Z), softmax(Z), ITEM[:3])


def test_an_exponential_circuit_turns_current_into_a_logit_exactly():
    def phi(x):
        return np.exp(0.4 * x)

    plain, cued = (compete(Z, phi, 3.0, 2.0, cue).weights for cue in (0.0, 1.5 * MARK))
    shift, fit = recovered_logit(Z, plain, cued, ITEM)
    assert shift == pytest.approx(float(cue_logit(1.5, fit.beta / 2.0)), rel=1e-4)


@pytest.mark.parametrize(("rate", "low", "high"), [(0.8, 0.9, 1.1), (3.3, 0.9, 1.1), (25.0, 0.85, 1.35)])
def test_a_lif_circuit_does_so_within_its_range(rate, low, high):
    grid = np.linspace(-40.0, 90.0, 1301)
    log_phi = np.log(np.maximum(siegert_rate(grid, 4.0), 1e-300))

    def phi(mu):
        return np.exp(np.interp(mu, grid, log_phi))

    for cue in (0.5, 2.0):
        plain, cued = (compete(Z, phi, rate, 2.0, c).weights for c in (0.0, cue * MARK))
        shift, fit = recovered_logit(Z, plain, cued, ITEM)
        assert low <= shift / float(cue_logit(cue, fit.beta / 2.0)) <= high


def test_arousal_is_inverse_temperature_on_both_sides():
    g = np.linspace(0.5, 1.0, 200)
    circuit = compete(scaled_by_arousal(Z, g), lambda x: np.exp(0.4 * x), 3.0, 2.0).weights
    np.testing.assert_allclose(circuit, softmax(0.8 * scaled_by_arousal(Z, g)), atol=1e-12)
    entropy = -(circuit * np.log(circuit)).sum(axis=1)
    rested = softmax(0.8 * Z)
    assert np.all(entropy >= -(rested * np.log(rested)).sum(axis=1) - 1e-12)
    with pytest.raises(ValueError, match="below 0"):
        scaled_by_arousal(Z, -g)
