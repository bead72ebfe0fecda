"""The cortical column against the published tables, and its scaling against what it says it keeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurosim.circuits.cortical_column import (
    CONNECTION_PROBABILITY,
    FULL_RATES_HZ,
    POPULATIONS,
    ColumnParameters,
    column_circuit,
    in_degrees,
    smallest_scale,
    synapse_numbers,
    two_columns,
)
from neurosim.circuits.protocols.column_protocol import (
    _interval_cv,
    attention_effect_of,
    attention_trials,
    column_cost,
    rates_of,
    spontaneous_trials,
)
from neurosim.engine import standalone

needs_compiler = pytest.mark.skipif(standalone.compiler() is None, reason="no C++ compiler")

# synapses a neuron gets, computed independently from the published probabilities
IN_DEGREES = np.array(
    [
        [2200, 1079, 979, 468, 159, 0, 110, 0],
        [2990, 860, 704, 290, 381, 0, 61, 0],
        [160, 35, 1117, 795, 33, 0.3, 667, 0],
        [1481, 17, 1813, 953, 16, 0, 1608, 0],
        [2188, 375, 1136, 31, 421, 497, 297, 0],
        [1166, 159, 571, 12, 300, 404, 124, 0],
        [325, 39, 467, 92, 286, 21, 582, 752],
        [767, 6, 75, 3, 136, 9, 980, 459],
    ]
)


def test_in_degrees_are_those_of_the_published_table():
    np.testing.assert_allclose(in_degrees(), IN_DEGREES, atol=1.0)
    circuit = column_circuit(1.0)
    recurrent = [circuit.names.index(n) for n in POPULATIONS]
    np.testing.assert_allclose(circuit.in_degrees()[np.ix_(recurrent, recurrent)], IN_DEGREES, atol=1.0)
    thalamic = circuit.in_degrees()[recurrent, circuit.names.index("thalamus")]
    np.testing.assert_allclose(thalamic, [0, 0, 93, 58, 0, 0, 47, 18], atol=1.0)


def test_sizes_synapses_and_drive_are_those_of_the_paper():
    circuit = column_circuit(1.0, "constant")
    assert circuit.size == 77_169
    cortical = [p for p in circuit.projections if p.source != "thalamus"]
    assert sum(p.synapses or 0 for p in cortical) == pytest.approx(2.99e8, rel=0.005)
    drive = [circuit.population(n).background.mean for n in POPULATIONS]
    np.testing.assert_allclose(drive, [562, 527, 738, 667, 702, 667, 1019, 738], atol=1.0)
    weights = {(p.source, p.target): p.weight for p in cortical}
    assert weights["L23E", "L4E"] == pytest.approx(87.81, abs=0.01)
    assert weights["L4E", "L23E"] == pytest.approx(2 * 87.81, abs=0.02)
    assert weights["L5I", "L5E"] == pytest.approx(-4 * 87.81, abs=0.04)


def test_a_pair_is_connected_with_the_probability_that_the_synapse_number_is_from():
    """C = 1 - (1 - 1 / (N_pre N_post))^K: the share of pairs that K random draws leave unconnected."""
    sizes = np.array(ColumnParameters().sizes)
    numbers = synapse_numbers(CONNECTION_PROBABILITY, sizes, sizes)
    pairs = np.outer(sizes, sizes).astype(float)
    connected = -np.expm1(numbers * np.log1p(-1.0 / pairs))
    np.testing.assert_allclose(connected, CONNECTION_PROBABILITY, rtol=1e-9)


@pytest.mark.parametrize(("scale", "background"), [(0.1, "poisson"), (0.3, "poisson"), (0.5, "constant")])
def test_a_smaller_column_keeps_mean_and_variance_of_the_input(scale, background):
    """Moments of the current of a neuron whose sources fire as in the full column, by Campbell's theorem."""

    def moments(circuit):
        rates = dict(zip(POPULATIONS, FULL_RATES_HZ, strict=True)) | {"thalamus": 0.0}
        degree = circuit.in_degrees()
        out = []
        for target in POPULATIONS:
            own = circuit.population(target).background
            mean, variance = own.mean, own.poisson_hz * own.weight**2 * 0.25e-3
            mean += own.poisson_hz * own.weight * 0.5e-3
            for p in circuit.projections:
                if p.target == target:
                    k = degree[circuit.names.index(target), circuit.names.index(p.source)]
                    mean += k * p.weight * rates[p.source] * 0.5e-3
                    variance += k * (p.weight**2 + p.weight_sd**2) * rates[p.source] * 0.25e-3
            out.append((mean, variance))
        return np.array(out)

    small, full = moments(column_circuit(scale, background)), moments(column_circuit(1.0, background))
    # numbers of synapses and neurons are whole
    np.testing.assert_allclose(small[:, 0], full[:, 0], atol=1.0)
    np.testing.assert_allclose(small[:, 1], full[:, 1], rtol=2e-3)


def test_faults_and_limits_of_the_scale():
    with pytest.raises(ValueError, match="scale = 0"):
        column_circuit(0.0)
    with pytest.raises(ValueError, match="falls silent"):
        column_circuit(0.1, "constant")
    with pytest.raises(ValueError, match="background = 'pink'"):
        column_circuit(0.1, "pink")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="columns = 3"):
        attention_trials(1, 1.0, 1, columns=3)  # type: ignore[arg-type]
    # the limit: at it, the constant current of one population is its rheobase, of none below
    edge = column_circuit(smallest_scale() + 1e-9, "constant")
    drive = np.array([edge.population(n).background.mean for n in POPULATIONS])
    assert drive.min() == pytest.approx(375.0, abs=1e-3)


def test_two_columns_are_two_columns_and_two_lateral_projections():
    one, two = column_circuit(0.1), two_columns(0.1)
    assert two.size == 2 * one.size
    lateral = [p for p in two.projections if p.source[:2] != p.target[:2] and "thalamus" not in p.source]
    assert {(p.source, p.target) for p in lateral} == {("a.L23E", "b.L23I"), ("b.L23E", "a.L23I")}
    assert all(p.weight > 0 for p in lateral)
    assert len(two.projections) == 2 * len(one.projections) + 2


@needs_compiler
def test_a_column_at_a_tenth_is_irregular_and_ordered_as_the_full_one():
    """Rates at this scale against NEST: studies; here order, irregularity and synchrony."""
    # the rarest spikes come once in two seconds, and intervals must fit into the window
    table = spontaneous_trials(2, 8.0, 3)
    rates = {name: m.value for name, m in rates_of(table).items()}
    full = dict(zip(POPULATIONS, FULL_RATES_HZ, strict=True))
    assert min(rates.values()) > 0.2
    for layer in ("L23", "L4", "L5", "L6"):
        assert rates[f"{layer}I"] > rates[f"{layer}E"]
    assert sorted(rates, key=rates.__getitem__)[:2] == sorted(full, key=full.__getitem__)[:2]
    # smaller columns fire less, most so in layer 2/3 (explained in the study)
    for name in POPULATIONS:
        assert 0.4 * full[name] < rates[name] < 1.15 * full[name]
    assert all(m.value > 0.7 for m in rates_of(table, "cv").values())
    synchrony = {name: m.value for name, m in rates_of(table, "synchrony").items()}
    assert synchrony["L5E"] > synchrony["L6E"]


@needs_compiler
def test_attention_raises_layers_2_3_and_5_and_lowers_layer_4():
    strong = replace(ColumnParameters(), attention_hz=1500.0)
    effect = attention_effect_of(attention_trials(3, 2.0, 5, columns=1, parameters=strong))
    assert effect["L23E"].low > 0 and effect["L5E"].low > 0
    assert effect["L4E"].high < 0


@needs_compiler
def test_cost_is_measured():
    table = column_cost(0.6, repetitions=(0,))
    assert table["neurons"].item() == 7717
    assert 0 < table["cpu_s_per_model_s"].item() < 60


def test_interval_variation_equals_elephants():
    from neurosim.spike_statistics import interval_variation, spike_trains

    rng = np.random.default_rng(1)
    times = np.sort(rng.uniform(0, 10, 400))
    number = rng.integers(0, 40, 400)
    trains = spike_trains(times, number, 42, 0.0, 10.0)
    np.testing.assert_allclose(_interval_cv(times, number, 42), interval_variation(trains), rtol=1e-9)
