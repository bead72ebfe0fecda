"""What a network should say at every step of a session: class, and whether the step counts."""

from __future__ import annotations

import numpy as np

from bridges.encoding import step_count, steps_between
from bridges.session import NO_RESPONSE, Session
from bridges.session_checks import FIRST, SECOND, ComponentColumns

__all__ = ["classes", "labels"]

ROUNDING_STEPS = 1e-6


def classes(session: Session) -> dict[str, tuple[str, ...]]:
    """Names of the classes of each component: its responses in their order, and then ``"none"``."""
    return {name: (*responses, NO_RESPONSE) for name, responses in session.components.items()}


def labels(
    session: Session, dt_s: float, deadline_s: float = 0.6, grace_s: float = 0.2
) -> tuple[np.ndarray, np.ndarray]:
    """Class of every step, and whether it counts.

    Class k is response k of the component, the class after its last response is "none". From the onset
    of a component to the deadline its correct response is asked for; in the grace time after it nothing
    is; later steps, like steps before the first trial, are "none". What is to be withheld is "none"
    throughout.

    Parameters
    ----------
    session
        The session.
    dt_s
        Step (s).
    deadline_s, grace_s
        See above (s).

    Returns
    -------
    target : ndarray of int
        Shape (time,), or (time, 2) for the two components of trials with two responses.
    mask : ndarray of bool
        The same shape.

    Raises
    ------
    ValueError
        If the step is not above zero.
    """
    n_steps = step_count(session.duration_s, dt_s)
    parts = (FIRST, SECOND) if session.second else (FIRST,)
    made = [_component(session, part, n_steps, dt_s, deadline_s, grace_s) for part in parts]
    if len(made) == 1:
        return made[0]
    targets, masks = zip(*made, strict=True)
    return np.stack(targets, axis=1), np.stack(masks, axis=1)


def _component(
    session: Session, part: ComponentColumns, n_steps: int, dt_s: float, deadline_s: float, grace_s: float
) -> tuple[np.ndarray, np.ndarray]:
    names = session.components[part.name]
    trials = session.trials
    due = trials[part.correct].isin(names).to_numpy()
    onset_s = trials[part.onset].to_numpy(dtype=float)[due]
    stop_s = trials[part.stop].to_numpy(dtype=float)[due]
    code = np.array([names.index(name) for name in trials[part.correct][due]], dtype=np.int64)
    first, last, free = (
        (np.minimum(time_s, stop_s) / dt_s + ROUNDING_STEPS).astype(np.int64)
        for time_s in (onset_s, onset_s + deadline_s, onset_s + deadline_s + grace_s)
    )
    target = np.full(n_steps, len(names), dtype=np.int64)
    mask = np.ones(n_steps, dtype=bool)
    asked, step = steps_between(first, last)
    target[step] = code[asked]
    mask[steps_between(last, free)[1]] = False
    return target, mask
