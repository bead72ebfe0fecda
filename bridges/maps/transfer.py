r"""Transfer functions measured on spiking neurons: what rate does a population answer a drive with?

    phi(x) = spikes / (neurons * seconds)   at constant drive x, after a start that is left out

Three kinds of drive are measured beside Siegert's formula (`bridges.maps.siegert`), all through this
package's own engines (Brian2 models, compiled where a compiler is found):

- white noise: tau_m dV/dt = mu - V + sigma sqrt(tau_m) xi
- Poisson: jumps of J mV at rate r beside a constant, tau_m J r + constant = mu and tau_m J^2 r = sigma^2
- Poisson through exponential synapses of tau_s: the same charge, spread over tau_s

and one has no formula: cells of the package's conductance-based circuits under their synaptic background,
driven by a current or by more external spikes. Their curve is a table (`TabulatedTransfer`).

Assumptions: stationary drive, independent neurons. Valid range of a table: the drives that were measured;
outside it is refused, since an extrapolated rate would be invented.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from bridges.maps.siegert import LIFCell
from neurosim.circuit import Circuit, Input, Population
from neurosim.drive import Drive
from neurosim.parameters import NeuronParameters
from neurosim.sparse import Background, CurrentNeuron, SparseCircuit, SparsePopulation

if TYPE_CHECKING:
    from scipy.interpolate import PchipInterpolator

__all__ = [
    "TabulatedTransfer",
    "circuit_cell_rates",
    "current_neuron",
    "measured_rates",
    "poisson_background",
    "r_squared",
    "relative_error",
    "white_noise_background",
]

CAPACITANCE_PF = 250.0
"""Only turns currents into depolarisations; rates do not depend on it."""

WARM_UP_S = 0.3
"""Left out at the start: fifteen membrane time constants."""


@dataclass(frozen=True, eq=False)
class TabulatedTransfer:
    """A measured f-I curve, interpolated without overshoot (monotone cubic).

    Parameters
    ----------
    drive
        Drives, rising, shape (point,); in mV, nA or Hz, whatever was varied.
    rate_hz
        Rate at each (Hz), shape (point,).

    Raises
    ------
    ValueError
        If there are fewer than three points, drives do not rise, or a value is not finite.

    Examples
    --------
    >>> curve = TabulatedTransfer(np.array([0.0, 1.0, 2.0]), np.array([0.0, 10.0, 20.0]))
    >>> float(curve.rate(1.5)), float(curve.slope(1.5))
    (15.0, 10.0)
    """

    drive: np.ndarray
    rate_hz: np.ndarray

    def __post_init__(self) -> None:
        x, y = np.asarray(self.drive, dtype=float), np.asarray(self.rate_hz, dtype=float)
        if x.ndim != 1 or x.shape != y.shape or x.size < 3:
            raise ValueError(f"drive {x.shape} and rate_hz {y.shape}: give one rate a drive, three at least")
        if not (np.isfinite(x).all() and np.isfinite(y).all() and np.all(np.diff(x) > 0)):
            raise ValueError("drive must rise, and drive and rate_hz be finite")

    @cached_property
    def _curve(self) -> PchipInterpolator:
        from scipy.interpolate import PchipInterpolator

        return PchipInterpolator(self.drive, self.rate_hz, extrapolate=False)

    def rate(self, drive: ArrayLike) -> np.ndarray:
        """Rate (Hz) at drives within the table, any shape; ValueError outside."""
        return self._curve(self._inside(drive))

    def slope(self, drive: ArrayLike) -> np.ndarray:
        """Slope (Hz per unit of drive) at drives within the table, any shape; ValueError outside."""
        return self._curve.derivative()(self._inside(drive))

    def log_slope(self, drive: ArrayLike) -> np.ndarray:
        """D ln rate / d drive within the table, any shape; ValueError outside."""
        return self.slope(drive) / self.rate(drive)

    def _inside(self, drive: ArrayLike) -> np.ndarray:
        x = np.asarray(drive, dtype=float)
        low, high = float(self.drive[0]), float(self.drive[-1])
        if not ((x >= low) & (x <= high)).all():
            raise ValueError(
                f"drives from {np.min(x):g} to {np.max(x):g} leave the measured range {low:g} to {high:g}"
            )
        return x


def current_neuron(cell: LIFCell, tau_s_ms: float = 0.0) -> CurrentNeuron:
    """The cell as `neurosim.engine.sparse` knows it; potentials start between reset and threshold."""
    middle = 0.5 * (cell.v_reset_mv + cell.v_th_mv)
    spread = 0.25 * (cell.v_th_mv - cell.v_reset_mv)
    return CurrentNeuron(
        cell.tau_m_ms, CAPACITANCE_PF, cell.tau_ref_ms, tau_s_ms, 0.0,
        cell.v_th_mv, cell.v_reset_mv, middle, spread,
    )  # fmt: skip


def white_noise_background(mu_mv: float, sigma_mv: float) -> Background:
    """Constant drive and white noise, for cells with instantaneous synapses."""
    return Background(mean=mu_mv, noise_sd_mv=sigma_mv)


def poisson_background(
    mu_mv: float, sigma_mv: float, jump_mv: float, cell: LIFCell, tau_s_ms: float = 0.0
) -> Background:
    """Poisson spikes and a constant with a given mean and noise.

    r = sigma^2 / (tau_m J^2); the constant makes up what tau_m J r leaves of mu, and may be negative.

    Parameters
    ----------
    mu_mv, sigma_mv
        Mean and noise that result (mV).
    jump_mv
        Depolarisation by the charge of one spike, all at once (mV).
    cell
        The neuron.
    tau_s_ms
        Decay of the synaptic current (ms); 0: all at once.

    Raises
    ------
    ValueError
        If noise or jump is not above 0.
    """
    if not (sigma_mv > 0 and jump_mv > 0):
        raise ValueError(f"sigma_mv = {sigma_mv} and jump_mv = {jump_mv} must be above 0")
    rate_hz = sigma_mv**2 / (cell.tau_m_ms * 1e-3 * jump_mv**2)
    rest_mv = mu_mv - cell.tau_m_ms * 1e-3 * jump_mv * rate_hz
    if tau_s_ms == 0:
        return Background(rate_hz, jump_mv, rest_mv)
    # pA: charge J C over tau_s; and mV to pA through the resistance tau_m / C
    return Background(rate_hz, jump_mv * CAPACITANCE_PF / tau_s_ms, rest_mv * CAPACITANCE_PF / cell.tau_m_ms)


def measured_rates(
    backgrounds: Sequence[Background],
    cell: LIFCell | None = None,
    *,
    tau_s_ms: float = 0.0,
    n_neurons: int = 200,
    duration_s: float = 4.0,
    seed: int = 1,
    dt_ms: float = 0.1,
    target: str = "auto",
) -> np.ndarray:
    """Rates of populations without recurrence, one for each background, simulated side by side.

    Parameters
    ----------
    backgrounds
        Drives.
    cell
        The neuron.
    tau_s_ms
        Decay of synaptic currents (ms); 0: instantaneous synapses.
    n_neurons
        Neurons per population.
    duration_s
        Time in which spikes are counted (s).
    seed
        Of all noise.
    dt_ms
        Step (ms).
    target
        As for `neurosim.engine.simulate`.

    Returns
    -------
    ndarray
        Rates (Hz), shape (background,).

    Raises
    ------
    ValueError
        If there is no background.

    Examples
    --------
    >>> steady = [white_noise_background(22.0, 0.0)]
    >>> rates = measured_rates(steady, n_neurons=2, duration_s=0.5, target="numpy")
    >>> bool(24 <= rates[0] <= 27)
    True
    """
    from neurosim.engine.sparse import simulate_sparse

    if not backgrounds:
        raise ValueError("backgrounds is empty; give at least one")
    neuron = current_neuron(cell or LIFCell(), tau_s_ms)
    populations = [SparsePopulation(f"drive {k}", n_neurons, neuron, b) for k, b in enumerate(backgrounds)]
    circuit = SparseCircuit("transfer", tuple(populations))
    drive = Drive.constant({}, WARM_UP_S + duration_s)
    recording = simulate_sparse(circuit, drive, seed, dt_ms=dt_ms, record_dt_ms=100.0, target=target)
    rates = recording.rates["rate"]
    return rates.where(rates.time > WARM_UP_S - 1e-6, drop=True).mean("time").values.astype(float)


def circuit_cell_rates(
    neuron: NeuronParameters,
    g_ext_ns: float,
    background_hz: float,
    *,
    currents_na: Sequence[float] = (),
    extra_hz: Sequence[float] = (),
    n_neurons: int = 200,
    duration_s: float = 4.0,
    seed: int = 1,
    target: Literal["auto", "cpp", "numpy"] = "auto",
) -> np.ndarray:
    """Rates of the package's conductance-based cells under background, driven by a current or by spikes.

    Parameters
    ----------
    neuron
        Membrane parameters, such as `neurosim.parameters.PYRAMIDAL`.
    g_ext_ns, background_hz
        External AMPA synapse (nS) and its summed background rate (Hz).
    currents_na, extra_hz
        Drives: injected current (nA), or external spikes beside the background (Hz). Give one of the two.
    n_neurons, duration_s, seed, target
        As in `measured_rates`.

    Returns
    -------
    ndarray
        Rates (Hz), shape (drive,).

    Raises
    ------
    ValueError
        If not just one kind of drive is given.
    """
    from neurosim.engine import simulate

    if bool(len(currents_na)) == bool(len(extra_hz)):
        raise ValueError("give currents_na or extra_hz, one of them and not both")
    names = [f"drive {k}" for k in range(max(len(currents_na), len(extra_hz)))]
    inputs = [Input(name, name, current_na=float(one)) for name, one in zip(names, currents_na, strict=False)]
    inputs += [Input(name, name, rate_hz=float(one)) for name, one in zip(names, extra_hz, strict=False)]
    populations = [Population(name, n_neurons, neuron, g_ext_ns, background_hz) for name in names]
    circuit = Circuit("transfer", tuple(populations), (), tuple(inputs))
    drive = Drive.constant(dict.fromkeys(names, 1.0), WARM_UP_S + duration_s)
    (recording,) = simulate([circuit], [drive], [seed], target=target)
    return np.array([recording.mean_rate(name, WARM_UP_S) for name in names])


def r_squared(measured: ArrayLike, predicted: ArrayLike) -> float:
    """1 - sum (measured - predicted)^2 / sum (measured - mean)^2; about the identity, nothing is fitted."""
    y, f = np.asarray(measured, dtype=float).ravel(), np.asarray(predicted, dtype=float).ravel()
    spread = float(np.sum((y - y.mean()) ** 2))
    return 1.0 - float(np.sum((y - f) ** 2)) / spread if spread > 0 else math.nan


def relative_error(measured: ArrayLike, predicted: ArrayLike, above_hz: float = 5.0) -> float:
    """Mean of |measured - predicted| / predicted where the prediction is above a rate; NaN if nowhere."""
    y, f = np.asarray(measured, dtype=float).ravel(), np.asarray(predicted, dtype=float).ravel()
    chosen = f > above_hz
    return float(np.mean(np.abs(y[chosen] - f[chosen]) / f[chosen])) if chosen.any() else math.nan
