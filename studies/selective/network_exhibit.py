"""The exhibit of the networks: what a spatial cue does to gain, attention weights and time constants."""

from __future__ import annotations

import numpy as np
import pandas as pd

from neurosim.circuits.protocols.measurement import Measurement, mean_of
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target
from studies.selective.network_signatures import network_signatures

__all__ = ["NETWORKS"]

SOURCE = (
    "prediction: a cue that predicts the place of the target does in a trained network what attention does "
    "in neurons (McAdams & Maunsell 1999, doi:10.1523/JNEUROSCI.19-01-00431.1999; Zeraati et al. 2023, "
    "doi:10.1038/s41467-023-37613-7); the sign is the claim"
)
KINDS = ("lstm", "attention")
NAMES = {"lstm": "LSTM", "attention": "attention network"}
INSIDE = {"lstm": "time_constant_ratio", "attention": "cue_weight"}


def _target(quantity: str, label: str, low: float) -> Target:
    return Target(quantity, label, None, low, None, "1", SOURCE, quick=False, whole_interval=True)


TARGETS = (
    *(
        _target(f"logit_gain.{kind}", f"logit gain, cued over uncued place, {NAMES[kind]} (index)", 0.0)
        for kind in KINDS
    ),
    _target("cue_weight", "attention weight on the cue over equal weights", 1.0),
    _target("time_constant_ratio", "LSTM: time constants from cue to target over those before", 1.0),
)


def _parts(setting: Setting) -> tuple[Part, ...]:
    """One part a kind; the participants are the first of the study."""
    numbers = tuple(range(2 if setting.quick else 10))
    return tuple(
        Part(
            kind,
            network_signatures,
            {"kind": kind, "participants": numbers, "seed": setting.seed, "quick": setting.quick},
            weight=60.0,
        )
        for kind in KINDS
    )


def _find(setting: Setting, tables: Tables) -> Findings:
    if setting.quick:
        return Findings({})
    measurements: dict[str, Measurement] = {}
    why: dict[str, str] = {}
    for kind in KINDS:
        table = tables[kind]
        measurements[f"logit_gain.{kind}"] = mean_of(_index(table))
        why[f"logit_gain.{kind}"] = (
            f"Gains {table.gain_valid.mean():.2f} (cued) and {table.gain_invalid.mean():.2f} nats (uncued). "
            "Nothing in training forbids a network to answer both places alike: the target is plain, and a "
            "cue can also act as a warning or be compared with the target."
        )
        measurements[INSIDE[kind]] = mean_of(table[INSIDE[kind]])
    why["cue_weight"] = "The network does not need the cue to answer a plain target."
    why["time_constant_ratio"] = (
        "Memory of the cue can lie in units whose gates stay open all the time; they need not open for it."
    )
    return Findings(measurements, why)


def _index(table: pd.DataFrame) -> pd.Series:
    """Modulation index (valid - invalid) / (valid + invalid) of each participant."""
    total = table["gain_valid"] + table["gain_invalid"]
    return (table["gain_valid"] - table["gain_invalid"]) / total


def _draw(setting: Setting, tables: Tables) -> Drawing:
    """Logit gain by validity for both kinds, and what is particular to each."""
    import matplotlib.pyplot as plt

    from studies.figures import ATTENTION, LSTM

    colours = {"lstm": LSTM, "attention": ATTENTION}

    figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.5))
    for ax, kind in zip(axes, KINDS, strict=False):
        table = tables[kind]
        values = table[["gain_invalid", "gain_valid"]].to_numpy()
        ax.plot([0, 1], values.T, color="#BBBBBB", lw=0.8)
        for x, column in enumerate(values.T):
            m = mean_of(column)
            ax.errorbar(
                x, m.value, [[m.value - m.low], [m.high - m.value]], fmt="o", color=colours[kind], capsize=3
            )
        ax.set_xticks([0, 1], ["uncued", "cued"])
        ax.set_xlim(-0.4, 1.4)
        ax.set_ylabel("logit gain (nats)")
        ax.set_title(NAMES[kind])
    for x, kind in enumerate(KINDS):
        one = tables[kind][INSIDE[kind]].to_numpy()
        m = mean_of(one)
        axes[2].plot(x + np.linspace(-0.15, 0.15, len(one)), one, ".", color="#BBBBBB")
        axes[2].errorbar(
            x, m.value, [[m.value - m.low], [m.high - m.value]], fmt="o", color=colours[kind], capsize=3
        )
    axes[2].axhline(1.0, color="#666666", lw=0.8, ls=":")
    axes[2].set_xticks([0, 1], ["time constants\n(LSTM)", "weight on cue\n(attention)"])
    axes[2].set_xlim(-0.5, 1.5)
    axes[2].set_ylabel("with cue over without")
    n = len(tables[KINDS[0]])
    data = pd.concat([tables[kind].assign(agent=kind) for kind in KINDS], ignore_index=True)
    return Drawing(
        figure,
        data,
        f"""Inside networks that perform Posner's task, n = {n} of each kind. Left, middle: change of the
        log-odds of the press at the time of the decision for the whole level of the target, at the uncued
        and the cued place. Right: median time constant of the LSTM's units between cue and target over that
        before the cue; weight of attention on the cue while the target is there, over equal weights. Grey:
        participants; colour: mean and 95 % confidence interval (Student).""",
    )


def _methods() -> str:
    import studies.selective.network_signatures as module

    return (module.__doc__ or "").strip()


NETWORKS = Exhibit(
    name="network_signatures",
    title="A cue inside the networks",
    paper="Posner (1980) Q J Exp Psychol 32:3-25, doi:10.1080/00335558008248231",
    targets=TARGETS,
    parts=_parts,
    find=_find,
    draw=_draw,
    methods=_methods,
)
"""The networks' counterparts of attention's signatures."""
