"""Limits on what a network participant can do at once: a noisy channel, or one output for all tasks.

*Fixed-power channel* (`ann.limits.ChannelHead`): everything that the network says goes through a few noisy
dimensions of fixed total power, so what two tasks need at the same time each of them gets less of.

*Shared head*: one softmax over the responses of both tasks and "none", instead of one over pairs. It names
one response at a time. While both tasks ask for one, it is taught each in the share that the instruction
gives its task, so the probabilities that it can give to either sum to one: a single competition, as under
shared inhibition. Of instructed levels l_1 and l_2 the first task gets the share

    l_1^p / (l_1^p + l_2^p)

where p is the contrast of priorities (`NetworkConfig.priority_contrast`).
"""

from __future__ import annotations

import numpy as np
import torch

from ann.limits import ChannelHead
from ann.recurrent import LSTMNetwork
from ann.transformer import AttentionNetwork
from bridges.session import Session
from bridges.session_checks import FIRST, SECOND

__all__ = ["first_share", "limit_output", "reseed", "shared_by_component", "shared_labels", "shared_size"]

GOLDEN = (5**0.5 - 1) / 2
"""Multiples of it, modulo 1, fill the unit interval evenly: shares of steps without a period to learn."""


def limit_output(
    network: LSTMNetwork | AttentionNetwork, bits: float, dims: int, generator: torch.Generator
) -> None:
    """Put a fixed-power channel before the output of a network.

    Parameters
    ----------
    network
        Its linear head is replaced.
    bits
        Capacity (bits per step).
    dims
        Dimensions of the channel.
    generator
        Source of the initial weights; the noise gets a stream of its own from it.
    """
    head = network.head
    if not isinstance(head, torch.nn.Linear):
        raise ValueError(f"the head is a {type(head).__name__}; must be linear to be limited")
    seed = int(torch.randint(2**62, (1,), generator=generator))
    noise = torch.Generator().manual_seed(seed)
    network.head = ChannelHead(head.in_features, head.out_features, dims, bits, generator, noise)


def start_from(network: LSTMNetwork | AttentionNetwork, plain: LSTMNetwork | AttentionNetwork) -> None:
    """Start a limited network where one without the channel has come to.

    Trained from scratch behind a narrow channel, a network learns one of two tasks and drops the other. So it
    starts with all that the same individual learned without the channel; of the matrix of its head W = U S V'
    the channel is sent V' h, of the largest singular values, and U S reads it.

    Parameters
    ----------
    network
        With a `ChannelHead`; its weights are replaced.
    plain
        Of the same sizes, with a linear head.
    """
    head = network.head
    if not isinstance(head, ChannelHead) or not isinstance(plain.head, torch.nn.Linear):
        kinds = type(head).__name__, type(plain.head).__name__
        raise ValueError(f"heads are {kinds}; must be ChannelHead and Linear")
    known = {name: value for name, value in plain.state_dict().items() if not name.startswith("head.")}
    network.load_state_dict(known, strict=False)
    u, s, v = torch.linalg.svd(plain.head.weight.detach(), full_matrices=False)
    n = min(head.project.out_features, len(s))
    with torch.no_grad():
        head.project.weight[:n] = v[:n]
        head.read.weight[:, :n] = u[:, :n] * s[:n]
        head.read.bias.copy_(plain.head.bias)


def reseed(network: torch.nn.Module, seed: int) -> None:
    """Start the noise of a limited network anew, on the network's device; nothing where it has none."""
    head = getattr(network, "head", None)
    if isinstance(head, ChannelHead):
        device = head.project.weight.device
        head.channel.generator = torch.Generator(device).manual_seed(seed)


def shared_size(session: Session) -> int:
    """Number of classes of a shared head: all responses and "none"."""
    return len(session.responses) + 1


def shared_labels(
    session: Session, target: np.ndarray, mask: np.ndarray, dt_s: float, contrast: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """What a shared head should say at every step.

    Parameters
    ----------
    session
        With two components.
    target, mask
        As `bridges.labels.labels` gives them, shape (time, 2).
    dt_s
        Step (s).
    contrast
        Of priorities; see `first_share`.

    Returns
    -------
    target : ndarray of int
        Shape (time,): the responses of the first component, then those of the second, then none.
    mask : ndarray of bool
        Shape (time,).
    """
    n_first, n_second = (len(names) for names in session.components.values())
    due = [target[:, 0] < n_first, target[:, 1] < n_second]
    turn = np.modf(np.arange(len(target)) * GOLDEN)[0] < first_share(session, len(target), dt_s, contrast)
    first = due[0] & (~due[1] | turn)
    shared = np.full(len(target), n_first + n_second, dtype=np.int64)
    shared[due[1]] = n_first + target[due[1], 1]
    shared[first] = target[first, 0]
    return shared, np.asarray(mask.all(axis=1))


def first_share(session: Session, n_steps: int, dt_s: float, contrast: float = 1.0) -> np.ndarray:
    """Share of attention that the instruction gives to the first task at every step, shape (time,).

    It is l_1^p / (l_1^p + l_2^p) of the levels of the latest instructions for either task, with the contrast
    p; one half where there are none.
    """
    levels = np.array([_instructed(session, part.name, n_steps, dt_s) for part in (FIRST, SECOND)])
    weights = levels**contrast
    total = weights.sum(axis=0)
    return np.divide(weights[0], total, out=np.full(n_steps, 0.5), where=total > 0)


def shared_by_component(session: Session, logits: np.ndarray) -> dict[str, np.ndarray]:
    """Logits of each component from those of a shared head: all that is not its response counts as none.

    Returns
    -------
    dict
        Component to logits, shape (time, class of the component); the last class is "none".
    """
    parts = {}
    start = 0
    for name, responses in session.components.items():
        own = slice(start, start + len(responses))
        others = np.delete(logits, own, axis=1)
        rest = np.logaddexp.reduce(others, axis=1)
        parts[name] = np.column_stack([logits[:, own], rest])
        start = own.stop
    return parts


def _instructed(session: Session, component: str, n_steps: int, dt_s: float) -> np.ndarray:
    """Level of the latest instruction for the task of a component at every step."""
    own = session.components[component]
    goals = {rule.goal for rule in session.rules if rule.response in own and rule.goal}
    events = session.events[session.events["channel"].isin(goals)].sort_values("onset_s")
    level = np.zeros(n_steps)
    for onset_s, value in zip(events["onset_s"], events["level"], strict=True):
        level[min(round(onset_s / dt_s), n_steps) :] = value
    return level
