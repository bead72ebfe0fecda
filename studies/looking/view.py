"""What every figure of a look inside a network is drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from studies.looking.networks import order_by_peak
from studies.looking.observing import Decision
from studies.looking.panels import words

__all__ = ["View"]


@dataclass(frozen=True, eq=False)
class View:
    """A trial, the trials it is compared with, and what happened in them.

    Parameters
    ----------
    task, agent
        Their names.
    trial
        The trial that is looked at.
    decided
        What was decided in it.
    decision_s
        When, from its onset (s).
    events
        Events around it (`studies.looking.trials.events_within`).
    arrays
        From `studies.looking.observing.inside`.
    seed
        Seed of the study.
    """

    task: str
    agent: str
    trial: int
    decided: Decision
    decision_s: float
    events: pd.DataFrame
    arrays: xr.Dataset
    seed: int

    @property
    def time_s(self) -> np.ndarray:
        """Start of every step, from the onset (s)."""
        return self.arrays["time"].values

    @property
    def one(self) -> xr.Dataset:
        """Arrays of the trial that is looked at."""
        return self.arrays.sel(trial=self.trial)

    @property
    def condition(self) -> str:
        """Its condition."""
        return str(self.one["condition"].values)

    @property
    def conditions(self) -> dict[str, xr.Dataset]:
        """Arrays of the trials of each condition."""
        kinds = self.arrays["condition"].values
        return {str(kind): self.arrays.isel(trial=kinds == kind) for kind in dict.fromkeys(sorted(kinds))}

    @cached_property
    def order(self) -> np.ndarray:
        """Units by the time of their peak, in the mean over trials of the condition."""
        name = "cell" if "cell" in self.arrays else "hidden"
        return order_by_peak(self.conditions[self.condition][name].mean("trial").values)

    @cached_property
    def rest(self) -> xr.Dataset:
        """Median of every unit's cell and hidden state over all steps of all trials."""
        names = [name for name in ("cell", "hidden") if name in self.arrays]
        return self.arrays[names].median(("trial", "time"))

    @property
    def sentence(self) -> str:
        """Which trial it is and how it went, for captions."""
        given = "no response" if np.isnan(self.decided.press_s) else f"response {words(self.decided.outcome)}"
        return (
            f"{self.agent} network, task {self.task}, seed {self.seed}: trial {self.trial} ("
            f"{words(self.condition)}; {given}, {'right' if self.decided.correct else 'wrong'})."
        )

    @property
    def counts(self) -> str:
        """Trials of each condition, for captions."""
        return ", ".join(f"{words(kind)} {held.sizes['trial']}" for kind, held in self.conditions.items())
