"""Rasters of the attention circuit: what a few of its neurons do around a stimulus, many times.

One circuit holds the goal to withhold to no-go stimuli and gets a random sequence of go and no-go stimuli,
half of each. Around each onset, spikes of the first neurons of five pools are cut out and binned; a bin is 1
if there was a spike. Arousal is constant, so that all stimuli meet the same circuit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["CONDITIONS", "POOLS", "Rasters", "RecordingPlan", "bin_spikes", "record_rasters"]

CONDITIONS = ("go", "no_go")
"""What the stimulus was, in the order of the condition numbers."""

POOLS = ("sensory.go", "sensory.no_go", "control.no_go", "decision.press", "decision.withhold")
"""Pools whose neurons are kept, in the order of the rasters."""

PARTICIPANTS = 4
"""Copies of the circuit that are simulated side by side, with other noise."""

LEAD_S = 2.0
"""Time before the first stimulus (s): the goal is cued from 0.5 to 1 s and settles."""


@dataclass(frozen=True)
class RecordingPlan:
    """What to record.

    Parameters
    ----------
    trials
        Stimuli in all, half of each condition.
    neurons_per_pool
        Neurons kept of each pool.
    bins
        Bins of a raster.
    bin_s
        Width of a bin (s).
    before_s
        Time before stimulus onset at which a raster starts (s).
    stimulus_s
        Duration of a stimulus (s).
    trial_s
        From onset to onset (s).
    chunk_trials
        Stimuli in one simulation of one copy; bounds memory.
    """

    trials: int = 8000
    neurons_per_pool: int = 6
    bins: int = 32
    bin_s: float = 0.010
    before_s: float = 0.060
    stimulus_s: float = 0.250
    trial_s: float = 1.0
    chunk_trials: int = 100

    def __post_init__(self) -> None:
        for name in ("trials", "neurons_per_pool", "bins", "chunk_trials"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)}; must be at least 1")
        if self.bins * self.bin_s > self.trial_s:
            raise ValueError(
                f"bins * bin_s = {self.bins * self.bin_s:g} s is longer than trial_s = {self.trial_s:g} s; "
                "rasters of neighbouring stimuli would share spikes"
            )

    @property
    def neurons(self) -> int:
        """Neurons of a raster."""
        return self.neurons_per_pool * len(POOLS)


@dataclass(frozen=True, eq=False)
class Rasters:
    """Binary rasters (trial, neuron, bin) and the number of each one's condition (trial,)."""

    raster: np.ndarray
    condition: np.ndarray

    def of(self, condition: int) -> np.ndarray:
        """Rasters of one condition."""
        return self.raster[self.condition == condition]


def record_rasters(
    plan: RecordingPlan, seed: int, progress: Callable[[float], None] = lambda fraction: None
) -> Rasters:
    """Simulate until there are as many rasters as asked for, half of each condition."""
    per_run = PARTICIPANTS * plan.chunk_trials
    runs = -(-plan.trials // per_run)
    parts = []
    for run in range(runs):

        def tell(fraction: float, done: int = run) -> None:
            progress((done + fraction) / runs)

        parts.append(_run(plan, np.random.SeedSequence([seed, run]), tell))
    raster = np.concatenate([raster for raster, _ in parts])
    condition = np.concatenate([condition for _, condition in parts])
    keep = np.sort(np.concatenate([np.flatnonzero(condition == one)[: plan.trials // 2] for one in range(2)]))
    return Rasters(raster[keep], condition[keep])


def bin_spikes(
    times_s: np.ndarray, neurons: np.ndarray, starts_s: np.ndarray, plan: RecordingPlan
) -> np.ndarray:
    """Binary rasters (trial, neuron, bin) that start at `starts_s`; later neurons are left out."""
    raster = np.zeros((starts_s.size, plan.neurons_per_pool, plan.bins), dtype=bool)
    kept = neurons < plan.neurons_per_pool
    times, neurons = times_s[kept], neurons[kept]
    trial = np.searchsorted(starts_s, times, side="right") - 1
    bins = np.floor((times - starts_s[np.maximum(trial, 0)]) / plan.bin_s + 1e-9).astype(int)
    inside = (trial >= 0) & (bins < plan.bins)
    raster[trial[inside], neurons[inside], bins[inside]] = True
    return raster


def _run(
    plan: RecordingPlan, seed: np.random.SeedSequence, progress: Callable[[float], None]
) -> tuple[np.ndarray, np.ndarray]:
    from neurosim.circuits.attention import attention_circuit
    from neurosim.drive import Drive
    from neurosim.engine import simulate

    rng = np.random.default_rng(seed)
    conditions, drives = [], []
    onset_s = LEAD_S + plan.trial_s * np.arange(plan.chunk_trials)
    for _ in range(PARTICIPANTS):
        condition = rng.permutation(np.arange(plan.chunk_trials) % 2)
        conditions.append(condition)
        drives.append(
            Drive.from_events(
                [0.5, *onset_s],
                [0.5, *np.full(onset_s.size, plan.stimulus_s)],
                ["attend_no_go", *(CONDITIONS[one] for one in condition)],
                [1.0] * (onset_s.size + 1),
                float(onset_s[-1] + plan.trial_s),
            )
        )
    recordings = simulate(
        [attention_circuit()] * PARTICIPANTS,
        drives,
        [int(one) for one in rng.integers(2**62, size=PARTICIPANTS)],
        record_spikes=True,
        width=PARTICIPANTS,
        progress=progress,
    )
    rasters = [
        np.concatenate(
            [bin_spikes(*recording.spikes[pool], onset_s - plan.before_s, plan) for pool in POOLS], axis=1
        )
        for recording in recordings
    ]
    return np.concatenate(rasters), np.concatenate(conditions)
