"""An ideal reader of features: knows their mean for every class and how they vary together.

Features of class k are taken as Gaussian, N(m_k, S) with one S for all classes; the reader answers by
likelihood. How well it can tell two groups of classes apart is given as

    d_a = sqrt(2) Phi^-1(area under the ROC curve of the log-likelihood ratio)

which is d' where both groups are Gaussian with one variance (Green & Swets 1966).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp, ndtri

__all__ = ["GaussianReader", "sensitivity"]

RIDGE = 0.05
"""Share of the mean variance that is added to each feature's, as some features are hardly ever active."""


@dataclass(frozen=True, eq=False)
class GaussianReader:
    """Means of the classes, shape (class, feature), and the inverse of their common covariance."""

    classes: np.ndarray
    means: np.ndarray
    precision: np.ndarray

    @classmethod
    def fit(cls, features: np.ndarray, label: np.ndarray) -> GaussianReader:
        """Learn from features (sample, feature) with their classes (sample,)."""
        classes, inverse = np.unique(label, return_inverse=True)
        means = np.stack([features[inverse == k].mean(axis=0) for k in range(classes.size)])
        spread = features - means[inverse]
        covariance = spread.T @ spread / len(features)
        covariance += RIDGE * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
        return cls(classes, means, np.linalg.inv(covariance))

    def log_likelihood(self, features: np.ndarray) -> np.ndarray:
        """Of each class up to a constant, shape (sample, class)."""
        weights = self.means @ self.precision
        return features @ weights.T - 0.5 * np.einsum("kf,kf->k", weights, self.means)

    def answer(self, features: np.ndarray) -> np.ndarray:
        """The most likely class of each sample."""
        return self.classes[self.log_likelihood(features).argmax(axis=1)]

    def evidence(self, features: np.ndarray, group: np.ndarray) -> np.ndarray:
        """Log-likelihood ratio of the classes in `group`, equally likely, against all others."""
        inside = np.isin(self.classes, group)
        found = self.log_likelihood(features)
        return logsumexp(found[:, inside], axis=1) - logsumexp(found[:, ~inside], axis=1)


def sensitivity(signal: np.ndarray, noise: np.ndarray) -> float:
    """d_a of evidence on signal and on noise trials; at most what this number of trials can show."""
    from ann.two_sample import area_under_curve

    area = area_under_curve(signal, noise)
    # an area of 1 says no more than that it is within one pair of trials of 1
    least = 0.5 / (len(signal) * len(noise))
    return float(np.sqrt(2.0) * ndtri(np.clip(area, least, 1.0 - least)))
