"""Runner: every agent performs the same sessions; what is finished stays finished.

Participant i of every agent gets session i of a task, so all are scored on the same trials. Answers
are stored batch by batch and read back before anything is computed, so a run that was killed and
resumed computes on the same bytes as one that was not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bridges.participants.base import Progress
from bridges.session import Responses, Session
from bridges.tasks.base import Task
from neurosim.engine import announce
from studies.agents import Agent, agent
from studies.performances import PerformanceKey, PerformanceStore
from studies.pool import Failure, run_jobs
from studies.progress import Display
from studies.run_folder import RunFolder, write_json
from studies.seeds import CALIBRATION_OFFSET, individual_seed, session_seed

__all__ = ["Outcome", "Plan", "perform_plan", "sessions_of"]

CALIBRATION = " calibration"


@dataclass(frozen=True)
class Plan:
    """Who performs what.

    Parameters
    ----------
    agents
        The agents, without people.
    tasks
        The tasks, each with its own parameters.
    participants
        Participants of each agent.
    seed
        The seed of the study.
    calibration_task
        Baseline on which agents are calibrated; never one of the individuals that are predicted.
    calibration_participants
        How many reserved individuals calibrate each agent.
    left_out
        (agent, task), by name, of what is not performed.
    """

    agents: tuple[Agent, ...]
    tasks: tuple[Task, ...]
    participants: int
    seed: int
    calibration_task: Task | None = None
    calibration_participants: int = 2
    left_out: frozenset[tuple[str, str]] = frozenset()

    def tasks_of(self, one: Agent) -> tuple[Task, ...]:
        """The tasks that an agent is to perform."""
        return tuple(task for task in self.tasks if (one.name, task.name) not in self.left_out)


@dataclass(frozen=True)
class Outcome:
    """What came back.

    Parameters
    ----------
    performed
        (task, agent) -> one (session, responses) for each participant that finished.
    numbers
        (task, agent) -> numbers of these participants, in the same order.
    failures
        Jobs that failed.
    calibrations
        agent that was calibrated -> its record; variants borrow one of these.
    resumed
        How many participants' performances were found finished.
    """

    performed: dict[tuple[str, str], list[tuple[Session, Responses]]]
    numbers: dict[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    calibrations: dict[str, Any] = field(default_factory=dict)
    resumed: int = 0


@dataclass(frozen=True)
class _Batch:
    """Some participants of one agent on one task."""

    agent: Agent
    task: Task
    numbers: tuple[int, ...]
    total: int
    seed: int
    calibration: Mapping[str, object] | None
    sessions: tuple[Session, ...] = field(repr=False)

    @property
    def label(self) -> str:
        first, last = self.numbers[0] + 1, self.numbers[-1] + 1
        who = f"participant {first}" if first == last else f"participants {first}-{last}"
        return f"{self.agent.name}, {self.task.name}, {who} of {self.total}"

    @property
    def group(self) -> str:
        return f"{self.agent.name} on {self.task.name}"

    @property
    def weight(self) -> float:
        return self.agent.cost * sum(session.duration_s for session in self.sessions)

    @property
    def seeds(self) -> list[int]:
        return [individual_seed(self.seed, number) for number in self.numbers]

    def each(self) -> list[_Batch]:
        """The same participants, each in a batch of its own."""
        return [
            replace(self, numbers=(number,), sessions=(session,))
            for number, session in zip(self.numbers, self.sessions, strict=True)
        ]

    def keys(self) -> list[PerformanceKey]:
        """What each stored performance must answer to."""
        return [
            PerformanceKey(
                self.task.name,
                self.agent.name,
                number,
                session.content_hash,
                self.agent.digest(seed, self.calibration),
            )
            for number, seed, session in zip(self.numbers, self.seeds, self.sessions, strict=True)
        ]


@dataclass(frozen=True)
class _Calibration:
    """Calibrating one agent on reserved individuals."""

    agent: Agent
    task: Task
    participants: int
    seed: int

    @property
    def label(self) -> str:
        return f"{self.agent.name}, calibration on {self.task.name}"

    @property
    def group(self) -> str:
        return self.agent.name + CALIBRATION

    @property
    def weight(self) -> float:
        return self.agent.cost


def sessions_of(task: Task, participants: int, seed: int) -> tuple[Session, ...]:
    """Session i for participant i of every agent."""
    return tuple(task.session(session_seed(seed, number, task.name)) for number in range(participants))


def perform_plan(plan: Plan, folder: RunFolder, display: Display, workers: int) -> Outcome:
    """Calibrate, freeze, perform; resume where an earlier run of the same plan stopped.

    Parameters
    ----------
    plan
        Who performs what.
    folder
        Where performances are stored.
    display
        Shows the progress.
    workers
        Processes; 0: run in this one.
    """
    if any(one.simulates for one in plan.agents):
        # here, so that every worker does not say it for itself
        announce()
    calibrations, failures = _calibrate(plan, folder, display, workers)
    lost = {failure.group.removesuffix(CALIBRATION) for failure in failures}
    sessions = {task.name: sessions_of(task, plan.participants, plan.seed) for task in plan.tasks}
    batches = [
        batch
        for one in plan.agents
        if _base(one) not in lost
        for task in plan.tasks_of(one)
        for batch in _batches(plan, one, task, sessions[task.name], calibrations.get(_base(one)))
    ]
    store = PerformanceStore(folder.performances)
    finished: dict[PerformanceKey, Responses] = {}

    def restore(batch: _Batch) -> bool:
        """Take a batch from the store; False unless it is there as a whole."""
        found = {key: store.load(key) for key in batch.keys()}
        whole = {key: responses for key, responses in found.items() if responses is not None}
        if len(whole) < len(found):
            return False
        finished.update(whole)
        return True

    # a batch is done again as a whole: its members then have the same company as in an unbroken run
    todo = [batch for batch in batches if not restore(batch)]
    resumed = len(finished)
    if resumed:
        display.line(
            f"resuming: {resumed} of {sum(len(b.numbers) for b in batches)} performances are finished"
        )

    def keep(batch: _Batch, answers: list[Responses]) -> None:
        for key, responses in zip(batch.keys(), answers, strict=True):
            store.save(key, responses)
            stored = store.load(key)
            if stored is None:
                raise RuntimeError(f"{store.path(key)} cannot be read back after writing; check the disk")
            finished[key] = stored

    failed = run_jobs(_perform, todo, keep, workers=workers, display=display)
    # one individual that fails must not take the company of its batch with it
    together = {batch.label for batch in todo if len(batch.numbers) > 1}
    alone = [
        single
        for batch in todo
        if batch.label in together and batch.keys()[0] not in finished
        for single in batch.each()
        if not restore(single)
    ]
    failures += [failure for failure in failed if failure.label not in together]
    if alone:
        failures += run_jobs(_perform, alone, keep, workers=workers, display=display)
    performed, numbers = _finished(batches, finished)
    return Outcome(performed, numbers, failures, calibrations, resumed)


def _batches(
    plan: Plan, agent: Agent, task: Task, sessions: Sequence[Session], calibration: Any
) -> list[_Batch]:
    starts = range(0, plan.participants, agent.batch)
    groups = [tuple(range(start, min(start + agent.batch, plan.participants))) for start in starts]
    return [
        _Batch(
            agent, task, group, plan.participants, plan.seed, calibration, tuple(sessions[i] for i in group)
        )
        for group in groups
    ]


def _finished(
    batches: Sequence[_Batch], finished: Mapping[PerformanceKey, Responses]
) -> tuple[dict[tuple[str, str], list[tuple[Session, Responses]]], dict[tuple[str, str], tuple[int, ...]]]:
    """Pairs of session and responses, and numbers of those who finished, for each task and agent."""
    pairs: dict[tuple[str, str], list[tuple[Session, Responses]]] = {}
    numbers: dict[tuple[str, str], tuple[int, ...]] = {}
    for batch in batches:
        cell = (batch.task.name, batch.agent.name)
        for key, session in zip(batch.keys(), batch.sessions, strict=True):
            if key in finished:
                pairs.setdefault(cell, []).append((session, finished[key]))
                numbers[cell] = (*numbers.get(cell, ()), key.participant)
    return pairs, numbers


def _calibrate(
    plan: Plan, folder: RunFolder, display: Display, workers: int
) -> tuple[dict[str, Any], list[Failure]]:
    path = folder.path / "calibration.json"
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    if plan.calibration_task is None:
        return {}, []
    bases = {_base(one): _intact(one) for one in plan.agents}
    todo = [
        _Calibration(base, plan.calibration_task, plan.calibration_participants, plan.seed)
        for name, base in bases.items()
        if name not in known
    ]

    def keep(job: _Calibration, record: Any) -> None:
        known[job.agent.name] = record
        # in the order of the agents, whoever was finished first
        write_json(path, {name: known[name] for name in bases if name in known})

    failures = run_jobs(_calibrate_agent, todo, keep, workers=workers, display=display)
    # one spelling of every number, whether it was just measured or read back
    return json.loads(json.dumps(known)), failures


def _base(one: Agent) -> str:
    return one.calibrated_as or one.name


def _intact(variant: Agent) -> Agent:
    """The agent whose calibration `variant` uses: itself, or the one it varies."""
    return agent(variant.calibrated_as, variant.quick) if variant.calibrated_as else variant


def _calibrate_agent(job: _Calibration, progress: Progress) -> Any:
    participant = job.agent.build()
    hook = getattr(participant, "calibrate", None)
    if hook is None:
        return None
    numbers = range(CALIBRATION_OFFSET, CALIBRATION_OFFSET + job.participants)
    sessions = [job.task.session(session_seed(job.seed, number, job.task.name)) for number in numbers]
    return hook(sessions, [individual_seed(job.seed, number) for number in numbers], progress)


def _perform(batch: _Batch, progress: Progress) -> list[Responses]:
    participant = batch.agent.build(batch.calibration)
    performances = participant.perform(batch.sessions, batch.seeds, progress)
    if len(performances) != len(batch.sessions):
        raise RuntimeError(
            f"{batch.agent.name} returned {len(performances)} performances for {len(batch.sessions)} sessions"
        )
    return [performance.responses for performance in performances]
