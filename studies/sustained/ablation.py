"""Figure 3: the same individuals with and without control self-excitation and arousal."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from string import ascii_lowercase

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bridges.measures import bootstrap_ci
from studies.figures import SavedFigure, look, save_figure
from studies.scores import Scores, labelled, unit_of
from studies.sustained.time_on_task import TASK_TITLES

__all__ = ["ABLATIONS", "draw_ablation"]

ABLATIONS = ("spiking", "spiking-no-arousal", "spiking-no-self-excitation")
WORDS = {
    "spiking-no-arousal": "without arousal",
    "spiking-no-self-excitation": "without self-excitation of its control pools",
}
TICKS = ("intact", "no\narousal", "no self-\nexcit.")
GO_NO_GO = ("commission_rate", "omission_rate", "d_prime", "rt_mean_ms")
PANELS = {
    "sart": GO_NO_GO,
    "cpt_x": GO_NO_GO,
    "mackworth": GO_NO_GO,
    "grad_cpt": GO_NO_GO,
    "ax_cpt": ("hit_rate", "rt_mean_ms", "rt_cv", "context_cost_pp"),
    "pvt": ("rt_mean_ms", "rt_cv", "lapse_rate", "rt_slope_ms_per_min"),
}
COLUMNS = 4


def draw_ablation(
    scores: Scores, studied: Sequence[str], folder: Path, name: str = "figure3_ablation"
) -> SavedFigure | None:
    """Draw and save the figure; None if the circuit or both of its variants did not perform.

    Parameters
    ----------
    scores
        What was measured.
    studied
        Names of the tasks, in the order of the rows.
    folder
        Where to.
    name
        File name without ending.
    """
    shown = [
        task for task in studied if len(_present(scores, task)) > 1 and ABLATIONS[0] in scores.agents(task)
    ]
    if not shown:
        return None
    fig, grid = plt.subplots(len(shown), COLUMNS, figsize=(7.4, 2.2 * len(shown) + 0.2), squeeze=False)
    data = []
    panels = [(task, measure) for task in shown for measure in PANELS[task]]
    for axes, letter, (task, measure) in zip(grid.flat, ascii_lowercase, panels, strict=False):
        data.append(_draw_panel(axes, scores, task, measure))
        axes.set_title(f"{letter}  {TASK_TITLES[task]}", fontweight="normal")
        axes.set_ylabel(_axis(measure))
    n = len(scores.values(shown[0], ABLATIONS[0], "rt_mean_ms"))
    present = {agent for task in shown for agent in _present(scores, task)}
    caption = (
        f"The spiking circuit {_said(present)}: the same {n} individuals on the same trials, with the"
        " calibration of the intact circuit. Grey lines join an individual, points are means over"
        " participants, error bars 95 % bootstrap confidence intervals over participants."
    )
    return save_figure(fig, folder, name, pd.concat(data, ignore_index=True), caption)


def _said(present: Collection[str]) -> str:
    lesions = [WORDS[agent] for agent in ABLATIONS if agent in present and agent in WORDS]
    return "intact and " + ", and ".join(lesions)


def _present(scores: Scores, task: str) -> list[str]:
    return [agent for agent in ABLATIONS if agent in scores.agents(task)]


def _draw_panel(axes: Axes, scores: Scores, task: str, measure: str) -> pd.DataFrame:
    present = _present(scores, task)
    places = range(len(present))
    each = scores.paired(task, present, measure)
    axes.plot(places, each, color="0.8", lw=0.7, zorder=1)
    rows = []
    for agent, place, values in zip(present, places, each, strict=True):
        interval, style = bootstrap_ci(values), look(agent)
        error = np.nan_to_num([[interval.estimate - interval.low], [interval.high - interval.estimate]]).clip(
            0
        )
        axes.errorbar(
            place,
            interval.estimate,
            yerr=error,
            color=style.colour,
            marker=style.marker,
            ms=7,
            capsize=3,
            zorder=3,
        )
        key = {"task": task, "measure": measure, "unit": unit_of(measure), "agent": agent}
        rows.append(
            {
                **key,
                "participant": "mean",
                "value": interval.estimate,
                "ci_low": interval.low,
                "ci_high": interval.high,
            }
        )
        rows += [{**key, "participant": str(number), "value": value} for number, value in enumerate(values)]
    if measure == "rt_slope_ms_per_min":
        axes.axhline(0, color="0.5", lw=0.6, zorder=0)
    if measure.endswith("_rate") and not np.nan_to_num(each).any():
        # a rate of nothing at all would get an axis with negative rates
        axes.set_ylim(-0.005, 0.1)
    axes.set_xlim(-0.5, len(present) - 0.5)
    axes.set_xticks(places, [TICKS[ABLATIONS.index(agent)] for agent in present], fontsize=7)
    return pd.DataFrame(rows)


def _axis(measure: str) -> str:
    short = {
        "rt_slope_ms_per_min": "Slope of RT",
        "lapse_rate": "Lapse rate",
        "rt_cv": "CV of RT",
        "rt_mean_ms": "Mean RT",
    }
    return labelled(measure, short.get(measure, ""))
