"""Encoder and decoder for translation, with attention over the source words or without.

The encoder is a bidirectional LSTM; the decoder an LSTM over the words written so far. With attention, the
decoder's state s_i looks at every encoder state h_j (additive score, Bahdanau, Cho & Bengio 2015,
doi:10.48550/arXiv.1409.0473), after the recurrent step as in Luong, Pham & Manning (2015,
doi:10.18653/v1/D15-1166), so that all steps of a known translation are computed at once:

    e_ij = v . tanh(W s_i + U h_j),   a_i = softmax(e_i),   c_i = sum_j a_ij h_j
    logits_i = V tanh(C [s_i; c_i])

Without attention c_i is the encoder's last state at every step: the sentence must pass through one vector
(Cho et al. 2014, doi:10.3115/v1/D14-1179). Everything else, sizes included, is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ann.attention_scores import AdditiveScore, Attention
from ann.language_pair import BEGIN, END, PAD, LanguagePair, SentencePairs
from ann.threads import one_thread

__all__ = ["TranslationSettings", "Translator", "alignment_error_rate", "exactly_right", "train_translator"]


class Translator(nn.Module):
    """Translates sentences of word numbers.

    Parameters
    ----------
    n_source, n_target
        Words of the vocabularies.
    n_embed, n_hidden
        Width of word vectors and of the decoder; the encoder has half of it in each direction.
    n_attend
        Width of the layer inside the attention score.
    attention
        Whether the decoder may look back at the source.
    generator
        Source of the initial weights.

    Raises
    ------
    ValueError
        If the width cannot be halved.
    """

    def __init__(
        self,
        n_source: int,
        n_target: int,
        n_embed: int = 32,
        n_hidden: int = 64,
        n_attend: int = 32,
        attention: bool = True,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if n_hidden < 2 or n_hidden % 2:
            raise ValueError(f"n_hidden = {n_hidden}; must be even, half of it reads in each direction")
        self.embed_source = nn.Embedding(n_source, n_embed)
        self.embed_target = nn.Embedding(n_target, n_embed)
        self.encoder = nn.LSTM(n_embed, n_hidden // 2, batch_first=True, bidirectional=True)
        self.decoder = nn.LSTM(n_embed, n_hidden, batch_first=True)
        self.look = Attention(AdditiveScore(n_hidden, n_hidden, n_attend)) if attention else None
        self.combine = nn.Linear(2 * n_hidden, n_hidden)
        self.head = nn.Linear(n_hidden, n_target)
        with torch.no_grad():
            for weight in self.parameters():
                weight.uniform_(-(n_hidden**-0.5), n_hidden**-0.5, generator=generator)

    @property
    def attends(self) -> bool:
        """Whether it has attention."""
        return self.look is not None

    def forward(self, source: Tensor, written: Tensor) -> tuple[Tensor, Tensor | None]:
        """Score every next word of known translations.

        Parameters
        ----------
        source
            Word numbers, shape (sentence, source word).
        written
            The words before each one asked for, `BEGIN` first; shape (sentence, target word).

        Returns
        -------
        logits : Tensor
            Shape (sentence, target word, vocabulary).
        weights : Tensor or None
            Attention, shape (sentence, target word, source word); None without attention.
        """
        states, last, seen = self._read(source)
        steps, _ = self.decoder(self.embed_target(written), last)
        return self._write(steps, states, last, seen)

    @torch.no_grad()
    def translate(self, source: Tensor, most_words: int) -> tuple[Tensor, Tensor | None]:
        """Write the likeliest word at each step until the end.

        Parameters
        ----------
        source
            Shape (sentence, source word).
        most_words
            Longest translation.

        Returns
        -------
        words : Tensor
            Shape (sentence, target word); `PAD` after the end.
        weights : Tensor or None
            As in `forward`.
        """
        states, last, seen = self._read(source)
        state, word = last, source.new_full((len(source), 1), BEGIN)
        finished = torch.zeros(len(source), dtype=torch.bool, device=source.device)
        words, looks = [], []
        for _ in range(most_words):
            step, state = self.decoder(self.embed_target(word), state)
            logits, weights = self._write(step, states, last, seen)
            word = logits.argmax(dim=-1)
            words.append(word[:, 0].masked_fill(finished, PAD))
            if weights is not None:
                looks.append(weights)
            finished = finished | (word[:, 0] == END)
            if finished.all():
                break
        return torch.stack(words, dim=1), torch.cat(looks, dim=1) if looks else None

    def _read(self, source: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor], Tensor]:
        seen = source != PAD
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embed_source(source), seen.sum(dim=1).cpu(), batch_first=True, enforce_sorted=False
        )
        states, (h, c) = self.encoder(packed)
        states, _ = nn.utils.rnn.pad_packed_sequence(states, batch_first=True, total_length=source.shape[1])
        # both directions side by side make the first state of the decoder
        last = tuple(torch.cat([x[0], x[1]], dim=-1).unsqueeze(0) for x in (h, c))
        return states, (last[0], last[1]), seen

    def _write(
        self, steps: Tensor, states: Tensor, last: tuple[Tensor, Tensor], seen: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        weights = None
        if self.look is None:
            context = last[0].transpose(0, 1).expand_as(steps)
        else:
            context, weights = self.look(steps, states, states, mask=seen.unsqueeze(1))
        return self.head(torch.tanh(self.combine(torch.cat([steps, context], dim=-1)))), weights


@dataclass(frozen=True)
class TranslationSettings:
    """How long and how fast to learn.

    Parameters
    ----------
    steps
        Gradient steps.
    batch_size
        Sentences a step.
    learning_rate
        Adam's step size at the start; falls to a tenth along a line.
    clip_norm
        Largest norm of the gradient.
    clauses
        Fewest and most clauses of the sentences learned from.
    """

    steps: int = 2000
    batch_size: int = 32
    learning_rate: float = 8e-3
    clip_norm: float = 1.0
    clauses: tuple[int, int] = (1, 3)


@one_thread()
def train_translator(
    pair: LanguagePair,
    seed: int,
    attention: bool,
    settings: TranslationSettings | None = None,
    progress: Callable[[float], None] = lambda fraction: None,
    every: int = 50,
    **sizes: int,
) -> tuple[Translator, list[tuple[int, float]]]:
    """Train a translator on fresh sentences of a language pair.

    Parameters
    ----------
    pair
        The languages.
    seed
        Of weights and sentences; with and without attention the sentences are the same.
    attention
        Whether the decoder may look back.
    settings
        How long and how fast; defaults if None.
    progress
        Called with the fraction done.
    every
        Steps between points of the learning curve.
    sizes
        ``n_embed``, ``n_hidden`` and ``n_attend``.

    Returns
    -------
    network : Translator
        In evaluation mode.
    losses : list of (step, loss)
        Mean cross-entropy of a word (nats) since the point before.

    Raises
    ------
    TrainingDiverged
        If the loss is not finite.
    """
    from ann.training import TrainingDiverged

    settings = settings or TranslationSettings()
    weights, sentences = np.random.SeedSequence(seed).spawn(2)
    generator = torch.Generator().manual_seed(int(weights.generate_state(1)[0]))
    network = Translator(
        len(pair.source_words), len(pair.target_words), attention=attention, generator=generator, **sizes
    )
    rng = np.random.default_rng(sentences)
    optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
    curve, recent = [], []
    for step in range(1, settings.steps + 1):
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate * (1.0 - 0.9 * (step - 1) / settings.steps)
        loss = _loss(network, pair.sample(settings.batch_size, rng, settings.clauses))
        if not torch.isfinite(loss):
            raise TrainingDiverged(f"loss is {loss.item()} at step {step}; lower the learning rate")
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), settings.clip_norm)
        optimiser.step()
        recent.append(loss.item())
        if step % every == 0 or step == settings.steps:
            curve.append((step, float(np.mean(recent))))
            recent = []
            progress(step / settings.steps)
    return network.eval(), curve


def exactly_right(network: Translator, sentences: SentencePairs) -> np.ndarray:
    """Whether each translation is right word for word; shape (sentence,)."""
    words, _ = network.translate(torch.from_numpy(sentences.source), sentences.target.shape[1] + 1)
    found = words.numpy()
    wanted = np.full_like(found, PAD)
    n = min(found.shape[1], sentences.target.shape[1])
    wanted[:, :n] = sentences.target[:, :n]
    missing = (sentences.target[:, n:] != PAD).any(axis=1)
    return (found == wanted).all(axis=1) & ~missing


def alignment_error_rate(weights: np.ndarray, sentences: SentencePairs) -> np.ndarray:
    """Alignment error rate of each sentence: 1 - (|A & S| + |A & P|) / (|A| + |S|).

    Each target word is linked to the source word that it looks at most (A); the true links are certain, so
    S = P. The end of the sentence is left out. Och & Ney 2003, doi:10.1162/089120103321337421.

    Parameters
    ----------
    weights
        Attention while the true translation was read, shape (sentence, target word, source word).
    sentences
        The sentences.

    Returns
    -------
    ndarray
        0 (all links right) to 1, shape (sentence,).
    """
    counted = (sentences.target != PAD) & (sentences.target != END)
    right = (weights.argmax(axis=-1) == sentences.alignment) & counted
    # one link a target word on both sides: |A| = |S|
    return 1.0 - right.sum(axis=1) / counted.sum(axis=1)


def _loss(network: Translator, sentences: SentencePairs) -> Tensor:
    target = torch.from_numpy(sentences.target)
    written = torch.cat([target.new_full((len(target), 1), BEGIN), target[:, :-1]], dim=1)
    logits, _ = network(torch.from_numpy(sentences.source), written)
    return nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=PAD)
