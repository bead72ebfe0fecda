"""Rapid serial visual presentation: streams of items, of different lengths, in many trials at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Streams", "stream_texts"]


@dataclass(frozen=True, eq=False)
class Streams:
    """The items of all streams one after another.

    Parameters
    ----------
    length
        Items in the stream of each trial, shape (trial,).
    """

    length: np.ndarray

    @property
    def first(self) -> np.ndarray:
        """Number of the first item of each stream among all items, shape (trial,)."""
        return np.cumsum(self.length) - self.length

    @property
    def row(self) -> np.ndarray:
        """Trial of each item, shape (item,)."""
        return np.repeat(np.arange(self.length.size), self.length)

    def onsets(self, start_s: np.ndarray, soa_s: float) -> np.ndarray:
        """Onset of each item (s), from the starts of the streams and the time from item to item."""
        position = np.arange(int(self.length.sum())) - np.repeat(self.first, self.length)
        return np.repeat(start_s, self.length) + position * soa_s


def stream_texts(
    fillers: np.ndarray, length: np.ndarray, placed: tuple[tuple[np.ndarray, np.ndarray, np.ndarray], ...]
) -> np.ndarray:
    """Streams as texts, one character an item.

    Parameters
    ----------
    fillers
        Order of the other items in each trial (one character each), shape (trial, filler); they start
        again when all have been shown.
    length
        Items in each stream, shape (trial,).
    placed
        Items with a place of their own: rows, positions and characters, each of shape (item,).

    Returns
    -------
    ndarray
        Texts, shape (trial,).
    """
    longest = int(length.max())
    text = fillers[:, np.arange(longest) % fillers.shape[1]]
    for rows, position, character in placed:
        text[rows, position] = character
    # an empty character ends the text
    text[np.arange(longest) >= length[:, None]] = ""
    return np.ascontiguousarray(text).view(f"<U{longest}").ravel()
