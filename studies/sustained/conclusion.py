"""What the study of sustained attention makes of its performances: tables, figures, checks and report."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bridges.human.writers import as_record, write_bids
from bridges.participants.base import Performance
from studies.calibrated import calibrated_measures
from studies.checks import checks_json
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
    task_tables,
)
from studies.run_folder import RunFolder, write_atomically
from studies.runner import Outcome, Plan
from studies.scorecard import scorecard
from studies.scorecard_figure import draw_scorecard
from studies.scores import save_results, score
from studies.seeds import individual_seed
from studies.sustained.ablation import ABLATIONS, draw_ablation
from studies.sustained.claims import sustained_checks
from studies.sustained.distributions import draw_distributions
from studies.sustained.time_on_task import TASK_TITLES, draw_time_on_task

__all__ = ["conclude"]

TITLE = "Sustained attention over time on task"


def conclude(
    plan: Plan,
    outcome: Outcome,
    people: People,
    folder: RunFolder,
    watch: Stopwatch,
    display: Display,
    question: str,
    show_people: bool,
) -> bool:
    """Write everything that the study has to say; True if no agent is missing.

    Parameters
    ----------
    plan, outcome, people
        Who was to perform what, who did, and the people beside them.
    folder
        Where to.
    watch
        Provenance, completed here.
    display
        Shows the stages.
    question
        Of the study.
    show_people
        Whether people are drawn from the reference table where their trials are not at hand.
    """
    studied = [task.name for task in plan.tasks]
    display.line("writing trials and results")
    scores = score({**people.performed, **outcome.performed}, people.published, outcome.numbers)
    studied = [task for task in studied if scores.agents(task)]
    _write_trials(plan, outcome, folder)
    save_results(scores, folder.path / "results.nc", {"study": TITLE, "question": question})
    write_atomically(folder.path / "scores.csv", scores.participants.to_csv(index=False, lineterminator="\n"))

    calibrated = calibrated_measures(plan, outcome)
    card = scorecard(scores, studied, calibrated=calibrated)
    checks = sustained_checks(scores, plan.agents, studied, calibrated)
    write_atomically(folder.path / "checks.json", checks_json(checks))

    display.line("drawing figures")
    names = [*(["human"] if people or show_people else []), *(one.name for one in plan.agents)]
    figures = _draw(scores, card, studied, names, folder)

    missing = missing_sentences(plan, outcome)
    provenance = watch.stop(
        performances_resumed=outcome.resumed,
        failures=[f"{failure.label}: {failure.reason}" for failure in outcome.failures],
    )
    display.line("writing the report")
    write_report(
        Report(
            title=TITLE,
            question=question,
            summary=_summary(plan, people, provenance),
            missing=missing,
            design=task_tables(plan),
            agents=[agent_table(plan, outcome, people), calibration_table(plan, outcome)],
            figures=figures,
            checks=checks,
            not_reached=check_sentences(checks),
            scorecard=[scorecard_table(card, TASK_TITLES)],
            parameters=parameter_tables(plan, outcome),
            citations=citations(plan, card),
            provenance=provenance,
        ),
        folder.path / "report.html",
    )
    claims = [check for check in checks if check.predicted]
    passed = sum(check.passed for check in claims)
    folder.sweep()
    display.line(f"{passed} of {len(claims)} checks passed; see {folder.path / 'report.html'}")
    return not missing


def _draw(
    scores, card: pd.DataFrame, studied: Sequence[str], names: Sequence[str], folder: RunFolder
) -> list:
    main = [name for name in names if name not in ABLATIONS[1:]] or list(names)
    with house_style():
        figures = [
            draw_time_on_task(scores, studied, main, folder.figures),
            draw_distributions(scores, studied, names, folder.figures),
            draw_ablation(scores, studied, folder.figures),
            draw_scorecard(card, TASK_TITLES, names, folder.figures),
        ]
    return [figure for figure in figures if figure is not None]


def _write_trials(plan: Plan, outcome: Outcome, folder: RunFolder) -> None:
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
        write_bids(folder.trials, records, name=TITLE, authors=["The neurosim developers"])


def _summary(plan: Plan, people: People, provenance: dict) -> list[tuple[str, object]]:
    records = sum(len(pairs) for pairs in people.performed.values())
    records += sum(len(table) for table in people.published.values())
    return [
        ("participants of each agent", plan.participants),
        ("people", f"{records} records" if records else "cited reference table"),
        ("tasks", ", ".join(TASK_TITLES[task.name] for task in plan.tasks)),
        ("agents", len(plan.agents)),
        ("seed", plan.seed),
        ("wall time of this run", f"{provenance['wall_s']:.0f} s"),
    ]
