"""Numbers of the twin map from the tables of its runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from bridges.maps.twin_fidelity import cohen_kappa

__all__ = [
    "bits_a_spike",
    "curve_points",
    "curves",
    "disputed",
    "distance_of_times",
    "explained",
    "kappa_of_choices",
    "r_squared",
]

TIE_HZ = 2.0
"""Inputs to which both answers leave mean rates less apart than this are ties."""


def r_squared(responses: pd.DataFrame) -> float:
    """R2 of mean responses in Hz over all populations; noise of the circuit's own mean counts against it."""
    return float(1.0 - responses["residual"].sum() / responses["spread"].sum())


def explained(responses: pd.DataFrame) -> float:
    """Explained variance of single trials over its ceiling, both in squared Hz over all populations."""
    return float(responses["explained"].sum() / responses["ceiling"].sum())


def bits_a_spike(responses: pd.DataFrame) -> float:
    """Bits per spike of the twin's mean above each population's mean rate."""
    return float(responses["bits"].sum() / responses["spikes"].sum())


def kappa_of_choices(choices: pd.DataFrame) -> float:
    """Kappa of the likelier choices of circuit and twin, for inputs that are no ties of the circuit."""
    clear = _no_ties(choices)
    if clear.empty:
        return float("nan")
    return cohen_kappa(
        (clear["circuit_share"] > 0.5).to_numpy(dtype=int), (clear["twin_share"] > 0.5).to_numpy(dtype=int)
    )


def disputed(choices: pd.DataFrame) -> tuple[int, int, float, float]:
    """Where the likelier choices differ, for inputs that are no ties of the circuit.

    Returns
    -------
    different, of : int
        Inputs with different choices, and all.
    least, most : float
        Between which shares of its trials the circuit itself makes one choice on those inputs; NaN if none.
    """
    clear = _no_ties(choices)
    mine = clear.loc[(clear["circuit_share"] > 0.5) != (clear["twin_share"] > 0.5), "circuit_share"]
    return len(mine), len(clear), float(mine.min()), float(mine.max())


def _no_ties(choices: pd.DataFrame) -> pd.DataFrame:
    return choices[choices["circuit_difference"].abs() > TIE_HZ]


def distance_of_times(times: pd.DataFrame) -> float:
    """Kolmogorov-Smirnov distance of the response times of circuit and twin."""
    one, other = (times.loc[times["who"] == who, "time_s"].to_numpy() for who in ("circuit", "twin"))
    if not (one.size and other.size):
        return float("nan")
    return float(stats.ks_2samp(one, other).statistic)


def curves(behaviour: pd.DataFrame) -> pd.DataFrame:
    """Behavioural curves: one row a twin or circuit, participant, block and measure.

    Measures are commissions and omissions (%) and the mean response time to go trials (ms).
    """
    keys = ["who", "twin", "task", "participant", "block"]
    go, no_go = behaviour[~behaviour["no_go"]], behaviour[behaviour["no_go"]]
    measures = {
        "omissions (%)": 100.0 * (~go["answered"]).groupby([go[k] for k in keys]).mean(),
        "commissions (%)": 100.0 * no_go["answered"].groupby([no_go[k] for k in keys]).mean(),
        "response time (ms)": 1e3 * go["response_time_s"].groupby([go[k] for k in keys]).mean(),
    }
    return pd.concat(
        [value.rename("value").reset_index().assign(measure=name) for name, value in measures.items()],
        ignore_index=True,
    )


def curve_points(behaviour: pd.DataFrame, scored: str = "twin", resamples: int = 1000) -> pd.DataFrame:
    """Mean curves of twins and circuits, and whether a twin lies in the circuit's seed-to-seed range.

    The range is that of the mean of as many circuits with other seeds: two groups of circuits, "circuit" and
    "other circuits", are resampled together into groups of the same size, and 95 % of their means lie within.
    Twins are of the individuals of the first group; a third group has individuals of its own, and the two
    groups that the range comes from do not know all circuits, so fewer than 95 % of its points are expected
    within.

    Parameters
    ----------
    behaviour
        Trials, from `studies.corresponding.twin_runs.behaviour`.
    scored
        Who is held against the range: the twins, or "third circuits" to see what circuits reach themselves.
    resamples
        Groups.

    Returns
    -------
    DataFrame
        One row a task, measure, block and twin (its training seed): ``circuit``, ``value`` (of the twin),
        ``low``, ``high``, ``within``, ``floor`` (no circuit ever did it, as omissions in the PVT, so that
        not to do it is all that is asked).
    """
    table = curves(behaviour)
    rng = np.random.default_rng(0)
    rows = []
    for (task, measure, block), one in table.groupby(["task", "measure", "block"], sort=False):
        circuits = one.loc[one["who"].isin(("circuit", "other circuits")), "value"].dropna().to_numpy()
        own = one.loc[one["who"] == "circuit", "value"].dropna()
        twins = one[one["who"] == scored].dropna(subset="value")
        if not (twins.size and circuits.size):
            continue
        draws = rng.integers(circuits.size, size=(resamples, own.size))
        low, high = np.quantile(circuits[draws].mean(axis=1), [0.025, 0.975])
        for twin, mean in twins.groupby("twin")["value"].mean().items():
            within = bool(low <= mean <= high)
            floor = not circuits.any()
            row = (task, measure, block, twin, float(own.mean()), float(mean), low, high, within, floor)
            rows.append(row)
    columns = ["task", "measure", "block", "twin", "circuit", "value", "low", "high", "within", "floor"]
    return pd.DataFrame(rows, columns=columns)
