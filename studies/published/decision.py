"""Wang 2002: accuracy and decision time of the random-dot decision against motion coherence."""

from __future__ import annotations

import numpy as np
import pandas as pd

from neurosim.circuits.decision import decision_circuit
from neurosim.circuits.protocols.decision_protocol import (
    MotionTask,
    accuracy_of,
    decision_course_trials,
    decision_times_of,
    decision_trials,
    error_time_difference_of,
    psychometric_of,
    time_slope_of,
    weibull,
)
from neurosim.circuits.protocols.measurement import mean_of, share_of
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target
from studies.exhibits.looks import FIRST, REFERENCE, SECOND, letter, long_table, points

__all__ = ["CIRCUIT"]

PAPER = "Wang (2002) Neuron 36:955-968, doi:10.1016/S0896-6273(02)01092-9"
AGAIN = "independent re-simulation with 120 trials a point"

COHERENCES = (0.0, 0.032, 0.064, 0.128, 0.256, 0.512)
QUICK_COHERENCES = (0.064, 0.128, 0.512)
TRIALS, QUICK_TRIALS = 120, 16
MORE_TRIALS = {0.032: 300, 0.064: 300, 0.128: 300}
"""Where errors are made: their decision times need them."""
MEMORY = "memory"
COURSE = "course"

# re-simulation: accuracy and decision times (ms) of correct choices and errors
REFERENCE_POINTS = pd.DataFrame(
    {
        "coherence": COHERENCES,
        "accuracy": (0.515, 0.622, 0.780, 0.924, 1.0, 1.0),
        "correct_ms": (914.0, 872.0, 845.0, 724.0, 540.0, 384.0),
        "error_ms": (922.0, 1021.0, 1001.0, 1051.0, np.nan, np.nan),
    }
)

TARGETS = (
    Target(
        "rest_e", "rate before the stimulus, excitatory", 2.34, 2.0, 2.7, "Hz",
        f"{PAPER}, about 3 Hz (UNVERIFIED); 2.34 Hz in an {AGAIN}, +-15 % for schemes of integration",
    ),
    Target(
        "rest_i", "rate before the stimulus, inhibitory", 8.0, 6.8, 9.2, "Hz",
        f"{PAPER}, about 8 Hz (UNVERIFIED); 8.0 Hz in an {AGAIN}, +-15 %",
    ),
    *(
        Target(
            f"accuracy_{name}", f"correct at {100 * c:.1f} % coherence", value, value - 0.08,
            min(value + 0.08, 1.0), "fraction",
            f"{AGAIN}; +-.08, two standard errors of such an experiment", quick,
        )
        for name, c, value, quick in (
            ("3_2", 0.032, 0.622, False),
            ("6_4", 0.064, 0.780, False),
            ("12_8", 0.128, 0.924, False),
            ("25_6", 0.256, 1.0, False),
            ("51_2", 0.512, 1.0, True),
        )
    ),
    Target(
        "threshold", "psychometric threshold, Weibull alpha", 7.7, 6.5, 9.5, "%",
        f"{PAPER}, about 9.2 % (UNVERIFIED); 7.7 % in an {AGAIN}; tolerance holds both", False,
    ),
    Target(
        "slope", "psychometric slope, Weibull beta", 1.36, 1.1, 1.7, "1",
        f"{PAPER}, about 1.5 (UNVERIFIED); 1.36 in an {AGAIN}; tolerance holds both", False,
    ),
    Target(
        "time_3_2", "decision time, correct, 3.2 % coherence", 872.0, 741.0, 1003.0, "ms",
        f"{AGAIN}, +-15 %; without non-decision time", False,
    ),
    Target(
        "time_51_2", "decision time, correct, 51.2 % coherence", 384.0, 326.0, 442.0, "ms",
        f"{AGAIN}, +-15 %; without non-decision time",
    ),
    Target(
        "time_slope", "slope of decision time against log10 coherence", -426.0, -511.0, -341.0,
        "ms per decade",
        f"{PAPER}, falls (UNVERIFIED); least squares through the means of an {AGAIN}, +-20 %",
        False,
    ),
    Target(
        "error_minus_correct", "errors take longer than correct choices", None, 0.0, None, "ms",
        f"{PAPER} (UNVERIFIED); +150 to +330 ms in an {AGAIN}; the sign is the claim. With 120 trials a "
        "point it was open (+52 ms, half-width 91 ms): 300 are run where errors lie", False,
        whole_interval=True,
    ),
    Target(
        "winner", "winner at the end, 12.8 % coherence", 26.9, 22.9, 30.9, "Hz", f"{AGAIN}, +-15 %",
    ),
    Target("loser", "loser at the end, 12.8 % coherence", 2.5, 1.5, 3.5, "Hz", f"{AGAIN}, +-1 Hz"),
    Target(
        "inhibition", "inhibition at the end, 12.8 % coherence", 14.2, 12.1, 16.3, "Hz", f"{AGAIN}, +-15 %",
    ),
    Target(
        "memory_share", "winner above 8 Hz 0.7 to 1 s after the stimulus, 0 % coherence", 0.74, 0.62, 0.86,
        "fraction", f"{AGAIN}; +-.12, two standard errors of the difference of two such experiments", False,
    ),
    Target(
        "memory_rate", "winner's rate 0.7 to 1 s after the stimulus, 0 % coherence", 12.4, 9.9, 20.0, "Hz",
        f"{PAPER}, about 20 Hz (UNVERIFIED); 12.4 Hz in an {AGAIN}; tolerance holds both", False,
    ),
)  # fmt: skip


def _parts(setting: Setting) -> tuple[Part, ...]:
    task = MotionTask(stimulus_s=2.0) if setting.quick else MotionTask()
    coherences = QUICK_COHERENCES if setting.quick else COHERENCES
    trials = QUICK_TRIALS if setting.quick else TRIALS
    cost = 0.15 * task.duration_s
    parts = [
        Part(
            f"coherence_{1000 * c:03.0f}",
            decision_trials,
            {"coherences": [c], "trials": number, "seed": setting.seed, "task": task},
            cost * number,
        )
        for c in coherences
        for number in [trials if setting.quick else MORE_TRIALS.get(c, trials)]
    ]
    course = {"coherences": [0.128], "trials": 3 if setting.quick else 6, "seed": setting.seed + 1}
    parts.append(Part(COURSE, decision_course_trials, course, 3.0))
    if not setting.quick:
        after = MotionTask(stimulus_s=2.0, after_s=1.0)
        arguments = {"coherences": [0.0], "trials": TRIALS, "seed": setting.seed + 2, "task": after}
        parts.append(Part(MEMORY, decision_trials, arguments, 0.15 * after.duration_s * TRIALS))
    return tuple(parts)


def _trials(tables: Tables) -> pd.DataFrame:
    return pd.concat([table for name, table in tables.items() if name.startswith("coherence")])


def _find(setting: Setting, tables: Tables) -> Findings:
    trials = _trials(tables)
    accuracy = accuracy_of(trials)
    times = {
        c: mean_of(1e3 * g.loc[g["correct"] & g["decided"], "time_s"], "ms")
        for c, g in trials.groupby("coherence")
    }
    middle = trials[trials["coherence"] == 0.128]
    found = {
        "rest_e": mean_of(trials["rest_e_hz"], "Hz"),
        "rest_i": mean_of(trials["rest_i_hz"], "Hz"),
        "accuracy_51_2": accuracy[0.512],
        "time_51_2": times[0.512],
        "winner": mean_of(middle["winner_hz"], "Hz"),
        "loser": mean_of(middle["loser_hz"], "Hz"),
        "inhibition": mean_of(middle["inhibition_hz"], "Hz"),
    }
    if setting.quick:
        return Findings(found)
    rng = np.random.default_rng(setting.seed)
    curve = psychometric_of(trials, rng)
    memory = tables[MEMORY]
    found |= {
        "accuracy_3_2": accuracy[0.032],
        "accuracy_6_4": accuracy[0.064],
        "accuracy_12_8": accuracy[0.128],
        "accuracy_25_6": accuracy[0.256],
        "threshold": curve["alpha"],
        "slope": curve["beta"],
        "time_3_2": times[0.032],
        "time_slope": time_slope_of(trials, rng),
        "error_minus_correct": error_time_difference_of(trials, rng),
        "memory_share": share_of(memory["after_hz"] > 8.0),
        "memory_rate": mean_of(memory["after_hz"], "Hz"),
    }
    return Findings(found, {"error_minus_correct": _few_errors(trials)})


def _few_errors(trials: pd.DataFrame) -> str:
    wrong = trials[(trials["coherence"] > 0) & ~trials["correct"] & trials["decided"]]
    spread = 1e3 * float(wrong["time_s"].std())
    return (
        f"The interval does not lie above 0: it rests on {len(wrong)} errors, whose decision times have a "
        f"standard deviation of {spread:.0f} ms, so that a difference below "
        f"{1.96 * spread / max(len(wrong), 1) ** 0.5:.0f} ms cannot be told from none."
    )


def _draw(setting: Setting, tables: Tables) -> Drawing:
    import matplotlib.pyplot as plt

    trials = _trials(tables)
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(7.2, 2.5))
    course = tables[COURSE]
    for (population, _), one in course.groupby(["population", "trial"]):
        colour = FIRST if population == "left" else SECOND
        left.plot(one["time_s"] - MotionTask().onset_s, one["rate_hz"], color=colour, lw=0.7)
    left.axhline(MotionTask().threshold_hz, color=REFERENCE, lw=0.8, ls=":")
    left.set(xlabel="time from motion onset (s)", ylabel="rate of the pool (Hz)", xlim=(-0.5, 2.5))
    for colour, text, y in ((FIRST, "pool of the motion", 0.98), (SECOND, "the other pool", 0.88)):
        left.text(0.02, y, text, color=colour, transform=left.transAxes, va="top")
    letter(left, "A", "trials at 12.8 %")

    shares = pd.DataFrame(
        [(c, m.value, m.low, m.high, m.n) for c, m in accuracy_of(trials).items()],
        columns=["coherence", "value", "low", "high", "n"],
    )
    known = REFERENCE_POINTS[REFERENCE_POINTS["coherence"] > 0]
    shown = shares[shares["coherence"] > 0]
    middle.plot(100 * known["coherence"], known["accuracy"], "x", color=REFERENCE, label="re-simulation")
    points(middle, 100 * shown["coherence"], shown["value"], shown["low"], shown["high"], FIRST, "here")
    fit = psychometric_of(trials, np.random.default_rng(0), 1)
    grid = np.geomspace(0.02, 0.6, 100)
    curve = weibull(grid, fit["alpha"].value / 100, fit["beta"].value)
    middle.plot(100 * grid, curve, color=FIRST)
    middle.set(xscale="log", ylim=(0.45, 1.03), xlabel="coherence (%)", ylabel="correct choices")
    _percent_ticks(middle)
    middle.legend(loc="lower right")
    letter(middle, "B", "psychometric function")

    times = decision_times_of(trials)
    times = times[(times["coherence"] > 0) & (times["n"] >= 3)]
    for correct, colour, column, label in (
        (True, FIRST, "correct_ms", "correct"),
        (False, SECOND, "error_ms", "errors"),
    ):
        one = times[times["correct"] == correct]
        right.plot(100 * known["coherence"], known[column], "x", color=colour)
        points(right, 100 * one["coherence"], one["value"], one["low"], one["high"], colour, label, fmt="o-")
    right.set(xscale="log", xlabel="coherence (%)", ylabel="decision time (ms)", ylim=(0, None))
    _percent_ticks(right)
    right.legend(loc="lower left")
    letter(right, "C", "decision time")

    n = f"{shares['n'].min()} to {shares['n'].max()}"
    data = long_table(
        ("A", course), ("B", shares), ("B fit", pd.DataFrame({"coherence": grid, "value": curve})),
        ("C", times), ("reference", known),
    )  # fmt: skip
    return Drawing(
        figure,
        data,
        f"Decision circuit ({PAPER}), 2,000 neurons. A: low-passed rates of both pools, one line a trial; "
        f"dotted: threshold of 15 Hz. B: correct choices with Weibull fit; C: decision time, without "
        f"non-decision time. Points: {n} trials each, bars: 95 % intervals. Crosses: {AGAIN}.",
    )


def _percent_ticks(axes) -> None:
    axes.set_xticks([3.2, 6.4, 12.8, 25.6, 51.2], ["3.2", "6.4", "12.8", "25.6", "51.2"])
    axes.minorticks_off()


CIRCUIT = Exhibit(
    name="decision",
    title="Decision by slow recurrent excitation (Wang 2002)",
    paper=PAPER,
    targets=TARGETS,
    parts=_parts,
    find=_find,
    draw=_draw,
    methods=lambda: decision_circuit().methods_table(),
)
