"""``python -m studies``: every study with its question and how long; ``scorecard`` gathers their runs."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

__all__ = ["find_studies"]


def find_studies(folder: Path | None = None) -> list[dict[str, str]]:
    """Studies in a folder: modules with the constants QUESTION and RUN_TIME.

    The text of a module is read and not run, so that the list appears at once.

    Parameters
    ----------
    folder
        Where to look; this package if None.

    Returns
    -------
    list of dict
        ``name``, ``question``, ``run_time`` of each, by name.
    """
    found = []
    for path in sorted((folder or Path(__file__).parent).glob("*.py")):
        constants = _constants(path)
        if {"QUESTION", "RUN_TIME"} <= set(constants):
            found.append(
                {"name": path.stem, "question": constants["QUESTION"], "run_time": constants["RUN_TIME"]}
            )
    return found


def main() -> None:
    """Print the list."""
    for study in find_studies():
        print(f"python -m studies.{study['name']}\n    {study['question']}\n    {study['run_time']}\n")
    print(
        "python -m studies scorecard [RUN_FOLDERS]\n"
        "    Gathers effects by agents from runs of these studies.\n"
    )
    print("Add --help to any of them for what can be chosen, --quick for a small run.")


def _constants(path: Path) -> dict[str, str]:
    values = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                value = ast.literal_eval(node.value)
            except ValueError:
                continue
            if isinstance(value, str):
                values[node.targets[0].id] = value
    return values


if __name__ == "__main__":
    if sys.argv[1:2] == ["scorecard"]:
        from studies.scorecards import run

        sys.exit(run(sys.argv[2:]))
    main()
