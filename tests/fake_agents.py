"""Scripted participants: people-like presses drawn from known distributions, and some that misbehave."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import numpy as np

from bridges.participants.base import Performance, no_progress
from bridges.session import NO_RESPONSE, Responses


@dataclass(frozen=True)
class Scripted:
    """Lognormal response times that slow by `slope_ms_per_min`; presses on no-go with a fixed chance."""

    name: str = "scripted"
    median_ms: float = 250.0
    spread: float = 0.18
    slope_ms_per_min: float = 4.0
    commission: float = 0.25
    omission: float = 0.01
    sleep_s: float = 0.0
    log: str = ""

    def perform(self, sessions, seeds, progress=no_progress):
        done = []
        for k, (session, seed) in enumerate(zip(sessions, seeds, strict=True)):
            progress(k / len(sessions), f"participant {k}")
            if self.log:
                with open(self.log, "a") as file:
                    file.write(f"{session.task} {seed}\n")
            time.sleep(self.sleep_s)
            done.append(Performance(self._answer(session, seed)))
        return done

    def _answer(self, session, seed):
        rng = np.random.default_rng([seed, len(session.task)])
        onset_s = session.trials["onset_s"].to_numpy()
        withhold = session.trials["correct_response"].to_numpy() == NO_RESPONSE
        median_s = 1e-3 * (self.median_ms + 10 * rng.normal() + self.slope_ms_per_min * onset_s / 60)
        rt_s = median_s * np.exp(self.spread * rng.normal(size=onset_s.size))
        press = rng.random(onset_s.size) < np.where(withhold, self.commission, 1 - self.omission)
        return Responses.from_presses(
            session, (onset_s + rt_s)[press], [session.responses[0]] * int(press.sum())
        )


class Calibrated(Scripted):
    """Learns its median from the calibration hook."""

    def calibrate(self, sessions, seeds, progress=no_progress):
        return {"median_ms": 240.0 + len(sessions), "seeds": list(seeds)}


def scripted(quick=False, calibration=None, **parameters):
    return Scripted(**parameters)


def steady(quick=False, calibration=None):
    return Scripted(name="steady", slope_ms_per_min=0.0)


def calibrated(quick=False, calibration=None):
    return Calibrated(name="calibrated", median_ms=calibration["median_ms"] if calibration else 500.0)


def slow(quick=False, calibration=None):
    return Scripted(name="slow", sleep_s=0.25, log=os.environ.get("FAKE_LOG", ""))


def failing(quick=False, calibration=None):
    raise RuntimeError("the circuit diverged at 3.2 s in population control")


@dataclass(frozen=True)
class Fragile(Scripted):
    """Fails on the individual that draws the seed it cannot stand."""

    weak_seed: int = -1

    def _answer(self, session, seed):
        if seed == self.weak_seed:
            raise RuntimeError("no settled state")
        return super()._answer(session, seed)


def fragile(quick=False, calibration=None, weak_seed=-1):
    return Fragile(name="fragile", weak_seed=weak_seed)


def dying(quick=False, calibration=None):
    os._exit(7)


def silent(quick=False, calibration=None):
    return Scripted(name="silent", omission=1.0, commission=0.0)
