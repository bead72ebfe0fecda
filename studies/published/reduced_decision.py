"""Wong & Wang 2006: the decision circuit in two variables: its fixed points, and what it decides how fast."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pandas as pd

from neurosim.circuits.parameter_table import parameter_table
from neurosim.circuits.protocols.decision_protocol import (
    accuracy_of,
    decision_times_of,
    error_time_difference_of,
    psychometric_of,
    time_slope_of,
    weibull,
)
from neurosim.circuits.protocols.measurement import Measurement, mean_of
from neurosim.circuits.reduced_decision import (
    ReducedDecisionParameters,
    fixed_points,
    nullcline,
    reduced_decision_trials,
)
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target
from studies.exhibits.looks import FIRST, REFERENCE, SECOND, letter, long_table, points

__all__ = ["CIRCUIT"]

PAPER = "Wong & Wang (2006) J Neurosci 26:1314-1328, doi:10.1523/JNEUROSCI.3733-05.2006"
AGAIN = "independent re-simulation of the published equations"
COHERENCES = (0.0, 0.032, 0.064, 0.128, 0.256, 0.512)
STRENGTHS_HZ = (20.0, 30.0, 40.0)
BEHAVIOUR = f"{AGAIN}, 4,000 trials a point, stimulus 30 Hz"

TARGETS = (
    Target("rest_rate", "rest: rate of both pools", 1.79, 1.77, 1.81, "Hz", f"{AGAIN}, root"),
    Target("memory_rate", "memory: rate of the winner", 20.43, 20.41, 20.45, "Hz", f"{AGAIN}, root"),
    Target("saddle_rate", "saddle between them: rate of the stronger pool", 7.13, 7.11, 7.15, "Hz",
           f"{AGAIN}, root"),
    Target("stable_states", "stable states without a stimulus", 3.0, 3.0, 3.0, "states",
           f"{PAPER}: rest and two memories"),
    Target("growth_rate", "growth rate of a difference under a stimulus of 30 Hz", 4.35,
           4.33, 4.37, "1/s", f"{AGAIN}, root"),
    Target("threshold", "psychometric threshold, Weibull alpha", 6.2, 5.8, 6.7, "%",
           f"{BEHAVIOUR}; +-8 %, three standard errors of our own fit"),
    Target("slope", "psychometric slope, Weibull beta", 1.25, 1.1, 1.5, "1", f"{BEHAVIOUR}; +-12 to 20 %"),
    Target("time_3_2", "decision time, correct, 3.2 % coherence", 576.0, 547.0, 605.0, "ms",
           f"{BEHAVIOUR}, +-5 %"),
    Target("time_51_2", "decision time, correct, 51.2 % coherence", 244.0, 232.0, 256.0, "ms",
           f"{BEHAVIOUR}, +-5 %"),
    Target("error_minus_correct", "errors take longer than correct choices", None, 0.0, None, "ms",
           f"{PAPER}, abstract; +63 to +450 ms in an {AGAIN}; the sign is the claim",
           whole_interval=True),
    Target("speed_accuracy", "decision time at 20 over 40 Hz stimulus, 6.4 % coherence", 2.53, 2.4, 2.7, "1",
           f"{AGAIN}, 898 over 355 ms, 4,000 trials a point", False),
)  # fmt: skip


def _parts(setting: Setting) -> tuple[Part, ...]:
    trials = 500 if setting.quick else 4000
    strengths = (30.0,) if setting.quick else STRENGTHS_HZ
    return tuple(
        Part(
            f"stimulus_{mu:.0f}hz",
            reduced_decision_trials,
            {"coherences": list(COHERENCES), "trials": trials, "seed": setting.seed, "mu_0_hz": mu},
            0.01 * trials,
        )
        for mu in strengths
    )


def _find(setting: Setting, tables: Tables) -> Findings:
    p = ReducedDecisionParameters()
    rest = fixed_points(np.zeros(2), p)
    stable = [point for point in rest if point.stable]
    quiet = min(stable, key=lambda point: max(point.rates_hz))
    saddle = next(point for point in rest if not point.stable)
    driven = [point for point in fixed_points(p.stimulus(0.0), p) if not point.stable]
    trials = tables["stimulus_30hz"]
    rng = np.random.default_rng(setting.seed)
    curve = psychometric_of(trials, rng, 100)
    found = {
        "rest_rate": Measurement.exact(max(quiet.rates_hz), "Hz"),
        "memory_rate": Measurement.exact(max(max(point.rates_hz) for point in stable), "Hz"),
        "saddle_rate": Measurement.exact(max(saddle.rates_hz), "Hz"),
        "stable_states": Measurement.exact(len(stable), "states"),
        "growth_rate": Measurement.exact(driven[0].eigenvalues_per_s[0], "1/s"),
        "threshold": curve["alpha"],
        "slope": curve["beta"],
        "time_3_2": _time(trials, 0.032),
        "time_51_2": _time(trials, 0.512),
        "error_minus_correct": error_time_difference_of(trials, rng),
    }
    if not setting.quick:
        slow, fast = _time(tables["stimulus_20hz"], 0.064), _time(tables["stimulus_40hz"], 0.064)
        ratio = slow.value / fast.value
        # relative errors of independent means add in squares
        half = ratio * np.hypot((slow.high - slow.value) / slow.value, (fast.high - fast.value) / fast.value)
        found["speed_accuracy"] = Measurement(ratio, ratio - half, ratio + half, slow.n + fast.n, "1")
    return Findings(found)


def _time(trials: pd.DataFrame, coherence: float) -> Measurement:
    chosen = trials[(trials["coherence"] == coherence) & trials["correct"] & trials["decided"]]
    return mean_of(1e3 * chosen["time_s"], "ms")


def _draw(setting: Setting, tables: Tables) -> Drawing:
    import matplotlib.pyplot as plt

    p = ReducedDecisionParameters()
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(7.2, 2.5))
    stimulus = p.stimulus(0.064)
    grid = np.linspace(0.0, 0.8, 201)
    lines = []
    for which, colour, label in ((0, FIRST, "dS$_1$/dt = 0"), (1, SECOND, "dS$_2$/dt = 0")):
        line = nullcline(which, grid, stimulus, p)
        left.plot(line[:, 0], line[:, 1], ".", ms=1.2, color=colour)
        lines.append(pd.DataFrame(line, columns=["s_1", "s_2"]).assign(what=f"nullcline {which + 1}"))
        left.text(0.75, 0.76 - 0.08 * which, label, color=colour, ha="right", va="top")
    states = fixed_points(stimulus, p)
    for state in states:
        left.plot(*state.s, "o", color="black", mfc="black" if state.stable else "white", ms=5)
    lines.append(pd.DataFrame([(*s.s, s.stable) for s in states], columns=["s_1", "s_2", "stable"]))
    left.set(xlim=(0, 0.8), ylim=(0, 0.8), xlabel="gating S$_1$", ylabel="gating S$_2$", aspect="equal")
    letter(left, "A", "6.4 %, 30 Hz")

    trials = tables["stimulus_30hz"]
    shares = pd.DataFrame(
        [(c, *astuple(m)[:4]) for c, m in accuracy_of(trials).items() if c > 0],
        columns=["coherence", "value", "low", "high", "n"],
    )
    points(middle, 100 * shares["coherence"], shares["value"], shares["low"], shares["high"], FIRST)
    fit = psychometric_of(trials, np.random.default_rng(0), 1)
    fine = np.geomspace(0.02, 0.6, 100)
    middle.plot(100 * fine, weibull(fine, fit["alpha"].value / 100, fit["beta"].value), color=FIRST)
    middle.set(xscale="log", ylim=(0.45, 1.03), xlabel="coherence (%)", ylabel="correct choices")
    letter(middle, "B", "psychometric function")

    times = decision_times_of(trials)
    times = times[(times["coherence"] > 0) & (times["n"] >= 10)]
    for correct, colour, label in ((True, FIRST, "correct"), (False, SECOND, "errors")):
        one = times[times["correct"] == correct]
        points(right, 100 * one["coherence"], one["value"], one["low"], one["high"], colour, label, fmt="o-")
    known = pd.DataFrame({"coherence": COHERENCES[1:], "correct_ms": (576, 539, 460, 348, 244)})
    right.plot(100 * known["coherence"], known["correct_ms"], "x", color=REFERENCE, label="re-simulation")
    right.set(xscale="log", xlabel="coherence (%)", ylabel="decision time (ms)", ylim=(0, None))
    right.legend(loc="lower left")
    letter(right, "C", "decision time")
    for axes in (middle, right):
        axes.set_xticks([3.2, 6.4, 12.8, 25.6, 51.2], ["3.2", "6.4", "12.8", "25.6", "51.2"])
        axes.minorticks_off()

    slope = time_slope_of(trials, np.random.default_rng(0))
    data = long_table(("A", pd.concat(lines)), ("B", shares), ("C", times), ("reference", known))
    return Drawing(
        figure,
        data,
        f"Two-variable reduction of the decision circuit ({PAPER}). A: phase plane with nullclines; filled: "
        f"stable, open: unstable fixed points. B, C: {len(trials) // len(COHERENCES)} trials a point with a "
        f"stimulus of 30 Hz, bars: 95 % intervals; correct choices change by {slope.value:.0f} ms "
        "a decade of coherence.",
    )


def _methods() -> str:
    lines = ["reduced decision: two gating variables", ""]
    for row in parameter_table(ReducedDecisionParameters()):
        lines.append(f"  {row['parameter']:<18}{row['value']!s:>10}  {row['unit']}  ({row['source']})")
    return "\n".join(lines)


CIRCUIT = Exhibit(
    name="reduced_decision",
    title="Decision in two variables (Wong & Wang 2006)",
    paper=PAPER,
    targets=TARGETS,
    parts=_parts,
    find=_find,
    draw=_draw,
    methods=_methods,
)
