"""What the study of vision makes of a network that can see: measurements, checks, figures and report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from studies.checks import checks_json
from studies.figures import house_style
from studies.progress import Display
from studies.provenance import Stopwatch
from studies.report import Report, Table, write_report
from studies.report_tables import check_sentences
from studies.run_folder import RunFolder, write_atomically
from studies.seeing import drawing, measuring
from studies.seeing.claims import vision_checks

if TYPE_CHECKING:
    from ann.vision import VisionNetwork

__all__ = ["conclude_seeing"]

TITLE = "Vision: from stimulus images to channels"
CONFUSED_AT = 0.3
"""Noise at which confusions are shown: at the standard noise there are hardly any."""


def conclude_seeing(
    network: VisionNetwork,
    images: int,
    repeats: int,
    seed: int,
    question: str,
    learning: Mapping[str, object],
    folder: RunFolder,
    watch: Stopwatch,
    display: Display,
) -> None:
    """Measure, check, draw, and write the report.

    Parameters
    ----------
    network
        The trained network.
    images, repeats
        Renderings in a set, and sets with seeds of their own.
    seed
        Of the first set.
    question, learning
        For the report: what the study asks, and how the network learned.
    folder
        Where to.
    watch
        Provenance, completed here.
    display
        Shows the stages.
    """
    display.line("looking at fresh renderings")
    accuracy = measuring.accuracy(network, images, repeats, seed)
    flankers = measuring.flanker_accuracy(network, images, repeats, seed)
    display.line("reading features")
    sensitivity = measuring.reader_sensitivity(network, images, repeats, seed)
    fade = measuring.fades(network, 20, repeats, seed)
    stream = measuring.streams(network, 120.0, seed)
    parameters = sum(weight.numel() for weight in network.parameters())
    checks = vision_checks(accuracy, sensitivity, fade, stream, parameters)
    write_atomically(folder.path / "checks.json", checks_json(checks))
    display.line("drawing figures")
    with house_style():
        confusions = measuring.confusions(network, 4 * images, CONFUSED_AT, seed)
        figures = [
            drawing.draw_contact_sheet(seed, folder.figures),
            drawing.draw_confusions(confusions, CONFUSED_AT, 4 * images, folder.figures),
            drawing.draw_accuracy(accuracy, flankers, images, folder.figures),
            drawing.draw_sensitivity(sensitivity, images, folder.figures),
            drawing.draw_features(network, measuring.embedding(network, 2 * images, seed), folder.figures),
            drawing.draw_levels(fade, stream, folder.figures, 20),
        ]
    write_report(
        Report(
            title=TITLE,
            question=question,
            summary=[("weights", parameters), ("renderings in a set", images), ("seed", seed)],
            design=[Table("Learning", ("parameter", "value"), list(learning.items()))],
            figures=figures,
            checks=checks,
            not_reached=check_sentences(checks),
            citations=(
                "Esterman et al. (2013). Cerebral Cortex 23:2712-2723. doi:10.1093/cercor/bhs261",
                "Robertson et al. (1997). Neuropsychologia 35:747-758. doi:10.1016/S0028-3932(97)00015-8",
                "LeCun et al. (1998). Proceedings of the IEEE 86:2278-2324. doi:10.1109/5.726791",
            ),
            provenance=watch.stop(),
        ),
        folder.path / "report.html",
    )
    passed = sum(check.passed for check in checks)
    display.line(f"{passed} of {len(checks)} checks passed; see {folder.path / 'report.html'}")
