"""Weather: light, colours and fog.

Colours are display values in 0..1. Fog lets the share exp(-(d / fog_distance)^2) of the light of a surface through,
d metres away along the ray; the rest is the colour of the sky in that direction, so that far things vanish into it.
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

SKY_DISTANCE = 120.0
"""Metres at which clouds and hills are taken to be, for the fog in front of them."""

LOWEST_SUN = 0.05
"""Sine of the sun's height below which shadows do not grow longer."""

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Weather:
    """Light, colours and fog.

    Attributes:
        name: one word.
        sun: unit vector towards the sun in the world (y points down).
        sun_light: colour and strength of direct light on a surface that faces the sun.
        ambient: colour and strength of the light from the sky on a surface that faces up.
        zenith, horizon: colours of the sky.
        clouds: 0 for none to 1 for a full cover.
        fog_distance: metres at which 1/e of a surface's light is left; inf for no fog.
        lamps: how brightly windows and street lamps are lit, 0..1.
    """

    name: str
    sun: tuple[float, float, float]
    sun_light: Colour
    ambient: Colour
    zenith: Colour
    horizon: Colour
    clouds: float
    fog_distance: float
    lamps: float = 0.0

    def __post_init__(self) -> None:
        if not self.fog_distance > 0.0:
            raise ValueError(
                f"Weather '{self.name}': the fog distance must be positive metres (inf for no fog), "
                f"given {self.fog_distance}."
            )
        if not 0.0 <= self.clouds <= 1.0:
            raise ValueError(f"Weather '{self.name}': clouds must lie between 0 and 1, given {self.clouds}.")

    def with_fog(self, fog_distance: float) -> "Weather":
        """The same light in another fog; metres, inf for none."""
        return replace(self, fog_distance=float(fog_distance))

    def sun_slope(self) -> tuple[float, float]:
        """Metres in x and z that the way to the sun goes aside per metre of height."""
        rise = max(LOWEST_SUN, -self.sun[1])
        return self.sun[0] / rise, self.sun[2] / rise

    def transmittance(self, distance: Tensor) -> Tensor:
        """Share of light (...) that reaches the camera from surfaces (...) metres away; the sky may be inf."""
        if math.isinf(self.fog_distance):
            return torch.ones_like(distance)
        distance = torch.where(torch.isinf(distance), SKY_DISTANCE, distance)
        return torch.exp(-((distance / self.fog_distance) ** 2))


def _towards(azimuth: float, elevation: float) -> tuple[float, float, float]:
    """Unit vector at degrees from +z towards +x, and degrees above the ground."""
    turn, rise = math.radians(azimuth), math.radians(elevation)
    return math.cos(rise) * math.sin(turn), -math.sin(rise), math.cos(rise) * math.cos(turn)


WEATHERS = {
    weather.name: weather
    for weather in (
        Weather(
            "sunny",
            sun=_towards(52.0, 46.0),
            sun_light=(0.78, 0.72, 0.58),
            ambient=(0.60, 0.64, 0.70),
            zenith=(0.24, 0.47, 0.80),
            horizon=(0.77, 0.86, 0.93),
            clouds=0.45,
            fog_distance=220.0,
        ),
        Weather(
            "overcast",
            sun=_towards(-35.0, 58.0),
            sun_light=(0.18, 0.18, 0.18),
            ambient=(0.86, 0.88, 0.90),
            zenith=(0.55, 0.60, 0.66),
            horizon=(0.78, 0.80, 0.82),
            clouds=0.8,
            fog_distance=110.0,
        ),
        Weather(
            "sunset",
            sun=_towards(118.0, 20.0),
            sun_light=(0.95, 0.58, 0.30),
            ambient=(0.56, 0.50, 0.58),
            zenith=(0.29, 0.31, 0.55),
            horizon=(0.97, 0.69, 0.48),
            clouds=0.5,
            fog_distance=150.0,
            lamps=0.8,
        ),
    )
}
"""Weathers by name."""


def find_weather(name: str) -> Weather:
    """The weather of this name. Raises ValueError that lists the known ones."""
    if name not in WEATHERS:
        raise ValueError(f"There is no weather '{name}'; choose one of {', '.join(WEATHERS)}.")
    return WEATHERS[name]
