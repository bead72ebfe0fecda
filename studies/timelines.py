"""Timelines: what happens in a trial of each task, drawn from the events of a session itself.

One panel for each of a few trials that between them show the conditions, one row for each channel that
carries anything in that stretch of time. Nothing is drawn by hand: a wrong timing in a task is a wrong timing
in its figure.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from studies.command import complain, faults_of_size, guarded

NAME = "timelines"
QUESTION = "What happens in a trial of each task, and when?"
RUN_TIME = "about a second a task"


@dataclass(frozen=True)
class Timelines:
    """Draw the timelines of tasks.

    Parameters
    ----------
    tasks
        Names of tasks; none: all of them.
    out
        Folder of the figures.
    seed
        Seed of the sessions that are shown.
    """

    tasks: tuple[str, ...] = ()
    out: Path = Path("runs/timelines")
    seed: int = 1


def main(config: Timelines) -> int:
    """Draw; the exit code says whether it worked."""
    from bridges.tasks import TASKS
    from studies.timeline.drawing import draw_timeline

    faults = [
        f"tasks: unknown {name!r}; known are {', '.join(TASKS)}" for name in config.tasks if name not in TASKS
    ]
    faults += faults_of_size(config.seed, None)
    if faults:
        return complain("\n".join(faults), 2)

    def run() -> int:
        for name in config.tasks or tuple(TASKS):
            print(draw_timeline(TASKS[name](), config.out, config.seed).path("png"))
        print(config.out)
        return 0

    return guarded(run, config.out)


if __name__ == "__main__":
    from typing import Annotated

    import tyro

    @dataclass(frozen=True)
    class _Command(Timelines):
        tasks: Annotated[tuple[str, ...], tyro.conf.Positional] = ()

    sys.exit(main(tyro.cli(_Command, prog=f"python -m studies.{NAME}", description=__doc__)))
