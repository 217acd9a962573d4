"""Pictures of a town: RGB, depth and instances of any cameras."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from ..world.agents import Agents
from .car_shape import Cars, paint
from .casting import Caster, part_instances
from .photograph import Photograph
from .shading import Shader, sample_footprint
from .town import Town
from .views import Views, cast_rays, views_of_agents
from .weather import WEATHERS, Weather

RAYS_AT_A_TIME = 131072
"""Rays that are cast together: few enough for the cache of a CPU, enough to hide what a step costs by itself."""

CENTRE = (0.5, 0.5)


@dataclass(frozen=True, eq=False)
class Pictures:
    """What cameras see; leading axes (...) are (views) or (agents, frames, views).

    Attributes:
        rgb: (..., height, width, 3) float32 in 0..1.
        depth: (..., height, width) float32, metres along the camera's z axis at pixel centres, inf for the sky.
        instances: (..., height, width) int16 at pixel centres, see `town`: 0 sky, 1 ground, then buildings, trees and
            lamps; 1000 + agent for cars.
    """

    rgb: Tensor
    depth: Tensor
    instances: Tensor

    def unflatten(self, sizes: tuple[int, ...], order: tuple[int, ...]) -> "Pictures":
        """The first axis split into axes of the given sizes, which are then put in this order."""

        def arranged(values: Tensor) -> Tensor:
            split = values.unflatten(0, sizes)
            rest = range(len(sizes), split.ndim)
            return split.permute(*order, *rest).contiguous()

        return Pictures(arranged(self.rgb), arranged(self.depth), arranged(self.instances))


@cache
def sample_offsets(samples: int) -> list[tuple[float, float]]:
    """Where a pixel is sampled, (u, v) in 0..1: a lattice around the centre, which comes first if the number is odd.

    Of all lattices that take every row and column once, the one whose points keep the largest distance.
    """
    if samples < 1:
        raise ValueError(f"A pixel needs at least one sample, given {samples}.")
    numbers = torch.arange(samples, dtype=torch.float64) - (samples - 1) / 2.0
    best, best_distance = numbers, -1.0
    for factor in (factor for factor in range(1, samples + 1) if math.gcd(factor, samples) == 1):
        other = torch.remainder(numbers * factor + samples / 2.0, samples) - samples / 2.0
        across = (numbers[:, None] - numbers).abs()
        along = (other[:, None] - other).abs()
        apart = torch.hypot(torch.minimum(across, samples - across), torch.minimum(along, samples - along))
        distance = float(apart.fill_diagonal_(torch.inf).min()) if samples > 1 else 0.0
        if distance > best_distance + 1e-9:
            best, best_distance = other, distance
    points = [(0.5 + u / samples, 0.5 + v / samples) for u, v in zip(numbers.tolist(), best.tolist(), strict=True)]
    return sorted(points, key=lambda point: point != CENTRE)


def _chunks(views: Views, pixels: int) -> Iterator[tuple[int, int]]:
    """Starts and ends of views that are rendered together: equal parts of runs."""
    largest = max(1, pixels // (views.height * views.width))
    parts = math.ceil(views.run / largest)
    step = math.ceil(views.run / parts)
    for run in range(0, len(views), views.run):
        end = min(run + views.run, len(views))
        for start in range(run, end, step):
            yield start, min(start + step, end)


@torch.no_grad()
def render_views(
    town: Town,
    views: Views,
    cars: Cars | None = None,
    weather: Weather = WEATHERS["sunny"],
    samples: int = 5,
    device: torch.device | str = "cpu",
    rays_at_a_time: int = RAYS_AT_A_TIME,
    photograph: Photograph | None = None,
) -> Pictures:
    """Render views.

    Args:
        town: what does not move.
        views: cameras; their frames index the poses of `cars`.
        cars: what moves, or None.
        weather: light and fog.
        samples: rays per pixel for the colours; depth and instances are always those of the pixel centre, which costs
            one more ray where the number is even.
        device: where to render; the pictures stay there.
        rays_at_a_time: larger is faster on a GPU.
        photograph: on the walls of some buildings, in place of windows.

    Raises:
        ValueError: if the photograph is for a building that the town does not have.
    """
    caster, shader = Caster(town, cars, device), Shader(town, cars, weather, device, photograph)
    instances = part_instances(town, caster.numbers).to(device)
    offsets = sample_offsets(samples)
    offsets = offsets if offsets[0] == CENTRE else [CENTRE, *offsets]
    coloured = slice(len(offsets) - samples, len(offsets))
    pixel = sample_footprint(views, samples)
    shape = (len(views), views.height, views.width)
    rgb = torch.empty(*shape, 3, device=device)
    depth = torch.empty(shape, device=device)
    labels = torch.empty(shape, dtype=torch.int16, device=device)
    for start, stop in _chunks(views, rays_at_a_time // len(offsets)):
        part, chunk = views.part(start, stop), slice(start, stop)
        rays = cast_rays(part, offsets, device)
        hits = caster.cast(part, rays)
        depth[chunk] = hits.depth[:: len(offsets)]
        labels[chunk] = instances[hits.part[:: len(offsets)].int()]
        if len(offsets) > samples:
            rays, hits = rays.of_samples(len(offsets), coloured), hits.of_samples(len(offsets), coloured)
        colours = shader.colour(part.repeated(samples), rays, hits, pixel)
        rgb[chunk] = colours.unflatten(0, (len(part), samples)).mean(1)
    return Pictures(rgb, depth, labels)


def render_agents(
    town: Town,
    agents: Agents,
    frames: Sequence[int] | Tensor | None = None,
    *,
    height: int | None = None,
    width: int | None = None,
    weather: Weather = WEATHERS["sunny"],
    samples: int = 5,
    colours: Sequence[str] = ("red",),
    hide_own_car: bool = True,
    device: torch.device | str = "cpu",
    rays_at_a_time: int = RAYS_AT_A_TIME,
    photograph: Photograph | None = None,
) -> Pictures:
    """What all agents see, each of them driving a car.

    Args:
        town: where they drive, in the same world frame.
        agents: their rigs must have the same views and picture size.
        frames: which frames; all if None.
        height, width: picture size in pixels; the rigs' own if None.
        weather, samples, device, rays_at_a_time, photograph: as `render_views`.
        colours: of the cars by name, repeated as needed.
        hide_own_car: leave the car that carries a camera out of its pictures; its shadow stays.

    Returns:
        Pictures with leading axes (agents, frames, views).

    Raises:
        ValueError: if the rigs differ, a colour is unknown, or as `render_views`.
    """
    rig = agents.members[0].rig
    chosen = torch.arange(agents.frame_count) if frames is None else torch.as_tensor(frames, dtype=torch.long)
    views = views_of_agents(agents, chosen, height or rig.height, width or rig.width, hide_own_car)
    painted = [paint(colours[number % len(colours)]) for number in range(len(agents))]
    pictures = render_views(
        town,
        views,
        Cars(agents.poses(), torch.tensor(painted)),
        weather,
        samples,
        device,
        rays_at_a_time,
        photograph,
    )
    return pictures.unflatten((len(agents), rig.view_count, len(chosen)), (0, 2, 1))
