"""Metric scale of monocular depth, from one thing that is known in metres.

Monocular depth and the camera path that belongs to it are often right only up to a factor. The functions return it:
multiply the depth and the translations of the camera poses by it.
"""

import logging
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .masks import match_size
from .projection import unproject, usable_depth

logger = logging.getLogger(__name__)

HYPOTHESES = 512
"""Planes that are tried."""

POINTS = 20000
"""Points that vote."""

TOLERANCE = 0.02
"""Distance from the plane, relative to the depth, up to which a point lies on it."""

STEEPEST = 45.0
"""Degrees between the ground's normal and the camera's vertical axis up to which a plane can be the ground."""

FEWEST = 0.2
"""Share of the points that must lie on the ground for it to count as found."""

REFINEMENTS = 8

Array = NDArray[np.float64]


def scale_from_camera_height(
    depth: Tensor, intrinsics: Tensor, camera_height: float, ground: Tensor | None = None
) -> float:
    """Factor that puts the camera at its known height above the ground.

    The ground is the plane on which most points of the lower half of the picture lie (RANSAC with a fixed seed, then
    least squares).

    Args:
        depth: (height, width) of one picture, up to scale.
        intrinsics: (3, 3) in pixels of the depth map.
        camera_height: metres above the ground.
        ground: (height, width) mask of the ground, bool or 0..1, in place of the lower half.

    Raises:
        ValueError: if the height is not positive, there is hardly any depth, or no plane below the camera is found.
    """
    if not 0.0 < camera_height < float("inf"):
        raise ValueError(f"The camera height must be positive metres, given {camera_height}.")
    chosen = usable_depth(depth)
    if ground is None:
        chosen = chosen & (torch.arange(len(depth), device=depth.device) >= len(depth) // 2)[:, None]
    else:
        chosen = chosen & match_size(ground[None], depth.shape[0], depth.shape[1], "ground")[0].to(depth.device)
    camera = torch.eye(4, dtype=torch.float64, device=depth.device)
    points = unproject(depth.double(), camera, intrinsics)[chosen].cpu().numpy()
    if len(points) < 100:
        raise ValueError(f"Only {len(points)} pixels of the ground have depth, 100 are needed; give a larger mask.")
    height = _height_above_plane(points[:: max(1, len(points) // POINTS)])
    return camera_height / height


def _height_above_plane(points: Array) -> float:
    random = np.random.default_rng(0)
    corners = points[random.integers(len(points), size=(HYPOTHESES, 3))]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    normals = normals[lengths > 0.0] / lengths[lengths > 0.0, None]
    offsets = np.einsum("ij,ij->i", normals, corners[lengths > 0.0, 0])
    # The camera's y axis points down, and so must the normal on the side where the ground is.
    normals, offsets = normals * np.sign(offsets)[:, None], np.abs(offsets)
    below = normals[:, 1] >= np.cos(np.radians(STEEPEST))
    normals, offsets = normals[below], offsets[below]
    allowed = TOLERANCE * points[:, 2]
    votes = (np.abs(points @ normals.T - offsets) <= allowed[:, None]).sum(0)
    if votes.size == 0 or votes.max() < FEWEST * len(points):
        raise ValueError(
            "No ground is found below the camera: fewer than "
            f"{FEWEST:.0%} of the points lie on one level plane; give a mask of the ground."
        )
    best = int(votes.argmax())
    return _refined_height(points, normals[best] / offsets[best])


def _refined_height(points: Array, plane: Array) -> float:
    """Distance from the origin of the plane n . p = 1 through the ground, given its n up to the tolerance.

    The tolerance shrinks to what the ground itself needs, so that the feet of walls no longer tilt the plane.
    """
    tolerance = TOLERANCE
    for _ in range(REFINEMENTS):
        off = np.abs(points @ plane - 1.0) / (np.linalg.norm(plane) * points[:, 2])
        ground = points[off <= tolerance]
        tolerance = min(tolerance, max(3.0 * 1.4826 * float(np.median(off[off <= tolerance])), 1e-6))
        # Rows are rays, which are exact; only 1 / depth on the right is measured.
        plane = np.linalg.lstsq(ground / ground[:, 2:], 1.0 / ground[:, 2], rcond=None)[0]
    return float(1.0 / np.linalg.norm(plane))


def scale_from_distance(
    depth: Tensor, intrinsics: Tensor, pixels: Sequence[tuple[float, float]], distance: float
) -> float:
    """Factor that makes a distance in the picture what it is known to be.

    Args:
        depth: (height, width) of one picture, up to scale.
        intrinsics: (3, 3) in pixels of the depth map.
        pixels: one (u, v): the distance from the camera to what is seen there. Two: the distance between both.
        distance: metres.

    Raises:
        ValueError: if a pixel lies outside of the picture or has no depth, or the distance is not positive.
    """
    if not 0.0 < distance < float("inf"):
        raise ValueError(f"The known distance must be positive metres, given {distance}.")
    if len(pixels) not in (1, 2):
        raise ValueError(f"A distance needs one pixel or two, given {len(pixels)}.")
    height, width = depth.shape
    ends = [torch.zeros(3, dtype=torch.float64)]
    for u, v in pixels:
        if not (0.0 <= u < width and 0.0 <= v < height):
            raise ValueError(f"The pixel ({u:g}, {v:g}) lies outside of the picture of {width}x{height}.")
        z = depth[int(v), int(u)].double().cpu()
        if not usable_depth(z):
            raise ValueError(f"The pixel ({u:g}, {v:g}) has no depth ({z.item():g}); choose another one.")
        ray = torch.linalg.inv(intrinsics.double().cpu()) @ torch.tensor([u, v, 1.0], dtype=torch.float64)
        ends.append(z * ray)
    measured = torch.linalg.vector_norm(ends[-1] - ends[-2 if len(pixels) == 2 else 0]).item()
    if measured == 0.0:
        raise ValueError(f"Both pixels are the same point {pixels[0]}; choose two that are apart.")
    return distance / measured
