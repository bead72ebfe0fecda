"""What the study of generated rasters makes of a trained generator: comparison, checks, figures, report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from ann.generative import GanHistory, GanSettings
from ann.raster_networks import RasterGenerator
from studies.checks import Check, checks_json
from studies.figures import SavedFigure, house_style
from studies.progress import Display
from studies.provenance import Stopwatch
from studies.rasters.circuit_data import CONDITIONS, Rasters, RecordingPlan
from studies.rasters.claims import raster_checks
from studies.rasters.comparison import Comparison, compare
from studies.rasters.drawing import draw_errors, draw_examples, draw_statistics, draw_training
from studies.report import Report, Table, write_report
from studies.report_tables import check_sentences
from studies.run_folder import RunFolder, write_atomically

__all__ = ["conclude_rasters"]

TITLE = "Generated spike rasters of the attention circuit"


def conclude_rasters(
    learned: Rasters,
    held_out: Rasters,
    generator: RasterGenerator,
    history: GanHistory,
    plan: RecordingPlan,
    settings: GanSettings,
    draws: int,
    seed: int,
    question: str,
    folder: RunFolder,
    watch: Stopwatch,
    display: Display,
) -> None:
    """Compare with the half that was held out, check, draw, and write the report.

    Parameters
    ----------
    learned, held_out
        The two halves of the data.
    generator, history
        Trained on the first, and how that went.
    plan, settings
        How the data were recorded and the generator trained.
    draws
        Sets drawn from each model.
    seed
        Of all that is drawn.
    question
        Of the report.
    folder
        Where to.
    watch
        Provenance, completed here.
    display
        Shows the stages.
    """
    display.line("comparing")
    found = {
        name: compare(learned, held_out, generator, number, draws, seed)
        for number, name in enumerate(CONDITIONS)
    }
    checks = raster_checks(found)
    write_atomically(folder.path / "checks.json", checks_json(checks))
    n = len(held_out.of(0))
    figures = _figures(found, history, plan, n, draws, folder)
    summary = [
        ("trials", plan.trials),
        ("rasters in a set", n),
        ("neurons", plan.neurons),
        ("bins", f"{plan.bins} of {1000 * plan.bin_s:g} ms"),
        ("seed", seed),
    ]
    write_report(
        Report(
            title=TITLE,
            question=question,
            summary=summary,
            design=[_plain("Recording", asdict(plan)), _plain("Training", asdict(settings))],
            figures=figures,
            checks=checks,
            not_reached=check_sentences(checks),
            parameters=_agreement(found),
            citations=(
                "Gulrajani et al. (2017). Improved training of WGANs. doi:10.48550/arXiv.1704.00028",
                "Molano-Mazon et al. (2018). Spike-GAN. doi:10.48550/arXiv.1803.00338",
                "Macke et al. (2009). Neural Computation 21:397-423. doi:10.1162/neco.2008.02-08-713",
            ),
            provenance=watch.stop(),
        ),
        folder.path / "report.html",
    )
    _say(checks, folder, display)


def _figures(
    found: Mapping[str, Comparison],
    history: GanHistory,
    plan: RecordingPlan,
    n: int,
    draws: int,
    folder: RunFolder,
) -> list[SavedFigure]:
    with house_style():
        return [
            draw_errors(found, folder.figures, n, draws),
            *(
                draw_statistics(one, name, number, plan, folder.figures)
                for number, (name, one) in enumerate(found.items(), start=2)
            ),
            draw_examples(found, plan, folder.figures),
            draw_training(history, folder.figures),
        ]


def _agreement(found: Mapping[str, Comparison]) -> list[Table]:
    return [
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


def _say(checks: list[Check], folder: RunFolder, display: Display) -> None:
    passed = sum(check.passed for check in checks)
    display.line(f"{passed} of {len(checks)} checks passed; see {folder.path / 'report.html'}")


def _plain(title: str, values: Mapping[str, object]) -> Table:
    return Table(title, ("parameter", "value"), [(name, value) for name, value in values.items()])
