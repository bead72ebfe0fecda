"""Neurons and receptors of the conductance-based LIF family, with units and sources.

    C_m dV/dt = -g_L (V - V_L) - I_AMPA - I_NMDA - I_GABA
    I_NMDA = g_NMDA s (V - V_E) / (1 + [Mg] exp(-0.062 V/mV) / 3.57)

References
----------
Wang, X.-J. (2002). Probabilistic decision making by slow reverberation in cortical circuits.
Neuron, 36, 955-968. doi:10.1016/S0896-6273(02)01092-9
Brunel, N. & Wang, X.-J. (2001). Effects of neuromodulation in a cortical network model of object
working memory dominated by recurrent inhibition. J Comput Neurosci, 11, 63-85.
doi:10.1023/A:1011204814320
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.integrate import quad
from scipy.special import gamma, gammainc, hyp1f1

__all__ = ["INTERNEURON", "PYRAMIDAL", "NeuronParameters", "Receptors", "magnesium_block", "mean_over_step"]


@dataclass(frozen=True)
class NeuronParameters:
    """A leaky integrate-and-fire neuron (units are in the names; potentials in mV)."""

    c_m_nf: float
    g_l_ns: float
    tau_ref_ms: float
    v_l_mv: float = -70.0  # leak reversal, Wang 2002
    v_th_mv: float = -50.0  # threshold, Wang 2002
    v_reset_mv: float = -55.0  # reset, Wang 2002
    v_e_mv: float = 0.0  # excitatory reversal, Wang 2002
    v_i_mv: float = -70.0  # inhibitory reversal, Wang 2002

    @property
    def tau_m_ms(self) -> float:
        """Membrane time constant (ms)."""
        return 1e3 * self.c_m_nf / self.g_l_ns


PYRAMIDAL = NeuronParameters(c_m_nf=0.5, g_l_ns=25.0, tau_ref_ms=2.0)
"""Excitatory cell of Wang 2002 and Brunel & Wang 2001: tau_m 20 ms."""

INTERNEURON = NeuronParameters(c_m_nf=0.2, g_l_ns=20.0, tau_ref_ms=1.0)
"""Inhibitory cell of Wang 2002 and Brunel & Wang 2001: tau_m 10 ms."""


@dataclass(frozen=True)
class Receptors:
    """Synaptic kinetics, and NMDA gating as one jump per spike.

    Between spikes s decays with tau_nmda; at a spike of its neuron s <- s + k0 + k1 s. That is the
    solution of dx/dt = -x/tau_rise + sum delta, ds/dt = -s/tau_nmda + alpha x (1 - s) for t >> tau_rise,
    with x decayed before the next spike:

        k0 = (alpha tau_rise)^(tau_rise/tau_nmda) gamma_lower(1 - tau_rise/tau_nmda, alpha tau_rise)
        k1 = exp(-alpha tau_rise) - 1
    """

    tau_ampa_ms: float = 2.0  # Wang 2002
    tau_gaba_ms: float = 5.0  # Wang 2002 (10 ms in Brunel & Wang 2001)
    tau_nmda_ms: float = 100.0  # Wang 2002
    tau_nmda_rise_ms: float = 2.0  # Wang 2002
    alpha_per_ms: float = 0.5  # Wang 2002
    magnesium_mm: float = 1.0  # Wang 2002

    @property
    def nmda_jump(self) -> tuple[float, float]:
        """(k0, k1) of the jump s <- s + k0 + k1 s."""
        rise = self.alpha_per_ms * self.tau_nmda_rise_ms
        ratio = self.tau_nmda_rise_ms / self.tau_nmda_ms
        k0 = rise**ratio * gammainc(1.0 - ratio, rise) * gamma(1.0 - ratio)
        return float(k0), float(np.expm1(-rise))

    @property
    def nmda_charge(self) -> float:
        """Charge of the two-variable equation over that of the jump, for one spike from rest; below 1.

        The jump acts at once; in the equation s takes tau_rise to open. With A = alpha tau_rise,
        rho = tau_rise / tau_nmda and M(x) = 1F1(1; 2 + rho; x), a spike opens for tau_nmda q, where

            q = A - A^2 / (1 + rho) integral_0^1 v M(-A v) dv

        and the jump for tau_nmda k0. With the receptors of Wang 2002 the same factor holds for k1, to .07 %.
        """
        rise = self.alpha_per_ms * self.tau_nmda_rise_ms
        ratio = self.tau_nmda_rise_ms / self.tau_nmda_ms
        lost = quad(lambda v: v * hyp1f1(1.0, 2.0 + ratio, -rise * v), 0.0, 1.0)[0]
        return float(rise - rise**2 / (1.0 + ratio) * lost) / self.nmda_jump[0]

    def held(self, receptor: str, dt_ms: float) -> float:
        """Factor of a conductance of ``"ampa"``, ``"nmda"`` or ``"gaba"`` that a step reads at its start.

        `mean_over_step`: without it a synapse is too strong by dt / (2 tau). NMDA: times `nmda_charge`.
        """
        mean = mean_over_step(getattr(self, f"tau_{receptor}_ms"), dt_ms)
        return mean * self.nmda_charge if receptor == "nmda" else mean


def mean_over_step(tau_ms: float, dt_ms: float) -> float:
    """Mean over a step of dt_ms of what decays from 1 with tau_ms: tau (1 - exp(-dt / tau)) / dt."""
    return float(-np.expm1(-dt_ms / tau_ms) * tau_ms / dt_ms)


def magnesium_block(v_mv: np.ndarray | float, magnesium_mm: float = 1.0) -> np.ndarray | float:
    """Open fraction of NMDA receptors at membrane potential `v_mv` (mV), between 0 and 1.

    1 / (1 + [Mg] exp(-0.062 V) / 3.57); Jahr & Stevens (1990), doi:10.1523/JNEUROSCI.10-09-03178.1990.
    """
    return 1.0 / (1.0 + magnesium_mm * np.exp(-0.062 * np.asarray(v_mv, dtype=float)) / 3.57)
