"""The ideal observer of the codec map: areas under the ROC, against sampling and algebra."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, rankdata

from studies.corresponding.codec import d_prime_of_counts, d_prime_of_normals, far_apart


def sampled(one, other, log_ratio):
    """Sqrt(2) z of the share of pairs that the likelihood ratio puts in order; ties count half."""
    n = len(one)
    ranks = rankdata(np.concatenate([log_ratio(one), log_ratio(other)]))
    return np.sqrt(2) * norm.ppf((ranks[n:].sum() - n * (n + 1) / 2) / n**2)


def test_d_primes_are_those_of_samples():
    rng, n, (low, high) = np.random.default_rng(2), 200_000, (5.6, 9.0)
    counts = sampled(rng.poisson(low, n), rng.poisson(high, n), lambda k: k)
    assert d_prime_of_counts(low, high) == pytest.approx(counts, rel=0.01)
    one, other = (m + np.sqrt(m) * rng.standard_normal(n) for m in (low, high))

    def log_ratio(x):
        return norm.logpdf(x, high, np.sqrt(high)) - norm.logpdf(x, low, np.sqrt(low))

    assert d_prime_of_normals(low, high) == pytest.approx(sampled(one, other, log_ratio), rel=0.01)


def test_many_spikes_are_gaussian():
    """Means of 10^4, where skew is gone: all three agree with the difference over the pooled SD."""
    low, high = 10_000.0, 10_300.0
    expected = (high - low) / np.sqrt(0.5 * (low + high))
    assert d_prime_of_counts(low, high) == pytest.approx(expected, rel=2e-3)
    assert d_prime_of_normals(low, high) == pytest.approx(expected, rel=2e-3)


def test_only_the_pair_with_few_spikes_differs_and_skew_explains_it():
    table = far_apart()
    gaussian, skewed = table["spikes"] / table["tensor"], table["spikes"] / table["skewed"]
    assert gaussian[0] > 1.05 and (np.abs(gaussian[1:] - 1.0) < 0.02).all()
    assert (np.abs(skewed - 1.0) < 0.02).all()
