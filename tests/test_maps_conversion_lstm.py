"""Conversion of LSTMs: against torch's own LSTM, counts by hand, and the closed form of the neurons."""

import numpy as np
import pytest
import torch

from ann.recurrent import LSTMNetwork
from bridges.maps.count_coding import CountCode, agreement, cell_range, error_slope, hidden_r2, run_counted
from bridges.maps.cue_probe import draw_streams
from bridges.maps.lesions import effect_r2, lesion_effects, same_sign
from bridges.maps.lstm_spiking import run_spiking
from bridges.maps.lstm_weights import LSTMWeights, run_exactly
from bridges.maps.spiking_populations import PopulationCode, drive_curve, drive_of

SMALL = PopulationCode(n_neurons=60, tick_s=0.0025, high_hz=200.0)


def network(seed=0, units=5, inputs=6, outputs=3):
    made = LSTMNetwork(inputs, units, outputs, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        for weight in made.parameters():
            weight.mul_(2.0)
    return made.eval()


def stream(rng, n=4, steps=12, channels=6):
    return rng.standard_normal((n, steps, channels))


def test_equations_are_those_of_torch():
    made = network()
    x = stream(np.random.default_rng(0))
    with torch.inference_mode():
        hidden, (_, cell) = made.core.double()(torch.from_numpy(x))
        logits = made.head.double()(hidden)
    found = run_exactly(LSTMWeights.of(made), x)
    np.testing.assert_allclose(found.hidden, hidden.numpy(), atol=1e-12)
    np.testing.assert_allclose(found.cell[:, -1], cell[0].numpy(), atol=1e-12)
    np.testing.assert_allclose(found.logits, logits.numpy(), atol=1e-12)


def test_a_cap_of_zero_leaves_what_has_just_come_in():
    weights = LSTMWeights.of(network())
    x = stream(np.random.default_rng(1))
    found = run_exactly(weights.capped(0.0), x)
    h = np.zeros((4, 5))
    for k in range(x.shape[1]):
        z = x[:, k] @ weights.from_input.T + h @ weights.from_hidden.T + weights.bias
        i, _, g, o = np.split(z, 4, axis=1)
        c = np.tanh(g) / (1 + np.exp(-i))
        h = np.tanh(c) / (1 + np.exp(-o))
        np.testing.assert_allclose(found.cell[:, k], c, atol=1e-12)


@pytest.mark.parametrize(
    ("value", "slots", "count"),
    [(0.5, 4, 2), (0.124, 4, 0), (0.125, 4, 1), (-0.9, 10, -9), (1.7, 8, 8), (0, 3, 0)],
)
def test_counts_by_hand(value, slots, count):
    assert CountCode(slots).send(np.array(value)) == pytest.approx(count / slots)


def test_deterministic_counts_are_those_of_a_neuron_from_half_its_threshold():
    slots = 16
    for value in np.random.default_rng(2).random(200):
        voltage, spikes = 0.5, 0
        for _ in range(slots):
            voltage += value
            if voltage >= 1.0:
                voltage, spikes = voltage - 1.0, spikes + 1
        assert CountCode(slots).send(np.array(value)) * slots == pytest.approx(spikes)


def test_bernoulli_counts_have_the_moments_of_a_binomial():
    rng = np.random.default_rng(3)
    found = CountCode(25, "bernoulli").send(np.full(40000, -0.3), rng)
    assert found.mean() == pytest.approx(-0.3, abs=4 * np.sqrt(0.21 / 25 / 40000))
    assert found.var() == pytest.approx(0.3 * 0.7 / 25, rel=0.05)


def test_counts_come_to_the_network_itself():
    weights = LSTMWeights.of(network())
    x = stream(np.random.default_rng(4))
    exact = run_exactly(weights, x)
    ranges = 1.2 * cell_range(weights, x)
    for parts in ("gates", "full"):
        found = run_counted(weights, x, CountCode(10**9, "deterministic", parts), ranges)
        np.testing.assert_allclose(found.hidden, exact.hidden, atol=1e-6)
    assert agreement(exact.logits, exact.logits) == 1.0
    assert hidden_r2(exact.hidden, exact.hidden) == 1.0
    mean = np.broadcast_to(exact.hidden.mean(axis=(0, 1)), exact.hidden.shape)
    assert hidden_r2(exact.hidden, mean) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("kind", "slope", "width"), [("deterministic", -1.0, 0.2), ("bernoulli", -0.5, 0.1)])
def test_error_laws(kind, slope, width):
    weights = LSTMWeights.of(network(units=16))
    rng = np.random.default_rng(5)
    x = stream(rng, n=60, steps=20)
    exact = run_exactly(weights, x)
    slots = np.array([32, 64, 128, 256])
    ranges = cell_range(weights, x)
    errors = [
        np.sqrt(
            (
                (run_counted(weights, x, CountCode(int(t), kind), ranges, rng).hidden - exact.hidden) ** 2
            ).mean()
        )
        for t in slots
    ]
    assert error_slope(slots, errors) == pytest.approx(slope, abs=width)


def test_slope_of_a_power_law():
    slots = np.array([2.0, 8.0, 32.0])
    assert error_slope(slots, 3.0 * slots**-0.7) == pytest.approx(-0.7)


def test_rate_curve_is_that_of_the_neuron():
    # without spread, and at fine ticks: r = 1 / (tau ln(I / (I - 1)))
    code = PopulationCode(n_neurons=10, spread=0.0, tick_s=0.0002)
    rate, drive = drive_curve(code)
    strong = rate > 15
    expected = 1.0 / (code.tau_m_s * np.log(drive[strong] / (drive[strong] - 1.0)))
    np.testing.assert_allclose(rate[strong], expected, rtol=0.02, atol=0.6)
    found = drive_of(np.array([0.0, 0.5, 1.0, 2.0]), code)
    want = np.interp([20.0, 120.0, 220.0, 220.0], rate, drive)
    np.testing.assert_allclose(found, want)


def test_populations_carry_the_lstm():
    weights = LSTMWeights.of(network())
    x = stream(np.random.default_rng(6), n=3, steps=25)
    exact = run_exactly(weights, x)
    found = run_spiking(weights, x, SMALL)
    assert hidden_r2(exact.hidden, found.traces.hidden) > 0.95
    assert hidden_r2(exact.cell, found.traces.cell) > 0.97
    np.testing.assert_allclose(found.traces.logits, found.traces.hidden @ weights.head.T + weights.head_bias)
    assert found.rates.shape == (3, 25, 35)
    # h is what the decoded gates say: o (t+ - t-)
    o, on, off = found.rates[..., 10:15], found.rates[..., 25:30], found.rates[..., 30:35]
    np.testing.assert_allclose(found.traces.hidden, o * (on - off), atol=1e-9)
    i, f, plus, minus = (found.rates[..., 5 * k : 5 * k + 5] for k in (0, 1, 3, 4))
    before = np.concatenate([np.zeros((3, 1, 5)), found.traces.cell[:, :-1]], axis=1)
    np.testing.assert_allclose(found.traces.cell, np.clip(f, 0, 1) * before + i * (plus - minus), atol=1e-9)
    assert SMALL.low_hz < found.mean_rate_hz < SMALL.high_hz


def test_company_changes_nothing():
    weights = [LSTMWeights.of(network(seed)) for seed in (1, 2)]
    x = stream(np.random.default_rng(7), n=2, steps=6)
    together = run_spiking(weights, x, SMALL, seeds=[4, 9])
    alone = run_spiking(weights[1], x[1:], SMALL, seeds=[9])
    np.testing.assert_array_equal(together.traces.hidden[1:], alone.traces.hidden)


def test_without_self_excitation_the_spiking_cell_forgets_at_once():
    weights = LSTMWeights.of(network()).capped(0.0)
    x = stream(np.random.default_rng(8), n=2, steps=8)
    found = run_spiking(weights, x, SMALL)
    i, plus, minus = (found.rates[..., 5 * k : 5 * k + 5] for k in (0, 3, 4))
    np.testing.assert_allclose(found.traces.cell, i * (plus - minus), atol=1e-9)


def test_effects_of_lesions():
    assert effect_r2(np.array([0.0, -0.2]), np.array([0.0, -0.2])) == 1.0
    # residuals .05 and .05 against deviations .1 and .1
    assert effect_r2(np.array([0.0, -0.2]), np.array([0.05, -0.25])) == pytest.approx(1 - 0.005 / 0.02)
    assert same_sign(np.array([-0.3, 0.001, 0.2]), np.array([-0.1, -0.4, -0.2]), 0.02) == 0.5
    weights = LSTMWeights.of(network(units=4))
    streams = draw_streams(3, np.random.default_rng(9), steps=15)
    found = lesion_effects(weights, streams, (1.0, 0.0), SMALL)
    right = run_exactly(weights.capped(0.0), streams.x).logits.argmax(-1) == streams.answer
    assert found.network[1] == pytest.approx(right[streams.probe].mean())
    assert found.network_effect[0] == 0.0
    assert found.spiking_effect[0] == 0.0


def test_streams_are_answered_by_the_last_cue():
    streams = draw_streams(300, np.random.default_rng(10), noise_sd=0.0)
    shown = streams.x > 0.5
    for x, answer, probe in zip(shown, streams.answer, streams.probe, strict=True):
        cue = None
        for k, symbols in enumerate(x):
            cue = "A" if symbols[0] else "B" if symbols[1] else cue
            assert probe[k] == bool(symbols[2] or symbols[3])
            want = 0 if not probe[k] else 1 if cue == "A" and symbols[2] else 2
            assert answer[k] == want


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda w, x: CountCode(0), "slots"),
        (lambda w, x: CountCode(4, "poisson"), "kind"),
        (lambda w, x: CountCode(4, parts="cell"), "parts"),
        (lambda w, x: CountCode(4, "bernoulli").send(np.array(0.5)), "rng"),
        (lambda w, x: run_counted(w, x[:, :, :2], CountCode(4)), "shape"),
        (lambda w, x: run_counted(w, x, CountCode(4), 0.0), "cell_max"),
        (lambda w, x: w.capped(1.5), "forget_cap"),
        (lambda w, x: run_spiking(w, x, SMALL, step_s=0.003), "step_s"),
        (lambda w, x: run_spiking(w, x, SMALL, seeds=[1]), "seeds"),
        (lambda w, x: run_exactly(w, np.full_like(x, np.nan)), "finite"),
        (lambda w, x: PopulationCode(n_neurons=0), "n_neurons"),
        (lambda w, x: PopulationCode(low_hz=9, high_hz=9), "high_hz"),
        (lambda w, x: PopulationCode(high_hz=900), "tick_s"),
        (lambda w, x: PopulationCode(spread=1), "spread"),
        (lambda w, x: error_slope(np.array([1.0]), np.array([1.0])), "pairs"),
        (lambda w, x: effect_r2(np.zeros(3), np.zeros(3)), "differ"),
    ],
)
def test_faults_are_named(call, word):
    with pytest.raises(ValueError, match=word):
        call(LSTMWeights.of(network()), stream(np.random.default_rng(0)))
