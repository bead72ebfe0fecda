"""Flanker task: answer to the item in the middle, whatever stands beside it.

Letters: Eriksen & Eriksen (1974) Percept Psychophys 16:143-149, doi:10.3758/BF03203267. Arrows under time
pressure: ERP CORE, Kappenman et al. (2021) NeuroImage 225:117465, doi:10.1016/j.neuroimage.2020.117465, as in
the data of Isbell et al. (doi:10.18112/openneuro.ds005863.v2.0.0). Slow form: Kelly et al. (2008) NeuroImage
39:527-537, doi:10.1016/j.neuroimage.2007.08.008 (data: doi:10.18112/openneuro.ds000102.v1.0.0).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from bridges.encoding import RateCode
from bridges.session import Rule
from bridges.tasks.base import SessionMaker, parameter
from bridges.tasks.draws import counted, participant_number
from bridges.tasks.layout import Drawn, Layout, instruction, labels, shown
from bridges.tasks.observers import binary_choice
from bridges.tasks.place_observers import TwoPlaces, mean_count
from bridges.tasks.validation import ParameterCheck

__all__ = ["Flanker"]

_CORE = "ERP CORE, doi:10.1016/j.neuroimage.2020.117465; measured in doi:10.18112/openneuro.ds005863.v2.0.0"
_ERIKSEN = "Eriksen & Eriksen 1974, doi:10.3758/BF03203267 (value UNVERIFIED)"
_OWN = "this package"

FLANKERS = ("congruent", "incongruent", "neutral")
SIDES = ("left", "right")
CONGRUENT, INCONGRUENT, NEUTRAL = range(len(FLANKERS))
GOAL = "attend_target"
FLANKER_WEIGHT = 0.5
"""Association of a flanker with a response, beside 1 for the target, which the instruction is about."""


@dataclass(frozen=True)
class Flanker(SessionMaker):
    """A row of items; the one in the middle says left or right, the others agree, disagree or say nothing.

    Channels: one for each item in the middle (``target_left``, ``target_right``, or ``target_h``,
    ``target_k``, ``target_s``, ``target_c``), one for each item beside it (``flanker_...``), and
    ``attend_target``, the instruction. All flankers of a row are the same item and share a channel, whose
    level falls with their distance: exp(-spacing / falloff). Neutral flankers carry no direction, so they
    have no event.

    Every block has the same number of trials of each kind for each target and spacing. Response times count
    from the onset of the row.

    Parameters
    ----------
    items
        ``"arrows"``, or ``"letters"``: H and K have one key, S and C the other.
    congruent, incongruent, neutral
        Trials of each type in a block, for each target and spacing. Congruent letters are as often the same
        letter as the other one of the same key, incongruent ones as often either letter of the other key.
    n_blocks
        Blocks.
    n_flankers
        Flankers in a row, as many left as right of the target.
    spacing_deg
        Distances between neighbouring items (degrees of visual angle).
    falloff_deg
        Distance at which the level of the flankers has fallen to 1 / e (degrees).
    left_letters
        The pair of letters that has the left key: ``"hk"`` or ``"sc"``.
    stimulus_s
        Time that the row is shown (s).
    interval_min_s, interval_max_s
        Bounds of the time from the end of a row to the next (s), uniform between them.
    window_s
        Response window from the onset of the row (s).
    block_rest_s
        Rest between blocks (s).
    contrast
        Level of the target (0 to 1): the difficulty knob of `ideal_accuracy`. Flankers are scaled alike.
    practice_trials
        Least number of trials in `practice`.
    lead_in_s
        Onset of the first row (s); the instruction comes before.
    lead_out_s
        Time after the last window (s).

    Raises
    ------
    ValueError
        Lists every parameter that cannot be met.

    Examples
    --------
    >>> print(Flanker().summary())
    Flanker (arrows): 400 trials (200 congruent, 200 incongruent), 10 blocks of 40, about 692.5 s
    """

    items: Literal["arrows", "letters"] = parameter("arrows", "", _CORE)
    congruent: int = parameter(10, "trials per block, target and spacing", "50 %; " + _CORE)
    incongruent: int = parameter(10, "trials per block, target and spacing", "50 %; " + _CORE)
    neutral: int = parameter(0, "trials per block, target and spacing", _CORE)
    n_blocks: int = parameter(10, "blocks of 40", _CORE)
    n_flankers: int = parameter(4, "items", _CORE)
    spacing_deg: tuple[float, ...] = parameter((0.5,), "deg", _OWN)
    falloff_deg: float = parameter(1.0, "deg", _OWN)
    left_letters: Literal["hk", "sc"] = parameter("hk", "", _ERIKSEN)
    stimulus_s: float = parameter(0.2, "s", _CORE)
    interval_min_s: float = parameter(1.2, "s", _CORE)
    interval_max_s: float = parameter(1.4, "s", _CORE)
    window_s: float = parameter(1.2, "s", _OWN)
    block_rest_s: float = parameter(10.0, "s", "median rest; " + _CORE)
    contrast: float = parameter(1.0, "level", _OWN)
    practice_trials: int = parameter(10, "trials", _CORE)
    lead_in_s: float = parameter(2.0, "s", _OWN)
    lead_out_s: float = parameter(0.5, "s", _OWN)

    def __post_init__(self) -> None:
        check = ParameterCheck(self)
        check.whole(1, "congruent", "incongruent", "n_blocks", "n_flankers", "practice_trials")
        check.whole(0, "neutral")
        check.distinct("spacing_deg", each=lambda s: s >= 0, rule=">= 0 degrees")
        check.duration("falloff_deg", "stimulus_s", "window_s", "lead_in_s")
        check.duration("interval_min_s", "interval_max_s", "block_rest_s", "lead_out_s", zero=True)
        check.one_of("items", "arrows", "letters")
        check.one_of("left_letters", "hk", "sc")
        check.share("contrast", zero=False)
        check.conflict(
            ("interval_min_s", "interval_max_s"),
            lambda low, high: low > high,
            "the shortest interval can be no longer than the longest",
        )
        check.conflict(
            ("window_s", "stimulus_s", "interval_min_s"),
            lambda window, stimulus, interval: not stimulus <= window <= stimulus + interval + 1e-9,
            "the window must reach from the end of the row to at most the next row",
        )
        check.conflict(
            ("n_flankers",),
            lambda n: n % 2 != 0,
            "there are as many flankers left as right of the target",
        )
        check.conflict(
            ("items", "congruent", "incongruent"),
            lambda items, *counts: items == "letters" and any(n % 2 for n in counts),
            "two letters flank equally often, so the numbers of trials must be even",
        )
        check.lead()
        check.finish()

    @classmethod
    def letters(cls) -> Flanker:
        """The form of 1974: H and K against S and C, seven letters, three spacings, shown for a second."""
        return cls(
            items="letters",
            congruent=4,
            incongruent=4,
            neutral=2,
            n_blocks=4,
            n_flankers=6,
            spacing_deg=(0.06, 0.5, 1.0),
            stimulus_s=1.0,
            interval_min_s=1.0,
            interval_max_s=1.0,
            window_s=2.0,
            practice_trials=40,
        )

    @classmethod
    def until_response(cls) -> Flanker:
        """Arrows without time pressure: open loop, so the row stays on as long as answers are accepted."""
        return cls(stimulus_s=2.0, window_s=2.0, interval_min_s=0.5, interval_max_s=1.0)

    @classmethod
    def slow(cls) -> Flanker:
        """The event-related form: two runs of 24 trials, 10 to 14 s apart."""
        return cls(
            congruent=6,
            incongruent=6,
            n_blocks=2,
            stimulus_s=2.0,
            window_s=2.0,
            interval_min_s=8.0,
            interval_max_s=12.0,
        )

    @property
    def name(self) -> str:
        """Name on the command line."""
        return "flanker"

    @property
    def trials_per_block(self) -> int:
        """Trials in a block."""
        return int(sum(self._counts) * self._targets.size * len(self.spacing_deg))

    @property
    def n_trials(self) -> int:
        """Trials in one session."""
        return int(self.n_blocks * self.trials_per_block)

    def summary(self) -> str:
        """One line: trials of each type and duration."""
        per_count = self._targets.size * len(self.spacing_deg) * self.n_blocks
        pairs = zip(FLANKERS, self._counts, strict=True)
        counts = ", ".join(f"{n * per_count} {name}" for name, n in pairs if n)
        return (
            f"Flanker ({self.items}): {self.n_trials} trials ({counts}), "
            f"{self.n_blocks} blocks of {self.trials_per_block}, about {self._expected_s:.1f} s"
        )

    def practice(self) -> Flanker:
        """One or more of the smallest blocks that keep the proportions."""
        smallest = int(np.gcd.reduce(self._counts))
        if self.items == "letters" and smallest % 2 == 0:
            smallest //= 2
        small = replace(self, n_blocks=1, **{name: getattr(self, name) // smallest for name in FLANKERS})
        return replace(small, n_blocks=int(np.ceil(self.practice_trials / small.trials_per_block)))

    def counterbalanced(self, participant: int) -> Flanker:
        """The pairs of letters change keys with every participant; arrows point to theirs."""
        number = participant_number(participant)
        if self.items == "arrows":
            return self
        return replace(self, left_letters=("hk", "sc")[number % 2])

    def ideal_accuracy(self, viewing_s: float | None = None, code: RateCode | None = None) -> float:
        """Accuracy of an observer who ignores the flankers, whatever they say.

        Parameters
        ----------
        viewing_s
            Time that the target is seen (s); None: `stimulus_s`.
        code
            Rate code of the channels; the default code if None.
        """
        seen_s = self.stimulus_s if viewing_s is None else viewing_s
        on, off = (mean_count(level, seen_s, code) for level in (self.contrast, 0.0))
        if self.items == "arrows":
            return binary_choice(on, off)
        # either of two letters stands for a key, as a signal may be at either of two places
        return TwoPlaces(on, off, 0.5).choice()[0]

    @property
    def channels(self) -> tuple[str, ...]:
        """Input channels."""
        targets = [f"target_{item}" for item in self._targets]
        return (*targets, *(f"flanker_{item}" for item in self._targets), GOAL)

    @property
    def responses(self) -> tuple[str, ...]:
        """Allowed responses."""
        return ("left", "right")

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Answer to the item in the middle; those beside it call for answers all the same, less strongly."""
        keys = dict(zip(self._targets, self._keys, strict=True))
        return (
            *(Rule(f"target_{item}", SIDES[key], goal=GOAL) for item, key in keys.items()),
            *(Rule(f"flanker_{item}", SIDES[key], weight=FLANKER_WEIGHT) for item, key in keys.items()),
        )

    @property
    def _counts(self) -> tuple[int, ...]:
        return (self.congruent, self.incongruent, self.neutral)

    @property
    def _targets(self) -> np.ndarray:
        """What can be in the middle; letters of one key stand side by side."""
        return np.array(SIDES if self.items == "arrows" else ("h", "k", "s", "c"))

    @property
    def _keys(self) -> np.ndarray:
        """0 for left, 1 for right, for each target."""
        if self.items == "arrows":
            return np.array([0, 1])
        return np.array([0, 0, 1, 1]) if self.left_letters == "hk" else np.array([1, 1, 0, 0])

    @property
    def _expected_s(self) -> float:
        interval_s = (self.interval_min_s + self.interval_max_s) / 2
        rests_s = (self.n_blocks - 1) * self.block_rest_s
        return self.lead_in_s + self.n_trials * (self.stimulus_s + interval_s) + rests_s + self.lead_out_s

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Cell and onset (s) of each trial of one session."""
        counts = np.zeros(self._cells, dtype=int)
        counts[...] = np.reshape(self._counts, (1, 1, -1, 1))
        if self.items == "letters":
            counts[:, :, :NEUTRAL] //= 2
            counts[:, :, NEUTRAL, 1] = 0
        code = counted(rng, counts.ravel().tolist(), self.n_blocks)
        interval_s = np.round(rng.uniform(self.interval_min_s, self.interval_max_s, code.shape), 9)
        trial_s = self.stimulus_s + interval_s
        trial_s[:, -1] += self.block_rest_s
        return {"code": code.ravel(), "onset_s": self.lead_in_s + np.cumsum(trial_s) - trial_s.ravel()}

    def layout(self, drawn: Drawn) -> Layout:
        """One row of items each trial."""
        target, spacing, kind, which = np.unravel_index(drawn["code"], self._cells)
        onset_s, n_items = drawn["onset_s"], self._targets.size
        flanker = np.where(kind == NEUTRAL, n_items, self._flankers[kind % NEUTRAL, target, which])
        spacing_deg = np.array(self.spacing_deg, dtype=float)[spacing]
        trials: dict[str, np.ndarray | pd.Categorical] = {
            "onset_s": onset_s,
            "block": drawn.trial // self.trials_per_block,
            "trial_type": labels(kind, FLANKERS),
            "stimulus": labels(target * (n_items + 1) + flanker, self._rows),
            "target": labels(target, self._targets),
            "flanker": labels(np.where(kind == NEUTRAL, -1, flanker), self._targets),
            "spacing_deg": spacing_deg,
            "correct_response": labels(self._keys[target], SIDES),
            "window_start_s": onset_s,
            "window_stop_s": onset_s + self.window_s,
        }
        rows = np.flatnonzero(kind != NEUTRAL)
        level = self.contrast * np.exp(-spacing_deg[rows] / self.falloff_deg)
        beside = labels(n_items + flanker[rows], self.channels)
        events = [
            instruction(drawn, GOAL),
            shown(drawn, labels(target, self.channels), onset_s, self.stimulus_s, self.contrast),
            shown(drawn, beside, onset_s[rows], self.stimulus_s, level, rows),
        ]
        return Layout(trials, events, end_s=onset_s[drawn.last] + self.window_s + self.lead_out_s)

    @property
    def _cells(self) -> tuple[int, int, int, int]:
        """Targets, spacings, types of flankers and, of letters, which of two."""
        return (self._targets.size, len(self.spacing_deg), len(FLANKERS), self._targets.size // 2)

    @property
    def _flankers(self) -> np.ndarray:
        """Flanking item, congruent or not, for each target and each choice; shape (type, target, which)."""
        target = np.arange(self._targets.size)
        if self.items == "arrows":
            return np.stack([target, 1 - target])[:, :, None]
        own = np.stack([target, target ^ 1], axis=1)
        return np.stack([own, own[::-1]])

    @property
    def _rows(self) -> list[str]:
        """What the row looks like: for each target each flanker, the neutral one last."""
        signs = ("<", ">", "-") if self.items == "arrows" else ("H", "K", "S", "C", "N")
        half = self.n_flankers // 2
        return [half * beside + middle + half * beside for middle in signs[:-1] for beside in signs]
