"""What the twin of a task's circuit learns from: pieces of sessions of that task, some of them disturbed.

Go/no-go tasks share one circuit, whose lessons cover more than any of them (`AttentionSource`). Every other
task wires the circuit in its own way, so its twin learns from the task itself: sessions of its own, cut at
the times that trials are known by, each piece behind the instruction that was given last before it, and each
with an individual and an arousal of its own. Some tasks know their trials by the probe; a piece of theirs
then begins with a probe whose cue was not seen, which a session never does.

A circuit that does its task well never shows how it comes back from a slip. A twin that has seen no slips
makes of a small error a larger one: so errors compound in everything that learns from good performance and
is then left alone (Ross et al. 2011, arXiv:1011.0686). So in most pieces single populations are pushed for a
moment, up or down, as an experimenter would by light; how often and how strongly is our own choice. The twin
is told of it: each population has a channel of its own for that, which is silent in tasks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

import numpy as np
import pandas as pd

from bridges.maps.twin_data import Stimulation
from bridges.participants.spiking import Individuality, driven, evoked, wiring_of
from bridges.session import Session
from bridges.tasks import TASKS, Task
from neurosim.circuit import Circuit, Input
from neurosim.circuits.attention import AttentionParameters, attention_circuit
from neurosim.circuits.attention_wiring import INSTRUCTION
from neurosim.drive import Drive

__all__ = ["TaskSource", "push_of", "task_of"]

AROUSAL = (0.85, 1.1)
"""Between which values arousal begins in a piece, to walk on from there; people begin near 1 and tire."""

BEFORE_S = 0.3
"""What of a session belongs to the piece before its first trial begins, and to an instruction (s)."""

SHORTEST_S = 12.0
"""Shortest piece (s)."""

DISTURBED = 0.6
"""Share of pieces with pushes."""

PUSH_HZ = 500.0
"""Strongest push: what it adds to, or takes from, the external input of a population (Hz)."""

PUSH_S = (0.04, 0.3)
"""Least and longest push (s)."""

PUSHES_PER_S = 1.0
"""How often pushes come in a disturbed piece."""


@dataclass(frozen=True)
class TaskSource:
    """The attention circuit as a task wires it, on pieces of its sessions.

    Parameters
    ----------
    task
        The task.
    parameters
        Of the average circuit.
    individuality
        Spread of individuals. Those of pieces differ half as much again: participants are within their reach.
    """

    task: Task
    parameters: AttentionParameters = field(default_factory=AttentionParameters)
    individuality: Individuality = field(default_factory=Individuality)
    example: str = field(init=False)
    """Hash of a session and what it evokes: what is learned depends on how sessions are made and sensed."""

    def __post_init__(self) -> None:
        table = evoked(self._session).to_csv(index=False, float_format="%.9g")
        text = f"{self._session.content_hash}\x1f{table}"
        object.__setattr__(self, "example", hashlib.sha256(text.encode()).hexdigest())

    @property
    def name(self) -> str:
        """Name of the task."""
        return self.task.name

    @property
    def duration_s(self) -> float:
        """Length of a piece (s), with the instruction before it: more than from one trial to the next."""
        onsets = self._session.trials["onset_s"].to_numpy(dtype=float)
        apart_s = float(np.median(np.diff(onsets))) if onsets.size > 1 else 0.0
        return max(SHORTEST_S, float(np.ceil(1.0 + 1.2 * apart_s)))

    @property
    def conditions(self) -> tuple[str, ...]:
        """What individuals differ in."""
        return ("habit", "self_excitation", "attention")

    def circuit(self, condition: Mapping[str, float]) -> Circuit:
        """The circuit of an individual, relative to the average one, with channels for pushes."""
        plain = attention_circuit(self.parameters.scaled(**condition), wiring_of(self._session))
        pushes = tuple(Input(push_of(name), name, rate_hz=PUSH_HZ) for name in plain.names)
        return replace(plain, inputs=plain.inputs + pushes)

    def draw(self, rng: np.random.Generator) -> Stimulation:
        """A piece of a session; see the module."""
        piece = self._cut(self.task.session(int(rng.integers(2**31))), rng)
        spread = self.individuality
        sd = 1.5 * np.array([spread.habit, spread.self_excitation, spread.attention])
        values = np.exp(rng.normal(size=3) * sd)
        return Stimulation(piece, dict(zip(self.conditions, map(float, values), strict=True)))

    @cached_property
    def _session(self) -> Session:
        return self.task.session(0)

    @cached_property
    def _populations(self) -> tuple[str, ...]:
        return self.circuit({}).names

    def _cut(self, session: Session, rng: np.random.Generator) -> Drive:
        events, duration_s = evoked(session), self.duration_s
        latest = max(session.duration_s - duration_s, 0.0)
        starts = session.trials["onset_s"].to_numpy(dtype=float) - BEFORE_S
        usable = starts[starts <= latest]
        start = max(float(rng.choice(usable)), 0.0) if usable.size else 0.0
        told = last_instruction(session, start)
        ahead = within(events, *told) if told else events[:0]
        room_s = told[1] - told[0] if told else 0.0
        rest = within(events, start, start + duration_s - room_s)
        piece = pd.concat([ahead, rest.assign(onset_s=rest["onset_s"] + room_s)], ignore_index=True)
        if rng.random() < DISTURBED:
            piece = pd.concat([piece, self._pushes(rng, duration_s)], ignore_index=True)
        walk = np.cumsum(0.01 * rng.normal(size=int(np.ceil(duration_s))))
        arousal = np.maximum(float(rng.uniform(*AROUSAL)) + walk, 0.5)
        return driven(piece, duration_s, arousal)

    def _pushes(self, rng: np.random.Generator, duration_s: float) -> pd.DataFrame:
        names = self._populations
        n = 1 + int(rng.poisson(PUSHES_PER_S * duration_s))
        onsets = rng.uniform(0.0, duration_s - PUSH_S[1], n)
        return pd.DataFrame(
            {
                "onset_s": onsets,
                "duration_s": rng.uniform(*PUSH_S, n),
                "channel": [push_of(names[k]) for k in rng.integers(len(names), size=n)],
                "level": rng.uniform(-1.0, 1.0, n),
            }
        )


def push_of(population: str) -> str:
    """Channel that pushes a population; silent in tasks."""
    return f"push/{population}"


def task_of(session: Session) -> Task:
    """The task that a session comes from, with the parameters that it was made with.

    Raises
    ------
    ValueError
        If the session is of no task of this package, or does not tell what made it: its parameters are not
        those of the task, or its rules are others.
    """
    if session.task not in TASKS:
        raise ValueError(
            f"a twin learns a task from sessions of its own making, and {session.task!r} is no task of this "
            f"package ({', '.join(sorted(TASKS))}): let the circuit itself take part"
        )
    given = {name: value for name, value in session.parameters.items() if name != "seed"}
    known = {one.name for one in fields(TASKS[session.task])}
    if set(given) != known:
        raise ValueError(
            f"{session!r} cannot be made again: its parameters are {sorted(given)}, those of "
            f"{session.task!r} are {sorted(known)}"
        )
    task = TASKS[session.task](**given)
    if wiring_of(task.session(0)) != wiring_of(session):
        raise ValueError(f"{session!r} has other rules than {session.task!r} has with the same parameters")
    return task


def last_instruction(session: Session, start_s: float) -> tuple[float, float] | None:
    """From when to when the instruction was given that holds at a time (s); None if none was before it."""
    events = session.events
    told = events[events["channel"].astype(str).str.startswith(INSTRUCTION) & (events["onset_s"] < start_s)]
    if told.empty:
        return None
    last = told[told["onset_s"] == told["onset_s"].max()]
    begin = float(last["onset_s"].iloc[0]) - BEFORE_S
    end = float((last["onset_s"] + last["duration_s"]).max()) + BEFORE_S
    return max(begin, 0.0), min(end, start_s)


def within(events: pd.DataFrame, start_s: float, stop_s: float) -> pd.DataFrame:
    """What of the events falls between two times, counted from the first."""
    on = events["onset_s"].clip(start_s, stop_s)
    off = (events["onset_s"] + events["duration_s"]).clip(start_s, stop_s)
    return events.assign(onset_s=on - start_s, duration_s=off - on)[off - on > 1e-6]
