"""Capacity (B12): bits of a channel beside bits per decision of a circuit, and what g(t) does to d'."""

from __future__ import annotations

import numpy as np
import pandas as pd

import bridges.maps.capacity as map_capacity
import bridges.maps.decrement as map_decrement
from bridges.maps.capacity import DEMAND_BITS
from neurosim.circuits.protocols.measurement import Measurement, mean_of
from studies.corresponding.capacity_runs import LEVELS, circuit_and_channel, decrement
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target
from studies.exhibits.looks import FIRST, OTHER, SECOND, letter, long_table

__all__ = ["EXHIBIT"]

PAPER = "Shannon (1949) Proc IRE 37:10-21, doi:10.1109/JRPROC.1949.232969"
OWN = "this package's acceptance number for the map (B12)"
AROUSAL = "closed form d' = g m / sqrt(g^2 s_ext^2 + s_int^2); " + OWN

TARGETS = (
    Target("spearman", "dual cost against capacity, six levels: rank correlation, worst seed", -1.0, None,
        -0.9,
           "1", OWN),
    Target("cost_short", f"dual cost at {LEVELS[0]:g} of the demand", None, 0.03, 0.13, "fraction", OWN),
    Target("cost_middle", "dual cost at the demand", None, 0.03, 0.13, "fraction", OWN),
    Target("cost_enough", "dual cost at 1.6 times the demand", None, 0.03, 0.13, "fraction", OWN),
    Target("cost_ample", "dual cost at 2.3 times the demand and more", None, None, 0.01, "fraction", OWN),
    Target("circuit_fit", "dual cost with fitted C, less the circuit's: largest difference", 0.0,
           -0.02, 0.02, "fraction", OWN),
    Target("slope_on", "slope of d' over time with g(t) on the evidence", None, None, 0.0, "1/min", OWN,
           whole_interval=True),
    Target("slope_closed_form", "the same over the slope of the closed form", 1.0, 0.75, 1.25, "1", AROUSAL),
    Target("slope_off", "slope of d' over time with g = 1, in standard errors", 0.0, -1.96,
           1.96, "1", OWN),
    Target("rest", "share of the lost gain back after resting three recovery times", 0.95, 0.9, None,
        "fraction",
           OWN),
)  # fmt: skip


def _parts(setting: Setting) -> tuple[Part, ...]:
    seeds = 1 if setting.quick else 3
    trials, exam = (30, 12000) if setting.quick else (200, 40000)
    runs = tuple(
        Part(f"channel_{k}", circuit_and_channel,
             {"seed": setting.seed + k, "trials": trials, "exam": exam}, 40.0)
        for k in range(seeds)
    )  # fmt: skip
    vigils = tuple(setting.seed + k for k in range(10 if setting.quick else 30))
    return (*runs, Part("decrement", decrement, {"seeds": vigils}, 15.0))


def _channel(tables: Tables) -> pd.DataFrame:
    return pd.concat(
        [table for name, table in tables.items() if name.startswith("channel")], ignore_index=True
    )


def _slopes(table: pd.DataFrame, condition: str, column: str) -> np.ndarray:
    here = table[table["condition"] == condition]
    return np.array([np.polyfit(one["time_s"] / 60.0, one[column], 1)[0] for _, one in here.groupby("seed")])


def _find(setting: Setting, tables: Tables) -> Findings:
    channel, vigils = _channel(tables), tables["decrement"]
    sweep = channel[channel["kind"] == "sweep"].assign(level=lambda t: (t["bits"] / DEMAND_BITS).round(3))
    ranks = np.array([one["bits"].corr(one["cost"], method="spearman") for _, one in sweep.groupby("seed")])
    by_level = {level: mean_of(part["cost"], "fraction") for level, part in sweep.groupby("level")}
    ample = max((by_level[x] for x in LEVELS if x >= 2.3), key=lambda m: m.value)
    fitted = channel[channel["kind"] == "fitted"].set_index("seed")["cost"]
    circuit = channel[channel["kind"] == "circuit"].set_index("seed")
    miss = fitted - circuit["cost"]
    on, form = _slopes(vigils, "on", "d_prime"), _slopes(vigils, "on", "expected")
    loop, off = _slopes(vigils, "on, also recurrent", "d_prime"), _slopes(vigils, "off", "d_prime")
    still = mean_of(off, "1/min")
    half = (still.high - still.low) / 2
    rest = float(vigils.loc[vigils["condition"] == "rest", "gain"].iloc[0])
    found = {
        "spearman": Measurement(float(ranks.max()), float(ranks.min()), float(ranks.max()), len(ranks), "1"),
        "cost_short": by_level[LEVELS[0]],
        "cost_middle": by_level[1.0],
        "cost_enough": by_level[1.6],
        "cost_ample": ample,
        "circuit_fit": Measurement(
            float(miss.iloc[int(np.argmax(miss.abs()))]) if miss.notna().all() else np.nan,
            float(miss.min()), float(miss.max()), len(miss), "fraction"),
        "slope_on": mean_of(on, "1/min"),
        "slope_closed_form": _ratio(on, form),
        "slope_off": Measurement(1.96 * still.value / half, -1.96, 1.96, still.n, "1"),
        "rest": Measurement.exact(rest, "fraction"),
    }  # fmt: skip
    low, high = circuit["cost"].min(), circuit["cost"].max()
    steep = loop.mean() / form.mean()
    return Findings(
        found,
        {
            "circuit_fit": f"the circuit's dual cost was {low:.3f} to {high:.3f} (standard error of a seed "
            f"{circuit['cost_error'].mean():.3f}); a cost that no capacity of the sweep gives cannot be "
            f"fitted",
            "cost_ample": f"worst of the ample levels; interval {ample.low:.3f} to {ample.high:.3f}",
            "cost_short": "single choices keep most of their accuracy at this capacity, so more of it "
            "is lost "
            "by doing both; the cost depends on the noise of the stimuli as well as on C",
            "slope_closed_form": f"with g(t) within the recurrence as well the ratio is {steep:.2f}",
        },
    )


def _ratio(slopes: np.ndarray, form: np.ndarray) -> Measurement:
    """Ratio of mean slopes, with its interval by resampling individuals."""
    rng = np.random.default_rng(0)
    draws = rng.integers(slopes.size, size=(2000, slopes.size))
    again = slopes[draws].mean(axis=1) / form[draws].mean(axis=1)
    low, high = np.quantile(again, [0.025, 0.975])
    return Measurement(float(slopes.mean() / form.mean()), float(low), float(high), slopes.size, "1")


def _draw(setting: Setting, tables: Tables) -> Drawing:
    import matplotlib.pyplot as plt

    channel, vigils = _channel(tables), tables["decrement"]
    figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.6))
    sweep = channel[channel["kind"] == "sweep"]
    for _, one in sweep.groupby("seed"):
        axes[0].plot(one["bits"] / DEMAND_BITS, one["single"], "o-", color=FIRST, ms=3, lw=1)
        axes[0].plot(one["bits"] / DEMAND_BITS, one["dual"], "o-", color=SECOND, ms=3, lw=1)
        axes[1].plot(one["bits"] / DEMAND_BITS, one["cost"], "o-", color=OTHER, ms=3, lw=1)
    axes[0].text(2.4, 0.93, "one at a time", color=FIRST, va="top")
    axes[0].text(1.35, 0.78, "both", color=SECOND)
    axes[0].set(xlabel="capacity / demand", ylabel="share correct", ylim=(0.6, 1.0))
    letter(axes[0], "A", "fixed-power channel")
    circuit, fitted = (channel[channel["kind"] == kind] for kind in ("circuit", "fitted"))
    axes[1].axhline(0.0, color=OTHER, lw=0.5)
    axes[1].errorbar(
        circuit["bits"] / DEMAND_BITS, circuit["cost"], 1.96 * circuit["cost_error"], fmt="s", ms=4,
            color=FIRST,
        elinewidth=1, label="circuit, its own bits",
    )  # fmt: skip
    axes[1].plot(fitted["bits"] / DEMAND_BITS, fitted["cost"], "D", ms=5, mfc="none", color=SECOND,
                 label="channel fitted to it")  # fmt: skip
    axes[1].set(xlabel="capacity / demand", ylabel="dual cost")
    axes[1].legend(loc="upper right", handlelength=1)
    letter(axes[1], "B", "dual cost")
    shown = vigils[vigils["condition"].isin(["on", "off"])]
    mean = shown.groupby(["condition", "window"])[["time_s", "d_prime", "expected"]].mean().reset_index()
    for condition, colour in (("on", FIRST), ("off", OTHER)):
        one = mean[mean["condition"] == condition]
        axes[2].plot(one["time_s"] / 60, one["d_prime"], "o", color=colour, ms=4)
        axes[2].plot(one["time_s"] / 60, one["expected"], "-", color=colour, lw=1, label=f"g(t) {condition}")
    axes[2].set(xlabel="time on task (min)", ylabel="d'")
    axes[2].legend(loc="lower left", handlelength=1.5)
    letter(axes[2], "C", "decrement")
    data = long_table(("A, B", channel), ("C", mean))
    n = vigils["seed"].nunique()
    return Drawing(
        figure,
        data,
        "A: accuracy of LSTMs that do one or both of two choices of four, against the capacity of their "
        "channel, "
        "one line a seed. B: what doing both costs; squares: the spiking circuit (95 % intervals) at twice "
        "the bits of one of its decisions when it makes two; diamonds: channel with C fitted to it. "
        f"C: d' over time, mean of {n} networks; dots counted, lines the closed form.",
    )


def _methods() -> str:
    return f"{map_capacity.__doc__}\n\n{map_decrement.__doc__}"


EXHIBIT = Exhibit(
    name="capacity",
    title="Capacity: fixed-power channel and bits per decision of the circuit",
    paper=PAPER,
    targets=TARGETS,
    parts=_parts,
    find=_find,
    draw=_draw,
    methods=_methods,
)
