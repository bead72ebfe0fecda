"""Inside: what a network does during a trial, from what it perceives to what it answers.

A participant's network performs a session. Around one trial, and around others of each condition, are drawn:
the gates, cells and hidden states of an LSTM with the time constants that its forget gates imply, or the
attention of every head of an attention network; the log-odds of the responses; and which inputs made the
decision (integrated gradients, which need Captum).

For example, a trial with an invalid cue and a valid probe; the 13th trial; the attention network:

    python -m studies.inside --task ax_cpt --trial-type BX
    python -m studies.inside --task sart --trial 12
    python -m studies.inside --agent attention

Hochreiter & Schmidhuber (1997), doi:10.1162/neco.1997.9.8.1735; Vaswani et al. (2017),
doi:10.48550/arXiv.1706.03762; Sundararajan et al. (2017), doi:10.48550/arXiv.1703.01365.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from studies.progress import Display
from studies.provenance import Stopwatch, package_version
from studies.run_folder import RunFolder, RunFolderError, trouble
from studies.seeds import session_seed

QUESTION = "What do gates, cells and attention do during a trial, and which inputs make the decision?"
RUN_TIME = "about a minute a task and network, half of it with --quick"

NAME = "inside"


@dataclass(frozen=True)
class Inside:
    """What to look at. The same values find the same run folder."""

    task: str = "ax_cpt"
    """Name of the task; python -m bridges.tasks lists them."""
    agent: Literal["lstm", "attention"] = "lstm"
    """Kind of network."""
    trial: int | None = None
    """Number of the trial to look at, from 0; one in the middle of the session if not given."""
    trial_type: str | None = None
    """Type of the trial to look at, instead of its number: the middle one of that type is taken."""
    quick: bool = False
    """A small network, trained for less long, and fewer trials. For trying things out."""
    seed: int = 1
    """Seed of the session and of the individual: participant 0 of the other studies with that seed."""
    out: Path = Path("runs")
    """Folder of all runs; this one becomes OUT/inside/DATE_HASH."""
    quiet: bool = False
    """Print nothing but warnings and, last, the run folder."""


def main(config: Inside) -> int:
    """Look and draw; the exit code says whether it worked."""
    from bridges.tasks import TASKS
    from studies.looking.trials import chosen_row

    if config.task not in TASKS:
        return _complain(f"task {config.task!r} is unknown; known are {', '.join(TASKS)}", 2)
    if config.seed < 0:
        return _complain(f"seed = {config.seed}, must be 0 or more", 2)
    session = TASKS[config.task]().session(session_seed(config.seed, 0, config.task))
    try:
        row = chosen_row(session, config.trial, config.trial_type)
    except ValueError as error:
        return _complain(str(error), 2)
    choice = {name: getattr(config, name) for name in ("task", "agent", "quick", "seed")}
    try:
        folder = RunFolder.open(config.out, NAME, {"study": NAME, **choice, "trial": row}, package_version())
        display = Display(config.quiet)
        display.line(f"{'again' if folder.resumed else 'new run'}: {folder.path}")
        watch = Stopwatch(folder, config.seed)
        from studies.looking.conclusion import look_inside

        look_inside(config, session, row, folder, watch, display)
    except RunFolderError as error:
        return _complain(str(error), 1)
    except OSError as error:
        return _complain(str(trouble(Path(error.filename or config.out), error)), 1)
    except KeyboardInterrupt:
        return _complain("stopped; a network that was trained is kept", 130)
    print(folder.path)
    return 0


def _complain(text: str, code: int) -> int:
    print(f"error: {text}", file=sys.stderr)
    return code


if __name__ == "__main__":
    import tyro

    sys.exit(main(tyro.cli(Inside, prog=f"python -m studies.{NAME}", description=__doc__)))
