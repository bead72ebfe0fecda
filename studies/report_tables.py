"""Tables and sentences of a report, from a plan and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import pandas as pd

from bridges.tasks.base import parameter_table
from studies.checks import Check
from studies.comparison.design import CalibrationText
from studies.figures import look
from studies.people import People
from studies.report import Table
from studies.runner import Outcome, Plan
from studies.scorecard import SET
from studies.scorecard_figure import number

__all__ = [
    "agent_table",
    "calibration_table",
    "check_sentences",
    "citations",
    "missing_sentences",
    "parameter_tables",
    "scorecard_table",
    "status_table",
    "task_tables",
]

MEASURES_CITED = (
    "Hautus 1995, Behav Res Methods 27:46-51, doi:10.3758/BF03203619 (d' and criterion)",
    "Efron & Tibshirani 1993, An Introduction to the Bootstrap, doi:10.1201/9780429246593 (intervals)",
)


def task_tables(plan: Plan) -> list[Table]:
    """One table a task: every parameter with unit and source."""
    tables = []
    for task in plan.tasks:
        rows = [[row["parameter"], row["value"], row["unit"], row["source"]] for row in parameter_table(task)]
        summary = getattr(task, "summary", lambda: "")
        tables.append(Table(task.name, ("parameter", "value", "unit", "source"), rows, summary()))
    return tables


def agent_table(plan: Plan, outcome: Outcome, people: People) -> Table:
    """Who took part."""
    rows: list[list[object]] = []
    if people.performed or people.published:
        for (task, _), pairs in people.performed.items():
            rows.append(["human", f"People's trials of {task}, scored by the same code.", len(pairs), "–"])
        for task, table in people.published.items():
            rows.append(["human", f"Published scores of {task}.", len(table), "–"])
    for one in plan.agents:
        borrowed = f"as {one.calibrated_as}" if one.calibrated_as else "itself"
        counts = {
            task.name: len(outcome.numbers.get((task.name, one.name), ())) for task in plan.tasks_of(one)
        }
        each = ", ".join(f"{task} {count}" for task, count in counts.items())
        finished = plan.participants if set(counts.values()) == {plan.participants} else each
        rows.append([look(one.name).label, one.about, finished, borrowed])
    note = " ".join(people.notes)
    return Table("", ("agent", "what it is", "participants", "calibrated"), rows, note)


def calibration_table(plan: Plan, outcome: Outcome, text: CalibrationText) -> Table:
    """The few numbers that were set, and what they were set on."""
    rows: list[list[object]] = []
    for name, record in outcome.calibrations.items():
        if not isinstance(record, Mapping):
            rows.append([look(name).label, "nothing: it runs with its defaults", "–", "–"])
            continue
        numbers = {k: v for k, v in record.items() if isinstance(v, (int, float)) and not isinstance(v, bool)}
        words = ", ".join(f"{k} = {v:.4g}" for k, v in numbers.items()) or "nothing"
        rows.append([look(name).label, words, _pair(record.get("target")), _pair(record.get("achieved"))])
    task = plan.calibration_task
    where = f"{plan.calibration_participants} reserved participants on {task.name}" if task else "nothing"
    note = (
        f"Calibrated on {where}, without arousal, with individuals who take no other part; then frozen. "
        f"{text.fitted} {text.by_hand} {text.predicted}"
    )
    return Table("Calibration", ("agent", "set", "target", "achieved"), rows, note)


def missing_sentences(plan: Plan, outcome: Outcome) -> list[str]:
    """Which agents or participants are missing where, and why."""
    sentences = []
    for task in plan.tasks:
        for one in plan.agents:
            if task not in plan.tasks_of(one):
                continue
            finished = len(outcome.numbers.get((task.name, one.name), ()))
            if finished == plan.participants:
                continue
            groups = {f"{one.name} on {task.name}", f"{one.calibrated_as or one.name} calibration"}
            reasons = [f"{f.label}: {f.reason}" for f in outcome.failures if f.group in groups]
            some = f"only {finished} of {plan.participants} participants finished; " if finished else ""
            why = "; ".join(reasons) if reasons else "not all of its participants finished"
            sentences.append(f"{one.name} on {task.name}: {some}{why}")
    return sentences


def check_sentences(checks: Sequence[Check]) -> list[str]:
    """One sentence for each check that failed."""
    return [
        f"{check.name}: {number(check.value)}{_plain(f' {check.unit}')}, must be {_range(check)}"
        for check in checks
        if check.predicted and not check.passed
    ]


def status_table(card: pd.DataFrame, titles: Mapping[str, str], text: CalibrationText) -> Table:
    """Each effect: set by calibration, looked at while tuning by hand, or predicted; and what came out."""
    agents = list(dict.fromkeys(card["agent"])) if len(card) else []
    rows = []
    kinds = card[["task", "measure"]].drop_duplicates().itertuples(index=False) if len(card) else ()
    for task, measure in kinds:
        cells = card[(card["task"] == task) & (card["measure"] == measure)]
        fitted = [look(a).label for a in cells.loc[cells["reached"] == SET, "agent"]]
        status = (
            f"calibrated ({', '.join(fitted)})"
            if fitted
            else "seen while strengths were chosen by hand"
            if (task, measure) in text.tuned
            else "predicted"
        )
        by_agent = {row["agent"]: row for row in cells.to_dict("records")}
        first = cells.iloc[0]
        band = f"{number(first['low'])} to {number(first['high'])}" if first["low"] == first["low"] else "–"
        results = [
            f"{number(by_agent[agent]['value'])} ({by_agent[agent]['reached']})" if agent in by_agent else "–"
            for agent in agents
        ]
        rows.append([titles[task], f"{first['label']}{_in(first['unit'])}", status, band, *results])
    header = ("task", "effect", "status", "human band", *(look(agent).label for agent in agents))
    return Table("Calibrated, predicted, result", header, rows)


def scorecard_table(card: pd.DataFrame, titles: Mapping[str, str]) -> Table:
    """The scorecard with sources."""
    rows = [
        [
            titles[row["task"]],
            row["label"],
            look(row["agent"]).label,
            f"{number(row['value'])} [{number(row['ci_low'])}, {number(row['ci_high'])}]",
            int(row["n"]),
            _plain(row["unit"]),
            f"{number(row['low'])} to {number(row['high'])}" if row["low"] == row["low"] else "–",
            row["reached"],
            "; ".join(part for part in (row["band_kind"], row["source"]) if part),
        ]
        for row in card.to_dict("records")
    ]
    header = ("task", "effect", "agent", "mean [95 % CI]", "n", "unit", "human band", "", "band and source")
    return Table("", header, rows)


def parameter_tables(plan: Plan, outcome: Outcome) -> list[Table]:
    """Every parameter of every agent, as it took part."""
    tables = []
    for one in plan.agents:
        if not any((task.name, one.name) in outcome.performed for task in plan.tasks):
            continue
        participant = one.build(outcome.calibrations.get(one.calibrated_as or one.name))
        rows = [[name, value] for name, value in _flat(participant)]
        if rows:
            tables.append(Table(look(one.name).label, ("parameter", "value"), rows))
    return tables


def citations(plan: Plan, card: pd.DataFrame) -> list[str]:
    """Works behind agents, tasks, human values and measures, each once."""
    works = [work for one in plan.agents for work in one.cites]
    works += [
        str(row["source"])
        for task in plan.tasks
        for row in parameter_table(task)
        if "doi" in str(row["source"])
    ]
    works += [source for source in card["source"] if source]
    return sorted(dict.fromkeys([*works, *MEASURES_CITED]))


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Fields of nested dataclasses as (dotted name, value)."""
    if not is_dataclass(value):
        return
    for entry in fields(value):
        inner = getattr(value, entry.name)
        if is_dataclass(inner):
            yield from _flat(inner, f"{prefix}{entry.name}.")
        else:
            yield f"{prefix}{entry.name}", inner


def _pair(record: object) -> str:
    if not isinstance(record, Mapping):
        return "–"
    return ", ".join(f"{name} = {value:.4g}" for name, value in record.items() if isinstance(value, float))


def _in(unit: str) -> str:
    return f" ({unit})" if _plain(unit) else ""


def _plain(unit: str) -> str:
    return "" if unit.strip() in ("1", "z", "fraction") else unit


def _range(check: Check) -> str:
    if check.low is None:
        return f"{number(check.high or 0.0)} or less"
    if check.high is None:
        return f"more than {number(check.low)} (its 95 % interval must lie above 0)"
    return f"between {number(check.low)} and {number(check.high)}"
