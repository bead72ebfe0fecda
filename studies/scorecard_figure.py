"""The scorecard as a figure: rows are effects, columns agents, a cell says whether people do that too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from bridges.measures import Interval
from studies.figures import SavedFigure, look, save_figure
from studies.scorecard import IN_BAND, NO_BAND, NOT_MEASURED, OUTSIDE, SET

__all__ = ["draw_scorecard", "number", "with_interval"]

# blue and orange differ for every kind of colour vision; the sign says the same again
FILLS = {IN_BAND: "#CFE3F2", OUTSIDE: "#FBE0CC", NO_BAND: "#F4F4F4", NOT_MEASURED: "#FFFFFF", SET: "#F4F4F4"}
SIGNS = {IN_BAND: "●", OUTSIDE: "○", NO_BAND: "", NOT_MEASURED: "", SET: ""}


def draw_scorecard(
    card: pd.DataFrame,
    titles: dict[str, str],
    agents: Sequence[str],
    folder: Path,
    name: str = "figure4_scorecard",
) -> SavedFigure:
    """Draw and save the scorecard.

    Parameters
    ----------
    card
        Table as `scorecard.scorecard` makes it.
    titles
        How to write each task.
    agents
        Columns, in order.
    folder
        Where to.
    name
        File name without ending.
    """
    rows = card[["task", "measure", "label", "unit", "human", "low", "high", "band_kind"]].drop_duplicates()
    columns = [agent for agent in agents if agent in set(card["agent"])]
    fig, axes = plt.subplots(figsize=(2.9 + 0.95 * (len(columns) + 1), 0.42 * len(rows) + 0.9))
    for y, (_, row) in enumerate(rows.iterrows()):
        _text(axes, -0.1, y, f"{titles[row.task]}: {_minus(row.label)}{_unit(row.unit)}", align="right")
        band = f"{number(row.low)} to {number(row.high)}" if np.isfinite(row.low) else "–"
        _cell(axes, 0, y, number(row.human), band, "#FFFFFF")
        for x, agent in enumerate(columns, start=1):
            found = card[
                (card["task"] == row.task) & (card["measure"] == row.measure) & (card["agent"] == agent)
            ]
            if len(found):
                cell = found.iloc[0]
                lower = (
                    SET
                    if cell["reached"] == SET
                    else f"[{number(cell['ci_low'])}, {number(cell['ci_high'])}]"
                )
                _cell(
                    axes,
                    x,
                    y,
                    f"{number(cell['value'])} {SIGNS[cell['reached']]}",
                    lower,
                    FILLS[cell["reached"]],
                )
    heads = ["people\n(mean, band)", *(_head(agent) for agent in columns)]
    for x, head in enumerate(heads):
        colour = "black" if x == 0 else look(columns[x - 1]).ink
        axes.text(x + 0.5, -0.12, head, ha="center", va="bottom", color=colour, fontsize=7.5)
    axes.set_xlim(0, len(columns) + 1)
    axes.set_ylim(len(rows), -1.1)
    axes.axis("off")
    return save_figure(fig, folder, name, card, _caption(card, columns))


def _head(agent: str) -> str:
    words = (
        look(agent).label.replace(", no self-", ",\nno self-\n").replace(", ", ",\n").replace(" + ", "\n+ ")
    )
    return words


def number(value: float) -> str:
    """A number with three figures; an en dash for none."""
    if not np.isfinite(value):
        return "–"
    places = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{places}f}".replace("-", "\N{MINUS SIGN}")


def _minus(label: str) -> str:
    return label.replace(" - ", " \N{MINUS SIGN} ")


def _unit(unit: str) -> str:
    return "" if unit in ("", "1", "z", "fraction") else f" ({unit})"


def _cell(axes: Axes, x: float, y: float, above: str, below: str, fill: str) -> None:
    axes.add_patch(Rectangle((x + 0.02, y + 0.03), 0.96, 0.94, facecolor=fill, edgecolor="0.85", lw=0.5))
    axes.text(x + 0.5, y + 0.34, above, ha="center", va="center", fontsize=7.5)
    axes.text(x + 0.5, y + 0.72, below, ha="center", va="center", fontsize=5.8, color="0.25")


def _text(axes: Axes, x: float, y: float, text: str, align: str) -> None:
    axes.text(x, y + 0.5, text, ha=align, va="center", fontsize=7.5)


def _caption(card: pd.DataFrame, columns: Sequence[str]) -> str:
    counts = card.groupby("agent")["n"].max()
    each = ", ".join(f"{look(agent).label} {counts[agent]}" for agent in columns)
    return (
        "Effects (rows) of every agent (columns) beside people. Upper line: mean over participants; lower"
        f" line: 95 % bootstrap confidence interval over participants. n: {each}. Blue and ●: the mean"
        " lies in the human band; orange and ○: outside; grey: no band, or set by"
        " calibration and so no prediction. The band is the acceptance band"
        " of the human reference where there is one, else the human mean ± 1 SD between people, else the"
        " interval of the mean; kinds and sources are in the data file."
    )


def with_interval(interval: Interval) -> str:
    """A mean and its interval, for a cell of a table."""
    return f"{number(interval.estimate)} [{number(interval.low)}, {number(interval.high)}]"
