"""Check: one claim of a study as a number with the range it must lie in.

Three kinds of claim share one record, so that a reader never has to guess what ``low`` and ``high`` are:

- *band*: ``low`` and ``high`` are the band itself (human data, an acceptance number).
- *above zero*: the 95 % confidence interval must lie above 0. ``value`` is the estimate and ``low``
  is the lower half-width of its interval: ``estimate > estimate - ci_low`` exactly when ``ci_low > 0``.
- *zero within*: the interval must include 0. ``value`` is the estimate; ``low`` and ``high`` are how
  far from 0 an estimate of this precision may lie with its interval still covering 0. That says that
  no effect was seen at this precision, not that there is none.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

__all__ = ["CALIBRATED", "Check", "above_zero", "checks_json", "in_band", "zero_within"]

CALIBRATED = "calibrated, no prediction"
"""How the source of a check starts whose measure was set by calibration."""


@dataclass(frozen=True)
class Check:
    """A claim as a number.

    Parameters
    ----------
    name
        ``<task>.<measure>.<agent>``.
    value
        What came out; NaN (could not be measured) never passes.
    low, high
        Allowed range, ends included; None: no limit on that side.
    unit
        Unit of the three numbers.
    source
        Where the range comes from; starts with `CALIBRATED` where the value was set and not predicted.
    """

    name: str
    value: float
    low: float | None
    high: float | None
    unit: str
    source: str
    passed: bool = field(init=False)

    def __post_init__(self) -> None:
        for side in ("low", "high"):
            limit = getattr(self, side)
            if limit is not None and math.isnan(limit):
                raise ValueError(f"check {self.name!r}: {side} is NaN; give a number, or None for no limit")
        if self.low is None and self.high is None:
            raise ValueError(f"check {self.name!r}: low and high are both None; a claim needs a limit")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"check {self.name!r}: low = {self.low} is above high = {self.high}")
        inside = (
            not math.isnan(self.value)
            and (self.low is None or self.value >= self.low)
            and (self.high is None or self.value <= self.high)
        )
        object.__setattr__(self, "passed", inside)

    @property
    def predicted(self) -> bool:
        """Whether the value is a prediction, and so counts among the checks that passed or failed."""
        return not self.source.startswith(CALIBRATED)

    def record(self) -> dict[str, object]:
        """The check as it stands in checks.json; what is not a finite number becomes null."""
        numbers = {key: _finite(getattr(self, key)) for key in ("value", "low", "high")}
        return {"name": self.name, **numbers, "unit": self.unit, "source": self.source, "passed": self.passed}


def in_band(name: str, value: float, low: float | None, high: float | None, unit: str, source: str) -> Check:
    """The value must lie between `low` and `high`."""
    return Check(name, float(value), low, high, unit, source)


def above_zero(name: str, estimate: float, ci_low: float, unit: str, source: str) -> Check:
    """The interval of `estimate` must lie above 0: value = estimate, low = its lower half-width."""
    if not _known(estimate, ci_low):
        return Check(name, math.nan, 0.0, None, unit, source)
    # the next number up: an interval that ends at 0 exactly does not lie above it
    low = np.nextafter(max(estimate - ci_low, 0.0), np.inf)
    return Check(name, float(estimate), float(low), None, unit, source)


def zero_within(name: str, estimate: float, ci_low: float, ci_high: float, unit: str, source: str) -> Check:
    """The interval of `estimate` must include 0: low and high are its half-widths around 0."""
    if not _known(estimate, ci_low, ci_high):
        return Check(name, math.nan, 0.0, 0.0, unit, source)
    low, high = min(estimate - ci_high, 0.0), max(estimate - ci_low, 0.0)
    return Check(name, float(estimate), float(low), float(high), unit, source)


def checks_json(checks: Iterable[Check]) -> str:
    """Text of checks.json: a list of records, in order."""
    return json.dumps([check.record() for check in checks], indent=2, allow_nan=False) + "\n"


def _known(*values: float) -> bool:
    return all(math.isfinite(value) for value in values)


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
