"""The cortical column at 10 % of its size, ours against NEST: the same table of populations and synapses."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neurosim.circuits.cortical_column import column_circuit
from neurosim.drive import Drive
from neurosim.engine.sparse import simulate_sparse
from neurosim.sparse import CurrentNeuron, SparseCircuit
from studies.benchmark.base import BenchmarkSetting, Reading, child_cpu_s, cpu_seconds

__all__ = ["column_reading"]

SCALE = 0.1
DT_MS = 0.1
WARM_S = 0.5


def column_reading(setting: BenchmarkSetting) -> tuple[Reading, pd.DataFrame]:
    """Ratio of NEST's CPU time to ours, and the single timings with the rates of all populations.

    Parameters
    ----------
    setting
        Must have `nest_python`.
    """
    seconds, repeats = (1.0, 1) if setting.quick else (5.0, 3)
    circuit = column_circuit(SCALE)
    rows = []
    with tempfile.TemporaryDirectory(prefix="neurosim_benchmark_") as name:
        path = Path(name) / "column.json"
        path.write_text(json.dumps(_job(circuit, seconds, setting.seed)))
        _ours(circuit, 0.01, setting.seed)
        for turn in range(repeats):
            setting.tell(f"column, repetition {turn + 1}")
            for simulator, seconds_cpu, fired in (
                ("neurosim", *_our_cost(circuit, seconds, setting.seed + turn)),
                ("NEST", *_nest_cost(path, setting.nest_python)),
            ):
                rows.append({"simulator": simulator, "repetition": turn, "cpu_s": seconds_cpu, **fired})
    table = pd.DataFrame(rows)
    cost = {name: table.loc[table["simulator"] == name, "cpu_s"].to_numpy() for name in ("neurosim", "NEST")}
    ratios = cost["NEST"] / cost["neurosim"]
    rates = {name: table[table["simulator"] == name][_cells(circuit)].mean() for name in cost}
    words = ", ".join(
        f"{name} {rates['neurosim'][name]:.2f}/{rates['NEST'][name]:.2f}" for name in _cells(circuit)
    )
    reading = Reading(
        "spiking.column_ratio_nest",
        float(np.median(ratios)),
        1.0,
        None,
        "1",
        f"cortical column at {SCALE:.0%}, {circuit.size} neurons, Poisson input, dt {DT_MS} ms: NEST over "
        f"ours, CPU time of {seconds:g} s of model time, one thread, without building; ours "
        f"{np.median(cost['neurosim']) / seconds:.2f} CPU s per model s; rates (Hz) ours/NEST: {words}",
        (float(ratios.min()), float(ratios.max())),
        repeats,
    )
    return reading, table


def _ours(circuit: SparseCircuit, seconds: float, seed: int):
    return simulate_sparse(circuit, Drive.constant({"attention": 0.0}, WARM_S + seconds), seed, dt_ms=DT_MS)


def _our_cost(circuit: SparseCircuit, seconds: float, seed: int) -> tuple[float, dict[str, float]]:
    # a short run, taken off, holds the drawing of the wiring
    short = cpu_seconds(lambda: _ours(circuit, 0.0, seed), children=True)
    kept: list = []
    long = cpu_seconds(lambda: kept.append(_ours(circuit, seconds, seed)), children=True)
    rates = {name: kept[0].mean_rate(name, WARM_S) for name in _cells(circuit)}
    return long - short, rates


def _nest_cost(path: Path, python: Path | None) -> tuple[float, dict[str, float]]:
    script = Path(__file__).with_name("column_nest.py")
    said = child_cpu_s([str(python), str(script), str(path)])[2]
    record = json.loads(said.strip().splitlines()[-1])
    return record["cpu_s"], record["rates_hz"]


def _cells(circuit: SparseCircuit) -> list[str]:
    return [p.name for p in circuit.populations if isinstance(p.neuron, CurrentNeuron)]


def _job(circuit: SparseCircuit, seconds: float, seed: int) -> dict[str, Any]:
    cells = _cells(circuit)
    return {
        "dt_ms": DT_MS,
        "warm_s": WARM_S,
        "seconds": seconds,
        "seed": seed,
        "populations": [asdict(p) for p in circuit.populations if p.name in cells],
        # the thalamus is silent here
        "projections": [asdict(p) for p in circuit.projections if p.source in cells],
    }
