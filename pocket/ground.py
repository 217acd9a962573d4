"""Colours of the ground: asphalt with marks, kerbs, pavement and grass."""

import torch
from torch import Tensor

from .roads import HALF_ROAD, JUNCTION, PAVEMENT, Roads

ASPHALT = (0.33, 0.335, 0.35)
KERB = (0.74, 0.73, 0.71)
SLABS = (0.62, 0.60, 0.57)
GRASS = (0.36, 0.50, 0.24)
PAINT = (0.90, 0.90, 0.87)
HEIGHT = 1.6
"""Metres of the camera above the ground that footprints of pixels are estimated for."""

DASH_PERIOD = 4.5
DASH = 2.0
FIRST_DASH = 16.0
ZEBRA = (10.4, 13.2)
STOP_LINE = (14.3, 14.75)


def _band(value: Tensor, low: float, high: float, blur: Tensor) -> Tensor:
    """1 inside low..high, 0 outside, with edges as wide as `blur`."""
    inside = torch.minimum(value - low, high - value)
    return (inside / blur + 0.5).clamp_(0.0, 1.0)


def _stripes(value: Tensor, period: float, width: float, blur: Tensor) -> Tensor:
    """Stripes `width` wide around every multiple of `period`; they fade to their mean where `blur` hides them."""
    offset = (value - torch.round(value / period) * period).abs()
    sharp = ((0.5 * width - offset) / blur + 0.5).clamp_(0.0, 1.0)
    hidden = ((blur / period - 0.3) * 2.5).clamp_(0.0, 1.0)
    return sharp + hidden * (width / period - sharp)


def _road_marks(across: Tensor, along: Tensor, approaching: Tensor, across_blur: Tensor, along_blur: Tensor) -> Tensor:
    """Share of paint (points,)."""
    open_road = (along > JUNCTION).float()
    dash = _band(across, -1.0, 0.08, across_blur)
    dash *= _stripes(along - FIRST_DASH, DASH_PERIOD, DASH, along_blur) * (along > FIRST_DASH)
    edge = _band(across, HALF_ROAD - 0.34, HALF_ROAD - 0.22, across_blur) * 0.8
    zebra = _band(along, *ZEBRA, along_blur) * _stripes(across, 1.0, 0.5, across_blur) * (across < 3.0)
    stop = _band(along, *STOP_LINE, along_blur) * approaching * _band(across, 0.2, HALF_ROAD - 0.4, across_blur)
    return torch.maximum(torch.maximum(dash, edge), torch.maximum(zebra, stop)) * open_road


def _mottle(x: Tensor, z: Tensor) -> Tensor:
    """Smooth variation in about -1..1 over a few metres."""
    first = torch.sin(0.9 * x + 1.7 * torch.sin(0.37 * z))
    second = torch.sin(1.3 * z - 1.9 * torch.sin(0.43 * x + 1.0))
    return 0.6 * first * second + 0.4 * torch.sin(2.9 * x + 2.1 * z + second)


def ground_colour(x: Tensor, z: Tensor, roads: Roads, distance: Tensor, pixel: float) -> Tensor:
    """Colours before lighting.

    Args:
        x, z: (points,) in metres.
        roads: of the town.
        distance: (points,) metres from the camera.
        pixel: metres that a sample covers across the ray, per metre of distance.

    Returns:
        (points, 3) in 0..1.
    """
    fields = roads.fields(x, z)
    blur = (distance * pixel).clamp(min=0.01)
    # Along the line of sight a pixel covers more ground, the lower the camera looks at it.
    long_blur = blur * (distance / HEIGHT).clamp(1.0, 12.0) * 0.5
    kerb, across, along = fields.kerb, fields.across, fields.along
    mottle = _mottle(x, z)

    grass = x.new_tensor(GRASS) * (1.0 + 0.14 * mottle * (1.0 - (blur * 1.5).clamp(max=1.0)))[:, None]
    joints = torch.maximum(_stripes(x, 1.5, 0.06, blur), _stripes(z, 1.5, 0.06, blur))
    slabs = x.new_tensor(SLABS) * (1.0 - 0.22 * joints + 0.03 * mottle)[:, None]
    asphalt = x.new_tensor(ASPHALT) * (1.0 + 0.045 * mottle)[:, None]
    marks = _road_marks(across, along, fields.approaching, blur, torch.maximum(blur, 0.5 * long_blur))
    asphalt += (0.92 * marks)[:, None] * (x.new_tensor(PAINT) - asphalt)

    colour = torch.lerp(slabs, grass, ((kerb - PAVEMENT) / blur + 0.5).clamp_(0.0, 1.0)[:, None])
    colour = torch.lerp(colour, x.new_tensor(KERB), _band(kerb, 0.0, 0.22, blur)[:, None])
    return torch.lerp(colour, asphalt, (-kerb / blur + 0.5).clamp_(0.0, 1.0)[:, None])
