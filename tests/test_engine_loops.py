"""The rewriting of generated C++: the steps of neurons are found whatever Brian2 numbers them."""

from __future__ import annotations

import pytest

from neurosim.engine.loops import LOOP, quicken

STEP = f"void run() {{\n    {LOOP}\n    {{\n        v[_idx] += 1.0;\n    }}\n}}\n"
WATCH = f"void run() {{\n    {LOOP}\n    {{\n        v[_idx] *= watch(v[_idx]);\n    }}\n}}\n"
CLOCK = "current = std::clock();\n  elapsed_realtime = (double)(current - start)/CLOCKS_PER_SEC;\n  step();\n"


@pytest.fixture
def work(tmp_path):
    (tmp_path / "code_objects").mkdir()
    (tmp_path / "network.cpp").write_text(CLOCK)
    return tmp_path


@pytest.mark.parametrize("number", ["_codeobject", "_codeobject_1", "_3_codeobject_17"])
def test_the_step_of_a_later_network_of_a_process_is_quickened_too(work, number):
    step = work / "code_objects" / f"neurons_1_run_regularly{number}.cpp"
    watch = work / "code_objects" / "neurons_1_run_regularly_2_codeobject_1.cpp"
    pools = work / "code_objects" / "pools_run_regularly_codeobject.cpp"
    step.write_text(STEP)
    watch.write_text(WATCH)
    pools.write_text(STEP)
    quicken(work)
    assert "#pragma GCC ivdep" in step.read_text()
    assert watch.read_text() == WATCH and pools.read_text() == STEP
    assert "clock" not in (work / "network.cpp").read_text()


def test_a_network_without_a_known_step_is_refused_rather_than_slow(work):
    (work / "code_objects" / "neurons_1_stateupdater_codeobject.cpp").write_text(STEP)
    with pytest.raises(RuntimeError, match="no step of a neuron group"):
        quicken(work)
