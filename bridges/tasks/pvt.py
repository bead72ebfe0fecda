"""Psychomotor vigilance test (PVT): press as soon as the counter starts.

Dinges & Powell (1985) Behav Res Methods 17:652-655, doi:10.3758/BF03200977. The three-minute form
is the PVT-B of Basner, Mollicone & Dinges (2011) Acta Astronaut 69:949-959,
doi:10.1016/j.actaastro.2011.07.015.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bridges.session import Rule
from bridges.tasks.base import SessionMaker, parameter
from bridges.tasks.layout import PRESS, Drawn, Layout, go_no_go_layout, go_no_go_trials
from bridges.tasks.validation import ParameterCheck

__all__ = ["PVT"]

_DINGES = "Dinges & Powell 1985, doi:10.3758/BF03200977"
_OWN = "this package"


@dataclass(frozen=True)
class PVT(SessionMaker):
    """A counter that starts after an unpredictable foreperiod; press at once.

    Sessions are open loop: every participant gets the same events whatever it does. So the counter
    stays on for a fixed time, which stands for the response and the feedback of about 1 s after it,
    and the next foreperiod starts when it goes off. A press counts for the trial from stimulus onset
    to the next onset, so a late response is a long response time and not an error.

    Parameters
    ----------
    duration_s
        Time on task (s): as many trials as end within it.
    foreperiod_min_s, foreperiod_max_s
        Bounds of the foreperiod (s), which is uniform between them.
    stimulus_s
        Time that the counter is on (s).
    lead_in_s
        Start of the first foreperiod (s); the instruction cue comes before.
    lead_out_s
        Time after the last window (s).

    Raises
    ------
    ValueError
        Lists every parameter that cannot be met.

    Examples
    --------
    >>> print(PVT.brief().summary())
    PVT: about 51 go trials, foreperiod 1 to 4 s, 180.0 s on task after 2 s
    """

    duration_s: float = parameter(600.0, "s", _DINGES)
    foreperiod_min_s: float = parameter(2.0, "s", _DINGES)
    foreperiod_max_s: float = parameter(10.0, "s", _DINGES)
    stimulus_s: float = parameter(1.0, "s", "this package; stands for response and about 1 s of feedback")
    lead_in_s: float = parameter(2.0, "s", _OWN)
    lead_out_s: float = parameter(0.5, "s", _OWN)

    def __post_init__(self) -> None:
        check = ParameterCheck(self)
        check.duration("duration_s", "foreperiod_min_s", "foreperiod_max_s", "stimulus_s")
        check.conflict(
            ("foreperiod_min_s", "foreperiod_max_s"),
            lambda low, high: low > high,
            "the shortest foreperiod can be no longer than the longest",
        )
        check.conflict(
            ("duration_s", "foreperiod_max_s", "stimulus_s"),
            lambda duration, foreperiod, stimulus: foreperiod + stimulus > duration,
            "one trial, foreperiod_max_s + stimulus_s, must fit into duration_s",
        )
        check.lead()
        check.finish()

    @classmethod
    def brief(cls) -> PVT:
        """The three-minute PVT-B: foreperiods of 1 to 4 s."""
        return cls(duration_s=180.0, foreperiod_min_s=1.0, foreperiod_max_s=4.0)

    @property
    def name(self) -> str:
        """Name on the command line."""
        return "pvt"

    @property
    def channels(self) -> tuple[str, ...]:
        """The counter, and the cue to watch for it."""
        return ("go", "attend_go")

    @property
    def responses(self) -> tuple[str, ...]:
        """One key."""
        return (PRESS,)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Press when the counter starts."""
        return (Rule("go", PRESS, goal="attend_go"),)

    def practice(self) -> PVT:
        """One minute of the task."""
        return replace(self, duration_s=max(60.0, self.foreperiod_max_s + self.stimulus_s))

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Foreperiods (s) and the stimulus onsets that they lead to (s from the start of the task)."""
        most = int(self.duration_s / (self.foreperiod_min_s + self.stimulus_s)) + 1
        foreperiod_s = np.round(rng.uniform(self.foreperiod_min_s, self.foreperiod_max_s, size=most), 9)
        onset_s = np.cumsum(foreperiod_s) + self.stimulus_s * np.arange(most)
        fits = onset_s + self.stimulus_s <= self.duration_s
        return {"foreperiod_s": foreperiod_s[fits], "onset_s": onset_s[fits]}

    def layout(self, drawn: Drawn) -> Layout:
        """Condition columns ``trial_type`` (always "go") and ``foreperiod_s``; ``block`` is the minute."""
        onset_s = self.lead_in_s + drawn["onset_s"]
        trials = go_no_go_trials(
            drawn,
            onset_s=onset_s,
            # the last window is as long as the shortest that any other trial can have
            end_s=onset_s[drawn.last] + self.stimulus_s + self.foreperiod_min_s,
            block=(drawn["onset_s"] // 60.0).astype(int),
            no_go=np.zeros(len(drawn), dtype=bool),
            conditions={"foreperiod_s": drawn["foreperiod_s"]},
        )
        return go_no_go_layout(drawn, trials, "attend_go", self.stimulus_s, self.lead_out_s)

    def summary(self) -> str:
        """One line: expected number of trials and duration."""
        low, high = self.foreperiod_min_s, self.foreperiod_max_s
        expected = self.duration_s / ((low + high) / 2 + self.stimulus_s)
        return (
            f"PVT: about {expected:.0f} go trials, foreperiod {low:g} to {high:g} s, "
            f"{self.duration_s:.1f} s on task after {self.lead_in_s:g} s"
        )
