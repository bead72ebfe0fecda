"""What each part of the circuit does in the tasks of divided attention, by theory."""

from __future__ import annotations

from studies.comparison.ablation_figure import CENTRAL, CIRCUIT
from studies.comparison.claims import Ablation

__all__ = ["ABLATIONS", "ABLATION_PANELS"]

INHIBITION, EXCITATION, AROUSAL, TOP_DOWN = CIRCUIT[1:]
COMPETITION, HOLDING = CENTRAL

ABLATIONS = (
    Ablation(
        "prp", "prp_effect_ms", INHIBITION, "without competition two choices do not wait for each other"
    ),
    Ablation(
        "prp",
        "prp_effect_ms",
        COMPETITION,
        "without competition of the central stage the second choice does not wait for the first",
    ),
    Ablation("prp", "accuracy_t2", HOLDING, "a central pool that does not ignite routes too little"),
    Ablation("prp", "accuracy_t2", EXCITATION, "without a held instruction the second task is not done"),
    Ablation("prp", "rt2_ms", TOP_DOWN, "without gain stimuli are answered later", falls=False),
    Ablation("prp", "prp_effect_ms", AROUSAL, "arousal hardly moves in so short a time", falls=None),
    Ablation(
        "attentional_blink", "blink_magnitude_pp", INHIBITION, "without competition T1 does not shut T2 out"
    ),
    Ablation(
        "attentional_blink",
        "blink_magnitude_pp",
        COMPETITION,
        "without competition of the central stage T1 does not keep T2 out",
    ),
    Ablation(
        "attentional_blink", "t1_accuracy", HOLDING, "a central pool that does not ignite routes too little"
    ),
    Ablation("attentional_blink", "t1_accuracy", EXCITATION, "what is not held cannot be reported later"),
    Ablation(
        "dual_detection", "dual_cost", INHIBITION, "without competition two goals do not cost each other"
    ),
    Ablation("dual_detection", "aoc_tradeoff_pp", TOP_DOWN, "instructed priority acts through gain"),
    Ablation("change_detection", "cowan_k", EXCITATION, "without self-excitation nothing is held"),
    Ablation(
        "change_detection",
        "set_size_cost_pp",
        INHIBITION,
        "items share one inhibition, which limits how many are held",
    ),
    Ablation("mot", "objects_tracked", EXCITATION, "without self-excitation targets are lost"),
    Ablation("mot", "target_cost_pp", INHIBITION, "targets share one inhibition"),
)

ABLATION_PANELS = (
    ("prp", "prp_effect_ms"),
    ("prp", "accuracy_t2"),
    ("attentional_blink", "blink_magnitude_pp"),
    ("dual_detection", "dual_cost"),
    ("change_detection", "cowan_k"),
    ("mot", "objects_tracked"),
)
