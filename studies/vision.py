"""Seeing the stimuli: images of digits, letters, scenes and arrows become the levels of input channels.

A small convolutional network learns renderings of digits, letters, scenes and rows of arrows, with random
place, size, contrast and noise. The probability that it gives to what calls for a response is the level of a
channel, so that circuits and networks can see the same images through the same features. The study shows the
images, what the network confuses, how accuracy and the sensitivity of an ideal reader of its features fall
with noise, how levels follow a cross-fade, and whether sessions look as tasks say they do.

For example, all of it small:

    python -m studies.vision --quick

Esterman et al. (2013), doi:10.1093/cercor/bhs261; Robertson et al. (1997), doi:10.1016/S0028-3932(97)00015-8.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from studies.progress import Display
from studies.provenance import Stopwatch, package_version
from studies.run_folder import RunFolder, RunFolderError, trouble, write_atomically

if TYPE_CHECKING:
    from ann.vision import VisionNetwork

QUESTION = "Can one small network see the stimuli of all tasks, and drive circuits and networks alike?"
RUN_TIME = "on 1 core about a minute with --quick, about 5 minutes else; half of it the first time alone"

NAME = "vision"
TITLE = "Vision: from stimulus images to channels"
CONFUSED_AT = 0.3
"""Noise at which confusions are shown: at the standard noise there are hardly any."""


@dataclass(frozen=True)
class Vision:
    """What to run. The same values find the same run folder and the trained network in the cache."""

    quick: bool = False
    """Small: a network that learns for 300 steps, few images. For trying things out."""
    seed: int = 1
    """Seed of everything random."""
    out: Path = Path("runs")
    """Folder of all runs; this one becomes OUT/vision/DATE_HASH."""
    quiet: bool = False
    """Print nothing but warnings and, last, the run folder."""

    @property
    def images(self) -> int:
        """Renderings in a set."""
        return 100 if self.quick else 300

    @property
    def repeats(self) -> int:
        """Sets of renderings with seeds of their own."""
        return 3 if self.quick else 10


def main(config: Vision) -> int:
    """Run the study; the exit code says whether it ran."""
    from bridges.vision_learning import VisionConfig

    if config.seed < 0:
        return _complain(f"seed = {config.seed}, must be 0 or more", 2)
    learning = VisionConfig.quick() if config.quick else VisionConfig()
    choice: dict[str, object] = {
        "study": NAME,
        "seed": config.seed,
        "images": config.images,
        "repeats": config.repeats,
        "learning": asdict(learning),
    }
    try:
        folder = RunFolder.open(config.out, NAME, choice, package_version())
        display = Display(config.quiet)
        display.line(f"{'resuming' if folder.resumed else 'new run'}: {folder.path}")
        watch = Stopwatch(folder, config.seed)
        network = _network(learning, config.seed, display)
        _conclude(config, network, choice, folder, watch, display)
    except RunFolderError as error:
        return _complain(str(error), 1)
    except OSError as error:
        return _complain(str(trouble(Path(error.filename or config.out), error)), 1)
    except KeyboardInterrupt:
        return _complain("stopped; a network that was trained is kept", 130)
    print(folder.path)
    return 0


def _network(learning, seed: int, display: Display) -> VisionNetwork:
    from bridges.participants.network_learning import cache_folder
    from bridges.vision_learning import vision_network

    display.line("learning to see, or remembering it")
    display.begin()
    network = vision_network(cache_folder(), learning, seed, display.update)
    display.end()
    return network


def _conclude(
    config: Vision,
    network: VisionNetwork,
    choice: dict,
    folder: RunFolder,
    watch: Stopwatch,
    display: Display,
) -> None:
    from studies.checks import checks_json
    from studies.figures import house_style
    from studies.report import Report, Table, write_report
    from studies.report_tables import check_sentences
    from studies.seeing import drawing, measuring
    from studies.seeing.claims import vision_checks

    images, repeats, seed = config.images, config.repeats, config.seed
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
            question=QUESTION,
            summary=[("weights", parameters), ("renderings in a set", images), ("seed", seed)],
            design=[Table("Learning", ("parameter", "value"), list(choice["learning"].items()))],
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


def _complain(text: str, code: int) -> int:
    print(f"error: {text}", file=sys.stderr)
    return code


if __name__ == "__main__":
    import tyro

    sys.exit(main(tyro.cli(Vision, prog=f"python -m studies.{NAME}", description=__doc__)))
