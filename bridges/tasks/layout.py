"""Layout of sessions: what was drawn for one or many of them, and how it becomes tables.

A task draws arrays for one session at a time and lays them out for any number at once;
`bridges.tasks.base` says how. Everything here works on all trials of all sessions together, so that it
costs the same few operations for one session as for a thousand.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from typing import cast

import numpy as np
import pandas as pd

from bridges.session import NO_RESPONSE

__all__ = [
    "CUE_DURATION_S",
    "CUE_ONSET_S",
    "CUE_RULE",
    "PRESS",
    "Drawn",
    "Events",
    "Layout",
    "either",
    "go_no_go_layout",
    "go_no_go_trials",
    "instruction",
    "labels",
    "session_generator",
    "session_seeds",
    "shown",
    "whole_seed",
]

PRESS = "press"
"""The one response of a go/no-go task."""

CUE_ONSET_S = 0.5
"""Onset of the instruction cue (s), which says what feature is the goal."""

CUE_DURATION_S = 0.5
"""Duration of the instruction cue (s)."""

CUE_RULE = f"the instruction cue ends at {CUE_ONSET_S + CUE_DURATION_S} s; let the trials start after it"

_BATCH = zlib.crc32(b"sessions")


def session_generator(task_name: str, seed: int) -> np.random.Generator:
    """Random generator of one session; equal seeds of different tasks give independent streams.

    Parameters
    ----------
    task_name
        Name of the task.
    seed
        Whole number >= 0.

    Raises
    ------
    ValueError
        If the seed is not a whole number >= 0.
    """
    # hash() of a text differs between processes, a checksum does not
    return np.random.default_rng(np.random.SeedSequence([whole_seed(seed), zlib.crc32(task_name.encode())]))


def session_seeds(n: int, seed: int) -> tuple[int, ...]:
    """Seeds of `n` sessions, spawned from one; the first of them are the same whatever `n` is.

    Raises
    ------
    ValueError
        If `n` is not a whole number >= 1 or the seed not one >= 0.
    """
    if not isinstance(n, Integral) or isinstance(n, bool) or n < 1:
        raise ValueError(f"n = {n!r}, must be a whole number >= 1")
    words = np.random.SeedSequence([whole_seed(seed), _BATCH]).generate_state(int(n), np.uint64)
    return tuple(words.tolist())


@dataclass(frozen=True, eq=False)
class Drawn:
    """Arrays drawn for one or more sessions, all sessions stacked along the trials.

    Parameters
    ----------
    arrays
        By name, each with one row a trial of any session.
    n_trials
        Trials of each session, shape (session,).
    """

    arrays: Mapping[str, np.ndarray]
    n_trials: np.ndarray

    @classmethod
    def stack(cls, draws: Sequence[Mapping[str, np.ndarray]]) -> Drawn:
        """Stack what was drawn session by session."""
        names = list(draws[0])
        n_trials = np.array([len(draw[names[0]]) for draw in draws])
        return cls({name: np.concatenate([draw[name] for draw in draws]) for name in names}, n_trials)

    def __getitem__(self, name: str) -> np.ndarray:
        """One array, rows as the trials of all sessions."""
        return self.arrays[name]

    def __len__(self) -> int:
        """Number of trials of all sessions."""
        return int(self.n_trials.sum())

    @property
    def n_sessions(self) -> int:
        """Number of sessions."""
        return self.n_trials.size

    @cached_property
    def first(self) -> np.ndarray:
        """Row of the first trial of each session, shape (session,)."""
        return np.cumsum(self.n_trials) - self.n_trials

    @cached_property
    def last(self) -> np.ndarray:
        """Row of the last trial of each session, shape (session,)."""
        return np.cumsum(self.n_trials) - 1

    @cached_property
    def session(self) -> np.ndarray:
        """Number of the session of each row, shape (trial,)."""
        return np.repeat(np.arange(self.n_sessions), self.n_trials)

    @cached_property
    def trial(self) -> np.ndarray:
        """Number of each row within its session: 0, 1, ...; shape (trial,)."""
        return np.arange(len(self)) - np.repeat(self.first, self.n_trials)

    def following(self, values: np.ndarray, end: float | np.ndarray) -> np.ndarray:
        """Value of the next trial of the session; after the last one `end`, one number or one a session."""
        shifted = np.empty_like(values)
        shifted[:-1] = values[1:]
        shifted[self.last] = end
        return shifted

    def previous(self, values: np.ndarray, start: float | np.ndarray) -> np.ndarray:
        """Value of the trial before; before the first one `start`, one number or one a session."""
        shifted = np.empty_like(values)
        shifted[1:] = values[:-1]
        shifted[self.first] = start
        return shifted


def labels(codes: np.ndarray, names: Iterable[str]) -> pd.Categorical:
    """A column of texts, given as codes 0, 1, ... into `names`; -1 is a missing text."""
    made = pd.Categorical.from_codes(codes, categories=pd.Index(list(names)), validate=False)
    return cast(pd.Categorical, made)


def either(where: np.ndarray, yes: str, no: str) -> pd.Categorical:
    """A column that says `yes` where a mask holds, and `no` elsewhere."""
    return labels(np.asarray(where).astype(np.int8), (no, yes))


@dataclass(frozen=True, eq=False)
class Events:
    """Events of many trials, in any order: arrays of one length, or one value for all of them.

    Made by `shown` and `instruction`.
    """

    session: np.ndarray
    trial: np.ndarray | int
    onset_s: np.ndarray
    duration_s: np.ndarray | float
    channel: pd.Categorical | str
    level: np.ndarray | float


def shown(
    drawn: Drawn,
    channel: str | pd.Categorical,
    onset_s: np.ndarray,
    duration_s: float | np.ndarray,
    level: float | np.ndarray = 1.0,
    rows: np.ndarray | None = None,
) -> Events:
    """One event for each trial, or for each row that is named.

    Parameters
    ----------
    drawn
        What was drawn.
    channel
        Name of the channel, or one for each event (see `labels` and `either`).
    onset_s
        Onset of each event (s from the start of the session), shape (event,).
    duration_s
        Duration (s), a number or shape (event,).
    level
        Intensity (0 to 1), a number or shape (event,).
    rows
        Row of the trial of each event, shape (event,); a row may come any number of times.
        None: every trial once.
    """
    return Events(
        session=drawn.session if rows is None else drawn.session[rows],
        trial=drawn.trial if rows is None else drawn.trial[rows],
        onset_s=onset_s,
        duration_s=duration_s,
        channel=channel,
        level=level,
    )


def instruction(
    drawn: Drawn,
    channel: str | pd.Categorical,
    onset_s: float | np.ndarray = CUE_ONSET_S,
    duration_s: float | np.ndarray = CUE_DURATION_S,
    level: float | np.ndarray = 1.0,
) -> Events:
    """One event for each session that belongs to no trial: the instruction cue before the trials.

    Parameters
    ----------
    drawn
        What was drawn.
    channel
        Name of the channel, or one for each session.
    onset_s, duration_s, level
        As in `shown`, a number or shape (session,).
    """
    session = np.arange(drawn.n_sessions)
    return Events(session, -1, np.broadcast_to(onset_s, session.shape), duration_s, channel, level)


@dataclass(frozen=True, eq=False)
class Layout:
    """Sessions as columns.

    Parameters
    ----------
    trials
        Columns of the trials but ``session`` and ``trial``, each of shape (trial,): numbers, truth values,
        or texts as `labels`. Order: ``onset_s``, ``block``, conditions, ``correct_response``, windows.
    events
        Parts of the events, in any order; they are put in the order of time.
    end_s
        End of each session (s), shape (session,).
    """

    trials: Mapping[str, np.ndarray | pd.Categorical]
    events: Sequence[Events]
    end_s: np.ndarray

    def trial_table(self, drawn: Drawn) -> pd.DataFrame:
        """Trials of all sessions in one table, with a leading column ``session``."""
        columns: dict[str, object] = {"session": drawn.session, "trial": drawn.trial}
        rounded: dict[int, np.ndarray] = {}
        for name, values in self.trials.items():
            if isinstance(values, np.ndarray) and values.dtype.kind == "f":
                # one array may stand for several columns, such as onset and start of the window
                if id(values) not in rounded:
                    rounded[id(values)] = np.round(values, 9)
                columns[name] = rounded[id(values)]
            else:
                columns[name] = values
        return pd.DataFrame(columns, copy=False)

    def event_table(self, channels: Sequence[str]) -> pd.DataFrame:
        """Events of all sessions in one table, in the order of time, with a leading column ``session``."""
        session = self._stacked([part.session for part in self.events], np.int64)
        # whole nanoseconds leave no doubt about ties, and sorted parts are merged rather than sorted
        time_ns = np.rint(self._stacked([part.onset_s for part in self.events], np.float64) * 1e9)
        stride = int(time_ns.max(initial=0.0)) + 1
        order = np.argsort(session * stride + time_ns.astype(np.int64), kind="stable")
        codes = [_recoded(part.channel, channels) for part in self.events]
        columns = {
            "session": session[order],
            "onset_s": (time_ns / 1e9)[order],
            "duration_s": self._stacked([np.round(p.duration_s, 9) for p in self.events], np.float64)[order],
            "channel": labels(self._stacked(codes, np.int16)[order], channels),
            "level": self._stacked([part.level for part in self.events], np.float64)[order],
            "trial": self._stacked([part.trial for part in self.events], np.int64)[order],
        }
        return pd.DataFrame(columns, copy=False)

    def _stacked(self, values: Sequence[np.ndarray | float], dtype: type) -> np.ndarray:
        """One array of the values of all parts, each an array or one value for the part."""
        sizes = [part.session.size for part in self.events]
        stacked: np.ndarray = np.empty(sum(sizes), dtype=dtype)
        stop = 0
        for value, size in zip(values, sizes, strict=True):
            stacked[stop : stop + size] = value
            stop += size
        return stacked


def go_no_go_trials(
    drawn: Drawn,
    onset_s: np.ndarray,
    end_s: float | np.ndarray,
    block: np.ndarray,
    no_go: np.ndarray,
    conditions: Mapping[str, np.ndarray | pd.Categorical],
) -> dict[str, np.ndarray | pd.Categorical]:
    """Columns of go/no-go trials whose windows reach from each onset to the next.

    Parameters
    ----------
    drawn
        What was drawn.
    onset_s
        Onsets of the stimuli (s), rising within each session, shape (trial,).
    end_s
        End of the last window (s), one number or one a session.
    block
        Block of each trial, shape (trial,).
    no_go
        Whether the participant should withhold, shape (trial,).
    conditions
        Further condition columns, each of shape (trial,).

    Returns
    -------
    dict
        The `trials` of a `Layout`, with ``trial_type`` "go" or "no_go".
    """
    # rounded before the shift, so that a window ends exactly where the next begins
    onset_s = np.round(onset_s, 9)
    return {
        "onset_s": onset_s,
        "block": block,
        "trial_type": either(no_go, "no_go", "go"),
        **conditions,
        "correct_response": either(no_go, NO_RESPONSE, PRESS),
        "window_start_s": onset_s,
        "window_stop_s": drawn.following(onset_s, end_s),
    }


def go_no_go_layout(
    drawn: Drawn,
    trials: Mapping[str, np.ndarray | pd.Categorical],
    goal: str,
    stimulus_s: float,
    lead_out_s: float,
) -> Layout:
    """Layout with the instruction cue, one event of full intensity a trial, and a lead-out.

    Parameters
    ----------
    drawn
        What was drawn.
    trials
        Columns by `go_no_go_trials`; the event of a trial goes on the channel of its ``trial_type``.
    goal
        Channel of the instruction cue.
    stimulus_s
        Duration of each stimulus (s).
    lead_out_s
        Time after the last window (s).
    """
    kind, onset_s = cast(pd.Categorical, trials["trial_type"]), np.asarray(trials["onset_s"])
    stop_s = np.asarray(trials["window_stop_s"])
    return Layout(
        trials=trials,
        events=[instruction(drawn, goal), shown(drawn, kind, onset_s, stimulus_s)],
        end_s=np.round(stop_s[drawn.last], 9) + lead_out_s,
    )


def whole_seed(seed: int) -> int:
    """A seed as a plain whole number.

    Raises
    ------
    ValueError
        If it is not a whole number >= 0.
    """
    if not isinstance(seed, Integral) or isinstance(seed, bool) or seed < 0:
        raise ValueError(f"seed = {seed!r}, must be a whole number >= 0")
    return int(seed)


def _recoded(channel: pd.Categorical | str, channels: Sequence[str]) -> np.ndarray | int:
    """Codes into `channels`; -1, a fault, for a name that is not among them."""
    place = {name: code for code, name in enumerate(channels)}
    if isinstance(channel, str):
        return place.get(channel, -1)
    new = np.array([*(place.get(name, -1) for name in channel.categories), -1], dtype=np.int16)
    return new[channel.codes]
