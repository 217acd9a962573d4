"""Colours of cars: paint, glass, lights and wheels, and their shadow on the ground."""

import torch
from torch import Tensor

from .car_shape import AXLES, BODY, BODY_PLANES, CABIN, CABIN_PLANES, HALF_TRACK, WHEEL_RADIUS
from .weather import Weather

GLASS = (0.07, 0.09, 0.12)
RUBBER = (0.07, 0.07, 0.08)
HUB = (0.60, 0.61, 0.63)
HEADLIGHT = (1.0, 0.97, 0.86)
TAILLIGHT = (0.95, 0.10, 0.08)
DARK = (0.10, 0.10, 0.11)
PLATE = (0.93, 0.93, 0.90)


def _inside(value: Tensor, low: float, high: float) -> Tensor:
    return (value > low) & (value < high)


def _normals(point: Tensor, planes: Tensor) -> Tensor:
    """(points, 3) normal of the face that each point lies on."""
    planes = planes.to(point)
    height = point @ planes[:, :3].mT - planes[:, 3]
    return planes[height.argmax(-1), :3]


def _lit(colour: Tensor, normal: Tensor, sun: Tensor, weather: Weather) -> Tensor:
    """Colour under sun and sky; `sun` (points, 3) and `normal` in the frame of the car."""
    direct = (normal * sun).sum(-1).clamp(min=0.0)
    up = 0.62 - 0.38 * normal[:, 1]
    light = up[:, None] * normal.new_tensor(weather.ambient) + direct[:, None] * normal.new_tensor(weather.sun_light)
    return colour * light


def _mirrored(normal: Tensor, direction: Tensor, weather: Weather) -> tuple[Tensor, Tensor]:
    """Colour of the sky or street that a face mirrors, and how strongly, from unit ray directions (points, 3)."""
    facing = (normal * direction).sum(-1, keepdim=True)
    rise = -(direction - 2.0 * facing * normal)[:, 1:2]
    horizon, zenith = normal.new_tensor(weather.horizon), normal.new_tensor(weather.zenith)
    sky = horizon + rise.clamp(min=0.0).sqrt() * (zenith - horizon)
    street = 0.35 * normal.new_tensor(weather.ambient)
    above = (rise * 6.0 + 0.5).clamp(0.0, 1.0)
    strength = 0.08 + 0.55 * (1.0 + facing.clamp(max=0.0)) ** 3
    return torch.lerp(street.expand_as(sky), sky, above), strength


def _body(point: Tensor, normal: Tensor, colour: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Colour before lighting, light given off, and how glossy (points, 1)."""
    x, y, z = point.unbind(-1)
    aside = x.abs()
    front, rear = normal[:, 2] > 0.6, normal[:, 2] < -0.6
    side = normal[:, 0].abs() > 0.8
    dark = (y > -0.33) | (front & (aside < 0.52) & _inside(y, -0.56, -0.42))
    for axle in AXLES:
        dark |= side & (((z - axle) ** 2 + (y + WHEEL_RADIUS) ** 2) < 0.42**2)
    dark |= side & ((z - 0.62).abs() < 0.015)
    colour = torch.where(dark[:, None], point.new_tensor(DARK), colour)
    plate = (front | rear) & (aside < 0.27) & _inside(y, -0.42 - 0.06, -0.34 - 0.02)
    colour = torch.where((plate & rear)[:, None], point.new_tensor(PLATE), colour)
    head = front & _inside(aside, 0.50, 0.86) & _inside(y, -0.72, -0.55)
    tail = rear & _inside(aside, 0.46, 0.88) & _inside(y, -0.76, -0.58)
    glow = torch.where(head[:, None], point.new_tensor(HEADLIGHT), torch.zeros_like(colour))
    glow = torch.where(tail[:, None], point.new_tensor(TAILLIGHT), glow)
    colour = torch.where((head | tail)[:, None], torch.zeros_like(colour), colour)
    return colour, glow, torch.where(dark | head | tail, 0.2, 1.0)[:, None]


def _cabin(point: Tensor, normal: Tensor, colour: Tensor) -> tuple[Tensor, Tensor]:
    """Colour before lighting and where there is glass (points, 1)."""
    x, y, z = point.unbind(-1)
    side, roof = normal[:, 0].abs() > 0.8, normal[:, 1] < -0.9
    # The pillars lean with the screens.
    front_end, rear_end = 0.35 + (y + 1.40) / 1.05, -1.0 - (y + 1.40) / 0.80
    side_glass = side & (z < front_end - 0.14) & (z > rear_end + 0.18) & ((z + 0.22).abs() > 0.05)
    screen = ~side & ~roof & (x.abs() < 0.66 + 0.25 * (y + 1.40))
    glass = (side_glass | screen) & _inside(y, -1.335, -0.93)
    return torch.where(glass[:, None], point.new_tensor(GLASS), colour), glass[:, None]


def _axle(point: Tensor, axle_z: Tensor) -> tuple[Tensor, Tensor]:
    """Colour and normals of wheels."""
    x, y, z = point.unbind(-1)
    height, along = y + WHEEL_RADIUS, z - axle_z
    radius = torch.hypot(height, along)
    end = x.abs() > HALF_TRACK - 1e-3
    hub = end & (radius < 0.21) & ((radius < 0.06) | (torch.sin(5.0 * torch.atan2(height, along)) > -0.55))
    colour = torch.where(hub[:, None], point.new_tensor(HUB), point.new_tensor(RUBBER))
    rim = torch.stack([torch.zeros_like(x), height, along], dim=-1) / radius.clamp(min=1e-6)[:, None]
    cap = torch.stack([torch.sign(x), torch.zeros_like(x), torch.zeros_like(x)], dim=-1)
    return colour, torch.where(end[:, None], cap, rim)


def car_colour(point: Tensor, direction: Tensor, part: Tensor, colour: Tensor, sun: Tensor, weather: Weather) -> Tensor:
    """Lit colours (points, 3) of points on cars.

    Args:
        point: (points, 3) in the frame of the car.
        direction: (points, 3) unit vectors of the rays in that frame.
        part: (points,) `BODY`, `CABIN` or an axle.
        colour: (points, 3) paint.
        sun: (points, 3) towards the sun in that frame.
        weather: for the light.
    """
    on_body, on_cabin = part == BODY, part == CABIN
    axle_z = torch.where(part == CABIN + 1, point.new_tensor(AXLES[0]), point.new_tensor(AXLES[1]))
    wheel_colour, wheel_normal = _axle(point, axle_z)
    normal = torch.where(on_body[:, None], _normals(point, BODY_PLANES), wheel_normal)
    normal = torch.where(on_cabin[:, None], _normals(point, CABIN_PLANES), normal)
    body_colour, glow, gloss = _body(point, normal, colour)
    cabin_colour, glass = _cabin(point, normal, colour)
    base = torch.where(on_body[:, None], body_colour, torch.where(on_cabin[:, None], cabin_colour, wheel_colour))
    lit = _lit(base, normal, sun, weather)
    mirror, strength = _mirrored(normal, direction, weather)
    strength = torch.where(on_cabin[:, None] & glass, strength + 0.22, strength)
    strength = strength * torch.where(on_body[:, None], gloss, on_cabin[:, None].to(gloss))
    return torch.lerp(lit, mirror, strength.clamp(max=0.9)) + glow * on_body[:, None]


def shadow(x: Tensor, z: Tensor, sun: tuple[Tensor, Tensor], height: float) -> tuple[Tensor, Tensor]:
    """Share of sunlight and of skylight that a car leaves to the ground.

    Args:
        x, z: (points,) in the frame of the car.
        sun: metres in x and z, in that frame, that light travels per metre of height; each (points,).
        height: metres above the ground up to which the car throws a shadow.
    """
    near = torch.full_like(x, 0.12)
    far = torch.full_like(x, height)
    for value, slope, half in ((x, sun[0], 0.88), (z, sun[1], 1.95)):
        slope = torch.where(slope.abs() < 1e-4, torch.full_like(slope, 1e-4), slope)
        first, second = (-half - value) / slope, (half - value) / slope
        near = torch.maximum(near, torch.minimum(first, second))
        far = torch.minimum(far, torch.maximum(first, second))
    direct = 1.0 - ((far - near) * 3.0).clamp_(0.0, 1.0)
    aside = torch.hypot((x.abs() - 0.75).clamp(min=0.0), (z.abs() - 1.85).clamp(min=0.0))
    return direct, 1.0 - 0.72 * torch.exp(-((aside / 0.45) ** 2))
