"""Ideal observers of spike counts, against sums over all outcomes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from bridges.encoding import RateCode
from bridges.tasks import observers

quick = settings(max_examples=8, deadline=None)


@quick
@given(on=st.floats(1.0, 80.0), ratio=st.floats(0.1, 0.95), m=st.integers(2, 6))
def test_identification_by_brute_force(on, ratio, m):
    off = on * ratio
    k = np.arange(400)
    p_on = poisson.pmf(k, on)
    below, at = poisson.cdf(k - 1, off), poisson.pmf(k, off)
    brute = 0.0
    for ties in range(m):
        ways = poisson.pmf(0, 0) * np.prod([(m - 1 - i) / (i + 1) for i in range(ties)])
        brute += np.sum(p_on * ways * at**ties * below ** (m - 1 - ties) / (ties + 1))
    assert observers.identification(on, off, m) == pytest.approx(brute, abs=1e-9)


@quick
@given(on=st.floats(1.0, 60.0), ratio=st.floats(0.1, 0.95), prior=st.floats(0.05, 0.95))
def test_two_way_choices_by_brute_force(on, ratio, prior):
    off = on * ratio
    k = np.arange(250)
    p_on, p_off = poisson.pmf(k, on), poisson.pmf(k, off)
    first, second = np.outer(p_on, p_off), np.outer(p_off, p_on)
    brute = np.sum(np.maximum(prior * first, (1 - prior) * second))
    assert observers.binary_choice(on, off, prior) == pytest.approx(brute, abs=1e-9)
    detected = np.sum(np.maximum(prior * p_on, (1 - prior) * p_off))
    assert observers.detection(on, off, prior) == pytest.approx(detected, abs=1e-9)
    odds, p_first, p_second = observers.two_way_evidence(on, off)
    assert np.allclose(p_first, odds * p_second, rtol=1e-6)
    assert p_first.sum() == pytest.approx(1.0, abs=1e-6)


def test_observers_at_the_limits():
    assert observers.identification(10.0, 10.0, 4) == pytest.approx(0.25)
    assert observers.binary_choice(10.0, 10.0, 0.7) == pytest.approx(0.7)
    assert observers.identification(2000.0, 100.0, 4) == 1.0
    assert observers.mean_count(1.0, 0.5) == pytest.approx(40 * 100 * 0.5)
    assert observers.mean_count(0.0, 0.5, RateCode(2.0, 50.0, 10)) == pytest.approx(10.0)
