"""Many LSTMs in one computation: every weight has a leading dimension for the member.

Written for a GPU, or a CPU without a compiler: one product of matrices for all members at each step, and a
gradient by hand, so that no graph of thousands of small steps is kept. With d for the gradient of the loss,
going back from the last step:

    d_c += d_h o (1 - tanh(c)^2)
    d_ai = d_c g i (1 - i)     d_af = d_c c_before f (1 - f)     d_ag = d_c i (1 - g^2)
    d_ao = d_h tanh(c) o (1 - o)     d_c_before = d_c f     d_h_before = d_a U

(Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; back-propagation through time, Werbos 1990,
doi:10.1109/5.58337).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

__all__ = ["lstm_logits"]


def lstm_logits(weights: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """Logits of every member's `ann.recurrent.LSTMNetwork` on its own input.

    Parameters
    ----------
    weights
        By the names of the network's parameters, each with a leading dimension for the member.
    x
        Input, shape (member, batch, time, channel).

    Returns
    -------
    Tensor
        Shape (member, batch, time, output).
    """
    n, batch, time, channels = x.shape
    in_time = x.transpose(1, 2).reshape(n, time * batch, channels)
    bias = weights["core.bias_ih_l0"] + weights["core.bias_hh_l0"]
    drive = torch.baddbmm(bias.unsqueeze(1), in_time, weights["core.weight_ih_l0"].transpose(1, 2))
    hidden = _Recurrence.apply(drive.view(n, time, batch, -1), weights["core.weight_hh_l0"])
    logits = torch.baddbmm(
        weights["head.bias"].unsqueeze(1),
        hidden.reshape(n, time * batch, -1),
        weights["head.weight"].transpose(1, 2),
    )
    return logits.view(n, time, batch, -1).transpose(1, 2)


class _Recurrence(torch.autograd.Function):
    """Drive of the gates (member, time, batch, 4 unit) and recurrent weights -> hidden states."""

    @staticmethod
    def forward(ctx: Any, drive: Tensor, recurrent: Tensor) -> Tensor:
        n, time, batch, width = drive.shape
        units = width // 4
        low = _product_type(drive)
        # the state is summed over many steps, so it stays in full precision
        gates = drive.to(recurrent.dtype).transpose(0, 1).clone(memory_format=torch.contiguous_format)
        cells = gates.new_zeros(time + 1, n, batch, units)
        hidden = gates.new_zeros(time + 1, n, batch, units)
        turned = recurrent.to(low).transpose(1, 2).contiguous()
        for t in range(time):
            if low == gates.dtype:
                gates[t].baddbmm_(hidden[t], turned)
            else:
                gates[t].add_(torch.bmm(hidden[t].to(low), turned))
            i, f, g, o = (gates[t, ..., k * units : (k + 1) * units] for k in range(4))
            gates[t, ..., : 2 * units].sigmoid_()
            g.tanh_()
            o.sigmoid_()
            torch.mul(f, cells[t], out=cells[t + 1]).addcmul_(i, g)
            torch.mul(o, cells[t + 1].tanh(), out=hidden[t + 1])
        ctx.save_for_backward(gates, cells, hidden, recurrent)
        ctx.low, ctx.drive_type = low, drive.dtype
        return hidden[1:].transpose(0, 1).clone()

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, Tensor]:
        gates, cells, hidden, recurrent = ctx.saved_tensors
        time, n, batch, width = gates.shape
        units = width // 4
        turned = recurrent.to(ctx.low)
        above = upstream[0].transpose(0, 1)
        local = torch.empty_like(gates)
        d_cell = torch.zeros_like(cells[0])
        d_hidden = torch.zeros_like(cells[0])
        for t in reversed(range(time)):
            i, f, g, o = gates[t].split(units, dim=-1)
            d_i, d_f, d_g, d_o = local[t].split(units, dim=-1)
            d_hidden = d_hidden + above[t]
            squashed = cells[t + 1].tanh()
            d_cell = d_cell + d_hidden * o * (1 - squashed * squashed)
            torch.mul(d_cell * g, i * (1 - i), out=d_i)
            torch.mul(d_cell * cells[t], f * (1 - f), out=d_f)
            torch.mul(d_cell * i, 1 - g * g, out=d_g)
            torch.mul(d_hidden * squashed, o * (1 - o), out=d_o)
            d_cell = d_cell * f
            d_hidden = torch.bmm(local[t].to(ctx.low), turned).to(local.dtype)
        flat = local.transpose(0, 1).reshape(n, time * batch, width)
        before = hidden[:-1].transpose(0, 1).reshape(n, time * batch, units)
        d_recurrent = torch.bmm(flat.transpose(1, 2).to(ctx.low), before.to(ctx.low))
        return local.transpose(0, 1).to(ctx.drive_type), d_recurrent.to(recurrent.dtype)


def _product_type(x: Tensor) -> torch.dtype:
    """Type in which matrices are multiplied: the lower one where autocast asks for it."""
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype
