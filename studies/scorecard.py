"""Scorecard: what an agent did, beside what people do, with its interval and its place in the band.

A row is an effect; its band is the acceptance band of the human reference where there is one, else the
human mean plus and minus one standard deviation between people, which is wider and says so.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from bridges.human.reference import Effect, bands, effects, tasks
from bridges.measures import bootstrap_ci
from studies.scores import Scores, label_of, unit_of

__all__ = [
    "IN_BAND",
    "MEASURES",
    "NOT_MEASURED",
    "NO_BAND",
    "OUTSIDE",
    "Row",
    "SET",
    "human_effect",
    "rows_of",
    "scorecard",
]

IN_BAND, OUTSIDE, NO_BAND, NOT_MEASURED = "in band", "outside", "no band", "not measured"
SET = "calibrated"


@dataclass(frozen=True)
class Row:
    """One effect and the human band it is held against.

    Parameters
    ----------
    task, measure
        As in the scores.
    label
        For people to read.
    unit
        Unit of the band and of the human value.
    human, human_low, human_high
        Human mean and its 95 % interval; NaN where not known.
    low, high
        Band; NaN where there is none.
    band_kind
        Where the band comes from, in words.
    source
        Who measured the people.
    """

    task: str
    measure: str
    label: str
    unit: str
    human: float
    human_low: float
    human_high: float
    low: float
    high: float
    band_kind: str
    source: str


MEASURES: dict[str, tuple[str, ...]] = {
    "sart": (
        "commission_rate",
        "omission_rate",
        "commission_change_pp",
        "d_prime",
        "rt_mean_ms",
        "rt_cv",
        "rt_change_ms",
    ),
    "cpt_x": (
        "commission_rate",
        "omission_rate",
        "d_prime",
        "criterion",
        "rt_mean_ms",
        "rt_cv",
        "rt_isi_slope_ms_per_s",
    ),
    "pvt": (
        "rt_mean_ms",
        "rt_median_ms",
        "speed_per_s",
        "rt_cv",
        "rt_skew",
        "rt_slope_ms_per_min",
        "lapse_rate",
    ),
    "mackworth": ("omission_rate", "omission_change_pp", "d_prime", "d_prime_change", "criterion_change"),
    "grad_cpt": ("commission_rate", "omission_rate", "d_prime", "d_prime_change", "criterion_change"),
    "ax_cpt": (
        "d_prime_context",
        "pbi_error",
        "context_cost_pp",
        "error_ax",
        "error_ay",
        "error_bx",
        "error_by",
    ),
    "prp": (
        "prp_effect_ms",
        "rt2_soa_slope",
        "rt2_soa_slope_long",
        "rt1_soa_effect_ms",
        "accuracy_t1",
        "accuracy_t2",
    ),
    "attentional_blink": (
        "blink_magnitude_pp",
        "blink_depth_pp",
        "lag1_sparing_pp",
        "blink_half_recovery_lag",
        "t1_accuracy",
    ),
    "dual_detection": ("dual_cost", "aoc_sharing", "aoc_tradeoff_pp", "single_accuracy"),
    "change_detection": ("cowan_k", "k_rise_small", "k_rise_large", "set_size_cost_pp"),
    "mot": (
        "target_cost_pp",
        "speed_cost_pp",
        "objects_tracked",
        "speed_ratio_2_to_1",
        "speed_ratio_3_to_1",
    ),
    "posner": ("validity_ms", "validity_slope", "valid_rt_ms"),
    "flanker": ("conflict_ms", "conflict_accuracy_pp", "delta_slope", "caf_dip_pp", "gratton_ms"),
    "visual_search": (
        "slope_present_ms_per_item",
        "slope_absent_ms_per_item",
        "slope_ratio_absent_present",
        "miss_rise_pp",
    ),
    "ant": ("alerting_ms", "orienting_ms", "conflict_ms", "conflict_accuracy_pp"),
}
"""Effects shown for each task."""


def human_effect(task: str, measure: str) -> Effect | None:
    """The human baseline value of a measure, preferring verified numbers; None where there is none."""
    if task not in tasks():
        return None
    of_measure = [e for e in effects(task) if e.measure == measure]
    baseline = [e for e in of_measure if not e.condition]
    # remembered numbers carry a condition; better than nothing, and marked unverified where shown
    remembered = [e for e in of_measure if not e.verified]
    return next(iter(baseline or remembered), None)


def rows_of(task: str) -> list[Row]:
    """The effects of one task."""
    known = {b.measure: b for b in bands(task)} if task in tasks() else {}
    rows = []
    for measure in MEASURES.get(task, ()):
        human = human_effect(task, measure)
        low, high, kind = np.nan, np.nan, ""
        if measure in known:
            low, high, kind = known[measure].low, known[measure].high, "acceptance band"
        elif human is not None and human.spread_sd is not None:
            low, high, kind = (
                human.value - human.spread_sd,
                human.value + human.spread_sd,
                "human mean ± 1 SD",
            )
            low = max(low, 0.0) if human.unit == "fraction" else low
        elif human is not None and human.interval is not None:
            low, high = human.interval
            kind = "human interval" + ("" if human.verified else ", unverified")
        interval = (human.interval if human is not None else None) or (np.nan, np.nan)
        source = known[measure].source if measure in known else (_cited(human) if human is not None else "")
        value = human.value if human is not None else np.nan
        unit = human.unit if human is not None else unit_of(measure)
        rows.append(Row(task, measure, label_of(measure), unit, value, *interval, low, high, kind, source))
    return rows


def scorecard(
    scores: Scores,
    studied: Sequence[str],
    resamples: int = 10_000,
    calibrated: Collection[tuple[str, str, str]] = (),
) -> pd.DataFrame:
    """One row an effect and agent.

    Parameters
    ----------
    scores
        What was measured.
    studied
        Names of the tasks.
    resamples
        Bootstrap resamples over participants.
    calibrated
        (task, agent, measure) of what calibration set: held against no band.

    Returns
    -------
    DataFrame
        The fields of `Row`, and ``agent``, ``value``, ``ci_low``, ``ci_high`` (95 %, bootstrap over
        participants), ``n``, ``reached`` (in band, outside, no band, not measured,
        calibrated).
    """
    cells = []
    for task in studied:
        for row in rows_of(task):
            for agent in scores.agents(task):
                interval = bootstrap_ci(scores.values(task, agent, row.measure), n=resamples)
                cells.append(
                    {
                        **asdict(row),
                        "agent": agent,
                        "value": interval.estimate,
                        "ci_low": interval.low,
                        "ci_high": interval.high,
                        "n": interval.n,
                        "reached": _reached(row, interval.estimate, (task, agent, row.measure) in calibrated),
                    }
                )
    return pd.DataFrame(cells)


def _reached(row: Row, value: float, calibrated: bool) -> str:
    if np.isnan(value):
        return NOT_MEASURED
    if calibrated:
        return SET
    if np.isnan(row.low):
        return NO_BAND
    return IN_BAND if row.low <= value <= row.high else OUTSIDE


def _cited(human: Effect) -> str:
    people = f", N = {human.n}" if human.n else ""
    where = f" ({human.doi_or_dataset})" if human.doi_or_dataset else ""
    return f"{human.source}{where}{people}{'' if human.verified else '; unverified'}"
