"""The weights of an LSTM as plain arrays, and its equations in NumPy: what is converted and compared with.

    i, f, o = sigmoid(W x + U h + b),   g = tanh(W x + U h + b),   c <- f c + i g,   h <- o tanh(c)

A cap on the forget gate, f <- min(f, cap), is the lesion that takes persistence away
(`bridges.maps.lesions`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from scipy.special import expit

if TYPE_CHECKING:
    from torch import nn

    from ann.recurrent import LSTMNetwork

__all__ = ["LSTMTraces", "LSTMWeights", "run_exactly"]


class LSTMTraces(NamedTuple):
    """What a run gives: each (batch, time, unit); logits (batch, time, output)."""

    hidden: np.ndarray
    cell: np.ndarray
    logits: np.ndarray


@dataclass(frozen=True, eq=False)
class LSTMWeights:
    """Weights of one LSTM layer and its head.

    Parameters
    ----------
    from_input
        Shape (4 units, channel); blocks in the order input, forget, candidate, output (as PyTorch's).
    from_hidden
        Shape (4 units, unit).
    bias
        Shape (4 units,).
    head, head_bias
        Shapes (output, unit) and (output,).
    forget_cap
        Most that a forget gate may be; 1: no lesion.

    Raises
    ------
    ValueError
        If shapes do not fit, or the cap is not between 0 and 1.
    """

    from_input: np.ndarray
    from_hidden: np.ndarray
    bias: np.ndarray
    head: np.ndarray
    head_bias: np.ndarray
    forget_cap: float = 1.0

    def __post_init__(self) -> None:
        units = self.from_hidden.shape[1]
        found = {
            "from_input": self.from_input.shape[:1],
            "from_hidden": self.from_hidden.shape,
            "bias": self.bias.shape,
            "head": self.head.shape[1:],
            "head_bias": self.head_bias.shape,
        }
        wanted = {
            "from_input": (4 * units,),
            "from_hidden": (4 * units, units),
            "bias": (4 * units,),
            "head": (units,),
            "head_bias": self.head.shape[:1],
        }
        wrong = [f"{name} {found[name]}, not {wanted[name]}" for name in found if found[name] != wanted[name]]
        if wrong:
            raise ValueError(f"shapes do not fit {units} units: " + "; ".join(wrong))
        if not 0.0 <= self.forget_cap <= 1.0:
            raise ValueError(f"forget_cap = {self.forget_cap}; must be between 0 and 1")

    @classmethod
    def of(cls, network: LSTMNetwork) -> LSTMWeights:
        """The weights of a network, in double precision."""
        weight_ih, weight_hh, bias_ih, bias_hh = network.core.all_weights[0]
        head = cast("nn.Linear", network.head)
        return cls(
            _array(weight_ih),
            _array(weight_hh),
            _array(bias_ih) + _array(bias_hh),
            _array(head.weight),
            _array(head.bias),
        )

    @property
    def n_units(self) -> int:
        """Units."""
        return self.from_hidden.shape[1]

    @property
    def n_channels(self) -> int:
        """Input channels."""
        return self.from_input.shape[1]

    def capped(self, forget_cap: float) -> LSTMWeights:
        """The same network whose forget gates cannot exceed `forget_cap`."""
        return replace(self, forget_cap=forget_cap)


def _array(values: Any) -> np.ndarray:
    return values.detach().cpu().numpy().astype(float)


def run_exactly(weights: LSTMWeights, x: np.ndarray) -> LSTMTraces:
    """The LSTM itself, in double precision, from the zero state.

    Parameters
    ----------
    weights
        The network.
    x
        Input, shape (batch, time, channel).
    """
    check_input(weights, x)
    drive = x @ weights.from_input.T + weights.bias
    h = np.zeros((len(x), weights.n_units))
    c = np.zeros_like(h)
    hidden, cell = [], []
    for k in range(x.shape[1]):
        i, f, g, o = np.split(drive[:, k] + h @ weights.from_hidden.T, 4, axis=1)
        c = np.minimum(expit(f), weights.forget_cap) * c + expit(i) * np.tanh(g)
        h = expit(o) * np.tanh(c)
        hidden.append(h)
        cell.append(c)
    return traces(weights, np.stack(hidden, axis=1), np.stack(cell, axis=1))


def traces(weights: LSTMWeights, hidden: np.ndarray, cell: np.ndarray) -> LSTMTraces:
    """Traces with the logits that the head reads from the hidden units."""
    return LSTMTraces(hidden, cell, hidden @ weights.head.T + weights.head_bias)


def check_input(weights: LSTMWeights, x: np.ndarray) -> None:
    """Raise ValueError unless `x` is (batch, time, channel) with the network's channels, and finite."""
    if x.ndim != 3 or x.shape[2] != weights.n_channels or x.shape[1] < 1:
        raise ValueError(f"x has shape {x.shape}; must be (batch, time >= 1, {weights.n_channels})")
    if not np.isfinite(x).all():
        raise ValueError("x is not finite everywhere")
