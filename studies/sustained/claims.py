"""Claims of the study of sustained attention, as checks.

Bands are for every agent: an agent that misses one is shown to miss it. Signs of change over time on
task depend on the agent: one that carries arousal must slow, one that does not must not.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from bridges.human.reference import Band, bands, tasks
from bridges.measures import bootstrap_ci
from studies.agents import Agent
from studies.checks import CALIBRATED, Check, above_zero, in_band, zero_within
from studies.scores import Scores

__all__ = ["sustained_checks"]

CI = "95 % bootstrap interval over participants"
INTACT, UNEXCITED = "spiking", "spiking-no-self-excitation"


def sustained_checks(
    scores: Scores,
    agents: Sequence[Agent],
    studied: Sequence[str],
    calibrated: Collection[tuple[str, str, str]] = (),
) -> list[Check]:
    """Every claim of the study that the agents at hand allow.

    Parameters
    ----------
    scores
        What was measured; people among the agents are held against the bands only.
    agents
        The agents that were asked for, without people.
    studied
        Names of the tasks.
    calibrated
        (task, agent, measure) of what calibration set; such checks say so and claim nothing.
    """
    checks: list[Check] = []
    for task in studied:
        present = scores.agents(task)
        # a band for a manipulation that is not part of this study (a night without sleep) is no claim of it
        measured = [band for band in _bands(task) if band.measure in scores.participants]
        checks += [_band(scores, band, task, name, calibrated) for band in measured for name in present]
        for agent in agents:
            if agent.name in present:
                checks += _signs(scores, task, agent)
        if {INTACT, UNEXCITED} <= set(present) and task != "pvt":
            checks.append(_ablation(scores, task))
    return checks


def _bands(task: str) -> list[Band]:
    return list(bands(task)) if task in tasks() else []


def _band(
    scores: Scores, band: Band, task: str, agent: str, calibrated: Collection[tuple[str, str, str]]
) -> Check:
    values = scores.values(task, agent, band.measure)
    source = f"human band: {band.source}{'' if band.verified else '; unverified'}"
    if (task, agent, band.measure) in calibrated:
        source = f"{CALIBRATED}: {source}"
    name = f"{task}.{band.measure}.{agent}"
    return in_band(name, _mean(values), band.low, band.high, band.unit, source)


def _signs(scores: Scores, task: str, agent: Agent) -> list[Check]:
    if task != "pvt":
        more = scores.values(task, agent.name, "commission_rate") - scores.values(
            task, agent.name, "omission_rate"
        )
        commissions = _above(
            more,
            f"{task}.commissions_minus_omissions.{agent.name}",
            "fraction",
            "commissions exceed omissions",
        )
        return [commissions]
    skew = scores.values(task, agent.name, "rt_skew")
    checks = [_above(skew, f"pvt.rt_skew.{agent.name}", "1", "response times are right-skewed")]
    slope = scores.values(task, agent.name, "rt_slope_ms_per_min")
    name = f"pvt.rt_slope.{agent.name}"
    if agent.tires is True:
        checks.append(_above(slope, name, "ms/min", "slows over time on task with arousal on"))
    elif agent.tires is False:
        interval = bootstrap_ci(slope)
        source = (
            f"no slowing without arousal: {CI} [{interval.low:.3g}, {interval.high:.3g}] must include 0 "
            f"(n = {interval.n}); low and high are its half-widths"
        )
        checks.append(zero_within(name, interval.estimate, interval.low, interval.high, "ms/min", source))
    return checks


def _ablation(scores: Scores, task: str) -> Check:
    """Same individuals, same trials: what is lost with the self-excitation of control."""
    loss = scores.values(task, INTACT, "d_prime") - scores.values(task, UNEXCITED, "d_prime")
    return _above(
        loss, f"{task}.d_prime_loss.{UNEXCITED}", "1", "d' is lost without self-excitation of control"
    )


def _above(values: np.ndarray, name: str, unit: str, claim: str) -> Check:
    interval = bootstrap_ci(values)
    source = (
        f"{claim}: {CI} [{interval.low:.3g}, {interval.high:.3g}] must lie above 0 (n = {interval.n}); "
        "low is its lower half-width"
    )
    return above_zero(name, interval.estimate, interval.low, unit, source)


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
