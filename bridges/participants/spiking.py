"""The spiking participant: the attention circuit performs a session, its responses are the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from bridges.participants.arousal import arousal_course
from bridges.participants.base import Performance, Progress, no_progress
from bridges.participants.calibration import Calibration, human_targets, response_times
from bridges.participants.streams import individual_generator
from bridges.session import NO_RESPONSE, Responses, Session
from neurosim.circuit import Circuit
from neurosim.circuits.attention import AttentionParameters, attention_circuit
from neurosim.circuits.attention_wiring import GO_NO_GO, WITHHOLD, Association, Wiring, onset_of
from neurosim.drive import Drive
from neurosim.engine import simulate
from neurosim.neuromodulation import Arousal
from neurosim.recording import Recording

__all__ = ["Individuality", "SpikingParticipant", "driven", "evoked", "spiking", "wiring_of"]

PLAIN = {"w_plus_control": 1.0, "w_plus_memory": 1.0, "w_plus_central": 1.0}
"""No pool that holds something in mind excites itself more strongly than its neighbours do."""

AROUSAL_DT_S = 1.0
"""Step of the arousal gain that the circuit sees (s); it moves over tens of seconds."""


PERSISTENCE_S = 0.1
"""Least time for which a stimulus drives the senses (s): visible persistence (Coltheart 1980)."""

TRANSIENT_S = 0.1
"""How long the transient channels of the senses answer to an onset (s)."""


@dataclass(frozen=True)
class Individuality:
    """How much participants differ: SD over participants of the log of each strength (own choice)."""

    habit: float = 0.08
    self_excitation: float = 0.02
    attention: float = 0.10

    def draw(self, parameters: AttentionParameters, seed: int) -> AttentionParameters:
        """The parameters of the individual that `seed` makes."""
        return parameters.scaled(**self.factors(seed))

    def factors(self, seed: int) -> dict[str, float]:
        """How far the individual that `seed` makes is from the average one, by name of the strength."""
        rng = individual_generator(seed, "circuit/parameters")
        factors = np.exp(rng.normal(size=3) * [self.habit, self.self_excitation, self.attention])
        return dict(zip(("habit", "self_excitation", "attention"), map(float, factors), strict=True))


@dataclass(frozen=True)
class SpikingParticipant:
    """Participants made of the attention circuit, wired for each task by what its instruction says.

    Parameters
    ----------
    name
        As figures and tables write it.
    parameters
        Of the average circuit.
    arousal
        Course of the gain; ``Arousal.off()`` for the control that does not tire.
    non_decision_s
        Added to every decision time: sensory delay and movement, the one calibrated number.
    individuality
        Spread of parameters over participants.
    record
        Keep the population rates.
    """

    name: str = "spiking"
    parameters: AttentionParameters = field(default_factory=AttentionParameters)
    arousal: Arousal = field(default_factory=Arousal)
    non_decision_s: float = 0.12
    individuality: Individuality = field(default_factory=Individuality)
    record: bool = False

    def perform(
        self, sessions: Sequence[Session], seeds: Sequence[int], progress: Progress = no_progress
    ) -> list[Performance]:
        """Perform every session; several participants are simulated side by side."""
        recordings = self._simulate(sessions, seeds, progress)
        return [
            Performance(self._responses(session, recording), recording.rates if self.record else None)
            for session, recording in zip(sessions, recordings, strict=True)
        ]

    def calibrate(
        self, sessions: Sequence[Session], seeds: Sequence[int], progress: Progress = no_progress
    ) -> dict[str, object]:
        """Set the non-decision time on baseline sessions, arousal off, so that mean RT equals people's.

        Nothing else of the circuit is set here: spread and shape of response times, errors and their
        course over time are predicted.

        Returns
        -------
        dict
            `Calibration.record`.

        Raises
        ------
        ValueError
            If nobody responded, or decisions alone take longer than people's response times.
        """
        target = human_targets()
        # a first guess keeps most decisions out of the first 0.1 s, which count as false starts
        guess = replace(self, arousal=Arousal.off(), non_decision_s=target.mean_s / 2)
        recordings = guess._simulate(sessions, seeds, progress)

        def outcome(non_decision_s: float):
            shifted = replace(guess, non_decision_s=non_decision_s)
            answers = [shifted._responses(s, r) for s, r in zip(sessions, recordings, strict=True)]
            return response_times(sessions, answers)

        non_decision_s = guess.non_decision_s
        for _ in range(2):  # false starts enter or leave the sample as it moves: settle once more
            non_decision_s += target.mean_s - outcome(non_decision_s).mean_s
            if not non_decision_s >= 0:
                raise ValueError(
                    f"the circuit cannot be calibrated: its decisions leave {non_decision_s} s for sensing "
                    f"and moving within a mean response time of {target.mean_s} s; "
                    "raise stimulus_hz or lower threshold_hz"
                )
        return Calibration(
            agent=self.name,
            task=sessions[0].task,
            non_decision_s=float(non_decision_s),
            bound=None,
            target=target,
            achieved=outcome(non_decision_s),
            sessions=tuple(session.content_hash for session in sessions),
            seeds=tuple(int(seed) for seed in seeds),
        ).record

    def circuit(self, seed: int, wiring: Wiring = GO_NO_GO) -> Circuit:
        """The circuit of the individual that `seed` makes, wired for a task."""
        return attention_circuit(self.individuality.draw(self.parameters, seed), wiring)

    def drive(self, session: Session, seed: int) -> Drive:
        """Input rates of a session, with this individual's arousal."""
        return driven(
            evoked(session), session.duration_s, arousal_course(self.arousal, session, seed, AROUSAL_DT_S)
        )

    def _simulate(
        self, sessions: Sequence[Session], seeds: Sequence[int], progress: Progress
    ) -> list[Recording]:
        if len(sessions) != len(seeds):
            raise ValueError(f"{len(sessions)} sessions but {len(seeds)} seeds; give one seed per session")
        alike: dict[Wiring, list[int]] = {}
        for k, session in enumerate(sessions):
            alike.setdefault(wiring_of(session), []).append(k)
        recordings: dict[int, Recording] = {}
        for wiring, members in alike.items():

            def tell(fraction: float, done: int = len(recordings), size: int = len(members)) -> None:
                progress((done + fraction * size) / len(sessions), self.name)

            found = simulate(
                [self.circuit(seeds[k], wiring) for k in members],
                [self.drive(sessions[k], seeds[k]) for k in members],
                # other noise in every session, as in life; the parameters stay the individual's own
                [noise_seed(sessions[k], seeds[k]) for k in members],
                progress=tell,
            )
            recordings |= dict(zip(members, found, strict=True))
        return [recordings[k] for k in range(len(sessions))]

    def _responses(self, session: Session, recording: Recording) -> Responses:
        acts = np.array([str(name).rsplit(".", 1)[-1] for name in recording.responses], dtype=object)
        # withholding is an act of the circuit, but nobody sees it
        shown = np.isin(acts, session.responses)
        times = recording.response_times_s[shown] + self.non_decision_s
        return Responses.from_presses(session, times, acts[shown].tolist())


def evoked(session: Session) -> pd.DataFrame:
    """What the events of a session evoke in the senses, transient answers to onsets included.

    Returns
    -------
    DataFrame
        One row a step of a channel: ``onset_s``, ``duration_s``, ``channel``, ``level``.
    """
    events = session.events[["onset_s", "channel", "level"]].assign(
        duration_s=persisting(session, PERSISTENCE_S)
    )
    events["channel"] = events["channel"].astype(str)
    new = events[events["channel"].isin(wiring_of(session).onsets)]
    onsets = new.assign(duration_s=TRANSIENT_S, channel=[onset_of(channel) for channel in new["channel"]])
    return pd.concat([events, onsets], ignore_index=True)


def driven(evoked: pd.DataFrame, duration_s: float, arousal: np.ndarray) -> Drive:
    """The drive of what is evoked.

    Parameters
    ----------
    evoked
        From `evoked`: onset and duration (s), channel and level, one row a step.
    duration_s
        Length (s).
    arousal
        Gain g, one value every `AROUSAL_DT_S`.
    """
    return Drive.from_events(
        evoked["onset_s"].tolist(),
        evoked["duration_s"].tolist(),
        evoked["channel"].tolist(),
        evoked["level"].tolist(),
        duration_s,
        arousal,
        AROUSAL_DT_S,
    )


def persisting(session: Session, least_s: float) -> np.ndarray:
    """How long each event drives the senses (s): brief ones outlast themselves, until their channel's next.

    The time for which something brief is seen hardly depends on how long it is shown, and neurons of the
    temporal cortex go on firing after a flash until another image takes its place.

    Parameters
    ----------
    session
        The session whose events are wanted.
    least_s
        Least duration of what a stimulus evokes (s).

    References
    ----------
    Coltheart (1980) Percept Psychophys 27:183-228, doi:10.3758/BF03204258; Rolls & Tovee (1994) Proc R Soc
    Lond B 257:9-15, doi:10.1098/rspb.1994.0087.
    """
    events = session.events
    following = events.groupby("channel", observed=True)["onset_s"].shift(-1)
    room_s = (following - events["onset_s"]).fillna(np.inf).to_numpy(dtype=float)
    shown_s = events["duration_s"].to_numpy(dtype=float)
    return np.maximum(shown_s, np.minimum(least_s, room_s))


def wiring_of(session: Session) -> Wiring:
    """What the attention circuit must connect to perform a session, from the rules of its instruction.

    All go/no-go tasks get one and the same circuit, whichever of its parts they use, so that an individual
    brings the same circuit to all of them.

    Raises
    ------
    ValueError
        If the session says no rules and has other channels than a go/no-go task.
    """
    if not session.rules:
        known = {*GO_NO_GO.stimuli, *GO_NO_GO.instructions}
        if set(session.channels) <= known:
            return GO_NO_GO
        raise ValueError(
            f"{session!r} has no rules, so nobody can know what its channels call for; give it rules"
        )
    wiring = Wiring(
        tuple(
            Association(
                rule.stimulus,
                WITHHOLD if rule.response == NO_RESPONSE else rule.response,
                rule.goal,
                rule.weight,
            )
            for rule in session.rules
        ),
        tuple(session.components.values()),
    )
    return GO_NO_GO if GO_NO_GO.covers(wiring) else wiring


def noise_seed(session: Session, seed: int) -> int:
    """Seed of the background noise of the individual that `seed` makes, in this session."""
    return int(individual_generator(seed, "circuit/noise", session.content_hash).integers(2**63))


def spiking(
    quick: bool = False,
    calibration: Mapping[str, object] | None = None,
    arousal: bool = True,
    self_excitation: bool = True,
    top_down: bool = True,
    shared_inhibition: bool = True,
    central_competition: bool = True,
    central_self_excitation: bool = True,
    memory_competition: bool = True,
) -> SpikingParticipant:
    """Spiking participants, as studies build them.

    Parameters
    ----------
    quick
        Makes no difference: the circuit has no training to shorten.
    calibration
        `Calibration.record`, or None for the default non-decision time.
    arousal
        Whether the gain g(t) moves over time on task.
    self_excitation
        Whether a goal excites itself more strongly than its neighbours do (w+ > 1).
    top_down
        Whether goals raise the gain of the stimuli that match them.
    shared_inhibition
        Whether the pools of a stage compete through one inhibitory pool, or each has one of its own.
    central_competition
        Whether the pools of the central stage compete, or each is a stage of its own.
    central_self_excitation
        Whether a pool of the central stage excites itself more strongly than its neighbours do (w+ > 1).
    memory_competition
        Whether memories compete, or each is a stage of its own.
    """
    participant = SpikingParticipant()
    if not arousal:
        participant = replace(participant, name="spiking-no-arousal", arousal=Arousal.off())
    if not self_excitation:
        # w+ = 1: weights within the stage are alike but for the individual's own part
        participant = _changed(participant, "spiking-no-self-excitation", **PLAIN)
    if not top_down:
        participant = _changed(participant, "spiking-no-top-down", goal_to_sensory_ns=0.0, expect_ns=0.0)
    if not shared_inhibition:
        participant = _changed(participant, "spiking-no-shared-inhibition", shared_inhibition=False)
    if not central_competition:
        participant = _changed(participant, "spiking-no-central-competition", central_competition=False)
    if not central_self_excitation:
        participant = _changed(participant, "spiking-no-central-self-excitation", w_plus_central=1.0)
    if not memory_competition:
        participant = _changed(participant, "spiking-no-memory-competition", memory_competition=False)
    if calibration is not None:
        fitted = Calibration.from_record(calibration)
        participant = replace(participant, non_decision_s=fitted.non_decision_s)
    return participant


def _changed(participant: SpikingParticipant, name: str, **parameters: Any) -> SpikingParticipant:
    """The same participant under another name, with other parameters."""
    return replace(participant, name=name, parameters=replace(participant.parameters, **parameters))
