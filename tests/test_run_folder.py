from __future__ import annotations

import errno
import json
import math
import os

import numpy as np
import pandas as pd
import pytest

from bridges.session import Responses
from bridges.tasks import TASKS
from studies.checks import Check, above_zero, checks_json, in_band, zero_within
from studies.performances import PerformanceKey, PerformanceStore
from studies.provenance import Stopwatch
from studies.run_folder import RunFolder, RunFolderError, config_hash, write_atomically
from studies.seeds import individual_seed, session_seed

CONFIG = {"participants": 4, "tasks": ["sart"], "seed": 1}
KEY = PerformanceKey("sart", "fake", 3, "abc", "def")


def responses():
    table = pd.DataFrame(
        {
            "trial": [0, 1, 2],
            "component": "T1",
            "response": ["press", None, "press"],
            "response_time_s": [0.1 + 0.2, np.nan, 1 / 3],
        }
    )
    return Responses(table, pd.DataFrame({"time_s": [math.pi], "response": ["press"]}))


def test_hash_ignores_order_and_sees_every_value_and_the_version():
    assert config_hash(CONFIG, "1") == config_hash(dict(reversed(CONFIG.items())), "1")
    assert config_hash(CONFIG, "1") != config_hash({**CONFIG, "seed": 2}, "1")
    assert config_hash(CONFIG, "1") != config_hash(CONFIG, "2")


def test_same_config_finds_its_folder_again_whatever_the_date(tmp_path):
    first = RunFolder.open(tmp_path, "study", CONFIG, "1")
    old = first.path.rename(first.path.with_name(f"2001-01-01_{config_hash(CONFIG, '1')}"))
    again = RunFolder.open(tmp_path, "study", CONFIG, "1")
    other = RunFolder.open(tmp_path, "study", {**CONFIG, "seed": 2}, "1")
    assert not first.resumed and again.resumed and not other.resumed
    assert again.path == old and other.path != old
    assert json.loads((old / "config.json").read_text())["participants"] == 4


def test_file_instead_of_folder_is_a_clear_error(tmp_path):
    (tmp_path / "out").write_text("not a folder")
    with pytest.raises(RunFolderError, match="--out"):
        RunFolder.open(tmp_path / "out", "study", CONFIG, "1")


def test_full_disk_keeps_the_old_file_and_leaves_no_half_one(tmp_path, monkeypatch):
    path = tmp_path / "results.csv"
    write_atomically(path, "before")

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunFolderError, match="No space left on device"):
        write_atomically(path, "after")
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["results.csv"]


def test_performance_comes_back_to_the_last_bit(tmp_path):
    store = PerformanceStore(tmp_path)
    store.save(KEY, responses())
    back = store.load(KEY)
    assert (
        back.table["response_time_s"].to_numpy().tobytes()
        == responses().table["response_time_s"].to_numpy().tobytes()
    )
    assert back.table["response"].isna().tolist() == [False, True, False]
    assert back.stray["time_s"].tolist() == [math.pi]


@pytest.mark.parametrize("field", ["session_hash", "made_by"])
def test_performance_of_another_session_or_maker_is_not_trusted(tmp_path, field):
    store = PerformanceStore(tmp_path)
    store.save(KEY, responses())
    other = PerformanceKey(**{**KEY.record, field: "changed"})
    assert store.load(other) is None


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_truncated_performance_is_not_trusted(tmp_path, share):
    store = PerformanceStore(tmp_path)
    store.save(KEY, responses())
    text = store.path(KEY).read_text()
    store.path(KEY).write_text(text[: int(share * len(text))])
    assert store.load(KEY) is None


def test_altered_number_is_noticed(tmp_path):
    store = PerformanceStore(tmp_path)
    store.save(KEY, responses())
    text = store.path(KEY).read_text()
    store.path(KEY).write_text(text.replace("0.3333", "0.3433"))
    assert store.load(KEY) is None


def test_seeds_do_not_depend_on_how_many_or_which():
    few = [session_seed(5, i, "sart") for i in range(4)]
    many = [session_seed(5, i, "sart") for i in range(20)]
    assert few == many[:4]
    everything = (
        many + [session_seed(5, i, "pvt") for i in range(20)] + [individual_seed(5, i) for i in range(20)]
    )
    assert len(set(everything)) == 60
    assert session_seed(6, 0, "sart") != session_seed(5, 0, "sart")
    task = TASKS["sart"](trials_per_digit=2, n_blocks=2)
    assert task.session(few[0]).content_hash == task.session(many[0]).content_hash


def test_check_passes_inside_its_band_and_never_on_nan():
    assert in_band("a", 2.0, 1.0, 2.0, "ms", "s").passed
    assert not in_band("a", 2.1, 1.0, 2.0, "ms", "s").passed
    assert in_band("a", 9.0, 1.0, None, "ms", "s").passed
    assert not in_band("a", float("nan"), 1.0, 2.0, "ms", "s").passed
    with pytest.raises(ValueError, match="above"):
        in_band("a", 1.0, 2.0, 1.0, "ms", "s")
    with pytest.raises(ValueError, match="limit"):
        Check("a", 1.0, None, None, "ms", "s")
    with pytest.raises(AttributeError):
        in_band("a", 2.0, 1.0, 2.0, "ms", "s").passed = False


@pytest.mark.parametrize(
    ("estimate", "low", "high", "above", "includes"),
    [(3.0, 1.0, 5.0, True, False), (1.0, -1.0, 3.0, False, True), (-3.0, -4.0, -1.0, False, False),
     (1.0, 0.0, 2.0, False, True), (0.0, 0.0, 0.0, False, True), (5.0, 5.0, 5.0, True, False)],
)  # fmt: skip
def test_interval_claims_say_what_the_interval_says(estimate, low, high, above, includes):
    assert above_zero("a", estimate, low, "ms/min", "s").passed is above
    assert zero_within("a", estimate, low, high, "ms/min", "s").passed is includes


def test_interval_claims_fail_without_an_interval():
    assert not above_zero("a", 1.0, float("nan"), "ms", "s").passed
    assert not zero_within("a", 0.0, float("nan"), float("nan"), "ms", "s").passed


def test_checks_are_valid_json_with_null_for_nan():
    records = json.loads(checks_json([in_band("a", float("nan"), 0.0, None, "ms", "s")]))
    assert records == [
        {"name": "a", "value": None, "low": 0.0, "high": None, "unit": "ms", "source": "s", "passed": False}
    ]


def test_provenance_of_a_resumed_run_keeps_the_earlier_ones(tmp_path):
    folder = RunFolder.open(tmp_path, "study", CONFIG, "1")
    Stopwatch(folder, seed=1).stop()
    Stopwatch(folder, seed=1)
    Stopwatch(folder, seed=1).stop(note="third")
    record = json.loads((folder.path / "provenance.json").read_text())
    assert record["seed"] == 1 and record["note"] == "third" and record["wall_s"] >= 0
    assert record["versions"]["numpy"] == np.__version__
    assert [run["stopped"] is None for run in record["earlier"]] == [False, True]
