"""How a network learns a task: its own sessions, cut into stretches, with the noise of its senses.

Every individual has its own network: own initial weights, own order and noise of the examples. Each step of
a stretch is labelled with the correct response from stimulus onset to a deadline and with "none" otherwise;
with cross-entropy the outputs become log-odds, so that what is frequent is favoured until the evidence says
otherwise. Where trials have two responses a class is a pair of them, one of each component, and the log-odds
of one component come from summing over the other. Trained weights are kept on disk under a hash of all that
made them, the code included.

LSTMs on the CPU learn as a cohort, by a compiled kernel that takes them one after another through the same
work space: nobody's weights depend, to the bit, on who else learns. Attention networks, and everything on
other devices, learn alone: stacked into one product they would be rounded differently in different company.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

import ann
import bridges
from ann.checkpoints import CheckpointError, load_into, save_checkpoint
from ann.cohort import CohortDiverged, Member, train_cohort
from ann.cohort_engines import choose_engine
from ann.recurrent import LSTMNetwork
from ann.training import Examples, TrainingDiverged, train
from ann.transformer import AttentionNetwork
from bridges.encoding import noisy
from bridges.participants.base import Progress, no_progress
from bridges.participants.network_config import NetworkConfig
from bridges.participants.network_limits import limit_output, start_from
from bridges.participants.network_senses import (
    by_component,
    clean_levels,
    joint_labels,
    n_outputs,
    sense,
    standing_instructions,
)
from bridges.participants.streams import individual_generator
from bridges.session import Session
from bridges.tasks import TASKS
from bridges.tasks.layout import CUE_DURATION_S

__all__ = [
    "Network",
    "NetworkConfig",
    "by_component",
    "cache_folder",
    "joint_labels",
    "pupil",
    "sense",
    "trained_network",
    "trained_networks",
]

Network = LSTMNetwork | AttentionNetwork

TRAINING_CODE = (
    *sorted(Path(ann.__path__[0]).glob("*.py")),
    *sorted(Path(ann.__path__[0]).glob("*.cpp")),
    *sorted(Path(bridges.__path__[0], "tasks").glob("*.py")),
    *(
        Path(bridges.__path__[0], name)
        for name in (
            "encoding.py",
            "labels.py",
            "session.py",
            "participants/network_config.py",
            "participants/network_learning.py",
            "participants/network_senses.py",
            "participants/network_limits.py",
            "participants/streams.py",
        )
    ),
)
"""Source files on which trained weights depend."""

COMPILED: Literal["compiled"] = "compiled"
"""Engine in which company changes no bit of a member (`ann.cohort_engines`)."""

TOGETHER = 16
"""Individuals that learn in one cohort; bounds the memory that their lessons take."""


def cache_folder(given: Path | str | None = None) -> Path:
    """Folder of trained weights: the given one, else ``$NEUROSIM_CACHE``, else ``~/.cache/neurosim``."""
    chosen = given or os.environ.get("NEUROSIM_CACHE") or Path.home() / ".cache" / "neurosim"
    return Path(chosen) / "networks"


def trained_network(
    config: NetworkConfig,
    session: Session,
    seed: int,
    folder: Path,
    progress: Progress = no_progress,
    device: torch.device | None = None,
) -> Network:
    """The individual's network for the task of a session: from the cache, or trained now.

    Parameters
    ----------
    config
        Architecture, senses and training.
    session
        A session of the task to learn; the sessions learned from are others.
    seed
        The individual's seed.
    folder
        Where trained weights are kept.
    progress
        Called while training.
    device
        Where to train, and where the network then is; None: the CPU.

    Returns
    -------
    Network
        In evaluation mode.

    Raises
    ------
    ValueError
        If the task of the session is unknown, or its parameters are not those of the task.
    TrainingDiverged
        If the network cannot be trained.
    """
    return trained_networks(config, [session], [seed], folder, progress, device)[0]


def trained_networks(
    config: NetworkConfig,
    sessions: Sequence[Session],
    seeds: Sequence[int],
    folder: Path,
    progress: Progress = no_progress,
    device: torch.device | None = None,
) -> list[Network]:
    """The networks of several individuals, each for the task of its session; see `trained_network`.

    Returns
    -------
    list of Network
        One each, in order; who occurs twice with the same task has one network. None depends on the others.

    Raises
    ------
    ValueError
        If a task is unknown, or the parameters of a session are not those of its task.
    TrainingDiverged
        If networks cannot be trained; names their seeds. Those of the others are kept.
    """
    device = device or torch.device("cpu")
    asked = [_Pupil.of(config, *pair, folder, device) for pair in zip(sessions, seeds, strict=True)]
    pupils = {pupil.path: pupil for pupil in asked}
    missing = [pupil for pupil in pupils.values() if not pupil.recalls()]
    if missing and config.channel_bits is not None:
        plain = replace(config, channel_bits=None)
        known = [pupil.session for pupil in missing], [pupil.seed for pupil in missing]
        networks = trained_networks(plain, *known, folder, progress, device)
        for pupil, network in zip(missing, networks, strict=True):
            start_from(pupil.network, network)
    for first in range(0, len(missing), TOGETHER):

        def report(fraction: float, doing: str, first: int = first) -> None:
            done = first + fraction * min(TOGETHER, len(missing) - first)
            progress(done / len(missing), doing)

        _teach(missing[first : first + TOGETHER], report)
    return [pupils[pupil.path].network.eval() for pupil in asked]


def pupil(config: NetworkConfig, session: Session, seed: int) -> Member:
    """The individual's untrained network with its lessons, as `trained_networks` trains it on the CPU."""
    return _Pupil.of(config, session, seed, cache_folder(), torch.device("cpu")).member()


@dataclass(frozen=True, eq=False)
class _Pupil:
    """An individual that is to know a task: its network, what decides its weights, where they are kept."""

    config: NetworkConfig
    session: Session
    seed: int
    network: Network
    rng: np.random.Generator
    recipe: dict[str, Any]
    path: Path

    @classmethod
    def of(
        cls, config: NetworkConfig, session: Session, seed: int, folder: Path, device: torch.device
    ) -> _Pupil:
        plan = _plan(config, session, seed)
        # keyed by the plan alone: every device, and the next version of the code, draws the same examples
        rng = individual_generator(seed, "network/training", _hash(plan))
        network = _build(config, len(session.channels), n_outputs(config, session), rng).to(device)
        recipe = {**plan, **_makers(device), "engine": _engine(network)}
        path = folder / f"{config.kind}-{session.task}-{_hash(recipe)[:32]}.pt"
        return cls(config, session, seed, network, rng, recipe, path)

    def recalls(self) -> bool:
        """Whether weights were found; what cannot be trusted is trained again, to the same numbers."""
        try:
            load_into(self.path, self.network, self.recipe)
        except (FileNotFoundError, CheckpointError):
            return False
        return True

    def member(self) -> Member:
        """The network with its lessons."""
        config, rng = self.config, self.rng
        lessons = _Lessons([_another_session(self.session, rng) for _ in range(config.n_sessions)], config)
        exam = _Lessons([_another_session(self.session, rng)], config)
        return Member(
            self.network,
            lambda n: lessons.draw(n, rng),
            exam.draw(4 * config.training.batch_size, rng),
            config.training_for(len(self.session.responses), len(self.session.components)),
            [rng],
        )

    def keep(self) -> None:
        """Store the weights."""
        save_checkpoint(self.path, self.network, self.recipe)


def _teach(pupils: Sequence[_Pupil], progress: Progress) -> None:
    """Train as a cohort those for whom company changes nothing, the others alone; keep what was learned."""
    cohort = [pupil for pupil in pupils if pupil.recipe["engine"] == COMPILED]
    alone = [pupil for pupil in pupils if pupil.recipe["engine"] != COMPILED]
    diverged: dict[int, str] = {}
    if cohort:
        share = len(cohort) / len(pupils)
        try:
            train_cohort(
                [pupil.member() for pupil in cohort],
                lambda fraction, doing: progress(share * fraction, doing),
                engine=COMPILED,
            )
        except CohortDiverged as error:
            diverged = {cohort[k].seed: what for k, what in error.diverged.items()}
        for pupil in cohort:
            if pupil.seed not in diverged:
                pupil.keep()
    for k, pupil in enumerate(alone):

        def report(fraction: float, doing: str, done: int = len(cohort) + k) -> None:
            progress((done + fraction) / len(pupils), doing)

        member = pupil.member()
        try:
            train(pupil.network, member.draw, member.validation, member.settings, report)
        except TrainingDiverged as error:
            diverged[pupil.seed] = str(error)
        else:
            pupil.keep()
    if diverged:
        faults = "; ".join(f"the network of seed {seed}: {what}" for seed, what in sorted(diverged.items()))
        raise TrainingDiverged(faults)


def _engine(network: Network) -> str:
    """What trains the network, for its numbers differ in the last bits."""
    try:
        choose_engine([network], COMPILED)
    except ValueError:
        return "alone"
    return COMPILED


class _Lessons:
    """Labelled sessions from which stretches are drawn, each with fresh noise."""

    def __init__(self, sessions: Sequence[Session], config: NetworkConfig) -> None:
        self.config = config
        self.level = np.concatenate([clean_levels(session, config) for session in sessions])
        # a stretch may begin long after the instruction of its block, so each begins with what stands
        self.standing = np.concatenate([standing_instructions(session, config) for session in sessions])
        labelled = [joint_labels(session, config) for session in sessions]
        self.target = np.concatenate([target for target, _ in labelled])
        self.mask = np.concatenate([mask for _, mask in labelled])

    def draw(self, n: int, rng: np.random.Generator) -> Examples:
        """Draw `n` stretches."""
        config = self.config
        steps = min(config.stretch_steps, len(self.level))
        start = rng.integers(0, len(self.level) - steps + 1, size=n)
        where = start[:, None] + np.arange(steps)
        level = self.level[where]
        told = level[:, : round(CUE_DURATION_S / config.dt_s)]
        np.maximum(told, self.standing[start][:, None], out=told)
        heard = noisy(level, config.dt_s, rng, config.code, config.internal_noise_sd)
        return Examples(
            torch.from_numpy(heard.astype(np.float32)),
            torch.from_numpy(self.target[where]),
            torch.from_numpy(self.mask[where]),
        )


def _build(config: NetworkConfig, n_inputs: int, n_outputs: int, rng: np.random.Generator) -> Network:
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    network: Network
    if config.kind == "lstm":
        network = LSTMNetwork(n_inputs, config.n_hidden, n_outputs, config.forget_bias, generator)
    else:
        network = AttentionNetwork(
            n_inputs, n_outputs, config.d_model, config.n_heads, config.n_layers, config.window, generator
        )
    if config.channel_bits is not None:
        limit_output(network, config.channel_bits, config.channel_dims, generator)
    return network


def _plan(config: NetworkConfig, session: Session, seed: int) -> dict[str, Any]:
    """What is to be learned, by whom and how, as plain values."""
    plan = {
        "config": config.described,
        "task": session.task,
        "parameters": _task_parameters(session),
        "seed": int(seed),
    }
    return json.loads(json.dumps(plan, default=str))


def _makers(device: torch.device) -> dict[str, str]:
    """What else decides the numbers: code, libraries, and the kind of device."""
    return {
        "code": CODE_DIGEST,
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "device": device.type,
    }


def _hash(plain: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _code_digest(files: Sequence[Path]) -> str:
    """SHA-256 (hex) of source files, the same whatever their line endings."""
    digest = hashlib.sha256()
    for file in files:
        text = file.read_text(encoding="utf-8")
        digest.update(f"{file.name}\x1f{len(text)}\x1f{text}".encode())
    return digest.hexdigest()


CODE_DIGEST = _code_digest(TRAINING_CODE)
"""Taken on import, when the code that will run is read."""


def _task_parameters(session: Session) -> dict[str, Any]:
    return {name: value for name, value in session.parameters.items() if name != "seed"}


def _another_session(session: Session, rng: np.random.Generator) -> Session:
    if session.task not in TASKS:
        raise ValueError(
            f"task {session.task!r} is unknown, so it cannot be learned; known are {sorted(TASKS)}"
        )
    try:
        task = TASKS[session.task](**_task_parameters(session))
    except TypeError as error:
        raise ValueError(f"parameters of the session do not fit task {session.task!r}: {error}") from error
    return task.session(int(rng.integers(2**31)))
