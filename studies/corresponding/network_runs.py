"""Runs of feed-forward conversions: classifiers that have learned digits, and their spiking forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

__all__ = ["classifiers", "vision"]

STEPS = (8, 16, 32, 64, 128, 256, 512)
QCFS_STEPS = (2, 4, 8, 16, 32)
NORMS = {"max": 100.0, "percentile": 99.9}
VISION_STEPS = (8, 32, 128, 512)
CALIBRATION_IMAGES = 300

FURTHER = 5000
"""Added to a seed for images that a network has not learned from."""


def classifiers(seed: int, kind: str, images: int, learning_steps: int) -> pd.DataFrame:
    """A perceptron (``"mlp"``) or a small convolutional network (``"cnn"``), with ReLU and with QCFS units.

    One row a form, number of steps and layer; Brian2 runs some of the images and must give the same counts.
    """
    import torch

    from ann.vision import VisionSettings
    from bridges.maps.classifiers import Classifier, learn_to_classify, qcfs_layers, relu_layers, shown
    from bridges.maps.feedforward_spiking import normalise

    test, calibration, rendering = _digits(seed, images)
    given, known = (shown(torch.from_numpy(part.image), kind).double() for part in (test, calibration))
    rows: list[dict[str, Any]] = []
    for activation in ("relu", "qcfs"):
        generator = torch.Generator().manual_seed(seed)
        network = Classifier(kind, activation, len(_classes()), generator=generator)  # type: ignore[arg-type]
        learn_to_classify(network, seed, VisionSettings(steps=learning_steps), rendering)
        with torch.no_grad():
            right = network(torch.from_numpy(test.image)).argmax(1).numpy() == test.label
        if activation == "qcfs":
            rows += _compare("qcfs", qcfs_layers(network), given, test.label, right, QCFS_STEPS)
            continue
        for norm, percentile in NORMS.items():
            layers = normalise(relu_layers(network), known, percentile)
            rows += _compare(norm, layers, given, test.label, right, STEPS)
    return pd.DataFrame(rows).assign(seed=seed, network=kind)


def vision(seed: int, images: int, learning_steps: int, fine_steps: int) -> pd.DataFrame:
    """The package's network of vision (max pooling, five layers) on digits; rows as of `classifiers`.

    Normalised, and with QCFS units in place of its rectifiers, with which it learns on for `fine_steps`.
    """
    import torch

    from ann.vision import VisionNetwork, VisionSettings
    from bridges.maps.classifiers import (
        QuantisedVision,
        learn_to_classify,
        qcfs_layers,
        shown,
        vision_layers,
    )
    from bridges.maps.feedforward_spiking import activations, normalise

    test, calibration, rendering = _digits(seed, images)
    given, known = (shown(torch.from_numpy(part.image), "cnn").double() for part in (test, calibration))
    network = VisionNetwork({"digits": len(_classes())}, generator=torch.Generator().manual_seed(seed))
    learn_to_classify(network, seed, VisionSettings(steps=learning_steps), rendering)
    layers = vision_layers(network, "digits")
    right = activations(layers, given)[0].argmax(1).numpy() == test.label
    rows: list[dict[str, Any]] = []
    for norm, percentile in NORMS.items():
        scaled = normalise(layers, known, percentile)
        rows += _compare(norm, scaled, given, test.label, right, VISION_STEPS)
    quantised = QuantisedVision(network, torch.from_numpy(calibration.image))
    learn_to_classify(quantised, seed + FURTHER, VisionSettings(steps=fine_steps), rendering)
    with torch.no_grad():
        right = quantised(torch.from_numpy(test.image), "digits").argmax(1).numpy() == test.label
    rows += _compare("qcfs", qcfs_layers(quantised), given, test.label, right, QCFS_STEPS)
    return pd.DataFrame(rows).assign(seed=seed, network="vision")


def _compare(form, layers, images, label, right, steps) -> list[dict[str, Any]]:
    from bridges.maps.feedforward_spiking import activations, simulate, simulate_brian

    _, wanted = activations(layers, images, lambda z: z.clamp(0.0, 1.0))
    outcomes = simulate(layers, images, steps)
    few, number = images[:3], min(steps[-1], 32)
    exact, brian = simulate(layers, few, number)[0], simulate_brian(layers, few, number)
    differs = max(float(np.abs(a - b).max()) for a, b in zip(exact.rates, brian.rates, strict=True))
    rows = []
    for number_of_steps, outcome in zip(steps, outcomes, strict=True):
        answer = outcome.logits.argmax(1) == label
        for k, (rate, activity) in enumerate(zip(outcome.rates, wanted, strict=True)):
            error = np.sqrt(np.mean((rate - activity.numpy()) ** 2))
            rows.append(
                {
                    "form": form,
                    "steps": number_of_steps,
                    "layer": k + 1,
                    "accuracy": right.mean(),
                    "drop_pp": 100 * (right.mean() - answer.mean()),
                    "agreement": np.mean(answer == right),
                    "error_times_steps": error * number_of_steps,
                    "rate": rate.mean(),
                    "brian_differs": differs,
                }
            )
    return rows


def _digits(seed: int, images: int):
    """Renderings to test on and to calibrate with, and how they were made."""
    from bridges.stimuli.rendering import Rendering, stimulus_set

    rendering = Rendering(noise_sd=0.2)
    rng = np.random.default_rng(np.random.SeedSequence([seed, 41]))
    digits = stimulus_set("digits")
    test, calibration = (
        digits.render(images, rendering, rng),
        digits.render(CALIBRATION_IMAGES, rendering, rng),
    )
    for part in (test, calibration):
        if part.image.dtype != np.float32:
            raise ValueError(f"images are {part.image.dtype}; must be float32")
    return test, calibration, rendering


def _classes() -> tuple[str, ...]:
    from bridges.stimuli.rendering import stimulus_set

    return tuple(stimulus_set("digits").classes)
