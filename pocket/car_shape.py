"""The shape of a car: a body and a cabin with slanted faces, and two axles with wheels.

Frame of the car: x right, y down, z forward, in metres; the origin is on the ground below the middle of the car.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

CAR_COLOURS = {
    "red": (0.80, 0.07, 0.08),
    "blue": (0.09, 0.22, 0.72),
    "yellow": (0.95, 0.73, 0.08),
    "green": (0.08, 0.48, 0.24),
    "white": (0.90, 0.90, 0.88),
    "black": (0.09, 0.09, 0.11),
}
"""Paint by name."""

BODY, CABIN, FRONT_AXLE, REAR_AXLE = range(4)
PARTS = 4
"""Parts of a car, in the order of their numbers."""

WHEEL_RADIUS = 0.34
AXLES = (1.32, -1.32)
"""z of the front and rear axle."""

HALF_TRACK = 0.95
"""Metres from the middle to the outer side of a wheel."""

LOW = (-1.0, -1.4, -2.1)
HIGH = (1.0, 0.0, 2.1)
"""Box around the car: `world.encounters.CAR`."""


def _plane(normal: tuple[float, float, float], point: tuple[float, float, float]) -> list[float]:
    """Outward unit normal and offset of the plane through a point."""
    length = math.hypot(*normal)
    unit = [value / length for value in normal]
    return [*unit, sum(a * b for a, b in zip(unit, point, strict=True))]


def _sides(x: float, y: float, inwards: float) -> list[list[float]]:
    """Left and right side through (+-x, y), leaning `inwards` metres per metre of height."""
    return [_plane((side, -inwards, 0.0), (side * x, y, 0.0)) for side in (-1.0, 1.0)]


BODY_PLANES = torch.tensor(
    [
        *_sides(0.92, -0.40, 0.10),
        _plane((0.0, 1.0, 0.0), (0.0, -0.20, 0.0)),
        _plane((0.0, -1.0, 0.0), (0.0, -0.92, 0.0)),
        _plane((0.0, -1.0, 0.13), (0.0, -0.90, 0.90)),  # bonnet
        _plane((0.0, -1.0, -0.06), (0.0, -0.91, -1.5)),  # boot
        _plane((0.0, 0.0, 1.0), (0.0, 0.0, 2.1)),
        _plane((0.0, -0.55, 1.0), (0.0, -0.62, 2.04)),  # nose
        _plane((0.0, 0.0, -1.0), (0.0, 0.0, -2.1)),
        _plane((0.0, -0.45, -1.0), (0.0, -0.70, -2.08)),  # tail
    ]
)
CABIN_PLANES = torch.tensor(
    [
        *_sides(0.86, -0.90, 0.32),
        _plane((0.0, 1.0, 0.0), (0.0, -0.80, 0.0)),
        _plane((0.0, -1.0, 0.0), (0.0, -1.40, 0.0)),
        _plane((0.0, -1.0, 1.05), (0.0, -1.40, 0.35)),  # windscreen
        _plane((0.0, -1.0, -0.80), (0.0, -1.40, -1.00)),  # rear window
    ]
)


@dataclass(frozen=True, eq=False)
class Cars:
    """Cars over time.

    Attributes:
        poses: (cars, frames, 4, 4) poses of the cars in the world.
        colours: (cars, 3) paint in 0..1.
    """

    poses: Tensor
    colours: Tensor

    def __len__(self) -> int:
        return len(self.poses)


def paint(name: str) -> tuple[float, float, float]:
    """The colour of this name. Raises ValueError that lists the known ones."""
    if name not in CAR_COLOURS:
        raise ValueError(f"There is no car colour '{name}'; choose one of {', '.join(CAR_COLOURS)}.")
    return CAR_COLOURS[name]
