"""Network participants: an LSTM or an attention network for each individual, with or without arousal.

The network turns what it senses into log-odds for each response and for none, and the readout accumulates
them to a bound. With arousal, g(t) multiplies the hidden units and the log-odds, while the noise of the
readout stays: as g sinks, evidence sinks into it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from ann.devices import choose_device
from ann.recurrent import LSTMNetwork
from ann.streaming import stream_logits
from ann.threads import one_thread
from bridges.measures.response_time import count_false_starts
from bridges.participants.arousal import arousal_course
from bridges.participants.base import Performance, Progress, no_progress
from bridges.participants.calibration import Calibration, ResponseTimes, human_targets, response_times
from bridges.participants.network_learning import (
    Network,
    NetworkConfig,
    by_component,
    cache_folder,
    sense,
    trained_networks,
)
from bridges.participants.network_limits import reseed
from bridges.participants.network_readout import component_presses
from bridges.participants.streams import individual_generator
from bridges.readout import AccumulateToBound
from bridges.session import Responses, Session
from neurosim.neuromodulation import Arousal

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["BOUNDS", "NetworkParticipant", "attention", "lstm"]

BOUNDS = tuple(np.round(np.geomspace(0.4, 4.0, 24), 3))
"""Bounds that calibration tries."""

LEARNING = 0.9
"""Share of the work that training is, where no trained weights are found; for showing progress alone."""

MOST_FALSE_STARTS = 0.1
"""Share of trials with a false start above which a bound is too low to be considered."""


@dataclass(frozen=True)
class NetworkParticipant:
    """A group of network participants of one kind.

    Parameters
    ----------
    config
        Architecture, senses and training.
    arousal
        Arousal over time on task, or None: a network that does not tire.
    readout
        How log-odds become responses.
    record
        Whether to return a recording: log-odds, gain, and the mean forget gate of an LSTM.
    record_every
        Steps between recorded samples.
    cache
        Folder of trained weights; None: ``$NEUROSIM_CACHE`` or ``~/.cache/neurosim``.
    device
        ``"cuda"``, ``"mps"`` or ``"cpu"``; None: ``$NEUROSIM_DEVICE``, or the first of these that is there.
        Devices round differently, so numbers agree closely but not to the last bit.
    """

    config: NetworkConfig = field(default_factory=NetworkConfig)
    arousal: Arousal | None = None
    readout: AccumulateToBound = field(
        default_factory=lambda: AccumulateToBound(
            bound=1.3, gain=3.0, non_decision_s=0.06, refractory_s=0.7, against="odds"
        )
    )
    record: bool = False
    record_every: int = 5
    cache: Path | str | None = None
    device: str | None = None

    @property
    def name(self) -> str:
        """``"lstm"`` or ``"attention"``, with ``"-limited"``, ``"-shared-head"`` and ``"-arousal"``."""
        return self.config.kind + self.config.variant + ("" if self.arousal is None else "-arousal")

    @property
    def device_used(self) -> torch.device:
        """Where networks are trained and run on this machine."""
        return choose_device(self.device or os.environ.get("NEUROSIM_DEVICE") or None)

    def perform(
        self, sessions: Sequence[Session], seeds: Sequence[int], progress: Progress = no_progress
    ) -> list[Performance]:
        """Perform every session, each by the network of its own seed.

        Parameters
        ----------
        sessions
            Sessions; each must be of a task in ``bridges.tasks.TASKS``, which the network learns first.
        seeds
            One individual per session.
        progress
            Called as the work goes on.

        Returns
        -------
        list of Performance
            One each, in order; none depends on the others.

        Raises
        ------
        ValueError
            If the numbers differ or a task is unknown.
        TrainingDiverged
            If a network cannot be trained.
        """
        runs = self._run_all(sessions, seeds, progress)
        responses = self._read(self.readout, sessions, seeds, runs)
        return [Performance(answers, run.recording) for answers, run in zip(responses, runs, strict=True)]

    def perceives(self, session: Session, seed: int) -> np.ndarray:
        """What the individual of a seed perceives of a session, with its own noise, shape (time, channel)."""
        rng = individual_generator(seed, "network/senses", session.content_hash)
        return sense(session, self.config, rng)

    def calibrate(
        self, sessions: Sequence[Session], seeds: Sequence[int], progress: Progress = no_progress
    ) -> dict[str, object]:
        """Set bound and non-decision time on baseline sessions; the hook of the studies.

        Returns
        -------
        dict
            `Calibration.record` of `fit`.
        """
        return self.fit(sessions, seeds, progress=progress).record

    def fit(
        self,
        sessions: Sequence[Session],
        seeds: Sequence[int],
        target: ResponseTimes | None = None,
        bounds: Sequence[float] = BOUNDS,
        progress: Progress = no_progress,
    ) -> Calibration:
        """Choose the bound whose response times vary most nearly as people's, then the non-decision time.

        The readout comes after the network, so the networks run once and every bound reads the same
        log-odds. Arousal is off: what it does is to be predicted.

        Parameters
        ----------
        sessions, seeds
            Baseline sessions and the individuals, kept for calibration alone, that perform them.
        target
            Response times to aim at; people's if None.
        bounds
            Bounds to try.
        progress
            Called as the work goes on.

        Returns
        -------
        Calibration
            What was chosen, and what it achieves.

        Raises
        ------
        ValueError
            If there are no sessions, or no bound is fit for people's response times.
        """
        if not sessions:
            raise ValueError("calibration needs at least one session")
        target = target or human_targets()
        plain = replace(self, arousal=None, record=False)
        runs = plain._run_all(sessions, seeds, progress)

        def outcome(bound: float, non_decision_s: float) -> tuple[ResponseTimes, float]:
            readout = replace(self.readout, bound=float(bound), non_decision_s=non_decision_s)
            answers = plain._read(readout, sessions, seeds, runs)
            return response_times(sessions, answers), _false_start_rate(sessions, answers)

        # a first guess keeps most decisions out of the first 0.1 s, which count as false starts
        guess_s = target.mean_s / 2
        misses = {}
        for bound in bounds:
            times, false_starts = outcome(bound, guess_s)
            delay_s = target.mean_s - times.mean_s
            # nobody decides before seeing, and pressing at random varies as much as one likes
            if guess_s + delay_s >= 0 and false_starts <= MOST_FALSE_STARTS:
                misses[bound] = (abs(times.delayed(delay_s).cv - target.cv), guess_s + delay_s)
        if not misses:
            raise ValueError(
                f"no bound from {min(bounds):g} to {max(bounds):g} decides within {target.mean_s} s on "
                f"average and makes false starts on less than {MOST_FALSE_STARTS:.0%} of trials; "
                "change the gain of the readout or the bounds"
            )
        bound = min(misses, key=lambda b: misses[b][0])
        non_decision_s = misses[bound][1]
        achieved, _ = outcome(bound, non_decision_s)
        # false starts enter or leave the sample as the delay moves them across 0.1 s: settle once more
        non_decision_s = max(non_decision_s + target.mean_s - achieved.mean_s, 0.0)
        return Calibration(
            agent=plain.name,
            task=sessions[0].task,
            non_decision_s=float(non_decision_s),
            bound=float(bound),
            target=target,
            achieved=outcome(bound, non_decision_s)[0],
            sessions=tuple(session.content_hash for session in sessions),
            seeds=tuple(int(seed) for seed in seeds),
        )

    def calibrated(self, calibration: Calibration) -> NetworkParticipant:
        """The same participants with a calibration's bound and non-decision time."""
        bound = self.readout.bound if calibration.bound is None else calibration.bound
        return replace(
            self,
            readout=replace(self.readout, bound=bound, non_decision_s=calibration.non_decision_s),
        )

    def _run_all(self, sessions: Sequence[Session], seeds: Sequence[int], progress: Progress) -> list[_Run]:
        if len(sessions) != len(seeds):
            raise ValueError(f"{len(sessions)} sessions but {len(seeds)} seeds; give one seed per session")

        def learning(fraction: float, doing: str) -> None:
            progress(LEARNING * fraction, f"{self.name}: {doing}")

        networks = trained_networks(
            self.config,
            sessions,
            [int(seed) for seed in seeds],
            cache_folder(self.cache),
            learning,
            self.device_used,
        )
        runs = []
        for k, (session, seed, network) in enumerate(zip(sessions, seeds, networks, strict=True)):
            done = LEARNING + (1.0 - LEARNING) * k / len(sessions)
            progress(done, f"{self.name}: session {k + 1} of {len(sessions)}")
            runs.append(self._run(session, int(seed), network))
        progress(1.0, f"{self.name}: {len(sessions)} sessions done")
        return runs

    def _run(self, session: Session, seed: int, network: Network) -> _Run:
        """Log-odds of one individual over one session. One at a time: rounding depends on the batch."""
        x = _row(self.perceives(session, seed))
        gain = None
        if self.arousal is not None:
            gain = arousal_course(self.arousal, session, seed, self.config.dt_s)
        factor = None if gain is None else _row(gain)
        noise = individual_generator(seed, "network/channel", session.content_hash)
        reseed(network, int(noise.integers(2**62)))
        logits = stream_logits(network, x, factor)[0].numpy().astype(float)
        recording = self._recording(session, network, x, logits, gain) if self.record else None
        return _Run(logits, gain, recording)

    def _read(
        self,
        readout: AccumulateToBound,
        sessions: Sequence[Session],
        seeds: Sequence[int],
        runs: Sequence[_Run],
    ) -> list[Responses]:
        answers = []
        for session, seed, run in zip(sessions, seeds, runs, strict=True):
            times: list[float] = []
            names: list[str] = []
            pressed = component_presses(readout, session, int(seed), run.logits, self.config, run.gain)
            for own, (when, which) in zip(session.components.values(), pressed, strict=True):
                times += when.tolist()
                names += [own[k] for k in which]
            answers.append(Responses.from_presses(session, times, names))
        return answers

    def _recording(
        self,
        session: Session,
        network: torch.nn.Module,
        x: torch.Tensor,
        logits: np.ndarray,
        gain: np.ndarray | None,
    ) -> xr.Dataset:
        import xarray as xr

        here = slice(None, None, self.record_every)
        shown = np.concatenate(list(by_component(session, logits, self.config.shared_head).values()), axis=1)
        variables = {
            "logit": (("time", "unit"), shown[here].astype(np.float32), {"units": "nat"}),
            "gain": ("time", (np.ones(len(logits)) if gain is None else gain)[here], {"units": "1"}),
        }
        if isinstance(network, LSTMNetwork):
            device = self.device_used
            with torch.inference_mode(), one_thread():
                factor = None if gain is None else _row(gain).to(device)
                forget = network.traces(x.to(device), gain=factor)[0].forget[0].mean(dim=1).cpu().numpy()
            variables["forget_gate"] = ("time", forget[here], {"units": "1"})
        time_s = self.config.dt_s * np.arange(len(logits))[here]
        coords = {"time": ("time", time_s, {"units": "s"}), "unit": _units(session)}
        return xr.Dataset(variables, coords, {"device": str(self.device_used)})


def _units(session: Session) -> list[str]:
    """Names of the logits: the responses of each component, each followed by its own "none"."""
    names = []
    for component, responses in session.components.items():
        names += [*responses, "none" if component == "T1" else f"none_{component.lower()}"]
    return names


def _row(values: np.ndarray) -> torch.Tensor:
    """A batch of one."""
    return torch.from_numpy(values.astype(np.float32)).unsqueeze(0)


def _false_start_rate(sessions: Sequence[Session], answers: Sequence[Responses]) -> float:
    pairs = zip(sessions, answers, strict=True)
    return float(np.mean([count_false_starts(session, given) / session.n_trials for session, given in pairs]))


@dataclass(frozen=True, eq=False)
class _Run:
    """What one individual's network did in one session."""

    logits: np.ndarray
    gain: np.ndarray | None
    recording: xr.Dataset | None


def lstm(
    quick: bool = False,
    calibration: Mapping[str, object] | None = None,
    arousal: bool = False,
    channel_bits: float | None = None,
    shared_head: bool = False,
) -> NetworkParticipant:
    """LSTM participants, as studies build them.

    Parameters
    ----------
    quick
        Small networks that learn in a second or two.
    calibration
        `Calibration.record`, or None for the default bound and non-decision time.
    arousal
        Whether they tire.
    channel_bits
        Capacity of a fixed-power channel before the output (bits per step); None: no limit.
    shared_head
        Whether tasks that are done at once share one output.
    """
    return _participant("lstm", quick, calibration, arousal, channel_bits, shared_head)


def attention(
    quick: bool = False,
    calibration: Mapping[str, object] | None = None,
    arousal: bool = False,
    channel_bits: float | None = None,
    shared_head: bool = False,
) -> NetworkParticipant:
    """Attention-network participants, as studies build them; see `lstm`."""
    return _participant("attention", quick, calibration, arousal, channel_bits, shared_head)


def _participant(
    kind: Literal["lstm", "attention"],
    quick: bool,
    calibration: Mapping[str, object] | None,
    arousal: bool,
    channel_bits: float | None,
    shared_head: bool,
) -> NetworkParticipant:
    plain = NetworkConfig.quick(kind) if quick else NetworkConfig(kind=kind)
    config = replace(plain, channel_bits=channel_bits, shared_head=shared_head)
    participant = NetworkParticipant(config, Arousal() if arousal else None)
    if calibration is None:
        return participant
    return participant.calibrated(Calibration.from_record(calibration))
