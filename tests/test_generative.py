"""The raster GAN, the seven statistics, the reference models, and the classifier that tells sets apart."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import binom, multivariate_normal, norm

from ann.checkpoints import load_into, save_checkpoint
from ann.generative import GanSettings, gradient_penalty, sample_rasters, train_gan
from ann.raster_networks import RasterCritic, RasterGenerator, draw_spikes
from ann.raster_start import spiking_alone
from ann.training import TrainingDiverged
from ann.two_sample import area_under_curve, telling_apart
from bridges.raster_models import (
    DichotomisedGaussian,
    bivariate_normal_cdf,
    independent,
    latent_correlation,
    shuffled,
)
from bridges.raster_statistics import (
    count_duplicates,
    nearest_distance,
    raster_errors,
    raster_statistics,
)
from studies.rasters.circuit_data import POOLS, RecordingPlan, bin_spikes

N, T = 4, 8


def weights(seed=0):
    return torch.Generator().manual_seed(seed)


def two_states(n, rng):
    """Neurons 0 and 1 spike together with probability 0.8 or 0.2 a raster, 2 and 3 alone with 0.3."""
    state = np.where(rng.random((n, 1, 1)) < 0.5, 0.8, 0.2)
    rate = np.concatenate([np.tile(state, (1, 2, 1)), np.full((n, 2, 1), 0.3)], axis=1)
    return rng.random((n, N, T)) < rate


def test_penalty_is_zero_for_a_slope_of_one_and_the_square_of_what_is_missing_else():
    direction = torch.randn(N, T, generator=weights(1))
    direction /= direction.norm()
    real, fake = torch.rand(2, 5, N, T, generator=weights(2))
    condition, mix = torch.zeros(5, dtype=torch.long), torch.rand(5, generator=weights(3))
    for slope in (1.0, 3.0, 0.5):
        penalty = gradient_penalty(
            lambda x, c, slope=slope: slope * (x * direction).sum((1, 2)), real, fake, condition, mix
        )
        assert penalty.item() == pytest.approx((slope - 1.0) ** 2, abs=1e-5)


def test_penalty_is_taken_between_the_two_rasters():
    """For D(u) = ||u||^2 / 2 the slope at u is ||u||."""
    real, fake = torch.full((1, N, T), 1.0), torch.zeros(1, N, T)
    for share in (0.0, 0.25, 1.0):
        found = gradient_penalty(
            lambda x, c: 0.5 * (x**2).sum((1, 2)), real, fake, torch.zeros(1).long(), torch.tensor([share])
        )
        assert found.item() == pytest.approx((share * (N * T) ** 0.5 - 1.0) ** 2, rel=1e-5)


def test_spikes_fall_above_the_margin_and_pass_a_gradient():
    odds = torch.tensor([-2.0, 0.0, 1.5]).repeat(40_000, 1).requires_grad_()
    noise = torch.logit(torch.rand(odds.shape, generator=weights()))
    spikes = draw_spikes(odds + noise, 0.5)
    assert set(spikes.detach().round(decimals=5).unique().tolist()) == {0.0, 1.0}
    assert torch.allclose(spikes.mean(0), torch.sigmoid(odds[0]), atol=0.01)
    spikes.sum().backward()
    # the slope is that of a sigmoid, nearly none where the noise decides alone
    assert (odds.grad >= 0).all() and (odds.grad.mean(0) > 0.05).all()


def test_shared_noise_changes_pairs_alone_and_as_theory_says():
    """Marginals stay sigmoid(course); both of a pair spike with the bivariate normal probability."""
    generator = RasterGenerator(3, 4, 1, n_latent=2, n_features=4, n_shared=2, memory=2, generator=weights())
    v = torch.tensor([[2.0, 0.0], [1.0, 1.0], [0.0, -1.5]])
    course = torch.tensor([-1.0, 0.5, -2.0])
    with torch.no_grad():
        generator.end.weight.zero_()
        generator.shared[0] = v
        generator.course[0] = course[:, None]
    n = 40_000
    drawn = sample_rasters(generator, np.zeros(n, dtype=int), seed=3)
    p = torch.sigmoid(course).numpy()
    assert np.abs(drawn.mean(axis=0) - p[:, None]).max() < 4.5 * 0.5 / n**0.5
    gram = (v @ v.T).numpy()
    length = np.sqrt(1.0 + np.diag(gram))
    for i, j in ((0, 1), (1, 2), (0, 2)):
        expected = bivariate_normal_cdf(norm.ppf(p[i]), norm.ppf(p[j]), gram[i, j] / (length[i] * length[j]))
        together = (drawn[:, i] & drawn[:, j]).mean(axis=0)
        assert np.abs(together - expected).max() < 4.5 * 0.5 / n**0.5
        # and bins have nothing to do with each other
        assert abs((drawn[:, i, 0] & drawn[:, j, 1]).mean() - p[i] * p[j]) < 4.5 * 0.5 / n**0.5


def generator_with_history():
    generator = RasterGenerator(N, T, 2, n_latent=3, n_features=4, generator=weights())
    with torch.no_grad():
        generator.own.normal_(generator=weights(5))
    return generator


def test_private_noise_changes_the_same_neuron_alone_from_its_bin_on():
    generator = generator_with_history()
    latent, noise = torch.zeros(1, generator.n_drawn), torch.zeros(1, N, T)
    condition = torch.tensor([1])
    noise[0, 2, 4] = -4.0
    before = generator(latent, noise, condition)
    noise[0, 2, 4] = 4.0
    changed = (generator(latent, noise, condition) - before).abs() > 1e-6
    assert changed[0, 2, 4] and changed[0, 2, 5:].any()
    changed[0, 2, 4:] = False
    assert not changed.any()


def test_margins_are_course_and_noise_and_what_own_spikes_add():
    """A generator without drive, whose neurons know their last three bins."""
    generator = RasterGenerator(N, T, 1, n_latent=2, n_features=4, memory=3, generator=weights())
    with torch.no_grad():
        generator.end.weight.zero_()
        generator.shared.zero_()
        generator.course.normal_(generator=weights(1))
        generator.own.normal_(generator=weights(2))
        noise = torch.randn(5, N, T, generator=weights(3))
        latent = torch.randn(5, generator.n_drawn, generator=weights(4))
        margin = generator(latent, noise, torch.zeros(5).long()).numpy()
    spikes = (margin > 0).astype(float)
    probability = norm.cdf(noise.numpy().astype(float))
    expected = generator.course[0].detach().numpy() + np.log(probability / (1.0 - probability))
    for lag in (1, 2, 3):
        expected[..., lag:] += generator.own[0, :, lag - 1].detach().numpy()[:, None] * spikes[..., :-lag]
    assert 0.2 < spikes.mean() < 0.8
    np.testing.assert_allclose(margin, expected, atol=1e-4)


def test_gradients_reach_every_parameter_of_both():
    generator, critic = generator_with_history(), RasterCritic(N, T, 2, n_features=4, generator=weights())
    condition = torch.tensor([0, 1, 1, 0])
    noise = torch.randn(4, N, T, generator=weights(2))
    latent = torch.randn(4, generator.n_drawn, generator=weights(1))
    drawn = draw_spikes(generator(latent, noise, condition), 0.5)
    critic(drawn, condition).sum().backward()
    for network in (generator, critic):
        for name, weight in network.named_parameters():
            assert weight.grad is not None and weight.grad.abs().sum() > 0, name


def test_a_generator_starts_from_the_time_courses_of_each_condition():
    rng = np.random.default_rng(0)
    rate = rng.uniform(0.1, 0.9, (2, N, T))
    condition = np.arange(4000) % 2
    rasters = rng.random((4000, N, T)) < rate[condition]
    generator = RasterGenerator(N, T, 2, n_latent=3, n_features=4, generator=weights())
    with torch.no_grad():
        generator.end.weight.zero_()
    generator.start_from(rasters, condition)
    for one in range(2):
        drawn = sample_rasters(generator, np.full(4000, one), seed=1)
        assert np.abs(drawn.mean(axis=0) - rate[one]).max() < 0.05


def refractory(n, rng, course, own):
    """One neuron whose spikes change the log-odds of later ones."""
    spikes = np.zeros((n, 1, len(course)))
    for t, start in enumerate(course):
        past = sum(own[k] * spikes[:, 0, t - 1 - k] for k in range(min(t, len(own))))
        spikes[:, 0, t] = rng.random(n) < 1.0 / (1.0 + np.exp(-(start + past)))
    return spikes.astype(bool)


def test_what_a_neuron_does_alone_is_found_again():
    """Within 4.5 standard errors, which the curvature of the likelihood gives."""
    rng = np.random.default_rng(11)
    course, own = rng.normal(-0.3, 0.7, 12), np.array([-2.0, -0.8, 0.5])
    rasters = refractory(8000, rng, course, own)
    found_course, found_own = (part[0] for part in spiking_alone(rasters, 3))
    x = rasters[:, 0].astype(float)
    design = np.zeros((*x.shape, 15))
    design[:, np.arange(12), np.arange(12)] = 1.0
    for lag in (1, 2, 3):
        design[:, lag:, 11 + lag] = x[:, :-lag]
    design = design.reshape(-1, 15)
    found = np.concatenate([found_course, found_own])
    p = 1.0 / (1.0 + np.exp(-design @ found))
    error = np.sqrt(np.diag(np.linalg.inv(design.T @ (design * (p * (1 - p))[:, None]))))
    assert error.max() < 0.1
    assert (np.abs(found - np.concatenate([course, own])) < 4.5 * error).all()
    # the slope of the penalised likelihood is zero at its top
    prior = np.concatenate([0.5 - 1.0 / (1.0 + np.exp(-found_course)), -found_own])
    assert np.abs(design.T @ (x.ravel() - p) + prior).max() < 0.05


def test_a_generator_that_has_not_played_yet_repeats_what_neurons_do_alone():
    """Spikes less likely after a spike: the autocorrelogram of the data, within its sampling error."""
    rng = np.random.default_rng(12)
    data = np.concatenate([refractory(6000, rng, np.zeros(T), [-2.0, -0.8]) for _ in range(2)], axis=1)
    generator = RasterGenerator(2, T, 1, n_latent=2, n_features=4, memory=4, generator=weights())
    with torch.no_grad():
        generator.end.weight.zero_()
    generator.start_from(data, np.zeros(6000, dtype=int))
    drawn = raster_statistics(sample_rasters(generator, np.zeros(6000, dtype=int), seed=2))
    real = raster_statistics(data)
    assert real.autocorrelogram[0] < 0.6
    assert drawn.autocorrelogram == pytest.approx(real.autocorrelogram, abs=0.05)
    assert drawn.variance == pytest.approx(real.variance, rel=0.1)


@pytest.fixture(scope="module")
def played():
    """Two conditions: in the first the pair shares its state, in the second everyone is alone at 0.1."""
    rng = np.random.default_rng(3)
    alone = rng.random((600, N, T)) < 0.1
    rasters = np.concatenate([two_states(600, rng), alone])
    condition = np.repeat([0, 1], 600)
    # what this pair shares lasts for a raster: the drive has to learn as fast as the rest
    settings = GanSettings(
        steps=260,
        batch_size=32,
        generator_rate=1e-2,
        critic_rate=1e-2,
        held_back=1.0,
        warm_up=20,
        averaging=0.97,
    )

    def play():
        generator = RasterGenerator(N, T, 2, 4, 8, 2, 4, generator=weights(1))
        critic = RasterCritic(N, T, 2, 8, 4, 16, generator=weights(2))
        generator.start_from(rasters, condition)
        short = GanSettings(steps=3, check_every=1)
        history = train_gan(generator, critic, rasters, condition, 5, short)
        return generator, history

    again = [play() for _ in range(2)]
    generator = RasterGenerator(N, T, 2, 4, 8, 2, 4, generator=weights(1))
    critic = RasterCritic(N, T, 2, 8, 4, 16, generator=weights(2))
    generator.start_from(rasters, condition)
    train_gan(generator, critic, rasters, condition, 5, settings)
    return generator, again


def test_the_same_seed_gives_the_same_training(played):
    (first, one), (second, other) = played[1]
    assert one == other and len(one.step) == 3
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_small_gan_learns_what_two_neurons_share_and_keeps_conditions_apart(played):
    """By theory the shared state gives a covariance of 0.3^2 = 0.09 within a bin and between bins.

    The mean rate of the pair is that of a state per raster with a standard deviation of 0.3: from 600 rasters
    to learn from and 3000 that are drawn it has a sampling error of 0.3 (1/600 + 1/3000)^0.5 = 0.013.
    """
    drawn = [raster_statistics(sample_rasters(played[0], np.full(3000, c), seed=9)) for c in (0, 1)]
    assert drawn[0].covariance[0] > 0.045
    assert np.abs(drawn[0].covariance[1:]).max() < 0.03
    assert drawn[0].lagged_covariance[0, 1] > 0.045
    assert np.abs(drawn[1].covariance).max() < 0.02
    assert drawn[0].time_course[:2].mean() == pytest.approx(0.5, abs=0.08)
    assert drawn[1].time_course.mean() == pytest.approx(0.1, abs=0.04)


def test_generators_are_stored_and_drawn_from_alike(played, tmp_path):
    save_checkpoint(tmp_path / "g.pt", played[0], {"n": 1})
    other = RasterGenerator(N, T, 2, 4, 8, 2, 4, generator=weights(7))
    load_into(tmp_path / "g.pt", other, {"n": 1})
    condition = np.array([0, 1, 1])
    assert np.array_equal(
        sample_rasters(played[0], condition, 3), sample_rasters(other, condition, 3, batch_size=512)
    )
    assert sample_rasters(other, np.array([], dtype=int), 3).shape == (0, N, T)


def test_what_does_not_fit_is_refused():
    generator, critic = generator_with_history(), RasterCritic(N, T, 2)
    rasters = np.zeros((5, N, T), dtype=bool)
    with pytest.raises(ValueError, match="multiple of 4"):
        RasterGenerator(N, 10)
    with pytest.raises(ValueError, match="n_features = 0"):
        RasterCritic(N, T, n_features=0)
    with pytest.raises(ValueError, match="one a raster"):
        train_gan(generator, critic, rasters, np.zeros(4, dtype=int), 0)
    with pytest.raises(ValueError, match="condition must be 0 to 1"):
        train_gan(generator, critic, rasters, np.full(5, 2), 0)
    with pytest.raises(ValueError, match="averaging"):
        GanSettings(averaging=1.0)
    with torch.no_grad():
        critic.last.weight.fill_(float("nan"))
    with pytest.raises(TrainingDiverged, match="step 1"):
        train_gan(generator, critic, rasters, np.zeros(5, dtype=int), 0, GanSettings(steps=1))


def test_statistics_of_a_raster_counted_by_hand():
    """Two rasters of two neurons and three bins."""
    x = np.array([[[1, 0, 1], [1, 1, 0]], [[0, 0, 1], [0, 1, 0]]])
    found = raster_statistics(x)
    assert found.mean_count.tolist() == [1.5, 1.5]
    assert found.variance.tolist() == [0.25, 0.25]
    assert found.covariance == pytest.approx([1 / 6 - 0.25])
    assert found.k_probability == pytest.approx([1 / 6, 4 / 6, 1 / 6])
    assert found.time_course.tolist() == [[0.5, 0.0, 1.0], [0.5, 1.0, 0.0]]
    # pairs of bins (t, t + 1): neuron 0 spikes in 1, 0 | 0, 0 then 0, 1 | 0, 1
    assert found.lagged_covariance[0, 0] == pytest.approx(0 - 0.25 * 0.5)
    assert found.lagged_covariance[1, 0] == pytest.approx(0.5 - 0.75 * 0.5)
    # lag 2: only bin 0 and bin 2; neuron 0 once of 0.5 * 1, neuron 1 never
    assert found.autocorrelogram[1] == pytest.approx(0.5 / (0.5 * 1.0 + 0.5 * 0.0))


def test_statistics_of_independent_neurons_are_those_of_theory():
    rng = np.random.default_rng(1)
    found = raster_statistics(rng.random((20_000, 5, 6)) < 0.3)
    assert found.mean_count == pytest.approx(np.full(5, 1.8), abs=0.05)
    assert found.variance == pytest.approx(np.full(5, 6 * 0.21), abs=0.05)
    assert np.abs(found.covariance).max() < 0.005
    assert found.k_probability == pytest.approx(binom.pmf(np.arange(6), 5, 0.3), abs=0.005)
    assert found.autocorrelogram == pytest.approx(np.ones(5), abs=0.02)


def test_errors_are_sums_of_differences_and_zero_with_oneself():
    rng = np.random.default_rng(2)
    first, second = raster_statistics(two_states(500, rng)), raster_statistics(two_states(500, rng))
    assert set(raster_errors(first, first).values()) == {0.0}
    expected = np.abs(first.covariance - second.covariance).sum()
    assert raster_errors(first, second)["covariance"] == pytest.approx(expected)
    with pytest.raises(ValueError, match="mean_count"):
        raster_errors(first, raster_statistics(np.zeros((2, 3, 4), dtype=int)))
    with pytest.raises(ValueError, match="0 and 1 alone"):
        raster_statistics(np.full((2, 3, 4), 2))
    with pytest.raises(ValueError, match="shape"):
        raster_statistics(np.zeros((2, 3)))


def test_gaussian_probability_agrees_with_closed_form_and_scipy():
    r = np.linspace(-0.98, 0.98, 41)
    assert bivariate_normal_cdf(0.0, 0.0, r) == pytest.approx(0.25 + np.arcsin(r) / (2 * np.pi), abs=1e-9)
    for h, k, one in ((-1.0, 0.5, 0.7), (-2.0, -2.2, 0.95), (1.0, -1.5, -0.9)):
        expected = multivariate_normal.cdf([h, k], cov=[[1, one], [one, 1]])
        assert bivariate_normal_cdf(h, k, one) == pytest.approx(expected, abs=1e-5)
    assert bivariate_normal_cdf(np.inf, 0.3, 0.5) == pytest.approx(norm.cdf(0.3), abs=1e-9)


def test_latent_correlation_is_found_again():
    p, q, r = np.array([0.1, 0.5, 0.02]), np.array([0.3, 0.5, 0.05]), np.array([0.6, -0.4, 0.3])
    joint = bivariate_normal_cdf(norm.ppf(p), norm.ppf(q), r)
    assert latent_correlation(p[:, None], q[:, None], joint) == pytest.approx(r, abs=1e-3)


def test_dichotomised_gaussian_has_the_moments_it_was_given():
    mean = np.array([0.2, 0.5, 0.1, 0.35])
    spread = np.sqrt(mean * (1 - mean))
    correlation = np.array(
        [[1, 0.3, 0.1, -0.1], [0.3, 1, 0.2, 0.0], [0.1, 0.2, 1, 0.05], [-0.1, 0.0, 0.05, 1]]
    )
    model = DichotomisedGaussian.from_moments(mean, correlation * np.outer(spread, spread))
    drawn = model.sample(200_000, np.random.default_rng(4))
    assert model.moved < 1e-6
    assert drawn.mean(axis=0) == pytest.approx(mean, abs=0.004)
    assert np.corrcoef(drawn.T) == pytest.approx(correlation, abs=0.01)
    with pytest.raises(ValueError, match="covariance has shape"):
        DichotomisedGaussian.from_moments(mean, np.eye(3))


def test_reference_models_keep_what_they_should_and_lose_the_rest():
    """Theory: a shared state gives the pair a covariance of 0.09, to itself and each other, at every lag."""
    rng = np.random.default_rng(5)
    data = two_states(3000, rng)
    alone = raster_statistics(independent(data, 3000, rng))
    apart = raster_statistics(shuffled(data, rng))
    gaussian = raster_statistics(DichotomisedGaussian.fit(data).sample(3000, rng))
    real = raster_statistics(data)
    assert np.abs(alone.covariance).max() < 0.02 and np.abs(apart.covariance).max() < 0.02
    assert alone.variance[0] == pytest.approx(8 * 0.25, rel=0.1)
    assert apart.variance == pytest.approx(real.variance)
    assert gaussian.covariance == pytest.approx([0.09, 0, 0, 0, 0, 0], abs=0.015)
    assert gaussian.lagged_covariance == pytest.approx(real.lagged_covariance, abs=0.02)
    assert gaussian.variance == pytest.approx(real.variance, rel=0.1)
    assert gaussian.mean_count == pytest.approx(real.mean_count, abs=0.15)


def test_duplicates_and_nearest_rasters_are_found():
    rng = np.random.default_rng(6)
    known = rng.random((50, N, T)) < 0.5
    new = known[:3].copy()
    new[1, 0, 0] ^= True
    new[2, :2, 0] ^= True
    assert count_duplicates(new, known) == 1
    assert nearest_distance(new, known).tolist() == [0, 1, 2]


def test_a_classifier_tells_different_sets_apart_and_like_ones_not():
    """Who knows both models reaches an area of 0.934, by their likelihood ratio; the classifier has to learn.

    From 700 samples of each it reaches 0.69 with a standard deviation of 0.05 between data sets, from 1500
    0.81 and 0.01. Of like sets, the area has a standard deviation of (6 n)^-0.5 = 0.011.
    """
    n, rng = 1500, np.random.default_rng(7)
    real = [two_states(n, rng) for _ in range(4)]
    fake = [independent(real[0], n, rng) for _ in range(2)]
    assert 0.44 < telling_apart((real[0], real[1]), (real[2], real[3]), seed=1) < 0.56
    assert telling_apart((real[0], real[1]), (fake[0], fake[1]), seed=1) > 0.70
    with pytest.raises(ValueError, match="10 samples"):
        telling_apart((real[0][:5], real[1]), (fake[0], fake[1]), seed=1)


def test_area_under_curve_counts_pairs():
    rng = np.random.default_rng(8)
    high, low = rng.integers(0, 6, 40), rng.integers(0, 5, 30)
    wins = (high[:, None] > low).mean() + 0.5 * (high[:, None] == low).mean()
    assert area_under_curve(high, low) == pytest.approx(wins)


def test_spikes_fall_into_the_bins_of_their_trial():
    plan = RecordingPlan(trials=200, neurons_per_pool=2, bins=4, bin_s=0.01)
    times = np.array([0.999, 1.0, 1.0399, 1.04, 2.015, 2.015, 2.02])
    neurons = np.array([0, 0, 1, 0, 1, 2, 1])
    raster = bin_spikes(times, neurons, np.array([1.0, 2.0]), plan)
    assert raster.shape == (2, 2, 4)
    assert sorted(zip(*(where.tolist() for where in np.nonzero(raster)), strict=True)) == [
        (0, 0, 0), (0, 1, 3), (1, 1, 1), (1, 1, 2),
    ]  # fmt: skip
    assert plan.neurons == 2 * len(POOLS)
    with pytest.raises(ValueError, match="share spikes"):
        RecordingPlan(bins=200)


@pytest.mark.study
def test_the_study_runs_at_quick_size(tmp_path, capsys):
    import json

    from studies.generative import Generative, main

    config = Generative(quick=True, trials=400, steps=20, out=tmp_path, quiet=True)
    assert main(config) == 0
    printed = capsys.readouterr().out
    folder = tmp_path / "generative" / printed.strip().rsplit("/", 1)[-1]
    checks = {check["name"]: check for check in json.loads((folder / "checks.json").read_text())}
    assert len(checks) == 2 * (7 + 4 + 2 + 4)
    # 200 rasters of a circuit that holds a goal: neurons of a pool do not fire independently of each other
    assert checks["rasters.no_go.covariance.independent"]["value"] > 1.5
    assert len(list((folder / "figures").glob("*.png"))) == 5
    assert (folder / "report.html").stat().st_size > 100_000
    stamp = (folder / "generator.pt").stat().st_mtime_ns
    assert main(config) == 0 and capsys.readouterr().out == printed
    assert (folder / "generator.pt").stat().st_mtime_ns == stamp
