"""What an exhibit declares: targets, parts that can run side by side, a summary and a figure.

The study runs the parts (processes), keeps the table of each, and computes everything else from the
stored tables. So a run that was stopped, and one that only draws again, end with the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from neurosim.circuits.protocols.measurement import Measurement

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["Drawing", "Findings", "Part", "Exhibit", "Row", "Setting", "Tables", "Target", "rows_of"]

Tables = Mapping[str, "pd.DataFrame"]
"""Tables of the parts by their names."""


@dataclass(frozen=True)
class Setting:
    """Size of a run: `quick` ends within seconds; the full one has >= 10 seeds and >= 100 trials a point."""

    quick: bool = False
    seed: int = 1


@dataclass(frozen=True)
class Target:
    """A number of the paper, or of an independent re-simulation, and how far from it we may be.

    Parameters
    ----------
    quantity
        Short name without spaces; ``<exhibit>.<quantity>`` in checks.json.
    label
        For people to read.
    reference
        The value to be met; None for a sign or a one-sided claim.
    low, high
        Tolerance, ends included; None: no limit on that side.
    unit
        Unit of all of them; ``"1"`` for pure numbers.
    source
        Where reference and tolerance come from: the work, ``UNVERIFIED`` where the paper's full text was not
        at hand, ``independent re-simulation`` where the number is one.
    quick
        Whether a quick run measures it.
    whole_interval
        Whether the 95 % interval must lie in the tolerance with the value, without touching its limits: for
        claims about a sign, which no effect at all would not meet.
    """

    quantity: str
    label: str
    reference: float | None
    low: float | None
    high: float | None
    unit: str
    source: str
    quick: bool = True
    whole_interval: bool = False

    def __post_init__(self) -> None:
        if not self.quantity or " " in self.quantity:
            raise ValueError(f"quantity = {self.quantity!r}, must be a name without spaces")
        if self.low is None and self.high is None:
            raise ValueError(f"target {self.quantity!r}: low and high are both None; a claim needs a limit")
        if not (self.unit and self.source and self.label):
            raise ValueError(f"target {self.quantity!r}: give label, unit and source")

    def holds(self, value: float) -> bool:
        """Whether a value lies in the tolerance; NaN does not."""
        above = value == value if self.low is None else value >= self.low
        return above and (self.high is None or value <= self.high)


@dataclass(frozen=True)
class Part:
    """A piece of the simulations that runs in one process.

    Parameters
    ----------
    name
        Unique within the exhibit; names its table, so letters, digits, ``-`` and ``_`` only.
    function
        Importable; called with `arguments` and, if it has a parameter ``progress``, with a callback for
        the fraction done. Returns a DataFrame, one row a trial.
    arguments
        Keyword arguments, picklable; with the code they determine the table.
    weight
        Seconds that it takes, roughly: long ones start first.
    """

    name: str
    function: Callable[..., pd.DataFrame]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    weight: float = 1.0


@dataclass(frozen=True)
class Findings:
    """What the tables say.

    Parameters
    ----------
    measurements
        Quantity -> number with its interval, for every target of the run.
    explanations
        Quantity -> why it disagrees with its target, where it does (evidence, not excuses). May be given
        for any quantity; shown only where value and target disagree.
    """

    measurements: Mapping[str, Measurement]
    explanations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Drawing:
    """A figure, every number in it, and what it shows."""

    figure: Figure
    data: pd.DataFrame
    caption: str


@dataclass(frozen=True)
class Exhibit:
    """Something that a study holds against stated numbers: a published circuit, a map between two models.

    Parameters
    ----------
    name
        As on the command line.
    title
        What it is, in a line.
    paper
        Where it is from: authors, year, journal, DOI.
    targets
        What must come out.
    parts
        Simulations of a setting.
    find
        Numbers from the tables of the parts.
    draw
        Its key figure from the same tables. Import matplotlib inside; the study sets the house style.
    methods
        Equations, parameters and assumptions as text.
    """

    name: str
    title: str
    paper: str
    targets: tuple[Target, ...]
    parts: Callable[[Setting], tuple[Part, ...]]
    find: Callable[[Setting, Tables], Findings]
    draw: Callable[[Setting, Tables], Drawing]
    methods: Callable[[], str]


@dataclass(frozen=True)
class Row:
    """A target and what was measured."""

    exhibit: str
    target: Target
    measured: Measurement
    explanation: str = ""

    @property
    def name(self) -> str:
        """``<exhibit>.<quantity>``."""
        return f"{self.exhibit}.{self.target.quantity}"

    @property
    def agrees(self) -> bool:
        """Whether the value, or its whole interval if the target asks for that, lies in the tolerance."""
        m = self.measured
        if not self.target.whole_interval:
            return self.target.holds(m.value)
        limits = (self.target.low, self.target.high)
        return all(self.target.holds(x) and x not in limits for x in (m.value, m.low, m.high))

    @property
    def unexplained(self) -> bool:
        """A disagreement for which no reason is given."""
        return not self.agrees and not self.explanation.strip()


def rows_of(exhibit: Exhibit, setting: Setting, findings: Findings) -> list[Row]:
    """The targets of a run, each with its measurement.

    Raises
    ------
    ValueError
        If a target was not measured, or something was measured or explained that is no target.
    """
    wanted = [target for target in exhibit.targets if target.quick or not setting.quick]
    known = {target.quantity for target in exhibit.targets}
    missing = sorted({target.quantity for target in wanted} - set(findings.measurements))
    strange = sorted((set(findings.measurements) | set(findings.explanations)) - known)
    if missing or strange:
        raise ValueError(
            f"exhibit {exhibit.name!r}: not measured: {missing}; measured but no target: {strange}"
        )
    rows = []
    for target in wanted:
        measured = findings.measurements[target.quantity]
        row = Row(exhibit.name, target, measured, findings.explanations.get(target.quantity, ""))
        rows.append(Row(exhibit.name, target, measured) if row.agrees else row)
    return rows
