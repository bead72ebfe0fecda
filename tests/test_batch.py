"""Batches: the same sessions as one at a time, in long tables that are checked once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridges.session import Rule, Session
from bridges.tasks import CPTX, PVT, SART
from bridges.tasks.batch import SessionBatch
from bridges.tasks.layout import Drawn, either, instruction, labels, session_seeds, shown

SHORT = [SART(trials_per_digit=2), CPTX(n_blocks=3, trials_per_block=5), PVT(duration_s=60.0)]
short = pytest.mark.parametrize("task", SHORT, ids=lambda task: task.name)


@short
def test_sessions_of_a_batch_are_those_made_one_by_one(task):
    batch = task.sessions(4, seed=3)
    assert len(batch) == len(batch.seeds) == 4
    for session, seed in zip(batch, batch.seeds, strict=True):
        alone = task.session(seed)
        assert session.content_hash == alone.content_hash
        pd.testing.assert_frame_equal(session.trials, alone.trials, check_exact=True)
        pd.testing.assert_frame_equal(session.events, alone.events, check_exact=True)
        assert session.duration_s == alone.duration_s
        assert session.parameters == alone.parameters
        assert session.rules == alone.rules


@short
def test_long_tables_hold_every_row_once(task):
    batch = task.sessions(3, seed=0)
    for long, short_tables in (
        (batch.trials, [session.trials for session in batch]),
        (batch.events, [session.events for session in batch]),
    ):
        assert long.columns[0] == "session"
        assert (long["session"].diff().dropna() >= 0).all()
        stacked = pd.concat(short_tables, ignore_index=True)
        plain = long.drop(columns="session")
        for name in plain:
            assert (plain[name].to_numpy() == stacked[name].to_numpy()).all(), name


def test_a_batch_is_a_sequence():
    batch = SART(trials_per_digit=1, n_blocks=1).sessions(4, seed=9)
    assert batch[-1].content_hash == batch[3].content_hash
    assert [one.content_hash for one in batch[1:3]] == [batch[1].content_hash, batch[2].content_hash]
    assert isinstance(batch[0], Session)
    with pytest.raises(IndexError, match="session 4 of a batch of 4"):
        batch[4]
    assert repr(batch) == "SessionBatch(sart: 4 sessions, 36 trials)"


def test_first_sessions_are_the_same_whatever_their_number():
    task = SART(trials_per_digit=1, n_blocks=1)
    assert task.sessions(2, seed=5).seeds == task.sessions(6, seed=5).seeds[:2]
    assert task.sessions(2, seed=5).seeds != task.sessions(2, seed=6).seeds


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**80), n=st.integers(1, 300))
def test_seeds_of_sessions_do_not_collide(seed, n):
    seeds = session_seeds(n, seed)
    assert len(set(seeds)) == n
    assert not set(seeds) & set(session_seeds(n, seed + 1))


def test_no_two_of_a_hundred_thousand_participants_share_a_seed():
    seeds = [seed for study in range(10) for seed in session_seeds(10_000, study)]
    assert len(set(seeds)) == 100_000


@pytest.mark.parametrize(("n", "seed"), [(0, 1), (-1, 1), (1.5, 1), (True, 1), (2, -1), (2, 0.5), (2, "x")])
def test_number_and_seed_must_be_whole_numbers(n, seed):
    with pytest.raises(ValueError, match="must be a whole number"):
        SART().sessions(n, seed)


def test_streams_of_participants_are_independent():
    """Orders of no-go trials of 200 participants agree no more often than by chance."""
    trials = SART().sessions(200, seed=1).trials
    no_go = (trials["trial_type"] == "no_go").to_numpy().reshape(200, -1)[:, 2:].astype(float)
    agree = np.corrcoef(no_go)[np.triu_indices(200, 1)]
    n = no_go.shape[1]
    # permutations of fixed counts: mean -> 0, SD = 1 / sqrt(n - 1), for every pair of participants
    assert abs(agree.mean()) < 4 / np.sqrt(agree.size * (n - 1))
    assert agree.std() == pytest.approx(1 / np.sqrt(n - 1), rel=0.05)
    assert len(np.unique(no_go, axis=0)) == 200


def test_faults_of_a_batch_name_session_and_row():
    good = SART(trials_per_digit=1, n_blocks=1).sessions(3, seed=0)

    def batch(events=good.events, trials=good.trials, **changes):
        values = {
            "channels": good.channels,
            "responses": good.responses,
            "duration_s": good.duration_s,
            "parameters": good.parameters,
            "seeds": good.seeds,
        }
        return SessionBatch("sart", events, trials, **(values | changes))

    assert len(batch()) == 3
    trials, events = good.trials.copy(), good.events.copy()
    trials.loc[9 + 4, "window_stop_s"] = 0.1
    trials.loc[18, "onset_s"] = -1.0
    events.loc[10, "level"] = 2.0
    events.loc[21, "trial"] = 9
    with pytest.raises(ValueError) as fault:
        batch(events, trials)
    said = str(fault.value).splitlines()[1:]
    assert [text.split(" = ")[0].strip() for text in said] == [
        "session 1, events row 0: level",
        "session 2, events row 1: trial",
        "session 2, trials row 0: onset_s",
        "session 1, trials row 4: window_stop_s",
    ]
    with pytest.raises(ValueError, match=r"events row 0: channel = 'attend_no_go'"):
        batch(channels=("go", "no_go"))
    with pytest.raises(ValueError, match="rules row 0: stimulus"):
        batch(rules=(Rule("stop", "press"),))
    # neighbouring sessions may overlap in time: each counts from its own start
    with pytest.raises(ValueError, match="session 1, trials row 1: trial = 0, must be unique"):
        batch(trials=good.trials.assign(trial=good.trials["trial"].where(good.trials.index != 10, 0)))


# --- how layouts are written ----------------------------------------------------------------------


def two_sessions() -> Drawn:
    return Drawn.stack([{"x": np.array([1.0, 2.0, 3.0])}, {"x": np.array([4.0, 5.0])}])


def test_drawn_counts_within_sessions():
    drawn = two_sessions()
    assert len(drawn) == 5 and drawn.n_sessions == 2
    assert drawn.session.tolist() == [0, 0, 0, 1, 1]
    assert drawn.trial.tolist() == [0, 1, 2, 0, 1]
    assert drawn.first.tolist() == [0, 3] and drawn.last.tolist() == [2, 4]
    assert drawn.following(drawn["x"], np.array([10.0, 20.0])).tolist() == [2, 3, 10, 5, 20]
    assert drawn.previous(drawn["x"], -1.0).tolist() == [-1, 1, 2, -1, 4]


def test_events_come_in_the_order_of_time_and_ties_in_the_order_of_parts():
    from bridges.tasks.layout import Layout

    drawn = two_sessions()
    rows = np.array([4, 0, 0])
    parts = [
        shown(drawn, "late", drawn["x"] + 1.0, 0.5),
        shown(
            drawn, labels(np.array([1, 0, 1]), ("early", "late")), np.array([0.7, 2.0, 0.8]), 0.1, 0.3, rows
        ),
        instruction(drawn, "cue"),
    ]
    table = Layout({}, parts, np.array([9.0, 9.0])).event_table(("cue", "early", "late"))
    assert table["onset_s"].tolist() == [0.5, 0.8, 2.0, 2.0, 3.0, 4.0, 0.5, 0.7, 5.0, 6.0]
    assert table["trial"].tolist() == [-1, 0, 0, 0, 1, 2, -1, 1, 0, 1]
    assert table["channel"].tolist()[:4] == ["cue", "late", "late", "early"]
    assert table["channel"].tolist()[6:8] == ["cue", "late"]
    assert table["level"].tolist()[:4] == [1.0, 0.3, 1.0, 0.3]


def test_either_and_labels_give_texts():
    assert list(either(np.array([True, False]), "yes", "no")) == ["yes", "no"]
    assert list(labels(np.array([0, -1]), ("a", "b")))[0] == "a"
    assert pd.isna(list(labels(np.array([0, -1]), ("a", "b")))[1])
