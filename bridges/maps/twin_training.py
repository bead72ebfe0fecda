"""How a twin learns: bins of the circuit's trials, by maximum likelihood.

The mean of counts is fitted by the Poisson likelihood, their dispersion by what the mean leaves over,
responses by the Bernoulli likelihood. What the network remembers is known from the trial itself, so each bin
is an example and no gradient runs back through time. Adam, with one cycle of its learning rate up and down
and of its momentum down and up. The twin takes the running average of the weights (Polyak & Juditsky 1992,
doi:10.1137/0330046), for those of a single step still follow its examples; a small part of the trials is
kept for choosing the best.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ann.threads import one_thread
from ann.training import TrainingDiverged
from bridges.maps.twin_data import CircuitTrials
from bridges.maps.twin_network import CountNetwork

__all__ = ["Tell", "TwinConfig", "train_twin"]

Tell = Callable[[float, str], None]
"""Called with the fraction done and what is being done."""

AVERAGED = 1.0 / 64.0
"""Share of all steps that the running average of the weights looks back on."""


@dataclass(frozen=True)
class TwinConfig:
    """Size and training of a twin.

    Parameters
    ----------
    n_trials
        Trials of the circuit to learn from.
    n_hidden, n_watch
        Units of either hidden layer, and of the layer that watches for responses.
    steps
        Gradient steps.
    batch_size
        Bins a step.
    learning_rate
        Adam's at its highest, after a twentieth of the steps.
    seed
        Of weights and the order of examples.
    trials_seed
        Of the circuit's trials.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    n_trials: int = 2048
    n_hidden: int = 96
    n_watch: int = 32
    steps: int = 8000
    batch_size: int = 4096
    learning_rate: float = 3e-3
    seed: int = 0
    trials_seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("n_trials", 8), ("n_hidden", 1), ("n_watch", 1), ("steps", 20),
                            ("batch_size", 1), ("seed", 0), ("trials_seed", 0)):  # fmt: skip
            if getattr(self, name) < least:
                raise ValueError(f"{name} = {getattr(self, name)}; must be {least} or more")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate = {self.learning_rate}; must be above 0")

    @classmethod
    def quick(cls, seed: int = 0) -> TwinConfig:
        """A smaller twin of fewer trials, made within a minute; for trying things out."""
        return cls(n_trials=128, n_hidden=48, steps=1500, batch_size=1024, seed=seed)


@one_thread()
def train_twin(
    trials: CircuitTrials, config: TwinConfig, progress: Tell = lambda fraction, doing: None
) -> CountNetwork:
    """Fit a network to what a circuit did; one trial in sixteen is kept for choosing the best weights.

    Raises
    ------
    ValueError
        If counts are not whole numbers.
    TrainingDiverged
        If the loss is not finite; names the step.
    """
    if not np.array_equal(trials.counts, np.round(trials.counts)) or trials.counts.min() < 0:
        raise ValueError("counts must be whole numbers of spikes")
    rng = np.random.default_rng(np.random.SeedSequence(config.seed, spawn_key=(1,)))
    order = rng.permutation(len(trials))
    few = max(len(trials) // 16, 1)
    network = _fresh(trials, config, int(rng.integers(2**62)))
    exam = Examples.of(network, trials.chosen(order[:few]))
    lessons = Examples.of(network, trials.chosen(order[few:]))
    network.centre[:] = lessons.seen.mean(0)
    network.scale[:] = lessons.seen.std(0) + 1e-3
    optimiser = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, config.learning_rate, total_steps=config.steps + 1, pct_start=0.05
    )
    left = max(1.0 - 1.0 / (AVERAGED * config.steps), 0.0)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(left))
    averaged = cast(CountNetwork, average.module)
    best, best_loss = copy.deepcopy(network.state_dict()), np.inf
    for step in range(1, config.steps + 1):
        which = torch.from_numpy(rng.integers(len(lessons.seen), size=config.batch_size))
        loss = _loss(network, lessons.chosen(which))
        if not torch.isfinite(loss):
            raise TrainingDiverged(
                f"loss of the twin is {loss.item()} at step {step}; lower the learning rate"
            )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        average.update_parameters(network)
        if step % 100 == 0 or step == config.steps:
            with torch.no_grad():
                unseen = _loss(averaged, exam).item()
            if unseen < best_loss:
                best, best_loss = copy.deepcopy(averaged.state_dict()), unseen
            progress(step / config.steps, f"learning from the circuit: step {step}, loss {unseen:.4f}")
    network.load_state_dict(best)
    _measure_residuals(network, lessons)
    return network.eval()


@dataclass(frozen=True, eq=False)
class Examples:
    """Bins of all trials in a row: what is seen before each (bin, feature), and what happens in it."""

    seen: Tensor
    counts: Tensor
    events: Tensor

    @classmethod
    def of(cls, network: CountNetwork, trials: CircuitTrials) -> Examples:
        """The bins of trials as a network sees them."""
        counts, events = torch.from_numpy(trials.counts), torch.from_numpy(trials.events)
        with torch.no_grad():
            given = network.given(torch.from_numpy(trials.inputs), torch.from_numpy(trials.conditions))
            seen = network.seen(given, counts, events)
        return cls(seen.flatten(0, 1), counts.flatten(0, 1), events.flatten(0, 1))

    def chosen(self, which: Tensor | slice) -> Examples:
        """Some of the bins."""
        return Examples(self.seen[which], self.counts[which], self.events[which])


def _fresh(trials: CircuitTrials, config: TwinConfig, seed: int) -> CountNetwork:
    network = CountNetwork(
        trials.inputs.shape[2],
        trials.conditions.shape[1],
        trials.counts.shape[2],
        trials.events.shape[2],
        config.n_hidden,
        config.n_watch,
        torch.Generator().manual_seed(seed),
    )
    # parameters by the spread of individuals, which lesions do not widen
    low, high = np.quantile(trials.conditions, [0.1, 0.9], axis=0)
    network.condition_scale[:] = torch.from_numpy(np.maximum((high - low) / 2.563, 1e-3))
    network.count_scale[:] = torch.from_numpy(np.maximum(trials.counts.std(axis=(0, 1)), 1.0))
    network.largest[:] = torch.from_numpy(trials.counts.max(axis=(0, 1)))
    return network


def _loss(network: CountNetwork, bins: Examples) -> Tensor:
    """Negative log-likelihood of a bin (nats), less the terms that do not depend on the weights."""
    counts = bins.counts
    expected, log_spread, log_odds = network(bins.seen, counts)
    # of every count its own value is taken off, so that the loss is a distance and not a matter of scale
    poisson = torch.nn.functional.poisson_nll_loss(
        expected, counts, log_input=False, reduction="none"
    ) - torch.nn.functional.poisson_nll_loss(counts, counts, log_input=False, reduction="none")
    # what the mean should be is the likelihood's to say; the dispersion then fits what is left
    z2 = torch.square(counts - expected.detach()) / (expected.detach() + 0.25)
    spread = 0.5 * (z2 * torch.exp(-log_spread) + log_spread)
    total = (poisson + spread).sum(-1)
    if log_odds.shape[-1]:
        total = total + torch.nn.functional.binary_cross_entropy_with_logits(
            log_odds, bins.events, reduction="none"
        ).sum(-1)
    return total.mean()


def _measure_residuals(network: CountNetwork, bins: Examples) -> None:
    few = bins.chosen(slice(0, 50_000))
    with torch.no_grad():
        expected, log_spread, _ = network(few.seen, few.counts)
        z = (few.counts - expected) / torch.sqrt((expected + 0.25) * torch.exp(log_spread))
    network.residual_correlation[:] = torch.corrcoef(z.T.double()).float()
