"""Session and Responses: what every task makes and what every participant returns.

A `Session` is one run of one task for one participant: the physical events, the trials they
make up and the responses that are allowed. A spiking circuit, a network and a person all get
the same `Session` and all answer with the same `Responses`.

Times are seconds from the start of the session; a response time is seconds from the onset of
its trial.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

__all__ = ["NO_RESPONSE", "Responses", "Session", "table_digest"]

NO_RESPONSE = "none"
"""The `correct_response` of a trial on which the participant should withhold."""

EVENT_COLUMNS = ("onset_s", "duration_s", "channel", "level", "trial")
TRIAL_COLUMNS = ("trial", "onset_s", "block", "correct_response", "window_start_s", "window_stop_s")
RESPONSE_COLUMNS = ("trial", "component", "response", "response_time_s")


@dataclass(frozen=True, eq=False)
class Session:
    """One run of a task: events for the senses, trials for the scores.

    Parameters
    ----------
    task
        Name of the task that made it, e.g. ``"sart"``.
    events
        One row an event: ``onset_s`` and ``duration_s`` (s), ``channel`` (one of `channels`),
        ``level`` (0 to 1, intensity), ``trial`` (number of its trial, -1 for none: instructions).
    trials
        One row a trial: ``trial`` (0, 1, ...), ``onset_s`` (s; response times count from here),
        ``block`` (0, 1, ...), condition columns of the task in BIDS-friendly names,
        ``correct_response`` (one of `responses`, or ``"none"``), ``window_start_s`` and
        ``window_stop_s`` (s; a response in between belongs to this trial).
    channels
        Names of the input channels, in the order in which encodings stack them.
    responses
        Names of the allowed responses, e.g. ``("press",)``.
    duration_s
        Length of the session (s).
    parameters
        What made it (task parameters, seed); kept for provenance and part of the hash.

    Raises
    ------
    ValueError
        Lists every fault of the tables with its row.
    """

    task: str
    events: pd.DataFrame
    trials: pd.DataFrame
    channels: tuple[str, ...]
    responses: tuple[str, ...]
    duration_s: float
    parameters: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = _missing("events", self.events, EVENT_COLUMNS) + _missing(
            "trials", self.trials, TRIAL_COLUMNS
        )
        if not faults:
            faults = self._event_faults() + self._trial_faults()
        if faults:
            raise ValueError(f"session of task {self.task!r} is not valid:\n  " + "\n  ".join(faults))

    @property
    def n_trials(self) -> int:
        """Number of trials."""
        return len(self.trials)

    @property
    def content_hash(self) -> str:
        """SHA-256 (hex) of everything that the participant can perceive or is scored by."""
        digest = hashlib.sha256()
        head = [self.task, list(self.channels), list(self.responses), round(float(self.duration_s), 9)]
        head.append(json.dumps(self.parameters, sort_keys=True, default=str))
        digest.update(json.dumps(head).encode())
        digest.update(table_digest(self.events))
        digest.update(table_digest(self.trials))
        return digest.hexdigest()

    def __repr__(self) -> str:
        return (
            f"Session({self.task}: {self.n_trials} trials, {self.duration_s:.1f} s, "
            f"channels {', '.join(self.channels)}; {self.content_hash[:8]})"
        )

    def _event_faults(self) -> list[str]:
        faults = _not_numbers("events", self.events, ("onset_s", "duration_s", "level"))
        if faults:
            return faults
        rows = _Rows("events", self.events)
        onset, duration = rows.numbers("onset_s"), rows.numbers("duration_s")
        return [
            *rows.bad(~(np.isfinite(onset) & (onset >= 0)), "onset_s", ">= 0 s"),
            *rows.bad(~(np.isfinite(duration) & (duration >= 0)), "duration_s", ">= 0 s"),
            *rows.bad(~self.events["channel"].isin(self.channels), "channel", f"one of {self.channels}"),
            *rows.bad(~((rows.numbers("level") >= 0) & (rows.numbers("level") <= 1)), "level", "from 0 to 1"),
            *rows.bad(
                ~self.events["trial"].isin([*self.trials["trial"], -1]),
                "trial",
                "a trial of the session, or -1",
            ),
            *rows.bad(onset + duration > self.duration_s + 1e-9, "onset_s", f"ending by {self.duration_s} s"),
        ]

    def _trial_faults(self) -> list[str]:
        faults = _not_numbers("trials", self.trials, ("onset_s", "window_start_s", "window_stop_s"))
        if faults:
            return faults
        rows = _Rows("trials", self.trials)
        onset, start = rows.numbers("onset_s"), rows.numbers("window_start_s")
        stop = rows.numbers("window_stop_s")
        allowed = (*self.responses, NO_RESPONSE)
        overlap = np.zeros(len(onset), dtype=bool)
        overlap[1:] = start[1:] < stop[:-1] - 1e-9
        return [
            *rows.bad(~(np.isfinite(onset) & (onset >= 0)), "onset_s", ">= 0 s"),
            *rows.bad(
                ~self.trials["correct_response"].isin(allowed), "correct_response", f"one of {allowed}"
            ),
            *rows.bad(~(start >= 0), "window_start_s", ">= 0 s"),
            *rows.bad(~(stop > start), "window_stop_s", "after window_start_s"),
            *rows.bad(self.trials["trial"].duplicated(), "trial", "unique"),
            *rows.bad(overlap, "window_start_s", "after the window before it"),
            *rows.bad(stop > self.duration_s + 1e-9, "window_stop_s", f"by the end ({self.duration_s} s)"),
        ]


@dataclass(frozen=True, eq=False)
class Responses:
    """What a participant did: one row a trial (and component, on two-response trials).

    Parameters
    ----------
    table
        ``trial``, ``component`` (``"T1"``, ``"T2"``; ``"T1"`` where there is only one),
        ``response`` (a name, missing where none was given), ``response_time_s`` (s from trial
        onset, missing where none was given).
    stray
        Presses that fall into no trial's window or come second in it: ``time_s`` (s from the
        start of the session), ``response``. Kept because false starts are data.
    """

    table: pd.DataFrame
    stray: pd.DataFrame = field(default_factory=lambda: _no_presses())

    def __post_init__(self) -> None:
        faults = _missing("responses", self.table, RESPONSE_COLUMNS)
        if not faults:
            t = self.table
            lone = t["response"].isna() != t["response_time_s"].isna()
            rows = _Rows("responses", t)
            faults += rows.bad(lone, "response_time_s", "missing exactly where response is")
            faults += rows.bad(t.duplicated(["trial", "component"]), "trial", "unique with its component")
        if faults:
            raise ValueError("responses are not valid:\n  " + "\n  ".join(faults))

    @classmethod
    def from_presses(
        cls, session: Session, times_s: Sequence[float] | np.ndarray, responses: Sequence[str]
    ) -> Responses:
        """Give each press to the trial in whose window it falls; the first press in a window counts.

        Parameters
        ----------
        session
            The session that was performed.
        times_s
            Times of the presses (s from the start of the session), any order.
        responses
            Name of the response for each press.

        Raises
        ------
        ValueError
            If the lists differ in length, a time is not finite, or a name is not one of the session's.
        """
        times = np.asarray(times_s, dtype=float)
        names = np.asarray(responses, dtype=object)
        if times.shape != names.shape:
            raise ValueError(
                f"{times.size} press times but {names.size} response names; give one name per time"
            )
        if not np.isfinite(times).all():
            raise ValueError("press times must be finite; leave out what was not pressed")
        unknown = sorted(set(names) - set(session.responses))
        if unknown:
            raise ValueError(f"unknown responses {unknown}; the session allows {session.responses}")
        order = np.argsort(times, kind="stable")
        times, names = times[order], names[order]

        starts = session.trials["window_start_s"].to_numpy()
        stops = session.trials["window_stop_s"].to_numpy()
        row = np.searchsorted(starts, times, side="right") - 1
        inside = (row >= 0) & (times < stops[np.maximum(row, 0)])
        first = np.zeros(times.size, dtype=bool)
        rows, where = np.unique(row[inside], return_index=True)
        first[np.flatnonzero(inside)[where]] = True

        given = np.full(session.n_trials, None, dtype=object)
        rt = np.full(session.n_trials, np.nan)
        given[rows] = names[first]
        rt[rows] = times[first] - session.trials["onset_s"].to_numpy()[rows]
        table = pd.DataFrame(
            {
                "trial": session.trials["trial"].to_numpy(),
                "component": "T1",
                "response": given,
                "response_time_s": rt,
            }
        )
        return cls(table, pd.DataFrame({"time_s": times[~first], "response": names[~first]}))

    def scored(self, session: Session) -> pd.DataFrame:
        """Trials of the session with the answers beside them; the input of every measure.

        Returns
        -------
        DataFrame
            All columns of ``session.trials``, plus ``component``, ``response``,
            ``response_time_s`` and ``correct`` (bool: the right response, or rightly none).
        """
        table = session.trials.merge(self.table, on="trial", how="left", validate="one_to_many")
        answered = table["response"].astype(object).where(table["response"].notna(), NO_RESPONSE)
        table["correct"] = answered == table["correct_response"]
        return table


def _no_presses() -> pd.DataFrame:
    return pd.DataFrame({"time_s": np.empty(0), "response": np.empty(0, dtype=object)})


def table_digest(table: pd.DataFrame) -> bytes:
    """SHA-256 of a table, column by column in name order: equal tables, equal bytes, on every machine."""
    digest = hashlib.sha256()
    for name in sorted(table.columns):
        column = table[name]
        digest.update(name.encode())
        if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
            missing = column.isna()
            texts = ["" if gone else str(value) for value, gone in zip(column, missing, strict=True)]
            digest.update("\x1f".join(texts).encode())
        else:
            digest.update(np.round(column.to_numpy(dtype="<f8"), 9).tobytes())
    return digest.digest()


def _missing(name: str, table: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    absent = [column for column in columns if column not in table.columns]
    return [f"{name}: columns {absent} are missing; it has {list(table.columns)}"] if absent else []


def _not_numbers(name: str, table: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    text = [column for column in columns if not pd.api.types.is_numeric_dtype(table[column])]
    return [f"{name}: column {column} holds {table[column].dtype}, must be numbers (s)" for column in text]


@dataclass(frozen=True)
class _Rows:
    """A table whose bad rows can be told one by one; messages are only made where there are any."""

    name: str
    table: pd.DataFrame

    def numbers(self, column: str) -> np.ndarray:
        return self.table[column].to_numpy(dtype=float)

    def bad(self, bad: object, column: str, allowed: str) -> list[str]:
        rows = np.flatnonzero(np.asarray(bad, dtype=bool))
        values = self.table[column]
        return [f"{self.name} row {row}: {column} = {values.iloc[row]!r}, must be {allowed}" for row in rows]
