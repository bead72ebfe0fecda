"""Checks of a trial table: every column, unit and row, with all faults found before anything is built."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bridges.human.answers import UNCODED, read_answers
from bridges.human.tables import TextTable, numbers
from bridges.human.vocabulary import ALIASES, ROLES_FOR_CONDITIONS, TASKS, TaskWords, find_column, task_name

__all__ = ["CheckedTable", "ReadOptions", "check_table"]

logger = logging.getLogger(__name__)

UNITS = {"s": 1.0, "ms": 1e-3}
SLOWEST_MEDIAN_RT_S = 20.0
LONGEST_MEDIAN_GAP_S = 200.0


@dataclass(frozen=True)
class ReadOptions:
    """How the caller wants a table to be read; see `bridges.human.readers.read_trials`."""

    task: str | None = None
    response_time_unit: str | None = None
    onset_unit: str | None = None
    group_columns: tuple[str, ...] | None = None
    longest_response_time_s: float = float("inf")

    def __post_init__(self) -> None:
        for name in ("response_time_unit", "onset_unit"):
            unit = getattr(self, name)
            if unit is not None and unit not in UNITS:
                raise ValueError(f"{name} = {unit!r}, must be 's' or 'ms', or None to expect seconds")
        if not self.longest_response_time_s > 0:
            raise ValueError(f"longest_response_time_s = {self.longest_response_time_s}, must be > 0 s")


@dataclass(frozen=True, eq=False)
class CheckedTable:
    """A table without faults: typed fixed columns in `frame`, condition columns still as text."""

    name: str
    task: str
    frame: pd.DataFrame
    text: pd.DataFrame
    condition_columns: tuple[str, ...]
    channels: tuple[str, ...]
    responses: tuple[str, ...]
    implied_trial_type: str | None
    block_s: float | None


def check_table(
    table: TextTable, options: ReadOptions, identity: Mapping[str, str]
) -> tuple[CheckedTable | None, list[str]]:
    """Check a table; the checked table is None if there are faults."""
    where = {role: find_column(table.cells.columns, role) for role in ALIASES}
    task, faults = _task(table, where, options)
    faults += _missing_columns(table, where, task, identity)
    if faults:
        return None, faults
    words = TASKS.get(task)
    frame = _identity_columns(table, where, identity)
    faults += _blank(table, frame, "participant_id")
    frame["trial"], trial_faults = _whole(table, where["trial"])
    frame["block"], block_faults = _whole(table, where["block"])
    faults += trial_faults + block_faults
    is_trial = frame["trial"] != -1
    for role in ("window_start_s", "window_stop_s", "duration"):
        frame[role], role_faults = _optional_number(table, where[role])
        faults += role_faults
    faults += [
        f"{table.name}: row {row}: {where['duration']} = {frame.loc[row, 'duration']:g} is negative"
        for row in frame.index[frame["duration"] < 0]
    ]
    frame["onset"], onset_faults = _onsets(table, where["onset"] or "", options, frame)
    frame["response_time"], rt_faults = _response_times(table, where["response_time"] or "", options, frame)
    faults += onset_faults + rt_faults
    if where["response_time_2"]:
        frame["response_time_2"], second_faults = _response_times(
            table, where["response_time_2"], options, frame
        )
        frame["response_2"] = table.cells[where["response_2"]] if where["response_2"] else "press"
        frame["response_2"] = frame["response_2"].where(frame["response_time_2"].notna())
        faults += second_faults
    kinds, type_faults = _trial_types(table, where, words, task, is_trial)
    faults += type_faults + _duplicates(table, frame, is_trial)
    timed = frame["response_time"].notna()
    frame["response_time"] = frame["response_time"].where(
        frame["response_time"] <= options.longest_response_time_s
    )
    answers, answer_faults = read_answers(table, where, words, kinds, frame["response_time"], timed, is_trial)
    faults += answer_faults
    if faults:
        return None, faults
    frame["response"], frame["correct_response"] = answers.response, answers.correct_response
    frame["channel"] = kinds if kinds is not None else "stimulus"
    channels = tuple(sorted(set(frame["channel"][is_trial])))
    text = table.cells
    if kinds is not None and where["trial_type"]:
        # one name for all: measures look for it
        text = text.assign(**{where["trial_type"]: kinds}).rename(columns={where["trial_type"]: "trial_type"})
    used = {column for role, column in where.items() if role not in ROLES_FOR_CONDITIONS}
    conditions = [column for column in text.columns if column not in used]
    if answers.uncoded is not None:
        text = text.assign(**{UNCODED: answers.uncoded})
        conditions.append(UNCODED)
    implied = words.only_trial_type if words and not where["trial_type"] else None
    return CheckedTable(
        table.name,
        task,
        frame,
        text,
        tuple(conditions),
        channels,
        answers.names,
        implied,
        words.block_s if words else None,
    ), []


def _task(table: TextTable, where: Mapping[str, str | None], options: ReadOptions) -> tuple[str, list[str]]:
    known = f"known tasks: {', '.join(TASKS)}"
    column = where["task"]
    stated = sorted({task_name(text) for text in table.cells[column].dropna()}) if column else []
    if options.task is not None:
        task = task_name(options.task)
        others = [name for name in stated if name != task]
        faults = [f"{table.name}: holds trials of {others}, not of task {task!r}"] if others else []
    elif len(stated) == 1:
        task, faults = stated[0], []
    elif stated:
        return "", [f"{table.name}: holds trials of {len(stated)} tasks, {stated}; keep one task a file"]
    else:
        return "", [f"{table.name}: does not say which task it is of; pass task=... ({known})"]
    if task not in TASKS and not (where["correct_response"] or where["accuracy"]):
        faults.append(
            f"{table.name}: task {task!r} is not known, so it needs a column correct_response or accuracy "
            f"({known})"
        )
    return task, faults


def _missing_columns(
    table: TextTable, where: Mapping[str, str | None], task: str, identity: Mapping[str, str]
) -> list[str]:
    needed = ["onset", "response_time"]
    if "participant_id" not in identity:
        needed.insert(0, "participant_id")
    words = TASKS.get(task)
    if words and words.only_trial_type is None and not (where["correct_response"] or where["accuracy"]):
        if all(words.correct.values()):
            needed.append("trial_type")
        else:
            needed.append("correct_response")
    missing = [role for role in needed if where[role] is None]
    return [
        f"{table.name}: row 1: column {role!r} is missing (also understood: {', '.join(ALIASES[role][1:])}); "
        f"it has {list(table.cells.columns)}"
        for role in missing
    ]


def _identity_columns(
    table: TextTable, where: Mapping[str, str | None], identity: Mapping[str, str]
) -> pd.DataFrame:
    frame = pd.DataFrame(index=table.cells.index)
    for role in ("participant_id", "session", "run"):
        column = where[role]
        if role in identity:
            frame[role] = identity[role]
        elif column:
            frame[role] = table.cells[column] if role == "participant_id" else table.cells[column].fillna("")
        else:
            frame[role] = ""
    return frame


def _blank(table: TextTable, frame: pd.DataFrame, column: str) -> list[str]:
    return [f"{table.name}: row {row}: {column} is missing" for row in frame.index[frame[column].isna()]]


def _optional_number(table: TextTable, column: str | None) -> tuple[pd.Series, list[str]]:
    if column is None:
        return pd.Series(np.nan, index=table.cells.index), []
    return numbers(table, column)


def _whole(table: TextTable, column: str | None) -> tuple[pd.Series, list[str]]:
    values, faults = _optional_number(table, column)
    broken = values.notna() & (values != values.round())
    faults += [
        f"{table.name}: row {row}: {column} = {values[row]:g} is not a whole number"
        for row in values.index[broken]
    ]
    return values, faults


def _onsets(
    table: TextTable, column: str, options: ReadOptions, frame: pd.DataFrame
) -> tuple[pd.Series, list[str]]:
    values, faults = numbers(table, column, "a number of seconds")
    absent = table.cells[column].isna()
    faults += [
        f"{table.name}: row {row}: {column} is missing; every trial has an onset"
        for row in values.index[absent]
    ]
    faults += [
        f"{table.name}: row {row}: {column} = {values[row]:g} is negative; "
        "times count from the start of the session"
        for row in values.index[values < 0]
    ]
    unit = options.onset_unit or ("ms" if column.lower().endswith("_ms") else None)
    gap = values.groupby([frame[name] for name in ("participant_id", "session", "run")]).diff().median()
    if unit is None and gap > LONGEST_MEDIAN_GAP_S:
        faults.append(
            f"{table.name}: {column} looks like milliseconds (median {gap:.0f} from trial to trial): "
            "divide by 1000 or pass onset_unit='ms'"
        )
    return values * UNITS[unit or "s"], faults


def _response_times(
    table: TextTable, column: str, options: ReadOptions, frame: pd.DataFrame
) -> tuple[pd.Series, list[str]]:
    values, faults = numbers(table, column, "a number of seconds")
    unit = options.response_time_unit or ("ms" if column.lower().endswith("_ms") else None)
    median = values.median()
    if unit is None and median > SLOWEST_MEDIAN_RT_S:
        faults.append(
            f"{table.name}: {column} looks like milliseconds (median {median:.0f}): "
            "divide by 1000 or pass response_time_unit='ms'"
        )
    # windows that a table states may open before the onset: anticipations are then below zero
    earliest = (frame["window_start_s"] - frame["onset"]).clip(upper=0.0)
    seconds = values * UNITS[unit or "s"]
    before = (seconds < 0) & ~(seconds >= earliest)
    faults += [
        f"{table.name}: row {row}: {column} = {values[row]:g} is negative; "
        "leave it empty where no response was given"
        for row in values.index[before]
    ]
    # nobody answers in no time: several programs write 0 where no response was given
    zero = (seconds == 0) & earliest.isna()
    if zero.any():
        logger.warning("%s: %s is 0 in %d rows, taken as no response", table.name, column, zero.sum())
    return seconds.mask(zero), faults


def _trial_types(
    table: TextTable,
    where: Mapping[str, str | None],
    words: TaskWords | None,
    task: str,
    is_trial: pd.Series,
) -> tuple[pd.Series | None, list[str]]:
    column = where["trial_type"]
    if words is None:
        return None, []
    if column is None:
        only = words.only_trial_type
        return (pd.Series(only, index=table.cells.index), []) if only else (None, [])
    text = table.cells[column]
    if where["accuracy"]:
        # some tables write the outcome behind the trial type: congruent_correct
        text = text.str.replace(r"_(?:correct|incorrect)$", "", regex=True)
    spelled = text.map(words.trial_type, na_action="ignore").astype(object)
    unknown = spelled.isna() & is_trial
    faults = [
        f"{table.name}: row {row}: {column} = {text[row]!r} is not a trial type of {task}; "
        f"it has {', '.join(words.correct)}"
        for row in text.index[unknown]
    ]
    return spelled, faults


def _duplicates(table: TextTable, frame: pd.DataFrame, is_trial: pd.Series) -> list[str]:
    who = ["participant_id", "session", "run"]
    faults = []
    for column in ("onset", "trial"):
        known = frame[is_trial & frame[column].notna()]
        again = known.duplicated([*who, column])
        first = known.drop_duplicates([*who, column]).reset_index().set_index([*who, column])["index"]
        for row in known.index[again]:
            key = tuple(frame.loc[row, [*who, column]])
            faults.append(
                f"{table.name}: row {row}: a trial is there twice, with the same {column} "
                f"({frame.loc[row, column]:g}) as row {first[key]} of {frame.loc[row, 'participant_id']}"
            )
    return faults
