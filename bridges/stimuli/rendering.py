"""Images of stimuli: sprites at a size and a place, with contrast and noise.

Grey is 0, full white 1, full black -1. Noise is Gaussian, independent in every pixel, and added last.
"""

from __future__ import annotations

import string
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from bridges.stimuli.scenes import SCENE_KINDS, scene
from bridges.stimuli.sprites import (
    CAPITAL_PX,
    FONTS,
    SPRITE_PX,
    UNSEEN_FONTS,
    blank,
    fixation_cross,
    flanker_row,
    glyph,
    mask_ring,
)

__all__ = [
    "CAPITAL_SHARE",
    "FLANKER_CLASSES",
    "IMAGE_PX",
    "NOTHING",
    "STIMULI",
    "TASK_SCENES",
    "Rendered",
    "Rendering",
    "StimulusSet",
    "capital_height_px",
    "place",
    "stimulus_set",
]

IMAGE_PX = 32
"""Width and height of an image (px)."""

NOTHING = "nothing"
"""Class of images that hold no stimulus of the set: blank, fixation cross or mask."""

NOTHING_SHOWN = 3
"""How many times as often as a stimulus nothing is rendered."""

FLANKER_CLASSES = tuple(f"{t}/{f}" for t in ("left", "right") for f in ("left", "right", "neutral"))
"""Target / flankers."""

LARGEST_PT, LARGEST_PX = 120.0, 24.0
"""The largest font size of the sustained attention to response task and its height in an image."""

CAPITAL_SHARE = CAPITAL_PX / SPRITE_PX
"""Height of a capital as a share of the width of its sprite."""

SUBPIXELS = 3
"""Samples along each side of a pixel, averaged against jagged edges."""

CHUNK = 500
"""Images placed at a time; bounds memory."""

TASK_SCENES = 10
"""Scenes of each kind that the task shows, numbers 0 to 9."""

LEARNED_SCENES = 300
"""Scenes of each kind that networks learn from: those of the task, and others, so that the kind is learned
and not the picture."""

UNSEEN_SCENES = 100
"""Further scenes of each kind, kept for tests."""

STIMULI = ("digits", "letters", "scenes", "flankers")
"""Names of the sets."""


@dataclass(frozen=True)
class Rendering:
    """How images vary.

    Parameters
    ----------
    shift_px
        Largest shift along each axis (px), uniform.
    turn_deg
        Largest turn to either side (degrees), uniform.
    scaling
        Largest change of size, as a share, uniform.
    contrast
        Lowest and highest contrast, uniform.
    noise_sd
        Standard deviation of the noise of each pixel.

    Raises
    ------
    ValueError
        If a number is negative or the contrasts are not in order between 0 and 1.
    """

    shift_px: float = 2.0
    turn_deg: float = 4.0
    scaling: float = 0.08
    contrast: tuple[float, float] = (0.6, 1.0)
    noise_sd: float = 0.1

    def __post_init__(self) -> None:
        for name in ("shift_px", "turn_deg", "scaling", "noise_sd"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} = {getattr(self, name)}; must be 0 or above")
        low, high = self.contrast
        if not 0.0 < low <= high <= 1.0:
            raise ValueError(f"contrast = {self.contrast}; must be two numbers above 0, up to 1, in order")

    def noisy(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The images with fresh noise."""
        return images + np.float32(self.noise_sd) * rng.standard_normal(images.shape, dtype=np.float32)

    def plain(self) -> Rendering:
        """The same without noise."""
        return replace(self, noise_sd=0.0)


@dataclass(frozen=True, eq=False)
class Rendered:
    """Images with what they show.

    Parameters
    ----------
    image
        Shape (image, IMAGE_PX, IMAGE_PX), float32.
    label
        Number of the class of each, shape (image,).
    variant
        Number of the sprite of each within its set, shape (image,).
    """

    image: np.ndarray
    label: np.ndarray
    variant: np.ndarray


@dataclass(frozen=True, eq=False)
class StimulusSet:
    """Everything that a task can show, drawn once.

    Parameters
    ----------
    name
        One of `STIMULI`.
    classes
        Names of the classes; the last one is `NOTHING`.
    sprites
        Shape (variant, SPRITE_PX, SPRITE_PX).
    label
        Number of the class of each variant, shape (variant,).
    variants
        Name of each variant: character and font, kind and number.
    heights_px
        Least and largest width of the sprite in an image (px).
    jitter
        Share of the shifts, turns and changes of size of a `Rendering` that this set can bear.
    """

    name: str
    classes: tuple[str, ...]
    sprites: np.ndarray
    label: np.ndarray
    variants: tuple[str, ...]
    heights_px: tuple[float, float]
    jitter: float = 1.0

    def render(self, n: int, rendering: Rendering, rng: np.random.Generator) -> Rendered:
        """Render `n` images, variants of a class and sizes at random.

        Stimuli come equally often, nothing at all three times as often as each: screens are empty, or masked,
        most of the time, and a mask that is taken for a digit is taken so for long.
        """
        last = len(self.classes) - 1
        label = rng.permutation(np.minimum(np.arange(n) % (last + NOTHING_SHOWN), last))
        start = np.searchsorted(self.label, np.arange(len(self.classes)))
        size = np.bincount(self.label, minlength=len(self.classes))
        variant = start[label] + (rng.random(n) * size[label]).astype(int)
        return self.render_variants(variant, rng.uniform(*self.heights_px, n), rendering, rng)

    def render_variants(
        self, variant: np.ndarray, size_px: np.ndarray, rendering: Rendering, rng: np.random.Generator
    ) -> Rendered:
        """Render given variants at given sizes of the sprite (px), with jitter, contrast and noise."""
        n = len(variant)
        shift = rng.uniform(-1.0, 1.0, (n, 2)) * rendering.shift_px * self.jitter
        turn = np.deg2rad(rng.uniform(-1.0, 1.0, n) * rendering.turn_deg * self.jitter)
        scale = 1.0 + rng.uniform(-1.0, 1.0, n) * rendering.scaling * self.jitter
        image = place(self.sprites, variant, size_px * scale, shift, turn)
        image *= rng.uniform(*rendering.contrast, (n, 1, 1)).astype(np.float32)
        return Rendered(rendering.noisy(image, rng), self.label[variant], np.asarray(variant))


def capital_height_px(font_size_pt: np.ndarray) -> np.ndarray:
    """Height of a digit in an image (px): 120 pt, the task's largest size, is 24 px."""
    return np.asarray(font_size_pt, dtype=float) * (LARGEST_PX / LARGEST_PT)


@cache
def stimulus_set(name: str, unseen: bool = False) -> StimulusSet:
    """The stimuli of a task.

    Parameters
    ----------
    name
        ``"digits"``, ``"letters"``, ``"scenes"`` or ``"flankers"``.
    unseen
        Variants that networks do not learn from: other fonts, other scenes. Flanker rows have none.

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    if name not in STIMULI:
        raise ValueError(f"name = {name!r}; must be one of {STIMULI}")
    drawn = {"digits": _digits, "letters": _letters, "scenes": _scenes, "flankers": _flankers}[name](unseen)
    classes = (*dict.fromkeys(label for label, _, _ in drawn), NOTHING)
    empty = [(NOTHING, "blank", blank()), (NOTHING, "fixation", fixation_cross())]
    if name in ("digits", "letters"):
        empty.append((NOTHING, "mask", mask_ring()))
    drawn += empty
    heights = {"digits": (9.6, 24.0), "letters": (12.0, 17.0)}.get(name)
    return StimulusSet(
        name=name,
        classes=classes,
        sprites=np.stack([sprite for _, _, sprite in drawn]),
        label=np.array([classes.index(label) for label, _, _ in drawn]),
        variants=tuple(variant for _, variant, _ in drawn),
        heights_px=(
            (heights[0] / CAPITAL_SHARE, heights[1] / CAPITAL_SHARE)
            if heights
            else (float(IMAGE_PX), float(IMAGE_PX))
        ),
        jitter=1.0 if heights else 0.5,
    )


def place(
    sprites: np.ndarray, variant: np.ndarray, size_px: np.ndarray, shift_px: np.ndarray, turn: np.ndarray
) -> np.ndarray:
    """Put sprites into images.

    Parameters
    ----------
    sprites
        Shape (variant, SPRITE_PX, SPRITE_PX).
    variant
        Which sprite goes into each image, shape (image,).
    size_px
        Width of the sprite in the image (px), shape (image,).
    shift_px
        Shift down and to the right (px), shape (image, 2).
    turn
        Turn (radians), shape (image,).

    Returns
    -------
    ndarray
        Shape (image, IMAGE_PX, IMAGE_PX), float32; bilinear between pixels of the sprite, 0 outside it.
    """
    images = np.empty((len(variant), IMAGE_PX, IMAGE_PX), dtype=np.float32)
    for start in range(0, len(variant), CHUNK):
        part = slice(start, start + CHUNK)
        images[part] = _place(sprites, variant[part], size_px[part], shift_px[part], turn[part])
    return images


def _place(sprites, variant, size_px, shift_px, turn) -> np.ndarray:
    step = 1.0 / SUBPIXELS
    axis = np.arange(IMAGE_PX * SUBPIXELS, dtype=np.float32) * step + step / 2.0 - IMAGE_PX / 2.0
    scale = (SPRITE_PX / np.asarray(size_px)).astype(np.float32)[:, None, None]
    down = axis[None, :, None] - shift_px[:, 0].astype(np.float32)[:, None, None]
    right = axis[None, None, :] - shift_px[:, 1].astype(np.float32)[:, None, None]
    cosine, sine = (f(turn).astype(np.float32)[:, None, None] for f in (np.cos, np.sin))
    edge = np.float32((SPRITE_PX - 1) / 2.0)
    y = scale * (cosine * down - sine * right) + edge
    x = scale * (sine * down + cosine * right) + edge
    inside = (y >= 0) & (y <= SPRITE_PX - 1) & (x >= 0) & (x <= SPRITE_PX - 1)
    y, x = (np.clip(value, 0, SPRITE_PX - 1.001) for value in (y, x))
    top, left = y.astype(np.int32), x.astype(np.int32)
    y -= top
    x -= left
    corner = np.asarray(variant, dtype=np.int64)[:, None, None] * SPRITE_PX**2 + top * SPRITE_PX + left
    ink = sprites.reshape(-1)
    upper = ink[corner] * (1.0 - x) + ink[corner + 1] * x
    lower = ink[corner + SPRITE_PX] * (1.0 - x) + ink[corner + SPRITE_PX + 1] * x
    value = (upper * (1.0 - y) + lower * y) * inside
    shape = (len(variant), IMAGE_PX, SUBPIXELS, IMAGE_PX, SUBPIXELS)
    return value.reshape(shape).mean(axis=(2, 4))


def _digits(unseen: bool) -> list:
    return _glyphs(string.digits, unseen)


def _letters(unseen: bool) -> list:
    return _glyphs(string.ascii_uppercase, unseen)


def _glyphs(characters: str, unseen: bool) -> list:
    fonts = UNSEEN_FONTS if unseen else FONTS
    return [(one, f"{one} {font}", glyph(one, font)) for one in characters for font in fonts]


def _scenes(unseen: bool) -> list:
    numbers = range(LEARNED_SCENES, LEARNED_SCENES + UNSEEN_SCENES) if unseen else range(LEARNED_SCENES)
    return [(kind, f"{kind} {number}", scene(kind, number)) for kind in SCENE_KINDS for number in numbers]


def _flankers(unseen: bool) -> list:
    return [(name, name, flanker_row(*name.split("/"))) for name in FLANKER_CLASSES]
