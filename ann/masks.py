"""Who may look at whom: masks of attention, True where a source can be seen, shape (target, source)."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["causal_mask", "sliding_window_mask"]


def causal_mask(n_steps: int, device: torch.device | None = None) -> Tensor:
    """Every step sees itself and all steps before it; shape (n_steps, n_steps)."""
    return torch.ones(n_steps, n_steps, dtype=torch.bool, device=device).tril()


def sliding_window_mask(
    n_steps: int, n_before: int, window: int, device: torch.device | None = None
) -> Tensor:
    """Every step sees itself and the steps just before it.

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
