"""Responses: what a participant did in a session, press by press, given to trials and components."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bridges.session_checks import FIRST, NO_RESPONSE, SECOND, ComponentColumns, RowFaults, missing_columns

if TYPE_CHECKING:
    from bridges.session import Session

__all__ = ["Responses"]

RESPONSE_COLUMNS = ("trial", "component", "response", "response_time_s")


@dataclass(frozen=True, eq=False)
class Responses:
    """What a participant did: one row a trial and component.

    Parameters
    ----------
    table
        ``trial``, ``component`` (``"T1"``, ``"T2"``; ``"T1"`` where there is only one),
        ``response`` (a name, missing where none was given), ``response_time_s`` (s from the onset of
        the component, which is that of the trial for ``"T1"``; missing where none was given).
    stray
        Presses that fall into no window of their component or come second in it: ``time_s`` (s from
        the start of the session), ``response``. Kept because false starts are data.

    Raises
    ------
    ValueError
        Lists every fault of the table with its row.
    """

    table: pd.DataFrame
    stray: pd.DataFrame = field(default_factory=lambda: _no_presses())

    def __post_init__(self) -> None:
        faults = missing_columns("responses", self.table, RESPONSE_COLUMNS)
        if not faults:
            t = self.table
            lone = t["response"].isna() != t["response_time_s"].isna()
            rows = RowFaults("responses", t)
            faults += rows.bad(lone, "response_time_s", "missing exactly where response is")
            faults += rows.bad(t.duplicated(["trial", "component"]), "trial", "unique with its component")
        if faults:
            raise ValueError("responses are not valid:\n  " + "\n  ".join(faults))

    @classmethod
    def from_presses(
        cls, session: Session, times_s: Sequence[float] | np.ndarray, responses: Sequence[str]
    ) -> Responses:
        """Give each press to the trial in whose window it falls; the first press in a window counts.

        Where trials have two responses, the name of a press tells which of the two it answers.

        Parameters
        ----------
        session
            The session that was performed.
        times_s
            Times of the presses (s from the start of the session), any order.
        responses
            Name of the response for each press.

        Raises
        ------
        ValueError
            If the lists differ in length, a time is not finite, or a name is not one of the session's.
        """
        times, names = _checked_presses(session, times_s, responses)
        stray = np.ones(times.size, dtype=bool)
        answers = []
        for part in _parts(session):
            own = np.flatnonzero(np.isin(names, session.components[part.name]))
            answered, used = _answers(session, part, times[own], names[own])
            answers.append(answered)
            stray[own[used]] = False
        table = pd.concat(answers).sort_values(["row", "component"], kind="stable", ignore_index=True)
        return cls(
            table.drop(columns="row"), pd.DataFrame({"time_s": times[stray], "response": names[stray]})
        )

    def scored(self, session: Session) -> pd.DataFrame:
        """Trials of the session with the answers beside them; the input of every measure.

        Returns
        -------
        DataFrame
            One row a trial, or a trial and component where trials have two responses. All columns of
            ``session.trials``, plus ``component``, ``response``, ``response_time_s`` and ``correct``
            (bool: the right response, or rightly none). With two responses ``onset_s``,
            ``correct_response`` and the window are those of the component, so that measures need not
            know which it is, and components that were not performed have no row.
        """
        if session.second:
            parts = [_component_trials(session, part) for part in _parts(session)]
            trials = pd.concat(parts).sort_values(["_row", "component"], kind="stable")
            table = trials.drop(columns="_row").merge(self.table, on=["trial", "component"], how="inner")
        else:
            table = session.trials.merge(self.table, on="trial", how="left", validate="one_to_many")
        answered = table["response"].astype(object).where(table["response"].notna(), NO_RESPONSE)
        table["correct"] = answered == table["correct_response"]
        return table


def _no_presses() -> pd.DataFrame:
    return pd.DataFrame({"time_s": np.empty(0), "response": np.empty(0, dtype=object)})


def _parts(session: Session) -> tuple[ComponentColumns, ...]:
    return (FIRST, SECOND) if session.second else (FIRST,)


def _checked_presses(
    session: Session, times_s: Sequence[float] | np.ndarray, responses: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Presses in the order of time."""
    times = np.asarray(times_s, dtype=float)
    names = np.asarray(responses, dtype=object)
    if times.shape != names.shape:
        raise ValueError(f"{times.size} press times but {names.size} response names; give one name per time")
    if not np.isfinite(times).all():
        raise ValueError("press times must be finite; leave out what was not pressed")
    unknown = sorted(set(names) - set(session.responses))
    if unknown:
        raise ValueError(f"unknown responses {unknown}; the session allows {session.responses}")
    order = np.argsort(times, kind="stable")
    return times[order], names[order]


def _answers(
    session: Session, part: ComponentColumns, times: np.ndarray, names: np.ndarray
) -> tuple[pd.DataFrame, np.ndarray]:
    """The answer to each trial that has the component, and which of its presses were answers."""
    trials = session.trials
    present = np.flatnonzero(trials[part.start].notna().to_numpy())
    starts = trials[part.start].to_numpy(dtype=float)[present]
    stops = trials[part.stop].to_numpy(dtype=float)[present]
    row = np.searchsorted(starts, times, side="right") - 1
    inside = (row >= 0) & (times < np.append(stops, -np.inf)[row])
    rows, where = np.unique(row[inside], return_index=True)
    used = np.flatnonzero(inside)[where]
    given = np.full(present.size, None, dtype=object)
    response_time_s = np.full(present.size, np.nan)
    given[rows] = names[used]
    response_time_s[rows] = times[used] - trials[part.onset].to_numpy(dtype=float)[present][rows]
    table = pd.DataFrame(
        {
            "row": present,
            "trial": trials["trial"].to_numpy()[present],
            "component": part.name,
            "response": given,
            "response_time_s": response_time_s,
        }
    )
    return table, used


def _component_trials(session: Session, part: ComponentColumns) -> pd.DataFrame:
    """The trials that have a component, its times and correct response under the names of the first."""
    trials = session.trials
    own = {
        plain: trials[name]
        for plain, name in zip(
            (FIRST.onset, FIRST.correct, FIRST.start, FIRST.stop),
            (part.onset, part.correct, part.start, part.stop),
            strict=True,
        )
    }
    table = trials.assign(**own, component=part.name, _row=np.arange(len(trials)))
    table = table.drop(columns=[SECOND.onset, SECOND.correct, SECOND.start, SECOND.stop])
    return table[table[FIRST.start].notna()]
