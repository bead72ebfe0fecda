"""What a network loses when its units become populations of spiking neurons, in the tasks of a study."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from bridges.measures import bootstrap_ci
from studies.checks import Check, in_band
from studies.comparison.claims import shown_interval
from studies.scores import Scores, unit_of

__all__ = ["LARGEST_LOSS", "conversion_checks"]

PAIRS = tuple((f"{kind}-memory", f"{kind}-spiking") for kind in ("lstm", "attention"))
"""A network and its spiking form; individuals of both have the same weights."""

LARGEST_LOSS = {"d_prime_context": 0.5, "accuracy_t1": 0.03, "accuracy_t2": 0.03}
"""Largest loss by which the spiking form still counts as the same performer, by measure."""

SOURCE = (
    "own limit, set before measuring: spikes should cost less than half a unit of d' and 3 pp of accuracy"
)


def conversion_checks(scores: Scores, task: str, measures: Collection[str] = LARGEST_LOSS) -> list[Check]:
    """Loss of d' or accuracy from each network to its spiking form, within individuals.

    Parameters
    ----------
    scores
        Scores of all participants.
    task
        Task that both performed.
    measures
        Of `LARGEST_LOSS`; those that the task does not have are left out.
    """
    checks = []
    known: Sequence[str] = [one for one in measures if one in scores.participants]
    for pair in PAIRS:
        for measure in known if set(pair) <= set(scores.agents(task)) else ():
            network, spiking = scores.paired(task, pair, measure)
            lost = np.asarray(network) - np.asarray(spiking)
            if np.isnan(lost).all():
                continue
            loss = bootstrap_ci(lost)
            name = f"{task}.conversion.{measure}_loss.{pair[1]}"
            words = (
                f"{SOURCE}; network {np.nanmean(network):.2f}, spiking {np.nanmean(spiking):.2f}, loss "
                f"{shown_interval(loss)}"
            )
            checks.append(in_band(name, loss.estimate, None, LARGEST_LOSS[measure], unit_of(measure), words))
    return checks
