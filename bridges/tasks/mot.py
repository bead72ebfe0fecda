"""Multiple object tracking (MOT): some of many equal objects are marked, all move, one is asked for.

Pylyshyn & Storm (1988) Spatial Vision 3:179-197, doi:10.1163/156856888X00122. The form with rotating rings is
that of Roudaia & Faubert (2017) J Vis 17(11):1, doi:10.1167/17.11.1, after Holcombe & Chen (2013) J Vis
13(1):12, doi:10.1167/13.1.12.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from bridges.session import Rule
from bridges.tasks.base import SessionMaker, parameter
from bridges.tasks.layout import Drawn, Events, Layout, either, labels, session_generator, shown
from bridges.tasks.motion import Field, Rings
from bridges.tasks.tracking import pointer_accuracy, spill
from bridges.tasks.validation import ParameterCheck, is_amount, is_count

__all__ = ["MOT"]

_PYLYSHYN = "Pylyshyn & Storm 1988, doi:10.1163/156856888X00122 (value UNVERIFIED)"
_ROUDAIA = "Roudaia & Faubert 2017, doi:10.1167/17.11.1"
_OWN = "this package"

FRAME_S = 1.0 / 30.0
FRAMES_PER_LOOK = 3
LEAST_LEVEL = 0.05
"""Weaker spill has no event."""


@dataclass(frozen=True)
class MOT(SessionMaker):
    """Targets are cued, all objects move, then one object is probed: was it a target?

    In a field objects move at one speed, bounce off the walls and keep their distance
    (`bridges.tasks.motion.Field`). On rings they turn together, with one target on each ring that has any
    (`bridges.tasks.motion.Rings`). `trajectories` returns every position.

    Channels: ``cue_<k>`` and ``probe_<k>``, one of each for every object k. The senses of this code follow
    objects without fail; what limits tracking is that attention to a target spills to what is near. While
    the objects move, ``cue_<k>`` has the level

        spill x max over targets i other than k of exp(-d_ik^2 / (2 s^2)),   s^2 = spread^2 + (speed x lag)^2

    with the distance d_ik (on rings: of objects on the same ring). So a distractor that comes near a target
    is more and more like a cued one, and the faster it goes, the wider the uncertainty about places. An
    agent that merely remembers the cues and ignores the spill has no speed limit: this code makes confusion
    possible, it does not force it. Sessions with positions for the input of a network can be made from
    `trajectories`.

    In every block each number of targets comes with each speed equally often, and a target is probed on half
    of these trials.

    Parameters
    ----------
    arrangement
        ``"field"`` or ``"rings"``.
    n_objects
        Objects in the field, or on each ring.
    n_targets
        Numbers of targets.
    speed
        Speeds (degrees per second in a field, revolutions per second on rings).
    trials_per_cell
        Trials with each number of targets and speed in a block; even.
    n_blocks
        Blocks.
    field_deg
        Side of the field (degrees of visual angle).
    spacing_deg
        Least distance between objects in the field (degrees).
    turn_deg
        How much directions wander in the field: SD of the turn in one second (degrees).
    radii_deg
        Radii of the rings (degrees).
    reversal_s
        Mean time between reversals of a ring (s).
    fixation_s
        From the start of a trial to the cue (s).
    cue_s
        Time that the targets are marked (s).
    motion_s
        Time that the objects move (s).
    probe_s
        Time that the probe is shown (s).
    window_s
        Response window from probe onset (s).
    intertrial_s
        From the end of the window to the next trial (s).
    spill, spread_deg, lag_s
        Strength (0 to 1), width (degrees) and lag (s) of the spill of attention.
    lead_in_s
        Start of the first trial (s).
    lead_out_s
        Time after the last trial (s).

    Raises
    ------
    ValueError
        Lists every parameter that cannot be met.

    Examples
    --------
    >>> print(MOT().summary())
    MOT (field): 96 trials of 14.5 s, 8 objects, 1, 2, 3, 4 targets at 2, 5, 8 degrees/s (8 trials each), \
1394.5 s
    """

    arrangement: Literal["field", "rings"] = parameter("field", "", _PYLYSHYN)
    n_objects: int = parameter(8, "objects", _PYLYSHYN)
    n_targets: tuple[int, ...] = parameter((1, 2, 3, 4), "targets", "standard 4 of 8; " + _PYLYSHYN)
    speed: tuple[float, ...] = parameter((2.0, 5.0, 8.0), "deg/s or rev/s", _PYLYSHYN)
    trials_per_cell: int = parameter(4, "trials per block", _OWN)
    n_blocks: int = parameter(2, "blocks", _OWN)
    field_deg: float = parameter(20.0, "deg", _OWN)
    spacing_deg: float = parameter(2.0, "deg", _PYLYSHYN)
    turn_deg: float = parameter(30.0, "deg", _OWN)
    radii_deg: tuple[float, ...] = parameter((3.0, 5.0, 7.0), "deg", "value UNVERIFIED; " + _ROUDAIA)
    reversal_s: float = parameter(2.0, "s", _OWN)
    fixation_s: float = parameter(1.0, "s", _OWN)
    cue_s: float = parameter(2.0, "s", _PYLYSHYN)
    motion_s: float = parameter(8.0, "s", _PYLYSHYN)
    probe_s: float = parameter(1.0, "s", _OWN)
    window_s: float = parameter(3.0, "s", _OWN)
    intertrial_s: float = parameter(0.5, "s", _OWN)
    spill: float = parameter(1.0, "level", _OWN)
    spread_deg: float = parameter(1.0, "deg", _OWN)
    lag_s: float = parameter(0.1, "s", _OWN)
    lead_in_s: float = parameter(2.0, "s", _OWN)
    lead_out_s: float = parameter(0.5, "s", _OWN)

    def __post_init__(self) -> None:
        check = ParameterCheck(self)
        check.one_of("arrangement", "field", "rings")
        check.whole(2, "n_objects")
        check.whole(1, "trials_per_cell", "n_blocks")
        check.distinct("n_targets", each=is_count, rule="a whole number >= 1")
        check.distinct("speed", each=is_amount, rule="a number >= 0")
        check.distinct("radii_deg", each=lambda r: is_amount(r) and r > 0, rule="a number > 0 degrees")
        check.duration("cue_s", "motion_s", "probe_s", "window_s", "lead_in_s", "reversal_s")
        check.duration("fixation_s", "intertrial_s", "lag_s", "lead_out_s", zero=True)
        check.share("spill")
        for name in ("field_deg", "spacing_deg", "spread_deg"):
            check.conflict((name,), lambda x: not (is_amount(x) and x > 0), "must be a number > 0 degrees")
        check.conflict(("turn_deg",), lambda x: not is_amount(x), "must be a number >= 0 degrees")
        check.conflict(
            ("arrangement", "n_targets", "n_objects"),
            lambda kind, targets, objects: kind == "field" and max(targets) >= objects,
            "one object at least must be no target",
        )
        check.conflict(
            ("arrangement", "n_targets", "radii_deg"),
            lambda kind, targets, radii: kind == "rings" and max(targets) > len(radii),
            "each target needs a ring of its own",
        )
        check.conflict(
            ("arrangement", "n_objects", "spacing_deg", "field_deg"),
            # discs at random fill about half of a plane before there is no room for another
            lambda kind, n, spacing, field: (
                kind == "field" and n * np.pi * spacing**2 / 4 > 0.4 * (field + spacing) ** 2
            ),
            "so many objects cannot be placed at random with this spacing",
        )
        check.conflict(
            ("trials_per_cell",),
            lambda n: n % 2 == 1,
            "a target is probed on half of the trials, so it must be even",
        )
        check.conflict(
            ("probe_s", "window_s"),
            lambda probe, window: probe > window,
            "the probe must end with its window",
        )
        check.finish()

    @classmethod
    def standard(cls) -> MOT:
        """4 of 8 objects in a field at three speeds."""
        return cls(n_targets=(4,), trials_per_cell=16)

    @classmethod
    def roudaia(cls) -> MOT:
        """Three rings with five objects each, a target on one, two or three of them, for 5 s.

        Rings, objects, targets and duration as published; speeds chosen around the thresholds of young
        people. There are 15 objects and so 30 channels.
        """
        return cls(
            arrangement="rings",
            n_objects=5,
            n_targets=(1, 2, 3),
            speed=(0.25, 0.5, 0.75, 1.0, 1.25),
            motion_s=5.0,
        )

    @property
    def name(self) -> str:
        """Name on the command line."""
        return "mot"

    @property
    def n_shown(self) -> int:
        """Objects in a display."""
        return self.n_objects * (len(self.radii_deg) if self.arrangement == "rings" else 1)

    @property
    def channels(self) -> tuple[str, ...]:
        """Input channels."""
        objects = range(1, self.n_shown + 1)
        return (*(f"cue_{k}" for k in objects), *(f"probe_{k}" for k in objects))

    @property
    def responses(self) -> tuple[str, ...]:
        """Allowed responses."""
        return ("target", "distractor")

    @property
    def rules(self) -> tuple[Rule, ...]:
        """A probe is compared with the objects that are held in mind."""
        objects = range(1, self.n_shown + 1)
        # the answer when the object is not in mind; one that is outweighs it
        other = [Rule(f"probe_{k}", "distractor", weight=0.5) for k in objects]
        return (*other, *(Rule(f"probe_{k}", "target", goal=f"cue_{k}") for k in objects))

    @property
    def trials_per_block(self) -> int:
        """Trials in a block."""
        return self.trials_per_cell * len(self.n_targets) * len(self.speed)

    @property
    def n_trials(self) -> int:
        """Trials in one session."""
        return self.trials_per_block * self.n_blocks

    def practice(self) -> MOT:
        """One block with two trials in each cell (UNVERIFIED)."""
        return replace(self, n_blocks=1, trials_per_cell=2)

    def trajectories(self, seed: int) -> np.ndarray:
        """Positions of all objects while they move, in the session of this seed.

        Parameters
        ----------
        seed
            Seed of the session.

        Returns
        -------
        ndarray
            Degrees from the centre, 30 frames a second, shape (trial, frame, object, 2).
        """
        return self._simulate(session_generator(self.name, seed))[1]

    def ideal_accuracy(
        self, noise_deg: float = 0.5, lag_s: float = 0.04, seed: int = 0
    ) -> dict[tuple[int, float], float]:
        """Accuracy of a tracker that sees places with noise and follows the nearest object, by cell.

        The tracker looks ten times a second. Between two looks it takes object j for object i with the
        probability Phi(-d_ij / (sqrt(2) s)), s^2 = noise^2 + (speed x lag)^2: that of two noisy places whose
        order along the line between them is reversed. Each pointer wanders so from object to object;
        accuracy is the expected share of right answers, without sampling error for the paths of the given
        session. It has a pointer for every target, so their number makes no difference to it.

        Parameters
        ----------
        noise_deg
            Standard deviation of a perceived place on each axis (degrees): a difficulty knob besides the
            speed.
        lag_s
            How far, in time, an object has moved before it is seen (s).
        seed
            Seed of the session whose paths are followed.

        Returns
        -------
        dict
            Probability correct by (number of targets, speed).
        """
        drawn, paths = self._simulate(session_generator(self.name, seed))
        looks = paths[:, ::FRAMES_PER_LOOK]
        width = self._width(drawn["speed"], noise_deg, lag_s)
        right = pointer_accuracy(looks, width, drawn["target"], drawn["probe"], self._group)
        return {
            (m, v): float(right[(drawn["n_targets"] == m) & (drawn["speed"] == v)].mean())
            for m in self.n_targets
            for v in self.speed
        }

    def summary(self) -> str:
        """One line: trials, objects, targets, speeds and duration."""
        targets = ", ".join(f"{n}" for n in self.n_targets)
        speeds = ", ".join(f"{v:g}" for v in self.speed)
        unit = "degrees/s" if self.arrangement == "field" else "revolutions/s"
        return (
            f"MOT ({self.arrangement}): {self.n_trials} trials of {self._trial_s:g} s, "
            f"{self.n_shown} objects, {targets} targets at {speeds} {unit} "
            f"({self.trials_per_cell * self.n_blocks} trials each), "
            f"{self._end_s:.1f} s"
        )

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Targets, probes and the spill of one session."""
        drawn, paths = self._simulate(rng)
        # each look stands for the time until the next one, and is taken in its middle
        looks = paths[:, FRAMES_PER_LOOK // 2 :: FRAMES_PER_LOOK][:, : self._n_looks]
        width = self._width(drawn["speed"], self.spread_deg, self.lag_s)
        return {**drawn, "spill": self.spill * spill(looks, width, drawn["target"], self._group)}

    def layout(self, drawn: Drawn) -> Layout:
        """Cue, motion and probe of each trial."""
        target, probe = drawn["target"], drawn["probe"]
        cue_s = self.lead_in_s + drawn.trial * self._trial_s + self.fixation_s
        motion_s = cue_s + self.cue_s
        probe_s = motion_s + self.motion_s
        probed_target = target[np.arange(probe.size), probe]
        trials: dict[str, np.ndarray | pd.Categorical] = {
            "onset_s": probe_s,
            "block": drawn.trial // self.trials_per_block,
            "trial_type": either(probed_target, "target", "distractor"),
            "n_targets": drawn["n_targets"],
            "speed": drawn["speed"],
            "probe": probe + 1,
            # bit k - 1 for object k
            "targets": target @ (2 ** np.arange(self.n_shown)),
            "motion_onset_s": motion_s,
            "correct_response": either(probed_target, "target", "distractor"),
            "window_start_s": probe_s,
            "window_stop_s": probe_s + self.window_s,
        }
        row, marked = np.nonzero(target)
        channel = labels(self.n_shown + probe, self.channels)
        events = [
            shown(drawn, labels(marked, self.channels), cue_s[row], self.cue_s, rows=row),
            self._spill_events(drawn, motion_s),
            shown(drawn, channel, probe_s, self.probe_s),
        ]
        return Layout(trials, events, end_s=np.full(drawn.n_sessions, self._end_s))

    @property
    def _trial_s(self) -> float:
        times = (self.fixation_s, self.cue_s, self.motion_s, self.window_s, self.intertrial_s)
        return float(sum(times))

    @property
    def _end_s(self) -> float:
        return self.lead_in_s + self.n_trials * self._trial_s + self.lead_out_s

    @property
    def _n_looks(self) -> int:
        return int(np.ceil(self.motion_s / (FRAMES_PER_LOOK * FRAME_S) - 1e-9))

    def _simulate(self, rng: np.random.Generator) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Conditions and targets of one session, and the paths of all objects."""
        per_block, n = self.trials_per_block, self.n_trials
        cell = rng.permuted(np.tile(np.arange(per_block), (self.n_blocks, 1)), axis=1).ravel()
        probes_target = cell % 2 == 0
        condition = cell // self.trials_per_cell
        n_targets = np.array(self.n_targets)[condition // len(self.speed)]
        speed = np.array(self.speed, dtype=float)[condition % len(self.speed)]
        target, probe = self._targets(rng, n_targets, probes_target)
        motion: Field | Rings
        if self.arrangement == "field":
            motion = Field(self.n_objects, self.field_deg, self.spacing_deg, self.turn_deg)
        else:
            motion = Rings(self.n_objects, self.radii_deg, self.reversal_s)
        paths = motion.paths(rng, speed, self._n_looks * FRAMES_PER_LOOK + 1, FRAME_S)
        drawn = {"n_targets": n_targets, "speed": speed, "target": target, "probe": probe}
        return drawn, paths[:n]

    def _targets(
        self, rng: np.random.Generator, n_targets: np.ndarray, probes_target: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Which objects are targets, shape (trial, object), and which is probed."""
        n = n_targets.size
        rows = np.arange(n)
        target = np.zeros((n, self.n_shown), dtype=bool)
        if self.arrangement == "field":
            order = rng.permuted(np.tile(np.arange(self.n_objects), (n, 1)), axis=1)
            np.put_along_axis(target, order, np.arange(self.n_objects) < n_targets[:, None], axis=1)
            # in random order, so the first of either kind may be the one that is probed
            return target, order[rows, np.where(probes_target, 0, n_targets)]
        n_rings = len(self.radii_deg)
        rings = rng.permuted(np.tile(np.arange(n_rings), (n, 1)), axis=1)
        place = rng.integers(self.n_objects, size=(n, n_rings))
        marked = rings * self.n_objects + place
        np.put_along_axis(target, marked, np.arange(n_rings) < n_targets[:, None], axis=1)
        # a distractor is probed on a ring that has a target
        other = (place[:, 0] + rng.integers(1, self.n_objects, size=n)) % self.n_objects
        return target, rings[:, 0] * self.n_objects + np.where(probes_target, place[:, 0], other)

    @property
    def _group(self) -> np.ndarray:
        """Objects that may be taken for each other: all in a field, those of one ring on rings."""
        return np.arange(self.n_shown) // self.n_objects

    def _width(self, speed: np.ndarray, spread_deg: float, lag_s: float) -> np.ndarray:
        """Uncertainty of the place of each object in each trial (degrees), shape (trial, object)."""
        if self.arrangement == "field":
            deg_s = np.repeat(speed[:, None], self.n_objects, axis=1)
        else:
            radius = np.repeat(self.radii_deg, self.n_objects)
            deg_s = 2.0 * np.pi * radius * speed[:, None]
        return np.sqrt(spread_deg**2 + (deg_s * lag_s) ** 2)

    def _spill_events(self, drawn: Drawn, motion_s: np.ndarray) -> Events:
        """What spills to each object, look by look."""
        level = np.round(drawn["spill"], 3)
        row, look, other = np.nonzero(level >= LEAST_LEVEL)
        look_s = FRAMES_PER_LOOK * FRAME_S
        duration_s = np.minimum(look_s, self.motion_s - look * look_s)
        onset_s = motion_s[row] + look * look_s
        return shown(drawn, labels(other, self.channels), onset_s, duration_s, level[row, look, other], row)
