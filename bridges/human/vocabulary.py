"""Words of human trial tables: what columns are called, and which trial types each task knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bridges.session import NO_RESPONSE

__all__ = [
    "ALIASES",
    "PRESS",
    "ROLES_FOR_CONDITIONS",
    "TASKS",
    "TaskWords",
    "find_column",
    "is_known_task",
    "same_task",
    "task_in_name",
    "task_name",
]

ALIASES: Mapping[str, tuple[str, ...]] = {
    "participant_id": (
        "participant_id",
        "participant",
        "subject",
        "subject_id",
        "subj_idx",
        "sub",
        "worker_id",
    ),
    "session": ("session", "session_id", "ses"),
    "run": ("run", "run_id"),
    "block": ("block", "block_id"),
    "trial": ("trial", "trial_index", "trial_num"),
    "task": ("task", "task_name"),
    "trial_type": ("trial_type", "condition", "flanker_type"),
    "stimulus": ("stimulus", "stim"),
    "onset": ("onset", "onset_s", "stimulus_onset", "onset_ms"),
    "duration": ("duration", "duration_s"),
    "response_time": (
        "response_time",
        "response_time_s",
        "rt",
        "rt_s",
        "reaction_time",
        "reactiontime",
        "response_time_ms",
        "rt_ms",
    ),
    "response": ("response", "response_button", "key_press", "keys"),
    "correct_response": ("correct_response", "expected_response", "expectedresponse"),
    "accuracy": (
        "accuracy",
        "correct",
        "correctness",
        "response_accuracy",
        "responseaccuracy",
        "acc",
    ),
    "omission": ("omission",),
    "agent": ("agent",),
    "seed": ("seed",),
    "window_start_s": ("window_start_s",),
    "window_stop_s": ("window_stop_s",),
    "response_2": ("response_2",),
    "response_time_2": ("response_time_2", "response_time_2_s", "rt_2"),
}
"""Names that are understood for each column, best first; upper and lower case are the same."""

ROLES_FOR_CONDITIONS = ("trial_type", "stimulus", "agent", "seed")
"""Roles whose columns stay in the table of conditions, under the name that they have."""

PRESS = "press"


@dataclass(frozen=True)
class TaskWords:
    """What the table of a task may say.

    Parameters
    ----------
    correct
        The correct response of each trial type; empty text where the trial type does not tell it.
    responses
        Names of the responses, in the order of `Session.responses`.
    spellings
        Other spellings of trial types.
    block_s
        Length of a block (s) where the table has none; None for one block.
    """

    correct: Mapping[str, str]
    responses: tuple[str, ...] = (PRESS,)
    spellings: Mapping[str, str] = field(default_factory=dict)
    block_s: float | None = None

    def trial_type(self, text: str) -> str | None:
        """The trial type that a text spells, or None."""
        for name in (text, self.spellings.get(text.lower()), text.lower().replace("-", "_")):
            if name in self.correct:
                return name
        return None

    @property
    def only_trial_type(self) -> str | None:
        """The trial type, where there is only one."""
        return next(iter(self.correct)) if len(self.correct) == 1 else None


_GO_NO_GO = {"go": PRESS, "no_go": NO_RESPONSE}
_GO_SPELLINGS = {"nogo": "no_go", "non_target": "no_go"}
_CONGRUENCY = {"congruent": "", "incongruent": "", "neutral": ""}
_COMPATIBLE = {"compatible": "congruent", "incompatible": "incongruent"}

TASKS: Mapping[str, TaskWords] = {
    "sart": TaskWords(_GO_NO_GO, spellings=_GO_SPELLINGS),
    "cpt_x": TaskWords(_GO_NO_GO, spellings=_GO_SPELLINGS),
    "grad_cpt": TaskWords(_GO_NO_GO, spellings={**_GO_SPELLINGS, "city": "go", "mountain": "no_go"}),
    "mackworth": TaskWords(_GO_NO_GO, spellings={**_GO_SPELLINGS, "double": "go", "single": "no_go"}),
    # a block is a minute of task, as in `bridges.tasks.pvt`
    "pvt": TaskWords({"go": PRESS}, block_s=60.0),
    "simple_rt": TaskWords({"go": PRESS}),
    "ax_cpt": TaskWords(
        {
            "AX": "target",
            "AY": "nontarget",
            "BX": "nontarget",
            "BY": "nontarget",
            "A_no_go": NO_RESPONSE,
            "B_no_go": NO_RESPONSE,
        },
        responses=("target", "nontarget"),
        spellings={"ang": "A_no_go", "bng": "B_no_go"},
    ),
    "flanker": TaskWords(_CONGRUENCY, responses=("left", "right"), spellings=_COMPATIBLE),
    "ant": TaskWords(_CONGRUENCY, responses=("left", "right"), spellings=_COMPATIBLE),
    "posner": TaskWords({"valid": "", "invalid": "", "neutral": ""}, responses=("left", "right")),
    "visual_search": TaskWords({"present": "present", "absent": "absent"}, responses=("present", "absent")),
    # trials with two responses: which keys there are is the table's own matter
    "prp": TaskWords({"dual": "", "single_1": "", "single_2": ""}, responses=()),
    "attentional_blink": TaskWords({"dual": "", "control": ""}, responses=()),
    "dual_detection": TaskWords({"dual": "", "single_outer": "", "single_inner": ""}, responses=()),
    "mot": TaskWords({"target": "target", "distractor": "distractor"}, responses=("target", "distractor")),
    "change_detection": TaskWords({"same": "same", "change": "change"}, responses=("same", "change")),
    "monitoring": TaskWords(_GO_NO_GO, spellings=_GO_SPELLINGS),
}
"""The tasks whose human trials can be read without `correct_response` column."""

_TASK_SPELLINGS = {
    "blink": "attentional_blink",
    "ab": "attentional_blink",
    "psychological_refractory_period": "prp",
    "multiple_object_tracking": "mot",
    "tracking": "mot",
    "changedetection": "change_detection",
    "cpt": "cpt_x",
    "cptx": "cpt_x",
    "gradcpt": "grad_cpt",
    "axcpt": "ax_cpt",
    "simplert": "simple_rt",
    "visualsearch": "visual_search",
    "go_no_go": "sart",
    "gonogo": "sart",
    "psychomotor_vigilance": "pvt",
}
_GENERIC_WORDS = frozenset({"trials", "trial", "data", "events", "beh", "results", "responses", "all", "csv"})


def task_name(text: str) -> str:
    """The name of a task as `bridges.tasks` writes it: ``"PVT"`` is ``"pvt"``, ``"AX-CPT"`` ``"ax_cpt"``."""
    plain = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return _TASK_SPELLINGS.get(plain, plain)


def same_task(first: str, second: str) -> bool:
    """Whether two spellings are one task; BIDS labels cannot have the underscores of our names."""
    return task_name(first).replace("_", "") == task_name(second).replace("_", "")


def is_known_task(name: str) -> bool:
    """Whether the trial types of the task are known here."""
    return name in TASKS


def task_in_name(stem: str, folder: str) -> str | None:
    """The task that a file is about, from its name, or from its folder's where the file says nothing.

    A name with two tasks in it tells none.
    """
    words = [word for word in re.split(r"[^a-z0-9]+", stem.lower()) if word]
    if set(words) <= _GENERIC_WORDS:
        words = [word for word in re.split(r"[^a-z0-9]+", folder.lower()) if word]
    pairs = [f"{a}_{b}" for a, b in zip(words, words[1:], strict=False)]
    found = {task_name(word) for word in [*words, *pairs] if is_known_task(task_name(word))}
    return found.pop() if len(found) == 1 else None


def find_column(header: Iterable[str], role: str) -> str | None:
    """The column that plays a role (a key of `ALIASES`), or None."""
    by_plain: dict[str, str] = {}
    for column in header:
        by_plain.setdefault(re.sub(r"[\s.]+", "_", column.strip().lower()), column)
    return next((by_plain[alias] for alias in ALIASES[role] if alias in by_plain), None)
