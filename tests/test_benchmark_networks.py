"""The benchmark of networks compares like with like."""

from __future__ import annotations

import pytest
import torch

from ann.cohort import train_cohort
from ann.training import train
from studies.benchmark.base import BenchmarkSetting
from studies.benchmark.networks import bare_training, cohort, pulses
from studies.benchmark.networks_gpu import gpu_readings

SIZE = (4, 12, 8)


def test_the_bare_loop_the_loop_and_the_cohort_do_the_same_work():
    bare, looped, together = (cohort(2, SIZE, 20, 1, 10) for _ in range(3))
    expected = [bare_training(member) for member in bare]
    found = [train(m.network, m.draw, m.validation, m.settings).losses[-1] for m in looped]
    assert [loss for _, _, loss in found] == expected, "the same numbers, to the last bit"
    assert [step for step, _, _ in found] == [20, 20]
    for history, loss in zip(train_cohort(together), expected, strict=True):
        assert history.losses[-1][2] == pytest.approx(loss, rel=1e-4)


def test_pulses_can_be_learned_from_the_past_alone():
    examples = pulses(200, 30, torch.Generator().manual_seed(0))
    labelled = examples.targets < 2
    assert (labelled.sum(dim=1) == 6).all()
    onset = labelled.int().argmax(dim=1)
    heard = examples.inputs[torch.arange(200), onset, :2]
    # the pulse stands out of the noise, in the channel of its class
    assert torch.equal(heard.argmax(dim=1), examples.targets[torch.arange(200), onset])
    assert heard.amax(dim=1).min() > 0.5


def test_without_a_gpu_it_is_said(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu_readings(BenchmarkSetting()) == ([], "the GPU part was not run: no CUDA device is here")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_gpu_part_runs():
    readings, why_not = gpu_readings(BenchmarkSetting(quick=True))
    assert not why_not and {reading.name for reading in readings} >= {"networks.gpu_cohort_speedup"}
