"""Known signatures of attention in spikes, measured on this package's attention circuits."""

from __future__ import annotations

import numpy as np
import pandas as pd

from neurosim.circuits.protocols.measurement import Measurement, mean_of
from neurosim.circuits.protocols.signatures_protocol import BIAS_HZ, SCENES, STIMULUS_HZ, attention_signatures
from neurosim.spike_statistics import modulation_index
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target

__all__ = ["CIRCUIT"]

MCADAMS = "McAdams & Maunsell 1999, doi:10.1523/JNEUROSCI.19-01-00431.1999"
MITCHELL = "Mitchell, Sundberg & Reynolds 2009, doi:10.1016/j.neuron.2009.09.013"
COHEN = "Cohen & Maunsell 2009, doi:10.1038/nn.2439"
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
    """One part a circuit."""
    runs, presentations = (4, 25) if setting.quick else (12, 80)
    return tuple(
        Part(
            scene,
            attention_signatures,
            {"scene": scene, "circuits": runs, "presentations": presentations, "seed": setting.seed},
            weight=2.0,
        )
        for scene in SCENES
    )


def find(setting: Setting, tables: Tables) -> Findings:
    """Changes within runs, with intervals over runs."""
    measurements: dict[str, Measurement] = {}
    explanations: dict[str, str] = {}
    for scene, table in tables.items():
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
    return Findings(measurements, explanations)


def draw(setting: Setting, tables: Tables) -> Drawing:
    """Rate, Fano factor and noise correlation with and without attention, run by run."""
    import matplotlib.pyplot as plt

    from studies.figures import SPIKING

    figure, axes = plt.subplots(len(tables), 3, figsize=(7.2, 2.3 * len(tables)), squeeze=False)
    measures = (
        ("rate_hz", "rate (Hz)"),
        ("fano", "Fano factor"),
        ("noise_correlation", "noise correlation"),
    )
    for row, (scene, table) in zip(axes, tables.items(), strict=True):
        for ax, (column, label) in zip(row, measures, strict=True):
            wide = table.pivot_table(index="run", columns="attended", values=column)[[False, True]]
            ax.plot([0, 1], wide.to_numpy().T, color="#BBBBBB", lw=0.8)
            for x, attended in enumerate((False, True)):
                m = mean_of(wide[attended])
                ax.errorbar(
                    x, m.value, [[m.value - m.low], [m.high - m.value]], fmt="o", color=SPIKING, capsize=3
                )
            ax.set_xticks([0, 1], ["unattended", "attended"])
            ax.set_xlim(-0.4, 1.4)
            ax.set_ylabel(label)
        row[0].set_title(LABELS[scene])
    n = next(iter(tables.values())).run.nunique()
    return Drawing(
        figure,
        pd.concat(tables.values(), ignore_index=True),
        f"""Signatures of attention in the pool that a stimulus drives, n = {n} runs of each circuit. Grey:
        single runs, the same noise with and without attention; orange: mean and 95 % confidence interval
        over runs (Student). Fano factor and noise correlation (mean over pairs) are of spike counts in
        0.6 s over presentations.""",
    )


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
    paper=f"{MCADAMS}; {MITCHELL}; {COHEN}",
    targets=tuple(target for scene in SCENES for target in _targets(scene)),
    parts=parts,
    find=find,
    draw=draw,
    methods=methods,
)
"""The signatures as a circuit of the study."""
