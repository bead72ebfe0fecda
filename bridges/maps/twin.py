"""Twin (B10): a network, recurrent through its output, that answers as a spiking circuit does, noise and all.

Equation. With u the inputs, c the parameters of the circuit, y the spikes of each population in bins of
20 ms and e its responses, the twin is

    p(y, e | u, c) = prod_t Poisson(y_t | lambda_t) Bernoulli(e_t | p_t)
    lambda_t = network(u_t, u_{t-1}, c, leaky traces of y_{<t}, e_{<t});  p_t of the same and y_t

fitted by maximum likelihood on what the circuit did (`bridges.maps.twin_data`), and run freely: each bin is
sampled, and the next bins follow what was sampled. So it has the circuit's noise, and the spread of response
times that comes from it, not its mean alone. Counts are sampled with the dispersion and correlation that
residuals have (`bridges.maps.twin_network`).

Assumptions. Populations of like neurons, so that counts say all that matters at the grain of a bin; the
circuit's state is in its counts of the last few hundred milliseconds (NMDA: 100 ms; dead time: 200 ms), so
leaky traces of up to 200 ms are taken to hold it.

Valid range. Inputs, parameters and arousal as drawn for training (`AttentionSource`, `DecisionSource`, and
`bridges.participants.twin_lessons` for tasks with a wiring of their own); held-out cue times and strengths of
inhibition, a lesion of attention and twice the input are tested. Single neurons, and anything faster than a
bin, are not modelled.

Failure behaviour. Training raises if counts are not whole numbers of spikes, or if the loss is not
finite; `Twin.run` refuses inputs of the wrong shape or that are not finite. Outside the valid range the twin
gives numbers all the same: nothing in them shows that they mean nothing.

References
----------
Pandarinath et al. (2018). Inferring single-trial neural population dynamics using sequential auto-encoders.
Nat Methods, 15, 805-815. doi:10.1038/s41592-018-0109-9 (recurrent networks with Poisson likelihood)
Truccolo, W. et al. (2005). A point process framework for relating neural spiking activity to spiking history,
neural ensemble, and extrinsic covariate effects. J Neurophysiol, 93, 1074-1089. doi:10.1152/jn.00697.2004
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path

import numpy as np
import torch

from ann.checkpoints import CheckpointError, load_into, save_checkpoint
from ann.threads import one_thread
from bridges.maps.twin_data import (
    BIN_S,
    CircuitTrials,
    Stimulation,
    TwinSource,
    levels_in_bins,
    simulate_trials,
)
from bridges.maps.twin_network import CountNetwork, StepWeights
from bridges.maps.twin_training import Tell, TwinConfig, train_twin
from neurosim.circuit import Circuit

__all__ = ["ROWS", "Course", "Twin", "TwinConfig", "train_twin", "training_trials", "twin_of"]

ROWS = 64
"""Most trials that are run side by side; more would only take memory."""


@dataclass(frozen=True, eq=False)
class Course:
    """What a twin did on several trials.

    Parameters
    ----------
    expected
        Expected counts given what was sampled before, shape (trial, bin, population).
    counts
        Sampled counts, the same shape.
    events
        Whether a response was given in a bin, shape (trial, bin, response).
    """

    expected: np.ndarray
    counts: np.ndarray
    events: np.ndarray


@dataclass(frozen=True, eq=False)
class Twin:
    """A trained twin; build it with `twin_of` or `train_twin`.

    Parameters
    ----------
    network
        The trained network.
    circuit
        The standard circuit that it is the twin of: its populations, channels and responses.
    conditions
        Names of the parameters that it takes.
    """

    network: CountNetwork
    circuit: Circuit
    conditions: tuple[str, ...]

    @property
    def populations(self) -> tuple[str, ...]:
        """Names of the populations."""
        return self.circuit.names

    @property
    def responses(self) -> tuple[str, ...]:
        """Names of the populations that respond."""
        return self.circuit.readout.populations

    def encode(self, trials: Sequence[Stimulation]) -> tuple[np.ndarray, np.ndarray]:
        """Inputs (trial, bin, channel + 1) and conditions (trial, condition) of trials of equal length."""
        steps = ceil(max(t.drive.duration_s for t in trials) / BIN_S - 1e-9)
        inputs = np.stack([levels_in_bins(t.drive, self.circuit.channels, steps) for t in trials])
        conditions = [[t.condition.get(name, 1.0) for name in self.conditions] for t in trials]
        return inputs, np.array(conditions, dtype=np.float32)

    def run(
        self,
        inputs: np.ndarray,
        conditions: np.ndarray,
        generators: Sequence[np.random.Generator],
        keep: Sequence[str] = ("expected", "counts", "events"),
    ) -> Course:
        """Run freely over trials of equal length; the result of one does not depend on the others.

        Parameters
        ----------
        inputs
            Levels and arousal, shape (trial, bin, channel + 1); see `encode`.
        conditions
            Parameters, shape (trial, condition), 1 for the standard.
        generators
            Source of the noise of each trial.
        keep
            What is wanted; the rest stays empty and takes no memory.

        Raises
        ------
        ValueError
            If shapes disagree or an input is not finite.
        """
        n = len(inputs)
        channels, known = len(self.circuit.channels) + 1, len(self.conditions)
        if inputs.ndim != 3 or inputs.shape[2] != channels or conditions.shape != (n, known):
            raise ValueError(
                f"inputs {inputs.shape} and conditions {conditions.shape}: must be (trial, bin, {channels}) "
                f"and (trial, {known}) for the twin of {self.circuit.name!r}"
            )
        if len(generators) != n:
            raise ValueError(f"{n} trials but {len(generators)} generators; give one a trial")
        if not (np.isfinite(inputs).all() and np.isfinite(conditions).all()):
            raise ValueError("inputs and conditions must be finite")
        weights = StepWeights.of(self.network)
        shape = (n, inputs.shape[1])
        sizes = {"expected": len(self.populations), "counts": len(self.populations)}
        out = {
            name: np.empty((*shape, size if name in keep else 0), np.float32) for name, size in sizes.items()
        }
        out["events"] = np.zeros((*shape, len(self.responses) if "events" in keep else 0), bool)
        for start in range(0, n, ROWS):
            stop = min(start + ROWS, n)
            with torch.inference_mode(), one_thread():
                given = self.network.given(
                    torch.from_numpy(inputs[start:stop]), torch.from_numpy(conditions[start:stop])
                ).numpy()
            for bins, *found in weights.rows(given, list(generators[start:stop])):
                for name, values in zip(("expected", "counts", "events"), found, strict=True):
                    if name in keep:
                        out[name][start:stop, bins] = values
        return Course(**out)

    def mean_course(
        self, inputs: np.ndarray, conditions: np.ndarray, samples: int, rng: np.random.Generator
    ) -> np.ndarray:
        """Mean counts over runs of each trial with noise of its own, shape (trial, bin, population)."""
        total = np.zeros((*inputs.shape[:2], len(self.populations)))
        for _ in range(samples):
            total += self.run(inputs, conditions, rng.spawn(len(inputs)), keep=("expected",)).expected
        return total / samples


def training_trials(
    source: TwinSource, config: TwinConfig, progress: Tell = lambda fraction, doing: None
) -> CircuitTrials:
    """Simulate the trials that a twin learns from."""
    rng = np.random.default_rng(np.random.SeedSequence(config.trials_seed, spawn_key=(0,)))
    stimuli = [source.draw(rng) for _ in range(config.n_trials)]
    seeds = [int(s) for s in rng.integers(2**62, size=config.n_trials)]
    doing = f"simulating the {source.name} circuit"
    return simulate_trials(source, stimuli, seeds, lambda done: progress(done, doing))


def twin_of(
    source: TwinSource,
    config: TwinConfig | None = None,
    folder: Path | None = None,
    progress: Tell = lambda fraction, doing: None,
    trials: Callable[[], CircuitTrials] | None = None,
) -> Twin:
    """The twin of a circuit: from the folder of trained twins, or simulated and trained now.

    Parameters
    ----------
    source
        The circuit and its training trials.
    config
        Size and training; the full one if None.
    folder
        Where trained twins are kept; None: train, and keep nothing.
    progress
        Called while simulating and training.
    trials
        Gives what `training_trials` gives for the same source and configuration, for twins that share it;
        called only if the twin must be trained.
    """
    from bridges.maps.twin_recipe import recipe_of

    config = config or TwinConfig()
    circuit = source.circuit({})
    recipe, key = recipe_of(source, circuit, asdict(config))
    path = None if folder is None else folder / f"twin-{source.name}-{key}.pt"
    shape = CountNetwork(
        len(circuit.channels) + 1,
        len(source.conditions),
        len(circuit.names),
        len(circuit.readout.populations),
        config.n_hidden,
        config.n_watch,
    )
    if path is not None:
        try:
            load_into(path, shape, recipe)
            return Twin(shape.eval(), circuit, source.conditions)
        except (FileNotFoundError, CheckpointError):
            pass  # what cannot be trusted is made again, to the same numbers
    if trials is None:
        lessons = training_trials(source, config, lambda done, doing: progress(0.5 * done, doing))
    else:
        lessons = trials()
    network = train_twin(lessons, config, lambda done, doing: progress(0.5 + 0.5 * done, doing))
    if path is not None:
        save_checkpoint(path, network, recipe)
    return Twin(network, circuit, source.conditions)
