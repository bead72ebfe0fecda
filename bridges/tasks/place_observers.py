"""Ideal observers that do not know where the signal will be: cueing, distractors, search.

A channel that carries the signal has a Poisson count with mean `on`, any other with mean `off` (see
`bridges.tasks.observers`). If the signal is on channel i with prior probability w_i, the likelihood ratio of
"there is a signal" against "there is none" depends on the counts k_i through

    S = sum_i w_i (on / off)^k_i

alone. So an observer who trusts a cue that is right with probability w weighs the cued place by w and the
other by 1 - w: it is better where the cue is right, without any limit of capacity (Shimozaki, Eckstein &
Abbey 2003, doi:10.1167/3.3.3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridges.tasks.observers import mean_count, poisson_probabilities, separable

__all__ = ["TwoPlaces", "max_rule_accuracy", "mean_count"]


@dataclass(frozen=True)
class TwoPlaces:
    """A signal that comes at one of two places.

    Parameters
    ----------
    on, off
        Mean counts of a channel with and without the signal, ``0 < off <= on``.
    prior
        Probability w that a signal is at the first place.
    """

    on: float
    off: float
    prior: float

    def detection(self, present: float) -> tuple[float, float, float]:
        """Probability of a right answer about whether there is a signal.

        Parameters
        ----------
        present
            Probability that there is a signal.

        Returns
        -------
        tuple of float
            With the signal at the first place, at the second, and without signal.
        """
        if present >= 1.0 or present <= 0.0:
            sure = float(present >= 1.0)
            return sure, sure, 1.0 - sure
        criterion = np.log((1.0 - present) / present) + self.on - self.off
        statistic, first, second, none = self._evidence()
        yes = statistic > criterion
        return float(first[yes].sum()), float(second[yes].sum()), float(none[~yes].sum())

    def choice(self) -> tuple[float, float]:
        """Probability of telling which of two equally likely signals came, each with channels of its own.

        Returns
        -------
        tuple of float
            With the signal at the first place, and at the second.
        """
        if separable(self.on, self.off):
            return 1.0, 1.0
        statistic, first, second, none = self._evidence()
        order = np.argsort(statistic, kind="stable")
        # equal evidence for both signals is a tie, decided by tossing a coin
        value, group = np.unique(np.round(statistic[order], 12), return_inverse=True)
        other = np.bincount(group, none[order], value.size)
        beaten = np.cumsum(other) - 0.5 * other
        return tuple(
            float(np.sum(np.bincount(group, p[order], value.size) * beaten)) for p in (first, second)
        )  # type: ignore[return-value]

    def _evidence(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """For every pair of counts: log S, and its probability with the signal here, there and nowhere."""
        count = np.arange(int(np.ceil(self.on + 9.0 * np.sqrt(self.on) + 40.0)) + 1)
        on, off = (poisson_probabilities(mean, count[-1]) for mean in (self.on, self.off))
        step = np.log(self.on / self.off)
        with np.errstate(divide="ignore"):
            weights = np.log([self.prior, 1.0 - self.prior])
        statistic = np.logaddexp(weights[0] + step * count[:, None], weights[1] + step * count[None, :])
        return (
            statistic.ravel(),
            np.outer(on, off).ravel(),
            np.outer(off, on).ravel(),
            np.outer(off, off).ravel(),
        )


def max_rule_accuracy(target: float, distractor: float, set_size: int) -> float:
    """Accuracy of saying "present" when the largest of n counts exceeds the best criterion c.

    P = max_c [1 - F_target(c) F_distractor(c)^(n - 1) + F_distractor(c)^n] / 2, with a target on half of the
    trials. It falls with the set size although every item is seen alike: more items, more chances that noise
    looks like a target (Palmer, Verghese & Pavel 2000, doi:10.1016/S0042-6989(99)00244-8).

    Parameters
    ----------
    target, distractor
        Mean counts of an item that is the target and of one that is not, ``target >= distractor``.
    set_size
        Number of items n.

    Returns
    -------
    float
        Probability correct, 0.5 to 1.
    """
    highest = int(np.ceil(target + 9.0 * np.sqrt(target) + 40.0))
    f_target, f_distractor = (
        np.cumsum(poisson_probabilities(mean, highest)) for mean in (target, distractor)
    )
    hit = 1.0 - f_target * f_distractor ** (set_size - 1)
    return float(np.clip(np.max(hit + f_distractor**set_size) / 2.0, 0.5, 1.0))
