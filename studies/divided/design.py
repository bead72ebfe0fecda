"""Design of the study of divided attention: tasks at full and quick size, agents, what was set."""

from __future__ import annotations

from bridges.tasks import MOT, PRP, AttentionalBlink, ChangeDetection, DualDetection, Task
from studies.calibrated import FROZEN, baseline
from studies.comparison.ablation_figure import CIRCUIT, STAGES
from studies.comparison.design import CalibrationText, Design, Findings
from studies.divided.causes import ABLATIONS

__all__ = ["TITLES", "design"]

# digits among letters, ten a second, with targets that stay long enough for few channels to tell them apart
BLINK = AttentionalBlink(
    lags=(1, 2, 3, 4, 6, 8),
    trials_per_lag=(12,) * 6,
    blocks=("dual",),
    second_task="identification",
    t1_targets=("2", "3"),
    t2_targets=("6", "7"),
    distractors=tuple("ABCDEFGHJKLMNP"),
    item_s=0.05,
    blank_s=0.05,
    before_min=3,
    before_max=6,
    fixation_s=0.4,
    report_delay_s=0.4,
    report_s=1.2,
    intertrial_s=0.3,
)
TASKS: dict[str, Task] = {
    "prp": PRP(blocks=("dual",) * 2, fixation_s=0.7, intertrial_s=0.3),
    "attentional_blink": BLINK,
    "dual_detection": DualDetection(
        trials_per_block=12, before_min=4, before_max=6, after=4, window_s=2.0, intertrial_s=0.3
    ),
    "change_detection": ChangeDetection(
        n_blocks=2,
        trials_per_size=10,
        change_probability=(0.5,),
        fixation_s=0.5,
        window_s=2.0,
        test_s=2.0,
        intertrial_s=0.3,
    ),
    "mot": MOT(
        n_targets=(1, 2, 3, 4),
        trials_per_cell=4,
        n_blocks=1,
        fixation_s=0.3,
        cue_s=1.0,
        motion_s=5.0,
        probe_s=2.5,
        window_s=2.5,
        intertrial_s=0.3,
        # one over the temporal limit of tracking, 7 to 2.6 Hz for one to three targets (Holcombe & Chen 2013)
        lag_s=0.2,
    ),
}
QUICK: dict[str, Task] = {
    "prp": PRP(trials_per_soa=6, blocks=("dual",), fixation_s=0.5, window_s=1.6, intertrial_s=0.3),
    "attentional_blink": AttentionalBlink(
        **{
            **{name: getattr(BLINK, name) for name in BLINK.__dataclass_fields__},
            "lags": (1, 3, 8),
            "trials_per_lag": (6, 6, 6),
            "before_max": 4,
        }
    ),
    "dual_detection": DualDetection(
        blocks=(1.0, 0.0, 0.9, 0.5, 0.1),
        trials_per_block=6,
        outer_digits=("2", "5"),
        inner_digits=("3", "4"),
        before_min=2,
        before_max=3,
        after=2,
        fixation_s=0.3,
        window_s=1.2,
        intertrial_s=0.3,
    ),
    "change_detection": ChangeDetection(
        set_sizes=(1, 3, 5),
        trials_per_size=8,
        change_probability=(0.5,),
        n_blocks=1,
        colours=("red", "green", "blue", "yellow", "white", "black"),
        fixation_s=0.4,
        window_s=1.4,
        test_s=1.4,
        intertrial_s=0.2,
    ),
    "mot": MOT(
        n_objects=6,
        n_targets=(1, 3),
        speed=(3.0, 9.0),
        trials_per_cell=4,
        n_blocks=1,
        field_deg=14.0,
        fixation_s=0.3,
        cue_s=0.8,
        motion_s=2.0,
        probe_s=2.0,
        window_s=2.0,
        lag_s=0.2,
        intertrial_s=0.2,
    ),
}
TITLES = {
    "prp": "PRP",
    "attentional_blink": "Attentional blink",
    "dual_detection": "Dual detection",
    "change_detection": "Change detection",
    "mot": "Object tracking",
}
NETWORKS = (
    "lstm",
    "lstm-limited",
    "lstm-shared-head",
    "attention",
    "attention-limited",
    "attention-shared-head",
)
BY_HAND = (
    "Chosen by hand, while looking at the tasks of this study: the strengths between the stages of the "
    "circuit (AttentionParameters), one set for all tasks of all studies. On PRP: the central stage, what "
    "starts it, what it routes, and its reset; on the blink: what memory is written by, the gate that a "
    "first target opens, the pause after an encoding, how strongly a prompt is answered, and how long brief "
    "stimuli drive the senses; on change detection: the memory stage, what compares with it and what is "
    "answered to something new; on object tracking: how strongly a place that is followed drives memory and "
    "its inhibition, how much the answer to an object that was no target weighs, and how long tracking lags. "
    "Some were settled on individuals 1-6, 101-120 and 301-316 of other sessions. "
    "Also by hand: the capacity of the limited networks' channel (the smallest that tells single choices), "
    "how steeply networks with one output follow instructed priorities (the response times of the dual task "
    "were looked at), and durations and numbers of items of the "
    "tasks, short enough for small circuits. Levels of accuracy and the sizes of effects that were looked at "
    "are therefore no predictions; the table below says which."
)
PREDICTED = (
    "Predicted: what the parts of the circuit do (ablations), the spread over participants, effects that "
    "were not looked at, and everything that plain networks show."
)
TUNED = frozenset(
    {
        ("prp", "prp_effect_ms"),
        ("prp", "rt2_soa_slope"),
        ("prp", "accuracy_t1"),
        ("prp", "accuracy_t2"),
        ("attentional_blink", "blink_magnitude_pp"),
        ("attentional_blink", "t1_accuracy"),
        ("change_detection", "cowan_k"),
        ("mot", "target_cost_pp"),
        ("mot", "speed_cost_pp"),
        ("dual_detection", "dual_cost"),
        ("dual_detection", "single_accuracy"),
    }
)


def _findings() -> Findings:
    from studies.divided.findings import FINDINGS

    return FINDINGS


def design(name: str, question: str) -> Design:
    """The study under its name and with its question."""
    return Design(
        name=name,
        title="Divided attention",
        question=question,
        tasks=TASKS,
        quick_tasks=QUICK,
        titles=TITLES,
        agents=("human", "spiking", *NETWORKS, *CIRCUIT[1:], *STAGES),
        # a limited network cannot learn in a cohort, and takes minutes
        quick_agents=("human", "spiking", "lstm", "attention", "lstm-shared-head"),
        baseline=baseline,
        calibration=CalibrationText(FROZEN, BY_HAND, PREDICTED, TUNED),
        findings=_findings,
        ablations=ABLATIONS,
    )
