"""How the network of vision learns: renderings of all stimuli, with noise of any strength up to a limit.

Images are rendered once, without noise, at random sizes, places and contrasts; every step draws some of them
and adds fresh noise. Scenes are also shown half-way between two, as a cross-fade does, and labelled with the
share of each (mixtures as in Zhang et al. 2018, doi:10.48550/arXiv.1710.09412): the readout then estimates
how much of each kind is in the picture. Trained weights are kept on disk under a hash of all that made them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch

import ann.vision
import bridges.stimuli
from ann.checkpoints import CheckpointError, load_into, save_checkpoint
from ann.vision import ImageExamples, VisionHistory, VisionNetwork, VisionSettings, train_vision
from bridges.stimuli.rendering import STIMULI, Rendering, StimulusSet, stimulus_set

__all__ = ["Lessons", "VisionConfig", "held_out_accuracy", "learn_to_see", "vision_network"]

MIXED = "scenes"
"""The set whose images are also shown half-way between two."""

MADE_BY = (
    Path(ann.vision.__file__),
    Path(__file__),
    *(Path(bridges.stimuli.__path__[0], name) for name in ("rendering.py", "scenes.py", "sprites.py")),
)
"""Source files on which trained weights depend."""


@dataclass(frozen=True)
class VisionConfig:
    """What to learn and how.

    Parameters
    ----------
    rendering
        How images vary.
    most_noise_sd
        Noise in training is uniform from 0 to this.
    images
        Clean renderings of each set to draw from.
    batch
        Images of each set in a step.
    n_features
        Features that all sets share.
    training
        How long and how fast.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    rendering: Rendering = field(default_factory=Rendering)
    most_noise_sd: float = 0.4
    images: int = 8000
    batch: int = 48
    n_features: int = 64
    training: VisionSettings = field(default_factory=VisionSettings)

    def __post_init__(self) -> None:
        if not self.most_noise_sd >= 0:
            raise ValueError(f"most_noise_sd = {self.most_noise_sd}; must be 0 or above")
        for name in ("images", "batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)}; must be at least 1")

    @classmethod
    def quick(cls) -> VisionConfig:
        """A shorter training, for trying things out."""
        return cls(images=3000, training=VisionSettings(steps=300))


class Lessons:
    """Clean renderings of every set, from which noisy batches are drawn."""

    def __init__(self, config: VisionConfig, rng: np.random.Generator) -> None:
        self.config, self.rng = config, rng
        plain = config.rendering.plain()
        self.sets = {name: stimulus_set(name) for name in STIMULI}
        self.rendered = {name: one.render(config.images, plain, rng) for name, one in self.sets.items()}

    def draw(self, step: int) -> Mapping[str, ImageExamples]:
        """One batch of each set."""
        return {name: self._batch(name) for name in self.sets}

    def _batch(self, name: str) -> ImageExamples:
        config, rng = self.config, self.rng
        rendered = self.rendered[name]
        identity = np.eye(len(self.sets[name].classes), dtype=np.float32)
        which = rng.integers(config.images, size=config.batch)
        image, target = rendered.image[which], identity[rendered.label[which]]
        if name == MIXED:
            other = rng.integers(config.images, size=config.batch)
            # every second image is one scene alone
            share = np.where(np.arange(config.batch) % 2, rng.random(config.batch), 1.0).astype(np.float32)
            image = share[:, None, None] * image + (1 - share)[:, None, None] * rendered.image[other]
            target = share[:, None] * target + (1 - share)[:, None] * identity[rendered.label[other]]
        noise_sd = rng.uniform(0.0, config.most_noise_sd, (config.batch, 1, 1)).astype(np.float32)
        image = image + noise_sd * rng.standard_normal(image.shape, dtype=np.float32)
        return ImageExamples(torch.from_numpy(image), torch.from_numpy(target))


def learn_to_see(
    config: VisionConfig, seed: int, progress: Callable[[float, str], None] | None = None
) -> tuple[VisionNetwork, VisionHistory]:
    """Train a network of vision.

    Parameters
    ----------
    config
        What to learn and how.
    seed
        Of weights, renderings and noise.
    progress
        Called with the fraction done and a line about it.

    Returns
    -------
    network : VisionNetwork
        In evaluation mode.
    history : VisionHistory
        Course of the training.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 1]))
    network = _build(config, seed)
    return network, train_vision(network, Lessons(config, rng).draw, config.training, progress)


def vision_network(
    folder: Path,
    config: VisionConfig | None = None,
    seed: int = 0,
    progress: Callable[[float, str], None] | None = None,
) -> VisionNetwork:
    """The trained network: from the cache, or trained now.

    Parameters
    ----------
    folder
        Where trained weights are kept.
    config
        What to learn and how; the defaults if None.
    seed
        Of weights, renderings and noise.
    progress
        Called while training.
    """
    config = config or VisionConfig()
    recipe = json.loads(
        json.dumps(
            {"config": asdict(config), "seed": seed, "code": CODE_DIGEST, "torch": str(torch.__version__)}
        )
    )
    digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()
    path = Path(folder) / f"vision-{digest[:32]}.pt"
    network = _build(config, seed)
    try:
        load_into(path, network, recipe)
        return network.eval()
    except (FileNotFoundError, CheckpointError):
        pass  # what cannot be trusted is trained again, to the same numbers
    network, _ = learn_to_see(config, seed, progress)
    save_checkpoint(path, network, recipe)
    return network


def held_out_accuracy(
    network: VisionNetwork,
    stimuli: StimulusSet,
    rendering: Rendering,
    n: int,
    rng: np.random.Generator,
) -> tuple[float, np.ndarray]:
    """Share of fresh renderings whose most probable class is the right one.

    Parameters
    ----------
    network
        Trained network.
    stimuli
        What to render.
    rendering
        How.
    n
        Number of images.
    rng
        Of the renderings; another than that of the training.

    Returns
    -------
    accuracy : float
        Share that is right.
    confusion : ndarray of int
        Counts, shape (true class, most probable class).
    """
    rendered = stimuli.render(n, rendering, rng)
    posterior, _ = ann.vision.see(network, rendered.image, stimuli.name)
    answer = posterior.argmax(axis=1)
    confusion = np.zeros((len(stimuli.classes),) * 2, dtype=int)
    np.add.at(confusion, (rendered.label, answer), 1)
    return float((answer == rendered.label).mean()), confusion


def _build(config: VisionConfig, seed: int) -> VisionNetwork:
    generator = torch.Generator().manual_seed(seed)
    classes = {name: len(stimulus_set(name).classes) for name in STIMULI}
    return VisionNetwork(classes, n_features=config.n_features, generator=generator)


def _code_digest() -> str:
    digest = hashlib.sha256()
    for file in MADE_BY:
        digest.update(file.read_text(encoding="utf-8").encode())
    return digest.hexdigest()


CODE_DIGEST = _code_digest()
"""Taken on import, when the code that will run is read."""
