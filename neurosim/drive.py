"""Drive: the input to one participant's circuit, constant between change points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Drive"]


@dataclass(frozen=True, eq=False)
class Drive:
    """Levels of named channels over time, constant from each change point to the next.

    Parameters
    ----------
    times_s
        Change points, rising, starting at 0; shape (change,).
    levels
        Level of each channel from each change point on, in tasks 0 to 1; shape (change, channel).
    channels
        Names of the channels.
    arousal
        Arousal gain g from each change point on; shape (change,).
    duration_s
        When the simulation ends (s).
    angles_deg
        Direction of each channel from each change point on (degrees), for inputs with a profile;
        shape (change, channel). None is 0 throughout.

    Raises
    ------
    ValueError
        If the shapes disagree, times do not rise from 0, or a value is not finite.
    """

    times_s: np.ndarray
    levels: np.ndarray
    channels: tuple[str, ...]
    arousal: np.ndarray
    duration_s: float
    angles_deg: np.ndarray | None = None

    def __post_init__(self) -> None:
        n = len(self.times_s)
        if self.levels.shape != (n, len(self.channels)) or self.arousal.shape != (n,):
            raise ValueError(
                f"drive: {n} change points and {len(self.channels)} channels need levels "
                f"({n}, {len(self.channels)}) and arousal ({n},), "
                f"got {self.levels.shape} and {self.arousal.shape}"
            )
        if self.angles_deg is not None and (
            self.angles_deg.shape != self.levels.shape or not np.isfinite(self.angles_deg).all()
        ):
            raise ValueError(
                f"drive: angles_deg must be finite and of the shape of levels {self.levels.shape}, "
                f"got {self.angles_deg.shape}"
            )
        if n == 0 or self.times_s[0] != 0.0 or np.any(np.diff(self.times_s) <= 0):
            raise ValueError("drive: times_s must start at 0 and rise")
        if not (np.isfinite(self.levels).all() and np.isfinite(self.arousal).all()):
            raise ValueError("drive: levels and arousal must be finite")
        if not self.duration_s > 0:
            raise ValueError(f"drive: duration_s = {self.duration_s}, must be positive")

    @classmethod
    def constant(cls, levels: Mapping[str, float], duration_s: float) -> Drive:
        """The same level throughout, arousal 1."""
        return cls(
            np.zeros(1), np.array([list(levels.values())], dtype=float), tuple(levels), np.ones(1), duration_s
        )

    @classmethod
    def from_events(
        cls,
        onsets_s: Sequence[float],
        durations_s: Sequence[float],
        channels: Sequence[str],
        levels: Sequence[float],
        duration_s: float,
        arousal: np.ndarray | None = None,
        arousal_dt_s: float = 1.0,
        angles_deg: Sequence[float] | None = None,
    ) -> Drive:
        """Sum events, one an entry of the lists, into levels; arousal comes every `arousal_dt_s`.

        Raises
        ------
        ValueError
            If events of different directions overlap on one channel.
        """
        names = tuple(dict.fromkeys(channels))
        on = np.asarray(onsets_s, dtype=float)
        off = on + np.asarray(durations_s, dtype=float)
        course = np.ones(1) if arousal is None else np.asarray(arousal, dtype=float)
        ticks = np.arange(course.size) * arousal_dt_s
        times = np.unique(np.round(np.concatenate([[0.0], on, off, ticks[ticks < duration_s]]), 7))
        table = np.zeros((times.size, len(names)))
        column = [names.index(c) for c in channels]
        first = np.searchsorted(times, np.round(on, 7))
        last = np.searchsorted(times, np.round(off, 7))
        for row, stop, col, level in zip(first, last, column, levels, strict=True):
            table[row:stop, col] += level
        tick = np.minimum(np.searchsorted(ticks, times, side="right") - 1, course.size - 1)
        angles = None if angles_deg is None else _angles(table.shape, first, last, column, angles_deg, names)
        return cls(times, table, names, course[tick], float(duration_s), angles)


def _angles(shape, first, last, column, angles_deg, names) -> np.ndarray:
    angles = np.full(shape, np.nan)
    for row, stop, col, angle in zip(first, last, column, angles_deg, strict=True):
        there = angles[row:stop, col]
        if np.any(~np.isnan(there) & (there != angle)):
            raise ValueError(f"drive: events of different directions overlap on channel {names[col]!r}")
        angles[row:stop, col] = angle
    return np.nan_to_num(angles)
