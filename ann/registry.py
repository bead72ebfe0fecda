"""Every stream network by name: how it is built, and what it promises.

All are called as ``logits, state = network(x, state, gain)`` with x of shape (batch, time, channel). What is
promised here is tested for every one of them: no step sees the future, a stream in chunks is the stream in
one go, others in the batch do not matter, gradients reach every weight.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import nn

from ann.recurrent import LSTMNetwork
from ann.rnn import RNNNetwork
from ann.sublstm import SubLSTMNetwork
from ann.timescales import chrono_initialise
from ann.transformer import AttentionNetwork

__all__ = ["MODELS", "Model", "model"]

Build = Callable[[int, int, int, torch.Generator], nn.Module]


@dataclass(frozen=True)
class Model:
    """A network of the family.

    Parameters
    ----------
    about
        What it is, in a sentence.
    source
        The paper.
    build
        From numbers of inputs, of hidden units (or width) and of outputs, and a source of initial weights.
    gated
        Whether ``traces`` returns its gates.
    """

    about: str
    source: str
    build: Build
    gated: bool = False


def _chrono_lstm(n_inputs: int, n_hidden: int, n_outputs: int, generator: torch.Generator) -> nn.Module:
    network = LSTMNetwork(n_inputs, n_hidden, n_outputs, generator=generator)
    chrono_initialise(network, longest=200.0, generator=generator)
    return network


MODELS: MappingProxyType[str, Model] = MappingProxyType(
    {
        "rnn": Model(
            "Vanilla recurrent network",
            "Elman 1990, doi:10.1207/s15516709cog1402_1",
            lambda i, h, o, g: RNNNetwork(i, h, o, generator=g),
        ),
        "lstm": Model(
            "Long short-term memory: multiplicative gates",
            "Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735",
            lambda i, h, o, g: LSTMNetwork(i, h, o, generator=g),
            gated=True,
        ),
        "chrono-lstm": Model(
            "LSTM whose memories span 1 to 200 steps from the start",
            "Tallec & Ollivier 2018, doi:10.48550/arXiv.1804.11188",
            _chrono_lstm,
            gated=True,
        ),
        "sublstm": Model(
            "LSTM with subtractive gates: inhibition takes away",
            "Costa et al. 2017, doi:10.48550/arXiv.1711.02448",
            lambda i, h, o, g: SubLSTMNetwork(i, h, o, generator=g),
            gated=True,
        ),
        "fix-sublstm": Model(
            "LSTM with subtractive gates and a constant leak",
            "Costa et al. 2017, doi:10.48550/arXiv.1711.02448",
            lambda i, h, o, g: SubLSTMNetwork(i, h, o, fixed_forget=True, generator=g),
            gated=True,
        ),
        "attention": Model(
            "Causal transformer with a sliding window and a key-value cache",
            "Vaswani et al. 2017, doi:10.48550/arXiv.1706.03762",
            lambda i, h, o, g: AttentionNetwork(
                i, o, d_model=h, n_heads=2, n_layers=2, window=8, generator=g
            ),
        ),
    }
)
"""The networks by name."""


def model(name: str) -> Model:
    """The network of a name.

    Raises
    ------
    ValueError
        If there is none; names the known ones.

    Examples
    --------
    >>> network = model("sublstm").build(3, 16, 2, torch.Generator().manual_seed(0))
    >>> logits, state = network(torch.zeros(1, 10, 3))
    >>> tuple(logits.shape)
    (1, 10, 2)
    """
    if name not in MODELS:
        raise ValueError(f"unknown network {name!r}; known are {list(MODELS)}")
    return MODELS[name]
