"""Signatures of attention in spikes: how a held goal changes rates, variability and shared noise.

One stimulus is shown again and again to the attention circuit, once while the goal that matches it is held
and once while the other goal is. Per circuit and condition: rate during the stimulus and before it, Fano
factor and pairwise noise correlation of spike counts over presentations.

References
----------
McAdams, C. J. & Maunsell, J. H. R. (1999). J Neurosci, 19, 431-441. doi:10.1523/JNEUROSCI.19-01-00431.1999
Cohen, M. R. & Maunsell, J. H. R. (2009). Nat Neurosci, 12, 1594-1600. doi:10.1038/nn.2439
Mitchell, J. F., Sundberg, K. A. & Reynolds, J. H. (2009). Neuron, 63, 879-888.
doi:10.1016/j.neuron.2009.09.013
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from neurosim.circuits.attention import attention_circuit
from neurosim.drive import Drive
from neurosim.engine import simulate
from neurosim.recording import Recording
from neurosim.spike_statistics import fano_factor, noise_correlation, spike_counts

__all__ = ["GOALS", "attention_signatures"]

GOALS = {"attended": "attend_go", "unattended": "attend_no_go"}
"""Condition -> goal that is held; the stimulus is always the go stimulus."""

CUE_ONSET_S, CUE_S = 0.5, 0.5
FIRST_S = 2.0
STIMULUS_S, PAUSE_S = 0.8, 0.8
SETTLED_S = 0.2
"""Counting starts this long after stimulus onset, when the first response is over."""


def attention_signatures(
    level: float,
    n_seeds: int = 12,
    presentations: int = 60,
    seed: int = 1,
    progress: Callable[[float], None] = lambda fraction: None,
) -> pd.DataFrame:
    """Measure one stimulus strength.

    Parameters
    ----------
    level
        Level of the stimulus, above 0 to 1.
    n_seeds
        Independent circuits.
    presentations
        Of the stimulus, for each circuit and condition.
    seed
        Seed of all of it.
    progress
        Called with the fraction done.

    Returns
    -------
    DataFrame
        One row a circuit and condition: ``circuit``, ``condition``, ``level``, ``rate_hz``, ``before_hz``
        (the rate before the stimulus), ``fano``, ``noise_correlation``, ``goal_hz`` (the rate of the pool
        that holds the goal matching the stimulus).
    """
    starts = FIRST_S + (STIMULUS_S + PAUSE_S) * np.arange(presentations)
    seeds = [int(s) for s in np.random.SeedSequence([seed, round(1000 * level)]).generate_state(n_seeds)]
    rows = []
    for k, (condition, goal) in enumerate(GOALS.items()):
        drive = _drive(starts, level, goal)
        recordings = simulate(
            [attention_circuit()] * n_seeds,
            [drive] * n_seeds,
            seeds,
            record_spikes=True,
            progress=lambda fraction, k=k: progress((k + fraction) / len(GOALS)),
        )
        rows += [
            {"circuit": number, "condition": condition, "level": level, **_statistics(recording, starts)}
            for number, recording in enumerate(recordings)
        ]
    return pd.DataFrame(rows)


def _drive(starts: np.ndarray, level: float, goal: str) -> Drive:
    n = starts.size
    return Drive.from_events(
        [CUE_ONSET_S, *starts],
        [CUE_S] + [STIMULUS_S] * n,
        [goal] + ["go"] * n,
        [1.0] + [level] * n,
        float(starts[-1] + STIMULUS_S + PAUSE_S),
    )


def _statistics(recording: Recording, starts: np.ndarray) -> dict[str, float]:
    times, neurons = recording.spikes["sensory.go"]
    size = next(p.size for p in attention_circuit().populations if p.name == "sensory.go")
    window = STIMULUS_S - SETTLED_S
    counts = spike_counts(times, neurons, size, starts + SETTLED_S, window)
    before = spike_counts(times, neurons, size, starts - PAUSE_S / 2, PAUSE_S / 2)
    return {
        "rate_hz": counts.mean() / window,
        "before_hz": before.mean() / (PAUSE_S / 2),
        "fano": float(np.nanmean(fano_factor(counts))),
        "noise_correlation": noise_correlation(counts).mean,
        "goal_hz": recording.mean_rate("control.go", FIRST_S),
    }
