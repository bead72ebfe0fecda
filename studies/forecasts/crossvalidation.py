"""Every forecaster on every person, trained on other people only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from bridges.forecasts import (
    BURN_IN,
    Forecast,
    Series,
    autoregression,
    features,
    folds,
    moving_average,
    running_mean,
)

__all__ = ["FORECASTERS", "cross_validate"]

FORECASTERS = ("running mean", "moving average", "autoregression", "LSTM")
"""Forecasters in the order in which they are shown."""

VALIDATION_SHARE = 0.2


def cross_validate(
    series: Sequence[Series],
    lapse_s: float,
    seed: int,
    n_folds: int = 5,
    progress: Callable[[float], None] = lambda fraction: None,
) -> pd.DataFrame:
    """Forecast every series by forecasters trained on the other participants.

    Parameters
    ----------
    series
        Of one source: people, or one agent.
    lapse_s
        Response times from here on are lapses (s).
    seed
        Of the folds and the networks.
    n_folds
        Parts into which participants are cut.
    progress
        Called with the fraction done.

    Returns
    -------
    DataFrame
        One row a forecast response: ``participant``, ``series``, ``trial`` (from `BURN_IN` on),
        ``log_rt``, ``lapse`` (whether it was one), and for each forecaster ``<name>`` (forecast of log_rt)
        and ``<name> lapse`` (its score for a lapse).
    """
    rng = np.random.default_rng(seed)
    tables = []
    for k, (train, test) in enumerate(folds(series, n_folds, rng)):
        known = [series[i] for i in train]
        forecasters: dict[str, Callable[[Series], Forecast]] = {
            "running mean": lambda one: Forecast(running_mean(one), running_mean(one)),
            "moving average": moving_average(known),
            "autoregression": autoregression(known),
            "LSTM": _network(known, lapse_s, int(rng.integers(2**31))),
        }
        for i in test:
            one = series[i]
            table = pd.DataFrame(
                {
                    "participant": one.participant,
                    "series": i,
                    "trial": np.arange(BURN_IN, one.log_rt.size),
                    "log_rt": one.log_rt[BURN_IN:],
                    "lapse": one.lapses(lapse_s)[BURN_IN:],
                }
            )
            for name, forecaster in forecasters.items():
                forecast = forecaster(one)
                table[name] = forecast.log_rt
                table[f"{name} lapse"] = forecast.lapse
            tables.append(table)
        progress((k + 1) / n_folds)
    return pd.concat(tables, ignore_index=True).sort_values(["series", "trial"], ignore_index=True)


def _network(train: Sequence[Series], lapse_s: float, seed: int) -> Callable[[Series], Forecast]:
    """An LSTM trained on these series; some participants are kept aside to stop it in time."""
    import torch

    from ann.forecasting import pad_series, train_forecaster

    rng = np.random.default_rng(seed)
    people = rng.permutation(sorted({s.participant for s in train}))
    aside = set(people[: max(1, round(VALIDATION_SHARE * len(people)))].tolist())
    # one scale for all: the spread of deviations from the running mean
    scale = float(np.std(np.concatenate([s.log_rt[BURN_IN:] - running_mean(s) for s in train])))

    centre = float(np.mean(np.concatenate([s.log_rt for s in train])))

    def baseline(one: Series) -> np.ndarray:
        return (running_mean(one) - centre) / scale

    def inputs(one: Series) -> np.ndarray:
        return features(one) / [scale, scale, 1.0, 1.0]

    def batch(some: list[Series]):
        return pad_series(
            [inputs(s) for s in some],
            [baseline(s) for s in some],
            [(s.log_rt[BURN_IN:] - centre) / scale for s in some],
            [s.lapses(lapse_s)[BURN_IN:].astype(float) for s in some],
        )

    network = train_forecaster(
        batch([s for s in train if s.participant not in aside]),
        batch([s for s in train if s.participant in aside]),
        seed,
    )

    def forecast(one: Series) -> Forecast:
        with torch.no_grad():
            told = [
                torch.as_tensor(x, dtype=torch.float32).unsqueeze(0) for x in (inputs(one), baseline(one))
            ]
            mean, _, log_odds = network(*told)
        return Forecast(centre + scale * mean[0].numpy(), log_odds[0].numpy())

    return forecast
