"""Signatures of attention inside networks: against networks whose answer is known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from exhibit_contract import SETTINGS, assert_declares_targets, assert_parts_are_plain

from ann.recurrent import LSTMNetwork
from ann.transformer import AttentionNetwork
from bridges.participants.network import NetworkParticipant
from bridges.participants.network_learning import NetworkConfig
from bridges.participants.network_senses import clean_levels
from studies.comparison.options import Options
from studies.comparison.study import run_comparison
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Target
from studies.looking.observing import Subject
from studies.selective.design import QUICK, design
from studies.selective.network_exhibit import NETWORKS
from studies.selective.network_signatures import _cue_weight, _logit_gain, _time_constants

SESSION = QUICK["posner"].session(3)
PLACES = {"left": SESSION.channels.index("target_left"), "right": SESSION.channels.index("target_right")}


class Reader(torch.nn.Module):
    """Logit of the press: three times the left target and five times the right one, at once."""

    def forward(self, x):
        press = 3.0 * x[..., PLACES["left"]] + 5.0 * x[..., PLACES["right"]]
        return torch.stack([press, torch.zeros_like(press)], dim=-1), None


def someone(network, kind):
    config = NetworkConfig(kind, n_hidden=8, d_model=8, window=64)
    participant = NetworkParticipant(config, device="cpu")
    rng = np.random.default_rng(1)
    x = clean_levels(SESSION, config) + 0.05 * rng.normal(size=clean_levels(SESSION, config).shape)
    scored = pd.DataFrame({"response_time_s": [participant.readout.non_decision_s + 0.1]})
    return Subject(participant, SESSION, network, torch.from_numpy(x.astype(np.float32))[None], scored)


def test_logit_gain_is_the_slope_of_the_log_odds_on_the_level_of_the_target():
    one = someone(Reader(), "lstm")
    left = (SESSION.trials["target_side"] == "left").to_numpy()
    # places resemble each other in the senses: each drives the other's channel a little
    only = replace(SESSION, events=SESSION.events.iloc[[1]])
    level = clean_levels(only, one.participant.config).max(axis=0)
    own, other = level[PLACES["left"]], level[PLACES["right"]]
    expected = np.where(left, 3.0 * own + 5.0 * other, 5.0 * own + 3.0 * other)
    np.testing.assert_allclose(_logit_gain(one), expected, rtol=1e-3)


def test_equal_attention_weighs_the_cue_like_everything_else():
    network = AttentionNetwork(4, 2, 8, 2, 1, 64, torch.Generator().manual_seed(1)).eval()
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if any(part in name for part in ("qkv", "query", "in_proj", "position", "bias")):
                weight.zero_()
    assert _cue_weight(someone(network, "attention"))["cue_weight"] == pytest.approx(1.0, abs=0.02)


def test_gates_that_do_not_move_keep_their_time_constants():
    network = LSTMNetwork(4, 8, 2, generator=torch.Generator().manual_seed(1)).eval()
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if "weight" in name:
                weight.zero_()
    found = _time_constants(someone(network, "lstm"))
    assert found["time_constant_ratio"] == pytest.approx(1.0, abs=1e-5)


def test_the_exhibit_of_the_networks_declares_what_must_come_out():
    assert_declares_targets(NETWORKS, "network_signatures")
    for setting in SETTINGS:
        assert_parts_are_plain(NETWORKS, setting)


@pytest.mark.parametrize("factor", [1.5, 1.0])
def test_a_gain_that_attention_raises_is_told_from_one_that_it_does_not(factor):
    rng = np.random.default_rng(4)
    uncued = rng.uniform(0.8, 1.2, 10)
    one = pd.DataFrame({"gain_invalid": uncued, "gain_valid": factor * uncued + rng.normal(0, 0.05, 10)})
    tables = {
        "lstm": one.assign(time_constant_ratio=factor + rng.normal(0, 0.02, 10)),
        "attention": one.assign(cue_weight=factor + rng.normal(0, 0.02, 10)),
    }
    found = NETWORKS.find(Setting(), tables).measurements
    raised = factor > 1
    assert (found["logit_gain.lstm"].low > 0) == raised
    assert (found["cue_weight"].low > 1) == raised
    assert (found["time_constant_ratio"].low > 1) == raised


# --- beside the tasks of a study ------------------------------------------------------------------


def measured(seed: int) -> pd.DataFrame:
    """A part of an exhibit."""
    return pd.DataFrame({"value": [float(seed), 2.0]})


def shown() -> Exhibit:
    def draw(setting, tables):
        import matplotlib.pyplot as plt

        figure, ax = plt.subplots()
        ax.plot(tables["one"]["value"])
        return Drawing(figure, tables["one"], "a caption")

    from neurosim.circuits.protocols.measurement import mean_of

    return Exhibit(
        "beside", "Beside the tasks", "nobody (2000), doi:10.1000/1",
        (Target("mean", "mean", None, 1.0, None, "1", "a source"),),
        lambda setting: (Part("one", measured, {"seed": setting.seed}),),
        lambda setting, tables: Findings({"mean": mean_of(tables["one"]["value"])}),
        draw,
        lambda: "no methods",
    )  # fmt: skip


@pytest.mark.study
def test_exhibits_stand_in_the_report_of_a_comparison(tmp_path, capsys):
    options = Options(
        quick=True, participants=2, tasks=("flanker",), agents=("fake_people:human_like",), seed=3,
        out=tmp_path, workers=0, quiet=True,
    )  # fmt: skip
    assert run_comparison(design("selective_attention", "?"), options, (shown(),)) == 0
    folder = Path(capsys.readouterr().out.splitlines()[-1])
    checks = {one["name"]: one for one in json.loads((folder / "checks.json").read_text())}
    assert checks["beside.mean"]["value"] == 2.5 and checks["beside.mean"]["passed"]
    assert (folder / "figures" / "figure5_beside.png").exists()
    assert "Beside the tasks" in (folder / "report.html").read_text()
    # other exhibits, another run
    assert run_comparison(design("selective_attention", "?"), options) == 0
    assert Path(capsys.readouterr().out.splitlines()[-1]) != folder
