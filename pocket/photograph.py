"""A photograph on the walls of buildings."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate

from .town import WALL, Town

LARGEST_SIDE = 1024
"""Pixels of the longer side above which a photograph is shrunk: more than any wall shows."""

MARGIN = 0.35
"""Metres of wall that stay free on each side."""


@dataclass(frozen=True, eq=False)
class Photograph:
    """A picture that is painted on all walls of some buildings, from the pavement to the roof of their main block.

    Each wall shows as much of the middle of the picture as has the shape of the wall, undistorted and upright.

    Attributes:
        picture: (height, width, 3) in 0..1.
        buildings: instance numbers.
    """

    picture: Tensor
    buildings: Sequence[int]

    def __post_init__(self) -> None:
        shape = tuple(self.picture.shape)
        if self.picture.ndim != 3 or shape[-1] != 3 or 0 in shape or not self.picture.is_floating_point():
            raise ValueError(
                f"A photograph must be (height, width, 3) floating point values in 0..1, given {self.picture.dtype} of "
                f"shape {shape}."
            )
        if not torch.isfinite(self.picture).all():
            raise ValueError("The photograph holds pixels that are not finite numbers; take another picture.")

    def check_buildings(self, town: Town) -> None:
        """Raises ValueError if one of the buildings is not in the town."""
        known = town.building_instances()
        for number in self.buildings:
            if number not in known:
                raise ValueError(
                    f"There is no building {number} in the town of seed {town.seed}; its buildings have the instance "
                    f"numbers {known.start} to {known.stop - 1}."
                )


class Mural:
    """A photograph where it hangs in one town.

    The picture is kept as sums over everything above and to the left of each pixel's corner, so that its mean over any
    upright rectangle takes four look-ups (Crow 1984, summed-area tables).

    Attributes:
        on: (boxes,) bool, the boxes whose walls carry it.
    """

    def __init__(self, photograph: Photograph, town: Town, device: torch.device | str = "cpu") -> None:
        photograph.check_buildings(town)
        chosen = torch.isin(town.box_instance, torch.tensor(list(photograph.buildings), dtype=torch.long))
        self.on = (chosen & (town.box_material == WALL) & (town.box_high[:, 1] == 0.0)).to(device)
        picture = _of_usable_size(photograph.picture.detach().float().clamp(0.0, 1.0)).double()
        self.height, self.width = picture.shape[:2]
        sums = torch.nn.functional.pad(picture, (0, 0, 1, 0, 1, 0)).cumsum(0).cumsum(1)
        self.sums = sums.movedim(-1, 0)[None].to(device)

    def at(self, left: Tensor, right: Tensor, top: Tensor, bottom: Tensor, size: tuple[Tensor, Tensor]) -> Tensor:
        """Colours (points, 3) and, last, the share of the wall that the picture covers: (points, 4).

        Args:
            left, right, top, bottom: (points,) metres to the edges of the wall as seen from outside.
            size: width and height (points,) in metres of what one sample covers on the wall.
        """
        wall_width, wall_height = left + right - 2.0 * MARGIN, top + bottom - 2.0 * MARGIN
        metres = torch.maximum(wall_width / self.width, wall_height / self.height)
        across = 0.5 * (self.width + (left - right) / metres)
        down = 0.5 * (self.height + (top - bottom) / metres)
        colours = self._mean(across, down, size[0] / metres, size[1] / metres)
        share = torch.ones_like(left)
        for edge, blur in ((left, size[0]), (right, size[0]), (top, size[1]), (bottom, size[1])):
            share = share * ((edge - MARGIN) / blur + 0.5).clamp(0.0, 1.0)
        return torch.cat([colours.to(share), share[:, None]], dim=-1)

    def _mean(self, across: Tensor, down: Tensor, width: Tensor, height: Tensor) -> Tensor:
        """Mean colours (points, 3) of rectangles around (across, down), all in pixels of the picture."""
        first_column, last_column = _interval(across.double(), width.double(), self.width)
        first_row, last_row = _interval(down.double(), height.double(), self.height)
        corners = [
            (first_column, first_row),
            (last_column, first_row),
            (first_column, last_row),
            (last_column, last_row),
        ]
        sums = [self._sum(column, row) for column, row in corners]
        area = (last_column - first_column) * (last_row - first_row)
        return ((sums[3] - sums[2] - sums[1] + sums[0]) / area).T.clamp(0.0, 1.0)

    def _sum(self, column: Tensor, row: Tensor) -> Tensor:
        """Sums (3, points) over what lies above and to the left of places in the picture."""
        places = torch.stack([2.0 * column / self.width - 1.0, 2.0 * row / self.height - 1.0], dim=-1)
        return grid_sample(self.sums, places[None, None], mode="bilinear", align_corners=True)[0, :, 0]


def _interval(middle: Tensor, width: Tensor, end: int) -> tuple[Tensor, Tensor]:
    """Start and end of stretches at least one pixel long, cut to 0..end."""
    half = 0.5 * width.clamp(min=1.0)
    middle = middle.clamp(0.0, float(end))
    return (middle - half).clamp(min=0.0), (middle + half).clamp(max=float(end))


def _of_usable_size(picture: Tensor) -> Tensor:
    """The picture (height, width, 3), shrunk where it is larger than walls can show."""
    longest = max(picture.shape[:2])
    if longest <= LARGEST_SIDE:
        return picture
    size = [max(1, round(side * LARGEST_SIDE / longest)) for side in picture.shape[:2]]
    small = interpolate(picture.movedim(-1, 0)[None], size, mode="bilinear", antialias=True, align_corners=False)
    return small[0].movedim(0, -1).clamp(0.0, 1.0)
