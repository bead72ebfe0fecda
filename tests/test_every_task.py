"""Every task can be performed by a circuit and by networks, from its session alone."""

from __future__ import annotations

import numpy as np
import pytest
from short_tasks import SHORT

from ann.training import TrainingSettings
from bridges.encoding import RateCode, levels, noisy
from bridges.labels import classes
from bridges.participants.base import Performance
from bridges.participants.network import NetworkParticipant
from bridges.participants.network_learning import NetworkConfig, by_component, joint_labels, sense
from bridges.participants.spiking import SpikingParticipant, spiking, wiring_of
from bridges.participants.streams import individual_generator
from bridges.session import Session
from bridges.tasks import TASKS
from neurosim.engine.exchange import rate_columns

KINDS = ("lstm", "attention")
DT_S = 0.02
# one circuit with two components, one with a memory and answers that depend on it; each takes long to compile
COMPILED_ALWAYS = ("prp", "ax_cpt")
GO_NO_GO_TASKS = ("sart", "cpt_x", "pvt", "grad_cpt", "mackworth")


def tiny(kind: str, cache) -> NetworkParticipant:
    settings = TrainingSettings(max_steps=10, batch_size=4, check_every=10, label_smoothing=0.1)
    config = NetworkConfig(
        kind, n_hidden=8, d_model=8, window=16, n_sessions=1, crop_steps=80, training=settings
    )
    return NetworkParticipant(config, cache=cache, record=True, record_every=1)


def equal(one: Performance, two: Performance) -> bool:
    a, b = one.responses, two.responses
    return a.table.equals(b.table) and a.stray.reset_index(drop=True).equals(b.stray.reset_index(drop=True))


def assert_valid(session: Session, performance: Performance) -> None:
    table = performance.responses.table
    for component, names in session.components.items():
        own = table[table["component"] == component]
        assert set(own["response"].dropna()) <= set(names)
        due = session.trials["window_start_s" if component == "T1" else "window_start_t2_s"].notna()
        assert list(own["trial"]) == list(session.trials.loc[due, "trial"])
    assert set(table["component"]) <= set(session.components)
    assert set(performance.responses.stray["response"]) <= set(session.responses)
    scored = performance.responses.scored(session)
    times = (scored["onset_s"] + scored["response_time_s"]).dropna()
    assert times.between(0, session.duration_s).all()
    answered = scored["response"].notna()
    inside = scored["response_time_s"] + scored["onset_s"]
    assert (inside >= scored["window_start_s"])[answered].all()
    assert (inside < scored["window_stop_s"])[answered].all()


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("networks")


def test_every_task_has_a_short_form():
    assert set(SHORT) == set(TASKS)
    assert all(type(SHORT[name]) is TASKS[name] and SHORT[name].name == name for name in TASKS)


# --- networks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", TASKS)
def test_networks_perform_it(name, kind, cache):
    session = SHORT[name].session(3)
    participant = tiny(kind, cache)
    (first,) = participant.perform([session], [1])
    assert_valid(session, first)
    assert equal(first, participant.perform([session], [1])[0])
    units = [*first.recording["unit"].values]
    assert [unit for unit in units if not unit.startswith("none")] == [
        response for names in session.components.values() for response in names
    ]
    assert np.isfinite(first.recording["logit"]).all()


@pytest.mark.parametrize("name", TASKS)
def test_what_networks_learn_is_the_correct_response(name):
    session, config = SHORT[name].session(3), NetworkConfig(deadline_s=0.3)
    target, mask = joint_labels(session, config)
    named = list(classes(session).values())
    sizes = [len(names) for names in named]
    codes = np.stack(np.unravel_index(target, sizes), axis=1)
    for k, (component, names) in enumerate(zip(session.components, named, strict=True)):
        onset, correct = (
            ("onset_s", "correct_response") if component == "T1" else ("onset_t2_s", "correct_response_t2")
        )
        due = session.trials[session.trials[correct].isin(names[:-1])]
        steps = np.ceil(due[onset].to_numpy(dtype=float) / DT_S + 1e-6).astype(int)
        assert len(due) > 0
        assert [names[c] for c in codes[steps, k]] == list(due[correct])
        # responses are asked for no longer than the deadline; where two may have to wait for each other,
        # than their windows
        stop = onset.replace("onset", "window_stop")
        longest_s = (due[stop] - due[onset]).to_numpy() if session.second else np.full(len(due), 0.3)
        assert (codes[:, k] != sizes[k] - 1).sum() <= np.sum(longest_s / DT_S + 1)
    assert mask.any()


def test_log_odds_of_a_component_come_from_summing_over_the_other():
    session = SHORT["prp"].session(1)
    one, two = np.random.default_rng(0).normal(size=(2, 7, 3))
    joint = (one[:, :, None] + two[:, None, :]).reshape(7, 9)
    parts = by_component(session, joint)
    for given, found in zip((one, two), parts.values(), strict=True):
        np.testing.assert_allclose(np.diff(found, axis=1), np.diff(given, axis=1), atol=1e-12)


EASY = {
    "flanker": TASKS["flanker"](n_blocks=4),
    "posner": TASKS["posner"](n_blocks=1, response="discrimination"),
    "ant": TASKS["ant"](n_blocks=1),
    "prp": TASKS["prp"](blocks=("dual",) * 3),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", EASY)
def test_trained_networks_do_easy_tasks_better_than_chance(name, kind, cache):
    session = EASY[name].session(1)
    (performance,) = NetworkParticipant(NetworkConfig(kind), cache=cache).perform([session], [5])
    for component, own in performance.responses.scored(session).groupby("component"):
        chance = 1.0 / len(session.components[str(component)])
        # silence counts as wrong; five standard errors above guessing on every trial
        margin = 5.0 * np.sqrt(chance * (1.0 - chance) / len(own))
        assert own["correct"].mean() > chance + margin


# --- the circuit ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TASKS)
def test_the_circuit_is_wired_from_the_rules(name):
    session = SHORT[name].session(3)
    wiring = wiring_of(session)
    circuit = spiking().circuit(1, wiring)
    assert set(session.channels) <= set(circuit.channels)
    assert set(session.responses) <= set(wiring.acts)
    for rule in session.rules:
        act = "withhold" if rule.response == "none" else rule.response
        senses = {i.target for i in circuit.inputs if i.channel == rule.stimulus}
        feeding = {p.source for p in circuit.projections if p.target == f"decision.{act}"}
        # where a trial asks for two answers, silence about a stimulus is no act
        assert senses & feeding or (act not in wiring.acts and len(session.components) > 1)
        if rule.goal is not None:
            goal = rule.goal.removeprefix("attend_") if rule.goal.startswith("attend_") else None
            pool = f"control.{goal}" if goal else f"memory.{rule.goal}"
            assert {p.target for p in circuit.projections if p.source == pool} & senses
    # the trials of the session reach the senses: each channel drives pools while its events last
    times_s, rates = rate_columns(circuit, spiking(arousal=False).drive(session, 1))
    for channel in dict.fromkeys(session.events["channel"]):
        event = session.events[session.events["channel"] == channel].iloc[0]
        during = np.searchsorted(times_s, event["onset_s"] + 0.5 * event["duration_s"], side="right") - 1
        pools = [circuit.names.index(i.target) for i in circuit.inputs if i.channel == channel]
        assert event["level"] == 0 or (rates[during, pools] > 0).all()


def test_all_go_no_go_tasks_have_one_circuit():
    assert len({wiring_of(SHORT[name].session(1)) for name in GO_NO_GO_TASKS}) == 1


@pytest.mark.parametrize("name", COMPILED_ALWAYS)
def test_the_circuit_performs_two_answers_and_memory(name):
    _circuit_performs(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in TASKS if name not in COMPILED_ALWAYS])
def test_the_circuit_performs_it(name):
    _circuit_performs(name)


def _circuit_performs(name: str) -> None:
    session = SHORT[name].session(3)
    participant = SpikingParticipant(record=True)
    # one at a time, so that one compiled circuit does for all
    one, two, again = (participant.perform([session], [seed])[0] for seed in (1, 2, 1))
    assert_valid(session, one)
    assert_valid(session, two)
    assert equal(one, again)
    assert not one.recording.equals(two.recording)
    rate = one.recording["rate"]
    wiring = wiring_of(session)
    # stimuli reach the senses: while one is there, its pool fires more than before the first of them
    detector = wiring.detectors[0]
    shown = session.events[(session.events["channel"] == detector.stimulus) & (session.events["level"] > 0.3)]
    times_s = rate["time"].values
    there = np.zeros(times_s.size, dtype=bool)
    for event in shown.itertuples():
        there |= (times_s > event.onset_s + 0.03) & (times_s < event.onset_s + event.duration_s + 0.03)
    pool = rate.sel(unit=f"sensory.{detector.name}").values
    if len(shown) and not detector.conditional:
        assert pool[there].mean() > 2 * pool[times_s < 0.5].mean()
    answers = [*one.responses.table["response"], *two.responses.table["response"]]
    assert any(isinstance(answer, str) for answer in answers)


# --- the codec ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TASKS)
def test_every_channel_survives_the_codec(name):
    """B1: round trip unbiased, with the noise of theory, and spikes offer the d' that the tensor does."""
    code, rng = RateCode(), np.random.default_rng(5)
    session = SHORT[name].session(3)
    level = levels(session, DT_S)
    assert level.min() >= 0.0 and level.max() <= 1.0
    used = set(session.events.loc[session.events["level"] > 0, "channel"])
    assert [channel for k, channel in enumerate(session.channels) if level[:, k].any()] == [
        channel for channel in session.channels if channel in used
    ]
    for channel in range(level.shape[1]):
        values = np.unique(np.round(level[:, channel], 1))
        bins = np.repeat(values[:, None], 20_000, axis=1)
        spikes = code.decode(code.counts(bins, DT_S, rng), DT_S)
        tensor = noisy(bins, DT_S, rng, code)
        theory = code.noise_sd(values, DT_S)
        for decoded in (spikes, tensor):
            assert np.abs(decoded.mean(axis=1) - values).max() <= 0.01
            assert np.abs(decoded.std(axis=1, ddof=1) / theory - 1.0).max() <= 0.1
        offered = [
            np.diff(x.mean(axis=1)) / np.sqrt((x.var(axis=1)[1:] + x.var(axis=1)[:-1]) / 2)
            for x in (spikes, tensor)
        ]
        np.testing.assert_allclose(offered[0], offered[1], rtol=0.05)


@pytest.mark.parametrize("name", TASKS)
def test_the_encoded_stream_reaches_the_network(name):
    session, config = SHORT[name].session(3), NetworkConfig()
    heard = sense(session, config, individual_generator(1, "test"))
    level = levels(session, config.dt_s)
    assert heard.shape == level.shape
    for channel in range(level.shape[1]):
        on, off = level[:, channel] > 0.3, level[:, channel] == 0
        if on.sum() >= 5 and off.sum() >= 5:
            assert heard[on, channel].mean() > heard[off, channel].mean() + 0.1
