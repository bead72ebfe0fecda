"""Random orders with exact counts, drawn for one session at a time."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import numpy as np

__all__ = ["balanced", "counted", "paired_order", "participant_number", "without_repeats"]


def counted(rng: np.random.Generator, counts: Sequence[int], n_blocks: int) -> np.ndarray:
    """Codes 0, 1, ... in random order, each with its exact count in every block; shape (block, trial)."""
    block = np.repeat(np.arange(len(counts)), counts)
    return rng.permuted(np.broadcast_to(block, (n_blocks, block.size)), axis=1)


def balanced(rng: np.random.Generator, n: int, n_kinds: int) -> np.ndarray:
    """Codes 0 to `n_kinds` - 1 in random order, as equal in number as `n` allows; shape (n,)."""
    return rng.permutation(np.resize(rng.permutation(n_kinds), n))


def participant_number(participant: int) -> int:
    """The number of a participant, checked.

    Raises
    ------
    ValueError
        If it is not a whole number >= 0.
    """
    if not isinstance(participant, Integral) or isinstance(participant, bool) or participant < 0:
        raise ValueError(f"participant = {participant!r}, must be a whole number >= 0")
    return int(participant)


def without_repeats(rng: np.random.Generator, kind: np.ndarray, n_items: Sequence[int]) -> np.ndarray:
    """Item of each trial, uniform among those of its kind but never the same as the one before.

    Each trial of a kind moves on by a random step from the last of that kind: by at least one item where the
    two follow each other directly, so that every item but the last is equally likely.

    Parameters
    ----------
    rng
        Generator.
    kind
        Kind of each trial (0, 1, ...), shape (trial,).
    n_items
        Number of items of each kind; a kind that may follow itself needs at least 2.

    Returns
    -------
    ndarray
        Item of each trial within its kind (0, 1, ...), shape (trial,).
    """
    follows = np.append(False, kind[1:] == kind[:-1])
    draw = rng.random(kind.size)
    item = np.empty(kind.size, dtype=np.int64)
    for k, n in enumerate(n_items):
        here = np.flatnonzero(kind == k)
        least = follows[here]
        step = least + (draw[here] * (n - least)).astype(np.int64)
        item[here] = np.cumsum(step) % n
    return item


def paired_order(rng: np.random.Generator, n_first: int, n_second: int) -> np.ndarray:
    """One random order of all pairs (first, second), in which each run covers either side evenly.

    The pairs are cut into layers in which every member of the larger side comes once, and members of the
    smaller side as evenly as possible. Cycling through the order therefore keeps pairs and both sides
    balanced wherever it stops, up to one.

    Returns
    -------
    ndarray
        Pairs, shape (n_first * n_second, 2).
    """
    large, small = max(n_first, n_second), min(n_first, n_second)
    member, partner = rng.permutation(large), rng.permutation(small)
    shift = rng.permutation(small)
    layers = [np.column_stack([member, partner[(np.arange(large) + s) % small]]) for s in shift]
    pairs = np.concatenate(layers)
    return pairs if n_first >= n_second else pairs[:, ::-1]
