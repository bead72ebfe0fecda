"""How long a task makes its performers remember, and networks that can remember so long.

A network that starts with short memories, or sees a short window, does not learn to bridge a long delay.
Where a rule's goal is shown once a trial and long before the answer, forget gates start with time constants
from one step to the whole span (chrono initialisation, Tallec & Ollivier 2018,
doi:10.48550/arXiv.1804.11188), the window of an attention network covers the span, and steps are longer, so
that there are fewer to bridge.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bridges.participants.network_config import NetworkConfig
from bridges.session import Session

__all__ = ["memory_span_s", "remembering"]

LONGEST_S = 20.0
"""Goals that stand for longer belong to a block, not to a trial: nobody need carry them over a delay."""

LONG_STEP_S = 0.05
MARGIN = 1.2
STRETCH = 1.7
"""Window and stretches of training, in spans: a stretch must hold a whole trial wherever it begins."""

LSTM_TRAINING = {
    "max_steps": 1500,
    "batch_size": 32,
    "learning_rate": 0.01,
    "patience": 40,
    "smallest_gain": 0.001,
}
"""An LSTM finds out late that the cue matters; an attention network sees both at once."""

ATTENTION_TRAINING = {"max_steps": 400, "batch_size": 16, "learning_rate": 0.01}


def memory_span_s(session: Session) -> float:
    """Longest time from the onset of a trial's goal to the end of its response window (s); 0 without goals.

    Parameters
    ----------
    session
        A session; its rules say which channels are goals.
    """
    goals = {rule.goal for rule in session.rules if rule.goal}
    onsets = session.events.loc[session.events["channel"].isin(goals), "onset_s"].to_numpy(dtype=float)
    starts = session.trials["window_start_s"].dropna().to_numpy(dtype=float)
    stops = session.trials["window_stop_s"].dropna().to_numpy(dtype=float)
    if not (onsets.size and starts.size):
        return 0.0
    onsets = np.sort(onsets)
    last = np.searchsorted(onsets, starts, side="right") - 1
    spans = (stops - onsets[last])[last >= 0]
    # one goal for many trials is an instruction
    if onsets.size < starts.size / 2 or not spans.size or spans.max() > LONGEST_S:
        return 0.0
    return float(spans.max())


def remembering(config: NetworkConfig, span_s: float) -> NetworkConfig:
    """The same network, made fit to remember for `span_s`; unchanged where its window is long enough.

    Parameters
    ----------
    config
        The network.
    span_s
        What `memory_span_s` says.
    """
    if span_s <= config.window * config.dt_s:
        return config
    steps = MARGIN * span_s / LONG_STEP_S
    spans = np.linspace(1.0, steps - 1.0, config.n_hidden + 2)[1:-1]
    longer = LSTM_TRAINING if config.kind == "lstm" else ATTENTION_TRAINING
    training = replace(config.training, **longer)  # type: ignore[arg-type]
    return replace(
        config,
        dt_s=LONG_STEP_S,
        forget_bias=tuple(float(b) for b in np.log(spans)),
        window=int(np.ceil(steps)),
        crop_steps=int(np.ceil(STRETCH * span_s / LONG_STEP_S)),
        n_sessions=8,
        training=training,
    )
