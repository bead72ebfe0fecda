"""Circuits with random sparse wiring, as pure data: populations, random projections, inputs.

Neurons are leaky integrate-and-fire with current-based synapses, exponential or instantaneous:

    C_m dV/dt = -C_m (V - E_L) / tau_m + I_syn + I_mean     tau_syn dI_syn/dt = -I_syn + tau_syn sum w delta
    tau_m dV/dt = -(V - E_L) + mu + sigma sqrt(tau_m) xi(t) + tau_m sum w delta      (instantaneous)

Nothing here knows a simulator. `neurosim.engine.sparse.simulate_sparse` runs it.

References
----------
Potjans, T. C. & Diesmann, M. (2014). Cereb Cortex, 24, 785-806. doi:10.1093/cercor/bhs358
Tsodyks, M., Pawelzik, K. & Markram, H. (1998). Neural Comput, 10, 821-835. doi:10.1162/089976698300017502
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

import numpy as np

__all__ = [
    "Background",
    "CurrentNeuron",
    "Plasticity",
    "PoissonSource",
    "RandomProjection",
    "SparseCircuit",
    "SparseInput",
    "SparsePopulation",
]

MAX_NEURONS = 1 << 24
"""A synapse holds the number of its target in 24 bits."""


@dataclass(frozen=True)
class CurrentNeuron:
    """A leaky integrate-and-fire neuron with current-based synapses (units in the names).

    Parameters
    ----------
    tau_syn_ms
        Decay of synaptic current; 0: a synapse shifts the potential at once, and weights are in mV.
    v0_mean_mv, v0_sd_mv
        Initial potentials are normal with these; values above threshold become resets.
    """

    tau_m_ms: float
    c_m_pf: float
    tau_ref_ms: float
    tau_syn_ms: float
    e_l_mv: float
    v_th_mv: float
    v_reset_mv: float
    v0_mean_mv: float
    v0_sd_mv: float = 0.0


@dataclass(frozen=True)
class PoissonSource:
    """Neurons that are only Poisson trains, at the rate that the input channels give them."""

    rate_hz: float = 0.0


@dataclass(frozen=True)
class Background:
    """What every neuron of a population gets from outside, independently of the others.

    Parameters
    ----------
    poisson_hz
        Summed rate of its external synapses (Hz), Poisson.
    weight
        Weight of one of them (pA; mV if synapses are instantaneous).
    mean
        Constant drive (pA; for instantaneous synapses the steady depolarisation mu in mV).
    noise_sd_mv
        sigma of the Gaussian white noise (mV); without spikes the potential has the SD sigma / sqrt(2).
    """

    poisson_hz: float = 0.0
    weight: float = 0.0
    mean: float = 0.0
    noise_sd_mv: float = 0.0


@dataclass(frozen=True)
class SparsePopulation:
    """Alike neurons with their background; `neuron` may be a `PoissonSource`."""

    name: str
    size: int
    neuron: CurrentNeuron | PoissonSource
    background: Background = field(default_factory=Background)


@dataclass(frozen=True)
class Plasticity:
    """Short-term plasticity of Tsodyks and Markram; a synapse sends weight * u * x.

    du/dt = (U - u) / tau_F + U (1 - u) delta;    dx/dt = (1 - x) / tau_D - u x delta
    """

    utilisation: float
    tau_facilitation_ms: float
    tau_depression_ms: float

    def steady_state(self, rate_hz: float) -> tuple[float, float]:
        """(u, x) that a synapse uses at a Poisson rate, averaged as if spikes were independent of x.

        u = U (1 + tau_F r) / (1 + U tau_F r);  x = 1 / (1 + u tau_D r)
        """
        facilitation = self.tau_facilitation_ms * 1e-3 * rate_hz
        u = self.utilisation * (1 + facilitation) / (1 + self.utilisation * facilitation)
        return u, 1 / (1 + u * self.tau_depression_ms * 1e-3 * rate_hz)

    def steady_state_regular(self, rate_hz: float) -> tuple[float, float]:
        """(u, x) that a synapse uses at each spike of a regular train: exact."""
        gap_ms = 1e3 / rate_hz
        keep_u = math.exp(-gap_ms / self.tau_facilitation_ms)
        keep_x = math.exp(-gap_ms / self.tau_depression_ms)
        one = self.utilisation
        u = (one + (1 - one) * one * (1 - keep_u)) / (1 - (1 - one) * keep_u)
        return u, (1 - keep_x) / (1 - (1 - u) * keep_x)


@dataclass(frozen=True)
class RandomProjection:
    """Random synapses from one population to another.

    Parameters
    ----------
    source, target
        Names of populations.
    weight
        Mean weight (pA; mV if synapses are instantaneous); negative: inhibitory.
    synapses
        Their number: each draws source and target at random, so that a pair may have several (multapses).
    probability
        Or the probability that a pair is connected, at most once. Give one of the two.
    weight_sd
        SD of the weight.
    delay_ms, delay_sd_ms
        Mean and SD of the delay (ms): normal without what would round to less than a step.
    delay_range_ms
        Or a range in which delays are uniform.
    plasticity
        Short-term plasticity; one set for all plastic projections of a source.
    """

    source: str
    target: str
    weight: float
    synapses: int | None = None
    probability: float | None = None
    weight_sd: float = 0.0
    delay_ms: float = 1.5
    delay_sd_ms: float = 0.0
    delay_range_ms: tuple[float, float] | None = None
    plasticity: Plasticity | None = None


@dataclass(frozen=True)
class SparseInput:
    """An input channel: level 1 adds this to the background of a population.

    Parameters
    ----------
    channel, target
        Name of the channel; name of the population.
    poisson_hz
        Rate of external spikes with the weight of the population's background, or the rate of a
        `PoissonSource` (Hz).
    mean
        Constant drive (pA; mV if synapses are instantaneous).
    """

    channel: str
    target: str
    poisson_hz: float = 0.0
    mean: float = 0.0


@dataclass(frozen=True)
class SparseCircuit:
    """Populations, random projections and inputs.

    Parameters
    ----------
    name
        What the circuit does.
    populations, projections, inputs
        Its parts.
    wiring_seed
        Seed of the random wiring; None: every simulation wires anew, from its own seed.

    Raises
    ------
    ValueError
        Lists every fault: unknown populations with the known ones, sizes, weights and delays out of range.
    """

    name: str
    populations: tuple[SparsePopulation, ...]
    projections: tuple[RandomProjection, ...] = ()
    inputs: tuple[SparseInput, ...] = ()
    wiring_seed: int | None = None

    def __post_init__(self) -> None:
        faults = list(_faults(self))
        if faults:
            raise ValueError(f"circuit {self.name!r} is not valid:\n  " + "\n  ".join(faults))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the populations, in order."""
        return tuple(p.name for p in self.populations)

    @property
    def size(self) -> int:
        """Number of neurons, Poisson sources not counted."""
        return sum(p.size for p in self.populations if isinstance(p.neuron, CurrentNeuron))

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the input channels, in order of first use."""
        return tuple(dict.fromkeys(i.channel for i in self.inputs))

    @property
    def instantaneous(self) -> bool:
        """Whether synapses shift the potential at once (weights in mV)."""
        return any(isinstance(p.neuron, CurrentNeuron) and p.neuron.tau_syn_ms == 0 for p in self.populations)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of every value of the circuit."""
        plain = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(plain.encode()).hexdigest()

    def population(self, name: str) -> SparsePopulation:
        """The population of a name.

        Raises
        ------
        KeyError
            If it is unknown; names the known ones.
        """
        if name not in self.names:
            raise KeyError(f"unknown population {name!r}; known are {list(self.names)}")
        return self.populations[self.names.index(name)]

    def expected_synapses(self, projection: RandomProjection) -> float:
        """Number of synapses of a projection; its expectation if they are drawn by probability."""
        if projection.synapses is not None:
            return float(projection.synapses)
        pairs = self.population(projection.source).size * self.population(projection.target).size
        return float(projection.probability or 0.0) * pairs

    def in_degrees(self) -> np.ndarray:
        """Mean number of synapses that a neuron gets, shape (target population, source population)."""
        table = np.zeros((len(self.names), len(self.names)))
        for p in self.projections:
            size = self.population(p.target).size
            table[self.names.index(p.target), self.names.index(p.source)] += self.expected_synapses(p) / size
        return table

    def methods_table(self) -> str:
        """The circuit as text: what a methods section would list."""
        total = sum(self.expected_synapses(p) for p in self.projections)
        unit = "mV" if self.instantaneous else "pA"
        lines = [f"{self.name}: {self.size} neurons, {total:.4g} synapses", "", "Populations"]
        for p in self.populations:
            if isinstance(p.neuron, PoissonSource):
                lines.append(f"  {p.name:<16}{p.size:>6} Poisson sources, {p.neuron.rate_hz:g} Hz")
                continue
            n, b = p.neuron, p.background
            lines.append(
                f"  {p.name:<16}{p.size:>6} neurons  tau_m {n.tau_m_ms:g} ms, V_th {n.v_th_mv:g} mV, "
                f"V_reset {n.v_reset_mv:g} mV, tau_ref {n.tau_ref_ms:g} ms, tau_syn {n.tau_syn_ms:g} ms; "
                f"drive {b.mean:.5g} {unit}, {b.poisson_hz:g} Hz x {b.weight:.4g} {unit}, "
                f"noise {b.noise_sd_mv:g} mV"
            )
        lines += ["", "Projections (random)"]
        for s in self.projections:
            rule = f"{s.synapses} synapses" if s.synapses is not None else f"probability {s.probability:g}"
            delay = (
                f"{s.delay_range_ms[0]:g} to {s.delay_range_ms[1]:g} ms"
                if s.delay_range_ms
                else f"{s.delay_ms:g} +- {s.delay_sd_ms:g} ms"
            )
            plastic = ""
            if s.plasticity:
                q = s.plasticity
                plastic = (
                    f", U {q.utilisation:g}, tau_F {q.tau_facilitation_ms:g}, "
                    f"tau_D {q.tau_depression_ms:g} ms"
                )
            lines.append(
                f"  {s.source:<16}-> {s.target:<16}{rule}, {s.weight:.4g} +- {s.weight_sd:.3g} {unit}, "
                f"{delay}{plastic}"
            )
        lines += ["", "Inputs"]
        lines += [
            f"  {i.channel:<16}-> {i.target:<16}{i.poisson_hz:g} Hz, {i.mean:.5g} {unit}" for i in self.inputs
        ]
        return "\n".join(lines)

    __str__ = methods_table


def _faults(circuit: SparseCircuit) -> Iterable[str]:
    names = circuit.names
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield f"population {name!r} is there more than once"
    if sum(p.size for p in circuit.populations) > MAX_NEURONS:
        yield f"{sum(p.size for p in circuit.populations)} neurons; at most {MAX_NEURONS} are possible"
    cells = [p for p in circuit.populations if isinstance(p.neuron, CurrentNeuron)]
    if not cells:
        yield "no population of neurons"
    if len({p.neuron.tau_syn_ms == 0 for p in cells if isinstance(p.neuron, CurrentNeuron)}) > 1:
        yield "tau_syn_ms must be 0 (instantaneous synapses) for all populations or for none"
    for p in circuit.populations:
        yield from _population_faults(p)
    for s in circuit.projections:
        yield from _projection_faults(circuit, s)
    for source in dict.fromkeys(s.source for s in circuit.projections):
        sets = {s.plasticity for s in circuit.projections if s.source == source and s.plasticity}
        if len(sets) > 1:
            yield f"projections from {source!r}: {len(sets)} different plasticities; a source can have one"
    for i in circuit.inputs:
        if i.target not in names:
            yield f"input {i.channel!r}: unknown population {i.target!r}; known are {list(names)}"
        if not (math.isfinite(i.poisson_hz) and math.isfinite(i.mean)):
            yield f"input {i.channel!r}: poisson_hz = {i.poisson_hz} and mean = {i.mean} must be finite"


def _population_faults(p: SparsePopulation) -> Iterable[str]:
    here = f"population {p.name!r}"
    if p.size < 1:
        yield f"{here}: size = {p.size}, must be at least 1"
    if isinstance(p.neuron, PoissonSource):
        if not (math.isfinite(p.neuron.rate_hz) and p.neuron.rate_hz >= 0):
            yield f"{here}: rate_hz = {p.neuron.rate_hz}, must be finite and not negative"
        if p.background != Background():
            yield f"{here}: Poisson sources have no background"
        return
    n, b = p.neuron, p.background
    for name in ("tau_m_ms", "c_m_pf"):
        if not (math.isfinite(getattr(n, name)) and getattr(n, name) > 0):
            yield f"{here}: {name} = {getattr(n, name)}, must be positive"
    for name in ("tau_ref_ms", "tau_syn_ms", "v0_sd_mv"):
        if not (math.isfinite(getattr(n, name)) and getattr(n, name) >= 0):
            yield f"{here}: {name} = {getattr(n, name)}, must be finite and not negative"
    if n.tau_syn_ms == n.tau_m_ms:
        yield f"{here}: tau_syn_ms and tau_m_ms are both {n.tau_m_ms}; they must differ"
    if not n.v_reset_mv < n.v_th_mv:
        yield f"{here}: v_reset_mv = {n.v_reset_mv} must be below v_th_mv = {n.v_th_mv}"
    for name in ("poisson_hz", "noise_sd_mv"):
        if not (math.isfinite(getattr(b, name)) and getattr(b, name) >= 0):
            yield f"{here}: {name} = {getattr(b, name)}, must be finite and not negative"
    if not (math.isfinite(b.mean) and math.isfinite(b.weight)):
        yield f"{here}: mean = {b.mean} and weight = {b.weight} must be finite"


def _projection_faults(circuit: SparseCircuit, s: RandomProjection) -> Iterable[str]:
    here = f"projection {s.source} -> {s.target}"
    known = list(circuit.names)
    for end in (s.source, s.target):
        if end not in known:
            yield f"{here}: unknown population {end!r}; known are {known}"
    if s.target in known and isinstance(circuit.population(s.target).neuron, PoissonSource):
        yield f"{here}: Poisson sources take no synapses"
    if (s.synapses is None) == (s.probability is None):
        yield f"{here}: give synapses or probability, not both and not neither"
    if s.synapses is not None and s.synapses < 0:
        yield f"{here}: synapses = {s.synapses}, must not be negative"
    if s.probability is not None and not 0 <= s.probability <= 1:
        yield f"{here}: probability = {s.probability}, must be 0 to 1"
    if not math.isfinite(s.weight):
        yield f"{here}: weight = {s.weight}, must be finite"
    if not (math.isfinite(s.weight_sd) and s.weight_sd >= 0):
        yield f"{here}: weight_sd = {s.weight_sd}, must be finite and not negative"
    low, high = s.delay_range_ms or (s.delay_ms, s.delay_ms)
    if not (math.isfinite(high) and 0 < low <= high and math.isfinite(s.delay_sd_ms) and s.delay_sd_ms >= 0):
        yield f"{here}: delays must be positive and finite, their SD not negative"
    if s.plasticity:
        q = s.plasticity
        if not (0 < q.utilisation <= 1 and q.tau_facilitation_ms > 0 and q.tau_depression_ms > 0):
            yield f"{here}: plasticity needs 0 < utilisation <= 1 and positive time constants"
