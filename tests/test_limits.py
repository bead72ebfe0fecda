"""Limits: nothing at all when off, and what their equations say when on."""

from __future__ import annotations

import math

import pytest
import torch

from ann.limits import (
    ArousalGain,
    ChannelHead,
    FixedPowerChannel,
    KeyBudget,
    ScoreNoise,
    capacity_bits,
    chain,
    power_for_bits,
)
from ann.recurrent import LSTMNetwork
from ann.transformer import AttentionNetwork


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("limit", [FixedPowerChannel(), ArousalGain(), KeyBudget(), ScoreNoise()])
def test_a_limit_that_is_off_is_the_identity(limit):
    x = torch.randn(2, 5, 5, generator=seeded())
    assert limit(x) is x
    assert not list(limit.parameters())


def test_score_limits_that_are_off_change_no_bit_of_a_network():
    network = AttentionNetwork(3, 2, d_model=8, n_heads=2, n_layers=2, window=6, generator=seeded())
    x = torch.randn(2, 30, 3, generator=seeded(1))
    before = network(x)[0]
    assert chain([]) is None
    network.limit_scores(chain([]))
    assert torch.equal(network(x)[0], before)
    network.limit_scores(chain([KeyBudget(), ScoreNoise()]))
    torch.testing.assert_close(network(x)[0], before, atol=1e-6, rtol=0)
    network.limit_scores(chain([KeyBudget(2)]))
    assert (network(x)[0] - before).abs().max() > 1e-3


def test_capacity_of_the_channel():
    assert capacity_bits(0.0, 8) == 0.0
    assert capacity_bits(8.0, 8) == pytest.approx(4.0)
    # n/2 log2(1 + P/n), as written out for n = 8
    assert capacity_bits(3.9, 8) == pytest.approx(4 * math.log2(1 + 3.9 / 8))
    for bits in (0.0, 2.3, 4.0, 16.4):
        assert capacity_bits(power_for_bits(bits, 8), 8) == pytest.approx(bits)
    # many dimensions: P / (2 ln 2), the capacity of a channel of any bandwidth
    assert capacity_bits(5.0, 10**7) == pytest.approx(5.0 / (2 * math.log(2)), rel=1e-5)


def test_the_channel_sends_a_fixed_power_in_unit_noise():
    channel = FixedPowerChannel(5.0, seeded())
    h = 40.0 * torch.randn(1, 8, generator=seeded(1)).expand(40000, 8)
    z = channel(h)
    torch.testing.assert_close(z.mean(0), math.sqrt(5.0) * h[0] / h[0].norm(), atol=0.03, rtol=0)
    torch.testing.assert_close(torch.cov(z.t()), torch.eye(8), atol=0.04, rtol=0)
    assert (z.square().sum(-1) - 8).mean().item() == pytest.approx(5.0, abs=0.15)


def test_the_strength_of_what_is_sent_does_not_matter():
    h = torch.randn(3, 8, generator=seeded(1))
    weak, strong = FixedPowerChannel(5.0, seeded(2))(h), FixedPowerChannel(5.0, seeded(2))(1e4 * h)
    torch.testing.assert_close(weak, strong, atol=1e-5, rtol=0)
    assert torch.isfinite(FixedPowerChannel(5.0, seeded())(torch.zeros(2, 8))).all()


def test_what_gets_through_the_channel_stays_below_its_capacity_and_grows_with_it():
    """Mutual information of 16 equally likely messages on eight pairs of opposite directions."""
    messages = torch.cat([torch.eye(8), -torch.eye(8)])
    through = []
    for bits in (0.5, 2.0, 4.0, 8.0):
        power = power_for_bits(bits, 8)
        sent = torch.arange(16).repeat(2000)
        received = FixedPowerChannel(power, seeded(3))(messages[sent])
        log_p = torch.log_softmax(math.sqrt(power) * received @ messages.t(), dim=-1)
        information = 4 + (log_p.gather(1, sent[:, None]).mean() / math.log(2)).item()
        assert information <= min(capacity_bits(power, 8), 4.0) + 0.02
        through.append(information)
    assert through == sorted(through) and through[-1] > 3.9


def test_a_channel_head_takes_the_place_of_a_networks_own():
    network = LSTMNetwork(3, 16, 2, generator=seeded())
    network.head = ChannelHead(16, 2, n_dims=8, bits=3.0, generator=seeded(1), noise=seeded(2))
    logits, _ = network(torch.randn(4, 10, 3, generator=seeded(3)))
    assert logits.shape == (4, 10, 2)
    assert network.head.capacity_bits == pytest.approx(3.0)
    logits.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_arousal_gain_scales_every_step():
    h, gain = torch.ones(2, 3, 4), torch.tensor([[1.0, 0.5, 0.0], [2.0, 1.0, 1.0]])
    assert torch.equal(ArousalGain()(h, gain)[..., 0], gain)


def test_key_budget_keeps_the_newest_or_the_best():
    low = float("-inf")
    scores = torch.tensor([[3.0, 1.0, low, 2.0, low], [low, 1.0, 5.0, 4.0, 2.0]])
    newest = KeyBudget(2)(scores)
    assert torch.equal(
        torch.isfinite(newest), torch.tensor([[0, 1, 0, 1, 0], [0, 0, 0, 1, 1]], dtype=torch.bool)
    )
    top = KeyBudget(2, "top")(scores)
    assert torch.equal(
        torch.isfinite(top), torch.tensor([[1, 0, 0, 1, 0], [0, 0, 1, 1, 0]], dtype=torch.bool)
    )
    assert torch.equal(top[torch.isfinite(top)], scores[torch.isfinite(top)])
    assert KeyBudget(5)(scores) is scores


def test_a_budget_of_the_newest_keys_is_a_shorter_window():
    wide = AttentionNetwork(3, 2, d_model=8, n_heads=2, n_layers=1, window=9, generator=seeded())
    narrow = AttentionNetwork(3, 2, d_model=8, n_heads=2, n_layers=1, window=4, generator=seeded())
    x = torch.randn(2, 30, 3, generator=seeded(1))
    wide.limit_scores(KeyBudget(4))
    torch.testing.assert_close(wide(x)[0], narrow(x)[0], atol=1e-6, rtol=0)


def test_noise_on_scores_swaps_winners_as_its_equation_says():
    # two keys, scores d apart: the order flips with probability Phi(-d / (sigma sqrt(2)))
    scores = torch.tensor([[1.0, 0.0]]).expand(200000, 2)
    noisy = ScoreNoise(0.8, seeded())(scores)
    flipped = (noisy[:, 1] > noisy[:, 0]).float().mean().item()
    expected = 0.5 * math.erfc(1.0 / 0.8 / math.sqrt(2) / math.sqrt(2))
    assert flipped == pytest.approx(expected, abs=0.004)
    hidden = ScoreNoise(0.8, seeded())(torch.full((1, 3), float("-inf")))
    assert torch.isneginf(hidden).all()


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: FixedPowerChannel(-1.0), "power = -1.0"),
        (lambda: capacity_bits(-1.0, 8), "power = -1.0"),
        (lambda: capacity_bits(1.0, 0), "n_dims = 0"),
        (lambda: power_for_bits(-2.0, 8), "bits = -2.0"),
        (lambda: KeyBudget(0), "n_keys = 0"),
        (lambda: KeyBudget(2, "oldest"), "keep = 'oldest'"),
        (lambda: ScoreNoise(-0.1), "sd = -0.1"),
    ],
)
def test_impossible_limits_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
