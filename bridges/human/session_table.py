"""A session as one BIDS events table: trials, the stimuli that make them up, and responses if there are any.

Rows are told apart by ``event_type``: ``trial`` (conditions, windows, responses), ``stimulus`` and
``instruction`` (channel and level) and ``response`` (a press that belongs to no trial). What no row can say
(channels, responses, rules, parameters) stands in the sidecar under ``Session``, so that the session that is
read back has the content hash of the one that was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from bridges.human.events_table import column_format, events_table
from bridges.human.records import HumanRecord
from bridges.human.tables import MISSING
from bridges.responses import Responses
from bridges.session import Rule, Session
from bridges.session_checks import FIRST, SECOND, ComponentColumns

__all__ = ["SESSION_ENTRY", "no_answers", "record_of_session", "session_entry", "session_table"]

SESSION_ENTRY = "Session"
"""Name of the entry of the sidecar that tells such a table from a table of trials only."""

ANSWER_COLUMNS = ("response", "accuracy", "response_time", "omission", "response_2", "response_time_2")
ROW_KINDS = ("trial", "stimulus", "instruction", "response")
PARTS = {"T1": (FIRST, "response", "response_time"), "T2": (SECOND, "response_2", "response_time_2")}


def session_table(record: HumanRecord) -> tuple[pd.DataFrame, list[str]]:
    """One row a trial, stimulus or stray press, in the order of time.

    Returns
    -------
    tuple
        The table, without columns of responses where the record has none, and what such a table cannot hold.
    """
    table, faults = events_table(record)
    faults = faults + _unwritable(record.session)
    if faults:
        return pd.DataFrame(), faults
    if not len(record.responses.table) and not len(record.responses.stray):
        table = table.drop(columns=[name for name in ANSWER_COLUMNS if name in table])
    kind = np.where(table["trial"].to_numpy(dtype=int) < 0, "response", "trial")
    table.insert(2, "event_type", pd.Series(kind, dtype=object))
    events = record.session.events
    shown = pd.DataFrame(
        {
            "onset": events["onset_s"],
            "duration": events["duration_s"],
            "event_type": np.where(events["trial"] < 0, "instruction", "stimulus"),
            "trial": events["trial"],
            "channel": events["channel"],
            "level": events["level"],
        }
    )
    both = pd.concat([table, shown.astype(object)], ignore_index=True)
    # a trial comes before its stimuli, and stimuli keep their order
    order = np.argsort(both["onset"].to_numpy(dtype=float), kind="stable")
    return both.iloc[order].reset_index(drop=True), []


def session_entry(session: Session) -> dict[str, object]:
    """What the rows do not say: names, rules, length, parameters, and the columns of the trials."""
    return {
        "Channels": list(session.channels),
        "Responses": list(session.responses),
        "SecondResponses": list(session.second),
        "Rules": [asdict(rule) for rule in session.rules],
        "Duration": float(session.duration_s),
        "Parameters": dict(session.parameters),
        "TrialColumns": {
            str(name): column_format(session.trials, str(name)) for name in session.trials.columns
        },
    }


def record_of_session(
    cells: pd.DataFrame, entries: Mapping[str, Any], who: tuple[str, str, str], groups: Mapping[str, object]
) -> HumanRecord:
    """The record that a table and its sidecar hold.

    Parameters
    ----------
    cells
        The table as text, missing fields NaN.
    entries
        The sidecar.
    who
        Participant, and labels of session and run.
    groups
        What ``participants.tsv`` says.

    Raises
    ------
    ValueError
        If the sidecar lacks an entry, a field does not fit its column, or the session is not valid.
    """
    entry = entries[SESSION_ENTRY]
    needed = ("Channels", "Responses", "SecondResponses", "Rules", "Duration", "Parameters", "TrialColumns")
    lacking = [name for name in needed if name not in entry]
    unknown = sorted(set(cells["event_type"].dropna()) - set(ROW_KINDS))
    if lacking or unknown:
        raise ValueError(f"the sidecar's {SESSION_ENTRY} lacks {lacking}; unknown event types: {unknown}")
    kind = cells["event_type"]
    columns = {name: "onset" if name == "onset_s" else name for name in entry["TrialColumns"]}
    rows = cells[kind == "trial"]
    trials = pd.DataFrame(
        {name: _typed(rows[columns[name]], form, name) for name, form in entry["TrialColumns"].items()}
    )
    shown = cells[kind.isin(["stimulus", "instruction"])]
    forms = {
        "onset": "number",
        "duration": "number",
        "channel": "string",
        "level": "number",
        "trial": "integer",
    }
    events = pd.DataFrame({name: _typed(shown[name], form, name) for name, form in forms.items()})
    session = Session(
        task=str(entries["TaskName"]),
        events=events.rename(columns={"onset": "onset_s", "duration": "duration_s"}),
        trials=trials,
        channels=tuple(entry["Channels"]),
        responses=tuple(entry["Responses"]),
        duration_s=float(entry["Duration"]),
        parameters=entry["Parameters"],
        second=tuple(entry["SecondResponses"]),
        rules=tuple(Rule(**rule) for rule in entry["Rules"]),
    )
    return HumanRecord(*who, groups, session, _responses(session, rows, cells[kind == "response"]))


def _unwritable(session: Session) -> list[str]:
    """What would not come back: unsorted rows, and texts that a table of text cannot hold."""
    faults = [
        f"{what} must be in the order of time"
        for what, table in (("events", session.events), ("trials", session.trials))
        if (np.diff(table["onset_s"].to_numpy(dtype=float)) < 0).any()
    ]
    for name in session.trials.columns:
        if column_format(session.trials, str(name)) == "string":
            texts = {str(value) for value in session.trials[name].dropna()}
            bad = sorted(
                text for text in texts if text in MISSING or text != text.strip() or set(text) & set("\t\n\r")
            )
            faults += (
                [f"condition column {name!r} has texts that no such table can hold: {bad}"] if bad else []
            )
    return faults


def _responses(session: Session, rows: pd.DataFrame, strays: pd.DataFrame) -> Responses:
    parts = [_answers(session, rows, *PARTS[name]) for name in session.components if PARTS[name][1] in rows]
    stray = pd.DataFrame(
        {
            "time_s": [float(text) for text in strays["onset"]],
            "response": strays.get("response", pd.Series()).tolist(),
        }
    )
    if not parts:
        return Responses(no_answers(), stray)
    table = pd.concat(parts).sort_values(["row", "component"], kind="stable", ignore_index=True)
    return Responses(table.drop(columns="row"), stray)


def _answers(
    session: Session, rows: pd.DataFrame, part: ComponentColumns, response: str, time: str
) -> pd.DataFrame:
    present = session.trials[part.start].notna().to_numpy()
    return pd.DataFrame(
        {
            "row": np.flatnonzero(present),
            "trial": session.trials["trial"].to_numpy()[present],
            "component": part.name,
            "response": _typed(rows[response], "string", response)[present],
            "response_time_s": _typed(rows[time], "number", time)[present],
        }
    )


def no_answers() -> pd.DataFrame:
    """Table of the responses of nobody."""
    return pd.DataFrame(
        {
            "trial": np.empty(0, dtype=np.int64),
            "component": np.empty(0, dtype=object),
            "response": np.empty(0, dtype=object),
            "response_time_s": np.empty(0),
        }
    )


def _typed(text: pd.Series, form: str, name: str) -> np.ndarray:
    """A column of text as what its format says."""
    missing = text.isna().to_numpy()
    if form == "string":
        return np.array(
            [None if gone else value for value, gone in zip(text, missing, strict=True)], dtype=object
        )
    if form == "boolean":
        return (text == "true").to_numpy(dtype=bool)
    try:
        # Python's own conversion is exact; pandas' fast one may be off by one bit
        if form == "integer":
            return np.array([int(value) for value in text], dtype=np.int64)
        return np.array([np.nan if gone else float(value) for value, gone in zip(text, missing, strict=True)])
    except ValueError as error:
        raise ValueError(f"column {name!r} must hold {form} values: {error}") from error
