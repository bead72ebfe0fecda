"""What a network participant perceives of a session and what it is asked: inputs, labels, log-odds."""

from __future__ import annotations

import numpy as np

from bridges.encoding import CUE_PREFIX, alternatives, levels, noisy, resemble, step_count
from bridges.labels import classes, labels
from bridges.participants.network_config import NetworkConfig
from bridges.participants.network_limits import shared_by_component, shared_labels, shared_size
from bridges.session import Session

__all__ = [
    "by_component",
    "class_sizes",
    "clean_levels",
    "joint_labels",
    "n_outputs",
    "sense",
    "standing_instructions",
]


def sense(session: Session, config: NetworkConfig, rng: np.random.Generator) -> np.ndarray:
    """What the network perceives of a session, shape (time, channel)."""
    return noisy(clean_levels(session, config), config.dt_s, rng, config.code, config.internal_noise_sd)


def joint_labels(session: Session, config: NetworkConfig) -> tuple[np.ndarray, np.ndarray]:
    """One class a step, and whether it counts: with two components, a pair of classes, if both count.

    Returns
    -------
    target : ndarray of int
        Shape (time,); with components of m and n classes, class i of one and k of the other is i n + k.
    mask : ndarray of bool
        Shape (time,).
    """
    deadline_s = np.inf if len(session.components) > 1 else config.deadline_s
    target, mask = labels(session, config.dt_s, deadline_s, config.grace_s)
    if target.ndim == 1:
        return target, mask
    if config.shared_head:
        return shared_labels(session, target, mask, config.dt_s, config.priority_contrast)
    sizes = class_sizes(session)
    return np.ravel_multi_index(tuple(target.T), sizes), np.asarray(mask.all(axis=1))


def by_component(session: Session, logits: np.ndarray, shared_head: bool = False) -> dict[str, np.ndarray]:
    """Logits of each component, from those of all pairs: summed over what the other component may be.

    Parameters
    ----------
    session
        The session.
    logits
        Logits of the network, shape (time, class).
    shared_head
        Whether the classes are the responses of both, and none.

    Returns
    -------
    dict
        Component to logits, shape (time, class of the component); the last class is "none".
    """
    sizes = class_sizes(session)
    if len(sizes) == 1:
        return dict.fromkeys(session.components, logits)
    if shared_head:
        return shared_by_component(session, logits)
    joint = logits.reshape(len(logits), *sizes)
    return {name: np.logaddexp.reduce(joint, axis=2 - k) for k, name in enumerate(session.components)}


def class_sizes(session: Session) -> tuple[int, ...]:
    """Number of classes of each component."""
    return tuple(len(names) for names in classes(session).values())


def n_outputs(config: NetworkConfig, session: Session) -> int:
    """Number of logits of the network."""
    sizes = class_sizes(session)
    return shared_size(session) if config.shared_head and len(sizes) > 1 else int(np.prod(sizes))


def clean_levels(session: Session, config: NetworkConfig) -> np.ndarray:
    """Levels of the input channels before noise, shape (time, channel)."""
    level = levels(session, config.dt_s)
    return resemble(level, session.channels, config.similarity, alternatives(session))


def standing_instructions(session: Session, config: NetworkConfig) -> np.ndarray:
    """Levels of the latest instructions at every step, 0 on all other channels, shape (time, channel).

    Only where trials have two responses, whose instruction says by blocks how much either counts; elsewhere
    all levels are 0. Instructions given together replace those before, also on the channels they leave out.
    """
    steps = step_count(session.duration_s, config.dt_s)
    standing = np.zeros((steps, len(session.channels)))
    if len(session.components) < 2:
        return standing
    cues = session.events[session.events["channel"].astype(str).str.startswith(CUE_PREFIX)]
    place = {name: k for k, name in enumerate(session.channels)}
    for onset_s in np.unique(cues["onset_s"].to_numpy(dtype=float)):
        first = min(round(onset_s / config.dt_s), steps)
        together = cues[cues["onset_s"] == onset_s]
        standing[first:] = 0.0
        for channel, level in zip(together["channel"], together["level"], strict=True):
            standing[first:, place[channel]] = level
    return standing
