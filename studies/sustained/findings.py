"""Figures and claims of the study of sustained attention."""

from __future__ import annotations

from collections.abc import Sequence

from studies.checks import Check
from studies.comparison.conversion import conversion_checks
from studies.comparison.design import Findings, Material
from studies.comparison.stand_in import stand_in_checks, stand_in_table
from studies.figures import SavedFigure
from studies.report import Table
from studies.sustained.ablation import ABLATIONS, draw_ablation
from studies.sustained.claims import sustained_checks
from studies.sustained.design import TITLES
from studies.sustained.distributions import draw_distributions
from studies.sustained.separated import decrement_checks, decrement_table
from studies.sustained.time_on_task import draw_time_on_task

__all__ = ["FINDINGS"]


def _figures(material: Material) -> Sequence[SavedFigure | None]:
    scores, studied, names = material.scores, material.studied, material.names
    main = [name for name in names if name not in ABLATIONS[1:]] or list(names)
    return [
        draw_time_on_task(scores, studied, main, material.folder),
        draw_distributions(scores, studied, names, material.folder),
        draw_ablation(scores, studied, material.folder),
    ]


def _checks(material: Material) -> list[Check]:
    checks = sustained_checks(material.scores, material.agents, material.studied, material.calibrated)
    for task in material.studied:
        checks += conversion_checks(material.scores, task)
        checks += stand_in_checks(material.scores, task)
    return checks + decrement_checks(material.scores, material.agents, material.studied)


def _tables(material: Material) -> Sequence[Table]:
    found = (
        decrement_table(material.scores, material.names, material.studied),
        stand_in_table(material.scores, material.studied, TITLES),
    )
    return [table for table in found if table]


FINDINGS = Findings(_figures, _checks, _tables)
