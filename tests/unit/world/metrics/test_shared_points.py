import math

import pytest
import torch

from shared_world.tests.unit.world.metrics.painted_room import (
    FIRST_CAR,
    cameras,
    cast,
    known_clip,
    project,
    render,
    two_agents,
)
from shared_world.world.metrics.shared_points import SharedPoints, find_shared_points
from shared_world.world.poses import rigid, yaw_rotation


def located(points: SharedPoints) -> set[tuple[int, int]]:
    return set(zip(points.pixels.tolist(), points.corners.tolist(), strict=True))


@pytest.fixture(scope="module")
def room():
    """A small clip of the room: agents, depth, instances and cameras."""
    agents = two_agents(frames=2, width=15, height=10)
    _, depth, instances = render(agents, 10, 15)
    return agents, depth, instances, *cameras(agents, 10, 15)


def what_other_agents_see(room) -> dict[tuple, tuple[torch.Tensor, bool, bool]]:
    """Every pixel's point in every view of the other agent that it falls into, one at a time.

    The column and row there, whether a ray from there reaches the point, and whether a ball is in its way.
    """
    agents, depth, _, extrinsics, intrinsics = room
    _, _, views, height, width = depth.shape
    seen = {}
    for index in torch.cartesian_prod(*(torch.arange(size) for size in depth.shape)).tolist():
        agent, frame, view, row, column = index
        other = 1 - agent
        pixel = torch.tensor([column + 0.5, row + 0.5, 1.0]).double()
        local = torch.linalg.inv(intrinsics[agent, frame, view]) @ pixel * depth[tuple(index)].double()
        pose = extrinsics[agent, frame, view]
        point = pose[:3, :3] @ local + pose[:3, 3]
        balls = agents.poses()[:, frame, :3, 3].clone()
        balls[other] = math.nan
        for other_view in range(views):
            camera = extrinsics[other, frame, other_view]
            u, v, distance = project(point, camera, intrinsics[other, frame, other_view]).tolist()
            if distance > 0 and 0.5 <= u <= width - 0.5 and 0.5 <= v <= height - 0.5:
                first_hit, label = cast(camera[:3, 3], point - camera[:3, 3], balls)
                reached = abs(first_hit.item() - 1.0) < 1e-3
                seen[(*index, other_view)] = (torch.tensor([u - 0.5, v - 0.5]), reached, label.item() >= FIRST_CAR)
    return seen


def test_shared_points_are_those_that_ray_casting_finds(room):
    _, depth, instances, extrinsics, intrinsics = room
    points = find_shared_points(depth, extrinsics, intrinsics, surfaces=instances)
    pixels = torch.stack(torch.unravel_index(points.pixels, points.shape), dim=-1)
    others = torch.stack(torch.unravel_index(points.corners, points.shape), dim=-1)
    assert (others[:, 0] == 1 - pixels[:, 0]).all()
    assert (others[:, 1] == pixels[:, 1]).all()
    places = others[:, [4, 3]] + points.fractions
    keys = [tuple(key) for key in torch.cat([pixels, others[:, 2:3]], dim=-1).tolist()]
    expected = what_other_agents_see(room)
    torch.testing.assert_close(places, torch.stack([expected[key][0] for key in keys]), atol=1e-3, rtol=0)

    # A ball smaller than a pixel may slip between the four pixels; nothing else may be looked through.
    wrong = [key for key in keys if not expected[key][1]]
    assert all(expected[key][2] for key in wrong)
    assert len(wrong) < 0.02 * len(keys)

    def on_one_surface(key: tuple) -> bool:
        column, row = expected[key][0].long().clamp(max=torch.tensor([13, 8])).tolist()
        corners = instances[1 - key[0], key[1], key[5], row : row + 2, column : column + 2]
        return bool((corners == instances[key[:5]]).all())

    # Inverse depth is not linear on the balls, the walls must be complete.
    visible = {key for key, (_, reached, ball) in expected.items() if reached and not ball and on_one_surface(key)}
    assert visible <= set(keys)
    assert len(visible) > 1000


def test_both_directions_are_searched(room):
    _, depth, _, extrinsics, intrinsics = room
    points = find_shared_points(depth, extrinsics, intrinsics)
    first = points.pixels < depth[0].numel()
    assert first.sum() > 100
    assert (~first).sum() > 100
    assert ((points.corners >= depth[0].numel()) == first).all()


def test_parts_in_memory_change_nothing(room):
    _, depth, instances, extrinsics, intrinsics = room
    whole = find_shared_points(depth, extrinsics, intrinsics, surfaces=instances)
    parts = find_shared_points(depth, extrinsics, intrinsics, surfaces=instances, values_at_a_time=1)
    assert located(whole) == located(parts)
    assert sum(len(part) for part in whole.split(7)) == len(whole)


def test_the_place_and_heading_of_the_world_do_not_matter(room):
    _, depth, _, extrinsics, intrinsics = room
    moved = rigid(yaw_rotation(33.0), torch.tensor([30_000.0, -50.0, 70_000.0]).double()) @ extrinsics
    here, there = (located(find_shared_points(depth, poses, intrinsics)) for poses in (extrinsics, moved))
    assert len(here ^ there) <= 0.01 * len(here)


def test_what_stands_between_hides_the_point(room):
    _, depth, _, extrinsics, intrinsics = room
    nearer = depth.clone()
    nearer[1] *= 0.9
    points = find_shared_points(nearer, extrinsics, intrinsics)
    assert (points.pixels >= depth[0].numel()).all()


@pytest.mark.parametrize("nothing", [math.inf, math.nan, 0.0])
def test_pixels_without_depth_have_no_point(room, nothing):
    _, depth, _, extrinsics, intrinsics = room
    sky = depth.clone()
    sky[:, :, :, :5] = nothing
    points = find_shared_points(sky, extrinsics, intrinsics)
    rows = torch.unravel_index(points.pixels, points.shape)[3], torch.unravel_index(points.corners, points.shape)[3]
    assert len(points) > 100
    assert min(row.min() for row in rows) >= 5


def test_uncounted_pixels_take_no_part_on_either_side(room):
    _, depth, _, extrinsics, intrinsics = room
    counted = torch.ones_like(depth, dtype=torch.bool)
    counted[0, :, :, :, :8] = False
    points = find_shared_points(depth, extrinsics, intrinsics, counted)
    assert 0 < len(points) < len(find_shared_points(depth, extrinsics, intrinsics))
    assert counted.flatten()[points.pixels].all()
    assert counted.flatten()[points.neighbours()].all()


def test_given_surfaces_must_agree_around_the_point(room):
    _, depth, _, extrinsics, intrinsics = room
    labels = torch.zeros(depth.shape, dtype=torch.int16)
    labels[..., 7:] = 1
    everywhere = find_shared_points(depth, extrinsics, intrinsics)
    flat = labels.flatten()
    same = (flat[everywhere.neighbours()] == flat[everywhere.pixels]).all(0)
    points = find_shared_points(depth, extrinsics, intrinsics, surfaces=labels)
    assert located(points) == located(everywhere.chosen(same))
    assert 0 < len(points) < len(everywhere)


def test_one_agent_shares_nothing(room):
    _, depth, _, extrinsics, intrinsics = room
    points = find_shared_points(depth[:1], extrinsics[:1], intrinsics[:1])
    assert len(points) == 0
    assert points.interpolate(depth[:1]).shape == (0,)


def test_pictures_too_small_to_interpolate_are_refused(room):
    _, depth, _, extrinsics, intrinsics = room
    with pytest.raises(ValueError, match="at least 2x2 pixels, given 15x1"):
        find_shared_points(depth[..., :1, :], extrinsics, intrinsics)


def test_points_seen_alike_have_similar_depth_and_fog():
    clip = known_clip(frames=2)
    points = find_shared_points(clip.depth, clip.extrinsics, clip.intrinsics)
    fog = torch.exp(-((clip.depth / 6.0) ** 2))
    alike = points.seen_alike(clip.depth, fog, largest_ratio=1.3, largest_difference=0.05)
    own, others = clip.depth.flatten()[alike.pixels], 1.0 / alike.interpolate(1.0 / clip.depth)
    assert 0 < len(alike) < len(points)
    assert torch.maximum(own / others, others / own).max() <= 1.3 + 1e-5
    assert (fog.flatten()[alike.pixels] - alike.interpolate(fog)).abs().max() <= 0.05
    assert len(points.seen_alike(clip.depth, largest_ratio=1e6)) == len(points)
