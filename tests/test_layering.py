"""The layering holds, and the contracts do notice when it does not."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("neurosim", "ann", "bridges", "studies")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    command = [sys.executable, "-c", code, "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_the_layering_holds():
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Bare packages under the contracts of this project."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in (*PACKAGES, *named_modules()):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "__init__.py").write_text("")
    return tmp_path


def named_modules() -> list[str]:
    """Parts of bridges that the contracts name, as folders."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    named = {module for one in contracts for module in one.get("source_modules", ())}
    return sorted(module.replace(".", "/") for module in named if module.startswith("bridges."))


def test_bare_packages_pass(copy):
    done = lint_imports(copy)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("neurosim/peek.py", "import ann"),
        ("ann/peek.py", "import neurosim"),
        ("neurosim/peek.py", "import bridges"),
        ("ann/peek.py", "import bridges.tasks"),
        ("bridges/peek.py", "import studies"),
        ("bridges/tasks/peek.py", "import torch"),
        ("bridges/measures/peek.py", "import brian2"),
        ("bridges/human/peek.py", "import neurosim"),
        ("neurosim/peek.py", "import torch"),
        ("ann/peek.py", "import brian2"),
    ],
)
def test_a_forbidden_import_is_noticed(copy, module, line):
    (copy / module).write_text(line + "\n")
    done = lint_imports(copy)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "BROKEN" in done.stdout
