"""Experiments on the facilitation memory: load an item, wait, read out; and what its synapses release.

Every function that ends in ``_trials`` simulates and returns one row a trial (or a bin, or a synapse's
rate); those that end in ``_of`` summarise such rows.

References
----------
Mongillo, G., Barak, O. & Tsodyks, M. (2008). Synaptic theory of working memory. Science, 319, 1543-1546.
doi:10.1126/science.1150769
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from neurosim.circuits.facilitation_memory import MemoryParameters, facilitation_memory_circuit
from neurosim.circuits.protocols.measurement import Measurement, mean_of, share_of
from neurosim.circuits.protocols.trials import Progress, trial_seeds
from neurosim.drive import Drive
from neurosim.recording import Recording
from neurosim.sparse import (
    Background,
    CurrentNeuron,
    Plasticity,
    PoissonSource,
    RandomProjection,
    SparseCircuit,
    SparsePopulation,
)

__all__ = [
    "REGIMES",
    "MemoryTask",
    "Regime",
    "memory_course_trials",
    "memory_trials",
    "reexpressed_of",
    "release_trials",
]


BIN_MS = 10.0


@dataclass(frozen=True)
class Regime:
    """A working point of the circuit: its drive and whether the read-out comes.

    Parameters
    ----------
    drive_e_mv
        Mean drive of excitatory cells (mV); Tiddia et al. 2022.
    tau_syn_ms
        Synaptic current (ms), 0: instantaneous.
    readout
        Whether a non-specific read-out is given.
    """

    drive_e_mv: float
    tau_syn_ms: float = 0.0
    readout: bool = False

    @property
    def parameters(self) -> MemoryParameters:
        """The circuit's values in this regime."""
        return MemoryParameters(drive_e_mv=self.drive_e_mv, tau_syn_ms=self.tau_syn_ms)


REGIMES = {
    "silent": Regime(22.7, readout=True),
    "synchronous": Regime(23.7),
    "asynchronous": Regime(24.1),
}
"""Silent and read out; refreshed by its own population spikes; held, as published, by a raised rate."""


@dataclass(frozen=True)
class MemoryTask:
    """Load the first item, wait, read out (times: own choice within those of the paper's figure).

    A *population spike* is a stretch of bins of 10 ms in which the item's rate is above `spike_hz`, far above
    the few Hz in between.
    """

    load_on_s: float = 0.5
    load_s: float = 0.35
    delay_from_s: float = 1.05
    readout_on_s: float = 2.0
    readout_s: float = 0.25
    end_s: float = 2.5
    spike_hz: float = 30.0

    def drive(self, regime: Regime, loaded: bool = True) -> Drive:
        """Events of a trial."""
        events = [(self.load_on_s, self.load_s, "load_0", float(loaded))]
        if regime.readout:
            events.append((self.readout_on_s, self.readout_s, "readout", 1.0))
        onsets, durations, channels, levels = zip(*events, strict=True)
        return Drive.from_events(onsets, durations, channels, levels, self.end_s)

    def row(self, recording: Recording, regime: Regime, items: int) -> dict[str, object]:
        """What is taken down of a trial; the delay ends where the read-out would begin."""
        stop_s = self.readout_on_s if regime.readout else self.end_s
        others = [f"item_{k}" for k in range(1, items)]
        peak = {n: _course(recording, n, self.readout_on_s, self.end_s).max() for n in ("item_0", *others)}
        course = _course(recording, "item_0", self.delay_from_s, stop_s)
        at = float(recording.rates["u"].sel(unit="item_0").sel(time=stop_s - 0.02, method="nearest"))
        return {
            "before_hz": recording.mean_rate("item_0", 0.2, self.load_on_s),
            "load_hz": recording.mean_rate("item_0", self.load_on_s, self.load_on_s + self.load_s),
            "delay_hz": course.mean(),
            "delay_other_hz": np.mean([recording.mean_rate(n, self.delay_from_s, stop_s) for n in others]),
            "delay_peak_hz": course.max(),
            "delay_median_hz": np.median(course),
            "population_spikes": _population_spikes(course, self.spike_hz),
            "delay_s": stop_s - self.delay_from_s,
            "readout_peak_hz": peak["item_0"],
            "readout_other_peak_hz": max(peak[n] for n in others),
            "u": at,
        }


def memory_trials(
    regime: str,
    trials: int,
    seed: int,
    loaded: bool = True,
    scale: float = 1.0,
    task: MemoryTask | None = None,
    progress: Progress = lambda fraction: None,
) -> pd.DataFrame:
    """Trials in one regime.

    Parameters
    ----------
    regime
        Name in `REGIMES`.
    trials
        Their number; each has its own wiring and noise.
    seed
        Seed of all.
    loaded
        Whether the item is loaded; else nothing comes before the read-out.
    scale
        Share of the neurons.
    task
        Times.
    progress
        Called with the fraction done.
    """
    chosen, task = _regime(regime), task or MemoryTask()
    rows = []
    for trial, one in enumerate(trial_seeds(seed, trials)):
        recording = _simulate(chosen, task.drive(chosen, loaded), one, scale)
        progress((trial + 1) / trials)
        row = task.row(recording, chosen, chosen.parameters.items)
        rows.append({"regime": regime, "loaded": loaded, "trial": trial, **row})
    return pd.DataFrame(rows)


def memory_course_trials(
    regime: str,
    seed: int,
    scale: float = 1.0,
    task: MemoryTask | None = None,
    progress: Progress = lambda fraction: None,
) -> pd.DataFrame:
    """One trial in full, bins of 10 ms: time_s, population, rate_hz, u and x (means over its neurons)."""
    chosen, task = _regime(regime), task or MemoryTask()
    rates = _simulate(chosen, task.drive(chosen), seed, scale, progress).rates
    names = {"time": "time_s", "unit": "population", "rate": "rate_hz"}
    table = rates[["rate", "u", "x"]].to_dataframe().reset_index().rename(columns=names)
    return table.assign(regime=regime)


def release_trials(
    rates_hz: Sequence[float],
    seed: int,
    synapses: int = 1000,
    duration_s: float = 40.0,
    parameters: MemoryParameters | None = None,
) -> pd.DataFrame:
    """What the simulated synapses use and release, driven by Poisson and by regular trains.

    Returns
    -------
    DataFrame
        One row a rate and kind of train: ``rate_hz`` as measured; ``release``, mean of u x at a spike, u
        after its own jump; ``u`` and ``x``, means over time; ``expected_u``, ``expected_x`` from the rate
        equations; ``expected_release``: for regular trains the exact recursion, for Poisson
        trains the mean field with u after the jump, which leaves out the correlation of u and x.
    """
    from neurosim.engine.sparse import simulate_sparse

    p = parameters or MemoryParameters()
    plasticity = Plasticity(p.utilisation, p.tau_facilitation_ms, p.tau_depression_ms)
    # without refractory time or reset noise a constant current makes a regular train
    clock = CurrentNeuron(2000.0, 250.0, 0.0, 0.0, 0.0, 20.0, 0.0, 0.0)
    populations, kinds = [SparsePopulation("target", 1, replace(clock, v_th_mv=1e6))], []
    for rate in rates_hz:
        drive = clock.v_th_mv / -np.expm1(-1e3 / rate / clock.tau_m_ms)
        populations.append(SparsePopulation(f"poisson {rate:g}", synapses, PoissonSource(float(rate))))
        populations.append(SparsePopulation(f"regular {rate:g}", 1, clock, Background(mean=drive)))
        kinds += [("poisson", rate), ("regular", rate)]
    links = tuple(
        RandomProjection(q.name, "target", 0.0, synapses=1, plasticity=plasticity) for q in populations[1:]
    )
    circuit = SparseCircuit("release", tuple(populations), links)
    recording = simulate_sparse(circuit, Drive.constant({}, duration_s), seed, record_dt_ms=100.0)
    rows = []
    # the first quarter, at least 10 s for the default values, is for settling
    late = recording.rates.sel(time=slice(0.25 * duration_s, None))
    for kind, rate in kinds:
        one = late.sel(unit=f"{kind} {rate:g}")
        counts = one["rate"].values
        u, x = plasticity.steady_state(rate)
        after = plasticity.utilisation + (1 - plasticity.utilisation) * u
        depressed = 1 / (1 + after * p.tau_depression_ms * 1e-3 * rate)
        regular = plasticity.steady_state_regular(rate)
        rows.append(
            {
                "kind": kind,
                "rate_hz": counts.mean(),
                "nominal_hz": rate,
                "release": np.nansum(one["release"].values * counts) / counts.sum(),
                "u": one["u"].values.mean(),
                "x": one["x"].values.mean(),
                "expected_u": u,
                "expected_x": x,
                "expected_release": after * depressed if kind == "poisson" else regular[0] * regular[1],
            }
        )
    return pd.DataFrame(rows)


def reexpressed_of(trials: pd.DataFrame, spike_hz: float = 30.0) -> dict[str, Measurement]:
    """Of trials with a read-out: how often the loaded item, and how often another one, answers it.

    ``loaded``: share of trials with a population spike of the first item after the read-out began; ``other``:
    of any other item; ``silent``: share of trials without a population spike in the delay.
    """
    return {
        "loaded": share_of(trials["readout_peak_hz"] > spike_hz),
        "other": share_of(trials["readout_other_peak_hz"] > spike_hz),
        "silent": share_of(trials["population_spikes"] == 0),
        "delay_hz": mean_of(trials["delay_hz"], "Hz"),
    }


def _regime(name: str) -> Regime:
    if name not in REGIMES:
        raise ValueError(f"regime = {name!r}; known are {sorted(REGIMES)}")
    return REGIMES[name]


def _simulate(
    regime: Regime, drive: Drive, seed: int, scale: float, progress: Progress = lambda fraction: None
) -> Recording:
    from neurosim.engine.sparse import simulate_sparse

    circuit = facilitation_memory_circuit(regime.parameters, scale)
    return simulate_sparse(circuit, drive, seed, record_dt_ms=BIN_MS, progress=progress)


def _course(recording: Recording, name: str, start_s: float, stop_s: float) -> np.ndarray:
    rates = recording.rates["rate"].sel(unit=name)
    return rates.sel(time=slice(start_s - 1e-6, stop_s - 1e-6)).values


def _population_spikes(course: np.ndarray, spike_hz: float) -> int:
    above = course > spike_hz
    return int(above[0]) + int(np.count_nonzero(above[1:] & ~above[:-1]))
