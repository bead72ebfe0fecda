r"""A rate network read off a spiking circuit: one unit a population, with the population's own f-I curve.

    tau dr_a/dt = -r_a + < phi(mu_a + spread_a x, sigma_a) >_x                   x standard normal
    mu_a        = mu_ext,a + sum_b W_ab s_b,          W_ab = tau_m J_ab K_ab     (mV per Hz)
    sigma_a^2   = sigma_ext,a^2 + tau_m sum_b J_ab^2 K_ab eta_b r_b              instantaneous synapses
    spread_a^2  = tau_m^2 sum_b J_ab^2 Var(K_ab) r_b^2                           neurons differ in in-degree
    s_b = r_b   (fast synapses)        or        tau_s ds_b/dt = -s_b + r_b      (slow synapses)

J is the depolarisation by one spike, K the mean in-degree: expected, or counted in one drawn wiring, which in
circuits of a few hundred neurons differs by a percent or two, and a competition makes a bias of that. phi is
Siegert's formula, at the threshold that the simulation's step makes (`bridges.maps.siegert`). eta is what
spikes of neurons that fire regularly leave of the noise of Poisson trains (`bridges.maps.regularity`): at 50
Hz a third, and a population held just below threshold loses a fifth of its rate by it. tau is the one number
that the stationary theory does not give; it is fitted to a response to a known input (`fit_tau`) and kept for
all others.

Assumptions: in-degrees large and jumps small (diffusion); populations asynchronous, so that correlations and
delays do not matter; slow synapses filter away the noise of the spikes they carry. Fails where the circuit
oscillates or has several states: the rate network then settles elsewhere, which a comparison shows and
nothing here hides. Synapses with .1 < tau_s / tau_m < 1 that carry Poisson background are refused (measure
phi instead).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize_scalar

from bridges.maps.regularity import heard_noise
from bridges.maps.siegert import LARGEST_RATIO, LIFCell, siegert_rate
from neurosim.drive import Drive
from neurosim.engine.sparse_wiring import draw, numbering, plan
from neurosim.sparse import CurrentNeuron, SparseCircuit

__all__ = ["RateNetwork", "extra_drive_mv", "fit_tau", "rate_network"]

SPREAD_NODES, SPREAD_WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
SPREAD_WEIGHTS = SPREAD_WEIGHTS / SPREAD_WEIGHTS.sum()

FAST_MS = 10.0
"""Synapses slower than this keep an equation of their own."""


@dataclass(frozen=True, eq=False)
class RateNetwork:
    """Rate units, each standing for a population.

    Parameters
    ----------
    names
        Populations, in order.
    cells
        Neuron of each.
    weight_mv_per_hz
        W, shape (target, source).
    noise_mv2_per_hz
        What a source's rate adds to sigma^2 (mV^2/Hz), shape (target, source).
    spread_mv2_per_hz2
        What the square of a source's rate adds to spread^2, shape (target, source).
    drive_mv, sigma_mv
        Outside drive and noise (mV), shape (population,).
    tau_s_ms
        Decay of the synapses onto each population (ms); 0: fast, no equation.
    tau_ms
        Time constant of the rates (ms), shape (population,).
    step_ms
        Step of the simulation whose threshold is meant (ms); 0: continuous time.
    """

    names: tuple[str, ...]
    cells: tuple[LIFCell, ...]
    weight_mv_per_hz: np.ndarray
    noise_mv2_per_hz: np.ndarray
    spread_mv2_per_hz2: np.ndarray
    drive_mv: np.ndarray
    sigma_mv: np.ndarray
    tau_s_ms: np.ndarray
    tau_ms: np.ndarray
    step_ms: float = 0.1

    def with_tau(self, tau_ms: float) -> RateNetwork:
        """The same network with one time constant for all rates."""
        if not tau_ms > 0:
            raise ValueError(f"tau_ms = {tau_ms}; must be above 0")
        return replace(self, tau_ms=np.full(len(self.names), float(tau_ms)))

    def targets(
        self, rates_hz: np.ndarray, noise_hz: np.ndarray, gated_hz: np.ndarray, extra_mv: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """What rates and noise of every population go to; populations are the last axis.

        Parameters
        ----------
        rates_hz
            Rates r (Hz), shape (..., population): with the spread of in-degrees, they tell neurons apart.
        noise_hz
            Rates of Poisson trains of the same noise, eta r (Hz), shape (..., target, source).
        gated_hz
            What synapses pass on, s (Hz), shape (..., target, source) or (..., source).
        extra_mv
            Drive beside the constant one (mV), shape (..., population).

        Returns
        -------
        rates, noise : ndarray
            phi and eta phi (Hz), of the shapes of `rates_hz` and `noise_hz`.
        """
        s = gated_hz if gated_hz.ndim > rates_hz.ndim else gated_hz[..., None, :]
        mu = self.drive_mv + extra_mv + np.sum(self.weight_mv_per_hz * s, axis=-1)
        sigma = np.sqrt(self.sigma_mv**2 + np.sum(self.noise_mv2_per_hz * noise_hz, axis=-1))
        spread = np.sqrt(rates_hz**2 @ self.spread_mv2_per_hz2.T)
        listening = np.array([cell.tau_m_ms for cell in self.cells])
        rates, noise = np.empty(mu.shape), np.empty((*mu.shape, len(self.cells)))
        for k, cell in enumerate(self.cells):
            at, of = mu[..., k, None] + spread[..., k, None] * SPREAD_NODES, sigma[..., k, None]
            phi = siegert_rate(at, of, cell, step_ms=self.step_ms)
            rates[..., k] = phi @ SPREAD_WEIGHTS
            for tau in np.unique(listening):
                heard = heard_noise(phi, at, of, cell, float(tau), step_ms=self.step_ms) @ SPREAD_WEIGHTS
                noise[..., listening == tau, k] = heard[..., None]
        return rates, noise

    def run(
        self, extra_mv: np.ndarray, dt_ms: float, start_hz: np.ndarray | None = None, substep_ms: float = 1.0
    ) -> np.ndarray:
        """Rates over time.

        Parameters
        ----------
        extra_mv
            Drive beside the constant one (mV), constant in each step, shape (..., time, population).
        dt_ms
            Step of `extra_mv` and of the result (ms).
        start_hz
            Rates at the start, shape (..., population); None: the steady state of the first step's drive.
        substep_ms
            Longest step of the integration (ms).

        Returns
        -------
        ndarray
            Rates (Hz) at the end of every step, the shape of `extra_mv`.
        """
        u = np.asarray(extra_mv, dtype=float)
        r = self.steady(u[..., 0, :]) if start_hz is None else np.array(start_hz, dtype=float)
        slow = self.tau_s_ms > 0
        s = np.repeat(r[..., None, :], len(self.names), axis=-2)
        noise = s
        for _ in range(5):
            noise = self.targets(r, noise, s, u[..., 0, :])[1]
        n = max(int(np.ceil(dt_ms / min(substep_ms, 0.5 * float(self.tau_ms.min())))), 1)
        keep = np.exp(-dt_ms / n / self.tau_ms)
        keep_s = np.where(slow, np.exp(-dt_ms / n / np.where(slow, self.tau_s_ms, 1.0)), 0.0)[:, None]
        out = np.empty(u.shape)
        for k in range(u.shape[-2]):
            for _ in range(n):
                s = keep_s * s + (1.0 - keep_s) * r[..., None, :]
                goal, rough = self.targets(r, noise, s, u[..., k, :])
                r, noise = goal + (r - goal) * keep, rough + (noise - rough) * keep
            out[..., k, :] = r
        return out

    def steady(self, extra_mv: np.ndarray, patience: int = 4000) -> np.ndarray:
        """Stationary rates (Hz) from low rates on, for drives of shape (..., population).

        Raises
        ------
        RuntimeError
            If they do not settle: the circuit oscillates, or its loops are too strong for this theory.
        """
        u = np.asarray(extra_mv, dtype=float)
        r, noise = np.full(u.shape, 1.0), np.full((*u.shape, len(self.names)), 1.0)
        rate = 0.05
        for k in range(patience):
            goal, rough = self.targets(r, noise, r, u)
            change = goal - r
            r, noise = r + rate * change, noise + rate * (rough - noise)
            # first gently past the transient, then faster
            rate = min(rate * 1.01, 0.3) if k < 400 else rate
            if np.max(np.abs(change)) < 1e-4:
                return r
        raise RuntimeError(
            f"no steady state after {patience} steps; the largest change is still "
            f"{np.max(np.abs(change)):.3g} Hz"
        )


def rate_network(
    circuit: SparseCircuit, tau_ms: float = 5.0, step_ms: float = 0.1, wiring_seed: int | None = None
) -> RateNetwork:
    """The rate network of a current-based spiking circuit.

    Parameters
    ----------
    circuit
        LIF populations with instantaneous or exponential synapses, white noise or Poisson background.
    tau_ms
        Time constant of the rates (ms), until it is fitted.
    step_ms
        Step with which the circuit is simulated (ms).
    wiring_seed
        Seed with which the circuit is simulated: in-degrees are those of the wiring drawn from it. None:
        those to be expected.

    Raises
    ------
    ValueError
        If a population is a Poisson source, synapses are plastic, or background comes through synapses whose
        tau_s / tau_m the theory does not cover.
    """
    n = len(circuit.populations)
    faults = [f"population {p.name!r} is a Poisson source" for p in circuit.populations
              if not isinstance(p.neuron, CurrentNeuron)]  # fmt: skip
    faults += [f"projection {p.source} -> {p.target} is plastic" for p in circuit.projections if p.plasticity]
    if faults:
        raise ValueError(f"circuit {circuit.name!r} has no rate network here: " + "; ".join(faults))
    neurons = [p.neuron for p in circuit.populations if isinstance(p.neuron, CurrentNeuron)]
    sums = _expected(circuit) if wiring_seed is None else drawn_weights(circuit, wiring_seed)
    # of weights as jumps of the potential
    jump = np.array([_jump_mv(cell, 1.0) for cell in neurons])[:, None]
    tau_s = np.array([cell.tau_m_ms * 1e-3 for cell in neurons])[:, None]
    fast = np.array([cell.tau_syn_ms == 0 for cell in neurons])[:, None]
    drive, sigma = np.zeros(n), np.zeros(n)
    for k, (p, cell) in enumerate(zip(circuit.populations, neurons, strict=True)):
        drive[k], sigma[k] = _background(p.name, p.background, cell)
    cells = tuple(
        LIFCell(c.tau_m_ms, c.v_th_mv - c.e_l_mv, c.v_reset_mv - c.e_l_mv, c.tau_ref_ms) for c in neurons
    )
    slow = np.array([c.tau_syn_ms if c.tau_syn_ms > FAST_MS else 0.0 for c in neurons])
    return RateNetwork(
        circuit.names,
        cells,
        tau_s * jump * sums.mean,
        np.where(fast, tau_s * jump**2 * sums.square, 0.0),
        (tau_s * jump) ** 2 * sums.variance,
        drive,
        sigma,
        slow,
        np.full(n, float(tau_ms)),
        step_ms,
    )


@dataclass(frozen=True, eq=False)
class WeightSums:
    """What neurons of a population get from another, shape (target, source), weights in the circuit's unit.

    Parameters
    ----------
    mean, variance
        Of the sum of its weights onto a neuron, over the neurons.
    square
        Mean over the neurons of the sum of squared weights.
    """

    mean: np.ndarray
    square: np.ndarray
    variance: np.ndarray


def _expected(circuit: SparseCircuit) -> WeightSums:
    """Sums to be expected of in-degrees that are binomial or, with a given number of synapses, Poisson."""
    mean, square, variance = (np.zeros((len(circuit.names),) * 2) for _ in range(3))
    for link in circuit.projections:
        where = circuit.names.index(link.target), circuit.names.index(link.source)
        in_degree = circuit.expected_synapses(link) / circuit.population(link.target).size
        share = link.probability if link.probability is not None else 0.0
        second = link.weight**2 + link.weight_sd**2
        mean[where] += link.weight * in_degree
        square[where] += second * in_degree
        variance[where] += in_degree * (second - link.weight**2 * share)
    return WeightSums(mean, square, variance)


def drawn_weights(circuit: SparseCircuit, seed: int) -> WeightSums:
    """Sums of the wiring with which a circuit is simulated that has this seed and no `wiring_seed` itself."""
    # every step has the same wiring, only delays are rounded to it
    wiring = plan(circuit, seed if circuit.wiring_seed is None else circuit.wiring_seed, dt_ms=0.1)
    synapses = draw(wiring)
    bins = np.repeat(np.arange(len(synapses.starts) - 1), np.diff(synapses.starts))
    layer, sender = np.divmod(bins // wiring.max_delay, wiring.senders)
    source = wiring.population[sender]
    target, code = synapses.packed & np.uint32(0xFFFFFF), synapses.packed >> np.uint32(24)
    weight = wiring.weights[source, layer, code]
    n, size = len(circuit.names), circuit.size
    place = target.astype(np.int64) * n + source
    first, second = (
        np.bincount(place, weight**power, minlength=size * n).reshape(size, n) for power in (1, 2)
    )
    _, start = numbering(circuit)
    mine = [slice(a, a + p.size) for a, p in zip(start, circuit.populations, strict=True)]
    return WeightSums(
        np.stack([first[k].mean(axis=0) for k in mine]),
        np.stack([second[k].mean(axis=0) for k in mine]),
        np.stack([first[k].var(axis=0) for k in mine]),
    )


def fit_tau(
    network: RateNetwork, extra_mv: np.ndarray, measured_hz: np.ndarray, dt_ms: float,
    bounds_ms: tuple[float, float] = (0.5, 50.0),
) -> RateNetwork:  # fmt: skip
    """The network with the time constant whose response to an input is closest to a measured one.

    Parameters
    ----------
    network
        The network.
    extra_mv, measured_hz
        Drive (mV) and measured rates (Hz), shape (time, population).
    dt_ms
        Their step (ms).
    bounds_ms
        Where the time constant is looked for (ms).

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if np.shape(extra_mv) != np.shape(measured_hz):
        raise ValueError(f"extra_mv {np.shape(extra_mv)} and measured_hz {np.shape(measured_hz)} must agree")

    def loss(log_tau: float) -> float:
        run = network.with_tau(float(np.exp(log_tau))).run(extra_mv, dt_ms)
        return float(np.mean((run - measured_hz) ** 2))

    found = minimize_scalar(loss, bounds=tuple(np.log(bounds_ms)), method="bounded", options={"xatol": 0.01})
    return network.with_tau(float(np.exp(found.x)))


def extra_drive_mv(circuit: SparseCircuit, drive: Drive, times_s: np.ndarray) -> np.ndarray:
    """What the channels of a drive add to each population at given times (mV), shape (time, population)."""
    row = np.searchsorted(drive.times_s, np.asarray(times_s) + 1e-9, side="right") - 1
    extra = np.zeros((row.size, len(circuit.names)))
    for source in circuit.inputs:
        if source.poisson_hz:
            raise ValueError(f"input {source.channel!r} is a Poisson rate; only currents are mapped")
        if source.channel in drive.channels:
            k = circuit.names.index(source.target)
            level = drive.levels[row, drive.channels.index(source.channel)]
            extra[:, k] += level * _steady_mv(circuit.populations[k].neuron, source.mean)
    return extra


def _steady_mv(neuron, value: float) -> float:
    """A constant drive as the depolarisation that it causes (mV)."""
    return value if neuron.tau_syn_ms == 0 else value * neuron.tau_m_ms / neuron.c_m_pf


def _jump_mv(neuron: CurrentNeuron, weight: float) -> float:
    """The charge of one spike as a jump of the potential (mV)."""
    return weight if neuron.tau_syn_ms == 0 else weight * neuron.tau_syn_ms / neuron.c_m_pf


def _background(name: str, background, neuron: CurrentNeuron) -> tuple[float, float]:
    """Outside drive and noise (mV)."""
    jump, tau_m_s = _jump_mv(neuron, background.weight), neuron.tau_m_ms * 1e-3
    ratio = neuron.tau_syn_ms / neuron.tau_m_ms
    if background.poisson_hz and ratio > LARGEST_RATIO:
        raise ValueError(
            f"population {name!r}: Poisson background through synapses of tau_s / tau_m = {ratio:.3g}; up to "
            f"{LARGEST_RATIO} is covered, measure the transfer function instead"
        )
    drive = _steady_mv(neuron, background.mean) + tau_m_s * jump * background.poisson_hz
    return drive, float(np.sqrt(background.noise_sd_mv**2 + tau_m_s * jump**2 * background.poisson_hz))
