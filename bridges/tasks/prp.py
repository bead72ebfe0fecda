"""Psychological refractory period (PRP): two speeded choices with a short time between them.

Welford (1952) Br J Psychol 43:2-19; Pashler (1994) Psychol Bull 116:220-244, doi:10.1037/0033-2909.116.2.220.
The default is the two-choice form of the Self-Regulation Ontology battery (Eisenberg et al. 2018 Behav Res
Ther 101:46-57, doi:10.1016/j.brat.2017.09.014): a coloured frame, then a number in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from bridges.encoding import RateCode
from bridges.session import Rule
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
from bridges.tasks.validation import ParameterCheck

__all__ = ["BLOCK_KINDS", "PRP"]

_SRO = "Eisenberg et al. 2018, doi:10.1016/j.brat.2017.09.014"
_OWN = "this package"

BLOCK_KINDS = ("dual", "single_1", "single_2")
"""Both tasks, the first alone, the second alone."""


@dataclass(frozen=True)
class PRP(SessionMaker):
    """S1, then after the stimulus onset asynchrony (SOA) S2; each is answered with its own hand, S1 first.

    Component T1 answers S1 and component T2 answers S2. Response times count from the onset of the own
    stimulus, and both windows end `window_s` after S1. Single-task blocks show one of the stimuli at the time
    that it would have in a dual trial, and have only that component.

    Channels: ``s1_<label>`` and ``s2_<label>``, one for each stimulus; ``attend_s1`` and ``attend_s2``, the
    instruction ahead of each block, whose levels say how much either task counts. Stimuli stay on for a fixed
    time, because sessions are open loop; in the original they stay until the answer.

    In each block every SOA comes equally often, and within each SOA the pairs of S1 and S2 are as equal in
    number as possible, in blocks and over the run.

    Parameters
    ----------
    soa_s
        Stimulus onset asynchronies (s).
    trials_per_soa
        Trials with each SOA in a block.
    blocks
        Kind of each block: "dual", "single_1" or "single_2".
    s1, s2
        Labels of the stimuli of either task.
    keys_1, keys_2
        Key (0, 1, ...) of the own hand that answers each stimulus.
    s1_s, s2_s
        Time that the stimuli are shown (s).
    fixation_s
        From the start of a trial to S1 (s).
    window_s
        From S1 to the end of both response windows (s).
    intertrial_s
        From there to the start of the next trial (s).
    second_task_level
        Level of the instruction for the second task in dual blocks; that for the first is 1.
    contrast
        Level of the stimuli (0 to 1): the difficulty knob of `ideal_accuracy`.
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
    >>> print(PRP().summary())
    PRP: 200 trials of 3.8 s (200 dual), 50 at each SOA of 50, 150, 300, 800 ms, 5 blocks of 40, 770.5 s
    """

    soa_s: tuple[float, ...] = parameter((0.05, 0.15, 0.3, 0.8), "s", _SRO)
    trials_per_soa: int = parameter(10, "trials per block", "200 trials in all; " + _SRO)
    blocks: tuple[str, ...] = parameter(("dual",) * 5, "", _OWN)
    s1: tuple[str, ...] = parameter(("blue", "yellow"), "", _SRO)
    s2: tuple[str, ...] = parameter(("3", "4"), "", _SRO)
    keys_1: tuple[int, ...] = parameter((0, 1), "", _SRO)
    keys_2: tuple[int, ...] = parameter((0, 1), "", _SRO)
    s1_s: float = parameter(1.0, "s", "this package; stands for until the answer")
    s2_s: float = parameter(1.0, "s", "this package; stands for until the answer")
    fixation_s: float = parameter(1.3, "s", _SRO)
    window_s: float = parameter(2.0, "s", _SRO)
    intertrial_s: float = parameter(0.5, "s", _SRO)
    second_task_level: float = parameter(0.5, "level", "this package; S1 is to be answered first")
    contrast: float = parameter(1.0, "level", _OWN)
    lead_in_s: float = parameter(2.0, "s", _OWN)
    lead_out_s: float = parameter(0.5, "s", _OWN)

    def __post_init__(self) -> None:
        check = ParameterCheck(self)
        check.durations("soa_s")
        check.whole(1, "trials_per_soa")
        check.duration("s1_s", "s2_s", "window_s", "lead_in_s")
        check.duration("fixation_s", "intertrial_s", "lead_out_s", zero=True)
        check.share("second_task_level", "contrast")
        for stimuli, keys in (("s1", "keys_1"), ("s2", "keys_2")):
            check.distinct(stimuli, each=lambda label: isinstance(label, str), rule="a text")
            check.distinct(keys, each=lambda key: isinstance(key, int), rule="a whole number")
            check.conflict((stimuli,), lambda labels: len(labels) < 2, "a choice needs two stimuli")
            check.conflict(
                (stimuli, keys),
                lambda labels, order: sorted(order) != list(range(len(labels))),
                "each stimulus has a key of its own: the numbers 0, 1, ... in any order",
            )
        check.conflict(
            ("blocks",),
            lambda blocks: not isinstance(blocks, tuple) or not blocks or not set(blocks) <= set(BLOCK_KINDS),
            f"must be a tuple, not empty, of {BLOCK_KINDS}",
        )
        check.conflict(
            ("soa_s", "window_s"),
            lambda soa, window: max(soa) >= window,
            "S2 must come before the response windows end, so every SOA must be shorter than window_s",
        )
        check.conflict(
            ("soa_s", "s1_s", "s2_s", "fixation_s", "window_s", "intertrial_s"),
            lambda soa, s1, s2, *trial: max(s1, max(soa) + s2) > sum(trial),
            "stimuli must end before S1 of the next trial, fixation_s + window_s + intertrial_s later",
        )
        check.conflict(("lead_in_s",), lambda s: s < CUE_ONSET_S + CUE_DURATION_S, CUE_RULE)
        check.finish()

    @classmethod
    def pashler(cls) -> PRP:
        """A form like those of Pashler: two tones, then one of three letters; 6 dual blocks (UNVERIFIED)."""
        return cls(
            soa_s=(0.05, 0.15, 0.3, 0.9),
            trials_per_soa=12,
            blocks=("dual",) * 6,
            s1=("low", "high"),
            s2=("A", "B", "C"),
            keys_2=(0, 1, 2),
            s1_s=0.15,
            window_s=2.5,
        )

    @classmethod
    def with_single_tasks(cls) -> PRP:
        """A block of either task alone before and after five dual blocks, for dual-task costs."""
        return cls(blocks=("single_1", "single_2", *("dual",) * 5, "single_2", "single_1"))

    @property
    def name(self) -> str:
        """Name on the command line."""
        return "prp"

    @property
    def channels(self) -> tuple[str, ...]:
        """Input channels."""
        return (*_prefixed("s1_", self.s1), *_prefixed("s2_", self.s2), "attend_s1", "attend_s2")

    @property
    def responses(self) -> tuple[str, ...]:
        """Keys of the hand that answers S1, then those of the other hand."""
        return (*(f"first_{k}" for k in range(len(self.s1))), *self.second)

    @property
    def second(self) -> tuple[str, ...]:
        """Keys that answer S2."""
        return tuple(f"second_{k}" for k in range(len(self.s2)))

    @property
    def rules(self) -> tuple[Rule, ...]:
        """A key for each stimulus."""
        tasks = (("s1", self.s1, "first", self.keys_1), ("s2", self.s2, "second", self.keys_2))
        return tuple(
            Rule(f"{prefix}_{label.lower()}", f"{hand}_{key}", goal=f"attend_{prefix}")
            for prefix, stimuli, hand, keys in tasks
            for label, key in zip(stimuli, keys, strict=True)
        )

    @property
    def trials_per_block(self) -> int:
        """Trials in a block."""
        return self.trials_per_soa * len(self.soa_s)

    @property
    def n_trials(self) -> int:
        """Trials in one session."""
        return self.trials_per_block * len(self.blocks)

    def practice(self) -> PRP:
        """20 dual trials, as in the Self-Regulation Ontology battery, or the next number with equal SOAs."""
        per_soa = -(-20 // len(self.soa_s))
        return replace(self, blocks=("dual",), trials_per_soa=per_soa)

    def counterbalanced(self, participant: int) -> PRP:
        """Which key belongs to which stimulus: every rotation of either hand takes its turn."""
        number = participant_number(participant)
        shift_1, shift_2 = number % len(self.s1), number // len(self.s1) % len(self.s2)
        return replace(self, keys_1=_rotated(len(self.s1), shift_1), keys_2=_rotated(len(self.s2), shift_2))

    def ideal_accuracy(self, code: RateCode | None = None) -> dict[str, float]:
        """Accuracy of the best choice from the spike counts of each stimulus, by component.

        Nothing limits how much this observer does at once, so the SOA makes no difference to it: whatever
        cost an agent shows at short SOAs is its own.

        Parameters
        ----------
        code
            Rate code of the channels; the default code if None.
        """
        tasks = (("T1", self.s1, self.s1_s), ("T2", self.s2, self.s2_s))
        return {
            component: identification(
                mean_count(self.contrast, shown_s, code), mean_count(0.0, shown_s, code), len(stimuli)
            )
            for component, stimuli, shown_s in tasks
        }

    def summary(self) -> str:
        """One line: trials of each kind, SOAs, blocks and duration."""
        kinds = ", ".join(
            f"{self.blocks.count(kind) * self.trials_per_block} {kind}"
            for kind in BLOCK_KINDS
            if kind in self.blocks
        )
        soas = ", ".join(f"{1000 * soa:g}" for soa in self.soa_s)
        return (
            f"PRP: {self.n_trials} trials of {self._trial_s:g} s ({kinds}), "
            f"{self.blocks.count('dual') * self.trials_per_soa} at each SOA of {soas} ms, "
            f"{len(self.blocks)} blocks of {self.trials_per_block}, "
            f"{len(self.blocks) * self._block_s + self.lead_out_s:.1f} s"
        )

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """SOA and stimuli of each trial of one session."""
        n_soa, n_blocks = len(self.soa_s), len(self.blocks)
        pairs = paired_order(rng, len(self.s1), len(self.s2))
        # the pairs of each SOA go round from block to block of a kind, wherever the block before stopped
        rank = np.array([self.blocks[:b].count(kind) for b, kind in enumerate(self.blocks)])
        serial = rank[:, None] * self.trials_per_soa + np.arange(self.trials_per_soa)
        cell = np.broadcast_to(
            (serial % len(pairs))[:, None, :] * n_soa + np.arange(n_soa)[None, :, None],
            (n_blocks, n_soa, self.trials_per_soa),
        )
        cell = rng.permuted(cell.reshape(n_blocks, -1), axis=1).ravel()
        pair = pairs[cell // n_soa]
        return {"soa": cell % n_soa, "s1": pair[:, 0], "s2": pair[:, 1]}

    def layout(self, drawn: Drawn) -> Layout:
        """S1 and S2 of each trial, and the instruction ahead of each block."""
        kinds = np.array([BLOCK_KINDS.index(kind) for kind in self.blocks])
        block = drawn.trial // self.trials_per_block
        kind = kinds[block]
        has_1, has_2 = kind != 2, kind != 1
        soa_s = np.array(self.soa_s)[drawn["soa"]]
        s1_s = block * self._block_s + self.lead_in_s + self.fixation_s
        s1_s = s1_s + drawn.trial % self.trials_per_block * self._trial_s
        s2_s, stop_s = s1_s + soa_s, s1_s + self.window_s
        first, second = np.array(self.keys_1)[drawn["s1"]], np.array(self.keys_2)[drawn["s2"]]
        trials: dict[str, np.ndarray | pd.Categorical] = {
            "onset_s": s1_s,
            "block": block,
            "trial_type": labels(kind, BLOCK_KINDS),
            "soa_s": np.where(kind == 0, soa_s, np.nan),
            "s1": labels(np.where(has_1, drawn["s1"], -1), self.s1),
            "s2": labels(np.where(has_2, drawn["s2"], -1), self.s2),
            "correct_response": labels(np.where(has_1, first, -1), self.responses),
            "window_start_s": np.where(has_1, s1_s, np.nan),
            "window_stop_s": np.where(has_1, stop_s, np.nan),
            "onset_t2_s": np.where(has_2, s2_s, np.nan),
            "correct_response_t2": labels(np.where(has_2, second, -1), self.second),
            "window_start_t2_s": np.where(has_2, s2_s, np.nan),
            "window_stop_t2_s": np.where(has_2, stop_s, np.nan),
        }
        with_1, with_2 = np.flatnonzero(has_1), np.flatnonzero(has_2)
        channel_1, channel_2 = drawn["s1"][with_1], len(self.s1) + drawn["s2"][with_2]
        events = [
            shown(drawn, labels(channel_1, self.channels), s1_s[with_1], self.s1_s, self.contrast, with_1),
            shown(drawn, labels(channel_2, self.channels), s2_s[with_2], self.s2_s, self.contrast, with_2),
            *self._instructions(drawn),
        ]
        end_s = len(self.blocks) * self._block_s + self.lead_out_s
        return Layout(trials, events, end_s=np.full(drawn.n_sessions, end_s))

    @property
    def _trial_s(self) -> float:
        return self.fixation_s + self.window_s + self.intertrial_s

    @property
    def _block_s(self) -> float:
        return self.lead_in_s + self.trials_per_block * self._trial_s

    def _instructions(self, drawn: Drawn) -> list[Events]:
        """What counts in each block: one task, or both."""
        cues = []
        for block, kind in enumerate(self.blocks):
            onset_s = block * self._block_s + CUE_ONSET_S
            if kind != "single_2":
                cues.append(instruction(drawn, "attend_s1", onset_s))
            if kind != "single_1":
                level = 1.0 if kind == "single_2" else self.second_task_level
                cues.append(instruction(drawn, "attend_s2", onset_s, level=level))
        return cues


def _prefixed(prefix: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(prefix + name.lower() for name in names)


def _rotated(n: int, shift: int) -> tuple[int, ...]:
    return tuple((k + shift) % n for k in range(n))
