"""A town: roads, buildings, trees and street lamps, all made from one seed."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from .buildings import FACADE_VALUES, Building, build_along_roads
from .road_layouts import lay_out_roads
from .roads import Roads
from .street_furniture import Lamp, Tree, plant

SKY, GROUND, FIRST_INSTANCE, FIRST_CAR = 0, 1, 2, 1000
"""Instance numbers: the sky, the ground, the first building, the first car. Trees and lamps follow the buildings."""

WALL, WOOD, METAL, LAMP = range(4)
"""What a box is made of."""


@dataclass(frozen=True, eq=False)
class Town:
    """Everything that does not move.

    Attributes:
        seed, layout: what the town was made from.
        roads: where cars drive.
        box_low, box_high: (boxes, 3) corners of axis-aligned boxes in metres, low < high on each axis.
        box_material: (boxes,) int64, one of `WALL`, `WOOD`, `METAL`, `LAMP`.
        box_instance: (boxes,) int64.
        facades: (boxes, values) float32 in the order of `buildings.FACADE_VALUES`; zero where the box is no wall.
        crown_centre, crown_radius: (crowns, 3) ellipsoids of foliage in metres.
        crown_colour: (crowns, 3).
        crown_instance: (crowns,) int64.
        building_count: instances 2 .. 1 + building_count are buildings.
    """

    seed: int
    layout: str
    roads: Roads
    box_low: Tensor
    box_high: Tensor
    box_material: Tensor
    box_instance: Tensor
    facades: Tensor
    crown_centre: Tensor
    crown_radius: Tensor
    crown_colour: Tensor
    crown_instance: Tensor
    building_count: int

    def building_instances(self) -> range:
        """Instance numbers of the buildings."""
        return range(FIRST_INSTANCE, FIRST_INSTANCE + self.building_count)


@lru_cache(maxsize=8)
def make_town(seed: int, layout: str = "town") -> Town:
    """The town of a seed; the last few are kept, so treat it as unchangeable.

    Args:
        seed: 0 or larger.
        layout: a key of `road_layouts.LAYOUTS`.

    Raises:
        ValueError: if the seed is negative or the layout unknown.
    """
    if seed < 0:
        raise ValueError(f"The seed of a town must not be negative, given {seed}.")
    roads = lay_out_roads(layout, np.random.default_rng((seed, 0)))
    buildings = build_along_roads(roads, np.random.default_rng((seed, 1)))
    trees, lamps = plant(roads, buildings, np.random.default_rng((seed, 2)))
    return _assemble(seed, layout, roads, buildings, trees, lamps)


class _Boxes:
    """Collects boxes."""

    def __init__(self) -> None:
        self.low: list[tuple[float, ...]] = []
        self.high: list[tuple[float, ...]] = []
        self.material: list[int] = []
        self.instance: list[int] = []
        self.facade: list[tuple[float, ...]] = []

    def add(self, box: tuple[float, ...], material: int, instance: int, facade: tuple[float, ...] = ()) -> None:
        self.low.append(box[:3])
        self.high.append(box[3:])
        self.material.append(material)
        self.instance.append(instance)
        self.facade.append(facade or (0.0,) * len(FACADE_VALUES))


def _assemble(
    seed: int, layout: str, roads: Roads, buildings: list[Building], trees: list[Tree], lamps: list[Lamp]
) -> Town:
    boxes = _Boxes()
    crowns: list[tuple[float, ...]] = []
    crown_instance = []
    number = FIRST_INSTANCE
    for building in buildings:
        for box in building.boxes:
            boxes.add(box, WALL, number, building.facade(box))
        number += 1
    for tree in trees:
        boxes.add(tree.trunk, WOOD, number)
        crowns += tree.crowns
        crown_instance += [number] * len(tree.crowns)
        number += 1
    for lamp in lamps:
        for box in lamp.metal:
            boxes.add(box, METAL, number)
        boxes.add(lamp.light, LAMP, number)
        number += 1
    crown = torch.tensor(crowns, dtype=torch.float32).reshape(-1, 9)
    return Town(
        seed=seed,
        layout=layout,
        roads=roads,
        box_low=torch.tensor(boxes.low, dtype=torch.float32).reshape(-1, 3),
        box_high=torch.tensor(boxes.high, dtype=torch.float32).reshape(-1, 3),
        box_material=torch.tensor(boxes.material, dtype=torch.long),
        box_instance=torch.tensor(boxes.instance, dtype=torch.long),
        facades=torch.tensor(boxes.facade, dtype=torch.float32).reshape(-1, len(FACADE_VALUES)),
        crown_centre=crown[:, :3],
        crown_radius=crown[:, 3:6],
        crown_colour=crown[:, 6:],
        crown_instance=torch.tensor(crown_instance, dtype=torch.long),
        building_count=len(buildings),
    )
