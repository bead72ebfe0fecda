"""Sparse circuits: wiring against its distribution, neurons against closed forms, C++ against NumPy."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from neurosim.drive import Drive
from neurosim.engine import DivergedError, standalone
from neurosim.engine.sparse import simulate_sparse
from neurosim.engine.sparse_wiring import draw, plan, poisson_draws
from neurosim.sparse import (
    Background,
    CurrentNeuron,
    Plasticity,
    PoissonSource,
    RandomProjection,
    SparseCircuit,
    SparseInput,
    SparsePopulation,
)

needs_compiler = pytest.mark.skipif(standalone.compiler() is None, reason="no C++ compiler")
CELL = CurrentNeuron(10.0, 250.0, 2.0, 0.5, -65.0, -50.0, -65.0, -58.0, 5.0)
STEP_CELL = CurrentNeuron(20.0, 250.0, 2.0, 0.0, 0.0, 20.0, 10.0, 5.0)
QUIET = Drive.constant({}, 0.2)


def network(size: int = 80) -> SparseCircuit:
    """Excitation and inhibition with Poisson background, both wiring rules, and an input population."""
    background = Background(poisson_hz=12000.0, weight=87.8)
    return SparseCircuit(
        "network",
        (
            SparsePopulation("e", size, CELL, background),
            SparsePopulation("i", size // 4, CELL, background),
            SparsePopulation("thalamus", 50, PoissonSource()),
        ),
        (
            RandomProjection("e", "i", 87.8, synapses=size * 10, weight_sd=8.78, delay_sd_ms=0.75),
            RandomProjection("e", "e", 87.8, synapses=size * 20, weight_sd=8.78, delay_sd_ms=0.75),
            RandomProjection("i", "e", -351.0, probability=0.1, weight_sd=35.0, delay_ms=0.8),
            RandomProjection("thalamus", "e", 87.8, probability=0.2, delay_ms=1.0),
        ),
        (SparseInput("pulse", "thalamus", poisson_hz=120.0), SparseInput("current", "i", mean=50.0)),
    )


def decode(circuit: SparseCircuit, seed: int):
    """Sender, delay (steps), target and weight of every synapse."""
    wiring = plan(circuit, seed, 0.1)
    drawn = draw(wiring)
    bins = np.repeat(np.arange(drawn.starts.size - 1), np.diff(drawn.starts))
    row, delay = np.divmod(bins, wiring.max_delay)
    layer, sender = np.divmod(row, wiring.senders)
    weight = wiring.weights[wiring.population[sender], layer, drawn.packed >> np.uint32(24)]
    return sender, delay + 1, (drawn.packed & np.uint32(0xFFFFFF)).astype(int), weight


def test_wiring_by_number_has_the_distribution_it_says():
    neurons = (SparsePopulation("a", 400, CELL), SparsePopulation("b", 300, CELL))
    n = 120_000
    link = RandomProjection("a", "b", 10.0, synapses=n, weight_sd=2.0, delay_ms=1.5, delay_sd_ms=0.75)
    sender, delay, target, weight = decode(SparseCircuit("c", neurons, (link,)), 5)
    assert sender.size == n
    for counts, size in ((np.bincount(sender, minlength=700)[:400], 400), (np.bincount(target)[400:], 300)):
        assert counts.size == size
        assert stats.chisquare(counts).pvalue > 1e-3
    # source and target are independent: a table of 4 x 3 blocks is flat
    blocks = np.bincount((sender // 100) * 3 + (target - 400) // 100, minlength=12)
    assert stats.chisquare(blocks).pvalue > 1e-3
    assert weight.mean() == pytest.approx(10.0, abs=4 * 2.0 / np.sqrt(n))
    assert weight.std() == pytest.approx(2.0, rel=0.02)
    # normal delays without what would round to less than one step
    below = stats.norm.cdf((0.05 - 1.5) / 0.75)
    steps = np.arange(1, 60)
    edges_ms = np.concatenate([[0.5], steps + 0.5]) * 0.1
    expected = np.diff(stats.norm.cdf((edges_ms - 1.5) / 0.75)) / (1 - below)
    observed = np.bincount(delay, minlength=60)[1:60]
    keep = expected * n > 20
    likely = expected[keep] / expected[keep].sum() * observed[keep].sum()
    assert stats.chisquare(observed[keep], likely).pvalue > 1e-3
    assert abs(np.corrcoef(weight, delay)[0, 1]) < 5 / np.sqrt(n)


def test_wiring_by_probability_connects_a_pair_at_most_once():
    neurons = (SparsePopulation("a", 500, CELL), SparsePopulation("b", 400, CELL))
    link = RandomProjection("a", "b", 1.0, probability=0.2, delay_range_ms=(0.1, 1.0))
    sender, delay, target, _ = decode(SparseCircuit("c", neurons, (link,)), 6)
    assert np.unique(sender * 1000 + target).size == sender.size
    mean, sd = 200_000 * 0.2, np.sqrt(200_000 * 0.2 * 0.8)
    assert sender.size == pytest.approx(mean, abs=4 * sd)
    assert set(delay) == set(range(1, 11))


def test_wiring_follows_its_seed_alone():
    circuit = network(40)
    first, again, other = (decode(circuit, seed)[2] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    # adding a projection leaves the earlier ones as they were
    extra = RandomProjection("i", "i", -351.0, synapses=9)
    more = replace(circuit, projections=(*circuit.projections, extra))
    sender, _, target, _ = decode(more, 1)
    inside = ~((sender >= 40) & (sender < 50) & (target >= 40))
    assert np.array_equal(np.sort(target[inside]), np.sort(first))


def test_a_constant_current_gives_the_closed_form_rate():
    """1 / rate = tau_ref + tau_m ln((I R - V_reset') / (I R - V_th')), with potentials from rest."""
    current = np.array([380.0, 450.0, 700.0])
    cells = tuple(
        SparsePopulation(f"n{k}", 1, replace(CELL, v0_mean_mv=-65.0, v0_sd_mv=0.0), Background(mean=i))
        for k, i in enumerate(current)
    )
    circuit = SparseCircuit("c", cells)
    drive = Drive.constant({}, 0.6)
    rates = simulate_sparse(circuit, drive, 1, record_dt_ms=600.0, target="numpy").rates["rate"]
    depolarised = current * 10.0 / 250.0
    gap_ms = 2.0 + 10.0 * np.log(depolarised / (depolarised - 15.0))
    # a spike falls on a step, so that an interval is up to a step longer
    assert np.all(rates.values[0] <= 1e3 / gap_ms + 1 / 0.6)
    assert np.all(rates.values[0] >= 1e3 / (gap_ms + 0.1) - 1 / 0.6)


def test_a_synaptic_event_has_the_peak_that_its_weight_says():
    """87.81 pA for .5 ms through 10 ms and 250 pF peaks at .15 mV: 100 synapses reach 15 mV, 99 do not."""
    from neurosim.circuits.cortical_column import ColumnParameters

    weight = ColumnParameters().weight_pa
    assert weight == pytest.approx(87.81, abs=0.01)
    rest = replace(CELL, v0_mean_mv=-65.0, v0_sd_mv=0.0)
    one = replace(rest, v0_mean_mv=-50.0001)
    cells = [SparsePopulation("start", 1, one, Background(mean=400.0))]
    links = []
    for k, share in enumerate((0.995, 1.01)):
        cells.append(SparsePopulation(f"t{k}", 1, rest))
        links.append(RandomProjection("start", f"t{k}", weight * share, synapses=100, delay_ms=1.0))
    circuit, drive = SparseCircuit("c", tuple(cells), tuple(links)), Drive.constant({}, 0.01)
    out = simulate_sparse(circuit, drive, 1, record_spikes=True, target="numpy").spikes
    assert out["start"][0].size >= 1
    # the potential is followed at steps of .1 ms, which miss the peak by less than 0.5 %
    assert (out["t0"][0].size, out["t1"][0].size) == (0, 1)


def test_noisy_neurons_fire_at_the_rate_of_siegerts_formula():
    """White noise; and small Poisson spikes, which are nearly that: mu = tau w r, sigma^2 = tau w^2 r."""
    w, hz = 0.045, 23_200.0
    backgrounds = {
        "below": (Background(mean=18.0, noise_sd_mv=5.0), 18.0, 5.0),
        "above": (Background(mean=24.0, noise_sd_mv=3.0), 24.0, 3.0),
        "poisson": (Background(poisson_hz=hz, weight=w), 0.02 * w * hz, w * np.sqrt(0.02 * hz)),
    }
    cells = tuple(SparsePopulation(name, 300, STEP_CELL, b) for name, (b, _, _) in backgrounds.items())
    circuit = SparseCircuit("c", cells)
    assert poisson_draws(circuit, 0.05) == 2
    rates = simulate_sparse(circuit, Drive.constant({}, 1.5), 3, dt_ms=0.05)
    for name, (_, mu, sigma) in backgrounds.items():
        # a threshold that is looked at once a step is passed a little less often
        assert rates.mean_rate(name, 0.2) == pytest.approx(siegert(mu, sigma), rel=0.05)


def siegert(mu: float, sigma: float) -> float:
    from scipy.integrate import quad
    from scipy.special import erfcx

    area, _ = quad(lambda x: erfcx(-x), (10.0 - mu) / sigma, (20.0 - mu) / sigma)
    return 1e3 / (2.0 + 20.0 * np.sqrt(np.pi) * area)


def test_normal_draws_are_normal_and_independent():
    from neurosim.engine.sparse_functions import _normal_draw

    draws = _normal_draw(np.arange(100, dtype=np.int32)[:, None], np.arange(5000)[None, :])
    assert stats.kstest(draws.ravel()[:100_000], "norm").pvalue > 1e-3
    assert draws.mean() == pytest.approx(0.0, abs=4 / np.sqrt(draws.size))
    off = np.corrcoef(draws)[~np.eye(100, dtype=bool)]
    assert off.std() == pytest.approx(1 / np.sqrt(5000), rel=0.1)
    serial = [np.corrcoef(d[:-1], d[1:])[0, 1] for d in draws]
    assert np.abs(serial).max() < 5 / np.sqrt(5000)


def test_no_draw_has_a_mean_that_the_table_of_counts_cannot_hold():
    fast = SparsePopulation("a", 1, CELL, Background(23_200.0, 0.1))
    assert poisson_draws(SparseCircuit("c", (fast,)), 0.1) == 3
    channel = SparseInput("more", "a", poisson_hz=8000.0)
    assert poisson_draws(SparseCircuit("c", (fast,), inputs=(channel,)), 0.1) == 4
    assert poisson_draws(SparseCircuit("c", (SparsePopulation("a", 1, CELL),)), 0.1) == 0


@needs_compiler
def test_compiled_and_numpy_give_the_same_spikes():
    drive = Drive.from_events([0.02, 0.03], [0.02, 0.02], ["pulse", "current"], [1.0, 1.0], 0.06)
    compiled, plain = (
        simulate_sparse(network(), drive, 3, record_dt_ms=10.0, record_spikes=True, target=target)  # type: ignore[arg-type]
        for target in ("cpp", "numpy")
    )
    for name in network().names:
        assert compiled.spikes[name][0].size > 10
        np.testing.assert_allclose(compiled.spikes[name][0], plain.spikes[name][0], atol=1e-9)
        np.testing.assert_array_equal(compiled.spikes[name][1], plain.spikes[name][1])
    np.testing.assert_allclose(compiled.rates["rate"], plain.rates["rate"], atol=1e-4)
    counted = compiled.spikes["e"][0].size / (80 * 0.06)
    assert compiled.mean_rate("e") == pytest.approx(counted, rel=1e-6)
    # the thalamus is silent outside its pulse, and fires at 120 Hz in it
    assert compiled.mean_rate("thalamus", 0.0, 0.02) == 0.0
    spread = np.sqrt(120.0 / (50 * 0.02))
    assert compiled.mean_rate("thalamus", 0.02, 0.04) == pytest.approx(120.0, abs=4 * spread)


@needs_compiler
def test_new_wiring_weights_and_seeds_need_no_compiler_and_no_brian(tmp_path, monkeypatch):
    # a cache that nobody else compiles into meanwhile
    monkeypatch.setenv("NEUROSIM_CACHE", str(tmp_path))
    simulate_sparse(network(), QUIET, 1, record_dt_ms=10.0, record_spikes=True)
    known = set(standalone.cache_folder().iterdir())
    code = """
import json, sys
sys.path.insert(0, "tests")
from dataclasses import replace
from test_sparse import network, QUIET
from neurosim.engine.sparse import simulate_sparse
c = network()
def rate(circuit, seed):
    return simulate_sparse(circuit, QUIET, seed, record_dt_ms=10.0, record_spikes=True).mean_rate("e")
links = tuple(replace(p, weight=p.weight * 0.1, weight_sd=0.0) for p in c.projections)
others = [replace(c, wiring_seed=9), replace(c, projections=links[:2])]
rates = [rate(c, 1), rate(c, 2), *(rate(other, 1) for other in others)]
print(json.dumps([rates, "brian2" in sys.modules]))
"""
    command = [sys.executable, "-c", code]
    out = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    rates, brian = json.loads(out.stdout)
    assert not brian
    assert len(set(rates)) == 4
    assert set(standalone.cache_folder().iterdir()) == known
    assert len(known) == 1


def test_faults_are_named():
    a = SparsePopulation("a", 10, CELL)
    with pytest.raises(ValueError) as error:
        SparseCircuit(
            "wrong",
            (
                a,
                a,
                SparsePopulation("b", 0, replace(CELL, tau_m_ms=-1.0)),
                SparsePopulation("p", 5, PoissonSource(-3.0)),
            ),
            (
                RandomProjection("a", "nowhere", 1.0, synapses=5),
                RandomProjection("a", "p", 1.0, synapses=5, probability=0.1),
                RandomProjection("a", "b", float("nan"), probability=1.5, delay_ms=-1.0),
                RandomProjection("a", "a", 1.0, synapses=5, plasticity=Plasticity(2.0, 100.0, 100.0)),
                RandomProjection("a", "b", 1.0, synapses=5, plasticity=Plasticity(0.5, 100.0, 100.0)),
            ),
            (SparseInput("x", "nobody", mean=1.0),),
        )
    expected = (
        "'a' is there more than once",
        "size = 0",
        "tau_m_ms = -1.0",
        "rate_hz = -3.0",
        "unknown population 'nowhere'",
        "take no synapses",
        "not both",
        "weight = nan",
        "probability = 1.5",
        "delays must be positive",
        "0 < utilisation <= 1",
        "2 different plasticities",
        "unknown population 'nobody'",
    )
    for words in expected:
        assert words in str(error.value)
    with pytest.raises(ValueError, match="for all populations or for none"):
        SparseCircuit("mixed", (a, SparsePopulation("b", 5, STEP_CELL)))
    with pytest.raises(ValueError, match=r"unknown input channels \['up'\]"):
        simulate_sparse(network(), Drive.constant({"up": 1.0}, 0.1), 1)
    with pytest.raises(ValueError, match="whole number of steps"):
        simulate_sparse(network(), QUIET, 1, record_dt_ms=0.25)
    with pytest.raises(ValueError, match="arousal"):
        simulate_sparse(network(), replace(QUIET, arousal=np.full(1, 0.5)), 1)


def test_divergence_is_caught_and_named():
    wild = replace(network(), projections=(RandomProjection("e", "i", -1e12, synapses=100),))
    with pytest.raises(DivergedError, match=r"diverged at 0\.\d+ s in population 'i'"):
        simulate_sparse(wild, QUIET, 1, record_dt_ms=10.0, record_spikes=True)


def test_the_methods_table_and_digest_say_what_is_there():
    circuit = network()
    table = circuit.methods_table()
    assert "100 neurons, 3360 synapses" in table
    assert "probability 0.1" in table and "120 Hz" in table
    assert circuit.digest == network().digest
    assert circuit.digest != replace(circuit, wiring_seed=1).digest
    assert circuit.in_degrees()[circuit.names.index("e"), circuit.names.index("e")] == 20.0
