"""The random-dot experiment on the decision circuit: accuracy and decision time against coherence.

``decision_trials`` simulates and returns one row a trial; the functions that end in ``_of`` summarise such
rows, whether they are from the spiking circuit or from its two-variable reduction.

References
----------
Wang, X.-J. (2002). Neuron, 36, 955-968. doi:10.1016/S0896-6273(02)01092-9
Roitman, J. D. & Shadlen, M. N. (2002). J Neurosci, 22, 9475-9489.
doi:10.1523/JNEUROSCI.22-21-09475.2002 (the experiment on monkeys)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize

from neurosim.circuits.decision import SIDES, DecisionParameters, decision_circuit, motion_drive
from neurosim.circuits.protocols.measurement import Measurement, bootstrap_of, mean_of, share_of
from neurosim.circuits.protocols.trials import Progress, run_trials, trial_seeds
from neurosim.recording import Recording

__all__ = [
    "MotionTask",
    "accuracy_of",
    "decision_course_trials",
    "decision_times_of",
    "decision_trials",
    "error_time_difference_of",
    "fit_weibull",
    "psychometric_of",
    "time_slope_of",
    "weibull",
]


@dataclass(frozen=True)
class MotionTask:
    """One trial: rest, then motion; decided as soon as the rate of a pool crosses the threshold.

    Times and threshold are those of the re-simulation that we are held against (Wang 2002 has 15 Hz too).
    """

    onset_s: float = 0.5
    stimulus_s: float = 2.5
    after_s: float = 0.0
    threshold_hz: float = 15.0

    @property
    def offset_s(self) -> float:
        """End of the stimulus (s)."""
        return self.onset_s + self.stimulus_s

    @property
    def duration_s(self) -> float:
        """End of the trial (s)."""
        return self.offset_s + self.after_s


def decision_trials(
    coherences: Sequence[float],
    trials: int,
    seed: int,
    first: int = 0,
    parameters: DecisionParameters | None = None,
    task: MotionTask | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Trials with motion to the left at every coherence.

    Parameters
    ----------
    coherences
        Motion coherence c, 0 to 1.
    trials
        Trials of each.
    seed
        Seed of the experiment: circuits and stimuli.
    first
        Number of the first trial; other parts of the same experiment hold the others.
    parameters, task
        Circuit, stimulus and trial.
    progress
        Called with the fraction done.

    Returns
    -------
    DataFrame
        coherence, trial, decided, correct (first pool across the threshold is ``left``; if undecided, the
        stronger pool at the end), time_s (decision time after onset; NaN if undecided), correct_at_end,
        winner_hz, loser_hz and inhibition_hz over the last 0.5 s of the stimulus, rest_e_hz and rest_i_hz
        before it, and after_hz, rate of the winner over the last 0.3 s of the trial.
    """
    p, task = parameters or DecisionParameters(), task or MotionTask()
    design = [(c, k) for c in coherences for k in range(first, first + trials)]
    seeds = []
    drives = []
    for c, k in design:
        # one stream a coherence and trial, whatever else is in the call
        own = np.random.SeedSequence(seed, spawn_key=(round(c * 1e6), k))
        seeds.append(int(own.generate_state(1)[0]))
        rng = np.random.default_rng(own.spawn(1)[0])
        drives.append(motion_drive(c, task.onset_s, task.offset_s, task.duration_s, rng, p))
    recordings = run_trials([decision_circuit(p)] * len(design), drives, seeds, progress=progress)
    rows = [
        {"coherence": c, "trial": k, **_row(recording, task, p)}
        for (c, k), recording in zip(design, recordings, strict=True)
    ]
    return pd.DataFrame(rows)


def decision_course_trials(
    coherences: Sequence[float],
    trials: int,
    seed: int,
    parameters: DecisionParameters | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Rates of both pools in single trials (columns coherence, trial, time_s, population, rate_hz)."""
    p, task = parameters or DecisionParameters(), MotionTask()
    design = [(c, k) for c in coherences for k in range(trials)]
    rngs = [np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(n,))) for n in range(len(design))]
    drives = [
        motion_drive(c, task.onset_s, task.offset_s, task.duration_s, rng, p)
        for (c, _), rng in zip(design, rngs, strict=True)
    ]
    recordings = run_trials(
        [decision_circuit(p)] * len(design), drives, trial_seeds(seed, len(design)), progress=progress
    )
    tables = []
    for (c, k), recording in zip(design, recordings, strict=True):
        rates = recording.rates["rate"].sel(unit=list(SIDES))[::4]
        table = rates.to_dataframe().reset_index()
        table.columns = pd.Index(["time_s", "population", "rate_hz"])
        tables.append(table.assign(coherence=c, trial=k))
    return pd.concat(tables, ignore_index=True)


def _row(recording: Recording, task: MotionTask, p: DecisionParameters) -> dict[str, object]:
    rates = recording.rates["rate"].sel(unit=list(SIDES))
    times = recording.rates["time"].values
    seen = (times > task.onset_s) & (times <= task.offset_s)
    above = rates.values[seen] > task.threshold_hz
    crossed = np.flatnonzero(above.any(axis=1))
    last = task.offset_s - 0.5
    ends = [recording.mean_rate(side, last, task.offset_s) for side in SIDES]
    decided = crossed.size > 0
    choice = int(np.argmax(rates.values[seen][crossed[0]])) if decided else int(np.argmax(ends))
    size = round(p.fraction * p.excitatory_size)
    before = [recording.mean_rate(n, 0.2, task.onset_s) for n in (*SIDES, "rest", "inhibition")]
    return {
        "decided": decided,
        "correct": choice == 0,
        "time_s": float(times[seen][crossed[0]] - task.onset_s) if decided else math.nan,
        "correct_at_end": ends[0] > ends[1],
        "winner_hz": max(ends),
        "loser_hz": min(ends),
        "inhibition_hz": recording.mean_rate("inhibition", last, task.offset_s),
        "rest_e_hz": float(np.average(before[:3], weights=[size, size, p.excitatory_size - 2 * size])),
        "rest_i_hz": before[3],
        "after_hz": recording.mean_rate(SIDES[int(np.argmax(ends))], task.duration_s - 0.3),
    }


def weibull(coherence: np.ndarray, alpha: float, beta: float) -> np.ndarray:
    """Psychometric function: probability of a correct choice 1 - exp(-(c / alpha)^beta) / 2.

    Parameters
    ----------
    coherence
        Coherence c, 0 to 1, any shape.
    alpha
        Threshold: coherence with 1 - 1/(2e) = 82 % correct.
    beta
        Slope.
    """
    return 1.0 - 0.5 * np.exp(-((np.asarray(coherence, dtype=float) / alpha) ** beta))


def fit_weibull(coherence: np.ndarray, correct: np.ndarray) -> tuple[float, float]:
    """Weibull threshold and slope of greatest likelihood.

    Parameters
    ----------
    coherence
        Coherence of each trial, shape (trial,).
    correct
        Whether its choice was correct, shape (trial,).

    Returns
    -------
    tuple of float
        alpha, beta; NaN where the trials do not determine them (all correct, or accuracy does not rise).
    """
    levels, at = np.unique(np.asarray(coherence, dtype=float), return_inverse=True)
    n = np.bincount(at)
    hits = np.bincount(at, np.asarray(correct, dtype=float))
    used = levels > 0.0
    if used.sum() < 2 or np.all(hits[used] == n[used]):
        return math.nan, math.nan

    def cost(logs: np.ndarray) -> float:
        p = np.clip(weibull(levels[used], *np.exp(logs)), 1e-9, 1.0 - 1e-9)
        return -float(np.sum(hits[used] * np.log(p) + (n - hits)[used] * np.log1p(-p)))

    starts = [np.log([alpha, beta]) for alpha in (0.05, 0.15) for beta in (0.8, 1.5)]
    best = min((optimize.minimize(cost, x, method="Nelder-Mead") for x in starts), key=lambda r: r.fun)
    alpha, beta = np.exp(best.x)
    if not (1e-3 < alpha < 2.0 and 0.1 < beta < 20.0):
        return math.nan, math.nan
    return float(alpha), float(beta)


def psychometric_of(
    trials: pd.DataFrame, rng: np.random.Generator, resamples: int = 200
) -> dict[str, Measurement]:
    """Weibull ``alpha`` (% coherence) and ``beta`` with bootstrap intervals over trials."""
    c = trials["coherence"].to_numpy(dtype=float)
    correct = trials["correct"].to_numpy(dtype=bool)
    streams = rng.spawn(2)
    return {
        "alpha": bootstrap_of(
            lambda k: 100.0 * fit_weibull(c[k], correct[k])[0], len(trials), "%", streams[0], resamples
        ),
        "beta": bootstrap_of(
            lambda k: fit_weibull(c[k], correct[k])[1], len(trials), "1", streams[1], resamples
        ),
    }


def accuracy_of(trials: pd.DataFrame) -> dict[float, Measurement]:
    """Share of correct choices at each coherence."""
    return {float(c): share_of(group["correct"]) for c, group in trials.groupby("coherence")}  # type: ignore[arg-type]


def decision_times_of(trials: pd.DataFrame) -> pd.DataFrame:
    """Mean decision time (ms) at each coherence, of correct choices and of errors.

    Returns
    -------
    DataFrame
        Columns coherence, correct, value, low, high, n.
    """
    rows = []
    for (c, correct), group in trials[trials["decided"].astype(bool)].groupby(["coherence", "correct"]):
        m = mean_of(1e3 * group["time_s"], "ms")
        rows.append(
            {"coherence": c, "correct": correct, "value": m.value, "low": m.low, "high": m.high, "n": m.n}
        )
    return pd.DataFrame(rows)


def time_slope_of(trials: pd.DataFrame, rng: np.random.Generator) -> Measurement:
    """Slope of the decision time of correct choices against log10 of coherence (ms a decade).

    Least squares over trials with coherence above 0, with a bootstrap interval.
    """
    right = trials["correct"].astype(bool) & trials["decided"].astype(bool)
    chosen = trials[(trials["coherence"] > 0) & right]
    x = np.log10(chosen["coherence"].to_numpy(dtype=float))
    y = 1e3 * chosen["time_s"].to_numpy(dtype=float)

    def slope(k: np.ndarray) -> float:
        return float(np.polyfit(x[k], y[k], 1)[0]) if np.ptp(x[k]) > 0 else math.nan

    return bootstrap_of(slope, len(chosen), "ms per decade", rng)


def error_time_difference_of(trials: pd.DataFrame, rng: np.random.Generator) -> Measurement:
    """How much longer errors take than correct choices (ms): mean over coherences that have both.

    Coherences are weighted by their number of errors: both sides are compared at the same difficulty.
    """
    chosen = trials[(trials["coherence"] > 0) & trials["decided"].astype(bool)]
    c = chosen["coherence"].to_numpy(dtype=float)
    right = chosen["correct"].to_numpy(dtype=bool)
    y = 1e3 * chosen["time_s"].to_numpy(dtype=float)

    def difference(k: np.ndarray) -> float:
        total, weight = 0.0, 0
        for level in np.unique(c[k]):
            at = k[c[k] == level]
            wrong, correct = at[~right[at]], at[right[at]]
            if wrong.size and correct.size:
                total += wrong.size * (y[wrong].mean() - y[correct].mean())
                weight += wrong.size
        return total / weight if weight else math.nan

    return bootstrap_of(difference, len(chosen), "ms", rng)
