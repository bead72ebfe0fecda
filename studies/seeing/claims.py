"""Claims of the study of vision, as checks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bridges.measures import bootstrap_ci
from bridges.stimuli.rendering import STIMULI, Rendering
from studies.checks import Check, above_zero, in_band

__all__ = ["vision_checks"]

LEAST_ACCURACY = 0.98
TARGET = "target of this package: 98 % on held-out renderings with the standard noise and jitter"
REPRODUCES = "target of this package: levels read from images are those of the task"


def vision_checks(
    accuracy: pd.DataFrame,
    sensitivity: pd.DataFrame,
    fade: pd.DataFrame,
    stream: pd.DataFrame,
    parameters: int,
) -> list[Check]:
    """Every claim; tables as `studies.seeing.measuring` makes them."""
    standard = accuracy[(accuracy["noise_sd"] == Rendering().noise_sd) & (accuracy["variants"] == "learned")]
    checks = [
        in_band(
            f"vision.accuracy.{name}",
            standard[standard["set"] == name]["accuracy"].mean(),
            LEAST_ACCURACY,
            None,
            "share correct",
            TARGET,
        )
        for name in STIMULI
    ]
    checks.append(
        in_band("vision.parameters", parameters, None, 100_000, "weights", "target of this package")
    )
    for task, table in sensitivity.groupby("task"):
        by_noise = table.pivot(index="repeat", columns="noise_sd", values="d_a")
        fall = bootstrap_ci((by_noise[0.2] - by_noise[0.8]).to_numpy())
        checks.append(
            above_zero(
                f"vision.d_a_fall.{str(task).split(':')[0]}",
                fall.estimate, fall.low, "d_a",
                "sensitivity falls with noise (SD 0.2 against 0.8); 95 % bootstrap interval over renderings",
            )
        )  # fmt: skip
    weak = fade[fade["noise_sd"] == fade["noise_sd"].min()].groupby("coherence")["no_go"].mean()
    r = np.corrcoef(weak.index, weak)[0, 1]
    checks.append(
        in_band("vision.fade_r2.gradcpt", r**2, 0.9, None, "R2", "a fade gives graded levels; " + REPRODUCES)
    )
    for which, part in stream.groupby(["task", "channel"]):
        missed = ((part["seen_level"] - part["task_level"]) ** 2).sum()
        # a channel that says nothing in all this time cannot be followed: NaN, which never passes
        spread = ((part["task_level"] - part["task_level"].mean()) ** 2).sum()
        name = "vision.level_r2." + ".".join(map(str, which))
        checks.append(in_band(name, 1.0 - missed / spread, 0.95, None, "R2", REPRODUCES))
    return checks
