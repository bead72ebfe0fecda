"""A short stream of cues and probes that an LSTM learns in seconds: a bench for conversions.

Six noisy symbols and blanks, one a step: cue A or B, after a delay of 2 to 6 steps, often with a distractor
in it, probe X or Y. The answer is "target" to X after A, "nontarget" to any other probe, and "none" at all
other steps, as in the AX continuous performance test (Servan-Schreiber et al. 1996).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import torch

from ann.recurrent import LSTMNetwork
from ann.training import Examples, TrainingSettings, train
from ann.transformer import AttentionNetwork

Network = LSTMNetwork | AttentionNetwork

__all__ = ["SYMBOLS", "Streams", "draw_streams", "learn_streams"]

SYMBOLS = ("A", "B", "X", "Y", "distractor_1", "distractor_2")
N_CLASSES = 3
WIDTH, WINDOW = 32, 16
NONE, TARGET, NONTARGET = range(N_CLASSES)
_A, _B, _X, _Y = range(4)


class Streams(NamedTuple):
    """Input ``x`` (stream, step, symbol); right class ``answer``, and where ``probe`` is (stream, step)."""

    x: np.ndarray
    answer: np.ndarray
    probe: np.ndarray


def draw_streams(n: int, rng: np.random.Generator, steps: int = 40, noise_sd: float = 0.3) -> Streams:
    """Draw streams.

    Parameters
    ----------
    n
        Number of streams.
    rng
        Generator.
    steps
        Length of each.
    noise_sd
        Noise of every symbol's channel, whose level is 1 or 0.
    """
    x = noise_sd * rng.standard_normal((n, steps, len(SYMBOLS)))
    answer = np.full((n, steps), NONE)
    probe = np.zeros((n, steps), dtype=bool)
    for stream in range(n):
        k = int(rng.integers(0, 4))
        while k < steps:
            cue, delay = int(rng.integers(2)), int(rng.integers(2, 7))
            x[stream, k, cue] += 1.0
            if rng.random() < 0.5:
                between = k + int(rng.integers(1, delay))
                if between < steps:
                    x[stream, between, 4 + int(rng.integers(2))] += 1.0
            k += delay
            if k >= steps:
                break
            shown = int(rng.choice((_X, _Y), p=(0.7, 0.3)))
            x[stream, k, shown] += 1.0
            answer[stream, k] = TARGET if (cue, shown) == (_A, _X) else NONTARGET
            probe[stream, k] = True
            k += int(rng.integers(2, 5))
    return Streams(x, answer, probe)


def learn_streams(seed: int, kind: Literal["lstm", "attention"] = "lstm", max_steps: int = 600) -> Network:
    """A network that has learned the streams: an LSTM of 32 units, or one layer of attention of width 32.

    Parameters
    ----------
    seed
        Of weights and examples.
    kind
        ``"lstm"`` or ``"attention"``; the latter sees the last 16 steps.
    max_steps
        Gradient steps, of 64 streams each.

    Returns
    -------
    LSTMNetwork or AttentionNetwork
        In evaluation mode.

    Raises
    ------
    ValueError
        If the kind is unknown.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 7]))
    generator = torch.Generator().manual_seed(seed)
    network: Network
    if kind == "lstm":
        network = LSTMNetwork(len(SYMBOLS), WIDTH, N_CLASSES, generator=generator)
    elif kind == "attention":
        network = AttentionNetwork(len(SYMBOLS), N_CLASSES, WIDTH, 2, 1, WINDOW, generator)
    else:
        raise ValueError(f"kind = {kind!r}; must be 'lstm' or 'attention'")
    settings = TrainingSettings(max_steps=max_steps, batch_size=64, learning_rate=0.01)
    train(network, lambda n: _examples(draw_streams(n, rng)), _examples(draw_streams(256, rng)), settings)
    return network.eval()


def _examples(streams: Streams) -> Examples:
    return Examples(
        torch.from_numpy(streams.x.astype(np.float32)),
        torch.from_numpy(streams.answer),
        torch.ones(streams.answer.shape, dtype=torch.bool),
    )
