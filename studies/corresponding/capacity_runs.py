"""Runs of the capacity map: sweeps of the channel, dual tasks of the circuit, vigils with and without g."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bridges.maps.capacity import DualTask, decision_information, fitted_bits, train_dual_task
from bridges.maps.capacity_circuit import DualCircuit, dual_trials
from bridges.maps.decrement import DetectionConfig, recovered_share, vigil
from bridges.participants.base import Progress, no_progress
from neurosim.neuromodulation import Arousal

__all__ = ["LEVELS", "circuit_and_channel", "decrement"]

LEVELS = (0.6, 0.8, 1.0, 1.6, 2.3, 3.5)
"""Capacities of the sweep, in units of the demand of both tasks."""

REST_TAUS = 3.0


def circuit_and_channel(
    seed: int, trials: int, exam: int, levels: Sequence[float] = LEVELS, progress: Progress = no_progress
) -> pd.DataFrame:
    """Sweep the channel, measure the circuit, fit C to the circuit's cost, and train a network with that C.

    Parameters
    ----------
    seed
        Of networks, trials and noise.
    trials
        Trials of the circuit of each kind.
    exam
        Trials that score a network.
    levels
        Capacities (units of the demand).
    progress
        Called with the fraction done.

    Returns
    -------
    DataFrame
        Rows of kind "sweep", "circuit" and "fitted" with ``bits``, ``single``, ``dual``, ``cost``; for the
        circuit, bits are those of its decisions, alone and together.
    """
    demand = 2.0 * np.log2(DualTask().n_classes)
    rows = []
    for k, level in enumerate(levels):
        score = train_dual_task(level * demand, 1000 * seed + k, exam=exam)
        rows.append(("sweep", seed, score.bits, score.single, score.dual, score.cost, np.nan, np.nan))
        progress(0.6 * (k + 1) / len(levels), "training networks behind channels")
    table = dual_trials(DualCircuit(), trials, seed)
    single, dual = table[~table["dual"]], table[table["dual"]]
    cost = float(single["correct"].mean() - dual["correct"].mean())
    error = float(
        np.sqrt(
            single["correct"].var() / len(single) + dual.groupby("trial")["correct"].mean().var() / trials
        )
    )
    alone, together = (
        float(
            np.mean(
                [
                    decision_information(g["shown"].to_numpy(), g["state"].to_numpy())
                    for _, g in part.groupby("stream")
                ]
            )
        )
        for part in (single, dual)
    )
    accuracy = float(single["correct"].mean()), float(dual["correct"].mean())
    rows.append(("circuit", seed, 2.0 * together, *accuracy, cost, error, alone))
    progress(0.9, "training the network that matches the circuit")
    sweep = [row for row in rows if row[0] == "sweep"]
    try:
        bits = fitted_bits([row[2] for row in sweep], [row[5] for row in sweep], cost)
        score = train_dual_task(bits, 1000 * seed + 500, exam=exam)
        rows.append(("fitted", seed, bits, score.single, score.dual, score.cost, np.nan, np.nan))
    except ValueError:  # no capacity gives this cost: shown as a fit that is not there
        rows.append(("fitted", seed, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan))
    columns = ["kind", "seed", "bits", "single", "dual", "cost", "cost_error", "bits_alone"]
    return pd.DataFrame(rows, columns=columns)


def decrement(seeds: Sequence[int], progress: Progress = no_progress) -> pd.DataFrame:
    """Vigils of several individuals with g(t) on the evidence, also within the recurrence, and off.

    Returns
    -------
    DataFrame
        `bridges.maps.decrement.vigil` with ``condition`` and ``seed``, and rows of ``condition`` "rest" whose
        ``gain`` is the share of the lost gain that a rest of three recovery times brings back.
    """
    conditions = {
        "on": (DetectionConfig(), Arousal()),
        "on, also recurrent": (DetectionConfig(recurrent_gain=True), Arousal()),
        "off": (DetectionConfig(), Arousal.off()),
    }
    tables = []
    for k, seed in enumerate(seeds):
        for name, (config, arousal) in conditions.items():
            tables.append(vigil(config, arousal, seed).assign(condition=name, seed=seed))
        progress((k + 1) / len(seeds), "vigils")
    arousal = Arousal()
    work_s = DetectionConfig().trials * DetectionConfig().trial_s
    share = recovered_share(arousal, work_s, REST_TAUS * arousal.tau_recovery_s)
    rest = pd.DataFrame(
        {"window": [0], "time_s": [work_s], "gain": [share], "condition": ["rest"], "seed": [0]}
    )
    return pd.concat([*tables, rest], ignore_index=True)
