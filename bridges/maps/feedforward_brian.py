"""Spiking layers (`bridges.maps.feedforward_spiking`) as Brian2 neurons and synapses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from bridges.maps.spiking_populations import interpreted

if TYPE_CHECKING:
    from bridges.maps.feedforward_spiking import Outcome, SpikingLayer

__all__ = ["run"]

TICK_MS = 1.0
SLOT = 10
"""Places in the order of a step that one layer takes: current, threshold, reset, pooling."""


def run(layers: Sequence[SpikingLayer], images: torch.Tensor, steps: int) -> Outcome:
    """Build, run for a number of steps, and read counts and readout."""
    from bridges.maps.feedforward_spiking import Outcome

    with interpreted() as b2, torch.no_grad():
        tick = TICK_MS * b2.ms
        shapes = _shapes(layers, images)
        groups, objects = [], []
        for k, layer in enumerate(layers):
            group = _neurons(b2, k, layer, shapes[k], tick)
            groups.append(group)
            objects.append(group)
            if k == 0:
                group.constant = layer.current(images.double()).numpy().ravel()
            elif layer.weight.ndim == 2 and layers[k - 1].pool == "none":
                objects.append(_synapses(b2, k, layer, groups[k - 1], group, len(images)))
            else:
                objects.append(_operation(b2, k, layers, groups, shapes, tick))
        network = b2.Network(*objects)
        network.run(steps * tick, namespace={})
        rates = [np.asarray(g.n).reshape(shape) / steps for g, shape in zip(groups, shapes, strict=True)]
        logits = np.asarray(groups[-1].v).reshape(shapes[-1]) / steps
    return Outcome(logits, tuple(rates[:-1]))


def _shapes(layers: Sequence[SpikingLayer], images: torch.Tensor) -> list[tuple[int, ...]]:
    """Shape of every layer's neurons, (image, ...)."""
    x, shapes = images.double(), []
    for layer in layers:
        x = layer.current(x)
        shapes.append(tuple(x.shape))
        x = layer.pooled(x)
    return shapes


def _neurons(b2: Any, k: int, layer: SpikingLayer, shape: tuple[int, ...], tick: Any) -> Any:
    """Neurons of a layer; soft reset, from half the threshold. The readout has none that fires."""
    threshold = {"threshold": "v >= 1", "reset": "v -= 1\nn += 1"} if layer.fires else {}
    group = b2.NeuronGroup(
        int(np.prod(shape)),
        "v : 1\nn : 1\nconstant : 1\nfrom_spikes : 1\nspiked = n - n_before : 1\nn_before : 1",
        dt=tick,
        name=f"layer_{k}",
        **threshold,
    )
    group.v = 0.5 if layer.fires else 0.0
    # layers follow one another within a step, so that a spike crosses all of them in it
    order = k * SLOT
    group.run_regularly("n_before = n", dt=tick, when="start", order=-1)
    group.run_regularly("v += constant + from_spikes", dt=tick, when="start", order=order + 1)
    for part, place in ((group.thresholder, order + 2), (group.resetter, order + 3)):
        for one in part.values():
            one.when, one.order = "start", place
    return group


def _synapses(b2: Any, k: int, layer: SpikingLayer, source: Any, target: Any, images: int) -> Any:
    """Dense synapses within each image; the bias is a constant current."""
    weight = layer.weight.double().numpy()
    n_post, n_pre = weight.shape
    link = b2.Synapses(
        source, target, "w : 1 (constant)\nfrom_spikes_post = w * (n_pre - n_before_pre) : 1 (summed)",
        name=f"into_{k}",
    )  # fmt: skip
    post, pre = (part.ravel() for part in np.indices((n_post, n_pre)))
    shift = np.arange(images)[:, None]
    link.connect(i=(pre + shift * n_pre).ravel(), j=(post + shift * n_post).ravel())
    link.w = np.tile(weight.ravel(), images)
    for updater in link.summed_updaters.values():
        updater.when, updater.order = "start", k * SLOT
    target.constant = np.tile(layer.bias.double().numpy(), images)
    return link


def _operation(
    b2: Any, k: int, layers: Sequence[SpikingLayer], groups: Sequence[Any], shapes: Any, tick: Any
) -> Any:
    """Currents from the pooled spikes of the step."""
    layer, before = layers[k], layers[k - 1]
    source, target = groups[k - 1], groups[k]

    def conduct() -> None:
        now, then = (
            torch.from_numpy(np.asarray(getattr(source, name)).reshape(shapes[k - 1]))
            for name in ("n", "n_before")
        )
        if before.pool == "max":
            spikes = before.pooled(now) - before.pooled(then)
        else:
            spikes = before.pooled(now - then)
        with torch.no_grad():
            target.from_spikes = layer.current(spikes).numpy().ravel()

    return b2.NetworkOperation(conduct, dt=tick, when="start", order=k * SLOT)
