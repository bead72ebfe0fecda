"""Run a network over a stream of any length, in chunks, with bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ann.threads import one_thread

__all__ = ["StreamNetwork", "stream", "stream_logits"]


class StreamNetwork(Protocol):
    """A causal network that carries its state from one stretch of time to the next."""

    def __call__(self, x: Tensor, state: Any = None, gain: Tensor | None = None) -> tuple[Tensor, Any]:
        """Logits (batch, time, output) and the state after a stretch (batch, time, channel)."""
        ...

    def parameters(self) -> Iterator[nn.Parameter]:
        """Weights; all are on one device."""
        ...


def stream(
    network: StreamNetwork, stretches: Iterable[Tensor | tuple[Tensor, Tensor | None]]
) -> Iterator[Tensor]:
    """Logits of one stretch of time after another; memory does not grow with their number.

    Parameters
    ----------
    network
        The network; between stretches it keeps its state alone.
    stretches
        Inputs (batch, time, channel), each following on the one before, or pairs of such an input and an
        outside gain (batch, time) or None; on any device.

    Yields
    ------
    Tensor
        Logits of the stretch, shape (batch, time, output), on the CPU, without gradient.
    """
    device = next(network.parameters()).device
    state = None
    for stretch in stretches:
        x, gain = stretch if isinstance(stretch, tuple) else (stretch, None)
        # entered anew each time: what the caller does in between is the caller's own
        with one_thread(), torch.inference_mode():
            logits, state = network(x.to(device), state, None if gain is None else gain.to(device))
            here = logits.cpu()
        yield here


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
    starts = range(0, x.shape[1], chunk)
    cut = [slice(start, start + chunk) for start in starts]
    stretches = ((x[:, here], None if gain is None else gain[:, here]) for here in cut)
    return torch.cat(list(stream(network, stretches)), dim=1)
