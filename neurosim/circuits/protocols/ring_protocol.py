"""Experiments on the ring attractor: a cue and a delay, diffusion of the bump, and a distractor.

Functions that end in ``_trials`` simulate and return one row a trial; those that end in ``_of`` summarise.

References
----------
Compte et al. (2000). Cereb Cortex, 10, 910-923. doi:10.1093/cercor/10.9.910
Murray et al. (2012). Cereb Cortex, 24, 859-872. doi:10.1093/cercor/bhs370
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from neurosim.circuits.protocols.measurement import Measurement, bootstrap_of
from neurosim.circuits.protocols.trials import Progress, run_trials, trial_seeds
from neurosim.circuits.ring_attractor import (
    CUE,
    DISTRACTOR,
    RingParameters,
    StrongRingParameters,
    ring_circuit,
)
from neurosim.drive import Drive
from neurosim.recording import Recording
from neurosim.ring import angular_distance_deg, directions_deg
from neurosim.ring_measures import (
    bump_of,
    direction_rates,
    displacement_slope,
    population_vector,
    vector_course,
)

__all__ = [
    "DelayTrial",
    "diffusion_of",
    "distractor_trials",
    "drift_course",
    "memory_trials",
    "profile_course",
    "smaller",
    "spread_of",
]


@dataclass(frozen=True)
class DelayTrial:
    """A cue at 1 s for 250 ms, and a delay (Compte 2000); times in s, angles in degrees."""

    cue_on_s: float = 1.0
    cue_s: float = 0.25
    cue_deg: float = 180.0
    end_s: float = 7.5
    spontaneous_from_s: float = 0.5
    bump_from_s: float = 3.0  # the bump has settled
    track_every_s: float = 0.5

    @property
    def offset_s(self) -> float:
        """When the cue ends."""
        return self.cue_on_s + self.cue_s

    @property
    def track_s(self) -> np.ndarray:
        """Times at which the bump is read (s after the cue's end), from 0.5 s on."""
        return np.arange(0.5, self.end_s - self.offset_s - 0.125 + 1e-9, self.track_every_s)


def memory_trials(
    trials: int,
    seed: int,
    parameters: RingParameters | None = None,
    trial: DelayTrial | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Cued delay trials.

    Columns: rates before the cue and in the delay (Hz), length of the population vector in both, peak,
    baseline and width of the bump in the first second from `DelayTrial.bump_from_s` on, and
    ``at_<t>_s``: displacement of the bump from the cue t seconds after the cue's end (degrees).
    """
    p, t = parameters or StrongRingParameters(), trial or DelayTrial()
    recordings = _run(p, [_drive(t)] * trials, trial_seeds(seed, trials), progress)
    return pd.DataFrame([{"trial": k, **_memory_row(r, p, t)} for k, r in enumerate(recordings)])


def distractor_trials(
    offsets_deg: Sequence[float],
    trials: int,
    seed: int,
    parameters: RingParameters | None = None,
    level: float = 1.0,
    trial: DelayTrial | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """A second cue elsewhere, 1.5 s into the delay: how far it pulls the bump.

    Columns ``offset_deg`` (of the distractor from the cue), ``shift_deg`` (of the bump towards the
    distractor, from just before it to 1 s after its end), ``taken_over`` (it ends nearer to the distractor).
    """
    p, t = parameters or StrongRingParameters(), trial or DelayTrial(end_s=4.5)
    on = t.offset_s + 1.5
    rows, drives = [], []
    for offset in offsets_deg:
        for k in range(trials):
            drives.append(_drive(t, (on, t.cue_s, DISTRACTOR, level, t.cue_deg + offset)))
            rows.append({"offset_deg": float(offset), "trial": k})
    recordings = _run(p, drives, trial_seeds(seed, len(drives)), progress)
    at = np.array([on - 0.125, on + t.cue_s + 1.0])
    for row, recording in zip(rows, recordings, strict=True):
        angles, _ = vector_course(recording.spikes["excitatory"], p.excitatory_size, at)
        towards = np.sign(row["offset_deg"]) or 1.0
        distractor = t.cue_deg + row["offset_deg"]
        row["shift_deg"] = float(towards * angular_distance_deg(angles[1], angles[0]))
        row["taken_over"] = bool(
            abs(angular_distance_deg(angles[1], distractor)) < abs(angular_distance_deg(angles[1], t.cue_deg))
        )
    return pd.DataFrame(rows)


def profile_course(
    seed: int,
    parameters: RingParameters | None = None,
    trial: DelayTrial | None = None,
    sectors: int = 128,
    window_s: float = 0.1,
) -> pd.DataFrame:
    """One trial in full: rates by direction over time (columns time_s, direction_deg, rate_hz)."""
    p, t = parameters or StrongRingParameters(), trial or DelayTrial()
    recording = _run(p, [_drive(t)], trial_seeds(seed, 1), None)[0]
    starts = np.arange(0.0, t.end_s - window_s + 1e-9, window_s)
    spikes = recording.spikes["excitatory"]
    table = [direction_rates(spikes, p.excitatory_size, s, s + window_s, sectors) for s in starts.tolist()]
    return pd.DataFrame(
        {
            "time_s": np.repeat(starts + window_s / 2, sectors),
            "direction_deg": np.tile(directions_deg(sectors), starts.size),
            "rate_hz": np.concatenate(table),
        }
    )


def drift_course(trials: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Times after the cue's end (s), shape (time,), and displacements (degrees), shape (trial, time)."""
    columns = [c for c in trials.columns if c.startswith("at_")]
    return np.array([float(c[3:-2]) for c in columns]), trials[columns].to_numpy()


def spread_of(trials: pd.DataFrame, at_s: float, rng: np.random.Generator) -> Measurement:
    """Standard deviation over trials of the bump's displacement `at_s` after the cue's end (degrees)."""
    times, displacement = drift_course(trials)
    chosen = displacement[:, int(np.argmin(np.abs(times - at_s)))]
    return bootstrap_of(lambda k: float(np.std(chosen[k], ddof=1)), len(chosen), "deg", rng)


def diffusion_of(trials: pd.DataFrame, rng: np.random.Generator) -> Measurement:
    """Growth of the variance of the displacement over the delay (deg^2 / s)."""
    times, displacement = drift_course(trials)
    return bootstrap_of(
        lambda k: displacement_slope(displacement[k], times), len(displacement), "deg^2/s", rng
    )


def _drive(t: DelayTrial, *more: tuple[float, float, str, float, float]) -> Drive:
    events = [(t.cue_on_s, t.cue_s, CUE, 1.0, t.cue_deg), *more]
    onsets, durations, channels, levels, angles = zip(*events, strict=True)
    return Drive.from_events(onsets, durations, channels, levels, t.end_s, angles_deg=angles)


def _run(p: RingParameters, drives, seeds, progress: Progress | None) -> list[Recording]:
    circuits = [ring_circuit(p)] * len(drives)
    return run_trials(circuits, drives, seeds, record_dt_ms=20.0, record_spikes=True, progress=progress)


def _memory_row(recording: Recording, p: RingParameters, t: DelayTrial) -> dict[str, float]:
    spikes, n = recording.spikes["excitatory"], p.excitatory_size
    bump = bump_of(direction_rates(spikes, n, t.bump_from_s, t.bump_from_s + 1.0))
    before = (t.spontaneous_from_s, t.cue_on_s)
    row = {
        "spontaneous_e_hz": recording.mean_rate("excitatory", *before),
        "spontaneous_i_hz": recording.mean_rate("inhibition", *before),
        "delay_e_hz": recording.mean_rate("excitatory", t.bump_from_s),
        "delay_i_hz": recording.mean_rate("inhibition", t.bump_from_s),
        "spontaneous_vector": population_vector(direction_rates(spikes, n, *before))[1],
        "delay_vector": population_vector(direction_rates(spikes, n, t.bump_from_s, t.end_s))[1],
        "peak_hz": bump.peak_hz,
        "baseline_hz": bump.baseline_hz,
        "width_deg": bump.width_deg,
    }
    angles, _ = vector_course(spikes, n, t.offset_s + t.track_s)
    for after, angle in zip(t.track_s, angles, strict=True):
        row[f"at_{after:g}_s"] = float(angular_distance_deg(angle, t.cue_deg))
    return row


def smaller(parameters: RingParameters, factor: int) -> RingParameters:
    """The same circuit with `factor` times fewer cells and the same total conductances."""
    return replace(
        parameters,
        excitatory_size=parameters.excitatory_size // factor,
        inhibitory_size=parameters.inhibitory_size // factor,
    )
