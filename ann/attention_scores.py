"""How well a query fits a key: the four scores of the attention literature, and attention with any of them.

    additive     e = v . tanh(W q + U k)      Bahdanau et al. 2015, doi:10.48550/arXiv.1409.0473
    general      e = q . W k                  Luong et al. 2015, doi:10.18653/v1/D15-1166 ("multiplicative")
    dot          e = q . k                    Luong et al. 2015
    scaled dot   e = q . k / sqrt(d)          Vaswani et al. 2017, doi:10.48550/arXiv.1706.03762

Then p = softmax(e) over keys, and the outcome is sum_s p_s v_s.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ann.scaled_dot import ScoreLimit

__all__ = [
    "SCORES",
    "AdditiveAttention",
    "AdditiveScore",
    "Attention",
    "DotScore",
    "GeneralScore",
    "ScaledDotScore",
    "score",
]


class AdditiveScore(nn.Module):
    """e_ts = v . tanh(W q_t + U k_s); queries and keys may differ in width.

    Parameters
    ----------
    d_query, d_key
        Widths of queries and keys.
    d_hidden
        Width in between; None: as the queries.
    generator
        Source of the initial weights, uniform in +-1/sqrt(fan in).
    """

    def __init__(
        self,
        d_query: int,
        d_key: int,
        d_hidden: int | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        hidden = d_hidden or d_query
        self.query = _weight(hidden, d_query, generator)
        self.key = _weight(hidden, d_key, generator)
        self.out = _weight(1, hidden, generator)

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        """Scores (batch, target, source) of queries (batch, target, d) and keys (batch, source, d)."""
        met = torch.tanh((query @ self.query.t()).unsqueeze(2) + (key @ self.key.t()).unsqueeze(1))
        return met @ self.out[0]


class GeneralScore(nn.Module):
    """e_ts = q_t . W k_s; queries and keys may differ in width. Parameters as in `AdditiveScore`."""

    def __init__(self, d_query: int, d_key: int, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.weight = _weight(d_query, d_key, generator)

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        """Scores (batch, target, source) of queries (batch, target, d) and keys (batch, source, d)."""
        return query @ (key @ self.weight.t()).transpose(-2, -1)


class DotScore(nn.Module):
    """e_ts = q_t . k_s; queries and keys have one width."""

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        """Scores (batch, target, source) of queries (batch, target, d) and keys (batch, source, d)."""
        return query @ key.transpose(-2, -1)


class ScaledDotScore(nn.Module):
    """e_ts = q_t . k_s / sqrt(d): the spread of the scores does not grow with the width d."""

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        """Scores (batch, target, source) of queries (batch, target, d) and keys (batch, source, d)."""
        return query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5


SCORES = ("additive", "general", "dot", "scaled_dot")
"""Names of the scores."""


def score(name: str, d_query: int, d_key: int, generator: torch.Generator | None = None) -> nn.Module:
    """The score of a name.

    Raises
    ------
    ValueError
        If the name is unknown, or the score needs queries and keys of one width.
    """
    if name not in SCORES:
        raise ValueError(f"unknown score {name!r}; known are {list(SCORES)}")
    if name in ("dot", "scaled_dot") and d_query != d_key:
        raise ValueError(f"score {name!r} needs one width, but d_query = {d_query} and d_key = {d_key}")
    if name == "additive":
        return AdditiveScore(d_query, d_key, generator=generator)
    if name == "general":
        return GeneralScore(d_query, d_key, generator)
    return DotScore() if name == "dot" else ScaledDotScore()


class Attention(nn.Module):
    """Attention with one head and any score.

    Parameters
    ----------
    score
        Module that gives scores (batch, target, source).

    Attributes
    ----------
    limit
        Acts on the scores before they compete (`ann.limits`); None, as at first: none.
    """

    def __init__(self, score: nn.Module) -> None:
        super().__init__()
        self.score = score
        self.limit: ScoreLimit | None = None

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Mix values by how well their keys fit the queries.

        Parameters
        ----------
        query
            Shape (batch, target, d_query).
        key, value
            Shapes (batch, source, d_key) and (batch, source, d_value).
        mask
            True where a source can be seen, broadcast to (batch, target, source); None: everywhere.

        Returns
        -------
        context : Tensor
            Shape (batch, target, d_value).
        weights : Tensor
            Shape (batch, target, source); they sum to 1 over sources.
        """
        scores = self.score(query, key)
        if mask is not None:
            scores = scores.masked_fill(~mask, float("-inf"))
        weights = torch.softmax(scores if self.limit is None else self.limit(scores), dim=-1)
        return weights @ value, weights


class AdditiveAttention(Attention):
    """Attention with the additive score; parameters as of `AdditiveScore`, call as of `Attention`."""

    def __init__(
        self,
        d_query: int,
        d_key: int,
        d_hidden: int | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(AdditiveScore(d_query, d_key, d_hidden, generator))


def _weight(n_out: int, n_in: int, generator: torch.Generator | None) -> nn.Parameter:
    if n_out < 1 or n_in < 1:
        raise ValueError(f"a weight of shape ({n_out}, {n_in}); widths must be at least 1")
    return nn.Parameter(torch.empty(n_out, n_in).uniform_(-(n_in**-0.5), n_in**-0.5, generator=generator))
