"""What each part of the circuit does in the tasks of divided attention, by theory."""

from __future__ import annotations

from studies.comparison.ablation_figure import CIRCUIT, STAGES
from studies.comparison.claims import Ablation

__all__ = ["ABLATIONS", "ABLATION_PANELS"]

INHIBITION, EXCITATION, AROUSAL, TOP_DOWN = CIRCUIT[1:]
COMPETITION, HOLDING, MEMORIES = STAGES

ABLATIONS = (
    Ablation(
        "prp",
        "prp_effect_ms",
        COMPETITION,
        "without competition of the central stage the second choice does not wait for the first",
    ),
    Ablation("prp", "accuracy_t2", HOLDING, "a central pool that does not ignite routes too little"),
    Ablation("prp", "accuracy_t2", EXCITATION, "without a held instruction the second task is not done"),
    Ablation("prp", "accuracy_t2", INHIBITION, "without competition anywhere no answer wins"),
    Ablation("prp", "rt2_ms", TOP_DOWN, "without gain stimuli are answered later", falls=False),
    Ablation("prp", "prp_effect_ms", AROUSAL, "arousal hardly moves in so short a time", falls=None),
    Ablation(
        "attentional_blink",
        "blink_magnitude_pp",
        COMPETITION,
        "without competition of the central stage T1 does not keep T2 out",
    ),
    Ablation(
        "attentional_blink",
        "blink_magnitude_pp",
        HOLDING,
        "a second target that ignites no central pool is lost at every lag, and nothing recovers",
    ),
    Ablation(
        "attentional_blink", "t1_accuracy", HOLDING, "the first target has nothing to wait for", falls=None
    ),
    Ablation("attentional_blink", "t1_accuracy", EXCITATION, "what is not held cannot be reported later"),
    Ablation(
        "dual_detection",
        "dual_cost",
        COMPETITION,
        "without competition of the central stage two detections do not cost each other",
    ),
    Ablation("change_detection", "cowan_k", EXCITATION, "without self-excitation nothing is held"),
    Ablation(
        "change_detection",
        "set_size_cost_pp",
        MEMORIES,
        "items share one inhibition, which limits how many are held",
    ),
    Ablation("mot", "objects_tracked", EXCITATION, "without self-excitation targets are lost"),
    Ablation("mot", "target_cost_pp", MEMORIES, "targets share one inhibition"),
)

ABLATION_PANELS = (
    ("prp", "prp_effect_ms"),
    ("prp", "accuracy_t2"),
    ("attentional_blink", "blink_magnitude_pp"),
    ("dual_detection", "dual_cost"),
    ("change_detection", "set_size_cost_pp"),
    ("mot", "target_cost_pp"),
)
