"""Between pixels with depth and points in the world.

Pixels are areas: pixel (row j, column i) covers u in [i, i + 1) and v in [j, j + 1), its centre is (i + 0.5, j + 0.5).
Depth is in metres along the camera's z axis.
"""

import torch
from torch import Tensor

from ..poses import inverse


def usable_depth(depth: Tensor) -> Tensor:
    """Where depth is a distance: finite and positive. Zero, infinity and NaN stand for "unknown" or "sky"."""
    return torch.isfinite(depth) & (depth > 0.0)


def unproject(depth: Tensor, extrinsics: Tensor, intrinsics: Tensor) -> Tensor:
    """Points (..., height, width, 3) in the world at the pixel centres of depth maps.

    Args:
        depth: (..., height, width); pixels that are not `usable_depth` give points that mean nothing.
        extrinsics: (..., 4, 4) camera-to-world.
        intrinsics: (..., 3, 3) in pixels of the depth map.

    Returns:
        In the type and on the device of `depth`; rays are computed in double precision.
    """
    height, width = depth.shape[-2:]
    to_world = extrinsics[..., :3, :3].double() @ torch.linalg.inv(intrinsics.double())
    u = torch.arange(width, dtype=torch.float64, device=to_world.device) + 0.5
    v = torch.arange(height, dtype=torch.float64, device=to_world.device) + 0.5
    right, down, ahead = (to_world[..., None, None, :, axis] for axis in range(3))
    directions = (right * u[:, None] + (down * v[:, None, None] + ahead)).to(depth)
    return extrinsics[..., None, None, :3, 3].to(depth) + depth[..., None] * directions


def unproject_chosen(depth: Tensor, chosen: Tensor, extrinsics: Tensor, intrinsics: Tensor) -> tuple[Tensor, Tensor]:
    """The points of some pixels alone, in double precision whatever the depth's is.

    Args:
        depth: (frames, height, width).
        chosen: same shape, bool, which pixels.
        extrinsics: (frames, 4, 4) camera-to-world.
        intrinsics: (frames, 3, 3) in pixels of the depth map.

    Returns:
        (points,) frame of each point, rising, and (points, 3) float64 in the world, on the device of `depth`.
    """
    frame, row, column = chosen.nonzero(as_tuple=True)
    to_world = (extrinsics[:, :3, :3].double() @ torch.linalg.inv(intrinsics.double())).to(depth.device)
    right, down, ahead = (to_world[frame, :, axis] for axis in range(3))
    directions = right * (column.double() + 0.5)[:, None] + down * (row.double() + 0.5)[:, None] + ahead
    start = extrinsics[:, :3, 3].double().to(depth.device)[frame]
    return frame, start + depth[frame, row, column].double()[:, None] * directions


def project(points: Tensor, extrinsics: Tensor, intrinsics: Tensor) -> tuple[Tensor, Tensor]:
    """Where points fall in a picture.

    Args:
        points: (..., points, 3) in the world.
        extrinsics: (..., 4, 4) camera-to-world.
        intrinsics: (..., 3, 3) in pixels.

    Returns:
        (..., points, 2) u and v in pixels, and (..., points) depth. Points with depth <= 0 are behind the camera; their
        u and v mean nothing.
    """
    matrix, offset = camera_matrices(extrinsics, intrinsics)
    homogeneous = points @ matrix.mT.to(points) + offset[..., None, :].to(points)
    return homogeneous[..., :2] / homogeneous[..., 2:], homogeneous[..., 2]


def camera_matrices(extrinsics: Tensor, intrinsics: Tensor) -> tuple[Tensor, Tensor]:
    """(..., 3, 3) and (..., 3), float64: matrix @ point + offset is depth * (u, v, 1)."""
    to_camera = inverse(extrinsics.double())
    lens = intrinsics.double()
    return lens @ to_camera[..., :3, :3], (lens @ to_camera[..., :3, 3:]).squeeze(-1)
