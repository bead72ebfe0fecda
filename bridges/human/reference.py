"""Human reference: what people do on each task, with the source of every number.

>>> from bridges.human.reference import band, effect
>>> effect("pvt", "rt_mean_ms").value
259.5
>>> band("pvt", "rt_mean_ms").contains(251.0)
True
"""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pandas as pd

from bridges.human.band_table import BANDS
from bridges.human.effect import Band, Effect, confidence_interval
from bridges.human.effect_table import EFFECTS

__all__ = [
    "BANDS",
    "EFFECTS",
    "Band",
    "Effect",
    "as_frame",
    "band",
    "bands",
    "bands_frame",
    "confidence_interval",
    "effect",
    "effects",
    "tasks",
]


def tasks() -> tuple[str, ...]:
    """Names of the tasks that have human numbers, in the order of the table."""
    return tuple(dict.fromkeys([e.task for e in EFFECTS] + [b.task for b in BANDS]))


def effects(task: str, *, verified_only: bool = False) -> tuple[Effect, ...]:
    """All human reference effects of one task.

    Parameters
    ----------
    task
        Short name, e.g. ``"pvt"``.
    verified_only
        Leave out the numbers that are only remembered.

    Raises
    ------
    ValueError
        If the task has no human numbers.
    """
    _known(task)
    return tuple(e for e in EFFECTS if e.task == task and (e.verified or not verified_only))


def effect(task: str, measure: str, condition: str = "") -> Effect:
    """The one human value of a measure of a task in a condition (default: the task's baseline).

    Raises
    ------
    ValueError
        If there is none; names those that there are.
    """
    of_task = effects(task)
    found = [e for e in of_task if e.measure == measure and e.condition == condition]
    if not found:
        there_are = [f"{e.measure} [{e.condition}]" if e.condition else e.measure for e in of_task]
        raise ValueError(
            f"no human value of measure {measure!r}, condition {condition!r} for task {task!r}; "
            f"there are: {', '.join(there_are)}"
        )
    return found[0]


def bands(task: str) -> tuple[Band, ...]:
    """All acceptance bands of one task; an unknown task raises ValueError."""
    _known(task)
    return tuple(b for b in BANDS if b.task == task)


def band(task: str, measure: str) -> Band:
    """The acceptance band of one measure of one task.

    Raises
    ------
    ValueError
        If there is none; names those that there are.
    """
    for candidate in bands(task):
        if candidate.measure == measure:
            return candidate
    there_are = ", ".join(b.measure for b in bands(task)) or "none"
    raise ValueError(f"no band for measure {measure!r} of task {task!r}; bands of this task: {there_are}")


def as_frame(task: str | None = None) -> pd.DataFrame:
    """The reference effects as a table, one row an effect.

    Returns
    -------
    DataFrame
        The fields of `Effect`, ``verified`` (bool), and ``ci_low``, ``ci_high``: the published
        confidence interval, else the one from SD and N, else missing.
    """
    chosen = EFFECTS if task is None else effects(task)
    nan = (np.nan, np.nan)
    rows = [
        {
            **asdict(e),
            "verified": e.verified,
            "ci_low": (e.interval or nan)[0],
            "ci_high": (e.interval or nan)[1],
        }
        for e in chosen
    ]
    return pd.DataFrame(rows).astype({"low": float, "high": float, "spread_sd": float, "n": "Int64"})


def bands_frame(task: str | None = None) -> pd.DataFrame:
    """The acceptance bands as a table, one row a band with the fields of `Band`."""
    return pd.DataFrame([asdict(b) for b in (BANDS if task is None else bands(task))])


def _known(task: str) -> None:
    if task not in tasks():
        raise ValueError(f"no human numbers for task {task!r}; there are for: {', '.join(tasks())}")
