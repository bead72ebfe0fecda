"""Benchmarks: how fast the package is, and against what, on this machine.

Times are CPU times of one thread; what is compared runs by turns in one command. Other programs that load the
machine slow both sides: compare ratios, and quote absolute times with the machine only. NEST and
neurogym live in environments of their own; without their interpreters, what needs them is skipped.

For example, all of it small; the spiking engine with NEST beside it:

    python -m studies.benchmarks --quick
    python -m studies.benchmarks --only spiking --nest-python ~/nest/bin/python
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from studies.benchmark import NAMES, benchmark
from studies.benchmark.base import BenchmarkSetting
from studies.benchmark.conclusion import conclude
from studies.progress import Display
from studies.provenance import Stopwatch, package_version
from studies.run_folder import RunFolder, RunFolderError, trouble

QUESTION = "How fast is the package, beside the tools that a laboratory would use instead?"
RUN_TIME = "on 2 cores about 3 minutes with --quick, about half an hour in full"

NAME = "benchmarks"


@dataclass(frozen=True)
class Benchmarks:
    """What to time. The same values find the same run folder; everything is timed anew."""

    only: tuple[str, ...] = NAMES
    """Benchmarks, by name."""
    quick: bool = False
    """Smaller jobs, fewer repetitions: for trying things out, not for quoting."""
    nest_python: Path | None = None
    """Python of another environment with nest-simulator 3.10."""
    neurogym_python: Path | None = None
    """Python of another environment with neurogym."""
    seed: int = 1
    """Seed of everything random."""
    out: Path = Path("runs")
    """Folder of all runs; this one becomes OUT/benchmarks/DATE_HASH."""
    quiet: bool = False
    """Print nothing but warnings and, last, the run folder."""

    def checked(self) -> Benchmarks:
        """The same with paths made whole; ValueError names every fault."""
        faults = [
            f"only: unknown {name!r}; known are {list(NAMES)}" for name in self.only if name not in NAMES
        ]
        if not self.only:
            faults.append(f"only: name at least one of {list(NAMES)}")
        if self.seed < 0:
            faults.append(f"seed = {self.seed}, must be 0 or more")
        pythons = {}
        for option in ("nest_python", "neurogym_python"):
            path = getattr(self, option)
            if path is not None:
                pythons[option] = path.expanduser().absolute()
                if not pythons[option].is_file():
                    faults.append(f"{option} = {path}: there is no such file")
        if faults:
            raise ValueError("\n".join(faults))
        return replace(self, **pythons)


def main(config: Benchmarks) -> int:
    """Take the times; the exit code says whether that worked."""
    try:
        config = config.checked()
    except ValueError as error:
        return _complain(str(error), 2)
    chosen = [benchmark(name) for name in NAMES if name in config.only]
    values = {
        "study": NAME,
        "only": [one.name for one in chosen],
        "quick": config.quick,
        "seed": config.seed,
        "nest": config.nest_python is not None,
        "neurogym": config.neurogym_python is not None,
    }
    display = Display(config.quiet)
    setting = BenchmarkSetting(
        config.quick, config.seed, config.nest_python, config.neurogym_python, display.line
    )
    try:
        folder = RunFolder.open(config.out, NAME, values, package_version())
        watch = Stopwatch(folder, config.seed)
        outcomes, failures = {}, {}
        for one in chosen:
            display.line(f"{one.name}: {one.about}")
            try:
                outcomes[one.name] = one.run(setting)
            except Exception as error:  # the others still have their say
                failures[one.name] = f"{type(error).__name__}: {error}"
                display.warn(f"{one.name} failed: {failures[one.name]}")
        text = conclude(outcomes, failures, folder, watch, display, QUESTION)
    except RunFolderError as error:
        return _complain(str(error), 1)
    except OSError as error:
        return _complain(str(trouble(Path(error.filename or config.out), error)), 1)
    except KeyboardInterrupt:
        return _complain("stopped", 130)
    if not config.quiet:
        print(text)
    print(folder.path)
    return 1 if failures else 0


def _complain(text: str, code: int) -> int:
    print(f"error: {text}", file=sys.stderr)
    return code


if __name__ == "__main__":
    import tyro

    sys.exit(main(tyro.cli(Benchmarks, prog=f"python -m studies.{NAME}", description=__doc__)))
