"""A comparison study, from its parsed command line to its exit code."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict

from studies.command import complain, guarded
from studies.comparison.design import Design
from studies.comparison.options import Options, asked_agents, plan_of
from studies.exhibits.base import Exhibit, Setting
from studies.exhibits.run import Collected, definition, run_parts
from studies.people import People, read_people
from studies.progress import Display
from studies.provenance import Stopwatch, package_version
from studies.run_folder import RunFolder
from studies.runner import Plan, perform_plan

__all__ = ["run_comparison"]


def run_comparison(design: Design, options: Options, exhibits: Sequence[Exhibit] = ()) -> int:
    """Run a study: perform, measure, draw, report; the last line printed is the run folder.

    Parameters
    ----------
    design
        The study.
    options
        The command line.
    exhibits
        What else it measures and shows, at the size and with the seed of the study.

    Returns
    -------
    int
        Exit code: 0 if every agent finished, whatever came out; 1 if one is missing; 2 if the command cannot
        be met; 130 if it was stopped.
    """
    try:
        plan = plan_of(design, options)
        people = read_people(options.human, [task.name for task in plan.tasks])
    except ValueError as error:
        return complain(str(error), 2)
    return guarded(lambda: _run(design, options, plan, people, exhibits), options.out)


def _run(design: Design, options: Options, plan: Plan, people: People, exhibits: Sequence[Exhibit]) -> int:
    show_people = "human" in asked_agents(design, options)
    values = run_config(design.name, plan, people, options.quick, show_people or bool(people))
    setting = Setting(options.quick, options.seed)
    if exhibits:
        values["exhibits"] = {one.name: definition(one, setting) for one in exhibits}
    folder = RunFolder.open(options.out, design.name, values, package_version())
    display = Display(options.quiet)
    display.line(f"{'resuming' if folder.resumed else 'new run'}: {folder.path}")
    watch = Stopwatch(folder, options.seed)
    workers = options.workers if options.workers is not None else (os.cpu_count() or 1)
    outcome = perform_plan(plan, folder, display, workers)
    if not outcome.performed:
        return complain(f"no agent finished any task; see the warnings above and {folder.path}", 1)
    collected = run_parts(exhibits, setting, folder, display, workers) if exhibits else Collected({})
    # drawing is imported late, so that worker processes start without it
    from studies.comparison.conclusion import Shown, conclude

    shown = Shown(tuple(exhibits), setting, collected)
    complete = conclude(design, plan, outcome, people, folder, watch, display, show_people, shown)
    print(folder.path)
    return 0 if complete else 1


def run_config(name: str, plan: Plan, people: People, quick: bool, show_human: bool) -> dict[str, object]:
    """Everything that the results depend on, for config.json and the hash."""
    baseline = plan.calibration_task
    left_out = {"left_out": sorted(plan.left_out)} if plan.left_out else {}
    return {
        **left_out,
        "study": name,
        "quick": quick,
        "participants": plan.participants,
        "seed": plan.seed,
        "tasks": {task.name: asdict(task) for task in plan.tasks},  # type: ignore[call-overload]
        "agents": {one.name: one.definition for one in plan.agents},
        "show_human": show_human,
        "human": people.digest,
        "calibration": {
            "task": baseline.name if baseline else None,
            "parameters": asdict(baseline) if baseline else None,  # type: ignore[call-overload]
            "participants": plan.calibration_participants,
        },
    }
