"""Responses of a network participant to every component of a session, from its logits.

Components that have outputs of their own have accumulators of their own, and do not wait for each other. A
shared head names the responses of both by one softmax, and its responses compete: the accumulator of response
k of task c gains on the log-odds of k against everything else that may still be said,

    dx_k = kappa (z_k - ln sum_{j in F, j != k} exp z_j) dt + s dW

where F is all classes but those of the other task while that has been answered: what has been done is out of
the field, as a response resets the pools of its task in the circuit. So one response waits for the other
where both are asked for, because they share their odds, and not because anything tells it to. A task is out
of the field for the refractory time of the readout, and for as long as its responses together are more likely
than "none", which is to say, as long as it is still asked for what it has answered.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bridges.participants.network_config import NetworkConfig
from bridges.participants.network_senses import by_component
from bridges.participants.streams import individual_generator
from bridges.readout import AccumulateToBound
from bridges.session import Session

__all__ = ["component_presses", "shared_presses"]

Presses = tuple[np.ndarray, np.ndarray]


def component_presses(
    readout: AccumulateToBound,
    session: Session,
    seed: int,
    logits: np.ndarray,
    config: NetworkConfig,
    gain_t: np.ndarray | None = None,
) -> list[Presses]:
    """Responses to each component of a session, in order.

    Parameters
    ----------
    readout
        How log-odds become responses.
    session
        The session.
    seed
        The individual's.
    logits
        Of its network, shape (time, class).
    config
        Of its network.
    gain_t
        Factor on the evidence, shape (time,); None: 1 throughout.

    Returns
    -------
    list of (times_s, response)
        Times (s), ascending, and the index of each response in those of its component.
    """
    sizes = [len(names) for names in session.components.values()]
    rngs = [_generator(session, seed, component) for component in session.components]
    if config.shared_head and len(sizes) > 1:
        return shared_presses(readout, logits, (sizes[0], sizes[1]), config.dt_s, rngs, gain_t)
    parts = by_component(session, logits).values()
    return [
        readout.presses(part, config.dt_s, rng, gain_t, n_responses=size)
        for part, rng, size in zip(parts, rngs, sizes, strict=True)
    ]


def shared_presses(
    readout: AccumulateToBound,
    logits: np.ndarray,
    sizes: tuple[int, int],
    dt_s: float,
    rngs: Sequence[np.random.Generator],
    gain_t: np.ndarray | None = None,
) -> list[Presses]:
    """Responses of one participant to both tasks over a whole session.

    Parameters
    ----------
    readout
        Gain, noise, bound and times.
    logits
        Logits of the shared head, shape (time, class): responses of the first task, of the second, "none".
    sizes
        Number of responses of each task.
    dt_s
        Step (s).
    rngs
        A generator for each task.
    gain_t
        Factor on the evidence, shape (time,); None: 1 throughout.

    Returns
    -------
    list of (times_s, response)
        One pair per task: times of its responses (s), ascending, and the index of each.

    Raises
    ------
    ValueError
        If the numbers of classes do not fit, or the step or the bound cannot be met.
    """
    n_first, n_second = sizes
    if logits.shape[1] != n_first + n_second + 1 or len(rngs) != len(sizes):
        raise ValueError(
            f"{logits.shape[1]} classes and {len(rngs)} generators for tasks of {n_first} and {n_second} "
            "responses; give a class for each response and one for none, and two generators"
        )
    own = (slice(0, n_first), slice(n_first, n_first + n_second))
    noise = [rng.standard_normal((len(logits), size)) for rng, size in zip(rngs, sizes, strict=True)]
    # increments of all accumulators while the other task is in the field, and while it is out of it
    steps = readout.noise_sd * np.sqrt(dt_s) * np.tile(np.concatenate(noise, axis=1), (2, 1, 1))
    for closed in (0, 1):
        for c, size in enumerate(sizes):
            evidence = _against(logits, own[c], own[1 - c] if closed else None)
            steps[closed, :, own[c]] += readout.drift(evidence, dt_s, gain_t, size)
    asked = np.stack([np.logaddexp.reduce(logits[:, part], axis=1) > logits[:, -1] for part in own], axis=1)
    crossings = _race(readout, steps, asked, own, dt_s)
    found = []
    for (when, which), rng in zip(crossings, rngs, strict=True):
        jitter = rng.uniform(-0.5, 0.5, len(when))
        times = (np.array(when, dtype=float) + 1 + jitter) * dt_s + readout.non_decision_s
        found.append((times, np.array(which, dtype=int)))
    return found


def _against(logits: np.ndarray, own: slice, out: slice | None) -> np.ndarray:
    """Logits of a task's responses and, last, of everything else but those that are out of the field."""
    left = np.ones(logits.shape[1], dtype=bool)
    left[own] = False
    if out is not None:
        left[out] = False
    rest = np.logaddexp.reduce(logits[:, left], axis=1)
    return np.column_stack([logits[:, own], rest])


def _race(
    readout: AccumulateToBound,
    steps: np.ndarray,
    asked: np.ndarray,
    own: tuple[slice, slice],
    dt_s: float,
) -> tuple[tuple[list[int], list[int]], tuple[list[int], list[int]]]:
    """Steps and responses of the crossings of either task.

    `steps` has the shape (other in or out, time, response), `asked` (time, task).
    """
    floor, bound = readout.walls(dt_s)
    keep = np.exp(-readout.leak_per_s * dt_s)
    pause = round(readout.refractory_s / dt_s)
    x = np.zeros(steps.shape[2])
    free_at = [0, 0]
    answered = [False, False]
    found: tuple[tuple[list[int], list[int]], tuple[list[int], list[int]]] = (([], []), ([], []))
    for k in range(steps.shape[1]):
        for c in (0, 1):
            answered[c] = free_at[c] > k or (answered[c] and bool(asked[k, c]))
        for c, part in enumerate(own):
            if answered[c]:
                continue
            x[part] = np.maximum(keep * x[part] + steps[int(answered[1 - c]), k, part], floor)
            if x[part].max() >= bound:
                found[c][0].append(k)
                found[c][1].append(int(x[part].argmax()))
                x[part] = 0.0
                free_at[c], answered[c] = k + 1 + pause, True
    return found


def _generator(session: Session, seed: int, component: str) -> np.random.Generator:
    """Noise of the accumulators of one component."""
    more = () if component == "T1" else (component,)
    return individual_generator(seed, "network/readout", session.content_hash, *more)
