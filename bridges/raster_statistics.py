"""Seven statistics of binary spike rasters, and the distance between two sets of rasters.

A raster x holds 0 or 1 for each neuron i and bin t; angle brackets average over rasters (and bins, where no
bin is named). With s_i = sum_t x_it the spikes of a neuron in a raster:

    mean count          <s_i>
    covariance          <x_i(t) x_j(t)> - <x_i><x_j>, pairs i < j
    k-probability       share of bins in which exactly k neurons spike, k = 0 ... N
    autocorrelogram     spikes k bins after a spike of the same neuron, by chance 1:
                        <x_i(t) x_i(t + k)> / (<x_i(t)> <x_i(t + k)>), numerator and denominator summed over i
    time course         <x_it>
    lagged covariance   <x_i(t) x_j(t + 1)> - <x_i(t)><x_j(t + 1)>, all ordered pairs
    variance            <s_i^2> - <s_i>^2

The error between two sets is the sum of absolute differences of a statistic (Spike-GAN, Molano-Mazon et al.
2018, doi:10.48550/arXiv.1803.00338). Two halves of real data differ too: their error is the yardstick.

Only NumPy is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

__all__ = [
    "RasterStatistics",
    "checked",
    "count_duplicates",
    "nearest_distance",
    "raster_errors",
    "raster_statistics",
]

LAGS = 10
"""Lags of the autocorrelogram (bins)."""


@dataclass(frozen=True, eq=False)
class RasterStatistics:
    """The seven statistics of a set of rasters.

    Parameters
    ----------
    mean_count
        Spikes of a raster, shape (neuron,).
    covariance
        Of pairs of neurons in the same bin, shape (pair,), in the order of ``np.triu_indices(N, 1)``.
    k_probability
        Probability of k spikes in a bin, shape (N + 1,).
    autocorrelogram
        Relative to chance, at lags 1 ... (bins), shape (lag,).
    time_course
        Probability of a spike, shape (neuron, bin).
    lagged_covariance
        Of a neuron and another one bin later, shape (neuron, neuron).
    variance
        Of the spikes of a raster, shape (neuron,).
    """

    mean_count: np.ndarray
    covariance: np.ndarray
    k_probability: np.ndarray
    autocorrelogram: np.ndarray
    time_course: np.ndarray
    lagged_covariance: np.ndarray
    variance: np.ndarray

    def items(self) -> Mapping[str, np.ndarray]:
        """Name and value of each, in order."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


def raster_statistics(rasters: np.ndarray) -> RasterStatistics:
    """Measure the seven statistics.

    Parameters
    ----------
    rasters
        0 and 1, shape (sample, neuron, bin), at least one sample and two bins.

    Returns
    -------
    RasterStatistics
        See there; a neuron that never spikes adds nothing to the autocorrelogram.

    Raises
    ------
    ValueError
        If the shape is another or a value is neither 0 nor 1.
    """
    x = checked(rasters)
    n, neurons, bins = x.shape
    count = x.sum(axis=2)
    joint, mean = _moments(x, x)
    covariance = joint - np.outer(mean[0], mean[1])
    lagged, means = _moments(x[:, :, :-1], x[:, :, 1:])
    together = np.bincount(x.sum(axis=1).astype(int).ravel(), minlength=neurons + 1)
    return RasterStatistics(
        mean_count=count.mean(axis=0),
        covariance=covariance[np.triu_indices(neurons, 1)],
        k_probability=together / (n * bins),
        autocorrelogram=_autocorrelogram(x),
        time_course=x.mean(axis=0, dtype=np.float64),
        lagged_covariance=lagged - np.outer(means[0], means[1]),
        variance=count.var(axis=0, dtype=np.float64),
    )


def raster_errors(first: RasterStatistics, second: RasterStatistics) -> dict[str, float]:
    """Sum of absolute differences of each statistic.

    Raises
    ------
    ValueError
        If the two are of rasters of different shape.
    """
    pairs = zip(first.items().items(), second.items().values(), strict=True)
    errors = {}
    for (name, one), other in pairs:
        if one.shape != other.shape:
            raise ValueError(f"{name}: shapes {one.shape} and {other.shape}; compare rasters of one shape")
        errors[name] = float(np.abs(one - other).sum())
    return errors


def count_duplicates(rasters: np.ndarray, known: np.ndarray) -> int:
    """Number of rasters that are the same, bit by bit, as one of the known ones."""
    seen = {row.tobytes() for row in np.packbits(checked(known).astype(bool).reshape(len(known), -1), axis=1)}
    rows = np.packbits(checked(rasters).astype(bool).reshape(len(rasters), -1), axis=1)
    return sum(row.tobytes() in seen for row in rows)


def nearest_distance(rasters: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Bins in which each raster differs from the known one that is most like it, shape (sample,)."""
    x = checked(rasters).reshape(len(rasters), -1)
    y = checked(known).reshape(len(known), -1)
    differ = x.sum(axis=1)[:, None] + y.sum(axis=1) - 2.0 * (x @ y.T)
    return differ.min(axis=1).round().astype(int)


def checked(rasters: np.ndarray) -> np.ndarray:
    """The rasters as numbers that can be multiplied, once they are known to be 0 and 1.

    Raises
    ------
    ValueError
        If the shape is not (sample, neuron, bin) with two bins or more, or a value is neither 0 nor 1.
    """
    x = np.asarray(rasters)
    if x.ndim != 3 or x.shape[0] < 1 or x.shape[2] < 2:
        raise ValueError(
            f"rasters have shape {x.shape}; must be (sample, neuron, bin) with at least 1 sample and 2 bins"
        )
    if x.dtype != bool and not np.isin(x, (0, 1)).all():
        raise ValueError("rasters must hold 0 and 1 alone; bin the spikes first")
    return x.astype(np.float32)


def _moments(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Mean of products (neuron, neuron) and means of the two, over samples and bins."""
    rows = [part.transpose(1, 0, 2).reshape(part.shape[1], -1) for part in (x, y)]
    means = tuple(row.mean(axis=1, dtype=np.float64) for row in rows)
    # sums of 0 and 1 are exact in single precision up to 2^24, and in parts beyond
    size = rows[0].shape[1]
    parts = [slice(start, start + 2**23) for start in range(0, size, 2**23)]
    joint = sum((rows[0][:, part] @ rows[1][:, part].T).astype(np.float64) for part in parts)
    return joint / size, (means[0], means[1])


def _autocorrelogram(x: np.ndarray) -> np.ndarray:
    bins = x.shape[2]
    values = np.ones(min(LAGS, bins - 1))
    for k in range(values.size):
        before, after = x[:, :, : bins - k - 1], x[:, :, k + 1 :]
        joint = np.mean(before * after, axis=(0, 2), dtype=np.float64).sum()
        chance = (
            before.mean(axis=(0, 2), dtype=np.float64) * after.mean(axis=(0, 2), dtype=np.float64)
        ).sum()
        values[k] = joint / chance if chance > 0 else 1.0
    return values
