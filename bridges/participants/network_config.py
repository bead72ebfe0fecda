"""Architecture, senses and training of a network participant, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ann.training import TrainingSettings
from bridges.encoding import RateCode

__all__ = ["NetworkConfig"]

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
        Initial forget bias of the LSTM, one for all units or one for each.
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
    forget_bias: float | tuple[float, ...] = 1.0
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
