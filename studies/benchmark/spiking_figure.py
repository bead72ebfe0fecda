"""The figure of the spiking benchmark: cost of each simulator, cost against neurons and participants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from studies.benchmark.base import BenchmarkFigure

__all__ = ["draw_spiking"]

COLOURS = {"neurosim": "#D55E00", "Brian2": "#0072B2", "NEST": "#999999"}


def draw_spiking(tables: Mapping[str, pd.DataFrame]) -> Sequence[BenchmarkFigure]:
    """Medians with the range of the repetitions."""
    import matplotlib.pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(7.2, 2.5))
    simulators = _medians(tables["simulators"], "simulator", "ns_per_neuron_step")
    order = [name for name in COLOURS if name in set(simulators["simulator"])]
    for y, name in enumerate(order):
        one = simulators[simulators["simulator"] == name].iloc[0]
        left.barh(y, one["value"], color=COLOURS[name], height=0.6)
        left.plot([one["low"], one["high"]], [y, y], color="black", lw=1)
        left.text(one["high"] * 1.15, y, f"{one['value']:.3g}", va="center")
    left.set_yticks(range(len(order)), order)
    left.invert_yaxis()
    left.set(xscale="log", xlabel="ns per neuron and step", xlim=(1, 4 * simulators["high"].max()))
    left.set_title("A  one participant")
    costs = tables["costs"]
    pieces = [simulators.assign(panel="A")]
    for axes, title, by, fixed in (
        (middle, "B  one participant", "neurons", ("participants", 1)),
        (right, "C  2,000 neurons each", "participants", ("neurons", 2000)),
    ):
        chosen = costs[costs[fixed[0]] == fixed[1]]
        table = _medians(chosen, by, "cpu_s_per_model_s")
        bars = [table["value"] - table["low"], table["high"] - table["value"]]
        axes.errorbar(table[by], table["value"], bars, fmt="o", color=COLOURS["neurosim"], elinewidth=1)
        per = (table["value"] / table[by]).median()
        axes.plot(table[by], per * table[by], "--", color="#999999", lw=1, label="proportional")
        axes.plot(table[by], table[by] ** 0, ":", color="black", lw=1, label="real time")
        axes.set(xscale="log", yscale="log", xlabel=by, ylabel="CPU s per model s")
        axes.set_xticks(list(table[by]), [f"{int(x):,}" for x in table[by]])
        axes.minorticks_off()
        axes.legend(loc="upper left")
        axes.set_title(title)
        pieces.append(table.assign(panel=title[0]))
    middle.set_ylim(top=4)
    right.set_ylim(top=10)
    n = int(tables["simulators"].groupby("simulator").size().max())
    caption = (
        "Cost of the decision circuit (Wang 2002), dt 0.1 ms, one thread, CPU time of the simulation loop. "
        f"A: 2,000 neurons in this package, plain Brian2 (C++ standalone) and NEST; median of up to {n} "
        "repetitions by turns, line: their range. B, C: this package against the number of neurons, and of "
        "participants in one network; bars: range of the repetitions."
    )
    data = pd.concat(pieces, ignore_index=True)
    return [BenchmarkFigure("figure1_spiking", figure, data, caption)]


def _medians(table: pd.DataFrame, by: str, value: str) -> pd.DataFrame:
    grouped = table.groupby(by)[value]
    return pd.DataFrame(
        {"value": grouped.median(), "low": grouped.min(), "high": grouped.max(), "n": grouped.size()}
    ).reset_index()
