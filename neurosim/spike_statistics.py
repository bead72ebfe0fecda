"""Spike statistics: rates, interval variability, count variability, shared variability.

Elephant (Denker, Yegenoglu & Grün 2018, doi:10.12751/incf.ni2018.0019) computes what it has; this module
brings recordings into its form, adds what is about trials and attention, and returns plain arrays.

A population's spikes come as in `Recording.spikes`: times (s) and neuron numbers. Counts over trials have
the dimensions trial, neuron.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    import neo

__all__ = [
    "NoiseCorrelation",
    "fano_factor",
    "firing_rates",
    "interval_variation",
    "modulation_index",
    "noise_correlation",
    "spike_counts",
    "spike_trains",
    "synchrony",
]

FEWEST_INTERVALS = 3
"""Below this many intervals a neuron's variability is missing, not zero."""


def spike_trains(
    times_s: np.ndarray, neurons: np.ndarray, n_neurons: int, start_s: float, stop_s: float
) -> list[neo.SpikeTrain]:
    """Spikes of a population between two times, as one Neo spike train a neuron.

    Parameters
    ----------
    times_s, neurons
        Time (s) and neuron number, 0 to `n_neurons` - 1, of every spike; shape (spike,), any order.
    n_neurons
        Size of the population; neurons without a spike have an empty train.
    start_s, stop_s
        Limits (s).

    Raises
    ------
    ValueError
        If the shapes differ, a neuron number is out of range, or the limits are not in order.
    """
    import neo

    times, number = _spikes(times_s, neurons, n_neurons)
    if not start_s < stop_s:
        raise ValueError(f"start_s = {start_s} must be before stop_s = {stop_s}")
    inside = (times >= start_s) & (times < stop_s)
    order = np.lexsort((times[inside], number[inside]))
    cuts = np.searchsorted(number[inside][order], np.arange(1, n_neurons))
    return [
        neo.SpikeTrain(own, units="s", t_start=start_s, t_stop=stop_s)
        for own in np.split(times[inside][order], cuts)
    ]


def firing_rates(trains: Sequence[neo.SpikeTrain]) -> np.ndarray:
    """Mean rate of each train (Hz), shape (neuron,)."""
    from elephant.statistics import mean_firing_rate

    return np.array([float(mean_firing_rate(train).rescale("Hz")) for train in trains])


def interval_variation(
    trains: Sequence[neo.SpikeTrain], measure: Literal["cv", "cv2", "lv"] = "cv"
) -> np.ndarray:
    """Variability of the inter-spike intervals of each train, shape (neuron,); 1 for a Poisson process.

    Parameters
    ----------
    trains
        As from `spike_trains`.
    measure
        ``"cv"``: SD / mean; ``"cv2"`` (Holt et al. 1996, doi:10.1152/jn.1996.75.5.1806) and ``"lv"``
        (Shinomoto, Shima & Tanji 2003, doi:10.1162/089976603322518759) compare neighbouring intervals only
        and so do not see slow changes of rate.

    Returns
    -------
    ndarray
        NaN where a train has fewer than three intervals.

    Raises
    ------
    ValueError
        If the measure is unknown.
    """
    from elephant import statistics

    known = {"cv": statistics.cv, "cv2": statistics.cv2, "lv": statistics.lv}
    if measure not in known:
        raise ValueError(f"measure = {measure!r}; known are {sorted(known)}")
    intervals = [np.diff(np.sort(train.magnitude)) for train in trains]
    return np.array([known[measure](x) if x.size >= FEWEST_INTERVALS else np.nan for x in intervals])


def spike_counts(
    times_s: np.ndarray, neurons: np.ndarray, n_neurons: int, starts_s: np.ndarray, window_s: float
) -> np.ndarray:
    """Spikes of each neuron in equally long windows.

    Parameters
    ----------
    times_s, neurons, n_neurons
        As for `spike_trains`.
    starts_s
        Start of each window (s), shape (trial,); windows may overlap.
    window_s
        Length of each (s).

    Returns
    -------
    ndarray of int
        Shape (trial, neuron).
    """
    times, number = _spikes(times_s, neurons, n_neurons)
    if not window_s > 0:
        raise ValueError(f"window_s = {window_s}, must be above 0 s")
    order = np.argsort(times, kind="stable")
    times, number = times[order], number[order]
    starts = np.asarray(starts_s, dtype=float)
    first = np.searchsorted(times, starts)
    last = np.searchsorted(times, starts + window_s)
    return np.array(
        [np.bincount(number[a:b], minlength=n_neurons) for a, b in zip(first, last, strict=True)]
    ).reshape(starts.size, n_neurons)


def fano_factor(counts: np.ndarray) -> np.ndarray:
    """Variance over mean of the count of each neuron over trials, shape (neuron,); 1 for a Poisson process.

    The variance is the unbiased one. NaN for a neuron that never spiked.

    Parameters
    ----------
    counts
        Shape (trial, neuron), at least two trials.
    """
    from elephant.statistics import fanofactor

    table = _counts(counts)
    n = len(table)
    # Elephant counts the entries of each train and divides by n
    trains = [[np.empty(k) for k in neuron] for neuron in table.T.astype(int)]
    return np.array([fanofactor(one) for one in trains]) * n / (n - 1)


@dataclass(frozen=True)
class NoiseCorrelation:
    """Correlation of counts over trials beyond what the condition explains.

    Parameters
    ----------
    mean
        Mean over pairs.
    pairs
        Correlation of every pair, shape (pair,); NaN where a neuron's count does not vary.
    """

    mean: float
    pairs: np.ndarray


def noise_correlation(counts: np.ndarray, condition: Sequence[object] | None = None) -> NoiseCorrelation:
    """Pairwise correlation of counts over trials, after z-scoring within each condition.

    Parameters
    ----------
    counts
        Shape (trial, neuron).
    condition
        Condition of each trial; None: all alike.

    Raises
    ------
    ValueError
        If there are fewer than two neurons or trials, or the conditions are not one a trial.
    """
    table = _counts(counts).astype(float)
    if table.shape[1] < 2:
        raise ValueError(f"counts of {table.shape[1]} neuron; a correlation needs at least 2")
    label = (
        np.zeros(len(table), dtype=int)
        if condition is None
        else np.unique(np.asarray(condition), return_inverse=True)[1]
    )
    if label.shape != (len(table),):
        raise ValueError(f"{label.size} conditions for {len(table)} trials; give one a trial")
    z = np.full(table.shape, np.nan)
    for group in np.unique(label):
        own = table[label == group]
        spread = own.std(axis=0)
        z[label == group] = (own - own.mean(axis=0)) / np.where(spread > 0, spread, np.nan)
    pairs = (z.T @ z / len(z))[np.triu_indices(table.shape[1], 1)]
    known = pairs[np.isfinite(pairs)]
    return NoiseCorrelation(float(known.mean()) if known.size else np.nan, pairs)


def modulation_index(attended_hz: np.ndarray, unattended_hz: np.ndarray) -> np.ndarray:
    """(attended - unattended) / (attended + unattended), -1 to 1; .115 is a rise by 26 %.

    NaN where both are 0. McAdams & Maunsell 1999, doi:10.1523/JNEUROSCI.19-01-00431.1999.
    """
    attended, unattended = np.asarray(attended_hz, dtype=float), np.asarray(unattended_hz, dtype=float)
    total = attended + unattended
    return np.divide(attended - unattended, total, out=np.full(total.shape, np.nan), where=total > 0)


def synchrony(times_s: np.ndarray, start_s: float, stop_s: float, bin_s: float = 0.003) -> float:
    """Variance over mean of a population's spike count in short bins; 1 for independent Poisson neurons.

    As Potjans & Diesmann 2014 (doi:10.1093/cercor/bhs358) use it, with bins of 3 ms. NaN without spikes.
    """
    n_bins = int(round((stop_s - start_s) / bin_s))
    if n_bins < 2:
        raise ValueError(f"{start_s} to {stop_s} s holds {n_bins} bins of {bin_s} s; at least 2 are needed")
    count, _ = np.histogram(times_s, bins=n_bins, range=(start_s, start_s + n_bins * bin_s))
    return float(count.var() / count.mean()) if count.any() else np.nan


def _spikes(times_s: np.ndarray, neurons: np.ndarray, n_neurons: int) -> tuple[np.ndarray, np.ndarray]:
    times, number = np.asarray(times_s, dtype=float), np.asarray(neurons, dtype=int)
    if times.shape != number.shape or times.ndim != 1:
        raise ValueError(
            f"times_s has shape {times.shape} and neurons {number.shape}; give one entry a spike"
        )
    if number.size and not (number.min() >= 0 and number.max() < n_neurons):
        raise ValueError(f"neurons run from {number.min()} to {number.max()}; n_neurons = {n_neurons}")
    return times, number


def _counts(counts: np.ndarray) -> np.ndarray:
    table = np.asarray(counts)
    if table.ndim != 2 or len(table) < 2:
        raise ValueError(f"counts has shape {table.shape}; must be (trial, neuron) with at least 2 trials")
    return table
