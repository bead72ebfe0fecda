"""One step of Adam with a clipped gradient, for a member of a cohort whose weights are one row.

    g <- g min(1, most / (|g| + 1e-6))
    m <- 0.9 m + 0.1 g            v <- 0.999 v + 0.001 g^2
    w <- w - rate / (1 - 0.9^t) m / (sqrt(v / (1 - 0.999^t)) + 1e-8)

(Kingma & Ba 2015, doi:10.48550/arXiv.1412.6980), as ``torch.optim.Adam`` and ``clip_grad_norm_`` compute it.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["Moments", "adam_step"]

Moments = tuple[Tensor, Tensor]
"""Running means of the gradient and of its square, each as the row of weights."""

BETA_MEAN, BETA_SQUARE, EPSILON = 0.9, 0.999, 1e-8


def adam_step(
    row: Tensor, gradient: Tensor, moments: Moments, rate: float, step: int, clip_norm: float
) -> None:
    """Change the weights and the moments in place.

    Parameters
    ----------
    row
        Weights, shape (weight,), without gradient of their own.
    gradient
        Of the loss, shape (weight,); overwritten.
    moments
        Means of the gradient and of its square, both 0 at first.
    rate
        Step size.
    step
        Number of the step, from 1.
    clip_norm
        Largest norm of the gradient.
    """
    mean, square = moments
    gradient.mul_(torch.clamp(clip_norm / (torch.linalg.vector_norm(gradient) + 1e-6), max=1.0))
    mean.lerp_(gradient, 1 - BETA_MEAN)
    square.mul_(BETA_SQUARE).addcmul_(gradient, gradient, value=1 - BETA_SQUARE)
    size = rate / (1 - BETA_MEAN**step)
    root = square.sqrt().div_(math.sqrt(1 - BETA_SQUARE**step)).add_(EPSILON)
    row.addcdiv_(mean, root, value=-size)
