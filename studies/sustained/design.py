"""Design of the study of sustained attention: its tasks at full and quick size, and the baseline."""

from __future__ import annotations

from bridges.tasks import CPTX, PVT, SART, Task

__all__ = ["STUDY_TASKS", "baseline", "study_task"]

FULL: dict[str, Task] = {"sart": SART(), "pvt": PVT(), "cpt_x": CPTX()}
QUICK: dict[str, Task] = {
    "sart": SART(trials_per_digit=8, n_blocks=3),
    "pvt": PVT(duration_s=120.0),
    "cpt_x": CPTX(n_blocks=3),
}

STUDY_TASKS = tuple(FULL)
"""Names of the tasks that the study knows."""


def study_task(name: str, quick: bool) -> Task:
    """A task at full or quick size.

    Raises
    ------
    ValueError
        If the study has no such task; lists those it has.
    """
    if name not in FULL:
        raise ValueError(f"tasks: there is no {name!r}; known are {', '.join(STUDY_TASKS)}")
    return (QUICK if quick else FULL)[name]


def baseline(quick: bool) -> Task:
    """The vigilance test on which agents are calibrated, as long as that of the people they are held to."""
    return PVT(duration_s=120.0 if quick else 300.0)
