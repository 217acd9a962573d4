from dataclasses import replace

import torch

from shared_world.world.agents import Agents
from shared_world.world.encounters import encounter
from shared_world.world.mirroring import mirror_agents, mirror_tiles
from shared_world.world.rigs import Rig, four_view_rig
from shared_world.world.tiles import TWO_BY_TWO, join_views, split_images


def off_centre_rig():
    rig = four_view_rig(48, 32, mount=(0.3, -1.6, 0.2))
    intrinsics = rig.intrinsics.clone()
    intrinsics[:, 0, 2] += torch.tensor([3.0, -2.0, 5.0, 0.5], dtype=torch.float64)
    return Rig(rig.view_names, rig.view_to_agent, intrinsics, rig.width, rig.height)


def crossing():
    return encounter("crossing", distance=20.0, speed=6.0, frames=5, frame_rate=2.0, rig=off_centre_rig(), seed=3)


def pixels(agents, points):
    """(agents, frames, views, points, 2) pixels and (..., points) depths, one camera at a time."""
    extrinsics, intrinsics = agents.extrinsics(), agents.intrinsics()
    in_camera = torch.einsum(
        "afvij,pj->afvpi", torch.linalg.inv(extrinsics), torch.cat([points, torch.ones(len(points), 1)], dim=1)
    )[..., :3]
    projected = torch.einsum("afvij,afvpj->afvpi", intrinsics, in_camera)
    return projected[..., :2] / projected[..., 2:], in_camera[..., 2]


def test_mirrored_cameras_see_mirrored_points_in_flipped_pictures():
    agents = crossing()
    points = torch.randn(50, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 20
    seen, depth = pixels(agents, points)
    mirrored_points = points * torch.tensor([-1.0, 1.0, 1.0])
    mirrored, mirrored_depth = pixels(mirror_agents(agents), mirrored_points)
    sources = [0, 1, 3, 2]  # front, rear, and left and right in each other's place
    torch.testing.assert_close(mirrored_depth, depth[:, :, sources])
    torch.testing.assert_close(mirrored[..., 0], 48 - seen[:, :, sources][..., 0])
    torch.testing.assert_close(mirrored[..., 1], seen[:, :, sources][..., 1])


def test_left_still_looks_left():
    rig = mirror_agents(crossing()).members[0].rig
    assert rig.view_names == ("front", "rear", "left", "right")
    for name, side in (("left", -1.0), ("right", 1.0)):
        forward = rig.view_to_agent[rig.view_names.index(name), :3, 2]
        torch.testing.assert_close(forward, torch.tensor([side, 0.0, 0.0], dtype=torch.float64))


def test_mirrored_twice_is_as_before():
    agents = crossing()
    zooming = replace(agents.members[0], frame_intrinsics=agents.members[0].intrinsics() * 1.0)
    agents = Agents((zooming, *agents.members[1:]), agents.frame_rate)
    again = mirror_agents(mirror_agents(agents))
    torch.testing.assert_close(again.extrinsics(), agents.extrinsics())
    torch.testing.assert_close(again.intrinsics(), agents.intrinsics())
    assert again.names == agents.names
    assert again.members[0].body == agents.members[0].body


def test_mirrored_tiles_show_flipped_views_with_left_and_right_exchanged():
    views = torch.randint(0, 255, (2, 3, 4, 3, 4, 6), dtype=torch.uint8)  # agents, frames, views, channels, h, w
    tiles = join_views(views.transpose(2, 3), TWO_BY_TWO).movedim(2, -1)
    mirrored = split_images(mirror_tiles(tiles, TWO_BY_TWO), TWO_BY_TWO).movedim(-1, 3)
    for view, source in enumerate((0, 1, 3, 2)):
        assert torch.equal(mirrored[:, :, view], views[:, :, source].flip(-1))
