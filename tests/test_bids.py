"""BIDS folders: what is written is read back equal, and nothing is ever half written."""

import json
import os

import numpy as np
import pandas as pd
import pytest

from bridges.human.readers import read_human, read_trials
from bridges.human.records import HumanRecord
from bridges.human.writers import as_record, write_bids
from bridges.participants.base import Performance
from bridges.session import Responses, Session
from bridges.tasks.pvt import PVT
from bridges.tasks.sart import SART


def presses_to(session, seed, n=150):
    """Presses at random moments: some in windows, some second in one, some before the first."""
    rng = np.random.default_rng(seed)
    times = np.sort(rng.uniform(0.0, session.duration_s, size=n))
    return Responses.from_presses(session, times, ["press"] * n)


def virtual(task, seed, participant, **labels):
    session = task.session(seed)
    return as_record(
        session, Performance(presses_to(session, seed)), participant, agent="lstm", seed=seed, **labels
    )


def assert_same(first: HumanRecord, second: HumanRecord):
    pd.testing.assert_frame_equal(first.session.trials, second.session.trials, check_exact=True)
    pd.testing.assert_frame_equal(first.responses.table, second.responses.table, check_exact=True)
    strays = first.responses.stray.reset_index(drop=True)
    pd.testing.assert_frame_equal(strays, second.responses.stray, check_exact=True, check_dtype=False)
    assert first.session.task == second.session.task
    assert first.session.responses == second.session.responses
    assert first.participant_id == second.participant_id
    assert (first.session_label, first.run_label) == (second.session_label, second.run_label)


@pytest.mark.parametrize("task", [SART(trials_per_digit=6), PVT(duration_s=120.0)], ids=["sart", "pvt"])
def test_round_trip(tmp_path, task):
    written = [virtual(task, seed, f"sub-{seed:02d}") for seed in range(3)]
    assert len(written[0].responses.stray) > 0
    paths = write_bids(tmp_path, written)
    assert [path.exists() for path in paths] == [True] * 3
    read = read_trials(tmp_path)
    for before, after in zip(written, read, strict=True):
        assert_same(before, after)
        assert after.groups == {"agent": "lstm", "seed": before.groups["seed"]}
    assert_same(written[1], read_trials(paths[1])[0])


def test_sessions_runs_and_groups(tmp_path):
    task = SART(trials_per_digit=2)
    written = [
        virtual(task, 1, "sub-a", session_label="1", run_label="1", groups={"age": 31, "sleep": "full"}),
        virtual(task, 2, "sub-a", session_label="2", run_label="1", groups={"age": 31, "sleep": "none"}),
        virtual(task, 3, "sub-b", session_label="1", run_label="2", groups={"age": 27, "sleep": "full"}),
    ]
    paths = write_bids(tmp_path, written, name="Sleep", licence="CC0", authors=["A. Person"])
    assert paths[1] == tmp_path / "sub-a/ses-2/beh/sub-a_ses-2_task-sart_run-1_events.tsv"
    read = read_trials(tmp_path)
    for before, after in zip(written, read, strict=True):
        assert_same(before, after)
        assert after.groups == before.groups
    people = pd.read_csv(tmp_path / "participants.tsv", sep="\t")
    assert people.columns[0] == "participant_id"
    assert people["age"].tolist() == [31, 27]
    assert "sleep" not in people
    description = json.loads((tmp_path / "dataset_description.json").read_text())
    assert {"Name", "BIDSVersion", "License"} <= set(description)


def test_events_table_is_as_the_standard_says(tmp_path):
    (path,) = write_bids(tmp_path, [virtual(SART(trials_per_digit=2), 5, "sub-x")])
    table = pd.read_csv(path, sep="\t", keep_default_na=False)
    assert table.columns[:2].tolist() == ["onset", "duration"]
    assert (np.diff(table["onset"]) >= 0).all()
    assert not (table == "").any(axis=None)
    trials = table[table["trial"] >= 0]
    due = trials["correct_response"] == "press"
    assert (trials.loc[due, "accuracy"].astype(int) == (trials.loc[due, "response"] == "press")).all()
    assert (trials["omission"].astype(int) == (due & (trials["response"] == "n/a"))).all()
    described = json.loads(path.with_suffix(".json").read_text())
    assert set(table.columns) <= set(described)
    assert described["response_time"]["Units"] == "s"
    assert described["TaskName"] == "sart"


def test_text_that_looks_like_something_else_survives(tmp_path):
    """Digits as text, empty conditions, truth values and numbers of every kind keep their type."""
    n = 4
    trials = pd.DataFrame(
        {
            "trial": range(n),
            "onset_s": [0.1 + 0.2, 1.7, 2.9, 4.000000001],
            "block": [0, 0, 1, 1],
            "digit": ["1", "02", "3", "4"],
            "cue": ["left", np.nan, "right", "none"],
            "lure": [True, False, True, False],
            "soa_ms": [50.0, 150.0, np.nan, 800.0],
            "set_size": [2, 5, 8, 8],
            "correct_response": ["left", "right", "none", "left"],
            "window_start_s": [0.1, 1.5, 2.9, 4.0],
            "window_stop_s": [1.5, 2.9, 4.0, 5.0],
        }
    )
    events = pd.DataFrame({"onset_s": [], "duration_s": [], "channel": [], "level": [], "trial": []})
    session = Session("two_choice", events, trials, ("go",), ("left", "right"), 6.0)
    responses = Responses(
        pd.DataFrame(
            {
                "trial": [*range(n), *range(n)],
                "component": ["T1"] * n + ["T2"] * n,
                "response": ["left", "left", None, "right", None, "right", "left", "left"],
                # the first press came before the onset, inside its window
                "response_time_s": [-0.15, 0.2, np.nan, 0.3, np.nan, 0.5, 0.6, 0.7],
            }
        ).sort_values(["trial", "component"], ignore_index=True)
    )
    record = HumanRecord("sub-1", "", "", {}, session, responses)
    write_bids(tmp_path, [record])
    (back,) = read_trials(tmp_path)
    assert back.session.task == "two_choice"
    pd.testing.assert_frame_equal(back.session.trials, trials, check_exact=True)
    pd.testing.assert_frame_equal(
        back.responses.table, responses.table, check_exact=True, check_column_type=False
    )


def test_writing_again_keeps_the_others(tmp_path):
    task = SART(trials_per_digit=1)
    write_bids(tmp_path, [virtual(task, 1, "sub-a", groups={"age": 20})])
    write_bids(tmp_path, [virtual(task, 2, "sub-b", groups={"age": 40})])
    assert [r.groups["age"] for r in read_trials(tmp_path)] == [20, 40]
    write_bids(tmp_path, [virtual(task, 3, "sub-a", groups={"age": 21})])
    assert [r.groups["age"] for r in read_trials(tmp_path)] == [21, 40]


def test_nothing_is_written_if_anything_is_wrong(tmp_path):
    task = SART(trials_per_digit=1)
    session = task.session(1)
    clash = Session(
        "sart",
        session.events,
        session.trials.assign(rt=1.0),
        session.channels,
        session.responses,
        session.duration_s,
    )
    records = [
        virtual(task, 1, "sub-a"),
        virtual(task, 2, "sub-a"),
        virtual(task, 3, "sub-../../etc"),
        virtual(task, 4, "sub-c", session_label="first day"),
        HumanRecord("sub-d", "", "", {}, clash, presses_to(session, 1)),
    ]
    with pytest.raises(ValueError) as error:
        write_bids(tmp_path / "out", records)
    message = str(error.value)
    assert "sub-a_task-sart_events.tsv: 2 records have this name" in message
    assert "participant_id = 'sub-../../etc', must be 'sub-' and letters or digits" in message
    assert "session_label = 'first day'" in message
    assert "condition column 'rt' has a meaning of its own" in message
    assert not (tmp_path / "out").exists()
    with pytest.raises(ValueError, match="no records"):
        write_bids(tmp_path / "out", [])


def test_a_write_that_fails_leaves_the_old_file_whole(tmp_path, monkeypatch):
    task = SART(trials_per_digit=1)
    (path,) = write_bids(tmp_path, [virtual(task, 1, "sub-a")])
    before = path.read_bytes()

    def full_disk(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bridges.human.writers.os.fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_bids(tmp_path, [virtual(task, 2, "sub-a")])
    assert path.read_bytes() == before
    assert not [p for p in tmp_path.rglob(".*") if p.is_file()]


@pytest.mark.skipif(os.name != "posix", reason="permissions as on POSIX systems")
def test_files_can_be_read_by_whom_the_system_allows(tmp_path):
    plain = tmp_path / "plain.txt"
    plain.write_text("x")
    write_bids(tmp_path / "data", [virtual(SART(trials_per_digit=1), 1, "sub-a")])
    modes = {path.name: path.stat().st_mode for path in (tmp_path / "data").rglob("*") if path.is_file()}
    assert len(modes) >= 4 and set(modes.values()) == {plain.stat().st_mode}


# --- folders of others -----------------------------------------------------------------------------


@pytest.fixture
def foreign(tmp_path):
    """A folder as another laboratory writes it: fMRI events, milliseconds in the sidecar."""
    (tmp_path / "participants.tsv").write_text(
        "participant_id\tage\tgroup\nsub-01\t23\tYoung\nsub-02\tn/a\tOld\n"
    )
    (tmp_path / "task-PVT_events.json").write_text(
        '{"response_time": {"Units": "ms"}, "TaskName": "Vigilance"}'
    )
    for k, subject in enumerate(("sub-01", "sub-02")):
        place = tmp_path / subject / "func"
        place.mkdir(parents=True)
        (place / f"{subject}_task-PVT_events.tsv").write_text(
            f"onset\tduration\tresponse_time\n{2 + k}.0\t1\t301\n7.5\tn/a\t288\n13.0\t1\tn/a\n"
        )
    return tmp_path


def test_folder_of_another_laboratory(foreign):
    first, second = read_trials(foreign)
    assert (first.session.task, first.participant_id) == ("pvt", "sub-01")
    assert first.groups == {"age": 23, "group": "Young"}
    assert second.groups["group"] == "Old"
    assert np.isnan(second.groups["age"])
    assert first.responses.table["response_time_s"].tolist()[:2] == pytest.approx([0.301, 0.288])
    assert first.responses.table["response"].isna().tolist() == [False, False, True]
    assert len(read_human(foreign).trials) == 2


def test_faults_of_all_files_in_one_error(foreign):
    (foreign / "sub-01/func/sub-01_task-PVT_events.tsv").write_text(
        "onset\tduration\tresponse_time\n-1\t1\t301\nx\t1\t280\n"
    )
    (foreign / "sub-02/func/sub-02_task-PVT_events.tsv").write_text("onset\tduration\n1\t1\n")
    (foreign / "participants.tsv").write_text("participant_id\tage\nsub-01\t23\nsub-01\t24\n")
    with pytest.raises(ValueError) as error:
        read_trials(foreign)
    message = str(error.value)
    assert "participants.tsv: row 3: participant_id = 'sub-01' is there twice" in message
    assert message.count("is there twice") == 1
    assert "sub-01_task-PVT_events.tsv: row 2: onset = -1 is negative" in message
    assert "sub-01_task-PVT_events.tsv: row 3: onset = 'x' is not a number" in message
    assert "sub-02_task-PVT_events.tsv: row 1: column 'response_time' is missing" in message


def test_two_tasks_in_a_folder(foreign):
    write_bids(foreign, [virtual(SART(trials_per_digit=1), 1, "sub-03")])
    with pytest.raises(ValueError, match=r"trials of 2 tasks, \['PVT', 'sart'\]; pass task="):
        read_trials(foreign)
    assert len(read_trials(foreign, "pvt")) == 2
    assert len(read_trials(foreign, "sart")) == 1
    with pytest.raises(ValueError, match=r"no trials of task 'stroop'; there are \['PVT', 'sart'\]"):
        read_trials(foreign, "stroop")


def test_broken_sidecar_is_a_fault(foreign):
    (foreign / "task-PVT_events.json").write_text("{units: ms}")
    with pytest.raises(ValueError, match="task-PVT_events.json: not JSON"):
        read_trials(foreign)


def test_empty_folder(tmp_path):
    with pytest.raises(ValueError, match="no sub-"):
        read_trials(tmp_path)
