"""Self-exciting (Hawkes) process: each spike raises the rate of those that follow.

    lambda(t) = mu + sum_{t_j < t} n beta exp(-beta (t - t_j))

n is the branching ratio, the mean number of spikes that one spike causes. Mean rate mu / (1 - n), Fano factor
of long windows 1 / (1 - n)^2, autocovariance decaying at rate beta (1 - n): as n nears 1 the process
remembers itself ever longer, which is what a population with strong recurrent excitation does.

References
----------
Hawkes, A. G. (1971). Spectra of some self-exciting and mutually exciting point processes. Biometrika, 58,
83-90. doi:10.1093/biomet/58.1.83
Ozaki, T. (1979). Maximum likelihood estimation of Hawkes' self-exciting point processes. Ann Inst Stat
Math, 31, 145-155. doi:10.1007/BF02480272
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

__all__ = ["Hawkes", "branching_ratio_from_counts", "fit_hawkes"]


@dataclass(frozen=True)
class Hawkes:
    """A Hawkes process with an exponential kernel.

    Parameters
    ----------
    background_hz
        Rate mu of spikes without a cause (Hz).
    branching_ratio
        n, at least 0 and below 1.
    decay_hz
        beta: how fast the excitation by a spike decays (1/s).

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    background_hz: float
    branching_ratio: float
    decay_hz: float

    def __post_init__(self) -> None:
        if not (self.background_hz > 0 and self.decay_hz > 0 and 0 <= self.branching_ratio < 1):
            raise ValueError(
                f"background_hz = {self.background_hz} and decay_hz = {self.decay_hz} must be above 0, "
                f"branching_ratio = {self.branching_ratio} from 0 to below 1 (at 1 the rate has no limit)"
            )

    @property
    def rate_hz(self) -> float:
        """Mean rate (Hz)."""
        return self.background_hz / (1.0 - self.branching_ratio)

    @property
    def fano_factor(self) -> float:
        """Fano factor of counts in long windows."""
        return 1.0 / (1.0 - self.branching_ratio) ** 2

    @property
    def timescale_s(self) -> float:
        """Time constant of the autocovariance (s)."""
        return 1.0 / (self.decay_hz * (1.0 - self.branching_ratio))

    def sample(self, duration_s: float, rng: np.random.Generator) -> np.ndarray:
        """Spike times (s), rising, of a process that started silent at 0.

        Generation by generation: spikes without a cause, those that they cause, and so on.
        """
        generation = rng.uniform(0.0, duration_s, rng.poisson(self.background_hz * duration_s))
        spikes = [generation]
        while generation.size:
            children = np.repeat(generation, rng.poisson(self.branching_ratio, generation.size))
            children = children + rng.exponential(1.0 / self.decay_hz, children.size)
            generation = children[children < duration_s]
            spikes.append(generation)
        return np.sort(np.concatenate(spikes))

    def log_likelihood(self, times_s: np.ndarray, duration_s: float) -> float:
        """Log-likelihood of spikes seen from 0 to `duration_s` (Ozaki 1979)."""
        return _log_likelihood(
            self.background_hz, self.branching_ratio, self.decay_hz, np.asarray(times_s, float), duration_s
        )


def fit_hawkes(times_s: np.ndarray, duration_s: float, slowest_s: float = 1.0) -> Hawkes:
    """Maximum-likelihood fit of a Hawkes process to spike times.

    Parameters
    ----------
    times_s
        Spike times (s), rising, from 0 to `duration_s`; shape (spike,).
    duration_s
        Length of the observation (s).
    slowest_s
        Longest time constant of the kernel that is considered (s): excitation that lasts longer cannot be
        told from a background rate that drifts.

    Raises
    ------
    ValueError
        If there are fewer than ten spikes, or they are not in order within the observation.
    """
    times = np.asarray(times_s, dtype=float)
    if times.size < 10:
        raise ValueError(f"{times.size} spikes; a self-exciting process cannot be fitted to fewer than 10")
    if np.any(np.diff(times) < 0) or times[0] < 0 or times[-1] > duration_s:
        raise ValueError(f"times_s must rise from 0 to duration_s = {duration_s}")
    rate = times.size / duration_s

    def process(x: np.ndarray) -> tuple[float, float, float]:
        return float(np.exp(x[0])), float(expit(x[1])), float(1.0 / slowest_s + np.exp(x[2]))

    def loss(x: np.ndarray) -> float:
        return -_log_likelihood(*process(x), times, duration_s)

    # the decay has local optima: start from several timescales
    starts = [np.array([np.log(rate / 2), 0.0, np.log(rate * f)]) for f in (0.1, 1.0, 10.0)]
    best = min((minimize(loss, x0, method="Nelder-Mead") for x0 in starts), key=lambda result: result.fun)
    return Hawkes(*process(best.x))


def branching_ratio_from_counts(counts: np.ndarray) -> float:
    """1 - sqrt(mean / variance) of counts in windows much longer than the process remembers.

    Needs no model of the kernel; 0 if the counts vary less than those of a Poisson process.
    """
    table = np.asarray(counts, dtype=float)
    variance = table.var(ddof=1)
    return float(max(1.0 - np.sqrt(table.mean() / variance), 0.0)) if variance > 0 else 0.0


def _log_likelihood(mu: float, n: float, beta: float, times: np.ndarray, duration_s: float) -> float:
    # e_i: how much all earlier spikes excite spike i, by recursion over the intervals
    fade = np.exp(-beta * np.diff(times)).tolist()
    excitation, total = [0.0], 0.0
    for keep in fade:
        total = keep * (1.0 + total)
        excitation.append(total)
    expected = mu * duration_s + n * np.sum(-np.expm1(-beta * (duration_s - times)))
    return float(np.sum(np.log(mu + n * beta * np.asarray(excitation))) - expected)
