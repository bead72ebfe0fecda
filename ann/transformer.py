"""Causal attention network: layers of sliding-window attention and a small perceptron, and a linear readout.

    x <- x + g Attention(LayerNorm(x));   x <- x + g MLP(LayerNorm(x))

Normalisation before each part (Xiong et al. 2020, doi:10.48550/arXiv.2002.04745); g is an outside gain, 1
unless given.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from ann.attention import KeyValueCache, SlidingWindowAttention
from ann.scaled_dot import ScoreLimit

__all__ = ["AttentionLayer", "AttentionNetwork", "AttentionState"]

AttentionState = tuple[KeyValueCache, ...]
"""For each layer, keys and values of the last steps, up to window - 1."""


class AttentionLayer(nn.Module):
    """One layer of attention and perceptron, both added to the stream."""

    def __init__(self, d_model: int, n_heads: int, window: int) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(d_model)
        self.attention = SlidingWindowAttention(d_model, n_heads, window)
        self.norm_mlp = nn.LayerNorm(d_model)
        self.mlp = nn.Sequential(nn.Linear(d_model, 2 * d_model), nn.GELU(), nn.Linear(2 * d_model, d_model))

    def forward(
        self, x: Tensor, before: KeyValueCache | None, gain: Tensor | None
    ) -> tuple[Tensor, KeyValueCache]:
        """Add attention, then perceptron, each times `gain` (batch, time, 1)."""
        attended, before = self.attention(self.norm_attention(x), before)
        x = x + (attended if gain is None else gain * attended)
        computed = self.mlp(self.norm_mlp(x))
        return x + (computed if gain is None else gain * computed), before


class AttentionNetwork(nn.Module):
    """Causal transformer for streams.

    Parameters
    ----------
    n_inputs, n_outputs
        Numbers of input channels and outputs.
    d_model
        Width of the stream, a multiple of ``2 * n_heads``.
    n_heads
        Attention heads per layer.
    n_layers
        Layers.
    window
        Steps that each layer can see, the present one included.
    generator
        Source of the initial weights.

    Raises
    ------
    ValueError
        If a number is below 1, or the width does not fit the heads.
    """

    def __init__(
        self,
        n_inputs: int,
        n_outputs: int,
        d_model: int = 32,
        n_heads: int = 4,
        n_layers: int = 1,
        window: int = 64,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        for name, value in (("n_inputs", n_inputs), ("n_outputs", n_outputs), ("n_layers", n_layers)):
            if value < 1:
                raise ValueError(f"{name} = {value}; must be at least 1")
        self.embed = nn.Linear(n_inputs, d_model)
        self.layers = nn.ModuleList(AttentionLayer(d_model, n_heads, window) for _ in range(n_layers))
        self.norm = nn.LayerNorm(d_model)
        self.head: nn.Module = nn.Linear(d_model, n_outputs)
        _initialise(self, generator)

    def forward(
        self, x: Tensor, state: AttentionState | None = None, gain: Tensor | None = None
    ) -> tuple[Tensor, AttentionState]:
        """Run over a stretch of time.

        Parameters
        ----------
        x
            Input, shape (batch, time, channel).
        state
            State at the end of the stretch before; None at the start.
        gain
            Factor on what each part of a layer adds to the stream, shape (batch, time). None: 1 throughout.

        Returns
        -------
        logits : Tensor
            Shape (batch, time, output).
        state : tuple of Tensor
            What the next stretch needs.
        """
        stream, after = self.features(x, state, gain)
        return self.head(stream), after

    def features(
        self, x: Tensor, state: AttentionState | None = None, gain: Tensor | None = None
    ) -> tuple[Tensor, AttentionState]:
        """What the head receives (batch, time, d_model), and the state; parameters as in `forward`."""
        factor = None if gain is None else gain.unsqueeze(-1)
        stream = self.embed(x)
        after = []
        for k, layer in enumerate(self._stack()):
            stream, seen = layer(stream, None if state is None else state[k], factor)
            after.append(seen)
        return self.norm(stream), tuple(after)

    def attention_weights(self, x: Tensor) -> list[Tensor]:
        """Attention weights of every layer, each (batch, head, time, source), from the start."""
        stream = self.embed(x)
        weights = []
        for layer in self._stack():
            attended, _, w = layer.attention.forward_with_weights(layer.norm_attention(stream))
            stream = stream + attended
            stream = stream + layer.mlp(layer.norm_mlp(stream))
            weights.append(w)
        return weights

    def limit_scores(self, limit: ScoreLimit | None) -> None:
        """Put a limit (`ann.limits`) on the scores of every layer, or take it away."""
        for layer in self._stack():
            layer.attention.limit = limit

    def _stack(self) -> list[AttentionLayer]:
        return cast("list[AttentionLayer]", list(self.layers))


def _initialise(network: nn.Module, generator: torch.Generator | None) -> None:
    """Uniform weights in +-1/sqrt(fan in), zero biases, from the given generator alone."""
    with torch.no_grad():
        for part in network.modules():
            if isinstance(part, nn.Linear):
                limit = part.in_features**-0.5
                part.weight.uniform_(-limit, limit, generator=generator)
                part.bias.zero_()
