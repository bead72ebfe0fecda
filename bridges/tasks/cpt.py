"""Continuous performance test, Conners form (CPT-X): press to every letter but X.

Conners (1994) Conners' Continuous Performance Test; form and human scores as in the UCLA
Consortium for Neuropsychiatric Phenomics (Poldrack et al. 2016, doi:10.1038/sdata.2016.110;
data doi:10.18112/openneuro.ds000030.v1.0.0).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from bridges.session import NO_RESPONSE, Rule
from bridges.tasks.base import SessionMaker, parameter
from bridges.tasks.layout import PRESS, Drawn, Layout, go_no_go_layout, go_no_go_trials, labels
from bridges.tasks.validation import ParameterCheck

__all__ = ["CPTX"]

_CONNERS = "Conners 1994; Poldrack et al. 2016, doi:10.1038/sdata.2016.110"
_OWN = "this package"

PROTECTED_TRIALS = 2
MOST_INTERVALS = 6


@dataclass(frozen=True)
class CPTX(SessionMaker):
    """Letters at three rates; withhold to X.

    The inter-stimulus interval is counted from letter onset to letter onset and is constant within
    a block. Each set of blocks, as many as there are intervals, has every interval once; the order
    within sets runs through all permutations before any comes again, so interval and time on task
    are not confounded. A press counts from letter onset to the next.

    Parameters
    ----------
    n_blocks
        Blocks; a multiple of the number of intervals.
    trials_per_block
        Letters in a block.
    no_go_per_block
        Letters to withhold to in a block, never among its first two.
    isi_s
        Inter-stimulus intervals, onset to onset (s).
    letter_s
        Time that the letter is shown (s).
    go_letters
        Letters to press to, shown equally often as far as their number allows.
    no_go_letter
        Letter to withhold to.
    lead_in_s
        Start of the first trial (s); the instruction cue comes before.
    lead_out_s
        Time after the last window (s).

    Raises
    ------
    ValueError
        Lists every parameter that cannot be met.

    Examples
    --------
    >>> CPTX().session(seed=1).trials.groupby("isi_s").size().to_dict()
    {1.0: 120, 2.0: 120, 4.0: 120}
    """

    n_blocks: int = parameter(18, "blocks", _CONNERS)
    trials_per_block: int = parameter(20, "trials", _CONNERS)
    no_go_per_block: int = parameter(2, "trials", _CONNERS)
    isi_s: tuple[float, ...] = parameter((1.0, 2.0, 4.0), "s", _CONNERS)
    letter_s: float = parameter(0.250, "s", _CONNERS)
    go_letters: tuple[str, ...] = parameter(tuple("ABCDFILOT"), "", _CONNERS)
    no_go_letter: str = parameter("X", "", _CONNERS)
    lead_in_s: float = parameter(2.0, "s", _OWN)
    lead_out_s: float = parameter(0.5, "s", _OWN)

    def __post_init__(self) -> None:
        check = ParameterCheck(self)
        check.whole(1, "n_blocks", "trials_per_block")
        check.whole(0, "no_go_per_block")
        check.durations("isi_s")
        check.duration("letter_s")
        check.distinct("go_letters", each=lambda letter: isinstance(letter, str), rule="a text")
        check.conflict(
            ("no_go_per_block", "trials_per_block"),
            lambda no_go, trials: no_go > max(trials - PROTECTED_TRIALS, 0),
            "the first two letters of a block are never no-go, so no_go_per_block <= trials_per_block - 2",
        )
        check.conflict(
            ("n_blocks", "isi_s"),
            lambda blocks, isi: blocks % len(isi) != 0,
            "every interval comes equally often, so n_blocks must be a multiple of their number",
        )
        check.conflict(
            ("isi_s",),
            lambda isi: len(isi) > MOST_INTERVALS,
            f"all orders are balanced, so there can be {MOST_INTERVALS} intervals at most",
        )
        check.conflict(
            ("letter_s", "isi_s"),
            lambda letter, isi: letter > min(isi),
            "a letter must end before the next, so letter_s can be no longer than the shortest interval",
        )
        check.conflict(
            ("no_go_letter", "go_letters"),
            lambda letter, go: letter in go,
            "the no-go letter cannot be a go letter as well",
        )
        check.lead()
        check.finish()

    @property
    def name(self) -> str:
        """Name on the command line."""
        return "cpt_x"

    def practice(self) -> CPTX:
        """One block of ten letters at 2 s, one of them the no-go letter."""
        return replace(self, n_blocks=1, trials_per_block=10, no_go_per_block=1, isi_s=(2.0,))

    @property
    def n_trials(self) -> int:
        """Trials in one session."""
        return int(self.n_blocks * self.trials_per_block)

    @property
    def channels(self) -> tuple[str, ...]:
        """Every letter of a kind is the same channel; the cue has its own."""
        return ("go", "no_go", "attend_no_go")

    @property
    def responses(self) -> tuple[str, ...]:
        """One key."""
        return (PRESS,)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Press to every letter, but not to the no-go letter."""
        return (Rule("go", PRESS), Rule("no_go", NO_RESPONSE, goal="attend_no_go"))

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Codes of the letters, the interval after each, and onsets without the lead-in (s)."""
        letter = self._letters(rng)
        isi_s = np.repeat(self._block_intervals(rng), self.trials_per_block)
        return {"letter": letter, "isi_s": isi_s, "stop_s": np.cumsum(isi_s)}

    def layout(self, drawn: Drawn) -> Layout:
        """Condition columns ``trial_type`` ("go", "no_go"), ``stimulus`` (letter), ``isi_s``, ``isi_set``.

        ``isi_set`` (0, 1, ...) is the set of blocks that has each interval once.
        """
        stop_s = self.lead_in_s + drawn["stop_s"]
        block = drawn.trial // self.trials_per_block
        trials = go_no_go_trials(
            drawn,
            onset_s=stop_s - drawn["isi_s"],
            end_s=stop_s[drawn.last],
            block=block,
            no_go=drawn["letter"] == len(self.go_letters),
            conditions={
                "stimulus": labels(drawn["letter"], (*self.go_letters, self.no_go_letter)),
                "isi_s": drawn["isi_s"],
                "isi_set": block // len(self.isi_s),
            },
        )
        return go_no_go_layout(drawn, trials, "attend_no_go", self.letter_s, self.lead_out_s)

    def summary(self) -> str:
        """One line: trials of each condition and duration."""
        n, no_go = self.n_trials, self.n_blocks * self.no_go_per_block
        per_isi = n // len(self.isi_s)
        length_s = self.lead_in_s + per_isi * sum(self.isi_s) + self.lead_out_s
        intervals = ", ".join(f"{isi:g}" for isi in self.isi_s)
        return (
            f"CPT-X: {n} letters ({n - no_go} go, {no_go} no-go = {100 * no_go / n:.1f} %), "
            f"{per_isi} at each interval of {intervals} s, "
            f"{self.n_blocks} blocks of {self.trials_per_block}, {length_s:.1f} s"
        )

    def _block_intervals(self, rng: np.random.Generator) -> np.ndarray:
        """Interval of each block (s), shape (block,)."""
        orders = np.array(list(permutations(self.isi_s)), dtype=float)
        n_sets = self.n_blocks // len(self.isi_s)
        rounds = -(-n_sets // len(orders))
        rows = np.concatenate([rng.permutation(len(orders)) for _ in range(rounds)])[:n_sets]
        return orders[rows].ravel()

    def _letters(self, rng: np.random.Generator) -> np.ndarray:
        """Code of each letter, the no-go letter last, shape (trial,)."""
        n_go = self.trials_per_block - self.no_go_per_block
        no_go = np.zeros((self.n_blocks, self.trials_per_block), dtype=bool)
        no_go[:, self.trials_per_block - self.no_go_per_block :] = True
        no_go[:, PROTECTED_TRIALS:] = rng.permuted(no_go[:, PROTECTED_TRIALS:], axis=1)
        # drawn as one cycle over the run, so letters come equally often within blocks and overall
        go = np.resize(rng.permutation(len(self.go_letters)), (self.n_blocks, n_go))
        go = rng.permuted(go, axis=1)
        index = np.full(no_go.shape, len(self.go_letters))
        index[~no_go] = go.ravel()
        return index.ravel()
