"""A recurrent network that forecasts a series: the next value, how sure it is, and the odds of an event.

At each step an LSTM reads the features known before the next value and gives a correction to a baseline
forecast, the log of its spread, and the log-odds of an event (a lapse):

    y ~ Normal(m, exp(s)^2),  m = baseline + delta,     P(event) = sigmoid(b + w m + l)

trained by maximum likelihood of both. delta, s and l come from the network and start at 0, b at the
log-odds of the event in the training series and w at 1: untrained, it forecasts the baseline, and events
where values are high. Weights are those that were best on series kept aside.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ann.threads import one_thread

__all__ = ["ForecastBatch", "ForecastSettings", "SeriesForecaster", "pad_series", "train_forecaster"]


class ForecastBatch(NamedTuple):
    """Series side by side, filled up with zeros.

    ``features`` (series, step, feature); ``baseline``, ``value``, ``event`` (series, step); ``mask``
    (series, step), true where there is a value.
    """

    features: Tensor
    baseline: Tensor
    value: Tensor
    event: Tensor
    mask: Tensor


class SeriesForecaster(nn.Module):
    """One LSTM layer; outputs correction, log spread and log-odds of the event.

    Parameters
    ----------
    n_features
        Features of a step.
    n_hidden
        Units.
    event_rate
        Share of values that are events in the training series, above 0 and below 1.
    generator
        Source of the initial weights.
    """

    def __init__(
        self,
        n_features: int,
        n_hidden: int = 16,
        event_rate: float = 0.5,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if not 0 < event_rate < 1:
            raise ValueError(f"event_rate = {event_rate}; must be above 0 and below 1")
        self.core = nn.LSTM(n_features, n_hidden, batch_first=True)
        self.head = nn.Linear(n_hidden, 3)
        with torch.no_grad():
            for weight in self.parameters():
                weight.uniform_(-(n_hidden**-0.5), n_hidden**-0.5, generator=generator)
            self.head.weight.zero_()
            self.head.bias.zero_()
        self.event_weight = nn.Parameter(torch.ones(()))
        self.event_bias = nn.Parameter(torch.tensor(math.log(event_rate / (1.0 - event_rate))))

    def forward(self, features: Tensor, baseline: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Forecast a stretch.

        Parameters
        ----------
        features
            Shape (series, step, feature).
        baseline
            Shape (series, step), in units of the spread of values around it.

        Returns
        -------
        mean, log_sd, log_odds : Tensor
            Each of the shape of `baseline`.
        """
        hidden, _ = self.core(features)
        delta, log_sd, own = self.head(hidden).unbind(dim=-1)
        mean = baseline + delta
        return mean, log_sd, self.event_bias + self.event_weight * mean + own


@dataclass(frozen=True)
class ForecastSettings:
    """How long and how fast to learn."""

    n_hidden: int = 16
    steps: int = 300
    learning_rate: float = 0.01
    weight_decay: float = 1e-3
    check_every: int = 10
    patience: int = 8


def pad_series(
    features: list[np.ndarray], baseline: list[np.ndarray], value: list[np.ndarray], event: list[np.ndarray]
) -> ForecastBatch:
    """Series of different length as one batch.

    Raises
    ------
    ValueError
        If the lists differ in length, or a series in its parts.
    """
    if not len(features) == len(baseline) == len(value) == len(event):
        raise ValueError("give features, baseline, value and event for every series")
    for k, parts in enumerate(zip(features, baseline, value, event, strict=True)):
        if len({len(part) for part in parts}) > 1:
            raise ValueError(f"series {k}: its parts have lengths {[len(part) for part in parts]}")

    def fill(parts: list[np.ndarray]) -> Tensor:
        tensors = [torch.as_tensor(np.asarray(part), dtype=torch.float32) for part in parts]
        return nn.utils.rnn.pad_sequence(tensors, batch_first=True)

    mask = fill([np.ones(len(v)) for v in value]) > 0
    return ForecastBatch(fill(features), fill(baseline), fill(value), fill(event), mask)


@one_thread()
def train_forecaster(
    train: ForecastBatch, validation: ForecastBatch, seed: int, settings: ForecastSettings | None = None
) -> SeriesForecaster:
    """Fit to whole series at once, with Adam, stopping when the validation loss no longer falls.

    Raises
    ------
    TrainingDiverged
        If the loss is not finite.
    """
    from ann.training import TrainingDiverged

    settings = settings or ForecastSettings()
    generator = torch.Generator().manual_seed(seed)
    # an event that never happened is still possible
    happened, counted = float(train.event[train.mask].sum()), int(train.mask.sum())
    rate = (happened + 0.5) / (counted + 1.0)
    network = SeriesForecaster(train.features.shape[-1], settings.n_hidden, rate, generator)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    best, weights, stale = float("inf"), copy.deepcopy(network.state_dict()), 0
    for step in range(settings.steps):
        if step % settings.check_every == 0:
            with torch.no_grad():
                unseen = _loss(network, validation).item()
            stale = 0 if unseen < best else stale + 1
            if unseen < best:
                best, weights = unseen, copy.deepcopy(network.state_dict())
            if stale >= settings.patience:
                break
        loss = _loss(network, train)
        if not torch.isfinite(loss):
            raise TrainingDiverged(f"loss is {loss.item()} at step {step}; lower the learning rate")
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
    network.load_state_dict(weights)
    return network.eval()


def _loss(network: SeriesForecaster, batch: ForecastBatch) -> Tensor:
    mean, log_sd, logit = network(batch.features, batch.baseline)
    z = (batch.value - mean) * torch.exp(-log_sd)
    surprise = 0.5 * z**2 + log_sd
    surprise = surprise + nn.functional.binary_cross_entropy_with_logits(logit, batch.event, reduction="none")
    return surprise[batch.mask].mean()
