"""What a benchmark declares and returns, and how it takes time.

CPU time of one thread, never wall-clock time: other programs on the machine stretch the clock and, to
first order, not the CPU time. A timing is the median of several; whatever is compared is timed by turns
in one run, so that both sides meet the same machine. Benchmarks run one after another, alone.
"""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = [
    "Benchmark",
    "BenchmarkFigure",
    "BenchmarkSetting",
    "Outcome",
    "Reading",
    "child_cpu_s",
    "cpu_seconds",
    "one_thread",
]

Tell = Callable[[str], None]
"""Says in a line what is being timed."""


@dataclass(frozen=True)
class BenchmarkSetting:
    """What a benchmark is given.

    Parameters
    ----------
    quick
        Smaller jobs and fewer repetitions; ends within about a minute.
    seed
        Of everything random.
    nest_python, neurogym_python
        Python interpreters of other environments, with nest-simulator and with neurogym; None: skip what
        needs them.
    tell
        For progress lines.
    """

    quick: bool = False
    seed: int = 1
    nest_python: Path | None = None
    neurogym_python: Path | None = None
    tell: Tell = lambda text: None


@dataclass(frozen=True)
class Reading:
    """One measured number and its goal.

    Parameters
    ----------
    name
        Name of the check, e.g. ``"spiking.ns_per_neuron_step"``.
    value
        Median over repetitions.
    low, high
        Goal: at least `low`, at most `high`; None: no limit on that side. With no limit at all the number
        is shown and is no check.
    unit
        Its unit; ``"1"`` for ratios.
    job
        What exactly was timed, against what.
    spread
        Smallest and largest of the repetitions; NaN if there was only one.
    n
        Repetitions.
    explanation
        Where the goal is missed: what bounds it.
    """

    name: str
    value: float
    low: float | None
    high: float | None
    unit: str
    job: str
    spread: tuple[float, float] = (float("nan"), float("nan"))
    n: int = 1
    explanation: str = ""


@dataclass(frozen=True)
class BenchmarkFigure:
    """A figure, its file name (``figure<number>_<what>``), the numbers in it, and what it shows."""

    name: str
    figure: Figure
    data: pd.DataFrame
    caption: str


@dataclass(frozen=True)
class Outcome:
    """What a benchmark found.

    Parameters
    ----------
    readings
        The numbers.
    tables
        Name -> table of all single timings; written as CSV.
    skipped
        Name of a reading -> why it was not taken, one sentence.
    figures
        Function that draws the figures from `tables`; called in the house style. None: no figure.
    notes
        What a reader must know, one sentence each.
    """

    readings: Sequence[Reading]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    figures: Callable[[Mapping[str, pd.DataFrame]], Sequence[BenchmarkFigure]] | None = None
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Benchmark:
    """A group of timings.

    Parameters
    ----------
    name
        As on the command line: ``"spiking"``.
    about
        What is compared, in a sentence.
    run
        Takes all timings; slow, alone on the machine as far as we can help it.
    """

    name: str
    about: str
    run: Callable[[BenchmarkSetting], Outcome]


def cpu_seconds(call: Callable[[], object], children: bool = False) -> float:
    """CPU seconds (user and system) that a call takes in this process, or in the processes that it starts.

    Parameters
    ----------
    call
        What to time.
    children
        Count the processes that it starts and waits for instead of this one.
    """
    who = resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF
    before = resource.getrusage(who)
    call()
    after = resource.getrusage(who)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def child_cpu_s(
    command: Sequence[str], timeout_s: float = 1800.0, folder: Path | None = None
) -> tuple[float, float, str]:
    """Run a command with one thread; its CPU seconds, its wall-clock seconds and what it printed.

    Parameters
    ----------
    command
        Program and arguments.
    timeout_s
        When to give up (s of wall-clock time).
    folder
        Where to run it; here if None.

    Raises
    ------
    RuntimeError
        If it fails, with the end of what it said.
    """
    clock = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        list(command),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        env=one_thread(),
        cwd=folder,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {(done.stderr or done.stdout).strip()[-1500:]}")
    cpu = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    return cpu, time.perf_counter() - clock, done.stdout


def one_thread() -> dict[str, str]:
    """The environment, with every thread pool limited to one."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    return {**os.environ, **dict.fromkeys(names, "1")}
