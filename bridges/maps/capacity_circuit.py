"""The circuit's side of the capacity map: two choices of four in one spiking circuit, alone and together.

The attention circuit is wired for two key pads of four: every stimulus calls for its own response, and all
pools of a stage share inhibition. What limits it is the firing that this inhibition leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from neurosim.circuit import Circuit
from neurosim.circuits.attention import AttentionParameters, attention_circuit
from neurosim.circuits.attention_wiring import Association, Wiring
from neurosim.drive import Drive
from neurosim.engine import simulate

__all__ = ["DualCircuit", "dual_trials"]

STREAMS = ("a", "b")
ONSET_S = 0.3


@dataclass(frozen=True)
class DualCircuit:
    """The circuit and its trials.

    Parameters
    ----------
    n_classes
        Alternatives of each stream.
    others
        Level of the classes that are not shown, relative to the one that is; makes the choice hard.
    stimulus_s, window_s
        How long the stimuli last, and how long after their onset an answer counts (s).
    parameters
        Of the attention circuit.
    """

    n_classes: int = 4
    others: float = 0.7
    stimulus_s: float = 0.6
    window_s: float = 0.8
    parameters: AttentionParameters = field(default_factory=AttentionParameters)

    def circuit(self) -> Circuit:
        """A sensory and a decision pool for every class of both streams; a response resets its own stream."""
        names = [[f"{stream}{k}" for k in range(self.n_classes)] for stream in STREAMS]
        associations = tuple(Association(name, name) for group in names for name in group)
        # one stage without routing: what one stream takes from the other goes through inhibition alone
        plain = attention_circuit(
            self.parameters, Wiring(associations, (tuple(n for group in names for n in group),))
        )
        pairs = tuple((f"decision.{a}", f"decision.{b}") for group in names for a in group for b in group)
        return replace(plain, readout=replace(plain.readout, reset_pairs=pairs))

    def drive(self, shown: tuple[int | None, int | None]) -> Drive:
        """The stimuli of a trial; None: nothing on that stream."""
        channels, levels = [], []
        for stream, which in zip(STREAMS, shown, strict=True):
            if which is not None:
                for k in range(self.n_classes):
                    channels.append(f"{stream}{k}")
                    levels.append(1.0 if k == which else self.others)
        n = len(channels)
        return Drive.from_events(
            [ONSET_S] * n, [self.stimulus_s] * n, channels, levels, ONSET_S + self.window_s
        )


def dual_trials(circuit: DualCircuit, n: int, seed: int) -> pd.DataFrame:
    """Simulate `n` trials each of stream a alone, stream b alone and both; one row an answer asked for.

    Parameters
    ----------
    circuit
        The circuit and its trials.
    n
        Trials of each kind.
    seed
        Of stimuli and of background noise.

    Returns
    -------
    DataFrame
        ``trial``, ``dual``, ``stream``, ``shown``, ``state`` (class whose pool answered first, or else fired
        most at the end; -1 if none fired above 5 Hz), ``correct``, ``response_time_s`` (NaN without answer).
    """
    rng = np.random.default_rng(seed)
    classes = rng.integers(circuit.n_classes, size=(3 * n, 2))
    kind = np.repeat([0, 1, 2], n)
    shown = [
        (int(c[0]) if k != 1 else None, int(c[1]) if k != 0 else None)
        for c, k in zip(classes, kind, strict=True)
    ]
    recordings = simulate(
        [circuit.circuit()] * len(shown),
        [circuit.drive(each) for each in shown],
        [int(s) for s in rng.integers(2**62, size=len(shown))],
        width=8,
    )
    rows = []
    for trial, (each, k, recording) in enumerate(zip(shown, kind, recordings, strict=True)):
        for stream, which in zip(STREAMS, each, strict=True):
            if which is not None:
                state, time_s = _state(recording, stream, circuit.n_classes)
                rows.append((trial, bool(k == 2), stream, which, state, state == which, time_s))
    columns = ["trial", "dual", "stream", "shown", "state", "correct", "response_time_s"]
    return pd.DataFrame(rows, columns=columns)


def _state(recording, stream: str, n_classes: int) -> tuple[int, float]:
    """Who won, and when it answered."""
    pools = [f"decision.{stream}{k}" for k in range(n_classes)]
    for when, which in zip(recording.response_times_s, recording.responses, strict=True):
        if which in pools and when > ONSET_S:
            return pools.index(str(which)), float(when - ONSET_S)
    rates = recording.rates["rate"].sel(unit=pools)
    last = rates.isel(time=slice(-5, None)).mean("time").to_numpy()
    return (int(last.argmax()) if last.max() > 5.0 else -1), float("nan")
