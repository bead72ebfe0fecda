"""Loop gain and forget gate: round trips, the LSTM, a spiking population; the subtractive LSTM copied."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bridges.maps.gating import (
    SelfExcitingPopulation,
    effective_timescale_s,
    forget_of_loop_gain,
    loop_gain_of_forget,
    lstm_timescale_s,
    measured_timescale_s,
    simulate_populations,
)
from bridges.maps.siegert import siegert_rate
from bridges.maps.subtractive import GATE_DICTIONARY, SubtractiveCircuit
from neurosim.timescales import ornstein_uhlenbeck

TABLE = {
    0.0: (0.100, 0.819),
    0.3: (0.143, 0.869),
    0.5: (0.200, 0.905),
    0.7: (0.333, 0.942),
    0.8: (0.500, 0.961),
}
"""Loop gain -> timescale (s) and forget gate at 20 ms, by hand."""


@pytest.mark.parametrize("gain", TABLE)
def test_the_table_and_back(gain):
    tau, forget = TABLE[gain]
    assert effective_timescale_s(gain) == pytest.approx(tau, abs=5e-4)
    assert forget_of_loop_gain(gain) == pytest.approx(forget, abs=5e-4)
    assert loop_gain_of_forget(forget_of_loop_gain(gain)) == pytest.approx(gain, abs=1e-12)


def test_gates_that_no_loop_has_are_refused_with_the_synapse_that_would():
    with pytest.raises(ValueError, match=r"needs a loop gain of -.*take a synapse of"):
        loop_gain_of_forget(0.7)
    with pytest.raises(ValueError, match=r"needs a loop gain of 0\.9.*take a synapse of"):
        loop_gain_of_forget(0.985)
    for bad in (-0.1, 0.81, math.nan):
        with pytest.raises(ValueError, match="loop_gain"):
            SelfExcitingPopulation(bad)
    with pytest.raises(ValueError, match="forget = 1"):
        loop_gain_of_forget(1.0)


@pytest.mark.parametrize("forget", [0.8, 0.905, 0.961])
def test_an_lstm_forgets_as_its_gate_says(forget):
    pytest.importorskip("torch")
    bias = math.log(forget / (1.0 - forget))
    assert lstm_timescale_s(bias) == pytest.approx(-0.02 / math.log(forget), rel=1e-6)


def test_a_population_is_built_for_its_loop_gain():
    p = SelfExcitingPopulation.for_forget(0.92, sigma_mv=5.0, rate_hz=8.0)
    assert p.timescale_s == pytest.approx(-0.02 / math.log(0.92))
    # the fixed point: outside drive and own excitation together give the rate
    assert float(siegert_rate(p.drive_mv, 5.0, step_ms=0.1)) == pytest.approx(8.0, rel=1e-6)
    h = 1e-3
    slope = (
        siegert_rate(p.drive_mv + h, 5.0, step_ms=0.1) - siegert_rate(p.drive_mv - h, 5.0, step_ms=0.1)
    ) / (2 * h)
    assert p.weight_mv_per_hz * float(slope) == pytest.approx(p.loop_gain, rel=1e-4)


def test_the_estimator_recovers_known_timescales():
    """White population noise through the synapse and through a loop: two processes with known answers."""
    rng = np.random.default_rng(2)
    white = rng.normal(size=(20, 6000))
    assert measured_timescale_s(white, 0.01, 100.0) == pytest.approx(0.1, rel=0.1)
    # s is an OU process of 300 ms, as a loop of gain 2/3 makes it: rate = s + tau_s ds/dt
    slow = ornstein_uhlenbeck(0.3, 0.01, (20, 6000), rng)
    s = slow * np.sqrt(0.3)
    ds = np.diff(s, axis=1, prepend=s[:, :1])
    rate = s + 0.1 * ds / 0.01
    assert measured_timescale_s(rate, 0.01, 100.0) == pytest.approx(0.3, rel=0.15)


@pytest.mark.slow
def test_spiking_populations_keep_the_rate_they_are_built_for():
    pair = [SelfExcitingPopulation(g, size=80, tau_s_ms=40.0, step_ms=0.2) for g in (0.0, 0.6)]
    rates = simulate_populations(pair, 1, 0.8, 1, warm_up_s=0.4)
    assert rates.shape == (2, 1, 80)
    assert rates.mean(axis=(1, 2)) == pytest.approx([10.0, 10.0], rel=0.25)
    with pytest.raises(ValueError, match="2 kinds"):
        simulate_populations([pair[0], SelfExcitingPopulation(0.1)], 1, 1.0, 1)


@pytest.mark.slow
def test_spiking_populations_forget_as_the_loop_gain_says():
    pair = [SelfExcitingPopulation(g) for g in (0.0, 0.5)]
    rates = simulate_populations(pair, 5, 40.0, 1)
    for population, rate in zip(pair, rates, strict=True):
        assert measured_timescale_s(rate, 0.01, 100.0) == pytest.approx(population.timescale_s, rel=0.2)


@pytest.mark.parametrize("fixed", [True, False])
def test_the_subtractive_network_copies_exactly(fixed):
    torch = pytest.importorskip("torch")
    from ann.sublstm import SubLSTMNetwork

    network = SubLSTMNetwork(3, 8, 2, fixed_forget=fixed, generator=torch.Generator().manual_seed(1)).double()
    x = np.random.default_rng(1).normal(size=(5, 30, 3))
    with torch.no_grad():
        wanted = network(torch.as_tensor(x))[0].numpy()
    np.testing.assert_allclose(SubtractiveCircuit.from_network(network).run(x), wanted, atol=1e-12)
    # gates that lag approach it as they get faster
    errors = [
        np.abs(SubtractiveCircuit.from_network(network, tau_gate_s=tau).run(x) - wanted).max()
        for tau in (0.01, 0.002, 0.0005)
    ]
    assert errors[0] > errors[1] > errors[2] and errors[2] < 0.1 * errors[0]
    assert 0.3 < SubtractiveCircuit.from_network(network).dale_violations < 0.7
    with pytest.raises(ValueError, match="dt_s = 0"):
        SubtractiveCircuit.from_network(network, dt_s=0.0)


def test_the_dictionary_names_every_gate():
    text = " ".join(row.network for row in GATE_DICTIONARY)
    assert all(word in text for word in ("cell", "forget", "input", "output", "candidate", "subtractive"))
    assert all(row.circuit and row.rule for row in GATE_DICTIONARY)
