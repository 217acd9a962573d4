import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytransform3d.transformations import invert_transform
from scipy.spatial.transform import Rotation

from shared_world.world.poses import check_poses, heading, inverse, pitch_rotation, rigid, yaw_rotation

angles = st.floats(-720.0, 720.0)


def random_poses(count: int = 6) -> torch.Tensor:
    rotations = torch.from_numpy(Rotation.random(count, random_state=3).as_matrix())
    positions = torch.from_numpy(np.random.default_rng(4).normal(size=(count, 3)) * 50.0)
    return rigid(rotations, positions)


def test_rigid_poses_pass_even_when_written_with_four_decimals():
    check_poses((random_poses() * 1e4).round() / 1e4, "agent 'red'")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_value_that_is_not_finite_is_named_with_its_frame_and_place(value):
    poses = random_poses()
    poses[4, 1, 3] = value
    with pytest.raises(ValueError, match=rf"agent 'red', frame 4: the pose holds {value} at row 1, column 3"):
        check_poses(poses, "agent 'red'")


def test_a_transposed_pose_is_refused_with_its_last_row():
    poses = random_poses()
    poses[2] = poses[2].T.clone()
    with pytest.raises(ValueError, match=r"agent 'red', frame 2: the last row .* given \[.*\]; .* transposed"):
        check_poses(poses, "agent 'red'")


def test_a_scaled_rotation_is_refused_with_the_deviation():
    poses = random_poses()
    poses[1, :3, :3] *= 1.01
    with pytest.raises(
        ValueError, match=r"agent 'red', frame 1: .* not orthonormal \(off by 0\.0201, allowed 0\.001\)"
    ):
        check_poses(poses, "agent 'red'")


def test_a_sheared_rotation_is_refused():
    poses = random_poses()
    poses[3, 0, 1] += 0.01
    with pytest.raises(ValueError, match=r"agent 'red', frame 3: .* not orthonormal"):
        check_poses(poses, "agent 'red'")


def test_a_left_handed_rotation_is_refused():
    poses = random_poses()
    poses[5, :3, 0] *= -1.0
    with pytest.raises(ValueError, match=r"agent 'red', frame 5: .* left-handed \(determinant -1, expected \+1\)"):
        check_poses(poses, "agent 'red'")


@pytest.mark.parametrize("shape", [(4, 4), (2, 3, 4), (1, 2, 4, 4)])
def test_another_shape_is_refused_with_the_shape(shape):
    message = rf"rig: poses must have shape \(views, 4, 4\), given \({', '.join(map(str, shape))}\)"
    with pytest.raises(ValueError, match=message):
        check_poses(torch.zeros(shape), "rig", item="view")


def test_the_items_of_a_rig_are_called_views():
    poses = random_poses()
    poses[2, 0, 0] = float("nan")
    with pytest.raises(ValueError, match="rig, view 2"):
        check_poses(poses, "rig", item="view")


def test_inverse_agrees_with_pytransform3d_for_any_leading_axes():
    poses = random_poses()
    expected = np.stack([invert_transform(pose) for pose in poses.numpy()])
    np.testing.assert_allclose(inverse(poses), expected, atol=1e-12)
    np.testing.assert_array_equal(inverse(poses.reshape(2, 3, 4, 4)), inverse(poses).reshape(2, 3, 4, 4))


@settings(deadline=None)
@given(degrees=angles)
def test_yaw_is_a_rotation_about_y(degrees):
    expected = Rotation.from_euler("y", degrees, degrees=True).as_matrix()
    np.testing.assert_allclose(yaw_rotation(degrees), expected, atol=1e-12)


@settings(deadline=None)
@given(degrees=angles)
def test_pitch_is_a_rotation_about_x(degrees):
    expected = Rotation.from_euler("x", degrees, degrees=True).as_matrix()
    np.testing.assert_allclose(pitch_rotation(degrees), expected, atol=1e-12)


def test_positive_yaw_turns_right_and_positive_pitch_looks_up():
    forward = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    right, up = [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]
    np.testing.assert_allclose(yaw_rotation(90.0) @ forward, right, atol=1e-12)
    np.testing.assert_allclose(pitch_rotation(90.0) @ forward, up, atol=1e-12)


@settings(deadline=None)
@given(degrees=st.floats(-179.9, 179.9), pitch=st.floats(-80.0, 80.0))
def test_heading_reads_the_yaw_of_a_pitched_pose(degrees, pitch):
    pose = rigid(yaw_rotation(degrees) @ pitch_rotation(pitch), torch.zeros(3, dtype=torch.float64))
    assert heading(pose).item() == pytest.approx(degrees, abs=1e-9)


def test_rigid_broadcasts_one_rotation_over_many_positions():
    positions = torch.arange(12.0, dtype=torch.float64).reshape(4, 3)
    poses = rigid(yaw_rotation(30.0), positions)
    check_poses(poses, "agent 'red'")
    assert torch.equal(poses[:, :3, 3], positions)
    assert torch.equal(poses[2, :3, :3], yaw_rotation(30.0))
