"""How much light reaches the ground: shadows of the town, and darker ground at the foot of walls.

Both are drawn once per town and weather on a grid over the ground and then looked up, since they do not depend on the
camera.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from .buildings import REACH
from .town import Town
from .weather import Weather

CELL = 0.4
"""Metres between values of the grid; shadows are this soft."""

LONGEST_SHADOW = 45.0
LOWEST_SHADOW = 0.5
"""Metres above the ground from which parts of the town throw shadows."""


@dataclass(frozen=True, eq=False)
class LightMap:
    """Light on a grid over the ground.

    Attributes:
        values: (2, rows, columns): share of sunlight, share of light from the sky, each 0..1; rows go along z.
        low: (x, z) in metres of the first value.
    """

    values: Tensor
    low: tuple[float, float]

    def at(self, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """Sunlight and skylight at points (points,) of the ground."""
        rows, columns = self.values.shape[1:]
        grid = torch.stack(
            [
                (x - self.low[0]) * (2.0 / (CELL * (columns - 1))) - 1.0,
                (z - self.low[1]) * (2.0 / (CELL * (rows - 1))) - 1.0,
            ],
            dim=-1,
        )
        values = torch.nn.functional.grid_sample(
            self.values[None].to(x), grid[None, None], mode="bilinear", padding_mode="border", align_corners=True
        )
        return values[0, 0, 0], values[0, 1, 0]


class _Canvas:
    """The grid while it is drawn."""

    def __init__(self, low: tuple[float, float], high: tuple[float, float]) -> None:
        self.low = low
        self.columns, self.rows = (int((high[axis] - low[axis]) / CELL) + 1 for axis in (0, 1))
        self.values = torch.ones(2, self.rows, self.columns)

    def window(self, low: tuple[float, float], high: tuple[float, float]) -> tuple[slice, slice, Tensor, Tensor]:
        """Rows and columns around a rectangle (x, z), and their z (rows, 1) and x (1, columns)."""
        column = [int((value - self.low[0]) / CELL) for value in (low[0], high[0])]
        row = [int((value - self.low[1]) / CELL) for value in (low[1], high[1])]
        rows = slice(max(0, row[0] - 1), max(0, min(self.rows, row[1] + 2)))
        columns = slice(max(0, column[0] - 1), max(0, min(self.columns, column[1] + 2)))
        z = self.low[1] + CELL * torch.arange(rows.start, max(rows.start, rows.stop))
        x = self.low[0] + CELL * torch.arange(columns.start, max(columns.start, columns.stop))
        return rows, columns, z[:, None], x[None, :]


def _shade_box(canvas: _Canvas, low: list[float], high: list[float], slope: tuple[float, float]) -> None:
    """Shadow of a box; `slope` is the metres in x and z that light travels per metre of height."""
    top, bottom = -low[1], -high[1]
    ends = [[low[0], high[0]], [low[2], high[2]]]
    reach = [min(LONGEST_SHADOW, max(-LONGEST_SHADOW, top * value)) for value in slope]
    corner_low = min(ends[0][0], ends[0][0] - reach[0]), min(ends[1][0], ends[1][0] - reach[1])
    corner_high = max(ends[0][1], ends[0][1] - reach[0]), max(ends[1][1], ends[1][1] - reach[1])
    rows, columns, z, x = canvas.window(corner_low, corner_high)
    # A ray from the ground to the sun is at (x, z) + height * slope: find the heights at which it is over the box.
    near, far = torch.tensor(bottom), torch.tensor(top)
    for value, (start, end), axis in ((x, ends[0], 0), (z, ends[1], 1)):
        step = slope[axis] if abs(slope[axis]) > 1e-6 else 1e-6
        first, second = (start - value) / step, (end - value) / step
        near = torch.maximum(near, torch.minimum(first, second))
        far = torch.minimum(far, torch.maximum(first, second))
    canvas.values[0, rows, columns].mul_(1.0 - ((far - near) * 2.0).clamp_(0.0, 1.0))


def _shade_crown(canvas: _Canvas, centre: list[float], radii: list[float], weather: Weather) -> None:
    height, radius = -centre[1], max(radii)
    sun, slope = weather.sun, weather.sun_slope()
    middle = centre[0] - slope[0] * height, centre[2] - slope[1] * height
    reach = radius * (1.0 + max(abs(slope[0]), abs(slope[1])))
    rows, columns, z, x = canvas.window((middle[0] - reach, middle[1] - reach), (middle[0] + reach, middle[1] + reach))
    dx, dz = centre[0] - x, centre[2] - z
    along = dx * sun[0] + centre[1] * sun[1] + dz * sun[2]
    aside = torch.sqrt((dx * dx + dz * dz + height * height - along * along).clamp(min=0.0))
    canvas.values[0, rows, columns].mul_(1.0 - 0.85 * ((radius - aside) * 2.5).clamp_(0.0, 1.0))


def _darken_foot(canvas: _Canvas, low: list[float], high: list[float]) -> None:
    margin = 3.0
    rows, columns, z, x = canvas.window((low[0] - margin, low[2] - margin), (high[0] + margin, high[2] + margin))
    dx = torch.maximum(low[0] - x, x - high[0]).clamp(min=0.0)
    dz = torch.maximum(low[2] - z, z - high[2]).clamp(min=0.0)
    canvas.values[1, rows, columns].mul_(1.0 - 0.42 * torch.exp(-torch.hypot(dx, dz) / 1.1))


def draw_light_map(town: Town, weather: Weather) -> LightMap:
    """Light on the ground of a town; the last few are kept, so treat it as unchangeable."""
    return _drawn(town, weather.with_fog(math.inf))  # fog does not change it


@lru_cache(maxsize=8)
def _drawn(town: Town, weather: Weather) -> LightMap:
    roads = town.roads
    margin = REACH + 25.0
    canvas = _Canvas((roads.xs[0] - margin, roads.zs[0] - margin), (roads.xs[-1] + margin, roads.zs[-1] + margin))
    for low, high in zip(town.box_low.tolist(), town.box_high.tolist(), strict=True):
        if -low[1] < LOWEST_SHADOW:
            continue
        _shade_box(canvas, low, high, weather.sun_slope())
        if high[1] > -0.1:
            _darken_foot(canvas, low, high)
    for centre, radii in zip(town.crown_centre.tolist(), town.crown_radius.tolist(), strict=True):
        _shade_crown(canvas, centre, radii, weather)
    values = torch.nn.functional.avg_pool2d(canvas.values[None], 3, stride=1, padding=1, count_include_pad=False)[0]
    return LightMap(values, canvas.low)
