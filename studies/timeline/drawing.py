"""The figure of a task: one panel a trial, one row for each channel that carries anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from bridges.session import NO_RESPONSE, Session
from studies.timeline.panels import Panel, chosen_trials, panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from studies.figures import SavedFigure

__all__ = ["draw_timeline"]

ROW_INCH, EDGE_INCH, WIDTH_INCH = 0.20, 0.62, 6.9
STIMULUS, GOAL, BOTH, OTHER_TRIAL, ANSWER = "#0072B2", "#009E73", "#CC79A7", "#BDBDBD", "#F3E3C3"


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
