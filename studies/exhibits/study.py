"""A study made of exhibits, from its parsed command line to its exit code."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from studies.command import complain, guarded
from studies.exhibits.base import Exhibit, Setting
from studies.exhibits.run import definition, run_parts
from studies.progress import Display
from studies.provenance import Stopwatch, package_version
from studies.run_folder import RunFolder

__all__ = ["run_study"]


def run_study(
    name: str,
    exhibits: Sequence[Exhibit],
    setting: Setting,
    *,
    title: str,
    question: str,
    noun: str,
    out: Path,
    workers: int | None,
    quiet: bool,
) -> int:
    """Run the parts, write checks, figures and report, print the table and, last, the run folder.

    Parameters
    ----------
    name
        Of the study; its folder is ``OUT/<name>/DATE_HASH``.
    exhibits
        What to run, in the order in which they are shown.
    setting
        Size and seed.
    title, question
        Of the report.
    noun
        What the exhibits are, in the plural.
    out, workers, quiet
        As on the command line: folder of all runs, processes (None: as many as cores), few words.

    Returns
    -------
    int
        The exit code: 0 if every exhibit was finished, whatever came out.
    """

    def run() -> int:
        described = {one.name: definition(one, setting) for one in exhibits}
        values = {"study": name, "quick": setting.quick, "seed": setting.seed, noun: described}
        folder = RunFolder.open(out, name, values, package_version())
        display = Display(quiet)
        display.line(f"{'resuming' if folder.resumed else 'new run'}: {folder.path}")
        watch = Stopwatch(folder, setting.seed)
        processes = workers if workers is not None else (os.cpu_count() or 1)
        collected = run_parts(exhibits, setting, folder, display, processes)
        if not collected.tables:
            return complain(f"none of the {noun} was finished; see the warnings above and {folder.path}", 1)
        # drawing is imported late, so that worker processes start without it
        from studies.exhibits.conclusion import Heading, conclude

        heading = Heading(title, question, noun)
        text = conclude(exhibits, setting, collected, folder, watch, display, heading)
        if not quiet:
            print(text)
        print(folder.path)
        return 0 if len(collected.tables) == len(exhibits) else 1

    return guarded(run, out)
