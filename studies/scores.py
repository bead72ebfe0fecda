"""Scores: the measures of every participant of every agent, from the same code for all.

Four tables, one row a participant, a participant's block, a participant's trial, and a point of a
participant's curve; the first two also as a labelled tree of arrays for results.nc.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bridges.measures import LABELS, UNITS, block_curve, measure
from bridges.measures.effects import EFFECT_LABELS, EFFECT_UNITS, curves, effects
from bridges.session import Responses, Session
from studies.run_folder import write_atomically

__all__ = ["Scores", "as_tree", "label_of", "labelled", "save_results", "score", "unit_of"]

Performed = Mapping[tuple[str, str], Sequence[tuple[Session, Responses]]]

KEYS = ["task", "agent", "participant"]
CURVES = [*KEYS, "measure", "series", "x", "value"]
ISI_SLOPE = "rt_isi_slope_ms_per_s"
MORE_UNITS = {ISI_SLOPE: "ms/s"}
MORE_LABELS = {ISI_SLOPE: "Change of response time with the inter-stimulus interval"}
CURVE_UNITS = {"time_min": "min", "n_go": "trials", "n_no_go": "trials"}


@dataclass(frozen=True, eq=False)
class Scores:
    """Tables of everything that was measured.

    Parameters
    ----------
    participants
        task, agent, participant (number) and every measure.
    blocks
        task, agent, participant, block, time_min and the measures over time on task.
    trials
        task, agent, participant, trial, block, onset_s, correct_response, response,
        response_time_s, correct.
    duration_min
        task -> mean length of its sessions (min).
    curves
        task, agent, participant, measure, series, x, value: the curves that effects are read from.
    """

    participants: pd.DataFrame
    blocks: pd.DataFrame
    trials: pd.DataFrame
    duration_min: Mapping[str, float] = field(default_factory=dict)
    curves: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=CURVES))

    def agents(self, task: str) -> list[str]:
        """Agents that performed a task, in the order of the study."""
        return list(dict.fromkeys(self.participants.loc[self.participants["task"] == task, "agent"]))

    def values(self, task: str, agent: str, name: str) -> np.ndarray:
        """One measure of every participant, shape (participant,), in order; empty if not performed."""
        table = self.participants
        return table.loc[(table["task"] == task) & (table["agent"] == agent), name].to_numpy(dtype=float)

    def paired(self, task: str, agents: Sequence[str], name: str) -> np.ndarray:
        """One measure of the same individuals in several agents, shape (agent, participant).

        Who did not finish in one of them is NaN there.
        """
        table = self.participants[self.participants["task"] == task]
        wide = table.pivot(index="agent", columns="participant", values=name)
        return wide.reindex(list(agents)).dropna(axis=1, how="all").to_numpy(dtype=float)


def unit_of(name: str) -> str:
    """Unit of a measure; ``"1"`` for what has none."""
    return {**EFFECT_UNITS, **UNITS, **MORE_UNITS, **CURVE_UNITS}.get(name, "1")


def label_of(name: str) -> str:
    """Label of a measure, without its unit."""
    return {**EFFECT_LABELS, **LABELS, **MORE_LABELS}.get(name, name)


def labelled(name: str, label: str = "") -> str:
    """Label of a measure with its unit in brackets, or `label` with it."""
    unit = unit_of(name)
    return (label or label_of(name)) + ("" if unit == "1" else f" ({unit})")


def score(
    performed: Performed,
    published: Mapping[str, pd.DataFrame] | None = None,
    numbers: Mapping[tuple[str, str], Sequence[int]] | None = None,
    published_curves: Mapping[str, pd.DataFrame] | None = None,
) -> Scores:
    """Score every performance.

    Parameters
    ----------
    performed
        (task, agent) -> one (session, responses) a participant.
    published
        task -> scores of people whose trials are not at hand, one row a person under our measure names.
    numbers
        (task, agent) -> numbers of the participants, in the same order; 0, 1, ... where not given. Sessions
        of the same number are those of one participant, whose measures are averaged.
    published_curves
        task -> curves of people whose trials are not at hand: participant_id, measure, series, x, value.

    Raises
    ------
    ValueError
        If nobody performed anything.
    """
    participants: list[dict[str, Any]] = []
    blocks, trials, points = [], [], []
    lengths_s: dict[str, list[float]] = {}
    for (task, agent), pairs in performed.items():
        known = (numbers or {}).get((task, agent), range(len(pairs)))
        for number, (session, responses) in zip(known, pairs, strict=True):
            lengths_s.setdefault(task, []).append(session.duration_s)
            key: dict[str, Any] = {"task": task, "agent": agent, "participant": number}
            scalars = {**measure(session, responses), **_by_interval(session, responses)}
            participants.append({**key, **scalars, **effects(session, responses)})
            points.append(curves(session, responses).assign(**key))
            # where the interval changes from block to block, a set of blocks has each interval once
            by = "isi_set" if "isi_set" in session.trials else "block"
            curve = block_curve(session, responses, by=by).rename(columns={by: "block"})
            blocks.append(curve.assign(**key))
            trials.append(_trials(session, responses).assign(**key))
    for task, table in (published or {}).items():
        known_names = {**EFFECT_UNITS, **UNITS, **MORE_UNITS}
        measured = table[[name for name in table.columns if name in known_names]]
        for number, row in enumerate(measured.to_dict("records")):
            person = {str(name): value for name, value in row.items()}
            participants.append({"task": task, "agent": "human", "participant": number, **person})
    if not trials:
        raise ValueError("no agent finished any task, so there is nothing to score; see the warnings above")
    for task, table in (published_curves or {}).items():
        who = pd.factorize(table["participant_id"], sort=True)[0]
        points.append(table.assign(task=task, agent="human", participant=who))
    return Scores(
        _averaged(pd.DataFrame(participants), KEYS),
        _averaged(_first(pd.concat(blocks, ignore_index=True)), [*KEYS, "block"]),
        _first(pd.concat(trials, ignore_index=True)),
        {task: float(np.mean(lengths)) / 60 for task, lengths in lengths_s.items()},
        _averaged(_all_points(points), CURVES[:-1]),
    )


def as_tree(scores: Scores) -> xr.DataTree:
    """The tables as labelled arrays: a group a task, dimensions agent, participant, block."""
    groups = {}
    for task, table in scores.participants.groupby("task", sort=False):
        agents = scores.agents(str(task))
        of_task = scores.blocks[scores.blocks["task"] == task]
        once = _arrays(table, ["agent", "participant"]).reindex(agent=agents)
        course = _arrays(of_task, ["agent", "participant", "block"]).reindex(agent=agents)
        both = once.merge(course.rename({name: f"block_{name}" for name in course.data_vars}), join="outer")
        groups[f"/{task}"] = _labelled(both)
    return xr.DataTree.from_dict(groups)


def save_results(scores: Scores, path: Path, attributes: Mapping[str, str]) -> None:
    """Write results.nc, atomically."""
    tree = as_tree(scores)
    tree.attrs.update(attributes)
    scratch = path.with_name(f".{path.name}.writing.tmp")
    tree.to_netcdf(scratch, engine="h5netcdf")
    content = scratch.read_bytes()
    scratch.unlink()
    write_atomically(path, content)


def _by_interval(session: Session, responses: Responses) -> dict[str, float]:
    """Slope of response time on the inter-stimulus interval, where a task has several."""
    if "isi_s" not in session.trials or session.trials["isi_s"].nunique() < 2:
        return {ISI_SLOPE: np.nan}
    curve = block_curve(session, responses, by="isi_s").dropna(subset="rt_mean_ms")
    if curve["isi_s"].nunique() < 2:
        return {ISI_SLOPE: np.nan}
    return {ISI_SLOPE: float(np.polyfit(curve["isi_s"], curve["rt_mean_ms"], 1)[0])}


def _trials(session: Session, responses: Responses) -> pd.DataFrame:
    names = ["trial", "block", "onset_s", "correct_response", "response", "response_time_s", "correct"]
    return responses.scored(session)[names]


def _all_points(points: Sequence[pd.DataFrame]) -> pd.DataFrame:
    there = [table[CURVES] for table in points if len(table)]
    return pd.concat(there, ignore_index=True) if there else pd.DataFrame(columns=CURVES)


def _averaged(table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Several sessions of one participant as one row; nothing changes where each has one."""
    if not table.duplicated(keys).any():
        return table
    return table.groupby(keys, sort=False, as_index=False).mean(numeric_only=True)


def _first(table: pd.DataFrame) -> pd.DataFrame:
    return table[[*KEYS, *(name for name in table.columns if name not in KEYS)]]


def _arrays(table: pd.DataFrame, dimensions: list[str]) -> xr.Dataset:
    numbers = table.drop(columns="task").set_index(dimensions).astype(float)
    return numbers.to_xarray()


def _labelled(data: xr.Dataset) -> xr.Dataset:
    for name, variable in data.data_vars.items():
        plain = str(name).removeprefix("block_")
        variable.attrs = {"units": unit_of(plain), "long_name": label_of(plain)}
    data["participant"].attrs = {
        "long_name": "participant number, the same individual and sessions in every agent"
    }
    data["agent"] = data["agent"].astype(str)
    return data
