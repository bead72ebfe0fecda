"""Simulate sparse circuits: one network a call, compiled where a compiler is found.

The wiring is drawn when the program starts, so wiring, weights, drives and seeds change without compiling.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from neurosim.drive import Drive
from neurosim.engine.sparse_wiring import draw, numbering, plan, structure, write_plan
from neurosim.recording import Recording, rates_dataset
from neurosim.sparse import CurrentNeuron, PoissonSource, SparseCircuit

__all__ = ["simulate_sparse"]

SOURCES = (
    "brian.py", "functions.py", "sparse_functions.py", "sparse_model.py", "sparse_synapses.h",
    "sparse_wiring.py", "standalone.py",
)  # fmt: skip


def simulate_sparse(
    circuit: SparseCircuit,
    drive: Drive,
    seed: int,
    *,
    dt_ms: float = 0.1,
    record_dt_ms: float = 20.0,
    record_spikes: bool = False,
    target: str = "auto",
    progress: Callable[[float], None] = lambda fraction: None,
) -> Recording:
    """Simulate one sparse circuit.

    Parameters
    ----------
    circuit
        The circuit.
    drive
        Levels of its input channels and the duration; arousal must be 1 throughout.
    seed
        Of noise, initial potentials and, unless the circuit has a `wiring_seed`, the wiring.
    dt_ms
        Time step (ms).
    record_dt_ms
        Width of the bins in which spikes are counted (ms), a whole number of steps.
    record_spikes
        Keep every spike.
    target
        As for `neurosim.engine.simulate`.
    progress
        Called with the fraction done.

    Returns
    -------
    Recording
        `rates` holds ``rate``: spikes in a bin per neuron and second (Hz), at the start of the bin. With
        plasticity also, for sources of plastic synapses: ``release``, the mean of u x at the spikes of the
        bin (NaN without spikes), and ``u`` and ``x`` at the end of the bin, means over neurons. There are no
        responses.

    Raises
    ------
    ValueError
        If a channel is unknown, arousal is not 1, or the steps do not fit.
    DivergedError
        If a membrane potential leaves -1 to 1 V.
    """
    from neurosim.engine import _compiles, _named

    _check(circuit, drive, dt_ms, record_dt_ms)
    run = _compiled if _compiles(target) else _interpreted  # type: ignore[arg-type]

    def tell(time_s: float) -> None:
        progress(min(time_s / drive.duration_s, 1.0))

    try:
        out = run(circuit, drive, seed, dt_ms, record_dt_ms, record_spikes, tell)
    except RuntimeError as error:
        raise _named(error, circuit, 0) from None  # type: ignore[arg-type]
    return _recording(out, circuit, drive, record_dt_ms)


def _check(circuit: SparseCircuit, drive: Drive, dt_ms: float, record_dt_ms: float) -> None:
    unknown = sorted(set(drive.channels) - set(circuit.channels))
    if unknown:
        raise ValueError(f"unknown input channels {unknown}; the circuit has {list(circuit.channels)}")
    if np.any(drive.arousal != 1.0):
        raise ValueError("sparse circuits have no arousal; it must be 1 throughout")
    if (
        not dt_ms > 0
        or abs(record_dt_ms / dt_ms - round(record_dt_ms / dt_ms)) > 1e-6
        or record_dt_ms < dt_ms
    ):
        raise ValueError(f"record_dt_ms = {record_dt_ms} must be a whole number of steps of dt_ms = {dt_ms}")


def _unit(circuit: SparseCircuit) -> float:
    """Weights and drives in SI units: mV or pA."""
    return 1e-3 if circuit.instantaneous else 1e-12


def _values(circuit: SparseCircuit, seed: int) -> dict[str, np.ndarray]:
    """Values that differ between runs of one program, named ``group.variable``, in SI units."""
    unit, order = _unit(circuit), numbering(circuit)[0]
    backgrounds = [p.background for p in circuit.populations]
    trains = [p.neuron.rate_hz if isinstance(p.neuron, PoissonSource) else None for p in circuit.populations]
    sequence = np.random.SeedSequence(seed)
    total = sum(p.size for p in circuit.populations)
    streams = sequence.generate_state(total, np.uint32).view(np.int32)
    rng = np.random.default_rng(sequence.spawn(1)[0])
    potentials = []
    for k in order:
        p = circuit.populations[k]
        if isinstance(p.neuron, CurrentNeuron):
            v0 = rng.normal(p.neuron.v0_mean_mv, p.neuron.v0_sd_mv, p.size)
            potentials.append(np.where(v0 < p.neuron.v_th_mv, v0, p.neuron.v_reset_mv))
    values = {
        "pools.background": np.array(
            [b.poisson_hz if r is None else r for b, r in zip(backgrounds, trains, strict=True)]
        ),
        "pools.mean": np.array([b.mean for b in backgrounds]) * unit,
        "pools.weight": np.array([b.weight for b in backgrounds]) * unit,
        "pools.noise": np.array([b.noise_sd_mv for b in backgrounds]) * 1e-3,
        "neurons_1.v": np.concatenate(potentials) * 1e-3,
        "neurons_1.stream": streams[: circuit.size],
    }
    if total > circuit.size:
        values["sources.stream"] = streams[circuit.size :]
    return values


def _columns(circuit: SparseCircuit, drive: Drive) -> tuple[np.ndarray, np.ndarray]:
    """Change points (change,), values (change, 2 population): added rates (Hz), then added drive (SI)."""
    n = len(circuit.names)
    values = np.zeros((drive.times_s.size, 2 * n))
    for source in circuit.inputs:
        if source.channel in drive.channels:
            level = drive.levels[:, drive.channels.index(source.channel)]
            values[:, circuit.names.index(source.target)] += level * source.poisson_hz
            values[:, n + circuit.names.index(source.target)] += level * source.mean * _unit(circuit)
    return drive.times_s, values


def _wiring(circuit: SparseCircuit, seed: int, dt_ms: float):
    return plan(circuit, seed if circuit.wiring_seed is None else circuit.wiring_seed, dt_ms)


def _compiled(circuit, drive, seed, dt_ms, record_dt_ms, record_spikes, tell) -> dict[str, np.ndarray]:
    from neurosim.engine import exchange, standalone

    def build() -> standalone.Built:
        from neurosim.engine import sparse_functions, sparse_model

        built = sparse_model.build(circuit, dt_ms, record_dt_ms, record_spikes)
        outputs = {name: (built.rates, name, len(circuit.names)) for name in built.recorded}
        outputs["rate_t"] = (built.rates, "t", 0)
        for name, monitor in built.spikes.items():
            outputs[f"spike_t_{name}"], outputs[f"spike_i_{name}"] = (monitor, "t", 0), (monitor, "i", 0)
        return standalone.Built(built.network, outputs, (sparse_functions.HEADER,))

    key = f"{structure(circuit, dt_ms)} {record_dt_ms} {record_spikes}"
    program = standalone.compiled(key, SOURCES, build)
    wiring = _wiring(circuit, seed, dt_ms)

    def write_drive(path: Path) -> None:
        exchange.write_drives(path, [_columns(circuit, drive)], drive.duration_s)

    def write_wiring(path: Path) -> None:
        write_plan(path, wiring, circuit.size, _unit(circuit))

    return program.run(_values(circuit, seed), write_drive, tell, write_wiring)


def _interpreted(circuit, drive, seed, dt_ms, record_dt_ms, record_spikes, tell) -> dict[str, np.ndarray]:
    from neurosim.engine import functions, sparse_functions, sparse_model
    from neurosim.engine.brian import b2

    b2.set_device("runtime")
    before, b2.prefs.codegen.target = b2.prefs.codegen.target, "numpy"
    functions.TABLE.drives = [_columns(circuit, drive)]
    functions.TABLE.stop_s = drive.duration_s
    functions.TABLE.on_progress = tell
    wiring = _wiring(circuit, seed, dt_ms)
    try:
        built = sparse_model.build(circuit, dt_ms, record_dt_ms, record_spikes)
        for name, array in _values(circuit, seed).items():
            group, variable = name.split(".")
            built.groups[group].variables[variable].set_value(array)
        into = built.groups["neurons_1"].variables["arriving"].get_value()
        sparse_functions.SPARSE.connect(wiring, draw(wiring), _unit(circuit), into)
        built.network.run(1e6 * b2.second, namespace={})
    except b2.core.base.BrianObjectException as error:
        raise RuntimeError(str(error.__cause__)) from None
    finally:
        b2.prefs.codegen.target = before
    out = {name: np.asarray(getattr(built.rates, name)).T for name in built.recorded}
    out["rate_t"] = np.asarray(built.rates.t)
    for name, monitor in built.spikes.items():
        out[f"spike_t_{name}"], out[f"spike_i_{name}"] = np.asarray(monitor.t), np.asarray(monitor.i)
    return out


def _recording(out, circuit: SparseCircuit, drive: Drive, record_dt_ms: float) -> Recording:
    # a bin is read at its end, which is a moment of the simulation; the first reading ends no bin
    start_s = out["rate_t"][1:] - record_dt_ms * 1e-3
    inside = start_s + record_dt_ms * 1e-3 < drive.duration_s + 1e-9
    data = rates_dataset(np.round(start_s[inside], 9), out["rate"][1:][inside], circuit.names)
    data["rate"].attrs["bin_s"] = record_dt_ms * 1e-3
    if "release" in out:
        plastic = [
            n for n in circuit.names if any(p.source == n and p.plasticity for p in circuit.projections)
        ]
        rows = data["rate"].sel(unit=plastic)
        column = [circuit.names.index(n) for n in plastic]
        sent = out["release"][1:][inside][:, column]
        with np.errstate(invalid="ignore", divide="ignore"):
            released = sent / (rows.values * record_dt_ms * 1e-3)
        u, x = (out[f"{name}_mean"][1:][inside][:, column] for name in ("u", "x"))
        for name, values in (("release", released), ("u", u), ("x", x)):
            data[name] = rows.copy(data=values).reindex(unit=list(circuit.names))
            data[name].attrs.clear()
            data[name].attrs["units"] = "1"
    return Recording(data, np.zeros(0), np.zeros(0, dtype=object), _spikes(out, circuit, drive))


def _spikes(out, circuit: SparseCircuit, drive: Drive) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    order, first = numbering(circuit)
    spikes = {}
    for k in order:
        p = circuit.populations[k]
        group = "neurons_1" if isinstance(p.neuron, CurrentNeuron) else "sources"
        if f"spike_t_{group}" not in out:
            return {}
        start = int(first[k]) - (0 if group == "neurons_1" else circuit.size)
        times, number = out[f"spike_t_{group}"], out[f"spike_i_{group}"]
        own = (number >= start) & (number < start + p.size) & (times < drive.duration_s)
        spikes[p.name] = (times[own], number[own] - start)
    return spikes
