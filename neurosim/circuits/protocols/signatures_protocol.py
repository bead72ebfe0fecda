"""Signatures of attention in spikes: how attention changes rates, variability and shared noise.

A stimulus is shown again and again, with attention and without, and spikes of the pool that it drives are
counted. Two circuits are asked:

- ``attention``: the circuit that performs the tasks; attention is the goal that matches the stimulus, held by
  the control stage; without attention another goal is held.
- ``biased_competition``: the working-memory circuit with self-excitation too weak to hold anything (w+ 1.6);
  attention is a weak extra drive to the stimulated pool, as in Deco & Rolls (2005).

How long activity remembers itself with and without attention (`attention_timescales`) is asked of the same
circuit nearer to the point at which it holds (w+ 1.9, chosen after a look at 1.6 to 1.9), with no stimulus
and with one: a pool that is driven into saturation forgets faster, not more slowly.

References
----------
McAdams, C. J. & Maunsell, J. H. R. (1999). J Neurosci, 19, 431-441. doi:10.1523/JNEUROSCI.19-01-00431.1999
Mitchell, J. F., Sundberg, K. A. & Reynolds, J. H. (2009). Neuron, 63, 879-888.
doi:10.1016/j.neuron.2009.09.013
Cohen, M. R. & Maunsell, J. H. R. (2009). Nat Neurosci, 12, 1594-1600. doi:10.1038/nn.2439
Deco, G. & Rolls, E. T. (2005). J Neurophysiol, 94, 295-313. doi:10.1152/jn.01095.2004
Zeraati, R., Shi, Y.-L., Steinmetz, N. A., et al. (2023). Nat Commun, 14, 1858.
doi:10.1038/s41467-023-37613-7
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from neurosim.circuit import Circuit
from neurosim.circuits.attention import attention_circuit
from neurosim.circuits.protocols.trials import Progress, trial_seeds
from neurosim.circuits.working_memory import WorkingMemoryParameters, pool, working_memory_circuit
from neurosim.drive import Drive
from neurosim.engine import simulate
from neurosim.recording import Recording
from neurosim.spike_statistics import fano_factor, noise_correlation, spike_counts
from neurosim.timescales import multistep_regression

__all__ = ["SCENES", "Scene", "attention_signatures", "attention_timescales"]

FIRST_S = 2.0
STIMULUS_S, PAUSE_S = 0.8, 0.8
SETTLED_S = 0.2
"""Counting starts this long after stimulus onset, when the first burst is over."""

Event = tuple[float, float, str, float]
"""Onset (s), duration (s; NaN: to the end), channel, level."""


@dataclass(frozen=True)
class Scene:
    """A stimulated pool with and without attention.

    Parameters
    ----------
    circuit
        Builds the circuit.
    population
        Pool whose spikes are counted.
    stimulus
        Channel and level of the stimulus.
    attended, unattended
        What makes the difference.
    """

    circuit: Callable[[], Circuit]
    population: str
    stimulus: tuple[str, float]
    attended: tuple[Event, ...]
    unattended: tuple[Event, ...]

    def drive(self, attended: bool, starts: np.ndarray) -> Drive:
        """Input of a run."""
        end = float(starts[-1] + STIMULUS_S + PAUSE_S)
        events = [(start, STIMULUS_S, *self.stimulus) for start in starts.tolist()]
        for onset, duration, channel, level in self.attended if attended else self.unattended:
            events.append((onset, end - onset if np.isnan(duration) else duration, channel, level))
        onsets, durations, channels, levels = zip(*events, strict=True)
        return Drive.from_events(onsets, durations, channels, levels, end)


_P = WorkingMemoryParameters(w_plus=1.6)
STIMULUS_HZ, BIAS_HZ = 150.0, 40.0

SCENES = {
    "attention": Scene(
        attention_circuit,
        "sensory.go",
        ("go", 1.0),
        ((0.5, 0.5, "attend_go", 1.0),),
        ((0.5, 0.5, "attend_no_go", 1.0),),
    ),
    "biased_competition": Scene(
        lambda: working_memory_circuit(_P),
        pool(1),
        (pool(1), STIMULUS_HZ / _P.input_hz),
        ((0.0, float("nan"), pool(1), BIAS_HZ / _P.input_hz),),
        (),
    ),
}
"""The circuits that are asked, by name."""


def attention_signatures(
    scene: str,
    circuits: int = 12,
    presentations: int = 60,
    seed: int = 1,
    progress: Progress = lambda fraction: None,
) -> pd.DataFrame:
    """Measure one scene.

    Parameters
    ----------
    scene
        One of `SCENES`.
    circuits
        Independent runs of the circuit.
    presentations
        Of the stimulus, in each run and condition.
    seed
        Seed of all; a run has the same noise in both conditions.
    progress
        Called with the fraction done.

    Returns
    -------
    DataFrame
        One row a run and condition: ``scene``, ``run``, ``attended``, ``rate_hz`` during the stimulus,
        ``before_hz`` before it, ``fano`` and ``noise_correlation`` of counts over presentations (means over
        neurons and pairs).
    """
    chosen = SCENES[scene]
    starts = FIRST_S + (STIMULUS_S + PAUSE_S) * np.arange(presentations)
    seeds = trial_seeds(seed, circuits)
    circuit = chosen.circuit()
    rows = []
    for k, attended in enumerate((True, False)):

        def tell(fraction: float, k: int = k) -> None:
            progress((k + fraction) / 2)

        drives = [chosen.drive(attended, starts)] * circuits
        recordings = simulate([circuit] * circuits, drives, seeds, record_spikes=True, progress=tell)
        rows += [
            {
                "scene": scene,
                "run": run,
                "attended": attended,
                **_statistics(recording, circuit, chosen.population, starts),
            }
            for run, recording in enumerate(recordings)
        ]
    return pd.DataFrame(rows)


BIN_S, N_LAGS = 0.02, 25
"""Bins and lags of the regression of activity on its past: lags up to 0.5 s."""

REVERBERATING = WorkingMemoryParameters(w_plus=1.9)


def attention_timescales(
    stimuli_hz: tuple[float, ...] = (0.0, 50.0),
    circuits: int = 12,
    seconds: float = 40.0,
    seed: int = 1,
    progress: Progress = lambda fraction: None,
) -> pd.DataFrame:
    """Timescale of a pool that is attended or not, at rest and under a lasting stimulus.

    Parameters
    ----------
    stimuli_hz
        Rates of the stimulus; 0 for none.
    circuits
        Independent runs, the same noise in all conditions.
    seconds
        Length of each, from the start; the first two are left out.
    seed
        Seed of all.
    progress
        Called with the fraction done.

    Returns
    -------
    DataFrame
        One row a run and condition: ``run``, ``stimulus_hz``, ``attended``, ``rate_hz`` of the pool,
        ``tau_s`` (multistep regression of its spike counts; Wilting & Priesemann 2018,
        doi:10.1038/s41467-018-04725-4).
    """
    circuit = working_memory_circuit(REVERBERATING)
    size = next(p.size for p in circuit.populations if p.name == pool(1))
    conditions = [(hz, attended) for hz in stimuli_hz for attended in (True, False)]
    edges = np.arange(FIRST_S, seconds, BIN_S)
    rows = []
    for k, (hz, attended) in enumerate(conditions):

        def tell(fraction: float, k: int = k) -> None:
            progress((k + fraction) / len(conditions))

        level = (hz + BIAS_HZ * attended) / REVERBERATING.input_hz
        drives = [Drive.constant({pool(1): level}, seconds)] * circuits
        recordings = simulate(
            [circuit] * circuits, drives, trial_seeds(seed, circuits), record_spikes=True, progress=tell
        )
        for run, recording in enumerate(recordings):
            counts = np.histogram(recording.spikes[pool(1)][0], edges)[0]
            rows.append(
                {
                    "run": run,
                    "stimulus_hz": hz,
                    "attended": attended,
                    "rate_hz": counts.mean() / (BIN_S * size),
                    "tau_s": multistep_regression(counts, BIN_S, N_LAGS).tau_s,
                }
            )
    return pd.DataFrame(rows)


def _statistics(
    recording: Recording, circuit: Circuit, population: str, starts: np.ndarray
) -> dict[str, float]:
    times, neurons = recording.spikes[population]
    size = next(p.size for p in circuit.populations if p.name == population)
    window = STIMULUS_S - SETTLED_S
    counts = spike_counts(times, neurons, size, starts + SETTLED_S, window)
    before = spike_counts(times, neurons, size, starts - PAUSE_S / 2, PAUSE_S / 2)
    return {
        "rate_hz": float(counts.mean() / window),
        "before_hz": float(before.mean() / (PAUSE_S / 2)),
        "fano": float(np.nanmean(fano_factor(counts))),
        "noise_correlation": noise_correlation(counts).mean,
    }
