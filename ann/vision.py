"""A small convolutional network that sees: images in, features and a class for each set of stimuli out.

Three layers of convolution, rectification and pooling (LeCun et al. 1998, doi:10.1109/5.726791), then a layer
of features that all sets of stimuli share, then one linear readout a set. A reader who knows the task looks
at the readout of its set alone:

    p(class | image, set) = softmax over the classes of the set

Images are normalised by the contrast in them, so that features depend on shape more than on contrast.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ann.threads import one_thread
from ann.training import TrainingDiverged

__all__ = [
    "ImageExamples",
    "VisionHistory",
    "VisionNetwork",
    "VisionSettings",
    "see",
    "train_vision",
]

WIDTHS = (12, 24, 32)
"""Feature maps of the three layers."""

FIRST_KERNEL = 5
"""Width of the filters of the first layer (px)."""

SEE_AT_ONCE = 256
"""Images looked at in one pass; bounds memory."""


class ImageExamples(NamedTuple):
    """Images of one set: what goes in and what should come out.

    ``images`` (batch, row, column); ``targets`` (batch, class), the probability of each class, so that an
    image may be a mixture.
    """

    images: Tensor
    targets: Tensor


@dataclass(frozen=True)
class VisionSettings:
    """How long and how fast to learn.

    Parameters
    ----------
    steps
        Gradient steps.
    learning_rate
        Largest step size of Adam; it rises over the first tenth and falls along a cosine to 0.
    weight_decay
        Pull of weights towards 0 (Loshchilov & Hutter 2019, doi:10.48550/arXiv.1711.05101).
    check_every
        Steps between entries of the history.

    Raises
    ------
    ValueError
        If a setting is out of range.
    """

    steps: int = 1500
    learning_rate: float = 4e-3
    weight_decay: float = 1e-3
    check_every: int = 50

    def __post_init__(self) -> None:
        for name in ("steps", "check_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)}; must be at least 1")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate = {self.learning_rate}; must be above 0")
        if not self.weight_decay >= 0:
            raise ValueError(f"weight_decay = {self.weight_decay}; must be 0 or above")


@dataclass(frozen=True)
class VisionHistory:
    """Course of a training: steps done and the loss of each set (nats), averaged since the entry before."""

    step: tuple[int, ...] = field(repr=False)
    loss: Mapping[str, tuple[float, ...]] = field(repr=False)


class VisionNetwork(nn.Module):
    """Shared layers and one readout for each set of stimuli.

    Parameters
    ----------
    classes
        Number of classes of each set.
    image_px
        Width and height of the images (px), a multiple of 8.
    n_features
        Features that all sets share.
    generator
        Source of the initial weights.

    Raises
    ------
    ValueError
        If a number is below 1, there is no set, or the width is not a multiple of 8.
    """

    def __init__(
        self,
        classes: Mapping[str, int],
        image_px: int = 32,
        n_features: int = 64,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if not classes or min(classes.values()) < 1:
            raise ValueError(f"classes = {dict(classes)}; give at least one set with at least one class")
        if n_features < 1:
            raise ValueError(f"n_features = {n_features}; must be at least 1")
        if image_px < 8 or image_px % 8:
            raise ValueError(f"image_px = {image_px}; must be a multiple of 8")
        self.image_px, self.n_features, self.classes = image_px, n_features, dict(classes)
        first, second, third = WIDTHS
        self.first = nn.Conv2d(1, first, FIRST_KERNEL, padding=FIRST_KERNEL // 2)
        self.second = nn.Conv2d(first, second, 3, padding=1)
        self.third = nn.Conv2d(second, third, 3, padding=1)
        self.shared = nn.Linear(third * (image_px // 8) ** 2, n_features)
        self.readouts = nn.ModuleDict({name: nn.Linear(n_features, n) for name, n in classes.items()})
        for weight in self.parameters():
            with torch.no_grad():
                if weight.ndim == 1:
                    weight.zero_()
                else:  # keeps the variance through rectifiers (He et al. 2015)
                    weight.normal_(0.0, (2.0 / weight[0].numel()) ** 0.5, generator=generator)

    def features(self, images: Tensor) -> Tensor:
        """Features of images (batch, row, column), shape (batch, feature), 0 or above."""
        x = images.unsqueeze(1)
        x = x / (x.flatten(1).std(dim=1).view(-1, 1, 1, 1) + 0.1)
        for layer in (self.first, self.second, self.third):
            x = nn.functional.max_pool2d(torch.relu(layer(x)), 2)
        return torch.relu(self.shared(x.flatten(1)))

    def forward(self, images: Tensor, name: str) -> Tensor:
        """Log-odds of the classes of a set.

        Parameters
        ----------
        images
            Shape (batch, row, column).
        name
            Name of the set.

        Returns
        -------
        Tensor
            Shape (batch, class).

        Raises
        ------
        ValueError
            If the set is unknown.
        """
        if name not in self.readouts:
            raise ValueError(f"set {name!r} is unknown; known are {list(self.readouts)}")
        return self.readouts[name](self.features(images))


@one_thread()
def train_vision(
    network: VisionNetwork,
    draw: Callable[[int], Mapping[str, ImageExamples]],
    settings: VisionSettings | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> VisionHistory:
    """Train in place on all sets at once; the network ends in evaluation mode.

    The loss is the cross-entropy, averaged over sets. On the CPU one thread is used, so that the same seeds
    make the same weights.

    Parameters
    ----------
    network
        The network.
    draw
        Gives the examples of each set for a step, counted from 0; all randomness is its own.
    settings
        How long and how fast; defaults if None.
    progress
        Called with the fraction done and a line about it.

    Returns
    -------
    VisionHistory
        What happened.

    Raises
    ------
    TrainingDiverged
        If the loss is not finite; names the step.
    """
    settings = settings or VisionSettings()
    device = next(network.parameters()).device
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    network.train()
    entries: list[tuple[int, dict[str, float]]] = []
    since: dict[str, list[float]] = {name: [] for name in network.readouts}
    for step in range(settings.steps):
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate * _rate(step / settings.steps)
        batch = draw(step)
        # one pass of the shared layers serves all sets
        features = network.features(torch.cat([part.images for part in batch.values()]).to(device))
        parts = features.split([len(part.images) for part in batch.values()])
        losses = {
            name: nn.functional.cross_entropy(network.readouts[name](part), examples.targets.to(device))
            for (name, examples), part in zip(batch.items(), parts, strict=True)
        }
        loss = torch.stack(list(losses.values())).mean()
        if not torch.isfinite(loss):
            raise TrainingDiverged(f"loss is {loss.item()} at step {step + 1}; lower the learning rate")
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        for name, value in losses.items():
            since[name].append(value.item())
        if (step + 1) % settings.check_every == 0 or step + 1 == settings.steps:
            entries.append((step + 1, {name: float(np.mean(values)) for name, values in since.items()}))
            since = {name: [] for name in since}
            if progress is not None:
                progress((step + 1) / settings.steps, f"step {step + 1}, loss {loss.item():.3f}")
    network.eval()
    return VisionHistory(
        tuple(step for step, _ in entries),
        {name: tuple(losses[name] for _, losses in entries) for name in network.readouts},
    )


@torch.no_grad()
@one_thread()
def see(network: VisionNetwork, images: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Look at images.

    Parameters
    ----------
    network
        Trained network.
    images
        Shape (image, row, column).
    name
        Name of the set that the reader expects.

    Returns
    -------
    posterior : ndarray
        Probability of each class, shape (image, class).
    features : ndarray
        Shape (image, feature).

    Raises
    ------
    ValueError
        If the set is unknown or the images have another size.
    """
    if images.ndim != 3 or images.shape[1:] != (network.image_px, network.image_px):
        raise ValueError(
            f"images have shape {images.shape}; must be (image, {network.image_px}, {network.image_px})"
        )
    if name not in network.readouts:
        raise ValueError(f"set {name!r} is unknown; known are {list(network.readouts)}")
    device = next(network.parameters()).device
    posteriors, features = [], []
    for start in range(0, len(images), SEE_AT_ONCE):
        part = torch.from_numpy(np.asarray(images[start : start + SEE_AT_ONCE], dtype=np.float32)).to(device)
        found = network.features(part)
        features.append(found.cpu().numpy())
        posteriors.append(torch.softmax(network.readouts[name](found), dim=1).cpu().numpy())
    if not features:
        return np.zeros((0, network.classes[name])), np.zeros((0, network.n_features))
    return np.concatenate(posteriors), np.concatenate(features)


def _rate(done: float) -> float:
    """Share of the largest step size at a fraction of the training."""
    if done < 0.1:
        return (done + 0.005) / 0.105
    return 0.5 * (1.0 + float(np.cos(np.pi * (done - 0.1) / 0.9)))
