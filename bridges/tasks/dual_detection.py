"""Two areas to watch with an instructed priority, for the attention operating characteristic.

Sperling & Melchner (1978) Science 202:315-318, doi:10.1126/science.694536.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from bridges.encoding import RateCode
from bridges.session import NO_RESPONSE, Rule
from bridges.tasks.base import SessionMaker, parameter
from bridges.tasks.draws import paired_order, participant_number
from bridges.tasks.layout import (
    CUE_DURATION_S,
    CUE_ONSET_S,
    CUE_RULE,
    Drawn,
    Events,
    Layout,
    instruction,
    labels,
    shown,
)
from bridges.tasks.observers import identification, mean_count
from bridges.tasks.rsvp import Streams
from bridges.tasks.validation import ParameterCheck

__all__ = ["DualDetection"]

_SPERLING = "Sperling & Melchner 1978, doi:10.1126/science.694536"
_UNVERIFIED = _SPERLING + " (value UNVERIFIED)"
_OWN = "this package"

TRIAL_TYPES = ("dual", "single_outer", "single_inner")


@dataclass(frozen=True)
class DualDetection(SessionMaker):
    """Rapid arrays of letters; in one of them a digit in the outer area and a digit in the inner area.

    Component T1 is the report of the outer digit, component T2 that of the inner one. Both windows begin with
    the array that holds the digits, and response times count from it; people report in their own time after
    the stream. Each block has its instruction: what share of attention belongs to the outer area, the rest to
    the inner one. With all of it on one area there is only the component of that area, but the displays
    are the same, so performance in single and dual blocks can be compared.

    Channels: ``outer_<digit>`` and ``inner_<digit>``; ``outer_letters`` and ``inner_letters``, the rest of
    the arrays, on with each of them; ``attend_outer`` and ``attend_inner``, the instruction ahead of each
    block, whose levels are the instructed shares. Where in its area a digit is has no channel, and the
    digits come from sets of a few, so chance is one over their number. How an instructed share becomes
    attention is left to the agent: the levels only say what was asked for.

    In every block the pairs of digits are as equal in number as possible.

    Parameters
    ----------
    blocks
        Share of attention for the outer area in each block (0 to 1); 1 and 0 are single tasks.
    trials_per_block
        Trials in a block.
    outer_digits, inner_digits
        Digits that may be targets.
    array_s, blank_s
        Time that an array is shown, and from its end to the next (s).
    before_min, before_max
        Bounds of the number of arrays before the one with the digits, uniform between them.
    after
        Arrays after it.
    fixation_s
        From the start of a trial to the first array (s).
    window_s
        Response windows, from the onset of the array with the digits (s).
    intertrial_s
        From the end of the windows to the next trial (s).
    contrast
        Level of the digits (0 to 1): the difficulty knob of `ideal_accuracy`.
    letter_level
        Level of the letters (0 to 1).
    lead_in_s
        Time ahead of each block (s), in which its instruction comes.
    lead_out_s
        Time after the last trial (s).

    Raises
    ------
    ValueError
        Lists every parameter that cannot be met.

    Examples
    --------
    >>> DualDetection().session(seed=1).trials.groupby("outer_priority").size().to_dict()
    {0.0: 54, 0.1: 54, 0.5: 54, 0.9: 54, 1.0: 54}
    """

    blocks: tuple[float, ...] = parameter((1.0, 0.0, 0.9, 0.5, 0.1), "share", _UNVERIFIED)
    trials_per_block: int = parameter(54, "trials", _OWN)
    outer_digits: tuple[str, ...] = parameter(("2", "5", "7"), "", "a subset of " + _SPERLING)
    inner_digits: tuple[str, ...] = parameter(("3", "4", "9"), "", "a subset of " + _SPERLING)
    array_s: float = parameter(0.24, "s", _UNVERIFIED)
    blank_s: float = parameter(0.0, "s", _UNVERIFIED)
    before_min: int = parameter(7, "arrays", _OWN)
    before_max: int = parameter(12, "arrays", _OWN)
    after: int = parameter(6, "arrays", _OWN)
    fixation_s: float = parameter(0.5, "s", _OWN)
    window_s: float = parameter(3.0, "s", "this package; unspeeded in " + _SPERLING)
    intertrial_s: float = parameter(0.5, "s", _OWN)
    contrast: float = parameter(1.0, "level", _OWN)
    letter_level: float = parameter(0.5, "level", _OWN)
    lead_in_s: float = parameter(2.0, "s", _OWN)
    lead_out_s: float = parameter(0.5, "s", _OWN)

    def __post_init__(self) -> None:
        check = ParameterCheck(self)
        check.whole(1, "trials_per_block")
        check.whole(0, "before_min", "before_max", "after")
        check.duration("array_s", "window_s", "lead_in_s")
        check.duration("blank_s", "fixation_s", "intertrial_s", "lead_out_s", zero=True)
        check.share("contrast", "letter_level")
        for name in ("outer_digits", "inner_digits"):
            check.distinct(name, each=lambda digit: isinstance(digit, str), rule="a text")
            check.conflict((name,), lambda digits: len(digits) < 2, "a report needs two digits at least")
        check.conflict(
            ("blocks",),
            lambda blocks: (
                not isinstance(blocks, tuple)
                or not blocks
                or not all(isinstance(share, float) and 0.0 <= share <= 1.0 for share in blocks)
            ),
            "must be a tuple, not empty, of shares from 0.0 to 1.0",
        )
        check.conflict(("before_min", "before_max"), lambda low, high: low > high, "before_min <= before_max")
        check.conflict(
            ("after", "array_s", "blank_s", "window_s"),
            lambda after, array, blank, window: (after + 1) * (array + blank) > window,
            "the stream must end within the response windows, (after + 1) arrays after they begin",
        )
        check.conflict(("lead_in_s",), lambda s: s < CUE_ONSET_S + CUE_DURATION_S, CUE_RULE)
        check.finish()

    @property
    def name(self) -> str:
        """Name on the command line."""
        return "dual_detection"

    @property
    def channels(self) -> tuple[str, ...]:
        """Input channels."""
        return (
            *(f"outer_{digit}" for digit in self.outer_digits),
            *(f"inner_{digit}" for digit in self.inner_digits),
            "outer_letters",
            "inner_letters",
            "attend_outer",
            "attend_inner",
        )

    @property
    def responses(self) -> tuple[str, ...]:
        """Reports of the outer digit, then those of the inner one."""
        return (*(f"first_{digit}" for digit in self.outer_digits), *self.second)

    @property
    def second(self) -> tuple[str, ...]:
        """Reports of the inner digit."""
        return tuple(f"second_{digit}" for digit in self.inner_digits)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Report the digit of an area while attending to it; letters call for nothing."""
        outer = [Rule(f"outer_{d}", f"first_{d}", goal="attend_outer") for d in self.outer_digits]
        inner = [Rule(f"inner_{d}", f"second_{d}", goal="attend_inner") for d in self.inner_digits]
        letters = [Rule(f"{area}_letters", NO_RESPONSE) for area in ("outer", "inner")]
        return (*outer, *inner, *letters)

    @property
    def n_trials(self) -> int:
        """Trials in one session."""
        return self.trials_per_block * len(self.blocks)

    def practice(self) -> DualDetection:
        """One block of each kind with as many trials as there are pairs of digits (UNVERIFIED)."""
        return replace(self, trials_per_block=len(self.outer_digits) * len(self.inner_digits))

    def counterbalanced(self, participant: int) -> DualDetection:
        """The order of the blocks, rotated: each instruction is in each place equally often."""
        shift = participant_number(participant) % len(self.blocks)
        return replace(self, blocks=self.blocks[shift:] + self.blocks[:shift])

    def ideal_accuracy(self, code: RateCode | None = None) -> dict[str, float]:
        """Accuracy of the best report from the spike counts of the digits, by component.

        Nothing limits how much this observer attends to, so it is at the independence point of the attention
        operating characteristic whatever the instruction: what an agent loses from there is its own limit.

        Parameters
        ----------
        code
            Rate code of the channels; the default code if None.
        """
        on, off = (mean_count(level, self.array_s, code) for level in (self.contrast, 0.0))
        sizes = {"T1": len(self.outer_digits), "T2": len(self.inner_digits)}
        return {component: identification(on, off, n) for component, n in sizes.items()}

    def summary(self) -> str:
        """One line: trials, instructions and about how long it takes."""
        shares = ", ".join(f"{100 * share:g}/{100 * (1 - share):g}" for share in self.blocks)
        mean_s = self._trial_s((self.before_min + self.before_max) / 2.0)
        about_s = len(self.blocks) * self.lead_in_s + self.n_trials * mean_s + self.lead_out_s
        return (
            f"Dual detection: {self.n_trials} trials, {self.trials_per_block} in each block, "
            f"outer/inner priority {shares} %, arrays of {1000 * self.array_s:g} ms, about {about_s:.1f} s"
        )

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Digits and lengths of the streams of one session."""
        pairs = paired_order(rng, len(self.outer_digits), len(self.inner_digits))
        serial = np.arange(self.n_trials).reshape(len(self.blocks), -1) % len(pairs)
        pair = pairs[rng.permuted(serial, axis=1).ravel()]
        before = rng.integers(self.before_min, self.before_max + 1, size=self.n_trials)
        trial_s = self._trial_s(before)
        block_start = np.repeat(np.arange(1, len(self.blocks) + 1) * self.lead_in_s, self.trials_per_block)
        end_s = np.cumsum(trial_s) + block_start
        return {
            "outer": pair[:, 0],
            "inner": pair[:, 1],
            "before": before,
            "start_s": end_s - trial_s,
            "end_s": end_s,
        }

    def layout(self, drawn: Drawn) -> Layout:
        """Streams, digits and the instruction ahead of each block."""
        block = drawn.trial // self.trials_per_block
        priority = np.array(self.blocks)[block]
        has_1, has_2 = priority > 0.0, priority < 1.0
        kind = np.where(has_1 & has_2, 0, np.where(has_1, 1, 2))
        stream_s = drawn["start_s"] + self.fixation_s
        target_s = stream_s + drawn["before"] * (self.array_s + self.blank_s)
        stop_s = target_s + self.window_s
        trials: dict[str, np.ndarray | pd.Categorical] = {
            "onset_s": target_s,
            "block": block,
            "trial_type": labels(kind, TRIAL_TYPES),
            "outer_priority": priority,
            "outer": labels(drawn["outer"], self.outer_digits),
            "inner": labels(drawn["inner"], self.inner_digits),
            "array": drawn["before"] + 1,
            "correct_response": labels(np.where(has_1, drawn["outer"], -1), self.responses),
            "window_start_s": np.where(has_1, target_s, np.nan),
            "window_stop_s": np.where(has_1, stop_s, np.nan),
            "onset_t2_s": np.where(has_2, target_s, np.nan),
            "correct_response_t2": labels(np.where(has_2, drawn["inner"], -1), self.second),
            "window_start_t2_s": np.where(has_2, target_s, np.nan),
            "window_stop_t2_s": np.where(has_2, stop_s, np.nan),
        }
        inner = len(self.outer_digits) + drawn["inner"]
        events = [
            *self._letters(drawn, stream_s),
            shown(drawn, labels(drawn["outer"], self.channels), target_s, self.array_s, self.contrast),
            shown(drawn, labels(inner, self.channels), target_s, self.array_s, self.contrast),
            *self._instructions(drawn),
        ]
        return Layout(trials, events, end_s=drawn["end_s"][drawn.last] + self.lead_out_s)

    def _trial_s(self, before: np.ndarray | float) -> np.ndarray | float:
        """Length of a trial (s) with this many arrays before the one with the digits."""
        return self.fixation_s + before * (self.array_s + self.blank_s) + self.window_s + self.intertrial_s

    def _letters(self, drawn: Drawn, stream_s: np.ndarray) -> list[Events]:
        streams = Streams(drawn["before"] + 1 + self.after)
        row, onset_s = streams.row, streams.onsets(stream_s, self.array_s + self.blank_s)
        return [
            shown(drawn, f"{area}_letters", onset_s, self.array_s, self.letter_level, row)
            for area in ("outer", "inner")
        ]

    def _instructions(self, drawn: Drawn) -> list[Events]:
        cues = []
        for block, share in enumerate(self.blocks):
            start_s = drawn["start_s"][drawn.first + block * self.trials_per_block] - self.lead_in_s
            for channel, level in (("attend_outer", share), ("attend_inner", 1.0 - share)):
                if level > 0.0:
                    cues.append(instruction(drawn, channel, start_s + CUE_ONSET_S, level=round(level, 9)))
        return cues
