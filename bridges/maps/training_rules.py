"""Training rules (B13): one curriculum, learned by three factors in a circuit and by reward in a network.

Equations. The task is a choice of two from a noisy stimulus; reward R is 1 for a correct answer, Rbar its
running mean.

    circuit   three factors    dc_ij = eta (R - Rbar) (pre_i - <pre>) (post_j - <post>),   0 <= c <= 1
    synapse   bounded, binary  reward: c += q+ (1 - c), none: c -= q- c     c* = p q+ / (p q+ + (1 - p) q-)
    network   REINFORCE        dW = eta (R - Rbar) d log pi(a | x) / dW,        through time
              eligibility      dW_ij = eta (R - Rbar) L_i e_ij,   L_i = sum_a U_ai (1[a] - pi_a)

pre and post are rates of populations in the trial; weights have soft bounds. L_i is the learning signal of
unit i and e_ij the trace that a weight carries forwards in time (`bridges.maps.learning_network`): local,
as e-prop.

Assumptions. Synapses change between trials; one trial's reward concerns that trial alone; the plastic weights
of the circuit are those from the sensory to the decision stage.

Valid range. Two alternatives, rewards 0 or 1. The closed form of the bounded synapse is for outcomes
independent over trials with a constant p.

Failure behaviour. `bounded_synapse` and `asymptote` raise for probabilities outside 0 to 1. A learner whose
hardest stimulus is still too hard stays at the upper end of its staircase: realised accuracy then misses the
target, and shows it.

References
----------
Soltani, A. & Wang, X.-J. (2010). Synaptic computation underlying probabilistic inference. Nat Neurosci, 13,
112-119. doi:10.1038/nn.2450
Fremaux, N. & Gerstner, W. (2016). Neuromodulated spike-timing-dependent plasticity, and theory of
three-factor learning rules. Front Neural Circuits, 9, 85. doi:10.3389/fncir.2015.00085
Williams, R. J. (1992). Simple statistical gradient-following algorithms. Mach Learn, 8, 229-256.
doi:10.1007/BF00992696
Bellec, G. et al. (2020). A solution to the learning dilemma for recurrent networks of spiking neurons. Nat
Commun, 11, 3625. doi:10.1038/s41467-020-17236-y
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

__all__ = [
    "Learner",
    "LearningCurve",
    "asymptote",
    "bounded_synapse",
    "fit_learning_curve",
    "three_factor_step",
]


class Learner(Protocol):
    """Several individuals of one kind who practise side by side."""

    @property
    def name(self) -> str:
        """Kind of learner."""
        ...

    def trial(self, strength: np.ndarray, side: np.ndarray, learn: bool) -> np.ndarray:
        """Answer one trial each: strengths above 0 and sides (0 or 1) in, answers (0 or 1) out."""
        ...


def asymptote(p: float, q_plus: float, q_minus: float) -> float:
    """Where a bounded synapse settles, c* = p q+ / (p q+ + (1 - p) q-).

    Examples
    --------
    >>> asymptote(0.8, 0.05, 0.05)
    0.8
    """
    _check_shares(p=p, q_plus=q_plus, q_minus=q_minus)
    return p * q_plus / (p * q_plus + (1.0 - p) * q_minus)


def bounded_synapse(
    p: float,
    trials: int,
    rng: np.random.Generator,
    q_plus: float = 0.02,
    q_minus: float = 0.02,
    synapses: int = 500,
) -> np.ndarray:
    """Share of potentiated ones among binary synapses that are rewarded with probability p, over trials.

    All synapses share a trial's outcome; each changes by chance of its own: after reward a depressed one is
    potentiated with probability q+, without it a potentiated one is depressed with probability q-.

    Parameters
    ----------
    p
        Probability of reward.
    trials
        Number of trials.
    rng
        Source of outcomes and changes.
    q_plus, q_minus
        Probabilities of a change.
    synapses
        Number of binary synapses, half of them potentiated at first.

    Returns
    -------
    ndarray
        Shape (trial,).
    """
    _check_shares(p=p, q_plus=q_plus, q_minus=q_minus)
    up = np.arange(synapses) < synapses // 2
    course = np.empty(trials)
    for k in range(trials):
        chance = rng.random(synapses)
        up = (up | (chance < q_plus)) if rng.random() < p else (up & (chance >= q_minus))
        course[k] = up.mean()
    return course


def three_factor_step(
    c: np.ndarray, pre: np.ndarray, post: np.ndarray, surprise: np.ndarray, rate: float
) -> np.ndarray:
    """Weights after a trial, by reward surprise times the covariance of pre and post within the trial.

    Parameters
    ----------
    c
        Weights, 0 to 1, shape (individual, source, target).
    pre, post
        Rates, shape (individual, source) and (individual, target), any common unit each.
    surprise
        R - Rbar, shape (individual,).
    rate
        Learning rate eta.

    Raises
    ------
    ValueError
        If a weight is outside 0 to 1.
    """
    if np.any((c < 0) | (c > 1)):
        raise ValueError("weights c must lie between 0 and 1")
    eligibility = _contrast(pre)[:, :, None] * _contrast(post)[:, None, :]
    change = rate * surprise[:, None, None] * eligibility
    # soft bounds: less is left to gain, or to lose, the nearer the bound
    return np.clip(c + np.where(change > 0, change * (1.0 - c), change * c), 0.0, 1.0)


def _contrast(rates: np.ndarray) -> np.ndarray:
    """Rates less their mean over the populations of a stage, as a share of their sum."""
    return (rates - rates.mean(axis=1, keepdims=True)) / np.maximum(rates.sum(axis=1, keepdims=True), 1e-9)


@dataclass(frozen=True)
class LearningCurve:
    """thr(n) = end + gain n^-rate, with 95 % intervals by bootstrap over individuals."""

    end: float
    gain: float
    rate: float
    rate_low: float
    rate_high: float

    def at(self, trial: np.ndarray) -> np.ndarray:
        """Threshold at trials counted from 1."""
        return self.end + self.gain * np.asarray(trial, dtype=float) ** -self.rate


def fit_learning_curve(
    trials: np.ndarray, thresholds: np.ndarray, rng: np.random.Generator, resamples: int = 400
) -> LearningCurve:
    """Least squares of the mean curve; for every exponent of a grid the rest is linear.

    Parameters
    ----------
    trials
        Numbers of the trials, from 1, shape (point,).
    thresholds
        Shape (individual, point).
    rng
        Source of the resamples.
    resamples
        Bootstrap resamples of individuals.

    Raises
    ------
    ValueError
        If there are fewer than 4 points, or shapes disagree.
    """
    y = np.atleast_2d(np.asarray(thresholds, dtype=float))
    n = np.asarray(trials, dtype=float)
    if n.size < 4 or y.shape[1] != n.size or n.min() < 1:
        raise ValueError(
            f"{n.size} trials from {n.min()} and thresholds {y.shape}: need 4 points, each counted from 1"
        )
    rates = np.geomspace(0.05, 3.0, 120)
    whole = _best(n, y.mean(axis=0), rates)
    again = [_best(n, y[rng.integers(len(y), size=len(y))].mean(axis=0), rates)[2] for _ in range(resamples)]
    low, high = np.quantile(again, [0.025, 0.975]) if resamples else (np.nan, np.nan)
    return LearningCurve(*whole, float(low), float(high))


def _best(n: np.ndarray, y: np.ndarray, rates: np.ndarray) -> tuple[float, float, float]:
    x = n[None, :] ** -rates[:, None]
    centred = x - x.mean(axis=1, keepdims=True)
    gain = centred @ (y - y.mean()) / np.square(centred).sum(axis=1)
    end = y.mean() - gain * x.mean(axis=1)
    miss = np.square(y - end[:, None] - gain[:, None] * x).sum(axis=1)
    k = int(np.argmin(miss))
    return float(end[k]), float(gain[k]), float(rates[k])


def _check_shares(**shares: float) -> None:
    for name, value in shares.items():
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"{name} = {value}; must be between 0 and 1")


Rule = Literal["reinforce", "eligibility"]
"""How a network learns from reward."""
