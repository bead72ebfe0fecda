"""Networks trained together are the networks trained alone."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from ann import kernels
from ann.checkpoints import CheckpointError
from ann.cohort import CohortDiverged, Member, train_cohort
from ann.cohort_engines import CompiledEngine, StackedEngine, choose_engine
from ann.kernels import lstm_kernel
from ann.limits import KeyBudget
from ann.recurrent import LSTMNetwork
from ann.training import Acceleration, Examples, TrainingSettings, masked_loss, train
from ann.transformer import AttentionNetwork

needs_compiler = pytest.mark.skipif(
    not (shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")), reason="needs a C++ compiler"
)
ENGINES = (pytest.param("compiled", marks=needs_compiler), "stacked")
SETTINGS = TrainingSettings(max_steps=60, batch_size=4, check_every=5, patience=3, learning_rate=0.02)


def pulses(n, generator, dtype=torch.float64, steps=14):
    """Two classes: for three steps after a pulse, and otherwise; the first steps do not count."""
    inputs = 0.2 * torch.randn(n, steps, 3, generator=generator, dtype=dtype)
    onset = torch.randint(2, 9, (n, 1), generator=generator)
    time = torch.arange(steps)
    inputs[..., 0] += (time == onset).to(dtype)
    targets = ((time >= onset) & (time < onset + 3)).long()
    return Examples(inputs, targets, (time > 1).expand(n, steps))


def member(seed, kind="lstm", dtype=torch.float64, settings=SETTINGS, units=10, numpy_too=False):
    generator = torch.Generator().manual_seed(seed)
    if kind == "lstm":
        network = LSTMNetwork(3, units, 2, forget_bias=seed % 3, generator=generator)
    else:
        network = AttentionNetwork(3, 2, d_model=8, n_heads=2, n_layers=2, window=5, generator=generator)
    rng = np.random.default_rng(seed)

    def draw(n):
        examples = pulses(n, generator, dtype)
        if numpy_too:
            examples.inputs.add_(float(rng.normal()) * 0.01)
        return examples

    validation = pulses(16, generator, dtype)
    return Member(network.to(dtype), draw, validation, settings, [generator, rng])


def different(k, settings=SETTINGS):
    """Every member its own settings, so that some stop early and some at their own last step."""
    return replace(
        settings,
        learning_rate=(0.003, 0.02, 0.05, 0.2)[k % 4],
        label_smoothing=(0.0, 0.1)[k % 2],
        clip_norm=(1.0, 0.1)[k % 2],
        patience=(2, 3)[k % 2],
        max_steps=(60, 47)[k // 2 % 2],
        check_every=(5, 4)[k % 2],
        smallest_gain=0.02,
    )


def weights(members):
    return [parameter.detach().clone() for m in members for parameter in m.network.parameters()]


@pytest.mark.parametrize("kind", ["lstm", "attention"])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_cohort_trains_as_its_members_do_alone(engine, kind):
    if (engine, kind) == ("compiled", "attention"):
        pytest.skip("the kernel is for LSTMs")
    alone = [member(k, kind, settings=different(k)) for k in range(5)]
    together = [member(k, kind, settings=different(k)) for k in range(5)]
    expected = [train(m.network, m.draw, m.validation, m.settings) for m in alone]
    found = train_cohort(together, engine=engine)
    assert [h.steps for h in found] == [h.steps for h in expected]
    assert [h.best_step for h in found] == [h.best_step for h in expected]
    assert len({h.steps for h in found}) > 1, "the members must stop at different steps for the test to tell"
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(torch.tensor(a.losses), torch.tensor(b.losses), atol=1e-9, rtol=1e-9)
    for a, b in zip(weights(together), weights(alone), strict=True):
        torch.testing.assert_close(a, b, atol=1e-8, rtol=0)
    assert not any(m.network.training for m in together)


@needs_compiler
def test_the_company_changes_no_bit_of_a_member():
    settings = replace(SETTINGS, max_steps=20)
    lonely = member(3, dtype=torch.float32, settings=settings)
    sizes = (6, 10, 10, 10, 17)
    company = [member(k, dtype=torch.float32, settings=settings, units=sizes[k]) for k in range(5)]
    (history,), histories = train_cohort([lonely]), train_cohort(company)
    assert history == histories[3]
    for a, b in zip(weights([lonely]), weights(company[3:4]), strict=True):
        assert torch.equal(a, b)


@needs_compiler
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(3, 20, 4, 24, 3), (16, 9, 5, 64, 3), (1, 7, 1, 5, 2), (130, 4, 2, 33, 7)])
def test_the_kernel_computes_the_loss_and_the_gradient_of_autograd(shape, dtype):
    batch, time, n_inputs, units, n_outputs = shape
    g = torch.Generator().manual_seed(0)
    network = LSTMNetwork(n_inputs, units, n_outputs, generator=g).to(dtype)
    examples = Examples(
        torch.randn(batch, time, n_inputs, generator=g, dtype=dtype),
        torch.randint(0, n_outputs, (batch, time), generator=g),
        torch.rand(batch, time, generator=g) > 0.2,
    )
    expected = masked_loss(network, examples, 0.1)
    expected.backward()
    row = torch.nn.utils.parameters_to_vector(network.parameters()).detach()
    gradient = torch.full_like(row, torch.nan)
    loss = lstm_kernel()(row, gradient, *examples, units, n_outputs, 0.1)
    wanted = torch.cat([parameter.grad.flatten() for parameter in network.parameters()])
    tolerance = 1e-6 if dtype == torch.float32 else 1e-14
    assert loss == pytest.approx(expected.item(), rel=tolerance)
    torch.testing.assert_close(gradient, wanted, atol=tolerance, rtol=0)
    assert lstm_kernel()(row, None, *examples, units, n_outputs, 0.1) == pytest.approx(loss, rel=tolerance)


@needs_compiler
def test_the_kernel_refuses_what_it_cannot_read():
    network, kernel = LSTMNetwork(3, 4, 2), lstm_kernel()
    row = torch.nn.utils.parameters_to_vector(network.parameters()).detach()
    good = pulses(2, torch.Generator().manual_seed(0), torch.float32)
    with pytest.raises(ValueError, match="outside the 2 classes"):
        kernel(row, None, good.inputs, good.targets + 1, good.mask, 4, 2)
    with pytest.raises(ValueError, match="no step count"):
        kernel(row, None, good.inputs, good.targets, torch.zeros_like(good.mask), 4, 2)
    with pytest.raises(ValueError, match="inputs of torch.float64"):
        kernel(row, None, good.inputs.double(), good.targets, good.mask, 4, 2)
    with pytest.raises(ValueError, match=r"mask has shape \(1, 14\); must be \(2, 14\)"):
        kernel(row, None, good.inputs, good.targets, good.mask[:1], 4, 2)
    with pytest.raises(ValueError, match="parameters has shape"):
        kernel(row[1:], None, *good, 4, 2)
    assert not torch.isfinite(torch.tensor(kernel(row, None, good.inputs * torch.nan, *good[1:], 4, 2)))


class Interrupted(Exception):
    pass


def interrupt_after(n_checks):
    seen = []

    def progress(fraction, text):
        seen.append(fraction)
        if len(seen) > n_checks:
            raise Interrupted

    return progress


@pytest.mark.parametrize("engine", ENGINES)
def test_an_interrupted_cohort_goes_on_to_the_same_bits(engine, tmp_path):
    def cohort():
        return [member(k, dtype=torch.float32, settings=different(k), numpy_too=True) for k in range(4)]

    unbroken, broken, resumed = cohort(), cohort(), cohort()
    expected = train_cohort(unbroken, engine=engine)
    path = tmp_path / "cohort.pt"
    with pytest.raises(Interrupted):
        train_cohort(broken, interrupt_after(3), engine=engine, checkpoint=path)
    assert path.exists()
    assert train_cohort(resumed, engine=engine, checkpoint=path) == expected
    for a, b in zip(weights(resumed), weights(unbroken), strict=True):
        assert torch.equal(a, b)
    assert not path.exists()


@pytest.mark.parametrize("kind", ["lstm", "attention"])
def test_an_interrupted_training_goes_on_to_the_same_bits(kind, tmp_path):
    unbroken, broken, resumed = (member(1, kind, torch.float32, numpy_too=True) for _ in range(3))
    expected = train(unbroken.network, unbroken.draw, unbroken.validation, SETTINGS)
    path = tmp_path / "training.pt"

    def go(m, progress=None):
        return train(
            m.network, m.draw, m.validation, SETTINGS, progress, checkpoint=path, generators=m.generators
        )

    with pytest.raises(Interrupted):
        go(broken, interrupt_after(4))
    assert go(resumed) == expected
    for a, b in zip(weights([resumed]), weights([unbroken]), strict=True):
        assert torch.equal(a, b)
    assert not path.exists()


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    path = tmp_path / "training.pt"
    first = member(1)
    with pytest.raises(Interrupted):
        train_cohort([first], interrupt_after(1), checkpoint=path)
    with pytest.raises(CheckpointError, match="another training"):
        train_cohort([member(1, settings=replace(SETTINGS, learning_rate=0.5))], checkpoint=path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(CheckpointError, match="training.pt"):
        train_cohort([member(1)], checkpoint=path)
    second = member(1)
    with pytest.raises(Interrupted):
        train(
            second.network,
            second.draw,
            second.validation,
            SETTINGS,
            interrupt_after(1),
            checkpoint=tmp_path / "one.pt",
            generators=second.generators,
        )
    with pytest.raises(CheckpointError, match="holds 2 random states, but 0 generators"):
        train(second.network, second.draw, second.validation, SETTINGS, checkpoint=tmp_path / "one.pt")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_member_that_diverges_is_named_and_the_others_finish(engine):
    cohort = [member(k) for k in range(3)]
    calls = []

    def spoiled(n):
        examples = member(1).draw(n)
        calls.append(n)
        if len(calls) == 7:
            examples.inputs[0, 3] = torch.nan
        return examples

    cohort[1] = replace(cohort[1], draw=spoiled)
    expected = train_cohort([member(0)], engine=engine)[0]
    with pytest.raises(CohortDiverged, match="member 1: training loss is nan at step 7") as caught:
        train_cohort(cohort, engine=engine)
    histories = caught.value.histories
    assert histories[0].steps == expected.steps
    assert histories[0].best_loss == pytest.approx(expected.best_loss, rel=1e-9)
    assert histories[1].steps == 7 and histories[2].steps > 7
    assert all(torch.isfinite(weight).all() for weight in weights(cohort))


def test_impossible_cohorts_are_refused():
    with pytest.raises(ValueError, match="at least one member"):
        train_cohort([])
    with pytest.raises(ValueError, match="differ in kind or shape"):
        train_cohort([member(0), member(1, units=11)], engine="stacked")
    with pytest.raises(ValueError, match="AttentionNetwork is not an LSTMNetwork"):
        train_cohort([member(0, "attention")], engine="compiled")
    limited = member(0, "attention")
    limited.network.limit_scores(KeyBudget(2))
    with pytest.raises(ValueError, match="train such networks one by one"):
        train_cohort([limited])
    with pytest.raises(ValueError, match="engine = 'fast'"):
        train_cohort([member(0)], engine="fast")
    with pytest.raises(ValueError, match="no step count"):
        blind = member(0)
        draw = lambda n: blind.draw(n)._replace(mask=torch.zeros(n, 14, dtype=torch.bool))  # noqa: E731
        train_cohort([replace(blind, draw=draw)], engine="stacked")
    with pytest.raises(ValueError, match="need one shape"):
        short = replace(member(1), draw=lambda n: pulses(n, torch.Generator(), steps=12))
        train_cohort([member(0), short], engine="stacked")


@pytest.fixture
def fresh_kernel():
    lstm_kernel.cache_clear()
    yield
    lstm_kernel.cache_clear()


@pytest.mark.parametrize("compiler", ["missing", "broken"])
def test_without_a_compiler_pytorch_trains_the_cohort_and_it_is_said(
    compiler, fresh_kernel, monkeypatch, tmp_path, caplog
):
    monkeypatch.setenv("NEUROSIM_CACHE", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    if compiler == "missing":
        monkeypatch.setattr(kernels.shutil, "which", lambda name: None)
    else:
        monkeypatch.setenv("CXX", "false")
    networks = [member(k).network for k in range(2)]
    assert isinstance(choose_engine(networks), StackedEngine)
    assert "PyTorch's kernels" in caplog.text
    with pytest.raises(ValueError, match="no C\\+\\+ compiler"):
        choose_engine(networks, "compiled")


@needs_compiler
def test_acceleration_is_pytorchs():
    networks = [member(k).network for k in range(2)]
    assert isinstance(choose_engine(networks), CompiledEngine)
    mixed = Acceleration(mixed_precision=True)
    assert isinstance(choose_engine(networks, acceleration=mixed), StackedEngine)
    plain, rounded = member(1, dtype=torch.float32), member(1, dtype=torch.float32)
    expected = train_cohort([plain], engine="stacked")[0]
    found = train_cohort([rounded], acceleration=mixed)[0]
    assert found.losses != expected.losses
    assert found.losses[0][1] == pytest.approx(expected.losses[0][1], rel=0.02)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("kind", ["lstm", "attention"])
def test_cohorts_agree_across_devices(kind):
    here = [member(k, kind, torch.float32) for k in range(3)]
    there = [replace(m, network=m.network.cuda()) for m in (member(k, kind, torch.float32) for k in range(3))]
    expected, found = train_cohort(here), train_cohort(there)
    for a, b in zip(found, expected, strict=True):
        assert a.losses[0][1:] == pytest.approx(b.losses[0][1:], rel=1e-3)
        assert a.best_loss == pytest.approx(b.best_loss, rel=0.2)
