"""Similarity of activities, against closed forms, definitions summed by hand, and the known bias of plain
CKA."""

import numpy as np
import pytest

from bridges.measures.representation import biased_cka, cka, procrustes_distance, similarity


def noise(rng, *shape):
    return rng.standard_normal(shape)


def rotation(rng, n):
    return np.linalg.qr(noise(rng, n, n))[0]


def test_rotation_shift_and_scale_change_nothing():
    rng = np.random.default_rng(0)
    x = noise(rng, 60, 12)
    turned = 2.5 * x @ rotation(rng, 12) + noise(rng, 12)
    assert cka(x, turned) == pytest.approx(1.0, abs=1e-6)
    assert biased_cka(x, turned) == pytest.approx(1.0, abs=1e-6)
    # arccos is steep at 1: rounding of 1e-16 is an angle of 1e-8
    assert procrustes_distance(x, turned) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("samples", "units", "biased", "spread"),
    [(20, 100, 0.84, 0.08), (50, 200, 0.80, 0.03), (200, 200, 0.50, 0.006), (1000, 200, 0.17, 0.002)],
)
def test_independent_noise_is_zero_only_when_debiased(samples, units, biased, spread):
    # values of the biased form and spreads of the debiased one as tabled for these sizes
    rng = np.random.default_rng(samples)
    pairs = [
        (noise(rng, samples, units), noise(rng, samples, units)) for _ in range(4 if samples < 1000 else 1)
    ]
    assert np.mean([biased_cka(*pair) for pair in pairs]) == pytest.approx(biased, abs=0.02)
    assert abs(np.mean([cka(*pair) for pair in pairs])) < 3 * spread


def test_biased_form_of_noise_follows_its_expectation():
    # E<Kc, Lc> = p q (n - 1) and E<Kc, Kc> = p (n - 1)(p + n): the ratio for p = q is p / (p + n)
    rng = np.random.default_rng(3)
    samples, units = 120, 80
    found = [biased_cka(noise(rng, samples, units), noise(rng, samples, units)) for _ in range(10)]
    assert np.mean(found) == pytest.approx(units / (units + samples), rel=0.03)


def test_unbiased_inner_product_is_the_mean_over_distinct_quadruples():
    rng = np.random.default_rng(5)
    n = 6
    x, y = noise(rng, n, 3), noise(rng, n, 2)
    k, m = x @ x.T, y @ y.T

    def hsic(a, b):
        total, count = 0.0, 0
        for i in range(n):
            for j in range(n):
                for q in range(n):
                    for r in range(n):
                        if len({i, j, q, r}) == 4:
                            total += a[i, j] * (b[i, j] + b[q, r] - 2 * b[i, q])
                            count += 1
        return total / count

    assert cka(x, y) == pytest.approx(hsic(k, m) / np.sqrt(hsic(k, k) * hsic(m, m)), rel=1e-9)


def test_procrustes_is_a_metric():
    rng = np.random.default_rng(7)
    for _ in range(100):
        a, b, c = (noise(rng, 10, 4) for _ in range(3))
        ab, bc, ac = procrustes_distance(a, b), procrustes_distance(b, c), procrustes_distance(a, c)
        assert ac <= ab + bc + 1e-9
        assert ab == pytest.approx(procrustes_distance(b, a), abs=1e-9)


def test_procrustes_against_the_best_of_many_rotations():
    rng = np.random.default_rng(9)
    x, y = noise(rng, 30, 2), noise(rng, 30, 2)
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    size = np.linalg.norm(x) * np.linalg.norm(y)
    best = 0.0
    for flip in (1.0, -1.0):
        for angle in np.linspace(0, 2 * np.pi, 20001):
            cos, sin = np.cos(angle), np.sin(angle)
            turn = np.array([[cos, -sin * flip], [sin, cos * flip]])
            best = max(best, np.sum(x * (y @ turn)))
    assert procrustes_distance(x, y) == pytest.approx(np.arccos(best / size), abs=1e-6)


def test_references_of_a_similarity():
    rng = np.random.default_rng(13)
    stimulus = noise(rng, 6, 40, 3)
    hidden = np.cumsum(stimulus @ noise(rng, 3, 20), axis=1)
    copy = hidden @ rotation(rng, 20) + 0.1 * noise(rng, *hidden.shape)
    found = similarity(hidden, copy, stimulus, rng)
    assert found.value > 0.95
    assert abs(found.shuffled) < 0.6 * found.value
    assert found.above == pytest.approx(found.value - max(found.shuffled, found.stimulus))
    unrelated = similarity(noise(rng, 6, 40, 20), copy, stimulus, rng)
    assert abs(unrelated.value) < 0.05


@pytest.mark.parametrize(
    ("x", "y", "word"),
    [
        (np.zeros((5, 2)), np.zeros((6, 2)), "same"),
        (np.zeros((3, 2)), np.zeros((3, 2)), "4 or more"),
        (np.full((5, 2), np.nan), np.zeros((5, 2)), "finite"),
        (np.ones((5, 2)), np.ones((5, 2)), "vary"),
    ],
)
def test_what_cannot_be_compared_is_refused(x, y, word):
    for measure in (cka, procrustes_distance):
        with pytest.raises(ValueError, match=word):
            measure(x, y)
