"""Generated spike rasters: does a generative adversarial network learn what a circuit's neurons do together?

The attention circuit holds a goal and meets go and no-go stimuli some thousand times; rasters of thirty of
its neurons around each stimulus are the data. A Wasserstein GAN with gradient penalty learns half of them,
told which stimulus it was, and draws new ones. These are compared with the other half in seven statistics,
each condition alone, beside models that keep rates, time courses, or covariances alone. The GAN starts from
what each neuron does alone, its time course and the effect of its own spikes; nothing is told to it about
what neurons do together. Settings were chosen on seed 1, so that the default seed is 2.

For example, all of it small:

    python -m studies.generative --quick

Molano-Mazon et al. (2018), doi:10.48550/arXiv.1803.00338; Macke et al. (2009),
doi:10.1162/neco.2008.02-08-713.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from studies.command import complain, guarded
from studies.progress import Display
from studies.provenance import Stopwatch, package_version
from studies.rasters.circuit_data import RecordingPlan
from studies.run_folder import RunFolder

if TYPE_CHECKING:
    from ann.generative import GanSettings

QUESTION = "Can a generative adversarial network learn what neurons of the circuit do together in a trial?"
RUN_TIME = "on 1 core about a minute with --quick, about a quarter of an hour else"

NAME = "generative"


@dataclass(frozen=True)
class Generative:
    """What to run. The same values find the same run folder and go on there."""

    quick: bool = False
    """Small: 800 trials, 150 steps. For trying things out."""
    trials: int | None = None
    """Trials, half of each condition; 8000 if not given, 800 with --quick."""
    steps: int | None = None
    """Steps of the generator; 1500 if not given, 150 with --quick."""
    seed: int = 2
    """Seed of everything random; on that of 1, networks and rates were chosen."""
    out: Path = Path("runs")
    """Folder of all runs; this one becomes OUT/generative/DATE_HASH."""
    quiet: bool = False
    """Print nothing but warnings and, last, the run folder."""

    def plan(self) -> RecordingPlan:
        """What to record."""
        trials = self.trials if self.trials is not None else (800 if self.quick else 8000)
        if trials < 200 or self.seed < 0:
            raise ValueError(f"trials = {trials}, seed = {self.seed}; must be at least 200 and 0")
        return RecordingPlan(trials=trials, chunk_trials=50 if self.quick else 100)

    def settings(self) -> GanSettings:
        """How to train."""
        from ann.generative import GanSettings

        steps = self.steps if self.steps is not None else (150 if self.quick else GanSettings().steps)
        tenth = max(1, steps // 10)
        return GanSettings(steps=steps, warm_up=min(100, tenth), check_every=min(50, tenth))

    @property
    def draws(self) -> int:
        """Sets drawn from each model."""
        return 3 if self.quick else 10


def main(config: Generative) -> int:
    """Run the study; the exit code says whether it ran."""
    try:
        plan, settings = config.plan(), config.settings()
    except ValueError as error:
        return complain(str(error), 2)
    return guarded(lambda: _run(config, plan, settings), config.out)


def _run(config: Generative, plan: RecordingPlan, settings: GanSettings) -> int:
    from studies.rasters.comparison import halves
    from studies.rasters.conclusion import conclude_rasters
    from studies.rasters.recorded import recorded_rasters
    from studies.rasters.training import trained_generator

    choice: dict[str, object] = {
        "study": NAME,
        "seed": config.seed,
        "draws": config.draws,
        "recording": asdict(plan),
        "training": asdict(settings),
    }
    folder = RunFolder.open(config.out, NAME, choice, package_version())
    display = Display(config.quiet)
    display.line(f"{'resuming' if folder.resumed else 'new run'}: {folder.path}")
    watch = Stopwatch(folder, config.seed)
    learned, held_out = halves(recorded_rasters(plan, config.seed, folder, display), config.seed)
    generator, history = trained_generator(learned, settings, config.seed, folder, display)
    conclude_rasters(
        learned,
        held_out,
        generator,
        history,
        plan,
        settings,
        config.draws,
        config.seed,
        QUESTION,
        folder,
        watch,
        display,
    )
    print(folder.path)
    return 0


if __name__ == "__main__":
    import tyro

    sys.exit(main(tyro.cli(Generative, prog=f"python -m studies.{NAME}", description=__doc__)))
