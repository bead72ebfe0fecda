"""Figure of the twin map: mean responses, choices, response times, and behavioural curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from studies.corresponding.twin_numbers import curve_points, r_squared
from studies.exhibits.base import Drawing, Setting, Tables
from studies.exhibits.looks import FIRST, OTHER, SECOND, letter, long_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_twins"]

SHORT = {
    "held_out": "held out",
    "amplitude": "2 x input",
    "cue_timing": "cue time",
    "pulse": "pulse",
    "lesion": "lesion",
    "inhibition": "inhibition",
}
COLOURS = {"attention": FIRST, "decision": SECOND}


def draw_twins(setting: Setting, tables: Tables) -> Drawing:
    """Draw; a quick run has no behavioural curves."""
    import matplotlib.pyplot as plt

    rows = 1 if "behaviour" not in tables else 2
    figure, axes = plt.subplots(rows, 3, figsize=(7.2, 2.5 * rows), squeeze=False)
    table = pd.concat([tables["fidelity_attention"], tables["fidelity_decision"]], ignore_index=True)
    fits = _fits(axes[0, 0], table)
    shares = _shares(axes[0, 1], table)
    times = _times(axes[0, 2], table)
    pieces = [("A", fits), ("B", shares), ("C", times)]
    behaved = ""
    if rows == 2:
        points = curve_points(tables["behaviour"])
        behaved = _behaved(points, curve_points(tables["behaviour"], "third circuits"))
        pieces.append(("D, E, F", points))
        _curves(axes[1], points)
    return Drawing(
        figure,
        long_table(*pieces),
        "A: R2 of mean responses to inputs that no twin was trained on, one dot a training seed; ticks: "
        "what is "
        "asked for. B: share of trials with one choice (press, or left), one dot an input. C: response "
        "times on "
        f"held-out inputs, cumulative. {behaved}",
    )


def _fits(panel: Axes, table: pd.DataFrame) -> pd.DataFrame:
    responses = table[table["row"] == "response"]
    fits = pd.DataFrame(
        [
            (*keys, r_squared(one))
            for keys, one in responses.groupby(["circuit", "kind", "seed"])
        ],
        columns=["circuit", "kind", "seed", "r2"],
    )  # fmt: skip
    kinds = [kind for kind in SHORT if kind in set(fits["kind"])]
    asked = {"held_out": 0.95, "amplitude": 0.9, "cue_timing": 0.9}
    for k, kind in enumerate(kinds):
        panel.plot([k - 0.35, k + 0.35], [asked.get(kind, 0.85)] * 2, color=OTHER, lw=1)
        for shift, (circuit, colour) in zip((-0.12, 0.12), COLOURS.items(), strict=True):
            mine = fits[(fits["kind"] == kind) & (fits["circuit"] == circuit)]["r2"]
            label = circuit if k == 0 else None
            panel.plot(np.full(mine.size, k + shift), mine, "o", color=colour, ms=4, label=label)
    panel.set_xticks(range(len(kinds)), [SHORT[kind] for kind in kinds], rotation=40, ha="right")
    panel.set(ylabel="R2 of mean responses", ylim=(min(0.5, float(fits["r2"].min()) - 0.05), 1.02))
    panel.legend(loc="lower left", handlelength=0.8)
    letter(panel, "A", "mean responses")
    return fits


def _shares(panel: Axes, table: pd.DataFrame) -> pd.DataFrame:
    choices = table[(table["row"] == "choice") & (table["kind"] == "held_out")]
    panel.plot([0, 1], [0, 1], color=OTHER, lw=0.8)
    for circuit, colour in COLOURS.items():
        mine = choices[choices["circuit"] == circuit]
        panel.plot(mine["circuit_share"], mine["twin_share"], "o", color=colour, ms=3, alpha=0.6)
    panel.set(xlabel="circuit", ylabel="twin", xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    letter(panel, "B", "share of choices")
    return choices[["circuit", "seed", "input", "circuit_share", "twin_share"]]


def _times(panel: Axes, table: pd.DataFrame) -> pd.DataFrame:
    times = table[(table["row"] == "time") & (table["kind"] == "held_out")]
    pieces = []
    for circuit, colour in COLOURS.items():
        for who, style in (("circuit", "-"), ("twin", "--")):
            mine = np.sort(times[(times["circuit"] == circuit) & (times["who"] == who)]["time_s"].to_numpy())
            if mine.size:
                share = np.arange(1, mine.size + 1) / mine.size
                label = who if circuit == "attention" else None
                panel.plot(1e3 * mine, share, style, color=colour, lw=1.2, label=label)
                grid = np.linspace(0.02, 1.0, 50)
                pieces.append(
                    pd.DataFrame(
                        {"circuit": circuit, "who": who, "share": grid, "time_s": np.quantile(mine, grid)}
                    )
                )
    panel.set(xlabel="response time (ms)", ylabel="cumulative share", ylim=(0, 1.02))
    panel.legend(loc="lower right")
    letter(panel, "C", "response times")
    return pd.concat(pieces, ignore_index=True) if pieces else times


def _behaved(points: pd.DataFrame, third: pd.DataFrame) -> str:
    def within(of: pd.DataFrame) -> str:
        return f"{of['within'].mean():.0%} ({of.loc[~of['floor'], 'within'].mean():.0%})"

    return (
        "D to F: behaviour of 20 participants on the same sessions, one dashed line a training seed of the "
        "twin; grey: 95 % range of the mean of 20 circuits, within which lie "
        f"{within(points)} of the points of twins, and {within(third)} of those of a third group of "
        "circuits, which has individuals of its own (in brackets: of points where circuits are not at the "
        "floor)."
    )


def _curves(panels, points: pd.DataFrame) -> None:
    wanted = (
        ("sart", "commissions (%)", "D", "SART"),
        ("sart", "response time (ms)", "E", "SART"),
        ("pvt", "response time (ms)", "F", "PVT"),
    )
    for panel, (task, measure, name, title) in zip(panels, wanted, strict=True):
        mine = points[(points["task"] == task) & (points["measure"] == measure)].sort_values("block")
        for k, (_, one) in enumerate(mine.groupby("twin")):
            if k == 0:
                panel.fill_between(one["block"], one["low"], one["high"], color=OTHER, alpha=0.3, lw=0)
                panel.plot(one["block"], one["circuit"], "-", color=FIRST, lw=1.2, label="circuit")
            label = "twins" if k == 0 else None
            panel.plot(one["block"], one["value"], "o--", color=SECOND, ms=2.5, lw=0.8, label=label)
        panel.set(xlabel="block" if task == "sart" else "minute", ylabel=measure)
        letter(panel, name, title)
    panels[0].legend(loc="best")
