"""Generate spike rasters: a Wasserstein GAN with gradient penalty that is told the condition of the trial.

The critic D estimates the Wasserstein distance between real rasters x and generated ones G(z, c); the
generator G lowers it:

    critic:      D(G(z, c), c) - D(x, c) + 10 (||grad D(u, c)|| - 1)^2,  u between x and G(z, c)
    generator:  -D(G(z, c), c)

(Gulrajani et al. 2017, doi:10.48550/arXiv.1704.00028; for rasters Spike-GAN, Molano-Mazon et al. 2018,
doi:10.48550/arXiv.1803.00338).

What differs from Spike-GAN: the critic is shown drawn spikes, not probabilities, so that it cannot tell the
two kinds apart by their softness and G need not make all randomness out of z; the gradient passes through a
relaxed draw (straight-through, Jang et al. 2017, doi:10.48550/arXiv.1611.01144). Spikes depend on each
neuron's own spikes before them, neurons share noise, and the critic squares some of what it sees
(`ann.raster_networks`). The generator starts from what each neuron does alone, so that the game is about what
neurons share. And rasters come from a running mean of its weights (Yazici et al. 2019,
doi:10.48550/arXiv.1806.04498).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from ann.raster_networks import RasterCritic, RasterGenerator, draw_spikes
from ann.threads import one_thread
from ann.training import TrainingDiverged

__all__ = [
    "GanHistory",
    "GanSettings",
    "gradient_penalty",
    "sample_rasters",
    "train_gan",
]


@dataclass(frozen=True)
class GanSettings:
    """How long and how fast the two networks play.

    Spike-GAN takes 5 critic steps at rates of 1e-4 and up to 300,000 steps. The defaults are for minutes on a
    CPU. They, and the sizes of the networks, were chosen in pilots of some hundred steps on rasters of seed 1
    of the study, both halves of which were looked at, so that only runs of other seeds are tests.

    Parameters
    ----------
    steps
        Steps of the generator.
    critic_steps
        Steps of the critic before each of them.
    batch_size
        Rasters per step.
    generator_rate, critic_rate
        Adam's step sizes at the start; both fall along a line to 0.
    held_back
        Share of the generator's step size that weights other than those of shared noise have: what neurons
        do alone is known before the game begins.
    warm_up
        Steps over which the generator's step size rises, while the critic finds out what to look at.
    penalty
        Weight of the gradient penalty.
    relaxation
        Temperature of the relaxed draw that the gradient passes through.
    averaging
        Share of the running mean of the generator's weights that is kept at each step.
    check_every
        Steps between entries of the history.

    Raises
    ------
    ValueError
        If a setting is out of range.
    """

    steps: int = 1500
    critic_steps: int = 2
    batch_size: int = 64
    generator_rate: float = 2e-3
    critic_rate: float = 2e-3
    held_back: float = 0.1
    warm_up: int = 100
    penalty: float = 10.0
    relaxation: float = 0.5
    averaging: float = 0.998
    check_every: int = 50

    def __post_init__(self) -> None:
        for name in ("steps", "critic_steps", "batch_size", "warm_up", "check_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)}; must be at least 1")
        for name in ("generator_rate", "critic_rate", "relaxation"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} = {getattr(self, name)}; must be above 0")
        for name in ("penalty", "held_back"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} = {getattr(self, name)}; must be 0 or above")
        if not 0.0 <= self.averaging < 1.0:
            raise ValueError(f"averaging = {self.averaging}; must be at least 0 and below 1")


@dataclass(frozen=True)
class GanHistory:
    """Course of the game.

    Parameters
    ----------
    step
        Steps of the generator done at each entry.
    distance
        The critic's estimate of the Wasserstein distance on training rasters, D(real) - D(generated).
    penalty
        Mean of (||grad D|| - 1)^2.
    """

    step: tuple[int, ...] = field(repr=False)
    distance: tuple[float, ...] = field(repr=False)
    penalty: tuple[float, ...] = field(repr=False)


def gradient_penalty(
    critic: Callable[[Tensor, Tensor], Tensor],
    real: Tensor,
    generated: Tensor,
    condition: Tensor,
    mix: Tensor,
) -> Tensor:
    """How far the critic's slope is from 1: the mean of (||grad D(u)|| - 1)^2.

    u = mix x + (1 - mix) G, one `mix` per raster.

    Parameters
    ----------
    critic
        Gives one number for each raster and condition.
    real, generated
        Rasters, shape (batch, neuron, bin).
    condition
        Shape (batch,).
    mix
        Share of the real raster, 0 to 1, shape (batch,).

    Returns
    -------
    Tensor
        A number whose gradient is known.
    """
    share = mix.view(-1, 1, 1)
    between = (share * real + (1.0 - share) * generated).requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(between, condition).sum(), between, create_graph=True)
    return ((slope.flatten(1).norm(dim=1) - 1.0) ** 2).mean()


@one_thread()
def train_gan(
    generator: RasterGenerator,
    critic: RasterCritic,
    rasters: np.ndarray,
    condition: np.ndarray,
    seed: int,
    settings: GanSettings | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> GanHistory:
    """Train both in place; the generator ends with the running mean of its weights, in evaluation mode.

    Parameters
    ----------
    generator, critic
        The two networks, on one device.
    rasters
        Training rasters, 0 and 1, shape (sample, neuron, bin).
    condition
        Condition of each, whole numbers, shape (sample,).
    seed
        Of everything drawn in training.
    settings
        How long and how fast; defaults if None.
    progress
        Called with the fraction done and a line about it.

    Returns
    -------
    GanHistory
        What happened.

    Raises
    ------
    ValueError
        If rasters and conditions do not fit each other or the networks.
    TrainingDiverged
        If a loss is not finite; names the step.
    """
    settings = settings or GanSettings()
    _check_data(generator, rasters, condition)
    device = next(generator.parameters()).device
    data = torch.from_numpy(np.asarray(rasters, dtype=np.float32)).to(device)
    labels = torch.from_numpy(np.asarray(condition, dtype=np.int64)).to(device)
    rng = torch.Generator(device).manual_seed(seed)
    players = _players(generator, critic, settings)
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(player, share)
        for player, share in zip(players, _courses(settings), strict=True)
    ]
    mean = copy.deepcopy(generator)
    entries: list[tuple[int, float, float]] = []
    for step in range(1, settings.steps + 1):
        for _ in range(settings.critic_steps):
            distance, slope = _critic_step(generator, critic, players[1], data, labels, settings, rng)
        _generator_step(generator, critic, players[0], labels, settings, rng)
        # the mean forgets its start faster than it forgets anything later
        kept = min(settings.averaging, step / (step + 10.0))
        with torch.no_grad():
            for slow, fast in zip(mean.parameters(), generator.parameters(), strict=True):
                slow.lerp_(fast, 1.0 - kept)
        for schedule in schedules:
            schedule.step()
        if step % settings.check_every == 0 or step == settings.steps:
            entries.append((step, _finite(distance, step), _finite(slope, step)))
            if progress is not None:
                progress(step / settings.steps, f"step {step}, distance {entries[-1][1]:.3f}")
    generator.load_state_dict(mean.state_dict())
    generator.eval()
    critic.eval()
    steps, distances, slopes = zip(*entries, strict=True)
    return GanHistory(steps, distances, slopes)


@torch.no_grad()
@one_thread()
def sample_rasters(
    generator: RasterGenerator, condition: np.ndarray, seed: int, batch_size: int = 512
) -> np.ndarray:
    """Draw one raster for each condition asked for.

    Parameters
    ----------
    generator
        Trained generator.
    condition
        Whole numbers, shape (sample,).
    seed
        Of the latent numbers and the spikes.
    batch_size
        Rasters made at a time.

    Returns
    -------
    ndarray of bool
        Shape (sample, neuron, bin).
    """
    device = next(generator.parameters()).device
    rng = torch.Generator(device).manual_seed(seed)
    told = torch.from_numpy(np.asarray(condition, dtype=np.int64)).to(device)
    parts = []
    for chunk in told.split(batch_size):
        latent, noise = _noise(generator, len(chunk), rng)
        parts.append((generator(latent, noise, chunk) > 0).cpu().numpy())
    return np.concatenate(parts) if parts else np.zeros((0, *generator.shape), dtype=bool)


def _players(
    generator: RasterGenerator, critic: RasterCritic, settings: GanSettings
) -> tuple[torch.optim.Adam, torch.optim.Adam]:
    """The optimisers of the two."""
    rest = [weight for weight in generator.parameters() if weight is not generator.shared]
    quick, slow = settings.generator_rate, settings.generator_rate * settings.held_back
    groups = [{"params": [generator.shared], "lr": quick}, {"params": rest, "lr": slow}]
    betas = (0.0, 0.9)
    return (
        torch.optim.Adam(groups, lr=quick, betas=betas, fused=True),
        torch.optim.Adam(critic.parameters(), lr=settings.critic_rate, betas=betas, fused=True),
    )


def _courses(settings: GanSettings) -> tuple[Callable[[int], float], Callable[[int], float]]:
    """Share of the step size that is left of each player's, by steps done."""

    def left(done: int) -> float:
        return 1.0 - done / settings.steps

    return lambda done: min(1.0, (done + 1) / settings.warm_up) * left(done), left


def _critic_step(generator, critic, optimiser, data, labels, settings: GanSettings, rng) -> tuple:
    which = torch.randint(len(data), (settings.batch_size,), generator=rng, device=data.device)
    real, condition = data[which], labels[which]
    with torch.no_grad():
        generated = _generate(generator, condition, settings.relaxation, rng)
    mix = torch.rand(len(real), generator=rng, device=data.device)
    optimiser.zero_grad(set_to_none=True)
    scores = critic(torch.cat([generated, real]), torch.cat([condition, condition]))
    distance = scores[len(real) :].mean() - scores[: len(real)].mean()
    slope = gradient_penalty(critic, real, generated, condition, mix)
    (settings.penalty * slope - distance).backward()
    optimiser.step()
    return distance.detach(), slope.detach()


def _generator_step(generator, critic, optimiser, labels, settings: GanSettings, rng) -> None:
    which = torch.randint(len(labels), (settings.batch_size,), generator=rng, device=labels.device)
    condition = labels[which]
    optimiser.zero_grad(set_to_none=True)
    loss = -critic(_generate(generator, condition, settings.relaxation, rng), condition).mean()
    loss.backward()
    optimiser.step()


def _generate(generator: RasterGenerator, condition: Tensor, relaxation: float, rng) -> Tensor:
    latent, noise = _noise(generator, len(condition), rng)
    return draw_spikes(generator(latent, noise, condition), relaxation)


def _noise(generator: RasterGenerator, n: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Latent numbers that neurons share and the private noise of each bin."""
    latent = torch.randn(n, generator.n_drawn, generator=rng, device=rng.device)
    return latent, torch.randn(n, *generator.shape, generator=rng, device=rng.device)


def _check_data(generator: RasterGenerator, rasters: np.ndarray, condition: np.ndarray) -> None:
    if rasters.ndim != 3 or rasters.shape[1:] != generator.shape or len(rasters) < 1:
        raise ValueError(f"rasters have shape {rasters.shape}; must be (sample, *{generator.shape})")
    if condition.shape != (len(rasters),):
        raise ValueError(f"condition has shape {condition.shape}; must be ({len(rasters)},), one a raster")
    if condition.min() < 0 or condition.max() >= generator.n_conditions:
        raise ValueError(f"condition must be 0 to {generator.n_conditions - 1}, found {np.unique(condition)}")


def _finite(value: Tensor, step: int) -> float:
    if not torch.isfinite(value):
        raise TrainingDiverged(f"the critic's loss is {value.item()} at step {step}; lower the rates")
    return value.item()
