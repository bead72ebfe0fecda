"""Figures of curves: one panel a measure, every agent beside people, with intervals over participants."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bridges.human.reference import effects, tasks
from bridges.measures import bootstrap_band
from studies.figures import SavedFigure, look, save_figure
from studies.scores import Scores, labelled

__all__ = ["Cited", "Panel", "draw_panels", "mean_curve"]

RESAMPLES = 2000
SERIES_STYLES = (("-", "full"), ("--", "none"), (":", "none"))
CITED = "human (cited)"
LONG = 26
"""Labels with more characters than this leave no room for a fourth beside three of them."""


@dataclass(frozen=True)
class Cited:
    """Points of people in the reference table.

    Parameters
    ----------
    measure
        Name there.
    pattern
        Of the conditions, with the place on the x-axis as its group.
    """

    measure: str
    pattern: str


@dataclass(frozen=True)
class Panel:
    """One panel.

    Parameters
    ----------
    task, measure
        What is drawn, as in the curves of the scores.
    title, x_label
        For people to read.
    series
        Which series, in the order of line styles (solid, dashed, dotted).
    against
        Measure that gives the place on the x-axis instead of the point's own; empty: its own.
    cited
        People's values where their trials are not at hand.
    ticks
        Names of the places 0, 1, ... of the x-axis; empty for numbers.
    y_label
        Empty: from the measure.
    beside
        Draws what belongs to the panel besides the curves.
    legend
        Whether to say in the panel which line style is which series.
    """

    task: str
    measure: str
    title: str
    x_label: str
    series: tuple[str, ...] = ("",)
    against: str = ""
    cited: Cited | None = None
    ticks: tuple[str, ...] = ()
    y_label: str = ""
    beside: Callable[[Axes, Scores, Sequence[str]], None] | None = None
    legend: bool = False


def draw_panels(
    scores: Scores,
    panels: Sequence[Panel],
    agents: Sequence[str],
    folder: Path,
    name: str,
    caption: str,
    columns: int = 3,
) -> SavedFigure | None:
    """Draw and save the panels whose task somebody performed; None if there is none.

    Parameters
    ----------
    scores
        What was measured.
    panels
        In order.
    agents
        Names to draw; people (``"human"``) from their trials or scores, else from the reference table.
    folder, name
        Where to, and file name without ending.
    caption
        What is shown; numbers of participants and what the bars are is added.
    columns
        Panels in a row.
    """
    present = [agent for agent in agents if (scores.curves["agent"] == agent).any()]
    shown = [panel for panel in panels if (scores.curves["task"] == panel.task).any()]
    if not shown or not present:
        return None
    columns = min(columns, len(shown))
    rows = -(-len(shown) // columns)
    # one panel is wider, or the legend would not fit above it
    width = 2.47 * columns if columns > 1 else 3.6
    fig, grid = plt.subplots(rows, columns, figsize=(width, 2.15 * rows + 0.6), squeeze=False)
    data = []
    for axes, letter, panel in zip(grid.flat, "abcdefghijklmnop", shown, strict=False):
        data.append(_draw(axes, scores, panel, agents))
        axes.set_title(f"{letter}  {panel.title}", fontweight="normal", fontsize=8.5)
    for axes in list(grid.flat)[len(shown) :]:
        axes.axis("off")
    handles: dict[str, Artist] = {}
    for axes in grid.flat:
        handles |= {label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    beside = columns if any(len(label) > LONG for label in handles) else min(columns + 1, 4)
    fig.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=beside, fontsize=7.5)
    table = pd.concat([part for part in data if len(part)], ignore_index=True)
    return save_figure(fig, folder, name, table, f"{caption} {_bars(scores, present)}")


def mean_curve(scores: Scores, task: str, agent: str, measure: str, series: str) -> pd.DataFrame:
    """Mean over participants with its bootstrap interval: x, estimate, low, high, n, n_missing."""
    table = scores.curves
    own = table[(table["task"] == task) & (table["agent"] == agent) & (table["measure"] == measure)]
    own = own[own["series"].astype(str) == series]
    if own.empty:
        return pd.DataFrame(columns=["x", "estimate", "low", "high", "n", "n_missing"])
    wide = own.pivot(index="participant", columns="x", values="value")
    band = bootstrap_band(wide.to_numpy(dtype=float), n=RESAMPLES)
    band.insert(0, "x", wide.columns.to_numpy(dtype=float))
    return band


def _draw(axes: Axes, scores: Scores, panel: Panel, agents: Sequence[str]) -> pd.DataFrame:
    rows = [_draw_cited(axes, scores, panel)] if "human" in agents else []
    for agent in agents:
        style = look(agent)
        for series, (line, fill) in zip(panel.series, SERIES_STYLES, strict=False):
            points = _placed(scores, panel, agent, series).dropna(subset=["x", "estimate"])
            if points.empty:
                continue
            error = [points["estimate"] - points["low"], points["high"] - points["estimate"]]
            axes.errorbar(
                points["x"],
                points["estimate"],
                yerr=np.nan_to_num(np.array(error, dtype=float)).clip(0),
                xerr=_spread(points),
                color=style.colour,
                marker=style.marker,
                fillstyle=fill,
                linestyle=line if len(panel.series) > 1 else style.line,
                elinewidth=0.7,
                ms=4,
                lw=1.2,
                label=style.label if series == panel.series[0] else None,
            )
            for end in ("low", "high"):
                # a legend looks for room beside lines, which error bars are not
                axes.plot(points["x"], points[end], ls="none")
            rows.append(points.assign(agent=agent, series=series, source="this run"))
    if panel.legend:
        styles = [
            Line2D([], [], color="0.3", lw=1.0, ls=line) for line, _ in SERIES_STYLES[: len(panel.series)]
        ]
        axes.add_artist(axes.legend(styles, panel.series, fontsize=6.5, handlelength=1.8, loc="best"))
    if panel.beside is not None:
        panel.beside(axes, scores, agents)
    axes.set_xlabel(panel.x_label)
    axes.set_ylabel(panel.y_label or labelled(panel.measure), fontsize=7.5)
    if panel.ticks:
        axes.set_xticks(range(len(panel.ticks)), panel.ticks, fontsize=7)
    there = [part for part in rows if len(part)]
    if not there:
        return pd.DataFrame()
    return pd.concat(there, ignore_index=True).assign(task=panel.task, measure=panel.measure)


def _placed(scores: Scores, panel: Panel, agent: str, series: str) -> pd.DataFrame:
    points = mean_curve(scores, panel.task, agent, panel.measure, series)
    if not panel.against or points.empty:
        return points
    across = mean_curve(scores, panel.task, agent, panel.against, series).set_index("x").reindex(points["x"])
    ends = {f"x_{end}": across[end].to_numpy() for end in ("low", "high")}
    return points.assign(point=points["x"], x=across["estimate"].to_numpy(), **ends)


def _spread(points: pd.DataFrame) -> np.ndarray | None:
    """Half-widths of the intervals along the x-axis, where the place is a measure too."""
    if "x_low" not in points:
        return None
    error = [points["x"] - points["x_low"], points["x_high"] - points["x"]]
    return np.nan_to_num(np.array(error, dtype=float)).clip(0)


def _draw_cited(axes: Axes, scores: Scores, panel: Panel) -> pd.DataFrame:
    """People's points where neither trials nor scores of theirs are at hand."""
    table = scores.curves
    measured = table[(table["task"] == panel.task) & (table["agent"] == "human")]
    if panel.cited is None or panel.measure in set(measured["measure"]) or panel.task not in tasks():
        return pd.DataFrame()
    rows = []
    for one in effects(panel.task):
        found = re.fullmatch(panel.cited.pattern, one.condition)
        if one.measure == panel.cited.measure and found:
            low, high = one.interval or (np.nan, np.nan)
            place = {"x": float(found[1]), "estimate": one.value, "low": low, "high": high}
            rows.append({**place, "n": one.n, "source": one.source, "verified": one.verified})
    if not rows:
        return pd.DataFrame()
    points = pd.DataFrame(rows).sort_values("x")
    error = np.nan_to_num([points["estimate"] - points["low"], points["high"] - points["estimate"]]).clip(0)
    style = look("human")
    axes.errorbar(
        points["x"],
        points["estimate"],
        yerr=error,
        color=style.colour,
        marker=style.marker,
        mfc="white",
        ls=(0, (6, 2)),
        ms=4,
        lw=1.0,
        elinewidth=0.7,
        label=CITED,
    )
    return points.assign(agent=CITED, series="")


def _bars(scores: Scores, agents: Sequence[str]) -> str:
    sizes = scores.curves.groupby("agent")["participant"].nunique()
    each = ", ".join(f"{look(agent).label} {sizes[agent]}" for agent in agents)
    return (
        "Points are means over participants, error bars 95 % bootstrap intervals over participants;"
        f" n: {each}. People from the cited reference table, where drawn, with the interval of the mean where"
        " it is known; their sources are in the data file."
    )
