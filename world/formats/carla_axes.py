"""CARLA's transforms and lenses, and their change to OpenCV axes.

CARLA is left-handed: x forward, y right, z up; metres, degrees. `Rotation(pitch, yaw, roll)`: positive yaw turns to the
RIGHT (clockwise seen from above), positive pitch lifts the nose, positive roll lowers the right side.
"""

import math
import warnings

import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from ..poses import rigid
from ..rebasing import CAMERA_TO_OPENCV

OPENCV_FROM_CARLA = CAMERA_TO_OPENCV["unreal"]
"""P of the change of axes: right = y, down = -z, forward = x. Its determinant is -1."""


def transform_matrix(location: Tensor, rotation: Tensor) -> Tensor:
    """What `carla.Transform.get_matrix()` gives: (..., 4, 4) local-to-world in CARLA's axes.

    Args:
        location: (..., 3) x, y, z in metres.
        rotation: (..., 3) pitch, yaw, roll in degrees.
    """
    pitch, yaw, roll = rotation.reshape(-1, 3).unbind(-1)
    turns = Rotation.from_euler("ZYX", torch.stack([yaw, -pitch, -roll], dim=-1).numpy(), degrees=True)
    matrices = torch.from_numpy(turns.as_matrix()).reshape(*rotation.shape[:-1], 3, 3)
    return rigid(matrices, location)


def location_and_rotation(matrices: Tensor) -> tuple[Tensor, Tensor]:
    """Inverse of `transform_matrix`: (..., 3) location and (..., 3) pitch, yaw, roll with pitch within -90..90.

    Looking straight up or down, yaw and roll turn about the same axis; the turn is then given as yaw alone.
    """
    turns = Rotation.from_matrix(matrices[..., :3, :3].reshape(-1, 3, 3).numpy())
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Gimbal lock", category=UserWarning)
        angles = turns.as_euler("ZYX", degrees=True)
    yaw, pitch, roll = torch.from_numpy(angles).unbind(-1)
    rotation = torch.stack([-pitch, yaw, -roll], dim=-1).reshape(*matrices.shape[:-2], 3)
    return matrices[..., :3, 3], rotation


def to_opencv(matrices: Tensor) -> Tensor:
    """Local-to-world in OpenCV axes of (..., 4, 4) in CARLA's: P R P^T and P t, so the world's axes change too.

    Changing the camera's axes alone would leave a left-handed world (determinant -1).
    """
    change = OPENCV_FROM_CARLA
    return rigid(change @ matrices[..., :3, :3] @ change.T, matrices[..., :3, 3] @ change.T)


def from_opencv(poses: Tensor) -> Tensor:
    """Inverse of `to_opencv`."""
    change = OPENCV_FROM_CARLA
    return rigid(change.T @ poses[..., :3, :3] @ change, poses[..., :3, 3] @ change)


def horizontal_fov(intrinsics: Tensor, width: int) -> Tensor:
    """Degrees (...) over the whole width of pinhole matrices (..., 3, 3) in pixels: 2 atan(W / (2 fx))."""
    return torch.rad2deg(2.0 * torch.atan(width / (2.0 * intrinsics[..., 0, 0])))


def is_centred_square(intrinsics: Tensor, width: int, height: int) -> bool:
    """Whether a CARLA camera can have these (..., 3, 3) matrices: fx = fy, principal point in the middle, no skew."""
    focal = intrinsics[..., 0, 0]
    expected = torch.zeros_like(intrinsics)
    expected[..., 0, 0] = expected[..., 1, 1] = focal
    expected[..., 0, 2], expected[..., 1, 2], expected[..., 2, 2] = width / 2.0, height / 2.0, 1.0
    return bool(torch.allclose(intrinsics, expected, rtol=1e-6, atol=1e-6 * math.hypot(width, height)))
