r"""Normalization model of attention: a gain on the drive, before it is divided by its own neighbourhood.

A population of rate units, one for each receptive field centre x and preferred feature theta:

    E = s * e            stimulus drive: the stimulus s, smoothed by the stimulation field e
    S = (A E) * i        suppressive drive: the attended drive, smoothed by the wider suppressive field i
    R = A E / (S + sigma) + b

A(x, theta) >= 1 is the attention field. Because A enters both drives, a field larger than the stimulus
acts like more contrast, and a smaller one scales the response: contrast gain and response gain.
Space ends in darkness, the feature is circular; e and i have unit integral over an endless line, so that
of a suppressive field wider than the circle only the part within +-180 degrees counts.

References
----------
Reynolds, J. H. & Heeger, D. J. (2009). The normalization model of attention. Neuron, 61, 168-185.
doi:10.1016/j.neuron.2009.01.002
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr
from scipy.signal import fftconvolve

from neurosim.circuits.parameter_table import parameter
from neurosim.ring import angular_distance_deg

__all__ = ["AttentionField", "NormalizationParameters", "Stimulus", "normalization_response"]

PAPER = "Reynolds & Heeger 2009"


@dataclass(frozen=True)
class NormalizationParameters:
    """Widths of the fields (standard deviations), semi-saturation and baselines; space in arbitrary units."""

    drive_x: float = parameter(5.0, "space", PAPER)
    drive_theta_deg: float = parameter(60.0, "deg", PAPER)
    suppression_x: float = parameter(20.0, "space", PAPER)
    suppression_theta_deg: float = parameter(360.0, "deg", PAPER)
    sigma: float = parameter(1e-6, "drive", PAPER)
    baseline_drive: float = parameter(0.0, "drive, added before the gain", PAPER)
    baseline: float = parameter(0.0, "response, added at the end", PAPER)
    reach: int = parameter(200, "space, from -reach to reach in steps of 1", PAPER)


@dataclass(frozen=True)
class Stimulus:
    """A patch at position `x` with feature `theta_deg`: contrast 0 to 1, widths as standard deviations."""

    x: float
    theta_deg: float = 0.0
    contrast: float = 1.0
    x_width: float = 5.0
    theta_width_deg: float = 1.0


@dataclass(frozen=True)
class AttentionField:
    """Where attention is.

        oval:  A = 1 + (peak - 1) g_x g_theta
        cross: A = (1 + (peak - 1) g_x) (1 + (peak - 1) g_theta)

    Parameters
    ----------
    x, theta_deg
        Attended position and feature; None spreads attention evenly along that axis.
    x_width, theta_width_deg
        Standard deviations of the Gaussians g.
    peak
        Gain at the centre, at least 1.
    shape
        ``"oval"`` or ``"cross"``.

    Raises
    ------
    ValueError
        If a width is not positive, the peak is below 1, or the shape is unknown.
    """

    x: float | None = None
    theta_deg: float | None = None
    x_width: float = 5.0
    theta_width_deg: float = 60.0
    peak: float = 2.0
    shape: Literal["oval", "cross"] = "oval"

    def __post_init__(self) -> None:
        if self.shape not in ("oval", "cross"):
            raise ValueError(f"shape = {self.shape!r}, must be 'oval' or 'cross'")
        if not (self.x_width > 0 and self.theta_width_deg > 0):
            raise ValueError(f"widths {self.x_width} and {self.theta_width_deg}, must be positive")
        if not self.peak >= 1:
            raise ValueError(f"peak = {self.peak}, must be at least 1")

    def gain(self, x: np.ndarray, theta_deg: np.ndarray) -> np.ndarray:
        """A at positions (x,) and features (theta,); shape (theta, x)."""
        along_x = np.ones(x.size) if self.x is None else _gauss(x - self.x, self.x_width)
        along_theta = np.ones(theta_deg.size)
        if self.theta_deg is not None:
            along_theta = _gauss(angular_distance_deg(theta_deg, self.theta_deg), self.theta_width_deg)
        if self.x is None and self.theta_deg is None:
            return np.ones((theta_deg.size, x.size))
        if self.shape == "oval":
            return 1.0 + (self.peak - 1.0) * np.outer(along_theta, along_x)
        one = [np.ones_like(g) if c is None else 1.0 + (self.peak - 1.0) * g
               for g, c in ((along_theta, self.theta_deg), (along_x, self.x))]  # fmt: skip
        return np.outer(*one)


def normalization_response(
    stimuli: Sequence[Stimulus],
    attention: AttentionField | None = None,
    parameters: NormalizationParameters | None = None,
) -> xr.DataArray:
    """Response of every unit to stimuli under attention.

    Parameters
    ----------
    stimuli
        Patches that add up.
    attention
        The attention field; None is attention nowhere (A = 1).
    parameters
        Fields and constants.

    Returns
    -------
    xarray.DataArray
        Response (arbitrary units), dimensions ``theta_deg`` (-180 to 179) and ``x``.

    Raises
    ------
    ValueError
        If a contrast is negative, or sigma and the widths are not positive.

    Examples
    --------
    >>> far, near = AttentionField(-100.0, x_width=10.0), AttentionField(100.0, x_width=10.0)
    >>> patches = [Stimulus(100.0, x_width=10.0), Stimulus(-100.0, x_width=10.0)]
    >>> unit = {"x": 100.0, "theta_deg": 0.0}
    >>> ratio = [float(normalization_response(patches, a).sel(unit)) for a in (near, far)]
    >>> round(ratio[0] / ratio[1], 3)
    1.166
    """
    p = parameters or NormalizationParameters()
    _check(stimuli, p)
    x = np.arange(-p.reach, p.reach + 1.0)
    theta = np.arange(-180.0, 180.0)
    image = np.zeros((theta.size, x.size))
    for s in stimuli:
        image += s.contrast * np.outer(
            _gauss(angular_distance_deg(theta, s.theta_deg), s.theta_width_deg), _gauss(x - s.x, s.x_width)
        )
    gain = (attention or AttentionField()).gain(x, theta)
    drive = gain * (_smooth(image, x, theta, p.drive_x, p.drive_theta_deg) + p.baseline_drive)
    suppression = _smooth(drive, x, theta, p.suppression_x, p.suppression_theta_deg)
    response = drive / (suppression + p.sigma) + p.baseline
    return xr.DataArray(
        response, {"theta_deg": theta, "x": x}, ("theta_deg", "x"), attrs={"units": "arbitrary"}
    )


def _smooth(image: np.ndarray, x: np.ndarray, theta: np.ndarray, x_width: float, theta_width: float):
    along_x = _gauss(x, x_width) / (x_width * np.sqrt(2 * np.pi))
    along_theta = _gauss(theta, theta_width) / (theta_width * np.sqrt(2 * np.pi))
    spread = fftconvolve(image, along_x[None, :], mode="same", axes=1)
    # circular: the kernel of zero shift comes first
    turn = np.fft.rfft(np.fft.ifftshift(along_theta))
    return np.fft.irfft(np.fft.rfft(spread, axis=0) * turn[:, None], theta.size, axis=0)


def _gauss(d: np.ndarray, width: float) -> np.ndarray:
    return np.exp(-(d**2) / (2.0 * width**2))


def _check(stimuli: Sequence[Stimulus], p: NormalizationParameters) -> None:
    for s in stimuli:
        if not s.contrast >= 0:
            raise ValueError(f"stimulus at x = {s.x}: contrast = {s.contrast}, must not be negative")
        if not (s.x_width > 0 and s.theta_width_deg > 0):
            raise ValueError(f"stimulus at x = {s.x}: widths must be positive")
    for name in ("drive_x", "drive_theta_deg", "suppression_x", "suppression_theta_deg", "sigma"):
        if not getattr(p, name) > 0:
            raise ValueError(f"{name} = {getattr(p, name)}, must be positive")
