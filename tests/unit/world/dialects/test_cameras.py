import pytest
import torch

from shared_world.world.dialects.cameras import camera_of, chosen_cameras
from shared_world.world.dialects.depth_geometry import agents_from_geometry
from shared_world.world.encounters import encounter
from shared_world.world.poses import rigid, yaw_rotation
from shared_world.world.rigs import pinhole_intrinsics

AGENTS = encounter("crossing", frames=5)


def test_cameras_are_those_of_the_named_agents_in_the_order_of_the_names():
    assert [camera.label for camera in chosen_cameras(AGENTS)] == ["agent 1 front", "agent 2 front"]
    (camera,) = chosen_cameras(AGENTS, ["agent 2"], "left")
    assert camera.label == "agent 2 left"
    torch.testing.assert_close(camera.poses, AGENTS.members[1].extrinsics()[:, 2])
    with pytest.raises(ValueError, match=r"There is no agent 'agent 3'; the agents are agent 1, agent 2\."):
        chosen_cameras(AGENTS, ["agent 3"])


def test_another_picture_size_stretches_the_lens():
    camera = camera_of(AGENTS.members[0])
    resized = camera.resized(360, 480)
    assert camera.is_centred_square()
    assert not resized.is_centred_square()
    assert resized.intrinsics[0, 0, 0] == camera.intrinsics[0, 0, 0] / 2
    assert resized.intrinsics[0, 1, 1] == camera.intrinsics[0, 1, 1]


POSES = rigid(yaw_rotation(torch.tensor([0.0, 10.0, 20.0])), torch.arange(9, dtype=torch.float64).reshape(3, 3))
LENS = pinhole_intrinsics(320, 240, 60.0)[None]


def test_pictures_of_a_geometry_are_frames_or_agents():
    (moving,) = agents_from_geometry(POSES, LENS, (320, 240), "camera")
    standing = agents_from_geometry(POSES, LENS.repeat(3, 1, 1), (320, 240), "camera", "agents")
    torch.testing.assert_close(moving.poses, POSES)
    assert [agent.name for agent in standing] == ["camera 1", "camera 2", "camera 3"]
    torch.testing.assert_close(torch.cat([agent.poses for agent in standing]), POSES)


def test_geometry_without_poses_stands_at_the_origin():
    (agent,) = agents_from_geometry(None, LENS, (320, 240), "camera")
    torch.testing.assert_close(agent.poses, torch.eye(4, dtype=torch.float64)[None])


@pytest.mark.parametrize(
    ("lens", "choice", "message"),
    [
        (None, "agents", "The geometry has no lens"),
        (LENS.repeat(2, 1, 1), "agents", "3 poses but 2 lenses"),
        (LENS, "views", "must be one of frames of one agent, agents"),
    ],
)
def test_geometries_that_are_no_cameras_are_told(lens, choice, message):
    with pytest.raises(ValueError, match=message):
        agents_from_geometry(POSES, lens, (320, 240), "camera", choice)
