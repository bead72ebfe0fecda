"""Figure of which inputs made the decision."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from scipy import stats

from studies.figures import SavedFigure, save_figure
from studies.looking.drawing import symmetric
from studies.looking.panels import COLOURS, CONFIDENCE, channels, mark, numbers, words
from studies.looking.view import View

__all__ = ["draw_saliency", "relative_error", "sums_by_channel"]

WIDTH_INCH = 7.4
MOST_CHANNELS = 6


def relative_error(found: xr.Dataset) -> float:
    """Largest completeness error, as a share of the largest change of the output."""
    return float(np.abs(found["completeness_error"]).max() / np.abs(found["change"]).max())


def sums_by_channel(found: xr.Dataset) -> pd.DataFrame:
    """Attribution of each channel, summed over time: mean over trials of each condition.

    Parameters
    ----------
    found
        Saliency of trials, with coordinate ``condition`` (trial).

    Returns
    -------
    DataFrame
        ``condition``, ``channel``, ``mean``, ``ci_low``, ``ci_high`` (95 %, Student's t over trials; NaN for
        a single trial), ``n``.
    """
    rows = []
    for kind in dict.fromkeys(sorted(found["condition"].values.tolist())):
        sums = found["attribution"].isel(trial=found["condition"].values == kind).sum("time")
        n = sums.sizes["trial"]
        for name in found["channel"].values:
            values = sums.sel(channel=name).values
            half = np.nan
            if n > 1:
                half = stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * values.std(ddof=1) / np.sqrt(n)
            mean = values.mean()
            rows.append((str(kind), str(name), mean, mean - half, mean + half, n))
    return pd.DataFrame(rows, columns=["condition", "channel", "mean", "ci_low", "ci_high", "n"])


def draw_saliency(view: View, found: xr.Dataset, folder: Path) -> SavedFigure:
    """Attribution of one trial over time, and sums by channel in every condition.

    Parameters
    ----------
    view
        What was looked at.
    found
        Saliency of the trial and of others, with coordinate ``condition`` (trial).
    folder
        Where to.
    """
    own = found.sel(trial=view.trial)
    n_channels = own.sizes["channel"]
    fig, (top, bottom) = plt.subplots(
        2, 1, figsize=(WIDTH_INCH, 0.2 * n_channels + 3.6), height_ratios=(max(0.2 * n_channels, 0.8), 2.0)
    )
    values = own["attribution"].transpose("channel", "time")
    names = [str(name) for name in values["channel"].values]
    span = symmetric(values.values, 99.9)
    channels(top, values.values, view.time_s, names, view.events, span, "PuOr_r", "nat a step")
    mark([top], view.events, view.decision_s)
    outcome = words(view.decided.outcome)
    top.set_title(f'a  what made the log-odds of "{outcome}" in trial {view.trial} ({words(view.condition)})')
    top.set_xlabel("time from the onset of the trial (s)")
    table = sums_by_channel(found)
    _bars(bottom, table)
    bottom.set_title(f'b  summed over time: for "{outcome}" (above 0) or against it')
    change, error = float(own["change"]), float(own["completeness_error"])
    data = [numbers("attribution", values, "channel"), table.assign(panel="sums", series=table["channel"])]
    counts = ", ".join(
        f"{words(str(kind))} {n}" for kind, n in table.groupby("condition")["n"].first().items()
    )
    caption = (
        f'{view.sentence} Integrated gradients of the log-odds of "{outcome}" at the step of the decision '
        "(dashed), from the mean input of the session to what was perceived; what came before the stretch is "
        f"held. {_points(found)} points. (a) The trial: the log-odds change by {change:.3g} nat, "
        f"the attributions miss that by {error:.1e}. (b) Sums over time of the same log-odds, each trial at "
        "its own decision (the typical time where nothing was pressed); bars: means, error bars: 95 % "
        f"confidence intervals over trials (Student's t; trials: {counts}); largest completeness error "
        f"{relative_error(found):.1e} of the largest change. One network."
    )
    return save_figure(fig, folder, "figure4_saliency", pd.concat(data, ignore_index=True), caption)


def _points(found: xr.Dataset) -> str:
    fewest, most = int(found["n_points"].min()), int(found["n_points"].max())
    return f"{fewest}" if fewest == most else f"{fewest} to {most}"


def _bars(ax: Axes, table: pd.DataFrame) -> None:
    strongest = table.assign(size=table["mean"].abs()).groupby("channel", sort=False)["size"].max()
    kept = set(strongest.nlargest(MOST_CHANNELS).index)
    shown = [name for name in strongest.index if name in kept]
    kinds = list(dict.fromkeys(table["condition"]))
    width = 0.8 / len(shown)
    for k, name in enumerate(shown):
        mine = table[table["channel"] == name]
        place = np.arange(len(kinds)) + (k - (len(shown) - 1) / 2) * width
        ax.bar(place, mine["mean"], width, color=COLOURS[k], label=words(name))
        half = (mine["ci_high"] - mine["mean"]).to_numpy()
        known = np.isfinite(half)
        ax.errorbar(
            place[known],
            mine["mean"].to_numpy()[known],
            half[known],
            fmt="none",
            ecolor="black",
            linewidth=0.8,
        )
    ax.axhline(0.0, color="black", linewidth=0.5)
    ax.set_xticks(range(len(kinds)), [words(kind) for kind in kinds])
    ax.set_ylabel("attribution (nat)")
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=6, fontsize=7)
