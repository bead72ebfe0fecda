"""AX continuous performance test (AX-CPT): one key to X after A, the other to every other probe.

Servan-Schreiber, Cohen & Steingard (1996) Arch Gen Psychiatry 53:1105-1112; Braver et al. (2001) J Exp
Psychol Gen 130:746-763, doi:10.1037/0096-3445.130.4.746. The form with no-go probes is the baseline of the
Dual Mechanisms of Cognitive Control project (data: doi:10.18112/openneuro.ds003465.v1.0.6); the dot pattern
expectancy form (DPX) is that of Otto et al. (2015) J Cogn Neurosci 27:319-333, doi:10.1162/jocn_a_00709.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from string import ascii_uppercase

import numpy as np
import pandas as pd

from bridges.encoding import RateCode
from bridges.session import NO_RESPONSE, Rule
from bridges.tasks.base import SessionMaker, parameter
from bridges.tasks.draws import balanced, counted, participant_number
from bridges.tasks.layout import Drawn, Layout, labels, shown
from bridges.tasks.observers import mean_count, poisson_probabilities, separable, two_way_evidence
from bridges.tasks.validation import ParameterCheck

__all__ = ["AXCPT", "TRIAL_TYPES"]

_BRAVER = "Braver et al. 2001, doi:10.1037/0096-3445.130.4.746 (value UNVERIFIED)"
_OWN = "this package"

TRIAL_TYPES = ("AX", "AY", "BX", "BY", "A_no_go", "B_no_go")
_CUE_IS_B = np.array([0, 0, 1, 1, 0, 1])
_PROBE = np.array([0, 1, 0, 1, 2, 2])
_COUNTS = ("ax", "ay", "bx", "by", "a_no_go", "b_no_go")
_ANSWERS = ("target", "nontarget", NO_RESPONSE)
_ANSWER = np.array([0, 1, 1, 1, 2, 2])
# K and Y look too much like X
_TAIL = 1e-10
"""Outcomes that are less likely than this are left out of sums."""
_LETTERS = tuple(letter for letter in ascii_uppercase if letter not in "AKXY")


@dataclass(frozen=True)
class AXCPT(SessionMaker):
    """A cue, a delay, a probe: "target" to X after A, "nontarget" otherwise, nothing to a digit.

    Channels: ``cue_a`` (the valid cue) and ``cue_b`` (any other cue), ``probe_x`` (the valid probe) and
    ``probe_y`` (any other letter), and in forms with no-go trials ``probe_digit``. Which B or Y letter it is
    is kept in the trial table but has no channel of its own, because no answer depends on it.

    Response times count from probe onset. People also answer the cue, always with the nontarget key; that
    press decides nothing, so no component stands for it, and a press before the probe is stray.

    Parameters
    ----------
    ax, ay, bx, by, a_no_go, b_no_go
        Trials of each type in a block.
    n_blocks
        Blocks; the types are shuffled within each.
    cue_s
        Time that the cue is shown (s).
    delay_s
        From the end of the cue to the probe (s).
    probe_s
        Time that the probe is shown (s).
    response_s
        Response window from probe onset (s).
    intertrial_s
        Times from the end of the window to the next cue (s), each equally often in a block as far as its
        number of trials allows.
    block_rest_s
        Rest between blocks (s).
    a_cue, x_probe
        Labels of the valid cue and the valid probe.
    b_cues, y_probes
        Labels of the others, shown equally often as far as numbers allow.
    digits
        Labels of the no-go probes.
    contrast
        Level of the stimuli (0 to 1): the difficulty knob of `ideal_accuracy`.
    lead_in_s
        Start of the first trial (s).
    lead_out_s
        Time after the last window (s).

    Raises
    ------
    ValueError
        Lists every parameter that cannot be met.

    Examples
    --------
    >>> print(AXCPT().summary())
    AX-CPT: 160 trials of 7.3 s (112 AX, 16 AY, 16 BX, 16 BY), 4 blocks of 40, 1170.5 s
    >>> AXCPT.no_go().session(seed=1).trials["trial_type"].value_counts()["A_no_go"]
    np.int64(12)
    """

    ax: int = parameter(28, "trials per block", "70 % of 40; " + _BRAVER)
    ay: int = parameter(4, "trials per block", "10 % of 40; " + _BRAVER)
    bx: int = parameter(4, "trials per block", "10 % of 40; " + _BRAVER)
    by: int = parameter(4, "trials per block", "10 % of 40; " + _BRAVER)
    a_no_go: int = parameter(0, "trials per block", "none in the classic form")
    b_no_go: int = parameter(0, "trials per block", "none in the classic form")
    n_blocks: int = parameter(4, "blocks", _OWN)
    cue_s: float = parameter(0.5, "s", _BRAVER)
    delay_s: float = parameter(4.5, "s", _BRAVER)
    probe_s: float = parameter(0.5, "s", _BRAVER)
    response_s: float = parameter(1.3, "s", _BRAVER)
    intertrial_s: tuple[float, ...] = parameter((1.0,), "s", _BRAVER)
    block_rest_s: float = parameter(0.0, "s", _OWN)
    a_cue: str = parameter("A", "", _BRAVER)
    x_probe: str = parameter("X", "", _BRAVER)
    b_cues: tuple[str, ...] = parameter(_LETTERS, "", _BRAVER)
    y_probes: tuple[str, ...] = parameter(_LETTERS, "", _BRAVER)
    digits: tuple[str, ...] = parameter(tuple("123456789"), "", _BRAVER)
    contrast: float = parameter(1.0, "level", _OWN)
    lead_in_s: float = parameter(2.0, "s", _OWN)
    lead_out_s: float = parameter(0.5, "s", _OWN)

    def __post_init__(self) -> None:
        check = ParameterCheck(self)
        check.whole(0, "ax", "ay", "bx", "by", "a_no_go", "b_no_go")
        check.whole(1, "n_blocks")
        check.duration("cue_s", "delay_s", "probe_s", "response_s", "lead_in_s")
        check.duration("block_rest_s", "lead_out_s", zero=True)
        check.durations("intertrial_s")
        for name in ("b_cues", "y_probes", "digits"):
            check.distinct(name, each=lambda label: isinstance(label, str), rule="a text")
        check.share("contrast")
        check.conflict(
            _COUNTS, lambda *counts: sum(counts) == 0, "a block needs at least one trial of any type"
        )
        check.conflict(
            ("probe_s", "response_s"),
            lambda probe, response: probe > response,
            "the probe must end within the response window",
        )
        check.conflict(("a_cue", "b_cues"), lambda a, b: a in b, "A cannot be one of the B cues")
        check.conflict(("x_probe", "y_probes"), lambda x, y: x in y, "X cannot be one of the Y probes")
        check.finish()

    @classmethod
    def classic(cls) -> AXCPT:
        """70 % AX, 10 % each of AY, BX and BY, with a long delay; letters."""
        return cls()

    @classmethod
    def no_go(cls) -> AXCPT:
        """Baseline form of the Dual Mechanisms of Cognitive Control project: AX and BY 1/3, others 1/12.

        Two runs of three blocks of 24 trials; counts and times between cues as in its data, the division of
        the 5.3 s of a trial UNVERIFIED.
        """
        return cls(
            ax=8, ay=2, bx=2, by=8, a_no_go=2, b_no_go=2,
            n_blocks=6, cue_s=0.5, delay_s=3.5, probe_s=0.5, response_s=1.3,
            intertrial_s=(1.9, 3.1, 4.3), block_rest_s=30.0,
        )  # fmt: skip

    @classmethod
    def dpx(cls) -> AXCPT:
        """Dot pattern expectancy: one valid of six cue patterns, one valid of six probe patterns."""
        patterns = tuple(f"{k}" for k in range(2, 7))
        return cls(
            ax=22, ay=4, bx=4, by=2,
            n_blocks=4, cue_s=0.5, delay_s=2.0, probe_s=0.5, response_s=1.5, intertrial_s=(1.0,),
            a_cue="cue_1", b_cues=tuple(f"cue_{p}" for p in patterns),
            x_probe="probe_1", y_probes=tuple(f"probe_{p}" for p in patterns),
        )  # fmt: skip

    def practice(self) -> AXCPT:
        """One block with every type of the form once or, for AX, five times: UNVERIFIED."""
        return replace(
            self,
            ax=5 * (self.ax > 0),
            ay=min(self.ay, 1),
            bx=min(self.bx, 1),
            by=min(self.by, 1),
            a_no_go=min(self.a_no_go, 1),
            b_no_go=min(self.b_no_go, 1),
            n_blocks=1,
        )

    def counterbalanced(self, participant: int) -> AXCPT:
        """Which pattern is the valid one: in the dot pattern form all 36 pairs of patterns take turns.

        Letters stay what they are: A and X belong to the instruction.

        Parameters
        ----------
        participant
            Number of the participant (0, 1, ...).
        """
        number = participant_number(participant)
        if self.a_cue == "A" and self.x_probe == "X":
            return self
        cues, probes = (self.a_cue, *self.b_cues), (self.x_probe, *self.y_probes)
        cue, probe = number % len(cues), number // len(cues) % len(probes)
        return replace(
            self,
            a_cue=cues[cue],
            b_cues=cues[:cue] + cues[cue + 1 :],
            x_probe=probes[probe],
            y_probes=probes[:probe] + probes[probe + 1 :],
        )

    @property
    def name(self) -> str:
        """Name on the command line."""
        return "ax_cpt"

    @property
    def counts(self) -> tuple[int, ...]:
        """Trials of each of `TRIAL_TYPES` in a block."""
        return tuple(int(getattr(self, name)) for name in _COUNTS)

    @property
    def n_trials(self) -> int:
        """Trials in one session."""
        return self.n_blocks * sum(self.counts)

    @property
    def has_no_go(self) -> bool:
        """Whether there are probes to withhold to."""
        return self.a_no_go + self.b_no_go > 0

    @property
    def channels(self) -> tuple[str, ...]:
        """Input channels."""
        probes = ("probe_x", "probe_y", "probe_digit")
        return ("cue_a", "cue_b", *probes[: 2 + self.has_no_go])

    @property
    def responses(self) -> tuple[str, ...]:
        """Allowed responses."""
        return ("target", "nontarget")

    @property
    def rules(self) -> tuple[Rule, ...]:
        """What the instruction says."""
        rules = [
            Rule("probe_x", "target", goal="cue_a"),
            Rule("probe_x", "nontarget", goal="cue_b"),
            Rule("probe_y", "nontarget"),
        ]
        return (*rules, Rule("probe_digit", NO_RESPONSE)) if self.has_no_go else tuple(rules)

    def summary(self) -> str:
        """One line: trials of each type, blocks and duration."""
        counts = ", ".join(
            f"{n * self.n_blocks} {kind}" for kind, n in zip(TRIAL_TYPES, self.counts, strict=True) if n
        )
        per_block = sum(self.counts)
        mean_s = self._task_s + float(np.mean(self.intertrial_s))
        length_s = self.lead_in_s + self.n_trials * mean_s + self.lead_out_s
        length_s += (self.n_blocks - 1) * self.block_rest_s
        return (
            f"AX-CPT: {self.n_trials} trials of {mean_s:g} s ({counts}), "
            f"{self.n_blocks} blocks of {per_block}, {length_s:.1f} s"
        )

    def ideal_accuracy(self, code: RateCode | None = None) -> float:
        """Accuracy of the best decision from the spike counts of the cue and of the probe.

        The observer knows the shares of the trial types, remembers the cue without loss, and gives the answer
        with the largest posterior probability; the sum runs over all differences of counts.

        Parameters
        ----------
        code
            Rate code of the channels; the default code if None.
        """
        cue = mean_count(self.contrast, self.cue_s, code), mean_count(0.0, self.cue_s, code)
        probe = mean_count(self.contrast, self.probe_s, code), mean_count(0.0, self.probe_s, code)
        if self.contrast == 0.0:
            return float(np.bincount(_ANSWER, self._shares).max())
        if separable(*cue) and separable(*probe):
            return 1.0
        return self._enumerate(cue, probe)

    @property
    def _shares(self) -> np.ndarray:
        """Proportions of the trial types."""
        return np.array(self.counts) / sum(self.counts)

    @property
    def _task_s(self) -> float:
        """From the cue to the end of the response window (s)."""
        return self.cue_s + self.delay_s + self.response_s

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Types, items and onsets of the cues of one session."""
        kind = counted(rng, self.counts, self.n_blocks)
        gaps = np.resize(rng.permutation(self.intertrial_s), kind.shape[1])
        trial_s = rng.permuted(np.broadcast_to(gaps, kind.shape), axis=1) + self._task_s
        trial_s[:, -1] += self.block_rest_s
        end_s = self.lead_in_s + np.cumsum(trial_s)
        return {
            "kind": kind.ravel(),
            "cue_s": end_s - trial_s.ravel(),
            "end_s": end_s - self.block_rest_s,
            # drawn for all trials, whatever their type, so that items are spread evenly over the session
            "b_cue": balanced(rng, kind.size, len(self.b_cues)),
            "y_probe": balanced(rng, kind.size, len(self.y_probes)),
            "digit": balanced(rng, kind.size, len(self.digits)),
        }

    def layout(self, drawn: Drawn) -> Layout:
        """Cue, delay and probe of each trial."""
        kind, cue_s = drawn["kind"], drawn["cue_s"]
        probe_s = cue_s + self.cue_s + self.delay_s
        is_b, probe = _CUE_IS_B[kind], _PROBE[kind]
        item = np.choose(probe, [0, 1 + drawn["y_probe"], 1 + len(self.y_probes) + drawn["digit"]])
        trials: dict[str, np.ndarray | pd.Categorical] = {
            "onset_s": probe_s,
            "block": drawn.trial // sum(self.counts),
            "trial_type": labels(kind, TRIAL_TYPES),
            "cue": labels(is_b * (1 + drawn["b_cue"]), (self.a_cue, *self.b_cues)),
            "probe": labels(item, (self.x_probe, *self.y_probes, *self.digits)),
            "cue_onset_s": cue_s,
            "correct_response": labels(_ANSWER[kind], _ANSWERS),
            "window_start_s": probe_s,
            "window_stop_s": probe_s + self.response_s,
        }
        events = [
            shown(drawn, labels(is_b, self.channels), cue_s, self.cue_s, self.contrast),
            shown(drawn, labels(2 + probe, self.channels), probe_s, self.probe_s, self.contrast),
        ]
        return Layout(trials, events, end_s=drawn["end_s"][drawn.last] + self.lead_out_s)

    def _enumerate(self, cue: tuple[float, float], probe: tuple[float, float]) -> float:
        """Sum over the counts of cue and probe of the probability that the best answer is right."""
        share = self._shares
        evidence, p_probe = _probe_evidence(*probe, with_digits=self.has_no_go)
        right = 0.0
        for odds, p_a, p_b in zip(*two_way_evidence(*cue), strict=True):
            likelihood = np.array([odds, 1.0])[_CUE_IS_B][:, None] * evidence[_PROBE]
            weight = share[:, None] * likelihood
            chosen = np.stack([weight[_ANSWER == k].sum(axis=0) for k in range(len(_ANSWERS))]).argmax(axis=0)
            p_cue = np.array([p_a, p_b])[_CUE_IS_B]
            for kind in np.flatnonzero(share):
                right += share[kind] * p_cue[kind] * p_probe[_PROBE[kind]][chosen == _ANSWER[kind]].sum()
        return float(right)


def _probe_evidence(on: float, off: float, with_digits: bool) -> tuple[np.ndarray, np.ndarray]:
    """Likelihoods of X, Y and digit, up to a factor, and probabilities of every outcome of the counts.

    Both of shape (probe, outcome).
    """
    if not with_digits:
        odds, p_x, p_y = two_way_evidence(on, off)
        nothing = np.zeros_like(odds)
        return np.stack([odds, np.ones_like(odds), nothing]), np.stack([p_x, p_y, nothing])
    highest = int(np.ceil(on + 6.0 * np.sqrt(on) + 10.0))
    p_on, p_off = poisson_probabilities(on, highest), poisson_probabilities(off, highest)
    # axes: counts of X and of Y less that of the digit, which is summed out
    p_x, p_digit = (np.zeros((2 * highest + 1,) * 2) for _ in range(2))
    for count in range(highest + 1):
        part = slice(highest - count, 2 * highest + 1 - count)
        p_x[part, part] += p_off[count] * np.outer(p_on, p_off)
        p_digit[part, part] += p_on[count] * np.outer(p_off, p_off)
    p = np.stack([p_x.ravel(), p_x.T.ravel(), p_digit.ravel()])
    keep = p.max(axis=0) > _TAIL
    axis = np.arange(-highest, highest + 1) * np.log(on / off)
    x, y = (grid.ravel()[keep] for grid in np.meshgrid(axis, axis, indexing="ij"))
    return np.exp(np.stack([x, y, np.zeros_like(x)])), p[:, keep]
