"""Multiple object tracking: accuracy against the number of targets and their speed.

Of n objects one is probed, a target on half of the trials. Whoever follows m of them and guesses otherwise
is right with P = m/n + (1 - m/n)/2, so

    m = n (2 P - 1)

Accuracy falls with speed v as P(v) = 1/2 + 1/2 / (1 + exp((v - v50) / s)); v50, at which P = .75, is the
speed threshold. Scholl, Pylyshyn & Feldman (2001), doi:10.1016/S0010-0277(00)00157-8 (formula for m
UNVERIFIED).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit

from bridges.measures.catalogue import Measure
from bridges.measures.effects.base import Family, curve, mean, slope

__all__ = ["TRACKING_EFFECTS", "objects_tracked", "speed_threshold", "tracking_curves", "tracking_effects"]

MOST_TARGETS = 4
"""Numbers of targets that have a threshold of their own in the catalogue."""

REACH = 2.0
"""A threshold beyond this many times the fastest speed shown (or below the slowest over it) is not known."""


def objects_tracked(accuracy: float, n_objects: int) -> float:
    """Effective number of objects tracked, m = n (2 P - 1).

    Parameters
    ----------
    accuracy
        P: share of probes answered rightly.
    n_objects
        n: objects of which one is probed: the targets, where distractors are never probed.
    """
    return float(n_objects * (2.0 * accuracy - 1.0))


def speed_threshold(speed: np.ndarray, correct: np.ndarray) -> float:
    """Speed v50 at which accuracy is halfway between chance and perfect, by maximum likelihood.

    Parameters
    ----------
    speed
        Speed of each trial, > 0, any unit.
    correct
        Whether each was answered rightly.

    Returns
    -------
    float
        In the unit of `speed`; NaN with fewer than two speeds, or where the threshold lies too far outside
        of the speeds shown to be told.
    """
    v, right = np.asarray(speed, dtype=float), np.asarray(correct, dtype=bool)
    if np.unique(v).size < 2:
        return float("nan")
    unit = float(v.max())
    x = v / unit

    def loss(theta: np.ndarray) -> float:
        p = np.clip(0.5 + 0.5 * expit((theta[0] - x) / np.exp(theta[1])), 1e-6, 1 - 1e-6)
        # weak prior on the width (log s), so that a step between two speeds has a finite one
        return float(-np.log(np.where(right, p, 1 - p)).sum() + 0.5 * ((theta[1] - np.log(0.2)) / 1.0) ** 2)

    found = minimize(loss, np.array([float(np.median(x)), np.log(0.2)]), method="Nelder-Mead")
    threshold = unit * float(found.x[0])
    return threshold if v.min() / REACH <= threshold <= v.max() * REACH else float("nan")


def tracking_effects(scored: pd.DataFrame) -> dict[str, float]:
    """Scalars of tracking.

    Parameters
    ----------
    scored
        Trials with the conditions ``n_targets`` and ``speed``.

    Returns
    -------
    dict
        ``tracking_accuracy``; ``target_cost_pp`` and ``speed_cost_pp``: accuracy with the fewest targets
        (lowest speed) minus that with the most (highest); ``target_slope_pp`` per target;
        ``objects_tracked`` m with the most targets; ``speed_threshold_k`` and
        ``speed_ratio_2_to_1``, ``speed_ratio_3_to_1`` of thresholds.
    """
    right = scored["correct"].astype(float)
    by_targets, by_speed = (right.groupby(scored[name]).mean() for name in ("n_targets", "speed"))
    thresholds = _thresholds(scored)
    ratios = {
        f"speed_ratio_{k}_to_1": thresholds[f"speed_threshold_{k}"] / thresholds["speed_threshold_1"]
        for k in (2, 3)
    }
    return {
        "tracking_accuracy": mean(right),
        "target_cost_pp": 100 * float(by_targets.iloc[0] - by_targets.iloc[-1]),
        "target_slope_pp": 100 * slope(by_targets.index, by_targets),
        "speed_cost_pp": 100 * float(by_speed.iloc[0] - by_speed.iloc[-1]),
        "objects_tracked": objects_tracked(float(by_targets.iloc[-1]), int(by_targets.index[-1])),
        **thresholds,
        **ratios,
    }


def tracking_curves(scored: pd.DataFrame) -> pd.DataFrame:
    """Accuracy against the number of targets, over all speeds and at each speed."""
    right = scored["correct"].astype(float)
    points = [curve("target_accuracy", right.groupby(scored["n_targets"]).mean().to_dict(), "all speeds")]
    for speed, part in scored.groupby("speed"):
        means = part["correct"].astype(float).groupby(part["n_targets"]).mean()
        points.append(curve("target_accuracy_by_speed", means.to_dict(), f"speed {speed:g}"))
    return pd.concat(points, ignore_index=True)


def _thresholds(scored: pd.DataFrame) -> dict[str, float]:
    names = {k: f"speed_threshold_{k}" for k in range(1, MOST_TARGETS + 1)}
    found = dict.fromkeys(names.values(), float("nan"))
    for n_targets, name in names.items():
        part = scored[scored["n_targets"] == n_targets]
        speed, correct = part["speed"].to_numpy(dtype=float), part["correct"].to_numpy(dtype=bool)
        found[name] = speed_threshold(speed, correct)
    return found


TRACKING_EFFECTS = Family.of_trials(
    tracking_effects,
    tracking_curves,
    (
        Measure("tracking_accuracy", "Accuracy of tracking", "1"),
        Measure("target_cost_pp", "Accuracy, fewest - most targets", "pp"),
        Measure("target_slope_pp", "Change of accuracy per target", "pp"),
        Measure("speed_cost_pp", "Accuracy, lowest - highest speed", "pp"),
        Measure("objects_tracked", "Objects tracked, most targets", "objects"),
        *(
            Measure(
                f"speed_threshold_{k}", f"Speed threshold, {k} target{'s' * (k > 1)}", "speed of the task"
            )
            for k in range(1, MOST_TARGETS + 1)
        ),
        Measure("speed_ratio_2_to_1", "Speed threshold, 2 targets / 1", "1"),
        Measure("speed_ratio_3_to_1", "Speed threshold, 3 targets / 1", "1"),
        Measure("target_accuracy", "Accuracy of tracking", "1"),
        Measure("target_accuracy_by_speed", "Accuracy of tracking at each speed", "1"),
    ),
)
"""Effects of the task mot."""
