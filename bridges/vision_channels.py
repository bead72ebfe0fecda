"""From images to channels: the same features drive the senses of circuits and of networks.

A network of vision looks at every frame of a stream. The probability it gives to a class, or to all classes
that call for the same response, is the level of the channel that stands for it:

    u_c(frame) = sum over classes k of channel c of p(k | image, the classes that the task shows)

`seen_session` puts these levels in the place of a session's own: a circuit that turns levels into input rates
and a network that turns them into noisy tensors then both see through the same eyes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ann.vision import VisionNetwork, see
from bridges.encoding import CUE_PREFIX
from bridges.session import Session
from bridges.stimuli.rendering import FLANKER_CLASSES, NOTHING, stimulus_set
from bridges.stimuli.streams import SHOWN_AS, ImageStream

__all__ = ["ChannelMap", "channel_map", "scene_channels", "seen_session", "vision_levels"]

LEAST_LEVEL = 0.005
"""Levels below this have no event."""


@dataclass(frozen=True)
class ChannelMap:
    """Which classes drive which channel.

    Parameters
    ----------
    stimuli
        Name of the set of stimuli.
    classes
        Classes of each channel.
    strength
        Level of each channel at probability 1; 1 where not given.
    """

    stimuli: str
    classes: Mapping[str, tuple[str, ...]]
    strength: Mapping[str, float]


def channel_map(session: Session) -> ChannelMap:
    """Classes of the channels of a session of a task that has images.

    Raises
    ------
    ValueError
        If the task has none.
    """
    p = session.parameters
    if session.task == "sart":
        no_go = str(p["no_go_digit"])
        go = tuple(str(digit) for digit in range(1, 10) if str(digit) != no_go)
        return ChannelMap("digits", {"go": go, "no_go": (no_go,)}, {})
    if session.task == "cpt_x":
        letters = {str(letter) for letter in session.trials["stimulus"]}
        no_go = str(p["no_go_letter"])
        return ChannelMap("letters", {"go": tuple(sorted(letters - {no_go})), "no_go": (no_go,)}, {})
    if session.task == "flanker":
        rows = [name.split("/") for name in FLANKER_CLASSES]
        classes = {
            f"{part}_{side}": tuple("/".join(row) for row in rows if row[place] == side)
            for place, part in enumerate(("target", "flanker"))
            for side in ("left", "right")
        }
        # acuity falls with distance from fixation; that is the task's to say, no image shows it
        beside = session.events[session.events["channel"].str.startswith("flanker_")]["level"]
        level = float(beside.mean()) if len(beside) else 1.0
        return ChannelMap("flankers", classes, {"flanker_left": level, "flanker_right": level})
    if session.task == "grad_cpt":
        return scene_channels()
    raise ValueError(f"task {session.task!r} has no images; tasks that have are {sorted(SHOWN_AS)}")


def scene_channels() -> ChannelMap:
    """Channels of the gradual-onset task: press to cities, withhold to mountains.

    Between a city and a mountain the levels follow the shares of the two. Between two cities the task lets
    the level of go dip to one half, as its channel stands for the clearest single image; what is seen
    half-way between two cities is city all the same, and the level stays high.
    """
    return ChannelMap("scenes", {"go": ("city",), "no_go": ("mountain",)}, {})


def vision_levels(network: VisionNetwork, images: np.ndarray, channels: ChannelMap) -> np.ndarray:
    """Levels of the channels for each image.

    Parameters
    ----------
    network
        Trained network.
    images
        Shape (image, row, column).
    channels
        Which classes drive which channel; classes of the set that are in none are not expected.

    Returns
    -------
    ndarray
        0 to 1, shape (image, channel), channels in the order of the map.
    """
    posterior, _ = see(network, images, channels.stimuli)
    classes = stimulus_set(channels.stimuli).classes
    expected = {one for group in channels.classes.values() for one in group} | {NOTHING}
    if channels.stimuli == "flankers":
        expected |= set(FLANKER_CLASSES)
    posterior = posterior * np.array([one in expected for one in classes])
    posterior /= posterior.sum(axis=1, keepdims=True)
    level = np.stack(
        [
            posterior[:, [classes.index(one) for one in group]].sum(axis=1) * channels.strength.get(name, 1.0)
            for name, group in channels.classes.items()
        ],
        axis=1,
    )
    return np.clip(level, 0.0, 1.0)


def seen_session(session: Session, stream: ImageStream, network: VisionNetwork) -> Session:
    """The session as it looks: levels of stimulus channels come from images, instructions stay.

    Parameters
    ----------
    session
        The session.
    stream
        What the screen showed.
    network
        What looks at it.

    Returns
    -------
    Session
        One event for each frame and channel whose level is not nearly 0; trials are the same.

    Raises
    ------
    ValueError
        If the task has no images or the stream shows other stimuli.
    """
    channels = channel_map(session)
    if stream.stimuli != channels.stimuli:
        raise ValueError(f"the stream shows {stream.stimuli}; task {session.task!r} has {channels.stimuli}")
    level = vision_levels(network, stream.image, channels)
    frame, column = np.nonzero(level >= LEAST_LEVEL)
    names = np.array(list(channels.classes), dtype=object)
    seen = pd.DataFrame(
        {
            "onset_s": np.round(stream.onset_s[frame], 9),
            "duration_s": np.round(stream.duration_s[frame], 9),
            "channel": names[column],
            "level": level[frame, column].astype(float),
            "trial": stream.trial[frame],
        }
    )
    told = session.events[session.events["channel"].str.startswith(CUE_PREFIX)]
    events = pd.concat([told, seen], ignore_index=True).sort_values("onset_s", kind="stable")
    return replace(session, events=events.reset_index(drop=True))
