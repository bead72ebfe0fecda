"""Participants that learn a task: as a cohort, and each network by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from ann.cohort import Member, train_cohort
from ann.training import train
from bridges.participants.network_config import NetworkConfig
from bridges.participants.network_learning import pupil
from bridges.tasks import SART
from studies.benchmark.base import BenchmarkSetting, Reading, cpu_seconds

__all__ = ["participants_learning", "participants_reading"]

PARTICIPANTS = 8


def participants_learning(setting: BenchmarkSetting) -> pd.DataFrame:
    """CPU time of eight LSTM participants that learn the SART, by turns; one row a way and turn.

    Networks, lessons and settings are those of participants; only the number of gradient steps is smaller.
    """
    session = SART(trials_per_digit=6).session(setting.seed)
    config = NetworkConfig()
    steps = 10 if setting.quick else 50
    config = replace(config, training=replace(config.training, max_steps=steps))
    ways: dict[str, Callable[[list[Member]], object]] = {
        "each by itself": _one_by_one,
        "cohort": train_cohort,
    }
    rows = []
    for turn in range(1 if setting.quick else 3):
        for way, learn in ways.items():
            setting.tell(f"{PARTICIPANTS} participants learn, {way}")
            members = [pupil(config, session, setting.seed + k) for k in range(PARTICIPANTS)]
            rows.append({"way": way, "turn": turn, "cpu_s": cpu_seconds(partial(learn, members))})
    return pd.DataFrame(rows)


def participants_reading(learning: pd.DataFrame) -> Reading:
    """How many times less a cohort costs; no goal of its own."""
    cpu = learning.pivot(index="turn", columns="way", values="cpu_s")
    ratio = (cpu["each by itself"] / cpu["cohort"]).to_numpy()
    return Reading(
        "networks.participants_speedup",
        float(np.median(ratio)),
        None,
        None,
        "1",
        f"{PARTICIPANTS} LSTM participants that learn the SART, CPU time each by itself over cohort",
        (float(ratio.min()), float(ratio.max())) if ratio.size > 1 else (float("nan"), float("nan")),
        ratio.size,
    )


def _one_by_one(members: list[Member]) -> list[object]:
    return [train(member.network, member.draw, member.validation, member.settings) for member in members]
