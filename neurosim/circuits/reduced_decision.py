r"""Two-variable reduction of the decision circuit (Wong & Wang 2006).

Slow NMDA gating S_i of the two pools is all that is left; everything faster follows at once.

    dS_i/dt = -S_i / tau_S + (1 - S_i) gamma phi(x_i)
    phi(x)  = (a x - b) / (1 - exp(-d (a x - b)))
    x_1     = J_11 S_1 - J_12 S_2 + I_0 + I_1 + I_noise,1            (and 1 <-> 2)
    I_i     = J_ext mu_0 (1 +- c)
    tau_noise dI_noise/dt = -I_noise + eta sqrt(tau_noise sigma^2)

The form without recurrent AMPA currents, whose parameters could be read; the paper's other form, with them,
is not built.

References
----------
Wong, K.-F. & Wang, X.-J. (2006). A recurrent network mechanism of time integration in perceptual
decisions. J Neurosci, 26, 1314-1328. doi:10.1523/JNEUROSCI.3733-05.2006
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import optimize

from neurosim.circuits.parameter_table import parameter

__all__ = [
    "FixedPoint",
    "ReducedDecisionParameters",
    "fixed_points",
    "nullcline",
    "reduced_decision_trials",
    "velocity",
]

PAPER = "Wong & Wang 2006"


@dataclass(frozen=True)
class ReducedDecisionParameters:
    """Numbers of the reduction."""

    a_hz_per_na: float = parameter(270.0, "Hz/nA", PAPER)
    b_hz: float = parameter(108.0, "Hz", PAPER)
    d_s: float = parameter(0.154, "s", PAPER)
    tau_s_s: float = parameter(0.1, "s", PAPER)
    gamma: float = parameter(0.641, "1", PAPER)
    j_11_na: float = parameter(0.2609, "nA", PAPER)
    j_12_na: float = parameter(0.0497, "nA", PAPER)
    i_0_na: float = parameter(0.3255, "nA", PAPER)
    j_ext_na_per_hz: float = parameter(5.2e-4, "nA/Hz", PAPER)
    mu_0_hz: float = parameter(30.0, "Hz", f"{PAPER}, UNVERIFIED")
    tau_noise_s: float = parameter(0.002, "s", PAPER)
    sigma_noise_na: float = parameter(0.02, "nA", PAPER)
    threshold_hz: float = parameter(15.0, "Hz, of the low-passed rate", PAPER)
    tau_rate_s: float = parameter(0.02, "s, low pass of the rate that meets the threshold", "own choice")

    def rate(self, current_na: ArrayLike) -> np.ndarray:
        """Firing rate phi (Hz) at a total synaptic current (nA), any shape.

        Written as y / (-expm1(-d y)) with y = a x - b: exact near y = 0, where the limit is 1/d, and free of
        overflow for very negative y, where the rate goes to 0.

        Examples
        --------
        >>> p = ReducedDecisionParameters()
        >>> round(float(p.rate(p.b_hz / p.a_hz_per_na)), 3)
        6.494
        """
        y = np.asarray(self.a_hz_per_na * np.asarray(current_na, dtype=float) - self.b_hz)
        z = self.d_s * y
        near = np.abs(z) < 1e-6
        # 700: exp overflows beyond 709
        safe = np.where(near, 1.0, np.maximum(z, -700.0))
        # z / (1 - exp(-z)) = 1 + z / 2 + O(z^2)
        return np.where(near, 1.0 + 0.5 * z, safe / -np.expm1(-safe)) / self.d_s

    def currents(self, s: np.ndarray, stimulus_na: np.ndarray) -> np.ndarray:
        """Total current (nA) of both pools, shape (..., 2), from gating and stimulus currents (..., 2)."""
        return self.j_11_na * s - self.j_12_na * s[..., ::-1] + self.i_0_na + stimulus_na

    def stimulus(self, coherence: float, mu_0_hz: float | None = None) -> np.ndarray:
        """Stimulus currents (nA) of both pools, shape (2,), for motion towards the first."""
        mu = self.mu_0_hz if mu_0_hz is None else mu_0_hz
        return self.j_ext_na_per_hz * mu * (1.0 + coherence * np.array([1.0, -1.0]))


@dataclass(frozen=True)
class FixedPoint:
    """A state that does not move.

    Parameters
    ----------
    s
        Gating variables of both pools.
    rates_hz
        Their firing rates.
    eigenvalues_per_s
        Of the linearised dynamics, the largest first; all negative: the state attracts.
    """

    s: tuple[float, float]
    rates_hz: tuple[float, float]
    eigenvalues_per_s: tuple[float, float]

    @property
    def stable(self) -> bool:
        """Whether it attracts."""
        return self.eigenvalues_per_s[0] < 0.0


def velocity(s: np.ndarray, stimulus_na: np.ndarray, p: ReducedDecisionParameters) -> np.ndarray:
    """dS/dt (1/s), shape (..., 2), without noise.

    Parameters
    ----------
    s
        Gating variables, shape (..., 2).
    stimulus_na
        Stimulus currents (nA), shape (2,).
    p
        Parameters.
    """
    rates = p.rate(p.currents(s, stimulus_na))
    return -s / p.tau_s_s + (1.0 - s) * p.gamma * rates


def nullcline(which: int, other: np.ndarray, stimulus_na: np.ndarray, p: ReducedDecisionParameters):
    """Points (S_1, S_2), shape (point, 2), where dS_`which`/dt = 0, for values of the other variable."""
    grid = np.linspace(0.0, 1.0, 2001)
    points = []
    for value in np.asarray(other, dtype=float):
        s = np.full((grid.size, 2), value)
        s[:, which] = grid
        speed = velocity(s, stimulus_na, p)[:, which]
        for k in np.flatnonzero(np.diff(np.sign(speed))):
            mixed = s[k] + (s[k + 1] - s[k]) * speed[k] / (speed[k] - speed[k + 1])
            points.append(mixed)
    return np.array(points).reshape(-1, 2)


def fixed_points(
    stimulus_na: np.ndarray, p: ReducedDecisionParameters | None = None, grid: int = 21
) -> list[FixedPoint]:
    """All fixed points, by root finding from a grid of starts, ordered by S_1.

    Parameters
    ----------
    stimulus_na
        Stimulus currents (nA), shape (2,); zeros for none.
    p
        Parameters.
    grid
        Starts along each axis.

    Examples
    --------
    >>> sum(point.stable for point in fixed_points(np.zeros(2)))
    3
    """
    p = p or ReducedDecisionParameters()
    found: list[np.ndarray] = []
    starts = np.linspace(0.0, 0.95, grid)
    for start in np.stack(np.meshgrid(starts, starts), axis=-1).reshape(-1, 2):
        root = optimize.root(velocity, start, args=(stimulus_na, p), tol=1e-12)
        inside = np.all((root.x >= 0.0) & (root.x <= 1.0))
        still = np.max(np.abs(velocity(root.x, stimulus_na, p))) < 1e-8
        if inside and still and not any(np.allclose(root.x, one, atol=1e-5) for one in found):
            found.append(root.x)
    points = []
    for s in sorted(found, key=lambda x: (round(float(x[0]), 6), round(float(x[1]), 6))):
        rates = p.rate(p.currents(s, stimulus_na))
        small, large = np.sort(np.linalg.eigvals(_jacobian(s, stimulus_na, p)).real).tolist()
        points.append(
            FixedPoint((float(s[0]), float(s[1])), (float(rates[0]), float(rates[1])), (large, small))
        )
    return points


def _jacobian(s: np.ndarray, stimulus_na: np.ndarray, p: ReducedDecisionParameters) -> np.ndarray:
    step = 1e-6
    columns = []
    for k in range(2):
        shift = step * np.eye(2)[k]
        ahead, behind = velocity(s + shift, stimulus_na, p), velocity(s - shift, stimulus_na, p)
        columns.append((ahead - behind) / (2.0 * step))
    return np.stack(columns, axis=1)


def reduced_decision_trials(
    coherences: list[float],
    trials: int,
    seed: int,
    mu_0_hz: float | None = None,
    parameters: ReducedDecisionParameters | None = None,
    onset_s: float = 0.5,
    stop_s: float = 4.5,
    dt_s: float = 5e-4,
) -> pd.DataFrame:
    """Simulate trials of all coherences at once (Euler-Maruyama).

    Parameters
    ----------
    coherences
        Motion coherence c, 0 to 1.
    trials
        Trials of each.
    seed
        Seed of the noise.
    mu_0_hz
        Stimulus strength (Hz), if not that of the parameters.
    parameters
        Of the reduction.
    onset_s, stop_s
        Start of the stimulus, by when the state has settled, and the end of a trial (s).
    dt_s
        Step (s).

    Returns
    -------
    DataFrame
        Columns coherence, trial, decided, correct, time_s, as `decision_protocol.decision_trials` has them.
    """
    p = parameters or ReducedDecisionParameters()
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    c = np.repeat(np.asarray(coherences, dtype=float), trials)
    on = np.stack([p.stimulus(value, mu_0_hz) for value in c])
    s = np.full((c.size, 2), 0.1)
    noise = np.zeros((c.size, 2))
    shown = np.zeros((c.size, 2))
    time_s = np.full(c.size, np.nan)
    choice = np.zeros(c.size, dtype=int)
    kick = p.sigma_noise_na * np.sqrt(dt_s / p.tau_noise_s)
    first = round(onset_s / dt_s)
    live = np.arange(c.size)
    for k in range(round(stop_s / dt_s)):
        rates = p.rate(p.currents(s, on if k >= first else np.zeros(2)) + noise)
        s = np.clip(s + dt_s * (-s / p.tau_s_s + (1.0 - s) * p.gamma * rates), 0.0, 1.0)
        noise += -noise * dt_s / p.tau_noise_s + kick * rng.standard_normal(noise.shape)
        shown += (rates - shown) * dt_s / p.tau_rate_s
        crossing = shown.max(axis=1) > p.threshold_hz
        if k >= first and crossing.any():
            time_s[live[crossing]] = (k + 1 - first) * dt_s
            choice[live[crossing]] = np.argmax(shown[crossing], axis=1)
            # decided trials are done
            live, s, noise, shown, on = (x[~crossing] for x in (live, s, noise, shown, on))
            if live.size == 0:
                break
    choice[live] = np.argmax(shown, axis=1)
    late = np.isnan(time_s)
    return pd.DataFrame(
        {
            "coherence": c,
            "trial": np.tile(np.arange(trials), len(coherences)),
            "decided": ~late,
            "correct": choice == 0,
            "time_s": time_s,
        }
    )
