"""Response times: their distribution, lapses, false starts and what surrounds an error.

Times are seconds, results milliseconds where the name says so. Unless said, only correct go trials
with a response time of at least 0.1 s count: faster presses were begun before the stimulus.
Lapses and false starts as in Basner & Dinges (2011) Sleep 34:581-591, doi:10.1093/sleep/34.5.581;
response times before errors as in Robertson et al. (1997), doi:10.1016/S0028-3932(97)00015-8.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import skew

from bridges.measures.behaviour import is_go
from bridges.session import Responses, Session

__all__ = [
    "FASTEST_S",
    "LAPSE_S",
    "QUANTILES",
    "count_false_starts",
    "count_lapses",
    "describe_times",
    "is_timed",
    "post_error_slowing",
    "pre_error_speeding",
]

FASTEST_S = 0.1
"""Shortest time (s) in which a person can see and press."""

LAPSE_S = 0.5
"""Response time (s) from which a trial counts as a lapse."""

REFRACTORY_S = 1.0
"""A press this soon (s) after a response belongs to it, not to the stimulus to come."""

QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Probabilities at which distributions are compared."""

N_BEFORE_ERROR = 4


def is_timed(scored: pd.DataFrame, fastest_s: float = FASTEST_S) -> np.ndarray:
    """Whether a trial's response time counts: correct go trial, not faster than `fastest_s`.

    Parameters
    ----------
    scored
        Trials with their answers, as `Responses.scored` gives them.
    fastest_s
        Shortest response time that counts (s).

    Returns
    -------
    ndarray
        Booleans, shape (trial,).
    """
    time_s = scored["response_time_s"].to_numpy(dtype=float)
    return is_go(scored) & scored["correct"].to_numpy(dtype=bool) & (time_s >= fastest_s)


def describe_times(times_s: np.ndarray) -> dict[str, float]:
    """Moments, quantiles and speed of a sample of response times.

    Parameters
    ----------
    times_s
        Response times (s), shape (n,).

    Returns
    -------
    dict
        ``rt_mean_ms``, ``rt_median_ms``, ``rt_sd_ms`` (n - 1 in the denominator), ``rt_cv``
        (SD / mean), ``rt_skew`` (adjusted Fisher-Pearson), ``rt_q10_ms`` to ``rt_q90_ms``,
        ``speed_per_s`` (mean of 1 / RT); NaN where there are too few times.
    """
    times_s = np.asarray(times_s, dtype=float)
    n = times_s.size
    mean = times_s.mean() if n else np.nan
    sd = times_s.std(ddof=1) if n > 1 else np.nan
    quantiles = np.quantile(times_s, QUANTILES) if n else np.full(len(QUANTILES), np.nan)
    # times equal to the microsecond have no shape, only rounding error
    shaped = n > 2 and np.ptp(times_s) > 1e-6
    described = {
        "rt_mean_ms": 1e3 * mean,
        "rt_median_ms": 1e3 * np.median(times_s) if n else np.nan,
        "rt_sd_ms": 1e3 * sd,
        "rt_cv": sd / mean,
        "rt_skew": skew(times_s, bias=False) if shaped else np.nan,
        "speed_per_s": (1.0 / times_s).mean() if n else np.nan,
    }
    described |= {f"rt_q{100 * p:.0f}_ms": 1e3 * q for p, q in zip(QUANTILES, quantiles, strict=True)}
    return {name: float(value) for name, value in described.items()}


def count_lapses(scored: pd.DataFrame, lapse_s: float = LAPSE_S) -> int:
    """Number of go trials answered at `lapse_s` or later, or not at all.

    Parameters
    ----------
    scored
        Trials with their answers, as `Responses.scored` gives them.
    lapse_s
        Response time from which a trial is a lapse (s).
    """
    time_s = scored["response_time_s"].to_numpy(dtype=float)
    return int((is_go(scored) & ~(time_s < lapse_s)).sum())


def count_false_starts(session: Session, responses: Responses, fastest_s: float = FASTEST_S) -> int:
    """Number of presses that were begun before the stimulus they belong to.

    These are presses sooner than `fastest_s` after a trial's onset, and stray presses; of those,
    not the ones within 1 s after a response, which are bounces and double presses.

    Parameters
    ----------
    session
        The session that was performed.
    responses
        What the participant did.
    fastest_s
        Shortest response time that counts as an answer (s).
    """
    answered = responses.scored(session).dropna(subset="response_time_s")
    rt_s = answered["response_time_s"].to_numpy(dtype=float)
    too_fast = int((rt_s < fastest_s).sum())

    press_s = np.sort(answered["onset_s"].to_numpy(dtype=float) + rt_s)
    stray_s = responses.stray["time_s"].to_numpy(dtype=float)
    before = np.searchsorted(press_s, stray_s, side="right") - 1
    last_s = np.append(press_s, -np.inf)[before]
    return too_fast + int((stray_s - last_s > REFRACTORY_S).sum())


def pre_error_speeding(scored: pd.DataFrame) -> float:
    """Mean response time before correct rejections minus that before commissions (ms).

    Before each no-go trial, the mean of up to four response times of the go trials that directly
    precede it, none from before an earlier no-go trial; then the mean over no-go trials of a kind.
    Both kinds stand before the same stimulus, so the difference is no matter of trial order.

    Parameters
    ----------
    scored
        Trials with their answers, as `Responses.scored` gives them, in order.

    Returns
    -------
    float
        Positive: faster before errors. NaN without a commission or a correct rejection.
    """
    time_s = np.where(is_timed(scored), scored["response_time_s"].to_numpy(dtype=float), np.nan)
    go = is_go(scored)
    rows = np.flatnonzero(~go)
    starts = np.maximum(np.append(-1, rows[:-1])[: rows.size] + 1, rows - N_BEFORE_ERROR)
    before = np.array([_mean(time_s[start:row]) for start, row in zip(starts, rows, strict=True)])
    failed = scored["response"].notna().to_numpy()[rows]
    return 1e3 * (_mean(before[~failed]) - _mean(before[failed]))


def post_error_slowing(scored: pd.DataFrame) -> float:
    """Mean response time right after commissions minus that right after correct rejections (ms).

    Parameters
    ----------
    scored
        Trials with their answers, as `Responses.scored` gives them, in order.

    Returns
    -------
    float
        Positive: slower after errors. NaN without a go trial after both kinds.
    """
    time_s = np.where(is_timed(scored), scored["response_time_s"].to_numpy(dtype=float), np.nan)
    go = is_go(scored)
    rows = np.flatnonzero(~go[:-1] & go[1:])
    failed = scored["response"].notna().to_numpy()[rows]
    return 1e3 * (_mean(time_s[rows[failed] + 1]) - _mean(time_s[rows[~failed] + 1]))


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
