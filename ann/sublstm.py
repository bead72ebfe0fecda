"""LSTM with subtractive gates: inhibition takes away from excitation, as in cortex, instead of scaling it.

    i, f, z, o = sigmoid(W x + U h + b)
    c <- f c + z - i                    h <- sigmoid(c) - o

Excitation z and inhibition i meet in the memory cell, and inhibition o stands against its output. The forget
gate remains the only product. With a fixed forget gate it is a constant of each unit, learned but the same at
all times, and the cell is a leaky integrator (Costa et al. 2017, doi:10.48550/arXiv.1711.02448).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ann.recurrent import GateTraces, LSTMState

__all__ = ["SubLSTMNetwork"]


class SubLSTMNetwork(nn.Module):
    """One layer of subtractive-gating units and a linear readout.

    Parameters
    ----------
    n_inputs, n_hidden, n_outputs
        Numbers of input channels, units and outputs.
    forget_bias
        Initial bias of the forget gate; high values remember longer.
    fixed_forget
        Whether each unit forgets at a rate of its own that does not change over time.
    generator
        Source of the initial weights, uniform in +-1/sqrt(n_hidden).

    Raises
    ------
    ValueError
        If a number is below 1.
    """

    def __init__(
        self,
        n_inputs: int,
        n_hidden: int,
        n_outputs: int,
        forget_bias: float = 1.0,
        fixed_forget: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        for name, value in (("n_inputs", n_inputs), ("n_hidden", n_hidden), ("n_outputs", n_outputs)):
            if value < 1:
                raise ValueError(f"{name} = {value}; must be at least 1")
        self.n_hidden = n_hidden
        self.fixed_forget = fixed_forget
        n_gates = 3 if fixed_forget else 4
        self.weight_ih = nn.Parameter(torch.empty(n_gates * n_hidden, n_inputs))
        self.weight_hh = nn.Parameter(torch.empty(n_gates * n_hidden, n_hidden))
        self.bias = nn.Parameter(torch.empty(n_gates * n_hidden))
        self.head: nn.Module = nn.Linear(n_hidden, n_outputs)
        with torch.no_grad():
            for weight in self.parameters():
                weight.uniform_(-(n_hidden**-0.5), n_hidden**-0.5, generator=generator)
        if fixed_forget:
            self.forget_bias = nn.Parameter(torch.full((n_hidden,), float(forget_bias)))
        else:
            with torch.no_grad():
                self.bias[n_hidden : 2 * n_hidden] = forget_bias

    def forward(
        self, x: Tensor, state: LSTMState | None = None, gain: Tensor | None = None
    ) -> tuple[Tensor, LSTMState]:
        """Run over a stretch of time.

        Parameters
        ----------
        x
            Input, shape (batch, time, channel).
        state
            Hidden and cell state at the end of the stretch before; zero if None.
        gain
            Factor on what the units send to each other and to the head, shape (batch, time). None: 1.

        Returns
        -------
        logits : Tensor
            Shape (batch, time, output).
        state : tuple of Tensor
            Hidden and cell state after the stretch.
        """
        traces, state = self.traces(x, state, gain)
        return self.head(traces.hidden if gain is None else gain.unsqueeze(-1) * traces.hidden), state

    def traces(
        self, x: Tensor, state: LSTMState | None = None, gain: Tensor | None = None
    ) -> tuple[GateTraces, LSTMState]:
        """Run step by step and return every gate; ``candidate`` is z, ``hidden`` is before the gain.

        Parameters
        ----------
        x, state, gain
            As in `forward`.

        Returns
        -------
        traces : GateTraces
            Each (batch, time, unit).
        state : tuple of Tensor
            Hidden and cell state after the stretch.
        """
        zero = x.new_zeros(len(x), self.n_hidden)
        sent, c = (zero, zero) if state is None else state
        drive = nn.functional.linear(x, self.weight_ih, self.bias)
        recurrent = self.weight_hh.t()
        steps = []
        for k in range(x.shape[1]):
            gates = torch.sigmoid(torch.addmm(drive[:, k], sent, recurrent))
            if self.fixed_forget:
                i, z, o = gates.chunk(3, dim=1)
                f = torch.sigmoid(self.forget_bias).expand_as(i)
            else:
                i, f, z, o = gates.chunk(4, dim=1)
            c = f * c + z - i
            h = torch.sigmoid(c) - o
            sent = h if gain is None else gain[:, k : k + 1] * h
            steps.append((i, f, z, o, c, h))
        traces = GateTraces(*(torch.stack(values, dim=1) for values in zip(*steps, strict=True)))
        return traces, (sent, c)
