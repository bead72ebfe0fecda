"""Task: a frozen set of parameters that makes sessions, and what every task shares.

How to write one
----------------
A task is a frozen dataclass that inherits from `SessionMaker`. Its fields are the published parameters,
each made by `parameter(default, unit, source)` and checked in ``__post_init__`` with
`bridges.tasks.validation.ParameterCheck` (``check.lead()`` checks ``lead_in_s`` and ``lead_out_s``). It
says what there is in four properties: ``name``, ``channels``, ``responses`` and ``rules`` (``second`` as
well, if a trial has two responses). It makes sessions in two steps:

``draw(rng)``
    Everything random about ONE session, as a dict of arrays with one row a trial (further axes are free,
    such as objects of a display). Use few numpy calls on whole arrays, no tables and no texts: codes 0,
    1, ... stand for items. Sums along the trials (onsets by ``np.cumsum`` of jittered intervals) belong
    here, where they start anew in each session.

``layout(drawn)``
    Everything that follows from it, for MANY sessions at once: `drawn[name]` are the arrays of all
    sessions stacked along the trials. It must treat each trial by itself, by expressions that act
    element by element; ``drawn.trial`` is the number of a trial within its session, ``drawn.following``
    and ``drawn.previous`` look at the neighbour within the session, ``drawn.first`` and ``drawn.last``
    are the rows where sessions begin and end. It returns a `bridges.tasks.layout.Layout`: columns of the
    trials (texts as `labels(codes, names)` or `either(mask, yes, no)`), events by `shown` and
    `instruction` in any order (``rows`` of `shown` may name a trial several times, so that gradual
    stimuli are several events), and the end of each session. Where a trial has two responses the columns of
    the second (``onset_t2_s``, ``correct_response_t2``, ``window_start_t2_s``, ``window_stop_t2_s``) come
    last; NaN and the code -1 mark a component that a trial does not have.

`SessionMaker` turns that into ``session(seed)`` and ``sessions(n, seed)``: both run the same code, so
their bytes are equal, and tables are made and checked once for all sessions. A million labelled trials a
second need about 1 us a trial for all of it: count the numpy calls in ``draw`` (each costs 1 to 10 us a
session), and avoid loops over trials.

Besides: ``summary()`` says counts per condition and duration; ``practice()`` is the task with the
published number of practice trials; ``counterbalanced(participant)`` is the task with keys, orders or
identities assigned by participant number where the original does so (the default changes nothing);
``ideal_accuracy()`` where an ideal observer exists.

`bridges/tasks/pvt.py` is the shortest example, `bridges/tasks/sart.py` a go/no-go task.
"""

from __future__ import annotations

from dataclasses import Field, field, fields
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np

from bridges.session import Rule, Session
from bridges.tasks.batch import SessionBatch
from bridges.tasks.layout import Drawn, Layout, session_generator, session_seeds, whole_seed

__all__ = ["SessionMaker", "Task", "parameter", "parameter_table", "plain_parameters"]


@runtime_checkable
class Task(Protocol):
    """A frozen dataclass with the published form of a task as its defaults."""

    @property
    def name(self) -> str:
        """Short name, as on the command line: ``"sart"``."""
        ...

    def session(self, seed: int) -> Session:
        """Make one session; the same seed gives the same bytes on every machine."""
        ...

    def sessions(self, n: int, seed: int) -> SessionBatch:
        """Make many sessions at once."""
        ...

    def summary(self) -> str:
        """Counts per condition and duration."""
        ...

    def practice(self) -> Task:
        """The task with as few trials as people practise with."""
        ...

    def counterbalanced(self, participant: int) -> Task:
        """The task as the participant of this number gets it."""
        ...


class SessionMaker:
    """What makes sessions out of a task's `draw` and `layout`; see the text of this module."""

    @property
    def name(self) -> str:
        """Name on the command line."""
        raise NotImplementedError

    @property
    def channels(self) -> tuple[str, ...]:
        """Input channels."""
        raise NotImplementedError

    @property
    def responses(self) -> tuple[str, ...]:
        """Allowed responses."""
        raise NotImplementedError

    @property
    def rules(self) -> tuple[Rule, ...]:
        """What the instruction says."""
        raise NotImplementedError

    @property
    def second(self) -> tuple[str, ...]:
        """Responses that answer the second component of a trial; empty where there is only one."""
        return ()

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Draw one session: arrays with one row a trial."""
        raise NotImplementedError

    def layout(self, drawn: Drawn) -> Layout:
        """Lay out all sessions that were drawn."""
        raise NotImplementedError

    def practice(self) -> Self:
        """The task with as few trials as people practise with."""
        raise NotImplementedError

    def counterbalanced(self, participant: int) -> Self:
        """The task as the participant of this number gets it; here all get the same.

        Raises
        ------
        ValueError
            If the number is below zero.
        """
        if participant < 0:
            raise ValueError(f"participant = {participant}, must be a whole number >= 0")
        return self

    def session(self, seed: int) -> Session:
        """Make one session.

        Parameters
        ----------
        seed
            Whole number >= 0; the same seed gives the same session on every machine.
        """
        return self._made((whole_seed(seed),))[0]

    def sessions(self, n: int, seed: int) -> SessionBatch:
        """Make many sessions at once, in about 1 us a trial.

        Parameters
        ----------
        n
            Number of sessions.
        seed
            Whole number >= 0, from which the seeds of the sessions are spawned; the first sessions are the
            same whatever `n` is.

        Raises
        ------
        ValueError
            If `n` or `seed` is not such a number.
        """
        return self._made(session_seeds(n, seed))

    def _made(self, seeds: tuple[int, ...]) -> SessionBatch:
        drawn = Drawn.stack([self.draw(session_generator(self.name, seed)) for seed in seeds])
        layout = self.layout(drawn)
        return SessionBatch(
            task=self.name,
            events=layout.event_table(self.channels),
            trials=layout.trial_table(drawn),
            channels=self.channels,
            responses=self.responses,
            duration_s=np.round(layout.end_s, 9),
            parameters=plain_parameters(self),
            seeds=seeds,
            second=self.second,
            rules=self.rules,
        )


def parameter(default: Any, unit: str, source: str) -> Any:
    """A dataclass field that carries its unit and its source."""
    return field(default=default, metadata={"unit": unit, "source": source})


def parameter_table(task: Any) -> list[dict[str, object]]:
    """Rows of name, value, unit and source for every parameter: the task's methods table."""
    return [_row(task, f) for f in fields(task)]


def plain_parameters(task: Any) -> dict[str, object]:
    """Parameters by name, each of the type of its default, so that 1, 1.0 and np.float64(1) hash alike."""
    return {f.name: _like(f.default, getattr(task, f.name)) for f in fields(task)}


def _row(task: Any, f: Field) -> dict[str, object]:
    return {
        "parameter": f.name,
        "value": getattr(task, f.name),
        "unit": f.metadata.get("unit", ""),
        "source": f.metadata.get("source", ""),
    }


def _like(default: Any, value: Any) -> object:
    if isinstance(default, tuple):
        return tuple(_like(default[0] if default else v, v) for v in value)
    return value if default is None or value is None else type(default)(value)
