"""What the command lines of all studies share: faults in one line, and their exit codes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from studies.run_folder import RunFolderError, trouble

__all__ = ["complain", "faults_of_size", "guarded"]

STOPPED = "stopped; what is finished is kept, the same command goes on from there"


def complain(text: str, code: int) -> int:
    """Print what is wrong; returns the exit code."""
    print(f"error: {text}", file=sys.stderr)
    return code


def guarded(run: Callable[[], int], out: Path) -> int:
    """Run a study; faults of disk and folder, and an interruption, end in one line instead of a traceback.

    Parameters
    ----------
    run
        The study; returns its exit code.
    out
        Where it writes, to be named where the system names no file.
    """
    try:
        return run()
    except RunFolderError as error:
        return complain(str(error), 1)
    except OSError as error:
        return complain(str(trouble(Path(error.filename or out), error)), 1)
    except KeyboardInterrupt:
        return complain(STOPPED, 130)


def faults_of_size(seed: int, workers: int | None) -> list[str]:
    """Faults of the options that every study has."""
    faults = []
    if seed < 0:
        faults.append(f"seed = {seed}, must be 0 or more")
    if workers is not None and workers < 0:
        faults.append(f"workers = {workers}, must be 0 or more")
    return faults
