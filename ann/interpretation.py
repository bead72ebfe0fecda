"""What a network did inside, as labelled arrays: gates, hidden states and attention maps of any trials.

Dimensions are in one order, ``trial``, ``layer``, ``head``, ``time``, then ``unit`` or ``source``; every
variable has a ``units`` attribute. From them come the data of figures: time constants of forget gates, and
how attention falls off with the lag.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from ann.recurrent import GateTraces, LSTMNetwork, LSTMState
from ann.rnn import RNNNetwork
from ann.sublstm import SubLSTMNetwork
from ann.threads import one_thread
from ann.transformer import AttentionNetwork

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "GatedNetwork",
    "attention_entropy",
    "attention_maps",
    "gate_traces",
    "hidden_states",
    "lag_profile",
    "time_constants",
]


class GatedNetwork(Protocol):
    """A recurrent network with gates: `ann.recurrent.LSTMNetwork`, `ann.sublstm.SubLSTMNetwork`."""

    head: nn.Module

    def traces(
        self, x: Tensor, state: LSTMState | None = None, gain: Tensor | None = None
    ) -> tuple[GateTraces, LSTMState]:
        """Gates, cell and hidden state over time, and the state after."""
        ...


def gate_traces(
    network: GatedNetwork,
    x: Tensor,
    dt_s: float,
    gain: Tensor | None = None,
    outputs: Sequence[str] | None = None,
) -> xr.Dataset:
    """Every gate, the cell, the hidden state and the logits of a gated network.

    Parameters
    ----------
    network
        The network.
    x
        Input, shape (trial, time, channel), on the device of the network.
    dt_s
        Step (s).
    gain
        Outside gain, shape (trial, time), or None.
    outputs
        Names of the outputs; None: their numbers.

    Returns
    -------
    xarray.Dataset
        ``input``, ``forget``, ``candidate``, ``output``, ``cell``, ``hidden`` (trial, time, unit) and
        ``logit`` (trial, time, response).

    Raises
    ------
    ValueError
        If the input has not three dimensions or the step is not above 0.
    """
    import xarray as xr

    time_s = _times(x, dt_s)
    with torch.inference_mode(), one_thread():
        traces, _ = network.traces(x, gain=gain)
        sent = traces.hidden if gain is None else gain.unsqueeze(-1) * traces.hidden
        logits = network.head(sent)
    units = {"cell": "1", "candidate": "1", "hidden": "1"}
    variables = {
        name: (("trial", "time", "unit"), value.cpu().numpy(), {"units": units.get(name, "share")})
        for name, value in traces._asdict().items()
    }
    names = list(outputs) if outputs is not None else list(range(logits.shape[-1]))
    logit = (("trial", "time", "response"), logits.cpu().numpy(), {"units": "nat"})
    return xr.Dataset(
        {**variables, "logit": logit},
        {
            "trial": np.arange(len(x)),
            "time": time_s,
            "unit": np.arange(traces.cell.shape[-1]),
            "response": names,
        },
        {"dt_s": dt_s, "network": type(network).__name__},
    )


def hidden_states(network: nn.Module, x: Tensor, dt_s: float) -> xr.DataArray:
    """Hidden states of any of our networks, shape (trial, time, unit).

    For an attention network: the stream after its last layer, as the readout receives it.

    Raises
    ------
    ValueError
        If the network is of another kind, the input has not three dimensions, or the step is not above 0.
    """
    import xarray as xr

    time_s = _times(x, dt_s)
    with torch.inference_mode(), one_thread():
        if isinstance(network, RNNNetwork):
            states = network.hidden(x)[0]
        elif isinstance(network, AttentionNetwork):
            states = network.features(x)[0]
        elif isinstance(network, (LSTMNetwork, SubLSTMNetwork)):
            states = network.traces(x)[0].hidden
        else:
            raise ValueError(f"network is a {type(network).__name__}; it shows no hidden states")
    coords = {"trial": np.arange(len(x)), "time": time_s, "unit": np.arange(states.shape[-1])}
    attributes = {"units": "1", "network": type(network).__name__}
    return xr.DataArray(states.cpu().numpy(), coords, ("trial", "time", "unit"), "hidden", attributes)


def attention_maps(network: AttentionNetwork, x: Tensor, dt_s: float) -> xr.DataArray:
    """Attention weights of every layer and head, shape (trial, layer, head, time, source).

    Parameters
    ----------
    network
        The network.
    x
        Input, shape (trial, time, channel), on the device of the network.
    dt_s
        Step (s).

    Returns
    -------
    xarray.DataArray
        Weights; they sum to 1 over ``source``, which is a time as well (s).
    """
    import xarray as xr

    time_s = _times(x, dt_s)
    with torch.inference_mode(), one_thread():
        weights = torch.stack(network.attention_weights(x), dim=1)
    coords = {
        "trial": np.arange(len(x)),
        "layer": np.arange(weights.shape[1]),
        "head": np.arange(weights.shape[2]),
        "time": time_s,
        "source": time_s,
    }
    return xr.DataArray(
        weights.cpu().numpy(), coords, tuple(coords), "attention", {"units": "share", "dt_s": dt_s}
    )


def time_constants(traces: xr.Dataset) -> xr.DataArray:
    """Time constant of every unit, -dt / ln of the mean forget gate, shape (unit,) (s).

    Parameters
    ----------
    traces
        From `gate_traces`.
    """
    import xarray as xr

    forget = traces["forget"].mean(("trial", "time")).astype(float)
    with np.errstate(divide="ignore"):
        tau_s = -traces.attrs["dt_s"] / np.log(forget)
    return xr.DataArray(tau_s).rename("time_constant").assign_attrs(units="s")


def lag_profile(maps: xr.DataArray) -> xr.DataArray:
    """Mean attention weight by lag, shape (layer, head, lag); lags in s.

    Steps count from the first that can look back over all lags at which anything is seen.

    Parameters
    ----------
    maps
        From `attention_maps`.
    """
    import xarray as xr

    weights = maps.mean("trial").values
    n_steps = weights.shape[-1]
    seen = weights.max(axis=(0, 1)) > 0
    target, source = np.nonzero(seen)
    span = int((target - source).max()) + 1
    rows = np.arange(span - 1, n_steps)
    profile = np.stack([weights[..., rows, rows - lag].mean(axis=-1) for lag in range(span)], axis=-1)
    coords = {"layer": maps["layer"], "head": maps["head"], "lag": maps.attrs["dt_s"] * np.arange(span)}
    return xr.DataArray(profile, coords, ("layer", "head", "lag"), "attention", {"units": "share"})


def attention_entropy(maps: xr.DataArray) -> xr.DataArray:
    """Entropy of every target's weights (bits), shape (trial, layer, head, time): 0 is one source alone."""
    weights = maps.astype(float)
    surprise = np.log2(weights.where(weights > 0, 1.0))
    return (-(weights * surprise)).sum("source").rename("entropy").assign_attrs(units="bit")


def _times(x: Tensor, dt_s: float) -> np.ndarray:
    if x.ndim != 3:
        raise ValueError(f"x has shape {tuple(x.shape)}; must be (trial, time, channel)")
    if not dt_s > 0:
        raise ValueError(f"dt_s = {dt_s}; must be above 0 s")
    return dt_s * np.arange(x.shape[1])
