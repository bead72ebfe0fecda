"""How long activity remembers itself: autocorrelation timescale and branching parameter.

- **Intrinsic timescale** (Murray et al. 2014, doi:10.1038/nn.3862): correlation over trials between the
  counts of two bins, averaged over pairs of bins of equal lag, fitted by A (exp(-lag / tau) + B).
  Short trials make such a fit too short (Zeraati, Engel & Levina 2022, doi:10.1038/s43588-022-00214-3), so
  every estimate comes with a check: a process of that timescale, at the same rate, bins, trials and
  length, is simulated and estimated in the same way.
- **Multistep regression** (Wilting & Priesemann 2018, doi:10.1038/s41467-018-04725-4): the slopes r_k of
  activity against activity k steps earlier fall as A m^k; m is the branching parameter of a branching
  process, however few of its units are seen, and tau = -dt / ln m.

The same functions read spike counts of circuits and unit activations of networks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import curve_fit

__all__ = [
    "Branching",
    "IntrinsicTimescale",
    "autocorrelation",
    "fit_decay",
    "intrinsic_timescale",
    "multistep_regression",
]

ACCEPTED_BIAS = 0.15
"""A timescale counts as recovered if the check finds it within this share."""


@dataclass(frozen=True)
class IntrinsicTimescale:
    """A timescale and what the same estimate makes of a process that has it.

    Parameters
    ----------
    tau_s
        Fitted timescale (s).
    amplitude, offset
        A and A B of the fit.
    recovery
        Median estimate over simulated data sets of timescale `tau_s`, divided by `tau_s`; NaN if none fits.
    recovery_low, recovery_high
        Its 2.5 and 97.5 percentiles: how much the estimate scatters for data of this size.
    """

    tau_s: float
    amplitude: float
    offset: float
    recovery: float
    recovery_low: float
    recovery_high: float

    @property
    def unbiased(self) -> bool:
        """Whether the check recovers the timescale within 15 %."""
        return bool(abs(self.recovery - 1.0) <= ACCEPTED_BIAS)


@dataclass(frozen=True)
class Branching:
    """Result of multistep regression.

    Parameters
    ----------
    m
        Branching parameter: mean number of spikes that a spike causes one step later.
    tau_s
        -dt / ln m (s).
    slopes
        r_k for k = 1, 2, ..., shape (lag,).
    """

    m: float
    tau_s: float
    slopes: np.ndarray


def autocorrelation(counts: np.ndarray, n_lags: int) -> np.ndarray:
    """Correlation over trials between bins, averaged over pairs of equal lag.

    Parameters
    ----------
    counts
        Shape (trial, bin).
    n_lags
        Lags 1 to `n_lags` (bins).

    Returns
    -------
    ndarray
        Shape (lag,); NaN where no pair of bins varies.

    Raises
    ------
    ValueError
        If there are fewer than three trials, or not more bins than lags.
    """
    table = np.asarray(counts, dtype=float)
    if table.ndim != 2 or len(table) < 3 or not 1 <= n_lags < table.shape[1]:
        raise ValueError(
            f"counts has shape {table.shape} and n_lags = {n_lags}; give (trial, bin) with at least 3 trials "
            "and more bins than lags"
        )
    spread = table.std(axis=0)
    z = (table - table.mean(axis=0)) / np.where(spread > 0, spread, np.nan)
    correlation = z.T @ z / len(z)
    return np.array([_mean(np.diagonal(correlation, lag)) for lag in range(1, n_lags + 1)])


def fit_decay(lags_s: np.ndarray, correlation: np.ndarray) -> tuple[float, float, float]:
    """Fit A exp(-lag / tau) + C; returns tau (s), A, C. All NaN if no decay can be fitted.

    Parameters
    ----------
    lags_s
        Shape (lag,), rising (s).
    correlation
        Shape (lag,).
    """
    lags, y = np.asarray(lags_s, dtype=float), np.asarray(correlation, dtype=float)
    known = np.isfinite(y)
    if known.sum() < 4:
        return np.nan, np.nan, np.nan
    lags, y = lags[known], y[known]
    span, height = lags[-1] - lags[0], max(np.ptp(y), 1e-12)
    best: tuple[float, tuple[float, float, float]] | None = None
    # the sum of squares has local minima in tau: start from several
    for guess in lags[0] + span * np.array([0.05, 0.2, 0.6]):
        try:
            found, _ = curve_fit(
                _decay, lags, y, p0=(guess, height, y[-1]), maxfev=2000,
                bounds=((1e-6, 0.0, -1.0), (100.0 * span, 10.0, 1.0)),
            )  # fmt: skip
        except RuntimeError:
            continue
        error = float(np.sum((_decay(lags, *found) - y) ** 2))
        if best is None or error < best[0]:
            best = (error, (float(found[0]), float(found[1]), float(found[2])))
    return best[1] if best else (np.nan, np.nan, np.nan)


def intrinsic_timescale(
    counts: np.ndarray, bin_s: float, n_lags: int, rng: np.random.Generator, n_checks: int = 20
) -> IntrinsicTimescale:
    """Timescale of the autocorrelation of counts, with the check of its bias.

    Parameters
    ----------
    counts
        Counts (or activity) of one neuron or population, shape (trial, bin).
    bin_s
        Length of a bin (s).
    n_lags
        Lags fitted (bins).
    rng
        For the simulated data sets of the check.
    n_checks
        How many are simulated.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> counts = rng.poisson(np.exp(0.5 * ornstein_uhlenbeck(0.1, 0.02, (400, 100), rng)) * 3)
    >>> bool(0.07 < intrinsic_timescale(counts, 0.02, 25, rng, n_checks=3).tau_s < 0.13)
    True
    """
    table = np.asarray(counts, dtype=float)
    lags = bin_s * np.arange(1, n_lags + 1)
    tau, amplitude, offset = fit_decay(lags, autocorrelation(table, n_lags))
    checks = np.array([_estimate_again(table, tau, amplitude, bin_s, lags, rng) for _ in range(n_checks)])
    ratio = checks[np.isfinite(checks)] / tau
    low, middle, high = np.percentile(ratio, [2.5, 50, 97.5]) if ratio.size else (np.nan,) * 3
    return IntrinsicTimescale(tau, amplitude, offset, float(middle), float(low), float(high))


def ornstein_uhlenbeck(
    tau_s: float, dt_s: float, shape: tuple[int, int], rng: np.random.Generator
) -> np.ndarray:
    """Stationary Ornstein-Uhlenbeck processes of unit variance, shape (trial, step); exact at any step."""
    from scipy.signal import lfilter

    keep = np.exp(-dt_s / tau_s)
    noise = rng.normal(size=shape)
    noise[:, 1:] *= np.sqrt(1.0 - keep**2)
    return lfilter([1.0], [1.0, -keep], noise, axis=1)


def multistep_regression(activity: np.ndarray, dt_s: float, n_lags: int) -> Branching:
    """Branching parameter from the slopes of activity on its own past.

    Parameters
    ----------
    activity
        Number of active units in each step, shape (step,) or (trial, step); a sample of the units will do.
    dt_s
        Length of a step (s).
    n_lags
        Largest lag (steps); some four times the timescale is a good choice.

    Raises
    ------
    ValueError
        If there are not more than `n_lags` steps, or activity does not vary.
    """
    table = np.atleast_2d(np.asarray(activity, dtype=float))
    if table.shape[1] <= n_lags + 1:
        raise ValueError(
            f"activity has {table.shape[1]} steps; more than n_lags + 1 = {n_lags + 1} are needed"
        )
    deviation = table - table.mean()
    if not deviation.any():
        raise ValueError("activity does not vary; a branching parameter cannot be estimated")
    slopes = np.array(
        [
            np.mean(deviation[:, k:] * deviation[:, :-k]) / np.mean(deviation[:, :-k] ** 2)
            for k in range(1, n_lags + 1)
        ]
    )
    steps = np.arange(1, n_lags + 1)
    (m, _), _ = curve_fit(
        lambda k, m, a: a * m**k,
        steps,
        slopes,
        p0=(0.9, max(slopes[0], 1e-3)),
        bounds=((0, 0), (1.0 - 1e-9, 10)),
    )
    return Branching(float(m), float(-dt_s / np.log(m)) if m > 0 else 0.0, slopes)


def _estimate_again(table, tau_s: float, amplitude: float, bin_s: float, lags_s, rng) -> float:
    """The estimate for a doubly stochastic Poisson process of this rate and timescale."""
    mean, variance = float(table.mean()), float(table.var())
    if not (np.isfinite(tau_s) and mean > 0 and variance > 0):
        return np.nan
    rate_sd = np.sqrt(min(amplitude, 1.0) * variance)
    rate = mean + rate_sd * ornstein_uhlenbeck(tau_s, bin_s, table.shape, rng)
    again = rng.poisson(np.maximum(rate, 0.0))
    return fit_decay(lags_s, autocorrelation(again, len(lags_s)))[0]


def _decay(lag, tau, amplitude, offset):
    return amplitude * np.exp(-lag / tau) + offset


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else np.nan
