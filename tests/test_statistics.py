"""Bootstrap over participants: its coverage is known, missing participants are counted."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm, t

from bridges.measures import bootstrap_band, bootstrap_ci, effect_size_dz, paired_difference


def test_bootstrap_coverage_of_a_mean():
    """Percentile bootstrap of a normal mean: half-width z sqrt((n-1)/n) SE, so its coverage is known."""
    n, samples = 20, 1500
    rng = np.random.default_rng(8)
    covered, ratio = 0, []
    for k in range(samples):
        values = rng.normal(1.0, 2.0, n)
        interval = bootstrap_ci(values, n=1000, seed=k)
        covered += interval.low <= 1.0 <= interval.high
        by_t = t.ppf(0.975, n - 1) * values.std(ddof=1) / math.sqrt(n)
        ratio.append((interval.high - interval.low) / (2 * by_t))
    narrower = norm.ppf(0.975) * math.sqrt((n - 1) / n) / t.ppf(0.975, n - 1)
    expected = 1 - 2 * t.sf(t.ppf(0.975, n - 1) * narrower, n - 1)
    assert np.mean(ratio) == pytest.approx(narrower, rel=0.01)
    assert covered / samples == pytest.approx(
        expected, abs=4 * math.sqrt(expected * (1 - expected) / samples)
    )


def test_bootstrap_drops_and_counts_missing_participants():
    interval = bootstrap_ci([1.0, np.nan, 3.0, 5.0, np.nan])
    assert (interval.estimate, interval.n, interval.n_missing) == (3.0, 3, 2)
    assert interval.low < 3.0 < interval.high
    assert (interval.low, interval.high) == tuple(
        vars(bootstrap_ci([1.0, 3.0, 5.0]))[x] for x in ("low", "high")
    )


def test_bootstrap_of_too_few():
    nobody, one = bootstrap_ci([np.nan]), bootstrap_ci([2.0])
    assert np.isnan(nobody.estimate) and nobody.n == 0 and nobody.n_missing == 1
    assert one.estimate == 2.0 and np.isnan(one.low) and np.isnan(one.high)


def test_bootstrap_is_reproducible_and_takes_other_statistics():
    values = np.random.default_rng(9).normal(size=31)
    assert bootstrap_ci(values, np.median, seed=4) == bootstrap_ci(values, np.median, seed=4)
    assert bootstrap_ci(values, np.median).estimate == np.median(values)
    assert bootstrap_ci(values, level=0.99).low < bootstrap_ci(values, level=0.8).low


def test_bootstrap_in_chunks_is_whole():
    values = np.random.default_rng(10).normal(5.0, 1.0, 3000)
    interval = bootstrap_ci(values, n=2000)
    assert interval.high - interval.low == pytest.approx(2 * 1.96 / math.sqrt(3000), rel=0.1)


def test_paired_difference_uses_complete_pairs():
    first = np.array([1.0, 2.0, np.nan, 4.0])
    second = np.array([2.0, 4.0, 9.0, np.nan])
    interval = paired_difference(first, second)
    assert (interval.estimate, interval.n, interval.n_missing) == (1.5, 2, 2)
    with pytest.raises(ValueError, match=r"\(4,\).*\(3,\)"):
        paired_difference(first, second[:3])


def test_pairing_removes_differences_between_people():
    rng = np.random.default_rng(11)
    person = rng.normal(0.0, 10.0, 200)
    interval = paired_difference(person, person + rng.normal(1.0, 0.5, 200))
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * 0.5 / math.sqrt(200), rel=0.2)


def test_effect_size_by_hand():
    assert effect_size_dz([0.0, 0.0, 0.0], [1.0, 2.0, 3.0]) == pytest.approx(2.0)
    assert np.isnan(effect_size_dz([0.0, 0.0], [1.0, 1.0]))


def test_band_is_an_interval_at_each_point():
    curves = np.random.default_rng(12).normal(size=(15, 4))
    curves[3, 2] = np.nan
    band = bootstrap_band(curves)
    assert list(band["n"]) == [15, 15, 14, 15]
    assert band.loc[1, "low"] == bootstrap_ci(curves[:, 1]).low
    with pytest.raises(ValueError, match="participant, point"):
        bootstrap_band(curves[0])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"values": [[1.0, 2.0]]}, "shape"),
        ({"values": [1.0, 2.0], "n": 0}, "n = 0"),
        ({"values": [1.0, 2.0], "level": 95}, "level = 95"),
    ],
)
def test_bootstrap_refuses_what_it_cannot_do(arguments, said):
    with pytest.raises(ValueError, match=said):
        bootstrap_ci(**arguments)
