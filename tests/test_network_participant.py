from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from ann.checkpoints import load_checkpoint, save_checkpoint
from ann.kernels import lstm_kernel
from ann.training import TrainingDiverged, TrainingSettings
from bridges.encoding import levels
from bridges.labels import labels
from bridges.measures import measure
from bridges.participants import network_learning
from bridges.participants.arousal import arousal_course, task_load
from bridges.participants.base import Participant
from bridges.participants.calibration import Calibration, ResponseTimes, human_targets, response_times
from bridges.participants.network import NetworkParticipant, attention, lstm
from bridges.participants.network_learning import (
    NetworkConfig,
    cache_folder,
    trained_network,
    trained_networks,
)
from bridges.participants.streams import individual_generator
from bridges.session import Responses
from bridges.tasks import PVT, SART
from neurosim.neuromodulation import Arousal

KINDS = ("lstm", "attention")
SHORT_SART = SART(trials_per_digit=6)
SHORT_PVT = PVT(duration_s=120.0, foreperiod_max_s=5.0)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def quick(kind, cache, **changes):
    return NetworkParticipant(NetworkConfig.quick(kind), cache=cache, **changes)


def tiny(kind, cache, **changes):
    """Hardly trained: for everything that does not depend on skill."""
    settings = TrainingSettings(max_steps=20, batch_size=4, check_every=10, label_smoothing=0.1)
    config = NetworkConfig(
        kind, n_hidden=8, d_model=8, window=16, n_sessions=1, crop_steps=100, training=settings
    )
    return NetworkParticipant(config, cache=cache, **changes)


def equal(one, two):
    a, b = one.responses, two.responses
    return a.table.equals(b.table) and a.stray.equals(b.stray)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_participant_and_says_what_it_is(kind, cache):
    assert isinstance(quick(kind, cache), Participant)
    assert quick(kind, cache).name == kind
    assert quick(kind, cache, arousal=Arousal()).name == f"{kind}-arousal"
    with pytest.raises(ValueError, match="crop_steps = 0"):
        NetworkConfig(crop_steps=0)
    with pytest.raises(ValueError, match="kind = 'oracle'"):
        NetworkConfig("oracle")


@pytest.mark.parametrize("kind", KINDS)
def test_a_trained_network_does_the_tasks(kind, cache):
    participant = quick(kind, cache)
    sessions = [SHORT_PVT.session(s) for s in range(8)]
    pvt = [
        measure(s, p.responses) for s, p in zip(sessions, participant.perform(sessions, [5] * 8), strict=True)
    ]
    assert np.mean([one["hit_rate"] for one in pvt]) >= 0.95
    assert 15 < np.mean([one["rt_sd_ms"] for one in pvt]) < 120
    assert np.mean([one["rt_skew"] for one in pvt]) > 0
    assert sum(one["false_starts"] for one in pvt) <= 2

    sessions = [SHORT_SART.session(s) for s in range(6)]
    sart = [
        measure(s, p.responses) for s, p in zip(sessions, participant.perform(sessions, [5] * 6), strict=True)
    ]
    assert np.mean([one["hit_rate"] for one in sart]) >= 0.95
    assert np.mean([one["commission_rate"] for one in sart]) > np.mean([one["omission_rate"] for one in sart])
    assert np.mean([one["d_prime"] for one in sart]) > 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_an_individual_answers_the_same_alone_and_among_others(kind, cache):
    participant = tiny(kind, cache, arousal=Arousal())
    sessions = [SHORT_SART.session(1), SHORT_PVT.session(2), SHORT_SART.session(3)]
    together = participant.perform(sessions, [11, 12, 13])
    for session, seed, performance in zip(sessions, (11, 12, 13), together, strict=True):
        (alone,) = participant.perform([session], [seed])
        assert equal(alone, performance)
    assert not equal(together[0], participant.perform([sessions[0]], [12])[0])


def weights(network):
    return [parameter.detach() for parameter in network.parameters()]


@pytest.mark.parametrize("kind", KINDS)
def test_who_learns_beside_an_individual_changes_no_bit_of_its_weights(kind, tmp_path):
    """Lessons of the tasks differ in length and number of channels; one individual learns two tasks."""
    config = tiny(kind, tmp_path).config
    sessions = [SHORT_SART.session(1), SHORT_PVT.session(2), SHORT_PVT.session(3), SHORT_PVT.session(4)]
    seeds = [11, 11, 12, 12]
    together = trained_networks(config, sessions, seeds, tmp_path / "together")
    assert together[2] is together[3]
    assert len(list((tmp_path / "together").iterdir())) == 3
    for session, seed, network in zip(sessions, seeds, together, strict=True):
        alone = trained_network(config, session, seed, tmp_path / "alone" / str(seed))
        assert all(torch.equal(a, b) for a, b in zip(weights(network), weights(alone), strict=True))
        assert not network.training


@pytest.mark.skipif(lstm_kernel() is None, reason="needs a C++ compiler")
def test_lstms_learn_as_a_cohort_what_they_learn_alone_and_the_cache_keeps_them_apart(monkeypatch, tmp_path):
    """Up to rounding in single precision, which 20 steps of training make larger."""
    config, session = tiny("lstm", tmp_path).config, SHORT_SART.session(1)
    cohort = trained_networks(config, [session] * 2, [1, 2], tmp_path)
    stored = {path.name: load_checkpoint(path)[0] for path in tmp_path.iterdir()}
    assert {recipe["engine"] for recipe in stored.values()} == {"compiled"}

    def unavailable(*_):
        raise ValueError("no compiler")

    monkeypatch.setattr(network_learning, "choose_engine", unavailable)
    alone = trained_networks(config, [session] * 2, [1, 2], tmp_path)
    assert len(list(tmp_path.iterdir())) == 4
    for one, other in zip(cohort, alone, strict=True):
        for a, b in zip(weights(one), weights(other), strict=True):
            torch.testing.assert_close(a, b, atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_networks_that_cannot_be_trained_are_named_and_the_others_kept(kind, monkeypatch, tmp_path):
    config, sessions = tiny(kind, tmp_path).config, [SHORT_SART.session(1), SHORT_PVT.session(1)]
    draw = network_learning._Lessons.draw

    def deaf(lessons, n, rng):
        """Who learns the SART hears no numbers: its channels are three, those of the PVT two."""
        examples = draw(lessons, n, rng)
        broken = lessons.level.shape[1] == 3
        return examples._replace(inputs=examples.inputs * float("nan")) if broken else examples

    monkeypatch.setattr(network_learning._Lessons, "draw", deaf)
    with pytest.raises(TrainingDiverged, match="seed 8.*loss is nan at step 1"):
        trained_networks(config, sessions, [8, 9], tmp_path)
    (kept,) = tmp_path.iterdir()
    assert load_checkpoint(kept)[0]["seed"] == 9


@pytest.mark.parametrize("kind", KINDS)
def test_trained_weights_are_cached_exactly_and_shared_with_the_variant_that_tires(kind, tmp_path):
    session = SHORT_SART.session(1)
    fresh = tiny(kind, tmp_path)
    (first,) = fresh.perform([session], [3])
    (file,) = cache_folder(tmp_path).iterdir()
    stamp = file.stat().st_mtime_ns
    (again,) = fresh.perform([session], [3])
    replace(fresh, arousal=Arousal()).perform([session], [3])
    assert equal(first, again)
    assert file.stat().st_mtime_ns == stamp and len(list(cache_folder(tmp_path).iterdir())) == 1
    file.write_bytes(file.read_bytes()[:100])
    (mended,) = fresh.perform([session], [3])
    assert equal(first, mended)
    assert file.stat().st_size > 100


def test_the_cache_knows_what_the_weights_depend_on(tmp_path):
    config = tiny("lstm", tmp_path).config
    session = SHORT_SART.session(1)
    folder = tmp_path / "networks"
    trained_network(config, session, 1, folder)
    trained_network(config, SHORT_SART.session(2), 1, folder)
    assert len(list(folder.iterdir())) == 1
    trained_network(config, session, 2, folder)
    trained_network(replace(config, forget_bias=2.0), session, 1, folder)
    trained_network(config, replace(SHORT_SART, digit_s=0.3).session(1), 1, folder)
    assert len(list(folder.iterdir())) == 4


@pytest.mark.parametrize("what", ["code", "torch", "device", "seed"])
def test_a_foreign_checkpoint_leaves_no_trace_in_what_is_trained(what, tmp_path):
    config, session = tiny("lstm", tmp_path).config, SHORT_SART.session(1)
    clean = trained_network(config, session, 1, tmp_path)
    (path,) = tmp_path.iterdir()
    recipe, _ = load_checkpoint(path)
    stranger = trained_network(config, session, 2, tmp_path / "other")
    save_checkpoint(path, stranger, {**recipe, what: "another"})
    again = trained_network(config, session, 1, tmp_path)
    for a, b in zip(clean.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)
    assert load_checkpoint(path)[0] == recipe


def test_other_code_trains_anew_on_the_same_examples(monkeypatch, tmp_path):
    config, session = tiny("lstm", tmp_path).config, SHORT_SART.session(1)
    one = trained_network(config, session, 1, tmp_path)
    monkeypatch.setattr(network_learning, "CODE_DIGEST", "other")
    two = trained_network(config, session, 1, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_digest_of_the_code_sees_every_change_but_line_endings(tmp_path):
    names = {file.name for file in network_learning.TRAINING_CODE}
    assert {"recurrent.py", "attention.py", "training.py", "sart.py", "pvt.py", "session.py"} <= names
    assert {"encoding.py", "network_config.py", "network_learning.py", "network_senses.py"} <= names
    assert "lstm_kernel.cpp" in names
    a, b = tmp_path / "a.py", tmp_path / "b.py"
    a.write_bytes(b"x = 1\n")
    b.write_bytes(b"y = 2\n")
    before = network_learning._code_digest([a, b])
    a.write_bytes(b"x = 1\r\n")
    assert network_learning._code_digest([a, b]) == before
    a.write_bytes(b"x = 3\n")
    assert network_learning._code_digest([a, b]) != before


def test_the_device_is_chosen_or_given(monkeypatch, cache):
    participant = tiny("lstm", cache)
    monkeypatch.setenv("NEUROSIM_DEVICE", "cpu")
    assert participant.device_used == torch.device("cpu")
    monkeypatch.setenv("NEUROSIM_DEVICE", "abacus")
    with pytest.raises(ValueError, match="'abacus' is unknown"):
        participant.perform([SHORT_SART.session(1)], [1])
    assert replace(participant, device="cpu").device_used == torch.device("cpu")
    monkeypatch.delenv("NEUROSIM_DEVICE")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert participant.device_used == torch.device("cuda")


@pytest.mark.parametrize("kind", KINDS)
def test_the_number_of_threads_changes_no_response(kind, tmp_path):
    session, before = SHORT_SART.session(1), torch.get_num_threads()
    done = []
    try:
        for n in (1, 2):
            torch.set_num_threads(n)
            participant = tiny(kind, tmp_path / str(n), arousal=Arousal(), record=True, device="cpu")
            done += participant.perform([session], [3])
    finally:
        torch.set_num_threads(before)
    assert equal(*done)
    assert done[0].recording.identical(done[1].recording)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("kind", KINDS)
def test_participants_agree_across_devices(kind, cache):
    session = SHORT_PVT.session(1)
    (here,) = quick(kind, cache, device="cpu").perform([session], [5])
    (there,) = quick(kind, cache, device="cuda", record=True).perform([session], [5])
    assert there.recording.attrs["device"] == "cuda"
    one, two = measure(session, here.responses), measure(session, there.responses)
    assert two["hit_rate"] == pytest.approx(one["hit_rate"], abs=0.1)
    assert two["rt_mean_ms"] == pytest.approx(one["rt_mean_ms"], rel=0.1)


@pytest.mark.parametrize("seed", [505, 514])
def test_an_lstm_waits_out_long_silences(seed, cache):
    session = PVT(duration_s=120.0, foreperiod_min_s=8.0).session(1)
    (performance,) = quick("lstm", cache).perform([session], [seed])
    assert measure(session, performance.responses)["hit_rate"] >= 0.9


def test_cache_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("NEUROSIM_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path / "networks"
    assert cache_folder(tmp_path / "own") == tmp_path / "own" / "networks"
    monkeypatch.delenv("NEUROSIM_CACHE")
    assert cache_folder().parts[-3:] == (".cache", "neurosim", "networks")


@pytest.mark.parametrize("kind", KINDS)
def test_constant_full_arousal_changes_nothing_and_low_arousal_slows(kind, cache):
    session = SHORT_PVT.session(4)
    (plain,) = quick(kind, cache).perform([session], [5])
    (off,) = quick(kind, cache, arousal=Arousal.off()).perform([session], [5])
    assert equal(plain, off)
    sleepy = Arousal(tau_depletion_s=20.0, tau_recovery_s=30.0, individual_sd=0.0)
    (tired,) = quick(kind, cache, arousal=sleepy).perform([session], [5])
    assert (
        measure(session, tired.responses)["rt_mean_ms"]
        > 1.1 * measure(session, plain.responses)["rt_mean_ms"]
    )


def test_arousal_course_is_the_same_at_every_step_size():
    session = SHORT_PVT.session(1)
    fine, coarse = (arousal_course(Arousal(), session, 7, dt_s) for dt_s in (0.005, 0.02))
    assert len(coarse) == len(levels(session, 0.02))
    np.testing.assert_allclose(fine[::4][: len(coarse)], coarse, atol=1e-9)
    assert coarse[0] == 1.0 and coarse[-1] < 1.0
    assert not np.allclose(coarse, arousal_course(Arousal(), session, 8, 0.02))
    still = Arousal(individual_sd=0.5, noise_sd=0.0)
    in_pvt, in_sart = (
        arousal_course(still, s, 7, 0.02)[1000] for s in (SHORT_PVT.session(1), SHORT_SART.session(2))
    )
    assert in_pvt == pytest.approx(in_sart, abs=1e-6)


def test_arousal_of_an_individual_fluctuates_anew_in_every_session():
    restless = Arousal(tau_depletion_s=np.inf, noise_sd=0.05)
    sessions = [SHORT_PVT.session(1), SHORT_PVT.session(2), SHORT_SART.session(1)]
    courses = [arousal_course(restless, session, 7, 0.1) - 1.0 for session in sessions]
    for k, one in enumerate(courses):
        np.testing.assert_array_equal(one, arousal_course(restless, sessions[k], 7, 0.1) - 1.0)
        for other in courses[:k]:
            n = min(one.size, other.size)
            assert not np.allclose(one[1:n], other[1:n])


def test_load_is_on_from_the_instruction_to_the_last_window():
    session = SHORT_SART.session(1)
    stop_s = session.trials["window_stop_s"].iloc[-1]
    np.testing.assert_array_equal(
        task_load(session, np.array([0.4, 0.5, 3.0, stop_s - 0.01, stop_s])), [0, 1, 1, 1, 0]
    )


def test_labels_ask_for_the_response_until_the_deadline():
    session = SHORT_SART.session(1)
    target, mask = labels(session, 0.05, deadline_s=0.6, grace_s=0.2)
    trials = session.trials
    go = trials[trials["trial_type"] == "go"]["onset_s"].iloc[0]
    no_go = trials[trials["trial_type"] == "no_go"]["onset_s"].iloc[0]
    first = round(go / 0.05)
    assert (target[first - 1 : first + 14] == [1] + [0] * 12 + [1, 1]).all()
    assert (mask[first + 10 : first + 18] == [True, True, False, False, False, False, True, True]).all()
    start, stop = round(no_go / 0.05), round((no_go + 1.15) / 0.05)
    assert (target[start:stop] == 1).all() and mask[start:stop].all()


@pytest.mark.parametrize("kind", KINDS)
def test_recording_is_labelled(kind, cache):
    session = SHORT_PVT.session(1)
    (performance,) = quick(kind, cache, record=True, arousal=Arousal()).perform([session], [5])
    recording = performance.recording
    assert recording["logit"].dims == ("time", "unit")
    assert list(recording["unit"].values) == ["press", "none"]
    assert all("units" in recording[name].attrs for name in recording.data_vars)
    assert recording["time"].values[1] == pytest.approx(0.1)
    assert ("forget_gate" in recording) == (kind == "lstm")
    if kind == "lstm":
        assert 0 < recording["forget_gate"].min() and recording["forget_gate"].max() < 1
    assert quick(kind, cache).perform([session], [5])[0].recording is None


def test_progress_rises_to_one(cache):
    seen = []
    tiny("lstm", cache).perform(
        [SHORT_SART.session(1), SHORT_SART.session(2)],
        [31, 32],
        lambda fraction, doing: seen.append((fraction, doing)),
    )
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert any("2 of 2" in doing for _, doing in seen)


def test_sessions_that_cannot_be_learned_are_refused(cache):
    participant = tiny("lstm", cache)
    session = SHORT_SART.session(1)
    with pytest.raises(ValueError, match="1 sessions but 2 seeds"):
        participant.perform([session], [1, 2])
    with pytest.raises(ValueError, match="task 'juggling' is unknown"):
        participant.perform([replace(session, task="juggling")], [1])
    with pytest.raises(ValueError, match="do not fit task 'sart'"):
        participant.perform([replace(session, parameters={"n_balls": 3, "seed": 1})], [1])
    with pytest.raises(ValueError, match="seed = -1"):
        participant.perform([session], [-1])


@pytest.mark.parametrize("kind", KINDS)
def test_calibration_meets_its_targets_and_survives_json(kind, cache):
    sessions = [SHORT_PVT.session(s) for s in (21, 22)]
    participant = quick(kind, cache)
    calibration = participant.fit(sessions, [5, 6])
    assert calibration.achieved.mean_s == pytest.approx(human_targets().mean_s, abs=0.005)
    assert calibration.achieved.cv == pytest.approx(human_targets().cv, abs=0.03)
    assert Calibration.from_json(calibration.to_json()) == calibration
    calibrated = participant.calibrated(calibration)
    performances = calibrated.perform(sessions, [5, 6])
    assert response_times(sessions, [p.responses for p in performances]) == calibration.achieved
    # the hook of the studies gives the same record, and the variant that tires borrows it
    record = replace(participant, arousal=Arousal()).calibrate(sessions, [5, 6])
    assert Calibration.from_record(json.loads(json.dumps(record))) == calibration


def test_calibration_that_cannot_be_met_is_refused(cache):
    session = SHORT_PVT.session(21)
    with pytest.raises(ValueError, match="no bound from 0.05 to 60 decides within"):
        participant = quick("lstm", cache)
        fast = replace(participant, readout=replace(participant.readout, noise_sd=0.2))
        fast.fit([session], [5], target=ResponseTimes(0.02, 0.2), bounds=(0.05, 60.0))
    with pytest.raises(ValueError, match="at least one session"):
        participant.fit([], [])


def test_builders_of_the_studies():
    assert lstm().name == "lstm" and attention(arousal=True).name == "attention-arousal"
    times = ResponseTimes(0.26, 0.19)
    calibration = Calibration("lstm", "pvt", 0.08, 1.7, times, times, ("a",), (1,))
    built = lstm(quick=True, calibration=calibration.record)
    assert built.readout.bound == 1.7 and built.readout.non_decision_s == 0.08
    assert built.config == NetworkConfig.quick("lstm")
    unbound = attention(calibration=replace(calibration, bound=None).record)
    assert unbound.readout.bound == attention().readout.bound


def test_bad_calibrations_are_refused():
    times = ResponseTimes(0.26, 0.19)
    good = Calibration("lstm", "pvt", 0.08, None, times, times, ("a",), (1,)).record
    with pytest.raises(ValueError, match="non_decision_s = -0.1"):
        Calibration.from_record({**good, "non_decision_s": -0.1})
    with pytest.raises(ValueError, match="bound = 0"):
        Calibration.from_record({**good, "bound": 0.0})
    with pytest.raises(ValueError, match="'mood'"):
        Calibration.from_record({**good, "mood": 1})
    with pytest.raises(ValueError, match="not valid"):
        Calibration.from_record({**good, "target": {"mean_s": 1.0}})
    with pytest.raises(ValueError, match="list; must be a JSON object"):
        Calibration.from_json("[]")


def test_response_times_average_over_participants_and_shift():
    session = SHORT_PVT.session(1)
    onset_s = session.trials["onset_s"].to_numpy()
    rng = np.random.default_rng(0)
    answers = [
        Responses.from_presses(
            session, onset_s + rng.normal(mean, 0.02, onset_s.size), ["press"] * onset_s.size
        )
        for mean in (0.3, 0.4)
    ]
    times = response_times([session, session], answers)
    assert times.mean_s == pytest.approx(0.35, abs=0.01)
    assert times.cv == pytest.approx((0.02 / 0.3 + 0.02 / 0.4) / 2, rel=0.2)
    later = times.delayed(0.1)
    assert later.mean_s == pytest.approx(times.mean_s + 0.1)
    assert later.cv * later.mean_s == pytest.approx(times.cv * times.mean_s)
    nobody = Responses.from_presses(session, [], [])
    assert math.isnan(response_times([session], [nobody]).mean_s)


def test_individual_streams_are_independent():
    draws = {
        key: individual_generator(*key).random() for key in ((1, "a"), (1, "b"), (2, "a"), (1, "a", "x"))
    }
    assert len(set(draws.values())) == 4
    assert draws[(1, "a")] == individual_generator(1, "a").random()
