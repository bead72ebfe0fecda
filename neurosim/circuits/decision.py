r"""Decision: two pools integrate noisy evidence by slow recurrent excitation until one wins (Wang 2002).

Each pool excites itself (w+) and both drive a shared inhibitory population. Evidence for one side raises
the input of its pool; NMDA synapses make the difference grow over hundreds of milliseconds.

    rate of the stimulus spikes of each cell, pool left:   mu_0 (1 + c) + sigma xi(t)
                                              pool right:  mu_0 (1 - c) + sigma xi'(t)

c is the motion coherence; xi and xi' are standard normal, independent, redrawn every 50 ms and shared by the
cells of a pool; a rate below zero counts as zero. Membrane and synapses: `neurosim.circuits.working_memory`,
with a GABA time constant of 5 ms.

References
----------
Wang, X.-J. (2002). Probabilistic decision making by slow reverberation in cortical circuits.
Neuron, 36, 955-968. doi:10.1016/S0896-6273(02)01092-9
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from neurosim.circuit import Circuit, Input, Population, Readout
from neurosim.circuits.parameter_table import parameter
from neurosim.circuits.wiring import Conductances, structured_projections
from neurosim.drive import Drive
from neurosim.parameters import INTERNEURON, PYRAMIDAL, Receptors

__all__ = ["SIDES", "DecisionParameters", "decision_circuit", "motion_drive"]

PAPER = "Wang 2002"
OWN = "own choice"

SIDES = ("left", "right")
"""The two selective pools, and the channels that drive them."""


@dataclass(frozen=True)
class DecisionParameters:
    """Numbers of the circuit and of its stimulus; conductances are those of one synapse at 2,000 cells."""

    excitatory_size: int = parameter(1600, "cells", PAPER)
    inhibitory_size: int = parameter(400, "cells", PAPER)
    fraction: float = parameter(0.15, "1", PAPER)
    w_plus: float = parameter(1.7, "1", PAPER)
    g_ext_to_e_ns: float = parameter(2.1, "nS", PAPER)
    g_ext_to_i_ns: float = parameter(1.62, "nS", PAPER)
    g_ampa_to_e_ns: float = parameter(0.05, "nS at 1600 E cells", PAPER)
    g_ampa_to_i_ns: float = parameter(0.04, "nS at 1600 E cells", PAPER)
    g_nmda_to_e_ns: float = parameter(0.165, "nS at 1600 E cells", PAPER)
    g_nmda_to_i_ns: float = parameter(0.13, "nS at 1600 E cells", PAPER)
    g_gaba_to_e_ns: float = parameter(1.3, "nS at 400 I cells", PAPER)
    g_gaba_to_i_ns: float = parameter(1.0, "nS at 400 I cells", PAPER)
    background_hz: float = parameter(2400.0, "Hz", PAPER)
    tau_gaba_ms: float = parameter(5.0, "ms", PAPER)
    delay_ms: float = parameter(0.5, "ms", PAPER)
    mu_0_hz: float = parameter(40.0, "Hz, stimulus to each cell of a pool", PAPER)
    sigma_hz: float = parameter(4.0, "Hz", PAPER)
    redraw_s: float = parameter(0.05, "s", PAPER)
    tau_rate_ms: float = parameter(25.0, "ms, low pass of rates: lag and noise of a 50 ms window", OWN)


def decision_circuit(parameters: DecisionParameters | None = None) -> Circuit:
    """Build the circuit.

    Populations: ``left``, ``right``, ``rest``, ``inhibition``. Channels: `SIDES`; level 1 adds mu_0.

    Raises
    ------
    ValueError
        If the pools do not fit into the excitatory cells, or w+ is too large for their size.

    Examples
    --------
    >>> decision_circuit().size
    2000
    """
    p = parameters or DecisionParameters()
    size = round(p.fraction * p.excitatory_size)
    left = p.excitatory_size - 2 * size
    if size < 1 or left < 1:
        raise ValueError(
            f"two pools with fraction = {p.fraction} of excitatory_size = {p.excitatory_size} cells: "
            "each must have a cell, and some must be left over"
        )
    populations = [
        *(Population(name, size, PYRAMIDAL, p.g_ext_to_e_ns, p.background_hz) for name in SIDES),
        Population("rest", left, PYRAMIDAL, p.g_ext_to_e_ns, p.background_hz),
        Population("inhibition", p.inhibitory_size, INTERNEURON, p.g_ext_to_i_ns, p.background_hz),
    ]
    e, i = 1600.0 / p.excitatory_size, 400.0 / p.inhibitory_size
    g = Conductances(
        p.g_ampa_to_e_ns * e,
        p.g_ampa_to_i_ns * e,
        p.g_nmda_to_e_ns * e,
        p.g_nmda_to_i_ns * e,
        p.g_gaba_to_e_ns * i,
        p.g_gaba_to_i_ns * i,
    )
    return Circuit(
        "decision",
        tuple(populations),
        structured_projections(SIDES, "rest", "inhibition", p.w_plus, p.fraction, g),
        tuple(Input(side, side, p.mu_0_hz) for side in SIDES),
        Readout(tau_ms=p.tau_rate_ms),
        replace(Receptors(), tau_gaba_ms=p.tau_gaba_ms),
        p.delay_ms,
    )


def motion_drive(
    coherence: float,
    onset_s: float,
    offset_s: float,
    duration_s: float,
    rng: np.random.Generator,
    parameters: DecisionParameters | None = None,
) -> Drive:
    """The random-dot stimulus of one trial.

    Parameters
    ----------
    coherence
        Motion coherence c towards ``left``, -1 to 1.
    onset_s, offset_s, duration_s
        Start and end of the stimulus, end of the trial (s).
    rng
        Source of the fluctuations.
    parameters
        mu_0, sigma and the time between redraws.

    Raises
    ------
    ValueError
        If the coherence is not between -1 and 1, or the times do not follow each other.
    """
    p = parameters or DecisionParameters()
    if not -1.0 <= coherence <= 1.0:
        raise ValueError(f"coherence = {coherence}, must be between -1 and 1")
    if not 0.0 < onset_s < offset_s <= duration_s:
        raise ValueError(
            f"onset_s = {onset_s}, offset_s = {offset_s}, duration_s = {duration_s}: must rise from above 0"
        )
    starts = np.arange(onset_s, offset_s - 1e-9, p.redraw_s)
    means = p.mu_0_hz * (1.0 + coherence * np.array([1.0, -1.0]))
    rates = np.maximum(means + p.sigma_hz * rng.standard_normal((starts.size, 2)), 0.0)
    off = np.zeros((1, 2))
    after = offset_s < duration_s
    course = np.concatenate([[0.0], starts, [offset_s] if after else []])
    levels = np.concatenate([off, rates / p.mu_0_hz, off] if after else [off, rates / p.mu_0_hz])
    return Drive(course, levels, SIDES, np.ones(course.size), duration_s)
