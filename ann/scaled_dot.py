"""Scaled dot-product attention: a normalised competition between scores.

    y_t = sum_s p_ts v_s,        p_ts = softmax_s(q_t . k_s / sqrt(d))

(Vaswani et al. 2017, doi:10.48550/arXiv.1706.03762). Two ways to the same numbers: PyTorch's fused kernel for
speed, and an explicit softmax that returns the weights and on which limits can act.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["ScoreLimit", "attend", "attend_with_weights", "merge_heads", "split_heads"]

ScoreLimit = Callable[[Tensor], Tensor]
"""Changes scores (..., target, source) before they compete; -inf marks what cannot be seen."""


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mix the values, by the fused kernel.

    Parameters
    ----------
    q
        Queries, shape (batch, head, target, feature).
    k, v
        Keys and values, shape (batch, head, source, feature).
    mask
        True where a source can be seen, broadcast to (batch, head, target, source); None: everywhere. Every
        target must see at least one source.

    Returns
    -------
    Tensor
        Shape (batch, head, target, feature).
    """
    return functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def attend_with_weights(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, limit: ScoreLimit | None = None
) -> tuple[Tensor, Tensor]:
    """Mix the values by an explicit softmax; the same numbers as `attend`, and the weights.

    Parameters
    ----------
    q, k, v, mask
        As in `attend`.
    limit
        Acts on the scores before the softmax; None: none.

    Returns
    -------
    mixed : Tensor
        Shape (batch, head, target, feature).
    weights : Tensor
        Shape (batch, head, target, source); they sum to 1 over sources.
    """
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    weights = torch.softmax(scores if limit is None else limit(scores), dim=-1)
    return weights @ v, weights


def split_heads(x: Tensor, n_heads: int) -> Tensor:
    """(batch, time, head * feature) -> (batch, head, time, feature)."""
    batch, time, width = x.shape
    return x.reshape(batch, time, n_heads, width // n_heads).transpose(1, 2)


def merge_heads(x: Tensor) -> Tensor:
    """(batch, head, time, feature) -> (batch, time, head * feature)."""
    return x.transpose(1, 2).flatten(2)
