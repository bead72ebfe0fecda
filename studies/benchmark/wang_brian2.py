"""The decision circuit of Wang 2002 in plain Brian2, as its documentation teaches, as C++ standalone.

    python -m studies.benchmark.wang_brian2 job.json folder

What a user would write: all cells of a kind in one group; AMPA and GABA as synapses between all pairs; NMDA
gating as two equations in every excitatory cell, summed over pools by summed variables and read back through
linked variables, because NMDA gating in N^2 synapses is known to be far slower; background as PoissonInput,
the stimulus as PoissonGroup with rates from a TimedArray. Brian2's own compiler flags, one thread.

Leaves a program in the folder that prints the CPU seconds of the simulation loop alone, and a list of the
files that hold its spikes. Brian2 documentation: user guide, pages on synapses (summed variables), models
(linked variables), input, computational methods.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np

__all__ = ["build", "rates_hz"]

CELL = """
dv/dt = (g_l*(v_l - v) + i_syn)/c_m : volt (unless refractory)
i_syn = (g_ext*s_ext + g_ampa + g_nmda/(1 + mg*exp(-0.062*v/mV)/3.57))*(v_e - v) + g_gaba*(v_i - v) : amp
ds_ext/dt = -s_ext/tau_ampa : 1
dg_ampa/dt = -g_ampa/tau_ampa : siemens
dg_gaba/dt = -g_gaba/tau_gaba : siemens
g_nmda : siemens (linked)
pool : integer (constant)
"""

GATING = """
dx/dt = -x/tau_rise : 1
ds/dt = -s/tau_nmda + alpha*x*(1 - s) : 1
"""

# CPU time of the loop, without building the network and without writing results
BEFORE = "const std::clock_t loop_began = std::clock();"
AFTER = 'std::printf("cpu_s %.6f\\n", double(std::clock() - loop_began) / CLOCKS_PER_SEC);'

MANIFEST = "spikes.json"
BACKGROUND_SYNAPSES = 800


def build(job: dict, folder: Path) -> None:
    """Write and compile the program of a job (`wang_job.job`)."""
    import brian2 as b2

    b2.set_device("cpp_standalone", build_on_run=False, directory=str(folder))
    # by default every file gets a compiler of its own at once, a hundred of them
    b2.prefs.devices.cpp_standalone.extra_make_args_unix = [f"-j{os.cpu_count() or 1}"]
    b2.seed(job["seed"])
    b2.defaultclock.dt = job["dt_ms"] * b2.ms
    e, i = _cells(b2, job, "e"), _cells(b2, job, "i")
    spikes = {"e": b2.SpikeMonitor(e, name="spikes_e"), "i": b2.SpikeMonitor(i, name="spikes_i")}
    objects = [e, i, *_fast_synapses(b2, job, e, i), *_slow_synapses(b2, job, e, i)]
    objects += [*_external(b2, job, e, i), *spikes.values()]
    network = b2.Network(objects)
    network.run(job["warm_s"] * b2.second)
    b2.device.insert_code("main", BEFORE)
    network.run(job["seconds"] * b2.second)
    b2.device.insert_code("main", AFTER)
    b2.device.build(directory=str(folder), compile=True, run=False, with_output=False)
    files = {
        kind: [b2.device.get_array_filename(monitor.variables[v]) for v in ("t", "i")]
        for kind, monitor in spikes.items()
    }
    (folder / MANIFEST).write_text(json.dumps(files))


def rates_hz(job: dict, folder: Path, results: Path) -> dict[str, float]:
    """Mean rates (Hz) of the populations over the timed stretch of the last run."""
    files = json.loads((folder / MANIFEST).read_text())
    rates = {}
    start = 0
    for name, size in job["sizes"].items():
        kind = "i" if name == "inhibition" else "e"
        if kind == "i":
            start = 0
        times = np.fromfile(results / files[kind][0])
        cells = np.fromfile(results / files[kind][1], dtype=np.int32)
        own = (cells >= start) & (cells < start + size) & (times >= job["warm_s"])
        rates[name] = float(own.sum() / size / job["seconds"])
        start += size
    return rates


def _cells(b2, job, kind: str):
    neuron, receptors = job["neurons"][kind], job["receptors"]
    excitatory = [size for name, size in job["sizes"].items() if name != "inhibition"]
    sizes = excitatory if kind == "e" else [job["sizes"]["inhibition"]]
    group = b2.NeuronGroup(
        sum(sizes),
        CELL + (GATING if kind == "e" else ""),
        threshold="v > v_th",
        reset="v = v_reset",
        refractory=neuron["tau_ref_ms"] * b2.ms,
        method="euler",
        name=f"cells_{kind}",
        namespace={
            "c_m": neuron["c_m_nf"] * b2.nF,
            "g_l": neuron["g_l_ns"] * b2.nS,
            "v_l": neuron["v_l_mv"] * b2.mV,
            "v_th": neuron["v_th_mv"] * b2.mV,
            "v_reset": neuron["v_reset_mv"] * b2.mV,
            "v_e": neuron["v_e_mv"] * b2.mV,
            "v_i": neuron["v_i_mv"] * b2.mV,
            "g_ext": job["g_ext_ns"][kind] * b2.nS,
            "mg": receptors["magnesium_mm"],
            "alpha": receptors["alpha_per_ms"] / b2.ms,
            "tau_ampa": receptors["tau_ampa_ms"] * b2.ms,
            "tau_gaba": receptors["tau_gaba_ms"] * b2.ms,
            "tau_nmda": receptors["tau_nmda_ms"] * b2.ms,
            "tau_rise": receptors["tau_nmda_rise_ms"] * b2.ms,
        },
    )
    group.pool = np.repeat(np.arange(len(sizes)), sizes)
    group.v = "v_reset + rand()*(v_th - v_reset)"
    return group


def _weights(job, receptor: str, targets: list[str]) -> dict[tuple[str, str], float]:
    return {
        (p["source"], p["target"]): p["weight_ns"]
        for p in job["projections"]
        if p["receptor"] == receptor and p["target"] in targets
    }


def _fast_synapses(b2, job, e, i):
    """AMPA and GABA: one synapse for every pair of cells."""
    delay = job["delay_ms"] * b2.ms
    pools = [name for name in job["sizes"] if name != "inhibition"]
    synapses = []
    for source, target, receptor, names in (
        (e, e, "ampa", pools),
        (e, i, "ampa", ["inhibition"]),
        (i, e, "gaba", pools),
        (i, i, "gaba", ["inhibition"]),
    ):
        on_pre = f"g_{receptor}_post += w"
        one = b2.Synapses(source, target, "w : siemens (constant)", on_pre=on_pre, delay=delay)
        one.connect()
        origins = pools if source is e else ["inhibition"]
        weights = _weights(job, receptor, names)
        for a, origin in enumerate(origins):
            for b, name in enumerate(names):
                one.w[f"pool_pre == {a} and pool_post == {b}"] = weights[origin, name] * b2.nS
        synapses.append(one)
    return synapses


def _slow_synapses(b2, job, e, i):
    """NMDA: gating in the cell that sends, sums over pools, read back by linked variables."""
    pools = [name for name in job["sizes"] if name != "inhibition"]
    targets = list(job["sizes"])
    sums = b2.NeuronGroup(len(pools), "s_total : 1", name="sums")
    inputs = b2.NeuronGroup(len(targets), "g : siemens", name="inputs")
    # a synapse onto itself gives gating the delay of the connection
    own = b2.Synapses(e, e, on_pre="x_post += 1", delay=job["delay_ms"] * b2.ms, name="own")
    own.connect(j="i")
    gather = b2.Synapses(e, sums, "s_total_post = s_pre : 1 (summed)", name="gather")
    gather.connect("j == pool_pre")
    spread = b2.Synapses(
        sums, inputs, "w : siemens (constant)\ng_post = w*s_total_pre : siemens (summed)", name="spread"
    )
    spread.connect()
    weights = _weights(job, "nmda", targets)
    # pairs come in the order of the sources, for each of them all targets
    spread.w = np.array([weights[a, b] for a in pools for b in targets]) * b2.nS
    e.g_nmda = b2.linked_var(
        inputs, "g", index=np.repeat(np.arange(len(pools)), [job["sizes"][p] for p in pools])
    )
    i.g_nmda = b2.linked_var(inputs, "g", index=np.full(len(i), targets.index("inhibition")))
    return sums, inputs, own, gather, spread


def _external(b2, job, e, i):
    rate = job["background_hz"] / BACKGROUND_SYNAPSES * b2.Hz
    objects = [b2.PoissonInput(group, "s_ext", BACKGROUND_SYNAPSES, rate, 1) for group in (e, i)]
    step = job["stimulus_s"][1] - job["stimulus_s"][0]
    quiet = round(job["stimulus_s"][0] / step)
    table = np.column_stack([[0.0] * quiet + job["stimulus_hz"][side] for side in job["stimulus_hz"]])
    stimulus = b2.TimedArray(table * b2.Hz, dt=round(1e3 * step) * b2.ms, name="stimulus")
    start = 0
    for column, side in enumerate(job["stimulus_hz"]):
        size = job["sizes"][side]
        source = b2.PoissonGroup(size, f"stimulus(t, {column})", namespace={"stimulus": stimulus})
        link = b2.Synapses(source, e, on_pre="s_ext_post += 1")
        link.connect(j=f"i + {start}")
        objects += [source, link]
        start += size
    return objects


if __name__ == "__main__":
    build(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
