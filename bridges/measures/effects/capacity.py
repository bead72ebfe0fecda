"""Capacity of visual working memory from change detection.

With N items, hits H = P("change" | change) and false alarms F = P("change" | same),

    Cowan   K = N (H - F)               one item is tested
    Pashler K = N (H - F) / (1 - F)     all items are tested

Cowan (2001), doi:10.1017/S0140525X01003922; Pashler (1988), doi:10.3758/BF03210419; Rouder et al. (2008),
doi:10.1073/pnas.0711295105. No correction of H and F: K is linear in them, so its mean over people is that
of a group.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from bridges.measures.catalogue import Measure
from bridges.measures.effects.base import Family, curve, mean

__all__ = ["CAPACITY_EFFECTS", "capacity_curves", "capacity_effects", "cowan_k", "hit_rates", "pashler_k"]

MANY = 5
"""Set sizes from here on are above the capacity of most people."""


def cowan_k(n: ArrayLike, hits: ArrayLike, false_alarms: ArrayLike) -> np.ndarray:
    """Cowan's K = N (H - F), for a single probe.

    Parameters
    ----------
    n
        Set size N.
    hits, false_alarms
        Rates H and F.
    """
    return np.asarray(n, dtype=float) * (
        np.asarray(hits, dtype=float) - np.asarray(false_alarms, dtype=float)
    )


def pashler_k(n: ArrayLike, hits: ArrayLike, false_alarms: ArrayLike) -> np.ndarray:
    """Pashler's K = N (H - F) / (1 - F), for a whole display; NaN where F = 1."""
    false_alarms = np.asarray(false_alarms, dtype=float)
    correct = np.where(false_alarms < 1, 1 - false_alarms, np.nan)
    return cowan_k(n, hits, false_alarms) / correct


def hit_rates(scored: pd.DataFrame) -> pd.DataFrame:
    """``hits``, ``false_alarms`` and ``accuracy`` by ``set_size``; no answer is no report of a change."""
    said = (scored["response"].astype(object) == "change").to_numpy()
    changed = (scored["correct_response"].astype(object) == "change").to_numpy()
    sizes = scored["set_size"].to_numpy()
    rows = {
        n: {
            "hits": mean(said[changed & (sizes == n)]),
            "false_alarms": mean(said[~changed & (sizes == n)]),
            "accuracy": mean(scored["correct"].to_numpy(dtype=float)[sizes == n]),
        }
        for n in np.unique(sizes)
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def capacity_effects(scored: pd.DataFrame) -> dict[str, float]:
    """Scalars of change detection.

    Parameters
    ----------
    scored
        Trials with the condition ``set_size`` and the responses "same" and "change".

    Returns
    -------
    dict
        ``cowan_k`` and ``pashler_k``: mean over set sizes of 5 and more, or of the largest where there is
        none. ``k_rise_small``, ``k_rise_large``: rise of Cowan's K per item between the two smallest and the
        two largest set sizes; a plateau has a smaller rise in the end. ``set_size_cost_pp``: accuracy with
        the smallest set minus that with the largest.
    """
    rates = hit_rates(scored)
    n = rates.index.to_numpy(dtype=float)
    cowan = cowan_k(n, rates["hits"], rates["false_alarms"])
    pashler = pashler_k(n, rates["hits"], rates["false_alarms"])
    many = n >= MANY if (n >= MANY).any() else n == n.max()
    rises = np.diff(cowan) / np.diff(n)
    accuracy = rates["accuracy"].to_numpy()
    return {
        "cowan_k": mean(cowan[many]),
        "pashler_k": mean(pashler[many]),
        "cowan_k_max": float(cowan.max()),
        "k_rise_small": float(rises[0]) if rises.size else float("nan"),
        "k_rise_large": float(rises[-1]) if rises.size else float("nan"),
        "set_size_cost_pp": 100 * float(accuracy[0] - accuracy[-1]),
    }


def capacity_curves(scored: pd.DataFrame) -> pd.DataFrame:
    """Cowan's K, Pashler's K and accuracy against the set size."""
    rates = hit_rates(scored)
    n = rates.index.to_numpy(dtype=float)
    named = {
        "k_cowan": cowan_k(n, rates["hits"], rates["false_alarms"]),
        "k_pashler": pashler_k(n, rates["hits"], rates["false_alarms"]),
        "set_accuracy": rates["accuracy"].to_numpy(),
    }
    points = [curve(name, dict(zip(n, values, strict=True))) for name, values in named.items()]
    return pd.concat(points, ignore_index=True)


CAPACITY_EFFECTS = Family.of_trials(
    capacity_effects,
    capacity_curves,
    (
        Measure("cowan_k", "Cowan's K, 5 items and more", "items"),
        Measure("pashler_k", "Pashler's K, 5 items and more", "items"),
        Measure("cowan_k_max", "Largest of Cowan's K", "items"),
        Measure("k_rise_small", "Rise of K per item, smallest sets", "items/item"),
        Measure("k_rise_large", "Rise of K per item, largest sets", "items/item"),
        Measure("set_size_cost_pp", "Accuracy, smallest - largest set", "pp"),
        Measure("k_cowan", "Cowan's K", "items"),
        Measure("k_pashler", "Pashler's K", "items"),
        Measure("set_accuracy", "Accuracy", "1"),
    ),
)
"""Effects of the task change_detection."""
