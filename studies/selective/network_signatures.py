"""What a cue does inside trained networks: counterparts of attention's signatures in neurons.

- **Logit gain**: how much the log-odds of the press, at the time of the decision, grow with the level of the
  target. Gain of a cued place over gain of the other is what a multiplicative gain is in a neuron.
- **Attention weights** (attention networks): weight on the steps of the cue while the target is there, over
  what they would have if all steps of the window weighed alike.
- **Time constants** (LSTM): -dt / ln f of the forget gates between cue and target, over that between trials.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
import xarray as xr

from bridges.participants.base import Progress, no_progress
from bridges.participants.network_senses import clean_levels
from studies.looking.networks import log_odds
from studies.looking.observing import Kind, Stretch, Subject, inside, subject
from studies.seeds import session_seed
from studies.selective.design import QUICK, TASKS

__all__ = ["network_signatures"]

SMALL = 0.02
"""Part of the target's level by which it is changed."""

CUE_S = 0.2
"""Time from its onset in which a cue is looked for, and the target for what is done with it (s)."""


def network_signatures(
    kind: Kind,
    participants: Sequence[int],
    seed: int = 1,
    quick: bool = False,
    progress: Progress = no_progress,
) -> pd.DataFrame:
    """Look inside the networks of participants of the study while they perform Posner's task.

    Parameters
    ----------
    kind
        ``"lstm"`` or ``"attention"``.
    participants
        Their numbers.
    seed
        Seed of the study.
    quick
        Whether session and networks are those of a quick run.
    progress
        Called with the fraction done.

    Returns
    -------
    DataFrame
        One row a participant: ``participant``, ``gain_valid`` and ``gain_invalid`` (nats for the whole level
        of the target), and ``cue_weight`` (attention network) or ``time_constant_ratio`` (LSTM).
    """
    task = (QUICK if quick else TASKS)["posner"]
    rows = []
    for done, number in enumerate(participants):
        progress(done / len(participants), f"participant {number + 1}")
        session = task.session(session_seed(seed, number, task.name))
        one = subject(session, kind, seed, quick, number=number)
        gain = _logit_gain(one)
        valid = session.trials["trial_type"].to_numpy() == "valid"
        look = _cue_weight(one) if kind == "attention" else _time_constants(one)
        rows.append(
            {
                "participant": number,
                "gain_valid": float(gain[valid].mean()),
                "gain_invalid": float(gain[~valid].mean()),
                **look,
            }
        )
    return pd.DataFrame(rows)


def _logit_gain(one: Subject) -> np.ndarray:
    """Derivative of the log-odds of the press at the typical decision by the level of the target (trial,)."""
    session, dt_s = one.session, one.dt_s
    shown = session.events[session.events["channel"].str.startswith("target")]
    alone = replace(session, events=shown.reset_index(drop=True))
    target = torch.from_numpy(clean_levels(alone, one.participant.config).astype(np.float32))
    steps = ((session.trials["onset_s"].to_numpy(float) + one.typical_delay_s) / dt_s).astype(int)
    with torch.inference_mode():
        odds = [
            log_odds(one.network(one.x + sign * SMALL * target)[0], one.sizes)[0, steps, 0]
            for sign in (1.0, -1.0)
        ]
    return ((odds[0] - odds[1]) / (2.0 * SMALL)).numpy()


def _cue_weight(one: Subject) -> dict[str, float]:
    """Weight on the steps of the cue from the steps of the target, over that of equal weights."""
    maps, soa_s = _seen(one)["attention"], one.session.trials["soa_s"].to_numpy(float)
    weight = maps.mean(("layer", "head"))
    shares = []
    for row, soa in zip(weight.trial.values, soa_s[weight.trial.values], strict=True):
        during = weight.sel(trial=row).where((weight.time >= 0.0) & (weight.time < CUE_S), drop=True)
        ago = during.lag - during.time  # of the source before the onset of the target
        on_cue = during.where((ago <= soa) & (ago > soa - CUE_S), 0.0).sum("lag")
        steps = ((ago <= soa) & (ago > soa - CUE_S)).sum("lag")
        shares.append(float((on_cue / (steps / one.participant.config.window)).mean()))
    return {"cue_weight": float(np.mean(shares))}


def _time_constants(one: Subject) -> dict[str, float]:
    """Median time constant of units from cue to target over that before the cue, mean over trials."""
    forget = _seen(one)["forget"]
    soa_s = one.session.trials["soa_s"].to_numpy(float)[forget.trial.values]
    since_cue = forget.time.values[None, :] + soa_s[:, None]
    tau_s = -one.dt_s / np.log(np.clip(forget.values, 1e-6, 1.0 - 1e-6))
    held = np.where(((since_cue >= 0.0) & (forget.time.values < 0.0))[..., None], tau_s, np.nan)
    rest = np.where(((since_cue < 0.0) & (since_cue >= -CUE_S))[..., None], tau_s, np.nan)
    ratio = np.nanmean(held, axis=1) / np.nanmean(rest, axis=1)
    return {"time_constant_ratio": float(np.median(ratio, axis=1).mean())}


def _seen(one: Subject) -> xr.Dataset:
    """What the network did around the targets, from before the longest cue until the response is due."""
    longest_s = float(one.session.trials["soa_s"].max()) + 2 * CUE_S
    before, after = round(longest_s / one.dt_s), round(2 * CUE_S / one.dt_s)
    kinds = one.session.trials["trial_type"].to_numpy()
    rows = {kind: np.flatnonzero(kinds == kind) for kind in ("valid", "invalid")}
    return inside(one, rows, Stretch(before, before + after, one.dt_s))
