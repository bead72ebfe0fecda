"""What the benchmarks make of their readings: table, checks, figures and report."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import pandas as pd

from studies.benchmark.base import Outcome, Reading
from studies.checks import Check, checks_json
from studies.figures import SavedFigure, house_style, save_figure
from studies.progress import Display
from studies.provenance import Stopwatch, cpu_model
from studies.report import Report, Table, write_report
from studies.run_folder import RunFolder, write_atomically

__all__ = ["conclude"]

TITLE = "Benchmarks"
HOW = (
    "CPU time of one thread, medians of repetitions taken by turns. Other programs may have loaded the "
    "machine: ratios are what to quote."
)


def conclude(
    outcomes: Mapping[str, Outcome],
    failures: Mapping[str, str],
    folder: RunFolder,
    watch: Stopwatch,
    display: Display,
    question: str,
) -> str:
    """Write everything that the benchmarks have to say; returns the table for people to read.

    Parameters
    ----------
    outcomes
        Benchmark -> what it found.
    failures
        Benchmark -> why it failed.
    folder, watch, display
        Where to, provenance, progress.
    question
        Of the study.
    """
    readings = [reading for outcome in outcomes.values() for reading in outcome.readings]
    skipped = {name: why for outcome in outcomes.values() for name, why in outcome.skipped.items()}
    notes = [note for outcome in outcomes.values() for note in outcome.notes]
    checks = [_check(reading) for reading in readings if reading.low is not None or reading.high is not None]
    write_atomically(folder.path / "checks.json", checks_json(checks))
    write_atomically(folder.path / "readings.csv", _csv(_frame(readings)))
    for name, outcome in outcomes.items():
        for table, frame in outcome.tables.items():
            write_atomically(folder.path / "tables" / name / f"{table}.csv", _csv(frame))
    figures = [figure for outcome in outcomes.values() for figure in _draw(outcome, folder)]
    machine = cpu_model()
    provenance = watch.stop(cpu_model=machine, skipped=skipped, failures=dict(failures))
    missing = [*(f"{k}: {v}" for k, v in skipped.items()), *(f"{k} failed: {v}" for k, v in failures.items())]
    write_report(
        Report(
            title=TITLE,
            question=question,
            summary=[("processor", machine), ("readings", len(readings))],
            missing=missing,
            design=[_table(readings, [HOW, *notes])],
            figures=figures,
            checks=checks,
            not_reached=[_sentence(r, c) for r, c in _pairs(readings, checks) if not c.passed],
            provenance=provenance,
        ),
        folder.path / "report.html",
    )
    folder.sweep()
    display.line(f"{sum(check.passed for check in checks)} of {len(checks)} goals reached")
    return _text(readings, [*notes, *(f"Skipped {k}: {v}." for k, v in skipped.items())], machine)


def _check(reading: Reading) -> Check:
    why = f"; {reading.explanation}" if reading.explanation else ""
    return Check(reading.name, reading.value, reading.low, reading.high, reading.unit, reading.job + why)


def _pairs(readings: Sequence[Reading], checks: Sequence[Check]) -> list[tuple[Reading, Check]]:
    by_name = {check.name: check for check in checks}
    return [(r, by_name[r.name]) for r in readings if r.name in by_name]


def _goal(reading: Reading) -> str:
    if reading.low is None and reading.high is None:
        return "–"
    if reading.low is None:
        return f"up to {reading.high:.4g}"
    if reading.high is None:
        return f"from {reading.low:.4g}"
    return f"{reading.low:.4g} to {reading.high:.4g}"


def _frame(readings: Sequence[Reading]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "name": r.name,
                "value": r.value,
                "smallest": r.spread[0],
                "largest": r.spread[1],
                "n": r.n,
                "low": r.low,
                "high": r.high,
                "unit": r.unit,
                "job": r.job,
                "explanation": r.explanation,
            }
            for r in readings
        ]
    )


def _csv(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False, lineterminator="\n")


def _draw(outcome: Outcome, folder: RunFolder) -> list[SavedFigure]:
    if outcome.figures is None:
        return []
    with house_style():
        return [
            save_figure(one.figure, folder.figures, one.name, one.data, one.caption)
            for one in outcome.figures(outcome.tables)
        ]


def _table(readings: Sequence[Reading], notes: Sequence[str]) -> Table:
    rows = [
        [r.name, r.value, f"{r.spread[0]:.4g} to {r.spread[1]:.4g}", r.n, _goal(r), r.unit, r.job]
        for r in readings
    ]
    header = ("name", "median", "range", "n", "goal", "unit", "job")
    return Table("Readings", header, rows, " ".join(notes))


def _text(readings: Sequence[Reading], notes: Sequence[str], machine: str, width: int = 130) -> str:
    lines = ["", f"{'reading':<38}{'median':>10}  {'range':<20}{'goal':<14}{'unit':<20}"]
    for r in readings:
        reached = (r.low is None or r.value >= r.low) and (r.high is None or r.value <= r.high)
        mark = "" if r.low is None and r.high is None else "reached" if reached else "NOT REACHED"
        spread = f"{r.spread[0]:.4g} to {r.spread[1]:.4g}" if r.n > 1 else ""
        lines.append(f"{r.name:<38}{r.value:>10.4g}  {spread:<20}{_goal(r):<14}{r.unit:<20}{mark}")
        for words in (r.job, r.explanation):
            lines += textwrap.wrap(words, width, initial_indent="    ", subsequent_indent="    ")
    return "\n".join([*lines, "", f"Processor: {machine}.", HOW, *notes, ""])


def _sentence(reading: Reading, check: Check) -> str:
    why = f" {reading.explanation}" if reading.explanation else ""
    unit = "" if reading.unit == "1" else f" {reading.unit}"
    return f"{reading.name}: {check.value:.4g}{unit}, goal {_goal(reading)}{unit}.{why}"
