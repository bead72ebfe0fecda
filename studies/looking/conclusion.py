"""From a chosen trial to arrays, figures, checks and report in the run folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bridges.session import Session
from studies.checks import Check, checks_json, in_band
from studies.figures import SavedFigure, house_style, look
from studies.looking.drawing import draw_conditions, draw_trial
from studies.looking.drawing_memory import draw_memory
from studies.looking.drawing_saliency import draw_saliency, relative_error
from studies.looking.observing import Subject, decision, inside, saliency, subject
from studies.looking.trials import compared_rows, events_within, onset_steps, stretch_of
from studies.looking.view import View
from studies.progress import Display
from studies.provenance import Stopwatch
from studies.report import Report, Table, write_report
from studies.run_folder import RunFolder, write_atomically

if TYPE_CHECKING:
    from studies.inside import Inside

__all__ = ["look_inside"]

MOST_INCOMPLETE = 0.01
"""Share of the change that attributions may miss: the integral is then accurate enough to be read."""

WITHOUT_CAPTUM = "Saliency: Captum is not installed (pip install 'neurosim[interpret]')"


def look_inside(
    config: Inside, session: Session, row: int, folder: RunFolder, watch: Stopwatch, display: Display
) -> None:
    """Train or remember the network, look at the trial and write everything down.

    Parameters
    ----------
    config
        What was asked for.
    session, row
        The session and the row of the trial.
    folder
        Where to.
    watch
        Provenance, completed here.
    display
        Shows the stages.
    """
    display.line(f"{config.agent} learns {config.task}, or remembers it, and performs a session")
    display.begin()
    one = subject(session, config.agent, config.seed, config.quick, progress=display.update)
    display.end()
    stretch = stretch_of(session, row, one.dt_s)
    each, salient, n_points = (6, 3, 64) if config.quick else (20, 10, 128)
    display.line("looking inside")
    arrays = inside(one, compared_rows(session, row, stretch, each), stretch)
    decided = decision(one, row)
    onset = int(onset_steps(session, one.dt_s)[row])
    view = View(
        task=config.task,
        agent=look(config.agent).label,
        trial=row,
        decided=decided,
        decision_s=one.dt_s * (decided.step - onset),
        events=events_within(session, row, stretch),
        arrays=arrays,
        seed=config.seed,
    )
    found = None
    try:
        rows = compared_rows(session, row, stretch, salient)
        several = [
            saliency(one, int(number), stretch, decided.outcome, n_points).assign_coords(
                condition=("trial", [kind])
            )
            for kind, numbers in rows.items()
            for number in numbers
        ]
        found = xr.concat(several, "trial", combine_attrs="drop_conflicts")
    except ImportError as error:
        display.warn(f"{error}. The other figures are drawn.")
    _save(folder.path / "results.nc", view, found)
    display.line("drawing figures")
    with house_style():
        figures = [
            draw_trial(view, folder.figures),
            draw_memory(view, folder.figures),
            draw_conditions(view, folder.figures),
        ]
        if found is not None:
            figures.append(draw_saliency(view, found, folder.figures))
    checks = [] if found is None else [_completeness(view, config.agent, found)]
    write_atomically(folder.path / "checks.json", checks_json(checks))
    _report(config, one, view, figures, checks, found is None, folder, watch)


def _completeness(view: View, agent: str, found: xr.Dataset) -> Check:
    return in_band(
        f"{view.task}.saliency_completeness_error.{agent}",
        relative_error(found),
        0.0,
        MOST_INCOMPLETE,
        "share of the largest change",
        "completeness: Sundararajan et al. 2017, doi:10.48550/arXiv.1703.01365; limit of this package",
    )


def _save(path: Path, view: View, found: xr.Dataset | None) -> None:
    """Write results.nc, atomically: groups ``inside`` and, with Captum, ``saliency``."""
    groups = {"/inside": view.arrays}
    if found is not None:
        groups["/saliency"] = found
    tree = xr.DataTree.from_dict(groups)
    tree.attrs.update(task=view.task, agent=view.agent, seed=view.seed, trial=view.trial)
    scratch = path.with_name(f".{path.name}.writing.tmp")
    tree.to_netcdf(scratch, engine="h5netcdf")
    content = scratch.read_bytes()
    scratch.unlink()
    write_atomically(path, content)


def _report(
    config: Inside,
    one: Subject,
    view: View,
    figures: list[SavedFigure],
    checks: list[Check],
    without_captum: bool,
    folder: RunFolder,
    watch: Stopwatch,
) -> None:
    from dataclasses import asdict

    from studies.inside import QUESTION

    accuracy = one.scored.groupby("trial_type", observed=True)["correct"].agg(["mean", "size"])
    typed = [[kind, int(held["size"]), float(held["mean"])] for kind, held in accuracy.iterrows()]
    learning = [[name, str(value)] for name, value in asdict(one.participant.config).items()]
    press = "none" if np.isnan(view.decided.press_s) else f"{view.decided.press_s:.3f} s"
    write_report(
        Report(
            title=f"Inside a network: {view.agent}, {view.task}",
            question=QUESTION,
            summary=[
                ("trial", f"{view.trial} ({view.condition})"),
                ("response", view.decided.outcome),
                ("time of the press", press),
                ("right", view.decided.correct),
                ("seed", config.seed),
            ],
            missing=["Saliency: Captum is not installed (pip install 'neurosim[interpret]')"]
            * without_captum,
            design=[Table("The session", ("type of trial", "trials", "right"), typed)],
            agents=[Table("Network and learning", ("parameter", "value"), learning)],
            figures=figures,
            checks=checks,
            citations=(
                "Hochreiter & Schmidhuber (1997). Neural Computation 9:1735-1780. "
                "doi:10.1162/neco.1997.9.8.1735",
                "Sundararajan, Taly & Yan (2017). Axiomatic attribution for deep networks. ICML. "
                "doi:10.48550/arXiv.1703.01365",
                "Vaswani et al. (2017). Attention is all you need. NeurIPS. doi:10.48550/arXiv.1706.03762",
            ),
            provenance=watch.stop(),
        ),
        folder.path / "report.html",
    )
