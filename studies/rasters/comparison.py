"""Real rasters against generated ones and reference models, statistic by statistic, each condition alone.

Every model is made from one half of the data and compared with the other, which it has never seen, in sets of
the same size. The yardstick is the error between two halves of the data, averaged over random halvings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ann.generative import sample_rasters
from ann.raster_networks import RasterGenerator
from ann.two_sample import telling_apart
from bridges.raster_models import DichotomisedGaussian, independent, shuffled
from bridges.raster_statistics import (
    RasterStatistics,
    count_duplicates,
    nearest_distance,
    raster_errors,
    raster_statistics,
)
from studies.rasters.circuit_data import Rasters

__all__ = ["MODELS", "REAL", "Comparison", "compare", "halves"]

MODELS = ("gan", "independent", "shuffled", "dichotomised_gaussian")
"""What is compared with real rasters."""

REAL = "real"
"""The data themselves, one half against the other."""

Draw = Callable[[int, np.random.Generator], np.ndarray]


@dataclass(frozen=True, eq=False)
class Comparison:
    """What came out for one condition.

    Parameters
    ----------
    errors
        One row a set: ``model``, ``statistic``, ``draw``, ``error``, ``ratio`` (error / mean error of halves
        of the data).
    agreement
        One row a model: correlation over neurons of mean counts and over pairs of covariances with the data,
        duplicates of training rasters, median distance to the nearest of them (bins), area under the
        classifier's ROC curve.
    statistics
        Of the held-out data and of one set of each model.
    examples
        Some rasters of each.
    """

    errors: pd.DataFrame
    agreement: pd.DataFrame
    statistics: Mapping[str, RasterStatistics]
    examples: Mapping[str, np.ndarray]

    def ratio(self, model: str, statistic: str) -> float:
        """Mean over draws of the error, as a multiple of that between halves of the data."""
        rows = self.errors[(self.errors["model"] == model) & (self.errors["statistic"] == statistic)]
        return float(rows["ratio"].mean())

    def value(self, model: str, column: str) -> float:
        """An entry of `agreement`."""
        return float(self.agreement.set_index("model")[column].to_dict()[model])


def halves(rasters: Rasters, seed: int) -> tuple[Rasters, Rasters]:
    """Cut the data into a half to learn from and a half to be compared with, each with both conditions."""
    rng = np.random.default_rng(seed)
    first = np.zeros(len(rasters.raster), dtype=bool)
    for condition in np.unique(rasters.condition):
        mine = rng.permutation(np.flatnonzero(rasters.condition == condition))
        first[mine[: mine.size // 2]] = True
    return (
        Rasters(rasters.raster[first], rasters.condition[first]),
        Rasters(rasters.raster[~first], rasters.condition[~first]),
    )


def compare(
    learned: Rasters,
    held_out: Rasters,
    generator: RasterGenerator,
    condition: int,
    draws: int,
    seed: int,
    models: Sequence[str] = MODELS,
) -> Comparison:
    """Compare models with the held-out half, in one condition.

    Parameters
    ----------
    learned, held_out
        The two halves.
    generator
        Trained on the first.
    condition
        Number of the condition.
    draws
        Sets drawn from each model, and random halvings of the data.
    seed
        Of all that is drawn.
    models
        Which of `MODELS`.
    """
    a, b = learned.of(condition), held_out.of(condition)
    n = min(len(a), len(b))
    a, b = a[:n], b[:n]
    rng = np.random.default_rng(np.random.SeedSequence([seed, condition]))
    drawn = _models(a, generator, condition, models)
    real = raster_statistics(b)
    yardstick = _halvings(np.concatenate([a, b]), draws, rng)
    scale = yardstick.groupby("statistic")["error"].mean()
    rows = [yardstick]
    statistics, examples, agreement = {REAL: real}, {REAL: b[:4]}, []
    for model, draw in drawn.items():
        for number in range(draws):
            x = draw(n, rng)
            found = raster_statistics(x)
            rows.append(_error_rows(model, number, raster_errors(found, real)))
        statistics[model], examples[model] = found, x[:4]
        agreement.append(_agreement(model, x, draw(n, rng), a, b, found, real, seed))
    first, second = np.array_split(a, 2), np.array_split(b, 2)
    # the data against themselves: what the classifier says where there is nothing to tell
    itself = telling_apart((first[0], second[0]), (first[1], second[1]), seed)
    agreement.append({"model": REAL, "auc": itself})
    errors = pd.concat(rows, ignore_index=True)
    errors["ratio"] = errors["error"] / errors["statistic"].map(scale)
    return Comparison(errors, pd.DataFrame(agreement), statistics, examples)


def _models(
    a: np.ndarray, generator: RasterGenerator, condition: int, models: Sequence[str]
) -> dict[str, Draw]:
    def generate(n: int, rng: np.random.Generator) -> np.ndarray:
        return sample_rasters(generator, np.full(n, condition), int(rng.integers(2**62)))

    known: dict[str, Callable[[], Draw]] = {
        "gan": lambda: generate,
        "independent": lambda: lambda n, rng: independent(a, n, rng),
        "shuffled": lambda: lambda n, rng: shuffled(a, rng)[:n],
        "dichotomised_gaussian": lambda: DichotomisedGaussian.fit(a).sample,
    }
    return {name: known[name]() for name in models}


def _halvings(both: np.ndarray, draws: int, rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for number in range(draws):
        order = rng.permutation(len(both))
        first, second = np.array_split(both[order], 2)
        errors = raster_errors(raster_statistics(first), raster_statistics(second))
        rows.append(_error_rows(REAL, number, errors))
    return pd.concat(rows, ignore_index=True)


def _error_rows(model: str, number: int, errors: Mapping[str, float]) -> pd.DataFrame:
    return pd.DataFrame(
        {"model": model, "statistic": list(errors), "draw": number, "error": list(errors.values())}
    )


def _agreement(
    model: str,
    x: np.ndarray,
    other: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
    found: RasterStatistics,
    real: RasterStatistics,
    seed: int,
) -> dict[str, object]:
    """How two sets `x` and `other` of a model agree with the data: `a`, learned from, and `b`, held out."""
    return {
        "model": model,
        "rate_r": np.corrcoef(found.mean_count, real.mean_count)[0, 1],
        "covariance_r": np.corrcoef(found.covariance, real.covariance)[0, 1],
        "duplicates": count_duplicates(x, a),
        "chance_duplicates": count_duplicates(b, a),
        "nearest_bins": float(np.median(nearest_distance(x[:500], a))),
        "real_nearest_bins": float(np.median(nearest_distance(b[:500], a))),
        "auc": telling_apart((a, b), (other, x), seed),
    }
