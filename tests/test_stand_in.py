"""Whether a twin stands in for its circuit: other groups of circuits say what may differ."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from studies.comparison.stand_in import prediction_interval, stand_in_checks, stand_in_table
from studies.scores import Scores


def scores(twin: float, agent: str = "spiking-twin") -> Scores:
    rng = np.random.default_rng(1)
    rows = [("prp", "spiking", k, 350.0 + 40.0 * rng.normal(), 0.9) for k in range(12)]
    rows += [("prp", agent, k, twin + 40.0 * rng.normal(), np.nan) for k in range(12)]
    names = ["task", "agent", "participant", "prp_effect_ms", "accuracy"]
    return Scores(pd.DataFrame(rows, columns=names), pd.DataFrame(), pd.DataFrame())


def test_nineteen_of_twenty_groups_lie_where_another_group_says():
    rng = np.random.default_rng(0)
    within = []
    for _ in range(4000):
        low, high = prediction_interval(rng.normal(size=10), 7)
        within.append(low <= rng.normal(size=7).mean() <= high)
    assert np.mean(within) == pytest.approx(0.95, abs=0.012)
    assert np.isnan(prediction_interval(np.array([1.0, np.nan]), 5)).all()


def test_a_twin_is_held_against_its_circuit_measure_by_measure():
    (check,) = stand_in_checks(scores(355.0), "prp")  # accuracy of the twin is unknown, so nothing is said
    assert check.name == "prp.stand_in.prp_effect_ms" and check.passed
    (check,) = stand_in_checks(scores(120.0), "prp")
    assert not check.passed and check.value == pytest.approx(120.0, abs=40.0)
    table = stand_in_table(scores(120.0), ["prp"], {"prp": "PRP"})
    assert table is not None
    ((task, measure, circuit, twin, difference, others, within),) = table.rows
    assert (task, within) == ("PRP", "no") and "(ms)" in str(measure)
    numbers = [
        float(str(cell).split(" ")[0].replace("\N{MINUS SIGN}", "-")) for cell in (circuit, twin, difference)
    ]
    assert numbers[1] - numbers[0] == pytest.approx(numbers[2], abs=1.0)
    low, high = map(float, str(others).split(" to "))
    assert low < numbers[0] < high


def test_one_circuit_says_nothing_about_others():
    few = scores(355.0)
    table = few.participants[few.participants["participant"] == 0]
    assert stand_in_checks(Scores(table, pd.DataFrame(), pd.DataFrame()), "prp") == []


def test_without_both_nothing_is_claimed():
    assert stand_in_checks(scores(355.0, "lstm"), "prp") == []
    assert stand_in_table(scores(355.0, "lstm"), ["prp"], {}) is None
