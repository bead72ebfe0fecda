"""BIDS folders: which files hold trials, whose they are, and what lies beside them.

Brain Imaging Data Structure: Gorgolewski et al. (2016) Scientific Data 3:160044.
doi:10.1038/sdata.2016.44
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from bridges.human.tables import read_text_table

__all__ = [
    "bids_identity",
    "bids_root",
    "entry_of",
    "is_bids_file",
    "participant_groups",
    "session_groups",
    "sidecar",
    "trial_files",
    "units_of",
]

TRIAL_FILE = re.compile(r"^sub-[A-Za-z0-9]+(_[a-z]+-[A-Za-z0-9]+)*_(events|beh)\.tsv(\.gz)?$")


def is_bids_file(path: Path) -> bool:
    """Whether the name of a file is that of a BIDS table of trials."""
    return TRIAL_FILE.match(path.name) is not None


def trial_files(folder: Path) -> list[Path]:
    """All tables of trials in a BIDS folder, sorted; ``_events`` is taken where ``_beh`` lies beside it."""
    files = [path for path in sorted(folder.rglob("sub-*.tsv*")) if is_bids_file(path)]
    names = {path.name for path in files}
    return [path for path in files if path.name.replace("_beh.", "_events.") not in names - {path.name}]


def bids_identity(path: Path) -> dict[str, str]:
    """``participant_id``, ``session``, ``run`` and, where stated, ``task`` from a BIDS file name."""
    entities = dict(part.split("-", 1) for part in path.name.split(".")[0].split("_") if "-" in part)
    found = {"participant_id": f"sub-{entities['sub']}", "session": entities.get("ses", "")}
    found["run"] = entities.get("run", "")
    if "task" in entities:
        found["task"] = entities["task"]
    return found


def bids_root(path: Path) -> Path:
    """The nearest folder above a file that describes a data set; else the file's own folder."""
    for folder in path.parents:
        if (folder / "dataset_description.json").exists() or (folder / "participants.tsv").exists():
            return folder
    return path.parent


def sidecar(path: Path) -> tuple[dict[str, Any], list[str]]:
    """What is said about a table: at the root of the data set, then beside the file.

    Returns
    -------
    tuple
        Description of each column and other entries, and the faults of files that are not JSON objects.
    """
    name = path.name.split(".")[0]
    suffix = name.rsplit("_", 1)[-1]
    task = re.search(r"task-[A-Za-z0-9]+", name)
    candidates = [bids_root(path) / f"{task.group()}_{suffix}.json"] if task else []
    candidates.append(path.with_name(f"{name}.json"))
    entries: dict[str, Any] = {}
    faults = []
    for candidate in candidates:
        if not candidate.exists():
            continue
        try:
            content = json.loads(candidate.read_text(encoding="utf-8-sig"))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            faults.append(f"{candidate.name}: not JSON: {error}")
            continue
        if isinstance(content, dict):
            entries.update(content)
        else:
            faults.append(f"{candidate.name}: must be a JSON object that describes the columns")
    return entries, faults


def participant_groups(root: Path) -> tuple[dict[str, dict[str, object]], list[str]]:
    """What ``participants.tsv`` says about each person; nothing where there is no such file."""
    path = root / "participants.tsv"
    if not path.exists():
        return {}, []
    return _by_key(path, "participant_id")


def session_groups(root: Path, participant_id: str) -> tuple[dict[str, dict[str, object]], list[str]]:
    """What ``sub-<id>_sessions.tsv`` says about each session, by the session's label."""
    path = root / participant_id / f"{participant_id}_sessions.tsv"
    if not path.exists():
        return {}, []
    found, faults = _by_key(path, "session_id")
    return {key.removeprefix("ses-"): value for key, value in found.items()}, faults


def _by_key(path: Path, key: str) -> tuple[dict[str, dict[str, object]], list[str]]:
    table, faults = read_text_table(path)
    if table is None:
        return {}, faults
    if key not in table.cells:
        return {}, [f"{path.name}: row 1: column {key!r} is missing; it has {list(table.cells.columns)}"]
    cells = table.cells
    faults = [f"{path.name}: row {row}: {key} is missing" for row in cells.index[cells[key].isna()]]
    again = cells.index[cells[key].notna() & cells[key].duplicated()]
    faults += [f"{path.name}: row {row}: {key} = {cells.loc[row, key]!r} is there twice" for row in again]
    if faults:
        return {}, faults
    rest = cells.set_index(key).apply(_numeric_where_all_is)
    return {str(name): {str(k): v for k, v in row.items()} for name, row in rest.iterrows()}, []


def _numeric_where_all_is(column: pd.Series) -> pd.Series:
    values = pd.to_numeric(column, errors="coerce")
    return column if (values.isna() & column.notna()).any() or column.isna().all() else values.astype(object)


def entry_of(entries: Mapping[str, Any], column: str | None, key: str) -> str:
    """One entry of a column's description, empty where there is none."""
    described = entries.get(column or "", {})
    return str(described.get(key, "")) if isinstance(described, dict) else ""


def units_of(entries: Mapping[str, Any], column: str | None) -> str | None:
    """``"s"`` or ``"ms"`` where a sidecar states the unit of a column, else None."""
    stated = entry_of(entries, column, "Units").strip().lower()
    return {
        "s": "s",
        "sec": "s",
        "second": "s",
        "seconds": "s",
        "ms": "ms",
        "millisecond": "ms",
        "milliseconds": "ms",
    }.get(stated)
