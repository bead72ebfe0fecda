"""The spiking engine against Brian2 and NEST on the same circuits, and what its cost depends on."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from neurosim.circuits.decision import DecisionParameters, decision_circuit
from neurosim.engine import simulate
from studies.benchmark.base import Benchmark, BenchmarkSetting, Outcome, Reading, child_cpu_s, cpu_seconds
from studies.benchmark.engine_costs import memory_growth, warm_start
from studies.benchmark.spiking_figure import draw_spiking
from studies.benchmark.wang_brian2 import rates_hz
from studies.benchmark.wang_job import DT_MS, WARM_S, drive, job

__all__ = ["BENCHMARK"]

GOAL_NS, GOAL_BRIAN2, GOAL_NEST = 4.0, 5.0, 50.0
GOAL_REAL_TIME = 1.0 / 12.0
RATE_TOLERANCE = 0.05
FINE_DT_MS = 0.02
SIZES, QUICK_SIZES = (500, 1000, 2000, 4000, 8000), (500, 2000)
PARTICIPANTS, QUICK_PARTICIPANTS = (1, 2, 4, 8, 16), (1, 4)
ALONE = "median CPU time of the simulation loop, one thread, without building the network"


class _Ours:
    """Our engine; a run up to the timed stretch is taken off the whole, so that starting cancels too."""

    name = "neurosim"

    def __init__(self, seconds: float, seed: int, dt_ms: float = DT_MS) -> None:
        self.seconds, self.seed, self.dt_ms = seconds, seed, dt_ms
        self.rates: dict[str, float] = {}
        self._run(0.0)

    def cost_s(self) -> float:
        """CPU seconds of the timed stretch."""
        short = cpu_seconds(lambda: self._run(0.0), children=True)
        return cpu_seconds(lambda: self._run(self.seconds), children=True) - short

    def _run(self, seconds: float) -> None:
        circuit = decision_circuit()
        given = drive(seconds, self.seed)
        recording = simulate([circuit], [given], [self.seed], width=1, dt_ms=self.dt_ms)[0]
        if seconds > 0:
            self.rates = {n: recording.mean_rate(n, WARM_S, WARM_S + seconds) for n in circuit.names}


class _Brian2:
    """Plain Brian2, built once; its program times its own loop."""

    name = "Brian2"

    def __init__(self, seconds: float, seed: int, scratch: Path, dt_ms: float = DT_MS) -> None:
        self.job = job(seconds, seed, dt_ms)
        self.folder = scratch / f"brian2_{dt_ms}"
        self.results = self.folder / "out"
        path = scratch / f"job_{dt_ms}.json"
        path.write_text(json.dumps(self.job))
        child_cpu_s([sys.executable, "-m", "studies.benchmark.wang_brian2", str(path), str(self.folder)])
        self.results.mkdir()
        self.rates: dict[str, float] = {}

    def cost_s(self) -> float:
        """CPU seconds of the timed stretch."""
        command = [str(self.folder / "main"), "--results_dir", f"{self.results}/"]
        said = child_cpu_s(command, folder=self.folder)[2]
        self.rates = rates_hz(self.job, self.folder, self.results)
        return float(said.split("cpu_s", 1)[1].split()[0])


class _Nest:
    """NEST, built anew every time; its script times the loop."""

    name = "NEST"

    def __init__(self, seconds: float, seed: int, scratch: Path, python: Path) -> None:
        self.path = scratch / "nest_job.json"
        self.path.write_text(json.dumps(job(seconds, seed)))
        self.python = python
        self.rates: dict[str, float] = {}

    def cost_s(self) -> float:
        """CPU seconds of the timed stretch."""
        script = Path(__file__).with_name("wang_nest.py")
        said = child_cpu_s([str(self.python), str(script), str(self.path)])[2]
        record = json.loads(said.strip().splitlines()[-1])
        self.rates = record["rates_hz"]
        return record["cpu_s"]


def _run(setting: BenchmarkSetting) -> Outcome:
    tell = setting.tell
    seconds = 0.5 if setting.quick else 2.0
    repeats = 2 if setting.quick else 7
    skipped: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="neurosim_benchmark_") as name:
        scratch = Path(name)
        tell("decision circuit, 2,000 neurons: compiling ours and plain Brian2")
        runners: list = [_Ours(seconds, setting.seed), _Brian2(seconds, setting.seed, scratch)]
        if setting.nest_python is None:
            skipped["spiking.ratio_nest"] = (
                "NEST was not timed: give --nest-python, a Python with nest-simulator"
            )
            skipped["spiking.column_ratio_nest"] = skipped["spiking.ratio_nest"]
        else:
            runners.append(_Nest(seconds, setting.seed, scratch, setting.nest_python))
        timings = _by_turns(runners, repeats, seconds, tell)
        notes = _rate_notes(runners)
        if not setting.quick:
            tell(f"rates with a step of {FINE_DT_MS} ms")
            plain = _Brian2(seconds, setting.seed, scratch, FINE_DT_MS)
            plain.cost_s()
            notes.append(_fine_note([plain, *runners[2:]], seconds, setting.seed))
    readings = _compared(runners, timings)
    tell("cost against neurons and participants")
    costs = _costs(setting)
    tell("starting a known circuit; memory over many sessions")
    readings += [warm_start(3 if setting.quick else 7), memory_growth(200 if setting.quick else 1000)]
    tables = {"simulators": timings, "costs": costs, "rates": _rates(runners)}
    if setting.nest_python is not None:
        from studies.benchmark.column import column_reading

        reading, table = column_reading(setting)
        readings.append(reading)
        tables["column"] = table
    return Outcome(readings, tables, skipped, draw_spiking, notes)


def _by_turns(runners: Sequence, repeats: int, seconds: float, tell: Callable[[str], None]) -> pd.DataFrame:
    neurons = decision_circuit().size
    steps = seconds * 1e3 / DT_MS
    rows = []
    for turn in range(repeats):
        for runner in runners:
            # NEST takes a hundred times longer, and varies less
            if runner.name == "NEST" and turn >= (1 if repeats < 5 else 3):
                continue
            tell(f"{runner.name}, repetition {turn + 1}")
            cost = runner.cost_s()
            rows.append((runner.name, turn, cost, 1e9 * cost / neurons / steps, cost / seconds))
    names = ["simulator", "repetition", "cpu_s", "ns_per_neuron_step", "cpu_s_per_model_s"]
    return pd.DataFrame(rows, columns=names)


def _compared(runners: Sequence, timings: pd.DataFrame) -> list[Reading]:
    cost = {name: group["ns_per_neuron_step"].to_numpy() for name, group in timings.groupby("simulator")}
    ours = cost["neurosim"]
    what = "decision circuit of Wang 2002, 2,000 neurons, dt 0.1 ms; " + ALONE
    readings = [
        _reading("spiking.ns_per_neuron_step", ours, None, GOAL_NS, "ns", what),
        _reading(
            "spiking.real_time_factor", ours * 1e-9 * 2000 * 1e4, None, GOAL_REAL_TIME,
            "CPU s per model s", what,
        ),
    ]  # fmt: skip
    for runner in runners[1:]:
        goal = GOAL_BRIAN2 if runner.name == "Brian2" else GOAL_NEST
        # ratio of neighbours in time: both met the same load of the machine
        pairs = cost[runner.name] / ours[: len(cost[runner.name])]
        form = "plain Brian2 as C++ standalone" if runner.name == "Brian2" else "NEST iaf_bw_2001"
        name = f"spiking.ratio_{runner.name.lower()}"
        readings.append(_reading(name, pairs, goal, None, "1", f"{form} over ours; {what}"))
    return readings


def _reading(name: str, values: np.ndarray, low, high, unit: str, what: str) -> Reading:
    spread = (float(np.min(values)), float(np.max(values)))
    return Reading(name, float(np.median(values)), low, high, unit, what, spread, len(values))


def _rates(runners: Sequence) -> pd.DataFrame:
    sizes = {p.name: p.size for p in decision_circuit().populations}
    rows = []
    for runner in runners:
        excitatory = [name for name in sizes if name != "inhibition"]
        weights = [sizes[name] for name in excitatory]
        e = float(np.average([runner.rates[name] for name in excitatory], weights=weights))
        rows.append({"simulator": runner.name, "e_hz": e, "i_hz": runner.rates["inhibition"], **runner.rates})
    return pd.DataFrame(rows)


def _rate_notes(runners: Sequence) -> list[str]:
    table = _rates(runners).set_index("simulator")
    notes = []
    for name in table.index[1:]:
        off = {k: table.loc[name, f"{k}_hz"] / table.loc["neurosim", f"{k}_hz"] - 1.0 for k in "ei"}
        matched = max(abs(x) for x in off.values()) <= RATE_TOLERANCE
        notes.append(
            f"Mean rates of {name}: E {table.loc[name, 'e_hz']:.2f} Hz ({off['e']:+.1%} of ours), "
            f"I {table.loc[name, 'i_hz']:.2f} Hz ({off['i']:+.1%}); "
            f"{'matched' if matched else 'NOT matched'} within {RATE_TOLERANCE:.0%}."
        )
    return notes


def _fine_note(others: Sequence, seconds: float, seed: int) -> str:
    """What a finer step does to the rates: forward Euler errs in ours and in plain Brian2, not in NEST."""
    fine = _Ours(seconds, seed, FINE_DT_MS)
    fine.cost_s()
    (e, i), *found = _rates([fine, *others])[["e_hz", "i_hz"]].to_numpy(dtype=float)
    off = [
        f"{other.name} is {other_e / e - 1.0:+.1%} and {other_i / i - 1.0:+.1%} off that"
        for other, (other_e, other_i) in zip(others, found, strict=True)
    ]
    return (
        f"With a step of {FINE_DT_MS} ms ours has E {e:.2f} Hz and I {i:.2f} Hz; {'; '.join(off)}. "
        "NEST solves the membrane equation within its steps of 0.1 ms."
    )


def _costs(setting: BenchmarkSetting) -> pd.DataFrame:
    """Cost against the number of neurons, and of participants in one network."""
    rows = []
    repeats = 2 if setting.quick else 5
    seconds = 1.0
    for size in QUICK_SIZES if setting.quick else SIZES:
        parameters = DecisionParameters(excitatory_size=size * 4 // 5, inhibitory_size=size // 5)
        rows += _cost(parameters, 1, seconds, repeats, setting)
    for count in QUICK_PARTICIPANTS if setting.quick else PARTICIPANTS:
        if count > 1:
            rows += _cost(DecisionParameters(), count, seconds, repeats, setting)
    return pd.DataFrame(rows)


def _cost(p: DecisionParameters, participants: int, seconds: float, repeats: int, setting) -> list[dict]:
    circuit = decision_circuit(p)
    seeds = list(range(setting.seed, setting.seed + participants))

    def run(stretch: float) -> None:
        given = drive(stretch, setting.seed)
        simulate([circuit] * participants, [given] * participants, seeds, width=participants, dt_ms=DT_MS)

    setting.tell(f"{circuit.size} neurons, {participants} participants")
    run(0.0)
    rows = []
    for turn in range(repeats):
        short = cpu_seconds(lambda: run(0.0), children=True)
        cost = cpu_seconds(lambda: run(seconds), children=True) - short
        per = 1e9 * cost / (circuit.size * participants * seconds * 1e3 / DT_MS)
        rows.append(
            {
                "neurons": circuit.size,
                "participants": participants,
                "repetition": turn,
                "cpu_s_per_model_s": cost / seconds,
                "ns_per_neuron_step": per,
            }
        )
    return rows


BENCHMARK = Benchmark(
    name="spiking",
    about="The spiking engine against plain Brian2 and NEST at matched rates, and its cost against size.",
    run=_run,
)
