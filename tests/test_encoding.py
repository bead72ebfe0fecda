from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bridges.encoding import (
    RateCode,
    alternatives,
    decode_counts,
    level_noise_sd,
    levels,
    noisy,
    poisson_rates,
    resemble,
    tensor,
)
from bridges.session import Rule, Session
from bridges.tasks import SART

DT_S = 0.02
N_BINS = 1000
CODE = RateCode(low_hz=5.0, high_hz=100.0, n_neurons=56)


def session_of(rows, channels=("go", "no_go", "attend_go"), duration_s=1.0):
    events = pd.DataFrame(rows, columns=["onset_s", "duration_s", "channel", "level", "trial"])
    trials = pd.DataFrame(
        {
            "trial": [0],
            "onset_s": [0.1],
            "block": [0],
            "correct_response": ["press"],
            "window_start_s": [0.1],
            "window_stop_s": [0.9],
        }
    )
    return Session("test", events, trials, channels, ("press",), duration_s)


def test_levels_weight_events_by_their_share_of_the_step():
    session = session_of([(0.105, 0.02, "go", 1.0, 0), (0.5, 0.1, "no_go", 0.4, 0)])
    level = levels(session, DT_S)
    assert level.shape == (50, 3)
    np.testing.assert_allclose(level[4:8, 0], [0.0, 0.75, 0.25, 0.0], atol=1e-9)
    np.testing.assert_allclose(level[24:31, 1], [0.0, 0.4, 0.4, 0.4, 0.4, 0.4, 0.0], atol=1e-9)
    assert level[:, 2].sum() == 0


def test_levels_keep_the_integral_and_stay_within_0_and_1():
    rng = np.random.default_rng(0)
    rows = [(onset, 0.037, "go", 0.3, 0) for onset in np.arange(0.0, 0.9, 0.05) + rng.uniform(0, 0.01)]
    level = levels(session_of(rows), 0.007)
    assert level[:, 0].sum() * 0.007 == pytest.approx(len(rows) * 0.037 * 0.3, rel=1e-6)
    crowded = levels(session_of([(0.2, 0.2, "go", 0.8, 0)] * 3), DT_S)
    assert crowded.max() == 1.0 and crowded.min() == 0.0


def test_levels_cover_a_duration_that_is_no_multiple_of_the_step():
    assert levels(session_of([(0.95, 0.05, "go", 1.0, 0)], duration_s=1.0), 0.03).shape[0] == 34


def test_levels_refuse_a_step_of_zero():
    with pytest.raises(ValueError, match="dt_s = 0"):
        levels(session_of([(0.1, 0.2, "go", 1.0, 0)]), 0.0)


@pytest.mark.parametrize("u", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_round_trip_through_spikes_is_unbiased_with_the_noise_of_theory(u):
    rng = np.random.default_rng(7)
    level = np.full(N_BINS, u)
    decoded = CODE.decode(CODE.counts(level, DT_S, rng), DT_S)
    assert abs(decoded.mean() - u) <= 0.01
    assert 0.9 <= decoded.std(ddof=1) / CODE.noise_sd(np.array(u), DT_S) <= 1.1


@pytest.mark.parametrize("u", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_tensor_has_the_noise_of_theory(u):
    noisy_level = noisy(np.full((N_BINS, 1), u), DT_S, np.random.default_rng(3), CODE)
    assert abs(noisy_level.mean() - u) <= 0.01
    assert 0.9 <= noisy_level.std(ddof=1) / CODE.noise_sd(np.array(u), DT_S) <= 1.1


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1.0)])
def test_spikes_and_tensor_offer_the_same_d_prime(low, high):
    rng = np.random.default_rng(11)
    n = 20 * N_BINS

    def d_prime(a, b):
        return (b.mean() - a.mean()) / np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)

    spikes = [CODE.decode(CODE.counts(np.full(n, u), DT_S, rng), DT_S) for u in (low, high)]
    tensors = [noisy(np.full((n, 1), u), DT_S, rng, CODE) for u in (low, high)]
    assert d_prime(*spikes) == pytest.approx(d_prime(*tensors), rel=0.05)


def test_matched_neuron_number_of_the_derivation():
    assert level_noise_sd(np.array(1.0), 56, DT_S) == pytest.approx(0.1, abs=0.001)
    assert level_noise_sd(np.array(1.0), 222, DT_S) == pytest.approx(0.05, abs=0.001)
    np.testing.assert_allclose(poisson_rates(np.array([0.0, 0.5, 1.0])), [5.0, 52.5, 100.0])
    assert decode_counts(np.array(112.0), 56, DT_S) == pytest.approx(1.0)


def test_tensor_is_reproducible_and_internal_noise_scales_with_the_step():
    session = session_of([(0.1, 0.2, "go", 1.0, 0)])
    one = tensor(session, DT_S, np.random.default_rng(1))
    np.testing.assert_array_equal(one, tensor(session, DT_S, np.random.default_rng(1)))
    quiet = RateCode(n_neurons=10**9)
    for dt_s in (0.01, 0.04):
        x = noisy(np.zeros((20_000, 1)), dt_s, np.random.default_rng(2), quiet, internal_noise_sd=0.1)
        assert x.std() == pytest.approx(0.1 / np.sqrt(dt_s), rel=0.02)


def test_similar_stimuli_share_drive_and_cues_do_not():
    level = np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 1.0], [0.8, 0.8, 0.0]])
    mixed = resemble(level, ("go", "no_go", "attend_go"), 0.6)
    np.testing.assert_allclose(mixed, [[1.0, 0.6, 0.0], [0.3, 0.5, 1.0], [1.0, 1.0, 0.0]])
    np.testing.assert_array_equal(resemble(level, ("go", "no_go", "attend_go"), 0.0), level)
    with pytest.raises(ValueError, match="similarity = 1.5"):
        resemble(level, ("go", "no_go", "attend_go"), 1.5)


def test_impossible_codes_are_refused():
    with pytest.raises(ValueError, match="low_hz = 50"):
        RateCode(low_hz=50.0, high_hz=20.0)
    with pytest.raises(ValueError, match="n_neurons = 0"):
        RateCode(n_neurons=0)


def test_alternatives_call_for_different_things_and_are_never_there_together():
    rules = (
        Rule("left", "left", goal="attend_go"),
        Rule("right", "right"),
        Rule("also_right", "right"),
        Rule("beside", "left", weight=0.5),
    )
    channels = ("left", "right", "also_right", "beside", "attend_go")
    rows = [
        (0.0, 0.1, "attend_go", 1.0, -1),
        (0.1, 0.1, "left", 1.0, 0),
        (0.2, 0.1, "right", 1.0, 0),
        (0.4, 0.2, "left", 1.0, 0),
        (0.5, 0.2, "also_right", 1.0, 0),
    ]
    base = session_of(rows, channels)
    trials = base.trials.assign(correct_response="left")
    session = replace(base, responses=("left", "right"), trials=trials, rules=rules)
    # one follows the other on the same edge: apart; an overlap of a tenth of a second: together
    apart = alternatives(session)
    assert apart[0, 1] and apart[1, 0]
    assert apart.sum() == 2
    # without rules every stimulus may be taken for every other
    assert alternatives(base).sum() == 4 * 3
    mixed = resemble(np.array([[1.0, 0.0, 0.5, 0.0, 1.0]]), channels, 0.6, apart)
    np.testing.assert_allclose(mixed, [[1.0, 0.6, 0.5, 0.0, 1.0]])


def test_go_no_go_stimuli_resemble_each_other_with_and_without_rules():
    session = SART(trials_per_digit=1, n_blocks=1).session(1)
    level = levels(session, DT_S)
    np.testing.assert_array_equal(
        resemble(level, session.channels, 0.8, alternatives(session)),
        resemble(level, session.channels, 0.8),
    )
