"""Psychological refractory period: response times of two tasks against the time between their stimuli.

With a central stage that serves one task at a time,

    RT2(SOA) = max(A1 + B1, SOA + A2) + B2 + C2 - SOA

(A sensing, B choosing, C moving): slope -1 while the second task waits, 0 once it no longer does, and the
inter-response interval IRI = SOA + RT2 - RT1 is flat where it waits. Pashler (1994),
doi:10.1037/0033-2909.116.2.220. Trials count where both answers are right. Those given together or in the
wrong order are told but kept: at short SOAs they are the trials with a fast second answer, and leaving them
out makes a refractory period of about 100 ms out of two tasks that know nothing of each other.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from bridges.measures.catalogue import Measure
from bridges.measures.effects.base import Family, components, curve, mean, mean_time_ms, slope
from bridges.measures.response_time import FASTEST_S

__all__ = ["PRP_EFFECTS", "dual_trials", "prp_curves", "prp_effects"]

GROUPED_S = 0.1
"""Answers closer together than this (s) were given as one."""

SHORT_S = 0.3
"""Up to this SOA (s) the slope is that of waiting, from here on that of what is left."""

ROUNDING_S = 1e-6


def dual_trials(scored: pd.DataFrame) -> pd.DataFrame:
    """One row a dual trial: ``soa_ms``, ``rt1_ms``, ``rt2_ms``, ``iri_ms``, ``correct_1``, ``correct_2``.

    Parameters
    ----------
    scored
        Trials with answers, a row for each component, as `Responses.scored` gives them.
    """
    first, second = components(scored[scored["trial_type"] == "dual"])
    of_second = {"response_time_s": "response_time_s_2", "correct": "correct_2"}
    both = first.join(second[list(of_second)].rename(columns=of_second), how="inner")
    rt1, rt2 = (1e3 * both[name].to_numpy(dtype=float) for name in ("response_time_s", "response_time_s_2"))
    soa = 1e3 * both["soa_s"].to_numpy(dtype=float)
    return pd.DataFrame(
        {
            "soa_ms": np.round(soa, 6),
            "rt1_ms": rt1,
            "rt2_ms": rt2,
            "iri_ms": soa + rt2 - rt1,
            "correct_1": both["correct"].to_numpy(dtype=bool),
            "correct_2": both["correct_2"].to_numpy(dtype=bool),
        }
    )


def prp_effects(scored: pd.DataFrame) -> dict[str, float]:
    """Scalars of the refractory period; see `CATALOGUE` below for names and units.

    Parameters
    ----------
    scored
        Trials with answers, a row for each component.

    Returns
    -------
    dict
        ``prp_effect_ms``: RT2 at the shortest SOA minus RT2 at the longest. ``rt2_soa_slope``: slope of mean
        RT2 on SOA up to 300 ms; ``rt2_soa_slope_long`` from 300 ms on. Shares are of dual trials in which
        both were answered.
    """
    trials = dual_trials(scored)
    valid = _valid(trials)
    means = valid.groupby("soa_ms")[["rt1_ms", "rt2_ms", "iri_ms"]].mean()
    soas = np.unique(trials["soa_ms"])
    first, last = means.reindex(soas[:1]), means.reindex(soas[-1:])
    short, long = (means[side] for side in _sides(means.index.to_numpy()))
    answered = trials.dropna(subset="iri_ms")
    nearest = valid[valid["soa_ms"] == soas[0]] if soas.size else valid
    return {
        "prp_effect_ms": mean(first["rt2_ms"]) - mean(last["rt2_ms"]),
        "rt2_soa_slope": slope(short.index, short["rt2_ms"]),
        "rt2_soa_slope_long": slope(long.index, long["rt2_ms"]),
        "rt1_soa_effect_ms": mean(first["rt1_ms"]) - mean(last["rt1_ms"]),
        "rt1_ms": mean(means["rt1_ms"]),
        "rt2_ms": mean(means["rt2_ms"]),
        "iri_shortest_ms": mean(first["iri_ms"]),
        "rt1_rt2_correlation": _correlation(nearest["rt1_ms"], nearest["rt2_ms"]),
        "reversal_share": mean(answered["iri_ms"] < 0),
        "grouped_share": mean(answered["iri_ms"].between(0, 1e3 * GROUPED_S, inclusive="left")),
        "accuracy_t1": mean(trials["correct_1"]),
        "accuracy_t2": mean(trials["correct_2"]),
        **_costs(scored, last),
    }


def prp_curves(scored: pd.DataFrame) -> pd.DataFrame:
    """RT1, RT2, IRI, rise of RT2 above that at the longest SOA (ms), and accuracies, against SOA (ms)."""
    trials = dual_trials(scored)
    means = _valid(trials).groupby("soa_ms")[["rt1_ms", "rt2_ms", "iri_ms"]].mean()
    right = trials.groupby("soa_ms")[["correct_1", "correct_2"]].mean()
    named = {"rt1_ms": means["rt1_ms"], "rt2_ms": means["rt2_ms"], "iri_ms": means["iri_ms"]}
    named["rt2_rise_ms"] = means["rt2_ms"] - means["rt2_ms"].reindex(np.unique(trials["soa_ms"])[-1:]).mean()
    named |= {"accuracy_t1": right["correct_1"], "accuracy_t2": right["correct_2"]}
    return pd.concat([curve(name, values.to_dict()) for name, values in named.items()], ignore_index=True)


def _valid(trials: pd.DataFrame) -> pd.DataFrame:
    timed = (trials["rt1_ms"] >= 1e3 * FASTEST_S) & (trials["rt2_ms"] >= 1e3 * FASTEST_S)
    return trials[timed & trials["correct_1"] & trials["correct_2"]]


def _sides(soa_ms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return soa_ms <= 1e3 * (SHORT_S + ROUNDING_S), soa_ms >= 1e3 * (SHORT_S - ROUNDING_S)


def _correlation(one: pd.Series, two: pd.Series) -> float:
    if len(one) < 3 or one.std() == 0 or two.std() == 0:
        return float("nan")
    return float(np.corrcoef(one, two)[0, 1])


def _costs(scored: pd.DataFrame, last: pd.DataFrame) -> dict[str, float]:
    """What the other task costs even at the longest SOA; missing without blocks of single tasks."""
    singles = {
        number: mean_time_ms(scored[scored["trial_type"] == f"single_{number}"]) for number in ("1", "2")
    }
    return {f"rt{k}_dual_cost_ms": mean(last[f"rt{k}_ms"]) - alone for k, alone in singles.items()}


PRP_EFFECTS = Family.of_trials(
    prp_effects,
    prp_curves,
    (
        Measure("prp_effect_ms", "RT2, shortest - longest SOA", "ms"),
        Measure("rt2_soa_slope", "Slope of RT2 on SOA, up to 300 ms", "ms/ms"),
        Measure("rt2_soa_slope_long", "Slope of RT2 on SOA, from 300 ms", "ms/ms"),
        Measure("rt1_soa_effect_ms", "RT1, shortest - longest SOA", "ms"),
        Measure("rt1_ms", "Response time of the first task", "ms"),
        Measure("rt2_ms", "Response time of the second task", "ms"),
        Measure("rt2_rise_ms", "RT2 above that at the longest SOA", "ms"),
        Measure("iri_ms", "Inter-response interval", "ms"),
        Measure("iri_shortest_ms", "Inter-response interval at the shortest SOA", "ms"),
        Measure("rt1_rt2_correlation", "Correlation of RT1 and RT2 at the shortest SOA", "1"),
        Measure("reversal_share", "Answers in the wrong order", "1"),
        Measure("grouped_share", "Answers given together", "1"),
        Measure("accuracy_t1", "Accuracy of the first task", "1"),
        Measure("accuracy_t2", "Accuracy of the second task", "1"),
        Measure("rt1_dual_cost_ms", "Cost to RT1 of a second task at the longest SOA", "ms"),
        Measure("rt2_dual_cost_ms", "Cost to RT2 of a first task at the longest SOA", "ms"),
    ),
)
"""Effects of the task prp."""
