"""Long short-term memory network, fused for speed and gate by gate for looking inside.

    i = sigmoid(W_i x + U_i h + b_i)      f = sigmoid(W_f x + U_f h + b_f)
    o = sigmoid(W_o x + U_o h + b_o)      c~ = tanh(W_c x + U_c h + b_c)
    c <- f c + i c~                       h <- o tanh(c)

The forget gate holds the cell: without input, c decays with the time constant -dt / ln f
(Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; Gers et al. 2000,
doi:10.1162/089976600300015015).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

__all__ = ["GateTraces", "LSTMNetwork", "LSTMState"]

LSTMState = tuple[Tensor, Tensor]
"""Hidden and cell state, each of shape (batch, unit)."""


class GateTraces(NamedTuple):
    """Everything inside an LSTM over time, each of shape (batch, time, unit)."""

    input: Tensor
    forget: Tensor
    candidate: Tensor
    output: Tensor
    cell: Tensor
    hidden: Tensor


class LSTMNetwork(nn.Module):
    """One LSTM layer and a linear readout.

    Parameters
    ----------
    n_inputs, n_hidden, n_outputs
        Numbers of input channels, LSTM units and outputs.
    forget_bias
        Initial bias of the forget gate, one for all units or one for each; high values remember longer.
    generator
        Source of the initial weights, uniform in +-1/sqrt(n_hidden).

    Raises
    ------
    ValueError
        If a number is below 1, or the biases are not one per unit.
    """

    def __init__(
        self,
        n_inputs: int,
        n_hidden: int,
        n_outputs: int,
        forget_bias: float | Sequence[float] = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        for name, value in (("n_inputs", n_inputs), ("n_hidden", n_hidden), ("n_outputs", n_outputs)):
            if value < 1:
                raise ValueError(f"{name} = {value}; must be at least 1")
        bias = torch.as_tensor(forget_bias, dtype=torch.get_default_dtype())
        if bias.ndim > 1 or (bias.ndim == 1 and bias.numel() != n_hidden):
            raise ValueError(
                f"forget_bias has shape {tuple(bias.shape)}; give one number or one per unit ({n_hidden})"
            )
        self.n_hidden = n_hidden
        self.core = nn.LSTM(n_inputs, n_hidden, batch_first=True)
        self.head: nn.Module = nn.Linear(n_hidden, n_outputs)
        with torch.no_grad():
            for weight in self.parameters():
                weight.uniform_(-(n_hidden**-0.5), n_hidden**-0.5, generator=generator)
            # the two biases of PyTorch's LSTM add up; the forget bias is to be what was asked for
            _, _, bias_ih, bias_hh = self.core.all_weights[0]
            bias_hh.zero_()
            bias_ih[n_hidden : 2 * n_hidden] = bias

    def forward(
        self, x: Tensor, state: LSTMState | None = None, gain: Tensor | None = None
    ) -> tuple[Tensor, LSTMState]:
        """Run over a stretch of time.

        Parameters
        ----------
        x
            Input, shape (batch, time, channel).
        state
            State at the end of the stretch before; zero if None.
        gain
            Factor on the hidden units, shape (batch, time): what the units send to each other and to the
            head is ``gain * h``. None: 1 throughout.

        Returns
        -------
        logits : Tensor
            Shape (batch, time, output).
        state : tuple of Tensor
            Hidden and cell state after the stretch.
        """
        if gain is not None:
            traces, state = self.traces(x, state, gain)
            return self.head(gain.unsqueeze(-1) * traces.hidden), state
        start = None if state is None else (state[0].unsqueeze(0), state[1].unsqueeze(0))
        hidden, (h, c) = self.core(x, start)
        return self.head(hidden), (h.squeeze(0), c.squeeze(0))

    def traces(
        self, x: Tensor, state: LSTMState | None = None, gain: Tensor | None = None
    ) -> tuple[GateTraces, LSTMState]:
        """Run step by step and return every gate; the same numbers as the fused path.

        Parameters
        ----------
        x, state, gain
            As in `forward`.

        Returns
        -------
        traces : GateTraces
            Gates, cell and hidden state (before the gain), each (batch, time, unit).
        state : tuple of Tensor
            Hidden and cell state after the stretch.
        """
        if state is None:
            zero = x.new_zeros(len(x), self.n_hidden)
            state = (zero, zero)
        weight_ih, weight_hh, bias_ih, bias_hh = self.core.all_weights[0]
        drive = nn.functional.linear(x, weight_ih, bias_ih + bias_hh)
        recurrent = weight_hh.t()
        h, c = state
        steps = []
        for k in range(x.shape[1]):
            sent = h if gain is None or k == 0 else gain[:, k - 1 : k] * h
            i, f, candidate, o = torch.addmm(drive[:, k], sent, recurrent).chunk(4, dim=1)
            i, f, candidate, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(candidate), torch.sigmoid(o)
            c = f * c + i * candidate
            h = o * torch.tanh(c)
            steps.append((i, f, candidate, o, c, h))
        if gain is not None and steps:
            # the state is what the next stretch receives, so it carries the gain of its own time
            h = gain[:, -1:] * h
        traces = GateTraces(*(torch.stack(values, dim=1) for values in zip(*steps, strict=True)))
        return traces, (h, c)
