"""Exports: what other programs get is what the session says, and comes back without loss."""

from __future__ import annotations

import copy
import doctest
import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bridges.encoding import RateCode, levels
from bridges.exports.__main__ import main
from bridges.exports.arrays import session_arrays
from bridges.exports.bids_events import read_sessions, write_sessions
from bridges.exports.jspsych import default_keys, timeline, timeline_faults
from bridges.human.readers import read_trials
from bridges.labels import labels
from bridges.session import Responses, Rule, Session
from bridges.tasks import CPTX, MOT, PVT, SART, ChangeDetection

VALIDATOR = shutil.which("bids-validator-deno") or shutil.which(
    "bids-validator-deno", path=str(Path(sys.executable).parent)
)
SHORT = SART(trials_per_digit=2)


def dual(seed: int = 0, n: int = 12) -> Session:
    """Two responses in most trials, one of either kind in the others."""
    rng = np.random.default_rng(seed)
    onset_s = 1.0 + 2.0 * np.arange(n)
    soa_s = rng.choice([0.05, 0.3, 0.8], n)
    kind = np.arange(n) % 4
    has_1, has_2 = kind != 2, kind != 3
    first, second = rng.choice(["left", "right"], n), rng.choice(["low", "high", "none"], n)
    trials = pd.DataFrame(
        {
            "trial": np.arange(n),
            "onset_s": onset_s,
            "block": np.arange(n) // 6,
            "trial_type": np.array(["dual", "dual", "second", "first"])[kind],
            "soa_s": soa_s,
            "rare": np.arange(n) % 3 == 0,
            "correct_response": np.where(has_1, first, None),
            "window_start_s": np.where(has_1, onset_s, np.nan),
            "window_stop_s": np.where(has_1, onset_s + 1.5, np.nan),
            "onset_t2_s": np.where(has_2, onset_s + soa_s, np.nan),
            "correct_response_t2": np.where(has_2, second, None),
            "window_start_t2_s": np.where(has_2, onset_s + soa_s, np.nan),
            "window_stop_t2_s": np.where(has_2, onset_s + 1.9, np.nan),
        }
    )
    events = pd.DataFrame(
        {
            "onset_s": np.append(0.5, np.stack([onset_s, onset_s + soa_s], axis=1)),
            "duration_s": 0.1,
            "channel": ["attend_s1", *["s1", "s2"] * n],
            "level": 1.0,
            "trial": np.append(-1, np.repeat(np.arange(n), 2)),
        }
    )
    return Session(
        "two_tasks",
        events,
        trials,
        ("s1", "s2", "attend_s1"),
        ("left", "right", "low", "high"),
        26.0,
        {"seed": seed, "soas": (0.05, 0.3, 0.8)},
        second=("low", "high"),
        rules=(Rule("s1", "left", goal="attend_s1"), Rule("s2", "low", weight=0.5)),
    )


def at_random(session: Session, seed: int = 0) -> Responses:
    rng = np.random.default_rng(seed)
    n = 2 * session.n_trials
    return Responses.from_presses(
        session, rng.uniform(0, session.duration_s, n), rng.choice(session.responses, n).tolist()
    )


# --- BIDS -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sessions", [SHORT.sessions(2, 1), [dual(0), dual(1)]], ids=["sart", "dual"])
@pytest.mark.parametrize("performed", [False, True])
def test_bids_round_trip_is_lossless(tmp_path, sessions, performed):
    responses = [at_random(session) for session in sessions] if performed else None
    paths = write_sessions(tmp_path, sessions, responses=responses)
    assert paths[0] == tmp_path / f"sub-0001/beh/sub-0001_task-{sessions[0].task.replace('_', '')}_events.tsv"
    back = read_sessions(tmp_path)
    assert [one.content_hash for one in back] == [one.content_hash for one in sessions]
    assert [one.rules for one in back] == [one.rules for one in sessions]
    assert [one.trials.columns.tolist() for one in back] == [s.trials.columns.tolist() for s in sessions]
    for k, record in enumerate(read_trials(tmp_path)):
        assert ("response" in pd.read_csv(paths[k], sep="\t")) == performed
        if responses:
            pd.testing.assert_frame_equal(
                record.responses.table, responses[k].table, check_exact=True, check_dtype=False
            )
            strays = responses[k].stray.reset_index(drop=True)
            pd.testing.assert_frame_equal(record.responses.stray, strays, check_exact=True, check_dtype=False)
        else:
            assert record.responses.table.empty and record.responses.stray.empty


@pytest.mark.skipif(VALIDATOR is None, reason="bids-validator-deno is not installed")
def test_bids_validator_accepts_the_folder(tmp_path):
    write_sessions(tmp_path / "designs", SHORT.sessions(2, 1))
    write_sessions(tmp_path / "performed", [dual()], responses=[at_random(dual())])
    for folder in ("designs", "performed"):
        done = subprocess.run(
            [str(VALIDATOR), str(tmp_path / folder), "--format", "json"],
            capture_output=True,
            text=True,
            timeout=120,
        )
        found = json.loads(done.stdout)
        errors = [issue for issue in found["issues"]["issues"] if issue["severity"] == "error"]
        assert not errors and done.returncode == 0, errors
        assert found["summary"]["tasks"] in (["sart"], ["two_tasks"])


def test_bids_events_are_in_the_order_of_time_and_described(tmp_path):
    (path,) = write_sessions(tmp_path, [dual()], responses=[at_random(dual())])
    table = pd.read_csv(path, sep="\t", keep_default_na=False)
    assert table.columns[:3].tolist() == ["onset", "duration", "event_type"]
    assert (np.diff(table["onset"]) >= 0).all()
    described = json.loads(path.with_suffix(".json").read_text())
    assert set(table.columns) <= set(described)
    counts = table["event_type"].value_counts()
    assert (counts["trial"], counts["stimulus"], counts["instruction"]) == (12, 24, 1)


def test_codes_of_conditions_are_explained(tmp_path):
    for task in (MOT(), ChangeDetection()):
        session = task.practice().session(1)
        write_sessions(tmp_path / task.name, [session])
        (sidecar,) = (tmp_path / task.name).rglob("*_events.json")
        said = json.loads(sidecar.read_text())
        for row in session.trials.head(20).to_dict("records"):
            shown = session.events[session.events["trial"] == row["trial"]]
            if task.name == "mot":
                assert "sum of 2 to the power k - 1" in said["targets"]["Description"]
                cued = shown.loc[shown["onset_s"] == shown["onset_s"].min(), "channel"]
                assert row["targets"] == sum(2 ** (int(name.removeprefix("cue_")) - 1) for name in cued)
            else:
                assert "a, b, ... for the colours of the task in order" in said["sample"]["Description"]
                coded = {task.colours[ord(letter) - ord("a")] for letter in row["sample"] if letter != "-"}
                names = shown.loc[shown["channel"].str.startswith("sample_"), "channel"]
                assert coded == {name.removeprefix("sample_") for name in names}


def test_bids_overwrites_nothing(tmp_path):
    write_sessions(tmp_path, SHORT.sessions(1, 1))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(FileExistsError, match=r"README.md.*nothing was written"):
        write_sessions(tmp_path, SHORT.sessions(2, 2))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_bids_says_what_it_cannot_hold(tmp_path):
    made = SHORT.session(1)
    awkward = made.trials.assign(note=["a\tb", "n/a"] + ["x"] * (made.n_trials - 2))
    late_first = made.events.iloc[::-1].reset_index(drop=True)
    broken = Session("sart", late_first, awkward, made.channels, made.responses, made.duration_s)
    with pytest.raises(ValueError) as fault:
        write_sessions(tmp_path / "out", [broken])
    assert "events must be in the order of time" in str(fault.value)
    assert "'note' has texts that no such table can hold: ['a\\tb', 'n/a']" in str(fault.value)
    assert not (tmp_path / "out" / "sub-0001").exists()
    with pytest.raises(ValueError, match="1 sessions, 2 participants"):
        write_sessions(tmp_path, [made], participants=["sub-1", "sub-2"])


def test_bids_faults_of_a_spoilt_file_are_told(tmp_path):
    (path,) = write_sessions(tmp_path, [SHORT.session(1)])
    sidecar = path.with_suffix(".json")
    whole = json.loads(sidecar.read_text())
    spoilt = copy.deepcopy(whole)
    del spoilt["Session"]["Rules"]
    sidecar.write_text(json.dumps(spoilt))
    with pytest.raises(ValueError, match=r"lacks \['Rules'\]"):
        read_sessions(tmp_path)
    sidecar.write_text(json.dumps(whole))
    path.write_text(path.read_text().replace("attend_no_go", "attend_pink"))
    with pytest.raises(ValueError, match="channel = 'attend_pink'"):
        read_sessions(tmp_path)


# --- jsPsych --------------------------------------------------------------------------------------


@pytest.mark.parametrize("session", [SHORT.session(1), PVT(duration_s=60.0).session(2), dual()])
def test_timeline_tells_the_session(session):
    objects = json.loads(json.dumps(timeline(session), allow_nan=False))
    assert timeline_faults(objects) == []
    assert sum(one["trial_duration"] for one in objects) == pytest.approx(1e3 * session.duration_s)
    starts = np.cumsum([0.0, *(one["trial_duration"] for one in objects)])
    shown = [
        (starts[k] + event["onset_ms"], event["duration_ms"], event["channel"], event["level"])
        for k, one in enumerate(objects)
        for event in one["data"]["events"]
    ]
    events = session.events
    expected = zip(
        1e3 * events["onset_s"], 1e3 * events["duration_s"], events["channel"], events["level"], strict=True
    )
    for got, wanted in zip(sorted(shown), sorted(expected), strict=True):
        assert got[:2] == pytest.approx(wanted[:2]) and got[2:] == wanted[2:]
    rows = [(k, one) for k, one in enumerate(objects) if one["data"]["kind"] == "trial"]
    for (k, one), (_, row) in zip(rows, session.trials.iterrows(), strict=True):
        data = one["data"]
        assert starts[k] + data["onset_ms"] == pytest.approx(1e3 * row["onset_s"])
        assert data["condition"] == row["trial_type"]
        if isinstance(row["correct_response"], str) and row["correct_response"] != "none":
            assert data["keys"][row["correct_response"]] == data["correct_key"]
        else:
            assert data["correct_key"] is None
        assert one["stimulus"].count('class="ns-event"') == len(data["events"])


def test_keys_are_documented_and_distinct():
    assert default_keys(SHORT.session(1)) == {"press": " "}
    keys = default_keys(dual())
    assert keys == {"left": "arrowleft", "right": "arrowright", "low": "u", "high": "i"}
    own = timeline(dual(), {"left": "a", "right": "s", "low": "k", "high": "l"})
    assert own[1]["choices"] == ["a", "s", "k", "l"]
    with pytest.raises(ValueError, match="key of its own"):
        timeline(dual(), {"left": "a", "right": "a", "low": "k", "high": "l"})
    with pytest.raises(ValueError, match=r"without one: \['high'\]"):
        timeline(dual(), {"left": "a", "right": "s", "low": "k"})


def test_faults_of_a_timeline_are_found():
    objects = timeline(SHORT.session(1))
    objects[0]["type"] = "image-keyboard-response"
    objects[1]["trial_duration"] = -5
    objects[2]["choices"] = "ALL_KEYS"
    objects[3]["data"]["correct_key"] = "q"
    del objects[4]["stimulus"]
    objects[5]["data"]["events"][0]["level"] = 2
    # a choice of keys that is no list cannot hold the correct key either
    assert [int(text.split(":")[0].removeprefix("object ")) for text in timeline_faults(objects)] == [
        *(0, 1, 2, 2, 3, 4, 5)
    ]


# --- labels and arrays ----------------------------------------------------------------------------


def test_labels_of_two_components():
    session = dual()
    target, mask = labels(session, 0.05, deadline_s=0.6, grace_s=0.2)
    assert target.shape == mask.shape == (520, 2)
    for _, row in session.trials.iterrows():
        for column, onset, names, correct in (
            (0, "onset_s", ("left", "right"), "correct_response"),
            (1, "onset_t2_s", ("low", "high"), "correct_response_t2"),
        ):
            if not isinstance(row[correct], str):
                continue
            step = round(row[onset] / 0.05)
            asked = names.index(row[correct]) if row[correct] != "none" else 2
            assert (target[step : step + 12, column] == asked).all()
            assert mask[step : step + 12, column].all()
            assert (mask[step + 12 : step + 16, column] == (asked == 2)).all()
    # steps in which nothing is asked for are "none"
    assert (target[:19] == 2).all()


def test_arrays_hold_levels_and_labels_of_every_session(tmp_path):
    batch = PVT(duration_s=60.0).sessions(3, seed=4)
    made = session_arrays(batch, dt_s=0.05)
    longest = max(len(levels(session, 0.05)) for session in batch)
    assert made.inputs.shape == (3, longest, 2) and made.inputs.dtype == np.float32
    assert made.targets.shape == made.mask.shape == (3, longest)
    for k, session in enumerate(batch):
        level = levels(session, 0.05)
        target, mask = labels(session, 0.05)
        n = len(level)
        assert np.array_equal(made.inputs[k, :n], level.astype(np.float32))
        assert np.array_equal(made.targets[k, :n], target)
        assert np.array_equal(made.mask[k, :n], mask)
        assert not made.mask[k, n:].any() and not made.inputs[k, n:].any()
        assert (made.targets[k, n:] == 1).all()
    assert made.classes == {"T1": ("press", "none")}
    paths = made.save(tmp_path / "out")
    loaded = np.load(paths[0], allow_pickle=False)
    assert np.array_equal(loaded["inputs"], made.inputs)
    assert loaded["classes_t1"].tolist() == ["press", "none"]
    assert len(pd.read_csv(paths[1], sep="\t")) == len(batch.trials)
    with pytest.raises(FileExistsError):
        made.save(tmp_path / "out")


def test_arrays_of_two_components_and_noise():
    made = session_arrays([dual(0), dual(1)], dt_s=0.05)
    assert made.targets.shape == (2, 520, 2)
    assert made.trials["session"].tolist() == [0] * 12 + [1] * 12
    noisy = session_arrays([dual(0)], 0.05, code=RateCode(), rng=np.random.default_rng(1))
    residual = noisy.inputs[0] - levels(dual(0), 0.05)
    quiet = levels(dual(0), 0.05) == 0.0
    assert residual[quiet].std() == pytest.approx(float(RateCode().noise_sd(np.zeros(1), 0.05)[0]), rel=0.1)
    with pytest.raises(ValueError, match="needs both"):
        session_arrays([dual(0)], 0.05, code=RateCode())
    with pytest.raises(ValueError, match="session 1 has other channels"):
        session_arrays([dual(0), SHORT.session(1)])
    with pytest.raises(ValueError, match="no sessions"):
        session_arrays([])


def test_tensors_are_the_arrays():
    torch = pytest.importorskip("torch")
    from bridges.exports.tensors import SessionDataset

    made = session_arrays(SHORT.sessions(3, 1), dt_s=0.05)
    whole = SessionDataset(made)
    assert len(whole) == 3
    assert np.array_equal(whole[2].inputs.numpy(), made.inputs[2])
    cut = SessionDataset(made, crop_steps=100)
    per_session = made.inputs.shape[1] // 100
    assert len(cut) == 3 * per_session
    assert np.array_equal(cut[per_session + 1].targets.numpy(), made.targets[1, 100:200])
    loader = torch.utils.data.DataLoader(cut, batch_size=4)
    batch = next(iter(loader))
    assert batch.inputs.shape == (4, 100, 3) and batch.mask.dtype == torch.bool
    assert sum(len(one.inputs) for one in loader) == len(cut)
    with pytest.raises(ValueError, match="crop_steps = 0"):
        SessionDataset(made, crop_steps=0)


# --- environments ---------------------------------------------------------------------------------


def env_of(session_maker, **more):
    pytest.importorskip("gymnasium")
    from bridges.exports.gym_env import TaskEnv

    return TaskEnv(session_maker, **more)


class Fixed:
    """A task that always makes the same session."""

    name = "two_tasks"

    def session(self, seed: int) -> Session:
        return dual(0)


@pytest.mark.parametrize("task", [SHORT, CPTX(n_blocks=3, trials_per_block=4), Fixed()], ids=lambda t: t.name)
def test_environment_passes_its_checker(task):
    pytest.importorskip("gymnasium")
    from gymnasium.utils.env_checker import check_env

    check_env(env_of(task, dt_s=0.05), skip_render_check=True)


def test_environment_starts_the_session_of_its_seed():
    env = env_of(SHORT, dt_s=0.05)
    first, info = env.reset(seed=7)
    assert env.session.content_hash == SHORT.session(7).content_hash
    assert info["trial"] == -1 and info["correct_response"] == {}
    env.reset()
    second = env.session.content_hash
    env.reset(seed=7)
    env.reset()
    assert env.session.content_hash == second != SHORT.session(7).content_hash
    assert np.array_equal(first, levels(SHORT.session(7), 0.05)[0].astype(np.float32))


@pytest.mark.parametrize("task", [SHORT, Fixed()], ids=["sart", "dual"])
@pytest.mark.parametrize("policy", ["never", "random", "right"])
def test_rewards_are_the_scores(task, policy):
    env = env_of(task, dt_s=0.05)
    rng = np.random.default_rng(3)
    observation, info = env.reset(seed=1)
    session = env.session
    level = levels(session, 0.05)
    total, over, step, seen = 0.0, False, 0, set()
    while not over:
        assert np.allclose(observation, level[min(step, len(level) - 1)], atol=1e-6)
        action = 0
        if policy == "random" and rng.random() < 0.08:
            action = int(rng.integers(1, env.action_space.n))
        if policy == "right":
            for part, name in info["correct_response"].items():
                if name != "none" and (info["trial"], part, name) not in seen and action == 0:
                    seen.add((info["trial"], part, name))
                    action = 1 + session.responses.index(name)
        observation, reward, over, cut, info = env.step(np.int64(action))
        assert not cut
        total += reward
        step += 1
    responses = info["responses"]
    correct = responses.scored(session)["correct"]
    assert total == pytest.approx(correct.sum() - (~correct).sum() - 0.1 * len(responses.stray))
    if policy == "never":
        assert correct.sum() == (responses.scored(session)["correct_response"] == "none").sum()
    if policy == "right":
        assert correct.mean() > 0.9
    with pytest.raises(ValueError, match="call reset"):
        env.step(np.int64(0))


def test_environment_refuses_unknown_actions():
    env = env_of(SHORT, dt_s=0.05)
    env.reset(seed=1)
    with pytest.raises(ValueError, match="action = 5, must be from 0 to 1"):
        env.step(5)
    with pytest.raises(ValueError, match="dt_s = 0"):
        env_of(SHORT, dt_s=0)


def test_without_gymnasium_the_error_says_what_to_install():
    code = (
        "import sys; sys.modules['gymnasium'] = None\n"
        "try:\n    import bridges.exports.gym_env\nexcept ImportError as error:\n    print(error)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "pip install 'neurosim[gym]'" in out


# --- the command line -----------------------------------------------------------------------------


def test_command_line_writes_and_overwrites_nothing(tmp_path, capsys):
    assert (
        main(["--task", "sart", "--n", "2", "--to", "bids", "--out", str(tmp_path / "b"), "--practice"]) == 0
    )
    back = read_sessions(tmp_path / "b")
    assert [one.content_hash for one in back] == [
        one.content_hash for one in SART().practice().sessions(2, 0)
    ]
    assert main(["--task", "sart", "--to", "jspsych", "--out", str(tmp_path / "j"), "--practice"]) == 0
    assert timeline_faults(json.loads((tmp_path / "j" / "sart_0001.json").read_text())) == []
    numpy_call = [
        "--task",
        "pvt",
        "--to",
        "numpy",
        "--out",
        str(tmp_path / "n"),
        "--practice",
        "--dt-s",
        "0.1",
    ]
    assert main(numpy_call) == 0
    assert "files, e.g." in capsys.readouterr().out
    for call in (numpy_call, ["--task", "sart", "--to", "jspsych", "--out", str(tmp_path / "j")]):
        assert main(call) == 2
        assert "nothing was written" in capsys.readouterr().err
    assert main(["--task", "stroop", "--out", str(tmp_path / "s")]) == 2
    assert "task = 'stroop', must be one of: " in capsys.readouterr().err


def test_help_teaches(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert "python -m bridges.exports --task sart --n 10 --to bids" in said
    assert "Number of sessions" in said


@pytest.mark.parametrize("name", ["bids_events", "jspsych", "arrays", "tensors", "gym_env"])
def test_examples_run(name):
    pytest.importorskip("gymnasium")
    results = doctest.testmod(importlib.import_module(f"bridges.exports.{name}"))
    assert results.attempted > 0 and results.failed == 0


def test_exports_of_files_load_no_simulator():
    code = (
        "import sys, bridges.exports.bids_events, bridges.exports.jspsych, bridges.exports.arrays;"
        "heavy = {'torch', 'brian2', 'gymnasium'} & set(sys.modules); sys.exit(repr(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
