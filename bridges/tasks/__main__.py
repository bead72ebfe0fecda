"""``python -m bridges.tasks [NAME ...]``: every task, what it holds, and its parameters with sources."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence
from typing import Any

from bridges.tasks import TASKS
from bridges.tasks.base import parameter_table

__all__ = ["describe", "main"]

WIDTH = 110
USAGE = f"""usage: python -m bridges.tasks [NAME ...]

Tells of each task what a session holds, its channels and responses, and every parameter with unit and source.
Without a name: of all. Names: {", ".join(TASKS)}.
"""


def describe(name: str, task: Any) -> str:
    """The task as text: first lines of its description, summary, rules and parameter table."""
    doc = (type(task).__doc__ or "").strip().split("\n\n")
    lines = [name, *_wrapped(doc[0], "  "), "", *_wrapped(task.summary(), "  ")]
    lines += _wrapped(task.practice().summary(), "  practice: ")
    lines += _wrapped(", ".join(task.channels), "  channels: ")
    lines += _wrapped(", ".join(task.responses), "  responses: ")
    rows = parameter_table(task)
    names = max(len(str(row["parameter"])) for row in rows)
    values = [_value(row) for row in rows]
    column = min(max(len(value) for value in values), 44)
    lines.append("")
    for row, value in zip(rows, values, strict=True):
        start = f"  {row['parameter']!s:<{names}}  {value:<{column}}  "
        indent = " " * min(len(start), 4 + names + column + 2)
        lines += textwrap.wrap(
            start + str(row["source"]), WIDTH, subsequent_indent=indent, drop_whitespace=True
        )
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """Write the named tasks, or all, to standard output."""
    if {"-h", "--help"} & set(arguments):
        sys.stdout.write(USAGE)
        return 0
    unknown = [name for name in arguments if name not in TASKS]
    if unknown:
        sys.stderr.write(f"error: tasks {unknown} are unknown; known are {', '.join(TASKS)}\n")
        return 2
    texts = [describe(name, TASKS[name]()) for name in arguments or TASKS]
    sys.stdout.write("\n\n".join(texts) + "\n")
    return 0


def _value(row: dict[str, object]) -> str:
    value = row["value"]
    text = ", ".join(str(v) for v in value) if isinstance(value, tuple) else str(value)
    return f"{text} {row['unit']}".strip()


def _wrapped(text: str, start: str) -> list[str]:
    plain = " ".join(text.split())
    return textwrap.wrap(plain, WIDTH, initial_indent=start, subsequent_indent=" " * len(start))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
