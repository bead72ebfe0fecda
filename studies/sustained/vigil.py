"""One vigil: individuals watch for a rare conjunction, or for a single letter, at a fast or a slow rate.

Both vigils are AX-CPT trials, a cue and then a probe, and a third of them are signals (answered with the
target key). Where memory is needed, a signal is X after A, and X after B or Y after A are none, so that the
probe alone does not tell: the cue must be held. Where it is not, X comes only after A and Y only after B, so
the probe tells. Displays, keys and share of signals are the same. Trials follow each other after 2 s (30 a
minute, above the 24 a minute from which rates count as fast) or 6 s (10 a minute).

Sensitivity and criterion come from the presses of the target key, in the first and in the last third of the
vigil, with the log-linear correction; few signals a third make d' of an individual coarse, not biased between
thirds, for each third has as many trials as the other.

Parasuraman (1979), doi:10.1126/science.472714.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from bridges.measures.behaviour import criterion, d_prime
from bridges.participants.base import Progress, no_progress
from bridges.session import Responses, Session
from bridges.tasks import AXCPT
from studies.seeds import individual_seed, session_seed

__all__ = ["CONDITIONS", "THIRDS", "keep_watch", "sensitivity_by_third", "vigil"]

CONDITIONS = tuple((memory, rate) for memory in ("memory", "no_memory") for rate in ("fast", "slow"))
"""Memory load and event rate."""

THIRDS = ("first", "middle", "last")

BETWEEN_S = {"fast": 0.3, "slow": 4.3}
CUE_S, DELAY_S, RESPONSE_S = 0.2, 0.5, 1.0
TRIALS_PER_BLOCK = 6


def vigil(memory: str, rate: str, minutes: float) -> AXCPT:
    """The task of one condition.

    Parameters
    ----------
    memory
        ``"memory"`` or ``"no_memory"``.
    rate
        ``"fast"`` or ``"slow"``.
    minutes
        Length (min), to a whole number of blocks of 6 trials.

    Raises
    ------
    ValueError
        If a condition is unknown.
    """
    if (memory, rate) not in CONDITIONS:
        raise ValueError(f"memory = {memory!r}, rate = {rate!r}; must be one of {CONDITIONS}")
    trial_s = CUE_S + DELAY_S + RESPONSE_S + BETWEEN_S[rate]
    ax, ay, bx, by = (2, 2, 2, 0) if memory == "memory" else (2, 0, 0, 4)
    return AXCPT(
        ax=ax,
        ay=ay,
        bx=bx,
        by=by,
        n_blocks=max(round(60.0 * minutes / (TRIALS_PER_BLOCK * trial_s)), 3),
        cue_s=CUE_S,
        delay_s=DELAY_S,
        probe_s=0.3,
        response_s=RESPONSE_S,
        intertrial_s=(BETWEEN_S[rate],),
    )


def keep_watch(
    agent: str,
    memory: str,
    rate: str,
    participants: int,
    minutes: float,
    quick: bool,
    seed: int,
    progress: Progress = no_progress,
) -> pd.DataFrame:
    """Individuals of an agent in one condition.

    Parameters
    ----------
    agent
        Its name.
    memory, rate, minutes
        See `vigil`.
    participants
        Individuals, the same in every condition.
    quick
        Whether networks are the small ones.
    seed
        Of the study.
    progress
        Called as the work goes on.

    Returns
    -------
    DataFrame
        One row a participant and third: ``agent``, ``memory``, ``rate``, ``participant``, and what
        `sensitivity_by_third` gives.
    """
    from studies.agents import agent as known

    task = vigil(memory, rate, minutes)
    sessions = [task.session(session_seed(seed, k, f"{memory}/{rate}")) for k in range(participants)]
    seeds = [individual_seed(seed, k) for k in range(participants)]
    performed = known(agent, quick).build().perform(sessions, seeds, progress)
    key = {"agent": agent, "memory": memory, "rate": rate}
    tables = [
        sensitivity_by_third(session, one.responses).assign(**key, participant=k)
        for k, (session, one) in enumerate(zip(sessions, performed, strict=True))
    ]
    return pd.concat(tables, ignore_index=True)


def sensitivity_by_third(session: Session, responses: Responses) -> pd.DataFrame:
    """Sensitivity to signals in each third of the trials.

    Returns
    -------
    DataFrame
        ``third``, ``d_prime``, ``criterion``, ``hit_rate``, ``false_alarm_rate``, ``rt_ms`` (hits).
    """
    scored = responses.scored(session)
    signal = (scored["trial_type"].astype(str) == "AX").to_numpy()
    said = (scored["response"].astype(object) == "target").to_numpy()
    time_ms = 1e3 * scored["response_time_s"].to_numpy(dtype=float)
    rows = []
    for name, part in zip(THIRDS, np.array_split(np.arange(len(scored)), len(THIRDS)), strict=True):
        s, t = signal[part], said[part]
        counts = (int((s & t).sum()), int(s.sum()), int((~s & t).sum()), int((~s).sum()))
        hits = time_ms[part][s & t]
        rows.append(
            {
                "third": name,
                "d_prime": float(d_prime(*counts)),
                "criterion": float(criterion(*counts)),
                "hit_rate": counts[0] / counts[1] if counts[1] else np.nan,
                "false_alarm_rate": counts[2] / counts[3] if counts[3] else np.nan,
                "rt_ms": float(hits.mean()) if hits.size else np.nan,
            }
        )
    return pd.DataFrame(rows)
