"""The study of maps between circuit and network: the contract of its plug-ins, a quick run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from exhibit_contract import SETTINGS, assert_declares_targets, assert_parts_are_plain

from studies.correspondence import Correspondence
from studies.corresponding import NAMES, correspondence


@pytest.mark.parametrize("name", NAMES)
def test_every_map_declares_what_must_hold_and_where_that_is_from(name):
    assert_declares_targets(correspondence(name), name)


@pytest.mark.parametrize("setting", SETTINGS, ids=["quick", "full"])
@pytest.mark.parametrize("name", NAMES)
def test_parts_have_distinct_names_and_plain_arguments(name, setting):
    assert_parts_are_plain(correspondence(name), setting)


@pytest.mark.parametrize("name", NAMES)
def test_a_full_run_has_three_seeds_or_no_seed_at_all(name):
    """What a seed decides is claimed over at least three of them."""
    seeds = set()
    for part in correspondence(name).parts(SETTINGS[1]):
        for key, value in part.arguments.items():
            if key == "seed":
                seeds.add(value)
            elif key == "seeds":
                seeds.update(value if isinstance(value, tuple | list) else range(value))
    assert not seeds or len(seeds) >= 3


def test_every_fault_of_the_command_is_named():
    with pytest.raises(ValueError, match=r"unknown 'gatting'.*\n.*seed = -1"):
        Correspondence(map=("gatting",), seed=-1).chosen()
    with pytest.raises(ValueError, match="unknown map 'x'"):
        correspondence("x")
    assert [one.name for one in Correspondence(map=("gating", "codec")).chosen()] == ["codec", "gating"]


@pytest.mark.study
def test_a_quick_run_leaves_numbers_with_their_tolerances(tmp_path):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    # deprecations are those of Brian2, which the maps simulate with
    strict = ["-W", "error", "-W", "ignore::DeprecationWarning"]
    command = [sys.executable, *strict, "-m", "studies.correspondence", "--quick", "--workers", "0"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path), "--map", "codec", "readout", "gain"],
        capture_output=True,
        text=True,
        timeout=600,
        env=environment,
        cwd=Path(__file__).parents[1],
    )
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.splitlines()[-1])
    checks = json.loads((folder / "checks.json").read_text())
    rows = pd.read_csv(folder / "rows.csv")
    assert [check["name"] for check in checks] == list(rows["exhibit"] + "." + rows["quantity"])
    assert set(rows["exhibit"]) == {"codec", "readout", "gain"}
    # what disagrees says why
    assert rows.loc[~rows["agrees"], "explanation"].fillna("").str.len().gt(0).all()
    for number, name in enumerate(("codec", "readout", "gain"), start=1):
        assert (folder / "figures" / f"figure{number}_{name}.png").stat().st_size > 10_000
    assert "Correspondence of circuit and network" in (folder / "report.html").read_text()
