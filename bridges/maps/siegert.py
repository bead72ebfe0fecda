r"""Firing rate of a leaky integrate-and-fire neuron in white noise: Siegert's formula, its slope, its limits.

    tau_m dV/dt = mu - V + sigma sqrt(tau_m) xi(t),      spike at V_th, then V = V_r for t_ref

    1 / phi = t_ref + tau_m sqrt(pi) int_{y_r}^{y_th} exp(u^2) (1 + erf u) du
    y_th = (V_th - mu) / sigma,      y_r = (V_r - mu) / sigma

mu and sigma are in mV above rest; without a threshold V would have the SD sigma / sqrt(2). Neither the
integral nor 1 / phi is ever formed where it would overflow: exp(y_th^2) is divided out first, with
exp(u^2) (1 + erf u) = erfcx(-u).

Two corrections move the bounds, both by |zeta(1/2)| = 1.4604 times a square root of a ratio of times:

- synapses that decay with a short tau_s move both by (alpha / 2) sqrt(tau_s / tau_m), alpha = sqrt(2)
  |zeta(1/2)| (Brunel & Sergi 1998, doi:10.1006/jtbi.1998.0782). First order in that root: trusted up to
  tau_s / tau_m = 0.1 and refused beyond, where the curve has to be measured instead.
- a simulation that looks at the threshold once a step dt misses crossings within steps and behaves as if
  the threshold were higher by 0.5826 sigma sqrt(dt / tau_m) (Siegmund 1985, doi:10.1007/978-1-4757-1862-1).

Assumptions: stationary; input is white noise, so jumps are small against V_th - V_r (Poisson jumps of up to
0.5 mV cost a few percent); no adaptation. Fails silently for nothing: what cannot be computed is refused.

References
----------
Siegert, A. J. F. (1951). Phys Rev, 81, 617-623. doi:10.1103/PhysRev.81.617
Brunel, N. (2000). J Comput Neurosci, 8, 183-208. doi:10.1023/A:1008925309027
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import dawsn, erfc, erfcx

__all__ = ["LARGEST_RATIO", "LIFCell", "siegert_bounds", "siegert_log_slope", "siegert_rate", "siegert_slope"]

ZETA_HALF = 1.4603545088095868
"""|zeta(1/2)|."""

LARGEST_RATIO = 0.1
"""tau_s / tau_m up to which the shift for synapses is trusted."""

NODES, WEIGHTS = np.polynomial.legendre.leggauss(48)


@dataclass(frozen=True)
class LIFCell:
    """A current-driven leaky integrate-and-fire neuron; potentials in mV above rest.

    Parameters
    ----------
    tau_m_ms
        Membrane time constant (ms).
    v_th_mv, v_reset_mv
        Threshold and reset (mV).
    tau_ref_ms
        Refractory time (ms).

    Raises
    ------
    ValueError
        If the reset is not below threshold, or a time is out of range.
    """

    tau_m_ms: float = 20.0
    v_th_mv: float = 20.0
    v_reset_mv: float = 10.0
    tau_ref_ms: float = 2.0

    def __post_init__(self) -> None:
        if not self.v_reset_mv < self.v_th_mv:
            raise ValueError(f"v_reset_mv = {self.v_reset_mv} must be below v_th_mv = {self.v_th_mv}")
        if not (self.tau_m_ms > 0 and self.tau_ref_ms >= 0):
            raise ValueError(
                f"tau_m_ms = {self.tau_m_ms} must be above 0 and tau_ref_ms = {self.tau_ref_ms} not below 0"
            )


def siegert_rate(
    mu_mv: ArrayLike,
    sigma_mv: ArrayLike,
    cell: LIFCell | None = None,
    *,
    tau_s_ms: float = 0.0,
    step_ms: float = 0.0,
    beyond: Literal["refuse", "warn"] = "refuse",
) -> np.ndarray:
    """Firing rate phi(mu, sigma).

    Parameters
    ----------
    mu_mv
        Mean input, as the depolarisation that it would cause (mV), any shape.
    sigma_mv
        Noise (mV), broadcast with `mu_mv`; 0: the noise-free limit.
    cell
        The neuron.
    tau_s_ms
        Decay of the synaptic current that carries the noise (ms); 0: white noise.
    step_ms
        Step of a simulation to be compared with (ms); 0: continuous time.
    beyond
        What to do where the synaptic shift is not valid: refuse, or warn and compute.

    Returns
    -------
    ndarray
        Rates (Hz), the broadcast shape.

    Raises
    ------
    ValueError
        If an input is not finite or negative where it must not be, or tau_s / tau_m is above 0.1.

    Examples
    --------
    >>> round(float(siegert_rate(18.0, 5.0)), 3)
    19.62
    """
    return _solve(mu_mv, sigma_mv, cell, tau_s_ms, step_ms, beyond)[0]


def siegert_slope(
    mu_mv: ArrayLike,
    sigma_mv: ArrayLike,
    cell: LIFCell | None = None,
    *,
    tau_s_ms: float = 0.0,
    step_ms: float = 0.0,
    beyond: Literal["refuse", "warn"] = "refuse",
) -> np.ndarray:
    """Slope d phi / d mu (Hz/mV), in closed form; parameters as in `siegert_rate`."""
    rate, log_slope = _solve(mu_mv, sigma_mv, cell, tau_s_ms, step_ms, beyond)
    return rate * log_slope


def siegert_log_slope(
    mu_mv: ArrayLike,
    sigma_mv: ArrayLike,
    cell: LIFCell | None = None,
    *,
    tau_s_ms: float = 0.0,
    step_ms: float = 0.0,
    beyond: Literal["refuse", "warn"] = "refuse",
) -> np.ndarray:
    """Slope of the logarithm d ln phi / d mu (1/mV), finite even where phi itself is nearly 0."""
    return _solve(mu_mv, sigma_mv, cell, tau_s_ms, step_ms, beyond)[1]


def siegert_bounds(
    mu_mv: np.ndarray, sigma_mv: np.ndarray, cell: LIFCell, *, tau_s_ms: float = 0.0, step_ms: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Threshold and reset in units of the noise, y_th and y_r, with the corrections of the module.

    Parameters
    ----------
    mu_mv, sigma_mv
        Mean input and noise (mV), of the same shape; noise above 0.
    cell
        The neuron.
    tau_s_ms, step_ms
        As in `siegert_rate`.
    """
    synapse = ZETA_HALF / math.sqrt(2.0) * math.sqrt(tau_s_ms / cell.tau_m_ms)
    walk = ZETA_HALF / math.sqrt(2.0 * math.pi) * math.sqrt(step_ms / cell.tau_m_ms)
    y_th = (cell.v_th_mv - mu_mv) / sigma_mv + synapse + walk
    return y_th, (cell.v_reset_mv - mu_mv) / sigma_mv + synapse


def _solve(mu_mv, sigma_mv, cell, tau_s_ms, step_ms, beyond) -> tuple[np.ndarray, np.ndarray]:
    """Rate (Hz) and its logarithmic slope (1/mV)."""
    cell = cell or LIFCell()
    mu, sigma = np.broadcast_arrays(np.asarray(mu_mv, dtype=float), np.asarray(sigma_mv, dtype=float))
    if not (np.isfinite(mu).all() and np.isfinite(sigma).all() and (sigma >= 0).all()):
        raise ValueError("mu_mv and sigma_mv must be finite, sigma_mv not below 0")
    for name, value in (("tau_s_ms", tau_s_ms), ("step_ms", step_ms)):
        if not value >= 0:
            raise ValueError(f"{name} = {value}; must be 0 or above")
    _check_ratio(tau_s_ms / cell.tau_m_ms, beyond)
    rate, slope = np.empty(mu.shape), np.empty(mu.shape)
    noisy = sigma > 0
    if noisy.any():
        spread = sigma[noisy]
        y_th, y_r = siegert_bounds(mu[noisy], spread, cell, tau_s_ms=tau_s_ms, step_ms=step_ms)
        rate[noisy], slope[noisy] = _noisy(y_th, y_r, spread, cell)
    if not noisy.all():
        rate[~noisy], slope[~noisy] = _noise_free(mu[~noisy], cell)
    return rate, slope


def _check_ratio(ratio: float, beyond: str) -> None:
    if beyond not in ("refuse", "warn"):
        raise ValueError(f"beyond = {beyond!r}; must be 'refuse' or 'warn'")
    if ratio <= LARGEST_RATIO * (1 + 1e-12):
        return
    words = (
        f"tau_s / tau_m = {ratio:.3g}: the shift for synapses holds up to {LARGEST_RATIO}; measure the curve "
        "instead (bridges.maps.transfer)"
    )
    if beyond == "refuse":
        raise ValueError(words)
    warnings.warn(words, stacklevel=5)


def _noisy(y_th: np.ndarray, y_r: np.ndarray, sigma: np.ndarray, cell: LIFCell):
    """Rate and log-slope, everything divided by exp(y_th^2) where the threshold is above the mean.

    erfcx(-u) = 2 exp(u^2) - erfcx(u), and int_0^y exp(u^2) du = exp(y^2) D(y) with Dawson's D.
    """
    tau_s, ref_s = cell.tau_m_ms * 1e-3, cell.tau_ref_ms * 1e-3
    above = np.maximum(y_th, 0.0)
    scale = np.exp(-(above**2))
    # y_r < y_th, so that this never overflows: 0 where y_r is below the mean
    at_reset = np.where(y_r > 0, np.exp(np.minimum(y_r**2 - above**2, 0.0)), 0.0)
    growing = 2.0 * (dawsn(above) - at_reset * dawsn(np.maximum(y_r, 0.0)))
    # what is left: minus the integral of erfcx(|u|) where u > 0, plus it where u < 0
    rest = _tail(np.maximum(-y_th, 0.0), np.maximum(-y_r, 0.0)) - _tail(np.maximum(y_r, 0.0), above)
    area = growing + scale * rest
    interval = ref_s * scale + tau_s * math.sqrt(math.pi) * area
    rate = scale / interval
    # d(1/phi)/dmu = tau sqrt(pi) / sigma (erfcx(-y_r) - erfcx(-y_th)), again times exp(-y_th^2)
    at_th = np.where(y_th > 0, erfc(-above), erfcx(np.maximum(-y_th, 0.0)))
    low = np.where(y_r > 0, at_reset * erfc(-np.maximum(y_r, 0.0)), scale * erfcx(np.maximum(-y_r, 0.0)))
    return rate, tau_s * math.sqrt(math.pi) / sigma * (at_th - low) / interval


def _tail(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Integral of erfcx from low to high, both >= 0: smooth in asinh, where Gauss-Legendre does."""
    a, b = np.arcsinh(low), np.arcsinh(high)
    half = 0.5 * (b - a)
    t = 0.5 * (a + b)[..., None] + half[..., None] * NODES
    return half * np.sum(WEIGHTS * erfcx(np.sinh(t)) * np.cosh(t), axis=-1)


def _noise_free(mu: np.ndarray, cell: LIFCell) -> tuple[np.ndarray, np.ndarray]:
    """1 / phi = t_ref + tau_m ln((mu - V_r) / (mu - V_th)) above threshold, else 0."""
    fires = mu > cell.v_th_mv
    safe = np.where(fires, mu, cell.v_th_mv + 1.0)
    tau_s = cell.tau_m_ms * 1e-3
    interval = cell.tau_ref_ms * 1e-3 + tau_s * np.log((safe - cell.v_reset_mv) / (safe - cell.v_th_mv))
    steeper = tau_s * (1.0 / (safe - cell.v_th_mv) - 1.0 / (safe - cell.v_reset_mv))
    return np.where(fires, 1.0 / interval, 0.0), np.where(fires, steeper / interval, 0.0)
