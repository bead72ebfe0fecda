"""Does the twin of the circuit do in a task what another group of circuits would do?

The measure of that is what circuits themselves differ by: the mean of n circuits predicts that of n others
within

    mean +- t(.975, n - 1) sd sqrt(2 / n)

(prediction interval for a mean; Hahn & Meeker 1991, doi:10.1002/9780470316771). A twin that stands in for the
circuit has its mean in there; one measure in twenty of other circuits would not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

from bridges.measures import bootstrap_ci
from studies.checks import Check, in_band
from studies.comparison.claims import shown_interval
from studies.report import Table
from studies.scorecard import MEASURES
from studies.scores import Scores, label_of, unit_of

__all__ = ["prediction_interval", "stand_in_checks", "stand_in_table"]

CIRCUIT, TWIN = "spiking", "spiking-twin"

ALWAYS = ("accuracy", "rt_mean_ms")
"""Measures of every task, besides those of its scorecard."""


def prediction_interval(values: np.ndarray, n: int) -> tuple[float, float]:
    """Where the mean of `n` other individuals lies with 95 % chance; NaN with fewer than two values.

    Parameters
    ----------
    values
        Of the individuals at hand, shape (individual,); NaN where not measured.
    n
        Size of the other group.
    """
    known = values[~np.isnan(values)]
    if known.size < 2 or n < 1:
        return float("nan"), float("nan")
    error = known.std(ddof=1) * np.sqrt(1.0 / known.size + 1.0 / n)
    half = float(stats.t.ppf(0.975, known.size - 1) * error)
    return float(known.mean() - half), float(known.mean() + half)


def stand_in_checks(scores: Scores, task: str) -> list[Check]:
    """Whether the twin's mean of each measure of a task is one that another group of circuits may have."""
    checks = []
    for measure, circuit, twin in _measured(scores, task):
        low, high = prediction_interval(circuit, int((~np.isnan(twin)).sum()))
        words = (
            f"95 % prediction interval for the mean of another group of circuits; circuit "
            f"{shown_interval(bootstrap_ci(circuit))}, twin {shown_interval(bootstrap_ci(twin))}"
        )
        name = f"{task}.stand_in.{measure}"
        checks.append(in_band(name, float(np.nanmean(twin)), low, high, unit_of(measure), words))
    return checks


def stand_in_table(scores: Scores, tasks: Sequence[str], titles: Mapping[str, str]) -> Table | None:
    """The twin beside its circuit, measure by measure; None if they did not both perform."""
    rows = []
    for task in tasks:
        for measure, circuit, twin in _measured(scores, task):
            low, high = prediction_interval(circuit, int((~np.isnan(twin)).sum()))
            unit = unit_of(measure)
            rows.append(
                [
                    titles.get(task, task),
                    label_of(measure) + ("" if unit == "1" else f" ({unit})"),
                    shown_interval(bootstrap_ci(circuit)),
                    shown_interval(bootstrap_ci(twin)),
                    f"{low:.3g} to {high:.3g}",
                    "yes" if low <= np.nanmean(twin) <= high else "no",
                ]
            )
    if not rows:
        return None
    header = ("task", "measure", "circuit", "twin", "other circuits", "within?")
    note = (
        "Means with 95 % bootstrap intervals over participants. Other circuits: where the mean of another "
        "group of circuits would lie with 95 % chance."
    )
    return Table("Does the twin stand in for its circuit?", header, rows, note)


def _measured(scores: Scores, task: str) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Measure, values of the circuits, values of the twins; those that both have."""
    if not {CIRCUIT, TWIN} <= set(scores.agents(task)):
        return []
    found = []
    for measure in dict.fromkeys((*MEASURES.get(task, ()), *ALWAYS)):
        if measure not in scores.participants:
            continue
        circuit, twin = (scores.values(task, agent, measure) for agent in (CIRCUIT, TWIN))
        if not (np.isnan(circuit).all() or np.isnan(twin).all()):
            found.append((measure, circuit, twin))
    return found
