"""Feed-forward networks as layers of integrate-and-fire neurons: rates stand for rectified activations.

    W^l <- W^l lambda^{l-1} / lambda^l,   b^l <- b^l / lambda^l      lambda: largest activation, or percentile
    v(t) = v(t-1) + W s(t) + b;   v >= 1: spike, v <- v - 1 (soft reset);   v(0) = 1/2

After T steps a neuron that gets a constant input z has fired clip(floor(z T + 1/2), 0, T) times: its rate is
the activation clip(z, 0, 1) to within 1 / (2 T) (Diehl et al. 2015, doi:10.1109/IJCNN.2015.7280696; Rueckauer
et al. 2017, doi:10.3389/fnins.2017.00682). Deeper neurons get spikes that come unevenly, which can make them
fire too often before what should have stopped them has come.

A network trained with a quantised activation of L levels,

    h(z) = lambda clip(floor(z L / lambda + 1/2) / L, 0, 1)                                            (QCFS)

does what such neurons do in T = L steps, where their input is constant, and expects no error otherwise (Bu et
al. 2022, doi:10.48550/arXiv.2303.04347); its lambda are learned and need no calibration.

The image enters the first layer as a constant current. Pooling keeps the rates: the mean is a synapse; the
maximum passes a spike each time the largest of the spike counts in its field rises. The readout sums what it
gets and does not fire. `simulate` is exact arithmetic on whole layers; `simulate_brian` is the same network
as Brian2 neurons. Valid for ReLU and QCFS units between linear layers. Fails where an activation is far above
lambda (it is clipped), or where T is small against the number of layers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ann.threads import one_thread

__all__ = ["Outcome", "SpikingLayer", "activations", "normalise", "simulate", "simulate_brian"]

Pool = Literal["none", "max", "mean"]


@dataclass(frozen=True, eq=False)
class SpikingLayer:
    """Linear map, neurons, pooling.

    Parameters
    ----------
    weight
        Shape (unit, input), or (map, map, row, column) for a convolution that keeps the size of the image.
    bias
        Shape (unit,) or (map,).
    pool
        What follows the neurons, over 2 x 2 fields; ``"none"`` for dense layers.
    scale
        lambda of its neurons: the activation that the rate 1 stands for.
    fires
        Whether there are neurons; the readout has none.
    """

    weight: Tensor
    bias: Tensor
    pool: Pool = "none"
    scale: float = 1.0
    fires: bool = True

    def current(self, x: Tensor) -> Tensor:
        """Input of the neurons; dense layers flatten what they get."""
        if self.weight.ndim == 4:
            return functional.conv2d(x, self.weight, self.bias, padding=self.weight.shape[-1] // 2)
        return functional.linear(x.flatten(1), self.weight, self.bias)

    def pooled(self, x: Tensor) -> Tensor:
        """Activations after pooling."""
        if self.pool == "max":
            return functional.max_pool2d(x, 2)
        return functional.avg_pool2d(x, 2) if self.pool == "mean" else x


@dataclass(frozen=True, eq=False)
class Outcome:
    """What spiking layers did in T steps.

    Parameters
    ----------
    logits
        Mean input of the readout, shape (image, class).
    rates
        Spikes a step of every neuron, one array a layer, shape (image, ...).
    """

    logits: np.ndarray
    rates: tuple[np.ndarray, ...]


@torch.no_grad()
@one_thread()
def activations(
    layers: Sequence[SpikingLayer], images: Tensor, unit: Callable[[Tensor], Tensor] = torch.relu
) -> tuple[Tensor, list[Tensor]]:
    """Logits of the network itself, and the activation of every layer before pooling.

    Parameters
    ----------
    layers
        The network; the last layer is the readout.
    images
        Shape (image, ...), as the first layer takes them.
    unit
        Activation; for layers that were normalised, ``lambda z: z.clamp(0, 1)`` is what rates stand for.
    """
    x, found = images, []
    for layer in layers[:-1]:
        active = unit(layer.current(x))
        found.append(active)
        x = layer.pooled(active)
    return layers[-1].current(x), found


def normalise(layers: Sequence[SpikingLayer], images: Tensor, percentile: float = 99.9) -> list[SpikingLayer]:
    """Scale the weights so that activations lie between 0 and 1.

    Parameters
    ----------
    layers
        A trained network of rectified units.
    images
        Calibration images.
    percentile
        Of the positive activations of a layer over the images, taken as lambda; 100: the largest.

    Raises
    ------
    ValueError
        If the percentile is out of range, or a layer is never active.
    """
    if not 0.0 < percentile <= 100.0:
        raise ValueError(f"percentile = {percentile}; must be above 0 and at most 100")
    _, found = activations(layers, images)
    scaled, before = [], 1.0
    for k, (layer, active) in enumerate(zip(layers, [*found, None], strict=True)):
        scale = 1.0
        if active is not None:
            positive = active[active > 0].double().numpy()
            if not positive.size:
                raise ValueError(f"layer {k + 1} is never active on the calibration images")
            scale = float(np.percentile(positive, percentile))
        scaled.append(rescaled(layer, before, scale))
        before = scale
    return scaled


def rescaled(layer: SpikingLayer, before: float, scale: float) -> SpikingLayer:
    """A layer whose input has been divided by `before`, and whose output is to be divided by `scale`."""
    return replace(layer, weight=layer.weight * before / scale, bias=layer.bias / scale, scale=scale)


@torch.no_grad()
@one_thread()
def simulate(layers: Sequence[SpikingLayer], images: Tensor, steps: int | Sequence[int]) -> list[Outcome]:
    """Run the spiking layers, all neurons of all images at once, in double precision.

    Parameters
    ----------
    layers
        Normalised layers; the last is the readout.
    images
        Shape (image, ...).
    steps
        T, or several in rising order: the outcome after each, from one run.

    Raises
    ------
    ValueError
        If `steps` does not rise from 1 or more.
    """
    marks = check_steps(steps)
    first = layers[0].current(images.double())
    voltage: list[Any] = [None] * len(layers)
    count: list[Any] = [None] * len(layers)
    outcomes = []
    for t in range(1, marks[-1] + 1):
        x = None
        for k, layer in enumerate(layers):
            current = first if k == 0 else layer.current(x)  # type: ignore[arg-type]
            if voltage[k] is None:
                # the readout starts from nothing, neurons from half the threshold
                voltage[k] = torch.full_like(current, 0.5 if layer.fires else 0.0)
                count[k] = torch.zeros_like(current)
            voltage[k] += current
            if layer.fires:
                spike = (voltage[k] >= 1.0).to(current.dtype)
                voltage[k] -= spike
                before = layer.pooled(count[k]) if layer.pool == "max" else None
                count[k] += spike
                x = layer.pooled(count[k]) - before if before is not None else layer.pooled(spike)
        if t in marks:
            rates = tuple((c / t).numpy().copy() for c in count[:-1])
            outcomes.append(Outcome((voltage[-1] / t).numpy().copy(), rates))
    return outcomes


def check_steps(steps: int | Sequence[int]) -> list[int]:
    """Numbers of steps as a list; ValueError unless they rise from 1 or more."""
    marks = [steps] if isinstance(steps, int) else list(steps)
    if not marks or marks[0] < 1 or any(a >= b for a, b in zip(marks, marks[1:], strict=False)):
        raise ValueError(f"steps = {steps}; must be 1 or more, each larger than the one before")
    return marks


def simulate_brian(layers: Sequence[SpikingLayer], images: Tensor, steps: int) -> Outcome:
    """The same network as integrate-and-fire neurons in Brian2, all images in one group a layer.

    Dense layers are wired by synapses, neuron by neuron; currents of convolutions are computed from the
    spikes of the step by a network operation. All layers fire in the same step, one after another, as in
    `simulate`.

    Parameters
    ----------
    layers, images, steps
        As in `simulate`.

    Returns
    -------
    Outcome
        Equal to that of `simulate` up to the rounding of sums.
    """
    from bridges.maps.feedforward_brian import run

    marks = check_steps(steps)
    return run(layers, images, marks[0])
