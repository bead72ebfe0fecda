"""What computes losses and gradients of a cohort: the compiled kernel, or PyTorch on stacked weights.

An engine sees every member's weights as one row. The compiled kernel takes members one after another through
the same work space, so that a member's numbers do not depend on who else is in the cohort, to the bit;
members may differ in every size. PyTorch stacks them: members of one shape, and numbers that agree up to
rounding.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, Protocol, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from ann.attention import SlidingWindowAttention
from ann.cohort_adam import Moments, adam_step
from ann.cohort_attention import attention_logits
from ann.cohort_lstm import lstm_logits
from ann.kernels import MOST_OUTPUTS, LSTMKernel, lstm_kernel
from ann.limits import FixedPowerChannel
from ann.recurrent import LSTMNetwork
from ann.rnn import RNNNetwork
from ann.training import Acceleration, Examples
from ann.transformer import AttentionNetwork

__all__ = ["CompiledEngine", "Engine", "EngineName", "StackedEngine", "choose_engine"]

EngineName = Literal["auto", "compiled", "stacked"]


class Engine(Protocol):
    """Losses, and gradients, of the members `who`, each on its own examples."""

    def losses(
        self,
        who: Sequence[int],
        rows: Sequence[Tensor],
        examples: Sequence[Examples],
        smoothing: Sequence[float],
    ) -> list[float]:
        """Loss of each member (nats per step that counts)."""
        ...

    def gradients(
        self,
        who: Sequence[int],
        rows: Sequence[Tensor],
        examples: Sequence[Examples],
        smoothing: Sequence[float],
    ) -> tuple[list[float], list[Tensor]]:
        """Loss of each member, and its gradient as one row."""
        ...

    def update(
        self, row: Tensor, gradient: Tensor, moments: Moments, rate: float, step: int, clip_norm: float
    ) -> None:
        """One step of Adam in place; see `ann.cohort_adam.adam_step`."""
        ...


class CompiledEngine:
    """LSTMs on the CPU by the compiled kernel, member after member.

    Parameters
    ----------
    networks
        The members' networks.
    kernel
        The kernel.
    """

    def __init__(self, networks: Sequence[LSTMNetwork], kernel: LSTMKernel) -> None:
        self._shapes = [
            (network.n_hidden, cast("nn.Linear", network.head).out_features) for network in networks
        ]
        self._kernel = kernel

    def losses(
        self,
        who: Sequence[int],
        rows: Sequence[Tensor],
        examples: Sequence[Examples],
        smoothing: Sequence[float],
    ) -> list[float]:
        """See `Engine`."""
        given = zip(who, rows, examples, smoothing, strict=True)
        return [self._kernel(row, None, *batch, *self._shapes[k], share) for k, row, batch, share in given]

    def gradients(
        self,
        who: Sequence[int],
        rows: Sequence[Tensor],
        examples: Sequence[Examples],
        smoothing: Sequence[float],
    ) -> tuple[list[float], list[Tensor]]:
        """See `Engine`."""
        gradients = [torch.empty_like(row) for row in rows]
        given = zip(who, rows, gradients, examples, smoothing, strict=True)
        losses = [
            self._kernel(row, gradient, *batch, *self._shapes[k], share)
            for k, row, gradient, batch, share in given
        ]
        return losses, gradients

    def update(
        self, row: Tensor, gradient: Tensor, moments: Moments, rate: float, step: int, clip_norm: float
    ) -> None:
        """See `Engine`."""
        self._kernel.adam(row, gradient, moments, rate, step, clip_norm)


class StackedEngine:
    """Networks of one kind and shape by PyTorch, all members in one product.

    Parameters
    ----------
    template
        Any of the networks.
    acceleration
        Mixed precision and compilation.
    """

    def __init__(self, template: nn.Module, acceleration: Acceleration | None = None) -> None:
        self._shapes = {name: weight.shape for name, weight in template.named_parameters()}
        self._sizes = [shape.numel() for shape in self._shapes.values()]
        self._fast = acceleration or Acceleration()
        forward = _forward(template)
        self._forward = torch.compile(forward) if self._fast.compiled else forward

    def losses(
        self,
        who: Sequence[int],
        rows: Sequence[Tensor],
        examples: Sequence[Examples],
        smoothing: Sequence[float],
    ) -> list[float]:
        """See `Engine`."""
        with torch.no_grad():
            return self._losses(torch.stack(list(rows)), examples, smoothing).tolist()

    def gradients(
        self,
        who: Sequence[int],
        rows: Sequence[Tensor],
        examples: Sequence[Examples],
        smoothing: Sequence[float],
    ) -> tuple[list[float], list[Tensor]]:
        """See `Engine`."""
        stacked = torch.stack([row.detach() for row in rows]).requires_grad_()
        losses = self._losses(stacked, examples, smoothing)
        (gradient,) = torch.autograd.grad(losses.sum(), stacked)
        return losses.tolist(), [row.clone() for row in gradient.unbind()]

    def update(
        self, row: Tensor, gradient: Tensor, moments: Moments, rate: float, step: int, clip_norm: float
    ) -> None:
        """See `Engine`."""
        adam_step(row, gradient, moments, rate, step, clip_norm)

    def _losses(self, stacked: Tensor, examples: Sequence[Examples], smoothing: Sequence[float]) -> Tensor:
        shapes = {tuple(batch.inputs.shape) for batch in examples}
        if len(shapes) > 1:
            raise ValueError(f"examples of shapes {sorted(shapes)}; members that are stacked need one shape")
        inputs, targets, mask = (
            torch.stack(parts).to(stacked.device) for parts in zip(*examples, strict=True)
        )
        counted = mask.flatten(1).sum(dim=1)
        if not counted.all():
            raise ValueError("the mask lets no step count; there is nothing to learn from")
        pieces = stacked.split(self._sizes, dim=1)
        weights = {
            name: piece.reshape(len(stacked), *shape)
            for (name, shape), piece in zip(self._shapes.items(), pieces, strict=True)
        }
        with self._precision(stacked.device):
            logits = self._forward(weights, inputs)
        log_p = torch.log_softmax(logits.to(stacked.dtype), dim=-1)
        # what the mask leaves out may be no class at all
        wanted = torch.where(mask, targets, 0).unsqueeze(-1)
        chosen = log_p.gather(-1, wanted).squeeze(-1)
        share = torch.tensor(smoothing, dtype=stacked.dtype, device=stacked.device)[:, None, None]
        loss = -(1 - share) * chosen - share * log_p.mean(dim=-1)
        return torch.where(mask, loss, 0).flatten(1).sum(dim=1) / counted

    def _precision(self, device: torch.device) -> AbstractContextManager[object]:
        if not self._fast.mixed_precision:
            return nullcontext()
        return torch.autocast(device.type, dtype=torch.bfloat16)


def choose_engine(
    networks: Sequence[nn.Module], name: EngineName = "auto", acceleration: Acceleration | None = None
) -> Engine:
    """The engine for a cohort.

    Parameters
    ----------
    networks
        The members' networks, all on one device.
    name
        ``"compiled"``: the kernel, for LSTMs on the CPU. ``"stacked"``: PyTorch, for members of one shape.
        ``"auto"``: the kernel where it can be had.
    acceleration
        For ``"stacked"``.

    Raises
    ------
    ValueError
        If the engine cannot compute these networks; says why.
    """
    if name not in ("auto", "compiled", "stacked"):
        raise ValueError(f"engine = {name!r}; must be 'auto', 'compiled' or 'stacked'")
    fast = acceleration or Acceleration()
    if name != "stacked":
        why_not = _not_for_kernel(networks, fast)
        kernel = None if why_not else lstm_kernel()
        if kernel is not None:
            return CompiledEngine(cast("Sequence[LSTMNetwork]", networks), kernel)
        if name == "compiled":
            raise ValueError(
                f"engine = 'compiled' is not possible: {why_not or 'no C++ compiler that works'}"
            )
    shapes = [_description(network) for network in networks]
    if any(shape != shapes[0] for shape in shapes):
        raise ValueError("the networks differ in kind or shape; members that are stacked must be alike")
    if any(_limited(network) for network in networks):
        raise ValueError("a network has limits (ann.limits); train such networks one by one")
    return StackedEngine(networks[0], fast)


def _not_for_kernel(networks: Sequence[nn.Module], fast: Acceleration) -> str:
    for network in networks:
        if not isinstance(network, LSTMNetwork):
            return f"a {type(network).__name__} is not an LSTMNetwork"
        if not isinstance(network.head, nn.Linear) or network.head.out_features > MOST_OUTPUTS:
            return f"the head is not linear with up to {MOST_OUTPUTS} outputs"
        if next(network.parameters()).device.type != "cpu":
            return "the networks are not on the CPU"
    return "mixed precision and torch.compile are PyTorch's" if fast != Acceleration() else ""


def _description(network: nn.Module) -> tuple[object, ...]:
    shapes = tuple((name, tuple(weight.shape)) for name, weight in network.named_parameters())
    windows = tuple(
        (part.n_heads, part.window) for part in network.modules() if isinstance(part, SlidingWindowAttention)
    )
    return type(network), shapes, windows


def _forward(template: nn.Module) -> Callable[[Mapping[str, Tensor], Tensor], Tensor]:
    if isinstance(template, LSTMNetwork) and isinstance(template.head, nn.Linear):
        return lstm_logits
    if isinstance(template, AttentionNetwork) and isinstance(template.head, nn.Linear):
        attention = next(part for part in template.modules() if isinstance(part, SlidingWindowAttention))
        return functools.partial(attention_logits, n_heads=attention.n_heads, window=attention.window)

    def one(weights: dict[str, Tensor], x: Tensor) -> Tensor:
        # a gain makes recurrent networks go step by step: PyTorch's fused loops cannot be vectorised
        gain = x.new_ones(x.shape[:2]) if isinstance(template, (LSTMNetwork, RNNNetwork)) else None
        return functional_call(template, weights, (x, None, gain))[0]

    return lambda weights, x: vmap(one)(dict(weights), x)


def _limited(network: nn.Module) -> bool:
    """Whether the network has limits of its own (`ann.limits`), with noise that no stack can hold."""
    parts = list(network.modules())
    return any(
        isinstance(part, FixedPowerChannel) or getattr(part, "limit", None) is not None for part in parts
    )
