"""One translator, trained and examined: accuracy by length, alignment, learning curve, an example."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

__all__ = ["EXAM_CLAUSES", "LEARNED_CLAUSES", "train_and_examine"]

LEARNED_CLAUSES = (1, 4)
"""Fewest and most clauses of the sentences that are learned from."""

EXAM_CLAUSES = (1, 2, 3, 4, 5, 6)
"""Clauses of the sentences of the exam; those above 4 are longer than any that was learned."""

EXAMPLE_CLAUSES = 2


def train_and_examine(
    seed: int,
    attention: bool,
    steps: int,
    sentences: int,
    progress: Callable[[float, str], None] = lambda fraction, doing: None,
) -> pd.DataFrame:
    """Train one translator and give it the exam.

    Parameters
    ----------
    seed
        Of weights and sentences. The exam is the same for all seeds.
    attention
        Whether the decoder may look back.
    steps
        Gradient steps.
    sentences
        Of each length in the exam.
    progress
        Called with the fraction done and what is done.

    Returns
    -------
    DataFrame
        ``record`` tells what a row is: "exam" (``clauses``, ``length`` (source words), ``right`` (share of
        sentences translated word for word), ``aer``, ``aer_without_particles``), "curve" (``step``,
        ``loss``), "look" (``target_word``, ``source_word``, ``i``, ``j``, ``weight``, ``true`` of one
        sentence); with ``seed`` and ``attention``.
    """
    import torch

    from ann.language_pair import BEGIN, LanguagePair
    from ann.translation import (
        TranslationSettings,
        alignment_error_rate,
        exactly_right,
        train_translator,
    )

    pair = LanguagePair()
    name = "with attention" if attention else "without attention"
    settings = TranslationSettings(steps=steps, clauses=LEARNED_CLAUSES)
    network, curve = train_translator(
        pair, seed, attention, settings, lambda fraction: progress(0.9 * fraction, f"learning {name}")
    )
    rows: list[dict[str, object]] = [{"record": "curve", "step": s, "loss": loss} for s, loss in curve]

    def look(exam) -> np.ndarray:
        target = torch.from_numpy(exam.target)
        written = torch.cat([target.new_full((len(target), 1), BEGIN), target[:, :-1]], dim=1)
        with torch.no_grad():
            weights = network(torch.from_numpy(exam.source), written)[1]
        return weights.numpy()

    particles = [pair.target_words.index(word) for word in ("to", "ta")]
    for clauses in EXAM_CLAUSES:
        progress(0.9 + 0.1 * clauses / max(EXAM_CLAUSES), f"exam {name}")
        exam = pair.sample(sentences, np.random.default_rng([7, clauses]), (clauses, clauses))
        row = {
            "record": "exam",
            "clauses": clauses,
            "length": float(exam.length.mean()),
            "right": float(exactly_right(network, exam).mean()),
        }
        if attention:
            weights = look(exam)
            row["aer"] = float(alignment_error_rate(weights, exam).mean())
            plain = exam._replace(target=np.where(np.isin(exam.target, particles), 0, exam.target))
            row["aer_without_particles"] = float(alignment_error_rate(weights, plain).mean())
        rows.append(row)
    if attention:
        example = pair.sample(1, np.random.default_rng([8, 1]), (EXAMPLE_CLAUSES, EXAMPLE_CLAUSES))
        weights = look(example)[0]
        for i, word in enumerate(example.target[0]):
            for j, source in enumerate(example.source[0]):
                rows.append(
                    {
                        "record": "look",
                        "i": i,
                        "j": j,
                        "target_word": pair.target_words[word],
                        "source_word": pair.source_words[source],
                        "weight": float(weights[i, j]),
                        "true": bool(example.alignment[0, i] == j),
                    }
                )
    return pd.DataFrame(rows).assign(seed=seed, attention=attention)
