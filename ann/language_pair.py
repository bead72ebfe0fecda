"""A small pair of made-up languages whose true word alignment is known.

The source has subject - verb - object and adjectives before nouns; the target has subject - object - verb and
adjectives after nouns, drops the definite article, writes the indefinite one after its noun phrase, and ends
each clause with a particle that agrees with the gender of the subject. Adjectives take one of two forms by
the gender of the noun that follows them. So words move, vanish, split, and depend on words further on;
one cannot translate word by word, and every target word has one source word that it stands for.

    the small bird sees a tree   ->   bird small tree a see-stem particle
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np

__all__ = ["BEGIN", "END", "PAD", "LanguagePair", "SentencePairs"]

PAD, BEGIN, END = 0, 1, 2
"""Words of every vocabulary: filling, start and end of a sentence."""

SPECIAL = ("_", "<s>", "</s>")
GENDERS = 2


class SentencePairs(NamedTuple):
    """Sentences and their translations.

    Parameters
    ----------
    source
        Word numbers, each sentence closed by `END` and filled up with `PAD`; shape (sentence, source word).
    target
        The same of the translations; shape (sentence, target word).
    alignment
        Position of the source word that each target word stands for, -1 where there is none; the shape of
        `target`. The end stands for the end.
    length
        Words of each source sentence without its end; shape (sentence,).
    """

    source: np.ndarray
    target: np.ndarray
    alignment: np.ndarray
    length: np.ndarray


@dataclass(frozen=True)
class LanguagePair:
    """Vocabularies and the size of sentences.

    Parameters
    ----------
    n_nouns, n_adjectives, n_verbs
        Words of each kind; nouns alternate in gender.
    most_adjectives
        Before one noun, drawn evenly from 0 on.

    Raises
    ------
    ValueError
        If a number is too small.

    Examples
    --------
    >>> pair = LanguagePair()
    >>> sentences = pair.sample(3, np.random.default_rng(1), clauses=(1, 1))
    >>> sentences.target.shape == sentences.alignment.shape
    True
    """

    n_nouns: int = 12
    n_adjectives: int = 6
    n_verbs: int = 6
    most_adjectives: int = 2

    def __post_init__(self) -> None:
        for name, least in (("n_nouns", 2), ("n_adjectives", 1), ("n_verbs", 1), ("most_adjectives", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} = {getattr(self, name)}; must be at least {least}")

    @property
    def source_words(self) -> tuple[str, ...]:
        """Source vocabulary by word number."""
        return (*SPECIAL, "the", "a", "and", *_made_up("btkm", self.n_nouns, ""),
                *_made_up("slr", self.n_adjectives, "y"), *_made_up("dgp", self.n_verbs, "en"))  # fmt: skip

    @property
    def target_words(self) -> tuple[str, ...]:
        """Target vocabulary by word number; adjectives in both forms, then a particle for each gender."""
        adjectives = [f"{word}{form}" for word in _made_up("fvz", self.n_adjectives, "") for form in "oa"]
        return (*SPECIAL, "un", "ja", *_made_up("nhw", self.n_nouns, ""), *adjectives,
                *_made_up("crx", self.n_verbs, "ir"), "to", "ta")  # fmt: skip

    def sample(self, n: int, rng: np.random.Generator, clauses: tuple[int, int] = (1, 3)) -> SentencePairs:
        """Draw sentences.

        Parameters
        ----------
        n
            How many.
        rng
            Source of randomness.
        clauses
            Fewest and most clauses of a sentence, joined by "and".

        Raises
        ------
        ValueError
            If `n` is below 1 or the clauses are not in order.
        """
        if n < 1 or not 1 <= clauses[0] <= clauses[1]:
            raise ValueError(f"n = {n} must be at least 1 and clauses = {clauses} in order, from 1 on")
        drawn = [self._sentence(int(rng.integers(clauses[0], clauses[1] + 1)), rng) for _ in range(n)]
        sources, targets, alignments = zip(*drawn, strict=True)
        return SentencePairs(
            _filled(sources, PAD), _filled(targets, PAD), _filled(alignments, -1),
            np.array([len(s) - 1 for s in sources]),
        )  # fmt: skip

    def text(self, words: Sequence[int], language: str) -> str:
        """A sentence in letters; `language` is ``"source"`` or ``"target"``."""
        if language not in ("source", "target"):
            raise ValueError(f"language = {language!r}; must be 'source' or 'target'")
        vocabulary = self.source_words if language == "source" else self.target_words
        return " ".join(vocabulary[w] for w in words if w != PAD)

    def _sentence(self, n_clauses: int, rng) -> tuple[list[int], list[int], list[int]]:
        source: list[int] = []
        target: list[int] = []
        alignment: list[int] = []
        for k in range(n_clauses):
            if k:
                target.append(self._target("ja"))
                alignment.append(len(source))
                source.append(self._source("and"))
            self._clause(source, target, alignment, rng)
        alignment.append(len(source))
        return [*source, END], [*target, END], alignment

    def _clause(self, source: list[int], target: list[int], alignment: list[int], rng) -> None:
        gender = self._noun_phrase(source, target, alignment, rng)
        verb, where = int(rng.integers(self.n_verbs)), len(source)
        source.append(self._source_base("verb") + verb)
        self._noun_phrase(source, target, alignment, rng)
        target += [self._target_base("verb") + verb, self._target_base("particle") + gender]
        alignment += [where, where]

    def _noun_phrase(self, source: list[int], target: list[int], alignment: list[int], rng) -> int:
        noun = int(rng.integers(self.n_nouns))
        gender = noun % GENDERS
        definite = bool(rng.integers(2))
        adjectives = rng.integers(self.n_adjectives, size=rng.integers(self.most_adjectives + 1))
        start = len(source)
        source.append(self._source("the" if definite else "a"))
        source += [self._source_base("adjective") + int(a) for a in adjectives]
        target.append(self._target_base("noun") + noun)
        alignment.append(len(source))
        source.append(self._source_base("noun") + noun)
        # the adjective nearest to the noun comes first
        for k in reversed(range(len(adjectives))):
            target.append(self._target_base("adjective") + GENDERS * int(adjectives[k]) + gender)
            alignment.append(start + 1 + k)
        if not definite:
            target.append(self._target("un"))
            alignment.append(start)
        return gender

    def _source(self, word: str) -> int:
        return len(SPECIAL) + ("the", "a", "and").index(word)

    def _target(self, word: str) -> int:
        return len(SPECIAL) + ("un", "ja").index(word)

    def _source_base(self, kind: str) -> int:
        first = len(SPECIAL) + 3
        return {
            "noun": first,
            "adjective": first + self.n_nouns,
            "verb": first + self.n_nouns + self.n_adjectives,
        }[kind]

    def _target_base(self, kind: str) -> int:
        first = len(SPECIAL) + 2
        verbs = first + self.n_nouns + GENDERS * self.n_adjectives
        return {
            "noun": first,
            "adjective": first + self.n_nouns,
            "verb": verbs,
            "particle": verbs + self.n_verbs,
        }[kind]


def _made_up(consonants: str, n: int, ending: str) -> list[str]:
    """`n` different words of two syllables."""
    syllables = [c + v for c, v in product(consonants, "aeiou")]
    pairs = product(syllables, syllables)
    # steps that share no factor with the number of pairs, so that neighbours look different
    words = [a + b + ending for a, b in pairs]
    return [words[(37 * k + 11) % len(words)] for k in range(n)]


def _filled(rows: Sequence[Sequence[int]], filling: int) -> np.ndarray:
    out = np.full((len(rows), max(len(row) for row in rows)), filling, dtype=np.int64)
    for k, row in enumerate(rows):
        out[k, : len(row)] = row
    return out
