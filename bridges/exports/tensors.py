"""Sessions as torch tensors: a dataset that a DataLoader can draw from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch.utils.data import Dataset

from bridges.exports.arrays import SessionArrays

__all__ = ["Batch", "SessionDataset"]


class Batch(NamedTuple):
    """Inputs (..., time, channel) float32, targets (..., time[, component]) int64, mask bool."""

    inputs: torch.Tensor
    targets: torch.Tensor
    mask: torch.Tensor


class SessionDataset(Dataset[Batch]):
    """Sessions, or stretches of them, one an item; a DataLoader stacks them into a `Batch`.

    Parameters
    ----------
    arrays
        The sessions; tensors share their memory.
    crop_steps
        Length of the stretches that each session is cut into (steps); a last stretch that is shorter is
        left out. None: whole sessions.

    Raises
    ------
    ValueError
        If the stretches are not between 1 step and the length of the sessions.

    Examples
    --------
    >>> from torch.utils.data import DataLoader
    >>> from bridges.exports.arrays import session_arrays
    >>> from bridges.tasks import SART
    >>> arrays = session_arrays(SART(trials_per_digit=2).sessions(4, seed=1))
    >>> loader = DataLoader(SessionDataset(arrays, crop_steps=100), batch_size=8)
    >>> next(iter(loader)).inputs.shape
    torch.Size([8, 100, 3])
    """

    def __init__(self, arrays: SessionArrays, crop_steps: int | None = None) -> None:
        n_steps = arrays.inputs.shape[1]
        steps = n_steps if crop_steps is None else crop_steps
        if not 1 <= steps <= n_steps:
            raise ValueError(
                f"crop_steps = {crop_steps}, must be from 1 to the {n_steps} steps of the sessions"
            )
        self.arrays = arrays
        self._parts = Batch(
            *(
                torch.from_numpy(_cut(values, steps))
                for values in (arrays.inputs, arrays.targets, arrays.mask)
            )
        )

    def __len__(self) -> int:
        """Number of stretches."""
        return len(self._parts.inputs)

    def __getitem__(self, index: int) -> Batch:
        """One stretch."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"stretch {index} of {len(self)}")
        return Batch(*(part[index] for part in self._parts))


def _cut(values: np.ndarray, steps: int) -> np.ndarray:
    """Stretches of every session along the first axis."""
    n = values.shape[1] // steps
    kept = values[:, : n * steps]
    return kept.reshape(values.shape[0] * n, steps, *values.shape[2:])
