"""One stream of events, encoded twice: Poisson rates for circuits and noisy tensors for networks.

A channel at level u drives N Poisson neurons at lambda(u) = l0 + (l1 - l0) u. Decoding their count n in a
bin dt gives u_hat = (n / (N dt) - l0) / (l1 - l0), whose standard deviation is

    SD(u_hat) = sqrt(lambda / (N dt)) / (l1 - l0)

A tensor that carries Gaussian noise of that size has, step by step, the mean and variance of the level
decoded from such a population: for one given `RateCode` the two encodings agree to second order.

That is all that is equated. The attention circuit does not read this population: its neurons get input of
strengths of their own, chosen by hand, and background noise besides. How well agents of different kinds can
tell stimuli apart is therefore not matched in absolute terms; differences between conditions within an agent
can be compared, levels of performance across agents cannot be put down to their architecture.

Only NumPy and pandas are needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bridges.session import Session

__all__ = [
    "CUE_PREFIX",
    "RateCode",
    "alternatives",
    "decode_counts",
    "level_noise_sd",
    "levels",
    "noisy",
    "poisson_rates",
    "resemble",
    "step_count",
    "steps_between",
    "tensor",
]

CUE_PREFIX = "attend"
"""Channels whose name begins so carry instructions; all others carry stimuli."""

SIMULTANEOUS_S = 1e-6
"""Overlap below which two events follow each other rather than being there together (s)."""


@dataclass(frozen=True)
class RateCode:
    """The rate code that both encodings share.

    Parameters
    ----------
    low_hz
        Rate of a neuron at level 0 (Hz).
    high_hz
        Rate of a neuron at level 1 (Hz).
    n_neurons
        Independent neurons per channel.

    Raises
    ------
    ValueError
        If the rates are not 0 <= low < high, or there is no neuron.
    """

    low_hz: float = 5.0
    high_hz: float = 100.0
    n_neurons: int = 40

    def __post_init__(self) -> None:
        _check_rates(self.low_hz, self.high_hz)
        if self.n_neurons < 1:
            raise ValueError(f"n_neurons = {self.n_neurons}; a channel needs at least 1 neuron")

    def rates(self, level: np.ndarray) -> np.ndarray:
        """Rate of each neuron (Hz), the shape of `level`."""
        return poisson_rates(level, self.low_hz, self.high_hz)

    def counts(self, level: np.ndarray, dt_s: float, rng: np.random.Generator) -> np.ndarray:
        """Spike counts of each channel's neurons together, the shape of `level`."""
        return rng.poisson(self.n_neurons * self.rates(level) * dt_s)

    def decode(self, counts: np.ndarray, dt_s: float) -> np.ndarray:
        """Level estimated from counts; unbiased."""
        return decode_counts(counts, self.n_neurons, dt_s, self.low_hz, self.high_hz)

    def noise_sd(self, level: np.ndarray, dt_s: float) -> np.ndarray:
        """Standard deviation of the decoded level."""
        return level_noise_sd(level, self.n_neurons, dt_s, self.low_hz, self.high_hz)


def step_count(duration_s: float, dt_s: float) -> int:
    """Number of steps of `dt_s` that cover `duration_s`; the last may reach beyond it.

    Raises
    ------
    ValueError
        If the step is not above zero.
    """
    if not dt_s > 0:
        raise ValueError(f"dt_s = {dt_s}; the step must be above 0 s")
    return int(np.ceil(duration_s / dt_s - 1e-6))


def levels(session: Session, dt_s: float) -> np.ndarray:
    """Level of every channel in every step: events weighted by the share of the step that they fill.

    Parameters
    ----------
    session
        The session.
    dt_s
        Step (s).

    Returns
    -------
    ndarray
        Levels, 0 to 1, shape (time, channel); channels in the order of ``session.channels``.

    Raises
    ------
    ValueError
        If the step is not above zero.
    """
    n_steps = step_count(session.duration_s, dt_s)
    n_channels = len(session.channels)
    events = session.events
    starts = events["onset_s"].to_numpy(dtype=float)
    stops = starts + events["duration_s"].to_numpy(dtype=float)
    first = np.maximum((starts / dt_s).astype(np.int64) - 1, 0)
    last = np.maximum(np.minimum((stops / dt_s).astype(np.int64) + 2, n_steps), first)
    # one row for each event and step that it may touch
    event, step = steps_between(first, last)
    overlap = np.minimum((step + 1) * dt_s, stops[event]) - np.maximum(step * dt_s, starts[event])
    # an onset on an edge, up to rounding, fills the step after it and none of the one before
    share = np.round(np.clip(overlap / dt_s, 0.0, 1.0), 9)
    column = pd.Index(session.channels).get_indexer(pd.Index(events["channel"]))
    weight = events["level"].to_numpy(dtype=float)[event] * share
    summed = np.bincount(step * n_channels + column[event], weight, n_steps * n_channels)
    return np.clip(summed.reshape(n_steps, n_channels), 0.0, 1.0)


def steps_between(first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All steps of many stretches, one stretch after another.

    Parameters
    ----------
    first, last
        First step of each stretch, and the step after its last; shape (stretch,).

    Returns
    -------
    stretch, step : ndarray of int
        Number of the stretch and step, shape (all steps,).
    """
    length = last - first
    stretch = np.repeat(np.arange(length.size), length)
    within = np.arange(stretch.size) - np.repeat(np.cumsum(length) - length, length)
    return stretch, first[stretch] + within


def alternatives(session: Session) -> np.ndarray:
    """Which channels carry stimuli that must be told apart: one comes in place of the other.

    Two stimuli are alternatives if the rules of the session call for different responses to them, with equal
    weight, and they are never there together. Without rules all stimuli are.

    Parameters
    ----------
    session
        The session.

    Returns
    -------
    ndarray of bool
        Shape (channel, channel), symmetric, in the order of ``session.channels``.
    """
    n = len(session.channels)
    if not session.rules:
        stimulus = np.array([not name.startswith(CUE_PREFIX) for name in session.channels])
        return np.outer(stimulus, stimulus) & ~np.eye(n, dtype=bool)
    calls: dict[str, set[str]] = {}
    weight: dict[str, float] = {}
    for rule in session.rules:
        calls.setdefault(rule.stimulus, set()).add(rule.response)
        weight[rule.stimulus] = max(rule.weight, weight.get(rule.stimulus, 0.0))
    together = _together(session)
    apart = np.zeros((n, n), dtype=bool)
    for i, one in enumerate(session.channels):
        for j, other in enumerate(session.channels):
            known = i != j and one in calls and other in calls and not together[i, j]
            apart[i, j] = known and calls[one] != calls[other] and weight[one] == weight[other]
    return apart


def _together(session: Session) -> np.ndarray:
    """Which channels have events that overlap at some time, shape (channel, channel)."""
    number = {channel: k for k, channel in enumerate(session.channels)}
    start = session.events["onset_s"].to_numpy(dtype=float)
    stop = start + session.events["duration_s"].to_numpy(dtype=float)
    code = session.events["channel"].map(number).to_numpy()
    order = np.argsort(start, kind="stable")
    start, stop, code = start[order], stop[order], code[order]
    # until when each channel has been on so far, as seen when each event begins
    until = np.full((start.size + 1, len(number)), -np.inf)
    until[np.arange(1, start.size + 1), code] = stop
    until = np.maximum.accumulate(until, axis=0)[:-1]
    on = until > start[:, None] + SIMULTANEOUS_S
    together = np.zeros((len(number), len(number)), dtype=bool)
    for k in range(len(number)):
        together[k] = on[code == k].any(axis=0)
    return together | together.T


def resemble(
    level: np.ndarray, channels: Sequence[str], similarity: float, alike: np.ndarray | None = None
) -> np.ndarray:
    """Let stimuli resemble each other: each also drives the other stimulus channels, more weakly.

    u'_c = min(1, u_c + similarity * sum over other stimulus channels of u). Detecting that something is there
    stays as easy as before; telling which it is becomes harder. Cue channels (``attend_...``) are left alone.

    Parameters
    ----------
    level
        Levels, shape (time, channel).
    channels
        Names of the channels.
    similarity
        0 (nothing shared) to 1 (indistinguishable).
    alike
        Which channels resemble which, shape (channel, channel), as by `alternatives`. None: all stimuli.

    Returns
    -------
    ndarray
        Levels, shape (time, channel).

    Raises
    ------
    ValueError
        If the similarity is not between 0 and 1.
    """
    if not 0.0 <= similarity <= 1.0:
        raise ValueError(f"similarity = {similarity}; must be between 0 and 1")
    mixed = np.array(level, dtype=float)
    if alike is not None:
        some = alike.any(axis=1)
        shared = mixed[:, some] @ alike[np.ix_(some, some)]
        mixed[:, some] = np.minimum(mixed[:, some] + similarity * shared, 1.0)
        return mixed
    stimulus = np.array([not name.startswith(CUE_PREFIX) for name in channels])
    own = mixed[:, stimulus]
    mixed[:, stimulus] = np.minimum(own + similarity * (own.sum(axis=1, keepdims=True) - own), 1.0)
    return mixed


def poisson_rates(level: np.ndarray, low_hz: float = 5.0, high_hz: float = 100.0) -> np.ndarray:
    """Rate that codes a level: lambda = l0 + (l1 - l0) u.

    Parameters
    ----------
    level
        Levels, 0 to 1, any shape.
    low_hz, high_hz
        Rates at levels 0 and 1 (Hz).

    Returns
    -------
    ndarray
        Rates (Hz), the shape of `level`.
    """
    _check_rates(low_hz, high_hz)
    return low_hz + (high_hz - low_hz) * np.asarray(level, dtype=float)


def decode_counts(
    counts: np.ndarray, n_neurons: int, dt_s: float, low_hz: float = 5.0, high_hz: float = 100.0
) -> np.ndarray:
    """Level estimated from spike counts: u_hat = (n / (N dt) - l0) / (l1 - l0).

    Parameters
    ----------
    counts
        Spikes of all neurons of a channel in a bin, any shape.
    n_neurons
        Neurons per channel.
    dt_s
        Width of the bin (s).
    low_hz, high_hz
        Rates at levels 0 and 1 (Hz).

    Returns
    -------
    ndarray
        Estimated levels, unbiased and therefore not confined to 0..1; the shape of `counts`.
    """
    _check_rates(low_hz, high_hz)
    return (np.asarray(counts, dtype=float) / (n_neurons * dt_s) - low_hz) / (high_hz - low_hz)


def level_noise_sd(
    level: np.ndarray, n_neurons: int, dt_s: float, low_hz: float = 5.0, high_hz: float = 100.0
) -> np.ndarray:
    """Standard deviation of a decoded level: sqrt(lambda / (N dt)) / (l1 - l0).

    Parameters
    ----------
    level
        True levels, any shape.
    n_neurons
        Neurons per channel.
    dt_s
        Width of the bin (s).
    low_hz, high_hz
        Rates at levels 0 and 1 (Hz).

    Returns
    -------
    ndarray
        Standard deviations, the shape of `level`.
    """
    rate = poisson_rates(level, low_hz, high_hz)
    return np.sqrt(rate / (n_neurons * dt_s)) / (high_hz - low_hz)


def tensor(
    session: Session,
    dt_s: float,
    rng: np.random.Generator,
    code: RateCode | None = None,
    *,
    similarity: float = 0.0,
    internal_noise_sd: float = 0.0,
) -> np.ndarray:
    """Encode a session for a network: its levels, with the noise that the spikes would have had.

    Parameters
    ----------
    session
        The session.
    dt_s
        Step (s).
    rng
        The participant's own generator.
    code
        Rate code whose noise is matched; the default code if None.
    similarity
        How much stimuli resemble each other; see `resemble`.
    internal_noise_sd
        Further noise, as SD of a level averaged over one second: its SD in a step is
        ``internal_noise_sd / sqrt(dt_s)``, so that its effect does not depend on the step.

    Returns
    -------
    ndarray
        Noisy levels, shape (time, channel).
    """
    level = resemble(levels(session, dt_s), session.channels, similarity, alternatives(session))
    return noisy(level, dt_s, rng, code, internal_noise_sd)


def noisy(
    level: np.ndarray,
    dt_s: float,
    rng: np.random.Generator,
    code: RateCode | None = None,
    internal_noise_sd: float = 0.0,
) -> np.ndarray:
    """Levels with the noise of a rate code; see `tensor`."""
    code = code or RateCode()
    variance = code.noise_sd(level, dt_s) ** 2 + internal_noise_sd**2 / dt_s
    return level + np.sqrt(variance) * rng.standard_normal(level.shape)


def _check_rates(low_hz: float, high_hz: float) -> None:
    if not 0.0 <= low_hz < high_hz:
        raise ValueError(f"low_hz = {low_hz}, high_hz = {high_hz}; must be 0 <= low_hz < high_hz")
