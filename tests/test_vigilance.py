"""Vigils with and without memory at two rates, and their decrements, against observers of known answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from exhibit_contract import assert_declares_targets, assert_parts_are_plain

from bridges.measures.behaviour import d_prime
from bridges.session import Responses
from studies.exhibits.base import Setting, rows_of
from studies.sustained.parasuraman import AGENTS, PARASURAMAN, decrements, extra_fall, find, sized
from studies.sustained.vigil import CONDITIONS, THIRDS, sensitivity_by_third, vigil
from studies.vigilance import Vigilance, main


@pytest.mark.parametrize(("memory", "rate"), CONDITIONS)
def test_conditions_differ_in_what_they_are_named_for_alone(memory, rate):
    session = vigil(memory, rate, 6.0).session(3)
    trials = session.trials
    assert np.diff(trials["onset_s"]) == pytest.approx(2.0 if rate == "fast" else 6.0)
    assert session.duration_s == pytest.approx(360.0, abs=40.0)
    target = trials["correct_response"] == "target"
    assert target.mean() == pytest.approx(1 / 3)
    by_probe = pd.crosstab(trials["probe"].astype(str) == "X", target)
    # without memory the probe alone tells; with it, X is a signal in one half only
    assert bool(by_probe.loc[False, True] == 0)
    assert (by_probe.loc[True, False] == 0) == (memory == "no_memory")
    assert session.components["T1"] == ("target", "nontarget")


def test_unknown_conditions_are_refused():
    with pytest.raises(ValueError, match="rate = 'often'"):
        vigil("memory", "often", 5.0)


def test_sensitivity_falls_where_signals_are_missed_in_the_end():
    session = vigil("memory", "fast", 3.0).session(5)
    trials = session.trials
    last = np.arange(len(trials)) >= 2 * len(trials) // 3
    said = trials["correct_response"].astype(str).to_numpy()
    missed = last & (said == "target") & (np.cumsum(said == "target") % 2 == 0)
    said = np.where(missed, "nontarget", said)
    times_s = trials["onset_s"].to_numpy(dtype=float) + 0.4
    by_third = sensitivity_by_third(session, Responses.from_presses(session, times_s, said)).set_index(
        "third"
    )
    assert list(by_third.index) == list(THIRDS)
    n = len(trials) // 3
    signals = int((trials["correct_response"][:n] == "target").sum())
    assert by_third.loc["first", "d_prime"] == pytest.approx(float(d_prime(signals, signals, 0, n - signals)))
    assert by_third.loc["first", "rt_ms"] == pytest.approx(400.0)
    assert by_third.loc["last", "hit_rate"] == pytest.approx(0.5, abs=0.1)
    assert by_third.loc["last", "criterion"] > by_third.loc["first", "criterion"]
    assert by_third.loc["first", "false_alarm_rate"] == by_third.loc["last", "false_alarm_rate"] == 0.0


def table(agent, falls, people=12, noise=0.1, seed=1):
    """Thirds of individuals whose d' falls by so much in each condition."""
    rng = np.random.default_rng(seed)
    rows = [
        {
            "agent": agent,
            "memory": memory,
            "rate": rate,
            "participant": person,
            "third": third,
            "d_prime": 3.0 - falls[memory, rate] * place / 2 + noise * rng.normal(),
            "criterion": 0.0,
        }
        for memory, rate in CONDITIONS
        for person in range(people)
        for place, third in enumerate(THIRDS)
    ]
    return pd.DataFrame(rows)


def test_extra_fall_is_that_of_both_demands_less_the_mean_of_the_rest():
    falls = dict(zip(CONDITIONS, (1.0, 0.3, 0.0, 0.3), strict=True))
    changes = decrements(table("spiking", falls, noise=0.0))
    assert changes.mean().to_numpy() == pytest.approx([-1.0, -0.3, 0.0, -0.3])
    assert extra_fall(changes) == pytest.approx(np.full(12, 0.8))


def test_the_rule_is_found_where_it_holds_and_missed_where_all_fall_alike():
    rule = dict(zip(CONDITIONS, (1.0, 0.0, 0.0, 0.0), strict=True))
    alike, still = dict.fromkeys(CONDITIONS, 1.0), dict.fromkeys(CONDITIONS, 0.0)
    truth = {"spiking": rule, "lstm-arousal": alike, "spiking-no-arousal": still, "lstm": still}
    tables = {agent: table(agent, truth[agent], seed=k) for k, agent in enumerate(AGENTS)}
    rows = rows_of(PARASURAMAN, Setting(), find(Setting(), tables))
    missed = {row.target.quantity for row in rows if not row.agrees}
    elsewhere = {f"fall.lstm-arousal.{'_'.join(c)}" for c in CONDITIONS[1:]}
    assert missed == {"extra_fall.lstm-arousal", *elsewhere}


def test_exhibit_declares_what_it_claims_and_its_parts_can_be_run_anywhere():
    assert_declares_targets(PARASURAMAN, "vigilance")
    for setting in (Setting(quick=True), Setting()):
        assert_parts_are_plain(PARASURAMAN, setting)
        assert len(PARASURAMAN.parts(setting)) == len(AGENTS) * len(CONDITIONS)


def test_size_can_be_chosen_and_is_part_of_what_is_run():
    assert sized() is PARASURAMAN
    arguments = [part.arguments for part in sized(5, 2.0).parts(Setting())]
    assert {(one["participants"], one["minutes"]) for one in arguments} == {(5, 2.0)}
    assert main(Vigilance(participants=1, minutes=0.0, seed=-1)) == 2
