"""Experiments on the working-memory circuit: cue and delay, distractors, switching off, biased competition.

Every function that ends in ``_trials`` simulates and returns one row a trial, rates in Hz; those that end in
``_of`` summarise such rows.

References
----------
Brunel, N. & Wang, X.-J. (2001). J Comput Neurosci, 11, 63-85. doi:10.1023/A:1011204814320
Deco, G. & Rolls, E. T. (2005). J Neurophysiol, 94, 295-313. doi:10.1152/jn.01095.2004
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from neurosim.circuits.protocols.measurement import Measurement, bootstrap_of, mean_of, share_of
from neurosim.circuits.protocols.trials import Progress, run_trials, trial_seeds
from neurosim.circuits.working_memory import EVERYONE, WorkingMemoryParameters, pool, working_memory_circuit
from neurosim.drive import Drive
from neurosim.recording import Recording
from neurosim.self_exciting import branching_ratio_from_counts
from neurosim.timescales import multistep_regression

__all__ = [
    "DelayTask",
    "bistable_window_of",
    "competition_trials",
    "course_trials",
    "delay_trials",
    "distractor_trials",
    "drive_trials",
    "fluctuation_trials",
    "persistence_of",
    "spontaneous_rates_of",
    "switch_off_trials",
]


@dataclass(frozen=True)
class DelayTask:
    """A cue to the first pool, then a delay (own choice, as in the re-simulation that it is held against).

    A pool *holds* when its mean rate over the last `judged_s` of the trial is above `held_hz`, which lies
    between the spontaneous 3 Hz and the lowest delay rates of 18 Hz.
    """

    cue_on_s: float = 1.0
    cue_s: float = 0.25
    cue_hz: float = 2000.0
    end_s: float = 5.0
    delay_from_s: float = 3.0
    spontaneous_from_s: float = 0.5
    judged_s: float = 0.5
    held_hz: float = 10.0

    def drive(self, p: WorkingMemoryParameters, cued: bool, more: Sequence[tuple] = ()) -> Drive:
        """The cue, if any, and more events: (onset (s), duration (s), channel, rate (Hz))."""
        events = [(self.cue_on_s, self.cue_s, pool(1), self.cue_hz)] if cued else []
        events += [*more] or ([] if cued else [(0.0, self.end_s, pool(1), 0.0)])
        onsets, durations, channels, rates = zip(*events, strict=True)
        levels = [rate / p.input_hz for rate in rates]
        return Drive.from_events(onsets, durations, channels, levels, self.end_s)

    def row(self, recording: Recording, p: WorkingMemoryParameters) -> dict[str, object]:
        """What is taken down of a trial."""
        last = self.end_s - self.judged_s
        ends = [recording.mean_rate(pool(k), last) for k in range(1, p.pools + 1)]
        before = (self.spontaneous_from_s, self.cue_on_s)
        return {
            "spontaneous_e_hz": _excitatory_rate(recording, p, *before),
            "spontaneous_i_hz": recording.mean_rate("inhibition", *before),
            "delay_hz": recording.mean_rate(pool(1), self.delay_from_s),
            "delay_i_hz": recording.mean_rate("inhibition", self.delay_from_s),
            "end_hz": ends[0],
            "strongest_other_hz": max(ends[1:]) if len(ends) > 1 else math.nan,
            "held": ends[0] > self.held_hz,
            "any_held": max(ends) > self.held_hz,
        }


def delay_trials(
    w_plus: Sequence[float],
    trials: int,
    cued: bool,
    seed: int,
    parameters: WorkingMemoryParameters | None = None,
    task: DelayTask | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Trials with or without a cue, for every w+.

    Parameters
    ----------
    w_plus
        Strengths of self-excitation.
    trials
        Trials of each.
    cued
        Whether the cue comes.
    seed
        Seed of all.
    parameters, task
        Circuit and trial.
    progress
        Called with the fraction done.
    """
    p, task = parameters or WorkingMemoryParameters(), task or DelayTask()
    every = [replace(p, w_plus=w) for w in w_plus for _ in range(trials)]
    drives = [task.drive(one, cued) for one in every]
    seeds = trial_seeds(seed, len(every))
    recordings = run_trials(
        [working_memory_circuit(one) for one in every], drives, seeds, record_dt_ms=20.0, progress=progress
    )
    rows = [
        {"w_plus": one.w_plus, "cued": cued, "trial": k % trials, **task.row(recording, one)}
        for k, (one, recording) in enumerate(zip(every, recordings, strict=True))
    ]
    return pd.DataFrame(rows)


def course_trials(
    seed: int, parameters: WorkingMemoryParameters | None = None, progress: Progress | None = None
) -> pd.DataFrame:
    """One cued trial in full: rate of every population over time (columns time_s, population, rate_hz)."""
    p, task = parameters or WorkingMemoryParameters(), DelayTask()
    drive = task.drive(p, True)
    circuit = working_memory_circuit(p)
    recording = run_trials([circuit], [drive], trial_seeds(seed, 1), record_dt_ms=20.0, progress=progress)
    return recording[0].rates["rate"].to_dataframe().reset_index().rename(
        columns={"time": "time_s", "unit": "population", "rate": "rate_hz"}
    )  # fmt: skip


def distractor_trials(
    intensities_hz: Sequence[float],
    trials: int,
    seed: int,
    parameters: WorkingMemoryParameters | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """A distractor of the cue's length to the second pool, 1 s into the delay, at several intensities.

    Columns ``held`` (the cue's pool at the end) and ``taken_over`` (the distractor's pool instead).
    """
    p, task = parameters or WorkingMemoryParameters(), DelayTask()
    return _disturbed(
        "intensity_hz",
        [[(task.cue_on_s + 1.0, task.cue_s, pool(2), x)] for x in intensities_hz],
        intensities_hz, trials, seed, p, task, progress,
    )  # fmt: skip


def switch_off_trials(
    intensities_hz: Sequence[float],
    trials: int,
    seed: int,
    parameters: WorkingMemoryParameters | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """A pulse of the cue's length to every cell, 1 s into the delay: an unselective excitation."""
    p, task = parameters or WorkingMemoryParameters(), DelayTask()
    return _disturbed(
        "intensity_hz",
        [[(task.cue_on_s + 1.0, task.cue_s, EVERYONE, x)] for x in intensities_hz],
        intensities_hz, trials, seed, p, task, progress,
    )  # fmt: skip


def drive_trials(
    changes_hz: Sequence[float],
    trials: int,
    seed: int,
    parameters: WorkingMemoryParameters | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Cued trials with the external drive of every cell changed from 0.5 s after the cue on."""
    p, task = parameters or WorkingMemoryParameters(), DelayTask()
    onset = task.cue_on_s + task.cue_s + 0.5
    return _disturbed(
        "change_hz",
        [[(onset, task.end_s - onset, EVERYONE, x)] for x in changes_hz],
        changes_hz, trials, seed, p, task, progress,
    )  # fmt: skip


def _disturbed(label, events, values, trials, seed, p, task, progress) -> pd.DataFrame:
    each = [(value, extra) for value, extra in zip(values, events, strict=True) for _ in range(trials)]
    circuit = working_memory_circuit(p)
    recordings = run_trials(
        [circuit] * len(each),
        [task.drive(p, True, extra) for _, extra in each],
        trial_seeds(seed, len(each)),
        record_dt_ms=20.0,
        progress=progress,
    )
    rows = []
    for k, ((value, _), recording) in enumerate(zip(each, recordings, strict=True)):
        row = task.row(recording, p)
        second = recording.mean_rate(pool(2), task.end_s - task.judged_s)
        taken = second > task.held_hz and not row["held"]
        rows.append({label: value, "trial": k % trials, **row, "second_hz": second, "taken_over": taken})
    return pd.DataFrame(rows)


def competition_trials(
    w_plus: Sequence[float],
    biases_hz: Sequence[float],
    trials: int,
    seed: int,
    stimulus_hz: float = 150.0,
    parameters: WorkingMemoryParameters | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Biased competition: a small extra drive (attention) to the first of one or two stimulated pools.

    Condition ``single``: a stimulus to the first pool; ``pair``: to the first and second; ``none``: to none.
    In all of them the bias reaches the first pool. Rates are means over 0.8 to 2.0 s.

    Parameters
    ----------
    w_plus
        Strengths of self-excitation.
    biases_hz
        Rates (Hz) added to the first pool.
    trials
        Trials of each cell of the design.
    seed
        Seed of all.
    stimulus_hz
        Rate (Hz) that a stimulus adds to its pool.
    parameters
        Circuit.
    progress
        Called with the fraction done.
    """
    p = parameters or WorkingMemoryParameters()
    design = [
        (w, condition, bias, k)
        for w in w_plus
        for condition in ("none", "single", "pair")
        for bias in biases_hz
        for k in range(trials)
    ]
    stimulated = {"none": (0.0, 0.0), "single": (1.0, 0.0), "pair": (1.0, 1.0)}
    drives = []
    for _, condition, bias, _ in design:
        first, second = (stimulus_hz * on for on in stimulated[condition])
        levels = {pool(1): (first + bias) / p.input_hz, pool(2): second / p.input_hz}
        drives.append(Drive.constant(levels, 2.0))
    circuits = [working_memory_circuit(replace(p, w_plus=w)) for w, *_ in design]
    recordings = run_trials(
        circuits, drives, trial_seeds(seed, len(design)), record_dt_ms=20.0, progress=progress
    )
    rows = [
        {
            "w_plus": w,
            "condition": condition,
            "bias_hz": bias,
            "trial": k,
            "first_hz": recording.mean_rate(pool(1), 0.8),
            "second_hz": recording.mean_rate(pool(2), 0.8),
        }
        for (w, condition, bias, k), recording in zip(design, recordings, strict=True)
    ]
    return pd.DataFrame(rows)


def fluctuation_trials(
    w_plus: Sequence[float],
    trials: int,
    duration_s: float,
    seed: int,
    parameters: WorkingMemoryParameters | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """How self-excitation colours spontaneous activity: one row a w+, seed and selective pool.

    Columns: ``rate_hz``; ``fano``, variance over mean of the pool's spike counts in 100 ms (1 for independent
    Poisson cells); ``lag1``, correlation of its counts in neighbouring 10 ms; ``branching``, branching ratio
    of a self-exciting process with the variability of its counts in 1 s (`neurosim.self_exciting`);
    ``timescale_s``, from multistep regression over 0.6 s (`neurosim.timescales`).
    """
    p = parameters or WorkingMemoryParameters()
    every = [replace(p, w_plus=w) for w in w_plus for _ in range(trials)]
    rest = Drive.constant({pool(1): 0.0}, duration_s)
    recordings = run_trials(
        [working_memory_circuit(one) for one in every],
        [rest] * len(every),
        trial_seeds(seed, len(every)),
        record_dt_ms=20.0,
        record_spikes=True,
        progress=progress,
    )
    rows = []
    for k, (one, recording) in enumerate(zip(every, recordings, strict=True)):
        for number in range(1, p.pools + 1):
            times = recording.spikes[pool(number)][0]
            fine = _counts(times, 0.01, 0.5, duration_s)
            coarse = _counts(times, 0.1, 0.5, duration_s)
            size = round(p.fraction * p.excitatory_size)
            rows.append(
                {
                    "w_plus": one.w_plus,
                    "trial": k % trials,
                    "pool": number,
                    "rate_hz": fine.mean() / 0.01 / size,
                    "fano": coarse.var(ddof=1) / coarse.mean(),
                    "lag1": np.corrcoef(fine[:-1], fine[1:])[0, 1],
                    "branching": branching_ratio_from_counts(_counts(times, 1.0, 0.5, duration_s)),
                    "timescale_s": multistep_regression(fine, 0.01, 60).tau_s,
                }
            )
    return pd.DataFrame(rows)


def spontaneous_rates_of(trials: pd.DataFrame) -> dict[str, Measurement]:
    """Mean rates (Hz) before the cue, of excitatory (``e``) and inhibitory (``i``) cells, over trials."""
    return {kind: mean_of(trials[f"spontaneous_{kind}_hz"], "Hz") for kind in ("e", "i")}


def persistence_of(trials: pd.DataFrame) -> pd.DataFrame:
    """For each w+: share of cued trials that hold, of uncued ones with a memory, and the delay rate.

    Returns
    -------
    DataFrame
        Columns w_plus, quantity (``persistence``, ``escape``, ``delay_rate``), value, low, high, n.
    """
    rows = []
    for (w, cued), group in trials.groupby(["w_plus", "cued"]):
        if cued:
            found = {"persistence": share_of(group["held"])}
            found["delay_rate"] = mean_of(group.loc[group["held"].astype(bool), "delay_hz"], "Hz")
        else:
            found = {"escape": share_of(group["any_held"])}
        for quantity, m in found.items():
            rows.append(
                {"w_plus": w, "quantity": quantity, "value": m.value, "low": m.low, "high": m.high, "n": m.n}
            )
    return pd.DataFrame(rows)


def bistable_window_of(trials: pd.DataFrame, rng: np.random.Generator) -> dict[str, Measurement]:
    """The window of w+ in which both states last: ``lower`` and ``upper`` edge, with bootstrap intervals.

    Lower edge: half of the cued trials hold at the end of the delay. Upper edge: half of the uncued trials
    have fallen into a memory by themselves. Both by linear interpolation of the shares between the
    values of w+ at which they were measured; NaN where the share never crosses a half.
    """
    cued = trials["cued"].astype(bool)
    return {
        "lower": _edge(trials[cued], "held", rng),
        "upper": _edge(trials[~cued], "any_held", rng),
    }


def _edge(trials: pd.DataFrame, outcome: str, rng: np.random.Generator) -> Measurement:
    w = trials["w_plus"].to_numpy(dtype=float)
    hit = trials[outcome].to_numpy(dtype=float)
    grid = np.unique(w)

    def crossing(chosen: np.ndarray) -> float:
        at = np.searchsorted(grid, w[chosen])
        shares = np.bincount(at, hit[chosen], grid.size) / np.maximum(np.bincount(at, minlength=grid.size), 1)
        # shares can only rise with w+; noise must not make two crossings
        shares = np.maximum.accumulate(shares)
        above = np.flatnonzero(shares >= 0.5)
        if above.size == 0 or above[0] == 0:
            return math.nan
        k = above[0]
        return float(np.interp(0.5, shares[k - 1 : k + 1], grid[k - 1 : k + 1]))

    return bootstrap_of(crossing, len(trials), "1", rng)


def _excitatory_rate(recording: Recording, p: WorkingMemoryParameters, start_s: float, stop_s: float):
    names = [*(pool(k) for k in range(1, p.pools + 1)), "rest"]
    size = round(p.fraction * p.excitatory_size)
    sizes = [size] * p.pools + [p.excitatory_size - p.pools * size]
    return float(np.average([recording.mean_rate(n, start_s, stop_s) for n in names], weights=sizes))


def _counts(times_s: np.ndarray, bin_s: float, start_s: float, stop_s: float) -> np.ndarray:
    bins = round((stop_s - start_s) / bin_s)
    return np.histogram(times_s, bins=bins, range=(start_s, start_s + bins * bin_s))[0].astype(float)
