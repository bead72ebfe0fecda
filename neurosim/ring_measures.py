"""What a ring of neurons says: rates by direction, population vector, shape and drift of a bump.

Spikes come as times (s) and neuron numbers, as in `Recording.spikes`; neuron i of N prefers 360 i / N
degrees.

References
----------
Georgopoulos, A. P., Schwartz, A. B. & Kettner, R. E. (1986). Science, 233, 1416-1419.
doi:10.1126/science.3749885
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurosim.ring import angular_distance_deg, directions_deg

__all__ = ["Bump", "bump_of", "direction_rates", "displacement_slope", "population_vector", "vector_course"]

Spikes = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Bump:
    """Peak and baseline (Hz), full width at half height and centre (degrees; NaN if there is no bump)."""

    peak_hz: float
    baseline_hz: float
    width_deg: float
    centre_deg: float


def direction_rates(
    spikes: Spikes, size: int, start_s: float, stop_s: float, sectors: int | None = None
) -> np.ndarray:
    """Rate (Hz) of the neurons, or of `sectors` equal stretches of the ring; shape (size,) or (sectors,).

    Raises
    ------
    ValueError
        If the window is empty or `sectors` does not divide `size`.
    """
    if not stop_s > start_s:
        raise ValueError(f"start_s = {start_s}, stop_s = {stop_s}: the window is empty")
    times, neurons = spikes
    counts = np.bincount(neurons[(times >= start_s) & (times < stop_s)], minlength=size).astype(float)
    if sectors is None:
        return counts / (stop_s - start_s)
    if size % sectors:
        raise ValueError(f"sectors = {sectors}, must divide the {size} neurons")
    # a sector is centred on its preferred direction
    width = size // sectors
    counts = np.roll(counts, width // 2).reshape(sectors, width)
    return counts.mean(axis=1) / (stop_s - start_s)


def population_vector(rates_hz: np.ndarray) -> tuple[float, float]:
    """Direction (degrees, 0 to 360) and length (0 to 1) of sum_i r_i e^(i theta_i) / sum_i r_i.

    Parameters
    ----------
    rates_hz
        Rates of neurons or sectors in the order of their preferred directions, shape (direction,).
    """
    total = rates_hz.sum()
    if total <= 0:
        return float("nan"), 0.0
    vector = np.sum(rates_hz * np.exp(1j * np.radians(directions_deg(rates_hz.size)))) / total
    return float(np.degrees(np.angle(vector)) % 360.0), float(abs(vector))


def vector_course(
    spikes: Spikes, size: int, at_s: np.ndarray, window_s: float = 0.25
) -> tuple[np.ndarray, np.ndarray]:
    """Direction (degrees) and length of the population vector in windows centred on `at_s`, shape (time,)."""
    both = [
        population_vector(direction_rates(spikes, size, t - window_s / 2, t + window_s / 2)) for t in at_s
    ]
    angles, lengths = np.array(both).T
    return angles, lengths


def bump_of(rates_hz: np.ndarray, smoothing_deg: float = 5.0) -> Bump:
    """Shape of the bump in a profile of rates.

    The profile is smoothed with a Gaussian of `smoothing_deg`; the centre is the population vector,
    the peak the largest smoothed rate within 45 degrees of it, the baseline the mean rate beyond 120
    degrees, and the width is taken at half height between both.

    Parameters
    ----------
    rates_hz
        Rates in the order of preferred directions, shape (direction,).
    smoothing_deg
        Standard deviation of the smoothing (degrees); it widens a Gaussian bump of width w to
        sqrt(w^2 + 2.355^2 smoothing^2), which is taken off again.
    """
    size = rates_hz.size
    centre, _ = population_vector(rates_hz)
    if np.isnan(centre):
        return Bump(0.0, 0.0, float("nan"), centre)
    distance = angular_distance_deg(directions_deg(size), 0.0)
    window = np.exp(-(distance**2) / (2 * smoothing_deg**2))
    smooth = np.fft.irfft(np.fft.rfft(rates_hz) * np.fft.rfft(window / window.sum()), size)
    away = angular_distance_deg(directions_deg(size), centre)
    baseline = float(rates_hz[np.abs(away) > 120.0].mean())
    near = np.abs(away) < 45.0
    peak = float(smooth[near].max())
    top = away[near][np.argmax(smooth[near])]
    half = 0.5 * (peak + baseline)
    order = np.argsort(angular_distance_deg(away, top))
    course, offset = smooth[order], angular_distance_deg(away, top)[order]
    middle = int(np.argmin(np.abs(offset)))
    right = _crossing(offset[middle:], course[middle:], half)
    left = _crossing(-offset[middle::-1], course[middle::-1], half)
    # undo the widening by the smoothing, which only a bump wider than it can have had
    width = float(np.sqrt(max((right + left) ** 2 - (2.355 * smoothing_deg) ** 2, 0.0)))
    return Bump(peak, baseline, width, centre)


def _crossing(offset: np.ndarray, course: np.ndarray, level: float) -> float:
    below = np.flatnonzero(course < level)
    if below.size == 0 or below[0] == 0:
        return float("nan")
    k = below[0]
    share = (course[k - 1] - level) / (course[k - 1] - course[k])
    return float(offset[k - 1] + share * (offset[k] - offset[k - 1]))


def displacement_slope(displacement_deg: np.ndarray, at_s: np.ndarray) -> float:
    """Growth of the variance of displacement over time, d Var / dt (deg^2 / s).

    A bump that diffuses freely has a straight line; the slope is that of least squares.

    Parameters
    ----------
    displacement_deg
        Signed displacement from the first time, shape (trial, time).
    at_s
        Times (s), shape (time,).

    Raises
    ------
    ValueError
        If there are fewer than two trials or times.
    """
    if displacement_deg.ndim != 2 or min(displacement_deg.shape) < 2:
        raise ValueError(f"displacement_deg has shape {displacement_deg.shape}, needs two trials and times")
    return float(np.polyfit(at_s, displacement_deg.var(axis=0, ddof=1), 1)[0])
