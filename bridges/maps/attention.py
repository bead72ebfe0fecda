r"""Attention weights are the normalised rates of populations that compete under shared inhibition.

    r_i = phi(mu_0 + k s_i - I),   I so that rates add up to what inhibition allows,   p_i = r_i / sum_j r_j

Which normaliser that is depends on the f-I curve phi alone:

    I1  phi exponential          p = softmax(beta s), whatever I is
    I2  phi threshold-linear     p = sparsemax, where I holds the sum at 1
    I3  phi threshold-power n    p = alpha-entmax with alpha = 1 + 1/n
    I4  divisive normalisation   d_i^n / (k^n + sum d_j^n) = softmax(n ln d) with a further logit n ln k:
    "nothing" I5  a gain A_i on d_i is an additive logit n ln A_i; a current on one exponential unit is a
    logit beta dI

Spiking populations are none of these exactly. In the noise-driven regime (about 1 Hz) phi is nearly
exponential and they give softmax; in the mean-driven regime (above 25 Hz) nearly threshold-linear and they
give sparsemax. The inverse temperature is not fitted but predicted, from the slope of the measured ln phi:

    beta = k sqrt(L(mean rate) L(winner-weighted rate)),      L(r) = d ln phi / d mu where phi(mu) = r

with the winner-weighted rate sum r_i^2 / sum r_i. So stronger inhibition (lower rates) is a higher beta.

Assumptions: identical populations; inhibition subtracts and is shared alike; stationary rates. Valid range:
mean rates of .5 to 50 Hz, gains up to 4 mV per SD of the scores. Beyond, the softmax R2 falls and the best
alpha rises; `bridges.maps.normalisers.fit_normaliser` says to what.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["Competition", "compete", "divisive_normalisation", "hold_total", "predicted_beta"]

Curve = Callable[[np.ndarray], np.ndarray]
"""A function of the drive, of any shape."""

BISECTIONS = 100


@dataclass(frozen=True, eq=False)
class Competition:
    """Where a competition settles.

    Parameters
    ----------
    rates
        Shape (vector, item).
    inhibition
        What is taken from every drive of a vector, shape (vector, 1).
    """

    rates: np.ndarray
    inhibition: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """Normalised rates, shape (vector, item)."""
        return self.rates / self.rates.sum(axis=-1, keepdims=True)


def hold_total(drives: ArrayLike, curve: Curve, total: float, reach: float = 200.0) -> Competition:
    """Shared inhibition that holds the summed rate: I with sum_i phi(d_i - I) = total.

    Parameters
    ----------
    drives
        Shape (vector, item).
    curve
        phi, rising, from drive to rate.
    total
        Summed rate, above 0.
    reach
        How far above and below the drives inhibition is looked for (unit of the drives).

    Raises
    ------
    ValueError
        If no inhibition within reach gives that total.

    Examples
    --------
    >>> hold_total([[2.0, 1.0, 0.0]], lambda x: np.maximum(x, 0.0), 1.0).weights
    array([[1., 0., 0.]])
    """
    d = np.atleast_2d(np.asarray(drives, dtype=float))
    low = d.min(axis=-1, keepdims=True) - reach
    high = d.max(axis=-1, keepdims=True) + reach

    def sum_at(inhibition: np.ndarray) -> np.ndarray:
        return curve(d - inhibition).sum(axis=-1, keepdims=True)

    if not (total > 0 and (sum_at(low) >= total).all() and (sum_at(high) <= total).all()):
        raise ValueError(
            f"total = {total}: no inhibition within {reach} of the drives gives that summed rate"
        )
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        too_much = sum_at(middle) > total
        low, high = np.where(too_much, middle, low), np.where(too_much, high, middle)
    inhibition = 0.5 * (low + high)
    return Competition(curve(d - inhibition), inhibition)


def compete(
    scores: ArrayLike, curve: Curve, mean_rate: float, gain: float, cue: ArrayLike | float = 0.0
) -> Competition:
    """Mean field of populations that compete: drive gain * score + cue, mean rate held by inhibition.

    Parameters
    ----------
    scores
        Shape (vector, item).
    curve
        phi, such as ``lambda mu: siegert_rate(mu, 4.0)``.
    mean_rate
        Rate per population that inhibition allows, the unit of `curve`.
    gain
        k: drive per unit of score.
    cue
        Further drive, broadcast with the scores.
    """
    z = np.atleast_2d(np.asarray(scores, dtype=float))
    return hold_total(gain * z + np.asarray(cue, dtype=float), curve, mean_rate * z.shape[-1])


def predicted_beta(rates: ArrayLike, curve_rate: ArrayLike, curve_log_slope: ArrayLike, gain: float) -> float:
    """Inverse temperature of a competition, from the f-I curve alone.

    Parameters
    ----------
    rates
        Rates that the populations have, shape (vector, item); only two averages of them are used.
    curve_rate, curve_log_slope
        The curve: rates, rising, and d ln rate / d drive at each, shape (point,).
    gain
        Drive per unit of score.

    Raises
    ------
    ValueError
        If the curve does not reach the rates.
    """
    r = np.atleast_2d(np.asarray(rates, dtype=float))
    phi, slope = np.asarray(curve_rate, dtype=float), np.asarray(curve_log_slope, dtype=float)
    mean = float(r.mean())
    winner = float(np.mean(np.sum(r**2, axis=-1) / np.sum(r, axis=-1)))
    known = phi > 0
    if not (phi[known].min() <= mean and winner <= phi.max()):
        raise ValueError(
            f"rates of {mean:.3g} and {winner:.3g} leave the curve, {phi[known].min():.3g} to {phi.max():.3g}"
        )
    at = np.interp(np.log([mean, winner]), np.log(phi[known]), slope[known])
    return float(gain * np.sqrt(at[0] * at[1]))


def divisive_normalisation(drive: ArrayLike, exponent: float, constant: float) -> np.ndarray:
    """d_i^n / (k^n + sum_j d_j^n) along the last axis: I4.

    Parameters
    ----------
    drive
        Drives, at least 0, shape (..., item).
    exponent
        n, above 0: an inverse temperature.
    constant
        k, at least 0: attention may go to nothing.

    Raises
    ------
    ValueError
        If a drive or the constant is below 0, or the exponent is not above 0.
    """
    d = np.asarray(drive, dtype=float)
    if not ((d >= 0).all() and exponent > 0 and constant >= 0):
        raise ValueError(
            f"drives and constant = {constant} must not be below 0, exponent = {exponent} must be above 0"
        )
    # by the largest of them, so that no power overflows
    top = np.maximum(d.max(axis=-1, keepdims=True), constant)
    top = np.where(top > 0, top, 1.0)
    powers = (d / top) ** exponent
    return powers / ((constant / top) ** exponent + powers.sum(axis=-1, keepdims=True))
