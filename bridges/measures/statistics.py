"""Uncertainty over participants: percentile bootstrap that resamples people, never trials.

Efron & Tibshirani (1993) An Introduction to the Bootstrap, doi:10.1201/9780429246593.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["Interval", "bootstrap_band", "bootstrap_ci", "effect_size_dz", "paired_difference"]

Statistic = Callable[..., np.ndarray]
Values = Sequence[float] | np.ndarray | pd.Series

CHUNK = 2_000_000


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence interval.

    Parameters
    ----------
    estimate
        The statistic of the sample.
    low, high
        Bounds of the interval; NaN with fewer than two participants.
    n
        Participants that entered.
    n_missing
        Participants left out because their value is missing.
    """

    estimate: float
    low: float
    high: float
    n: int
    n_missing: int = 0

    def __str__(self) -> str:
        return f"{self.estimate:.4g} [{self.low:.4g}, {self.high:.4g}] (n = {self.n})"


def bootstrap_ci(
    values: Values, statistic: Statistic = np.mean, n: int = 10_000, level: float = 0.95, seed: int = 0
) -> Interval:
    """Percentile bootstrap interval of a statistic over participants.

    Parameters
    ----------
    values
        One value a participant, shape (participant,); NaN for missing.
    statistic
        Reduces the last axis when called with ``axis=-1``, as NumPy's reductions do.
    n
        Number of resamples.
    level
        Coverage, between 0 and 1.
    seed
        Seed of the resamples.

    Returns
    -------
    Interval
        In the unit of the statistic.

    Raises
    ------
    ValueError
        If values are not one-dimensional, `n` < 1 or `level` is not between 0 and 1.

    Examples
    --------
    >>> interval = bootstrap_ci([250.0, 260.0, 285.0, float("nan"), 240.0])
    >>> interval.estimate, interval.n, interval.n_missing
    (258.75, 4, 1)
    """
    values = np.asarray(values, dtype=float)
    _check(values, n, level)
    known = values[~np.isnan(values)]
    n_missing = int(values.size - known.size)
    if known.size == 0:
        return Interval(np.nan, np.nan, np.nan, 0, n_missing)
    estimate = float(statistic(known, axis=-1))
    if known.size == 1:
        return Interval(estimate, np.nan, np.nan, 1, n_missing)
    replicates = _replicates(known, statistic, n, seed)
    low, high = np.quantile(replicates, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return Interval(estimate, float(low), float(high), int(known.size), n_missing)


def bootstrap_band(
    values: np.ndarray | pd.DataFrame,
    statistic: Statistic = np.mean,
    n: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Percentile bootstrap interval at each point of a curve.

    Parameters
    ----------
    values
        One curve a participant, shape (participant, point); NaN for missing.
    statistic, n, level, seed
        As for `bootstrap_ci`; the interval of each point stands for itself.

    Returns
    -------
    DataFrame
        One row a point: ``estimate``, ``low``, ``high``, ``n``, ``n_missing``.

    Raises
    ------
    ValueError
        If values are not two-dimensional.
    """
    curves = np.asarray(values, dtype=float)
    if curves.ndim != 2:
        raise ValueError(f"values have shape {curves.shape}; give (participant, point)")
    return pd.DataFrame([vars(bootstrap_ci(point, statistic, n, level, seed)) for point in curves.T])


def paired_difference(
    first: Values,
    second: Values,
    statistic: Statistic = np.mean,
    n: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Percentile bootstrap interval of second minus first within participants.

    Parameters
    ----------
    first, second
        One value a participant in each condition, shape (participant,), same order; a participant
        missing in either is left out.
    statistic, n, level, seed
        As for `bootstrap_ci`.

    Raises
    ------
    ValueError
        If the two do not have the same shape.
    """
    return bootstrap_ci(_differences(first, second), statistic, n, level, seed)


def effect_size_dz(first: Values, second: Values) -> float:
    """Standardised paired difference dz = mean / SD of (second - first) over participants.

    Parameters
    ----------
    first, second
        As for `paired_difference`.

    Returns
    -------
    float
        NaN with fewer than two complete pairs or without any spread.

    References
    ----------
    Lakens (2013), doi:10.3389/fpsyg.2013.00863.
    """
    difference = _differences(first, second)
    difference = difference[~np.isnan(difference)]
    sd = difference.std(ddof=1) if difference.size > 1 else 0.0
    return float(difference.mean() / sd) if sd > 0.0 else float("nan")


def _differences(first: Values, second: Values) -> np.ndarray:
    one, two = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if one.shape != two.shape:
        raise ValueError(f"first has shape {one.shape} but second {two.shape}; give one pair a participant")
    return two - one


def _check(values: np.ndarray, n: int, level: float) -> None:
    faults = []
    if values.ndim != 1:
        faults.append(f"values have shape {values.shape}; give one value a participant")
    if n < 1:
        faults.append(f"n = {n}, must be at least 1 resample")
    if not 0.0 < level < 1.0:
        faults.append(f"level = {level}, must be between 0 and 1")
    if faults:
        raise ValueError("; ".join(faults))


def _replicates(known: np.ndarray, statistic: Statistic, n: int, seed: int) -> np.ndarray:
    """The statistic of each resample, shape (n,), in chunks that fit into memory."""
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    at_once = max(1, CHUNK // known.size)
    parts = []
    for start in range(0, n, at_once):
        rows = rng.integers(0, known.size, size=(min(at_once, n - start), known.size))
        parts.append(np.asarray(statistic(known[rows], axis=-1), dtype=float))
    return np.concatenate(parts)
