"""The human reference table: complete, cited, consistent with itself."""

import math

import numpy as np
import pytest
from scipy import stats

from bridges.human.effect import Band, Effect, confidence_interval
from bridges.human.reference import (
    BANDS,
    EFFECTS,
    as_frame,
    band,
    bands,
    bands_frame,
    effect,
    effects,
    tasks,
)

SUSTAINED = [
    ("sart", "commission_rate", "", 0.214, 0.125, 521),
    ("sart", "omission_rate", "", 0.006, 0.019, 521),
    ("sart", "commission_rate", "first third", 0.171, None, 522),
    ("sart", "commission_rate", "second third", 0.232, None, 522),
    ("sart", "commission_rate", "last third", 0.258, None, 522),
    ("cpt_x", "commission_rate", "", 0.354, 0.187, 130),
    ("cpt_x", "omission_rate", "", 0.0055, 0.015, 130),
    ("cpt_x", "rt_mean_ms", "", 370.0, 50.0, 130),
    ("cpt_x", "rt_cv", "", 0.230, 0.076, 130),
    ("cpt_x", "d_prime", "", 3.08, 0.72, 130),
    ("cpt_x", "criterion", "", -1.13, 0.28, 130),
    ("cpt_x", "rt_isi_slope_ms_per_s", "", 19.1, 12.8, 130),
    ("pvt", "rt_mean_ms", "", 259.5, 29.8, 47),
    ("pvt", "speed_per_s", "", 4.03, 0.45, 47),
    ("pvt", "lapses", "", 0.28, 0.62, 47),
    ("pvt", "rt_cv", "", 0.193, None, 47),
    ("simple_rt", "rt_change_ms", "", 25.9, 47.6, 522),
]


@pytest.mark.parametrize(("task", "measure", "condition", "value", "sd", "n"), SUSTAINED)
def test_sustained_attention_values(task, measure, condition, value, sd, n):
    found = effect(task, measure, condition)
    assert (found.value, found.spread_sd, found.n) == (value, sd, n)
    assert found.verified


def test_every_effect_is_cited_and_unique():
    keys = [(e.task, e.measure, e.condition, e.source) for e in EFFECTS]
    assert len(set(keys)) == len(keys)
    assert all(e.source and e.unit for e in EFFECTS)
    # a verified number must be traceable to more than a name
    assert [e.source for e in EFFECTS if e.mark == "D" and not e.doi_or_dataset] == [
        "Roudaia & Faubert, circular multiple object tracking"
    ] * 5


def test_rates_are_fractions_and_changes_percentage_points():
    for e in EFFECTS:
        if e.measure.endswith("_rate"):
            assert e.unit == "fraction"
            assert 0.0 <= e.value <= 1.0
        if e.measure.endswith("_pp"):
            assert e.unit == "pp"
            assert abs(e.value) > 1.0
        if e.measure.endswith("_ms"):
            assert e.unit.startswith("ms")
            assert e.value > 1.0


def test_remembered_numbers_are_flagged_and_can_be_left_out():
    mackworth = effects("mackworth")
    assert [e.value for e in mackworth] == [0.157, 0.258, 0.268, 0.280]
    assert not any(e.verified for e in mackworth)
    assert effects("mackworth", verified_only=True) == ()
    assert not band("mackworth", "omission_change_pp").verified
    assert {e.mark for e in effects("sart", verified_only=True)} == {"D"}


def test_confidence_interval_is_students():
    rng = np.random.default_rng(3)
    sample = rng.normal(250.0, 30.0, size=47)
    low, high = confidence_interval(sample.mean(), sample.std(ddof=1), 47)
    expected = stats.ttest_1samp(sample, 0.0).confidence_interval(0.95)
    assert (low, high) == pytest.approx((expected.low, expected.high), rel=1e-12)
    narrow = confidence_interval(250.0, 30.0, 47, level=0.5)
    assert low < high
    assert narrow[1] - narrow[0] < high - low


@pytest.mark.parametrize(
    ("arguments", "named"),
    [((1.0, 2.0, 1), "n = 1"), ((1.0, -2.0, 9), "sd = -2"), ((1.0, 2.0, 9, 1.0), "level")],
)
def test_confidence_interval_refuses(arguments, named):
    with pytest.raises(ValueError, match=named):
        confidence_interval(*arguments)


def test_published_intervals_agree_with_sd_and_n():
    """The published CI and the one from SD and N are two roads to the same numbers."""
    both = [e for e in EFFECTS if e.low is not None and e.spread_sd is not None and e.n and e.mark == "D"]
    assert len(both) >= 9
    for e in both:
        low, high = confidence_interval(e.value, e.spread_sd, e.n)
        width = high - low
        # published numbers carry one decimal, so allow for rounding beside a tenth of the width
        assert e.low == pytest.approx(low, abs=0.1 * width + 0.06), e
        assert e.high == pytest.approx(high, abs=0.1 * width + 0.06), e


def test_human_means_lie_in_their_own_bands():
    """A band that the people themselves miss would be a wrong band."""
    checked = 0
    for b in BANDS:
        for e in EFFECTS:
            same = (e.task, e.measure) == (b.task, b.measure)
            if same and e.verified and not e.condition:
                assert b.contains(e.value), (b, e)
                checked += 1
    assert checked >= 10


def test_bands_of_the_sustained_tasks():
    assert (band("sart", "commission_rate").low, band("sart", "commission_rate").high) == (0.15, 0.45)
    assert (band("sart", "commission_change_pp").low, band("sart", "commission_change_pp").high) == (
        4.0,
        13.0,
    )
    assert (band("pvt", "rt_mean_ms").low, band("pvt", "rt_mean_ms").high) == (230.0, 300.0)
    assert (band("pvt", "rt_slope_ms_per_min").low, band("pvt", "rt_slope_ms_per_min").high) == (2.0, 6.0)
    assert (band("cpt_x", "d_prime").low, band("cpt_x", "d_prime").high) == (2.4, 3.8)
    assert [b.measure for b in bands("prp")] == ["rt2_soa_slope", "prp_effect_ms"]
    assert not band("pvt", "rt_mean_ms").contains(math.nan)
    assert band("pvt", "rt_mean_ms").contains(230.0)


def test_unknown_names_say_what_there_is():
    with pytest.raises(ValueError, match="'stroop'.*sart"):
        effects("stroop")
    with pytest.raises(ValueError, match="d_prime.*rt_mean_ms"):
        effect("pvt", "d_prime")
    with pytest.raises(ValueError, match="rt_slope_ms_per_min"):
        band("pvt", "d_prime")


def test_as_frame_carries_intervals_and_flags():
    frame = as_frame("pvt")
    rested = frame[(frame["measure"] == "rt_mean_ms") & (frame["condition"] == "")].iloc[0]
    assert rested["ci_low"] == pytest.approx(250.75, abs=0.01)
    assert rested["ci_high"] == pytest.approx(268.25, abs=0.01)
    slope = frame[frame["measure"] == "rt_slope_ms_per_min"].iloc[0]
    assert (slope["ci_low"], slope["ci_high"]) == (1.8, 6.0)
    assert len(as_frame()) == len(EFFECTS)
    assert set(as_frame()["task"]) | set(bands_frame()["task"]) == set(tasks())
    assert len(bands_frame("ant")) == 3


def test_z_score_among_people():
    assert effect("cpt_x", "d_prime").z(3.80) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="spread"):
        effect("pvt", "rt_cv").z(0.2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mark": "X"}, "mark = 'X'"),
        ({"low": 1.0}, "both or neither"),
        ({"low": 3.0, "high": 4.0}, "outside its interval"),
    ],
)
def test_impossible_effects_are_refused(change, message):
    fields = dict(
        task="t", measure="m", value=2.0, low=None, high=None, spread_sd=1.0, n=9, unit="ms", source="s",
        doi_or_dataset="d", mark="D",
    )  # fmt: skip
    with pytest.raises(ValueError, match=message):
        Effect(**{**fields, **change})


def test_impossible_band_is_refused():
    with pytest.raises(ValueError, match="above high"):
        Band("t", "m", 2.0, 1.0, "ms", "falls", "s")
