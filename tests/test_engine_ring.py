"""Rings in the engine: kernels and inputs of single neurons, against sums written out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

from neurosim.circuit import Circuit, Input, Population, Projection
from neurosim.drive import Drive
from neurosim.engine import DivergedError, exchange, simulate, standalone
from neurosim.parameters import INTERNEURON, PYRAMIDAL, Receptors
from neurosim.ring import GaussianKernel, GaussianProfile, VonMisesProfile, directions_deg

needs_compiler = pytest.mark.skipif(standalone.compiler() is None, reason="no C++ compiler")

E, I = replace(PYRAMIDAL, v_reset_mv=-60.0), replace(INTERNEURON, v_reset_mv=-60.0)  # noqa: E741
NARROW, WIDE, FLAT = GaussianKernel(9.0, 3.0), GaussianKernel(40.0), GaussianKernel(9.0, 1.0)


def ring(
    kernel: GaussianKernel | None, to_i: GaussianKernel | None = WIDE, ne: int = 61, ni: int = 22
) -> Circuit:
    """A bump circuit with sizes that fill no vector register, every receptor and every kind of input."""
    return Circuit(
        "ring",
        (Population("e", ne, E, 9.3, 600.0), Population("i", ni, I, 7.14, 600.0)),
        (
            Projection("e", "e", "nmda", 1001.9 / ne, kernel=kernel),
            Projection("e", "e", "ampa", 20.0 / ne, kernel=kernel),
            Projection("e", "i", "nmda", 717.6 / ne, kernel=kernel and to_i),
            Projection("i", "e", "gaba", 807.2 / ni),
            Projection("i", "i", "gaba", 566.2 / ni),
        ),
        (
            Input("cue", "e", current_na=0.375, profile=GaussianProfile(12.0)),
            Input("gate", "e", current_na=0.05),
            Input("gate", "i", rate_hz=20.0),
            Input("poke", "e", rate_hz=300.0, profile=VonMisesProfile(2.0)),
        ),
        receptors=Receptors(tau_gaba_ms=10.0),
    )


def unconnected(circuit: Circuit) -> Circuit:
    return replace(circuit, projections=tuple(replace(p, g_ns=0.0) for p in circuit.projections))


def drive(duration_s: float = 0.6, angle: float = 90.0) -> Drive:
    return Drive.from_events(
        [0.05, 0.2, 0.15],
        [0.2, 0.3, 0.3],
        ["cue", "poke", "gate"],
        [1.0, 1.0, 1.0],
        duration_s,
        angles_deg=[angle, 200.0, 0.0],
    )


def same(a, b) -> bool:
    return all(np.array_equal(a.spikes[n][j], b.spikes[n][j]) for n in a.spikes for j in (0, 1))


@pytest.mark.parametrize(("sigma", "j_plus", "j_minus"), [(14.4, 1.62, 0.931), (9.0, 3.0, 0.866)])
def test_kernel_has_mean_one_and_the_published_floor(sigma, j_plus, j_minus):
    kernel = GaussianKernel(sigma, j_plus)
    mean = quad(lambda d: float(kernel.weight(d)), -180, 180, points=[0.0])[0] / 360
    assert mean == pytest.approx(1.0, abs=1e-9)
    assert kernel.weight(0.0) == pytest.approx(j_plus)
    # spiking_models of Compte et al. (2000) and Murray et al. (2012): J- follows from the two others
    assert kernel.j_minus == pytest.approx(j_minus, abs=5e-4)
    assert GaussianKernel(36.0).weight(180.0) == pytest.approx(
        GaussianKernel(36.0).peak * np.exp(-12.5), rel=1e-9
    )


def test_kernel_faults():
    with pytest.raises(ValueError, match=r"sigma_deg = 0.0, must be finite and positive"):
        GaussianKernel(0.0, 1.6)
    with pytest.raises(ValueError, match=r"j_plus = 20, must be between 0 and 9.97"):
        GaussianKernel(14.4, 20)


@pytest.mark.parametrize(("ns", "nt"), [(12, 12), (12, 4), (4, 12), (10, 15)])
def test_rows_are_the_kernel_at_the_difference_of_preferred_directions(ns, nt):
    kernel = GaussianKernel(30.0, 2.0)
    circuit = Circuit(
        "pair",
        (Population("a", ns, E, 1.0), Population("b", nt, I, 1.0)),
        (Projection("a", "b", "ampa", 2.0, 3.0, kernel=kernel),),
    )
    first, second = exchange.links([circuit, circuit], 0.1)
    assert (first.source_start, second.source_start, second.target_start) == (0, ns, nt)
    assert first.weight == pytest.approx(6e-9 * 20 * (1 - np.exp(-0.05)))
    for neuron, angle in enumerate(directions_deg(ns)):
        row, column = first.row(neuron)
        np.testing.assert_allclose(
            first.rows[row, column : column + nt], kernel.weight(directions_deg(nt) - angle), rtol=1e-12
        )


@needs_compiler
def test_a_flat_kernel_equals_a_flat_projection():
    """J+ = 1 weighs every pair alike: spike for spike what the sums over populations give."""
    a, b = (simulate([c], [drive()], [1], record_spikes=True)[0] for c in (ring(None), ring(FLAT, FLAT)))
    assert a.spikes["e"][0].size > 200
    assert same(a, b)


@needs_compiler
def test_rings_do_not_depend_on_the_batch():
    circuit = ring(NARROW)
    # as long as it takes a difference in the last bit to grow into other spikes
    drives, seeds = [drive(2.0, a) for a in (90.0, 10.0, 300.0, 45.0)], [1, 2, 3, 4]
    runs = [simulate([circuit] * 4, drives, seeds, record_spikes=True, width=w) for w in (1, 2, 4)]
    for others in runs[1:]:
        assert all(same(a, b) for a, b in zip(runs[0], others, strict=True))
    assert not same(runs[0][0], runs[0][1])


@needs_compiler
def test_compiled_and_numpy_rings_agree_until_rounding_grows():
    circuit = ring(NARROW)
    compiled, plain = (
        simulate([circuit], [drive(0.4)], [5], record_spikes=True, target=t)[0] for t in ("cpp", "numpy")
    )
    for name in circuit.names:
        early = [(t[t < 0.25], i[t < 0.25]) for t, i in (compiled.spikes[name], plain.spikes[name])]
        assert early[0][0].size > 20
        np.testing.assert_allclose(early[0][0], early[1][0], atol=1e-9)
        np.testing.assert_array_equal(early[0][1], early[1][1])


@needs_compiler
def test_spikes_answer_where_current_and_rate_are_put():
    silent = unconnected(ring(NARROW))
    recording = simulate([silent] * 2, [drive(), drive(angle=-90.0)], [1, 2], record_spikes=True, width=2)
    for one, angle in zip(recording, (90.0, -90.0), strict=True):
        t, neuron = one.spikes["e"]
        theta = np.radians(directions_deg(61)[neuron])
        for start, stop, centre in ((0.07, 0.2, angle), (0.27, 0.5, 200.0)):
            chosen = (t > start) & (t < stop)
            mean = np.degrees(np.angle(np.exp(1j * theta[chosen]).mean()))
            assert abs((mean - centre + 180) % 360 - 180) < 12


@needs_compiler
def test_injected_current_gives_the_rate_of_the_closed_form():
    """Without noise: 1/f = tau_ref + tau_m ln((V_inf - V_reset) / (V_inf - V_th))."""
    quiet = unconnected(ring(NARROW))
    quiet = replace(quiet, populations=tuple(replace(p, background_hz=0.0) for p in quiet.populations))
    recording = simulate([quiet], [Drive.constant({"gate": 14.0}, 2.0)], [1], record_spikes=True)[0]
    v_inf = -70.0 + 0.7e3 / 25.0
    period_ms = 2.0 + 20.0 * np.log((v_inf + 60.0) / (v_inf + 50.0))
    assert recording.spikes["e"][0].size / 61 / 2.0 == pytest.approx(1e3 / period_ms, rel=0.02)


@needs_compiler
def test_kernels_and_currents_are_swapped_without_compiling(monkeypatch):
    simulate([ring(NARROW)], [drive()], [1], record_spikes=True)

    def refuse(*_):
        raise AssertionError("compiled again")

    monkeypatch.setattr(standalone, "_compile", refuse)
    wide = ring(GaussianKernel(20.0, 1.7))
    other = replace(wide, inputs=(replace(wide.inputs[0], current_na=0.1), *wide.inputs[1:]))
    a, b = (
        simulate([ring(NARROW)], [drive()], [1], record_spikes=True),
        simulate([other], [drive()], [1], record_spikes=True),
    )
    assert not same(a[0], b[0])


@pytest.mark.parametrize("target", ["cpp", "numpy"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_diverging_ring_is_caught_and_named(target):
    if target == "cpp" and standalone.compiler() is None:
        pytest.skip("no C++ compiler")
    good = ring(NARROW)
    wild = replace(
        good,
        projections=tuple(
            replace(p, g_ns=1e9) if p.target == "i" and p.kernel else p for p in good.projections
        ),
    )
    with pytest.raises(DivergedError, match=r"diverged at 0\.\d+ s in population 'i'"):
        simulate([wild], [drive()], [1], target=target, record_spikes=True)


def test_drive_angles():
    two = Drive.from_events([0.1, 0.3], [0.1, 0.1], ["cue", "cue"], [1.0, 1.0], 1.0, angles_deg=[30.0, 60.0])
    assert two.times_s.tolist() == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert two.angles_deg is not None and two.angles_deg[:, 0].tolist() == [0.0, 30.0, 0.0, 60.0, 0.0]
    with pytest.raises(ValueError, match="different directions overlap on channel 'cue'"):
        Drive.from_events([0.1, 0.15], [0.1, 0.1], ["cue", "cue"], [1.0, 1.0], 1.0, angles_deg=[30.0, 60.0])
    with pytest.raises(ValueError, match="angles_deg must be finite"):
        replace(two, angles_deg=np.zeros((2, 1)))


def test_what_is_structure_and_what_is_free():
    circuit = ring(NARROW)
    assert ring(GaussianKernel(10.0, 1.5)).structure_digest == circuit.structure_digest
    assert ring(GaussianKernel(10.0, 1.5)).digest != circuit.digest
    assert ring(None).structure_digest != circuit.structure_digest
    table = circuit.methods_table()
    assert "Gaussian sigma 9 deg, J+ 3, J- 0.866" in table
    assert "0.375 nA, GaussianProfile(sigma_deg=12.0)" in table
