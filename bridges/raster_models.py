"""Reference models of spike rasters, each of which keeps some statistics of the data and nothing else.

- `independent` keeps the rate of each neuron;
- `shuffled` keeps the whole train of each neuron, so also its time course, and loses what neurons share;
- `DichotomisedGaussian` keeps means and covariances and nothing beyond: 0 and 1 are signs of correlated
  Gaussian numbers (Macke, Berens, Ecker, Tolias & Bethge 2009, doi:10.1162/neco.2008.02-08-713).

Only NumPy and SciPy are needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from bridges.raster_statistics import checked

__all__ = [
    "DichotomisedGaussian",
    "bivariate_normal_cdf",
    "independent",
    "latent_correlation",
    "shuffled",
]

NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)

LARGEST = 0.98
"""Largest latent correlation that is looked for."""

HALVINGS = 16
"""Steps of the bisection: latent correlations come out to 2 * 0.98 / 2^16."""

PROJECTIONS = 12
"""Most rounds of alternating projections to the nearest correlation matrix."""

ENOUGH_EVENTS = 5.0
"""Joint spikes that chance would give in the data, below which a pair is taken as independent: none or one
such spike says next to nothing about its correlation (the usual rule for tables of counts)."""


def independent(rasters: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw rasters whose neurons have the same rates, constant in time, and nothing else.

    Parameters
    ----------
    rasters
        What gives the rates, shape (sample, neuron, bin).
    n
        Rasters to draw.
    rng
        Randomness.

    Returns
    -------
    ndarray of bool
        Shape (n, neuron, bin).
    """
    rate = checked(rasters).mean(axis=(0, 2), dtype=np.float64)
    return rng.random((n, *rasters.shape[1:])) < rate[:, None]


def shuffled(rasters: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Take each neuron's train from another trial: time courses stay, what neurons share in a trial goes.

    Parameters
    ----------
    rasters
        Rasters of one condition, shape (sample, neuron, bin).
    rng
        Randomness.

    Returns
    -------
    ndarray of bool
        The shape of `rasters`.
    """
    x = checked(rasters).astype(bool)
    order = rng.permuted(np.tile(np.arange(len(x))[:, None], (1, x.shape[1])), axis=0)
    return x[order, np.arange(x.shape[1])]


@dataclass(frozen=True, eq=False)
class DichotomisedGaussian:
    """Correlated binary numbers: signs of correlated Gaussian ones.

    x_i = 1 where z_i + gamma_i > 0, z ~ N(0, Lambda), with gamma_i = Phi^-1(<x_i>) and Lambda_ij such that
    Phi_2(gamma_i, gamma_j, Lambda_ij) = <x_i x_j>.

    Parameters
    ----------
    threshold
        gamma, shape (d,).
    root
        Matrix whose product with its transpose is Lambda, shape (d, rank).
    shape
        Shape of a sample, of d numbers in all.
    moved
        Largest change of an entry of Lambda that was needed to make it a covariance matrix.
    """

    threshold: np.ndarray
    root: np.ndarray
    shape: tuple[int, ...]
    moved: float

    @classmethod
    def from_moments(cls, mean: np.ndarray, covariance: np.ndarray) -> DichotomisedGaussian:
        """Find the latent numbers of known moments.

        Parameters
        ----------
        mean
            Probability of a 1, shape (d,).
        covariance
            Shape (d, d); its diagonal follows from the means and is not read.

        Raises
        ------
        ValueError
            If the shapes do not fit or a mean is not a probability.
        """
        mean = np.asarray(mean, dtype=np.float64)
        if covariance.shape != (mean.size, mean.size) or not ((mean >= 0) & (mean <= 1)).all():
            raise ValueError(
                f"covariance has shape {covariance.shape}; must be ({mean.size}, {mean.size}), "
                "and means must be from 0 to 1"
            )
        i, j = np.triu_indices(mean.size, 1)
        latent = np.eye(mean.size)
        joint = covariance[i, j] + mean[i] * mean[j]
        latent[i, j] = latent_correlation(mean[i, None], mean[j, None], joint)
        latent[j, i] = latent[i, j]
        return cls(ndtri(mean), *_root(latent, mean.shape))

    @classmethod
    def fit(cls, rasters: np.ndarray) -> DichotomisedGaussian:
        """Fit to rasters of one condition.

        Each neuron and bin keeps its own mean. The latent correlation of two neurons depends on the lag
        between bins alone and is such that their mean product at this lag, summed over the raster, is that of
        the data: with d = neurons * bins of about 1000, correlations free in every bin could not be estimated
        from a few thousand rasters.

        Parameters
        ----------
        rasters
            0 and 1, shape (sample, neuron, bin).
        """
        x = checked(rasters)
        n, neurons, bins = x.shape
        mean = x.mean(axis=0, dtype=np.float64)
        latent: np.ndarray = np.zeros((neurons, bins, neurons, bins))
        for lag in range(bins):
            early, late = mean[:, : bins - lag], mean[:, lag:]
            products = np.einsum("ait,ajt->ij", x[:, :, : bins - lag], x[:, :, lag:], optimize=True) / n
            first, second = np.meshgrid(np.arange(neurons), np.arange(neurons), indexing="ij")
            known = n * (early @ late.T) >= ENOUGH_EVENTS
            known &= (first < second) if lag == 0 else True
            found = np.zeros((neurons, neurons))
            found[known] = latent_correlation(early[first[known]], late[second[known]], products[known])
            for t in range(bins - lag):
                latent[:, t, :, t + lag] += found
                latent[:, t + lag, :, t] += found.T
        latent = latent.reshape(neurons * bins, -1)
        np.fill_diagonal(latent, 1.0)
        return cls(ndtri(mean).ravel(), *_root(latent, mean.shape))

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw `n` samples, bool, shape (n, *shape)."""
        z = rng.standard_normal((n, self.root.shape[1])) @ self.root.T
        return (z + self.threshold > 0).reshape(n, *self.shape)


def bivariate_normal_cdf(h: np.ndarray, k: np.ndarray, correlation: np.ndarray) -> np.ndarray:
    """Probability that two correlated standard Gaussian numbers lie below h and k.

    Phi_2(h, k, r) = Phi(h) Phi(k) + 1 / 2 pi int_0^{asin r} exp(-(h^2 + k^2 - 2 h k sin a) / (2 cos^2 a)) da

    by Gauss-Legendre quadrature (Drezner & Wesolowsky 1990, doi:10.1080/00949659008811236).

    Parameters
    ----------
    h, k
        Limits, shapes that broadcast; infinite ones are allowed.
    correlation
        -0.98 to 0.98.

    Returns
    -------
    ndarray
        Probabilities, to about 1e-5.
    """
    # beyond 8 standard deviations nothing is left
    h, k = (np.clip(np.asarray(limit, dtype=float), -8.0, 8.0) for limit in (h, k))
    half = np.arcsin(np.asarray(correlation, dtype=float)) / 2.0
    squares, product = h * h + k * k, 2.0 * h * k
    total = 0.0
    for node, weight in zip(NODES, WEIGHTS, strict=True):
        sine = np.sin(half * (node + 1.0))
        total = total + weight * np.exp(-(squares - product * sine) / (2.0 * (1.0 - sine * sine)))
    return ndtr(h) * ndtr(k) + half * total / (2.0 * np.pi)


def latent_correlation(first: np.ndarray, second: np.ndarray, joint: np.ndarray) -> np.ndarray:
    """Correlation of the latent Gaussian numbers of pairs of binary ones, one for all occasions of a pair.

    Solves sum_t Phi_2(Phi^-1(p_t), Phi^-1(q_t), r) = sum_t <x_t y_t> for r by bisection; the left side rises
    with r.

    Parameters
    ----------
    first, second
        Probabilities p and q of a 1, shape (pair, occasion).
    joint
        Probability that both are 1, summed over occasions, shape (pair,); more than can be reached gives
        the largest correlation.

    Returns
    -------
    ndarray
        Shape (pair,).
    """
    h, k = ndtri(np.asarray(first, dtype=float)), ndtri(np.asarray(second, dtype=float))
    low, high = np.full(len(h), -LARGEST), np.full(len(h), LARGEST)
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        below = bivariate_normal_cdf(h, k, middle[:, None]).sum(axis=1) < joint
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2.0


def _root(latent: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, tuple[int, ...], float]:
    """Root of the correlation matrix nearest to `latent` (Higham 2002, doi:10.1093/imanum/22.3.329).

    Alternating projections onto matrices without negative eigenvalues and with ones on the diagonal.
    """
    target, correction = latent, np.zeros_like(latent)
    for _ in range(PROJECTIONS):
        values, vectors = np.linalg.eigh(target - correction)
        if values[0] >= -1e-10:
            break
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        positive = root @ root.T
        correction += positive - target
        target = positive.copy()
        np.fill_diagonal(target, 1.0)
    values, vectors = np.linalg.eigh(target)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    # unit variances, on which the means rest
    root /= np.linalg.norm(root, axis=1, keepdims=True)
    return root, shape, float(np.abs(root @ root.T - latent).max())
