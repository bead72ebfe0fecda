"""Figure of the generative map: errors of every model, and agreement of the GAN with held-out rasters."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from neurosim.circuits.protocols.measurement import mean_of
from studies.exhibits.base import Drawing
from studies.rasters.circuit_data import CONDITIONS
from studies.rasters.claims import LIMIT, STATISTICS
from studies.rasters.comparison import MODELS, REAL
from studies.rasters.drawing import LOOKS, TITLES

__all__ = ["draw_generated"]


def draw_generated(rows: pd.DataFrame) -> Drawing:
    """Errors as multiples of those of halves, one panel a condition.

    Parameters
    ----------
    rows
        Tables of all parts of the map together.
    """
    figure, grid = plt.subplots(1, len(CONDITIONS), figsize=(7.4, 3.3), sharey=True, squeeze=False)
    errors = rows[rows.record == "error"]
    data = [
        _errors(axes, errors[errors.condition == condition], condition)
        for axes, condition in zip(grid.flat, CONDITIONS, strict=True)
    ]
    names = [name.replace("_", " ").replace("k prob", "k-prob") for name in STATISTICS]
    grid[0, 0].set_yticks(range(len(STATISTICS)), names)
    grid[0, 0].invert_yaxis()
    figure.legend(
        *grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncol=5, columnspacing=1.2
    )
    n = rows.seed.nunique()
    return Drawing(
        figure,
        pd.concat(data, ignore_index=True),
        f"""Sum of absolute differences between generated and held-out rasters in seven statistics, divided by
        the mean of this error over random halvings of the data; n = {n} recordings of the circuit, each
        with a GAN of its own, and {rows.draw.nunique()} sets of rasters from each model. Points and bars:
        mean and 95 % confidence interval over recordings (Student; none where n = 1). Shaded: up to {LIMIT}
        times.""",
    )


def _errors(axes: Axes, errors: pd.DataFrame, condition: str) -> pd.DataFrame:
    axes.axvspan(0.5, LIMIT, color="#000000", alpha=0.07, lw=0)
    axes.axvline(1.0, color="#000000", lw=0.7)
    out = []
    for row, model in enumerate((REAL, *MODELS)):
        colour, marker, label = LOOKS[model]
        if model not in set(errors.model):
            continue
        each = errors[errors.model == model].groupby(["statistic", "seed"])["value"].mean()
        found = [mean_of(each[statistic]) for statistic in STATISTICS]
        value = np.array([one.value for one in found])
        low = np.array([one.low for one in found])
        high = np.array([one.high for one in found])
        y = np.arange(len(STATISTICS)) + (row - 2) * 0.15
        # on a logarithmic axis an interval that reaches 0 ends at the edge
        bars = np.nan_to_num([value - np.maximum(low, 0.51), high - value])
        axes.errorbar(
            value,
            y,
            xerr=np.maximum(bars, 0.0),
            fmt=marker,
            ms=4,
            color=colour,
            label=label,
            lw=1,
            zorder=5 - row,
        )
        out.append(
            pd.DataFrame(
                {
                    "condition": condition,
                    "model": model,
                    "statistic": STATISTICS,
                    "value": value,
                    "low": low,
                    "high": high,
                }
            )
        )
    axes.set_xscale("log")
    axes.set_xticks([0.5, 1, 2, 5, 10, 20, 50], ["0.5", "1", "2", "5", "10", "20", "50"])
    axes.minorticks_off()
    axes.set_title(TITLES[condition])
    axes.set_xlabel("error / error between halves of the data")
    return pd.concat(out)
