"""Activations are PyTorch's functions; their link to f-I curves has units, slopes and inverses."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from ann.activations import ACTIVATIONS, AbbottChance, LeakyReLU, ReLU, Sigmoid, Softplus, Tanh, on_off

CURRENT = torch.linspace(-6.0, 6.0, 241, dtype=torch.float64)


@pytest.mark.parametrize(
    "activation, torchs",
    [
        (ReLU(), functional.relu),
        (LeakyReLU(negative_slope=0.1), lambda x: functional.leaky_relu(x, 0.1)),
        (Softplus(), functional.softplus),
        (Sigmoid(), torch.sigmoid),
        (Tanh(), torch.tanh),
    ],
)
def test_with_unit_gain_they_are_pytorchs_own(activation, torchs):
    torch.testing.assert_close(activation.rate(CURRENT), torchs(CURRENT), atol=1e-12, rtol=1e-12)


MADE = {
    "relu": ReLU(2.5, 1.0),
    "leaky_relu": LeakyReLU(2.5, 1.0, 0.2),
    "softplus": Softplus(2.5, 1.0, 1.3),
    "sigmoid": Sigmoid(2.5, 1.0, 1.3),
    "tanh": Tanh(2.5, 1.0, 1.3),
    "abbott_chance": AbbottChance(2.5, 1.0, 0.154),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_current_gives_a_rate_that_gives_the_current(name):
    activation = MADE[name]
    current = CURRENT[CURRENT > 1.0] if name == "relu" else CURRENT
    torch.testing.assert_close(activation.current(activation.rate(current)), current, atol=1e-8, rtol=1e-8)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slopes_are_those_of_the_curve(name):
    activation = MADE[name]
    # not on the corner of ReLU
    at = CURRENT + 0.0123
    step = 1e-5
    numeric = (activation.rate(at + step) - activation.rate(at - step)) / (2 * step)
    torch.testing.assert_close(activation.slope(at), numeric, atol=1e-6, rtol=1e-6)


def test_gain_is_the_largest_slope_and_threshold_shifts_the_curve():
    far = torch.tensor([1e4], dtype=torch.float64)
    for name in ("relu", "leaky_relu", "softplus", "abbott_chance"):
        assert MADE[name].slope(far).item() == pytest.approx(2.5, rel=1e-6), name
    at = torch.tensor([1.0], dtype=torch.float64)
    assert MADE["tanh"].slope(at).item() == pytest.approx(2.5)
    assert MADE["sigmoid"].slope(at).item() == pytest.approx(2.5 / 4)
    assert MADE["sigmoid"].rate(at).item() == pytest.approx(2.5 * 1.3 / 2)
    assert MADE["softplus"].rate(at).item() == pytest.approx(2.5 * 1.3 * math.log(2))


def test_less_noise_makes_softplus_and_abbott_chance_threshold_linear():
    linear = ReLU(2.5, 1.0).rate(CURRENT)
    torch.testing.assert_close(Softplus(2.5, 1.0, 1e-3).rate(CURRENT), linear, atol=2e-3, rtol=0)
    torch.testing.assert_close(AbbottChance(2.5, 1.0, 1e3).rate(CURRENT), linear, atol=2e-3, rtol=0)


def test_abbott_chance_is_wong_and_wangs_curve():
    current = torch.tensor([0.3, 0.4, 0.45], dtype=torch.float64)
    x = 270.0 * current - 108.0
    # at threshold the quotient is 1 / d
    expected = [
        27.0 / (math.exp(0.154 * 27.0) - 1),
        1 / 0.154,
        x[2].item() / (1 - math.exp(-0.154 * x[2].item())),
    ]
    torch.testing.assert_close(AbbottChance().rate(current), torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_says_what_it_is(name):
    activation = ACTIVATIONS[name]()
    assert activation.formula and activation.biology
    assert activation.current_unit == ("nA" if name == "abbott_chance" else "mV")
    # the formula is the curve
    at = 0.37
    names = {"max": max, "min": min, "exp": math.exp, "ln": math.log, "tanh": math.tanh}
    values = {"gain": activation.gain, "threshold": activation.threshold, "I": at}
    values |= {"k": getattr(activation, "softness", None), "d": getattr(activation, "sharpness_s", None)}
    values |= {"negative_slope": getattr(activation, "negative_slope", None)}
    formula, _, definition = activation.formula.partition(", x = ")
    values["x"] = eval(definition or "0", {}, {**names, **values})
    expected = eval(formula, {}, {**names, **values})
    found = activation.rate(torch.tensor(at, dtype=torch.float64)).item()
    assert found == pytest.approx(expected, rel=1e-12)


def test_abbott_chance_inverts_over_many_orders_of_magnitude():
    rate = torch.logspace(-12, 3, 61, dtype=torch.float64)
    torch.testing.assert_close(AbbottChance().rate(AbbottChance().current(rate)), rate, rtol=1e-9, atol=0)


def test_leaky_and_tanh_units_are_pairs_of_populations():
    for name in ("leaky_relu", "tanh"):
        rate = MADE[name].rate(CURRENT)
        on, off = on_off(rate, 3.0)
        assert (on >= 3.0).all() and (off >= 3.0).all()
        torch.testing.assert_close(on - off, rate)
        assert ((on == 3.0) | (off == 3.0)).all()


def test_a_straight_line_below_threshold_is_what_noise_rounds_off():
    """Softplus is ReLU under logistic noise of scale k: the mean over the quantiles of the noise."""
    k = 1.3
    p = (torch.arange(200000, dtype=torch.float64) + 0.5) / 200000
    noise = k * torch.logit(p)
    for current in (-2.0, 0.5, 3.0):
        mean = ReLU(2.5, 1.0).rate(current + noise).mean().item()
        assert Softplus(2.5, 1.0, k).rate(torch.tensor(current, dtype=torch.float64)).item() == pytest.approx(
            mean, abs=1e-3
        )


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: ReLU(gain=0.0), "gain = 0.0"),
        (lambda: Softplus(softness=-1.0), "softness = -1.0"),
        (lambda: AbbottChance(sharpness_s=0.0), "sharpness_s = 0.0"),
        (lambda: LeakyReLU(negative_slope=0.0), "negative_slope = 0.0"),
        (lambda: Sigmoid().current(torch.tensor([0.5, 1.0])), "above 0 and below 1 Hz"),
        (lambda: ReLU().current(torch.tensor([0.0])), "above 0 and below inf Hz"),
        (lambda: on_off(torch.zeros(1), -1.0), "baseline_hz = -1.0"),
    ],
)
def test_impossible_values_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
