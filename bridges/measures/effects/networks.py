"""Attention network test: alerting, orienting and conflict as differences of response times.

    alerting  = RT(no cue)      - RT(double cue)
    orienting = RT(centre cue)  - RT(spatial cue)
    conflict  = RT(incongruent) - RT(congruent)

on mean correct response times of all trials of a cue or kind of flankers. Fan et al. (2002),
doi:10.1162/089892902317361886.
"""

from __future__ import annotations

import pandas as pd

from bridges.measures.catalogue import Measure
from bridges.measures.effects.base import Family, curve, mean_time_ms
from bridges.measures.effects.conflict import CONFLICT_EFFECTS, conflict_curves, conflict_effects

__all__ = ["NETWORK_EFFECTS", "network_curves", "network_effects"]

CUES = ("none", "center", "double", "spatial")
"""In the order of the axis of the curve."""


def network_effects(scored: pd.DataFrame) -> dict[str, float]:
    """Scalars of the attention networks: ``alerting_ms``, ``orienting_ms`` and those of conflict.

    Parameters
    ----------
    scored
        Trials with ``cue`` (none, center, double, spatial) and ``trial_type`` (congruent, incongruent,
        neutral).
    """
    rt = _by_cue(scored)
    return {
        "alerting_ms": rt["none"] - rt["double"],
        "orienting_ms": rt["center"] - rt["spatial"],
        **conflict_effects(scored),
    }


def network_curves(scored: pd.DataFrame) -> pd.DataFrame:
    """Response time (ms) against the cue (0 none, 1 centre, 2 double, 3 spatial) by kind of flankers."""
    points = [conflict_curves(scored)]
    for kind, part in scored.groupby(scored["trial_type"].astype(str)):
        rt = _by_cue(part)
        points.append(curve("cue_rt_ms", {k: rt[cue] for k, cue in enumerate(CUES)}, str(kind)))
    return pd.concat(points, ignore_index=True)


def _by_cue(scored: pd.DataFrame) -> dict[str, float]:
    cue = scored["cue"].astype(str)
    return {name: mean_time_ms(scored[cue == name]) for name in CUES}


NETWORK_EFFECTS = Family.of_trials(
    network_effects,
    network_curves,
    (
        Measure("alerting_ms", "Alerting: RT, no cue - double cue", "ms"),
        Measure("orienting_ms", "Orienting: RT, centre - spatial cue", "ms"),
        Measure("cue_rt_ms", "Response time", "ms"),
        *CONFLICT_EFFECTS.catalogue,
    ),
)
"""Effects of the task ant."""
