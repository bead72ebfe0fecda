"""Twins: what they learn from, that they run as PyTorch says, and how well a small one stands in for a "
"circuit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from bridges.maps.twin import ROWS, Twin, TwinConfig, twin_of
from bridges.maps.twin_data import (
    BIN_S,
    HELD_OUT_CUE_S,
    HELD_OUT_INHIBITION,
    AttentionSource,
    CircuitTrials,
    DecisionSource,
    inhibition_scaled,
    levels_in_bins,
)
from bridges.maps.twin_fidelity import bits_per_spike, cohen_kappa, explained_of_ceiling, psth_r2
from bridges.maps.twin_network import TRACES_S, CountNetwork, StepWeights
from bridges.maps.twin_training import train_twin
from bridges.participants.base import Participant
from bridges.participants.twin import TwinParticipant, spiking_twin
from bridges.tasks import SART
from neurosim.circuits.decision import decision_circuit
from neurosim.drive import Drive
from studies.corresponding.twin_numbers import curve_points, disputed, kappa_of_choices

CIRCUIT = decision_circuit()


def network(seed: int = 0, events: int = 2) -> CountNetwork:
    """Three inputs (arousal among them), one parameter, four populations."""
    made = CountNetwork(3, 1, 4, events, 6, 5, torch.Generator().manual_seed(seed))
    made.count_scale[:] = torch.tensor([2.0, 3.0, 5.0, 7.0])
    made.centre.uniform_(-0.5, 0.5, generator=torch.Generator().manual_seed(1))
    made.scale.uniform_(0.5, 2.0, generator=torch.Generator().manual_seed(2))
    made.residual_correlation[0, 1] = made.residual_correlation[1, 0] = 0.4
    return made.eval()


def linear_trials(n: int, seed: int) -> CircuitTrials:
    """Poisson counts whose mean follows the input with a lag of one bin: a circuit that is known."""
    rng = np.random.default_rng(seed)
    level = np.repeat(rng.uniform(0.0, 1.0, size=(n, 10, 2)), 6, axis=1)
    inputs = np.concatenate([level, np.ones((n, 60, 1))], axis=2).astype(np.float32)
    conditions = rng.uniform(0.8, 1.2, size=(n, 1)).astype(np.float32)
    before = np.concatenate([np.zeros((n, 1, 2)), level[:, :-1]], axis=1)
    mean = conditions[:, None] * (2.0 + 20.0 * before[:, :, [0, 1, 0, 1]])
    counts = rng.poisson(mean).astype(np.float32)
    return CircuitTrials(inputs, conditions, counts, np.zeros((n, 60, 0), np.float32))


@pytest.mark.parametrize("events", [0, 2])
def test_running_bin_by_bin_gives_what_pytorch_gives(events):
    """Fed with the counts that were sampled, the network predicts the very rates that they were "
    "sampled from."""
    made = network(events=events)
    given = np.random.default_rng(0).normal(size=(3, 40, 6)).astype(np.float32)
    parts = list(StepWeights.of(made).rows(given, [np.random.default_rng(k) for k in range(3)], block=25))
    assert [part[0] for part in parts] == [slice(0, 25), slice(25, 40)]
    expected, counts, presses = (np.concatenate([part[k] for part in parts], axis=1) for k in (1, 2, 3))
    with torch.no_grad():
        y = torch.from_numpy(counts)
        seen = made.seen(torch.from_numpy(given), y, torch.from_numpy(presses.astype(np.float32)))
        rates, _, log_odds = made(seen, y)
    assert np.ptp(expected, axis=1).min() > 1e-3
    assert np.allclose(rates.numpy(), expected, atol=1e-5)
    assert log_odds.shape == (3, 40, events)


def test_counts_and_responses_are_sampled_as_the_network_says():
    """The same noise gives the same through PyTorch's rates, dispersions and log-odds."""
    made, n, steps, block = network(), 2, 70, 32
    given = np.random.default_rng(0).normal(size=(n, steps, 6)).astype(np.float32)
    parts = list(StepWeights.of(made).rows(given, [np.random.default_rng(k) for k in range(n)], block=block))
    counts, presses = (np.concatenate([part[k] for part in parts], axis=1) for k in (2, 3))
    with torch.no_grad():
        y = torch.from_numpy(counts)
        seen = made.seen(torch.from_numpy(given), y, torch.from_numpy(presses.astype(np.float32)))
        rates, log_spread, log_odds = (x.numpy() for x in made(seen, y))
    root = np.linalg.cholesky(made.residual_correlation.numpy() + 1e-6 * np.eye(4))
    phi = np.exp(log_spread)
    for k in range(n):
        rng = np.random.default_rng(k)
        draws = [
            (rng.standard_normal((block, 4), np.float32) @ root.T, rng.random((block, 2), np.float32))
            for _ in range(3)
        ]
        eps, chance = (np.concatenate([draw[i] for draw in draws])[:steps] for i in (0, 1))
        sampled = np.square(np.sqrt(rates[k]) + 0.5 * np.sqrt(phi[k]) * eps) - 0.25 * phi[k]
        assert np.maximum(sampled, 0.0) == pytest.approx(counts[k], abs=1e-3)
        # a uniform number below 1 - p gives none
        assert np.array_equal(chance < 1.0 / (1.0 + np.exp(-log_odds[k])), presses[k])
    assert 0.05 < presses.mean() < 0.95


def test_sampled_counts_have_the_mean_and_the_dispersion_asked_for():
    made = network(events=0)
    with torch.no_grad():
        for weight in (made.out.weight, made.direct.weight):
            weight.zero_()
        made.out.bias[:4] = 4.0
        made.out.bias[4:] = torch.log(torch.tensor([0.25, 0.5, 1.0, 2.0]))
    given = np.zeros((1, 20000, 6), np.float32)
    parts = list(StepWeights.of(made).rows(given, [np.random.default_rng(1)]))
    counts = np.concatenate([part[2][0] for part in parts])
    mean = np.log1p(np.exp(4.0)) * made.count_scale.numpy()
    phi = np.array([0.25, 0.5, 1.0, 2.0])
    assert counts.mean(axis=0) == pytest.approx(mean, rel=0.02)
    assert counts.var(axis=0) == pytest.approx(phi * mean + phi**2 / 8, rel=0.05)
    assert np.corrcoef(counts[:, 0], counts[:, 1])[0, 1] == pytest.approx(0.4, abs=0.03)


def test_what_is_seen_is_the_same_after_seconds_and_after_minutes():
    """Traces forget within ten of their time constants, so learning from short trials knows all that a long
    run can meet."""
    made = network()
    rng = np.random.default_rng(0)
    given = torch.from_numpy(rng.normal(size=(1, 3000, 6)).astype(np.float32))
    counts = torch.from_numpy(rng.poisson(5.0, size=(1, 3000, 4)).astype(np.float32))
    events = torch.from_numpy((rng.random((1, 3000, 2)) < 0.02).astype(np.float32))
    whole = made.seen(given, counts, events)
    late = made.seen(given[:, 2800:], counts[:, 2800:], events[:, 2800:])
    forgotten = round(10 * max(TRACES_S) / BIN_S)
    assert torch.allclose(whole[:, 2800 + forgotten :], late[:, forgotten:], atol=1e-3)
    assert not torch.allclose(whole[:, 2801:2805], late[:, 1:5], atol=1e-2)


def test_traces_are_low_passed_with_their_time_constants():
    made = network(events=0)
    counts = torch.zeros(1, 60, 4)
    counts[:, :40] = made.count_scale
    seen = made.seen(torch.zeros(1, 60, 6), counts, torch.zeros(1, 60, 0))
    traces = seen[0, :, 6:].reshape(60, len(TRACES_S), 4)[..., 0]
    at, off = 10, 45
    for k, tau in enumerate(TRACES_S):
        kept = np.exp(-BIN_S / tau) if tau else 0.0
        assert float(traces[at, k]) == pytest.approx(1.0 - kept**at, abs=1e-5)
        assert float(traces[off, k]) == pytest.approx((1.0 - kept**40) * kept ** (off - 40), abs=1e-5)


def test_a_trial_does_not_depend_on_its_company():
    """Neither on how many there are nor on how long they last."""
    twin = Twin(network(events=0), CIRCUIT, ("inhibition",))
    inputs = np.random.default_rng(3).uniform(size=(ROWS + 5, 30, 3)).astype(np.float32)
    conditions = np.ones((ROWS + 5, 1), np.float32)
    together = twin.run(inputs, conditions, [np.random.default_rng(k) for k in range(ROWS + 5)])
    for k in (0, 7, ROWS + 2):
        alone = twin.run(inputs[[k]], conditions[[k]], [np.random.default_rng(k)])
        assert np.array_equal(alone.counts[0], together.counts[k])
    given = np.random.default_rng(4).normal(size=(1, 90, 6)).astype(np.float32)
    weights = StepWeights.of(network())
    for kind in (1, 2, 3):
        long, short = (
            np.concatenate(
                [part[kind] for part in weights.rows(g, [np.random.default_rng(0)], block=50)], axis=1
            )
            for g in (given, given[:, :70])
        )
        assert np.array_equal(long[:, :70], short)


def test_wrong_inputs_are_refused():
    twin = Twin(network(events=0), CIRCUIT, ("inhibition",))
    rng = [np.random.default_rng(0)]
    with pytest.raises(ValueError, match="must be"):
        twin.run(np.zeros((1, 5, 2), np.float32), np.ones((1, 1), np.float32), rng)
    with pytest.raises(ValueError, match="finite"):
        twin.run(np.full((1, 5, 3), np.nan, np.float32), np.ones((1, 1), np.float32), rng)
    with pytest.raises(ValueError, match="generator"):
        twin.run(np.zeros((2, 5, 3), np.float32), np.ones((2, 1), np.float32), rng)
    with pytest.raises(ValueError, match="n_hidden = 0"):
        TwinConfig(n_hidden=0)


def test_a_twin_learns_a_circuit_that_is_known():
    config = TwinConfig(n_trials=8, n_hidden=12, n_watch=4, steps=600, batch_size=512)
    trained = train_twin(linear_trials(160, 1), config)
    twin = Twin(trained, CIRCUIT, ("gain",))
    new = linear_trials(6, 2)
    found = twin.mean_course(new.inputs, new.conditions, 8, np.random.default_rng(0))
    lagged = np.concatenate([np.zeros((6, 1, 2)), new.inputs[:, :-1, :2]], axis=1)
    truth = new.conditions[:, None] * (2.0 + 20.0 * lagged[:, :, [0, 1, 0, 1]])
    assert psth_r2(truth, found).min() > 0.95
    # Poisson counts: variance is the mean, and nothing is shared between populations
    with torch.no_grad():
        given = trained.given(torch.from_numpy(new.inputs), torch.from_numpy(new.conditions))
        counts = torch.from_numpy(new.counts)
        _, spread, _ = trained(trained.seen(given, counts, torch.from_numpy(new.events)), counts)
    assert float(spread.exp().mean()) == pytest.approx(1.0, abs=0.15)
    off = trained.residual_correlation - torch.diag(trained.residual_correlation.diagonal())
    assert float(off.abs().max()) < 0.1
    with pytest.raises(ValueError, match="whole numbers"):
        train_twin(CircuitTrials(new.inputs, new.conditions, new.counts + 0.5, new.events), config)


def test_levels_in_bins_are_means_of_the_drive():
    drive = Drive.from_events([0.03], [0.05], ["go"], [1.0], 0.12, np.array([0.9]), 1.0)
    found = levels_in_bins(drive, ("no_go", "go"), 6)
    assert found[:, 1] == pytest.approx([0.0, 0.5, 1.0, 1.0, 0.0, 0.0])
    assert found[:, 0] == pytest.approx(0.0)
    assert found[:, 2] == pytest.approx(0.9)
    assert found[:, 1].sum() * BIN_S == pytest.approx(0.05)


def test_training_never_sees_what_is_held_out():
    rng = np.random.default_rng(0)
    source = AttentionSource()
    low, high = HELD_OUT_INHIBITION
    for _ in range(150):
        trial = source.draw(rng)
        assert not low <= trial.condition["inhibition"] <= high
        assert trial.drive.levels.max() <= 1.0
        cues = [k for k, name in enumerate(trial.drive.channels) if name.startswith("attend_")]
        on = trial.drive.levels[:, cues] > 0
        begun = trial.drive.times_s[(on & ~np.vstack([np.zeros_like(on[:1]), on[:-1]])).any(axis=1)]
        assert not ((begun >= HELD_OUT_CUE_S[0]) & (begun <= HELD_OUT_CUE_S[1])).any()
    other = DecisionSource()
    for _ in range(50):
        assert not low <= other.draw(rng).condition["inhibition"] <= high


def test_what_excites_itself_stays_below_the_largest_count_that_was_learned_from():
    made = network()
    with torch.no_grad():
        made.direct.weight[:, :] = 4.0
    given = made.given(torch.ones(2, 200, 3), torch.ones(2, 1)).numpy()
    made.largest[:] = torch.tensor([9.0, 20.0, 30.0, 40.0])
    parts = list(StepWeights.of(made).rows(given, [np.random.default_rng(k) for k in range(2)]))
    expected, counts = (np.concatenate([part[k] for part in parts], axis=1) for k in (1, 2))
    for values in (expected, counts):
        assert np.isfinite(values).all()
        assert values.max(axis=(0, 1)) == pytest.approx([9.0, 20.0, 30.0, 40.0])
    # it learns them from its lessons
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 7, size=(16, 20, 2)).astype(np.float32)
    lessons = CircuitTrials(np.zeros((16, 20, 2), np.float32), np.ones((16, 1), np.float32), counts,
                            np.zeros((16, 20, 1), np.float32))  # fmt: skip
    learned = train_twin(lessons, TwinConfig(n_trials=16, steps=20, batch_size=8, n_hidden=4))
    assert learned.largest.tolist() == counts.max(axis=(0, 1)).tolist()


def test_inhibition_is_scaled_and_nothing_else():
    plain, strong = CIRCUIT, inhibition_scaled(CIRCUIT, 1.2)
    for one, other in zip(plain.projections, strong.projections, strict=True):
        assert other.weight == pytest.approx(one.weight * (1.2 if one.receptor == "gaba" else 1.0))
    assert plain.structure_digest == strong.structure_digest


def test_fidelity_measures_meet_their_definitions():
    rng = np.random.default_rng(0)
    truth = rng.uniform(1.0, 9.0, size=(20, 30, 3))
    counts = rng.poisson(truth[:, None].repeat(40, axis=1)).astype(float)
    explained, ceiling = explained_of_ceiling(counts, truth)
    # the true mean explains all that can be: the ceiling is the signal's share of the variance
    assert explained == pytest.approx(ceiling, abs=0.01)
    assert ceiling == pytest.approx(
        truth.var(axis=(0, 1)) / (truth.var(axis=(0, 1)) + truth.mean(axis=(0, 1))), abs=0.02
    )
    assert psth_r2(truth, truth) == pytest.approx(1.0)
    assert psth_r2(truth, truth * 0 + truth.mean(axis=(0, 1))) == pytest.approx(0.0)
    null = truth.mean(axis=(0, 1))
    assert bits_per_spike(counts, truth[:, None].repeat(40, axis=1), null) > 0.05
    assert bits_per_spike(counts, np.broadcast_to(null, counts.shape), null) == pytest.approx(0.0)
    assert cohen_kappa([0, 1, 0, 1], [1, 0, 1, 0]) == -1.0
    assert cohen_kappa([1, 1], [1, 1]) == 1.0
    with pytest.raises(ValueError, match="repeat"):
        explained_of_ceiling(counts[:, :1], truth)


def test_the_participant_has_the_individuals_of_its_circuit(tmp_path):
    participant = TwinParticipant(cache=tmp_path)
    assert isinstance(participant, Participant)
    assert spiking_twin(quick=True).twin == TwinConfig.quick()
    assert spiking_twin(arousal=False).name == "spiking-twin-no-arousal"
    # the individual is the circuit's own
    condition = participant.condition(5)
    own = participant.individuality.draw(participant.parameters, 5)
    assert condition["habit"] * participant.parameters.direct_hz == pytest.approx(own.direct_hz)


@pytest.mark.slow
def test_a_small_twin_presses_to_go_and_comes_back_from_the_cache(tmp_path):
    """Two minutes for compiling, simulating and learning."""
    config = TwinConfig(n_trials=64, steps=250)
    participant = TwinParticipant(twin=config, cache=tmp_path)
    sessions = [SART(trials_per_digit=4, n_blocks=1).session(k) for k in range(3)]
    first = participant.perform(sessions, [1, 2, 3])
    assert len(list(tmp_path.rglob("twin-attention-*.pt"))) == 1
    again = participant.perform(sessions[1:2], [2])
    assert again[0].responses.table.equals(first[1].responses.table)
    answered = np.concatenate(
        [
            p.responses.scored(s).query("trial_type == 'go'")["response"].notna()
            for p, s in zip(first, sessions, strict=True)
        ]
    )
    assert answered.mean() > 0.5
    twin = twin_of(AttentionSource(), config, tmp_path / "networks")
    assert twin.populations == AttentionSource().circuit({}).names


def test_a_curve_counts_as_the_circuits_only_if_circuits_could_have_made_it():
    rng = np.random.default_rng(3)
    chances = {"circuit": 0.3, "other circuits": 0.3, "third circuits": 0.3, "twin": 0.3, "poor twin": 0.5}

    def trials(who: str) -> pd.DataFrame:
        n = 20 * 4 * 60
        return pd.DataFrame(
            {
                "who": who.removeprefix("poor "),
                "twin": {"twin": 0, "poor twin": 1}.get(who, -1),
                "task": "sart",
                "participant": np.arange(n) % 20,
                "block": np.arange(n) // 20 % 4,
                "no_go": True,
                "answered": rng.random(n) < chances[who],
                "response_time_s": 0.3,
            }
        )

    go = trials("circuit").assign(no_go=False, answered=True)
    everybody = [trials(who) for who in chances]
    points = curve_points(pd.concat([*everybody, go, go.assign(who="twin", twin=0)]))
    wrong = points[points["measure"] == "commissions (%)"].groupby("twin")["within"].mean()
    assert wrong[0] >= 0.75 and wrong[1] == 0.0
    others = curve_points(pd.concat(everybody), "third circuits")
    assert set(others["twin"]) == {-1} and others["within"].mean() >= 0.75
    # the same responses in the same time are always within
    rest = points[(points["measure"] != "commissions (%)") & (points["twin"] == 0)]
    assert rest["within"].all() and set(rest["block"]) == {0, 1, 2, 3}


def test_disputed_choices_are_those_that_kappa_counts_against_the_twin():
    choices = pd.DataFrame(
        {
            "circuit_difference": [9.0, -9.0, 9.0, -9.0, 0.5],
            "circuit_share": [1.0, 0.0, 0.6, 0.3, 0.9],
            "twin_share": [0.9, 0.1, 0.4, 0.2, 0.1],
        }
    )
    # the last is a tie; of the others they differ on the third, and agree no more than 2 x 2 / 4 by chance
    assert disputed(choices) == (1, 4, 0.6, 0.6)
    assert kappa_of_choices(choices) == pytest.approx(0.5)
    assert np.isnan(disputed(choices[:2])[2])
