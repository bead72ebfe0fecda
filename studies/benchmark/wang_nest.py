"""The decision circuit of Wang 2002 in NEST (iaf_bw_2001): run by the Python of a NEST environment.

    python wang_nest.py job.json

Reads a job as `wang_job.job` writes it and prints, as JSON, CPU seconds of the simulation alone and mean
rates. Needs nest-simulator and nothing of this package, which that environment does not have.

Every pair of cells is wired; a presynaptic cell carries one NMDA gating variable, as NEST's model does.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

NS_PER_NF = 1e3  # NEST has pF


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
    cells = {name: _cells(nest, job, name, size) for name, size in job["sizes"].items()}
    _wire(nest, job, cells)
    _external(nest, job, cells)
    recorders = {}
    for name, group in cells.items():
        recorders[name] = nest.Create("spike_recorder")
        nest.Connect(group, recorders[name])
    nest.Prepare()
    _run(nest, job["warm_s"])
    early = {name: recorder.n_events for name, recorder in recorders.items()}
    cpu = _run(nest, job["seconds"])
    nest.Cleanup()
    counts = {name: recorder.n_events - early[name] for name, recorder in recorders.items()}
    rates = {name: counts[name] / job["sizes"][name] / job["seconds"] for name in counts}
    print(json.dumps({"cpu_s": cpu, "rates_hz": rates, "version": nest.__version__}))


def _run(nest, seconds: float) -> float:
    before = resource.getrusage(resource.RUSAGE_SELF)
    nest.Run(1e3 * seconds)
    after = resource.getrusage(resource.RUSAGE_SELF)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def _cells(nest, job, name: str, size: int):
    kind = job["neurons"]["i" if name == "inhibition" else "e"]
    receptors = job["receptors"]
    group = nest.Create(
        "iaf_bw_2001",
        size,
        {
            "C_m": kind["c_m_nf"] * NS_PER_NF,
            "g_L": kind["g_l_ns"],
            "E_L": kind["v_l_mv"],
            "V_th": kind["v_th_mv"],
            "V_reset": kind["v_reset_mv"],
            "E_ex": kind["v_e_mv"],
            "E_in": kind["v_i_mv"],
            "t_ref": kind["tau_ref_ms"],
            "tau_AMPA": receptors["tau_ampa_ms"],
            "tau_GABA": receptors["tau_gaba_ms"],
            "tau_decay_NMDA": receptors["tau_nmda_ms"],
            "tau_rise_NMDA": receptors["tau_nmda_rise_ms"],
            "alpha": receptors["alpha_per_ms"],
            "conc_Mg2": receptors["magnesium_mm"],
        },
    )
    group.V_m = nest.random.uniform(kind["v_reset_mv"], kind["v_th_mv"])
    return group


def _wire(nest, job, cells) -> None:
    receptor = nest.GetDefaults("iaf_bw_2001")["receptor_types"]
    for one in job["projections"]:
        synapse = {
            "synapse_model": "static_synapse",
            "weight": one["weight_ns"],
            "delay": job["delay_ms"],
            "receptor_type": receptor[one["receptor"].upper()],
        }
        nest.Connect(cells[one["source"]], cells[one["target"]], "all_to_all", synapse)


def _external(nest, job, cells) -> None:
    ampa = nest.GetDefaults("iaf_bw_2001")["receptor_types"]["AMPA"]
    for name, group in cells.items():
        g_ext = job["g_ext_ns"]["i" if name == "inhibition" else "e"]
        synapse = {"weight": g_ext, "delay": job["dt_ms"], "receptor_type": ampa}
        # one device, and an independent train for each of its targets
        noise = nest.Create("poisson_generator", params={"rate": job["background_hz"]})
        nest.Connect(noise, group, "all_to_all", synapse)
        if name in job["stimulus_hz"]:
            times = [1e3 * t for t in job["stimulus_s"]]
            device = {"rate_times": times, "rate_values": job["stimulus_hz"][name]}
            stimulus = nest.Create("inhomogeneous_poisson_generator", params=device)
            nest.Connect(stimulus, group, "all_to_all", synapse)


if __name__ == "__main__":
    main(sys.argv[1])
