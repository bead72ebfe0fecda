"""Layout that all go/no-go sessions share: lead-in with the instruction cue, trials, lead-out."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import fields
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from bridges.session import NO_RESPONSE, Rule, Session
from bridges.tasks.base import Task

__all__ = [
    "CUE_DURATION_S",
    "CUE_ONSET_S",
    "CUE_RULE",
    "PRESS",
    "assemble",
    "session_generator",
    "trial_table",
]

PRESS = "press"
"""The one response of a go/no-go task."""

CUE_ONSET_S = 0.5
"""Onset of the instruction cue (s), which says what feature is the goal."""

CUE_DURATION_S = 0.5
"""Duration of the instruction cue (s)."""

CUE_RULE = f"the instruction cue ends at {CUE_ONSET_S + CUE_DURATION_S} s; let the trials start after it"


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
    if not isinstance(seed, Integral) or isinstance(seed, bool) or seed < 0:
        raise ValueError(f"seed = {seed!r}, must be a whole number >= 0")
    # hash() of a text differs between processes, a checksum does not
    return np.random.default_rng(np.random.SeedSequence([int(seed), zlib.crc32(task_name.encode())]))


def trial_table(
    onset_s: np.ndarray,
    end_s: float,
    block: np.ndarray,
    no_go: np.ndarray,
    conditions: Mapping[str, np.ndarray],
) -> pd.DataFrame:
    """Trials whose windows reach from each onset to the next.

    Parameters
    ----------
    onset_s
        Onsets of the stimuli (s), rising, shape (trial,).
    end_s
        End of the last window (s).
    block
        Block of each trial, shape (trial,).
    no_go
        Whether the participant should withhold, shape (trial,).
    conditions
        Further condition columns, each of shape (trial,).

    Returns
    -------
    DataFrame
        The `trials` of a Session.
    """
    onset_s = np.round(onset_s, 9)
    return pd.DataFrame(
        {
            "trial": np.arange(onset_s.size),
            "onset_s": onset_s,
            "block": block,
            "trial_type": np.where(no_go, "no_go", "go"),
            **conditions,
            "correct_response": np.where(no_go, NO_RESPONSE, PRESS),
            "window_start_s": onset_s,
            "window_stop_s": np.append(onset_s[1:], np.round(end_s, 9)),
        }
    )


def assemble(
    task: Task,
    seed: int,
    trials: pd.DataFrame,
    *,
    channels: tuple[str, ...],
    goal: str,
    stimulus_s: float,
    lead_out_s: float,
    rules: tuple[Rule, ...] = (),
) -> Session:
    """Session with the instruction cue, one event of full intensity a trial, and a lead-out.

    Parameters
    ----------
    task
        The task that makes it.
    seed
        Seed that made the trials.
    trials
        Table by `trial_table`; the event of a trial goes on the channel of its ``trial_type``.
    channels
        Input channels.
    goal
        Channel of the instruction cue.
    stimulus_s
        Duration of each stimulus (s).
    lead_out_s
        Time after the last window (s).
    rules
        What the instruction says.
    """
    events = pd.DataFrame(
        {
            "onset_s": np.append(CUE_ONSET_S, trials["onset_s"]),
            "duration_s": np.append(CUE_DURATION_S, np.full(len(trials), float(stimulus_s))),
            "channel": np.append(goal, trials["trial_type"].to_numpy(dtype=str)),
            "level": np.ones(len(trials) + 1),
            "trial": np.append(-1, trials["trial"]),
        }
    )
    end_s = float(trials["window_stop_s"].iloc[-1])
    return Session(
        task=task.name,
        events=events,
        trials=trials,
        channels=channels,
        responses=(PRESS,),
        duration_s=round(end_s + lead_out_s, 9),
        parameters={**_plain_parameters(task), "seed": int(seed)},
        rules=rules,
    )


def _plain_parameters(task: Any) -> dict[str, object]:
    return {f.name: _like(f.default, getattr(task, f.name)) for f in fields(task)}


def _like(default: Any, value: Any) -> object:
    """Cast to the type of the default, so that 1, 1.0 and np.float64(1) hash alike."""
    if isinstance(default, tuple):
        return tuple(_like(default[0], v) for v in value)
    return type(default)(value)
