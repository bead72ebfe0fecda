"""Looking inside a network: what is cut out is what happened, and what is drawn is what was cut out."""

from __future__ import annotations

import json
import sys

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr

from ann.interpretation import attention_maps, time_constants
from ann.recurrent import LSTMNetwork
from ann.registry import model
from ann.streaming import stream_logits
from ann.timescales import forget_bias
from ann.training import TrainingSettings
from bridges.encoding import levels
from bridges.participants.network import NetworkParticipant
from bridges.participants.network_learning import NetworkConfig, by_component, cache_folder, trained_network
from bridges.tasks import AXCPT, PRP, SART, TASKS
from studies.inside import Inside, main
from studies.looking.networks import Continued, LogOdds, by_lag, log_odds, order_by_peak, states_at
from studies.looking.observing import Subject, decision, inside, saliency
from studies.looking.trials import (
    MOST_CONDITIONS,
    Stretch,
    chosen_row,
    compared_rows,
    decision_step,
    events_within,
    onset_steps,
    stretch_of,
)

DT_S = 0.02


def watched(task, kind, cache):
    """A network that has hardly learned, and the session that it performed."""
    settings = TrainingSettings(max_steps=5, batch_size=4, check_every=5, label_smoothing=0.1)
    config = NetworkConfig(kind, n_hidden=8, d_model=8, window=16, n_sessions=1, crop_steps=100,
                           n_layers=2, training=settings)  # fmt: skip
    participant = NetworkParticipant(config, cache=cache, device="cpu", record=True, record_every=1)
    session = task.session(3)
    performance = participant.perform([session], [7])[0]
    network = trained_network(config, session, 7, cache_folder(cache))
    x = torch.from_numpy(participant.perceives(session, 7).astype(np.float32)).unsqueeze(0)
    scored = performance.responses.scored(session)
    return Subject(participant, session, network, x, scored), performance.recording


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("name", TASKS)
def test_a_stretch_holds_all_of_its_trial(name):
    session = TASKS[name]().practice().session(2)
    row = chosen_row(session)
    stretch = stretch_of(session, row, DT_S)
    zero_s = onset_steps(session, DT_S)[row] * DT_S
    first_s, last_s = zero_s + stretch.time_s[0], zero_s + stretch.time_s[-1] + DT_S
    own = session.events[session.events["trial"] == row]
    assert first_s <= own["onset_s"].min() + 1e-9
    assert last_s >= (own["onset_s"] + own["duration_s"]).max() - 1e-9
    assert last_s >= min(session.trials["window_stop_s"].iloc[row], session.duration_s) - 1e-9
    within = events_within(session, row, stretch)
    assert within["own"].sum() == (own["level"] > 0).sum()
    assert bool((within["start_s"] >= stretch.time_s[0] - 1e-9).all())
    rows = compared_rows(session, row, stretch, 3)
    kinds = session.trials["trial_type"].astype(str)
    assert len(rows) <= MOST_CONDITIONS and row in rows[kinds.iloc[row]]
    n_steps = len(levels(session, DT_S))
    for kind, several in rows.items():
        assert 1 <= several.size <= 3 and np.unique(several).size == several.size
        assert set(kinds.iloc[several]) == {kind}
        cuts = [stretch.cut(onset) for onset in onset_steps(session, DT_S)[several]]
        assert min(cut.start for cut in cuts) >= 0 and max(cut.stop for cut in cuts) <= n_steps


def test_time_zero_is_the_step_in_which_the_stimulus_begins():
    session = SART(trials_per_digit=3).session(1)
    shown = levels(session, DT_S)[:, :2].sum(axis=1) > 0
    stretch = Stretch(10, 30, DT_S)
    assert stretch.time_s[10] == 0.0
    for onset in onset_steps(session, DT_S)[1:-1]:
        cut = shown[stretch.cut(onset)]
        assert cut[10] and not cut[:10].any()


def test_trials_are_found_by_number_and_by_type():
    session = AXCPT().session(1)
    kinds = session.trials["trial_type"].astype(str)
    assert chosen_row(session, trial=12) == 12
    assert kinds[chosen_row(session, trial_type="BX")] == "BX"
    with pytest.raises(ValueError, match="trials 0 to 159"):
        chosen_row(session, trial=160)
    with pytest.raises(ValueError, match="has AX, AY, BX, BY"):
        chosen_row(session, trial_type="AZ")
    with pytest.raises(ValueError, match="give one of them"):
        chosen_row(session, trial=1, trial_type="AX")


def test_units_are_sorted_by_the_time_of_their_largest_deviation():
    time_s = np.arange(100.0)
    peaks = [70, 10, 40, 90]
    signs = [1.0, -1.0, -1.0, 1.0]
    bumps = [s * np.exp(-(((time_s - p) / 5) ** 2)) + 3.0 for p, s in zip(peaks, signs, strict=True)]
    assert order_by_peak(np.stack(bumps, axis=1)).tolist() == [1, 2, 0, 3]


def test_log_odds_are_those_of_each_component():
    logits = torch.randn(5, 6, generator=torch.Generator().manual_seed(0))
    p = torch.softmax(logits, dim=-1).reshape(5, 2, 3)
    own = torch.cat([p.sum(dim=2), p.sum(dim=1)], dim=1)
    torch.testing.assert_close(log_odds(logits, (2, 3)), torch.log(own / (1 - own)), atol=1e-5, rtol=0)
    session = PRP().practice().session(1)
    sizes = [len(names) + 1 for names in session.components.values()]
    joint = np.random.default_rng(0).normal(size=(4, int(np.prod(sizes))))
    parts = [torch.from_numpy(part) for part in by_component(session, joint).values()]
    expected = torch.cat([log_odds(part, (size,)) for part, size in zip(parts, sizes, strict=True)], dim=-1)
    torch.testing.assert_close(log_odds(torch.from_numpy(joint), sizes), expected)


@pytest.mark.parametrize("name", ["lstm", "attention"])
def test_a_network_goes_on_from_where_it_was(name):
    network = model(name).build(3, 16, 2, torch.Generator().manual_seed(0))
    x = torch.randn(1, 700, 3, generator=torch.Generator().manual_seed(1))
    whole = stream_logits(network, x)
    for step, state in zip((0, 40, 600), states_at(network, x, [0, 40, 600]), strict=True):
        with torch.no_grad():
            after = Continued(network, state)(x[:, step : step + 20].expand(3, -1, -1))[0]
        torch.testing.assert_close(after[2], whole[0, step : step + 20], atol=1e-5, rtol=0)
    with pytest.raises(ValueError, match="must ascend"):
        list(states_at(network, x, [40, 20]))


def test_attention_by_lag_is_attention_by_source():
    network = model("attention").build(3, 16, 2, torch.Generator().manual_seed(0))
    x = torch.randn(2, 30, 3, generator=torch.Generator().manual_seed(1))
    maps = attention_maps(network, x, DT_S)
    lagged = by_lag(maps, 5, 20, 8)
    assert lagged.dims == ("trial", "layer", "head", "time", "lag")
    np.testing.assert_allclose(lagged.sum("lag"), 1.0, atol=1e-5)
    seen = lagged.sel(trial=1, layer=0, head=1).sel(time=12 * DT_S, lag=3 * DT_S, method="nearest")
    assert float(seen) == float(maps[1, 0, 1, 12, 9])
    # the third step has nothing to see beyond the first
    assert np.isnan(by_lag(maps, 2, 1, 8).values[0, 0, 0, 0]).tolist() == [False] * 3 + [True] * 5


@pytest.mark.parametrize("kind", ["lstm", "attention"])
def test_what_is_shown_is_what_happened_in_the_session(kind, cache):
    one, recording = watched(AXCPT().practice(), kind, cache)
    row = 4
    stretch = stretch_of(one.session, row, DT_S)
    rows = compared_rows(one.session, row, stretch, 2)
    arrays = inside(one, rows, stretch)
    assert arrays["condition"].sel(trial=row).item() == one.session.trials["trial_type"].iloc[row]
    logits = torch.from_numpy(recording["logit"].values)
    played = log_odds(logits, one.sizes).numpy()
    for trial in arrays["trial"].values:
        cut = stretch.cut(onset_steps(one.session, DT_S)[trial])
        held = arrays.sel(trial=trial)
        np.testing.assert_allclose(held["log_odds"].transpose("time", "response"), played[cut], atol=1e-4)
        np.testing.assert_array_equal(held["perceived"].transpose("time", "channel"), one.x[0, cut])
        if kind == "lstm":
            forget = held["forget"].mean("unit").values
            np.testing.assert_allclose(forget, recording["forget_gate"].values[cut], atol=1e-5)
        else:
            np.testing.assert_allclose(held["attention"].sum("lag"), 1.0, atol=1e-5)
    assert arrays["log_odds"].attrs["units"] == "nat" and arrays["time"].attrs["units"] == "s"


def test_decisions_come_before_presses(cache):
    assert decision_step(press_s=1.0 + 0.06, non_decision_s=0.06, dt_s=0.02) == 49
    one, _ = watched(SART(trials_per_digit=3), "lstm", cache)
    answers = pd.Series(np.nan, index=one.scored.index)
    answers.iloc[3] = 0.3
    given = answers.notna()
    scored = one.scored.assign(
        response_time_s=answers, response=pd.Series("press", answers.index).where(given), correct=given
    )
    told = Subject(one.participant, one.session, one.network, one.x, scored)
    onset_s = float(one.session.trials["onset_s"].iloc[3])
    pressed = decision(told, 3)
    wait_s = one.participant.readout.non_decision_s
    # bound crossed at the end of the step, to half a step
    assert (pressed.step + 1) * DT_S == pytest.approx(onset_s + 0.3 - wait_s, abs=0.5 * DT_S + 1e-9)
    assert (pressed.outcome, pressed.press_s, pressed.correct) == ("press", pytest.approx(0.3), True)
    withheld = decision(told, 5)
    assert withheld.outcome == "none" and np.isnan(withheld.press_s) and not withheld.correct
    typical_s = float(one.session.trials["onset_s"].iloc[5]) + 0.3 - wait_s
    assert withheld.step == int(typical_s / DT_S)


@pytest.mark.parametrize("kind", ["lstm", "attention"])
def test_saliency_adds_up_and_leaves_the_future_out(kind, cache):
    pytest.importorskip("captum")
    one, _ = watched(AXCPT().practice(), kind, cache)
    stretch = stretch_of(one.session, 4, DT_S)
    found = saliency(one, 4, stretch, "nontarget", 64)
    assert float(abs(found["completeness_error"]).max()) < 1e-3 * max(1.0, float(abs(found["change"]).max()))
    later = found["time"] > found["decision_s"].item() + 1e-9
    assert bool(later.any()) and float(abs(found["attribution"].where(later, 0.0)).max()) == 0.0
    # by hand: the log-odds at the decision, after what was perceived and after the mean input
    cut = stretch.cut(onset_steps(one.session, DT_S)[4])
    step = int((~later).sum()) - 1
    (state,) = states_at(one.network, one.x, [cut.start])
    network = LogOdds(Continued(one.network, state), one.sizes)
    mean = one.x.mean(dim=1, keepdim=True).expand(1, stretch.n_steps, -1)
    with torch.no_grad():
        change = (network(one.x[:, cut])[0] - network(mean)[0])[0, step, one.outcomes.index("nontarget")]
    assert found["change"].item() == pytest.approx(float(change), abs=1e-4)


def test_time_constants_are_drawn_as_the_gates_imply():
    from studies.looking.drawing_memory import unit_time_constants
    from studies.looking.drawing_saliency import sums_by_channel
    from studies.looking.view import View

    tau_s = [0.6, 0.1]
    network = LSTMNetwork(3, 2, 2, [forget_bias(tau, DT_S) for tau in tau_s])
    gates = torch.sigmoid(network.core.bias_ih_l0.detach()[2:4]).numpy()
    held = xr.DataArray(np.broadcast_to(gates, (3, 40, 2)), dims=("trial", "time", "unit"))
    arrays = xr.Dataset({"forget": held}, {"unit": [0, 1]}, {"dt_s": DT_S})
    view = View("", "", 0, None, 0.0, None, arrays, 1)
    table = unit_time_constants(view)
    assert table["unit"].tolist() == [1, 0]
    for name in ("tau_s", "low_s", "high_s"):
        np.testing.assert_allclose(table[name], sorted(tau_s), rtol=1e-4)
    np.testing.assert_allclose(np.sort(time_constants(arrays)), table["tau_s"], rtol=1e-6)

    values = np.zeros((4, 2, 1))
    values[:, 1, 0] = [1.0, 3.0, 2.0, 5.0]
    found = xr.Dataset({"attribution": (("trial", "time", "channel"), values)}, {"channel": ["go"]})
    sums = sums_by_channel(found.assign_coords(condition=("trial", ["a", "a", "a", "b"])))
    # t(2) = 4.302653, standard deviation 1, three trials
    assert sums["mean"].tolist() == [2.0, 5.0] and sums["n"].tolist() == [3, 1]
    assert sums["ci_low"].iloc[0] == pytest.approx(2.0 - 4.302653 / np.sqrt(3), rel=1e-6)
    assert np.isnan(sums["ci_low"].iloc[1])


def test_impossible_requests_are_refused(tmp_path, capsys):
    for asked, told in (
        (Inside(task="juggling", out=tmp_path), "known are sart"),
        (Inside(task="sart", trial=225, out=tmp_path), "trials 0 to 224"),
        (Inside(trial_type="AZ", out=tmp_path), "has AX, AY, BX, BY"),
        (Inside(seed=-1, out=tmp_path), "seed = -1"),
    ):
        assert main(asked) == 2
        assert told in capsys.readouterr().err
    assert not list(tmp_path.iterdir()), "nothing is begun"


@pytest.mark.study
@pytest.mark.parametrize("kind", ["lstm", "attention"])
def test_the_command_draws_a_trial(kind, tmp_path, capsys, monkeypatch):
    captum = kind == "lstm"
    if captum:
        pytest.importorskip("captum")
    else:
        monkeypatch.setitem(sys.modules, "captum.attr", None)
    monkeypatch.setenv("NEUROSIM_CACHE", str(tmp_path / "cache"))
    asked = Inside("sart", kind, trial_type="no_go", quick=True, out=tmp_path / "runs")
    assert main(asked) == 0
    told = capsys.readouterr()
    (folder,) = (tmp_path / "runs" / "inside").iterdir()
    assert told.out.splitlines()[-1] == str(folder)
    names = {"figure1_trial", "figure3_conditions"}
    names |= {"figure2_time_constants", "figure4_saliency"} if captum else {"figure2_lags"}
    assert {path.stem for path in (folder / "figures").glob("*.png")} == names
    for name in names:
        for ending in (".pdf", ".svg", "_data.csv", ".caption.txt"):
            assert (folder / "figures" / f"{name}{ending}").stat().st_size > 0
    arrays = xr.open_dataset(folder / "results.nc", group="inside", engine="h5netcdf")
    assert set(arrays["condition"].values) == {"go", "no_go"}
    assert {"forget", "cell"} <= set(arrays) if captum else "attention" in arrays
    drawn = pd.read_csv(folder / "figures" / "figure1_trial_data.csv")
    press = drawn[(drawn["panel"] == "log_odds") & (drawn["series"] == "press")]["mean"]
    trial = json.loads((folder / "config.json").read_text())["trial"]
    shown = arrays["log_odds"].sel(trial=trial, response="press")
    np.testing.assert_allclose(press, shown, atol=1e-5)
    arrays.close()
    checks = json.loads((folder / "checks.json").read_text())
    assert [check["passed"] for check in checks] == ([True] if captum else [])
    assert ("neurosim[interpret]" in told.err) != captum
    assert json.loads((folder / "provenance.json").read_text())["stopped"]
