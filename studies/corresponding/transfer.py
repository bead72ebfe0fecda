"""B3, transfer: firing rates of spiking neurons against Siegert's formula, and which activation they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bridges.maps.activation_fits import KINDS, fit_activation
from bridges.maps.siegert import LARGEST_RATIO, LIFCell, siegert_rate
from bridges.maps.transfer import (
    circuit_cell_rates,
    measured_rates,
    poisson_background,
    r_squared,
    relative_error,
    white_noise_background,
)
from neurosim.circuits.protocols.measurement import Measurement, mean_of
from neurosim.parameters import INTERNEURON, PYRAMIDAL
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target
from studies.exhibits.looks import EXCITATORY, FIRST, INHIBITORY, OTHER, REFERENCE, SECOND, letter, long_table

__all__ = ["EXHIBIT"]

PAPER = (
    "Siegert (1951), doi:10.1103/PhysRev.81.617; Brunel & Sergi (1998), doi:10.1006/jtbi.1998.0782; "
    "f-I fits: Abbott & Chance (2005), doi:10.1016/S0079-6123(05)49011-1"
)
SOURCE = "acceptance number of the transfer map; closed form (Siegert)"
CELL = LIFCell()
MUS, SIGMAS = tuple(float(m) for m in np.arange(10.0, 33.0, 1.0)), (2.0, 4.0, 6.0)
JUMPS = (0.25, 0.5, 1.0)
POISSON_SIGMAS = (4.0, 6.0)
TAUS_S_MS = (0.5, 2.0, 5.0, 10.0)
FIT_DRIVES, FIT_SIGMAS = np.linspace(0.0, 40.0, 81), (2.0, 4.0, 6.0, 8.0)
OWN_CELLS = {
    "pyramidal": (
        PYRAMIDAL,
        2.1,
        2400.0,
        tuple(float(i) for i in np.linspace(-0.20, 0.25, 19)),
        (0.0, 1200.0),
    ),
    "interneuron": (
        INTERNEURON,
        1.62,
        2400.0,
        tuple(float(i) for i in np.linspace(-0.20, 0.15, 15)),
        (0.0, 600.0),
    ),
}
"""Neuron, external synapse (nS), background (Hz), currents (nA), range of further spikes (Hz)."""

TARGETS = (
    Target("white_r2", "white noise, R2 about Siegert, worst noise level", None, 0.99, None, "1", SOURCE),
    Target("white_error", "white noise, mean relative error above 5 Hz, worst level", None, 0.0, 0.05, "1",
           SOURCE),
    Target("step_r2", "the same with the threshold of the step, R2, worst level", None, 0.99, None, "1",
           SOURCE),
    Target("step_error", "the same, mean relative error", None, 0.0, 0.05, "1", SOURCE),
    Target("poisson_r2", "Poisson jumps up to 0.5 mV, R2, worst jump", None, 0.985, None, "1", SOURCE,
           quick=False),
    Target("poisson_error", "Poisson jumps up to 0.5 mV, mean relative error, worst jump", None, 0.0, 0.08,
           "1", SOURCE, quick=False),
    Target("shift_r2", "synapses up to tau_s / tau_m = 0.1 with shift, R2, worst", None, 0.985, None, "1",
           "own tolerance, that of Poisson drive; closed form (Siegert)", quick=False),
    Target("softplus_r2", "softplus fit to Siegert, R2, worst noise level", None, 0.995, None, "1", SOURCE),
    Target("softplus_pyramidal", "softplus fit to the package's pyramidal cell, R2", None, 0.995, None, "1",
           "acceptance number of the transfer map; independent re-simulation", quick=False),
    Target("softplus_interneuron", "softplus fit to the package's interneuron, R2", None, 0.995, None, "1",
           "acceptance number of the transfer map; independent re-simulation", quick=False),
)  # fmt: skip


def white_noise(seed: int, duration_s: float) -> pd.DataFrame:
    """White-noise drive: measured rate and theory, with and without the step's threshold."""
    grid = [(mu, sigma) for sigma in SIGMAS for mu in MUS]
    rates = measured_rates([white_noise_background(*g) for g in grid], CELL, duration_s=duration_s, seed=seed)
    mu, sigma = np.array(grid).T
    return pd.DataFrame(
        {
            "seed": seed, "mu_mv": mu, "sigma_mv": sigma, "rate_hz": rates,
            "theory_hz": siegert_rate(mu, sigma, CELL),
            "stepped_hz": siegert_rate(mu, sigma, CELL, step_ms=0.1),
        }
    )  # fmt: skip


def poisson(jump_mv: float, seed: int, duration_s: float) -> pd.DataFrame:
    """Poisson drive with jumps of one size."""
    grid = [(mu, sigma) for sigma in POISSON_SIGMAS for mu in MUS]
    backgrounds = [poisson_background(*g, jump_mv, CELL) for g in grid]
    rates = measured_rates(backgrounds, CELL, n_neurons=100, duration_s=duration_s, seed=seed)
    mu, sigma = np.array(grid).T
    theory = siegert_rate(mu, sigma, CELL)
    return pd.DataFrame(
        {
            "seed": seed,
            "jump_mv": jump_mv,
            "mu_mv": mu,
            "sigma_mv": sigma,
            "rate_hz": rates,
            "theory_hz": theory,
        }
    )


def synapses(tau_s_ms: float, seed: int, duration_s: float) -> pd.DataFrame:
    """Poisson drive through exponential synapses: theory without and with the shift, beyond its range too."""
    import warnings

    mu, sigma = np.array(MUS), 4.0
    backgrounds = [poisson_background(m, sigma, 0.2, CELL, tau_s_ms) for m in MUS]
    rates = measured_rates(
        backgrounds, CELL, tau_s_ms=tau_s_ms, n_neurons=100, duration_s=duration_s, seed=seed
    )
    with warnings.catch_warnings():
        # the warning says that it is not valid there; how much so is what is measured
        warnings.simplefilter("ignore")
        shifted = siegert_rate(mu, sigma, CELL, tau_s_ms=tau_s_ms, beyond="warn")
    return pd.DataFrame(
        {
            "seed": seed, "tau_s_ms": tau_s_ms, "mu_mv": mu, "rate_hz": rates,
            "theory_hz": siegert_rate(mu, sigma, CELL), "shifted_hz": shifted,
        }
    )  # fmt: skip


def fits() -> pd.DataFrame:
    """Activation functions fitted to Siegert's curve, one row a noise level and function."""
    rows = []
    for sigma in FIT_SIGMAS:
        rate = siegert_rate(FIT_DRIVES, sigma, CELL)
        for kind in KINDS:
            fit = fit_activation(kind, FIT_DRIVES, rate)
            rows.append((sigma, kind, fit.r2, fit.rmse_hz, fit.parameters.get("softness", np.nan)))
    return pd.DataFrame(rows, columns=["sigma_mv", "kind", "r2", "rmse_hz", "softness_mv"])


def own_cell(name: str, seed: int, duration_s: float) -> pd.DataFrame:
    """The package's own cells under background, by current and by further spikes."""
    neuron, g_ext_ns, background_hz, currents, extra = OWN_CELLS[name]
    spikes = np.linspace(*extra, len(currents))
    by_current, by_spikes = (
        circuit_cell_rates(
            neuron, g_ext_ns, background_hz, currents_na=i, extra_hz=hz, n_neurons=100, duration_s=duration_s,
            seed=seed,
        )
        for i, hz in ((currents, ()), ((), tuple(spikes)))
    )  # fmt: skip
    return pd.concat(
        [
            pd.DataFrame({"cell": name, "seed": seed, "by": by, "drive": drive, "rate_hz": rates})
            for by, drive, rates in (("current", currents, by_current), ("spikes", spikes, by_spikes))
        ]
    )


def _parts(setting: Setting) -> tuple[Part, ...]:
    seed = setting.seed
    if setting.quick:
        return (
            Part("white_1", white_noise, {"seed": seed, "duration_s": 2.0}, 5.0),
            Part("fits", fits, {}, 1.0),
        )
    seeds = tuple(seed + k for k in range(3))
    return (
        *(Part(f"white_{one}", white_noise, {"seed": one, "duration_s": 2.0}, 8.0) for one in seeds),
        *(Part(f"poisson_{100 * jump:g}_{one}", poisson,
               {"jump_mv": jump, "seed": one, "duration_s": 2.0}, 10.0)
          for jump in JUMPS for one in seeds),
        *(Part(f"synapses_{10 * tau:g}_{one}", synapses,
               {"tau_s_ms": tau, "seed": one, "duration_s": 2.0}, 8.0)
          for tau in TAUS_S_MS for one in seeds),
        Part("fits", fits, {}, 1.0),
        *(Part(f"own_{name}_{one}", own_cell, {"name": name, "seed": one, "duration_s": 2.0}, 15.0)
          for name in OWN_CELLS for one in seeds),
    )  # fmt: skip


def _joined(tables: Tables, start: str) -> pd.DataFrame:
    return pd.concat([t for name, t in tables.items() if name.startswith(start)], ignore_index=True)


def _worst(table: pd.DataFrame, by: str, theory: str, measure, largest: bool) -> Measurement:
    """Mean over seeds at the level of `by` where it is worst."""
    each = pd.Series(
        {key: measure(t["rate_hz"], t[theory]) for key, t in table.groupby([by, "seed"])}, name="value"
    ).rename_axis([by, "seed"])
    means = each.groupby(by).mean()
    worst: Any = means.idxmax() if largest else means.idxmin()
    return mean_of(each.loc[worst], "1")


def _find(setting: Setting, tables: Tables) -> Findings:
    white, fitted = _joined(tables, "white"), tables["fits"]
    soft = fitted.loc[fitted["kind"] == "softplus", "r2"]
    found = {
        "white_r2": _worst(white, "sigma_mv", "theory_hz", r_squared, False),
        "white_error": _worst(white, "sigma_mv", "theory_hz", relative_error, True),
        "step_r2": _worst(white, "sigma_mv", "stepped_hz", r_squared, False),
        "step_error": _worst(white, "sigma_mv", "stepped_hz", relative_error, True),
        "softplus_r2": Measurement.exact(soft.min(), "1"),
    }
    if setting.quick:
        return Findings(found)
    jumps, filtered = _joined(tables, "poisson"), _joined(tables, "synapses")
    small = jumps.loc[jumps["jump_mv"] <= 0.5]
    valid = filtered.loc[filtered["tau_s_ms"] <= LARGEST_RATIO * CELL.tau_m_ms]
    found["poisson_r2"] = _worst(small, "jump_mv", "theory_hz", r_squared, False)
    found["poisson_error"] = _worst(small, "jump_mv", "theory_hz", relative_error, True)
    found["shift_r2"] = _worst(valid, "tau_s_ms", "shifted_hz", r_squared, False)
    for name in OWN_CELLS:
        by_seed = _joined(tables, f"own_{name}").groupby(["by", "seed"])
        r2 = by_seed[["drive", "rate_hz"]].apply(
            lambda t: fit_activation("softplus", t["drive"], t["rate_hz"]).r2
        )
        worst: Any = r2.groupby("by").mean().idxmin()
        found[f"softplus_{name}"] = mean_of(r2.loc[worst], "1")
    return Findings(found)


def _draw(setting: Setting, tables: Tables) -> Drawing:
    import matplotlib.pyplot as plt

    white, fitted = _joined(tables, "white"), tables["fits"]
    figure, axes = plt.subplots(1, 4, figsize=(7.4, 2.3))
    for sigma, colour in zip(SIGMAS, (SECOND, EXCITATORY, FIRST), strict=True):
        one = white.loc[white["sigma_mv"] == sigma].groupby("mu_mv")[["rate_hz", "stepped_hz"]].mean()
        axes[0].plot(one.index, one["stepped_hz"], color=colour, lw=1)
        axes[0].plot(one.index, one["rate_hz"], "o", ms=2.5, color=colour, label=f"{sigma:g} mV")
    axes[0].set(xlabel="mean drive (mV)", ylabel="rate (Hz)")
    axes[0].legend(loc="upper left", handletextpad=0)
    letter(axes[0], "A", "white noise")
    for column, colour, label in (("theory_hz", OTHER, "Siegert"), ("stepped_hz", FIRST, "+ step")):
        axes[1].plot(white[column], white["rate_hz"] - white[column], ".", ms=2.5, color=colour, label=label)
    axes[1].axhline(0.0, color=REFERENCE, lw=0.8, ls="--")
    axes[1].set(xlabel="theory (Hz)", ylabel="measured - theory (Hz)", ylim=(None, 1.8))
    axes[1].legend(loc="upper right", handletextpad=0, borderaxespad=0.1)
    letter(axes[1], "B", "error")
    pieces = [("A and B", white)]
    if setting.quick:
        axes[2].axis("off")
    else:
        filtered = _joined(tables, "synapses")
        rows = []
        for tau in TAUS_S_MS:
            table = filtered.loc[filtered["tau_s_ms"] == tau]
            rows.append(
                (
                    tau / CELL.tau_m_ms,
                    *(relative_error(table["rate_hz"], table[c]) for c in ("theory_hz", "shifted_hz")),
                )
            )
        errors = pd.DataFrame(rows, columns=["ratio", "without", "with"])
        axes[2].plot(errors["ratio"], 100 * errors["without"], "s-", color=OTHER, ms=3.5, label="no shift")
        axes[2].plot(errors["ratio"], 100 * errors["with"], "o-", color=FIRST, ms=3.5, label="shift")
        axes[2].axvline(LARGEST_RATIO, ymax=0.68, color=REFERENCE, ls="--", lw=0.8)
        axes[2].set(xlabel="tau_s / tau_m", ylabel="relative error (%)", xscale="log", ylim=(0, 42))
        axes[2].set_xticks([0.03, 0.1, 0.5], ["0.03", "0.1", "0.5"])
        axes[2].minorticks_off()
        axes[2].legend(loc="upper left")
        letter(axes[2], "C", "synapses")
        pieces.append(("C", errors))
    looks = {
        "relu": ("s", OTHER),
        "softplus": ("o", FIRST),
        "abbott_chance": ("x", REFERENCE),
        "sigmoid": ("^", INHIBITORY),
    }
    for kind, (marker, colour) in looks.items():
        one = fitted.loc[fitted["kind"] == kind]
        axes[3].plot(
            one["sigma_mv"],
            one["rmse_hz"],
            marker + "-",
            color=colour,
            ms=4,
            lw=1,
            label=kind.replace("_", "-"),
        )
    axes[3].set(xlabel="noise (mV)", ylabel="error of the fit (Hz)", ylim=(0, 7), xticks=[2, 4, 6, 8])
    axes[3].legend(loc="upper right", fontsize=7, borderaxespad=0, labelspacing=0.2)
    letter(axes[3], "D", "activation")
    pieces.append(("D", fitted))
    caption = (
        "A: rates of 200 LIF neurons in white noise of three levels (points, mean over "
        f"{white['seed'].nunique()} seeds) and Siegert's formula at the threshold that a step of 0.1 "
        "ms makes (lines). B: what is left, without and with the correction for the step. C: noise "
        "through exponential synapses: relative error above 5 Hz without and with the shift, which "
        "is trusted up to the dashed line. D: root mean squared error of activation functions fitted "
        "to Siegert's curve from 0 to 40 mV."
    )
    return Drawing(figure, long_table(*pieces), caption)


def _methods() -> str:
    return "\n".join(
        [
            "1 / phi = t_ref + tau_m sqrt(pi) int exp(u^2) (1 + erf u) du between (V_r - mu) / sigma "
            "and (V_th - mu) / sigma",
            f"neuron: {CELL}",
            f"white noise: mu {MUS[0]:g} to {MUS[-1]:g} mV, sigma {SIGMAS} mV, 200 neurons, 2 s, step 0.1 ms",
            f"Poisson: one excitatory train of jumps {JUMPS} mV a neuron and a constant that makes up "
            "the mean",
            f"synapses: decays {TAUS_S_MS} ms, jumps 0.2 mV, sigma 4 mV",
            "threshold of the step: V_th + 0.5826 sigma sqrt(dt / tau_m)",
            "own cells: conductance-based LIF of Wang 2002 under 2400 Hz AMPA background, by current "
            "and by spikes",
        ]
    )


EXHIBIT = Exhibit(
    name="transfer",
    title="Transfer: f-I curves are activation functions (B3)",
    paper=PAPER,
    targets=TARGETS,
    parts=_parts,
    find=_find,
    draw=_draw,
    methods=_methods,
)
