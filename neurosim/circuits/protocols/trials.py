"""Running the trials of a protocol: one circuit, drive and seed each, in equal batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from neurosim.circuit import Circuit
from neurosim.drive import Drive
from neurosim.engine import simulate
from neurosim.recording import Recording

__all__ = ["Progress", "run_trials", "trial_seeds"]

Progress = Callable[[float], None]


def trial_seeds(seed: int, number: int, first: int = 0) -> list[int]:
    """Independent seeds of trials `first` to `first + number`; those of the first trials stay the same.

    Parameters
    ----------
    seed
        Seed of the protocol.
    number
        How many.
    first
        Number of the first trial: parts of one experiment take up where another ends.
    """
    return [
        int(np.random.SeedSequence(seed, spawn_key=(k,)).generate_state(1)[0])
        for k in range(first, first + number)
    ]


def run_trials(
    circuits: Sequence[Circuit],
    drives: Sequence[Drive],
    seeds: Sequence[int],
    *,
    record_dt_ms: float = 5.0,
    record_spikes: bool = False,
    progress: Progress | None = None,
) -> list[Recording]:
    """Simulate every trial by itself: one program serves all, however many there are.

    Parameters are those of `neurosim.engine.simulate`.
    """
    return simulate(
        circuits,
        drives,
        seeds,
        record_dt_ms=record_dt_ms,
        record_spikes=record_spikes,
        width=1,
        progress=progress or (lambda fraction: None),
    )
