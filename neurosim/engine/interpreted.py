"""The same network in Brian2's run-time NumPy target, for machines without a compiler."""

from __future__ import annotations

import numpy as np

from neurosim.engine import exchange

__all__ = ["run"]


def run(
    circuits, drives, seeds, stop_s, dt_ms, record_dt_ms, record_spikes, on_progress
) -> dict[str, np.ndarray]:
    """Build, run to `stop_s`, and return the monitors' arrays under the names of the compiled program."""
    from neurosim.engine import functions, model, rings
    from neurosim.engine.brian import b2

    b2.set_device("runtime")
    before = b2.prefs.codegen.target
    b2.prefs.codegen.target = "numpy"
    functions.TABLE.drives = [exchange.rate_columns(c, d) for c, d in zip(circuits, drives, strict=True)]
    functions.TABLE.stop_s = stop_s
    functions.TABLE.on_progress = on_progress
    try:
        built = model.build(circuits[0], len(circuits), dt_ms, record_dt_ms, record_spikes)
        groups = {group.name: group for group in (built.pools, *built.neurons, *built.wiring.values())}
        for name, array in exchange.values(circuits, seeds, dt_ms).items():
            group, variable = name.split(".")
            groups[group].variables[variable].set_value(array)
        links, courses = exchange.links(circuits, dt_ms), exchange.courses(circuits, drives, dt_ms)
        rings.RINGS.connect(links, courses, groups)
        built.network.run(1e6 * b2.second, namespace={})
    except b2.core.base.BrianObjectException as error:
        raise RuntimeError(str(error.__cause__)) from None
    finally:
        b2.prefs.codegen.target = before
    out = {
        "response_t": np.asarray(built.responses.t),
        "response_i": np.asarray(built.responses.i),
        "rate": np.asarray(built.rates.rate).T,
        "rate_t": np.asarray(built.rates.t),
    }
    for k, monitor in enumerate(built.spikes, start=1):
        out[f"spike_t_{k}"], out[f"spike_i_{k}"] = np.asarray(monitor.t), np.asarray(monitor.i)
    return out
