r"""Gate by gate: what of an LSTM is what of a circuit; and the network whose weights copy to populations.

A subtractive-gating LSTM (`ann.sublstm`) needs no product but the leak:

    z, i, o = sigmoid(W x + U h + b)        c <- f c + z - i        h = sigmoid(c) - o

so each unit is five populations of rates r_max times these: z and c excite, i and o inhibit, and

    tau_gate dr_z/dt = -r_z + r_max sigmoid(W x + U h + b)                        (and i, o)
    dc/dt            = -c / tau_eff + (r_z - r_i) / (r_max q),   tau_eff = -dt / ln f,   q = tau_eff (1 - f)
    h                = sigmoid(c) - r_o / r_max,      arriving one step dt later

q makes the integral over a step that of the network. What a unit sends is an excitatory minus an inhibitory
rate, so a weight U becomes U / r_max from the c population and -U / r_max from the o population; where that
contradicts Dale's law (U < 0) a relay of the other sign is needed, and `dale_violations` says how many.

Assumptions: gates follow their input at once (tau_gate = 0 reproduces the network to rounding); with
tau_gate > 0 they lag, and the copy drifts from the network with tau_gate / dt. Valid range: forget gates
between 0 and 1, both left out; refused otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

if TYPE_CHECKING:
    from ann.sublstm import SubLSTMNetwork

__all__ = ["GATE_DICTIONARY", "GateEntry", "SubtractiveCircuit"]


@dataclass(frozen=True)
class GateEntry:
    """A part of an LSTM, the part of a circuit that does the same, and the rule between their numbers."""

    network: str
    circuit: str
    rule: str


GATE_DICTIONARY = (
    GateEntry("cell state c", "slow NMDA-like variable of a self-exciting population, ON and OFF",
              "c = c_max (r_on - r_off) / r_max"),
    GateEntry("forget gate f", "loop gain; disinhibition raises it, inhibition lowers it",
              "w phi' = 1 + tau_s ln f / dt, in [0, 0.8]"),
    GateEntry("input gate i", "gain on afferents: dendritic inhibition, top-down drive",
              "multiplies the drive"),
    GateEntry("output gate o", "gain on the projection that reads the population out",
              "multiplies the rate sent"),
    GateEntry("candidate tanh", "ON and OFF population, each saturating", "slopes matched at 0"),
    GateEntry("subtractive input i", "inhibitory population onto the memory", "c <- f c + z - i"),
    GateEntry("subtractive output o", "inhibitory population beside the readout", "h = sigmoid(c) - o"),
    GateEntry("hidden gain", "arousal on what populations send", "g(t) on both sides"),
)  # fmt: skip
"""Gate-by-gate dictionary."""


@dataclass(frozen=True, eq=False)
class SubtractiveCircuit:
    """Rate populations with the weights of a subtractive-gating LSTM.

    Parameters
    ----------
    w_in, w_rec, bias
        Of the gates z, i, o in this order: (3, unit, channel), (3, unit, unit), (3, unit). Per unit of rate.
    w_forget_in, w_forget_rec, forget_bias
        Of the loop gain: zero weights for a fixed one; shapes (unit, channel), (unit, unit), (unit,).
    w_out, b_out
        Readout, (output, unit) and (output,).
    dt_s
        Step of the network (s): the delay with which populations hear each other.
    tau_gate_s
        Time constant of the gate populations (s); 0: they follow at once.
    r_max_hz
        Rate of a saturated population (Hz).
    """

    w_in: np.ndarray
    w_rec: np.ndarray
    bias: np.ndarray
    w_forget_in: np.ndarray
    w_forget_rec: np.ndarray
    forget_bias: np.ndarray
    w_out: np.ndarray
    b_out: np.ndarray
    dt_s: float = 0.02
    tau_gate_s: float = 0.0
    r_max_hz: float = 100.0

    def __post_init__(self) -> None:
        if not (self.dt_s > 0 and self.tau_gate_s >= 0 and self.r_max_hz > 0):
            raise ValueError(
                f"dt_s = {self.dt_s} and r_max_hz = {self.r_max_hz} must be above 0, tau_gate_s = "
                f"{self.tau_gate_s} not below 0"
            )

    @classmethod
    def from_network(cls, network: SubLSTMNetwork, **parameters) -> SubtractiveCircuit:
        """Copy the weights of a network; `parameters` are dt_s, tau_gate_s and r_max_hz."""
        n = network.n_hidden
        w, u, b = (x.detach().double().numpy() for x in (network.weight_ih, network.weight_hh, network.bias))
        # order of the gates in the network: i, z, o with a fixed forget gate, else i, f, z, o
        rows = {
            name: slice(k * n, (k + 1) * n)
            for k, name in enumerate("izo" if network.fixed_forget else "ifzo")
        }
        gates = [rows[name] for name in "zio"]
        if network.fixed_forget:
            forget = (
                np.zeros((n, w.shape[1])),
                np.zeros((n, n)),
                network.forget_bias.detach().double().numpy(),
            )
        else:
            forget = w[rows["f"]], u[rows["f"]], b[rows["f"]]
        head = network.head
        return cls(
            np.stack([w[g] for g in gates]), np.stack([u[g] for g in gates]), np.stack([b[g] for g in gates]),
            *forget, head.weight.detach().double().numpy(), head.bias.detach().double().numpy(),  # type: ignore[operator]
            **parameters,
        )  # fmt: skip

    @property
    def dale_violations(self) -> float:
        """Share of recurrent weights whose sign needs a relay population."""
        return float(np.mean(self.w_rec < 0))

    def run(self, inputs: np.ndarray, substeps: int = 20) -> np.ndarray:
        """Outputs of the populations.

        Parameters
        ----------
        inputs
            Shape (trial, time, channel), constant in each step.
        substeps
            Pieces of a step in which gates that lag are integrated; each is exact for its piece.

        Returns
        -------
        ndarray
            Shape (trial, time, output), at the end of every step.
        """
        x = np.asarray(inputs, dtype=float)
        units = self.bias.shape[1]
        rates = np.zeros((3, len(x), units))
        memory, sent = np.zeros((len(x), units)), np.zeros((len(x), units))
        out = np.empty((*x.shape[:2], len(self.b_out)))
        n = substeps if self.tau_gate_s > 0 else 1
        piece_s = self.dt_s / n
        follow = 1.0 - np.exp(-piece_s / self.tau_gate_s) if self.tau_gate_s > 0 else 1.0
        for k in range(x.shape[1]):
            drive = np.einsum("gud,td->gtu", self.w_in, x[:, k]) + self.bias[:, None]
            # sent is the rate of c's readout minus that of o, in units of r_max
            goal = self.r_max_hz * expit(drive + np.einsum("guv,tv->gtu", self.w_rec, sent))
            f = expit(x[:, k] @ self.w_forget_in.T + sent @ self.w_forget_rec.T + self.forget_bias)
            tau_eff = -self.dt_s / np.log(f)
            q = tau_eff * (1.0 - f)
            keep = np.exp(-piece_s / tau_eff)
            for _ in range(n):
                rates += follow * (goal - rates)
                charge = (rates[0] - rates[1]) / (self.r_max_hz * q)
                memory = keep * memory + (1.0 - keep) * tau_eff * charge
            sent = expit(memory) - rates[2] / self.r_max_hz
            out[:, k] = sent @ self.w_out.T + self.b_out
        return out
