"""Circuits and drives as data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurosim.circuit import Circuit, Input, Population, Projection, Readout
from neurosim.circuits.attention import AttentionParameters, attention_circuit
from neurosim.drive import Drive
from neurosim.engine.exchange import rate_columns
from neurosim.parameters import INTERNEURON, PYRAMIDAL


def small() -> Circuit:
    return Circuit(
        "small",
        (Population("e", 20, PYRAMIDAL, 2.1), Population("i", 10, INTERNEURON, 1.62)),
        (Projection("e", "i", "ampa", 1.0), Projection("i", "e", "gaba", 2.0)),
        (Input("light", "e", 100.0),),
    )


def test_every_fault_is_named_with_the_known_names():
    with pytest.raises(ValueError) as error:
        Circuit(
            "broken",
            (Population("e", -5, PYRAMIDAL, 2.1),),
            (Projection("e", "x", "glycine", 1.0),),  # type: ignore[arg-type]
            (Input("light", "y", 1.0),),
            Readout(populations=("z",)),
        )
    text = str(error.value)
    for part in ("size = -5", "'x'", "'glycine'", "['ampa', 'nmda', 'gaba']", "'y'", "'z'", "['e']"):
        assert part in text


def test_numbers_that_are_none_are_faults():
    good = small()
    with pytest.raises(ValueError, match="finite and not negative"):
        replace(good, projections=(Projection("e", "i", "ampa", float("nan")),))
    with pytest.raises(ValueError, match="background_hz must be finite"):
        replace(good, populations=(replace(good.populations[0], background_hz=np.inf), good.populations[1]))


def test_structure_digest_ignores_what_can_be_swapped():
    circuit = small()
    stronger = circuit.scale_projections("e", "i", 2.0)
    assert stronger.digest != circuit.digest
    assert stronger.structure_digest == circuit.structure_digest
    bigger = replace(circuit, populations=(replace(circuit.populations[0], size=21), circuit.populations[1]))
    assert bigger.structure_digest != circuit.structure_digest


def test_scaling_an_absent_projection_lists_the_present_ones():
    with pytest.raises(ValueError, match=r"no excitatory projection i -> e; there are \[\('e', 'i'\)\]"):
        small().scale_projections("i", "e", 2.0)


def test_methods_table_names_every_part():
    circuit = attention_circuit()
    table = str(circuit)
    for name in circuit.names:
        assert name in table
    assert "follows arousal" in table
    assert f"{circuit.size} neurons" in table


def test_goal_pools_alone_follow_arousal_in_their_self_excitation():
    follow = {(p.source, p.target) for p in attention_circuit().projections if p.arousal}
    assert follow == {("control.go", "control.go"), ("control.no_go", "control.no_go")}


def test_total_input_of_a_stage_does_not_depend_on_pool_size():
    def total(circuit: Circuit, target: str) -> float:
        size = {p.name: p.size for p in circuit.populations}
        return sum(
            p.g_ns * p.weight * size[p.source]
            for p in circuit.projections
            if p.target == target and p.receptor == "nmda" and p.source.startswith("decision")
        )

    small_pools = attention_circuit(AttentionParameters(pool_size=40))
    large_pools = attention_circuit(AttentionParameters(pool_size=80))
    for target in ("decision.press", "decision.rest", "decision.inhibition"):
        assert total(small_pools, target) == pytest.approx(total(large_pools, target))
    # w+ and w- balance: Wang 2002, the total onto a selective cell is that onto any other
    assert total(small_pools, "decision.press") == pytest.approx(264.0)


def test_drive_from_events_sums_levels_between_change_points():
    drive = Drive.from_events([1.0, 1.5], [1.0, 1.0], ["a", "a"], [0.5, 0.25], 4.0)
    assert drive.times_s.tolist() == [0.0, 1.0, 1.5, 2.0, 2.5]
    assert drive.levels[:, 0].tolist() == [0.0, 0.5, 0.75, 0.25, 0.0]


def test_drive_samples_arousal_and_inputs_follow_it():
    drive = Drive.from_events([0.0], [4.0], ["light"], [1.0], 4.0, np.array([1.0, 0.9, 0.8, 0.7]), 1.0)
    assert drive.arousal.tolist() == [1.0, 0.9, 0.8, 0.7, 0.7]
    circuit = replace(small(), inputs=(Input("light", "e", 100.0, arousal=0.5),))
    _, columns = rate_columns(circuit, drive)
    np.testing.assert_allclose(columns[:4, 0], [100.0, 95.0, 90.0, 85.0])
    assert columns[4, 0] == 0.0
    np.testing.assert_allclose(columns[:, -1], drive.arousal)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"times_s": np.array([0.5])}, "start at 0"),
        ({"levels": np.ones((1, 2))}, "need levels"),
        ({"levels": np.array([[np.nan]])}, "finite"),
        ({"duration_s": 0.0}, "positive"),
    ],
)
def test_drive_faults(change, message):
    good = {
        "times_s": np.zeros(1),
        "levels": np.ones((1, 1)),
        "channels": ("a",),
        "arousal": np.ones(1),
        "duration_s": 1.0,
    }
    with pytest.raises(ValueError, match=message):
        Drive(**{**good, **change})
