"""Design of the study of selective attention: tasks at full and quick size, agents, what was set."""

from __future__ import annotations

from bridges.tasks import ANT, Flanker, Posner, Task, VisualSearch
from studies.calibrated import FROZEN, baseline
from studies.comparison.ablation_figure import CIRCUIT
from studies.comparison.design import CalibrationText, Design, Findings
from studies.selective.causes import ABLATIONS

__all__ = ["NETWORKS", "TITLES", "design"]

TASKS: dict[str, Task] = {
    "posner": Posner(n_blocks=2, fixation_min_s=0.7, fixation_max_s=1.0),
    "flanker": Flanker(n_blocks=4, block_rest_s=2.0),
    "visual_search": VisualSearch(n_blocks=1, window_s=4.0),
    "ant": ANT(n_blocks=3, trials_per_cell=4, trial_s=3.2, fixation_max_s=0.8),
}
QUICK: dict[str, Task] = {
    "posner": Posner(
        n_blocks=1,
        valid=8,
        invalid=2,
        soa_s=(0.3, 0.6),
        fixation_min_s=0.6,
        fixation_max_s=0.8,
        window_s=0.8,
    ),
    "flanker": Flanker(
        n_blocks=1,
        congruent=15,
        incongruent=15,
        interval_min_s=0.9,
        interval_max_s=1.1,
        window_s=1.0,
        block_rest_s=0.0,
    ),
    "visual_search": VisualSearch(
        set_sizes=(2, 4, 8),
        n_locations=8,
        trials_per_cell=6,
        n_blocks=1,
        window_s=1.6,
        fixation_min_s=0.5,
        fixation_max_s=0.7,
    ),
    "ant": ANT(
        trials_per_cell=4, n_blocks=1, trial_s=2.4, window_s=1.2, fixation_min_s=0.2, fixation_max_s=0.5
    ),
}
TITLES = {"posner": "Posner cueing", "flanker": "Flanker", "visual_search": "Visual search", "ant": "ANT"}
NETWORKS = ("lstm", "lstm-limited", "attention", "attention-limited")
BY_HAND = (
    "Chosen by hand, while looking at the tasks of this study: the strengths between the stages of the "
    "circuit (AttentionParameters), one set for all tasks of all studies. On flankers: how far gain "
    "spills over to neighbours, and their habit; on Posner and ANT: the gain of an expected place; on "
    "search: the stage that searches, what it gives to the decisions, what each item adds to the inhibition "
    "of both, and how strongly the answer that nothing was found is called for (individuals 1-6 and 301-303 "
    "of other sessions, three seconds for an answer); the levels of flankers, of distractors and of cues in "
    "the tasks; the capacity of the limited networks' channel. Sizes of effects that were looked at are "
    "therefore no predictions; the table below says which."
)
PREDICTED = (
    "Predicted: what the parts of the circuit do (ablations), where in the distribution of response times "
    "conflict costs most, sequence effects, the course of validity over delays, the spread over "
    "participants, and everything that plain networks show."
)
TUNED = frozenset(
    {
        ("posner", "validity_ms"),
        ("flanker", "conflict_ms"),
        ("flanker", "conflict_accuracy_pp"),
        ("visual_search", "slope_present_ms_per_item"),
        ("visual_search", "slope_absent_ms_per_item"),
        ("visual_search", "slope_ratio_absent_present"),
        ("ant", "conflict_ms"),
        ("ant", "orienting_ms"),
        ("ant", "alerting_ms"),
    }
)


def _findings() -> Findings:
    from studies.selective.findings import FINDINGS

    return FINDINGS


def design(name: str, question: str) -> Design:
    """The study under its name and with its question."""
    return Design(
        name=name,
        title="Selective attention",
        question=question,
        tasks=TASKS,
        quick_tasks=QUICK,
        titles=TITLES,
        agents=("human", "spiking", *NETWORKS, *CIRCUIT[1:]),
        quick_agents=("human", "spiking", "lstm", "attention"),
        baseline=baseline,
        calibration=CalibrationText(FROZEN, BY_HAND, PREDICTED, TUNED),
        findings=_findings,
        ablations=ABLATIONS,
    )
