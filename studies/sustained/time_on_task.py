"""Figure 1: performance over time on task, every agent beside people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from bridges.human.reference import effects
from bridges.measures import bootstrap_band
from studies.figures import SavedFigure, look, save_figure
from studies.scorecard import human_effect
from studies.scores import Scores, labelled, unit_of
from studies.sustained.design import TITLES

__all__ = ["TASK_TITLES", "draw_time_on_task"]

GO_NO_GO = ("hit_rate", "commission_rate", "d_prime", "criterion", "rt_mean_ms", "rt_cv")
PANELS = {
    "sart": GO_NO_GO,
    "cpt_x": GO_NO_GO,
    "pvt": ("rt_mean_ms", "rt_cv", "lapse_rate"),
    "mackworth": GO_NO_GO,
    "grad_cpt": GO_NO_GO,
    "ax_cpt": ("hit_rate", "rt_mean_ms", "rt_cv"),
}
TASK_TITLES = TITLES
MEASURE_TITLES = {
    "hit_rate": "hit rate",
    "commission_rate": "false alarms",
    "d_prime": "sensitivity",
    "criterion": "criterion",
    "rt_mean_ms": "response time",
    "rt_cv": "variability",
    "lapse_rate": "lapses",
}
COLUMNS = 3
CITED = "human (cited)"
UNVERIFIED = "human (cited, unverified range)"
DASHES = {True: (0, (6, 2)), False: (0, (1, 2))}
THIRDS = {"first third": 1 / 6, "second third": 3 / 6, "last third": 5 / 6}


def draw_time_on_task(
    scores: Scores,
    studied: Sequence[str],
    agents: Sequence[str],
    folder: Path,
    name: str = "figure1_sustained",
) -> SavedFigure:
    """Draw and save the figure.

    Parameters
    ----------
    scores
        What was measured.
    studied
        Names of the tasks, in the order of the rows.
    agents
        Names of the agents to draw, in the order of the legend; with ``"human"`` among them, people are
        drawn from their trials, or where there are none from the cited reference table.
    folder
        Where to.
    name
        File name without ending.
    """
    panels = [(task, measure) for task in studied for measure in PANELS[task]]
    rows = -(-len(panels) // COLUMNS)
    fig, grid = plt.subplots(rows, COLUMNS, figsize=(7.4, 2.05 * rows + 0.7), squeeze=False)
    data = []
    for axes, letter, (task, measure) in zip(grid.flat, "abcdefghijklmnopqrstuvwxyz", panels, strict=False):
        data.append(_draw_panel(axes, scores, task, measure, agents))
        axes.set_title(f"{letter}  {TASK_TITLES[task]}: {MEASURE_TITLES[measure]}", fontweight="normal")
    handles: dict[str, Artist] = {}
    for axes in grid.flat:
        handles |= {label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    fig.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=4)
    return save_figure(
        fig, folder, name, pd.concat(data, ignore_index=True), _caption(scores, studied, agents)
    )


def _draw_panel(axes: Axes, scores: Scores, task: str, measure: str, agents: Sequence[str]) -> pd.DataFrame:
    curves = [_curve(scores, task, agent, measure) for agent in agents if agent in scores.agents(task)]
    curves = [curve for curve in curves if len(curve)]
    last_min = max((float(curve["time_min"].max()) for curve in curves), default=1.0)
    data = (
        [_draw_cited(axes, task, measure, scores.duration_min.get(task, last_min))]
        if _is_cited(scores, task, agents)
        else []
    )
    for place, curve in enumerate(curves):
        style = look(curve["agent"].iloc[0])
        # side by side, so that no interval hides another
        shift = 0.009 * last_min * (place - (len(curves) - 1) / 2)
        error = (curve["estimate"] - curve["low"], curve["high"] - curve["estimate"])
        axes.errorbar(
            curve["time_min"] + shift,
            curve["estimate"],
            yerr=np.nan_to_num(np.array(error)).clip(0),
            color=style.colour,
            marker=style.marker,
            linestyle=style.line,
            elinewidth=0.8,
            markeredgewidth=0,
            label=style.label,
        )
    axes.set_xlim(0, None)
    axes.set_xlabel("time on task (min)")
    axes.set_ylabel(_axis(measure))
    return pd.concat([*data, *curves], ignore_index=True)


def _is_cited(scores: Scores, task: str, agents: Sequence[str]) -> bool:
    return "human" in agents and not len(scores.blocks.query("task == @task and agent == 'human'"))


def _curve(scores: Scores, task: str, agent: str, measure: str) -> pd.DataFrame:
    table = scores.blocks[(scores.blocks["task"] == task) & (scores.blocks["agent"] == agent)]
    # people's sessions end at different times: a mean over the few who went on would be another group's
    reached = table.groupby("block")["participant"].nunique()
    table = table[table["block"].isin(reached.index[reached >= reached.max() / 2])]
    values = table.pivot(index="participant", columns="block", values=measure)
    band = bootstrap_band(values)
    band.insert(0, "block", values.columns.to_numpy())
    band.insert(1, "time_min", table.groupby("block")["time_min"].mean().to_numpy())
    return band.assign(task=task, measure=measure, unit=unit_of(measure), agent=agent, source="this run")


def _draw_cited(axes: Axes, task: str, measure: str, duration_min: float) -> pd.DataFrame:
    """People from the literature: mean and interval as a band, and their course where it is known."""
    human = human_effect(task, measure)
    if human is None:
        return pd.DataFrame()
    key = {"task": task, "measure": measure, "unit": human.unit, "agent": CITED, "source": human.source}
    low, high = human.interval or (np.nan, np.nan)
    ends = np.array([0.0, duration_min])
    slope = human_effect(task, "rt_slope_ms_per_min") if measure == "rt_mean_ms" else None
    tilt = 0.0 if slope is None else slope.value * (ends - ends.mean())
    style = look("human")
    label = CITED if human.verified else UNVERIFIED
    axes.plot(
        ends,
        human.value + tilt + 0 * ends,
        color=style.colour,
        lw=1.0,
        ls=DASHES[human.verified],
        label=label,
    )
    if np.isfinite(low):
        axes.fill_between(
            ends, low + tilt + 0 * ends, high + tilt + 0 * ends, color=style.colour, alpha=0.13, lw=0
        )
    line = pd.DataFrame(
        {"time_min": ends, "estimate": human.value + tilt, "low": low + tilt, "high": high + tilt}
    )
    thirds = [e for e in effects(task) if e.measure == measure and e.condition in THIRDS]
    if not thirds:
        return line.assign(n=human.n, verified=human.verified, **key)
    course = pd.DataFrame(
        {
            "time_min": [THIRDS[e.condition] * duration_min for e in thirds],
            "estimate": [e.value for e in thirds],
            "n": [e.n for e in thirds],
        }
    )
    axes.plot(course["time_min"], course["estimate"], "s", color=style.colour, ms=4)
    return pd.concat([line.assign(n=human.n), course], ignore_index=True).assign(
        verified=human.verified, **key
    )


def _axis(measure: str) -> str:
    short = {
        "hit_rate": "hits / go trials",
        "commission_rate": "commissions / no-go trials",
        "lapse_rate": "lapses / trials",
        "d_prime": "d'",
        "criterion": "c",
        "rt_mean_ms": "mean RT",
        "rt_cv": "SD / mean of RT",
    }
    return labelled(measure, short[measure])


def _caption(scores: Scores, studied: Sequence[str], agents: Sequence[str]) -> str:
    sizes = scores.blocks.groupby(["task", "agent"])["participant"].nunique()
    counts = "; ".join(
        f"{TASK_TITLES[task]} "
        + ", ".join(f"{look(a).label} {sizes[task, a]}" for a in agents if (task, a) in sizes)
        for task in studied
    )
    people = (
        " Black dashed line and grey band: people from the cited reference table, mean and 95 % confidence"
        " interval of the mean where it is known; in PVT response time the slope is the cited one. Black"
        " dotted line: unverified, a range of student samples as remembered, and the band is that range."
        " Black squares: commissions by thirds of an online go/no-go task (Self-Regulation Ontology), not of"
        " the SART itself. Sources are in the data file, where the column verified marks what was checked."
    )
    return (
        "Sustained attention over time on task, the same sessions for every agent. Points are means over"
        f" participants (n: {counts}), error bars 95 % bootstrap confidence intervals over participants."
        " Points are shown where at least half of them were still at work, and shifted sideways a little so"
        " that bars do not hide each other."
        + (people if any(_is_cited(scores, task, agents) for task in studied) else "")
    )
