import math

import pytest
import torch

from shared_world.tests.unit.world.scene.cameras import LENS
from shared_world.world.poses import pitch_rotation
from shared_world.world.scene import scale_from_camera_height, scale_from_distance

HEIGHT, WIDTH = 80, 100
WIDE = torch.tensor([[60.0, 0, 50], [0, 60.0, 40], [0, 0, 1]]).double()


def ground_depth(camera_height: float, pitch: float, wall: float = 15.0) -> torch.Tensor:
    """Depth of a level ground with a wall of boxes on the left, seen by a pitched camera."""
    v, u = torch.meshgrid(torch.arange(HEIGHT) + 0.5, torch.arange(WIDTH) + 0.5, indexing="ij")
    rays = torch.stack([u, v, torch.ones_like(u)], -1).double() @ torch.linalg.inv(WIDE).T @ pitch_rotation(pitch).T
    depth = torch.where(rays[..., 1] > 1e-3, camera_height / rays[..., 1], wall)
    depth[:, :30] = depth[:, :30].clamp(max=4.0)
    return depth.clamp(max=wall)


@pytest.mark.parametrize("pitch", [0.0, -20.0, 8.0])
@pytest.mark.parametrize("factor", [0.05, 1.0, 7.0])
def test_camera_height_fixes_the_scale_in_spite_of_walls_and_noise(pitch, factor):
    noise = 1.0 + 0.004 * torch.randn(HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    depth = (ground_depth(1.6, pitch) * noise / factor).float()
    depth[-1, :5] = math.inf
    depth[-2, :5] = 0.0
    assert scale_from_camera_height(depth, WIDE, 1.6) == pytest.approx(factor, rel=0.01)


def test_a_mask_says_where_the_ground_is():
    depth = ground_depth(1.6, 0.0)
    # A table covers most of the lower half.
    depth[44:, :80] = (0.7 / 1.6) * depth[44:, :80]
    mask = torch.zeros(HEIGHT, WIDTH)
    mask[50:, 82:] = 1.0
    assert scale_from_camera_height(depth, WIDE, 1.6, mask) == pytest.approx(1.0, rel=0.01)
    assert scale_from_camera_height(depth, WIDE, 1.6) > 1.5


def test_no_ground_is_an_error_that_asks_for_a_mask():
    facing_a_wall = torch.full((HEIGHT, WIDTH), 3.0)
    with pytest.raises(ValueError, match=r"No ground is found below the camera.*mask of the ground"):
        scale_from_camera_height(facing_a_wall, WIDE, 1.6)
    with pytest.raises(ValueError, match="Only 0 pixels of the ground have depth"):
        scale_from_camera_height(torch.full((HEIGHT, WIDTH), math.inf), WIDE, 1.6)
    with pytest.raises(ValueError, match="positive metres, given 0"):
        scale_from_camera_height(facing_a_wall, WIDE, 0)


def test_a_known_distance_fixes_the_scale():
    depth = torch.full((20, 30), 2.0)
    depth[5, 8] = 4.0
    first = torch.linalg.inv(LENS) @ torch.tensor([8.5, 5.5, 1.0]).double() * 4.0
    second = torch.linalg.inv(LENS) @ torch.tensor([20.5, 15.5, 1.0]).double() * 2.0
    apart, away = torch.linalg.vector_norm(first - second).item(), torch.linalg.vector_norm(first).item()
    assert scale_from_distance(depth, LENS, [(8.5, 5.5), (20.5, 15.5)], 9.0) == pytest.approx(9.0 / apart)
    assert scale_from_distance(depth, LENS, [(8.5, 5.5)], 9.0) == pytest.approx(9.0 / away)


@pytest.mark.parametrize(
    ("pixels", "distance", "message"),
    [
        ([(30.0, 5.0)], 1.0, "lies outside of the picture of 30x20"),
        ([(1.0, 1.0)], 1.0, "has no depth"),
        ([(5.0, 5.0)], 0.0, "positive metres"),
        ([(5.0, 5.0), (5.0, 5.0)], 1.0, "same point"),
        ([], 1.0, "one pixel or two"),
    ],
)
def test_distances_that_cannot_be_measured_are_refused(pixels, distance, message):
    depth = torch.full((20, 30), 2.0)
    depth[1, 1] = 0.0
    with pytest.raises(ValueError, match=message):
        scale_from_distance(depth, LENS, pixels, distance)
