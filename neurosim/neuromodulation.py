"""Arousal: a slow gain g(t) that sinks while the participant works and recovers at rest.

The noradrenergic system of the locus coeruleus sets the gain of cortical circuits (Aston-Jones &
Cohen 2005, doi:10.1146/annurev.neuro.28.061604.135709). Over time on task we let that gain deplete
with load and recover with rest, as renewable-resource accounts of vigilance do
(doi:10.1007/s00221-023-06604-x), and fluctuate:

    g = max(s + eta, 0)
    ds/dt = -load(t) s / tau_depletion + (1 - s) / tau_recovery,          s(0) = 1
    d eta = -eta / tau_noise dt + noise_sd sqrt(2 / tau_noise) dW,        eta(0) = 0

s is the slow course and depends on load alone; eta is an Ornstein-Uhlenbeck process with standard deviation
noise_sd and time constant tau_noise, on which load has no effect. Over individuals, log(tau_depletion) is
normal with standard deviation individual_sd.

No published spiking model of the vigilance decrement was found: the constants below are this
package's own choice, stated in every study that uses them. Only NumPy is needed, so the same g(t)
can be handed to a spiking circuit and to a network.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Arousal"]


@dataclass(frozen=True)
class Arousal:
    """Depleting, recovering, fluctuating gain.

    Parameters
    ----------
    tau_depletion_s
        Time constant of depletion under full load (s); infinite: arousal never sinks.
    tau_recovery_s
        Time constant of recovery towards 1 (s).
    individual_sd
        SD over participants of log(tau_depletion): some tire sooner.
    noise_sd
        SD of the fluctuation around the slow course.
    tau_noise_s
        Time constant of the fluctuation (s).
    """

    tau_depletion_s: float = 6000.0
    tau_recovery_s: float = 600.0
    individual_sd: float = 0.3
    noise_sd: float = 0.02
    tau_noise_s: float = 20.0

    @classmethod
    def off(cls) -> Arousal:
        """Arousal that stays at 1 for ever: the control condition."""
        return cls(tau_depletion_s=np.inf, noise_sd=0.0)

    def gain(
        self,
        load: np.ndarray,
        dt_s: float,
        individual_rng: np.random.Generator,
        noise_rng: np.random.Generator,
    ) -> np.ndarray:
        """Course of the gain.

        Parameters
        ----------
        load
            Load over time, 0 (rest) to 1 (full), shape (time,).
        dt_s
            Step of `load` (s).
        individual_rng
            Source of the individual's depletion rate; in the same state for every session of the individual.
        noise_rng
            Source of the fluctuation; another one for every session.

        Returns
        -------
        ndarray
            g(t), shape (time,); starts at 1, never below 0.
        """
        load = np.asarray(load, dtype=float)
        rate = np.exp(individual_rng.normal(0.0, self.individual_sd)) / self.tau_depletion_s
        slow = np.empty(load.size)
        fast = np.empty(load.size)
        noise = noise_rng.normal(size=load.size)
        keep = np.exp(-dt_s / self.tau_noise_s)
        kick = self.noise_sd * np.sqrt(1.0 - keep**2)
        g, eta = 1.0, 0.0
        for k in range(load.size):
            slow[k], fast[k] = g, eta
            # exact for a load that is constant over the step
            total = load[k] * rate + 1.0 / self.tau_recovery_s
            rest = 1.0 / (self.tau_recovery_s * total)
            g = rest + (g - rest) * np.exp(-dt_s * total)
            eta = keep * eta + kick * noise[k]
        return np.maximum(slow + fast, 0.0)
