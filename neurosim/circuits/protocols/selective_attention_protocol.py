"""Experiments on selective attention: attend to a remembered direction while motion is shown.

A trial: a cue (motion) for 0.5 s, a delay of 2.5 s, and a test of 1.5 s, the gate on throughout. A trial
without attention has neither cue nor gate. Rates of the sensory ring in the test are averaged over
sectors of preferred direction (11.25 degrees) from 0.2 s after its onset on.

Functions that end in ``_trials`` simulate and return one row a trial and sector; those that end in ``_of``
summarise. Trials of one number share their noise in all conditions, so that differences are paired.

References
----------
Ardid, S., Wang, X.-J. & Compte, A. (2007). J Neurosci, 27, 8486-8495. doi:10.1523/JNEUROSCI.1145-07.2007
Treue, S. & Martinez-Trujillo, J. C. (1999). Nature, 399, 575-579. doi:10.1038/21176
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from neurosim.circuits.protocols.measurement import Measurement, mean_of, share_of
from neurosim.circuits.protocols.trials import Progress, run_trials, trial_seeds
from neurosim.circuits.selective_attention import (
    GATE,
    STIMULI,
    SelectiveAttentionParameters,
    selective_attention_circuit,
)
from neurosim.drive import Drive
from neurosim.ring import angular_distance_deg, directions_deg
from neurosim.ring_measures import direction_rates

__all__ = [
    "AttentionTrial",
    "attention_trials",
    "competition_of",
    "competition_trials",
    "gain_of",
    "ignition_of",
    "similarity_of",
    "tuning_of",
]

SECTORS = 32


@dataclass(frozen=True)
class AttentionTrial:
    """Times of a trial (s) and the attended direction (degrees)."""

    start_s: float = 0.5
    cue_s: float = 0.5
    delay_s: float = 2.5
    test_s: float = 1.5
    skip_s: float = 0.2  # the transient of the test
    attended_deg: float = 180.0
    held_hz: float = 12.0  # a bump is there if a sector of PFC is above; driven at rest 3, bump 25 and more

    @property
    def test_on_s(self) -> float:
        """When the test begins."""
        return self.start_s + self.cue_s + self.delay_s

    @property
    def end_s(self) -> float:
        """When the trial ends."""
        return self.test_on_s + self.test_s

    def drive(self, attend_deg: float | None, motions_deg: Sequence[float]) -> Drive:
        """Attention to a direction, or none; one motion in the test, or two that share the current."""
        events = [(self.test_on_s, self.test_s, channel, 1.0 / len(motions_deg), angle)
                  for channel, angle in zip(STIMULI, motions_deg, strict=False)]  # fmt: skip
        if attend_deg is not None:
            events.append((self.start_s, self.cue_s, STIMULI[0], 1.0, attend_deg))
            events.append((0.0, self.end_s, GATE, 1.0, 0.0))
        onsets, durations, channels, levels, angles = zip(*events, strict=True)
        return Drive.from_events(onsets, durations, channels, levels, self.end_s, angles_deg=angles)


def attention_trials(
    trials: int,
    seed: int,
    offsets_deg: Sequence[float] = (0.0, 45.0, 90.0, 135.0, 180.0),
    parameters: SelectiveAttentionParameters | None = None,
    trial: AttentionTrial | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """One motion, at several directions from the attended one, with and without attention.

    Columns: attended, offset_deg (of the motion from the attended direction), trial, direction_deg
    (preferred, from the attended one), mt_hz, delay_peak_hz and test_peak_hz (the highest rate of a
    sector of PFC at the end of the delay and of the test).
    """
    t = trial or AttentionTrial()
    conditions = [
        ({"attended": at is not None, "offset_deg": float(offset)}, at, (t.attended_deg + offset,))
        for at in (t.attended_deg, None)
        for offset in offsets_deg
    ]
    return _run(conditions, trials, seed, parameters, t, progress)


def competition_trials(
    trials: int,
    seed: int,
    separation_deg: float = 180.0,
    parameters: SelectiveAttentionParameters | None = None,
    trial: AttentionTrial | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Two motions at once, preferred (0) and another; attention to the one, the other, or none; each alone.

    Columns as in `attention_trials`, with ``condition`` in place of attended and offset: pair,
    attend_preferred, attend_other, preferred_alone, other_alone. The two motions of a pair share the
    current of one (half a level each, which keeps I_0); alone is the full level. So a pair below the
    preferred motion alone is put in; what attention does to the pair is not.
    """
    t = trial or AttentionTrial()
    here, there = t.attended_deg, t.attended_deg + separation_deg
    conditions = [
        ({"condition": "pair"}, None, (here, there)),
        ({"condition": "attend_preferred"}, here, (here, there)),
        ({"condition": "attend_other"}, there, (here, there)),
        ({"condition": "preferred_alone"}, None, (here,)),
        ({"condition": "other_alone"}, None, (there,)),
    ]
    return _run(conditions, trials, seed, parameters, t, progress)


def ignition_of(trials: pd.DataFrame, trial: AttentionTrial | None = None) -> dict[str, Measurement]:
    """Share of trials with a bump in PFC: at the end of every delay; at the end of any unattended test."""
    held = (trial or AttentionTrial()).held_hz
    # motions of one trial share their noise, so that a trial counts once
    peak = trials.groupby(["attended", "trial"])[["delay_peak_hz", "test_peak_hz"]]
    weakest, strongest = peak.min().loc[True], peak.max().loc[False]
    return {
        "attended_delay": share_of(weakest["delay_peak_hz"].to_numpy() > held),
        "unattended_test": share_of(strongest["test_peak_hz"].to_numpy() > held),
    }


def gain_of(trials: pd.DataFrame) -> dict[float, Measurement]:
    """Attended / unattended response of cells that prefer the motion, by its offset from the attended one."""
    at = _preferring(trials, trials["offset_deg"].to_numpy(dtype=float))
    return {
        float(offset): mean_of(_paired(one, "offset_deg", offset), "ratio")
        for offset, one in ((o, at) for o in sorted(at["offset_deg"].unique()))
    }


def similarity_of(trials: pd.DataFrame) -> pd.DataFrame:
    """Feature-similarity gain: attended / unattended response to motion in the attended direction.

    Columns: distance_deg (of the preferred from the attended direction), ratio, low, high.
    """
    same = trials[trials["offset_deg"] == 0.0].assign(
        distance_deg=lambda t: np.abs(angular_distance_deg(t["direction_deg"].to_numpy(), 0.0)).round(3)
    )
    rows = []
    for distance, one in same.groupby("distance_deg"):
        mean = one.groupby(["attended", "trial"])["mt_hz"].mean()
        m = mean_of(mean.loc[True].to_numpy() / mean.loc[False].to_numpy(), "ratio")
        rows.append((distance, m.value, m.low, m.high))
    return pd.DataFrame(rows, columns=["distance_deg", "ratio", "low", "high"])


def tuning_of(trials: pd.DataFrame) -> dict[str, Measurement]:
    """Is the gain multiplicative? Attended against unattended tuning of cells at the attended direction.

    A line through the mean responses to all motions, in each trial: its slope is the gain, its intercept
    (Hz) what attention adds; R^2 says how well a line does.
    """
    cells = _preferring(trials, 0.0)
    curves = cells.pivot_table(index="trial", columns=["attended", "offset_deg"], values="mt_hz")
    slopes, intercepts, fits = [], [], []
    for _, row in curves.iterrows():
        x, y = row[False].to_numpy(), row[True].to_numpy()
        slope, intercept = np.polyfit(x, y, 1)
        slopes.append(slope)
        intercepts.append(intercept)
        fits.append(1.0 - np.var(y - slope * x - intercept) / np.var(y))
    return {
        "slope": mean_of(slopes, "ratio"),
        "intercept": mean_of(intercepts, "Hz"),
        "r_squared": mean_of(fits, "fraction"),
    }


def competition_of(trials: pd.DataFrame) -> dict[str, Measurement]:
    """Responses (Hz) of the cells that prefer the first motion, by condition."""
    cells = _preferring(trials, 0.0)
    return {str(name): mean_of(one["mt_hz"], "Hz") for name, one in cells.groupby("condition")}


def _preferring(rows: pd.DataFrame, direction_deg: np.ndarray | float) -> pd.DataFrame:
    return rows[np.isclose(angular_distance_deg(rows["direction_deg"].to_numpy(), direction_deg), 0.0)]


def _paired(rows: pd.DataFrame, column: str, value: float) -> np.ndarray:
    one = rows[rows[column] == value].set_index(["attended", "trial"])["mt_hz"]
    return one.loc[True].to_numpy() / one.loc[False].to_numpy()


def _run(conditions, trials: int, seed: int, parameters, t: AttentionTrial, progress) -> pd.DataFrame:
    circuit = selective_attention_circuit(parameters)
    size = circuit.populations[0].size
    seeds = trial_seeds(seed, trials)
    drives = [t.drive(attend, motions) for _, attend, motions in conditions]
    recordings = run_trials(
        [circuit] * trials * len(drives),
        [d for d in drives for _ in range(trials)],
        seeds * len(drives),
        record_dt_ms=20.0,
        record_spikes=True,
        progress=progress,
    )
    tables = []
    for k, recording in enumerate(recordings):
        mt, pfc = recording.spikes["mt.excitatory"], recording.spikes["pfc.excitatory"]
        late = [direction_rates(pfc, size, stop - 0.5, stop, SECTORS) for stop in (t.test_on_s, t.end_s)]
        tables.append(
            pd.DataFrame(
                {
                    **conditions[k // trials][0],
                    "trial": k % trials,
                    "direction_deg": angular_distance_deg(directions_deg(SECTORS), t.attended_deg),
                    "mt_hz": direction_rates(mt, size, t.test_on_s + t.skip_s, t.end_s, SECTORS),
                    "delay_peak_hz": late[0].max(),
                    "test_peak_hz": late[1].max(),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)
