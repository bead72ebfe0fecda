"""Train a network to label every step of a stream, and keep the weights that were best on unseen examples.

Loss: cross-entropy, averaged over the steps that the mask lets count. Adam (Kingma & Ba 2015,
doi:10.48550/arXiv.1412.6980) with the gradient clipped to a norm (Pascanu et al. 2013,
doi:10.48550/arXiv.1211.5063).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ann.threads import one_thread
from ann.training_course import Course, TrainingHistory
from ann.training_state import RandomSource, load_training, random_states, save_training, set_random_states

__all__ = [
    "Acceleration",
    "Examples",
    "TrainingDiverged",
    "TrainingHistory",
    "TrainingSettings",
    "masked_loss",
    "train",
]


class Examples(NamedTuple):
    """A batch of stretches: what goes in and what should come out.

    ``inputs`` (batch, time, channel); ``targets`` (batch, time), whole numbers; ``mask`` (batch, time), the
    steps that count.
    """

    inputs: Tensor
    targets: Tensor
    mask: Tensor

    def to(self, device: torch.device) -> Examples:
        """The same examples on a device."""
        return Examples(*(part.to(device) for part in self))


class TrainingDiverged(RuntimeError):
    """The loss is no longer a finite number."""


@dataclass(frozen=True)
class TrainingSettings:
    """How long and how fast to learn.

    Parameters
    ----------
    max_steps
        Most gradient steps.
    batch_size
        Stretches per step.
    learning_rate
        Adam's step size at the start.
    final_rate
        Its share that is left at `max_steps`; it falls along a line.
    clip_norm
        Largest norm of the gradient.
    check_every
        Steps between checks on the validation examples.
    patience
        Checks without a better validation loss after which to stop.
    label_smoothing
        Share of each label that is spread over all classes: it bounds how sure the network can become, for
        two classes at log-odds of ln(2 / share - 1).
    smallest_gain
        Fall of the validation loss that counts as better, as a share of the best.

    Raises
    ------
    ValueError
        If a setting is out of range.
    """

    max_steps: int = 400
    batch_size: int = 32
    learning_rate: float = 0.01
    final_rate: float = 0.1
    clip_norm: float = 1.0
    check_every: int = 25
    patience: int = 6
    label_smoothing: float = 0.0
    smallest_gain: float = 0.005

    def __post_init__(self) -> None:
        for name in ("max_steps", "batch_size", "check_every", "patience"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)}; must be at least 1")
        for name in ("learning_rate", "clip_norm", "final_rate"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} = {getattr(self, name)}; must be above 0")
        if not 0.0 <= self.label_smoothing < 1.0:
            raise ValueError(f"label_smoothing = {self.label_smoothing}; must be at least 0 and below 1")

    def rate(self, step: int) -> float:
        """Learning rate at a step, counted from 1."""
        done = (step - 1) / self.max_steps
        return self.learning_rate * (1.0 - (1.0 - self.final_rate) * done)


@dataclass(frozen=True)
class Acceleration:
    """What makes a training faster on a GPU, at the price of rounding.

    Parameters
    ----------
    mixed_precision
        Multiply matrices in bfloat16; weights, sums and the optimiser stay in full precision.
    compiled
        Compile the network with ``torch.compile`` first.
    """

    mixed_precision: bool = False
    compiled: bool = False


@one_thread()
def train(
    network: nn.Module,
    draw: Callable[[int], Examples],
    validation: Examples,
    settings: TrainingSettings | None = None,
    progress: Callable[[float, str], None] | None = None,
    *,
    checkpoint: Path | None = None,
    generators: Sequence[RandomSource] = (),
    acceleration: Acceleration | None = None,
) -> TrainingHistory:
    """Train in place, on the device of the network; it ends with its best weights, in evaluation mode.

    On the CPU one thread is used: the same seeds make the same weights, whatever number of threads is set.

    Parameters
    ----------
    network
        Network that returns logits (batch, time, class) and a state.
    draw
        Gives a batch of the asked size, on any device; all randomness of the data is its own.
    validation
        Examples that are never trained on, on any device.
    settings
        How long and how fast; defaults if None.
    progress
        Called with the fraction done and a line about it.
    checkpoint
        File in which the training is kept at every check and from which an interrupted one goes on, to the
        same bits on the CPU; it is removed at the end. None: nothing is kept.
    generators
        Sources of randomness that `draw` and the network use; the checkpoint holds their states.
    acceleration
        None: full precision, as written.

    Returns
    -------
    TrainingHistory
        What happened.

    Raises
    ------
    TrainingDiverged
        If a loss is not finite; names the step. The network then holds its best weights so far.
    CheckpointError
        If the checkpoint is damaged or of another training.
    """
    settings = settings or TrainingSettings()
    fast = acceleration or Acceleration()
    device = next(network.parameters()).device
    validation = validation.to(device)
    optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
    network.train()
    course = Course(settings.smallest_gain, settings.patience)
    best = copy.deepcopy(network.state_dict())
    key = {**asdict(settings), **asdict(fast), "weights": {name: list(w.shape) for name, w in best.items()}}
    saved = None if checkpoint is None else load_training(checkpoint, key)
    if saved is not None:
        network.load_state_dict(saved["weights"])
        optimiser.load_state_dict(saved["optimiser"])
        best = {name: weight.to(device) for name, weight in saved["best"].items()}
        course.resume(saved["course"])
        set_random_states(generators, saved["random"])
    run = torch.compile(network) if fast.compiled else network
    smoothing = settings.label_smoothing
    try:
        while course.step < settings.max_steps and not course.stopped:
            course.step += 1
            for group in optimiser.param_groups:
                group["lr"] = settings.rate(course.step)
            batch = draw(settings.batch_size).to(device)
            with _precision(device, fast):
                loss = _finite(masked_loss(run, batch, smoothing), course.step, "training")
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), settings.clip_norm)
            optimiser.step()
            if course.step % settings.check_every and course.step < settings.max_steps:
                continue
            with torch.no_grad(), _precision(device, fast):
                unseen = _finite(masked_loss(run, validation, smoothing), course.step, "validation").item()
            if course.check(loss.item(), unseen):
                best = copy.deepcopy(network.state_dict())
            if progress is not None:
                progress(course.step / settings.max_steps, f"step {course.step}, loss {unseen:.4f}")
            if checkpoint is not None:
                state = {"weights": network.state_dict(), "optimiser": optimiser.state_dict(), "best": best}
                random = random_states(generators)
                save_training(checkpoint, key, {**state, "course": course.record(), "random": random})
    finally:
        network.load_state_dict(best)
        network.eval()
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return course.history


def masked_loss(
    network: Callable[[Tensor], tuple[Tensor, Any]], examples: Examples, label_smoothing: float = 0.0
) -> Tensor:
    """Cross-entropy averaged over the steps that count (nats).

    Parameters
    ----------
    network
        Network that returns logits (batch, time, class) and a state.
    examples
        What goes in and what should come out.
    label_smoothing
        Share of each label that is spread over all classes.

    Raises
    ------
    ValueError
        If no step counts.
    """
    if not examples.mask.any():
        raise ValueError("the mask lets no step count; there is nothing to learn from")
    logits, _ = network(examples.inputs)
    return nn.functional.cross_entropy(
        logits[examples.mask], examples.targets[examples.mask], label_smoothing=label_smoothing
    )


def _precision(device: torch.device, acceleration: Acceleration) -> AbstractContextManager[object]:
    if not acceleration.mixed_precision:
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def _finite(loss: Tensor, step: int, which: str) -> Tensor:
    if not torch.isfinite(loss):
        raise TrainingDiverged(
            f"{which} loss is {loss.item()} at step {step}; lower the learning rate or check the inputs for "
            "values that are not finite"
        )
    return loss
