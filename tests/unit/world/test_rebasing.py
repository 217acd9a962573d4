import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from shared_world.tests.unit.world.formats.random_worlds import worlds
from shared_world.world.agents import Agent, Agents, Body
from shared_world.world.formats.carla_axes import to_opencv, transform_matrix
from shared_world.world.mounts import one_agent_per_view
from shared_world.world.poses import heading, inverse, rigid
from shared_world.world.rebasing import rebase_agents
from shared_world.world.rigs import four_view_rig, front_rig


def camera(poses, name="red", **rest) -> Agent:
    return Agent(name, torch.as_tensor(poses, dtype=torch.float64).reshape(-1, 4, 4), front_rig(64, 48), **rest)


@settings(deadline=None)
@given(world=worlds())
def test_the_world_frame_is_kept_by_default(world):
    assert rebase_agents(world) == world


@settings(deadline=None, max_examples=30)
@given(
    world=worlds(),
    origin=st.sampled_from(["first frame", "first frame, level"]),
    axes=st.sampled_from([("opengl", "z up"), ("ros", "y up"), ("unreal", "unity"), ("opencv", "z up")]),
)
def test_agents_keep_their_places_relative_to_each_other(world, origin, axes):
    moved = rebase_agents(world, camera_axes=axes[0], world_axes=axes[1], metres_per_unit=0.25, origin=origin)
    old = np.concatenate([agent.extrinsics()[:, :, :3, 3].reshape(-1, 3) for agent in world.members])
    new = np.concatenate([agent.extrinsics()[:, :, :3, 3].reshape(-1, 3) for agent in moved.members])
    distances = [np.linalg.norm(points[:, None] - points[None], axis=-1) for points in (old, new)]
    np.testing.assert_allclose(distances[1], 0.25 * distances[0], atol=1e-9)


def test_a_blender_camera_that_looks_north_with_z_up():
    # Blender: the camera looks along its -z with y up; turned by 90 degrees about x it looks along the world's +y.
    turned = Rotation.from_euler("x", 90, degrees=True).as_matrix()
    read = Agents((camera(rigid(torch.from_numpy(turned), torch.tensor([1.0, 2.0, 3.0]).double())),), 8.0)
    (agent,) = rebase_agents(read, camera_axes="opengl", world_axes="z up").members
    expected = np.eye(4)
    expected[:3, 3] = [1, -3, 2]  # 1 to the right, 3 up, 2 ahead
    np.testing.assert_allclose(agent.poses[0], expected, atol=1e-12)


def test_unreal_axes_agree_with_the_reader_of_carla_logs():
    location, rotation = torch.tensor([[10.0, -4.0, 2.0]]).double(), torch.tensor([[5.0, 30.0, -7.0]]).double()
    matrices = transform_matrix(location, rotation)
    rebased = rebase_agents(Agents((camera(matrices),), 8.0), camera_axes="unreal", world_axes="unreal")
    np.testing.assert_allclose(rebased.members[0].poses, to_opencv(matrices), atol=1e-12)


def test_a_ros_body_drives_along_its_x_axis():
    body = Body((4.0, 2.0, 1.5), (1.0, 0.5, 0.75))  # x forward, y left, z up
    read = Agents((camera(torch.eye(4), body=body),), 8.0)
    (agent,) = rebase_agents(read, camera_axes="ros", world_axes="z up").members
    assert heading(agent.poses).item() == pytest.approx(90.0)  # z up looks along y, so x is to the right
    np.testing.assert_allclose(agent.poses[0, :3, 1], [0, 1, 0], atol=1e-12)
    assert agent.body == Body((2.0, 1.5, 4.0), (-0.5, -0.75, 1.0))


def test_lengths_are_scaled_everywhere():
    body = Body((200.0, 140.0, 420.0), (0.0, -70.0, 0.0))
    poses = torch.eye(4).repeat(2, 1, 1)
    poses[1, 2, 3] = 500.0
    read = Agents((Agent("red", poses, four_view_rig(64, 48, mount=(0.0, -160.0, 30.0)), body),), 8.0)
    (agent,) = rebase_agents(read, metres_per_unit=0.01).members
    np.testing.assert_allclose(agent.poses[1, :3, 3], [0, 0, 5])
    np.testing.assert_allclose(agent.rig.view_to_agent[2, :3, 3], [0, -1.6, 0.3])
    np.testing.assert_allclose([*agent.body.size, *agent.body.centre], [2.0, 1.4, 4.2, 0.0, -0.7, 0.0])


def test_inverting_undoes_a_file_read_the_wrong_way_round():
    world = Agents((camera(torch.from_numpy(rigid_path())),), 8.0)
    wrong = Agents((camera(inverse(world.members[0].poses)),), 8.0)
    np.testing.assert_allclose(rebase_agents(wrong, inverted=True).members[0].poses, world.members[0].poses, atol=1e-12)
    four = Agents((Agent("ego", torch.eye(4)[None], four_view_rig(64, 48)),), 8.0)
    with pytest.raises(ValueError, match=r"agent 'ego': view 'rear' is mounted away .* agents of their own"):
        rebase_agents(four, inverted=True)
    assert len(rebase_agents(one_agent_per_view(four), inverted=True)) == 4


def rigid_path() -> np.ndarray:
    poses = np.tile(np.eye(4), (3, 1, 1))
    poses[:, :3, :3] = Rotation.from_euler("YX", [[0, 10], [20, 10], [40, 10]], degrees=True).as_matrix()
    poses[:, :3, 3] = [[1, -2, 3], [2, -2, 4], [3, -2, 6]]
    return poses


def test_the_origin_moves_into_the_first_frame_of_an_agent():
    world = Agents((camera(torch.eye(4).repeat(3, 1, 1)), camera(rigid_path(), "blue")), 8.0)
    moved = rebase_agents(world, origin="first frame", origin_agent="blue")
    np.testing.assert_allclose(moved.members[1].poses[0], np.eye(4), atol=1e-12)
    np.testing.assert_allclose(moved.members[0].poses[0], np.linalg.inv(rigid_path()[0]), atol=1e-12)

    level = rebase_agents(world, origin="first frame, level", origin_agent="blue").members
    assert heading(level[1].poses)[0].item() == pytest.approx(0.0)
    np.testing.assert_allclose(level[1].poses[0, :3, 3], 0, atol=1e-12)
    # The other agent stood level and still does; the pitch of the first frame stays a pitch.
    np.testing.assert_allclose(level[0].poses[0, :3, 1], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(level[1].poses[0, 1, 2], np.sin(np.radians(-10)), atol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"camera_axes": "maya"}, "camera_axes must be one of opencv, opengl, unreal, unity, ros, given 'maya'"),
        ({"world_axes": "x up"}, "world_axes must be one of"),
        ({"origin": "centre"}, "origin must be one of world, first frame"),
        ({"metres_per_unit": 0.0}, "metres_per_unit must be positive, given 0"),
        ({"metres_per_unit": float("nan")}, "metres_per_unit must be positive, given nan"),
        ({"camera_axes": "unreal"}, "unreal and world_axes opencv are not of one handedness"),
        ({"world_axes": "unreal", "camera_axes": "ros"}, "unreal and unity are left-handed, all others right-handed"),
        ({"origin": "first frame", "origin_agent": "green"}, "There is no agent 'green'; the agents are red"),
    ],
)
def test_what_cannot_be_is_said(options, message):
    with pytest.raises(ValueError, match=message):
        rebase_agents(Agents((camera(torch.eye(4)),), 8.0), **options)
