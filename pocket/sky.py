"""The sky: a gradient, a glow around the sun, and clouds."""

import math

import torch
from torch import Tensor

from .weather import Weather

HILLS = (0.36, 0.47, 0.42)


def haze(rise: Tensor, sunward: Tensor, weather: Weather) -> Tensor:
    """Colours (..., 3) of the sky without clouds, which is also the colour of fog in that direction.

    Args:
        rise: (...) sine of the angle above the horizon; below it the colour of the horizon goes on.
        sunward: (...) cosine of the angle to the sun.
    """
    up = rise.clamp(min=0.0)
    horizon, zenith = rise.new_tensor(weather.horizon), rise.new_tensor(weather.zenith)
    # Dense fog hides how the sky above it changes with height.
    share = (1.0 - (1.0 - up).pow_(3)) * (1.0 - 0.7 * math.exp(-weather.fog_distance / 40.0))
    glow = sunward.clamp(min=0.0) ** 8
    light = rise.new_tensor(weather.sun_light)
    colour = horizon + share[..., None] * (zenith - horizon)
    return (colour + (0.22 * glow)[..., None] * light).clamp_(max=1.0)


def clouds(x: Tensor, y: Tensor, z: Tensor, weather: Weather) -> Tensor:
    """Share (...) of the sky that clouds cover in unit directions with components (...)."""
    rise = (-y).clamp(min=0.02)
    across, along = x / (rise + 0.18), z / (rise + 0.18)
    shape = (
        torch.sin(1.7 * across + 1.3 * torch.sin(1.1 * along + 0.5))
        + torch.sin(2.3 * along + 1.6 * torch.sin(0.9 * across))
        + 0.6 * torch.sin(4.1 * across + 2.0 * along + torch.sin(3.7 * along))
        + 0.35 * torch.sin(7.9 * along - 5.3 * across + 2.0 * torch.sin(4.9 * across))
    )
    cover = ((shape - 2.4 + 4.4 * weather.clouds) * 0.5).clamp_(0.0, 1.0)
    return cover * (rise * 9.0 - 0.3).clamp_(0.0, 1.0)


def hills(x: Tensor, z: Tensor) -> Tensor:
    """Sine of the angle (...) up to which hills cover the horizon in directions with components (...)."""
    turn = torch.atan2(x, z)
    return 0.030 + 0.016 * torch.sin(3.0 * turn + 1.0) + 0.010 * torch.sin(7.0 * turn) + 0.004 * torch.sin(19.0 * turn)


def sky_colour(x: Tensor, y: Tensor, z: Tensor, background: Tensor, weather: Weather) -> Tensor:
    """Colours (..., 3) of the sky before fog, in unit directions (...), over its gradient `background` (..., 3)."""
    cover = clouds(x, y, z, weather)[..., None]
    white = background.new_tensor(weather.ambient) * 0.75 + background.new_tensor(weather.sun_light) * 0.72
    tint = (0.5 * white + 0.5 * background.new_tensor(weather.horizon)).clamp_(max=1.0)
    colour = background + 0.85 * cover * (tint - background)
    light = background.new_tensor(weather.ambient) + 0.5 * background.new_tensor(weather.sun_light)
    land = background.new_tensor(HILLS) * light
    inside = ((hills(x, z) + y) * 300.0 + 0.5).clamp_(0.0, 1.0)[..., None]
    return colour + 0.75 * inside * (0.6 * land + 0.4 * background - colour)
