"""Pictures of a car alone, as identity images."""

import math
from dataclasses import replace
from functools import cache

import torch
from torch import Tensor

from ..world.poses import rigid, yaw_rotation
from ..world.rigs import pinhole_intrinsics
from .car_shape import Cars, paint
from .render import render_views
from .town import FIRST_CAR, Town, make_town
from .views import Views
from .weather import WEATHERS, Weather

DISTANCE, CAMERA_HEIGHT, FIELD_OF_VIEW = 6.5, 1.6, 50.0
"""Of the camera: metres from the car and above the ground, and degrees over the picture's width."""

SIDE_VIEW = 35.0
"""Degrees from behind the car towards its left, from which it is seen."""


def car_portrait(
    colour: str,
    width: int,
    height: int,
    weather: Weather = WEATHERS["sunny"],
    seen_from: float = SIDE_VIEW,
    samples: int = 9,
) -> Tensor:
    """A car without what is around it.

    Args:
        colour: of the car, by name.
        width, height: of the picture in pixels.
        weather: whose light falls on the car; there is no fog.
        seen_from: degrees around the car, 0 from behind it, 90 from its left.
        samples: rays per pixel.

    Returns:
        (height, width, 4) float32 in 0..1: RGB, and 1 where the car is, else 0.

    Raises:
        ValueError: for an unknown colour.
    """
    pose = torch.eye(4, dtype=torch.float64)
    turn = math.radians(seen_from)
    aside = torch.tensor([-math.sin(turn) * DISTANCE, -CAMERA_HEIGHT, -math.cos(turn) * DISTANCE], dtype=torch.float64)
    camera = rigid(yaw_rotation(torch.tensor(seen_from, dtype=torch.float64)), aside)
    none = torch.tensor([-1])
    views = Views(
        camera[None], pinhole_intrinsics(width, height, FIELD_OF_VIEW)[None], height, width, torch.tensor([0]), none
    )
    cars = Cars(pose[None, None], torch.tensor([paint(colour)]))
    seen = render_views(_open_ground(), views, cars, weather.with_fog(math.inf), samples)
    return torch.cat([seen.rgb[0].clamp(0.0, 1.0), (seen.instances[0] >= FIRST_CAR).float()[..., None]], dim=-1)


@cache
def _open_ground() -> Town:
    """A town without anything that could stand in the way or throw a shadow."""
    town = make_town(0)
    none = slice(0, 0)
    boxes = {
        name: getattr(town, name)[none] for name in ("box_low", "box_high", "box_material", "box_instance", "facades")
    }
    crowns = {
        name: getattr(town, name)[none] for name in ("crown_centre", "crown_radius", "crown_colour", "crown_instance")
    }
    return replace(town, **boxes, **crowns, building_count=0)
