"""Seeds: one number enters, and every participant and use gets its own.

The seed of a use is drawn from ``SeedSequence(seed, spawn_key=(participant, crc32(use)))``. It depends
on the participant's number and the use alone: not on how many participants there are, nor on which
agents run or in which order. So ``--participants 4`` is a prefix of ``--participants 20``.
"""

from __future__ import annotations

import zlib

import numpy as np

__all__ = ["CALIBRATION_OFFSET", "individual_seed", "session_seed", "use_seed"]

CALIBRATION_OFFSET = 1_000_000
"""Calibration uses participants from this number on: no individual is both calibrated on and predicted."""


def use_seed(seed: int, participant: int, use: str) -> int:
    """Seed (32 bits) of one use of one participant.

    Parameters
    ----------
    seed
        The seed of the study, >= 0.
    participant
        Number of the participant, from 0.
    use
        What it is for, e.g. ``"individual"`` or ``"session/sart"``.
    """
    if seed < 0 or participant < 0:
        raise ValueError(f"seed = {seed} and participant = {participant} must both be 0 or more")
    key = (participant, zlib.crc32(use.encode()))
    return int(np.random.SeedSequence(seed, spawn_key=key).generate_state(1)[0])


def individual_seed(seed: int, participant: int) -> int:
    """Seed that makes participant number `participant`: the same individual in every task."""
    return use_seed(seed, participant, "individual")


def session_seed(seed: int, participant: int, task: str) -> int:
    """Seed of the session that participant `participant` of *every* agent gets: the same trials."""
    return use_seed(seed, participant, f"session/{task}")
