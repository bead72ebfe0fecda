"""Scripted participants that show the effects of every task, of known size, for tests of whole studies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bridges.participants.base import Performance, no_progress
from bridges.session import NO_RESPONSE, Responses

BLINK = {1: 0.85, 2: 0.6, 3: 0.5, 4: 0.55, 5: 0.7, 6: 0.85, 7: 0.9, 8: 0.9}


@dataclass(frozen=True)
class Model:
    """Response time (s) and probability of being right for each component of each trial of a task."""

    name: str = "model"
    effect: float = 1.0
    """Size of all effects: 1 is human, 0 none."""

    def perform(self, sessions, seeds, progress=no_progress):
        return [Performance(self._answer(s, seed)) for s, seed in zip(sessions, seeds, strict=True)]

    def _answer(self, session, seed):
        rng = np.random.default_rng([seed, len(session.task)])
        trials = session.trials
        speed = np.exp(0.1 * rng.normal())
        times, names = [], []
        for part, (onset, correct) in enumerate(
            (("onset_s", "correct_response"), ("onset_t2_s", "correct_response_t2"))
        ):
            if onset not in trials:
                continue
            own = list(session.components.values())[part]
            rt, right = self._behave(session.task, trials, part)
            rt = speed * rt * np.exp(0.12 * rng.normal(size=len(trials)))
            hit = rng.random(len(trials)) < right
            for k in range(len(trials)):
                should = trials[correct].iloc[k]
                if not isinstance(should, str) or (should == NO_RESPONSE and hit[k]):
                    continue
                others = [name for name in own if name != should]
                if not hit[k] and not others:
                    continue
                times.append(trials[onset].iloc[k] + rt[k])
                names.append(should if hit[k] else others[rng.integers(len(others))])
        return Responses.from_presses(session, times, names)

    def _behave(self, task, trials, part):
        n, e = len(trials), self.effect
        rt, right = np.full(n, 0.36), np.full(n, 0.95)
        if task == "pvt":
            return np.full(n, 0.26), np.ones(n)
        if task == "prp" and part:
            soa = trials["soa_s"].to_numpy()
            rt = 0.4 + e * np.maximum(0.35 - 0.85 * soa, 0)
        if task == "prp" and not part:
            rt = np.full(n, 0.45)
        if task == "attentional_blink" and part:
            right = 1 - e * (1 - trials["lag"].map(BLINK).to_numpy(dtype=float))
        if task == "dual_detection":
            share = trials["outer_priority"].to_numpy()
            share = 1 - share if part else share
            right = 0.92 - 0.3 * e * (1 - share)
        if task == "change_detection":
            known = np.minimum(3.0 / trials["set_size"].to_numpy(), 1.0) if e else np.ones(n)
            right = known + (1 - known) / 2
        if task == "mot":
            right = 0.97 - e * (0.03 * trials["n_targets"] + 0.045 * trials["speed"]).to_numpy()
        if task in ("flanker", "ant"):
            wrong = (trials["trial_type"].astype(str) == "incongruent").to_numpy()
            rt, right = rt + 0.07 * e * wrong, right - 0.08 * e * wrong
        if task == "ant":
            rt = rt + e * trials["cue"].astype(str).map(
                {"none": 0.05, "center": 0.01, "double": 0.01, "spatial": -0.04}
            ).to_numpy(dtype=float)
        if task == "posner":
            rt = 0.3 + 0.03 * e * (trials["trial_type"].astype(str) == "invalid").to_numpy()
        if task == "visual_search":
            slope = np.where(trials["trial_type"].astype(str) == "present", 0.025, 0.06)
            rt = 0.4 + e * slope * trials["set_size"].to_numpy()
        return rt, right


def human_like(quick=False, calibration=None):
    return Model("human_like")


def ideal(quick=False, calibration=None):
    return Model("ideal", effect=0.0)


def table_of_flanker(path, people=3, n=60):
    """A table of people's flanker trials, as a laboratory would keep it."""
    rng = np.random.default_rng(5)
    kind = np.tile(["congruent", "incongruent"], n // 2)
    rows = [
        pd.DataFrame(
            {
                "participant_id": f"sub-{k:02d}",
                "onset": 1.5 * np.arange(n),
                "trial_type": kind,
                "response_time": 0.4 + 0.06 * (kind == "incongruent") + 0.03 * rng.normal(size=n),
                "accuracy": 1,
            }
        )
        for k in range(people)
    ]
    pd.concat(rows).to_csv(path, index=False)
    return path
