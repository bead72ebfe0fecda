"""Twin (B10): networks in place of the attention circuit and of the published decision circuit."""

from __future__ import annotations

import numpy as np
import pandas as pd

import bridges.maps.twin as map_twin
import bridges.maps.twin_network as map_network
from neurosim.circuits.protocols.measurement import Measurement, bootstrap_of, mean_of
from studies.benchmark.twin import speedups, turns
from studies.corresponding.twin_figure import draw_twins
from studies.corresponding.twin_numbers import (
    bits_a_spike,
    curve_points,
    disputed,
    distance_of_times,
    explained,
    kappa_of_choices,
    r_squared,
)
from studies.corresponding.twin_runs import KINDS, behaviour, fidelity
from studies.exhibits.base import Exhibit, Findings, Part, Setting, Tables, Target

__all__ = ["EXHIBIT"]

PAPER = "Pandarinath et al. (2018) Nat Methods 15:805-815, doi:10.1038/s41592-018-0109-9"
OWN = "this package's acceptance number for the twin (B10)"
CIRCUITS = {"attention": "attention circuit", "decision": "decision circuit"}
SEEDS = (0, 1, 2)
"""Of the training of twins."""

LEAST = {"pulse": 0.85, "lesion": 0.85, "inhibition": 0.85, "amplitude": 0.9, "cue_timing": 0.9}
WORDS = {
    "pulse": "held-out pulse",
    "lesion": "lesion",
    "inhibition": "inhibition +20 %",
    "amplitude": "twice the input",
    "cue_timing": "unseen time of the cue",
}


def _targets() -> tuple[Target, ...]:
    found = []
    for c, name in CIRCUITS.items():
        found += [
            Target(f"psth_r2.{c}", f"{name}: R2 of mean responses, held-out inputs", None, 0.95, None, "1",
                OWN),
            Target(f"fve.{c}", f"{name}: explained variance of single trials over its ceiling", None, 0.95,
                None,
                   "1", OWN),
            Target(f"bits.{c}", f"{name}: bits per spike above mean rates", None, 0.0, None, "bit", OWN,
                   whole_interval=True),
            Target(f"kappa.{c}", f"{name}: kappa of the likelier choices, inputs that are no ties", None,
                0.8, None,
                   "1", OWN),
            Target(f"rt_ks.{c}", f"{name}: distance of distributions of response times (KS)", 0.0, None,
                0.1, "1",
                   OWN),
            *(
                Target(f"{kind}.{c}", f"{name}: R2 of mean responses, {WORDS[kind]}", None, least, None,
                    "1", OWN,
                       quick=False)
                for kind, least in LEAST.items()
            ),
        ]  # fmt: skip
    return (
        *found,
        Target("speedup", "CPU time of the circuit over its twin's, a trial", None, 50.0, None,
               "1", OWN),
        Target("curves", "points of SART and PVT curves within the circuit's range", 1.0, 0.95, None,
               "fraction", "95 % range of the mean of 20 circuits over individuals; " + OWN, quick=False),
    )  # fmt: skip


def _parts(setting: Setting) -> tuple[Part, ...]:
    quick = setting.quick
    parts = []
    for c in CIRCUITS:
        arguments = {
            "circuit": c,
            "seeds": (0,) if quick else SEEDS,
            "kinds": ("held_out",) if quick else KINDS,
            "inputs": 6 if quick else 12,
            "repeats": 10 if quick else 24,
            "quick": quick,
        }
        parts.append(Part(f"fidelity_{c}", fidelity, arguments, 25.0 if quick else 1200.0))
    speed = {"participants": 20, "trials_per_digit": 1 if quick else 8, "repeats": 2 if quick else 3,
             "quick": quick, "seed": setting.seed}  # fmt: skip
    parts.append(Part("speed", turns, speed, 15.0 if quick else 150.0))
    if not quick:
        who = {"participants": 20, "twins": SEEDS, "seed": setting.seed}
        parts.append(Part("behaviour", behaviour, who, 900.0))
    return tuple(parts)


def _find(setting: Setting, tables: Tables) -> Findings:
    rng = np.random.default_rng(0)
    found: dict[str, Measurement] = {}
    for c in CIRCUITS:
        table = tables[f"fidelity_{c}"]
        responses = table[table["row"] == "response"]
        held = responses[responses["kind"] == "held_out"]
        found[f"psth_r2.{c}"] = _resampled(held, r_squared, "1", rng)
        found[f"fve.{c}"] = _resampled(held, explained, "1", rng)
        found[f"bits.{c}"] = _resampled(held, bits_a_spike, "bit", rng)
        plain = table[table["kind"] == "held_out"]
        found[f"kappa.{c}"] = _resampled(plain[plain["row"] == "choice"], kappa_of_choices, "1", rng)
        found[f"rt_ks.{c}"] = _resampled(plain[plain["row"] == "time"], distance_of_times, "1", rng)
        if not setting.quick:
            for kind in LEAST:
                mine = responses[responses["kind"] == kind]
                found[f"{kind}.{c}"] = _resampled(mine, r_squared, "1", rng)
    ratios = speedups(tables["speed"])
    found["speedup"] = Measurement(
        float(np.median(ratios)), float(ratios.min()), float(ratios.max()), ratios.size, "1"
    )
    if not setting.quick:
        points = curve_points(tables["behaviour"])
        inside = points.groupby("twin")["within"].mean().to_numpy()
        found["curves"] = mean_of(inside, "fraction")
    return Findings(found, _explanations(setting, tables))


def _resampled(table: pd.DataFrame, statistic, unit: str, rng: np.random.Generator) -> Measurement:
    """A statistic with its interval by resampling inputs, which are the units of replication."""
    groups = [one for _, one in table.groupby("input")]
    if not groups:
        return Measurement(np.nan, np.nan, np.nan, 0, unit)
    return bootstrap_of(
        lambda which: statistic(pd.concat([groups[k] for k in which])), len(groups), unit, rng, resamples=200
    )


def _explanations(setting: Setting, tables: Tables) -> dict[str, str]:
    why = {}
    small = "a quick twin learns from few trials for seconds only; " if setting.quick else ""
    for c in CIRCUITS:
        table = tables[f"fidelity_{c}"]
        responses = table[table["row"] == "response"]
        for kind in responses["kind"].unique():
            mine = responses[responses["kind"] == kind]
            by = mine.groupby("population")[["residual", "noise"]].sum()
            worst = str(by["residual"].idxmax())
            share = by.loc[worst, "residual"] / by["residual"].sum()
            noise = by["noise"].sum() / by["residual"].sum()
            text = (
                f"{small}{share:.0%} of what is missed lies in {worst}; {noise:.0%} of it is noise of the "
                "mean of the circuit's repeats; where a pool switches by chance, small errors of drift add up"
            )
            why[f"psth_r2.{c}" if kind == "held_out" else f"{kind}.{c}"] = text
            if kind == "held_out":
                why[f"fve.{c}"] = text
        choices = table[(table["kind"] == "held_out") & (table["row"] == "choice")]
        different, clear, least, most = disputed(choices)
        why[f"kappa.{c}"] = (
            f"{small}of {clear} inputs that are no ties the likelier choice differs on {different}"
            + (
                f", on which the circuit itself chooses one way in {least:.0%} to {most:.0%} of trials"
                if different
                else ""
            )
        )
        why[f"rt_ks.{c}"] = (
            f"{small}where the twin's ramp is steeper or flatter than the circuit's, times shift"
        )
    why["speedup"] = "calls around small products of matrices bound the twin"
    if "behaviour" in tables:
        points = curve_points(tables["behaviour"])
        out = points[~points["within"]]
        if len(out):
            why["curves"] = "outside are " + "; ".join(
                f"{row.task} {row.measure} block {row.block} (twin {row.twin})" for row in out.itertuples()
            )
    known = {target.quantity for target in EXHIBIT.targets}
    return {key: text for key, text in why.items() if key in known}


EXHIBIT = Exhibit(
    name="twin",
    title="Digital twin: a network in place of a spiking circuit",
    paper=PAPER,
    targets=_targets(),
    parts=_parts,
    find=_find,
    draw=draw_twins,
    methods=lambda: f"{map_twin.__doc__}\n\n{map_network.__doc__}",
)
