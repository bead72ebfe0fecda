"""The normalization model against the responses of the published model, computed elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import erf

from neurosim.circuits.normalization import (
    AttentionField,
    NormalizationParameters,
    Stimulus,
    normalization_response,
)
from neurosim.circuits.protocols.normalization_protocol import (
    competition_responses,
    contrast_responses,
    tuning_curves,
)

CONTRASTS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
# contrast -> (away, attended): figure 2A and 2B, recomputed independently from the published settings
CONTRAST_GAIN = (
    (0.085, 0.170), (0.825, 1.591), (6.152, 9.630), (17.368, 19.471), (21.240, 21.688), (21.724, 21.937),
)  # fmt: skip
RESPONSE_GAIN = (
    (0.117, 0.234), (1.107, 2.160), (7.166, 12.347), (15.831, 23.362), (18.008, 25.651), (18.259, 25.905),
)  # fmt: skip


@pytest.mark.parametrize(("widths", "table"), [((3.0, 30.0), CONTRAST_GAIN), ((5.0, 3.0), RESPONSE_GAIN)])
def test_contrast_responses_are_those_of_the_table(widths, table):
    ours = contrast_responses(CONTRASTS, *widths)
    np.testing.assert_allclose(ours[["away", "attended"]].to_numpy(), table, rtol=1e-2)


def test_attention_scales_a_tuning_curve():
    curves = tuning_curves()
    np.testing.assert_allclose(curves["ratio"], 1.166, atol=2e-3)
    assert curves["away"].max() == pytest.approx(12.48, rel=1e-2)
    assert curves["attended"].max() == pytest.approx(14.56, rel=1e-2)


def test_attention_decides_a_competition():
    row = competition_responses([0.01]).iloc[0]
    assert row["attend_null"] < row["pair"] < row["attend_preferred"]
    assert row["null_alone"] < row["pair"] < row["preferred_alone"]


def test_an_even_drive_has_the_closed_form():
    """A pattern without structure: each smoothing leaves the part of its kernel that lies on the grid."""
    p = NormalizationParameters(sigma=0.3)
    wide = Stimulus(0.0, contrast=0.7, x_width=1e6, theta_width_deg=1e6)
    response = normalization_response([wide], None, p).sel(x=0.0)
    drive = 0.7 * erf(180 / (60 * np.sqrt(2)))
    suppression = drive * erf(180 / (360 * np.sqrt(2)))
    np.testing.assert_allclose(response, drive / (suppression + 0.3), rtol=1e-3)


def test_spreading_attention_evenly_is_no_attention():
    patch = [Stimulus(20.0, 30.0, 0.2)]
    even = normalization_response(patch, AttentionField(peak=5.0))
    assert np.array_equal(even, normalization_response(patch))
    rotated = normalization_response([replace(patch[0], theta_deg=100.0)])
    np.testing.assert_allclose(rotated, even.roll(theta_deg=70), rtol=1e-9)


def test_a_cross_attends_along_both_axes():
    x, theta = np.arange(-200.0, 201.0), np.arange(-180.0, 180.0)
    field = AttentionField(10.0, 20.0, x_width=5.0, theta_width_deg=10.0, peak=3.0, shape="cross")
    gain = field.gain(x, theta)
    assert gain[200, 210] == pytest.approx(9.0)
    assert gain[200, 0] == pytest.approx(3.0) and gain[0, 210] == pytest.approx(3.0)
    assert replace(field, shape="oval").gain(x, theta)[200, 0] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: AttentionField(shape="star"), "shape = 'star'"),  # type: ignore[arg-type]
        (lambda: AttentionField(0.0, x_width=0.0), "must be positive"),
        (lambda: AttentionField(peak=0.5), "peak = 0.5, must be at least 1"),
        (lambda: normalization_response([Stimulus(0.0, contrast=-1.0)]), "contrast = -1.0"),
        (lambda: normalization_response([], None, NormalizationParameters(sigma=0.0)), "sigma = 0.0"),
    ],
)
def test_faults(call, message):
    with pytest.raises(ValueError, match=message):
        call()
