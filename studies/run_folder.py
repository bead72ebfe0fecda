"""Run folder: where a study keeps everything, found again by the hash of its configuration.

``<out>/<study>/<date>_<hash>/`` holds config.json, provenance.json, calibration.json, performances/,
trials/, results.nc, figures/, checks.json and report.html. The hash covers the configuration and the
version of the code that performs, so the same question asked twice of the same code lands in the same
folder and resumes there.

Every file is written beside its place, flushed to disk and moved over in one step: a reader, or a run
after a crash, sees the old file or the new one and never half of one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

__all__ = ["RunFolder", "RunFolderError", "config_hash", "trouble", "write_atomically", "write_json"]

HASH_LENGTH = 10


class RunFolderError(RuntimeError):
    """The run folder cannot be made or written; says which and what to do."""


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run of one study."""

    path: Path
    resumed: bool

    @classmethod
    def open(cls, out: Path, study: str, config: Mapping[str, object], version: str) -> RunFolder:
        """Find the folder of this configuration, or make it.

        Parameters
        ----------
        out
            Folder that holds the runs of all studies.
        study
            Name of the study.
        config
            Everything that the results depend on; must be writable as JSON.
        version
            Version of the package and its code.

        Raises
        ------
        RunFolderError
            If the folder cannot be made or written to.
        """
        digest = config_hash(config, version)
        home = Path(out).expanduser() / study
        found = sorted(home.glob(f"*_{digest}")) if home.is_dir() else []
        if found:
            folder = cls(found[0], resumed=True)
        else:
            date = datetime.now().astimezone().strftime("%Y-%m-%d")
            folder = cls(home / f"{date}_{digest}", resumed=False)
        try:
            folder.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise trouble(folder.path, error) from error
        write_json(folder.path / "config.json", {**config, "version": version, "hash": digest})
        return folder

    @property
    def performances(self) -> Path:
        """Stored answers, one file a participant."""
        return self.path / "performances"

    @property
    def figures(self) -> Path:
        """Figures with their numbers and captions."""
        return self.path / "figures"

    @property
    def trials(self) -> Path:
        """Trials as BIDS-style tables."""
        return self.path / "trials"

    def sweep(self) -> None:
        """Remove the half-written files that killed runs have left."""
        for leftover in self.path.rglob(".*.tmp"):
            leftover.unlink(missing_ok=True)


def config_hash(config: Mapping[str, object], version: str) -> str:
    """Short hash of a configuration and the version of the code; the order of keys does not matter."""
    text = json.dumps({"config": dict(config), "version": version}, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that it is either the old one or all of the new one, even if the power goes.

    Raises
    ------
    RunFolderError
        If the disk is full or the folder cannot be written; an earlier file stays as it was.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise trouble(path, error) from error


def write_json(path: Path, value: object) -> None:
    """Write a value as readable JSON, atomically."""
    write_atomically(path, json.dumps(value, indent=2, allow_nan=False, default=str) + "\n")


def trouble(path: Path, error: OSError) -> RunFolderError:
    """The error of a file that cannot be written, with what to do about it."""
    return RunFolderError(
        f"cannot write {path}: {error.strerror or error}. What was finished before is intact; free some "
        "space or give another folder with --out, then run the same command again to go on from there"
    )
