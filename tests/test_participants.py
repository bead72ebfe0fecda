"""One contract for every participant: circuit, network and person keep the same border."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from bridges.human.readers import HumanRecord
from bridges.participants.base import Participant, Performance
from bridges.participants.calibration import Calibration
from bridges.participants.human import RecordedParticipant
from bridges.participants.network import attention, lstm
from bridges.participants.spiking import SpikingParticipant, noise_seed, spiking
from bridges.session import Responses, Session
from bridges.tasks import PVT, SART
from neurosim.neuromodulation import Arousal

TASK = SART(trials_per_digit=1, n_blocks=1)


def sessions(n: int = 3) -> list[Session]:
    return [TASK.session(seed) for seed in range(n)]


def recorded() -> Participant:
    records = []
    for number, session in enumerate(sessions()):
        times = session.trials["onset_s"].to_numpy() + 0.3
        answers = Responses.from_presses(session, times, ["press"] * len(times))
        records.append(HumanRecord(f"sub-{number}", "", "", {}, session, answers))
    return RecordedParticipant(records)


@dataclass(frozen=True)
class Adapter:
    name: str
    build: Callable[[], Participant]


ADAPTERS = [
    Adapter("human", recorded),
    Adapter("spiking", lambda: spiking()),
    Adapter("spiking-no-arousal", lambda: spiking(arousal=False)),
    Adapter("spiking-no-self-excitation", lambda: spiking(self_excitation=False)),
    Adapter("lstm", lambda: lstm(quick=True)),
    Adapter("lstm-arousal", lambda: lstm(quick=True, arousal=True)),
    Adapter("attention", lambda: attention(quick=True)),
    Adapter("attention-arousal", lambda: attention(quick=True, arousal=True)),
]


@pytest.fixture(params=ADAPTERS, ids=lambda adapter: adapter.name)
def adapter(request) -> Adapter:
    return request.param


def equal(one: Performance, other: Performance) -> bool:
    same = one.responses.table.equals(other.responses.table)
    return same and one.responses.stray.reset_index(drop=True).equals(
        other.responses.stray.reset_index(drop=True)
    )


def test_every_adapter_keeps_the_contract(adapter):
    participant = adapter.build()
    assert isinstance(participant, Participant)
    assert participant.name == adapter.name
    given, seeds, told = sessions(), [11, 12, 13], []
    performances = participant.perform(given, seeds, lambda fraction, doing: told.append((fraction, doing)))

    assert len(performances) == len(given)
    for session, performance in zip(given, performances, strict=True):
        table = performance.responses.table
        assert list(table["trial"]) == list(session.trials["trial"])
        named = table["response"].dropna()
        assert set(named) <= set(session.responses)
        times = (
            table["response_time_s"].dropna() + session.trials["onset_s"][table["response_time_s"].notna()]
        )
        assert times.between(0, session.duration_s).all()
        assert len(performance.responses.scored(session)) == session.n_trials
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert all(0 <= fraction <= 1 for fraction in fractions)

    # alone or together, first or last: an individual does the same
    assert equal(participant.perform(given[1:2], seeds[1:2])[0], performances[1])

    with pytest.raises(ValueError, match="seed"):
        participant.perform(given, seeds[:2])


def test_arousal_and_noise_of_an_individual_are_its_own():
    participant, session = SpikingParticipant(record=True), TASK.session(0)
    one, two = participant.perform([session, session], [1, 2])
    assert one.recording is not None and two.recording is not None
    assert one.recording["rate"].attrs["units"] == "Hz"
    assert one.recording["rate"].dims == ("time", "unit")
    assert not np.array_equal(one.recording["rate"], two.recording["rate"])
    drives = [participant.drive(session, seed) for seed in (1, 2)]
    assert not np.array_equal(drives[0].arousal, drives[1].arousal)
    assert noise_seed(session, 1) != noise_seed(session, 2)
    assert noise_seed(session, 1) != noise_seed(TASK.session(1), 1)
    rested = SpikingParticipant(arousal=Arousal.off()).drive(session, 1)
    assert np.all(rested.arousal == 1.0)


def test_the_circuit_is_calibrated_on_its_mean_response_time_alone():
    baseline = PVT(duration_s=60.0)
    record = SpikingParticipant().calibrate([baseline.session(seed) for seed in (5, 6)], [21, 22])
    calibration = Calibration.from_record(record)
    assert calibration.bound is None
    assert calibration.achieved.mean_s == pytest.approx(calibration.target.mean_s, abs=0.002)
    assert spiking(calibration=record).non_decision_s == calibration.non_decision_s


def commissions(participant: Participant, given: Sequence[Session], seeds: Sequence[int]) -> np.ndarray:
    rates = []
    for session, performance in zip(given, participant.perform(given, seeds), strict=True):
        scored: pd.DataFrame = performance.responses.scored(session)
        rates.append(scored.loc[scored["trial_type"] == "no_go", "response"].notna().mean())
    return np.array(rates)


@pytest.mark.slow
def test_without_self_excitation_of_control_withholding_fails():
    """Same individuals, same trials; the goal cannot hold itself, so habit answers the no-go digit."""
    given = [SART(trials_per_digit=12).session(100 + seed) for seed in range(8)]
    seeds = list(range(200, 208))
    intact = commissions(spiking(arousal=False), given, seeds)
    lesioned = commissions(spiking(arousal=False, self_excitation=False), given, seeds)
    assert lesioned.mean() > 1.5 * intact.mean()
    assert np.mean(lesioned > intact) >= 0.75


@pytest.mark.slow
def test_a_goal_holds_itself_without_input_only_with_self_excitation():
    task = SART(trials_per_digit=1, lead_out_s=20.0)
    rates = {}
    for self_excitation in (True, False):
        built = spiking(arousal=False, self_excitation=self_excitation)
        participant = SpikingParticipant(parameters=built.parameters, arousal=Arousal.off(), record=True)
        (performance,) = participant.perform([task.session(3)], [9])
        assert performance.recording is not None
        goal = performance.recording["rate"].sel(unit="control.no_go")
        rates[self_excitation] = float(goal.where(goal.time > task.session(3).duration_s - 10).mean())
    assert rates[True] > 25
    assert rates[False] < 8
