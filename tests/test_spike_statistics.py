"""Spike statistics against closed forms and against Elephant."""

from __future__ import annotations

import numpy as np
import pytest

from neurosim.self_exciting import Hawkes, branching_ratio_from_counts, fit_hawkes
from neurosim.spike_statistics import (
    fano_factor,
    firing_rates,
    interval_variation,
    modulation_index,
    noise_correlation,
    spike_counts,
    spike_trains,
    synchrony,
)
from neurosim.timescales import (
    autocorrelation,
    fit_decay,
    intrinsic_timescale,
    multistep_regression,
    ornstein_uhlenbeck,
)


def poisson_population(rng, n=20, rate_hz=20.0, duration_s=100.0):
    total = rng.poisson(n * rate_hz * duration_s)
    return rng.uniform(0, duration_s, total), rng.integers(0, n, total)


def test_poisson_population_has_rate_and_variability_of_a_poisson_process():
    rng = np.random.default_rng(1)
    times, neurons = poisson_population(rng)
    trains = spike_trains(times, neurons, 21, 10.0, 90.0)
    rates = firing_rates(trains)
    assert rates[:20].mean() == pytest.approx(20.0, rel=0.03) and rates[20] == 0.0
    for measure in ("cv", "cv2", "lv"):
        variation = interval_variation(trains, measure)
        assert np.nanmean(variation) == pytest.approx(1.0, abs=0.03)
        assert np.isnan(variation[20])
    counts = spike_counts(times, neurons, 20, np.arange(0, 100, 0.5), 0.5)
    assert counts.sum() == times.size
    assert fano_factor(counts).mean() == pytest.approx(1.0, abs=0.1)
    assert noise_correlation(counts).mean == pytest.approx(0.0, abs=0.02)
    assert synchrony(times, 0.0, 100.0) == pytest.approx(1.0, abs=0.05)


def test_regular_trains_do_not_vary():
    times = np.tile(np.arange(0.05, 10, 0.1), 3)
    neurons = np.repeat(np.arange(3), 100)
    trains = spike_trains(times, neurons, 3, 0.0, 10.0)
    assert firing_rates(trains) == pytest.approx([10.0] * 3)
    assert interval_variation(trains) == pytest.approx([0.0] * 3, abs=1e-9)


def test_noise_correlation_is_elephants_and_the_one_put_in():
    import neo
    import quantities as pq
    from elephant.conversion import BinnedSpikeTrain
    from elephant.spike_train_correlation import correlation_coefficient

    rng = np.random.default_rng(2)
    shared = rng.poisson(3.0, (2000, 1))
    counts = shared + rng.poisson(7.0, (2000, 6))
    found = noise_correlation(counts)
    assert found.mean == pytest.approx(0.3, abs=0.03)
    # each trial one bin of an endless recording
    trains = [
        neo.SpikeTrain(np.sort(np.repeat(np.arange(2000) + 0.5, one)), units="s", t_stop=2000.0)
        for one in counts.T
    ]
    reference = correlation_coefficient(BinnedSpikeTrain(trains, bin_size=1 * pq.s))
    np.testing.assert_allclose(found.pairs, reference[np.triu_indices(6, 1)], atol=1e-10)


def test_noise_correlation_ignores_what_the_condition_explains():
    rng = np.random.default_rng(3)
    condition = np.repeat(["in", "out"], 500)
    counts = rng.poisson(np.where(condition == "in", 20.0, 5.0)[:, None], (1000, 4))
    assert noise_correlation(counts).mean > 0.5
    assert noise_correlation(counts, condition.tolist()).mean == pytest.approx(0.0, abs=0.05)


def test_fano_factor_is_the_unbiased_variance_over_the_mean():
    counts = np.array([[1, 0], [3, 0], [2, 0], [6, 0]])
    expected = np.var([1, 3, 2, 6], ddof=1) / 3.0
    found = fano_factor(counts)
    assert found[0] == pytest.approx(expected) and np.isnan(found[1])


def test_modulation_index_of_the_published_gain():
    assert modulation_index(np.array([1.26]), np.array([1.0]))[0] == pytest.approx(0.115, abs=5e-4)
    assert np.isnan(modulation_index(np.zeros(1), np.zeros(1))[0])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: spike_trains(np.zeros(3), np.zeros(2), 1, 0, 1), "one entry a spike"),
        (lambda: spike_trains(np.zeros(1), np.ones(1), 1, 0, 1), "n_neurons = 1"),
        (lambda: spike_trains(np.zeros(1), np.zeros(1), 1, 1, 1), "start_s"),
        (lambda: spike_counts(np.zeros(1), np.zeros(1), 1, np.zeros(1), 0.0), "window_s"),
        (lambda: interval_variation([], "sd"), "known are"),
        (lambda: fano_factor(np.zeros((1, 3))), "at least 2 trials"),
        (lambda: noise_correlation(np.zeros((5, 1))), "at least 2"),
        (lambda: noise_correlation(np.zeros((5, 2)), ["a"]), "one a trial"),
        (lambda: synchrony(np.zeros(1), 0.0, 0.003), "at least 2"),
        (lambda: autocorrelation(np.zeros((2, 9)), 3), "at least 3 trials"),
        (lambda: multistep_regression(np.ones(100), 0.004, 10), "does not vary"),
        (lambda: Hawkes(1.0, 1.0, 1.0), "branching_ratio = 1.0"),
        (lambda: fit_hawkes(np.arange(5.0), 10.0), "fewer than 10"),
    ],
)
def test_what_cannot_be_measured_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_decay_is_fitted_exactly():
    lags = 0.02 * np.arange(1, 30)
    assert fit_decay(lags, 0.4 * np.exp(-lags / 0.13) + 0.05) == pytest.approx((0.13, 0.4, 0.05), rel=1e-4)


def test_timescale_of_long_trials_is_recovered_and_that_of_short_ones_is_flagged():
    rng = np.random.default_rng(4)
    long = rng.poisson(5.0 + 2.0 * ornstein_uhlenbeck(0.1, 0.02, (600, 150), rng).clip(-2.4))
    found = intrinsic_timescale(long, 0.02, 30, rng, n_checks=10)
    assert found.tau_s == pytest.approx(0.1, rel=0.15)
    assert found.unbiased
    assert found.recovery_low < 1.0 < found.recovery_high


def test_ornstein_uhlenbeck_has_unit_variance_and_its_timescale():
    x = ornstein_uhlenbeck(0.2, 0.02, (2000, 60), np.random.default_rng(5))
    assert x.var() == pytest.approx(1.0, abs=0.03)
    lag = 10
    assert np.mean(x[:, lag:] * x[:, :-lag]) == pytest.approx(np.exp(-lag * 0.02 / 0.2), abs=0.03)


@pytest.mark.parametrize("share", [1.0, 0.1])
def test_branching_parameter_is_recovered_from_all_units_and_from_a_tenth(share):
    rng = np.random.default_rng(6)
    active, m = 5000, 0.98
    course = np.empty(60_000)
    for k in range(course.size):
        active = rng.poisson(m * active + 100.0)
        course[k] = active
    found = multistep_regression(rng.binomial(course.astype(int), share), 0.004, 150)
    assert found.m == pytest.approx(m, abs=0.003)
    assert found.tau_s == pytest.approx(-0.004 / np.log(m), rel=0.16)
    if share < 1.0:
        assert found.slopes[0] < 0.97  # the first slope alone would be taken for a shorter memory


def test_self_exciting_process_has_the_rate_and_fano_factor_of_theory():
    process = Hawkes(5.0, 0.6, 20.0)
    times = process.sample(4000.0, np.random.default_rng(7))
    assert times.size / 4000.0 == pytest.approx(process.rate_hz, rel=0.03)
    counts, _ = np.histogram(times, bins=400, range=(0, 4000.0))
    assert counts.var(ddof=1) / counts.mean() == pytest.approx(process.fano_factor, rel=0.2)
    assert branching_ratio_from_counts(counts) == pytest.approx(0.6, abs=0.05)


def test_fit_recovers_the_branching_ratio_and_prefers_it_to_none():
    process = Hawkes(4.0, 0.5, 15.0)
    times = process.sample(600.0, np.random.default_rng(8))
    fitted = fit_hawkes(times, 600.0)
    assert fitted.branching_ratio == pytest.approx(0.5, abs=0.06)
    assert fitted.decay_hz == pytest.approx(15.0, rel=0.25)
    assert fitted.timescale_s == pytest.approx(process.timescale_s, rel=0.25)
    none = Hawkes(times.size / 600.0, 0.0, 15.0)
    assert fitted.log_likelihood(times, 600.0) > none.log_likelihood(times, 600.0) + 50
    independent = fit_hawkes(np.sort(np.random.default_rng(9).uniform(0, 300, 2000)), 300.0)
    assert independent.branching_ratio < 0.1
