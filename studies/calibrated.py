"""What was set and what is predicted, said once, for checks, scorecard and report alike."""

from __future__ import annotations

from bridges.tasks import PVT
from bridges.tasks.base import Task
from studies.runner import Outcome, Plan

__all__ = ["BY_HAND", "FITTED", "FROZEN", "PREDICTED", "baseline", "calibrated_measures"]


def baseline(quick: bool) -> Task:
    """The vigilance test on which agents are calibrated, as long as that of the people they are held to."""
    return PVT(duration_s=120.0 if quick else 300.0)


FITTED = (
    "Fitted: the non-decision time of every agent to people's mean response time in the PVT, and the bound "
    "of the networks to people's coefficient of variation there. Variants borrow these numbers."
)
BY_HAND = (
    "Chosen by hand, while looking at SART and PVT with and without self-excitation: the strengths between "
    "the stages of the circuit, its threshold, pool sizes and the spread of its participants "
    "(AttentionParameters, Individuality); the similarity of stimuli, internal noise, readout gain and "
    "label smoothing of the networks "
    "(NetworkConfig); the rate at which arousal is depleted (Arousal), to about the slope of people's "
    "response times in the PVT. How discriminable stimuli are therefore differs between circuit and networks "
    "by hand: levels of commissions and d' across agents are no predictions, nor are the size of the slope "
    "of PVT response times with arousal and the size of what is lost without self-excitation. The course of "
    "the SART over time on task was seen, though not aimed at."
)
PREDICTED = (
    "Predicted: the shapes of the response-time distributions, the spread over participants, the course "
    "over time within individuals, and everything on tasks that were not looked at (CPT-X)."
)

FROZEN = (
    "Fitted: the non-decision time of every agent to people's mean response time in a psychomotor vigilance "
    "test (one stimulus, one response), and the bound of the networks to people's coefficient of variation "
    "there; nothing is fitted on the tasks of this study. Variants borrow these numbers."
)


def calibrated_measures(plan: Plan, outcome: Outcome) -> frozenset[tuple[str, str, str]]:
    """(task, agent, measure) of everything that calibration set, so that it counts as no prediction."""
    if plan.calibration_task is None:
        return frozenset()
    return frozenset(
        (plan.calibration_task.name, one.name, measure)
        for one in plan.agents
        if outcome.calibrations.get(one.calibrated_as or one.name) is not None
        for measure in one.fitted
    )
