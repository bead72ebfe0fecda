"""Exchange: NIR round trips and refusals, NWB files that others can open."""

from __future__ import annotations

import numpy as np
import pytest

from bridges.maps.exchange import (
    LIF,
    CubaLIF,
    CurrentNetwork,
    Delay,
    InexpressibleError,
    Weights,
    circuit_to_nir,
    from_nir,
    read_nir,
    to_nir,
    write_nir,
)
from neurosim.circuit import Circuit, Population
from neurosim.circuits.attention import attention_circuit
from neurosim.circuits.decision import decision_circuit
from neurosim.parameters import PYRAMIDAL


def network(seed: int = 0, n: int = 5) -> CurrentNetwork:
    rng = np.random.default_rng(seed)

    def some(low: float, high: float, *shape: int) -> np.ndarray:
        return rng.uniform(low, high, shape or n)

    cuba = CubaLIF(some(0.01, 0.03), some(1e7, 1e8), some(-0.07, -0.06), some(-0.05, -0.04),
                   some(-0.07, -0.06), some(0.002, 0.1), some(0.5, 2.0))  # fmt: skip
    lif = LIF(some(0.01, 0.03, 3), some(1e7, 1e8, 3), some(-0.07, -0.06, 3), some(-0.05, -0.04, 3),
              some(-0.07, -0.06, 3))  # fmt: skip
    return CurrentNetwork(
        {
            "in_weights": Weights(some(-1, 1, n, 2)),
            "cuba": cuba,
            "loop": Weights(some(-1, 1, n, n)),
            "late": Delay(some(0.001, 0.005)),
            "to_lif": Weights(some(-1, 1, 3, n), some(-1e-9, 1e-9, 3)),
            "lif": lif,
        },
        (
            ("stimulus", "in_weights"), ("in_weights", "cuba"), ("cuba", "loop"), ("loop", "cuba"),
            ("cuba", "late"), ("late", "to_lif"), ("to_lif", "lif"), ("lif", "answer"),
        ),
        {"stimulus": 2},
        {"answer": 3},
    )  # fmt: skip


def largest_difference(one: CurrentNetwork, other: CurrentNetwork) -> float:
    assert one.parts.keys() == other.parts.keys()
    assert set(one.edges) == set(other.edges)
    assert dict(one.inputs) == dict(other.inputs) and dict(one.outputs) == dict(other.outputs)
    worst = 0.0
    for name, part in one.parts.items():
        assert type(part) is type(other.parts[name])
        for key, value in vars(part).items():
            found = getattr(other.parts[name], key)
            assert (value is None) == (found is None)
            if value is not None:
                assert np.shape(value) == np.shape(found)
                worst = max(worst, float(np.max(np.abs(value - found) / np.maximum(np.abs(value), 1e-300))))
    return worst


@pytest.mark.parametrize("seed", range(3))
def test_nir_round_trip_keeps_every_number(tmp_path, seed):
    pytest.importorskip("nir")
    plain = network(seed)
    assert largest_difference(plain, from_nir(to_nir(plain))) <= 1e-9
    write_nir(plain, tmp_path / "network.nir")
    assert largest_difference(plain, read_nir(tmp_path / "network.nir")) <= 1e-9


def test_nir_membrane_is_that_of_its_definition():
    """A node made by NIR's own constructor means the same to us: constant drive, closed form of the "
    "interval."""
    nir = pytest.importorskip("nir")
    one = np.ones(1)
    graph = nir.NIRGraph(
        nodes={
            "a": nir.Input(input_type={"input": np.array([1])}),
            "cell": nir.LIF(
                tau=0.02 * one, r=2.0 * one, v_leak=0.0 * one, v_threshold=one, v_reset=0.0 * one
            ),
            "b": nir.Output(output_type={"output": np.array([1])}),
        },
        edges=[("a", "cell"), ("cell", "b")],
    )
    cell = from_nir(graph).parts["cell"]
    current, dt, v, spikes = 1.0, 1e-5, 0.0, []
    for k in range(20000):
        v += dt / cell.tau_m_s[0] * (cell.v_leak_v[0] - v + cell.resistance_ohm[0] * current)
        if v > cell.v_threshold_v[0]:
            v = cell.v_reset_v[0]
            spikes.append(k * dt)
    # from reset 0 towards R I = 2: threshold 1 after tau ln 2
    assert np.diff(spikes).mean() == pytest.approx(0.02 * np.log(2.0), rel=2e-3)


def test_what_nir_cannot_say_is_refused_by_name():
    pytest.importorskip("nir")
    with pytest.raises(InexpressibleError, match="projection") as refused:
        circuit_to_nir(decision_circuit())
    assert "->" in refused.value.part
    nmda = attention_circuit()
    only_nmda = Circuit("x", nmda.populations, tuple(p for p in nmda.projections if p.receptor == "nmda"))
    with pytest.raises(InexpressibleError, match="voltage dependence"):
        circuit_to_nir(only_nmda)
    with pytest.raises(InexpressibleError, match="refractory"):
        circuit_to_nir(Circuit("y", (Population("cells", 3, PYRAMIDAL, 2.1),)))


def test_unknown_node_is_refused_by_name():
    nir = pytest.importorskip("nir")
    graph = nir.NIRGraph(
        nodes={
            "a": nir.Input(input_type={"input": np.array([2])}),
            "limit": nir.Threshold(threshold=np.ones(2)),
            "b": nir.Output(output_type={"output": np.array([2])}),
        },
        edges=[("a", "limit"), ("limit", "b")],
    )
    with pytest.raises(InexpressibleError, match="'limit'.*Threshold"):
        from_nir(graph)


def test_faults_of_a_network_are_named():
    with pytest.raises(ValueError, match="nowhere"):
        CurrentNetwork({}, (("a", "nowhere"),), {"a": 1}, {})
    one = np.ones(2)
    with pytest.raises(ValueError, match="tau_m_s"):
        LIF(-one, one, one, one, one)
    with pytest.raises(ValueError, match="one value a neuron"):
        LIF(one, np.ones(3), one, one, one)


def recorded(seed: int):
    """A session and a recording made by hand: no simulation is needed to test a file."""
    import xarray as xr

    from bridges.tasks import SART
    from neurosim.recording import Recording

    session = SART(trials_per_digit=1, n_blocks=1).session(seed)
    rng = np.random.default_rng(seed)
    spikes = {
        name: (np.sort(rng.uniform(0.0, session.duration_s, 40)), rng.integers(5, size=40))
        for name in ("control.go", "decision.press")
    }
    time = 0.02 * np.arange(50)
    rates = xr.Dataset(
        {"rate": (("time", "unit"), rng.uniform(0.0, 40.0, (50, 2)).astype(np.float32))},
        {"time": time, "unit": list(spikes)},
    )
    return session, Recording(rates, np.empty(0), np.empty(0, dtype=object), spikes)


def test_nwb_file_is_valid_and_reads_back_to_the_same(tmp_path):
    pytest.importorskip("pynwb")
    from bridges.exports.nwb import read_nwb, write_nwb
    from bridges.session import Responses

    session, recording = recorded(3)
    onsets = session.trials["onset_s"].to_numpy(dtype=float)
    responses = Responses.from_presses(session, onsets[:3] + 0.3, ["press"] * 3)
    path = tmp_path / "session.nwb"
    write_nwb(path, session, recording, responses)
    back = read_nwb(path)
    assert back["trials"]["start_time"].to_numpy() == pytest.approx(
        session.trials["window_start_s"].to_numpy(dtype=float)
    )
    assert back["trials"]["response_time_s"].to_numpy()[:3] == pytest.approx(0.3)
    assert list(back["trials"]["trial_type"]) == session.trials["trial_type"].astype(str).tolist()
    for name, (times, neurons) in recording.spikes.items():
        order = np.lexsort((times, neurons))
        assert back["spikes"][name][0] == pytest.approx(times[order])
        assert back["spikes"][name][1].tolist() == neurons[order].tolist()
    assert back["rates"] == pytest.approx(recording.rates["rate"].to_numpy())
    assert back["populations"] == ("control.go", "decision.press")
    with pytest.raises(FileExistsError):
        write_nwb(path, session, recording)
