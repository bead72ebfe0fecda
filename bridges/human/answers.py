"""What was answered and what should have been: names where a table has them, else right and wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bridges.human.tables import TextTable
from bridges.human.vocabulary import PRESS, TaskWords
from bridges.session import NO_RESPONSE

__all__ = ["RIGHT", "UNCODED", "WRONG", "Answers", "read_answers"]

UNCODED = "response_given"
"""Condition column with the responses as the table has them, where they are coded as right and wrong."""

RIGHT, WRONG = "correct", "error"
"""Names of the responses where a table says whether, but not what, a person should have answered."""

TRUE_WORDS = ("1", "1.0", "true", "correct", "yes")
FALSE_WORDS = ("0", "0.0", "false", "incorrect", "wrong", "error", "no", "no_response")


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers in a table.

    Parameters
    ----------
    response
        Name of the response in each row, None where none was given.
    correct_response
        Name of the correct response in each row.
    names
        Responses that are allowed.
    uncoded
        The responses as the table has them, where `response` is coded as right and wrong; else None.
    """

    response: pd.Series
    correct_response: pd.Series
    names: tuple[str, ...]
    uncoded: pd.Series | None = None


def read_answers(
    table: TextTable,
    where: Mapping[str, str | None],
    words: TaskWords | None,
    kinds: pd.Series | None,
    response_time_s: pd.Series,
    timed: pd.Series,
    is_trial: pd.Series,
) -> tuple[Answers, list[str]]:
    """Find the answers in a table.

    Parameters
    ----------
    table, where
        The text, and which column plays which role.
    words, kinds
        Vocabulary of the task and trial type of each row, or None.
    response_time_s
        Response time of each row (s), missing where no response was given or it came too late.
    timed
        Whether the table states a response time, too late or not.
    is_trial
        False in the rows that hold a stray press.

    Returns
    -------
    tuple
        The answers and the faults.
    """
    given, faults = _given(table, where, response_time_s, timed, is_trial)
    correct, correct_faults = _correct(table, where, words, kinds, is_trial)
    faults += correct_faults
    named, answered = _names(correct[is_trial]) - {NO_RESPONSE}, _names(given)
    states_correct = where["correct_response"] is not None
    if where["accuracy"] and not states_correct and not (named and answered <= named):
        return _coded(table, where, given, correct, faults)
    if len(named) == 1 and not states_correct:
        # one key: whatever the table calls it, it is the response
        given = given.where(given.isna(), next(iter(named)))
    elif words and not states_correct:
        faults += [
            f"{table.name}: row {row}: response = {given[row]!r}, must be one of {words.responses}"
            for row in given.index[given.notna() & ~given.isin(words.responses)]
        ]
    names = named | _names(given)
    standard = words.responses if words else ()
    return Answers(given, correct, standard if names <= set(standard) else tuple(sorted(names))), faults


def _given(
    table: TextTable,
    where: Mapping[str, str | None],
    response_time_s: pd.Series,
    timed: pd.Series,
    is_trial: pd.Series,
) -> tuple[pd.Series, list[str]]:
    column = where["response"]
    if column is None:
        pressed = pd.Series([PRESS] * len(response_time_s), index=response_time_s.index).astype(object)
        return pressed.where(response_time_s.notna(), None), []
    text = table.cells[column].astype(object)
    given = text.where(text.notna() & (text != NO_RESPONSE), None)
    stated_time = table.cells[where["response_time"] or ""]
    at_odds = (given.notna() != timed) & is_trial
    faults = [
        f"{table.name}: row {row}: response = {given[row]!r} but response_time = {stated_time[row]!r}; "
        "give both or leave both empty"
        for row in given.index[at_odds]
    ]
    # a response beyond the longest allowed time counts as none
    return given.where(response_time_s.notna() | ~is_trial, None), faults


def _correct(
    table: TextTable,
    where: Mapping[str, str | None],
    words: TaskWords | None,
    kinds: pd.Series | None,
    is_trial: pd.Series,
) -> tuple[pd.Series, list[str]]:
    column = where["correct_response"]
    if column:
        text = table.cells[column].astype(object)
        return text, [
            f"{table.name}: row {row}: {column} is missing; write 'none' where the response is to withhold"
            for row in text.index[text.isna() & is_trial]
        ]
    told = [words.correct.get(kind) or None for kind in kinds] if words and kinds is not None else None
    return pd.Series(told or [None] * len(is_trial), index=is_trial.index).astype(object), []


def _coded(
    table: TextTable,
    where: Mapping[str, str | None],
    given: pd.Series,
    correct: pd.Series,
    faults: list[str],
) -> tuple[Answers, list[str]]:
    column = where["accuracy"] or ""
    text = table.cells[column].astype(str).str.lower()
    right = text.isin(TRUE_WORDS)
    unclear = ~right & ~text.isin(FALSE_WORDS) & given.notna()
    faults = faults + [
        f"{table.name}: row {row}: {column} = {table.cells[column][row]!r}, "
        "must be 1 or 0, true or false, correct or incorrect"
        for row in text.index[unclear]
    ]
    # rightly not answering means that the response was to withhold
    withheld = (correct == NO_RESPONSE) | (correct.isna() & given.isna() & right)
    outcome = pd.Series(np.where(right, RIGHT, WRONG), index=given.index).astype(object)
    should = pd.Series(np.where(withheld, NO_RESPONSE, RIGHT), index=given.index).astype(object)
    uncoded = given if where["response"] else None
    return Answers(outcome.where(given.notna(), None), should, (RIGHT, WRONG), uncoded), faults


def _names(column: pd.Series) -> set[str]:
    return {str(name) for name in column.dropna()}
