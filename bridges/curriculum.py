"""Curriculum: rules that set the difficulty of the next trial from the answers so far, for any agent.

    weighted up/down   correct: level - s (1 - p) / p, wrong: level + s     settles where P(correct) = p
    n-down-1-up        n correct in a row: level - s, wrong: level + s      settles where it is 0.5^(1/n)
    QUEST+             the level that leaves least expected entropy in the posterior over threshold and slope

Levels are log10 of the strength of the stimulus: high is easy. Steps are halved at the second and the fourth
reversal, for with small fixed steps sixty trials end far from the threshold. Only NumPy is needed.

References
----------
Levitt, H. (1971). Transformed up-down methods in psychoacoustics. J Acoust Soc Am, 49, 467-477.
doi:10.1121/1.1912375
Kaernbach, C. (1991). Simple adaptive testing with the weighted up-down method. Percept Psychophys, 49,
227-229. doi:10.3758/BF03214307
Watson, A. B. (2017). QUEST+: a general multidimensional Bayesian adaptive psychometric method. J Vis,
17(3), 10. doi:10.1167/17.3.10
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from scipy.special import ndtr, ndtri

__all__ = [
    "Adaptive",
    "NDownOneUp",
    "PsychometricObserver",
    "QuestPlus",
    "WeightedStaircase",
    "psychometric",
]

HALVED_AT = (2, 4)
"""Reversals at which steps are halved."""


def psychometric(
    level: np.ndarray | float,
    threshold: np.ndarray | float,
    slope: np.ndarray | float,
    guess: float = 0.5,
    lapse: np.ndarray | float = 0.02,
    at: float | None = None,
):
    """Probability of a correct answer, guess + (1 - guess - lapse) Phi(slope (level - threshold)).

    Parameters
    ----------
    level, threshold
        log10 of strength.
    slope
        Per log10 unit.
    guess, lapse
        Shares right without seeing, and wrong in spite of seeing.
    at
        Probability that `threshold` belongs to; None: that at which Phi is 1/2.

    Raises
    ------
    ValueError
        If `at` does not lie between guess and 1 - lapse.

    Examples
    --------
    >>> float(psychometric(-0.5, -0.5, 4.0, lapse=0.0))
    0.75
    """
    shift = 0.0
    if at is not None:
        share = (at - guess) / (1.0 - guess - np.asarray(lapse))
        if not np.all((share > 0) & (share < 1)):
            raise ValueError(
                f"at = {at}; must lie between guess = {guess} and 1 - lapse = {1 - np.max(lapse)}"
            )
        shift = ndtri(share)
    return guess + (1.0 - guess - lapse) * ndtr(slope * (np.asarray(level) - threshold) + shift)


@runtime_checkable
class Adaptive(Protocol):
    """What sets the level of the next trial."""

    levels: list[float]
    correct: list[bool]

    @property
    def level(self) -> float:
        """Level of the next trial (log10 of strength)."""
        ...

    def update(self, correct: bool) -> None:
        """Take in the answer to the trial at `level`."""
        ...


def _checked_range(low: float, high: float) -> None:
    if not low < high:
        raise ValueError(f"low = {low}, high = {high}; low must be below high")


@dataclass
class WeightedStaircase:
    """Weighted up/down; its level moves with every answer.

    Parameters
    ----------
    start
        First level (log10 of strength).
    target
        Share of correct answers p to settle at, above 0.5 and below 1.
    step
        First step after a wrong answer (log10 units); the step after a correct one is (1 - p) / p of it.
    low, high
        Bounds of the level.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> one = WeightedStaircase(start=0.0, target=0.8, step=0.2)
    >>> one.update(True); round(one.level, 3)
    -0.05
    """

    start: float
    target: float = 0.85
    step: float = 0.2
    low: float = -3.0
    high: float = 0.0
    levels: list[float] = field(default_factory=list)
    correct: list[bool] = field(default_factory=list)
    reversals: int = 0

    def __post_init__(self) -> None:
        _checked_range(self.low, self.high)
        if not 0.5 < self.target < 1:
            raise ValueError(f"target = {self.target}; must be above 0.5 and below 1")
        if not self.step > 0:
            raise ValueError(f"step = {self.step}; must be above 0")
        self._level = min(max(self.start, self.low), self.high)

    @property
    def level(self) -> float:
        """Level of the next trial."""
        return self._level

    def update(self, correct: bool) -> None:
        """Take in an answer."""
        if self.correct and self.correct[-1] != correct:
            self.reversals += 1
        self.levels.append(self._level)
        self.correct.append(bool(correct))
        step = self.step * 0.5 ** sum(self.reversals >= k for k in HALVED_AT)
        change = -step * (1.0 - self.target) / self.target if correct else step
        self._level = min(max(self._level + change, self.low), self.high)

    def threshold(self, last: int) -> float:
        """Mean level of the last trials, the estimate of where P(correct) is the target."""
        if not 1 <= last <= len(self.levels):
            raise ValueError(f"last = {last}; there are {len(self.levels)} trials")
        return float(np.mean(self.levels[-last:]))


@dataclass
class NDownOneUp:
    """n correct answers in a row make it harder, one wrong answer easier.

    Parameters
    ----------
    start
        First level (log10 of strength).
    n
        Correct answers in a row, 1 or more.
    step
        First step, both ways (log10 units).
    low, high
        Bounds of the level.

    Examples
    --------
    >>> [round(NDownOneUp(0.0, n).target, 4) for n in (2, 3, 4)]
    [0.7071, 0.7937, 0.8409]
    """

    start: float
    n: int = 2
    step: float = 0.2
    low: float = -3.0
    high: float = 0.0
    levels: list[float] = field(default_factory=list)
    correct: list[bool] = field(default_factory=list)
    reversals: int = 0

    def __post_init__(self) -> None:
        _checked_range(self.low, self.high)
        if self.n < 1:
            raise ValueError(f"n = {self.n}; must be 1 or more")
        if not self.step > 0:
            raise ValueError(f"step = {self.step}; must be above 0")
        self._level = min(max(self.start, self.low), self.high)
        self._row = 0
        self._direction = 0

    @property
    def target(self) -> float:
        """Share of correct answers that it settles at."""
        return 0.5 ** (1.0 / self.n)

    @property
    def level(self) -> float:
        """Level of the next trial."""
        return self._level

    def update(self, correct: bool) -> None:
        """Take in an answer."""
        self.levels.append(self._level)
        self.correct.append(bool(correct))
        self._row = self._row + 1 if correct else 0
        direction = -1 if self._row == self.n else (0 if correct else 1)
        if direction == 0:
            return
        self._row = 0
        if self._direction and direction != self._direction:
            self.reversals += 1
        self._direction = direction
        step = self.step * 0.5 ** sum(self.reversals >= k for k in HALVED_AT)
        self._level = min(max(self._level + direction * step, self.low), self.high)


@dataclass
class QuestPlus:
    """Posterior over threshold and slope, and the trial that is expected to tell most.

    Parameters
    ----------
    levels_tried
        Levels to choose from (log10 of strength).
    thresholds, slopes
        Grid of the posterior; the prior is flat. A threshold is where P(correct) is `at`.
    guess, lapse
        Known shares, as in `psychometric`.
    at
        Probability that thresholds belong to.

    Examples
    --------
    >>> test = QuestPlus(np.linspace(-2, 0, 41))
    >>> for _ in range(40):
    ...     test.update(test.level > -1.0)
    >>> bool(abs(test.estimate()[0] + 1.0) < 0.1)
    True
    """

    levels_tried: np.ndarray
    thresholds: np.ndarray | None = None
    slopes: Sequence[float] = (1.5, 2.5, 4.0, 6.0, 9.0)
    guess: float = 0.5
    lapse: float = 0.02
    at: float = 0.85
    levels: list[float] = field(default_factory=list)
    correct: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.levels_tried = np.asarray(self.levels_tried, dtype=float)
        if self.thresholds is None:
            self.thresholds = self.levels_tried
        threshold, slope = np.meshgrid(np.asarray(self.thresholds, float), np.asarray(self.slopes, float))
        self._grid = np.stack([threshold.ravel(), slope.ravel()])
        p = psychometric(
            self.levels_tried[:, None], self._grid[0], self._grid[1], self.guess, self.lapse, self.at
        )
        self._likelihood = np.stack([1.0 - p, p])  # (answer, level, hypothesis)
        self._posterior = np.full(threshold.size, 1.0 / threshold.size)

    @property
    def level(self) -> float:
        """The level with the least expected entropy."""
        joint = self._likelihood * self._posterior
        answer = joint.sum(axis=2)
        # expected entropy of the posterior, up to what does not depend on the level
        inside = np.where(joint > 0, joint * np.log(np.maximum(joint, 1e-300)), 0.0).sum(axis=2)
        entropy = (answer * np.log(np.maximum(answer, 1e-300)) - inside).sum(axis=0)
        return float(self.levels_tried[int(np.argmin(entropy))])

    def update(self, correct: bool) -> None:
        """Take in the answer to the trial at `level`."""
        level = self.level
        self.levels.append(level)
        self.correct.append(bool(correct))
        k = int(np.argmin(np.abs(self.levels_tried - level)))
        self._posterior = self._posterior * self._likelihood[int(bool(correct)), k]
        self._posterior /= self._posterior.sum()

    def estimate(self) -> tuple[float, float]:
        """Posterior means of threshold and slope."""
        mean = self._grid @ self._posterior
        return float(mean[0]), float(mean[1])


@dataclass(frozen=True)
class PsychometricObserver:
    """A simulated person: a psychometric function whose threshold falls with practice.

        threshold(n) = threshold_end + gain n^-rate,   n: trials so far, from 1

    Parameters
    ----------
    threshold_end
        Level at which a practised observer is right with probability `at` (log10 of strength).
    gain, rate
        Amount (log10 units) and exponent of learning; gain 0: nothing is learned.
    slope, lapse, guess, at
        As in `psychometric`.
    """

    threshold_end: float
    gain: float = 0.0
    rate: float = 0.5
    slope: float = 5.0
    lapse: float = 0.02
    guess: float = 0.5
    at: float = 0.85

    def __post_init__(self) -> None:
        if not (self.slope > 0 and math.isfinite(self.slope)):
            raise ValueError(f"slope = {self.slope}; must be positive")

    def answers(self, level: float, trial: int, rng: np.random.Generator) -> bool:
        """Whether the answer to a trial, counted from 1, is correct."""
        threshold = self.threshold_end + self.gain * trial**-self.rate
        p = psychometric(level, threshold, self.slope, self.guess, self.lapse, self.at)
        return bool(rng.random() < p)
