"""Change over time on task: slopes by least squares, and the last third against the first.

Slope of y on time t:  b = sum (t - mean t)(y - mean y) / sum (t - mean t)^2
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from bridges.measures.behaviour import count_outcomes, is_go
from bridges.measures.response_time import is_timed

__all__ = ["change_between_thirds", "slope_per_min", "slopes"]


def slope_per_min(time_s: ArrayLike, values: ArrayLike) -> float:
    """Ordinary least-squares slope of values on time, per minute.

    Parameters
    ----------
    time_s
        Times (s), shape (n,): onsets of trials, or mean times of blocks.
    values
        Values at these times, shape (n,); missing ones are left out. Any trial's value (0 or 1
        makes a linear probability) or block measure will do.

    Returns
    -------
    float
        Unit of the values per minute; NaN with fewer than two distinct times.
    """
    time_min = np.asarray(time_s, dtype=float) / 60.0
    y = np.asarray(values, dtype=float)
    known = np.isfinite(time_min) & np.isfinite(y)
    if not known.any():
        return float("nan")
    t = time_min[known] - time_min[known].mean()
    spread = float(t @ t)
    return float(t @ y[known] / spread) if spread > 0.0 else float("nan")


def slopes(scored: pd.DataFrame) -> dict[str, float]:
    """Slopes over time on task, each from single trials.

    Parameters
    ----------
    scored
        Trials with their answers, as `Responses.scored` gives them.

    Returns
    -------
    dict
        ``rt_slope_ms_per_min`` (correct go trials), ``commission_slope_pp_per_min`` (no-go trials)
        and ``omission_slope_pp_per_min`` (go trials).
    """
    onset_s = scored["onset_s"].to_numpy(dtype=float)
    rt_ms = 1e3 * scored["response_time_s"].to_numpy(dtype=float)
    answered_pp = 100.0 * scored["response"].notna().to_numpy(dtype=float)
    go, timed = is_go(scored), is_timed(scored)
    return {
        "rt_slope_ms_per_min": slope_per_min(onset_s[timed], rt_ms[timed]),
        "commission_slope_pp_per_min": slope_per_min(onset_s[~go], answered_pp[~go]),
        "omission_slope_pp_per_min": slope_per_min(onset_s[go], 100.0 - answered_pp[go]),
    }


def change_between_thirds(scored: pd.DataFrame) -> dict[str, float]:
    """Measures in the last third of the trials minus those in the first third.

    Parameters
    ----------
    scored
        Trials with their answers, as `Responses.scored` gives them, in order.

    Returns
    -------
    dict
        ``rt_change_ms``, ``commission_change_pp``, ``omission_change_pp``, ``d_prime_change`` and
        ``criterion_change``; NaN where a third has no trial of the kind.
    """
    third = np.arange(len(scored)) * 3 // max(len(scored), 1)
    first, last = scored[third == 0], scored[third == 2]
    early, late = count_outcomes(first), count_outcomes(last)
    return {
        "rt_change_ms": _mean_time_ms(last) - _mean_time_ms(first),
        "commission_change_pp": 100.0 * (late.commission_rate - early.commission_rate),
        "omission_change_pp": 100.0 * (late.omission_rate - early.omission_rate),
        "d_prime_change": late.d_prime - early.d_prime,
        "criterion_change": late.criterion - early.criterion,
    }


def _mean_time_ms(scored: pd.DataFrame) -> float:
    times_s = scored["response_time_s"].to_numpy(dtype=float)[is_timed(scored)]
    return 1e3 * float(times_s.mean()) if times_s.size else float("nan")
