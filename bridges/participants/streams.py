"""Random streams of one individual: each use has its own, and none depends on who else takes part."""

from __future__ import annotations

import zlib

import numpy as np

__all__ = ["individual_generator"]


def individual_generator(seed: int, use: str, *more: str) -> np.random.Generator:
    """Generator for one use of one individual's randomness.

    Parameters
    ----------
    seed
        The individual's seed, >= 0.
    use
        What it is for, e.g. ``"arousal"``; uses have independent streams.
    more
        Further texts to tell streams apart, such as the hash of a session.

    Returns
    -------
    numpy.random.Generator
        The same on every machine.

    Raises
    ------
    ValueError
        If the seed is negative.
    """
    if seed < 0:
        raise ValueError(f"seed = {seed}; must be 0 or more")
    # hash() of a text differs between processes, a checksum does not
    key = tuple(zlib.crc32(text.encode()) for text in (use, *more))
    return np.random.default_rng(np.random.SeedSequence(int(seed), spawn_key=key))
