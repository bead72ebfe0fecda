"""B1, codec: one stream of levels as Poisson spikes and as a noisy tensor, decoded and told apart alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm, poisson, rankdata

from bridges.encoding import RateCode, noisy
from neurosim.circuits.protocols.measurement import Measurement, mean_of
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target
from studies.exhibits.looks import FIRST, REFERENCE, SECOND, letter, long_table, points

__all__ = ["EXHIBIT"]

PAPER = (
    "Poisson rate code and signal detection: Green & Swets (1966); Dayan & Abbott (2001), doi:10.1086/421681"
)
SOURCE = "acceptance number of the codec; closed form SD = sqrt(lambda / (N dt)) / (l1 - l0)"
OBSERVER = "acceptance number of the codec; closed form d' = sqrt(2) z(area under the ROC)"
CODE = RateCode(n_neurons=56)
"""5 to 100 Hz, 56 neurons: at level 1 and 20 ms the SD of a decoded level is 0.1."""

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
BINS, DT_S, SEEDS = 1000, 0.02, 10
NEAR = ((0.0, 0.1), (0.25, 0.35), (0.5, 0.6), (0.75, 0.85), (0.9, 1.0))
"""Levels that are hard to tell apart in one bin (d' of 1 to 3): where d' says something."""

FAR = tuple(zip(LEVELS[:-1], LEVELS[1:], strict=True))
"""Neighbouring levels: d' of 2.5 to 6.6; errors of one bin in a hundred thousand are computed."""

OBSERVED = 200_000
"""Bins for d': its standard error is then below 1 %."""

CLOSED = "acceptance number of the codec; d' of both codes computed from their distributions"

TARGETS = (
    Target("bias", "spikes, |mean error| of a decoded level, worst level", 0.0, 0.0, 0.01, "1", SOURCE),
    Target("sd_low", "spikes, SD over theory, smallest of the levels", 1.0, 0.9, 1.1, "1", SOURCE),
    Target("sd_high", "spikes, SD over theory, largest of the levels", 1.0, 0.9, 1.1, "1", SOURCE),
    Target("tensor_bias", "tensor, |mean error|, worst level", 0.0, 0.0, 0.01, "1", SOURCE),
    Target("d_prime", "d' from spikes / from the tensor, levels .1 apart, furthest from 1", 1.0, 0.95, 1.05,
           "1", OBSERVER),
    Target("d_prime_far", "the same for levels .25 apart", 1.0, 0.95, 1.05, "1", CLOSED),
    Target("d_prime_far_skewed", "the same if the tensor's noise had the skew of counts", 1.0, 0.95, 1.05,
           "1", CLOSED),
)  # fmt: skip


def round_trip(seed: int) -> pd.DataFrame:
    """Mean and SD of a decoded level over 1000 bins, for both encodings."""
    rng, rows = np.random.default_rng(seed), []
    for level in LEVELS:
        u = np.full(BINS, level)
        decoded = {
            "spikes": CODE.decode(CODE.counts(u, DT_S, rng), DT_S),
            "tensor": noisy(u, DT_S, rng, CODE),
        }
        theory = float(CODE.noise_sd(np.array(level), DT_S))
        rows += [(seed, kind, level, x.mean() - level, x.std(ddof=1) / theory) for kind, x in decoded.items()]
    return pd.DataFrame(rows, columns=["seed", "kind", "level", "error", "sd_ratio"])


def observer(seed: int) -> pd.DataFrame:
    """D' of an ideal observer that tells two levels apart from one bin, for both encodings."""
    rng, rows = np.random.default_rng(seed), []
    for low, high in NEAR:
        u = np.repeat([low, high], OBSERVED)
        counts, x = CODE.counts(u, DT_S, rng), noisy(u, DT_S, rng, CODE)
        # the likelihood ratio of Poisson counts rises with the count; that of unequal Gaussians is a parabola
        sd = CODE.noise_sd(np.array([low, high]), DT_S)
        evidence = norm.logpdf(x, high, sd[1]) - norm.logpdf(x, low, sd[0])
        rows.append((seed, low, high, _d_prime(counts), _d_prime(evidence)))
    return pd.DataFrame(rows, columns=["seed", "low", "high", "spikes", "tensor"])


def far_apart() -> pd.DataFrame:
    """D' of the same observer for levels that are far apart, from the distributions of the two codes.

    Besides, that of noise with about the mean, variance and skew of counts, x = (m^(2/3) + 2/3 m^(1/6)
    z)^(3/2) for a count of mean m, z standard normal: the power 2/3 takes most skew from a Poisson count.
    """
    rows = []
    for low, high in FAR:
        m, n = (CODE.n_neurons * DT_S * float(CODE.rates(np.array(level))) for level in (low, high))
        skewed = (n ** (2 / 3) - m ** (2 / 3)) / np.sqrt(2 / 9 * (m ** (1 / 3) + n ** (1 / 3)))
        rows.append((low, high, d_prime_of_counts(m, n), d_prime_of_normals(m, n), skewed))
    return pd.DataFrame(rows, columns=["low", "high", "spikes", "tensor", "skewed"])


def d_prime_of_counts(low: float, high: float) -> float:
    """Sqrt(2) z(area under the ROC) of Poisson counts of two means."""
    k = np.arange(int(high + 20 * np.sqrt(high) + 20))
    one, other = poisson.pmf(k, low), poisson.pmf(k, high)
    missed = np.sum(other * (poisson.sf(k, low) + 0.5 * one))
    return float(-np.sqrt(2.0) * norm.ppf(missed))


def d_prime_of_normals(low: float, high: float, points: int = 400_001) -> float:
    """The same of Gaussian numbers with mean and variance of the counts, told apart by likelihood ratio."""
    x = np.linspace(low - 12 * np.sqrt(low), high + 12 * np.sqrt(high), points)
    log_one, log_other = norm.logpdf(x, low, np.sqrt(low)), norm.logpdf(x, high, np.sqrt(high))
    order = np.argsort(log_other - log_one)
    one, other = (np.exp(part[order]) * (x[1] - x[0]) for part in (log_one, log_other))
    return float(-np.sqrt(2.0) * norm.ppf(np.sum(one * (np.cumsum(other) - 0.5 * other))))


def _d_prime(evidence: np.ndarray) -> float:
    """sqrt(2) z(A), A the area under the ROC of the second half against the first; ties count half."""
    n = evidence.size // 2
    ranks = rankdata(evidence)
    area = (ranks[n:].sum() - n * (n + 1) / 2) / n**2
    return float(np.sqrt(2.0) * norm.ppf(area))


def _parts(setting: Setting) -> tuple[Part, ...]:
    seeds = tuple(setting.seed + k for k in range(SEEDS))
    few = seeds[:2] if setting.quick else seeds[:5]
    return (
        *(Part(f"round_trip_{one}", round_trip, {"seed": one}, 0.1) for one in seeds),
        *(Part(f"observer_{one}", observer, {"seed": one}, 1.0) for one in few),
        Part("far_apart", far_apart, {}, 0.1),
    )


def _joined(tables: Tables, start: str) -> pd.DataFrame:
    return pd.concat([t for name, t in tables.items() if name.startswith(start)], ignore_index=True)


def _at(table: pd.DataFrame, column: str, by: str, pick) -> Measurement:
    """Mean over seeds at the level that `pick` chooses from the means."""
    means = table.groupby(by)[column].mean()
    return mean_of(table.loc[table[by] == pick(means), column], "1")


def _worst_bias(table: pd.DataFrame) -> Measurement:
    """Mean over seeds of the largest |mean error| of a level."""
    return mean_of(table.assign(size=table["error"].abs()).groupby("seed")["size"].max(), "1")


def _find(setting: Setting, tables: Tables) -> Findings:
    both, told = _joined(tables, "round_trip"), _joined(tables, "observer")
    spikes, network = both.loc[both["kind"] == "spikes"], both.loc[both["kind"] == "tensor"]
    told["ratio"] = told["spikes"] / told["tensor"]
    found = {
        "bias": _worst_bias(spikes),
        "sd_low": _at(spikes, "sd_ratio", "level", lambda m: m.idxmin()),
        "sd_high": _at(spikes, "sd_ratio", "level", lambda m: m.idxmax()),
        "tensor_bias": _worst_bias(network),
    }
    far = tables["far_apart"]
    found["d_prime"] = _at(told, "ratio", "low", lambda m: (m - 1.0).abs().idxmax())
    counted, tensor, skewed = (far[name].to_numpy(dtype=float) for name in ("spikes", "tensor", "skewed"))
    for name, ratio in (("d_prime_far", counted / tensor), ("d_prime_far_skewed", counted / skewed)):
        found[name] = Measurement.exact(float(ratio[np.abs(ratio - 1.0).argmax()]), "1")
    words = ", ".join(
        f"{low:g} against {high:g}: {counted[k] / tensor[k]:.3f} (d' {tensor[k]:.1f}; with skew "
        f"{counted[k] / skewed[k]:.3f})"
        for k, (low, high) in enumerate(FAR)
    )
    why = {
        "d_prime_far": f"mean and variance of the two codes agree, tails do not: near level 0 the "
        f"{CODE.n_neurons} neurons give 5.6 spikes in {DT_S * 1e3:g} ms, whose counts are skewed and never "
        f"negative, while the tensor's noise is Gaussian; a large d' hangs on tails alone ({words})"
    }
    return Findings(found, why)


def _draw(setting: Setting, tables: Tables) -> Drawing:
    import matplotlib.pyplot as plt

    both, told = _joined(tables, "round_trip"), _joined(tables, "observer")
    figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.3))
    panels = ((axes[0], "error", 0.0, 0.01), (axes[1], "sd_ratio", 1.0, 0.1))
    for panel, column, middle, half in panels:
        panel.axhspan(middle - half, middle + half, color=REFERENCE, alpha=0.12, lw=0)
        for kind, colour, shift in (("spikes", FIRST, -0.015), ("tensor", SECOND, 0.015)):
            each = [
                (level, mean_of(t[column])) for level, t in both.loc[both["kind"] == kind].groupby("level")
            ]
            x, m = zip(*each, strict=True)
            points(
                panel,
                np.array(x) + shift,
                [v.value for v in m],
                [v.low for v in m],
                [v.high for v in m],
                colour,
                kind,
            )
        panel.set(xlabel="level", xticks=LEVELS)
    axes[0].set(ylabel="mean error", ylim=(-0.013, 0.016))
    axes[0].legend(loc="upper left", ncols=2, columnspacing=1)
    axes[1].set(ylabel="SD / theory", ylim=(0.87, 1.13))
    letter(axes[0], "A", "bias")
    letter(axes[1], "B", "noise")
    far = tables["far_apart"]
    top = 1.08 * float(far[["spikes", "tensor", "skewed"]].to_numpy().max())
    axes[2].plot([0, top], [0, top], "--", color=REFERENCE, lw=0.8)
    axes[2].plot(told["tensor"], told["spikes"], "o", color=FIRST, ms=4, label=".1 apart")
    axes[2].plot(far["tensor"], far["spikes"], "o", color=SECOND, ms=4, label=".25 apart")
    axes[2].plot(far["skewed"], far["spikes"], "x", color=SECOND, ms=4, label=".25, skewed noise")
    axes[2].legend(loc="lower right", handletextpad=0)
    axes[2].set(xlabel="d' from the tensor", ylabel="d' from spikes", xlim=(0, top), ylim=(0, top))
    letter(axes[2], "C", "ideal observer")
    return Drawing(
        figure,
        long_table(("A and B", both), ("C", told), ("C, .25 apart", far)),
        f"A: mean error of levels decoded from 1000 bins of 20 ms, {both['seed'].nunique()} seeds, 95 "
        f"% intervals, grey: tolerance; {CODE.n_neurons} neurons a channel. B: SD over its closed "
        "form. C: d' of an ideal observer that tells two levels apart from one bin, for spikes and "
        "for the tensor; .25 apart: computed, crosses: if the tensor's noise had the skew of counts.",
    )


def _methods() -> str:
    return "\n".join(
        [
            "spikes: counts n of N Poisson neurons at l0 + (l1 - l0) u; decoded u = (n / (N dt) - "
            "l0) / (l1 - l0)",
            "tensor: u plus Gaussian noise of SD sqrt(lambda / (N dt)) / (l1 - l0)",
            f"code: {CODE}",
            f"round trip: {BINS} bins of {DT_S} s at levels {LEVELS}, {SEEDS} seeds",
            f"observer: likelihood ratio, d' = sqrt(2) z(area under the ROC), {OBSERVED} bins of each level; "
            "from the distributions where levels are .25 apart",
            "code under test: bridges.encoding",
        ]
    )


EXHIBIT = Exhibit(
    name="codec",
    title="Codec: one stimulus as spikes and as a tensor (B1)",
    paper=PAPER,
    targets=TARGETS,
    parts=_parts,
    find=_find,
    draw=_draw,
    methods=_methods,
)
