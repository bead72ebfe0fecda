"""Known signatures of attention in spikes, measured on this package's attention circuits."""

from __future__ import annotations

import numpy as np
import pandas as pd

from neurosim.circuits.protocols.measurement import Measurement, mean_of
from neurosim.circuits.protocols.signatures_protocol import (
    BIAS_HZ,
    SCENES,
    STIMULUS_HZ,
    attention_signatures,
    attention_timescales,
)
from neurosim.spike_statistics import modulation_index
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target

__all__ = ["CIRCUIT"]

MCADAMS = "McAdams & Maunsell 1999, doi:10.1523/JNEUROSCI.19-01-00431.1999"
MITCHELL = "Mitchell, Sundberg & Reynolds 2009, doi:10.1016/j.neuron.2009.09.013"
COHEN = "Cohen & Maunsell 2009, doi:10.1038/nn.2439"
ZERAATI = "Zeraati et al. 2023, doi:10.1038/s41467-023-37613-7"
TIMESCALE = Target(
    "timescale_ratio",
    "timescale with attention over without, no stimulus",
    None,
    1.0,
    None,
    "1",
    f"{ZERAATI}: slow timescales of V4 lengthen with attention; the sign is the claim",
    quick=False,
    whole_interval=True,
)
TIMES = "timescale"
LABELS = {"attention": "task circuit", "biased_competition": "biased competition"}


def _targets(scene: str) -> tuple[Target, ...]:
    name = LABELS[scene]
    return (
        Target(
            f"modulation_index.{scene}",
            f"modulation index, {name}",
            0.115,
            0.03,
            0.15,
            "1",
            f"{MCADAMS}: median rise by 26 % in V4 (index .115), 8 % in V1 (.04); read in the abstract",
        ),
        Target(
            f"fano_change.{scene}",
            f"change of Fano factor, {name}",
            -0.15,
            -0.30,
            0.0,
            "fraction",
            f"{MITCHELL}; {COHEN}: falls by 10 to 20 % (UNVERIFIED size; sign from the abstracts)",
        ),
        Target(
            f"noise_correlation_change.{scene}",
            f"change of noise correlation, {name}",
            -0.40,
            -0.60,
            0.0,
            "fraction",
            f"{COHEN}; {MITCHELL}: falls by 30 to 50 % (UNVERIFIED size; sign from the abstracts)",
        ),
    )


def parts(setting: Setting) -> tuple[Part, ...]:
    """One part a circuit, and one for timescales."""
    runs, presentations = (4, 25) if setting.quick else (12, 80)
    seconds = 10.0 if setting.quick else 60.0
    times = Part(
        TIMES,
        attention_timescales,
        {"circuits": runs, "seconds": seconds, "seed": setting.seed},
        weight=3.0,
    )
    signatures = tuple(
        Part(
            scene,
            attention_signatures,
            {"scene": scene, "circuits": runs, "presentations": presentations, "seed": setting.seed},
            weight=2.0,
        )
        for scene in SCENES
    )
    return (*signatures, times)


def find(setting: Setting, tables: Tables) -> Findings:
    """Changes within runs, with intervals over runs."""
    measurements: dict[str, Measurement] = {}
    explanations: dict[str, str] = {}
    for scene in SCENES:
        table = tables[scene]
        change = _changes(table)
        for name in ("modulation_index", "fano_change", "noise_correlation_change"):
            measurements[f"{name}.{scene}"] = mean_of(change[name])
        on, off = (table[table.attended == state] for state in (True, False))
        rates = f"{off.rate_hz.mean():.1f} to {on.rate_hz.mean():.1f} Hz"
        explanations[f"modulation_index.{scene}"] = f"The rate rises from {rates}. " + (
            "The goal's drive to the senses was chosen so that a goal decides what is done, and senses "
            "without a goal rest below threshold: a gain larger than that of single cells in V4."
            if scene == "attention"
            else f"The bias of {BIAS_HZ:.0f} Hz on a stimulus of {STIMULUS_HZ:.0f} Hz sets the size."
        )
        explanations[f"fano_change.{scene}"] = (
            f"Fano factor {off.fano.mean():.2f} to {on.fano.mean():.2f} while the rate goes from {rates}: "
            "refractoriness and reset make a cell the more regular the further it is driven above "
            "threshold, so the size of the fall follows the size of the rise in rate."
        )
        explanations[f"noise_correlation_change.{scene}"] = (
            f"Correlation {off.noise_correlation.mean():.4f} to {on.noise_correlation.mean():.4f}. The "
            "shared noise of these circuits arises inside a pool that excites itself, and attention "
            "drives that pool and not the inhibitory cells; models in which correlations fall by a third "
            "let attention drive inhibition (Kanashiro et al. 2017, doi:10.7554/eLife.23978; Huang et al. "
            "2019, doi:10.1016/j.neuron.2018.11.034)."
        )
    if not setting.quick:
        ratio = _lengthening(tables[TIMES])
        measurements["timescale_ratio"] = ratio[0.0]
        driven = "; ".join(f"{hz:.0f} Hz: {m.value:.2f}" for hz, m in ratio.items() if hz)
        explanations["timescale_ratio"] = f"Ratios under a lasting stimulus: {driven}."
    return Findings(measurements, explanations)


def draw(setting: Setting, tables: Tables) -> Drawing:
    """Rate, Fano factor and noise correlation with and without attention, run by run."""
    import matplotlib.pyplot as plt

    from studies.figures import SPIKING

    figure, axes = plt.subplots(len(SCENES) + 1, 3, figsize=(7.2, 2.3 * (len(SCENES) + 1)))
    measures = (
        ("rate_hz", "rate (Hz)"),
        ("fano", "Fano factor"),
        ("noise_correlation", "noise correlation"),
    )

    def pairs(ax, table: pd.DataFrame, column: str, label: str) -> None:
        wide = table.pivot_table(index="run", columns="attended", values=column).reindex(
            columns=[False, True]
        )
        ax.plot([0, 1], wide.to_numpy().T, color="#BBBBBB", lw=0.8)
        for x, attended in enumerate((False, True)):
            m = mean_of(wide[attended])
            ax.errorbar(
                x, m.value, [[m.value - m.low], [m.high - m.value]], fmt="o", color=SPIKING, capsize=3
            )
        ax.set_xticks([0, 1], ["unattended", "attended"])
        ax.set_xlim(-0.4, 1.4)
        ax.set_ylabel(label)

    for row, scene in zip(axes, SCENES, strict=False):
        for ax, (column, label) in zip(row, measures, strict=True):
            pairs(ax, tables[scene], column, label)
        row[0].set_title(LABELS[scene])
    times = tables[TIMES].assign(tau_ms=1e3 * tables[TIMES]["tau_s"])
    for ax, (hz, table) in zip(axes[-1], times.groupby("stimulus_hz"), strict=False):
        pairs(ax, table, "tau_ms", "timescale (ms)")
        ax.set_yscale("log")
        ax.set_title("no stimulus" if hz == 0 else f"stimulus of {hz:.0f} Hz")
    axes[-1, 2].axis("off")
    n = tables[TIMES].run.nunique()
    return Drawing(
        figure,
        pd.concat(tables.values(), ignore_index=True),
        f"""Signatures of attention in the pool that a stimulus drives, n = {n} runs of each circuit. Grey:
        single runs, the same noise with and without attention; orange: mean and 95 % confidence interval
        over runs (Student). Fano factor and noise correlation (mean over pairs) are of spike counts in
        0.6 s over presentations. Bottom: timescale of the working-memory circuit (w+ 1.9), from the
        regression of spike counts on their own past.""",
    )


def _lengthening(table: pd.DataFrame) -> dict[float, Measurement]:
    """Stimulus (Hz) -> timescale with attention over without: geometric mean over runs."""
    found = {}
    for hz, one in table.groupby("stimulus_hz"):
        wide = np.log(one.pivot_table(index="run", columns="attended", values="tau_s"))
        m = mean_of(wide[True] - wide[False])
        found[float(str(hz))] = Measurement(
            float(np.exp(m.value)), float(np.exp(m.low)), float(np.exp(m.high)), m.n, "1"
        )
    return found


def methods() -> str:
    """Both circuits as methods tables."""
    return "\n\n".join(scene.circuit().methods_table() for scene in SCENES.values())


def _changes(table: pd.DataFrame) -> pd.DataFrame:
    wide = table.pivot_table(index="run", columns="attended", values=["rate_hz", "fano", "noise_correlation"])
    on, off = (wide.xs(state, axis=1, level="attended") for state in (True, False))
    index = modulation_index(on["rate_hz"].to_numpy(), off["rate_hz"].to_numpy())
    return pd.DataFrame(
        {
            "modulation_index": index,
            "fano_change": (on["fano"] / off["fano"] - 1.0).to_numpy(),
            # a ratio of means: single runs may have correlations near 0
            "noise_correlation_change": np.asarray(
                (on["noise_correlation"] - off["noise_correlation"]) / off["noise_correlation"].mean()
            ),
        }
    )


CIRCUIT = Exhibit(
    name="attention_signatures",
    title="Signatures of attention in spikes",
    paper=f"{MCADAMS}; {MITCHELL}; {COHEN}; {ZERAATI}",
    targets=(*(target for scene in SCENES for target in _targets(scene)), TIMESCALE),
    parts=parts,
    find=find,
    draw=draw,
    methods=methods,
)
"""The signatures as a circuit of the study."""
