"""Trials of a session that between them show its conditions, and what happens in each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bridges.session import Session

__all__ = ["MOST_PANELS", "PARTS", "Panel", "chosen_trials", "panel"]

MOST_PANELS = 4
MOST_VALUES = 6
PARTS = (
    ("T1", "onset_s", "correct_response", "window_start_s", "window_stop_s"),
    ("T2", "onset_t2_s", "correct_response_t2", "window_start_t2_s", "window_stop_t2_s"),
)


@dataclass(frozen=True, eq=False)
class Panel:
    """One trial and what surrounds it.

    Parameters
    ----------
    title
        Its conditions.
    events
        Events within the stretch: ``start_s`` and ``stop_s`` from the onset of the trial, ``channel``,
        ``level``, ``own`` (whether they are of this trial).
    windows
        Response windows: ``start_s``, ``stop_s``, ``answer``, ``component``.
    channels
        Rows, in the order of the session.
    """

    title: str
    events: pd.DataFrame
    windows: pd.DataFrame
    channels: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Rows: channels and response windows."""
        return len(self.channels) + len(self.windows)


def chosen_trials(session: Session, most: int = MOST_PANELS) -> list[int]:
    """Rows of a few trials that between them show as many conditions as possible.

    Every type of trial comes first; then the trial that adds most values of the other condition columns,
    until nothing new is left or there are enough. Trials that would look the same are shown once.

    Parameters
    ----------
    session
        The session.
    most
        Largest number of trials.
    """
    columns = _conditions(session)
    values = session.trials[columns].astype(str)
    # a trial in the middle has neighbours on both sides
    order = np.argsort(np.abs(np.arange(session.n_trials) - session.n_trials // 2), kind="stable")
    seen: set[tuple[str, str]] = set()
    chosen: list[int] = []
    looks: set[tuple] = set()
    while len(chosen) < most:
        gains = [_gain(values, row, seen) for row in order]
        best = int(np.argmax(gains))
        if gains[best] == 0:
            break
        row = int(order[best])
        seen |= {(name, values[name].iloc[row]) for name in columns}
        if (look := _look(session, row)) not in looks:
            chosen.append(row)
            looks.add(look)
    return chosen or [int(order[0])]


def panel(session: Session, row: int) -> Panel:
    """What is shown of one trial.

    Parameters
    ----------
    session
        The session.
    row
        Row of the trial in ``session.trials``.
    """
    trial = session.trials.iloc[row]
    zero_s = float(trial["onset_s"] if np.isfinite(trial["onset_s"]) else trial["onset_t2_s"])
    windows = pd.DataFrame(
        [
            {
                "start_s": float(trial[start]) - zero_s,
                "stop_s": float(trial[stop]) - zero_s,
                "answer": str(trial[correct]),
                "component": name,
            }
            for name, _, correct, start, stop in PARTS
            if start in trial.index and pd.notna(trial[start])
        ]
    )
    events = session.events.assign(
        start_s=session.events["onset_s"] - zero_s,
        stop_s=session.events["onset_s"] + session.events["duration_s"] - zero_s,
        own=session.events["trial"] == trial["trial"],
    )
    own = events[events["own"]]
    first_s = min([0.0, *own["start_s"], *windows["start_s"]])
    last_s = max([*own["stop_s"], *windows["stop_s"]])
    margin_s = 0.06 * (last_s - first_s)
    near = (events["stop_s"] > first_s - margin_s) & (events["start_s"] < last_s + margin_s)
    kept = events[near & (events["level"] > 0)].copy()
    kept["start_s"] = kept["start_s"].clip(lower=first_s - margin_s)
    kept["stop_s"] = kept["stop_s"].clip(upper=last_s + margin_s)
    used = set(kept["channel"])
    shown = ["start_s", "stop_s", "channel", "level", "own"]
    return Panel(_title(session, row), kept[shown], windows, tuple(c for c in session.channels if c in used))


def _conditions(session: Session) -> list[str]:
    """Condition columns whose values are few enough to show."""
    trials = session.trials
    kept = [
        name
        for name in trials.columns
        if not pd.api.types.is_float_dtype(trials[name]) and 1 < trials[name].nunique() <= MOST_VALUES
    ]
    ignored = {"block", "trial", "correct_response", "correct_response_t2"}
    return [name for name in kept if name not in ignored and not name.endswith("_set")]


def _look(session: Session, row: int) -> tuple:
    """What the panel of a trial would show of the trial itself."""
    one = panel(session, row)
    own = one.events[one.events["own"]].round(6)
    return (*own.itertuples(index=False, name=None), *one.windows.round(6).itertuples(index=False, name=None))


def _gain(values: pd.DataFrame, row: int, seen: set[tuple[str, str]]) -> int:
    """How much a trial would add; a new type of trial counts more than anything else."""
    new = [name for name in values.columns if (name, values[name].iloc[row]) not in seen]
    return len(new) + 100 * ("trial_type" in new)


def _title(session: Session, row: int) -> str:
    trial = session.trials.iloc[row]
    names = ["trial_type", *(name for name in _conditions(session) if name != "trial_type")]
    parts = [f"{trial['trial_type']}"] if "trial_type" in trial.index else []
    parts += [f"{name.replace('_', ' ')} {trial[name]}" for name in names[1:] if pd.notna(trial[name])]
    return ", ".join(str(part).replace("_", " ") for part in parts[:4]) or f"trial {trial['trial']}"
