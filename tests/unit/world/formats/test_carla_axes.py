import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytransform3d.rotations import active_matrix_from_angle

from shared_world.tests.unit.world.formats.random_worlds import random_poses
from shared_world.world.formats.carla_axes import (
    from_opencv,
    horizontal_fov,
    location_and_rotation,
    to_opencv,
    transform_matrix,
)
from shared_world.world.poses import check_poses, heading
from shared_world.world.rigs import pinhole_intrinsics

angles = st.floats(-720.0, 720.0)
metres = st.floats(-1000.0, 1000.0)


def one_transform(location, rotation):
    return transform_matrix(torch.tensor(location, dtype=torch.float64), torch.tensor(rotation, dtype=torch.float64))


@settings(deadline=None)
@given(location=st.tuples(metres, metres, metres), rotation=st.tuples(angles, angles, angles))
def test_matrix_is_that_of_carla(location, rotation):
    carla = pytest.importorskip("carla")
    expected = carla.Transform(carla.Location(*location), carla.Rotation(*rotation)).get_matrix()
    # CARLA computes in float32, angles of several turns included.
    np.testing.assert_allclose(one_transform(location, rotation), expected, atol=2e-5, rtol=1e-6)


@settings(deadline=None)
@given(rotation=st.tuples(angles, angles, angles))
def test_matrix_is_three_turns_about_the_axes(rotation):
    pitch, yaw, roll = np.deg2rad(rotation)
    expected = (
        active_matrix_from_angle(2, yaw) @ active_matrix_from_angle(1, -pitch) @ active_matrix_from_angle(0, -roll)
    )
    np.testing.assert_allclose(one_transform((0, 0, 0), rotation)[:3, :3], expected, atol=1e-12)


@pytest.mark.parametrize(
    ("rotation", "local", "world"),
    [
        ((0, 90, 0), (1, 0, 0), (0, 1, 0)),  # yaw +90: the nose points right
        ((90, 0, 0), (1, 0, 0), (0, 0, 1)),  # pitch +90: the nose points up
        ((0, 0, 90), (0, 1, 0), (0, 0, -1)),  # roll +90: the right side points down
    ],
)
def test_signs_of_the_angles(rotation, local, world):
    turned = one_transform((0, 0, 0), rotation)[:3, :3] @ torch.tensor(local).double()
    np.testing.assert_allclose(turned, world, atol=1e-15)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_change_of_axes_only_renames_coordinates(seed):
    matrices = random_poses(5, seed=seed)
    points = torch.randn(5, 3, dtype=torch.float64)
    world = (matrices[:, :3, :3] @ points[..., None])[..., 0] + matrices[:, :3, 3]

    def renamed(carla_points):
        forward, right, up = carla_points.unbind(-1)
        return torch.stack([right, -up, forward], dim=-1)

    poses = to_opencv(matrices)
    check_poses(poses, "renamed")
    ours = (poses[:, :3, :3] @ renamed(points)[..., None])[..., 0] + poses[:, :3, 3]
    np.testing.assert_allclose(ours, renamed(world), atol=1e-12)
    assert torch.equal(from_opencv(poses), matrices)


def test_positive_yaw_turns_right_in_our_world():
    poses = to_opencv(
        transform_matrix(torch.zeros(3, 3).double(), torch.tensor([[0, 0, 0], [0, 90, 0], [0, -30, 0]]).double())
    )
    np.testing.assert_allclose(heading(poses), [0.0, 90.0, -30.0], atol=1e-12)


@settings(deadline=None)
@given(
    location=st.tuples(metres, metres, metres),
    rotation=st.tuples(st.floats(-90, 90), st.floats(-180, 180), st.floats(-180, 180)),
)
def test_angles_give_their_matrix_back(location, rotation):
    matrix = one_transform(location, rotation)
    again = transform_matrix(*location_and_rotation(matrix))
    np.testing.assert_allclose(again, matrix, atol=1e-7)


@pytest.mark.parametrize("pitch", [90.0, -90.0])
def test_straight_up_and_down_need_no_roll(pitch, recwarn):
    matrix = one_transform((1, 2, 3), (pitch, 40, 10))
    location, rotation = location_and_rotation(matrix)
    np.testing.assert_allclose(transform_matrix(location, rotation), matrix, atol=1e-9)
    np.testing.assert_allclose(rotation[[0, 2]], [pitch, 0], atol=1e-6)
    assert not recwarn.list


@pytest.mark.parametrize("fov", [20.0, 90.0, 120.0])
def test_field_of_view_spans_the_width(fov):
    intrinsics = pinhole_intrinsics(720, 480, fov)
    assert horizontal_fov(intrinsics, 720).item() == pytest.approx(fov, rel=1e-14)
    left, right = (torch.linalg.inv(intrinsics) @ torch.tensor([u, 240.0, 1.0]).double() for u in (0.0, 720.0))
    cosine = torch.dot(left, right) / (left.norm() * right.norm())
    assert torch.rad2deg(torch.acos(cosine)).item() == pytest.approx(fov, rel=1e-12)
