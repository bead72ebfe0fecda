"""Task: a frozen set of parameters that makes sessions."""

from __future__ import annotations

from dataclasses import Field, field, fields
from typing import Any, Protocol, runtime_checkable

from bridges.session import Session

__all__ = ["Task", "parameter", "parameter_table"]


@runtime_checkable
class Task(Protocol):
    """A frozen dataclass with the published form of a task as its defaults."""

    @property
    def name(self) -> str:
        """Short name, as on the command line: ``"sart"``."""
        ...

    def session(self, seed: int) -> Session:
        """Make one session; the same seed gives the same bytes on every machine."""
        ...


def parameter(default: Any, unit: str, source: str) -> Any:
    """A dataclass field that carries its unit and its source."""
    return field(default=default, metadata={"unit": unit, "source": source})


def parameter_table(task: Any) -> list[dict[str, object]]:
    """Rows of name, value, unit and source for every parameter: the task's methods table."""
    return [_row(task, f) for f in fields(task)]


def _row(task: Any, f: Field) -> dict[str, object]:
    return {
        "parameter": f.name,
        "value": getattr(task, f.name),
        "unit": f.metadata.get("unit", ""),
        "source": f.metadata.get("source", ""),
    }
