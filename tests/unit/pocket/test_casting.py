"""Depth and instances against plain float64 geometry, one ray and one solid at a time."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import linprog

from shared_world.pocket import car_shape
from shared_world.pocket.car_shape import Cars
from shared_world.pocket.render import render_views, sample_offsets
from shared_world.pocket.town import FIRST_CAR, GROUND, SKY
from shared_world.pocket.views import Views
from shared_world.world.poses import pitch_rotation, rigid, yaw_rotation
from shared_world.world.rigs import pinhole_intrinsics

from .scenes import crossroads

HEIGHT, WIDTH = 24, 36


def ray_box(origin, direction, low, high):
    near, far = -math.inf, math.inf
    for axis in range(3):
        if direction[axis] == 0.0:
            if not low[axis] <= origin[axis] <= high[axis]:
                return math.inf
            continue
        first = (low[axis] - origin[axis]) / direction[axis]
        second = (high[axis] - origin[axis]) / direction[axis]
        near, far = max(near, min(first, second)), min(far, max(first, second))
    return near if 0.0 < near <= far else math.inf


def ray_ellipsoid(origin, direction, centre, radii):
    o = [(origin[axis] - centre[axis]) / radii[axis] for axis in range(3)]
    d = [direction[axis] / radii[axis] for axis in range(3)]
    roots = np.roots([np.dot(d, d), 2.0 * np.dot(o, d), np.dot(o, o) - 1.0])
    if np.iscomplex(roots).any() or roots.real.min() <= 0.0:
        return math.inf
    return float(roots.real.min())


def ray_convex(origin, direction, planes):
    """The smallest depth at which all plane inequalities hold, as a linear programme in one unknown."""
    slopes = [float(np.dot(plane[:3], direction)) for plane in planes]
    room = [float(plane[3] - np.dot(plane[:3], origin)) for plane in planes]
    result = linprog([1.0], A_ub=np.array(slopes)[:, None], b_ub=room, bounds=[(0.0, None)])
    return float(result.x[0]) if result.status == 0 and result.x[0] > 0.0 else math.inf


def ray_axle(origin, direction, axle):
    o = [origin[0], origin[1] + car_shape.WHEEL_RADIUS, origin[2] - axle]
    found = math.inf
    a = direction[1] ** 2 + direction[2] ** 2
    b = 2.0 * (o[1] * direction[1] + o[2] * direction[2])
    c = o[1] ** 2 + o[2] ** 2 - car_shape.WHEEL_RADIUS**2
    if b * b - 4.0 * a * c >= 0.0:
        depth = (-b - math.sqrt(b * b - 4.0 * a * c)) / (2.0 * a)
        if depth > 0.0 and abs(o[0] + depth * direction[0]) <= car_shape.HALF_TRACK:
            found = depth
    for end in (-car_shape.HALF_TRACK, car_shape.HALF_TRACK):
        depth = (end - o[0]) / direction[0]
        if 0.0 < depth < found and math.hypot(o[1] + depth * direction[1], o[2] + depth * direction[2]) <= (
            car_shape.WHEEL_RADIUS
        ):
            found = depth
    return found


def first_hit(town, car_pose, origin, direction):
    hits = [(math.inf, SKY)]
    if direction[1] > 0.0:
        hits.append((-origin[1] / direction[1], GROUND))
    for low, high, instance in zip(
        town.box_low.tolist(), town.box_high.tolist(), town.box_instance.tolist(), strict=True
    ):
        hits.append((ray_box(origin, direction, low, high), instance))
    for centre, radii, instance in zip(
        town.crown_centre.tolist(), town.crown_radius.tolist(), town.crown_instance.tolist(), strict=True
    ):
        hits.append((ray_ellipsoid(origin, direction, centre, radii), instance))
    rotation, position = car_pose[:3, :3].numpy(), car_pose[:3, 3].numpy()
    o, d = rotation.T @ (np.array(origin) - position), rotation.T @ np.array(direction)
    if ray_box(o, d, car_shape.LOW, car_shape.HIGH) < math.inf:
        solids = (car_shape.BODY_PLANES, car_shape.CABIN_PLANES)
        hits += [(ray_convex(o, d, planes.double().numpy()), FIRST_CAR) for planes in solids]
        hits += [(ray_axle(o, d, axle), FIRST_CAR) for axle in car_shape.AXLES]
    return min(hits)


def cameras(level: bool):
    """Views of a street with a car, and the pose of the car."""
    random = np.random.default_rng(5)
    poses = []
    for number in range(4):
        yaw, pitch = float(random.uniform(-180, 180)), 0.0 if level else float(random.uniform(-35, 20))
        eye = torch.tensor([*random.uniform(-3, 3, 1), -1.6 - 0.7 * number, *random.uniform(-12, -6, 1)])
        poses.append(rigid(yaw_rotation(yaw if number else 10.0) @ pitch_rotation(pitch), eye.double()))
    if not level:  # a camera that lies on its side
        roll = torch.tensor([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
        poses[3][:3, :3] = poses[3][:3, :3] @ roll
    count = len(poses)
    views = Views(
        torch.stack(poses),
        pinhole_intrinsics(WIDTH, HEIGHT, 80.0).expand(count, 3, 3),
        HEIGHT,
        WIDTH,
        torch.zeros(count, dtype=torch.long),
        torch.full((count,), -1),
        count,
    )
    car = rigid(yaw_rotation(35.0), torch.tensor([1.0, 0.0, -3.0], dtype=torch.float64))
    return views, car


@pytest.mark.parametrize("level", [True, False])
def test_depth_and_instances_are_those_of_the_nearest_solid(level):
    town = crossroads()
    views, car = cameras(level)
    pictures = render_views(town, views, Cars(car[None, None], torch.ones(1, 3)), samples=1)
    inverse = torch.linalg.inv(views.intrinsics[0]).numpy()
    random = np.random.default_rng(1)
    wrong, cars, kinds = [], 0, set()
    for view in range(len(views)):
        pose = views.extrinsics[view].numpy()
        for row, column in zip(random.integers(HEIGHT, size=60), random.integers(WIDTH, size=60), strict=True):
            direction = pose[:3, :3] @ inverse @ np.array([column + 0.5, row + 0.5, 1.0])
            depth, instance = first_hit(town, car, pose[:3, 3].tolist(), direction.tolist())
            given = float(pictures.depth[view, row, column]), int(pictures.instances[view, row, column])
            cars += instance == FIRST_CAR
            kinds.add(instance)
            agrees = given[0] == depth or abs(given[0] - depth) <= 1e-4 * depth + 1e-4
            if not agrees or given[1] != instance:
                wrong.append((view, row, column, given, (depth, instance)))
    # A ray through the very edge of something may fall on either side in float32.
    assert len(wrong) <= 1, wrong
    assert cars >= 3
    assert {SKY, GROUND} <= kinds
    assert len(kinds) > 6


def test_what_is_rendered_together_makes_no_difference():
    town = crossroads()
    views, car = cameras(level=True)
    cars = Cars(car[None, None], torch.ones(1, 3))
    together = render_views(town, views, cars, samples=3)
    alone = render_views(town, views, cars, samples=3, rays_at_a_time=1)
    assert torch.equal(together.depth, alone.depth)
    assert torch.equal(together.instances, alone.instances)
    torch.testing.assert_close(together.rgb, alone.rgb, rtol=0.0, atol=2e-5)


@pytest.mark.parametrize("samples", [1, 2, 4, 5, 9, 16])
def test_samples_are_spread_evenly_around_the_centre(samples):
    points = np.array(sample_offsets(samples))
    np.testing.assert_allclose(points.mean(0), 0.5, atol=1e-12)
    for axis in (0, 1):
        cells = np.sort(np.floor(points[:, axis] * samples + 1e-9))
        np.testing.assert_array_equal(cells, np.arange(samples))


def test_many_samples_equal_a_larger_picture_made_smaller():
    town = crossroads()
    views, _ = cameras(level=True)
    few = render_views(town, views, samples=25).rgb
    scale = torch.tensor([[5.0], [5.0], [1.0]], dtype=torch.float64)
    large = Views(
        views.extrinsics, views.intrinsics * scale, 5 * HEIGHT, 5 * WIDTH, views.frames, views.owners, views.run
    )
    many = render_views(town, large, samples=1).rgb.unflatten(1, (HEIGHT, 5)).unflatten(3, (WIDTH, 5)).mean((2, 4))
    error = (few - many).abs().mean()
    shifted = (few[:, :, 1:] - many[:, :, :-1]).abs().mean()
    assert error < 0.01
    assert error < 0.2 * shifted


def test_an_unusable_number_of_samples_is_refused():
    with pytest.raises(ValueError, match="at least one sample, given 0"):
        sample_offsets(0)
