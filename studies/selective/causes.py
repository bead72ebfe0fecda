"""What each part of the circuit does in the tasks of selective attention, by theory."""

from __future__ import annotations

from studies.comparison.ablation_figure import CIRCUIT, STAGES
from studies.comparison.claims import Ablation

__all__ = ["ABLATIONS", "ABLATION_PANELS"]

INHIBITION, EXCITATION, AROUSAL, TOP_DOWN = CIRCUIT[1:]
COMPETITION, *_ = STAGES

ABLATIONS = (
    Ablation("posner", "validity_ms", EXCITATION, "a cue that is not held cannot help"),
    Ablation("posner", "validity_ms", TOP_DOWN, "a cue helps by raising gain"),
    Ablation("flanker", "accuracy", INHIBITION, "without competition anywhere no answer wins"),
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
        COMPETITION,
        "items share one inhibition of the central stage, which slows a competition among more of them",
    ),
    Ablation("ant", "orienting_ms", TOP_DOWN, "a spatial cue helps by raising gain"),
    Ablation("ant", "orienting_ms", EXCITATION, "a cue that is not held cannot help"),
)

ABLATION_PANELS = (
    ("posner", "validity_ms"),
    ("flanker", "accuracy"),
    ("flanker", "conflict_accuracy_pp"),
    ("visual_search", "slope_present_ms_per_item"),
    ("ant", "orienting_ms"),
)
