"""How cars darken the ground around them."""

import torch
from torch import Tensor

from .car_paint import shadow
from .car_shape import Cars
from .weather import Weather

CAR_REACH = 3.4
"""Metres around the middle of a car within which the ground below it is darker, without the sun."""

SHADOW_HEIGHT = 1.15
"""Metres above the ground up to which a car throws a shadow."""


def add_car_shadows(
    cars: Cars, frames: Tensor, x: Tensor, z: Tensor, ground: Tensor, light: tuple[Tensor, Tensor], weather: Weather
) -> None:
    """Darken the ground around cars.

    Args:
        cars: what throws the shadows.
        frames: (views,) frame of each view.
        x, z: (views, pixels) points in the world.
        ground: (points,) numbers of those that lie on the ground, counted through (views, pixels).
        light: sunlight and skylight, each (points,), changed in place.
        weather: for the sun.
    """
    slope = weather.sun_slope()
    reach = CAR_REACH + SHADOW_HEIGHT * max(abs(slope[0]), abs(slope[1]))
    for poses in cars.poses[:, frames].float().to(x.device):
        dx, dz = x - poses[:, 0, 3, None], z - poses[:, 2, 3, None]
        close = (dx.abs() < reach) & (dz.abs() < reach)
        near = close.flatten()[ground].nonzero().squeeze(-1)
        if not len(near):
            continue
        pixels = ground[near]
        view = torch.div(pixels, x.shape[1], rounding_mode="floor")
        right, forward = poses[:, (0, 2), 0][view], poses[:, (0, 2), 2][view]
        place = dx.flatten()[pixels], dz.flatten()[pixels]
        across, along = (place[0] * axis[:, 0] + place[1] * axis[:, 1] for axis in (right, forward))
        turned = [slope[0] * axis[:, 0] + slope[1] * axis[:, 1] for axis in (right, forward)]
        direct, sky = shadow(across, along, (turned[0], turned[1]), SHADOW_HEIGHT)
        light[0][near] *= direct
        light[1][near] *= sky
