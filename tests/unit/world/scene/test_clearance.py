import pytest
import torch

from shared_world.world.scene import PointCloud
from shared_world.world.scene.clearance import narrowest_frame


def wall(spacing=0.05, at=5.0):
    """A wall across z, 4 m wide and high."""
    side = torch.arange(-2.0, 2.0, spacing)
    x, y = torch.meshgrid(side, side, indexing="ij")
    points = torch.stack([x, y, torch.full_like(x, at)], -1).reshape(-1, 3)
    return PointCloud(points, torch.ones_like(points))


def straight(start, end, frames):
    return torch.stack([torch.linspace(a, b, frames) for a, b in zip(start, end, strict=True)], dim=1)


@pytest.mark.parametrize(("frames", "crossed"), [(101, 50), (11, 5), (3, 1), (2, 0)])
def test_a_path_through_a_wall_is_found_even_between_two_frames(frames, crossed):
    frame, points = narrowest_frame(wall(), straight((0.0, 0.0, 0.0), (0.0, 0.0, 10.0), frames))
    assert abs(frame - crossed) <= (2 if frames == 101 else 0)
    # A disc of 0.25 m holds pi 0.25^2 / 0.05^2 = 79 of its points.
    assert 60 <= points <= 90


@pytest.mark.parametrize("path", [((0.0, 0.0, 0.0), (0.0, 0.0, 4.7)), ((3.0, 0.0, 0.0), (3.0, 0.0, 10.0))])
def test_a_path_before_or_beside_a_wall_is_free(path):
    assert narrowest_frame(wall(), straight(*path, 9)) is None


def test_a_few_stray_points_block_nothing():
    assert narrowest_frame(wall(spacing=0.3), straight((0.0, 0.0, 0.0), (0.0, 0.0, 10.0), 9)) is None


def test_standing_still_in_a_wall_and_a_path_of_one_frame():
    for frames in (1, 4):
        frame, _ = narrowest_frame(wall(), torch.tensor([[0.0, 0.0, 5.1]]).repeat(frames, 1))
        assert frame == 0


def test_a_path_that_leaves_the_solar_system_costs_no_more_than_another():
    far = straight((0.0, 0.0, -1e9), (0.0, 0.0, 1e9), 81)
    assert narrowest_frame(wall(), far) is None or narrowest_frame(wall(), far)[0] == 40
