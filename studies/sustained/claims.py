"""Claims of the study of sustained attention, as checks.

Bands are for every agent: an agent that misses one is shown to miss it. Signs of change over time on
task depend on the agent: one that carries arousal must slow, one that does not must not.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from bridges.measures import bootstrap_ci, paired_difference
from studies.agents import Agent
from studies.checks import Check, zero_within
from studies.comparison.claims import band_checks, positive, shown_interval
from studies.scores import Scores, unit_of

__all__ = ["sustained_checks"]

GO_FREQUENT = ("sart", "cpt_x", "grad_cpt")
"""Tasks in which one presses most of the time, so that errors are presses too many."""

SENSITIVITY = {
    **dict.fromkeys((*GO_FREQUENT, "mackworth"), "d_prime"),
    "ax_cpt": "d_prime_context",
}
"""What sensitivity is called in each task."""

INTACT, UNAROUSED, UNEXCITED = "spiking", "spiking-no-arousal", "spiking-no-self-excitation"


@dataclass(frozen=True)
class _Pair:
    """A measure that is larger in one form of an agent than in another, in the same individuals."""

    task: str
    measure: str
    larger: str
    smaller: str
    claim: str


PAIRS = (
    _Pair("pvt", "rt_slope_ms_per_min", INTACT, UNAROUSED, "arousal makes the circuit slow over time"),
    _Pair("pvt", "rt_slope_ms_per_min", "lstm-arousal", "lstm", "arousal makes the LSTM slow over time"),
    _Pair(
        "pvt",
        "rt_slope_ms_per_min",
        "attention-arousal",
        "attention",
        "arousal makes the attention network slow over time",
    ),
    _Pair("pvt", "rt_mean_ms", UNEXCITED, INTACT, "the circuit is slower where the goal is not held"),
    _Pair("sart", "commission_rate", INTACT, UNAROUSED, "arousal that falls raises commissions"),
)


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
        checks += band_checks(scores, task, present, calibrated)
        for agent in agents:
            if agent.name in present:
                checks += _signs(scores, task, agent)
        if {INTACT, UNEXCITED} <= set(present) and task in SENSITIVITY:
            checks.append(_ablation(scores, task))
        checks += [
            _paired(scores, pair)
            for pair in PAIRS
            if pair.task == task and {pair.larger, pair.smaller} <= set(present)
        ]
    return checks


def _signs(scores: Scores, task: str, agent: Agent) -> list[Check]:
    name = agent.name
    if task in GO_FREQUENT:
        more = scores.values(task, name, "commission_rate") - scores.values(task, name, "omission_rate")
        label = f"{task}.commissions_minus_omissions.{name}"
        commissions = _above(more, label, "fraction", "commissions exceed omissions")
        return [commissions, *(_course_of_sart(scores, agent) if task == "sart" else ())]
    if task == "mackworth":
        rise = scores.values(task, name, "omission_change_pp")
        return _change(rise, f"mackworth.misses_rise.{name}", "pp", "misses rise", agent)
    if task == "ax_cpt":
        cost = scores.values(task, name, "context_cost_pp")
        return [_above(cost, f"ax_cpt.context_cost.{name}", "pp", "AY and BX are worse than AX and BY")]
    skew = scores.values(task, name, "rt_skew")
    checks = [_above(skew, f"pvt.rt_skew.{name}", "1", "response times are right-skewed")]
    slope = scores.values(task, name, "rt_slope_ms_per_min")
    return checks + _change(slope, f"pvt.rt_slope.{name}", "ms/min", "response times grow", agent)


def _course_of_sart(scores: Scores, agent: Agent) -> list[Check]:
    """With falling arousal, commissions rise and sensitivity falls over the task."""
    rise = scores.values("sart", agent.name, "commission_slope_pp_per_min")
    fall = -scores.values("sart", agent.name, "d_prime_change")
    return [
        *_change(rise, f"sart.commission_slope.{agent.name}", "pp/min", "commissions rise", agent),
        *_change(fall, f"sart.d_prime_fall.{agent.name}", "1", "d' falls from first to last third", agent),
    ]


def _change(values: np.ndarray, name: str, unit: str, claim: str, agent: Agent) -> list[Check]:
    """A change over time on task that there must be with arousal, and must not be without."""
    if agent.tires is None:
        return []
    if agent.tires:
        return [_above(values, name, unit, f"{claim} over time on task with arousal on")]
    interval = bootstrap_ci(values)
    source = (
        f"not without arousal that {claim} over time on task: {shown_interval(interval)} must include 0; "
        "low and high are its half-widths"
    )
    return [zero_within(name, interval.estimate, interval.low, interval.high, unit, source)]


def _paired(scores: Scores, pair: _Pair) -> Check:
    """Same individuals, same trials: the difference between two forms of an agent."""
    smaller, larger = scores.paired(pair.task, (pair.smaller, pair.larger), pair.measure)
    name = f"{pair.task}.{pair.measure}.{pair.larger}-minus-{pair.smaller}"
    claim = f"{pair.claim} (difference within the same individuals)"
    return positive(paired_difference(smaller, larger), name, unit_of(pair.measure), claim)


def _ablation(scores: Scores, task: str) -> Check:
    """Same individuals, same trials: what is lost with the self-excitation of control."""
    without, intact = scores.paired(task, (UNEXCITED, INTACT), SENSITIVITY[task])
    return _above(
        intact - without,
        f"{task}.d_prime_loss.{UNEXCITED}",
        "1",
        "self-excitation of control keeps d' up",
    )


def _above(values: np.ndarray, name: str, unit: str, claim: str) -> Check:
    return positive(bootstrap_ci(values), name, unit, claim)
