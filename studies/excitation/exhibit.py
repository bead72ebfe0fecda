"""Self-excitation as an exhibit: parts, numbers and the figure of performance against time constants."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from bridges.measures import bootstrap_ci
from neurosim.circuits.protocols.measurement import Measurement, mean_of
from studies.excitation.inverted_u import inverted_u
from studies.excitation.performing import perform_circuit, perform_lstm
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target

__all__ = ["SELF_EXCITATION", "sized"]

FACTORS = (0.4, 0.6, 0.8, 1.0, 1.15, 1.3, 1.5)
BIASES = (-2.0, -1.0, 0.0, 1.0, 2.5, 4.0, 6.0)
QUICK_FACTORS = (0.4, 1.0, 1.5)
QUICK_BIASES = (-2.0, 1.0, 5.0)
PARTICIPANTS, QUICK_PARTICIPANTS = 12, 3
AGENTS = {"spiking": "circuit", "lstm": "LSTM"}
TASKS = {"sustained": "SART", "delay": "AX-CPT"}
SIZES = {"sustained": "sensitivity d'", "delay": "sensitivity to context d'"}
SOURCE = (
    "prediction of this package: too little self-excitation forgets, too much perseverates (own design; the "
    "brain's version: Goldman-Rakic 1995, doi:10.1016/0896-6273(95)90304-6)"
)


def sized(participants: int | None = None, short: bool = False) -> Exhibit:
    """The exhibit with so many individuals of each agent (None: as many as its size has), and short tasks."""
    if participants is None and not short:
        return SELF_EXCITATION
    return replace(SELF_EXCITATION, parts=partial(parts, participants=participants, short=short))


def parts(setting: Setting, participants: int | None = None, short: bool = False) -> tuple[Part, ...]:
    """One part a strength: both tasks, all individuals."""
    n = participants or (QUICK_PARTICIPANTS if setting.quick else PARTICIPANTS)
    short = short or setting.quick
    common = {"participants": n, "short": short, "seed": setting.seed}
    of_networks = {**common, "small": setting.quick}
    circuit = [
        Part(f"spiking_{k:g}".replace(".", "-"), perform_circuit, {"k": k, **common}, weight=4.0)
        for k in (QUICK_FACTORS if setting.quick else FACTORS)
    ]
    networks = [
        Part(f"lstm_{b:g}".replace(".", "-"), perform_lstm, {"forget_bias": b, **of_networks}, weight=2.0)
        for b in (QUICK_BIASES if setting.quick else BIASES)
    ]
    return (*circuit, *networks)


def find(setting: Setting, tables: Tables) -> Findings:
    """Rise and fall of performance, growth of the time constant, and how far the ranges overlap."""
    table = pd.concat(tables.values(), ignore_index=True)
    found: dict[str, Measurement] = {}
    reasons: dict[str, str] = {}
    ranges = []
    for agent, words in AGENTS.items():
        own = table[table["agent"] == agent]
        for task in TASKS:
            shape = inverted_u(own, task)
            found[f"rise.{agent}.{task}"], found[f"fall.{agent}.{task}"] = shape.rise, shape.fall
            means = own.groupby("knob")[task].mean()
            course = ", ".join(f"{value:.2f} at {knob:g}" for knob, value in means.items())
            for side, end in (("rise", "weakest"), ("fall", "strongest")):
                reasons[f"{side}.{agent}.{task}"] = (
                    f"Mean d' of the {words} by strength: {course}. Without an interval above 0 there "
                    f"is no {side} between the best strength and the {end}."
                )
        found[f"tau_growth.{agent}"] = _growth(own)
        reasons[f"tau_growth.{agent}"] = "The measured time constant does not follow the strength."
        medians = own.groupby("knob")["tau_s"].median()
        ranges.append((medians.min(), medians.max()))
    overlap = np.log(min(high for _, high in ranges) / max(low for low, _ in ranges))
    found["overlap"] = Measurement.exact(float(overlap), "log ratio")
    reasons["overlap"] = "Ranges of median time constants of circuit and LSTM: " + ", ".join(
        f"{low:.3g} to {high:.3g} s" for low, high in ranges
    )
    return Findings(found, reasons)


def _growth(own: pd.DataFrame) -> Measurement:
    """Slope of the logarithm of the time constant on the rank of the strength, individual by individual."""
    own = own.assign(rank=own["knob"].rank(method="dense"), log_tau=np.log(own["tau_s"]))
    slopes = [
        np.polyfit(rows["rank"], rows["log_tau"], 1)[0]
        for _, rows in own.dropna(subset="log_tau").groupby("participant")
        if rows["rank"].nunique() > 1
    ]
    return mean_of(slopes, "1")


def draw(setting: Setting, tables: Tables) -> Drawing:
    """Performance against the measured time constant, and the time constant against the strength."""
    import matplotlib.pyplot as plt

    from studies.figures import look

    table = pd.concat(tables.values(), ignore_index=True)
    figure, axes = plt.subplots(1, 4, figsize=(7.6, 2.8), width_ratios=(1.25, 1.25, 0.8, 0.8))
    rows = []
    for agent in AGENTS:
        own, style = table[table["agent"] == agent], look(agent)
        for ax, task in zip(axes, TASKS, strict=False):
            points = [
                _point(part, task) | {"agent": agent, "knob": knob} for knob, part in own.groupby("knob")
            ]
            rows += points
            data = pd.DataFrame(points)
            ax.errorbar(
                data["tau_s"],
                data["estimate"],
                xerr=[data["tau_s"] - data["tau_low"], data["tau_high"] - data["tau_s"]],
                yerr=np.nan_to_num([data["estimate"] - data["low"], data["high"] - data["estimate"]]).clip(0),
                color=style.colour,
                marker=style.marker,
                elinewidth=0.7,
                label=style.label,
            )
    for ax, letter, task in zip(axes, "ab", TASKS, strict=False):
        ax.set_xscale("log")
        ax.set_xlabel("measured time constant (s)")
        ax.set_ylabel(SIZES[task])
        ax.set_title(f"{letter}  {TASKS[task]}", fontweight="normal")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(AGENTS), fontsize=7.5)
    for ax, letter, agent, knob in zip(
        axes[2:], "cd", AGENTS, ("factor on $w_+ - 1$", "forget bias at start"), strict=True
    ):
        own, style = table[table["agent"] == agent], look(agent)
        ax.plot(own["knob"], own["tau_s"], ".", color=style.colour, ms=3, alpha=0.6)
        medians = own.groupby("knob")["tau_s"].median()
        ax.plot(medians.index, medians, color=style.colour, lw=1)
        ax.set_yscale("log")
        ax.set_xlabel(knob)
        ax.set_title(f"{letter}  {style.label}", fontweight="normal")
    axes[2].set_ylabel("time constant (s)")
    n = table.groupby("agent")["participant"].nunique().max()
    return Drawing(
        figure,
        pd.DataFrame(rows),
        f"""Performance of a sustained task (a) and a delay task (b) against how long activity remembers
        itself in the delays of the latter, for circuits of rising self-excitation and LSTMs of rising
        forget bias; lines join neighbouring strengths. Points: means over n = {n} individuals of each
        agent, the same at every strength, at their median time constant; bars: 95 % bootstrap interval
        of the mean, and quartiles of the time constant.
        c, d: time constants of individuals and their median against the strength.""",
    )


def _point(part: pd.DataFrame, task: str) -> dict[str, object]:
    interval = bootstrap_ci(part[task].to_numpy(dtype=float), n=2000)
    low, middle, high = np.nanpercentile(part["tau_s"], [25, 50, 75])
    return {"task": task, "tau_s": middle, "tau_low": low, "tau_high": high, **vars(interval)}


def methods() -> str:
    """What is swept and measured, as text."""
    import studies.excitation.performing as performing

    return (performing.__doc__ or "").strip()


def _targets() -> tuple[Target, ...]:
    targets = []
    for agent, words in AGENTS.items():
        for task, title in TASKS.items():
            targets += [
                Target(
                    f"{side}.{agent}.{task}",
                    f"{words}, {title}: d' at the best strength minus at the {end}",
                    None,
                    0.0,
                    None,
                    "1",
                    SOURCE,
                    whole_interval=True,
                )
                for side, end in (("rise", "weakest"), ("fall", "strongest"))
            ]
        targets.append(
            Target(
                f"tau_growth.{agent}",
                f"{words}: growth of ln(time constant) per step of strength",
                None,
                0.0,
                None,
                "1",
                "gating map of this package: tau rises with self-excitation and with the forget bias",
                whole_interval=True,
            )
        )
    overlap = Target(
        "overlap",
        "overlap of the ranges of time constants (ln of upper over lower end)",
        None,
        0.0,
        None,
        "log ratio",
        "the sweep must cover time constants that both have, to be drawn on one axis",
    )
    return (*targets, overlap)


SELF_EXCITATION = Exhibit(
    name="self_excitation",
    title="Performance against effective time constants, circuit and LSTM",
    paper="own study; reset and persistence as in Brunel & Wang 2001, doi:10.1023/A:1011204814320",
    targets=_targets(),
    parts=parts,
    find=find,
    draw=draw,
    methods=methods,
)
