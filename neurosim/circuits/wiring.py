"""Structured recurrence: the wiring that selective pools, the other excitatory cells and inhibition share.

Excitatory synapses within a selective pool are stronger by w+; those that a selective pool receives
from elsewhere are weaker by w-, so that the mean excitatory weight onto every excitatory cell is 1:

    f w+ + (1 - f) w- = 1        so  w- = 1 - f (w+ - 1) / (1 - f)

Brunel & Wang (2001), doi:10.1023/A:1011204814320.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neurosim.circuit import Projection

__all__ = ["Conductances", "structured_projections", "w_minus"]


@dataclass(frozen=True)
class Conductances:
    """Conductance of one recurrent synapse (nS), by receptor and kind of target."""

    ampa_to_e: float
    ampa_to_i: float
    nmda_to_e: float
    nmda_to_i: float
    gaba_to_e: float
    gaba_to_i: float


def w_minus(w_plus: float, fraction: float) -> float:
    """Relative weight from outside a selective pool that keeps the mean weight at 1.

    Parameters
    ----------
    w_plus
        Relative weight within a selective pool.
    fraction
        Share f of the excitatory cells that one pool has, between 0 and 1.

    Raises
    ------
    ValueError
        If no weight that is not negative does.

    Examples
    --------
    >>> round(w_minus(1.7, 0.15), 4)
    0.8765
    """
    if not 0.0 < fraction < 1.0:
        raise ValueError(f"fraction = {fraction}, must be between 0 and 1")
    weight = 1.0 - fraction * (w_plus - 1.0) / (1.0 - fraction)
    if w_plus < 0.0 or weight < 0.0:
        raise ValueError(f"w_plus = {w_plus}, must be between 0 and {1.0 / fraction:.4g} (= 1 / fraction)")
    return weight


def structured_projections(
    selective: Sequence[str], rest: str, inhibition: str, w_plus: float, fraction: float, g: Conductances
) -> tuple[Projection, ...]:
    """All projections among selective pools, the rest of the excitatory cells, and inhibition.

    Parameters
    ----------
    selective
        Names of the selective pools.
    rest, inhibition
        Names of the other two populations.
    w_plus
        Relative weight within a selective pool.
    fraction
        Share f of the excitatory cells that one pool has.
    g
        Conductances.
    """
    low = w_minus(w_plus, fraction)
    projections = []
    for source in (*selective, rest):
        for target in (*selective, rest):
            weight = 1.0 if target == rest else w_plus if source == target else low
            projections.append(Projection(source, target, "ampa", g.ampa_to_e, weight))
            projections.append(Projection(source, target, "nmda", g.nmda_to_e, weight))
        projections.append(Projection(source, inhibition, "ampa", g.ampa_to_i))
        projections.append(Projection(source, inhibition, "nmda", g.nmda_to_i))
    for target in (*selective, rest):
        projections.append(Projection(inhibition, target, "gaba", g.gaba_to_e))
    projections.append(Projection(inhibition, inhibition, "gaba", g.gaba_to_i))
    return tuple(projections)
