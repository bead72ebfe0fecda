"""Random wiring of a sparse circuit, from a seed: what is drawn, and the drawing in NumPy.

A synapse is the value of a counter-based hash (SplitMix64) of its number, so that the compiled program
and NumPy draw the same wiring, nothing is stored to do so, and the wiring does not depend on the order in
which it is drawn. Delays and weights come from tables of equally likely quantiles: 65,536 for delays
and, for weights, 256 shared by the projections of a source. A synapse takes 4 bytes: 24 bits for its target
and 8 for its weight; synapses are kept by sender and delay, so that the delay takes no room.

References
----------
Steele, G. L., Lea, D. & Flood, C. H. (2014). Fast splittable pseudorandom number generators.
OOPSLA '14, 453-472. doi:10.1145/2660193.2660195
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import ndtr, ndtri

from neurosim.sparse import CurrentNeuron, RandomProjection, SparseCircuit

__all__ = [
    "DrawnProjection",
    "Synapses",
    "WiringPlan",
    "draw",
    "numbering",
    "plan",
    "poisson_draws",
    "structure",
    "write_plan",
]

CODES = 256
QUANTILES = 1 << 16
CHUNK = 1 << 22

DRAW_MEAN = 0.8
"""Largest mean of one Poisson draw; a larger one is the sum of several draws, each exact."""


@dataclass(frozen=True, eq=False)
class DrawnProjection:
    """One projection as the drawing needs it: `count` synapses, or with `threshold` / 2^64 for every pair."""

    count: int
    threshold: int
    keys: tuple[int, int]
    source_first: int
    source_size: int
    target_first: int
    target_size: int
    layer: int
    code_first: int
    code_levels: int
    delays: np.ndarray


@dataclass(frozen=True, eq=False)
class WiringPlan:
    """All that fixes the wiring.

    Parameters
    ----------
    order
        Populations in the order in which their neurons are numbered: neurons first, Poisson sources last.
    population
        Position in the circuit of the population of each sender, shape (sender,).
    layers
        1, or 2 if there is plasticity: the second holds the plastic synapses.
    max_delay
        Longest delay (steps).
    weights
        Weight by population of the sender, layer and code, shape (population, layer, 256).
    projections
        What is drawn.
    """

    order: tuple[int, ...]
    population: np.ndarray
    layers: int
    max_delay: int
    weights: np.ndarray
    projections: tuple[DrawnProjection, ...]

    @property
    def senders(self) -> int:
        """Number of neurons and Poisson sources."""
        return int(self.population.size)


@dataclass(frozen=True, eq=False)
class Synapses:
    """Drawn wiring: packed[starts[b] : starts[b + 1]], b = (layer senders + sender) max_delay + delay - 1."""

    starts: np.ndarray
    packed: np.ndarray


def numbering(circuit: SparseCircuit) -> tuple[tuple[int, ...], np.ndarray]:
    """Order of the populations, and the number of the first neuron of each (by position in the circuit)."""
    cells = [isinstance(p.neuron, CurrentNeuron) for p in circuit.populations]
    order = tuple(sorted(range(len(cells)), key=lambda k: not cells[k]))
    first = np.zeros(len(cells), dtype=np.int64)
    start = 0
    for k in order:
        first[k] = start
        start += circuit.populations[k].size
    return order, first


def poisson_draws(circuit: SparseCircuit, dt_ms: float) -> int:
    """Poisson draws for a neuron and step, none with a mean above `DRAW_MEAN`; 0: no external spikes."""
    most = 0.0
    for p in circuit.populations:
        added = sum(abs(i.poisson_hz) for i in circuit.inputs if i.target == p.name)
        if isinstance(p.neuron, CurrentNeuron):
            most = max(most, p.background.poisson_hz + added)
    return math.ceil(most * dt_ms * 1e-3 / DRAW_MEAN)


def structure(circuit: SparseCircuit, dt_ms: float) -> str:
    """All that a compiled program depends on: sizes, neurons, kinds of input; not wiring, weights, rates."""
    plastic = {p.source: p.plasticity for p in circuit.projections if p.plasticity}
    noisy = any(p.background.noise_sd_mv for p in circuit.populations)
    cells = [
        (p.size, p.neuron if isinstance(p.neuron, CurrentNeuron) else "Poisson", plastic.get(p.name))
        for p in circuit.populations
    ]
    return f"sparse {cells} noise {noisy} draws {poisson_draws(circuit, dt_ms)} dt {dt_ms}"


def plan(circuit: SparseCircuit, seed: int, dt_ms: float) -> WiringPlan:
    """What to draw for a circuit.

    Raises
    ------
    ValueError
        If a source has projections of more different weights than codes, or a delay is too long.
    """
    order, first = numbering(circuit)
    sizes = [p.size for p in circuit.populations]
    population = np.repeat(order, [sizes[k] for k in order]).astype(np.int32)
    layers = 2 if any(p.plasticity for p in circuit.projections) else 1
    weights = np.zeros((len(sizes), layers, CODES))
    codes = _codes(circuit, weights)
    keys = np.random.SeedSequence(seed).generate_state(2 * max(len(circuit.projections), 1), np.uint64)
    drawn = []
    for k, p in enumerate(circuit.projections):
        source, target = circuit.names.index(p.source), circuit.names.index(p.target)
        threshold = 0 if p.probability is None else min(int(p.probability * 2.0**64), 2**64 - 1)
        drawn.append(
            DrawnProjection(
                count=p.synapses or 0,
                threshold=threshold,
                keys=(int(keys[2 * k]), int(keys[2 * k + 1])),
                source_first=int(first[source]),
                source_size=sizes[source],
                target_first=int(first[target]),
                target_size=sizes[target],
                layer=int(p.plasticity is not None),
                code_first=codes[k][0],
                code_levels=codes[k][1],
                delays=_delay_quantiles(p, dt_ms),
            )
        )
    longest = max((int(d.delays.max()) for d in drawn), default=1)
    return WiringPlan(order, population, layers, longest, weights, tuple(drawn))


def _codes(circuit: SparseCircuit, weights: np.ndarray) -> list[tuple[int, int]]:
    """Fill the weights of the codes; first code and number of codes of each projection."""
    codes = [(0, 1)] * len(circuit.projections)
    for population, name in enumerate(circuit.names):
        for layer in range(weights.shape[1]):
            mine = [
                k
                for k, p in enumerate(circuit.projections)
                if p.source == name and (p.plasticity is not None) == bool(layer)
            ]
            kinds = list(
                dict.fromkeys((circuit.projections[k].weight, circuit.projections[k].weight_sd) for k in mine)
            )
            spread = sum(sd > 0 for _, sd in kinds)
            levels = (CODES - len(kinds) + spread) // spread if spread else 1
            if len(kinds) - spread + spread * levels > CODES or levels < 2 and spread:
                raise ValueError(
                    f"population {name!r} sends synapses of {len(kinds)} different weights; at most "
                    f"{CODES}, or {CODES // 2} with a spread, are possible"
                )
            start, where = 0, {}
            for mean, sd in kinds:
                n = levels if sd > 0 else 1
                weights[population, layer, start : start + n] = mean + sd * _normal_quantiles(n)
                where[mean, sd] = (start, n)
                start += n
            for k in mine:
                codes[k] = where[circuit.projections[k].weight, circuit.projections[k].weight_sd]
    return codes


def _normal_quantiles(n: int) -> np.ndarray:
    """N equally likely values with mean 0 and, if there are several, variance 1."""
    z = ndtri((np.arange(n) + 0.5) / n)
    return z / z.std() if n > 1 else z


def _delay_quantiles(p: RandomProjection, dt_ms: float) -> np.ndarray:
    """Delays in steps, equally likely, shape (65536,)."""
    u = (np.arange(QUANTILES) + 0.5) / QUANTILES
    if p.delay_range_ms:
        low, high = p.delay_range_ms
        ms = low + (high - low) * u
    elif p.delay_sd_ms:
        below = ndtr((0.5 * dt_ms - p.delay_ms) / p.delay_sd_ms)
        ms = p.delay_ms + p.delay_sd_ms * ndtri(below + (1 - below) * u)
    else:
        ms = np.full(QUANTILES, p.delay_ms)
    steps = np.maximum(np.rint(ms / dt_ms), 1)
    if steps.max() > np.iinfo(np.uint16).max:
        raise ValueError(f"projection {p.source} -> {p.target}: a delay of {ms.max():g} ms is too long")
    return steps.astype(np.uint16)


def hashed(key: int, counter: np.ndarray) -> np.ndarray:
    """SplitMix64 of key and counter, 64 bits each."""
    with np.errstate(over="ignore"):
        z = np.uint64(key) + (counter.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def _scaled(bits32: np.ndarray, n: int) -> np.ndarray:
    return (bits32 * np.uint64(n)) >> np.uint64(32)


def _draw_projection(d: DrawnProjection) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Sender, target, delay (steps) and code of every synapse, in order of their numbers."""
    low = np.uint64(0xFFFFFFFF)
    parts: list[tuple[np.ndarray, ...]] = []
    pairs = d.source_size * d.target_size if d.threshold else d.count
    for start in range(0, pairs, CHUNK):
        number = np.arange(start, min(start + CHUNK, pairs), dtype=np.uint64)
        where = hashed(d.keys[0], number)
        if d.threshold:
            number = number[where < np.uint64(d.threshold)]
            sender, target = np.divmod(number, np.uint64(d.target_size))
        else:
            sender = _scaled(where >> np.uint64(32), d.source_size)
            target = _scaled(where & low, d.target_size)
        what = hashed(d.keys[1], number)
        parts.append(
            (
                sender.astype(np.int64) + d.source_first,
                target.astype(np.uint32) + np.uint32(d.target_first),
                d.delays[what >> np.uint64(48)].astype(np.int64),
                _scaled(what & low, d.code_levels).astype(np.uint32) + np.uint32(d.code_first),
            )
        )
    if not parts:
        return tuple(np.zeros(0, dtype=t) for t in (np.int64, np.uint32, np.int64, np.uint32))  # type: ignore[return-value]
    sender, target, delay, code = (np.concatenate(x) for x in zip(*parts, strict=True))
    return sender, target, delay, code


def draw(wiring: WiringPlan) -> Synapses:
    """Draw the wiring in NumPy: for machines without a compiler, and to look at it."""
    bins, packed = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.uint32)]
    for d in wiring.projections:
        sender, target, delay, code = _draw_projection(d)
        bins.append((d.layer * wiring.senders + sender) * wiring.max_delay + delay - 1)
        packed.append((code << np.uint32(24)) | target)
    where, what = np.concatenate(bins), np.concatenate(packed)
    count = np.bincount(where, minlength=wiring.layers * wiring.senders * wiring.max_delay)
    starts = np.concatenate([[0], np.cumsum(count)])
    return Synapses(starts, what[np.argsort(where, kind="stable")])


def write_plan(path: Path, wiring: WiringPlan, neurons: int, unit: float) -> None:
    """Write the plan for the compiled program, weights in SI units (`unit` of one)."""
    with open(path, "wb") as file:
        head = [wiring.senders, neurons, wiring.layers, wiring.max_delay]
        np.array([*head, len(wiring.projections), len(wiring.weights)], dtype="<i8").tofile(file)
        wiring.population.astype("<i4").tofile(file)
        (wiring.weights * unit).astype("<f8").tofile(file)
        for d in wiring.projections:
            numbers = [d.count, d.threshold, *d.keys, d.source_first, d.source_size, d.target_first]
            numbers += [d.target_size, d.layer, d.code_first, d.code_levels]
            np.array(numbers, dtype="<u8").tofile(file)
            d.delays.astype("<u2").tofile(file)
