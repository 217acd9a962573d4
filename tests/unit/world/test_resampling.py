import logging

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytransform3d.rotations import matrix_from_quaternion, quaternion_from_matrix, quaternion_slerp
from scipy.spatial.transform import Rotation

from shared_world.world.agents import Agent, Agents
from shared_world.world.poses import check_poses, heading, rigid
from shared_world.world.resampling import resample_agents, resample_poses
from shared_world.world.rigs import front_rig
from shared_world.world.routes import arc_path, straight_path

RIG = front_rig(64, 48)


def tumbling(frames: int = 6) -> torch.Tensor:
    rotations = torch.from_numpy(Rotation.random(frames, random_state=5).as_matrix())
    return rigid(rotations, torch.from_numpy(np.random.default_rng(6).normal(size=(frames, 3))))


def driving(frames: int = 21, frame_rate: float = 10.0) -> Agents:
    """Five metres per second along z at 10 frames per second."""
    return Agents((Agent("red", straight_path((0, 0, 0), (0, 0, 0.5 * (frames - 1)), frames), RIG),), frame_rate)


def along(agents: Agents) -> list[float]:
    return agents.members[0].poses[:, 2, 3].tolist()


@settings(deadline=None)
@given(where=st.floats(0.0, 5.0))
def test_rotations_are_slerped_and_positions_go_straight(where):
    poses = tumbling()
    pose = resample_poses(poses, torch.tensor([where], dtype=torch.float64))[0].numpy()
    before, share = min(int(where), 4), where - min(int(where), 4)
    first, second = poses[before].numpy(), poses[before + 1].numpy()
    quaternions = (quaternion_from_matrix(matrix[:3, :3]) for matrix in (first, second))
    expected = matrix_from_quaternion(quaternion_slerp(*quaternions, share, shortest_path=True))
    np.testing.assert_allclose(pose[:3, :3], expected, atol=1e-7)
    np.testing.assert_allclose(pose[:3, 3], (1.0 - share) * first[:3, 3] + share * second[:3, 3], atol=1e-12)


@pytest.mark.parametrize("interpolation", ["linear", "cubic"])
def test_whole_frame_numbers_are_copied_bit_for_bit(interpolation):
    poses = tumbling()
    order = torch.tensor([3.0, 0.0, 5.0, 5.0])
    assert torch.equal(resample_poses(poses, order, interpolation), poses[[3, 0, 5, 5]])
    mixed = resample_poses(poses, torch.tensor([3.0, 2.5]), interpolation)
    assert torch.equal(mixed[0], poses[3])
    check_poses(mixed, "path")


def test_frames_outside_of_the_path_hold_its_ends():
    poses = tumbling()
    assert torch.equal(resample_poses(poses, torch.tensor([-2.0, -0.1, 5.1, 90.0])), poses[[0, 0, 5, 5]])


def test_cubic_follows_an_arc_more_closely_than_linear():
    coarse, fine = (arc_path((0, 0, 0), 0.0, 10.0, 90.0, frames) for frames in (7, 61))
    where = torch.linspace(0.0, 6.0, 61, dtype=torch.float64)
    errors = {kind: (resample_poses(coarse, where, kind) - fine).abs().max().item() for kind in ("linear", "cubic")}
    assert errors["cubic"] < 0.01 < 0.05 < errors["linear"]


@pytest.mark.parametrize("frames", [1, 2, 3])
@pytest.mark.parametrize("interpolation", ["linear", "cubic"])
def test_short_paths_can_be_resampled(frames, interpolation):
    path = straight_path((0, 0, 0), (0, 0, 4), frames)
    where = torch.linspace(0.0, frames - 1.0, 5, dtype=torch.float64)
    expected = [0.0] * 5 if frames == 1 else [0.0, 1.0, 2.0, 3.0, 4.0]
    np.testing.assert_allclose(resample_poses(path, where, interpolation)[:, 2, 3], expected, atol=1e-12)


def test_an_unknown_interpolation_is_refused():
    with pytest.raises(ValueError, match="Unknown interpolation 'quintic'"):
        resample_poses(tumbling(), torch.tensor([0.5]), "quintic")


def test_a_frame_count_alone_keeps_the_duration():
    agents = resample_agents(driving(), frames=41)
    assert agents.frame_rate == 20.0
    np.testing.assert_allclose(along(agents), np.linspace(0.0, 10.0, 41), atol=1e-12)


def test_a_frame_rate_alone_keeps_the_duration():
    agents = resample_agents(driving(), frame_rate=5.0)
    assert agents.frame_count == 11
    np.testing.assert_allclose(along(agents), np.linspace(0.0, 10.0, 11), atol=1e-12)


@pytest.mark.parametrize("frame_rate", [8.0, 7.0, 24.0, 30.0, 2.9, 0.3])
def test_a_frame_rate_that_does_not_divide_the_duration_stays_on_the_path(frame_rate, caplog):
    agents = resample_agents(driving(), frame_rate=frame_rate)
    np.testing.assert_allclose(along(agents), 5.0 / frame_rate * np.arange(agents.frame_count), atol=1e-9)
    assert along(agents)[-1] > 10.0 - 5.0 / frame_rate
    assert not caplog.records


def test_both_given_keeps_the_speed_and_cuts_the_end():
    agents = resample_agents(driving(), frames=9, frame_rate=8.0)
    np.testing.assert_allclose(along(agents), 5.0 / 8.0 * np.arange(9), atol=1e-12)


def test_both_given_holds_the_last_pose_and_says_so(caplog):
    agents = resample_agents(driving(), frames=25, frame_rate=10.0)
    np.testing.assert_allclose(along(agents), [*np.linspace(0.0, 10.0, 21), 10.0, 10.0, 10.0, 10.0], atol=1e-12)
    assert "stand still for the last 4 of 25 frames" in caplog.text


def test_keeping_the_path_changes_the_speed():
    agents = resample_agents(driving(), frames=9, frame_rate=10.0, keep="path")
    assert agents.frame_rate == 10.0
    np.testing.assert_allclose(along(agents), np.linspace(0.0, 10.0, 9), atol=1e-12)


def test_every_third_frame_is_taken_as_it_is():
    """The clips of ShareVerse: 49 frames out of 147, every third one."""
    agents = Agents((Agent("red", tumbling(147), RIG),), 20.0)
    clip = resample_agents(agents, frames=49, frame_rate=20.0 / 3.0)
    assert torch.equal(clip.members[0].poses, agents.members[0].poses[::3])


def test_old_frames_survive_although_their_times_are_rounded():
    """49 steps of 1 / 49 s fall short of one second in floating point."""
    agents = Agents((Agent("red", tumbling(3), RIG),), 1.0)
    finer = resample_agents(agents, frame_rate=49.0)
    assert finer.frame_count == 99
    assert torch.equal(finer.members[0].poses[::49], tumbling(3))


def test_the_same_frames_and_rate_change_nothing():
    agents = Agents((Agent("red", tumbling(), RIG), Agent("blue", tumbling(), RIG)), 7.3)
    for keep in ("speed", "path"):
        assert resample_agents(agents, 6, 7.3, keep=keep) == agents
    assert resample_agents(agents) == agents
    assert resample_agents(agents, frames=6) == agents
    assert resample_agents(agents, frame_rate=7.3) == agents


def test_a_zoom_is_resampled_with_the_path():
    zoom = RIG.intrinsics.repeat(3, 1, 1, 1)
    zoom[:, 0, 0, 0] = torch.tensor([100.0, 200.0, 400.0])
    agents = Agents((Agent("red", straight_path((0, 0, 0), (0, 0, 2), 3), RIG, frame_intrinsics=zoom),), 10.0)
    focal = resample_agents(agents, frames=5).members[0].intrinsics()[:, 0, 0, 0]
    assert focal.tolist() == [100.0, 150.0, 200.0, 300.0, 400.0]
    held = resample_agents(agents, frames=6, frame_rate=10.0).members[0].intrinsics()[:, 0, 0, 0]
    assert held.tolist() == [100.0, 200.0, 400.0, 400.0, 400.0, 400.0]


def test_an_agent_with_one_frame_stands(caplog):
    agents = Agents((Agent("red", tumbling(1), RIG),), 8.0)
    with caplog.at_level(logging.WARNING):
        longer = resample_agents(agents, frames=5)
    assert longer.frame_rate == 8.0
    assert torch.equal(longer.members[0].poses, tumbling(1).expand(5, 4, 4))


def test_headings_turn_evenly_between_frames():
    agents = Agents((Agent("red", arc_path((0, 0, 0), 0.0, 5.0, 80.0, 3), RIG),), 1.0)
    np.testing.assert_allclose(heading(resample_agents(agents, frames=9).members[0].poses), np.arange(0.0, 81.0, 10.0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"frames": 0}, "at least one frame, given 0"),
        ({"frame_rate": -1.0}, "positive frames per second, given -1"),
        ({"frame_rate": float("inf")}, "positive frames per second, given inf"),
        ({"frames": 5, "keep": "colour"}, "Unknown choice 'colour'"),
    ],
)
def test_unusable_arguments_are_refused_with_their_value(arguments, message):
    with pytest.raises(ValueError, match=message):
        resample_agents(driving(), **arguments)
