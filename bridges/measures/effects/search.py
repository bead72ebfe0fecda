"""Visual search: slope of response time on the number of items, with and without a target.

    RT = intercept + slope x N

A search that stops when it finds the target looks at half of the items on average where there is one, and at
all where there is none: a ratio of slopes of 2 (Treisman & Gelade 1980, doi:10.1016/0010-0285(80)90005-5).
"""

from __future__ import annotations

import pandas as pd

from bridges.measures.catalogue import Measure
from bridges.measures.effects.base import Family, curve, line, mean_time_ms

__all__ = ["SEARCH_EFFECTS", "search_curves", "search_effects"]

PRESENT, ABSENT = "present", "absent"

LEAST_SLOPE = 1.0
"""A present slope below this (ms/item) is no search; a ratio to it would say nothing."""


def search_effects(scored: pd.DataFrame) -> dict[str, float]:
    """Scalars of search.

    Parameters
    ----------
    scored
        Trials with ``trial_type`` (present, absent) and ``set_size``.

    Returns
    -------
    dict
        ``slope_present_ms_per_item``, ``slope_absent_ms_per_item``, their ratio
        ``slope_ratio_absent_present`` (NaN where the present slope is below 1 ms/item),
        ``slope_difference_ms_per_item`` (absent - present),
        intercepts (ms), ``miss_rise_pp``: misses with the most items minus with the fewest, and
        ``search_false_alarm_rate``.
    """
    rt, wrong = _by_size(scored)
    present, intercept_present = line(rt.index, rt[PRESENT])
    absent, intercept_absent = line(rt.index, rt[ABSENT])
    return {
        "slope_present_ms_per_item": present,
        "slope_absent_ms_per_item": absent,
        "slope_difference_ms_per_item": absent - present,
        "slope_ratio_absent_present": absent / present if present >= LEAST_SLOPE else float("nan"),
        "intercept_present_ms": intercept_present,
        "intercept_absent_ms": intercept_absent,
        "miss_rise_pp": 100 * float(wrong[PRESENT].iloc[-1] - wrong[PRESENT].iloc[0]),
        "search_false_alarm_rate": float(wrong[ABSENT].mean()),
    }


def search_curves(scored: pd.DataFrame) -> pd.DataFrame:
    """Response time (ms) and errors against the number of items, present and absent."""
    rt, wrong = _by_size(scored)
    points = [curve("search_rt_ms", rt[kind].to_dict(), kind) for kind in (PRESENT, ABSENT)]
    points += [curve("search_errors", wrong[kind].to_dict(), kind) for kind in (PRESENT, ABSENT)]
    return pd.concat(points, ignore_index=True)


def _by_size(scored: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    kinds = scored["trial_type"].astype(str)
    times, wrong = {}, {}
    for size, part in scored.groupby("set_size"):
        of = {kind: part[kinds[part.index] == kind] for kind in (PRESENT, ABSENT)}
        times[size] = {kind: mean_time_ms(rows) for kind, rows in of.items()}
        wrong[size] = {kind: 1 - float(rows["correct"].mean()) for kind, rows in of.items()}
    return pd.DataFrame.from_dict(times, orient="index"), pd.DataFrame.from_dict(wrong, orient="index")


SEARCH_EFFECTS = Family.of_trials(
    search_effects,
    search_curves,
    (
        Measure("slope_present_ms_per_item", "Search slope, target present", "ms/item"),
        Measure("slope_absent_ms_per_item", "Search slope, target absent", "ms/item"),
        Measure("slope_difference_ms_per_item", "Search slope, absent - present", "ms/item"),
        Measure("slope_ratio_absent_present", "Search slope, absent / present", "1"),
        Measure("intercept_present_ms", "Intercept, target present", "ms"),
        Measure("intercept_absent_ms", "Intercept, target absent", "ms"),
        Measure("miss_rise_pp", "Misses, most - fewest items", "pp"),
        Measure("search_false_alarm_rate", "False alarms", "1"),
        Measure("search_rt_ms", "Response time", "ms"),
        Measure("search_errors", "Errors", "1"),
    ),
)
"""Effects of the task visual_search."""
