"""Classifier two-sample test: can a small network tell generated samples from real ones?

A network of two layers learns on one part of both and is asked about the other. The area under its ROC curve
is 0.5 where it cannot tell them apart and 1 where it always can (Lopez-Paz & Oquab 2017,
doi:10.48550/arXiv.1610.06545).
"""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn

from ann.threads import one_thread

__all__ = ["area_under_curve", "telling_apart"]

HIDDEN = 64
EPOCHS = 15
BATCH = 128
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 1e-2
VALIDATION = 5
"""Every fifth training sample decides which epoch's weights are kept."""


@one_thread()
def telling_apart(
    real: tuple[np.ndarray, np.ndarray], generated: tuple[np.ndarray, np.ndarray], seed: int
) -> float:
    """Area under the ROC curve of a two-layer classifier, on samples that it did not learn from.

    Parameters
    ----------
    real, generated
        Samples to learn from and samples to be asked about, each of shape (sample, ...).
    seed
        Of weights and order.

    Returns
    -------
    float
        0.5 is chance.

    Raises
    ------
    ValueError
        If one of the four has fewer than 10 samples, or their shapes differ.
    """
    parts = [*real, *generated]
    if min(len(part) for part in parts) < 10 or len({part.shape[1:] for part in parts}) > 1:
        raise ValueError(f"shapes are {[part.shape for part in parts]}; give 10 samples or more of one shape")
    learn_x, learn_y = _together(real[0], generated[0])
    ask_x, ask_y = _together(real[1], generated[1])
    rng = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(learn_x), generator=rng)
    kept_back = order[::VALIDATION]
    learn = order[torch.arange(len(order)) % VALIDATION != 0]
    layers = nn.Linear(learn_x.shape[1], HIDDEN), nn.Linear(HIDDEN, 1)
    classifier = nn.Sequential(layers[0], nn.ReLU(), layers[1])
    with torch.no_grad():
        for layer in layers:
            layer.weight.normal_(0.0, layer.in_features**-0.5, generator=rng)
            layer.bias.zero_()
    optimiser = torch.optim.AdamW(classifier.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    best_loss, best = float("inf"), copy.deepcopy(classifier.state_dict())
    for _ in range(EPOCHS):
        for batch in learn[torch.randperm(len(learn), generator=rng)].split(BATCH):
            optimiser.zero_grad(set_to_none=True)
            _loss(classifier, learn_x[batch], learn_y[batch]).backward()
            optimiser.step()
        with torch.no_grad():
            unseen = _loss(classifier, learn_x[kept_back], learn_y[kept_back]).item()
        if unseen < best_loss:
            best_loss, best = unseen, copy.deepcopy(classifier.state_dict())
    classifier.load_state_dict(best)
    with torch.no_grad():
        score = classifier(ask_x).squeeze(1).numpy()
    return area_under_curve(score[ask_y.numpy() > 0.5], score[ask_y.numpy() < 0.5])


def area_under_curve(positive: np.ndarray, negative: np.ndarray) -> float:
    """Probability that a positive scores higher than a negative, ties counted half (Mann-Whitney U / n m)."""
    together = np.concatenate([positive, negative])
    _, inverse, counts = np.unique(together, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    n, m = len(positive), len(negative)
    return float((rank[:n].sum() - n * (n + 1) / 2.0) / (n * m))


def _together(real: np.ndarray, generated: np.ndarray) -> tuple[Tensor, Tensor]:
    x = np.concatenate([real, generated]).reshape(len(real) + len(generated), -1).astype(np.float32)
    y = np.repeat(np.array([1.0, 0.0], dtype=np.float32), [len(real), len(generated)])
    return torch.from_numpy(x), torch.from_numpy(y)


def _loss(classifier: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    return nn.functional.binary_cross_entropy_with_logits(classifier(x).squeeze(1), y)
