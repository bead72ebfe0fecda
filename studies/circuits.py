"""Circuits of the literature, re-measured: what the papers say beside what this package's circuits do.

Each circuit is built from its paper and run through the paper's experiment. Every number that comes out
stands beside the published one (or, where the text of the paper was not at hand, beside an independent
re-simulation, and says so), with its 95 % interval, the tolerance and the source. Where they disagree,
the reason is given. A run that is stopped goes on where it was when the same command is given again.

For example, all of it small; one circuit in full; where other results go:

    python -m studies.circuits --quick
    python -m studies.circuits --circuit decision
    python -m studies.circuits --circuit ring column --out /data/runs
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from studies.command import complain, faults_of_size
from studies.exhibits.base import Exhibit, Setting
from studies.exhibits.study import run_study
from studies.published import NAMES, published_circuit

QUESTION = "Do the spiking circuits do what the papers say that they do?"
RUN_TIME = "on 2 cores about 3 minutes with --quick, about an hour in full"

NAME = "circuits"


@dataclass(frozen=True)
class Circuits:
    """What to run. The same values find the same run folder and go on there."""

    quick: bool = False
    """Small: few trials, coarse sweeps, and only the numbers that they can tell. For trying things out."""
    circuit: tuple[str, ...] = NAMES
    """Circuits, by name."""
    seed: int = 1
    """Seed of everything random."""
    out: Path = Path("runs")
    """Folder of all runs; this one becomes OUT/circuits/DATE_HASH."""
    workers: int | None = None
    """Processes; as many as there are cores if not given, 0 to run in this process."""
    quiet: bool = False
    """Print nothing but warnings and, last, the run folder."""

    def chosen(self) -> list[Exhibit]:
        """The circuits; ValueError names every fault."""
        faults = []
        for name in self.circuit:
            if name not in NAMES:
                faults.append(f"circuit: unknown {name!r}; known are {list(NAMES)}")
        if not self.circuit:
            faults.append(f"circuit: name at least one of {list(NAMES)}")
        faults += faults_of_size(self.seed, self.workers)
        if faults:
            raise ValueError("\n".join(faults))
        # always in the same order: the same circuits are the same run
        return [published_circuit(name) for name in NAMES if name in self.circuit]


def main(config: Circuits) -> int:
    """Run the study; the exit code says whether it ran."""
    try:
        circuits = config.chosen()
    except ValueError as error:
        return complain(str(error), 2)
    return run_study(
        NAME,
        circuits,
        Setting(config.quick, config.seed),
        title="Published circuits, re-measured",
        question=QUESTION,
        noun="circuits",
        out=config.out,
        workers=config.workers,
        quiet=config.quiet,
    )


if __name__ == "__main__":
    import tyro

    sys.exit(main(tyro.cli(Circuits, prog=f"python -m studies.{NAME}", description=__doc__)))
