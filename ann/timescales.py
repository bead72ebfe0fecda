"""How long a leak remembers: forget gates, forget biases and time constants are three names of one number.

Without input a gated cell decays as c_t = f c_{t-1}, a leaky integrator of time constant

    tau = -dt / ln f,        f = exp(-dt / tau),        b = ln(f / (1 - f)) = -ln(exp(dt / tau) - 1)

where b is the forget bias. Chrono initialisation draws biases so that memories span 1 to T steps:
b_f = ln u with u uniform in [1, T - 1], and b_i = -b_f (Tallec & Ollivier 2018,
doi:10.48550/arXiv.1804.11188).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ann.recurrent import LSTMNetwork

__all__ = [
    "chrono_biases",
    "chrono_initialise",
    "forget_bias",
    "forget_gate",
    "time_constant_s",
]


def time_constant_s(forget: float, dt_s: float) -> float:
    """Time constant of a forget gate, tau = -dt / ln f.

    Parameters
    ----------
    forget
        Forget gate f, between 0 and 1, both left out.
    dt_s
        Step (s).

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> round(time_constant_s(0.8187307530779818, 0.02), 6)
    0.1
    """
    _positive("dt_s", dt_s)
    if not 0.0 < forget < 1.0:
        raise ValueError(f"forget = {forget}; must be above 0 and below 1")
    return -dt_s / math.log(forget)


def forget_gate(tau_s: float, dt_s: float) -> float:
    """Forget gate of a time constant, f = exp(-dt / tau).

    Raises
    ------
    ValueError
        If a number is not above 0.
    """
    _positive("dt_s", dt_s)
    _positive("tau_s", tau_s)
    return math.exp(-dt_s / tau_s)


def forget_bias(tau_s: float, dt_s: float) -> float:
    """Forget bias whose gate has a time constant while nothing comes in: sigmoid(b) = exp(-dt / tau).

    Raises
    ------
    ValueError
        If a number is not above 0.

    Examples
    --------
    >>> round(forget_bias(0.1, 0.02), 3)
    1.508
    """
    _positive("dt_s", dt_s)
    _positive("tau_s", tau_s)
    return -math.log(math.expm1(dt_s / tau_s))


def chrono_biases(n_units: int, longest: float, generator: torch.Generator | None = None) -> Tensor:
    """Forget biases for memories of 1 to `longest` steps, ln Uniform(1, longest - 1), shape (unit,).

    Parameters
    ----------
    n_units
        Number of units.
    longest
        Longest dependence in the data, T (steps); above 2.
    generator
        Source of the draw.

    Raises
    ------
    ValueError
        If `longest` is not above 2 steps, or there are no units.
    """
    if n_units < 1:
        raise ValueError(f"n_units = {n_units}; must be at least 1")
    if not longest > 2:
        raise ValueError(f"longest = {longest}; must be above 2 steps")
    return torch.empty(n_units).uniform_(1.0, longest - 1.0, generator=generator).log()


def chrono_initialise(network: LSTMNetwork, longest: float, generator: torch.Generator | None = None) -> None:
    """Set the biases of an LSTM by chrono initialisation: forget gates to b, input gates to -b.

    Parameters
    ----------
    network
        Changed in place.
    longest, generator
        As in `chrono_biases`.
    """
    units = network.n_hidden
    bias = chrono_biases(units, longest, generator)
    _, _, bias_ih, bias_hh = network.core.all_weights[0]
    with torch.no_grad():
        # the two biases of PyTorch's LSTM add up
        bias_hh[: 2 * units] = 0.0
        bias_ih[:units] = -bias
        bias_ih[units : 2 * units] = bias


def _positive(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name} = {value}; must be above 0 s")
