from __future__ import annotations

import math
import pickle
from dataclasses import replace

import pytest
import torch
from torch import nn

from ann.attention import SlidingWindowAttention, rotate, sliding_window_mask
from ann.checkpoints import CheckpointError, load_checkpoint, load_into, save_checkpoint
from ann.devices import choose_device
from ann.recurrent import LSTMNetwork
from ann.streaming import stream_logits
from ann.threads import one_thread
from ann.training import Examples, TrainingDiverged, TrainingSettings, masked_loss, train
from ann.transformer import AttentionNetwork

KINDS = ("lstm", "attention")


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def network_of(kind, seed=0):
    if kind == "lstm":
        return LSTMNetwork(3, 16, 2, generator=seeded(seed))
    return AttentionNetwork(3, 2, d_model=16, n_heads=2, n_layers=2, window=8, generator=seeded(seed))


def test_gate_equations_equal_torch_lstm():
    network = LSTMNetwork(4, 12, 2, generator=seeded()).double()
    reference = nn.LSTM(4, 12, batch_first=True).double()
    reference.load_state_dict(network.core.state_dict())
    x = torch.randn(3, 40, 4, generator=seeded(1), dtype=torch.float64)
    start = tuple(torch.randn(3, 12, generator=seeded(2), dtype=torch.float64) for _ in range(2))
    traces, (h, c) = network.traces(x, start)
    expected, (h_ref, c_ref) = reference(x, (start[0][None], start[1][None]))
    torch.testing.assert_close(traces.hidden, expected, atol=1e-6, rtol=0)
    torch.testing.assert_close(h, h_ref[0], atol=1e-6, rtol=0)
    torch.testing.assert_close(c, c_ref[0], atol=1e-6, rtol=0)
    torch.testing.assert_close(traces.output * torch.tanh(traces.cell), traces.hidden)


def test_unit_gain_changes_nothing_and_a_lower_gain_weakens_the_recurrence():
    network = network_of("lstm")
    x = torch.randn(2, 30, 3, generator=seeded(1))
    plain, _ = network(x)
    torch.testing.assert_close(network(x, gain=torch.ones(2, 30))[0], plain, atol=1e-6, rtol=0)
    halved = LSTMNetwork(3, 16, 2, generator=seeded())
    with torch.no_grad():
        halved.core.weight_hh_l0.mul_(0.5)
        halved.head.weight.mul_(0.5)
    torch.testing.assert_close(network(x, gain=torch.full((2, 30), 0.5))[0], halved(x)[0], atol=1e-6, rtol=0)


def test_forget_bias_sets_the_time_constant_of_an_idle_cell():
    network = LSTMNetwork(1, 2, 1, forget_bias=(0.0, 3.0), generator=seeded())
    with torch.no_grad():
        for name, weight in network.core.named_parameters():
            if "weight" in name:
                weight.zero_()
        network.core.bias_ih_l0[:2] = -30.0
    traces, _ = network.traces(torch.zeros(1, 5, 1), (torch.zeros(1, 2), torch.ones(1, 2)))
    keep = torch.sigmoid(torch.tensor([0.0, 3.0]))
    torch.testing.assert_close(traces.cell[0, 4], keep**5, atol=1e-6, rtol=0)


def test_explicit_softmax_equals_the_fused_kernel():
    attention = SlidingWindowAttention(16, 2, window=6).double()
    x = torch.randn(2, 25, 16, generator=seeded(), dtype=torch.float64)
    fused, state = attention(x)
    explicit, state_too, weights = attention.forward_with_weights(x)
    torch.testing.assert_close(fused, explicit, atol=1e-6, rtol=0)
    torch.testing.assert_close(state, state_too)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 2, 25, dtype=torch.float64))
    assert (weights[..., ~sliding_window_mask(25, 0, 6)] == 0).all()
    assert (weights[..., sliding_window_mask(25, 0, 6)] > 0).all()


def test_full_window_without_positions_is_plain_causal_attention(monkeypatch):
    monkeypatch.setattr("ann.attention.rotate", lambda x, position: x)
    attention = SlidingWindowAttention(16, 2, window=25).double()
    reference = nn.MultiheadAttention(16, 2, batch_first=True).double()
    with torch.no_grad():
        reference.in_proj_weight.copy_(attention.project_in.weight)
        reference.in_proj_bias.copy_(attention.project_in.bias)
    reference.out_proj.load_state_dict(attention.project_out.state_dict())
    x = torch.randn(2, 25, 16, generator=seeded(), dtype=torch.float64)
    future = torch.triu(torch.ones(25, 25, dtype=torch.bool), 1)
    expected, _ = reference(x, x, x, attn_mask=future, need_weights=False)
    torch.testing.assert_close(attention(x)[0], expected, atol=1e-6, rtol=0)


def test_scores_depend_on_the_lag_alone():
    q, k = torch.randn(2, 1, 8, generator=seeded(), dtype=torch.float64)
    position = torch.arange(200)
    turned_q, turned_k = rotate(q.expand(200, 8), position), rotate(k.expand(200, 8), position)
    torch.testing.assert_close(turned_q[7] @ turned_k[2], turned_q[187] @ turned_k[182])
    assert not torch.isclose(turned_q[7] @ turned_k[2], turned_q[7] @ turned_k[3])


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_reach_every_parameter(kind):
    network = network_of(kind)
    x = torch.randn(4, 20, 3, generator=seeded(1))
    examples = Examples(
        x, torch.randint(0, 2, (4, 20), generator=seeded(2)), torch.ones(4, 20, dtype=torch.bool)
    )
    masked_loss(network, examples).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("kind", KINDS)
def test_the_future_is_not_seen(kind):
    network = network_of(kind).double()
    x = torch.randn(1, 30, 3, generator=seeded(1), dtype=torch.float64)
    changed = x.clone()
    changed[:, 18:] += 5.0
    before, after = network(x)[0], network(changed)[0]
    torch.testing.assert_close(before[:, :18], after[:, :18], atol=1e-12, rtol=0)
    assert (before[:, 18:] - after[:, 18:]).abs().min() > 0


@pytest.mark.parametrize("kind", KINDS)
def test_others_in_the_batch_do_not_matter(kind):
    network = network_of(kind)
    x = torch.randn(5, 40, 3, generator=seeded(1))
    torch.testing.assert_close(network(x)[0][2:3], network(x[2:3])[0], atol=1e-6, rtol=0)


@pytest.mark.parametrize("with_gain", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_in_chunks_is_the_stream_in_one_go(kind, with_gain):
    network = network_of(kind)
    x = torch.randn(2, 101, 3, generator=seeded(1))
    gain = 0.5 + torch.rand(2, 101, generator=seeded(2)) if with_gain else None
    whole, _ = network(x, gain=gain)
    for chunk in (1, 7, 64):
        torch.testing.assert_close(stream_logits(network, x, gain, chunk), whole, atol=2e-6, rtol=0)


def test_attention_weights_are_those_the_network_uses():
    network = network_of("attention")
    weights = network.attention_weights(torch.randn(2, 20, 3, generator=seeded(1)))
    assert len(weights) == 2 and weights[0].shape == (2, 2, 20, 20)
    torch.testing.assert_close(weights[1].sum(-1), torch.ones(2, 2, 20))


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_makes_the_same_network(kind):
    one, two, other = network_of(kind, 1), network_of(kind, 1), network_of(kind, 2)
    for (name, a), b in zip(one.state_dict().items(), two.state_dict().values(), strict=True):
        assert torch.equal(a, b), name
    assert any(not torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def pulse_examples(n, generator):
    """Label 1 for five steps after a pulse; the label cannot be read from the present input alone."""
    inputs = 0.1 * torch.randn(n, 40, 3, generator=generator)
    onset = torch.randint(5, 30, (n, 1), generator=generator)
    time = torch.arange(40)
    inputs[..., 0] += (time == onset).float()
    targets = ((time >= onset) & (time < onset + 5)).long()
    return Examples(inputs, targets, torch.ones(n, 40, dtype=torch.bool))


@pytest.mark.parametrize("kind", KINDS)
def test_training_learns_and_keeps_the_best_weights(kind):
    network = network_of(kind)
    data = seeded(3)
    validation = pulse_examples(64, seeded(4))
    seen = []
    settings = TrainingSettings(max_steps=200, batch_size=32, check_every=20)
    history = train(
        network, lambda n: pulse_examples(n, data), validation, settings, lambda f, text: seen.append(f)
    )
    network_loss = masked_loss(network, validation).item()
    assert network_loss == pytest.approx(history.best_loss, rel=1e-5)
    assert history.best_loss == min(loss for _, _, loss in history.losses)
    logits, _ = network(validation.inputs)
    assert (logits.argmax(-1) == validation.targets).float().mean() > 0.95
    assert seen == sorted(seen) and not network.training


def test_training_repeats_itself_and_stops_early_when_nothing_can_be_learned():
    def noise(n, generator):
        x = torch.randn(n, 10, 3, generator=generator)
        return Examples(
            x, torch.randint(0, 2, (n, 10), generator=generator), torch.ones(n, 10, dtype=torch.bool)
        )

    settings = TrainingSettings(max_steps=2000, batch_size=8, check_every=5, patience=2)
    histories = []
    for _ in range(2):
        data = seeded(1)
        # B023: the function is called before the loop moves on
        histories.append(train(network_of("lstm"), lambda n: noise(n, data), noise(256, seeded(2)), settings))  # noqa: B023
    assert histories[0] == histories[1]
    assert histories[0].steps < 2000


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def test_one_thread_gives_back_what_was_set(threads):
    threads(2)
    with pytest.raises(RuntimeError, match="inside"), one_thread():
        assert torch.get_num_threads() == 1
        raise RuntimeError("inside")
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_number_of_threads_changes_no_bit(kind, threads):
    def trained(n):
        threads(n)
        network, data = network_of(kind), seeded(3)
        settings = TrainingSettings(max_steps=10, batch_size=64, check_every=5)
        history = train(network, lambda n: pulse_examples(n, data), pulse_examples(64, seeded(4)), settings)
        return history, network, stream_logits(network, torch.randn(1, 4000, 3, generator=seeded(5)))

    (history, network, logits), (history_2, network_2, logits_2) = trained(1), trained(2)
    assert history == history_2 and torch.equal(logits, logits_2)
    for a, b in zip(network.parameters(), network_2.parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_learning_rate_falls_along_a_line():
    settings = TrainingSettings(max_steps=10, learning_rate=0.1, final_rate=0.2)
    assert settings.rate(1) == pytest.approx(0.1)
    assert settings.rate(6) == pytest.approx(0.06)
    assert settings.rate(11) == pytest.approx(0.02)


def test_label_smoothing_bounds_the_log_odds():
    network = LSTMNetwork(1, 4, 2, generator=seeded())
    label = torch.ones(16, 10, dtype=torch.long)
    examples = Examples(torch.ones(16, 10, 1), label, torch.ones(16, 10, dtype=torch.bool))
    settings = TrainingSettings(max_steps=600, learning_rate=0.05, patience=50, label_smoothing=0.1)
    train(network, lambda n: examples, examples, settings)
    logits, _ = network(examples.inputs)
    odds = (logits[:, -1, 1] - logits[:, -1, 0]).mean().item()
    assert odds == pytest.approx(math.log(2 / 0.1 - 1), abs=0.05)


def test_a_loss_that_is_not_finite_stops_the_training_and_names_the_step():
    network = network_of("lstm")
    calls = []

    def spoiled(n):
        examples = pulse_examples(n, seeded(len(calls)))
        calls.append(n)
        if len(calls) == 7:
            examples.inputs[0, 3] = torch.nan
        return examples

    with pytest.raises(TrainingDiverged, match="training loss is nan at step 7"):
        train(network, spoiled, pulse_examples(8, seeded()), TrainingSettings(max_steps=20, check_every=3))
    assert all(torch.isfinite(parameter).all() for parameter in network.parameters())


def test_impossible_settings_and_networks_are_refused():
    with pytest.raises(ValueError, match="learning_rate = 0"):
        TrainingSettings(learning_rate=0.0)
    with pytest.raises(ValueError, match="label_smoothing = 1"):
        TrainingSettings(label_smoothing=1.0)
    with pytest.raises(ValueError, match="patience = 0"):
        replace(TrainingSettings(), patience=0)
    with pytest.raises(ValueError, match="n_hidden = 0"):
        LSTMNetwork(3, 0, 2)
    with pytest.raises(ValueError, match="forget_bias has shape"):
        LSTMNetwork(3, 4, 2, forget_bias=(1.0, 2.0))
    with pytest.raises(ValueError, match="multiple of 2"):
        AttentionNetwork(3, 2, d_model=10, n_heads=4)
    with pytest.raises(ValueError, match="window = 0"):
        AttentionNetwork(3, 2, window=0)
    with pytest.raises(ValueError, match="chunk = 0"):
        stream_logits(network_of("lstm"), torch.zeros(1, 2, 3), chunk=0)
    nothing = Examples(
        torch.zeros(1, 2, 3), torch.zeros(1, 2, dtype=torch.long), torch.zeros(1, 2, dtype=torch.bool)
    )
    with pytest.raises(ValueError, match="no step count"):
        masked_loss(network_of("lstm"), nothing)


@pytest.mark.parametrize("kind", KINDS)
def test_checkpoints_bring_back_the_same_network(kind, tmp_path):
    network, other = network_of(kind, 1), network_of(kind, 2)
    save_checkpoint(tmp_path / "deep" / "net.pt", network, {"kind": kind, "seed": 1})
    untouched = [parameter.clone() for parameter in other.parameters()]
    with pytest.raises(CheckpointError, match="another configuration"):
        load_into(tmp_path / "deep" / "net.pt", other, {"kind": kind, "seed": 2})
    assert all(torch.equal(a, b) for a, b in zip(untouched, other.parameters(), strict=True))
    assert load_into(tmp_path / "deep" / "net.pt", other) == {"kind": kind, "seed": 1}
    x = torch.randn(1, 10, 3, generator=seeded())
    assert torch.equal(network(x)[0], other(x)[0])
    assert [file.name for file in (tmp_path / "deep").iterdir()] == ["net.pt"]


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("code in a checkpoint was run",))


def bad_checkpoint(what, path):
    good = {"format": "neurosim-network-1", "config": "{}", "weights": {"a": torch.zeros(2)}}
    if what == "code":
        torch.save({**good, "weights": Bomb()}, path)
    elif what == "pickle":
        path.write_bytes(pickle.dumps(Bomb()))
    elif what == "truncated":
        save_checkpoint(path, network_of("lstm"), {})
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif what == "text":
        path.write_text("not a checkpoint")
    elif what == "empty":
        path.write_bytes(b"")
    elif what == "foreign":
        torch.save({"model": {"a": torch.zeros(2)}}, path)
    elif what == "tensor":
        torch.save(torch.zeros(3), path)
    elif what == "nan":
        torch.save({**good, "weights": {"a": torch.tensor([1.0, torch.nan])}}, path)
    elif what == "config":
        torch.save({**good, "config": "{broken"}, path)
    elif what == "no weights":
        torch.save({**good, "weights": {"a": "text"}}, path)


KINDS_OF_BAD = (
    "code",
    "pickle",
    "truncated",
    "text",
    "empty",
    "foreign",
    "tensor",
    "nan",
    "config",
    "no weights",
)


@pytest.mark.parametrize("what", KINDS_OF_BAD)
def test_bad_checkpoints_are_refused(what, tmp_path):
    path = tmp_path / "net.pt"
    bad_checkpoint(what, path)
    with pytest.raises(CheckpointError, match="net.pt"):
        load_checkpoint(path)


def test_weights_of_another_shape_are_refused_and_change_nothing(tmp_path):
    save_checkpoint(tmp_path / "net.pt", LSTMNetwork(3, 8, 2), {})
    network = network_of("lstm")
    before = {name: weight.clone() for name, weight in network.state_dict().items()}
    with pytest.raises(
        CheckpointError, match="core.weight_hh_l0: \\(32, 8\\) in the file, \\(64, 16\\) in the network"
    ):
        load_into(tmp_path / "net.pt", network)
    assert all(torch.equal(weight, before[name]) for name, weight in network.state_dict().items())
    with pytest.raises(FileNotFoundError, match="absent.pt"):
        load_checkpoint(tmp_path / "absent.pt")


def test_devices(monkeypatch):
    assert choose_device("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device() == torch.device("cpu")
    with pytest.raises(ValueError, match="'cuda' is not available; here are cpu"):
        choose_device("cuda")
    with pytest.raises(ValueError, match="'abacus' is unknown"):
        choose_device("abacus")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert choose_device() == torch.device("cuda")
    with pytest.raises(ValueError, match="1 CUDA devices here"):
        choose_device("cuda:3")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("kind", KINDS)
def test_networks_agree_across_devices(kind):
    network = network_of(kind)
    x = torch.randn(2, 50, 3, generator=seeded(1))
    here = stream_logits(network, x)
    there = stream_logits(network.to(choose_device("cuda")), x)
    assert there.device.type == "cpu"
    torch.testing.assert_close(there, here, atol=1e-4, rtol=1e-4)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("kind", KINDS)
def test_training_agrees_across_devices(kind):
    def trained(device):
        network, data = network_of(kind).to(device), seeded(3)
        settings = TrainingSettings(max_steps=100, batch_size=32, check_every=20)
        validation = pulse_examples(64, seeded(4))
        history = train(network, lambda n: pulse_examples(n, data), validation, settings)
        assert next(network.parameters()).device.type == device
        return history.best_loss, stream_logits(network, validation.inputs).argmax(-1)

    (loss, labels), (loss_there, labels_there) = trained("cpu"), trained("cuda")
    assert loss_there == pytest.approx(loss, rel=0.2)
    assert (labels == labels_there).float().mean() > 0.97
