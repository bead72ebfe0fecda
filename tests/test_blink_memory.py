"""How the circuit writes two targets of a stream into memory, and gets them out again when it is asked."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from bridges.participants.spiking import spiking, wiring_of
from bridges.tasks import PRP, ChangeDetection
from neurosim.circuits.attention import attention_circuit
from studies.divided.design import TASKS

DIGITS = replace(TASKS["attentional_blink"], lags=(2, 3, 8), trials_per_lag=(6,) * 3, before_max=4)
"""The blink of the study of divided attention, shorter."""


def strengths(circuit, source: str, part: str) -> dict[str, float]:
    """Total conductance (nS) from a population onto each population of a stage."""
    size = {x.name: x.size for x in circuit.populations}
    return {
        p.target: p.g_ns * size[source]
        for p in circuit.projections
        if p.source == source and p.target.startswith(f"{part}.")
    }


def test_the_gate_of_one_target_is_open_to_all_but_each_writes_only_itself():
    p = spiking().parameters
    circuit = attention_circuit(p, wiring_of(DIGITS.session(1)))
    targets = ("t1_2", "t1_3", "t2_6", "t2_7")
    for one in targets:
        routed, seen = (strengths(circuit, f"{part}.{one}", "memory") for part in ("central", "sensory"))
        assert routed == pytest.approx(
            {f"memory.{x}": p.central_to_memory_ns if x == one else p.gate_ns for x in targets}
        )
        assert seen == pytest.approx({f"memory.{one}": p.sensory_to_memory_ns})
    assert strengths(circuit, "sensory.distractor", "memory") == {}


def test_what_is_only_asked_for_is_recalled_more_strongly_than_what_is_compared():
    def drive(task, stimulus: str, goal: str, act: str) -> float:
        circuit = attention_circuit(p, wiring_of(task.session(1)))
        return strengths(circuit, f"sensory.{stimulus}@{goal}", "decision")[f"decision.{act}"]

    p = replace(spiking().parameters, recalled=1.5)
    assert drive(DIGITS, "report_t1", "t1_2", "first_2") == pytest.approx(1.5 * p.sensory_to_decision_ns)
    compared = wiring_of(ChangeDetection().session(1)).detectors
    probe = next(d for d in compared if d.conditional and dict(d.acts).get("same"))
    assert drive(ChangeDetection(), probe.stimulus, probe.goals[0], "same") == pytest.approx(
        p.sensory_to_decision_ns
    )


def test_one_encoding_shuts_out_the_others_and_ends_with_its_own_memory():
    p = spiking().parameters
    readout = attention_circuit(p, wiring_of(DIGITS.session(1))).readout
    targets = ("t1_2", "t1_3", "t2_6", "t2_7")
    found = {
        pair for pair in readout.reset_pairs if pair[1].startswith("central.") and "decision" not in pair[0]
    }
    ends = {(f"memory.{x}", f"central.{x}") for x in targets}
    shuts = {(f"central.{x}", f"central.{y}") for x in targets for y in targets if x != y}
    assert found == ends | shuts
    assert {one for one, _ in found} <= set(readout.populations)
    assert (readout.reset_ns, readout.tau_reset_ms) == (p.encoding_reset_ns, p.encoding_reset_ms)
    # where the central pools do not compete, none of them shuts out another
    apart = spiking(central_competition=False).circuit(3, wiring_of(DIGITS.session(1))).readout
    assert ends <= set(apart.reset_pairs) and not shuts & set(apart.reset_pairs)
    # tasks whose answers are given at once keep the reset that their responses have
    prp = attention_circuit(p, wiring_of(PRP(trials_per_soa=1, blocks=("dual",)).session(1))).readout
    assert (prp.reset_ns, prp.tau_reset_ms) == (p.reset_ns, p.dual_reset_ms)
    assert all(x.startswith("decision.") for x in prp.populations)


@pytest.mark.slow
def test_the_first_target_is_reported_and_the_second_recovers():
    people = spiking()
    sessions = [DIGITS.session(seed) for seed in range(4)]
    performances = people.perform(sessions, [11, 12, 13, 14])
    tables = []
    for session, performance in zip(sessions, performances, strict=True):
        scored = performance.responses.scored(session)
        tables.append(scored.assign(lag=session.trials["lag"].to_numpy()[scored["trial"]]))
    table = pd.concat(tables)
    right = table.groupby(["component", "lag"])["correct"].mean()
    assert right["T1"].mean() >= 0.8
    # 24 trials a lag
    assert right["T2", 8] > right["T2", 2] and right["T2", 8] > right["T2", 3]
