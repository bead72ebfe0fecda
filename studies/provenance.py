"""Provenance: which command, code, packages and machine made a run, and when."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from studies.run_folder import RunFolder, write_json

__all__ = ["Stopwatch", "cpu_model", "git_state", "package_version", "package_versions"]

PACKAGES = (
    "neurosim",
    "numpy",
    "scipy",
    "pandas",
    "xarray",
    "h5netcdf",
    "matplotlib",
    "brian2",
    "torch",
    "tyro",
    "jinja2",
)


def package_version() -> str:
    """Version of this package and of the code that performs: ``0.1.0+3f2a...``.

    Results of other code are not resumed, whether or not somebody raised the version. The code of agents
    of one's own is not part of it: they carry the digest of the module that holds their builder
    (`studies.agents.Agent.source`).
    """
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parents[1]
    for package in ("neurosim", "ann", "bridges"):
        for source in sorted((root / package).rglob("*.py")):
            digest.update(source.relative_to(root).as_posix().encode())
            digest.update(source.read_bytes())
    return f"{version('neurosim')}+{digest.hexdigest()[:12]}"


def package_versions() -> dict[str, str]:
    """Versions of the packages that results depend on."""
    return {name: _version(name) for name in PACKAGES}


def cpu_model() -> str:
    """Name of the processor, as the machine gives it; its architecture where it gives none."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def git_state() -> dict[str, object]:
    """Commit of the source tree and whether tracked files differ from it; nulls outside a clone."""
    root = Path(__file__).resolve().parents[1]
    top = _git(root, "rev-parse", "--show-toplevel")
    # an installed copy may lie inside somebody else's repository, whose commit says nothing
    if top is None or Path(top).resolve() != root:
        return {"commit": None, "dirty": None}
    changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    return {"commit": _git(root, "rev-parse", "HEAD"), "dirty": None if changes is None else bool(changes)}


class Stopwatch:
    """Writes provenance.json when a run starts and completes it when the run stops.

    A resumed run keeps the records of the runs before it under ``earlier``.
    """

    def __init__(self, folder: RunFolder, seed: int, device: str = "cpu") -> None:
        self._path = folder.path / "provenance.json"
        self._clock = time.perf_counter()
        self.record: dict[str, object] = {
            "command": " ".join([Path(sys.executable).name, *_command()]),
            "seed": seed,
            **{f"git_{key}": value for key, value in git_state().items()},
            "python": platform.python_version(),
            "platform": platform.platform(),
            "processor": platform.machine(),
            "cpu_count": os.cpu_count(),
            "device": device,
            "versions": package_versions(),
            "started": _now(),
            "stopped": None,
            "wall_s": None,
            "earlier": self._earlier(),
        }
        write_json(self._path, self.record)

    def stop(self, **more: object) -> dict[str, object]:
        """Complete the record with the end of the run and anything learned in it."""
        elapsed = round(time.perf_counter() - self._clock, 3)
        self.record.update(stopped=_now(), wall_s=elapsed, **more)
        write_json(self._path, self.record)
        return self.record

    def _earlier(self) -> list[object]:
        try:
            before = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return []
        chain = before.pop("earlier", [])
        return [*chain, before]


def _command() -> list[str]:
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return ["-m", spec.name, *sys.argv[1:]] if spec is not None else list(sys.argv)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
