"""Figures, claims and tables of the study of selective attention."""

from __future__ import annotations

from collections.abc import Sequence

from studies.checks import Check
from studies.comparison.ablation_figure import CIRCUIT, LESIONED, STAGES, ablation_table, draw_ablations
from studies.comparison.claims import Sign, ablation_checks, band_checks, sign_checks
from studies.comparison.curves_figure import Cited, Panel, draw_panels
from studies.comparison.design import Findings, Material
from studies.comparison.stand_in import stand_in_checks, stand_in_table
from studies.figures import SavedFigure
from studies.report import Table
from studies.selective.causes import ABLATION_PANELS, ABLATIONS
from studies.selective.design import NETWORKS, TITLES

__all__ = ["FINDINGS", "SIGNS"]

MAIN = ("human", "spiking", "lstm", "attention")

SIGNS = (
    Sign("posner", "validity_ms", "answers are slower where the cue pointed elsewhere"),
    Sign("flanker", "conflict_ms", "answers are slower with incongruent flankers"),
    Sign("flanker", "conflict_accuracy_pp", "answers are less accurate with incongruent flankers"),
    Sign("flanker", "caf_dip_pp", "incongruent flankers cost accuracy most in fast answers"),
    Sign("visual_search", "slope_present_ms_per_item", "search for a present target slows with items"),
    Sign("visual_search", "slope_difference_ms_per_item", "search slows more where there is no target"),
    Sign("ant", "alerting_ms", "a warning helps"),
    Sign("ant", "orienting_ms", "a spatial cue helps"),
    Sign("ant", "conflict_ms", "answers are slower with incongruent flankers"),
)

KINDS = ("congruent", "incongruent")

PANELS = (
    Panel(
        "posner",
        "validity_effect_ms",
        "Posner: validity",
        "SOA (ms)",
        cited=Cited("validity_ms", r"SOA (\d+)"),
        y_label="RT invalid − valid (ms)",
    ),
    Panel("flanker", "delta_ms", "Flanker: delta plot", "RT (ms)", against="delta_at_ms"),
    Panel(
        "flanker",
        "caf",
        "Flanker: accuracy by speed",
        "RT (ms)",
        series=KINDS,
        legend=True,
        against="caf_at_ms",
        y_label="accuracy",
    ),
    Panel(
        "visual_search",
        "search_rt_ms",
        "Visual search",
        "items",
        series=("present", "absent"),
        legend=True,
        y_label="RT (ms)",
    ),
    Panel(
        "visual_search",
        "search_errors",
        "Visual search: errors",
        "items",
        series=("present", "absent"),
        y_label="errors",
    ),
    Panel(
        "ant",
        "cue_rt_ms",
        "ANT: cues and flankers",
        "cue",
        series=KINDS,
        legend=True,
        ticks=("none", "centre", "double", "spatial"),
        y_label="RT (ms)",
    ),
)

CAPTION = (
    "Selective attention. a: cost of a wrong spatial cue against the delay. b: cost of incongruent flankers"
    " at the quantiles .1 to .9 of response time. c: accuracy in fifths of the answers, from fast to slow,"
    " congruent (solid) and incongruent (dashed). d, e: response time and errors against the number of items,"
    " target present (solid) and absent (dashed). f: response time by cue, congruent (solid) and incongruent"
    " (dashed)."
)


def _figures(material: Material) -> Sequence[SavedFigure | None]:
    scores, folder = material.scores, material.folder
    main = [name for name in material.names if name in MAIN]
    networks = [name for name in material.names if name in NETWORKS]
    others = [name for name in material.names if name not in (*MAIN, *NETWORKS, *CIRCUIT, *STAGES)]
    lesioned = [name for name in material.names if name in (*CIRCUIT, *STAGES)]
    limits = None
    if set(networks) - set(MAIN):
        caption = f"Networks, plain and with a limited channel. {CAPTION}"
        limits = draw_panels(scores, PANELS, networks, folder, "figure2_limits", caption)
    return [
        draw_panels(scores, PANELS, [*main, *others], folder, "figure1_selective", CAPTION),
        limits,
        draw_ablations(scores, ABLATION_PANELS, TITLES, folder, "figure3_ablation"),
        draw_panels(scores, PANELS, lesioned, folder, "figure3_ablation_curves", f"{LESIONED} {CAPTION}")
        if lesioned[1:]
        else None,
    ]


def _checks(material: Material) -> list[Check]:
    scores = material.scores
    checks = []
    for task in material.studied:
        checks += band_checks(scores, task, scores.agents(task), material.calibrated)
        checks += stand_in_checks(scores, task)
    agents = [one.name for one in material.agents if one.name not in (*CIRCUIT[1:], *STAGES)]
    return checks + sign_checks(scores, SIGNS, agents) + ablation_checks(scores, ABLATIONS)


def _tables(material: Material) -> Sequence[Table]:
    found = (
        ablation_table(material.scores, ABLATIONS, TITLES),
        stand_in_table(material.scores, material.studied, TITLES),
    )
    return [table for table in found if table]


FINDINGS = Findings(_figures, _checks, _tables)
