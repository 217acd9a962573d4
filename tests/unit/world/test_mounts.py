import numpy as np
import pytest
import torch
from hypothesis import given, settings

from shared_world.tests.unit.world.formats.random_worlds import worlds
from shared_world.world.agents import Agent, Agents, Body
from shared_world.world.mounts import arrange_cameras, mount_together, one_agent_per_view
from shared_world.world.rigs import four_view_rig, front_rig


def drive(frames: int = 4) -> torch.Tensor:
    poses = torch.eye(4, dtype=torch.float64).repeat(frames, 1, 1)
    poses[:, 2, 3] = torch.arange(frames)
    return poses


@settings(deadline=None)
@given(world=worlds())
def test_every_view_becomes_an_agent_that_sees_the_same(world):
    cameras = one_agent_per_view(world)
    wanted = [
        (agent.extrinsics()[:, view], agent.intrinsics()[:, view])
        for agent in world.members
        for view in range(agent.rig.view_count)
    ]
    assert len(cameras) == len(wanted)
    for agent, (extrinsics, intrinsics) in zip(cameras.members, wanted, strict=True):
        np.testing.assert_allclose(agent.extrinsics()[:, 0], extrinsics, atol=1e-12)
        assert torch.equal(agent.intrinsics()[:, 0], intrinsics)


def test_cameras_of_a_car_become_one_rig_again():
    world = Agents((Agent("ego", drive(), four_view_rig(64, 48, mount=(0.0, -1.6, 0.5))),), 8.0)
    apart = one_agent_per_view(world)
    assert apart.names == ("ego front", "ego rear", "ego left", "ego right")
    assert {agent.rig.view_names for agent in apart.members} == {("front",)}
    (car,) = mount_together(apart, "car").members
    assert (car.name, car.rig.view_names) == ("car", apart.names)
    np.testing.assert_allclose(car.extrinsics(), world.members[0].extrinsics(), atol=1e-12)


def test_zoom_and_the_first_body_stay():
    body = Body((2.0, 1.4, 4.2))
    zoom = front_rig(64, 48).intrinsics.repeat(4, 1, 1, 1)
    zoom[:, 0, 0, 0] += torch.arange(4)
    world = Agents(
        (Agent("a", drive(), front_rig(64, 48), body), Agent("b", drive(), front_rig(64, 48), None, zoom)), 8.0
    )
    (rig,) = mount_together(world, "rig").members
    assert rig.body == body
    assert torch.equal(rig.frame_intrinsics[:, 1:], zoom)
    assert torch.equal(one_agent_per_view(mount_together(world, "rig")).members[1].frame_intrinsics, zoom)


def test_a_camera_that_moves_against_the_others_is_named_with_its_frame():
    moved = drive()
    moved[2, 0, 3] = 0.3
    world = Agents((Agent("left", drive(), front_rig(64, 48)), Agent("right", moved, front_rig(64, 48))), 8.0)
    with pytest.raises(ValueError, match=r"agent 'stereo', frame 2: view 'right' has moved 0\.3 m and 0 degrees"):
        mount_together(world, "stereo")


def test_cameras_with_other_picture_sizes_are_no_rig():
    world = Agents((Agent("left", drive(), front_rig(64, 48)), Agent("right", drive(), front_rig(64, 32))), 8.0)
    with pytest.raises(ValueError, match="agent 'right' has pictures of 64x32, agent 'left' of 64x48"):
        mount_together(world, "stereo")


def test_the_arrangement_is_a_choice():
    world = Agents((Agent("ego", drive(), four_view_rig(64, 48)),), 8.0)
    assert arrange_cameras(world, "as in the file", "x") is world
    assert len(arrange_cameras(world, "agents", "x")) == 4
    assert len(arrange_cameras(arrange_cameras(world, "agents", "x"), "rig", "x")) == 1
    with pytest.raises(ValueError, match="cameras must be one of as in the file, agents, rig, given 'views'"):
        arrange_cameras(world, "views", "x")
