"""Streams of images: what a screen shows during a session, frame by frame.

The stimulus of a trial keeps its place, size and contrast while it is shown; noise is fresh in every frame.
Between stimuli the screen shows what the task shows there: the mask of the sustained attention to response
task, nothing in the others. Scenes of the gradual-onset task fade into each other, pixel by pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bridges.encoding import CUE_PREFIX
from bridges.session import Session
from bridges.stimuli.rendering import (
    CAPITAL_SHARE,
    FLANKER_CLASSES,
    Rendering,
    StimulusSet,
    capital_height_px,
    stimulus_set,
)

__all__ = ["ImageStream", "SHOWN_AS", "cross_fade", "image_stream"]

SHOWN_AS = {"sart": "digits", "cpt_x": "letters", "flanker": "flankers", "grad_cpt": "scenes"}
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
    stimuli = stimulus_set(SHOWN_AS[session.task])
    names = _names(session, font)
    if session.task == "grad_cpt":
        return _fading_session(session, names, rendering, rng, frame_s)
    trial = session.trials["trial"].to_numpy()
    size = _sizes(session, stimuli)
    plain = stimuli.render_variants(_variants(stimuli, names), size, rendering.plain(), rng).image
    onset, stop = _shown(session)
    parts = [_frames(plain, trial, onset, stop, frame_s)]
    mask_s = float(str(session.parameters.get("mask_s", 0.0)))
    if mask_s > 0:
        rings = _variants(stimuli, ["mask"] * len(names))
        mask = stimuli.render_variants(rings, size, rendering.plain(), rng).image
        parts.append(_frames(mask, trial, stop, stop + mask_s, frame_s))
    image, start, length, trial = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(start, kind="stable")
    noisy = rendering.noisy(image[order], rng)
    return ImageStream(stimuli.name, noisy, start[order], length[order], trial[order])


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
    variant = _variants(stimuli, [f"{kind} {number}" for kind, number in scenes])
    return _faded(stimuli, variant, 0.0, transition_s, rendering, rng, frame_s)


def _fading_session(session, names, rendering, rng, frame_s: float) -> ImageStream:
    """Each image fades in from its onset on and out into the next; nothing is before and after."""
    stimuli = stimulus_set("scenes")
    variant = _variants(stimuli, ["blank", *names, "blank"])
    onset_s = float(session.trials["onset_s"].iloc[0])
    fade_s = float(str(session.parameters["fade_s"]))
    stream, _ = _faded(stimuli, variant, onset_s, fade_s, rendering, rng, frame_s)
    trial = session.trials["trial"].to_numpy()
    return replace(stream, trial=trial[np.minimum(stream.trial, trial.size - 1)])


def _faded(
    stimuli, variant, start_s: float, transition_s: float, rendering, rng, frame_s: float
) -> tuple[ImageStream, np.ndarray]:
    """Fade from each variant into the next; also the share of the one that comes in."""
    size = np.full(variant.size, stimuli.heights_px[0])
    plain = stimuli.render_variants(variant, size, rendering.plain(), rng).image
    fade = np.arange(variant.size - 1)
    start = start_s + fade * transition_s
    first, onset, length, trial = _frames(plain[:-1], fade, start, start + transition_s, frame_s)
    share = ((onset + length / 2.0 - start[trial]) / transition_s).astype(np.float32)
    image = (1.0 - share)[:, None, None] * first + share[:, None, None] * plain[1:][trial]
    return ImageStream(stimuli.name, rendering.noisy(image, rng), onset, length, trial), share


def _names(session: Session, font: str) -> list[str]:
    """Variant that each trial shows."""
    trials = session.trials
    if session.task == "flanker":
        return [_row(*row) for row in zip(trials["target"], trials["flanker"], strict=True)]
    shown = trials["stimulus"].astype(str)
    if session.task == "grad_cpt":
        # the task counts pictures from 1
        return [f"{kind} {int(number) - 1}" for kind, number in shown.str.split("_").tolist()]
    return [f"{one} {font}" for one in shown]


def _sizes(session: Session, stimuli: StimulusSet) -> np.ndarray:
    """Width of the sprite of each trial (px)."""
    if session.task == "sart":
        return capital_height_px(session.trials["font_size_pt"].to_numpy()) / CAPITAL_SHARE
    fixed = LETTER_PX / CAPITAL_SHARE if session.task == "cpt_x" else stimuli.heights_px[0]
    return np.full(session.n_trials, fixed)


def _variants(stimuli: StimulusSet, names: Sequence[str]) -> np.ndarray:
    """Numbers of variants by name."""
    known = {variant: number for number, variant in enumerate(stimuli.variants)}
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ValueError(f"stimuli {unknown} cannot be drawn; {stimuli.name} has {stimuli.classes[:-1]}")
    return np.array([known[one] for one in names])


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
