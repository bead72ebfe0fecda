"""Dual-task cost and the attention operating characteristic (AOC): accuracy of one task against the other.

With p_k the accuracy of task k, s_k that of the task alone and c_k chance,

    cost     = (s_k - p_k) / s_k
    a_k      = (p_k - c_k) / (s_k - c_k)
    sharing  = a_1 + a_2 - 1

Switching from trial to trial between the tasks gives the straight line from (s_1, c_2) to (c_1, s_2), on
which sharing is 0 (mutual exclusion); with no loss at all both are at the independence point (s_1, s_2),
where it is 1. Sperling & Melchner (1978), doi:10.1126/science.694536.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from bridges.measures.catalogue import Measure
from bridges.measures.effects.base import Family, components, curve, mean
from bridges.session import Session

__all__ = ["DUAL_TASK_EFFECTS", "aoc_area", "dual_task_curves", "dual_task_effects", "sharing"]

PRIORITY = "outer_priority"
EVEN = 0.5


def dual_task_effects(scored: pd.DataFrame, chance: tuple[float, float]) -> dict[str, float]:
    """Scalars of two tasks done at once under instructed priorities.

    Parameters
    ----------
    scored
        Rows of both components with the condition ``outer_priority``: the share of attention that the
        instruction gives to the first task; 1 and 0 are single tasks.
    chance
        Accuracy of a guess in each task.

    Returns
    -------
    dict
        ``dual_cost_t1``, ``dual_cost_t2`` at even priority and their mean ``dual_cost``; ``aoc_sharing`` at
        even priority; ``aoc_area`` (0.5: mutual exclusion, 1: independence); ``aoc_tradeoff_pp``: accuracy
        at the highest dual priority minus that at the lowest, mean over tasks; ``single_accuracy``.
    """
    one, two = _accuracies(scored)
    alone = float(one.get(1.0, np.nan)), float(two.get(0.0, np.nan))
    even = float(one.get(EVEN, np.nan)), float(two.get(EVEN, np.nan))
    costs = [(s - p) / s if s > 0 else np.nan for s, p in zip(alone, even, strict=True)]
    shared = sorted(set(one.index) & set(two.index))
    changes = [100 * (task[shared[-1]] - task[shared[0]]) for task in (one, two)] if shared else [np.nan] * 2
    return {
        "single_accuracy": mean(alone),
        "dual_accuracy": mean(even),
        "dual_cost": float(np.mean(costs)),
        "dual_cost_t1": costs[0],
        "dual_cost_t2": costs[1],
        "aoc_sharing": sharing(even, alone, chance),
        "aoc_area": aoc_area(np.array([one.reindex(shared), two.reindex(shared)]), alone, chance),
        "aoc_tradeoff_pp": (changes[0] - changes[1]) / 2 if len(shared) > 1 else float("nan"),
    }


def dual_task_curves(scored: pd.DataFrame) -> pd.DataFrame:
    """Accuracy of either task against the priority of the first."""
    one, two = _accuracies(scored)
    points = [curve("aoc_t1", one.to_dict()), curve("aoc_t2", two.to_dict())]
    return pd.concat(points, ignore_index=True)


def sharing(dual: tuple[float, float], alone: tuple[float, float], chance: tuple[float, float]) -> float:
    """Place of a dual-task point between mutual exclusion (0) and independence (1).

    Parameters
    ----------
    dual, alone, chance
        Accuracy of (first, second) task: together, each alone, by guessing.

    Returns
    -------
    float
        NaN where a task alone is not above chance: there is nothing to share.
    """
    if not all(s > c for s, c in zip(alone, chance, strict=True)):
        return float("nan")
    return float(sum((p - c) / (s - c) for p, s, c in zip(dual, alone, chance, strict=True)) - 1.0)


def aoc_area(dual: np.ndarray, alone: tuple[float, float], chance: tuple[float, float]) -> float:
    """Area under the AOC, each axis from chance (0) to the single task (1), by trapezoids.

    Parameters
    ----------
    dual
        Accuracies, shape (2, point): first and second task.
    alone, chance
        As for `sharing`.

    Returns
    -------
    float
        0.5 on the mutual-exclusion line, 1 at the independence point; clipped to that box's edges.
    """
    if dual.shape[1] == 0 or not np.isfinite(dual).all():
        return float("nan")
    if not all(s > c for s, c in zip(alone, chance, strict=True)):
        return float("nan")
    low, high = np.array(chance)[:, None], np.array(alone)[:, None]
    x, y = np.clip((dual - low) / (high - low), 0.0, 1.0)
    order = np.lexsort((-y, x))
    # the curve starts at the second task alone and ends at the first task alone
    x, y = np.concatenate([[0.0], x[order], [1.0]]), np.concatenate([[1.0], y[order], [0.0]])
    return float(np.trapezoid(y, x))


def _accuracies(scored: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    first, second = components(scored)
    one, two = (part.groupby(PRIORITY)["correct"].mean() for part in (first, second))
    return one, two


def _scalars(scored: pd.DataFrame, session: Session) -> dict[str, float]:
    sizes = session.components
    return dual_task_effects(scored, (1 / len(sizes["T1"]), 1 / len(sizes["T2"])))


def _curves(scored: pd.DataFrame, session: Session) -> pd.DataFrame:
    return dual_task_curves(scored)


DUAL_TASK_EFFECTS = Family(
    _scalars,
    _curves,
    (
        Measure("single_accuracy", "Accuracy, one task alone", "1"),
        Measure("dual_accuracy", "Accuracy, two tasks at even priority", "1"),
        Measure("dual_cost", "Dual-task cost (single - dual) / single", "1"),
        Measure("dual_cost_t1", "Dual-task cost of the first task", "1"),
        Measure("dual_cost_t2", "Dual-task cost of the second task", "1"),
        Measure("aoc_sharing", "Sharing: 0 mutual exclusion, 1 independence", "1"),
        Measure("aoc_area", "Area under the AOC", "1"),
        Measure("aoc_tradeoff_pp", "Accuracy gained by priority", "pp"),
        Measure("aoc_t1", "Accuracy of the first task", "1"),
        Measure("aoc_t2", "Accuracy of the second task", "1"),
    ),
)
"""Effects of the task dual_detection."""
