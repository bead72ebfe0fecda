"""Attentional blink: report of the second target given the first, against the lag between them.

    magnitude = P(T2 | T1) at the longest lag - P(T2 | T1) at lag 3

as in the data of Reteig et al. (lags 3 and 8), doi:10.18112/openneuro.ds001810.v1.1.0. Only trials with a
second target count; where it is merely to be detected, presses without one are the false alarms.
Raymond, Shapiro & Arnell (1992), doi:10.1037/0096-1523.18.3.849.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from bridges.measures.catalogue import Measure
from bridges.measures.effects.base import Family, components, curve, mean

__all__ = ["BLINK_EFFECTS", "blink_curves", "blink_effects", "half_recovery", "t2_given_t1"]

DEEP, RECOVERED = (2, 3, 4), (6, 7, 8)
"""Lags (items) at which the blink is deepest, and at which it is over."""

BLINK_LAG = 3


def t2_given_t1(scored: pd.DataFrame) -> pd.Series:
    """Share of trials with T1 right in which T2 is right too, by lag, among trials that have a T2.

    Parameters
    ----------
    scored
        Rows of both components; of conditions ``lag`` and, where T2 may be absent, ``t2_present``.
    """
    first, second = components(_dual(scored))
    second = second[_present(second) & first["correct"].reindex(second.index).fillna(False).astype(bool)]
    return second.groupby("lag")["correct"].mean()


def blink_effects(scored: pd.DataFrame) -> dict[str, float]:
    """Scalars of the blink.

    Parameters
    ----------
    scored
        As for `t2_given_t1`.

    Returns
    -------
    dict
        ``blink_magnitude_pp``; ``blink_depth_pp``: mean over lags 6-8 minus mean over lags 2-4;
        ``lag1_sparing_pp``: lag 1 minus mean over lags 2-4; ``blink_minimum_lag``;
        ``blink_half_recovery_lag``: where, after the minimum, half of what was lost is back (linear between
        lags); ``blink_control_pp``: control blocks minus dual ones at lag 3; ``t1_accuracy``;
        ``t2_false_alarm_rate``.
    """
    by_lag = t2_given_t1(scored)
    control = _control(scored)
    deep = mean(by_lag[by_lag.index.isin(DEEP)])
    longest = float(by_lag.iloc[-1]) if len(by_lag) else np.nan
    at_lag = float(by_lag.get(BLINK_LAG, np.nan))
    first, second = components(_dual(scored))
    absent = second[~_present(second)]
    return {
        "blink_magnitude_pp": 100 * (longest - at_lag),
        "blink_depth_pp": 100 * (mean(by_lag[by_lag.index.isin(RECOVERED)]) - deep),
        "lag1_sparing_pp": 100 * (float(by_lag.get(1, np.nan)) - deep),
        "blink_minimum_lag": float(by_lag.index[int(by_lag.argmin())]) if len(by_lag) > 2 else float("nan"),
        "blink_half_recovery_lag": half_recovery(by_lag),
        "blink_control_pp": 100 * (float(control.get(BLINK_LAG, np.nan)) - at_lag),
        "t1_accuracy": mean(first["correct"].astype(float)),
        "t2_false_alarm_rate": mean(1.0 - absent["correct"].astype(float)),
    }


def blink_curves(scored: pd.DataFrame) -> pd.DataFrame:
    """T2 given T1 against lag, in dual and in control blocks, and T1."""
    first, _ = components(_dual(scored))
    named = (
        ("t2_given_t1", "dual", t2_given_t1(scored)),
        ("t2_given_t1", "control", _control(scored)),
        ("t1_accuracy", "dual", first.groupby("lag")["correct"].mean()),
    )
    return pd.concat([curve(name, s.to_dict(), series) for name, series, s in named], ignore_index=True)


def _dual(scored: pd.DataFrame) -> pd.DataFrame:
    return scored[scored["trial_type"] == "dual"] if "trial_type" in scored else scored


def _control(scored: pd.DataFrame) -> pd.Series:
    """T2 alone by lag, from blocks in which T1 is to be ignored."""
    if "trial_type" not in scored:
        return pd.Series(dtype=float)
    _, second = components(scored[scored["trial_type"] == "control"])
    return second[_present(second)].groupby("lag")["correct"].mean()


def _present(second: pd.DataFrame) -> np.ndarray:
    if "t2_present" not in second:
        return np.ones(len(second), dtype=bool)
    return second["t2_present"].to_numpy(dtype=bool)


def half_recovery(by_lag: pd.Series) -> float:
    """Lag at which half the way from the minimum to the longest lag is done, linear between lags.

    Parameters
    ----------
    by_lag
        Report of T2 given T1, with lags as index, rising.

    Returns
    -------
    float
        NaN with fewer than three lags, or where the longest lag is no better than the minimum.
    """
    if len(by_lag) < 3:
        return float("nan")
    after = by_lag[by_lag.index >= by_lag.idxmin()]
    lags, values = after.index.to_numpy(dtype=float), after.to_numpy(dtype=float)
    half = (values[0] + values[-1]) / 2
    if not values[-1] > values[0]:
        return float("nan")
    k = int(np.flatnonzero(values >= half)[0])
    return float(np.interp(half, values[k - 1 : k + 1], lags[k - 1 : k + 1]))


BLINK_EFFECTS = Family.of_trials(
    blink_effects,
    blink_curves,
    (
        Measure("blink_magnitude_pp", "T2|T1, longest lag - lag 3", "pp"),
        Measure("blink_depth_pp", "T2|T1, lags 6-8 - lags 2-4", "pp"),
        Measure("lag1_sparing_pp", "T2|T1, lag 1 - lags 2-4 (sparing)", "pp"),
        Measure("blink_minimum_lag", "Lag of the lowest T2|T1", "items"),
        Measure("blink_half_recovery_lag", "Lag at which half of the blink is over", "items"),
        Measure("blink_control_pp", "T2 at lag 3, T1 ignored - T1 reported", "pp"),
        Measure("t1_accuracy", "Report of T1", "1"),
        Measure("t2_given_t1", "Report of T2 given T1", "1"),
        Measure("t2_false_alarm_rate", "T2 reported where there was none", "1"),
    ),
)
"""Effects of the task attentional_blink."""
