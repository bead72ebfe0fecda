"""What every network of the registry promises."""

from __future__ import annotations

import inspect
from dataclasses import replace

import pytest
import torch

from ann.checkpoints import load_into, save_checkpoint
from ann.cohort import Member, train_cohort
from ann.registry import MODELS, model
from ann.streaming import stream_logits
from ann.training import Examples, TrainingSettings, masked_loss, train

NAMES = tuple(MODELS)
BATCH, TIME, INPUTS, OUTPUTS = 3, 40, 3, 2


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def built(name, seed=0):
    return model(name).build(INPUTS, 16, OUTPUTS, seeded(seed))


def normal(*shape, seed=1, dtype=torch.float32):
    return torch.randn(*shape, generator=seeded(seed), dtype=dtype)


@pytest.mark.parametrize("name", NAMES)
def test_shapes_and_types(name):
    network, x = built(name), normal(BATCH, TIME, INPUTS)
    logits, _ = network(x)
    assert logits.shape == (BATCH, TIME, OUTPUTS) and logits.dtype == torch.float32
    assert network(x[:, :1])[0].shape == (BATCH, 1, OUTPUTS)
    doubled, _ = network.double()(x.double())
    assert doubled.dtype == torch.float64
    torch.testing.assert_close(doubled.float(), logits, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", NAMES)
def test_the_call_is_the_same_for_all(name):
    assert list(inspect.signature(built(name).forward).parameters) == ["x", "state", "gain"]
    assert MODELS[name].about and "doi:" in MODELS[name].source
    assert hasattr(built(name), "traces") == MODELS[name].gated


@pytest.mark.parametrize("name", NAMES)
def test_gradients_reach_every_weight(name):
    network = built(name)
    targets = torch.randint(0, OUTPUTS, (BATCH, TIME), generator=seeded(2))
    everything = torch.ones(BATCH, TIME, dtype=torch.bool)
    masked_loss(network, Examples(normal(BATCH, TIME, INPUTS), targets, everything)).backward()
    for part, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, part


@pytest.mark.parametrize("name", NAMES)
def test_no_step_sees_the_future(name):
    network, x = built(name).double(), normal(1, TIME, INPUTS, dtype=torch.float64)
    changed = x.clone()
    changed[:, 25:] += 3.0
    before, after = network(x)[0], network(changed)[0]
    torch.testing.assert_close(before[:, :25], after[:, :25], atol=1e-12, rtol=0)
    assert (before[:, 25] - after[:, 25]).abs().max() > 1e-6


@pytest.mark.parametrize("name", NAMES)
def test_others_in_the_batch_do_not_matter(name):
    network, x = built(name), normal(5, TIME, INPUTS)
    torch.testing.assert_close(network(x)[0][2:3], network(x[2:3])[0], atol=1e-6, rtol=0)


@pytest.mark.parametrize("with_gain", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_a_stream_in_chunks_is_the_stream_in_one_go(name, with_gain):
    network, x = built(name), normal(2, 61, INPUTS)
    gain = 0.5 + torch.rand(2, 61, generator=seeded(2)) if with_gain else None
    whole, _ = network(x, gain=gain)
    for chunk in (1, 7, 64):
        torch.testing.assert_close(stream_logits(network, x, gain, chunk), whole, atol=2e-6, rtol=0)


@pytest.mark.parametrize("name", NAMES)
def test_unit_gain_is_no_gain_and_a_lower_one_is_felt(name):
    network, x = built(name), normal(2, 30, INPUTS)
    plain = network(x)[0]
    torch.testing.assert_close(network(x, gain=torch.ones(2, 30))[0], plain, atol=1e-6, rtol=0)
    assert (network(x, gain=torch.full((2, 30), 0.5))[0] - plain).abs().max() > 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_weights_come_back_from_disk(name, tmp_path):
    network, other = built(name, 1), built(name, 2)
    save_checkpoint(tmp_path / "net.pt", network, {"name": name})
    load_into(tmp_path / "net.pt", other, {"name": name})
    x = normal(1, 10, INPUTS)
    assert torch.equal(network(x)[0], other(x)[0])


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_makes_the_same_network(name):
    one, two, other = built(name, 1), built(name, 1), built(name, 2)
    for (part, a), b in zip(one.state_dict().items(), two.state_dict().values(), strict=True):
        assert torch.equal(a, b), part
    assert any(not torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def member(name, seed):
    generator = seeded(seed)

    def draw(n):
        x = torch.randn(n, 8, INPUTS, generator=generator, dtype=torch.float64)
        return Examples(x, (x[..., 0] > 0).long(), torch.ones(n, 8, dtype=torch.bool))

    settings = TrainingSettings(max_steps=8, batch_size=4, check_every=4, learning_rate=0.01 * (seed + 1))
    return Member(built(name, seed).double(), draw, draw(16), settings, [generator])


@pytest.mark.parametrize("name", NAMES)
def test_every_network_can_be_trained_in_a_cohort(name):
    together = [member(name, k) for k in range(2)]
    alone = [member(name, k) for k in range(2)]
    found = train_cohort(together)
    for a, m in zip(found, alone, strict=True):
        expected = train(m.network, m.draw, m.validation, m.settings)
        torch.testing.assert_close(
            torch.tensor(a.losses), torch.tensor(expected.losses), atol=1e-9, rtol=1e-9
        )
    for a, b in zip(together, alone, strict=True):
        for p, q in zip(a.network.parameters(), b.network.parameters(), strict=True):
            torch.testing.assert_close(p, q, atol=1e-8, rtol=0)


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="unknown network 'gru'; known are"):
        model("gru")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", NAMES)
def test_a_network_moves_to_the_gpu_and_back(name):
    network, x = built(name), normal(2, TIME, INPUTS)
    expected = network(x)[0]
    there = network.cuda()(x.cuda())[0]
    assert there.device.type == "cuda"
    torch.testing.assert_close(there.cpu(), expected, atol=1e-4, rtol=1e-4)
    assert torch.equal(network.cpu()(x)[0], expected)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", NAMES)
def test_a_cohort_trains_on_the_gpu(name):
    here = [member(name, k) for k in range(2)]
    there = [replace(m, network=m.network.cuda()) for m in (member(name, k) for k in range(2))]
    for a, b in zip(train_cohort(there), train_cohort(here), strict=True):
        assert a.losses[0][1:] == pytest.approx(b.losses[0][1:], rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_network_moves_between_devices_without_weights_left_behind(name):
    """The meta device computes shapes alone, and refuses to meet tensors of any other device."""
    network = built(name).to("meta")
    logits, _ = network(torch.empty(2, 5, INPUTS, device="meta"), gain=torch.empty(2, 5, device="meta"))
    assert logits.device.type == "meta" and logits.shape == (2, 5, OUTPUTS)
