"""People in a study: their trials, or their published scores, through the same measures as every agent."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from bridges.human.bids import bids_identity, trial_files
from bridges.human.readers import HumanData, read_human
from bridges.human.records import HumanRecord
from bridges.human.vocabulary import same_task
from bridges.session import Responses, Session

__all__ = ["People", "content_digest", "read_people"]

HUMAN = "human"
SCORES_TASK = "cpt_x"
"""Published scores of trials that can be read are those of this task."""

LONGEST_S = 2.0
"""Longer response times of people's speeded choices are pauses, not answers (s)."""

LEAST_ACCURACY = 0.6
"""Who is right less often than this in a choice task did not do it (the exclusion of the reference table)."""

CHOICE_TASKS = ("flanker", "ant", "posner")


@dataclass(frozen=True, eq=False)
class People:
    """Recorded people.

    Parameters
    ----------
    performed
        (task, "human") -> one (session, responses) a record.
    published
        task -> scores of people whose trials are not at hand.
    numbers
        (task, "human") -> number of the person of each record; a person may have several.
    curves
        task -> curves of people whose trials are not at hand.
    notes
        What was kept and what was left aside.
    digest
        Of the files that were read; empty where there are none.
    """

    performed: dict[tuple[str, str], list[tuple[Session, Responses]]] = field(default_factory=dict)
    published: dict[str, pd.DataFrame] = field(default_factory=dict)
    numbers: dict[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    curves: dict[str, pd.DataFrame] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    digest: str = ""

    def __bool__(self) -> bool:
        return bool(self.performed or self.published)


def read_people(given: Path | Sequence[Path] | None, studied: Sequence[str]) -> People:
    """Read people's data for the tasks of a study.

    Parameters
    ----------
    given
        File or folder, or several; None: nobody. Of two with the same task the first counts: people of two
        experiments are no group.
    studied
        Names of the tasks.

    Raises
    ------
    ValueError
        If there is no such file or folder, it cannot be read, or holds none of the tasks.
    """
    paths = [given] if isinstance(given, Path) else list(given or ())
    found = [_read_people(path, studied) for path in paths]
    both = People()
    for path, people in zip(paths, found, strict=True):
        known = {task for task, _ in both.performed} | set(both.published)
        twice = known & ({task for task, _ in people.performed} | set(people.published))
        new = {cell for cell in people.performed if cell[0] not in known}
        both = People(
            both.performed | {cell: people.performed[cell] for cell in new},
            both.published | {task: t for task, t in people.published.items() if task not in known},
            both.numbers | {cell: people.numbers[cell] for cell in new},
            both.curves | {task: t for task, t in people.curves.items() if task not in known},
            (
                *both.notes,
                *people.notes,
                *(f"{path.name}: {task} is there already" for task in sorted(twice)),
            ),
            hashlib.sha256(f"{both.digest}{people.digest}".encode()).hexdigest()
            if both.digest
            else people.digest,
        )
    return both


def _read_people(path: Path, studied: Sequence[str]) -> People:
    """People of one file or folder."""
    try:
        data = _read(path, studied)
    except FileNotFoundError as error:
        raise ValueError(f"human: {error}; give a file or folder of trials, or leave --human out") from error
    trials, notes = _fit(data.trials)
    performed: dict[tuple[str, str], list[tuple[Session, Responses]]] = {}
    names: dict[tuple[str, str], list[str]] = {}
    for record in trials:
        cell = (record.session.task, HUMAN)
        performed.setdefault(cell, []).append((record.session, record.responses))
        names.setdefault(cell, []).append(record.participant_id)
    published = {task: one.scores for task, one in data.measured.items()}
    if data.scores is not None:
        published[SCORES_TASK] = data.scores
    found = {task for task, _ in performed} | set(published)
    if not found & set(studied):
        raise ValueError(
            f"human: {path} has {', '.join(sorted(found))}, none of the tasks of this run "
            f"({', '.join(studied)}); choose tasks with --tasks or give other data"
        )
    return People(
        {cell: pairs for cell, pairs in performed.items() if cell[0] in studied},
        {
            task: table
            for task, table in published.items()
            if task in studied and (task, HUMAN) not in performed
        },
        {cell: _numbers(people) for cell, people in names.items()},
        {task: one.curves for task, one in data.measured.items() if task in studied and len(one.curves)},
        (*data.notes, *notes),
        content_digest(path),
    )


def _fit(records: Sequence[HumanRecord]) -> tuple[list[HumanRecord], list[str]]:
    """Records of choice tasks in which the person was right often enough, and what was left out."""
    choice = [r for r in records if r.session.task in CHOICE_TASKS]
    unfit = {id(r) for r in choice if r.scored()["correct"].mean() < LEAST_ACCURACY}
    notes = (
        [f"left out {len(unfit)} of {len(choice)} records: accuracy below {LEAST_ACCURACY}"] if unfit else []
    )
    return [r for r in records if id(r) not in unfit], notes


def _numbers(people: Sequence[str]) -> tuple[int, ...]:
    number = {person: k for k, person in enumerate(dict.fromkeys(people))}
    return tuple(number[person] for person in people)


def _read(path: Path, studied: Sequence[str]) -> HumanData:
    """Everything that is there; a BIDS folder of several tasks is read once for each studied one."""
    stated = {bids_identity(file).get("task", "") for file in trial_files(path)} if path.is_dir() else set()
    if len(stated) < 2:
        # a pause is as long as it likes in a choice task, and a lapse is data in a vigilance test
        choice = set(studied) <= set(CHOICE_TASKS) or any(task in path.name for task in CHOICE_TASKS)
        return read_human(path, longest_response_time_s=LONGEST_S if choice else float("inf"))
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
