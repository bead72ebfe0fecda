r"""Which activation function is a population's f-I curve? Fits of five, each with its error.

    relu             a max(x - b, 0)
    leaky_relu       a (max(x - b, 0) + s min(x - b, 0))
    softplus         a k ln(1 + exp((x - b) / k))
    abbott_chance    a (x - b) / (1 - exp(-d a (x - b)))
    sigmoid          a k / (1 + exp(-(x - b) / k))

a is a gain (Hz per unit of drive), b a threshold, k a softness (unit of drive), d a time (s): the
parameters of the functions in `ann.activations`, so that a fitted curve is the activation of a network
(`Fit.activation`). Softness k grows with the noise of the population: noise is the softness of its
threshold.

Assumptions: the curve was measured where it will be used; a fit says nothing beyond. A leaky slope below
threshold only has a meaning for a difference of two populations (ON and OFF), or for a rate around a
baseline: a single population's rate is never negative. Where a fit does not converge it is reported with R2
= NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import curve_fit
from scipy.special import expit

from bridges.maps.transfer import r_squared

if TYPE_CHECKING:
    from ann.activations import Activation

__all__ = ["KINDS", "Fit", "fit_activation"]


def _relu(x, gain, threshold):
    return gain * np.maximum(x - threshold, 0.0)


def _leaky_relu(x, gain, threshold, negative_slope):
    y = x - threshold
    return gain * (np.maximum(y, 0.0) + negative_slope * np.minimum(y, 0.0))


def _softplus(x, gain, threshold, softness):
    return gain * softness * np.logaddexp(0.0, (x - threshold) / softness)


def _abbott_chance(x, gain, threshold, sharpness_s):
    y = gain * (x - threshold)
    z = sharpness_s * y
    near = np.abs(z) < 1e-6
    # 700: exp overflows beyond 709
    safe = np.where(near, 1.0, np.maximum(z, -700.0))
    return np.where(near, 1.0 + 0.5 * z, safe / -np.expm1(-safe)) / sharpness_s


def _sigmoid(x, gain, threshold, softness):
    return gain * softness * expit((x - threshold) / softness)


@dataclass(frozen=True)
class _Kind:
    formula: Callable[..., np.ndarray]
    third: str | None
    activation: str


KINDS: Mapping[str, _Kind] = {
    "relu": _Kind(_relu, None, "ReLU"),
    "leaky_relu": _Kind(_leaky_relu, "negative_slope", "LeakyReLU"),
    "softplus": _Kind(_softplus, "softness", "Softplus"),
    "abbott_chance": _Kind(_abbott_chance, "sharpness_s", "AbbottChance"),
    "sigmoid": _Kind(_sigmoid, "softness", "Sigmoid"),
}
"""Activation functions by name."""


@dataclass(frozen=True)
class Fit:
    """A fitted activation.

    Parameters
    ----------
    kind
        Name in `KINDS`.
    parameters
        Its parameters by name; units as in the module's text.
    r2
        Explained share of the variance; NaN if the fit did not converge.
    rmse_hz
        Root mean squared error (Hz).
    """

    kind: str
    parameters: Mapping[str, float]
    r2: float
    rmse_hz: float

    def rate(self, drive: ArrayLike) -> np.ndarray:
        """Fitted rate (Hz), any shape."""
        return KINDS[self.kind].formula(np.asarray(drive, dtype=float), **self.parameters)

    def activation(self, drive_unit: str = "mV") -> Activation:
        """The fit as an activation function of the package's networks (imports PyTorch).

        Raises
        ------
        ValueError
            If a parameter is not one that the activation takes (a leaky slope of 0, say).
        """
        from ann import activations

        return getattr(activations, KINDS[self.kind].activation)(**self.parameters, current_unit=drive_unit)


def fit_activation(kind: str, drive: ArrayLike, rate_hz: ArrayLike) -> Fit:
    """Fit one activation function to a curve by least squares.

    Parameters
    ----------
    kind
        Name in `KINDS`.
    drive
        Drives, shape (point,).
    rate_hz
        Rates (Hz), shape (point,).

    Raises
    ------
    ValueError
        If the kind is unknown, or there are fewer than five points.

    Examples
    --------
    >>> x = np.linspace(-5.0, 5.0, 41)
    >>> fit = fit_activation("softplus", x, 3.0 * 1.5 * np.log1p(np.exp((x - 1.0) / 1.5)))
    >>> round(fit.parameters["softness"], 4), round(fit.r2, 6)
    (1.5, 1.0)
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}; known are {list(KINDS)}")
    x, y = np.asarray(drive, dtype=float).ravel(), np.asarray(rate_hz, dtype=float).ravel()
    if x.size != y.size or x.size < 5:
        raise ValueError(f"drive has {x.size} and rate_hz {y.size} points; give as many of each, 5 at least")
    third = KINDS[kind].third
    names = ["gain", "threshold", *([third] if third else [])]
    best: Fit | None = None
    for start in _starts(kind, x, y):
        try:
            found, _ = curve_fit(
                KINDS[kind].formula, x, y, p0=start[: len(names)], bounds=_bounds(kind, x, y), maxfev=20000
            )
        except RuntimeError:
            continue
        fit = _judge(kind, dict(zip(names, map(float, found), strict=True)), x, y)
        if best is None or fit.r2 > best.r2:
            best = fit
    return best or Fit(kind, dict.fromkeys(names, np.nan), np.nan, np.nan)


def _judge(kind: str, parameters: dict[str, float], x: np.ndarray, y: np.ndarray) -> Fit:
    error = KINDS[kind].formula(x, **parameters) - y
    return Fit(kind, parameters, r_squared(y, y + error), float(np.sqrt(np.mean(error**2))))


def _starts(kind: str, x: np.ndarray, y: np.ndarray) -> list[tuple[float, ...]]:
    """Starting values: steepest slope, where half of the largest rate is, and several softnesses."""
    order = np.argsort(x)
    slope = max(float(np.max(np.gradient(y[order], x[order]))), 1e-9)
    span = float(np.ptp(x))
    middle = float(np.interp(0.5 * y.max(), np.maximum.accumulate(y[order]), x[order]))
    top = max(float(y.max()), 1e-9)
    thirds: dict[str, list[Any]] = {
        "relu": [0.0],
        "leaky_relu": [1e-3, 0.05],
        "softplus": [0.02 * span, 0.1 * span],
        "abbott_chance": [4.0 / top, 20.0 / top],
        "sigmoid": [0.05 * span, 0.2 * span],
    }
    foot = middle if kind == "sigmoid" else middle - 0.5 * top / slope
    return [(slope, where, third) for third in thirds[kind] for where in (foot, middle)]


def _bounds(kind: str, x: np.ndarray, y: np.ndarray) -> tuple[list[float], list[float]]:
    span = float(np.ptp(x))
    low, high = [1e-9, float(x.min()) - 2 * span], [np.inf, float(x.max()) + 2 * span]
    if KINDS[kind].third == "negative_slope":
        return [*low, 0.0], [*high, 1.0]
    if KINDS[kind].third:
        return [*low, 1e-9], [*high, np.inf]
    return low, high
