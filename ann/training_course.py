"""How a training has gone so far: the best validation loss, and whether it is time to stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Course", "TrainingHistory"]


@dataclass(frozen=True)
class TrainingHistory:
    """Course of a training.

    Parameters
    ----------
    steps
        Gradient steps done.
    best_step
        Step whose weights were kept.
    best_loss
        Validation loss of those weights (nats per step of the stream).
    losses
        (step, training loss, validation loss) at every check.
    """

    steps: int
    best_step: int
    best_loss: float
    losses: tuple[tuple[int, float, float], ...] = field(repr=False)


@dataclass
class Course:
    """Early stopping: validation losses so far, and how many checks in a row brought nothing.

    Parameters
    ----------
    smallest_gain
        Fall of the validation loss that counts as better, as a share of the best.
    patience
        Checks without a better loss after which to stop.
    step
        Gradient steps done.
    best_loss, best_step
        Lowest validation loss and its step.
    stale
        Checks in a row without a better loss.
    losses
        (step, training loss, validation loss) at every check.
    """

    smallest_gain: float
    patience: int
    step: int = 0
    best_loss: float = float("inf")
    best_step: int = 0
    stale: int = 0
    losses: list[tuple[int, float, float]] = field(default_factory=list)

    def check(self, training: float, validation: float) -> bool:
        """Enter the losses of this step; whether its weights are the best so far."""
        self.losses.append((self.step, training, validation))
        better = validation < self.best_loss * (1.0 - self.smallest_gain)
        self.stale = 0 if better else self.stale + 1
        if validation >= self.best_loss:
            return False
        self.best_loss, self.best_step = validation, self.step
        return True

    @property
    def stopped(self) -> bool:
        """Whether patience is at its end."""
        return self.stale >= self.patience

    @property
    def history(self) -> TrainingHistory:
        """What happened."""
        return TrainingHistory(self.step, self.best_step, self.best_loss, tuple(self.losses))

    def record(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        return {
            "step": self.step,
            "best_loss": self.best_loss,
            "best_step": self.best_step,
            "stale": self.stale,
            "losses": [list(entry) for entry in self.losses],
        }

    def resume(self, record: Mapping[str, Any]) -> None:
        """Go on from a `record`."""
        self.step, self.best_loss = record["step"], record["best_loss"]
        self.best_step, self.stale = record["best_step"], record["stale"]
        self.losses = [(int(step), float(a), float(b)) for step, a, b in record["losses"]]
