"""A subtractive-gating LSTM, trained to hold a cue over distractors, and its copy in rate populations."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bridges.maps.subtractive import SubtractiveCircuit

__all__ = ["agreement"]

STEPS, CUE_STEPS = 25, 3
"""Steps of 20 ms in a trial, and those of its cue."""

UNITS, TEST_TRIALS = 24, 1000


def _trials(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A noisy cue on one of two channels, then noise on both; the cue is asked for at the end."""
    cue = rng.integers(0, 2, count)
    x = 0.3 * rng.standard_normal((count, STEPS, 2))
    x[np.arange(count), :CUE_STEPS, cue] += 1.0
    return x, cue


def agreement(seed: int, iterations: int) -> pd.DataFrame:
    """Train, copy, and compare on fresh trials: identity with gates at once, decisions with gates of 5 ms."""
    import torch

    from ann.sublstm import SubLSTMNetwork

    rng = np.random.default_rng(seed)
    network = SubLSTMNetwork(
        2, UNITS, 2, forget_bias=2.0, fixed_forget=True, generator=torch.Generator().manual_seed(seed)
    )
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(iterations):
        x, cue = _trials(64, rng)
        logits, _ = network(torch.as_tensor(x, dtype=torch.float32))
        loss = torch.nn.functional.cross_entropy(logits[:, -1], torch.as_tensor(cue))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    x, cue = _trials(TEST_TRIALS, rng)
    network = network.double()
    with torch.no_grad():
        wanted = network(torch.as_tensor(x))[0].numpy()
    exact = SubtractiveCircuit.from_network(network)
    lagging = SubtractiveCircuit.from_network(network, tau_gate_s=0.005)
    copied = lagging.run(x)
    decided, again = wanted[:, -1].argmax(axis=1), copied[:, -1].argmax(axis=1)
    row = {
        "seed": seed,
        "identity_error": float(np.abs(exact.run(x) - wanted).max()),
        "network_accuracy": float(np.mean(decided == cue)),
        "circuit_accuracy": float(np.mean(again == cue)),
        "agreement": float(np.mean(decided == again)),
        "relays": exact.dale_violations,
    }
    return pd.DataFrame([row])
