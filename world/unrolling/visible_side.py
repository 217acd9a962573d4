"""How far the middle of a body lies behind the side of it that a camera sees."""

import torch
from torch import Tensor

from ..poses import inverse

CELLS = 16
"""Points per edge of a face."""

NEAREST = 0.05
"""Metres before the camera from which on a point of a body counts."""


def visible_mean(
    centres: Tensor,
    rotations: Tensor,
    size: tuple[float, float, float],
    extrinsics: Tensor,
    intrinsics: Tensor,
    picture: tuple[int, int],
) -> Tensor:
    """Mean of the points that the pixels of a box show, (frames, 3) float64 metres in the world frame.

    The faces are sampled; a sample counts as much as the pixels it takes up, f^2 (n . d) / z^3 per area. Samples
    outside of the picture do not count, so that a box that is cut off by the edge is treated as the pixels are. What
    stands before the box is not known.

    Args:
        centres: (frames, 3) of the box.
        rotations: (frames, 3, 3) from the box to the world.
        size: (width, height, length) in metres along its axes.
        extrinsics: (frames, 4, 4) camera-to-world.
        intrinsics: (frames, 3, 3) in pixels.
        picture: (height, width) in pixels.
    """
    places, normals, areas = _faces(size)
    to_camera = inverse(extrinsics.double())
    rotation = to_camera[:, :3, :3] @ rotations.double()
    middle = (to_camera[:, :3, :3] @ centres.double()[..., None] + to_camera[:, :3, 3:]).mT
    points = places @ rotation.mT + middle
    facing = -((normals @ rotation.mT) * points).sum(-1)
    depth = points[..., 2]
    counts = (facing > 0.0) & (depth > NEAREST)
    pixels = points @ intrinsics.double().mT
    u, v = pixels[..., 0] / depth, pixels[..., 1] / depth
    inside = counts & (u >= 0.0) & (u < picture[1]) & (v >= 0.0) & (v < picture[0])
    # A box that is nowhere in the picture is treated as if the picture were larger.
    inside = torch.where(inside.any(1, keepdim=True), inside, counts)
    weights = torch.where(inside, areas * facing / depth.clamp(min=NEAREST) ** 3, 0.0)
    total = weights.sum(1, keepdim=True)
    seen = (weights[..., None] * points).sum(1) / total.clamp(min=1e-300)
    seen = torch.where(total > 0.0, seen, middle[:, 0])
    return (extrinsics.double()[:, :3, :3] @ seen[..., None]).squeeze(-1) + extrinsics.double()[:, :3, 3]


def _faces(size: tuple[float, float, float]) -> tuple[Tensor, Tensor, Tensor]:
    """Samples (samples, 3) in metres from the centre, outward normals (samples, 3) and areas (samples,)."""
    edge = (torch.arange(CELLS, dtype=torch.float64) + 0.5) / CELLS - 0.5
    across, along = (axis.flatten() for axis in torch.meshgrid(edge, edge, indexing="ij"))
    extent = torch.tensor(size, dtype=torch.float64)
    places, normals, areas = [], [], []
    for axis in range(3):
        others = [other for other in range(3) if other != axis]
        for side in (-0.5, 0.5):
            face = torch.full((CELLS * CELLS, 3), side, dtype=torch.float64)
            face[:, others[0]], face[:, others[1]] = across, along
            normal = torch.zeros_like(face)
            normal[:, axis] = 2.0 * side
            places.append(face * extent)
            normals.append(normal)
            areas.append((extent[others].prod() / CELLS**2).expand(CELLS * CELLS))
    return torch.cat(places), torch.cat(normals), torch.cat(areas)
