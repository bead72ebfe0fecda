"""What the forecasting study claims, measures and draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bridges.forecasts import auc
from bridges.measures.statistics import bootstrap_ci
from neurosim.circuits.protocols.measurement import Measurement
from studies.exhibits.base import Drawing, Exhibit, Findings, Setting, Tables, Target
from studies.figures import look
from studies.forecasts.crossvalidation import FORECASTERS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FEWEST_LAPSES", "forecasting"]

FEWEST_LAPSES = 10
"""Below this many lapses of a source nothing is said about forecasting them."""

LSTM, AR = "LSTM", "autoregression"
INTERVAL = "the whole interval over participants must lie above the limit"

COLOURS = {
    "running mean": "#7F7F7F",
    "moving average": "#56B4E9",
    "autoregression": "#E69F00",
    "LSTM": "#0072B2",
}


def forecasting(sources: Sequence[str]) -> Exhibit:
    """The study for the sources at hand: names of agents, and ``"human"``."""
    targets = [target for source in sources for target in _targets(source)]
    return Exhibit(
        name="forecasting",
        title="Forecasts of the next response time and lapse",
        paper="Dinges, D. F. & Powell, J. W. (1985). Behav Res Methods 17:652-655. doi:10.3758/BF03200977",
        targets=tuple(targets),
        parts=lambda setting: (),
        find=find,
        draw=draw,
        methods=methods,
    )


def find(setting: Setting, tables: Tables) -> Findings:
    """Skill, gain over autoregression and AUC for lapses, with intervals over participants."""
    measurements: dict[str, Measurement] = {}
    explanations: dict[str, str] = {}
    for source, table in tables.items():
        skill = skill_over_participants(table, LSTM)
        gain = skill_over_participants(table, LSTM, against=AR)
        lapse = auc_over_participants(table, LSTM)
        measurements[f"lstm_skill.{source}"] = skill
        measurements[f"lstm_gain.{source}"] = gain
        measurements[f"lapse_auc.{source}"] = lapse
        best = skill_over_participants(table, AR)
        explanations[f"lstm_skill.{source}"] = (
            "No gain beyond the participant's own mean is seen at this number of participants: skill of "
            f"the LSTM {skill}, of autoregression {best}."
        )
        explanations[f"lstm_gain.{source}"] = (
            "What can be forecast, if anything, is linear in the last five responses: skill of "
            f"autoregression {best}, of the LSTM over it {gain}."
        )
        n = int(table["lapse"].sum())
        explanations[f"lapse_auc.{source}"] = (
            f"{n} lapses in {len(table)} responses, fewer than {FEWEST_LAPSES}: too few to say."
            if n < FEWEST_LAPSES
            else f"{n} lapses in {len(table)} responses; AUC {lapse}."
        )
    return Findings(measurements, explanations)


def skill_over_participants(table: pd.DataFrame, name: str, against: str = "running mean") -> Measurement:
    """1 - MSE / MSE of another forecaster, with a bootstrap interval over participants."""
    error = ((table[name] - table["log_rt"]) ** 2).groupby(table["participant"]).sum().to_numpy()
    other = ((table[against] - table["log_rt"]) ** 2).groupby(table["participant"]).sum().to_numpy()
    return _ratio(error, other)


def auc_over_participants(table: pd.DataFrame, name: str) -> Measurement:
    """AUC of a forecaster for lapses, all responses together, with a bootstrap interval over participants."""
    if table["lapse"].sum() < FEWEST_LAPSES:
        return Measurement(np.nan, np.nan, np.nan, table["participant"].nunique(), "1")
    people = [group for _, group in table.groupby("participant")]
    score = [group[f"{name} lapse"].to_numpy() for group in people]
    happened = [group["lapse"].to_numpy(dtype=bool) for group in people]

    def value(chosen: np.ndarray) -> float:
        return auc(np.concatenate([score[i] for i in chosen]), np.concatenate([happened[i] for i in chosen]))

    rng = np.random.default_rng(0)
    n = len(people)
    again = [value(rng.integers(n, size=n)) for _ in range(1000)]
    low, high = np.nanquantile(again, [0.025, 0.975])
    return Measurement(value(np.arange(n)), float(low), float(high), n, "1")


def draw(setting: Setting, tables: Tables) -> Drawing:
    """Skill and lapse AUC of every forecaster for every source, and one series with its forecasts."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(7.2, 5.4))
    grid = figure.add_gridspec(2, 2)
    lapsing = {name: table for name, table in tables.items() if table["lapse"].sum() >= FEWEST_LAPSES}
    data = [
        _bars(figure.add_subplot(grid[0, 0]), tables, "a", "a  Next response time", "skill", _skills),
        _bars(
            figure.add_subplot(grid[0, 1]), lapsing, "b", "b  Next lapse", "AUC", auc_over_participants, 0.5
        ),
        _example(figure.add_subplot(grid[1, :]), tables),
    ]
    n = ", ".join(
        f"{look(source).label} {table['participant'].nunique()} ({int(table['lapse'].sum())} lapses)"
        for source, table in tables.items()
    )
    return Drawing(
        figure,
        pd.concat(data, ignore_index=True),
        f"""Forecasts of the next response in the psychomotor vigilance test from the responses before it.
        n: {n}. Every forecaster was trained on other participants than it is scored on (5 folds).
        a: skill, 1 - mean squared error over that of the participant's running mean, of log response time;
        0: no better. b: how well lapses are told from other responses (area under the ROC curve; dotted:
        chance; left out: fewer than {FEWEST_LAPSES} lapses). Bars: 95 % bootstrap confidence intervals over
        participants. c: one
        participant's response times (dots) and forecasts.""",
    )


def methods() -> str:
    """Forecasters as text."""
    return (
        "running mean: mean of all responses so far\n"
        "moving average: mean of the last k, k of 1, 2, 3, 5, 10, 20 chosen on the training participants\n"
        "autoregression: last 5 deviations from the running mean, by least squares on training participants\n"
        "LSTM: 16 units on deviation, level, time on task and interval; a fifth of the training participants "
        "stops its training"
    )


def _targets(source: str) -> tuple[Target, ...]:
    who = look(source).label

    def above(name: str, label: str, limit: float, claim: str) -> Target:
        return Target(
            f"{name}.{source}",
            f"{label}, {who}",
            None,
            limit,
            None,
            "1",
            f"{claim}; {INTERVAL}",
            whole_interval=True,
        )

    return (
        above("lstm_skill", "LSTM skill over running mean", 0.0, "something can be forecast"),
        above("lstm_gain", "LSTM skill over autoregression", 0.0, "more than the linear baseline knows"),
        above("lapse_auc", "LSTM AUC for the next lapse", 0.5, "better than chance"),
    )


def _skills(table: pd.DataFrame, name: str) -> Measurement:
    return skill_over_participants(table, name)


def _ratio(error: np.ndarray, other: np.ndarray) -> Measurement:
    pairs = np.arange(error.size, dtype=float)

    def value(chosen: np.ndarray, axis: int = -1) -> np.ndarray:
        index = chosen.astype(int)
        return 1.0 - error[index].sum(axis=axis) / other[index].sum(axis=axis)

    found = bootstrap_ci(pairs, statistic=value, n=2000)
    return Measurement(found.estimate, found.low, found.high, found.n, "1")


def _bars(
    ax: Axes, tables: Tables, panel: str, title: str, label: str, measure, chance: float = 0.0
) -> pd.DataFrame:
    rows = []
    width = 0.8 / len(FORECASTERS)
    if not tables:
        ax.text(0.5, 0.5, "too few lapses", transform=ax.transAxes, ha="center")
    for k, name in enumerate(FORECASTERS):
        found = [measure(table, name) for table in tables.values()]
        x = np.arange(len(found)) + (k - (len(FORECASTERS) - 1) / 2) * width
        value = np.array([m.value for m in found])
        error = np.clip([value - [m.low for m in found], [m.high for m in found] - value], 0, None)
        ax.errorbar(x, value, yerr=error, fmt="os^D"[k], color=COLOURS[name], label=name, capsize=2, lw=1)
        rows += [
            {"panel": panel, "source": s, "forecaster": name, "value": m.value, "low": m.low, "high": m.high}
            for s, m in zip(tables, found, strict=True)
        ]
    ax.axhline(chance, color="black", lw=0.7, ls=":")
    ax.set_xticks(range(len(tables)), [look(source).label for source in tables], rotation=20, ha="right")
    ax.set(title=title, ylabel=label, xlim=(-0.6, max(len(tables), 1) - 0.4))
    if panel == "a":
        low, high = ax.get_ylim()
        ax.set_ylim(low, high + 0.35 * (high - low))
        ax.legend(fontsize=7, ncols=2, loc="upper right")
    return pd.DataFrame(rows)


def _example(ax: Axes, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    source, table = next(iter(tables.items()))
    one = table[table["series"] == table["series"].min()]
    ax.plot(one["trial"], 1e3 * np.exp(one["log_rt"]), "o", color="black", ms=3, label="response")
    for name in FORECASTERS:
        ax.plot(one["trial"], 1e3 * np.exp(one[name]), color=COLOURS[name], lw=1.2, label=name)
    ax.set(title=f"c  One participant ({look(source).label})", xlabel="response", ylabel="response time (ms)")
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.2 * (high - low))
    ax.legend(ncols=5, loc="upper left", fontsize=7)
    columns = one[["trial", "log_rt", *FORECASTERS]].copy()
    return columns.assign(panel="c", source=source)
