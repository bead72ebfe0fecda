"""The figure of the working-memory circuit: two panels of a quick run, six of a full one."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from neurosim.circuits.protocols.measurement import mean_of, share_of
from neurosim.circuits.protocols.working_memory_protocol import persistence_of
from studies.exhibits.base import Drawing, Setting
from studies.exhibits.looks import (
    EXCITATORY,
    FIRST,
    INHIBITORY,
    OTHER,
    REFERENCE,
    SECOND,
    letter,
    long_table,
    points,
)

__all__ = ["draw_working_memory"]

# Fano factors of the re-simulation, 2,000 neurons
FANO = pd.DataFrame({"w_plus": (1.0, 1.4, 1.7, 1.9, 2.0), "reference": (1.64, 1.95, 2.37, 3.01, 3.73)})


def draw_working_memory(setting: Setting, tables: Mapping[str, pd.DataFrame]) -> Drawing:
    """Course of a trial, bistable window; in full also distractors, drive, fluctuations, competition."""
    import matplotlib.pyplot as plt

    shape, height = ((1, 2), 2.6) if setting.quick else ((2, 3), 4.8)
    figure, axes = plt.subplots(*shape, figsize=(7.2, height))
    panels = axes.ravel()
    trials = pd.concat([table for name, table in tables.items() if name.startswith("delay")])
    pieces = [("A", _course(panels[0], tables["course"])), ("B", _window(panels[1], persistence_of(trials)))]
    caption = (
        "Working-memory circuit (Brunel & Wang 2001), 2,000 neurons. A: one trial, w+ 2.1; black bar: cue. "
        "B: share of cued trials that hold 3.75 s after the cue, of uncued trials that fall into a memory "
        "within 5 s, and rate in the delay, against w+; "
        f"{int(trials.groupby(['w_plus', 'cued']).size().min())} trials a point."
    )
    if not setting.quick:
        pieces += [
            ("C", _pulses(panels[2], tables["distractor"], tables["switch_off"])),
            ("D", _drive(panels[3], tables["drive"])),
            ("E", _fluctuations(panels[4], tables["fluctuations"])),
            ("F", _competition(panels[5], tables["competition"])),
        ]
        caption += (
            " C: trials in which the cue's pool still holds after a 0.25 s pulse to another pool or to all "
            "cells, 20 trials a point. D: delay rate against a lasting change of the external drive of all "
            "cells, 10 trials a point. E: Fano factor of a pool's spontaneous spike counts (100 ms), 20 "
            "pools of 60 s a point; crosses: independent re-simulation. F: two stimulated pools, extra drive "
            "to the first (w+ 1.9), 10 trials a point."
        )
    return Drawing(figure, long_table(*pieces), caption + " Bars: 95 % intervals.")


def _means(trials: pd.DataFrame, by: str, value: str) -> pd.DataFrame:
    rows = [(x, m.value, m.low, m.high, m.n) for x, g in trials.groupby(by) for m in [mean_of(g[value])]]
    return pd.DataFrame(rows, columns=[by, "value", "low", "high", "n"])


def _shares(trials: pd.DataFrame, by: str, outcome: str) -> pd.DataFrame:
    rows = [(x, m.value, m.low, m.high, m.n) for x, g in trials.groupby(by) for m in [share_of(g[outcome])]]
    return pd.DataFrame(rows, columns=[by, "value", "low", "high", "n"])


def _line(axes, table: pd.DataFrame, by: str, colour: str, label: str = "", **style) -> None:
    style = {"fmt": "o-"} | style
    points(axes, table[by], table["value"], table["low"], table["high"], colour, label, **style)


def _course(axes, course: pd.DataFrame) -> pd.DataFrame:
    names = (
        ("selective_1", FIRST, "cued pool"),
        ("inhibition", INHIBITORY, "inhibition"),
        ("selective_2", SECOND, "another pool"),
        ("rest", OTHER, "unselective"),
    )
    for name, colour, label in names:
        one = course[course["population"] == name]
        axes.plot(one["time_s"], one["rate_hz"], color=colour, label=label, lw=1.1)
    axes.plot([1.0, 1.25], [-3, -3], color="black", lw=3, solid_capstyle="butt")
    shown = course[course["population"].isin([name for name, *_ in names])]
    axes.set(xlabel="time (s)", ylabel="rate (Hz)", xlim=(0, 5), ylim=(-6, 1.25 * shown["rate_hz"].max()))
    axes.legend(loc="upper right", handlelength=1)
    letter(axes, "A", "cue and delay")
    return shown


def _window(axes, table: pd.DataFrame) -> pd.DataFrame:
    kinds = (("persistence", FIRST, "cue held"), ("escape", SECOND, "memory without cue"))
    for quantity, colour, label in kinds:
        one = table[table["quantity"] == quantity]
        if len(one):
            _line(axes, one, "w_plus", colour, label)
    axes.set(xlabel="self-excitation w+", ylabel="share of trials", ylim=(-0.05, 1.45), yticks=[0, 0.5, 1])
    axes.legend(loc="upper left")
    twin = axes.twinx()
    twin.spines["right"].set_visible(True)
    rates = table[table["quantity"] == "delay_rate"].dropna()
    _line(twin, rates, "w_plus", OTHER, fmt="s:", mfc="white")
    twin.set(ylim=(-3, 87), yticks=[0, 20, 40, 60], ylabel="delay rate (Hz, squares)")
    letter(axes, "B", "bistable window")
    return table


def _pulses(axes, distractor: pd.DataFrame, everyone: pd.DataFrame) -> pd.DataFrame:
    tables = []
    kinds = ((distractor, SECOND, "to another pool"), (everyone, EXCITATORY, "to all cells"))
    for trials, colour, label in kinds:
        table = _shares(trials, "intensity_hz", "held").assign(pulse=label)
        _line(axes, table, "intensity_hz", colour, label)
        tables.append(table)
    axes.set(xscale="log", xlabel="pulse (Hz added to each cell)", ylabel="memories that survive")
    axes.set(ylim=(-0.05, 1.4), yticks=[0, 0.5, 1])
    axes.legend(loc="upper right")
    letter(axes, "C", "disturbance")
    return pd.concat(tables)


def _drive(axes, trials: pd.DataFrame) -> pd.DataFrame:
    table = _means(trials, "change_hz", "end_hz")
    _line(axes, table, "change_hz", FIRST)
    axes.set(xlabel="change of external drive (Hz)", ylabel="rate of the cued pool (Hz)", ylim=(0, None))
    axes.set_xticks([-1800, -900, 0, 900])
    letter(axes, "D", "inverted U")
    return table


def _fluctuations(axes, trials: pd.DataFrame) -> pd.DataFrame:
    table = _means(trials, "w_plus", "fano")
    axes.plot(FANO["w_plus"], FANO["reference"], "x", color=REFERENCE, label="re-simulation")
    _line(axes, table, "w_plus", FIRST, "here")
    axes.set(xlabel="self-excitation w+", ylabel="Fano factor at rest", ylim=(0, None))
    axes.legend(loc="upper left")
    letter(axes, "E", "self-excitation at rest")
    return table.merge(FANO, on="w_plus", how="left")


def _competition(axes, trials: pd.DataFrame) -> pd.DataFrame:
    chosen = trials[(trials["w_plus"] == 1.9) & (trials["condition"] == "pair")]
    tables = []
    for column, colour, label in (("first_hz", FIRST, "attended"), ("second_hz", SECOND, "other")):
        table = _means(chosen, "bias_hz", column).assign(pool=label)
        _line(axes, table, "bias_hz", colour, label)
        tables.append(table)
    axes.set(xlabel="bias on the first pool (Hz)", ylabel="rate of the pool (Hz)", ylim=(0, None))
    axes.legend(loc="lower left")
    letter(axes, "F", "biased competition")
    return pd.concat(tables)
