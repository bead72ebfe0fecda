"""How a network learns a task: its own sessions, cut into stretches, with the noise of its senses.

Every individual has its own network: own initial weights, own order and noise of the examples. Each step of
a stretch is labelled with the correct response from stimulus onset to a deadline and with "none" otherwise;
with cross-entropy the outputs become log-odds, so that what is frequent is favoured until the evidence says
otherwise. Where trials have two responses a class is a pair of them, one of each component, and the log-odds
of one component come from summing over the other. Trained weights are kept on disk under a hash of all that
made them, the code included.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

import ann
import bridges
from ann.checkpoints import CheckpointError, load_into, save_checkpoint
from ann.recurrent import LSTMNetwork
from ann.training import Examples, TrainingSettings, train
from ann.transformer import AttentionNetwork
from bridges.encoding import RateCode, alternatives, levels, noisy, resemble
from bridges.labels import classes, labels
from bridges.participants.base import Progress, no_progress
from bridges.participants.streams import individual_generator
from bridges.session import Session
from bridges.tasks import TASKS

__all__ = ["NetworkConfig", "by_component", "cache_folder", "joint_labels", "sense", "trained_network"]

TRAINING_CODE = (
    *sorted(Path(ann.__path__[0]).glob("*.py")),
    *sorted(Path(bridges.__path__[0], "tasks").glob("*.py")),
    *(
        Path(bridges.__path__[0], name)
        for name in (
            "encoding.py",
            "labels.py",
            "session.py",
            "participants/network_learning.py",
            "participants/streams.py",
        )
    ),
)
"""Source files on which trained weights depend."""

LABEL_SMOOTHING = 0.1
"""Keeps log-odds within about +-3: certainty grows with training time, and no reader of them should."""


@dataclass(frozen=True)
class NetworkConfig:
    """Architecture, senses and training of a network participant.

    Parameters
    ----------
    kind
        ``"lstm"`` or ``"attention"``.
    dt_s
        Step (s).
    n_hidden
        LSTM units.
    forget_bias
        Initial forget bias of the LSTM.
    d_model, n_heads, n_layers, window
        Width, heads, layers and window (steps) of the attention network.
    code
        Rate code whose noise the input carries.
    similarity
        How much stimuli drive each other's channels, 0 to 1.
    internal_noise_sd
        Noise of the network's own senses (level, averaged over 1 s). Circuits have such noise from their
        background input; a network has none unless it is given some.
    deadline_s
        A response is asked for from stimulus onset until then (s).
    grace_s
        Time after the deadline in which any output will do (s).
    n_sessions
        Sessions to learn from; one more is kept for validation.
    crop_steps
        Length of the stretches (steps). None: 500 for an LSTM, which must meet in training the longest
        silence of the task, or its state drifts to where it has never been; 200 for an attention network,
        whose window ends long before.
    training
        How long and how fast to learn.

    Raises
    ------
    ValueError
        If the kind is unknown or a number is out of range.
    """

    kind: Literal["lstm", "attention"] = "lstm"
    dt_s: float = 0.02
    n_hidden: int = 32
    forget_bias: float = 1.0
    d_model: int = 32
    n_heads: int = 2
    n_layers: int = 1
    window: int = 64
    code: RateCode = field(default_factory=RateCode)
    similarity: float = 0.8
    internal_noise_sd: float = 0.05
    deadline_s: float = 0.6
    grace_s: float = 0.2
    n_sessions: int = 4
    crop_steps: int | None = None
    training: TrainingSettings = field(
        default_factory=lambda: TrainingSettings(batch_size=16, label_smoothing=LABEL_SMOOTHING)
    )

    def __post_init__(self) -> None:
        if self.kind not in ("lstm", "attention"):
            raise ValueError(f"kind = {self.kind!r}; must be 'lstm' or 'attention'")
        for name in ("dt_s", "deadline_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} = {getattr(self, name)}; must be above 0 s")
        for name in ("grace_s", "internal_noise_sd"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} = {getattr(self, name)}; must be 0 or above")
        for name, value in (("n_sessions", self.n_sessions), ("crop_steps", self.stretch_steps)):
            if value < 1:
                raise ValueError(f"{name} = {value}; must be at least 1")

    @property
    def stretch_steps(self) -> int:
        """Length of the stretches (steps): `crop_steps`, or what suits the kind."""
        if self.crop_steps is not None:
            return self.crop_steps
        return 500 if self.kind == "lstm" else 200

    @classmethod
    def quick(cls, kind: Literal["lstm", "attention"] = "lstm") -> NetworkConfig:
        """A smaller network that learns in a second or two, for trying things out."""
        settings = TrainingSettings(
            max_steps=150,
            batch_size=16,
            learning_rate=0.02,
            label_smoothing=LABEL_SMOOTHING,
        )
        return cls(kind=kind, n_hidden=24, d_model=24, n_sessions=2, training=settings)


def cache_folder(given: Path | str | None = None) -> Path:
    """Folder of trained weights: the given one, else ``$NEUROSIM_CACHE``, else ``~/.cache/neurosim``."""
    chosen = given or os.environ.get("NEUROSIM_CACHE") or Path.home() / ".cache" / "neurosim"
    return Path(chosen) / "networks"


def sense(session: Session, config: NetworkConfig, rng: np.random.Generator) -> np.ndarray:
    """What the network perceives of a session, shape (time, channel)."""
    return noisy(_clean(session, config), config.dt_s, rng, config.code, config.internal_noise_sd)


def joint_labels(session: Session, config: NetworkConfig) -> tuple[np.ndarray, np.ndarray]:
    """One class a step, and whether it counts: with two components, a pair of classes, if both count.

    Returns
    -------
    target : ndarray of int
        Shape (time,); with components of m and n classes, class i of one and k of the other is i n + k.
    mask : ndarray of bool
        Shape (time,).
    """
    target, mask = labels(session, config.dt_s, config.deadline_s, config.grace_s)
    if target.ndim == 1:
        return target, mask
    sizes = _sizes(session)
    return np.ravel_multi_index(tuple(target.T), sizes), np.asarray(mask.all(axis=1))


def by_component(session: Session, logits: np.ndarray) -> dict[str, np.ndarray]:
    """Logits of each component, from those of all pairs: summed over what the other component may be.

    Parameters
    ----------
    session
        The session.
    logits
        Logits of the network, shape (time, class).

    Returns
    -------
    dict
        Component to logits, shape (time, class of the component); the last class is "none".
    """
    sizes = _sizes(session)
    if len(sizes) == 1:
        return dict.fromkeys(session.components, logits)
    joint = logits.reshape(len(logits), *sizes)
    return {name: np.logaddexp.reduce(joint, axis=2 - k) for k, name in enumerate(session.components)}


def _sizes(session: Session) -> tuple[int, ...]:
    return tuple(len(names) for names in classes(session).values())


def trained_network(
    config: NetworkConfig,
    session: Session,
    seed: int,
    folder: Path,
    progress: Progress = no_progress,
    device: torch.device | None = None,
) -> LSTMNetwork | AttentionNetwork:
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
    """
    device = device or torch.device("cpu")
    plan = _plan(config, session, seed)
    recipe = {**plan, **_makers(device)}
    path = folder / f"{config.kind}-{session.task}-{_hash(recipe)[:32]}.pt"
    # keyed by the plan alone: every device, and the next version of the code, draws the same examples
    rng = individual_generator(seed, "network/training", _hash(plan))
    network = _build(config, len(session.channels), int(np.prod(_sizes(session))), rng).to(device)
    try:
        load_into(path, network, recipe)
        return network.eval()
    except (FileNotFoundError, CheckpointError):
        pass  # what cannot be trusted is trained again, to the same numbers
    lessons = _Lessons([_another_session(session, rng) for _ in range(config.n_sessions)], config)
    exam = _Lessons([_another_session(session, rng)], config)
    train(
        network,
        lambda n: lessons.draw(n, rng),
        exam.draw(4 * config.training.batch_size, rng),
        config.training,
        progress,
    )
    save_checkpoint(path, network, recipe)
    return network


class _Lessons:
    """Labelled sessions from which stretches are drawn, each with fresh noise."""

    def __init__(self, sessions: Sequence[Session], config: NetworkConfig) -> None:
        self.config = config
        self.level = np.concatenate([_clean(session, config) for session in sessions])
        labelled = [joint_labels(session, config) for session in sessions]
        self.target = np.concatenate([target for target, _ in labelled])
        self.mask = np.concatenate([mask for _, mask in labelled])

    def draw(self, n: int, rng: np.random.Generator) -> Examples:
        """Draw `n` stretches."""
        config = self.config
        steps = min(config.stretch_steps, len(self.level))
        start = rng.integers(0, len(self.level) - steps + 1, size=n)
        where = start[:, None] + np.arange(steps)
        heard = noisy(self.level[where], config.dt_s, rng, config.code, config.internal_noise_sd)
        return Examples(
            torch.from_numpy(heard.astype(np.float32)),
            torch.from_numpy(self.target[where]),
            torch.from_numpy(self.mask[where]),
        )


def _clean(session: Session, config: NetworkConfig) -> np.ndarray:
    level = levels(session, config.dt_s)
    return resemble(level, session.channels, config.similarity, alternatives(session))


def _build(
    config: NetworkConfig, n_inputs: int, n_outputs: int, rng: np.random.Generator
) -> LSTMNetwork | AttentionNetwork:
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    if config.kind == "lstm":
        return LSTMNetwork(n_inputs, config.n_hidden, n_outputs, config.forget_bias, generator)
    return AttentionNetwork(
        n_inputs, n_outputs, config.d_model, config.n_heads, config.n_layers, config.window, generator
    )


def _plan(config: NetworkConfig, session: Session, seed: int) -> dict[str, Any]:
    """What is to be learned, by whom and how, as plain values."""
    plan = {
        "config": asdict(config),
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
