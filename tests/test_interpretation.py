"""Labelled arrays of what networks did, and attributions that add up."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from ann.interpretation import (
    attention_entropy,
    attention_maps,
    gate_traces,
    hidden_states,
    lag_profile,
    time_constants,
)
from ann.recurrent import LSTMNetwork
from ann.registry import MODELS, model
from ann.saliency import integrated_gradients
from ann.timescales import forget_bias

DT_S = 0.02


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def built(name):
    return model(name).build(3, 16, 2, seeded())


def inputs(n=4, steps=30):
    return torch.randn(n, steps, 3, generator=seeded(1))


@pytest.mark.parametrize("name", [name for name in MODELS if MODELS[name].gated])
def test_gates_are_labelled_and_make_the_logits(name):
    network, x = built(name), inputs()
    gain = 0.5 + torch.rand(4, 30, generator=seeded(2))
    traces = gate_traces(network, x, DT_S, gain, outputs=["press", "none"])
    assert traces["forget"].dims == ("trial", "time", "unit")
    assert float(traces["time"][10]) == pytest.approx(0.2)
    expected = network(x, gain=gain)[0].detach().numpy()
    np.testing.assert_allclose(traces["logit"].sel(response="press"), expected[..., 0], atol=1e-6)
    assert all("units" in variable.attrs for variable in traces.values())
    inside = traces[["input", "forget", "output"]]
    assert bool(((inside > 0) & (inside < 1)).to_array().all())


def test_time_constants_of_forget_biases():
    network = LSTMNetwork(3, 2, 2, [forget_bias(0.1, DT_S), forget_bias(0.6, DT_S)], seeded())
    with torch.no_grad():
        for part, weight in network.core.named_parameters():
            if "weight" in part:
                weight.zero_()
    tau_s = time_constants(gate_traces(network, inputs(), DT_S))
    np.testing.assert_allclose(tau_s, [0.1, 0.6], rtol=1e-4)
    assert tau_s.attrs["units"] == "s"


@pytest.mark.parametrize("name", MODELS)
def test_hidden_states_are_what_the_head_receives(name):
    network, x = built(name), inputs()
    states = hidden_states(network, x, DT_S)
    assert states.dims == ("trial", "time", "unit")
    with torch.no_grad():
        logits = network.head(torch.from_numpy(states.values))
    torch.testing.assert_close(logits, network(x)[0].detach(), atol=1e-5, rtol=0)


def test_attention_maps_sum_to_one_and_look_back():
    maps = attention_maps(built("attention"), inputs(), DT_S)
    assert maps.dims == ("trial", "layer", "head", "time", "source")
    np.testing.assert_allclose(maps.sum("source"), 1.0, atol=1e-5)
    assert float(maps.where(maps["source"] > maps["time"]).max()) == 0.0
    entropy = attention_entropy(maps)
    assert float(abs(entropy.isel(time=0)).max()) < 1e-6
    assert 0 < float(entropy.max()) <= 3.0 + 1e-6  # a window of 8


def test_lag_profile_is_the_mean_along_diagonals():
    maps = attention_maps(built("attention"), inputs(), DT_S)
    profile = lag_profile(maps)
    assert profile.dims == ("layer", "head", "lag") and profile.sizes["lag"] == 8
    np.testing.assert_allclose(profile.sum("lag"), 1.0, atol=1e-5)
    by_hand = np.mean([maps.values[:, 1, 0, t, t - 3] for t in range(7, 30)])
    assert float(profile.sel(lag=3 * DT_S, method="nearest")[1, 0]) == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_attributions_add_up_to_the_change_of_the_output(name):
    pytest.importorskip("captum")
    network, x = built(name).double(), inputs(3).double()
    # not from 0: without input, layer normalisation meets a vector of zeros, where it jumps
    names = ["go", "no-go", "noise"]
    found = integrated_gradients(network, x, output=1, step=20, dt_s=DT_S, baseline=0.5, channels=names)
    with torch.no_grad():
        change = (network(x)[0] - network(torch.full_like(x, 0.5))[0])[:, 20, 1]
    np.testing.assert_allclose(found["change"], change, atol=1e-12)
    assert float(abs(found["completeness_error"]).max()) < 1e-3 * max(1.0, float(abs(change).max()))
    assert float(abs(found["attribution"].isel(time=slice(21, None))).max()) == 0.0, "the future has no part"


def test_attributions_of_a_linear_map_are_weight_times_input():
    pytest.importorskip("captum")

    class Linear(torch.nn.Module):
        def forward(self, x):
            return (x * torch.tensor([2.0, -1.0, 0.5])).cumsum(1).sum(-1, keepdim=True), None

    x = inputs(2, 5)
    found = integrated_gradients(Linear(), x, 0, 3, DT_S, baseline=0.25, n_points=4)
    expected = (x - 0.25) * torch.tensor([2.0, -1.0, 0.5])
    np.testing.assert_allclose(found["attribution"].isel(time=slice(0, 4)), expected[:, :4], atol=1e-5)


def test_impossible_requests_are_refused(monkeypatch):
    network = built("lstm")
    with pytest.raises(ValueError, match="must be \\(trial, time, channel\\)"):
        gate_traces(network, torch.zeros(3, 3), DT_S)
    with pytest.raises(ValueError, match="dt_s = 0"):
        attention_maps(built("attention"), inputs(), 0.0)
    with pytest.raises(ValueError, match="shows no hidden states"):
        hidden_states(torch.nn.Identity(), inputs(), DT_S)
    with pytest.raises(ValueError, match="step = 30"):
        integrated_gradients(network, inputs(), 0, 30, DT_S)
    with pytest.raises(ValueError, match="output = 2"):
        integrated_gradients(network, inputs(), 2, 3, DT_S)
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    with pytest.raises(ImportError, match="neurosim\\[interpret\\]"):
        integrated_gradients(network, inputs(), 0, 3, DT_S)
