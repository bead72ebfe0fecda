"""How much faster a twin is than its circuit: the same participants perform the same trials, by turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bridges.maps.twin import TwinConfig
from bridges.participants.spiking import SpikingParticipant
from bridges.participants.twin import TwinParticipant
from bridges.tasks import SART
from studies.benchmark.base import Benchmark, BenchmarkFigure, BenchmarkSetting, Outcome, Reading, cpu_seconds

__all__ = ["BENCHMARK", "turns"]

GOAL = 50.0
PARTICIPANTS = 20
"""As many as studies have."""
WIDTH = 4
"""Circuits that are simulated side by side; divides `PARTICIPANTS`."""
CAUSE = (
    "a twin steps through 20 ms at a time for all participants together, so most of its time is the "
    "calls around "
    "small products of matrices; with fewer participants than rows the rest of the rows is for nothing"
)


def turns(participants: int, trials_per_digit: int, repeats: int, quick: bool, seed: int) -> pd.DataFrame:
    """CPU milliseconds a trial of circuit and twin on the same SART sessions, by turns.

    Children count for the circuit, whose simulation is a process of its own; what either side does before its
    first trial (compiling, training, reading weights) is done before the clock starts.
    """
    task = SART(trials_per_digit=trials_per_digit, n_blocks=1)
    sessions = [task.session(1000 * seed + k) for k in range(participants)]
    seeds = [seed + k for k in range(participants)]
    circuit = SpikingParticipant()
    twin = TwinParticipant(twin=TwinConfig.quick() if quick else TwinConfig())
    ways = {"circuit": circuit, "twin": twin}
    for one in ways.values():
        # as many side by side as the circuit's own batches, which are compiled for their width
        one.perform(sessions[:WIDTH], seeds[:WIDTH])
    rows = []
    for turn in range(repeats):
        for name, one in ways.items():
            spent = 0.0

            def work(one=one) -> None:
                one.perform(sessions, seeds)

            def own(work=work) -> None:
                nonlocal spent
                spent = cpu_seconds(work, children=True)

            total = cpu_seconds(own) + spent
            rows.append((name, turn, participants, 1e3 * total / (participants * task.n_trials)))
    return pd.DataFrame(rows, columns=["way", "repetition", "participants", "ms_per_trial"])


def _run(setting: BenchmarkSetting) -> Outcome:
    per_digit, repeats = (2, 2) if setting.quick else (8, 3)
    setting.tell(f"the attention circuit and its twin, {PARTICIPANTS} participants side by side")
    table = turns(PARTICIPANTS, per_digit, repeats, setting.quick, setting.seed)
    ratios = speedups(table)
    value = float(np.median(ratios))
    cost = table.groupby("way")["ms_per_trial"].median()
    reading = Reading(
        "twin.speedup",
        value,
        GOAL,
        None,
        "1",
        f"{PARTICIPANTS} participants, SART trials of 1.15 s: CPU time of the attention circuit "
        f"({cost['circuit']:.2f} ms a "
        f"trial) over that of its twin ({cost['twin']:.2f} ms)",
        (float(ratios.min()), float(ratios.max())),
        ratios.size,
        "" if value >= GOAL else CAUSE,
    )
    return Outcome([reading], {"twin": table}, {}, _figures)


def speedups(table: pd.DataFrame) -> np.ndarray:
    """Time of the circuit over that of the twin, one for each repetition."""
    wide = table.pivot(index="repetition", columns="way", values="ms_per_trial")
    return (wide["circuit"] / wide["twin"]).to_numpy()


def _figures(tables: Mapping[str, pd.DataFrame]) -> Sequence[BenchmarkFigure]:
    import matplotlib.pyplot as plt

    table = tables["twin"]
    figure, panel = plt.subplots(figsize=(3.4, 2.6))
    for k, (way, colour) in enumerate((("circuit", "#D55E00"), ("twin", "#0072B2"))):
        mine = table[table["way"] == way]["ms_per_trial"]
        panel.plot(np.full(mine.size, k), mine, "o", color=colour, ms=4)
    panel.set(
        yscale="log",
        ylabel="CPU time per trial (ms)",
        xticks=[0, 1],
        xticklabels=["circuit", "twin"],
        xlim=(-0.6, 1.6),
    )
    panel.set_title(f"{np.median(speedups(table)):.0f} times faster")
    caption = (
        "CPU time of one SART trial (1.15 s): the attention circuit and its twin by turns, each repetition."
    )
    return [BenchmarkFigure("figure1_twin", figure, table, caption)]


BENCHMARK = Benchmark(
    "twin",
    "The twin of the attention circuit against the circuit on the same sessions.",
    _run,
)
"""The benchmark."""
