"""Reynolds & Heeger 2009: contrast gain, response gain and multiplied tuning from one normalization."""

from __future__ import annotations

import numpy as np
import pandas as pd

from neurosim.circuits.normalization import NormalizationParameters
from neurosim.circuits.parameter_table import parameter_table
from neurosim.circuits.protocols.measurement import Measurement
from neurosim.circuits.protocols.normalization_protocol import (
    competition_responses,
    contrast_responses,
    tuning_curves,
)
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target
from studies.exhibits.looks import FIRST, OTHER, REFERENCE, SECOND, letter, long_table

__all__ = ["CIRCUIT"]

PAPER = "Reynolds & Heeger (2009) Neuron 61:168-185, doi:10.1016/j.neuron.2009.01.002"
AGAIN = "independent computation of the published equations and figure settings; +-1 %"
CONTRASTS = tuple(float(c) for c in np.geomspace(1e-5, 1.0, 21))

# contrast: (contrast gain: away, attended), (response gain: away, attended)
REFERENCE_POINTS = {
    1e-5: ((0.085, 0.170), (0.117, 0.234)),
    1e-4: ((0.825, 1.591), (1.107, 2.160)),
    1e-3: ((6.152, 9.630), (7.166, 12.347)),
    1e-2: ((17.368, 19.471), (15.831, 23.362)),
    1e-1: ((21.240, 21.688), (18.008, 25.651)),
    1.0: ((21.724, 21.937), (18.259, 25.905)),
}
CHECKED = {"low": 1e-4, "middle": 1e-3, "full": 1.0}


def _within(quantity: str, label: str, value: float) -> Target:
    return Target(quantity, label, value, value * 0.99, value * 1.01, "1", f"{PAPER}; {AGAIN}")


TARGETS = (
    *(
        _within(f"{kind}.{state}_{name}", f"{kind.replace('_', ' ')}: {state}, {name} contrast", value)
        for name, contrast in CHECKED.items()
        for kind, pair in zip(("contrast_gain", "response_gain"), REFERENCE_POINTS[contrast], strict=True)
        for state, value in zip(("away", "attended"), pair, strict=True)
    ),
    Target("tuning_ratio", "tuning curve: attended over unattended, mean over orientations", 1.166, 1.164,
           1.168, "1", f"{PAPER}, figure 5C; independent computation, +-.002"),
    Target("tuning_spread", "tuning curve: largest difference of that ratio between orientations", 0.0, 0.0,
           0.002, "1", f"{PAPER}: attention multiplies the tuning curve; independent computation"),
    Target("competition", "preferred and null stimulus together: attended over ignored preferred", None, 1.5,
           None, "1", f"{PAPER}, figure 4E: attention pulls the response to that of the attended "
           "stimulus; sign, and at least half as much again"),
)  # fmt: skip


def _parts(setting: Setting) -> tuple[Part, ...]:
    return (
        Part("contrast_gain", contrast_responses,
             {"contrasts": CONTRASTS, "stimulus_width": 3.0, "attention_width": 30.0}, 4.0),
        Part("response_gain", contrast_responses,
             {"contrasts": CONTRASTS, "stimulus_width": 5.0, "attention_width": 3.0}, 4.0),
        Part("tuning", tuning_curves, {}, 0.5),
        Part("competition", competition_responses, {"contrasts": (1e-3, 1e-2, 1e-1, 1.0)}, 2.0),
    )  # fmt: skip


def _find(setting: Setting, tables: Tables) -> Findings:
    found = {}
    for kind in ("contrast_gain", "response_gain"):
        table = tables[kind]
        for name, contrast in CHECKED.items():
            row = table.iloc[int(np.argmin(np.abs(np.log(table["contrast"] / contrast))))]
            for state in ("away", "attended"):
                found[f"{kind}.{state}_{name}"] = Measurement.exact(row[state], "1")
    ratio = tables["tuning"]["ratio"]
    both = tables["competition"].iloc[-1]
    found["tuning_ratio"] = Measurement.exact(ratio.mean(), "1")
    found["tuning_spread"] = Measurement.exact(ratio.max() - ratio.min(), "1")
    found["competition"] = Measurement.exact(both["attend_preferred"] / both["attend_null"], "1")
    return Findings(found)


def _draw(setting: Setting, tables: Tables) -> Drawing:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.5))
    panels = (("contrast_gain", "A", "contrast gain", 0), ("response_gain", "B", "response gain", 1))
    for panel, (kind, name, title, column) in zip(axes, panels, strict=False):
        table = tables[kind]
        panel.plot(table["contrast"], table["attended"], color=FIRST, label="attended")
        panel.plot(table["contrast"], table["away"], color=SECOND, label="not attended")
        for k in (0, 1):
            known = [pair[column][k] for pair in REFERENCE_POINTS.values()]
            panel.plot(list(REFERENCE_POINTS), known, "x", color=REFERENCE, ms=4)
        panel.set_yticks([0, 5, 10, 15, 20, 25])
        panel.set(xscale="log", xlabel="contrast", ylabel="response", ylim=(0, None))
        panel.legend(loc="lower right", handlelength=1, borderpad=0)
        letter(panel, name, title)
    tuning = tables["tuning"]
    axes[2].plot(tuning["theta_deg"], tuning["attended"], color=FIRST)
    axes[2].plot(tuning["theta_deg"], tuning["away"], color=SECOND)
    scaled = tuning["away"] * tuning["ratio"].mean()
    axes[2].plot(tuning["theta_deg"], scaled, "--", color=OTHER, lw=1, label="not attended, times 1.166")
    axes[2].set(xlabel="preferred orientation (deg)", ylabel="response", xticks=[-180, -90, 0, 90, 180])
    axes[2].set_ylim(0, 1.3 * float(tuning["attended"].max()))
    axes[2].set_yticks([0, 5, 10, 15])
    axes[2].legend(loc="upper left")
    letter(axes[2], "C", "tuning curve")
    reference = pd.DataFrame(
        [
            (contrast, kind, *pair)
            for contrast, pairs in REFERENCE_POINTS.items()
            for kind, pair in zip(("contrast_gain", "response_gain"), pairs, strict=True)
        ],
        columns=["contrast", "kind", "away", "attended"],
    )
    data = long_table(
        ("A", tables["contrast_gain"]),
        ("B", tables["response_gain"]),
        ("C", tuning),
        ("reference", reference),
    )
    return Drawing(
        figure,
        data,
        f"Normalization model ({PAPER}); no noise, so no error bars. A: small stimulus, wide attention; "
        "B: large stimulus, narrow attention; C: responses of units that prefer other orientations. "
        "Crosses: independent computation.",
    )


def _methods() -> str:
    lines = ["normalization model: rate units over space and feature", ""]
    for row in parameter_table(NormalizationParameters()):
        lines.append(f"  {row['parameter']:<24}{row['value']!s:>8}  {row['unit']}  ({row['source']})")
    return "\n".join(lines)


CIRCUIT = Exhibit(
    name="normalization",
    title="Normalization model of attention (Reynolds & Heeger 2009)",
    paper=PAPER,
    targets=TARGETS,
    parts=_parts,
    find=_find,
    draw=_draw,
    methods=_methods,
)
