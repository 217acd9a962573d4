"""From first hits to colours."""

import math
from dataclasses import replace

import torch
from torch import Tensor

from . import car_paint
from .car_shape import PARTS, Cars
from .casting import FIRST_BOX, Hits, PartNumbers, part_numbers
from .facades import BoxPoints, Facades
from .foliage import LAMP_COLOUR, METAL_COLOUR, WOOD_COLOUR, crown_colour, plain_box_colour
from .ground import ground_colour
from .ground_shadows import add_car_shadows
from .light_map import draw_light_map
from .photograph import Photograph
from .sky import haze, sky_colour
from .town import GROUND, SKY, WALL, Town
from .views import Rays, Views
from .weather import Weather


class Shader:
    """Paints hits in one town, weather and set of cars.

    Args:
        town, cars, weather: what is seen.
        device: of the hits.
        photograph: on the walls of some buildings.
    """

    def __init__(
        self,
        town: Town,
        cars: Cars | None,
        weather: Weather,
        device: torch.device | str = "cpu",
        photograph: Photograph | None = None,
    ) -> None:
        self.town, self.cars, self.weather, self.device = town, cars, weather, torch.device(device)
        self.numbers: PartNumbers = part_numbers(town, cars)
        light_map = draw_light_map(town, weather)
        self.light_map = replace(light_map, values=light_map.values.to(device))
        self.low, self.high = town.box_low.to(device), town.box_high.to(device)
        self.facades = Facades(town, weather, device, photograph)
        self.material = town.box_material.to(device)
        self.crowns = torch.cat([town.crown_centre, town.crown_radius, town.crown_colour], dim=-1).to(device)
        colours = torch.tensor([(0.0, 0.0, 0.0), WOOD_COLOUR, METAL_COLOUR, LAMP_COLOUR], device=self.device)
        self.box_colour = colours[self.material]

    def colour(self, views: Views, rays: Rays, hits: Hits, pixel: float) -> Tensor:
        """Colours (views, height, width, 3) in 0..1 with fog.

        `pixel` is the metres that a sample covers across its ray, per metre of distance.
        """
        length = rays.length()
        distance = (hits.depth * length).flatten()
        x, y, z = (component / length for component in rays.directions)
        sun = self.weather.sun
        background = haze(-y, x * sun[0] + y * sun[1] + z * sun[2], self.weather).flatten(0, 2)
        unit = [component.expand(rays.shape).reshape(-1) for component in (x, y, z)]
        origins = rays.origins.T[:, :, None, None]
        points = [
            torch.addcmul(origin, hits.depth, direction).flatten()
            for origin, direction in zip(origins, rays.directions, strict=True)
        ]
        part = hits.part.flatten().int()
        scene = _Samples(views, part, points, unit, distance, background, pixel)
        colour = torch.empty_like(background)
        self._paint_sky(scene, colour)
        self._paint_ground(scene, colour)
        self._paint_boxes(scene, colour)
        self._paint_crowns(scene, colour)
        self._paint_cars(scene, colour)
        share = self.weather.transmittance(distance)[:, None]
        colour = background + share * (colour.clamp_(0.0, 1.0) - background)
        return colour.unflatten(0, rays.shape)

    def _paint_sky(self, scene: "_Samples", colour: Tensor) -> None:
        where = (scene.part == SKY).nonzero().squeeze(-1)
        x, y, z = scene.directions_at(where)
        colour[where] = sky_colour(x, y, z, scene.background[where], self.weather)

    def _paint_ground(self, scene: "_Samples", colour: Tensor) -> None:
        where = (scene.part == GROUND).nonzero().squeeze(-1)
        x, z, distance = scene.points[0][where], scene.points[2][where], scene.distance[where]
        sunlight, skylight = self.light_map.at(x, z)
        if self.cars is not None:
            all_x, all_z = (scene.points[axis].unflatten(0, (len(scene.views), -1)) for axis in (0, 2))
            light_at = (sunlight, skylight)
            add_car_shadows(self.cars, scene.views.frames, all_x, all_z, where, light_at, self.weather)
        up = -self.weather.sun[1]
        light = (sunlight * up)[:, None] * x.new_tensor(self.weather.sun_light)
        light += skylight[:, None] * x.new_tensor(self.weather.ambient)
        colour[where] = ground_colour(x, z, self.town.roads, distance, scene.pixel) * light

    def _paint_boxes(self, scene: "_Samples", colour: Tensor) -> None:
        where = ((scene.part >= FIRST_BOX) & (scene.part < self.numbers.first_crown)).nonzero().squeeze(-1)
        box = scene.part[where] - FIRST_BOX
        wall = self.material[box] == WALL
        self._paint_walls(scene, colour, where[wall], box[wall])
        where, box = where[~wall], box[~wall]
        if len(where):
            point = scene.points_at(where)
            lit = plain_box_colour(point, self.low[box], self.high[box], self.box_colour[box], self.weather)
            lamp = (self.material[box] == 3).float() * (0.25 + 0.75 * self.weather.lamps)
            colour[where] = torch.lerp(lit, lit.new_tensor(LAMP_COLOUR), lamp[:, None])

    def _paint_walls(self, scene: "_Samples", colour: Tensor, where: Tensor, box: Tensor) -> None:
        if len(where):
            points = BoxPoints(box, *scene.points_at(where), scene.distance[where], scene.directions_at(where))
            colour[where] = self.facades.colour(points, scene.pixel)

    def _paint_crowns(self, scene: "_Samples", colour: Tensor) -> None:
        first, end = self.numbers.first_crown, self.numbers.first_car
        where = ((scene.part >= first) & (scene.part < end)).nonzero().squeeze(-1)
        if not len(where):
            return
        crown = self.crowns[scene.part[where] - first]
        point = scene.points_at(where)
        blur = scene.distance[where] * scene.pixel
        colour[where] = crown_colour(point, crown[:, :3], crown[:, 3:6], crown[:, 6:], self.weather, blur)

    def _paint_cars(self, scene: "_Samples", colour: Tensor) -> None:
        if self.cars is None:
            return
        first = self.numbers.first_car
        where = (scene.part >= first).nonzero().squeeze(-1)
        if not len(where):
            return
        number = torch.div(scene.part[where] - first, PARTS, rounding_mode="floor")
        view = scene.view_of(where)
        frames = scene.views.frames.to(self.device)
        pose = self.cars.poses.float().to(self.device)[number, frames[view]]
        rotation = pose[:, :3, :3]
        place = torch.stack(scene.points_at(where), dim=-1) - pose[:, :3, 3]
        direction = torch.stack(scene.directions_at(where), dim=-1)
        sun = place.new_tensor(self.weather.sun).expand_as(place)
        local = [torch.einsum("nij,ni->nj", rotation, vector) for vector in (place, direction, sun)]
        paint = self.cars.colours.to(place)[number]
        part = (scene.part[where] - first) % PARTS
        colour[where] = car_paint.car_colour(local[0], local[1], part, paint, local[2], self.weather)


class _Samples:
    """Flat samples of a part of the views; tensors are (samples,) or (samples, 3)."""

    def __init__(
        self,
        views: Views,
        part: Tensor,
        points: list[Tensor],
        unit: list[Tensor],
        distance: Tensor,
        background: Tensor,
        pixel: float,
    ) -> None:
        self.views, self.part, self.points, self.unit = views, part, points, unit
        self.distance, self.background, self.pixel = distance, background, pixel

    def points_at(self, samples: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x, y, z in the world."""
        x, y, z = (component[samples] for component in self.points)
        return x, y, z

    def directions_at(self, samples: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x, y, z of the unit vectors of the rays."""
        x, y, z = (component[samples] for component in self.unit)
        return x, y, z

    def view_of(self, samples: Tensor) -> Tensor:
        """Which view samples belong to."""
        return torch.div(samples, self.views.height * self.views.width, rounding_mode="floor")


def sample_footprint(views: Views, samples: int) -> float:
    """Metres that one of `samples` samples of a pixel covers across the ray, per metre of distance."""
    return 1.0 / (float(views.intrinsics[:, 0, 0].mean()) * math.sqrt(samples))
