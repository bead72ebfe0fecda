"""How alike two populations' activities are, whatever their units: debiased CKA and Procrustes distance.

    CKA = <K, L> / sqrt(<K, K> <L, L>),     K = X X', L = Y Y',     X, Y (sample, unit)

with the unbiased estimator of the inner product (Song et al. 2012; Kornblith et al. 2019,
doi:10.48550/arXiv.1905.00414): with the diagonals of K and L set to zero,

    <K, L> = tr(K L) + 1'K1 1'L1 / ((n - 1)(n - 2)) - 2 / (n - 2) 1'K L 1

The plain (biased) form is far from 0 for independent noise as soon as units are not few against samples, and
is here for comparison alone. Procrustes distance is the angle that is left after the best rotation,

    d = arccos(|X'Y|_* / (|X| |Y|)),     X, Y centred,    |.|_* the sum of singular values

a metric on shapes (Williams et al. 2021, doi:10.48550/arXiv.2110.14739). Both ignore rotation, reflection,
shift and overall scale. A number by itself says little: `Similarity` holds it against what the same measure
gives when time is shuffled (no relation) and what the stimulus alone explains. Only NumPy is needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Similarity", "biased_cka", "cka", "procrustes_distance", "similarity"]


def cka(x: np.ndarray, y: np.ndarray) -> float:
    """Debiased linear centred kernel alignment.

    Parameters
    ----------
    x, y
        Activities, shape (sample, unit); the same samples, any numbers of units.

    Returns
    -------
    float
        1 for the same activity up to rotation and scale, about 0 for unrelated ones (it may be below).

    Raises
    ------
    ValueError
        If samples differ or are fewer than 4, or an activity does not vary.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.standard_normal((50, 8))
    >>> turn = np.linalg.qr(rng.standard_normal((8, 8)))[0]
    >>> round(cka(x, 3.0 * x @ turn), 9)
    1.0
    """
    _check(x, y)
    k, m = _hollow(x), _hollow(y)
    own = _unbiased(k, k) * _unbiased(m, m)
    if not own > 0:
        raise ValueError("an activity does not vary over samples; its similarity is not defined")
    return float(_unbiased(k, m) / np.sqrt(own))


def biased_cka(x: np.ndarray, y: np.ndarray) -> float:
    """Plain linear CKA, |Xc'Yc|^2 / (|Xc'Xc| |Yc'Yc|): not to be used at small numbers of samples."""
    _check(x, y)
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    k, m = x @ x.T, y @ y.T
    return float((k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum()))


def procrustes_distance(x: np.ndarray, y: np.ndarray) -> float:
    """Angle between two activities after the best rotation (rad), 0 to pi / 2; parameters as of `cka`."""
    _check(x, y)
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    size = np.linalg.norm(x) * np.linalg.norm(y)
    if not size > 0:
        raise ValueError("an activity does not vary over samples; its distance is not defined")
    return float(np.arccos(np.clip(np.linalg.svd(x.T @ y, compute_uv=False).sum() / size, -1.0, 1.0)))


@dataclass(frozen=True)
class Similarity:
    """Debiased CKA of two activities beside its references.

    Parameters
    ----------
    value
        Of the two activities.
    shuffled
        With the time of one shuffled within every stream: no relation but what streams share.
    stimulus
        Of one of them with the input alone.
    """

    value: float
    shuffled: float
    stimulus: float

    @property
    def above(self) -> float:
        """How far the value lies above the higher reference; a claim needs it above 0."""
        return self.value - max(self.shuffled, self.stimulus)


def similarity(
    one: np.ndarray, other: np.ndarray, stimulus: np.ndarray, rng: np.random.Generator, shuffles: int = 10
) -> Similarity:
    """Debiased CKA of two activities, with its references.

    Parameters
    ----------
    one, other
        Activities, shape (stream, time, unit).
    stimulus
        What the input alone would make of it, shape (stream, time, channel): for instance the input and
        leaky integrals of it.
    rng
        Of the shuffles.
    shuffles
        How many are averaged.
    """

    def flat(a: np.ndarray) -> np.ndarray:
        return a.reshape(-1, a.shape[-1])

    streams, time = one.shape[:2]
    shuffled = []
    for _ in range(shuffles):
        order = rng.permuted(np.tile(np.arange(time), (streams, 1)), axis=1)
        shuffled.append(cka(flat(one), flat(np.take_along_axis(other, order[:, :, None], axis=1))))
    return Similarity(cka(flat(one), flat(other)), float(np.mean(shuffled)), cka(flat(stimulus), flat(other)))


def _hollow(x: np.ndarray) -> np.ndarray:
    """Inner products of all pairs of samples, without those with themselves."""
    # the estimator does not see a shift; centring keeps the numbers small
    x = np.asarray(x, dtype=float) - np.mean(x, axis=0)
    k = x @ x.T
    np.fill_diagonal(k, 0.0)
    return k


def _unbiased(k: np.ndarray, m: np.ndarray) -> float:
    n = len(k)
    rows_k, rows_m = k.sum(axis=0), m.sum(axis=0)
    return float(
        (k * m).sum() + rows_k.sum() * rows_m.sum() / ((n - 1) * (n - 2)) - 2.0 / (n - 2) * (rows_k @ rows_m)
    )


def _check(x: np.ndarray, y: np.ndarray) -> None:
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or len(x) < 4:
        raise ValueError(
            f"x has shape {x.shape}, y {y.shape}; must be (sample, unit) with the same 4 or more samples"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("x or y is not finite everywhere")
