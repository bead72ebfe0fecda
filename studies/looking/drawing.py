"""Figures of the trial itself, and of what is the same in every kind of network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from studies.figures import SavedFigure, save_figure
from studies.looking.panels import (
    COLOURS,
    channels,
    colour_bar,
    heat,
    line_with_band,
    mark,
    numbers,
    odds,
    words,
)
from studies.looking.view import View

__all__ = ["draw_conditions", "draw_trial", "symmetric"]

WIDTH_INCH = 7.4
EVENTS_KEY = (
    "Orange outlines are the true events of the trial, grey ones those of its neighbours; dotted lines are "
    "onsets of its events. Dashed: the step of the decision"
)
GATES = {"input": "input gate", "forget": "forget gate", "output": "output gate"}


def draw_trial(view: View, folder: Path) -> SavedFigure:
    """One trial from input to log-odds: gates, cell and hidden state, or attention of every head."""
    one, time_s = view.one, view.time_s
    n_channels = one.sizes["channel"]
    gated = "cell" in one
    heads = [] if gated else _heads(one)
    inner = 5 if gated else len(heads) + 1
    heights = [max(0.17 * n_channels, 0.6), *[0.95 if gated else 1.15] * inner, 1.25]
    fig, axes = plt.subplots(
        len(heights), 1, sharex=True, figsize=(WIDTH_INCH, sum(heights) + 1.0), height_ratios=heights
    )
    data = [_perceived(axes[0], view)]
    data += _gates(axes[1:6], view) if gated else _attention(axes[1:-1], view, heads)
    odds(
        axes[-1],
        one["log_odds"].transpose("time", "response").values,
        time_s,
        [str(name) for name in one["response"].values],
    )
    axes[-1].set_ylabel("log-odds (nat)")
    axes[-1].set_title("what it makes of it")
    axes[-1].set_xlabel("time from the onset of the trial (s)")
    data.append(numbers("log_odds", one["log_odds"], "response"))
    mark(axes, view.events, view.decision_s, view.decided.press_s)
    inside = (
        "States are shown less the median of each unit. Units are sorted by the time at which their cell is "
        "furthest from its median, in the mean over "
        f"{view.conditions[view.condition].sizes['trial']} trials of the condition; one order in all panels."
        if gated
        else "Attention: colour is the weight that the step (across) gives to what lies so far back (up); "
        "the weights of a step sum to 1. Hidden states are shown less the median of each unit; "
        "units are sorted by the time of their peak in the mean over trials of the condition."
    )
    caption = f"{view.sentence} {_key(view)} {inside} One trial; no error bars."
    return save_figure(fig, folder, "figure1_trial", pd.concat(data, ignore_index=True), caption)


def draw_conditions(view: View, folder: Path) -> SavedFigure:
    """Means over trials of each condition: log-odds, and cell states or attention of every head."""
    several = view.conditions
    heads = [] if "cell" in view.arrays else _heads(view.one)
    n_rows = 1 + max(len(heads), 1)
    fig, axes = plt.subplots(
        n_rows,
        len(several),
        sharex=True,
        sharey="row",
        squeeze=False,
        figsize=(max(1.85 * len(several) + 0.6, 4.0), 1.6 + 1.5 * (n_rows - 1) + 0.5),
    )
    data = []
    for column, (kind, held) in enumerate(several.items()):
        ax = axes[0, column]
        for k, name in enumerate(held["response"].values):
            values = held["log_odds"].sel(response=name).transpose("trial", "time").values
            colour = COLOURS[k % len(COLOURS)]
            drawn = line_with_band(ax, view.time_s, values, colour, words(str(name)), str(name))
            data.append(drawn.assign(panel="log_odds", condition=kind, series=name, per="response"))
        ax.axhline(0.0, color="black", linewidth=0.5, zorder=0)
        ax.set_title(f"{words(kind)} (n = {held.sizes['trial']})")
        axes[-1, column].set_xlabel("time from onset (s)")
    axes[0, 0].set_ylabel("log-odds (nat)")
    data += _mean_images(axes[1:], view, heads, several)
    columns = 3 if len(several) < 3 else 6
    named = axes[0, 0].get_legend_handles_labels()
    fig.legend(*named, loc="outside lower center", ncols=columns, fontsize=7)
    labels = [f"{_name(head)}\nlooking back (s)" for head in heads] or ["unit (sorted)"]
    for ax, label in zip(axes[1:, 0], labels, strict=True):
        ax.set_ylabel(label)
    for ax in axes.flat:
        ax.axvline(0.0, color="black", linewidth=0.6, linestyle=":")
    what = "cell states (less the median of each unit)" if not heads else "attention weights"
    caption = (
        f"{view.agent} network, task {view.task}, seed {view.seed}: mean log-odds and mean {what} over "
        f"trials of each condition, spread over one session of one network ({view.counts}); time 0 is the "
        "onset of the trial (to one step). Bands: 95 % confidence intervals of the mean over trials "
        "(Student's t); images: means alone."
        + ("" if heads else f" Units in the order of figure 1, which condition {words(view.condition)} sets.")
    )
    return save_figure(fig, folder, "figure3_conditions", pd.concat(data, ignore_index=True), caption)


def symmetric(values: np.ndarray, share: float = 99.5) -> tuple[float, float]:
    """Span of colours with 0 in the middle that leaves out the most extreme values."""
    most = float(np.percentile(np.abs(values), share)) or 1.0
    return -most, most


def _key(view: View) -> str:
    if np.isfinite(view.decided.press_s):
        return f"{EVENTS_KEY}; triangle: the press, later by the non-decision time."
    return f"{EVENTS_KEY}, here the typical one, since nothing was pressed."


def _perceived(ax: Axes, view: View) -> pd.DataFrame:
    values = view.one["perceived"].transpose("channel", "time")
    names = [str(name) for name in values["channel"].values]
    channels(ax, values.values, view.time_s, names, view.events, (0.0, 1.5), "Greys", "level")
    ax.set_title("what it perceives (events with the noise of its senses)")
    return numbers("perceived", values, "channel")


def _gates(axes: Sequence[Axes], view: View) -> list[pd.DataFrame]:
    data = []
    for ax, name in zip(axes, [*GATES, "cell", "hidden"], strict=True):
        values = view.one[name] - view.rest[name] if name in view.rest else view.one[name]
        values = values.isel(unit=view.order)
        image = values.transpose("unit", "time").values
        if name in GATES:
            colour_bar(heat(ax, image, view.time_s, (0.0, 1.0), "viridis"), ax, "share")
        else:
            colour_bar(heat(ax, image, view.time_s, symmetric(image), "RdBu_r"), ax, "difference")
        ax.set_title(GATES.get(name, f"{name} state, from its median"))
        ax.set_ylabel("unit")
        data.append(numbers(name, values, "unit"))
    return data


def _attention(axes: Sequence[Axes], view: View, heads: list[tuple[int, int]]) -> list[pd.DataFrame]:
    data = []
    for ax, (layer, head) in zip(axes[:-1], heads, strict=True):
        values = view.one["attention"].sel(layer=layer, head=head)
        colour_bar(_map(ax, values, view.time_s, _most(view.one["attention"].values)), ax, "weight")
        ax.set_title(f"attention, {_name((layer, head))}")
        ax.set_ylabel("looking back (s)")
        data.append(numbers(f"attention_layer{layer}_head{head}", values, "lag"))
    values = (view.one["hidden"] - view.rest["hidden"]).isel(unit=view.order)
    image = values.transpose("unit", "time").values
    colour_bar(heat(axes[-1], image, view.time_s, symmetric(image), "RdBu_r"), axes[-1], "difference")
    axes[-1].set_title("hidden state after the last layer, from its median")
    axes[-1].set_ylabel("unit")
    return [*data, numbers("hidden", values, "unit")]


def _mean_images(
    grid: np.ndarray, view: View, heads: list[tuple[int, int]], several: Mapping[str, xr.Dataset]
) -> list[pd.DataFrame]:
    """Rows of images, one column a condition, with one scale of colours for all conditions."""
    means = {kind: held.mean("trial") for kind, held in several.items()}
    data = []
    if not heads:
        away = {k: (one["cell"] - view.rest["cell"]).isel(unit=view.order) for k, one in means.items()}
        span = symmetric(np.stack([cells.values for cells in away.values()]))
        for ax, (kind, cells) in zip(grid[0], away.items(), strict=True):
            image = heat(ax, cells.transpose("unit", "time").values, view.time_s, span, "RdBu_r")
            data.append(numbers("cell", cells, "unit").assign(condition=kind))
        colour_bar(image, list(grid[0]), "cell state, from its median")
        return data
    most = _most(np.stack([one["attention"].values for one in means.values()]))
    for line, (layer, head) in zip(grid, heads, strict=True):
        for ax, (kind, one) in zip(line, means.items(), strict=True):
            values = one["attention"].sel(layer=layer, head=head)
            image = _map(ax, values, view.time_s, most)
            data.append(numbers(f"attention_layer{layer}_head{head}", values, "lag").assign(condition=kind))
        colour_bar(image, list(line), "weight")
    return data


def _map(ax: Axes, values: xr.DataArray, time_s: np.ndarray, most: float) -> AxesImage:
    lag_s = values["lag"].values
    half = (lag_s[1] - lag_s[0]) / 2 if len(lag_s) > 1 else 0.5
    image = values.transpose("lag", "time").values
    return heat(ax, image, time_s, (0.0, most), "magma_r", (-half, lag_s[-1] + half))


def _most(weights: np.ndarray) -> float:
    return float(np.nanpercentile(weights, 99.5))


def _heads(arrays: xr.Dataset) -> list[tuple[int, int]]:
    return [(int(layer), int(head)) for layer in arrays["layer"].values for head in arrays["head"].values]


def _name(head: tuple[int, int]) -> str:
    return f"layer {head[0] + 1}, head {head[1] + 1}"
