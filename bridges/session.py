"""Session: what every task makes, and what a circuit, a network and a person all perform.

A `Session` is one run of one task for one participant: the physical events, the trials they
make up, the responses that are allowed and the rules that an instruction states. All agents get
the same `Session` and all answer with the same `Responses`.

Times are seconds from the start of the session; a response time is seconds from the onset of
its trial, or of its component where a trial has two.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from bridges.responses import Responses
from bridges.session_checks import FIRST, NO_RESPONSE, SECOND, Vocabulary, table_faults, vocabulary_faults

__all__ = ["NO_RESPONSE", "Responses", "Rule", "Session", "table_digest"]


@dataclass(frozen=True)
class Rule:
    """One line of an instruction: a stimulus calls for a response, perhaps only under a goal.

    The rules of a session are enough to wire a circuit that performs it: which channel feeds which
    decision, and which channel must be held in mind to open that way.

    Parameters
    ----------
    stimulus
        A channel that carries a stimulus.
    response
        One of the session's responses, or ``"none"``: withhold.
    goal
        A channel whose content must be held in mind for the rule to apply: an instruction
        (``attend_...``) or a cue or sample shown within the trial (``cue_a``, ``sample_3``). None:
        the rule always applies.
    weight
        Strength of the association, above 0 to 1; below 1 for what only interferes, such as the
        flankers of a target.
    """

    stimulus: str
    response: str
    goal: str | None = None
    weight: float = 1.0


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
        ``window_stop_s`` (s; a response in between belongs to this trial). Where `second` is not
        empty also ``onset_t2_s``, ``correct_response_t2``, ``window_start_t2_s`` and
        ``window_stop_t2_s``. A trial may then lack either component: its window and correct
        response are missing. Windows of one component never overlap, those of T1 and T2 may.
    channels
        Names of the input channels, in the order in which encodings stack them.
    responses
        Names of the allowed responses, e.g. ``("press",)``.
    duration_s
        Length of the session (s).
    parameters
        What made it (task parameters, seed); kept for provenance and part of the hash.
    second
        Those of `responses` that answer the second component of a trial, T2; the others answer T1.
    rules
        What the instruction says; empty where nobody wrote it down.

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
    second: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        words = Vocabulary(self.channels, self.responses, self.second, self.rules)
        faults = vocabulary_faults(words) + table_faults(self.events, self.trials, words, self.duration_s)
        if faults:
            raise ValueError(f"session of task {self.task!r} is not valid:\n  " + "\n  ".join(faults))

    @classmethod
    def already_checked(cls, **values: Any) -> Session:
        """A session out of tables that were checked together with others; nothing is checked again."""
        made = object.__new__(cls)
        for name, value in values.items():
            object.__setattr__(made, name, value)
        return made

    @property
    def n_trials(self) -> int:
        """Number of trials."""
        return len(self.trials)

    @property
    def components(self) -> dict[str, tuple[str, ...]]:
        """Responses that answer each component: ``{"T1": ...}`` or ``{"T1": ..., "T2": ...}``."""
        first = tuple(name for name in self.responses if name not in self.second)
        return {FIRST.name: first, SECOND.name: self.second} if self.second else {FIRST.name: first}

    @property
    def content_hash(self) -> str:
        """SHA-256 (hex) of everything that the participant can perceive or is scored by."""
        digest = hashlib.sha256()
        head = [self.task, list(self.channels), list(self.responses), round(float(self.duration_s), 9)]
        head.append(json.dumps(self.parameters, sort_keys=True, default=str))
        head += [list(self.second), [astuple(rule) for rule in self.rules]]
        digest.update(json.dumps(head).encode())
        digest.update(table_digest(self.events))
        digest.update(table_digest(self.trials))
        return digest.hexdigest()

    def __repr__(self) -> str:
        return (
            f"Session({self.task}: {self.n_trials} trials, {self.duration_s:.1f} s, "
            f"channels {', '.join(self.channels)}; {self.content_hash[:8]})"
        )


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
            # adding 0 turns -0 into 0, and there are many NaN: equal numbers must have equal bytes
            values = np.round(column.to_numpy(dtype="<f8"), 9) + 0.0
            values[np.isnan(values)] = np.nan
            digest.update(values.tobytes())
    return digest.digest()
