import math

import pytest
import torch

from shared_world.tests.unit.world.scene.cameras import (
    AT_ORIGIN,
    HEIGHT,
    LENS,
    WIDTH,
    random_cloud,
    splat_one_by_one,
    turned,
)
from shared_world.world.scene import PointCloud, Splatter, project
from shared_world.world.scene.splatting import BLOCK, morton_order

CAMERAS = torch.stack([turned(0, 0, (0, 0, 0)), turned(40, -15, (3, -2, 2)), turned(-150, 10, (1, -1, 20))])


def draw(cloud, cameras=CAMERAS, lens=LENS, radius=0.0, values=0, **options):
    lenses = lens.expand(len(cameras), 3, 3)
    return Splatter(cloud, values_at_a_time=values).draw(cameras, lenses, HEIGHT, WIDTH, radius, **options)


def one_point(u: float, v: float, depth: float, colour=(1.0, 0.5, 0.25)) -> PointCloud:
    """A point at a place of the picture of the camera at the origin."""
    ray = torch.linalg.inv(LENS) @ torch.tensor([u, v, 1.0]).double()
    return PointCloud((depth * ray)[None].float(), torch.tensor([colour]))


@pytest.mark.parametrize(("u", "v", "pixel"), [(4.01, 7.99, (7, 4)), (4.99, 7.01, (7, 4)), (0.2, 19.7, (19, 0))])
def test_a_point_lands_on_the_pixel_that_holds_it(u, v, pixel):
    drawn = draw(one_point(u, v, 3.0), AT_ORIGIN[None], background=(0.1, 0.2, 0.3))
    assert torch.isfinite(drawn.depth).nonzero().tolist() == [[0, *pixel]]
    assert drawn.depth[0][pixel].item() == pytest.approx(3.0, abs=1e-5)
    assert drawn.rgb[0][pixel].tolist() == pytest.approx([1.0, 0.5, 0.25])
    empty = drawn.rgb[torch.isinf(drawn.depth)]
    assert torch.equal(empty, torch.tensor([0.1, 0.2, 0.3]).expand_as(empty))


@pytest.mark.parametrize("radius", [0.0, 0.5, 0.8, 1.2, 3.4])
def test_equals_a_loop_over_points_in_double_precision(radius):
    cloud = random_cloud()
    drawn = draw(cloud, radius=radius)
    for number, camera in enumerate(CAMERAS):
        depth, rgb = splat_one_by_one(cloud, camera, LENS, HEIGHT, WIDTH, radius)
        # A point on the border of a pixel or a disc may fall to either side in single precision.
        same = (drawn.depth[number] == depth) | ((drawn.depth[number] - depth).abs() < 1e-4)
        assert same.double().mean() > 0.995
        torch.testing.assert_close(drawn.rgb[number][same], rgb[same])
    assert torch.isfinite(drawn.depth).any(-1).any(-1).all()


def test_a_disc_that_begins_outside_reaches_into_the_picture():
    drawn = draw(one_point(-0.4, 9.5, 2.0), AT_ORIGIN[None], radius=1.2)
    assert torch.isfinite(drawn.depth).nonzero().tolist() == [[0, 9, 0]]


@pytest.mark.parametrize("order", [1, -1])
def test_the_nearer_point_hides_the_farther_one(order):
    near, far = one_point(8.5, 8.5, 2.0, (1, 0, 0)), one_point(8.5, 8.5, 5.0, (0, 1, 0))
    both = [near, far][::order]
    cloud = PointCloud(torch.cat([one.points for one in both]), torch.cat([one.colours for one in both]))
    drawn = draw(cloud, AT_ORIGIN[None], radius=2.0)
    seen = torch.isfinite(drawn.depth)
    assert seen.sum() == 13
    assert (drawn.depth[seen] == 2.0).all()
    assert (drawn.rgb[seen] == torch.tensor([1.0, 0.0, 0.0])).all()


def test_points_behind_the_camera_or_too_near_are_not_drawn():
    for depth in (-3.0, 0.0, 0.19):
        assert torch.isinf(draw(one_point(8.5, 8.5, depth), AT_ORIGIN[None], radius=2.0).depth).all()
    assert torch.isfinite(draw(one_point(8.5, 8.5, 0.21), AT_ORIGIN[None]).depth).any()


@pytest.mark.parametrize("values", [1, 3 * BLOCK, 5000])
def test_parts_in_memory_change_nothing(values):
    cloud = random_cloud()
    whole, parts = draw(cloud, radius=1.2), draw(cloud, radius=1.2, values=values)
    torch.testing.assert_close(parts.depth, whole.depth, rtol=1e-5, atol=1e-5)
    assert (parts.rgb == whole.rgb).all(-1).double().mean() > 0.999


def test_a_far_away_world_origin_costs_no_accuracy():
    cloud, shift = random_cloud(), torch.tensor([4096.0, -64.0, 8192.0])
    # Rounded, so that moving the points loses nothing.
    here = PointCloud((cloud.points * 256).round() / 256, cloud.colours)
    there = PointCloud(here.points + shift, cloud.colours)
    moved = CAMERAS.clone()
    moved[:, :3, 3] += shift.double()
    first, second = draw(here), draw(there, moved)
    assert torch.isclose(first.depth, second.depth, atol=1e-4).double().mean() > 0.999


def test_every_point_in_view_is_counted():
    # Culling by blocks must not lose any: all points of a sparse cloud have pixels of their own.
    cloud = random_cloud(40 * BLOCK, seed=3)
    lens = torch.tensor([[900.0, 0, 700], [0, 900.0, 500], [0, 0, 1]]).double()
    splatter = Splatter(cloud, values_at_a_time=7 * BLOCK)
    drawn = splatter.draw(CAMERAS, lens.expand(3, 3, 3), 1000, 1400, near=0.2)
    for number, camera in enumerate(CAMERAS):
        places, depth = project(cloud.points.double(), camera, lens)
        u, v = places.floor().unbind(-1)
        seen = (depth > 0.2) & (u >= 0) & (u < 1400) & (v >= 0) & (v < 1000)
        pixels = (v * 1400 + u)[seen].unique()
        assert abs(len(pixels) - torch.isfinite(drawn.depth[number]).sum().item()) <= 0.001 * len(pixels)
        assert len(pixels) > 1000


def test_pictures_of_more_pixels_than_single_precision_counts():
    width = (1 << 23) + 3
    lens = torch.tensor([[4.0, 0, width / 2], [0, 4.0, 1], [0, 0, 1]]).double()
    columns = torch.arange(width // 2 - 4, width // 2 + 4)
    places = torch.stack([columns + 0.5, torch.full((8,), 1.5), torch.ones(8)], -1).double() @ torch.linalg.inv(lens).T
    cloud = PointCloud(places.float(), torch.ones(8, 3))
    drawn = Splatter(cloud).draw(AT_ORIGIN[None], lens[None], 2, width)
    assert torch.isfinite(drawn.depth[0]).nonzero().tolist() == [[1, column] for column in columns.tolist()]


def test_morton_order_keeps_neighbours_together():
    cloud = random_cloud(20000)
    ordered = cloud.points[morton_order(cloud.points)]
    step = torch.linalg.vector_norm(ordered.diff(dim=0), dim=-1).median()
    assert step < 0.2 * torch.linalg.vector_norm(cloud.points.diff(dim=0), dim=-1).median()
    corners = torch.tensor([[1, 1, 1], [0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 0, 0]]).float()
    assert morton_order(corners).tolist() == [4, 2, 1, 3, 0]
    assert morton_order(torch.ones(3, 3)).tolist() == [0, 1, 2]


def test_single_points_are_clouds_too():
    drawn = draw(PointCloud(torch.tensor([[0.0, 0.0, 4.0]]), torch.ones(1, 3)), AT_ORIGIN[None])
    assert drawn.depth.isfinite().sum() == 1
    assert math.isinf(drawn.depth[0, 0, 0])
