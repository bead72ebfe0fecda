"""Parameters that carry their unit and their source, and the table of them."""

from __future__ import annotations

from dataclasses import field, fields
from typing import Any

__all__ = ["parameter", "parameter_table"]


def parameter(default: Any, unit: str, source: str) -> Any:
    """A dataclass field with its unit and the work that it is from."""
    return field(default=default, metadata={"unit": unit, "source": source})


def parameter_table(parameters: Any) -> list[dict[str, object]]:
    """Rows of name, value, unit and source, one for each field of a parameter set.

    Parameters
    ----------
    parameters
        A dataclass whose fields were made with `parameter`.
    """
    return [
        {
            "parameter": one.name,
            "value": getattr(parameters, one.name),
            "unit": one.metadata.get("unit", ""),
            "source": one.metadata.get("source", ""),
        }
        for one in fields(parameters)
    ]
