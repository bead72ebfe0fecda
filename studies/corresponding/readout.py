"""B2, readout: accumulation to a bound, in steps of any length, against closed forms."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bridges.readout import AccumulateToBound, ddm_accuracy, ddm_first_passage, ddm_mean_time
from neurosim.circuits.protocols.measurement import Measurement, mean_of
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target
from studies.exhibits.looks import FIRST, OTHER, REFERENCE, SECOND, letter, long_table

__all__ = ["EXHIBIT"]

PAPER = (
    "Bogacz et al. (2006), doi:10.1037/0033-295X.113.4.700; overshoot: Siegmund (1985), "
    "doi:10.1007/978-1-4757-1862-1"
)
SOURCE = "acceptance number of the readout; closed form of the diffusion model"
DRIFTS, STEPS_S, BOUND, NOISE = (0.5, 1.0, 2.0), (0.001, 0.005, 0.02), 1.0, 1.0
TRIALS = 20_000
QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)
ADVANTAGE = 1.5
"""Evidence for the better of two alternatives, in the race that the agents use."""

TARGETS = (
    Target("decision_time", "mean decision time / closed form, furthest from 1 of 9", 1.0, 0.97, 1.03, "1",
           SOURCE),
    Target("accuracy", "|accuracy - closed form|, largest of 9", 0.0, 0.0, 0.01, "fraction", SOURCE),
    Target("race_quantiles", "agents' readout: QP quantiles at 5 and 20 ms over 1 ms, furthest from 1", 1.0,
           0.9, 1.1, "1", "acceptance number of the readout, between step sizes; independent re-simulation",
           quick=False),
    Target("race_accuracy", "agents' readout: accuracy at 5 and 20 ms minus 1 ms, largest", 0.0, -0.01, 0.01,
           "fraction", "acceptance number of the readout, between steps; independent re-simulation",
           quick=False),
)  # fmt: skip


def first_passage(dt_s: float, seed: int, trials: int) -> pd.DataFrame:
    """Mean decision time and accuracy of every drift, with the closed form and without the correction."""
    rows = []
    for drift in DRIFTS:
        rng = np.random.default_rng([seed, round(1e4 * dt_s), round(1e3 * drift)])
        times, upper = ddm_first_passage(drift, BOUND, NOISE, dt_s, trials, rng)
        # a crossing happened within its step; uncorrected: a walk to the bound itself, which overshoots
        raw, _ = _uncorrected(drift, dt_s, trials, rng)
        rows.append(
            (seed, dt_s, drift, np.nanmean(times), upper.mean(), np.nanmean(raw),
             ddm_mean_time(drift, BOUND, NOISE), ddm_accuracy(drift, BOUND, NOISE))
        )  # fmt: skip
    columns = ["seed", "dt_s", "drift", "time_s", "accuracy", "uncorrected_s", "exact_s", "exact_accuracy"]
    return pd.DataFrame(rows, columns=columns)


def _uncorrected(
    drift: float, dt_s: float, trials: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A walk whose bound is not lowered: `ddm_first_passage` at a bound higher by the correction."""
    raised = BOUND + 0.5826 * NOISE * np.sqrt(dt_s)
    return ddm_first_passage(drift, raised, NOISE, dt_s, trials, rng)


def race(dt_s: float, seed: int, trials: int) -> pd.DataFrame:
    """The readout of the agents on two alternatives: accuracy and quantiles of its first response a trial."""
    readout = AccumulateToBound(bound=BOUND, noise_sd=NOISE, non_decision_s=0.0)
    rng = np.random.default_rng([seed, round(1e4 * dt_s)])
    steps = round(4.0 / dt_s)
    evidence = np.tile([ADVANTAGE, 0.0], (steps, 1))
    found = readout.presses_of_many(
        [evidence] * trials, dt_s, [np.random.default_rng(s) for s in rng.integers(2**63, size=trials)]
    )
    first = np.array([(t[0], r[0]) if t.size else (np.nan, np.nan) for t, r in found])
    rows = []
    for response in (0, 1):
        times = first[first[:, 1] == response, 0]
        share = times.size / trials
        rows += [
            (seed, dt_s, response, share, q, value)
            for q, value in zip(QUANTILES, np.quantile(times, QUANTILES), strict=True)
        ]
    return pd.DataFrame(rows, columns=["seed", "dt_s", "response", "share", "quantile", "time_s"])


def _parts(setting: Setting) -> tuple[Part, ...]:
    seeds = (setting.seed,) if setting.quick else tuple(setting.seed + k for k in range(5))
    walks = tuple(
        Part(f"walk_{1e3 * dt:g}ms_{one}", first_passage,
             {"dt_s": dt, "seed": one, "trials": TRIALS}, 1e-3 / dt * 5)
        for dt in STEPS_S for one in seeds
    )  # fmt: skip
    if setting.quick:
        return walks
    return walks + tuple(
        Part(f"race_{1e3 * dt:g}ms_{one}", race, {"dt_s": dt, "seed": one, "trials": 5000}, 1e-3 / dt * 20)
        for dt in STEPS_S for one in seeds[:3]
    )  # fmt: skip


def _joined(tables: Tables, start: str) -> pd.DataFrame:
    return pd.concat([t for name, t in tables.items() if name.startswith(start)], ignore_index=True)


def _furthest(table: pd.DataFrame, column: str, by: list[str], middle: float, unit: str) -> Measurement:
    """Mean over seeds of the condition whose mean is furthest from `middle`."""
    groups = {key: t[column] for key, t in table.groupby(by)}
    return mean_of(groups[max(groups, key=lambda key: abs(groups[key].mean() - middle))], unit)


def _find(setting: Setting, tables: Tables) -> Findings:
    walks = _joined(tables, "walk")
    walks["ratio"] = walks["time_s"] / walks["exact_s"]
    walks["difference"] = walks["accuracy"] - walks["exact_accuracy"]
    worst = _furthest(walks, "difference", ["dt_s", "drift"], 0.0, "fraction")
    turned = (worst.low, worst.high) if worst.value >= 0 else (-worst.high, -worst.low)
    found = {
        "decision_time": _furthest(walks, "ratio", ["dt_s", "drift"], 1.0, "1"),
        "accuracy": Measurement(abs(worst.value), *turned, worst.n, "fraction"),
    }
    if not setting.quick:
        runs = _joined(tables, "race")
        keys = ["seed", "response", "quantile"]
        fine = runs.loc[runs["dt_s"] == min(STEPS_S)].set_index(keys)
        coarse = runs.loc[runs["dt_s"] > min(STEPS_S)]
        same = fine.loc[pd.MultiIndex.from_frame(coarse[keys])].reset_index(drop=True)
        coarse = coarse.reset_index(drop=True)
        coarse["ratio"], coarse["change"] = coarse["time_s"] / same["time_s"], coarse["share"] - same["share"]
        found["race_quantiles"] = _furthest(coarse, "ratio", ["dt_s", "response", "quantile"], 1.0, "1")
        correct = coarse.loc[(coarse["response"] == 0) & (coarse["quantile"] == 0.5)]
        found["race_accuracy"] = _furthest(correct, "change", ["dt_s"], 0.0, "fraction")
    return Findings(found, {})


def _draw(setting: Setting, tables: Tables) -> Drawing:
    import matplotlib.pyplot as plt

    walks = _joined(tables, "walk")
    figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.3))
    colours = dict(zip(STEPS_S, (OTHER, SECOND, FIRST), strict=True))
    for dt in STEPS_S:
        one = walks.loc[walks["dt_s"] == dt].groupby("drift").mean()
        axes[0].plot(one["exact_s"], one["time_s"], "o", color=colours[dt], ms=4, label=f"{1e3 * dt:g} ms")
        axes[0].plot(one["exact_s"], one["uncorrected_s"], "x", color=colours[dt], ms=4)
        axes[1].plot(one["exact_accuracy"], one["accuracy"], "o", color=colours[dt], ms=4)
    span = [0.4, 1.35]
    axes[0].plot([], [], "x", color=REFERENCE, ms=4, label="uncorrected")
    axes[0].plot(span, span, "--", color=REFERENCE, lw=0.8)
    axes[0].set(xlabel="closed form (s)", ylabel="mean decision time (s)")
    axes[0].legend(loc="upper left", handletextpad=0, borderaxespad=0)
    letter(axes[0], "A", "decision time")
    axes[1].plot([0.7, 1.0], [0.7, 1.0], "--", color=REFERENCE, lw=0.8)
    axes[1].set(xlabel="closed form", ylabel="accuracy")
    letter(axes[1], "B", "accuracy")
    pieces = [("A and B", walks)]
    if setting.quick:
        axes[2].axis("off")
    else:
        runs = _joined(tables, "race")
        mean = runs.groupby(["dt_s", "response", "quantile"])[["share", "time_s"]].mean().reset_index()
        for dt in STEPS_S:
            for quantile in QUANTILES:
                row = mean.loc[(mean["dt_s"] == dt) & (mean["quantile"] == quantile)]
                axes[2].plot(row["share"], row["time_s"], "o-", color=colours[dt], ms=3, lw=0.6)
        axes[2].set(xlabel="response probability", ylabel="response time (s)", xlim=(0, 1), ylim=(0, None))
        letter(axes[2], "C", "quantile-probability")
        pieces.append(("C", mean))
    return Drawing(
        figure,
        long_table(*pieces),
        f"A: mean decision time between two bounds against its closed form, {TRIALS} trials of each of "
        f"{walks['seed'].nunique()} seeds, three steps and drifts; crosses: without the correction "
        "for overshoot. B: the same for accuracy. C: quantiles (.1 .3 .5 .7 .9) of the agents' "
        "readout for the two responses, at three steps.",
    )


def _methods() -> str:
    return "\n".join(
        [
            "dx = v dt + s dW between bounds +-a; accuracy 1 / (1 + exp(-2 v a / s^2)), time (a / v) "
            "tanh(v a / s^2)",
            "the bound of a walk in steps is lowered by 0.5826 s sqrt(dt)",
            f"drifts {DRIFTS} per s, a = {BOUND}, s = {NOISE}, steps {STEPS_S} s, {TRIALS} trials",
            f"agents' readout: two alternatives, evidence {ADVANTAGE} and 0, first response of 4 s trials",
            "correction: Siegmund (1985); closed forms: Bogacz et al. (2006)",
            "code under test: bridges.readout",
        ]
    )


EXHIBIT = Exhibit(
    name="readout",
    title="Readout: one bound for every step size (B2)",
    paper=PAPER,
    targets=TARGETS,
    parts=_parts,
    find=_find,
    draw=_draw,
    methods=_methods,
)
