"""Siegert's formula against quadrature, measured rates against it, fits against curves that are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erfcx

from bridges.maps.activation_fits import KINDS, fit_activation
from bridges.maps.siegert import LIFCell, siegert_log_slope, siegert_rate, siegert_slope
from bridges.maps.transfer import (
    TabulatedTransfer,
    circuit_cell_rates,
    measured_rates,
    poisson_background,
    r_squared,
    relative_error,
    white_noise_background,
)
from neurosim.parameters import PYRAMIDAL

CELL = LIFCell()


def by_quadrature(mu, sigma, shift=0.0, lift=0.0):
    low, high = (10.0 - mu) / sigma + shift, (20.0 - mu) / sigma + shift + lift
    area, _ = quad(lambda u: erfcx(-u), low, high, epsabs=0, epsrel=1e-13, limit=500)
    return 1e3 / (2.0 + 20.0 * np.sqrt(np.pi) * area)


@pytest.mark.parametrize("sigma", [0.5, 2.0, 4.0, 8.0])
def test_siegert_is_the_integral(sigma):
    mus = np.array([mu for mu in np.arange(0.0, 60.0, 3.1) if (20.0 - mu) / sigma < 24.0])
    expected = [by_quadrature(mu, sigma) for mu in mus]
    np.testing.assert_allclose(siegert_rate(mus, sigma), expected, rtol=1e-11)


def test_siegert_has_the_values_of_the_literature():
    """Cell of Brunel (2000): tau 20 ms, threshold 20, reset 10 mV, 2 ms refractory."""
    for mu, sigma in ((18.0, 5.0), (24.0, 3.0), (5.0, 4.0)):
        assert float(siegert_rate(mu, sigma)) == pytest.approx(by_quadrature(mu, sigma), rel=1e-11)
    # the noise-free limit, in closed form
    exact = 1e3 / (2.0 + 20.0 * np.log(15.0 / 5.0))
    assert float(siegert_rate(25.0, 0.0)) == pytest.approx(exact, rel=1e-14)
    assert float(siegert_rate(25.0, 1e-3)) == pytest.approx(exact, rel=1e-6)
    assert float(siegert_rate(19.9, 0.0)) == 0.0


def test_slopes_are_derivatives():
    mu, h = np.linspace(2.0, 45.0, 44), 1e-4
    for sigma in (2.0, 5.0):
        numeric = (siegert_rate(mu + h, sigma) - siegert_rate(mu - h, sigma)) / (2 * h)
        np.testing.assert_allclose(siegert_slope(mu, sigma), numeric, rtol=1e-5, atol=1e-12)
        np.testing.assert_allclose(
            siegert_log_slope(mu, sigma) * siegert_rate(mu, sigma), numeric, rtol=1e-5, atol=1e-12
        )
    # far below threshold the rate is nothing, its logarithm still has a slope: 2 y / sigma and a bit
    slope = float(siegert_log_slope(-100.0, 1.0))
    assert slope == pytest.approx(2 * 120.0, rel=0.01)


def test_both_corrections_move_the_bounds_as_they_say():
    synapse = 1.4603545088095868 / np.sqrt(2.0) * np.sqrt(2.0 / 20.0)
    ours = siegert_rate(18.0, 4.0, tau_s_ms=2.0)
    assert float(ours) == pytest.approx(by_quadrature(18.0, 4.0, shift=synapse), rel=1e-11)
    walk = 0.5825971579390107 * np.sqrt(0.1 / 20.0)
    ours = siegert_rate(18.0, 4.0, step_ms=0.1)
    assert float(ours) == pytest.approx(by_quadrature(18.0, 4.0, lift=walk), rel=1e-9)


def test_the_shift_is_refused_where_it_does_not_hold():
    with pytest.raises(ValueError, match=r"tau_s / tau_m = 0.25.*up to 0.1"):
        siegert_rate(18.0, 4.0, tau_s_ms=5.0)
    with pytest.warns(UserWarning, match=r"tau_s / tau_m = 0.25"):
        assert siegert_rate(18.0, 4.0, tau_s_ms=5.0, beyond="warn") > 0
    for bad in ({"mu_mv": np.nan, "sigma_mv": 1.0}, {"mu_mv": 1.0, "sigma_mv": -1.0}):
        with pytest.raises(ValueError, match="must be finite"):
            siegert_rate(**bad)
    with pytest.raises(ValueError, match="v_reset_mv = 20.0 must be below"):
        LIFCell(v_reset_mv=20.0)


def test_spiking_neurons_fire_at_the_corrected_rate():
    """White noise and small jumps; the rate of 60 neurons in .7 s has a standard error of about 3 %."""
    drives = [white_noise_background(22.0, 4.0), white_noise_background(17.0, 6.0)]
    drives.append(poisson_background(22.0, 4.0, 0.3, CELL))
    rates = measured_rates(drives, CELL, n_neurons=60, duration_s=0.7, seed=3, target="numpy")
    expected = siegert_rate([22.0, 17.0, 22.0], [4.0, 6.0, 4.0], step_ms=0.1)
    np.testing.assert_allclose(rates, expected, rtol=0.09)


def test_a_poisson_background_has_the_mean_and_noise_it_is_asked_for():
    for tau_s, unit in ((0.0, 1.0), (2.0, 250.0 / 2.0)):
        b = poisson_background(15.0, 5.0, 0.5, CELL, tau_s)
        jump = b.weight / unit
        mean = b.mean if tau_s == 0 else b.mean * 20.0 / 250.0
        assert jump == pytest.approx(0.5)
        assert 0.02 * jump * b.poisson_hz + mean == pytest.approx(15.0)
        assert 0.02 * jump**2 * b.poisson_hz == pytest.approx(25.0)
    with pytest.raises(ValueError, match="jump_mv = 0.0"):
        poisson_background(15.0, 5.0, 0.0, CELL)


def test_the_packages_cells_fire_as_the_closed_form_says():
    """Without noise: C dV/dt = -g (V - V_L) + I fires every t_ref + tau ln((I - g 15) / (I - g 20))."""
    currents = (0.4, 0.55)
    rates = circuit_cell_rates(
        PYRAMIDAL, 2.1, 0.0, currents_na=currents, n_neurons=2, duration_s=0.5, target="numpy"
    )
    expected = [1e3 / (2.0 + 20.0 * np.log((i - 0.375) / (i - 0.5))) if i > 0.5 else 0.0 for i in currents]
    np.testing.assert_allclose(rates, expected, atol=3.0)
    with pytest.raises(ValueError, match="one of them and not both"):
        circuit_cell_rates(PYRAMIDAL, 2.1, 0.0)


def test_a_table_interpolates_and_refuses_to_extrapolate():
    x = np.linspace(5.0, 40.0, 71)
    table = TabulatedTransfer(x, siegert_rate(x, 4.0))
    at = np.array([12.3, 18.21, 33.3])
    np.testing.assert_allclose(table.rate(at), siegert_rate(at, 4.0), rtol=2e-3)
    np.testing.assert_allclose(table.slope(at), siegert_slope(at, 4.0), rtol=2e-2)
    np.testing.assert_allclose(table.log_slope(at), siegert_log_slope(at, 4.0), rtol=2e-2)
    with pytest.raises(ValueError, match="leave the measured range 5 to 40"):
        table.rate(41.0)
    with pytest.raises(ValueError, match="drive must rise"):
        TabulatedTransfer(np.array([0.0, 2.0, 1.0]), np.zeros(3))


TRUE = {
    "relu": {"gain": 4.0, "threshold": 12.0},
    "leaky_relu": {"gain": 4.0, "threshold": 12.0, "negative_slope": 0.1},
    "softplus": {"gain": 4.0, "threshold": 12.0, "softness": 2.0},
    "abbott_chance": {"gain": 4.0, "threshold": 12.0, "sharpness_s": 0.15},
    "sigmoid": {"gain": 20.0, "threshold": 18.0, "softness": 4.0},
}


@pytest.mark.parametrize("kind", KINDS)
def test_fits_find_the_curve_that_made_the_data(kind):
    x = np.linspace(0.0, 40.0, 81)
    fit = fit_activation(kind, x, KINDS[kind].formula(x, **TRUE[kind]))
    assert fit.r2 == pytest.approx(1.0, abs=1e-6)
    assert dict(fit.parameters) == pytest.approx(TRUE[kind], rel=1e-2)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_is_the_networks_activation(kind):
    torch = pytest.importorskip("torch")
    x = np.linspace(0.0, 40.0, 41)
    fit = fit_activation(kind, x, KINDS[kind].formula(x, **TRUE[kind]))
    network = fit.activation().rate(torch.as_tensor(x)).numpy()
    np.testing.assert_allclose(network, fit.rate(x), rtol=1e-6, atol=1e-9)


def test_softplus_beats_relu_the_more_noise_there_is():
    x = np.linspace(0.0, 40.0, 81)
    softness = []
    for sigma in (4.0, 8.0):
        y = siegert_rate(x, sigma)
        soft, hard = fit_activation("softplus", x, y), fit_activation("relu", x, y)
        assert soft.r2 >= 0.995 and soft.rmse_hz < hard.rmse_hz
        softness.append(soft.parameters["softness"])
    assert softness[1] > softness[0]
    with pytest.raises(ValueError, match="unknown kind 'tanh'"):
        fit_activation("tanh", x, x)


def test_error_measures():
    assert r_squared([1.0, 2.0, 3.0], [1.0, 2.0, 4.0]) == pytest.approx(0.5)
    assert relative_error([11.0, 3.0], [10.0, 2.0]) == pytest.approx(0.1)
    assert np.isnan(relative_error([1.0], [2.0]))
