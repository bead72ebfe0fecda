"""Checks of the tables of one session, or of many in a row: every fault, with its row.

Everything is compared column by column; text is made only for rows that are wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

__all__ = [
    "EVENT_COLUMNS",
    "FIRST",
    "NO_RESPONSE",
    "SECOND",
    "TRIAL_COLUMNS",
    "ComponentColumns",
    "RowFaults",
    "RuleLike",
    "Vocabulary",
    "missing_columns",
    "table_faults",
    "vocabulary_faults",
]

NO_RESPONSE = "none"
"""The `correct_response` of a trial on which the participant should withhold."""

EVENT_COLUMNS = ("onset_s", "duration_s", "channel", "level", "trial")
TRIAL_COLUMNS = ("trial", "onset_s", "block", "correct_response", "window_start_s", "window_stop_s")

ROUNDING_S = 1e-9


@dataclass(frozen=True)
class ComponentColumns:
    """The columns of the trials that belong to one of the two responses of a trial."""

    name: str
    onset: str
    correct: str
    start: str
    stop: str


FIRST = ComponentColumns("T1", "onset_s", "correct_response", "window_start_s", "window_stop_s")
SECOND = ComponentColumns("T2", "onset_t2_s", "correct_response_t2", "window_start_t2_s", "window_stop_t2_s")


class RuleLike(Protocol):
    """What the checks need to know of a `bridges.session.Rule`."""

    @property
    def stimulus(self) -> str: ...  # noqa: D102
    @property
    def response(self) -> str: ...  # noqa: D102
    @property
    def goal(self) -> str | None: ...  # noqa: D102
    @property
    def weight(self) -> float: ...  # noqa: D102


@dataclass(frozen=True)
class Vocabulary:
    """The names that the tables of a session may use."""

    channels: tuple[str, ...]
    responses: tuple[str, ...]
    second: tuple[str, ...] = ()
    rules: tuple[RuleLike, ...] = ()

    @property
    def first(self) -> tuple[str, ...]:
        """Responses that answer the first component."""
        return tuple(name for name in self.responses if name not in self.second)


def vocabulary_faults(words: Vocabulary) -> list[str]:
    """Names that are there twice, or that rules and `second` use without their being declared."""
    faults = [
        f"{what} = {names}: each name can be there only once"
        for what, names in (("channels", words.channels), ("responses", words.responses))
        if len(set(names)) < len(names)
    ]
    unknown = [name for name in words.second if name not in words.responses]
    if unknown:
        faults.append(f"second = {words.second}: {unknown} are not among the responses {words.responses}")
    elif words.second and not words.first:
        faults.append(f"second = {words.second}: no response is left for the first component")
    allowed = (*words.responses, NO_RESPONSE)
    for row, rule in enumerate(words.rules):
        where = f"rules row {row}:"
        if rule.stimulus not in words.channels:
            faults.append(f"{where} stimulus = {rule.stimulus!r}, must be one of {words.channels}")
        if rule.response not in allowed:
            faults.append(f"{where} response = {rule.response!r}, must be one of {allowed}")
        if rule.goal is not None and rule.goal not in words.channels:
            faults.append(f"{where} goal = {rule.goal!r}, must be one of {words.channels}, or None")
        if not 0.0 < rule.weight <= 1.0:
            faults.append(f"{where} weight = {rule.weight!r}, must be above 0 and at most 1")
    return faults


def missing_columns(name: str, table: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """One fault that lists the columns which a table lacks."""
    absent = [column for column in columns if column not in table.columns]
    return [f"{name}: columns {absent} are missing; it has {list(table.columns)}"] if absent else []


def table_faults(
    events: pd.DataFrame,
    trials: pd.DataFrame,
    words: Vocabulary,
    duration_s: float | np.ndarray,
    event_session: np.ndarray | None = None,
    trial_session: np.ndarray | None = None,
) -> list[str]:
    """Every fault of the tables of one session, or of many sessions in a row.

    Parameters
    ----------
    events, trials
        The tables; see `bridges.session.Session`.
    words
        Names that they may use.
    duration_s
        Length of the session, or of each (s).
    event_session, trial_session
        Number of the session of each row (0, 1, ...), rising; None for one session.

    Returns
    -------
    list of str
        One text a fault; empty for valid tables.
    """
    parts = (FIRST, SECOND) if words.second else (FIRST,)
    columns = [*TRIAL_COLUMNS, *(_columns(SECOND) if words.second else ())]
    faults = missing_columns("events", events, EVENT_COLUMNS) + missing_columns("trials", trials, columns)
    if faults:
        return faults
    numeric = [name for part in parts for name in (part.onset, part.start, part.stop)]
    length = np.atleast_1d(np.asarray(duration_s, dtype=float))
    shown, run = RowFaults("events", events, event_session), RowFaults("trials", trials, trial_session)
    event_faults = _not_numbers(shown, ("onset_s", "duration_s", "level"))
    trial_faults = _not_numbers(run, numeric)
    if not event_faults:
        event_faults = _event_faults(shown, run, words, length[shown.session])
    if not trial_faults:
        trial_faults = run.bad(_repeated(run), "trial", "unique")
        for part in parts:
            trial_faults += _component_faults(run, part, words, length[run.session])
        if words.second:
            nothing = run.absent(FIRST) & run.absent(SECOND)
            trial_faults += run.bad(nothing, "window_start_s", "given for one component at least")
    return event_faults + trial_faults


class RowFaults:
    """A table whose bad rows can be told one by one; messages are only made where there are any.

    Parameters
    ----------
    name
        What the messages call the table.
    table
        The table.
    session
        Number of the session of each row, rising; None for one session.
    """

    def __init__(self, name: str, table: pd.DataFrame, session: np.ndarray | None = None) -> None:
        self.name, self.table = name, table
        self.many = session is not None
        self.session = np.zeros(len(table), dtype=np.intp) if session is None else session

    def numbers(self, column: str) -> np.ndarray:
        """A column as numbers."""
        return self.table[column].to_numpy(dtype=float)

    def among(self, column: str, allowed: Sequence[str]) -> np.ndarray:
        """Rows whose text is one of those allowed."""
        values = self.table[column]
        if not isinstance(values.dtype, pd.CategoricalDtype):
            return values.isin(allowed).to_numpy()
        # as many comparisons as there are names, not rows; the last one is a missing text
        return np.append(values.cat.categories.isin(allowed), False)[values.cat.codes.to_numpy()]

    def absent(self, part: ComponentColumns) -> np.ndarray:
        """Rows that have no response window for a component."""
        return np.isnan(self.numbers(part.start)) & np.isnan(self.numbers(part.stop))

    def bad(self, bad: object, column: str, allowed: str) -> list[str]:
        """One fault for each row of the mask `bad`."""
        rows = np.flatnonzero(np.asarray(bad, dtype=bool))
        if not rows.size:
            return []
        values = self.table[column].iloc[rows].tolist()
        return [
            f"{self._row(row)}: {column} = {value!r}, must be {allowed}"
            for row, value in zip(rows, values, strict=True)
        ]

    def _row(self, row: int) -> str:
        if not self.many:
            return f"{self.name} row {row}"
        first = int(np.searchsorted(self.session, self.session[row]))
        return f"session {self.session[row]}, {self.name} row {row - first}"


def _columns(part: ComponentColumns) -> tuple[str, ...]:
    return part.onset, part.correct, part.start, part.stop


def _not_numbers(rows: RowFaults, columns: Sequence[str]) -> list[str]:
    dtypes = {column: rows.table[column].dtype for column in columns}
    return [
        f"{rows.name}: column {column} holds {dtype}, must be numbers (s)"
        for column, dtype in dtypes.items()
        if not pd.api.types.is_numeric_dtype(dtype)
    ]


def _event_faults(shown: RowFaults, run: RowFaults, words: Vocabulary, duration_s: np.ndarray) -> list[str]:
    onset, duration, level = (shown.numbers(name) for name in ("onset_s", "duration_s", "level"))
    until = duration_s[:1] if not shown.many else duration_s
    ending = f"ending by {duration_s[0]} s" if not shown.many and duration_s.size else "ending in time"
    return [
        *shown.bad(~(np.isfinite(onset) & (onset >= 0)), "onset_s", ">= 0 s"),
        *shown.bad(~(np.isfinite(duration) & (duration >= 0)), "duration_s", ">= 0 s"),
        *shown.bad(~shown.among("channel", words.channels), "channel", f"one of {words.channels}"),
        *shown.bad(~((level >= 0) & (level <= 1)), "level", "from 0 to 1"),
        *shown.bad(_of_no_trial(shown, run), "trial", "a trial of the session, or -1"),
        *shown.bad(onset + duration > until + ROUNDING_S, "onset_s", ending),
    ]


def _of_no_trial(shown: RowFaults, run: RowFaults) -> np.ndarray:
    """Events whose trial is neither one of their session nor -1."""
    number = shown.table["trial"].to_numpy()
    if not shown.many:
        return ~np.isin(number, np.append(run.table["trial"].to_numpy(), -1))
    # the trials of many sessions are counted 0, 1, ... in each of them
    n_trials = np.bincount(run.session, minlength=int(shown.session.max(initial=-1)) + 1)
    return (number < -1) | (number >= n_trials[shown.session])


def _repeated(run: RowFaults) -> np.ndarray:
    """Trials whose number was there before in their session."""
    number = run.table["trial"].to_numpy()
    same = run.session[1:] == run.session[:-1]
    if (number[1:] > number[:-1])[same].all():
        return np.zeros(number.size, dtype=bool)
    return pd.DataFrame({"session": run.session, "trial": number}).duplicated().to_numpy()


def _component_faults(
    run: RowFaults, part: ComponentColumns, words: Vocabulary, duration_s: np.ndarray
) -> list[str]:
    onset, start, stop = (run.numbers(name) for name in (part.onset, part.start, part.stop))
    correct = run.table[part.correct]
    allowed = (*(words.second if part is SECOND else words.first), NO_RESPONSE)
    known = run.among(part.correct, allowed)
    present = ~run.absent(part) if words.second else np.ones(start.size, dtype=bool)
    rows: np.ndarray | slice
    before: np.ndarray | slice
    if present.all():
        unlike = np.zeros(start.size, dtype=bool)
        rows, before = slice(1, None), slice(None, -1)
    else:
        unlike = ~present & correct.notna().to_numpy()
        kept = np.flatnonzero(present)
        rows, before = kept[1:], kept[:-1]
    overlap = np.zeros(start.size, dtype=bool)
    overlap[rows] = (start[rows] < stop[before] - ROUNDING_S) & (run.session[rows] == run.session[before])
    # a trial always starts somewhere; a second component has an onset only where there is one
    timed = np.isfinite(onset) & (onset >= 0)
    wrong_onset = ~timed if part is FIRST else np.where(present, ~timed, ~np.isnan(onset))
    by_end = f"by the end ({duration_s[0]} s)" if not run.many and duration_s.size else "by the end"
    when = "" if part is FIRST else ", and missing where there is no second component"
    return [
        *run.bad(wrong_onset, part.onset, f">= 0 s{when}"),
        *run.bad(present & ~known, part.correct, f"one of {allowed}"),
        *run.bad(unlike, part.correct, "missing, as the window is"),
        *run.bad(present & ~(start >= 0), part.start, ">= 0 s"),
        *run.bad(present & ~(stop > start), part.stop, f"after {part.start}"),
        *run.bad(overlap, part.start, "after the window before it"),
        *run.bad(stop > duration_s + ROUNDING_S, part.stop, by_end),
    ]
