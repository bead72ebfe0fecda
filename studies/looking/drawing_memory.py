"""Figures of how far back a network looks: time constants of forget gates, or attention by lag."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import NullFormatter

from ann.interpretation import time_constants
from studies.figures import SavedFigure, save_figure
from studies.looking.panels import COLOURS, line_with_band, words
from studies.looking.view import View

__all__ = ["draw_memory", "unit_time_constants"]

WIDTH_INCH = 7.4


def draw_memory(view: View, folder: Path) -> SavedFigure:
    """What the network can hold: time constants of units, or how weights fall off with the lag."""
    return _time_constants(view, folder) if "forget" in view.arrays else _lags(view, folder)


def unit_time_constants(view: View) -> pd.DataFrame:
    """Time constant of every unit from its mean forget gate, and from the 5 % and 95 % points of the gate.

    Returns
    -------
    DataFrame
        ``unit``, ``tau_s``, ``low_s``, ``high_s``, by ``tau_s``.
    """
    dt_s = float(view.arrays.attrs["dt_s"])
    low, high = np.quantile(view.arrays["forget"].values.astype(float), [0.05, 0.95], axis=(0, 1))
    with np.errstate(divide="ignore"):
        table = pd.DataFrame(
            {
                "unit": view.arrays["unit"].values,
                "tau_s": time_constants(view.arrays).values,
                "low_s": -dt_s / np.log(low),
                "high_s": -dt_s / np.log(high),
            }
        )
    return table.sort_values("tau_s", kind="stable", ignore_index=True)


def _time_constants(view: View, folder: Path) -> SavedFigure:
    table = unit_time_constants(view)
    fig, (left, right) = plt.subplots(1, 2, figsize=(WIDTH_INCH, 2.7))
    place = np.arange(len(table))
    left.vlines(place, table["low_s"], table["high_s"], color=COLOURS[1], alpha=0.35, linewidth=1.5)
    left.plot(place, table["tau_s"], "o", color=COLOURS[1], markersize=3.5)
    left.set_yscale("log")
    left.yaxis.set_major_formatter("{x:g}")
    left.yaxis.set_minor_formatter(NullFormatter())
    left.set_xlabel("unit, by its time constant")
    left.set_ylabel("time constant (s)")
    left.set_title("a  what each unit can hold")
    span_s = _span_s(view)
    if span_s > 0:
        label = f"first to last onset of a trial: {span_s:.2g} s"
        left.axhline(span_s, color="black", linewidth=0.8, linestyle="--", label=label)
        left.legend(fontsize=7, loc="lower right")
    data = [table.assign(panel="time_constants")]
    for k, (kind, held) in enumerate(view.conditions.items()):
        values = held["forget"].mean("unit").transpose("trial", "time").values
        drawn = line_with_band(right, view.time_s, values, COLOURS[k], words(kind))
        data.append(drawn.assign(panel="forget_gate", condition=kind))
    right.axvline(0.0, color="black", linewidth=0.6, linestyle=":")
    right.set_xlabel("time from the onset of the trial (s)")
    right.set_ylabel("forget gate, mean over units")
    right.set_title("b  when it holds and when it lets go")
    right.legend(fontsize=7, loc="best")
    n_longer = int((table["tau_s"] >= span_s).sum()) if span_s > 0 else 0
    longer = f" {n_longer} of {len(table)} units hold longer than the dashed line." if span_s > 0 else ""
    caption = (
        f"{view.agent} network, task {view.task}, seed {view.seed}. (a) Time constant of every unit, "
        f"\N{MINUS SIGN}dt / ln of its mean forget gate over {view.arrays.sizes['trial']} trials; bars: the "
        f"same from the 5 % and 95 % points of the gate over their steps.{longer} (b) Forget gate, mean over "
        "units; bands: 95 % confidence intervals of the mean over trials (Student's t; trials: "
        f"{view.counts}). One network."
    )
    return save_figure(fig, folder, "figure2_time_constants", pd.concat(data, ignore_index=True), caption)


def _lags(view: View, folder: Path) -> SavedFigure:
    weights, entropy = view.arrays["attention"], view.conditions[view.condition]["entropy"]
    lag_s = weights["lag"].values
    fig, (left, right) = plt.subplots(1, 2, figsize=(WIDTH_INCH, 2.7))
    data = []
    for k, (layer, head) in enumerate(
        (la, he) for la in weights["layer"].values for he in weights["head"].values
    ):
        name, colour = f"layer {layer + 1}, head {head + 1}", COLOURS[k % len(COLOURS)]
        profile = weights.sel(layer=layer, head=head).mean("time").transpose("trial", "lag").values
        drawn = line_with_band(left, lag_s, profile, colour, name).rename(columns={"time_s": "lag_s"})
        data.append(drawn.assign(panel="lag_profile", series=name))
        own = entropy.sel(layer=layer, head=head).transpose("trial", "time").values
        drawn = line_with_band(right, view.time_s, own, colour, name)
        data.append(drawn.assign(panel="entropy", series=name, condition=view.condition))
    left.axhline(1 / len(lag_s), color="black", linewidth=0.8, linestyle="--")
    left.set_ylim(bottom=0.0)
    left.set_xlabel("looking back (s)")
    left.set_ylabel("weight, mean over steps")
    left.set_title("a  how far back it looks")
    left.legend(fontsize=7, loc="best")
    right.axhline(np.log2(len(lag_s)), color="black", linewidth=0.8, linestyle="--")
    right.axvline(0.0, color="black", linewidth=0.6, linestyle=":")
    right.set_ylim(bottom=0.0)
    right.set_xlabel("time from the onset of the trial (s)")
    right.set_ylabel("entropy of the weights (bit)")
    right.set_title(f"b  how widely it looks, {words(view.condition)}")
    caption = (
        f"{view.agent} network, task {view.task}, seed {view.seed}. (a) Attention weight by how far it looks "
        f"back, mean over the steps of {view.arrays.sizes['trial']} trials; (b) entropy of the weights of "
        f"every step, mean over trials of {words(view.condition)}. Dashed: even weights over the window of "
        f"{len(lag_s)} steps. Bands: 95 % confidence intervals of the mean over trials (Student's t; trials: "
        f"{view.counts}). {_reach(view)} One network."
    )
    return save_figure(fig, folder, "figure2_lags", pd.concat(data, ignore_index=True), caption)


def _reach(view: View) -> str:
    weights = view.arrays["attention"]
    reach_s = weights.sizes["layer"] * float(weights["lag"].values[-1])
    text = f"All layers together reach back {reach_s:.3g} s."
    own = view.events[view.events["own"]].sort_values("start_s")
    gap_s = float(own["start_s"].iloc[-1] - own["stop_s"].iloc[0]) if len(own) else 0.0
    if gap_s > reach_s:
        text += (
            f" The last event of the trial begins {gap_s:.3g} s after the end of the first: nothing of the "
            "first can be seen any more by then."
        )
    return text


def _span_s(view: View) -> float:
    """From the first to the last onset of an event of the trial (s)."""
    own = view.events.loc[view.events["own"], "start_s"]
    return float(own.max() - own.min()) if len(own) else 0.0
