"""Causal multi-head self-attention over a sliding window, with a cache of keys and values.

    y_t = sum_s softmax_s(q_t . k_s / sqrt(d)) v_s        for s = t - window + 1, ..., t

(Vaswani et al. 2017, doi:10.48550/arXiv.1706.03762). Position enters as sinusoids of the lag t - s (rotary
form, Su et al. 2024, doi:10.1016/j.neucom.2023.127063). Nothing depends on absolute time, so that the last
``window - 1`` keys and values are all that a stream of any length has to keep.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ann.masks import sliding_window_mask
from ann.positions import rotate
from ann.scaled_dot import ScoreLimit, attend, attend_with_weights, merge_heads, split_heads

__all__ = ["KeyValueCache", "SlidingWindowAttention", "rotate", "sliding_window_mask"]


class KeyValueCache(NamedTuple):
    """Keys (before they are turned by their position) and values, each (batch, head, step, feature)."""

    keys: Tensor
    values: Tensor


class SlidingWindowAttention(nn.Module):
    """Multi-head attention in which each step looks at itself and at the steps just before it.

    Parameters
    ----------
    d_model
        Width of the input and output.
    n_heads
        Number of heads.
    window
        Steps that can be seen, the present one included.

    Attributes
    ----------
    limit
        Acts on the scores (`ann.limits`) and makes `forward` take the explicit path; None, as at first: none.

    Raises
    ------
    ValueError
        If the width cannot be cut into heads of even width, or the window is below 1.
    """

    def __init__(self, d_model: int, n_heads: int, window: int) -> None:
        super().__init__()
        if n_heads < 1 or d_model % (2 * n_heads):
            raise ValueError(f"d_model = {d_model} must be a multiple of 2 * n_heads = {2 * n_heads}")
        if window < 1:
            raise ValueError(f"window = {window}; must be at least 1 step")
        self.n_heads = n_heads
        self.window = window
        self.project_in = nn.Linear(d_model, 3 * d_model)
        self.project_out = nn.Linear(d_model, d_model)
        self.limit: ScoreLimit | None = None

    def forward(self, x: Tensor, before: KeyValueCache | None = None) -> tuple[Tensor, KeyValueCache]:
        """Attend, by PyTorch's fused kernel.

        Parameters
        ----------
        x
            Input, shape (batch, time, d_model).
        before
            Keys and values of the steps just before, as returned by the previous call; None at the start.

        Returns
        -------
        y : Tensor
            Shape (batch, time, d_model).
        before : KeyValueCache
            Of the last ``window - 1`` steps, to be handed to the next call.
        """
        if self.limit is not None:
            y, before, _ = self.forward_with_weights(x, before)
            return y, before
        q, k, v, mask, before = self._prepare(x, before)
        return self.project_out(merge_heads(attend(q, k, v, mask))), before

    def forward_with_weights(
        self, x: Tensor, before: KeyValueCache | None = None
    ) -> tuple[Tensor, KeyValueCache, Tensor]:
        """Attend, by an explicit softmax; the same numbers as `forward`, and the weights.

        Returns
        -------
        y, before : Tensor
            As in `forward`.
        weights : Tensor
            Shape (batch, head, time, source); sources are the steps of `before`, then those of `x`.
        """
        q, k, v, mask, before = self._prepare(x, before)
        mixed, weights = attend_with_weights(q, k, v, mask, self.limit)
        return self.project_out(merge_heads(mixed)), before, weights

    def _prepare(
        self, x: Tensor, before: KeyValueCache | None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, KeyValueCache]:
        q, k, v = (split_heads(part, self.n_heads) for part in self.project_in(x).chunk(3, dim=-1))
        if before is not None:
            k, v = torch.cat([before.keys, k], dim=2), torch.cat([before.values, v], dim=2)
        n_before = k.shape[2] - x.shape[1]
        position = torch.arange(k.shape[2], device=x.device)
        mask = sliding_window_mask(x.shape[1], n_before, self.window, x.device)
        oldest = max(k.shape[2] - self.window + 1, 0)
        # a copy, or the cache would keep all that it was cut from
        kept = KeyValueCache(k[:, :, oldest:].clone(), v[:, :, oldest:].clone())
        return rotate(q, position[n_before:]), rotate(k, position), v, mask, kept
