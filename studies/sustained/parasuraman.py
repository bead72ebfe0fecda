"""Memory load and event rate as an exhibit: does sensitivity fall over a vigil only where both are high?"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from bridges.measures import bootstrap_ci
from neurosim.circuits.protocols.measurement import Measurement, mean_of
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target
from studies.sustained.vigil import CONDITIONS, THIRDS, keep_watch

__all__ = ["PARASURAMAN", "decrements", "extra_fall", "sized"]

AGENTS = {
    "spiking": "spiking circuit",
    "spiking-no-arousal": "circuit with arousal held at 1",
    "lstm-arousal": "LSTM with arousal",
    "lstm": "LSTM without arousal",
}
TIRED = ("spiking", "lstm-arousal")
WORDS = {
    ("memory", "fast"): "memory, 30/min",
    ("memory", "slow"): "memory, 10/min",
    ("no_memory", "fast"): "no memory, 30/min",
    ("no_memory", "slow"): "no memory, 10/min",
}
PARTICIPANTS, QUICK_PARTICIPANTS = 20, 2
MINUTES, QUICK_MINUTES = 20.0, 1.5
RULE = (
    "rule of Parasuraman (1979), doi:10.1126/science.472714: sensitivity falls where events are fast and the "
    "judgement takes memory, and not elsewhere"
)
STILL = "nothing in it changes with time on task"
LARGEST_CHANGE = 0.25
"""Mean change of d' that still counts as none (own choice)."""


def sized(participants: int | None = None, minutes: float | None = None) -> Exhibit:
    """The exhibit with so many individuals and vigils so long; None: as its size has them."""
    if participants is None and minutes is None:
        return PARASURAMAN
    return replace(PARASURAMAN, parts=partial(parts, participants=participants, minutes=minutes))


def parts(
    setting: Setting, participants: int | None = None, minutes: float | None = None
) -> tuple[Part, ...]:
    """One part an agent and condition: all individuals."""
    n = participants or (QUICK_PARTICIPANTS if setting.quick else PARTICIPANTS)
    length = minutes or (QUICK_MINUTES if setting.quick else MINUTES)
    return tuple(
        Part(
            f"{agent}_{memory}_{rate}",
            keep_watch,
            {
                "agent": agent,
                "memory": memory,
                "rate": rate,
                "participants": n,
                "minutes": length,
                "quick": setting.quick,
                "seed": setting.seed,
            },
            weight=4.0 if agent.startswith("spiking") else 1.0,
        )
        for agent in AGENTS
        for memory, rate in CONDITIONS
    )


def decrements(table: pd.DataFrame, measure: str = "d_prime") -> pd.DataFrame:
    """Last third minus first third, one row a participant, one column a condition (memory, rate).

    Parameters
    ----------
    table
        Of one agent, as `studies.sustained.vigil.keep_watch` gives it.
    measure
        What changes.
    """
    wide = table.pivot(index="participant", columns=["memory", "rate", "third"], values=measure)
    return pd.DataFrame({c: wide[(*c, "last")] - wide[(*c, "first")] for c in CONDITIONS})


def extra_fall(changes: pd.DataFrame) -> np.ndarray:
    """Fall with memory and fast events less the mean fall of the other conditions, shape (participant,)."""
    both = CONDITIONS[0]
    others = [c for c in CONDITIONS if c != both]
    return (changes[others].mean(axis=1) - changes[both]).to_numpy(dtype=float)


def find(setting: Setting, tables: Tables) -> Findings:
    """Falls of sensitivity, rises of the criterion, and whether both demands make more of a fall."""
    table = pd.concat(tables.values(), ignore_index=True)
    found: dict[str, Measurement] = {}
    reasons: dict[str, str] = {}
    for agent in AGENTS:
        own = table[table["agent"] == agent]
        changes, moved = decrements(own), decrements(own, "criterion")
        levels = own.groupby(["memory", "rate"])["d_prime"].mean()
        for c in CONDITIONS:
            found[f"fall.{agent}.{'_'.join(c)}"] = mean_of(-changes[c])
            reasons[f"fall.{agent}.{'_'.join(c)}"] = (
                f"d' was {levels[c]:.2f} on average ({WORDS[c]}), and c changed by {mean_of(moved[c])}."
            )
        if agent in TIRED:
            found[f"extra_fall.{agent}"] = mean_of(extra_fall(changes))
            course = "; ".join(f"{WORDS[c]} {changes[c].mean():+.2f}" for c in CONDITIONS)
            reasons[f"extra_fall.{agent}"] = f"Change of d' from first to last third: {course}."
    return Findings(found, reasons)


def draw(setting: Setting, tables: Tables) -> Drawing:
    """Sensitivity and criterion by thirds of the vigil; a row a measure, a column an agent."""
    import matplotlib.pyplot as plt

    from studies.exhibits.looks import FIRST, SECOND

    table = pd.concat(tables.values(), ignore_index=True)
    figure, axes = plt.subplots(2, len(AGENTS), figsize=(7.4, 4.0), sharey="row", sharex=True)
    rows = []
    for column, agent in enumerate(AGENTS):
        for row, measure in enumerate(("d_prime", "criterion")):
            ax = axes[row, column]
            for place, (memory, rate) in enumerate(CONDITIONS):
                own = table[(table[["agent", "memory", "rate"]] == [agent, memory, rate]).all(axis=1)]
                intervals = [bootstrap_ci(own.loc[own["third"] == name, measure], n=2000) for name in THIRDS]
                points = pd.DataFrame([vars(one) for one in intervals])
                error = [points["estimate"] - points["low"], points["high"] - points["estimate"]]
                ax.errorbar(
                    np.arange(len(THIRDS)) + 0.05 * (place - 1.5),
                    points["estimate"],
                    yerr=np.nan_to_num(np.array(error, dtype=float)).clip(0),
                    color=FIRST if memory == "memory" else SECOND,
                    ls="-" if rate == "fast" else "--",
                    marker="o" if rate == "fast" else "s",
                    fillstyle="full" if rate == "fast" else "none",
                    ms=4,
                    lw=1.1,
                    elinewidth=0.7,
                    label=WORDS[memory, rate],
                )
                rows.append(
                    points.assign(agent=agent, memory=memory, rate=rate, measure=measure, third=THIRDS)
                )
        axes[0, column].set_title(f"{'abcd'[column]}  {AGENTS[agent]}", fontweight="normal", fontsize=7.5)
        axes[1, column].set_xticks(range(len(THIRDS)), THIRDS)
        axes[1, column].set_xlabel("third of the vigil")
    axes[0, 0].set_ylabel("sensitivity d'")
    axes[1, 0].set_ylabel("criterion c")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, fontsize=7.5)
    n = table.groupby("agent")["participant"].nunique().max()
    return Drawing(
        figure,
        pd.concat(rows, ignore_index=True),
        f"""Sensitivity and criterion over vigils that take memory of a cue or do not, with 30 or 10 trials a
        minute. Points: means over n = {n} individuals of each agent, the same in all
        conditions; bars: 95 % bootstrap intervals over individuals.""",
    )


def methods() -> str:
    """What is shown and measured, as text."""
    import studies.sustained.vigil as watched

    return (watched.__doc__ or "").strip()


def _targets() -> tuple[Target, ...]:
    targets = []
    for agent, words in AGENTS.items():
        for c in CONDITIONS:
            name, label = f"fall.{agent}.{'_'.join(c)}", f"{words}: fall of d', {WORDS[c]}"
            if agent in TIRED and c == CONDITIONS[0]:
                targets.append(Target(name, label, None, 0.0, None, "1", RULE, whole_interval=True))
            else:
                why = RULE if agent in TIRED else STILL
                targets.append(Target(name, label, 0.0, -LARGEST_CHANGE, LARGEST_CHANGE, "1", why))
        if agent in TIRED:
            label = f"{words}: fall with both demands less the mean of the other conditions"
            targets.append(
                Target(f"extra_fall.{agent}", label, None, 0.0, None, "1", RULE, whole_interval=True)
            )
    return tuple(targets)


PARASURAMAN = Exhibit(
    name="vigilance",
    title="Memory load and event rate: where sensitivity falls over a vigil",
    paper="Parasuraman (1979) Science 205:924-927, doi:10.1126/science.472714",
    targets=_targets(),
    parts=parts,
    find=find,
    draw=draw,
    methods=methods,
)
