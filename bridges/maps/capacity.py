"""Capacity (B12): a budget of bits per decision, in a network as a noisy channel of fixed power.

Equation. All that a network tells its readout goes through

    z = sqrt(P) h / |h| + xi,   xi ~ N(0, 1) in n dimensions        C = n/2 log2(1 + P/n) bits a decision

(`ann.limits`). One choice of four takes 2 bits, two at a time take 4: when C is short of 4 bits, doing both
costs accuracy (the dual cost, mean accuracy alone minus together). In the circuit the budget is the firing
that shared inhibition leaves; its bits per decision are the mutual information between what was shown and
which pool won, with the bias of few trials taken off (Panzeri & Treves 1996):

    I = sum p(s, r) log2 p(s, r) / (p(s) p(r)) - (sum_s R_s - R - S + 1) / (2 N ln 2)

Assumptions. Stimuli are equally frequent, noise is Gaussian and independent over dimensions, and the network
is trained with the channel, single and dual trials mixed, so it spreads its power as pays best.

Valid range. C from about 0.5 to 4 times the demand: below, single choices fail too and the cost shrinks.
The correction of the information needs several trials a cell of the table.

Failure behaviour. `fitted_bits` raises if no capacity of the sweep gives the cost asked for; information
below zero after correction is returned as it is, since setting it to 0 would bias its mean.

References
----------
Shannon, C. E. (1949). Communication in the presence of noise. Proc IRE, 37, 10-21.
doi:10.1109/JRPROC.1949.232969
Panzeri, S. & Treves, A. (1996). Analytical estimates of limited sampling biases in different information
measures. Network, 7, 87-107. doi:10.1080/0954898X.1996.11978656
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ann.limits import ChannelHead
from ann.recurrent import LSTMNetwork
from ann.threads import one_thread

__all__ = [
    "DEMAND_BITS",
    "DualTask",
    "DualTaskScore",
    "decision_information",
    "fitted_bits",
    "train_dual_task",
]

DEMAND_BITS = 4.0
"""Two choices of four at a time."""


@dataclass(frozen=True)
class DualTask:
    """Two streams of four classes each; the cue asks for one of them or for both.

    Parameters
    ----------
    n_classes
        Alternatives of each stream.
    steps
        Steps for which the stimuli are shown.
    noise_sd
        Noise of each input at each step, in units of what a class that is shown adds; so large that a
        single choice with ample capacity is right on about 95 % of trials; set by hand so that the costs of
        doing both lie in their bands.
    n_hidden
        LSTM units.
    n_dims
        Dimensions of the channel.
    train_steps, batch_size, learning_rate
        Training by Adam.
    """

    n_classes: int = 4
    steps: int = 8
    noise_sd: float = 0.95
    n_hidden: int = 48
    n_dims: int = 8
    train_steps: int = 700
    batch_size: int = 192
    learning_rate: float = 0.01

    def trials(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Inputs (trial, step, feature), classes (trial, 2), and which streams are asked for (trial, 2)."""
        k = self.n_classes
        classes = torch.randint(k, (n, 2), generator=generator)
        kind = torch.randint(3, (n,), generator=generator)
        asked = torch.stack([kind != 1, kind != 0], dim=1)
        shown = nn.functional.one_hot(classes, k).float().flatten(1)
        clean = torch.cat([shown, asked.float()], dim=1).unsqueeze(1).expand(n, self.steps, 2 * k + 2)
        noise = torch.randn(n, self.steps, 2 * k, generator=generator)
        return clean + self.noise_sd * nn.functional.pad(noise, (0, 2)), classes, asked


@dataclass(frozen=True)
class DualTaskScore:
    """How often a network is right when asked for one stream, and for both.

    Parameters
    ----------
    bits
        Capacity of its channel.
    single, dual
        Share of right answers, mean over streams.
    """

    bits: float
    single: float
    dual: float

    @property
    def cost(self) -> float:
        """Accuracy lost by doing both."""
        return self.single - self.dual


@one_thread()
def train_dual_task(bits: float, seed: int, task: DualTask | None = None, exam: int = 12000) -> DualTaskScore:
    """Train an LSTM behind a channel of a capacity on single and dual trials, and score it on new ones.

    Parameters
    ----------
    bits
        Capacity C (bits a decision).
    seed
        Of weights, trials and the noise of the channel.
    task
        The task and the network; the standard ones if None.
    exam
        Number of trials of the score.

    Raises
    ------
    ValueError
        If the capacity is negative.
    """
    task = task or DualTask()
    generator = torch.Generator().manual_seed(seed)
    network = LSTMNetwork(2 * task.n_classes + 2, task.n_hidden, 2 * task.n_classes, generator=generator)
    network.head = ChannelHead(
        task.n_hidden, 2 * task.n_classes, task.n_dims, bits, generator=generator, noise=generator
    )
    optimiser = torch.optim.Adam(network.parameters(), lr=task.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, task.train_steps)
    for _ in range(task.train_steps):
        inputs, classes, asked = task.trials(task.batch_size, generator)
        loss = nn.functional.cross_entropy(_answers(network, inputs)[asked], classes[asked])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    with torch.inference_mode():
        inputs, classes, asked = task.trials(exam, generator)
        right = (_answers(network, inputs).argmax(-1) == classes).float()
    both = asked.all(dim=1)
    single = right[~both][asked[~both]].mean().item()
    return DualTaskScore(float(bits), single, right[both].mean().item())


def _answers(network: LSTMNetwork, inputs: Tensor) -> Tensor:
    """Log-odds of the classes of both streams at the end of a trial, shape (trial, stream, class)."""
    hidden, _ = network.core(inputs)
    return network.head(hidden[:, -1]).unflatten(-1, (2, -1))


def fitted_bits(bits: Sequence[float], costs: Sequence[float], cost: float) -> float:
    """Capacity with which a network has a given dual cost, by interpolation along a sweep.

    Parameters
    ----------
    bits
        Capacities of the sweep, rising.
    costs
        Dual cost at each; made to fall by pooling neighbours that do not (isotonic regression).
    cost
        The dual cost to be met.

    Raises
    ------
    ValueError
        If the cost lies outside those of the sweep.

    Examples
    --------
    >>> fitted_bits([2.0, 4.0, 8.0], [0.12, 0.08, 0.0], 0.04)
    6.0
    """
    falling = _falling(np.asarray(costs, dtype=float))
    if not falling[-1] <= cost <= falling[0]:
        raise ValueError(
            f"cost = {cost}; the sweep from {min(bits)} to {max(bits)} bits has costs from {falling[-1]:.3f} "
            f"to {falling[0]:.3f}, widen it"
        )
    return float(np.interp(-cost, -falling, np.asarray(bits, dtype=float)))


def _falling(values: np.ndarray) -> np.ndarray:
    """Nearest series that never rises (pool adjacent violators)."""
    blocks: list[list[float]] = []
    for value in values:
        blocks.append([float(value), 1.0])
        while len(blocks) > 1 and blocks[-2][0] < blocks[-1][0]:
            mean, n = blocks.pop()
            other, m = blocks.pop()
            blocks.append([(mean * n + other * m) / (n + m), n + m])
    return np.concatenate([np.full(int(n), mean) for mean, n in blocks])


def decision_information(shown: np.ndarray, state: np.ndarray) -> float:
    """Mutual information between stimulus and winner (bits a decision), less the bias of few trials.

    Parameters
    ----------
    shown, state
        Number of the stimulus and of the state after it, shape (trial,).

    Raises
    ------
    ValueError
        If there is no trial, or the lengths differ.
    """
    s, r = np.asarray(shown), np.asarray(state)
    if s.shape != r.shape or s.size == 0:
        raise ValueError(f"shown {s.shape} and state {r.shape}: must be alike and not empty")
    stimuli, rows = np.unique(s, return_inverse=True)
    states, columns = np.unique(r, return_inverse=True)
    table = np.zeros((stimuli.size, states.size))
    np.add.at(table, (rows, columns), 1.0)
    p = table / s.size
    chance = p.sum(axis=1, keepdims=True) * p.sum(axis=0, keepdims=True)
    there = p > 0
    plain = float((p[there] * np.log2(p[there] / chance[there])).sum())
    # states that a stimulus has led to: the fewer, the less there is to be surprised by
    reached = int(there.sum())
    bias = (reached - states.size - stimuli.size + 1) / (2 * s.size * np.log(2.0))
    return plain - bias
