"""Sensitivity and criterion apart: what a decrement over time on task is made of.

Parasuraman's rule: sensitivity falls with time on task where events are fast *and* the judgement takes
memory; elsewhere detections fall because the criterion rises. Parasuraman (1979),
doi:10.1126/science.472714. So d' and c are reported side by side for every task, with their changes from the
first to the last third and the intervals of these changes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bridges.measures import bootstrap_ci
from studies.agents import Agent
from studies.checks import Check
from studies.comparison.claims import positive
from studies.figures import look
from studies.report import Table
from studies.scorecard_figure import number
from studies.scores import Scores
from studies.sustained.design import TITLES

__all__ = ["DEMANDS", "decrement_checks", "decrement_table"]

DEMANDS = {
    "sart": ("fast (52/min)", "goal only"),
    "cpt_x": ("slow and fast (15 to 60/min)", "goal only"),
    "grad_cpt": ("fast (75/min)", "goal only"),
    "mackworth": ("fast (60/min)", "each step against the one before"),
}
"""Event rate and memory of each task with signals and non-signals."""

FAST_AND_MEMORY = ("mackworth",)
"""Where the rule says that sensitivity falls."""


def decrement_table(scores: Scores, agents: Sequence[str], studied: Sequence[str]) -> Table | None:
    """One row a task and agent: change of d' and of c, and what the change is made of."""
    rows: list[list[object]] = []
    for task in studied:
        if task not in DEMANDS:
            continue
        for agent in agents:
            if agent not in scores.agents(task):
                continue
            changes = [
                bootstrap_ci(scores.values(task, agent, name))
                for name in ("d_prime_change", "criterion_change")
            ]
            if not np.isfinite([change.estimate for change in changes]).all():
                continue
            shown = [f"{number(c.estimate)} [{number(c.low)}, {number(c.high)}]" for c in changes]
            moved = [c.low > 0 or c.high < 0 for c in changes]
            rows.append(
                [TITLES[task], *DEMANDS[task], look(agent).label, *shown, _words(changes[0].estimate, moved)]
            )
    if not rows:
        return None
    header = ("task", "events", "memory", "agent", "change of d'", "change of c", "what changed")
    note = (
        "Last third of the task minus first third, mean over participants with 95 % bootstrap interval. "
        "Parasuraman's rule expects a fall of d' where events are fast and the judgement takes memory, and a "
        "change of c alone elsewhere. A positive change of c: less inclined to press."
    )
    return Table("Sensitivity and criterion over time on task", header, rows, note)


def decrement_checks(scores: Scores, agents: Sequence[Agent], studied: Sequence[str]) -> list[Check]:
    """The rule for agents that carry arousal, where it says that sensitivity falls."""
    return [
        positive(
            bootstrap_ci(-scores.values(task, one.name, "d_prime_change")),
            f"{task}.rule.d_prime_fall.{one.name}",
            "1",
            "events are fast and the judgement takes memory, so d' falls with arousal on",
        )
        for task in studied
        if task in FAST_AND_MEMORY
        for one in agents
        if one.tires and one.name in scores.agents(task)
    ]


def _words(d_prime_change: float, moved: Sequence[bool]) -> str:
    sensitivity, criterion = moved
    if sensitivity:
        direction = "falls" if d_prime_change < 0 else "rises"
        return f"sensitivity {direction}" + (", and the criterion moves" if criterion else "")
    return "the criterion alone" if criterion else "neither, at this precision"
