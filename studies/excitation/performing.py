"""One strength of self-excitation: participants perform a sustained and a delay task, their activity is read.

The circuit's strength is a factor k on what self-excitation adds in control and memory,
w+ = 1 + k (w+_0 - 1); the LSTM's is the forget bias with which it starts to learn. Neither is a time
constant. That is measured from activity while the delay task is performed: with x_u(i, t) the activity of
unit u in trial i at time t after the cue is gone, as deviation from the mean over trials and in units of its
own standard deviation,

    beta(lag) = < sum_u x_u(i, t) x_u(i, t + lag) > / < sum_u x_u(i, t)^2 >

over trials and pairs of bins, the regression of activity on what it was before, and tau is that of
A exp(-lag / tau). A leak forgets noise and what it holds of the cue at the same rate, so beta is
exp(-lag / tau) for either (the correlation would be 1 for a memory that decays without noise); a memory that
an attractor keeps has a long tau. The same code takes rates of pools and cells of an LSTM. Cells, because
they are what the forget gate acts on: the output h = o tanh(c) saturates once a cell has integrated beyond 1,
and all that then varies in it is the output gate, as fast as the input. (`neurosim.timescales` fits an offset
as well, for neurons whose mean differs from trial to trial; here it would take a memory that lasts for one.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.optimize import curve_fit

from bridges.measures import measure
from bridges.measures.effects import effects
from bridges.participants.base import Performance, Progress, no_progress
from bridges.session import Session
from bridges.tasks import AXCPT, SART
from studies.seeds import individual_seed, session_seed

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["activity_timescale", "delay_task", "perform_circuit", "perform_lstm", "sustained_task"]

BIN_S = 0.05
SHORTEST_TAU_S = BIN_S / 5
"""What is over within a bin is not told apart further: exp(-5) is left from one bin to the next (s)."""

LONGEST_TAU_S = 100.0
"""A memory that does not decay within the delay has no time constant that could be told from this (s)."""


def sustained_task(short: bool) -> SART:
    """The task that takes a goal held from beginning to end."""
    return SART(trials_per_digit=6 if short else 15, n_blocks=3)


def delay_task(short: bool) -> AXCPT:
    """The task that takes a cue held for a while, and then given up."""
    n = (6, 3) if short else (16, 8)
    return AXCPT(
        ax=n[0],
        ay=n[1],
        bx=n[1],
        by=n[1],
        n_blocks=1 if short else 2,
        cue_s=0.3,
        delay_s=1.5,
        response_s=1.0,
        intertrial_s=(0.5,),
    )


def perform_circuit(
    k: float, participants: int, short: bool, seed: int, progress: Progress = no_progress
) -> pd.DataFrame:
    """Participants of the circuit with a factor `k` on self-excitation.

    Parameters
    ----------
    k
        Factor on w+ - 1 of control and memory; 1 is the standard circuit.
    participants
        Individuals, the same for every factor.
    short
        Whether the tasks are the short ones.
    seed
        Of the study.
    progress
        Called as the work goes on.

    Returns
    -------
    DataFrame
        One row a participant: ``agent``, ``knob``, ``participant``, ``sustained``, ``delay`` (d' of either
        task), ``tau_s``.
    """
    from bridges.participants.spiking import SpikingParticipant

    plain = SpikingParticipant(record=True)
    p = plain.parameters
    scaled = {name: 1.0 + k * (getattr(p, name) - 1.0) for name in ("w_plus_control", "w_plus_memory")}
    swept = replace(plain, parameters=replace(p, **scaled))
    own = [_own(number, short, seed) for number in range(participants)]
    found: list[list[Performance]] = []
    for part in range(2):

        def report(fraction: float, doing: str, part: int = part) -> None:
            progress((part + fraction) / 2, doing)

        sessions = [sessions[part] for _, sessions in own]
        found.append(swept.perform(sessions, [one for one, _ in own], report))
    rows = []
    for number, ((_, sessions), sustained, delay) in enumerate(zip(own, *found, strict=True)):
        tau = _of_pools(delay.recording, sessions[1])
        rows.append(_row("spiking", k, number, sessions, (sustained, delay), tau))
    return pd.DataFrame(rows)


def _own(number: int, short: bool, seed: int) -> tuple[int, tuple[Session, Session]]:
    """Seed of an individual, and its sessions of the two tasks: the same at every strength."""
    tasks = (sustained_task(short), delay_task(short))
    one, two = (task.session(session_seed(seed, number, task.name)) for task in tasks)
    return individual_seed(seed, number), (one, two)


def _of_pools(rates: xr.Dataset | None, session: Session) -> float:
    """Time constant of the pools of memory, or of goals where the circuit has no memory."""
    if rates is None:
        return float("nan")
    units = [str(name) for name in rates["unit"].values]
    stage = "memory." if any(name.startswith("memory.") for name in units) else "control."
    held = [name for name in units if name.startswith(stage)]
    traces = rates["rate"].sel(unit=held).transpose("time", "unit").to_numpy()
    return activity_timescale(traces, rates["time"].to_numpy().astype(float), session)


def perform_lstm(
    forget_bias: float,
    participants: int,
    short: bool,
    small: bool,
    seed: int,
    progress: Progress = no_progress,
) -> pd.DataFrame:
    """Participants of an LSTM that starts to learn with a forget bias; see `perform_circuit`.

    Networks that are `small` learn in a second or two, and hardly learn the delay task.
    """
    import torch

    from ann.recurrent import LSTMNetwork
    from bridges.participants.network import lstm
    from bridges.participants.network_learning import cache_folder, trained_network

    plain = lstm(quick=small)
    swept = replace(plain, config=replace(plain.config, forget_bias=forget_bias))
    rows = []
    for number in range(participants):
        progress(number / participants, f"LSTM with forget bias {forget_bias:g}")
        own, sessions = _own(number, short, seed)
        performances = [swept.perform([session], [own])[0] for session in sessions]
        network = trained_network(swept.config, sessions[1], own, cache_folder(None))
        if not isinstance(network, LSTMNetwork):
            raise TypeError(f"expected an LSTM, got {type(network).__name__}")
        x = torch.from_numpy(swept.perceives(sessions[1], own).astype(np.float32)).unsqueeze(0)
        with torch.inference_mode():
            cells = network.traces(x)[0].cell[0].numpy()
        time_s = swept.config.dt_s * np.arange(len(cells))
        tau = activity_timescale(cells, time_s, sessions[1])
        rows.append(_row("lstm", forget_bias, number, sessions, performances, tau))
    return pd.DataFrame(rows)


def activity_timescale(traces: np.ndarray, time_s: np.ndarray, session: Session) -> float:
    """How long activity remembers itself in the delays of a session (s).

    Parameters
    ----------
    traces
        Activity, shape (time, unit).
    time_s
        Its times (s).
    session
        With the columns ``cue_onset_s`` and ``onset_s`` (of the probe).

    Returns
    -------
    float
        tau of A exp(-lag / tau), from 0.01 to 100 s; NaN where nothing varies or there are too few delays.
    """
    cue_s = float(session.parameters["cue_s"])  # type: ignore[arg-type]
    starts = session.trials["cue_onset_s"].to_numpy(dtype=float) + cue_s
    length_s = float(np.min(session.trials["onset_s"].to_numpy(dtype=float) - starts))
    step = float(np.median(np.diff(time_s)))
    per_bin = max(round(BIN_S / step), 1)
    bin_s = per_bin * step
    n_bins = int(length_s / bin_s + 1e-9)
    segments = []
    for start in starts:
        first = int(np.searchsorted(time_s, start - 1e-9))
        part = traces[first : first + n_bins * per_bin]
        if len(part) == n_bins * per_bin:
            segments.append(part.reshape(n_bins, per_bin, -1).mean(axis=1))
    if len(segments) < 3:
        return float("nan")
    x = np.array(segments, dtype=float)
    x -= x.mean(axis=0)
    spread = x.std(axis=(0, 1))
    x = x[:, :, spread > 0] / spread[spread > 0]
    if not x.size:
        return float("nan")
    # (bin, bin): products summed over units, averaged over trials
    products = np.einsum("iau,ibu->ab", x, x) / len(x)
    power = np.diag(products)
    lags = np.arange(1, n_bins // 2 + 1)
    beta = np.array([np.diagonal(products, lag).sum() / power[:-lag].sum() for lag in lags])
    return _decay_time(bin_s * lags, beta)


def _decay_time(lag_s: np.ndarray, beta: np.ndarray) -> float:
    def decay(lag: np.ndarray, log_tau: float, amplitude: float) -> np.ndarray:
        return amplitude * np.exp(-lag / np.exp(log_tau))

    bounds = ([np.log(SHORTEST_TAU_S), 0.0], [np.log(LONGEST_TAU_S), 2.0])
    try:
        found, _ = curve_fit(decay, lag_s, beta, p0=(np.log(0.5), np.clip(beta[0], 0.01, 1.0)), bounds=bounds)
    except RuntimeError:
        return float("nan")
    return float(np.exp(found[0]))


def _row(
    agent: str,
    knob: float,
    number: int,
    sessions: Sequence[Session],
    performances: Sequence[Performance],
    tau_s: float,
) -> dict[str, object]:
    sustained, delay = zip(sessions, performances, strict=True)
    return {
        "agent": agent,
        "knob": knob,
        "participant": number,
        "sustained": measure(sustained[0], sustained[1].responses)["d_prime"],
        "delay": effects(delay[0], delay[1].responses)["d_prime_context"],
        "tau_s": tau_s,
    }
