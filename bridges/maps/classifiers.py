"""Small networks that see, made to be converted: perceptrons and convolutional ones, ReLU or QCFS.

    h(z) = lambda clip(floor(z L / lambda + 1/2) / L, 0, 1)

QCFS (Bu et al. 2022, doi:10.48550/arXiv.2303.04347) is the activation that a neuron with soft reset, started
from half its threshold, has after L steps of constant input; lambda, one a layer, is learned with the
weights. Its gradient passes the steps by as if they were not there (straight through). A network that was
trained with rectifiers takes QCFS units in their place (`QuantisedVision`), lambda at first a percentile of
what it is active with, and learns on for a while.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from ann.vision import ImageExamples, VisionNetwork, VisionSettings, train_vision
from bridges.maps.feedforward_spiking import Pool, SpikingLayer, normalise, rescaled
from bridges.stimuli.rendering import Rendering, stimulus_set

__all__ = [
    "QCFS",
    "Classifier",
    "QuantisedVision",
    "learn_to_classify",
    "qcfs_layers",
    "relu_layers",
    "shown",
    "vision_layers",
]

IMAGE_PX = 32
WIDTHS = (8, 16)
HIDDEN = 64


class QCFS(nn.Module):
    """Quantised clip-floor activation of L levels with a learned range lambda.

    Parameters
    ----------
    levels
        L.
    scale
        lambda to start from.

    Raises
    ------
    ValueError
        If there is no level, or the range is not above 0.
    """

    def __init__(self, levels: int = 8, scale: float = 4.0) -> None:
        super().__init__()
        if levels < 1:
            raise ValueError(f"levels = {levels}; must be at least 1")
        if not scale > 0:
            raise ValueError(f"scale = {scale}; must be above 0")
        self.levels = levels
        self.scale = nn.Parameter(torch.tensor(float(scale)))

    def forward(self, z: Tensor) -> Tensor:
        """The activation of z, any shape."""
        share = (z / self.scale).clamp(0.0, 1.0)
        steps = torch.floor(share * self.levels + 0.5) / self.levels
        return self.scale * (share + (steps - share).detach())


class Classifier(nn.Module):
    """Two hidden layers and a readout: a perceptron, or two convolutions with pooling.

    Parameters
    ----------
    kind
        ``"mlp"`` or ``"cnn"``.
    activation
        ``"relu"`` or ``"qcfs"``.
    n_classes
        Classes.
    levels
        L of QCFS.
    generator
        Source of the initial weights.

    Raises
    ------
    ValueError
        If kind or activation is unknown.
    """

    def __init__(
        self,
        kind: Literal["mlp", "cnn"],
        activation: Literal["relu", "qcfs"],
        n_classes: int,
        levels: int = 8,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if kind not in ("mlp", "cnn"):
            raise ValueError(f"kind = {kind!r}; must be 'mlp' or 'cnn'")
        if activation not in ("relu", "qcfs"):
            raise ValueError(f"activation = {activation!r}; must be 'relu' or 'qcfs'")
        first, second = WIDTHS
        self.kind = kind
        self.classes = {"digits": n_classes}
        parts: list[nn.Module]
        if kind == "cnn":
            parts = [nn.Conv2d(1, first, 5, padding=2), nn.Conv2d(first, second, 3, padding=1)]
            width = second * (IMAGE_PX // 4) ** 2
        else:
            parts = [nn.Linear(IMAGE_PX**2, HIDDEN), nn.Linear(HIDDEN, HIDDEN)]
            width = HIDDEN
        self.linear = nn.ModuleList(parts)
        self.units = nn.ModuleList(nn.ReLU() if activation == "relu" else QCFS(levels) for _ in parts)
        self.readouts = nn.ModuleDict({"digits": nn.Linear(width, n_classes)})
        with torch.no_grad():
            for weight in self.linear.parameters():
                if weight.ndim == 1:
                    weight.zero_()
                else:
                    weight.normal_(0.0, (2.0 / weight[0].numel()) ** 0.5, generator=generator)
            for weight in self.readouts.parameters():
                weight.uniform_(-(width**-0.5), width**-0.5, generator=generator)

    def features(self, images: Tensor) -> Tensor:
        """Features of images (batch, row, column), shape (batch, feature)."""
        x = shown(images, self.kind)
        for part, unit in zip(self.linear, self.units, strict=True):
            x = unit(part(x))
            if self.kind == "cnn":
                x = nn.functional.avg_pool2d(x, 2)
        return x.flatten(1)

    def forward(self, images: Tensor) -> Tensor:
        """Logits of images, shape (batch, class)."""
        return self.readouts["digits"](self.features(images))


class QuantisedVision(VisionNetwork):
    """A network of vision with QCFS units in place of its rectifiers, its weights to start from.

    Parameters
    ----------
    trained
        The network; it is copied.
    images
        Calibration images, shape (image, row, column).
    levels
        L.
    percentile
        Of the positive activations of a layer on the images, taken as the first lambda.
    """

    def __init__(
        self, trained: VisionNetwork, images: Tensor, levels: int = 8, percentile: float = 99.0
    ) -> None:
        super().__init__(trained.classes, trained.image_px, trained.n_features)
        self.load_state_dict(trained.state_dict())
        name = next(iter(trained.classes))
        ranges = normalise(vision_layers(trained, name), shown(images, "cnn").double(), percentile)
        self.units = nn.ModuleList(QCFS(levels, layer.scale) for layer in ranges[:-1])

    def features(self, images: Tensor) -> Tensor:
        """Features of images (batch, row, column), shape (batch, feature)."""
        x = shown(images, "cnn")
        *maps, last = self.units
        for layer, unit in zip((self.first, self.second, self.third), maps, strict=True):
            x = nn.functional.max_pool2d(unit(layer(x)), 2)
        return last(self.shared(x.flatten(1)))


def shown(images: Tensor, kind: str) -> Tensor:
    """Images normalised by their contrast, as layers take them: with a map, or flat for a perceptron."""
    x = images / (images.flatten(1).std(dim=1).view(-1, 1, 1) + 0.1)
    return x.flatten(1) if kind == "mlp" else x.unsqueeze(1)


def learn_to_classify(
    network: Classifier | VisionNetwork,
    seed: int,
    settings: VisionSettings,
    rendering: Rendering,
    images: int = 4000,
    batch: int = 64,
) -> None:
    """Teach a network the digits, rendered once and shown with fresh noise; it ends in evaluation mode.

    Parameters
    ----------
    network
        Changed in place.
    seed
        Of renderings and noise.
    settings
        How long and how fast.
    rendering
        How images vary; noise of any strength up to its own is shown.
    images
        Clean renderings to draw from.
    batch
        Images a step.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 21]))
    digits = stimulus_set("digits")
    rendered = digits.render(images, rendering.plain(), rng)
    identity = np.eye(len(digits.classes), dtype=np.float32)

    def draw(step: int) -> Mapping[str, ImageExamples]:
        which = rng.integers(images, size=batch)
        noise_sd = rng.uniform(0.0, rendering.noise_sd, (batch, 1, 1)).astype(np.float32)
        image = rendered.image[which].astype(np.float32)
        image = image + noise_sd * rng.standard_normal(image.shape, dtype=np.float32)
        target = identity[rendered.label[which]]
        return {"digits": ImageExamples(torch.from_numpy(image), torch.from_numpy(target))}

    train_vision(network, draw, settings)  # type: ignore[arg-type]


def relu_layers(network: Classifier) -> list[SpikingLayer]:
    """Layers of a network of rectified units, in double precision and not yet normalised."""
    pool: Pool = "mean" if network.kind == "cnn" else "none"
    hidden = [SpikingLayer(*_double(part), pool=pool) for part in network.linear]
    return [*hidden, _readout(network.readouts["digits"])]


def qcfs_layers(network: Classifier | QuantisedVision) -> list[SpikingLayer]:
    """Layers of a QCFS network, scaled by the ranges that it has learned.

    Raises
    ------
    ValueError
        If its units are not QCFS.
    """
    scales = []
    for unit in network.units:
        if not isinstance(unit, QCFS):
            raise ValueError("the network has no QCFS units; normalise its layers instead")
        scales.append(float(unit.scale.detach()))
    if isinstance(network, QuantisedVision):
        plain = vision_layers(network, next(iter(network.classes)))
    else:
        plain = relu_layers(network)
    layers, before = [], 1.0
    for layer, scale in zip(plain, [*scales, 1.0], strict=True):
        layers.append(rescaled(layer, before, scale))
        before = scale
    return layers


def vision_layers(network: VisionNetwork, name: str) -> list[SpikingLayer]:
    """Layers of the network of vision with one of its readouts, not yet normalised."""
    maps = [
        SpikingLayer(*_double(part), pool="max") for part in (network.first, network.second, network.third)
    ]
    return [*maps, SpikingLayer(*_double(network.shared)), _readout(network.readouts[name])]


def _readout(part: Any) -> SpikingLayer:
    return SpikingLayer(*_double(part), fires=False)


def _double(part: Any) -> tuple[Tensor, Tensor]:
    return part.weight.detach().double(), part.bias.detach().double()
