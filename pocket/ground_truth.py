"""What the metrics need to know about a clip."""

import torch
from torch import Tensor

from ..world.agents import Agents
from ..world.metrics.known_clip import KnownClip
from ..world.tiles import split_images
from .car_shape import Cars, paint
from .photograph import Photograph
from .recipe import Clip, Recipe
from .render import render_views
from .town import FIRST_CAR, Town
from .views import distances, views_of_agents


def known_clip(clip: Clip, without_others: bool = False, photograph: Photograph | None = None) -> KnownClip:
    """The ground truth of a clip for `world.metrics`.

    Args:
        clip: with depth and instances.
        without_others: also render what each agent would see without the other agents, for the own-frame oracle.
        photograph: that the clip was rendered with.

    Raises:
        ValueError: if the clip was read or made without depth and instances.
    """
    if clip.depth is None or clip.instances is None:
        raise ValueError("The clip has no depth and instances; make the data set with ground truth.")
    town, agents = clip.recipe.town(), clip.agents
    intrinsics = agents.intrinsics()
    return KnownClip(
        truth=split_images(clip.tiles.float() / 255.0, clip.recipe.tile_layout()),
        depth=clip.depth,
        extrinsics=agents.extrinsics(),
        intrinsics=intrinsics,
        instances=clip.instances,
        buildings=list(town.building_instances()),
        cars=[FIRST_CAR + number for number in range(len(agents))],
        transmittance=clip.recipe.light().transmittance(distances(clip.depth, intrinsics)),
        without_others=render_without_others(clip.recipe, town, agents, photograph) if without_others else None,
    )


def render_without_others(recipe: Recipe, town: Town, agents: Agents, photograph: Photograph | None = None) -> Tensor:
    """(agents, frames, views, height, width, 3) what each agent would see if it were alone; its shadow stays."""
    rig = agents.members[0].rig
    frames = torch.arange(agents.frame_count)
    pictures = []
    for number, agent in enumerate(agents.members):
        alone = Agents((agent,), agents.frame_rate)
        colour = paint(recipe.colours[number % len(recipe.colours)])
        cars = Cars(alone.poses(), torch.tensor([colour]))
        views = views_of_agents(alone, frames, rig.height, rig.width)
        rendered = render_views(town, views, cars, recipe.light(), recipe.samples, photograph=photograph)
        pictures.append(rendered.unflatten((rig.view_count, len(frames)), (1, 0)).rgb)
    return torch.stack(pictures)
