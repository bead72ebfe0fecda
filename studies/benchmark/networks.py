"""Training networks: a cohort against one network after another, our loop against the bare kernels' loop.

Both sides learn from the same examples, drawn before the clock starts, with the same gradient steps and the
same validation. The loop that others would write is `bare_training`: PyTorch's LSTM, cross-entropy, clipping
and Adam, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import cycle

import numpy as np
import pandas as pd
import torch
from torch import nn

from ann.cohort import Member, train_cohort
from ann.cohort_engines import choose_engine
from ann.recurrent import LSTMNetwork
from ann.threads import one_thread
from ann.training import Examples, TrainingSettings, train
from ann.training_course import TrainingHistory
from studies.benchmark.base import Benchmark, BenchmarkSetting, Outcome, Reading, cpu_seconds
from studies.benchmark.networks_figure import draw_networks
from studies.benchmark.networks_gpu import gpu_readings
from studies.benchmark.participants import participants_learning, participants_reading
from studies.benchmark.stream_memory import memory_over_sessions

__all__ = ["BENCHMARK", "bare_training"]

GOAL_SPEEDUP, GOAL_OVERHEAD, GOAL_LOSS, GOAL_ACCURACY, GOAL_EXACT = 5.0, 0.05, 0.01, 0.01, 1e-6
ROUNDING = (
    "differences of rounding grow while a network learns fastest, and shift that moment a little; see the "
    "accuracies at the end, and the same comparison in double precision"
)
INPUTS, OUTPUTS = 4, 3
POOL = 8
"""Batches that a member draws before the clock starts."""
CHECK_EVERY = 25
"""Gradient steps between validations on both sides, each on four batches: as participants learn."""
MAIN = (16, 500, 64)
"""Batch, stretch (steps) and units of the goal: what a network participant's LSTM learns with by default."""
SIZES = (
    (16, 20, 64),
    (16, 50, 64),
    (16, 100, 64),
    (16, 200, 64),
    (1, 50, 64),
    (4, 50, 64),
    (64, 50, 64),
    (16, 50, 32),
    (16, 500, 32),
)
QUICK_SIZES = ((16, 50, 64), (4, 50, 64))


def pulses(n: int, steps: int, generator: torch.Generator) -> Examples:
    """Whether a pulse was less than six steps ago: three classes, one for each of two channels, and none."""
    inputs = 0.1 * torch.randn(n, steps, INPUTS, generator=generator)
    onset = torch.randint(0, max(steps - 6, 1), (n, 1), generator=generator)
    channel = torch.randint(0, 2, (n, 1), generator=generator)
    time = torch.arange(steps)
    for k in range(2):
        inputs[..., k] += ((time == onset) & (channel == k)).float()
    recent = (time >= onset) & (time < onset + 6)
    targets = torch.where(recent, channel, 2)
    return Examples(inputs, targets, torch.ones(n, steps, dtype=torch.bool))


class _Next:
    """Gives drawn examples one after another, whatever number is asked for."""

    def __init__(self, drawn: Iterator[Examples]) -> None:
        self.drawn = drawn

    def __call__(self, n: int) -> Examples:
        return next(self.drawn)


def cohort(n: int, size: tuple[int, int, int], steps: int, seed: int, check_every: int) -> list[Member]:
    """Members with networks, examples and learning rates of their own; nothing is drawn while they learn."""
    batch, stretch, units = size
    members = []
    for k in range(n):
        generator = torch.Generator().manual_seed(1000 * seed + k)
        network = LSTMNetwork(INPUTS, units, OUTPUTS, generator=generator)
        drawn = cycle([pulses(batch, stretch, generator) for _ in range(POOL)])
        settings = TrainingSettings(
            max_steps=steps, batch_size=batch, check_every=check_every, learning_rate=0.01 * (1 + k % 2)
        )
        validation = pulses(4 * batch, stretch, generator)
        members.append(Member(network, _Next(drawn), validation, settings))
    return members


@one_thread()
def bare_training(member: Member) -> float:
    """Train as a plain PyTorch loop does, without stopping early; the last validation loss."""
    network, settings = member.network, member.settings
    optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
    loss_of = nn.CrossEntropyLoss()
    unseen = torch.tensor(float("nan"))
    for step in range(1, settings.max_steps + 1):
        for group in optimiser.param_groups:
            group["lr"] = settings.rate(step)
        batch = member.draw(settings.batch_size)
        logits, _ = network(batch.inputs)
        loss = loss_of(logits[batch.mask], batch.targets[batch.mask])
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), settings.clip_norm)
        optimiser.step()
        if step % settings.check_every == 0 or step == settings.max_steps:
            exam = member.validation
            with torch.no_grad():
                unseen = loss_of(network(exam.inputs)[0][exam.mask], exam.targets[exam.mask])
    return unseen.item()


def _run(setting: BenchmarkSetting) -> Outcome:
    n = 8 if setting.quick else 32
    repeats = 2 if setting.quick else 3
    speeds = pd.concat([_speeds(setting, size, n, repeats) for size in _sizes(setting)], ignore_index=True)
    setting.tell("the loop around the kernels")
    overhead = _overheads(setting, 7 if setting.quick else 15)
    setting.tell("the same networks, trained alone and together")
    equality = _equality(setting, n)
    exact = _equality(replace(setting, quick=True), 4, exact=True)
    setting.tell("memory of the transformer over sessions of any length")
    memory = memory_over_sessions(setting.quick)
    readings = [*_speed_readings(speeds, n), _overhead_reading(overhead), *_equality_readings(equality)]
    readings.append(_exact_reading(exact))
    readings.append(_memory_reading(memory))
    learning = participants_learning(setting)
    readings.append(participants_reading(learning))
    gpu, why_not = gpu_readings(setting)
    skipped = {} if gpu else {"networks.gpu": why_not}
    tables = {"cohorts": speeds, "loop": overhead, "equality": equality, "exact": exact, "memory": memory}
    tables["participants"] = learning
    return Outcome([*readings, *gpu], tables, skipped, draw_networks, _notes(speeds, n))


def _sizes(setting: BenchmarkSetting) -> Sequence[tuple[int, int, int]]:
    return (MAIN, *(QUICK_SIZES if setting.quick else SIZES))


def _speeds(setting: BenchmarkSetting, size: tuple[int, int, int], n: int, repeats: int) -> pd.DataFrame:
    """CPU time of a gradient step of one network: after another, with `train`, and in a cohort, by turns."""
    batch, stretch, units = size
    setting.tell(f"{n} LSTMs of {units} units, batch {batch}, {stretch} steps")
    rows = []
    for turn in range(repeats + 1):
        for name, call in _ways():
            # the first turn warms up
            size_of_turn = n if turn else 1
            members = cohort(size_of_turn, size, CHECK_EVERY, setting.seed + turn, CHECK_EVERY)
            cost = cpu_seconds(partial(call, members)) / (size_of_turn * CHECK_EVERY)
            if turn:
                rows.append((batch, stretch, units, name, turn, 1e3 * cost))
    return pd.DataFrame(rows, columns=["batch", "steps", "units", "way", "repetition", "ms_per_step"])


def _ways() -> list[tuple[str, Callable[[list[Member]], object]]]:
    return [
        ("one after another", lambda members: [bare_training(member) for member in members]),
        ("cohort", train_cohort),
    ]


def _ratios(speeds: pd.DataFrame, size: tuple[int, int, int]) -> np.ndarray:
    here = speeds[(speeds[["batch", "steps", "units"]] == list(size)).all(axis=1)]
    wide = here.pivot(index="repetition", columns="way", values="ms_per_step")
    return (wide["one after another"] / wide["cohort"]).to_numpy()


def _speed_readings(speeds: pd.DataFrame, n: int) -> list[Reading]:
    readings = []
    for size in speeds[["batch", "steps", "units"]].drop_duplicates().itertuples(index=False, name=None):
        ratios = _ratios(speeds, size)
        batch, stretch, units = size
        main = size == MAIN
        name = "networks.cohort_speedup" + ("" if main else f".batch{batch}_steps{stretch}_units{units}")
        job = (
            f"{n} LSTMs of {units} units, batch {batch}, stretches of {stretch} steps: CPU time of one after "
            "another with nn.LSTM over that of a cohort, one thread, examples drawn before, validation on "
            f"four batches every {CHECK_EVERY} gradient steps"
        )
        # only the goal of the design is a check; the others show where it is met
        goal = GOAL_SPEEDUP if units == 64 and batch == 16 else None
        spread = (float(ratios.min()), float(ratios.max()))
        why = "" if goal is None or np.median(ratios) >= goal else _bound(speeds, size)
        readings.append(
            Reading(name, float(np.median(ratios)), goal, None, "1", job, spread, len(ratios), why)
        )
    return readings


def _bound(speeds: pd.DataFrame, size: tuple[int, int, int]) -> str:
    """What the arithmetic alone allows: products of matrices are most of the work on both sides."""
    batch, stretch, units = size
    operations = 6 * batch * stretch * units * 4 * units
    here = speeds[(speeds[["batch", "steps", "units"]] == list(size)).all(axis=1)]
    cost = here.groupby("way")["ms_per_step"].median()
    rate = {way: operations / (1e6 * cost[way]) for way in cost.index}
    return (
        "both sides multiply the same matrices: nn.LSTM does so at "
        f"{rate['one after another']:.0f} GFLOP/s all told, the cohort at {rate['cohort']:.0f}; five times "
        f"as fast would take {GOAL_SPEEDUP * rate['one after another']:.0f}. What a cohort saves, the work "
        "around the products, is a small share of long stretches and large batches"
    )


def _overheads(setting: BenchmarkSetting, repeats: int) -> pd.DataFrame:
    """CPU time of `train` and of the bare loop on the main job, validation every 25 steps on both sides."""
    rows = []
    for turn in range(repeats + 1):
        ways: list[tuple[str, Callable[[Member], object]]] = [("bare", bare_training), ("train", _plain)]
        # whoever goes first meets a colder machine
        for name, call in ways if turn % 2 else reversed(ways):
            (member,) = cohort(1, MAIN, 2 * CHECK_EVERY, setting.seed + turn, CHECK_EVERY)
            cost = cpu_seconds(partial(call, member))
            if turn:
                rows.append((name, turn, 1e3 * cost / (2 * CHECK_EVERY)))
    return pd.DataFrame(rows, columns=["loop", "repetition", "ms_per_step"])


def _plain(member: Member) -> TrainingHistory:
    return train(member.network, member.draw, member.validation, member.settings)


def _overhead_reading(overhead: pd.DataFrame) -> Reading:
    wide = overhead.pivot(index="repetition", columns="loop", values="ms_per_step")
    shares = (wide["train"] / wide["bare"] - 1).to_numpy()
    return Reading(
        "networks.loop_overhead",
        float(np.median(shares)),
        None,
        GOAL_OVERHEAD,
        "1",
        f"LSTM of {MAIN[2]} units, batch {MAIN[0]}, {MAIN[1]} steps: CPU time of ann.training.train over "
        "that of the same forward, backward and optimiser steps in a bare loop, minus 1",
        (float(shares.min()), float(shares.max())),
        len(shares),
    )


def _equality(setting: BenchmarkSetting, n: int, exact: bool = False) -> pd.DataFrame:
    """Validation losses of the same members, alone and together, and how often each is right at the end.

    With `exact`, in double precision.
    """
    size, steps = (16, 50, 64), 160 if setting.quick else 400
    alone, together = (cohort(n, size, steps, setting.seed, 20) for _ in range(2))
    if exact:
        alone, together = ([_double(member) for member in members] for members in (alone, together))
    histories = {"alone": [_plain(member) for member in alone], "together": train_cohort(together)}
    rows = []
    for way, members in (("alone", alone), ("together", together)):
        for k, (member, history) in enumerate(zip(members, histories[way], strict=True)):
            exam = member.validation
            with torch.no_grad():
                right = member.network(exam.inputs)[0].argmax(-1) == exam.targets
            share = right.float().mean().item()
            rows += [(way, k, step, loss, share) for step, _, loss in history.losses]
    return pd.DataFrame(rows, columns=["way", "member", "step", "validation_loss", "accuracy"])


def _double(member: Member) -> Member:
    drawn = cycle([_doubled(member.draw(0)) for _ in range(POOL)])
    network, validation = member.network.double(), _doubled(member.validation)
    return replace(member, network=network, draw=_Next(drawn), validation=validation)


def _doubled(examples: Examples) -> Examples:
    return examples._replace(inputs=examples.inputs.double())


def _exact_reading(exact: pd.DataFrame) -> Reading:
    wide = exact.pivot(index=["member", "step"], columns="way", values="validation_loss")
    return Reading(
        "networks.cohort_loss_difference_float64",
        float((wide["alone"] - wide["together"]).abs().max()),
        None,
        GOAL_EXACT,
        "nat",
        "the same in double precision, where rounding has no time to grow: that the computation is the same",
    )


def _equality_readings(equality: pd.DataFrame) -> list[Reading]:
    wide = equality.pivot(index=["member", "step"], columns="way", values=["validation_loss", "accuracy"])
    job = f"{wide.index.get_level_values('member').nunique()} LSTMs of 64 units trained alone and together: "
    largest = {
        name: float((wide[name]["alone"] - wide[name]["together"]).abs().max())
        for name in ("validation_loss", "accuracy")
    }
    return [
        Reading(
            "networks.cohort_loss_difference",
            largest["validation_loss"],
            None,
            GOAL_LOSS,
            "nat",
            job + "largest difference of validation losses at any check",
            explanation=ROUNDING if largest["validation_loss"] > GOAL_LOSS else "",
        ),
        Reading(
            "networks.cohort_accuracy_difference",
            largest["accuracy"],
            None,
            GOAL_ACCURACY,
            "1",
            job + "largest difference of a member's share of steps labelled right",
        ),
    ]


def _memory_reading(memory: pd.DataFrame) -> Reading:
    growth = memory["peak_mb"].max() - memory["peak_mb"].min()
    hours = memory["session_h"]
    return Reading(
        "networks.transformer_memory_growth_mb",
        float(growth),
        None,
        8.0,
        "MB",
        f"peak memory of a process that streams a session through a causal transformer: largest difference "
        f"between sessions of {hours.min():g} to {hours.max():g} hours (20 ms steps, window 64)",
    )


def _notes(speeds: pd.DataFrame, n: int) -> list[str]:
    engine = type(choose_engine([cohort(1, (1, 8, 8), 1, 1, 1)[0].network])).__name__
    sizes = speeds[["batch", "steps", "units"]].drop_duplicates().itertuples(index=False, name=None)
    ratios = {size: float(np.median(_ratios(speeds, size))) for size in sizes}
    met = [
        f"batch {batch}, {stretch} steps, {units} units ({ratio:.1f})"
        for (batch, stretch, units), ratio in ratios.items()
        if ratio >= GOAL_SPEEDUP
    ]
    version = f"PyTorch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}"
    return [
        f"Cohorts of {n} used the {engine}; {version}.",
        f"A cohort is at least {GOAL_SPEEDUP:g} times faster at: {'; '.join(met) or 'none of these sizes'}.",
    ]


BENCHMARK = Benchmark(
    "networks",
    "A cohort of LSTMs against one nn.LSTM after another, our training loop against a bare one, and the "
    "memory of a transformer against session length.",
    _run,
)
"""The benchmark."""
