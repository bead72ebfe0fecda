"""Forecasts: nothing of the future is used, baselines are what they say, and a known optimum is reached."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ann.forecasting import SeriesForecaster, pad_series, train_forecaster
from bridges.forecasts import (
    BURN_IN,
    Series,
    auc,
    autoregression,
    features,
    folds,
    moving_average,
    running_mean,
    series_of,
    skill,
)
from bridges.session import Responses
from bridges.tasks import PVT
from studies.forecasts.crossvalidation import FORECASTERS, cross_validate

DECAY, NOISE = 0.6, 0.1


def autoregressive(n_people: int, n: int, seed: int) -> list[Series]:
    rng = np.random.default_rng(seed)
    found = []
    for who in range(n_people):
        x = np.zeros(n)
        for k in range(1, n):
            x[k] = DECAY * x[k - 1] + NOISE * rng.normal()
        onset = np.cumsum(rng.uniform(2, 10, n))
        found.append(Series(f"p{who}", np.log(0.3) + 0.1 * rng.normal() + x, onset))
    return found


def test_nothing_that_comes_later_changes_what_is_known_now():
    one = autoregressive(1, 40, 1)[0]
    later = one.log_rt.copy()
    later[25:] += 5.0
    onset = one.onset_s.copy()
    onset[25:] += 50.0
    changed = Series(one.participant, later, onset)
    known = 25 - BURN_IN + 1  # the forecast of response 25 may use responses 0 to 24
    for told in (features, running_mean):
        np.testing.assert_array_equal(told(one)[:known], told(changed)[:known])
    train = autoregressive(5, 40, 2)
    for fit in (moving_average, autoregression):
        forecaster = fit(train)
        np.testing.assert_array_equal(forecaster(one).log_rt[:known], forecaster(changed).log_rt[:known])


def test_running_mean_and_moving_average_are_means():
    one = autoregressive(1, 30, 3)[0]
    expected = [one.log_rt[:k].mean() for k in range(BURN_IN, 30)]
    np.testing.assert_allclose(running_mean(one), expected)
    steps = [Series(f"s{k}", np.repeat([0.0, 1.0], 20) + k, np.arange(40.0)) for k in range(3)]
    # after a step the last response alone is the best of the windows
    np.testing.assert_allclose(moving_average(steps)(steps[0]).log_rt, steps[0].log_rt[BURN_IN - 1 : -1])


def test_autoregression_finds_the_weight_of_the_process():
    series = autoregressive(60, 100, 4)
    forecaster = autoregression(series)
    # the best that can be done leaves the noise
    error = np.concatenate([forecaster(s).log_rt - s.log_rt[BURN_IN:] for s in series])
    assert np.sqrt(np.mean(error**2)) == pytest.approx(NOISE, rel=0.05)


def test_the_network_comes_near_the_best_possible_forecast():
    table = cross_validate(autoregressive(30, 80, 5), 0.4, seed=1)
    error = {name: float(np.mean((table[name] - table.log_rt) ** 2)) for name in FORECASTERS}
    assert error["LSTM"] < 1.06 * error["autoregression"]
    assert error["LSTM"] < 0.7 * error["running mean"]
    assert auc(table["LSTM lapse"], table.lapse) > 0.8


def test_people_are_never_on_both_sides():
    series = [Series(f"p{k // 2}", np.zeros(12), np.arange(12.0)) for k in range(20)]
    tested = []
    for train, test in folds(series, 5, np.random.default_rng(1)):
        assert not {series[i].participant for i in train} & {series[i].participant for i in test}
        tested += test
    assert sorted(tested) == list(range(20))
    with pytest.raises(ValueError, match="10 participants cannot make 11 folds"):
        list(folds(series, 11, np.random.default_rng(1)))


def test_skill_and_auc_of_known_forecasts():
    series = autoregressive(4, 30, 6)
    from bridges.forecasts import Forecast

    perfect = [Forecast(s.log_rt[BURN_IN:], s.log_rt[BURN_IN:]) for s in series]
    mean = [Forecast(running_mean(s), running_mean(s)) for s in series]
    assert skill(series, perfect) == 1.0 and skill(series, mean) == 0.0
    assert auc(np.array([1.0, 2.0, 3.0, 3.0]), np.array([False, False, True, False])) == pytest.approx(
        2.5 / 3
    )
    assert np.isnan(auc(np.zeros(3), np.zeros(3, dtype=bool)))


def test_series_leave_out_false_starts_and_missing_responses():
    session = PVT.brief().session(1)
    onset = session.trials["onset_s"].to_numpy()
    rt = np.full(onset.size, 0.3)
    rt[3] = 0.05
    answered = np.delete(np.arange(onset.size), 7)
    responses = Responses.from_presses(session, onset[answered] + rt[answered], ["press"] * answered.size)
    one = series_of(session, responses, "sub-01")
    assert one is not None and one.log_rt.size == onset.size - 2
    np.testing.assert_allclose(np.exp(one.log_rt), 0.3)
    none = Responses.from_presses(session, [], [])
    assert series_of(session, none, "sub-01") is None


def test_an_untrained_network_is_the_baseline_and_events_have_their_base_rate():
    network = SeriesForecaster(4, event_rate=0.1)
    baseline = torch.zeros(2, 7)
    mean, log_sd, log_odds = network(torch.randn(2, 7, 4), baseline)
    assert torch.equal(mean, baseline) and torch.equal(log_sd, baseline)
    assert torch.allclose(torch.sigmoid(log_odds), torch.full((2, 7), 0.1))
    with pytest.raises(ValueError, match="event_rate = 1.0"):
        SeriesForecaster(4, event_rate=1.0)


def test_filled_up_steps_do_not_count():
    rng = np.random.default_rng(7)

    def parts(lengths):
        return (
            [rng.normal(size=(n, 2)) for n in lengths],
            *([rng.normal(size=n) for n in lengths] for _ in range(2)),
            [np.zeros(n) for n in lengths],
        )

    batch = pad_series(*parts((5, 9)))
    assert batch.mask.sum() == 14
    spoiled = batch._replace(value=torch.where(batch.mask, batch.value, torch.tensor(1e6)))
    first = train_forecaster(batch, batch, 1)
    second = train_forecaster(spoiled, spoiled, 1)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)
    with pytest.raises(ValueError, match="series 0"):
        pad_series([np.zeros((3, 2))], [np.zeros(3)], [np.zeros(2)], [np.zeros(3)])
