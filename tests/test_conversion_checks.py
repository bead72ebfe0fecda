"""Checks of what networks lose as spikes: differences within individuals; nothing where one is missing."""

from __future__ import annotations

import pandas as pd
import pytest

from studies.comparison.conversion import conversion_checks
from studies.scores import Scores


def scores(spiking, agent="lstm-spiking"):
    rows = [("ax_cpt", "lstm-memory", k, v) for k, v in enumerate((3.0, 2.0))]
    rows += [("ax_cpt", agent, k, v) for k, v in enumerate(spiking)]
    table = pd.DataFrame(rows, columns=["task", "agent", "participant", "d_prime_context"])
    return Scores(table, pd.DataFrame(), pd.DataFrame())


def test_the_loss_is_that_within_individuals():
    (check,) = conversion_checks(scores((2.8, 1.6)), "ax_cpt")
    assert check.name == "ax_cpt.conversion.d_prime_context_loss.lstm-spiking"
    assert check.value == pytest.approx(0.3) and check.passed
    (check,) = conversion_checks(scores((2.0, 1.0)), "ax_cpt")
    assert check.value == pytest.approx(1.0) and not check.passed


def test_without_both_forms_nothing_is_claimed():
    assert conversion_checks(scores((2.8, 1.6), "spiking"), "ax_cpt") == []
    assert conversion_checks(scores((2.8, 1.6)), "prp") == []
