"""Run a network over a stream of any length, in chunks, with bounded memory."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

__all__ = ["StreamNetwork", "stream_logits"]


class StreamNetwork(Protocol):
    """A causal network that carries its state from one stretch of time to the next."""

    def __call__(self, x: Tensor, state: Any = None, gain: Tensor | None = None) -> tuple[Tensor, Any]:
        """Logits (batch, time, output) and the state after a stretch (batch, time, channel)."""
        ...


def stream_logits(network: StreamNetwork, x: Tensor, gain: Tensor | None = None, chunk: int = 512) -> Tensor:
    """Logits over a whole stream; the same numbers as in one go.

    Parameters
    ----------
    network
        The network.
    x
        Input, shape (batch, time, channel).
    gain
        Outside gain, shape (batch, time), or None.
    chunk
        Steps at a time.

    Returns
    -------
    Tensor
        Logits, shape (batch, time, output), without gradient.

    Raises
    ------
    ValueError
        If the chunk is below 1 step.
    """
    if chunk < 1:
        raise ValueError(f"chunk = {chunk}; must be at least 1 step")
    state = None
    parts = []
    with torch.inference_mode():
        for start in range(0, x.shape[1], chunk):
            here = slice(start, start + chunk)
            logits, state = network(x[:, here], state, None if gain is None else gain[:, here])
            parts.append(logits)
    return torch.cat(parts, dim=1)
