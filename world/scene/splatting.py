"""Point clouds as pictures, without a loop over points or pixels.

The cloud is put in Morton order once and cut into blocks, so that neighbours in memory are neighbours in space. Per
frame, blocks outside of the view are skipped by their boxes; the points of the others are projected together and fall
into pixels, of which each keeps the nearest point (one scatter-minimum over keys of depth and number). Then every
pixel hands its point on to the neighbours that the point's disc covers, which costs the same for any number of points.
A point that is hidden in its own pixel is therefore not drawn at all.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from .projection import camera_matrices
from .scene import PointCloud

BLOCK = 512
"""Points that are culled together."""

EMPTY = (1 << 63) - 1

CPU_VALUES, GPU_VALUES = 1 << 19, 1 << 24
"""Points, and pixels of frames, that are worked on together. Each takes up to 100 bytes: 50 MB on a CPU, where more
would leave the cache, and 1.6 GB on a GPU, where more no longer helps."""


def _spread_bits(values: Tensor) -> Tensor:
    """10-bit integers with two zeros between their bits."""
    for shift, mask in ((16, 0x30000FF), (8, 0x300F00F), (4, 0x30C30C3), (2, 0x9249249)):
        values = (values | (values << shift)) & mask
    return values


def morton_order(points: Tensor) -> Tensor:
    """(points,) index that sorts points (points, 3) along a Z-order curve of 1024 steps per axis."""
    low, high = points.aminmax(dim=0)
    steps = ((points - low) / (high - low).amax().clamp(min=1e-12) * 1023.0).long()
    x, y, z = (_spread_bits(axis) for axis in steps.unbind(1))
    return torch.argsort(x | (y << 1) | (z << 2), stable=True)


@dataclass(frozen=True, eq=False)
class Splats:
    """What cameras see of a cloud.

    Attributes:
        depth: (frames, height, width) float32 metres along the camera's z axis; inf where no point is.
        rgb: (frames, height, width, 3) float32 in 0..1.
    """

    depth: Tensor
    rgb: Tensor


class Splatter:
    """A cloud prepared for drawing: in blocks, on a device.

    Takes 40 bytes per point. Coordinates are kept relative to the middle of the cloud, so that a world whose origin is
    far away costs no accuracy.
    """

    def __init__(self, cloud: PointCloud, device: torch.device | str = "cpu", values_at_a_time: int = 0) -> None:
        """Sort the cloud; `values_at_a_time` bounds the memory, 0 chooses by the device."""
        self.device = torch.device(device)
        self.values_at_a_time = values_at_a_time or (CPU_VALUES if self.device.type == "cpu" else GPU_VALUES)
        points = cloud.points.to(self.device)
        low, high = points.aminmax(dim=0)
        self.origin = (low.double() + high.double()) / 2.0
        points = points - self.origin.to(points)
        order = morton_order(points)
        self.points, self.colours = points[order], cloud.colours.to(self.device)[order]
        missing = -len(points) % BLOCK
        padded = torch.cat([self.points, self.points[-1:].expand(missing, 3)]).unflatten(0, (-1, BLOCK))
        self.blocks = padded.mT.contiguous()
        self.low, self.high = padded.aminmax(dim=1)

    @torch.no_grad()
    def draw(
        self,
        extrinsics: Tensor,
        intrinsics: Tensor,
        height: int,
        width: int,
        radius: float = 0.0,
        near: float = 0.2,
        background: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> Splats:
        """Draw the cloud for each camera.

        Args:
            extrinsics: (frames, 4, 4) camera-to-world.
            intrinsics: (frames, 3, 3) in pixels.
            height, width: of the pictures in pixels.
            radius: of a point's disc in pixels. The pixel that a point falls into is always covered, others if their
                centre lies within the disc.
            near: points with less depth in metres are left out.
            background: RGB in 0..1 where no point is.
        """
        matrix, offset = camera_matrices(extrinsics.to(self.device), intrinsics.to(self.device))
        offset = offset + (matrix @ self.origin[:, None]).squeeze(-1)
        frames = len(matrix)
        # A neighbour's centre is half a pixel away at least.
        reach = math.ceil(radius - 0.5) if radius > 0.5 else 0
        shape = (frames, height, width)
        depth = torch.empty(shape, device=self.device)
        rgb = torch.empty(*shape, 3, device=self.device)
        step = max(1, self.values_at_a_time // ((height + 2 * reach) * (width + 2 * reach)))
        empty = torch.tensor(background, device=self.device)
        for start in range(0, frames, step):
            part = slice(start, min(start + step, frames))
            view = _View(matrix[part].float(), offset[part].float(), height, width, reach, near)
            keys = self._nearest(view)
            if reach:
                keys = self._spread(keys, view, radius)
            depth[part], rgb[part] = self._coloured(keys, empty)
        return Splats(depth, rgb)

    def _nearest(self, view: "_View") -> Tensor:
        """(frames, height, width) with borders: key of the nearest point of each pixel."""
        rows, columns = view.padded_size
        keys = torch.full((len(view.matrix) * rows * columns,), EMPTY, device=self.device)
        numbers = torch.arange(BLOCK, device=self.device)
        # Single precision counts the pixels of pictures up to 4096x4096.
        counting = torch.float32 if rows * columns <= 1 << 24 else torch.float64
        for frame, block in self._pairs_in_view(view):
            u, v, depth = torch.baddbmm(view.offset[frame, :, None], view.matrix[frame], self.blocks[block]).unbind(1)
            column, row = torch.floor(u / depth + view.border), torch.floor(v / depth + view.border)
            inside = (depth > view.near) & (column >= 0.0) & (column < columns) & (row >= 0.0) & (row < rows)
            index = (numbers + block[:, None] * BLOCK).clamp(max=len(self.points) - 1)
            # Points outside go where they change nothing, and not all to one place, which would be a queue on a GPU.
            pixel = torch.where(inside, row.to(counting) * columns + column, 0.0).long()
            pixel = pixel + frame[:, None] * (rows * columns)
            pixel = torch.where(inside, pixel, index % keys.numel())
            key = torch.where(inside, (depth.view(torch.int32).long() << 32) | index, EMPTY)
            keys.scatter_reduce_(0, pixel.flatten(), key.flatten(), "amin")
        return keys.view(len(view.matrix), rows, columns)

    def _pairs_in_view(self, view: "_View") -> Iterator[tuple[Tensor, Tensor]]:
        """Frames and blocks whose boxes reach into the view, in parts."""
        normals, distances = view.planes()
        middle, half = (self.high + self.low) / 2.0, (self.high - self.low) / 2.0
        farthest = normals @ middle.T + normals.abs() @ half.T + distances[..., None]
        # The boxes are exact, their distances from the planes only to some bits.
        slack = 1e-5 * (normals.abs() @ middle.abs().T + distances.abs()[..., None])
        visible = (farthest + slack > 0.0).all(1)
        frame, block = visible.nonzero(as_tuple=True)
        size = max(1, self.values_at_a_time // BLOCK)
        yield from zip(frame.split(size), block.split(size), strict=True)

    def _spread(self, keys: Tensor, view: "_View", radius: float) -> Tensor:
        """Keys (frames, height, width) without borders after every point has covered its disc."""
        rows, columns = view.padded_size
        found = keys != EMPTY
        nearest = self.points[torch.where(found, keys & 0xFFFFFFFF, 0).flatten(1)]
        u, v, depth = (nearest @ view.matrix.mT + view.offset[:, None]).unflatten(1, (rows, columns)).unbind(-1)
        across = u / depth - torch.arange(columns, device=keys.device) - 0.5 + view.border
        down = v / depth - torch.arange(rows, device=keys.device)[:, None] - 0.5 + view.border
        spread = view.without_border(keys)
        reach = range(-view.border, view.border + 1)
        for shift_down in reach:
            for shift_right in reach:
                if (shift_down, shift_right) == (0, 0):
                    continue
                squared = (across - shift_right).square() + (down - shift_down).square()
                covering = torch.where(squared <= radius * radius, keys, EMPTY)
                spread = torch.minimum(spread, view.without_border(covering, shift_down, shift_right))
        return spread

    def _coloured(self, keys: Tensor, empty: Tensor) -> tuple[Tensor, Tensor]:
        found = keys != EMPTY
        depth = torch.where(found, (keys >> 32).int().view(torch.float32), torch.inf)
        rgb = self.colours[torch.where(found, keys & 0xFFFFFFFF, 0)]
        return depth, torch.where(found[..., None], rgb, empty)


@dataclass(frozen=True, eq=False)
class _View:
    """Cameras of some frames: matrix (frames, 3, 3) and offset (frames, 3) to homogeneous pixels."""

    matrix: Tensor
    offset: Tensor
    height: int
    width: int
    border: int
    near: float

    @property
    def padded_size(self) -> tuple[int, int]:
        return self.height + 2 * self.border, self.width + 2 * self.border

    def planes(self) -> tuple[Tensor, Tensor]:
        """Normals (frames, 5, 3) and distances (frames, 5): normal @ point + distance > 0 inside of the view."""
        across, down, depth = torch.cat([self.matrix, self.offset[..., None]], -1).unbind(1)
        border = self.border
        nearest = depth - torch.tensor([0.0, 0.0, 0.0, self.near]).to(depth)
        sides = [across + border * depth, (self.width + border) * depth - across]
        ends = [down + border * depth, (self.height + border) * depth - down]
        planes = torch.stack([nearest, *sides, *ends], dim=1)
        return planes[..., :3], planes[..., 3]

    def without_border(self, values: Tensor, down: int = 0, right: int = 0) -> Tensor:
        """The part of (frames, height, width) with borders that lands in the picture after a shift."""
        top, left = self.border - down, self.border - right
        return values[:, top : top + self.height, left : left + self.width]
