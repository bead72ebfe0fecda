"""Sprites: each thing that can be shown, drawn once, large and without noise.

A sprite is a square of `SPRITE_PX` pixels that holds the ink, 0 to 1 (scenes: -1 to 1), centred. Glyphs come
from the fonts that Matplotlib brings along, so that the same images come out on every machine; capitals and
digits are `CAPITAL_PX` high.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

__all__ = [
    "CAPITAL_PX",
    "FONTS",
    "SPRITE_PX",
    "UNSEEN_FONTS",
    "blank",
    "fixation_cross",
    "flanker_row",
    "glyph",
    "mask_ring",
]

SPRITE_PX = 96
"""Width and height of a sprite (px)."""

CAPITAL_PX = 48
"""Height of a capital or digit within it (px)."""

FONTS = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSansMono",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "STIXGeneral",
    "STIXGeneralBol",
    "cmr10",
)
"""Fonts that networks learn from."""

UNSEEN_FONTS = ("cmss10", "cmtt10", "DejaVuSans-Oblique")
"""Fonts kept for tests: one without serifs, one of fixed width, one that is slanted."""

ROW_PX = 87
"""Length of a row of five arrows (px)."""

HEAD_PX = 12
"""Half the height of an arrow (px)."""


@cache
def glyph(character: str, font: str) -> np.ndarray:
    """Draw a digit or letter.

    Parameters
    ----------
    character
        One character.
    font
        One of `FONTS` or `UNSEEN_FONTS`.

    Returns
    -------
    ndarray
        Ink, 0 to 1, shape (SPRITE_PX, SPRITE_PX); it cannot be written to.

    Raises
    ------
    ValueError
        If there is no such font, or the text is not one character.
    """
    if font not in (*FONTS, *UNSEEN_FONTS):
        raise ValueError(f"font = {font!r}; must be one of {(*FONTS, *UNSEEN_FONTS)}")
    if len(character) != 1:
        raise ValueError(f"character = {character!r}; give one character")
    ink = _ink(character, font, CAPITAL_PX * CAPITAL_PX / _ink("E", font, CAPITAL_PX).shape[0])
    if max(ink.shape) > SPRITE_PX:
        raise ValueError(f"character = {character!r} in {font} is {ink.shape} px; sprites have {SPRITE_PX}")
    sprite = np.zeros((SPRITE_PX, SPRITE_PX), dtype=np.float32)
    top, left = ((SPRITE_PX - size) // 2 for size in ink.shape)
    sprite[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return _fixed(sprite)


@cache
def flanker_row(target: str, flankers: str) -> np.ndarray:
    """Draw five arrows (< and >) in a row, of which the middle one is the target.

    Parameters
    ----------
    target
        ``"left"`` or ``"right"``.
    flankers
        ``"left"``, ``"right"`` or ``"neutral"`` (lines, as in the attention network test).
    """
    allowed = ("left", "right", "neutral")
    if target not in allowed[:2] or flankers not in allowed:
        raise ValueError(f"target = {target!r}, flankers = {flankers!r}; must be of {allowed}, target a side")
    y, x = _coordinates()
    pitch = ROW_PX / 5.0
    place = np.floor(x / pitch + 2.5)
    inside = (place >= 0) & (place < 5)
    along = x - (place - 2.0) * pitch
    heads = {"left": -1, "right": 1, "neutral": 0}
    head = np.where(place == 2, heads[target], heads[flankers])
    half = 0.36 * pitch
    line = (head == 0) & (np.abs(y) <= 3.0) & (np.abs(along) <= half)
    # the two strokes of a head fall back from its point
    behind = half - along * head
    strokes = (
        (head != 0) & (np.abs(behind - np.abs(y) * 2.0 * half / HEAD_PX) <= 3.5) & (np.abs(y) <= HEAD_PX)
    )
    return _fixed((inside & (line | strokes)).astype(np.float32))


@cache
def mask_ring() -> np.ndarray:
    """Draw the mask of the sustained attention to response task: a ring with a diagonal cross."""
    y, x = _coordinates()
    radius = np.hypot(x, y)
    outer = CAPITAL_PX / 2.0
    ring = np.abs(radius - (outer - 2.5)) <= 2.5
    cross = (np.minimum(np.abs(x - y), np.abs(x + y)) <= 2.5 * np.sqrt(2.0)) & (radius <= outer)
    return _fixed((ring | cross).astype(np.float32))


@cache
def fixation_cross() -> np.ndarray:
    """Draw a fixation cross, half as high as a capital."""
    y, x = _coordinates()
    arm = np.maximum(np.abs(x), np.abs(y)) <= CAPITAL_PX / 4.0
    return _fixed((arm & (np.minimum(np.abs(x), np.abs(y)) <= 2.5)).astype(np.float32))


@cache
def blank() -> np.ndarray:
    """Nothing at all."""
    return _fixed(np.zeros((SPRITE_PX, SPRITE_PX), dtype=np.float32))


def _ink(character: str, font: str, size_px: float) -> np.ndarray:
    """Ink of a character, cut to its edges; `size_px` is the size of the font."""
    from matplotlib import get_data_path
    from matplotlib.ft2font import FT2Font

    face = FT2Font(str(Path(get_data_path(), "fonts", "ttf", f"{font}.ttf")))
    face.set_size(size_px, 72)
    face.set_text(character, 0.0)
    face.draw_glyphs_to_bitmap(antialiased=True)
    ink = np.asarray(face.get_image(), dtype=np.float32) / 255.0
    rows, columns = np.flatnonzero(ink.max(axis=1)), np.flatnonzero(ink.max(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _coordinates() -> tuple[np.ndarray, np.ndarray]:
    """Distance of each pixel below and to the right of the centre (px)."""
    axis = np.arange(SPRITE_PX) - (SPRITE_PX - 1) / 2.0
    y, x = np.meshgrid(axis, axis, indexing="ij")
    return y, x


def _fixed(sprite: np.ndarray) -> np.ndarray:
    """The sprite, which is cached and must not change."""
    sprite.flags.writeable = False
    return sprite
