"""Ideal observers of spike counts: how well a task can be done with what its channels carry.

A channel at level u drives N neurons of a `bridges.encoding.RateCode` for T seconds; all that tells its level
is the count of their spikes, which is Poisson with mean

    mu(u) = N T (l0 + (l1 - l0) u)

So the best decision about which channels were on follows from counts, and its accuracy from sums over Poisson
probabilities: no simulation and no free parameter. These accuracies are ceilings. They say how much of a
difficulty lies in the stimulus; whatever an agent loses beyond that is its own.
"""

from __future__ import annotations

import numpy as np

from bridges.encoding import RateCode

__all__ = [
    "binary_choice",
    "count_difference",
    "detection",
    "highest_count",
    "identification",
    "mean_count",
    "poisson_probabilities",
    "separable",
    "two_way_evidence",
]

CERTAIN = 1e-12
"""An error probability below this counts as none: sums over so long tails would be rounding."""


def mean_count(level: float, duration_s: float, code: RateCode | None = None) -> float:
    """Mean spike count of a channel: N T (l0 + (l1 - l0) u).

    Parameters
    ----------
    level
        Level of the channel (0 to 1).
    duration_s
        Time that is counted (s).
    code
        Rate code; the default code if None.
    """
    code = code or RateCode()
    return float(code.n_neurons * duration_s * code.rates(np.asarray(level)))


def poisson_probabilities(mean: float, highest: int) -> np.ndarray:
    """Probabilities of the counts 0, 1, ..., `highest`; shape (highest + 1,)."""
    from scipy.special import gammaln, xlogy

    count = np.arange(highest + 1)
    return np.exp(xlogy(count, mean) - mean - gammaln(count + 1.0))


def separable(on: float, off: float) -> bool:
    """Whether a channel that is on can be told from one that is off in all but one of 1e12 cases.

    The error of any two-way choice is at most half of exp(-(sqrt(on) - sqrt(off))^2), the Bhattacharyya
    bound for two channels whose means `on` and `off` change places.
    """
    return bool(np.exp(-((np.sqrt(on) - np.sqrt(off)) ** 2)) < CERTAIN)


def identification(on: float, off: float, n_alternatives: int) -> float:
    """Accuracy of telling which of m equally likely channels is on, the others being off.

    The likelihood of channel i rises with its count alone, so the best choice is the highest count, ties at
    random:  P = sum_k p_on(k) [F_off(k)^m - F_off(k-1)^m] / (m p_off(k)).

    Parameters
    ----------
    on, off
        Mean counts of a channel that is on and of one that is off, ``on >= off``.
    n_alternatives
        Number of channels m.

    Returns
    -------
    float
        Probability correct, from 1/m to 1.
    """
    if separable(on, off):
        return 1.0
    highest = highest_count(max(on, off))
    p_on, p_off = poisson_probabilities(on, highest), poisson_probabilities(off, highest)
    below = np.append(0.0, np.cumsum(p_off)[:-1])
    # F(k)^m - F(k-1)^m over p(k), written as a sum so that no tiny number divides another
    up_to = below + p_off
    powers = np.arange(n_alternatives)
    shared = (up_to[:, None] ** powers * below[:, None] ** powers[::-1]).sum(axis=1)
    return float(np.sum(p_on * shared) / n_alternatives)


def detection(on: float, off: float, prior: float = 0.5) -> float:
    """Accuracy of telling whether a channel was on: sum_k max(prior p_on(k), (1 - prior) p_off(k)).

    Parameters
    ----------
    on, off
        Mean counts with and without the signal.
    prior
        Probability that it was on.
    """
    highest = highest_count(max(on, off))
    p_on, p_off = poisson_probabilities(on, highest), poisson_probabilities(off, highest)
    return float(np.sum(np.maximum(prior * p_on, (1.0 - prior) * p_off)))


def count_difference(first: float, second: float) -> tuple[np.ndarray, np.ndarray]:
    """Distribution of the difference of two counts with these means (Skellam).

    Returns
    -------
    tuple of ndarray
        The differences and their probabilities.
    """
    high_1 = high_2 = highest_count(max(first, second))
    low_1 = low_2 = _lowest(min(first, second))
    p_1 = poisson_probabilities(first, high_1)[low_1:]
    p_2 = poisson_probabilities(second, high_2)[low_2:]
    return np.arange(low_1 - high_2, high_1 - low_2 + 1), np.convolve(p_1, p_2[::-1])


def binary_choice(on: float, off: float, prior: float = 0.5) -> float:
    """Accuracy of telling which of two channels is on, the first of them with probability `prior`.

    The posterior depends on the difference of the counts only: log odds = d log(on / off) + log(prior odds).
    """
    if on == off or not 0.0 < prior < 1.0:
        return max(prior, 1.0 - prior)
    difference, p = count_difference(on, off)
    odds = difference * np.log(on / off) + np.log(prior / (1.0 - prior))
    mirrored = difference * np.log(on / off) - np.log(prior / (1.0 - prior))
    right_first = p[odds > 0].sum() + 0.5 * p[odds == 0].sum()
    right_second = p[mirrored > 0].sum() + 0.5 * p[mirrored == 0].sum()
    return float(prior * right_first + (1.0 - prior) * right_second)


def highest_count(mean: float) -> int:
    """A count that a Poisson variable of this mean exceeds with a probability far below `CERTAIN`."""
    return int(np.ceil(mean + 9.0 * np.sqrt(mean) + 40.0))


def _lowest(mean: float) -> int:
    return int(max(np.floor(mean - 9.0 * np.sqrt(mean) - 10.0), 0))


def two_way_evidence(on: float, off: float, tail: float = 1e-10) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every outcome of the counts of two channels one of which is on, as far as it matters for a choice.

    Parameters
    ----------
    on, off
        Mean counts of the channel that is on and of the other.
    tail
        Outcomes that are less likely than this either way are left out.

    Returns
    -------
    tuple of ndarray
        Likelihood ratio first : second, its probability if the first is on, and if the second is;
        each of shape (outcome,).
    """
    difference, p_first = count_difference(on, off)
    log_odds = difference * np.log(on / off)
    p_second = count_difference(off, on)[1]
    keep = np.maximum(p_first, p_second) > tail
    return np.exp(log_odds[keep]), p_first[keep], p_second[keep]
