"""People's scores and right-or-wrong tables of open data sets, turned into our measures.

Three tables have no times of trials, so they cannot become sessions: reports of an attentional blink
(ds001810: right or wrong, by lag), subject scores of a spatial working-memory task (SCAP) and of an attention
network test (both ds000030). Their effects are those of `bridges.measures.effects`, from the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bridges.human.tables import TextTable, describe_faults, numbers, read_text_table
from bridges.measures.effects.base import CURVE_COLUMNS, curve
from bridges.measures.effects.blink import blink_curves, blink_effects
from bridges.measures.effects.capacity import cowan_k

__all__ = ["Measured", "measured_kind", "read_measured"]

PERSON = "participant_id"
BASELINE = "pre"
"""How sessions of ds001810 end that come before any stimulation."""

LOADS = (1, 3, 5, 7)
"""Set sizes of the SCAP task."""


@dataclass(frozen=True, eq=False)
class Measured:
    """People whose trials are not at hand, under our names.

    Parameters
    ----------
    task
        The task whose effects these are.
    scores
        One row a person: ``participant_id``, groups such as ``diagnosis``, and effects.
    curves
        ``participant_id``, ``measure``, ``series``, ``x``, ``value``; one row a point.
    """

    task: str
    scores: pd.DataFrame
    curves: pd.DataFrame

    def of(self, scores: pd.DataFrame) -> Measured:
        """The people in `scores`, with their curves."""
        return Measured(self.task, scores, self.curves[self.curves[PERSON].isin(scores[PERSON])])


def measured_kind(header: Sequence[str]) -> str:
    """Task whose effects a table with these columns has; empty for none that is known."""
    return next((task for task, (needed, _) in _KINDS.items() if {PERSON, *needed} <= set(header)), "")


def read_measured(path: str | Path) -> Measured:
    """Read one of the three tables.

    Parameters
    ----------
    path
        ``trials.csv.gz`` of the blink (columns participant_id, session, lag, t1_correct, t2_correct; only
        sessions before stimulation are used), or a table of SCAP or ANT subject scores.

    Raises
    ------
    ValueError
        If it is none of them, or lists every cell that cannot be read with its row.
    """
    path = Path(path)
    table, faults = read_text_table(path)
    task = measured_kind(list(table.cells.columns)) if table is not None else ""
    if table is None or not task:
        raise ValueError(
            describe_faults(str(path), faults or [f"no table of {', '.join(_KINDS)} has these columns"])
        )
    needed, read = _KINDS[task]
    values = pd.DataFrame(index=table.cells.index)
    for column in needed:
        values[column], some = numbers(table, column)
        faults += some
    if faults:
        raise ValueError(describe_faults(str(path), faults))
    return read(task, table, values)


def _blink(task: str, table: TextTable, values: pd.DataFrame) -> Measured:
    cells = table.cells
    keep = cells["session"].str.endswith(BASELINE) if "session" in cells else np.ones(len(cells), dtype=bool)
    scores, points = [], []
    for person, rows in values[keep].groupby(cells[PERSON][keep], sort=True):
        scored = pd.concat([_component(rows, "T1"), _component(rows, "T2")], ignore_index=True)
        scores.append({PERSON: person, **blink_effects(scored)})
        points.append(blink_curves(scored).assign(**{PERSON: person}))
    return Measured(task, pd.DataFrame(scores), pd.concat(points, ignore_index=True))


def _component(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "trial": np.arange(len(rows)),
            "component": name,
            "lag": rows["lag"].to_numpy(dtype=int),
            "correct": rows[f"{name.lower()}_correct"].to_numpy() == 1,
        }
    )


def _capacity(task: str, table: TextTable, values: pd.DataFrame) -> Measured:
    """Cowan's K of each load, from the published rates of hits and false alarms."""
    k = pd.DataFrame(
        {n: cowan_k(n, values[f"scap_corr_hit{n}"], values[f"scap_corr_fa{n}"]) for n in LOADS},
        index=values.index,
    )
    scores = _who(table).assign(
        cowan_k=k[[5, 7]].mean(axis=1),
        cowan_k_max=k.max(axis=1),
        k_rise_small=(k[3] - k[1]) / 2,
        k_rise_large=(k[7] - k[5]) / 2,
    )
    points = [
        curve("k_cowan", row.to_dict()).assign(**{PERSON: person})
        for person, (_, row) in zip(scores[PERSON], k.iterrows(), strict=True)
    ]
    return Measured(task, scores, pd.concat(points, ignore_index=True))


def _networks(task: str, table: TextTable, values: pd.DataFrame) -> Measured:
    """Conflict alone: the published test has no cues."""
    scores = _who(table).assign(
        conflict_ms=values["ant_conflict_rt_effect"], congruent_rt_ms=values["ant_mean_rtcon"]
    )
    return Measured(task, scores, pd.DataFrame(columns=[*CURVE_COLUMNS, PERSON]))


def _who(table: TextTable) -> pd.DataFrame:
    return table.cells[[name for name in (PERSON, "diagnosis") if name in table.cells]].copy()


Read = Callable[[str, TextTable, pd.DataFrame], Measured]

_KINDS: dict[str, tuple[tuple[str, ...], Read]] = {
    "attentional_blink": (("lag", "t1_correct", "t2_correct"), _blink),
    "change_detection": (
        tuple(f"scap_corr_{kind}{n}" for n in LOADS for kind in ("hit", "fa")),
        _capacity,
    ),
    "ant": (("ant_conflict_rt_effect", "ant_mean_rtcon"), _networks),
}
"""Task to the columns that are read and how."""
