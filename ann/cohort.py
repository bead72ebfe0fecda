"""Train many participants' networks together: own seeds, own examples, own settings, one computation.

Every member goes the way that `ann.training.train` would take it alone: the same examples, losses, clipping,
Adam steps and early stopping, equal up to rounding. What is saved is the work around the networks: one pass
through a kernel that keeps a network in the caches, and one optimiser for all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from ann.cohort_engines import Engine, EngineName, choose_engine
from ann.threads import one_thread
from ann.training import Acceleration, Examples, TrainingDiverged, TrainingSettings
from ann.training_course import Course, TrainingHistory
from ann.training_state import RandomSource, load_training, random_states, save_training, set_random_states

__all__ = ["CohortDiverged", "Member", "train_cohort"]


@dataclass(frozen=True, eq=False)
class Member:
    """One participant's network and what it learns from.

    Parameters
    ----------
    network
        Trained in place.
    draw
        Gives a batch of the asked size; all randomness of the data is its own.
    validation
        Examples that are never trained on.
    settings
        How long and how fast.
    generators
        Sources of randomness that `draw` uses; a checkpoint holds their states.
    """

    network: nn.Module
    draw: Callable[[int], Examples]
    validation: Examples
    settings: TrainingSettings = field(default_factory=TrainingSettings)
    generators: Sequence[RandomSource] = ()


class CohortDiverged(TrainingDiverged):
    """Some members' losses are no longer finite; the others were trained to their end.

    ``histories`` holds every member's course, ``diverged`` maps the number of each diverged member to what
    happened to it.
    """

    def __init__(self, diverged: dict[int, str], histories: list[TrainingHistory]) -> None:
        self.diverged = diverged
        self.histories = histories
        faults = "; ".join(f"member {k}: {what}" for k, what in sorted(diverged.items()))
        super().__init__(
            f"{faults}; lower their learning rates or check their inputs for values that are not finite"
        )


@one_thread()
def train_cohort(
    members: Sequence[Member],
    progress: Callable[[float, str], None] | None = None,
    *,
    engine: EngineName = "auto",
    checkpoint: Path | None = None,
    acceleration: Acceleration | None = None,
) -> list[TrainingHistory]:
    """Train every member in place; each ends with its best weights, in evaluation mode.

    Parameters
    ----------
    members
        The members; networks on one device.
    progress
        Called with the fraction done and a line about it.
    engine
        ``"compiled"``, ``"stacked"`` or ``"auto"``; see `ann.cohort_engines.choose_engine`.
    checkpoint
        File in which the training is kept and from which an interrupted one goes on, to the same bits on the
        CPU; removed at the end. None: nothing is kept.
    acceleration
        Mixed precision and ``torch.compile``, for the stacked engine.

    Returns
    -------
    list of TrainingHistory
        One each, in order.

    Raises
    ------
    ValueError
        If there are no members, or the engine cannot compute them.
    CohortDiverged
        If losses of some members are not finite, after the others were trained to their end. Every network
        then holds its best weights.
    CheckpointError
        If the checkpoint is damaged or of another training.

    Examples
    --------
    >>> import torch
    >>> from ann.cohort import Member, train_cohort
    >>> from ann.recurrent import LSTMNetwork
    >>> from ann.training import Examples, TrainingSettings
    >>> def member(seed):
    ...     g = torch.Generator().manual_seed(seed)
    ...     def draw(n):
    ...         x = torch.randn(n, 10, 1, generator=g)
    ...         return Examples(x, (x[..., 0] > 0).long(), torch.ones(n, 10, dtype=torch.bool))
    ...     settings = TrainingSettings(max_steps=10, learning_rate=0.01 * seed)
    ...     return Member(LSTMNetwork(1, 8, 2, generator=g), draw, draw(32), settings, [g])
    >>> [history.steps for history in train_cohort([member(1), member(2)])]
    [10, 10]
    """
    if not members:
        raise ValueError("a cohort needs at least one member")
    networks = [member.network for member in members]
    devices = {next(network.parameters()).device for network in networks}
    if len(devices) > 1:
        raise ValueError(
            f"the networks are on {sorted(map(str, devices))}; a cohort is trained on one device"
        )
    run = _Run(members, choose_engine(networks, engine, acceleration))
    key = {
        "members": [asdict(member.settings) for member in members],
        "sizes": [row.numel() for row in run.rows],
        "engine": type(run.engine).__name__,
        "acceleration": asdict(acceleration or Acceleration()),
    }
    saved = None if checkpoint is None else load_training(checkpoint, key)
    if saved is not None:
        run.resume(saved)
    try:
        while run.active:
            checked = run.step()
            if checked and progress is not None:
                progress(*run.report())
            if checked and checkpoint is not None:
                save_training(checkpoint, key, run.state())
    finally:
        run.give_back()
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    histories = [course.history for course in run.courses]
    if run.diverged:
        raise CohortDiverged(run.diverged, histories)
    return histories


class _Run:
    """A cohort in training: every member's weights as one row, and how far each has come."""

    def __init__(self, members: Sequence[Member], engine: Engine) -> None:
        self.members = members
        self.engine = engine
        for member in members:
            member.network.train()
        self.rows = [parameters_to_vector(m.network.parameters()).detach().clone() for m in members]
        self.moments = [(torch.zeros_like(row), torch.zeros_like(row)) for row in self.rows]
        self.best = [row.clone() for row in self.rows]
        self.courses = [Course(m.settings.smallest_gain, m.settings.patience) for m in members]
        device = self.rows[0].device
        self.exams = [member.validation.to(device) for member in members]
        self.device = device
        self.diverged: dict[int, str] = {}
        self.active = list(range(len(members)))

    def step(self) -> bool:
        """One gradient step of every active member; whether any was checked."""
        batches = []
        for k in self.active:
            self.courses[k].step += 1
            batches.append(self.members[k].draw(self.members[k].settings.batch_size).to(self.device))
        losses, gradients = self.engine.gradients(
            self.active, self._rows(self.active), batches, self._smoothing(self.active)
        )
        training = dict(zip(self.active, losses, strict=True))
        for k, gradient in zip(self.active, gradients, strict=True):
            settings, step = self.members[k].settings, self.courses[k].step
            if math.isfinite(training[k]):
                self.engine.update(
                    self.rows[k], gradient, self.moments[k], settings.rate(step), step, settings.clip_norm
                )
            else:
                self._diverge(k, "training", training[k])
        due = [k for k in self.active if k not in self.diverged and self._due(k)]
        if due:
            self._check(due, training)
        self.active = [k for k in self.active if k not in self.diverged and not self._done(k)]
        return bool(due)

    def report(self) -> tuple[float, str]:
        """Fraction done, and a line about it."""
        done = [
            1.0 if k not in self.active else course.step / self.members[k].settings.max_steps
            for k, course in enumerate(self.courses)
        ]
        step = max(course.step for course in self.courses)
        return sum(done) / len(done), f"step {step}, {len(self.active)} of {len(done)} networks learning"

    def state(self) -> dict[str, Any]:
        """Tensors and plain values from which `resume` goes on."""
        return {
            "rows": self.rows,
            "moments": [list(pair) for pair in self.moments],
            "best": self.best,
            "courses": [course.record() for course in self.courses],
            "random": [random_states(member.generators) for member in self.members],
            "active": self.active,
            "diverged": {str(k): what for k, what in self.diverged.items()},
        }

    def resume(self, saved: dict[str, Any]) -> None:
        """Go on from a `state`."""
        self.rows = [row.to(self.device) for row in saved["rows"]]
        self.moments = [(mean.to(self.device), square.to(self.device)) for mean, square in saved["moments"]]
        self.best = [row.to(self.device) for row in saved["best"]]
        for course, record in zip(self.courses, saved["courses"], strict=True):
            course.resume(record)
        for member, states in zip(self.members, saved["random"], strict=True):
            set_random_states(member.generators, states)
        self.active = list(saved["active"])
        self.diverged = {int(k): what for k, what in saved["diverged"].items()}

    def give_back(self) -> None:
        """Put the best weights into the networks."""
        with torch.no_grad():
            for member, best in zip(self.members, self.best, strict=True):
                vector_to_parameters(best, member.network.parameters())
                member.network.eval()

    def _check(self, due: list[int], training: dict[int, float]) -> None:
        exams = [self.exams[k] for k in due]
        unseen = self.engine.losses(due, self._rows(due), exams, self._smoothing(due))
        for k, loss in zip(due, unseen, strict=True):
            if not math.isfinite(loss):
                self._diverge(k, "validation", loss)
            elif self.courses[k].check(training[k], loss):
                self.best[k] = self.rows[k].clone()

    def _diverge(self, k: int, which: str, loss: float) -> None:
        self.diverged[k] = f"{which} loss is {loss} at step {self.courses[k].step}"

    def _due(self, k: int) -> bool:
        settings, step = self.members[k].settings, self.courses[k].step
        return step % settings.check_every == 0 or step >= settings.max_steps

    def _done(self, k: int) -> bool:
        return self.courses[k].stopped or self.courses[k].step >= self.members[k].settings.max_steps

    def _rows(self, who: Sequence[int]) -> list[Tensor]:
        return [self.rows[k] for k in who]

    def _smoothing(self, who: Sequence[int]) -> list[float]:
        return [self.members[k].settings.label_smoothing for k in who]
