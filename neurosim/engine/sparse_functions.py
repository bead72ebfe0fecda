"""Functions of the sparse simulations, each in C++ and in NumPy with the same meaning.

Spikes go out with `emit` and come in with `deliver`; between them lie the synapses of
`sparse_synapses.h` or, in NumPy, of `sparse_wiring.draw`. `normal_draw` is standard normal noise without
state: Box and Muller's transform of two hashes of (stream of the neuron, time step).

References
----------
Box, G. E. P. & Muller, M. E. (1958). Ann Math Stat, 29, 610-611. doi:10.1214/aoms/1177706645
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neurosim.engine.brian import b2
from neurosim.engine.functions import HEADERS, _mix
from neurosim.engine.sparse_wiring import Synapses, WiringPlan

__all__ = ["HEADER", "SPARSE", "deliver_into", "emit", "normal_draw", "taken", "tally"]

HEADER = Path(__file__).with_name("sparse_synapses.h")

_NORMAL_CPP = """
static inline uint32_t neurosim_bits(uint32_t x) {
    x ^= x >> 16; x *= 0x7feb352dU; x ^= x >> 15; x *= 0x846ca68bU; x ^= x >> 16;
    return x;
}
static inline double normal_draw(const int32_t stream, const int32_t step) {
    const uint32_t lane = (uint32_t)stream;
    uint32_t x = neurosim_bits(lane ^ 0x5bd1e995U);
    x = neurosim_bits(x + 0x9E3779B9U * (uint32_t)step);
    const uint32_t y = neurosim_bits(x ^ (lane * 0x85EBCA6BU + 0x27D4EB2FU));
    const uint32_t z = neurosim_bits(y + 0x165667B1U);
    const double u = ((double)(int32_t)(y ^ 0x80000000U) + 2147483648.5) * 2.3283064365386963e-10;
    const double v = ((double)(int32_t)(z ^ 0x80000000U) + 2147483648.5) * 2.3283064365386963e-10;
    return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * v);
}
"""


def _normal_draw(stream, step):
    lane = np.asarray(stream).astype(np.int32).view(np.uint32)
    with np.errstate(over="ignore"):
        x = _mix(lane ^ np.uint32(0x5BD1E995))
        x = _mix(x + np.uint32(0x9E3779B9) * np.asarray(step).astype(np.uint32))
        y = _mix(x ^ (lane * np.uint32(0x85EBCA6B) + np.uint32(0x27D4EB2F)))
        z = _mix(y + np.uint32(0x165667B1))
    u, v = (y.astype(float) + 0.5) / 2.0**32, (z.astype(float) + 0.5) / 2.0**32
    return np.sqrt(-2.0 * np.log(u)) * np.cos(2.0 * np.pi * v)


class _SparseState:
    """The NumPy side of `SparseSynapses`: what the C++ side keeps in one object."""

    def connect(self, wiring: WiringPlan, synapses: Synapses, unit: float, into: np.ndarray) -> None:
        self.plan, self.synapses, self.into = wiring, synapses, into
        self.weights = wiring.weights * unit
        self.sent: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
        self.sums = {name: np.zeros(len(wiring.weights)) for name in ("count", "release", "u", "x")}

    def emit(self, sender, step, strength):
        sender, strength = np.atleast_1d(sender), np.broadcast_to(strength, np.shape(np.atleast_1d(sender)))
        if sender.size:
            self.sent.setdefault(int(step), []).append((sender, np.array(strength, dtype=float)))
            population = self.plan.population[sender]
            np.add.at(self.sums["count"], population, 1.0)
            np.add.at(self.sums["release"], population, strength)
        return np.zeros(sender.shape)

    def deliver(self, step):
        step = int(np.ravel(step)[0])
        self.sent.pop(step - self.plan.max_delay - 1, None)
        for delay in range(1, self.plan.max_delay + 1):
            for senders, strengths in self.sent.get(step - delay, ()):
                for sender, strength in zip(senders, strengths, strict=True):
                    for layer in range(self.plan.layers):
                        self._add(layer, int(sender), delay, strength if layer else 1.0)
        return 0.0

    def _add(self, layer: int, sender: int, delay: int, factor: float) -> None:
        where = (layer * self.plan.senders + sender) * self.plan.max_delay + delay - 1
        own = self.synapses.packed[self.synapses.starts[where] : self.synapses.starts[where + 1]]
        table = self.weights[self.plan.population[sender], layer]
        np.add.at(self.into, own & np.uint32(0xFFFFFF), factor * table[own >> np.uint32(24)])

    def tally(self, population, u, x):
        population = np.atleast_1d(population)
        np.add.at(self.sums["u"], population, u)
        np.add.at(self.sums["x"], population, x)
        return np.zeros(population.shape)

    def take(self, name: str):
        def taken(population):
            values = self.sums[name][np.atleast_1d(population)].copy()
            self.sums[name][np.atleast_1d(population)] = 0.0
            return values

        return taken


SPARSE = _SparseState()


def _function(python, types: list[str], name: str, code: str, stateless: bool = False):
    function = b2.Function(
        python, arg_units=[1] * len(types), arg_types=types, return_unit=1, stateless=stateless
    )
    function.implementations.add_implementation(
        "cpp", code=code, name=name, compiler_kwds={"headers": [*HEADERS, f'"{HEADER.name}"']}
    )
    return function


normal_draw = _function(_normal_draw, ["integer", "integer"], "normal_draw", _NORMAL_CPP, stateless=True)

emit = _function(
    SPARSE.emit,
    ["integer", "integer", "float"],
    "emit",
    """
static double emit(const int32_t sender, const int64_t step, const double strength) {
    neurosim::sparse_synapses().emit(sender, step, strength); return 0.0;
}
""",
)

tally = _function(
    SPARSE.tally,
    ["integer", "float", "float"],
    "tally",
    """
static double tally(const int32_t population, const double u, const double x) {
    neurosim::sparse_synapses().tally(population, u, x); return 0.0;
}
""",
)

taken = {
    name: _function(
        SPARSE.take(name),
        ["integer"],
        f"take_{name}",
        f"""
static double take_{name}(const int32_t population) {{
    return neurosim::sparse_synapses().take_{name}(population);
}}
""",
    )
    for name in ("count", "release", "u", "x")
}


def deliver_into(array: str):
    """The function ``deliver(step)`` that adds what arrives to an array of the generated program."""
    return _function(
        SPARSE.deliver,
        ["integer"],
        "deliver",
        f"""
static double deliver(const int64_t step) {{
    neurosim::sparse_synapses().deliver(step, brian::{array}); return 0.0;
}}
""",
    )
