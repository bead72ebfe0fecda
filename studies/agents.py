"""Agents: the participants that studies can call by name, and how each is built.

An agent is named by the function that builds it (``module:function``), so that it can be built
afresh in any process. Your own takes part the same way: ``--agents my_lab.models:tired_lstm``.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bridges.participants.base import Participant

__all__ = ["AGENTS", "Agent", "agent", "known_agents"]


@dataclass(frozen=True)
class Agent:
    """How to build one kind of participant.

    Parameters
    ----------
    name
        As on the command line and in figures.
    builder
        ``module:function``; called as ``function(quick=..., calibration=...)`` with `arguments`.
    about
        One sentence for the report.
    arguments
        Further keyword arguments of the builder.
    batch
        Participants that one job performs together.
    cost
        Rough time a participant needs, relative to the other agents; for the time left.
    quick
        Whether to build the small form.
    calibrated_as
        Agent whose calibration it borrows; empty: its own. A variant is never calibrated by itself,
        which would hide what the variation does.
    """

    name: str
    builder: str
    about: str
    arguments: tuple[tuple[str, Any], ...] = ()
    batch: int = 1
    cost: float = 1.0
    quick: bool = False
    calibrated_as: str = ""

    @property
    def definition(self) -> dict[str, object]:
        """What its results depend on."""
        return {
            "builder": self.builder,
            "arguments": dict(self.arguments),
            "batch": self.batch,
            "quick": self.quick,
        }

    def digest(self, seed: int, calibration: Mapping[str, object] | None) -> str:
        """Fingerprint of one individual of this agent: definition, seed and calibration."""
        content = {**self.definition, "seed": seed, "calibration": calibration}
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()

    def build(self, calibration: Mapping[str, object] | None = None) -> Participant:
        """Build the participants, calibrated if `calibration` is given.

        Raises
        ------
        ValueError
            If the builder cannot be found.
        """
        return self._function()(quick=self.quick, calibration=calibration, **dict(self.arguments))

    def check(self) -> None:
        """Raise ValueError if the builder cannot be found."""
        self._function()

    def _function(self) -> Any:
        module, _, function = self.builder.partition(":")
        try:
            return getattr(importlib.import_module(module), function)
        except (ImportError, AttributeError) as error:
            raise ValueError(
                f"agent {self.name!r}: cannot find {self.builder!r} ({error}); give module:function, importable from here"
            ) from error


def agent(name: str, quick: bool = False) -> Agent:
    """The agent of this name.

    Parameters
    ----------
    name
        One of `known_agents`, or ``module:function`` for one of your own.
    quick
        Its small form.

    Raises
    ------
    ValueError
        If there is no such agent; lists the known ones.
    """
    if name in AGENTS:
        return replace(AGENTS[name], quick=quick)
    if ":" in name:
        own = Agent(name.partition(":")[2], name, "given on the command line", quick=quick)
        own.check()
        return own
    raise ValueError(
        f"agents: there is no {name!r}; known are {', '.join(known_agents())}, "
        "or module:function for one of your own"
    )


def known_agents() -> tuple[str, ...]:
    """Names on the command line, people first."""
    return ("human", *AGENTS)


AGENTS: dict[str, Agent] = {}
