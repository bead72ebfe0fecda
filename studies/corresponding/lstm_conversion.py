"""B6: a trained LSTM as spike counts and as a Brian2 network of populations, and what each costs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from neurosim.circuits.protocols.measurement import Measurement, mean_of
from studies.corresponding.conversion_runs import counts, spiking_streams, tasks
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target
from studies.exhibits.looks import FIRST, OTHER, REFERENCE, SECOND, letter, long_table

__all__ = ["EXHIBIT"]

PAPER = (
    "Diehl et al. (2016), doi:10.1109/ICRC.2016.7738691, for rate-coded recurrent networks; "
    "acceptance numbers B6 are this package's own"
)
B6 = "acceptance number B6, set before measuring"
OWN = "own limit, set before measuring: spikes should cost less than half a unit of d'"
STEPS_S = (0.02, 0.05)
NEURONS = 100


def _at_most(quantity: str, label: str, high: float, unit: str = "pp", source: str = B6, **more) -> Target:
    return Target(quantity, label, 0.0, None, high, unit, source, **more)


def _at_least(quantity: str, label: str, low: float) -> Target:
    return Target(quantity, label, 1.0, low, None, "1", B6)


TARGETS = (
    _at_most("deterministic_drop", "64 slots, everything counted: loss of accuracy", 0.5),
    _at_least("deterministic_agreement", "64 slots, everything counted: same decision", 0.98),
    _at_least("deterministic_r2", "64 slots, everything counted: R2 of hidden units", 0.98),
    _at_most("bernoulli_drop", "256 random slots, everything counted: loss of accuracy", 1.0),
    _at_least("bernoulli_agreement", "256 random slots, everything counted: same decision", 0.97),
    *(
        Target(
            f"slope_{kind}_{parts}",
            f"{kind} counts of {words}: exponent of the error over T",
            value,
            value - width,
            value + width,
            "1",
            B6,
        )
        for kind, value, width in (("deterministic", -1.0, 0.2), ("bernoulli", -0.5, 0.1))
        for parts, words in (("gates", "gates"), ("full", "everything"))
    ),
    *(
        _at_most(
            f"spiking_drop_{1000 * step:.0f}ms",
            f"Brian2, {NEURONS} neurons each, {1000 * step:.0f} ms a step: loss of accuracy",
            3.0,
        )
        for step in STEPS_S
    ),
    Target(
        "similarity",
        "Brian2: debiased CKA above shuffled time and input alone",
        None,
        0.0,
        None,
        "1",
        "a similarity is claimed only above what the stimulus explains",
        whole_interval=True,
    ),
    *(
        _at_most(
            f"{task}_{quantity}",
            f"{words}, Brian2 participants: loss of {what}",
            high,
            unit,
            source,
            quick=False,
        )
        for task, words in (("ax_cpt", "AX-CPT"), ("prp", "dual task"))
        for quantity, what, high, unit, source in (
            ("accuracy_drop", "right answers", 3.0, "pp", B6),
            ("d_prime_drop", "d'", 0.5, "1", OWN),
        )
    ),
)


def _parts(setting: Setting) -> tuple[Part, ...]:
    seeds = range(setting.seed, setting.seed + (1 if setting.quick else 5))
    streams = (150, 12) if setting.quick else (600, 48)
    parts = [
        Part(f"counts_{seed}", counts, {"seed": seed, "streams": streams[0]}, 5.0 if setting.quick else 25.0)
        for seed in seeds
    ]
    for seed in seeds[:3]:
        for step_s in STEPS_S:
            neurons: tuple[int, ...] = (NEURONS,)
            if not setting.quick and step_s == max(STEPS_S):
                neurons = (10, 30, NEURONS, 300)
            parts.append(
                Part(
                    f"brian_{1000 * step_s:.0f}ms_{seed}",
                    spiking_streams,
                    {
                        "seed": seed,
                        "kind": "lstm",
                        "streams": streams[1],
                        "neurons": neurons,
                        "step_s": step_s,
                    },
                    6.0 if setting.quick else 150.0,
                )
            )
    if not setting.quick:
        parts.append(Part("tasks", tasks, {"kind": "lstm", "participants": 4, "seed": setting.seed}, 900.0))
    return tuple(parts)


def gathered(tables: Tables, start: str) -> pd.DataFrame:
    """Tables whose names begin so, one under the other."""
    return pd.concat([table for name, table in tables.items() if name.startswith(start)], ignore_index=True)


def task_measurements(table: pd.DataFrame) -> dict[str, Measurement]:
    """Losses of accuracy and d' for each task, means over participants."""
    found = {}
    for task, part in table.groupby("task"):
        lost = 100 * (part["accuracy_network"] - part["accuracy_spiking"])
        found[f"{task}_accuracy_drop"] = mean_of(lost, "pp")
        found[f"{task}_d_prime_drop"] = mean_of(part["d_prime_network"] - part["d_prime_spiking"], "1")
    return found


def task_text(table: pd.DataFrame) -> str:
    """Sensitivity d' of both forms in words, means over participants."""
    said = []
    for task, part in table.groupby("task"):
        network, spiking = part["d_prime_network"].mean(), part["d_prime_spiking"].mean()
        said.append(
            f"{task}: d' {network:.2f} (network), {spiking:.2f} (spiking), drop {network - spiking:.2f}, "
            f"right {100 * part['accuracy_network'].mean():.1f} % and "
            f"{100 * part['accuracy_spiking'].mean():.1f} %, n = {len(part)}"
        )
    return "; ".join(said)


def _find(setting: Setting, tables: Tables) -> Findings:
    from bridges.maps.count_coding import error_slope

    table = gathered(tables, "counts")
    full = table[table["parts"] == "full"]
    found: dict[str, Measurement] = {}
    for kind, slots in (("deterministic", 64), ("bernoulli", 256)):
        part = full[(full["kind"] == kind) & (full["slots"] == slots)]
        found[f"{kind}_drop"] = mean_of(part["drop_pp"], "pp")
        found[f"{kind}_agreement"] = mean_of(part["agreement"], "1")
        if kind == "deterministic":
            found["deterministic_r2"] = mean_of(part["hidden_r2"], "1")
    for key, part in table.groupby(["kind", "parts"]):
        slopes = [
            error_slope(one["slots"].to_numpy(), one["error"].to_numpy()) for _, one in part.groupby("seed")
        ]
        found["slope_" + "_".join(str(word) for word in key)] = mean_of(slopes, "1")
    brian = gathered(tables, "brian")
    brian = brian[brian["neurons"] == NEURONS]
    for step_s in STEPS_S:
        part = brian[np.isclose(brian["step_s"], step_s)]
        found[f"spiking_drop_{1000 * step_s:.0f}ms"] = mean_of(part["drop_pp"], "pp")
    above = brian["cka"] - brian[["cka_shuffled", "cka_stimulus"]].max(axis=1)
    found["similarity"] = mean_of(above, "1")
    if "tasks" in tables:
        found |= task_measurements(tables["tasks"])
    return Findings(found, _explanations(brian, tables))


def _explanations(brian: pd.DataFrame, tables: Tables) -> dict[str, str]:
    said = []
    for step_s in STEPS_S:
        part = brian[np.isclose(brian["step_s"], step_s)]
        said.append(
            f"{1000 * step_s:.0f} ms a step: loss {part['drop_pp'].mean():.2f} pp, agreement "
            f"{part['agreement'].mean():.3f}, R2 of hidden units {part['hidden_r2'].mean():.3f}"
        )
    reached = "; ".join(said)
    causes = {
        f"spiking_drop_{1000 * step:.0f}ms": f"{reached}. A membrane of 20 ms lags behind changes of "
        "current, and half a step holds few spikes of each neuron; longer windows are the remedy"
        for step in STEPS_S
    }
    if "tasks" in tables:
        words = task_text(tables["tasks"])
        for task in ("ax_cpt", "prp"):
            for name in ("accuracy_drop", "d_prime_drop"):
                causes[f"{task}_{name}"] = words
    return causes


def _draw(setting: Setting, tables: Tables) -> Drawing:
    import matplotlib.pyplot as plt

    table = gathered(tables, "counts")
    brian = gathered(tables, "brian")
    figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.6))
    for kind, colour, power in (("deterministic", FIRST, -1.0), ("bernoulli", SECOND, -0.5)):
        for parts, style, mark in (("gates", "--", "o"), ("full", "-", "s")):
            part = table[(table["kind"] == kind) & (table["parts"] == parts)]
            mean = part.groupby("slots")[["error", "agreement"]].mean()
            words = f"{kind}, {'gates' if parts == 'gates' else 'all'}"
            axes[0].plot(mean.index, mean["error"], style, marker=mark, ms=3, color=colour, label=words)
            differs = (1 - mean["agreement"]).where(mean["agreement"] < 1)
            axes[1].plot(mean.index, differs, style, marker=mark, ms=3, color=colour)
        line = part.groupby("slots")["error"].mean()
        law = 1.6 * line.iloc[0] * (line.index / line.index[0]) ** power
        axes[0].plot(line.index, law, ":", color=REFERENCE, lw=1)
        axes[0].annotate(f"$T^{{{power:g}}}$", (line.index[-1], law[-1]), color=REFERENCE, fontsize=7)
    for panel in axes[:2]:
        panel.set(xscale="log", yscale="log", xlabel="slots $T$")
        panel.set_xticks([10, 100, 1000])
    axes[0].set_ylabel("error of hidden units (RMS)")
    axes[0].set_ylim(bottom=5e-5)
    axes[0].legend(loc="lower left", fontsize=6, handlelength=2, labelspacing=0.25)
    axes[1].set_ylabel("decisions that differ (share)")
    one = brian[np.isclose(brian["step_s"], max(STEPS_S))].groupby("neurons")
    axes[2].plot(
        one["hidden_r2"].mean().index,
        one["hidden_r2"].mean(),
        "-o",
        ms=4,
        color=FIRST,
        label="R2 of hidden units",
    )
    axes[2].plot(
        one["agreement"].mean().index,
        one["agreement"].mean(),
        "-s",
        ms=4,
        color=SECOND,
        label="same decision",
    )
    axes[2].plot(one["cka"].mean().index, one["cka"].mean(), "-^", ms=4, color="#009E73", label="CKA")
    for column, style, words in (
        ("cka_stimulus", ":", "CKA, input alone"),
        ("cka_shuffled", "--", "CKA, shuffled"),
    ):
        axes[2].plot(
            one[column].mean().index, one[column].mean(), style, marker="x", ms=4, color=OTHER, label=words
        )
    axes[2].set(xscale="log", xlabel="neurons in a population", ylim=(-0.05, 1.05))
    axes[2].set_ylabel("share")
    axes[2].legend(loc=(0.3, 0.4), fontsize=6, labelspacing=0.25)
    letter(axes[0], "A", "error of counts")
    letter(axes[1], "B", "decisions")
    letter(axes[2], "C", "Brian2 populations")
    pieces = [("A", table), ("C", brian)]
    more = ""
    if "tasks" in tables:
        pieces.append(("tasks", tables["tasks"]))
        more = f" {task_text(tables['tasks'])}."
    return Drawing(
        figure,
        long_table(*pieces),
        f"A trained LSTM of 32 units as spikes; means over n = {table['seed'].nunique()} networks, no error "
        "bars. A: everything or the gates alone as counts in T slots; dotted: the expected laws. B: steps at "
        "which the decision changes. C: leaky integrate-and-fire populations in Brian2, "
        f"{1000 * max(STEPS_S):.0f} ms a step; CKA is debiased, beside what the input alone explains and "
        f"shuffled time.{more}",
    )


def _methods() -> str:
    from bridges.maps import count_coding, lstm_spiking, spiking_populations

    parts = (count_coding, lstm_spiking, spiking_populations)
    return "\n\n".join(str(part.__doc__).strip() for part in parts)


EXHIBIT = Exhibit(
    name="lstm_conversion",
    title="A trained LSTM becomes spikes (B6)",
    paper=PAPER,
    targets=TARGETS,
    parts=_parts,
    find=_find,
    draw=_draw,
    methods=_methods,
)
