"""Principled limits on what a network can do at once: each a small module, each off unless asked for.

    fixed-power channel   z = sqrt(P) h / |h| + xi,  xi ~ N(0, 1)      capacity C = n/2 log2(1 + P / n) bits
    arousal gain          h -> g(t) h
    key budget            of all keys in sight, only M enter the competition: the newest, or the best
    score noise           softmax(e + sigma xi)

The channel is the Gaussian channel of Shannon (1949, doi:10.1109/JRPROC.1949.232969) with n dimensions and
total power P, the twin of a budget of firing under shared inhibition; the key budget is the twin of a number
of slots, score noise of noise in a competition. A module that is off returns what it was given, the very same
tensor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

__all__ = [
    "ArousalGain",
    "ChannelHead",
    "FixedPowerChannel",
    "KeyBudget",
    "ScoreNoise",
    "capacity_bits",
    "chain",
    "power_for_bits",
]


def capacity_bits(power: float, n_dims: int) -> float:
    """Most that a fixed-power channel can tell per use, C = n/2 log2(1 + P/n) (bits).

    Parameters
    ----------
    power
        Total power P, in units of the noise variance of one dimension.
    n_dims
        Number of dimensions n.

    Raises
    ------
    ValueError
        If the power is negative, or there is no dimension.

    Examples
    --------
    >>> capacity_bits(8.0, 8)
    4.0
    """
    _check_dims(n_dims)
    if not power >= 0:
        raise ValueError(f"power = {power}; must be 0 or above")
    return n_dims / 2 * math.log2(1 + power / n_dims)


def power_for_bits(bits: float, n_dims: int) -> float:
    """Power with which a channel of `n_dims` dimensions has a capacity; the inverse of `capacity_bits`."""
    _check_dims(n_dims)
    if not bits >= 0:
        raise ValueError(f"bits = {bits}; must be 0 or above")
    return n_dims * (2 ** (2 * bits / n_dims) - 1)


class FixedPowerChannel(nn.Module):
    """z = sqrt(P) h / |h| + xi: whatever is sent, the power is the same, so more content means less of each.

    Parameters
    ----------
    power
        Total power P over the last dimension, in units of the noise variance; None: off.
    generator
        Source of the noise, on the device of the input; None: PyTorch's own.
    """

    def __init__(self, power: float | None = None, generator: torch.Generator | None = None) -> None:
        super().__init__()
        if power is not None and not power >= 0:
            raise ValueError(f"power = {power}; must be 0 or above, or None for no limit")
        self.power = power
        self.generator = generator

    def forward(self, h: Tensor) -> Tensor:
        """Send `h`, shape (..., dimension)."""
        if self.power is None:
            return h
        sent = math.sqrt(self.power) * nn.functional.normalize(h, dim=-1)
        return sent + _noise(h, self.generator)


class ChannelHead(nn.Module):
    """A linear readout behind a fixed-power channel; put it in place of a network's ``head``.

    Parameters
    ----------
    n_features
        Width of what the network gives.
    n_outputs
        Number of outputs.
    n_dims
        Dimensions of the channel.
    bits
        Its capacity (bits per use).
    generator
        Source of the initial weights, uniform in +-1/sqrt(fan in).
    noise
        Source of the channel's noise; None: PyTorch's own.

    Examples
    --------
    >>> from ann.recurrent import LSTMNetwork
    >>> network = LSTMNetwork(4, 16, 3)
    >>> network.head = ChannelHead(16, 3, n_dims=8, bits=4.0)
    >>> round(network.head.capacity_bits, 6)
    4.0
    """

    def __init__(
        self,
        n_features: int,
        n_outputs: int,
        n_dims: int = 8,
        bits: float = 4.0,
        generator: torch.Generator | None = None,
        noise: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.project = nn.Linear(n_features, n_dims)
        self.channel = FixedPowerChannel(power_for_bits(bits, n_dims), noise)
        self.read = nn.Linear(n_dims, n_outputs)
        with torch.no_grad():
            for part in (self.project, self.read):
                part.weight.uniform_(-(part.in_features**-0.5), part.in_features**-0.5, generator=generator)
                part.bias.zero_()

    @property
    def capacity_bits(self) -> float:
        """Capacity of the channel (bits per use)."""
        return capacity_bits(self.channel.power or 0.0, self.project.out_features)

    def forward(self, h: Tensor) -> Tensor:
        """Outputs (..., output) of features (..., feature)."""
        return self.read(self.channel(self.project(h)))


class ArousalGain(nn.Module):
    """h -> g(t) h, with g given from outside: a network's own weights and state cannot make it tire."""

    def forward(self, h: Tensor, gain: Tensor | None = None) -> Tensor:
        """Scale `h` (batch, time, feature) by `gain` (batch, time); None: off."""
        return h if gain is None else gain.unsqueeze(-1) * h


class KeyBudget(nn.Module):
    """Of all keys in sight, only so many enter the competition: a limit on span.

    Parameters
    ----------
    n_keys
        Number of keys M; None: off.
    keep
        ``"newest"``, or ``"top"``: those with the highest scores (ties: more than M).
    """

    def __init__(self, n_keys: int | None = None, keep: Literal["newest", "top"] = "newest") -> None:
        super().__init__()
        if n_keys is not None and n_keys < 1:
            raise ValueError(f"n_keys = {n_keys}; must be at least 1, or None for no limit")
        if keep not in ("newest", "top"):
            raise ValueError(f"keep = {keep!r}; must be 'newest' or 'top'")
        self.n_keys = n_keys
        self.keep = keep

    def forward(self, scores: Tensor) -> Tensor:
        """Scores (..., target, source) with -inf for keys beyond the budget; sources are in order of time."""
        if self.n_keys is None or self.n_keys >= scores.shape[-1]:
            return scores
        if self.keep == "top":
            lowest = scores.topk(self.n_keys, dim=-1).values[..., -1:]
            return scores.masked_fill(scores < lowest, float("-inf"))
        seen = torch.isfinite(scores)
        # how many keys in sight are as new or newer
        rank = seen.flip(-1).cumsum(-1).flip(-1)
        return scores.masked_fill(rank > self.n_keys, float("-inf"))


class ScoreNoise(nn.Module):
    """Noise on the scores before they compete: e + sigma xi.

    Parameters
    ----------
    sd
        Standard deviation sigma (in units of the scores); 0: off.
    generator
        Source of the noise, on the device of the scores; None: PyTorch's own.
    """

    def __init__(self, sd: float = 0.0, generator: torch.Generator | None = None) -> None:
        super().__init__()
        if not sd >= 0:
            raise ValueError(f"sd = {sd}; must be 0 or above")
        self.sd = sd
        self.generator = generator

    def forward(self, scores: Tensor) -> Tensor:
        """Noisy scores, any shape; -inf stays -inf."""
        return scores if self.sd == 0 else scores + self.sd * _noise(scores, self.generator)


def chain(limits: Sequence[Callable[[Tensor], Tensor]]) -> Callable[[Tensor], Tensor] | None:
    """Limits on scores one after another, for an attention's ``limit``; None if there are none."""
    steps = tuple(limits)
    if not steps:
        return None

    def apply(scores: Tensor) -> Tensor:
        for step in steps:
            scores = step(scores)
        return scores

    return apply


def _noise(like: Tensor, generator: torch.Generator | None) -> Tensor:
    return torch.randn(like.shape, generator=generator, dtype=like.dtype, device=like.device)


def _check_dims(n_dims: int) -> None:
    if n_dims < 1:
        raise ValueError(f"n_dims = {n_dims}; must be at least 1")
