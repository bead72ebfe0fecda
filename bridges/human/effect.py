"""Effect and Band: one published human number, and one interval that a model's number must fall into.

The confidence interval of a group mean from its between-subject standard deviation is

    mean +- t_{n-1, (1 + level) / 2} * sd / sqrt(n)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.stats import t as student_t

__all__ = ["Band", "Effect", "confidence_interval"]

MARKS = ("D", "V", "U")


@dataclass(frozen=True)
class Effect:
    """One human reference value: the mean over people of one measure of one task.

    Parameters
    ----------
    task
        Short name of the task, e.g. ``"pvt"``.
    measure
        Name of the measure as `bridges.measures` writes it, e.g. ``"rt_mean_ms"``.
    value
        Mean over people, in `unit`.
    low, high
        95 % confidence interval of that mean as published; for a mark ``"U"`` the range as
        remembered; None where neither is known.
    spread_sd
        Standard deviation between people, in `unit`; None where it is not known.
    n
        Number of people; None where it is not known.
    unit
        ``"fraction"``, ``"pp"`` (percentage points), ``"ms"``, ``"ms/s"``, ``"1/s"``, ``"z"``, ...
    source
        Who measured it.
    doi_or_dataset
        DOI, or the accession number of the open data set that it was computed from.
    mark
        ``"D"`` computed from open trial or subject data, ``"V"`` read in a document,
        ``"U"`` unverified, from memory of the literature.
    condition
        Which people or which condition, empty for the task's own baseline.

    Raises
    ------
    ValueError
        If the mark is unknown, or the interval does not contain the value.
    """

    task: str
    measure: str
    value: float
    low: float | None
    high: float | None
    spread_sd: float | None
    n: int | None
    unit: str
    source: str
    doi_or_dataset: str
    mark: str
    condition: str = ""

    def __post_init__(self) -> None:
        where = f"effect {self.task}/{self.measure}"
        if self.mark not in MARKS:
            raise ValueError(f"{where}: mark = {self.mark!r}, must be one of {MARKS}")
        if (self.low is None) != (self.high is None):
            raise ValueError(f"{where}: low = {self.low} and high = {self.high}; give both or neither")
        if self.low is not None and self.high is not None and not self.low <= self.value <= self.high:
            raise ValueError(
                f"{where}: value {self.value} lies outside its interval {self.low} to {self.high}"
            )

    @property
    def verified(self) -> bool:
        """Whether the number was computed or read, not remembered; only then may a test rest on it."""
        return self.mark != "U"

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % confidence interval of the mean: the published one, else from SD and N, else None."""
        if self.low is not None and self.high is not None:
            return self.low, self.high
        if self.spread_sd is not None and self.n is not None and self.n > 1:
            return confidence_interval(self.value, self.spread_sd, self.n)
        return None

    def z(self, value: float) -> float:
        """Where a model's mean lies among people, in between-subject standard deviations.

        z = (value - mean) / sd

        Raises
        ------
        ValueError
            If the spread between people is not known.
        """
        if self.spread_sd is None or not self.spread_sd > 0:
            raise ValueError(
                f"spread of {self.task}/{self.measure} between people is not known; use `interval` or a band"
            )
        return (value - self.value) / self.spread_sd


@dataclass(frozen=True)
class Band:
    """An acceptance interval for the group mean of one measure.

    Parameters
    ----------
    task, measure
        As in `Effect`.
    low, high
        Ends of the interval, in `unit`, both included.
    unit
        As in `Effect`.
    statement
        What must hold qualitatively, in words.
    source
        Data that the interval was judged from.
    verified
        False where it rests on unverified numbers: shown, but no test may rest on it.
    """

    task: str
    measure: str
    low: float
    high: float
    unit: str
    statement: str
    source: str
    verified: bool = True

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"band {self.task}/{self.measure}: low {self.low} is above high {self.high}")

    def contains(self, value: float) -> bool:
        """Whether a value lies in the band, ends included; a missing value never does."""
        return self.low <= value <= self.high


def confidence_interval(mean: float, sd: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """Confidence interval of a group mean from the standard deviation between people.

    mean +- t_{n-1, (1 + level) / 2} * sd / sqrt(n)

    Parameters
    ----------
    mean, sd
        Mean and standard deviation between people, same unit.
    n
        Number of people, at least 2.
    level
        Coverage, between 0 and 1.

    Returns
    -------
    tuple
        Lower and upper end, in the unit of the mean.

    Raises
    ------
    ValueError
        If `n` is below 2, `sd` is negative or `level` is outside (0, 1).

    References
    ----------
    Student (1908) Biometrika 6:1. doi:10.1093/biomet/6.1.1
    """
    if n < 2:
        raise ValueError(f"n = {n}, must be at least 2: one person has no spread")
    if not sd >= 0:
        raise ValueError(f"sd = {sd}, must be >= 0")
    if not 0 < level < 1:
        raise ValueError(f"level = {level}, must lie between 0 and 1, e.g. 0.95")
    half = float(student_t.ppf((1 + level) / 2, n - 1)) * sd / math.sqrt(n)
    return mean - half, mean + half
