import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from shared_world.tests.unit.world.formats.random_worlds import worlds
from shared_world.world.dialects.cameras import camera_of
from shared_world.world.dialects.recammaster import agent_from_recammaster, recammaster_poses
from shared_world.world.poses import inverse

SIZE = (832, 480)
AHEAD = np.eye(3)


def read(poses):
    return agent_from_recammaster(poses, "camera", SIZE, 60.0)


def pose(rotation=AHEAD, translation=(0, 0, 0)):
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation, translation
    return matrix


def test_axes_are_unreals_and_lengths_centimetres():
    # 3 m ahead, 1 m to the right, 2 m up, looking ahead; then turned by 90 degrees to the right: ahead is its y.
    right_turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    agent = read([pose(translation=(300, 100, 200)), pose(right_turn)])
    torch.testing.assert_close(agent.poses[0, :3, 3], torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64))
    torch.testing.assert_close(agent.poses[0, :3, :3], torch.eye(3, dtype=torch.float64))
    torch.testing.assert_close(agent.poses[1, :3, 2], torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64))
    torch.testing.assert_close(agent.poses[1, :3, 1], torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64))


@settings(max_examples=15, deadline=None)
@given(worlds())
def test_what_the_model_is_told_of_poses_that_go_out_are_the_agents_relative_poses(agents):
    camera = camera_of(agents.members[0])
    out = recammaster_poses(camera, frames_per_pose=1)
    # The model's node takes the columns right, down, forward, metres, and relates all poses to the first.
    columns = np.stack([out[..., 1], -out[..., 2], out[..., 0]], axis=-1)[:, :3]
    told = np.tile(np.eye(4), (len(out), 1, 1))
    told[:, :3, :3], told[:, :3, 3] = columns, out[:, :3, 3] / 100
    relative = np.linalg.inv(told[0]) @ told
    np.testing.assert_allclose(relative, inverse(camera.poses[:1]) @ camera.poses, atol=1e-8)


@settings(max_examples=15, deadline=None)
@given(worlds())
def test_poses_read_back_are_the_same(agents):
    camera = camera_of(agents.members[0])
    torch.testing.assert_close(read(recammaster_poses(camera, 1)).poses, camera.poses, rtol=0, atol=1e-9)


def test_every_fourth_frame_goes_out():
    agent = read([pose(translation=(100 * frame, 0, 0)) for frame in range(9)])
    out = recammaster_poses(camera_of(agent))
    assert out[:, 0, 3].tolist() == [0, 400, 800]
    with pytest.raises(ValueError, match="at least one frame per pose, given 0"):
        recammaster_poses(camera_of(agent), 0)


def test_poses_without_their_last_row_and_tensors_are_read_too():
    poses = torch.from_numpy(np.stack([pose(translation=(100, 0, 0))]))
    assert read(poses) == read(poses[:, :3]) == read(poses.tolist())


@pytest.mark.parametrize(
    ("poses", "message"),
    [
        (np.eye(4), "must have the shape (frames, 4, 4), given (4, 4)"),
        (np.zeros((0, 4, 4)), "must have the shape (frames, 4, 4), given (0, 4, 4)"),
        ("poses", "must be an array of numbers"),
        ([pose(), pose(translation=(0, np.nan, 0))], "agent 'camera', frame 1: the pose holds nan"),
        ([pose(translation=(1, 2, 3)).T], "the matrix may be transposed"),
    ],
)
def test_what_is_no_pose_is_told(poses, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        read(poses)
