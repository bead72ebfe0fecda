"""What the effects of all tasks share: a family of measures, times of correct trials, points of a curve.

A family turns the scored trials of one session into scalars (one number a participant) and into curves (one
row a point: the name of what is plotted, the series it belongs to, its place on the x-axis and its value).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from bridges.measures.catalogue import Measure
from bridges.measures.response_time import is_timed
from bridges.session import Session

__all__ = [
    "CURVE_COLUMNS",
    "Family",
    "components",
    "curve",
    "line",
    "mean",
    "mean_time_ms",
    "slope",
    "times_ms",
]

CURVE_COLUMNS = ("measure", "series", "x", "value")

Scalars = Callable[[pd.DataFrame, Session], Mapping[str, float]]
Curves = Callable[[pd.DataFrame, Session], pd.DataFrame]


@dataclass(frozen=True)
class Family:
    """The effects of one task.

    Parameters
    ----------
    scalars
        Scored trials and their session -> value of every measure in `catalogue`.
    curves
        The same -> table with `CURVE_COLUMNS`.
    catalogue
        Names, labels and units of scalars and of what curves plot.
    """

    scalars: Scalars
    curves: Curves
    catalogue: tuple[Measure, ...]

    @classmethod
    def of_trials(
        cls,
        scalars: Callable[[pd.DataFrame], Mapping[str, float]],
        curves: Callable[[pd.DataFrame], pd.DataFrame],
        catalogue: tuple[Measure, ...],
    ) -> Family:
        """A family for which the scored trials say everything."""
        return cls(lambda scored, session: scalars(scored), lambda scored, session: curves(scored), catalogue)


def times_ms(scored: pd.DataFrame) -> np.ndarray:
    """Response times (ms) of the correct trials, without those begun before the stimulus."""
    return 1e3 * scored["response_time_s"].to_numpy(dtype=float)[is_timed(scored)]


def mean_time_ms(scored: pd.DataFrame) -> float:
    """Mean response time of the correct trials (ms); NaN without any."""
    return mean(times_ms(scored))


def mean(values: ArrayLike) -> float:
    """Mean of what is there; NaN where nothing is."""
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    return float(known.mean()) if known.size else float("nan")


def slope(x: ArrayLike, y: ArrayLike) -> float:
    """Least-squares slope of y on x; NaN with fewer than two different x that have a value."""
    return line(x, y)[0]


def line(x: ArrayLike, y: ArrayLike) -> tuple[float, float]:
    """Slope and intercept by least squares; NaN with fewer than two different x that have a value."""
    at, values = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    known = np.isfinite(at) & np.isfinite(values)
    at, values = at[known], values[known]
    if np.unique(at).size < 2:
        return float("nan"), float("nan")
    centred = at - at.mean()
    rise = float(centred @ values / (centred @ centred))
    return rise, float(values.mean() - rise * at.mean())


def curve(measure: str, values: Mapping[Any, float], series: str = "") -> pd.DataFrame:
    """Points of one series of one curve, from x -> value."""
    return pd.DataFrame(
        {
            "measure": measure,
            "series": series,
            "x": np.array(list(values), dtype=float),
            "value": np.array(list(values.values()), dtype=float),
        }
    )


def components(scored: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of the first and of the second component, each indexed by trial."""
    first, second = (scored[scored["component"] == name].set_index("trial") for name in ("T1", "T2"))
    return first, second
