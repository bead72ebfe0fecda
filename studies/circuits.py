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

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from studies.progress import Display
from studies.provenance import Stopwatch, package_version
from studies.published import NAMES, published_circuit
from studies.published.base import PublishedCircuit, Setting
from studies.published.run import definition, run_parts
from studies.run_folder import RunFolder, RunFolderError, trouble

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

    def chosen(self) -> list[PublishedCircuit]:
        """The circuits; ValueError names every fault."""
        faults = []
        for name in self.circuit:
            if name not in NAMES:
                faults.append(f"circuit: unknown {name!r}; known are {list(NAMES)}")
        if not self.circuit:
            faults.append(f"circuit: name at least one of {list(NAMES)}")
        if self.seed < 0:
            faults.append(f"seed = {self.seed}, must be 0 or more")
        if self.workers is not None and self.workers < 0:
            faults.append(f"workers = {self.workers}, must be 0 or more")
        if faults:
            raise ValueError("\n".join(faults))
        # always in the same order: the same circuits are the same run
        return [published_circuit(name) for name in NAMES if name in self.circuit]


def main(config: Circuits) -> int:
    """Run the study; the exit code says whether it ran."""
    try:
        circuits = config.chosen()
    except ValueError as error:
        return _complain(str(error), 2)
    setting = Setting(config.quick, config.seed)
    try:
        described = {one.name: definition(one, setting) for one in circuits}
        values = {"study": NAME, "quick": config.quick, "seed": config.seed, "circuits": described}
        folder = RunFolder.open(config.out, NAME, values, package_version())
        display = Display(config.quiet)
        display.line(f"{'resuming' if folder.resumed else 'new run'}: {folder.path}")
        watch = Stopwatch(folder, config.seed)
        workers = config.workers if config.workers is not None else (os.cpu_count() or 1)
        collected = run_parts(circuits, setting, folder, display, workers)
        if not collected.tables:
            return _complain(f"no circuit was finished; see the warnings above and {folder.path}", 1)
        # drawing is imported late, so that worker processes start without it
        from studies.published.conclusion import conclude

        text = conclude(circuits, setting, collected, folder, watch, display, QUESTION)
    except RunFolderError as error:
        return _complain(str(error), 1)
    except OSError as error:
        return _complain(str(trouble(Path(error.filename or config.out), error)), 1)
    except KeyboardInterrupt:
        return _complain("stopped; finished parts are kept, the same command goes on from there", 130)
    if not config.quiet:
        print(text)
    print(folder.path)
    return 0 if len(collected.tables) == len(circuits) else 1


def _complain(text: str, code: int) -> int:
    print(f"error: {text}", file=sys.stderr)
    return code


if __name__ == "__main__":
    import tyro

    sys.exit(main(tyro.cli(Circuits, prog=f"python -m studies.{NAME}", description=__doc__)))
