"""Run a network over a stream of any length, in chunks, with bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ann.threads import one_thread

__all__ = ["StreamNetwork", "stream_logits"]


class StreamNetwork(Protocol):
    """A causal network that carries its state from one stretch of time to the next."""

    def __call__(self, x: Tensor, state: Any = None, gain: Tensor | None = None) -> tuple[Tensor, Any]:
        """Logits (batch, time, output) and the state after a stretch (batch, time, channel)."""
        ...

    def parameters(self) -> Iterator[nn.Parameter]:
        """Weights; all are on one device."""
        ...


@one_thread()
def stream_logits(network: StreamNetwork, x: Tensor, gain: Tensor | None = None, chunk: int = 512) -> Tensor:
    """Logits over a whole stream; the same numbers as in one go.

    Computed on the device of the network, chunk by chunk; on the CPU with one thread, so that the numbers do
    not depend on how many there are.

    Parameters
    ----------
    network
        The network.
    x
        Input, shape (batch, time, channel), on any device.
    gain
        Outside gain, shape (batch, time), or None.
    chunk
        Steps at a time.

    Returns
    -------
    Tensor
        Logits, shape (batch, time, output), on the CPU, without gradient.

    Raises
    ------
    ValueError
        If the chunk is below 1 step.
    """
    if chunk < 1:
        raise ValueError(f"chunk = {chunk}; must be at least 1 step")
    device = next(network.parameters()).device
    state = None
    parts = []
    with torch.inference_mode():
        for start in range(0, x.shape[1], chunk):
            here = slice(start, start + chunk)
            factor = None if gain is None else gain[:, here].to(device)
            logits, state = network(x[:, here].to(device), state, factor)
            parts.append(logits.cpu())
    return torch.cat(parts, dim=1)
