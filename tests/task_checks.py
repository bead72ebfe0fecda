"""What must hold of every task and every session, and spike counts for simulated ideal observers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bridges.encoding import RateCode, levels
from bridges.session import Session
from bridges.tasks.base import Task, parameter_table


def spread(counts) -> int:
    """How far apart the largest and the smallest of some numbers are."""
    return max(counts) - min(counts)


def assert_is_task(task: Task, seed: int = 3) -> Session:
    """Whatever its kind: sessions agree with the declarations, and batches with sessions."""
    session = task.session(seed)
    assert session.task == task.name
    assert session.n_trials == task.n_trials
    assert session.channels == task.channels
    assert set(session.events["channel"]) <= set(task.channels)
    assert all(row["source"] for row in parameter_table(task))
    used = {rule.stimulus for rule in task.rules} | {rule.goal for rule in task.rules if rule.goal}
    assert used == set(task.channels)
    assert {rule.response for rule in task.rules} - {"none"} == set(task.responses)
    assert np.all(np.diff(session.events["onset_s"]) >= 0)
    assert np.all(np.diff(session.trials["block"]) >= 0)
    said = float(task.summary().rsplit(" ", 2)[-2])
    assert said == pytest.approx(session.duration_s, rel=0.03 if "about" in task.summary() else 1e-4)
    return session


def assert_batch_holds_sessions(task: Task) -> None:
    """A session of a batch has the bytes of the session that is made alone."""
    batch = task.sessions(3, seed=8)
    for k in (0, 2):
        assert batch[k].content_hash == task.session(batch.seeds[k]).content_hash
    assert len({session.content_hash for session in batch}) == 3
    pd.testing.assert_frame_equal(batch.trials, task.sessions(3, seed=8).trials)


def counts(
    session: Session,
    starts_s: np.ndarray,
    stops_s: np.ndarray,
    dt_s: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Spike counts of every channel in a stretch of each trial, both ends on steps of `dt_s`.

    Shape (trial, channel).
    """
    code = RateCode()
    level = levels(session, dt_s)
    total = np.concatenate([np.zeros((1, level.shape[1])), np.cumsum(level, axis=0)]) * dt_s
    first, last = (np.rint(np.asarray(t) / dt_s).astype(int) for t in (starts_s, stops_s))
    assert np.allclose(first * dt_s, starts_s, atol=1e-6) and np.allclose(last * dt_s, stops_s, atol=1e-6)
    integral = total[last] - total[first]
    length = (last - first)[:, None] * dt_s
    mean = code.n_neurons * (code.low_hz * length + (code.high_hz - code.low_hz) * integral)
    return rng.poisson(mean)


def choose(evidence: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Column with the most evidence in each row, ties at random."""
    return np.argmax(evidence + 1e-6 * rng.random(evidence.shape), axis=1)


def assert_share(right: np.ndarray, expected: float) -> None:
    """A share of right answers agrees with the probability that was computed, within four standard errors."""
    error = np.sqrt(max(expected * (1.0 - expected), 1e-4) / right.size)
    assert abs(np.mean(right) - expected) < 4.0 * error


def follow_rules(session: Session) -> dict[str, list[str]]:
    """Answers of somebody who knows nothing but the events of a session and its rules, by component.

    What was shown before in the trial and the instruction ahead of it are held in mind. Of the rules for a
    stimulus the strongest applies, one with a goal before one without; of several stimuli the strongest
    decides.
    """
    events = session.events
    shown = {trial: part for trial, part in events[events["trial"] >= 0].groupby("trial")}
    told = events[events["trial"] < 0]
    answers: dict[str, list[str]] = {}
    for component, allowed in session.components.items():
        suffix = "" if component == "T1" else "_t2"
        answers[component] = [
            _answer(session, trial, suffix, allowed, shown.get(trial.trial, events[:0]), told)
            for trial in session.trials.itertuples()
        ]
    return answers


def _answer(session, trial, suffix, allowed, shown, told) -> str:
    start_s, stop_s = getattr(trial, f"window_start{suffix}_s"), getattr(trial, f"window_stop{suffix}_s")
    if np.isnan(start_s):
        return "absent"
    before = told[told["onset_s"] <= shown["onset_s"].min()]
    held = set(before.loc[before["onset_s"] == before["onset_s"].max(), "channel"])
    held |= set(shown.loc[(shown["onset_s"] < start_s - 1e-6) & (shown["level"] >= 0.5), "channel"])
    ends = shown["onset_s"] + shown["duration_s"]
    seen = shown[(ends > start_s + 1e-6) & (shown["onset_s"] < stop_s - 1e-6)]
    votes = []
    for channel, level in seen.groupby("channel")["level"].max().items():
        fits = [r for r in session.rules if r.stimulus == channel and (r.goal is None or r.goal in held)]
        fits = [rule for rule in fits if rule.response in (*allowed, "none")]
        if fits:
            rule = max(fits, key=lambda r: (r.weight, r.goal is not None))
            votes.append((rule.weight * level, rule.response))
    votes = [vote for vote in votes if vote[1] != "none"]
    return max(votes)[1] if votes else "none"


def assert_rules_suffice(session: Session) -> None:
    """Whoever follows the rules is right in every trial: the task can be done from events and rules alone."""
    columns = {"T1": "correct_response", "T2": "correct_response_t2"}
    for component, answers in follow_rules(session).items():
        correct = session.trials[columns[component]].astype(object)
        correct = correct.where(correct.notna(), "absent")
        assert answers == correct.tolist()
