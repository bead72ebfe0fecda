"""Cities and mountains, drawn by rules, for the gradual-onset continuous performance task.

Both kinds are built alike: a sky with a gradient, three layers that rise towards the viewer, each in a
random shade, and a circular aperture (Esterman et al. 2013, doi:10.1093/cercor/bhs261). Skylines have the
same mean height and spread, shades come from the same distribution, and every scene ends with the same mean
luminance and the same contrast, so that no pixel and no mean tells the kinds apart. What does is the
direction of edges: buildings and their windows have upright and level ones, ridges and the strata on their
slopes oblique ones.
"""

from __future__ import annotations

import zlib
from functools import cache

import numpy as np

from bridges.stimuli.sprites import SPRITE_PX

__all__ = ["SCENE_CONTRAST", "SCENE_KINDS", "cardinal_share", "scene"]

SCENE_KINDS = ("city", "mountain")
"""What can be drawn."""

SCENE_CONTRAST = 0.4
"""Standard deviation of the pixels of every scene within its aperture."""

LAYERS = 3


@cache
def scene(kind: str, number: int) -> np.ndarray:
    """Draw a scene.

    Parameters
    ----------
    kind
        ``"city"`` or ``"mountain"``.
    number
        Which one, 0 or above; the same number gives the same scene on every machine.

    Returns
    -------
    ndarray
        Luminance, mean 0 and SD `SCENE_CONTRAST` within the aperture, 0 outside; shape (SPRITE_PX,
        SPRITE_PX). It cannot be written to.

    Raises
    ------
    ValueError
        If the kind is unknown or the number below 0.
    """
    if kind not in SCENE_KINDS or number < 0:
        raise ValueError(f"kind = {kind!r}, number = {number}; must be one of {SCENE_KINDS}, 0 or above")
    rng = np.random.default_rng(np.random.SeedSequence([zlib.crc32(kind.encode()), number]))
    picture = _sky(rng)
    # shades are spread, so that layers can be told from each other and from the sky
    shades = rng.permutation(np.linspace(-1.0, 1.0, LAYERS)) + rng.normal(0.0, 0.25, LAYERS)
    for layer in range(LAYERS):
        height = SPRITE_PX * (0.62 - 0.2 * layer + rng.uniform(-0.06, 0.06))
        (_buildings if kind == "city" else _ridge)(picture, height, shades[layer], rng)
    inside = _aperture()
    picture[~inside] = 0.0
    seen = picture[inside]
    picture[inside] = SCENE_CONTRAST * (seen - seen.mean()) / seen.std()
    sprite = picture.astype(np.float32)
    sprite.flags.writeable = False
    return sprite


def cardinal_share(picture: np.ndarray) -> float:
    """Share of edge energy whose direction is within 22.5 degrees of upright or level.

    0.5 is what edges in all directions alike would give.

    Parameters
    ----------
    picture
        Luminance, shape (row, column).
    """
    down, right = np.gradient(np.asarray(picture, dtype=float))
    energy = down**2 + right**2
    cardinal = np.abs(np.cos(2.0 * np.arctan2(down, right))) >= np.cos(np.pi / 4.0)
    return float(energy[cardinal].sum() / energy.sum())


def _sky(rng: np.random.Generator) -> np.ndarray:
    rows = np.linspace(-1.0, 1.0, SPRITE_PX)[:, None]
    return np.tile(rng.uniform(-0.6, 0.6) + rng.uniform(-0.8, 0.8) * rows, (1, SPRITE_PX))


def _buildings(picture: np.ndarray, height: float, shade: float, rng: np.random.Generator) -> None:
    """A row of houses, each in its own shade, with lit and dark windows."""
    left = -int(rng.integers(0, 10))
    while left < SPRITE_PX:
        width = int(rng.integers(9, 19))
        top = SPRITE_PX - int(np.clip(height + rng.normal(0.0, 12.0), 6, SPRITE_PX - 4))
        wall = shade + rng.normal(0.0, 0.2)
        columns = slice(max(left, 0), min(left + width, SPRITE_PX))
        picture[top:, columns] = wall
        lit = rng.choice([-1.0, 1.0]) * rng.uniform(0.5, 0.9)
        for row in range(top + 3, SPRITE_PX - 3, 7):
            for column in range(left + 2, left + width - 3, 6):
                if rng.random() < 0.6:
                    across = slice(max(column, 0), max(min(column + 3, SPRITE_PX), 0))
                    picture[row : row + 4, across] = wall + lit
        left += width


def _ridge(picture: np.ndarray, height: float, shade: float, rng: np.random.Generator) -> None:
    """A range with strata that lean one way on each slope."""
    line = height + _broken_line(rng)
    line = np.clip(line, 6, SPRITE_PX - 4)
    rows = np.arange(SPRITE_PX)[:, None]
    depth = rows - (SPRITE_PX - line)
    slope = np.where(np.gradient(_smooth(line)) >= 0, 1.0, -1.0)
    columns = np.arange(SPRITE_PX)
    lean = rng.uniform(0.8, 1.3)
    phase = rng.uniform(0.0, 2.0 * np.pi)
    period = rng.uniform(8.0, 12.0)
    strata = np.sin(2.0 * np.pi * (rows + lean * slope * columns) / period + phase)
    stone = shade + rng.uniform(0.3, 0.6) * np.sign(strata) * (np.abs(strata) > 0.45)
    inside = depth >= 0
    picture[inside] = stone[inside]


def _broken_line(rng: np.random.Generator) -> np.ndarray:
    """A zigzag of slopes of about 45 degrees, mean 0, with an SD like that of roofs."""
    corners = np.cumsum(rng.integers(10, 24, size=14)) - rng.integers(10, 40)
    heights = 13.0 * np.where(np.arange(14) % 2 == rng.integers(2), 1.0, -1.0) + rng.normal(0.0, 5.0, 14)
    line = np.interp(np.arange(SPRITE_PX), corners, heights)
    return line - line.mean() + rng.normal(0.0, 2.0)


def _smooth(line: np.ndarray) -> np.ndarray:
    return np.convolve(np.pad(line, 3, mode="edge"), np.ones(7) / 7.0, mode="valid")


def _aperture() -> np.ndarray:
    axis = np.arange(SPRITE_PX) - (SPRITE_PX - 1) / 2.0
    return np.hypot(axis[:, None], axis) <= SPRITE_PX / 2.0
