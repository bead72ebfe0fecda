"""What an attention circuit is to connect: stimuli, goals and responses, and which calls for which.

A stimulus that always calls for one response has one detector. Where the response depends on what is held in
mind, there is one detector for each pair of stimulus and goal, which needs both to become active: the mixed
selectivity of prefrontal neurons (Rigotti et al. 2013, doi:10.1038/nature12160).
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GO_NO_GO", "INSTRUCTION", "WITHHOLD", "Association", "Detector", "Wiring", "onset_of"]

WITHHOLD = "withhold"
"""The act of not responding: a decision like any other, which nobody sees."""

INSTRUCTION = "attend_"
"""Goals whose name begins so are instructions; others are shown within a trial and remembered."""


PLACE = "cue_"
"""Memories whose name begins so are of places; others are of things."""

MOST_ATTENDED = 2
"""Places with the same meaning that can be attended at a time; more have to be searched."""


def onset_of(stimulus: str) -> str:
    """Channel of the onset of a stimulus, for the transient part of the senses."""
    return f"{stimulus}/onset"


@dataclass(frozen=True)
class Association:
    """A stimulus calls for an act.

    Parameters
    ----------
    stimulus
        Channel of the stimulus.
    act
        A response, or ``"withhold"``.
    goal
        Channel of what must be held in mind for it; None: always.
    weight
        Strength of the association, 1 for what one is told to do.
    """

    stimulus: str
    act: str
    goal: str | None = None
    weight: float = 1.0


@dataclass(frozen=True)
class Detector:
    """A sensory pool: what drives it, which goals raise its gain, and what it calls for.

    Parameters
    ----------
    name
        Name of the pool within its stage.
    stimulus
        Channel that drives it.
    goals
        Goals that raise its gain.
    acts
        (act, weight) for everything that it calls for.
    conditional
        Whether it takes the goal to become active at all.
    """

    name: str
    stimulus: str
    goals: tuple[str, ...]
    acts: tuple[tuple[str, float], ...]
    conditional: bool = False


@dataclass(frozen=True)
class Wiring:
    """All associations of a task.

    Parameters
    ----------
    associations
        What calls for what.
    components
        Responses of each component of a trial: one group, or two where each trial has two answers.

    Raises
    ------
    ValueError
        Lists every act that is no response, and every response that nothing calls for.
    """

    associations: tuple[Association, ...]
    components: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        called = {one.act for one in self.associations} - {WITHHOLD}
        faults = [
            f"{act!r} is called for but is not a response" for act in sorted(called - set(self.responses))
        ]
        faults += [f"nothing calls for {name!r}" for name in self.responses if name not in called]
        if faults:
            raise ValueError(f"wiring with responses {self.responses} is not valid: " + "; ".join(faults))

    @property
    def responses(self) -> tuple[str, ...]:
        """Responses that can be seen."""
        return tuple(name for component in self.components for name in component)

    @property
    def acts(self) -> tuple[str, ...]:
        """Everything that can be decided on: the responses, and to withhold where anything calls for it.

        Where a trial asks for two answers, to be silent about one stimulus is no decision about the other.
        """
        withhold = not self.tasks and any(one.act == WITHHOLD for one in self.associations)
        return (*self.responses, WITHHOLD) if withhold else self.responses

    @property
    def stimuli(self) -> tuple[str, ...]:
        """Channels of stimuli, in order of first use."""
        return tuple(dict.fromkeys(one.stimulus for one in self.associations))

    @property
    def instructions(self) -> tuple[str, ...]:
        """Goals that are given before the trials."""
        return tuple(goal for goal in self._goals if goal.startswith(INSTRUCTION))

    @property
    def memories(self) -> tuple[str, ...]:
        """Goals that are shown within a trial."""
        return tuple(goal for goal in self._goals if not goal.startswith(INSTRUCTION))

    @property
    def tasks(self) -> tuple[str, ...]:
        """Tasks that the central stage chooses between: one for each component where there are two."""
        n = len(self.components)
        return tuple(f"task_{k + 1}" for k in range(n)) if n > 1 else ()

    def task_of(self, name: str) -> str | None:
        """Task that an act belongs to, or that a memory is for; None where nothing is routed."""
        for task, component in zip(self.tasks, self.components, strict=False):
            leads = {one.act for one in self.associations if one.goal == name and name in self.memories}
            # what only the senses write into memory is routed; a cue that reaches it by itself is not
            if name in component or (name in self.stimuli and leads & set(component)):
                return task
        return None

    @property
    def routed(self) -> tuple[Detector, ...]:
        """Detectors that reach an act or a memory of a task through the central stage.

        What is compared with something in mind does not: it has passed that stage already.
        """
        plain = (d for d in self.detectors if not d.conditional)
        return tuple(d for d in plain if self._of_task(d) or self.searched(d))

    @property
    def written(self) -> tuple[Detector, ...]:
        """Detectors that the central stage routes into memory."""
        return tuple(d for d in self.routed if d.stimulus in self.memories)

    @property
    def onsets(self) -> tuple[str, ...]:
        """Stimuli whose onset calls for the central stage: those of one task break in on another."""
        return tuple(dict.fromkeys(d.stimulus for d in self.routed if self._of_task(d)))

    def searched(self, detector: Detector) -> bool:
        """Whether a detector is one of more places with the same meaning than can be attended."""
        return any(
            sum(goal in d.goals and act in dict(d.acts) for d in self.detectors) > MOST_ATTENDED
            for goal in detector.goals
            for act, _ in detector.acts
            if goal in self.instructions and act != WITHHOLD and not self.tasks
        )

    def tracked(self, goal: str) -> bool:
        """Whether a goal marks a place to be followed: one is asked later which places were marked."""
        plain = {one.stimulus for one in self.associations if one.goal is None}
        asked = (d.stimulus for d in self.detectors if d.conditional and goal in d.goals)
        return goal.startswith(PLACE) and any(stimulus in plain for stimulus in asked)

    def _of_task(self, detector: Detector) -> bool:
        names = (detector.stimulus, *(act for act, _ in detector.acts))
        return any(self.task_of(name) is not None for name in names)

    @property
    def detectors(self) -> tuple[Detector, ...]:
        """Sensory pools, in the order of the stimuli."""
        return tuple(one for stimulus in self.stimuli for one in self._detectors(stimulus))

    def habits(self, stimulus: str) -> tuple[tuple[str, float], ...]:
        """Responses that a stimulus triggers without attention, with their weights.

        Where there is only one response, every stimulus about which anything is ever done triggers it, even
        if it is one to withhold to. Where there are several, each triggers the one that it always calls for.
        """
        mine = [one for one in self.associations if one.stimulus == stimulus]
        if len(self.responses) == 1:
            idle = any(one.act == WITHHOLD and one.goal is None for one in mine)
            return () if idle else ((self.responses[0], 1.0),)
        plain = [d for d in self._detectors(stimulus) if not d.conditional]
        # habit does not know which of several like items the instruction is about
        return tuple(
            (act, 1.0 if self.spilled(d) else weight)
            for d in plain
            for act, weight in d.acts
            if act != WITHHOLD
        )

    def crowd(self, act: str) -> float:
        """How many detectors share the habit of an act, each counted by its weight; at least 1."""
        return max(sum(w for d in self.detectors for name, w in d.acts if name == act), 1.0)

    def supported(self, goal: str) -> int:
        """How many detectors a goal raises the gain of, at least 1: attention is divided among them."""
        return max(sum(goal in d.goals for d in self.detectors), 1)

    def spilled(self, detector: Detector) -> tuple[str, ...]:
        """Instructions whose gain spills to a detector: about others that call for its acts, but more so.

        Such are the items beside a target: the field of attention has no sharp edge (Eriksen & St. James
        1986, doi:10.3758/BF03211502).
        """
        if detector.goals or any(weight >= 1.0 or act == WITHHOLD for act, weight in detector.acts):
            return ()
        acts = {act for act, _ in detector.acts}
        beside = (d for d in self.detectors if acts & {act for act, _ in d.acts})
        found = (goal for d in beside for goal in d.goals if goal in self.instructions)
        return tuple(dict.fromkeys(found))

    def covers(self, other: Wiring) -> bool:
        """Whether everything that the other wiring calls for is called for here too."""
        pairs = {(one.stimulus, one.act) for one in self.associations}
        goals = set(self._goals)
        return self.components == other.components and all(
            (one.stimulus, one.act) in pairs and (one.goal is None or one.goal in goals)
            for one in other.associations
        )

    @property
    def _goals(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.goal for one in self.associations if one.goal is not None))

    def _detectors(self, stimulus: str) -> list[Detector]:
        mine = [one for one in self.associations if one.stimulus == stimulus]
        if len({one.act for one in mine}) == 1:
            goals = tuple(dict.fromkeys(one.goal for one in mine if one.goal is not None))
            return [Detector(stimulus, stimulus, goals, _acts(mine))]
        always = [one for one in mine if one.goal is None]
        plain = [Detector(stimulus, stimulus, (), _acts(always))] if always else []
        goals = tuple(dict.fromkeys(one.goal for one in mine if one.goal is not None))
        return plain + [
            Detector(
                f"{stimulus}@{goal}",
                stimulus,
                (goal,),
                _acts([one for one in mine if one.goal == goal]),
                conditional=True,
            )
            for goal in goals
        ]


def _acts(associations: list[Association]) -> tuple[tuple[str, float], ...]:
    """Acts with the strongest weight that any of the associations gives them."""
    weights: dict[str, float] = {}
    for one in associations:
        weights[one.act] = max(one.weight, weights.get(one.act, 0.0))
    return tuple(weights.items())


GO_NO_GO = Wiring(
    (
        Association("go", "press", goal="attend_go"),
        Association("no_go", WITHHOLD, goal="attend_no_go"),
    ),
    (("press",),),
)
"""One key; the instruction says whether the stimulus to press to or the one to withhold to matters."""
