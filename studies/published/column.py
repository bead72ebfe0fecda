"""Potjans & Diesmann 2014: rates of the populations of a cortical column, and attention to its layers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from neurosim.circuits.cortical_column import POPULATIONS, column_circuit
from neurosim.circuits.protocols.column_protocol import (
    attention_effect_of,
    attention_trials,
    raster_trial,
    rates_of,
    spontaneous_trials,
)
from neurosim.circuits.protocols.measurement import Measurement
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target
from studies.exhibits.looks import FIRST, REFERENCE, SECOND, letter, long_table

__all__ = ["CIRCUIT"]

PAPER = "Potjans & Diesmann (2014) Cereb Cortex 24:785-806, doi:10.1093/cercor/bhs358"
ATTENTION = "Wagatsuma et al. (2011) Front Comput Neurosci 5:31, doi:10.3389/fncom.2011.00031"
FULL = "rates of the full column in NEST GPU's reference parameters, Poisson background; +-10 %"
PUBLISHED_HZ = dict(zip(POPULATIONS, (0.943, 3.026, 4.368, 5.882, 7.733, 8.664, 1.096, 7.851), strict=True))
CONSTANT_HZ = dict(zip(POPULATIONS, (0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829), strict=True))
"""Rates of the full column with constant background in NEST's reference implementation."""
SCALE, LARGER = 0.1, 0.3
SMALL, LARGE = f"{SCALE:.0%}", f"{LARGER:.0%}"

TARGETS = (
    *(
        Target(f"rate_{name}", f"rate of {name}, column at {SMALL}", value, 0.9 * value, 1.1 * value, "Hz",
               f"{PAPER}; {FULL}")
        for name, value in PUBLISHED_HZ.items()
    ),
    *(
        Target(f"full_rate_{name}", f"rate of {name}, full column", value, 0.9 * value, 1.1 * value, "Hz",
               f"{PAPER}; rates of NEST's reference implementation, constant background; +-10 %", False)
        for name, value in CONSTANT_HZ.items()
    ),
    Target("largest_deviation", f"largest deviation of a rate, at {LARGE} over at {SMALL} of its size",
           None, None, 1.0, "1", f"{PAPER}: columns deviate from the full one, more so the smaller they are; "
           "tests the explanation of the rates", False),
    Target("cv", "irregularity: smallest CV of intervals of a population", None, 0.7, 1.2, "1",
           f"{PAPER}: above 0.8 everywhere; the published criterion of irregular activity is 0.7 to 1.2",
           False),
    Target("synchrony_l5e", "synchrony of L5E over the next highest", None, 1.0, None, "1",
           f"{PAPER}: synchrony is highest in L5E", False),
    Target("attention_L23E", "attention: change of L23E", None, 0.0, None, "%",
           f"{ATTENTION}: rises; the sign is the claim", False, whole_interval=True),
    Target("attention_L5E", "attention: change of L5E", None, 0.0, None, "%",
           f"{ATTENTION}: rises; the sign is the claim", False, whole_interval=True),
    Target("attention_L4E", "attention: change of L4E", None, None, 0.0, "%",
           f"{ATTENTION}: falls; the sign is the claim", False, whole_interval=True),
)  # fmt: skip


def _parts(setting: Setting) -> tuple[Part, ...]:
    seed = setting.seed
    if setting.quick:
        return (
            Part("rates_0", spontaneous_trials, {"trials": 1, "duration_s": 3.0, "seed": seed}, 6.0),
            Part("raster", raster_trial, {"seed": seed}, 3.0),
        )
    parts = [
        Part(f"rates_{k}", spontaneous_trials, {"trials": 5, "duration_s": 10.0, "seed": seed + k}, 60.0)
        for k in range(2)
    ]
    large = {"trials": 2, "duration_s": 4.0, "seed": seed + 10, "scale": LARGER}
    parts += [
        Part("raster", raster_trial, {"seed": seed}, 3.0),
        Part("larger", spontaneous_trials, large, 90.0),
        # 77,169 neurons: 1.2 GB
        Part(
            "full",
            spontaneous_trials,
            {"trials": 1, "duration_s": 10.0, "seed": seed + 30, "scale": 1.0, "background": "constant"},
            300.0,
        ),
        Part("attention", attention_trials, {"trials": 10, "duration_s": 4.0, "seed": seed + 20}, 150.0),
    ]
    return tuple(parts)


def _trials(tables: Tables) -> pd.DataFrame:
    named = {name: table for name, table in tables.items() if name.startswith("rates_")}
    return pd.concat([table.assign(part=name) for name, table in named.items()], ignore_index=True)


def _deviation(rates: dict[str, Measurement]) -> float:
    return max(abs(rates[name].value / value - 1.0) for name, value in PUBLISHED_HZ.items())


def _find(setting: Setting, tables: Tables) -> Findings:
    trials = _trials(tables)
    rates = rates_of(trials)
    found = {f"rate_{name}": rates[name] for name in POPULATIONS}
    why = (
        f"The column has {SMALL} of its neurons and in-degrees. Mean and variance of the input are kept, "
        "but fewer neurons share more of their input, so that fluctuations are correlated and rates of all "
        "populations fall"
    )
    if setting.quick:
        return Findings(found, {f"rate_{name}": f"{why}; the full run tests that." for name in POPULATIONS})
    larger = rates_of(tables["larger"])
    full = rates_of(tables["full"])
    found |= {f"full_rate_{name}": full[name] for name in POPULATIONS}
    ratio = _deviation(larger) / _deviation(rates)
    found["largest_deviation"] = Measurement(ratio, np.nan, np.nan, len(tables["larger"]) // 8, "1")
    words = ", ".join(f"{name} {larger[name].value:.2f}" for name in POPULATIONS)
    why += (
        f". At {LARGE} the same code gives {words} Hz: largest deviation {_deviation(larger):.0%} "
        f"instead of {_deviation(rates):.0%}. NEST at {SMALL}, given the same table, gives the rates of this "
        "column (python -m studies.benchmarks --only spiking --nest-python ...)."
    )
    cv = rates_of(trials, "cv")
    lowest = min(cv, key=lambda name: cv[name].value)
    synchrony = rates_of(trials, "synchrony")
    rest = max(m.value for name, m in synchrony.items() if name != "L5E")
    found["cv"] = cv[lowest]
    five = synchrony["L5E"]
    found["synchrony_l5e"] = Measurement(five.value / rest, five.low / rest, five.high / rest, five.n, "1")
    effects = attention_effect_of(tables["attention"])
    found |= {f"attention_{name}": effects[name] for name in ("L23E", "L5E", "L4E")}
    explanations = {f"rate_{name}": why for name in POPULATIONS}
    one_run = "One run of 10 s; the rate of a layer fluctuates by some percent between such runs."
    explanations |= {f"full_rate_{name}": one_run for name in POPULATIONS}
    explanations["synchrony_l5e"] = (
        "Synchrony is variance over mean of a population's counts, which grows with the number of its cells "
        f"that fire together: by population {', '.join(f'{n} {m.value:.2f}' for n, m in synchrony.items())}. "
        f"At {SMALL} of the cells and with more shared input, the order is not that of the full column."
    )
    return Findings(found, explanations)


def _draw(setting: Setting, tables: Tables) -> Drawing:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2 if setting.quick else 3, figsize=(7.2, 3.0))
    raster = tables["raster"]
    # every population gets the same height, whatever its size
    for k, name in enumerate(POPULATIONS):
        one = raster[raster["population"] == name]
        height = k - 0.4 + 0.8 * one["neuron"] / max(int(one["neuron"].max()) if len(one) else 1, 1)
        colour = FIRST if name.endswith("E") else SECOND
        axes[0].plot(one["time_s"], height, ".", ms=1, mew=0, color=colour, rasterized=True)
    axes[0].set_yticks(range(len(POPULATIONS)), POPULATIONS)
    axes[0].invert_yaxis()
    axes[0].tick_params(axis="y", length=0)
    axes[0].set(xlabel="time (s)", xlim=(0, 0.4))
    letter(axes[0], "A", "spikes")

    rates = rates_of(_trials(tables))
    rows = [(name, m.value, m.low, m.high, PUBLISHED_HZ[name]) for name, m in rates.items()]
    table = pd.DataFrame(rows, columns=["population", "value", "low", "high", "published"])
    y = np.arange(len(POPULATIONS))
    axes[1].barh(y, table["published"], height=0.75, color="#DDDDDD", label="full column (NEST)")
    for at, (_, row) in enumerate(table.iterrows()):
        colour = FIRST if str(row["population"]).endswith("E") else SECOND
        axes[1].plot([row["low"], row["high"]], [at, at], color=colour, lw=1)
        axes[1].plot(row["value"], at, "o", color=colour)
    if not setting.quick:
        larger = rates_of(tables["larger"])
        values = [larger[name].value for name in POPULATIONS]
        axes[1].plot(values, y, "x", color=REFERENCE, label=f"here, {LARGE}")
        table[f"scale_{LARGER}"] = values
        full = [rates_of(tables["full"])[name].value for name in POPULATIONS]
        axes[1].plot(full, y, "+", color="black", label="here, full size")
        table["scale_1"] = full
    axes[1].plot([], [], "o", color=FIRST, label=f"here, {SMALL}")
    axes[1].set_yticks(y, POPULATIONS)
    axes[1].invert_yaxis()
    axes[1].set(xlabel="rate (Hz)", xlim=(0, 10), ylim=(10.2, -0.6))
    axes[1].legend(loc="lower right")
    letter(axes[1], "B", "rates")
    pieces = [("A", raster), ("B", table)]
    caption = (
        f"Cortical column ({PAPER}) at {SMALL} of its size, {column_circuit(SCALE).size:,} neurons. "
        "A: spikes of a quarter of the neurons (orange: excitatory, blue: inhibitory; equal heights). "
        f"B: mean rates; lines: 95 % intervals over {rates['L4E'].n} columns; "
        f"grey: {FULL.split(';', maxsplit=1)[0]}."
    )
    if not setting.quick:
        effects = attention_effect_of(tables["attention"])
        change = pd.DataFrame([(n, m.value, m.low, m.high) for n, m in effects.items()],
                              columns=["population", "value", "low", "high"])  # fmt: skip
        axes[2].axvline(0.0, color=REFERENCE, lw=0.8)
        for at, (_, row) in enumerate(change.iterrows()):
            colour = FIRST if str(row["population"]).endswith("E") else SECOND
            axes[2].plot([row["low"], row["high"]], [at, at], color=colour, lw=1)
            axes[2].plot(row["value"], at, "o", color=colour)
        axes[2].set_yticks(y, POPULATIONS)
        axes[2].invert_yaxis()
        axes[2].set(xlabel="change by attention (%)")
        letter(axes[2], "C", "attention to L2/3 and L5")
        pieces.append(("C", change))
        caption += (
            f" C: two columns with the same stimulus, attention to layers 2/3 and 5 of one ({ATTENTION}); "
            f"change of its rates, {effects['L4E'].n} pairs of columns."
        )
    return Drawing(figure, long_table(*pieces), caption)


CIRCUIT = Exhibit(
    name="column",
    title="Cortical column (Potjans & Diesmann 2014)",
    paper=PAPER,
    targets=TARGETS,
    parts=_parts,
    find=_find,
    draw=_draw,
    methods=lambda: column_circuit(SCALE).methods_table(),
)
