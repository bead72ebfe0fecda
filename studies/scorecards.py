"""The scorecard of all studies: effects by agents, gathered from their run folders.

Rows are effects that people's data give an acceptance band for, columns are agents; a cell is the mean with
its 95 % interval, and whether it lies in the band. The newest run of each study is taken unless run folders
are named; of several runs that have the same effect of the same agent the newest counts.

For example, from the newest runs; from two runs; for some agents only:

    python -m studies scorecard
    python -m studies scorecard runs/divided_attention/2026-01-31_0123456789 runs/sustained_attention/...
    python -m studies scorecard --agents spiking lstm attention
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pandas as pd
import tyro

from studies.agents import in_order
from studies.checks import Check, checks_json, in_band
from studies.command import complain, guarded
from studies.divided.design import TITLES as DIVIDED
from studies.provenance import Stopwatch, package_version
from studies.run_folder import RunFolder, write_atomically
from studies.scorecard import IN_BAND, OUTSIDE
from studies.selective.design import TITLES as SELECTIVE
from studies.sustained.design import TITLES as SUSTAINED

__all__ = ["Scorecard", "band_checks_of", "gather", "main", "newest_runs"]

STUDIES = ("sustained_attention", "divided_attention", "selective_attention", "self_excitation")
TITLES: Mapping[str, str] = {**SUSTAINED, **DIVIDED, **SELECTIVE}
TABLE = "scorecard.csv"
ACCEPTANCE = "acceptance band"
QUESTION = "Which effects of human attention do circuits and networks show, and how close do they come?"


@dataclass(frozen=True)
class Scorecard:
    """What to gather."""

    folders: Annotated[tuple[Path, ...], tyro.conf.Positional] = ()
    """Run folders; the newest run of each study if none is given."""
    agents: tuple[str, ...] = ()
    """Columns of the figure; if not given, all agents but the circuit without its parts."""
    out: Path = Path("runs")
    """Folder of all runs; the scorecard becomes OUT/scorecard/DATE_HASH."""
    quiet: bool = False
    """Print nothing but, last, the folder."""


def newest_runs(out: Path) -> list[Path]:
    """The newest run of each study that has a scorecard."""
    found = []
    for study in STUDIES:
        runs = [path.parent for path in (out / study).glob(f"*/{TABLE}")]
        if runs:
            found.append(max(runs, key=lambda run: (run / TABLE).stat().st_mtime))
    return found


def gather(folders: Sequence[Path]) -> pd.DataFrame:
    """The scorecards of run folders as one table, with the columns ``study`` and ``run``.

    Raises
    ------
    ValueError
        Lists every folder that has no scorecard.
    """
    missing = [str(folder) for folder in folders if not (folder / TABLE).is_file()]
    if missing:
        raise ValueError(
            f"no {TABLE} in {', '.join(missing)}; give run folders of {', '.join(STUDIES)}, "
            "as a study prints them last"
        )
    if not folders:
        raise ValueError(f"no runs to gather; run one of {', '.join(STUDIES)} first, or name run folders")
    parts = []
    for folder in sorted(folders, key=lambda run: (run / TABLE).stat().st_mtime):
        study = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("study", "")
        parts.append(pd.read_csv(folder / TABLE, keep_default_na=True).assign(study=study, run=folder.name))
    both = pd.concat(parts, ignore_index=True).drop_duplicates(["task", "measure", "agent"], keep="last")
    order = {task: k for k, task in enumerate(TITLES)}
    rank = both["task"].map(order).fillna(len(order))
    for column in ("label", "unit", "band_kind", "source"):
        both[column] = both[column].fillna("").astype(str)
    return both.iloc[rank.argsort(kind="stable")].reset_index(drop=True)


def band_checks_of(card: pd.DataFrame) -> list[Check]:
    """One check for every cell that has an acceptance band and is a prediction or a tuned value."""
    held = card[(card["band_kind"] == ACCEPTANCE) & card["reached"].isin([IN_BAND, OUTSIDE])]
    return [
        in_band(
            f"{row['task']}.{row['measure']}.{row['agent']}",
            row["value"],
            row["low"],
            row["high"],
            row["unit"],
            f"human band: {row['source']}; run {row['study']}/{row['run']}, n = {row['n']}",
        )
        for row in held.to_dict("records")
    ]


def main(config: Scorecard) -> int:
    """Gather, draw, and print the folder; the exit code says whether it could be done."""
    try:
        folders = [folder for folder in config.folders] or newest_runs(config.out)
        card = gather(folders)
    except ValueError as error:
        return complain(str(error), 2)
    agents = list(config.agents) or [a for a in in_order(card["agent"]) if not a.startswith("spiking-no")]
    unknown = sorted(set(agents) - set(card["agent"]))
    if unknown:
        return complain(
            f"agents: {unknown} are in none of the runs; they have {sorted(set(card['agent']))}", 2
        )
    return guarded(lambda: _write(config, card, agents, folders), config.out)


def _write(config: Scorecard, card: pd.DataFrame, agents: Sequence[str], folders: Sequence[Path]) -> int:
    from studies.figures import house_style, look
    from studies.report import Report, write_report
    from studies.report_tables import check_sentences, scorecard_table
    from studies.scorecard_figure import draw_scorecard

    runs = sorted(f"{folder.parent.name}/{folder.name}" for folder in folders)
    folder = RunFolder.open(
        config.out,
        "scorecard",
        {"study": "scorecard", "runs": runs, "agents": list(agents)},
        package_version(),
    )
    watch = Stopwatch(folder, 0)
    checks = band_checks_of(card)
    write_atomically(folder.path / TABLE, card.to_csv(index=False, lineterminator="\n"))
    write_atomically(folder.path / "checks.json", checks_json(checks))
    shown = card[(card["band_kind"] == ACCEPTANCE) & card["agent"].isin(agents)]
    figures = []
    if len(shown):
        with house_style():
            figures.append(draw_scorecard(shown, dict(TITLES), agents, folder.figures, "figure5_scorecard"))
    counts = [(look(agent).label, _count(card[card["agent"] == agent])) for agent in in_order(card["agent"])]
    report = Report(
        title="Scorecard",
        question=QUESTION,
        summary=[("runs", ", ".join(runs)), *counts],
        figures=figures,
        checks=checks,
        not_reached=check_sentences(checks),
        scorecard=[scorecard_table(card, TITLES)],
        provenance=watch.stop(),
    )
    write_report(report, folder.path / "report.html")
    folder.sweep()
    if not config.quiet:
        print("\n".join(f"{label}: {count}" for label, count in counts))
    print(folder.path)
    return 0


def _count(cells: pd.DataFrame) -> str:
    held = cells[(cells["band_kind"] == ACCEPTANCE) & cells["reached"].isin([IN_BAND, OUTSIDE])]
    inside = int((held["reached"] == IN_BAND).sum())
    return f"{inside} of {len(held)} acceptance bands met"


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    return main(tyro.cli(Scorecard, prog="python -m studies scorecard", description=__doc__, args=arguments))


if __name__ == "__main__":
    sys.exit(run())
