"""Courses of the training camp, and what they say: realised accuracy, test and retest, learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bridges.maps.camp_agents import LEARNERS, learner
from bridges.maps.practice import Practice, practise
from bridges.maps.training_rules import LearningCurve, bounded_synapse, fit_learning_curve
from bridges.participants.base import Progress, no_progress
from neurosim.circuits.protocols.measurement import Measurement, mean_of

__all__ = [
    "BLOCK",
    "LABELS",
    "blocks",
    "course",
    "learning_curve",
    "realised_accuracy",
    "retest_correlation",
    "synapses",
    "thresholds",
    "together",
]

BLOCK = 20
"""Trials whose levels are averaged into one point of a learning curve."""

LABELS = {
    "circuit": "circuit, three factors",
    "network-reinforce": "network, REINFORCE",
    "network-eligibility": "network, eligibility",
    "person": "simulated person",
}
"""How figures call the kinds."""


def course(
    kind: str, individuals: int, training: int, test: int, seed: int, progress: Progress = no_progress
) -> pd.DataFrame:
    """Training and two tests of several individuals of a kind; see `bridges.maps.practice.practise`."""
    if kind not in LEARNERS:
        raise ValueError(f"kind = {kind!r}; known are {list(LEARNERS)}")
    table = practise(
        learner(kind, individuals, seed),
        individuals,
        Practice(training=training, test=test),
        seed,
        lambda done: progress(done, f"{kind} practises"),
    )
    return table.assign(agent=kind, seed=seed)


def synapses(seeds: Sequence[int], chances: Sequence[float], trials: int = 6000) -> pd.DataFrame:
    """Where bounded synapses settle: the mean of the second half, one row a seed and chance of reward."""
    rows = []
    for seed in seeds:
        for k, p in enumerate(chances):
            rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(k,)))
            rows.append((seed, p, float(bounded_synapse(p, trials, rng)[trials // 2 :].mean())))
    return pd.DataFrame(rows, columns=["seed", "p", "settled"])


def _individuals(table: pd.DataFrame):
    return table.groupby(["seed", "individual"], sort=True)


def realised_accuracy(table: pd.DataFrame) -> Measurement:
    """Mean share correct over the last two thirds of training, with its interval over individuals."""
    training = table[table["block"] == "training"]
    late = training[training["trial"] > training["trial"].max() / 3]
    return mean_of(_individuals(late)["correct"].mean(), "fraction")


def thresholds(table: pd.DataFrame) -> pd.DataFrame:
    """Thresholds (log10) of the blocks ``test`` and ``retest``, one row an individual."""
    known = table[table["threshold"].notna()]
    return known.pivot(index=["seed", "individual"], columns="block", values="threshold")


def retest_correlation(table: pd.DataFrame) -> Measurement:
    """Correlation of the thresholds of the two test blocks over individuals, with Fisher's interval."""
    wide = thresholds(table)
    if len(wide) < 4:
        return Measurement(float("nan"), float("nan"), float("nan"), len(wide), "1")
    r = float(np.corrcoef(wide["test"], wide["retest"])[0, 1])
    half = 1.96 / np.sqrt(len(wide) - 3)
    return Measurement(
        r, float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half)), len(wide), "1"
    )


def blocks(table: pd.DataFrame) -> pd.DataFrame:
    """Levels and accuracy of training in blocks: one row an individual and block, ``trial`` its middle."""
    training = table[table["block"] == "training"]
    number = (training["trial"] - 1) // BLOCK
    found = training.assign(trial=number * BLOCK + (BLOCK + 1) / 2)
    return found.groupby(["agent", "seed", "individual", "trial"], as_index=False)[
        ["level", "correct"]
    ].mean()


def learning_curve(table: pd.DataFrame) -> LearningCurve:
    """Power law of the staircase's level over training, by blocks."""
    wide = blocks(table).pivot(index=["seed", "individual"], columns="trial", values="level")
    return fit_learning_curve(wide.columns.to_numpy(float), wide.to_numpy(), np.random.default_rng(0))


def together(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Tables of courses by kind of learner, those of several seeds joined."""
    found: dict[str, list[pd.DataFrame]] = {}
    for table in tables.values():
        if "agent" in table:
            found.setdefault(str(table["agent"].iloc[0]), []).append(table)
    return {kind: pd.concat(found[kind], ignore_index=True) for kind in LEARNERS if kind in found}
