import math
from dataclasses import replace

import pytest
import torch
from scipy.spatial.transform import Rotation

from shared_world.training.cameras import affine_maps, map_slots, moved, raw_poses, whole_maps
from shared_world.world.agents import Agents
from shared_world.world.encounters import encounter
from shared_world.world.raymaps import RaymapOptions, build_raymaps
from shared_world.world.rigs import four_view_rig
from shared_world.world.tiles import SINGLE_VIEW

OPTIONS = [
    RaymapOptions(),
    RaymapOptions(layout="per_tile"),
    RaymapOptions(layout="per_tile", channel_layout="channel_major", packing="aether_padding"),
    RaymapOptions(layout="per_tile", origin_compression=10.0),
    RaymapOptions(view_layout=SINGLE_VIEW, layout="per_tile", origin_compression=5.0, channel_layout="channel_major"),
]
SIZE = (8, 12)


def meeting():
    rig = four_view_rig(48, 32, mount=(0.0, -1.6, 0.0))
    return encounter("left_turn_meeting", distance=10.0, speed=4.0, frames=9, frame_rate=8.0, rig=rig)


def turned(agents, degrees):
    """All agents turned about the vertical axis of the world."""
    turn = torch.eye(4, dtype=torch.float64)
    turn[:3, :3] = torch.from_numpy(Rotation.from_euler("y", degrees, degrees=True).as_matrix())
    return Agents(tuple(replace(agent, poses=turn @ agent.poses) for agent in agents.members), agents.frame_rate)


def expanded(agents, options, camera="raymap", degrees=0.0, translation=(0.0, 0.0, 0.0)):
    maps = affine_maps(agents, options, camera, *SIZE)[None]
    angle, place = torch.tensor([math.radians(degrees)]), torch.tensor([translation])
    return whole_maps(moved(maps, options, camera, angle, place), options, camera, *SIZE)[0]


@pytest.mark.parametrize("options", OPTIONS)
def test_trained_maps_are_the_nodes_raymaps(options):
    torch.testing.assert_close(
        expanded(meeting(), options), build_raymaps(meeting(), options, *SIZE), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("options", OPTIONS)
def test_augmented_maps_are_the_raymaps_of_a_moved_world(options):
    place = torch.tensor([1.5, -0.25, -2.0])
    truth = build_raymaps(turned(meeting(), 70.0), options, *SIZE, translation=place)
    given = expanded(meeting(), options, degrees=70.0, translation=tuple(place.tolist()))
    torch.testing.assert_close(given, truth, rtol=1e-3, atol=1e-4)


def test_every_world_has_its_own_augmentation():
    options = RaymapOptions(layout="per_tile")
    maps = affine_maps(meeting(), options, "raymap", *SIZE).expand(2, -1, -1, -1, -1, -1)
    angle, place = torch.tensor([0.0, 1.0]), torch.tensor([[0.0, 0.0, 0.0], [3.0, 0.0, 1.0]])
    both = whole_maps(moved(maps, options, "raymap", angle, place), options, "raymap", *SIZE)
    torch.testing.assert_close(both[0], expanded(meeting(), options))
    second = expanded(meeting(), options, degrees=math.degrees(1.0), translation=(3.0, 0.0, 1.0))
    torch.testing.assert_close(both[1], second)


def test_raw_poses_say_where_the_front_camera_is_and_looks():
    agents = meeting()
    values = raw_poses(agents)
    pitch, yaw, roll = values[..., :3].unbind(-1)
    rotation = Rotation.from_euler("YXZ", torch.stack([yaw, pitch, roll], dim=-1).flatten(0, 1).numpy()).as_matrix()
    fronts = agents.extrinsics()[:, :, 0].flatten(0, 1)
    torch.testing.assert_close(torch.from_numpy(rotation), fronts[:, :3, :3], atol=1e-9, rtol=0)
    positions = fronts[:, :3, 3]
    torch.testing.assert_close(values[..., 3:].flatten(0, 1), positions - positions.mean(0))


def test_raw_poses_fill_the_tile_and_move_with_the_world():
    options = RaymapOptions()
    given = expanded(meeting(), options, "raw_pose", degrees=100.0, translation=(1.0, 0.0, 2.0))
    assert given.shape == (2, 24, 3, *SIZE)
    assert (given == given[..., :1, :1]).all()
    truth = raw_poses(turned(meeting(), 100.0)).float()
    truth[..., 3:] += torch.tensor([1.0, 0.0, 2.0])
    frames = given[..., 0, 0].unflatten(1, (4, 6))
    angle = frames[:, -1, :3, 1:] - truth[:, 4::4, :3].transpose(1, 2)
    torch.testing.assert_close(torch.atan2(angle.sin(), angle.cos()), torch.zeros_like(angle), atol=1e-4, rtol=0)
    torch.testing.assert_close(frames[:, -1, 3:, 1:], truth[:, 4::4, 3:].transpose(1, 2), atol=1e-4, rtol=0)
    assert frames[:, :, :3].abs().max() <= math.pi + 1e-5


def test_raw_poses_tell_nothing_about_single_views():
    assert map_slots(RaymapOptions(layout="per_tile"), "raw_pose") == SINGLE_VIEW
    assert affine_maps(meeting(), RaymapOptions(layout="per_tile"), "raw_pose", *SIZE).shape == (2, 1, 3, 24, 3)
