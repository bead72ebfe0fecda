r"""Noise of spike trains that are more regular than Poisson, as a membrane that listens to them sees it.

    Var V_listener = J^2 / 2 (tau phi) eta,         eta = 1 + 2 (rho / (1 - rho) - phi tau)
    rho = < exp(-T / tau) >                                                T: interval between two spikes
        = exp(-t_ref / tau) F(y_r) / F(y_th),       F(y) = exp(y^2 / 2) D_(-tau_m / tau)(-sqrt(2) y)

tau is the membrane time constant of the listener, tau_m that of the neurons that are heard; where they are
equal, F(y) = exp(y^2) (1 + erf y) up to a factor. y_th and y_r are the bounds of Siegert's formula
(`bridges.maps.siegert`). eta is 1 for Poisson trains and falls towards 0 for a clock that ticks faster than
the membrane forgets: neurons that fire at 50 Hz make a third of the noise of a Poisson process.

Assumptions: intervals are independent of each other (white noise; in-degrees large), the trains of different
neurons are independent. The sum of such trains is not white: eta keeps the variance that the listener's
potential would have without its threshold, and what is coloured about it is neglected.

References
----------
Ricciardi, L. M. & Sato, S. (1988). First-passage-time density and moments of the Ornstein-Uhlenbeck process.
J Appl Probab, 25, 43-57. doi:10.2307/3214232
Lerchner, A. et al. (2006). Response variability in balanced cortical networks. Neural Comput, 18, 634-659.
doi:10.1162/neco.2006.18.3.634
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erfc, erfcx, gammaln, pbdv

from bridges.maps.siegert import LIFCell, siegert_bounds, siegert_rate

__all__ = ["heard_noise", "interval_transform"]

FAR = 25.0
"""Distance from threshold, in units of the noise, at which a neuron is silent or as good as noise-free."""


def interval_transform(
    mu_mv: ArrayLike, sigma_mv: ArrayLike, cell: LIFCell, tau_ms: float, *, step_ms: float = 0.0
) -> np.ndarray:
    """Mean of exp(-T / tau) over the intervals T between spikes: their Laplace transform at 1 / tau.

    Parameters
    ----------
    mu_mv, sigma_mv
        Mean input and noise (mV), any shape, broadcast.
    cell
        The neuron.
    tau_ms
        Time constant (ms).
    step_ms
        Step of a simulation to be compared with (ms); 0: continuous time.

    Returns
    -------
    ndarray
        Between 0 (silent) and 1, the broadcast shape.

    Raises
    ------
    ValueError
        If the time constant is not above 0.

    Examples
    --------
    >>> round(float(interval_transform(18.0, 5.0, LIFCell(), 20.0)), 4)
    0.1931
    """
    if not tau_ms > 0:
        raise ValueError(f"tau_ms = {tau_ms}; must be above 0")
    mu, sigma = np.broadcast_arrays(np.asarray(mu_mv, dtype=float), np.asarray(sigma_mv, dtype=float))
    rate = siegert_rate(mu, sigma, cell, step_ms=step_ms)
    # a clock, exact without noise and far above threshold; nothing at all where there are no spikes
    found = np.where(rate > 0, np.exp(-1e3 / (np.maximum(rate, 1e-300) * tau_ms)), 0.0)
    y_th, y_r = siegert_bounds(mu, np.where(sigma > 0, sigma, 1.0), cell, step_ms=step_ms)
    near = (sigma > 0) & (np.abs(y_th) < FAR) & (np.abs(y_r) < FAR)
    order = cell.tau_m_ms / tau_ms
    shrink = math.exp(-cell.tau_ref_ms / tau_ms)
    found[near] = shrink * np.exp(_log_f(y_r[near], order) - _log_f(y_th[near], order))
    found[(sigma > 0) & (y_th >= FAR)] = 0.0
    return found


def _log_f(y: np.ndarray, order: float) -> np.ndarray:
    """Logarithm of exp(y^2 / 2) D_(-order)(-sqrt(2) y), up to a constant."""
    if math.isclose(order, 1.0):
        above = np.maximum(y, 0.0)
        return np.where(y > 0, above**2 + np.log(erfc(-above)), np.log(erfcx(-np.minimum(y, 0.0))))
    return 0.5 * y**2 + np.log(pbdv(-order, -math.sqrt(2.0) * y)[0]) + gammaln(order)


def heard_noise(
    rate_hz: ArrayLike, mu_mv: ArrayLike, sigma_mv: ArrayLike, cell: LIFCell, tau_ms: float,
    *, step_ms: float = 0.0,
) -> np.ndarray:  # fmt: skip
    """Rate of Poisson trains that would make as much noise in a listener's membrane, eta phi (Hz).

    Parameters
    ----------
    rate_hz
        Rate of the neurons that are heard, phi (Hz), from `siegert_rate`.
    mu_mv, sigma_mv
        Their mean input and noise (mV), broadcast with `rate_hz`.
    cell
        What they are.
    tau_ms
        Membrane time constant of the listener (ms).
    step_ms
        As in `interval_transform`.

    Returns
    -------
    ndarray
        Hz, at least 0, the broadcast shape.
    """
    rate = np.asarray(rate_hz, dtype=float)
    rho = interval_transform(mu_mv, sigma_mv, cell, tau_ms, step_ms=step_ms)
    eta = 1.0 + 2.0 * (rho / (1.0 - rho) - rate * tau_ms * 1e-3)
    return rate * np.maximum(eta, 0.0)
