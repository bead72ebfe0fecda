"""Writer of performances as a BIDS folder: one events table and sidecar a person, session and run.

    dataset_description.json
    participants.tsv, participants.json
    sub-<label>/[ses-<label>/]beh/sub-<label>[_ses-<label>]_task-<name>[_run-<label>]_events.tsv, .json
    sub-<label>/sub-<label>_sessions.tsv

Brain Imaging Data Structure: Gorgolewski et al. (2016) Scientific Data 3:160044.
doi:10.1038/sdata.2016.44
"""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bridges.human.events_table import describe_columns, events_table
from bridges.human.records import HumanRecord
from bridges.human.session_table import SESSION_ENTRY, session_entry, session_table
from bridges.participants.base import Performance
from bridges.session import Session

__all__ = ["as_record", "write_bids"]

BIDS_VERSION = "1.9.0"
MISSING_FIELD = "n/a"


def as_record(
    session: Session,
    performance: Performance,
    participant_id: str,
    *,
    agent: str = "human",
    seed: int | None = None,
    session_label: str = "",
    run_label: str = "",
    groups: Mapping[str, object] | None = None,
) -> HumanRecord:
    """One performance as a record, so that virtual participants are written as people are.

    Parameters
    ----------
    session, performance
        What was performed, and how.
    participant_id
        ``"sub-<letters and digits>"``.
    agent
        ``"human"``, ``"spiking"``, ``"lstm"``, ``"attention"``, ...
    seed
        Seed of a virtual participant.
    session_label, run_label
        Labels of letters and digits; empty for none.
    groups
        What holds for the participant: age group, condition, ...
    """
    own: dict[str, object] = {"agent": agent} if seed is None else {"agent": agent, "seed": seed}
    return HumanRecord(
        participant_id, session_label, run_label, {**own, **(groups or {})}, session, performance.responses
    )


def write_bids(
    folder: str | Path,
    records: Sequence[HumanRecord],
    *,
    name: str = "Attention tasks",
    licence: str = "CC0",
    authors: Sequence[str] = (),
    stimuli: bool = False,
) -> list[Path]:
    """Write records as a BIDS folder that `bridges.human.read_trials` reads back.

    Every file is written beside its place and moved there when complete, so a reader never sees half
    a file; participants already described in the folder stay.

    Parameters
    ----------
    folder
        Root of the data set; made if need be.
    records
        What to write; see `as_record` for virtual participants.
    name, licence, authors
        For ``dataset_description.json``.
    stimuli
        Write the stimuli beside the trials, so that the session itself can be read back, hash and all.

    Returns
    -------
    list of Path
        The events tables, in the order of the records.

    Raises
    ------
    ValueError
        Lists every label that BIDS does not allow, every record that is there twice and every
        condition column whose name means something else in an events table.
    """
    folder = Path(folder)
    tables, faults = [], []
    paths = [_events_path(folder, record) for record in records]
    for record, path in zip(records, paths, strict=True):
        faults += _label_faults(record)
        table, some = session_table(record) if stimuli else events_table(record)
        tables.append(table)
        faults += [f"{path.name}: {fault}" for fault in some]
    faults += [
        f"{path.name}: {paths.count(path)} records have this name"
        for path in sorted(set(paths))
        if paths.count(path) > 1
    ]
    if not records:
        faults.append("there are no records")
    if faults:
        raise ValueError("nothing was written:\n  " + "\n  ".join(faults))
    for record, path, table in zip(records, paths, tables, strict=True):
        _write_table(path, table)
        sidecar = describe_columns(record, table)
        sidecar |= {SESSION_ENTRY: session_entry(record.session)} if stimuli else {}
        _write_json(path.with_suffix(".json"), sidecar)
    constant, changing = _split_groups(records)
    _merge_table(folder / "participants.tsv", "participant_id", constant)
    for participant, sessions in changing.items():
        _merge_table(folder / participant / f"{participant}_sessions.tsv", "session_id", sessions)
    description = {
        "Name": name,
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "raw",
        "License": licence,
        "Authors": list(authors),
    }
    _write_json(folder / "dataset_description.json", description)
    return paths


def _events_path(folder: Path, record: HumanRecord) -> Path:
    task = "".join(re.findall("[A-Za-z0-9]+", record.session.task))
    parts = [record.participant_id]
    parts += [f"ses-{record.session_label}"] if record.session_label else []
    place = folder.joinpath(*parts, "beh")
    parts.append(f"task-{task}")
    parts += [f"run-{record.run_label}"] if record.run_label else []
    return place / ("_".join(parts) + "_events.tsv")


def _label_faults(record: HumanRecord) -> list[str]:
    faults = []
    if not re.fullmatch("sub-[A-Za-z0-9]+", record.participant_id):
        faults.append(f"participant_id = {record.participant_id!r}, must be 'sub-' and letters or digits")
    for what, label in (("session_label", record.session_label), ("run_label", record.run_label)):
        if not re.fullmatch("[A-Za-z0-9]*", label):
            faults.append(f"{record.participant_id}: {what} = {label!r}, must be letters and digits only")
    return faults


def _split_groups(
    records: Sequence[HumanRecord],
) -> tuple[dict[str, dict[str, object]], dict[str, dict[str, dict[str, object]]]]:
    """Groups that hold for a person, and groups that differ between a person's sessions."""
    names = dict.fromkeys(name for record in records for name in record.groups)
    by_person: dict[str, list[HumanRecord]] = {}
    for record in records:
        by_person.setdefault(record.participant_id, []).append(record)
    # a group that changes for one person is written by session for everybody
    changing = {
        name
        for name in names
        for own in by_person.values()
        if len({str(record.groups.get(name)) for record in own}) > 1
    }
    constant = {
        person: {name: own[0].groups.get(name) for name in names if name not in changing}
        for person, own in by_person.items()
    }
    by_session = {
        person: {
            f"ses-{record.session_label}": {
                name: record.groups.get(name) for name in names if name in changing
            }
            for record in own
        }
        for person, own in by_person.items()
    }
    return constant, by_session if changing else {}


def _merge_table(path: Path, key: str, rows: Mapping[str, Mapping[str, object]]) -> None:
    """Write rows by key; rows of the file with other keys stay."""
    new = pd.DataFrame.from_dict({name: dict(row) for name, row in rows.items()}, orient="index").astype(
        object
    )
    new.index = pd.Index(list(rows), name=key)
    if path.exists():
        old = pd.read_csv(
            path, sep="\t", dtype=str, keep_default_na=False, na_values=[MISSING_FIELD]
        ).set_index(key)
        new = pd.concat([old[~old.index.isin(new.index)].astype(object), new])
    _write_table(path, new.reset_index())


def _write_table(path: Path, table: pd.DataFrame) -> None:
    text = table.to_csv(sep="\t", index=False, na_rep=MISSING_FIELD, lineterminator="\n")
    _write_whole(path, text)


def _write_json(path: Path, content: Mapping[str, object]) -> None:
    _write_whole(path, json.dumps(content, indent=2, default=_plain) + "\n")


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else str(value)


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # not mkstemp: its files can be read by their owner alone, and data sets are shared
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.tmp")
    try:
        with open(temporary, "x", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
