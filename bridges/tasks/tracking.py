"""What uncertain places do to tracking: attention that spills, and pointers that take the wrong object."""

from __future__ import annotations

import numpy as np

__all__ = ["confusion", "pointer_accuracy", "ring_accuracy", "spill"]


def spill(
    looks: np.ndarray, width_deg: np.ndarray, target: np.ndarray, group: np.ndarray | None = None
) -> np.ndarray:
    """How much of the attention to targets falls on each object: max over targets i of exp(-d^2 / (2 s_i^2)).

    Parameters
    ----------
    looks
        Positions (degrees), shape (trial, look, object, 2).
    width_deg
        Width s of the attention to each object (degrees), shape (trial, object).
    target
        Which objects are targets, shape (trial, object).
    group
        Group of each object, shape (object,); only those of one group are confused. None: all are one.

    Returns
    -------
    ndarray
        From 0 to 1, shape (trial, look, object); what an object receives from itself is left out.
    """
    distance = _squared_distances(looks, group)
    # axes: trial, look, object that receives, target that gives
    received = np.exp(-distance / (2.0 * width_deg[:, None, None, :] ** 2))
    received *= target[:, None, None, :]
    return received.max(axis=3)


def confusion(looks: np.ndarray, width_deg: np.ndarray, group: np.ndarray | None = None) -> np.ndarray:
    """Probability that a pointer goes from object i to j between two looks: Phi(-d / sqrt(s_i^2 + s_j^2)).

    Two places seen with independent noise change their order along the line between them with this
    probability. Where an object has several others near, the probabilities are scaled down to a sum of one
    half: then nothing tells them apart.

    Parameters
    ----------
    looks, width_deg, group
        As in `spill`; the width is the noise of a place on each axis.

    Returns
    -------
    ndarray
        Shape (trial, look, object i, object j), symmetric, zero on the diagonal.
    """
    from scipy.special import ndtr

    spread = np.sqrt(width_deg[:, :, None] ** 2 + width_deg[:, None, :] ** 2)
    swap = ndtr(-np.sqrt(_squared_distances(looks, group)) / spread[:, None])
    most = swap.sum(axis=3).max(axis=2)
    return swap * np.minimum(1.0, 0.5 / np.maximum(most, 0.5))[:, :, None, None]


def pointer_accuracy(
    looks: np.ndarray,
    width_deg: np.ndarray,
    target: np.ndarray,
    probe: np.ndarray,
    group: np.ndarray | None = None,
) -> np.ndarray:
    """Probability of a right answer about the probed object, trial by trial.

    Each target has a pointer that wanders by `confusion` from look to look. With p the expected number of
    pointers on each object, p <- p + Q p - p sum(Q); the answer "target" comes with the p of the probe.

    Parameters
    ----------
    looks, width_deg, target, group
        As in `spill`.
    probe
        Object that is probed, shape (trial,).

    Returns
    -------
    ndarray
        Shape (trial,).
    """
    swap = confusion(looks, width_deg, group)
    there = target.astype(float)
    for look in range(1, looks.shape[1]):
        q = swap[:, look]
        there = there + np.einsum("tij,tj->ti", q, there) - there * q.sum(axis=2)
    rows = np.arange(probe.size)
    return np.where(target[rows, probe], there[rows, probe], 1.0 - there[rows, probe])


def ring_accuracy(n_objects: int, swap: float, n_looks: int) -> float:
    """Probability that a pointer is on its object after k looks on a ring, in closed form.

    If it goes to either neighbour with probability q at each look, the ring's symmetry gives
    P = (1/n) sum_j (1 - 2 q (1 - cos(2 pi j / n)))^k.

    Parameters
    ----------
    n_objects
        Objects on the ring, at least 3.
    swap
        Probability q to go to one neighbour.
    n_looks
        Looks k.
    """
    angle = 2.0 * np.pi * np.arange(n_objects) / n_objects
    return float(np.mean((1.0 - 2.0 * swap * (1.0 - np.cos(angle))) ** n_looks))


def _squared_distances(looks: np.ndarray, group: np.ndarray | None) -> np.ndarray:
    """Shape (trial, look, object, object), infinite on the diagonal and between groups."""
    x, y = looks[..., 0], looks[..., 1]
    dx, dy = x[..., :, None] - x[..., None, :], y[..., :, None] - y[..., None, :]
    distance = dx * dx + dy * dy
    apart = np.eye(x.shape[-1], dtype=bool)
    if group is not None:
        apart |= group[:, None] != group[None, :]
    distance[..., apart] = np.inf
    return distance
