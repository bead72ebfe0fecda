"""Population, Projection, Input, Readout, Circuit: a circuit as pure data.

Nothing here knows a simulator: a circuit can be hashed, compared, changed with
`dataclasses.replace`, printed as a methods table, and compiled by any engine.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from neurosim.parameters import NeuronParameters, Receptors
from neurosim.ring import GaussianKernel, GaussianProfile, VonMisesProfile

__all__ = ["Circuit", "Input", "Population", "Projection", "Readout"]

RECEPTORS = ("ampa", "nmda", "gaba")


@dataclass(frozen=True)
class Population:
    """A group of identical neurons that are wired alike.

    Parameters
    ----------
    name
        Unique name, dotted by part: ``"sensory.go"``.
    size
        Number of neurons.
    neuron
        Membrane parameters.
    g_ext_ns
        Conductance of one external AMPA synapse (nS).
    background_hz
        Summed rate of the independent Poisson background of each neuron (Hz).
    """

    name: str
    size: int
    neuron: NeuronParameters
    g_ext_ns: float
    background_hz: float = 2400.0


@dataclass(frozen=True)
class Projection:
    """All-to-all synapses from one population to another.

    Parameters
    ----------
    source, target
        Names of populations.
    receptor
        ``"ampa"``, ``"nmda"`` or ``"gaba"``.
    g_ns
        Conductance of one synapse (nS).
    weight
        Relative weight that multiplies `g_ns` (w+, w- of the papers).
    arousal
        How much of the weight follows arousal g(t): weight (1 + arousal (g(t) - 1)).
    kernel
        None joins every pair alike. A kernel makes both populations rings, and multiplies the weight of
        a pair by its value at the difference of their preferred directions.
    """

    source: str
    target: str
    receptor: Literal["ampa", "nmda", "gaba"]
    g_ns: float
    weight: float = 1.0
    arousal: float = 0.0
    kernel: GaussianKernel | None = None


@dataclass(frozen=True)
class Input:
    """An input channel: what level 1 on `channel` adds to the neurons of `target`.

    Parameters
    ----------
    channel
        Name of the channel in a `Drive`.
    target
        Name of the population.
    rate_hz
        Added to the rate of the external synapses (Hz).
    arousal
        As in `Projection`: how much of the input follows g(t).
    current_na
        Injected into each neuron (nA).
    profile
        None gives every neuron the same. A profile makes the population a ring, and scales the input to
        a neuron by its distance from the direction of the channel, which the drive says.
    """

    channel: str
    target: str
    rate_hz: float = 0.0
    arousal: float = 0.0
    current_na: float = 0.0
    profile: GaussianProfile | VonMisesProfile | None = None

    @property
    def per_neuron(self) -> tuple[str, ...]:
        """What each neuron of the target keeps for itself: ``"current"``, ``"rate"``, or nothing."""
        rate = self.profile is not None and self.rate_hz != 0
        return ("current",) * (self.current_na != 0) + ("rate",) * rate


@dataclass(frozen=True)
class Readout:
    """Responses, detected while the simulation runs.

    A response is given when the rate of its population, low-passed with `tau_ms`, crosses
    `threshold_hz`. It then opens an inhibitory conductance `reset_ns` on every excitatory response
    population (corollary inhibition), decaying with `tau_reset_ms`; the next response of the
    circuit is possible `dead_time_ms` later. `reset_pairs` names, for circuits that do more than one
    thing at a time, which response resets which population; empty: each resets all.
    """

    populations: tuple[str, ...] = ()
    resets: tuple[str, ...] = ()
    threshold_hz: float = 35.0
    tau_ms: float = 20.0
    reset_ns: float = 50.0
    tau_reset_ms: float = 100.0
    dead_time_ms: float = 200.0
    reset_pairs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Circuit:
    """Populations, projections, inputs and readout.

    Parameters
    ----------
    name
        What the circuit does.
    populations, projections, inputs, readout
        Its parts.
    receptors
        Synaptic kinetics, shared by all projections.
    delay_ms
        Delay of every recurrent synapse (ms).

    Raises
    ------
    ValueError
        Lists every unknown population or receptor, with the known ones, and every size or
        conductance that is not positive.
    """

    name: str
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...] = ()
    inputs: tuple[Input, ...] = ()
    readout: Readout = field(default_factory=Readout)
    receptors: Receptors = field(default_factory=Receptors)
    delay_ms: float = 0.5

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
        """Number of neurons."""
        return sum(p.size for p in self.populations)

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the input channels, in order of first use."""
        return tuple(dict.fromkeys(i.channel for i in self.inputs))

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of every value of the circuit."""
        return _digest(asdict(self))

    @property
    def structure_digest(self) -> str:
        """SHA-256 of what a compiled simulation depends on; weights, rates and conductances are not."""
        plain = asdict(self)
        for projection in plain["projections"]:
            for free in ("g_ns", "weight", "arousal"):
                del projection[free]
            # the values of a kernel are free, that there is one is not
            projection["kernel"] = projection["kernel"] is not None
        for channel, value in zip(plain["inputs"], self.inputs, strict=True):
            for free in ("rate_hz", "arousal", "current_na"):
                del channel[free]
            channel["profile"] = value.per_neuron
        for population in plain["populations"]:
            del population["background_hz"]
        for free in ("threshold_hz", "reset_ns", "dead_time_ms"):
            del plain["readout"][free]
        del plain["name"]
        return _digest(plain)

    def scale_projections(self, source: str, target: str, factor: float) -> Circuit:
        """The same circuit with every excitatory weight from `source` to `target` times `factor`.

        Raises
        ------
        ValueError
            If there is no such projection.
        """
        hit = [p.source == source and p.target == target and p.receptor != "gaba" for p in self.projections]
        if not any(hit):
            pairs = sorted({(p.source, p.target) for p in self.projections if p.receptor != "gaba"})
            raise ValueError(f"no excitatory projection {source} -> {target}; there are {pairs}")
        return replace(
            self,
            projections=tuple(
                replace(p, weight=p.weight * factor) if h else p
                for p, h in zip(self.projections, hit, strict=True)
            ),
        )

    def methods_table(self) -> str:
        """The circuit as text: what a methods section would list."""
        lines = [f"{self.name}: {self.size} neurons, delay {self.delay_ms} ms", "", "Populations"]
        for p in self.populations:
            n = p.neuron
            lines.append(
                f"  {p.name:<22}{p.size:>5} neurons  tau_m {n.tau_m_ms:.0f} ms, "
                f"V_reset {n.v_reset_mv:.0f} mV, tau_ref {n.tau_ref_ms:.0f} ms, "
                f"background {p.background_hz:.0f} Hz x {p.g_ext_ns} nS"
            )
        lines += ["", "Projections (all to all)"]
        for s in self.projections:
            follows = f", {s.arousal:.0%} follows arousal" if s.arousal else ""
            k = s.kernel
            ring = f", Gaussian sigma {k.sigma_deg:g} deg, J+ {k.peak:.4g}, J- {k.j_minus:.4g}" if k else ""
            lines.append(
                f"  {s.source:<22}-> {s.target:<22}{s.receptor:<5} "
                f"{s.g_ns:.4g} nS x {s.weight:.4g}{ring}{follows}"
            )
        lines += ["", "Inputs"]
        for i in self.inputs:
            follows = f", {i.arousal:.0%} follows arousal" if i.arousal else ""
            amounts = [f"{i.rate_hz:.0f} Hz"] if i.rate_hz or not i.current_na else []
            amounts += [f"{i.current_na:g} nA"] if i.current_na else []
            shape = f", {i.profile}" if i.profile else ""
            lines.append(f"  {i.channel:<22}-> {i.target:<22}{' + '.join(amounts)}{shape}{follows}")
        r = self.readout
        lines += [
            "",
            f"Readout: {', '.join(r.populations) or 'none'}; response at {r.threshold_hz:.0f} Hz "
            f"(low pass {r.tau_ms:.0f} ms); reset {r.reset_ns:.0f} nS for {r.tau_reset_ms:.0f} ms on "
            f"{', '.join(r.resets) or 'nothing'}; next response after {r.dead_time_ms:.0f} ms",
        ]
        return "\n".join(lines)

    __str__ = methods_table


def _faults(circuit: Circuit) -> Iterable[str]:
    names = circuit.names
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield f"population {name!r} is there more than once"
    for p in circuit.populations:
        if p.size < 1:
            yield f"population {p.name!r}: size = {p.size}, must be at least 1"
        if not (_finite(p.g_ext_ns) and _finite(p.background_hz)):
            yield f"population {p.name!r}: g_ext_ns and background_hz must be finite and not negative"
    for s in circuit.projections:
        here = f"projection {s.source} -> {s.target}"
        for end in (s.source, s.target):
            if end not in names:
                yield f"{here}: unknown population {end!r}; known are {list(names)}"
        if s.receptor not in RECEPTORS:
            yield f"{here}: unknown receptor {s.receptor!r}; known are {list(RECEPTORS)}"
        if not (_finite(s.g_ns) and _finite(s.weight)):
            yield f"{here}: g_ns and weight must be finite and not negative"
    for i in circuit.inputs:
        if i.target not in names:
            yield f"input {i.channel!r}: unknown population {i.target!r}; known are {list(names)}"
        for name, value in (("rate_hz", i.rate_hz), ("current_na", i.current_na)):
            if not math.isfinite(value):
                yield f"input {i.channel!r}: {name} = {value}, must be finite"
    paired = [name for pair in circuit.readout.reset_pairs for name in pair]
    for name in dict.fromkeys((*circuit.readout.populations, *circuit.readout.resets, *paired)):
        if name not in names:
            yield f"readout: unknown population {name!r}; known are {list(names)}"


def _finite(value: float) -> bool:
    return math.isfinite(value) and value >= 0


def _digest(plain: dict) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
