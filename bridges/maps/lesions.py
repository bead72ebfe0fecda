"""The same lesion in a network and in its spiking form: does performance change alike?

Persistence is taken away by a cap on the forget gate, f <- min(f, cap). In the spiking form the same cap
limits the gain of each unit's self-excitation, which is what holds its slow variable from step to step; at
cap = 0 there is none left and the cell holds only what has just come in. Effects are changes of accuracy from
the intact network of the same kind, on the same streams:

    effect = accuracy(cap) - accuracy(intact)

Agreement is asked of their signs and of their sizes, R2 = 1 - sum (e_s - e_n)^2 / sum (e_n - mean e_n)^2
about the line of identity, so that effects which go together but differ in size count as different.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bridges.maps.cue_probe import Streams
from bridges.maps.lstm_spiking import run_spiking
from bridges.maps.lstm_weights import LSTMWeights, run_exactly
from bridges.maps.spiking_populations import PopulationCode

__all__ = ["CAPS", "LesionEffects", "effect_r2", "lesion_effects", "same_sign"]

CAPS = (0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.0)


@dataclass(frozen=True, eq=False)
class LesionEffects:
    """Accuracy on probes, intact and with each lesion.

    Parameters
    ----------
    caps
        Lesions.
    network, spiking
        Accuracy with each, shape (lesion,).
    intact_network, intact_spiking
        Accuracy without.
    """

    caps: tuple[float, ...]
    network: np.ndarray
    spiking: np.ndarray
    intact_network: float
    intact_spiking: float

    @property
    def network_effect(self) -> np.ndarray:
        """Change of accuracy in the network, shape (lesion,)."""
        return self.network - self.intact_network

    @property
    def spiking_effect(self) -> np.ndarray:
        """Change of accuracy in its spiking form, shape (lesion,)."""
        return self.spiking - self.intact_spiking


def effect_r2(expected: np.ndarray, found: np.ndarray) -> float:
    """Share of the variance of expected effects that the found ones keep, about the line of identity.

    Raises
    ------
    ValueError
        If there are fewer than two effects, or they are all the same.
    """
    expected, found = np.asarray(expected, dtype=float), np.asarray(found, dtype=float)
    if expected.size < 2 or expected.shape != found.shape or np.ptp(expected) == 0:
        raise ValueError(
            f"expected {expected.tolist()}, found {found.tolist()}; give two or more that differ"
        )
    return float(1.0 - ((found - expected) ** 2).sum() / ((expected - expected.mean()) ** 2).sum())


def same_sign(expected: np.ndarray, found: np.ndarray, least: float) -> float:
    """Share of effects with the same sign, among those expected to be at least `least`; NaN if none."""
    large = np.abs(expected) >= least
    return float((np.sign(expected) == np.sign(found))[large].mean()) if large.any() else float("nan")


def lesion_effects(
    weights: LSTMWeights,
    streams: Streams,
    caps: Sequence[float] = CAPS,
    code: PopulationCode | None = None,
    step_s: float = 0.05,
) -> LesionEffects:
    """Lesion a network and its spiking form, and let both perform the same streams.

    Parameters
    ----------
    weights
        The intact network.
    streams
        What both perform; accuracy is that of the steps with a probe.
    caps
        Most that forget gates may be, one lesion each.
    code, step_s
        Of the spiking form; see `bridges.maps.lstm_spiking.run_spiking`.
    """

    def accuracy(logits: np.ndarray) -> float:
        return float((logits.argmax(axis=-1) == streams.answer)[streams.probe].mean())

    lesioned = [weights, *(weights.capped(cap) for cap in caps)]
    network = np.array([accuracy(run_exactly(one, streams.x).logits) for one in lesioned])
    spiking = np.array(
        [accuracy(run_spiking(one, streams.x, code, step_s, rates=False).traces.logits) for one in lesioned]
    )
    return LesionEffects(tuple(caps), network[1:], spiking[1:], float(network[0]), float(spiking[0]))
