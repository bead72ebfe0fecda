"""B8, gain: a cue current is a logit bias, a normalised gain is one exactly, one arousal drives both."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bridges.maps.attention import compete, divisive_normalisation
from bridges.maps.competition_circuit import CompetitionCircuit
from bridges.maps.gain import cue_logit, gain_logit, odds_logit, recovered_logit, scaled_by_arousal
from bridges.maps.normalisers import fit_normaliser, softmax
from bridges.maps.siegert import siegert_rate
from bridges.maps.transfer import r_squared
from neurosim.circuits.protocols.measurement import Measurement, mean_of
from neurosim.neuromodulation import Arousal
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target
from studies.exhibits.looks import FIRST, OTHER, REFERENCE, SECOND, letter, long_table

__all__ = ["EXHIBIT"]

PAPER = (
    "Reynolds & Heeger (2009), doi:10.1016/j.neuron.2009.01.002; arousal as gain: Aston-Jones & "
    "Cohen (2005), doi:10.1146/annurev.neuro.28.061604.135709"
)
SOURCE = "acceptance number of the gain map; closed form where exact"
OWN = "own tolerance, the same as for a cue; closed form for an exponential f-I curve"
ITEMS, VECTORS, SPIKING_VECTORS = 6, 200, 60
RATES = (0.8, 3.3, 10.0, 25.0)
CUES_MV = (0.5, 1.0, 2.0)
SIGMAS, GAINS = (2.0, 4.0, 6.0), (2.0, 4.0)
GRID = np.linspace(-80.0, 150.0, 4601)
LOW_HZ = 3.3
BLOCKS = 6

TARGETS = (
    Target("normalisation_identity", "normalisation form: gain as logit n ln A, largest difference", 0.0, 0.0,
           1e-6, "1", SOURCE),
    Target("mean_field_low_min", "mean field, logit shift / (beta dI), <= 3.3 Hz: smallest", 1.0, 0.9, 1.1,
           "1", SOURCE),
    Target("mean_field_low_max", "mean field, logit shift / (beta dI), <= 3.3 Hz: largest", 1.0, 0.9, 1.1,
           "1", SOURCE),
    Target("mean_field_high_min", "mean field, the same at 10 and 25 Hz: smallest", 1.0, 0.85, 1.35, "1",
           SOURCE),
    Target("mean_field_high_max", "mean field, the same at 10 and 25 Hz: largest", 1.0, 0.85, 1.35, "1",
           SOURCE),
    Target("odds_low_min", "mean field, change of log odds / (beta dI), <= 3.3 Hz: smallest", 1.0, 0.9, 1.1,
           "1", OWN),
    Target("odds_low_max", "mean field, change of log odds / (beta dI), <= 3.3 Hz: largest", 1.0, 0.9, 1.1,
           "1", OWN),
    Target("spiking_low", "spikes, logit shift / (beta dI), 3.3 Hz, cue furthest from 1", 1.0, 0.9, 1.1, "1",
           SOURCE),
    Target("spiking_high", "spikes, the same at 10 and 25 Hz, furthest from 1", 1.0, 0.85, 1.35, "1", SOURCE,
           quick=False),
    Target("arousal_beta", "spikes, beta under arousal g / (g beta), g furthest from 1", 1.0, 0.9, 1.1, "1",
           OWN, quick=False),
    Target("arousal_course", "one g(t), circuit and network: R2 of the winner's weight over blocks", None,
           0.95, None, "1", f"{OWN}; R2 as for the attention map", quick=False),
)  # fmt: skip


def identity(seed: int) -> pd.DataFrame:
    """Normalisation with gains against softmax with logit biases, several exponents."""
    rng = np.random.default_rng(seed)
    rows = []
    for exponent in (0.5, 1.0, 2.0, 4.0):
        d, gain = np.exp(rng.normal(size=(VECTORS, ITEMS))), np.exp(0.5 * rng.normal(size=(VECTORS, ITEMS)))
        network = softmax(exponent * np.log(d) + gain_logit(gain, exponent))
        rows.append(
            (exponent, float(np.abs(divisive_normalisation(gain * d, exponent, 0.0) - network).max()))
        )
    return pd.DataFrame(rows, columns=["exponent", "error"])


def mean_field(seed: int) -> pd.DataFrame:
    """Recovered logit shift over beta dI in the mean field, for every noise, rate, gain and cue."""
    rng = np.random.default_rng(seed)
    z, item = rng.normal(size=(VECTORS, ITEMS)), rng.integers(0, ITEMS, VECTORS)
    mark = np.eye(ITEMS)[item]
    rows = []
    for sigma in SIGMAS:
        log_phi = np.log(np.maximum(siegert_rate(GRID, sigma), 1e-300))

        def phi(mu: np.ndarray, y: np.ndarray = log_phi) -> np.ndarray:
            return np.exp(np.interp(mu, GRID, y))

        for rate in RATES:
            for gain in GAINS:
                plain = compete(z, phi, rate, gain).weights
                for cue in CUES_MV:
                    cued = compete(z, phi, rate, gain, cue * mark).weights
                    shift, fit = recovered_logit(z, plain, cued, item)
                    predicted, odds = float(cue_logit(cue, fit.beta / gain)), odds_logit(plain, cued, item)
                    rows.append((sigma, rate, gain, cue, shift, predicted, odds))
    columns = ["sigma_mv", "rate_hz", "gain_mv", "cue_mv", "shift", "predicted", "odds_shift"]
    return pd.DataFrame(rows, columns=columns)


def spiking(
    rate_hz: float, cues_mv: tuple[float, ...], seed: int, vectors: int, count_s: float
) -> pd.DataFrame:
    """The spiking circuit without and with cues: recovered logit shift and beta dI."""
    circuit = CompetitionCircuit(mean_rate_hz=rate_hz)
    rng = np.random.default_rng(seed)
    z, item = rng.normal(size=(vectors, ITEMS)), rng.integers(0, ITEMS, vectors)
    mark = np.eye(ITEMS)[item]
    drives = [circuit.gain_mv * z + cue * mark for cue in (0.0, *cues_mv)]
    rates, _ = circuit.rates(np.concatenate(drives), count_s, seed)
    weights = np.split(rates / rates.sum(axis=1, keepdims=True), len(drives))
    rows = []
    for cue, cued in zip(cues_mv, weights[1:], strict=True):
        shift, fit = recovered_logit(z, weights[0], cued, item)
        predicted = float(cue_logit(cue, fit.beta / circuit.gain_mv))
        rows.append((rate_hz, seed, cue, rates.mean(), shift, predicted))
    return pd.DataFrame(rows, columns=["level_hz", "seed", "cue_mv", "mean_hz", "shift", "predicted"])


def arousal(seed: int, vectors: int, count_s: float) -> pd.DataFrame:
    """One g(t) of an hour on task, by blocks: on the drives of a circuit, on the logits of a network."""
    one, other = (np.random.default_rng([seed, k]) for k in (0, 1))
    # an individual that tires fast: g falls by a third within the hour
    course = Arousal(tau_depletion_s=1200.0, individual_sd=0.0).gain(np.ones(3600), 1.0, one, other)
    g = course.reshape(BLOCKS, -1).mean(axis=1)
    circuit = CompetitionCircuit(mean_rate_hz=LOW_HZ)
    z = np.random.default_rng(seed).normal(size=(vectors, ITEMS))
    drives = np.concatenate(
        [circuit.gain_mv * scaled_by_arousal(z, np.full(vectors, one_g)) for one_g in (1.0, *g)]
    )
    rates, _ = circuit.rates(drives, count_s, seed)
    weights = np.split(rates / rates.sum(axis=1, keepdims=True), BLOCKS + 1)
    # beta is from the circuit before the task, and frozen
    rested = fit_normaliser(z, weights[0], 1.0).beta
    top, rows = z.argmax(axis=1), []
    for block, (gain, w) in enumerate(zip((1.0, *g), weights, strict=True)):
        network = softmax(rested * scaled_by_arousal(z, np.full(vectors, gain)))
        here = np.arange(vectors), top
        beta = fit_normaliser(z, w, 1.0).beta
        rows.append((seed, block, gain, beta, rested, w[here].mean(), network[here].mean()))
    return pd.DataFrame(
        rows, columns=["seed", "block", "gain", "beta", "rested_beta", "circuit_winner", "network_winner"]
    )


def _parts(setting: Setting) -> tuple[Part, ...]:
    seed = setting.seed
    seeds = (seed,) if setting.quick else tuple(seed + k for k in range(3))
    vectors = SPIKING_VECTORS
    always = (
        Part("identity", identity, {"seed": seed}, 0.1),
        Part("mean_field", mean_field, {"seed": seed}, 10.0),
    )
    levels = (LOW_HZ,) if setting.quick else (LOW_HZ, 10.0, 25.0)
    cues = (2.0,) if setting.quick else (CUES_MV[0], CUES_MV[-1])
    spikes = tuple(
        Part(f"spiking_{level:g}Hz_{one}".replace(".", "p"), spiking,
             {"rate_hz": level, "cues_mv": cues, "seed": one, "vectors": vectors, "count_s": 1.2}, 100.0)
        for level in levels for one in seeds
    )  # fmt: skip
    if setting.quick:
        return always + spikes
    courses = tuple(
        Part(f"arousal_{one}", arousal, {"seed": one, "vectors": 40, "count_s": 1.2}, 45.0) for one in seeds
    )
    return always + spikes + courses


def _together(tables: Tables, start: str) -> pd.DataFrame:
    return pd.concat([t for name, t in tables.items() if name.startswith(start)], ignore_index=True)


def _furthest(table: pd.DataFrame, by: list[str], ratio: pd.Series) -> Measurement:
    """Mean over seeds of the condition whose mean is furthest from 1."""
    means = ratio.groupby([table[key] for key in by]).mean()
    worst = (means - 1.0).abs().idxmax()
    wanted = worst if isinstance(worst, tuple) else (worst,)
    chosen = np.logical_and.reduce([table[key] == value for key, value in zip(by, wanted, strict=True)])
    return mean_of(ratio[chosen], "1")


def _find(setting: Setting, tables: Tables) -> Findings:
    field, spikes = tables["mean_field"], _together(tables, "spiking")
    ratio, low = field["shift"] / field["predicted"], field["rate_hz"] <= LOW_HZ
    measured = spikes["shift"] / spikes["predicted"]
    slow = spikes["level_hz"] <= LOW_HZ
    found = {
        "normalisation_identity": Measurement.exact(tables["identity"]["error"].max(), "1"),
        "mean_field_low_min": Measurement.exact(ratio[low].min(), "1"),
        "mean_field_low_max": Measurement.exact(ratio[low].max(), "1"),
        "mean_field_high_min": Measurement.exact(ratio[~low].min(), "1"),
        "mean_field_high_max": Measurement.exact(ratio[~low].max(), "1"),
        "odds_low_min": Measurement.exact((field["odds_shift"] / field["predicted"])[low].min(), "1"),
        "odds_low_max": Measurement.exact((field["odds_shift"] / field["predicted"])[low].max(), "1"),
        "spiking_low": _furthest(spikes[slow], ["cue_mv"], measured[slow]),
    }
    why = {}
    if not setting.quick:
        courses = _together(tables, "arousal")
        tired = courses[courses["block"] > 0]
        found["spiking_high"] = _furthest(spikes[~slow], ["level_hz", "cue_mv"], measured[~slow])
        found["arousal_beta"] = _furthest(
            tired, ["block"], tired["beta"] / (tired["gain"] * tired["rested_beta"])
        )
        found["arousal_course"] = mean_of(
            [r_squared(t["circuit_winner"], t["network_winner"]) for _, t in courses.groupby("seed")], "1"
        )
        beta = (tired["beta"] / tired["rested_beta"] / tired["gain"]).mean()
        above = (tired["circuit_winner"] - tired["network_winner"]).mean()
        why["arousal_course"] = (
            f"ln phi is steeper at the weaker drives of a tired circuit: its beta is {beta:.2f} times "
            f"what g says, and the winner has {above:.3f} more weight than in the network, which falls "
            f"by {_fall(courses):.2f}"
        )
    steep = field.assign(ratio=ratio).sort_values("ratio").iloc[[0, -1]]
    words = "; ".join(
        f"{row.ratio:.2f} at {row.rate_hz:g} Hz, sigma {row.sigma_mv:g} mV, {row.gain_mv:g} mV per "
        "score, cue "
        f"{row.cue_mv:g} mV" for row in steep.itertuples()
    )  # fmt: skip
    for side in ("low_min", "low_max", "high_min", "high_max"):
        why[f"mean_field_{side}"] = (
            "the f-I curve is not exponential: ln phi is steeper near threshold than on average; "
            f"extremes {words}"
        )
    for side in ("low_min", "low_max"):
        why[f"odds_{side}"] = (
            "beta averages over all drives; the slope of ln phi at the cued population itself differs: "
            "more below the mean rate, less above"
        )
    return Findings(found, why)


def _fall(courses: pd.DataFrame) -> float:
    """How far the winner's weight falls in the network, mean over seeds."""
    of_seed = courses.groupby("seed")["network_winner"]
    return float((of_seed.max() - of_seed.min()).mean())


def _draw(setting: Setting, tables: Tables) -> Drawing:
    import matplotlib.pyplot as plt

    field, spikes = tables["mean_field"], _together(tables, "spiking")
    figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.4))
    for panel, name, title, chosen in (
        (axes[0], "A", "up to 3.3 Hz", field["rate_hz"] <= LOW_HZ),
        (axes[1], "B", "10 and 25 Hz", field["rate_hz"] > LOW_HZ),
    ):
        panel.plot(field["predicted"][chosen], field["shift"][chosen], ".", color=OTHER, label="mean field")
        mine = (spikes["level_hz"] <= LOW_HZ) == (name == "A")
        panel.plot(spikes["predicted"][mine], spikes["shift"][mine], "o", ms=3, color=FIRST, label="spikes")
        top = float(field["predicted"][chosen].max())
        low, high = (0.9, 1.1) if name == "A" else (0.85, 1.35)
        panel.plot([0, top], [0, top], "--", color=REFERENCE, lw=0.8)
        panel.fill_between([0, top], [0, low * top], [0, high * top], color=REFERENCE, alpha=0.12, lw=0)
        panel.set(xlabel="beta dI", ylabel="logit shift", xlim=(0, None), ylim=(0, None))
        panel.legend(loc="upper left")
        letter(panel, name, title)
    pieces = [("A and B mean field", field), ("A and B spikes", spikes)]
    courses = [t for name, t in tables.items() if name.startswith("arousal")]
    if courses:
        mean = pd.concat(courses).groupby("block")[["gain", "circuit_winner", "network_winner"]].mean()
        rested = mean.iloc[0]
        axes[2].plot(
            mean.index, mean["circuit_winner"] / rested["circuit_winner"], "o-", color=FIRST, label="circuit"
        )
        axes[2].plot(
            mean.index,
            mean["network_winner"] / rested["network_winner"],
            "^--",
            color=SECOND,
            label="network",
        )
        axes[2].plot(mean.index, mean["gain"], ":", color=REFERENCE, label="g(t)")
        axes[2].set(xlabel="block of 10 min (0: before)", ylabel="relative to rest", ylim=(0.5, 1.05))
        axes[2].legend(loc="lower left")
        pieces.append(("C", mean.reset_index()))
    else:
        axes[2].axis("off")
    letter(axes[2], "C", "one g(t) for both" if courses else "")
    return Drawing(
        figure,
        long_table(*pieces),
        "A and B: logit bias that explains what a current on one population does to the weights, "
        f"against beta dI; dashed: identity, grey: tolerance; spikes: {spikes['seed'].nunique()} "
        f"seeds of {SPIKING_VECTORS} score vectors. C: weight of the best item over an hour of work, "
        "relative to rest, the same arousal g(t) scaling the drives of the spiking circuit and the "
        "logits of the network (its beta is that of the rested circuit); means over seeds.",
    )


def _methods() -> str:
    circuit = CompetitionCircuit(mean_rate_hz=LOW_HZ)
    return "\n".join(
        [
            "cue: dI on one population's drive; logit b from the weights with it, beta from those without it",
            "ratio b / (beta dI); mean field: Siegert f-I, 3 noise levels, 2 gains, 3 cues, 4 mean rates",
            "arousal: drives k g s, logits beta g s, with g(t) of neurosim.neuromodulation "
            "(tau_depletion 1200 s)",
            "",
            circuit.circuit().methods_table(),
        ]
    )


EXHIBIT = Exhibit(
    name="gain",
    title="Gain: cue currents are logit biases, arousal is inverse temperature (B8)",
    paper=PAPER,
    targets=TARGETS,
    parts=_parts,
    find=_find,
    draw=_draw,
    methods=_methods,
)
