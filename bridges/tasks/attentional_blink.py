"""Attentional blink: two targets in a rapid stream of letters, reported after it has ended.

Raymond, Shapiro & Arnell (1992) J Exp Psychol Hum Percept Perform 18:849-860,
doi:10.1037/0096-1523.18.3.849. The form with coloured letters at lags 3 and 8 is that of Reteig, Newman,
Ridderinkhof & Slagter (data: doi:10.18112/openneuro.ds001810.v1.1.0).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from string import ascii_uppercase
from typing import Literal

import numpy as np
import pandas as pd

from bridges.encoding import RateCode
from bridges.session import NO_RESPONSE, Rule
from bridges.tasks.base import SessionMaker, parameter
from bridges.tasks.draws import balanced, counted, participant_number
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
from bridges.tasks.observers import detection, identification, mean_count
from bridges.tasks.rsvp import Streams, stream_texts
from bridges.tasks.validation import ParameterCheck, is_count

__all__ = ["BLOCK_KINDS", "AttentionalBlink"]

_RAYMOND = "Raymond et al. 1992, doi:10.1037/0096-1523.18.3.849"
_UNVERIFIED = _RAYMOND + " (value UNVERIFIED)"
_OWN = "this package"

BLOCK_KINDS = ("dual", "control")
"""Both targets are reported, or the same streams with the second target alone."""

SECOND_ANSWERS = ("present", "absent")


@dataclass(frozen=True)
class AttentionalBlink(SessionMaker):
    """Letters one after another at one place; T1 is marked, T2 comes `lag` items after it.

    When the stream has ended, two prompts ask for the targets in their order: component T1 is the report of
    T1, component T2 that of T2. Reports are not speeded; response times count from the prompts. In control
    blocks the streams are of the same kind, but T1 is to be ignored and only T2 is asked for.

    Channels: ``t1_<letter>`` and ``t2_<letter>``, each the conjunction of what marks a target (colour, or
    being a digit) with its identity; ``distractor``, one for all other items, which come before and after
    the targets and mask them; ``report_t1`` and ``report_t2``, the prompts; ``attend_t1`` and ``attend_t2``,
    the instruction ahead of each block.

    The senses of a circuit have few channels, so the targets of this form come from sets of a few items; in
    the originals any letter may be a target. The two sets have no item in common, so an item tells which
    target it is. Chance is therefore one over the size of a set, higher than in the originals: compare the
    shape over lags and the drop from T1, not the level.

    Within each block every lag comes equally often with T2 present and absent (where it may be absent), or in
    the numbers that are given. Targets are as equal in number as possible.

    Parameters
    ----------
    lags
        Positions of T2 after T1 (items).
    trials_per_lag
        Trials with each of the lags in a block; in the detection form as many again without T2.
    blocks
        Kind of each block: "dual" or "control".
    second_task
        ``"detection"``: T2 is present on half of the trials, and asked for with present or absent.
        ``"identification"``: T2 is always there, and asked for by its identity.
    t1_targets, t2_targets
        Items that may be T1 and T2 (one character each); for detection `t2_targets` has one.
    distractors
        The other items; one comes again only when all others have been shown.
    item_s, blank_s
        Time that an item is shown, and from its end to the next (s).
    before_min, before_max
        Bounds of the number of items before T1, uniform between them.
    after
        Items after T1.
    fixation_s
        From the start of a trial to the first item (s).
    report_delay_s
        From the end of the stream to the first prompt (s).
    prompt_s
        Time that a prompt is shown (s).
    report_s
        Response window of each report, from its prompt (s).
    intertrial_s
        From the end of the last window to the next trial (s).
    contrast
        Level of the targets (0 to 1): the difficulty knob of `ideal_accuracy`.
    distractor_level
        Level of the other items (0 to 1): how strongly they mask.
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
    >>> AttentionalBlink().item_rate_hz
    11.1
    >>> sorted(AttentionalBlink.reteig().session(seed=1).trials["lag"].value_counts().items())
    [(3, 128), (8, 64)]
    """

    lags: tuple[int, ...] = parameter(tuple(range(1, 9)), "items", _UNVERIFIED)
    trials_per_lag: tuple[int, ...] = parameter((10,) * 8, "trials per block", _UNVERIFIED)
    blocks: tuple[str, ...] = parameter(("dual", "control"), "", _RAYMOND)
    second_task: Literal["detection", "identification"] = parameter("detection", "", _RAYMOND)
    t1_targets: tuple[str, ...] = parameter(tuple("ABCD"), "", "a subset of " + _RAYMOND)
    t2_targets: tuple[str, ...] = parameter(("X",), "", _RAYMOND)
    distractors: tuple[str, ...] = parameter(tuple("EFGHIJKLMNOPQRSTUVWYZ"), "", _UNVERIFIED)
    item_s: float = parameter(0.015, "s", _UNVERIFIED)
    blank_s: float = parameter(0.075, "s", _UNVERIFIED)
    before_min: int = parameter(7, "items", _UNVERIFIED)
    before_max: int = parameter(15, "items", _UNVERIFIED)
    after: int = parameter(8, "items", _UNVERIFIED)
    fixation_s: float = parameter(0.5, "s", _OWN)
    report_delay_s: float = parameter(0.5, "s", _OWN)
    prompt_s: float = parameter(0.5, "s", _OWN)
    report_s: float = parameter(2.0, "s", "this package; unspeeded in " + _RAYMOND)
    intertrial_s: float = parameter(0.5, "s", _OWN)
    contrast: float = parameter(1.0, "level", _OWN)
    distractor_level: float = parameter(1.0, "level", _OWN)
    lead_in_s: float = parameter(2.0, "s", _OWN)
    lead_out_s: float = parameter(0.5, "s", _OWN)

    def __post_init__(self) -> None:
        check = ParameterCheck(self)
        check.distinct("lags", each=is_count, rule="a whole number >= 1")
        check.one_of("second_task", "detection", "identification")
        check.whole(0, "before_min", "before_max")
        check.whole(1, "after")
        check.duration("item_s", "prompt_s", "report_s", "lead_in_s")
        check.duration("blank_s", "fixation_s", "report_delay_s", "intertrial_s", "lead_out_s", zero=True)
        check.share("contrast", "distractor_level")
        for name in ("t1_targets", "t2_targets", "distractors"):
            check.distinct(name, each=lambda x: isinstance(x, str) and len(x) == 1, rule="one character")
        check.conflict(
            ("trials_per_lag", "lags"),
            lambda trials, lags: (
                not isinstance(trials, tuple) or len(trials) != len(lags) or not all(map(is_count, trials))
            ),
            "one whole number >= 1 for each lag",
        )
        check.conflict(
            ("blocks",),
            lambda blocks: not isinstance(blocks, tuple) or not blocks or not set(blocks) <= set(BLOCK_KINDS),
            f"must be a tuple, not empty, of {BLOCK_KINDS}",
        )
        check.conflict(
            ("lags", "after"),
            lambda lags, after: max(lags) > after,
            "T2 must come within the stream, so no lag can be longer than the items after T1",
        )
        check.conflict(("before_min", "before_max"), lambda low, high: low > high, "before_min <= before_max")
        check.conflict(
            ("t1_targets", "t2_targets", "distractors"),
            lambda *sets: len(set().union(*sets)) < sum(map(len, sets)),
            "no item may be in two of these sets",
        )
        check.conflict(
            ("second_task", "t2_targets"),
            lambda task, targets: (len(targets) == 1) != (task == "detection"),
            "detection needs one item that may be T2, identification more than one",
        )
        check.conflict(("t1_targets",), lambda targets: len(targets) < 2, "T1 must be one of at least two")
        check.conflict(("distractors",), lambda items: len(items) < 2, "a stream needs two different items")
        check.conflict(
            ("prompt_s", "report_s"),
            lambda prompt, report: prompt > report,
            "a prompt must end with its window",
        )
        check.conflict(("lead_in_s",), lambda s: s < CUE_ONSET_S + CUE_DURATION_S, CUE_RULE)
        check.finish()

    @classmethod
    def raymond(cls) -> AttentionalBlink:
        """The original: identify the white letter, say whether there was an X; lags 1 to 8, 11.1 items/s."""
        return cls()

    @classmethod
    def digits(cls) -> AttentionalBlink:
        """Two digits among letters, both to be identified; lags 1 to 8, 10 items/s (UNVERIFIED)."""
        return cls(
            trials_per_lag=(20,) * 8,
            blocks=("dual",),
            second_task="identification",
            t1_targets=tuple("2345"),
            t2_targets=tuple("6789"),
            distractors=tuple(letter for letter in ascii_uppercase if letter not in "IOQ"),
            item_s=0.05,
            blank_s=0.05,
        )

    @classmethod
    def reteig(cls) -> AttentionalBlink:
        """A red, then a green letter at lag 3 or 8, lag 3 twice as often; item 91.7 ms, 192 trials.

        Lags, timing and proportions as in the data; 15 items with T1 in the fifth place UNVERIFIED.
        """
        return cls(
            lags=(3, 8),
            trials_per_lag=(16, 8),
            blocks=("dual",) * 8,
            second_task="identification",
            t2_targets=tuple("EFGH"),
            distractors=tuple("IJKLMNOPQRSTUVWXYZ"),
            item_s=0.0917,
            blank_s=0.0,
            before_min=4,
            before_max=4,
            after=10,
        )

    @property
    def name(self) -> str:
        """Name on the command line."""
        return "attentional_blink"

    @property
    def channels(self) -> tuple[str, ...]:
        """Input channels."""
        return (
            "distractor",
            *(f"t1_{item.lower()}" for item in self.t1_targets),
            *(f"t2_{item.lower()}" for item in self.t2_targets),
            "report_t1",
            "report_t2",
            "attend_t1",
            "attend_t2",
        )

    @property
    def responses(self) -> tuple[str, ...]:
        """Reports of T1, then those of T2."""
        return (*(f"first_{item.lower()}" for item in self.t1_targets), *self.second)

    @property
    def second(self) -> tuple[str, ...]:
        """Reports of T2."""
        detects = self.second_task == "detection"
        answers = SECOND_ANSWERS if detects else (item.lower() for item in self.t2_targets)
        return tuple(f"second_{answer}" for answer in answers)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """A prompt asks for the target that is held in mind; the stream itself calls for nothing."""
        first = tuple(item.lower() for item in self.t1_targets)
        second = tuple(item.lower() for item in self.t2_targets)
        rules = [Rule("distractor", NO_RESPONSE)]
        rules += [Rule(f"t1_{item}", NO_RESPONSE, goal="attend_t1") for item in first]
        rules += [Rule(f"t2_{item}", NO_RESPONSE, goal="attend_t2") for item in second]
        rules += [Rule("report_t1", f"first_{item}", goal=f"t1_{item}") for item in first]
        if self.second_task == "detection":
            # the answer when nothing is held; a T2 in mind outweighs it
            absent = Rule("report_t2", "second_absent", weight=0.5)
            return (*rules, absent, Rule("report_t2", "second_present", goal=f"t2_{second[0]}"))
        return (*rules, *(Rule("report_t2", f"second_{item}", goal=f"t2_{item}") for item in second))

    @property
    def item_rate_hz(self) -> float:
        """Items per second, to one decimal."""
        return round(1.0 / (self.item_s + self.blank_s), 1)

    @property
    def trials_per_block(self) -> int:
        """Trials in a block."""
        return sum(self._cells)

    @property
    def n_trials(self) -> int:
        """Trials in one session."""
        return self.trials_per_block * len(self.blocks)

    def practice(self) -> AttentionalBlink:
        """One dual block with two trials at each lag (UNVERIFIED)."""
        return replace(self, blocks=("dual",), trials_per_lag=(2,) * len(self.lags))

    def counterbalanced(self, participant: int) -> AttentionalBlink:
        """Dual blocks first for even participants, control blocks first for odd ones."""
        first = BLOCK_KINDS[participant_number(participant) % 2]
        return replace(self, blocks=tuple(sorted(self.blocks, key=lambda kind: kind != first)))

    def ideal_accuracy(self, code: RateCode | None = None) -> dict[str, float]:
        """Accuracy of the best report from the spike counts during each target, by component.

        This observer keeps what it has seen without loss, so it has no blink: lag makes no difference to it.

        Parameters
        ----------
        code
            Rate code of the channels; the default code if None.
        """
        on, off = (mean_count(level, self.item_s, code) for level in (self.contrast, 0.0))
        second = (
            detection(on, off)
            if self.second_task == "detection"
            else identification(on, off, len(self.t2_targets))
        )
        return {"T1": identification(on, off, len(self.t1_targets)), "T2": second}

    def summary(self) -> str:
        """One line: trials, lags, rate and blocks."""
        kinds = ", ".join(
            f"{self.blocks.count(kind) * self.trials_per_block} {kind}"
            for kind in BLOCK_KINDS
            if kind in self.blocks
        )
        lags = ", ".join(f"{lag}" for lag in self.lags)
        before = (self.before_min + self.before_max) / 2.0
        about_s = len(self.blocks) * self.lead_in_s + self.n_trials * self._trial_s(before) + self.lead_out_s
        return (
            f"Attentional blink: {self.n_trials} trials ({kinds}), lags {lags}, "
            f"{self.item_rate_hz:g} items/s, T2 {self.second_task}, "
            f"{len(self.blocks)} blocks of {self.trials_per_block}, about {about_s:.1f} s"
        )

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Lags, targets and streams of one session."""
        cell = counted(rng, self._cells, len(self.blocks)).ravel()
        n = cell.size
        before = rng.integers(self.before_min, self.before_max + 1, size=n)
        trial_s = self._trial_s(before)
        block_start = np.repeat(np.arange(1, len(self.blocks) + 1) * self.lead_in_s, self.trials_per_block)
        order = np.broadcast_to(np.arange(len(self.distractors), dtype=np.uint8), (n, len(self.distractors)))
        return {
            "lag": np.array(self.lags)[cell % len(self.lags)],
            "present": cell < len(self.lags),
            "before": before,
            "t1": balanced(rng, n, len(self.t1_targets)),
            "t2": balanced(rng, n, len(self.t2_targets)),
            "start_s": np.cumsum(trial_s) - trial_s + block_start,
            "end_s": np.cumsum(trial_s) + block_start,
            "order": rng.permuted(order, axis=1),
        }

    def layout(self, drawn: Drawn) -> Layout:
        """Streams, prompts and the instruction ahead of each block."""
        lag, present, before = drawn["lag"], drawn["present"], drawn["before"]
        block = drawn.trial // self.trials_per_block
        kind = np.array([BLOCK_KINDS.index(kind) for kind in self.blocks])[block]
        has_1 = kind == 0
        streams = Streams(before + 1 + self.after)
        stream_s = drawn["start_s"] + self.fixation_s
        soa_s = self.item_s + self.blank_s
        report_1 = stream_s + streams.length * soa_s + self.report_delay_s
        report_2 = report_1 + self.report_s
        answer = np.where(present, 0, 1) if self.second_task == "detection" else drawn["t2"]
        trials: dict[str, np.ndarray | pd.Categorical] = {
            "onset_s": report_1,
            "block": block,
            "trial_type": labels(kind, BLOCK_KINDS),
            "lag": lag,
            "t2_present": present,
            "t1": labels(drawn["t1"], self.t1_targets),
            "t2": labels(np.where(present, drawn["t2"], -1), self.t2_targets),
            "t1_position": before + 1,
            "stream": self._texts(drawn, streams),
            "t1_onset_s": stream_s + before * soa_s,
            "t2_onset_s": np.where(present, stream_s + (before + lag) * soa_s, np.nan),
            "correct_response": labels(np.where(has_1, drawn["t1"], -1), self.responses),
            "window_start_s": np.where(has_1, report_1, np.nan),
            "window_stop_s": np.where(has_1, report_2, np.nan),
            "onset_t2_s": report_2,
            "correct_response_t2": labels(answer, self.second),
            "window_start_t2_s": report_2,
            "window_stop_t2_s": report_2 + self.report_s,
        }
        asked = np.flatnonzero(has_1)
        events = [
            self._items(drawn, streams, stream_s),
            shown(drawn, "report_t1", report_1[asked], self.prompt_s, rows=asked),
            shown(drawn, "report_t2", report_2, self.prompt_s),
            *self._instructions(drawn),
        ]
        return Layout(trials, events, end_s=drawn["end_s"][drawn.last] + self.lead_out_s)

    @property
    def _cells(self) -> tuple[int, ...]:
        """Trials in a block for each lag, with T2 and then, for detection, without."""
        return self.trials_per_lag * (1 + (self.second_task == "detection"))

    def _trial_s(self, before: np.ndarray | float) -> np.ndarray | float:
        """Length of a trial (s) with this many items before T1."""
        stream_s = (before + 1 + self.after) * (self.item_s + self.blank_s)
        return self.fixation_s + stream_s + self.report_delay_s + 2 * self.report_s + self.intertrial_s

    def _items(self, drawn: Drawn, streams: Streams, stream_s: np.ndarray) -> Events:
        """One event for each item of each stream."""
        row, first = streams.row, streams.first + drawn["before"]
        channel = np.zeros(row.size, dtype=np.int8)
        channel[first] = 1 + drawn["t1"]
        second = np.flatnonzero(drawn["present"])
        channel[(first + drawn["lag"])[second]] = 1 + len(self.t1_targets) + drawn["t2"][second]
        level = np.where(channel > 0, self.contrast, self.distractor_level)
        onset_s = streams.onsets(stream_s, self.item_s + self.blank_s)
        return shown(drawn, labels(channel, self.channels), onset_s, self.item_s, level, row)

    def _texts(self, drawn: Drawn, streams: Streams) -> np.ndarray:
        """The items of each stream as one text."""
        before, rows = drawn["before"], np.arange(len(drawn))
        second = np.flatnonzero(drawn["present"])
        t1, t2 = np.array(self.t1_targets)[drawn["t1"]], np.array(self.t2_targets)[drawn["t2"][second]]
        placed = ((rows, before, t1), (second, (before + drawn["lag"])[second], t2))
        return stream_texts(np.array(self.distractors)[drawn["order"]], streams.length, placed)

    def _instructions(self, drawn: Drawn) -> list[Events]:
        cues = []
        first = drawn.first
        for block, kind in enumerate(self.blocks):
            start_s = drawn["start_s"][first + block * self.trials_per_block] - self.lead_in_s
            asked = ("attend_t1", "attend_t2") if kind == "dual" else ("attend_t2",)
            cues += [instruction(drawn, channel, start_s + CUE_ONSET_S) for channel in asked]
        return cues
