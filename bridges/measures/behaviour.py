"""Outcomes of go/no-go trials and signal detection; a go trial is the signal.

    H' = (hits + 1/2) / (n_go + 1),  F' = (commissions + 1/2) / (n_no_go + 1)
    d' = z(H') - z(F'),              c  = -(z(H') + z(F')) / 2

The log-linear correction is that of Hautus (1995), doi:10.3758/BF03203619. With go as the signal a
participant who presses readily has a negative criterion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from bridges.session import NO_RESPONSE

__all__ = ["Outcomes", "count_outcomes", "criterion", "d_prime", "is_go"]


@dataclass(frozen=True)
class Outcomes:
    """Counts of the outcomes of a set of trials.

    Parameters
    ----------
    n_go, n_no_go
        Trials to respond to and to withhold to.
    hits
        Go trials with the right response.
    omissions
        Go trials without a response.
    commissions
        No-go trials with a response.
    """

    n_go: int
    n_no_go: int
    hits: int
    omissions: int
    commissions: int

    @property
    def misses(self) -> int:
        """Go trials without the right response."""
        return self.n_go - self.hits

    @property
    def correct_rejections(self) -> int:
        """No-go trials without a response."""
        return self.n_no_go - self.commissions

    @property
    def accuracy(self) -> float:
        """Share of all trials that are right; NaN without trials."""
        return _share(self.hits + self.correct_rejections, self.n_go + self.n_no_go)

    @property
    def hit_rate(self) -> float:
        """Share of go trials with the right response; NaN without go trials."""
        return _share(self.hits, self.n_go)

    @property
    def omission_rate(self) -> float:
        """Share of go trials without a response; NaN without go trials."""
        return _share(self.omissions, self.n_go)

    @property
    def commission_rate(self) -> float:
        """Share of no-go trials with a response; NaN without no-go trials."""
        return _share(self.commissions, self.n_no_go)

    @property
    def d_prime(self) -> float:
        """Sensitivity with the log-linear correction."""
        return float(d_prime(self.hits, self.n_go, self.commissions, self.n_no_go))

    @property
    def criterion(self) -> float:
        """Criterion with the log-linear correction."""
        return float(criterion(self.hits, self.n_go, self.commissions, self.n_no_go))


def is_go(scored: pd.DataFrame) -> np.ndarray:
    """Whether each trial asks for a response, shape (trial,)."""
    return scored["correct_response"].to_numpy(dtype=object) != NO_RESPONSE


def count_outcomes(scored: pd.DataFrame) -> Outcomes:
    """Count the outcomes of scored trials.

    Parameters
    ----------
    scored
        Trials with their answers, as `Responses.scored` gives them.
    """
    go = is_go(scored)
    correct = scored["correct"].to_numpy(dtype=bool)
    answered = scored["response"].notna().to_numpy()
    return Outcomes(
        n_go=int(go.sum()),
        n_no_go=int((~go).sum()),
        hits=int((go & correct).sum()),
        omissions=int((go & ~answered).sum()),
        commissions=int((~go & answered).sum()),
    )


def d_prime(hits: Any, n_go: Any, commissions: Any, n_no_go: Any) -> np.ndarray:
    """Sensitivity d' = z(H') - z(F'), log-linear correction.

    Parameters
    ----------
    hits, n_go, commissions, n_no_go
        Counts, numbers or arrays of one shape.

    Returns
    -------
    ndarray
        d'; NaN where there are no go or no no-go trials.

    References
    ----------
    Hautus (1995), doi:10.3758/BF03203619.
    """
    z_hit, z_commission = _z_rates(hits, n_go, commissions, n_no_go)
    return z_hit - z_commission


def criterion(hits: Any, n_go: Any, commissions: Any, n_no_go: Any) -> np.ndarray:
    """Criterion c = -(z(H') + z(F')) / 2, log-linear correction; negative: inclined to press.

    Parameters
    ----------
    hits, n_go, commissions, n_no_go
        Counts, numbers or arrays of one shape.

    Returns
    -------
    ndarray
        c; NaN where there are no go or no no-go trials.

    References
    ----------
    Hautus (1995), doi:10.3758/BF03203619.
    """
    z_hit, z_commission = _z_rates(hits, n_go, commissions, n_no_go)
    return -(z_hit + z_commission) / 2.0


def _z_rates(hits: Any, n_go: Any, commissions: Any, n_no_go: Any) -> tuple[np.ndarray, np.ndarray]:
    hits, n_go, commissions, n_no_go = (
        np.asarray(x, dtype=float) for x in (hits, n_go, commissions, n_no_go)
    )
    both = (n_go > 0) & (n_no_go > 0)
    z_hit = ndtri((hits + 0.5) / (n_go + 1.0))
    z_commission = ndtri((commissions + 0.5) / (n_no_go + 1.0))
    return np.where(both, z_hit, np.nan), np.where(both, z_commission, np.nan)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
