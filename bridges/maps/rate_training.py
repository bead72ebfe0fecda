"""Train a rate network on a delayed exclusive-or, so that there is one to be turned into spikes (PyTorch).

Two pulses of +1 or -1, 70 ms each and 70 ms apart; after the second, the output must be +1 if they were the
same and -1 if not. It takes memory over the gap and a product of the two: no linear readout of the input
can do it. The task, units (sigmoid, a time constant of its own for each) and size are those of Kim et al.
2019, doi:10.1073/pnas.1905926116; the times are shorter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bridges.maps.rate_to_spikes import TABLE_X, LIFUnit, RateRNN, activity_table

__all__ = ["decisions", "train_rate_rnn", "xor_trials"]

DT_MS, TAU_OUT_MS = 5.0, 35.0
PULSE, GAP, ANSWER, LEAD = 14, 14, 28, 4
"""Steps of each pulse, between pulses, from the end of the second pulse, and before the first."""

STEPS = LEAD + 2 * PULSE + GAP + ANSWER
JUDGED = 14
"""Steps at the end over which the answer is read."""


def xor_trials(count: int, rng: np.random.Generator, noise_sd: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (trial, time, 1) and correct decisions (trial,): 1 for the same, 0 for different."""
    if count < 1:
        raise ValueError(f"count = {count}; must be at least 1")
    sign = rng.integers(0, 2, (count, 2)) * 2 - 1
    u = noise_sd * rng.standard_normal((count, STEPS, 1))
    u[:, LEAD : LEAD + PULSE, 0] += sign[:, :1]
    second = LEAD + PULSE + GAP
    u[:, second : second + PULSE, 0] += sign[:, 1:]
    return u, (sign[:, 0] == sign[:, 1]).astype(int)


def decisions(outputs: np.ndarray) -> np.ndarray:
    """Decision of each trial from outputs (trial, time, 1): the sign of the answer's mean."""
    return (outputs[:, -JUDGED:, 0].mean(axis=1) > 0).astype(int)


def train_rate_rnn(
    seed: int,
    n_units: int = 250,
    iterations: int = 400,
    batch: int = 64,
    good_enough: float = 0.02,
    unit: LIFUnit | None = None,
) -> RateRNN:
    """Train by backpropagation through time; stops early when the loss stays below `good_enough`.

    Parameters
    ----------
    seed
        Of weights and trials.
    n_units
        Units.
    iterations, batch
        Updates at most, trials in each.
    good_enough
        Mean squared error of the answer at which training ends (running mean over 20 updates).
    unit
        Neuron whose curve takes the place of the sigmoid; activities then carry the noise of its spikes, as
        Poisson trains would have it.
    """
    import torch

    rng = np.random.default_rng(seed)
    generator = torch.Generator().manual_seed(seed)
    w_in = (0.5 * torch.randn(n_units, 1, generator=generator)).requires_grad_()
    # as in random networks at the edge of chaos, for slopes of 1/4 at the middle of the sigmoid
    start = 1.5 / np.sqrt(0.2 * n_units) * torch.randn(n_units, n_units, generator=generator)
    w_rec = (start * (torch.rand(n_units, n_units, generator=generator) < 0.2)).requires_grad_()
    w_out = (torch.randn(1, n_units, generator=generator) / n_units).requires_grad_()
    b_out = torch.zeros(1, requires_grad=True)
    # 20 to 100 ms, trained with everything else
    tau_free = torch.zeros(n_units).normal_(0.0, 0.5, generator=generator).requires_grad_()
    activity = torch.sigmoid if unit is None else _noisy_activity(unit, generator)
    optimiser = torch.optim.Adam([w_in, w_rec, w_out, b_out, tau_free], lr=5e-3)
    recent: list[float] = []
    for _ in range(iterations):
        inputs, correct = xor_trials(batch, rng)
        goal = torch.as_tensor(2.0 * correct - 1.0, dtype=torch.float32)
        alpha = DT_MS / (20.0 + 80.0 * torch.sigmoid(tau_free))
        drive = torch.as_tensor(inputs, dtype=torch.float32) @ w_in.t()
        x, heard = (torch.zeros(batch, n_units) for _ in range(2))
        answers = []
        for k in range(STEPS):
            r = activity(x)
            heard = heard + DT_MS / TAU_OUT_MS * (r - heard)
            if k >= STEPS - JUDGED - 5:
                answers.append(heard @ w_out.t() + b_out)
            x = x + alpha * (-x + r @ w_rec.t() + drive[:, k])
        loss = torch.mean((torch.cat(answers, dim=1) - goal[:, None]) ** 2)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([w_in, w_rec, w_out, b_out, tau_free], 1.0)
        optimiser.step()
        recent.append(loss.item())
        if len(recent) >= 20 and np.mean(recent[-20:]) < good_enough:
            break
    tau = 20.0 + 80.0 * torch.sigmoid(tau_free)
    a, b, c, d, e = (one.detach().double().numpy() for one in (w_in, w_rec, w_out, b_out, tau))
    return RateRNN(a, b, c, d, e, DT_MS, unit, TAU_OUT_MS)


def _noisy_activity(unit: LIFUnit, generator: Any) -> Callable[[Any], Any]:
    """F(x) of a neuron with the noise of its spikes in a step, linear between the points of its table."""
    import torch

    table = torch.as_tensor(activity_table(unit), dtype=torch.float32)
    first, width = float(TABLE_X[0]), float(TABLE_X[1] - TABLE_X[0])
    per_step = unit.full_hz * DT_MS * 1e-3

    def activity(x):
        place = ((x - first) / width).clamp(0.0, len(table) - 1.001)
        low = place.detach().long()
        r = table[low] + (place - low) * (table[low + 1] - table[low])
        noise = torch.randn(x.shape, generator=generator)
        return r + torch.sqrt(r.detach() / per_step) * noise

    return activity
