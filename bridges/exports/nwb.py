"""Spikes, rates, trials and responses of a session as Neurodata Without Borders (NWB) files.

Spikes become units, one a neuron, with the population as a column; the session's trials become the trials
table, with the answer of each; rates become a time series. A written file is read back and validated against
the schema before the function returns, so that a file that exists is a file that others can open.

Rubel et al. (2022). The Neurodata Without Borders ecosystem for neurophysiological data science. eLife, 11,
e78362. doi:10.7554/eLife.78362
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bridges.session import Responses, Session

if TYPE_CHECKING:
    from neurosim.recording import Recording

__all__ = ["ReadBack", "read_nwb", "write_nwb"]

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Start of every virtual session: the format asks for one, and simulated time has none."""

ReadBack = dict[str, Any]
"""What a file holds: ``trials`` (DataFrame), ``spikes`` (population -> times, neurons), ``rates``
(bin, population), ``populations``."""


def write_nwb(
    path: Path | str,
    session: Session,
    recording: Recording,
    responses: Responses | None = None,
    subject: str = "1",
) -> None:
    """Write a file, read it back, and validate it.

    Parameters
    ----------
    path
        Where to; must not exist.
    session
        What was shown.
    recording
        What the circuit did; with spikes if they were recorded.
    responses
        The answers, as a column of the trials.
    subject
        Number of the participant.

    Raises
    ------
    ImportError
        If the library ``pynwb`` is not there (``pip install neurosim[nwb]``).
    FileExistsError
        If there is such a file.
    ValueError
        If the written file is not valid; lists what the validator says. The file is then removed.
    """
    pynwb = _library()
    path = Path(path)
    if path.exists():
        raise FileExistsError(f"{path} exists; name another file")
    nwb = pynwb.NWBFile(
        session_description=f"simulated session of {session.task}",
        identifier=f"{session.content_hash}-{subject}",
        session_start_time=EPOCH,
        experiment_description="simulated with neurosim; times start at the start of the session",
        subject=pynwb.file.Subject(
            subject_id=subject, species="none (simulated circuit)", sex="U", age="P0D"
        ),
    )
    _add_trials(nwb, session, responses)
    _add_units(nwb, recording)
    _add_rates(pynwb, nwb, recording)
    with pynwb.NWBHDF5IO(str(path), "w") as io:
        io.write(nwb)
    faults = _faults(pynwb, path)
    if faults:
        path.unlink()
        raise ValueError(f"{path} would not be valid NWB: " + "; ".join(faults))


def _add_trials(nwb: Any, session: Session, responses: Responses | None) -> None:
    table = session.trials
    if responses is not None:
        own = responses.table
        first = own[own["component"] == own["component"].iloc[0]]
        table = table.merge(first[["trial", "response", "response_time_s"]], on="trial", how="left")
    times = {"window_start_s", "window_stop_s"}
    extra = [name for name in table.columns if name not in times]
    for name in extra:
        nwb.add_trial_column(name, f"{name} of the trial, as in the session")
    for row in table.to_dict("records"):
        values = {name: _plain(row[name], table[name]) for name in extra}
        nwb.add_trial(
            start_time=float(row["window_start_s"]), stop_time=float(row["window_stop_s"]), **values
        )


def _plain(value: Any, column: pd.Series) -> Any:
    """A value of one type a column: numbers as floats, everything else as text, missing as NaN or empty."""
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return float(value)
    return (
        ""
        if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value))
        else str(value)
    )


def _add_units(nwb: Any, recording: Recording) -> None:
    if not recording.spikes:
        return
    nwb.add_unit_column("population", "population of the circuit")
    nwb.add_unit_column("neuron", "number of the neuron within its population")
    for name, (times, neurons) in recording.spikes.items():
        order = np.lexsort((times, neurons))
        times, neurons = np.asarray(times)[order], np.asarray(neurons)[order]
        silent_too = np.arange(int(neurons.max(initial=-1)) + 1)
        edges = np.searchsorted(neurons, np.append(silent_too, silent_too.size))
        for neuron in silent_too:
            own = times[edges[neuron] : edges[neuron + 1]]
            nwb.add_unit(spike_times=own, population=name, neuron=int(neuron))


def _add_rates(pynwb: Any, nwb: Any, recording: Recording) -> None:
    rates = recording.rates["rate"]
    if not rates.sizes["time"]:
        return
    names = [str(name) for name in rates["unit"].values]
    nwb.add_acquisition(
        pynwb.TimeSeries(
            name="population_rates",
            data=rates.transpose("time", "unit").to_numpy(),
            unit="Hz",
            timestamps=rates["time"].to_numpy(),
            description=", ".join(names),
            comments="low-passed rate of each population, in the order of the description",
        )
    )


def read_nwb(path: Path | str) -> ReadBack:
    """Read what `write_nwb` wrote."""
    pynwb = _library()
    with pynwb.NWBHDF5IO(str(path), "r") as io:
        nwb = io.read()
        trials = nwb.trials.to_dataframe().reset_index(drop=True)
        spikes: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        if nwb.units is not None:
            units = nwb.units.to_dataframe()
            for name, group in units.groupby("population", sort=False):
                times = [np.asarray(t) for t in group["spike_times"]]
                neurons = [np.full(t.size, n) for t, n in zip(times, group["neuron"], strict=True)]
                spikes[str(name)] = (np.concatenate(times), np.concatenate(neurons))
        found = nwb.acquisition.get("population_rates")
        rates = None if found is None else np.asarray(found.data[:])
        names = () if found is None else tuple(found.description.split(", "))
    return {"trials": trials, "spikes": spikes, "rates": rates, "populations": names}


def _faults(pynwb: Any, path: Path) -> list[str]:
    found = pynwb.validate(path=str(path))
    errors = found[0] if isinstance(found, tuple) else found
    return [str(error) for error in errors]


def _library() -> Any:
    try:
        import pynwb
    except ImportError as error:
        raise ImportError("NWB needs the library pynwb: pip install neurosim[nwb]") from error
    return pynwb
