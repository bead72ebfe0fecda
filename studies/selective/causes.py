"""What each part of the circuit does in the tasks of selective attention, by theory."""

from __future__ import annotations

from studies.comparison.ablation_figure import CIRCUIT
from studies.comparison.claims import Ablation

__all__ = ["ABLATIONS", "ABLATION_PANELS"]

INHIBITION, EXCITATION, AROUSAL, TOP_DOWN = CIRCUIT[1:]

ABLATIONS = (
    Ablation("posner", "validity_ms", EXCITATION, "a cue that is not held cannot help"),
    Ablation("posner", "validity_ms", TOP_DOWN, "a cue helps by raising gain"),
    Ablation("flanker", "conflict_ms", INHIBITION, "without competition flankers do not delay the answer"),
    Ablation(
        "flanker",
        "conflict_accuracy_pp",
        TOP_DOWN,
        "without gain for the target flankers take more answers",
        falls=False,
    ),
    Ablation("flanker", "conflict_ms", AROUSAL, "arousal hardly moves in so short a time", falls=None),
    Ablation(
        "visual_search",
        "slope_present_ms_per_item",
        INHIBITION,
        "items share one inhibition, which slows a competition among more of them",
    ),
    Ablation("ant", "orienting_ms", TOP_DOWN, "a spatial cue helps by raising gain"),
    Ablation("ant", "orienting_ms", EXCITATION, "a cue that is not held cannot help"),
    Ablation("ant", "conflict_ms", INHIBITION, "without competition flankers do not delay the answer"),
)

ABLATION_PANELS = (
    ("posner", "validity_ms"),
    ("flanker", "conflict_ms"),
    ("flanker", "conflict_accuracy_pp"),
    ("visual_search", "slope_present_ms_per_item"),
    ("ant", "orienting_ms"),
    ("ant", "conflict_ms"),
)
