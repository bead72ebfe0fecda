"""The circuit that performs the attention tasks: sensory, control, decision, and arousal over all.

Stages of the same kind, each a set of selective excitatory pools that compete through shared inhibition
(Wang 2002), wired in one direction with one way back. Which pools there are, and what joins them, follows
from what the task calls for (`Wiring`) and from nothing else:

- **sensory**: a pool for each stimulus, weak recurrence; driven by the stimulus, its gain raised by the goal
  that matches. Where the answer to a stimulus depends on what is held in mind, a pool for each pair of the
  two, silent unless both are there.
- **control**: a pool for each instruction, with self-excitation strong enough to hold itself (Brunel & Wang
  2001). An instruction switches its goal on; shared inhibition makes goals compete; a stimulus
  that matches a goal refreshes it.
- **memory** (where something must be remembered within a trial): the same for cues and samples, sparser, so
  that several can be held. They compete with each other, not with the instruction. A response to what was
  remembered ends the memory.
- **central** (where a trial asks for two answers, or one of many places matters): a pool for each stimulus
  that calls for an act or is to be remembered. It takes the goal besides the stimulus, or its onset, to start
  one; of those that start, one wins, holds itself and routes its stimulus to the act or the memory, until the
  act or the memory is there and resets it. What comes meanwhile waits as long as its stimulus lasts: the
  bottleneck of two tasks (Zylberberg et al. 2010) and the blink (Dehaene et al. 2003) are the same stage.
  A target that it routes into memory opens the gate to all else that may be remembered: a second one right
  behind the first enters with it (Bowman & Wyble 2007). The next routing has to wait for that one to be over
  and for slow inhibition to decay, as after a phasic response of the locus coeruleus (Nieuwenhuis 2005).
- **decision**: slow NMDA integrators, one for each response and one for withholding where that is asked for;
  both components of a dual task meet here. Two routes lead here: one from the sensory pools, and a direct
  one from every stimulus to the response that it triggers out of habit, which needs no attention.
- **arousal** g(t) scales the self-excitation of control and memory and the drive of the senses.

What stands beside the attended gets a share of the gain, and triggers its act out of habit all the same.
Where many places have to be searched, what is at each of them drives the inhibition of the central stage and
of the decisions, as in a normalisation (Reynolds & Heeger 2009): among more items the target takes longer
to be selected, and the answer that nothing was found longer still, because less speaks for it.
Where places are followed, attention to one suppresses what surrounds it (Franconeri et al. 2010): what comes
near a target may start a memory of its own, and the more targets are held, the sooner one of them is lost.

A commission error is a decision on which the direct route ran ahead of the attended one; a lapse is
a goal that fell out of its attractor. Neither is scripted.

What is from the papers: neurons, receptors, conductance totals, w+ and w- and the fractions f of the
selective pools. What is this package's own: stage sizes, the strengths between stages, and
the response threshold (`AttentionParameters` says so line by line).

References
----------
Franconeri, S. L., Jonathan, S. V. & Scimeca, J. M. (2010). Psychol Sci, 21, 920-925.
doi:10.1177/0956797610373935
Reynolds, J. H. & Heeger, D. J. (2009). Neuron, 61, 168-185. doi:10.1016/j.neuron.2009.01.002
Wang, X.-J. (2002). Neuron, 36, 955-968. doi:10.1016/S0896-6273(02)01092-9
Brunel, N. & Wang, X.-J. (2001). J Comput Neurosci, 11, 63-85. doi:10.1023/A:1011204814320
Zylberberg, A., Fernandez Slezak, D., Roelfsema, P., Dehaene, S. & Sigman, M. (2010). PLoS Comput Biol, 6,
e1000765. doi:10.1371/journal.pcbi.1000765
Bowman, H. & Wyble, B. (2007). Psychol Rev, 114, 38-70. doi:10.1037/0033-295X.114.1.38
Nieuwenhuis, S. et al. (2005). J Exp Psychol Gen, 134, 291-307. doi:10.1037/0096-3445.134.3.291
Dehaene, S., Sergent, C. & Changeux, J.-P. (2003). PNAS, 100, 8520-8525. doi:10.1073/pnas.1332574100
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt
from typing import Literal

from neurosim.circuit import Circuit, Input, Population, Projection, Readout
from neurosim.circuits.attention_parameters import AttentionParameters
from neurosim.circuits.attention_wiring import GO_NO_GO, INSTRUCTION, Detector, Wiring, onset_of
from neurosim.parameters import INTERNEURON, PYRAMIDAL

__all__ = ["AttentionParameters", "attention_circuit"]

# totals of Wang 2002 (nS): the conductance of one synapse times the number of sources
AMPA_TO_E, AMPA_TO_I = 80.0, 64.0
NMDA_TO_E, NMDA_TO_I = 264.0, 208.0
GABA_TO_E, GABA_TO_I = 520.0, 400.0
EXT_TO_E, EXT_TO_I = 2.1, 1.62

MOST_SELECTIVE = 0.6
"""Largest share of the excitatory cells of a stage that selective pools may have together."""


def attention_circuit(parameters: AttentionParameters | None = None, wiring: Wiring = GO_NO_GO) -> Circuit:
    """Build the circuit.

    Channels: the stimuli and goals of the wiring (level 1 = full).
    Readout: ``decision.<act>`` for every act, such as ``decision.press`` and ``decision.withhold``.

    Parameters
    ----------
    parameters
        Sizes and strengths; the default ones if None.
    wiring
        What calls for what.
    """
    p = parameters or AttentionParameters()
    goals = [goal.removeprefix(INSTRUCTION) for goal in wiring.instructions]
    names = [detector.name for detector in wiring.detectors]
    stages = [_stage("sensory", names, p.selective_fraction, p.w_plus_sensory, 0.0, p)]
    if goals:
        # two tasks at a time take two goals that hold themselves side by side, as memories do
        fraction = p.dual_goal_fraction if wiring.tasks else p.goal_fraction
        w_plus = 1.0 + (p.w_plus_memory - 1.0) * p.memory_fraction / fraction
        w_plus = w_plus if wiring.tasks else p.w_plus_control
        stages.append(_stage("control", goals, fraction, w_plus, 1.0, p))
    if wiring.memories:
        for group in _together(wiring.memories, p.memory_competition):
            fraction, w_plus, of = p.memory_fraction, p.w_plus_memory, len(wiring.memories)
            stages.append(_stage("memory", group, fraction, w_plus, 1.0, p, of))
    if wiring.routed:
        routed = [d.name for d in wiring.routed]
        for group in _together(routed, p.central_competition):
            w_plus, of = p.w_plus_central, len(routed)
            stages.append(_stage("central", group, p.selective_fraction, w_plus, 0.0, p, of))
    stages.append(_stage("decision", wiring.acts, p.selective_fraction, p.w_plus_decision, 0.0, p))
    rest_hz = {
        f"sensory.{d.name}": p.conditional_background_hz if d.conditional else p.sensory_background_hz
        for d in wiring.detectors
    }
    rest_hz |= {
        f"central.{d.name}": p.search_background_hz if wiring.searched(d) else p.central_background_hz
        for d in wiring.routed
    }
    rest_hz |= {
        _goal_pool(m): p.written_background_hz if m in wiring.stimuli else p.memory_background_hz
        for m in wiring.memories
    }
    populations = tuple(
        replace(x, background_hz=rest_hz[x.name]) if x.name in rest_hz else x
        for stage in stages
        for x in stage[0]
    )
    projections = tuple(x for stage in stages for x in stage[1]) + _between(wiring, p)
    return Circuit("attention", populations, projections, _inputs(wiring, p), _readout(wiring, p))


def _together(pools: Sequence[str], competition: bool) -> list[Sequence[str]]:
    """Pools that make up a stage: all of them, or each alone."""
    return [pools] if competition else [[pool] for pool in pools]


def _inputs(wiring: Wiring, p: AttentionParameters) -> tuple[Input, ...]:
    """What each channel drives; a channel that is also remembered reaches memory through the senses."""
    inputs = []
    for stimulus in wiring.stimuli:
        detectors = [d for d in wiring.detectors if d.stimulus == stimulus]
        inputs += [Input(stimulus, f"sensory.{d.name}", p.stimulus_hz, arousal=1.0) for d in detectors]
        for act, weight in wiring.habits(stimulus):
            crowd = wiring.crowd(act) if len(wiring.responses) > 1 else 1.0
            habit = weight * _open(wiring, detectors, p) / crowd**p.crowding
            inputs.append(Input(stimulus, f"decision.{act}", habit * p.direct_hz))
        called = [d for d in wiring.routed if d.stimulus == stimulus and stimulus in wiring.onsets]
        inputs += [Input(onset_of(stimulus), f"central.{d.name}", p.onset_hz) for d in called]
        for goal in dict.fromkeys(goal for d in detectors for goal in d.goals):
            pool = _goal_pool(goal)
            if goal not in wiring.stimuli and pool not in {i.target for i in inputs}:
                told, followed = goal in wiring.instructions, wiring.tracked(goal)
                shown_hz = p.tracked_hz if followed else p.sample_hz
                inputs.append(Input(goal, pool, p.cue_hz if told else shown_hz))
                if followed and p.memory_competition:
                    inputs.append(Input(goal, "memory.inhibition", p.surround_hz))
    return tuple(inputs)


def _open(wiring: Wiring, detectors: Sequence[Detector], p: AttentionParameters) -> float:
    """How open the way from detectors of one stimulus to an act is without the central stage."""
    if not any(d in wiring.routed for d in detectors):
        if any(d.goals for d in detectors if not d.conditional):
            return 1.0
        if any(wiring.searched(d) for d in wiring.detectors):
            return p.search_default
        if wiring.tasks and all(d.conditional for d in detectors):
            return p.recalled  # no other answer speaks against it, but a prompt drives no habit either
        # the answer about what matches nothing in mind
        compared = {d.stimulus for d in wiring.detectors if d.conditional}
        new = any(d.stimulus in compared and not d.conditional for d in detectors)
        if not new:
            return 1.0
        return p.unmarked if any(wiring.tracked(goal) for goal in wiring.memories) else p.new_default
    return p.unsearched if any(wiring.searched(d) for d in detectors) else p.unrouted


def _readout(wiring: Wiring, p: AttentionParameters) -> Readout:
    """A response resets the decisions of its component, and what was remembered for it."""
    decisions = tuple(f"decision.{act}" for act in wiring.acts)
    memories = tuple(_goal_pool(goal) for goal in wiring.memories)
    central = tuple(f"central.{d.name}" for d in wiring.routed)
    # to have put something into memory ends an operation of the central stage, as a response does
    routed = tuple(_goal_pool(goal) for goal in wiring.memories if wiring.task_of(goal) is not None)
    # to have begun one shuts the stage to all others for a while
    written = tuple(f"central.{d.name}" for d in wiring.written)
    reset_ns, tau_ms = p.reset_ns, p.dual_reset_ms if wiring.routed else p.reset_ms
    if written:
        reset_ns, tau_ms = p.encoding_reset_ns, p.encoding_reset_ms
    one_for_all = len(wiring.components) == 1 and not memories
    return Readout(
        populations=(*decisions, *routed, *written),
        resets=(*decisions, *memories, *central),
        reset_pairs=() if one_for_all else _reset_pairs(wiring, p.central_competition),
        threshold_hz=p.threshold_hz,
        reset_ns=reset_ns,
        tau_reset_ms=tau_ms,
    )


def _reset_pairs(wiring: Wiring, competition: bool) -> tuple[tuple[str, str], ...]:
    pairs = []
    hidden = [act for act in wiring.acts if act not in wiring.responses]
    for component in wiring.components:
        group = [*component, *hidden]
        for d in wiring.routed:
            if any(act in component for act, _ in d.acts):
                pairs += [(f"decision.{act}", f"central.{d.name}") for act in component]
        pairs += [(f"decision.{one}", f"decision.{other}") for one in group for other in group]
        for one in wiring.associations:
            if one.goal in wiring.memories and one.act in component:
                pairs += [(f"decision.{act}", _goal_pool(one.goal)) for act in component]
    written = wiring.written
    pairs += [(_goal_pool(d.stimulus), f"central.{d.name}") for d in written]
    if competition:
        pairs += [(f"central.{d.name}", f"central.{x.name}") for d in written for x in written if d != x]
    return tuple(dict.fromkeys(pairs))


def _goal_pool(goal: str) -> str:
    if goal.startswith(INSTRUCTION):
        return f"control.{goal.removeprefix(INSTRUCTION)}"
    return f"memory.{goal}"


def _stage(
    part: str,
    selective: Sequence[str],
    fraction: float,
    w_plus: float,
    arousal: float,
    p: AttentionParameters,
    of: int = 0,
):
    """A competition: selective pools, the rest of the excitatory cells, shared inhibition.

    With `of` greater than the number of pools, these are apart from the others, which are as if silent.
    """
    of = max(of, len(selective))
    # however many pools there are, some of the cells are selective for nothing, and how strongly a pool
    # excites itself beyond what it gives to others, f (w+ - 1), stays the same
    most = MOST_SELECTIVE / of
    if fraction > most:
        fraction, w_plus = most, 1.0 + (w_plus - 1.0) * fraction / most
    w_minus = 1.0 - fraction * (w_plus - 1.0) / (1.0 - fraction)
    names = [f"{part}.{s}" for s in selective]
    apart = f".{selective[0]}" if of > len(selective) else ""
    rest, inhibition = f"{part}.rest{apart}", f"{part}.inhibition{apart}"
    own = {n: f"{inhibition}.{s}" for n, s in zip(names, selective, strict=True)}
    inhibitory = [inhibition] if p.shared_inhibition else [*own.values(), inhibition]
    populations = [Population(n, p.pool_size, PYRAMIDAL, EXT_TO_E) for n in names]
    populations.append(Population(rest, p.rest_size, PYRAMIDAL, EXT_TO_E))
    populations += [Population(n, p.inhibitory_size, INTERNEURON, EXT_TO_I) for n in inhibitory]

    # the share of all excitatory synapses that come from each pool, whatever its number of neurons
    share = dict.fromkeys(names, fraction) | {rest: 1.0 - fraction * of}
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
        if p.shared_inhibition:
            projections += _onto_inhibition(source, inhibition, one)
        elif source != rest:
            projections += _onto_inhibition(source, own[source], one)
    if not p.shared_inhibition:
        # what came from the other pools now comes from cells that are selective for nothing, and rest alike
        for name in inhibitory:
            share_of_rest = 1.0 if name == inhibition else 1.0 - fraction
            projections += _onto_inhibition(rest, name, share_of_rest / p.rest_size)
    for target in (*names, rest):
        source = inhibition if p.shared_inhibition else own.get(target, inhibition)
        projections.append(Projection(source, target, "gaba", GABA_TO_E / p.inhibitory_size))
    for name in inhibitory:
        projections.append(Projection(name, name, "gaba", GABA_TO_I / p.inhibitory_size))
    return populations, projections


def _onto_inhibition(source: str, inhibition: str, one: float) -> list[Projection]:
    return [
        Projection(source, inhibition, "ampa", AMPA_TO_I * one),
        Projection(source, inhibition, "nmda", NMDA_TO_I * one),
    ]


def _between(wiring: Wiring, p: AttentionParameters) -> tuple[Projection, ...]:
    def link(source: str, target: str, receptor: Literal["ampa", "nmda"], total_ns: float) -> Projection:
        return Projection(source, target, receptor, total_ns / p.pool_size)

    links = []
    for detector in wiring.detectors:
        sense = f"sensory.{detector.name}"
        for act, weight in detector.acts:
            if act not in wiring.acts:
                continue
            drive_ns = weight * _open(wiring, [detector], p) * p.sensory_to_decision_ns
            links.append(link(sense, f"decision.{act}", "ampa", drive_ns))
        for goal in detector.goals:
            # attention is divided: what a goal adds to the rest of n pools grows with the root of n
            share = 1.0 / sqrt(wiring.supported(goal))
            told = goal in wiring.instructions
            gain_ns = p.match_ns if detector.conditional else p.goal_to_sensory_ns if told else p.expect_ns
            links.append(link(_goal_pool(goal), sense, "nmda", share * gain_ns))
            # a memory that what is compared with it could switch on would always say "the same"
            if goal in wiring.instructions:
                # more places to search are no more reason to: each gives its share of what refreshes the goal
                back_ns = p.sensory_to_goal_ns / (wiring.supported(goal) if wiring.searched(detector) else 1)
                links.append(link(sense, _goal_pool(goal), "ampa", back_ns))
        for goal in wiring.spilled(detector):
            share = p.spill / sqrt(wiring.supported(goal))
            links.append(link(_goal_pool(goal), sense, "nmda", share * p.goal_to_sensory_ns))
        if detector.stimulus in wiring.memories and not detector.conditional:
            # slow receptors: what was seen lingers where it may be remembered
            links.append(link(sense, _goal_pool(detector.stimulus), "nmda", p.sensory_to_memory_ns))
    for detector in wiring.routed:
        central = f"central.{detector.name}"
        call_ns = p.search_to_central_ns if wiring.searched(detector) else p.sensory_to_central_ns
        route_ns = p.search_to_decision_ns if wiring.searched(detector) else p.central_to_decision_ns
        links.append(link(f"sensory.{detector.name}", central, "ampa", call_ns))
        for goal in detector.goals:
            links.append(link(_goal_pool(goal), central, "nmda", p.goal_to_central_ns))
        for act, weight in detector.acts:
            if act in wiring.acts:
                links.append(link(central, f"decision.{act}", "ampa", weight * route_ns))
        if wiring.searched(detector):
            sense = f"sensory.{detector.name}"
            links.append(link(sense, "decision.inhibition", "ampa", p.search_inhibition_ns))
            if p.central_competition:
                links.append(link(sense, "central.inhibition", "ampa", p.search_crowding_ns))
        if detector in wiring.written:
            links.append(link(central, _goal_pool(detector.stimulus), "nmda", p.central_to_memory_ns))
            # the gate that one target opens lets in what is seen right behind it, until its memory shuts it
            others = [d.stimulus for d in wiring.written if d != detector]
            links += [link(central, _goal_pool(other), "nmda", p.gate_ns) for other in others]
    return tuple(links)
