"""The weights of a one-layer attention network as plain arrays, with the ranges its numbers keep.

Gains and shifts of the layer norms are folded into the weights that follow them. The range of a number is the
99.9 % quantile of its size over calibration data, as in weight normalisation: what a population has to span.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from ann.threads import one_thread

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ann.transformer import AttentionNetwork

__all__ = ["GELU_LEAST", "AttentionWeights", "convert_attention", "layer_norm"]

QUANTILE = 0.999
GELU_LEAST = -0.17
"""The least value of the GELU, -0.16997, rounded down."""


@dataclass(frozen=True, eq=False)
class AttentionWeights:
    """Weights and ranges; d is the width of the stream.

    Parameters
    ----------
    embed, embed_bias
        Shapes (d, channel) and (d,).
    project, project_bias
        Queries, keys and values from the normalised stream, shapes (3 d, d) and (3 d,).
    out, out_bias
        From mixed values to the stream, (d, d) and (d,).
    hidden, hidden_bias
        Perceptron from the normalised stream, (2 d, d) and (2 d,).
    back, back_bias
        From the perceptron to the stream, (d, 2 d) and (d,).
    head, head_bias
        Readout of the normalised stream, (output, d) and (output,).
    n_heads, window
        Heads, and steps that can be seen.
    epsilon
        Added to variances by the layer norms.
    project_range
        Largest size of each query, key and value, shape (3 d,).
    hidden_range
        Largest output of each hidden unit, shape (2 d,).
    """

    embed: np.ndarray
    embed_bias: np.ndarray
    project: np.ndarray
    project_bias: np.ndarray
    out: np.ndarray
    out_bias: np.ndarray
    hidden: np.ndarray
    hidden_bias: np.ndarray
    back: np.ndarray
    back_bias: np.ndarray
    head: np.ndarray
    head_bias: np.ndarray
    n_heads: int
    window: int
    epsilon: float
    project_range: np.ndarray
    hidden_range: np.ndarray

    @property
    def width(self) -> int:
        """Width of the stream, d."""
        return len(self.embed)

    @property
    def n_channels(self) -> int:
        """Input channels."""
        return self.embed.shape[1]

    @property
    def shape(self) -> tuple[int, ...]:
        """What networks that run side by side must share."""
        return (*self.embed.shape, len(self.hidden), self.n_heads, self.window, len(self.head))

    def read(self, stream: np.ndarray) -> np.ndarray:
        """Logits from the stream (..., d)."""
        return layer_norm(stream, self.epsilon) @ self.head.T + self.head_bias


def layer_norm(x: np.ndarray, epsilon: float) -> np.ndarray:
    """(x - mean) / sqrt(variance + epsilon) over the last axis."""
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + epsilon)


@torch.no_grad()
@one_thread()
def convert_attention(network: AttentionNetwork, calibration: np.ndarray) -> AttentionWeights:
    """Take the weights of a network, and its ranges on calibration data.

    Parameters
    ----------
    network
        A network of one layer.
    calibration
        Input that is like what it will get, shape (batch, time, channel).

    Raises
    ------
    ValueError
        If the network has more than one layer.
    """
    layers = network._stack()
    if len(layers) != 1:
        raise ValueError(f"the network has {len(layers)} layers; must be 1 to become a spiking network")
    layer = layers[0]
    x = torch.from_numpy(calibration).to(next(network.parameters()).dtype)
    stream = network.embed(x)
    seen = layer.norm_attention(stream)
    projected = layer.attention.project_in(seen)
    stream = stream + layer.attention(seen)[0]
    computed = torch.nn.functional.gelu(layer.mlp[0](layer.norm_mlp(stream)))
    project, project_bias = _folded(layer.attention.project_in, layer.norm_attention)
    hidden, hidden_bias = _folded(layer.mlp[0], layer.norm_mlp)  # type: ignore[arg-type]
    head, head_bias = _folded(network.head, network.norm)  # type: ignore[arg-type]
    return AttentionWeights(
        *_plain(network.embed),
        project,
        project_bias,
        *_plain(layer.attention.project_out),
        hidden,
        hidden_bias,
        *_plain(layer.mlp[2]),  # type: ignore[arg-type]
        head,
        head_bias,
        layer.attention.n_heads,
        layer.attention.window,
        float(layer.norm_attention.eps),
        _largest(projected.abs()),
        _largest(computed),
    )


def _array(values: Tensor) -> np.ndarray:
    return values.detach().cpu().numpy().astype(float)


def _plain(part: nn.Linear) -> tuple[np.ndarray, np.ndarray]:
    return _array(part.weight), _array(part.bias)


def _folded(part: nn.Linear, norm: nn.LayerNorm) -> tuple[np.ndarray, np.ndarray]:
    """Weights on the normalised stream before the norm's own gain and shift."""
    weight, bias = _plain(part)
    return weight * _array(norm.weight), bias + weight @ _array(norm.bias)


def _largest(values: Tensor) -> np.ndarray:
    """Range of each feature (batch, time, feature); never 0."""
    found = np.quantile(_array(values).reshape(-1, values.shape[-1]), QUANTILE, axis=0)
    return np.maximum(found, 1e-3)
