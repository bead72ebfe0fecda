"""Vanilla recurrent network: no gates, so what it remembers is what its recurrent weights keep going.

    h_t = tanh(W x_t + U h_{t-1} + b)

(Elman 1990, doi:10.1207/s15516709cog1402_1).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["RNNNetwork"]


class RNNNetwork(nn.Module):
    """One recurrent layer and a linear readout.

    Parameters
    ----------
    n_inputs, n_hidden, n_outputs
        Numbers of input channels, units and outputs.
    generator
        Source of the initial weights, uniform in +-1/sqrt(n_hidden).

    Raises
    ------
    ValueError
        If a number is below 1.
    """

    def __init__(
        self, n_inputs: int, n_hidden: int, n_outputs: int, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        for name, value in (("n_inputs", n_inputs), ("n_hidden", n_hidden), ("n_outputs", n_outputs)):
            if value < 1:
                raise ValueError(f"{name} = {value}; must be at least 1")
        self.n_hidden = n_hidden
        self.core = nn.RNN(n_inputs, n_hidden, batch_first=True)
        self.head: nn.Module = nn.Linear(n_hidden, n_outputs)
        with torch.no_grad():
            for weight in self.parameters():
                weight.uniform_(-(n_hidden**-0.5), n_hidden**-0.5, generator=generator)

    def forward(
        self, x: Tensor, state: Tensor | None = None, gain: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Run over a stretch of time.

        Parameters
        ----------
        x
            Input, shape (batch, time, channel).
        state
            Hidden state at the end of the stretch before, shape (batch, unit); zero if None.
        gain
            Factor on what the units send to each other and to the head, shape (batch, time). None: 1.

        Returns
        -------
        logits : Tensor
            Shape (batch, time, output).
        state : Tensor
            What the next stretch needs.
        """
        if gain is not None:
            hidden, state = self.hidden(x, state, gain)
            return self.head(gain.unsqueeze(-1) * hidden), state
        sequence, last = self.core(x, None if state is None else state.unsqueeze(0))
        return self.head(sequence), last.squeeze(0)

    def hidden(
        self, x: Tensor, state: Tensor | None = None, gain: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Run step by step; hidden states before the gain (batch, time, unit), and the state after."""
        weight_ih, weight_hh, bias_ih, bias_hh = self.core.all_weights[0]
        drive = nn.functional.linear(x, weight_ih, bias_ih + bias_hh)
        sent = x.new_zeros(len(x), self.n_hidden) if state is None else state
        steps = []
        for k in range(x.shape[1]):
            h = torch.tanh(torch.addmm(drive[:, k], sent, weight_hh.t()))
            # what is sent on carries the gain of its own time, into the next stretch too
            sent = h if gain is None else gain[:, k : k + 1] * h
            steps.append(h)
        return torch.stack(steps, dim=1), sent
