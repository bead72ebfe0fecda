"""Multi-head attention of one sequence to itself or to another (cross-attention).

    head_h = Attention(X W_q^h, S W_k^h, S W_v^h),        Y = [head_1, ..., head_H] W_o + b

with S = X for self-attention (Vaswani et al. 2017, doi:10.48550/arXiv.1706.03762).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ann.scaled_dot import ScoreLimit, attend, attend_with_weights, merge_heads, split_heads

__all__ = ["MultiHeadAttention"]


class MultiHeadAttention(nn.Module):
    """Multi-head attention; position, if it matters, is in the inputs (`ann.positions`).

    Parameters
    ----------
    d_model
        Width of targets and outputs, a multiple of the number of heads.
    n_heads
        Number of heads.
    d_source
        Width of the sources; None: as the targets.
    generator
        Source of the initial weights, uniform in +-1/sqrt(fan in); biases start at 0.

    Attributes
    ----------
    limit
        Acts on the scores (`ann.limits`) and makes `forward` take the explicit path; None, as at first: none.

    Raises
    ------
    ValueError
        If the width cannot be cut into the heads.
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        d_source: int | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if n_heads < 1 or d_model < 1 or d_model % n_heads:
            raise ValueError(
                f"d_model = {d_model} must be a multiple of n_heads = {n_heads}, both at least 1"
            )
        self.n_heads = n_heads
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_source or d_model, d_model)
        self.value = nn.Linear(d_source or d_model, d_model)
        self.project_out = nn.Linear(d_model, d_model)
        self.limit: ScoreLimit | None = None
        with torch.no_grad():
            for part in (self.query, self.key, self.value, self.project_out):
                part.weight.uniform_(-(part.in_features**-0.5), part.in_features**-0.5, generator=generator)
                part.bias.zero_()

    def forward(self, x: Tensor, source: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """Attend, by the fused kernel.

        Parameters
        ----------
        x
            Targets, shape (batch, target, d_model).
        source
            Sources, shape (batch, source, d_source); None: `x`.
        mask
            True where a source can be seen, broadcast to (batch, head, target, source); None: everywhere.

        Returns
        -------
        Tensor
            Shape (batch, target, d_model).
        """
        if self.limit is not None:
            return self.forward_with_weights(x, source, mask)[0]
        q, k, v = self._project(x, source)
        return self.project_out(merge_heads(attend(q, k, v, mask)))

    def forward_with_weights(
        self, x: Tensor, source: Tensor | None = None, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Attend, by an explicit softmax; outputs, and weights (batch, head, target, source)."""
        q, k, v = self._project(x, source)
        mixed, weights = attend_with_weights(q, k, v, mask, self.limit)
        return self.project_out(merge_heads(mixed)), weights

    def _project(self, x: Tensor, source: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        seen = x if source is None else source
        return (
            split_heads(self.query(x), self.n_heads),
            split_heads(self.key(seen), self.n_heads),
            split_heads(self.value(seen), self.n_heads),
        )
