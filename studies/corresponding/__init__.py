"""Maps between circuit and network, one file each: what must hold, what measures it, and its panel.

To add a map, write a module here with a constant ``EXHIBIT`` (`studies.exhibits.base.Exhibit`) and add its
name to `NAMES`. A module is imported when its map is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studies.exhibits.base import Exhibit

__all__ = ["NAMES", "correspondence"]

NAMES = (
    "codec",
    "readout",
    "transfer",
    "rate_network",
    "gating",
    "lstm_conversion",
    "attention",
    "gain",
    "network_conversion",
    "twin",
    "generative",
    "capacity",
    "training_rules",
    "exchange",
    "lesions",
)
"""Maps in the order in which they are shown."""


def correspondence(name: str) -> Exhibit:
    """The map of a name.

    Raises
    ------
    ValueError
        If there is none; names the known ones.
    """
    if name not in NAMES:
        raise ValueError(f"unknown map {name!r}; known are {list(NAMES)}")
    return import_module(f"studies.corresponding.{name}").EXHIBIT
