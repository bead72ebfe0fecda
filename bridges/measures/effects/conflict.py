"""Response conflict: what incongruent flankers cost, and where in the distribution of response times.

- conflict effect: RT (correct trials) and errors, incongruent minus congruent
- delta plot: quantiles of correct RT, incongruent minus congruent, against their mean
- conditional accuracy function: accuracy in fifths of all answers of a condition, from fast to slow; fast
  incongruent answers are those that flankers take
- sequence (Gratton) effect: conflict effect after congruent minus after incongruent trials, both right

Eriksen & Eriksen (1974), doi:10.3758/BF03203267; Gratton, Coles & Donchin (1992),
doi:10.1037/0096-3445.121.4.480; De Jong, Liang & Lauber (1994), doi:10.1037/0096-1523.20.4.731 (delta plots).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from bridges.measures.catalogue import Measure
from bridges.measures.effects.base import Family, curve, mean, mean_time_ms, slope, times_ms
from bridges.measures.response_time import FASTEST_S, QUANTILES, is_timed

__all__ = [
    "CONFLICT_EFFECTS",
    "conditional_accuracy",
    "conflict_curves",
    "conflict_effects",
    "delta_plot",
    "gratton_ms",
]

CONGRUENT, INCONGRUENT = "congruent", "incongruent"
FIFTHS = 5


def conflict_effects(scored: pd.DataFrame) -> dict[str, float]:
    """Scalars of conflict.

    Parameters
    ----------
    scored
        Trials in order, with ``trial_type`` (congruent, incongruent; others are left out) and ``block``.

    Returns
    -------
    dict
        ``conflict_ms``, ``conflict_accuracy_pp``; ``delta_slope``: slope of the delta plot (ms/ms);
        ``caf_dip_pp``: what incongruence costs in accuracy in the fastest fifth minus in the slowest;
        ``gratton_ms``.
    """
    kinds = {kind: _of(scored, kind) for kind in (CONGRUENT, INCONGRUENT)}
    rt = {kind: mean_time_ms(part) for kind, part in kinds.items()}
    right = {kind: mean(part["correct"].astype(float)) for kind, part in kinds.items()}
    middle, delta = delta_plot(scored)
    fifths = {kind: conditional_accuracy(part)[1] for kind, part in kinds.items()}
    cost = fifths[CONGRUENT] - fifths[INCONGRUENT]
    return {
        "conflict_ms": rt[INCONGRUENT] - rt[CONGRUENT],
        "conflict_accuracy_pp": 100 * (right[CONGRUENT] - right[INCONGRUENT]),
        "delta_slope": slope(middle, delta),
        "caf_dip_pp": 100 * float(cost[0] - cost[-1]),
        "gratton_ms": gratton_ms(scored),
        "congruent_rt_ms": rt[CONGRUENT],
        "congruent_accuracy": right[CONGRUENT],
    }


def conflict_curves(scored: pd.DataFrame) -> pd.DataFrame:
    """Delta plot by quantile, and conditional accuracy and its mean RT by fifth, of either kind."""
    middle, delta = delta_plot(scored)
    points = [
        curve("delta_ms", dict(zip(QUANTILES, delta, strict=True))),
        curve("delta_at_ms", dict(zip(QUANTILES, middle, strict=True))),
    ]
    for kind in (CONGRUENT, INCONGRUENT):
        at, right = conditional_accuracy(_of(scored, kind))
        points.append(curve("caf", dict(enumerate(right, start=1)), kind))
        points.append(curve("caf_at_ms", dict(enumerate(at, start=1)), kind))
    return pd.concat(points, ignore_index=True)


def delta_plot(scored: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Mean and difference of the quantiles of correct RT in either kind of trial (ms).

    Returns
    -------
    middle, delta
        Shape (5,): quantiles .1 to .9, mean of the two kinds and incongruent minus congruent; NaN where a
        kind has fewer than five correct trials.
    """
    times = [times_ms(_of(scored, kind)) for kind in (CONGRUENT, INCONGRUENT)]
    if min(part.size for part in times) < FIFTHS:
        return np.full(len(QUANTILES), np.nan), np.full(len(QUANTILES), np.nan)
    one, two = (np.quantile(part, QUANTILES) for part in times)
    return (one + two) / 2, two - one


def conditional_accuracy(scored: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Mean RT (ms) and accuracy in fifths of the answered trials, from fast to slow, each of shape (5,).

    NaN with fewer than ten answers.
    """
    time_s = scored["response_time_s"].to_numpy(dtype=float)
    answered = time_s >= FASTEST_S
    order = np.argsort(time_s[answered], kind="stable")
    if order.size < 2 * FIFTHS:
        return np.full(FIFTHS, np.nan), np.full(FIFTHS, np.nan)
    right = scored["correct"].to_numpy(dtype=float)[answered][order]
    fifths = np.array_split(np.arange(order.size), FIFTHS)
    at = 1e3 * time_s[answered][order]
    return np.array([at[f].mean() for f in fifths]), np.array([right[f].mean() for f in fifths])


def gratton_ms(scored: pd.DataFrame) -> float:
    """Conflict effect after congruent minus after incongruent trials (ms); the trial before must be right.

    The first trial of a block follows on none.
    """
    kind = scored["trial_type"].astype(str).to_numpy()
    right = scored["correct"].to_numpy(dtype=bool)
    block = scored["block"].to_numpy() if "block" in scored else np.zeros(len(scored))
    before = np.append([""], kind[:-1])
    follows = np.append([False], (block[1:] == block[:-1]) & right[:-1])
    counted = follows & is_timed(scored)
    time_ms = 1e3 * scored["response_time_s"].to_numpy(dtype=float)

    def conflict(after: str) -> float:
        of = [mean(time_ms[counted & (before == after) & (kind == now)]) for now in (INCONGRUENT, CONGRUENT)]
        return of[0] - of[1]

    return conflict(CONGRUENT) - conflict(INCONGRUENT)


def _of(scored: pd.DataFrame, kind: str) -> pd.DataFrame:
    return scored[scored["trial_type"].astype(str) == kind]


CONFLICT_EFFECTS = Family.of_trials(
    conflict_effects,
    conflict_curves,
    (
        Measure("conflict_ms", "RT, incongruent - congruent", "ms"),
        Measure("conflict_accuracy_pp", "Accuracy, congruent - incongruent", "pp"),
        Measure("delta_slope", "Slope of the delta plot", "ms/ms"),
        Measure("caf_dip_pp", "Cost to accuracy, fastest - slowest fifth", "pp"),
        Measure("gratton_ms", "Conflict, after congruent - after incongruent", "ms"),
        Measure("congruent_rt_ms", "Response time, congruent", "ms"),
        Measure("congruent_accuracy", "Accuracy, congruent", "1"),
        Measure("delta_ms", "RT, incongruent - congruent", "ms"),
        Measure("delta_at_ms", "Mean of the quantiles", "ms"),
        Measure("caf", "Accuracy", "1"),
        Measure("caf_at_ms", "Response time", "ms"),
    ),
)
"""Effects of the task flanker."""
