"""Circuit -> Brian2 network, many participants side by side.

Because wiring is all to all, a synapse is not simulated: the gating variables of a population are
summed where they arise, and a population reads weighted sums. Per neuron and step there remain the
membrane equation and one Poisson draw. NMDA gating takes one event-driven variable per
neuron (`Receptors.nmda_jump`). Neurons of a ring also have conductances of their own, to which a spike
adds its kernel (`neurosim.engine.rings`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurosim.circuit import Circuit
from neurosim.engine import functions, rings
from neurosim.engine.brian import b2
from neurosim.engine.exchange import by_neuron, projections

__all__ = ["Model", "build"]

POOL_EQUATIONS = """
ds_ampa/dt = -s_ampa / tau_ampa : 1
ds_nmda/dt = -s_nmda / tau_nmda : 1
ds_gaba/dt = -s_gaba / tau_gaba : 1
ds_reset/dt = -s_reset / tau_reset : 1
drate/dt = -rate / tau_rate : Hz
g_ampa : siemens
g_nmda : siemens
g_gaba : siemens
g_inhibition : siemens
g_reset : siemens
background : Hz
arousal : 1
mean_count : 1
p_none : 1
kick : Hz
theta : Hz
free_from : second
dead_time : second
capacitance : farad (constant)
stability : 1
participant : integer (constant)
column : integer (constant)
"""

NEURON_EQUATIONS = """
v : volt
s_ext : 1
refractory_left : second
stream : integer
pool : integer (constant)
g_ampa : siemens (linked)
g_nmda : siemens (linked)
g_inhibition : siemens (linked)
mean_count : 1 (linked)
p_none : 1 (linked)
"""

# forward Euler; conductances are scaled to their mean over the step (`Receptors.held`), and what arrives at
# external synapses within it acts from the next step on
NEURON_STEP = """
open_fraction = 1.0 / (1.0 + magnesium * exp(-0.062 * v / mV) / 3.57)
g_excitation = g_ext * s_ext + {ampa} + {nmda} * open_fraction
moved = v + dt / c_m * (g_l * (v_l - v) + g_excitation * (v_e - v) + {gaba} * (v_i - v){current})
v = moved * int(refractory_left <= 0*ms) + v_reset * int(refractory_left > 0*ms)
refractory_left = refractory_left - dt
s_ext = s_ext * keep_ext + poisson_count(stream, t_in_timesteps, {mean}, {none})
"""
POOL_TERMS = {"ampa": "g_ampa", "nmda": "g_nmda", "gaba": "g_inhibition"}

SPIKE = """
jump = k0 + k1 * s
s += jump
s_nmda_post += jump
s_ampa_post += 1
s_gaba_post += 1
rate_post += kick_post
"""

SPREAD = "reached = ring_spread({0}, i, jump, arousal_post)\n"

SUMMED = "g_{0}_post = w * s_{0}_pre * (1 + follows * (arousal_pre - 1)) : siemens (summed)"


@dataclass
class Model:
    """A built network and the objects whose values are set or read."""

    network: b2.Network
    neurons: list[b2.NeuronGroup]
    pools: b2.NeuronGroup
    wiring: dict[str, b2.Synapses]
    responses: b2.SpikeMonitor
    rates: b2.StateMonitor
    spikes: list[b2.SpikeMonitor]


def build(circuit: Circuit, width: int, dt_ms: float, record_dt_ms: float, record_spikes: bool) -> Model:
    """Build the network of `width` participants; values that may be swapped are left at zero.

    Must be called with the wanted Brian2 device active.
    """
    dt = dt_ms * b2.ms
    b2.defaultclock.dt = dt
    pools = _pools(circuit, width, dt)
    neurons, afferents, spikes = [], [], []
    spread, refresh = rings.functions(circuit)
    for index, (kind, members) in enumerate(by_neuron(circuit).items(), start=1):
        group, afferent = _neurons(circuit, width, dt, pools, index, *kind, members, spread)
        neurons.append(group)
        afferents.append(afferent)
        if record_spikes:
            spikes.append(b2.SpikeMonitor(group, name=f"spikes_{len(neurons)}"))
    wiring = {r: _wire(circuit, width, pools, r) for r in ("ampa", "nmda", "gaba")}
    wiring = {receptor: synapses for receptor, synapses in wiring.items() if synapses is not None}
    responses = b2.SpikeMonitor(pools, name="responses")
    rates = b2.StateMonitor(pools, "rate", record=True, dt=record_dt_ms * b2.ms, name="rates")
    objects = [pools, *neurons, *afferents, *wiring.values(), responses, rates, *spikes]
    if circuit.readout.populations:
        objects.append(_resets(circuit, width, pools))
    clerk = b2.NeuronGroup(1, "now : 1", name="clerk")
    clerk.run_regularly("now = report_progress(t/second)", dt=20 * b2.ms, when="before_start")
    if any(rings.own_variables(circuit).values()):
        clerk.run_regularly("now = refresh_inputs(t/second)", dt=1 * b2.ms, when="before_start")
        clerk.namespace.update(refresh_inputs=refresh)
    clerk.namespace.update(report_progress=functions.report_progress, drive_value=functions.drive_value)
    return Model(b2.Network(objects, clerk), neurons, pools, wiring, responses, rates, spikes)


def _pools(circuit: Circuit, width: int, dt) -> b2.NeuronGroup:
    r, n = circuit.receptors, len(circuit.populations)
    pools = b2.NeuronGroup(
        n * width,
        POOL_EQUATIONS,
        threshold="rate > theta and t >= free_from",
        reset="free_from = t + dead_time",
        method="exact",
        name="pools",
        namespace={
            "tau_ampa": r.tau_ampa_ms * b2.ms,
            "tau_nmda": r.tau_nmda_ms * b2.ms,
            "tau_gaba": r.tau_gaba_ms * b2.ms,
            "tau_reset": circuit.readout.tau_reset_ms * b2.ms,
            "tau_rate": circuit.readout.tau_ms * b2.ms,
            "step": dt,
            "arousal_column": n,
            "drive_value": functions.drive_value,
            "watch": functions.watch,
        },
    )
    pools.capacitance = np.tile([p.neuron.c_m_nf for p in circuit.populations], width) * b2.nF
    pools.column = np.tile(np.arange(n), width)
    pools.participant = np.repeat(np.arange(width), n)
    pools.run_regularly(
        """
        arousal = drive_value(participant, arousal_column, t/second)
        mean_count = (background + drive_value(participant, column, t/second) * Hz) * step
        p_none = exp(-mean_count)
        """,
        dt=1 * b2.ms,
        when="start",
    )
    # forward Euler of the membrane is stable while dt g / C < 2
    pools.run_regularly(
        """
        stability = 0.5 * step * (g_ampa + g_nmda + g_inhibition) / capacitance
        stability = stability * watch(stability, i, t/second)
        """,
        dt=1 * b2.ms,
        when="end",
    )
    # before the neurons read it; its weighted sum is that of the step before
    pools.run_regularly("g_inhibition = g_gaba + g_reset * s_reset", when="groups", order=-1)
    return pools


def _neurons(circuit: Circuit, width: int, dt, pools, index: int, kind, g_ext_ns: float, members, spread):
    r, n = circuit.receptors, len(circuit.populations)
    sizes = [circuit.populations[m].size for m in members]
    one = np.repeat(members, sizes)
    pool = np.concatenate([one + p * n for p in range(width)])
    dt_ms = float(dt / b2.ms)
    k0, k1 = r.nmda_jump
    ring = rings.receptors_by_group(circuit)[index]
    own = rings.own_variables(circuit)[index]
    group = b2.NeuronGroup(
        pool.size,
        _neuron_equations(ring, own),
        threshold="v > v_th",
        reset="v = v_reset; refractory_left = tau_ref",
        name=f"neurons_{index}",
        namespace={
            "c_m": kind.c_m_nf * b2.nF,
            "g_l": kind.g_l_ns * b2.nS,
            "v_l": kind.v_l_mv * b2.mV,
            "v_th": kind.v_th_mv * b2.mV,
            "v_reset": kind.v_reset_mv * b2.mV,
            "v_e": kind.v_e_mv * b2.mV,
            "v_i": kind.v_i_mv * b2.mV,
            # the step in which a neuron spikes counts as the first of its refractory time
            "tau_ref": (kind.tau_ref_ms - dt_ms / 2) * b2.ms,
            "g_ext": g_ext_ns * r.held("ampa", dt_ms) * b2.nS,
            "magnesium": r.magnesium_mm,
            "keep_ext": float(np.exp(-dt_ms / r.tau_ampa_ms)),
            "poisson_count": functions.poisson_count,
            "watch": functions.watch,
        },
    )
    group.pool = pool
    for name in ("g_ampa", "g_nmda", "g_inhibition", "mean_count", "p_none"):
        setattr(group, name, b2.linked_var(pools, name, index=pool))
    if "p_own" in own:
        group.p_own = 1.0
    group.namespace.update({f"keep_{x}": float(np.exp(-dt_ms / getattr(r, f"tau_{x}_ms"))) for x in ring})
    group.run_regularly(_neuron_step(ring, own), when="groups", order=1)
    group.run_regularly("v = v * watch(v/volt, pool, t/second)", dt=20 * b2.ms, when="end")
    if ring:
        total = " + ".join(f"ring_{receptor}" for receptor in ring)
        group.run_regularly(
            f"v = v * watch(0.5 * dt * ({total}) / c_m, pool, t/second)", dt=1 * b2.ms, when="end"
        )
    afferent = b2.Synapses(
        group,
        pools,
        "ds/dt = -s / tau_nmda : 1 (event-driven)",
        on_pre=SPIKE + (SPREAD.format(index - 1) if _projects(circuit, members) else ""),
        delay=circuit.delay_ms * b2.ms,
        name=f"afferent_{index}",
        namespace={"tau_nmda": r.tau_nmda_ms * b2.ms, "k0": k0, "k1": k1, "ring_spread": spread},
    )
    afferent.connect(i=np.arange(pool.size), j=pool)
    return group, afferent


def _neuron_equations(ring: tuple[str, ...], own: tuple[str, ...]) -> str:
    lines = [f"ring_{receptor} : siemens" for receptor in ring]
    lines += [f"{variable} : {'amp' if variable == 'current' else '1'}" for variable in own]
    return NEURON_EQUATIONS + "\n".join(lines)


def _neuron_step(ring: tuple[str, ...], own: tuple[str, ...]) -> str:
    terms = {r: f"({pool} + ring_{r})" if r in ring else pool for r, pool in POOL_TERMS.items()}
    rate = "mean_own" in own
    step = NEURON_STEP.format(
        **terms,
        current=" + current" if "current" in own else "",
        mean="mean_count + mean_own" if rate else "mean_count",
        none="p_none * p_own" if rate else "p_none",
    )
    return step + "".join(f"ring_{receptor} = ring_{receptor} * keep_{receptor}\n" for receptor in ring)


def _projects(circuit: Circuit, members: list[int]) -> bool:
    names = {circuit.names[m] for m in members}
    return any(p.kernel is not None and p.source in names for p in circuit.projections)


def _wire(circuit: Circuit, width: int, pools, receptor: str):
    mine = projections(circuit, receptor)
    if not mine:
        return None
    n = len(circuit.populations)
    names = circuit.names
    source = np.array([names.index(p.source) for p in mine])
    target = np.array([names.index(p.target) for p in mine])
    synapses = b2.Synapses(
        pools,
        pools,
        f"w : siemens\nfollows : 1\n{SUMMED.format(receptor)}",
        name=f"wiring_{receptor}",
    )
    shift = np.repeat(np.arange(width) * n, len(mine))
    synapses.connect(i=np.tile(source, width) + shift, j=np.tile(target, width) + shift)
    return synapses


def _resets(circuit: Circuit, width: int, pools):
    names, n = circuit.names, len(circuit.populations)
    every = dict.fromkeys((*circuit.readout.resets, *circuit.readout.populations))
    named = circuit.readout.reset_pairs or [(s, t) for s in circuit.readout.populations for t in every]
    pairs = [(p * n + names.index(s), p * n + names.index(t)) for p in range(width) for s, t in named]
    synapses = b2.Synapses(
        pools, pools, on_pre="s_reset_post += 1; free_from_post = t + dead_time_post", name="resets"
    )
    synapses.connect(i=[s for s, _ in pairs], j=[t for _, t in pairs])
    return synapses
