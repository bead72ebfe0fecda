"""The rasters of the study, kept in the run folder: a run that is stopped need not simulate them again."""

from __future__ import annotations

import io

import numpy as np

from studies.progress import Display
from studies.rasters.circuit_data import Rasters, RecordingPlan, record_rasters
from studies.run_folder import RunFolder, write_atomically

__all__ = ["recorded_rasters"]


def recorded_rasters(plan: RecordingPlan, seed: int, folder: RunFolder, display: Display) -> Rasters:
    """The data: from the run folder, or simulated now.

    Parameters
    ----------
    plan
        What to record.
    seed
        Of stimuli and noise.
    folder
        Of the run.
    display
        Shows how far the simulation is.
    """
    path = folder.path / "rasters.npz"
    if path.exists():
        with np.load(path) as stored:
            return Rasters(stored["raster"], stored["condition"])
    display.line(f"simulating {plan.trials} trials of the attention circuit")
    display.begin()
    rasters = record_rasters(plan, seed, lambda fraction: display.update(fraction, "simulating"))
    display.end()
    buffer = io.BytesIO()
    np.savez_compressed(buffer, raster=rasters.raster, condition=rasters.condition)
    write_atomically(path, buffer.getvalue())
    return rasters
