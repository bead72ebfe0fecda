"""What the command line of every comparison study has, and the plan that it makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bridges.tasks.base import Task
from studies.agents import Agent, agent, clashes
from studies.command import faults_of_size
from studies.comparison.design import Design
from studies.runner import Plan

__all__ = ["Options", "plan_of"]


@dataclass(frozen=True)
class Options:
    """What to run. The same values find the same run folder and go on there."""

    quick: bool = False
    """Small: 4 participants, few trials, small networks. For trying things out."""
    participants: int | None = None
    """Virtual participants of each agent; 20 if not given, 4 with --quick. The first ones stay the same."""
    tasks: tuple[str, ...] = ()
    """Tasks by name; those of the study if not given."""
    agents: tuple[str, ...] = ()
    """Who takes part; those of the study if not given, with --quick the main ones of them. Also
    module:function, called with quick= and calibration=, for one of your own."""
    ablations: bool = False
    """The causes of effects, instead of --agents: the spiking circuit, and each control that lacks one of its
    parts in those tasks where theory says what this part does."""
    human: tuple[Path, ...] = ()
    """Files or folders of people's trials (CSV, TSV or BIDS) to be scored like the agents; for tasks without
    any, people are drawn from the cited reference table."""
    seed: int = 1
    """Seed of everything random: participants, sessions, calibration."""
    out: Path = Path("runs")
    """Folder of all runs; this one becomes OUT/STUDY/DATE_HASH."""
    workers: int | None = None
    """Processes; as many as there are cores if not given, 0 to run in this process."""
    quiet: bool = False
    """Print nothing but warnings and, last, the run folder."""

    @property
    def number(self) -> int:
        """Participants of each agent."""
        return (4 if self.quick else 20) if self.participants is None else self.participants


def plan_of(design: Design, options: Options) -> Plan:
    """Agents and tasks by name.

    Raises
    ------
    ValueError
        Lists every fault at once, naming what is known.
    """
    faults: list[str] = []
    chosen: list[Agent] = []
    tasks: list[Task] = []
    for name in dict.fromkeys(asked_agents(design, options)):
        if name != "human":
            try:
                chosen.append(agent(name, options.quick))
            except ValueError as error:
                faults.append(str(error))
    if options.ablations and options.agents:
        faults.append("agents and ablations: --ablations says who takes part, so name no agents")
    if options.ablations and not design.ablations:
        faults.append(f"ablations: {design.name} names its controls as agents; see --agents")
    known: Mapping[str, Task] = design.quick_tasks if options.quick else design.tasks
    for name in dict.fromkeys(options.tasks or design.default_tasks):
        if name in known:
            tasks.append(known[name])
        else:
            faults.append(f"tasks: there is no {name!r}; known are {', '.join(known)}")
    faults += clashes(chosen)
    if options.number < 1:
        faults.append(f"participants = {options.number}, must be 1 or more")
    faults += faults_of_size(options.seed, options.workers)
    if not faults and not (chosen and tasks):
        faults.append("agents or tasks: nothing to run; name at least one of each besides human")
    if faults:
        raise ValueError("\n".join(faults))
    return Plan(
        tuple(chosen),
        tuple(tasks),
        options.number,
        options.seed,
        design.baseline(options.quick),
        4 if options.quick else 8,
        _without_claim(design, tasks) if options.ablations else frozenset(),
    )


def _without_claim(design: Design, tasks: Sequence[Task]) -> frozenset[tuple[str, str]]:
    """Controls and tasks of which theory says nothing."""
    names = [task.name for task in tasks]
    claimed = {(one.ablated, one.task) for one in design.ablations if one.task in names}
    return frozenset((control, name) for control, _ in claimed for name in names) - claimed


def asked_agents(design: Design, options: Options) -> tuple[str, ...]:
    """Names of who is to take part, people among them."""
    if options.ablations:
        tasks = options.tasks or design.default_tasks
        claims = [one for one in design.ablations if one.task in tasks]
        return tuple(dict.fromkeys(name for one in claims for name in (one.intact, one.ablated)))
    return options.agents or (design.quick_agents if options.quick else design.agents)
