"""A study of circuit and networks, killed half-way, goes on and ends with the numbers of an unbroken one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

AGENTS = ("spiking", "lstm", "attention")


def command(out: Path) -> list[str]:
    return [
        sys.executable, "-m", "studies.sustained_attention", "--quick", "--quiet", "--participants", "2",
        "--tasks", "pvt", "--agents", *AGENTS, "--out", str(out), "--workers", "2",
    ]  # fmt: skip


def finished(out: Path) -> list[Path]:
    return sorted(out.glob("sustained_attention/*/performances/**/*.json"))


def contents(out: Path) -> dict[str, bytes]:
    (folder,) = (out / "sustained_attention").iterdir()
    kept = [*folder.glob("performances/**/*.json"), folder / "calibration.json", folder / "scores.csv"]
    kept += [folder / "checks.json", *folder.glob("trials/**/*.tsv")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in kept}


@pytest.mark.slow
@pytest.mark.study
def test_a_killed_study_ends_with_the_numbers_of_an_unbroken_one(tmp_path, monkeypatch):
    # a cache of its own, so that networks are trained in the run that is killed
    monkeypatch.setenv("NEUROSIM_CACHE", str(tmp_path / "cache"))
    killed, unbroken = tmp_path / "killed", tmp_path / "unbroken"
    run = subprocess.Popen(
        command(killed), start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        start = time.monotonic()
        while not finished(killed):
            assert run.poll() is None, "the study ended before it could be killed"
            assert time.monotonic() - start < 400, "no participant finished"
            time.sleep(0.2)
    finally:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    before = {path: path.read_bytes() for path in finished(killed)}
    assert 0 < len(before) < 2 * len(AGENTS)

    subprocess.run(command(killed), check=True, timeout=500, stdout=subprocess.DEVNULL)
    for path, content in before.items():
        assert path.read_bytes() == content
    monkeypatch.setenv("NEUROSIM_CACHE", str(tmp_path / "another"))
    subprocess.run(command(unbroken), check=True, timeout=500, stdout=subprocess.DEVNULL)
    assert contents(killed) == contents(unbroken)
