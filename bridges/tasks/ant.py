"""Attention network test (ANT): cues, flankers and two places, for alerting, orienting and conflict.

Fan, McCandliss, Sommer, Raz & Posner (2002) J Cogn Neurosci 14:340-347, doi:10.1162/089892902317361886.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bridges.encoding import RateCode
from bridges.session import NO_RESPONSE, Rule
from bridges.tasks.base import SessionMaker, parameter
from bridges.tasks.layout import Drawn, Events, Layout, instruction, labels, shown
from bridges.tasks.observers import binary_choice
from bridges.tasks.place_observers import TwoPlaces, mean_count
from bridges.tasks.validation import ParameterCheck

__all__ = ["ANT", "CUES", "FLANKERS"]

_FAN = "Fan et al. 2002, doi:10.1162/089892902317361886"
_FAN_U = _FAN + " (value UNVERIFIED)"
_OWN = "this package"

CUES = ("none", "center", "double", "spatial")
FLANKERS = ("neutral", "congruent", "incongruent")
_NONE, CENTER, DOUBLE, SPATIAL = range(len(CUES))
NEUTRAL, _CONGRUENT, INCONGRUENT = range(len(FLANKERS))
SIDES = ("left", "right")
PLACES = ("above", "below")
ROLES = ("target", "flanker")
CELLS = len(CUES) * len(FLANKERS)
GOAL = "attend_target"
# directions and places of successive trials of a cell: any two from an even start are balanced in both
_SIDE_OF, _PLACE_OF = np.array([0, 1, 0, 1]), np.array([0, 1, 1, 0])
FLANKER_WEIGHT = 0.5
"""Association of a flanker with a response, beside 1 for the target, which the instruction is about."""


@dataclass(frozen=True)
class ANT(SessionMaker):
    """A row of five arrows above or below fixation; the middle one says left or right.

    Each trial takes the same time: a first fixation of random length, a cue (none, at the centre, at both
    places, or at the place of the row), a second fixation, the row, and rest for what remains.

    Channels: ``target_left_above``, ``target_right_above``, ``target_left_below``, ``target_right_below``
    for the arrow in the middle, ``flanker_...`` likewise for the four beside it, which share a channel;
    ``cue_center``, ``cue_above``, ``cue_below`` (a double cue is both); ``attend_target``, the instruction.
    Neutral flankers are lines without heads: they carry no direction and have no event.

    Every block has each pairing of cue and flankers equally often, with directions and places balanced within
    it. Response times count from the onset of the row. Sessions are open loop: the row stays on for the
    whole window, as it stays on until the response where they are not.

    Parameters
    ----------
    trials_per_cell
        Trials in a block for each of the 12 pairings of cue and flankers.
    n_blocks
        Blocks.
    fixation_min_s, fixation_max_s
        Bounds of the first fixation (s), uniform between them.
    cue_s
        Time that the cue is shown (s).
    second_fixation_s
        From the end of the cue to the row (s).
    window_s
        Time that the row is on and responses are accepted (s).
    trial_s
        Length of a trial (s).
    flanker_level
        Level of the flankers (0 to 1).
    contrast
        Level of the target (0 to 1): the difficulty knob of `ideal_accuracy`.
    practice_trials
        Number of trials in `practice`; a multiple of 12.
    lead_in_s
        Start of the first fixation (s); the instruction comes before.
    lead_out_s
        Time after the last trial (s).

    Raises
    ------
    ValueError
        Lists every parameter that cannot be met.

    Examples
    --------
    >>> print(ANT().summary())
    ANT: 288 trials of 4 s (72 of each cue, 96 of each flanker type), 3 blocks of 96, 1154.5 s
    >>> ANT().practice().session(seed=1).n_trials
    24
    """

    trials_per_cell: int = parameter(8, "trials per block", _FAN_U)
    n_blocks: int = parameter(3, "blocks", _FAN_U)
    fixation_min_s: float = parameter(0.4, "s", _FAN)
    fixation_max_s: float = parameter(1.6, "s", _FAN)
    cue_s: float = parameter(0.1, "s", _FAN)
    second_fixation_s: float = parameter(0.4, "s", _FAN)
    window_s: float = parameter(1.7, "s", _FAN)
    trial_s: float = parameter(4.0, "s", _FAN)
    flanker_level: float = parameter(0.6, "level", _OWN)
    contrast: float = parameter(1.0, "level", _OWN)
    practice_trials: int = parameter(24, "trials", _FAN_U)
    lead_in_s: float = parameter(2.0, "s", _OWN)
    lead_out_s: float = parameter(0.5, "s", _OWN)

    def __post_init__(self) -> None:
        check = ParameterCheck(self)
        check.whole(1, "trials_per_cell", "n_blocks", "practice_trials")
        check.duration("cue_s", "window_s", "trial_s", "lead_in_s")
        check.duration("fixation_min_s", "fixation_max_s", "second_fixation_s", "lead_out_s", zero=True)
        check.share("flanker_level")
        check.share("contrast", zero=False)
        check.conflict(
            ("fixation_min_s", "fixation_max_s"),
            lambda low, high: low > high,
            "the shortest fixation can be no longer than the longest",
        )
        check.conflict(
            ("trial_s", "fixation_max_s", "cue_s", "second_fixation_s", "window_s"),
            lambda trial, *parts: sum(parts) > trial + 1e-9,
            "the longest fixation, cue, second fixation and window must fit into a trial",
        )
        check.conflict(
            ("practice_trials",),
            lambda n: n % CELLS != 0,
            f"there are {CELLS} pairings of cue and flankers, so practice_trials must be a multiple of that",
        )
        check.lead()
        check.finish()

    @property
    def name(self) -> str:
        """Name on the command line."""
        return "ant"

    @property
    def trials_per_block(self) -> int:
        """Trials in a block."""
        return int(CELLS * self.trials_per_cell)

    @property
    def n_trials(self) -> int:
        """Trials in one session."""
        return int(self.n_blocks * self.trials_per_block)

    def summary(self) -> str:
        """One line: trials, cues, flankers and duration."""
        length_s = self.lead_in_s + self.n_trials * self.trial_s + self.lead_out_s
        return (
            f"ANT: {self.n_trials} trials of {self.trial_s:g} s ({self.n_trials // len(CUES)} of each cue, "
            f"{self.n_trials // len(FLANKERS)} of each flanker type), "
            f"{self.n_blocks} blocks of {self.trials_per_block}, {length_s:.1f} s"
        )

    def practice(self) -> ANT:
        """One block of `practice_trials`."""
        return replace(self, n_blocks=1, trials_per_cell=self.practice_trials // CELLS)

    def ideal_accuracy(
        self, viewing_s: float | None = None, code: RateCode | None = None
    ) -> dict[str, float]:
        """Accuracy of an observer who ignores the flankers and uses the cue, for each cue.

        Parameters
        ----------
        viewing_s
            Time that the row is seen (s); None: `window_s`.
        code
            Rate code of the channels; the default code if None.
        """
        seen_s = self.window_s if viewing_s is None else viewing_s
        on, off = (mean_count(level, seen_s, code) for level in (self.contrast, 0.0))
        anywhere = TwoPlaces(on, off, 0.5).choice()[0]
        return {cue: binary_choice(on, off) if cue == "spatial" else anywhere for cue in CUES}

    @property
    def channels(self) -> tuple[str, ...]:
        """Input channels."""
        arrows = [f"{role}_{side}_{place}" for role in ROLES for place in PLACES for side in SIDES]
        return (*arrows, "cue_center", "cue_above", "cue_below", GOAL)

    @property
    def responses(self) -> tuple[str, ...]:
        """Allowed responses."""
        return ("left", "right")

    @property
    def rules(self) -> tuple[Rule, ...]:
        """What the instruction says: answer to the middle arrow, and expect it where a cue was."""
        rules = [Rule("cue_center", NO_RESPONSE)]
        for place in PLACES:
            for side in SIDES:
                target, flanker = f"target_{side}_{place}", f"flanker_{side}_{place}"
                rules += [
                    Rule(target, side, goal=GOAL),
                    Rule(target, side, goal=f"cue_{place}"),
                    Rule(flanker, side, weight=FLANKER_WEIGHT),
                ]
        return tuple(rules)

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Pairing, direction with place, and first fixation (s) of each trial of one session."""
        n = self.trials_per_cell
        start = 2 * rng.integers(2, size=(self.n_blocks, CELLS, 1))
        variant = ((start + np.arange(n)) % 4).reshape(self.n_blocks, -1)
        order = rng.permuted(np.broadcast_to(np.arange(CELLS * n), variant.shape), axis=1)
        fixation_s = rng.uniform(self.fixation_min_s, self.fixation_max_s, order.size)
        return {
            "cell": (order // n).ravel(),
            "variant": np.take_along_axis(variant, order, axis=1).ravel(),
            "fixation_s": np.round(fixation_s, 9),
        }

    def layout(self, drawn: Drawn) -> Layout:
        """Cue and row of arrows of each trial."""
        cue, flankers = np.divmod(drawn["cell"], len(FLANKERS))
        side, place = _SIDE_OF[drawn["variant"]], _PLACE_OF[drawn["variant"]]
        cue_s = self.lead_in_s + self.trial_s * drawn.trial + drawn["fixation_s"]
        onset_s = cue_s + self.cue_s + self.second_fixation_s
        trials = {
            "onset_s": onset_s,
            "block": drawn.trial // self.trials_per_block,
            "trial_type": labels(flankers, FLANKERS),
            "cue": labels(cue, CUES),
            "target": labels(side, SIDES),
            "place": labels(place, PLACES),
            "fixation_s": drawn["fixation_s"],
            "correct_response": labels(side, SIDES),
            "window_start_s": onset_s,
            "window_stop_s": onset_s + self.window_s,
        }
        rows = np.flatnonzero(flankers != NEUTRAL)
        beside = np.where(flankers == INCONGRUENT, 1 - side, side)
        flanker = labels((4 + 2 * place + beside)[rows], self.channels)
        level = self.contrast * self.flanker_level
        events = [
            instruction(drawn, GOAL),
            *self._cues(drawn, cue_s, cue, place),
            shown(drawn, labels(2 * place + side, self.channels), onset_s, self.window_s, self.contrast),
            shown(drawn, flanker, onset_s[rows], self.window_s, level, rows),
        ]
        length_s = self.lead_in_s + self.n_trials * self.trial_s + self.lead_out_s
        return Layout(trials, events, end_s=np.full(drawn.n_sessions, length_s))

    def _cues(self, drawn: Drawn, cue_s: np.ndarray, cue: np.ndarray, place: np.ndarray) -> list[Events]:
        there = {"center": cue == CENTER}
        for number, name in enumerate(PLACES):
            there[name] = (cue == DOUBLE) | ((cue == SPATIAL) & (place == number))
        rows = {name: np.flatnonzero(where) for name, where in there.items()}
        return [shown(drawn, f"cue_{name}", cue_s[own], self.cue_s, rows=own) for name, own in rows.items()]
