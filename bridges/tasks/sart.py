"""Sustained attention to response task (SART): press to every digit but one.

Robertson, Manly, Andrade, Baddeley & Yiend (1997) Neuropsychologia 35:747-758,
doi:10.1016/S0028-3932(97)00015-8.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bridges.session import NO_RESPONSE, Rule
from bridges.tasks.base import SessionMaker, parameter
from bridges.tasks.layout import PRESS, Drawn, Layout, go_no_go_layout, go_no_go_trials
from bridges.tasks.validation import ParameterCheck

__all__ = ["SART"]

_ROBERTSON = "Robertson et al. 1997, doi:10.1016/S0028-3932(97)00015-8"
_OWN = "this package"

DIGITS = np.arange(1, 10)
PROTECTED_TRIALS = 2


@dataclass(frozen=True)
class SART(SessionMaker):
    """Digits 1 to 9 in random order; withhold to one of them.

    A trial is a digit and its mask; a press counts for the trial from digit onset to the next
    digit. The mask carries no information about the response, so it has no event. The no-go digit
    is never among the first two trials; digits and font sizes are crossed as evenly as their
    numbers allow.

    Parameters
    ----------
    trials_per_digit
        Trials with each of the nine digits.
    no_go_digit
        The digit to withhold to.
    digit_s
        Time that the digit is shown (s).
    mask_s
        Time that the mask is shown after it (s).
    font_sizes_pt
        Heights of the digits (pt).
    n_blocks
        Parts of equal length into which the run is cut for curves over time on task.
    lead_in_s
        Start of the first trial (s); the instruction cue comes before.
    lead_out_s
        Time after the last trial (s).

    Raises
    ------
    ValueError
        Lists every parameter that cannot be met.

    Examples
    --------
    >>> print(SART(trials_per_digit=8).summary())
    SART: 72 trials of 1.15 s (64 go, 8 no-go = 11.1 %), 5 font sizes, 5 blocks, 85.3 s
    >>> SART().session(seed=1).n_trials
    225
    """

    trials_per_digit: int = parameter(25, "trials", _ROBERTSON)
    no_go_digit: int = parameter(3, "", _ROBERTSON)
    digit_s: float = parameter(0.250, "s", _ROBERTSON)
    mask_s: float = parameter(0.900, "s", _ROBERTSON)
    font_sizes_pt: tuple[int, ...] = parameter((48, 72, 94, 100, 120), "pt", _ROBERTSON)
    n_blocks: int = parameter(5, "blocks", _OWN)
    lead_in_s: float = parameter(2.0, "s", _OWN)
    lead_out_s: float = parameter(0.5, "s", _OWN)

    def __post_init__(self) -> None:
        check = ParameterCheck(self)
        check.whole(1, "trials_per_digit", "no_go_digit", "n_blocks")
        check.duration("digit_s")
        check.duration("mask_s", zero=True)
        check.distinct("font_sizes_pt", each=lambda size: size > 0, rule="> 0 pt")
        check.conflict(("no_go_digit",), lambda digit: digit > 9, "the digits are 1 to 9")
        check.conflict(
            ("n_blocks", "trials_per_digit"),
            lambda blocks, per_digit: blocks > DIGITS.size * per_digit,
            "there are 9 trials_per_digit trials in all, so n_blocks can be no more than that",
        )
        check.lead()
        check.finish()

    @property
    def name(self) -> str:
        """Name on the command line."""
        return "sart"

    def practice(self) -> SART:
        """The same with 18 trials, two of each digit."""
        return replace(self, trials_per_digit=2, n_blocks=1)

    @property
    def n_trials(self) -> int:
        """Trials in one session."""
        return int(DIGITS.size * self.trials_per_digit)

    @property
    def channels(self) -> tuple[str, ...]:
        """Every digit of a kind is the same channel; the cue has its own."""
        return ("go", "no_go", "attend_no_go")

    @property
    def responses(self) -> tuple[str, ...]:
        """One key."""
        return (PRESS,)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Press to every digit, but not to the no-go digit."""
        return (Rule("go", PRESS), Rule("no_go", NO_RESPONSE, goal="attend_no_go"))

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Digits and font sizes in the order of the trials."""
        n = self.n_trials
        digit = np.repeat(rng.permutation(DIGITS), self.trials_per_digit)
        # cycling over the sorted digits evens out the sizes within each digit and over the run
        font = np.resize(rng.permutation(np.asarray(self.font_sizes_pt)), n)
        is_no_go = digit == self.no_go_digit
        position = rng.choice(np.arange(PROTECTED_TRIALS, n), size=self.trials_per_digit, replace=False)
        here = np.zeros(n, dtype=bool)
        here[position] = True
        order = np.empty(n, dtype=int)
        order[here] = rng.permutation(np.flatnonzero(is_no_go))
        order[~here] = rng.permutation(np.flatnonzero(~is_no_go))
        return {"digit": digit[order], "font": font[order]}

    def layout(self, drawn: Drawn) -> Layout:
        """Condition columns ``trial_type`` ("go", "no_go"), ``stimulus`` (digit) and ``font_size_pt``."""
        n, trial_s = self.n_trials, self.digit_s + self.mask_s
        end_s = self.lead_in_s + trial_s * n
        trials = go_no_go_trials(
            drawn,
            onset_s=self.lead_in_s + trial_s * drawn.trial,
            end_s=end_s,
            block=drawn.trial * self.n_blocks // n,
            no_go=drawn["digit"] == self.no_go_digit,
            conditions={"stimulus": drawn["digit"], "font_size_pt": drawn["font"]},
        )
        return go_no_go_layout(drawn, trials, "attend_no_go", self.digit_s, self.lead_out_s)

    def summary(self) -> str:
        """One line: trials of each condition and duration."""
        n, no_go = self.n_trials, self.trials_per_digit
        trial_s = self.digit_s + self.mask_s
        length_s = self.lead_in_s + n * trial_s + self.lead_out_s
        return (
            f"SART: {n} trials of {trial_s:g} s ({n - no_go} go, {no_go} no-go = {100 * no_go / n:.1f} %), "
            f"{len(self.font_sizes_pt)} font sizes, {self.n_blocks} blocks, {length_s:.1f} s"
        )
