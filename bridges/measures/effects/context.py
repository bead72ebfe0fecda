"""AX-CPT: whether the cue is held in mind until the probe comes.

    d'-context = z(hits on AX) - z(false alarms on BX)
    PBI        = (AY - BX) / (AY + BX)

(proactive behavioural index, of error rates). Rates have the log-linear correction of Hautus (1995),
doi:10.3758/BF03203619. Braver (2012), doi:10.1016/j.tics.2011.12.010.
"""

from __future__ import annotations

import pandas as pd

from bridges.measures.behaviour import d_prime
from bridges.measures.catalogue import Measure
from bridges.measures.effects.base import Family, curve, mean, mean_time_ms

__all__ = ["CONTEXT_EFFECTS", "context_curves", "context_effects"]

TYPES = ("AX", "AY", "BX", "BY")
"""In the order of the axis of the curve."""


def context_effects(scored: pd.DataFrame) -> dict[str, float]:
    """Scalars of AX-CPT.

    Parameters
    ----------
    scored
        Trials with ``trial_type`` AX, AY, BX, BY (others are left out). No answer is an error.

    Returns
    -------
    dict
        ``d_prime_context``; ``pbi_error``; ``error_ax``, ... ``error_by``;
        ``context_cost_pp``: errors on AY and BX minus those on AX and BY, means.
    """
    parts = {kind: scored[scored["trial_type"].astype(str) == kind] for kind in TYPES}
    error = {kind: mean(1.0 - part["correct"].astype(float)) for kind, part in parts.items()}
    said = {kind: int((part["response"].astype(object) == "target").sum()) for kind, part in parts.items()}
    corrected = {
        kind: ((~part["correct"].astype(bool)).sum() + 0.5) / (len(part) + 1) for kind, part in parts.items()
    }
    return {
        "d_prime_context": float(d_prime(said["AX"], len(parts["AX"]), said["BX"], len(parts["BX"]))),
        "pbi_error": float((corrected["AY"] - corrected["BX"]) / (corrected["AY"] + corrected["BX"])),
        "context_cost_pp": 50 * (error["AY"] + error["BX"] - error["AX"] - error["BY"]),
        **{f"error_{kind.lower()}": rate for kind, rate in error.items()},
        **{f"rt_{kind.lower()}_ms": mean_time_ms(part) for kind, part in parts.items()},
    }


def context_curves(scored: pd.DataFrame) -> pd.DataFrame:
    """Errors and response time (ms) by trial type (0 AX, 1 AY, 2 BX, 3 BY)."""
    values = context_effects(scored)
    errors = {k: values[f"error_{kind.lower()}"] for k, kind in enumerate(TYPES)}
    times = {k: values[f"rt_{kind.lower()}_ms"] for k, kind in enumerate(TYPES)}
    return pd.concat([curve("context_errors", errors), curve("context_rt_ms", times)], ignore_index=True)


CONTEXT_EFFECTS = Family.of_trials(
    context_effects,
    context_curves,
    (
        Measure("d_prime_context", "Sensitivity to context d'", "1"),
        Measure("pbi_error", "Proactive index of errors", "1"),
        Measure("context_cost_pp", "Errors, AY and BX - AX and BY", "pp"),
        *(Measure(f"error_{kind.lower()}", f"Errors, {kind}", "1") for kind in TYPES),
        *(Measure(f"rt_{kind.lower()}_ms", f"Response time, {kind}", "ms") for kind in TYPES),
        Measure("context_errors", "Errors", "1"),
        Measure("context_rt_ms", "Response time", "ms"),
    ),
)
"""Effects of the task ax_cpt."""
