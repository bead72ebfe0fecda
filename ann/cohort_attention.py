"""Many attention networks in one computation: every weight has a leading dimension for the member.

Attention itself has no weights, so members are as good as more sequences to it; what has weights becomes
a product of matrices for each member.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from ann.masks import sliding_window_mask
from ann.positions import rotate

__all__ = ["attention_logits"]


def attention_logits(weights: Mapping[str, Tensor], x: Tensor, n_heads: int, window: int) -> Tensor:
    """Logits of every member's `ann.transformer.AttentionNetwork` on its own input.

    Parameters
    ----------
    weights
        By the names of the network's parameters, each with a leading dimension for the member.
    x
        Input, shape (member, batch, time, channel).
    n_heads, window
        As of the network.

    Returns
    -------
    Tensor
        Shape (member, batch, time, output).
    """
    n, batch, time, _ = x.shape
    position = torch.arange(time, device=x.device)
    mask = sliding_window_mask(time, 0, window, x.device)
    stream = _linear(weights, "embed", x.reshape(n, batch * time, -1))
    layer = 0
    while f"layers.{layer}.norm_attention.weight" in weights:
        name = f"layers.{layer}."
        projected = _linear(
            weights, name + "attention.project_in", _norm(weights, name + "norm_attention", stream)
        )
        q, k, v = (
            part.reshape(n * batch, time, n_heads, -1).transpose(1, 2) for part in projected.chunk(3, dim=-1)
        )
        mixed = functional.scaled_dot_product_attention(
            rotate(q, position), rotate(k, position), v, attn_mask=mask
        )
        mixed = mixed.transpose(1, 2).reshape(n, batch * time, -1)
        stream = stream + _linear(weights, name + "attention.project_out", mixed)
        inner = functional.gelu(_linear(weights, name + "mlp.0", _norm(weights, name + "norm_mlp", stream)))
        stream = stream + _linear(weights, name + "mlp.2", inner)
        layer += 1
    return _linear(weights, "head", _norm(weights, "norm", stream)).view(n, batch, time, -1)


def _linear(weights: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    return torch.baddbmm(weights[name + ".bias"].unsqueeze(1), x, weights[name + ".weight"].transpose(1, 2))


def _norm(weights: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    scale, shift = weights[name + ".weight"].unsqueeze(1), weights[name + ".bias"].unsqueeze(1)
    return functional.layer_norm(x, x.shape[-1:]) * scale + shift
