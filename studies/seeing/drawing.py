"""Figures of the study of vision."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from ann.vision import VisionNetwork
from bridges.measures import bootstrap_ci
from bridges.stimuli.rendering import (
    CAPITAL_SHARE,
    NOTHING_SHOWN,
    STIMULI,
    TASK_SCENES,
    Rendering,
    stimulus_set,
)
from bridges.stimuli.sprites import UNSEEN_FONTS
from studies.figures import SavedFigure, save_figure

__all__ = [
    "draw_accuracy",
    "draw_confusions",
    "draw_contact_sheet",
    "draw_features",
    "draw_levels",
    "draw_sensitivity",
]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F", "#000000")
MARKERS = ("o", "s", "D", "^")
SHEET_COLUMNS = 10
WINDOW_S = 12.0
TASK_NAMES = {"sart": "SART", "cpt_x": "CPT-X", "flanker": "flanker"}


def draw_contact_sheet(seed: int, folder: Path) -> SavedFigure:
    """What the stimuli look like: every kind at the noise of the standard rendering and at more."""
    rows = _sheet_rows()
    fig, grid = plt.subplots(len(rows), SHEET_COLUMNS, figsize=(7.4, 0.78 * len(rows)), squeeze=False)
    data = []
    rng = np.random.default_rng(seed)
    for line, (title, name, variants, size_px, noise_sd) in zip(grid, rows, strict=True):
        unseen = title.startswith("unseen")
        stimuli = stimulus_set(name, unseen)
        known = {variant: k for k, variant in enumerate(stimuli.variants)}
        chosen = np.array([known[one] for one in variants])
        size = np.broadcast_to(size_px, chosen.shape).astype(float)
        images = stimuli.render_variants(chosen, size, Rendering(noise_sd=noise_sd), rng).image
        for axes, image in zip(line, images, strict=True):
            axes.imshow(image, cmap="gray", vmin=-1, vmax=1, interpolation="none")
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines[:].set_visible(False)
        line[0].set_ylabel(title, fontsize=6.5, rotation=0, ha="right", va="center", labelpad=4)
        data.append(pd.DataFrame({"row": title, "stimulus": variants, "size_px": size, "noise_sd": noise_sd}))
    caption = (
        "Stimuli as tasks show them, 32 x 32 pixels, with random place, turn, size and contrast. SART sizes:"
        " 48, 72, 94, 100 and 120 pt. Grey is 0, white 1, black \N{MINUS SIGN}1; noise is Gaussian,"
        " independent in every pixel, with the standard deviation given."
    )
    return save_figure(fig, folder, "figure1_stimuli", pd.concat(data, ignore_index=True), caption)


def draw_confusions(table: pd.DataFrame, noise_sd: float, images: int, folder: Path) -> SavedFigure:
    """Which class is taken for which."""
    fig, grid = plt.subplots(1, 4, figsize=(7.4, 2.5), width_ratios=(1, 1.25, 0.75, 1))
    for axes, name in zip(grid, ("digits", "letters", "scenes", "flankers"), strict=True):
        mine = table[table["set"] == name]
        order = list(dict.fromkeys(mine["true"]))
        shares = mine.pivot(index="true", columns="answered", values="share").loc[order, order]
        shown = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="none")
        labels = ["–" if one == "nothing" else _arrows(one) for one in order]
        size = {"letters": 4.5, "flankers": 5.5}.get(name, 6.5)
        axes.set_xticks(range(len(order)), labels, fontsize=size, rotation=90 if name == "flankers" else 0)
        axes.set_yticks(range(len(order)), labels, fontsize=size)
        axes.tick_params(length=0, pad=1)
        axes.set_title(name)
    grid[0].set_ylabel("shown")
    fig.supxlabel("answered (–: nothing shown)", fontsize=8)
    fig.colorbar(shown, ax=grid[-1], shrink=0.6, label="share")
    caption = (
        f"Confusions on {images} fresh renderings of each set at a noise of SD {noise_sd:g}; shares"
        " of each row. Flankers: middle arrow, then its neighbours."
    )
    return save_figure(fig, folder, "figure2_confusions", table, caption)


def draw_accuracy(table: pd.DataFrame, flankers: pd.DataFrame, images: int, folder: Path) -> SavedFigure:
    """Accuracy against image noise, for variants that were learned and for others."""
    fig, axes = plt.subplots(1, 2, figsize=(7.0, 2.9), sharey=True)
    rows = []
    for k, name in enumerate(STIMULI):
        for variants, line in (("learned", "-"), ("unseen", ":")):
            mine = table[(table["set"] == name) & (table["variants"] == variants)]
            if mine.empty:
                continue
            label = name if variants == "learned" else f"{name}, {_unseen(name)}"
            found = _curve(axes[0], mine, "accuracy", COLOURS[k], MARKERS[k], line, label)
            rows.append(found.assign(panel="sets", series=label))
        # nothing comes three times as often as each stimulus
        chance = NOTHING_SHOWN / (len(stimulus_set(name).classes) - 1 + NOTHING_SHOWN)
        axes[0].axhline(chance, color=COLOURS[k], lw=0.5, alpha=0.6)
    axes[0].axvline(Rendering().noise_sd, color="#000000", lw=0.6, ls="--")
    axes[0].legend(fontsize=6.5)
    axes[0].set_title("a  which stimulus?")
    for k, kind in enumerate(("congruent", "neutral", "incongruent")):
        mine = flankers[flankers["flankers"] == kind]
        found = _curve(axes[1], mine, "accuracy", COLOURS[k], MARKERS[k], "-", kind)
        rows.append(found.assign(panel="flankers", series=kind))
    axes[1].axhline(0.5, color="#000000", lw=0.5)
    axes[1].legend(fontsize=6.5, title="flankers", title_fontsize=6.5)
    axes[1].set_title("b  which way does the middle arrow point?")
    for one in axes:
        one.set_xlabel("noise of a pixel (SD; white \N{MINUS SIGN} grey = 1)")
    axes[0].set_ylabel("share correct")
    n = table["repeat"].nunique()
    caption = (
        f"Accuracy of the network on fresh renderings against image noise: mean and 95 % bootstrap confidence"
        f" interval over {n} sets of {images} renderings with their own seeds. Dashed: the standard noise;"
        f" thin lines: answering always that nothing was shown."
        f" Unseen fonts: {', '.join(UNSEEN_FONTS)}; noise above 0.4 was never trained on."
    )
    return save_figure(fig, folder, "figure3_accuracy", pd.concat(rows, ignore_index=True), caption)


def draw_sensitivity(table: pd.DataFrame, images: int, folder: Path) -> SavedFigure:
    """Sensitivity of the ideal reader of features against image noise."""
    fig, axes = plt.subplots(figsize=(3.8, 2.9))
    rows = []
    for k, task in enumerate(dict.fromkeys(table["task"])):
        found = _curve(axes, table[table["task"] == task], "d_a", COLOURS[k], MARKERS[k], "-", task)
        rows.append(found.assign(series=task))
    axes.axhline(0.0, color="#000000", lw=0.5)
    axes.set_xlabel("noise of a pixel (SD)")
    axes.set_ylabel("sensitivity d$_a$ of an ideal reader")
    axes.legend(fontsize=6.5)
    n = table["repeat"].nunique()
    caption = (
        "Sensitivity of a reader who knows the mean of the features of every class and their common"
        f" covariance at this noise. Mean and 95 % bootstrap confidence interval over {n} sets of {images}"
        " images to learn from and as many to read. Values near 5 are the most that so many images can show."
    )
    return save_figure(fig, folder, "figure4_sensitivity", pd.concat(rows, ignore_index=True), caption)


def draw_features(network: VisionNetwork, table: pd.DataFrame, folder: Path) -> SavedFigure:
    """Filters of the first layer, and the features of each set in two dimensions."""
    filters = network.first.weight.detach().numpy()[:, 0]
    fig = plt.figure(figsize=(7.4, 3.6))
    top, bottom = cast(Any, fig.subfigures(2, 1, height_ratios=(0.7, 2.1)))
    for axes, one in zip(top.subplots(1, len(filters)), filters, strict=True):
        limit = np.abs(one).max()
        axes.imshow(one, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="none")
        axes.set_xticks([])
        axes.set_yticks([])
    top.suptitle("a  filters of the first layer", x=0.01, ha="left", fontsize=9, fontweight="bold")
    for letter, axes, name in zip("bcde", bottom.subplots(1, 4), STIMULI, strict=True):
        mine = table[table["set"] == name]
        classes = list(dict.fromkeys(sorted(mine["class"], key=lambda c: (c == "nothing", c))))
        colours = plt.get_cmap("turbo")(np.linspace(0.05, 0.95, len(classes)))
        for one, colour in zip(classes, colours, strict=True):
            points = mine[mine["class"] == one]
            shade = "#BBBBBB" if one == "nothing" else colour
            axes.plot(points["pc1"], points["pc2"], ".", ms=1.8, color=shade, rasterized=True)
            x, y = points[["pc1", "pc2"]].median()
            axes.text(
                x, y, "–" if one == "nothing" else _arrows(one), fontsize=6.5, ha="center", va="center",
                bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.75},
            )  # fmt: skip
        axes.set_title(f"{letter}  {name}")
        axes.set_xlabel(f"PC 1 ({mine['explained_1'].iloc[0]:.0%})")
        axes.set_ylabel(f"PC 2 ({mine['explained_2'].iloc[0]:.0%})")
        axes.set_xticks([])
        axes.set_yticks([])
    caption = (
        "a: filters of the first layer, each to its own scale. b to e: first two principal components of the"
        " shared features, one point a rendering at the standard noise, labels at the medians of the classes"
        " (–: nothing shown), with the share of variance."
    )
    data = pd.concat(
        [
            table,
            pd.DataFrame(filters.reshape(len(filters), -1)).assign(set="first-layer filters"),
        ],
        ignore_index=True,
    )
    return save_figure(fig, folder, "figure5_features", data, caption)


def draw_levels(fade: pd.DataFrame, stream: pd.DataFrame, folder: Path, transitions: int) -> SavedFigure:
    """Levels of channels: along a cross-fade, and along sessions beside what the task says."""
    fig = plt.figure(figsize=(7.4, 3.6))
    left, right = cast(Any, fig.subfigures(1, 2, width_ratios=(1, 1.7)))
    axes = left.subplots()
    axes.plot([0, 1], [0, 1], color="#000000", lw=0.7, ls="--")
    rows = []
    for k, noise_sd in enumerate(sorted(fade["noise_sd"].unique())):
        mine = fade[fade["noise_sd"] == noise_sd].rename(columns={"noise_sd": "noise"})
        mine = mine.rename(columns={"coherence": "noise_sd"})
        found = _curve(axes, mine, "no_go", COLOURS[k], MARKERS[k], "-", f"noise {noise_sd:g}")
        rows.append(found.rename(columns={"noise_sd": "coherence"}).assign(series=f"fade {noise_sd:g}"))
    axes.set_xlabel("share of the mountain in the image")
    axes.set_ylabel("level of the no-go channel")
    axes.set_title("a  cross-fade")
    axes.legend(fontsize=6.5)
    channels = stream[["task", "channel"]].drop_duplicates().to_numpy().tolist()
    grid = right.subplots(len(channels), 1, sharex=True)
    start = {task: _eventful(stream[stream["task"] == task]) for task in TASK_NAMES}
    for one, (task, channel) in zip(grid, channels, strict=True):
        mine = stream[(stream["task"] == task) & (stream["channel"] == channel)]
        mine = mine.assign(time_s=mine["time_s"] - start[task])
        mine = mine[(mine["time_s"] >= 0) & (mine["time_s"] < WINDOW_S)]
        one.fill_between(mine["time_s"], mine["task_level"], step="mid", color="#BBBBBB", lw=0)
        one.plot(mine["time_s"], mine["seen_level"], color="#D55E00", lw=0.9, drawstyle="steps-mid")
        one.set_ylim(0, 1.05)
        one.set_yticks([0, 1])
        one.set_ylabel(
            f"{TASK_NAMES[task]}\n{channel.replace('_', ' ')}",
            rotation=0,
            ha="right",
            va="center",
            fontsize=6.5,
        )
        one.tick_params(labelsize=6.5)
    grid[0].set_title("b  sessions: as the task says (grey), as seen (line)")
    grid[-1].set_xlabel("time (s)")
    caption = (
        "a: level of the no-go channel while scenes of the task fade into one another (transitions of 800 ms,"
        f" pixels along a line; mean and 95 % bootstrap confidence interval over"
        f" {fade['repeat'].nunique()} sets of {transitions} transitions; dashed: the mountain's share). b:"
        f" levels of channels in {WINDOW_S:g} s of three sessions, as the task says and as read from images"
        " at the standard noise, in steps of 50 ms."
    )
    rows.append(stream.assign(series="stream"))
    return save_figure(fig, folder, "figure6_levels", pd.concat(rows, ignore_index=True), caption)


def _curve(axes: Axes, table: pd.DataFrame, column: str, colour, marker, line, label) -> pd.DataFrame:
    """Mean and interval over repeats at each noise level, drawn; the numbers are returned."""
    rows = []
    for noise_sd, group in table.groupby("noise_sd"):
        interval = bootstrap_ci(group[column].to_numpy())
        rows.append((noise_sd, interval.estimate, interval.low, interval.high))
    found = pd.DataFrame(rows, columns=["noise_sd", "mean", "low", "high"])
    axes.fill_between(found["noise_sd"], found["low"], found["high"], color=colour, alpha=0.2, lw=0)
    axes.plot(
        found["noise_sd"], found["mean"], color=colour, marker=marker, ms=3.2, lw=1.2, ls=line, label=label,
        mfc="white" if line == ":" else colour,
    )  # fmt: skip
    return found


def _eventful(stream: pd.DataFrame) -> float:
    """Start of a stretch of a session in which the rarest channel speaks (s)."""
    speaks = stream[stream["task_level"] > 0.5].groupby("channel")["time_s"]
    first = float(speaks.min()[str(speaks.size().idxmin())]) if len(speaks) else 0.0
    return max(first - WINDOW_S / 2.0, 0.0)


def _sheet_rows() -> list:
    """Title, set, variants, size of the sprite (px) and noise of each row of the contact sheet."""
    sart = np.resize([9.6, 14.4, 18.8, 20.0, 24.0], SHEET_COLUMNS) / CAPITAL_SHARE
    fonts = ("DejaVuSans", "DejaVuSerif", "STIXGeneral", "cmr10", "DejaVuSans-Bold")
    digits = [f"{k} {fonts[k % len(fonts)]}" for k in range(SHEET_COLUMNS)]
    letters = [f"{one} {fonts[k % len(fonts)]}" for k, one in enumerate("ABCDFILOTX")]
    other = [f"{one} {UNSEEN_FONTS[k % len(UNSEEN_FONTS)]}" for k, one in enumerate("ABCDFILOTX")]
    arrows = ["left/left", "right/right", "left/right", "right/left", "left/neutral", "right/neutral"]
    arrows += ["fixation", "blank", "fixation", "blank"]
    scenes = {kind: [f"{kind} {k}" for k in range(TASK_SCENES)] for kind in ("city", "mountain")}
    capitals = 14.5 / CAPITAL_SHARE
    px = Rendering().noise_sd
    full = float(stimulus_set("scenes").heights_px[0])
    return [
        ("digits, no noise", "digits", digits, sart, 0.0),
        (f"digits, {px:g}", "digits", digits, sart, px),
        ("digits, 0.4", "digits", digits, sart, 0.4),
        (f"letters, {px:g}", "letters", letters, capitals, px),
        (f"unseen fonts, {px:g}", "letters", other, capitals, px),
        ("cities, no noise", "scenes", scenes["city"], full, 0.0),
        ("mountains, no noise", "scenes", scenes["mountain"], full, 0.0),
        ("cities, 0.4", "scenes", scenes["city"], full, 0.4),
        ("mountains, 0.4", "scenes", scenes["mountain"], full, 0.4),
        ("flankers, no noise", "flankers", arrows, full, 0.0),
        (f"flankers, {px:g}", "flankers", arrows, full, px),
    ]


def _unseen(name: str) -> str:
    return "unseen scenes" if name == "scenes" else "unseen fonts"


def _arrows(name: str) -> str:
    """A flanker class in signs."""
    if "/" not in name:
        return name
    sign = {"left": "<", "right": ">", "neutral": "\N{EN DASH}"}
    target, beside = (sign[one] for one in name.split("/"))
    return beside + target + beside
