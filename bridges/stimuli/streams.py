"""Streams of images: what a screen shows during a session, frame by frame.

The stimulus of a trial keeps its place, size and contrast while it is shown; noise is fresh in every frame.
Between stimuli the screen shows what the task shows there: the mask of the sustained attention to response
task, nothing in the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bridges.encoding import CUE_PREFIX
from bridges.session import Session
from bridges.stimuli.rendering import (
    CAPITAL_SHARE,
    FLANKER_CLASSES,
    Rendering,
    capital_height_px,
    stimulus_set,
)

__all__ = ["ImageStream", "SHOWN_AS", "cross_fade", "image_stream"]

SHOWN_AS = {"sart": "digits", "cpt_x": "letters", "flanker": "flankers"}
"""Set of stimuli that each task shows."""

LETTER_PX = 14.5
"""Height of letters in tasks that have one size (px)."""


@dataclass(frozen=True, eq=False)
class ImageStream:
    """Frames in order.

    Parameters
    ----------
    stimuli
        Name of the set that is shown.
    image
        Shape (frame, row, column).
    onset_s, duration_s
        When each frame is shown (s), shape (frame,).
    trial
        Trial of each frame, shape (frame,).
    """

    stimuli: str
    image: np.ndarray
    onset_s: np.ndarray
    duration_s: np.ndarray
    trial: np.ndarray


def image_stream(
    session: Session,
    rendering: Rendering,
    rng: np.random.Generator,
    frame_s: float = 0.05,
    font: str = "DejaVuSans",
) -> ImageStream:
    """Show a session.

    Parameters
    ----------
    session
        A session of one of the tasks in `SHOWN_AS`, with its published stimuli (arrows, not letters).
    rendering
        How images vary.
    rng
        Of jitter and noise.
    frame_s
        Time for which a frame is shown (s); the last frame of a stimulus ends with it.
    font
        Of digits and letters.

    Returns
    -------
    ImageStream
        Frames from the first stimulus on; there are none in time that shows nothing.

    Raises
    ------
    ValueError
        If the task is not one of these, a stimulus cannot be drawn, or `frame_s` is not above 0.
    """
    if session.task not in SHOWN_AS:
        raise ValueError(f"task {session.task!r} has no images; tasks that have are {sorted(SHOWN_AS)}")
    _check_frame(frame_s)
    name = SHOWN_AS[session.task]
    stimuli = stimulus_set(name)
    trials = session.trials
    size = np.full(len(trials), stimuli.heights_px[0])
    if session.task == "sart":
        names = [f"{digit} {font}" for digit in trials["stimulus"]]
        size = capital_height_px(trials["font_size_pt"].to_numpy()) / CAPITAL_SHARE
    elif session.task == "cpt_x":
        names = [f"{letter} {font}" for letter in trials["stimulus"]]
        size = np.full(len(trials), LETTER_PX / CAPITAL_SHARE)
    else:
        names = [_row(*row) for row in zip(trials["target"], trials["flanker"], strict=True)]
    known = {variant: number for number, variant in enumerate(stimuli.variants)}
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ValueError(f"stimuli {unknown} cannot be drawn; {name} has {stimuli.classes[:-1]}")
    variant = np.array([known[one] for one in names])
    plain = stimuli.render_variants(variant, size, rendering.plain(), rng).image
    onset, stop = _shown(session)
    parts = [_frames(plain, trials["trial"].to_numpy(), onset, stop, frame_s)]
    mask_s = float(str(session.parameters.get("mask_s", 0.0)))
    if mask_s > 0:
        ring = np.full(len(trials), known["mask"])
        mask = stimuli.render_variants(ring, size, rendering.plain(), rng).image
        parts.append(_frames(mask, trials["trial"].to_numpy(), stop, stop + mask_s, frame_s))
    image, start, length, trial = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(start, kind="stable")
    noisy = rendering.noisy(image[order], rng)
    return ImageStream(name, noisy, start[order], length[order], trial[order])


def cross_fade(
    scenes: Sequence[tuple[str, int]],
    transition_s: float,
    rendering: Rendering,
    rng: np.random.Generator,
    frame_s: float = 0.05,
    unseen: bool = False,
) -> tuple[ImageStream, np.ndarray]:
    """Fade from each scene into the next, pixel by pixel along a line.

    Trial k fades from scene k to scene k + 1: at its onset scene k stands alone (Esterman et al. 2013).

    Parameters
    ----------
    scenes
        Kind and number of each, at least two.
    transition_s
        Time of a fade (s).
    rendering
        How images vary: each scene has its own place and contrast.
    rng
        Of jitter and noise.
    frame_s
        Time for which a frame is shown (s).
    unseen
        Whether the scenes are ones that networks do not learn from.

    Returns
    -------
    stream : ImageStream
        The frames.
    coherence : ndarray
        Share of the scene that comes in, in the middle of each frame, shape (frame,).

    Raises
    ------
    ValueError
        If there are fewer than two scenes, one is unknown, or a time is not above 0.
    """
    _check_frame(frame_s)
    if len(scenes) < 2 or not transition_s > 0:
        raise ValueError(
            f"{len(scenes)} scenes and transition_s = {transition_s}; must be at least 2 and above 0 s"
        )
    stimuli = stimulus_set("scenes", unseen)
    known = {variant: number for number, variant in enumerate(stimuli.variants)}
    names = [f"{kind} {number}" for kind, number in scenes]
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ValueError(f"scenes {unknown} are unknown; see stimulus_set('scenes', {unseen}).variants")
    variant = np.array([known[one] for one in names])
    size = np.full(variant.size, stimuli.heights_px[0])
    plain = stimuli.render_variants(variant, size, rendering.plain(), rng).image
    n = variant.size - 1
    start = np.arange(n) * transition_s
    first, onset, length, trial = _frames(plain[:-1], np.arange(n), start, start + transition_s, frame_s)
    share = ((onset + length / 2.0 - start[trial]) / transition_s).astype(np.float32)
    image = (1.0 - share)[:, None, None] * first + share[:, None, None] * plain[1:][trial]
    return ImageStream("scenes", rendering.noisy(image, rng), onset, length, trial), share


def _frames(image, trial, start_s, stop_s, frame_s: float):
    """Repeat each image for as many frames as it lasts: images, onsets, durations, trials."""
    count = np.maximum(np.ceil((stop_s - start_s) / frame_s - 1e-6).astype(int), 1)
    which = np.repeat(np.arange(len(image)), count)
    step = np.arange(which.size) - np.repeat(np.cumsum(count) - count, count)
    onset = start_s[which] + step * frame_s
    return image[which], onset, np.minimum(onset + frame_s, stop_s[which]) - onset, np.asarray(trial)[which]


def _shown(session: Session) -> tuple[np.ndarray, np.ndarray]:
    """Start and end of the stimulus of each trial (s)."""
    events = session.events
    stimulus = events[(events["trial"] >= 0) & ~events["channel"].str.startswith(CUE_PREFIX)]
    ends = (stimulus["onset_s"] + stimulus["duration_s"]).groupby(stimulus["trial"]).max()
    starts = stimulus.groupby("trial")["onset_s"].min()
    order = session.trials["trial"]
    return starts.reindex(order).to_numpy(), ends.reindex(order).to_numpy()


def _row(target: str, flanker: object) -> str:
    name = f"{target}/{flanker if isinstance(flanker, str) and flanker else 'neutral'}"
    return name if name in FLANKER_CLASSES else f"{target}/neutral"


def _check_frame(frame_s: float) -> None:
    if not frame_s > 0:
        raise ValueError(f"frame_s = {frame_s}; must be above 0 s")
