"""The two networks of the generator of spike rasters: one makes rasters, one criticises them.

Neurons are channels and convolution runs over time only, so that nothing depends on the order of neurons
(Spike-GAN, Molano-Mazon et al. 2018, doi:10.48550/arXiv.1803.00338).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

__all__ = ["OwnFilters", "RasterCritic", "RasterGenerator"]

LEAK = 0.2
"""Slope of the leaky rectifiers below zero."""

SOFTNESS = 0.5
"""Width of the soft spikes that the filters over a neuron's past see (log-odds)."""

STRIDE = 4
"""Two layers of stride 2 shorten a raster by this factor."""


class OwnFilters(nn.Module):
    """Filters over the past of each neuron on its own; all neurons share them, but for a bias.

    Refractoriness and the like are matters of the cell, not of its number: every neuron teaches the filters.

    Parameters
    ----------
    n_neurons
        Neurons.
    n_inputs, n_outputs
        Signals of each neuron that go in and come out.
    width
        Length of the filters (bins).
    """

    def __init__(self, n_neurons: int, n_inputs: int, n_outputs: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.filters = nn.Conv1d(n_inputs, n_outputs, width)
        self.bias = nn.Parameter(torch.zeros(n_neurons, n_outputs, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Filter (batch, neuron, input, bin) into (batch, neuron, output, bin), from bins up to this one."""
        past = nn.functional.pad(x.flatten(0, 1), (self.width - 1, 0))
        return self.filters(past).unflatten(0, x.shape[:2]) + self.bias


class RasterGenerator(nn.Module):
    """Latent numbers, noise and a condition to the log-odds of a spike in every bin of every neuron.

    What neurons share comes from latent numbers through transposed convolutions, as in Spike-GAN: a drive to
    each neuron. What is each neuron's own, above all that a spike makes the next one less likely for a while,
    comes from filters over its past: a hundred latent numbers could not carry the timing of every spike of
    every neuron. A spike falls where log-odds + noise > 0 (`draw_spikes`); the filters see, of earlier bins
    alone, a soft form of this made of drive and noise. So log-odds are those of a spike given the past, as
    in a generalised linear model with a post-spike filter (Pillow et al. 2008, doi:10.1038/nature07140).

    Parameters
    ----------
    n_neurons, n_bins, n_conditions
        Shape of what is generated; `n_bins` is a multiple of 4.
    n_latent
        Latent Gaussian numbers that all neurons share.
    n_features
        Features of the layer before the last.
    n_private
        Features of each neuron's own layer.
    generator
        Source of the initial weights.

    Raises
    ------
    ValueError
        If a number is below 1 or `n_bins` is not a multiple of 4.
    """

    def __init__(
        self,
        n_neurons: int,
        n_bins: int,
        n_conditions: int = 1,
        n_latent: int = 32,
        n_features: int = 32,
        n_private: int = 8,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        _check_shape(n_neurons, n_bins, n_conditions, n_features)
        for name, value in (("n_latent", n_latent), ("n_private", n_private)):
            if value < 1:
                raise ValueError(f"{name} = {value}; must be at least 1")
        self.n_latent, self.n_conditions = n_latent, n_conditions
        self.shape = (n_neurons, n_bins)
        self.start = nn.Linear(n_latent + n_conditions, 2 * n_features * (n_bins // STRIDE))
        self.middle = nn.ConvTranspose1d(2 * n_features, n_features, 5, 2, padding=2, output_padding=1)
        self.end = nn.ConvTranspose1d(n_features, n_neurons, 5, 2, padding=2, output_padding=1)
        # what each condition adds in every bin: time courses need not be made of convolutions
        self.course = nn.Parameter(torch.zeros(n_conditions, n_neurons, n_bins))
        self.own = OwnFilters(n_neurons, 2, n_private, 7)
        self.out = OwnFilters(n_neurons, n_private, 1, 5)
        _initialise(self, generator)
        with torch.no_grad():  # the play begins with neurons that are nearly independent
            self.end.weight *= 0.2
            self.out.filters.weight.zero_()

    def forward(self, latent: Tensor, noise: Tensor, condition: Tensor) -> Tensor:
        """Log-odds of a spike.

        Parameters
        ----------
        latent
            Shape (batch, n_latent).
        noise
            The noise that spikes will be drawn with, shape (batch, neuron, bin); only that of earlier bins
            has an effect on the log-odds of a bin.
        condition
            Whole numbers, shape (batch,).

        Returns
        -------
        Tensor
            Shape (batch, neuron, bin).
        """
        told = nn.functional.one_hot(condition, self.n_conditions).to(latent.dtype)
        x = self.start(torch.cat([latent, told], dim=1))
        x = nn.functional.leaky_relu(x, LEAK).unflatten(1, (-1, self.shape[1] // STRIDE))
        x = nn.functional.leaky_relu(self.middle(x), LEAK)
        drive = self.end(x) + self.course[condition]
        soft = torch.sigmoid((drive + noise) / SOFTNESS)
        past = nn.functional.pad(torch.stack([soft, torch.tanh(drive)], dim=2)[..., :-1], (1, 0))
        own = nn.functional.leaky_relu(self.own(past), LEAK)
        return drive + self.out(own).squeeze(2)

    def start_from(self, rasters: np.ndarray, condition: np.ndarray) -> None:
        """Begin with the time course of every neuron in every condition, which needs no game to be learned.

        Parameters
        ----------
        rasters
            Training rasters, shape (sample, neuron, bin).
        condition
            Whole numbers, shape (sample,).
        """
        with torch.no_grad():
            for number in range(self.n_conditions):
                mine = rasters[condition == number]
                # half a spike more and half a silence more keep log-odds finite
                share = (mine.sum(axis=0) + 0.5) / (len(mine) + 1.0)
                self.course[number] = torch.from_numpy(np.log(share / (1.0 - share)))


class RasterCritic(nn.Module):
    """Rasters and their condition to one number; higher means more like the real ones.

    Two layers of convolution over time look at all neurons together; beside them a layer looks at each
    neuron alone, and its features are summed over time.

    Parameters
    ----------
    n_neurons, n_bins, n_conditions
        Shape of the rasters; `n_bins` is a multiple of 4.
    n_features
        Features of the first layer; the second has twice as many.
    n_private
        Features of each neuron's own layer.
    generator
        Source of the initial weights.

    Raises
    ------
    ValueError
        If a number is below 1 or `n_bins` is not a multiple of 4.
    """

    def __init__(
        self,
        n_neurons: int,
        n_bins: int,
        n_conditions: int = 1,
        n_features: int = 32,
        n_private: int = 4,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        _check_shape(n_neurons, n_bins, n_conditions, n_features)
        if n_private < 1:
            raise ValueError(f"n_private = {n_private}; must be at least 1")
        self.n_conditions = n_conditions
        self.first = nn.Conv1d(n_neurons + n_conditions, n_features, 5, 2, padding=2)
        self.second = nn.Conv1d(n_features, 2 * n_features, 5, 2, padding=2)
        self.own = OwnFilters(n_neurons, 1, n_private, 5)
        together = 2 * n_features * (n_bins // STRIDE)
        self.last = nn.Linear(together + n_private * n_neurons + n_conditions, 1)
        _initialise(self, generator)

    def forward(self, raster: Tensor, condition: Tensor) -> Tensor:
        """One number a raster.

        Parameters
        ----------
        raster
            Shape (batch, neuron, bin).
        condition
            Whole numbers, shape (batch,).

        Returns
        -------
        Tensor
            Shape (batch,).
        """
        told = nn.functional.one_hot(condition, self.n_conditions).to(raster.dtype)
        x = torch.cat([raster, told.unsqueeze(2).expand(-1, -1, raster.shape[2])], dim=1)
        x = nn.functional.leaky_relu(self.first(x), LEAK)
        x = nn.functional.leaky_relu(self.second(x), LEAK)
        own = nn.functional.leaky_relu(self.own(raster.unsqueeze(2)), LEAK).sum(dim=3)
        # a sum over bins would outweigh single features, a mean would take long to be heard
        own = own / raster.shape[2] ** 0.5
        return self.last(torch.cat([x.flatten(1), own.flatten(1), told], dim=1)).squeeze(1)


def _initialise(network: nn.Module, generator: torch.Generator | None) -> None:
    for module in network.modules():
        if isinstance(module, (nn.Linear, nn.Conv1d, nn.ConvTranspose1d)):
            inputs = module.weight[0].numel()
            if isinstance(module, nn.ConvTranspose1d):  # each output sums over inputs and half the taps
                inputs = module.weight.shape[0] * module.weight.shape[2] // 2
            with torch.no_grad():
                module.weight.normal_(0.0, (2.0 / inputs) ** 0.5, generator=generator)
                if module.bias is not None:
                    module.bias.zero_()


def _check_shape(n_neurons: int, n_bins: int, n_conditions: int, n_features: int) -> None:
    values = {"n_neurons": n_neurons, "n_conditions": n_conditions, "n_features": n_features}
    for name, value in values.items():
        if value < 1:
            raise ValueError(f"{name} = {value}; must be at least 1")
    if n_bins < STRIDE or n_bins % STRIDE:
        raise ValueError(f"n_bins = {n_bins}; must be a multiple of {STRIDE}")
