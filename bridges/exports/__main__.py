"""Make sessions of a task and write them for another program.

For example:

  python -m bridges.exports --task sart --n 10 --to bids --out sart_bids
      a BIDS data set, one participant a session, that BIDS validators accept
  python -m bridges.exports --task prp --seed 7 --n 20 --to jspsych --out prp_pages
      one jsPsych 8 timeline (JSON) a session, for the browser
  python -m bridges.exports --task cpt_x --n 100 --to numpy --out cpt_arrays
      inputs, targets and mask of every step (arrays.npz) and the trial table (trials.tsv)

The same task and seed make the same sessions on every machine. Nothing is overwritten: if a file is already
there, nothing is written.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bridges.exports.files import refuse_to_overwrite
from bridges.tasks import TASKS
from bridges.tasks.batch import SessionBatch


@dataclass(frozen=True)
class Export:
    """What to make and where to write it."""

    task: str
    """Name of the task: sart, cpt_x, pvt, ... (a wrong name lists them all)."""
    out: Path
    """Folder to write into; made if need be."""
    to: Literal["bids", "jspsych", "numpy"] = "bids"
    """Format."""
    n: int = 1
    """Number of sessions."""
    seed: int = 0
    """Whole number that the seeds of the sessions come from."""
    dt_s: float = 0.02
    """Step of the arrays (s); for numpy only."""
    practice: bool = False
    """Make practice sessions instead."""

    def sessions(self) -> SessionBatch:
        """Make them.

        Raises
        ------
        ValueError
            If the task is unknown, or the number or seed is not whole.
        """
        if self.task not in TASKS:
            raise ValueError(f"task = {self.task!r}, must be one of: {', '.join(sorted(TASKS))}")
        task = TASKS[self.task]()
        return (task.practice() if self.practice else task).sessions(self.n, self.seed)

    def write(self) -> list[Path]:
        """Make and write the sessions; returns the files of the sessions."""
        sessions = self.sessions()
        if self.to == "bids":
            from bridges.exports.bids_events import write_sessions

            return write_sessions(self.out, sessions, name=f"Sessions of {self.task}")
        if self.to == "numpy":
            from bridges.exports.arrays import session_arrays

            return session_arrays(sessions, self.dt_s).save(self.out)
        return self._write_timelines(sessions)

    def _write_timelines(self, sessions: SessionBatch) -> list[Path]:
        from bridges.exports.jspsych import timeline

        width = max(4, len(str(self.n)))
        paths = [self.out / f"{self.task}_{k + 1:0{width}d}.json" for k in range(len(sessions))]
        refuse_to_overwrite(paths)
        self.out.mkdir(parents=True, exist_ok=True)
        for path, session in zip(paths, sessions, strict=True):
            path.write_text(json.dumps(timeline(session)) + "\n", encoding="utf-8")
        return paths


def main(arguments: list[str] | None = None) -> int:
    """Read the command line; 0 if the files were written, 2 if they could not be."""
    import tyro

    export = tyro.cli(Export, prog="python -m bridges.exports", description=__doc__, args=arguments)
    try:
        paths = export.write()
    except (ValueError, FileExistsError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{len(paths)} files, e.g. {paths[0]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
