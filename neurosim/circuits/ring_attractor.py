r"""Ring attractor: a bump of activity, held by NMDA recurrence, remembers a direction (Compte et al. 2000).

Pyramidal cells prefer directions evenly spaced on the circle and excite each other by similarity; inhibition
and all else is flat. Recurrent excitation is NMDA only. For the cell that prefers theta_i:

    C_m dV/dt = -g_L (V - V_L) - g_ext s_ext (V - V_E) - g_GABA sum_j s_j (V - V_I) + I(theta_i, t)
                - g_NMDA (V - V_E) / (1 + [Mg] exp(-0.062 V/mV) / 3.57) sum_j W(theta_i - theta_j) s_j
    W(d) = J- + (J+ - J-) exp(-d^2 / (2 sigma^2)),    mean W over the circle = 1
    cue: I(theta, t) = I_0 exp(-(theta - theta_cue)^2 / (2 sigma_cue^2))

Gating of the receptors: `neurosim.parameters.Receptors`. Two parameter sets: `RingParameters` of the paper,
and `StrongRingParameters` of Murray et al. (2012), whose bump is narrow, strong and reached at once.

References
----------
Compte, A., Brunel, N., Goldman-Rakic, P. S. & Wang, X.-J. (2000). Synaptic mechanisms and network dynamics
underlying spatial working memory in a cortical network model. Cereb Cortex, 10, 910-923.
doi:10.1093/cercor/10.9.910
Murray, J. D., Anticevic, A., Gancsos, M., et al. (2012). Linking microcircuit dysfunction to cognitive
impairment. Cereb Cortex, 24, 859-872. doi:10.1093/cercor/bhs370
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from neurosim.circuit import Circuit, Input, Population, Projection
from neurosim.circuits.parameter_table import parameter
from neurosim.parameters import INTERNEURON, PYRAMIDAL, Receptors
from neurosim.ring import GaussianKernel, GaussianProfile

__all__ = ["CUE", "DISTRACTOR", "RingParameters", "StrongRingParameters", "ring_circuit"]

COMPTE = "Compte 2000"
MURRAY = "Murray 2012"

CUE, DISTRACTOR = "cue", "distractor"
"""Channels; level 1 is the full current, at the angle that the drive gives."""


@dataclass(frozen=True)
class RingParameters:
    """Numbers of Compte et al. (2000); conductances are those of one synapse at 2,560 cells."""

    excitatory_size: int = parameter(2048, "cells", COMPTE)
    inhibitory_size: int = parameter(512, "cells", COMPTE)
    v_reset_mv: float = parameter(-60.0, "mV", COMPTE)
    g_ext_to_e_ns: float = parameter(3.1, "nS", COMPTE)
    g_ext_to_i_ns: float = parameter(2.38, "nS", COMPTE)
    background_hz: float = parameter(1800.0, "Hz", COMPTE)
    g_nmda_to_e_ns: float = parameter(0.381, "nS at 2048 E cells", COMPTE)
    g_nmda_to_i_ns: float = parameter(0.292, "nS at 2048 E cells", COMPTE)
    g_gaba_to_e_ns: float = parameter(1.336, "nS at 512 I cells", COMPTE)
    g_gaba_to_i_ns: float = parameter(1.024, "nS at 512 I cells", COMPTE)
    j_plus: float = parameter(1.62, "1", COMPTE)
    sigma_deg: float = parameter(14.4, "deg; 18 in print is a misprint: it leaves no stable rest", COMPTE)
    tau_gaba_ms: float = parameter(10.0, "ms", COMPTE)
    delay_ms: float = parameter(0.5, "ms", "own choice: the delay of Wang 2002")
    cue_na: float = parameter(0.375, "nA", COMPTE)
    cue_sigma_deg: float = parameter(6.0, "deg", COMPTE)


@dataclass(frozen=True)
class StrongRingParameters(RingParameters):
    """Numbers of Murray et al. (2012) where they differ: stronger, narrower recurrence, fewer inputs."""

    g_ext_to_e_ns: float = parameter(9.3, "nS", MURRAY)
    g_ext_to_i_ns: float = parameter(7.14, "nS", MURRAY)
    background_hz: float = parameter(600.0, "Hz", MURRAY)
    g_nmda_to_e_ns: float = parameter(1001.9 / 2048, "nS at 2048 E cells", MURRAY)
    g_nmda_to_i_ns: float = parameter(717.6 / 2048, "nS at 2048 E cells", MURRAY)
    g_gaba_to_e_ns: float = parameter(807.2 / 512, "nS at 512 I cells", MURRAY)
    g_gaba_to_i_ns: float = parameter(566.2 / 512, "nS at 512 I cells", MURRAY)
    j_plus: float = parameter(3.0, "1", MURRAY)
    sigma_deg: float = parameter(9.0, "deg", MURRAY)


def ring_circuit(parameters: RingParameters | None = None) -> Circuit:
    """Build the circuit.

    Populations: ``excitatory`` (a ring) and ``inhibition``. Channels: `CUE` and `DISTRACTOR`.
    A smaller ring keeps the total conductance onto each cell.

    Raises
    ------
    ValueError
        If J+ is too large for its width, or a size or conductance is not positive.

    Examples
    --------
    >>> ring_circuit().size
    2560
    """
    p = parameters or RingParameters()
    kernel = GaussianKernel(p.sigma_deg, p.j_plus)
    e, i = 2048.0 / max(p.excitatory_size, 1), 512.0 / max(p.inhibitory_size, 1)
    pyramidal = replace(PYRAMIDAL, v_reset_mv=p.v_reset_mv)
    interneuron = replace(INTERNEURON, v_reset_mv=p.v_reset_mv)
    profile = GaussianProfile(p.cue_sigma_deg)
    return Circuit(
        "ring attractor",
        (
            Population("excitatory", p.excitatory_size, pyramidal, p.g_ext_to_e_ns, p.background_hz),
            Population("inhibition", p.inhibitory_size, interneuron, p.g_ext_to_i_ns, p.background_hz),
        ),
        (
            Projection("excitatory", "excitatory", "nmda", p.g_nmda_to_e_ns * e, kernel=kernel),
            Projection("excitatory", "inhibition", "nmda", p.g_nmda_to_i_ns * e),
            Projection("inhibition", "excitatory", "gaba", p.g_gaba_to_e_ns * i),
            Projection("inhibition", "inhibition", "gaba", p.g_gaba_to_i_ns * i),
        ),
        tuple(Input(c, "excitatory", current_na=p.cue_na, profile=profile) for c in (CUE, DISTRACTOR)),
        receptors=replace(Receptors(), tau_gaba_ms=p.tau_gaba_ms),
        delay_ms=p.delay_ms,
    )
