"""Report: one HTML file that opens anywhere, with figures, checks, parameters and provenance inside it.

Every text is escaped on its way in, so no label, path or file name can become markup or script. The
file loads nothing from elsewhere.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from studies.checks import Check
from studies.figures import SavedFigure
from studies.run_folder import write_atomically

__all__ = ["Report", "Table", "render_report", "write_report"]


@dataclass(frozen=True)
class Table:
    """A table of the report.

    Parameters
    ----------
    title
        Above the table; empty for none.
    header
        Names of the columns.
    rows
        Cells, any values; numbers are written short, missing ones as a dash.
    note
        Below the table.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[object]]
    note: str = ""


@dataclass(frozen=True)
class Report:
    """What a report says, in the order in which it says it.

    Parameters
    ----------
    title, question
        Of the study.
    summary
        Short facts: (name, value).
    missing
        Agents that are missing and why, one sentence each.
    design
        What was done: tasks with their parameters, units and sources.
    agents
        Who took part, what was calibrated and what is predicted.
    figures
        The figures.
    checks
        The claims.
    not_reached
        Effects that were not reached, one sentence each.
    scorecard
        Values behind the scorecard.
    parameters
        All other parameters.
    citations
        Works that are used.
    provenance
        As provenance.json has it.
    """

    title: str
    question: str
    summary: Sequence[tuple[str, object]] = ()
    missing: Sequence[str] = ()
    design: Sequence[Table] = ()
    agents: Sequence[Table] = ()
    figures: Sequence[SavedFigure] = ()
    checks: Sequence[Check] = ()
    not_reached: Sequence[str] = ()
    scorecard: Sequence[Table] = ()
    parameters: Sequence[Table] = ()
    citations: Sequence[str] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)


def render_report(report: Report) -> str:
    """The HTML text of a report."""
    environment = Environment(
        loader=PackageLoader("studies", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["short"] = _short
    environment.filters["picture"] = _picture
    claims = [check for check in report.checks if check.predicted]
    passed = sum(check.passed for check in claims)
    return environment.get_template("report.html.jinja").render(
        report=report, passed=passed, claims=len(claims)
    )


def write_report(report: Report, path: Path) -> None:
    """Write a report, atomically."""
    write_atomically(path, render_report(report))


def _short(value: object) -> str:
    """A value as a cell: four figures for numbers, a dash for nothing."""
    if value is None or value != value:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}".replace("-", "\N{MINUS SIGN}", 1) if value < 0 else f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(_short(one) for one in value)
    return str(value)


def _picture(figure: SavedFigure) -> str:
    """A figure as the address of an embedded picture."""
    data = base64.b64encode(figure.path("png").read_bytes()).decode("ascii")
    return f"data:image/png;base64,{data}"
