"""What each neuron of a set of rasters does alone: its time course and the effect of its own spikes.

A generalised linear model of one neuron (Truccolo et al. 2005, doi:10.1152/jn.00697.2004), logistic because a
bin holds one spike at most:

    log-odds(t) = course(t) + sum_k own(k) x(t - k),    x = 0 before the raster begins

by penalised maximum likelihood: half a spike and half a silence more in every bin keep courses finite, and a
standard Gaussian prior keeps effects of spikes small where hardly any have been seen. The problem is convex;
Newton's steps solve it.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

__all__ = ["spiking_alone"]

STEPS = 12
"""Newton's steps; from a flat start fewer than ten settle everything to rounding."""

CLOSE = 1e-6
"""Largest change of a filter (log-odds) at which there is no further step."""


def spiking_alone(rasters: np.ndarray, memory: int) -> tuple[np.ndarray, np.ndarray]:
    """Fit every neuron.

    Parameters
    ----------
    rasters
        0 and 1, shape (sample, neuron, bin).
    memory
        Bins for which a spike has an effect.

    Returns
    -------
    course : ndarray of float32
        Log-odds of a spike without own spikes before it, shape (neuron, bin).
    own : ndarray of float32
        Effect of a spike 1, 2, ... bins ago, shape (neuron, memory).
    """
    x = np.asarray(rasters, dtype=np.float32)
    fits = [_fit(np.ascontiguousarray(x[:, neuron]), memory) for neuron in range(x.shape[1])]
    course, own = (np.stack(parts).astype(np.float32) for parts in zip(*fits, strict=True))
    return course, own


def _fit(spikes: np.ndarray, memory: int) -> tuple[np.ndarray, np.ndarray]:
    """Course (bin,) and effect (memory,) of one neuron's spikes, shape (sample, bin)."""
    n, bins = spikes.shape
    past = np.zeros((n, bins, memory), dtype=np.float32)
    for k in range(1, min(memory, bins - 1) + 1):
        past[:, k:, k - 1] = spikes[:, :-k]
    course = logit((spikes.sum(axis=0, dtype=np.float64) + 0.5) / (n + 1.0))
    own = np.zeros(memory)
    rows = past.reshape(-1, memory)
    for _ in range(STEPS):
        probability = expit(course + past @ own.astype(np.float32)).astype(np.float32)
        weight = probability * (1.0 - probability)
        missing = spikes - probability
        prior = expit(course)
        d_course = missing.sum(axis=0, dtype=np.float64) + 0.5 - prior
        d_own = missing.reshape(-1) @ rows - own
        # the second derivatives are a diagonal, a border and a small block: eliminate the diagonal
        diagonal = weight.sum(axis=0, dtype=np.float64) + prior * (1.0 - prior)
        border = np.einsum("at,atk->tk", weight, past, optimize=True).astype(np.float64)
        block = (rows * weight.reshape(-1, 1)).T @ rows + np.eye(memory)
        small = block - border.T @ (border / diagonal[:, None])
        step = np.linalg.solve(small, d_own - border.T @ (d_course / diagonal))
        own = own + step
        course = course + (d_course - border @ step) / diagonal
        if np.abs(step).max() < CLOSE:
            break
    return course, own
