"""Figures, claims and tables of the study of divided attention."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from bridges.measures.effects.blink import half_recovery
from studies.checks import Check, in_band
from studies.comparison.ablation_figure import CIRCUIT, LESIONED, STAGES, ablation_table, draw_ablations
from studies.comparison.claims import Sign, ablation_checks, band_checks, sign_checks
from studies.comparison.conversion import conversion_checks
from studies.comparison.curves_figure import Cited, Panel, draw_panels, mean_curve
from studies.comparison.design import Findings, Material
from studies.comparison.stand_in import stand_in_checks, stand_in_table
from studies.divided.causes import ABLATION_PANELS, ABLATIONS
from studies.divided.design import NETWORKS, TITLES
from studies.figures import SavedFigure, look
from studies.report import Table
from studies.scores import Scores

__all__ = ["FINDINGS", "SIGNS"]

MAIN = ("human", "spiking", "lstm", "attention")

SIGNS = (
    Sign("prp", "prp_effect_ms", "RT2 is longer at the shortest SOA than at the longest"),
    Sign("prp", "rt2_soa_slope", "RT2 falls with SOA up to 300 ms", times=-1),
    Sign("attentional_blink", "blink_depth_pp", "T2|T1 is lower at lags 2-4 than at lags 6-8"),
    Sign("attentional_blink", "blink_magnitude_pp", "T2|T1 is lower at lag 3 than at the longest lag"),
    Sign("attentional_blink", "lag1_sparing_pp", "T2|T1 is spared at lag 1"),
    Sign("dual_detection", "dual_cost", "two tasks at once cost accuracy"),
    Sign("dual_detection", "aoc_tradeoff_pp", "accuracy follows the instructed priority"),
    Sign("change_detection", "cowan_k", "something is remembered"),
    Sign(
        "change_detection", "k_rise_small", "K rises more between small sets than large ones", "k_rise_large"
    ),
    Sign("change_detection", "set_size_cost_pp", "accuracy falls with the set size"),
    Sign("mot", "target_cost_pp", "accuracy falls with the number of targets"),
    Sign("mot", "speed_cost_pp", "accuracy falls with speed"),
)

COST_BAND = (0.03, 0.13)
"""Dual-task cost of an LSTM whose fixed-power channel is narrower than what two tasks need, in pilots."""


def _exclusion(axes: Axes, scores: Scores, agents: Sequence[str]) -> None:
    """For every agent, the line of switching between tasks and the point of doing both without loss."""
    for agent in agents:
        if agent not in scores.agents("dual_detection"):
            continue
        table = scores.curves[(scores.curves["task"] == "dual_detection") & (scores.curves["agent"] == agent)]
        alone = [
            float(table[(table["measure"] == name) & (table["x"] == priority)]["value"].mean())
            for name, priority in (("aoc_t1", 1.0), ("aoc_t2", 0.0))
        ]
        if np.isfinite(alone).all():
            style = look(agent)
            axes.plot(*alone, marker="+", ms=7, color=style.colour, ls="none", zorder=1)
            chance = _chance(scores)
            ends = [alone[0], chance], [chance, alone[1]]
            axes.plot(*ends, color=style.colour, lw=0.6, ls=":", alpha=0.6, zorder=0)
    axes.set_xlim(0.18, 1.03)
    axes.set_ylim(0.18, 1.03)


def _chance(scores: Scores) -> float:
    trials = scores.trials[scores.trials["task"] == "dual_detection"]
    first = {name for name in trials["correct_response"].dropna() if str(name).startswith("first_")}
    return 1.0 / max(len(first), 1)


PANELS = (
    Panel("prp", "rt2_ms", "PRP: second task", "SOA (ms)", y_label="RT2 (ms)"),
    Panel("prp", "rt1_ms", "PRP: first task", "SOA (ms)", y_label="RT1 (ms)"),
    Panel(
        "prp",
        "rt2_rise_ms",
        "PRP: rise of RT2",
        "SOA (ms)",
        cited=Cited("rt2_rise_ms", r"SOA (\d+)"),
        y_label="RT2 − RT2 at longest SOA (ms)",
    ),
    Panel(
        "attentional_blink",
        "t2_given_t1",
        "Attentional blink",
        "lag (items)",
        series=("dual",),
        cited=Cited("t2_given_t1", r"lag (\d+)"),
        y_label="report of T2 given T1",
    ),
    Panel(
        "dual_detection",
        "aoc_t2",
        "Operating characteristic",
        "accuracy, first task",
        against="aoc_t1",
        y_label="accuracy, second task",
        beside=_exclusion,
    ),
    Panel(
        "change_detection",
        "k_cowan",
        "Change detection",
        "set size",
        cited=Cited("cowan_k", r"N = (\d+)"),
        y_label="Cowan's K (items)",
    ),
    Panel("change_detection", "set_accuracy", "Change detection", "set size", y_label="accuracy"),
    Panel("mot", "target_accuracy", "Object tracking", "targets", series=("all speeds",), y_label="accuracy"),
)

CAPTION = (
    "Divided attention. a-c: response times of two choices against the time between their stimuli. d: report"
    " of the second of two targets in a rapid stream, given the first. e: accuracy of two detections under"
    " instructed priorities (points joined), alone (+: independence point) and the line of switching between"
    " them (dotted). f, g: change detection against the set size. h: tracking against the number of targets."
)


def _figures(material: Material) -> Sequence[SavedFigure | None]:
    scores, folder = material.scores, material.folder
    networks = [name for name in material.names if name in NETWORKS]
    others = [name for name in material.names if name not in (*MAIN, *NETWORKS, *CIRCUIT, *STAGES)]
    main = [name for name in material.names if name in MAIN]
    lesioned = [name for name in material.names if name in (*CIRCUIT, *STAGES)]
    limits = None
    if set(networks) - set(MAIN):
        caption = f"Networks, plain, with a limited channel and with one head for both tasks. {CAPTION}"
        limits = draw_panels(scores, PANELS, networks, folder, "figure2_limits", caption)
    return [
        draw_panels(scores, PANELS, [*main, *others], folder, "figure1_divided", CAPTION),
        limits,
        draw_ablations(scores, ABLATION_PANELS, TITLES, folder, "figure3_ablation"),
        draw_panels(scores, PANELS, lesioned, folder, "figure3_ablation_curves", f"{LESIONED} {CAPTION}")
        if lesioned[1:]
        else None,
    ]


def _checks(material: Material) -> list[Check]:
    scores = material.scores
    names = [one.name for one in material.agents]
    checks = []
    for task in material.studied:
        checks += band_checks(scores, task, scores.agents(task), material.calibrated)
        checks += stand_in_checks(scores, task)
        checks += conversion_checks(scores, task)
    checks += sign_checks(scores, SIGNS, [name for name in names if name not in (*CIRCUIT[1:], *STAGES)])
    checks += [_cost(scores, name) for name in names if name.endswith("-limited")]
    for name in scores.agents("attentional_blink"):
        checks += _shape_of_blink(scores, name)
    return checks + ablation_checks(scores, ABLATIONS)


def _cost(scores: Scores, agent: str) -> Check:
    known = scores.values("dual_detection", agent, "dual_cost")
    known = known[~np.isnan(known)]
    value = float(known.mean()) if known.size else float("nan")
    source = "dual-task cost of a network with a fixed-power channel, in pilots of this package"
    return in_band(f"dual_detection.cost_of_channel.{agent}", value, *COST_BAND, "1", source)


def _shape_of_blink(scores: Scores, agent: str) -> list[Check]:
    """Where the mean curve is lowest, and where half of the loss is over."""
    band = mean_curve(scores, "attentional_blink", agent, "t2_given_t1", "dual")
    if len(band) < 3:
        return []
    by_lag = band.set_index("x")["estimate"]
    source = (
        "shape across laboratories: minimum at lag 2-4, recovery by lag 6-8 (Dux & Marois 2009, UNVERIFIED)"
    )
    lowest = float(by_lag.index[int(by_lag.to_numpy().argmin())])
    return [
        in_band(f"attentional_blink.minimum_lag.{agent}", lowest, 2.0, 4.0, "items", source),
        in_band(
            f"attentional_blink.half_recovery_lag.{agent}", half_recovery(by_lag), 2.0, 7.0, "items", source
        ),
    ]


def _tables(material: Material) -> Sequence[Table]:
    found = (
        ablation_table(material.scores, ABLATIONS, TITLES),
        stand_in_table(material.scores, material.studied, TITLES),
    )
    return [table for table in found if table]


FINDINGS = Findings(_figures, _checks, _tables)
