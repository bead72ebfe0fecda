"""One readout for every model: evidence is accumulated to a bound, and the crossing is the response.

    dx_k = (kappa (z_k - mean of the other z) - leak x_k) dt + s dW,   x_k >= 0

and response k is given when x_k reaches the bound a. z are logits of a network or rates of populations. With
many alternatives the mean of the others hides the one that is strong ("none", most of the time), so logits
are better read as log-odds: z_k minus the log of the summed exponentials of the others. For two alternatives
the two are the same.

In discrete time the walk steps over the bound, so that it behaves like a continuous one whose bound is higher
by 0.5826 s sqrt(dt) (Siegmund 1985, doi:10.1007/978-1-4757-1862-1); the bound used in the simulation is
lowered, and the floor raised, by just that, and one bound means the same at every step size. Only NumPy is
needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

__all__ = ["AccumulateToBound", "ddm_accuracy", "ddm_first_passage", "ddm_mean_time", "effective_bound"]

OVERSHOOT = 0.5826
"""Mean overshoot of a Gaussian random walk in units of its step SD: -zeta(1/2) / sqrt(2 pi)."""


@dataclass(frozen=True)
class AccumulateToBound:
    """Accumulate evidence without end; each crossing of the bound is a response.

    Parameters
    ----------
    bound
        Bound a, in units of accumulated evidence.
    gain
        kappa: drift per unit of evidence (1/s).
    noise_sd
        s: standard deviation of the accumulator after one second without drift.
    non_decision_s
        Time for sensing and moving, added to each crossing (s).
    refractory_s
        Time after a crossing during which the accumulators are held at 0 (s).
    leak_per_s
        Leak of the accumulator (1/s); 0: perfect integration.
    against
        What an alternative competes with: ``"mean"`` of the others, or ``"odds"`` of all others together.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """

    bound: float = 1.0
    gain: float = 1.0
    noise_sd: float = 1.0
    non_decision_s: float = 0.1
    refractory_s: float = 0.3
    leak_per_s: float = 0.0
    against: Literal["mean", "odds"] = "mean"

    def __post_init__(self) -> None:
        for name in ("bound", "gain", "noise_sd"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} = {getattr(self, name)}; must be above 0")
        for name in ("non_decision_s", "refractory_s", "leak_per_s"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} = {getattr(self, name)}; must be 0 or above")
        if self.against not in ("mean", "odds"):
            raise ValueError(f"against = {self.against!r}; must be 'mean' or 'odds'")

    def presses(
        self,
        evidence: np.ndarray,
        dt_s: float,
        rng: np.random.Generator,
        gain_t: np.ndarray | None = None,
        n_responses: int | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Responses of one participant over a whole session.

        Parameters
        ----------
        evidence
            Evidence for each alternative, shape (time, alternative).
        dt_s
            Step of `evidence` (s).
        rng
            The participant's own generator.
        gain_t
            Factor on the evidence, shape (time,); noise is left as it is. None: 1 throughout.
        n_responses
            The first so many alternatives can be responded with; the others (such as "none") only
            compete. None: all.

        Returns
        -------
        times_s : ndarray
            Times of the responses (s), ascending.
        response : ndarray of int
            Index of the alternative given at each time.
        """
        gains = None if gain_t is None else [gain_t]
        return self.presses_of_many([evidence], dt_s, [rng], gains, n_responses)[0]

    def presses_of_many(
        self,
        evidence: Sequence[np.ndarray],
        dt_s: float,
        rngs: Sequence[np.random.Generator],
        gain_t: Sequence[np.ndarray] | None = None,
        n_responses: int | None = None,
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Responses of many participants at once; each as `presses` alone would have given.

        Parameters
        ----------
        evidence
            One array (time, alternative) per participant; lengths may differ.
        dt_s
            Step (s).
        rngs
            One generator per participant.
        gain_t
            One factor (time,) per participant, or None.
        n_responses
            See `presses`.

        Returns
        -------
        list of (times_s, response)
            One pair per participant.

        Raises
        ------
        ValueError
            If the lists differ in length, or the step or the bound cannot be met.
        """
        if len(evidence) != len(rngs) or (gain_t is not None and len(gain_t) != len(evidence)):
            raise ValueError(
                f"{len(evidence)} arrays of evidence, {len(rngs)} generators and "
                f"{'no' if gain_t is None else len(gain_t)} gains; give one of each per participant"
            )
        if not evidence:
            return []
        gains = [None] * len(evidence) if gain_t is None else gain_t
        steps = [
            self._steps(z, dt_s, rng, g, n_responses) for z, rng, g in zip(evidence, rngs, gains, strict=True)
        ]
        longest = max(len(step) for step in steps)
        stacked = np.full((longest, len(steps), steps[0].shape[1]), -np.inf)
        for i, step in enumerate(steps):
            stacked[: len(step), i] = step
        who, when, which = self._crossings(stacked, dt_s)
        found = []
        for i, rng in enumerate(rngs):
            mine = who == i
            # the crossing is known to a step only; spread it, or response times would lie on a lattice
            jitter = rng.uniform(-0.5, 0.5, mine.sum())
            found.append(((when[mine] + 1 + jitter) * dt_s + self.non_decision_s, which[mine]))
        return found

    def drift(
        self,
        evidence: np.ndarray,
        dt_s: float,
        gain_t: np.ndarray | None = None,
        n_responses: int | None = None,
    ) -> np.ndarray:
        """What evidence adds to every accumulator in every step, without noise; see `presses`.

        Returns
        -------
        ndarray
            Shape (time, response).
        """
        z = np.asarray(evidence, dtype=float)
        if z.ndim != 2:
            raise ValueError(f"evidence has shape {z.shape}; must be (time, alternative)")
        if not np.isfinite(z).all():
            bad = np.flatnonzero(~np.isfinite(z).all(axis=1))
            raise ValueError(f"evidence is not finite at {bad.size} steps, first at {bad[0] * dt_s:.3f} s")
        if gain_t is not None:
            z = z * np.asarray(gain_t, dtype=float)[:, None]
        count = z.shape[1] if n_responses is None else n_responses
        return self.gain * self._advantage(z)[:, :count] * dt_s

    def walls(self, dt_s: float) -> tuple[float, float]:
        """Floor and bound of the discrete walk.

        Raises
        ------
        ValueError
            If the step is too long for the bound.
        """
        floor = OVERSHOOT * self.noise_sd * np.sqrt(dt_s)
        bound = effective_bound(self.bound, self.noise_sd, dt_s)
        if floor >= bound:
            raise ValueError(
                f"bound = {self.bound} cannot be met with noise_sd = {self.noise_sd} in steps of {dt_s} s: "
                "raise the bound or shorten the step"
            )
        return float(floor), bound

    def _steps(
        self,
        evidence: np.ndarray,
        dt_s: float,
        rng: np.random.Generator,
        gain_t: np.ndarray | None,
        n_responses: int | None,
    ) -> np.ndarray:
        """Increment of every accumulator in every step, shape (time, response)."""
        drift = self.drift(evidence, dt_s, gain_t, n_responses)
        return drift + self.noise_sd * np.sqrt(dt_s) * rng.standard_normal(drift.shape)

    def _advantage(self, z: np.ndarray) -> np.ndarray:
        """Evidence for each alternative against the others, shape (time, alternative)."""
        n = z.shape[1]
        if self.against == "mean" or n <= 2:
            return z - (z.sum(axis=1, keepdims=True) - z) / max(n - 1, 1)
        others = [np.logaddexp.reduce(np.delete(z, k, axis=1), axis=1) for k in range(n)]
        return z - np.stack(others, axis=1)

    def _crossings(self, steps: np.ndarray, dt_s: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Who crossed the bound, at which step, with which response; in order of time."""
        floor, bound = self.walls(dt_s)
        keep = np.exp(-self.leak_per_s * dt_s)
        pause = round(self.refractory_s / dt_s)
        x = np.zeros(steps.shape[1:])
        free_at = np.zeros(steps.shape[1], dtype=int)
        all_free_at = 0
        found: list[tuple[int, int, int]] = []
        for k in range(len(steps)):
            if keep != 1.0:
                x *= keep
            x += steps[k]
            np.maximum(x, floor, out=x)
            if k < all_free_at:
                x[free_at > k] = 0.0
            if x.max() >= bound:
                for i in np.flatnonzero(x.max(axis=1) >= bound):
                    found.append((i, k, int(x[i].argmax())))
                    x[i] = 0.0
                    free_at[i] = all_free_at = k + 1 + pause
        who, when, which = np.array(found, dtype=int).reshape(-1, 3).T
        return who, when, which


def effective_bound(bound: float, noise_sd: float, dt_s: float) -> float:
    """Bound of the discrete walk that acts like a continuous one with `bound`: a - 0.5826 s sqrt(dt).

    Parameters
    ----------
    bound
        Bound of the continuous process.
    noise_sd
        Noise s (per square root of a second).
    dt_s
        Step (s).

    Returns
    -------
    float
        The lowered bound.

    Raises
    ------
    ValueError
        If nothing of the bound is left: the step is too long for it.
    """
    if not dt_s > 0:
        raise ValueError(f"dt_s = {dt_s}; the step must be above 0 s")
    lowered = bound - OVERSHOOT * noise_sd * np.sqrt(dt_s)
    if lowered <= 0:
        longest = (bound / (OVERSHOOT * noise_sd)) ** 2
        raise ValueError(
            f"bound = {bound} cannot be met with noise_sd = {noise_sd} in steps of {dt_s} s: "
            f"raise the bound, or use steps below {longest:.2g} s"
        )
    return float(lowered)


def ddm_first_passage(
    drift: float,
    bound: float,
    noise_sd: float,
    dt_s: float,
    n_trials: int,
    rng: np.random.Generator,
    longest_s: float = 60.0,
) -> tuple[np.ndarray, np.ndarray]:
    """First passage of a drift-diffusion process between two bounds, many trials at once.

    dx = v dt + s dW from x = 0 until x = +a or x = -a.

    Parameters
    ----------
    drift
        v (1/s).
    bound
        a.
    noise_sd
        s.
    dt_s
        Step (s).
    n_trials
        Number of trials.
    rng
        Generator.
    longest_s
        Trials still going after this time are left missing (s).

    Returns
    -------
    times_s : ndarray
        Decision times (s), shape (trial,); NaN where no bound was reached.
    upper : ndarray of bool
        Whether the upper bound was reached, shape (trial,).
    """
    lowered = effective_bound(bound, noise_sd, dt_s)
    times = np.full(n_trials, np.nan)
    upper = np.zeros(n_trials, dtype=bool)
    x = np.zeros(n_trials)
    going = np.arange(n_trials)
    for k in range(round(longest_s / dt_s)):
        x += drift * dt_s + noise_sd * np.sqrt(dt_s) * rng.standard_normal(x.size)
        done = np.abs(x) >= lowered
        if done.any():
            times[going[done]] = (k + 1) * dt_s
            upper[going[done]] = x[done] > 0
            x, going = x[~done], going[~done]
            if not going.size:
                break
    return times, upper


def ddm_accuracy(drift: float, bound: float, noise_sd: float) -> float:
    """Probability of the upper of two bounds: 1 / (1 + exp(-2 v a / s^2)).

    Parameters
    ----------
    drift, bound, noise_sd
        v (1/s), a, s.

    Returns
    -------
    float
        Probability.

    References
    ----------
    Bogacz et al. 2006, doi:10.1037/0033-295X.113.4.700
    """
    return float(1.0 / (1.0 + np.exp(-2.0 * drift * bound / noise_sd**2)))


def ddm_mean_time(drift: float, bound: float, noise_sd: float) -> float:
    """Mean decision time between two bounds: (a / v) tanh(v a / s^2), or a^2 / s^2 without drift.

    Parameters
    ----------
    drift, bound, noise_sd
        v (1/s), a, s.

    Returns
    -------
    float
        Time (s).

    References
    ----------
    Bogacz et al. 2006, doi:10.1037/0033-295X.113.4.700
    """
    if drift == 0:
        return bound**2 / noise_sd**2
    return float(bound / drift * np.tanh(drift * bound / noise_sd**2))
