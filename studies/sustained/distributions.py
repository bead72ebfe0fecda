"""Figure 2: distributions of response times, one ridge an agent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bridges.measures import bootstrap_band
from bridges.session import NO_RESPONSE
from studies.figures import SavedFigure, look, save_figure
from studies.scorecard import human_effect
from studies.scores import Scores
from studies.sustained.time_on_task import TASK_TITLES

__all__ = ["draw_distributions"]

FASTEST_S = 0.1
BIN_MS = 20.0
RESAMPLES = 2000


def draw_distributions(
    scores: Scores,
    studied: Sequence[str],
    agents: Sequence[str],
    folder: Path,
    name: str = "figure2_response_times",
) -> SavedFigure | None:
    """Draw and save the figure; arguments as for `draw_time_on_task`. None if nobody answered."""
    timed = {task: _timed(scores, task) for task in studied}
    answered = {str(agent) for trials in timed.values() for agent in trials["agent"]}
    present = [agent for agent in agents if agent in answered]
    if not present:
        return None
    fig, grid = plt.subplots(
        1, len(studied), figsize=(3.7 * len(studied), 0.55 * len(present) + 1.3), squeeze=False, sharey=True
    )
    data = [
        _draw_task(axes, timed[task], task, present, letter)
        for axes, task, letter in zip(grid.flat, studied, "abcdef", strict=False)
    ]
    _name_rows(grid[0, 0], present)
    sizes = scores.trials.groupby(["task", "agent"])["participant"].nunique()
    counts = "; ".join(
        f"{TASK_TITLES[t]} " + ", ".join(f"{look(a).label} {sizes[t, a]}" for a in present if (t, a) in sizes)
        for t in studied
    )
    caption = (
        "Response times of correct go trials, 100 ms or more. Lines are the mean over participants of each"
        f" one's histogram ({BIN_MS:.0f} ms bins, shares of trials), the darker shading its 95 % bootstrap"
        " confidence interval over participants; vertical bars are the median over participants of the"
        f" median. n: {counts}. Dashed lines: mean response time of people in the cited reference table."
    )
    return save_figure(fig, folder, name, pd.concat(data, ignore_index=True), caption)


def _draw_task(
    axes: Axes, trials: pd.DataFrame, task: str, agents: Sequence[str], letter: str
) -> pd.DataFrame:
    last_ms = float(np.quantile(trials["rt_ms"], 0.998)) if len(trials) else 1000.0
    edges = np.arange(1e3 * FASTEST_S, max(last_ms, 400.0) + BIN_MS, BIN_MS)
    ridges = {agent: _ridge(trials[trials["agent"] == agent], edges) for agent in agents}
    tallest = max((float(ridge["estimate"].max()) for ridge in ridges.values() if len(ridge)), default=1.0)
    for row, agent in enumerate(agents):
        ridge = ridges[agent]
        base = float(len(agents) - 1 - row)
        axes.axhline(base, color="0.85", lw=0.6, zorder=0)
        if ridge.empty:
            continue
        style = look(agent)
        # 1.3: ridges overlap a little, which keeps them high enough to read
        height = 1.3 / tallest
        low, high, middle = (base + height * ridge[side] for side in ("low", "high", "estimate"))
        axes.fill_between(ridge["rt_ms"], base, middle, step="mid", color=style.colour, alpha=0.18, lw=0)
        if ridge["low"].notna().all():
            axes.fill_between(ridge["rt_ms"], low, high, step="mid", color=style.colour, alpha=0.35, lw=0)
        axes.step(ridge["rt_ms"], middle, where="mid", color=style.colour, lw=1.1)
        axes.plot([ridge["median_ms"].iloc[0]] * 2, [base, base + 0.35], color=style.colour, lw=2)
    human = human_effect(task, "rt_mean_ms")
    if human is not None:
        axes.axvline(human.value, color=look("human").colour, lw=0.9, ls=(0, (6, 2)), zorder=0)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_xlabel("response time (ms)")
    axes.set_title(f"{letter}  {TASK_TITLES[task]}", fontweight="normal")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    frames = [ridge.assign(task=task, agent=agent) for agent, ridge in ridges.items() if len(ridge)]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _timed(scores: Scores, task: str) -> pd.DataFrame:
    t = scores.trials
    go = t["correct_response"].astype(object) != NO_RESPONSE
    chosen = t[(t["task"] == task) & go & t["correct"] & (t["response_time_s"] >= FASTEST_S)]
    return chosen.assign(rt_ms=1e3 * chosen["response_time_s"].astype(float))


def _ridge(trials: pd.DataFrame, edges: np.ndarray) -> pd.DataFrame:
    if trials.empty:
        return pd.DataFrame()
    people = [group["rt_ms"].to_numpy() for _, group in trials.groupby("participant")]
    shares = np.array([np.histogram(times, edges)[0] / times.size for times in people])
    ridge = bootstrap_band(shares, n=RESAMPLES)
    ridge.insert(0, "rt_ms", (edges[:-1] + edges[1:]) / 2)
    return ridge.assign(median_ms=float(np.median([np.median(times) for times in people])))


def _name_rows(axes: Axes, agents: Sequence[str]) -> None:
    axes.set_yticks(
        [len(agents) - 1.0 - row for row in range(len(agents))], [look(agent).label for agent in agents]
    )
    for label, agent in zip(axes.get_yticklabels(), agents, strict=True):
        label.set_color(look(agent).ink)
        label.set_verticalalignment("bottom")
