"""Recording: what one participant's circuit did, as labelled arrays."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import xarray as xr

__all__ = ["Recording", "stack"]


@dataclass(frozen=True, eq=False)
class Recording:
    """Rates, responses and (on request) spikes of one participant.

    Parameters
    ----------
    rates
        Dataset with variable ``rate`` (Hz), dimensions time (s) and unit (population name): the
        low-passed population rates that the readout sees.
    response_times_s
        When responses were given (s), shape (response,).
    responses
        Names of the populations that gave them, shape (response,).
    spikes
        Population name -> (times (s), neuron numbers within the population); empty unless recorded.
    """

    rates: xr.Dataset
    response_times_s: np.ndarray
    responses: np.ndarray
    spikes: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    def mean_rate(self, population: str, start_s: float = 0.0, stop_s: float = np.inf) -> float:
        """Mean rate (Hz) of a population between two times.

        Raises
        ------
        KeyError
            If the population is unknown; names the known ones.
        """
        known = list(self.rates["unit"].values)
        if population not in known:
            raise KeyError(f"unknown population {population!r}; known are {known}")
        chosen = self.rates["rate"].sel(unit=population)
        return float(chosen.where((chosen.time >= start_s) & (chosen.time < stop_s)).mean())


def rates_dataset(times_s: np.ndarray, rates_hz: np.ndarray, units: tuple[str, ...]) -> xr.Dataset:
    """Population rates (time, unit) with their labels and units."""
    data = xr.Dataset(
        {"rate": (("time", "unit"), rates_hz.astype(np.float32))},
        coords={"time": times_s, "unit": list(units)},
    )
    data["rate"].attrs["units"] = "Hz"
    data["time"].attrs["units"] = "s"
    return data


def stack(recordings: list[Recording]) -> xr.Dataset:
    """Rates of several participants along a first dimension ``participant``; shorter ones end in NaN."""
    return xr.concat([r.rates for r in recordings], dim="participant", join="outer")
