"""B4, rate network: a spiking circuit's rates and responses from theory, and a trained network as spikes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from bridges.maps.rate_network import fit_tau, rate_network
from bridges.maps.transfer import r_squared
from neurosim.circuits.protocols.measurement import mean_of
from neurosim.drive import Drive
from neurosim.sparse import (
    Background,
    CurrentNeuron,
    RandomProjection,
    SparseCircuit,
    SparseInput,
    SparsePopulation,
)
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target
from studies.exhibits.looks import EXCITATORY, FIRST, INHIBITORY, OTHER, REFERENCE, SECOND, letter, long_table

__all__ = ["EXHIBIT", "two_choice_circuit"]

PAPER = (
    "mean field: Brunel (2000), doi:10.1023/A:1008925309027; rate network to spikes: Kim et al. (2019), "
    "doi:10.1073/pnas.1905926116"
)
SOURCE = "acceptance number of the rate-network map; closed form (mean field) against spikes"
KIM = "acceptance number; published 97.0 +- 6.6 % at 250 neurons (doi:10.1073/pnas.1905926116)"
NAMES = ("first", "second", "inhibition")
COLOURS = dict(zip(NAMES, (FIRST, SECOND, INHIBITORY), strict=True))
SIZES = (50, 100, 200, 400)
INPUTS, LOW_MV, HIGH_MV = 50, (-3.0, -3.0, -2.0), (6.0, 6.0, 3.0)
HOLD_S, SETTLE_S = 2.5, 0.5
FORMS = {
    "to_spikes": "own curve, noisy",
    "sigmoid_to_noisy": "sigmoid, noisy",
    "sigmoid_to_silent": "sigmoid, no noise",
}
"""What the rate network was trained on, and the neurons that it becomes."""

NOISE_MV = 8.0
"""Background noise of the neurons: the free potential has an SD of 5.7 mV."""

PSTH_HOLD_S, PSTH_STEPS, PSTH_BIN_MS = 0.1, 10, 5.0

TARGETS = (
    Target("steady_200", "steady rates, N = 200: largest error / max(10 %, 1 Hz)", None, 0.0, 1.0, "1",
           SOURCE, quick=False),
    Target("steady_400", "steady rates, N = 400: largest error / max(10 %, 1 Hz)", None, 0.0, 1.0, "1",
           SOURCE, quick=False),
    Target("steady_share", "steady rates, N = 200: share within max(10 %, 1 Hz)", 1.0, 1.0, 1.0, "fraction",
           SOURCE),
    Target("psth", "PSTH R2 of held-out inputs, one fitted tau, N = 200", None, 0.95, None, "1", SOURCE),
    Target("to_spikes", "network trained on the noisy neuron's curve, as 250 LIF neurons: accuracy kept",
           None, 0.95, None, "fraction", KIM, quick=False),
    Target("sigmoid_to_noisy", "network trained on the sigmoid, as the same noisy neurons: accuracy kept",
           None, 0.95, None, "fraction", KIM, quick=False),
    Target("sigmoid_to_silent", "the same as LIF neurons without noise, lambda searched: accuracy kept",
           None, 0.95, None, "fraction", KIM, quick=False),
)  # fmt: skip


def two_choice_circuit(size: int) -> SparseCircuit:
    """Two excitatory populations that compete through an inhibitory one; in-degrees scale with the size.

    Weights shrink with the size, so that the means stay and only the noise by the network's own spikes
    changes.
    """
    cell = CurrentNeuron(20.0, 250.0, 2.0, 0.0, 0.0, 20.0, 10.0, 14.0, 3.0)
    probability, jump = 0.2, 0.15 * 250.0 / size
    populations = tuple(
        SparsePopulation(n, size, cell, Background(mean=19.0, noise_sd_mv=4.0)) for n in NAMES
    )
    links = []
    for target in NAMES:
        for source in NAMES:
            if source == "inhibition":
                weight = -4.0 * jump
            elif target == "inhibition":
                weight = jump
            else:
                weight = jump * (1.4 if source == target else 1.0 / 1.4)
            links.append(
                RandomProjection(source, target, weight, probability=probability, delay_range_ms=(0.5, 2.0))
            )
    return SparseCircuit(
        "two choices", populations, tuple(links), tuple(SparseInput(n, n, mean=1.0) for n in NAMES)
    )


def _inputs(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(LOW_MV, HIGH_MV, (count, len(NAMES)))


def _sequence(levels: np.ndarray, hold_s: float) -> Drive:
    onsets = np.round(hold_s * np.arange(len(levels)), 6)
    return Drive(onsets, levels, NAMES, np.ones(len(levels)), hold_s * len(levels))


def steady(size: int, seed: int, inputs: int) -> pd.DataFrame:
    """Rates in the steady state of random inputs, spikes and theory; one row an input and population."""
    from neurosim.engine.sparse import simulate_sparse

    circuit, levels = two_choice_circuit(size), _inputs(seed, inputs)
    out = simulate_sparse(circuit, _sequence(levels, HOLD_S), seed, record_dt_ms=50.0)
    bins, skipped = round(HOLD_S / 0.05), round(SETTLE_S / 0.05)
    spikes = out.rates["rate"].values.astype(float)[: bins * inputs].reshape(inputs, bins, -1)[:, skipped:]
    theory = rate_network(circuit, wiring_seed=seed).steady(levels)
    which, population = np.indices(theory.shape)
    return pd.DataFrame(
        {
            "size": size, "seed": seed, "input": which.ravel(),
            "population": np.array(NAMES)[population.ravel()],
            "spikes_hz": spikes.mean(axis=1).ravel(), "theory_hz": theory.ravel(),
        }
    )  # fmt: skip


def psth(seed: int, repeats: int) -> pd.DataFrame:
    """Responses to a course of inputs, mean over repeats: tau fitted to one course, tested on another."""
    circuit = replace(two_choice_circuit(200), wiring_seed=seed)
    network = rate_network(circuit, wiring_seed=seed)
    courses = [_inputs(1000 * seed + k, PSTH_STEPS) for k in (0, 1)]
    measured = [_mean_response(circuit, levels, repeats, seed + k) for k, levels in enumerate(courses)]
    per_level = round(PSTH_HOLD_S * 1e3 / PSTH_BIN_MS)
    held = [np.repeat(levels, per_level, axis=0) for levels in courses]
    fitted = fit_tau(network, held[0], measured[0], PSTH_BIN_MS)
    # the course is repeated without a pause: it starts from the state of its last level
    predicted = fitted.run(held[1], PSTH_BIN_MS, start_hz=fitted.steady(courses[1][-1]))
    step, population = np.indices(predicted.shape)
    return pd.DataFrame(
        {
            "seed": seed, "tau_ms": fitted.tau_ms[0], "time_s": (step.ravel() + 1) * PSTH_BIN_MS * 1e-3,
            "population": np.array(NAMES)[population.ravel()],
            "spikes_hz": measured[1].ravel(), "theory_hz": predicted.ravel(),
        }
    )  # fmt: skip


def _mean_response(circuit: SparseCircuit, levels: np.ndarray, repeats: int, seed: int) -> np.ndarray:
    from neurosim.engine.sparse import simulate_sparse

    drive = _sequence(np.tile(levels, (repeats + 1, 1)), PSTH_HOLD_S)
    out = simulate_sparse(circuit, drive, seed, record_dt_ms=PSTH_BIN_MS).rates["rate"].values.astype(float)
    bins = round(PSTH_HOLD_S * len(levels) * 1e3 / PSTH_BIN_MS)
    return out[: bins * (repeats + 1)].reshape(repeats + 1, bins, -1)[1:].mean(axis=0)


def to_spikes(seed: int, search_trials: int, test_trials: int) -> pd.DataFrame:
    """Train rate networks, make spikes of them, and count correct decisions of all on fresh trials.

    One row a form: trained on the curve of a noisy neuron; trained on the sigmoid and run with the same noisy
    neurons; and that network with neurons without noise, lambda found by search.
    """
    from bridges.maps.rate_to_spikes import LIFUnit, SpikingRNN, search_lambda
    from bridges.maps.rate_training import decisions, train_rate_rnn, xor_trials

    noisy = LIFUnit.like_sigmoid(NOISE_MV)
    own, sigmoid = train_rate_rnn(seed, unit=noisy), train_rate_rnn(seed)
    rng = np.random.default_rng([seed, 1])
    searched, correct = xor_trials(search_trials, rng)
    published, _ = search_lambda(sigmoid, searched, correct, decisions, seed)
    inputs, wanted = xor_trials(test_trials, rng)
    forms = (SpikingRNN(own, noisy), SpikingRNN(sigmoid, noisy), published)
    rows = []
    for form, spiking in zip(FORMS, forms, strict=True):
        exact = spiking.rate_network.run(inputs)
        outputs, rate = spiking.run(inputs, seed + 1)
        rows.append(
            {
                "seed": seed,
                "form": form,
                "full_hz": spiking.unit.full_hz,
                "rate_accuracy": float(np.mean(decisions(exact) == wanted)),
                "spiking_accuracy": float(np.mean(decisions(outputs) == wanted)),
                "output_r2": r_squared(outputs, exact),
                "mean_rate_hz": rate,
                "trials": test_trials,
            }
        )
    return pd.DataFrame(rows)


def _parts(setting: Setting) -> tuple[Part, ...]:
    seed = setting.seed
    if setting.quick:
        return (
            Part("steady_200_1", steady, {"size": 200, "seed": seed, "inputs": 15}, 5.0),
            Part("psth_1", psth, {"seed": seed, "repeats": 60}, 12.0),
        )
    seeds = tuple(seed + k for k in range(3))
    return (
        *(Part(f"steady_{n}_{one}", steady, {"size": n, "seed": one, "inputs": INPUTS}, n / 20.0)
          for n in SIZES for one in seeds),
        *(Part(f"psth_{one}", psth, {"seed": one, "repeats": 100}, 40.0) for one in seeds),
        *(Part(f"to_spikes_{one}", to_spikes, {"seed": one, "search_trials": 24, "test_trials": 100}, 200.0)
          for one in seeds),
    )  # fmt: skip


def _joined(tables: Tables, start: str) -> pd.DataFrame:
    return pd.concat([t for name, t in tables.items() if name.startswith(start)], ignore_index=True)


def _excess(table: pd.DataFrame) -> pd.Series:
    """Error over its tolerance: 10 % of the measured rate or 1 Hz, what is larger."""
    return (table["theory_hz"] - table["spikes_hz"]).abs() / np.maximum(0.1 * table["spikes_hz"], 1.0)


def _find(setting: Setting, tables: Tables) -> Findings:
    rates, courses = _joined(tables, "steady"), _joined(tables, "psth")
    excess = _excess(rates)
    worst = excess.groupby([rates["size"], rates["seed"]]).max()
    within = (excess <= 1.0).groupby([rates["size"], rates["seed"]]).mean()
    found = {
        "steady_share": mean_of(within[200], "fraction"),
        "psth": mean_of([r_squared(t["spikes_hz"], t["theory_hz"]) for _, t in courses.groupby("seed")], "1"),
    }
    why = {}
    if not setting.quick:
        found |= {f"steady_{n}": mean_of(worst[n], "1") for n in (200, 400)}
        kept = _joined(tables, "to_spikes")
        for form, table in kept.groupby("form"):
            found[str(form)] = mean_of(table["spiking_accuracy"] / table["rate_accuracy"], "fraction")
            why[str(form)] = (
                f"accuracy {table['spiking_accuracy'].tolist()} of {table['rate_accuracy'].tolist()}, R2 of "
                f"the output {table['output_r2'].round(2).tolist()}, mean rate "
                f"{table['mean_rate_hz'].round(1).tolist()} Hz, activity 1 is "
                f"{table['full_hz'].round(1).tolist()} Hz"
            )
        why["sigmoid_to_noisy"] += (
            ": value and slope of the neuron's curve are those of the sigmoid at x = 0 only; it does not "
            "saturate where the sigmoid does"
        )
        why["sigmoid_to_silent"] += (
            ": a LIF neuron at threshold without noise is silent at x = 0, where the sigmoid gives 1/2, so "
            "networks whose x was trained to lie around 0 lose their activity"
        )
    row = rates.assign(excess=excess).sort_values("excess").iloc[-1]
    for name in ("steady_200", "steady_400", "steady_share"):
        why[name] = (
            f"largest: {row['population']} at N = {row['size']}, {row['spikes_hz']:.2f} Hz against "
            f"{row['theory_hz']:.2f} Hz; what is left are jumps of up to "
            f"{4 * 0.15 * 250 / row['size']:.2f} mV that the theory takes for Gaussian noise, and "
            "neurons that share inputs"
        )
    return Findings(found, why)


def _draw(setting: Setting, tables: Tables) -> Drawing:
    import matplotlib.pyplot as plt

    rates, courses = _joined(tables, "steady"), _joined(tables, "psth")
    kept = _joined(tables, "to_spikes") if any(n.startswith("to_spikes") for n in tables) else None
    if kept is None:
        last, (figure, axes) = "C", plt.subplots(1, 3, figsize=(7.2, 2.4), width_ratios=(1, 1, 1.5))
    else:
        last = "D"
        figure, panels = plt.subplot_mosaic("ABC;DDD", figsize=(7.2, 4.6), width_ratios=(1, 1, 0.9))
        axes = [panels[name] for name in "ABD"]
        _draw_kept(panels["C"], kept)
    for name, table in rates.loc[rates["size"] == 200].groupby("population"):
        axes[0].plot(
            table["theory_hz"], table["spikes_hz"], ".", ms=3, color=COLOURS[str(name)], label=str(name)
        )
    top = float(rates["spikes_hz"].max()) * 1.05
    grid = np.linspace(0, top, 100)
    axes[0].plot(grid, grid, "--", color=REFERENCE, lw=0.8)
    width = np.maximum(0.1 * grid, 1.0)
    axes[0].fill_between(grid, grid - width, grid + width, color=REFERENCE, alpha=0.12, lw=0)
    axes[0].set(xlabel="rate network (Hz)", ylabel="spikes (Hz)", xlim=(0, top), ylim=(0, top))
    axes[0].legend(loc="upper left", handletextpad=0, borderaxespad=0.1)
    letter(axes[0], "A", "steady rates")
    excess = rates.assign(excess=_excess(rates)).groupby(["size", "seed"])["excess"]
    summary = pd.DataFrame({"mean": excess.mean(), "largest": excess.max()}).reset_index()
    for column, colour in (("largest", FIRST), ("mean", EXCITATORY)):
        axes[1].plot(summary["size"], summary[column], "o", ms=3, color=colour, label=column)
        axes[1].plot(*summary.groupby("size")[column].mean().reset_index().to_numpy().T, color=colour, lw=1)
    axes[1].axhline(1.0, color=REFERENCE, ls="--", lw=0.8)
    axes[1].set(xscale="log", xlabel="neurons per population", ylabel="error / tolerance", ylim=(0, None))
    sizes = sorted(rates["size"].unique())
    axes[1].set_xticks(sizes, [str(n) for n in sizes])
    axes[1].minorticks_off()
    axes[1].legend(loc="upper right")
    letter(axes[1], "B", "error by size")
    one = courses.loc[courses["seed"] == courses["seed"].min()]
    for name, table in one.groupby("population"):
        axes[2].plot(table["time_s"], table["spikes_hz"], color=COLOURS[str(name)], lw=1.5, alpha=0.45)
        axes[2].plot(table["time_s"], table["theory_hz"], color=COLOURS[str(name)], lw=0.9)
    axes[2].plot([], [], color=OTHER, lw=1.5, alpha=0.6, label="spikes")
    axes[2].plot([], [], color=OTHER, lw=0.9, label="rate network")
    axes[2].set(xlabel="time (s)", ylabel="rate (Hz)", ylim=(0, 1.25 * float(one["spikes_hz"].max())))
    axes[2].legend(loc="upper right", ncols=2)
    letter(axes[2], last, "held-out course")
    pieces, more = [("A", rates), ("B", summary), (last, courses)], ""
    if kept is not None:
        pieces.insert(2, ("C", kept))
        more = (
            f" C: decisions of rate networks (bars) and of the LIF networks made of them (points, n = "
            f"{kept['seed'].nunique()} networks, {kept['trials'].iloc[0]} trials each), by the curve that "
            "they were trained on and by the neurons that they became; dotted: chance."
        )
    return Drawing(
        figure,
        long_table(*pieces),
        "A: rates of a spiking circuit (200 neurons a population) in the steady state of random "
        "inputs, against the rate network made from its parameters alone; grey: 10 % or 1 Hz. B: "
        f"error over that tolerance, by size, points: seeds ({rates['seed'].nunique()}).{more} {last}: "
        "response to a course of inputs that tau was not fitted to (mean over repeats, bins of "
        f"{PSTH_BIN_MS:g} ms).",
    )


def _draw_kept(panel, kept: pd.DataFrame) -> None:
    """Accuracy of rate networks and of their spiking forms."""
    for k, form in enumerate(FORMS):
        table = kept[kept["form"] == form]
        panel.barh(k, table["rate_accuracy"].mean(), color=OTHER, alpha=0.4, height=0.7)
        panel.plot(
            table["spiking_accuracy"], k + np.linspace(-0.15, 0.15, len(table)), "o", ms=3, color=FIRST
        )
    panel.axvline(0.5, color=REFERENCE, ls=":", lw=0.8)
    panel.set_yticks(
        range(len(FORMS)), [words.replace(", ", ",\n") for words in FORMS.values()], fontsize=6.5
    )
    panel.invert_yaxis()
    panel.set(xlabel="right decisions", xlim=(0.4, 1.03))
    letter(panel, "C", "to spikes")


def _methods() -> str:
    return "\n".join(
        [
            "tau dr/dt = -r + phi(W r + mu_ext, sigma(r)), Siegert f-I at the threshold of the step, "
            "averaged over",
            "the spread of in-degrees; tau fitted to one course of inputs, tested on another",
            f"steady: {INPUTS} inputs uniform in {LOW_MV} to {HIGH_MV} mV, {HOLD_S} s each, first "
            f"{SETTLE_S} s left out",
            "to spikes: exclusive-or of two pulses, 250 units trained by BPTT, each to become a LIF neuron; "
            "trained on",
            f"the neuron's own curve (noise of {NOISE_MV:g} mV) with noise of the size of its spikes', or on "
            "the sigmoid;",
            "without noise, 1 / lambda is searched over 20 to 75 Hz on trials of its own; accuracy on fresh "
            "trials",
            "",
            two_choice_circuit(200).methods_table(),
        ]
    )


EXHIBIT = Exhibit(
    name="rate_network",
    title="Rate network: a spiking circuit as rate units, and back (B4)",
    paper=PAPER,
    targets=TARGETS,
    parts=_parts,
    find=_find,
    draw=_draw,
    methods=_methods,
)
