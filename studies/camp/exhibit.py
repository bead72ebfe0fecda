"""The training camp as an exhibit: one staircase for circuits, networks and simulated people."""

from __future__ import annotations

import numpy as np
import pandas as pd

import bridges.curriculum as curriculum
import bridges.maps.training_rules as rules
from bridges.maps.camp_agents import LEARNERS, SPREAD
from neurosim.circuits.protocols.measurement import Measurement
from studies.camp.courses import (
    LABELS,
    blocks,
    course,
    learning_curve,
    realised_accuracy,
    retest_correlation,
    thresholds,
    together,
)
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target
from studies.exhibits.looks import EXCITATORY, FIRST, OTHER, SECOND, letter, long_table

__all__ = ["CAMP", "COLOURS", "course_findings", "course_parts", "course_targets"]

PAPER = "Kaernbach (1991) Percept Psychophys 49:227-229, doi:10.3758/BF03214307"
OWN = "this package's acceptance number for the shared curriculum (B13)"
COLOURS = dict(zip(LEARNERS, (FIRST, SECOND, EXCITATORY, OTHER), strict=True))


def course_targets() -> tuple[Target, ...]:
    """Realised accuracy, test against retest and the fall of the level, for every kind of learner."""
    targets: list[Target] = []
    for kind in LEARNERS:
        name, label = kind.replace("-", "_"), LABELS[kind]
        targets += [
            Target(f"accuracy.{name}", f"{label}: share correct, last two thirds of training", 0.85, 0.83,
                0.87,
                   "fraction", OWN, quick=kind != "circuit"),
            Target(f"retest.{name}", f"{label}: correlation of thresholds, test and retest", None, 0.8,
                None, "1",
                   OWN, quick=False),
            Target(f"rate.{name}", f"{label}: exponent k of thr(n) = thr_inf + A n^-k", None, 0.0, None, "1",
                   "practice lowers thresholds: sign", quick=False, whole_interval=True),
        ]  # fmt: skip
    return tuple(targets)


def course_parts(setting: Setting) -> tuple[Part, ...]:
    """A course for every kind and seed; a quick one is short, and few circuits take part in it."""
    parts = []
    for kind in LEARNERS:
        slow = kind == "circuit"
        size = (
            {"individuals": 4, "training": 80, "test": 30}
            if slow
            else {"individuals": 12, "training": 300, "test": 60}
        )
        if not setting.quick:
            size = {"individuals": 8, "training": 300, "test": 100}
        for k in range(1 if setting.quick else 3):
            arguments = {"kind": kind, **size, "seed": setting.seed + k}
            parts.append(Part(f"{kind}_{k}", course, arguments, 60.0 if slow else 3.0))
    return tuple(parts)


def course_findings(setting: Setting, tables: Tables) -> Findings:
    """Numbers of the courses."""
    found: dict[str, Measurement] = {}
    why: dict[str, str] = {}
    for kind, table in together(tables).items():
        name = kind.replace("-", "_")
        if kind != "circuit" or not setting.quick:
            found[f"accuracy.{name}"] = realised_accuracy(table)
        if not setting.quick:
            found[f"retest.{name}"] = retest_correlation(table)
            wide = thresholds(table)
            within = float((wide["retest"] - wide["test"]).std() / np.sqrt(2.0))
            why[f"retest.{name}"] = (
                f"one test tells an individual's threshold to {within:.2f} (log10); individuals differ by "
                f"{float(wide.mean(axis=1).std()):.2f} only"
            )
            curve = learning_curve(table)
            n = table.groupby(["seed", "individual"]).ngroups
            found[f"rate.{name}"] = Measurement(curve.rate, curve.rate_low, curve.rate_high, n, "1")
        training = table[table["block"] == "training"]
        stuck = (training["level"] >= 0.0).groupby([training["seed"], training["individual"]]).mean()
        why[f"accuracy.{name}"] = (
            f"{float((stuck > 0.2).mean()):.0%} of the individuals spend more than a fifth of the "
            f"trials at the "
            "upper end of the staircase, where the strongest stimulus is still too hard"
        )
    return Findings(found, {key: value for key, value in why.items() if key in found})


def draw_courses(setting: Setting, tables: Tables) -> Drawing:
    """Levels and accuracy over training, and thresholds of both tests."""
    import matplotlib.pyplot as plt

    courses = together(tables)
    points = pd.concat([blocks(table) for table in courses.values()], ignore_index=True)
    figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.7))
    for kind, colour in COLOURS.items():
        mine = points[points["agent"] == kind].groupby("trial")[["level", "correct"]]
        mean, error = mine.mean(), mine.sem()
        for panel, column in zip(axes, ("level", "correct"), strict=False):
            panel.plot(mean.index, mean[column], "o-", color=colour, ms=2.5, lw=1, label=LABELS[kind])
            low, high = (mean[column] + sign * 1.96 * error[column] for sign in (-1, 1))
            panel.fill_between(mean.index, low, high, color=colour, alpha=0.15, lw=0)
    axes[0].set(xlabel="trial of training", ylabel="strength (log10)")
    letter(axes[0], "A", "the staircase goes down")
    axes[1].axhspan(0.83, 0.87, color=OTHER, alpha=0.3, lw=0)
    axes[1].set(xlabel="trial of training", ylabel="share correct", ylim=(0.6, 1.0))
    letter(axes[1], "B", "realised accuracy")
    known = pd.concat(courses.values(), ignore_index=True)
    known = known[known["threshold"].notna()]
    wide = known.pivot(
        index=["agent", "seed", "individual"], columns="block", values="threshold"
    ).reset_index()
    for kind, colour in COLOURS.items():
        own = wide[wide["agent"] == kind]
        axes[2].plot(own["test"], own["retest"], "o", color=colour, ms=3, alpha=0.8)
    limits = np.array([wide[["test", "retest"]].min().min(), wide[["test", "retest"]].max().max()])
    axes[2].plot(limits, limits, color=OTHER, lw=0.8)
    axes[2].set(xlabel="threshold, test (log10)", ylabel="threshold, retest")
    letter(axes[2], "C", "test and retest")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, handlelength=1.2)
    n = wide.groupby("agent").size()
    return Drawing(
        figure,
        long_table(("A, B", points), ("C", wide)),
        "All kinds of learner under the same weighted staircase, with the same sides of the stimulus. "
        "A: strength "
        f"in blocks of 20 trials, mean and 95 % interval over individuals ({n.min()} to {n.max()} a "
        f"kind). B: share "
        "correct; grey: the target of 85 % within 2 points. C: thresholds of two test blocks (QUEST+) "
        "without "
        "learning, one dot an individual; line: identity.",
    )


def _methods() -> str:
    return (
        f"{rules.__doc__}\n\n{curriculum.__doc__}\n\nIndividuals of all kinds differ in the "
        f"factor on the strength of the stimulus: log10 normal, SD {SPREAD:g} (own choice)."
    )


CAMP = Exhibit(
    name="camp",
    title="Training camp: one staircase for circuit, network and simulated observer",
    paper=PAPER,
    targets=course_targets(),
    parts=course_parts,
    find=course_findings,
    draw=draw_courses,
    methods=_methods,
)
