"""Sessions and answers whose scores can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bridges.session import Responses, Session

__all__ = ["answers", "is_go", "run_of"]


def answers(session: Session, pressed, rt_s) -> Responses:
    """Responses of a participant that presses on the given trials after the given times."""
    pressed = np.broadcast_to(np.asarray(pressed, dtype=bool), session.n_trials)
    rt_s = np.broadcast_to(np.asarray(rt_s, dtype=float), session.n_trials)
    table = pd.DataFrame(
        {
            "trial": session.trials["trial"],
            "component": "T1",
            "response": np.where(pressed, "press", None),
            "response_time_s": np.where(pressed, rt_s, np.nan),
        }
    )
    return Responses(table)


def run_of(kinds: str, spacing_s: float = 1.0) -> Session:
    """Session from a text of trials: g for go, n for no-go."""
    n = len(kinds)
    onset_s = 1.0 + spacing_s * np.arange(n)
    trials = pd.DataFrame(
        {
            "trial": np.arange(n),
            "onset_s": onset_s,
            "block": np.arange(n) * 2 // n,
            "correct_response": ["press" if kind == "g" else "none" for kind in kinds],
            "window_start_s": onset_s,
            "window_stop_s": onset_s + spacing_s,
        }
    )
    events = pd.DataFrame(
        {"onset_s": [], "duration_s": [], "channel": [], "level": [], "trial": []}, dtype=float
    )
    return Session("demo", events, trials, ("go",), ("press",), float(onset_s[-1] + spacing_s))


def is_go(session: Session) -> np.ndarray:
    return (session.trials["correct_response"] == "press").to_numpy()
