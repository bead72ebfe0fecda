"""The figure of the networks benchmark: where a cohort pays, that it learns the same, and flat memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from studies.benchmark.base import BenchmarkFigure

__all__ = ["draw_networks"]

COHORT, ALONE, ATTENTION = "#0072B2", "#7F7F7F", "#009E73"


def draw_networks(tables: Mapping[str, pd.DataFrame]) -> Sequence[BenchmarkFigure]:
    """Ratios of CPU time, courses of the validation loss, and memory against session length."""
    import matplotlib.pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(7.2, 2.8), width_ratios=(1.5, 1, 1))
    ratios = _ratios(tables["cohorts"])
    names = [f"{row.batch} x {row.steps}, {row.units} units" for row in ratios.itertuples()]
    bars = [ratios["ratio"] - ratios["low"], ratios["high"] - ratios["ratio"]]
    left.barh(range(len(ratios)), ratios["ratio"], xerr=bars, color=COHORT, height=0.65, error_kw={"lw": 1})
    left.axvline(1.0, color=ALONE, lw=1)
    left.axvline(5.0, color="black", lw=1, ls=":")
    left.set_yticks(range(len(ratios)), names)
    left.invert_yaxis()
    left.set(xlabel="times faster than one by one", xlim=(0, 1.1 * max(5.0, ratios["high"].max())))
    left.set_title("A  batch x steps")
    courses = tables["equality"]
    for way, colour, style, width in (("alone", ALONE, "-", 3.0), ("together", COHORT, "--", 1.0)):
        mean = courses[courses["way"] == way].groupby("step")["validation_loss"].mean()
        middle.plot(mean.index, mean, style, color=colour, lw=width, label=way)
    middle.set(xlabel="gradient step", ylabel="validation loss (nats)")
    middle.set_ylim(0, 1.1 * courses.groupby(["way", "step"])["validation_loss"].mean().max())
    middle.legend()
    middle.set_title("B  the same learning")
    memory = tables["memory"]
    right.plot(memory["session_h"], memory["peak_mb"], "D-", color=ATTENTION)
    right.set(xlabel="session (h)", ylabel="peak memory (MB)", xscale="log")
    right.set_ylim(0, 1.3 * memory["peak_mb"].max())
    right.set_xticks(list(memory["session_h"]), [f"{hours:g}" for hours in memory["session_h"]])
    right.minorticks_off()
    right.set_title("C  transformer")
    members = courses["member"].nunique()
    repeats = tables["cohorts"]["repetition"].nunique()
    caption = (
        "A: CPU time of training LSTMs one after another with PyTorch's nn.LSTM over that of training them "
        f"as a cohort, one thread; median of {repeats} repetitions by turns, lines: their range; dotted: "
        f"the goal. B: mean validation loss of {members} networks trained alone and together. C: peak memory "
        "of a process that streams a session (20 ms steps) through a causal transformer with a window of 64 "
        "steps; one run each."
    )
    data = pd.concat(
        [
            ratios.assign(panel="A"),
            courses.groupby(["way", "step"], as_index=False)["validation_loss"].mean().assign(panel="B"),
            memory.assign(panel="C"),
        ],
        ignore_index=True,
    )
    return [BenchmarkFigure("figure1_networks", figure, data, caption)]


def _ratios(cohorts: pd.DataFrame) -> pd.DataFrame:
    wide = cohorts.pivot(index=["batch", "steps", "units", "repetition"], columns="way", values="ms_per_step")
    ratio = wide["one after another"] / wide["cohort"]
    found = ratio.groupby(level=["batch", "steps", "units"]).agg(["median", "min", "max"]).reset_index()
    found.columns = pd.Index(["batch", "steps", "units", "ratio", "low", "high"])
    return found.sort_values(["units", "batch", "steps"], ascending=[False, True, True])
