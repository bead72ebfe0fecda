"""Agents: the participants that studies can call by name, and how each is built.

An agent is named by the function that builds it (``module:function``), so that it can be built
afresh in any process. Your own takes part the same way: ``--agents my_lab.models:tired_lstm``.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bridges.participants.base import Participant

__all__ = ["AGENTS", "Agent", "agent", "clashes", "in_order", "known_agents"]


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
        Rough time a second of task needs, relative to the other agents (variants find trained networks).
    quick
        Whether to build the small form.
    calibrated_as
        Agent whose calibration it borrows; empty: its own. A variant is never calibrated by itself,
        which would hide what the variation does.
    cites
        Works that it stands on.
    source
        Digest of the source of an agent of one's own, so that it is not resumed after its code changed;
        the code of this package has its own (`studies.provenance.package_version`).
    fitted
        Measures of the calibration task that its calibration, if it has one, sets.
    tires
        Whether it carries arousal, and so should slow with time on task; None: nothing is claimed.
    simulates
        Whether it runs a spiking simulation, which wants a compiler.
    """

    name: str
    builder: str
    about: str
    arguments: tuple[tuple[str, Any], ...] = ()
    batch: int = 1
    cost: float = 1.0
    quick: bool = False
    calibrated_as: str = ""
    fitted: tuple[str, ...] = ("rt_mean_ms",)
    tires: bool | None = None
    simulates: bool = False
    source: str = ""
    cites: tuple[str, ...] = ()

    @property
    def definition(self) -> dict[str, object]:
        """What its results depend on."""
        return {
            "builder": self.builder,
            "arguments": dict(self.arguments),
            "batch": self.batch,
            "quick": self.quick,
            "source": self.source,
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
                f"agent {self.name!r}: cannot find {self.builder!r} ({error}); "
                "give module:function, importable from here"
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
        module, _, function = name.partition(":")
        own = Agent(function, name, "given on the command line", quick=quick)
        own.check()
        return replace(own, source=_source_digest(module))
    raise ValueError(
        f"agents: there is no {name!r}; known are {', '.join(known_agents())}, "
        "or module:function for one of your own"
    )


def clashes(agents: Sequence[Agent]) -> list[str]:
    """Faults of agents whose names are those of others, which would pool their answers."""
    names = [one.name for one in agents]
    faults = []
    for name in dict.fromkeys(names):
        builders = [one.builder for one in agents if one.name == name]
        if len(builders) > 1:
            faults.append(
                f"agents: {' and '.join(builders)} are both called {name!r}; rename one of the functions"
            )
        elif name in known_agents() and (name not in AGENTS or builders[0] != AGENTS[name].builder):
            faults.append(
                f"agents: {builders[0]} is called {name!r} like an agent of this package; rename it"
            )
    return faults


def known_agents() -> tuple[str, ...]:
    """Names on the command line, people first."""
    return ("human", *AGENTS)


def in_order(names: Iterable[str]) -> list[str]:
    """Each name once: people first, then the agents of this package, then others as they came."""
    known = known_agents()
    return sorted(dict.fromkeys(names), key=lambda one: known.index(one) if one in known else len(known))


def _source_digest(module: str) -> str:
    """SHA-256 of the file of a module; empty where there is no file."""
    path = getattr(importlib.import_module(module), "__file__", None)
    return hashlib.sha256(Path(path).read_bytes()).hexdigest() if path else ""


_WANG = "Wang 2002, Neuron 36:955-968, doi:10.1016/S0896-6273(02)01092-9"
_BRUNEL = "Brunel & Wang 2001, J Comput Neurosci 11:63-85, doi:10.1023/A:1011204814320"
_AROUSAL = (
    "Aston-Jones & Cohen 2005, Annu Rev Neurosci 28:403-450, doi:10.1146/annurev.neuro.28.061604.135709"
)
_LSTM = "Hochreiter & Schmidhuber 1997, Neural Comput 9:1735-1780, doi:10.1162/neco.1997.9.8.1735"
_ATTENTION = "Vaswani et al. 2017, Attention is all you need, doi:10.48550/arXiv.1706.03762"

_SHANNON = "Shannon 1949, Communication in the presence of noise, doi:10.1109/JRPROC.1949.232969"
_PARTS = (
    ("self_excitation", "control pools do not excite themselves more than others"),
    ("top_down", "goals do not raise the gain of the stimuli that match them"),
    ("shared_inhibition", "pools have inhibition of their own and so do not compete"),
    ("central_competition", "every pool of the central stage is a stage of its own and so does not compete"),
    ("central_self_excitation", "central pools do not excite themselves more than others"),
    ("memory_competition", "every memory is a stage of its own and so does not compete"),
)
"""What can be taken from the circuit, and what that means."""

_KINDS = (("lstm", "LSTM", _LSTM), ("attention", "attention network", _ATTENTION))

CHANNEL_BITS = 4.0
"""Capacity of the channel of limited networks (bits per step of 20 ms). Log-odds are read at every step, so a
step must tell what a decision takes. It is the smallest capacity in the pilots of the capacity map with which
one choice of four is still right on .9 of trials (.91); what doing two tasks costs with it is predicted. With
0.5 bits, half a decision a step, a network of quick size answered 4 % of PRP trials correctly."""

_SPREAD_TOO = ("rt_mean_ms", "rt_cv")

_CIRCUIT = "bridges.participants.spiking:spiking"
_NETWORK = "bridges.participants.network"
_CONVERTED = "bridges.participants.converted"
_TRACES = "Jordan 1986 (reprinted 1997), doi:10.1016/S0166-4115(97)80111-2"
_CHRONO = "Tallec & Ollivier 2018, doi:10.48550/arXiv.1804.11188"

AGENTS: dict[str, Agent] = {
    one.name: one
    for one in (
        Agent(
            "spiking",
            _CIRCUIT,
            "Spiking circuit: sensory, control and decision stages, arousal over all.",
            batch=4,
            cost=2.0,
            simulates=True,
            tires=True,
            cites=(_WANG, _BRUNEL, _AROUSAL),
        ),
        Agent(
            "lstm",
            f"{_NETWORK}:lstm",
            "LSTM, a network of its own for each participant, answers by accumulation to a bound.",
            tires=False,
            fitted=_SPREAD_TOO,
            cites=(_LSTM,),
        ),
        Agent(
            "lstm-arousal",
            f"{_NETWORK}:lstm",
            "The same LSTM with the arousal gain g(t) on hidden units and log-odds.",
            (("arousal", True),),
            cost=0.3,
            calibrated_as="lstm",
            tires=True,
            fitted=_SPREAD_TOO,
            cites=(_LSTM, _AROUSAL),
        ),
        Agent(
            "attention",
            f"{_NETWORK}:attention",
            "Attention network with a sliding window, a network of its own for each participant.",
            tires=False,
            fitted=_SPREAD_TOO,
            cites=(_ATTENTION,),
        ),
        Agent(
            "attention-arousal",
            f"{_NETWORK}:attention",
            "The same attention network with the arousal gain g(t) on hidden units and log-odds.",
            (("arousal", True),),
            cost=0.3,
            calibrated_as="attention",
            tires=True,
            fitted=_SPREAD_TOO,
            cites=(_ATTENTION, _AROUSAL),
        ),
        Agent(
            "spiking-no-arousal",
            _CIRCUIT,
            "Control: the spiking circuit with arousal held at 1.",
            (("arousal", False),),
            batch=4,
            cost=2.0,
            simulates=True,
            calibrated_as="spiking",
            tires=False,
            cites=(_WANG, _BRUNEL),
        ),
        *(
            Agent(
                f"spiking-no-{part.replace('_', '-')}",
                _CIRCUIT,
                f"Control: the spiking circuit whose {words}.",
                ((part, False),),
                batch=4,
                cost=2.0,
                simulates=True,
                calibrated_as="spiking",
                cites=(_WANG, _BRUNEL, _AROUSAL),
            )
            for part, words in _PARTS
        ),
        *(
            Agent(
                f"{kind}-limited",
                f"{_NETWORK}:{kind}",
                f"The same {words} with a noisy channel of {CHANNEL_BITS:g} bits a step before its output.",
                (("channel_bits", CHANNEL_BITS),),
                calibrated_as=kind,
                tires=False,
                fitted=_SPREAD_TOO,
                cites=(work, _SHANNON),
            )
            for kind, words, work in _KINDS
        ),
        *(
            Agent(
                f"{kind}-shared-head",
                f"{_NETWORK}:{kind}",
                f"The same {words} with one output for both of two tasks: it names one response at a time.",
                (("shared_head", True),),
                calibrated_as=kind,
                tires=False,
                fitted=_SPREAD_TOO,
                cites=(work,),
            )
            for kind, words, work in _KINDS
        ),
        Agent(
            "spiking-twin",
            "bridges.participants.twin:spiking_twin",
            "Twin of the spiking circuit: a network, recurrent through its output, trained to respond "
            "as it does; one for all go/no-go tasks, and one for each other task.",
            batch=20,
            cost=0.3,
            calibrated_as="spiking",
            simulates=True,
            tires=True,
            cites=(_WANG, _BRUNEL, _AROUSAL, _TRACES),
        ),
        *(
            Agent(
                f"{kind}-memory",
                f"{_CONVERTED}:{kind}_memory",
                f"The {words} with as long a memory as the task needs; on other tasks the standard one.",
                tires=False,
                fitted=_SPREAD_TOO,
                cites=(work, _CHRONO),
            )
            for kind, words, work in _KINDS
        ),
        *(
            Agent(
                f"{kind}-spiking",
                f"{_CONVERTED}:{kind}_spiking",
                f"The same {words} as {kind}-memory, its units replaced by populations of spiking neurons.",
                batch=2,
                cost=20.0,
                calibrated_as=f"{kind}-memory",
                tires=False,
                fitted=_SPREAD_TOO,
                cites=(work, _CHRONO),
            )
            for kind, words, work in _KINDS
        ),
    )
}
"""The agents of this package by name, in the order in which studies run and show them."""
