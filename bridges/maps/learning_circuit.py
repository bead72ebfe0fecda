"""A spiking circuit that learns which of two stimuli calls for which response, from reward alone.

Two sensory pools and two decision pools with shared inhibition (`neurosim.circuits.attention`). Each sensory
pool reaches both decision pools; the four weights are plastic, start equal, and change between trials by the
three-factor rule of `bridges.maps.training_rules`. The pools see c times twice the standard weight.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from bridges.maps.training_rules import three_factor_step
from neurosim.circuit import Circuit
from neurosim.circuits.attention import AttentionParameters, attention_circuit
from neurosim.circuits.attention_wiring import Association, Wiring
from neurosim.drive import Drive
from neurosim.engine import simulate

__all__ = ["CircuitLearner", "choice_circuit"]

STIMULI, ACTS = ("one", "two"), ("left", "right")
ONSET_S, STIMULUS_S, STOP_S = 0.15, 0.5, 0.75


def choice_circuit(parameters: AttentionParameters) -> Circuit:
    """The circuit with equal weights from both stimuli to both acts."""
    associations = tuple(Association(s, a) for s in STIMULI for a in ACTS)
    return attention_circuit(parameters, Wiring(associations, (ACTS,)))


@dataclass
class CircuitLearner:
    """Several circuits that practise side by side.

    Parameters
    ----------
    sensitivity
        Factor on the strength of the stimulus, one for each individual.
    seed
        Of the background noise.
    rate
        Learning rate of the three-factor rule.
    memory
        Share of the newest outcome in the running mean of reward.
    parameters
        Of the circuit.
    """

    sensitivity: np.ndarray
    seed: int
    rate: float = 0.5
    memory: float = 0.1
    parameters: AttentionParameters = field(
        default_factory=lambda: AttentionParameters(direct_hz=30.0, sensory_to_decision_ns=8.0)
    )
    name: str = "circuit"

    def __post_init__(self) -> None:
        n = len(self.sensitivity)
        self.weights = np.full((n, 2, 2), 0.5)
        self.expected = np.full(n, 0.5)
        self._plain = choice_circuit(self.parameters)
        self._rng = np.random.default_rng(self.seed)

    def trial(self, strength: np.ndarray, side: np.ndarray, learn: bool) -> np.ndarray:
        """Answer one trial each; see `Learner`."""
        seeds = [int(s) for s in self._rng.integers(2**62, size=len(self.weights))]
        recordings = simulate(
            [self._wired(c) for c in self.weights],
            [_drive(min(x * k, 1.0), s) for x, k, s in zip(strength, self.sensitivity, side, strict=True)],
            seeds,
            width=4,
        )
        pre = np.array([[r.mean_rate(f"sensory.{s}", ONSET_S) for s in STIMULI] for r in recordings])
        post = np.array([[r.mean_rate(f"decision.{a}", ONSET_S) for a in ACTS] for r in recordings])
        choice = np.array([_first(r, p) for r, p in zip(recordings, post, strict=True)])
        if learn:
            # the pool that answered is the active one: its inhibition after the answer must not hide that
            acted = np.eye(2)[choice]
            reward = (choice == side).astype(float)
            self.weights = three_factor_step(self.weights, pre, acted, reward - self.expected, self.rate)
            self.expected += self.memory * (reward - self.expected)
        return choice

    def _wired(self, c: np.ndarray) -> Circuit:
        factor = {
            (f"sensory.{s}", f"decision.{a}"): 2.0 * c[i, j]
            for i, s in enumerate(STIMULI)
            for j, a in enumerate(ACTS)
        }
        return replace(
            self._plain,
            projections=tuple(
                replace(p, weight=p.weight * factor[(p.source, p.target)])
                if (p.source, p.target) in factor
                else p
                for p in self._plain.projections
            ),
        )


def _drive(strength: float, side: int) -> Drive:
    """Stimulus `side` stronger than the other: levels (1 +- strength) / 2."""
    levels = [0.5 * (1.0 + strength), 0.5 * (1.0 - strength)]
    shown = levels if side == 0 else levels[::-1]
    return Drive.from_events([ONSET_S] * 2, [STIMULUS_S] * 2, STIMULI, shown, STOP_S)


def _first(recording, post: np.ndarray) -> int:
    """The first response after onset; without one, the pool that fired most."""
    for when, which in zip(recording.response_times_s, recording.responses, strict=True):
        if when > ONSET_S:
            return ACTS.index(str(which).removeprefix("decision."))
    return int(post.argmax())
