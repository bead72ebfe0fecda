"""A trained LSTM whose gates are spike counts: how much is lost for how many spikes.

Each number a of the network is sent as a count k in T slots and read as k / T, with the weights unchanged:

    deterministic   k = clip(floor(|a| T + 1/2), 0, T)      integrate and fire from half the threshold
    Bernoulli       k ~ Binomial(T, |a|)                    T = neurons x bins of an irregular population

with the sign carried by an ON and an OFF population. ``gates``: the gates i, f, o and the candidate g are
counted. ``full``: so are the products f c and i g, the cell (in units of c_max, the 99.9 % quantile of its
size over calibration data, one for each unit) and h. Expected error: 1/T deterministic, 1/sqrt(T) Bernoulli;
in the cell Bernoulli noise adds up to sqrt(1 / (1 - f^2)) of one step's, so long memories need more spikes.

Assumes activities that are independent of the network's own rounding from step to step. Fails first for units
that hold small values for long: a deterministic count of a value below 1 / (2 T) is no spike at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import expit

from bridges.maps.lstm_weights import LSTMTraces, LSTMWeights, check_input, run_exactly, traces

__all__ = ["CountCode", "agreement", "cell_range", "error_slope", "hidden_r2", "run_counted"]

CELL_QUANTILE = 0.999


@dataclass(frozen=True)
class CountCode:
    """How numbers become counts.

    Parameters
    ----------
    slots
        T, the largest count.
    kind
        ``"deterministic"`` or ``"bernoulli"``.
    parts
        ``"gates"`` or ``"full"`` (gates, products, cell and hidden units).

    Raises
    ------
    ValueError
        If a choice is unknown or there is no slot.
    """

    slots: int
    kind: Literal["deterministic", "bernoulli"] = "deterministic"
    parts: Literal["gates", "full"] = "full"

    def __post_init__(self) -> None:
        if self.slots < 1:
            raise ValueError(f"slots = {self.slots}; must be at least 1")
        if self.kind not in ("deterministic", "bernoulli"):
            raise ValueError(f"kind = {self.kind!r}; must be 'deterministic' or 'bernoulli'")
        if self.parts not in ("gates", "full"):
            raise ValueError(f"parts = {self.parts!r}; must be 'gates' or 'full'")

    def send(self, a: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
        """What arrives of numbers between -1 and 1 (more is clipped).

        Raises
        ------
        ValueError
            If a Bernoulli code is given no generator.
        """
        size = np.clip(np.abs(a), 0.0, 1.0)
        if self.kind == "deterministic":
            count = np.minimum(np.floor(size * self.slots + 0.5), self.slots)
        elif rng is None:
            raise ValueError("rng = None; a Bernoulli code needs a generator")
        else:
            count = rng.binomial(self.slots, size).astype(float)
        return np.sign(a) * count / self.slots


def cell_range(weights: LSTMWeights, x: np.ndarray) -> np.ndarray:
    """c_max of each unit: the 99.9 % quantile of |c| over calibration data (batch, time, channel)."""
    size = np.abs(run_exactly(weights, x).cell)
    return np.quantile(size, CELL_QUANTILE, axis=(0, 1))


def run_counted(
    weights: LSTMWeights,
    x: np.ndarray,
    code: CountCode,
    cell_max: np.ndarray | float = 1.0,
    rng: np.random.Generator | None = None,
) -> LSTMTraces:
    """Run the LSTM with its activities as counts.

    Parameters
    ----------
    weights
        The network.
    x
        Input, shape (batch, time, channel).
    code
        What is counted and how.
    cell_max
        c_max (`cell_range`), one or one per unit; of use to the full code alone.
    rng
        Of the Bernoulli code.

    Returns
    -------
    LSTMTraces
        As of `run_exactly`.

    Raises
    ------
    ValueError
        If the input does not fit or the range is not above 0.
    """
    check_input(weights, x)
    if not np.all(np.asarray(cell_max) > 0):
        raise ValueError(f"cell_max = {cell_max}; must be above 0")
    full = code.parts == "full"

    def send(a: np.ndarray) -> np.ndarray:
        return code.send(a, rng)

    def hold(c: np.ndarray) -> np.ndarray:
        return cell_max * send(c / cell_max) if full else c

    part: Callable[[np.ndarray], np.ndarray] = send if full else lambda a: a
    drive = x @ weights.from_input.T + weights.bias
    h = np.zeros((len(x), weights.n_units))
    c = np.zeros_like(h)
    hidden, cell = [], []
    for k in range(x.shape[1]):
        i, f, g, o = np.split(drive[:, k] + h @ weights.from_hidden.T, 4, axis=1)
        i, g, o = send(expit(i)), send(np.tanh(g)), send(expit(o))
        f = np.minimum(send(expit(f)), weights.forget_cap)
        c = hold(hold(f * c) + part(i * g))
        h = part(o * send(np.tanh(c)) if full else o * np.tanh(c))
        hidden.append(h)
        cell.append(c)
    return traces(weights, np.stack(hidden, axis=1), np.stack(cell, axis=1))


def agreement(one: np.ndarray, other: np.ndarray) -> float:
    """Share of steps at which two sets of logits (..., class) have the same largest one."""
    return float((one.argmax(axis=-1) == other.argmax(axis=-1)).mean())


def hidden_r2(exact: np.ndarray, coded: np.ndarray) -> float:
    """Share of the variance of the hidden units (..., unit) that the coded ones keep: 1 - SS_res / SS_tot."""
    axes = tuple(range(exact.ndim - 1))
    total = ((exact - exact.mean(axis=axes)) ** 2).sum()
    return float(1.0 - ((exact - coded) ** 2).sum() / total)


def error_slope(slots: np.ndarray, error: np.ndarray) -> float:
    """Exponent of the error law: slope of ln error against ln T by least squares.

    Raises
    ------
    ValueError
        If there are fewer than two points, or one is not above 0.
    """
    t, e = np.asarray(slots, dtype=float), np.asarray(error, dtype=float)
    if t.size < 2 or t.shape != e.shape or not ((t > 0).all() and (e > 0).all()):
        raise ValueError(f"slots {t.tolist()} and error {e.tolist()}; give two or more pairs above 0")
    return float(np.polyfit(np.log(t), np.log(e), 1)[0])
