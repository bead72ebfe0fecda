"""Self-excitation: how much of it serves attention, in a spiking circuit and, as forget gate, in an LSTM.

The strength with which goals and memories excite themselves in the circuit is swept, and so is the forget
bias of an LSTM. At every strength the same individuals perform a sustained task (SART) and a delay task
(AX-CPT), and their time constant is measured from activity, not assumed. Performance of both is drawn on
one axis of measured time constants; an inverted U is tested within individuals: too little forgets, too
much perseverates.
A run that is stopped goes on where it was when the same command is given again.

    python -m studies.self_excitation --quick
    python -m studies.self_excitation --short --participants 5
    python -m studies.self_excitation --out /data/runs --workers 8

Wang (2002), doi:10.1016/S0896-6273(02)01092-9; Gers et al. (2000), doi:10.1162/089976600300015015.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from studies.command import complain, faults_of_size
from studies.excitation.exhibit import sized
from studies.exhibits.base import Setting
from studies.exhibits.study import run_study

QUESTION = "How much self-excitation serves attention, and is it the same time constant in circuit and LSTM?"
RUN_TIME = "on 2 cores some minutes with --quick (the first time it compiles), hours in full"

NAME = "self_excitation"


@dataclass(frozen=True)
class SelfExcitation:
    """What to run. The same values find the same run folder and go on there."""

    quick: bool = False
    """Small: 3 strengths and 3 individuals of each agent, short tasks. For trying things out."""
    participants: int | None = None
    """Individuals of each agent at every strength; 12 if not given, 3 with --quick."""
    short: bool = False
    """Tasks as short as with --quick, but all strengths and networks that have learned the tasks."""
    seed: int = 1
    """Seed of everything random."""
    out: Path = Path("runs")
    """Folder of all runs; this one becomes OUT/self_excitation/DATE_HASH."""
    workers: int | None = None
    """Processes; as many as there are cores if not given, 0 to run in this process."""
    quiet: bool = False
    """Print nothing but warnings and, last, the run folder."""


def main(config: SelfExcitation) -> int:
    """Run the study; the exit code says whether it ran."""
    faults = faults_of_size(config.seed, config.workers)
    if config.participants is not None and config.participants < 2:
        faults.append(f"participants = {config.participants}, must be 2 or more")
    if faults:
        return complain("\n".join(faults), 2)
    return run_study(
        NAME,
        [sized(config.participants, config.short)],
        Setting(config.quick, config.seed),
        title="Self-excitation and how long activity remembers itself",
        question=QUESTION,
        noun="sweeps",
        out=config.out,
        workers=config.workers,
        quiet=config.quiet,
    )


if __name__ == "__main__":
    import tyro

    sys.exit(main(tyro.cli(SelfExcitation, prog=f"python -m studies.{NAME}", description=__doc__)))
