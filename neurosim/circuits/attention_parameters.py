"""Free numbers of the attention circuit, and which of them were set while looking at which task."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["AttentionParameters"]


@dataclass(frozen=True)
class AttentionParameters:
    """Free numbers of the circuit; the unit is in the name, the source beside it.

    One set for all tasks. Own choices were made while looking at short sessions of: SART and PVT (all of the
    go/no-go circuit has); change detection (memory, match, crowding, new); PRP (central stage, dual);
    attentional blink (central to memory, gate, sensory to memory, written, recalled, encoding); flanker and
    ANT (spill, crowding); Posner and ANT (expect); visual search (search, unsearched); object tracking
    (tracked, surround, unmarked).
    """

    pool_size: int = 80  # own choice; Wang 2002 has 240
    rest_size: int = 40  # own choice; Wang 2002 has 1120, whose total conductance these carry
    inhibitory_size: int = 80  # own choice; Wang 2002 has 400
    selective_fraction: float = 0.15  # f, Wang 2002
    goal_fraction: float = 0.1  # f, Brunel & Wang 2001
    memory_fraction: float = 0.05  # own choice: sparser than a goal, so that several can be held
    dual_goal_fraction: float = 0.05  # own choice: sparser goals inhibit each other less, so two can be held
    w_plus_sensory: float = 1.2  # own choice: weak recurrence
    w_plus_control: float = 2.4  # own choice: a goal holds itself at 40-50 Hz; Brunel & Wang 2001 have 2.1
    w_plus_memory: float = 4.2  # own choice: three or four of nine samples hold themselves together
    w_plus_central: float = 2.2  # own choice: of two tasks one wins, and holds itself until it is done
    w_plus_decision: float = 1.7  # Wang 2002
    sensory_background_hz: float = 2150.0  # own choice: senses rest below threshold; Wang 2002 has 2400
    central_background_hz: float = 2270.0  # own choice: nothing is routed that does not call for it
    search_background_hz: float = 2100.0  # own choice: only what most looks like the target is selected
    memory_background_hz: float = 2370.0  # own choice: few memories arise by themselves
    written_background_hz: float = 2350.0  # own choice: what the senses write does not arise by itself
    conditional_background_hz: float = 1850.0  # own choice: it takes a goal besides the stimulus
    stimulus_hz: float = 600.0  # own choice: rate added by a stimulus to its sensory pool
    direct_hz: float = 122.0  # own choice: habit, from every stimulus to press
    crowding: float = 0.5  # own choice: n stimuli of one act have habits of n^-crowding each
    cue_hz: float = 600.0  # own choice: instruction to its goal
    sample_hz: float = 200.0  # own choice: what is shown within a trial to its memory
    tracked_hz: float = 400.0  # own choice: the same where it marks a place that is then followed
    surround_hz: float = 65.0  # own choice: what such a place adds to the inhibition of memory
    sensory_to_decision_ns: float = 6.0  # own choice: total AMPA conductance
    unrouted: float = 0.2  # own choice: share of the way to acts and memories that is open without routing
    new_default: float = 1.25  # own choice: the same for what calls for an act unless it is held in mind
    recalled: float = 1.4  # own choice: the same for what is only asked for, and answered out of memory
    unmarked: float = 1.1  # own choice: the same for a place that was not marked, where places are followed
    search_default: float = 1.75  # own choice: what calls for an act whatever a search finds, so much more
    unsearched: float = 0.01  # own choice: the same for what is at one of many places
    onset_hz: float = 250.0  # own choice: what the onset of a stimulus adds to its task's central pool
    sensory_to_central_ns: float = 13.6  # own choice: total AMPA conductance, calls for routing
    search_to_central_ns: float = 38.0  # own choice: the same from one of many places
    goal_to_central_ns: float = 1.0  # own choice: total NMDA conductance, only a task that is meant is routed
    central_to_decision_ns: float = 1.4  # own choice: total AMPA conductance, routes to an act
    search_to_decision_ns: float = 6.0  # own choice: the same from one of many places
    search_inhibition_ns: float = 0.38  # own choice: total AMPA, each of many places to inhibition of acts
    search_crowding_ns: float = 1.2  # own choice: the same onto inhibition of the central stage
    central_to_memory_ns: float = 4.0  # own choice: total NMDA conductance, routes to a memory
    gate_ns: float = 2.8  # own choice: the same, to all else that may be remembered
    match_ns: float = 20.0  # own choice: total NMDA conductance from a memory to what is compared with it
    goal_to_sensory_ns: float = 16.0  # own choice: total NMDA conductance, the attentional gain
    expect_ns: float = 11.0  # own choice: total NMDA conductance, the same gain from a cue within a trial
    spill: float = 1.0  # own choice: share of that gain that falls on what stands beside the attended
    sensory_to_goal_ns: float = 3.0  # own choice: total AMPA conductance, refreshes the goal
    sensory_to_memory_ns: float = 8.5  # own choice: total NMDA conductance, writes what is to be remembered
    threshold_hz: float = 25.0  # own choice
    reset_ns: float = 15.0  # own choice: corollary inhibition after a response
    reset_ms: float = 100.0  # own choice: time constant of that inhibition
    dual_reset_ms: float = 500.0  # own choice: the same where the stimulus of a task may outlast its response
    encoding_reset_ns: float = 7.5  # own choice: the same, and between encodings into memory
    encoding_reset_ms: float = 250.0  # own choice: time constant of that slow inhibition
    shared_inhibition: bool = True  # False: every pool is held in check by an inhibitory pool of its own
    central_competition: bool = True  # False: every pool of the central stage is a stage of its own
    memory_competition: bool = True  # False: every memory is a stage of its own

    def scaled(
        self, habit: float = 1.0, self_excitation: float = 1.0, attention: float = 1.0
    ) -> AttentionParameters:
        """The parameters of an individual that differs from this one by three factors.

        Parameters
        ----------
        habit
            Of the way from every stimulus to a response.
        self_excitation
            Of w+ wherever something is held: control and memory.
        attention
            Of the gain that goals and cues give to the senses.
        """
        return replace(
            self,
            direct_hz=self.direct_hz * habit,
            w_plus_control=self.w_plus_control * self_excitation,
            w_plus_memory=self.w_plus_memory * self_excitation,
            goal_to_sensory_ns=self.goal_to_sensory_ns * attention,
            expect_ns=self.expect_ns * attention,
        )
