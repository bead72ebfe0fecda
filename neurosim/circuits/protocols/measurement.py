"""Measurement: a number with its unit, its 95 % confidence interval, and how many trials it rests on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

__all__ = ["Measurement", "bootstrap_of", "mean_of", "share_of"]

LEVEL = 0.95


@dataclass(frozen=True)
class Measurement:
    """A measured number.

    Parameters
    ----------
    value
        The estimate; NaN where it could not be measured.
    low, high
        95 % confidence interval; NaN where there is none.
    n
        Trials or seeds that it rests on.
    unit
        Unit of the three numbers.
    """

    value: float
    low: float
    high: float
    n: int
    unit: str = ""

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}]{unit} (n = {self.n})"

    @classmethod
    def exact(cls, value: float, unit: str = "") -> Measurement:
        """A number without sampling error: the root of an equation, a deterministic model's output."""
        return cls(float(value), float(value), float(value), 1, unit)


def mean_of(values: ArrayLike, unit: str = "") -> Measurement:
    """Mean over independent trials or seeds, with Student's interval; NaN values are left out.

    Parameters
    ----------
    values
        One value a trial, shape (trial,).
    unit
        Their unit.
    """
    x = np.asarray(values, dtype=float).ravel()
    x = x[~np.isnan(x)]
    if x.size == 0:
        return Measurement(math.nan, math.nan, math.nan, 0, unit)
    mean = float(x.mean())
    if x.size == 1:
        return Measurement(mean, math.nan, math.nan, 1, unit)
    half = float(stats.t.ppf(0.5 + LEVEL / 2, x.size - 1) * x.std(ddof=1) / math.sqrt(x.size))
    return Measurement(mean, mean - half, mean + half, int(x.size), unit)


def share_of(outcomes: ArrayLike) -> Measurement:
    """Share of trials with an outcome, with Wilson's interval.

    Parameters
    ----------
    outcomes
        True or False for each trial, shape (trial,).

    References
    ----------
    Wilson, E. B. (1927). J Am Stat Assoc, 22, 209-212. doi:10.1080/01621459.1927.10502953
    """
    hits = np.asarray(outcomes, dtype=bool).ravel()
    if hits.size == 0:
        return Measurement(math.nan, math.nan, math.nan, 0, "fraction")
    interval = stats.binomtest(int(hits.sum()), hits.size).proportion_ci(LEVEL, method="wilson")
    return Measurement(
        float(hits.mean()), float(interval.low), float(interval.high), int(hits.size), "fraction"
    )


def bootstrap_of(
    statistic: Callable[[np.ndarray], float],
    trials: int,
    unit: str,
    rng: np.random.Generator,
    resamples: int = 400,
) -> Measurement:
    """A statistic of trials with its percentile bootstrap interval.

    Parameters
    ----------
    statistic
        Value for trials given by their numbers, shape (trial,); NaN where it cannot be computed.
    trials
        Number of trials.
    unit
        Unit of the statistic.
    rng
        Source of the resamples.
    resamples
        How many.

    References
    ----------
    Efron, B. & Tibshirani, R. (1993). An Introduction to the Bootstrap. doi:10.1201/9780429246593
    """
    value = float(statistic(np.arange(trials)))
    again = np.array([statistic(rng.integers(0, trials, trials)) for _ in range(resamples)])
    again = again[~np.isnan(again)]
    if again.size < resamples / 2:
        return Measurement(value, math.nan, math.nan, trials, unit)
    low, high = np.quantile(again, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2])
    return Measurement(value, float(low), float(high), trials, unit)
