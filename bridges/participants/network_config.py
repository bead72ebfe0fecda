"""Architecture, senses and training of a network participant, as values."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from ann.training import TrainingSettings
from bridges.encoding import RateCode

__all__ = ["NetworkConfig"]

LABEL_SMOOTHING = 0.1
"""Keeps log-odds within about +-3: certainty grows with training time, and no reader of them should."""

CHOICE_LESSONS = {"lstm": 6, "attention": 2}
"""How many times longer a task with several responses is taught (own choice): before it tells them apart, a
network stays for long where all it knows is that most of the time nothing is asked for. Attention networks
see all of their window at once and leave that place sooner."""


PAIR_LESSONS = 2
"""How many times longer again a task with two responses a trial is taught (own choice): there are as many
classes as pairs of responses, and which task counts is to be held in mind."""


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
        In trials with one response it is asked for from stimulus onset until then (s). Of two responses each
        is asked for until its window ends: a deadline would decide by itself which of two is lost when one
        waits for the other.
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
    channel_bits
        Capacity of a fixed-power channel before the output (bits per step); None: no limit.
    channel_dims
        Its dimensions.
    shared_head
        Whether tasks that are done at once share one output (`bridges.participants.network_limits`).
    priority_contrast
        Power p of instructed levels in the shares that a shared head is taught. PRP instructs levels of 1 and
        0.5. Set by hand: of 1, 2 and 3 the one with which three individuals of other sessions came closest to
        answering "first, and fast". RT2 was seen as well.

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
    channel_bits: float | None = None
    channel_dims: int = 8
    shared_head: bool = False
    priority_contrast: float = 3.0

    def __post_init__(self) -> None:
        if self.kind not in ("lstm", "attention"):
            raise ValueError(f"kind = {self.kind!r}; must be 'lstm' or 'attention'")
        for name in ("dt_s", "deadline_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} = {getattr(self, name)}; must be above 0 s")
        for name in ("grace_s", "internal_noise_sd"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} = {getattr(self, name)}; must be 0 or above")
        if not self.priority_contrast > 0:
            raise ValueError(f"priority_contrast = {self.priority_contrast}; must be above 0")
        if self.channel_bits is not None and not self.channel_bits > 0:
            raise ValueError(f"channel_bits = {self.channel_bits}; must be above 0, or None for no limit")
        sizes = (
            ("n_sessions", self.n_sessions),
            ("crop_steps", self.stretch_steps),
            ("channel_dims", self.channel_dims),
        )
        for name, value in sizes:
            if value < 1:
                raise ValueError(f"{name} = {value}; must be at least 1")

    def training_for(self, n_responses: int, n_components: int = 1) -> TrainingSettings:
        """How long to learn a task with so many responses; a choice takes longer than a press."""
        times = 1 if n_responses < 2 else CHOICE_LESSONS[self.kind]
        if n_components > 1:
            times *= PAIR_LESSONS
        settings = self.training
        return replace(settings, max_steps=times * settings.max_steps, patience=times * settings.patience)

    @property
    def variant(self) -> str:
        """What its name says about its limits: ``""``, ``"-limited"``, ``"-shared-head"`` or both."""
        limited = "" if self.channel_bits is None else "-limited"
        return limited + ("-shared-head" if self.shared_head else "")

    @property
    def described(self) -> dict[str, Any]:
        """The fields; without limits that are off, so that a network without them stays what it was."""
        fields = asdict(self)
        off = [] if self.shared_head else ["shared_head", "priority_contrast"]
        if self.channel_bits is None:
            off += ["channel_bits", "channel_dims"]
        return {name: value for name, value in fields.items() if name not in off}

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
