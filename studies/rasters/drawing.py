"""Figures of the study of generated rasters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from ann.generative import GanHistory
from studies.figures import SavedFigure, save_figure
from studies.rasters.circuit_data import POOLS, RecordingPlan
from studies.rasters.claims import LIMIT, STATISTICS
from studies.rasters.comparison import MODELS, REAL, Comparison

__all__ = ["draw_errors", "draw_examples", "draw_statistics", "draw_training"]

LOOKS = {
    REAL: ("#000000", "s", "real"),
    "gan": ("#D55E00", "o", "GAN"),
    "dichotomised_gaussian": ("#0072B2", "D", "dichotomised Gaussian"),
    "shuffled": ("#E69F00", "v", "shuffled over trials"),
    "independent": ("#7F7F7F", "X", "independent, constant rates"),
}
TITLES = {"go": "go stimulus", "no_go": "no-go stimulus, attended"}


def _words(statistic: str) -> str:
    return statistic.replace("_", " ").replace("k probability", "k-probability")


def draw_errors(comparisons: Mapping[str, Comparison], folder: Path, n: int, draws: int) -> SavedFigure:
    """Errors of every model in every statistic, as multiples of those between halves of the data."""
    fig, grid = plt.subplots(1, len(comparisons), figsize=(7.4, 3.3), sharey=True, squeeze=False)
    data = []
    for axes, (condition, found) in zip(grid.flat, comparisons.items(), strict=True):
        axes.axvspan(0.5, LIMIT, color="#000000", alpha=0.07, lw=0)
        axes.axvline(1.0, color="#000000", lw=0.7)
        for row, model in enumerate((REAL, *MODELS)):
            colour, marker, label = LOOKS[model]
            ratio = found.errors[found.errors["model"] == model].groupby("statistic")["ratio"]
            mean, sd = ratio.mean().reindex(STATISTICS), ratio.std().reindex(STATISTICS)
            y = np.arange(len(STATISTICS)) + (row - 2) * 0.15
            axes.errorbar(mean, y, xerr=sd, fmt=marker, ms=4, color=colour, label=label, lw=1, zorder=5 - row)
            data.append(
                pd.DataFrame({"condition": condition, "model": model, "mean_ratio": mean, "sd_ratio": sd})
            )
        axes.set_xscale("log")
        axes.set_xticks([0.5, 1, 2, 5, 10, 20, 50], ["0.5", "1", "2", "5", "10", "20", "50"])
        axes.minorticks_off()
        axes.set_title(TITLES[condition])
        axes.set_xlabel("error / error between halves of the data")
    grid[0, 0].set_yticks(range(len(STATISTICS)), [_words(one) for one in STATISTICS])
    grid[0, 0].invert_yaxis()
    fig.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncol=5, columnspacing=1.2)
    caption = (
        "Sum of absolute differences between generated and held-out rasters in seven statistics, divided by"
        f" the mean of this error over {draws} random halvings of the data. Every set has {n} rasters."
        f" Points and bars: mean and standard deviation over {draws} sets (halvings for the data). Shaded:"
        f" up to {LIMIT} times. Models were made from the other half of the data."
    )
    table = pd.concat(data).reset_index()
    return save_figure(fig, folder, "figure1_errors", table, caption)


def draw_statistics(
    found: Comparison, condition: str, number: int, plan: RecordingPlan, folder: Path
) -> SavedFigure:
    """The seven statistics themselves: real against each model."""
    fig, grid = plt.subplots(2, 4, figsize=(7.4, 4.0))
    real = found.statistics[REAL]
    data = []
    panels = dict(zip(STATISTICS, grid.flat, strict=False))
    for statistic, axes in panels.items():
        axes.set_title(_words(statistic), fontsize=8)
        for model in (*reversed(MODELS), REAL):
            value = found.statistics[model].items()[statistic]
            data.append(_long(condition, model, statistic, value))
            if statistic in ("k_probability", "autocorrelogram", "time_course"):
                _line(axes, statistic, model, value, plan)
            elif model != REAL:
                _against(axes, real.items()[statistic].ravel(), value.ravel(), model)
    _finish(panels)
    last = grid.flat[-1]
    last.axis("off")
    for model in (REAL, *MODELS):
        colour, marker, label = LOOKS[model]
        last.plot([], [], color=colour, marker=marker, ms=4, lw=1.2, label=label)
    last.legend(loc="center", fontsize=7)
    caption = (
        f"Seven statistics of real (held-out) and generated rasters, {TITLES[condition]}; one set of each"
        " model, as large as the held-out set. Points: neurons, or pairs of neurons; line: identity. The"
        " time course is the mean over neurons of each pool."
    )
    return save_figure(
        fig, folder, f"figure{number}_statistics_{condition}", pd.concat(data, ignore_index=True), caption
    )


def draw_examples(comparisons: Mapping[str, Comparison], plan: RecordingPlan, folder: Path) -> SavedFigure:
    """Some rasters of the data, of the GAN and of independent neurons."""
    shown = (REAL, "gan", "dichotomised_gaussian", "independent")
    fig, grid = plt.subplots(
        len(comparisons), len(shown) * 2, figsize=(7.4, 3.6), sharex=True, sharey=True, squeeze=False
    )
    data = []
    edge = (-plan.before_s, plan.bins * plan.bin_s - plan.before_s)
    for line, (row, (condition, found)) in enumerate(zip(grid, comparisons.items(), strict=True)):
        for k, axes in enumerate(row):
            model, number = shown[k // 2], k % 2
            raster = found.examples[model][number]
            axes.imshow(
                raster, cmap="binary", aspect="auto", interpolation="none",
                extent=(1000 * edge[0], 1000 * edge[1], plan.neurons, 0),
            )  # fmt: skip
            axes.axvline(0.0, color="#D55E00", lw=0.8)
            for pool in range(1, len(POOLS)):
                axes.axhline(pool * plan.neurons_per_pool, color="#BBBBBB", lw=0.5)
            axes.set_xticks([0, 200])
            if number == 0 and line == 0:
                axes.set_title(LOOKS[model][2].split(",")[0], fontsize=8)
            neuron, time = np.nonzero(raster)
            data.append(
                pd.DataFrame(
                    {"condition": condition, "model": model, "example": number, "neuron": neuron, "bin": time}
                )
            )
        middles = (np.arange(len(POOLS)) + 0.5) * plan.neurons_per_pool
        row[0].set_yticks(middles, [pool.replace("_", "-") for pool in POOLS], fontsize=6.5)
        row[0].set_ylabel(TITLES[condition].split(",")[0])
    fig.supxlabel("time from stimulus onset (ms)", fontsize=8)
    caption = (
        f"Two rasters of each kind: {plan.neurons} neurons of five pools, {plan.bins} bins of"
        f" {1000 * plan.bin_s:.0f} ms; a bin is black if the neuron spiked. The vertical line is the"
        " stimulus onset."
    )
    return save_figure(fig, folder, "figure4_examples", pd.concat(data, ignore_index=True), caption)


def draw_training(history: GanHistory, folder: Path) -> SavedFigure:
    """The critic's estimate of the distance over the training."""
    fig, axes = plt.subplots(figsize=(3.6, 2.5))
    axes.plot(history.step, history.distance, color=LOOKS["gan"][0], lw=1)
    axes.set_xlabel("steps of the generator")
    axes.set_ylabel("D(real) \N{MINUS SIGN} D(generated)")
    axes.set_ylim(bottom=0)
    table = pd.DataFrame(
        {"step": history.step, "distance": history.distance, "gradient_penalty": history.penalty}
    )
    caption = (
        "The critic's estimate of the Wasserstein distance between training and generated rasters, one batch"
        " an entry."
    )
    return save_figure(fig, folder, "figure5_training", table, caption)


def _line(axes: Axes, statistic: str, model: str, value: np.ndarray, plan: RecordingPlan) -> None:
    colour, _, _ = LOOKS[model]
    width = 1.8 if model == REAL else 1.0
    if statistic == "k_probability":
        axes.plot(np.arange(value.size), np.maximum(value, 1e-6), color=colour, lw=width)
        return
    if statistic == "autocorrelogram":
        axes.plot(1000 * plan.bin_s * np.arange(1, value.size + 1), value, color=colour, lw=width)
        return
    time = 1000 * (plan.bin_s * (np.arange(plan.bins) + 0.5) - plan.before_s)
    for pool in value.reshape(len(POOLS), -1, plan.bins).mean(axis=1):
        axes.plot(time, pool, color=colour, lw=width if model == REAL else 0.7)


def _against(axes: Axes, real: np.ndarray, value: np.ndarray, model: str) -> None:
    colour, _, _ = LOOKS[model]
    axes.plot(real, value, ".", ms=2.0, color=colour, alpha=0.6, rasterized=True)


def _finish(panels: Mapping[str, Axes]) -> None:
    for statistic, axes in panels.items():
        axes.tick_params(labelsize=6.5)
        if statistic in ("mean_count", "covariance", "lagged_covariance", "variance"):
            low, high = (
                min(axes.get_xlim()[0], axes.get_ylim()[0]),
                max(axes.get_xlim()[1], axes.get_ylim()[1]),
            )
            axes.plot([low, high], [low, high], color="#000000", lw=0.6, zorder=0)
            axes.set_xlabel("real", fontsize=7)
            axes.set_ylabel("model", fontsize=7)
    panels["k_probability"].set_yscale("log")
    panels["k_probability"].set_xlabel("neurons that spike in a bin", fontsize=7)
    panels["k_probability"].set_ylabel("probability", fontsize=7)
    panels["autocorrelogram"].set_xlabel("lag (ms)", fontsize=7)
    panels["autocorrelogram"].set_ylabel("times chance", fontsize=7)
    panels["time_course"].set_xlabel("time (ms)", fontsize=7)
    panels["time_course"].set_ylabel("probability of a spike", fontsize=7)


def _long(condition: str, model: str, statistic: str, value: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "condition": condition,
            "model": model,
            "statistic": statistic,
            "entry": np.arange(value.size),
            "value": value.ravel(),
        }
    )
