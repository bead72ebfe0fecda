"""One course of arousal for every agent: the same individual tires alike as a circuit and as a network."""

from __future__ import annotations

import numpy as np

from bridges.encoding import step_count
from bridges.participants.streams import individual_generator
from bridges.session import Session
from neurosim.neuromodulation import Arousal

__all__ = ["arousal_course", "task_load"]

GRID_S = 0.1
"""Step on which arousal is computed, whatever step the model has: fine against its fluctuation (20 s)."""


def arousal_course(arousal: Arousal, session: Session, seed: int, dt_s: float) -> np.ndarray:
    """Arousal gain g(t) of one individual over one session.

    Computed once on a fixed grid and read off at the steps of the model, so that agents with different steps
    get the same course. How fast the individual tires depends on its seed alone and is the same in every
    session; the fluctuation depends on seed and session.

    Parameters
    ----------
    arousal
        Depletion, recovery and fluctuation.
    session
        The session; load is 1 from its first event to the end of its last window.
    seed
        The individual's seed.
    dt_s
        Step of the result (s).

    Returns
    -------
    ndarray
        g at the start of every step, shape (time,).
    """
    grid_s = GRID_S * np.arange(step_count(session.duration_s, GRID_S) + 1)
    gain = arousal.gain(
        task_load(session, grid_s),
        GRID_S,
        individual_rng=individual_generator(seed, "arousal/individual"),
        noise_rng=individual_generator(seed, "arousal/noise", session.content_hash),
    )
    return np.interp(dt_s * np.arange(step_count(session.duration_s, dt_s)), grid_s, gain)


def task_load(session: Session, time_s: np.ndarray) -> np.ndarray:
    """Load at given times: 1 while the participant is on the task, 0 before and after.

    Parameters
    ----------
    session
        The session.
    time_s
        Times (s).

    Returns
    -------
    ndarray
        0 or 1, the shape of `time_s`.
    """
    start_s = float(session.events["onset_s"].min())
    stop_s = float(session.trials["window_stop_s"].max())
    return ((time_s >= start_s) & (time_s < stop_s)).astype(float)
