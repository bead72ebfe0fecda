"""How well a twin stands in for its circuit: of mean responses, of single trials, of choices and their times.

    PSTH R2        1 - sum (m - m')^2 / sum (m - mean m)^2       m: circuit's mean over repeats, m': twin's
    FVE            1 - sum (y - m')^2 / sum (y - mean y)^2       y: single trials
    ceiling        1 - sum var(y | input) / sum (y - mean y)^2   what the true mean would reach
    bits per spike (log p(y | m') - log p(y | mean y)) / (spikes ln 2), Poisson
    kappa          (p_o - p_e) / (1 - p_e)                       agreement beyond chance (Cohen 1960)

FVE/ceiling: Sahani & Linden (2003) NIPS 15; bits per spike: Pei et al. (2021) doi:10.48550/arXiv.2109.04463;
kappa: Cohen (1960) doi:10.1177/001316446002000104.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["bits_per_spike", "cohen_kappa", "explained_of_ceiling", "psth_r2"]


def psth_r2(circuit: np.ndarray, twin: np.ndarray) -> np.ndarray:
    """R2 of mean responses, one for each population.

    Parameters
    ----------
    circuit, twin
        Mean counts, shape (condition, bin, population).

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if circuit.shape != twin.shape:
        raise ValueError(f"circuit {circuit.shape} and twin {twin.shape}: must have one shape")
    centred = circuit - circuit.mean(axis=(0, 1))
    return 1.0 - np.square(circuit - twin).sum(axis=(0, 1)) / np.square(centred).sum(axis=(0, 1))


def explained_of_ceiling(counts: np.ndarray, twin: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of single-trial variance that the twin's mean explains, and the most that any mean could.

    Parameters
    ----------
    counts
        Single trials of the circuit, shape (condition, repeat, bin, population), >= 2 repeats.
    twin
        The twin's mean counts, shape (condition, bin, population).

    Returns
    -------
    explained, ceiling : ndarray
        One for each population. The ceiling is unbiased: variances within inputs have n - 1 below.

    Raises
    ------
    ValueError
        If there are fewer than two repeats.
    """
    if counts.shape[1] < 2:
        raise ValueError(f"{counts.shape[1]} repeat; the ceiling needs at least 2")
    total = np.square(counts - counts.mean(axis=(0, 1, 2))).mean(axis=(0, 1, 2))
    left = np.square(counts - twin[:, None]).mean(axis=(0, 1, 2))
    within = counts.var(axis=1, ddof=1).mean(axis=(0, 1))
    return 1.0 - left / total, 1.0 - within / total


def bits_per_spike(counts: np.ndarray, expected: np.ndarray, null: np.ndarray) -> float:
    """Log-likelihood of counts under expected counts, above that of each population's mean, per spike.

    Parameters
    ----------
    counts, expected
        Shape (..., population), counts and Poisson means.
    null
        Mean count of each population, shape (population,).
    """
    model, base = np.maximum(expected, 1e-9), np.maximum(null, 1e-9)
    gain = counts * (np.log(model) - np.log(base)) - (model - base)
    return float(gain.sum() / (counts.sum() * np.log(2.0)))


def cohen_kappa(one: ArrayLike, other: ArrayLike) -> float:
    """Agreement of two series of choices beyond chance; 1 where both always make one and the same choice.

    Examples
    --------
    >>> cohen_kappa([0, 0, 1, 1], [0, 0, 1, 0])
    0.5
    """
    a, b = np.asarray(one), np.asarray(other)
    if a.shape != b.shape or a.size == 0:
        raise ValueError(f"choices of shapes {a.shape} and {b.shape}: must be alike and not empty")
    kinds = np.unique(np.concatenate([a, b]))
    observed = float((a == b).mean())
    chance = float(sum((a == k).mean() * (b == k).mean() for k in kinds))
    return 1.0 if chance == 1.0 else (observed - chance) / (1.0 - chance)
