"""Where in time an item stands: sinusoidal, learned and rotary codes of position."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["SLOWEST", "LearnedPositions", "rotate", "sinusoidal_positions"]

SLOWEST = 1000.0
"""Ratio of the fastest to the slowest angular frequency of the rotary code."""


def sinusoidal_positions(n_steps: int, d_model: int, first: int = 0, base: float = 10000.0) -> Tensor:
    """Sines and cosines of position, one frequency for each pair of features.

    P[p, 2k] = sin(p / base^(2k / d)),        P[p, 2k + 1] = cos(p / base^(2k / d))

    The code of a fixed lag is a rotation of each pair, so that a linear layer can find it (Vaswani et al.
    2017, doi:10.48550/arXiv.1706.03762).

    Parameters
    ----------
    n_steps
        Number of positions.
    d_model
        Features, an even number.
    first
        The first position.
    base
        Ratio of the slowest to the fastest period.

    Returns
    -------
    Tensor
        Shape (n_steps, d_model); to be added to the input.

    Raises
    ------
    ValueError
        If the number of features is odd.
    """
    if d_model < 2 or d_model % 2:
        raise ValueError(f"d_model = {d_model}; must be an even number of features")
    position = torch.arange(first, first + n_steps, dtype=torch.float64).unsqueeze(1)
    frequency = base ** (-torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    angle = position * frequency
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1).to(torch.get_default_dtype())


class LearnedPositions(nn.Module):
    """A vector of its own for every position, learned; added to the input.

    Parameters
    ----------
    longest
        Number of positions; later ones do not exist.
    d_model
        Features.
    generator
        Source of the initial vectors, normal with standard deviation 0.02.
    """

    def __init__(self, longest: int, d_model: int, generator: torch.Generator | None = None) -> None:
        super().__init__()
        if longest < 1 or d_model < 1:
            raise ValueError(f"longest = {longest}, d_model = {d_model}; both must be at least 1")
        self.table = nn.Parameter(torch.empty(longest, d_model).normal_(0.0, 0.02, generator=generator))

    def forward(self, x: Tensor, first: int = 0) -> Tensor:
        """Add the positions from `first` on to `x`, shape (batch, time, d_model).

        Raises
        ------
        ValueError
            If the stretch ends after the last position.
        """
        last = first + x.shape[1]
        if last > len(self.table):
            raise ValueError(f"positions {first} to {last - 1}, but only {len(self.table)} are learned")
        return x + self.table[first:last]


def rotate(x: Tensor, position: Tensor) -> Tensor:
    """Turn pairs of features by angles in proportion to their position (rotary code).

    (a, b) -> (a cos w p - b sin w p, a sin w p + b cos w p), with w from 1 down to 1 / `SLOWEST` per step.
    A product of a query and a key that are both turned depends on their lag alone (Su et al. 2024,
    doi:10.1016/j.neucom.2023.127063).

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
