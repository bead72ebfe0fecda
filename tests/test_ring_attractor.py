"""The ring attractor: its measures against known profiles, the circuit against recomputed numbers."""

from __future__ import annotations

import numpy as np
import pytest

from neurosim.circuits.parameter_table import parameter_table
from neurosim.circuits.protocols.ring_protocol import (
    DelayTrial,
    diffusion_of,
    distractor_trials,
    memory_trials,
    smaller,
    spread_of,
)
from neurosim.circuits.ring_attractor import RingParameters, StrongRingParameters, ring_circuit
from neurosim.engine import standalone
from neurosim.ring import angular_distance_deg, directions_deg
from neurosim.ring_measures import (
    bump_of,
    direction_rates,
    displacement_slope,
    population_vector,
    vector_course,
)

needs_compiler = pytest.mark.skipif(standalone.compiler() is None, reason="no C++ compiler")


def gaussian(size: int, centre: float, sigma: float, peak: float = 40.0, base: float = 2.0) -> np.ndarray:
    away = angular_distance_deg(directions_deg(size), centre)
    return base + (peak - base) * np.exp(-(away**2) / (2 * sigma**2))


@pytest.mark.parametrize("centre", [0.0, 100.0, 358.0])
def test_a_gaussian_bump_is_measured_as_what_it_is(centre):
    bump = bump_of(gaussian(512, centre, 20.0), smoothing_deg=2.0)
    assert bump.width_deg == pytest.approx(2.3548 * 20.0, rel=0.02)
    assert bump.peak_hz == pytest.approx(40.0, rel=0.01)
    assert bump.baseline_hz == pytest.approx(2.0, abs=0.01)
    assert abs(angular_distance_deg(bump.centre_deg, centre)) < 1e-6


def test_population_vector_of_a_von_mises_profile():
    """Its length is the ratio of Bessel functions I1(k) / I0(k)."""
    from scipy.special import i0, i1

    rates = np.exp(2.0 * np.cos(np.radians(directions_deg(360) - 75.0)))
    angle, length = population_vector(rates)
    assert angle == pytest.approx(75.0)
    assert length == pytest.approx(i1(2.0) / i0(2.0), rel=1e-9)
    assert population_vector(np.ones(8))[1] == pytest.approx(0.0, abs=1e-12)
    assert np.isnan(population_vector(np.zeros(8))[0])


def test_direction_rates_count_spikes():
    times, neurons = np.array([0.1, 0.2, 0.3, 0.9]), np.array([0, 7, 2, 2])
    assert direction_rates((times, neurons), 8, 0.0, 0.5).tolist() == [2, 0, 2, 0, 0, 0, 0, 2]
    # sectors of two are centred on cells 0, 2, 4, 6: cell 7 is in the first
    assert direction_rates((times, neurons), 8, 0.0, 0.5, 4).tolist() == [2, 1, 0, 0]
    with pytest.raises(ValueError, match="sectors = 3, must divide the 8"):
        direction_rates((times, neurons), 8, 0.0, 0.5, 3)
    with pytest.raises(ValueError, match="the window is empty"):
        direction_rates((times, neurons), 8, 0.5, 0.5)


def test_vector_course_follows_a_moving_bump():
    rng = np.random.default_rng(1)
    times = np.sort(rng.uniform(0, 4, 8000))
    neurons = ((20.0 * times + rng.normal(0, 15, times.size)) % 360 / 360 * 256).astype(int)
    at = np.array([0.5, 1.5, 2.5, 3.5])
    angles, lengths = vector_course((times, neurons), 256, at)
    np.testing.assert_allclose(angles, 20.0 * at, atol=3.0)
    np.testing.assert_allclose(lengths, np.exp(-0.5 * np.radians(15.0) ** 2), atol=0.02)


def test_diffusion_is_the_slope_of_the_variance():
    rng = np.random.default_rng(2)
    steps = rng.normal(0, np.sqrt(8.0 * 0.5), (4000, 12))
    slope = displacement_slope(np.cumsum(steps, axis=1), np.arange(1, 13) * 0.5)
    assert slope == pytest.approx(8.0, rel=0.06)
    with pytest.raises(ValueError, match="two trials"):
        displacement_slope(np.zeros((1, 4)), np.arange(4))


def test_total_conductance_does_not_depend_on_size():
    def totals(p: RingParameters) -> list[float]:
        circuit = ring_circuit(p)
        size = {x.name: x.size for x in circuit.populations}
        return [x.g_ns * x.weight * size[x.source] for x in circuit.projections]

    assert totals(smaller(RingParameters(), 4)) == pytest.approx(totals(RingParameters()))
    # Murray et al. (2012) give totals
    assert totals(StrongRingParameters()) == pytest.approx([1001.9, 717.6, 807.2, 566.2])


def test_every_parameter_has_unit_and_source():
    for p in (RingParameters(), StrongRingParameters()):
        assert all(row["unit"] and row["source"] for row in parameter_table(p))
    assert "Gaussian sigma 14.4 deg, J+ 1.62, J- 0.93" in ring_circuit().methods_table()


@pytest.mark.slow
@needs_compiler
def test_the_bump_of_the_strong_set():
    """Acceptance band of the recomputed circuit: peak 40-50 Hz, width 50-60 deg, spread at 3 s 1.5-5 deg."""
    m = memory_trials(10, 1, trial=DelayTrial(end_s=4.5, bump_from_s=3.0))
    mean = m.mean()
    assert 40 < mean["peak_hz"] < 50
    assert 50 < mean["width_deg"] < 60
    assert mean["baseline_hz"] < 2.0
    assert mean["spontaneous_vector"] < 0.1 < 0.75 < mean["delay_vector"]
    assert 1.5 < spread_of(m, 3.0, np.random.default_rng(0)).value < 5.0
    assert diffusion_of(m, np.random.default_rng(0)).value > 0


@needs_compiler
def test_a_distractor_pulls_the_bump_only_from_nearby():
    pulled = distractor_trials([45.0, 135.0], 3, 3).groupby("offset_deg")["shift_deg"].mean()
    assert pulled[45.0] > 8.0
    assert abs(pulled[135.0]) < 8.0
