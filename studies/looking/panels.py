"""Panels that the figures are made of: each draws on axes and returns the numbers it drew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from scipy import stats

__all__ = ["COLOURS", "channels", "colour_bar", "heat", "line_with_band", "mark", "numbers", "odds", "words"]

COLOURS = ("#D55E00", "#0072B2", "#CC79A7", "#009E73", "#E69F00", "#56B4E9", "#7F7F7F", "#000000")
"""Of responses, conditions and heads, in their order."""

OWN_EVENT, OTHER_EVENT = "#D55E00", "#7F7F7F"
CONFIDENCE = 0.95


def heat(
    ax: Axes,
    values: np.ndarray,
    time_s: np.ndarray,
    span: tuple[float, float],
    colours: str,
    rows: tuple[float, float] | None = None,
) -> AxesImage:
    """An image of (row, time), the first row at the bottom.

    Parameters
    ----------
    ax
        Where to.
    values
        Shape (row, time).
    time_s
        Start of every step (s).
    span
        Values of the lowest and the highest colour.
    colours
        Colour map.
    rows
        Lower and upper edge of the rows; None: their numbers.
    """
    low, high = rows or (-0.5, len(values) - 0.5)
    return ax.imshow(
        values,
        aspect="auto",
        origin="lower",
        extent=(time_s[0], time_s[-1] + _step(time_s), low, high),
        vmin=span[0],
        vmax=span[1],
        cmap=colours,
        interpolation="none",
        rasterized=True,
    )


def colour_bar(image: AxesImage, axes: Axes | Sequence[Axes], label: str) -> None:
    """What the colours of an image mean, beside the axes that share them."""
    bar = plt.colorbar(image, ax=axes, pad=0.01, fraction=0.03, aspect=14)
    bar.set_label(label, fontsize=7)
    bar.ax.tick_params(labelsize=6.5, width=0.5, length=2)
    bar.outline.set_linewidth(0.5)


def channels(
    ax: Axes,
    values: np.ndarray,
    time_s: np.ndarray,
    names: Sequence[str],
    events: pd.DataFrame,
    span: tuple[float, float],
    colours: str,
    bar: str,
) -> None:
    """An image of (channel, time), the first channel on top, with the true events as outlines."""
    colour_bar(heat(ax, values[::-1], time_s, span, colours), ax, bar)
    place = {name: len(names) - 1 - k for k, name in enumerate(names)}
    for event in events.to_dict("records"):
        ax.add_patch(
            Rectangle(
                (event["start_s"], place[event["channel"]] - 0.46),
                event["stop_s"] - event["start_s"],
                0.92,
                fill=False,
                linewidth=0.9,
                edgecolor=OWN_EVENT if event["own"] else OTHER_EVENT,
            )
        )
    ax.set_yticks(list(place.values()), [words(name) for name in place], fontsize=7 if len(names) < 9 else 5)
    ax.tick_params(axis="y", length=0)


def odds(ax: Axes, values: np.ndarray, time_s: np.ndarray, names: Sequence[str]) -> None:
    """Lines of log-odds, shape (time, response), with a legend above; "none" is dashed."""
    for k, name in enumerate(names):
        ax.plot(time_s, values[:, k], color=COLOURS[k % len(COLOURS)], label=words(name), **_dash(name))
    ax.axhline(0.0, color="black", linewidth=0.5, zorder=0)
    # beside it the legend would push the colour bars of the other panels away
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 0.98), fontsize=7, ncols=6, handlelength=1.4)


def line_with_band(
    ax: Axes, time_s: np.ndarray, values: np.ndarray, colour: str, label: str, name: str = ""
) -> pd.DataFrame:
    """Mean over trials, shape (trial, time), with the 95 % interval of Student's t as a band.

    Returns
    -------
    DataFrame
        ``time_s``, ``mean``, ``ci_low``, ``ci_high``, ``n``.
    """
    n = len(values)
    mean = values.mean(axis=0)
    half = np.full(mean.shape, np.nan)
    if n > 1:
        half = stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * values.std(axis=0, ddof=1) / np.sqrt(n)
        ax.fill_between(time_s, mean - half, mean + half, color=colour, alpha=0.25, linewidth=0)
    ax.plot(time_s, mean, color=colour, label=label, **_dash(name))
    return pd.DataFrame(
        {"time_s": time_s, "mean": mean, "ci_low": mean - half, "ci_high": mean + half, "n": n}
    )


def mark(
    axes: Sequence[Axes], events: pd.DataFrame, decision_s: float | None = None, press_s: float = np.nan
) -> None:
    """Onsets of the trial's events as dotted lines, the decision as a dashed one, the press as a triangle.

    The triangle is drawn in the last of the axes.
    """
    for ax in axes:
        for start_s in sorted(set(events.loc[events["own"], "start_s"])):
            ax.axvline(start_s, color="black", linewidth=0.6, linestyle=":")
        if decision_s is not None:
            ax.axvline(decision_s, color="black", linewidth=0.8, linestyle="--")
    if np.isfinite(press_s):
        low, high = axes[-1].get_ylim()
        axes[-1].plot(press_s, low, "^", color="black", markersize=6, clip_on=False, zorder=5)
        axes[-1].set_ylim(low, high)


def numbers(panel: str, values: xr.DataArray, row: str) -> pd.DataFrame:
    """Numbers of a panel in long form: ``panel``, ``series`` (named by `row`), ``time_s``, ``mean``."""
    table = values.transpose(row, "time").to_series().rename("mean").reset_index()
    table = table.rename(columns={"time": "time_s", row: "series"}).assign(panel=panel, per=row)
    return table.round({"time_s": 6, "mean": 5})[["panel", "per", "series", "time_s", "mean"]]


def words(name: str) -> str:
    """A name for people to read."""
    return name.replace("_", " ")


def _dash(name: str) -> dict[str, Any]:
    return {"linewidth": 1.2, "linestyle": "--" if name.startswith("none") else "-"}


def _step(time_s: np.ndarray) -> float:
    return float(time_s[1] - time_s[0]) if len(time_s) > 1 else 1.0
