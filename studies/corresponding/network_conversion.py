"""B9: trained perceptrons, convolutional and attention networks become networks of spiking neurons."""

from __future__ import annotations

import numpy as np
import pandas as pd

from neurosim.circuits.protocols.measurement import Measurement, mean_of
from studies.corresponding.conversion_runs import spiking_streams, tasks
from studies.corresponding.lstm_conversion import gathered, task_measurements, task_text
from studies.corresponding.network_runs import classifiers, vision
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target
from studies.exhibits.looks import FIRST, OTHER, REFERENCE, SECOND, letter, long_table

__all__ = ["EXHIBIT"]

PAPER = (
    "Rueckauer et al. (2017) Front Neurosci 11:682, doi:10.3389/fnins.2017.00682; Bu et al. (2022), "
    "doi:10.48550/arXiv.2303.04347; acceptance numbers B9 are this package's own"
)
B9 = "acceptance number B9, set before measuring"
LIKE_B6 = "as asked of the LSTM (B6), set before measuring"
OWN = "own limit, set before measuring: spikes should cost less than half a unit of d'"
FORMS = {"max": "largest activation", "percentile": "99.9th percentile"}
KINDS = {"mlp": "perceptron", "cnn": "convolutional", "vision": "network of vision"}
STEP_S, NEURONS = 0.05, 100


def _drop(kind: str, form: str, steps: int, high: float) -> Target:
    norm = "QCFS, 8 levels" if form == "qcfs" else f"normalised by {FORMS[form]}"
    return Target(
        f"{kind}_{form}_drop_{steps}",
        f"{KINDS[kind]}, {norm}, {steps} steps: loss of accuracy",
        0.0,
        None,
        high,
        "pp",
        B9,
        quick=kind == "mlp",
    )


TARGETS = (
    *(
        _drop(kind, form, steps, high)
        for kind in KINDS
        for form in FORMS
        for steps, high in ((128, 1.0), (512, 0.3))
    ),
    *(_drop(kind, "qcfs", 8, 1.0) for kind in KINDS),
    *(
        Target(
            f"{kind}_rate_error",
            f"{words}: largest RMS error of a layer's rates, times steps",
            0.0,
            None,
            1.2,
            "1",
            B9,
            quick=kind == "mlp",
        )
        for kind, words in KINDS.items()
    ),
    Target(
        "brian_differs",
        "Brian2 against exact counts: largest difference of a rate",
        0.0,
        None,
        0.0,
        "1",
        "the same network twice",
    ),
    Target(
        "attention_drop",
        f"attention layer in Brian2, {NEURONS} neurons each: loss of accuracy",
        0.0,
        None,
        3.0,
        "pp",
        LIKE_B6,
    ),
    Target(
        "attention_similarity",
        "attention layer: debiased CKA above shuffled time and input alone",
        None,
        0.0,
        None,
        "1",
        "a similarity is claimed only above what the stimulus explains",
        quick=False,
        whole_interval=True,
    ),
    *(
        Target(
            f"{task}_{quantity}",
            f"{words}, Brian2 attention participants: loss of {what}",
            0.0,
            None,
            high,
            unit,
            source,
            quick=False,
        )
        for task, words in (("ax_cpt", "AX-CPT"), ("prp", "dual task"))
        for quantity, what, high, unit, source in (
            ("accuracy_drop", "right answers", 3.0, "pp", LIKE_B6),
            ("d_prime_drop", "d'", 0.5, "1", OWN),
        )
    ),
)


def _parts(setting: Setting) -> tuple[Part, ...]:
    if setting.quick:
        small = {"seed": setting.seed, "kind": "mlp", "images": 400, "learning_steps": 400}
        stream = {
            "seed": setting.seed,
            "kind": "attention",
            "streams": 4,
            "neurons": (NEURONS,),
            "step_s": STEP_S,
        }
        return (
            Part(f"mlp_{setting.seed}", classifiers, small, 8.0),
            Part(f"attention_{setting.seed}", spiking_streams, stream, 15.0),
        )
    parts = []
    for seed in range(setting.seed, setting.seed + 3):
        for kind, images in (("mlp", 2000), ("cnn", 500)):
            more = {"seed": seed, "kind": kind, "images": images, "learning_steps": 1500}
            parts.append(Part(f"{kind}_{seed}", classifiers, more, 20.0 if kind == "mlp" else 90.0))
        streams = {
            "seed": seed,
            "kind": "attention",
            "streams": 32,
            "neurons": (30, NEURONS),
            "step_s": STEP_S,
        }
        parts.append(Part(f"attention_{seed}", spiking_streams, streams, 90.0))
        more = {"seed": seed, "images": 350, "learning_steps": 600, "fine_steps": 600}
        parts.append(Part(f"vision_{seed}", vision, more, 180.0))
    parts.append(Part("tasks", tasks, {"kind": "attention", "participants": 4, "seed": setting.seed}, 1200.0))
    return tuple(parts)


def _find(setting: Setting, tables: Tables) -> Findings:
    found: dict[str, Measurement] = {}
    differs = 0.0
    for kind in KINDS:
        if not any(name.startswith(kind) for name in tables):
            continue
        table = gathered(tables, kind)
        differs = max(differs, float(table["brian_differs"].max()))
        for form, steps in (
            ("max", 128),
            ("max", 512),
            ("percentile", 128),
            ("percentile", 512),
            ("qcfs", 8),
        ):
            part = table[(table["form"] == form) & (table["steps"] == steps) & (table["layer"] == 1)]
            if len(part):
                found[f"{kind}_{form}_drop_{steps}"] = mean_of(part["drop_pp"], "pp")
        late = table[table["steps"] >= 32]
        found[f"{kind}_rate_error"] = mean_of(late.groupby("seed")["error_times_steps"].max(), "1")
    found["brian_differs"] = Measurement.exact(differs, "1")
    attention = gathered(tables, "attention")
    attention = attention[attention["neurons"] == NEURONS]
    found["attention_drop"] = mean_of(attention["drop_pp"], "pp")
    above = attention["cka"] - attention[["cka_shuffled", "cka_stimulus"]].max(axis=1)
    if not setting.quick:
        found["attention_similarity"] = mean_of(above, "1")
    explained = {}
    if "tasks" in tables:
        found |= task_measurements(tables["tasks"])
        said = task_text(tables["tasks"])
        explained = {
            f"{task}_{name}": said for task in ("ax_cpt", "prp") for name in ("accuracy_drop", "d_prime_drop")
        }
    return Findings(found, explained | _causes(tables))


def _causes(tables: Tables) -> dict[str, str]:
    causes = {}
    for kind in KINDS:
        if not any(name.startswith(kind) for name in tables):
            continue
        table = gathered(tables, kind)
        images = "one image is worth 0.05 to 0.3 pp, so a loss of 0.3 pp is one to six of them"
        for form in (*FORMS, "qcfs"):
            at = {
                steps: part["drop_pp"].mean()
                for steps, part in table[(table["form"] == form) & (table["layer"] == 1)].groupby("steps")
            }
            said = ", ".join(f"{value:.2f} pp at {steps!s} steps" for steps, value in at.items())
            for steps in (8,) if form == "qcfs" else (128, 512):
                causes[f"{kind}_{form}_drop_{steps}"] = f"{said}; {images}"
    return causes


def _draw(setting: Setting, tables: Tables) -> Drawing:
    import matplotlib.pyplot as plt

    names = [kind for kind in KINDS if any(name.startswith(kind) for name in tables)]
    table = pd.concat([gathered(tables, kind) for kind in names], ignore_index=True)
    attention = gathered(tables, "attention")
    figure, axes = plt.subplots(1, 3, figsize=(7.2, 3.2))
    marks = {"mlp": "o", "cnn": "s", "vision": "^"}
    colours = {"max": FIRST, "percentile": SECOND, "qcfs": "#009E73"}
    words = {"max": "largest", "percentile": "99.9 %", "qcfs": "QCFS"}
    for kind in names:
        for form, colour in colours.items():
            part = table[(table["network"] == kind) & (table["form"] == form)]
            if not len(part):
                continue
            top = part.assign(error=part["error_times_steps"] / part["steps"])
            error = top.groupby(["seed", "steps"])["error"].max().groupby("steps").mean()
            label = f"{KINDS[kind]}, {words[form]}"
            axes[0].plot(error.index, error, f"-{marks[kind]}", ms=3, lw=1, color=colour, label=label)
            drop = part[part["layer"] == 1].groupby("steps")["drop_pp"].mean()
            axes[1].plot(drop.index, drop, f"-{marks[kind]}", ms=3, lw=1, color=colour)
    steps = np.array([table["steps"].min(), table["steps"].max()])
    axes[0].plot(steps, 1.2 / steps, "--", lw=1, color=REFERENCE, label="limit, 1.2 / T")
    axes[0].set(xscale="log", yscale="log", xlabel="steps $T$", ylabel="error of rates (RMS)")
    axes[1].axhline(1.0, ls="--", lw=1, color=REFERENCE)
    axes[1].axhline(0.0, lw=0.6, color=OTHER)
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=4, fontsize=7)
    axes[1].set(xscale="log", xlabel="steps $T$", ylabel="loss of accuracy (pp)")
    one = attention[attention["neurons"] == NEURONS]
    bars = {
        "same decision": (one["agreement"], FIRST),
        "R2 of stream": (one["hidden_r2"], FIRST),
        "CKA": (one["cka"], FIRST),
        "CKA, other network": (one["cka_other_seed"], SECOND),
        "CKA, input alone": (one["cka_stimulus"], OTHER),
        "CKA, shuffled": (one["cka_shuffled"], OTHER),
    }
    for k, (values, colour) in enumerate(bars.values()):
        axes[2].barh(k, values.mean(), color=colour, height=0.6)
        axes[2].plot(values, np.full(len(values), k), ".", ms=3, color="black")
    axes[2].set_yticks(range(len(bars)), bars, fontsize=6.5)
    axes[2].invert_yaxis()
    axes[2].set(xlabel="share", xlim=(min(0.0, float(one["cka_shuffled"].min()) - 0.02), 1.02))
    letter(axes[0], "A", "rates")
    letter(axes[1], "B", "decisions")
    letter(axes[2], "C", "attention layer")
    pieces = [("A", table), ("C", attention)]
    more = ""
    if "tasks" in tables:
        pieces.append(("tasks", tables["tasks"]))
        more = f" {task_text(tables['tasks'])}."
    return Drawing(
        figure,
        long_table(*pieces),
        "Trained networks as integrate-and-fire neurons with soft reset. A: error of the rates of the worst "
        "layer, weights normalised by the largest activation or its 99.9th percentile, or QCFS-trained; B: "
        f"loss of accuracy on digits; means over up to {table['seed'].nunique()} networks, no error bars; "
        "dashed: limits. C: an attention layer as competing populations in Brian2, "
        f"{NEURONS} neurons each; bars: means, points: n = {len(one)} networks; CKA is debiased.{more}",
    )


def _methods() -> str:
    from bridges.maps import attention_spiking, feedforward_spiking, spiking_populations

    parts = (feedforward_spiking, attention_spiking, spiking_populations)
    return "\n\n".join(str(part.__doc__).strip() for part in parts)


EXHIBIT = Exhibit(
    name="network_conversion",
    title="Trained feed-forward and attention networks become spiking networks (B9)",
    paper=PAPER,
    targets=TARGETS,
    parts=_parts,
    find=_find,
    draw=_draw,
    methods=_methods,
)
