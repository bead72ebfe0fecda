"""Does performance rise and then fall with a strength? Tested within individuals, the peak not picked twice.

For each individual the best strength is chosen by the mean of all *others*; at that strength the individual's
own performance is compared with its own at the weakest and at the strongest. Both differences above zero: an
inverted U. Choosing the peak on the same data that are then tested would find one in noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from neurosim.circuits.protocols.measurement import Measurement, mean_of

__all__ = ["InvertedU", "inverted_u"]


@dataclass(frozen=True)
class InvertedU:
    """Rise to the best strength and fall from it, in the unit of performance.

    Parameters
    ----------
    rise
        Performance at the best strength minus that at the weakest.
    fall
        Performance at the best strength minus that at the strongest.
    peak
        The strength that is best on average.
    """

    rise: Measurement
    fall: Measurement
    peak: float

    @property
    def found(self) -> bool:
        """Whether both intervals lie above zero."""
        return bool(self.rise.low > 0 and self.fall.low > 0)


def inverted_u(table: pd.DataFrame, performance: str) -> InvertedU:
    """Test for an inverted U over strengths.

    Parameters
    ----------
    table
        One row an individual and strength: ``participant``, ``knob`` and a column of performance.
    performance
        Its name.

    Raises
    ------
    ValueError
        If there are fewer than three strengths, or fewer than two individuals with all of them.
    """
    wide = table.pivot(index="participant", columns="knob", values=performance).sort_index(axis=1)
    wide = wide.dropna()
    if wide.shape[1] < 3 or len(wide) < 2:
        raise ValueError(
            f"{len(wide)} individuals with {wide.shape[1]} strengths; an inverted U takes 2 and 3 at least"
        )
    values = wide.to_numpy(dtype=float)
    total = values.sum(axis=0)
    best = [int(np.argmax((total - own) / (len(values) - 1))) for own in values]
    at_best = values[np.arange(len(values)), best]
    return InvertedU(
        mean_of(at_best - values[:, 0]),
        mean_of(at_best - values[:, -1]),
        float(wide.columns[int(np.argmax(total))]),
    )
