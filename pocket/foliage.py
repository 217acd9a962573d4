"""Colours of trees and street lamps."""

import torch
from torch import Tensor

from .weather import Weather

WOOD_COLOUR = (0.36, 0.27, 0.20)
METAL_COLOUR = (0.33, 0.36, 0.38)
LAMP_COLOUR = (0.95, 0.93, 0.84)


def crown_colour(
    point: tuple[Tensor, Tensor, Tensor], centre: Tensor, radius: Tensor, colour: Tensor, weather: Weather, blur: Tensor
) -> Tensor:
    """Lit colours (points, 3) of foliage.

    Args:
        point: x, y, z in the world, each (points,).
        centre, radius, colour: (points, 3) of the ellipsoids.
        weather: for the light.
        blur: (points,) metres that a sample covers.
    """
    place = torch.stack(point, dim=-1)
    normal = (place - centre) / (radius * radius)
    normal = normal / torch.linalg.vector_norm(normal, dim=-1, keepdim=True)
    x, y, z = point
    leaves = torch.sin(6.1 * x + 5.3 * y) * torch.sin(5.7 * z - 4.9 * y)
    leaves = leaves + torch.sin(7.3 * z + 6.7 * x) * torch.sin(8.3 * y)
    fine = torch.sin(19.0 * x + 13.0 * y + 3.0 * leaves) * torch.sin(17.0 * z - 15.0 * y + 2.0 * leaves)
    leaves = (0.7 * leaves + 0.9 * fine) * (1.0 - (blur * 2.0).clamp(max=1.0))
    sun = (normal @ place.new_tensor(weather.sun) + 0.12 * leaves).clamp(-0.2, 1.0)
    up = 0.5 - 0.5 * normal[:, 1]
    ambient, sun_light = place.new_tensor(weather.ambient), place.new_tensor(weather.sun_light)
    light = (0.45 + 0.5 * up + 0.14 * leaves)[:, None] * ambient + (sun.clamp(min=0.0) * 0.95)[:, None] * sun_light
    return colour * light


def plain_box_colour(
    point: tuple[Tensor, Tensor, Tensor], low: Tensor, high: Tensor, colour: Tensor, weather: Weather
) -> Tensor:
    """Lit colours (points, 3) of boxes (points, 3) of one colour each."""
    place = torch.stack(point, dim=-1)
    middle, half = 0.5 * (low + high), 0.5 * (high - low)
    offset = place - middle
    face = (half - offset.abs()).argmin(-1, keepdim=True)
    normal = torch.zeros_like(place).scatter_(1, face, torch.sign(offset.gather(1, face)))
    sun = (normal @ place.new_tensor(weather.sun)).clamp(min=0.0)
    up = 0.62 - 0.3 * normal[:, 1]
    ambient, sun_light = place.new_tensor(weather.ambient), place.new_tensor(weather.sun_light)
    return colour * (up[:, None] * ambient + sun[:, None] * sun_light)
