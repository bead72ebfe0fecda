"""Time constants from activity, and the inverted U, against processes of known shape."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurosim.circuits.protocols.measurement import Measurement
from studies.excitation.exhibit import BIASES, FACTORS, SELF_EXCITATION, find, sized
from studies.excitation.inverted_u import inverted_u
from studies.excitation.performing import (
    LONGEST_TAU_S,
    SHORTEST_TAU_S,
    activity_timescale,
    delay_task,
)
from studies.exhibits.base import Setting, rows_of

DT_S = 0.01
SESSION = delay_task(short=False).session(3)


def remembering(tau_s, units=4, noise=0.0, seed=1):
    """Units that take the cue up and forget it with a time constant, from trial to trial anew."""
    rng = np.random.default_rng(seed)
    time_s = DT_S * np.arange(int(SESSION.duration_s / DT_S))
    traces = noise * rng.normal(size=(time_s.size, units))
    cue_s = SESSION.parameters["cue_s"]
    for onset in SESSION.trials["cue_onset_s"]:
        first = int(round((onset + cue_s) / DT_S))
        after = np.arange(time_s.size - first) * DT_S
        traces[first:] += rng.normal(size=units) * np.exp(-after / tau_s)[:, None]
    return traces, time_s


@pytest.mark.parametrize("tau_s", [0.1, 0.3, 0.6])
def test_leaky_noise_has_its_time_constant(tau_s):
    # an Ornstein-Uhlenbeck process has the correlation exp(-lag / tau)
    rng = np.random.default_rng(2)
    time_s = DT_S * np.arange(int(SESSION.duration_s / DT_S))
    keep = np.exp(-DT_S / tau_s)
    x = np.zeros((time_s.size, 6))
    for k in range(1, len(x)):
        x[k] = keep * x[k - 1] + np.sqrt(1 - keep**2) * rng.normal(size=6)
    assert activity_timescale(x, time_s, SESSION) == pytest.approx(tau_s, rel=0.3)


@pytest.mark.parametrize("tau_s", [0.1, 0.3, 1.0])
def test_memory_that_decays_without_noise_has_its_time_constant(tau_s):
    """Its correlation with what it was is 1 whatever the delay; the regression is not."""
    assert activity_timescale(*remembering(tau_s), SESSION) == pytest.approx(tau_s, rel=0.05)


def test_a_memory_that_lasts_is_longer_than_one_that_is_lost_in_noise():
    taus = [activity_timescale(*remembering(tau, noise=0.3), SESSION) for tau in (0.1, 0.5, 20.0)]
    assert taus[0] < taus[1] < taus[2] <= LONGEST_TAU_S
    assert taus[2] > 10.0


def test_what_is_over_at_once_has_the_shortest_time_constant():
    rng = np.random.default_rng(3)
    time_s = DT_S * np.arange(int(SESSION.duration_s / DT_S))
    tau_s = activity_timescale(rng.normal(size=(time_s.size, 40)), time_s, SESSION)
    assert tau_s <= 2 * SHORTEST_TAU_S


@pytest.mark.parametrize("bias", [1.0, 2.5, 4.0])
def test_cells_of_an_lstm_have_the_time_constant_of_their_forget_gate(bias):
    """Without recurrence f = sigmoid(b) throughout, and noise decays with tau = -dt / ln f."""
    torch = pytest.importorskip("torch")
    from ann.recurrent import LSTMNetwork
    from ann.timescales import time_constant_s

    dt_s = 0.02
    units = 16
    network = LSTMNetwork(4, units, 2, forget_bias=bias, generator=torch.Generator().manual_seed(1))
    w_ih, w_hh, b_ih, b_hh = network.core.all_weights[0]
    with torch.no_grad():
        w_hh.zero_()
        w_ih[: 2 * units] = 0.0
    steps = int(SESSION.duration_s / dt_s)
    x = torch.randn(1, steps, 4, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        traces = network.traces(x)[0]
    tau_s = activity_timescale(traces.cell[0].numpy(), dt_s * np.arange(steps), SESSION)
    forget = float(traces.forget.mean())
    assert forget == pytest.approx(1 / (1 + np.exp(-bias)), abs=0.02)
    assert tau_s == pytest.approx(time_constant_s(forget, dt_s), rel=0.35)


def test_activity_that_never_varies_has_no_time_constant():
    time_s = DT_S * np.arange(int(SESSION.duration_s / DT_S))
    assert np.isnan(activity_timescale(np.ones((time_s.size, 2)), time_s, SESSION))


def table(shape, people=10, noise=0.1, agent="spiking", seed=4):
    rng = np.random.default_rng(seed)
    knobs = np.linspace(0, 1, 5)
    rows = []
    for person in range(people):
        level = rng.normal()
        for knob in knobs:
            value = level + shape(knob) + noise * rng.normal()
            rows.append(
                {
                    "agent": agent,
                    "participant": person,
                    "knob": knob,
                    "sustained": value,
                    "delay": value,
                    "tau_s": 0.1 * 10**knob,
                }
            )
    return pd.DataFrame(rows)


def test_inverted_u_is_found_where_there_is_one():
    found = inverted_u(table(lambda k: 1 - 4 * (k - 0.5) ** 2, people=40), "delay")
    assert found.found and found.peak == 0.5
    # four standard errors of 0.1 sqrt(2 / 40)
    assert found.rise.value == pytest.approx(1.0, abs=0.09)
    assert found.fall.value == pytest.approx(1.0, abs=0.09)


def test_rise_alone_and_fall_alone_are_no_inverted_u():
    assert not inverted_u(table(lambda k: k), "delay").found
    assert not inverted_u(table(lambda k: -k), "delay").found


def test_noise_has_no_inverted_u_more_often_than_intervals_allow():
    """The peak of noise picked on the same data would lie above both ends nearly always."""
    hits = sum(inverted_u(table(lambda k: 0.0, noise=1.0, seed=seed), "delay").found for seed in range(60))
    assert hits <= 4


def test_too_few_strengths_are_refused():
    with pytest.raises(ValueError, match="2 strengths"):
        inverted_u(table(lambda k: k)[lambda t: t["knob"].isin([0.0, 1.0])], "delay")


def test_findings_of_known_tables_meet_every_target():
    def bump(k):
        return 1 - 4 * (k - 0.5) ** 2

    tables = {"spiking": table(bump), "lstm": table(bump, agent="lstm", seed=5)}
    rows = rows_of(SELF_EXCITATION, Setting(), find(Setting(), tables))
    assert all(row.agrees for row in rows)
    flat = {"spiking": table(lambda k: 0.0), "lstm": table(bump, agent="lstm", seed=5)}
    missed = {
        row.target.quantity
        for row in rows_of(SELF_EXCITATION, Setting(), find(Setting(), flat))
        if not row.agrees
    }
    assert missed and all(name.split(".")[1] == "spiking" for name in missed)
    assert isinstance(find(Setting(), flat).measurements["overlap"], Measurement)


def test_short_runs_keep_all_strengths_and_networks_that_learn():
    assert sized() is SELF_EXCITATION
    parts = sized(5, short=True).parts(Setting())
    assert len(parts) == len(FACTORS) + len(BIASES)
    assert {(part.arguments["participants"], part.arguments["short"]) for part in parts} == {(5, True)}
    assert {part.arguments.get("small", False) for part in parts} == {False}
    assert delay_task(short=True).n_trials < delay_task(short=False).n_trials
