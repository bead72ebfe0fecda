"""Forecasts of the next response time and the next lapse from the trials before: series, baselines, scores.

Response times are forecast on a log scale. All forecasters know the same: the response times given so far and
when. Each adds to the running mean of the person, which is the forecast to beat:

- running mean of all responses so far (person's level, nothing about the course);
- moving average of the last k, k chosen on the training participants;
- autoregression on the last p deviations from the running mean, by least squares on them.

Skill is 1 - MSE / MSE of the running mean, over people who were never trained on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bridges.session import Responses, Session

__all__ = [
    "BURN_IN",
    "Forecast",
    "Series",
    "auc",
    "autoregression",
    "features",
    "folds",
    "moving_average",
    "running_mean",
    "series_of",
    "skill",
]

BURN_IN = 5
"""Responses of a person before the first forecast."""

FALSE_START_S = 0.1
WINDOWS = (1, 2, 3, 5, 10, 20)
ORDER = 5


@dataclass(frozen=True, eq=False)
class Series:
    """Response times of one person in order.

    Parameters
    ----------
    participant
        Who; sessions of one person are never split between training and test.
    log_rt
        Natural logarithm of the response times (s), shape (response,).
    onset_s
        When the stimuli came (s from the start of the session), the shape of `log_rt`.
    """

    participant: str
    log_rt: np.ndarray
    onset_s: np.ndarray

    def lapses(self, threshold_s: float) -> np.ndarray:
        """Which responses took at least `threshold_s`; shape (response,)."""
        return self.log_rt >= np.log(threshold_s)


@dataclass(frozen=True, eq=False)
class Forecast:
    """Forecasts of one series from response `BURN_IN` on.

    Parameters
    ----------
    log_rt
        Forecast of each log response time, shape (response - BURN_IN,).
    lapse
        How likely a lapse is, on any rising scale; the same shape.
    """

    log_rt: np.ndarray
    lapse: np.ndarray


Forecaster = Callable[[Series], Forecast]


def series_of(session: Session, responses: Responses, participant: str) -> Series | None:
    """The answered trials of a session in order, false starts (under 0.1 s) left out; None if too few."""
    scored = responses.scored(session)
    rt = scored["response_time_s"].to_numpy(dtype=float)
    given = np.isfinite(rt) & (rt >= FALSE_START_S)
    if given.sum() <= 2 * BURN_IN:
        return None
    onset = scored["onset_s"].to_numpy(dtype=float)
    return Series(participant, np.log(rt[given]), onset[given])


def running_mean(series: Series) -> np.ndarray:
    """Mean of all responses before each, from response `BURN_IN` on."""
    n = np.arange(1, series.log_rt.size + 1)
    return (np.cumsum(series.log_rt) / n)[BURN_IN - 1 : -1]


def features(series: Series) -> np.ndarray:
    """What a network is told before each response from `BURN_IN` on, shape (response - BURN_IN, 4).

    The last response's deviation from the running mean, the running mean before the forecast (against 0.3 s),
    minutes since the start, and seconds between the last two stimuli (tens of seconds); nothing of the
    response to be forecast or its trial.
    """
    level = running_mean(series)
    last = series.log_rt[BURN_IN - 1 : -1] - level
    minutes = series.onset_s[BURN_IN - 1 : -1] / 60.0
    gap = np.diff(series.onset_s)[BURN_IN - 2 : -1] / 10.0
    return np.stack([last, level - np.log(0.3), minutes / 10.0, gap], axis=1)


def moving_average(train: Sequence[Series]) -> Forecaster:
    """Mean of the last k responses; k is the best of 1, 2, 3, 5, 10, 20 on the training series."""

    def forecast(series: Series, k: int) -> np.ndarray:
        total = np.concatenate([[0.0], np.cumsum(series.log_rt)])
        stop = np.arange(BURN_IN, series.log_rt.size)
        start = np.maximum(stop - k, 0)
        return (total[stop] - total[start]) / (stop - start)

    def error(k: int) -> float:
        return float(np.mean(np.concatenate([(forecast(s, k) - s.log_rt[BURN_IN:]) ** 2 for s in train])))

    best = min(WINDOWS, key=error)
    return lambda series: _ranked(forecast(series, best))


def autoregression(train: Sequence[Series]) -> Forecaster:
    """Running mean plus a weighted sum of the last 5 deviations from it, and a constant."""

    def design(series: Series) -> np.ndarray:
        level = running_mean(series)
        back = [
            series.log_rt[BURN_IN - lag : series.log_rt.size - lag] - level for lag in range(1, ORDER + 1)
        ]
        return np.stack([*back, np.ones(level.size)], axis=1)

    x = np.concatenate([design(s) for s in train])
    y = np.concatenate([s.log_rt[BURN_IN:] - running_mean(s) for s in train])
    weights = np.linalg.lstsq(x, y, rcond=None)[0]
    return lambda series: _ranked(running_mean(series) + design(series) @ weights)


def folds(
    series: Sequence[Series], n: int, rng: np.random.Generator
) -> Iterator[tuple[list[int], list[int]]]:
    """Numbers of training and test series; all series of a person are on one side.

    Raises
    ------
    ValueError
        If there are fewer people than folds.
    """
    people = sorted({s.participant for s in series})
    if len(people) < n:
        raise ValueError(f"{len(people)} participants cannot make {n} folds; use fewer folds")
    part = dict(zip(rng.permutation(people).tolist(), np.arange(len(people)) % n, strict=True))
    for k in range(n):
        inside = [part[s.participant] == k for s in series]
        yield [i for i, test in enumerate(inside) if not test], [i for i, test in enumerate(inside) if test]


def skill(series: Sequence[Series], forecasts: Sequence[Forecast]) -> float:
    """1 - MSE / MSE of the running mean, over all forecasts of these series; 0 is no better than it."""
    error = sum(np.sum((f.log_rt - s.log_rt[BURN_IN:]) ** 2) for s, f in zip(series, forecasts, strict=True))
    reference = sum(np.sum((running_mean(s) - s.log_rt[BURN_IN:]) ** 2) for s in series)
    return float(1.0 - error / reference)


def auc(score: np.ndarray, happened: np.ndarray) -> float:
    """Area under the ROC curve: how often a case that happened was scored above one that did not.

    NaN if all or none happened. Ties count half (Mann & Whitney 1947, doi:10.1214/aoms/1177730491).
    """
    from scipy.stats import rankdata

    positive = np.asarray(happened, dtype=bool)
    n, m = int(positive.sum()), int((~positive).sum())
    if not n or not m:
        return float("nan")
    return float((rankdata(score)[positive].sum() - n * (n + 1) / 2) / (n * m))


def _ranked(log_rt: np.ndarray) -> Forecast:
    # a forecaster of response times expects a lapse where it expects a slow response
    return Forecast(log_rt, log_rt)
