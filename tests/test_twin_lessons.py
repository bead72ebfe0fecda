"""Lessons of twins: pieces of a task's sessions, the instruction ahead of them, and pushes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import bridges.participants.twin_lessons as twin_lessons
from bridges.maps.twin import TwinConfig
from bridges.maps.twin_data import AttentionSource
from bridges.measures.effects import effects
from bridges.participants.spiking import SpikingParticipant, evoked, wiring_of
from bridges.participants.twin import TwinParticipant
from bridges.participants.twin_lessons import (
    BEFORE_S,
    DISTURBED,
    TaskSource,
    last_instruction,
    push_of,
    task_of,
)
from bridges.tasks import AXCPT, MOT, PRP, SART, TASKS, DualDetection, Posner
from neurosim.circuits.attention import AttentionParameters, attention_circuit
from neurosim.drive import Drive


@pytest.mark.parametrize("name", sorted(TASKS))
def test_a_session_gives_its_task_back(name):
    task = TASKS[name]()
    assert task_of(task.session(3)) == task


def test_a_task_with_other_parameters_has_a_twin_of_its_own():
    short = PRP(trials_per_soa=4, blocks=("dual",))
    assert task_of(short.session(1)) == short != PRP()
    participant = TwinParticipant()
    assert participant.source(short.session(1)) == TaskSource(short) != TaskSource(PRP())
    # go/no-go tasks share one
    assert participant.source(SART().session(1)) == participant.source(TASKS["pvt"]().session(1))


def test_a_session_that_its_task_cannot_make_is_refused():
    session = PRP().session(1)
    with pytest.raises(ValueError, match="juggling.*prp"):
        TwinParticipant().source(replace(session, task="juggling"))
    with pytest.raises(ValueError, match="cannot be made again"):
        task_of(replace(session, parameters={}))
    with pytest.raises(ValueError, match="other rules"):
        task_of(replace(session, rules=tuple(replace(one, weight=0.5) for one in session.rules)))


@pytest.mark.parametrize("task", [PRP(), Posner(), AXCPT()], ids=lambda task: task.name)
def test_without_pushes_the_circuit_is_that_of_the_participant(task):
    source, wiring = TaskSource(task), wiring_of(task.session(0))
    circuit = source.circuit({})
    plain = attention_circuit(source.parameters, wiring)
    assert replace(circuit, inputs=circuit.inputs[: len(plain.inputs)]).digest == plain.digest
    assert circuit.channels[len(plain.channels) :] == tuple(push_of(name) for name in plain.names)
    seed = 4
    own = SpikingParticipant().circuit(seed, wiring)
    individual = source.circuit(TwinParticipant().condition(seed))
    assert [p.weight for p in individual.projections] == pytest.approx([p.weight for p in own.projections])
    assert [p.g_ns for p in individual.projections] == pytest.approx([p.g_ns for p in own.projections])
    rates = [i.rate_hz for i in individual.inputs[: len(plain.inputs)]]
    assert rates == pytest.approx([i.rate_hz for i in own.inputs])


def test_another_circuit_has_another_twin():
    lesioned = replace(AttentionParameters(), w_plus_control=1.0, goal_to_sensory_ns=0.0)
    participant = TwinParticipant(parameters=lesioned)
    assert participant.source(PRP().session(1)) == TaskSource(PRP(), lesioned) != TaskSource(PRP())
    assert participant.source(SART().session(1)) == AttentionSource(parameters=lesioned)
    # individuals differ by the same factors, whatever the average is
    assert participant.condition(3) == TwinParticipant().condition(3)


def test_a_piece_is_the_instruction_and_then_what_the_session_is_there(monkeypatch):
    monkeypatch.setattr(twin_lessons, "DISTURBED", 0.0)
    source = TaskSource(PRP())
    step, instructed = 0.01, 0
    for k in range(6):
        rng = np.random.default_rng(k)
        piece = source.draw(rng).drive
        # the same draws again: which session, and where it was cut
        rng = np.random.default_rng(k)
        session = PRP().session(int(rng.integers(2**31)))
        starts = session.trials["onset_s"].to_numpy() - BEFORE_S
        start = float(rng.choice(starts[starts <= session.duration_s - source.duration_s]))
        told = last_instruction(session, start)
        whole = SpikingParticipant().drive(session, 0)
        room_s = 0.0 if told is None else told[1] - told[0]
        instructed += told is not None
        times = np.arange(0.0, piece.duration_s, step) + step / 2
        there = np.where(times < room_s, times + (told[0] if told else 0.0), start + times - room_s)
        clear = np.abs(times - room_s) > step  # rounding moves the seam
        assert _levels(piece, times[clear]) == _levels(whole, there[clear])
    assert instructed >= 5


def test_the_instruction_is_the_one_that_holds():
    session = DualDetection().session(2)
    events = session.events
    given = events[events["channel"].astype(str).str.startswith("attend_")].sort_values("onset_s")
    times = given["onset_s"].drop_duplicates().to_numpy()
    assert times.size > 2
    for before, after in zip(times[:-1], times[1:], strict=True):
        begin, end = last_instruction(session, after - 0.01)
        assert begin == pytest.approx(max(before - BEFORE_S, 0.0)) and before < end <= after
    assert last_instruction(AXCPT().session(2), 20.0) is None


def test_lessons_cover_individuals_arousal_sessions_and_pushes():
    source, rng = TaskSource(Posner()), np.random.default_rng(0)
    pieces = [source.draw(rng) for _ in range(120)]
    assert {p.drive.duration_s for p in pieces} == {source.duration_s} == {12.0}
    spread = np.log([list(p.condition.values()) for p in pieces]).std(axis=0)
    individuals = source.individuality
    own = [individuals.habit, individuals.self_excitation, individuals.attention]
    assert spread == pytest.approx(1.5 * np.array(own), rel=0.2)
    arousal = np.array([[p.drive.arousal[0], np.ptp(p.drive.arousal)] for p in pieces])
    assert arousal[:, 0].min() < 0.9 and arousal[:, 0].max() > 1.05 and np.median(arousal[:, 1]) > 0.02
    pushed = [p for p in pieces if any(name.startswith("push/") for name in p.drive.channels)]
    assert len(pushed) / len(pieces) == pytest.approx(DISTURBED, abs=0.12)
    channels = {name for p in pushed for name in p.drive.channels if name.startswith("push/")}
    assert channels == {push_of(name) for name in source.circuit({}).names}
    levels = np.concatenate([p.drive.levels[:, _columns(p.drive, "push/")].ravel() for p in pushed])
    assert levels.min() < -0.8 and levels.max() > 0.8
    # a trial of object tracking takes longer than a piece otherwise does
    assert TaskSource(MOT()).duration_s > 14.5


def test_the_key_knows_how_sessions_are_sensed(monkeypatch):
    before = TaskSource(PRP())
    monkeypatch.setattr(twin_lessons, "evoked", lambda session: evoked(session).assign(level=0.5))
    assert TaskSource(PRP()).example != before.example


@pytest.mark.slow
def test_a_small_twin_of_a_task_is_helped_by_the_cue(tmp_path):
    """A minute for compiling, simulating and learning; the circuit's own effect is 40 ms."""
    task = Posner(n_blocks=1, valid=8, invalid=2, soa_s=(0.3, 0.6), fixation_min_s=0.6, fixation_max_s=0.8)
    participant = TwinParticipant(
        task_twin=TwinConfig(n_trials=48, steps=600, n_hidden=48, batch_size=1024), cache=tmp_path
    )
    sessions = [task.session(k) for k in range(8)]
    performed = participant.perform(sessions, range(1, 9))
    assert len(list(tmp_path.rglob("twin-posner-*.pt"))) == 1
    found = [effects(s, p.responses) for s, p in zip(sessions, performed, strict=True)]
    right = [p.responses.scored(s)["correct"].mean() for s, p in zip(sessions, performed, strict=True)]
    assert np.mean(right) > 0.8
    assert np.mean([one["validity_ms"] for one in found]) > 10.0
    # found again in the folder of trained twins, and nobody depends on who else is there
    again = participant.perform([sessions[3], sessions[1]], [4, 2])
    for one, other in zip(again, (performed[3], performed[1]), strict=True):
        pd.testing.assert_frame_equal(one.responses.table, other.responses.table)


def _columns(drive: Drive, prefix: str) -> list[int]:
    return [k for k, name in enumerate(drive.channels) if name.startswith(prefix)]


def _levels(drive: Drive, times: np.ndarray) -> list[dict[str, float]]:
    """What is on at these times, by channel."""
    rows = drive.levels[np.searchsorted(drive.times_s, times, side="right") - 1]
    return [{drive.channels[k]: round(row[k], 6) for k in np.flatnonzero(row)} for row in rows]
