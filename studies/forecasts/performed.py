"""Who is forecast: the series of people and of agents, and the forecasts of each, kept in the run folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from bridges.forecasts import Series, series_of
from studies.forecasts.crossvalidation import cross_validate
from studies.progress import Display
from studies.run_folder import RunFolder, write_atomically
from studies.runner import Plan, perform_plan

__all__ = ["FEWEST", "forecasts", "sources"]

FEWEST = 5
"""Participants below which a group cannot be cut into the folds of the cross-validation."""


def sources(
    plan: Plan, human: Path | None, workers: int | None, folder: RunFolder, display: Display
) -> dict[str, list[Series]]:
    """Series of people, then of each agent; groups too small for the folds are left out.

    Parameters
    ----------
    plan
        Which agents perform what.
    human
        File or folder of people's PVT trials, or None.
    workers
        Processes; None: as many as there are cores.
    folder
        Keeps what was performed.
    display
        Shows the progress, and which participants failed.
    """
    found: dict[str, list[Series]] = {}
    if human is not None:
        from bridges.human.readers import read_human

        records = [r for r in read_human(human, groups={}).trials if r.session.task == "pvt"]
        found["human"] = _series([(r.session, r.responses, r.participant_id) for r in records])
    outcome = perform_plan(plan, folder, display, workers if workers is not None else (os.cpu_count() or 1))
    for failure in outcome.failures:
        display.warn(f"{failure.label}: {failure.reason}")
    for (task, name), pairs in outcome.performed.items():
        who = [f"{name}-{number}" for number in outcome.numbers[task, name]]
        found[name] = _series([(s, r, w) for (s, r), w in zip(pairs, who, strict=True)])
    return {name: series for name, series in found.items() if len({s.participant for s in series}) >= FEWEST}


def forecasts(
    found: Mapping[str, list[Series]], lapse_s: float, seed: int, folder: RunFolder, display: Display
) -> dict[str, pd.DataFrame]:
    """The cross-validated forecasts of each group: from the run folder, or made now.

    Parameters
    ----------
    found
        Series of each group.
    lapse_s
        Response times from here on are lapses (s).
    seed
        Of folds and networks.
    folder
        Keeps a table for each group.
    display
        Shows the progress.
    """
    tables: dict[str, pd.DataFrame] = {}
    display.begin()
    for k, (name, series) in enumerate(found.items()):
        path = folder.path / "tables" / f"{name}.csv"
        if not path.exists():

            def tell(fraction: float, k: int = k, name: str = name) -> None:
                display.update((k + fraction) / len(found), f"forecasting {name}")

            table = cross_validate(series, lapse_s, seed, progress=tell)
            write_atomically(path, table.to_csv(index=False, lineterminator="\n"))
        tables[name] = pd.read_csv(path)
    display.end()
    return tables


def _series(answered) -> list[Series]:
    every = [series_of(session, responses, who) for session, responses, who in answered]
    return [one for one in every if one is not None]
