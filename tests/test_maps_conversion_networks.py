"""Conversion of feed-forward and attention networks: against exact counts, formulas and torch."""

import numpy as np
import pytest
import torch

from ann.transformer import AttentionNetwork
from ann.vision import VisionNetwork
from bridges.maps.attention_spiking import run_spiking_attention
from bridges.maps.attention_weights import convert_attention, layer_norm
from bridges.maps.classifiers import (
    QCFS,
    Classifier,
    QuantisedVision,
    qcfs_layers,
    relu_layers,
    shown,
    vision_layers,
)
from bridges.maps.feedforward_spiking import SpikingLayer, activations, normalise, simulate, simulate_brian
from bridges.maps.spiking_populations import PopulationCode

SMALL = PopulationCode(n_neurons=60, tick_s=0.0025, high_hz=200.0)


def pictures(n, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).random((n, 32, 32), dtype=np.float32))


def classifier(kind, activation="relu", seed=0):
    return Classifier(kind, activation, 4, generator=torch.Generator().manual_seed(seed)).eval()


def test_constant_input_gives_the_count_of_the_formula():
    z = torch.linspace(-0.5, 1.7, 200, dtype=torch.float64)
    layers = [
        SpikingLayer(torch.eye(200, dtype=torch.float64), torch.zeros(200, dtype=torch.float64)),
        SpikingLayer(
            torch.ones(1, 200, dtype=torch.float64), torch.zeros(1, dtype=torch.float64), fires=False
        ),
    ]
    for steps in (1, 7, 32):
        found = simulate(layers, z[None], steps)[0]
        expected = np.clip(np.floor(z.numpy() * steps + 0.5), 0, steps) / steps
        # where z T + 1/2 is a whole number rounding decides
        edge = np.abs(z.numpy() * steps + 0.5 - np.round(z.numpy() * steps + 0.5)) < 1e-9
        np.testing.assert_allclose(found.rates[0][0][~edge], expected[~edge], atol=1e-12)
        assert found.logits[0, 0] == pytest.approx(found.rates[0].sum())


def test_qcfs_is_its_formula_and_passes_its_gradient():
    unit = QCFS(8)
    z = torch.tensor([-1.0, 0.2, 0.26, 1.0, 3.9, 9.0], requires_grad=True)
    found = unit(z)
    expected = 4.0 * np.clip(np.floor(z.detach().numpy() * 8 / 4.0 + 0.5) / 8, 0, 1)
    np.testing.assert_allclose(found.detach().numpy(), expected, atol=1e-6)
    found.sum().backward()
    np.testing.assert_allclose(z.grad.numpy(), [0, 1, 1, 1, 1, 0], atol=1e-6)
    # the range learns from what is clipped, where d h / d lambda = 1, and elsewhere from the rounding
    rounding = (expected - z.detach().numpy())[1:5].sum() / 4.0
    assert unit.scale.grad.item() == pytest.approx(1.0 + rounding, abs=1e-5)


def test_qcfs_network_is_what_its_neurons_do_in_as_many_steps_as_levels():
    made = classifier("mlp", "qcfs")
    images = pictures(20)
    layers = qcfs_layers(made)
    given = shown(images, "mlp").double()
    found = simulate(layers, given, 8)[0]
    first = made.units[0](made.linear[0](shown(images, "mlp"))) / made.units[0].scale
    np.testing.assert_allclose(found.rates[0], first.detach().numpy(), atol=1e-5)
    scaled, _ = activations(layers, given, lambda z: (torch.floor(z * 8 + 0.5) / 8).clamp(0, 1))
    np.testing.assert_allclose(scaled.numpy(), made(images).detach().numpy(), atol=1e-4)


@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_normalised_layers_are_the_same_network(kind):
    made = classifier(kind)
    given = shown(pictures(6), kind).double()
    plain = relu_layers(made)
    for percentile in (100.0, 99.0):
        scaled = normalise(plain, given, percentile)
        logits, found = activations(scaled, given)
        np.testing.assert_allclose(logits.numpy(), made(pictures(6)).detach().numpy(), atol=1e-4)
        positive = [active[active > 0].numpy() for active in found]
        np.testing.assert_allclose([np.percentile(p, percentile) for p in positive], 1.0, rtol=1e-9)


def test_rates_come_to_activations_as_one_over_steps():
    given = shown(pictures(10), "mlp").double()
    layers = normalise(relu_layers(classifier("mlp")), given, 100.0)
    _, wanted = activations(layers, given, lambda z: z.clamp(0, 1))
    for outcome, steps in zip(simulate(layers, given, (32, 128)), (32, 128), strict=True):
        for rate, want in zip(outcome.rates, wanted, strict=True):
            assert np.sqrt(np.mean((rate - want.numpy()) ** 2)) <= 1.2 / steps


@pytest.mark.parametrize("kind", ["mlp", "cnn", "vision"])
def test_brian_gives_the_same_spikes_as_exact_arithmetic(kind):
    if kind == "vision":
        made = VisionNetwork({"digits": 4}, generator=torch.Generator().manual_seed(1))
        images = pictures(1)
        plain = vision_layers(made, "digits")
        given = shown(images, "cnn").double()
        logits = made(images, "digits").detach().numpy()
        np.testing.assert_allclose(activations(plain, given)[0].numpy(), logits, atol=1e-4)
    else:
        plain, given = relu_layers(classifier(kind)), shown(pictures(3), kind).double()
    layers = normalise(plain, given)
    exact, brian = simulate(layers, given, 6)[0], simulate_brian(layers, given, 6)
    assert sum(rate.sum() for rate in exact.rates) > 0
    for one, other in zip(exact.rates, brian.rates, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(exact.logits, brian.logits, atol=1e-12)


def test_a_network_of_vision_takes_quantised_units_in_place_of_its_rectifiers():
    made = VisionNetwork({"digits": 4}, generator=torch.Generator().manual_seed(1))
    images = pictures(3)
    with torch.no_grad():
        # the steps of many levels are small: the same network, up to what a percentile of 100 never clips
        fine = QuantisedVision(made, images, levels=100_000, percentile=100.0)
        np.testing.assert_allclose(fine(images, "digits"), made(images, "digits"), atol=1e-3)
        # few: activations are multiples of lambda / L, and the spiking layers are this network
        coarse = QuantisedVision(made, images, levels=8)
        steps = coarse.features(images) * 8 / coarse.units[-1].scale
        np.testing.assert_allclose(steps, torch.round(steps), atol=1e-4)
        layers, given = qcfs_layers(coarse), shown(images, "cnn").double()
        logits, _ = activations(layers, given, lambda z: (torch.floor(z * 8 + 0.5) / 8).clamp(0, 1))
        np.testing.assert_allclose(logits, coarse(images, "digits"), atol=1e-4)
    with pytest.raises(ValueError, match="scale = 0"):
        QCFS(8, 0.0)


def test_a_maximum_passes_the_largest_count_of_its_field():
    # four neurons of known rates in one field: the pool's count is the largest of theirs at all times
    weight = torch.ones(1, 1, 1, 1, dtype=torch.float64)
    layers = [
        SpikingLayer(weight, torch.zeros(1, dtype=torch.float64), pool="max"),
        SpikingLayer(torch.ones(1, 1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64), fires=False),
    ]
    image = torch.tensor([[[[0.2, 0.7], [0.1, 0.4]]]], dtype=torch.float64)
    for steps in (1, 3, 10, 20):
        found = simulate(layers, image, steps)[0]
        assert found.logits[0, 0] == pytest.approx(found.rates[0].max())


def attention(window=6, layers=1):
    generator = torch.Generator().manual_seed(3)
    made = AttentionNetwork(4, 3, 8, 2, layers, window, generator)
    with torch.no_grad():
        for norm in (made.norm, made.layers[0].norm_attention, made.layers[0].norm_mlp):
            norm.weight.uniform_(0.5, 1.5, generator=generator)
            norm.bias.uniform_(-0.3, 0.3, generator=generator)
        made.layers[0].attention.project_in.weight.mul_(2.0)
    return made.eval()


def test_populations_carry_the_attention_network():
    made = attention()
    rng = np.random.default_rng(4)
    x = rng.standard_normal((2, 30, 4)).cumsum(axis=1) * 0.3
    given = torch.from_numpy(x.astype(np.float32))
    with torch.inference_mode():
        logits = made(given)[0].numpy()
        shares = made.attention_weights(given)[0].numpy()
    weights = convert_attention(made, x)
    found = run_spiking_attention(weights, x, SMALL)
    assert 1 - ((found.logits - logits) ** 2).sum() / ((logits - logits.mean((0, 1))) ** 2).sum() > 0.97
    # step s is in slot s modulo the window
    for t in (3, 12, 29):
        sources = np.arange(max(t - 5, 0), t + 1)
        np.testing.assert_allclose(
            found.weights[:, t][:, :, sources % 6], shares[:, :, t, sources], atol=0.06
        )
    np.testing.assert_allclose(found.weights.sum(axis=3), 1.0, atol=1e-6)
    head = layer_norm(found.stream, weights.epsilon) @ weights.head.T + weights.head_bias
    np.testing.assert_allclose(found.logits, head)
    assert 0 < found.mean_rate_hz < SMALL.high_hz
    alone = run_spiking_attention(weights, x[1:], SMALL, seeds=[1])
    np.testing.assert_array_equal(found.logits[1:], alone.logits)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: simulate(relu_layers(classifier("mlp")), shown(pictures(1), "mlp"), 0), "steps"),
        (lambda: simulate(relu_layers(classifier("mlp")), shown(pictures(1), "mlp"), (4, 4)), "larger"),
        (
            lambda: normalise(relu_layers(classifier("mlp")), shown(pictures(1), "mlp").double(), 0),
            "percentile",
        ),
        (lambda: qcfs_layers(classifier("mlp")), "QCFS"),
        (lambda: QCFS(0), "levels"),
        (lambda: Classifier("rnn", "relu", 3), "kind"),
        (lambda: Classifier("mlp", "tanh", 3), "activation"),
        (lambda: convert_attention(attention(layers=2), np.zeros((1, 5, 4))), "layers"),
        (
            lambda: run_spiking_attention(
                convert_attention(attention(), np.ones((1, 5, 4))), np.zeros((1, 5, 3)), SMALL
            ),
            "shape",
        ),
    ],
)
def test_faults_are_named(call, word):
    with pytest.raises(ValueError, match=word):
        call()
