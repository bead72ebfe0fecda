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
from bridges.participants.network_learning import by_component, joint_labels
from bridges.participants.network_limits import (
    first_share,
    limit_output,
    reseed,
    shared_by_component,
    shared_labels,
)

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
    assert not {"channel_bits", "channel_dims", "shared_head"} & set(plain.described)
    assert plain.variant == ""
    limited = replace(plain, channel_bits=2.0, shared_head=True)
    assert limited.described["channel_bits"] == 2.0 and limited.described["shared_head"]
    assert limited.variant == "-limited-shared-head"
    with pytest.raises(ValueError, match="channel_bits = 0"):
        replace(plain, channel_bits=0.0)


def test_choices_are_taught_longer_than_presses():
    config = replace(NetworkConfig.quick(), training=TrainingSettings(max_steps=10, patience=2))
    assert config.training_for(1) == config.training
    assert (config.training_for(4).max_steps, config.training_for(4).patience) == (60, 12)


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
