"""Experiments on the cortical column: activity by population, a thalamic pulse, attention, and its cost.

Every function that ends in ``_trials`` simulates and returns one row a trial and population (or a spike,
or a bin); those that end in ``_of`` summarise such rows.

References
----------
Potjans, T. C. & Diesmann, M. (2014). Cereb Cortex, 24, 785-806. doi:10.1093/cercor/bhs358
Wagatsuma, N. et al. (2011). Front Comput Neurosci, 5, 31. doi:10.3389/fncom.2011.00031
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from neurosim.circuits.cortical_column import POPULATIONS, ColumnParameters, column_circuit, two_columns
from neurosim.circuits.protocols.measurement import Measurement, mean_of
from neurosim.circuits.protocols.trials import Progress, trial_seeds
from neurosim.drive import Drive
from neurosim.engine.sparse import simulate_sparse
from neurosim.spike_statistics import FEWEST_INTERVALS, synchrony

__all__ = [
    "attention_effect_of",
    "attention_trials",
    "column_cost",
    "raster_trial",
    "rates_of",
    "spontaneous_trials",
    "thalamic_trials",
]

START_S = 0.5
"""Discarded at the beginning, as in the published verification."""


SYNCHRONY_NEURONS = 1000
"""Neurons of a population whose counts are summed for its synchrony, as in the paper."""


def spontaneous_trials(
    trials: int,
    duration_s: float,
    seed: int,
    scale: float = 0.1,
    background: Literal["constant", "poisson"] = "poisson",
    progress: Progress = lambda fraction: None,
) -> pd.DataFrame:
    """Activity without a stimulus.

    Parameters
    ----------
    trials
        Columns, each with its own wiring.
    duration_s
        Time that is evaluated (s), after 0.5 s that are not.
    seed
        Seed of all.
    scale, background
        As in `column_circuit`.
    progress
        Called with the fraction done.

    Returns
    -------
    DataFrame
        Columns trial, population; ``rate_hz``, mean rate; ``cv``, mean over neurons of the coefficient of
        variation of their intervals; ``synchrony``, variance over mean of the counts in 3 ms of up to
        1,000 of its neurons (it grows with their number).
    """
    circuit = column_circuit(scale, background)
    drive = Drive.constant({}, START_S + duration_s)
    rows = []
    for trial, one in enumerate(trial_seeds(seed, trials)):
        recording = simulate_sparse(
            circuit,
            drive,
            one,
            record_spikes=True,
            progress=lambda done, trial=trial: progress((trial + done) / trials),  # type: ignore[misc]
        )
        for name in POPULATIONS:
            times, number = recording.spikes[name]
            late = times >= START_S
            size = circuit.population(name).size
            rows.append(
                {
                    "trial": trial,
                    "population": name,
                    "rate_hz": late.sum() / (size * duration_s),
                    "cv": np.nanmean(_interval_cv(times[late], number[late], size)),
                    "synchrony": synchrony(
                        times[late & (number < SYNCHRONY_NEURONS)], START_S, START_S + duration_s
                    ),
                }
            )
    return pd.DataFrame(rows)


def raster_trial(
    seed: int,
    scale: float = 0.1,
    background: Literal["constant", "poisson"] = "poisson",
    window_s: float = 0.4,
    share: float = 0.25,
) -> pd.DataFrame:
    """Spikes of the first neurons of every population: columns time_s (from 0), population, neuron.

    Parameters
    ----------
    seed, scale, background
        As in `spontaneous_trials`.
    window_s
        Length (s), after the first 0.5 s.
    share
        Share of each population.
    """
    circuit = column_circuit(scale, background)
    recording = simulate_sparse(circuit, Drive.constant({}, START_S + window_s), seed, record_spikes=True)
    parts = []
    for name in POPULATIONS:
        times, number = recording.spikes[name]
        shown = (times >= START_S) & (number < share * circuit.population(name).size)
        parts.append(
            pd.DataFrame({"time_s": times[shown] - START_S, "population": name, "neuron": number[shown]})
        )
    return pd.concat(parts, ignore_index=True)


def thalamic_trials(
    trials: int,
    seed: int,
    scale: float = 0.1,
    background: Literal["constant", "poisson"] = "poisson",
    pulse_s: float = 0.01,
    progress: Progress = lambda fraction: None,
) -> pd.DataFrame:
    """Response to a thalamic pulse: columns trial, population, time_s (from its onset), rate_hz in 1 ms.

    Parameters
    ----------
    trials, seed, scale, background, progress
        As in `spontaneous_trials`.
    pulse_s
        Length of the pulse (s); the thalamic rate is that of the circuit.
    """
    circuit, onset = column_circuit(scale, background), 0.7
    drive = Drive.from_events([onset], [pulse_s], ["thalamus"], [1.0], onset + 0.05)
    parts = []
    for trial, one in enumerate(trial_seeds(seed, trials)):
        rates = simulate_sparse(circuit, drive, one, record_dt_ms=1.0).rates["rate"]
        late = rates.sel(unit=list(POPULATIONS), time=slice(onset - 0.0205, None))
        table = late.to_dataframe().reset_index()
        table = table.rename(columns={"time": "time_s", "unit": "population", "rate": "rate_hz"})
        parts.append(table.assign(time_s=table["time_s"] - onset, trial=trial))
        progress((trial + 1) / trials)
    return pd.concat(parts, ignore_index=True)


def attention_trials(
    trials: int,
    duration_s: float,
    seed: int,
    scale: float = 0.1,
    columns: Literal[1, 2] = 2,
    stimulus: float = 0.125,
    parameters: ColumnParameters | None = None,
    progress: Progress = lambda fraction: None,
) -> pd.DataFrame:
    """Rates under a lasting stimulus, with and without attention to the (first) column.

    The two conditions of a trial share wiring and noise, so that their difference is paired.

    Parameters
    ----------
    trials, duration_s, seed, scale, progress
        As in `spontaneous_trials`; Poisson background.
    columns
        One column, or two that get the same stimulus and inhibit each other; attention goes to the first.
    stimulus
        Level of the thalamic input, 1: `thalamic_hz`.
    parameters
        Values of the column.

    Returns
    -------
    DataFrame
        Columns trial, column (``a``, the attended one, or ``b``), population, ``unattended_hz``,
        ``attended_hz``.
    """
    if columns not in (1, 2):
        raise ValueError(f"columns = {columns}, must be 1 or 2")
    circuit = two_columns(scale, "poisson", parameters) if columns == 2 else column_circuit(
        scale, "poisson", parameters
    )  # fmt: skip
    prefixes = {"a": "a.", "b": "b."} if columns == 2 else {"a": ""}
    stop_s, attention = START_S + duration_s, f"{prefixes['a']}attention"
    seen = {f"{prefix}thalamus": stimulus for prefix in prefixes.values()}
    rows = []
    for trial, one in enumerate(trial_seeds(seed, trials)):
        drives = [Drive.constant({**seen, attention: level}, stop_s) for level in (0.0, 1.0)]
        off, on = (simulate_sparse(circuit, drive, one) for drive in drives)
        progress((trial + 1) / trials)
        for column, prefix in prefixes.items():
            for name in POPULATIONS:
                rates = [recording.mean_rate(prefix + name, START_S) for recording in (off, on)]
                rows.append((trial, column, name, *rates))
    return pd.DataFrame(rows, columns=["trial", "column", "population", "unattended_hz", "attended_hz"])


def rates_of(trials: pd.DataFrame, quantity: str = "rate_hz") -> dict[str, Measurement]:
    """A quantity of `spontaneous_trials` by population, mean over columns."""
    unit = "Hz" if quantity == "rate_hz" else "1"
    return {name: mean_of(trials.loc[trials["population"] == name, quantity], unit) for name in POPULATIONS}


def attention_effect_of(trials: pd.DataFrame, column: str = "a") -> dict[str, Measurement]:
    """Change of the rate by attention (%) by population; ratio of a trial's two rates, mean over trials."""
    own = trials[trials["column"] == column]
    change = 100.0 * (own["attended_hz"] / own["unattended_hz"] - 1.0)
    return {name: mean_of(change[own["population"] == name], "%") for name in POPULATIONS}


def column_cost(
    duration_s: float = 4.0,
    seed: int = 1,
    scale: float = 0.1,
    background: Literal["constant", "poisson"] = "poisson",
    repetitions: Sequence[int] = (0, 1, 2),
) -> pd.DataFrame:
    """CPU time of the compiled column, one thread: one row a repetition.

    Every repetition runs the program twice, for 20 ms and for `duration_s` more; the difference is the cost
    of simulating, the short run that of starting and wiring.

    Returns
    -------
    DataFrame
        Columns repetition, ``cpu_s_per_model_s``, ``start_cpu_s``, ``neurons``, ``synapses``, and
        ``mean_rate_hz`` over all neurons.
    """
    import resource

    circuit = column_circuit(scale, background)
    synapses = sum(circuit.expected_synapses(p) for p in circuit.projections)

    def timed(stop_s: float, one: int):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        recording = simulate_sparse(circuit, Drive.constant({}, stop_s), one, target="cpp")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, recording

    # the first call may compile
    timed(0.02, seed)
    rows = []
    for repetition in repetitions:
        start, _ = timed(0.02, seed + repetition)
        whole, recording = timed(0.02 + duration_s, seed + repetition)
        sizes = [circuit.population(n).size for n in POPULATIONS]
        mean = float(np.average([recording.mean_rate(n, 0.5) for n in POPULATIONS], weights=sizes))
        rows.append((repetition, (whole - start) / duration_s, start, circuit.size, synapses, mean))
    names = ["repetition", "cpu_s_per_model_s", "start_cpu_s", "neurons", "synapses", "mean_rate_hz"]
    return pd.DataFrame(rows, columns=names)


def _interval_cv(times_s: np.ndarray, neurons: np.ndarray, size: int) -> np.ndarray:
    """CV of the intervals of each neuron, NaN with fewer than three; all neurons of a population at once."""
    order = np.lexsort((times_s, neurons))
    number, gaps = neurons[order][1:], np.diff(times_s[order])
    own = number == neurons[order][:-1]
    number, gaps = number[own], gaps[own]
    n = np.bincount(number, minlength=size).astype(float)
    enough = n >= FEWEST_INTERVALS
    mean = np.divide(np.bincount(number, gaps, size), n, out=np.full(size, np.nan), where=enough)
    square = np.bincount(number, (gaps - mean[number]) ** 2, size)
    return np.sqrt(np.divide(square, n, out=np.full(size, np.nan), where=enough)) / mean
