"""Figure of the attention map: weights against rates, normaliser against rate, beta against theory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from bridges.maps.normalisers import fit_normaliser
from studies.exhibits.base import Drawing, Tables
from studies.exhibits.looks import FIRST, OTHER, REFERENCE, SECOND, letter, long_table

__all__ = ["draw"]


def draw(tables: Tables, levels: pd.DataFrame, weights_of: Callable[..., Any]) -> Drawing:
    """Four panels: identity plots at a low and the highest level, alpha by rate, predicted beta."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 4, figsize=(7.4, 2.3))
    low, high = 3.3, float(levels["level_hz"].max())
    pieces = []
    for panel, name, level in ((axes[0], "A", low), (axes[1], "B", high)):
        table = pd.concat(
            [t for key, t in tables.items() if key.startswith("spiking") and t["level_hz"].iloc[0] == level]
        )
        z, rates, weights = weights_of(table)
        for colour, alpha, label in ((FIRST, 1.0, "softmax"), (SECOND, None, "best")):
            if colour == SECOND and name == "A":
                continue
            fit = fit_normaliser(z, weights, alpha)
            drawn = fit.weights(z).ravel()
            text = label if alpha else f"{fit.alpha:.1f}-entmax"
            panel.plot(drawn, weights.ravel(), ".", ms=1.5, color=colour, rasterized=True,
                       label=f"{text}, $R^2$ {fit.r2:.3f}")  # fmt: skip
            pieces.append(
                (
                    name,
                    pd.DataFrame(
                        {"model": text, "network_weight": drawn, "normalised_rate": weights.ravel()}
                    ),
                )
            )
        panel.plot([0, 1], [0, 1], "--", color=REFERENCE, lw=0.8)
        top = 1.0 if weights.max() > 0.5 else 0.3
        panel.set(xlabel="attention weight", ylabel="normalised rate", xlim=(0, top), ylim=(0, 1.25 * top))
        panel.set_xticks([0, top / 2, top])
        panel.set_yticks([0, top / 2, top])
        panel.legend(
            loc="upper left", markerscale=4, handletextpad=0, borderaxespad=0, borderpad=0.1, fontsize=7
        )
        letter(panel, name, f"{rates.mean():.2g} Hz")
    field = tables["mean_field"]
    for sigma, shade in zip(sorted(field["sigma_mv"].unique()), ("#BBBBBB", OTHER, "#555555"), strict=False):
        mean = field.loc[field["sigma_mv"] == sigma].groupby("rate_hz")["alpha"].mean()
        axes[2].plot(mean.index, mean, color=shade, lw=1, label=f"{sigma:g} mV")
        pieces.append(
            ("C", pd.DataFrame({"model": f"mean field {sigma:g} mV", "mean_hz": mean.index, "alpha": mean}))
        )
    axes[2].plot(levels["mean_hz"], levels["alpha"], "o", ms=3, color=FIRST, label="spikes")
    for alpha, text in ((1.0, "softmax"), (1.5, "1.5-entmax"), (2.0, "sparsemax")):
        axes[2].axhline(alpha, color=REFERENCE, lw=0.5, ls=":")
        axes[2].text(0.64, alpha + 0.02, text, fontsize=6, color=REFERENCE)
    axes[2].set(xscale="log", xlabel="mean rate (Hz)", ylabel="best alpha", ylim=(0.85, 2.7), xlim=(0.6, 70))
    axes[2].set_xticks([1, 10, 50], ["1", "10", "50"])
    axes[2].legend(
        loc="upper left", fontsize=6.5, ncols=2, handlelength=0.8, columnspacing=0.6, borderaxespad=0
    )
    letter(axes[2], "C", "normaliser")
    theory, fitted = field["predicted"] / field["gain_mv"], field["beta"] / field["gain_mv"]
    axes[3].plot(theory, fitted, ".", color=OTHER, ms=4, label="mean field")
    per_mv = 2.0
    axes[3].plot(
        levels["predicted"] / per_mv, levels["beta"] / per_mv, "o", ms=3, color=FIRST, label="spikes"
    )
    span = np.array([0.05, 2.0])
    axes[3].plot(span, span, "--", color=REFERENCE, lw=0.8)
    axes[3].set(xscale="log", yscale="log", xlabel="predicted beta (1/mV)", ylabel="measured beta (1/mV)")
    axes[3].legend(loc="upper left", fontsize=7, handletextpad=0.2, borderaxespad=0)
    letter(axes[3], "D", "temperature")
    pieces += [("D mean field", field), ("C and D spikes", levels)]
    caption = (
        "Attention weights against normalised rates of six LIF populations of 100 neurons under "
        f"shared inhibition, 200 random score vectors, {levels['seed'].nunique()} seeds. A and B: "
        "every weight of every vector, at a low and at the highest level; dashed: identity; one "
        "inverse temperature for all. C: the member of the entmax family that fits best, against the "
        "mean rate that inhibition allows; lines: mean field at three noise levels. D: inverse "
        "temperature fitted to weights against its prediction from the f-I curve."
    )
    return Drawing(figure, long_table(*pieces), caption)
