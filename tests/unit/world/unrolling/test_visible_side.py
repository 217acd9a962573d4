import math

import pytest
import torch

from shared_world.world.poses import pitch_rotation, rigid, yaw_rotation
from shared_world.world.rigs import pinhole_intrinsics
from shared_world.world.unrolling.visible_side import visible_mean

HEIGHT, WIDTH = 240, 320
LENS = pinhole_intrinsics(WIDTH, HEIGHT, 80.0)


def ray_cast_mean(centre, rotation, size, camera, width=WIDTH):
    """Mean of the points where rays through all pixels enter a box."""
    columns, rows = torch.meshgrid(torch.arange(width) + 0.5, torch.arange(HEIGHT) + 0.5, indexing="xy")
    pixels = torch.stack([columns, rows, torch.ones_like(rows)], -1).double().reshape(-1, 3)
    rays = (camera[:3, :3] @ torch.linalg.inv(LENS) @ pixels.T).T
    start, direction = rotation.T @ (camera[:3, 3] - centre), rays @ rotation
    half = torch.tensor(size).double() / 2.0
    bounds = torch.stack([(-half - start) / direction, (half - start) / direction])
    enter, leave = bounds.amin(0).amax(1), bounds.amax(0).amin(1)
    hit = (enter < leave) & (enter > 0.0)
    points = camera[:3, 3] + enter[hit, None] * rays[hit]
    return points.mean(0)


@pytest.mark.parametrize("yaw", [0.0, 35.0, 90.0, -140.0])
@pytest.mark.parametrize("place", [(0.0, 0.9, 9.0), (-2.5, 0.7, 6.0), (4.0, 1.5, 14.0)])
def test_it_is_the_mean_of_what_rays_hit(yaw, place):
    camera = rigid(yaw_rotation(12.0) @ pitch_rotation(-5.0), torch.tensor([1.0, -1.6, 0.5]).double())
    centre, rotation, size = (
        torch.tensor(place).double() - torch.tensor([0, 1.5, 0]),
        yaw_rotation(yaw),
        (2.0, 1.4, 4.2),
    )
    found = visible_mean(centre[None], rotation[None], size, camera[None], LENS[None], (HEIGHT, WIDTH))[0]
    torch.testing.assert_close(found, ray_cast_mean(centre, rotation, size, camera), atol=0.06, rtol=0.0)


def test_a_box_cut_off_by_the_edge_counts_inside_of_the_picture_only():
    camera = torch.eye(4).double()
    centre, size = torch.tensor([-4.5, 0.0, 6.0]).double(), (2.0, 1.4, 4.2)
    rotation = yaw_rotation(90.0)
    found = visible_mean(centre[None], rotation[None], size, camera[None], LENS[None], (HEIGHT, WIDTH))[0]
    truth = ray_cast_mean(centre, rotation, size, camera)
    # Less than half of it is in the picture: what is seen lies far to the right of its middle.
    assert truth[0] > centre[0] + 0.5
    torch.testing.assert_close(found, truth, atol=0.12, rtol=0.0)


def test_far_away_and_head_on_it_is_the_middle_of_the_rear():
    found = visible_mean(
        torch.tensor([[0.0, 0.0, 500.0]]).double(), torch.eye(3).double()[None], (2.0, 1.4, 4.2),
        torch.eye(4).double()[None], LENS[None], (HEIGHT, WIDTH),
    )  # fmt: skip
    assert found[0].tolist() == pytest.approx([0.0, 0.0, 500.0 - 2.1], abs=1e-6)


def test_boxes_out_of_sight_give_finite_places():
    centres = torch.tensor([[0.0, 0.0, -20.0], [300.0, 0.0, 1.0], [0.0, 0.0, 0.0]]).double()
    every = (torch.eye(3).expand(3, 3, 3), (2.0, 1.4, 4.2), torch.eye(4).expand(3, 4, 4), LENS.expand(3, 3, 3))
    found = visible_mean(centres, *every, (HEIGHT, WIDTH))
    assert torch.isfinite(found).all()
    assert torch.linalg.vector_norm(found - centres, dim=-1).max() <= math.hypot(1.0, 0.7, 2.1)
