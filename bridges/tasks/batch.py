"""SessionBatch: many sessions of one task in one pair of long tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import overload

import numpy as np
import pandas as pd

from bridges.session import Rule, Session
from bridges.session_checks import Vocabulary, table_faults, vocabulary_faults

__all__ = ["SessionBatch"]


class SessionBatch(Sequence[Session]):
    """Sessions of one task, kept as one long table of events and one of trials.

    ``batch[i]`` is the same session, byte for byte, as ``task.session(batch.seeds[i])``. Texts are
    categorical in the long tables and plain in the tables of a single session.

    Parameters
    ----------
    task
        Name of the task.
    events, trials
        Tables of all sessions, as in `Session`, with a leading column ``session`` (0, 1, ...).
    channels, responses, second, rules
        As in `Session`.
    duration_s
        Length of each session (s), shape (session,).
    parameters
        Parameters of the task, without seed.
    seeds
        Seed of each session.

    Raises
    ------
    ValueError
        Lists every fault of the tables with its session and row.

    Examples
    --------
    >>> from bridges.tasks import SART
    >>> batch = SART().sessions(3, seed=1)
    >>> len(batch), len(batch.trials), batch[2].n_trials
    (3, 675, 225)
    >>> batch[2].content_hash == SART().session(batch.seeds[2]).content_hash
    True
    """

    def __init__(
        self,
        task: str,
        events: pd.DataFrame,
        trials: pd.DataFrame,
        channels: tuple[str, ...],
        responses: tuple[str, ...],
        duration_s: np.ndarray,
        parameters: Mapping[str, object],
        seeds: tuple[int, ...],
        second: tuple[str, ...] = (),
        rules: tuple[Rule, ...] = (),
    ) -> None:
        words = Vocabulary(channels, responses, second, rules)
        event_session, trial_session = events["session"].to_numpy(), trials["session"].to_numpy()
        faults = vocabulary_faults(words)
        faults += table_faults(events, trials, words, duration_s, event_session, trial_session)
        if faults:
            raise ValueError(f"sessions of task {task!r} are not valid:\n  " + "\n  ".join(faults))
        self.task, self.parameters, self.seeds = task, dict(parameters), seeds
        self.events, self.trials, self.duration_s = events, trials, duration_s
        self.channels, self.responses, self.second, self.rules = channels, responses, second, rules
        numbers = np.arange(len(seeds) + 1)
        self._event_rows = np.searchsorted(event_session, numbers)
        self._trial_rows = np.searchsorted(trial_session, numbers)

    def __len__(self) -> int:
        """Number of sessions."""
        return len(self.seeds)

    def __iter__(self) -> Iterator[Session]:
        """The sessions one after another."""
        return (self._session(k) for k in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> Session: ...

    @overload
    def __getitem__(self, index: slice) -> list[Session]: ...

    def __getitem__(self, index: int | slice) -> Session | list[Session]:
        """One session, or those of a slice."""
        if isinstance(index, slice):
            return [self._session(k) for k in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"session {index} of a batch of {len(self)}")
        return self._session(index % len(self))

    def __repr__(self) -> str:
        return f"SessionBatch({self.task}: {len(self)} sessions, {len(self.trials)} trials)"

    def _session(self, k: int) -> Session:
        return Session.already_checked(
            task=self.task,
            events=_own_rows(self.events, self._event_rows[k], self._event_rows[k + 1]),
            trials=_own_rows(self.trials, self._trial_rows[k], self._trial_rows[k + 1]),
            channels=self.channels,
            responses=self.responses,
            duration_s=float(self.duration_s[k]),
            parameters={**self.parameters, "seed": self.seeds[k]},
            second=self.second,
            rules=self.rules,
        )


def _own_rows(table: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    """The rows of one session with plain texts, and without the column that numbers sessions."""
    columns = {}
    for name in table.columns[1:]:
        values = table[name].array[first:last]
        if isinstance(values, pd.Categorical):
            names = np.array([*values.categories, None], dtype=object)
            columns[name] = names[values.codes]
        else:
            columns[name] = np.array(values)
    return pd.DataFrame(columns)
