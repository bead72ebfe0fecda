"""Runs of the training-rules map that are no courses: the steps of two rules on the same trials."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bridges.maps.learning_network import NetworkLearner

__all__ = ["gradients"]


def gradients(seeds: Sequence[int], individuals: int = 20) -> pd.DataFrame:
    """Cosine between what both rules do to input and recurrent weights, one row a fresh individual."""
    rows = []
    for seed in seeds:
        network = NetworkLearner(np.ones(individuals), seed, "eligibility")
        side = np.random.default_rng(seed).integers(2, size=individuals)
        found = network.gradients(np.full(individuals, 0.5), side)
        exact, local = (
            np.concatenate([found[rule][name].flatten(1).numpy() for name in ("input", "recurrent")], axis=1)
            for rule in ("reinforce", "eligibility")
        )
        size = np.linalg.norm(exact, axis=1) * np.linalg.norm(local, axis=1)
        cosine = (exact * local).sum(axis=1) / np.maximum(size, 1e-12)
        rows += [(seed, k, value) for k, value in enumerate(cosine)]
    return pd.DataFrame(rows, columns=["seed", "individual", "cosine"])
