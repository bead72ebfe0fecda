"""Ardid, Wang & Compte 2007: a remembered direction changes how a sensory area answers to motion."""

from __future__ import annotations

import numpy as np
import pandas as pd

from neurosim.circuits.protocols.measurement import Measurement, bootstrap_of, mean_of
from neurosim.circuits.protocols.selective_attention_protocol import (
    attention_trials,
    competition_of,
    competition_trials,
    gain_of,
    ignition_of,
    similarity_of,
    tuning_of,
)
from neurosim.circuits.selective_attention import selective_attention_circuit
from studies.checks import CALIBRATED
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target
from studies.exhibits.looks import FIRST, OTHER, REFERENCE, SECOND, letter, long_table

__all__ = ["CIRCUIT"]

PAPER = "Ardid, Wang & Compte (2007) J Neurosci 27:8486-8495, doi:10.1523/JNEUROSCI.1145-07.2007"
ABSTRACT = f"{PAPER}, abstract: a qualitative statement"
NEURONS = "Treue & Martinez-Trujillo (1999) Nature 399:575-579, doi:10.1038/21176"
SET = (
    f"{CALIBRATED}: the strengths between the areas were set to this, since the printed ones leave PFC silent"
)
OFFSETS_DEG = (0.0, 45.0, 90.0, 135.0, 180.0)
QUICK_OFFSETS_DEG = (0.0, 180.0)

TARGETS = (
    Target("ignites_with_cue", "trials with attention and a bump in PFC after the delay", 1.0, 0.9, 1.0,
           "fraction", SET),
    Target("ignites_without", "trials without attention in which the test starts a bump", 0.0, 0.0, 0.1,
           "fraction", SET),
    Target("gain_same", "attended over unattended response, attended direction", 1.15, 1.08, 1.25, "1",
           f"{SET}; 10-20 % in {PAPER} (UNVERIFIED) and in single neurons"),
    Target("gain_opposite", "attended over unattended response, opposite direction", None, None, 1.0, "1",
           f"{ABSTRACT}; below 1 in {NEURONS}", whole_interval=True),
    Target("multiplicative", "attended against unattended tuning curve: R^2 of a line", 1.0, 0.95, 1.0,
           "1", ABSTRACT, False),
    Target("crossing", "feature similarity: distance at which enhancement becomes suppression", 75.0, 45.0,
           105.0, "deg", f"{PAPER}, 60-90 deg (UNVERIFIED); +-15 deg", False),
    Target("competition_up", "two motions: attention to the preferred one, change", None, 0.0, None, "Hz",
           f"{ABSTRACT}; the sign is the claim", False, whole_interval=True),
    Target("competition_down", "two motions: attention to the other one, change", None, None, 0.0, "Hz",
           f"{ABSTRACT}; the sign is the claim", False, whole_interval=True),
)  # fmt: skip


def _parts(setting: Setting) -> tuple[Part, ...]:
    if setting.quick:
        arguments = {"trials": 2, "seed": setting.seed, "offsets_deg": QUICK_OFFSETS_DEG}
        return (Part("attention_0", attention_trials, arguments, 6.0),)
    parts = [
        Part(f"attention_{k}", attention_trials, {"trials": 5, "seed": setting.seed + k}, 40.0)
        for k in range(2)
    ]
    pairs = {"trials": 10, "seed": setting.seed + 10}
    return (*parts, Part("competition", competition_trials, pairs, 40.0))


def _trials(tables: Tables) -> pd.DataFrame:
    """Trials of all parts, numbered through."""
    parts = [table for name, table in sorted(tables.items()) if name.startswith("attention_")]
    shift = 0
    shifted = []
    for table in parts:
        shifted.append(table.assign(trial=table["trial"] + shift))
        shift += int(table["trial"].max()) + 1
    return pd.concat(shifted, ignore_index=True)


def _find(setting: Setting, tables: Tables) -> Findings:
    trials = _trials(tables)
    ignition, gain = ignition_of(trials), gain_of(trials)
    found = {
        "ignites_with_cue": ignition["attended_delay"],
        "ignites_without": ignition["unattended_test"],
        "gain_same": gain[0.0],
        "gain_opposite": _opposite(gain),
    }
    if setting.quick:
        return Findings(found)
    pairs = tables["competition"]
    found |= {
        "multiplicative": tuning_of(trials)["r_squared"],
        "crossing": _crossing(trials, np.random.default_rng(setting.seed)),
        "competition_up": _change(pairs, "attend_preferred"),
        "competition_down": _change(pairs, "attend_other"),
    }
    return Findings(found)


def _opposite(gain: dict[float, Measurement]) -> Measurement:
    return next(m for offset, m in gain.items() if abs(offset) == 180.0)


def _crossing(trials: pd.DataFrame, rng: np.random.Generator) -> Measurement:
    """Distance (deg) from the attended direction at which the ratio of responses first falls to 1."""
    numbers = trials["trial"].unique()
    by_number = {n: trials[trials["trial"] == n] for n in numbers}

    def first(chosen: np.ndarray) -> float:
        some = pd.concat([by_number[numbers[k]].assign(trial=j) for j, k in enumerate(chosen)])
        table = similarity_of(some)
        below = np.flatnonzero(table["ratio"].to_numpy() < 1.0)
        if below.size == 0 or below[0] == 0:
            return float("nan")
        k = below[0]
        near, far = table.iloc[k - 1], table.iloc[k]
        share = (near["ratio"] - 1.0) / (near["ratio"] - far["ratio"])
        return float(near["distance_deg"] + share * (far["distance_deg"] - near["distance_deg"]))

    return bootstrap_of(first, len(numbers), "deg", rng, 100)


def _change(pairs: pd.DataFrame, condition: str) -> Measurement:
    cells = pairs[pairs["direction_deg"].abs() < 1e-6].pivot_table(
        index="trial", columns="condition", values="mt_hz"
    )
    return mean_of(cells[condition] - cells["pair"], "Hz")


def _draw(setting: Setting, tables: Tables) -> Drawing:
    import matplotlib.pyplot as plt

    trials = _trials(tables)
    figure, axes = plt.subplots(1, 2 if setting.quick else 3, figsize=(7.2, 2.6))
    same = trials[trials["offset_deg"] == 0.0]
    rows = []
    for attended, colour, label in ((True, FIRST, "attended"), (False, SECOND, "not attended")):
        for direction, one in same[same["attended"] == attended].groupby("direction_deg"):
            m = mean_of(one["mt_hz"])
            rows.append((attended, direction, m.value, m.low, m.high))
        shown = [row for row in rows if row[0] == attended]
        x, value, low, high = (np.array([row[k] for row in shown]) for k in (1, 2, 3, 4))
        axes[0].plot(x, value, color=colour, label=label)
        axes[0].fill_between(x, low, high, color=colour, alpha=0.2, lw=0)
    profile = pd.DataFrame(rows, columns=["attended", "direction_deg", "value", "low", "high"])
    axes[0].set(xlabel="preferred direction (deg)", ylabel="rate in MT (Hz)", xticks=[-180, -90, 0, 90, 180])
    axes[0].set_ylim(0, 1.4 * float(profile["value"].max()))
    axes[0].legend(loc="upper left")
    letter(axes[0], "A", "attended motion")

    ratio = similarity_of(trials)
    axes[1].axhline(1.0, color=REFERENCE, lw=0.8)
    axes[1].plot(ratio["distance_deg"], ratio["ratio"], color=FIRST)
    axes[1].fill_between(ratio["distance_deg"], ratio["low"], ratio["high"], color=FIRST, alpha=0.2, lw=0)
    axes[1].set(
        xlabel="preferred - attended (deg)", ylabel="attended / not attended", xticks=[0, 45, 90, 135, 180]
    )
    letter(axes[1], "B", "feature similarity")
    pieces = [("A", profile), ("B", ratio)]
    n = trials["trial"].nunique()
    caption = (
        f"Two areas joined both ways ({PAPER}), 2,560 neurons, {n} trials a condition. A: rates of the "
        "sensory area by preferred direction, motion in the attended one (0). B: ratio of these "
        "responses."
    )
    if not setting.quick:
        values = competition_of(tables["competition"])
        order = ("preferred_alone", "attend_preferred", "pair", "attend_other", "other_alone")
        table = pd.DataFrame([(c, *_four(values[c])) for c in order],
                             columns=["condition", "value", "low", "high"])  # fmt: skip
        y = np.arange(len(order))
        axes[2].barh(y, table["value"], color=OTHER, height=0.6)
        for at, (_, row) in enumerate(table.iterrows()):
            axes[2].plot([row["low"], row["high"]], [at, at], color="black", lw=1)
        axes[2].set_yticks(y, ["preferred alone", "attend preferred", "both", "attend other", "other alone"])
        axes[2].invert_yaxis()
        axes[2].set(xlabel="rate in MT (Hz)")
        letter(axes[2], "C", "two motions")
        pieces.append(("C", table))
        caption += " C: cells that prefer one of two motions, 10 trials a condition."
    return Drawing(figure, long_table(*pieces), caption + " Bands and lines: 95 % intervals.")


def _four(m: Measurement) -> tuple[float, float, float]:
    return m.value, m.low, m.high


CIRCUIT = Exhibit(
    name="selective_attention",
    title="Selective attention by a loop of two areas (Ardid, Wang & Compte 2007)",
    paper=PAPER,
    targets=TARGETS,
    parts=_parts,
    find=_find,
    draw=_draw,
    methods=lambda: selective_attention_circuit().methods_table(),
)
