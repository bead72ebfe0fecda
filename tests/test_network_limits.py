"""Limits of network participants: one output for both tasks, a noisy channel, against their definitions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from short_tasks import SHORT

from ann.limits import ChannelHead
from ann.recurrent import LSTMNetwork
from ann.training import TrainingSettings
from bridges.labels import labels
from bridges.participants.network import attention, lstm
from bridges.participants.network_config import NetworkConfig
from bridges.participants.network_learning import _Lessons, by_component, joint_labels
from bridges.participants.network_limits import (
    first_share,
    limit_output,
    reseed,
    shared_by_component,
    shared_labels,
    start_from,
)
from bridges.participants.network_readout import component_presses, shared_presses
from bridges.participants.network_senses import clean_levels, standing_instructions
from bridges.readout import AccumulateToBound
from bridges.tasks import SART, DualDetection

SESSION = SHORT["prp"].session(3)
DT_S = 0.02


def test_shared_head_says_what_is_due_and_shares_what_is_due_together():
    target, mask = labels(SESSION, DT_S)
    shared, both = shared_labels(SESSION, target, mask, DT_S)
    n_first, n_second = 2, 2
    due_1, due_2 = target[:, 0] < n_first, target[:, 1] < n_second
    assert (shared[~due_1 & ~due_2] == n_first + n_second).all()
    assert (shared[due_1 & ~due_2] == target[due_1 & ~due_2, 0]).all()
    assert (shared[~due_1 & due_2] == n_first + target[~due_1 & due_2, 1]).all()
    together = due_1 & due_2
    assert together.sum() >= 50
    # in dual blocks the instruction gives S1 a level of 1 and S2 of one half
    assert (shared[together] < n_first).mean() == pytest.approx(2 / 3, abs=0.06)
    assert (both == mask.all(axis=1)).all()


def test_share_follows_the_latest_instruction():
    share = first_share(SESSION, int(SESSION.duration_s / DT_S), DT_S)
    assert ((share > 0) & (share < 1)).all()
    cue = SESSION.events.query("channel == 'attend_s1'")["onset_s"].min()
    assert share[0] == 0.5 and share[int(cue / DT_S) + 60] == pytest.approx(2 / 3)
    # levels of 1 and 0.5 with a contrast of 3: 1 / (1 + 1/8)
    sharper = first_share(SESSION, int(SESSION.duration_s / DT_S), DT_S, contrast=3.0)
    assert sharper[0] == 0.5 and sharper[int(cue / DT_S) + 60] == pytest.approx(8 / 9)


def test_components_of_a_shared_head_sum_over_all_else():
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(7, 5))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    parts = shared_by_component(SESSION, logits)
    for name, own in (("T1", slice(0, 2)), ("T2", slice(2, 4))):
        found = np.exp(parts[name]) / np.exp(parts[name]).sum(axis=1, keepdims=True)
        assert found[:, :2] == pytest.approx(p[:, own])
        assert found[:, 2] == pytest.approx(1 - p[:, own].sum(axis=1))
    assert set(by_component(SESSION, logits, shared_head=True)) == {"T1", "T2"}


def test_tasks_with_one_answer_are_learned_alike_with_a_shared_head():
    session = SHORT["sart"].session(1)
    plain, shared = NetworkConfig.quick(), replace(NetworkConfig.quick(), shared_head=True)
    for one, two in zip(joint_labels(session, plain), joint_labels(session, shared), strict=True):
        assert (one == two).all()


def test_a_network_without_limits_is_described_as_before():
    plain = NetworkConfig.quick()
    limits = {"channel_bits", "channel_dims", "shared_head", "priority_contrast"}
    assert not limits & set(plain.described)
    assert plain.variant == ""
    limited = replace(plain, channel_bits=2.0, shared_head=True)
    assert limited.described["channel_bits"] == 2.0 and limited.described["shared_head"]
    assert limited.variant == "-limited-shared-head"
    with pytest.raises(ValueError, match="channel_bits = 0"):
        replace(plain, channel_bits=0.0)
    with pytest.raises(ValueError, match="priority_contrast = 0"):
        replace(plain, priority_contrast=0.0)


def test_choices_are_taught_longer_than_presses():
    config = replace(NetworkConfig.quick(), training=TrainingSettings(max_steps=10, patience=2))
    assert config.training_for(1) == config.training
    assert (config.training_for(4).max_steps, config.training_for(4).patience) == (60, 12)
    assert config.training_for(4, n_components=2).max_steps == 120


def test_channel_has_the_capacity_asked_for_and_repeatable_noise():
    generator = torch.Generator().manual_seed(1)
    network = LSTMNetwork(3, 8, 4, generator=generator)
    limit_output(network, 2.0, 8, generator)
    assert isinstance(network.head, ChannelHead)
    assert network.head.capacity_bits == pytest.approx(2.0)
    h = torch.ones(5, 8)
    reseed(network, 7)
    first = network.head(h)
    assert not torch.equal(first, network.head(h))
    reseed(network, 7)
    assert torch.equal(first, network.head(h))
    with pytest.raises(ValueError, match="must be linear"):
        limit_output(network, 2.0, 8, generator)


def test_a_limited_network_starts_where_the_plain_one_has_come_to():
    """Without noise, and but for the length of what is sent, it gives the logits of the plain network."""
    plain = LSTMNetwork(3, 8, 4, generator=torch.Generator().manual_seed(2))
    limited = LSTMNetwork(3, 8, 4, generator=torch.Generator().manual_seed(3))
    limit_output(limited, 2.0, 6, torch.Generator().manual_seed(4))
    start_from(limited, plain)
    h = torch.randn(5, 8, generator=torch.Generator().manual_seed(5))
    head = limited.head
    with torch.no_grad():
        # four logits need four dimensions; the other two carry what the channel had at first
        head.read.weight[:, 4:] = 0.0
        assert torch.allclose(head.read(head.project(h)), plain.head(h), atol=1e-5)
        assert all(
            torch.equal(a, b) for a, b in zip(limited.core.parameters(), plain.core.parameters(), strict=True)
        )
    with pytest.raises(ValueError, match="must be ChannelHead and Linear"):
        start_from(plain, plain)


@pytest.mark.parametrize("build", [lstm, attention])
@pytest.mark.parametrize("limits", [{"channel_bits": 1.0}, {"shared_head": True}])
def test_limited_participants_perform_the_same_twice_and_are_named(tmp_path, build, limits):
    config = build(quick=True, **limits).config
    short = replace(config, n_sessions=1, crop_steps=50, training=TrainingSettings(max_steps=3, batch_size=4))
    participant = replace(build(quick=True, **limits), config=short, cache=tmp_path)
    kind = "lstm" if build is lstm else "attention"
    assert participant.name == kind + ("-limited" if "channel_bits" in limits else "-shared-head")
    one, two = (participant.perform([SESSION], [5])[0].responses for _ in range(2))
    assert one.table.equals(two.table)
    other = replace(participant, cache=tmp_path / "fresh").perform([SESSION], [5])[0].responses
    assert one.table.equals(other.table) and one.stray.equals(other.stray)
    assert set(one.table["component"]) == {"T1", "T2"}


READOUT = AccumulateToBound(
    bound=1.0, gain=4.0, noise_sd=0.05, refractory_s=0.3, non_decision_s=0.0, against="odds"
)


def field(first, second, none=1.0):
    """Logits of a shared head of 2 + 2 responses that asks for the first of either task, shape (time, 5)."""
    p = np.full((len(first), 5), 1e-4)
    p[:, 0], p[:, 2], p[:, 4] = first, second, none
    return np.log(p)


def rngs():
    return [np.random.default_rng(k) for k in (1, 2)]


def test_second_response_waits_until_the_first_is_out_of_the_field():
    """With odds of 2 the first gains 4 ln 2 per second, and the other loses as much until it is gone."""
    steps = 100
    logits = field(np.full(steps, 8.0), np.full(steps, 4.0), none=1e-3)
    (first_s, first), (second_s, second) = shared_presses(READOUT, logits, (2, 2), DT_S, rngs())
    assert first[0] == 0 and second[0] == 0
    assert first_s[0] == pytest.approx(1.0 / (4.0 * np.log(2.0)), abs=0.06)
    # alone in the field its log-odds are ln(4 / 0.0012), so it takes 0.03 s
    assert 0.0 < second_s[0] - first_s[0] < 0.1
    # while it is still asked for, what was answered is neither said again nor in the way of the other
    assert len(first_s) == len(second_s) == 1


def test_a_response_that_nobody_competes_with_is_given_as_by_accumulators_of_its_own():
    steps = 60
    logits = field(np.full(steps, 8.0), np.full(steps, 1e-4))
    (times_s, which), (none_s, _) = shared_presses(READOUT, logits, (2, 2), DT_S, rngs())
    own = np.column_stack([logits[:, :2], np.logaddexp.reduce(logits[:, 2:], axis=1)])
    alone_s, said = READOUT.presses(own, DT_S, np.random.default_rng(1), n_responses=2)
    assert times_s[0] == pytest.approx(alone_s[0], abs=DT_S) and which[0] == said[0] == 0
    assert none_s.size == 0


def test_a_task_returns_to_the_field_when_it_is_no_longer_asked_for():
    asked = np.where(np.arange(300) % 100 < 50, 8.0, 1e-3)
    (times_s, which), _ = shared_presses(READOUT, field(asked, np.full(300, 1e-4)), (2, 2), DT_S, rngs())
    assert np.floor(times_s / (100 * DT_S)).tolist() == [0.0, 1.0, 2.0] and (which == 0).all()


def test_shared_presses_refuse_other_classes():
    with pytest.raises(ValueError, match="4 classes"):
        shared_presses(READOUT, np.zeros((5, 4)), (2, 2), DT_S, rngs())


def test_components_with_outputs_of_their_own_do_not_wait():
    config = NetworkConfig.quick()
    joint = np.zeros((50, 3, 3))
    joint[:, 0, 0] = 8.0
    first, second = component_presses(READOUT, SESSION, 4, joint.reshape(50, 9), config)
    # log-odds of 8 - ln 6: both within 0.1 s
    assert first[0][0] < 0.1 and second[0][0] < 0.1


def test_two_responses_are_asked_for_until_their_windows_end():
    target, mask = labels(SESSION, DT_S, np.inf)
    assert (joint_labels(SESSION, NetworkConfig.quick())[0] == target @ [3, 1]).all() and mask.all()
    trial = SESSION.trials.iloc[0]
    due = target[int(trial["onset_s"] / DT_S) + 1 : int(trial["window_stop_s"] / DT_S) - 1, 0]
    assert (due == SESSION.components["T1"].index(trial["correct_response"])).all()


def test_stretches_of_dual_tasks_begin_with_the_instruction_that_stands():
    task = DualDetection(trials_per_block=2, before_min=1, before_max=1, after=1, window_s=1.0)
    session = task.session(5)
    config = NetworkConfig.quick()
    standing = standing_instructions(session, config)
    channels = list(session.channels)
    outer, inner = channels.index("attend_outer"), channels.index("attend_inner")
    for _, trial in session.trials.iterrows():
        at = (
            int(trial["window_stop_t2_s" if trial["outer_priority"] == 0 else "window_stop_s"] / config.dt_s)
            - 2
        )
        assert standing[at, [outer, inner]] == pytest.approx(
            [trial["outer_priority"], 1.0 - trial["outer_priority"]]
        )
    assert not np.delete(standing, [outer, inner], axis=1).any()
    lessons = _Lessons([session], replace(config, crop_steps=30, internal_noise_sd=0.0))
    told = lessons.draw(200, np.random.default_rng(1)).inputs[:, :20, [outer, inner]].mean(dim=(1, 2))
    # instructed levels add up to 1, so their mean is one half wherever a stretch begins after the first
    assert (told > 0.3).float().mean() > 0.9
    # a task with one answer is learned as it is
    plain = SART(trials_per_digit=2).session(1)
    assert not standing_instructions(plain, config).any() and clean_levels(plain, config).any()
