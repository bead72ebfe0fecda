"""Networks that go on from a state, log-odds instead of logits, and the order in which units are drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

from ann.recurrent import GateTraces, LSTMState
from ann.threads import one_thread

__all__ = ["Continued", "LogOdds", "by_lag", "log_odds", "order_by_peak", "states_at"]

CHUNK = 512


class Continued(nn.Module):
    """A network that starts from a held state, the same for every example of a batch.

    Parameters
    ----------
    network
        A stream network of `ann.registry`.
    state
        Its state (batch of one) after what came before; None: nothing came before.
    """

    def __init__(self, network: nn.Module, state: Any = None) -> None:
        super().__init__()
        self.network = network
        self.state = state
        self.head = cast(nn.Module, network.head)

    def forward(self, x: Tensor, state: Any = None, gain: Tensor | None = None) -> tuple[Tensor, Any]:
        """Logits and state after; from the held state, unless another is given."""
        return self.network(x, self._start(x, state), gain)

    def traces(
        self, x: Tensor, state: LSTMState | None = None, gain: Tensor | None = None
    ) -> tuple[GateTraces, LSTMState]:
        """Gates of a gated network; from the held state, unless another is given."""
        return cast(Any, self.network).traces(x, self._start(x, state), gain)

    def _start(self, x: Tensor, state: Any) -> Any:
        return state if state is not None else _for_batch(self.state, len(x), x.dtype)


class LogOdds(nn.Module):
    """A network whose outputs are the log-odds of each response (`log_odds`) instead of logits."""

    def __init__(self, network: nn.Module, sizes: Sequence[int]) -> None:
        super().__init__()
        self.network = network
        self.sizes = tuple(sizes)

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        """Log-odds (batch, time, class); no state, for every call starts anew."""
        return log_odds(self.network(x)[0], self.sizes), None


def log_odds(logits: Tensor, sizes: Sequence[int]) -> Tensor:
    """Log-odds of every class of every component: z_k - ln sum_(j != k) exp z_j.

    Parameters
    ----------
    logits
        Logits over all combinations of classes, shape (..., product of `sizes`).
    sizes
        Classes of each component; the others are summed over.

    Returns
    -------
    Tensor
        Shape (..., sum of `sizes`): the classes of the first component, then those of the next.
    """
    joint = logits.unflatten(-1, tuple(sizes))
    found = []
    for k, size in enumerate(sizes):
        others = [dim - len(sizes) for dim in range(len(sizes)) if dim != k]
        own = torch.logsumexp(joint, dim=others) if others else joint
        for one in range(size):
            rest = [other for other in range(size) if other != one]
            found.append(own[..., one] - torch.logsumexp(own[..., rest], dim=-1))
    return torch.stack(found, dim=-1)


def states_at(network: nn.Module, x: Tensor, steps: Sequence[int]) -> Iterator[Any]:
    """States of a network before given steps of one stream; None before the first step.

    Parameters
    ----------
    network
        A stream network.
    x
        The stream, shape (1, time, channel).
    steps
        Steps, ascending.

    Raises
    ------
    ValueError
        If the steps do not ascend.
    """
    state, done = None, 0
    for step in steps:
        if step < done:
            raise ValueError(f"step {step} comes after step {done}; steps must ascend")
        with torch.no_grad(), one_thread():
            for start in range(done, step, CHUNK):
                _, state = network(x[:, start : min(start + CHUNK, step)], state)
        done = step
        yield state


def by_lag(maps: xr.DataArray, first: int, n_steps: int, window: int) -> xr.DataArray:
    """Attention weights by how far they look back, instead of by source.

    Parameters
    ----------
    maps
        From `ann.interpretation.attention_maps`: (trial, layer, head, time, source).
    first, n_steps
        Targets that are kept.
    window
        Lags that are kept, in steps, the present step included.

    Returns
    -------
    xarray.DataArray
        (trial, layer, head, time, lag), lags in s; NaN where a source would lie before the first step.
    """
    target = np.arange(first, first + n_steps)[:, None]
    source = target - np.arange(window)
    weights = np.where(source >= 0, maps.values[..., target, np.maximum(source, 0)], np.nan)
    coords = {
        "trial": maps["trial"],
        "layer": maps["layer"],
        "head": maps["head"],
        "time": maps["time"].values[first : first + n_steps],
        "lag": maps.attrs["dt_s"] * np.arange(window),
    }
    return xr.DataArray(weights, coords, tuple(coords), "attention", {"units": "share"})


def order_by_peak(values: np.ndarray) -> np.ndarray:
    """Units in the order in which they are furthest from their own median over time.

    Parameters
    ----------
    values
        Activity, shape (time, unit).

    Returns
    -------
    ndarray of int
        Numbers of the units, shape (unit,); units with the same time keep their order.
    """
    away = np.abs(values - np.median(values, axis=0))
    return np.argsort(away.argmax(axis=0), kind="stable")


def _for_batch(state: Any, n: int, dtype: torch.dtype) -> Any:
    """A state of a batch of one for a batch of `n`, in another precision."""
    if state is None:
        return None
    if isinstance(state, Tensor):
        return state.to(dtype).expand(n, *state.shape[1:])
    parts = [_for_batch(part, n, dtype) for part in state]
    return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)
