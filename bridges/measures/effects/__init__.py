"""Effects of attention tasks: what each task was invented to show, from the same code for everyone.

`effects` gives the scalars of a session (a PRP effect, a blink, a capacity), `curves` what they are read from
(response time against SOA, report against lag). One module a family; each works on scored trials alone, so
that people's tables can be measured too.
"""

from __future__ import annotations

import pandas as pd

from bridges.measures.catalogue import Measure
from bridges.measures.effects.base import CURVE_COLUMNS, Family
from bridges.measures.effects.blink import BLINK_EFFECTS
from bridges.measures.effects.capacity import CAPACITY_EFFECTS
from bridges.measures.effects.conflict import CONFLICT_EFFECTS
from bridges.measures.effects.context import CONTEXT_EFFECTS
from bridges.measures.effects.dual_task import DUAL_TASK_EFFECTS
from bridges.measures.effects.networks import NETWORK_EFFECTS
from bridges.measures.effects.orienting import ORIENTING_EFFECTS
from bridges.measures.effects.prp import PRP_EFFECTS
from bridges.measures.effects.search import SEARCH_EFFECTS
from bridges.measures.effects.tracking import TRACKING_EFFECTS
from bridges.session import Responses, Session

__all__ = ["EFFECT_LABELS", "EFFECT_UNITS", "FAMILIES", "curves", "effects"]

FAMILIES: dict[str, Family] = {
    "prp": PRP_EFFECTS,
    "attentional_blink": BLINK_EFFECTS,
    "dual_detection": DUAL_TASK_EFFECTS,
    "change_detection": CAPACITY_EFFECTS,
    "mot": TRACKING_EFFECTS,
    "posner": ORIENTING_EFFECTS,
    "flanker": CONFLICT_EFFECTS,
    "visual_search": SEARCH_EFFECTS,
    "ant": NETWORK_EFFECTS,
    "ax_cpt": CONTEXT_EFFECTS,
}
"""The effects of each task that has any of its own."""

_ALL: tuple[Measure, ...] = tuple(one for family in FAMILIES.values() for one in family.catalogue)

EFFECT_UNITS: dict[str, str] = {one.name: one.unit for one in _ALL}
"""Unit of every effect and of what curves plot, by name."""

EFFECT_LABELS: dict[str, str] = {one.name: one.label for one in _ALL}
"""Label of each, without the unit."""


def effects(session: Session, responses: Responses) -> dict[str, float]:
    """The effects that the task of a session was made to show.

    Parameters
    ----------
    session
        The session that was performed.
    responses
        What the participant did.

    Returns
    -------
    dict
        Effect by name, in the units of `EFFECT_UNITS`; empty for tasks without effects of their own.
    """
    family = FAMILIES.get(session.task)
    if family is None:
        return {}
    return {name: float(value) for name, value in family.scalars(responses.scored(session), session).items()}


def curves(session: Session, responses: Responses) -> pd.DataFrame:
    """The curves behind the effects, one row a point.

    Parameters
    ----------
    session, responses
        As for `effects`.

    Returns
    -------
    DataFrame
        ``measure``, ``series``, ``x`` and ``value``; empty for tasks without curves.
    """
    family = FAMILIES.get(session.task)
    if family is None:
        return pd.DataFrame(columns=list(CURVE_COLUMNS))
    return family.curves(responses.scored(session), session)
