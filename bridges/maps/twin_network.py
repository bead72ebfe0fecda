"""Network of a twin: a gated recurrent unit that predicts the next counts from inputs and the counts before.

    x_t = [u_t, c, y_{t-1} / s, m_{t-1} / s, e_{t-1}]    h_t = GRU(x_t, h_{t-1})
    m_t = kappa m_{t-1} + (1 - kappa) y_t                counts, low-passed with the time constant of NMDA
    lambda_t = s softplus(A h_t + B relu(C [x_t, h_t]))  counts, Poisson:   -log p = lambda - y log lambda
    phi_t = exp(G [h_t, relu(...)])                      their dispersion, by (y - lambda)^2 / (lambda phi)
    + log phi p_t = sigmoid(D tanh(F [h_t, y_t / s]))              responses, Bernoulli

u are inputs, c parameters of the circuit, y counts of spikes, e responses, s the spread of each population's
counts. A term that is linear for large inputs lies beside the saturating unit, so that stronger inputs than
any seen give stronger responses. Spikes of a population are not independent, and when it ignites, one bin
tells little about the next: so counts are sampled with a dispersion phi of their own and the residuals'
correlation R, by a root transform that keeps the mean:

    y = (sqrt(lambda) + sqrt(phi) eps / 2)^2 - phi / 4,   eps ~ N(0, R)

with mean lambda and variance phi lambda + phi^2 / 8.

The network learns from stretches of `STRETCH` bins, of which the first `WARM_UP` do not count. What its units
do beyond that was never learned, and over minutes they drift: so in a free run a second state begins anew
with h = 0 every now and then, warms up on what has just been sampled, and takes over. The network is never
in a state that learning did not know.

GRU: Cho et al. (2014), doi:10.48550/arXiv.1406.1078.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

__all__ = ["STRETCH", "WARM_UP", "CountNetwork", "StepWeights"]

STRETCH = 120
"""Bins of a stretch to learn from, and most bins that a state looks back on in a free run."""

WARM_UP = 15
"""Bins after a beginning whose past is not known, so that they do not count."""

LOG_SPREAD = (-3.0, 3.0)
"""Bounds of the log of dispersions."""

KEEP = 0.82
"""What is left after a bin of 20 ms with the time constant of NMDA synapses, 100 ms."""


class CountNetwork(nn.Module):
    """Rates and response probabilities one bin ahead; see the module for its equations.

    Parameters
    ----------
    n_given
        Inputs and parameters of the circuit.
    n_populations, n_events
        What it predicts.
    n_hidden, n_side
        Units of the recurrent layer and of the layer beside it.
    generator
        Source of the initial weights, uniform in +-1/sqrt(fan in).
    """

    given_centre: Tensor
    given_scale: Tensor
    count_scale: Tensor
    residual_correlation: Tensor

    def __init__(
        self,
        n_given: int,
        n_populations: int,
        n_events: int,
        n_hidden: int,
        n_side: int,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        n_seen = n_given + 2 * n_populations + n_events
        self.n_hidden, self.n_side, self.n_events = n_hidden, n_side, n_events
        self.core = nn.GRU(n_seen, n_hidden, batch_first=True)
        self.side = nn.Linear(n_seen + n_hidden, n_side)
        self.rate = nn.Linear(n_hidden + n_side, n_populations)
        self.spread = nn.Linear(n_hidden + n_side, n_populations)
        self.watch = nn.Linear(n_hidden + n_populations, n_side)
        # a circuit without responses has one all the same, which nobody reads
        self.respond = nn.Linear(n_side, max(n_events, 1))
        # what is learned about the data rather than by gradients
        self.register_buffer("given_centre", torch.zeros(n_given))
        self.register_buffer("given_scale", torch.ones(n_given))
        self.register_buffer("count_scale", torch.ones(n_populations))
        self.register_buffer("residual_correlation", torch.eye(n_populations))
        with torch.no_grad():
            for weight in self.parameters():
                fan_in = weight.shape[-1] if weight.ndim > 1 else n_hidden
                weight.uniform_(-(fan_in**-0.5), fan_in**-0.5, generator=generator)

    def given(self, inputs: Tensor, conditions: Tensor) -> Tensor:
        """Inputs (..., bin, channel + 1) and conditions (..., condition) as the network takes them."""
        spread = conditions.unsqueeze(-2).expand(*inputs.shape[:-1], conditions.shape[-1])
        plain = (torch.cat([inputs, spread], dim=-1) - self.given_centre) / self.given_scale
        k = inputs.shape[-1]
        # lesions are far from all individuals: compressed, they do not push units into saturation
        return torch.cat([plain[..., :k], torch.asinh(plain[..., k:])], dim=-1)

    def forward(self, given: Tensor, counts: Tensor, events: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Expected counts, log of their dispersion, and log-odds of responses in every bin, given all before.

        Parameters
        ----------
        given
            From `given`, shape (batch, bin, feature).
        counts, events
            What happened, shape (batch, bin, population) and (batch, bin, response).
        """
        y = counts / self.count_scale
        before = nn.functional.pad(torch.cat([y, _traces(y), events], dim=-1)[:, :-1], (0, 0, 1, 0))
        seen = torch.cat([given, before], dim=-1)
        h, _ = self.core(seen)
        side = torch.relu(self.side(torch.cat([seen, h], dim=-1)))
        both = torch.cat([h, side], dim=-1)
        expected = nn.functional.softplus(self.rate(both)) * self.count_scale
        log_odds = self.respond(torch.tanh(self.watch(torch.cat([h, y], dim=-1))))[..., : self.n_events]
        return expected, self.spread(both).clamp(*LOG_SPREAD), log_odds


def _traces(y: Tensor) -> Tensor:
    """Low-passed counts, shape (batch, bin, population)."""
    trace, steps = torch.zeros_like(y[:, 0]), []
    for t in range(y.shape[1]):
        trace = KEEP * trace + (1.0 - KEEP) * y[:, t]
        steps.append(trace)
    return torch.stack(steps, dim=1)


@dataclass(frozen=True, eq=False)
class StepWeights:
    """Weights of a `CountNetwork` as arrays, ordered for running bin by bin without PyTorch.

    Reset and update gates are halved, for sigmoid(x) = (1 + tanh(x / 2)) / 2; products with the hidden state
    are joined, so that a bin takes few calls.
    """

    n_hidden: int
    n_side: int
    given: np.ndarray  # (given, 3 h + side)
    bias: np.ndarray  # (3 h + side,)
    past: np.ndarray  # (2 population + response, 3 h + side)
    hidden: np.ndarray  # (h, 3 h)
    bias_new: np.ndarray  # (h,)
    out: np.ndarray  # (h, side + 2 population + side)
    bias_out: np.ndarray
    rate_side: np.ndarray  # (side, 2 population)
    watch_counts: np.ndarray  # (population, side)
    respond: np.ndarray  # (side, response)
    bias_respond: np.ndarray
    scale: np.ndarray  # (population,)
    root: np.ndarray  # (population, population)

    @classmethod
    def of(cls, network: CountNetwork) -> StepWeights:
        """The weights of a network."""
        w = {name: value.detach().numpy().astype(float) for name, value in network.state_dict().items()}
        h, p, e = network.n_hidden, w["count_scale"].size, network.n_events
        half = np.concatenate([np.full(2 * h, 0.5), np.ones(h)])[:, None]
        seen = np.concatenate([half * w["core.weight_ih_l0"], w["side.weight"][:, :-h]]).T
        # the biases of reset and update gates add up; that of the new state is within the reset product
        both = w["core.bias_ih_l0"] + np.concatenate([w["core.bias_hh_l0"][: 2 * h], np.zeros(h)])
        g = len(seen) - 2 * p - e
        # half the log of a dispersion is the log of its root
        rates = np.concatenate([w["rate.weight"], 0.5 * w["spread.weight"]])
        correlation = w["residual_correlation"] + 1e-6 * np.eye(p)
        arrays = {
            "given": seen[:g],
            "bias": np.concatenate([half[:, 0] * both, w["side.bias"]]),
            "past": np.concatenate(
                [seen[g : g + 2 * p] / np.tile(w["count_scale"], 2)[:, None], seen[g + 2 * p :]]
            ),
            "hidden": (half * w["core.weight_hh_l0"]).T,
            "bias_new": w["core.bias_hh_l0"][2 * h :],
            "out": np.concatenate([w["side.weight"][:, -h:], rates[:, :h], w["watch.weight"][:, :h]]).T,
            "bias_out": np.concatenate(
                [np.zeros(network.n_side), w["rate.bias"], 0.5 * w["spread.bias"], w["watch.bias"]]
            ),
            "rate_side": rates[:, h:].T,
            "watch_counts": (w["watch.weight"][:, h:] / w["count_scale"]).T,
            "respond": w["respond.weight"][:e].T,
            "bias_respond": w["respond.bias"][:e],
            "scale": w["count_scale"],
            "root": np.linalg.cholesky(correlation),
        }
        ready = {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in arrays.items()}
        return cls(h, network.n_side, **ready)

    def rows(
        self, given: np.ndarray, generators: list[np.random.Generator], stretch: int = 500
    ) -> Iterator[tuple[slice, np.ndarray, np.ndarray, np.ndarray]]:
        """Run freely: what is sampled in a bin is what the next bins follow.

        Parameters
        ----------
        given
            From `CountNetwork.given`, shape (row, bin, feature).
        generators
            One for each row.
        stretch
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
        p, e, h_n, s = self.scale.size, self.bias_respond.size, self.n_hidden, self.n_side
        # one product a row: in a product of all rows, the rounding of each would depend on its company
        h, age = np.zeros((n, 1, h_n), np.float32), 0
        fresh = h
        past = np.zeros((n, 1, 2 * p + e), np.float32)
        least, most = (0.5 * bound for bound in LOG_SPREAD)
        for start in range(0, steps, stretch):
            bins = slice(start, min(start + stretch, steps))
            k = bins.stop - start
            # bins first, so that each is one block of memory
            drive = np.ascontiguousarray(given[:, bins].swapaxes(0, 1))[:, :, None] @ self.given + self.bias
            normal = np.stack([g.standard_normal((k, 1, p), np.float32) for g in generators], axis=1)
            noise = normal @ self.root.T
            chance = np.stack([g.random((k, 1, e), np.float32) for g in generators], axis=1)
            # an event with probability sigmoid(x) happens where x exceeds the log-odds of a uniform number
            bar = np.log(chance + 1e-12) - np.log1p(1e-7 - chance)
            expected = np.empty((k, n, 1, p), np.float32)
            counts = np.empty((k, n, 1, p), np.float32)
            events = np.zeros((k, n, 1, e), bool)
            for t in range(k):
                a = past @ self.past
                a += drive[t]
                if age == STRETCH:
                    h, age = fresh, WARM_UP
                elif age == STRETCH - WARM_UP:
                    fresh = np.zeros_like(h)
                if age >= STRETCH - WARM_UP:
                    fresh = self._next(fresh, a)
                h = self._next(h, a)
                age += 1
                o = h @ self.out
                o += self.bias_out
                side = np.maximum(a[..., 3 * h_n :] + o[..., :s], 0.0)
                x = o[..., s : s + 2 * p] + side @ self.rate_side
                rate = np.logaddexp(x[..., :p], np.float32(0.0)) * self.scale
                root_phi = 0.5 * np.exp(np.minimum(np.maximum(x[..., p:], least), most))
                y = np.square(np.sqrt(rate) + root_phi * noise[t]) - np.square(root_phi)
                np.maximum(y, 0.0, out=y)
                expected[t], counts[t] = rate, y
                past[..., :p] = y
                past[..., p : 2 * p] *= KEEP
                past[..., p : 2 * p] += (1.0 - KEEP) * y
                if e:
                    watch = np.tanh(o[..., s + 2 * p :] + y @ self.watch_counts)
                    events[t] = watch @ self.respond + self.bias_respond > bar[t]
                    past[..., 2 * p :] = events[t]
            yield (
                bins,
                expected[:, :, 0].swapaxes(0, 1),
                counts[:, :, 0].swapaxes(0, 1),
                events[:, :, 0].swapaxes(0, 1),
            )

    def _next(self, h: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """The recurrent layer a bin later, shape (row, 1, hidden)."""
        n = self.n_hidden
        back = h @ self.hidden
        gates = np.tanh(seen[..., : 2 * n] + back[..., : 2 * n])
        gates += 1.0
        gates *= 0.5
        new = np.tanh(seen[..., 2 * n : 3 * n] + gates[..., :n] * (back[..., 2 * n :] + self.bias_new))
        return new + gates[..., n:] * (h - new)
