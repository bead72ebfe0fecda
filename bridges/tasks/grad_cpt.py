"""Gradual-onset continuous performance test (gradCPT): scenes fade into each other; withhold to mountains.

Esterman, Noonan, Rosenberg & DeGutis (2013) Cereb Cortex 23:2712-2723, doi:10.1093/cercor/bhs261; the
four-minute form for the web is that of Fortenbaugh et al. (2015) Psychol Sci 26:1497-1510,
doi:10.1177/0956797615594896.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
from bridges.tasks.observers import highest_count, mean_count, poisson_probabilities, separable
from bridges.tasks.validation import ParameterCheck

__all__ = ["GradCPT"]

_ESTERMAN = "Esterman et al. 2013, doi:10.1093/cercor/bhs261"
_UNVERIFIED = _ESTERMAN + " (value UNVERIFIED)"
_OWN = "this package"

PROTECTED_TRIALS = 2


@dataclass(frozen=True)
class GradCPT(SessionMaker):
    """Cities and mountains, each fading into the next; press to cities, not to mountains.

    While image n fades in, image n - 1 fades out: at time t after the onset of the fade their weights are
    w = t / fade and 1 - w. Response times count from the onset of the fade of the current image.

    Channels: ``go`` and ``no_go``, whose level is the weight of the clearest image of their category.
    Between a city and a mountain that is w and 1 - w; from a city to a city it dips to one half where the
    two are mixed and returns to one, which is what tells images of one category apart in time. The linear
    fade is shown in `fade_steps` equal steps, each at the weight of its middle. ``attend_no_go`` is the
    instruction.

    A press belongs to the image that is clearest when the ambiguous part of the fade is cut in its middle:
    the window of image n begins when n has reached the weight `split` and ends when image n + 1 has. People
    are scored in two passes, in which presses between 40 and 70 % go to the nearer image that has none; a
    session needs windows that are known beforehand.

    Exactly `no_go_share` of the images are mountains, never one of the first two, and the same picture never
    comes twice in a row.

    Parameters
    ----------
    n_trials
        Images.
    no_go_share
        Share of mountains; makes a whole number of images.
    n_cities, n_mountains
        Different pictures of each category.
    fade_s
        Time from one full image to the next (s).
    fade_steps
        Steps that stand for a fade; even.
    split
        Weight of the next image from which on a press belongs to it.
    n_blocks
        Parts of equal length into which the run is cut for curves over time on task.
    contrast
        Level of a full image (0 to 1): the difficulty knob of `ideal_accuracy`.
    lead_in_s
        Onset of the first fade (s); the instruction cue comes before.
    lead_out_s
        Time after the last image has faded (s).

    Raises
    ------
    ValueError
        Lists every parameter that cannot be met.

    Examples
    --------
    >>> print(GradCPT().summary())
    gradCPT: 600 images of 0.8 s (540 go, 60 no-go = 10.0 %), 8 blocks, 483.3 s
    """

    n_trials: int = parameter(600, "trials", "8 minutes; " + _UNVERIFIED)
    no_go_share: float = parameter(0.1, "", _ESTERMAN)
    n_cities: int = parameter(10, "pictures", _ESTERMAN)
    n_mountains: int = parameter(10, "pictures", _ESTERMAN)
    fade_s: float = parameter(0.8, "s", _ESTERMAN)
    fade_steps: int = parameter(4, "steps", _OWN)
    split: float = parameter(0.55, "weight", "middle of the ambiguous 40 to 70 %; " + _UNVERIFIED)
    n_blocks: int = parameter(8, "blocks", "one a minute; " + _OWN)
    contrast: float = parameter(1.0, "level", _OWN)
    lead_in_s: float = parameter(2.0, "s", _OWN)
    lead_out_s: float = parameter(0.5, "s", _OWN)

    def __post_init__(self) -> None:
        check = ParameterCheck(self)
        check.whole(1, "n_trials", "n_cities", "n_mountains", "fade_steps", "n_blocks")
        check.share("no_go_share", "contrast", "split")
        check.duration("fade_s", "lead_in_s")
        check.duration("lead_out_s", zero=True)
        check.conflict(
            ("n_trials", "no_go_share"),
            lambda n, share: abs(n * share - round(n * share)) > 1e-9,
            "the number of mountains, n_trials x no_go_share, must be whole",
        )
        check.conflict(
            ("n_trials", "no_go_share"),
            lambda n, share: round(n * share) > max(n - PROTECTED_TRIALS, 0),
            "the first two images are never mountains, so there can be n_trials - 2 at most",
        )
        check.conflict(
            ("n_cities",), lambda n: n < 2, "cities follow each other and must differ, so 2 at least"
        )
        check.conflict(
            ("n_mountains",),
            lambda n: n < 2,
            "mountains may follow each other and must differ, so 2 at least",
        )
        check.conflict(("fade_steps",), lambda steps: steps % 2 == 1, "must be even")
        check.conflict(
            ("n_blocks", "n_trials"), lambda blocks, n: blocks > n, "a block needs an image at least"
        )
        check.conflict(("lead_in_s",), lambda s: s < CUE_ONSET_S + CUE_DURATION_S, CUE_RULE)
        check.finish()

    @classmethod
    def laboratory(cls) -> GradCPT:
        """Eight minutes, 600 images."""
        return cls()

    @classmethod
    def web(cls) -> GradCPT:
        """Four minutes, 300 images."""
        return cls(n_trials=300, n_blocks=4)

    @property
    def name(self) -> str:
        """Name on the command line."""
        return "grad_cpt"

    @property
    def channels(self) -> tuple[str, ...]:
        """Input channels."""
        return ("go", "no_go", "attend_no_go")

    @property
    def responses(self) -> tuple[str, ...]:
        """One key."""
        return (PRESS,)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Press to cities, but not to mountains."""
        return (Rule("go", PRESS), Rule("no_go", NO_RESPONSE, goal="attend_no_go"))

    @property
    def n_no_go(self) -> int:
        """Mountains in one session."""
        return round(self.n_trials * self.no_go_share)

    def practice(self) -> GradCPT:
        """One minute (UNVERIFIED): as many images as fit, a tenth of them mountains."""
        n = max(int(60.0 / self.fade_s) // 10 * 10, 20)
        return replace(self, n_trials=n, no_go_share=0.1, n_blocks=1)

    def ideal_accuracy(self, code: RateCode | None = None) -> float:
        """Accuracy of the best guess of an image's category from the last step of its fade-in.

        In that step the image has the weight v = 1 - 1 / (2 fade_steps), and the one before still has 1 - v,
        on the other channel if it is of the other category. The observer knows the share of mountains, but
        not what the image before was, and sums over both.

        Parameters
        ----------
        code
            Rate code of the channels; the default code if None.
        """
        step_s, rest = self.fade_s / self.fade_steps, 0.5 / self.fade_steps
        on, little, off = (
            mean_count(level * self.contrast, step_s, code) for level in (1.0 - rest, rest, 0.0)
        )
        if self.contrast > 0 and separable(on, little):
            return 1.0
        p_on, p_little, p_off = (poisson_probabilities(mean, highest_count(on)) for mean in (on, little, off))
        share = self.no_go_share
        go = np.outer(p_on, (1 - share) * p_off + share * p_little)
        no_go = np.outer(share * p_off + (1 - share) * p_little, p_on)
        return float(min(np.sum(np.maximum((1 - share) * go, share * no_go)), 1.0))

    def summary(self) -> str:
        """One line: trials of each condition and duration."""
        n = self.n_trials
        return (
            f"gradCPT: {n} images of {self.fade_s:g} s ({n - self.n_no_go} go, "
            f"{self.n_no_go} no-go = {100 * self.n_no_go / n:.1f} %), "
            f"{self.n_blocks} blocks, {self._end_s:.1f} s"
        )

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Category and picture of each image of one session."""
        no_go = np.zeros(self.n_trials, dtype=bool)
        no_go[PROTECTED_TRIALS : PROTECTED_TRIALS + self.n_no_go] = True
        rng.shuffle(no_go[PROTECTED_TRIALS:])
        return {
            "no_go": no_go,
            "picture": without_repeats(rng, no_go, (self.n_cities, self.n_mountains)),
        }

    def layout(self, drawn: Drawn) -> Layout:
        """Condition columns ``trial_type`` ("go", "no_go") and ``stimulus`` (picture)."""
        no_go = drawn["no_go"]
        fade_s = np.round(self.lead_in_s + self.fade_s * drawn.trial, 9)
        start_s = fade_s + self.split * self.fade_s
        pictures = [f"city_{k}" for k in range(1, self.n_cities + 1)]
        pictures += [f"mountain_{k}" for k in range(1, self.n_mountains + 1)]
        trials: dict[str, np.ndarray | pd.Categorical] = {
            "onset_s": fade_s,
            "block": drawn.trial * self.n_blocks // self.n_trials,
            "trial_type": either(no_go, "no_go", "go"),
            "stimulus": labels(drawn["picture"] + no_go * self.n_cities, pictures),
            "correct_response": either(no_go, NO_RESPONSE, PRESS),
            "window_start_s": start_s,
            "window_stop_s": start_s + self.fade_s,
        }
        events = [instruction(drawn, "attend_no_go"), *self._fades(drawn, fade_s)]
        return Layout(trials, events, end_s=np.full(drawn.n_sessions, self._end_s))

    @property
    def _end_s(self) -> float:
        # one fade more than images: the last one fades away
        return self.lead_in_s + self.fade_s * (self.n_trials + 1) + self.lead_out_s

    def _fades(self, drawn: Drawn, fade_s: np.ndarray) -> list[Events]:
        """All steps of all fades; neighbouring steps of equal level are one event."""
        no_go = drawn["no_go"].astype(np.int8)
        steps, step_s = self.fade_steps, self.fade_s / self.fade_steps
        weight = (np.arange(steps) + 0.5) / steps
        previous = drawn.previous(no_go, -1)
        alike = np.flatnonzero(previous == no_go)
        other = np.flatnonzero(previous != no_go)
        followed_by_other = drawn.following(no_go, -1) != no_go
        leaving = np.flatnonzero(followed_by_other)

        def step(rows: np.ndarray, first: int, last: int, level: float, later: int = 0) -> Events:
            """Steps `first` to `last` of the fades in, or with `later` = 1 of the fades out."""
            onset_s = fade_s[rows] + later * self.fade_s + first * step_s
            channel = either(no_go[rows], "no_go", "go")
            length_s = (last - first + 1) * step_s
            return shown(drawn, channel, onset_s, length_s, level * self.contrast, rows)

        # clearest: the last step of fading in and the first of fading out
        events = [step(np.arange(no_go.size), steps - 1, steps, weight[-1])]
        half = steps // 2
        for k in range(1, half - 1):
            events.append(step(alike, k, k, weight[-1 - k]))
            events.append(step(alike, steps - 1 - k, steps - 1 - k, weight[-1 - k]))
        if steps > 2:
            events.append(step(alike, half - 1, half, weight[half]))
        for k in range(steps - 1):
            events.append(step(other, k, k, weight[k]))
            events.append(step(leaving, k + 1, k + 1, weight[-2 - k], later=1))
        return events
