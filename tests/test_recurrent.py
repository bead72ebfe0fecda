"""Recurrent networks against their equations and PyTorch's own; time scales against closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from ann.recurrent import LSTMNetwork
from ann.rnn import RNNNetwork
from ann.sublstm import SubLSTMNetwork
from ann.timescales import chrono_biases, chrono_initialise, forget_bias, forget_gate, time_constant_s


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_vanilla_network_equals_torch_rnn_and_its_equation():
    network = RNNNetwork(3, 7, 2, generator=seeded()).double()
    reference = nn.RNN(3, 7, batch_first=True).double()
    reference.load_state_dict(network.core.state_dict())
    x = torch.randn(2, 20, 3, generator=seeded(1), dtype=torch.float64)
    start = torch.randn(2, 7, generator=seeded(2), dtype=torch.float64)
    expected, last = reference(x, start[None])
    hidden, state = network.hidden(x, start)
    torch.testing.assert_close(hidden, expected, atol=1e-12, rtol=0)
    torch.testing.assert_close(state, last[0], atol=1e-12, rtol=0)
    w, u = reference.weight_ih_l0, reference.weight_hh_l0
    first = torch.tanh(x[:, 0] @ w.t() + start @ u.t() + reference.bias_ih_l0 + reference.bias_hh_l0)
    torch.testing.assert_close(hidden[:, 0], first, atol=1e-12, rtol=0)


@pytest.mark.parametrize("fixed", [False, True])
def test_subtractive_gates_follow_their_equations(fixed):
    network = SubLSTMNetwork(2, 3, 2, forget_bias=0.7, fixed_forget=fixed, generator=seeded()).double()
    x = torch.randn(1, 2, 2, generator=seeded(1), dtype=torch.float64)
    h = torch.zeros(3, dtype=torch.float64)
    c = torch.zeros(3, dtype=torch.float64)
    traces, (h_end, c_end) = network.traces(x)
    for t in range(2):
        a = network.weight_ih @ x[0, t] + network.weight_hh @ h + network.bias
        parts = [1 / (1 + torch.exp(-part)) for part in a.split(3)]
        if fixed:
            i, z, o = parts
            f = torch.full((3,), 1 / (1 + math.exp(-0.7)), dtype=torch.float64)
        else:
            i, f, z, o = parts
        c = f * c + z - i
        h = 1 / (1 + torch.exp(-c)) - o
        for found, expected in zip(traces, (i, f, z, o, c, h), strict=True):
            torch.testing.assert_close(found[0, t], expected, atol=1e-7, rtol=0)
    torch.testing.assert_close(h_end[0], h)
    torch.testing.assert_close(c_end[0], c)


def test_a_fixed_forget_gate_is_the_same_at_all_times_and_is_learned():
    network = SubLSTMNetwork(2, 5, 2, fixed_forget=True, generator=seeded())
    traces, _ = network.traces(torch.randn(3, 9, 2, generator=seeded(1)))
    assert (traces.forget == traces.forget[:1, :1]).all()
    network(torch.randn(3, 9, 2, generator=seeded(1)))[0].square().sum().backward()
    assert network.forget_bias.grad.abs().min() > 0


@pytest.mark.parametrize("fixed", [False, True])
def test_an_idle_subtractive_cell_decays_with_the_time_constant_of_its_gate(fixed):
    dt_s, tau_s = 0.02, 0.5
    network = SubLSTMNetwork(1, 1, 1, forget_bias(tau_s, dt_s), fixed, seeded()).double()
    with torch.no_grad():
        network.weight_ih.zero_(), network.weight_hh.zero_()
        keep = network.bias[1].clone()
        network.bias.zero_()
        if not fixed:
            network.bias[1] = keep
    start = (torch.zeros(1, 1, dtype=torch.float64), torch.ones(1, 1, dtype=torch.float64))
    traces, _ = network.traces(torch.zeros(1, 50, 1, dtype=torch.float64), start)
    # excitation and inhibition balance, so the cell only leaks: e^-2 after 2 time constants (50 steps)
    assert traces.cell[0, -1, 0].item() == pytest.approx(math.exp(-2.0), rel=1e-6)


@pytest.mark.parametrize(
    "tau_s, gate", [(0.1, 0.819), (0.143, 0.869), (0.2, 0.905), (0.5, 0.961), (1.0, 0.980)]
)
def test_forget_gates_of_time_constants(tau_s, gate):
    assert forget_gate(tau_s, 0.02) == pytest.approx(gate, abs=6e-4)
    assert time_constant_s(forget_gate(tau_s, 0.02), 0.02) == pytest.approx(tau_s, rel=1e-12)
    assert 1 / (1 + math.exp(-forget_bias(tau_s, 0.02))) == pytest.approx(forget_gate(tau_s, 0.02), rel=1e-12)


def test_chrono_biases_span_the_asked_memories():
    bias = chrono_biases(20000, 100.0, seeded())
    assert bias.min() >= 0 and bias.max() <= math.log(99.0)
    # exp(b) is uniform on [1, 99]: its quarters
    quarters = torch.quantile(bias.exp(), torch.tensor([0.25, 0.5, 0.75]))
    torch.testing.assert_close(quarters, torch.tensor([25.5, 50.0, 74.5]), atol=1.5, rtol=0)


def test_chrono_initialisation_sets_forget_and_input_biases_to_opposites():
    network, plain = LSTMNetwork(3, 16, 2, generator=seeded()), LSTMNetwork(3, 16, 2, generator=seeded())
    chrono_initialise(network, 50.0, seeded(3))
    bias = network.core.bias_ih_l0 + network.core.bias_hh_l0
    torch.testing.assert_close(bias[16:32], chrono_biases(16, 50.0, seeded(3)))
    torch.testing.assert_close(bias[:16], -bias[16:32])
    assert torch.equal(bias[32:], (plain.core.bias_ih_l0 + plain.core.bias_hh_l0)[32:])
    assert torch.equal(network.core.weight_hh_l0, plain.core.weight_hh_l0)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: forget_gate(0.0, 0.02), "tau_s = 0.0"),
        (lambda: forget_bias(0.1, -1.0), "dt_s = -1.0"),
        (lambda: time_constant_s(1.0, 0.02), "forget = 1.0"),
        (lambda: chrono_biases(3, 2.0), "longest = 2.0"),
        (lambda: chrono_biases(0, 9.0), "n_units = 0"),
        (lambda: RNNNetwork(0, 3, 2), "n_inputs = 0"),
        (lambda: SubLSTMNetwork(1, 3, 0), "n_outputs = 0"),
    ],
)
def test_impossible_values_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
