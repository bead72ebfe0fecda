"""HumanRecord: what one person did in one session of one task; and how a text table becomes records.

Trials are ordered by onset; the window of a trial reaches from its onset to the next one. Where a
response came after the next onset, the window reaches past it and the next window starts there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bridges.human.answers import UNCODED
from bridges.human.checks import CheckedTable, ReadOptions, check_table
from bridges.human.tables import TextTable
from bridges.session import Responses, Session

__all__ = ["HumanRecord", "records_of"]

RESPONSE_MARGIN_S = 1e-3


@dataclass(frozen=True, eq=False)
class HumanRecord:
    """One person's run through one task.

    Parameters
    ----------
    participant_id
        As in the source, e.g. ``"sub-9001"``.
    session_label, run_label
        As in the source; empty where it has none.
    groups
        What holds for the whole record: age group, diagnosis, sleep, ...
    session
        The trials that the person saw.
    responses
        What the person did.
    """

    participant_id: str
    session_label: str
    run_label: str
    groups: Mapping[str, object]
    session: Session
    responses: Responses

    def scored(self) -> pd.DataFrame:
        """Trials with answers beside them, as `bridges.measures` takes them."""
        return self.responses.scored(self.session)


def records_of(
    table: TextTable,
    options: ReadOptions,
    identity: Mapping[str, str] | None = None,
    formats: Mapping[str, str] | None = None,
    groups: Mapping[str, Mapping[str, object]] | None = None,
) -> tuple[list[HumanRecord], list[str]]:
    """Turn one table of trials into records.

    Parameters
    ----------
    table
        The text.
    options
        Task, units and group columns, as the caller of `read_trials` gave them.
    identity
        ``participant_id``, ``session``, ``run`` where the file name gives them.
    formats
        ``"string"``, ``"integer"``, ``"number"`` or ``"boolean"`` for columns whose type is known.
    groups
        Group values that come from beside the table, by participant.

    Returns
    -------
    tuple
        The records, in the order of the source (empty if there are faults), and the faults.
    """
    checked, faults = check_table(table, options, identity or {})
    if checked is None:
        return [], faults
    is_stray = checked.frame["trial"] == -1
    strays, rows_of_trials = checked.frame[is_stray], checked.frame[~is_stray]
    kinds = {**(formats or {}), UNCODED: "string"}
    text = checked.text[~is_stray]
    conditions = {name: _typed(text[name], kinds.get(name, "")) for name in checked.condition_columns}
    frame = rows_of_trials.assign(**conditions)
    group_columns = _group_columns(frame, list(conditions), options, identity is not None)
    records = []
    for who, rows in frame.groupby(["participant_id", "session", "run"], sort=False):
        own_strays = strays[(strays[["participant_id", "session", "run"]] == list(who)).all(axis=1)]
        record, record_faults = _record(checked, rows, own_strays, group_columns, groups or {})
        faults += record_faults
        if record is not None:
            records.append(record)
    return ([], faults) if faults else (records, [])


def _group_columns(
    frame: pd.DataFrame, conditions: Sequence[str], options: ReadOptions, from_bids: bool
) -> list[str]:
    if options.group_columns is not None:
        return list(options.group_columns)
    always = [name for name in ("agent", "seed") if name in conditions]
    if from_bids:
        # BIDS keeps what holds for a person in participants.tsv, so a column here is a condition
        return always
    by_record = frame.groupby(["participant_id", "session", "run"], sort=False)
    varying = {"trial_type", "stimulus", "condition"}
    return [
        name
        for name in conditions
        if name in always
        or (name.lower() not in varying and len(by_record) < len(frame) and _constant(by_record[name]))
    ]


def _constant(column: pd.api.typing.SeriesGroupBy) -> bool:
    return bool((column.nunique(dropna=False) == 1).all())


def _record(
    checked: CheckedTable,
    rows: pd.DataFrame,
    strays: pd.DataFrame,
    group_columns: Sequence[str],
    beside: Mapping[str, Mapping[str, object]],
) -> tuple[HumanRecord | None, list[str]]:
    rows = rows.sort_values("onset", kind="stable")
    head = rows.iloc[0]
    participant, session_label, run_label = head["participant_id"], head["session"], head["run"]
    starts, stops, faults = _windows(checked, rows)
    if faults:
        return None, faults
    onset = rows["onset"].to_numpy()
    conditions = [name for name in checked.condition_columns if name not in group_columns]
    trial = rows["trial"].to_numpy()
    trials = pd.DataFrame(
        {
            "trial": np.arange(len(rows)) if np.isnan(trial).any() else trial.astype(int),
            "onset_s": onset,
            "block": _blocks(checked, rows),
            **{name: rows[name].tolist() for name in conditions},
            "correct_response": rows["correct_response"].astype(str).to_numpy(),
            "window_start_s": starts,
            "window_stop_s": stops,
        }
    )
    if checked.implied_trial_type is not None:
        trials.insert(3, "trial_type", checked.implied_trial_type)
    session = Session(
        task=checked.task,
        events=_events(trials, rows, checked),
        trials=trials,
        channels=checked.channels,
        responses=checked.responses,
        duration_s=float(stops[-1]),
        parameters={"participant_id": participant, "session": session_label, "run": run_label},
    )
    stray = pd.DataFrame({"time_s": strays["onset"].tolist(), "response": strays["response"].tolist()})
    groups = {**beside.get(participant, {}), **{name: _plain(head[name]) for name in group_columns}}
    return (
        HumanRecord(
            str(participant),
            str(session_label),
            str(run_label),
            groups,
            session,
            Responses(_answers(trials, rows), stray),
        ),
        [],
    )


def _windows(checked: CheckedTable, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Starts and stops of the response windows (s), with a fault for each response that outruns the next."""
    if rows["window_start_s"].notna().all() and rows["window_stop_s"].notna().all():
        return rows["window_start_s"].to_numpy(), rows["window_stop_s"].to_numpy(), []
    onset = rows["onset"].to_numpy()
    response = onset + rows["response_time"].fillna(0.0).to_numpy() + RESPONSE_MARGIN_S
    gaps = np.diff(onset)
    typical = float(np.median(gaps)) if gaps.size else 0.0
    last = onset[-1] + max(typical, float(rows["duration"].fillna(0.0).iloc[-1]), RESPONSE_MARGIN_S)
    stops = np.maximum(np.append(onset[1:], last), response)
    starts = np.append(onset[0], stops[:-1])
    outrun = np.flatnonzero(starts >= stops - RESPONSE_MARGIN_S / 2)
    numbers = rows.index.to_numpy()
    faults = [
        f"{checked.name}: row {numbers[i - 1]}: response_time = {rows['response_time'].iloc[i - 1]:g} s "
        f"reaches past the whole next trial (row {numbers[i]}); set longest_response_time_s "
        "to take such responses as none"
        for i in outrun
    ]
    return starts, stops, faults


def _blocks(checked: CheckedTable, rows: pd.DataFrame) -> np.ndarray:
    if rows["block"].notna().all():
        return rows["block"].to_numpy().astype(int)
    if checked.block_s is None:
        return np.zeros(len(rows), dtype=int)
    since_start = rows["onset"].to_numpy() - rows["onset"].iloc[0]
    return (since_start // checked.block_s).astype(int)


def _events(trials: pd.DataFrame, rows: pd.DataFrame, checked: CheckedTable) -> pd.DataFrame:
    until_stop = (trials["window_stop_s"] - trials["onset_s"]).to_numpy()
    stated = rows["duration"].to_numpy()
    return pd.DataFrame(
        {
            "onset_s": trials["onset_s"],
            "duration_s": np.where(np.isnan(stated), 0.0, np.minimum(stated, until_stop)),
            "channel": rows["channel"].astype(str).to_numpy(),
            "level": 1.0,
            "trial": trials["trial"],
        }
    )


def _answers(trials: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    first = pd.DataFrame(
        {
            "trial": trials["trial"].to_numpy(),
            "component": "T1",
            "response": rows["response"].to_numpy(dtype=object),
            "response_time_s": rows["response_time"].to_numpy(dtype=float),
        }
    )
    if "response_time_2" not in rows:
        return first
    second = first.assign(
        component="T2",
        response=rows["response_2"].to_numpy(dtype=object),
        response_time_s=rows["response_time_2"].to_numpy(dtype=float),
    )
    both = pd.concat([first, second]).sort_values(["trial", "component"], kind="stable")
    return both.reset_index(drop=True)


def _typed(text: pd.Series, kind: str) -> pd.Series:
    """Text as whole numbers, numbers or truth values where all of it is; else as it stands."""
    given = text.dropna()
    if kind == "string" or given.empty:
        return text
    if kind in ("", "boolean") and set(given) <= {"True", "False", "true", "false"}:
        return text.map(lambda field: field.lower() == "true", na_action="ignore")
    values = pd.to_numeric(text, errors="coerce")
    if values.isna().sum() > text.isna().sum():
        return text
    return values.astype(float) if kind == "number" else values


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value
