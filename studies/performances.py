"""Store of finished performances: one small file a participant, checked when it is read back.

Numbers are written with every digit, so a resumed run computes on the same values as an unbroken one.
A file that is truncated, altered or belongs to another session is not trusted: it counts as not done.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bridges.session import Responses
from studies.run_folder import write_atomically

__all__ = ["PerformanceKey", "PerformanceStore"]

FORMAT = 1
TABLE_COLUMNS = ("trial", "component", "response", "response_time_s")
STRAY_COLUMNS = ("time_s", "response")


@dataclass(frozen=True)
class PerformanceKey:
    """What a stored performance answers to; any difference means that it has to be done again.

    Parameters
    ----------
    task, agent
        Names.
    participant
        Number from 0.
    session_hash
        Content hash of the session that was performed.
    made_by
        Digest of what performs: the agent's definition, its seed and its calibration.
    """

    task: str
    agent: str
    participant: int
    session_hash: str
    made_by: str

    @property
    def record(self) -> dict[str, object]:
        """The key as it stands in the file."""
        return {
            name: getattr(self, name) for name in ("task", "agent", "participant", "session_hash", "made_by")
        }


@dataclass(frozen=True)
class PerformanceStore:
    """Folder of finished performances, ``<root>/<task>/<agent>/participant-NNN.json``."""

    root: Path

    def path(self, key: PerformanceKey) -> Path:
        """File of one participant."""
        return self.root / key.task / key.agent / f"participant-{key.participant:03d}.json"

    def save(self, key: PerformanceKey, responses: Responses) -> None:
        """Store one participant's answers, whole or not at all."""
        content = {
            "format": FORMAT,
            **key.record,
            "responses": _columns(responses.table, TABLE_COLUMNS),
            "stray": _columns(responses.stray, STRAY_COLUMNS),
        }
        write_atomically(self.path(key), json.dumps({**content, "digest": _digest(content)}) + "\n")

    def load(self, key: PerformanceKey) -> Responses | None:
        """Answers of a participant, or None where there are none that can be trusted."""
        try:
            content = json.loads(self.path(key).read_text(encoding="utf-8"))
            digest = content.pop("digest")
            intact = digest == _digest(content) and content["format"] == FORMAT
            if not intact or any(content[name] != value for name, value in key.record.items()):
                return None
            return Responses(
                _table(content["responses"], ("response_time_s",)), _table(content["stray"], ("time_s",))
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None


def _columns(table: pd.DataFrame, names: tuple[str, ...]) -> dict[str, list[object]]:
    return {name: [_plain(value) for value in table[name].tolist()] for name in names}


def _plain(value: object) -> object:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value


def _table(columns: dict[str, list[object]], numbers: tuple[str, ...]) -> pd.DataFrame:
    table = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    for name in numbers:
        table[name] = table[name].astype(float)
    if "trial" in table:
        table["trial"] = table["trial"].astype("int64")
    return table


def _digest(content: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
