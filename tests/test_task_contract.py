"""What holds for every task: valid sessions, same seed same bytes, rules, batches, exports, encodings."""

from __future__ import annotations

import doctest
import json
import re
import subprocess
import sys
from dataclasses import fields, replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridges.encoding import CUE_PREFIX, RateCode, levels, poisson_rates, tensor
from bridges.exports.arrays import session_arrays
from bridges.exports.bids_events import read_sessions, write_sessions
from bridges.exports.jspsych import timeline, timeline_faults
from bridges.measures import measure
from bridges.session import NO_RESPONSE, Responses, Session, table_digest
from bridges.tasks import TASKS, Task, parameter_table

every_task = pytest.mark.parametrize("name", TASKS)
SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@cache
def standard(name: str) -> Session:
    return TASKS[name]().session(2024)


@cache
def practised(name: str) -> Session:
    return TASKS[name]().practice().session(2024)


def checked_again(session: Session) -> Session:
    """The same session through the checks of `Session`."""
    return Session(
        session.task,
        session.events,
        session.trials,
        session.channels,
        session.responses,
        session.duration_s,
        session.parameters,
        session.second,
        session.rules,
    )


def perfect(session: Session) -> Responses:
    """Every right response, a little after its window has opened and its component has begun."""
    times: list[float] = []
    names: list[str] = []
    parts = [("onset_s", "correct_response", "window_start_s", "window_stop_s")]
    if session.second:
        parts.append(("onset_t2_s", "correct_response_t2", "window_start_t2_s", "window_stop_t2_s"))
    for onset, correct, start, stop in parts:
        due = session.trials[session.trials[correct].notna() & (session.trials[correct] != NO_RESPONSE)]
        begin = np.maximum(due[onset], due[start])
        times += (begin + 0.4 * (due[stop] - begin).clip(upper=1.0)).tolist()
        names += due[correct].tolist()
    return Responses.from_presses(session, times, names)


# --- what a task says of itself -------------------------------------------------------------------


@every_task
def test_task_is_a_task(name):
    task = TASKS[name]()
    assert isinstance(task, Task)
    assert task.name == name == standard(name).task
    assert all(row["source"] for row in parameter_table(task))
    with pytest.raises(AttributeError):
        setattr(task, fields(task)[0].name, 1)
    assert TASKS[name].__doc__ and TASKS[name]() == task and hash(TASKS[name]()) == hash(task)


@every_task
def test_examples_run(name):
    results = doctest.testmod(sys.modules[TASKS[name].__module__])
    assert results.attempted > 0 and results.failed == 0


@every_task
def test_names_of_channels_and_responses(name):
    session = standard(name)
    for text in (*session.channels, *session.responses):
        assert SNAKE.fullmatch(text), text
    assert not set(session.channels) & {NO_RESPONSE}
    assert len(session.channels) <= 24


@every_task
def test_rules_cover_channels_and_responses(name):
    session = standard(name)
    stimuli = {rule.stimulus for rule in session.rules}
    goals = {rule.goal for rule in session.rules} - {None}
    assert set(session.channels) == stimuli | goals, "a channel that no rule mentions, or the other way round"
    assert set(session.responses) <= {rule.response for rule in session.rules}
    # instructions are goals, never what is answered
    assert not {channel for channel in stimuli if channel.startswith(CUE_PREFIX)}


@every_task
def test_summary_says_what_the_session_holds(name):
    task, session = TASKS[name](), standard(name)
    said = task.summary().replace(",", "")
    # a clock counts its steps: those in which a late answer still counts are no trials of their own
    assert re.search(rf"\b{session.n_trials} ", said) or "about" in said or "steps" in said, said
    lengths = [float(text) for text in re.findall(r"(\d+(?:\.\d+)?) s\b", said)]
    tolerance = 0.03 * session.duration_s if "about" in said or "on task" in said else 0.051
    assert any(abs(length - session.duration_s) <= tolerance for length in lengths), said


# --- sessions -------------------------------------------------------------------------------------


@every_task
def test_session_is_valid_and_complete(name):
    session = checked_again(standard(name))
    assert session.content_hash == standard(name).content_hash
    trials, events = session.trials, session.events
    assert trials["trial"].tolist() == list(range(len(trials)))
    assert "trial_type" in trials
    assert (np.diff(trials["block"]) >= 0).all() and trials["block"].iloc[0] == 0
    assert (np.diff(trials["onset_s"]) >= 0).all() and (np.diff(events["onset_s"]) >= 0).all()
    assert set(events["channel"]) <= set(session.channels)
    # every trial shows something, and instructions come before the trials
    assert set(trials["trial"]) <= set(events["trial"])
    assert session.parameters.keys() == {f.name for f in fields(TASKS[name]())} | {"seed"}
    json.dumps(session.parameters)


@every_task
def test_channels_are_all_used(name):
    used = set().union(*(session.events["channel"] for session in TASKS[name]().sessions(3, 0)))
    assert used == set(standard(name).channels)


@every_task
def test_right_answers_are_scored_right(name):
    session = standard(name)
    responses = perfect(session)
    scored = responses.scored(session)
    assert scored["correct"].all()
    assert len(responses.stray) == 0
    assert scored["component"].value_counts().get("T2", 0) == (
        session.trials["onset_t2_s"].notna().sum() if session.second else 0
    )
    scores = measure(session, responses)
    assert scores["accuracy"] == 1.0 and all(isinstance(value, float) for value in scores.values())
    silent = Responses.from_presses(session, [], []).scored(session)
    assert (silent["correct"] == (silent["correct_response"] == NO_RESPONSE)).all()


@every_task
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**64), earlier=st.floats(0.0, 1.0), later=st.floats(0.0, 5.0))
def test_any_seed_and_frame_make_a_valid_session(name, seed, earlier, later):
    task = TASKS[name]().practice()
    lead_out = task.lead_out_s + later
    task = replace(task, lead_in_s=task.lead_in_s - earlier, lead_out_s=lead_out)
    session = checked_again(task.session(seed))
    assert session.content_hash == task.session(seed).content_hash
    assert perfect(session).scored(session)["correct"].all()
    # more time at the end is just that
    longer = replace(task, lead_out_s=lead_out + 1.0).session(seed)
    assert longer.duration_s == pytest.approx(session.duration_s + 1.0)
    assert table_digest(longer.trials) == table_digest(session.trials)


@every_task
def test_sessions_of_a_batch_are_those_made_one_by_one(name):
    for task, n in ((TASKS[name](), 2), (TASKS[name]().practice(), 3)):
        batch = task.sessions(n, seed=11)
        assert len(set(batch.seeds)) == n
        for session, seed in zip(batch, batch.seeds, strict=True):
            assert session.content_hash == task.session(seed).content_hash
        assert len({session.content_hash for session in batch}) == n
        assert len(batch.trials) == sum(session.n_trials for session in batch)


@every_task
def test_different_seeds_make_different_sessions(name):
    task = TASKS[name]()
    drawn = [digest_of(task.session(seed)) for seed in (0, 1, 2**32, 2**63, 0)]
    assert drawn[0] == drawn[-1]
    assert len(set(drawn)) == 4


@every_task
@pytest.mark.parametrize("seed", [-1, 1.5, "3", True, None])
def test_seed_must_be_a_whole_number(name, seed):
    with pytest.raises(ValueError, match="seed"):
        TASKS[name]().session(seed)


@every_task
def test_seed_may_be_any_kind_of_whole_number(name):
    task = TASKS[name]().practice()
    assert task.session(np.int64(2024)).content_hash == practised(name).content_hash


def digest_of(session: Session) -> bytes:
    """What was drawn, without the seed that stands among the parameters."""
    return table_digest(session.trials) + table_digest(session.events)


GOLDEN = {
    "sart": "809e14979ada6c48d6bf7ea289d6c0f930a1cbe4afed08043d348f364899976c",
    "cpt_x": "8935330c571363a848d74b515ade3953ee343407310fb94cf56b35d3ab2189e2",
    "pvt": "28fff220fe59a7cdb92f6372abfe0ce82b3599445da7cad916e8251c2ae22ce4",
    "ant": "8cb9ea959084d844d7521c4349d7918428a1b26c8e4f2b98314fbe09137f1bfb",
    "flanker": "86d714754bfc842132393b9edf99ccf1b5bd4ba9cda76691e2794998f0a9d544",
    "posner": "de8d51f3fd703938363e377f96a5c8ab78489b0cfda73af61deb7407ce591619",
    "visual_search": "e8c95a60b1172f799eba6755349ec5120d6a0e2a5ab14e493dfe7f06a8cd66a6",
    "ax_cpt": "804423f25369d18753357abe02c0936a5613f011de27b168b9a37adaf501c9aa",
    "prp": "b006090082365bb5f5663c065d5732bb2a684089926242884ba3586ffc4b0616",
    "attentional_blink": "d0beaa70773d99cc5c0735d5cba3c8b60b7898d84b52a333d6d512c87d024b19",
    "change_detection": "be36c999116f403d9e8d71ef11dc58a9291c22c8ef670c71f6a519abfbce9d04",
    "grad_cpt": "38cfcb16f5f96f77d2c6a6cff2ce54ebffa5469ac8b2907c713e2106caf03ed0",
    "mackworth": "e53d3031a145d7fba8f5b3a672a6a37365a8eddfab12cc0aea77fd32224291de",
    "dual_detection": "86e77d8cbba7f86ffb73a250415d066851473a235d68f8dac4bbef81b725d06b",
    "monitoring": "4f3220a872033ff40e7ce179269558b28eb1209e75b9cc1be56a5c7eb0f4cb8a",
    "mot": "8cbd0d375957891f24459de8cb9d810cec3bfd7778cdcfb4145aab136501fd5d",
}
"""Hash of the session of seed 2024, written down once.

A change means that sessions which somebody published can no longer be made again: say so in the changelog.
"""


@every_task
def test_same_seed_same_bytes_on_every_machine(name):
    assert standard(name).content_hash == GOLDEN[name]


def test_same_seed_same_bytes_in_a_fresh_process():
    code = (
        "import json; from bridges.tasks import TASKS;"
        "print(json.dumps({n: T().practice().session(2024).content_hash for n, T in TASKS.items()}))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert json.loads(out) == {name: practised(name).content_hash for name in TASKS}


# --- practice and counterbalancing ----------------------------------------------------------------


@every_task
def test_practice_is_the_same_task_but_short(name):
    task = TASKS[name]()
    short, whole = checked_again(practised(name)), standard(name)
    assert isinstance(task.practice(), TASKS[name])
    assert 1 <= short.n_trials < whole.n_trials
    assert set(short.trials.columns) == set(whole.trials.columns)
    assert short.responses == whole.responses


@every_task
def test_counterbalanced_forms_are_valid_and_come_round(name):
    task = TASKS[name]()
    forms = [task.counterbalanced(participant) for participant in range(240)]
    for form in list(dict.fromkeys(forms))[:3]:
        assert isinstance(form, TASKS[name])
        session = checked_again(form.practice().session(5))
        assert perfect(session).scored(session)["correct"].all()
    # every form is used equally often, and the first participants get different ones
    counts = pd.Series([str(form) for form in forms]).value_counts()
    assert counts.max() == counts.min()
    assert len(set(forms[: len(counts)])) == len(counts)
    with pytest.raises(ValueError, match="participant"):
        task.counterbalanced(-1)


# --- encodings and exports ------------------------------------------------------------------------


@every_task
def test_encodings_carry_every_event(name):
    session = practised(name)
    dt_s = 0.02
    level = levels(session, dt_s)
    assert level.shape[1] == len(session.channels)
    assert level.min() >= 0.0 and level.max() <= 1.0
    for column, channel in enumerate(session.channels):
        own = session.events[session.events["channel"] == channel]
        area = float((own["duration_s"] * own["level"]).sum())
        stops = (own["onset_s"] + own["duration_s"]).to_numpy()
        if (own["onset_s"].to_numpy()[1:] >= stops[:-1] - 1e-9).all():
            # what overlaps may saturate; all else keeps its whole strength
            assert level[:, column].sum() * dt_s == pytest.approx(area, abs=1e-6)
        else:
            assert level[:, column].sum() * dt_s <= area + 1e-6
    rates = poisson_rates(level)
    assert rates.min() >= 5.0 and rates.max() <= 100.0
    code = RateCode()
    heard = tensor(session, dt_s, np.random.default_rng(1), code)
    counts = code.counts(level, dt_s, np.random.default_rng(2))
    standard_error = code.noise_sd(level, dt_s).mean(axis=0) / np.sqrt(len(level))
    for decoded in (heard, code.decode(counts, dt_s)):
        assert (np.abs((decoded - level).mean(axis=0)) < 5 * standard_error).all()


@every_task
def test_bids_round_trip_is_lossless(name, tmp_path):
    session = practised(name)
    for folder, responses in (("design", None), ("done", [perfect(session)])):
        write_sessions(tmp_path / folder, [session], responses=responses)
        (back,) = read_sessions(tmp_path / folder)
        assert back.content_hash == session.content_hash
        pd.testing.assert_frame_equal(back.trials, session.trials, check_exact=True, check_dtype=False)
        pd.testing.assert_frame_equal(back.events, session.events, check_exact=True, check_dtype=False)
        assert back.rules == session.rules and back.components == session.components


@every_task
def test_timeline_runs_as_long_as_the_session(name):
    session = practised(name)
    objects = timeline(session)
    assert timeline_faults(objects) == []
    assert sum(one["trial_duration"] for one in objects) == pytest.approx(1e3 * session.duration_s)
    assert sum(len(one["data"]["events"]) for one in objects) == len(session.events)
    json.dumps(objects, allow_nan=False)


@every_task
def test_arrays_ask_for_every_response(name):
    session = practised(name)
    made = session_arrays([session], dt_s=0.02)
    targets = made.targets.reshape(1, made.targets.shape[1], -1)
    assert targets.shape[2] == len(session.components)
    columns = ["correct_response", "correct_response_t2"][: targets.shape[2]]
    for part, (names, column) in enumerate(zip(made.classes.values(), columns, strict=True)):
        asked = {names[k] for k in np.unique(targets[0, :, part])}
        assert asked == {NO_RESPONSE, *session.trials[column].dropna()}
