"""What a comparison study makes of its performances: trials, results, figures, checks and report."""

from __future__ import annotations

from dataclasses import dataclass

from bridges.human.writers import as_record, write_bids
from bridges.participants.base import Performance
from studies.calibrated import calibrated_measures
from studies.checks import checks_json
from studies.comparison.design import Design, Material
from studies.exhibits.base import Exhibit, Row, Setting, rows_of
from studies.exhibits.conclusion import check_of, draw, report_table
from studies.exhibits.run import Collected
from studies.figures import house_style
from studies.people import People
from studies.progress import Display
from studies.provenance import Stopwatch
from studies.report import Report, write_report
from studies.report_tables import (
    agent_table,
    calibration_table,
    check_sentences,
    citations,
    missing_sentences,
    parameter_tables,
    scorecard_table,
    status_table,
    task_tables,
)
from studies.run_folder import RunFolder, write_atomically
from studies.runner import Outcome, Plan
from studies.scorecard import scorecard
from studies.scorecard_figure import draw_scorecard
from studies.scores import Scores, save_results, score
from studies.seeds import individual_seed

__all__ = ["Shown", "conclude"]


AFTER_SCORECARD = 5
"""Number of the first figure of an exhibit."""


@dataclass(frozen=True)
class Shown:
    """Exhibits that a study shows beside its tasks, their size, and what came back."""

    exhibits: tuple[Exhibit, ...]
    setting: Setting
    collected: Collected

    @property
    def done(self) -> list[Exhibit]:
        """Those that were finished."""
        return [one for one in self.exhibits if one.name in self.collected.tables]

    def rows(self) -> list[Row]:
        """Their numbers."""
        tables = self.collected.tables
        return [
            row
            for one in self.done
            for row in rows_of(one, self.setting, one.find(self.setting, tables[one.name]))
        ]


def conclude(
    design: Design,
    plan: Plan,
    outcome: Outcome,
    people: People,
    folder: RunFolder,
    watch: Stopwatch,
    display: Display,
    show_people: bool,
    shown: Shown,
) -> bool:
    """Write everything that the study has to say; True if no agent is missing.

    Parameters
    ----------
    design
        The study.
    plan, outcome, people
        Who was to perform what, who did, and the people beside them.
    folder
        Where to.
    watch
        Provenance, completed here.
    display
        Shows the stages.
    show_people
        Whether people are drawn from the reference table where their trials are not at hand.
    shown
        Exhibits beside the tasks.
    """
    display.line("writing trials and results")
    material = _material(design, plan, outcome, people, folder, show_people)
    _write_trials(design, plan, outcome, folder)
    _write_scores(design, material.scores, folder)
    findings = design.findings()
    rows = shown.rows()
    checks = findings.checks(material) + [check_of(row) for row in rows]
    write_atomically(folder.path / "checks.json", checks_json(checks))
    write_atomically(folder.path / "scorecard.csv", material.card.to_csv(index=False, lineterminator="\n"))

    display.line("drawing figures")
    with house_style():
        drawn = [figure for figure in findings.figures(material) if figure is not None]
        drawn.append(draw_scorecard(material.card, dict(design.titles), material.names, folder.figures))

    drawn += [
        draw(number, one, shown.setting, shown.collected, folder)
        for number, one in enumerate(shown.done, start=AFTER_SCORECARD)
    ]
    failures = [f"{one.label}: {one.reason}" for one in (*outcome.failures, *shown.collected.failures)]
    missing = missing_sentences(plan, outcome)
    provenance = watch.stop(performances_resumed=outcome.resumed, failures=failures)
    display.line("writing the report")
    write_report(
        Report(
            title=design.title,
            question=design.question,
            summary=_summary(design, plan, people, provenance),
            missing=missing,
            design=task_tables(plan),
            agents=[
                agent_table(plan, outcome, people),
                calibration_table(plan, outcome, design.calibration),
                status_table(material.card, design.titles, design.calibration),
            ],
            figures=drawn,
            checks=checks,
            not_reached=check_sentences(checks),
            scorecard=[
                scorecard_table(material.card, design.titles),
                *findings.tables(material),
                *(report_table(one, rows) for one in shown.done),
            ],
            parameters=parameter_tables(plan, outcome),
            citations=sorted({*citations(plan, material.card), *(one.paper for one in shown.done)}),
            provenance=provenance,
        ),
        folder.path / "report.html",
    )
    claims = [check for check in checks if check.predicted]
    passed = sum(check.passed for check in claims)
    folder.sweep()
    display.line(f"{passed} of {len(claims)} checks passed; see {folder.path / 'report.html'}")
    return not missing and len(shown.done) == len(shown.exhibits)


def _material(
    design: Design, plan: Plan, outcome: Outcome, people: People, folder: RunFolder, show_people: bool
) -> Material:
    scores = score(
        {**people.performed, **outcome.performed},
        people.published,
        {**people.numbers, **outcome.numbers},
        people.curves,
    )
    studied = [task.name for task in plan.tasks if scores.agents(task.name)]
    calibrated = calibrated_measures(plan, outcome)
    return Material(
        scores=scores,
        agents=plan.agents,
        names=[*(["human"] if people or show_people else []), *(one.name for one in plan.agents)],
        studied=studied,
        calibrated=calibrated,
        card=scorecard(scores, studied, calibrated=calibrated),
        folder=folder.figures,
    )


def _write_scores(design: Design, scores: Scores, folder: RunFolder) -> None:
    save_results(scores, folder.path / "results.nc", {"study": design.title, "question": design.question})
    for name, table in (("scores", scores.participants), ("curves", scores.curves)):
        if len(table):
            write_atomically(folder.path / f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))


def _write_trials(design: Design, plan: Plan, outcome: Outcome, folder: RunFolder) -> None:
    records = [
        as_record(
            session,
            Performance(responses),
            # BIDS labels know letters and digits only
            f"sub-{''.join(filter(str.isalnum, agent))}{number:03d}",
            agent=agent,
            seed=individual_seed(plan.seed, number),
        )
        for (task, agent), pairs in outcome.performed.items()
        for number, (session, responses) in zip(outcome.numbers[task, agent], pairs, strict=True)
    ]
    if records:
        write_bids(folder.trials, records, name=design.title, authors=["The neurosim developers"])


def _summary(design: Design, plan: Plan, people: People, provenance: dict) -> list[tuple[str, object]]:
    records = sum(len(pairs) for pairs in people.performed.values())
    records += sum(len(table) for table in people.published.values())
    return [
        ("participants of each agent", plan.participants),
        ("people", f"{records} records" if records else "cited reference table"),
        ("tasks", ", ".join(design.titles[task.name] for task in plan.tasks)),
        ("agents", len(plan.agents)),
        ("seed", plan.seed),
        ("wall time of this run", f"{provenance['wall_s']:.0f} s"),
    ]
