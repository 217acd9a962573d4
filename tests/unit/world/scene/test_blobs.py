import math

import pytest
import torch

from shared_world.tests.unit.world.scene.cameras import AT_ORIGIN, HEIGHT, LENS, WIDTH, local, turned
from shared_world.world.scene.blobs import SCREEN_VARIANCE, Blobs

SIGMAS, NEAR = 2.5, 0.2
WHOLE = slice(0, HEIGHT), slice(0, WIDTH)


def random_covariance(seed: int, size: float = 0.6) -> torch.Tensor:
    half = torch.randn(3, 3, generator=torch.Generator().manual_seed(seed)).double() * size
    return half @ half.T + 0.01 * torch.eye(3).double()


def blob(mean, covariance, camera=AT_ORIGIN, lens=LENS) -> Blobs:
    mean = torch.as_tensor(mean).double()
    return Blobs.seen_from(mean[None], covariance[None], camera[None], lens[None])


def ray(u: float, v: float) -> torch.Tensor:
    return torch.linalg.inv(LENS) @ torch.tensor([u, v, 1.0]).double()


def front_of_ellipsoid(direction, mean, covariance) -> tuple[float, bool]:
    """Depth by the quadratic equation of one ray from the origin."""
    precision = torch.linalg.inv(covariance)
    a, b = direction @ precision @ direction, direction @ precision @ mean
    root = b**2 - a * (mean @ precision @ mean - SIGMAS**2)
    if root < 0:
        return (b / a).item(), False
    return ((b - root.sqrt()) / a).item(), True


@pytest.mark.parametrize("seed", range(4))
def test_depth_equals_the_quadratic_equation_of_every_ray(seed):
    camera = turned(25, 8, (1.0, -2.0, -3.0))
    world_mean = torch.tensor([2.5, -1.0, 4.0]).double()
    covariance = random_covariance(seed)
    depth, hit = blob(world_mean, covariance, camera).depth(WHOLE, SIGMAS, NEAR)
    mean = local(world_mean[None], camera)[0]
    rotated = camera[:3, :3].T @ covariance @ camera[:3, :3]
    compared = 0
    for row in range(HEIGHT):
        for column in range(WIDTH):
            expected, hits = front_of_ellipsoid(ray(column + 0.5, row + 0.5), mean, rotated)
            assert hit[0, row, column].item() == hits
            if expected > NEAR:
                assert depth[0, row, column].item() == pytest.approx(expected, rel=2e-4)
                compared += hits
    assert compared > 20


def test_outline_and_centre_of_a_sphere():
    radius, distance = 2.5 * 0.4, 7.0
    lens = torch.tensor([[100.0, 0, 64.5], [0, 100.0, 64.5], [0, 0, 1]]).double()
    sphere = blob([0.0, 0.0, distance], 0.16 * torch.eye(3).double(), lens=lens)
    depth, hit = sphere.depth((slice(0, 129), slice(0, 129)), SIGMAS, NEAR)
    assert depth[0, 64, 64].item() == pytest.approx(distance - radius, abs=1e-5)
    # The cone that touches the sphere: sin(angle) = radius / distance.
    outline = 100.0 * math.tan(math.asin(radius / distance))
    offset = torch.arange(129) - 64
    assert torch.equal(hit[0], torch.hypot(offset[:, None].double(), offset.double()) <= outline)


def test_depth_of_a_small_far_blob_keeps_its_digits():
    mean = torch.tensor([3.0, 1.0, 400.0]).double()
    depth, hit = blob(mean, 0.01 * torch.eye(3).double()).depth(WHOLE, SIGMAS, NEAR)
    row, column = (blob(mean, torch.eye(3).double()).centres()[0].flip(0).long()).tolist()
    expected, _ = front_of_ellipsoid(ray(column + 0.5, row + 0.5), mean, 0.01 * torch.eye(3).double())
    assert depth[0, row, column].item() == pytest.approx(expected, rel=1e-5)
    assert hit.sum() <= 1


def test_an_ellipsoid_around_the_camera_is_as_near_as_can_be():
    depth, hit = blob([0.0, 0.0, 0.5], torch.eye(3).double()).depth(WHOLE, SIGMAS, NEAR)
    assert hit.all()
    assert (depth == NEAR).all()


def test_an_ellipsoid_behind_the_camera_is_not_hit():
    _, hit = blob([0.0, 0.0, -5.0], torch.eye(3).double()).depth(WHOLE, SIGMAS, NEAR)
    assert not hit.any()


@pytest.mark.parametrize("seed", range(4))
def test_screen_covariance_equals_the_numerical_jacobian(seed):
    camera = turned(-20, 12, (0.5, 0.3, -1.0))
    mean, covariance = torch.tensor([0.4, -0.8, 5.0]).double(), random_covariance(seed)

    def projected(point):
        homogeneous = LENS @ local(point[None], camera)[0]
        return homogeneous[:2] / homogeneous[2]

    step = 1e-5
    columns = [
        (projected(mean + step * axis) - projected(mean - step * axis)) / (2 * step) for axis in torch.eye(3).double()
    ]
    jacobian = torch.stack(columns, dim=1)
    expected = jacobian @ covariance @ jacobian.T + SCREEN_VARIANCE * torch.eye(2)
    made = blob(mean, covariance, camera)
    torch.testing.assert_close(made.screen_covariances()[0], expected, rtol=1e-7, atol=1e-9)
    torch.testing.assert_close(made.centres()[0], projected(mean))


@pytest.mark.parametrize("mean", [[0.2, -0.3, 5.0], [-4.0, 0.5, 5.0], [0.001, 0.002, 60.0]])
def test_opacity_is_the_density_over_its_maximum_in_the_picture(mean):
    """The second blob's centre is outside of the picture, the third is smaller than a pixel."""
    made = blob(mean, torch.diag(torch.tensor([0.09, 0.5, 0.16]).double()))
    u, v = torch.arange(WIDTH).double() + 0.5, torch.arange(HEIGHT).double() + 0.5
    places = torch.stack(torch.meshgrid(u, v, indexing="xy"), -1)
    normal = torch.distributions.MultivariateNormal(made.centres()[0], made.screen_covariances()[0])
    density = normal.log_prob(places)
    density = (density - density.max()).exp()
    expected = ((density - 0.003) / (1 - 0.003)).clamp(0, 1)
    opacity = made.opacity(WHOLE, 0.003)
    torch.testing.assert_close(opacity[0].double(), expected, rtol=1e-4, atol=1e-5)
    assert opacity.max() == 1.0


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("threshold", [0.0, 0.003, 0.5])
def test_nothing_of_a_blob_lies_outside_of_its_window(seed, threshold):
    """Means before and beside the camera, thin and thick ones, some of them around it; two frames share a window."""
    random = torch.Generator().manual_seed(seed)
    means = torch.tensor([[-7.0, -5.0, 0.3], [6.0, 6.0, 9.0]]).double()
    means = means[0] + torch.rand(2, 3, generator=random).double() * (means[1] - means[0])
    thin = random_covariance(seed, 0.02 if seed % 3 else 1.5) * torch.rand(1, generator=random).double()
    made = Blobs.seen_from(means, thin.expand(2, 3, 3), AT_ORIGIN.expand(2, 4, 4), LENS.expand(2, 3, 3))
    window = made.window(HEIGHT, WIDTH, threshold, SIGMAS)
    outside = torch.ones(HEIGHT, WIDTH, dtype=torch.bool)
    outside[window] = False
    opacity, (depth, hit) = made.opacity(WHOLE, threshold), made.depth(WHOLE, SIGMAS, NEAR)
    assert not (opacity > 0.0)[:, outside].any()
    assert not hit[:, outside].any()
    assert torch.equal(made.opacity(window, threshold), opacity[:, window[0], window[1]])
    inside = made.depth(window, SIGMAS, NEAR)
    assert torch.equal(inside[0], depth[:, window[0], window[1]])
    assert torch.equal(inside[1], hit[:, window[0], window[1]])


def test_the_window_of_a_small_blob_is_small():
    rows, columns = blob([0.0, 0.0, 10.0], 0.04 * torch.eye(3).double()).window(HEIGHT, WIDTH, 0.003, SIGMAS)
    # 3.4 standard deviations of 0.5 pixels around (14.2, 10.3), and up to two pixels more.
    assert (columns.start, columns.stop, rows.start, rows.stop) == (11, 17, 7, 14)


def test_in_sight_by_depth_and_margin():
    means = [[0, 0, 5.0], [0, 0, 0.19], [0, 0, -5.0], [12.5, 0, 5.0], [15.0, 0, 5.0], [0, -12.0, 5.0]]
    covariance = torch.eye(3).double()
    seen = [blob(mean, covariance).in_sight(HEIGHT, WIDTH, NEAR, 50.0).item() for mean in means]
    # u = 14.2 + 25 * x / 5: 76.7 is 46.7 pixels outside, 89.2 is 59.2 outside; v = 10.3 - 64.8 is 54.5 outside.
    assert seen == [True, False, False, True, False, False]
