"""Exact intersections of rays with boxes, ellipsoids and convex solids.

Rays come as three components that broadcast together, relative origins as tensors that broadcast with them. Every
function returns the depth at which a ray enters the solid, inf where it misses it, starts inside it or has it behind.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

NEAREST = 1e-3
"""Metres of depth in front of the camera from which surfaces are seen."""

Components = Sequence[Tensor]


def _entered(near: Tensor, far: Tensor) -> Tensor:
    missed = near > far
    missed |= near < NEAREST
    return near.masked_fill_(missed, torch.inf)


def box_depth(low: Tensor, high: Tensor, slopes_xz: Tensor, slopes_y: Tensor) -> Tensor:
    """Axis-aligned boxes.

    Args:
        low, high: (3, views, 1, 1) corners minus ray origins; axes x, z, y.
        slopes_xz: (2, views, rows, columns) 1 / direction in x and z; rows is 1 for level cameras.
        slopes_y: 1 / direction in y; has a single column for level cameras.
    """
    first, second = low[:2] * slopes_xz, high[:2] * slopes_xz
    near, far = torch.minimum(first, second).amax(0), torch.maximum(first, second).amin(0)
    first, second = low[2] * slopes_y, high[2] * slopes_y
    near = torch.maximum(near, torch.minimum(first, second))
    far = torch.minimum(far, torch.maximum(first, second))
    return _entered(near, far)


def ellipsoid_depth(centre: Tensor, radii: Sequence[float], directions: Components) -> Tensor:
    """Ellipsoids with axes along the world's.

    Args:
        centre: (3, views, 1, 1) centre minus ray origins; axes x, z, y.
        radii: along x, y, z.
        directions: of the rays.
    """
    x, y, z = (direction * (1.0 / radius) for direction, radius in zip(directions, radii, strict=True))
    cx, cz, cy = (value * (1.0 / radii[axis]) for value, axis in zip(centre, (0, 2, 1), strict=True))
    square = (x * x + z * z) + y * y
    along = (x * cx + z * cz) + y * cy
    rest = cx * cx + cz * cz + cy * cy - 1.0
    root = along * along - square * rest
    near = (along - torch.sqrt(root.clamp(min=0.0))) / square
    missed = root < 0.0
    missed |= near < NEAREST
    return torch.where(missed, torch.inf, near)


def convex_depth(planes: Tensor, origin: Components, directions: Components) -> Tensor:
    """Convex solids n . p <= c.

    Args:
        planes: (planes, 4) outward normals and offsets, on the CPU.
        origin, directions: of the rays in the frame of the solid.
    """
    near: Tensor | None = None
    far: Tensor | None = None
    for a, b, c, offset in planes.tolist():
        slope = (a * directions[0] + c * directions[2]) + b * directions[1]
        height = offset - ((a * origin[0] + c * origin[2]) + b * origin[1])
        slope = torch.where(slope.abs() < 1e-9, slope.new_tensor(1e-9), slope)
        depth = height / slope
        entering = depth.masked_fill(slope > 0.0, -torch.inf)
        leaving = depth.masked_fill_(slope < 0.0, torch.inf)
        near = entering if near is None else torch.maximum(near, entering)
        far = leaving if far is None else torch.minimum(far, leaving)
    if near is None or far is None:
        raise ValueError("A convex solid needs at least one plane.")
    return _entered(near, far)


def cylinder_depth(radius: float, half_width: float, origin: Components, directions: Components) -> Tensor:
    """Cylinders around the x axis of their frame, with flat ends at +-half_width."""
    (ox, oy, oz), (dx, dy, dz) = origin, directions
    square = dy * dy + dz * dz
    along = oy * dy + oz * dz
    root = along * along - square * (oy * oy + oz * oz - radius * radius)
    width = torch.sqrt(root.clamp(min=0.0))
    first, second = (-half_width - ox) / dx, (half_width - ox) / dx
    near = torch.maximum((-along - width) / square, torch.minimum(first, second))
    far = torch.minimum((-along + width) / square, torch.maximum(first, second))
    return _entered(near, far).masked_fill_(root < 0.0, torch.inf)
