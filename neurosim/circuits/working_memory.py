r"""Working memory: a cue starts a pool that holds itself by recurrent excitation (Brunel & Wang 2001).

Selective pools among excitatory cells share one inhibitory population. Within a pool, synapses are
stronger by w+. In a window of w+ two states are stable: all cells at a few hertz, or one pool at
20 to 40 Hz, which a brief cue switches on and which stays when the cue is gone.

    C_m dV/dt = -g_L (V - V_L) - I_ext - I_AMPA - I_NMDA - I_GABA
    I_ext     = g_ext (V - V_E) s_ext
    I_AMPA    = g_AMPA (V - V_E) sum_j w_j s_j
    I_NMDA    = g_NMDA (V - V_E) / (1 + [Mg] exp(-0.062 V/mV) / 3.57) sum_j w_j s_j
    I_GABA    = g_GABA (V - V_I) sum_j s_j

Kinetics of s: `neurosim.parameters.Receptors`. Weights w_j: `neurosim.circuits.wiring`. With other numbers
of cells, conductances scale so that the total input stays.

Left out: nothing but the spread of synaptic delays, which the paper does not use either. NMDA gating is one
jump per spike instead of two equations per cell; `neurosim.parameters.Receptors` says how exact that is.

References
----------
Brunel, N. & Wang, X.-J. (2001). Effects of neuromodulation in a cortical network model of object
working memory dominated by recurrent inhibition. J Comput Neurosci, 11, 63-85.
doi:10.1023/A:1011204814320
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from neurosim.circuit import Circuit, Input, Population, Readout
from neurosim.circuits.parameter_table import parameter
from neurosim.circuits.wiring import Conductances, structured_projections
from neurosim.parameters import INTERNEURON, PYRAMIDAL, Receptors

__all__ = ["EVERYONE", "WorkingMemoryParameters", "pool", "working_memory_circuit"]

PAPER = "Brunel & Wang 2001"
OWN = "own choice"

EVERYONE = "everyone"
"""Channel that reaches every cell."""


@dataclass(frozen=True)
class WorkingMemoryParameters:
    """Numbers of the circuit; conductances are those of one synapse in the paper's network of 1,000 cells."""

    excitatory_size: int = parameter(1600, "cells", f"{PAPER} has 800; twice as many make the states last")
    inhibitory_size: int = parameter(400, "cells", f"{PAPER} has 200")
    pools: int = parameter(5, "1", PAPER)
    fraction: float = parameter(0.1, "1", PAPER)
    w_plus: float = parameter(2.1, "1", PAPER)
    g_ext_to_e_ns: float = parameter(2.08, "nS", PAPER)
    g_ext_to_i_ns: float = parameter(1.62, "nS", PAPER)
    g_ampa_to_e_ns: float = parameter(0.104, "nS at 800 E cells", PAPER)
    g_ampa_to_i_ns: float = parameter(0.081, "nS at 800 E cells", PAPER)
    g_nmda_to_e_ns: float = parameter(0.327, "nS at 800 E cells", PAPER)
    g_nmda_to_i_ns: float = parameter(0.258, "nS at 800 E cells", PAPER)
    g_gaba_to_e_ns: float = parameter(1.25, "nS at 200 I cells", PAPER)
    g_gaba_to_i_ns: float = parameter(0.973, "nS at 200 I cells", PAPER)
    background_hz: float = parameter(2400.0, "Hz (800 synapses x 3 Hz)", PAPER)
    tau_gaba_ms: float = parameter(10.0, "ms", PAPER)
    delay_ms: float = parameter(0.5, "ms", "Wang 2002")
    input_hz: float = parameter(1000.0, "Hz added by level 1 of a channel", OWN)
    tau_rate_ms: float = parameter(50.0, "ms, low pass of recorded rates", OWN)


def pool(number: int) -> str:
    """Name of a selective pool, counted from 1; also of the channel that drives it."""
    return f"selective_{number}"


def working_memory_circuit(parameters: WorkingMemoryParameters | None = None) -> Circuit:
    """Build the circuit.

    Populations: ``selective_1`` ..., ``rest``, ``inhibition``. Channels: one for each selective pool, with
    its name, and `EVERYONE`; level 1 adds `input_hz` external spikes a second to each cell.

    Raises
    ------
    ValueError
        If the pools do not fit into the excitatory cells, or w+ is too large for their size.

    Examples
    --------
    >>> working_memory_circuit().size
    2000
    """
    p = parameters or WorkingMemoryParameters()
    size = round(p.fraction * p.excitatory_size)
    left = p.excitatory_size - p.pools * size
    if size < 1 or left < 1:
        raise ValueError(
            f"pools = {p.pools} with fraction = {p.fraction} of excitatory_size = {p.excitatory_size} cells: "
            "each must have a cell, and some must be left over"
        )
    selective = [pool(k) for k in range(1, p.pools + 1)]
    populations = [
        *(Population(name, size, PYRAMIDAL, p.g_ext_to_e_ns, p.background_hz) for name in selective),
        Population("rest", left, PYRAMIDAL, p.g_ext_to_e_ns, p.background_hz),
        Population("inhibition", p.inhibitory_size, INTERNEURON, p.g_ext_to_i_ns, p.background_hz),
    ]
    e, i = 800.0 / p.excitatory_size, 200.0 / p.inhibitory_size
    g = Conductances(
        p.g_ampa_to_e_ns * e,
        p.g_ampa_to_i_ns * e,
        p.g_nmda_to_e_ns * e,
        p.g_nmda_to_i_ns * e,
        p.g_gaba_to_e_ns * i,
        p.g_gaba_to_i_ns * i,
    )
    inputs = [Input(name, name, p.input_hz) for name in selective]
    inputs += [Input(EVERYONE, population.name, p.input_hz) for population in populations]
    return Circuit(
        "working memory",
        tuple(populations),
        structured_projections(selective, "rest", "inhibition", p.w_plus, p.fraction, g),
        tuple(inputs),
        Readout(tau_ms=p.tau_rate_ms),
        replace(Receptors(), tau_gaba_ms=p.tau_gaba_ms),
        p.delay_ms,
    )
