"""Training rules (B13): one curriculum for circuit, network and observer, and the synapse behind the rule."""

from __future__ import annotations

import numpy as np
import pandas as pd

import bridges.maps.training_rules as rules
from bridges.maps.training_rules import asymptote
from neurosim.circuits.protocols.measurement import Measurement
from studies.camp.courses import LABELS, blocks, learning_curve, synapses, together
from studies.camp.exhibit import COLOURS, course_findings, course_parts, course_targets
from studies.corresponding.training_runs import gradients
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target
from studies.exhibits.looks import FIRST, OTHER, SECOND, letter, long_table

__all__ = ["EXHIBIT"]

PAPER = "Soltani & Wang (2010) Nat Neurosci 13:112-119, doi:10.1038/nn.2450"
CHANCES = (0.2, 0.5, 0.8)

TARGETS = (
    *(
        Target(f"synapse.p{round(100 * p)}", f"bounded synapse, reward with probability {p:g}: where it "
                                             f"settles", p,
               p - 0.03, p + 0.03, "1", f"{PAPER}; closed form c* = p for q+ = q-")
        for p in CHANCES
    ),
    Target("gradient_cosine", "cosine of the eligibility rule's step and REINFORCE's, input and "
                              "recurrent weights",
           None, 0.0, None, "1", "Bellec et al. (2020) Nat Commun 11:3625; sign: both climb",
               whole_interval=True),
    *course_targets(),
)  # fmt: skip


def _parts(setting: Setting) -> tuple[Part, ...]:
    seeds = tuple(setting.seed + k for k in range(3 if setting.quick else 10))
    return (
        Part("synapses", synapses, {"seeds": seeds, "chances": CHANCES}, 3.0),
        Part("gradients", gradients, {"seeds": seeds}, 1.0),
        *course_parts(setting),
    )


def _find(setting: Setting, tables: Tables) -> Findings:
    courses = course_findings(setting, tables)
    found = dict(courses.measurements)
    for p in CHANCES:
        settled = tables["synapses"].query("p == @p")["settled"].to_numpy()
        # the worst seed has to be within the tolerance, not the mean alone
        worst = float(settled[np.abs(settled - p).argmax()])
        found[f"synapse.p{round(100 * p)}"] = Measurement(
            worst, float(settled.min()), float(settled.max()), settled.size, "1"
        )
    cosine = tables["gradients"]["cosine"].to_numpy()
    rng = np.random.default_rng(0)
    again = cosine[rng.integers(cosine.size, size=(2000, cosine.size))].mean(axis=1)
    low, high = np.quantile(again, [0.025, 0.975])
    found["gradient_cosine"] = Measurement(float(cosine.mean()), float(low), float(high), cosine.size, "1")
    return Findings(found, courses.explanations)


def _draw(setting: Setting, tables: Tables) -> Drawing:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.7))
    settled = tables["synapses"]
    line = np.linspace(0.1, 0.9, 9)
    axes[0].plot(line, [asymptote(p, 0.02, 0.02) for p in line], color=OTHER, lw=1)
    axes[0].plot(settled["p"], settled["settled"], "o", color=FIRST, ms=3)
    axes[0].set(xlabel="probability of reward", ylabel="share potentiated")
    letter(axes[0], "A", "bounded synapse")
    axes[1].hist(tables["gradients"]["cosine"], bins=np.linspace(-1, 1, 21), color=SECOND)
    axes[1].axvline(0.0, color=OTHER, lw=0.8)
    axes[1].set(xlabel="cosine of the two steps", ylabel="trials")
    letter(axes[1], "B", "eligibility and REINFORCE")
    pieces = []
    for kind, table in together(tables).items():
        points = blocks(table)
        mean = points.groupby("trial")["level"].mean()
        trials = mean.index.to_numpy(dtype=float)
        axes[2].plot(mean.index, mean, "o", color=COLOURS[kind], ms=2.5)
        curve = learning_curve(table)
        axes[2].plot(mean.index, curve.at(trials), "-", color=COLOURS[kind], lw=1, label=LABELS[kind])
        pieces.append(
            pd.DataFrame({"agent": kind, "trial": mean.index, "level": mean, "fit": curve.at(trials)})
        )
    axes[2].set(xlabel="trial of training", ylabel="strength (log10)")
    letter(axes[2], "C", "learning curves")
    figure.legend(*axes[2].get_legend_handles_labels(), loc="outside lower center", ncols=4, handlelength=1.2)
    return Drawing(
        figure,
        long_table(("A", settled), ("B", tables["gradients"]), ("C", pd.concat(pieces, ignore_index=True))),
        "A: share of potentiated binary synapses, one dot a seed, against the closed form. B: cosine "
        "between the "
        "steps of the two rules of the network on the same trials. C: strength under the staircase, "
        "mean over "
        "individuals in blocks of 20 trials, with the fit thr_inf + A n^-k.",
    )


EXHIBIT = Exhibit(
    name="training_rules",
    title="Training rules: three factors in the circuit, reward in the network",
    paper=PAPER,
    targets=TARGETS,
    parts=_parts,
    find=_find,
    draw=_draw,
    methods=lambda: str(rules.__doc__),
)
