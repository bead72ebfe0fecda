"""Attention: scores, masks, positions, and one contract for the fused and the readable path of all."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from ann.attention import SlidingWindowAttention
from ann.attention_scores import SCORES, AdditiveAttention, AdditiveScore, Attention, score
from ann.masks import causal_mask, sliding_window_mask
from ann.multihead import MultiHeadAttention
from ann.positions import LearnedPositions, rotate, sinusoidal_positions
from ann.scaled_dot import attend, attend_with_weights
from ann.streaming import stream, stream_logits
from ann.transformer import AttentionNetwork


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=seeded(seed), dtype=dtype)


def kernels():
    q, k, v = (normal(2, 3, 11, 4, seed=s) for s in range(3))
    mask = causal_mask(11)
    return attend(q, k, v, mask), *attend_with_weights(q, k, v, mask), mask


def self_attention():
    module = MultiHeadAttention(12, 3, generator=seeded()).double()
    x, mask = normal(2, 11, 12), sliding_window_mask(11, 0, 4)
    return module(x, mask=mask), *module.forward_with_weights(x, mask=mask), mask


def cross_attention():
    module = MultiHeadAttention(12, 3, d_source=5, generator=seeded()).double()
    x, source = normal(2, 7, 12), normal(2, 9, 5, seed=1)
    # sentences of 9 and of 6 words
    mask = (torch.arange(9) < torch.tensor([[9], [6]]))[:, None, None, :]
    return module(x, source, mask), *module.forward_with_weights(x, source, mask), mask


def sliding_window():
    module = SlidingWindowAttention(12, 3, window=4).double()
    x = normal(2, 11, 12)
    outcome, _, weights = module.forward_with_weights(x)
    return module(x)[0], outcome, weights, sliding_window_mask(11, 0, 4)


def sliding_window_with_a_past():
    module = SlidingWindowAttention(12, 3, window=4).double()
    x = normal(2, 14, 12)
    _, before = module(x[:, :3])
    outcome, _, weights = module.forward_with_weights(x[:, 3:], before)
    return module(x[:, 3:], before)[0], outcome, weights, sliding_window_mask(11, 3, 4)


PATHS = (kernels, self_attention, cross_attention, sliding_window, sliding_window_with_a_past)


@pytest.mark.parametrize("both", PATHS)
def test_the_fused_and_the_readable_path_agree(both):
    fused, explicit, weights, mask = both()
    torch.testing.assert_close(fused, explicit, atol=1e-6, rtol=0)
    torch.testing.assert_close(weights.sum(-1), torch.ones_like(weights[..., 0]))
    seen = mask.expand_as(weights)
    assert (weights[~seen] == 0).all() and (weights[seen] > 0).all()


def test_multi_head_attention_equals_torchs():
    module = MultiHeadAttention(12, 3, generator=seeded()).double()
    reference = nn.MultiheadAttention(12, 3, batch_first=True).double()
    with torch.no_grad():
        for name in ("weight", "bias"):
            parts = [getattr(part, name) for part in (module.query, module.key, module.value)]
            getattr(reference, f"in_proj_{name}").copy_(torch.cat(parts))
    reference.out_proj.load_state_dict(module.project_out.state_dict())
    x, source = normal(2, 6, 12), normal(2, 8, 12, seed=1)
    expected, weights = reference(x, source, source, average_attn_weights=False)
    found, found_weights = module.forward_with_weights(x, source)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)
    torch.testing.assert_close(found_weights, weights, atol=1e-12, rtol=0)


def test_scores_are_their_formulas():
    q, k = normal(2, 3, 4), normal(2, 5, 4, seed=1)
    additive, general = AdditiveScore(4, 4, 6, seeded()).double(), score("general", 4, 4, seeded()).double()
    for b, t, s in ((0, 0, 0), (1, 2, 4)):
        query, key = q[b, t], k[b, s]
        wanted = {
            "additive": additive.out[0] @ torch.tanh(additive.query @ query + additive.key @ key),
            "general": query @ general.weight @ key,
            "dot": query @ key,
            "scaled_dot": query @ key / math.sqrt(4),
        }
        modules = {"additive": additive, "general": general, "dot": score("dot", 4, 4)}
        modules["scaled_dot"] = score("scaled_dot", 4, 4)
        assert set(wanted) == set(SCORES)
        for name, module in modules.items():
            torch.testing.assert_close(module(q, k)[b, t, s], wanted[name])


@pytest.mark.parametrize("name", SCORES)
def test_attention_with_any_score(name):
    attention = Attention(score(name, 4, 4, seeded()).double())
    q, k, v = normal(2, 3, 4), normal(2, 5, 4, seed=1), normal(2, 5, 7, seed=2)
    mask = (torch.arange(5) < torch.tensor([[5], [2]])).unsqueeze(1)
    context, weights = attention(q, k, v, mask)
    assert context.shape == (2, 3, 7)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, dtype=torch.float64))
    assert (weights[1, :, 2:] == 0).all()
    torch.testing.assert_close(context, weights @ v)
    # keys that fit twice as often get the same share together
    doubled = attention(q, torch.cat([k, k], 1), torch.cat([v, v], 1))[1]
    torch.testing.assert_close(doubled[..., :5] + doubled[..., 5:], attention(q, k, v)[1])


def test_additive_attention_is_attention_with_the_additive_score():
    named, built = AdditiveAttention(4, 5, 6, seeded()), Attention(AdditiveScore(4, 5, 6, seeded()))
    q, k = normal(1, 3, 4, dtype=torch.float32), normal(1, 2, 5, dtype=torch.float32)
    assert torch.equal(named(q, k, k)[0], built(q, k, k)[0])


def test_masks():
    assert torch.equal(causal_mask(4), sliding_window_mask(4, 0, 4))
    expected = torch.tensor([[0, 1, 1, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 1, 1]], dtype=torch.bool)
    assert torch.equal(sliding_window_mask(3, 2, 2), expected)


def test_sinusoidal_positions_are_sines_and_a_lag_is_a_rotation():
    code = sinusoidal_positions(50, 6)
    assert code[7, 2].item() == pytest.approx(math.sin(7 / 10000 ** (2 / 6)), abs=1e-6)
    assert code[7, 3].item() == pytest.approx(math.cos(7 / 10000 ** (2 / 6)), abs=1e-6)
    lagged = code @ code.t()
    torch.testing.assert_close(lagged.diagonal(5), torch.full((45,), lagged[0, 5].item()), atol=1e-5, rtol=0)
    torch.testing.assert_close(sinusoidal_positions(10, 6, first=40), code[40:])


def test_learned_positions_add_one_vector_each():
    positions = LearnedPositions(10, 4, seeded())
    x = normal(2, 3, 4, dtype=torch.float32)
    torch.testing.assert_close(positions(x, first=6) - x, positions.table[6:9].expand(2, 3, 4))
    with pytest.raises(ValueError, match="positions 8 to 10, but only 10"):
        positions(x, first=8)


def test_rotation_keeps_lengths_and_depends_on_the_lag():
    x = normal(20, 8)
    torch.testing.assert_close(rotate(x, torch.arange(20)).norm(dim=-1), x.norm(dim=-1))
    q, k = normal(8), normal(8, seed=1)
    at = torch.tensor([3, 13])
    turned_q, turned_k = rotate(q.expand(2, 8), at), rotate(k.expand(2, 8), at - 3)
    torch.testing.assert_close(turned_q[0] @ turned_k[0], turned_q[1] @ turned_k[1])


def network():
    return AttentionNetwork(3, 2, d_model=16, n_heads=2, n_layers=2, window=8, generator=seeded())


def test_the_cache_holds_a_window_and_no_more():
    model = network()
    _, state = model(normal(2, 300, 3, dtype=torch.float32))
    for cache in state:
        for part in cache:
            assert part.shape == (2, 2, 7, 8)
            assert part.untyped_storage().nbytes() == part.numel() * 4, "nothing else may be kept alive"


def test_a_stream_of_stretches_is_the_stream_in_one_go():
    model = network()
    x, gain = normal(2, 90, 3, dtype=torch.float32), 0.5 + torch.rand(2, 90, generator=seeded())
    pairs = [(x[:, a:b], gain[:, a:b]) for a, b in ((0, 1), (1, 40), (40, 90))]
    torch.testing.assert_close(torch.cat(list(stream(model, pairs)), 1), stream_logits(model, x, gain))
    plain = torch.cat(list(stream(model, (x[:, a : a + 30] for a in (0, 30, 60)))), dim=1)
    torch.testing.assert_close(plain, stream_logits(model, x), atol=1e-6, rtol=0)


def test_half_an_hour_keeps_no_more_than_a_minute(tensor_sizes):
    model = network()
    stretch = normal(1, 500, 3, dtype=torch.float32)
    few = tensor_sizes(stream(model, (stretch for _ in range(6))), 6)
    many = tensor_sizes(stream(model, (stretch for _ in range(180))), 180)
    assert many == few


@pytest.fixture
def tensor_sizes():
    """Runs a stream and adds up the tensors that are alive at its last stretch."""
    import gc

    def count(parts, n):
        for k, _ in enumerate(parts):
            if k == n - 1:
                gc.collect()
                # by type: asking some objects of PyTorch for their class gives warnings
                alive = [thing for thing in gc.get_objects() if issubclass(type(thing), torch.Tensor)]
                return sum(tensor.numel() for tensor in alive)
        raise AssertionError(f"fewer than {n} stretches")

    return count


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: MultiHeadAttention(10, 3), "multiple of n_heads"),
        (lambda: sinusoidal_positions(5, 3), "d_model = 3"),
        (lambda: LearnedPositions(0, 4), "longest = 0"),
        (lambda: score("cosine", 3, 3), "unknown score 'cosine'"),
        (lambda: score("dot", 3, 4), "needs one width"),
        (lambda: AdditiveScore(0, 4), "widths must be at least 1"),
    ],
)
def test_impossible_values_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
