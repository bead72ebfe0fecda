"""Which inputs made an output: integrated gradients.

    A_j = (x_j - x'_j) Int_0^1 df/dx_j (x' + a (x - x')) da,        sum_j A_j = f(x) - f(x')

The path leads from a baseline x' to the input; that the attributions add up to the change of the output
(completeness) is the check on the integral (Sundararajan et al. 2017, doi:10.48550/arXiv.1703.01365).
Computed by Captum, the optional part ``interpret``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from ann.threads import one_thread

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["integrated_gradients"]


def integrated_gradients(
    network: nn.Module,
    x: Tensor,
    output: int,
    step: int,
    dt_s: float,
    baseline: Tensor | float = 0.0,
    channels: Sequence[str] | None = None,
    n_points: int = 64,
) -> xr.Dataset:
    """Attribute one logit at one time to the inputs before it.

    Parameters
    ----------
    network
        Network that returns logits (trial, time, output) and a state.
    x
        Input, shape (trial, time, channel), on the device of the network.
    output
        Number of the output.
    step
        Step at which the logit is read.
    dt_s
        Step (s).
    baseline
        What stands for "nothing there": a number, or an input of the shape of `x`. Untrained networks with
        layer normalisation jump at an input of zeros, which no number of points integrates; look at
        ``completeness_error``, and take the mean input instead.
    channels
        Names of the channels; None: their numbers.
    n_points
        Points of the integral (Gauss-Legendre).

    Returns
    -------
    xarray.Dataset
        ``attribution`` (trial, time, channel) in nats; ``change`` (trial), f(x) - f(baseline); and
        ``completeness_error`` (trial), the sum of the attributions minus the change.

    Raises
    ------
    ImportError
        If Captum is not installed.
    ValueError
        If the input has not three dimensions, or the output or step does not exist.
    """
    import xarray as xr

    try:
        from captum.attr import IntegratedGradients
    except ImportError as error:
        raise ImportError("saliency needs Captum: pip install 'neurosim[interpret]'") from error
    if x.ndim != 3:
        raise ValueError(f"x has shape {tuple(x.shape)}; must be (trial, time, channel)")
    if not 0 <= step < x.shape[1]:
        raise ValueError(f"step = {step}; the input has steps 0 to {x.shape[1] - 1}")
    start = torch.full_like(x, baseline) if isinstance(baseline, (int, float)) else baseline.expand_as(x)

    def logit(inputs: Tensor) -> Tensor:
        logits = network(inputs)[0]
        if not 0 <= output < logits.shape[-1]:
            raise ValueError(f"output = {output}; the network has outputs 0 to {logits.shape[-1] - 1}")
        return logits[:, step, output]

    # cuDNN computes no gradient of a recurrent network in evaluation mode
    with one_thread(), torch.backends.cudnn.flags(enabled=False):
        with torch.no_grad():
            change = (logit(x) - logit(start)).cpu()
        attribution = IntegratedGradients(logit).attribute(
            x, baselines=start, n_steps=n_points, method="gausslegendre", internal_batch_size=max(len(x), 256)
        )
    attribution = attribution.detach().to(x.dtype).cpu()
    residue = attribution.flatten(1).sum(dim=1) - change
    names = list(channels) if channels is not None else list(range(x.shape[2]))
    return xr.Dataset(
        {
            "attribution": (("trial", "time", "channel"), attribution.numpy(), {"units": "nat"}),
            "change": ("trial", change.numpy(), {"units": "nat"}),
            "completeness_error": ("trial", residue.numpy(), {"units": "nat"}),
        },
        {"trial": np.arange(len(x)), "time": dt_s * np.arange(x.shape[1]), "channel": names},
        {"output": output, "step": step, "n_points": n_points},
    )
