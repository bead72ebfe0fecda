"""Sessions as NumPy arrays: what a network gets at every step, and what it should say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bridges.encoding import RateCode, levels, noisy, step_count
from bridges.exports.files import refuse_to_overwrite
from bridges.labels import classes, labels
from bridges.session import Session
from bridges.tasks.batch import SessionBatch

__all__ = ["SessionArrays", "session_arrays"]


@dataclass(frozen=True, eq=False)
class SessionArrays:
    """Sessions of one task at a fixed step.

    Parameters
    ----------
    inputs
        Level of every channel, float32, shape (session, time, channel).
    targets
        Class asked for at every step, int64, shape (session, time), or (session, time, component) where
        trials have two responses.
    mask
        Whether a step counts, bool, the shape of `targets`; false after the end of shorter sessions.
    trials
        The trials of all sessions, with a leading column ``session``.
    channels
        Names along the last axis of `inputs`.
    classes
        Names of the classes of each component.
    dt_s
        Step (s).
    """

    inputs: np.ndarray
    targets: np.ndarray
    mask: np.ndarray
    trials: pd.DataFrame
    channels: tuple[str, ...]
    classes: dict[str, tuple[str, ...]]
    dt_s: float

    def save(self, folder: str | Path) -> list[Path]:
        """Write ``arrays.npz`` (no pickled objects) and ``trials.tsv`` into a folder.

        Raises
        ------
        FileExistsError
            If one of them is already there.
        """
        folder = Path(folder)
        paths = [folder / "arrays.npz", folder / "trials.tsv"]
        refuse_to_overwrite(paths)
        folder.mkdir(parents=True, exist_ok=True)
        with paths[0].open("wb") as file:
            np.savez_compressed(
                file,
                inputs=self.inputs,
                targets=self.targets,
                mask=self.mask,
                channels=np.array(self.channels),
                classes_t1=np.array(self.classes["T1"]),
                classes_t2=np.array(self.classes.get("T2", ()), dtype=str),
                dt_s=np.array(self.dt_s),
            )
        self.trials.to_csv(paths[1], sep="\t", index=False, na_rep="n/a", lineterminator="\n")
        return paths


def session_arrays(
    sessions: Sequence[Session],
    dt_s: float = 0.02,
    *,
    deadline_s: float = 0.6,
    grace_s: float = 0.2,
    code: RateCode | None = None,
    rng: np.random.Generator | None = None,
) -> SessionArrays:
    """Sessions of one task as arrays.

    Parameters
    ----------
    sessions
        Sessions with the same channels and responses, such as a `SessionBatch`.
    dt_s
        Step (s).
    deadline_s, grace_s
        How long a response is asked for, and how long after that anything will do (s); see `labels`.
    code, rng
        Rate code whose noise the levels carry, and where it comes from; None for both: no noise.

    Raises
    ------
    ValueError
        If there are no sessions, they differ in channels or responses, the step is not above zero, or only
        one of `code` and `rng` is given.

    Examples
    --------
    >>> from bridges.tasks import SART
    >>> made = session_arrays(SART(trials_per_digit=2).sessions(3, seed=1))
    >>> made.inputs.shape, made.targets.shape, made.classes
    ((3, 1160, 3), (3, 1160), {'T1': ('press', 'none')})
    """
    if not sessions:
        raise ValueError("there are no sessions")
    if (code is None) != (rng is None):
        raise ValueError("noise needs both: code, the rate code, and rng, the generator")
    made = list(sessions)  # a batch makes its sessions anew each time they are asked for
    first = made[0]
    for number, session in enumerate(made):
        if (session.channels, session.components) != (first.channels, first.components):
            raise ValueError(f"session {number} has other channels or responses than session 0: {session!r}")
    n_steps = max(step_count(session.duration_s, dt_s) for session in made)
    shape = (len(made), n_steps)
    parts = classes(first)
    none = np.array([len(names) - 1 for names in parts.values()], dtype=np.int64)
    inputs = np.zeros((*shape, len(first.channels)), dtype=np.float32)
    targets = np.broadcast_to(none, (*shape, none.size)).copy()
    mask = np.zeros(targets.shape, dtype=bool)
    for k, session in enumerate(made):
        level = levels(session, dt_s)
        shown = level if code is None or rng is None else noisy(level, dt_s, rng, code)
        target, counts = labels(session, dt_s, deadline_s, grace_s)
        inputs[k, : len(level)] = shown
        targets[k, : len(level)] = target.reshape(len(level), -1)
        mask[k, : len(level)] = counts.reshape(len(level), -1)
    if none.size == 1:
        targets, mask = targets[..., 0], mask[..., 0]
    return SessionArrays(inputs, targets, mask, _trials(sessions), first.channels, parts, dt_s)


def _trials(sessions: Sequence[Session]) -> pd.DataFrame:
    if isinstance(sessions, SessionBatch):
        return sessions.trials
    tables = [session.trials.assign(session=k) for k, session in enumerate(sessions)]
    long = pd.concat(tables, ignore_index=True)
    return long[["session", *long.columns.drop("session")]]
