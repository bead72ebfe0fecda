"""What a study makes of the tables of its exhibits: rows, checks, figures and report."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from studies.checks import Check, checks_json
from studies.exhibits.base import Exhibit, Row, Setting, rows_of
from studies.exhibits.run import Collected
from studies.figures import SavedFigure, house_style, save_figure
from studies.progress import Display
from studies.provenance import Stopwatch, cpu_model
from studies.report import Report, Table, write_report
from studies.run_folder import RunFolder, write_atomically

__all__ = ["Heading", "check_of", "conclude", "draw", "report_table", "table_text"]

UNEXPLAINED = "not explained"


@dataclass(frozen=True)
class Heading:
    """How a study calls itself, what it asks, and what its exhibits are (plural)."""

    title: str
    question: str
    exhibits: str


def conclude(
    exhibits: Sequence[Exhibit],
    setting: Setting,
    collected: Collected,
    folder: RunFolder,
    watch: Stopwatch,
    display: Display,
    heading: Heading,
) -> str:
    """Write everything that the study has to say; returns the table for people to read.

    Parameters
    ----------
    exhibits, setting, collected
        What was to run, how large, and what came back.
    folder
        Where to.
    watch
        Provenance, completed here.
    display
        Shows the stages.
    heading
        How the study calls itself and its exhibits.
    """
    done = [one for one in exhibits if one.name in collected.tables]
    rows: list[Row] = []
    for one in done:
        rows += rows_of(one, setting, one.find(setting, collected.tables[one.name]))
        write_atomically(folder.path / "methods" / f"{one.name}.txt", one.methods() + "\n")
    for row in rows:
        if row.unexplained:
            display.warn(f"{row.name} = {row.measured} is outside its tolerance, and no reason is known")
    write_atomically(folder.path / "rows.csv", _frame(rows).to_csv(index=False, lineterminator="\n"))
    checks = [check_of(row) for row in rows]
    write_atomically(folder.path / "checks.json", checks_json(checks))

    display.line("drawing figures")
    figures = [draw(number, one, setting, collected, folder) for number, one in enumerate(done, start=1)]
    missing = [f"{failure.label}: {failure.reason}" for failure in collected.failures]
    provenance = watch.stop(cpu_model=cpu_model(), parts_resumed=collected.resumed, failures=missing)
    write_report(
        Report(
            title=heading.title,
            question=heading.question,
            summary=[
                (heading.exhibits, len(done)),
                ("size", "quick" if setting.quick else "full"),
                ("wall-clock time (s)", provenance["wall_s"]),
            ],
            missing=missing,
            design=[report_table(one, rows) for one in done],
            figures=figures,
            checks=checks,
            not_reached=[_sentence(row) for row in rows if not row.agrees],
            parameters=[_methods_table(one) for one in done],
            citations=sorted(one.paper for one in done),
            provenance=provenance,
        ),
        folder.path / "report.html",
    )
    folder.sweep()
    display.line(f"{sum(row.agrees for row in rows)} of {len(rows)} numbers agree")
    return table_text(rows)


def check_of(row: Row) -> Check:
    """The row as a check; the reason of a disagreement stands in its source."""
    target, m = row.target, row.measured
    why = "" if row.agrees else f"; disagrees: {row.explanation or UNEXPLAINED}"
    low, high, value = target.low, target.high, m.value
    if target.whole_interval and not (math.isfinite(m.low) and math.isfinite(m.high)):
        # a sign cannot be told without an interval
        value = math.nan
    elif target.whole_interval:
        # the limits move by the half-widths: the value passes them where its interval passes its own; the
        # next number on, since an interval that ends at the limit does not lie inside
        low = None if low is None else math.nextafter(low + (m.value - m.low), math.inf)
        high = None if high is None else math.nextafter(high - (m.high - m.value), -math.inf)
    return Check(row.name, value, low, high, target.unit, target.source + why)


def table_text(rows: Sequence[Row], width: int = 150) -> str:
    """Published against measured, as text."""
    lines = []
    exhibit = source = ""
    why: str | None = None
    for row in rows:
        if row.exhibit != exhibit:
            exhibit = row.exhibit
            source, why = "", None
            lines += ["", exhibit.replace("_", " ")]
            lines.append(
                f"  {'quantity':<52}{'reference':>10} {'measured [95 % interval]':>34} {'tolerance':>20}  "
            )
        m, t = row.measured, row.target
        reference = "–" if t.reference is None else f"{t.reference:.4g}"
        measured = f"{m.value:.4g} [{m.low:.4g}, {m.high:.4g}]"
        unit = "" if t.unit == "1" else f" ({t.unit})"
        mark = "agrees" if row.agrees else "DISAGREES"
        lines.append(f"  {t.label + unit:<52}{reference:>10} {measured:>34} {_range(row):>20}  {mark}")
        if t.source != source:
            source = t.source
            lines += textwrap.wrap(source, width, initial_indent="      ", subsequent_indent="      ")
        if not row.agrees and row.explanation != why:
            why = row.explanation
            words = f"why: {why or UNEXPLAINED}"
            lines += textwrap.wrap(words, width, initial_indent="      ", subsequent_indent="      ")
    return "\n".join([*lines, ""])


def _range(row: Row) -> str:
    low, high = row.target.low, row.target.high
    if low is None:
        return f"up to {high:.4g}"
    if high is None:
        return f"from {low:.4g}"
    return f"{low:.4g} to {high:.4g}"


def _frame(rows: Sequence[Row]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "exhibit": row.exhibit,
                "quantity": row.target.quantity,
                "label": row.target.label,
                "reference": row.target.reference,
                "measured": row.measured.value,
                "ci_low": row.measured.low,
                "ci_high": row.measured.high,
                "n": row.measured.n,
                "tolerance_low": row.target.low,
                "tolerance_high": row.target.high,
                "unit": row.target.unit,
                "agrees": row.agrees,
                "source": row.target.source,
                "explanation": row.explanation,
            }
            for row in rows
        ]
    )


def draw(number: int, one: Exhibit, setting: Setting, collected: Collected, folder: RunFolder) -> SavedFigure:
    """Draw and save the figure of an exhibit as ``figure<number>_<name>``."""
    with house_style():
        drawing = one.draw(setting, collected.tables[one.name])
        name = f"figure{number}_{one.name}"
        return save_figure(drawing.figure, folder.figures, name, drawing.data, drawing.caption)


def report_table(one: Exhibit, rows: Sequence[Row]) -> Table:
    """The rows of an exhibit as a table of the report."""
    header = (
        "quantity",
        "reference",
        "measured",
        "95 % interval",
        "n",
        "tolerance",
        "unit",
        "agrees",
        "source",
    )
    cells = []
    for row in rows:
        if row.exhibit == one.name:
            m, t = row.measured, row.target
            interval = f"{m.low:.4g} to {m.high:.4g}"
            cells.append([t.label, t.reference, m.value, interval, m.n, _range(row), t.unit, row.agrees])
    return Table(one.title, header, cells, f"{one.paper} Sources: section Checks.")


def _methods_table(one: Exhibit) -> Table:
    return Table(
        f"{one.title}: equations and parameters", ("line",), [[line] for line in one.methods().splitlines()]
    )


def _sentence(row: Row) -> str:
    unit = "" if row.target.unit == "1" else f" {row.target.unit}"
    why = row.explanation or UNEXPLAINED
    return f"{row.name}: {row.measured.value:.4g}{unit}, tolerance {_range(row)}{unit}. {why}"
