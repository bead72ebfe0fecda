r"""Decrement (B12, time on task): one gain g(t) on a network, and what it must do to d'.

Equation. A network turns a stimulus into evidence x with mean difference m between signal and noise, and a
spread s_ext that comes from its input; the decision adds noise s_int of its own, which no gain touches:

    y = g x + s_int xi                   d'(t) = g(t) m / sqrt(g(t)^2 s_ext^2 + s_int^2)

So when s_int dominates, d' falls with g; when s_ext dominates, d' stays and only the criterion moves. A
network whose weights and input stand still has g = 1 throughout, and d' that does not move.

Assumptions. Evidence is Gaussian; g moves slowly against a trial; the gain multiplies what the hidden units
send to the readout (`ann.limits.ArousalGain`). Where it multiplies what they send to each other as well
(`recurrent_gain`), the loop amplifies it, and d' falls more steeply than the closed form: an effect of the
recurrence that the equation leaves out.

Valid range. s_int / s_ext of 1 or more, or the manipulation cannot show; g from about 0.7 to 1.1.

Failure behaviour. `expected_d_prime` raises for noise that is not positive. d' of a window with all or no
responses of one kind is kept finite by the log-linear rule (Hautus 1995, doi:10.3758/BF03203619).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy.special import ndtri
from torch import nn

from ann.limits import ArousalGain
from ann.recurrent import LSTMNetwork
from ann.threads import one_thread
from neurosim.neuromodulation import Arousal

__all__ = ["DetectionConfig", "expected_d_prime", "recovered_share", "vigil"]


def expected_d_prime(gain: np.ndarray, m: float, s_ext: float, s_int: float) -> np.ndarray:
    """The d' at a gain; see the module.

    Raises
    ------
    ValueError
        If both kinds of noise are 0, or one is negative.

    Examples
    --------
    >>> float(expected_d_prime(np.array(0.5), 2.0, 0.0, 1.0))
    1.0
    """
    if s_ext < 0 or s_int < 0 or s_ext + s_int == 0:
        raise ValueError(f"s_ext = {s_ext}, s_int = {s_int}; neither below 0, and one above")
    g = np.asarray(gain, dtype=float)
    return g * m / np.sqrt(g**2 * s_ext**2 + s_int**2)


@dataclass(frozen=True)
class DetectionConfig:
    """A detection task, the network that learns it, and a long session of it.

    Parameters
    ----------
    steps
        Steps of a trial.
    signal
        Level that the signal adds to the input.
    noise_sd
        Noise of the input at each step.
    n_hidden
        LSTM units.
    train_steps, batch_size, learning_rate
        Training by Adam.
    internal
        s_int / s_ext.
    trials
        Trials of a session, half of them with a signal.
    trial_s
        Length of a trial (s); load is 1 throughout.
    windows
        Parts of a session, in each of which d' is taken.
    recurrent_gain
        Whether g(t) also acts on what hidden units send to each other.
    """

    steps: int = 10
    signal: float = 0.5
    noise_sd: float = 0.5
    n_hidden: int = 16
    train_steps: int = 250
    batch_size: int = 128
    learning_rate: float = 0.01
    internal: float = 1.5
    trials: int = 4000
    trial_s: float = 0.6
    windows: int = 8
    recurrent_gain: bool = False


@one_thread()
def vigil(config: DetectionConfig, arousal: Arousal, seed: int) -> pd.DataFrame:
    """Train one individual's network, let it keep watch, and set its d' beside the closed form.

    m and s_ext are measured at g = 1 on trials of their own; what is compared with the closed form is counted
    from responses.

    Parameters
    ----------
    config
        Task, network and session.
    arousal
        Course of the gain; ``Arousal.off()`` for the control.
    seed
        Of everything random.

    Returns
    -------
    DataFrame
        One row a window: ``window``, ``time_s`` (middle), ``gain`` (mean), ``d_prime``, ``expected``.
    """
    generator = torch.Generator().manual_seed(seed)
    network = _trained(config, generator)
    with torch.inference_mode():
        inputs, label = _trials(config, 8000, generator)
        evidence = _evidence(network, inputs, None).numpy()
        signal, noise = evidence[label.numpy() == 1], evidence[label.numpy() == 0]
        m = float(signal.mean() - noise.mean())
        s_ext = float(np.sqrt((signal.var() + noise.var()) / 2))
        middle = float((signal.mean() + noise.mean()) / 2)
        s_int = config.internal * s_ext

        time_s = config.trial_s * (0.5 + np.arange(config.trials))
        grid = np.ones(int(np.ceil(config.trials * config.trial_s)) + 1)
        streams = np.random.SeedSequence(seed).spawn(3)
        course = arousal.gain(grid, 1.0, np.random.default_rng(streams[0]), np.random.default_rng(streams[1]))
        gain = np.interp(time_s, np.arange(grid.size), course).astype(np.float32)
        inputs, label = _trials(config, config.trials, generator)
        steady = torch.from_numpy(gain)[:, None].expand(-1, config.steps)
        found = _evidence(network, inputs, steady, config.recurrent_gain).numpy()
    own = s_int * np.random.default_rng(streams[2]).normal(size=config.trials)
    # the criterion moves with the gain, as it does in an observer who knows its own responses
    yes = found + own > gain * middle
    is_signal = label.numpy() == 1
    window = np.arange(config.trials) * config.windows // config.trials
    rows = []
    for w in range(config.windows):
        here = window == w
        d = _d_prime(yes[here & is_signal], yes[here & ~is_signal])
        expected = float(expected_d_prime(gain[here], m, s_ext, s_int).mean())
        rows.append((w, float(time_s[here].mean()), float(gain[here].mean()), d, expected))
    return pd.DataFrame(rows, columns=["window", "time_s", "gain", "d_prime", "expected"])


def recovered_share(arousal: Arousal, work_s: float, rest_s: float) -> float:
    """Share of the gain lost by work that a rest brings back, without fluctuation.

    Examples
    --------
    >>> round(recovered_share(Arousal(), 3600.0, 3 * 600.0), 3)
    0.95
    """
    steady = Arousal(arousal.tau_depletion_s, arousal.tau_recovery_s, arousal.individual_sd, 0.0)
    load = np.concatenate([np.ones(int(work_s)), np.zeros(int(rest_s) + 1)])
    rng = np.random.default_rng(0)
    g = steady.gain(load, 1.0, rng, rng)
    tired = g[int(work_s)]
    return float((g[-1] - tired) / (1.0 - tired))


def _trials(config: DetectionConfig, n: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    label = torch.arange(n)[torch.randperm(n, generator=generator)] % 2
    noise = config.noise_sd * torch.randn(n, config.steps, 1, generator=generator)
    return config.signal * label[:, None, None] + noise, label


def _trained(config: DetectionConfig, generator: torch.Generator) -> LSTMNetwork:
    network = LSTMNetwork(1, config.n_hidden, 2, generator=generator)
    optimiser = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    for _ in range(config.train_steps):
        inputs, label = _trials(config, config.batch_size, generator)
        logits, _ = network(inputs)
        loss = nn.functional.cross_entropy(logits[:, -1], label)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
    return network.eval()


def _evidence(
    network: LSTMNetwork, inputs: torch.Tensor, gain: torch.Tensor | None, recurrent: bool = False
) -> torch.Tensor:
    """Log-odds of signal against noise at the end of a trial, less what the readout's bias gives for free."""
    if recurrent:
        logits, _ = network(inputs, gain=gain)
    else:
        hidden, _ = network.core(inputs)
        logits = network.head(ArousalGain()(hidden, gain))
    bias = network.head.state_dict()["bias"]
    return (logits[:, -1, 1] - logits[:, -1, 0]) - (bias[1] - bias[0])


def _d_prime(signal: np.ndarray, noise: np.ndarray) -> float:
    hit = (signal.sum() + 0.5) / (signal.size + 1)
    false = (noise.sum() + 0.5) / (noise.size + 1)
    return float(ndtri(hit) - ndtri(false))
