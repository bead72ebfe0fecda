"""Watching and listening at once: crosses that form a square, tones that come twice.

Divided attention of the Test of Attentional Performance (Zimmermann & Fimm 2002, in Leclercq & Zimmermann,
Applied Neuropsychology of Attention, 110-151). No open data of this test was found, so its numbers are
UNVERIFIED; what is certain is the kind of stimuli.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np
import pandas as pd

from bridges.encoding import RateCode
from bridges.session import NO_RESPONSE, Rule
from bridges.tasks.base import SessionMaker, parameter
from bridges.tasks.draws import without_repeats
from bridges.tasks.layout import (
    CUE_DURATION_S,
    CUE_ONSET_S,
    CUE_RULE,
    PRESS,
    Drawn,
    Events,
    Layout,
    either,
    instruction,
    labels,
    shown,
)
from bridges.tasks.observers import binary_choice, mean_count
from bridges.tasks.validation import ParameterCheck

__all__ = ["Monitoring", "patterns"]

_TAP = "Test of Attentional Performance, Zimmermann & Fimm (value UNVERIFIED)"
_OWN = "this package"

PROTECTED_DISPLAYS = 2
GRID = 4
TONES_PER_DISPLAY = 2
VISUAL, AUDITORY = 0, 1


@dataclass(frozen=True)
class Monitoring(SessionMaker):
    """A grid of dots and crosses that changes every two seconds, and a tone every second; one key for both.

    Targets are displays in which four crosses form a square, and tones of the same pitch as the one before,
    among tones that otherwise alternate. One trial is one display with its two tones and has at most one
    target; the window of a target is `window_s` long, and no display is a target while the window of a tone
    is still open, so it is always clear what a press answers. Response times count from the onset of the
    target.

    Channels: ``square`` and ``pattern``, a display with and without a square; ``repeat`` and
    ``alternation``, a tone like the one before it and one unlike it; ``attend_square`` and
    ``attend_repeat``, the instruction. The comparison of a tone with the one before is thus made by the
    senses, as repetition is in auditory cortex; a circuit need not hold the pitch in mind. Which crosses and
    which pitch is in the trial table.

    Parameters
    ----------
    condition
        ``"dual"``, or ``"visual"`` or ``"auditory"`` for one of the tasks alone, without the other's stimuli.
    n_displays
        Displays, two seconds each.
    visual_targets, auditory_targets
        Squares, and tones that come twice; never in the first two displays.
    min_crosses, max_crosses
        Bounds of the number of crosses in the 4 x 4 grid.
    display_s
        From display to display (s).
    tone_s
        Time that a tone is on (s).
    tone_offset_s
        From the onset of a display to its first tone (s); the second follows half a display later.
    window_s
        Response window of a target (s).
    contrast
        Level of the stimuli (0 to 1): the difficulty knob of `ideal_accuracy`.
    lead_in_s
        First display (s); the instruction cue comes before.
    lead_out_s
        Time after the last window (s).

    Raises
    ------
    ValueError
        Lists every parameter that cannot be met.

    Examples
    --------
    >>> print(Monitoring().summary())
    Monitoring (dual): 102 displays of 2 s, 17 squares, 204 tones, 16 repeated, 207.5 s
    """

    condition: Literal["dual", "visual", "auditory"] = parameter("dual", "", _TAP)
    n_displays: int = parameter(102, "displays", "about 3:25 min; publisher's page of the TAP-M")
    visual_targets: int = parameter(17, "targets", _TAP)
    auditory_targets: int = parameter(16, "targets", _TAP)
    min_crosses: int = parameter(6, "crosses", _TAP)
    max_crosses: int = parameter(8, "crosses", _TAP)
    display_s: float = parameter(2.0, "s", _TAP)
    tone_s: float = parameter(0.25, "s", _OWN)
    tone_offset_s: float = parameter(0.5, "s", _OWN)
    window_s: float = parameter(1.5, "s", _OWN)
    contrast: float = parameter(1.0, "level", _OWN)
    lead_in_s: float = parameter(2.0, "s", _OWN)
    lead_out_s: float = parameter(1.5, "s", _OWN)

    def __post_init__(self) -> None:
        check = ParameterCheck(self)
        check.one_of("condition", "dual", "visual", "auditory")
        check.whole(1, "n_displays")
        check.whole(0, "visual_targets", "auditory_targets", "min_crosses", "max_crosses")
        check.duration("display_s", "tone_s", "window_s", "lead_in_s")
        check.duration("tone_offset_s", "lead_out_s", zero=True)
        check.share("contrast")
        check.conflict(
            ("condition", "visual_targets", "auditory_targets"),
            lambda condition, visual, auditory: (
                (condition == "auditory" and visual > 0) or (condition == "visual" and auditory > 0)
            ),
            "a task that is left out has no targets",
        )
        check.conflict(
            ("n_displays", "visual_targets", "auditory_targets"),
            lambda n, visual, auditory: visual + auditory > n - PROTECTED_DISPLAYS,
            "a display has one target at most and the first two have none",
        )
        check.conflict(
            ("min_crosses", "max_crosses"),
            lambda low, high: not 4 <= low <= high <= 8,
            "a square needs four crosses, and half of the grid is the most: 4 <= min <= max <= 8",
        )
        check.conflict(
            ("display_s", "tone_offset_s", "tone_s"),
            lambda display, offset, tone: tone > display / 2 or offset + tone > display / 2,
            "the first tone must end within the first half of its display",
        )
        check.conflict(
            ("window_s", "display_s", "tone_offset_s"),
            lambda window, display, offset: window > display - offset,
            "the window of a first tone must end with its display, so window_s <= display_s - tone_offset_s",
        )
        check.conflict(
            ("lead_out_s", "window_s", "display_s", "tone_offset_s"),
            lambda out, window, display, offset: out < offset - display / 2 + window,
            "the window of the last tone must end within the session",
        )
        check.conflict(("lead_in_s",), lambda s: s < CUE_ONSET_S + CUE_DURATION_S, CUE_RULE)
        check.finish()

    @classmethod
    def dual(cls) -> Monitoring:
        """Both tasks at once."""
        return cls()

    @classmethod
    def visual(cls) -> Monitoring:
        """Squares alone, 2:30 minutes."""
        return cls(condition="visual", n_displays=75, auditory_targets=0)

    @classmethod
    def auditory(cls) -> Monitoring:
        """Tones alone, 2:30 minutes."""
        return cls(condition="auditory", n_displays=75, visual_targets=0)

    @property
    def name(self) -> str:
        """Name on the command line."""
        return "monitoring"

    @property
    def sees(self) -> bool:
        """Whether there are displays."""
        return self.condition != "auditory"

    @property
    def hears(self) -> bool:
        """Whether there are tones."""
        return self.condition != "visual"

    @property
    def channels(self) -> tuple[str, ...]:
        """Input channels."""
        seen = ("square", "pattern", "attend_square") if self.sees else ()
        return (*seen, *(("repeat", "alternation", "attend_repeat") if self.hears else ()))

    @property
    def responses(self) -> tuple[str, ...]:
        """One key."""
        return (PRESS,)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Press to squares and to repeated tones."""
        seen = (Rule("square", PRESS, goal="attend_square"), Rule("pattern", NO_RESPONSE))
        heard = (Rule("repeat", PRESS, goal="attend_repeat"), Rule("alternation", NO_RESPONSE))
        return seen * self.sees + heard * self.hears

    @property
    def n_trials(self) -> int:
        """Trials in one session: one a display."""
        return self.n_displays

    def practice(self) -> Monitoring:
        """20 displays with three targets of each kind that is there (UNVERIFIED)."""
        return replace(self, n_displays=20, visual_targets=3 * self.sees, auditory_targets=3 * self.hears)

    def ideal_accuracy(self, code: RateCode | None = None) -> dict[str, float]:
        """Share of displays and of tones that are told right from spike counts, by modality.

        The observer knows how many targets there are; two tasks cost it nothing.

        Parameters
        ----------
        code
            Rate code of the channels; the default code if None.
        """
        tasks = {
            "visual": (self.sees, self.display_s, self.visual_targets / self.n_displays),
            "auditory": (
                self.hears,
                self.tone_s,
                self.auditory_targets / (TONES_PER_DISPLAY * self.n_displays),
            ),
        }
        return {
            modality: binary_choice(
                mean_count(self.contrast, shown_s, code), mean_count(0.0, shown_s, code), share
            )
            for modality, (there, shown_s, share) in tasks.items()
            if there
        }

    def summary(self) -> str:
        """One line: displays, tones, targets and duration."""
        seen = f", {self.visual_targets} squares" if self.sees else ""
        tones = TONES_PER_DISPLAY * self.n_displays
        heard = f", {tones} tones, {self.auditory_targets} repeated" if self.hears else ""
        return (
            f"Monitoring ({self.condition}): {self.n_displays} displays of {self.display_s:g} s"
            f"{seen}{heard}, {self._end_s:.1f} s"
        )

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Targets and patterns of one session."""
        n, n_targets = self.n_displays, self.visual_targets + self.auditory_targets
        modality = np.full(n, -1)
        modality[PROTECTED_DISPLAYS : PROTECTED_DISPLAYS + n_targets] = AUDITORY
        modality[PROTECTED_DISPLAYS : PROTECTED_DISPLAYS + self.visual_targets] = VISUAL
        rng.shuffle(modality[PROTECTED_DISPLAYS:])
        # the second tone may be the target unless the next display holds one: windows never overlap
        free = np.append(modality[1:] < 0, True)
        second = (modality == AUDITORY) & free & (rng.random(n) < 0.5)
        sizes = tuple(table.size for table in patterns(self.min_crosses, self.max_crosses))
        square = modality == VISUAL
        repeated = np.zeros((n, TONES_PER_DISPLAY), dtype=bool)
        repeated[:, 0] = (modality == AUDITORY) & ~second
        repeated[:, 1] = second
        pitch = (np.cumsum(~repeated.ravel()) + rng.integers(2)) % 2
        return {
            "modality": modality,
            "second": second,
            "repeated": repeated,
            "pitch": pitch.reshape(n, TONES_PER_DISPLAY),
            "pattern": without_repeats(rng, square, sizes),
        }

    def layout(self, drawn: Drawn) -> Layout:
        """Displays and tones; windows of displays without target fill what those of targets leave."""
        modality, second = drawn["modality"], drawn["second"]
        display_s = np.round(self.lead_in_s + self.display_s * drawn.trial, 9)
        target = modality >= 0
        tone_s = self.tone_offset_s + second * self.display_s / 2
        onset_s = np.where(modality == AUDITORY, display_s + tone_s, display_s)
        stop_s = np.where(target, onset_s + self.window_s, display_s + self.display_s)
        start_s = np.where(target, onset_s, np.maximum(display_s, drawn.previous(stop_s, 0.0)))
        trials: dict[str, np.ndarray | pd.Categorical] = {
            "onset_s": onset_s,
            "block": np.zeros(len(drawn), dtype=np.int64),
            "trial_type": either(target, "go", "no_go"),
            "modality": labels(modality, ("visual", "auditory")),
            **self._physical(drawn),
            "correct_response": either(target, PRESS, NO_RESPONSE),
            "window_start_s": start_s,
            "window_stop_s": stop_s,
        }
        events: list[Events] = []
        if self.sees:
            channel = either(modality == VISUAL, "square", "pattern")
            events += [instruction(drawn, "attend_square")]
            events += [shown(drawn, channel, display_s, self.display_s, self.contrast)]
        if self.hears:
            events += [instruction(drawn, "attend_repeat")]
            for k in range(TONES_PER_DISPLAY):
                channel = either(drawn["repeated"][:, k], "repeat", "alternation")
                begin_s = display_s + self.tone_offset_s + k * self.display_s / TONES_PER_DISPLAY
                events += [shown(drawn, channel, begin_s, self.tone_s, self.contrast)]
        return Layout(trials, events, end_s=np.full(drawn.n_sessions, self._end_s))

    @property
    def _end_s(self) -> float:
        return self.lead_in_s + self.display_s * self.n_displays + self.lead_out_s

    def _physical(self, drawn: Drawn) -> dict[str, np.ndarray | pd.Categorical]:
        """Crosses of each grid (bit k is place k, row by row) and pitches of each pair of tones."""
        columns: dict[str, np.ndarray | pd.Categorical] = {}
        if self.sees:
            plain, square = patterns(self.min_crosses, self.max_crosses)
            is_square = drawn["modality"] == VISUAL
            table = np.concatenate([plain, square])
            columns["crosses"] = table[drawn["pattern"] + is_square * plain.size]
        if self.hears:
            pitches = ("low low", "low high", "high low", "high high")
            columns["tones"] = labels(2 * drawn["pitch"][:, 0] + drawn["pitch"][:, 1], pitches)
        return columns


@cache
def patterns(min_crosses: int, max_crosses: int) -> tuple[np.ndarray, np.ndarray]:
    """All 4 x 4 grids with so many crosses: those without a square of four neighbours, and those with one.

    Parameters
    ----------
    min_crosses, max_crosses
        Bounds of the number of crosses.

    Returns
    -------
    tuple of ndarray
        Grids as whole numbers, bit k for a cross at place k (row by row): without any square, and with
        exactly one.
    """
    grids = np.arange(2 ** (GRID * GRID), dtype=np.int64)
    crosses = grids[:, None] >> np.arange(GRID * GRID) & 1
    grid = crosses.reshape(-1, GRID, GRID)
    corners = grid[:, :-1, :-1] & grid[:, 1:, :-1] & grid[:, :-1, 1:] & grid[:, 1:, 1:]
    squares = corners.sum(axis=(1, 2))
    number = crosses.sum(axis=1)
    fits = (number >= min_crosses) & (number <= max_crosses)
    return grids[fits & (squares == 0)], grids[fits & (squares == 1)]
