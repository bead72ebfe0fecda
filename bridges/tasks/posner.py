"""Spatial cueing (Posner): a cue says where the target will probably come; press when it comes.

Posner (1980) Q J Exp Psychol 32:3-25, doi:10.1080/00335558008248231. The standard form is that of study 3 of
Hedge, Powell & Sumner (2018) Behav Res Methods 50:1166-1186, doi:10.3758/s13428-017-0935-1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from bridges.encoding import RateCode
from bridges.session import NO_RESPONSE, Rule
from bridges.tasks.base import SessionMaker, parameter
from bridges.tasks.draws import counted, participant_number
from bridges.tasks.layout import Drawn, Events, Layout, labels, shown
from bridges.tasks.place_observers import TwoPlaces, mean_count
from bridges.tasks.validation import ParameterCheck

__all__ = ["Posner", "TRIAL_TYPES"]

_HEDGE = "Hedge et al. 2018, study 3, doi:10.3758/s13428-017-0935-1"
_POSNER = "Posner 1980, doi:10.1080/00335558008248231 (value UNVERIFIED)"
_OWN = "this package"

TRIAL_TYPES = ("valid", "invalid", "neutral", "catch")
SIDES = ("left", "right")
LETTERS = ("x", "o")
_VALID, INVALID, NEUTRAL, CATCH = range(len(TRIAL_TYPES))


@dataclass(frozen=True)
class Posner(SessionMaker):
    """A cue to the left or right, a variable delay, a target on one side.

    Channels: ``cue_left``, ``cue_right`` and, where there are neutral trials, ``cue_neutral``;
    ``target_left`` and ``target_right`` in the detection form, and in the discrimination form one channel
    for each letter at each side (``x_left``, ``o_left``, ``x_right``, ``o_right``). A central cue is an
    arrow at fixation, a channel of its own. A peripheral cue brightens the place where a target may come,
    so it also drives the target channels of that side, at `brightening` of the full level.

    Each block has the same number of trials of each type at each delay and side, so validity is exact in
    every block, delay and side. Response times count from target onset; on catch trials no target comes,
    and they count from when it would have come.

    Parameters
    ----------
    valid, invalid, neutral, catch
        Trials of each type in a block, for each delay and each side.
    soa_s
        Delays from cue onset to target onset (s).
    n_blocks
        Blocks.
    cue
        ``"central"`` or ``"peripheral"``.
    cue_s
        Time that the cue is shown (s); it may still be there when the target comes.
    brightening
        Level of a peripheral cue on the target channels of its side (0 to 1).
    response
        ``"detection"``: one key, ``press``, to any target. ``"discrimination"``: keys ``left`` and ``right``
        for the two letters.
    letter_left
        Letter that has the left key, in the discrimination form.
    target_s
        Time that the target is shown (s).
    window_s
        Response window from target onset (s).
    fixation_min_s, fixation_max_s
        Bounds of the fixation before the cue (s), uniform between them.
    contrast
        Level of the target (0 to 1): the difficulty knob of `ideal_accuracy`.
    practice_trials
        Least number of trials in `practice`.
    lead_in_s
        Start of the first fixation (s).
    lead_out_s
        Time after the last window (s).

    Raises
    ------
    ValueError
        Lists every parameter that cannot be met.

    Examples
    --------
    >>> print(Posner().summary())
    Posner: 640 trials (512 valid, 128 invalid), validity 80 %, central cue, SOA 300, 400, 500, 600 ms, \
detection, 8 blocks of 80, about 1666.5 s
    >>> Posner.classic().validity
    0.8
    """

    valid: int = parameter(8, "trials per block, delay and side", "80 % valid; " + _HEDGE)
    invalid: int = parameter(2, "trials per block, delay and side", "20 % invalid; " + _HEDGE)
    neutral: int = parameter(0, "trials per block, delay and side", "none; " + _HEDGE)
    catch: int = parameter(0, "trials per block, delay and side", _OWN)
    soa_s: tuple[float, ...] = parameter((0.3, 0.4, 0.5, 0.6), "s", _HEDGE)
    n_blocks: int = parameter(8, "blocks", "640 trials in each of two sessions; " + _HEDGE)
    cue: Literal["central", "peripheral"] = parameter("central", "", _HEDGE)
    cue_s: float = parameter(0.2, "s", _OWN)
    brightening: float = parameter(0.3, "level", _OWN)
    response: Literal["detection", "discrimination"] = parameter("detection", "", _HEDGE)
    letter_left: Literal["x", "o"] = parameter("x", "", _OWN)
    target_s: float = parameter(0.2, "s", _OWN)
    window_s: float = parameter(1.0, "s", _OWN)
    fixation_min_s: float = parameter(0.9, "s", _OWN)
    fixation_max_s: float = parameter(1.4, "s", _OWN)
    contrast: float = parameter(1.0, "level", _OWN)
    practice_trials: int = parameter(20, "trials", _OWN)
    lead_in_s: float = parameter(2.0, "s", _OWN)
    lead_out_s: float = parameter(0.5, "s", _OWN)

    def __post_init__(self) -> None:
        check = ParameterCheck(self)
        check.whole(1, "valid", "n_blocks", "practice_trials")
        check.whole(0, "invalid", "neutral", "catch")
        check.durations("soa_s")
        check.duration("cue_s", "target_s", "window_s", "lead_in_s")
        check.duration("fixation_min_s", "fixation_max_s", "lead_out_s", zero=True)
        check.one_of("cue", "central", "peripheral")
        check.one_of("response", "detection", "discrimination")
        check.one_of("letter_left", *LETTERS)
        check.share("contrast", zero=False)
        check.share("brightening")
        check.conflict(
            ("fixation_min_s", "fixation_max_s"),
            lambda low, high: low > high,
            "the shortest fixation can be no longer than the longest",
        )
        check.conflict(
            ("target_s", "window_s"),
            lambda target, window: target > window,
            "the target must be gone by the end of the window",
        )
        check.conflict(
            ("cue_s", "soa_s", "window_s"),
            lambda cue, soa, window: cue > min(soa) + window,
            "the cue must be gone by the end of the window",
        )
        check.conflict(
            ("response", "valid", "invalid", "neutral"),
            lambda response, *counts: response == "discrimination" and any(n % 2 for n in counts),
            "each letter comes equally often, so the numbers of trials must be even",
        )
        check.finish()

    @classmethod
    def classic(cls, cue: Literal["central", "peripheral"] = "central") -> Posner:
        """The form of 1980: delays from 50 to 1,000 ms, with neutral cues and catch trials."""
        return cls(
            valid=4,
            invalid=1,
            neutral=2,
            catch=1,
            soa_s=(0.05, 0.15, 0.3, 0.5, 1.0),
            n_blocks=4,
            cue=cue,
            cue_s=0.05 if cue == "peripheral" else 0.2,
        )

    @property
    def name(self) -> str:
        """Name on the command line."""
        return "posner"

    @property
    def validity(self) -> float:
        """Share of valid trials among those whose cue points to a side."""
        return self.valid / (self.valid + self.invalid)

    @property
    def trials_per_block(self) -> int:
        """Trials in a block."""
        return int(sum(self._counts) * len(SIDES) * len(self.soa_s))

    @property
    def n_trials(self) -> int:
        """Trials in one session."""
        return int(self.n_blocks * self.trials_per_block)

    def summary(self) -> str:
        """One line: trials of each type, validity, delays and duration."""
        per_cell = len(SIDES) * len(self.soa_s) * self.n_blocks
        pairs = zip(TRIAL_TYPES, self._counts, strict=True)
        counts = ", ".join(f"{n * per_cell} {name}" for name, n in pairs if n)
        soa = ", ".join(f"{1000 * s:g}" for s in self.soa_s)
        return (
            f"Posner: {self.n_trials} trials ({counts}), validity {100 * self.validity:.3g} %, "
            f"{self.cue} cue, SOA {soa} ms, {self.response}, "
            f"{self.n_blocks} blocks of {self.trials_per_block}, about {self._expected_s:.1f} s"
        )

    def practice(self) -> Posner:
        """The same with the smallest blocks that keep the proportions, and no more of them than needed."""
        smallest = int(np.gcd.reduce(self._counts))
        if self.response == "discrimination":
            smallest = max(smallest // 2, 1) if smallest % 2 == 0 else smallest
        names = ("valid", "invalid", "neutral", "catch")
        small = replace(self, n_blocks=1, **{name: getattr(self, name) // smallest for name in names})
        return replace(small, n_blocks=int(np.ceil(self.practice_trials / small.trials_per_block)))

    def counterbalanced(self, participant: int) -> Posner:
        """The letters change keys with every participant; one key for everything stays as it is."""
        number = participant_number(participant)
        if self.response == "detection":
            return self
        return replace(self, letter_left="o" if number % 2 else "x")

    def ideal_accuracy(
        self, viewing_s: float | None = None, code: RateCode | None = None
    ) -> dict[str, float]:
        """Accuracy of an observer who weighs the two places by the validity of the cue.

        Parameters
        ----------
        viewing_s
            Time that the target is seen (s); None: `target_s`.
        code
            Rate code of the channels; the default code if None.

        Returns
        -------
        dict
            Accuracy for each type of trial that there is. Without catch trials detection needs no seeing.
        """
        seen_s = self.target_s if viewing_s is None else viewing_s
        on, off = (mean_count(level, seen_s, code) for level in (self.contrast, 0.0))
        cued, uncued = TwoPlaces(on, off, self.validity), TwoPlaces(on, off, 0.5)
        accuracy = {}
        if self.response == "discrimination":
            accuracy["valid"], accuracy["invalid"] = cued.choice()
            accuracy["neutral"] = uncued.choice()[0]
        else:
            present = 1.0 - self.catch / sum(self._counts)
            accuracy["valid"], accuracy["invalid"], accuracy["catch"] = cued.detection(present)
            accuracy["neutral"] = uncued.detection(present)[0]
        there = dict(zip(TRIAL_TYPES, self._counts, strict=True))
        return {name: accuracy[name] for name in TRIAL_TYPES if there[name] and name in accuracy}

    @property
    def channels(self) -> tuple[str, ...]:
        """Input channels."""
        cues = ("cue_left", "cue_right") + (("cue_neutral",) if self.neutral else ())
        return (*self._target_channels.ravel().tolist(), *cues)

    @property
    def responses(self) -> tuple[str, ...]:
        """Allowed responses."""
        return ("press",) if self.response == "detection" else ("left", "right")

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Answer to the target wherever it is, and expect it where the cue points."""
        rules = []
        for side, channels in zip(SIDES, self._target_channels, strict=True):
            for channel, letter in zip(channels, LETTERS, strict=False):
                key = self._key(letter) if self.response == "discrimination" else "press"
                rules += [Rule(str(channel), key), Rule(str(channel), key, goal=f"cue_{side}")]
        if self.neutral:
            rules.append(Rule("cue_neutral", NO_RESPONSE))
        return tuple(rules)

    @property
    def _counts(self) -> tuple[int, ...]:
        return (self.valid, self.invalid, self.neutral, self.catch)

    @property
    def _target_channels(self) -> np.ndarray:
        """Channel of each target, shape (side, letter)."""
        if self.response == "detection":
            return np.array([[f"target_{side}"] for side in SIDES])
        return np.array([[f"{letter}_{side}" for letter in LETTERS] for side in SIDES])

    @property
    def _expected_s(self) -> float:
        fixation_s = (self.fixation_min_s + self.fixation_max_s) / 2
        trial_s = fixation_s + float(np.mean(self.soa_s)) + self.window_s
        return self.lead_in_s + self.n_trials * trial_s + self.lead_out_s

    def _key(self, letter: str) -> str:
        return "left" if letter == self.letter_left else "right"

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Cell of each trial of one session, and when its fixation ends (s)."""
        counts = np.zeros(self._cells, dtype=int)
        counts[...] = np.reshape(self._counts, (1, 1, -1, 1))
        if self.response == "discrimination":
            # catch trials have no letter, so any number of them will do
            counts[:, :, :CATCH] //= len(LETTERS)
            counts[:, :, CATCH, 1] = 0
        code = counted(rng, counts.ravel().tolist(), self.n_blocks).ravel()
        fixation_s = rng.uniform(self.fixation_min_s, self.fixation_max_s, code.size)
        soa_s = np.array(self.soa_s, dtype=float)[np.unravel_index(code, self._cells)[1]]
        end_s = self.lead_in_s + np.cumsum(np.round(fixation_s, 9) + soa_s + self.window_s)
        return {"code": code, "onset_s": end_s - self.window_s}

    def layout(self, drawn: Drawn) -> Layout:
        """Cue and target of each trial."""
        side, delay, kind, letter = np.unravel_index(drawn["code"], self._cells)
        onset_s = drawn["onset_s"]
        soa_s = np.array(self.soa_s, dtype=float)[delay]
        cue_s = onset_s - soa_s
        cued = np.where(kind == INVALID, 1 - side, np.where(kind == NEUTRAL, 2, side))
        there = kind != CATCH
        keys = ("press",) if self.response == "detection" else tuple(self._key(one) for one in LETTERS)
        trials: dict[str, np.ndarray | pd.Categorical] = {
            "onset_s": onset_s,
            "block": drawn.trial // self.trials_per_block,
            "trial_type": labels(kind, TRIAL_TYPES),
            "cue": labels(cued, (*SIDES, "neutral")),
            "soa_s": soa_s,
            "target_side": labels(np.where(there, side, -1), SIDES),
        }
        if self.response == "discrimination":
            trials["letter"] = labels(np.where(there, letter, -1), LETTERS)
        trials |= {
            "cue_onset_s": cue_s,
            "correct_response": labels(np.where(there, letter, len(keys)), (*keys, NO_RESPONSE)),
            "window_start_s": onset_s,
            "window_stop_s": onset_s + self.window_s,
        }
        rows = np.flatnonzero(there)
        target = labels((side * self._cells[-1] + letter)[rows], self.channels)
        events = [
            shown(drawn, labels(self._target_channels.size + cued, self.channels), cue_s, self.cue_s),
            shown(drawn, target, onset_s[rows], self.target_s, self.contrast, rows),
        ]
        if self.cue == "peripheral":
            events += self._brightenings(drawn, cue_s, cued)
        return Layout(trials, events, end_s=onset_s[drawn.last] + self.window_s + self.lead_out_s)

    def _brightenings(self, drawn: Drawn, cue_s: np.ndarray, cued: np.ndarray) -> list[Events]:
        """What a peripheral cue does to the channels of targets at its place; a neutral one is at both."""
        events = []
        for side, channels in enumerate(self._target_channels):
            rows = np.flatnonzero((cued == side) | (cued == 2))
            for channel in channels:
                events.append(shown(drawn, str(channel), cue_s[rows], self.cue_s, self.brightening, rows))
        return events

    @property
    def _cells(self) -> tuple[int, int, int, int]:
        """Sides, delays, types and letters."""
        return (len(SIDES), len(self.soa_s), len(TRIAL_TYPES), self._target_channels.shape[1])
