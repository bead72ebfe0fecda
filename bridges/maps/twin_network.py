"""Network of a twin: it predicts the next counts from inputs and from leaky traces of what it has done.

    z_t = [y_t / s, e_t]                                     counts and responses of a bin
    m^k_t = kappa_k m^k_{t-1} + (1 - kappa_k) z_t            kappa_k = exp(-bin / tau_k), tau of `TRACES_S`
    x_t = [u_t, u_{t-1}, c, m^1_{t-1}, ..., m^K_{t-1}]       standardised
    h_t = f(W2 f(W1 x_t + b1) + b2)                          f(x) = x sigmoid(x)
    lambda_t = s softplus(A h_t + B x_t)                     counts, Poisson: -log p = lambda - y log lambda
    log phi_t = G h_t + D x_t                                dispersion, by (y - lambda)^2 / (lambda phi)
    p_t = sigmoid(R tanh(F [h_t, y_t / s]))                  responses of the same bin, Bernoulli

u are inputs, those of the bin before without arousal, which moves slowly; c are parameters of the circuit,
y counts of spikes, e responses, s the spread of each population's counts. The network is recurrent through
its output alone: all memory is in leaky traces of it (Jordan 1986; reprinted 1997,
doi:10.1016/S0166-4115(97)80111-2), with ensemble history and input as in point processes (Truccolo et al.
2005, doi:10.1152/jn.00697.2004). Their time constants span the circuit's: the smoothing of its readout
(20 ms), NMDA synapses and the reset after a response (100 ms), its dead time (200 ms). What is seen is thus
bounded and forgotten within two seconds, in short trials as in long ones, whereas units that learn their own
memory from stretches of seconds may drift over minutes; and each bin is an example by itself.

Spikes of a population are not independent, and when it ignites, one bin tells little about the next: so
counts are sampled with a dispersion phi of their own and the residuals' correlation R, by a root transform
that keeps the mean:

    y = (sqrt(lambda) + sqrt(phi) eps / 2)^2 - phi / 4,   eps ~ N(0, R)

with mean lambda and variance phi lambda + phi^2 / 8; in learning, the variance is phi (lambda + 1/4).
Sampled counts are not whole numbers. They are never negative: where lambda is small beside phi, cutting
them off at 0 raises their mean. Nor are they, or lambda, ever above the largest count that was learned from:
beyond it the network knows nothing, and what excites itself could grow without end there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from bridges.maps.twin_data import BIN_S

__all__ = ["TRACES_S", "CountNetwork", "StepWeights"]

TRACES_S = (0.0, 0.02, 0.05, 0.1, 0.2)
"""Time constants of traces (s); 0 is the last bin alone. The longest is the circuit's dead time, so traces
are the same after seconds of learning and after minutes on task."""

LOG_SPREAD = (-3.0, 3.0)
"""Bounds of the log of dispersions."""


def _kept() -> np.ndarray:
    """What is left of each trace after a bin."""
    return np.array([np.exp(-BIN_S / tau) if tau > 0 else 0.0 for tau in TRACES_S], dtype=np.float32)


class CountNetwork(nn.Module):
    """Rates and response probabilities one bin ahead; see the module for its equations.

    Parameters
    ----------
    n_inputs, n_conditions
        Channels with arousal, and parameters of the circuit.
    n_populations, n_events
        What it predicts.
    n_hidden, n_watch
        Units of either hidden layer, and of the layer that watches for responses.
    generator
        Source of the initial weights, uniform in +-1/sqrt(fan in).
    """

    condition_scale: Tensor
    count_scale: Tensor
    largest: Tensor
    centre: Tensor
    scale: Tensor
    residual_correlation: Tensor

    def __init__(
        self,
        n_inputs: int,
        n_conditions: int,
        n_populations: int,
        n_events: int,
        n_hidden: int,
        n_watch: int,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        n_seen = 2 * n_inputs - 1 + n_conditions + len(TRACES_S) * (n_populations + n_events)
        self.n_events = n_events
        self.first = nn.Linear(n_seen, n_hidden)
        self.second = nn.Linear(n_hidden, n_hidden)
        # rates, then dispersions: from the hidden layer, and linear in what is seen
        self.out = nn.Linear(n_hidden, 2 * n_populations)
        self.direct = nn.Linear(n_seen, 2 * n_populations, bias=False)
        self.watch = nn.Linear(n_hidden + n_populations, n_watch)
        # a circuit without responses has one all the same, which nobody reads
        self.respond = nn.Linear(n_watch, max(n_events, 1))
        # what is learned about the data rather than by gradients
        self.register_buffer("condition_scale", torch.ones(n_conditions))
        self.register_buffer("count_scale", torch.ones(n_populations))
        self.register_buffer("largest", torch.full((n_populations,), torch.inf))
        self.register_buffer("centre", torch.zeros(n_seen))
        self.register_buffer("scale", torch.ones(n_seen))
        self.register_buffer("residual_correlation", torch.eye(n_populations))
        with torch.no_grad():
            for layer in (self.first, self.second, self.out, self.direct, self.watch, self.respond):
                bound = layer.in_features**-0.5
                for weight in layer.parameters():
                    weight.uniform_(-bound, bound, generator=generator)

    def given(self, inputs: Tensor, conditions: Tensor) -> Tensor:
        """Inputs (trial, bin, channel + 1) and conditions (trial, condition) as the network takes them."""
        before = nn.functional.pad(inputs[:, :-1, :-1], (0, 0, 1, 0))
        # lesions are far from all individuals: compressed, they do not dwarf the rest
        plain = torch.asinh((conditions - 1.0) / self.condition_scale)
        spread = plain[:, None].expand(*inputs.shape[:-1], -1)
        return torch.cat([inputs, before, spread], dim=-1)

    def seen(self, given: Tensor, counts: Tensor, events: Tensor) -> Tensor:
        """All that the network knows before each bin, shape (trial, bin, feature).

        Parameters
        ----------
        given
            From `given`, shape (trial, bin, feature).
        counts, events
            What happened, shape (trial, bin, population) and (trial, bin, response).
        """
        z = torch.cat([counts / self.count_scale, events], dim=-1)
        kept = torch.from_numpy(_kept())[:, None]
        traces = torch.zeros(len(z), z.shape[1], len(kept), z.shape[-1])
        for t in range(1, z.shape[1]):
            traces[:, t] = kept * traces[:, t - 1] + (1.0 - kept) * z[:, t - 1, None]
        return torch.cat([given, traces.flatten(-2)], dim=-1)

    def forward(self, seen: Tensor, counts: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Expected counts, log of their dispersion, and log-odds of responses in bins.

        Parameters
        ----------
        seen
            From `seen`, shape (..., feature).
        counts
            What happened in the bins, shape (..., population); responses follow it within the bin.
        """
        x = (seen - self.centre) / self.scale
        h = nn.functional.silu(self.second(nn.functional.silu(self.first(x))))
        rates, log_spread = (self.out(h) + self.direct(x)).chunk(2, dim=-1)
        expected = nn.functional.softplus(rates) * self.count_scale
        watched = torch.cat([h, counts / self.count_scale], dim=-1)
        log_odds = self.respond(torch.tanh(self.watch(watched)))[..., : self.n_events]
        return expected, log_spread.clamp(*LOG_SPREAD), log_odds


@dataclass(frozen=True, eq=False)
class StepWeights:
    """Weights of a `CountNetwork` as arrays, ordered for running bin by bin without PyTorch.

    Standardisation is part of the weights. Hidden units take half their input v, for
    2 v sigmoid(2 v) = v (1 + tanh v), and half the log of a dispersion is the log of its root.
    """

    n_hidden: int
    given: np.ndarray  # (given, hidden + 2 population)
    past: np.ndarray  # (trace, hidden + 2 population)
    bias: np.ndarray  # (hidden + 2 population,)
    second: np.ndarray  # (hidden, hidden)
    bias_second: np.ndarray
    out: np.ndarray  # (hidden, 2 population + watch)
    bias_watch: np.ndarray  # (watch,)
    watch_counts: np.ndarray  # (population, watch)
    respond: np.ndarray  # (watch, response)
    bias_respond: np.ndarray
    scale: np.ndarray  # (population,)
    largest: np.ndarray  # (population,)
    root: np.ndarray  # (population, population)

    @classmethod
    def of(cls, network: CountNetwork) -> StepWeights:
        """The weights of a network."""
        w = {name: value.detach().numpy().astype(float) for name, value in network.state_dict().items()}
        h, p, e = len(w["second.bias"]), w["count_scale"].size, network.n_events
        halved = np.concatenate([np.ones(p), np.full(p, 0.5)])
        seen = np.concatenate([0.5 * w["first.weight"], halved[:, None] * w["direct.weight"]]) / w["scale"]
        bias = np.concatenate([0.5 * w["first.bias"], halved * w["out.bias"]]) - seen @ w["centre"]
        n_given = seen.shape[1] - len(TRACES_S) * (p + e)
        arrays = {
            "given": seen[:, :n_given].T,
            "past": seen[:, n_given:].T,
            "bias": bias,
            "second": 0.5 * w["second.weight"].T,
            "bias_second": 0.5 * w["second.bias"],
            "out": np.concatenate([halved[:, None] * w["out.weight"], w["watch.weight"][:, :h]]).T,
            "bias_watch": w["watch.bias"],
            "watch_counts": (w["watch.weight"][:, h:] / w["count_scale"]).T,
            "respond": w["respond.weight"][:e].T,
            "bias_respond": w["respond.bias"][:e],
            "scale": w["count_scale"],
            "largest": w["largest"],
            "root": np.linalg.cholesky(w["residual_correlation"] + 1e-6 * np.eye(p)),
        }
        ready = {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in arrays.items()}
        return cls(h, **ready)

    def rows(
        self, given: np.ndarray, generators: list[np.random.Generator], block: int = 500
    ) -> Iterator[tuple[slice, np.ndarray, np.ndarray, np.ndarray]]:
        """Run freely: what is sampled in a bin is what the next bins follow.

        Parameters
        ----------
        given
            From `CountNetwork.given`, shape (row, bin, feature).
        generators
            One for each row.
        block
            Bins that are given back together.

        Yields
        ------
        bins : slice
            Where they belong.
        expected, counts : ndarray of float32
            Shape (row, bin, population).
        events : ndarray of bool
            Shape (row, bin, response).
        """
        n, steps, _ = given.shape
        p, e, h_n = self.scale.size, self.bias_respond.size, self.n_hidden
        kept = _kept()[:, None]
        # one product a row: in a product of all rows, the rounding of each would depend on its company
        past = np.zeros((n, 1, len(TRACES_S), p + e), np.float32)
        z = np.zeros((n, 1, 1, p + e), np.float32)
        least, most = (0.5 * bound for bound in LOG_SPREAD)
        for start in range(0, steps, block):
            bins = slice(start, min(start + block, steps))
            k = bins.stop - start
            # of a whole block even where fewer bins are left: how long the longest row is must not matter
            normal = np.stack([g.standard_normal((block, 1, p), np.float32) for g in generators], axis=1)
            chance = np.stack([g.random((block, 1, e), np.float32) for g in generators], axis=1)
            # bins first, so that each is one block of memory
            drive = np.ascontiguousarray(given[:, bins].swapaxes(0, 1))[:, :, None] @ self.given + self.bias
            noise = normal @ self.root.T
            # an event with probability sigmoid(x) happens where x exceeds the log-odds of a uniform number
            bar = np.log(chance + 1e-12) - np.log1p(1e-7 - chance)
            expected = np.empty((k, n, 1, p), np.float32)
            counts = np.empty((k, n, 1, p), np.float32)
            events = np.zeros((k, n, 1, e), bool)
            for t in range(k):
                a = past.reshape(n, 1, -1) @ self.past
                a += drive[t]
                h = _activated(_activated(a[..., :h_n]) @ self.second + self.bias_second)
                o = h @ self.out
                x = o[..., : 2 * p] + a[..., h_n:]
                rate = np.minimum(np.logaddexp(x[..., :p], np.float32(0.0)) * self.scale, self.largest)
                root_phi = 0.5 * np.exp(np.minimum(np.maximum(x[..., p:], least), most))
                y = np.square(np.sqrt(rate) + root_phi * noise[t]) - np.square(root_phi)
                np.clip(y, 0.0, self.largest, out=y)
                expected[t], counts[t] = rate, y
                z[..., 0, :p] = y / self.scale
                if e:
                    watch = np.tanh(o[..., 2 * p :] + y @ self.watch_counts + self.bias_watch)
                    events[t] = watch @ self.respond + self.bias_respond > bar[t]
                    z[..., 0, p:] = events[t]
                past *= kept
                past += (1.0 - kept) * z
            yield (
                bins,
                expected[:, :, 0].swapaxes(0, 1),
                counts[:, :, 0].swapaxes(0, 1),
                events[:, :, 0].swapaxes(0, 1),
            )


def _activated(half: np.ndarray) -> np.ndarray:
    return half * (1.0 + np.tanh(half))
