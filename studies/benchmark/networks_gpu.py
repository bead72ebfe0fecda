"""What a CUDA device adds: throughput beside cuDNN's LSTM and fused attention, and bfloat16.

Wall-clock time between synchronisations: the CPU only waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from ann.cohort import Member, train_cohort
from ann.multihead import MultiHeadAttention
from ann.recurrent import LSTMNetwork
from ann.training import Acceleration, Examples, TrainingSettings
from studies.benchmark.base import BenchmarkSetting, Reading

__all__ = ["gpu_readings"]

BATCH, STEPS, UNITS, INPUTS, OUTPUTS = 16, 100, 64, 4, 3


def gpu_readings(setting: BenchmarkSetting) -> tuple[list[Reading], str]:
    """Readings, or none and why."""
    if not torch.cuda.is_available():
        return [], "the GPU part was not run: no CUDA device is here"
    setting.tell("on the GPU: " + torch.cuda.get_device_name())
    n = 8 if setting.quick else 32
    alone = _median(lambda: _one_by_one(n), 3) / n
    together = _median(lambda: _train(range(n), Acceleration()), 3) / n
    rounded = _median(lambda: _train(range(n), Acceleration(mixed_precision=True)), 3) / n
    size = f"{n} LSTMs of {UNITS} units, batch {BATCH}, {STEPS} steps, wall-clock time"
    readings = [
        Reading(
            "networks.gpu_cohort_speedup", alone / together, 1.0, None, "1", size + ": alone over together"
        ),
        Reading(
            "networks.gpu_bf16_speedup", together / rounded, None, None, "1", size + ": float32 over bfloat16"
        ),
        _cudnn(n),
        _fused(),
    ]
    return readings, ""


def _members(seeds: range | list[int]) -> list[Member]:
    members = []
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        x = torch.randn(BATCH, STEPS, INPUTS, generator=generator).cuda()
        examples = Examples(x, (x[..., 0] > 0).long(), torch.ones(BATCH, STEPS, dtype=torch.bool).cuda())
        network = LSTMNetwork(INPUTS, UNITS, OUTPUTS, generator=generator).cuda()
        settings = TrainingSettings(max_steps=10, batch_size=BATCH, check_every=10)
        members.append(Member(network, partial(_same, examples), examples, settings))
    return members


def _same(examples: Examples, n: int) -> Examples:
    return examples


def _one_by_one(n: int) -> None:
    for k in range(n):
        _train([k], Acceleration())


def _train(seeds: range | list[int], acceleration: Acceleration) -> None:
    train_cohort(_members(seeds), engine="stacked", acceleration=acceleration)


def _cudnn(n: int) -> Reading:
    """One step of a cohort beside n passes of cuDNN's kernel, forward and backward."""
    cores = [nn.LSTM(INPUTS, UNITS, batch_first=True).cuda() for _ in range(n)]
    x = torch.randn(BATCH, STEPS, INPUTS, device="cuda")

    def cudnn() -> None:
        for core in cores:
            core(x)[0].square().sum().backward()

    ours = _median(lambda: _train(range(n), Acceleration()), 3) / 10
    theirs = _median(cudnn, 5)
    job = f"{n} LSTMs of {UNITS} units: forward and backward of cuDNN, one by one, over a whole cohort step"
    return Reading("networks.gpu_ratio_cudnn", theirs / ours, None, None, "1", job)


def _fused() -> Reading:
    attention = MultiHeadAttention(256, 8).cuda()
    x = torch.randn(16, 1024, 256, device="cuda")

    def with_weights() -> Tensor:
        return attention.forward_with_weights(x)[0].sum()

    def fused() -> Tensor:
        return attention(x).sum()

    ratio = _median(lambda: with_weights().backward(), 7) / _median(lambda: fused().backward(), 7)
    job = (
        "self-attention over 1,024 steps, 8 heads of 32: readable path over fused path, forward and backward"
    )
    return Reading("networks.gpu_fused_attention_speedup", ratio, 1.0, None, "1", job)


def _median(call: Callable[[], object], repeats: int) -> float:
    """Wall-clock seconds, the first call apart."""
    seconds = []
    for _ in range(repeats + 1):
        torch.cuda.synchronize()
        clock = time.perf_counter()
        call()
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - clock)
    return float(np.median(seconds[1:]))
