"""Visual search: is the target among the distractors?

Treisman & Gelade (1980) Cogn Psychol 12:97-136, doi:10.1016/0010-0285(80)90005-5; Wolfe (1998) Psychol Sci
9:33-39, doi:10.1111/1467-9280.00006. How channels of equal standing make search harder with the number of
items: Palmer, Verghese & Pavel (2000) Vision Res 40:1227-1268, doi:10.1016/S0042-6989(99)00244-8.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Integral
from typing import Literal

import numpy as np

from bridges.encoding import RateCode
from bridges.session import Rule
from bridges.tasks.base import SessionMaker, parameter
from bridges.tasks.draws import counted, participant_number
from bridges.tasks.layout import Drawn, Layout, instruction, labels, shown
from bridges.tasks.place_observers import max_rule_accuracy, mean_count
from bridges.tasks.validation import ParameterCheck

__all__ = ["VisualSearch"]

_WOLFE = "Wolfe 1998, doi:10.1111/1467-9280.00006 (value UNVERIFIED)"
_TREISMAN = "Treisman & Gelade 1980, doi:10.1016/0010-0285(80)90005-5"
_OWN = "this package"

MOST_LOCATIONS = 16
GOAL = "attend_target"


@dataclass(frozen=True)
class VisualSearch(SessionMaker):
    """A display of items, a target among them on half of the trials; say "present" or "absent".

    Channels: ``item_1``, ``item_2``, ... one for each place on a circle around fixation, so that
    eccentricity does not differ; ``display``, on while anything is shown; ``attend_target``, the
    instruction. The level of a place is the similarity of its item to the target: 1 for the target itself,
    `distractor_level` for a distractor, 0 where nothing is. That is the share of the target's features that
    a distractor has: none in feature search (a colour), one of two in conjunction search (a colour and an
    orientation), and nearly all when T and L differ only in how the same two strokes join. Search then
    grows harder with the number of items, because each distractor is one more chance for noise to look like
    a target; see `ideal_accuracy`.

    Every block has each set size, present and absent, equally often. Response times count from the onset of
    the display, which stays on for the whole window, as it stays on until the response where sessions are
    not open loop.

    Parameters
    ----------
    kind
        ``"feature"``, ``"conjunction"`` or ``"t_among_l"``: what the items are; a label for tables.
    distractor_level
        Similarity of a distractor to the target (0 to 1): the difficulty knob of `ideal_accuracy`.
    set_sizes
        Numbers of items.
    trials_per_cell
        Trials in a block for each set size, present and absent.
    n_blocks
        Blocks.
    n_locations
        Places that items can be at; each trial uses a random choice of them.
    window_s
        Time that the display is on and responses are accepted (s).
    fixation_min_s, fixation_max_s
        Bounds of the fixation before the display (s), uniform between them.
    target
        Which of the two kinds of item is the target: ``"first"`` (T among L) or ``"second"`` (L among T).
    practice_trials
        Least number of trials in `practice`.
    lead_in_s
        Start of the first fixation (s); the instruction comes before.
    lead_out_s
        Time after the last window (s).

    Raises
    ------
    ValueError
        Lists every parameter that cannot be met.

    Examples
    --------
    >>> print(VisualSearch.feature().summary())
    Visual search (feature): 320 trials (160 present, 160 absent), set sizes 4, 8, 12, 16, 4 blocks of 80, \
about 1602.5 s
    """

    kind: Literal["feature", "conjunction", "t_among_l"] = parameter("t_among_l", "", _WOLFE)
    distractor_level: float = parameter(0.75, "level", _OWN)
    set_sizes: tuple[int, ...] = parameter((4, 8, 12, 16), "items", _WOLFE)
    trials_per_cell: int = parameter(10, "trials per block", "40 in all; " + _OWN)
    n_blocks: int = parameter(4, "blocks", _OWN)
    n_locations: int = parameter(16, "places", _OWN)
    window_s: float = parameter(4.0, "s", "stands for until response; " + _OWN)
    fixation_min_s: float = parameter(0.8, "s", _OWN)
    fixation_max_s: float = parameter(1.2, "s", _OWN)
    target: Literal["first", "second"] = parameter("first", "", _OWN)
    practice_trials: int = parameter(16, "trials", _OWN)
    lead_in_s: float = parameter(2.0, "s", _OWN)
    lead_out_s: float = parameter(0.5, "s", _OWN)

    def __post_init__(self) -> None:
        check = ParameterCheck(self)
        check.one_of("kind", "feature", "conjunction", "t_among_l")
        check.one_of("target", "first", "second")
        check.share("distractor_level")
        check.distinct("set_sizes", each=lambda n: _is_whole(n) and n >= 1, rule="a whole number >= 1")
        check.whole(1, "trials_per_cell", "n_blocks", "n_locations", "practice_trials")
        check.duration("window_s", "lead_in_s")
        check.duration("fixation_min_s", "fixation_max_s", "lead_out_s", zero=True)
        check.conflict(
            ("set_sizes", "n_locations"),
            lambda sizes, places: max(sizes) > places,
            "every item needs a place of its own",
        )
        check.conflict(
            ("n_locations",),
            lambda places: places > MOST_LOCATIONS,
            f"each place is a channel, and {MOST_LOCATIONS} are as many as a circuit can have pools for",
        )
        check.conflict(
            ("fixation_min_s", "fixation_max_s"),
            lambda low, high: low > high,
            "the shortest fixation can be no longer than the longest",
        )
        check.lead()
        check.finish()

    @classmethod
    def feature(cls) -> VisualSearch:
        """A target that differs from all distractors in one feature, such as red among green."""
        return cls(kind="feature", distractor_level=0.0)

    @classmethod
    def conjunction(cls) -> VisualSearch:
        """A target defined by two features, of which each distractor has one: red vertical among the rest."""
        return cls(kind="conjunction", distractor_level=0.5)

    @property
    def name(self) -> str:
        """Name on the command line."""
        return "visual_search"

    @property
    def trials_per_block(self) -> int:
        """Trials in a block."""
        return int(2 * len(self.set_sizes) * self.trials_per_cell)

    @property
    def n_trials(self) -> int:
        """Trials in one session."""
        return int(self.n_blocks * self.trials_per_block)

    def summary(self) -> str:
        """One line: trials present and absent, set sizes and duration."""
        half = self.n_trials // 2
        sizes = ", ".join(str(n) for n in self.set_sizes)
        return (
            f"Visual search ({self.kind.replace('_', ' ')}): {self.n_trials} trials "
            f"({half} present, {half} absent), set sizes {sizes}, "
            f"{self.n_blocks} blocks of {self.trials_per_block}, about {self._expected_s:.1f} s"
        )

    def practice(self) -> VisualSearch:
        """Short blocks with each set size, present and absent, at least `practice_trials` in all."""
        small = replace(self, n_blocks=1, trials_per_cell=1)
        return replace(small, trials_per_cell=int(np.ceil(self.practice_trials / small.trials_per_block)))

    def counterbalanced(self, participant: int) -> VisualSearch:
        """Which of the two kinds of item is the target changes with every participant."""
        return replace(self, target=("first", "second")[participant_number(participant) % 2])

    def ideal_accuracy(
        self, viewing_s: float | None = None, code: RateCode | None = None
    ) -> dict[int, float]:
        """Accuracy of an observer who says "present" when the largest count exceeds the best criterion.

        Parameters
        ----------
        viewing_s
            Time that the display is seen (s); None: `window_s`.
        code
            Rate code of the channels; the default code if None.

        Returns
        -------
        dict
            Accuracy for each set size, falling with it.
        """
        seen_s = self.window_s if viewing_s is None else viewing_s
        target, distractor = (mean_count(level, seen_s, code) for level in (1.0, self.distractor_level))
        return {int(n): max_rule_accuracy(target, distractor, int(n)) for n in self.set_sizes}

    @property
    def channels(self) -> tuple[str, ...]:
        """Input channels."""
        return (*self._places.tolist(), "display", GOAL)

    @property
    def responses(self) -> tuple[str, ...]:
        """Allowed responses."""
        return ("present", "absent")

    @property
    def rules(self) -> tuple[Rule, ...]:
        """What looks like the target is "present", a display without it "absent"."""
        return (
            *(Rule(str(place), "present", goal=GOAL) for place in self._places),
            # the answer while nothing looks like the target
            Rule("display", "absent", weight=0.3),
        )

    @property
    def _places(self) -> np.ndarray:
        return np.array([f"item_{k + 1}" for k in range(self.n_locations)])

    @property
    def _expected_s(self) -> float:
        fixation_s = (self.fixation_min_s + self.fixation_max_s) / 2
        return self.lead_in_s + self.n_trials * (fixation_s + self.window_s) + self.lead_out_s

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Cell and onset (s) of each trial of one session; rank of each place, shape (trial, place)."""
        code = counted(rng, [self.trials_per_cell] * 2 * len(self.set_sizes), self.n_blocks).ravel()
        fixation_s = np.round(rng.uniform(self.fixation_min_s, self.fixation_max_s, code.size), 9)
        places = np.broadcast_to(np.arange(self.n_locations, dtype=np.int8), (code.size, self.n_locations))
        return {
            "code": code,
            "onset_s": self.lead_in_s + np.cumsum(fixation_s + self.window_s) - self.window_s,
            "rank": rng.permuted(places, axis=1),
        }

    def layout(self, drawn: Drawn) -> Layout:
        """One display each trial; places are filled by rank, and the target, if any, has the first."""
        size, absent = np.divmod(drawn["code"], 2)
        onset_s, rank = drawn["onset_s"], drawn["rank"]
        set_size = np.array(self.set_sizes)[size]
        trials = {
            "onset_s": onset_s,
            "block": drawn.trial // self.trials_per_block,
            "trial_type": labels(absent, self.responses),
            "set_size": set_size,
            "target_location": labels(np.where(absent == 1, -1, rank.argmin(axis=1)), self._places),
            "correct_response": labels(absent, self.responses),
            "window_start_s": onset_s,
            "window_stop_s": onset_s + self.window_s,
        }
        rows, place = np.nonzero(rank < set_size[:, None])
        is_target = (rank[rows, place] == 0) & (absent[rows] == 0)
        level = np.where(is_target, 1.0, self.distractor_level)
        items = labels(place, self._places)
        events = [
            instruction(drawn, GOAL),
            shown(drawn, "display", onset_s, self.window_s),
            shown(drawn, items, onset_s[rows], self.window_s, level, rows),
        ]
        return Layout(trials, events, end_s=onset_s[drawn.last] + self.window_s + self.lead_out_s)


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)
