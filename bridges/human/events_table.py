"""The BIDS events table of a record: onset, duration, conditions, responses; stray presses as trial -1."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bridges.human.records import HumanRecord
from bridges.human.vocabulary import ALIASES, ROLES_FOR_CONDITIONS
from bridges.session import NO_RESPONSE

__all__ = ["column_format", "describe_columns", "events_table"]

FIXED = {
    "onset": ("Start of the trial, or time of a press that belongs to no trial", "s"),
    "duration": ("Time that the stimulus is shown", "s"),
    "trial": ("Number of the trial; -1 marks a press that belongs to none", ""),
    "block": ("Part of the session", ""),
    "correct_response": (f"What should be answered; '{NO_RESPONSE}': nothing", ""),
    "response": ("What was answered; n/a: nothing", ""),
    "accuracy": ("1: right, or rightly nothing; 0: wrong", ""),
    "response_time": ("From the onset of the trial to the response", "s"),
    "omission": ("1: a response was due and none was given", ""),
    "response_2": ("Second response of a trial with two", ""),
    "response_time_2": ("From the onset of the trial, or of its second component, to that response", "s"),
    "window_start_s": ("Responses from here on belong to the trial", "s"),
    "window_stop_s": ("Responses before here belong to the trial", "s"),
    "onset_t2_s": ("Start of the second component of the trial", "s"),
    "correct_response_t2": (
        f"What should be answered to it; '{NO_RESPONSE}': nothing; n/a: there is none",
        "",
    ),
    "window_start_t2_s": ("Responses to it count from here on", "s"),
    "window_stop_t2_s": ("Responses to it count before here", "s"),
    "event_type": (
        "trial; stimulus or instruction (what is shown); response (one that belongs to no trial)",
        "",
    ),
    "channel": ("Input channel on which a stimulus is shown", ""),
    "level": ("Intensity of a stimulus, from 0 to 1", ""),
    "agent": ("Who performed: human, spiking, lstm, attention", ""),
    "seed": ("Seed of a virtual participant", ""),
}
CODED = {
    "targets": "Which objects are targets: sum of 2 to the power k - 1 over the targets k = 1, 2, ...",
    "probe": "What is probed: the number of an object (mot), or the letter of the probe (ax_cpt)",
    "sample": "The sample, a character a place: a, b, ... for the colours of the task in order; - for none",
    "test": "The test, a character a place: a, b, ... for the colours of the task in order; - for none",
    "crosses": "Places with a cross: sum of 2 to the power k over places k = 0, 1, ..., row by row",
    "tones": "Pitches of the tones of a display, in order",
    "stream": "Items in the order in which they are shown",
    "t1_position": "Place of T1 in the stream; the first item is 1",
    "lag": "Items from T1 to T2; 1: the next one",
    "array": "Place of the array with the digits in the stream; the first array is 1",
    "outer_priority": "Share of attention that the instruction gives to the outer area, 0 to 1",
    "isi_set": "Number of the set of blocks that has each interval once",
    "step": "Number of the step of the pointer, from 0",
    "soa_s": "From the onset of the first stimulus or cue to that of the second or target",
    "change_probability": "Share of changes in the block",
}
"""Condition columns that hold a code, or a count whose start must be said."""

TRIAL_FRAME = ("trial", "onset_s", "block", "correct_response", "window_start_s", "window_stop_s")


def events_table(record: HumanRecord) -> tuple[pd.DataFrame, list[str]]:
    """The events table of a record, and its condition columns that no events table can hold.

    Returns
    -------
    tuple
        One row a trial or stray press in the order of time, and the faults.
    """
    trials = record.session.trials
    conditions = [name for name in trials.columns if name not in TRIAL_FRAME]
    faults = [
        f"condition column {name!r} has a meaning of its own in an events table; rename it"
        for name in conditions
        if name.lower() in _taken_names()
    ]
    answers = record.responses.table
    two = set(answers["component"]) - {"T1"}
    if two - {"T2"}:
        faults.append(f"components {sorted(two - {'T2'})} of the responses; only T1 and T2 can be written")
    if faults:
        return pd.DataFrame(), faults
    first = trials.merge(answers[answers["component"] == "T1"], on="trial", how="left")
    answered = first["response"].astype(object).where(first["response"].notna(), NO_RESPONSE)
    asked = first["correct_response"].notna()
    due = asked & (first["correct_response"] != NO_RESPONSE)
    columns = {
        "onset": first["onset_s"],
        "duration": _durations(record, first["trial"]),
        "trial": first["trial"],
        "block": first["block"],
        **{name: _as_written(first[name]) for name in conditions},
        "correct_response": first["correct_response"],
        "response": first["response"],
        "accuracy": (answered == first["correct_response"]).astype(int).astype(object).where(asked),
        "response_time": first["response_time_s"],
        "omission": (due & first["response"].isna()).astype(int).astype(object).where(asked),
    }
    if two:
        second = trials[["trial"]].merge(answers[answers["component"] == "T2"], on="trial", how="left")
        columns |= {"response_2": second["response"], "response_time_2": second["response_time_s"]}
    columns |= {"window_start_s": first["window_start_s"], "window_stop_s": first["window_stop_s"]}
    columns |= {name: record.groups[name] for name in ("agent", "seed") if name in record.groups}
    table = pd.DataFrame(columns).astype(object)
    stray = record.responses.stray
    if len(stray):
        presses = pd.DataFrame({"onset": stray["time_s"], "trial": -1, "response": stray["response"]})
        table = pd.concat([table, presses.astype(object)], ignore_index=True)
        table = table.sort_values("onset", kind="stable", ignore_index=True)
    return table, []


def describe_columns(record: HumanRecord, table: pd.DataFrame) -> dict[str, object]:
    """Sidecar of an events table: meaning, unit and format of each column, and the session it holds."""
    described: dict[str, object] = {}
    for name in table.columns:
        plain = CODED.get(str(name), f"Condition of the task {record.session.task}")
        meaning, unit = FIXED.get(str(name), (plain, _unit(str(name))))
        entry = {"Description": meaning, "Format": column_format(record.session.trials, str(name))}
        described[str(name)] = {key: value for key, value in {**entry, "Units": unit}.items() if value}
    described["TaskName"] = record.session.task
    described["SessionHash"] = record.session.content_hash
    return described


def _as_written(column: pd.Series) -> pd.Series:
    """Truth values as the standard spells them; all else as it is."""
    return column.map({True: "true", False: "false"}) if column.dtype == bool else column


def _taken_names() -> set[str]:
    return {alias for role, names in ALIASES.items() if role not in ROLES_FOR_CONDITIONS for alias in names}


def _durations(record: HumanRecord, trial: pd.Series) -> np.ndarray:
    """Length of the first event of each trial (s)."""
    events = record.session.events
    shown = events[events["trial"] >= 0].drop_duplicates("trial").set_index("trial")["duration_s"]
    return shown.reindex(trial).to_numpy(dtype=float)


def column_format(trials: pd.DataFrame, name: str) -> str:
    """``"string"``, ``"integer"``, ``"number"`` or ``"boolean"``; empty for no column of the trials."""
    if name not in trials.columns:
        return ""
    kinds = {"b": "boolean", "i": "integer", "u": "integer", "f": "number"}
    return kinds.get(np.asarray(trials[name].to_numpy()).dtype.kind, "string")


def _unit(name: str) -> str:
    ending = name.rsplit("_", 1)[-1]
    return ending if ending in ("s", "ms", "hz", "pt", "deg") else ""
