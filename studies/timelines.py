"""Timelines: what happens in a trial of each task, drawn from the events of a session itself.

One panel for each of a few trials that between them show the conditions, one row for each channel that
carries anything in that stretch of time. Nothing is drawn by hand: a wrong timing in a task is a wrong timing
in its figure.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bridges.session import NO_RESPONSE, Session

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from studies.figures import SavedFigure

__all__ = ["MOST_PANELS", "Panel", "chosen_trials", "draw_timeline", "panel"]

NAME = "timelines"
QUESTION = "What happens in a trial of each task, and when?"
RUN_TIME = "about a second a task"

MOST_PANELS = 4
MOST_VALUES = 6
ROW_INCH, EDGE_INCH, WIDTH_INCH = 0.20, 0.62, 6.9
STIMULUS, GOAL, BOTH, OTHER_TRIAL, ANSWER = "#0072B2", "#009E73", "#CC79A7", "#BDBDBD", "#F3E3C3"
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


def draw_timeline(task: Any, folder: Path, seed: int = 1) -> SavedFigure:
    """Draw and save the timeline of a task.

    Parameters
    ----------
    task
        The task.
    folder
        Where to.
    seed
        Seed of the session that is shown.
    """
    import matplotlib.pyplot as plt

    from studies.figures import house_style, save_figure

    session = task.session(seed)
    panels = [panel(session, row) for row in chosen_trials(session)]
    with house_style():
        rows = [one.rows for one in panels]
        height = sum(rows) * ROW_INCH + len(panels) * EDGE_INCH + 0.3
        fig, axes = plt.subplots(
            len(panels), 1, figsize=(WIDTH_INCH, height), height_ratios=rows, squeeze=False
        )
        for ax, one in zip(axes[:, 0], panels, strict=True):
            _draw(ax, one, _colours(session))
        fig.suptitle(task.summary().split(":")[0], x=0.01, ha="left", fontsize=10)
        axes[-1, 0].set_xlabel("time from the onset of the trial (s)")
        data = pd.concat([one.events.assign(panel=one.title) for one in panels], ignore_index=True)
        return save_figure(fig, folder, f"timeline_{task.name}", data, _caption(task, session))


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


def _colours(session: Session) -> dict[str, str]:
    goals = {rule.goal for rule in session.rules}
    stimuli = {rule.stimulus for rule in session.rules}
    return {
        channel: BOTH if channel in goals & stimuli else GOAL if channel in goals else STIMULUS
        for channel in session.channels
    }


def _draw(ax: Axes, one: Panel, colours: dict[str, str]) -> None:
    height = {channel: one.rows - 1 - k for k, channel in enumerate(one.channels)}
    for event in one.events.to_dict("records"):
        ax.broken_barh(
            [(event["start_s"], event["stop_s"] - event["start_s"])],
            (height[event["channel"]] - 0.36, 0.12 + 0.60 * event["level"]),
            facecolor=colours[event["channel"]] if event["own"] else OTHER_TRIAL,
            linewidth=0,
        )
    windows = one.windows.to_dict("records")
    for y, window in zip(range(len(windows) - 1, -1, -1), windows, strict=True):
        width_s = window["stop_s"] - window["start_s"]
        ax.broken_barh([(window["start_s"], width_s)], (y - 0.36, 0.72), facecolor=ANSWER, linewidth=0)
        answer = "withhold" if window["answer"] == NO_RESPONSE else window["answer"].replace("_", " ")
        ax.text(window["start_s"] + width_s / 2, y, answer, ha="center", va="center", fontsize=7)
    answers = [f"answer {window['component']}" if len(windows) > 1 else "answer" for window in windows]
    ticks = [*(height[c] for c in one.channels), *range(len(answers) - 1, -1, -1)]
    ax.set_yticks(ticks, [*(c.replace("_", " ") for c in one.channels), *answers], fontsize=7)
    ax.set_ylim(-0.55, one.rows - 0.45)
    ax.axvline(0.0, color="black", linewidth=0.6, linestyle=":", zorder=0)
    ax.tick_params(axis="y", length=0)
    ax.set_title(one.title, fontsize=8)


def _caption(task: Any, session: Session) -> str:
    instructions = session.events[session.events["trial"] == -1]
    told = ", ".join(dict.fromkeys(str(c) for c in instructions["channel"]))
    ahead = f" Instruction ahead of the trials: {told}." if told else ""
    return (
        f"{task.summary()}. A few trials that show the conditions; each row is an input channel, the height "
        "of a bar is its level. Blue: stimuli; green: what is to be held in mind; purple: both; grey: "
        f"neighbouring trials; sand: when an answer counts, and the right one.{ahead} One session, seed "
        f"{session.parameters['seed']}; no error bars."
    )


@dataclass(frozen=True)
class Timelines:
    """Draw the timelines of tasks.

    Parameters
    ----------
    tasks
        Names of tasks; none: all of them.
    out
        Folder of the figures.
    seed
        Seed of the sessions that are shown.
    """

    tasks: tuple[str, ...] = ()
    out: Path = Path("runs/timelines")
    seed: int = 1


def main(config: Timelines) -> int:
    """Draw; the exit code says whether it worked."""
    from bridges.tasks import TASKS

    unknown = [name for name in config.tasks if name not in TASKS]
    if unknown:
        print(f"error: tasks {unknown} are unknown; known are {', '.join(TASKS)}", file=sys.stderr)
        return 2
    names: Sequence[str] = config.tasks or tuple(TASKS)
    for name in names:
        print(draw_timeline(TASKS[name](), config.out, config.seed).path("png"))
    print(config.out)
    return 0


if __name__ == "__main__":
    from typing import Annotated

    import tyro

    @dataclass(frozen=True)
    class _Command(Timelines):
        tasks: Annotated[tuple[str, ...], tyro.conf.Positional] = ()

    sys.exit(main(tyro.cli(_Command, prog=f"python -m studies.{NAME}", description=__doc__)))
