"""Claims of the study of generated rasters, as checks."""

from __future__ import annotations

from collections.abc import Mapping

from studies.checks import Check, in_band
from studies.rasters.comparison import Comparison

__all__ = ["LIMIT", "STATISTICS", "raster_checks"]

LIMIT = 1.5
"""Largest error of a good model, as a multiple of the error between halves of the data."""

STATISTICS = (
    "mean_count",
    "covariance",
    "k_probability",
    "autocorrelogram",
    "time_course",
    "lagged_covariance",
    "variance",
)
"""In the order in which they are shown."""

B11 = "acceptance B11 of this package: error at most 1.5 times that between halves of the data"
SPIKE_GAN = "Molano-Mazon et al. 2018, doi:10.48550/arXiv.1803.00338; limit: acceptance B11 of this package"
MUST_FAIL = "reference model without what neurons share: it must miss this"
MUST_PASS = "reference model of second order, doi:10.1162/neco.2008.02-08-713: it must meet this"


def raster_checks(comparisons: Mapping[str, Comparison]) -> list[Check]:
    """Every claim, for each condition."""
    checks = []
    for condition, found in comparisons.items():

        def ratio(model: str, statistic: str, low, high, source: str, found=found, condition=condition):
            name = f"rasters.{condition}.{statistic}.{model}"
            return in_band(name, found.ratio(model, statistic), low, high, "x error of halves", source)

        def value(column: str, low, high, unit: str, source: str, found=found, condition=condition):
            return in_band(
                f"rasters.{condition}.{column}.gan", found.value("gan", column), low, high, unit, source
            )

        checks += [ratio("gan", statistic, None, LIMIT, B11) for statistic in STATISTICS]
        checks += [
            value("rate_r", 0.99, None, "r", SPIKE_GAN),
            value("covariance_r", 0.9, None, "r", SPIKE_GAN),
            value("duplicates", None, found.value("gan", "chance_duplicates"), "rasters", SPIKE_GAN),
            value("auc", None, 0.65, "area", "acceptance B11 of this package"),
            ratio("independent", "covariance", LIMIT, None, MUST_FAIL),
            ratio("shuffled", "covariance", LIMIT, None, MUST_FAIL),
            *(
                ratio("dichotomised_gaussian", statistic, None, LIMIT, MUST_PASS)
                for statistic in ("mean_count", "covariance", "lagged_covariance", "time_course")
            ),
        ]
    return checks
