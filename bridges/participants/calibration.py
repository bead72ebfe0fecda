"""Calibration: the few numbers of an agent that are set on baseline sessions, and then frozen.

Model time becomes response time by adding a non-decision time, RT = t + t_nd, which is set by the mean
response time. For agents with a free bound, the bound is set first, by the coefficient of variation (CV) of
the response time: of the bounds tried, the one whose CV, once the mean is right, comes nearest to people's.
Both mean and CV of these agents are thus fitted on the baseline task, and neither is evidence for them there.
Agents without a free bound have only the mean fitted. Everything else that a study reports is predicted.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from bridges.human.reference import effect
from bridges.measures.response_time import describe_times, is_timed
from bridges.session import Responses, Session

__all__ = ["Calibration", "ResponseTimes", "human_targets", "response_times"]


@dataclass(frozen=True)
class ResponseTimes:
    """Mean and relative spread of response times, each averaged over participants.

    Parameters
    ----------
    mean_s
        Mean response time (s).
    cv
        SD / mean within a session.
    """

    mean_s: float
    cv: float

    def delayed(self, delay_s: float) -> ResponseTimes:
        """What they become when every response is later by `delay_s`."""
        return ResponseTimes(self.mean_s + delay_s, self.cv * self.mean_s / (self.mean_s + delay_s))


@dataclass(frozen=True)
class Calibration:
    """What was set, on what, towards what, and what came out.

    Parameters
    ----------
    agent
        Kind of participant, e.g. ``"lstm"``.
    task
        Task of the baseline sessions.
    non_decision_s
        Time added to every crossing (s).
    bound
        Bound of the readout, or None for agents whose bound is not free.
    target
        Human response times that were aimed at.
    achieved
        Response times of the calibrated agent on the baseline sessions.
    sessions
        Content hashes of the baseline sessions.
    seeds
        Individuals that performed them; they take no part in any prediction.

    Raises
    ------
    ValueError
        If a calibrated number is negative or not finite.
    """

    agent: str
    task: str
    non_decision_s: float
    bound: float | None
    target: ResponseTimes
    achieved: ResponseTimes
    sessions: tuple[str, ...]
    seeds: tuple[int, ...]

    def __post_init__(self) -> None:
        if not (math.isfinite(self.non_decision_s) and self.non_decision_s >= 0):
            raise ValueError(f"non_decision_s = {self.non_decision_s}; must be 0 s or more")
        if self.bound is not None and not (math.isfinite(self.bound) and self.bound > 0):
            raise ValueError(f"bound = {self.bound}; must be above 0, or None")

    @property
    def record(self) -> dict[str, object]:
        """The calibration as plain values, for JSON."""
        return json.loads(json.dumps(asdict(self)))

    @classmethod
    def from_record(cls, record: Mapping[str, object]) -> Calibration:
        """Read back what `record` gave.

        Raises
        ------
        ValueError
            If entries are missing, unknown or of the wrong kind.
        """
        names = set(cls.__dataclass_fields__)
        wrong = names.symmetric_difference(record)
        if wrong:
            raise ValueError(
                f"calibration: entries {sorted(wrong)} are missing or unknown; it has {sorted(names)}"
            )
        values: dict[str, object] = dict(record)
        try:
            for name in ("target", "achieved"):
                values[name] = ResponseTimes(**values[name])  # type: ignore[arg-type]
            for name in ("sessions", "seeds"):
                values[name] = tuple(values[name])  # type: ignore[arg-type]
            return cls(**values)  # type: ignore[arg-type]
        except TypeError as error:
            raise ValueError(f"calibration is not valid: {error}") from error

    def to_json(self) -> str:
        """JSON text; `from_json` gives back an equal calibration."""
        return json.dumps(self.record, indent=2, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Calibration:
        """Read JSON text.

        Raises
        ------
        ValueError
            If it is not JSON or not a calibration.
        """
        record = json.loads(text)
        if not isinstance(record, dict):
            raise ValueError(f"calibration is {type(record).__name__}; must be a JSON object")
        return cls.from_record(record)


def human_targets() -> ResponseTimes:
    """What agents are calibrated to: rested young people on the PVT, from the table of human effects."""
    return ResponseTimes(effect("pvt", "rt_mean_ms").value / 1000.0, effect("pvt", "rt_cv").value)


def response_times(sessions: Sequence[Session], responses: Sequence[Responses]) -> ResponseTimes:
    """Mean and coefficient of variation of correct response times, averaged over participants.

    Parameters
    ----------
    sessions, responses
        One each per participant.

    Returns
    -------
    ResponseTimes
        Averages over the participants who responded at least twice; NaN where nobody did.
    """
    described = []
    for session, answers in zip(sessions, responses, strict=True):
        scored = answers.scored(session)
        described.append(describe_times(scored["response_time_s"].to_numpy(dtype=float)[is_timed(scored)]))
    usable = [one for one in described if np.isfinite(one["rt_cv"])]
    if not usable:
        return ResponseTimes(math.nan, math.nan)
    return ResponseTimes(
        float(np.mean([one["rt_mean_ms"] for one in usable])) / 1000.0,
        float(np.mean([one["rt_cv"] for one in usable])),
    )
