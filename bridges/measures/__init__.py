"""Measures: one way of scoring behaviour, whoever performed.

`measure` gives every scalar measure of a session, `block_curve` its course over time on task and
`bootstrap_ci` the uncertainty over participants.
"""

from __future__ import annotations

from bridges.measures.catalogue import CATALOGUE, LABELS, UNITS, Measure
from bridges.measures.scoring import block_curve, measure
from bridges.measures.statistics import (
    Interval,
    bootstrap_band,
    bootstrap_ci,
    effect_size_dz,
    paired_difference,
)

__all__ = [
    "CATALOGUE",
    "Interval",
    "LABELS",
    "Measure",
    "UNITS",
    "block_curve",
    "bootstrap_band",
    "bootstrap_ci",
    "effect_size_dz",
    "measure",
    "paired_difference",
]
