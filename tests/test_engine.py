"""The engine: against distributions, an explicit Brian2 network, and itself."""

from __future__ import annotations

import logging
import os
import resource
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from neurosim.circuit import Circuit, Input, Population, Projection, Readout
from neurosim.drive import Drive
from neurosim.engine import TOLD, DivergedError, announce, simulate, standalone
from neurosim.engine.endurance import memory_growth_mb, warm_start_s
from neurosim.parameters import INTERNEURON, PYRAMIDAL

needs_compiler = pytest.mark.skipif(standalone.compiler() is None, reason="no C++ compiler")


def competition(size: int = 60) -> Circuit:
    """Two pools that excite themselves and inhibit each other: small, with every receptor."""
    populations = (
        Population("a", size, PYRAMIDAL, 2.1),
        Population("b", size, PYRAMIDAL, 2.1),
        Population("i", size // 2, INTERNEURON, 1.62),
    )
    projections = []
    for source in "ab":
        for target in "ab":
            weight = 1.7 if source == target else 0.9
            projections.append(Projection(source, target, "nmda", 80.0 / size, weight, arousal=1.0))
            projections.append(Projection(source, target, "ampa", 24.0 / size, weight))
        projections.append(Projection(source, "i", "nmda", 100.0 / size))
        projections.append(Projection("i", source, "gaba", 520.0 / (size // 2)))
    projections.append(Projection("i", "i", "gaba", 400.0 / (size // 2)))
    inputs = (Input("left", "a", 400.0), Input("right", "b", 400.0))
    readout = Readout(populations=("a", "b"), resets=("a", "b"), threshold_hz=20.0)
    return Circuit("competition", populations, tuple(projections), inputs, readout)


def pulse(channel: str = "left", duration_s: float = 1.0) -> Drive:
    return Drive.from_events([0.3], [0.4], [channel], [1.0], duration_s)


@pytest.mark.parametrize("mean", [0.05, 0.24, 0.6])
def test_poisson_counts_are_poisson(mean):
    from neurosim.engine.functions import _poisson_count

    streams = np.random.SeedSequence(3).generate_state(200, np.uint32).view(np.int32)
    steps = np.arange(5000)
    counts = _poisson_count(streams[:, None], steps[None, :], mean, np.exp(-mean))
    n = counts.size
    observed = np.bincount(counts.astype(int).ravel(), minlength=6)[:6]
    expected = n * stats.poisson.pmf(np.arange(6), mean)
    keep = expected > 5
    assert (
        stats.chisquare(observed[keep], expected[keep] * observed[keep].sum() / expected[keep].sum()).pvalue
        > 1e-3
    )
    assert counts.mean() == pytest.approx(mean, abs=4 * np.sqrt(mean / n))
    assert counts.var() == pytest.approx(mean, rel=0.02)


def test_poisson_counts_are_independent_over_neurons_and_steps():
    from neurosim.engine.functions import _poisson_count

    # neighbouring streams are the hardest case for a hash
    counts = _poisson_count(np.arange(100)[:, None], np.arange(20_000)[None, :], 0.24, np.exp(-0.24))
    neurons = np.corrcoef(counts)
    off = neurons[~np.eye(100, dtype=bool)]
    bound = 5 / np.sqrt(20_000)
    assert np.abs(off).max() < bound
    assert off.std() == pytest.approx(1 / np.sqrt(20_000), rel=0.1)
    for lag in (1, 2, 3, 10, 1000):
        serial = [np.corrcoef(c[:-lag], c[lag:])[0, 1] for c in counts]
        assert np.abs(serial).max() < bound
    # the population sum is as variable as independent neurons make it
    assert counts.sum(axis=0).var() == pytest.approx(24.0, rel=0.05)


COUNTS = """
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
%CODE%
int main(int, char** a) {
    const double mean = std::atof(a[1]), p0 = std::exp(-mean);
    const int streams = std::atoi(a[2]), steps = std::atoi(a[3]);
    int32_t* stream = new int32_t[streams];
    double* counts = new double[streams];
    if (std::fread(stream, 4, streams, stdin) != (size_t)streams) return 1;
    for (int t = 0; t < steps; t++) {
        for (int i = 0; i < streams; i++) counts[i] = poisson_count(stream[i], t, mean, p0);
        for (int i = 0; i < streams; i++) std::putchar((int)counts[i]);
    }
}
"""


@pytest.fixture(scope="module")
def compiled_counts(tmp_path_factory):
    """Counts (stream, step) drawn by the C++ of the simulations, compiled as they are."""
    if standalone.compiler() is None:
        pytest.skip("no C++ compiler")
    from neurosim.engine.functions import poisson_count

    folder = tmp_path_factory.mktemp("counts")
    code = poisson_count.implementations["cpp"].get_code(None)
    (folder / "counts.cpp").write_text(COUNTS.replace("%CODE%", code))
    program = [standalone.compiler(), *standalone.FLAGS, "counts.cpp", "-o", "counts"]
    subprocess.run(program, cwd=folder, check=True)

    def draw(streams: np.ndarray, steps: int, mean: float) -> np.ndarray:
        given = [str(folder / "counts"), repr(mean), str(streams.size), str(steps)]
        done = subprocess.run(
            given, input=streams.astype(np.int32).tobytes(), capture_output=True, check=True
        )
        return np.frombuffer(done.stdout, np.uint8).reshape(steps, streams.size).T.astype(float)

    return draw


@pytest.mark.parametrize("mean", [0.0, 0.02, 0.24, 1.0])
def test_compiled_counts_are_poisson_and_those_of_numpy(compiled_counts, mean):
    from neurosim.engine.functions import _poisson_count

    streams = np.random.SeedSequence(8).generate_state(203, np.uint32).view(np.int32)
    counts = compiled_counts(streams, 5000, mean)
    plain = _poisson_count(streams[:, None], np.arange(5000)[None, :], mean, np.exp(-mean))
    np.testing.assert_array_equal(counts, plain)
    n = counts.size
    expected = n * stats.poisson.pmf(np.arange(11), mean)
    keep = expected > 5
    observed = np.bincount(counts.astype(int).ravel(), minlength=11)
    assert counts.mean() == pytest.approx(mean, abs=4 * np.sqrt(mean / n))
    if mean:
        fit = stats.chisquare(observed[keep], expected[keep] / expected[keep].sum() * observed[keep].sum())
        assert fit.pvalue > 1e-3
        assert counts.var() == pytest.approx(mean, abs=4 * np.sqrt((mean + 2 * mean**2) / n))


def test_compiled_counts_are_independent_over_neurons_steps_and_seeds(compiled_counts):
    steps = 20_000
    one, other = (np.random.SeedSequence(s).generate_state(60, np.uint32).view(np.int32) for s in (1, 2))
    neighbours = np.arange(60, dtype=np.int32)  # the hardest case for a hash
    counts = compiled_counts(np.concatenate([one, other, neighbours]), steps, 0.24)
    between = np.corrcoef(counts)[~np.eye(180, dtype=bool)]
    # 16,110 pairs: none beyond five standard errors, and as wide as chance makes them
    assert np.abs(between).max() < 5 / np.sqrt(steps)
    assert between.std() == pytest.approx(1 / np.sqrt(steps), rel=0.05)
    for lag in (1, 2, 7, 100):
        serial = [np.corrcoef(c[:-lag], c[lag:])[0, 1] for c in counts]
        assert np.abs(serial).max() < 5 / np.sqrt(steps)
    # sums over neurons and over windows are Poisson too: correlations too small to see in pairs would add up
    assert counts.sum(axis=0).var() == pytest.approx(180 * 0.24, rel=4 * np.sqrt(2 / steps))
    windows = counts.reshape(180, -1, 100).sum(axis=2)
    assert windows.var() == pytest.approx(24.0, rel=4 * np.sqrt(2 / windows.size))


@needs_compiler
def test_progress_is_told_while_a_compiled_simulation_runs():
    told: list[float] = []
    simulate([competition()] * 2, [pulse(duration_s=1.0)] * 2, [1, 2], width=1, progress=told.append)
    assert len(told) > 40
    assert told == sorted(told)
    assert told[0] < 0.05 and told[-1] == 1.0


@needs_compiler
def test_the_result_does_not_depend_on_the_batch():
    circuit, drives = competition(), [pulse("left"), pulse("right", 0.8), pulse("left")]
    together = simulate([circuit] * 3, drives, [1, 2, 3], width=3)
    alone = simulate([circuit] * 3, drives, [1, 2, 3], width=1)
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_array_equal(one.rates["rate"].values, other.rates["rate"].values)
        np.testing.assert_array_equal(one.response_times_s, other.response_times_s)
        assert list(one.responses) == list(other.responses)
    assert not np.array_equal(together[0].rates["rate"].values, together[2].rates["rate"].values)


@needs_compiler
def test_compiled_and_numpy_agree_until_rounding_grows():
    circuit = competition()
    compiled = simulate([circuit], [pulse(duration_s=0.5)], [5], record_spikes=True, target="cpp")[0]
    plain = simulate([circuit], [pulse(duration_s=0.5)], [5], record_spikes=True, target="numpy")[0]
    for name in circuit.names:
        early = [r.spikes[name][0][r.spikes[name][0] < 0.2] for r in (compiled, plain)]
        np.testing.assert_allclose(*early, atol=1e-9)
    np.testing.assert_allclose(
        compiled.rates["rate"].sel(time=slice(0, 0.2)), plain.rates["rate"].sel(time=slice(0, 0.2)), rtol=1e-4
    )


def test_the_stimulated_pool_responds_and_is_reset():
    recording = simulate([competition()], [pulse("left", 1.2)], [7])[0]
    assert list(recording.responses)[:1] == ["a"]
    first = recording.response_times_s[0]
    assert 0.3 < first < 0.7
    gaps = np.diff(recording.response_times_s)
    assert np.all(gaps >= 0.2 - 1e-9)
    assert recording.mean_rate("a", first + 0.04, first + 0.1) < recording.mean_rate("a", first - 0.04, first)


def test_arousal_scales_self_excitation():
    circuit = replace(competition(), readout=Readout())
    weak = replace(pulse("left", 1.0), arousal=np.full(3, 0.2))
    strong, faint = simulate([circuit, circuit], [pulse("left", 1.0), weak], [1, 1])
    assert faint.mean_rate("a", 0.4, 0.7) < 0.8 * strong.mean_rate("a", 0.4, 0.7)


def test_population_sums_equal_explicit_synapses():
    """The same circuit written out with one Brian2 synapse for every pair gives the same rates."""
    from neurosim.engine.brian import b2

    circuit = replace(competition(40), readout=Readout())
    seconds = 2.0
    n = 8
    drive = Drive.constant({"left": 0.2}, seconds)
    ours = simulate([circuit] * n, [drive] * n, list(range(n)), record_dt_ms=5.0)
    reference = _explicit(b2, circuit, {"a": 0.2 * 400.0}, seconds)
    for name in circuit.names:
        rates = [r.mean_rate(name, 0.5) for r in ours]
        # prediction interval of one more run like ours; 99.9 %, for three populations are compared
        half = stats.t.ppf(0.9995, n - 1) * np.std(rates, ddof=1) * np.sqrt(1 + 1 / n)
        assert reference[name] == pytest.approx(np.mean(rates), abs=half)


def _explicit(b2, circuit: Circuit, extra_hz: dict[str, float], seconds: float) -> dict[str, float]:
    """Clock-driven NMDA with x and s in every neuron, PoissonInput, pairwise synapses."""
    b2.set_device("runtime")
    before, b2.prefs.codegen.target = b2.prefs.codegen.target, "numpy"
    b2.seed(11)
    b2.defaultclock.dt = 0.1 * b2.ms
    equations = """
    dv/dt = (g_l*(v_l - v) - (g_ext*s_ext + g_a)*v - g_n*v/(1 + exp(-0.062*v/mV)/3.57) - g_g*(v + 70*mV))/c_m
        : volt (unless refractory)
    ds_ext/dt = -s_ext/(2*ms) : 1
    dg_a/dt = -g_a/(2*ms) : siemens
    dg_g/dt = -g_g/(5*ms) : siemens
    g_n : siemens
    dx/dt = -x/(2*ms) : 1
    ds/dt = -s/(100*ms) + 0.5/ms*x*(1 - s) : 1
    """
    groups, monitors, objects = {}, {}, []
    for p in circuit.populations:
        n = p.neuron
        group = b2.NeuronGroup(
            p.size,
            equations,
            threshold="v > -50*mV",
            reset="v = -55*mV; x += 1",
            refractory=n.tau_ref_ms * b2.ms,
            method="euler",
            namespace={
                "g_l": n.g_l_ns * b2.nS,
                "v_l": n.v_l_mv * b2.mV,
                "c_m": n.c_m_nf * b2.nF,
                "g_ext": p.g_ext_ns * b2.nS,
            },
        )
        group.v = "-55*mV + 5*mV*rand()"
        rate = p.background_hz + extra_hz.get(p.name, 0.0)
        objects += [group, b2.PoissonInput(group, "s_ext", 1, rate * b2.Hz, 1)]
        groups[p.name] = group
        monitors[p.name] = b2.SpikeMonitor(group, record=False)
    sums = {name: [] for name in groups}
    for p in circuit.projections:
        source, target = groups[p.source], groups[p.target]
        g = p.g_ns * p.weight * b2.nS
        if p.receptor == "nmda":
            sums[p.target].append((source, g))
            continue
        synapses = b2.Synapses(
            source,
            target,
            on_pre="g_a += g" if p.receptor == "ampa" else "g_g += g",
            delay=0.5 * b2.ms,
            namespace={"g": g},
        )
        synapses.connect()
        objects.append(synapses)

    @b2.network_operation(dt=0.1 * b2.ms)
    def add_up():
        for name, parts in sums.items():
            groups[name].g_n = sum(g * np.sum(source.s[:]) for source, g in parts) if parts else 0 * b2.nS

    network = b2.Network(objects, add_up, *monitors.values())
    network.run(0.5 * b2.second)
    before_counts = {name: m.num_spikes for name, m in monitors.items()}
    network.run((seconds - 0.5) * b2.second)
    b2.prefs.codegen.target = before
    return {
        name: (m.num_spikes - before_counts[name]) / (len(groups[name]) * (seconds - 0.5))
        for name, m in monitors.items()
    }


@pytest.mark.parametrize("target", ["cpp", "numpy"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_divergence_is_caught_and_named(target):
    if target == "cpp" and standalone.compiler() is None:
        pytest.skip("no C++ compiler")
    circuit = competition()
    wild = replace(circuit, projections=tuple(replace(p, g_ns=p.g_ns * 1e9) for p in circuit.projections))
    with pytest.raises(DivergedError, match=r"diverged at 0\.\d+ s in population '[abi]'"):
        simulate([wild], [pulse()], [1], target=target)
    if target == "cpp":
        with pytest.raises(DivergedError, match=r"\(participant 1\)"):
            simulate([circuit, wild], [pulse()] * 2, [1, 1], target=target, width=1)


def test_without_a_compiler_one_line_says_so(monkeypatch, caplog):
    monkeypatch.setattr(standalone, "compiler", lambda: None)
    monkeypatch.setenv(TOLD, "1")  # so that the test leaves the environment as it was
    monkeypatch.delenv(TOLD)
    with caplog.at_level(logging.WARNING, logger="neurosim"):
        for _ in range(2):
            recording = simulate([competition(10)], [pulse(duration_s=0.05)], [1])[0]
    assert len(caplog.records) == 1
    assert "no C++ compiler" in caplog.text
    assert recording.rates.sizes == {"time": 3, "unit": 3}
    with pytest.raises(RuntimeError, match="install g"):
        simulate([competition(10)], [pulse()], [1], target="cpp")


@needs_compiler
def test_a_known_circuit_starts_without_brian():
    """New weights and input in a fresh process: nothing is compiled, Brian2 is not even imported."""
    simulate([competition()], [pulse()], [1])
    code = (
        "import sys; sys.path.insert(0, 'tests'); from test_engine import competition, pulse; "
        "from neurosim.engine import simulate; "
        "simulate([competition().scale_projections('a', 'a', 0.5)], [pulse('right')], [9]); "
        "sys.exit('brian2' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@needs_compiler
def test_many_short_runs_leave_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert memory_growth_mb(100, competition()) < 2.0
    assert list(tmp_path.iterdir()) == []


@needs_compiler
def test_a_known_circuit_starts_within_a_second():
    simulate([competition()], [pulse()], [1], width=1)  # compiled now, if never before
    before = _cpu_s()
    here, fresh = warm_start_s(competition())
    assert 0 < here < fresh
    # processor time, for others stretch the clock: three starts, one with a new Python and its imports
    assert _cpu_s() - before < 3.0


def _cpu_s() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def test_faults_of_a_call():
    circuit = competition()
    with pytest.raises(ValueError, match="one circuit, drive and seed"):
        simulate([circuit], [pulse()], [1, 2])
    with pytest.raises(ValueError, match="share their structure"):
        simulate([circuit, competition(20)], [pulse(), pulse()], [1, 2])
    with pytest.raises(
        ValueError, match=r"unknown input channels \['up'\]; the circuit has \['left', 'right'\]"
    ):
        simulate([circuit], [pulse("up")], [1])
    with pytest.raises(ValueError, match="unknown target"):
        simulate([circuit], [pulse()], [1], target="cuda")  # type: ignore[arg-type]


def test_workers_do_not_repeat_the_missing_compiler(monkeypatch, caplog):
    monkeypatch.setattr(standalone, "compiler", lambda: None)
    monkeypatch.setenv(TOLD, "1")
    monkeypatch.delenv(TOLD)
    announce()
    assert len(caplog.records) == 1
    # what a process started from here finds in its environment
    assert TOLD in os.environ
    announce()
    assert len(caplog.records) == 1
