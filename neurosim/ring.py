"""Angles on a circle: the weight profile of a ring of neurons, and bumps of input to it.

Neuron i of a population of N prefers the direction 360 i / N degrees.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

__all__ = ["GaussianKernel", "GaussianProfile", "VonMisesProfile", "angular_distance_deg", "directions_deg"]


def directions_deg(size: int) -> np.ndarray:
    """Preferred directions (degrees) of the neurons of a ring, shape (size,)."""
    return np.arange(size) * 360.0 / size


def angular_distance_deg(a_deg: np.ndarray | float, b_deg: np.ndarray | float) -> np.ndarray:
    """Signed shortest way from `b_deg` to `a_deg` (degrees), in [-180, 180)."""
    return (np.asarray(a_deg, dtype=float) - b_deg + 180.0) % 360.0 - 180.0


@dataclass(frozen=True)
class GaussianKernel:
    """Weight against the difference of preferred directions, with mean one over the circle.

        W(d) = J- + (J+ - J-) exp(-d^2 / (2 sigma^2)),    mean W = 1
        J- = (1 - J+ a) / (1 - a),    a = sigma / sqrt(2 pi) erf(pi / (sqrt(2) sigma)), sigma in radians

    Parameters
    ----------
    sigma_deg
        Width of the Gaussian (degrees).
    j_plus
        Weight between neurons of the same preferred direction; None leaves no weight far away (J- = 0).

    Raises
    ------
    ValueError
        If the width is not positive, or a weight would be negative.

    Examples
    --------
    >>> round(GaussianKernel(14.4, 1.62).j_minus, 3)
    0.931

    References
    ----------
    Compte et al. (2000). Cereb Cortex, 10, 910-923. doi:10.1093/cercor/10.9.910
    """

    sigma_deg: float
    j_plus: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.sigma_deg) and self.sigma_deg > 0):
            raise ValueError(f"kernel: sigma_deg = {self.sigma_deg}, must be finite and positive")
        if self.j_plus is not None and not 0 <= self.j_plus <= 1 / self._area + 1e-12:
            raise ValueError(
                f"kernel: j_plus = {self.j_plus}, must be between 0 and {1 / self._area:.4g} at "
                f"sigma_deg = {self.sigma_deg}, or weights would be negative"
            )

    @property
    def _area(self) -> float:
        sigma = math.radians(self.sigma_deg)
        return sigma / math.sqrt(2 * math.pi) * math.erf(math.pi / (math.sqrt(2) * sigma))

    @property
    def peak(self) -> float:
        """J+, the weight at no difference."""
        return 1 / self._area if self.j_plus is None else self.j_plus

    @property
    def j_minus(self) -> float:
        """J-, the weight far away."""
        return (1 - self.peak * self._area) / (1 - self._area)

    def weight(self, difference_deg: np.ndarray | float) -> np.ndarray:
        """W at differences of preferred direction (degrees), same shape."""
        d = angular_distance_deg(difference_deg, 0.0)
        low = self.j_minus
        return low + (self.peak - low) * np.exp(-(d**2) / (2 * self.sigma_deg**2))


@dataclass(frozen=True)
class GaussianProfile:
    """Input that falls off as exp(-d^2 / (2 sigma^2)) with the distance d from its centre; peak 1."""

    sigma_deg: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.sigma_deg) and self.sigma_deg > 0):
            raise ValueError(f"profile: sigma_deg = {self.sigma_deg}, must be finite and positive")

    def shape(self, difference_deg: np.ndarray) -> np.ndarray:
        """Value at distances from the centre (degrees), same shape."""
        return np.exp(-(angular_distance_deg(difference_deg, 0.0) ** 2) / (2 * self.sigma_deg**2))


@dataclass(frozen=True)
class VonMisesProfile:
    """Input that falls off as exp(k (cos d - 1)) with the distance d from its centre; peak 1."""

    concentration: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.concentration) and self.concentration >= 0):
            raise ValueError(
                f"profile: concentration = {self.concentration}, must be finite and not negative"
            )

    def shape(self, difference_deg: np.ndarray) -> np.ndarray:
        """Value at distances from the centre (degrees), same shape."""
        return np.exp(self.concentration * (np.cos(np.radians(difference_deg)) - 1.0))
