"""Which trials are looked at, and which stretch of time around their onset."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bridges.encoding import step_count
from bridges.session import Session
from studies.timeline.panels import PARTS, chosen_trials

__all__ = [
    "MOST_CONDITIONS",
    "Stretch",
    "chosen_row",
    "compared_rows",
    "decision_step",
    "events_within",
    "onset_steps",
    "stretch_of",
]

MOST_CONDITIONS = 4
MARGIN_S = 0.3
ROUNDING_STEPS = 1e-6


@dataclass(frozen=True)
class Stretch:
    """A stretch of steps around the onset of a trial.

    Parameters
    ----------
    before
        Steps before the step in which the onset lies.
    n_steps
        Steps in all.
    dt_s
        Step (s).
    """

    before: int
    n_steps: int
    dt_s: float

    @property
    def time_s(self) -> np.ndarray:
        """Start of every step from the step of the onset (s), shape (time,)."""
        return self.dt_s * (np.arange(self.n_steps) - self.before)

    def cut(self, onset_step: int) -> slice:
        """Its steps in the session, for a trial whose onset lies in the given step."""
        start = int(onset_step) - self.before
        return slice(start, start + self.n_steps)


def onset_steps(session: Session, dt_s: float) -> np.ndarray:
    """Step in which each trial has its onset (that of its second component if it has no first)."""
    return (_zero_s(session) / dt_s + ROUNDING_STEPS).astype(np.int64)


def chosen_row(session: Session, trial: int | None = None, trial_type: str | None = None) -> int:
    """Row of the trial to look at: a given one, the middle one of a type, or one near the middle of all.

    Parameters
    ----------
    session
        The session.
    trial
        Number of the trial.
    trial_type
        Type of the trial.

    Raises
    ------
    ValueError
        If both are given, or there is no such trial; says which there are.
    """
    if trial is not None and trial_type is not None:
        raise ValueError(f"trial = {trial} and trial_type = {trial_type!r}; give one of them")
    if trial is not None:
        if not 0 <= trial < session.n_trials:
            raise ValueError(
                f"trial = {trial}; task {session.task!r} has trials 0 to {session.n_trials - 1} in a session"
            )
        return trial
    if trial_type is None:
        return chosen_trials(session, 1)[0]
    kinds = session.trials["trial_type"].astype(str)
    rows = np.flatnonzero(kinds == trial_type)
    if not rows.size:
        raise ValueError(
            f"trial_type = {trial_type!r}; task {session.task!r} has {', '.join(sorted(kinds.unique()))}"
        )
    return int(rows[rows.size // 2])


def stretch_of(session: Session, row: int, dt_s: float) -> Stretch:
    """From just before the first event of a trial to just after its last event or response window.

    Parameters
    ----------
    session
        The session.
    row
        Row of the trial.
    dt_s
        Step (s).
    """
    trial = session.trials.iloc[row]
    zero_s = float(_zero_s(session)[row])
    own = session.events[session.events["trial"] == trial["trial"]]
    starts = [0.0, *(own["onset_s"] - zero_s)]
    stops = [0.0, *(own["onset_s"] + own["duration_s"] - zero_s)]
    for _, _, _, start, stop in PARTS:
        if start in trial.index and pd.notna(trial[start]):
            stops.append(float(trial[stop]) - zero_s)
    onset = int(onset_steps(session, dt_s)[row])
    before = int(np.ceil((MARGIN_S - min(starts)) / dt_s))
    after = int(np.ceil((MARGIN_S + max(stops)) / dt_s))
    before = min(before, onset)
    after = min(after, step_count(session.duration_s, dt_s) - onset)
    return Stretch(before, before + after, dt_s)


def compared_rows(session: Session, row: int, stretch: Stretch, each: int) -> dict[str, np.ndarray]:
    """Rows of some trials of each condition, spread over the session; the chosen row is among them.

    Conditions are types of trial: that of the chosen trial and the most frequent others.

    Parameters
    ----------
    session
        The session.
    row
        The chosen row.
    stretch
        Trials around which it does not fit into the session are left out.
    each
        Largest number of trials of a condition.
    """
    start = onset_steps(session, stretch.dt_s) - stretch.before
    n_steps = step_count(session.duration_s, stretch.dt_s)
    fits = (start >= 0) & (start + stretch.n_steps <= n_steps)
    kinds = session.trials["trial_type"].astype(str)
    own = str(kinds.iloc[row])
    counts = kinds[fits].value_counts()
    others = [str(kind) for kind in counts.index if kind != own]
    found = {}
    for kind in sorted([own, *others[: MOST_CONDITIONS - 1]]):
        rows = np.flatnonzero(fits & (kinds == kind).to_numpy())
        rows = rows[np.linspace(0, rows.size - 1, min(each, rows.size)).round().astype(int)]
        if kind == own and row not in rows:
            rows[np.abs(rows - row).argmin()] = row
        found[kind] = np.sort(rows)
    return found


def events_within(session: Session, row: int, stretch: Stretch) -> pd.DataFrame:
    """Events in the stretch around a trial.

    Returns
    -------
    DataFrame
        ``start_s`` and ``stop_s`` from the onset of the trial, clipped to the stretch, ``channel``,
        ``level`` and ``own`` (whether the event is of this trial).
    """
    zero_s = float(_zero_s(session)[row])
    first_s, last_s = stretch.time_s[0], stretch.time_s[-1] + stretch.dt_s
    events = session.events
    start_s = events["onset_s"] - zero_s
    stop_s = start_s + events["duration_s"]
    table = pd.DataFrame(
        {
            "start_s": start_s.clip(lower=first_s),
            "stop_s": stop_s.clip(upper=last_s),
            "channel": events["channel"].astype(str),
            "level": events["level"].astype(float),
            "own": events["trial"] == session.trials["trial"].iloc[row],
        }
    )
    return table[(stop_s > first_s) & (start_s < last_s) & (events["level"] > 0)].reset_index(drop=True)


def decision_step(press_s: float, non_decision_s: float, dt_s: float) -> int:
    """Step of the session in which the bound was crossed, from the time of the press.

    A press comes ``non_decision_s`` after its step ends, give or take half a step
    (`bridges.readout.AccumulateToBound`).
    """
    return int(np.floor((press_s - non_decision_s) / dt_s - 0.5))


def _zero_s(session: Session) -> np.ndarray:
    onset_s = session.trials["onset_s"].to_numpy(dtype=float)
    if not session.second:
        return onset_s
    return np.where(np.isfinite(onset_s), onset_s, session.trials["onset_t2_s"].to_numpy(dtype=float))
