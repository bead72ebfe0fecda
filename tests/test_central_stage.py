"""What is taken from the circuit by the ablations of one stage, and what is left as it was."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from bridges.participants.spiking import spiking, wiring_of
from bridges.tasks import AXCPT, MOT, PRP, ChangeDetection, Flanker, Posner, VisualSearch
from neurosim.circuit import Circuit
from neurosim.circuits.attention import attention_circuit


@pytest.mark.parametrize(
    ("stage", "task"),
    [("central", PRP(trials_per_soa=1, blocks=("dual",))), ("memory", ChangeDetection(n_blocks=3))],
    ids=["central", "memory"],
)
def test_without_competition_of_a_stage_every_pool_of_it_is_as_if_the_others_were_silent(stage, task):
    wiring = wiring_of(task.session(1))
    built = spiking(**{f"{stage}_competition": False})
    assert built.name == f"spiking-no-{stage}-competition"
    intact, apart = spiking().circuit(3, wiring), built.circuit(3, wiring)
    assert apart.readout == intact.readout and apart.inputs == intact.inputs
    members = wiring.memories if stage == "memory" else [d.name for d in wiring.routed]
    pools = [f"{stage}.{name}" for name in members]
    assert len(pools) > 3
    joined = {p.source: set() for p in apart.projections}
    for p in apart.projections:
        if p.source.startswith(f"{stage}.") and p.target.startswith(f"{stage}."):
            joined[p.source].add(p.target)
    # nothing that a pool reaches within the stage, by however many steps, is reached from another pool
    reached = []
    for pool in pools:
        found = {pool}
        while more := set().union(*(joined[name] for name in found)) - found:
            found |= more
        reached.append(found)
    assert all(not one & other for one, other in itertools.combinations(reached, 2))
    # what a pool gets from itself and from the rest, and gives to inhibition, is as before
    for receptor in ("ampa", "nmda"):
        for pool in pools:
            assert incoming(apart, pool, receptor, "") == incoming(intact, pool, receptor, pool)
            own = f"{stage}.inhibition.{pool.removeprefix(f'{stage}.')}"
            shared = incoming(intact, f"{stage}.inhibition", receptor, pool)
            assert incoming(apart, own, receptor, "") == shared


def incoming(circuit: Circuit, target: str, receptor: str, pool: str) -> list[float]:
    """Conductances (nS) onto a population from `pool` ("": any) and from what is no pool of its stage."""
    stage = target.split(".")[0]
    pools = {f"{stage}.{name}" for name in ("rest", "inhibition")}
    return sorted(
        round(p.g_ns * p.weight, 9)
        for p in circuit.projections
        if p.target == target
        and p.receptor == receptor
        and (not pool or p.source in pools | {pool} or not p.source.startswith(f"{stage}."))
    )


def test_without_central_self_excitation_nothing_else_changes():
    wiring = wiring_of(PRP(trials_per_soa=1, blocks=("dual",)).session(1))
    intact = spiking().circuit(3, wiring)
    plain = spiking(central_self_excitation=False).circuit(3, wiring)
    changed = {
        (p.source.split(".")[0], p.target.split(".")[0], q.weight)
        for p, q in zip(intact.projections, plain.projections, strict=True)
        if p != q
    }
    assert changed == {("central", "central", 1.0)}
    assert replace(plain, projections=intact.projections) == intact


def test_only_places_that_are_searched_drive_inhibition_directly():
    def driven(task) -> set[tuple[str, str]]:
        circuit = spiking().circuit(3, wiring_of(task.session(1)))
        senses = [p for p in circuit.projections if p.source.startswith("sensory.")]
        return {
            (p.source, p.target) for p in senses if "inhibition" in p.target and "sensory" not in p.target
        }

    items = {f"sensory.item_{k}" for k in range(1, 17)}
    stages = {"central.inhibition", "decision.inhibition"}
    assert driven(VisualSearch(n_blocks=1)) == set(itertools.product(items, stages))
    apart = spiking(central_competition=False).circuit(3, wiring_of(VisualSearch(n_blocks=1).session(1)))
    assert "central.inhibition" not in apart.names
    assert driven(VisualSearch(set_sizes=(1, 2), n_locations=2, n_blocks=1)) == set()
    assert driven(PRP(trials_per_soa=1, blocks=("dual",))) == set()


def test_many_places_refresh_a_goal_no_more_than_one_does():
    refresh_ns = spiking().parameters.sensory_to_goal_ns

    def refresh(task) -> list[float]:
        circuit = spiking().circuit(3, wiring_of(task.session(1)))
        joined = [p for p in circuit.projections if p.source.startswith("sensory.")]
        size = spiking().parameters.pool_size
        return [p.g_ns * size for p in joined if p.target.startswith("control.") and p.receptor == "ampa"]

    searched = refresh(VisualSearch(n_blocks=1))
    assert len(searched) == 16
    assert sum(searched) == pytest.approx(refresh_ns)
    # of two places, which can both be attended, and of targets that come one at a time, each does so fully
    few = VisualSearch(set_sizes=(1, 2), n_locations=2, n_blocks=1)
    assert refresh(few) == pytest.approx([refresh_ns] * 2)
    assert refresh(Flanker(n_blocks=1)) == pytest.approx([refresh_ns] * 2)


def test_only_places_that_are_followed_drive_the_inhibition_of_memory():
    p = spiking().parameters

    def driven(task) -> dict[str, dict[str, float]]:
        rates: dict[str, dict[str, float]] = {}
        for x in spiking().circuit(3, wiring_of(task.session(1))).inputs:
            if x.target.startswith("memory."):
                rates.setdefault(x.channel, {})[x.target] = x.rate_hz
        return rates

    places = [f"cue_{k}" for k in range(1, 9)]
    followed = {cue: {f"memory.{cue}": p.tracked_hz, "memory.inhibition": p.surround_hz} for cue in places}
    assert driven(MOT(n_blocks=1)) == followed
    # where memories do not compete, a place that is followed keeps no other one down
    apart = spiking(memory_competition=False).circuit(3, wiring_of(MOT(n_blocks=1).session(1)))
    assert {x.target for x in apart.inputs if x.channel in places} == {f"memory.{cue}" for cue in places}
    # colours, cues to a context and cues to a place that is only expected are remembered one by one
    for task in (ChangeDetection(n_blocks=3), AXCPT(n_blocks=1), Posner(n_blocks=1)):
        found = driven(task)
        assert found
        assert all(onto == {f"memory.{cue}": p.sample_hz} for cue, onto in found.items())


@pytest.mark.parametrize(
    ("task", "probe", "known", "new", "setting"),
    [
        (ChangeDetection(n_blocks=3), "probe_red", "same", "change", "new_default"),
        (MOT(n_blocks=1), "probe_1", "target", "distractor", "unmarked"),
    ],
    ids=["change_detection", "mot"],
)
def test_what_matches_nothing_in_mind_is_answered_by_a_strength_of_its_own(task, probe, known, new, setting):
    wiring = wiring_of(task.session(1))
    p = replace(spiking().parameters, **{setting: 1.5})
    circuit = attention_circuit(p, wiring)
    onto = {
        x.target: x.g_ns * p.pool_size
        for x in circuit.projections
        if x.source.startswith(f"sensory.{probe}") and x.target.startswith("decision.")
    }
    assert onto[f"decision.{new}"] == pytest.approx(0.5 * 1.5 * p.sensory_to_decision_ns)
    assert onto[f"decision.{known}"] == pytest.approx(p.sensory_to_decision_ns)


def test_what_a_vain_search_is_answered_with_is_called_for_more_strongly_than_by_its_rule():
    p = spiking().parameters
    wiring = wiring_of(VisualSearch(n_blocks=1).session(1))
    circuit = spiking().circuit(3, wiring)
    (drive,) = (
        x for x in circuit.projections if x.source == "sensory.display" and x.target == "decision.absent"
    )
    assert drive.g_ns * p.pool_size == pytest.approx(0.3 * p.search_default * p.sensory_to_decision_ns)
