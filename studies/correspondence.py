"""Correspondence: how well each map between spiking circuit and network holds, as numbers with tolerances.

Every map states an equation and what must come out if it is true: a rate within a few percent of theory, a
weight on the identity line, a trained network that still performs once it spikes. Each number stands beside
its tolerance with its 95 % interval; where it falls short, the cause is given and the tolerance stays. A run
that is stopped goes on where it was when the same command is given again.

For example, all of it small; two maps in full; where other results go:

    python -m studies.correspondence --quick
    python -m studies.correspondence --map attention gating
    python -m studies.correspondence --map twin --out /data/runs
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from studies.command import complain, faults_of_size
from studies.corresponding import NAMES, correspondence
from studies.exhibits.base import Exhibit, Setting
from studies.exhibits.study import run_study

QUESTION = "Which part of the network is which part of the circuit, and how well does each map hold?"
RUN_TIME = "on 2 cores about 5 minutes with --quick, about two hours in full"

NAME = "correspondence"


@dataclass(frozen=True)
class Correspondence:
    """What to run. The same values find the same run folder and go on there."""

    quick: bool = False
    """Small: fewer seeds and sizes, and only the numbers that they can tell. For trying things out."""
    map: tuple[str, ...] = NAMES
    """Maps, by name."""
    seed: int = 1
    """Seed of everything random."""
    out: Path = Path("runs")
    """Folder of all runs; this one becomes OUT/correspondence/DATE_HASH."""
    workers: int | None = None
    """Processes; as many as there are cores if not given, 0 to run in this process."""
    quiet: bool = False
    """Print nothing but warnings and, last, the run folder."""

    def chosen(self) -> list[Exhibit]:
        """The maps, always in the same order; ValueError names every fault."""
        faults = [f"map: unknown {name!r}; known are {list(NAMES)}" for name in self.map if name not in NAMES]
        if not self.map:
            faults.append(f"map: name at least one of {list(NAMES)}")
        faults += faults_of_size(self.seed, self.workers)
        if faults:
            raise ValueError("\n".join(faults))
        return [correspondence(name) for name in NAMES if name in self.map]


def main(config: Correspondence) -> int:
    """Run the study; the exit code says whether it ran."""
    try:
        maps = config.chosen()
    except ValueError as error:
        return complain(str(error), 2)
    return run_study(
        NAME,
        maps,
        Setting(config.quick, config.seed),
        title="Correspondence of circuit and network",
        question=QUESTION,
        noun="maps",
        out=config.out,
        workers=config.workers,
        quiet=config.quiet,
    )


if __name__ == "__main__":
    import tyro

    sys.exit(main(tyro.cli(Correspondence, prog=f"python -m studies.{NAME}", description=__doc__)))
