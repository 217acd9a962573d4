import torch

from shared_world.tests.unit.world.scene.cameras import HEIGHT, LENS, WIDTH, turned
from shared_world.world.scene import project, unproject
from shared_world.world.scene.projection import unproject_chosen

CAMERAS = torch.stack([turned(40, -15, (3, -2, 2)), turned(-150, 10, (1, -1, 20))])


def test_pixels_come_back_after_a_round_trip_through_the_world():
    depth = torch.rand(2, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0)).double() * 30 + 0.1
    points = unproject(depth, CAMERAS, LENS.expand(2, 3, 3))
    places, distance = project(points.flatten(1, 2), CAMERAS, LENS.expand(2, 3, 3))
    v, u = torch.meshgrid(torch.arange(HEIGHT) + 0.5, torch.arange(WIDTH) + 0.5, indexing="ij")
    expected = torch.stack([u, v], -1).flatten(0, 1).double()
    torch.testing.assert_close(places, expected.expand_as(places))
    torch.testing.assert_close(distance, depth.flatten(1))


def test_a_point_lies_on_the_ray_of_its_pixel_s_centre():
    depth = torch.rand(2, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0)).double() * 30 + 0.1
    points = unproject(depth, CAMERAS, LENS.expand(2, 3, 3))
    for camera, row, column in ((0, 0, 0), (0, 3, 7), (1, HEIGHT - 1, WIDTH - 1)):
        metres = depth[camera, row, column]
        (focal_x, skew, middle_x), (_, focal_y, middle_y), _ = LENS.tolist()
        down = (row + 0.5 - middle_y) / focal_y
        right = (column + 0.5 - middle_x - skew * down) / focal_x
        expected = CAMERAS[camera] @ torch.stack([right * metres, down * metres, metres, metres / metres])
        torch.testing.assert_close(points[camera, row, column], expected[:3])


def test_single_precision_depth_gives_single_precision_points():
    depth = torch.full((HEIGHT, WIDTH), 3.0)
    points = unproject(depth, CAMERAS[0], LENS)
    assert points.dtype == torch.float32
    torch.testing.assert_close(points.double(), unproject(depth.double(), CAMERAS[0], LENS), rtol=1e-6, atol=1e-6)


def test_chosen_pixels_give_the_same_points_with_the_digits_of_their_depth():
    depth = torch.rand(2, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0)).half() * 30 + 0.1
    chosen = torch.rand(2, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1)) > 0.5
    depth[~chosen] = torch.nan
    far = CAMERAS.clone()
    far[:, 0, 3] += 5e5
    frame, points = unproject_chosen(depth, chosen, far, LENS.expand(2, 3, 3))
    assert torch.equal(frame, chosen.nonzero()[:, 0])
    torch.testing.assert_close(points, unproject(depth.double(), far, LENS.expand(2, 3, 3))[chosen], rtol=0, atol=1e-8)


def test_points_behind_the_camera_have_negative_depth():
    behind = CAMERAS[0, :3, 3] - 2.0 * CAMERAS[0, :3, 2]
    torch.testing.assert_close(project(behind[None], CAMERAS[0], LENS)[1], torch.tensor([-2.0]).double())
