"""Normalisers against independent solvers, identities of competition, prediction of the temperature."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from bridges.maps.attention import compete, divisive_normalisation, hold_total, predicted_beta
from bridges.maps.competition_circuit import CompetitionCircuit, drive_for_rate
from bridges.maps.normalisers import (
    entmax,
    fit_normaliser,
    jensen_shannon_bits,
    softmax,
    sparsemax,
    top_agreement,
)
from bridges.maps.siegert import LIFCell, siegert_log_slope, siegert_rate

Z = np.random.default_rng(7).normal(size=(40, 6))


def reference_entmax(z, alpha):
    """Threshold by Brent's method, one vector at a time."""
    power, scaled = 1.0 / (alpha - 1.0), (alpha - 1.0) * z

    def excess(tau):
        return np.sum(np.maximum(scaled - tau, 0.0) ** power) - 1.0

    tau = brentq(excess, scaled.max() - 1.0, scaled.max(), xtol=1e-15)
    return np.maximum(scaled - tau, 0.0) ** power


@pytest.mark.parametrize("alpha", [1.1, 4 / 3, 1.5, 2.0, 3.0])
def test_entmax_is_what_an_independent_solver_finds(alpha):
    expected = np.array([reference_entmax(z, alpha) for z in 1.7 * Z])
    np.testing.assert_allclose(entmax(1.7 * Z, alpha), expected, atol=1e-12)


def test_the_ends_of_the_family():
    torch = pytest.importorskip("torch")
    np.testing.assert_allclose(softmax(Z), torch.softmax(torch.as_tensor(Z), -1).numpy(), atol=1e-15)
    np.testing.assert_array_equal(entmax(Z, 1.0), softmax(Z))
    np.testing.assert_allclose(entmax(Z, 1.0001), softmax(Z), atol=1e-3)
    np.testing.assert_allclose(sparsemax(Z), entmax(Z, 2.0), atol=1e-14)
    # the projection: no point of the simplex is nearer
    corners = np.eye(6)
    gap = np.einsum("vi,cvi->cv", Z - sparsemax(Z), corners[:, None] - sparsemax(Z)[None])
    assert gap.max() <= 1e-12
    assert entmax(np.array([500.0, -500.0]), 1.0).tolist() == [1.0, 0.0]
    for bad in (0.9, np.nan):
        with pytest.raises(ValueError, match="alpha"):
            entmax(Z, bad)
    with pytest.raises(ValueError, match="finite"):
        softmax([1.0, np.inf])


def test_exponential_rates_are_softmax_whatever_inhibition_is():
    inhibition = np.linspace(-3, 3, 40)[:, None]
    rates = np.exp(1.7 * Z - inhibition)
    np.testing.assert_allclose(rates / rates.sum(1, keepdims=True), softmax(1.7 * Z), atol=1e-14)


@pytest.mark.parametrize("power", [1, 2, 3])
def test_threshold_power_rates_are_entmax(power):
    """(alpha - 1) z is the drive, alpha = 1 + 1 / n; the sum is held at 1."""
    settled = hold_total(Z, lambda x: np.maximum(x, 0.0) ** power, 1.0)
    expected = np.array([reference_entmax(power * z, 1.0 + 1.0 / power) for z in Z])
    np.testing.assert_allclose(settled.weights, expected, atol=1e-11)


def test_divisive_normalisation_is_softmax_of_logarithms_with_a_null():
    d, n, k = np.exp(Z), 2.5, 0.7
    logits = np.concatenate([n * np.log(d), np.full((len(d), 1), n * np.log(k))], axis=1)
    np.testing.assert_allclose(divisive_normalisation(d, n, k), softmax(logits)[:, :-1], atol=1e-14)
    gain = np.exp(0.5 * Z[::-1])
    with_gain = softmax(n * np.log(d) + n * np.log(gain))
    np.testing.assert_allclose(divisive_normalisation(gain * d, n, 0.0), with_gain, atol=1e-14)
    # large powers do not overflow
    assert np.isfinite(divisive_normalisation(np.array([1e200, 1.0]), 4.0, 1.0)).all()
    assert divisive_normalisation(np.zeros(3), 2.0, 1.0).tolist() == [0.0, 0.0, 0.0]
    with pytest.raises(ValueError, match="exponent = 0"):
        divisive_normalisation(d, 0.0, 1.0)


def test_the_total_is_held_or_refused():
    settled = compete(Z, lambda mu: siegert_rate(mu, 4.0), 3.3, 2.0)
    np.testing.assert_allclose(settled.rates.sum(axis=1), 6 * 3.3, rtol=1e-9)
    with pytest.raises(ValueError, match="no inhibition within"):
        hold_total(Z, lambda x: np.minimum(np.exp(x), 1.0), 7.0)


def test_fits_find_what_made_the_weights():
    for alpha, beta in ((1.0, 0.8), (1.5, 1.4), (2.0, 0.6)):
        weights = entmax(beta * Z, alpha)
        free, given = fit_normaliser(Z, weights), fit_normaliser(Z, weights, alpha)
        assert free.alpha == pytest.approx(alpha, abs=0.02)
        assert given.beta == pytest.approx(beta, rel=1e-4) and given.r2 > 1 - 1e-8
    with pytest.raises(ValueError, match="must vary"):
        fit_normaliser(np.zeros((2, 3)), np.full((2, 3), 1 / 3))


def test_divergence_and_agreement():
    assert jensen_shannon_bits([1.0, 0.0], [0.0, 1.0]) == pytest.approx(1.0)
    assert jensen_shannon_bits([0.3, 0.7], [0.3, 0.7]) == 0.0
    p, q = np.array([0.2, 0.8]), np.array([0.6, 0.4])
    m = (p + q) / 2
    by_hand = 0.5 * sum(p * np.log2(p / m)) + 0.5 * sum(q * np.log2(q / m))
    assert jensen_shannon_bits(p, q) == pytest.approx(by_hand)
    assert top_agreement([[1, 2], [2, 1]], [[0, 5], [0, 5]]) == 0.5


def test_an_exponential_curve_has_the_beta_of_its_exponent():
    drive = np.linspace(-5.0, 5.0, 1001)
    rates = compete(Z, lambda x: np.exp(0.6 * x), 2.0, 1.5).rates
    curve, slope = np.exp(0.6 * np.linspace(-20, 20, 1001)), np.full(1001, 0.6)
    assert predicted_beta(rates, curve, slope, 1.5) == pytest.approx(0.9)
    assert fit_normaliser(Z, rates / rates.sum(1, keepdims=True), 1.0).beta == pytest.approx(0.9, rel=1e-4)
    with pytest.raises(ValueError, match="leave the curve"):
        predicted_beta(rates, np.exp(0.01 * drive), np.full(1001, 0.01), 1.5)


@pytest.mark.parametrize("rate", [0.8, 10.0, 50.0])
def test_mean_field_beta_is_predicted_and_alpha_rises(rate):
    grid = np.linspace(-40.0, 90.0, 1301)
    phi, slope = siegert_rate(grid, 4.0), siegert_log_slope(grid, 4.0)
    log_phi = np.log(np.maximum(phi, 1e-300))
    settled = compete(Z, lambda mu: np.exp(np.interp(mu, grid, log_phi)), rate, 2.0)
    soft, best = fit_normaliser(Z, settled.weights, 1.0), fit_normaliser(Z, settled.weights)
    assert soft.beta == pytest.approx(predicted_beta(settled.rates, phi, slope, 2.0), rel=0.15)
    assert best.r2 > 0.98
    low, high = {0.8: (1.0, 1.4), 10.0: (1.3, 1.9), 50.0: (1.8, 2.5)}[rate]
    assert low < best.alpha < high


def test_drive_for_rate_inverts_siegert():
    for rate in (0.01, 3.0, 80.0):
        mu = drive_for_rate(rate, 4.0, LIFCell(), 0.1)
        assert float(siegert_rate(mu, 4.0, step_ms=0.1)) == pytest.approx(rate, rel=1e-8)
    with pytest.raises(ValueError, match="rate_hz = 600"):
        drive_for_rate(600.0, 4.0, LIFCell())


@pytest.mark.slow
def test_spiking_populations_compete():
    """Two vectors, small populations: the set point is kept and the order of the scores comes out."""
    circuit = CompetitionCircuit(mean_rate_hz=10.0, items=3, population_size=40, inhibitory_size=60)
    scores = np.array([[0.0, 0.0, 0.0], [1.5, 0.0, -1.5]])
    rates, inhibition = circuit.rates(circuit.gain_mv * scores, 0.6, 1)
    np.testing.assert_allclose(rates[0], 10.0, rtol=0.35)
    assert rates[1, 0] > 1.5 * rates[1, 1] > 1.5 * 1.5 * rates[1, 2]
    # inhibition holds the mean: far less than the best rose
    assert rates[1].mean() < 1.4 * rates[0].mean() and 10 < inhibition[0] < 35
    with pytest.raises(ValueError, match=r"must be \(vector, 3\)"):
        circuit.rates(np.zeros((2, 4)), 0.5, 1)
    with pytest.raises(ValueError, match="loop_gain = 0"):
        CompetitionCircuit(loop_gain=0.0)
