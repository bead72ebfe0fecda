"""Many networks side by side in one Brian2 network: wiring within each, randomness of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["SideBySide", "wire"]


class SideBySide:
    """Draws for networks side by side, each from its own generator, so that none depends on the others."""

    def __init__(self, rngs: Sequence[np.random.Generator]) -> None:
        self.rngs = rngs

    def permuted(self, values: np.ndarray, axis: int) -> np.ndarray:
        """As of a NumPy generator; each network has an equal part of the first axis."""
        parts = np.split(values, len(self.rngs))
        shuffled = [rng.permuted(part, axis=axis) for rng, part in zip(self.rngs, parts, strict=True)]
        return np.concatenate(shuffled)


def wire(link: Any, matrices: Sequence[np.ndarray]) -> None:
    """Connect all to all within each network, with weights ``w`` from matrices (post, pre)."""
    n_post, n_pre = matrices[0].shape
    post, pre = (part.ravel() for part in np.indices((n_post, n_pre)))
    shift = np.arange(len(matrices))[:, None]
    link.connect(i=(pre + shift * n_pre).ravel(), j=(post + shift * n_post).ravel())
    link.w = np.concatenate([matrix.ravel() for matrix in matrices])
