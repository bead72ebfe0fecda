"""Forecasts: can a recurrent network tell from the responses so far how fast the next one will be?

Virtual participants, and people if their trials are given, perform the psychomotor vigilance test. From the
responses before it, the next response time and the next lapse are forecast by the running mean, a moving
average, autoregression and an LSTM, each trained on other participants than it is scored on.
A participant whose responses cannot be forecast beyond the mean has no memory from trial to trial.

For example, all of it small; with people beside the agents:

    python -m studies.forecasting --quick
    python -m studies.forecasting --human FOLDER_OF_PVT_TRIALS

Dinges & Powell (1985), doi:10.3758/BF03200977.
Hochreiter & Schmidhuber (1997), doi:10.1162/neco.1997.9.8.1735.
"""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from bridges.forecasts import Series, series_of
from bridges.tasks import PVT
from studies.agents import AGENTS, Agent, agent
from studies.people import content_digest
from studies.progress import Display
from studies.provenance import Stopwatch, package_version
from studies.run_folder import RunFolder, RunFolderError, trouble, write_atomically
from studies.runner import Plan, perform_plan

QUESTION = "Does a response depend on those before it, in people, circuits and networks?"
RUN_TIME = "on 2 cores about 2 minutes with --quick, about 15 minutes with 20 participants"

NAME = "forecasting"


@dataclass(frozen=True)
class Forecasting:
    """What to run. The same values find the same run folder and go on there."""

    quick: bool = False
    """Small: 6 participants, 3 minutes of PVT, small networks. For trying things out."""
    participants: int | None = None
    """Virtual participants of each agent, 5 or more; 20 if not given, 6 with --quick."""
    agents: tuple[str, ...] = ("spiking", "spiking-no-arousal", "lstm", "lstm-arousal")
    """Who performs; also module:function for one of your own."""
    human: Path | None = None
    """File or folder of people's PVT trials (CSV, TSV or BIDS); every group of people is taken."""
    lapse_s: float = 0.5
    """Response times from here on are lapses (s); 0.355 is usual for the 3-minute form."""
    seed: int = 1
    """Seed of everything random."""
    out: Path = Path("runs")
    """Folder of all runs; this one becomes OUT/forecasting/DATE_HASH."""
    workers: int | None = None
    """Processes; as many as there are cores if not given, 0 to run in this process."""
    quiet: bool = False
    """Print nothing but warnings and, last, the run folder."""

    @property
    def number(self) -> int:
        """Participants of each agent."""
        return (6 if self.quick else 20) if self.participants is None else self.participants

    def plan(self) -> Plan:
        """Who performs; ValueError names every fault."""
        faults = []
        chosen: list[Agent] = []
        for name in dict.fromkeys(self.agents):
            try:
                chosen.append(agent(name, self.quick))
            except ValueError as error:
                faults.append(str(error))
        if self.number < 5:
            faults.append(f"participants = {self.number}, must be 5 or more: there are 5 folds")
        if not 0.1 < self.lapse_s:
            faults.append(f"lapse_s = {self.lapse_s}, must be above 0.1 s")
        if self.seed < 0 or (self.workers is not None and self.workers < 0):
            faults.append(f"seed = {self.seed} and workers = {self.workers} must be 0 or more")
        if not chosen and self.human is None:
            faults.append(f"agents: name at least one of {', '.join(AGENTS)}, or give --human")
        if faults:
            raise ValueError("\n".join(faults))
        task = PVT.brief() if self.quick else PVT()
        return Plan(tuple(chosen), (task,), self.number, self.seed)


def sources(config: Forecasting, plan: Plan, folder: RunFolder, display: Display) -> dict[str, list[Series]]:
    """Series of people, then of each agent."""
    found: dict[str, list[Series]] = {}
    if config.human is not None:
        from bridges.human.readers import read_human

        records = [r for r in read_human(config.human, groups={}).trials if r.session.task == "pvt"]
        found["human"] = _series([(r.session, r.responses, r.participant_id) for r in records])
    workers = config.workers if config.workers is not None else (os.cpu_count() or 1)
    outcome = perform_plan(plan, folder, display, workers)
    for failure in outcome.failures:
        display.warn(f"{failure.label}: {failure.reason}")
    for (task, name), pairs in outcome.performed.items():
        numbers = outcome.numbers[task, name]
        who = [f"{name}-{number}" for number in numbers]
        found[name] = _series([(s, r, w) for (s, r), w in zip(pairs, who, strict=True)])
    return {name: series for name, series in found.items() if len({s.participant for s in series}) >= 5}


def main(config: Forecasting) -> int:
    """Run the study; the exit code says whether it ran."""
    try:
        plan = config.plan()
        digest = content_digest(config.human) if config.human is not None else ""
    except (ValueError, OSError) as error:
        return _complain(str(error), 2)
    values = {
        "study": NAME,
        "quick": config.quick,
        "participants": plan.participants,
        "seed": plan.seed,
        "lapse_s": config.lapse_s,
        "task": asdict(plan.tasks[0]),  # type: ignore[call-overload]
        "agents": {one.name: one.definition for one in plan.agents},
        "human": digest,
    }
    try:
        folder = RunFolder.open(config.out, NAME, values, package_version())
        display = Display(config.quiet)
        display.line(f"{'resuming' if folder.resumed else 'new run'}: {folder.path}")
        watch = Stopwatch(folder, config.seed)
        found = sources(config, plan, folder, display)
        if not found:
            return _complain("nobody gave enough responses to forecast from", 1)
        tables = _forecast(config, found, folder, display)
        from studies.exhibits.base import Setting
        from studies.exhibits.conclusion import Heading, conclude
        from studies.exhibits.run import Collected
        from studies.forecasts.findings import forecasting

        text = conclude(
            [forecasting(tuple(tables))],
            Setting(config.quick, config.seed),
            Collected({NAME: tables}),
            folder,
            watch,
            display,
            Heading("Forecasts of the next response", QUESTION, "groups of participants"),
        )
    except RunFolderError as error:
        return _complain(str(error), 1)
    except ValueError as error:
        return _complain(str(error), 2)
    except OSError as error:
        return _complain(str(trouble(Path(error.filename or config.out), error)), 1)
    except KeyboardInterrupt:
        return _complain("stopped; what is finished is kept, the same command goes on from there", 130)
    if not config.quiet:
        print(text)
    print(folder.path)
    return 0


def _forecast(config: Forecasting, found: dict[str, list[Series]], folder: RunFolder, display: Display):
    from studies.forecasts.crossvalidation import cross_validate

    tables: dict[str, pd.DataFrame] = {}
    display.begin()
    for k, (name, series) in enumerate(found.items()):
        path = folder.path / "tables" / f"{name}.csv"
        if not path.exists():

            def tell(fraction: float, k: int = k, name: str = name) -> None:
                display.update((k + fraction) / len(found), f"forecasting {name}")

            table = cross_validate(series, config.lapse_s, config.seed, progress=tell)
            write_atomically(path, table.to_csv(index=False, lineterminator="\n"))
        tables[name] = pd.read_csv(path)
    display.end()
    return tables


def _series(answered) -> list[Series]:
    every = [series_of(session, responses, who) for session, responses, who in answered]
    return [one for one in every if one is not None]


def _complain(text: str, code: int) -> int:
    print(f"error: {text}", file=sys.stderr)
    return code


if __name__ == "__main__":
    import tyro

    sys.exit(main(tyro.cli(Forecasting, prog=f"python -m studies.{NAME}", description=__doc__)))
