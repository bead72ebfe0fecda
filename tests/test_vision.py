"""The network of vision: what it learns, what it says about images, and the channels that follow from it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ann.training import TrainingDiverged
from ann.vision import ImageExamples, VisionNetwork, VisionSettings, see, train_vision
from bridges.encoding import levels
from bridges.stimuli.rendering import IMAGE_PX, STIMULI, Rendering, stimulus_set
from bridges.stimuli.streams import cross_fade, image_stream
from bridges.tasks import TASKS
from bridges.vision_channels import channel_map, scene_channels, seen_session, vision_levels
from bridges.vision_learning import (
    Lessons,
    VisionConfig,
    held_out_accuracy,
    learn_to_see,
    vision_network,
)
from studies.seeing.reader import GaussianReader, sensitivity

SMALL = VisionConfig(
    images=700, batch=12, most_noise_sd=0.15, training=VisionSettings(steps=250, learning_rate=6e-3)
)


def weights(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def network():
    return learn_to_see(SMALL, seed=1)[0]


def sart():
    return TASKS["sart"](trials_per_digit=6, n_blocks=1).session(4)


class Oracle(VisionNetwork):
    """Knows the answer: says of the k-th image what it was told."""

    def __init__(self, told: dict[str, np.ndarray]) -> None:
        super().__init__({name: posterior.shape[1] for name, posterior in told.items()}, n_features=1)
        self.told, self.seen = told, 0

    def features(self, images):
        index = torch.arange(self.seen, self.seen + len(images), dtype=torch.float32)
        self.seen += len(images)
        (name,) = self.told
        self.readouts[name] = _Lookup(self.told[name])
        return index.unsqueeze(1)


class _Lookup(torch.nn.Module):
    def __init__(self, posterior: np.ndarray) -> None:
        super().__init__()
        self.log = torch.from_numpy(np.log(posterior + 1e-9))
        self.out_features = posterior.shape[1]

    def forward(self, index):
        return self.log[index[:, 0].long()]


def test_the_full_network_is_small_and_gradients_reach_every_weight():
    network = VisionNetwork({name: len(stimulus_set(name).classes) for name in STIMULI}, generator=weights())
    assert sum(weight.numel() for weight in network.parameters()) < 100_000
    images = torch.randn(6, IMAGE_PX, IMAGE_PX, generator=weights(1))
    sum(network(images, name).square().sum() for name in STIMULI).backward()
    assert all(weight.grad.abs().sum() > 0 for weight in network.parameters())


def test_each_image_is_seen_alone_and_probabilities_sum_to_one(network):
    images = stimulus_set("digits").render(20, Rendering(), np.random.default_rng(2)).image
    posterior, features = see(network, images, "digits")
    assert posterior.sum(axis=1) == pytest.approx(np.ones(20), abs=1e-5) and (features >= 0).all()
    alone = see(network, images[7:8], "digits")
    assert alone[0] == pytest.approx(posterior[7:8], abs=1e-4)
    assert see(network, images[:0], "digits")[0].shape == (0, 11)


def test_a_small_network_recognises_fresh_renderings(network):
    """A twentieth of the full training; chance is 1 in 11, 27, 3 and 7."""
    least = {"digits": 0.85, "letters": 0.7, "scenes": 0.8, "flankers": 0.9}
    for name, floor in least.items():
        rng = np.random.default_rng(99)
        accuracy, confusion = held_out_accuracy(network, stimulus_set(name), Rendering(), 400, rng)
        assert accuracy > floor, (name, accuracy)
        assert confusion.sum() == 400 and np.trace(confusion) == round(400 * accuracy)


def test_the_same_seed_learns_the_same_and_the_cache_returns_it(tmp_path):
    config = VisionConfig(images=30, batch=4, training=VisionSettings(steps=3, check_every=1))
    first, history = learn_to_see(config, seed=2)
    calls = []
    stored = vision_network(tmp_path, config, 2, lambda done, what: calls.append(done))
    assert calls and history.step == (1, 2, 3) and set(history.loss) == set(STIMULI)
    calls.clear()
    again = vision_network(tmp_path, config, 2, lambda done, what: calls.append(done))
    assert not calls
    for one, other, third in zip(first.parameters(), stored.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other) and torch.equal(one, third)
    (file,) = tmp_path.glob("*.pt")
    file.write_bytes(file.read_bytes()[:1000])
    repaired = vision_network(tmp_path, config, 2)
    assert torch.equal(repaired.first.weight, first.first.weight)


def test_lessons_are_mixtures_of_scenes_and_pure_everything_else():
    lessons = Lessons(VisionConfig(images=60, batch=40), np.random.default_rng(0)).draw(0)
    for name, examples in lessons.items():
        assert examples.targets.sum(dim=1).numpy() == pytest.approx(np.ones(40), abs=1e-5)
        mixed = int(((examples.targets > 0.01) & (examples.targets < 0.99)).any(dim=1).sum())
        assert (5 < mixed <= 20) if name == "scenes" else mixed == 0


def test_training_stops_when_the_loss_is_lost():
    network = VisionNetwork({"a": 2}, image_px=8, n_features=4, generator=weights())

    def draw(step):
        fill = float("nan") if step == 1 else 0.5
        return {"a": ImageExamples(torch.full((2, 8, 8), fill), torch.tensor([[1.0, 0.0], [0.0, 1.0]]))}

    with pytest.raises(TrainingDiverged, match="step 2"):
        train_vision(network, draw, VisionSettings(steps=4))


def test_what_does_not_fit_is_refused(network):
    with pytest.raises(ValueError, match="image_px = 30"):
        VisionNetwork({"a": 2}, image_px=30)
    with pytest.raises(ValueError, match="at least one set"):
        VisionNetwork({})
    with pytest.raises(ValueError, match="must be \\(image, 32, 32\\)"):
        see(network, np.zeros((2, 16, 16)), "digits")
    with pytest.raises(ValueError, match="'faces' is unknown"):
        see(network, np.zeros((2, 32, 32)), "faces")
    with pytest.raises(ValueError, match="learning_rate"):
        VisionSettings(learning_rate=0.0)
    with pytest.raises(ValueError, match="has no images"):
        channel_map(TASKS["pvt"](duration_s=60.0).session(1))
    stream = image_stream(sart(), Rendering(), np.random.default_rng(0))
    with pytest.raises(ValueError, match="shows digits"):
        seen_session(TASKS["cpt_x"]().session(1), stream, network)


@pytest.mark.parametrize("name", ["sart", "cpt_x", "flanker"])
def test_right_answers_give_exactly_the_channels_of_the_task(name):
    """A reader who is always right turns the images of a session back into the session."""
    session = TASKS[name]().session(5)
    stream = image_stream(session, Rendering(), np.random.default_rng(1), frame_s=0.05)
    classes = stimulus_set(stream.stimuli).classes
    trials = session.trials.set_index("trial")
    if name == "flanker":
        beside = trials["flanker"].where(trials["flanker"].isin(["left", "right"]), "neutral")
        truth = (trials["target"] + "/" + beside).loc[stream.trial].to_numpy()
    else:
        truth = trials["stimulus"].astype(str).loc[stream.trial].to_numpy()
    if name == "sart":  # after 250 ms of digit the mask is shown
        late = stream.onset_s - trials["onset_s"].loc[stream.trial].to_numpy() > 0.249
        truth = np.where(late, "nothing", truth)
    posterior = np.eye(len(classes))[[classes.index(one) for one in truth]]
    seen = seen_session(session, stream, Oracle({stream.stimuli: posterior}))
    assert seen.channels == session.channels and seen.trials.equals(session.trials)
    assert levels(seen, 0.02) == pytest.approx(levels(session, 0.02), abs=1e-6)


def test_right_shares_give_the_channels_of_the_gradual_task_where_kinds_change():
    """Between two cities the level of the task dips; what is seen is city throughout."""
    session = TASKS["grad_cpt"](n_trials=40, no_go_share=0.5, n_blocks=1, fade_steps=8).session(3)
    stream = image_stream(session, Rendering(), np.random.default_rng(1), frame_s=0.1)
    kind = np.where(session.trials["trial_type"] == "go", 0, 1)
    before, after = np.append(2, kind), np.append(kind, 2)
    fade = np.arange(len(stream.image)) // 8
    share = (np.arange(len(stream.image)) % 8 + 0.5) / 8
    posterior = np.eye(3)[before[fade]] * (1 - share)[:, None] + np.eye(3)[after[fade]] * share[:, None]
    seen = levels(seen_session(session, stream, Oracle({"scenes": posterior})), 0.1)[20:-5]
    said = levels(session, 0.1)[20:-5]
    changes = np.repeat(before != after, 8)
    assert seen[changes] == pytest.approx(said[changes], abs=1e-6)
    same = ~changes
    assert (seen[same, :2].max(axis=1) > 0.99).all() and (said[same, :2].max(axis=1) < 0.99).all()


def test_levels_of_a_real_network_follow_the_digits_of_a_session(network):
    session = sart()
    stream = image_stream(session, Rendering(), np.random.default_rng(3))
    said, seen = levels(session, 0.05), levels(seen_session(session, stream, network), 0.05)
    go, no_go, goal = (session.channels.index(one) for one in ("go", "no_go", "attend_no_go"))
    assert np.array_equal(said[:, goal], seen[:, goal])
    assert np.corrcoef(said[:, go], seen[:, go])[0, 1] > 0.8
    of_three, of_others = seen[said[:, no_go] > 0.5, no_go], seen[said[:, go] > 0.5, no_go]
    assert of_three.mean() > 0.5 > 0.2 > of_others.mean()


def test_a_fade_gives_graded_levels_that_rise_with_the_share_of_the_mountain(network):
    shown = [(("city", "mountain")[k % 2], k % 10) for k in range(21)]
    stream, share = cross_fade(shown, 0.8, Rendering(), np.random.default_rng(4))
    level = vision_levels(network, stream.image, scene_channels())
    mountain = np.where(stream.trial % 2 == 0, share, 1.0 - share).round(3)
    course = np.array([level[mountain == one, 1].mean() for one in np.unique(mountain)])
    assert np.corrcoef(np.arange(course.size), course)[0, 1] > 0.9
    assert course[-1] - course[0] > 0.3
    assert 0.2 < level[np.abs(mountain - 0.5) < 0.05, 1].mean() < 0.8


def test_the_ideal_reader_has_the_sensitivity_of_theory():
    """Two Gaussian classes with a common covariance: d' = sqrt(delta' S^-1 delta)."""
    rng = np.random.default_rng(6)
    root = np.array([[1.0, 0.0], [0.6, 0.8]])
    delta = np.array([1.2, -0.5])
    label = np.arange(40_000) % 2
    features = rng.standard_normal((40_000, 2)) @ root.T + label[:, None] * delta
    reader = GaussianReader.fit(features[:20_000], label[:20_000])
    evidence = reader.evidence(features[20_000:], np.array([1]))
    signal = label[20_000:] == 1
    expected = np.sqrt(delta @ np.linalg.inv(root @ root.T) @ delta)
    assert sensitivity(evidence[signal], evidence[~signal]) == pytest.approx(expected, rel=0.05)
    right = (reader.answer(features[20_000:]) == label[20_000:]).mean()
    from scipy.stats import norm

    assert right == pytest.approx(norm.cdf(expected / 2), abs=0.01)
    assert np.isfinite(sensitivity(np.ones(10), np.zeros(10)))


@pytest.mark.study
def test_the_study_runs_at_quick_size(tmp_path, capsys, monkeypatch):
    import json

    from studies.vision import Vision, main

    monkeypatch.setenv("NEUROSIM_CACHE", str(tmp_path / "cache"))
    assert main(Vision(quick=True, out=tmp_path, quiet=True)) == 0
    folder = tmp_path / "vision" / capsys.readouterr().out.strip().rsplit("/", 1)[-1]
    checks = {check["name"]: check for check in json.loads((folder / "checks.json").read_text())}
    assert checks["vision.accuracy.digits"]["value"] > 0.8
    assert checks["vision.parameters"]["passed"]
    assert {path.stem for path in (folder / "figures").glob("*.png")} >= {"figure1_stimuli", "figure6_levels"}
    assert (folder / "report.html").stat().st_size > 100_000
