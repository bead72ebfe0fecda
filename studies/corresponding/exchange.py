"""Exchange: networks of currents to NIR and back, what NIR refuses by name, and sessions as NWB files."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

import bridges.maps.exchange as exchange
from bridges.exports.nwb import read_nwb, write_nwb
from bridges.maps.exchange import (
    LIF,
    CubaLIF,
    CurrentNetwork,
    Delay,
    InexpressibleError,
    Weights,
    circuit_to_nir,
    read_nir,
    write_nir,
)
from bridges.participants.base import Progress, no_progress
from bridges.participants.spiking import SpikingParticipant
from bridges.tasks import SART
from neurosim.circuit import Circuit, Population
from neurosim.circuits.attention import attention_circuit
from neurosim.circuits.decision import decision_circuit
from neurosim.circuits.protocols.measurement import Measurement
from neurosim.engine import simulate
from neurosim.parameters import PYRAMIDAL
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target
from studies.exhibits.looks import FIRST, OTHER, letter, long_table

__all__ = ["EXHIBIT"]

PAPER = "Pedersen et al. (2024) Nat Commun 15:8122, doi:10.1038/s41467-024-52259-9"
NWB = "Rubel et al. (2022) eLife 11:e78362, doi:10.7554/eLife.78362"
OWN = "this package's acceptance number for the exchange"

TARGETS = (
    Target("nir_difference", "largest relative difference of any number after a round trip by file", 0.0,
        None, 1e-9,
           "1", OWN),
    Target("refusals", "circuits beyond NIR that are refused, the part named", 1.0, 1.0, 1.0, "fraction",
        OWN),
    Target("nwb_valid", "sessions whose NWB file is valid and reads back to the same", 1.0, 1.0, 1.0,
        "fraction",
           f"{NWB}; {OWN}"),
)  # fmt: skip


def random_network(seed: int, n: int = 12) -> CurrentNetwork:
    """A network with every kind of part, a loop included."""
    rng = np.random.default_rng(seed)

    def some(low: float, high: float, *shape: int) -> np.ndarray:
        return rng.uniform(low, high, shape or n)

    def membrane() -> dict[str, np.ndarray]:
        return {
            "tau_m_s": some(0.01, 0.03),
            "resistance_ohm": some(1e7, 1e8),
            "v_leak_v": some(-0.07, -0.06),
            "v_threshold_v": some(-0.05, -0.04),
            "v_reset_v": some(-0.07, -0.06),
        }

    parts: dict[str, LIF | CubaLIF | Weights | Delay] = {
        "first": Weights(some(-1.0, 1.0, n, 3)),
        "synaptic": CubaLIF(**membrane(), tau_s_s=some(0.002, 0.1), weight_in=some(0.5, 2.0)),
        "loop": Weights(some(-1.0, 1.0, n, n)),
        "later": Delay(some(0.001, 0.01)),
        "second": Weights(some(-1.0, 1.0, n, n), some(-1e-9, 1e-9)),
        "plain": LIF(**membrane()),
    }
    edges = (
        ("in", "first"), ("first", "synaptic"), ("synaptic", "loop"), ("loop", "synaptic"),
        ("synaptic", "later"), ("later", "second"), ("second", "plain"), ("plain", "out"),
    )  # fmt: skip
    return CurrentNetwork(parts, edges, {"in": 3}, {"out": n})


def round_trips(seeds: Sequence[int]) -> pd.DataFrame:
    """Write to a file, read back: the largest relative difference of each part's numbers."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            plain = random_network(seed)
            path = Path(folder) / f"{seed}.nir"
            write_nir(plain, path)
            back = read_nir(path)
            for name, part in plain.parts.items():
                for key, value in vars(part).items():
                    if value is not None:
                        miss = np.abs(value - getattr(back.parts[name], key)) / np.abs(value)
                        rows.append((seed, name, key, float(miss.max())))
    return pd.DataFrame(rows, columns=["seed", "part", "parameter", "difference"])


def refusals() -> pd.DataFrame:
    """Circuits that NIR cannot say, and the part that is named."""
    attention = attention_circuit()
    nmda = tuple(p for p in attention.projections if p.receptor == "nmda")
    beyond = {
        "attention circuit": (attention, "projection"),
        "decision circuit": (decision_circuit(), "projection"),
        "NMDA synapses alone": (Circuit("nmda", attention.populations, nmda), "nmda"),
        "cells without synapses": (
            Circuit("cells", (Population("cells", 3, PYRAMIDAL, 2.1),)),
            "population cells",
        ),
    }
    rows = []
    for name, (circuit, word) in beyond.items():
        try:
            circuit_to_nir(circuit)
            part, why = "", "not refused"
        except InexpressibleError as error:
            part, why = error.part, str(error)
        rows.append((name, part, why, word in part))
    return pd.DataFrame(rows, columns=["circuit", "part", "why", "named"])


def nwb_files(seeds: Sequence[int], progress: Progress = no_progress) -> pd.DataFrame:
    """Sessions simulated with spikes, written, validated, read back and compared."""
    participant = SpikingParticipant()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for k, seed in enumerate(seeds):
            session = SART(trials_per_digit=1, n_blocks=1).session(seed)
            (recording,) = simulate(
                [participant.circuit(seed)], [participant.drive(session, seed)], [seed], record_spikes=True
            )
            path = Path(folder) / f"{seed}.nwb"
            write_nwb(path, session, recording, subject=str(seed))  # raises if the validator finds fault
            back = read_nwb(path)
            same = len(back["trials"]) == session.n_trials and all(
                np.array_equal(np.sort(times), np.sort(back["spikes"][name][0]))
                for name, (times, _) in recording.spikes.items()
                if times.size
            )
            spikes = sum(times.size for times, _ in recording.spikes.values())
            rows.append((seed, session.n_trials, spikes, bool(same), path.stat().st_size))
            progress((k + 1) / len(seeds), "sessions as NWB")
    return pd.DataFrame(rows, columns=["seed", "trials", "spikes", "same", "bytes"])


def _parts(setting: Setting) -> tuple[Part, ...]:
    seeds = tuple(setting.seed + k for k in range(3 if setting.quick else 10))
    return (
        Part("nir", round_trips, {"seeds": seeds}, 1.0),
        Part("refused", refusals, {}, 0.5),
        Part("nwb", nwb_files, {"seeds": seeds[: 1 if setting.quick else 3]}, 5.0),
    )


def _find(setting: Setting, tables: Tables) -> Findings:
    def share(values: pd.Series) -> Measurement:
        return Measurement(float(values.mean()), np.nan, np.nan, len(values), "fraction")

    return Findings(
        {
            "nir_difference": Measurement.exact(tables["nir"]["difference"].max(), "1"),
            "refusals": share(tables["refused"]["named"]),
            "nwb_valid": share(tables["nwb"]["same"]),
        }
    )


def _draw(setting: Setting, tables: Tables) -> Drawing:
    import matplotlib.pyplot as plt

    figure, panel = plt.subplots(figsize=(3.5, 2.6))
    # a difference of nothing at all has no logarithm: it is drawn at the smallest that a number can have
    shown = tables["nir"].assign(shown=tables["nir"]["difference"].clip(lower=1e-17))
    names = list(dict.fromkeys(shown["part"]))
    for k, name in enumerate(names):
        mine = shown[shown["part"] == name]["shown"]
        panel.plot(np.full(mine.size, k), mine, "o", color=FIRST, ms=3, alpha=0.5)
    panel.axhline(1e-9, color=OTHER, lw=1)
    panel.set_xticks(range(len(names)), names, rotation=30, ha="right")
    panel.set(yscale="log", ylabel="relative difference", ylim=(1e-18, 1e-7))
    letter(panel, "A", "NIR, there and back")
    data = long_table(("A", tables["nir"]), ("refused", tables["refused"]), ("nwb", tables["nwb"]))
    return Drawing(
        figure,
        data,
        "Largest relative difference of each parameter after writing a network to a NIR file and "
        "reading it back; line: what is allowed. No difference at all is drawn at 1e-17.",
    )


EXHIBIT = Exhibit(
    name="exchange",
    title="Exchange: NIR for networks of currents, NWB for sessions",
    paper=PAPER,
    targets=TARGETS,
    parts=_parts,
    find=_find,
    draw=_draw,
    methods=lambda: str(exchange.__doc__),
)
