"""Runs of the conversions: networks that have learned a task, and their spiking forms on the same trials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

import numpy as np
import pandas as pd

from bridges.participants.base import Progress, no_progress

if TYPE_CHECKING:
    from ann.recurrent import LSTMNetwork

__all__ = ["context_d_prime", "counts", "lesions", "spiking_streams", "tasks", "two_choice_d_prime"]

SLOTS = {"deterministic": (8, 16, 32, 64, 128, 256), "bernoulli": (64, 128, 256, 512, 1024)}
INTEGRALS_S = (0.1, 0.5, 2.0)
"""Time constants of the leaky integrals of the input that stand for what the stimulus alone explains (s)."""


def counts(seed: int, streams: int) -> pd.DataFrame:
    """A trained LSTM with its activities as counts, over numbers of slots: one row a code and number."""
    from bridges.maps.count_coding import CountCode, agreement, cell_range, hidden_r2, run_counted
    from bridges.maps.cue_probe import draw_streams, learn_streams
    from bridges.maps.lstm_weights import LSTMWeights, run_exactly

    weights = LSTMWeights.of(cast("LSTMNetwork", learn_streams(seed)))
    rng = np.random.default_rng(np.random.SeedSequence([seed, 31]))
    cell_max = cell_range(weights, draw_streams(300, rng).x)
    test = draw_streams(streams, rng)
    exact = run_exactly(weights, test.x)
    right = exact.logits.argmax(-1) == test.answer
    rows = []
    for kind, slots in SLOTS.items():
        for parts in ("gates", "full"):
            for number in slots:
                code = CountCode(number, kind, parts)  # type: ignore[arg-type]
                found = run_counted(weights, test.x, code, cell_max, rng)
                now = found.logits.argmax(-1) == test.answer
                rows.append(
                    {
                        "seed": seed,
                        "kind": kind,
                        "parts": parts,
                        "slots": number,
                        "accuracy": right.mean(),
                        "drop_pp": 100 * (right.mean() - now.mean()),
                        "probe_drop_pp": 100 * (right[test.probe].mean() - now[test.probe].mean()),
                        "agreement": agreement(exact.logits, found.logits),
                        "hidden_r2": hidden_r2(exact.hidden, found.hidden),
                        "error": np.sqrt(((exact.hidden - found.hidden) ** 2).mean()),
                    }
                )
    return pd.DataFrame(rows)


def spiking_streams(
    seed: int, kind: Literal["lstm", "attention"], streams: int, neurons: tuple[int, ...], step_s: float
) -> pd.DataFrame:
    """A trained network and its Brian2 form on the same streams: one row a number of neurons."""
    from bridges.maps.count_coding import agreement, hidden_r2
    from bridges.maps.cue_probe import draw_streams, learn_streams
    from bridges.maps.spiking_populations import PopulationCode
    from bridges.measures.representation import cka, procrustes_distance, similarity

    network = learn_streams(seed, kind)
    rng = np.random.default_rng(np.random.SeedSequence([seed, 32]))
    calibration, test = draw_streams(100, rng), draw_streams(streams, rng)
    other = learn_streams(seed + 1000, kind)
    exact, stream, read = _exactly(network, test.x)
    _, another, _ = _exactly(other, test.x)
    right = exact.argmax(-1) == test.answer
    stimulus = _integrals(test.x, step_s)
    rows = []
    for number in neurons:
        logits, active, rate_hz = read(calibration.x, PopulationCode(n_neurons=number), step_s)
        now = logits.argmax(-1) == test.answer
        alike = similarity(stream, active, stimulus, rng)
        flat = active.reshape(-1, active.shape[-1])
        rows.append(
            {
                "seed": seed,
                "neurons": number,
                "step_s": step_s,
                "accuracy": right.mean(),
                "probe_accuracy": right[test.probe].mean(),
                "drop_pp": 100 * (right.mean() - now.mean()),
                "probe_drop_pp": 100 * (right[test.probe].mean() - now[test.probe].mean()),
                "agreement": agreement(exact, logits),
                "hidden_r2": hidden_r2(stream, active),
                "rate_hz": rate_hz,
                "cka": alike.value,
                "cka_shuffled": alike.shuffled,
                "cka_stimulus": alike.stimulus,
                "cka_other_seed": cka(another.reshape(-1, another.shape[-1]), flat),
                "procrustes_rad": procrustes_distance(stream.reshape(-1, stream.shape[-1]), flat),
            }
        )
    return pd.DataFrame(rows)


def _exactly(network, x):
    """Logits and activity of a network, and a function that runs its spiking form on the same input."""
    import torch

    from ann.recurrent import LSTMNetwork

    if isinstance(network, LSTMNetwork):
        from bridges.maps.lstm_spiking import run_spiking
        from bridges.maps.lstm_weights import LSTMWeights, run_exactly

        weights = LSTMWeights.of(network)
        exact = run_exactly(weights, x)

        def spike(_, code, step_s):
            run = run_spiking(weights, x, code, step_s, rates=False)
            return run.traces.logits, run.traces.hidden, run.mean_rate_hz

        return exact.logits, exact.hidden, spike
    from bridges.maps.attention_spiking import run_spiking_attention
    from bridges.maps.attention_weights import convert_attention, layer_norm

    with torch.inference_mode():
        given = torch.from_numpy(x.astype(np.float32))
        logits = network(given)[0].numpy().astype(float)
        features = network.features(given)[0].numpy().astype(float)

    def attend(calibration, code, step_s):
        weights = convert_attention(network, calibration)
        run = run_spiking_attention(weights, x, code, step_s, keep_weights=False)
        gain, shift = (part.detach().numpy() for part in (network.norm.weight, network.norm.bias))
        return run.logits, gain * layer_norm(run.stream, weights.epsilon) + shift, run.mean_rate_hz

    return logits, features, attend


def _integrals(x: np.ndarray, step_s: float) -> np.ndarray:
    """The input and leaky integrals of it, shape (stream, time, channel)."""
    parts = [x]
    for tau_s in INTEGRALS_S:
        keep = np.exp(-step_s / tau_s)
        level = np.zeros_like(x)
        for k in range(x.shape[1]):
            level[:, k] = (keep * level[:, k - 1] if k else 0.0) + (1 - keep) * x[:, k]
        parts.append(level)
    return np.concatenate(parts, axis=2)


def lesions(seed: int, streams: int, caps: tuple[float, ...]) -> pd.DataFrame:
    """The same lesions in a trained LSTM and in its Brian2 form: one row a lesion."""
    from bridges.maps.cue_probe import draw_streams, learn_streams
    from bridges.maps.lesions import lesion_effects
    from bridges.maps.lstm_weights import LSTMWeights
    from bridges.maps.spiking_populations import PopulationCode

    weights = LSTMWeights.of(cast("LSTMNetwork", learn_streams(seed)))
    test = draw_streams(streams, np.random.default_rng(np.random.SeedSequence([seed, 33])))
    found = lesion_effects(weights, test, caps, PopulationCode(high_hz=200.0, tick_s=0.0025))
    return pd.DataFrame(
        {
            "seed": seed,
            "cap": found.caps,
            "network": found.network,
            "spiking": found.spiking,
            "intact_network": found.intact_network,
            "intact_spiking": found.intact_spiking,
            "network_effect": found.network_effect,
            "spiking_effect": found.spiking_effect,
        }
    )


def tasks(
    kind: Literal["lstm", "attention"], participants: int, seed: int, progress: Progress = no_progress
) -> pd.DataFrame:
    """Participants that perform AX-CPT and the dual task as networks and as their spiking forms.

    One row a participant and task: d' and share of right answers of both. d' is that of context in the AX-CPT
    (target to AX against target to BX) and, in the dual task, that of telling the two stimuli of a component
    apart, the mean of its two components.
    """
    from bridges.participants import converted
    from bridges.tasks import AXCPT, PRP
    from studies.seeds import individual_seed, session_seed

    made = [getattr(converted, f"{kind}_{form}")() for form in ("memory", "spiking")]
    todo = (AXCPT(n_blocks=2), PRP(blocks=("dual",) * 2))
    rows = []
    for number, task in enumerate(todo):
        sessions = [task.session(session_seed(seed, k, task.name)) for k in range(participants)]
        seeds = [individual_seed(seed, k) for k in range(participants)]

        def report(fraction: float, doing: str = "", number: int = number) -> None:
            progress((number + fraction) / len(todo), doing)

        answers = [one.perform(sessions, seeds, report) for one in made]
        for k, session in enumerate(sessions):
            row = {"participant": k, "task": task.name}
            for form, performed in zip(("network", "spiking"), answers, strict=True):
                scored = performed[k].responses.scored(session)
                measure = context_d_prime if task.name == "ax_cpt" else two_choice_d_prime
                row[f"d_prime_{form}"] = measure(scored)
                row[f"accuracy_{form}"] = float(scored["correct"].mean())
            rows.append(row)
    return pd.DataFrame(rows)


def context_d_prime(scored: pd.DataFrame) -> float:
    """Sensitivity to context, d': z of "target" to AX less z of "target" to BX, log-linear correction."""
    from bridges.measures.behaviour import d_prime

    said = scored["response"].eq("target").to_numpy(dtype=bool)
    ax, bx = (scored["trial_type"].eq(name).to_numpy() for name in ("AX", "BX"))
    return float(d_prime(said[ax].sum(), ax.sum(), said[bx].sum(), bx.sum()))


def two_choice_d_prime(scored: pd.DataFrame) -> float:
    """Sensitivity d' of telling two stimuli apart, from trials that were answered; mean over components."""
    from bridges.measures.behaviour import d_prime

    found = []
    for _, part in scored.groupby("component"):
        first = sorted(part["correct_response"].unique())[0]
        answered = part[part["response"].notna()]
        signal = answered["correct_response"].eq(first).to_numpy()
        said = answered["response"].eq(first).to_numpy(dtype=bool)
        found.append(float(d_prime(said[signal].sum(), signal.sum(), said[~signal].sum(), (~signal).sum())))
    return float(np.mean(found))
