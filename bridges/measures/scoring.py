"""The same score for everyone: every scalar measure of a session, and its course over blocks."""

from __future__ import annotations

import math

import pandas as pd

from bridges.measures.behaviour import Outcomes, count_outcomes
from bridges.measures.catalogue import UNITS
from bridges.measures.response_time import (
    count_false_starts,
    count_lapses,
    describe_times,
    is_timed,
    post_error_slowing,
    pre_error_speeding,
)
from bridges.measures.time_on_task import change_between_thirds, slopes
from bridges.session import Responses, Session

__all__ = ["block_curve", "measure"]

DETECTION = ("d_prime", "criterion", "d_prime_change", "criterion_change")


def measure(session: Session, responses: Responses) -> dict[str, float]:
    """Score one session of one participant.

    Parameters
    ----------
    session
        The session that was performed.
    responses
        What the participant did. Of two responses to a trial the first component ("T1") counts;
        trials that are not in its table were not performed and count as nothing.

    Returns
    -------
    dict
        Every measure of `CATALOGUE` by name, in its order; NaN where it is undefined, as
        commissions are in a task without no-go trials, and sensitivity and criterion of someone who
        never responds.

    Examples
    --------
    A participant that presses 300 ms after every stimulus of a go/no-go task:

    >>> from bridges.tasks import SART
    >>> session = SART().session(seed=1)
    >>> times_s = session.trials["onset_s"] + 0.3
    >>> scores = measure(session, Responses.from_presses(session, times_s, ["press"] * 225))
    >>> scores["commissions"], round(scores["rt_mean_ms"])
    (25.0, 300)
    """
    scored = _performed(session, responses)
    outcomes = count_outcomes(scored)
    lapses = count_lapses(scored)
    values = {
        "n_go": outcomes.n_go,
        "n_no_go": outcomes.n_no_go,
        **_counts(outcomes),
        "accuracy": outcomes.accuracy,
        "hit_rate": outcomes.hit_rate,
        "omission_rate": outcomes.omission_rate,
        "commission_rate": outcomes.commission_rate,
        "d_prime": outcomes.d_prime,
        "criterion": outcomes.criterion,
        **describe_times(scored["response_time_s"].to_numpy(dtype=float)[is_timed(scored)]),
        "lapses": lapses if outcomes.n_go else math.nan,
        "lapse_rate": lapses / outcomes.n_go if outcomes.n_go else math.nan,
        "false_starts": count_false_starts(session, responses),
        **slopes(scored),
        **change_between_thirds(scored),
        "pre_error_speeding_ms": pre_error_speeding(scored),
        "post_error_slowing_ms": post_error_slowing(scored),
    }
    if not _responded(scored):
        values |= dict.fromkeys(DETECTION, math.nan)
    return {name: float(values[name]) for name in UNITS}


def block_curve(session: Session, responses: Responses, by: str = "block") -> pd.DataFrame:
    """Course of the main measures over the blocks of a session.

    Parameters
    ----------
    session
        The session that was performed.
    responses
        What the participant did; see `measure`.
    by
        Column of the trials to group by: ``"block"`` for time on task, or a condition.

    Returns
    -------
    DataFrame
        One row a block: `by`, ``time_min`` (mean onset of its trials, min from the start of the
        session), ``n_go``, ``n_no_go``, ``hit_rate``, ``omission_rate``, ``commission_rate``,
        ``d_prime``, ``criterion``, ``rt_mean_ms``, ``rt_cv``, ``lapse_rate``.

    Raises
    ------
    ValueError
        If the trials have no column `by`.
    """
    if by not in session.trials.columns:
        raise ValueError(f"by = {by!r} is no column of the trials; they have {list(session.trials.columns)}")
    scored = _performed(session, responses)
    curve = pd.DataFrame([{by: value, **_block(part)} for value, part in scored.groupby(by, sort=True)])
    if not _responded(scored):
        curve[list(DETECTION[:2])] = math.nan
    return curve


def _responded(scored: pd.DataFrame) -> bool:
    """Whether there is a response at all; if not, corrected rates would tell the numbers of trials only."""
    return bool(scored["response"].notna().any())


def _performed(session: Session, responses: Responses) -> pd.DataFrame:
    scored = responses.scored(session)
    first = scored["component"].to_numpy(dtype=object) == "T1"
    return scored[first].reset_index(drop=True)


def _counts(outcomes: Outcomes) -> dict[str, float]:
    """Counts, missing where there was no trial that could have made one."""
    go = ("hits", "misses", "omissions")
    no_go = ("commissions", "correct_rejections")
    counts = {name: getattr(outcomes, name) if outcomes.n_go else math.nan for name in go}
    return counts | {name: getattr(outcomes, name) if outcomes.n_no_go else math.nan for name in no_go}


def _block(scored: pd.DataFrame) -> dict[str, float]:
    outcomes = count_outcomes(scored)
    times = describe_times(scored["response_time_s"].to_numpy(dtype=float)[is_timed(scored)])
    return {
        "time_min": float(scored["onset_s"].mean()) / 60.0,
        "n_go": outcomes.n_go,
        "n_no_go": outcomes.n_no_go,
        "hit_rate": outcomes.hit_rate,
        "omission_rate": outcomes.omission_rate,
        "commission_rate": outcomes.commission_rate,
        "d_prime": outcomes.d_prime,
        "criterion": outcomes.criterion,
        "rt_mean_ms": times["rt_mean_ms"],
        "rt_cv": times["rt_cv"],
        "lapse_rate": count_lapses(scored) / outcomes.n_go if outcomes.n_go else math.nan,
    }
