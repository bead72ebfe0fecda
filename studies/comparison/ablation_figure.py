"""What each part of the circuit does: the same individuals with and without it, as figure and table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from bridges.measures import bootstrap_ci
from studies.comparison.claims import Ablation
from studies.figures import SavedFigure, look, save_figure
from studies.report import Table
from studies.scorecard_figure import with_interval
from studies.scores import Scores, labelled, unit_of

__all__ = ["CIRCUIT", "LESIONED", "STAGES", "ablation_table", "draw_ablations"]

CIRCUIT = (
    "spiking",
    "spiking-no-shared-inhibition",
    "spiking-no-self-excitation",
    "spiking-no-arousal",
    "spiking-no-top-down",
)
"""The circuit and what it is without each of its parts."""

STAGES = (
    "spiking-no-central-competition",
    "spiking-no-central-self-excitation",
    "spiking-no-memory-competition",
)
"""Without parts of one stage alone; they differ from the circuit only in tasks that call for this stage."""

LESIONED = "The circuit and what it does without one of its parts."
"""Of the curves that effects are read from."""

SHORT = dict(
    zip(
        CIRCUIT + STAGES,
        (
            "intact",
            "no shared inhibition",
            "no self-excitation",
            "no arousal",
            "no top-down gain",
            "no central competition",
            "no central self-excitation",
            "no memory competition",
        ),
        strict=True,
    )
)


def draw_ablations(
    scores: Scores,
    measures: Sequence[tuple[str, str]],
    titles: Mapping[str, str],
    folder: Path,
    name: str,
    columns: int = 3,
) -> SavedFigure | None:
    """Draw and save the figure; None unless the circuit and one of its ablations performed.

    Parameters
    ----------
    scores
        What was measured.
    measures
        (task, measure) of each panel.
    titles
        How to write each task.
    folder, name
        Where to, and file name without ending.
    columns
        Panels in a row.
    """
    shown = [(task, measure) for task, measure in measures if len(_present(scores, task)) > 1]
    if not shown:
        return None
    columns = min(columns, len(shown))
    drawn = [agent for agent in SHORT if any(agent in _present(scores, task) for task, _ in shown)]
    rows = -(-len(shown) // columns)
    # one panel is wider, or its label would not fit below it
    width = 2.47 * columns if columns > 1 else 3.6
    fig, grid = plt.subplots(
        rows, columns, figsize=(width, (0.6 + 0.23 * len(drawn)) * rows + 0.3), squeeze=False
    )
    data = []
    for k, (axes, letter, (task, measure)) in enumerate(
        zip(grid.flat, "abcdefghijklmnop", shown, strict=False)
    ):
        present = _present(scores, task)
        each = scores.paired(task, present, measure)
        for agent, values in zip(present, each, strict=True):
            place = len(drawn) - 1 - drawn.index(agent)
            interval, style = bootstrap_ci(values), look(agent)
            error = np.nan_to_num([[interval.estimate - interval.low], [interval.high - interval.estimate]])
            axes.plot(values, np.full(values.size, place), "|", color="0.75", ms=5, zorder=1)
            axes.errorbar(
                interval.estimate,
                place,
                xerr=error.clip(0),
                color=style.colour,
                marker=style.marker,
                ms=5,
                capsize=2,
                zorder=3,
            )
            data.append(
                {"task": task, "measure": measure, "unit": unit_of(measure), "agent": agent, **vars(interval)}
            )
        axes.axvline(0, color="0.6", lw=0.6, zorder=0)
        who = [SHORT[agent] if k % columns == 0 else "" for agent in drawn[::-1]]
        axes.set_yticks(range(len(drawn)), who, fontsize=7)
        axes.set_ylim(-0.6, len(drawn) - 0.4)
        axes.set_xlabel(labelled(measure), fontsize=7)
        axes.set_title(f"{letter}  {titles[task]}", fontweight="normal", fontsize=8.5)
    for axes in list(grid.flat)[len(shown) :]:
        axes.axis("off")
    n = max(row["n"] for row in data)
    caption = (
        "The spiking circuit intact and without one of its parts: shared inhibition of its stages,"
        " self-excitation of control, arousal, top-down gain, competition and self-excitation of the central"
        " stage, competition of memories. The same individuals on the same trials, with"
        f" the calibration of the intact circuit. Grey ticks are individuals (up to {n}), points means, error"
        " bars 95 % bootstrap intervals over participants."
    )
    return save_figure(fig, folder, name, pd.DataFrame(data), caption)


def ablation_table(scores: Scores, ablations: Sequence[Ablation], titles: Mapping[str, str]) -> Table | None:
    """Effect by ablation with interval, and what theory says; None if no ablation performed."""
    rows = []
    for one in ablations:
        if not {one.intact, one.ablated} <= set(scores.agents(one.task)):
            continue
        intact, without = (
            bootstrap_ci(scores.values(one.task, agent, one.measure)) for agent in (one.intact, one.ablated)
        )
        change = one.difference(scores)
        rows.append(
            [
                titles[one.task],
                labelled(one.measure),
                look(one.ablated).label.removeprefix("spiking, "),
                with_interval(intact),
                with_interval(without),
                with_interval(change),
                one.theory,
                _verdict(change.low, change.high, one.falls),
            ]
        )
    if not rows:
        return None
    header = ("task", "effect", "without", "intact", "ablated", "ablated - intact", "theory", "so?")
    note = "Means with 95 % bootstrap intervals over participants; differences are within individuals."
    return Table("What each part of the circuit does", header, rows, note)


def _present(scores: Scores, task: str) -> list[str]:
    agents = [agent for agent in SHORT if agent in scores.agents(task)]
    return agents if CIRCUIT[0] in agents else []


def _verdict(low: float, high: float, falls: bool | None) -> str:
    if falls is None:
        return "no claim"
    if not (np.isfinite(low) and np.isfinite(high)):
        return "not measured"
    if low <= 0 <= high:
        return "not seen"
    return "yes" if (high < 0) == falls else "no, the other way"
