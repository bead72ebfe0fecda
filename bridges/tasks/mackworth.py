"""Mackworth clock: a pointer steps once a second; press when it takes a double step.

Mackworth (1948) Q J Exp Psychol 1:6-21, doi:10.1080/17470214808416738.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from bridges.encoding import RateCode
from bridges.session import NO_RESPONSE, Rule
from bridges.tasks.base import SessionMaker, parameter
from bridges.tasks.layout import (
    CUE_DURATION_S,
    CUE_ONSET_S,
    CUE_RULE,
    PRESS,
    Drawn,
    Layout,
    either,
    instruction,
    shown,
)
from bridges.tasks.observers import binary_choice, mean_count
from bridges.tasks.validation import ParameterCheck

__all__ = ["Mackworth"]

_MACKWORTH = "Mackworth 1948, doi:10.1080/17470214808416738"
_UNVERIFIED = _MACKWORTH + " (value UNVERIFIED)"
_OWN = "this package"

MINUTE_S = 60.0


@dataclass(frozen=True)
class Mackworth(SessionMaker):
    """A long watch: single steps for most of the time, a double step now and then.

    Each period of half an hour holds 12 signals that span 20 minutes, with the gaps of the original in random
    order; between the last signal of a period and the first of the next lie 10 minutes. So gaps range from
    45 s to 10 min. One trial is one step of the pointer, with a window until the next step; a signal has a
    longer window, and the steps that fall into it belong to it.

    Channels: ``no_go``, a single step; ``go``, a double step; ``attend_go``, the instruction. The pointer
    jumps at once; `step_shown_s` is how long the senses tell of it.

    Parameters
    ----------
    n_periods
        Periods with the same number of signals; each is a block.
    period_s
        Length of a period (s).
    gaps_s
        Gaps between the signals of a period (s): one signal more than gaps.
    first_signal_s
        From the start of a period to its first signal (s).
    step_s
        From step to step (s).
    window_s
        Response window of a signal (s).
    step_shown_s
        Duration of the event of a step (s).
    contrast
        Level of the steps (0 to 1): the difficulty knob of `ideal_accuracy`.
    lead_in_s
        First step (s); the instruction cue comes before.
    lead_out_s
        Time after the last window (s).

    Raises
    ------
    ValueError
        Lists every parameter that cannot be met.

    Examples
    --------
    >>> print(Mackworth().summary())
    Mackworth clock: 7200 steps of 1 s, 48 signals (12 in each of 4 periods of 30 min), gaps 45 to 600 s, \
7202.5 s
    """

    n_periods: int = parameter(4, "periods", _MACKWORTH)
    period_s: float = parameter(1800.0, "s", _MACKWORTH)
    gaps_s: tuple[float, ...] = parameter(
        (45.0, 45.0, 90.0, 120.0, 120.0, 60.0, 300.0, 60.0, 60.0, 120.0, 180.0), "s", _UNVERIFIED
    )
    first_signal_s: float = parameter(45.0, "s", _OWN)
    step_s: float = parameter(1.0, "s", _MACKWORTH)
    window_s: float = parameter(8.0, "s", _UNVERIFIED)
    step_shown_s: float = parameter(0.2, "s", _OWN)
    contrast: float = parameter(1.0, "level", _OWN)
    lead_in_s: float = parameter(2.0, "s", _OWN)
    lead_out_s: float = parameter(0.5, "s", _OWN)

    def __post_init__(self) -> None:
        check = ParameterCheck(self)
        check.whole(1, "n_periods")
        check.duration("period_s", "step_s", "window_s", "step_shown_s", "lead_in_s")
        check.duration("first_signal_s", "lead_out_s", zero=True)
        check.share("contrast")
        check.conflict(
            ("gaps_s",),
            lambda gaps: (
                not isinstance(gaps, tuple) or not all(isinstance(g, (int, float)) and g > 0 for g in gaps)
            ),
            "must be a tuple of times > 0 s",
        )
        for name in ("period_s", "first_signal_s", "window_s"):
            check.conflict(
                (name, "step_s"),
                lambda time, step: not _multiple(time, step),
                "the pointer moves in steps, so this must be a whole number of them",
            )
        check.conflict(
            ("gaps_s", "step_s"),
            lambda gaps, step: not all(_multiple(gap, step) for gap in gaps),
            "the pointer moves in steps, so each gap must be a whole number of them",
        )
        check.conflict(
            ("step_shown_s", "step_s"),
            lambda shown_s, step: shown_s > step,
            "the event of a step must end before the next step",
        )
        check.conflict(
            ("gaps_s", "window_s"),
            lambda gaps, window: any(gap < window for gap in gaps),
            "the windows of two signals would overlap: no gap may be shorter than window_s",
        )
        check.conflict(
            ("first_signal_s", "gaps_s", "window_s", "period_s"),
            lambda first, gaps, window, period: first + sum(gaps) + window > period,
            "the last window, first_signal_s + gaps_s + window_s, must end within the period",
        )
        check.conflict(("lead_in_s",), lambda s: s < CUE_ONSET_S + CUE_DURATION_S, CUE_RULE)
        check.finish()

    @classmethod
    def original(cls) -> Mackworth:
        """Two hours: four periods of half an hour."""
        return cls()

    @classmethod
    def short(cls) -> Mackworth:
        """One period of half an hour."""
        return cls(n_periods=1)

    @property
    def name(self) -> str:
        """Name on the command line."""
        return "mackworth"

    @property
    def channels(self) -> tuple[str, ...]:
        """Input channels."""
        return ("go", "no_go", "attend_go")

    @property
    def responses(self) -> tuple[str, ...]:
        """One key."""
        return (PRESS,)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Press to double steps only."""
        return (Rule("go", PRESS, goal="attend_go"), Rule("no_go", NO_RESPONSE))

    @property
    def n_signals(self) -> int:
        """Signals in one session."""
        return self.n_periods * (len(self.gaps_s) + 1)

    @property
    def n_trials(self) -> int:
        """Signals, and single steps outside their windows, in one session."""
        return self._n_steps - self.n_signals * (self._window_steps - 1)

    def practice(self) -> Mackworth:
        """Two minutes with three signals (UNVERIFIED)."""
        window = self.window_s
        gap = max(30.0 // self.step_s * self.step_s, window)
        first = 20.0 // self.step_s * self.step_s
        return replace(
            self,
            n_periods=1,
            period_s=first + 3 * gap + window,
            gaps_s=(gap, gap),
            first_signal_s=first,
        )

    def ideal_accuracy(self, code: RateCode | None = None) -> float:
        """Share of steps that are told right, single or double, from the spike counts of the two channels.

        Signals are rare, so an observer who never presses is right about almost every step: compare with
        `signal_share`.

        Parameters
        ----------
        code
            Rate code of the channels; the default code if None.
        """
        on, off = (mean_count(level, self.step_shown_s, code) for level in (self.contrast, 0.0))
        return binary_choice(on, off, self.signal_share)

    @property
    def signal_share(self) -> float:
        """Share of double steps among all steps."""
        return self.n_signals / self._n_steps

    def summary(self) -> str:
        """One line: steps, signals, gaps and duration."""
        gaps = [*self.gaps_s]
        if self.n_periods > 1:
            gaps.append(self.period_s - sum(self.gaps_s))
        span = f", gaps {min(gaps):g} to {max(gaps):g} s" if gaps else ""
        return (
            f"Mackworth clock: {self._n_steps} steps of {self.step_s:g} s, {self.n_signals} signals "
            f"({len(self.gaps_s) + 1} in each of {self.n_periods} periods of "
            f"{self.period_s / MINUTE_S:g} min)"
            f"{span}, {self._end_s:.1f} s"
        )

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """The step of each trial of one session, and whether it is a signal."""
        gaps = rng.permuted(
            np.tile(np.rint(np.array(self.gaps_s) / self.step_s), (self.n_periods, 1)), axis=1
        )
        first = np.arange(self.n_periods)[:, None] * round(self.period_s / self.step_s)
        first = first + round(self.first_signal_s / self.step_s)
        signals = np.concatenate([first, first + np.cumsum(gaps, axis=1)], axis=1).ravel().astype(np.int64)
        own = np.ones(self._n_steps, dtype=bool)
        own[(signals[:, None] + np.arange(1, self._window_steps)).ravel()] = False
        step = np.flatnonzero(own)
        return {"step": step, "signal": np.isin(step, signals, assume_unique=True)}

    def layout(self, drawn: Drawn) -> Layout:
        """Condition columns ``trial_type`` ("go", "no_go") and ``step`` (number of the pointer's step)."""
        step, signal = drawn["step"], drawn["signal"]
        onset_s = np.round(self.lead_in_s + self.step_s * step, 9)
        trials: dict[str, np.ndarray | pd.Categorical] = {
            "onset_s": onset_s,
            "block": step // round(self.period_s / self.step_s),
            "trial_type": either(signal, "go", "no_go"),
            "step": step,
            "correct_response": either(signal, PRESS, NO_RESPONSE),
            "window_start_s": onset_s,
            "window_stop_s": onset_s + np.where(signal, self.window_s, self.step_s),
        }
        # single steps in the window of a signal
        rows = np.repeat(np.flatnonzero(signal), self._window_steps - 1)
        later = np.tile(np.arange(1, self._window_steps), rows.size // max(self._window_steps - 1, 1))
        events = [
            instruction(drawn, "attend_go"),
            shown(drawn, either(signal, "go", "no_go"), onset_s, self.step_shown_s, self.contrast),
            shown(
                drawn, "no_go", onset_s[rows] + later * self.step_s, self.step_shown_s, self.contrast, rows
            ),
        ]
        return Layout(trials, events, end_s=np.full(drawn.n_sessions, self._end_s))

    @property
    def _n_steps(self) -> int:
        return round(self.n_periods * self.period_s / self.step_s)

    @property
    def _window_steps(self) -> int:
        return round(self.window_s / self.step_s)

    @property
    def _end_s(self) -> float:
        return self.lead_in_s + self.n_periods * self.period_s + self.lead_out_s


def _multiple(time_s: float, step_s: float) -> bool:
    """Whether a time is a whole number of steps."""
    return abs(time_s / step_s - round(time_s / step_s)) < 1e-9
