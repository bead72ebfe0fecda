"""B11, generated rasters: a GAN that learns what neurons of the circuit do together, against split halves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import pandas as pd

from neurosim.circuits.protocols.measurement import Measurement, mean_of
from studies.exhibits.base import Drawing, Exhibit, Findings, Part, Setting, Tables, Target
from studies.rasters.circuit_data import CONDITIONS, RecordingPlan, record_rasters
from studies.rasters.claims import LIMIT, STATISTICS
from studies.rasters.comparison import MODELS

if TYPE_CHECKING:
    from ann.generative import GanSettings
    from studies.rasters.comparison import Comparison

__all__ = ["EXHIBIT"]

PAPER = (
    "Molano-Mazon, M. et al. (2018). Synthesizing realistic neural population activity patterns using "
    "generative adversarial networks. ICLR. doi:10.48550/arXiv.1803.00338"
)
SOURCE = "acceptance number of the generative map; error of halves: mean over random halvings of the data"
SECOND_ORDER = ("mean_count", "covariance", "lagged_covariance", "time_course")
"""Statistics that a model of second order has to meet."""

WORDS = {name: name.replace("_", " ").replace("k prob", "k-prob") for name in STATISTICS}
GAN, DICHOTOMISED = "gan", "dichotomised_gaussian"

TARGETS = (
    *(
        Target(f"gan_{name}", f"GAN, {WORDS[name]}: error / error of halves", None, 0.0, LIMIT, "1", SOURCE,
               quick=False)
        for name in STATISTICS
    ),
    Target("rate_r", "GAN, correlation of mean rates, worse condition", None, 0.99, None, "r", SOURCE),
    Target("covariance_r", "GAN, correlation of covariances, worse condition", None, 0.9, None, "r", SOURCE,
           quick=False),
    Target("duplicates", "GAN, copies of training rasters beyond chance", None, None, 0.0, "rasters", SOURCE),
    Target("auc", "GAN, real or generated: area under ROC, worse condition", None, None, 0.65, "1", SOURCE),
    Target("independent_covariance", "constant rates, covariance: must fail", None, LIMIT, None, "1", SOURCE),
    Target("shuffled_covariance", "shuffled trials, covariance: must fail", None, LIMIT, None, "1", SOURCE,
           quick=False),
    *(
        Target(f"gaussian_{name}", f"dichotomised Gaussian, {WORDS[name]}: must pass", None, 0.0, LIMIT, "1",
               SOURCE, quick=False)
        for name in SECOND_ORDER
    ),
)  # fmt: skip


def training(setting: Setting) -> GanSettings:
    """How long and how fast."""
    from ann.generative import GanSettings

    return GanSettings(steps=60, warm_up=20) if setting.quick else GanSettings()


def recording(setting: Setting) -> RecordingPlan:
    """What of the circuit is recorded."""
    return RecordingPlan(trials=400, chunk_trials=50) if setting.quick else RecordingPlan()


def parts(setting: Setting) -> tuple[Part, ...]:
    """One recording, one training and one comparison a seed; seed 1 was for choosing sizes and rates."""
    seeds = 1 if setting.quick else 3
    arguments = {
        "plan": recording(setting),
        "training": training(setting),
        "draws": 2 if setting.quick else 10,
        # what a quick run can tell needs no dichotomised Gaussian, whose fit takes longest
        "models": MODELS[:3] if setting.quick else MODELS,
    }
    first = setting.seed + 1
    return tuple(
        Part(f"seed_{seed}", play, {"seed": seed, **arguments}, weight=15.0 if setting.quick else 600.0)
        for seed in range(first, first + seeds)
    )


def play(
    seed: int,
    plan: RecordingPlan,
    training: GanSettings,
    draws: int,
    models: Sequence[str],
    progress: Callable[[float, str], None] = lambda fraction, doing: None,
) -> pd.DataFrame:
    """Record the circuit, learn one half of it, and compare what is generated with the other half.

    Parameters
    ----------
    seed
        Of everything random.
    plan, training
        What to record, and how to learn.
    draws
        Sets drawn from each model, and halvings of the data.
    models
        Which of `MODELS`.
    progress
        Called with the fraction done and what is done.

    Returns
    -------
    DataFrame
        ``record`` tells what a row is: "error" (``condition``, ``model``, ``statistic``, ``draw``, ``value``
        as a multiple of the mean error of halves) or "agreement" (``statistic`` is its name).
    """
    from studies.rasters.comparison import compare, halves
    from studies.rasters.training import learn

    rasters = record_rasters(plan, seed, lambda fraction: progress(0.3 * fraction, "recording"))
    learned, held_out = halves(rasters, seed)
    generator, _ = learn(
        learned, training, seed, lambda fraction, doing: progress(0.3 + 0.6 * fraction, doing)
    )
    tables = []
    for number, condition in enumerate(CONDITIONS):
        progress(0.9 + 0.05 * number, "comparing")
        found = compare(learned, held_out, generator, number, draws, seed, models)
        tables.append(_rows(found).assign(condition=condition))
    return pd.concat(tables, ignore_index=True).assign(seed=seed)


def find(setting: Setting, tables: Tables) -> Findings:
    """Means over seeds, each a mean over conditions and drawn sets."""
    rows = pd.concat(tables.values(), ignore_index=True)
    found: dict[str, Measurement] = {}
    for target in TARGETS:
        quantity = target.quantity
        if setting.quick and not target.quick:
            continue
        model, _, statistic = quantity.partition("_")
        known = {"gan": GAN, "independent": "independent", "shuffled": "shuffled", "gaussian": DICHOTOMISED}
        if model in known:
            found[quantity] = mean_of(_ratio(rows, known[model], statistic), target.unit)
    worse = {"rate_r": "min", "covariance_r": "min", "auc": "max"}
    for quantity, how in worse.items():
        if quantity == "covariance_r" and setting.quick:
            continue
        each = _agreement(rows, quantity).groupby("seed")["value"].agg(how)
        found[quantity] = mean_of(each, "1" if quantity == "auc" else "r")
    beyond = (
        _agreement(rows, "duplicates").set_index(["seed", "condition"])["value"]
        - _agreement(rows, "chance_duplicates").set_index(["seed", "condition"])["value"]
    )
    found["duplicates"] = mean_of(beyond.groupby("seed").max(), "rasters")
    return Findings(found, _explanations(rows, found))


def draw(setting: Setting, tables: Tables) -> Drawing:
    """Errors of every model in every statistic, and how well covariances agree."""
    from studies.corresponding.generative_figure import draw_generated

    return draw_generated(pd.concat(tables.values(), ignore_index=True))


def methods() -> str:
    """The two networks, the training and the recording as text."""
    from ann.raster_networks import RasterCritic, RasterGenerator

    setting = Setting()
    plan = recording(setting)
    shape = (plan.neurons, plan.bins, len(CONDITIONS))
    networks = (RasterGenerator(*shape), RasterCritic(*shape))
    numbers = [sum(weight.numel() for weight in network.parameters()) for network in networks]
    return "\n".join(
        [
            *(f"{network}\n{number} weights" for network, number in zip(networks, numbers, strict=True)),
            *(f"{key} = {value}" for key, value in (asdict(training(setting)) | asdict(plan)).items()),
        ]
    )


def _rows(found: Comparison) -> pd.DataFrame:
    errors = found.errors[["model", "statistic", "draw", "ratio"]].rename(columns={"ratio": "value"})
    agreement = found.agreement.melt("model", var_name="statistic", value_name="value").dropna()
    return pd.concat([errors.assign(record="error"), agreement.assign(record="agreement")], ignore_index=True)


def _ratio(rows: pd.DataFrame, model: str, statistic: str) -> pd.Series:
    kept = rows[(rows.record == "error") & (rows.model == model) & (rows.statistic == statistic)]
    return kept.groupby("seed")["value"].mean()


def _agreement(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    return rows[(rows.record == "agreement") & (rows.model == GAN) & (rows.statistic == name)]


def _explanations(rows: pd.DataFrame, found: dict[str, Measurement]) -> dict[str, str]:
    """For statistics that miss the limit: what the best that can be had reaches on the same halves."""
    said = {}
    for name in STATISTICS:
        quantity = f"gan_{name}"
        if quantity not in found:
            continue
        by_model = {model: _ratio(rows, model, name).mean() for model in (DICHOTOMISED, "shuffled")}
        each = rows[(rows.record == "error") & (rows.model == GAN) & (rows.statistic == name)]
        spread = each.groupby(["condition", "seed"])["value"].mean()
        said[quantity] = (
            "A model that has the statistic of the training half exactly reaches (3 / 2)^0.5 = 1.22 on "
            "average, since its sets add their own sampling error to that of the test half; on these halves "
            f"the dichotomised Gaussian reaches {by_model[DICHOTOMISED]:.2f}, and whole trains of the "
            f"training half {by_model['shuffled']:.2f}. The GAN reaches {spread.min():.2f} to "
            f"{spread.max():.2f} over seeds and conditions."
        )
    return said


EXHIBIT = Exhibit(
    name="generative",
    title="Generated rasters: GAN against the circuit",
    paper=PAPER,
    targets=TARGETS,
    parts=parts,
    find=find,
    draw=draw,
    methods=methods,
)
"""The map as a thing to run: targets, parts, findings and figure."""
