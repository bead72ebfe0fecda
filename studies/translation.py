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

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from studies.progress import Display
from studies.provenance import Stopwatch, package_version
from studies.published.base import Setting
from studies.published.run import definition, run_parts
from studies.run_folder import RunFolder, RunFolderError, trouble

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
    from studies.translating.findings import TRANSLATION

    if config.seed < 0 or (config.workers is not None and config.workers < 0):
        return _complain(f"seed = {config.seed} and workers = {config.workers} must be 0 or more", 2)
    setting = Setting(config.quick, config.seed)
    values = {"study": NAME, "quick": config.quick, "seed": config.seed}
    values["parts"] = definition(TRANSLATION, setting)
    try:
        folder = RunFolder.open(config.out, NAME, values, package_version())
        display = Display(config.quiet)
        display.line(f"{'resuming' if folder.resumed else 'new run'}: {folder.path}")
        watch = Stopwatch(folder, config.seed)
        workers = config.workers if config.workers is not None else (os.cpu_count() or 1)
        collected = run_parts([TRANSLATION], setting, folder, display, workers)
        if not collected.tables:
            return _complain(f"not every network was trained; see the warnings above and {folder.path}", 1)
        from studies.published.conclusion import conclude

        text = conclude(
            [TRANSLATION],
            setting,
            collected,
            folder,
            watch,
            display,
            QUESTION,
            "Translation with and without attention",
        )
    except RunFolderError as error:
        return _complain(str(error), 1)
    except OSError as error:
        return _complain(str(trouble(Path(error.filename or config.out), error)), 1)
    except KeyboardInterrupt:
        return _complain("stopped; finished networks are kept, the same command goes on from there", 130)
    if not config.quiet:
        print(text)
    print(folder.path)
    return 0


def _complain(text: str, code: int) -> int:
    print(f"error: {text}", file=sys.stderr)
    return code


if __name__ == "__main__":
    import tyro

    sys.exit(main(tyro.cli(Translation, prog=f"python -m studies.{NAME}", description=__doc__)))
