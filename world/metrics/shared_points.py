"""Points of the world that two agents see at the same time."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

import torch
from torch import Tensor

from ..poses import inverse

DEPTH_TOLERANCE = 0.02
"""Relative difference up to which a re-projected point counts as the surface that the other agent sees."""

ALIKE_DEPTH_RATIO = 1.5
ALIKE_TRANSMITTANCE = 0.1
"""Limits of `SharedPoints.seen_alike`: in Pocket Town in fog of 18 m true colours then differ by 0.03 on
average, at all shared points by 0.15."""

VALUES_AT_A_TIME = 1 << 23
"""Coordinates that are projected together."""


@dataclass(frozen=True, eq=False)
class SharedPoints:
    """Pixels of one agent and where another agent sees the same point in the same frame.

    Every pair of agents is searched both ways. Pictures are numbered by flattening (agents, frames, views, height,
    width) into pixels.

    Attributes:
        shape: (agents, frames, views, height, width).
        pixels: (points,) int64, the pixel of the first agent.
        corners: (points,) int64, the upper left of the four pixels of the other agent around the point.
        fractions: (points, 2) float32 in 0..1, columns and rows from that pixel's centre to the point.
    """

    shape: tuple[int, ...]
    pixels: Tensor
    corners: Tensor
    fractions: Tensor

    def __len__(self) -> int:
        return len(self.pixels)

    def split(self, size: int) -> Iterator["SharedPoints"]:
        """Parts of at most `size` points."""
        parts = (self.pixels.split(size), self.corners.split(size), self.fractions.split(size))
        for pixels, corners, fractions in zip(*parts, strict=True):
            yield SharedPoints(self.shape, pixels, corners, fractions)

    def chosen(self, which: Tensor) -> "SharedPoints":
        """The points where `which` (points,) is true."""
        return SharedPoints(self.shape, self.pixels[which], self.corners[which], self.fractions[which])

    def neighbours(self) -> Tensor:
        """(4, points) the four pixels of the other agent: upper left, upper right, lower left, lower right."""
        return torch.stack([self.corners + step for step in (0, 1, self.shape[-1], self.shape[-1] + 1)])

    def interpolate(self, values: Tensor) -> Tensor:
        """Values (agents, frames, views, height, width, ...) of the other agent at the points, bilinear."""
        flat = values.reshape(-1, *values.shape[len(self.shape) :])
        upper_left, upper_right, lower_left, lower_right = flat[self.neighbours()]
        right, down = self.fractions.unflatten(-1, (2, *(1,) * (flat.ndim - 1))).unbind(1)
        upper = torch.lerp(upper_left, upper_right, right)
        return torch.lerp(upper, torch.lerp(lower_left, lower_right, right), down)

    def seen_alike(
        self,
        depth: Tensor,
        transmittance: Tensor | None = None,
        largest_ratio: float = ALIKE_DEPTH_RATIO,
        largest_difference: float = ALIKE_TRANSMITTANCE,
    ) -> "SharedPoints":
        """The points that have about the same colour in true pictures of both agents.

        Args:
            depth, transmittance: (agents, frames, views, height, width) as for the clip.
            largest_ratio: of the depths in the two views, the larger to the smaller.
            largest_difference: of the shares of light that fog lets through.
        """
        own, others = 1.0 / depth.reshape(-1)[self.pixels], self.interpolate(1.0 / depth)
        alike = torch.maximum(own, others) <= largest_ratio * torch.minimum(own, others)
        if transmittance is not None:
            share = transmittance.reshape(-1)[self.pixels]
            alike &= (share - self.interpolate(transmittance)).abs() <= largest_difference
        return self.chosen(alike)


@torch.no_grad()
def find_shared_points(
    depth: Tensor,
    extrinsics: Tensor,
    intrinsics: Tensor,
    counted: Tensor | None = None,
    surfaces: Tensor | None = None,
    tolerance: float = DEPTH_TOLERANCE,
    values_at_a_time: int = VALUES_AT_A_TIME,
) -> SharedPoints:
    """Find what two agents see at the same time, from true depth and poses.

    The centre of every pixel of one agent is re-projected into all views of every other agent in the same frame. It is
    the same point if the other agent's depth there agrees. Inverse depth is interpolated, which is exact on planes.

    Args:
        depth: (agents, frames, views, height, width) metres along the camera's z axis; inf, NaN or 0 where there is
            none (sky).
        extrinsics, intrinsics: (agents, frames, views, 4, 4) camera-to-world, (agents, frames, views, 3, 3) in pixels.
        counted: bool, shape of `depth`, pixels that may take part, the four around the point included; default all.
        surfaces: instance numbers, shape of `depth`; if given, the pixel and the four around the point must show the
            same one, which leaves out the rims of objects.
        tolerance: largest relative difference of depth.
        values_at_a_time: bounds the memory.

    Raises:
        ValueError: if a picture is smaller than 2x2 pixels.
    """
    shape = (*depth.shape,)
    agents, frames, views, height, width = shape
    if height < 2 or width < 2:
        raise ValueError(f"Shared points need pictures of at least 2x2 pixels, given {width}x{height}.")
    usable = torch.isfinite(depth) & (depth > 0.0)
    disparity = torch.where(usable, 1.0 / depth, 0.0)
    if counted is not None:
        usable = usable & counted
    step = max(1, values_at_a_time // (3 * views * views * height * width))
    found = [SharedPoints(shape, *(depth.new_empty(0, dtype=torch.long),) * 2, depth.new_empty(0, 2))]
    for first, other in permutations(range(agents), 2):
        for start in range(0, frames, step):
            frame_range = slice(start, min(start + step, frames))
            cameras = _relative_cameras(extrinsics[:, frame_range], intrinsics[:, frame_range], first, other)
            indices, x, y, distance = _project(depth[first, frame_range], usable[first, frame_range], cameras)
            candidates = _number_pixels(shape, (first, other, start), indices, x, y)
            same = (candidates.interpolate(disparity) * distance - 1.0).abs() <= tolerance
            same &= usable.reshape(-1)[candidates.neighbours()].all(0)
            if surfaces is not None:
                labels = surfaces.reshape(-1)
                same &= (labels[candidates.neighbours()] == labels[candidates.pixels]).all(0)
            found.append(candidates.chosen(same))
    return _joined(found)


def _joined(parts: list[SharedPoints]) -> SharedPoints:
    pixels, corners = torch.cat([part.pixels for part in parts]), torch.cat([part.corners for part in parts])
    return SharedPoints(parts[0].shape, pixels, corners, torch.cat([part.fractions for part in parts]))


def _relative_cameras(extrinsics: Tensor, intrinsics: Tensor, first: int, other: int) -> tuple[Tensor, Tensor]:
    """Matrix (frames, views, other views, 3, 3) and offset (..., 3, 1) from pixels of one agent to another's.

    A pixel (u, v, 1) at depth z lands at z * matrix @ (u, v, 1) + offset in homogeneous pixels of the other view.
    Relative poses are taken in double precision, so that the place in the world costs no accuracy.
    """
    relative = inverse(extrinsics[other].double())[:, None] @ extrinsics[first].double()[:, :, None]
    lens = intrinsics[other].double()[:, None]
    matrix = lens @ relative[..., :3, :3] @ torch.linalg.inv(intrinsics[first].double())[:, :, None]
    return matrix, lens @ relative[..., :3, 3:]


def _project(
    depth: Tensor, usable: Tensor, cameras: tuple[Tensor, Tensor]
) -> tuple[tuple[Tensor, ...], Tensor, Tensor, Tensor]:
    """Where pixels (frames, views, height, width) land in views of the other agent.

    Returns the indices (frame, view, other view, pixel) of those that land between four pixel centres, and for each
    the column, the row (0 is the first centre) and the depth there.
    """
    height, width = depth.shape[2:]
    matrix, offset = (values.to(depth) for values in cameras)
    v, u = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    centres = torch.stack([u.flatten(), v.flatten(), torch.ones(height * width)]).to(depth)
    points = (matrix @ centres) * depth.flatten(2)[:, :, None, None] + offset
    distance = points[..., 2, :]
    x, y = points[..., 0, :] / distance - 0.5, points[..., 1, :] / distance - 0.5
    inside = (distance > 0.0) & (x >= 0.0) & (x <= width - 1.0) & (y >= 0.0) & (y <= height - 1.0)
    indices = (inside & usable.flatten(2)[:, :, None]).nonzero(as_tuple=True)
    return indices, x[indices], y[indices], distance[indices]


def _number_pixels(
    shape: tuple[int, ...], place: tuple[int, int, int], indices: tuple[Tensor, ...], x: Tensor, y: Tensor
) -> SharedPoints:
    """Candidates from the results of `_project`; `place` is the agent, the other agent and the first frame."""
    first, other, start = place
    frames, views, height, width = shape[1:]
    frame, view, other_view, pixel = indices
    column, row = x.long().clamp(max=width - 2), y.long().clamp(max=height - 2)
    size = height * width
    pixels = ((first * frames + start + frame) * views + view) * size + pixel
    corners = ((other * frames + start + frame) * views + other_view) * size + row * width + column
    return SharedPoints(shape, pixels, corners, torch.stack([x - column, y - row], dim=-1))
