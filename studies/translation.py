"""Translation: does attention find by itself which word stands for which?

An encoder-decoder learns to translate between two made-up languages of different word order whose true
alignment is known, with additive attention and without. With attention, its weights are compared with the
alignment, which it was never shown; without, the sentence must pass through one vector, and long ones fail.

For example, all of it small; where results go:

    python -m studies.translation --quick
    python -m studies.translation --out /data/runs

Bahdanau, Cho & Bengio (2015), doi:10.48550/arXiv.1409.0473; Cho et al. (2014), doi:10.3115/v1/W14-4012.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from studies.command import complain, faults_of_size
from studies.exhibits.base import Setting
from studies.exhibits.study import run_study

QUESTION = "Do attention weights recover which word translates which, and what is lost without them?"
RUN_TIME = "on 2 cores about 2 minutes with --quick, about 15 minutes in full"

NAME = "translation"


@dataclass(frozen=True)
class Translation:
    """What to run. The same values find the same run folder and go on there."""

    quick: bool = False
    """Small: 2 networks of each kind, trained for less long. For trying things out."""
    seed: int = 1
    """Seed of everything random; networks have this seed and those after it."""
    out: Path = Path("runs")
    """Folder of all runs; this one becomes OUT/translation/DATE_HASH."""
    workers: int | None = None
    """Processes; as many as there are cores if not given, 0 to run in this process."""
    quiet: bool = False
    """Print nothing but warnings and, last, the run folder."""


def main(config: Translation) -> int:
    """Run the study; the exit code says whether it ran."""
    faults = faults_of_size(config.seed, config.workers)
    if faults:
        return complain("\n".join(faults), 2)
    from studies.translating.findings import TRANSLATION

    return run_study(
        NAME,
        [TRANSLATION],
        Setting(config.quick, config.seed),
        title="Translation with and without attention",
        question=QUESTION,
        noun="networks",
        out=config.out,
        workers=config.workers,
        quiet=config.quiet,
    )


if __name__ == "__main__":
    import tyro

    sys.exit(main(tyro.cli(Translation, prog=f"python -m studies.{NAME}", description=__doc__)))
