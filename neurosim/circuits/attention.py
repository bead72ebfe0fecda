"""The circuit that performs the attention tasks: sensory, control, decision, and arousal over all.

Three stages of the same kind, each a set of selective excitatory pools that compete through shared
inhibition (Wang 2002), wired in one direction with one way back:

- **sensory**: pools for stimulus features, weak recurrence; driven by the stimulus, their gain raised
  by the goal that matches.
- **control**: pools for goals, with self-excitation strong enough to hold themselves (Brunel & Wang
  2001). An instruction switches a goal on; shared inhibition makes goals compete; a stimulus
  that matches a goal refreshes it.
- **decision**: slow NMDA integrators for press and withhold. Two routes lead here: a direct one from
  every stimulus to press (habit), and one from the sensory pools (go to press, no-go to withhold).
- **arousal** g(t) scales the self-excitation of control and the drive of the senses.

A commission error is a decision on which the direct route ran ahead of the attended one; a lapse is
a goal that fell out of its attractor. Neither is scripted.

What is from the papers: neurons, receptors, conductance totals, w+ and w- and the fractions f of the
selective pools. What is this package's own: stage sizes, the strengths between stages, and
the response threshold (`AttentionParameters` says so line by line).

References
----------
Wang, X.-J. (2002). Neuron, 36, 955-968. doi:10.1016/S0896-6273(02)01092-9
Brunel, N. & Wang, X.-J. (2001). J Comput Neurosci, 11, 63-85. doi:10.1023/A:1011204814320
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from neurosim.circuit import Circuit, Input, Population, Projection, Readout
from neurosim.parameters import INTERNEURON, PYRAMIDAL

__all__ = ["AttentionParameters", "attention_circuit"]

# totals of Wang 2002 (nS): the conductance of one synapse times the number of sources
AMPA_TO_E, AMPA_TO_I = 80.0, 64.0
NMDA_TO_E, NMDA_TO_I = 264.0, 208.0
GABA_TO_E, GABA_TO_I = 520.0, 400.0
EXT_TO_E, EXT_TO_I = 2.1, 1.62


@dataclass(frozen=True)
class AttentionParameters:
    """Free numbers of the circuit; the unit is in the name, the source beside it."""

    features: tuple[str, ...] = ("go", "no_go")
    pool_size: int = 80  # own choice; Wang 2002 has 240
    rest_size: int = 40  # own choice; Wang 2002 has 1120, whose total conductance these carry
    inhibitory_size: int = 80  # own choice; Wang 2002 has 400
    selective_fraction: float = 0.15  # f, Wang 2002
    goal_fraction: float = 0.1  # f, Brunel & Wang 2001
    w_plus_sensory: float = 1.2  # own choice: weak recurrence
    w_plus_control: float = 2.4  # own choice: a goal holds itself at 40-50 Hz; Brunel & Wang 2001 have 2.1
    w_plus_decision: float = 1.7  # Wang 2002
    sensory_background_hz: float = 2150.0  # own choice: senses rest below threshold; Wang 2002 has 2400
    stimulus_hz: float = 600.0  # own choice: rate added by a stimulus to its sensory pool
    direct_hz: float = 122.0  # own choice: habit, from every stimulus to press
    cue_hz: float = 600.0  # own choice: instruction to its goal
    sensory_to_decision_ns: float = 6.0  # own choice: total AMPA conductance
    goal_to_sensory_ns: float = 16.0  # own choice: total NMDA conductance, the attentional gain
    sensory_to_goal_ns: float = 3.0  # own choice: total AMPA conductance, refreshes the goal
    threshold_hz: float = 25.0  # own choice
    reset_ns: float = 15.0  # own choice: corollary inhibition after a response


def attention_circuit(parameters: AttentionParameters | None = None) -> Circuit:
    """Build the circuit.

    Channels: one per feature (a stimulus, level 1 = full), and ``attend_<feature>`` for the instruction.
    Readout: ``decision.press`` and ``decision.withhold``.
    """
    p = parameters or AttentionParameters()
    stages = (
        _stage("sensory", p.features, p.selective_fraction, p.w_plus_sensory, 0.0, p),
        _stage("control", p.features, p.goal_fraction, p.w_plus_control, 1.0, p),
        _stage("decision", ("press", "withhold"), p.selective_fraction, p.w_plus_decision, 0.0, p),
    )
    senses = [f"sensory.{feature}" for feature in p.features]
    populations = tuple(
        replace(x, background_hz=p.sensory_background_hz) if x.name in senses else x
        for stage in stages
        for x in stage[0]
    )
    projections = tuple(x for stage in stages for x in stage[1]) + _between(p)
    inputs = []
    for feature in p.features:
        inputs.append(Input(feature, f"sensory.{feature}", p.stimulus_hz, arousal=1.0))
        inputs.append(Input(feature, "decision.press", p.direct_hz))
        inputs.append(Input(f"attend_{feature}", f"control.{feature}", p.cue_hz))
    readout = Readout(
        populations=("decision.press", "decision.withhold"),
        resets=("decision.press", "decision.withhold"),
        threshold_hz=p.threshold_hz,
        reset_ns=p.reset_ns,
    )
    return Circuit("attention", populations, projections, tuple(inputs), readout)


def _stage(part: str, selective, fraction: float, w_plus: float, arousal: float, p: AttentionParameters):
    """A competition: selective pools, the rest of the excitatory cells, shared inhibition."""
    w_minus = 1.0 - fraction * (w_plus - 1.0) / (1.0 - fraction)
    names = [f"{part}.{s}" for s in selective]
    rest, inhibition = f"{part}.rest", f"{part}.inhibition"
    populations = [Population(n, p.pool_size, PYRAMIDAL, EXT_TO_E) for n in names]
    populations.append(Population(rest, p.rest_size, PYRAMIDAL, EXT_TO_E))
    populations.append(Population(inhibition, p.inhibitory_size, INTERNEURON, EXT_TO_I))

    # the share of all excitatory synapses that come from each pool, whatever its number of neurons
    share = dict.fromkeys(names, fraction) | {rest: 1.0 - fraction * len(names)}
    projections = []
    for source, part_of_all in share.items():
        one = part_of_all / (p.rest_size if source == rest else p.pool_size)
        for target in names:
            weight = w_plus if source == target else w_minus
            follows = arousal if source == target else 0.0
            projections.append(Projection(source, target, "ampa", AMPA_TO_E * one, weight, follows))
            projections.append(Projection(source, target, "nmda", NMDA_TO_E * one, weight, follows))
        projections.append(Projection(source, rest, "ampa", AMPA_TO_E * one))
        projections.append(Projection(source, rest, "nmda", NMDA_TO_E * one))
        projections.append(Projection(source, inhibition, "ampa", AMPA_TO_I * one))
        projections.append(Projection(source, inhibition, "nmda", NMDA_TO_I * one))
    for target in (*names, rest):
        projections.append(Projection(inhibition, target, "gaba", GABA_TO_E / p.inhibitory_size))
    projections.append(Projection(inhibition, inhibition, "gaba", GABA_TO_I / p.inhibitory_size))
    return populations, projections


def _between(p: AttentionParameters) -> tuple[Projection, ...]:
    def link(source: str, target: str, receptor, total_ns: float) -> Projection:
        return Projection(source, target, receptor, total_ns / p.pool_size)

    links = []
    for feature in p.features:
        act = "withhold" if feature == "no_go" else "press"
        links.append(link(f"sensory.{feature}", f"decision.{act}", "ampa", p.sensory_to_decision_ns))
        links.append(link(f"control.{feature}", f"sensory.{feature}", "nmda", p.goal_to_sensory_ns))
        links.append(link(f"sensory.{feature}", f"control.{feature}", "ampa", p.sensory_to_goal_ns))
    return tuple(links)
