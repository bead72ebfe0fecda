"""The generative map: numbers come from the right rows, and a quick run measures what it says."""

from __future__ import annotations

import pandas as pd
import pytest

from studies.corresponding import generative
from studies.corresponding.generative import EXHIBIT
from studies.exhibits.base import Setting, rows_of
from studies.rasters.circuit_data import CONDITIONS
from studies.rasters.claims import STATISTICS
from studies.rasters.comparison import MODELS

AGREEMENT = {"rate_r": 0.999, "covariance_r": 0.95, "duplicates": 3.0, "chance_duplicates": 3.0, "auc": 0.55}


def table(seed):
    """Two sets from each model: ratios that tell which model, statistic, condition and set they are of."""
    rows = [
        {
            "record": "error",
            "condition": condition,
            "model": model,
            "statistic": statistic,
            "draw": draw,
            "value": (m + 1) + 0.1 * s + 0.2 * c + 0.02 * draw + 0.01 * seed,
        }
        for c, condition in enumerate(CONDITIONS)
        for m, model in enumerate(MODELS)
        for s, statistic in enumerate(STATISTICS)
        for draw in range(2)
    ]
    rows += [
        {
            "record": "agreement",
            "condition": condition,
            "model": "gan",
            "statistic": name,
            "value": value + (0.02 * seed if name == "auc" else 0.0) * c,
        }
        for c, condition in enumerate(CONDITIONS)
        for name, value in AGREEMENT.items()
    ]
    return pd.DataFrame(rows).assign(seed=seed)


def test_every_number_is_the_mean_over_seeds_of_the_rows_it_names():
    setting = Setting()
    found = EXHIBIT.find(setting, {f"seed_{seed}": table(seed) for seed in (2, 3, 4)})
    rows = {row.target.quantity: row for row in rows_of(EXHIBIT, setting, found)}
    # GAN is the first model; mean over conditions 0.1, sets 0.01 and seeds 0.03
    assert rows["gan_covariance"].measured.value == pytest.approx(1.0 + 0.1 + 0.1 + 0.01 + 0.03)
    assert rows["gan_covariance"].measured.n == 3
    assert rows["independent_covariance"].measured.value == pytest.approx(2.0 + 0.1 + 0.14)
    assert rows["shuffled_covariance"].measured.value == pytest.approx(3.0 + 0.1 + 0.14)
    assert rows["gaussian_time_course"].measured.value == pytest.approx(4.0 + 0.4 + 0.14)
    assert rows["auc"].measured.value == pytest.approx(0.55 + 0.02 * 3)
    assert rows["duplicates"].measured.value == 0.0
    assert rows["gan_mean_count"].agrees and not rows["gan_variance"].agrees
    assert "1.63 to 1.85 over seeds" in rows["gan_variance"].explanation
    assert rows["shuffled_covariance"].agrees and not rows["gaussian_covariance"].agrees


def test_seeds_of_the_claim_are_not_the_one_that_settings_were_chosen_on():
    full, quick = EXHIBIT.parts(Setting()), EXHIBIT.parts(Setting(quick=True))
    assert [part.arguments["seed"] for part in full] == [2, 3, 4]
    assert len(quick) == 1 and quick[0].arguments["plan"].trials < full[0].arguments["plan"].trials


@pytest.mark.study
def test_a_quick_run_measures_what_it_can_tell():
    setting = Setting(quick=True)
    tables = {part.name: part.function(**part.arguments) for part in EXHIBIT.parts(setting)}
    rows = {row.target.quantity: row for row in rows_of(EXHIBIT, setting, EXHIBIT.find(setting, tables))}
    assert set(rows) == {target.quantity for target in generative.TARGETS if target.quick}
    # a circuit that holds a goal: neurons of a pool do not fire independently of each other
    assert rows["independent_covariance"].agrees
    assert rows["rate_r"].agrees
    drawing = EXHIBIT.draw(setting, tables)
    # the data and all models but the dichotomised Gaussian
    assert len(drawing.data) == len(CONDITIONS) * len(MODELS) * len(STATISTICS)
