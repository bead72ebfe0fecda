"""People in a study: their trials, or their published scores, through the same measures as every agent."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from bridges.human.readers import read_human
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
        data = read_human(path)
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


def content_digest(path: Path) -> str:
    """SHA-256 of a file, or of all files in a folder with their names."""
    digest = hashlib.sha256()
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    for file in files:
        name = file.relative_to(path).as_posix() if path.is_dir() else ""
        digest.update(name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
