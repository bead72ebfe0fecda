"""Stimulus images: drawn alike everywhere, placed where asked, and told apart by shape and not by a pixel."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from bridges.stimuli.rendering import (
    CAPITAL_SHARE,
    FLANKER_CLASSES,
    IMAGE_PX,
    NOTHING,
    STIMULI,
    Rendering,
    capital_height_px,
    place,
    stimulus_set,
)
from bridges.stimuli.scenes import SCENE_CONTRAST, SCENE_KINDS, cardinal_share, scene
from bridges.stimuli.sprites import (
    CAPITAL_PX,
    FONTS,
    SPRITE_PX,
    UNSEEN_FONTS,
    fixation_cross,
    flanker_row,
    glyph,
    mask_ring,
)
from bridges.stimuli.streams import cross_fade, image_stream
from bridges.tasks import TASKS

STILL = Rendering(shift_px=0.0, turn_deg=0.0, scaling=0.0, contrast=(1.0, 1.0), noise_sd=0.0)


def ink_height(image, share=0.5):
    rows = np.flatnonzero(image.max(axis=1) > share)
    return rows[-1] - rows[0] + 1


def test_glyphs_are_centred_and_of_one_height_in_every_font():
    for font in (*FONTS, *UNSEEN_FONTS):
        ink = glyph("E", font)
        rows, columns = np.nonzero(ink > 0.5)
        assert ink.shape == (SPRITE_PX, SPRITE_PX) and not ink.flags.writeable
        assert abs((rows.min() + rows.max()) / 2 - (SPRITE_PX - 1) / 2) <= 1
        assert abs((columns.min() + columns.max()) / 2 - (SPRITE_PX - 1) / 2) <= 2
        assert rows.max() - rows.min() + 1 == pytest.approx(CAPITAL_PX, abs=2)
    with pytest.raises(ValueError, match="font = 'Comic'"):
        glyph("E", "Comic")
    with pytest.raises(ValueError, match="one character"):
        glyph("EE", FONTS[0])


def test_characters_differ_and_fonts_do_not_change_which_is_which():
    """The most similar sprite in another font is, for most digits, the same digit."""
    first = np.array([glyph(str(d), "DejaVuSans").ravel() for d in range(10)])
    other = np.array([glyph(str(d), "DejaVuSans-Bold").ravel() for d in range(10)])
    assert (np.corrcoef(first, other)[:10, 10:].argmax(axis=1) == np.arange(10)).sum() >= 8
    assert np.corrcoef(first)[np.triu_indices(10, 1)].max() < 0.95


def test_rows_of_arrows_mirror_and_only_flankers_differ_beside_the_target():
    for target, beside in (row.split("/") for row in FLANKER_CLASSES):
        turned = {"left": "right", "right": "left", "neutral": "neutral"}
        mirrored = flanker_row(turned[target], turned[beside])
        # pixels that lie on an edge may fall to either side of it
        assert (flanker_row(target, beside)[:, ::-1] != mirrored).sum() <= 4
    congruent, incongruent = flanker_row("left", "left"), flanker_row("left", "right")
    middle = slice(SPRITE_PX // 2 - 8, SPRITE_PX // 2 + 8)
    assert np.array_equal(congruent[:, middle], incongruent[:, middle])
    assert (congruent != incongruent).any()
    # as much ink whichever way the arrows point: brightness does not tell
    ink = [row.sum() for row in (congruent, incongruent, flanker_row("right", "right"))]
    assert max(ink) - min(ink) <= 0.02 * max(ink)
    with pytest.raises(ValueError, match="flankers = 'up'"):
        flanker_row("left", "up")


def test_mask_and_cross_are_symmetric():
    for sprite in (mask_ring(), fixation_cross()):
        assert np.array_equal(sprite, sprite.T) and np.array_equal(sprite, sprite[::-1])
        assert 0.005 < sprite.mean() < 0.2


@pytest.fixture(scope="module")
def scenes():
    return {kind: np.stack([scene(kind, k) for k in range(60)]) for kind in SCENE_KINDS}


def test_scenes_have_one_mean_and_contrast_and_no_pixel_that_tells_their_kind(scenes):
    axis = np.arange(SPRITE_PX) - (SPRITE_PX - 1) / 2.0
    inside = np.hypot(axis[:, None], axis) <= SPRITE_PX / 2.0
    for pictures in scenes.values():
        assert np.abs(pictures[:, inside].mean(axis=1)).max() < 1e-4
        assert pictures[:, inside].std(axis=1) == pytest.approx(np.full(60, SCENE_CONTRAST), rel=1e-4)
        assert (pictures[:, ~inside] == 0).all()
    small = [pictures[:, 1::3, 1::3].reshape(60, -1) for pictures in scenes.values()]
    # the best threshold on any pixel, chosen on one half of the scenes, fails on the other
    learn, ask = ([part[half] for part in small] for half in (slice(None, 30), slice(30, None)))
    gap = (learn[0].mean(axis=0) - learn[1].mean(axis=0)) / (
        learn[0].std(axis=0) + learn[1].std(axis=0) + 1e-9
    )
    best = np.abs(gap).argmax()
    cut = (learn[0][:, best].mean() + learn[1][:, best].mean()) / 2
    right = [
        (part[:, best] > cut) == (above == (gap[best] > 0))
        for part, above in zip(ask, (True, False), strict=True)
    ]
    assert np.concatenate(right).mean() < 0.75


def test_directions_of_edges_tell_cities_from_mountains(scenes):
    shares = {kind: [cardinal_share(one) for one in pictures] for kind, pictures in scenes.items()}
    assert min(shares["city"]) > 0.55 > 0.45 > max(shares["mountain"])


def test_share_of_cardinal_edges_of_gratings():
    y, x = np.mgrid[:64, :64]
    assert cardinal_share(np.sin(x / 3.0)) > 0.99
    assert cardinal_share(np.sin((x + y) / 5.0)) < 0.01


def test_sizes_are_those_asked_for():
    digits = stimulus_set("digits")
    which = np.full(5, digits.variants.index("1 DejaVuSans"))
    height = capital_height_px(np.array([48, 72, 94, 100, 120]))
    assert height == pytest.approx([9.6, 14.4, 18.8, 20.0, 24.0])
    images = digits.render_variants(which, height / CAPITAL_SHARE, STILL, np.random.default_rng(0)).image
    assert [ink_height(one) for one in images] == pytest.approx(height, abs=1.6)


def test_shifts_turns_and_contrast_are_applied():
    sprites = np.zeros((1, SPRITE_PX, SPRITE_PX), dtype=np.float32)
    sprites[0, 40:56, 30:66] = 1.0
    one, zero = np.zeros(1, dtype=int), np.zeros(1)

    def middle(shift=(0.0, 0.0), turn=0.0, size=32.0):
        image = place(sprites, one, np.array([size]), np.array([shift]), zero + turn)[0]
        y, x = np.mgrid[:IMAGE_PX, :IMAGE_PX] - (IMAGE_PX - 1) / 2.0
        return image, (image * y).sum() / image.sum(), (image * x).sum() / image.sum()

    image, y, x = middle()
    assert (y, x) == pytest.approx((0.0, 0.0), abs=0.05)
    assert image.sum() == pytest.approx(16 * 36 / 9, rel=0.02)
    assert middle((2.0, -3.0))[1:] == pytest.approx((2.0, -3.0), abs=0.05)
    assert middle(size=16.0)[0].sum() == pytest.approx(16 * 36 / 36, rel=0.03)
    assert np.allclose(middle(turn=np.pi / 2)[0], image.T, atol=0.05)
    faint = stimulus_set("flankers").render_variants(
        one, zero + 32.0, replace(STILL, contrast=(0.5, 0.5)), np.random.default_rng(0)
    )
    assert faint.image.max() == pytest.approx(0.5, abs=1e-3)


def test_sets_show_stimuli_equally_often_and_noise_has_its_size():
    for name in STIMULI:
        stimuli = stimulus_set(name)
        n = (len(stimuli.classes) + 2) * 4
        rendered = stimuli.render(n, replace(STILL, noise_sd=0.3), np.random.default_rng(1))
        assert rendered.image.shape == (n, IMAGE_PX, IMAGE_PX) and rendered.image.dtype == np.float32
        assert np.bincount(rendered.label).tolist() == [4] * (len(stimuli.classes) - 1) + [12]
        assert stimuli.classes[-1] == NOTHING and (stimuli.label[rendered.variant] == rendered.label).all()
        blank = rendered.image[[stimuli.variants[v] == "blank" for v in rendered.variant]]
        if len(blank):
            assert blank.std() == pytest.approx(0.3, rel=0.1)
    assert stimulus_set("letters").classes[:-1] == tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert not set(stimulus_set("scenes").variants[:600]) & set(stimulus_set("scenes", True).variants[:200])


def test_the_same_seed_gives_the_same_images_in_another_process():
    code = (
        "import numpy as np, hashlib; from bridges.stimuli.rendering import *;"
        "print(hashlib.sha256(b''.join(stimulus_set(n).render(12, Rendering(),"
        " np.random.default_rng(3)).image.tobytes() for n in ('digits', 'flankers'))).hexdigest())"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1] and len(runs[0].strip()) == 64
    first = stimulus_set("digits").render(12, Rendering(), np.random.default_rng(3)).image
    other = stimulus_set("digits").render(12, Rendering(), np.random.default_rng(4)).image
    assert not np.array_equal(first, other)


def test_streams_show_each_stimulus_when_its_session_says_so():
    session = TASKS["sart"](trials_per_digit=2, n_blocks=1).session(3)
    stream = image_stream(session, STILL, np.random.default_rng(0), frame_s=0.05)
    assert (np.diff(stream.onset_s) > 0).all()
    # 250 ms of digit and 900 ms of mask in frames of 50 ms, without a gap
    assert len(stream.image) == 18 * (5 + 18)
    assert stream.duration_s == pytest.approx(np.full(len(stream.image), 0.05))
    for trial in session.trials.itertuples():
        mine = stream.trial == trial.trial
        assert stream.onset_s[mine][0] == pytest.approx(trial.onset_s)
        digit, mask = stream.image[mine][:5], stream.image[mine][5:]
        assert (digit == digit[0]).all() and (mask == mask[0]).all()
        assert ink_height(digit[0]) == pytest.approx(capital_height_px(trial.font_size_pt), abs=2)
    with pytest.raises(ValueError, match="has no images"):
        image_stream(TASKS["pvt"](duration_s=60.0).session(1), STILL, np.random.default_rng(0))
    with pytest.raises(ValueError, match="frame_s = 0"):
        image_stream(session, STILL, np.random.default_rng(0), frame_s=0)


def test_scenes_fade_pixel_by_pixel_along_a_line():
    shown = [("city", 0), ("mountain", 3), ("city", 5)]
    stream, share = cross_fade(shown, 0.8, STILL, np.random.default_rng(0), frame_s=0.1)
    assert share == pytest.approx(np.tile(np.arange(0.0625, 1.0, 0.125), 2))
    assert stream.onset_s == pytest.approx(np.arange(16) * 0.1)
    assert stream.trial.tolist() == [0] * 8 + [1] * 8
    middle = (stream.image[3] + stream.image[4]) / 2.0
    assert np.allclose(middle, (stream.image[0] + stream.image[7]) / 2.0, atol=1e-5)
    assert np.allclose(np.diff(stream.image[:8], axis=0), stream.image[1] - stream.image[0], atol=1e-5)
    with pytest.raises(ValueError, match="99999"):
        cross_fade([("city", 0), ("city", 99999)], 0.8, STILL, np.random.default_rng(0))
    with pytest.raises(ValueError, match="at least 2"):
        cross_fade([("city", 0)], 0.8, STILL, np.random.default_rng(0))


def test_a_gradual_session_fades_in_from_nothing_and_out_again():
    session = TASKS["grad_cpt"](n_trials=10, n_blocks=1).session(2)
    stream = image_stream(session, STILL, np.random.default_rng(0), frame_s=0.1)
    assert len(stream.image) == 11 * 8
    assert stream.onset_s[0] == pytest.approx(session.trials["onset_s"].iloc[0])
    strength = stream.image.std(axis=(1, 2))
    rise, fall = strength[:8] / strength[7], strength[-8:] / strength[-8]
    assert rise == pytest.approx((np.arange(8) + 0.5) / 7.5, abs=1e-3)
    assert fall == pytest.approx(rise[::-1], abs=1e-3)
    assert stream.trial.tolist() == [min(k // 8, 9) for k in range(88)]


def test_what_cannot_be_rendered_is_refused():
    with pytest.raises(ValueError, match="noise_sd = -1"):
        Rendering(noise_sd=-1)
    with pytest.raises(ValueError, match="contrast"):
        Rendering(contrast=(0.9, 0.5))
    with pytest.raises(ValueError, match="name = 'faces'"):
        stimulus_set("faces")
    with pytest.raises(ValueError, match="kind = 'sea'"):
        scene("sea", 1)
