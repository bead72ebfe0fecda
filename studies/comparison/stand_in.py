"""Does the twin of the circuit do in a task what another group of circuits would do?

What circuits differ by among themselves says how close is close enough: the mean of n circuits predicts that
of m others within

    mean +- t(.975, n - 1) sd sqrt(1 / n + 1 / m)

(prediction interval for a mean; Hahn & Meeker 1991, Statistical intervals). Nineteen in twenty other groups
of circuits have their mean in there. The twin's individuals are the circuit's own, so its mean should lie
there more often than that; with few participants the interval is wide and says little. The table therefore
also has the difference within individuals, whose interval a twin without any bias would have around zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

from bridges.measures import bootstrap_ci, paired_difference
from studies.checks import Check, in_band
from studies.comparison.claims import shown_interval
from studies.report import Table
from studies.scorecard import MEASURES
from studies.scorecard_figure import number, with_interval
from studies.scores import Scores, labelled, unit_of

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
        low, high = prediction_interval(circuit, _known(twin))
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
            low, high = prediction_interval(circuit, _known(twin))
            pair = scores.paired(task, (CIRCUIT, TWIN), measure)
            rows.append(
                [
                    titles.get(task, task),
                    labelled(measure),
                    with_interval(bootstrap_ci(circuit)),
                    with_interval(bootstrap_ci(twin)),
                    with_interval(paired_difference(pair[0], pair[1])),
                    f"{number(low)} to {number(high)}",
                    "yes" if low <= np.nanmean(twin) <= high else "no",
                ]
            )
    if not rows:
        return None
    header = ("task", "measure", "circuit", "twin", "twin - circuit", "other circuits", "within?")
    note = (
        "Means with 95 % bootstrap intervals over participants; differences are within individuals. Other "
        "circuits: where the mean of another group of circuits would lie with 95 % chance; with few "
        "participants that says little."
    )
    return Table("Does the twin stand in for its circuit?", header, rows, note)


def _known(values: np.ndarray) -> int:
    return int((~np.isnan(values)).sum())


def _measured(scores: Scores, task: str) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Measure, values of circuits and of twins; those that two circuits or more and a twin have."""
    if not {CIRCUIT, TWIN} <= set(scores.agents(task)):
        return []
    found = []
    for measure in dict.fromkeys((*MEASURES.get(task, ()), *ALWAYS)):
        if measure not in scores.participants:
            continue
        circuit, twin = (scores.values(task, agent, measure) for agent in (CIRCUIT, TWIN))
        if _known(circuit) > 1 and _known(twin):
            found.append((measure, circuit, twin))
    return found
