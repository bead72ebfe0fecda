"""Motion of many objects in many trials at once: bouncing in a field, or turning on rings.

Only sums, products, quotients and square roots are used, which every machine rounds alike: paths with
collisions are chaotic, so a last bit that differs would be another trial after some seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Field", "Rings"]

_MOST_TRIES = 10_000


@dataclass(frozen=True)
class Field:
    """A square in which objects move straight on, bounce off the walls and keep their distance.

    Every object moves at the speed of its trial. At a wall its path is folded back. Where two would come
    closer than the spacing, both stay where they are for one frame and move apart from then on, as in a
    collision; so they never come closer.

    Parameters
    ----------
    n_objects
        Objects in a trial.
    size_deg
        Side of the square (degrees of visual angle); centres of objects stay in it.
    spacing_deg
        Least distance between the centres of two objects (degrees).
    turn_deg
        How much directions wander: SD of the turn in one second (degrees), about.
    """

    n_objects: int
    size_deg: float
    spacing_deg: float
    turn_deg: float = 0.0

    def paths(
        self, rng: np.random.Generator, speed_deg_s: np.ndarray, n_frames: int, frame_s: float
    ) -> np.ndarray:
        """Positions in each frame.

        Parameters
        ----------
        rng
            Generator.
        speed_deg_s
            Speed in each trial (degrees per second), shape (trial,).
        n_frames
            Frames, the first of them the start.
        frame_s
            From frame to frame (s).

        Returns
        -------
        ndarray
            Positions (degrees from the centre), shape (trial, frame, object, 2).
        """
        n_trials = speed_deg_s.size
        place = self._start(rng, n_trials)
        heading = _directions(rng, (n_trials, self.n_objects))
        step = (speed_deg_s * frame_s)[:, None, None]
        wander = np.radians(self.turn_deg) * np.sqrt(frame_s)
        paths = np.empty((n_trials, n_frames, self.n_objects, 2))
        paths[:, 0] = place
        for frame in range(1, n_frames):
            if wander > 0.0:
                # uniform, because the tails of normal numbers need a logarithm
                turn = wander * np.sqrt(3.0) * (2.0 * rng.random((n_trials, self.n_objects, 1)) - 1.0)
                heading = _unit(heading + turn * _left(heading))
            place, heading = self._move(place, heading, step)
            paths[:, frame] = place
        return paths

    def _start(self, rng: np.random.Generator, n_trials: int) -> np.ndarray:
        """Random places that keep the spacing; one object after another, again where it is too close."""
        place = np.empty((n_trials, self.n_objects, 2))
        for k in range(self.n_objects):
            waiting = np.arange(n_trials)
            for _ in range(_MOST_TRIES):
                tried = (rng.random((waiting.size, 2)) - 0.5) * self.size_deg
                apart = _squared(place[waiting, :k] - tried[:, None]) >= self.spacing_deg**2
                fits = apart.all(axis=1)
                place[waiting[fits], k] = tried[fits]
                waiting = waiting[~fits]
                if not waiting.size:
                    break
            else:
                raise ValueError(
                    f"n_objects = {self.n_objects}, spacing_deg = {self.spacing_deg}: no room for object {k} "
                    f"in a field of {self.size_deg} degrees; take fewer objects or a smaller spacing"
                )
        return place

    def _move(
        self, place: np.ndarray, heading: np.ndarray, step: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """One frame further."""
        half = self.size_deg / 2.0
        moved = place + step * heading
        outside = np.abs(moved) > half
        if outside.any():
            heading = np.where(outside, -heading, heading)
            moved = np.where(outside, np.sign(moved) * self.size_deg - moved, moved)
        least = self.spacing_deg**2
        stays = np.zeros(place.shape[:2], dtype=bool)
        while True:
            close = _pair_distances(moved) < least
            more = close.any(axis=2) & ~stays
            if not more.any():
                break
            stays |= more
            moved = np.where(stays[:, :, None], place, moved)
        trial, one = np.nonzero(stays)
        if trial.size:
            heading = heading.copy()
            heading[trial, one] = _away(place, heading[trial, one], trial, one)
        return moved, heading


@dataclass(frozen=True)
class Rings:
    """Concentric rings on which equally spaced objects turn together and now and then reverse.

    Parameters
    ----------
    n_objects
        Objects on each ring.
    radii_deg
        Radii of the rings (degrees of visual angle).
    reversal_s
        Mean time between reversals of a ring (s), which are equally likely in each frame.
    """

    n_objects: int
    radii_deg: tuple[float, ...]
    reversal_s: float

    def turns(
        self, rng: np.random.Generator, speed_rev_s: np.ndarray, n_frames: int, frame_s: float
    ) -> np.ndarray:
        """Rotation of each ring in each frame.

        Parameters
        ----------
        rng
            Generator.
        speed_rev_s
            Speed in each trial (revolutions per second), shape (trial,).
        n_frames, frame_s
            As in `Field.paths`.

        Returns
        -------
        ndarray
            Rotation (revolutions), shape (trial, frame, ring).
        """
        shape = (speed_rev_s.size, n_frames, len(self.radii_deg))
        reverses = rng.random(shape) < frame_s / self.reversal_s
        sign = np.where(rng.random((shape[0], 1, shape[2])) < 0.5, 1, -1)
        sign = sign * np.where(np.cumsum(reverses, axis=1) % 2, -1, 1)
        sign[:, 0] = 0
        start = rng.random((shape[0], 1, shape[2]))
        # whole steps are counted first, so that the sum is exact
        return start + np.cumsum(sign, axis=1) * (speed_rev_s * frame_s)[:, None, None]

    def paths(
        self, rng: np.random.Generator, speed_rev_s: np.ndarray, n_frames: int, frame_s: float
    ) -> np.ndarray:
        """Positions in each frame (degrees), shape (trial, frame, object, 2), ring after ring."""
        turn = self.turns(rng, speed_rev_s, n_frames, frame_s)
        angle = 2.0 * np.pi * (turn[..., None] + np.arange(self.n_objects) / self.n_objects)
        radius = np.array(self.radii_deg)[:, None]
        # rounded, because sines may differ in the last bit from machine to machine
        place = np.round(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1), 6)
        return place.reshape(*turn.shape[:2], -1, 2)


def _directions(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Random directions as vectors of length one, by rejection from a square."""
    vector = np.empty((*shape, 2))
    waiting = np.ones(shape, dtype=bool)
    while waiting.any():
        vector[waiting] = 2.0 * rng.random((int(waiting.sum()), 2)) - 1.0
        length = _squared(vector)
        waiting = (length > 1.0) | (length < 0.01)
    return _unit(vector)


def _squared(vector: np.ndarray) -> np.ndarray:
    return vector[..., 0] * vector[..., 0] + vector[..., 1] * vector[..., 1]


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.sqrt(_squared(vector))[..., None]


def _left(vector: np.ndarray) -> np.ndarray:
    """Each vector turned by 90 degrees."""
    return np.stack([-vector[..., 1], vector[..., 0]], axis=-1)


def _pair_distances(place: np.ndarray) -> np.ndarray:
    """Squared distances, shape (trial, object, object), infinite on the diagonal."""
    x, y = place[..., 0], place[..., 1]
    dx, dy = x[:, :, None] - x[:, None, :], y[:, :, None] - y[:, None, :]
    distance = dx * dx + dy * dy
    distance[:, np.arange(x.shape[1]), np.arange(x.shape[1])] = np.inf
    return distance


def _away(place: np.ndarray, heading: np.ndarray, trial: np.ndarray, one: np.ndarray) -> np.ndarray:
    """Headings after a collision with the nearest object: the part that goes towards it is turned round."""
    nearest = _pair_distances(place[trial])[np.arange(trial.size), one].argmin(axis=1)
    normal = _unit(place[trial, one] - place[trial, nearest])
    towards = np.minimum(heading[:, 0] * normal[:, 0] + heading[:, 1] * normal[:, 1], 0.0)
    return _unit(heading - 2.0 * towards[:, None] * normal)
