"""Who comes to the training camp: circuits, networks under two rules, simulated people; all equally
sensitive.

Individuals differ in one thing, the factor on the strength of the stimulus, log-normal with the same
values for all kinds of learner: what differs between kinds then comes from how they decide and learn.
"""

from __future__ import annotations

import numpy as np

from bridges.maps.training_rules import Learner

__all__ = ["LEARNERS", "SPREAD", "learner", "sensitivities"]

SPREAD = 0.2
"""SD over individuals of log10 of the sensitivity (own choice, UNVERIFIED for people)."""

LEARNERS = ("circuit", "network-reinforce", "network-eligibility", "person")
"""Kinds of learner, by name."""


def sensitivities(individuals: int, seed: int) -> np.ndarray:
    """Sensitivity of each individual; the first ones stay the same when there are more."""
    streams = np.random.SeedSequence(seed, spawn_key=(11,)).spawn(individuals)
    return 10.0 ** (SPREAD * np.array([np.random.default_rng(s).normal() for s in streams]))


def learner(kind: str, individuals: int, seed: int) -> Learner:
    """Several individuals of a kind.

    Raises
    ------
    ValueError
        If the kind is unknown; names the known ones.
    """
    sensitivity = sensitivities(individuals, seed)
    if kind == "circuit":
        from bridges.maps.learning_circuit import CircuitLearner

        return CircuitLearner(sensitivity, seed)
    if kind == "network-reinforce" or kind == "network-eligibility":
        from bridges.maps.learning_network import NetworkLearner

        return NetworkLearner(sensitivity, seed, "reinforce" if kind.endswith("reinforce") else "eligibility")
    if kind == "person":
        from bridges.maps.practice import ObserverLearner

        return ObserverLearner(sensitivity, seed)
    raise ValueError(f"kind = {kind!r}; known are {list(LEARNERS)}")
