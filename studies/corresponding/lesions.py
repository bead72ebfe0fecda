"""Lesions of persistence: the same cap on forget gates of a network and on self-excitation of its spikes."""

from __future__ import annotations

import numpy as np

from neurosim.circuits.protocols.measurement import Measurement, mean_of
from studies.corresponding.conversion_runs import lesions
from studies.corresponding.lstm_conversion import gathered
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target
from studies.exhibits.looks import FIRST, REFERENCE, SECOND, letter, long_table

__all__ = ["EXHIBIT"]

PAPER = (
    "Forget gates: Gers, Schmidhuber & Cummins (2000), doi:10.1162/089976600300015015; acceptance numbers "
    "are this package's own"
)
SOURCE = "acceptance number of the lesion checks, set before measuring"
CAPS = (0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.0)
NOTICED = 0.02
"""Effects below this (share of probes) are within chance and have no sign to agree on."""

TARGETS = (
    Target("signs", "lesions that change accuracy in the same direction", 1.0, 1.0, None, "share", SOURCE),
    Target("effect_r2", "sizes of effects: R2 about identity", 1.0, 0.8, None, "1", SOURCE),
    Target("lesions", "number of lesions", None, 6.0, None, "lesions", SOURCE),
    Target("worst_effect", "no persistence at all: change of accuracy on probes of the spiking form", None,
           None, 0.0, "share", "what holds a cue over a delay is gone", whole_interval=True, quick=False),
)  # fmt: skip


def _parts(setting: Setting) -> tuple[Part, ...]:
    seeds = range(setting.seed, setting.seed + (1 if setting.quick else 4))
    caps = tuple(cap for cap in CAPS if cap not in (0.8, 0.3)) if setting.quick else CAPS
    streams = 20 if setting.quick else 64
    return tuple(
        Part(
            f"seed_{seed}",
            lesions,
            {"seed": seed, "streams": streams, "caps": caps},
            15.0 if setting.quick else 180.0,
        )
        for seed in seeds
    )


def _find(setting: Setting, tables: Tables) -> Findings:
    from bridges.maps.lesions import effect_r2, same_sign

    table = gathered(tables, "seed")
    signs, sizes, worst = [], [], []
    for _, part in table.groupby("seed"):
        expected, found = part["network_effect"].to_numpy(), part["spiking_effect"].to_numpy()
        signs.append(same_sign(expected, found, NOTICED))
        sizes.append(effect_r2(expected, found))
        worst.append(float(part.loc[part["cap"] == 0.0, "spiking_effect"].iloc[0]))
    measured = {
        "signs": mean_of(signs, "share"),
        "effect_r2": mean_of(sizes, "1"),
        "lesions": Measurement.exact(table["cap"].nunique(), "lesions"),
    }
    if not setting.quick:
        measured["worst_effect"] = mean_of(worst, "share")
    spread = f"R2 by network: {', '.join(f'{value:.2f}' for value in sizes)}"
    probes = "the spiking form loses a little more or less than the network on the few probes of a run"
    return Findings(
        measured, {name: f"{spread}; {probes}" for name in ("signs", "effect_r2", "worst_effect")}
    )


def _draw(setting: Setting, tables: Tables) -> Drawing:
    import matplotlib.pyplot as plt

    table = gathered(tables, "seed")
    figure, axes = plt.subplots(1, 2, figsize=(5.6, 2.6))
    mean = table.groupby("cap")[["network", "spiking"]].mean()
    for form, colour, mark, words in (
        ("network", SECOND, "o", "LSTM"),
        ("spiking", FIRST, "s", "Brian2 form"),
    ):
        axes[0].plot(mean.index, 100 * mean[form], f"-{mark}", ms=4, color=colour, label=words)
        intact = 100 * table.groupby("seed")[f"intact_{form}"].first().mean()
        axes[0].axhline(intact, color=colour, ls=":", lw=1)
    axes[0].set(xlabel="most that the forget gate may be", ylabel="right on probes (%)", ylim=(0, 100))
    axes[0].legend(loc="lower right")
    for column in ("network_effect", "spiking_effect"):
        table[column] = 100 * table[column]
    axes[1].plot(table["network_effect"], table["spiking_effect"], "o", ms=4, color=FIRST)
    ends = np.array([table[["network_effect", "spiking_effect"]].min().min() - 3, 3])
    axes[1].plot(ends, ends, "--", lw=1, color=REFERENCE)
    axes[1].set(xlabel="effect in the LSTM (pp)", ylabel="effect in its spiking form (pp)")
    letter(axes[0], "A", "persistence limited")
    letter(axes[1], "B", "effects of each lesion")
    return Drawing(
        figure,
        long_table(("A", table)),
        "Persistence limited by a cap on the forget gates of a trained LSTM, and on the self-excitation of "
        f"its Brian2 form, n = {table['seed'].nunique()} networks. A: right answers to probes, mean over "
        "networks; dotted: without lesion. B: change from the intact network, one point a network and "
        "lesion; dashed: identity.",
    )


def _methods() -> str:
    from bridges.maps import lesions as module

    return str(module.__doc__).strip()


EXHIBIT = Exhibit(
    name="lesions",
    title="Lesions of persistence agree between an LSTM and its spiking form",
    paper=PAPER,
    targets=TARGETS,
    parts=_parts,
    find=_find,
    draw=_draw,
    methods=_methods,
)
