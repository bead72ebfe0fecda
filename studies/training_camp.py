"""Training camp: circuits, networks and simulated people practise under the same staircase.

Everyone decides between two stimuli and learns from reward alone which answer each calls for: circuits by
three factors between trials, networks by REINFORCE or by eligibility traces, simulated people by a power
law of practice. A weighted staircase keeps all of them at 85 % correct while they learn; two blocks of
QUEST+ without learning then measure each threshold twice. A run that is stopped goes on where it was when
the same command is given again.

For example, all of it small; and in full, with results elsewhere:

    python -m studies.training_camp --quick
    python -m studies.training_camp --out /data/runs

Kaernbach (1991), doi:10.3758/BF03214307; Watson (2017), doi:10.1167/17.3.10.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from studies.camp.exhibit import CAMP
from studies.command import complain, faults_of_size
from studies.exhibits.base import Setting
from studies.exhibits.study import run_study

QUESTION = "Do circuits, networks and people learn alike when the same staircase sets the difficulty?"
RUN_TIME = "on 2 cores about half a minute with --quick, about 5 minutes in full"

NAME = "training_camp"


@dataclass(frozen=True)
class TrainingCamp:
    """What to run. The same values find the same run folder and go on there."""

    quick: bool = False
    """Small: few circuits and a short course. For trying things out."""
    seed: int = 1
    """Seed of everything random."""
    out: Path = Path("runs")
    """Folder of all runs; this one becomes OUT/training_camp/DATE_HASH."""
    workers: int | None = None
    """Processes; as many as there are cores if not given, 0 to run in this process."""
    quiet: bool = False
    """Print nothing but warnings and, last, the run folder."""


def main(config: TrainingCamp) -> int:
    """Run the study; the exit code says whether it ran."""
    faults = faults_of_size(config.seed, config.workers)
    if faults:
        return complain("\n".join(faults), 2)
    return run_study(
        NAME,
        [CAMP],
        Setting(config.quick, config.seed),
        title="Attention training camp",
        question=QUESTION,
        noun="camps",
        out=config.out,
        workers=config.workers,
        quiet=config.quiet,
    )


if __name__ == "__main__":
    import tyro

    sys.exit(main(tyro.cli(TrainingCamp, prog=f"python -m studies.{NAME}", description=__doc__)))
