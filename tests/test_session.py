"""Session and Responses: every fault with its row, presses to trials, digests."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridges.session import Responses, Rule, Session, table_digest
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


# --- rules ----------------------------------------------------------------------------------------


def test_rules_and_second_are_part_of_the_hash():
    rules = (Rule("go", "press"),)
    made = [session(), session(rules=rules), session(rules=(Rule("go", "press", goal="cue"),)), dual()]
    assert len({one.content_hash for one in made}) == 4
    assert session(rules=rules).rules == rules


def test_unknown_names_in_rules_are_listed_with_their_row():
    rules = (Rule("go", "press"), Rule("stop", "left", goal="attend", weight=0.0))
    faults = faults_of(rules=rules)
    assert [text.split(" = ")[0] for text in faults] == [
        "rules row 1: stimulus",
        "rules row 1: response",
        "rules row 1: goal",
        "rules row 1: weight",
    ]


def test_names_that_are_there_twice_and_unknown_second_responses():
    assert "channels" in faults_of(channels=("cue", "go", "go"))[0]
    assert "['left']" in faults_of(second=("left",))[0]
    assert "no response is left" in faults_of(second=("press",))[0]


# --- two responses in a trial ---------------------------------------------------------------------


def dual(**changes) -> Session:
    """Both components; only the first; only the second; windows of T1 and T2 overlap."""
    table = trials(trial=[0, 1], correct_response=["left", "none"]).assign(
        onset_t2_s=[1.2, np.nan],
        correct_response_t2=["high", None],
        window_start_t2_s=[1.2, np.nan],
        window_stop_t2_s=[2.1, np.nan],
    )
    lone = {
        "trial": 2,
        "onset_s": 2.8,
        "block": 1,
        "correct_response": None,
        "window_start_s": np.nan,
        "window_stop_s": np.nan,
        "onset_t2_s": 2.8,
        "correct_response_t2": "none",
        "window_start_t2_s": 2.8,
        "window_stop_t2_s": 3.0,
    }
    table = pd.concat([table, pd.DataFrame([lone])], ignore_index=True)
    for column, row, value in changes.values():
        table.loc[row, column] = value
    return session(None, table, responses=("left", "right", "low", "high"), second=("low", "high"))


def test_components_name_their_responses():
    assert session().components == {"T1": ("press",)}
    assert dual().components == {"T1": ("left", "right"), "T2": ("low", "high")}


def test_presses_answer_the_component_that_owns_their_name():
    made = dual()
    times = [1.5, 1.4, 1.6, 2.05, 2.9, 2.5]
    answered = Responses.from_presses(made, times, ["high", "left", "low", "high", "low", "high"])
    assert answered.table[["trial", "component"]].values.tolist() == [
        [0, "T1"],
        [0, "T2"],
        [1, "T1"],
        [2, "T2"],
    ]
    assert answered.table["response"].tolist()[:2] == ["left", "high"]
    assert pd.isna(answered.table["response"].iloc[2])
    assert answered.table["response_time_s"].to_numpy() == pytest.approx([0.4, 0.3, np.nan, 0.1], nan_ok=True)
    # second press to T2, T2 press in time of the first trial's window again, outside any T2 window
    assert answered.stray["time_s"].tolist() == [1.6, 2.05, 2.5]


def test_scored_gives_each_component_its_own_times_and_correct_response():
    made = dual()
    scored = Responses.from_presses(made, [1.4, 1.5, 2.9], ["left", "low", "low"]).scored(made)
    assert scored["component"].tolist() == ["T1", "T2", "T1", "T2"]
    assert scored["onset_s"].tolist() == [1.0, 1.2, 2.0, 2.8]
    assert scored["correct_response"].tolist() == ["left", "high", "none", "none"]
    assert scored["correct"].tolist() == [True, False, True, False]
    assert scored["window_stop_s"].tolist() == [2.0, 2.1, 2.8, 3.0]
    assert scored["block"].tolist() == [0, 0, 0, 1]
    assert not [name for name in scored if name.endswith("_t2") or name.endswith("_t2_s")]


@settings(max_examples=60, deadline=None)
@given(
    presses=st.lists(
        st.tuples(st.floats(0, 3), st.sampled_from(["left", "right", "low", "high"])), max_size=9
    )
)
def test_every_press_to_a_dual_task_is_kept_exactly_once(presses):
    made = dual()
    answered = Responses.from_presses(made, [t for t, _ in presses], [name for _, name in presses])
    scored = answered.scored(made)
    given_s = (scored["onset_s"] + scored["response_time_s"])[scored["response"].notna()]
    kept = np.sort(np.concatenate([given_s, answered.stray["time_s"].to_numpy(dtype=float)]))
    assert np.allclose(kept, np.sort([t for t, _ in presses]), atol=1e-9)
    for _, row in scored.iterrows():
        own = [
            t
            for t, name in presses
            if name in made.components[row["component"]] and row["window_start_s"] <= t < row["window_stop_s"]
        ]
        assert pd.isna(row["response"]) == (not own)
        if own:
            assert row["onset_s"] + row["response_time_s"] == pytest.approx(min(own))


@pytest.mark.parametrize(
    ("changes", "row", "column"),
    [
        ({"a": ("correct_response", 0, "high")}, 0, "correct_response"),
        ({"a": ("correct_response_t2", 0, "left")}, 0, "correct_response_t2"),
        ({"a": ("correct_response_t2", 1, "low")}, 1, "correct_response_t2"),
        ({"a": ("correct_response", 2, "left")}, 2, "correct_response"),
        ({"a": ("window_stop_t2_s", 0, np.nan)}, 0, "window_stop_t2_s"),
        ({"a": ("window_stop_t2_s", 0, 2.9)}, 2, "window_start_t2_s"),
        ({"a": ("window_stop_t2_s", 2, 3.5)}, 2, "window_stop_t2_s"),
        ({"a": ("onset_t2_s", 1, 2.2)}, 1, "onset_t2_s"),
        ({"a": ("onset_t2_s", 0, np.nan)}, 0, "onset_t2_s"),
        ({"a": ("onset_s", 2, np.nan)}, 2, "onset_s"),
        ({"a": ("window_start_s", 1, np.nan), "b": ("window_stop_s", 1, np.nan)}, 1, "window_start_s"),
    ],
)
def test_faults_of_two_components_name_row_and_column(changes, row, column):
    with pytest.raises(ValueError) as fault:
        dual(**changes)
    faults = [text.strip() for text in str(fault.value).splitlines()[1:]]
    assert any(text.startswith(f"trials row {row}: {column} = ") for text in faults), faults


def test_columns_of_the_second_component_are_asked_for():
    faults = faults_of(responses=("press", "high"), second=("high",))
    assert "onset_t2_s" in faults[0] and "window_stop_t2_s" in faults[0]


def test_digest_tells_neither_zeros_nor_missing_numbers_apart():
    one = pd.DataFrame({"x": [0.0, np.nan]})
    other = pd.DataFrame({"x": [-0.0, np.array([0xFFF8000000000001], dtype=np.uint64).view(float)[0]]})
    assert table_digest(one) == table_digest(other)
