"""Claims of comparison studies as checks: signs of effects, human bands, and what an ablation takes away."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from bridges.human.reference import Band, bands, tasks
from bridges.measures import Interval, bootstrap_ci, paired_difference
from studies.checks import CALIBRATED, Check, above_zero, in_band
from studies.scores import Scores, unit_of

__all__ = ["Ablation", "Sign", "ablation_checks", "band_checks", "positive", "shown_interval", "sign_checks"]

CI = "95 % bootstrap interval over participants"


@dataclass(frozen=True)
class Sign:
    """An effect whose interval must exclude zero on one side.

    Parameters
    ----------
    task, measure
        As in the scores.
    claim
        In words.
    minus
        Measure to be subtracted, for a difference of two measures of the same participants; empty: none.
    times
        -1 where the effect is to be negative.
    """

    task: str
    measure: str
    claim: str
    minus: str = ""
    times: int = 1

    def values(self, scores: Scores, agent: str) -> np.ndarray:
        """The effect of every participant, positive where the claim holds."""
        found = scores.values(self.task, agent, self.measure)
        if self.minus:
            found = found - scores.values(self.task, agent, self.minus)
        return self.times * found

    @property
    def name(self) -> str:
        """Without the agent."""
        less = f"-minus-{self.minus}" if self.minus else ""
        return f"{self.task}.sign.{self.measure}{less}"


@dataclass(frozen=True)
class Ablation:
    """What a part of the circuit does to an effect, in the same individuals.

    Parameters
    ----------
    task, measure
        The effect.
    ablated
        Name of the agent without the part.
    theory
        What its absence should do, in words.
    falls
        True: the effect is smaller without the part; False: larger; None: nothing is claimed, it is shown.
    intact
        Name of the agent with it.
    """

    task: str
    measure: str
    ablated: str
    theory: str
    falls: bool | None = True
    intact: str = "spiking"

    def difference(self, scores: Scores) -> Interval:
        """Ablated minus intact, within individuals."""
        intact, ablated = scores.paired(self.task, (self.intact, self.ablated), self.measure)
        return paired_difference(intact, ablated)


def band_checks(
    scores: Scores,
    task: str,
    agents: Sequence[str],
    calibrated: Collection[tuple[str, str, str]] = (),
) -> list[Check]:
    """Every agent, people too, against every band of a task that was measured."""
    known: Sequence[Band] = bands(task) if task in tasks() else ()
    # a band for a manipulation that is not part of this study (a night without sleep) is no claim of it
    measured = [one for one in known if one.measure in scores.participants]
    return [_band(scores, one, task, agent, calibrated) for one in measured for agent in agents]


def sign_checks(scores: Scores, signs: Sequence[Sign], agents: Sequence[str]) -> list[Check]:
    """Every sign for every agent that performed its task."""
    return [
        positive(
            bootstrap_ci(one.values(scores, agent)), f"{one.name}.{agent}", unit_of(one.measure), one.claim
        )
        for one in signs
        for agent in agents
        if agent in scores.agents(one.task)
    ]


def ablation_checks(scores: Scores, ablations: Sequence[Ablation]) -> list[Check]:
    """Whether each effect changes without a part as theory says."""
    checks = []
    for one in ablations:
        if one.falls is None or not {one.intact, one.ablated} <= set(scores.agents(one.task)):
            continue
        change = one.difference(scores)
        if one.falls:
            change = Interval(-change.estimate, -change.high, -change.low, change.n, change.n_missing)
        name = f"{one.task}.ablation.{one.measure}.{one.ablated}"
        checks.append(positive(change, name, unit_of(one.measure), one.theory))
    return checks


def positive(interval: Interval, name: str, unit: str, claim: str) -> Check:
    """The interval must lie above zero."""
    source = f"{claim}: {shown_interval(interval)} must lie above 0; low is its lower half-width"
    return above_zero(name, interval.estimate, interval.low, unit, source)


def shown_interval(interval: Interval) -> str:
    """The interval in words."""
    if np.isnan(interval.low):
        return f"{CI}, which needs at least 2 participants (n = {interval.n}),"
    return f"{CI} [{interval.low:.3g}, {interval.high:.3g}] (n = {interval.n})"


def _band(
    scores: Scores, band: Band, task: str, agent: str, calibrated: Collection[tuple[str, str, str]]
) -> Check:
    known = scores.values(task, agent, band.measure)
    known = known[~np.isnan(known)]
    source = f"human band: {band.source}{'' if band.verified else '; unverified'}"
    if (task, agent, band.measure) in calibrated:
        source = f"{CALIBRATED}: {source}"
    value = float(known.mean()) if known.size else float("nan")
    return in_band(f"{task}.{band.measure}.{agent}", value, band.low, band.high, band.unit, source)
