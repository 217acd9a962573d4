"""Where boxes appear on the screen, so that only those pixels are tested against them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .primitives import NEAREST
from .views import Views

_SIGNS = torch.tensor([[x, y, z] for x in (0.0, 1.0) for y in (0.0, 1.0) for z in (0.0, 1.0)], dtype=torch.float64)
_EDGES = torch.tensor([[a, a | bit] for a in range(8) for bit in (1, 2, 4) if not a & bit])


@dataclass(frozen=True)
class Window:
    """Where one box may be seen.

    Attributes:
        number: of the box.
        part: views, rows and columns.
        nearest: depth in metres that no point of the box in sight is nearer than.
    """

    number: int
    part: tuple[slice, slice, slice]
    nearest: float

    def repeated(self, times: int) -> "Window":
        """The same window where every view comes `times` times."""
        views, rows, columns = self.part
        return Window(self.number, (slice(views.start * times, views.stop * times), rows, columns), self.nearest)


def box_corners(low: Tensor, high: Tensor) -> Tensor:
    """(..., 8, 3) float64 corners of axis-aligned boxes (..., 3)."""
    low, high = low.double()[..., None, :], high.double()[..., None, :]
    return low + _SIGNS * (high - low)


def windows(corners: Tensor, views: Views) -> list[Window]:
    """The boxes in sight, nearest first, each with one window around it in all views.

    Args:
        corners: (views or 1, boxes, 8, 3) world points, in the order of `box_corners`.
        views: similar ones; their windows are united.
    """
    rectangles, nearest = screen_rectangles(corners, views)
    seen = (rectangles[..., 1] > rectangles[..., 0]) & (rectangles[..., 3] > rectangles[..., 2])
    count = len(rectangles)
    number = torch.arange(count)[:, None]
    bounds = torch.stack(
        [
            torch.where(seen, number, count).amin(0),
            torch.where(seen, number + 1, 0).amax(0),
            rectangles[..., 0].masked_fill(~seen, views.height).amin(0),
            rectangles[..., 1].masked_fill(~seen, 0).amax(0),
            rectangles[..., 2].masked_fill(~seen, views.width).amin(0),
            rectangles[..., 3].masked_fill(~seen, 0).amax(0),
        ],
        dim=-1,
    )
    depth = nearest.masked_fill(~seen, torch.inf).amin(0)
    found = []
    for box in depth.argsort()[: int(seen.any(0).sum())].tolist():
        edges = bounds[box].tolist()
        part = slice(*edges[:2]), slice(*edges[2:4]), slice(*edges[4:])
        found.append(Window(box, part, float(depth[box])))
    return found


def screen_rectangles(corners: Tensor, views: Views) -> tuple[Tensor, Tensor]:
    """Pixels that boxes may cover.

    Args:
        corners: (views or 1, boxes, 8, 3) world points, in the order of `box_corners`.

    Returns:
        (views, boxes, 4) int64: first row, end row, first column, end column, empty where a box is out of sight; one
        pixel is added on each side. And (views, boxes) depth in metres of the nearest corner, at least `NEAREST`.
    """
    rotation, origin = views.extrinsics[:, :3, :3].double(), views.extrinsics[:, :3, 3].double()
    projection = views.intrinsics.double() @ rotation.mT
    points = (corners - origin[:, None, None]) @ projection.mT[:, None]
    behind = points[..., 2] < NEAREST
    pixels = points[..., :2] / points[..., 2:]
    low, high = pixels.amin(-2), pixels.amax(-2)
    low[behind.all(-1)], high[behind.all(-1)] = torch.inf, -torch.inf
    partly = behind.any(-1) & ~behind.all(-1)
    if partly.any():
        low[partly], high[partly] = _bounds_in_front(points[partly])
    limit = torch.tensor([views.width, views.height], dtype=torch.float64)
    first = torch.minimum((low - 1.0).clamp(min=0.0), limit).floor().long()
    last = torch.minimum((high + 1.0).clamp(min=0.0), limit).ceil().long()
    rectangles = torch.stack([first[..., 1], last[..., 1], first[..., 0], last[..., 0]], dim=-1)
    return rectangles, points[..., 2].amin(-1).clamp(min=NEAREST)


def _bounds_in_front(points: Tensor) -> tuple[Tensor, Tensor]:
    """Lowest and highest (u, v), (boxes, 2), of boxes (boxes, 8, 3) in homogeneous pixels that are partly behind.

    Edges are cut at the nearest depth, so that what is left of them projects to the screen.
    """
    start, end = points[:, _EDGES[:, 0]], points[:, _EDGES[:, 1]]
    cut = (NEAREST - start[..., 2]) / (end[..., 2] - start[..., 2])
    crossing = start + cut[..., None] * (end - start)
    hidden_start, hidden_end = start[..., 2:] < NEAREST, end[..., 2:] < NEAREST
    ends = torch.cat([torch.where(hidden_start, crossing, start), torch.where(hidden_end, crossing, end)], dim=1)
    hidden = (hidden_start & hidden_end).repeat(1, 2, 1)
    pixels = ends[..., :2] / ends[..., 2:].clamp(min=NEAREST)
    return pixels.masked_fill(hidden, torch.inf).amin(1), pixels.masked_fill(hidden, -torch.inf).amax(1)
