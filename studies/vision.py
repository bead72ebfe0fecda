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

from studies.command import complain, faults_of_size, guarded
from studies.progress import Display
from studies.provenance import Stopwatch, package_version
from studies.run_folder import RunFolder

if TYPE_CHECKING:
    from ann.vision import VisionNetwork
    from bridges.vision_learning import VisionConfig

QUESTION = "Can one small network see the stimuli of all tasks, and drive circuits and networks alike?"
RUN_TIME = "on 1 core about a minute with --quick, about 5 minutes else; half of it the first time alone"

NAME = "vision"


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
    faults = faults_of_size(config.seed, None)
    if faults:
        return complain("\n".join(faults), 2)
    return guarded(lambda: _run(config), config.out)


def _run(config: Vision) -> int:
    from bridges.vision_learning import VisionConfig
    from studies.seeing.conclusion import conclude_seeing

    learning = VisionConfig.quick() if config.quick else VisionConfig()
    choice: dict[str, object] = {
        "study": NAME,
        "seed": config.seed,
        "images": config.images,
        "repeats": config.repeats,
        "learning": asdict(learning),
    }
    folder = RunFolder.open(config.out, NAME, choice, package_version())
    display = Display(config.quiet)
    display.line(f"{'resuming' if folder.resumed else 'new run'}: {folder.path}")
    watch = Stopwatch(folder, config.seed)
    network = _network(learning, config.seed, display)
    conclude_seeing(
        network,
        config.images,
        config.repeats,
        config.seed,
        QUESTION,
        asdict(learning),
        folder,
        watch,
        display,
    )
    print(folder.path)
    return 0


def _network(learning: VisionConfig, seed: int, display: Display) -> VisionNetwork:
    from bridges.participants.network_learning import cache_folder
    from bridges.vision_learning import vision_network

    display.line("learning to see, or remembering it")
    display.begin()
    network = vision_network(cache_folder(), learning, seed, display.update)
    display.end()
    return network


if __name__ == "__main__":
    import tyro

    sys.exit(main(tyro.cli(Vision, prog=f"python -m studies.{NAME}", description=__doc__)))
