"""Participant: anything that performs sessions. Circuit, network or person, the border is the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from bridges.session import Responses, Session

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Participant", "Performance", "Progress", "no_progress"]

Progress = Callable[[float, str], None]
"""Called with the fraction done (0 to 1) and what is being done now."""


def no_progress(fraction: float, doing: str = "") -> None:
    """The progress that shows nothing: the default everywhere."""


@dataclass(frozen=True, eq=False)
class Performance:
    """What one virtual or real participant did in one session.

    Parameters
    ----------
    responses
        The answers.
    recording
        Activity while doing it, or None: variables over ``time`` (s) and ``unit``, each with a
        ``units`` attribute.
    """

    responses: Responses
    recording: xr.Dataset | None = None


@runtime_checkable
class Participant(Protocol):
    """A group of participants of one kind.

    ``perform`` is batch first: session ``i`` is performed by the individual that ``seeds[i]``
    makes, and the result does not depend on which others are in the batch.
    """

    @property
    def name(self) -> str:
        """The kind, as figures and tables write it: ``"spiking"``, ``"lstm"``, ..."""
        ...

    def perform(
        self, sessions: Sequence[Session], seeds: Sequence[int], progress: Progress = no_progress
    ) -> list[Performance]:
        """Perform every session; one Performance each, in order."""
        ...
