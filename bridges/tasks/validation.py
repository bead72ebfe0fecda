"""Check of task parameters: every fault in one error, before anything runs."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isfinite
from numbers import Integral, Real
from typing import Any

from bridges.tasks.layout import CUE_DURATION_S, CUE_ONSET_S, CUE_RULE

__all__ = ["ParameterCheck", "is_amount", "is_count"]


class ParameterCheck:
    """Collects the faults of a task's parameters and raises them together.

    Parameters
    ----------
    task
        The task whose attributes are checked.
    """

    def __init__(self, task: Any) -> None:
        self._task = task
        self._faults: list[str] = []
        self._bad: set[str] = set()

    def whole(self, minimum: int, *names: str) -> None:
        """Each parameter is a whole number of at least `minimum`."""
        for name in names:
            value = getattr(self._task, name)
            fits = isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= minimum
            self._require(name, fits, f"a whole number >= {minimum}")

    def duration(self, *names: str, zero: bool = False) -> None:
        """Each parameter is a finite time (s) above 0, or of at least 0 where `zero` is true."""
        for name in names:
            self._require(name, _is_time(getattr(self._task, name), zero), _time_rule(zero))

    def durations(self, *names: str) -> None:
        """Each parameter is a tuple of different finite times (s) above 0."""
        self.distinct(*names, each=lambda value: _is_time(value, False), rule=_time_rule(False))

    def distinct(self, *names: str, each: Callable[[Any], bool], rule: str) -> None:
        """Each parameter is a tuple, not empty, of different values that all satisfy `each`."""
        for name in names:
            value = getattr(self._task, name)
            fits = isinstance(value, tuple) and len(value) > 0 and all(each(v) for v in value)
            fits = fits and len(set(value)) == len(value)
            self._require(name, fits, f"a tuple of different values, each {rule}")

    def share(self, *names: str, zero: bool = True) -> None:
        """Each parameter is a number from 0 to 1, above 0 where `zero` is false: a level or a proportion."""
        rule = "a number from 0 to 1" if zero else "a number above 0 and at most 1"
        for name in names:
            value = getattr(self._task, name)
            fits = isinstance(value, Real) and not isinstance(value, bool) and 0.0 <= float(value) <= 1.0
            self._require(name, fits and (zero or float(value) > 0.0), rule)

    def one_of(self, name: str, *allowed: object) -> None:
        """The parameter is one of the allowed values."""
        self._require(name, getattr(self._task, name) in allowed, f"one of {allowed}")

    def number(self, *names: str, above: float = 0.0) -> None:
        """Each parameter is a finite number above a limit."""
        for name in names:
            value = getattr(self._task, name)
            self._require(name, _is_number(value) and value > above, f"a finite number above {above:g}")

    def lead(self) -> None:
        """``lead_in_s`` leaves time for the instruction cue, ``lead_out_s`` is at least 0."""
        self.duration("lead_in_s")
        self.duration("lead_out_s", zero=True)
        self.conflict(("lead_in_s",), lambda s: s < CUE_ONSET_S + CUE_DURATION_S, CUE_RULE)

    def conflict(self, names: tuple[str, ...], clash: Callable[..., bool], advice: str) -> None:
        """The named parameters, each valid by itself, can be met together.

        Parameters
        ----------
        names
            The parameters concerned; skipped if one of them already has a fault of its own.
        clash
            Called with their values; true if they contradict each other.
        advice
            What holds and what to change.
        """
        if self._bad.intersection(names):
            return
        values = [getattr(self._task, name) for name in names]
        if clash(*values):
            given = " and ".join(f"{name} = {value!r}" for name, value in zip(names, values, strict=True))
            self._faults.append(f"{given}: {advice}")

    def finish(self) -> None:
        """Raise everything that was found.

        Raises
        ------
        ValueError
            If there was any fault; one line for each.
        """
        if self._faults:
            task = type(self._task).__name__
            raise ValueError(f"{task} cannot be made with these parameters:\n  " + "\n  ".join(self._faults))

    def _require(self, name: str, fits: bool, rule: str) -> None:
        if not fits:
            self._bad.add(name)
            self._faults.append(f"{name} = {getattr(self._task, name)!r}, must be {rule}")


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)


def _is_time(value: Any, zero: bool) -> bool:
    return _is_number(value) and (float(value) >= 0 if zero else float(value) > 0)


def _time_rule(zero: bool) -> str:
    return f"a finite time {'>= 0' if zero else '> 0'} s"


def is_count(value: object) -> bool:
    """Whether a value is a whole number of at least 1."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def is_amount(value: object) -> bool:
    """Whether a value is a finite number of at least 0."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < inf
