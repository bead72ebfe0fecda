"""Running the parts of exhibits over processes; what is finished stays finished."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bridges.participants.base import Progress
from neurosim.engine import announce
from studies.exhibits.base import Exhibit, Part, Setting
from studies.pool import Failure, run_jobs
from studies.progress import Display
from studies.run_folder import RunFolder, write_atomically

__all__ = ["Collected", "definition", "run_parts"]


@dataclass(frozen=True)
class Collected:
    """What came back.

    Parameters
    ----------
    tables
        Exhibit -> part -> table, of exhibits all of whose parts are there.
    failures
        Parts that failed.
    resumed
        How many parts were found finished.
    """

    tables: dict[str, dict[str, pd.DataFrame]]
    failures: list[Failure] = field(default_factory=list)
    resumed: int = 0


@dataclass(frozen=True)
class _Job:
    exhibit: str
    part: Part

    @property
    def label(self) -> str:
        return f"{self.exhibit}, {self.part.name}"

    @property
    def group(self) -> str:
        return self.exhibit

    @property
    def weight(self) -> float:
        return self.part.weight


def definition(exhibit: Exhibit, setting: Setting) -> dict[str, Any]:
    """Everything that the tables of an exhibit depend on besides the code, for config.json and the hash."""
    return {
        part.name: {"function": f"{part.function.__module__}.{part.function.__qualname__}"}
        | {key: plain(value) for key, value in part.arguments.items()}
        for part in exhibit.parts(setting)
    }


def run_parts(
    exhibits: Sequence[Exhibit],
    setting: Setting,
    folder: RunFolder,
    display: Display,
    workers: int,
) -> Collected:
    """Run every part whose table is not there yet, and read all tables back.

    Parameters
    ----------
    exhibits
        Which exhibits.
    setting
        Size of the run.
    folder
        Keeps a table for each part: ``tables/<exhibit>/<part>.csv``.
    display
        Shows the progress.
    workers
        Processes; 0: run here.
    """
    announce()
    jobs = [_Job(one.name, part) for one in exhibits for part in one.parts(setting)]
    missing = [job for job in jobs if not _path(folder, job).exists()]
    failures = run_jobs(
        _perform,
        _interleaved(missing),
        lambda job, table: write_atomically(_path(folder, job), _csv(table)),
        workers=workers,
        display=display,
    )
    tables: dict[str, dict[str, pd.DataFrame]] = {}
    for one in exhibits:
        paths = {job.part.name: _path(folder, job) for job in jobs if job.exhibit == one.name}
        if all(path.exists() for path in paths.values()):
            # numbers are always those of the files: a resumed run ends like an unbroken one
            tables[one.name] = {name: pd.read_csv(path) for name, path in paths.items()}
    return Collected(tables, failures, len(jobs) - len(missing))


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {key: plain(one) for key, one in asdict(value).items()}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(one) for one in value]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return repr(value)


def _perform(job: _Job, progress: Progress) -> pd.DataFrame:
    more = {}
    if "progress" in inspect.signature(job.part.function).parameters:
        more["progress"] = progress
    return job.part.function(**job.part.arguments, **more)


def _interleaved(jobs: list[_Job]) -> list[_Job]:
    """Long parts first, but a second one of an exhibit only after the first of every other.

    Parts of an exhibit mostly need the same compiled program: one process compiles it, the others find it.
    """
    waiting: dict[str, list[_Job]] = {}
    for job in sorted(jobs, key=lambda job: -job.weight):
        waiting.setdefault(job.exhibit, []).append(job)
    rounds = sorted(
        ((turn, -job.weight, job.exhibit), job) for row in waiting.values() for turn, job in enumerate(row)
    )
    return [job for _, job in rounds]


def _path(folder: RunFolder, job: _Job) -> Path:
    return folder.path / "tables" / job.exhibit / f"{job.part.name}.csv"


def _csv(table: pd.DataFrame) -> str:
    return table.to_csv(index=False, lineterminator="\n")
