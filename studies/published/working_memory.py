"""Brunel & Wang 2001: a memory held by recurrent excitation, and what disturbs it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from neurosim.circuits.protocols.measurement import Measurement, bootstrap_of, mean_of, share_of
from neurosim.circuits.protocols.working_memory_protocol import (
    bistable_window_of,
    competition_trials,
    course_trials,
    delay_trials,
    distractor_trials,
    drive_trials,
    fluctuation_trials,
    spontaneous_rates_of,
    switch_off_trials,
)
from neurosim.circuits.working_memory import working_memory_circuit
from studies.exhibits.base import Exhibit, Findings, Part, Setting, Tables, Target
from studies.published.working_memory_figure import draw_working_memory

__all__ = ["CIRCUIT"]

PAPER = "Brunel & Wang (2001) J Comput Neurosci 11:63-85, doi:10.1023/A:1011204814320"
ABSTRACT = f"{PAPER}, abstract: a qualitative statement"
AGAIN = "independent re-simulation with 2,000 neurons, 6-12 seeds"
STAND_IN = (
    "stand-in for Deco & Rolls (2005) J Neurophysiol 94:295-313, doi:10.1152/jn.01095.2004, whose "
    "parameters are UNVERIFIED; band: single neurons under attention"
)

W_PLUS = (2.0, 2.025, 2.05, 2.1, 2.15, 2.2, 2.25)
QUICK_W_PLUS = (2.0, 2.1, 2.2)
WEAK_HZ, STRONG_HZ = 25.0, 500.0
DISTRACTORS_HZ = (25.0, 50.0, 100.0, 150.0, 250.0, 500.0)
GLOBAL_HZ = (1000.0, 2000.0, 4000.0, 8000.0)
CHANGES_HZ = (-1800.0, -1500.0, -1200.0, -900.0, -600.0, -400.0, -200.0, 0.0, 200.0, 400.0, 800.0)

TARGETS = (
    Target("spontaneous_e", "spontaneous rate, excitatory", 3.0, 2.3, 3.2, "Hz",
           f"{PAPER}, about 3 Hz (UNVERIFIED); 2.9-3.1 Hz in an {AGAIN}; tolerance: schemes of integration"),
    Target("spontaneous_i", "spontaneous rate, inhibitory", 9.8, 8.2, 10.2, "Hz",
           f"{PAPER}, about 9 Hz (UNVERIFIED); 9.7-9.9 Hz in an {AGAIN}; tolerance: schemes of integration"),
    Target("delay_rate", "delay rate of the cued pool, w+ 2.1", 27.8, 25.0, 32.0, "Hz",
           f"{PAPER}, 20-40 Hz (UNVERIFIED); 27.8 Hz in an {AGAIN}; tolerance: schemes of integration"),
    Target("delay_rate_2_2", "delay rate of the cued pool, w+ 2.2", 42.2, 38.0, 45.0, "Hz",
           f"{AGAIN}; tolerance: schemes of integration"),
    Target("persistence_2_0", "cued trials that hold to the end, w+ 2.0", 0.0, 0.0, 0.1, "fraction", AGAIN),
    Target("persistence_2_1", "cued trials that hold to the end, w+ 2.1", 1.0, 0.9, 1.0, "fraction", AGAIN),
    Target("persistence_2_2", "cued trials that hold to the end, w+ 2.2", 1.0, 0.9, 1.0, "fraction", AGAIN),
    Target("window_lower", "bistable window of w+: lower edge", 2.05, 2.0, 2.1, "1",
           f"between none and all of the trials of an {AGAIN}", False),
    Target("window_upper", "bistable window of w+: upper edge", 2.17, 2.1, 2.25, "1",
           f"half of the uncued trials escape in 5 s; none do at 2.1 and 2/3 at 2.2 in an {AGAIN}", False),
    Target("drive_rise", "inverted U: delay rate, best drive minus weakest", None, 0.0, None, "Hz",
           f"{ABSTRACT}; from -1200 Hz on the rise was open (8 Hz, half-width 10 Hz), so that the sweep goes "
           "down to -1800 Hz, where a memory can hardly live", False, whole_interval=True),
    Target("drive_fall", "inverted U: delay rate, best drive minus strongest", None, 0.0, None, "Hz",
           ABSTRACT, False, whole_interval=True),
    Target("switched_off", "memories that a strong pulse to all cells ends", None, 0.8, 1.0, "fraction",
           ABSTRACT, False),
    Target("weak_distractor", f"memories that survive a distractor of {WEAK_HZ:.0f} Hz", None, 0.8, 1.0,
           "fraction", ABSTRACT, False),
    Target("strong_distractor", f"memories replaced by a distractor of {STRONG_HZ:.0f} Hz", None, 0.8, 1.0,
           "fraction", ABSTRACT, False),
    Target("fano_ratio", "spontaneous Fano factor of a pool (100 ms), w+ 2.0 over 1.0", 2.27, 2.0, 2.6, "1",
           "independent re-simulation with 2,000 neurons: 3.73 over 1.64 in 59 s", False),
    Target("branching_rise", "branching ratio of a pool at rest, w+ 2.0 minus 1.0", None, 0.0, None, "1",
           "Hawkes 1971, doi:10.1093/biomet/58.1.83: self-excitation is branching (sign)", False,
           whole_interval=True),
    Target("timescale_ratio", "timescale of a pool at rest, w+ 2.0 over 1.4", 1.98, 1.2, 2.6, "1",
           "independent re-simulation with 2,000 neurons: 301 over 152 ms in 59 s each", False),
    Target("bias_25", "attention: +25 Hz on a stimulated pool, change of its rate, w+ 1.9", 11.0, 8.0, 25.0,
           "%", f"{STAND_IN}; +11 % in a re-simulation with 4 seeds", False),
    Target("bias_50", "attention: +50 Hz on a stimulated pool, change of its rate, w+ 1.9", 21.0, 8.0, 25.0,
           "%", f"{STAND_IN}; +21 % in a re-simulation with 4 seeds", False),
)  # fmt: skip


def _parts(setting: Setting) -> tuple[Part, ...]:
    seed = setting.seed
    trials = 4 if setting.quick else 20
    each = 0.6 * trials
    parts = [
        Part(f"delay_cued_{1000 * w:.0f}", delay_trials,
             {"w_plus": [w], "trials": trials, "cued": True, "seed": seed}, each)
        for w in (QUICK_W_PLUS if setting.quick else W_PLUS)
    ]  # fmt: skip
    parts.append(Part("course", course_trials, {"seed": seed + 1}, 0.6))
    if setting.quick:
        return tuple(parts)
    parts += [
        Part(f"delay_uncued_{1000 * w:.0f}", delay_trials,
             {"w_plus": [w], "trials": trials, "cued": False, "seed": seed + 2}, each)
        for w in W_PLUS
    ]  # fmt: skip
    parts += [
        Part("distractor", distractor_trials,
             {"intensities_hz": DISTRACTORS_HZ, "trials": 20, "seed": seed + 3}, 12.0 * len(DISTRACTORS_HZ)),
        Part("switch_off", switch_off_trials,
             {"intensities_hz": GLOBAL_HZ, "trials": 20, "seed": seed + 4}, 12.0 * len(GLOBAL_HZ)),
        Part("drive", drive_trials,
             {"changes_hz": CHANGES_HZ, "trials": 10, "seed": seed + 5}, 6.0 * len(CHANGES_HZ)),
        Part("competition", competition_trials,
             {"w_plus": (1.6, 1.9), "biases_hz": (0.0, 10.0, 25.0, 50.0), "trials": 10, "seed": seed + 6},
             0.25 * 240),
        Part("fluctuations", fluctuation_trials,
             {"w_plus": (1.0, 1.4, 1.7, 1.9, 2.0), "trials": 4, "duration_s": 60.0, "seed": seed + 7},
             6.0 * 20),
    ]  # fmt: skip
    return tuple(parts)


def _delay(tables: Tables) -> pd.DataFrame:
    return pd.concat([table for name, table in tables.items() if name.startswith("delay")])


def _find(setting: Setting, tables: Tables) -> Findings:
    trials = _delay(tables)
    cued = trials[trials["cued"]]
    calm = spontaneous_rates_of(trials[trials["w_plus"] <= 2.1])
    found = {"spontaneous_e": calm["e"], "spontaneous_i": calm["i"]}
    for name, w in (("2_0", 2.0), ("2_1", 2.1), ("2_2", 2.2)):
        found[f"persistence_{name}"] = share_of(cued.loc[cued["w_plus"] == w, "held"])
    for name, w in (("delay_rate", 2.1), ("delay_rate_2_2", 2.2)):
        found[name] = mean_of(cued.loc[(cued["w_plus"] == w) & cued["held"], "delay_hz"], "Hz")
    if setting.quick:
        return Findings(found)
    rng = np.random.default_rng(setting.seed)
    window = bistable_window_of(trials, rng)
    found |= {
        "window_lower": window["lower"],
        "window_upper": window["upper"],
        **_inverted_u(tables["drive"]),
    }
    pulse, distractor = tables["switch_off"], tables["distractor"]
    found["switched_off"] = share_of(~pulse.loc[pulse["intensity_hz"] == max(GLOBAL_HZ), "any_held"])
    at = distractor["intensity_hz"]
    found["weak_distractor"] = share_of(distractor.loc[at == WEAK_HZ, "held"])
    found["strong_distractor"] = share_of(distractor.loc[at == STRONG_HZ, "taken_over"])
    rest = tables["fluctuations"]
    found["fano_ratio"] = _ratio(rest, "w_plus", 2.0, 1.0, "fano", rng)
    found["timescale_ratio"] = _ratio(rest, "w_plus", 2.0, 1.4, "timescale_s", rng)
    found["branching_rise"] = _rise(rest, 2.0, 1.0, "branching", rng)
    for bias in (25, 50):
        found[f"bias_{bias}"] = _bias_effect(tables["competition"], 1.9, float(bias), rng)
    return Findings(found)


def _inverted_u(trials: pd.DataFrame) -> dict[str, Measurement]:
    means = trials.groupby("change_hz")["end_hz"].mean()
    # the best inner drive: a curve that only rises, or only falls, has a difference below zero at one end
    best = means.iloc[1:-1].idxmax()

    def difference(other: float) -> Measurement:
        a = trials.loc[trials["change_hz"] == best, "end_hz"].to_numpy()
        b = trials.loc[trials["change_hz"] == other, "end_hz"].to_numpy()
        return mean_of(a - b, "Hz")

    return {"drive_rise": difference(means.index.min()), "drive_fall": difference(means.index.max())}


def _ratio(trials: pd.DataFrame, column: str, top: float, bottom: float, value: str, rng) -> Measurement:
    """Ratio of two cells' means; resamples rows within the cells."""
    chosen = trials[trials[column].isin([top, bottom])]
    at, y = chosen[column].to_numpy(), chosen[value].to_numpy()

    def ratio(k: np.ndarray) -> float:
        up, down = y[k][at[k] == top], y[k][at[k] == bottom]
        return float(up.mean() / down.mean()) if up.size and down.size else np.nan

    return bootstrap_of(ratio, len(chosen), "1", rng)


def _rise(trials: pd.DataFrame, top: float, bottom: float, value: str, rng) -> Measurement:
    """Difference of two cells' means; resamples rows within the cells."""
    chosen = trials[trials["w_plus"].isin([top, bottom])]
    at, y = chosen["w_plus"].to_numpy(), chosen[value].to_numpy()

    def rise(k: np.ndarray) -> float:
        up, down = y[k][at[k] == top], y[k][at[k] == bottom]
        return float(up.mean() - down.mean()) if up.size and down.size else np.nan

    return bootstrap_of(rise, len(chosen), "1", rng)


def _bias_effect(trials: pd.DataFrame, w_plus: float, bias: float, rng) -> Measurement:
    chosen = trials[(trials["w_plus"] == w_plus) & (trials["condition"] == "pair")]
    ratio = _ratio(chosen, "bias_hz", bias, 0.0, "first_hz", rng)
    low, value, high = (100.0 * (x - 1.0) for x in (ratio.low, ratio.value, ratio.high))
    return Measurement(value, low, high, ratio.n, "%")


CIRCUIT = Exhibit(
    name="working_memory",
    title="Working memory by recurrent excitation (Brunel & Wang 2001)",
    paper=PAPER,
    targets=TARGETS,
    parts=_parts,
    find=_find,
    draw=draw_working_memory,
    methods=lambda: working_memory_circuit().methods_table(),
)
