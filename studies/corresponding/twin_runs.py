"""Runs of the twin map: circuit and twins on inputs that no twin learned from, and both on the same tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from bridges.maps.twin import Twin, TwinConfig, training_trials, twin_of
from bridges.maps.twin_data import (
    BIN_S,
    AttentionSource,
    CircuitTrials,
    DecisionSource,
    Stimulation,
    simulate_trials,
)
from bridges.participants.base import Participant, Progress, no_progress
from bridges.participants.network_learning import cache_folder
from bridges.participants.spiking import SpikingParticipant
from bridges.participants.twin import TwinParticipant
from bridges.session import Session
from bridges.tasks import PVT, SART
from neurosim.circuits.decision import SIDES
from neurosim.drive import Drive
from studies.seeds import individual_seed, session_seed

__all__ = ["KINDS", "behaviour", "fidelity"]

Draw = Callable[[np.random.Generator], Stimulation]

KINDS = ("held_out", "amplitude", "cue_timing", "pulse", "lesion", "inhibition")
"""Inputs and parameters on which twins are tested; only the first kind is like the training trials."""

LOW_PASS_S, DECIDED_HZ = 0.1, 15.0


def _attention_tests(source: AttentionSource) -> dict[str, Draw]:
    def changed(trial: Stimulation, **condition: float) -> Stimulation:
        return replace(trial, condition={**trial.condition, **condition})

    def pulsed(rng: np.random.Generator) -> Stimulation:
        """A full input to one goal for 0.15 s, shorter than any cue of the training and at an unseen time."""
        trial = source.test(rng)
        goal = ("attend_go", "attend_no_go")[int(rng.integers(2))]
        return replace(trial, drive=_added(trial.drive, goal, float(rng.uniform(2.5, 4.0)), 0.15))

    return {
        "held_out": source.test,
        "amplitude": lambda rng: _stronger(source.test(rng), 2.0),
        "cue_timing": lambda rng: source.test(rng, unseen_cue=True),
        "pulse": pulsed,
        "lesion": lambda rng: changed(source.test(rng), attention=0.0),
        "inhibition": lambda rng: changed(source.test(rng), inhibition=1.2),
    }


def _decision_tests(source: DecisionSource) -> dict[str, Draw]:
    def motion(rng: np.random.Generator, onset_s: float | None = None) -> Drive:
        onset = float(rng.uniform(0.2, 0.5)) if onset_s is None else onset_s
        return source.motion(float(np.clip(rng.normal(0.0, 0.3), -1.0, 1.0)), onset, source.duration_s, rng)

    def pulsed(rng: np.random.Generator) -> Stimulation:
        """Longer or stronger than any pulse of the training: one and a half of a full input for 0.1 s."""
        side = SIDES[int(rng.integers(2))]
        return Stimulation(source.pulsed(motion(rng), float(rng.uniform(0.8, 1.2)), side, 0.1, 1.5))

    def lesion(rng: np.random.Generator) -> Stimulation:
        """The input of one side gone."""
        drive = motion(rng)
        levels = drive.levels.copy()
        levels[:, int(rng.integers(2))] = 0.0
        return Stimulation(replace(drive, levels=levels))

    return {
        "held_out": lambda rng: Stimulation(motion(rng)),
        "amplitude": lambda rng: _stronger(Stimulation(motion(rng)), 2.0),
        "cue_timing": lambda rng: Stimulation(motion(rng, float(rng.uniform(0.55, 0.75)))),
        "pulse": pulsed,
        "lesion": lesion,
        "inhibition": lambda rng: Stimulation(motion(rng), {"inhibition": 1.2}),
    }


def _stronger(trial: Stimulation, factor: float) -> Stimulation:
    return replace(trial, drive=replace(trial.drive, levels=factor * trial.drive.levels))


def _added(drive: Drive, channel: str, at_s: float, length_s: float) -> Drive:
    """The same with a full input on one channel for a while."""
    times = np.unique(np.round(np.concatenate([drive.times_s, [at_s, at_s + length_s]]), 7))
    held = np.searchsorted(drive.times_s, times + 1e-9, side="right") - 1
    channels = drive.channels if channel in drive.channels else (*drive.channels, channel)
    levels = np.zeros((times.size, len(channels)))
    levels[:, : len(drive.channels)] = drive.levels[held]
    on = (times >= at_s - 1e-9) & (times < at_s + length_s - 1e-9)
    levels[on, channels.index(channel)] = 1.0
    return Drive(times, levels, channels, drive.arousal[held], drive.duration_s)


def fidelity(
    circuit: str,
    seeds: Sequence[int],
    kinds: Sequence[str],
    inputs: int,
    repeats: int,
    quick: bool,
    samples: int = 32,
    progress: Progress = no_progress,
) -> pd.DataFrame:
    """Simulate inputs that no twin was trained on, and set twins of several training seeds beside the
    circuit.

    Parameters
    ----------
    circuit
        ``"attention"`` or ``"decision"``.
    seeds
        Training seeds of the twins, which learn from the same trials.
    kinds
        Of `KINDS`.
    inputs, repeats
        Inputs of each kind, and simulations of each input with noise of its own.
    quick
        Whether twins are small.
    samples
        Runs of a twin from which its mean response is taken.
    progress
        Called with the fraction done.

    Returns
    -------
    DataFrame
        Rows of ``row`` "response" (a kind, input and population: sums of squares in Hz, spikes, bits),
        "choice" (a kind and input, attention: a kind, input and stimulus) and "time" (a response time of
        circuit or twin).
    """
    source: AttentionSource | DecisionSource = (
        AttentionSource() if circuit == "attention" else DecisionSource()
    )
    tests = _attention_tests(source) if isinstance(source, AttentionSource) else _decision_tests(source)
    plain = TwinConfig.quick() if quick else TwinConfig()
    twins = _twins(source, plain, seeds, progress)
    rows: list[dict[str, object]] = []
    for number, kind in enumerate(kinds):
        rng = np.random.default_rng(np.random.SeedSequence(20_000, spawn_key=(KINDS.index(kind),)))
        trials = [tests[kind](rng) for _ in range(inputs)]
        again = [trial for trial in trials for _ in range(repeats)]
        noise = [int(s) for s in rng.integers(2**62, size=len(again))]
        done = simulate_trials(source, again, noise)
        for seed, twin in twins.items():
            found = _compare(twin, trials, again, done, repeats, samples, np.random.default_rng(seed))
            rows += [{"circuit": circuit, "seed": seed, "kind": kind, **row} for row in found]
        progress(0.5 + 0.5 * (number + 1) / len(kinds), f"{circuit}: {kind} inputs")
    return pd.DataFrame(rows)


def _twins(
    source: AttentionSource | DecisionSource, plain: TwinConfig, seeds: Sequence[int], progress: Progress
) -> dict[int, Twin]:
    trials = cache(lambda: training_trials(source, plain))
    twins = {}
    for k, seed in enumerate(seeds):
        twins[seed] = twin_of(source, replace(plain, seed=seed), cache_folder(), trials=trials)
        progress(0.5 * (k + 1) / len(seeds), f"twins of the {source.name} circuit")
    return twins


def _compare(
    twin, trials, again, done: CircuitTrials, repeats: int, samples: int, rng
) -> list[dict[str, object]]:
    n = len(trials)
    counts = done.counts.reshape(n, repeats, *done.counts.shape[1:]).astype(float)
    mean = twin.mean_course(*twin.encode(trials), samples, rng)
    sampled = twin.run(*twin.encode(again), rng.spawn(len(again)))
    return [
        *_responses(twin, counts, mean),
        *_choices(twin, trials, counts, sampled.counts.reshape(counts.shape), done.events, sampled.events),
    ]


def _responses(twin: Twin, counts: np.ndarray, mean: np.ndarray) -> list[dict[str, object]]:
    """Sums of squares of rates (Hz), so that populations of different size count by how much they vary."""
    to_hz = 1.0 / (BIN_S * np.array([p.size for p in twin.circuit.populations]))
    truth, centre = counts.mean(axis=1), counts.mean(axis=(0, 1, 2))
    noise = counts.var(axis=1, ddof=1)
    left = np.square(counts - mean[:, None]).mean(axis=(1, 2))
    within = noise.mean(axis=1)
    total = counts.var(axis=(0, 1, 2))
    gain = counts * (np.log(np.maximum(mean, 1e-9)) - np.log(centre))[:, None] - (mean - centre)[:, None]
    rows: list[dict[str, object]] = []
    for i in range(len(counts)):
        for p, name in enumerate(twin.populations):
            scale = to_hz[p] ** 2
            rows.append(
                {
                    "row": "response",
                    "input": i,
                    "population": name,
                    "residual": scale * float(np.square(truth[i, :, p] - mean[i, :, p]).sum()),
                    "noise": scale * float(noise[i, :, p].sum()) / counts.shape[1],
                    "spread": scale * float(np.square(truth[i, :, p] - truth[:, :, p].mean()).sum()),
                    "explained": scale * float(total[p] - left[i, p]),
                    "ceiling": scale * float(total[p] - within[i, p]),
                    "bits": float(gain[i, :, :, p].sum() / np.log(2.0)),
                    "spikes": float(counts[i, :, :, p].sum()),
                }
            )
    return rows


def _choices(twin, trials, counts, sampled, events, twin_events) -> list[dict[str, object]]:
    n, repeats = counts.shape[:2]
    if twin.responses:
        shape = (n, repeats, *events.shape[1:])
        return _presses(twin, trials, (counts, events.reshape(shape)), (sampled, twin_events.reshape(shape)))
    size = BIN_S * np.array([p.size for p in twin.circuit.populations])
    rows: list[dict[str, object]] = []
    sides = [(_lowpassed(c)[..., :2] / size[:2]) for c in (counts, sampled)]
    for i in range(n):
        onset = float(trials[i].drive.times_s[1])
        first = int(np.ceil(onset / BIN_S))
        late = [s[i, :, -15:].mean(axis=1) for s in sides]
        differences = [x[:, 0] - x[:, 1] for x in late]
        rows.append(_choice(i, [d > 0 for d in differences], [float(d.mean()) for d in differences]))
        for who, s in zip(("circuit", "twin"), sides, strict=True):
            reached = s[i, :, first:].max(axis=2) > DECIDED_HZ
            when = np.where(reached.any(axis=1), reached.argmax(axis=1), -1)
            rows += [{"row": "time", "input": i, "who": who, "time_s": BIN_S * w} for w in when if w >= 0]
    return rows


def _lowpassed(counts: np.ndarray) -> np.ndarray:
    """Counts behind an exponential low pass, alike for circuit and twin."""
    keep = float(np.exp(-BIN_S / LOW_PASS_S))
    out = np.zeros_like(counts, dtype=float)
    trace = np.zeros(counts.shape[:2] + counts.shape[3:])
    for t in range(counts.shape[2]):
        trace = keep * trace + (1.0 - keep) * counts[:, :, t]
        out[:, :, t] = trace
    return out


def _choice(i: int, chosen: Sequence[np.ndarray], difference: Sequence[float]) -> dict[str, object]:
    return {
        "row": "choice",
        "input": i,
        "circuit_share": float(chosen[0].mean()),
        "twin_share": float(chosen[1].mean()),
        "circuit_difference": difference[0],
        "twin_difference": difference[1],
    }


def _presses(twin: Twin, trials, circuit, other) -> list[dict[str, object]]:
    """To press or not after each stimulus, up to the next one or one second; and when."""
    press = twin.responses.index("decision.press")
    names = twin.populations
    pools = [names.index("decision.press"), names.index("decision.withhold")]
    size = BIN_S * twin.circuit.populations[pools[0]].size
    rows: list[dict[str, object]] = []
    for i, trial in enumerate(trials):
        for start, stop in _windows(trial.drive, circuit[0].shape[2]):
            chosen, differences = [], []
            for who, (counts, events) in zip(("circuit", "twin"), (circuit, other), strict=True):
                here = events[i, :, start:stop, press] > 0
                chosen.append(here.any(axis=1))
                pair = counts[i, :, start:stop][..., pools].mean(axis=1) / size
                differences.append(float((pair[:, 0] - pair[:, 1]).mean()))
                first = here.argmax(axis=1)[here.any(axis=1)]
                rows += [{"row": "time", "input": i, "who": who, "time_s": BIN_S * float(w)} for w in first]
            rows.append(_choice(i, chosen, differences))
    return rows


def _windows(drive: Drive, steps: int) -> list[tuple[int, int]]:
    """Bins from the onset of each stimulus to the next one, at most one second."""
    stimuli = [k for k, name in enumerate(drive.channels) if name in ("go", "no_go")]
    on = drive.levels[:, stimuli].max(axis=1) > 0
    onsets = drive.times_s[on & ~np.concatenate([[False], on[:-1]])]
    starts = np.ceil(onsets / BIN_S).astype(int)
    stops = np.minimum(np.append(starts[1:], steps), starts + round(1.0 / BIN_S))
    return [(int(a), int(b)) for a, b in zip(starts, np.minimum(stops, steps), strict=True) if b - a >= 15]


def behaviour(
    participants: int, twins: Sequence[int], seed: int, progress: Progress = no_progress
) -> pd.DataFrame:
    """Circuit and twins on the same sessions of SART and PVT, and two groups of other circuits on them too.

    Returns
    -------
    DataFrame
        One row a trial: ``who`` ("circuit", "twin", "other circuits", "third circuits"), ``twin`` (seed of
        its training, -1 for circuits), ``task``, ``participant``, ``block``, ``no_go``, ``answered``,
        ``response_time_s``.
    """
    sides: list[tuple[str, Participant, int, int]] = [
        *(("twin", TwinParticipant(twin=TwinConfig(seed=twin)), twin, 0) for twin in twins),
        ("circuit", SpikingParticipant(), -1, 0),
        ("other circuits", SpikingParticipant(), -1, 1000),
        ("third circuits", SpikingParticipant(), -1, 2000),
    ]
    tables = []
    for number, (who, participant, twin, shift) in enumerate(sides):
        for task in (SART(), PVT()):
            sessions = [task.session(session_seed(seed, k, task.name)) for k in range(participants)]
            seeds = [individual_seed(seed, k) + shift for k in range(participants)]
            for k, (session, done) in enumerate(
                zip(sessions, participant.perform(sessions, seeds), strict=True)
            ):
                scored = _scored(session, done)
                tables.append(scored.assign(who=who, twin=twin, task=task.name, participant=k))
        progress((number + 1) / len(sides), f"behaviour of the {who}")
    return pd.concat(tables, ignore_index=True)


def _scored(session: Session, done) -> pd.DataFrame:
    table = done.responses.scored(session)
    return pd.DataFrame(
        {
            "block": table["block"].astype(int),
            "no_go": table["trial_type"].astype(str) == "no_go",
            "answered": table["response"].notna(),
            "response_time_s": table["response_time_s"].astype(float),
        }
    )
