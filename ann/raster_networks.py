"""The two networks of the generator of spike rasters: one makes rasters, one criticises them.

Neurons are channels, and what the generator's neurons share comes from convolution over time (Spike-GAN,
Molano-Mazon et al. 2018, doi:10.48550/arXiv.1803.00338).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ann.raster_start import spiking_alone

__all__ = ["RasterCritic", "RasterGenerator", "draw_spikes"]

LEAK = 0.2
"""Slope of the leaky rectifiers below zero."""

STRIDE = 4
"""Two layers of stride 2 shorten a raster by this factor."""


def draw_spikes(margin: Tensor, relaxation: float) -> Tensor:
    """A spike wherever the margin is above 0; the gradient is that of a soft step.

    Backwards the step is replaced by sigmoid(margin / relaxation).

    Parameters
    ----------
    margin
        Log-odds of a spike plus logistic noise, any shape.
    relaxation
        Temperature of the soft step.

    Returns
    -------
    Tensor
        0 and 1.
    """
    hard = (margin > 0).to(margin.dtype)
    if not margin.requires_grad:
        return hard
    soft = torch.sigmoid(margin / relaxation)
    return hard + soft - soft.detach()


class RasterGenerator(nn.Module):
    """Latent numbers, private noise and a condition to rasters: x_i(t) = 1 where the margin is above 0.

        margin_i(t) = course_i(t) + drive_i(t; z) + sum_k h_i(k) x_i(t - k) + eps_i(t)
        eps_i(t)    = logit Phi((xi_i(t) + sum_k v_ik eta_k(t)) / sqrt(1 + sum_k v_ik^2))

    Neurons are alone in their time course and in the filter h over their own spikes, as in a generalised
    linear model (Pillow et al. 2008, doi:10.1038/nature07140): a hundred latent numbers could not carry the
    timing of every spike of every neuron. They share a drive that transposed convolutions make of latent
    numbers z (Spike-GAN), for what lasts, and a part of their noise, eta, for what comes and goes within a
    bin. Shared noise is told apart from private noise xi by what it does to pairs alone: whatever v is,
    eps_i is logistic and white, so that no statistic of a single neuron depends on it (as in a dichotomised
    Gaussian, Macke et al. 2009, doi:10.1162/neco.2008.02-08-713). Course, filter and v belong to the
    condition.

    Parameters
    ----------
    n_neurons, n_bins, n_conditions
        Shape of what is generated; `n_bins` is a multiple of 4.
    n_latent
        Latent Gaussian numbers z.
    n_features
        Features of the layer before the last.
    n_shared
        Sources of shared noise.
    memory
        Length of the filter over a neuron's own spikes (bins).
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
        n_shared: int = 8,
        memory: int = 10,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        _check_shape(n_neurons, n_bins, n_conditions, n_features)
        for name, value in (("n_latent", n_latent), ("n_shared", n_shared), ("memory", memory)):
            if value < 1:
                raise ValueError(f"{name} = {value}; must be at least 1")
        self.n_latent, self.n_shared, self.memory = n_latent, n_shared, memory
        self.n_conditions = n_conditions
        self.shape = (n_neurons, n_bins)
        self.start = nn.Linear(n_latent + n_conditions, 2 * n_features * (n_bins // STRIDE))
        self.middle = nn.ConvTranspose1d(2 * n_features, n_features, 5, 2, padding=2, output_padding=1)
        self.end = nn.ConvTranspose1d(n_features, n_neurons, 5, 2, padding=2, output_padding=1, bias=False)
        self.course = nn.Parameter(torch.zeros(n_conditions, n_neurons, n_bins))
        self.own = nn.Parameter(torch.zeros(n_conditions, n_neurons, memory))
        self.shared = nn.Parameter(torch.zeros(n_conditions, n_neurons, n_shared))
        _initialise(self, generator)
        with torch.no_grad():  # the play begins with neurons that are nearly independent
            self.end.weight *= 0.02
            self.shared.normal_(0.0, 0.1, generator=generator)

    @property
    def n_drawn(self) -> int:
        """Latent numbers of a raster: z, and the shared noise of every bin."""
        return self.n_latent + self.n_shared * self.shape[1]

    def forward(self, latent: Tensor, noise: Tensor, condition: Tensor) -> Tensor:
        """Margins: a spike falls where they are above 0.

        Their gradient takes the neuron's spikes before a bin as given.

        Parameters
        ----------
        latent
            Standard Gaussian numbers, shape (batch, n_drawn).
        noise
            Private noise, standard Gaussian, shape (batch, neuron, bin).
        condition
            Whole numbers, shape (batch,).

        Returns
        -------
        Tensor
            Shape (batch, neuron, bin).
        """
        lasting, shared = latent[:, : self.n_latent], latent[:, self.n_latent :]
        told = nn.functional.one_hot(condition, self.n_conditions).to(latent.dtype)
        x = self.start(torch.cat([lasting, told], dim=1))
        x = nn.functional.leaky_relu(x, LEAK).unflatten(1, (-1, self.shape[1] // STRIDE))
        x = nn.functional.leaky_relu(self.middle(x), LEAK)
        alone = self.end(x) + self.course[condition] + self._mixed(shared, noise, condition)
        own = self.own[condition]
        with torch.no_grad():
            spikes = self._run(alone, own)
        margin = alone
        for k in range(1, min(self.memory, self.shape[1] - 1) + 1):
            margin = margin + nn.functional.pad(own[..., k - 1 : k] * spikes[..., :-k], (k, 0))
        return margin

    def _run(self, alone: Tensor, own: Tensor) -> Tensor:
        """Spikes, bin after bin: each has an effect on those after it."""
        bins = self.shape[1]
        margin = nn.functional.pad(alone, (0, self.memory))
        for t in range(bins):
            spike = (margin[..., t] > 0).to(margin.dtype)
            margin[..., t + 1 : t + 1 + self.memory].addcmul_(spike.unsqueeze(2), own)
        return (margin[..., :bins] > 0).to(margin.dtype)

    def _mixed(self, shared: Tensor, noise: Tensor, condition: Tensor) -> Tensor:
        """Logistic noise of every neuron, part of which neurons share."""
        weights = self.shared[condition]
        mixed = noise + torch.bmm(weights, shared.unflatten(1, (self.n_shared, -1)))
        mixed = mixed / (1.0 + (weights**2).sum(dim=2, keepdim=True)).sqrt()
        return torch.logit(torch.special.ndtr(mixed), eps=1e-6)

    def start_from(self, rasters: np.ndarray, condition: np.ndarray) -> None:
        """Begin with what each neuron does alone in every condition, which needs no game to be learned.

        Time course and filter by penalised maximum likelihood (`ann.raster_start.spiking_alone`).

        Parameters
        ----------
        rasters
            Training rasters, shape (sample, neuron, bin).
        condition
            Whole numbers, shape (sample,).
        """
        with torch.no_grad():
            for number in range(self.n_conditions):
                course, own = spiking_alone(rasters[condition == number], self.memory)
                self.course[number] = torch.from_numpy(course)
                self.own[number] = torch.from_numpy(own)


class RasterCritic(nn.Module):
    """Rasters and their condition to one number; higher means more like the real ones.

    Four views are added up, each with readout weights of its own for every condition (as in a projection
    critic, Miyato & Koyama 2018, doi:10.48550/arXiv.1802.05637):

    - every bin of every neuron by itself;
    - two layers that look at the whole raster;
    - filters that look at all neurons in a few neighbouring bins, and their squares, summed over time:
      energies, which is how covariances show without being asked for;
    - filters that look at the whole train of one neuron, the same for all neurons, and their squares.

    Parameters
    ----------
    n_neurons, n_bins, n_conditions
        Shape of the rasters; `n_bins` is a multiple of 4.
    n_features
        Filters over neighbouring bins of all neurons.
    n_private
        Filters over the train of one neuron.
    n_hidden
        Units of each of the two layers.
    width
        Neighbouring bins; odd.
    generator
        Source of the initial weights.

    Raises
    ------
    ValueError
        If a number is below 1, `width` is even, or `n_bins` is not a multiple of 4.
    """

    def __init__(
        self,
        n_neurons: int,
        n_bins: int,
        n_conditions: int = 1,
        n_features: int = 48,
        n_private: int = 24,
        n_hidden: int = 64,
        width: int = 3,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        _check_shape(n_neurons, n_bins, n_conditions, n_features)
        for name, value in (("n_private", n_private), ("n_hidden", n_hidden)):
            if value < 1:
                raise ValueError(f"{name} = {value}; must be at least 1")
        if width < 1 or width % 2 == 0:
            raise ValueError(f"width = {width}; must be odd, so that there is a bin in the middle")
        self.n_conditions, self.width = n_conditions, width
        self.alone = nn.Embedding(n_conditions, n_neurons * n_bins)
        self.first = nn.Linear(n_neurons * n_bins + n_conditions, n_hidden)
        self.second = nn.Linear(n_hidden, n_hidden)
        self.last = nn.Linear(n_hidden, 1)
        self.near = nn.Linear(n_neurons * width, n_features)
        self.near_out = nn.Embedding(n_conditions, 2 * n_features)
        self.own = nn.Linear(n_bins, n_private)
        self.own_out = nn.Embedding(n_conditions, 2 * n_neurons * n_private)
        _initialise(self, generator)
        with torch.no_grad():
            self.alone.weight.zero_()
            for readout in (self.near_out, self.own_out):
                readout.weight.normal_(0.0, 0.05, generator=generator)

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
        bins = raster.shape[2]
        flat = raster.flatten(1)
        told = nn.functional.one_hot(condition, self.n_conditions).to(raster.dtype)
        x = nn.functional.leaky_relu(self.first(torch.cat([flat, told], dim=1)), LEAK)
        x = nn.functional.leaky_relu(self.second(x), LEAK)
        score = self.last(x).squeeze(1) + (flat * self.alone(condition)).sum(dim=1)

        edge = self.width // 2
        padded = nn.functional.pad(raster.transpose(1, 2), (0, 0, edge, edge))
        near = self.near(torch.cat([padded[:, k : k + bins] for k in range(self.width)], dim=2))
        seen = torch.cat([nn.functional.leaky_relu(near, LEAK), near * near], dim=2).sum(dim=1)
        # a sum over bins would outweigh single features, a mean would take long to be heard
        score = score + (seen / bins**0.5 * self.near_out(condition)).sum(dim=1)

        own = self.own(raster)
        seen = torch.cat([nn.functional.leaky_relu(own, LEAK), own * own / bins**0.5], dim=2)
        return score + (seen.flatten(1) * self.own_out(condition)).sum(dim=1)


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
