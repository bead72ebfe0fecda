"""Causal multi-head self-attention over a sliding window: a normalised competition between scores.

    y_t = sum_s softmax_s(q_t . k_s / sqrt(d)) v_s        for s = t - window + 1, ..., t

(Vaswani et al. 2017, doi:10.48550/arXiv.1706.03762). Position enters as sinusoids of the lag t - s: queries
and keys are turned by an angle in proportion to their time, so that only the difference survives in the score
(rotary form, Su et al. 2024, doi:10.1016/j.neucom.2023.127063). Nothing depends on absolute time, and a
stream of any length runs in chunks with bounded memory.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["SlidingWindowAttention", "rotate", "sliding_window_mask"]

SLOWEST = 1000.0
"""Ratio of the fastest to the slowest angular frequency of the positional sinusoids."""


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

    def forward(self, x: Tensor, before: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Attend, by PyTorch's fused kernel.

        Parameters
        ----------
        x
            Input, shape (batch, time, d_model).
        before
            Input of the steps just before, as returned by the previous call; None at the start.

        Returns
        -------
        y : Tensor
            Shape (batch, time, d_model).
        before : Tensor
            The last ``window - 1`` inputs, to be handed to the next call.
        """
        q, k, v, mask, before = self._prepare(x, before)
        mixed = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self._merge(mixed), before

    def forward_with_weights(self, x: Tensor, before: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Attend, by an explicit softmax; the same numbers as `forward`, and the weights.

        Returns
        -------
        y, before : Tensor
            As in `forward`.
        weights : Tensor
            Shape (batch, head, time, source); sources are the steps of `before`, then those of `x`.
        """
        q, k, v, mask, before = self._prepare(x, before)
        scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
        weights = torch.softmax(scores.masked_fill(~mask, float("-inf")), dim=-1)
        return self._merge(weights @ v), before, weights

    def _prepare(self, x: Tensor, before: Tensor | None) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        seen = x if before is None else torch.cat([before, x], dim=1)
        n_before = seen.shape[1] - x.shape[1]
        q, k, v = (self._split(part) for part in self.project_in(seen).chunk(3, dim=-1))
        position = torch.arange(seen.shape[1], device=x.device)
        q = rotate(q[:, :, n_before:], position[n_before:])
        mask = sliding_window_mask(x.shape[1], n_before, self.window, x.device)
        return q, rotate(k, position), v, mask, seen[:, max(seen.shape[1] - self.window + 1, 0) :]

    def _split(self, x: Tensor) -> Tensor:
        batch, time, width = x.shape
        return x.view(batch, time, self.n_heads, width // self.n_heads).transpose(1, 2)

    def _merge(self, x: Tensor) -> Tensor:
        return self.project_out(x.transpose(1, 2).flatten(2))


def sliding_window_mask(
    n_steps: int, n_before: int, window: int, device: torch.device | None = None
) -> Tensor:
    """Which sources each step may look at.

    Parameters
    ----------
    n_steps
        Steps that look.
    n_before
        Steps before them that can be looked at as well.
    window
        Steps that can be seen, the present one included.
    device
        Where to put the mask.

    Returns
    -------
    Tensor of bool
        Shape (n_steps, n_before + n_steps).
    """
    now = torch.arange(n_before, n_before + n_steps, device=device).unsqueeze(1)
    lag = now - torch.arange(n_before + n_steps, device=device)
    return (lag >= 0) & (lag < window)


def rotate(x: Tensor, position: Tensor) -> Tensor:
    """Turn pairs of features by angles in proportion to their position.

    (a, b) -> (a cos w p - b sin w p, a sin w p + b cos w p), with w from 1 down to 1 / `SLOWEST` per step.

    Parameters
    ----------
    x
        Queries or keys, shape (..., time, feature), an even number of features.
    position
        Position of each step, shape (time,).

    Returns
    -------
    Tensor
        The shape of `x`.
    """
    half = x.shape[-1] // 2
    frequency = SLOWEST ** (-torch.arange(half, device=x.device, dtype=x.dtype) / max(half - 1, 1))
    angle = position.to(x.dtype).unsqueeze(1) * frequency
    cos, sin = angle.cos(), angle.sin()
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)
