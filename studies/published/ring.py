"""Compte et al. 2000: a direction remembered by a bump of activity; its width, drift and distractors."""

from __future__ import annotations

import numpy as np
import pandas as pd

from neurosim.circuits.protocols.measurement import Measurement, mean_of
from neurosim.circuits.protocols.ring_protocol import (
    DelayTrial,
    diffusion_of,
    distractor_trials,
    drift_course,
    memory_trials,
    profile_course,
    smaller,
    spread_of,
)
from neurosim.circuits.ring_attractor import RingParameters, StrongRingParameters, ring_circuit
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target
from studies.exhibits.looks import FIRST, OTHER, SECOND, letter, long_table

__all__ = ["CIRCUIT"]

PAPER = "Compte et al. (2000) Cereb Cortex 10:910-923, doi:10.1093/cercor/10.9.910"
STRONG = "Murray et al. (2012) Cereb Cortex 24:859-872, doi:10.1093/cercor/bhs370"
AGAIN = "independent re-simulation"
OFFSETS_DEG = (30.0, 60.0, 120.0, 180.0)
QUICK_TRIAL = DelayTrial(end_s=4.5)
# with the parameters of the paper the rest creeps upwards: like the re-simulation, read it from 1 to 3 s
LATE_CUE = DelayTrial(cue_on_s=3.0, spontaneous_from_s=1.0, bump_from_s=5.0, end_s=7.5)

TARGETS = (
    Target("rest_e", "rate at rest, excitatory", 1.16, 0.9, 1.45, "Hz",
           f"{STRONG}; {AGAIN}, +-20-25 % for schemes of integration"),
    Target("rest_i", "rate at rest, inhibitory", 6.9, 5.9, 7.9, "Hz", f"{STRONG}; {AGAIN}, +-15 %"),
    Target("peak", "peak of the bump", 45.4, 40.0, 50.0, "Hz", f"{STRONG}; {AGAIN}, +-10 %"),
    Target("width", "width of the bump at half height", 55.0, 50.0, 60.0, "deg",
           f"{STRONG}; {AGAIN}, +-10 %"),
    Target("vector", "length of the population vector in the delay", 0.84, 0.76, 0.92, "1",
           f"{STRONG}; {AGAIN}, +-10 %"),
    Target("spread_3_s", "SD of the bump's place, 3 s after the cue", 2.6, 1.5, 5.0, "deg",
           f"{STRONG}; a few degrees ({PAPER}, UNVERIFIED); 2.6 deg in an {AGAIN} with 10 seeds", False),
    Target("diffusion", "growth of the variance of the bump's place", 7.6, 3.0, 15.0, "deg^2/s",
           f"{STRONG}; {AGAIN} with 10 seeds: a variance from 10 trials is good to a factor of two", False),
    Target("drift_by_size", "diffusion with a quarter of the cells over that with all", 4.0, 1.3, 8.0, "1",
           f"{PAPER}: as 1/N (UNVERIFIED); 1.4 in an {AGAIN} with 10 seeds; tolerance: both", False),
    Target("distractor_near", "pull of a distractor 30 deg away", None, 0.0, None, "deg",
           f"{PAPER}: near distractors attract (UNVERIFIED); the sign is the claim", False,
           whole_interval=True),
    Target("compte_rest_e", "parameters of the paper: rate at rest, excitatory", 3.75, 2.5, 5.0, "Hz",
           f"{PAPER}, about 3 Hz (UNVERIFIED); 3.75 Hz in an {AGAIN}", False),
    Target("compte_rest_i", "parameters of the paper: rate at rest, inhibitory", 10.0, 8.0, 12.0, "Hz",
           f"{PAPER}, about 10 Hz (UNVERIFIED); 10.0 Hz in an {AGAIN}", False),
    Target("compte_peak", "parameters of the paper: peak of the bump", 16.9, 14.0, 40.0, "Hz",
           f"{PAPER}, 20-40 Hz (UNVERIFIED); 16.9 Hz in an {AGAIN}; tolerance holds both", False),
    Target("compte_width", "parameters of the paper: width of the bump at half height", 108.0, 92.0, 124.0,
           "deg", f"{AGAIN}, +-15 %", False),
)  # fmt: skip


JUMP_DEG = 30.0
"""Half the width of a bump: further than diffusion takes it in 6 s."""


def _parts(setting: Setting) -> tuple[Part, ...]:
    seed = setting.seed
    strong = StrongRingParameters()
    if setting.quick:
        arguments = {"trials": 3, "seed": seed, "trial": QUICK_TRIAL}
        return (
            Part("memory_0", memory_trials, arguments, 3.0),
            Part("course", profile_course, {"seed": seed + 1, "trial": QUICK_TRIAL}, 2.0),
        )
    parts = [
        Part(f"memory_{k}", memory_trials, {"trials": 20, "seed": seed + 100 * k}, 40.0) for k in range(3)
    ]
    small = {"trials": 60, "seed": seed + 2, "parameters": smaller(strong, 4)}
    paper = {"trials": 20, "seed": seed + 3, "parameters": RingParameters(), "trial": LATE_CUE}
    parts += [
        Part("course", profile_course, {"seed": seed + 1}, 3.0),
        Part("memory_quarter", memory_trials, small, 40.0),
        Part("compte", memory_trials, paper, 45.0),
        Part(
            "distractor",
            distractor_trials,
            {"offsets_deg": OFFSETS_DEG, "trials": 12, "seed": seed + 4},
            60.0,
        ),
    ]
    return tuple(parts)


def _memory(tables: Tables) -> pd.DataFrame:
    every = [tables[name] for name in sorted(tables) if name.startswith("memory_") and name[7:].isdigit()]
    return pd.concat(every, ignore_index=True)


def _find(setting: Setting, tables: Tables) -> Findings:
    trials = _memory(tables)
    found = {
        "rest_e": mean_of(trials["spontaneous_e_hz"], "Hz"),
        "rest_i": mean_of(trials["spontaneous_i_hz"], "Hz"),
        "peak": mean_of(trials["peak_hz"], "Hz"),
        "width": mean_of(trials["width_deg"], "deg"),
        "vector": mean_of(trials["delay_vector"], "1"),
    }
    if setting.quick:
        return Findings(found)
    rng = np.random.default_rng(setting.seed)
    large, small = diffusion_of(trials, rng), diffusion_of(tables["memory_quarter"], rng)
    paper, pulled = tables["compte"], tables["distractor"]
    found |= {
        "spread_3_s": spread_of(trials, 3.0, rng),
        "diffusion": large,
        "drift_by_size": _ratio(small, large),
        "distractor_near": mean_of(pulled.loc[pulled["offset_deg"] == min(OFFSETS_DEG), "shift_deg"], "deg"),
        "compte_rest_e": mean_of(paper["spontaneous_e_hz"], "Hz"),
        "compte_rest_i": mean_of(paper["spontaneous_i_hz"], "Hz"),
        "compte_peak": mean_of(paper["peak_hz"], "Hz"),
        "compte_width": mean_of(paper["width_deg"], "deg"),
    }
    vector = paper["delay_vector"]
    creep = (
        f"{len(paper)} trials, rest seen from 1 to 3 s as in the re-simulation, bumps 2 s after the cue. "
        f"Bumps of this set are weak: population vector {vector.mean():.2f}, SD {vector.std():.2f} over "
        "trials, .47 in the re-simulation, which does not say how many trials it has nor when it looks; "
        "means over weak and lost bumps are lower and narrower. With the parameters of Murray et al., which "
        "hold their bumps, the same code agrees."
    )
    explanations = {"drift_by_size": _jumps(tables["memory_quarter"], large)}
    explanations |= dict.fromkeys(("compte_rest_e", "compte_rest_i", "compte_peak", "compte_width"), creep)
    return Findings(found, explanations)


def _jumps(small: pd.DataFrame, large: Measurement) -> str:
    """What the small ring does besides diffusing: bumps that fade and form again somewhere else."""
    times = [column for column in small if str(column).startswith("at_")]
    place = small[times].to_numpy()
    jumped = np.abs(place[:, -1]) > JUMP_DEG
    seconds = [float(str(column)[3:-2]) for column in times]
    slope = float(np.polyfit(seconds, place[~jumped].var(axis=0, ddof=1), 1)[0])
    return (
        f"In {jumped.sum()} of {jumped.size} trials the bump of the small ring is more than {JUMP_DEG:.0f} "
        "deg away after 6 s, up to the far side: it fades and forms again. These few trials make the "
        f"variance. Among the others it grows by {slope:.3g} deg^2/s, {slope / large.value:.2g} times that "
        "of the full ring."
    )


def _ratio(top: Measurement, bottom: Measurement) -> Measurement:
    """Ratio of independent estimates; relative errors add in squares on the logarithmic scale."""
    value = top.value / bottom.value
    up = np.hypot(np.log(top.high / top.value), np.log(bottom.value / bottom.low))
    down = np.hypot(np.log(top.value / top.low), np.log(bottom.high / bottom.value))
    return Measurement(value, value * float(np.exp(-down)), value * float(np.exp(up)), top.n + bottom.n, "1")


def _draw(setting: Setting, tables: Tables) -> Drawing:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2 if setting.quick else 3, figsize=(7.2, 2.5))
    course = tables["course"]
    table = course.pivot_table(index="direction_deg", columns="time_s", values="rate_hz")
    extent = (0.0, float(table.columns.max()), 0.0, 360.0)
    image = axes[0].imshow(
        table.to_numpy(), origin="lower", aspect="auto", extent=extent, cmap="Greys", vmin=0
    )
    axes[0].set(xlabel="time (s)", ylabel="preferred direction (deg)", yticks=[0, 90, 180, 270, 360])
    axes[0].plot([1.0, 1.25], [350, 350], color=FIRST, lw=3, solid_capstyle="butt")
    figure.colorbar(image, ax=axes[0], label="rate (Hz)", pad=0.02)
    letter(axes[0], "A", "cue and delay")

    late = course[course["time_s"] > DelayTrial().bump_from_s].groupby("direction_deg")["rate_hz"].mean()
    early = course[course["time_s"].between(0.5, 1.0)].groupby("direction_deg")["rate_hz"].mean()
    axes[1].plot(late.index, late.to_numpy(), color=FIRST, label="delay")
    axes[1].plot(early.index, early.to_numpy(), color=OTHER, label="before the cue")
    axes[1].set(xlabel="preferred direction (deg)", ylabel="rate (Hz)", xticks=[0, 90, 180, 270, 360])
    axes[1].set_ylim(0, 1.35 * float(late.max()))
    axes[1].legend(loc="upper right")
    letter(axes[1], "B", "bump")
    profile = pd.DataFrame(
        {"direction_deg": late.index, "delay_hz": late.to_numpy(), "rest_hz": early.to_numpy()}
    )
    pieces = [("A", course), ("B", profile)]
    caption = (
        f"Ring attractor ({PAPER}), parameters of {STRONG}, 2,560 cells. A: one trial, orange: cue; "
        "B: its rates before the cue and in the delay."
    )
    if not setting.quick:
        pieces.append(("C", _drift(axes[2], tables)))
        caption += (
            f" C: variance over trials of the bump's place, {len(_memory(tables))} trials with all cells and "
            f"{len(tables['memory_quarter'])} with a quarter of them; lines: least squares."
        )
    return Drawing(figure, long_table(*pieces), caption)


def _drift(axes, tables: Tables) -> pd.DataFrame:
    kinds = ((_memory(tables), FIRST, "2,560 cells"), (tables["memory_quarter"], SECOND, "640 cells"))
    parts = []
    for trials, colour, label in kinds:
        times, places = drift_course(trials)
        variance = places.var(axis=0, ddof=1)
        axes.plot(times, variance, "o", color=colour, label=label)
        axes.plot(times, np.polyval(np.polyfit(times, variance, 1), times), color=colour)
        parts.append(pd.DataFrame({"time_s": times, "variance_deg2": variance, "cells": label}))
    axes.set(xlabel="time after the cue (s)", ylabel="variance of the place (deg$^2$)", yscale="log")
    axes.set_ylim(1, 3e4)
    axes.legend(loc="upper left")
    letter(axes, "C", "diffusion")
    return pd.concat(parts)


CIRCUIT = Exhibit(
    name="ring",
    title="Ring attractor: spatial working memory (Compte et al. 2000)",
    paper=PAPER,
    targets=TARGETS,
    parts=_parts,
    find=_find,
    draw=_draw,
    methods=lambda: "\n\n".join(
        ring_circuit(p).methods_table() for p in (RingParameters(), StrongRingParameters())
    ),
)
