"""Converted participants: a trained network becomes populations of spiking neurons, which then perform.

The network is the one that the network participant of the same seed has learned with; its weights are not
touched and nothing is learned again. What it would have computed is done by integrate-and-fire populations in
Brian2 (`bridges.maps.lstm_spiking`, `bridges.maps.attention_spiking`), on what the same individual perceives,
and the log-odds are read by the same readout. So a difference in performance is the price of spikes.

Where a task needs memory beyond the standard network's reach (AX-CPT), both the network and its spiking form
are made to remember for so long (`bridges.participants.memory_span`); the unconverted network that the
spiking one is to be compared with is then `lstm_memory` or `attention_memory`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from ann.recurrent import LSTMNetwork
from bridges.maps.spiking_populations import PopulationCode
from bridges.participants.base import Performance, Progress, no_progress
from bridges.participants.calibration import Calibration, ResponseTimes
from bridges.participants.memory_span import memory_span_s, remembering
from bridges.participants.network import BOUNDS, NetworkParticipant, _Run
from bridges.participants.network_learning import NetworkConfig, cache_folder, trained_networks
from bridges.session import Session

__all__ = [
    "ConvertedParticipant",
    "attention_memory",
    "attention_spiking",
    "lstm_memory",
    "lstm_spiking",
]

LEARNED = 0.3
"""Share of the progress that learning takes."""

CALIBRATION_STEPS = 1500
"""Steps of another session of the task on which the ranges of an attention network are measured."""


@dataclass(frozen=True)
class ConvertedParticipant(NetworkParticipant):
    """A group of network participants, spiking or not, with as much memory as the task needs.

    Parameters
    ----------
    spiking
        Whether the networks are converted; False: the networks themselves, for comparison.
    neurons
        The neurons of the populations. Ticks of 2.5 ms: a count does not depend on the tick, as charge above
        the threshold is kept.
    """

    spiking: bool = True
    neurons: PopulationCode = field(default_factory=lambda: PopulationCode(high_hz=200.0, tick_s=0.0025))

    def __post_init__(self) -> None:
        if self.arousal is not None and self.spiking:
            raise ValueError("arousal is given; converted networks do not carry it")
        if self.config.channel_bits is not None and self.spiking:
            raise ValueError(f"channel_bits = {self.config.channel_bits}; a noisy channel is not converted")
        if self.record and self.spiking:
            raise ValueError("record = True; converted networks return no recording")

    @property
    def name(self) -> str:
        """``"lstm-spiking"``, ``"attention-spiking"``, ``"lstm-memory"`` or ``"attention-memory"``."""
        return self.config.kind + ("-spiking" if self.spiking else "-memory")

    def perform(
        self, sessions: Sequence[Session], seeds: Sequence[int], progress: Progress = no_progress
    ) -> list[Performance]:
        """Perform every session, each by the network of its own seed; see `NetworkParticipant.perform`."""
        if len(sessions) != len(seeds):
            raise ValueError(f"{len(sessions)} sessions but {len(seeds)} seeds; give one seed per session")
        groups: dict[NetworkConfig, list[int]] = {}
        for k, session in enumerate(sessions):
            groups.setdefault(self._for(session).config, []).append(k)
        performed: dict[int, Performance] = {}
        for number, (config, mine) in enumerate(groups.items()):

            def report(fraction: float, doing: str = "", number: int = number) -> None:
                progress((number + fraction) / len(groups), doing)

            one = replace(self, config=config)
            found = NetworkParticipant.perform(
                one, [sessions[k] for k in mine], [seeds[k] for k in mine], report
            )
            performed.update(zip(mine, found, strict=True))
        return [performed[k] for k in range(len(sessions))]

    def fit(
        self,
        sessions: Sequence[Session],
        seeds: Sequence[int],
        target: ResponseTimes | None = None,
        bounds: Sequence[float] = BOUNDS,
        progress: Progress = no_progress,
    ) -> Calibration:
        """Choose bound and non-decision time on baseline sessions of one task; see `NetworkParticipant`."""
        one = self._for(sessions[0]) if sessions else self
        return NetworkParticipant.fit(one, sessions, seeds, target, bounds, progress)

    def _for(self, session: Session) -> ConvertedParticipant:
        return replace(self, config=remembering(self.config, memory_span_s(session)))

    def _run_all(self, sessions: Sequence[Session], seeds: Sequence[int], progress: Progress) -> list[_Run]:
        if not self.spiking:
            return super()._run_all(sessions, seeds, progress)
        known = [int(seed) for seed in seeds]
        networks = trained_networks(
            self.config,
            sessions,
            known,
            cache_folder(self.cache),
            lambda fraction, doing: progress(LEARNED * fraction, f"{self.name}: {doing}"),
        )
        heard = [self.perceives(session, seed) for session, seed in zip(sessions, known, strict=True)]
        runs: dict[int, _Run] = {}
        # networks of one size run side by side
        sizes = [(x.shape[1], network.head.out_features) for x, network in zip(heard, networks, strict=True)]
        for number, size in enumerate(dict.fromkeys(sizes)):
            mine = [k for k in range(len(sessions)) if sizes[k] == size]
            done = LEARNED + (1.0 - LEARNED) * number / len(set(sizes))
            part = (1.0 - LEARNED) / len(set(sizes))

            def report(fraction: float, done: float = done, part: float = part) -> None:
                progress(done + part * fraction, f"{self.name}: spiking")

            logits = self._spike(
                [networks[k] for k in mine],
                [heard[k] for k in mine],
                [known[k] for k in mine],
                [sessions[k] for k in mine],
                report,
            )
            runs.update((k, _Run(one, None, None)) for k, one in zip(mine, logits, strict=True))
        progress(1.0, f"{self.name}: {len(sessions)} sessions done")
        return [runs[k] for k in range(len(sessions))]

    def _spike(self, networks, heard, seeds, sessions, report) -> list[np.ndarray]:
        """Log-odds of each individual, shape (time, class)."""
        lengths = [len(x) for x in heard]
        x = np.zeros((len(heard), max(lengths), heard[0].shape[1]))
        for row, one in zip(x, heard, strict=True):
            row[: len(one)] = one
        if isinstance(networks[0], LSTMNetwork):
            from bridges.maps.lstm_spiking import run_spiking
            from bridges.maps.lstm_weights import LSTMWeights

            weights = [LSTMWeights.of(network) for network in networks]
            logits = run_spiking(weights, x, self.neurons, self.config.dt_s, seeds, report, rates=False)
            found = logits.traces.logits
        else:
            from bridges.maps.attention_spiking import LATENCY_STEPS, run_spiking_attention
            from bridges.maps.attention_weights import convert_attention

            ranges = [
                convert_attention(network, self._calibration_input(session, seed))
                for network, session, seed in zip(networks, sessions, seeds, strict=True)
            ]
            run = run_spiking_attention(
                ranges, x, self.neurons, self.config.dt_s, seeds, report, keep_weights=False
            )
            # the delay of the stages is real: what is decided is decided later
            late = np.repeat(run.logits[:, :1], LATENCY_STEPS, axis=1)
            found = np.concatenate([late, run.logits], axis=1)
        return [one[:length] for one, length in zip(found, lengths, strict=True)]

    def _calibration_input(self, session: Session, seed: int) -> np.ndarray:
        """What the individual perceives of another session of the task, shape (1, time, channel)."""
        from bridges.participants.network_learning import _another_session
        from bridges.participants.streams import individual_generator

        rng = individual_generator(seed, "converted/ranges", session.content_hash)
        return self.perceives(_another_session(session, rng), seed)[None, :CALIBRATION_STEPS]


def lstm_spiking(
    quick: bool = False, calibration: Mapping[str, object] | None = None
) -> ConvertedParticipant:
    """LSTM participants as networks of spiking populations, as studies build them.

    Parameters
    ----------
    quick
        Small networks that learn in a second or two.
    calibration
        `Calibration.record`, or None for the default bound and non-decision time.
    """
    return _participant("lstm", quick, calibration, spiking=True)


def attention_spiking(
    quick: bool = False, calibration: Mapping[str, object] | None = None
) -> ConvertedParticipant:
    """Attention-network participants as networks of spiking populations; see `lstm_spiking`."""
    return _participant("attention", quick, calibration, spiking=True)


def lstm_memory(quick: bool = False, calibration: Mapping[str, object] | None = None) -> ConvertedParticipant:
    """The LSTM participants that `lstm_spiking` converts, not converted."""
    return _participant("lstm", quick, calibration, spiking=False)


def attention_memory(
    quick: bool = False, calibration: Mapping[str, object] | None = None
) -> ConvertedParticipant:
    """The attention-network participants that `attention_spiking` converts, not converted."""
    return _participant("attention", quick, calibration, spiking=False)


def _participant(
    kind: Literal["lstm", "attention"],
    quick: bool,
    calibration: Mapping[str, object] | None,
    spiking: bool,
) -> ConvertedParticipant:
    config = NetworkConfig.quick(kind) if quick else NetworkConfig(kind=kind)
    participant = ConvertedParticipant(config, spiking=spiking)
    if calibration is None:
        return participant
    calibrated = participant.calibrated(Calibration.from_record(calibration))
    return replace(participant, readout=calibrated.readout)
