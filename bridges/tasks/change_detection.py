"""Change detection: has a display of coloured squares changed while it was gone?

Luck & Vogel (1997) Nature 390:279-281, doi:10.1038/36846, with the whole display as test; Rouder, Morey,
Cowan, Zwilling, Morey & Pratte (2008) PNAS 105:5975-5979, doi:10.1073/pnas.0711295105, with a single probe.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from bridges.encoding import RateCode
from bridges.session import NO_RESPONSE, Rule
from bridges.tasks.base import SessionMaker, parameter
from bridges.tasks.layout import Drawn, Events, Layout, either, labels, shown
from bridges.tasks.observers import detection, highest_count, mean_count, poisson_probabilities
from bridges.tasks.validation import ParameterCheck, is_count

__all__ = ["ChangeDetection"]

_ROUDER = "Rouder et al. 2008, doi:10.1073/pnas.0711295105"
_UNVERIFIED = _ROUDER + " (value UNVERIFIED)"
_OWN = "this package"

COLOURS = (
    "red", "green", "blue", "yellow", "white", "black", "cyan", "magenta", "orange",
    "brown", "pink", "purple", "grey",
)  # fmt: skip
EMPTY = "-"


@dataclass(frozen=True)
class ChangeDetection(SessionMaker):
    """A sample of coloured squares, a retention interval, a test: the same or changed?

    Channels: ``sample_<colour>`` and ``probe_<colour>``, and with the whole display as test also ``test``,
    which says that it is there. All squares of a sample differ in colour, and a change is always to a colour
    that was not in it. So a channel stands for a square, place and colour together, and what must be held in
    mind is which of them were there; remembering colours without their places would do, which is easier
    than in the originals, where colours may be repeated. Places are in the trial table, not in the channels.
    Sample and probe have channels of their own, because a memory that the probe itself could switch on would
    always answer "same". Each set size needs one colour more than it has squares, and each colour two
    channels: for a small circuit take small sets.

    In every block each set size comes equally often, and has exactly the share of changes of that block.

    Parameters
    ----------
    set_sizes
        Numbers of squares in a sample.
    trials_per_size
        Trials with each set size in a block.
    change_probability
        Shares of trials with a change; each block has one of them, and each set of as many blocks has all, in
        random order.
    n_blocks
        Blocks; a multiple of the number of shares.
    test
        ``"single"``: one square of the sample comes back, as it was or changed. ``"whole"``: all come back,
        and one of them may have changed.
    colours
        Colours of the squares.
    n_places
        Places where squares may be.
    fixation_s
        From the start of a trial to the sample (s).
    sample_s
        Time that the sample is shown (s).
    retention_s
        From its end to the test (s).
    test_s
        Time that the test is shown (s).
    window_s
        Response window from test onset (s).
    intertrial_s
        From the end of the window to the next trial (s).
    contrast
        Level of the sample (0 to 1): the difficulty knob of `ideal_accuracy`, besides the set size.
    lead_in_s
        Start of the first trial (s).
    lead_out_s
        Time after the last trial (s).

    Raises
    ------
    ValueError
        Lists every parameter that cannot be met.

    Examples
    --------
    >>> print(ChangeDetection().summary())
    Change detection: 540 trials of 4.5 s (180 at each set size of 2, 5, 8), single probe, change on 30, 50, \
70 % by block, 9 blocks of 60, 2432.5 s
    """

    set_sizes: tuple[int, ...] = parameter((2, 5, 8), "squares", _ROUDER)
    trials_per_size: int = parameter(20, "trials per block", _UNVERIFIED)
    change_probability: tuple[float, ...] = parameter((0.3, 0.5, 0.7), "", _ROUDER)
    n_blocks: int = parameter(9, "blocks", _UNVERIFIED)
    test: Literal["single", "whole"] = parameter("single", "", _ROUDER)
    colours: tuple[str, ...] = parameter(COLOURS[:9], "", "this package; one more than the largest set")
    n_places: int = parameter(12, "places", _OWN)
    fixation_s: float = parameter(1.0, "s", _UNVERIFIED)
    sample_s: float = parameter(0.5, "s", _UNVERIFIED)
    retention_s: float = parameter(0.5, "s", _UNVERIFIED)
    test_s: float = parameter(2.0, "s", _UNVERIFIED)
    window_s: float = parameter(2.0, "s", _UNVERIFIED)
    intertrial_s: float = parameter(0.5, "s", _OWN)
    contrast: float = parameter(1.0, "level", _OWN)
    lead_in_s: float = parameter(2.0, "s", _OWN)
    lead_out_s: float = parameter(0.5, "s", _OWN)

    def __post_init__(self) -> None:
        check = ParameterCheck(self)
        check.distinct("set_sizes", each=is_count, rule="a whole number >= 1")
        check.whole(1, "trials_per_size", "n_blocks", "n_places")
        check.distinct(
            "change_probability", each=lambda p: isinstance(p, float) and 0 <= p <= 1, rule="from 0 to 1"
        )
        check.one_of("test", "single", "whole")
        check.distinct("colours", each=lambda name: isinstance(name, str), rule="a text")
        check.duration("sample_s", "test_s", "window_s", "lead_in_s")
        check.duration("fixation_s", "retention_s", "intertrial_s", "lead_out_s", zero=True)
        check.share("contrast")
        check.conflict(
            ("set_sizes", "colours"),
            lambda sizes, colours: max(sizes) >= len(colours),
            "a change is to a colour that was not there, so there must be more colours than squares",
        )
        check.conflict(
            ("set_sizes", "n_places"),
            lambda sizes, places: max(sizes) > places,
            "each square needs a place of its own",
        )
        check.conflict(
            ("n_blocks", "change_probability"),
            lambda blocks, shares: blocks % len(shares) != 0,
            "every share comes equally often, so n_blocks must be a multiple of their number",
        )
        check.conflict(
            ("change_probability", "trials_per_size"),
            lambda shares, trials: any(abs(p * trials - round(p * trials)) > 1e-9 for p in shares),
            "the number of changes at each set size must be whole: change_probability x trials_per_size",
        )
        check.conflict(
            ("test_s", "window_s", "intertrial_s"),
            lambda test, window, gap: test > window + gap,
            "the test must end with the trial, window_s + intertrial_s after its onset",
        )
        check.finish()

    @classmethod
    def rouder(cls) -> ChangeDetection:
        """Single probe at set sizes 2, 5 and 8, with changes on 30, 50 or 70 % of a block."""
        return cls()

    @classmethod
    def luck_vogel(cls) -> ChangeDetection:
        """Whole display at set sizes 1, 2, 3, 4, 8, 12; sample 100 ms, blank 900 ms, test 2 s (UNVERIFIED).

        The original has seven colours, which may come twice; here thirteen, so that all squares differ.
        """
        return cls(
            set_sizes=(1, 2, 3, 4, 8, 12),
            trials_per_size=12,
            change_probability=(0.5,),
            n_blocks=5,
            test="whole",
            colours=COLOURS,
            sample_s=0.1,
            retention_s=0.9,
        )

    @property
    def name(self) -> str:
        """Name on the command line."""
        return "change_detection"

    @property
    def channels(self) -> tuple[str, ...]:
        """Input channels."""
        squares = tuple(f"{phase}_{colour}" for phase in ("sample", "probe") for colour in self.colours)
        return (*squares, "test") if self.test == "whole" else squares

    @property
    def responses(self) -> tuple[str, ...]:
        """Allowed responses."""
        return ("same", "change")

    @property
    def rules(self) -> tuple[Rule, ...]:
        """A probe is compared with what is held in mind."""
        if self.test == "single":
            # the answer when nothing matches; a match in mind outweighs it
            new = [Rule(f"probe_{colour}", "change", weight=0.5) for colour in self.colours]
            return (*new, *(Rule(f"probe_{c}", "same", goal=f"sample_{c}") for c in self.colours))
        # each square calls for "change" unless its sample is in mind; without any such call it is the same
        new = [Rule(f"probe_{colour}", "change") for colour in self.colours]
        known = [Rule(f"probe_{c}", NO_RESPONSE, goal=f"sample_{c}") for c in self.colours]
        return (*new, *known, Rule("test", "same", weight=0.5))

    @property
    def trials_per_block(self) -> int:
        """Trials in a block."""
        return self.trials_per_size * len(self.set_sizes)

    @property
    def n_trials(self) -> int:
        """Trials in one session."""
        return self.trials_per_block * self.n_blocks

    def practice(self) -> ChangeDetection:
        """One block with equal numbers of changed and same, two of each at each set size (UNVERIFIED)."""
        return replace(self, n_blocks=1, change_probability=(0.5,), trials_per_size=4)

    def ideal_accuracy(self, code: RateCode | None = None) -> dict[int, float]:
        """Accuracy of an observer who counts spikes of the sample, sees the test clearly and never forgets.

        With a single probe it compares the count of the probed square's sample channel with the best
        criterion. With the whole display it says "change" if the lowest count among the squares shown falls
        below the best criterion: many squares, many chances that noise looks like a change, so it falls with
        the set size N without any limit of capacity,

            P = max_c [(1 - p) S_on(c)^N + p (1 - S_off(c) S_on(c)^(N - 1))],   S(c) = P(count >= c).

        It does not use channels of squares that are not in the test, so it is a little below the very best.

        Parameters
        ----------
        code
            Rate code of the channels; the default code if None.

        Returns
        -------
        dict
            Probability correct by set size.
        """
        on, off = (mean_count(level, self.sample_s, code) for level in (self.contrast, 0.0))
        if self.test == "single":
            right = float(np.mean([detection(on, off, 1.0 - p) for p in self.change_probability]))
            return dict.fromkeys(self.set_sizes, right)
        highest = highest_count(on)
        s_on, s_off = (
            1.0 - np.append(0.0, np.cumsum(poisson_probabilities(mean, highest))) for mean in (on, off)
        )
        return {
            n: float(
                np.mean(
                    [
                        np.max((1 - p) * s_on**n + p * (1 - s_off * s_on ** (n - 1)))
                        for p in self.change_probability
                    ]
                )
            )
            for n in self.set_sizes
        }

    def slot_accuracy(self, capacity: float) -> dict[int, float]:
        """Accuracy of an observer with K slots, who guesses the likelier answer about squares not in one.

        Single probe: P = d + (1 - d) max(p, 1 - p) with d = min(1, K / N). In the whole display a change is
        seen with probability d, and no change is ever "seen" where there is none; so without evidence the
        observer says whatever is right more often: P = (1 - p) + p d, or p if that is more.

        Parameters
        ----------
        capacity
            K (squares).

        Returns
        -------
        dict
            Probability correct by set size.

        References
        ----------
        Cowan (2001) Behav Brain Sci 24:87-114, doi:10.1017/S0140525X01003922; Pashler (1988)
        doi:10.3758/BF03210419.
        """
        accuracy = {}
        for n in self.set_sizes:
            d = min(1.0, capacity / n)
            if self.test == "single":
                each = [d + (1.0 - d) * max(p, 1.0 - p) for p in self.change_probability]
            else:
                each = [max(1.0 - p + p * d, p) for p in self.change_probability]
            accuracy[n] = float(np.mean(each))
        return accuracy

    def summary(self) -> str:
        """One line: trials by set size, changes, blocks and duration."""
        sizes = ", ".join(f"{n}" for n in self.set_sizes)
        shares = ", ".join(f"{100 * p:g}" for p in self.change_probability)
        kind = "single probe" if self.test == "single" else "whole display"
        length_s = self.lead_in_s + self.n_trials * self._trial_s + self.lead_out_s
        return (
            f"Change detection: {self.n_trials} trials of {self._trial_s:g} s "
            f"({self.trials_per_size * self.n_blocks} at each set size of {sizes}), {kind}, "
            f"change on {shares} % by block, "
            f"{self.n_blocks} blocks of {self.trials_per_block}, {length_s:.1f} s"
        )

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Set sizes, changes, colours and places of one session."""
        n_sets = self.n_blocks // len(self.change_probability)
        shares = rng.permuted(np.tile(self.change_probability, (n_sets, 1)), axis=1).ravel()
        cell = np.tile(np.arange(self.trials_per_block), (self.n_blocks, 1))
        cell = rng.permuted(cell, axis=1)
        n_changes = np.rint(shares * self.trials_per_size)[:, None]
        return {
            "set_size": np.array(self.set_sizes)[cell // self.trials_per_size].ravel(),
            "changed": (cell % self.trials_per_size < n_changes).ravel(),
            "share": np.repeat(shares, self.trials_per_block),
            # squares in random order, so that the first of them may be the probed one
            "colour": _orders(rng, self.n_trials, len(self.colours)),
            "place": _orders(rng, self.n_trials, self.n_places),
        }

    def layout(self, drawn: Drawn) -> Layout:
        """Sample and test of each trial."""
        size, changed, colour = drawn["set_size"], drawn["changed"], drawn["colour"]
        sample_s = self.lead_in_s + drawn.trial * self._trial_s + self.fixation_s
        test_s = sample_s + self.sample_s + self.retention_s
        tested = colour.copy()
        rows = np.arange(size.size)
        # the colour after the last of the sample is one that was not in it
        tested[:, 0] = np.where(changed, colour[rows, size], colour[:, 0])
        in_test = size if self.test == "whole" else np.ones_like(size)
        stop_s = test_s + self.window_s
        trials: dict[str, np.ndarray | pd.Categorical] = {
            "onset_s": test_s,
            "block": drawn.trial // self.trials_per_block,
            "trial_type": either(changed, "change", "same"),
            "set_size": size,
            "change_probability": drawn["share"],
            "sample": self._displays(drawn["place"], colour, size),
            "test": self._displays(drawn["place"], tested, in_test),
            "sample_onset_s": sample_s,
            "correct_response": either(changed, "change", "same"),
            "window_start_s": test_s,
            "window_stop_s": stop_s,
        }
        events = [
            self._squares(drawn, colour, size, sample_s, self.sample_s, self.contrast, 0),
            self._squares(drawn, tested, in_test, test_s, self.test_s, 1.0, len(self.colours)),
        ]
        if self.test == "whole":
            events.append(shown(drawn, "test", test_s, self.test_s))
        end_s = self.lead_in_s + self.n_trials * self._trial_s + self.lead_out_s
        return Layout(trials, events, end_s=np.full(drawn.n_sessions, end_s))

    @property
    def _trial_s(self) -> float:
        return self.fixation_s + self.sample_s + self.retention_s + self.window_s + self.intertrial_s

    def _squares(
        self,
        drawn: Drawn,
        colour: np.ndarray,
        size: np.ndarray,
        onset_s: np.ndarray,
        duration_s: float,
        level: float,
        first_channel: int,
    ) -> Events:
        """One event for each square of a display."""
        row, item = np.nonzero(np.arange(colour.shape[1]) < size[:, None])
        channel = labels(first_channel + colour[row, item], self.channels)
        return shown(drawn, channel, onset_s[row], duration_s, level, row)

    def _displays(self, place: np.ndarray, colour: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Displays as texts, a character for each place: which colour is there (a, b, ...), or none."""
        letters = np.array([chr(ord("a") + k) for k in range(len(self.colours))])
        text = np.full((size.size, self.n_places), EMPTY)
        row, item = np.nonzero(np.arange(min(colour.shape[1], place.shape[1])) < size[:, None])
        text[row, place[row, item]] = letters[colour[row, item]]
        return text.view(f"<U{self.n_places}").ravel()


def _orders(rng: np.random.Generator, n: int, n_items: int) -> np.ndarray:
    """A random order of the items for each of n trials."""
    return rng.permuted(np.broadcast_to(np.arange(n_items, dtype=np.int8), (n, n_items)), axis=1)
