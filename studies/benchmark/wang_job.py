"""The job that the simulators share: numbers of the decision circuit and its stimulus, as plain data.

All three get the same table of stimulus rates: they simulate the same trial up to the noise of the spikes.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from neurosim.circuits.decision import SIDES, DecisionParameters, decision_circuit, motion_drive
from neurosim.drive import Drive

__all__ = ["COHERENCE", "DT_MS", "ONSET_S", "WARM_S", "drive", "job"]

DT_MS = 0.1
ONSET_S = 0.2
WARM_S = 1.0
"""When the timed stretch begins: 0.8 s after the stimulus, when the decision has fallen.

When it falls is random, and so are mean rates over a stretch in which it does; afterwards they are not.
"""

COHERENCE = 0.512
"""Strong motion: the decision takes 0.4 s."""


def drive(seconds: float, seed: int) -> Drive:
    """Rest until `ONSET_S`, then motion to the end, `seconds` after `WARM_S`."""
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    return motion_drive(COHERENCE, ONSET_S, WARM_S + seconds, WARM_S + seconds, rng)


def job(seconds: float, seed: int, dt_ms: float = DT_MS) -> dict[str, Any]:
    """What the scripts for the other simulators read.

    Parameters
    ----------
    seconds
        Model time to be timed (s).
    seed
        Of the stimulus and of the simulator.
    dt_ms
        Time step (ms).
    """
    circuit = decision_circuit()
    given = drive(seconds, seed)
    neurons = {"i" if p.name == "inhibition" else "e": p for p in circuit.populations}
    return {
        "dt_ms": dt_ms,
        "seed": seed,
        "seconds": seconds,
        "warm_s": WARM_S,
        "sizes": {p.name: p.size for p in circuit.populations},
        "neurons": {kind: asdict(p.neuron) for kind, p in neurons.items()},
        "g_ext_ns": {kind: p.g_ext_ns for kind, p in neurons.items()},
        "receptors": asdict(circuit.receptors),
        "nmda_jump": circuit.receptors.nmda_jump,
        "delay_ms": circuit.delay_ms,
        "background_hz": DecisionParameters().background_hz,
        "projections": [
            {
                "source": p.source,
                "target": p.target,
                "receptor": p.receptor,
                "weight_ns": p.g_ns * p.weight,
            }
            for p in circuit.projections
        ],
        "stimulus_s": [float(t) for t in given.times_s[1:]],
        "stimulus_hz": {
            side: [float(x) for x in DecisionParameters().mu_0_hz * given.levels[1:, k]]
            for k, side in enumerate(SIDES)
        },
    }
