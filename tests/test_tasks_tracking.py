"""Multiple object tracking: motion, spill of attention, and the tracker with noisy places."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from task_checks import assert_share

from bridges.tasks import tracking
from bridges.tasks.mot import MOT
from bridges.tasks.motion import Field, Rings

quick = settings(max_examples=8, deadline=None)
seeds = st.integers(0, 2**64)


@quick
@given(
    seed=seeds,
    n=st.integers(2, 9),
    speed=st.floats(0.5, 15),
    spacing=st.floats(0.5, 2.5),
    turn=st.sampled_from([0.0, 40.0]),
)
def test_objects_stay_inside_and_apart(seed, n, speed, spacing, turn):
    field = Field(n, 20.0, spacing, turn)
    paths = field.paths(np.random.default_rng(seed), np.full(4, speed), 120, 1 / 30)
    assert np.abs(paths).max() <= 10.0 + 1e-9
    apart = paths[:, :, :, None] - paths[:, :, None]
    distance = np.sqrt((apart**2).sum(axis=-1))
    distance[..., np.arange(n), np.arange(n)] = np.inf
    assert distance.min() >= spacing - 1e-9
    step = np.sqrt((np.diff(paths, axis=1) ** 2).sum(axis=-1)) * 30
    assert step.max() <= speed + 1e-6
    inside = (np.abs(paths[:, 1:]) < 10.0 - speed / 30).all(axis=-1)
    moving = step > 1e-9
    assert np.allclose(
        step[inside & moving & (np.abs(paths[:, :-1]) < 10.0 - speed / 30).all(axis=-1)], speed
    )
    # a pause after a near collision is short
    assert moving.mean() > 0.8


def test_objects_bounce_off_the_wall_at_the_angle_at_which_they_came():
    paths = Field(1, 4.0, 0.1).paths(np.random.default_rng(1), np.full(50, 6.0), 300, 1 / 60)[:, :, 0]
    velocity = np.diff(paths, axis=1)
    # each coordinate keeps its speed and only ever changes sign, but for the frame that is folded
    size = np.abs(velocity)
    typical = np.median(size, axis=1, keepdims=True)
    folded = ~np.isclose(size, typical, atol=1e-9)
    assert folded.mean() < 0.05
    assert np.allclose(np.sqrt((typical[:, 0] ** 2).sum(axis=1)), 6.0 / 60)


def test_objects_are_everywhere_and_go_in_all_directions():
    paths = Field(4, 20.0, 1.0, 30.0).paths(np.random.default_rng(0), np.full(200, 8.0), 200, 1 / 30)
    last = paths[:, -1]
    assert chisquare(np.histogram(last[..., 0], bins=5, range=(-10, 10))[0]).pvalue > 1e-3
    first = np.diff(paths[:, :2], axis=1)[:, 0].reshape(-1, 2)
    angle = np.arctan2(first[:, 1], first[:, 0])
    assert chisquare(np.histogram(angle, bins=8, range=(-np.pi, np.pi))[0]).pvalue > 1e-3


def test_directions_wander_as_much_as_is_said():
    # one object, far from every wall, for half a second: SD of the turn is 20 degrees x sqrt(0.5 s)
    paths = Field(1, 1e4, 0.1, 20.0).paths(np.random.default_rng(0), np.full(4000, 1.0), 32, 1 / 60)[:, :, 0]
    step = np.diff(paths, axis=1)
    angle = np.unwrap(np.arctan2(step[..., 1], step[..., 0]), axis=1)
    turn_deg = np.degrees(angle[:, 30] - angle[:, 0])
    assert np.std(turn_deg) == pytest.approx(20.0 * np.sqrt(0.5), rel=0.05)
    assert abs(np.mean(turn_deg)) < 1.0


def test_a_field_without_room_says_so():
    with pytest.raises(ValueError, match="no room"):
        Field(8, 2.0, 2.0).paths(np.random.default_rng(0), np.ones(1), 2, 0.1)


def test_rings_turn_rigidly_at_their_speed():
    rings = Rings(5, (3.0, 5.0), 1.0)
    speed = np.array([0.5, 1.0])
    paths = rings.paths(np.random.default_rng(0), speed, 91, 1 / 30)
    assert paths.shape == (2, 91, 10, 2)
    radius = np.sqrt((paths**2).sum(axis=-1))
    assert np.allclose(radius, np.repeat([3.0, 5.0], 5), atol=1e-5)
    angle = np.unwrap(np.arctan2(paths[..., 1], paths[..., 0]), axis=1) / (2 * np.pi)
    turn = np.diff(angle, axis=1) * 30
    assert np.allclose(np.abs(turn), speed[:, None, None], atol=1e-3)
    # equally spaced, together, with reversals
    assert np.allclose(turn[:, :, :5], turn[:, :, :1], atol=1e-3)
    assert np.allclose(turn[:, :, 5:], turn[:, :, 5:6], atol=1e-3)
    assert (np.diff(np.sign(turn), axis=1) != 0).any()
    turn = np.diff(rings.turns(np.random.default_rng(1), np.ones(300), 91, 1 / 30), axis=1)
    reversals = np.diff(np.sign(turn), axis=1) != 0
    assert reversals.mean() == pytest.approx(1 / 30, rel=0.1)


@pytest.mark.parametrize("task", [MOT(), MOT.roudaia()], ids=["field", "rings"])
def test_mot_conditions_are_exact(task):
    session = task.session(4)
    trials = session.trials
    cells = trials.groupby(["block", "n_targets", "speed"])["trial_type"].agg(
        ["size", lambda t: (t == "target").mean()]
    )
    assert (cells["size"] == task.trials_per_cell).all() and (cells.iloc[:, 1] == 0.5).all()
    bits = trials["targets"].to_numpy()[:, None] >> np.arange(task.n_shown) & 1
    assert (bits.sum(axis=1) == trials["n_targets"]).all()
    probed = bits[np.arange(len(trials)), trials["probe"] - 1] == 1
    assert (probed == (trials["correct_response"] == "target")).all()
    cues = session.events[np.isclose(session.events["duration_s"], task.cue_s)]
    shown = cues.groupby("trial")["channel"].agg(set)
    for row, targets in zip(shown, bits, strict=True):
        assert row == {f"cue_{k + 1}" for k in np.flatnonzero(targets)}
    if task.arrangement == "rings":
        on_ring = bits.reshape(-1, 3, 5).sum(axis=2)
        assert on_ring.max() == 1
        # a distractor is probed on a ring with a target
        assert (on_ring[np.arange(len(trials)), (trials["probe"] - 1) // 5] == 1).all()


def test_mot_spill_is_what_the_trajectories_say():
    task = MOT(n_blocks=1)
    session = task.session(9)
    trials = session.trials
    paths = task.trajectories(9)
    assert paths.shape == (48, 241, 8, 2)
    bits = trials["targets"].to_numpy()[:, None] >> np.arange(8) & 1
    spill = session.events[np.isclose(session.events["duration_s"], 0.1)]
    assert len(spill) > 100
    checked = spill.sample(200, random_state=0)
    for row in checked.itertuples():
        trial = trials.iloc[row.trial]
        look = round((row.onset_s - trial["motion_onset_s"]) / 0.1)
        place = paths[row.trial, 1 + 3 * look]
        other = int(row.channel.split("_")[1]) - 1
        width = np.sqrt(1.0 + (0.1 * trial["speed"]) ** 2)
        near = [
            np.exp(-np.sum((place[k] - place[other]) ** 2) / (2 * width**2))
            for k in np.flatnonzero(bits[row.trial])
            if k != other
        ]
        assert row.level == pytest.approx(max(near), abs=6e-4)


def test_mot_trajectories_differ_between_seeds_only():
    task = MOT(n_blocks=1, trials_per_cell=2)
    assert np.array_equal(task.trajectories(1), task.trajectories(1))
    assert not np.array_equal(task.trajectories(1), task.trajectories(2))


def test_tracking_gets_harder_with_speed_and_noise_but_not_with_targets():
    rings = MOT.roudaia().ideal_accuracy()
    for m in (1, 2, 3):
        by_speed = [rings[m, v] for v in MOT.roudaia().speed]
        assert by_speed[0] > 0.99 and by_speed[-1] < 0.8
        assert all(a >= b - 0.02 for a, b in zip(by_speed, by_speed[1:], strict=False))
    task = MOT(n_targets=(4,), speed=(2.0, 12.0), trials_per_cell=40, n_blocks=1)
    sharp, blurred = task.ideal_accuracy(0.4), task.ideal_accuracy(0.9)
    assert sharp[4, 2.0] > sharp[4, 12.0] > 0.5
    assert all(blurred[cell] < sharp[cell] for cell in sharp)
    assert abs(rings[1, 1.0] - rings[3, 1.0]) < 0.06


def test_pointers_on_a_ring_follow_the_closed_form():
    n, looks = 7, 40
    angle = 2 * np.pi * np.arange(n) / n
    place = np.stack([np.cos(angle), np.sin(angle)], axis=1) * 5.0
    paths = np.broadcast_to(place, (1, looks + 1, n, 2))
    width = np.full((1, n), 1.0)
    target = np.zeros((1, n), dtype=bool)
    target[0, 2] = True
    swap = tracking.confusion(paths, width)[0, 0]
    # only neighbours are near enough to matter
    assert np.sort(swap[2])[-3] < 1e-4 < swap[2, 3]
    near = np.where(swap >= 1e-4, swap, 0.0)
    transition = np.eye(n) + near - np.diag(near.sum(axis=1))
    expected = np.linalg.matrix_power(transition, looks)[2, 2]
    assert tracking.ring_accuracy(n, swap[2, 3], looks) == pytest.approx(expected, abs=1e-9)
    accuracy = tracking.pointer_accuracy(paths, width, target, np.array([2]))[0]
    assert accuracy == pytest.approx(expected, abs=2e-3)


def test_confusion_is_that_of_two_noisy_places():
    rng = np.random.default_rng(0)
    places = np.array([[[[0.0, 0.0], [1.5, 0.0]]]])
    seen = places + 0.8 * rng.standard_normal((200000, 1, 2, 2))
    reversed_order = seen[:, 0, 0, 0] > seen[:, 0, 1, 0]
    swap = tracking.confusion(places, np.full((1, 2), 0.8))[0, 0, 0, 1]
    assert_share(reversed_order, swap)
