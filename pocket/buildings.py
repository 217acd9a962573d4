"""Buildings along the roads: one to three boxes each, and the values that their facades are painted from."""

from dataclasses import dataclass

import numpy as np
import torch

from .roads import HALF_ROAD, PAVEMENT, Roads

REACH = 62.0
"""Metres from the outermost junctions to which roads are built up."""

NEIGHBOUR_GAP = 0.6
GROUND_FLOOR = 3.6
PARAPET = 0.7
"""Heights in metres."""

FACADE_VALUES = (
    *("wall_red", "wall_green", "wall_blue", "trim_red", "trim_green", "trim_blue", "roof_red", "roof_green"),
    *("roof_blue", "floor_height", "bays_x", "bays_z", "window_width", "window_height", "shop", "number"),
)
"""Per box: colours, metres per floor, window bays along x and z, window size as a share of its cell, whether the ground
floor is a shop, and a whole number that makes its windows differ from others."""

WALLS = (
    (0.64, 0.30, 0.24),  # brick
    (0.86, 0.66, 0.34),  # ochre
    (0.91, 0.85, 0.71),  # cream
    (0.22, 0.52, 0.52),  # teal
    (0.44, 0.62, 0.80),  # sky blue
    (0.56, 0.76, 0.60),  # mint
    (0.87, 0.54, 0.57),  # pink
    (0.60, 0.53, 0.75),  # lavender
    (0.36, 0.38, 0.42),  # slate
    (0.93, 0.93, 0.91),  # white
    (0.82, 0.45, 0.29),  # terracotta
    (0.52, 0.56, 0.33),  # olive
    (0.22, 0.34, 0.58),  # deep blue
    (0.94, 0.79, 0.34),  # yellow
)
TRIMS = ((0.95, 0.94, 0.90), (0.30, 0.30, 0.33), (0.78, 0.74, 0.66))
ROOFS = ((0.42, 0.40, 0.39), (0.55, 0.32, 0.26), (0.50, 0.52, 0.55))
ACCENTS = ((0.70, 0.16, 0.18), (0.13, 0.38, 0.30), (0.14, 0.24, 0.46), (0.86, 0.56, 0.14))

Box = tuple[float, float, float, float, float, float]
Rectangle = tuple[float, float, float, float]


@dataclass(frozen=True)
class Building:
    """One building.

    Attributes:
        ground: (x low, z low, x high, z high) of its footprint.
        boxes: (x, y, z low, x, y, z high) of its parts.
        wall_number: which of `WALLS` the colour is close to.
        wall, trim, roof: colours.
        floor_height, bay, window_width, window_height, shop, number: see `FACADE_VALUES`; `bay` in metres.
    """

    ground: Rectangle
    boxes: tuple[Box, ...]
    wall_number: int
    wall: tuple[float, ...]
    trim: tuple[float, ...]
    roof: tuple[float, ...]
    floor_height: float
    bay: float
    window_width: float
    window_height: float
    shop: bool
    number: int

    def facade(self, box: Box) -> tuple[float, ...]:
        """Values of one of the boxes in the order of `FACADE_VALUES`."""
        width, depth = box[3] - box[0], box[5] - box[2]
        bays = max(1, round(width / self.bay)), max(1, round(depth / self.bay))
        window = (self.window_width, self.window_height)
        return (*self.wall, *self.trim, *self.roof, self.floor_height, *bays, *window, float(self.shop), self.number)


def _overlaps(first: Rectangle, second: Rectangle, gap: float) -> bool:
    return (
        first[0] < second[2] + gap
        and second[0] < first[2] + gap
        and first[1] < second[3] + gap
        and second[1] < first[3] + gap
    )


def _clear_of_roads(roads: Roads, ground: Rectangle) -> bool:
    x = torch.linspace(ground[0], ground[2], 9)
    z = torch.linspace(ground[1], ground[3], 9)
    return bool(roads.distance_to_kerb(x[:, None].expand(9, 9), z.expand(9, 9)).min() > PAVEMENT + 0.2)


def _boxes(ground: Rectangle, floors: int, floor_height: float, random: np.random.Generator) -> tuple[Box, ...]:
    height = GROUND_FLOOR + floors * floor_height + PARAPET
    boxes = [(ground[0], -height, ground[1], ground[2], 0.0, ground[3])]
    inset = float(random.uniform(1.0, 2.0))
    width, depth = ground[2] - ground[0] - 2 * inset, ground[3] - ground[1] - 2 * inset
    kind = random.random()
    if kind < 0.35 and min(width, depth) > 3.5:
        top = height + int(random.integers(1, 4)) * floor_height + PARAPET
        boxes.append((ground[0] + inset, -top, ground[1] + inset, ground[2] - inset, -height, ground[3] - inset))
    elif kind < 0.75:
        x, z = random.uniform(0.1, 0.6, 2)
        corner = float(ground[0] + x * (width + inset)), float(ground[1] + z * (depth + inset))
        boxes.append((corner[0], -height - 2.2, corner[1], corner[0] + 2.4, -height, corner[1] + 2.2))
    return tuple(boxes)


def _building(ground: Rectangle, wall: int, number: int, random: np.random.Generator) -> Building:
    floor_height = float(random.uniform(2.9, 3.5))
    floors = int(random.choice((1, 2, 2, 3, 3, 4, 5, 7)))
    shade = random.uniform(-0.04, 0.04, 3)
    ribbon = random.random() < 0.25
    shop = random.random() < 0.5
    return Building(
        ground=ground,
        boxes=_boxes(ground, floors, floor_height, random),
        wall_number=wall,
        wall=tuple(float(value) for value in np.clip(np.array(WALLS[wall]) + shade, 0.05, 0.97)),
        trim=ACCENTS[int(random.integers(len(ACCENTS)))] if shop else TRIMS[int(random.integers(len(TRIMS)))],
        roof=ROOFS[int(random.integers(len(ROOFS)))],
        floor_height=floor_height,
        bay=float(random.uniform(2.3, 3.6)),
        window_width=0.86 if ribbon else float(random.uniform(0.38, 0.62)),
        window_height=float(random.uniform(0.40, 0.50)) if ribbon else float(random.uniform(0.48, 0.64)),
        shop=shop,
        number=number,
    )


def _frontages(roads: Roads) -> list[tuple[bool, float, float, float, int]]:
    """Sides of roads: (road along z?, its x or z, from, to, side -1 or +1)."""
    low_x, high_x, low_z, high_z = roads.xs[0] - REACH, roads.xs[-1] + REACH, roads.zs[0] - REACH, roads.zs[-1] + REACH
    return [(True, x, low_z, high_z, side) for x in roads.xs for side in (-1, 1)] + [
        (False, z, low_x, high_x, side) for z in roads.zs for side in (-1, 1)
    ]


def build_along_roads(roads: Roads, random: np.random.Generator) -> list[Building]:
    """Buildings on both sides of every line of the lattice, clear of carriageway and pavement and of each other.

    Large lots come first, small ones fill what is left. Where a stretch of road is missing, buildings stand on it.
    Neighbours in the list differ in colour.
    """
    buildings: list[Building] = []
    for widths, step, share in (((9.0, 16.0), 1.0, 0.97), ((5.5, 8.0), 0.5, 0.75)):
        for vertical, line, start, stop, side in _frontages(roads):
            cursor = start + float(random.uniform(0.0, 4.0))
            while cursor < stop - widths[0]:
                width = float(random.uniform(*widths))
                ground = _lot(vertical, line, side, cursor, width, random)
                free = all(not _overlaps(ground, other.ground, NEIGHBOUR_GAP) for other in buildings)
                if not free or not _clear_of_roads(roads, ground):
                    cursor += step
                    continue
                cursor += width + float(random.uniform(NEIGHBOUR_GAP + 0.1, 2.2))
                if random.random() < share:  # elsewhere a gap in the row, where trees may stand
                    last = buildings[-1].wall_number if buildings else -1
                    wall = (last + 1 + int(random.integers(len(WALLS) - 1))) % len(WALLS)
                    buildings.append(_building(ground, wall, len(buildings), random))
    return buildings


def _lot(vertical: bool, line: float, side: int, start: float, width: float, random: np.random.Generator) -> Rectangle:
    """A lot beside the road at `line`, `width` metres along it from `start`, of random depth and distance."""
    near = HALF_ROAD + PAVEMENT + float(random.uniform(0.3, 2.0))
    depth = min(float(random.uniform(9.0, 14.0)), 1.4 * width)
    inner, outer = sorted((line + side * near, line + side * (near + depth)))
    if vertical:
        return inner, start, outer, start + width
    return start, inner, start + width, outer
