"""Session and Responses: every fault with its row, presses to trials, digests."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridges.session import Responses, Session, table_digest
from bridges.tasks import SART


def events(**changes) -> pd.DataFrame:
    table = {
        "onset_s": [0.5, 1.0, 2.0],
        "duration_s": [0.2, 0.2, 0.2],
        "channel": ["cue", "go", "go"],
        "level": [1.0, 1.0, 0.5],
        "trial": [-1, 0, 1],
    }
    return pd.DataFrame(table | changes)


def trials(**changes) -> pd.DataFrame:
    table = {
        "trial": [0, 1],
        "onset_s": [1.0, 2.0],
        "block": [0, 0],
        "correct_response": ["press", "none"],
        "window_start_s": [1.0, 2.0],
        "window_stop_s": [2.0, 2.8],
    }
    return pd.DataFrame(table | changes)


def session(events_table=None, trials_table=None, **changes) -> Session:
    made = {
        "task": "demo",
        "events": events() if events_table is None else events_table,
        "trials": trials() if trials_table is None else trials_table,
        "channels": ("cue", "go"),
        "responses": ("press",),
        "duration_s": 3.0,
        "parameters": {"seed": 1},
    }
    return Session(**(made | changes))


def faults_of(*args, **kwargs) -> list[str]:
    with pytest.raises(ValueError) as fault:
        session(*args, **kwargs)
    head, *faults = str(fault.value).splitlines()
    assert "demo" in head
    return [text.strip() for text in faults]


def test_a_valid_session_shows_itself():
    made = session()
    assert made.n_trials == 2
    assert repr(made).startswith("Session(demo: 2 trials, 3.0 s, channels cue, go; ")


@pytest.mark.parametrize(
    ("changes", "row", "column"),
    [
        ({"onset_s": [0.5, -1.0, 2.0]}, 1, "onset_s"),
        ({"onset_s": [0.5, 1.0, np.nan]}, 2, "onset_s"),
        ({"onset_s": [0.5, 1.0, 2000.0]}, 2, "onset_s"),
        ({"duration_s": [0.2, -0.2, 0.2]}, 1, "duration_s"),
        ({"duration_s": [0.2, 0.2, np.nan]}, 2, "duration_s"),
        ({"channel": ["cue", "stop", "go"]}, 1, "channel"),
        ({"level": [1.0, 1.0, 1.2]}, 2, "level"),
        ({"level": [np.nan, 1.0, 1.0]}, 0, "level"),
        ({"trial": [-1, 0, 7]}, 2, "trial"),
    ],
)
def test_event_faults_name_row_and_column(changes, row, column):
    faults = faults_of(events(**changes))
    assert any(text.startswith(f"events row {row}: {column} = ") for text in faults)


@pytest.mark.parametrize(
    ("changes", "row", "column"),
    [
        ({"onset_s": [1.0, -2.0]}, 1, "onset_s"),
        ({"onset_s": [np.nan, 2.0]}, 0, "onset_s"),
        ({"correct_response": ["press", "left"]}, 1, "correct_response"),
        ({"window_stop_s": [0.9, 2.8]}, 0, "window_stop_s"),
        ({"window_stop_s": [2.0, np.nan]}, 1, "window_stop_s"),
        ({"window_stop_s": [2.3, 2.8]}, 1, "window_start_s"),
        ({"window_stop_s": [2.0, 3.4]}, 1, "window_stop_s"),
        ({"trial": [0, 0]}, 1, "trial"),
    ],
)
def test_trial_faults_name_row_and_column(changes, row, column):
    faults = faults_of(None, trials(**changes))
    assert any(text.startswith(f"trials row {row}: {column} = ") for text in faults)


def test_every_fault_is_listed():
    faults = faults_of(
        events(channel=["cue", "stop", "halt"], level=[1.0, 2.0, -1.0]),
        trials(correct_response=["left", "right"], window_stop_s=[2.0, 9.0]),
    )
    assert len(faults) == 7
    assert sum(text.startswith("events") for text in faults) == 4
    assert sum(text.startswith("trials") for text in faults) == 3


def test_missing_columns_are_listed_for_both_tables():
    faults = faults_of(events().drop(columns=["level", "trial"]), trials().drop(columns="block"))
    assert len(faults) == 2
    assert "['level', 'trial']" in faults[0]
    assert "['block']" in faults[1]


# --- digests --------------------------------------------------------------------------------------


def test_hash_is_that_of_the_content():
    assert session().content_hash == session().content_hash
    changed = [
        session(events(level=[1.0, 1.0, 0.6])),
        session(None, trials(correct_response=["press", "press"])),
        session(task="other"),
        session(duration_s=3.5),
        session(channels=("go", "cue")),
        session(parameters={"seed": 2}),
    ]
    assert len({made.content_hash for made in [session(), *changed]}) == 7


def test_digest_does_not_depend_on_column_order_or_number_type():
    table = trials()
    assert table_digest(table) == table_digest(table[table.columns[::-1]])
    assert table_digest(table) == table_digest(table.astype({"block": float}))
    assert table_digest(table) == table_digest(table.astype({"correct_response": object}))
    assert table_digest(table) != table_digest(table.rename(columns={"block": "part"}))


# --- presses to trials ----------------------------------------------------------------------------


def test_presses_go_to_the_trial_in_whose_window_they_fall():
    answered = Responses.from_presses(session(), [2.5, 1.3, 1.6, 0.2, 2.9], ["press"] * 5)
    table = answered.table.set_index("trial")
    assert table.loc[0, "response_time_s"] == pytest.approx(0.3)
    assert table.loc[1, "response_time_s"] == pytest.approx(0.5)
    # second press in a window, before the first window, after the last
    assert list(answered.stray["time_s"]) == [0.2, 1.6, 2.9]


def test_window_holds_its_start_but_not_its_stop():
    answered = Responses.from_presses(session(), [2.0], ["press"])
    assert answered.table["response"].isna().tolist() == [True, False]
    assert answered.table["response_time_s"].iloc[1] == 0.0


def test_no_presses():
    answered = Responses.from_presses(session(), [], [])
    assert answered.table["response"].isna().all()
    assert len(answered.stray) == 0
    assert answered.scored(session())["correct"].tolist() == [False, True]


@settings(max_examples=60, deadline=None)
@given(times=st.lists(st.floats(0, 60), max_size=80))
def test_every_press_is_kept_exactly_once(times):
    made = SART(trials_per_digit=5).session(1)
    answered = Responses.from_presses(made, times, ["press"] * len(times))
    onset = made.trials["onset_s"].to_numpy()
    given_s = (onset + answered.table["response_time_s"].to_numpy())[answered.table["response"].notna()]
    kept = np.sort(np.concatenate([given_s, answered.stray["time_s"].to_numpy(dtype=float)]))
    assert np.allclose(kept, np.sort(times), atol=1e-9)
    # brute force: the first press in each window is the response
    for trial, row in made.trials.iterrows():
        inside = [t for t in times if row["window_start_s"] <= t < row["window_stop_s"]]
        time_s = answered.table["response_time_s"].iloc[trial]
        assert np.isnan(time_s) if not inside else time_s == pytest.approx(min(inside) - row["onset_s"])


def test_scored_marks_every_kind_of_outcome():
    made = session()
    right = Responses.from_presses(made, [1.4], ["press"]).scored(made)
    wrong = Responses.from_presses(made, [2.4], ["press"]).scored(made)
    assert right["correct"].tolist() == [True, True]
    assert wrong["correct"].tolist() == [False, False]


def test_unknown_responses_are_refused():
    with pytest.raises(ValueError, match=r"\['left'\].*\('press',\)"):
        Responses.from_presses(session(), [1.2], ["left"])


def test_times_and_names_must_pair():
    with pytest.raises(ValueError, match="2 press times but 1 response names"):
        Responses.from_presses(session(), [1.2, 1.3], ["press"])


def test_response_faults_name_row_and_column():
    table = pd.DataFrame(
        {
            "trial": [0, 1, 1],
            "component": ["T1", "T1", "T1"],
            "response": ["press", None, "press"],
            "response_time_s": [np.nan, 0.3, 0.4],
        }
    )
    with pytest.raises(ValueError) as fault:
        Responses(table)
    faults = [text.strip() for text in str(fault.value).splitlines()[1:]]
    assert [text.split(" = ")[0] for text in faults] == [
        "responses row 0: response_time_s",
        "responses row 1: response_time_s",
        "responses row 2: trial",
    ]


def test_responses_without_their_columns_are_refused():
    with pytest.raises(ValueError, match="'response_time_s'"):
        Responses(pd.DataFrame({"trial": [0], "component": ["T1"], "response": ["press"]}))
