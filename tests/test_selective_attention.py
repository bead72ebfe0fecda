"""Selective attention: wiring, trials and summaries, and that attention acts as it should."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from neurosim.circuits.parameter_table import parameter_table
from neurosim.circuits.protocols.selective_attention_protocol import (
    AttentionTrial,
    attention_trials,
    competition_of,
    gain_of,
    ignition_of,
    similarity_of,
    tuning_of,
)
from neurosim.circuits.selective_attention import (
    GATE,
    STIMULI,
    SelectiveAttentionParameters,
    selective_attention_circuit,
)
from neurosim.engine import standalone
from neurosim.ring import angular_distance_deg, directions_deg

needs_compiler = pytest.mark.skipif(standalone.compiler() is None, reason="no C++ compiler")


def made_up(gain: float, added_hz: float, trials: int = 3) -> pd.DataFrame:
    """Rows as a simulation gives them: attended = gain times unattended + a constant."""
    rows = []
    directions = angular_distance_deg(directions_deg(32), 180.0)
    for offset in (0.0, 45.0, 90.0, 135.0, 180.0):
        plain = 5.0 + 40.0 * np.exp(2.5 * (np.cos(np.radians(directions - offset)) - 1.0))
        for trial in range(trials):
            for attended in (True, False):
                rates = gain * plain + added_hz if attended else plain
                rows.append(
                    pd.DataFrame(
                        {
                            "attended": attended,
                            "offset_deg": offset,
                            "trial": trial,
                            "direction_deg": directions,
                            "mt_hz": rates * (1 + 0.01 * trial),
                            "delay_peak_hz": 30.0 if attended else 1.0,
                            "test_peak_hz": 30.0 if attended or offset == 0 else 2.0,
                        }
                    )
                )
    return pd.concat(rows, ignore_index=True)


def test_a_gain_and_a_constant_are_told_apart():
    fit = tuning_of(made_up(1.15, 0.0))
    assert fit["slope"].value == pytest.approx(1.15)
    assert fit["intercept"].value == pytest.approx(0.0, abs=1e-9)
    assert fit["r_squared"].value == pytest.approx(1.0)
    fit = tuning_of(made_up(1.0, 6.0))
    assert fit["slope"].value == pytest.approx(1.0)
    assert fit["intercept"].value == pytest.approx(6.0 * 1.01)


def test_gain_and_similarity_are_ratios():
    table = made_up(1.2, 0.0)
    gain = gain_of(table)
    assert list(gain) == [0.0, 45.0, 90.0, 135.0, 180.0]
    assert all(m.value == pytest.approx(1.2) for m in gain.values())
    similarity = similarity_of(table)
    assert similarity["distance_deg"].tolist() == list(np.arange(17) * 11.25)
    np.testing.assert_allclose(similarity["ratio"], 1.2)


def test_ignition_counts_trials():
    shares = ignition_of(made_up(1.0, 0.0))
    assert shares["attended_delay"].value == 1.0
    assert shares["unattended_test"].value == 1.0  # at one of the directions in every trial
    assert shares["unattended_test"].n == 3


def test_competition_takes_the_cells_at_the_first_motion():
    rows = pd.DataFrame(
        {
            "condition": ["pair", "pair", "pair"],
            "direction_deg": [0.0, 0.0, 45.0],
            "mt_hz": [10.0, 20.0, 99.0],
        }
    )
    assert competition_of(rows)["pair"].value == 15.0


def test_the_drive_of_a_trial():
    t = AttentionTrial()
    drive = t.drive(180.0, (180.0, 90.0))
    assert drive.angles_deg is not None
    column = {name: k for k, name in enumerate(drive.channels)}
    at = np.searchsorted(drive.times_s, [0.6, 3.6], side="right") - 1
    assert drive.levels[at, column[STIMULI[0]]].tolist() == [1.0, 0.5]
    assert drive.levels[at, column[STIMULI[1]]].tolist() == [0.0, 0.5]
    assert drive.levels[at, column[GATE]].tolist() == [1.0, 1.0]
    assert drive.angles_deg[at[1], column[STIMULI[1]]] == 90.0
    assert GATE not in t.drive(None, (180.0,)).channels


def test_wiring():
    circuit = selective_attention_circuit()
    between = {
        (p.source, p.target): p
        for p in circuit.projections
        if p.source.split(".")[0] != p.target.split(".")[0]
    }
    assert set(between) == {
        ("mt.excitatory", "pfc.excitatory"),
        ("pfc.excitatory", "mt.excitatory"),
        ("pfc.excitatory", "mt.inhibition"),
    }
    assert all(p.receptor == "ampa" and p.kernel is not None for p in between.values())
    assert all(row["unit"] and row["source"] for row in parameter_table(SelectiveAttentionParameters()))
    half = selective_attention_circuit(SelectiveAttentionParameters(excitatory_size=512, inhibitory_size=128))
    assert half.projections[0].g_ns == pytest.approx(2 * circuit.projections[0].g_ns)


@pytest.mark.slow
@needs_compiler
def test_attention_raises_the_attended_and_lowers_the_opposite_response():
    t = replace(AttentionTrial(), delay_s=1.5, test_s=1.0)
    rows = attention_trials(4, 1, (0.0, 180.0), trial=t)
    shares = ignition_of(rows, t)
    assert shares["attended_delay"].value == 1.0
    assert shares["unattended_test"].value == 0.0
    gain = gain_of(rows)
    assert gain[0.0].low > 1.05
    assert gain[180.0].value < gain[0.0].low
