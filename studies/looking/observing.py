"""One participant's network in one session, and what it did inside around given trials."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, cast

import numpy as np
import pandas as pd
import torch
import xarray as xr

from ann.interpretation import attention_entropy, attention_maps, gate_traces, hidden_states
from ann.recurrent import LSTMNetwork
from ann.saliency import integrated_gradients
from ann.threads import one_thread
from ann.transformer import AttentionNetwork
from bridges.labels import classes
from bridges.participants.base import Progress, no_progress
from bridges.participants.network import NetworkParticipant
from bridges.participants.network_learning import NetworkConfig, cache_folder, trained_network
from bridges.session import NO_RESPONSE, Session
from bridges.session_checks import FIRST, SECOND, ComponentColumns
from studies.looking.networks import Continued, LogOdds, by_lag, log_odds, states_at
from studies.looking.trials import Stretch, decision_step, onset_steps
from studies.seeds import individual_seed

__all__ = ["Decision", "Subject", "decision", "inside", "saliency", "subject"]

ACCURATE = 1e-3
MOST_POINTS = 1024

Kind = Literal["lstm", "attention"]


@dataclass(frozen=True, eq=False)
class Subject:
    """A network that has performed a session.

    Parameters
    ----------
    participant
        The participant.
    session
        The session.
    network
        Its trained network, on the CPU.
    x
        What it perceived, shape (1, time, channel).
    scored
        Its answers beside the trials (`bridges.responses.Responses.scored`).
    """

    participant: NetworkParticipant
    session: Session
    network: LSTMNetwork | AttentionNetwork
    x: torch.Tensor
    scored: pd.DataFrame

    @property
    def dt_s(self) -> float:
        """Step (s)."""
        return self.participant.config.dt_s

    @property
    def sizes(self) -> tuple[int, ...]:
        """Classes of each component."""
        return tuple(len(names) for names in classes(self.session).values())

    @property
    def outcomes(self) -> list[str]:
        """Names of the log-odds: the responses of each component and its "none"."""
        return [
            name if name != NO_RESPONSE or component == FIRST.name else f"{name}_{component.lower()}"
            for component, names in classes(self.session).items()
            for name in names
        ]

    @cached_property
    def typical_delay_s(self) -> float:
        """Median time from onset to decision of the answers given; the deadline if there are none."""
        times = self.scored["response_time_s"].dropna()
        if times.empty:
            return self.participant.config.deadline_s
        return float(times.median()) - self.participant.readout.non_decision_s


@dataclass(frozen=True)
class Decision:
    """What was decided in a trial, and when.

    Parameters
    ----------
    outcome
        The response, or "none".
    step
        Step of the session in which the bound was crossed; for "none" the one in which it typically is.
    press_s
        Time of the press from the onset of the trial (s); NaN for none.
    correct
        Whether it was right.
    """

    outcome: str
    step: int
    press_s: float
    correct: bool


def subject(
    session: Session,
    kind: Kind,
    seed: int,
    quick: bool,
    cache: Path | None = None,
    progress: Progress = no_progress,
    number: int = 0,
) -> Subject:
    """A participant of a study of that seed, trained or remembered, performs the session.

    Parameters
    ----------
    session
        The session.
    kind
        ``"lstm"`` or ``"attention"``.
    seed
        Seed of the study.
    quick
        Whether the network is small.
    cache
        Folder of trained weights; None: the usual one.
    progress
        Called as the work goes on.
    number
        Of the participant in the study.
    """
    config = NetworkConfig.quick(kind) if quick else NetworkConfig(kind=kind)
    # one device, so that arrays are the same on every machine that computes alike
    participant = NetworkParticipant(config, cache=cache, device="cpu")
    individual = individual_seed(seed, number)
    responses = participant.perform([session], [individual], progress)[0].responses
    network = trained_network(config, session, individual, cache_folder(cache))
    x = torch.from_numpy(participant.perceives(session, individual).astype(np.float32)).unsqueeze(0)
    return Subject(participant, session, network, x, responses.scored(session))


def decision(one: Subject, row: int) -> Decision:
    """What was decided in a trial; in its first component, where it has two."""
    trial = one.session.trials.iloc[row]
    answer = one.scored[one.scored["trial"] == trial["trial"]].iloc[0]
    first = not one.session.second or answer["component"] == FIRST.name
    part: ComponentColumns = FIRST if first else SECOND
    onset_s = float(trial[part.onset])
    zero_s = float(trial["onset_s"]) if np.isfinite(trial["onset_s"]) else onset_s
    correct = bool(answer["correct"])
    if pd.isna(answer["response"]):
        step = int((onset_s + one.typical_delay_s) / one.dt_s)
        none = NO_RESPONSE if first else f"{NO_RESPONSE}_{SECOND.name.lower()}"
        return Decision(none, step, float("nan"), correct)
    press_s = onset_s + float(answer["response_time_s"])
    step = decision_step(press_s, one.participant.readout.non_decision_s, one.dt_s)
    return Decision(str(answer["response"]), step, press_s - zero_s, correct)


def inside(one: Subject, rows: Mapping[str, np.ndarray], stretch: Stretch) -> xr.Dataset:
    """What the network perceived, did inside and made of it, around the onsets of trials.

    Parameters
    ----------
    one
        The network and its session.
    rows
        Rows of the trials of each condition.
    stretch
        What is cut out around each onset.

    Returns
    -------
    xarray.Dataset
        ``perceived`` (trial, time, channel), ``hidden`` (trial, time, unit) and ``log_odds`` (trial, time,
        response, nats); of an LSTM also ``input``, ``forget``, ``candidate``, ``output``, ``cell`` (trial,
        time, unit); of an attention network ``attention`` (trial, layer, head, time, lag) and ``entropy``
        (trial, layer, head, time, bits). Coordinate ``condition`` (trial).
    """
    condition = {int(row): kind for kind, several in rows.items() for row in several}
    chosen = sorted(condition)
    cuts = [stretch.cut(onset) for onset in onset_steps(one.session, one.dt_s)[chosen]]
    make = _gates if isinstance(one.network, LSTMNetwork) else _attention
    states = states_at(one.network, one.x, [cut.start for cut in cuts])
    parts = []
    for row, cut, state in zip(chosen, cuts, states, strict=True):
        found = make(one, cut, state).assign(
            perceived=(("trial", "time", "channel"), one.x[:, cut].numpy(), {"units": "level"})
        )
        parts.append(found.assign_coords(trial=[row], time=stretch.time_s))
    together = xr.concat(parts, "trial").assign_coords(
        channel=list(one.session.channels),
        response=one.outcomes,
        condition=("trial", [condition[row] for row in chosen]),
    )
    for name in ("time", "lag"):
        if name in together.coords:
            together[name].attrs["units"] = "s"
    return together


def saliency(one: Subject, row: int, stretch: Stretch, outcome: str, n_points: int) -> xr.Dataset:
    """Which inputs since the start of the stretch made the log-odds of an outcome at the decision.

    The baseline is the mean input of the session; what came before the stretch is the held state.

    Parameters
    ----------
    one
        The network and its session.
    row
        Row of the trial.
    stretch
        Inputs that share in the attribution.
    outcome
        One of ``one.outcomes``.
    n_points
        Points of the integral at first; doubled until it is accurate to 1e-3 of the change, or 1,024.

    Returns
    -------
    xarray.Dataset
        As of `ann.saliency.integrated_gradients`; ``attribution`` (trial, time, channel) is 0 after the
        decision; ``decision_s`` (trial) is its time from the onset.

    Raises
    ------
    ImportError
        If Captum is not installed.
    """
    onset = int(onset_steps(one.session, one.dt_s)[row])
    cut = stretch.cut(onset)
    step = int(np.clip(decision(one, row).step - cut.start, 0, stretch.n_steps - 1))
    (state,) = states_at(one.network, one.x, [cut.start])
    # in double precision what is left of the completeness error is that of the integral
    network = LogOdds(Continued(copy.deepcopy(one.network).double(), state), one.sizes)
    x = one.x[:, cut].double()
    mean = one.x.double().mean(dim=1, keepdim=True)
    output = one.outcomes.index(outcome)
    while True:
        found = integrated_gradients(network, x, output, step, one.dt_s, mean, one.session.channels, n_points)
        # where the network jumps on the way from the baseline, the integral needs more points
        error = np.abs(found["completeness_error"].values).max()
        if error <= ACCURATE * np.abs(found["change"].values).max() or 2 * n_points > MOST_POINTS:
            break
        n_points *= 2
    found = found.assign_coords(trial=[row], time=stretch.time_s)
    found["n_points"] = ("trial", [n_points], {"units": "1"})
    found["decision_s"] = ("trial", [float(stretch.time_s[step])], {"units": "s"})
    return found


def _gates(one: Subject, cut: slice, state: object) -> xr.Dataset:
    network = Continued(one.network, state)
    traces = gate_traces(network, one.x[:, cut], one.dt_s)
    odds = _odds(traces["logit"].values, one)
    return traces.drop_vars(["logit", "response"]).assign(log_odds=odds)


def _attention(one: Subject, cut: slice, state: object) -> xr.Dataset:
    """All that the network can see enters, and what lies before the stretch is then left out.

    Nothing in it depends on absolute time, so that the numbers are those of the whole stream.
    """
    network, config = cast(AttentionNetwork, one.network), one.participant.config
    before = min(config.n_layers * (config.window - 1), cut.start)
    x = one.x[:, cut.start - before : cut.stop]
    n_steps = cut.stop - cut.start
    maps = attention_maps(network, x, one.dt_s)
    entropy = attention_entropy(maps).isel(time=slice(before, None))
    hidden = hidden_states(network, x, one.dt_s).isel(time=slice(before, None))
    with torch.inference_mode(), one_thread():
        logits = network.head(torch.from_numpy(hidden.values)).numpy()
    return xr.Dataset(
        {"hidden": hidden, "attention": by_lag(maps, before, n_steps, config.window), "entropy": entropy},
        attrs={"dt_s": one.dt_s, "network": type(network).__name__},
    ).assign(log_odds=_odds(logits, one))


def _odds(logits: np.ndarray, one: Subject) -> tuple[tuple[str, ...], np.ndarray, dict[str, str]]:
    odds = log_odds(torch.from_numpy(logits), one.sizes).numpy()
    return ("trial", "time", "response"), odds, {"units": "nat"}
