from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bridges.tasks import PVT, SART
from studies.agents import Agent, agent
from studies.comparison.study import run_config
from studies.people import People
from studies.progress import Display
from studies.report_tables import agent_table, missing_sentences
from studies.run_folder import RunFolder, RunFolderError
from studies.runner import Plan, perform_plan
from studies.scores import score
from studies.seeds import individual_seed

TASKS = (SART(trials_per_digit=2, n_blocks=2), PVT(duration_s=60.0))
HERE = Path(__file__).parent


def fake(name, batch=2, **arguments):
    return Agent(name, f"fake_agents:{name}", "scripted", tuple(arguments.items()), batch=batch)


def plan(*names, participants=4, batch=2, **more):
    return Plan(tuple(fake(name, batch) for name in names), TASKS, participants, seed=11, **more)


def run(folder_path, the_plan, workers=0, stream=None):
    folder = RunFolder.open(folder_path, "study", {"p": the_plan.participants}, "1")
    display = Display(quiet=stream is None, stream=stream or io.StringIO())
    return folder, perform_plan(the_plan, folder, display, workers)


def answers(outcome):
    return {
        cell: [(session.content_hash, r.table.to_csv(), r.stray.to_csv()) for session, r in pairs]
        for cell, pairs in outcome.performed.items()
    }


def stored(folder):
    return {p.relative_to(folder.path): p.read_bytes() for p in folder.performances.rglob("*.json")}


def test_every_agent_gets_the_same_sessions(tmp_path):
    _, outcome = run(tmp_path, plan("scripted", "steady"))
    for task in ("sart", "pvt"):
        first, second = (outcome.performed[task, name] for name in ("scripted", "steady"))
        assert [s.content_hash for s, _ in first] == [s.content_hash for s, _ in second]
        assert len({s.content_hash for s, _ in first}) == 4


def test_few_participants_are_a_prefix_of_many_and_agents_do_not_matter(tmp_path):
    _, few = run(tmp_path / "few", plan("steady", participants=2))
    _, many = run(tmp_path / "many", plan("scripted", "steady", participants=4))
    for cell, pairs in answers(few).items():
        assert pairs == answers(many)[cell][:2]


def test_processes_give_the_same_numbers_as_one(tmp_path):
    here, alone = run(tmp_path / "here", plan("scripted", participants=3), workers=0)
    there, together = run(tmp_path / "there", plan("scripted", participants=3), workers=2)
    assert answers(alone) == answers(together)
    assert stored(here) == stored(there)


def test_second_run_performs_nothing(tmp_path, monkeypatch):
    log = tmp_path / "log"
    monkeypatch.setenv("FAKE_LOG", str(log))
    _, first = run(tmp_path, plan("slow", participants=2))
    done = log.read_text()
    folder, second = run(tmp_path, plan("slow", participants=2))
    assert folder.resumed and second.resumed == 4
    assert log.read_text() == done
    assert answers(first) == answers(second)


def test_truncated_file_is_done_again_with_its_batch(tmp_path, monkeypatch):
    log = tmp_path / "log"
    monkeypatch.setenv("FAKE_LOG", str(log))
    folder, first = run(tmp_path, plan("slow"))
    before = stored(folder)
    victim = folder.performances / "sart" / "slow" / "participant-002.json"
    victim.write_bytes(victim.read_bytes()[:-20])
    log.unlink()
    _, second = run(tmp_path, plan("slow"))
    assert len(log.read_text().splitlines()) == 2
    assert stored(folder) == before
    assert answers(first) == answers(second)


def test_killed_run_resumes_to_the_same_bytes(tmp_path):
    unbroken, _ = run(tmp_path / "unbroken", plan("slow", batch=1))
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from test_runner_resume import plan, run\n"
        "if __name__ == '__main__':\n"
        "    run(Path(sys.argv[1]), plan('slow', batch=1), workers=2)\n"
    )
    (tmp_path / "killed_run.py").write_text(script)
    environment = {**os.environ, "PYTHONPATH": str(HERE), "FAKE_LOG": ""}
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "killed_run.py"), str(tmp_path / "killed")],
        env=environment,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while len(list((tmp_path / "killed").rglob("participant-*.json"))) < 3:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    finished = len(list((tmp_path / "killed").rglob("participant-*.json")))
    assert 3 <= finished < 8

    folder, outcome = run(tmp_path / "killed", plan("slow", batch=1))
    assert outcome.resumed == finished
    assert stored(folder) == stored(unbroken)
    assert _no_process_left(process.pid)


def _no_process_left(session_id):
    """Whether the workers of the killed run have ended by themselves."""
    for _ in range(100):
        listing = subprocess.run(
            ["ps", "-o", "pid=,stat=", "-s", str(session_id)], capture_output=True, text=True
        )
        if all(line.split()[1].startswith("Z") for line in listing.stdout.splitlines()):
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("workers", [0, 2])
def test_failing_agent_is_named_and_the_others_finish(tmp_path, workers):
    _, outcome = run(tmp_path, plan("failing", "steady", participants=2), workers=workers)
    assert {failure.group for failure in outcome.failures} == {"failing on sart", "failing on pvt"}
    assert "diverged at 3.2 s" in outcome.failures[0].reason
    assert set(outcome.performed) == {("sart", "steady"), ("pvt", "steady")}


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("batch", [1, 3])
def test_one_failing_participant_is_named_and_the_rest_of_its_group_finishes(tmp_path, workers, batch):
    weak = fake("fragile", batch=batch, weak_seed=individual_seed(11, 0))
    the_plan = Plan((weak, fake("steady")), TASKS, 4, seed=11)
    _, outcome = run(tmp_path, the_plan, workers)
    assert outcome.numbers["sart", "fragile"] == outcome.numbers["pvt", "fragile"] == (1, 2, 3)
    assert outcome.numbers["pvt", "steady"] == (0, 1, 2, 3)
    assert {failure.label for failure in outcome.failures} == {
        "fragile, sart, participant 1 of 4",
        "fragile, pvt, participant 1 of 4",
    }
    sessions = [session.content_hash for session, _ in outcome.performed["pvt", "fragile"]]
    assert sessions == [session.content_hash for session, _ in outcome.performed["pvt", "steady"]][1:]
    sentences = missing_sentences(the_plan, outcome)
    assert "only 3 of 4 participants finished" in sentences[0] and "no settled state" in sentences[0]
    _, again = run(tmp_path, the_plan, workers)
    assert answers(again) == answers(outcome)


def test_what_is_left_out_is_neither_performed_nor_missed(tmp_path):
    agents = (fake("steady"), fake("fragile"))
    the_plan = Plan(agents, TASKS, 2, seed=11, left_out=frozenset({("fragile", "pvt")}))
    _, outcome = run(tmp_path, the_plan)
    assert set(outcome.performed) == {("sart", "steady"), ("pvt", "steady"), ("sart", "fragile")}
    assert missing_sentences(the_plan, outcome) == []
    (steady, other) = agent_table(the_plan, outcome, People()).rows
    assert steady[2] == other[2] == 2
    whole = Plan(agents, TASKS, 2, seed=11)
    assert [s.split(":")[0] for s in missing_sentences(whole, outcome)] == ["fragile on pvt"]
    config = [run_config("x", one, People(), True, False) for one in (the_plan, whole)]
    assert config[0] != config[1] and config[0]["left_out"] == [("fragile", "pvt")]


def test_pairs_are_of_the_same_individuals_where_some_did_not_finish(tmp_path):
    weak = fake("fragile", weak_seed=individual_seed(11, 1))
    _, outcome = run(tmp_path, Plan((weak, fake("steady")), TASKS, 3, seed=11))
    scores = score(outcome.performed, numbers=outcome.numbers)
    fragile, steady = scores.paired("pvt", ("fragile", "steady"), "rt_mean_ms")
    assert np.isnan(fragile).tolist() == [False, True, False]
    assert steady.tolist() == scores.values("pvt", "steady", "rt_mean_ms").tolist()


def test_dying_worker_is_named_and_the_others_finish(tmp_path):
    _, outcome = run(tmp_path, plan("dying", "steady", participants=2), workers=2)
    assert {failure.group for failure in outcome.failures} == {"dying on sart", "dying on pvt"}
    assert all("died" in failure.reason for failure in outcome.failures)
    assert set(outcome.performed) == {("sart", "steady"), ("pvt", "steady")}


def test_calibration_uses_reserved_individuals_once_and_is_kept(tmp_path):
    the_plan = plan("calibrated", participants=2, calibration_task=TASKS[1], calibration_participants=3)
    folder, first = run(tmp_path, the_plan)
    record = json.loads((folder.path / "calibration.json").read_text())["calibrated"]
    assert record["median_ms"] == 243.0
    predicted = {session.parameters["seed"] for pairs in first.performed.values() for session, _ in pairs}
    assert not predicted & set(record["seeds"])
    _, second = run(tmp_path, the_plan)
    assert second.resumed == 4
    assert answers(first) == answers(second)


def test_other_calibration_means_other_performances(tmp_path):
    the_plan = plan("calibrated", participants=2, calibration_task=TASKS[1])
    folder, _ = run(tmp_path, the_plan)
    path = folder.path / "calibration.json"
    path.write_text(path.read_text().replace("242.0", "300.0"))
    _, again = run(tmp_path, the_plan)
    assert again.resumed == 0


def test_disk_that_fills_up_stops_the_run_and_keeps_what_is_finished(tmp_path, monkeypatch):
    real, saved = os.replace, []

    def replace(source, target):
        if "participant" in str(target):
            saved.append(target)
            if len(saved) > 3:
                raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(RunFolderError, match="intact"):
        run(tmp_path, plan("steady", batch=1))
    monkeypatch.setattr(os, "replace", real)
    _, outcome = run(tmp_path, plan("steady", batch=1))
    assert outcome.resumed == 3
    assert {len(pairs) for pairs in outcome.performed.values()} == {4}


def test_log_has_a_line_a_batch_and_no_control_characters(tmp_path):
    stream = io.StringIO()
    run(tmp_path, plan("steady", participants=2), stream=stream)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert "steady, sart, participants 1-2 of 2: done" in lines[0]
    assert lines[-1].startswith("100%")
    assert "\r" not in stream.getvalue() and "\x1b" not in stream.getvalue()


def test_unknown_agent_lists_the_known_ones():
    with pytest.raises(ValueError, match="known are human"):
        agent("lsmt")
    with pytest.raises(ValueError, match="module:function"):
        agent("fake_agents:no_such")
    assert agent("fake_agents:steady").build().name == "steady"
