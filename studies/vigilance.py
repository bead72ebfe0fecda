"""Vigilance: does sensitivity fall over time on task only where events are fast and take memory?

Parasuraman's rule is put to a spiking circuit and an LSTM, with and without arousal that sinks over time on
task: the same individuals keep watch in four vigils, with and without memory of a cue, at 30 and at 10 trials
a minute. Arousal is the same in all four, for its load is time on task alone, so what differs between them is
what it does to memory and to senses; nothing is fitted here. Sensitivity d' and criterion c by thirds are
shown side by side.
A run that is stopped goes on where it was when the same command is given again.

    python -m studies.vigilance --quick
    python -m studies.vigilance --out /data/runs --workers 8

Parasuraman (1979), doi:10.1126/science.472714.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from studies.command import complain, faults_of_size
from studies.exhibits.base import Setting
from studies.exhibits.study import run_study
from studies.sustained.parasuraman import sized

QUESTION = "Does sensitivity fall over a vigil only where events are fast and the judgement takes memory?"
RUN_TIME = "on 2 cores some minutes with --quick (the first time it compiles), hours in full"

NAME = "vigilance"


@dataclass(frozen=True)
class Vigilance:
    """What to run. The same values find the same run folder and go on there."""

    quick: bool = False
    """Small: 2 individuals of each agent, vigils of 1.5 min. For trying things out."""
    participants: int | None = None
    """Individuals of each agent; 20 if not given, 2 with --quick."""
    minutes: float | None = None
    """Length of each vigil (min); 20 if not given, 1.5 with --quick."""
    seed: int = 1
    """Seed of everything random."""
    out: Path = Path("runs")
    """Folder of all runs; this one becomes OUT/vigilance/DATE_HASH."""
    workers: int | None = None
    """Processes; as many as there are cores if not given, 0 to run in this process."""
    quiet: bool = False
    """Print nothing but warnings and, last, the run folder."""


def main(config: Vigilance) -> int:
    """Run the study; the exit code says whether it ran."""
    faults = faults_of_size(config.seed, config.workers)
    if config.participants is not None and config.participants < 2:
        faults.append(f"participants = {config.participants}, must be 2 or more")
    if config.minutes is not None and not config.minutes > 0:
        faults.append(f"minutes = {config.minutes}, must be above 0")
    if faults:
        return complain("\n".join(faults), 2)
    return run_study(
        NAME,
        [sized(config.participants, config.minutes)],
        Setting(config.quick, config.seed),
        title="Memory load and event rate in vigilance",
        question=QUESTION,
        noun="experiments",
        out=config.out,
        workers=config.workers,
        quiet=config.quiet,
    )


if __name__ == "__main__":
    import tyro

    sys.exit(main(tyro.cli(Vigilance, prog=f"python -m studies.{NAME}", description=__doc__)))
