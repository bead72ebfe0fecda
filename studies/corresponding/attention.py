"""B7, attention: normalised rates of competing populations against softmax, entmax and sparsemax weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from bridges.maps.attention import compete, divisive_normalisation, hold_total, predicted_beta
from bridges.maps.competition_circuit import CompetitionCircuit
from bridges.maps.normalisers import (
    entmax,
    fit_normaliser,
    jensen_shannon_bits,
    softmax,
    sparsemax,
    top_agreement,
)
from bridges.maps.siegert import siegert_log_slope, siegert_rate
from bridges.maps.transfer import TabulatedTransfer, measured_rates, white_noise_background
from neurosim.circuits.protocols.measurement import Measurement, mean_of
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target

__all__ = ["EXHIBIT"]

PAPER = (
    "softmax as competition: Yu et al. (2018), doi:10.48550/arXiv.1808.00675; entmax: Peters et al. (2019), "
    "doi:10.18653/v1/P19-1146; normalization: Reynolds & Heeger (2009), doi:10.1016/j.neuron.2009.01.002"
)
SOURCE = "acceptance number of the attention map; closed form where exact"
ITEMS, VECTORS = 6, 200
RATES = (0.8, 3.3, 10.0, 25.0, 50.0)
LEVELS = RATES
"""Mean rates (Hz) that inhibition allows in the spiking circuit: its levels."""
NEAR_SOFTMAX = 10.0
"""Levels up to this are to be near softmax."""
SIGMAS, GAINS = (2.0, 4.0, 6.0), (2.0, 4.0)
GRID = np.linspace(-80.0, 150.0, 4601)

TARGETS = (
    Target("identities", "identities I1 to I5: largest difference", 0.0, 0.0, 1e-6, "1", SOURCE),
    Target("mean_field_softmax", "mean field, softmax R2 at <= 3.3 Hz, worst setting", None, 0.98, None,
           "1", SOURCE),
    Target("mean_field_best_alpha", "mean field, best-alpha R2, worst setting", None, 0.98, None, "1",
           SOURCE),
    Target("mean_field_beta", "mean field, predicted beta: largest error of a setting", 0.0, 0.0, 0.15, "1",
           SOURCE),
    Target("mean_field_beta_r2", "mean field, R2 of ln(predicted beta)", None, 0.9, None, "1", SOURCE),
    Target("spiking_softmax", "spikes, softmax R2, worst level at <= 10 Hz", None, 0.95, None, "1", SOURCE),
    Target("spiking_jsd", "spikes, mean divergence from softmax, worst level", None, 0.0, 0.03, "bit",
           SOURCE),
    Target("spiking_top", "spikes, same winner as the scores, worst level", None, 0.93, None, "1", SOURCE),
    Target("spiking_alpha", "spikes, rank correlation of alpha with mean rate", None, 0.8, None, "1", SOURCE,
           quick=False),
    Target("spiking_beta", "spikes, predicted beta: largest error of a level", 0.0, 0.0, 0.15, "1", SOURCE),
    Target("spiking_beta_r2", "spikes, R2 of ln(predicted beta)", None, 0.9, None, "1", SOURCE, quick=False),
)  # fmt: skip


def scores(seed: int, vectors: int = VECTORS) -> np.ndarray:
    """Normal scores, shape (vector, item)."""
    return np.random.default_rng(seed).normal(size=(vectors, ITEMS))


def identities(seed: int) -> pd.DataFrame:
    """Largest difference between the two sides of each identity, over random vectors."""
    rng = np.random.default_rng(seed)
    z, n, k = rng.normal(size=(VECTORS, ITEMS)), 2.5, 0.7
    d = np.exp(rng.normal(size=z.shape))
    inhibition = rng.normal(size=(VECTORS, 1))
    exponential = np.exp(1.7 * z - inhibition)
    powers = {1: sparsemax(z), 2: entmax(z / 0.5, 1.5), 3: entmax(z * 3.0, 4.0 / 3.0)}
    null = np.full((VECTORS, 1), n * np.log(k))
    with_null = softmax(np.concatenate([n * np.log(d), null], axis=1))[:, :-1]
    gain = np.exp(0.4 * rng.normal(size=z.shape))
    shift = 0.8 * np.eye(ITEMS)[0]
    pairs = {
        "I1": (exponential / exponential.sum(axis=1, keepdims=True), softmax(1.7 * z)),
        **{
            f"I{2 if power == 1 else 3} power {power}": (
                hold_total(z, lambda x, p=power: np.maximum(x, 0.0) ** p, 1.0).weights, wanted  # type: ignore[misc]
            )
            for power, wanted in powers.items()
        },
        "I4": (divisive_normalisation(d, n, k), with_null),
        "I5 gain": (divisive_normalisation(gain * d, n, 0.0), softmax(n * np.log(d) + n * np.log(gain))),
        "I5 current": (hold_total(z + shift, lambda x: np.exp(1.7 * x), 1.0).weights,
                       softmax(1.7 * z + 1.7 * shift)),
    }  # fmt: skip
    return pd.DataFrame(
        [(name, float(np.abs(a - b).max())) for name, (a, b) in pairs.items()], columns=["identity", "error"]
    )


def mean_field(seed: int, sigmas_mv: tuple[float, ...]) -> pd.DataFrame:
    """Competition by Siegert's formula: fits and prediction for every noise, rate and gain."""
    z, rows = scores(seed), []
    for sigma in sigmas_mv:
        phi, slope = siegert_rate(GRID, sigma), siegert_log_slope(GRID, sigma)
        log_phi = np.log(np.maximum(phi, 1e-300))
        for rate in RATES:
            for gain in GAINS:
                settled = compete(z, lambda mu, y=log_phi: np.exp(np.interp(mu, GRID, y)), rate, gain)  # type: ignore[misc]
                soft, best = fit_normaliser(z, settled.weights, 1.0), fit_normaliser(z, settled.weights)
                predicted = predicted_beta(settled.rates, phi, slope, gain)
                rows.append((sigma, rate, gain, soft.r2, best.alpha, best.r2, soft.beta, predicted))
    columns = ["sigma_mv", "rate_hz", "gain_mv", "softmax_r2", "alpha", "alpha_r2", "beta", "predicted"]
    return pd.DataFrame(rows, columns=columns)


def spiking(rate_hz: float, seed: int, vectors: int, count_s: float) -> pd.DataFrame:
    """The spiking circuit at one level of inhibition: one row a vector and item."""
    circuit = CompetitionCircuit(mean_rate_hz=rate_hz)
    z = scores(seed, vectors)
    rates, _ = circuit.rates(circuit.gain_mv * z, count_s, seed)
    vector, item = np.indices(z.shape)
    return pd.DataFrame(
        {
            "level_hz": rate_hz, "seed": seed, "vector": vector.ravel(), "item": item.ravel(),
            "score": z.ravel(), "rate_hz": rates.ravel(),
        }
    )  # fmt: skip


def curve(seed: int, points: int, duration_s: float) -> pd.DataFrame:
    """The f-I curve of the circuit's excitatory neuron, measured open loop: from it beta is predicted."""
    circuit = CompetitionCircuit()
    drives = np.linspace(4.0, 60.0, points)
    backgrounds = [white_noise_background(mu, circuit.sigma_mv) for mu in drives]
    rates = measured_rates(backgrounds, circuit.cell, duration_s=duration_s, seed=seed, dt_ms=circuit.step_ms)
    return pd.DataFrame({"drive_mv": drives, "rate_hz": rates})


def _parts(setting: Setting) -> tuple[Part, ...]:
    seed = setting.seed
    seeds = (seed,) if setting.quick else tuple(seed + k for k in range(3))
    levels = (3.3,) if setting.quick else LEVELS
    vectors = 60 if setting.quick else VECTORS
    sigmas = (4.0,) if setting.quick else SIGMAS
    points, duration = (15, 2.0) if setting.quick else (57, 30.0)
    return (
        Part("identities", identities, {"seed": seed}, 0.2),
        Part("mean_field", mean_field, {"seed": seed, "sigmas_mv": sigmas}, 15.0),
        Part("curve", curve, {"seed": seed, "points": points, "duration_s": duration}, 20.0),
        *(
            Part(f"spiking_{level:g}Hz_{one}".replace(".", "p"), spiking,
                 {"rate_hz": level, "seed": one, "vectors": vectors, "count_s": 1.2}, 30.0)
            for level in levels for one in seeds
        ),
    )  # fmt: skip


def _weights(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, rates and weights of a part, each (vector, item)."""
    shape = (-1, ITEMS)
    z, rates = table["score"].to_numpy().reshape(shape), table["rate_hz"].to_numpy().reshape(shape)
    return z, rates, rates / rates.sum(axis=1, keepdims=True)


def by_level(tables: Tables) -> pd.DataFrame:
    """Every number of every level and seed of the spiking circuit."""
    fi = tables["curve"].loc[lambda t: t["rate_hz"] > 0]
    # ln rate is interpolated: its slope is what the prediction needs, and it is smooth
    log_curve = TabulatedTransfer(fi["drive_mv"].to_numpy(), np.log(fi["rate_hz"].to_numpy()))
    mu = np.linspace(fi["drive_mv"].min(), fi["drive_mv"].max(), 2001)
    phi, slope = np.exp(log_curve.rate(mu)), log_curve.slope(mu)
    gain, rows = CompetitionCircuit().gain_mv, []
    for name, table in tables.items():
        if not name.startswith("spiking"):
            continue
        z, rates, weights = _weights(table)
        soft, best = fit_normaliser(z, weights, 1.0), fit_normaliser(z, weights)
        jsd = float(jensen_shannon_bits(weights, soft.weights(z)).mean())
        predicted = predicted_beta(rates, phi, slope, gain)
        rows.append(
            (table["level_hz"].iloc[0], table["seed"].iloc[0], rates.mean(), soft.r2, jsd,
             top_agreement(weights, z),
             best.alpha, best.r2, soft.beta, predicted)
        )  # fmt: skip
    columns = [
        "level_hz",
        "seed",
        "mean_hz",
        "softmax_r2",
        "jsd_bit",
        "top",
        "alpha",
        "alpha_r2",
        "beta",
        "predicted",
    ]
    return pd.DataFrame(rows, columns=columns).sort_values(["level_hz", "seed"], ignore_index=True)


def _worst(table: pd.DataFrame, column: str, largest: bool, unit: str = "1") -> Measurement:
    """Mean over seeds of the level where it is worst."""
    means = table.groupby("level_hz")[column].mean()
    level = means.idxmax() if largest else means.idxmin()
    return mean_of(table.loc[table["level_hz"] == level, column], unit)


def _log_r2(table: pd.DataFrame) -> float:
    y, f = np.log(table["beta"]), np.log(table["predicted"])
    return float(1.0 - np.sum((y - f) ** 2) / np.sum((y - y.mean()) ** 2))


def _find(setting: Setting, tables: Tables) -> Findings:
    field = tables["mean_field"]
    low = field.loc[field["rate_hz"] <= 3.3]
    spikes = by_level(tables)
    spikes["beta_error"] = (spikes["beta"] / spikes["predicted"] - 1.0).abs()
    near = spikes.loc[spikes["level_hz"] <= NEAR_SOFTMAX]
    found = {
        "identities": Measurement.exact(tables["identities"]["error"].max(), "1"),
        "mean_field_softmax": Measurement.exact(low["softmax_r2"].min(), "1"),
        "mean_field_best_alpha": Measurement.exact(field["alpha_r2"].min(), "1"),
        "mean_field_beta": Measurement.exact((field["beta"] / field["predicted"] - 1.0).abs().max(), "1"),
        "mean_field_beta_r2": Measurement.exact(_log_r2(field), "1"),
        "spiking_softmax": _worst(near, "softmax_r2", False),
        "spiking_jsd": _worst(near, "jsd_bit", True, "bit"),
        "spiking_top": _worst(near, "top", False),
        "spiking_beta": _worst(spikes, "beta_error", True),
    }
    if not setting.quick:
        by_seed = [part for _, part in spikes.groupby("seed")]
        ranks = [spearmanr(part["mean_hz"], part["alpha"]).statistic for part in by_seed]
        found["spiking_alpha"] = mean_of(ranks, "1")
        found["spiking_beta_r2"] = mean_of([_log_r2(part) for part in by_seed], "1")
    return Findings(found)


def _draw(setting: Setting, tables: Tables) -> Drawing:
    from studies.corresponding.attention_figure import draw

    return draw(tables, by_level(tables), _weights)


def _methods() -> str:
    circuit = CompetitionCircuit()
    return "\n".join(
        [
            "r_i = phi(mu_0 + k s_i - I), inhibition I shared; weights p_i = r_i / sum r",
            "beta predicted = k sqrt(L(mean rate) L(winner-weighted rate)), L = d ln phi / d mu, phi "
            "measured open loop",
            f"spiking circuit: {circuit}",
            f"scores: {VECTORS} vectors of {ITEMS} standard normal numbers, the same for every level "
            "of inhibition",
            "softmax and entmax are fitted with one beta (and alpha) for all vectors; R2 about the "
            "identity line",
            "",
            circuit.circuit().methods_table(),
        ]
    )


EXHIBIT = Exhibit(
    name="attention",
    title="Attention: normalised rates of competing populations are softmax weights (B7)",
    paper=PAPER,
    targets=TARGETS,
    parts=_parts,
    find=_find,
    draw=_draw,
    methods=_methods,
)
