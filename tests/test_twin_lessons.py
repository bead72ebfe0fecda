"""Lessons of twins: pieces of a task's sessions, the instruction ahead of them, and pushes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bridges.maps.twin import TwinConfig
from bridges.measures.effects import effects
from bridges.participants.spiking import SpikingParticipant, evoked, wiring_of
from bridges.participants.twin import TwinParticipant
from bridges.participants.twin_lessons import (
    DISTURBED,
    TaskSource,
    last_instruction,
    push_of,
    task_of,
    within,
)
from bridges.tasks import AXCPT, MOT, PRP, SART, TASKS, Posner
from neurosim.circuits.attention import attention_circuit


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


def test_a_session_of_no_task_is_refused_with_the_known_ones():
    session = replace(PRP().session(1), task="juggling")
    with pytest.raises(ValueError, match="juggling.*prp"):
        TwinParticipant().source(session)


def test_without_pushes_the_circuit_is_that_of_the_participant():
    source = TaskSource(PRP())
    circuit = source.circuit({})
    plain = attention_circuit(source.parameters, wiring_of(PRP().session(0)))
    assert replace(circuit, inputs=circuit.inputs[: len(plain.inputs)]).digest == plain.digest
    assert circuit.channels[len(plain.channels) :] == tuple(push_of(name) for name in plain.names)
    seed = 4
    own = SpikingParticipant().circuit(seed, wiring_of(PRP().session(0)))
    individual = source.circuit(TwinParticipant().condition(seed))
    assert [p.weight for p in individual.projections] == pytest.approx([p.weight for p in own.projections])
    rates = [i.rate_hz for i in individual.inputs[: len(plain.inputs)]]
    assert rates == pytest.approx([i.rate_hz for i in own.inputs])


def test_pieces_hold_the_instruction_and_whole_trials():
    source, rng = TaskSource(PRP()), np.random.default_rng(0)
    pieces = [source.draw(rng) for _ in range(40)]
    assert {p.drive.duration_s for p in pieces} == {source.duration_s} == {12.0}
    instructed = [_peak(p.drive, "attend_s") for p in pieces]
    assert min(instructed) == 1.0
    # two stimuli a trial, three trials a piece
    shown = [_peak(p.drive, "s1_") > 0 and _peak(p.drive, "s2_") > 0 for p in pieces]
    assert np.mean(shown) > 0.6
    pushed = np.mean([_peak(p.drive, "push/") > 0 for p in pieces])
    assert pushed == pytest.approx(DISTURBED, abs=0.25)
    assert len({tuple(p.condition.values()) for p in pieces}) == len(pieces)
    # a trial of object tracking takes longer than a piece otherwise does
    assert TaskSource(MOT()).duration_s > 14.5


def test_a_piece_is_what_the_session_is_there():
    session = PRP().session(2)
    events = evoked(session)
    start, stop = 20.0, 26.0
    piece = within(events, start, stop)
    whole, cut = (_levels(e, t) for e, t in ((events, np.arange(start, stop, 0.05) + 0.01),
                                            (piece, np.arange(0.0, stop - start, 0.05) + 0.01)))  # fmt: skip
    assert whole == cut and any(whole)
    told = last_instruction(session, start)
    assert told is not None and told[1] <= start
    names = set(within(events, *told)["channel"])
    assert any(name.startswith("attend_") for name in names)
    assert last_instruction(AXCPT().session(2), start) is None


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


def _peak(drive, prefix: str) -> float:
    columns = [k for k, name in enumerate(drive.channels) if name.startswith(prefix) and "/onset" not in name]
    return float(np.abs(drive.levels[:, columns]).max(initial=0.0))


def _levels(events: pd.DataFrame, times: np.ndarray) -> list[tuple[str, ...]]:
    on = events["onset_s"].to_numpy()
    off = on + events["duration_s"].to_numpy()
    names = events["channel"].to_numpy()
    return [tuple(sorted(names[(on <= t) & (t < off)])) for t in times]
