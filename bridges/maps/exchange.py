"""Exchange with NIR: current-based spiking networks go out and come back with the same numbers.

Equations. NIR (Pedersen et al. 2024) has two spiking neurons, and this package's plain form of them is

    LIF       tau_m dv/dt = v_leak - v + R I                        I: what arrives, held for a time step
    CubaLIF   tau_m dv/dt = v_leak - v + R J,   tau_s dJ/dt = -J + w_in I
    spike and v <- v_reset where v > v_threshold

joined by Linear (W x), Affine (W x + b) and Delay (x(t - d)) nodes. Units are SI: volts, seconds, ohms.

Assumptions. Synapses are currents whatever the membrane does; no refractory time; every neuron of a
population may have parameters of its own.

Valid range. Graphs of these five nodes between one or more inputs and outputs; any wiring, loops included.

Failure behaviour. What NIR cannot say is refused with the name of the part: `circuit_to_nir` names the first
conductance, voltage dependence or refractory time of a `Circuit`; `from_nir` names the node and its kind.
Nothing is approximated on the way.

References
----------
Pedersen, J. E. et al. (2024). Neuromorphic intermediate representation. Nat Commun, 15, 8122.
doi:10.1038/s41467-024-52259-9
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.circuit import Circuit

if TYPE_CHECKING:
    import nir

__all__ = [
    "CubaLIF",
    "CurrentNetwork",
    "Delay",
    "InexpressibleError",
    "LIF",
    "Weights",
    "circuit_to_nir",
    "from_nir",
    "read_nir",
    "to_nir",
    "write_nir",
]


class InexpressibleError(ValueError):
    """Something that the other format has no word for; `part` names it."""

    def __init__(self, part: str, why: str) -> None:
        super().__init__(f"{part}: {why}")
        self.part = part


@dataclass(frozen=True, eq=False)
class LIF:
    """Leaky integrate-and-fire neurons driven by currents; each field has one value a neuron.

    Parameters
    ----------
    tau_m_s
        Membrane time constant (s).
    resistance_ohm
        Input resistance (ohm).
    v_leak_v, v_threshold_v, v_reset_v
        Potentials (V).
    """

    tau_m_s: np.ndarray
    resistance_ohm: np.ndarray
    v_leak_v: np.ndarray
    v_threshold_v: np.ndarray
    v_reset_v: np.ndarray

    def __post_init__(self) -> None:
        _check_neurons(self)

    @property
    def size(self) -> int:
        """Number of neurons."""
        return int(np.asarray(self.tau_m_s).size)


@dataclass(frozen=True, eq=False)
class CubaLIF(LIF):
    """The same with an exponential synaptic current.

    Parameters
    ----------
    tau_s_s
        Time constant of the synaptic current (s).
    weight_in
        Jump of the current for an input of 1 that lasts tau_s.
    """

    tau_s_s: np.ndarray = field(default_factory=lambda: np.empty(0))
    weight_in: np.ndarray = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True, eq=False)
class Weights:
    """W x + b; without `bias`, W x.  ``weight`` has shape (target, source), ``bias`` (target,)."""

    weight: np.ndarray
    bias: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Delay:
    """Everything later by `delay_s` (s), one value a line."""

    delay_s: np.ndarray


Part = LIF | CubaLIF | Weights | Delay


@dataclass(frozen=True, eq=False)
class CurrentNetwork:
    """Parts and what joins them.

    Parameters
    ----------
    parts
        Name -> part.
    edges
        (source, target) by name; inputs and outputs are named too.
    inputs, outputs
        Name -> number of lines.

    Raises
    ------
    ValueError
        Lists every edge to something unknown.
    """

    parts: Mapping[str, Part]
    edges: tuple[tuple[str, str], ...]
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]

    def __post_init__(self) -> None:
        known = {*self.parts, *self.inputs, *self.outputs}
        faults = sorted({name for edge in self.edges for name in edge} - known)
        if faults:
            raise ValueError(f"edges join unknown parts {faults}; known are {sorted(known)}")


def _check_neurons(neurons: LIF) -> None:
    sizes = {f.name: np.asarray(getattr(neurons, f.name)).shape for f in fields(neurons)}
    if len(set(sizes.values())) != 1 or len(next(iter(sizes.values()))) != 1:
        raise ValueError(f"every parameter needs one value a neuron; shapes are {sizes}")
    for name in ("tau_m_s", "tau_s_s"):
        values = getattr(neurons, name, None)
        if values is not None and not np.all(np.asarray(values) > 0):
            raise ValueError(f"{name} must be above 0 s, its least is {np.min(values)}")


def to_nir(network: CurrentNetwork) -> nir.NIRGraph:
    """The network as a graph of NIR.

    Raises
    ------
    ImportError
        If the library ``nir`` is not there (``pip install neurosim[nir]``).
    """
    nir = _library()
    nodes: dict[str, Any] = {
        name: nir.Input(input_type={"input": np.array([n])}) for name, n in network.inputs.items()
    }
    nodes |= {name: nir.Output(output_type={"output": np.array([n])}) for name, n in network.outputs.items()}
    for name, part in network.parts.items():
        nodes[name] = _node(nir, part)
    return nir.NIRGraph(nodes=nodes, edges=list(network.edges))


def _node(nir: Any, part: Part) -> Any:
    if isinstance(part, Weights):
        if part.bias is None:
            return nir.Linear(weight=np.asarray(part.weight))
        return nir.Affine(weight=np.asarray(part.weight), bias=np.asarray(part.bias))
    if isinstance(part, Delay):
        return nir.Delay(delay=np.asarray(part.delay_s))
    membrane = {
        "r": part.resistance_ohm,
        "v_leak": part.v_leak_v,
        "v_threshold": part.v_threshold_v,
        "v_reset": part.v_reset_v,
    }
    if isinstance(part, CubaLIF):
        return nir.CubaLIF(tau_mem=part.tau_m_s, tau_syn=part.tau_s_s, w_in=part.weight_in, **membrane)
    return nir.LIF(tau=part.tau_m_s, **membrane)


def from_nir(graph: nir.NIRGraph) -> CurrentNetwork:
    """The network that a graph of NIR describes.

    Raises
    ------
    InexpressibleError
        Names the first node of a kind that this form does not have.
    """
    nir = _library()
    parts: dict[str, Part] = {}
    inputs: dict[str, int] = {}
    outputs: dict[str, int] = {}
    for name, node in graph.nodes.items():
        if isinstance(node, nir.Input):
            inputs[name] = int(np.prod(node.input_type["input"]))
        elif isinstance(node, nir.Output):
            outputs[name] = int(np.prod(node.output_type["output"]))
        elif isinstance(node, nir.CubaLIF):
            n = np.asarray(node.tau_mem).shape
            r, leak, threshold, reset = _membrane(node, n)
            tau_s, weight = _full(node.tau_syn, n), _full(node.w_in, n)
            parts[name] = CubaLIF(node.tau_mem, r, leak, threshold, reset, tau_s, weight)
        elif isinstance(node, nir.LIF):
            parts[name] = LIF(node.tau, *_membrane(node, np.asarray(node.tau).shape))
        elif isinstance(node, nir.Affine):
            parts[name] = Weights(node.weight, node.bias)
        elif isinstance(node, nir.Linear):
            parts[name] = Weights(node.weight)
        elif isinstance(node, nir.Delay):
            parts[name] = Delay(node.delay)
        else:
            raise InexpressibleError(f"node {name!r}", f"{type(node).__name__} has no counterpart here")
    return CurrentNetwork(parts, tuple((str(a), str(b)) for a, b in graph.edges), inputs, outputs)


def _membrane(node: Any, shape: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    reset = np.zeros(shape) if node.v_reset is None else node.v_reset
    return tuple(_full(value, shape) for value in (node.r, node.v_leak, node.v_threshold, reset))


def _full(value: Any, shape: tuple[int, ...]) -> np.ndarray:
    return np.array(np.broadcast_to(np.asarray(value), shape))


def write_nir(network: CurrentNetwork, path: Path | str) -> None:
    """Write a network as a file of NIR (HDF5)."""
    _library().write(str(path), to_nir(network))


def read_nir(path: Path | str) -> CurrentNetwork:
    """Read a file of NIR; see `from_nir`."""
    return from_nir(_library().read(str(path)))


def circuit_to_nir(circuit: Circuit) -> nir.NIRGraph:
    """A circuit of this package as a graph of NIR, which its conductances make impossible as a rule.

    Raises
    ------
    InexpressibleError
        Names the first part that NIR has no word for.
    """
    for projection in circuit.projections:
        here = f"projection {projection.source} -> {projection.target} ({projection.receptor})"
        if projection.receptor == "nmda":
            raise InexpressibleError(
                here, "NIR has no voltage dependence (magnesium block) and no saturation"
            )
        raise InexpressibleError(here, "NIR has currents, no conductances with a reversal potential")
    for population in circuit.populations:
        here = f"population {population.name}"
        if population.neuron.tau_ref_ms > 0:
            raise InexpressibleError(here, f"NIR has no refractory time ({population.neuron.tau_ref_ms} ms)")
        if population.background_hz > 0:
            raise InexpressibleError(here, "NIR has no random background")
    if circuit.readout.populations:
        raise InexpressibleError("readout", "NIR has no response that resets what gave it")
    if circuit.inputs:
        raise InexpressibleError(
            f"input {circuit.inputs[0].channel}", "NIR has no Poisson input of a given rate"
        )
    parts = {
        p.name: LIF(
            np.full(p.size, p.neuron.c_m_nf / p.neuron.g_l_ns),
            np.full(p.size, 1e9 / p.neuron.g_l_ns),
            np.full(p.size, 1e-3 * p.neuron.v_l_mv),
            np.full(p.size, 1e-3 * p.neuron.v_th_mv),
            np.full(p.size, 1e-3 * p.neuron.v_reset_mv),
        )
        for p in circuit.populations
    }
    sizes = {p.name: p.size for p in circuit.populations}
    edges = [(f"to {name}", name) for name in parts] + [(name, f"from {name}") for name in parts]
    network = CurrentNetwork(
        parts,
        tuple(edges),
        {f"to {name}": n for name, n in sizes.items()},
        {f"from {name}": n for name, n in sizes.items()},
    )
    return to_nir(network)


def _library() -> Any:
    try:
        import nir
    except ImportError as error:
        raise ImportError("NIR needs the library nir: pip install neurosim[nir]") from error
    return nir
