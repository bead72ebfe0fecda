"""Readers of human data: trial tables as CSV, BIDS folders, and published scores.

Columns that are understood are listed in `bridges.human.vocabulary.ALIASES`. Times are seconds; the
response time of a trial counts from its onset. Responses faster than 0.1 s (false starts) are kept:
measures decide what to do with them. A response time of exactly 0 is no response.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from bridges.human import bids
from bridges.human.checks import ReadOptions
from bridges.human.measured import Measured, measured_kind, read_measured
from bridges.human.records import HumanRecord, records_of
from bridges.human.scores import is_cpt_scores, read_cpt_scores
from bridges.human.session_table import SESSION_ENTRY, record_of_session
from bridges.human.tables import TABLE_ENDINGS, describe_faults, read_text_table
from bridges.human.vocabulary import TASKS, find_column, same_task, task_in_name

__all__ = ["REFERENCE_GROUPS", "HumanData", "read_human", "read_trials", "select"]

REFERENCE_GROUPS: Mapping[str, str] = {"age_group": "Young", "sleep": "full", "diagnosis": "CONTROL"}
"""Whom the models are compared with unless asked otherwise: rested young adults without a diagnosis."""


@dataclass(frozen=True, eq=False)
class HumanData:
    """What a folder or file of human data holds.

    Parameters
    ----------
    trials
        One record a person, session and run.
    scores
        One row a person with our measure names, where the source has scores of the CPT and not trials.
    measured
        Task to the effects of people whose trials cannot become sessions.
    notes
        What was kept, mended and left aside, one line each.
    """

    trials: list[HumanRecord] = field(default_factory=list)
    scores: pd.DataFrame | None = None
    notes: list[str] = field(default_factory=list)
    measured: dict[str, Measured] = field(default_factory=dict)


def read_trials(
    path: str | Path,
    task: str | None = None,
    *,
    response_time_unit: str | None = None,
    onset_unit: str | None = None,
    group_columns: Sequence[str] | None = None,
    longest_response_time_s: float = float("inf"),
) -> list[HumanRecord]:
    """Read human trials into sessions and responses.

    Parameters
    ----------
    path
        A table (``.csv``, ``.tsv``, also with ``.gz``), one BIDS ``_events.tsv`` or ``_beh.tsv``
        file, or a BIDS folder, of which every ``sub-*`` table of the task is read.
    task
        Name of the task; needed where neither the table nor the file name says it.
    response_time_unit, onset_unit
        ``"s"`` or ``"ms"``. Seconds are expected, and times that look like milliseconds are a
        fault, unless the unit is given here, in the BIDS sidecar or by a column name in ``_ms``.
    group_columns
        Columns that describe a whole record (age group, diagnosis). By default, those of a plain
        table that never change within a record; in BIDS, those of ``participants.tsv``.
    longest_response_time_s
        Longer response times count as no response (s).

    Returns
    -------
    list of HumanRecord
        In the order of the source.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    ValueError
        One error that lists every fault of every table with its row; nothing is partly read.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"no file or folder {path}")
    columns = None if group_columns is None else tuple(group_columns)
    options = ReadOptions(task, response_time_unit, onset_unit, columns, longest_response_time_s)
    if path.is_dir():
        records, faults = _read_bids_folder(path, options)
    elif bids.is_bids_file(path):
        records, faults = _read_bids_file(path, options, bids.bids_root(path))
    else:
        records, faults = _read_plain(path, options)
    if faults:
        raise ValueError(describe_faults(str(path), faults))
    return records


def select(records: Sequence[HumanRecord], **groups: object) -> list[HumanRecord]:
    """The records whose groups have the given values; groups that a record lacks do not count against it.

    Raises
    ------
    ValueError
        If none is left; names the values that there are.
    """
    kept = [r for r in records if all(r.groups.get(name, value) == value for name, value in groups.items())]
    if records and not kept:
        there = {name: sorted({str(r.groups[name]) for r in records if name in r.groups}) for name in groups}
        raise ValueError(f"no record with {groups}; there are: {there}")
    return kept


def read_human(
    path: str | Path,
    task: str | None = None,
    *,
    groups: Mapping[str, object] | None = None,
    longest_response_time_s: float = float("inf"),
) -> HumanData:
    """Read whatever human data a file or folder holds.

    Parameters
    ----------
    path
        A file or folder; a BIDS folder is recognised by its ``sub-*`` tables.
    task
        Name of the task, where no name says it.
    groups
        Values of group columns to keep, e.g. ``{"age_group": "Old"}``; an empty mapping keeps
        everybody. Default: `REFERENCE_GROUPS`, as far as the data have such columns.
    longest_response_time_s
        Longer response times of trials count as no response (s).

    Returns
    -------
    HumanData

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    ValueError
        If a table has faults (all are listed), or nothing here can be read.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"no file or folder {path}")
    wanted = dict(REFERENCE_GROUPS if groups is None else groups)
    if bids.is_bids_file(path) or (path.is_dir() and bids.trial_files(path)):
        trials = read_trials(path, task, longest_response_time_s=longest_response_time_s)
        return _kept(HumanData(trials), wanted)
    tables = sorted(p for p in path.iterdir() if p.name.endswith(TABLE_ENDINGS)) if path.is_dir() else [path]
    data = HumanData()
    reasons = []
    for table in tables:
        kind, reason = _kind(table, task, lone=not path.is_dir())
        if kind == "trials":
            trials = read_trials(table, task, longest_response_time_s=longest_response_time_s)
            data = replace(data, trials=data.trials + trials)
        elif kind == "scores":
            data = replace(data, scores=read_cpt_scores(table, diagnosis=None))
        elif kind == "measured":
            found = read_measured(table)
            data = replace(data, measured={**data.measured, found.task: found})
        else:
            reasons.append(f"{table.name}: left aside: {reason}")
    if not data.trials and data.scores is None and not data.measured:
        what = "\n  ".join(reasons) or f"no table ({', '.join(TABLE_ENDINGS)}) lies here"
        raise ValueError(f"{path}: no human data that can be read\n  {what}")
    return _kept(replace(data, notes=reasons), wanted)


def _kind(path: Path, task: str | None, lone: bool) -> tuple[str, str]:
    """Whether a table holds trials, scores, effects or none of them, and why none."""
    table, faults = read_text_table(path)
    if table is None:
        return "trials" if lone else "", faults[0]
    header = list(table.cells.columns)
    if is_cpt_scores(header):
        return "scores", ""
    if measured_kind(header):
        return "measured", ""
    has_task = task or find_column(header, "task") or task_in_name(path.name.split(".")[0], path.parent.name)
    lacks = [role for role in ("onset", "response_time") if find_column(header, role) is None]
    if lone or (has_task and not lacks):
        return "trials", ""
    if lacks:
        return "", f"not a table of trials, it has no {' and no '.join(lacks)}"
    return "", f"its task is not known; known tasks: {', '.join(TASKS)}"


def _kept(data: HumanData, wanted: Mapping[str, object]) -> HumanData:
    """The part of the data in the wanted groups, with a note on what was dropped."""
    notes = list(data.notes)
    present = {name for record in data.trials for name in record.groups}
    of_trials = {name: value for name, value in wanted.items() if name in present}
    trials = select(data.trials, **of_trials) if of_trials else data.trials
    if len(trials) < len(data.trials):
        notes.append(_note("records", len(trials), len(data.trials), of_trials))
    scores = data.scores
    if scores is not None:
        scores = _kept_scores(scores, wanted, "people with scores", notes)
    measured = {
        task: one.of(_kept_scores(one.scores, wanted, f"people with scores of {task}", notes))
        for task, one in data.measured.items()
    }
    return HumanData(trials, scores, notes, measured)


def _kept_scores(
    scores: pd.DataFrame, wanted: Mapping[str, object], what: str, notes: list[str]
) -> pd.DataFrame:
    n_all = len(scores)
    groups = {name: value for name, value in wanted.items() if name in scores}
    for name, value in groups.items():
        scores = scores[scores[name] == value]
    if not len(scores):
        raise ValueError(f"nobody has the groups {groups}")
    if len(scores) < n_all:
        notes.append(_note(what, len(scores), n_all, groups))
    return scores.reset_index(drop=True)


def _note(what: str, n_kept: int, n_all: int, groups: Mapping[str, object]) -> str:
    values = ", ".join(f"{name} = {value}" for name, value in groups.items())
    return f"kept {n_kept} of {n_all} {what}: {values}; pass groups={{}} to keep all"


def _read_plain(path: Path, options: ReadOptions) -> tuple[list[HumanRecord], list[str]]:
    table, faults = read_text_table(path)
    if table is None:
        return [], faults
    if options.task is None and find_column(table.cells.columns, "task") is None:
        options = replace(options, task=task_in_name(path.name.split(".")[0], path.resolve().parent.name))
    return records_of(table, options)


def _read_bids_folder(folder: Path, options: ReadOptions) -> tuple[list[HumanRecord], list[str]]:
    files = bids.trial_files(folder)
    if not files:
        return [], [f"{folder.name}: no sub-*_events.tsv or sub-*_beh.tsv file in it"]
    tasks = sorted({bids.bids_identity(path).get("task", "") for path in files})
    if options.task is None and len(tasks) > 1:
        return [], [f"{folder.name}: has trials of {len(tasks)} tasks, {tasks}; pass task=... to choose one"]
    chosen = options.task or tasks[0]
    files = [path for path in files if same_task(bids.bids_identity(path).get("task", chosen), chosen)]
    if not files:
        return [], [f"{folder.name}: no trials of task {chosen!r}; there are {tasks}"]
    records: list[HumanRecord] = []
    faults: list[str] = []
    for path in files:
        some, some_faults = _read_bids_file(path, options, folder)
        records += some
        # participants.tsv is read with every file, but a fault of it is one fault
        faults += [fault for fault in some_faults if fault not in faults]
    return records, faults


def _read_bids_file(path: Path, options: ReadOptions, root: Path) -> tuple[list[HumanRecord], list[str]]:
    table, faults = read_text_table(path)
    identity = bids.bids_identity(path)
    task = identity.pop("task", None)
    entries, sidecar_faults = bids.sidecar(path)
    people, people_faults = bids.participant_groups(root)
    sessions, session_faults = bids.session_groups(root, identity["participant_id"])
    faults += sidecar_faults + people_faults + session_faults
    if table is None:
        return [], faults
    header = table.cells.columns
    stated = str(entries.get("TaskName", task or ""))
    options = replace(
        options,
        task=options.task or (stated if same_task(stated, task or stated) else task),
        response_time_unit=options.response_time_unit
        or bids.units_of(entries, find_column(header, "response_time")),
        onset_unit=options.onset_unit or bids.units_of(entries, find_column(header, "onset")),
    )
    participant = identity["participant_id"]
    groups = {**people.get(participant, {}), **sessions.get(identity["session"], {})}
    if SESSION_ENTRY in entries and "event_type" in header and not faults:
        who = (participant, identity["session"], identity["run"])
        try:
            return [record_of_session(table.cells, entries, who, groups)], []
        except ValueError as error:
            return [], [f"{path.name}: {error}"]
    formats = {name: bids.entry_of(entries, name, "Format") for name in header}
    records, trial_faults = records_of(table, options, identity, formats, {participant: groups})
    faults += trial_faults
    return ([], faults) if faults else (records, [])
