"""Published circuits, one file each: what the paper says, which runs measure it, which figure shows it.

To add a circuit, write a module here with a constant ``CIRCUIT`` (`base.Exhibit`) and add its name
to `NAMES`. A module is imported when its circuit is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studies.exhibits.base import Exhibit

__all__ = ["NAMES", "published_circuit"]

NAMES = (
    "working_memory",
    "decision",
    "reduced_decision",
    "ring",
    "selective_attention",
    "normalization",
    "column",
    "facilitation",
    "attention_signatures",
)
"""Circuits in the order in which they are shown."""


def published_circuit(name: str) -> Exhibit:
    """The circuit of a name.

    Raises
    ------
    ValueError
        If there is none; names the known ones.
    """
    if name not in NAMES:
        raise ValueError(f"unknown circuit {name!r}; known are {list(NAMES)}")
    return import_module(f"studies.published.{name}").CIRCUIT
