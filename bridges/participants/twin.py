"""The twin as a participant: a network trained on the attention circuit performs sessions in its place.

Everything outside the circuit is the circuit's own: individuals (`Individuality`), arousal, the wiring's
channels, the non-decision time. In place of the simulation, the twin samples counts and responses bin by bin
(`bridges.maps.twin`); where within its bin a response falls is uniform. Go/no-go tasks share one twin, as
they share one circuit; every other task has its own, which learns when it is first asked for
(`bridges.participants.twin_lessons`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bridges.maps.twin import ROWS, Twin, TwinConfig, twin_of
from bridges.maps.twin_data import BIN_S, AttentionSource, Stimulation
from bridges.participants.base import Progress
from bridges.participants.network_learning import cache_folder
from bridges.participants.spiking import SpikingParticipant, spiking, wiring_of
from bridges.participants.streams import individual_generator
from bridges.participants.twin_lessons import TaskSource, task_of
from bridges.session import Session
from neurosim.circuits.attention_wiring import GO_NO_GO
from neurosim.engine import announce
from neurosim.recording import Recording, rates_dataset

__all__ = ["TwinParticipant", "spiking_twin"]

AT_ONCE = 2**28
"""Most numbers that the inputs of sessions run side by side may take, all copies of them together (1 GiB)."""

COPIES = 5
"""How often they are there at once: as made, stacked, of the bin before, and both joined."""

QUICK_TASK = TwinConfig(n_trials=192, steps=3000, batch_size=1024)
"""A small twin of a task: of fewer lessons, some learn next to nothing."""


@dataclass(frozen=True)
class TwinParticipant(SpikingParticipant):
    """Participants made of twins of the attention circuit.

    Parameters
    ----------
    name, parameters, arousal, non_decision_s, individuality, record
        As of the circuit. With other parameters the circuit is another, and has twins of its own.
    twin
        Size and training of the twin for go/no-go tasks.
    task_twin
        The same for the twin of any other task, which learns from fewer lessons, but longer ones.
    cache
        Folder of trained twins; None: ``$NEUROSIM_CACHE`` or ``~/.cache/neurosim``.
    """

    name: str = "spiking-twin"
    twin: TwinConfig = TwinConfig()
    task_twin: TwinConfig = TwinConfig(n_trials=512, batch_size=2048)
    cache: Path | str | None = None

    def condition(self, seed: int) -> dict[str, float]:
        """Parameters of the individual that `seed` makes, relative to the average circuit."""
        return self.individuality.factors(seed)

    def source(self, session: Session) -> AttentionSource | TaskSource:
        """What the twin that performs a session learns from.

        Raises
        ------
        ValueError
            If the session is neither a go/no-go task nor of a task of this package.
        """
        if wiring_of(session) == GO_NO_GO:
            return AttentionSource(parameters=self.parameters)
        return TaskSource(task_of(session), self.parameters, self.individuality)

    def _simulate(
        self, sessions: Sequence[Session], seeds: Sequence[int], progress: Progress
    ) -> list[Recording]:
        if len(sessions) != len(seeds):
            raise ValueError(f"{len(sessions)} sessions but {len(seeds)} seeds; give one seed per session")
        announce()
        alike: dict[AttentionSource | TaskSource, list[int]] = {}
        for k, session in enumerate(sessions):
            alike.setdefault(self.source(session), []).append(k)
        recordings: dict[int, Recording] = {}
        for source, members in alike.items():
            config = self.twin if isinstance(source, AttentionSource) else self.task_twin
            twin = twin_of(source, config, cache_folder(self.cache), progress)
            for chosen in _side_by_side(twin, sessions, members):
                found = self._run(twin, [sessions[k] for k in chosen], [seeds[k] for k in chosen])
                recordings |= dict(zip(chosen, found, strict=True))
                progress(len(recordings) / len(sessions), self.name)
        return [recordings[k] for k in range(len(sessions))]

    def _run(self, twin: Twin, sessions: Sequence[Session], seeds: Sequence[int]) -> list[Recording]:
        trials = [
            Stimulation(self.drive(s, k), self.condition(k)) for s, k in zip(sessions, seeds, strict=True)
        ]
        inputs, conditions = twin.encode(trials)
        # twins of several trainings are replicates, so their noise is their own as well
        noise = [
            individual_generator(k, f"twin/noise/{self.twin.seed}", s.content_hash)
            for s, k in zip(sessions, seeds, strict=True)
        ]
        course = twin.run(
            inputs, conditions, noise, keep=("counts", "events") if self.record else ("events",)
        )
        sizes = np.array([p.size for p in twin.circuit.populations])
        recordings = []
        for k, (session, seed) in enumerate(zip(sessions, seeds, strict=True)):
            bins, which = np.nonzero(course.events[k])
            within = individual_generator(seed, "twin/times", session.content_hash).random(bins.size)
            times = BIN_S * (bins + within)
            inside = times < session.duration_s
            names = np.array(twin.responses, dtype=object)[which]
            steps = round(session.duration_s / BIN_S)
            rates = course.counts[k, :steps] / (sizes * BIN_S) if self.record else np.empty((0, sizes.size))
            # a rate belongs to its bin, and a bin is over at its end
            ends = BIN_S * (1 + np.arange(len(rates)))
            recordings.append(
                Recording(rates_dataset(ends, rates, twin.populations), times[inside], names[inside])
            )
        return recordings


def _side_by_side(twin: Twin, sessions: Sequence[Session], members: Sequence[int]) -> list[list[int]]:
    """Which sessions run together: those of like length, for a short one would wait for a long one."""
    order = sorted(members, key=lambda k: sessions[k].duration_s)
    longest = sessions[order[-1]].duration_s / BIN_S
    rows = int(np.clip(AT_ONCE // (COPIES * len(twin.circuit.channels) * longest), 1, ROWS))
    return [order[start : start + rows] for start in range(0, len(order), rows)]


def spiking_twin(
    quick: bool = False, calibration: Mapping[str, object] | None = None, arousal: bool = True
) -> TwinParticipant:
    """Twin participants, as studies build them.

    Parameters
    ----------
    quick
        Small twins: for go/no-go tasks made within a minute, for others within some.
    calibration
        Record of the circuit's own calibration, or None for the default non-decision time.
    arousal
        Whether the gain g(t) moves over time on task.
    """
    circuit = spiking(quick, calibration, arousal)
    participant = TwinParticipant(
        arousal=circuit.arousal,
        non_decision_s=circuit.non_decision_s,
    )
    if quick:
        participant = replace(participant, twin=TwinConfig.quick(), task_twin=QUICK_TASK)
    return participant if arousal else replace(participant, name="spiking-twin-no-arousal")
