r"""Cue and arousal on both sides: a current is a logit, a gain a logit or a temperature, one g(t) for both.

    current on one population        logit shift = beta dI                     exponential f-I: exact
    gain A_i on a drive d_i          softmax(n ln d_i + n ln A_i)              normalisation form: exact
    gain g on all drives             softmax(g beta s)                     arousal: temperature 1 / (g beta)

beta is the inverse temperature per mV of the competition without a cue (`bridges.maps.attention`), so the
same current is a stronger cue where inhibition is stronger.

Assumptions: as in `bridges.maps.attention`; the cue is additive on the drive and small against the range of
the f-I curve. Valid range: 0.5 to 2 mV at mean rates up to 3.3 Hz within 10 %; at 10 to 25 Hz the f-I curve
is no longer exponential and a cue shifts the logit by up to a third more than beta dI, because beta is an
average over all drives while the cue moves one that is often near threshold, where ln phi is steeper.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

from bridges.maps.normalisers import FittedNormaliser, fit_normaliser, softmax

__all__ = [
    "cue_current_mv",
    "cue_logit",
    "gain_logit",
    "odds_logit",
    "recovered_logit",
    "scaled_by_arousal",
]

WIDEST_LOGIT = 20.0
"""Logit shifts are looked for between plus and minus this."""


def cue_logit(current_mv: ArrayLike, beta_per_mv: float) -> np.ndarray:
    """Logit that a current on one population amounts to: beta dI.

    Parameters
    ----------
    current_mv
        Current, as the depolarisation that it causes (mV), any shape.
    beta_per_mv
        Inverse temperature per mV of drive, above 0.

    Raises
    ------
    ValueError
        If beta is not above 0.

    Examples
    --------
    >>> float(cue_logit(2.0, 0.55))
    1.1
    """
    _check_beta(beta_per_mv)
    return beta_per_mv * np.asarray(current_mv, dtype=float)


def cue_current_mv(logit: ArrayLike, beta_per_mv: float) -> np.ndarray:
    """Current (mV) that amounts to a logit bias: the inverse of `cue_logit`."""
    _check_beta(beta_per_mv)
    return np.asarray(logit, dtype=float) / beta_per_mv


def gain_logit(gain: ArrayLike, exponent: float) -> np.ndarray:
    """Logit that a gain on a drive amounts to under divisive normalisation: n ln A.

    Parameters
    ----------
    gain
        A, above 0, any shape.
    exponent
        n of the normalisation, above 0.

    Raises
    ------
    ValueError
        If a gain or the exponent is not above 0.

    Examples
    --------
    >>> round(float(gain_logit(1.3, 2.0)), 4)
    0.5247
    """
    a = np.asarray(gain, dtype=float)
    if not ((a > 0).all() and exponent > 0):
        raise ValueError(f"gains and exponent = {exponent} must be above 0")
    return exponent * np.log(a)


def recovered_logit(
    scores: ArrayLike, plain: ArrayLike, cued: ArrayLike, item: ArrayLike
) -> tuple[float, FittedNormaliser]:
    """Logit bias that explains what a cue did to the weights.

    beta is fitted to the weights without the cue and then kept; the bias b on the cued item is what brings
    softmax(beta s + b e_item) closest to the weights with it.

    Parameters
    ----------
    scores
        Shape (vector, item).
    plain, cued
        Weights without and with the cue, the same shape.
    item
        Which item was cued in each vector, shape (vector,).

    Returns
    -------
    logit : float
        b.
    fit : FittedNormaliser
        The softmax of the weights without a cue.

    Raises
    ------
    ValueError
        If shapes disagree.
    """
    z, q, which = (np.asarray(one) for one in (scores, cued, item))
    if z.shape != q.shape or which.shape != z.shape[:1]:
        raise ValueError(f"scores {z.shape}, cued {q.shape} and item {which.shape} must agree")
    fit = fit_normaliser(z, plain, 1.0)
    mark = np.zeros(z.shape)
    mark[np.arange(len(z)), which] = 1.0

    def loss(bias: float) -> float:
        return float(np.sum((softmax(fit.beta * z + bias * mark) - q) ** 2))

    found = minimize_scalar(loss, bounds=(-WIDEST_LOGIT, WIDEST_LOGIT), method="bounded")
    return float(found.x), fit


def odds_logit(plain: ArrayLike, cued: ArrayLike, item: ArrayLike) -> float:
    """Change of log odds that a cue brings about, without a softmax in between.

    b brings p_i exp(b [i cued]), normalised, closest to the weights with the cue, p being those without it:
    what the cue does to the weights of the circuit. Equal to `recovered_logit` where those are a softmax.

    Parameters
    ----------
    plain, cued, item
        As in `recovered_logit`.
    """
    p, q, which = np.asarray(plain, dtype=float), np.asarray(cued, dtype=float), np.asarray(item)
    mark = np.zeros(p.shape)
    mark[np.arange(len(p)), which] = 1.0

    def loss(bias: float) -> float:
        tilted = p * np.exp(bias * mark)
        return float(np.sum((tilted / tilted.sum(axis=1, keepdims=True) - q) ** 2))

    found = minimize_scalar(loss, bounds=(-WIDEST_LOGIT, WIDEST_LOGIT), method="bounded")
    return float(found.x)


def scaled_by_arousal(scores: ArrayLike, gain: ArrayLike) -> np.ndarray:
    """Scores under arousal: g s, for the logits of a network and the drives of a circuit alike.

    Parameters
    ----------
    scores
        Shape (..., item).
    gain
        g of each vector, at least 0, shape (...,); a course of `neurosim.neuromodulation.Arousal`, say.

    Raises
    ------
    ValueError
        If a gain is below 0.
    """
    g = np.asarray(gain, dtype=float)
    if not (g >= 0).all():
        raise ValueError(f"gain must not be below 0; the smallest is {g.min()}")
    return g[..., None] * np.asarray(scores, dtype=float)


def _check_beta(beta_per_mv: float) -> None:
    if not beta_per_mv > 0:
        raise ValueError(f"beta_per_mv = {beta_per_mv}; must be above 0")
