r"""The entmax family of attention normalisers, how far two sets of weights are apart, and fitting the family.

    softmax_i(z)      = exp(z_i) / sum_j exp(z_j)                                   alpha = 1
    alpha-entmax_i(z) = [(alpha - 1) z_i - tau]_+^{1 / (alpha - 1)},  tau: sum = 1   alpha > 1
    sparsemax = 2-entmax

alpha = 1 is dense; the larger alpha, the more weights are exactly 0. Scores are along the last axis
throughout. Valid for finite scores; anything else is refused. The threshold tau is found by bisection to
the last bit, so weights are exact to about 1e-15 whatever alpha is.

References
----------
Martins, A. & Astudillo, R. (2016). From softmax to sparsemax. doi:10.48550/arXiv.1602.02068
Peters, B., Niculae, V. & Martins, A. (2019). Sparse sequence-to-sequence models. doi:10.18653/v1/P19-1146
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

from bridges.maps.transfer import r_squared

__all__ = [
    "FittedNormaliser",
    "entmax",
    "fit_normaliser",
    "jensen_shannon_bits",
    "softmax",
    "sparsemax",
    "top_agreement",
]

BISECTIONS = 56
"""Halvings of an interval of length 1: the precision of a double."""

ALPHAS = (1.0, 3.0)
"""Range in which alpha is fitted: beyond 3, a 6-way competition is a hard maximum for nearly all scores."""


def softmax(scores: ArrayLike) -> np.ndarray:
    """Softmax along the last axis; ValueError if scores are not finite."""
    z = _checked(scores)
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def sparsemax(scores: ArrayLike) -> np.ndarray:
    """Euclidean projection of the scores onto the simplex, by sorting; ValueError if they are not finite."""
    z = _checked(scores)
    falling = -np.sort(-z, axis=-1)
    count = np.arange(1, z.shape[-1] + 1)
    excess = np.cumsum(falling, axis=-1) - 1.0
    size = np.sum(falling * count > excess, axis=-1, keepdims=True)
    tau = np.take_along_axis(excess, size - 1, axis=-1) / size
    return np.maximum(z - tau, 0.0)


def entmax(scores: ArrayLike, alpha: float) -> np.ndarray:
    """alpha-entmax along the last axis.

    Parameters
    ----------
    scores
        Finite scores, shape (..., item).
    alpha
        1 (softmax) or above.

    Returns
    -------
    ndarray
        Weights, at least 0, sum 1 along the last axis.

    Raises
    ------
    ValueError
        If alpha is below 1 or a score is not finite.

    Examples
    --------
    >>> entmax(np.array([2.0, 0.0, 0.0]), 1.5).round(3)
    array([0.956, 0.022, 0.022])
    >>> entmax(np.array([2.0, 0.0, 0.0]), 2.0)
    array([1., 0., 0.])
    """
    if not alpha >= 1.0:
        raise ValueError(f"alpha = {alpha}; must be 1 (softmax) or above")
    if alpha - 1.0 < 1e-6:
        return softmax(scores)
    z = (alpha - 1.0) * _checked(scores)
    power = 1.0 / (alpha - 1.0)
    # at tau = max - 1 the largest alone has weight 1; at tau = max all have 0
    high = z.max(axis=-1, keepdims=True)
    low = high - 1.0
    for _ in range(BISECTIONS):
        tau = 0.5 * (low + high)
        too_much = np.sum(np.maximum(z - tau, 0.0) ** power, axis=-1, keepdims=True) >= 1.0
        low, high = np.where(too_much, tau, low), np.where(too_much, high, tau)
    weights = np.maximum(z - low, 0.0) ** power
    return weights / weights.sum(axis=-1, keepdims=True)


def jensen_shannon_bits(p: ArrayLike, q: ArrayLike) -> np.ndarray:
    """Jensen-Shannon divergence (bit) between distributions along the last axis: 0 if equal, at most 1."""
    a, b = np.broadcast_arrays(np.asarray(p, dtype=float), np.asarray(q, dtype=float))
    middle = 0.5 * (a + b)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = [np.where(x > 0, x * np.log2(x / middle), 0.0) for x in (a, b)]
    return np.maximum(0.5 * (terms[0].sum(axis=-1) + terms[1].sum(axis=-1)), 0.0)


def top_agreement(p: ArrayLike, q: ArrayLike) -> float:
    """Share of rows in which the same item has the largest weight."""
    return float(np.mean(np.argmax(p, axis=-1) == np.argmax(q, axis=-1)))


@dataclass(frozen=True)
class FittedNormaliser:
    """The member of the family that is closest to measured weights.

    Parameters
    ----------
    alpha
        Which member; given or fitted.
    beta
        Inverse temperature: weights are closest to entmax_alpha(beta * scores).
    r2
        Explained share of the variance of all weights, about the identity line.
    """

    alpha: float
    beta: float
    r2: float

    def weights(self, scores: ArrayLike) -> np.ndarray:
        """Its weights for scores, shape (..., item)."""
        return entmax(self.beta * np.asarray(scores, dtype=float), self.alpha)


def fit_normaliser(scores: ArrayLike, weights: ArrayLike, alpha: float | None = None) -> FittedNormaliser:
    """Fit inverse temperature, and alpha unless it is given, by least squares over all weights.

    Parameters
    ----------
    scores
        Shape (vector, item).
    weights
        Measured weights, the same shape.
    alpha
        The member to fit; None: the best between 1 and 3.

    Raises
    ------
    ValueError
        If shapes differ or scores do not vary.

    Examples
    --------
    >>> z = np.random.default_rng(1).normal(size=(50, 6))
    >>> fit = fit_normaliser(z, entmax(1.3 * z, 1.5))
    >>> round(fit.alpha, 2), round(fit.beta, 2)
    (1.5, 1.3)
    """
    z, p = _checked(scores), np.asarray(weights, dtype=float)
    if z.shape != p.shape or z.ndim != 2 or not np.ptp(z) > 0:
        raise ValueError(
            f"scores {z.shape} and weights {p.shape} must be (vector, item), and scores must vary"
        )
    if alpha is not None:
        return _fit_beta(z, p, alpha)
    found = minimize_scalar(
        lambda a: -_fit_beta(z, p, a).r2, bounds=ALPHAS, method="bounded", options={"xatol": 1e-3}
    )
    # the bounded search never tries its ends
    return max((_fit_beta(z, p, a) for a in (found.x, *ALPHAS)), key=lambda fit: fit.r2)


def _fit_beta(z: np.ndarray, p: np.ndarray, alpha: float) -> FittedNormaliser:
    unit = float(np.mean(np.std(z, axis=-1)))

    def loss(log_beta: float) -> float:
        return float(np.sum((entmax(np.exp(log_beta) / unit * z, alpha) - p) ** 2))

    # several brackets: with sparse weights the loss is flat far from its minimum
    grid = np.linspace(np.log(0.02), np.log(50.0), 12)
    start = int(np.argmin([loss(g) for g in grid]))
    bounds = (grid[max(start - 1, 0)], grid[min(start + 1, grid.size - 1)])
    best = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    beta = float(np.exp(best.x) / unit)
    return FittedNormaliser(float(alpha), beta, r_squared(p, entmax(beta * z, alpha)))


def _checked(scores: ArrayLike) -> np.ndarray:
    z = np.asarray(scores, dtype=float)
    if z.ndim < 1 or not np.isfinite(z).all():
        raise ValueError(f"scores of shape {z.shape} must be finite numbers along a last axis")
    return z
