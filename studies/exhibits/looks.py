"""What the figures of published circuits share: colours by role, and references drawn apart from data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "EXCITATORY",
    "FIRST",
    "INHIBITORY",
    "OTHER",
    "REFERENCE",
    "SECOND",
    "letter",
    "long_table",
    "points",
]

# Okabe & Ito, as in studies.figures
FIRST, SECOND, OTHER = "#D55E00", "#0072B2", "#999999"
EXCITATORY, INHIBITORY, REFERENCE = "#009E73", "#CC79A7", "#555555"


def letter(axes: Axes, name: str, title: str) -> None:
    """Title of a panel, with its letter."""
    axes.set_title(f"{name}  {title}")


def points(axes: Axes, x, value, low, high, colour: str, label: str = "", **more) -> None:
    """Points with their 95 % intervals."""
    value, low, high = (np.asarray(v, dtype=float) for v in (value, low, high))
    bars = np.clip(np.stack([value - low, high - value]), 0.0, None)
    style: dict[str, Any] = {
        "fmt": "o",
        "markersize": 4,
        "elinewidth": 1,
        "capsize": 0,
        "label": label or None,
    } | more
    axes.errorbar(x, value, np.nan_to_num(bars), color=colour, **style)


def long_table(*pieces: tuple[str, pd.DataFrame]) -> pd.DataFrame:
    """The numbers of several panels in one table, with the panel's letter in front."""
    return pd.concat([table.assign(panel=name) for name, table in pieces], ignore_index=True).pipe(
        lambda t: t[["panel", *(c for c in t.columns if c != "panel")]]
    )
