"""Design of a comparison study: its tasks and agents, what was calibrated, and what it concludes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bridges.tasks.base import Task
from studies.agents import Agent
from studies.checks import Check
from studies.scores import Scores

if TYPE_CHECKING:
    import pandas as pd

    from studies.comparison.claims import Ablation
    from studies.figures import SavedFigure
    from studies.report import Table

__all__ = ["CalibrationText", "Design", "Findings", "Material"]


@dataclass(frozen=True)
class CalibrationText:
    """What was set and what is predicted, in words and by name.

    Parameters
    ----------
    fitted, by_hand, predicted
        Sentences for the report.
    tuned
        (task, measure) that were looked at while strengths were chosen by hand.
    """

    fitted: str
    by_hand: str
    predicted: str
    tuned: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, eq=False)
class Material:
    """What a conclusion is drawn from.

    Parameters
    ----------
    scores
        What was measured.
    agents
        The agents that were asked for, without people.
    names
        Names to draw, in order, people first where they are shown.
    studied
        Names of the tasks that somebody performed.
    calibrated
        (task, agent, measure) of what calibration set.
    card
        The scorecard.
    folder
        Of figures.
    """

    scores: Scores
    agents: Sequence[Agent]
    names: Sequence[str]
    studied: Sequence[str]
    calibrated: Collection[tuple[str, str, str]]
    card: pd.DataFrame
    folder: Path


@dataclass(frozen=True)
class Findings:
    """What a study makes of its material.

    Parameters
    ----------
    figures
        Draws and saves; None for a figure that there is nothing for.
    checks
        The claims.
    tables
        Further tables for the report.
    """

    figures: Callable[[Material], Sequence[SavedFigure | None]]
    checks: Callable[[Material], list[Check]]
    tables: Callable[[Material], Sequence[Table]] = lambda material: ()


@dataclass(frozen=True)
class Design:
    """A comparison study.

    Parameters
    ----------
    name
        Of its folder and its command.
    title, question
        Of the report.
    tasks, quick_tasks
        Task by name, at full and quick size.
    titles
        How figures write each task.
    agents
        Names of who takes part by default, ``"human"`` first.
    quick_agents
        Those that take part at quick size.
    baseline
        Task on which agents are calibrated, at quick size or not.
    calibration
        What was set by what.
    findings
        Loads what draws and concludes; called when everything has been performed, so that worker processes
        start without it.
    chosen_tasks
        Tasks that are run unless others are asked for; all if empty.
    ablations
        What its controls take away, by theory; gives who performs what with ``--ablations``.
    """

    name: str
    title: str
    question: str
    tasks: Mapping[str, Task]
    quick_tasks: Mapping[str, Task]
    titles: Mapping[str, str]
    agents: tuple[str, ...]
    quick_agents: tuple[str, ...]
    baseline: Callable[[bool], Task]
    calibration: CalibrationText
    findings: Callable[[], Findings]
    chosen_tasks: tuple[str, ...] = ()
    ablations: tuple[Ablation, ...] = ()

    @property
    def default_tasks(self) -> tuple[str, ...]:
        """Tasks that are run unless others are asked for."""
        return self.chosen_tasks or tuple(self.tasks)
