"""Converted participants: the same individuals as networks and as spikes, on short sessions."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

from ann.training import TrainingSettings
from bridges.maps.spiking_populations import PopulationCode
from bridges.participants.base import Participant
from bridges.participants.converted import ConvertedParticipant, lstm_memory, lstm_spiking
from bridges.participants.memory_span import memory_span_s, remembering
from bridges.participants.network_config import NetworkConfig
from bridges.tasks import AXCPT, PRP, SART
from neurosim.neuromodulation import Arousal
from studies.corresponding.conversion_runs import context_d_prime, two_choice_d_prime

TASK = SART(trials_per_digit=1, n_blocks=1)
FEW = TrainingSettings(max_steps=40, batch_size=8, learning_rate=0.02, label_smoothing=0.1)
NEURONS = PopulationCode(n_neurons=40, high_hz=200.0, tick_s=0.0025)


def participants(kind, cache):
    config = NetworkConfig(
        kind=kind, n_hidden=6, d_model=8, window=12, n_sessions=1, crop_steps=100, training=FEW
    )
    return [ConvertedParticipant(config, cache=cache, spiking=s, neurons=NEURONS) for s in (False, True)]


@pytest.mark.parametrize("kind", ["lstm", "attention"])
def test_spikes_say_what_the_network_says(kind, tmp_path):
    network, spiking = participants(kind, tmp_path)
    assert isinstance(spiking, Participant)
    assert (network.name, spiking.name) == (f"{kind}-memory", f"{kind}-spiking")
    session = TASK.session(3)
    logits = [one._run_all([session], [5], lambda *_: None)[0].logits for one in (network, spiking)]
    assert logits[0].shape == logits[1].shape
    late = 3 if kind == "attention" else 0
    ahead, after = logits[0][: len(logits[0]) - late], logits[1][late:]
    left = ((after - ahead) ** 2).sum() / ((ahead - ahead.mean(axis=0)) ** 2).sum()
    assert left < 0.15
    assert np.mean(ahead.argmax(axis=1) == after.argmax(axis=1)) > 0.9


def test_each_in_order_and_whoever_else_takes_part(tmp_path):
    spiking = participants("lstm", tmp_path)[1]
    sessions = [TASK.session(seed) for seed in (1, 2)]
    seen = []
    both = spiking.perform(sessions, [7, 8], lambda fraction, doing: seen.append(fraction))
    alone = spiking.perform(sessions[1:], [8])
    pd.testing.assert_frame_equal(both[1].responses.table, alone[0].responses.table)
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0)
    for session, one in zip(sessions, both, strict=True):
        assert len(one.responses.scored(session)) == session.n_trials


def test_how_long_tasks_ask_to_remember():
    # cue to end of window: 0.5 s cue, 4.5 s delay, 1.3 s window
    assert memory_span_s(AXCPT(n_blocks=1).session(1)) == pytest.approx(6.3)
    # one instruction for a block is not carried over a delay
    assert memory_span_s(PRP(blocks=("dual",)).session(1)) == 0.0
    assert memory_span_s(TASK.session(1)) == 0.0


@pytest.mark.parametrize("kind", ["lstm", "attention"])
def test_networks_made_to_remember(kind):
    config = NetworkConfig(kind=kind)
    assert remembering(config, 1.28) is config
    long = remembering(config, 6.3)
    assert long.window * long.dt_s >= 6.3
    assert long.stretch_steps * long.dt_s >= 6.3 + 4.0
    forget = 1 / (1 + np.exp(-np.array(long.forget_bias)))
    spans_s = -long.dt_s / np.log(forget)
    assert len(spans_s) == config.n_hidden
    assert spans_s.min() < 0.5
    assert 0.9 * 6.3 < spans_s.max() <= 1.3 * 6.3


def test_what_cannot_be_done_is_refused(tmp_path):
    with pytest.raises(ValueError, match="arousal"):
        ConvertedParticipant(arousal=Arousal())
    with pytest.raises(ValueError, match="channel_bits"):
        ConvertedParticipant(NetworkConfig(channel_bits=0.5))
    with pytest.raises(ValueError, match="record"):
        ConvertedParticipant(record=True)
    with pytest.raises(ValueError, match="seeds"):
        lstm_spiking(quick=True).perform([TASK.session(1)], [])
    assert lstm_memory(quick=True).spiking is False


def trials(rows):
    columns = ["trial_type", "component", "correct_response", "response"]
    return pd.DataFrame(rows, columns=columns)


def test_d_prime_of_context_by_hand():
    rows = [("AX", "T1", "target", "target")] * 9 + [("AX", "T1", "target", None)]
    rows += [("BX", "T1", "nontarget", "nontarget")] * 3 + [("BX", "T1", "nontarget", "target")]
    rows += [("AY", "T1", "nontarget", "target")] * 4
    assert context_d_prime(trials(rows)) == pytest.approx(ndtri(9.5 / 11) - ndtri(1.5 / 5))


def test_d_prime_of_two_choices_by_hand():
    rows = [("dual", "T1", "a", "a")] * 5 + [("dual", "T1", "a", "b")] + [("dual", "T1", "b", "b")] * 4
    rows += [("dual", "T1", "b", None)] * 3
    rows += [("dual", "T2", "c", "c")] * 4 + [("dual", "T2", "d", "c")] * 4
    first = ndtri(5.5 / 7) - ndtri(0.5 / 5)
    second = ndtri(4.5 / 5) - ndtri(4.5 / 5)
    assert two_choice_d_prime(trials(rows)) == pytest.approx((first + second) / 2)
