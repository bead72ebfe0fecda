"""What a twin learns from: a circuit's responses to inputs that cover what it may meet.

A source knows one circuit: which inputs and parameters it takes, how to draw them, and how to simulate them.
All else of the twin is the same for every circuit. Counts are spikes of each population in bins of 20 ms,
responses are those that the circuit gives itself while it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from neurosim.circuit import Circuit
from neurosim.circuits.attention import AttentionParameters, attention_circuit
from neurosim.circuits.attention_wiring import GO_NO_GO
from neurosim.circuits.decision import SIDES, DecisionParameters, decision_circuit, motion_drive
from neurosim.drive import Drive
from neurosim.engine import simulate

__all__ = [
    "BIN_S",
    "AttentionSource",
    "CircuitTrials",
    "DecisionSource",
    "Stimulation",
    "TwinSource",
    "inhibition_scaled",
    "levels_in_bins",
    "simulate_trials",
]

BIN_S = 0.02
"""Bin of inputs, counts and responses (s)."""

HELD_OUT_INHIBITION = (1.15, 1.25)
"""Strengths of inhibition that no training trial has; the perturbation of the test lies in the middle."""

HELD_OUT_CUE_S = (2.0, 4.5)
"""Times within a trial at which no training trial has a cue."""

ORDINARY = 0.7
"""Share of training trials of the attention circuit that are as in tasks: whole stimuli, one at a time, most
of them short, ordinary individuals and arousal. Perturbed trials teach too little about close decisions,
which errors depend on."""


@dataclass(frozen=True, eq=False)
class Stimulation:
    """One trial to simulate.

    Parameters
    ----------
    drive
        Input levels and arousal over time.
    condition
        Parameters of the circuit relative to its standard ones, 1 for the standard; `TwinSource.conditions`.
    """

    drive: Drive
    condition: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class CircuitTrials:
    """Trials of one circuit, all of the same length.

    Parameters
    ----------
    inputs
        Levels of the channels and arousal in each bin, shape (trial, bin, channel + 1).
    conditions
        Parameters, shape (trial, condition).
    counts
        Spikes of each population in each bin, shape (trial, bin, population).
    events
        1 where a response was given in the bin, shape (trial, bin, response).
    """

    inputs: np.ndarray
    conditions: np.ndarray
    counts: np.ndarray
    events: np.ndarray

    def __len__(self) -> int:
        return len(self.inputs)

    def chosen(self, which) -> CircuitTrials:
        """Some of the trials."""
        return CircuitTrials(
            self.inputs[which], self.conditions[which], self.counts[which], self.events[which]
        )


class TwinSource(Protocol):
    """A circuit that a twin can be made of."""

    @property
    def name(self) -> str:
        """Name of the circuit."""
        ...

    @property
    def duration_s(self) -> float:
        """Length of a training trial (s)."""
        ...

    @property
    def conditions(self) -> tuple[str, ...]:
        """Names of the parameters that may differ between trials."""
        ...

    def circuit(self, condition: Mapping[str, float]) -> Circuit:
        """The circuit with parameters relative to its standard ones."""
        ...

    def draw(self, rng: np.random.Generator) -> Stimulation:
        """A training trial."""
        ...


def levels_in_bins(drive: Drive, channels: Sequence[str], steps: int, bin_s: float = BIN_S) -> np.ndarray:
    """Mean level of each channel, and last mean arousal, in each bin.

    Parameters
    ----------
    drive
        Piecewise-constant input.
    channels
        Names in the wanted order; those that the drive does not have are 0.
    steps
        Number of bins.
    bin_s
        Width of a bin (s).

    Returns
    -------
    ndarray of float32
        Shape (bin, channel + 1).
    """
    values = np.zeros((drive.times_s.size, len(channels) + 1))
    for k, name in enumerate(channels):
        if name in drive.channels:
            values[:, k] = drive.levels[:, drive.channels.index(name)]
    values[:, -1] = drive.arousal
    edges = bin_s * np.arange(steps + 1)
    # the integral of a step function is exact at its change points and linear in between
    lengths = np.diff(np.append(drive.times_s, max(edges[-1], drive.times_s[-1]) + 1.0))
    knots = np.append(drive.times_s, drive.times_s[-1] + lengths[-1])
    area = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values * lengths[:, None], axis=0)])
    at_edges = np.stack([np.interp(edges, knots, column) for column in area.T], axis=1)
    return (np.diff(at_edges, axis=0) / bin_s).astype(np.float32)


def inhibition_scaled(circuit: Circuit, factor: float) -> Circuit:
    """The same circuit with every inhibitory conductance times `factor`."""
    return replace(
        circuit,
        projections=tuple(
            replace(p, weight=p.weight * factor) if p.receptor == "gaba" else p for p in circuit.projections
        ),
    )


def simulate_trials(
    source: TwinSource,
    trials: Sequence[Stimulation],
    seeds: Sequence[int],
    progress: Callable[[float], None] = lambda fraction: None,
) -> CircuitTrials:
    """Simulate trials of equal length and count spikes in bins.

    Parameters
    ----------
    source
        The circuit.
    trials
        What to simulate.
    seeds
        Seed of the background noise of each.
    progress
        Called with the fraction done.

    Raises
    ------
    ValueError
        If lengths differ.
    """
    durations = {trial.drive.duration_s for trial in trials}
    if len(durations) != 1:
        raise ValueError(f"trials last {sorted(durations)} s; all of one call must be equally long")
    steps = round(durations.pop() / BIN_S)
    circuits = [source.circuit(trial.condition) for trial in trials]
    recordings = []
    chunk = 64  # spikes of all trials at once would fill the memory
    for start in range(0, len(trials), chunk):
        here = slice(start, start + chunk)
        found = simulate(
            circuits[here], [t.drive for t in trials[here]], seeds[here], record_spikes=True, width=8
        )
        recordings += [_binned(circuits[0], recording, steps) for recording in found]
        progress(min(start + chunk, len(trials)) / len(trials))
    channels = circuits[0].channels
    return CircuitTrials(
        np.stack([levels_in_bins(t.drive, channels, steps) for t in trials]),
        np.array([[t.condition.get(c, 1.0) for c in source.conditions] for t in trials], dtype=np.float32),
        np.stack([counts for counts, _ in recordings]),
        np.stack([events for _, events in recordings]),
    )


def _binned(circuit: Circuit, recording, steps: int) -> tuple[np.ndarray, np.ndarray]:
    counts = np.zeros((steps, len(circuit.names)), dtype=np.float32)
    for k, name in enumerate(circuit.names):
        # a spike at the very end of a bin may be written a rounding error before or after it
        where = ((recording.spikes[name][0] + 1e-7) / BIN_S).astype(int)
        counts[:, k] = np.bincount(where[where < steps], minlength=steps)
    responses = circuit.readout.populations
    events = np.zeros((steps, len(responses)), dtype=np.float32)
    for when, which in zip(recording.response_times_s, recording.responses, strict=True):
        events[min(int(when / BIN_S), steps - 1), responses.index(str(which))] = 1.0
    return counts, events


@dataclass(frozen=True)
class AttentionSource:
    """The attention circuit with the wiring of all go/no-go tasks.

    Conditions are what individuals differ in (`AttentionParameters.scaled`), and what is perturbed:
    ``inhibition`` (every GABA conductance). A training trial has cues near its start and end, stimuli at
    random times and of random length, a drifting arousal and an individual of its own. Some of them are
    perturbed besides: stimuli of any intensity, two at a time, individuals twice as far apart, lesions,
    other inhibition.
    """

    name: str = "attention"
    duration_s: float = 8.0
    parameters: AttentionParameters = field(default_factory=AttentionParameters)

    @property
    def conditions(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return ("habit", "self_excitation", "attention", "inhibition")

    def circuit(self, condition: Mapping[str, float]) -> Circuit:
        """The circuit with these parameters."""
        factors = dict(condition)
        inhibition = factors.pop("inhibition", 1.0)
        return inhibition_scaled(attention_circuit(self.parameters.scaled(**factors), GO_NO_GO), inhibition)

    def draw(self, rng: np.random.Generator) -> Stimulation:
        """A training trial; see the class."""
        perturbed = bool(rng.random() >= ORDINARY)
        person = self._perturbed(rng) if perturbed else self._ordinary(rng)
        return Stimulation(self._drive(rng, self.cue_times_s(rng), perturbed), person)

    def test(self, rng: np.random.Generator, unseen_cue: bool = False) -> Stimulation:
        """A trial of a standard individual, for tests: full-length cues; times as in training, or unseen."""
        times = [float(rng.uniform(*HELD_OUT_CUE_S))] if unseen_cue else [float(rng.uniform(0.1, 1.0))]
        return Stimulation(self._drive(rng, times), self._ordinary(rng))

    def cue_times_s(self, rng: np.random.Generator) -> list[float]:
        """When cues come: one near the start of most trials, at times another near the end."""
        times = [float(rng.uniform(0.1, 1.0))] if rng.random() < 0.85 else []
        if rng.random() < 0.3:
            times.append(float(rng.uniform(HELD_OUT_CUE_S[1], self.duration_s - 1.0)))
        return times

    def _ordinary(self, rng: np.random.Generator) -> dict[str, float]:
        habit, self_excitation, attention = np.exp(rng.normal(size=3) * [0.08, 0.02, 0.10])
        values = (habit, self_excitation, attention, 1.0)
        return dict(zip(self.conditions, map(float, values), strict=True))

    def _perturbed(self, rng: np.random.Generator) -> dict[str, float]:
        habit, self_excitation, attention = np.exp(rng.normal(size=3) * [0.16, 0.04, 0.2])
        inhibition = 1.0
        if rng.random() < 0.35:
            inhibition = float(rng.uniform(0.75, 1.45))
            while HELD_OUT_INHIBITION[0] <= inhibition <= HELD_OUT_INHIBITION[1]:
                inhibition = float(rng.uniform(0.75, 1.45))
        if rng.random() < 0.15:
            attention = float(rng.uniform(0.1, 1.0))
        if rng.random() < 0.1:
            self_excitation = float(rng.uniform(0.5, 1.0))
        values = (habit, self_excitation, attention, inhibition)
        return dict(zip(self.conditions, map(float, values), strict=True))

    def _drive(self, rng: np.random.Generator, cue_times_s: Sequence[float], perturbed: bool = True) -> Drive:
        onsets, lengths, channels, levels = [], [], [], []

        def add(onset: float, length: float, channel: str, level: float) -> None:
            if onset < self.duration_s:
                onsets.append(onset)
                lengths.append(min(length, self.duration_s - onset))
                channels.append(channel)
                levels.append(level)

        for at in cue_times_s:
            goal = "attend_go" if rng.random() < 0.5 else "attend_no_go"
            add(at, float(rng.uniform(0.3, 1.0)), goal, float(rng.uniform(0.7, 1.0)))
        now = float(rng.uniform(0.3, 2.5))
        while now < self.duration_s:
            stimulus, other = ("go", "no_go") if rng.random() < 0.65 else ("no_go", "go")
            level = float(rng.uniform(0.0, 1.0)) if perturbed and rng.random() < 0.3 else 1.0
            short = rng.random() < (0.4 if perturbed else 0.8)
            length = 0.25 if short else float(rng.uniform(0.1, 1.2))
            add(now, length, stimulus, level)
            if perturbed and rng.random() < 0.1:
                add(now, length, other, float(rng.uniform(0.0, 1.0)))
            now += length + float(rng.uniform(0.1, 2.2))
        if not onsets:
            add(1.0, 0.25, "go", 1.0)
        seconds = int(np.ceil(self.duration_s))
        start = float(rng.uniform(0.78, 1.1) if perturbed else rng.uniform(0.88, 1.08))
        arousal = np.maximum(start + np.cumsum(0.01 * rng.normal(size=seconds)), 0.5)
        return Drive.from_events(
            onsets, lengths, channels, levels, self.duration_s, np.asarray(arousal), arousal_dt_s=1.0
        )


@dataclass(frozen=True)
class DecisionSource:
    """The published decision circuit (Wang 2002) with random-dot stimuli.

    Its one condition is ``inhibition``. A training trial has any coherence and any mean rate up to that of
    the paper, a stimulus of random onset and length, and in some trials a pulse of one side alone.
    """

    name: str = "decision"
    duration_s: float = 2.0
    parameters: DecisionParameters = field(default_factory=DecisionParameters)

    @property
    def conditions(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return ("inhibition",)

    def circuit(self, condition: Mapping[str, float]) -> Circuit:
        """The circuit with this strength of inhibition."""
        return inhibition_scaled(decision_circuit(self.parameters), condition.get("inhibition", 1.0))

    def draw(self, rng: np.random.Generator) -> Stimulation:
        """A training trial; see the class."""
        early = rng.random() < 0.8
        onset_s = float(rng.uniform(0.2, 0.5) if early else rng.uniform(0.8, 1.0))
        offset_s = min(onset_s + float(rng.uniform(0.5, 1.6)), self.duration_s)
        strength = float(rng.uniform(0.3, 1.0)) if rng.random() < 0.5 else 1.0
        coherence = float(np.clip(rng.normal(0.0, 0.35), -1.0, 1.0))
        drive = self.motion(coherence, onset_s, offset_s, rng, strength)
        if rng.random() < 0.3:
            drive = self.pulsed(drive, float(rng.uniform(0.2, 1.6)), SIDES[int(rng.integers(2))],
                                float(rng.uniform(0.05, 0.2)), float(rng.uniform(0.3, 1.0)))  # fmt: skip
        inhibition = 1.0
        if rng.random() < 0.35:
            inhibition = float(rng.uniform(0.8, 1.4))
            while HELD_OUT_INHIBITION[0] <= inhibition <= HELD_OUT_INHIBITION[1]:
                inhibition = float(rng.uniform(0.8, 1.4))
        return Stimulation(drive, {"inhibition": inhibition})

    def motion(
        self,
        coherence: float,
        onset_s: float,
        offset_s: float,
        rng: np.random.Generator,
        strength: float = 1.0,
    ) -> Drive:
        """The stimulus of a trial with its mean rate times `strength`."""
        plain = motion_drive(coherence, onset_s, offset_s, self.duration_s, rng, self.parameters)
        return replace(plain, levels=plain.levels * strength)

    def pulsed(self, drive: Drive, at_s: float, side: str, length_s: float, level: float) -> Drive:
        """The same with a pulse on one side added."""
        stop_s = min(at_s + length_s, self.duration_s - 1e-3)
        times = np.unique(np.round(np.concatenate([drive.times_s, [at_s, stop_s]]), 7))
        held = np.searchsorted(drive.times_s, times + 1e-9, side="right") - 1
        levels = drive.levels[held].copy()
        on = (times >= at_s - 1e-9) & (times < stop_s - 1e-9)
        levels[on, SIDES.index(side)] += level
        return Drive(times, levels, drive.channels, np.ones(times.size), drive.duration_s)
