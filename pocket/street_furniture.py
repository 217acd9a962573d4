"""Trees and street lamps on the pavement."""

from dataclasses import dataclass

import numpy as np
import torch

from .buildings import REACH, Box, Building
from .roads import HALF_ROAD, PAVEMENT, Roads

TRUNK_CLEARANCE = 0.5
"""Metres between a trunk or pole and a building or the kerb."""

LAMP_HEIGHT = 5.6
GREENS = ((0.27, 0.47, 0.20), (0.36, 0.54, 0.22), (0.22, 0.41, 0.25), (0.47, 0.52, 0.20))


@dataclass(frozen=True)
class Tree:
    """A trunk and ellipsoids of foliage, each as centre, radii and colour (9 numbers)."""

    trunk: Box
    crowns: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Lamp:
    """A pole with an arm, and the light under its end."""

    metal: tuple[Box, ...]
    light: Box


def _tree(x: float, z: float, random: np.random.Generator) -> Tree:
    height, radius = float(random.uniform(3.4, 5.2)), float(random.uniform(1.1, 1.7))
    green = np.array(GREENS[int(random.integers(len(GREENS)))]) + random.uniform(-0.03, 0.03, 3)
    turn = float(random.uniform(0.0, 2.0 * np.pi))
    aside = 0.45 * radius
    low = (x, -height, z, radius, 1.15 * radius, radius, *green)
    top = (
        *(x + aside * np.cos(turn), -height - 0.75 * radius, z + aside * np.sin(turn)),
        *(0.72 * radius, 0.8 * radius, 0.72 * radius),
        *np.clip(green * 1.1, 0.0, 1.0),
    )
    crowns = tuple(tuple(float(value) for value in crown) for crown in (low, top))
    return Tree((x - 0.13, -height, z - 0.13, x + 0.13, 0.0, z + 0.13), crowns)


def _lamp(x: float, z: float, towards: tuple[float, float]) -> Lamp:
    """A lamp at (x, z) whose arm reaches out in the direction `towards`, a unit vector along x or z."""
    end = x + 1.5 * towards[0], z + 1.5 * towards[1]
    thin = 0.07
    arm = (min(x, end[0]) - thin, -LAMP_HEIGHT, min(z, end[1]) - thin)
    far = (max(x, end[0]) + thin, -LAMP_HEIGHT + 0.14, max(z, end[1]) + thin)
    light = end[0] - 0.6 * towards[0], end[1] - 0.6 * towards[1]
    low = min(light[0], end[0]) - 0.13, -LAMP_HEIGHT + 0.14, min(light[1], end[1]) - 0.13
    high = max(light[0], end[0]) + 0.13, -LAMP_HEIGHT + 0.30, max(light[1], end[1]) + 0.13
    pole = (x - thin, -LAMP_HEIGHT, z - thin, x + thin, 0.0, z + thin)
    return Lamp((pole, (*arm, *far)), (*low, *high))


def _free(x: float, z: float, buildings: list[Building], clearance: float) -> bool:
    return all(
        x < b.ground[0] - clearance
        or x > b.ground[2] + clearance
        or z < b.ground[1] - clearance
        or z > b.ground[3] + clearance
        for b in buildings
    )


def _kerb(roads: Roads, x: float, z: float) -> float:
    return float(roads.distance_to_kerb(torch.tensor([x]), torch.tensor([z])))


def plant(roads: Roads, buildings: list[Building], random: np.random.Generator) -> tuple[list[Tree], list[Lamp]]:
    """Trees and lamps along both sides of all roads, none on a carriageway or in a building."""
    trees: list[Tree] = []
    lamps: list[Lamp] = []
    lines = [(True, x, roads.zs) for x in roads.xs] + [(False, z, roads.xs) for z in roads.zs]
    for vertical, line, others in lines:
        for side in (-1, 1):
            position = others[0] - 0.8 * REACH + float(random.uniform(0.0, 6.0))
            lamp_next = side > 0
            while position < others[-1] + 0.8 * REACH:
                aside = line + side * (HALF_ROAD + (0.7 if lamp_next else PAVEMENT - 0.9))
                x, z = (aside, position) if vertical else (position, aside)
                kerb = _kerb(roads, x, z)
                free = _free(x, z, buildings, TRUNK_CLEARANCE)
                if lamp_next and 0.6 < kerb < 1.0 and free:
                    lamps.append(_lamp(x, z, (-float(side), 0.0) if vertical else (0.0, -float(side))))
                elif not lamp_next and kerb > 1.5 and free and random.random() < 0.75:
                    trees.append(_tree(x, z, random))
                lamp_next = not lamp_next
                position += float(random.uniform(6.0, 9.5))
    return trees, lamps
