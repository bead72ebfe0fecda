"""People in a study: their trials, or their published scores, through the same measures as every agent."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from bridges.human.bids import bids_identity, trial_files
from bridges.human.readers import HumanData, read_human
from bridges.human.vocabulary import same_task
from bridges.session import Responses, Session

__all__ = ["People", "content_digest", "read_people"]

HUMAN = "human"
SCORES_TASK = "cpt_x"
"""Published scores that can be read are those of this task."""


@dataclass(frozen=True, eq=False)
class People:
    """Recorded people.

    Parameters
    ----------
    performed
        (task, "human") -> one (session, responses) a record.
    published
        task -> scores of people whose trials are not at hand.
    notes
        What was kept and what was left aside.
    digest
        Of the files that were read; empty where there are none.
    """

    performed: dict[tuple[str, str], list[tuple[Session, Responses]]] = field(default_factory=dict)
    published: dict[str, pd.DataFrame] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    digest: str = ""

    def __bool__(self) -> bool:
        return bool(self.performed or self.published)


def read_people(path: Path | None, studied: Sequence[str]) -> People:
    """Read people's data for the tasks of a study.

    Parameters
    ----------
    path
        File or folder; None: nobody.
    studied
        Names of the tasks.

    Raises
    ------
    ValueError
        If there is no such file or folder, it cannot be read, or holds none of the tasks.
    """
    if path is None:
        return People()
    try:
        data = _read(path, studied)
    except FileNotFoundError as error:
        raise ValueError(f"human: {error}; give a file or folder of trials, or leave --human out") from error
    performed: dict[tuple[str, str], list[tuple[Session, Responses]]] = {}
    for record in data.trials:
        performed.setdefault((record.session.task, HUMAN), []).append((record.session, record.responses))
    found = {task for task, _ in performed}
    published = {}
    if data.scores is not None:
        found.add(SCORES_TASK)
        if SCORES_TASK in studied:
            published[SCORES_TASK] = data.scores
    kept = {cell: pairs for cell, pairs in performed.items() if cell[0] in studied}
    if not kept and not published:
        raise ValueError(
            f"human: {path} has {', '.join(sorted(found))}, none of the tasks of this run "
            f"({', '.join(studied)}); choose tasks with --tasks or give other data"
        )
    return People(kept, published, tuple(data.notes), content_digest(path))


def _read(path: Path, studied: Sequence[str]) -> HumanData:
    """Everything that is there; a BIDS folder of several tasks is read once for each studied one."""
    stated = {bids_identity(file).get("task", "") for file in trial_files(path)} if path.is_dir() else set()
    if len(stated) < 2:
        return read_human(path)
    data = HumanData()
    for task in studied:
        if any(same_task(name, task) for name in stated):
            more = read_human(path, task)
            data = replace(data, trials=data.trials + more.trials, notes=data.notes + more.notes)
    if not data.trials:
        raise ValueError(
            f"human: {path} has {', '.join(sorted(stated))}, none of the tasks of this run "
            f"({', '.join(studied)}); choose tasks with --tasks or give other data"
        )
    return data


def content_digest(path: Path) -> str:
    """SHA-256 of a file, or of all files in a folder with their names."""
    digest = hashlib.sha256()
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    for file in files:
        name = file.relative_to(path).as_posix() if path.is_dir() else ""
        digest.update(name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
