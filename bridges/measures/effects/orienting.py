"""Spatial cueing: response time where the cue pointed elsewhere minus where it pointed to the target.

    validity effect = RT(invalid) - RT(valid) = benefit + cost,
    benefit = RT(neutral) - RT(valid),  cost = RT(invalid) - RT(neutral)

Posner (1980), doi:10.1080/00335558008248231. Each delay counts alike.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from bridges.measures.catalogue import Measure
from bridges.measures.effects.base import Family, curve, mean, mean_time_ms, slope

__all__ = ["ORIENTING_EFFECTS", "orienting_curves", "orienting_effects"]

TYPES = ("valid", "invalid", "neutral")


def orienting_effects(scored: pd.DataFrame) -> dict[str, float]:
    """Scalars of cueing.

    Parameters
    ----------
    scored
        Trials with ``trial_type`` (valid, invalid, neutral) and ``soa_s``.

    Returns
    -------
    dict
        ``validity_ms``, ``validity_benefit_ms``, ``validity_cost_ms``: means over delays.
        ``validity_slope``: change of the validity effect with the delay (ms per 100 ms).
        ``validity_accuracy_pp``: accuracy with valid minus with invalid cues.
    """
    times = _times(scored)
    validity = times["invalid"] - times["valid"]
    right = {kind: mean(scored["correct"].astype(float)[scored["trial_type"] == kind]) for kind in TYPES}
    return {
        "validity_ms": mean(validity),
        "validity_benefit_ms": mean(times["neutral"] - times["valid"]),
        "validity_cost_ms": mean(times["invalid"] - times["neutral"]),
        "validity_slope": 100 * slope(validity.index, validity),
        "validity_accuracy_pp": 100 * (right["valid"] - right["invalid"]),
        "valid_rt_ms": mean(times["valid"]),
    }


def orienting_curves(scored: pd.DataFrame) -> pd.DataFrame:
    """Response time with each kind of cue, and the validity effect, against the delay (ms)."""
    times = _times(scored)
    points = [curve("cued_rt_ms", times[kind].dropna().to_dict(), kind) for kind in TYPES]
    points.append(curve("validity_effect_ms", (times["invalid"] - times["valid"]).to_dict()))
    return pd.concat([part for part in points if len(part)], ignore_index=True)


def _times(scored: pd.DataFrame) -> pd.DataFrame:
    """Mean correct response time (ms): one row a delay (ms), one column a kind of cue."""
    kinds = scored["trial_type"].astype(str)
    soa_ms = np.round(1e3 * scored["soa_s"].to_numpy(dtype=float), 6)
    rows = {
        soa: {kind: mean_time_ms(scored[(kinds == kind) & (soa_ms == soa)]) for kind in TYPES}
        for soa in np.unique(soa_ms)
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(TYPES))


ORIENTING_EFFECTS = Family.of_trials(
    orienting_effects,
    orienting_curves,
    (
        Measure("validity_ms", "RT, invalid - valid", "ms"),
        Measure("validity_benefit_ms", "Benefit: RT, neutral - valid", "ms"),
        Measure("validity_cost_ms", "Cost: RT, invalid - neutral", "ms"),
        Measure("validity_slope", "Change of the validity effect with SOA", "ms/100 ms"),
        Measure("validity_accuracy_pp", "Accuracy, valid - invalid", "pp"),
        Measure("valid_rt_ms", "Response time, valid cue", "ms"),
        Measure("cued_rt_ms", "Response time", "ms"),
        Measure("validity_effect_ms", "Validity effect", "ms"),
    ),
)
"""Effects of the task posner."""
