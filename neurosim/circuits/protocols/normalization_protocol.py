"""Experiments on the normalization model: contrast responses, tuning curves, competition.

The model has no noise, so that each number is exact. Settings are those of the figures of the paper.

References
----------
Reynolds, J. H. & Heeger, D. J. (2009). Neuron, 61, 168-185. doi:10.1016/j.neuron.2009.01.002
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from neurosim.circuits.normalization import AttentionField, Stimulus, normalization_response

__all__ = ["competition_responses", "contrast_responses", "tuning_curves"]

HERE, THERE = 100.0, -100.0


def contrast_responses(
    contrasts: Sequence[float], stimulus_width: float, attention_width: float
) -> pd.DataFrame:
    """Response to a stimulus in the receptive field, with attention on it or on one far away (figure 2).

    Widths 3 and 30 show contrast gain (A), 5 and 3 response gain (B).
    Columns: contrast, away, attended, change_percent.
    """
    rows = []
    for contrast in contrasts:
        pair = [Stimulus(x, contrast=contrast, x_width=stimulus_width) for x in (HERE, THERE)]
        away, attended = (
            float(
                normalization_response(pair, AttentionField(x, x_width=attention_width)).sel(
                    x=HERE, theta_deg=0.0
                )
            )
            for x in (THERE, HERE)
        )
        rows.append((contrast, away, attended, 100.0 * (attended / away - 1.0)))
    return pd.DataFrame(rows, columns=["contrast", "away", "attended", "change_percent"])


def tuning_curves() -> pd.DataFrame:
    """Responses of units of every preferred feature, with attention in or out of the field (figure 5C).

    Columns: theta_deg, away, attended, ratio.
    """
    pair = [Stimulus(x, x_width=10.0) for x in (HERE, THERE)]
    away, attended = (
        normalization_response(pair, AttentionField(x, x_width=10.0)).sel(x=HERE).values
        for x in (THERE, HERE)
    )
    theta = np.arange(-180.0, 180.0)
    return pd.DataFrame({"theta_deg": theta, "away": away, "attended": attended, "ratio": attended / away})


def competition_responses(contrasts: Sequence[float]) -> pd.DataFrame:
    """Preferred and null stimulus in one receptive field, attention to the one or the other (figure 4E).

    Columns: contrast, attend_null, attend_preferred; without attention pair, preferred_alone, null_alone.
    """
    rows = []
    for contrast in contrasts:
        preferred = [Stimulus(s * 90.0, 0.0, contrast) for s in (1.0, -1.0)]
        null = [Stimulus(s * 110.0, 180.0, contrast) for s in (1.0, -1.0)]

        def response(stimuli, attention: AttentionField | None) -> float:
            return float(normalization_response(stimuli, attention).sel(x=90.0, theta_deg=0.0))

        on_null = AttentionField(110.0, 180.0, x_width=5.0, theta_width_deg=20.0, peak=5.0)
        on_preferred = AttentionField(90.0, 0.0, x_width=5.0, theta_width_deg=20.0, peak=5.0)
        both = preferred + null
        rows.append(
            (contrast, response(both, on_null), response(both, on_preferred),
             response(both, None), response(preferred, None), response(null, None))
        )  # fmt: skip
    columns = ["contrast", "attend_null", "attend_preferred", "pair", "preferred_alone", "null_alone"]
    return pd.DataFrame(rows, columns=columns)
