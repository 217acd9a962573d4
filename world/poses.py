"""Rigid poses: checks, inverses and the rotations that have a name.

A pose is a 4x4 matrix that maps points of a camera or an agent to the world: `p_world = pose @ p_local`.
Axes are OpenCV's (x right, y down, z forward), so "up" is -y and the ground plane is x-z.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

ROTATION_TOLERANCE = 1e-3
"""Largest accepted |R R^T - I| entry: files with four decimals stay below it, scaled or sheared matrices do not."""


def _first(mask: Tensor) -> tuple[int, ...]:
    return tuple(int(index) for index in mask.nonzero()[0])


def _place(index: int, item: str, places: Sequence[str] | None) -> str:
    return f"{item} {index}" if places is None else places[index]


def check_poses(poses: Tensor, owner: str, item: str = "frame", places: Sequence[str] | None = None) -> None:
    """Refuse anything that is not a stack of rigid, right-handed poses.

    Args:
        poses: (items, 4, 4) matrices.
        owner: what the poses belong to, for the message ("agent 'red'").
        item: what the first axis counts, for the message ("frame", "view").
        places: one per pose, for messages that name a place in a file instead ("line 3").

    Raises:
        ValueError: naming owner, item and value, if the shape is wrong, a value is not finite, the last row is not
            (0, 0, 0, 1), or the rotation is not orthonormal with determinant +1 within `ROTATION_TOLERANCE`.
    """
    if poses.ndim != 3 or tuple(poses.shape[1:]) != (4, 4):
        raise ValueError(f"{owner}: poses must have shape ({item}s, 4, 4), given {tuple(poses.shape)}.")
    if not torch.isfinite(poses).all():
        index, row, column = _first(~torch.isfinite(poses))
        value = poses[index, row, column].item()
        raise ValueError(
            f"{owner}, {_place(index, item, places)}: the pose holds {value} at row {row}, column {column}; "
            f"remove or interpolate that {item}."
        )

    last_row = poses.new_tensor([0.0, 0.0, 0.0, 1.0])
    wrong_row = (poses[:, 3] - last_row).abs().amax(-1) > ROTATION_TOLERANCE
    if wrong_row.any():
        (index,) = _first(wrong_row)
        raise ValueError(
            f"{owner}, {_place(index, item, places)}: the last row of a pose must be 0 0 0 1, "
            f"given {poses[index, 3].tolist()}; the matrix may be transposed."
        )

    rotation = poses[:, :3, :3]
    deviation = (rotation @ rotation.mT - torch.eye(3, dtype=poses.dtype)).abs().amax((-2, -1))
    # Entries near the largest float overflow to NaN here, which must count as wrong too.
    wrong_rotation = ~(deviation <= ROTATION_TOLERANCE)
    if wrong_rotation.any():
        (index,) = _first(wrong_rotation)
        raise ValueError(
            f"{owner}, {_place(index, item, places)}: the rotation is not orthonormal (off by "
            f"{deviation[index].item():.3g}, allowed {ROTATION_TOLERANCE:g}); remove scale and shear from the matrix."
        )
    left_handed = torch.linalg.det(rotation) < 0
    if left_handed.any():
        (index,) = _first(left_handed)
        raise ValueError(
            f"{owner}, {_place(index, item, places)}: the rotation is left-handed (determinant -1, expected +1); "
            "convert both the world's and the camera's axes, not only one of them."
        )


def inverse(poses: Tensor) -> Tensor:
    """World-to-camera of camera-to-world (and the reverse) for rigid poses (..., 4, 4)."""
    rotation, translation = poses[..., :3, :3].mT, poses[..., :3, 3:]
    inverted = torch.zeros_like(poses)
    inverted[..., :3, :3] = rotation
    inverted[..., :3, 3:] = -rotation @ translation
    inverted[..., 3, 3] = 1.0
    return inverted


def yaw_rotation(degrees: Tensor | float) -> Tensor:
    """Rotation about the y axis, (..., 3, 3) float64; a positive angle turns to the right (forward z towards x)."""
    angle = torch.as_tensor(degrees, dtype=torch.float64) * (math.pi / 180.0)
    cosine, sine = torch.cos(angle), torch.sin(angle)
    zero, one = torch.zeros_like(cosine), torch.ones_like(cosine)
    rows = [cosine, zero, sine, zero, one, zero, -sine, zero, cosine]
    return torch.stack(rows, dim=-1).unflatten(-1, (3, 3))


def pitch_rotation(degrees: Tensor | float) -> Tensor:
    """Rotation about the x axis, (..., 3, 3) float64; a positive angle looks up (forward z towards -y)."""
    angle = torch.as_tensor(degrees, dtype=torch.float64) * (math.pi / 180.0)
    cosine, sine = torch.cos(angle), torch.sin(angle)
    zero, one = torch.zeros_like(cosine), torch.ones_like(cosine)
    rows = [one, zero, zero, zero, cosine, -sine, zero, sine, cosine]
    return torch.stack(rows, dim=-1).unflatten(-1, (3, 3))


def rigid(rotation: Tensor, translation: Tensor) -> Tensor:
    """Pose (..., 4, 4) from a rotation (..., 3, 3) and a translation (..., 3) in metres."""
    # torch.broadcast_shapes would say the same, but it imports SymPy.
    batch = torch.broadcast_tensors(rotation[..., 0], translation)[0].shape[:-1]
    pose = torch.zeros(*batch, 4, 4, dtype=rotation.dtype)
    pose[..., :3, :3] = rotation
    pose[..., :3, 3] = translation
    pose[..., 3, 3] = 1.0
    return pose


def heading(poses: Tensor) -> Tensor:
    """Yaw in degrees (...) of the forward axis over the ground plane: 0 looks along z, +90 along x."""
    forward = poses[..., :3, 2]
    return torch.rad2deg(torch.atan2(forward[..., 0], forward[..., 2]))
