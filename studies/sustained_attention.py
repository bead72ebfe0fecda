"""Sustained attention: spiking circuit, LSTM, attention network and people over time on the same tasks.

Everyone performs the same sessions of the sustained attention to response task (press to every digit
but one) and the psychomotor vigilance test (press as soon as something appears). Agents are calibrated
on a short vigilance baseline without arousal, then frozen: non-decision times are fitted to people's mean
response time in the vigilance test, bounds of the networks also to its variability. Strengths, thresholds,
noise, spread of participants and the depletion of arousal were chosen by hand while looking at both tasks,
so levels of d' are no predictions; the course of the SART, the shapes of response-time distributions, what
is lost without arousal or self-excitation, and the spread over participants are.
A run that is stopped goes on where it was when the same command is given again.

For example, all of it small; one task with people's own trials beside it; an agent of yours among ours:

    python -m studies.sustained_attention --quick
    python -m studies.sustained_attention --tasks pvt --human pvt_trials.csv
    python -m studies.sustained_attention --quick --agents human lstm my_lab.models:tired_lstm

Robertson et al. (1997), doi:10.1016/S0028-3932(97)00015-8; Dinges & Powell (1985), doi:10.3758/BF03200977.
"""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from bridges.tasks.base import Task
from studies.agents import Agent, agent, clashes, known_agents
from studies.people import People, read_people
from studies.progress import Display
from studies.provenance import Stopwatch, package_version
from studies.run_folder import RunFolder, RunFolderError, trouble
from studies.runner import Plan, perform_plan
from studies.sustained.design import baseline, study_task

QUESTION = "Does attention last over time on task in circuits and networks as it does in people, and why not?"
RUN_TIME = "on 2 cores about 2 minutes with --quick, about half an hour with 20 participants"

NAME = "sustained_attention"


@dataclass(frozen=True)
class SustainedAttention:
    """What to run. The same values find the same run folder and go on there."""

    quick: bool = False
    """Small: 4 participants, 72 SART trials, 2 minutes of PVT, small networks. For trying things out."""
    participants: int | None = None
    """Virtual participants of each agent; 20 if not given, 4 with --quick. The first ones stay the same."""
    tasks: tuple[str, ...] = ("sart", "pvt")
    """Tasks, of: sart (press to all digits but 3), pvt (vigilance), cpt_x (letters at three rates)."""
    agents: tuple[str, ...] = known_agents()
    """Who takes part; also module:function, called with quick= and calibration=, for one of your own."""
    human: Path | None = None
    """File or folder of people's trials (CSV, TSV or BIDS) to be scored like the agents; without it people
    are drawn from the cited reference table."""
    seed: int = 1
    """Seed of everything random: participants, sessions, calibration."""
    out: Path = Path("runs")
    """Folder of all runs; this one becomes OUT/sustained_attention/DATE_HASH."""
    workers: int | None = None
    """Processes; as many as there are cores if not given, 0 to run in this process."""
    quiet: bool = False
    """Print nothing but warnings and, last, the run folder."""

    @property
    def number(self) -> int:
        """Participants of each agent."""
        return (4 if self.quick else 20) if self.participants is None else self.participants

    def plan(self) -> Plan:
        """Agents and tasks by name; ValueError names what is not known."""
        faults = []
        chosen: list[Agent] = []
        tasks: list[Task] = []
        for find, names, found in ((agent, self.agents, chosen), (study_task, self.tasks, tasks)):
            for name in dict.fromkeys(names):
                try:
                    if name != "human":
                        found.append(find(name, self.quick))  # type: ignore[arg-type]
                except ValueError as error:
                    faults.append(str(error))
        faults += clashes(chosen)
        for name, least in (("number", 1), ("seed", 0)):
            if getattr(self, name) < least:
                shown = "participants" if name == "number" else name
                faults.append(f"{shown} = {getattr(self, name)}, must be {least} or more")
        if self.workers is not None and self.workers < 0:
            faults.append(f"workers = {self.workers}, must be 0 or more")
        if not faults and not (chosen and tasks):
            faults.append("agents or tasks: nothing to run; name at least one of each besides human")
        if faults:
            raise ValueError("\n".join(faults))
        calibrators = 4 if self.quick else 8
        return Plan(tuple(chosen), tuple(tasks), self.number, self.seed, baseline(self.quick), calibrators)


def run_config(config: SustainedAttention, plan: Plan, people: People) -> dict[str, object]:
    """Everything that the results depend on, for config.json and the hash."""
    return {
        "study": NAME,
        "quick": config.quick,
        "participants": plan.participants,
        "seed": plan.seed,
        "tasks": {task.name: asdict(task) for task in plan.tasks},  # type: ignore[call-overload]
        "agents": {one.name: one.definition for one in plan.agents},
        "show_human": "human" in config.agents or bool(people),
        "human": people.digest,
        "calibration": {
            "task": plan.calibration_task.name if plan.calibration_task else None,
            "parameters": asdict(plan.calibration_task),  # type: ignore[call-overload]
            "participants": plan.calibration_participants,
        },
    }


def main(config: SustainedAttention) -> int:
    """Run the study; the exit code says whether it ran."""
    try:
        plan = config.plan()
        people = read_people(config.human, [task.name for task in plan.tasks])
    except ValueError as error:
        return _complain(str(error), 2)
    try:
        folder = RunFolder.open(config.out, NAME, run_config(config, plan, people), package_version())
        display = Display(config.quiet)
        display.line(f"{'resuming' if folder.resumed else 'new run'}: {folder.path}")
        watch = Stopwatch(folder, config.seed)
        workers = config.workers if config.workers is not None else (os.cpu_count() or 1)
        outcome = perform_plan(plan, folder, display, workers)
        if not outcome.performed:
            return _complain(f"no agent finished any task; see the warnings above and {folder.path}", 1)
        # drawing is imported late, so that worker processes start without it
        from studies.sustained.conclusion import conclude

        complete = conclude(plan, outcome, people, folder, watch, display, QUESTION, "human" in config.agents)
    except RunFolderError as error:
        return _complain(str(error), 1)
    except OSError as error:
        return _complain(str(trouble(Path(error.filename or config.out), error)), 1)
    except KeyboardInterrupt:
        return _complain("stopped; finished participants are kept, the same command goes on from there", 130)
    print(folder.path)
    return 0 if complete else 1


def _complain(text: str, code: int) -> int:
    print(f"error: {text}", file=sys.stderr)
    return code


if __name__ == "__main__":
    import tyro

    sys.exit(main(tyro.cli(SustainedAttention, prog=f"python -m studies.{NAME}", description=__doc__)))
