"""Names, labels and units of every scalar measure, for sidecars and axes."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CATALOGUE", "LABELS", "UNITS", "Measure"]


class Measure(NamedTuple):
    """One scalar measure.

    Parameters
    ----------
    name
        Name in tables.
    label
        Label on an axis, without the unit.
    unit
        Unit; ``"1"`` for proportions and other numbers without one.
    """

    name: str
    label: str
    unit: str


CATALOGUE = (
    Measure("n_go", "Go trials", "trials"),
    Measure("n_no_go", "No-go trials", "trials"),
    Measure("hits", "Hits", "trials"),
    Measure("misses", "Misses (omitted or wrong)", "trials"),
    Measure("omissions", "Omissions", "trials"),
    Measure("commissions", "Commission errors", "trials"),
    Measure("correct_rejections", "Correct rejections", "trials"),
    Measure("accuracy", "Accuracy", "1"),
    Measure("hit_rate", "Hit rate", "1"),
    Measure("omission_rate", "Omission rate", "1"),
    Measure("commission_rate", "Commission rate", "1"),
    Measure("d_prime", "Sensitivity d'", "1"),
    Measure("criterion", "Criterion c", "1"),
    Measure("rt_mean_ms", "Mean response time", "ms"),
    Measure("rt_median_ms", "Median response time", "ms"),
    Measure("rt_sd_ms", "SD of response time", "ms"),
    Measure("rt_cv", "CV of response time", "1"),
    Measure("rt_skew", "Skewness of response time", "1"),
    Measure("rt_q10_ms", "Response time, quantile .1", "ms"),
    Measure("rt_q30_ms", "Response time, quantile .3", "ms"),
    Measure("rt_q50_ms", "Response time, quantile .5", "ms"),
    Measure("rt_q70_ms", "Response time, quantile .7", "ms"),
    Measure("rt_q90_ms", "Response time, quantile .9", "ms"),
    Measure("speed_per_s", "Response speed (mean 1/RT)", "1/s"),
    Measure("lapses", "Lapses (late or omitted)", "trials"),
    Measure("lapse_rate", "Lapse rate", "1"),
    Measure("false_starts", "False starts", "presses"),
    Measure("rt_slope_ms_per_min", "Change of response time over time on task", "ms/min"),
    Measure("commission_slope_pp_per_min", "Change of commissions over time on task", "pp/min"),
    Measure("omission_slope_pp_per_min", "Change of omissions over time on task", "pp/min"),
    Measure("rt_change_ms", "Response time, last third - first third", "ms"),
    Measure("commission_change_pp", "Commissions, last third - first third", "pp"),
    Measure("omission_change_pp", "Omissions, last third - first third", "pp"),
    Measure("d_prime_change", "Sensitivity d', last third - first third", "1"),
    Measure("criterion_change", "Criterion c, last third - first third", "1"),
    Measure("pre_error_speeding_ms", "Speeding before commissions", "ms"),
    Measure("post_error_slowing_ms", "Slowing after commissions", "ms"),
)
"""Every scalar measure, in the order in which tables show them."""

UNITS: dict[str, str] = {measure.name: measure.unit for measure in CATALOGUE}
"""Unit of each measure by name."""

LABELS: dict[str, str] = {measure.name: measure.label for measure in CATALOGUE}
"""Label of each measure by name."""
