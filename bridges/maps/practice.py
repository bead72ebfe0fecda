"""Practice: learners of any kind meet the same stimuli under the same kind of staircase.

A course is a training block under a weighted staircase, with learning, and two test blocks without: one
staircase object for each individual sets the difficulty, whoever answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from bridges.curriculum import Adaptive, PsychometricObserver, QuestPlus, WeightedStaircase
from bridges.maps.training_rules import Learner

__all__ = ["ObserverLearner", "Practice", "practise"]

LEVELS = np.linspace(-2.0, 0.0, 61)
"""Levels that test blocks choose from (log10 of strength)."""


@dataclass(frozen=True)
class Practice:
    """Length of a course.

    Parameters
    ----------
    training
        Trials of the training block.
    test
        Trials of each of the two test blocks.
    target
        Share of correct answers that the training staircase aims at.
    start, step
        Its first level and step (log10 of strength).
    """

    training: int = 300
    test: int = 100
    target: float = 0.85
    start: float = 0.0
    step: float = 0.2


@dataclass
class ObserverLearner:
    """Simulated people: each answers by a psychometric function whose threshold falls with practice.

    Parameters
    ----------
    sensitivity
        Factor on the strength of the stimulus, one for each individual.
    seed
        Of the answers.
    observer
        The function for sensitivity 1.
    """

    sensitivity: np.ndarray
    seed: int
    observer: PsychometricObserver = field(
        default_factory=lambda: PsychometricObserver(threshold_end=-0.9, gain=0.6, rate=0.5)
    )
    name: str = "simulated person"

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.seed)
        self._practised = 0

    def trial(self, strength: np.ndarray, side: np.ndarray, learn: bool) -> np.ndarray:
        """Answer one trial each; see `Learner`."""
        self._practised += int(learn)
        levels = np.log10(np.minimum(strength * self.sensitivity, 1.0))
        right = [self.observer.answers(float(x), max(self._practised, 1), self._rng) for x in levels]
        return np.where(right, side, 1 - np.asarray(side))


def practise(
    learner: Learner,
    individuals: int,
    plan: Practice,
    seed: int,
    progress: Callable[[float], None] = lambda fraction: None,
) -> pd.DataFrame:
    """Run a course; the sides of all trials depend on the seed alone, so all learners get the same.

    Parameters
    ----------
    learner
        Who practises; its individuals answer side by side.
    individuals
        How many there are.
    plan
        Lengths and target.
    seed
        Of the sides.
    progress
        Called with the fraction done.

    Returns
    -------
    DataFrame
        One row a trial: ``agent``, ``individual``, ``block`` ("training", "test", "retest"), ``trial`` from
        1, ``level`` (log10 of strength), ``side``, ``response``, ``correct``, ``threshold`` (posterior
        mean of a test block after the trial; NaN in training).
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(7,)))
    blocks: list[tuple[str, int, bool]] = [("training", plan.training, True)]
    blocks += [(name, plan.test, False) for name in ("test", "retest") if plan.test]
    total, done = sum(n for _, n, _ in blocks), 0
    rows = []
    for block, n, learn in blocks:
        guides = [_guide(block, plan) for _ in range(individuals)]
        sides = rng.integers(2, size=(n, individuals))
        for trial in range(1, n + 1):
            levels = np.array([guide.level for guide in guides])
            side = sides[trial - 1]
            answers = learner.trial(10.0**levels, side, learn)
            for k, guide in enumerate(guides):
                guide.update(bool(answers[k] == side[k]))
                known = guide.estimate()[0] if isinstance(guide, QuestPlus) and trial == n else np.nan
                rows.append((learner.name, k, block, trial, levels[k], side[k], answers[k], known))
            done += 1
            progress(done / total)
    columns = ["agent", "individual", "block", "trial", "level", "side", "response", "threshold"]
    table = pd.DataFrame(rows, columns=columns)
    table["correct"] = table["response"] == table["side"]
    return table


def _guide(block: str, plan: Practice) -> Adaptive:
    if block == "training":
        return WeightedStaircase(plan.start, plan.target, plan.step, low=float(LEVELS[0]))
    return QuestPlus(LEVELS, at=plan.target)
