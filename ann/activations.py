"""Activation functions as the f-I curves of neural populations: PyTorch's functions, with their biology.

    rate = gain * f(current - threshold)

with the rate in Hz, the current in mV of mean depolarisation (or whatever unit the gain is given per), and
f one of

    relu        max(x, 0)                  threshold-linear: mean-driven firing without noise
    leaky_relu  x, or slope * x below 0    ON minus OFF, or rate around a baseline: rates are never negative
    softplus    k ln(1 + exp(x / k))       threshold-linear softened by noise; k grows with the noise
    sigmoid     k / (1 + exp(-x / k))      firing saturates, at gain * k
    tanh        k tanh(x / k)              ON population minus OFF population, each saturating
    abbott_chance   x / (1 - exp(-d gain x))   LIF population with noise; d in s sharpens the threshold

Abbott-Chance is the fit used in reduced decision circuits (Abbott & Chance 2005,
doi:10.1016/S0079-6123(05)49011-1; Wong & Wang 2006, doi:10.1523/JNEUROSCI.3733-05.2006). Softplus and
Abbott-Chance fit a noisy leaky integrate-and-fire population better than ReLU does, most of all below
threshold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

__all__ = [
    "ACTIVATIONS",
    "AbbottChance",
    "Activation",
    "LeakyReLU",
    "ReLU",
    "Sigmoid",
    "Softplus",
    "Tanh",
    "on_off",
]


@dataclass(frozen=True)
class Activation:
    """An f-I curve, ``rate = gain * f(current - threshold)``.

    Parameters
    ----------
    gain
        Slope where the curve is linear or steepest (Hz per unit of current).
    threshold
        Current at the foot of the curve, or at the middle of one that saturates (unit of current).
    current_unit
        Unit of currents; rates are in Hz.

    Raises
    ------
    ValueError
        If the gain, or a softness, is not above 0.
    """

    gain: float = 1.0
    threshold: float = 0.0
    current_unit: str = field(default="mV", kw_only=True)

    formula: ClassVar[str]
    biology: ClassVar[str]

    def __post_init__(self) -> None:
        for name in ("gain", "softness", "sharpness_s", "negative_slope"):
            value = getattr(self, name, 1.0)
            if not value > 0:
                raise ValueError(f"{name} = {value}; must be above 0")

    def rate(self, current: Tensor) -> Tensor:
        """Rate (Hz) of a current, any shape."""
        return self.gain * self._shape(current - self.threshold)

    def current(self, rate: Tensor) -> Tensor:
        """Current that gives a rate (Hz), the inverse of `rate`.

        Raises
        ------
        ValueError
            If a rate is outside the range of the curve, or the curve has no inverse there.
        """
        low, high = self.range_hz
        inside = (rate > low) & (rate < high)
        if not inside.all():
            raise ValueError(f"rates must be above {low:g} and below {high:g} Hz to have a current")
        return self.threshold + self._inverse(rate / self.gain)

    def slope(self, current: Tensor) -> Tensor:
        """Derivative of the rate (Hz per unit of current), any shape."""
        with torch.enable_grad():
            x = current.detach().clone().requires_grad_()
            (slope,) = torch.autograd.grad(self.rate(x).sum(), x)
        return slope

    @property
    def range_hz(self) -> tuple[float, float]:
        """Rates that have a current: all between these two, themselves left out."""
        return 0.0, float("inf")

    def _shape(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def _inverse(self, y: Tensor) -> Tensor:
        raise NotImplementedError


@dataclass(frozen=True)
class ReLU(Activation):
    """Threshold-linear: silent below threshold, then proportional to the current."""

    formula: ClassVar[str] = "gain * max(I - threshold, 0)"
    biology: ClassVar[str] = "mean-driven firing without noise"

    def _shape(self, x: Tensor) -> Tensor:
        return functional.relu(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return y


@dataclass(frozen=True)
class LeakyReLU(Activation):
    """Linear with two slopes; the negative part is an OFF population, or firing below a baseline.

    Parameters
    ----------
    negative_slope
        Slope below threshold as a share of the gain, above 0.
    """

    negative_slope: float = 0.01
    formula: ClassVar[str] = "gain * (max(I - threshold, 0) + negative_slope * min(I - threshold, 0))"
    biology: ClassVar[str] = "ON minus OFF population, or rate around a baseline"

    @property
    def range_hz(self) -> tuple[float, float]:
        """Every rate, as a difference of two populations."""
        return -float("inf"), float("inf")

    def _shape(self, x: Tensor) -> Tensor:
        return functional.leaky_relu(x, self.negative_slope)

    def _inverse(self, y: Tensor) -> Tensor:
        return torch.where(y > 0, y, y / self.negative_slope)


@dataclass(frozen=True)
class Softplus(Activation):
    """Threshold-linear softened by noise.

    Parameters
    ----------
    softness
        k, in units of the current: it grows with the noise of the population.
    """

    softness: float = 1.0
    formula: ClassVar[str] = "gain * k * ln(1 + exp((I - threshold) / k))"
    biology: ClassVar[str] = "noise-driven firing; k is the noise level"

    def _shape(self, x: Tensor) -> Tensor:
        return functional.softplus(x, beta=1.0 / self.softness)

    def _inverse(self, y: Tensor) -> Tensor:
        scaled = y / self.softness
        # ln(exp(s) - 1), without overflow for large s
        return self.softness * (scaled + torch.log(-torch.expm1(-scaled)))


@dataclass(frozen=True)
class Sigmoid(Activation):
    """Saturating at ``gain * softness``, with half of it, and a quarter of the gain as slope, at threshold.

    Parameters
    ----------
    softness
        k, in units of the current.
    """

    softness: float = 1.0
    formula: ClassVar[str] = "gain * k / (1 + exp(-(I - threshold) / k))"
    biology: ClassVar[str] = "firing that saturates (refractoriness, depolarisation block)"

    @property
    def range_hz(self) -> tuple[float, float]:
        """From silence to saturation."""
        return 0.0, self.gain * self.softness

    def _shape(self, x: Tensor) -> Tensor:
        return self.softness * torch.sigmoid(x / self.softness)

    def _inverse(self, y: Tensor) -> Tensor:
        return self.softness * torch.logit(y / self.softness)


@dataclass(frozen=True)
class Tanh(Activation):
    """Signed and saturating at ``gain * softness``: an ON and an OFF population, see `on_off`.

    Parameters
    ----------
    softness
        k, in units of the current.
    """

    softness: float = 1.0
    formula: ClassVar[str] = "gain * k * tanh((I - threshold) / k)"
    biology: ClassVar[str] = "ON minus OFF population, both saturating"

    @property
    def range_hz(self) -> tuple[float, float]:
        """Saturation of the OFF and of the ON population."""
        return -self.gain * self.softness, self.gain * self.softness

    def _shape(self, x: Tensor) -> Tensor:
        return self.softness * torch.tanh(x / self.softness)

    def _inverse(self, y: Tensor) -> Tensor:
        return self.softness * torch.atanh(y / self.softness)


@dataclass(frozen=True)
class AbbottChance(Activation):
    """f-I curve of a noisy leaky integrate-and-fire population; the defaults are Wong & Wang's.

    Parameters
    ----------
    gain
        a (Hz/nA).
    threshold
        b / a (nA).
    sharpness_s
        d (s): the larger, the less noise rounds the threshold.
    """

    gain: float = 270.0
    threshold: float = 108.0 / 270.0
    sharpness_s: float = 0.154
    current_unit: str = field(default="nA", kw_only=True)
    formula: ClassVar[str] = "x / (1 - exp(-d * x)), x = gain * (I - threshold)"
    biology: ClassVar[str] = "noisy leaky integrate-and-fire population"

    def _shape(self, x: Tensor) -> Tensor:
        steep = self.sharpness_s * self.gain * x
        return _quotient(steep)[0] / (self.sharpness_s * self.gain)

    def _inverse(self, y: Tensor) -> Tensor:
        # s / (1 - exp(-s)) = u is convex in s, and both starts lie above the root: Newton descends to it
        u = (y * self.sharpness_s * self.gain).to(torch.float64)
        s = torch.where(u > 1, u, 0.0)
        for _ in range(NEWTON_STEPS):
            value, slope = _quotient(s)
            s = s - (value - u) / slope
        return (s / (self.sharpness_s * self.gain)).to(y.dtype)


NEWTON_STEPS = 80
"""Enough for rates down to 1e-25 of that at threshold: below it a step is about 1, and ln u are to go."""


def _quotient(s: Tensor) -> tuple[Tensor, Tensor]:
    """The quotient s / (1 - exp(-s)) and its derivative; near 0, where both are 0 / 0, by their series."""
    near = s.abs() < 1e-3
    safe = torch.where(near, 1.0, s)
    value = torch.where(near, 1 + s / 2 + s * s / 12, safe / -torch.expm1(-safe))
    p = torch.exp(-safe.abs())
    top = torch.where(safe > 0, 1 - p - safe * p, p * (p - 1 - safe))
    slope = torch.where(near, 0.5 + s / 6, top / torch.expm1(-safe.abs()) ** 2)
    return value, slope


ACTIVATIONS: MappingProxyType[str, Callable[..., Activation]] = MappingProxyType(
    {
        "relu": ReLU,
        "leaky_relu": LeakyReLU,
        "softplus": Softplus,
        "sigmoid": Sigmoid,
        "tanh": Tanh,
        "abbott_chance": AbbottChance,
    }
)
"""Activations by name."""


def on_off(rate: Tensor, baseline_hz: float = 0.0) -> tuple[Tensor, Tensor]:
    """Two populations whose difference is a signed rate: neither fires below the baseline.

    Parameters
    ----------
    rate
        Signed rate (Hz), any shape.
    baseline_hz
        Rate of both populations at 0 (Hz).

    Returns
    -------
    on, off : Tensor
        Rates (Hz) with ``on - off == rate``.

    Raises
    ------
    ValueError
        If the baseline is negative.
    """
    if not baseline_hz >= 0:
        raise ValueError(f"baseline_hz = {baseline_hz}; must be 0 or above")
    return baseline_hz + functional.relu(rate), baseline_hz + functional.relu(-rate)
