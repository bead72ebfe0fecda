"""The facilitation memory: its synapses against closed forms, its memory against an empty one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurosim.circuits.facilitation_memory import MemoryParameters, facilitation_memory_circuit
from neurosim.circuits.protocols.facilitation_protocol import (
    REGIMES,
    _population_spikes,
    memory_course_trials,
    memory_trials,
    reexpressed_of,
    release_trials,
)
from neurosim.engine import standalone
from neurosim.sparse import Plasticity

needs_compiler = pytest.mark.skipif(standalone.compiler() is None, reason="no C++ compiler")
SYNAPSE = Plasticity(0.19, 1500.0, 200.0)


@pytest.mark.parametrize(
    ("rate_hz", "product"),
    [
        (0.1, 0.212),
        (0.5, 0.283),
        (1.0, 0.344),
        (2.0, 0.406),
        (5.0, 0.400),
        (10.0, 0.306),
        (20.0, 0.195),
        (50.0, 0.090),
    ],
)
def test_the_rate_equations_have_their_closed_form(rate_hz, product):
    u, x = SYNAPSE.steady_state(rate_hz)
    assert u * x == pytest.approx(product, abs=6e-4)
    # it is where the rate equations stand still
    assert (0.19 - u) / 1.5 + 0.19 * (1 - u) * rate_hz == pytest.approx(0.0, abs=1e-12)
    assert (1 - x) / 0.2 - u * x * rate_hz == pytest.approx(0.0, abs=1e-12)


def test_the_regular_steady_state_is_where_the_recursion_ends():
    u, x = 0.19, 1.0
    for _ in range(400):
        u = 0.19 + (u - 0.19) * np.exp(-0.1 / 1.5)
        x = 1 + (x - 1) * np.exp(-0.1 / 0.2)
        u += 0.19 * (1 - u)
        used = u, x
        x -= u * x
    np.testing.assert_allclose(SYNAPSE.steady_state_regular(10.0), used, rtol=1e-9)


@needs_compiler
def test_simulated_synapses_release_what_theory_says():
    """Regular trains against the exact recursion; Poisson trains against theory and an event-driven draw.

    Over time u averages to the closed form of the rate equations. What a spike releases is more,
    for u jumps first: at 1 Hz .44, where the rate equations have .344; at 20 Hz .195 either way.
    """
    table = release_trials((1.0, 20.0), 4)
    regular = table[table["kind"] == "regular"]
    # a regular train's interval is a whole number of steps
    np.testing.assert_allclose(regular["rate_hz"], regular["nominal_hz"], rtol=0.01)
    np.testing.assert_allclose(regular["release"], regular["expected_release"], atol=2e-3)
    poisson = table[table["kind"] == "poisson"].set_index("nominal_hz")
    np.testing.assert_allclose(poisson["u"], poisson["expected_u"], atol=3e-3)
    assert poisson.loc[20.0, "release"] == pytest.approx(0.195, abs=3e-3)
    for rate in (1.0, 20.0):
        assert poisson.loc[rate, "release"] == pytest.approx(_event_driven(rate), abs=3e-3)


def _event_driven(rate_hz: float) -> float:
    """Mean of u x at the spikes of Poisson trains, spike by spike, after 15 s."""
    rng = np.random.default_rng(11)
    u, x, time, total, n = np.full(4000, 0.19), np.ones(4000), np.zeros(4000), 0.0, 0
    while time.min() < 40.0:
        gap = rng.exponential(1 / rate_hz, 4000)
        time += gap
        u = 0.19 + (u - 0.19) * np.exp(-gap / 1.5)
        x = 1 + (x - 1) * np.exp(-gap / 0.2)
        u += 0.19 * (1 - u)
        late = (time > 15.0) & (time < 40.0)
        total, n = total + (u * x)[late].sum(), n + int(late.sum())
        x = x - u * x
    return total / n


def test_the_circuit_is_wired_as_the_paper_says():
    circuit = facilitation_memory_circuit()
    assert circuit.size == 10_000
    degree = circuit.in_degrees()
    excitatory, inhibitory = degree[:, :-1].sum(axis=1), degree[:, -1]
    np.testing.assert_allclose(excitatory, 1600.0)
    np.testing.assert_allclose(inhibitory, 400.0)
    within = {(p.source, p.target): p.weight for p in circuit.projections}
    assert within["item_0", "item_0"] == 0.45 and within["item_0", "item_1"] == 0.10
    plastic = {(p.source, p.target) for p in circuit.projections if p.plasticity}
    assert all("inhibition" not in pair for pair in plastic)
    potentiated = [
        p for p in circuit.projections if (p.source, p.target, p.weight) == ("other", "item_0", 0.45)
    ]
    assert potentiated[0].probability == pytest.approx(0.02)


def test_synaptic_currents_have_the_peak_of_their_weights():
    """87.81 pA give .15 mV with 10 ms and .5 ms: the same formula as in the column, independently known."""
    p = MemoryParameters(tau_syn_ms=0.5, j_i_to_i_mv=0.15)
    circuit = facilitation_memory_circuit(p)
    own = [s.weight for s in circuit.projections if s.source == s.target == "inhibition"]
    assert own == [pytest.approx(87.81, abs=0.01)]
    mean = circuit.population("inhibition").background.mean
    assert mean == pytest.approx(20.5 * 250.0 / 10.0)
    assert not circuit.instantaneous and facilitation_memory_circuit().instantaneous


def test_a_smaller_circuit_keeps_the_mean_input():
    small, full = facilitation_memory_circuit(scale=0.25), facilitation_memory_circuit()
    assert small.size == 2500

    def drive(circuit):
        total = dict.fromkeys(circuit.names, 0.0)
        for p in circuit.projections:
            total[p.target] += circuit.expected_synapses(p) / circuit.population(p.target).size * p.weight
        return list(total.values())

    np.testing.assert_allclose(drive(small), drive(full), rtol=1e-9)


def test_faults():
    with pytest.raises(ValueError, match="scale = 2"):
        facilitation_memory_circuit(scale=2.0)
    with pytest.raises(ValueError, match="10 items"):
        facilitation_memory_circuit(MemoryParameters(items=10))
    with pytest.raises(ValueError, match="regime = 'loud'"):
        memory_trials("loud", 1, 1)
    assert set(REGIMES) >= {"silent", "synchronous"}


def test_population_spikes_are_counted_by_their_starts():
    assert _population_spikes(np.array([40.0, 40.0, 1.0, 50.0, 2.0, 31.0]), 30.0) == 3
    assert _population_spikes(np.zeros(5), 30.0) == 0


@needs_compiler
def test_a_silent_memory_answers_the_readout_and_only_if_it_was_loaded():
    loaded = memory_trials("silent", 2, 3)
    found = reexpressed_of(loaded)
    assert found["loaded"].value == 1.0 and found["other"].value == 0.0
    # between load and read-out it fires like any other cell would, but its synapses remember
    assert np.all(loaded["delay_hz"] < 5.0) and np.all(loaded["u"] > 0.3)
    empty = reexpressed_of(memory_trials("silent", 2, 3, loaded=False))
    assert empty["loaded"].value == 0.0


@needs_compiler
def test_with_more_drive_population_spikes_refresh_the_memory():
    course = memory_course_trials("synchronous", 5)
    item = course[(course["population"] == "item_0") & (course["time_s"] > 1.05)]
    other = course[(course["population"] == "item_1") & (course["time_s"] > 1.05)]
    assert _population_spikes(item["rate_hz"].to_numpy(), 30.0) >= 2
    assert other["rate_hz"].max() < 30.0
    assert item["u"].min() > 0.4 > other["u"].max()
    assert replace(REGIMES["silent"], readout=False).drive_e_mv < REGIMES["synchronous"].drive_e_mv
