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

import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from bridges.tasks import PVT
from studies.agents import AGENTS, Agent, agent
from studies.command import complain, faults_of_size, guarded
from studies.people import content_digest
from studies.progress import Display
from studies.provenance import Stopwatch, package_version
from studies.run_folder import RunFolder
from studies.runner import Plan

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
        faults += faults_of_size(self.seed, self.workers)
        if not chosen and self.human is None:
            faults.append(f"agents: name at least one of {', '.join(AGENTS)}, or give --human")
        if faults:
            raise ValueError("\n".join(faults))
        task = PVT.brief() if self.quick else PVT()
        return Plan(tuple(chosen), (task,), self.number, self.seed)


def main(config: Forecasting) -> int:
    """Run the study; the exit code says whether it ran."""
    try:
        plan = config.plan()
        digest = content_digest(config.human) if config.human is not None else ""
    except (ValueError, OSError) as error:
        return complain(str(error), 2)
    return guarded(lambda: _run(config, plan, digest), config.out)


def _run(config: Forecasting, plan: Plan, digest: str) -> int:
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
    folder = RunFolder.open(config.out, NAME, values, package_version())
    display = Display(config.quiet)
    display.line(f"{'resuming' if folder.resumed else 'new run'}: {folder.path}")
    watch = Stopwatch(folder, config.seed)
    # imported late, so that worker processes start without PyTorch
    from studies.forecasts.performed import forecasts, sources

    try:
        found = sources(plan, config.human, config.workers, folder, display)
    except ValueError as error:
        return complain(str(error), 2)
    if not found:
        return complain("nobody gave enough responses to forecast from", 1)
    tables = forecasts(found, config.lapse_s, config.seed, folder, display)
    from studies.exhibits.base import Setting
    from studies.exhibits.conclusion import Heading, conclude
    from studies.exhibits.run import Collected
    from studies.forecasts.findings import forecasting

    setting = Setting(config.quick, config.seed)
    heading = Heading("Forecasts of the next response", QUESTION, "groups of participants")
    shown = [forecasting(tuple(tables))]
    text = conclude(shown, setting, Collected({NAME: tables}), folder, watch, display, heading)
    if not config.quiet:
        print(text)
    print(folder.path)
    return 0


if __name__ == "__main__":
    import tyro

    sys.exit(main(tyro.cli(Forecasting, prog=f"python -m studies.{NAME}", description=__doc__)))
