"""Generated spike rasters: does a generative adversarial network learn what a circuit's neurons do together?

The attention circuit holds a goal and meets go and no-go stimuli some thousand times; rasters of thirty of
its neurons around each stimulus are the data. A Wasserstein GAN with gradient penalty learns half of them,
told which stimulus it was, and draws new ones. These are compared with the other half in seven statistics,
each condition alone, beside models that keep rates, time courses, or covariances alone. Nothing about any
statistic is told to the GAN but, as a start, the time course of each neuron.

For example, all of it small:

    python -m studies.generative --quick

Molano-Mazon et al. (2018), doi:10.48550/arXiv.1803.00338; Macke et al. (2009),
doi:10.1162/neco.2008.02-08-713.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from studies.progress import Display
from studies.provenance import Stopwatch, package_version
from studies.rasters.circuit_data import CONDITIONS, Rasters, RecordingPlan
from studies.run_folder import RunFolder, RunFolderError, trouble, write_atomically

QUESTION = "Can a generative adversarial network learn what neurons of the circuit do together in a trial?"
RUN_TIME = "on 1 core about a minute with --quick, about a quarter of an hour else"

NAME = "generative"
TITLE = "Generated spike rasters of the attention circuit"


@dataclass(frozen=True)
class Generative:
    """What to run. The same values find the same run folder and go on there."""

    quick: bool = False
    """Small: 800 trials, 150 steps. For trying things out."""
    trials: int | None = None
    """Trials, half of each condition; 8000 if not given, 800 with --quick."""
    steps: int | None = None
    """Steps of the generator; 8000 if not given, 150 with --quick."""
    seed: int = 1
    """Seed of everything random."""
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

    def settings(self):
        """How to train."""
        from ann.generative import GanSettings

        steps = self.steps if self.steps is not None else (150 if self.quick else 8000)
        return GanSettings(steps=steps, check_every=max(1, min(50, steps // 10)))

    @property
    def draws(self) -> int:
        """Sets drawn from each model."""
        return 3 if self.quick else 10


def main(config: Generative) -> int:
    """Run the study; the exit code says whether it ran."""
    try:
        plan, settings = config.plan(), config.settings()
    except ValueError as error:
        return _complain(str(error), 2)
    choice: dict[str, object] = {
        "study": NAME,
        "seed": config.seed,
        "draws": config.draws,
        "recording": asdict(plan),
        "training": asdict(settings),
    }
    try:
        folder = RunFolder.open(config.out, NAME, choice, package_version())
        display = Display(config.quiet)
        display.line(f"{'resuming' if folder.resumed else 'new run'}: {folder.path}")
        watch = Stopwatch(folder, config.seed)
        rasters = _rasters(plan, config.seed, folder, display)
        _conclude(config, plan, settings, rasters, choice, folder, watch, display)
    except RunFolderError as error:
        return _complain(str(error), 1)
    except OSError as error:
        return _complain(str(trouble(Path(error.filename or config.out), error)), 1)
    except KeyboardInterrupt:
        return _complain("stopped; what is finished is kept, the same command goes on from there", 130)
    print(folder.path)
    return 0


def _rasters(plan: RecordingPlan, seed: int, folder: RunFolder, display: Display) -> Rasters:
    """The data: from the run folder, or simulated now."""
    import io

    from studies.rasters.circuit_data import record_rasters

    path = folder.path / "rasters.npz"
    if path.exists():
        with np.load(path) as stored:
            return Rasters(stored["raster"], stored["condition"])
    display.line(f"simulating {plan.trials} trials of the attention circuit")
    display.begin()
    rasters = record_rasters(plan, seed, lambda fraction: display.update(fraction, "simulating"))
    display.end()
    buffer = io.BytesIO()
    np.savez_compressed(buffer, raster=rasters.raster, condition=rasters.condition)
    write_atomically(path, buffer.getvalue())
    return rasters


def _conclude(
    config: Generative,
    plan: RecordingPlan,
    settings,
    rasters: Rasters,
    choice: dict[str, object],
    folder: RunFolder,
    watch: Stopwatch,
    display: Display,
) -> None:
    from studies.checks import checks_json
    from studies.rasters.claims import raster_checks
    from studies.rasters.comparison import compare, halves
    from studies.rasters.training import trained_generator

    learned, held_out = halves(rasters, config.seed)
    generator, history = trained_generator(learned, settings, config.seed, folder, display)
    display.line("comparing")
    found = {
        name: compare(learned, held_out, generator, number, config.draws, config.seed)
        for number, name in enumerate(CONDITIONS)
    }
    checks = raster_checks(found)
    write_atomically(folder.path / "checks.json", checks_json(checks))
    _report(plan, config, found, history, checks, choice, folder, watch, len(held_out.of(0)))
    passed = sum(check.passed for check in checks)
    display.line(f"{passed} of {len(checks)} checks passed; see {folder.path / 'report.html'}")


def _report(
    plan, config: Generative, found, history, checks, choice, folder: RunFolder, watch, n: int
) -> None:
    from studies.figures import house_style
    from studies.rasters.drawing import draw_errors, draw_examples, draw_statistics, draw_training
    from studies.report import Report, Table, write_report
    from studies.report_tables import check_sentences

    with house_style():
        figures = [
            draw_errors(found, folder.figures, n, config.draws),
            *(
                draw_statistics(one, name, number, plan, folder.figures)
                for number, (name, one) in enumerate(found.items(), start=2)
            ),
            draw_examples(found, plan, folder.figures),
            draw_training(history, folder.figures),
        ]
    agreement = [
        Table(
            f"{name}: agreement with held-out rasters",
            list(one.agreement.columns),
            one.agreement.astype(object).to_numpy().tolist(),
            "auc: of a two-layer classifier that tells real from generated rasters; real: one part of the "
            "data against another. nearest_bins: bins in which a raster differs from the training "
            "raster that is most like it.",
        )
        for name, one in found.items()
    ]
    write_report(
        Report(
            title=TITLE,
            question=QUESTION,
            summary=_summary(plan, n, config),
            design=[_plain("Recording", asdict(plan)), _plain("Training", dict(choice["training"]))],
            figures=figures,
            checks=checks,
            not_reached=check_sentences(checks),
            parameters=agreement,
            citations=(
                "Gulrajani et al. (2017). Improved training of WGANs. doi:10.48550/arXiv.1704.00028",
                "Molano-Mazon et al. (2018). Spike-GAN. doi:10.48550/arXiv.1803.00338",
                "Macke et al. (2009). Neural Computation 21:397-423. doi:10.1162/neco.2008.02-08-713",
            ),
            provenance=watch.stop(),
        ),
        folder.path / "report.html",
    )


def _summary(plan: RecordingPlan, n: int, config: Generative) -> Sequence[tuple[str, object]]:
    return [
        ("trials", plan.trials),
        ("rasters in a set", n),
        ("neurons", plan.neurons),
        ("bins", f"{plan.bins} of {1000 * plan.bin_s:g} ms"),
        ("seed", config.seed),
    ]


def _plain(title: str, values: dict):
    from studies.report import Table

    return Table(title, ("parameter", "value"), [(name, value) for name, value in values.items()])


def _complain(text: str, code: int) -> int:
    print(f"error: {text}", file=sys.stderr)
    return code


if __name__ == "__main__":
    import tyro

    sys.exit(main(tyro.cli(Generative, prog=f"python -m studies.{NAME}", description=__doc__)))
