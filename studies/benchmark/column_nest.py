"""The cortical column in NEST, from the same table as ours: run by the Python of a NEST environment.

    python column_nest.py job.json

Reads a job as `column` writes it and prints, as JSON, CPU seconds of the simulation alone and mean rates.
Needs nest-simulator and nothing of this package, which that environment does not have.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path


def main(path: str) -> None:
    """Build, simulate, print."""
    import nest  # type: ignore[import-not-found]

    job = json.loads(Path(path).read_text())
    if hasattr(nest, "VerbosityLevel"):
        nest.verbosity = nest.VerbosityLevel.ERROR
    else:
        nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.resolution = job["dt_ms"]
    nest.local_num_threads = 1
    nest.rng_seed = job["seed"] + 1
    groups = {one["name"]: _cells(nest, one, job["dt_ms"]) for one in job["populations"]}
    for one in job["projections"]:
        _connect(nest, one, groups, job["dt_ms"])
    recorders = {}
    for name, group in groups.items():
        recorders[name] = nest.Create("spike_recorder")
        nest.Connect(group, recorders[name])
    nest.Prepare()
    nest.Run(1e3 * job["warm_s"])
    early = {name: recorder.n_events for name, recorder in recorders.items()}
    before = resource.getrusage(resource.RUSAGE_SELF)
    nest.Run(1e3 * job["seconds"])
    after = resource.getrusage(resource.RUSAGE_SELF)
    nest.Cleanup()
    cpu = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    rates = {
        name: (recorders[name].n_events - early[name]) / len(group) / job["seconds"]
        for name, group in groups.items()
    }
    print(json.dumps({"cpu_s": cpu, "rates_hz": rates, "version": nest.__version__}))


def _cells(nest, one, dt_ms: float):
    neuron, background = one["neuron"], one["background"]
    group = nest.Create(
        "iaf_psc_exp",
        one["size"],
        {
            "tau_m": neuron["tau_m_ms"],
            "C_m": neuron["c_m_pf"],
            "t_ref": neuron["tau_ref_ms"],
            "tau_syn_ex": neuron["tau_syn_ms"],
            "tau_syn_in": neuron["tau_syn_ms"],
            "E_L": neuron["e_l_mv"],
            "V_th": neuron["v_th_mv"],
            "V_reset": neuron["v_reset_mv"],
            "I_e": background["mean"],
        },
    )
    group.V_m = nest.random.normal(neuron["v0_mean_mv"], neuron["v0_sd_mv"])
    if background["poisson_hz"]:
        # one device, and an independent train for each of its targets
        noise = nest.Create("poisson_generator", params={"rate": background["poisson_hz"]})
        nest.Connect(noise, group, "all_to_all", {"weight": background["weight"], "delay": dt_ms})
    return group


def _connect(nest, one, groups, dt_ms: float) -> None:
    weight, spread = one["weight"], one["weight_sd"]
    signed = {"min": 0.0} if weight > 0 else {"max": 0.0}
    delays = nest.random.normal(one["delay_ms"], one["delay_sd_ms"])
    nest.Connect(
        groups[one["source"]],
        groups[one["target"]],
        {"rule": "fixed_total_number", "N": one["synapses"], "allow_multapses": True, "allow_autapses": True},
        {
            "synapse_model": "static_synapse",
            "weight": nest.math.redraw(nest.random.normal(weight, spread), **_bounds(signed)),
            "delay": nest.math.redraw(delays, min=dt_ms - 0.5 * dt_ms, max=1e3),
        },
    )


def _bounds(limit: dict[str, float]) -> dict[str, float]:
    return {"min": -1e6, "max": 1e6} | limit


if __name__ == "__main__":
    main(sys.argv[1])
