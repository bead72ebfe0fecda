"""Files that are written whole, and never over others."""

from __future__ import annotations

from pathlib import Path

__all__ = ["refuse_to_overwrite"]


def refuse_to_overwrite(paths: list[Path]) -> None:
    """Stop before anything is written if one of the files is already there.

    Raises
    ------
    FileExistsError
        Names the files.
    """
    there = [str(path) for path in paths if path.exists()]
    if there:
        shown = ", ".join(there[:3]) + (f" and {len(there) - 3} more" if len(there) > 3 else "")
        raise FileExistsError(f"{shown}: already there; nothing was written. Choose another folder")
